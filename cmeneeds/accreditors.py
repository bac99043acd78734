"""Which accreditors there are, and what each asks, as tables to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmeneeds.accreditation import shipped
from cmeneeds.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def accreditation_map(accreditor: str = "") -> pd.DataFrame:
    """Tell which accreditors are known, or what one of them asks.

    Parameters
    ----------
    accreditor : str
        Such as ``"ACCME"``; without it, all are listed.

    Returns
    -------
    DataFrame
        One row an accreditor: ``accreditor``, ``title``, ``region``, ``requirements`` (how many are
        known here), ``look_up`` (what to verify before relying on it). Or one row a requirement of
        one: ``requirement``, ``kind``, ``asks`` (in our own words), ``section`` of the report that
        speaks of it, ``source`` and when it was read.

    Raises
    ------
    UsageError
        If the accreditor is not known.
    """
    import pandas as pd

    known = {p.name: p for p in shipped().values()}
    if not accreditor:
        rows = [(p.name, p.title, p.region, len(p.requirements), p.verify) for p in known.values()]
        columns = ["accreditor", "title", "region", "requirements", "look_up"]
        return pd.DataFrame(rows, columns=columns)
    if accreditor not in known:
        raise UsageError(
            f"there is no accreditor {accreditor!r}", f"Use one of {', '.join(sorted(known))}."
        )
    asked = known[accreditor].requirements
    return pd.DataFrame(
        [(r.id, r.kind, r.asks, r.section, r.where_read) for r in asked],
        columns=["requirement", "kind", "asks", "section", "source"],
    )
