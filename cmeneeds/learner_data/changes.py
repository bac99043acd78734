"""The lines of learner data as a table: intervals, and change from before to after.

Everything here is computed again from the kept lines, so a run's snapshot proves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds import statistics as st
from cmeneeds.gaps.terms import tokens
from cmeneeds.learner_data.model import KINDS, LearnerFile, LearnerRow

if TYPE_CHECKING:
    import pandas as pd

LEARNER_COLUMNS = {
    "learner_id": "string",  # address of the line
    "source": "string",  # citation key: id of the file
    "file": "string",
    "kind": "string",
    "measure": "string",
    "item": "string",
    "type": "string",
    "level": "string",  # K C P O or empty
    "perceived": "boolean",  # missing: not told
    "phase": "string",
    "period": "string",
    "value": "Float64",  # percent
    "value_text": "string",  # as it stands in the line
    "numerator": "Int64",
    "n": "Int64",
    "low": "Float64",  # of value in percent, else of the mean; 95 %
    "high": "Float64",
    "mean": "Float64",
    "sd": "Float64",
    "scale": "string",
    "agrees": "boolean",
    "before": "string",  # address of the line that the change counts from
    "change": "Float64",  # percentage points
    "change_low": "Float64",
    "change_high": "Float64",
    "change_p": "Float64",  # McNemar, where the same people are known
    "change_n": "string",
    "effect_name": "string",
    "effect": "Float64",
    "effect_low": "Float64",
    "effect_high": "Float64",
    "change_note": "string",
    "gap": "string",
    "text": "string",
}
"""Columns of the table of learner data and their pandas types."""


class Change(NamedTuple):
    """From one line to a later one about the same measure."""

    before: LearnerRow
    after: LearnerRow
    points: st.Estimate | None
    """Difference of the shares, 0 to 1; None for means."""
    p: float | None
    """McNemar's, where gains and losses of the same people are known."""
    effect: st.Estimate | None
    """Cohen's h, Hedges' g or standardized mean change; None where no SD is known."""
    people: str
    """How many people it rests on."""
    note: str
    """How it was computed, and what was not known."""


def events(row: LearnerRow) -> int:
    """People of the numerator; of a rounded percentage, the nearest number."""
    if row.numerator is not None:
        return row.numerator
    return round((row.value or 0.0) * row.n / 100)


def changes(file: LearnerFile) -> Iterator[Change]:
    """Pair the lines of one file: before with after, and before with follow-up.

    Lines belong together if measure, item, type, period of earlier outcomes and named gap do not
    differ; of several lines before, the last counts.
    """
    groups: dict[tuple[str, ...], list[LearnerRow]] = defaultdict(list)
    for row in file.rows:
        key = (" ".join(tokens(row.measure)), row.item, row.type, row.gap, row.scale)
        groups[(*key, row.period) if file.kind == "outcomes" else key].append(row)
    for rows in groups.values():
        before = [row for row in rows if row.phase == "pre"]
        if not before:
            continue
        for after in rows:
            if after.phase in ("post", "follow-up") and (made := change(before[-1], after)):
                yield made


def change(before: LearnerRow, after: LearnerRow) -> Change | None:
    """Measure the change between two lines; None where they cannot be compared."""
    if before.mean is not None and after.mean is not None:
        return _of_means(before, after)
    if before.value is None or after.value is None:
        return None
    people = f"{before.n} before, {after.n} after"
    if after.pairs is not None:
        both, gained, lost, neither = after.pairs
        n = sum(after.pairs)
        points = st.paired_difference(both, gained, lost, neither)
        effect = st.cohens_h(both + lost, n, both + gained, n)
        note = (
            f"{points.method}, the same people; Cohen's h with the interval of independent groups"
        )
        return Change(
            before, after, points, st.mcnemar_exact(gained, lost), effect, f"{n} both times", note
        )
    counts = (events(before), before.n, events(after), after.n)
    points, effect = st.difference(*counts), st.cohens_h(*counts)
    note = f"{points.method}; {effect.method}"
    if after.same_people is not False:
        note += (
            "; the same people may stand in both, but who gained and who lost is not told, so they "
            "are compared as independent"
        )
    if before.from_percentage or after.from_percentage:
        note += "; counts worked out from rounded percentages"
    return Change(before, after, points, None, effect, people, note)


def _of_means(before: LearnerRow, after: LearnerRow) -> Change:
    if before.mean is None or after.mean is None:
        raise ValueError("both lines need a mean")
    people = f"{before.n} before, {after.n} after"
    effect = None
    note = "no SD is given, so no effect size"
    try:
        if after.same_people and before.n == after.n and before.sd is not None:
            effect = st.standardized_change(before.mean, before.sd, after.mean, after.n, after.r)
            people = f"{after.n} both times"
        elif before.sd is not None and after.sd is not None:
            effect = st.hedges_g(before.mean, before.sd, before.n, after.mean, after.sd, after.n)
    except ValueError as problem:
        note = f"no effect size: {problem}"
    if effect is not None:
        note = effect.method
        if after.same_people is None:
            note += "; whether they are the same people is not told"
    return Change(before, after, None, None, effect, people, note)


def learner_table(files: Iterable[LearnerFile]) -> pd.DataFrame:
    """All kept lines as a table.

    Returns
    -------
    DataFrame
        Shape (lines, ``len(LEARNER_COLUMNS)``), in the order of files and lines. Intervals are
        Wilson's for shares and Student's t for means; change stands on the later line.
    """
    import pandas as pd

    rows = []
    for file in files:
        made = {c.after.number: c for c in changes(file)}
        rows += [_cells(file, row, made.get(row.number)) for row in file.rows]
    return pd.DataFrame(rows, columns=list(LEARNER_COLUMNS)).astype(LEARNER_COLUMNS)


def _cells(file: LearnerFile, row: LearnerRow, made: Change | None) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "learner_id": file.address(row),
        "source": file.id,
        "file": file.name,
        "kind": KINDS[file.kind],
        "value": row.value,
        "value_text": row.text[row.value_start : row.value_end],
        **{
            name: getattr(row, name)
            for name in (
                "measure", "item", "type", "level", "perceived", "phase", "period", "numerator",
                "n", "mean", "sd", "scale", "agrees", "gap", "text",
            )
        },
    }  # fmt: skip
    if row.value is not None:
        low, high = st.wilson(events(row), row.n)
        cells |= {"low": 100 * low, "high": 100 * high}
    elif row.mean is not None and row.sd is not None:
        cells["low"], cells["high"] = st.mean_interval(row.mean, row.sd, row.n)
    if made is None:
        return cells
    cells |= {
        "before": file.address(made.before),
        "change_p": made.p,
        "change_n": made.people,
        "change_note": made.note,
    }
    if made.points is not None:
        cells |= {
            "change": 100 * made.points.value,
            "change_low": 100 * made.points.low,
            "change_high": 100 * made.points.high,
        }
    if made.effect is not None:
        cells |= {
            "effect_name": made.effect.method.split(",")[0],
            "effect": made.effect.value,
            "effect_low": made.effect.low,
            "effect_high": made.effect.high,
        }
    return cells
