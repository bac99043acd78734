"""A fact together with the words that state it."""

from __future__ import annotations

from typing import NamedTuple


class Stated(NamedTuple):
    """A value read from words, and where they stand."""

    value: str
    """In the field's own terms, such as ``IIa`` or ``strong``."""
    where: str
    """``text``, ``title``, ``section`` or ``publication type``."""
    start: int
    """First character of the words, counted there."""
    end: int
    """One past the last."""
