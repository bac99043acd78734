"""What a sentence says about practice: its label, how sure that is, and why.

The decision adds up named signals: cues and word groups of the lexicon, the kind of section and
the numbers. Each signal carries points for each label (``cmeneeds/data/cue_weights.json``, which
says how they were obtained); the label with most points wins. The margin by which it wins falls
in a band, and the probability is the share of right answers measured for that label and band on
labelled sentences of articles that the points had not seen. It describes a mix of sentences rich
in practice statements; among all sentences of PubMed the share is lower.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.errors import UsageError
from cmeneeds.evidence.lexicon import Cue, cues, read_lexicon, required_strings
from cmeneeds.evidence.rates import Rate, rates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cmeneeds.records import Markup

LABELS = ("GAP", "CAUSE", "REC", "RATE", "BURDEN", "EVGAP", "OTHER")
"""Labels, in the order in which they win a tie."""

LEVELED = ("GAP", "CAUSE", "RATE")
"""Labels that carry a level and an actor."""

LONGEST_SENTENCE = 5000
"""Only so many characters of a sentence are read."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a sentence says."""

    label: str
    """GAP, CAUSE, REC, RATE, BURDEN, EVGAP or OTHER."""
    probability: float
    """Share of right answers measured for such a decision, 0 to 1."""
    level: str | None
    """K knowledge, C competence, P performance, O patient outcome, S system; or None."""
    actor: str | None
    """clin health professionals, pat patients and public, sys systems; None if it has none."""
    rate: Rate | None
    """The main rate."""
    cues: tuple[Cue, ...]
    """The cues of the lexicon found in the sentence."""
    secondary: bool
    """Whether it seems to quote another source as background."""


def section_kind(section: str) -> str:
    """Tell the kind of a section from its heading or NlmCategory.

    Examples
    --------
    >>> section_kind("PATIENTS AND METHODS"), section_kind("Interpretation"), section_kind("")
    ('methods', 'conclusions', 'none')
    """
    lower = section[:200].lower()
    for kind, words in _SECTION_WORDS:
        if any(word in lower for word in words):
            return kind
    return "none"


_SECTION_WORDS = tuple(
    (kind, tuple(words.split(", ")))
    for kind, words in (
        ("title", "title"),
        (
            "conclusions",
            (
                "conclu, interpret, discussion, implication, relevance, opinion, recommend, "
                "message, summary, limitation"
            ),
        ),
        ("results", "result, finding, outcome, observation"),
        (
            "methods",
            (
                "method, design, setting, participant, patients, intervention, measure, material, "
                "sample, procedure, analysis, data source, search"
            ),
        ),
        ("objective", "objective, aim, purpose, goal, question, hypothes"),
        ("background", "background, introduction, context, rationale, importance, problem"),
    )
)

_QUOTED = re.compile(
    r"\b(?:(?:previous|prior|recent|earlier|several|many|other|"
    r"past) (?:\w+ ){0,2}(?:studies|reports|research|"
    r"surveys|reviews|trials)|et al|according to (?:the )?(?:world|WHO|CDC|centers?|"
    r"national|global|"
    r"united|literature)|in the literature|literature (?:has|suggests|shows|reports)|"
    r"(?:it )?has been "
    r"(?:shown|reported|estimated|suggested|demonstrated)|(?:studies|evidence|"
    r"research) (?:have|has) "
    r"(?:shown|reported|found|demonstrated|suggested)|(?:is|are) estimated)\b",
    re.IGNORECASE,
)


class _Points(NamedTuple):
    """What each signal counts for each class."""

    classes: tuple[str, ...]
    points: dict[str, tuple[float, ...]]

    def decide(self, names: Iterable[str]) -> tuple[str, float]:
        """Add up: the winning class, and its margin on the logistic scale between 0 and 1."""
        totals = [0.0] * len(self.classes)
        for name in names:
            for place, value in enumerate(self.points.get(name, ())):
                totals[place] += value
        best = max(range(len(totals)), key=lambda place: totals[place])
        return self.classes[best], 1 / sum(math.exp(total - totals[best]) for total in totals)


