"""What has changed since the report before: derived from its facts and the new assessment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from cmeneeds.previous import Previous, Row, digests, looks_of, newer_of, rows_of, together

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

KINDS: Final = {
    "standing": "Retractions, concerns and corrections of what was relied on",
    "guideline": "Newer versions of guidelines",
    "decision": "Decisions that need another look",
    "row new": "New rows of the gap table",
    "row gone": "Rows of the gap table that are gone",
    "row changed": "Rows of the gap table that say something else",
    "rank": "Rows that moved further than a change of weights moves them",
    "not found": "Works that were relied on and are no longer found",
    "brief": "Changes of the brief",
    "record new": "Records that are new",
    "record revised": "Records that were revised",
    "record gone": "Records that are no longer found",
}
"""Kinds of changes, the gravest first, with their titles."""

COLUMNS: Final = ("change_id", "kind", "item", "name", "column", "was", "now", "where")


class Change(NamedTuple):
    """One line of the change log."""

    kind: str
    item: str
    """``gap_id``, citation key, or what a decision is about."""
    name: str = ""
    column: str = ""
    """Of the gap table; for lines of kind ``row changed``."""
    was: str = ""
    now: str = ""
    where: str = ""
    """Sections and rows of the report before that relied on it."""


def changes_of(assessment: Assessment) -> pd.DataFrame:
    """Compare an assessment with the report before it.

    Parameters
    ----------
    assessment : Assessment

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, all text; no row without a report before or without a change.
    """
    import pandas as pd

    before = assessment.records.previous
    lines = [] if before is None else list(_compared(before, assessment))
    order = list(KINDS)
    lines.sort(key=lambda c: order.index(c.kind))
    return pd.DataFrame(
        [(together(filter(None, (c.kind, c.item, c.column))), *c) for c in lines],
        columns=list(COLUMNS),
    ).astype("string")


def counts_of(changes: pd.DataFrame) -> dict[str, int]:
    """How many changes of each kind there are, by the key that a report prints them with."""
    found = Counter(changes["kind"])
    return {f"changes.{kind.replace(' ', '-')}": found[kind] for kind in KINDS}


def _compared(before: Previous, now: Assessment) -> Iterator[Change]:
    works = now.records.works
    rows, there = rows_of(now), digests(now)

    def title(key: str) -> str:
        return works[key].title if key in works else ""

    for key in before.relied_on:
        was = before.standings.get(key, "unknown")
        is_now = works[key].standing.status if key in works else before.elsewhere.get(key, was)
        where = _where(before, key)
        if is_now != was:
            yield Change("standing", key, title(key), "", was, is_now, where)
        if key in before.records and key not in there:
            yield Change("not found", key, where=where)
    for key, words in newer_of(now).items():
        if before.newer.get(key) != words and (key in before.records or key in before.newer):
            earlier = before.newer.get(key, "")
            yield Change("guideline", key, title(key), "", earlier, words, _where(before, key))
    for about, why in looks_of(now).items():
        if about not in before.looks:
            yield Change("decision", about, "", "", "", why)
    for gap_id, row in rows.items():
        if (had_row := before.rows.get(gap_id)) is None:
            now_says = together(filter(None, (row.cells.get("status"), _figure(row))))
            yield Change("row new", gap_id, row.name, "", "", now_says)
        else:
            yield from _row(gap_id, had_row, row)
    for gap_id, row in before.rows.items():
        if gap_id not in rows:
            said = together(filter(None, (row.cells.get("status"), _figure(row))))
            yield Change("row gone", gap_id, row.name, "", said, "")
    if before.brief != now.brief.digest:
        yield Change("brief", "brief", "", "", before.brief[:12], now.brief.digest[:12])
    for key in sorted(there.keys() | before.records.keys()):
        had, have = before.records.get(key), there.get(key)
        if had is None:
            yield Change("record new", key, title(key))
        elif have is None:
            yield Change("record gone", key)
        elif had != have:
            yield Change("record revised", key, title(key), "", had, have, _where(before, key))


def _row(gap_id: str, was: Row, now: Row) -> Iterator[Change]:
    for column in dict.fromkeys((*was.cells, *now.cells)):
        one, two = was.cells.get(column, ""), now.cells.get(column, "")
        if one != two:
            yield Change("row changed", gap_id, now.name, column, one, two)
    # Ranges of ranks that overlap say that weights alone could explain the move.
    if now.worst < was.best or was.worst < now.best:
        yield Change("rank", gap_id, now.name, "rank", str(was.rank), str(now.rank))


def _figure(row: Row) -> str:
    return row.cells.get("cp_value_text", "")


def _where(before: Previous, key: str) -> str:
    rows = [f"row {row.rank} ({row.name})" for row in before.rows.values() if key in row.sources]
    return together((*before.cited.get(key, ()), *rows))
