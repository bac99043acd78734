"""Rates as readers get them, and the pieces that they are put together from."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["percent", "fraction", "words"]


class Span(NamedTuple):
    """Half-open span of characters in the sentence."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters."""
        return text[self.start : self.end]


class Rate(NamedTuple):
    """A share, and where it stands in the sentence."""

    value: float | None
    """Percent, as printed or else computed; None for a spread ("12-15%")."""
    numerator: int | None
    """Count with the feature, where the sentence gives it."""
    denominator: int | None
    """Count of all, where the sentence gives it."""
    start: int
    """First character of the number, counted in the sentence."""
    end: int
    """One past its last character, the bracket that belongs to it included."""
    kind: Kind
    """How it is printed; a percentage with counts is ``percent``."""
    agrees: bool | None
    """Whether percentage and counts fit; None where not both are given."""
    low: float | None = None
    """Lower limit in percent: of the interval printed with the value, or of a spread."""
    high: float | None = None
    """Upper limit."""
    limits: str | None = None
    """What the limits are: ``CI``, ``range``, ``IQR``, ``spread``, or ``unnamed``."""
    bound: str | None = None
    """``>`` or ``<`` where the sentence says more or less than the value, ``~`` for about."""
    numerator_at: Span | None = None
    denominator_at: Span | None = None
    who: Span | None = None
    """Words that say whose share it is ("internists", "women"); None where that is not told."""
    when: Span | None = None
    """Words that say when ("2013", "at 12 months"); None where that is not told."""


class Atom(NamedTuple):
    """A number with its part in a rate, before neighbours are joined."""

    kind: Literal["percent", "words", "fraction", "count"]
    start: int
    end: int
    value: float | None = None
    unit: float = 1.0
    low: float | None = None
    high: float | None = None
    limits: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    numerator_at: Span | None = None
    denominator_at: Span | None = None


def agree(value: float, numerator: int, denominator: int, unit: float) -> bool:
    """Whether a percentage and its counts fit.

    They do when they differ by less than one in the last printed place, so that both rounding and
    cutting off pass.

    Examples
    --------
    >>> agree(66.6, 2, 3, 0.1), agree(66.7, 2, 3, 0.1), agree(66.5, 2, 3, 0.1)
    (True, True, False)
    """
    if not 0 <= numerator <= denominator or not denominator:
        return False
    return abs(100 * numerator / denominator - value) < unit - 1e-9
