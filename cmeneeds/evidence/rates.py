"""Rates: which share of whom, as a sentence prints it.

A rate is a share of things that can be counted, such as people, visits or records: ``62%``,
``124/200``, ``124 of 200``, ``two thirds``. ``labels/README.md`` has the rules, and
``docs/rates.md`` says how well they are kept. What looks like a rate and is none is told apart in
:mod:`cmeneeds.evidence.not_rates`; who a rate is about, and of how many it is a share where that
stands elsewhere in the sentence, is found in :mod:`cmeneeds.evidence.rate_groups`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cmeneeds.evidence.numbers import WORDS, numbers
from cmeneeds.evidence.rate_atoms import atoms_in, limits_in, with_limits
from cmeneeds.evidence.rate_groups import completed
from cmeneeds.evidence.rate_joins import joined
from cmeneeds.evidence.rate_parts import Kind, Rate, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmeneeds.records import Markup

__all__ = ["LONGEST_SENTENCE", "Kind", "Rate", "Span", "rates"]

LONGEST_SENTENCE = 5000
"""Rates are looked for in the first so many characters of a sentence."""

MOST_NUMBERS = 400
"""So many numbers of a sentence are read; the rest of a longer one is no prose."""

_HINTS = (
    "%", "percent", "per cent", "half", "third", "quarter", "fourth", "fifths", "tenths", "one-in-",
    "out of ", "of whom", "of which",
)  # fmt: skip
_SLASHED = re.compile(r"\d\)?\s?/\s?\d")
_WHOLE_NEXT = re.compile(r"(?:(?:the|all|these|those|our)\s){0,2}\d")


def rates(text: str, markup: Sequence[Markup] = ()) -> tuple[Rate, ...]:
    """Find the rates in a sentence.

    Parameters
    ----------
    text : str
        A sentence. Only its first :data:`LONGEST_SENTENCE` characters and :data:`MOST_NUMBERS`
        numbers are read.
    markup : sequence of Markup, optional
        Inline elements with offsets in the sentence. A number that overlaps a superscript or
        subscript is left out.

    Returns
    -------
    tuple of Rate
        In order of place, not overlapping.

    Examples
    --------
    >>> text = "Feet were examined in 62% (124/200) of visits."
    >>> rate = rates(text)[0]
    >>> rate.value, rate.numerator, rate.denominator, rate.agrees, text[rate.start : rate.end]
    (62.0, 124, 200, True, '62% (124/200)')
    >>> rates("Use rose by 12% (95% CI 8-16%).")
    ()
    """
    text = text[:LONGEST_SENTENCE]
    if not _hinted(text):
        return ()
    raised = [(m.start, m.end) for m in markup if m.tag in ("sup", "sub")]
    found = numbers(text)[:MOST_NUMBERS]
    found = [n for n in found if not any(n.start < b and a < n.end for a, b in raised)]
    limits = limits_in(text)
    drafts, counts = joined(text, atoms_in(text, found, limits))
    return completed(text, [with_limits(text, draft, limits) for draft in drafts], counts)


def _hinted(text: str) -> bool:
    """Whether a sentence can have rates at all: most cannot, and this is quick to see."""
    lower = f" {text.lower()}"
    for hint in _HINTS:
        if hint in lower:
            return True
    if "/" in text and _SLASHED.search(text):
        return True
    for joint in (" of ", " in "):
        at = lower.find(joint)
        while at >= 0:
            word = lower[max(0, at - 12) : at].rpartition(" ")[2].rpartition("-")[2]
            if word in WORDS or word[-1:].isdigit():
                return True
            if joint == " of " and _WHOLE_NEXT.match(lower, at + 4):
                return True
            at = lower.find(joint, at + 4)
    return False