class _Table(NamedTuple):
    """All points, and the measured shares of right answers."""

    label: _Points
    level: _Points
    actor: _Points
    bands: tuple[float, ...]
    shares: dict[str, tuple[float, ...]]


@cache
def _table() -> _Table:
    """Read the table of points, once."""
    source = resources.files("cmeneeds.data") / "cue_weights.json"
    data: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    label, level, actor = (
        _Points(
            tuple(data[name]["classes"]),
            {signal: tuple(points) for signal, points in data[name]["points"].items()},
        )
        for name in ("label", "level", "actor")
    )
    shares = {name: tuple(values) for name, values in data["shares"].items()}
    return _Table(label, level, actor, tuple(data["bands"]), shares)


class _Vocabulary(NamedTuple):
    """The groups of words, made ready for looking up."""

    words: tuple[tuple[str, re.Pattern[str]], ...]
    """Alternatives that are one word, tried on each word once per process."""
    phrases: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]
    """The others, with strings of which one must occur."""


@cache
def _vocabulary() -> _Vocabulary:
    """Compile the groups of words, once."""
    words, phrases = [], []
    for name, alternatives in read_lexicon()["word_groups"].items():
        single: list[str] = []
        several: list[str] = []
        for alternative in _alternatives("|".join(alternatives)):
            (several if re.search(r"[ :-](?!i:)|\(\?!", alternative) else single).append(
                alternative
            )
        if single:
            words.append((name, re.compile("|".join(single), re.IGNORECASE)))
        if several:
            pattern = rf"\b(?:{'|'.join(several)})(?!\w)"
            phrases.append((name, re.compile(pattern, re.IGNORECASE), required_strings(pattern)))
    return _Vocabulary(tuple(words), tuple(phrases))


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at its outermost bars."""
    parts, depth = [""], 0
    for sign in pattern:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


@lru_cache(maxsize=1 << 16)
def _word_signals(word: str) -> frozenset[str]:
    """Name the groups that a single word belongs to."""
    return frozenset(name for name, pattern in _vocabulary().words if pattern.fullmatch(word))


_WORD = re.compile(r"\w+")


def _groups(text: str) -> set[str]:
    """Name the groups of words that occur in a text."""
    found: set[str] = set()
    for word in set(_WORD.findall(text)):
        if len(word) <= _LONGEST_WORD:
            found |= _word_signals(word)
    lower = text.lower()
    for name, pattern, hints in _vocabulary().phrases:
        if (
            name not in found
            and (not hints or any(hint in lower for hint in hints))
            and pattern.search(text)
        ):
            found.add(name)
    return found


_LONGEST_WORD = 40


def signals(
    text: str, section: str, found: Sequence[Cue], numbers: Sequence[Rate]
) -> tuple[str, ...]:
    """Name everything in a sentence that carries points.

    Parameters
    ----------
    text, section : str
        As for :func:`classify`.
    found : sequence of Cue
        The cues of the sentence.
    numbers : sequence of Rate
        The rates of the sentence.

    Returns
    -------
    tuple of str
        Names, each once, ``any`` first.
    """
    names = ["any", f"section:{section_kind(section)}"]
    names += sorted({f"cue:{cue.name}" for cue in found})
    words = _groups(text)
    names += sorted(words)
    doing = words & {"process", "adherence", "care", "guideline"}
    mind = words & {"knowledge", "confidence", "attitude"}
    short = words & {"low", "not"}
    if numbers:
        lowest = min((rate.value for rate in numbers if rate.value is not None), default=100.0)
        names += ["rate", "rate:below half" if lowest < 50 else "rate:half or more"]
        if mind or words & {"process", "adherence", "survey"}:
            names.append("rate of practice")
            if short or words & {"late", "excess"}:
                names.append("rate of shortfall")
    if short and doing:
        names.append("shortfall of care")
    if short and mind:
        names.append("shortfall of knowledge")
    if words & {"should", "needs", "recommend"}:
        names.append("call for research" if "more_research" in words else "call for practice")
    if "aim" in words and not numbers:
        names.append("aim without rate")
    return tuple(names)


def classify(text: str, section: str = "", title: str = "", markup: Sequence[Markup] = ()) -> Label:
    """Label a sentence.

    Parameters
    ----------
    text : str
        The sentence.
    section : str, optional
        Heading or NlmCategory of its section; ``title`` for a title.
    title : str, optional
        Title of the article. Not used by this version.
    markup : sequence of Markup, optional
        Inline elements, with offsets in the sentence.

    Returns
    -------
    Label
        Label, measured probability, and what led to them.
    """
    text = text[:LONGEST_SENTENCE]
    found = cues(text)
    numbers = rates(text, markup)
    names = signals(text, section, found, numbers)
    table = _table()
    label, margin = table.label.decide(names)
    band = sum(margin >= edge for edge in table.bands)
    level = actor = None
    if label in LEVELED:
        named = (*names, f"label:{label}")
        level, actor = table.level.decide(named)[0], table.actor.decide(named)[0]
    return Label(
        label,
        table.shares[label][band],
        level,
        actor,
        _main_rate(found, numbers),
        found,
        _secondary(text, section, bool(numbers)),
    )


def _main_rate(found: Sequence[Cue], numbers: Sequence[Rate]) -> Rate | None:
    """Pick the rate nearest to the strongest cue of a gap, else the first."""
    if not numbers:
        return None
    gaps = [cue for cue in found if cue.group == "gap"]
    if not gaps:
        return numbers[0]
    cue = max(gaps, key=lambda cue: (cue.weight, -cue.start))
    return min(
        numbers, key=lambda rate: (max(rate.start - cue.end, cue.start - rate.end, 0), rate.start)
    )


def _secondary(text: str, section: str, numbers: bool) -> bool:
    """Whether a sentence reports what others found."""
    return bool(_QUOTED.search(text)) or (section_kind(section) == "background" and numbers)


def classify_jsonl(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Label sentences given as JSON lines.

    Parameters
    ----------
    lines : iterable of str
        Objects with ``text`` and perhaps ``id``, ``section``, ``title``. Empty lines are skipped.

    Yields
    ------
    dict
        ``id`` (None if it was missing), ``label``, ``probability``, ``level``, ``actor``,
        ``value``, ``numerator``, ``denominator``.

    Raises
    ------
    UsageError
        Naming the line that cannot be read.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = _entry(number, line)
        label = classify(entry["text"], entry.get("section") or "", entry.get("title") or "")
        rate = label.rate
        yield {
            "id": entry.get("id"),
            "label": label.label,
            "probability": label.probability,
            "level": label.level,
            "actor": label.actor,
            "value": rate.value if rate else None,
            "numerator": rate.numerator if rate else None,
            "denominator": rate.denominator if rate else None,
        }


def _no_constant(name: str) -> None:
    """Refuse ``NaN`` and the infinities, which are not JSON."""
    raise ValueError(name)


def _entry(number: int, line: str) -> dict[str, Any]:
    """Read one line."""
    try:
        entry = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise UsageError(f"line {number} is not JSON: {why}", _ONE_OBJECT_A_LINE) from None
    if not isinstance(entry, dict):
        raise UsageError(f"line {number} is not a JSON object", _ONE_OBJECT_A_LINE)
    if "text" not in entry:
        raise UsageError(f'line {number} has no "text"', _ONE_OBJECT_A_LINE)
    if not isinstance(entry["text"], str):
        raise UsageError(f'line {number}: "text" is not a string', _ONE_OBJECT_A_LINE)
    for name in ("section", "title"):
        if not isinstance(entry.get(name), str | None):
            raise UsageError(f'line {number}: "{name}" is not a string', _ONE_OBJECT_A_LINE)
    if not isinstance(entry.get("id"), str | int | float | None):
        raise UsageError(
            f'line {number}: "id" is neither a string nor a number', _ONE_OBJECT_A_LINE
        )
    return entry


_ONE_OBJECT_A_LINE = (
    'Write one object a line, such as {"id": "1", "text": "Only 40% were screened."}'
)
