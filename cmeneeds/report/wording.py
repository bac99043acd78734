"""Words of a report: names of rows, quotations cut honestly, words counted."""

from __future__ import annotations

import re
from typing import Any, Final

from cmeneeds.frames import text_of
from cmeneeds.objectives import education_data
from cmeneeds.report.markdown import clean

CUT: Final = "[…]"
"""Stands where statistics in brackets were left out of a quotation."""

LONG_QUOTATION: Final = 32
"""Words. Of a longer sentence only the clause with its figure is quoted, where it has one."""

LEAST_CLAUSE: Final = 8
"""Words below which a clause is too little to be understood alone."""

_STATISTIC = re.compile(
    r"\b(?:CIs?|a?ORs?|a?HRs?|a?RRs?|SD|SE|IQR|AUC|odds ratio|confidence interval)\b"
    r"|\b[PpRrZ]\s?[<>=≤≥]|[βχ]\d?\s?[=²]|\bβ\b"
)
_NO_SUBJECT = re.compile(
    r"(?:in|at|of|for|by|on|with|from|to|as|is|are|was|were|be|been|has|have|had|do|does|did|can"
    r"|could|may|might|will|would|should|must|also|never|still|then|remain\w*|differ\w*"
    r"|increas\w+|decreas\w+|declin\w+|rose|fell)\b"
)
"""How the rest of a sentence begins whose subject stands before the joint."""

_UNLIKE_A_STUDY = {
    "guideline or consensus": "guideline or consensus statement",
    "qualitative": "qualitative study",
    "cohort": "cohort study",
    "model": "modelling study",
    "registry or routine data": "study of registry or routine data",
    "opinion or letter": "opinion piece or letter",
    "unknown": "record of unknown design",
}

_JOINT = re.compile(r"; (?:however, )?|, (?:but|while|whereas|although|though|yet) ")


def kind_of_study(design: str) -> str:
    """Name a study design as prose does: ``qualitative study``."""
    return _UNLIKE_A_STUDY.get(design, design or "record of unknown design")


def row_name(gap: Any) -> str:
    """Name a row of the gap table as a reader would: its subject, and whose it is.

    Parameters
    ----------
    gap : named tuple
        A row of the gap table.

    Returns
    -------
    str
        Plain text; what stands in it is the subject and the group, with joining words.
    """
    subject = _plain_subject(text_of(gap.subject))
    subject = subject[:1].upper() + subject[1:]
    group = text_of(gap.group)
    if group in ("", "group not stated"):
        return subject
    if group == "patients":
        care = text_of(gap.gap_type) in ("P", "S")
        return f"{subject}: care of patients" if care else f"{subject} among patients"
    if group == "hospitals and health systems":
        return f"{subject} in {group}"
    return f"{subject} among {'the ' * (group == 'general public')}{group}"


def _plain_subject(subject: str) -> str:
    """Drop an abbreviation before its name, turn a heading round, fill up a terse name."""
    fuller: str = education_data()["reads_as"].get(subject.casefold(), "")
    if fuller:
        return fuller.removeprefix("the ")
    parts = subject.split(", ")
    if len(parts) != 2:
        return subject
    first, second = parts
    if re.fullmatch(r"[A-Z][A-Z0-9-]{1,6}", first) and len(second) > len(first):
        return second
    if all(p[:1].isupper() and len(p.split()) <= 3 for p in parts):
        return f"{second} {first[:1].lower()}{first[1:]}"
    return subject


def shortened(sentence: str) -> str:
    """Leave the test statistics in brackets out of a sentence.

    Examples
    --------
    >>> shortened("Few knew it (11%; aOR, 0.13; 95% CI, 0.08-0.21) at all [OR (95% CI): 2 (1-3)].")
    'Few knew it (11% […]) at all […].'
    """
    out, position = [], 0
    for start, end in _brackets(sentence):
        inner = sentence[start + 1 : end - 1]
        if not _STATISTIC.search(inner):
            continue
        kept: list[str] = []
        for piece in inner.split("; "):
            if _STATISTIC.search(piece):
                break
            kept.append(piece)
        before = sentence[position:start].rstrip(" ")
        lead = "; ".join(kept)
        if lead:
            out.append(f"{before} {sentence[start]}{lead} {CUT}{sentence[end - 1]}")
        else:
            out.append(f"{before} {CUT}")
        position = end
    return "".join(out) + sentence[position:]


def _brackets(text: str) -> list[tuple[int, int]]:
    """Outermost brackets that are closed, half-open."""
    found, depth, opened = [], 0, 0
    for place, character in enumerate(text):
        if character in "([":
            opened = place if depth == 0 else opened
            depth += 1
        elif character in ")]" and depth:
            depth -= 1
            if depth == 0:
                found.append((opened, place + 1))
    return found


def excerpts(sentence: str) -> list[str]:
    """Every way in which a report may quote a sentence: whole, shortened, or one clause of it.

    A clause ends at a semicolon, or before ``but``, ``while`` and the like; what is left out is
    marked by an ellipsis. A verifier accepts no other quotation.
    """
    sentence = clean(sentence)
    found = [sentence, shortened(sentence)]
    for start, end in _clauses(sentence):
        if (start, end) != (0, len(sentence)):
            found.append(_clause(sentence, start, end))
    return [*dict.fromkeys(found)]


