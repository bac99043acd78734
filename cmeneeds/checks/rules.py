"""What a rule is, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cmeneeds.checks.basis import Basis

if TYPE_CHECKING:
    from cmeneeds.brief import Brief

Severity = Literal["error", "warning"]


class Case(NamedTuple):
    """One row of the gap table, with what was planned for it."""

    gap: Any
    """The row; its attributes are the columns of :data:`cmeneeds.gaps.columns.GAP_COLUMNS`."""
    plan: Any
    """The row of the objectives; None where nothing is planned."""
    brief: Brief
    others: tuple[Any, ...]
    """The other rows of the table that are presented."""


class Rule(NamedTuple):
    """A yes-or-no question about a row."""

    id: str
    """Such as ``L01``, stable."""
    severity: Severity
    """For a gap. For a candidate every rule is a warning: it says itself what it lacks."""
    asks: str
    """The rule, as a statement that should hold."""
    basis: Basis
    """Where it comes from: an accreditor's requirement, a style guide, or house custom."""
    todo: str
    """What to do where it does not hold."""
    holds: Callable[[Case], bool]


RULES: dict[str, Rule] = {}
"""All rules by id, in the order of their declaration."""


def rule(
    id: str, severity: Severity, asks: str, *, basis: Basis, todo: str
) -> Callable[[Callable[[Case], bool]], Callable[[Case], bool]]:
    """Declare a rule over a function that tells whether it holds."""

    def declare(holds: Callable[[Case], bool]) -> Callable[[Case], bool]:
        if id in RULES:
            raise ValueError(f"there are two rules {id}")
        RULES[id] = Rule(id, severity, asks, basis, todo, holds)
        return holds

    return declare
