"""Cells that the writer put in other words: which may be, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cmeneeds.decisions.rows import dicts
from cmeneeds.frames import text_of

if TYPE_CHECKING:
    import pandas as pd

STATES = (
    "applied",
    "evidence changed",  # applied, but needs another look, as the next three
    "source retracted",
    "no such passage now",
    "applied to the row of its passage",
    "no such row now",
    "superseded",
    "conflict",
    "not applied",
)
"""What may have become of a decision."""

IN_EFFECT = STATES[:5]
"""States of decisions that show in the tables."""

QUOTED = frozenset({"current_practice", "best_practice", "cause", "consequence"})
"""Cells that hold a passage word for word. Words of the writer stand beside, not in place."""

CLOSED = {
    "gap_type": ("K", "C", "P", "O", "S"),
    "actor": ("clin", "pat", "sys"),
    "direction": ("underuse", "overuse", "delay", "error", "variation", "outcome", "unknown"),
    "cp_direction": ("too low", "too high", "unknown"),
}
"""Cells that take only these words."""

COMPUTED = frozenset(
    {"gap_id", "objective_id", "status", "missing", "searched", "passages", "seen", "confirmed",
     "cp_value_text", "reference_value", "cp_range", "document_status", "pairing", "priority_words"}
)  # fmt: skip
_COMPUTED_ENDS = ("_passage", "_passages", "_source", "_id", "_ids")


def text_columns(frame: pd.DataFrame) -> frozenset[str]:
    """Columns whose cells a writer may put in other words."""
    return frozenset(
        str(name)
        for name, dtype in frame.dtypes.items()
        if str(dtype) in ("string", "str", "object")
        and name not in COMPUTED
        and not str(name).endswith(_COMPUTED_ENDS)
        and not str(name).startswith("decision")
    )


def with_proposals(table: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """Settle edits and confirmations of cells that follow from the gaps, such as objectives.

    Parameters
    ----------
    table : DataFrame
        Of decisions, from :func:`decided`.
    proposals : DataFrame
        As computed, with ``gap_id`` and perhaps ``objective_id``.

    Returns
    -------
    DataFrame
        The table with ``state`` and ``was`` of those decisions filled in.
    """
    table = table.copy()
    editable = text_columns(proposals)
    for i, d in enumerate(dicts(table)):
        if (
            d["decision"] not in ("edit", "confirm")
            or d["state"] not in IN_EFFECT
            or d["was"] is not None
            or d["column"] not in proposals
        ):
            continue
        state, flag, was = d["state"], d["flag"], ""
        lines = proposals[_lines(proposals, str(d["gap_id"]), str(d["row"]))]
        if d["column"] not in editable:
            state, flag = "not applied", f"{d['column']} is computed, not a text of the writer's"
        elif lines.empty:
            state, flag = "no such row now", "no proposal follows from the row"
        elif len(lines) > 1:
            state, flag = "conflict", "the row has several: write the identifier of one"
        else:
            was = text_of(lines.iloc[0][d["column"]])
        table.loc[table.index[i], ["state", "flag", "was"]] = [state, flag, was]
    return table


def _lines(frame: pd.DataFrame, gap_id: str, row: str) -> pd.Series[bool]:
    own = frame["gap_id"] == row
    if gap_id.startswith("LO-") and "objective_id" in frame:
        own = frame["objective_id"] == gap_id
    return own.astype(bool)


def with_edits(frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """A table in the writer's words, for reading; what was computed is in the table itself.

    Parameters
    ----------
    frame : DataFrame
        Gaps or proposals, as computed.
    table : DataFrame
        Of decisions, from :func:`decided`.

    Returns
    -------
    DataFrame
        A copy; cells of :data:`QUOTED` columns stay as they are.
    """
    frame = frame.copy()
    editable = text_columns(frame) - QUOTED
    for d in edits_in(table):
        if d["column"] in editable:
            lines = _lines(frame, str(d["gap_id"]), str(d["row"]))
            frame.loc[lines, d["column"]] = d["value"]
    return frame


def edits_in(table: pd.DataFrame) -> Iterable[dict[str, str]]:
    """The edits in effect, as mappings by column of the table of decisions."""
    kept = table[(table["decision"] == "edit") & table["state"].isin(IN_EFFECT)]
    return ({k: text_of(v) for k, v in row.items()} for row in dicts(kept))
