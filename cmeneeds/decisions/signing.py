"""What a named person has yet to accept or confirm before a report may be final (law 11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.decisions.model import addresses
from cmeneeds.decisions.rows import dicts
from cmeneeds.frames import text_of

if TYPE_CHECKING:
    import pandas as pd

_SETTLED = ("applied", "applied to the row of its passage")
CLAIM_CELLS = ("cp_passage", "bp_passage", "cause_passage", "passages")
"""Cells of the gap table whose passages a row rests on."""

NOT_ACCEPTED, ANOTHER_LOOK, NOT_CONFIRMED, DISPUTED = (
    "not accepted",
    "another look",
    "not confirmed",
    "disputed",
)


class Open(NamedTuple):
    """One thing that keeps a report from being final."""

    gap_id: str
    """Empty for a claim outside the gaps."""
    what: str
    """``not accepted``, ``another look``, ``not confirmed`` or ``disputed``."""
    detail: str
    """The passage, or why another look is due."""

    def __str__(self) -> str:
        """One line."""
        return ": ".join(filter(None, self))


def unsigned(
    gaps: pd.DataFrame, table: pd.DataFrame, cited: Iterable[str] | None = None
) -> list[Open]:
    """Tell what is missing; empty if every gap is accepted and every claim confirmed.

    Parameters
    ----------
    gaps : DataFrame
        With decisions. Rejected rows count as decided and their claims as not cited; candidates
        count like gaps, because a report presents them too.
    table : DataFrame
        Of decisions, with ``row`` and ``state``.
    cited : iterable of str, optional
        Addresses of all passages that the report cites. Without it: those that the rows rest on.

    Notes
    -----
    A flagged decision does not count: it was made about other evidence. A passage is confirmed for
    a row by a line with the identifier of that row; for the report outside its rows by any line.
    A passage that somebody disputes stays open until it is confirmed or no longer cited.
    """
    confirmed = _about_passages(table, "confirm")
    disputed = _about_passages(table, "dispute")
    anywhere = {passage for _, passage in confirmed}
    doubted = {passage for _, passage in disputed}
    wanted = None if cited is None else dict.fromkeys(cited)
    found: list[Open] = []
    in_rows: set[str] = set()
    for row in dicts(gaps):
        if text_of(row.get("decision")) == "reject":
            continue
        gap_id, flag = text_of(row["gap_id"]), text_of(row.get("decision_flag"))
        if text_of(row.get("decision")) != "accept":
            found.append(Open(gap_id, NOT_ACCEPTED, ""))
        if flag:
            found.append(Open(gap_id, ANOTHER_LOOK, flag))
        claims = dict.fromkeys(a for c in CLAIM_CELLS for a in addresses(text_of(row.get(c))))
        for a in claims:
            in_rows.add(a)
            if (wanted is None or a in wanted) and (gap_id, a) not in confirmed:
                what = DISPUTED if (gap_id, a) in disputed else NOT_CONFIRMED
                found.append(Open(gap_id, what, a))
    elsewhere = [a for a in wanted or () if a not in in_rows]
    return found + [
        Open("", DISPUTED if a in doubted else NOT_CONFIRMED, a)
        for a in elsewhere
        if a in doubted or a not in anywhere
    ]


def _about_passages(table: pd.DataFrame, kind: str) -> set[tuple[str, str]]:
    """Rows and passages of decisions that stand."""
    return {
        (text_of(d["row"]), text_of(d["passage"]))
        for d in dicts(table[table["decision"] == kind])
        if d["state"] in _SETTLED and text_of(d["passage"])
    }


def signers(gaps: pd.DataFrame, table: pd.DataFrame) -> list[tuple[str, str]]:
    """Who accepted rows or confirmed passages, and the day of the last of it.

    Returns
    -------
    list of (str, str)
        Name and date, in the order of the file.
    """
    last: dict[str, str] = {}
    for d in dicts(table):
        if d["decision"] in ("accept", "reject", "confirm") and d["state"] in _SETTLED:
            name, day = text_of(d["by"]), text_of(d["date"])
            last[name] = max(day, last.get(name, ""))
    return list(last.items())


def in_words(left: Iterable[Open]) -> str:
    """Say how much is missing: ``4 gaps to accept, 17 claims to confirm``.

    Examples
    --------
    >>> in_words([Open("G-1", "not accepted", ""), Open("G-1", "not confirmed", "1.0.0-9")])
    '1 row to accept, 1 claim to confirm'
    """
    left = list(left)
    said = []
    for what, one, many in (
        (NOT_ACCEPTED, "row to accept", "rows to accept"),
        (ANOTHER_LOOK, "decision to look at again", "decisions to look at again"),
        (NOT_CONFIRMED, "claim to confirm", "claims to confirm"),
        (DISPUTED, "claim in dispute", "claims in dispute"),
    ):
        n = sum(o.what == what for o in left)
        if n:
            said.append(f"{n:,} {one if n == 1 else many}")
    return ", ".join(said) or "nothing"