def excerpt(sentence: str, value: tuple[int, int] | None = None) -> str:
    """Quote a sentence for a reader: shortened, and of a long one only the clause with its figure.

    Parameters
    ----------
    sentence : str
    value : (int, int), optional
        Characters of its figure, half-open.

    Returns
    -------
    str
        One of :func:`excerpts`.

    Examples
    --------
    >>> text = "Two of the clinics, which were small, had a list; only 12% of the nurses " * 2
    >>> excerpt("All had heard of it, but 12% had used it.", (25, 28))
    'All had heard of it, but 12% had used it.'
    """
    whole = clean(sentence)
    short = shortened(whole)
    # Offsets are those of the sentence as it stands: where cleaning changed it, none is trusted.
    if value is None or whole != sentence or word_count(short) <= LONG_QUOTATION:
        return short
    for start, end in _clauses(whole):
        if start <= value[0] and value[1] <= end:
            clause = _clause(whole, start, end)
            if start and _NO_SUBJECT.match(whole, start):
                break  # what it speaks of stands before the joint: the whole sentence is needed
            if (start, end) != (0, len(whole)) and word_count(clause) >= LEAST_CLAUSE:
                return clause
    return short


def _clauses(sentence: str) -> list[tuple[int, int]]:
    within = _brackets(sentence)
    joints = [
        m.span() for m in _JOINT.finditer(sentence)
        if not any(a < m.start() < b for a, b in within)
    ]  # fmt: skip
    starts = [0, *(end for _, end in joints)]
    ends = [*(start for start, _ in joints), len(sentence)]
    return list(zip(starts, ends, strict=True))


def _clause(sentence: str, start: int, end: int) -> str:
    text = shortened(sentence[start:end])
    return f"{'… ' * (start > 0)}{text}{' …' * (end < len(sentence))}"


_NO_WORDS = re.compile(
    r"^:{3,}.*$|^\|[:|-]+\|$|\{(?:[.#]|alt=)[^{}\n]*\}|\[@[^\]\n]*\]|\]\([^)\n]*\)", re.MULTILINE
)
_WORD = re.compile(r"[^\W_](?:[\w'’.,%/+-]*[\w%])?")


def word_count(markdown: str) -> int:
    """Count the words that a reader sees: no citations, attributes or lines of tables.

    Examples
    --------
    >>> word_count('In [62%]{.figure passage="1.3.0-90"} of clinics [@pmid-1]')
    4
    """
    return len(_WORD.findall(_NO_WORDS.sub(" ", markdown).replace("\\", "")))


def missing_words(cell: Any) -> list[str]:
    """What a candidate lacks, from its cell ``missing``, fit for the middle of a sentence."""
    parts = [m for m in text_of(cell).split("; ") if m]
    return [first_lower(part.partition(": ")[2] or part) for part in parts]


_FIT = re.compile(r"(\w+) (same|related|other|unknown)(?: \(([^)]*)\))?")
_FITS = {
    "same": "the learners' own {}",
    "related": "a {} close to the learners'",
    "other": "a {} other than the learners'",
}


def told_fit(cell: str) -> str:
    """Say in a sentence whose practice was measured, from the cell ``audience_fit``.

    Examples
    --------
    >>> print(told_fit("profession same (nurses); country other (Chad); setting unknown"))
    The leading source is from the learners' own profession (nurses) and from a country other than \
the learners' (Chad). The record does not state the setting.
    """
    known, unknown = [], []
    for fact, answer, values in _FIT.findall(cell):
        if answer == "unknown":
            unknown.append(f"the {fact}")
        else:
            known.append(f"from {_FITS[answer].format(fact)}" + (f" ({values})" if values else ""))
    text = f"The leading source is {listed(known)}." if known else ""
    if unknown:
        silent = "The record does not state" if known else "The leading record does not state"
        text += f" {silent} {listed(unknown)}."
    return text.strip()


_FORMATS = {
    "live": "live sessions",
    "journal-based": "journal-based activity",
    "performance improvement": "performance-improvement project",
    "blended": "blended activity",
    "interprofessional": "interprofessional training",
}
"""Formats of education that are no nouns by themselves, as nouns."""


def told_formats(cell: str) -> str:
    """Say which formats suit a row: the first two go first.

    Examples
    --------
    >>> print(told_formats("live; simulation; blended"))
    **live sessions or simulation**; blended activity would suit as well
    """
    names = [_FORMATS.get(name, name) for name in cell.split("; ") if name]
    first = f"**{' or '.join(names[:2])}**"
    return f"{first}; {listed(names[2:])} would suit as well" if names[2:] else first


def listed(names: list[str]) -> str:
    """Join names as a sentence does: ``a, b and c``."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def a(noun: str) -> str:
    """Put the indefinite article before a noun."""
    return f"{'an' if noun[:1].casefold() in 'aeiou' else 'a'} {noun}"


def first_upper(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def first_lower(text: str) -> str:
    """Go on within a sentence; abbreviations keep their capitals."""
    return text if text[1:2].isupper() or text[1:2].isdigit() else text[:1].lower() + text[1:]
