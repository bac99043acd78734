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
_CLAIMS = ("cp_passage", "bp_passage", "cause_passage", "passages")


class Open(NamedTuple):
    """One thing that keeps a report from being final."""

    gap_id: str
    """Empty for a claim outside the gaps."""
    what: str
    """``not accepted``, ``another look``, ``not confirmed``."""
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
    """
    confirmed = {
        (text_of(d["row"]), text_of(d["passage"]))
        for d in dicts(table[table["decision"] == "confirm"])
        if d["state"] in _SETTLED and text_of(d["passage"])
    }
    anywhere = {passage for _, passage in confirmed}
    wanted = None if cited is None else dict.fromkeys(cited)
    found: list[Open] = []
    in_rows: set[str] = set()
    for row in dicts(gaps):
        if text_of(row.get("decision")) == "reject":
            continue
        gap_id, flag = text_of(row["gap_id"]), text_of(row.get("decision_flag"))
        if text_of(row.get("decision")) != "accept":
            found.append(Open(gap_id, "not accepted", ""))
        if flag:
            found.append(Open(gap_id, "another look", flag))
        claims = dict.fromkeys(a for c in _CLAIMS for a in addresses(text_of(row.get(c))))
        for a in claims:
            in_rows.add(a)
            if (wanted is None or a in wanted) and (gap_id, a) not in confirmed:
                found.append(Open(gap_id, "not confirmed", a))
    found += [
        Open("", "not confirmed", a) for a in wanted or () if a not in in_rows and a not in anywhere
    ]
    return found
