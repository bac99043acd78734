"""Files with one row a learner: answers are counted for each item, then forgotten."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import NamedTuple

from msgspec.structs import replace

from cmeneeds.errors import UsageError
from cmeneeds.learner_data.cells import bare
from cmeneeds.learner_data.columns import Type, folded, phase_of, type_of
from cmeneeds.learner_data.grid import Grid
from cmeneeds.learner_data.model import MIN_PEOPLE, LearnerRow

_RIGHT = frozenset(
    ("1", "1.0", "yes", "y", "true", "t", "correct", "right", "pass", "passed", "met")
)
_WRONG = frozenset(
    ("0", "0.0", "no", "n", "false", "f", "incorrect", "wrong", "fail", "failed", "unmet")
)
_RATING = re.compile(r"(10|[0-9])(?:[.,]0+)?(?:\s*[-–=:(].{0,80})?")
_TYPED = re.compile(r"\[([^\]]{1,40})\]\s*(.+)|(.+?)\s*\[([^\]]{1,40})\]")
_AGREEMENT = {
    "strongly disagree": "1",
    "disagree": "2",
    "neutral": "3",
    "neither agree nor disagree": "3",
    "undecided": "3",
    "agree": "4",
    "strongly agree": "5",
}


class _Item(NamedTuple):
    column: int
    rated: bool
    answers: list[float | None]


def looks_like_answers(grid: Grid, roles: dict[str, int]) -> bool:
    """Whether a file holds one row a learner: columns of right and wrong, or of ratings."""
    return bool(_items(grid, roles, []))


def count_answers(grid: Grid, roles: dict[str, int]) -> tuple[list[LearnerRow], list[str]]:
    """Count the answers to each item in each phase.

    Returns
    -------
    list of LearnerRow
        Of each item, phase after phase. Where a code pairs the answers of the same learner, the
        later phase carries who gained and who lost, as counts.
    list of str
        Notes.

    Raises
    ------
    UsageError
        If a phase is unknown or a code stands twice in one phase.
    """
    notes: list[str] = []
    items = _items(grid, roles, notes)
    phases = _phases(grid, roles)
    codes = _codes(grid, roles, phases)
    rows: list[LearnerRow] = []
    for item in items:
        measure, kind = _measure(grid, item)
        by_phase: dict[str, dict[int, float]] = defaultdict(dict)
        for place, answer in enumerate(item.answers):
            if answer is not None:
                by_phase[phases[place]][place] = answer
        for phase in ("", "pre", "post", "follow-up"):
            answers = by_phase.get(phase)
            if not answers:
                continue
            row = _row(measure, phase, item.rated, list(answers.values()))
            if kind is not None:
                row = replace(row, type=kind.name, level=kind.level, perceived=kind.perceived)
            elif item.rated:
                # What people say of themselves on a scale is perceived, whatever it is about.
                row = replace(row, perceived=True)
            if phase in ("post", "follow-up") and by_phase.get("pre") and codes:
                row = _paired(row, item.rated, by_phase["pre"], answers, codes)
            rows.append(row)
    if any(phases) and not codes:
        notes.append(
            "no column pairs the answers of one learner, so before and after are compared as "
            "independent groups"
        )
    if codes:
        notes.append("the codes of learners were used to pair answers, then forgotten")
    return rows, notes


def _items(grid: Grid, roles: dict[str, int], notes: list[str]) -> list[_Item]:
    items = []
    for column, name in enumerate(grid.header):
        if not name or column in (roles.get("phase"), roles.get("code")):
            continue
        given = grid.column(column)
        plain = {cell: bare(cell).casefold() for cell in set(given)}
        cells = [plain[cell] for cell in given]
        filled = {cell for cell in plain.values() if cell}
        worded = bool(filled) and filled <= _AGREEMENT.keys()
        if worded:
            cells = [_AGREEMENT.get(cell, "") for cell in cells]
            filled = set(filter(None, cells))
            notes.append(f"{grid.column_name(column)}: agreement was read as 1 to 5")
        if filled and filled <= _RIGHT | _WRONG:
            answers = [float(c in _RIGHT) if c else None for c in cells]
            items.append(_Item(column, False, answers))
        elif filled and all(_RATING.fullmatch(c) for c in filled):
            ratings = [_rating(c) for c in cells]
            if not worded and max(r for r in ratings if r is not None) <= 2:
                notes.append(
                    f"not read: {grid.column_name(column)}, because 1 and 2 may be a scale or yes "
                    "and no; write 1 and 0, or yes and no"
                )
                continue
            items.append(_Item(column, True, ratings))
        elif filled:
            notes.append(f"not read: {grid.column_name(column)}, neither right or wrong nor rated")
    return items


def _rating(cell: str) -> float | None:
    match = _RATING.fullmatch(cell)
    return float(match[1]) if match else None


def _phases(grid: Grid, roles: dict[str, int]) -> list[str]:
    if "phase" not in roles:
        return [""] * len(grid.rows)
    column = roles["phase"]
    found = []
    for row, cells in grid.rows:
        phase = phase_of(cells[column])
        if phase is None:
            raise UsageError(
                f"{grid.where(row, column)}: is not a known phase", "Write pre, post or follow-up."
            )
        found.append(phase)
    return found


def _codes(grid: Grid, roles: dict[str, int], phases: list[str]) -> dict[int, str]:
    """Code of the learner of each row, by its place; empty where there is none to pair by."""
    if "code" not in roles or not any(phases):
        return {}
    column = roles["code"]
    seen: set[tuple[str, str]] = set()
    codes = {}
    for place, (row, cells) in enumerate(grid.rows):
        code = cells[column].casefold()
        if not code:
            continue
        if (phases[place], code) in seen:
            raise UsageError(
                f"{grid.where(row, column)}: stands twice in one phase",
                "Each learner answers once in each phase; remove one of the two rows.",
            )
        seen.add((phases[place], code))
        codes[place] = code
    return codes


def _measure(grid: Grid, item: _Item) -> tuple[str, Type | None]:
    """Text and type of an item: ``[confidence] Adjusts insulin doses``."""
    name = grid.header[item.column]
    match = _TYPED.fullmatch(name)
    if not match:
        return name[:300], None
    label, text = (match[1], match[2]) if match[1] else (match[4], match[3])
    kind = type_of(label)
    if kind is None:
        raise UsageError(
            f"{grid.name}, {grid.column_name(item.column)}: {folded(label)[:40]!r} is not a known "
            "type",
            "Write knowledge, competence, performance or confidence in the brackets.",
        )
    return text[:300], kind


def _row(measure: str, phase: str, rated: bool, answers: list[float]) -> LearnerRow:
    n = len(answers)
    if not rated:
        return LearnerRow(
            number=0,
            measure=measure,
            phase=phase,
            n=n,
            numerator=int(sum(answers)),
            text="",
        )
    mean = math.fsum(answers) / n
    spread = math.sqrt(math.fsum((a - mean) ** 2 for a in answers) / (n - 1)) if n > 1 else None
    return LearnerRow(
        number=0,
        measure=measure,
        phase=phase,
        n=n,
        mean=round(mean, 2),
        sd=None if spread is None else round(spread, 2),
        scale="rating",
        text="",
    )


def _paired(
    row: LearnerRow,
    rated: bool,
    before: dict[int, float],
    after: dict[int, float],
    codes: dict[int, str],
) -> LearnerRow:
    """Put on the later line what the same learners did before, as counts."""
    first = {codes[place]: answer for place, answer in before.items() if place in codes}
    second = {codes[place]: answer for place, answer in after.items() if place in codes}
    both = sorted(first.keys() & second.keys())
    if len(both) < MIN_PEOPLE:
        return row
    same = len(both) == len(before) == len(after)
    pairs = [(first[code], second[code]) for code in both]
    if rated:
        return replace(row, same_people=same or None, r=_correlation(pairs) if same else None)
    four = tuple(pairs.count(p) for p in ((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)))
    return replace(row, same_people=same or None, pairs=four)


def _correlation(pairs: list[tuple[float, float]]) -> float | None:
    """Pearson's r; None where nobody differs."""
    n = len(pairs)
    x = [a - math.fsum(p[0] for p in pairs) / n for a, _ in pairs]
    y = [b - math.fsum(p[1] for p in pairs) / n for _, b in pairs]
    spread = math.sqrt(math.fsum(a * a for a in x) * math.fsum(b * b for b in y))
    if not spread:
        return None
    return round(math.fsum(a * b for a, b in zip(x, y, strict=True)) / spread, 3)
