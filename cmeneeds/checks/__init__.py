"""Rules that a reviewer would apply, one function a rule.

Rules over rows of the gap table stand in :mod:`cmeneeds.checks.gap_logic`, rules over a whole
report or draft in the modules beside it. They check against what is asked for; no accreditor
certifies a document or a tool.
"""

from __future__ import annotations

from typing import NamedTuple


class About(NamedTuple):
    """What a list of rules says of each."""

    id: str
    severity: str
    asks: str
    basis: str
    todo: str
    on: str
    """``run``, ``run, draft``, or ``not decided here``."""
    why: str
    """Of a rule that is not decided: why."""


def all_rules() -> dict[str, About]:
    """Every rule by id, those that are not decided included."""
    from cmeneeds.checks import (  # noqa: F401 - rules declare themselves
        citations,
        evidence,
        gap_logic,
        independence,
        objectives,
        process,
        prose,
    )
    from cmeneeds.checks.registry import DOCUMENT_RULES, UNDECIDED
    from cmeneeds.checks.rules import RULES

    found = [About(r.id, r.severity, r.asks, str(r.basis), r.todo, "run", "")
             for r in RULES.values()]  # fmt: skip
    found += [
        About(d.id, d.severity, d.asks, str(d.basis), d.todo, ", ".join(d.on), "")
        for d in DOCUMENT_RULES.values()
    ]
    found += [
        About(id, "", asks, "", "A reader must judge it.", "not decided here", why)
        for id, (asks, why) in UNDECIDED.items()
    ]
    return {about.id: about for about in sorted(found, key=lambda a: a.id)}
