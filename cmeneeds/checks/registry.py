"""Rules over a whole report or draft: how one is declared, and what it may find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from cmeneeds.checks.basis import Basis

if TYPE_CHECKING:
    from cmeneeds.checks.view import View

Severity = Literal["error", "warning", "open"]
"""``open``: only a person can supply it; that keeps a report from being final, nothing else."""

On = Literal["run", "draft"]


class Found(NamedTuple):
    """One place where a rule does not hold."""

    what: str
    """What is there, in few words."""
    where: str = ""
    """Section, row or file."""
    severity: Severity | None = None
    """Where it is not that of the rule."""
    near: str = ""
    """A text or an address that stands at the place, to find its line."""


class NotDecided(Exception):
    """A rule cannot be decided on what is at hand; the message says why."""


@dataclass(frozen=True)
class DocumentRule:
    """A rule over a report or a draft.

    Attributes
    ----------
    id : str
        Such as ``L21``, stable.
    severity : str
    asks : str
        The rule, as a statement that should hold.
    basis : Basis
    todo : str
        What to do where it does not hold.
    on : tuple of str
        ``run``, ``draft``: what it can be decided on.
    find : callable
        Yields the places where it does not hold; raises :class:`NotDecided` where it cannot tell.
    """

    id: str
    severity: Severity
    asks: str
    basis: Basis
    todo: str
    on: tuple[On, ...]
    find: Callable[[View], Iterable[Found]]


DOCUMENT_RULES: dict[str, DocumentRule] = {}
"""All such rules by id, in the order of their declaration."""

Rule = Callable[["View"], Iterable[Found]]


def document_rule(
    id: str,
    severity: Severity,
    asks: str,
    *,
    basis: Basis,
    todo: str,
    on: tuple[On, ...] = ("run", "draft"),
) -> Callable[[Rule], Rule]:
    """Declare a rule over a function that yields where it does not hold."""

    def declare(find: Rule) -> Rule:
        if id in DOCUMENT_RULES:
            raise ValueError(f"there are two rules {id}")
        DOCUMENT_RULES[id] = DocumentRule(id, severity, asks, basis, todo, on, find)
        return find

    return declare


UNDECIDED: dict[str, tuple[str, str]] = {
    "L53": (
        "At least two therapeutic options stand in statements about treatment.",
        "which options a condition has is clinical knowledge that no list here holds",
    ),
    "L55": (
        "Emerging and off-label statements are labelled.",
        "the records do not say which uses are labelled in which country",
    ),
    "L61": (
        "Every requirement of the supporter's request is addressed.",
        "whether a text answers a requirement takes a reader",
    ),
}
"""Rules that this package does not decide: what they ask, and why."""
