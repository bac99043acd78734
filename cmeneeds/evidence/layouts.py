"""Class and level that stand beside a recommendation, not in it: in a table, margin or brackets.

Nothing is guessed: a value is taken only from a column whose header names it, from a mark that
holds nothing else and stands in strict turn with the recommendations, or from brackets between two
sentences of which it is plain which one they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cmeneeds.documents import Document, Part
from cmeneeds.evidence.recommendations import recommendation


class Placed(NamedTuple):
    """What stands beside a recommendation; None where nothing does."""

    grade: str | None = None
    """As printed: ``IIa``, ``Strong``, ``3: No benefit``."""
    level: str | None = None
    system: str | None = None
    """As :attr:`cmeneeds.evidence.recommendations.Recommendation.system`."""
    population: str | None = None


_END = r"\s*(?:\([^)]{0,20}\))?\s*[a-d*†‡§ᵃᵇ]?\W*$"
_HEADERS = {
    "class": r"^(?:COR|class(?:es)?(?: of recommendations?)?|recommendation class)" + _END,
    "strength": r"^(?:(?:strength|grade)s?(?: of (?:the )?recommendations?)?|SOR|"
    r"recommendation (?:strength|grade)|USPSTF grade|category)" + _END,
    "level": r"^(?:LOE|levels?(?: of (?:the )?evidence)?|evidence levels?|"
    r"(?:certainty|quality)(?: of (?:the )?evidence)?|evidence (?:certainty|quality))" + _END,
    "wording": r"^(?:recommendations?|statements?|recommended (?:action|care)|what to do)" + _END,
    "population": r"^(?:populations?|patients?|patient group|for whom|who)" + _END,
}
_COLUMNS = {name: re.compile(words, re.IGNORECASE) for name, words in _HEADERS.items()}
_CLASS = re.compile(r"(?:I{1,3}|[123])\s?[ab]?(?:\s?[:(–-].{1,40})?", re.IGNORECASE)
_CLASS_CASED = re.compile(r"(?:I{1,3}|[123])\s?[abAB]?\b")
_GRADE_WORDS = re.compile(r"(?:strong|conditional|weak)\b.{0,40}", re.IGNORECASE)
_GRADE_PAIR = re.compile(r"[12]\s?[A-D]")
_LETTER = re.compile(r"[ABCDI]")
_ACC_LEVEL = re.compile(r"(?:B-?NR|B-?R|C-?LD|C-?EO)")
_SURE = re.compile(
    r"(?:very[ -]low|low|moderate|high)(?:[ -](?:certainty|quality))?", re.IGNORECASE
)
LONGEST_VALUE = 60
"""Characters. A longer cell is no class or level."""


def placed_gradings(document: Document) -> dict[int, Placed]:
    """Find what stands beside the recommendations of a guideline.

    Parameters
    ----------
    document : Document
        Tables with their headers, as its source lays them out.

    Returns
    -------
    dict of int to Placed
        By number of the part that is a recommendation by its place.
    """
    found: dict[int, Placed] = {}
    named = " ".join((document.publisher, document.title))
    for table in _tables(document):
        found.update(_of_table(table, named))
    found.update(_of_margins(document))
    return found


# --- tables -------------------------------------------------------------------------------------


def _tables(document: Document) -> Iterator[list[Part]]:
    """Cells of each table: neighbours whose rows do not go back."""
    cells: list[Part] = []
    for part in document.parts:
        if part.cell is None:
            if cells:
                yield cells
            cells = []
            continue
        last = cells[-1].cell if cells else None
        if last is not None and (part.cell.row < last.row or part.cell.table != last.table):
            yield cells
            cells = []
        cells.append(part)
    if cells:
        yield cells


def _of_table(table: list[Part], named: str) -> Iterator[tuple[int, Placed]]:
    columns: dict[int, str] = {}
    first = min(p.cell.row for p in table if p.cell)
    for part in table:
        assert part.cell is not None
        said = list(part.cell.column_header)
        if part.cell.row == first:  # a header that the reader of the file did not tell as one
            said.append(part.text)
        for text in reversed(said):
            kind = next((k for k, p in _COLUMNS.items() if p.search(text.strip())), "")
            if kind:
                columns.setdefault(part.cell.column, kind)
                break
    kinds = set(columns.values())
    if "wording" not in kinds or not kinds & {"class", "strength", "level"}:
        return
    rows: dict[int, dict[str, Part]] = {}
    for part in table:
        assert part.cell is not None
        kind = columns.get(part.cell.column, "")
        # The leftmost cell of a row is a header of its row, and may well be the recommendation.
        if kind and not _COLUMNS[kind].search(part.text.strip()):
            rows.setdefault(part.cell.row, {})[kind] = part
    for row in rows.values():
        wording = row.get("wording")
        if wording is None:
            continue
        texts = {k: " ".join(p.text.split()) for k, p in row.items()}
        values = {k: t for k, t in texts.items() if 0 < len(t) <= LONGEST_VALUE}
        grade, level = values.get("class") or values.get("strength"), values.get("level")
        if not grade and not level:
            continue  # a row that only groups the rows below it
        system = _system(values, named)
        yield wording.number, Placed(grade, level, system, texts.get("population"))


def _system(values: dict[str, str], named: str) -> str | None:
    """Which grading the values of a row belong to; None where several would fit."""
    said, strength = values.get("class", ""), values.get("strength", "")
    level = values.get("level", "")
    if _ACC_LEVEL.fullmatch(level):
        return "ACC/AHA"
    if said and (_CLASS_CASED.fullmatch(said) or (said[0] in "I123" and _CLASS.fullmatch(said))):
        return "ACC/AHA"
    if _GRADE_WORDS.fullmatch(strength) or _GRADE_PAIR.fullmatch(strength):
        return "GRADE"
    if _LETTER.fullmatch(strength) and re.search(r"USPSTF|Preventive Services Task Force", named):
        return "USPSTF"
    return "GRADE" if _SURE.fullmatch(level) and not said and not strength else None


# --- margins ------------------------------------------------------------------------------------

_MARK_WORD = re.compile(
    r"(?:class|COR|LOE|levels?|of|evidence|grade|recommendations?|strength|strong|conditional|weak|"
    r"certainty|quality|high|moderate|low|very|category|I{1,3}[ab]?|[123][ab]?|[12][A-D]|[A-D]|"
    r"B-?N?R|C-?LD|C-?EO|USPSTF)",
    re.IGNORECASE,
)
_MARKED = frozenset(("paragraph", "list item", "box"))


def is_mark(text: str) -> bool:
    """Whether a text holds class or level and nothing else.

    Examples
    --------
    >>> is_mark("Class IIa, LOE B-R"), is_mark("Strong recommendation; low certainty")
    (True, True)
    >>> is_mark("Class matters."), is_mark("II")
    (False, False)
    """
    if len(text) > LONGEST_VALUE:
        return False
    words = re.findall(r"[\w-]+", text)
    if not words or not all(_MARK_WORD.fullmatch(w) for w in words):
        return False
    said = _read(text)
    return said.grade is not None or said.level is not None


def _read(mark: str) -> Placed:
    said = recommendation(f"Recommendation: {mark}")
    return Placed(
        *(value.value if value else None for value in (said.grade, said.level, said.system))
    )


def _of_margins(document: Document) -> Iterator[tuple[int, Placed]]:
    """Marks in paragraphs of their own, in strict turn with what they grade."""
    run: list[tuple[Part, bool]] = []
    for part in (*document.parts, None):
        if part is not None and part.kind in _MARKED:
            mark = is_mark(part.text)
            if mark or (part.text and recommendation(part.text).strength is not None):
                if not run or run[-1][1] != mark:
                    run.append((part, mark))
                    continue
                yield from _in_turn(run)
                run = [(part, mark)]
                continue
        yield from _in_turn(run)
        run = []


def _in_turn(run: list[tuple[Part, bool]]) -> Iterator[tuple[int, Placed]]:
    """Pair a run of marks and texts, if it begins with one kind and ends with the other."""
    if len(run) < 2 or len(run) % 2:
        return
    for one, two in zip(run[::2], run[1::2], strict=True):
        (mark, _), (text, _) = (one, two) if one[1] else (two, one)
        yield text.number, _read(mark.text)


# --- brackets -----------------------------------------------------------------------------------

_BRACKET = re.compile(r"(?:^|(?<=[.!?;]))\s*([\[(])(?P<inner>[^\[\]()]{1,80})[\])]\.?(?=\s|$)")


def bracketed(text: str, start: int, end: int) -> tuple[str, int]:
    """Find the brackets between sentences that grade one of them.

    Parameters
    ----------
    text : str
        Of the whole part.
    start, end : int
        The sentence.

    Returns
    -------
    (str, int)
        What the brackets say, empty if there are none; and how many characters at the start of
        the sentence belong to brackets of the sentence before.

    Examples
    --------
    >>> text = "Offer a test. (Class IIa, LOE B) Refer early. (Class I, LOE A)"
    >>> bracketed(text, 0, 13), bracketed(text, 33, 45)
    (('Class IIa, LOE B', 0), ('Class I, LOE A', 0))
    >>> text = "(Class IIa, LOE B) Offer a test. (Class I, LOE A) Refer early."
    >>> bracketed(text, 19, 32), bracketed(text, 50, 62)
    (('Class IIa, LOE B', 0), ('Class I, LOE A', 0))
    """
    marks = [m for m in _BRACKET.finditer(text) if is_mark(m["inner"])]
    if not marks:
        return "", 0
    before = not text[: marks[0].start()].strip()
    # What the sentence splitter put at the start of this sentence.
    opening = next((m for m in marks if m.start() <= start < m.end() <= end), None)
    skip = opening.end() - start if opening and not before else 0
    if before:
        ahead = [m for m in marks if m.end() <= start or m is opening]
        last = ahead[-1] if ahead else None
        gap = text[last.end() : start].strip() if last and last.end() <= start else ""
        return (last["inner"], 0) if last and not gap else ("", 0)
    after = [m for m in marks if m.end() > end or (m.start() > start + skip and m.end() <= end)]
    next_one = after[0] if after else None
    if next_one is None or text[end : max(end, next_one.start())].strip():
        return "", skip
    return next_one["inner"], skip
