"""Sourced targets: what a passage says should be reached, as a share, on the subject of a row.

Only such a figure is a comparator that a rate may be subtracted from. A hundred is none: it ignores
contraindication and refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from cmeneeds.gaps.reading import Reading
from cmeneeds.gaps.terms import COMMON_WORDS, stem
from cmeneeds.source_types import may_set_target

_SHARE = r"(?P<value>\d{1,3}(?:\.\d+)?)\s?(?:%|per ?cent)"
_TARGET = re.compile(
    # "a target of at least 90%", "the 95% benchmark"; not the target of a drug, nor a goal reached.
    rf"\b(?:targets?|benchmarks?|goals?|standards?)\b(?:\s(?:rate|level|coverage|value|uptake))?"
    r"\s?(?:of|is|was|at|:|set at|to reach|to achieve)\s?"
    rf"(?:at least\s|≥\s?|>\s?|over\s|above\s)?{_SHARE}"
    rf"|{_SHARE.replace('value', 'before')}\s(?:target|benchmark|goal|standard)\b",
    re.IGNORECASE,
)


class Target(NamedTuple):
    """A share that should be reached, and the passage that says so."""

    value: float
    """Percent."""
    start: int
    """First character of the number, counted in the sentence."""
    end: int
    passage: Reading


def target_in(text: str) -> tuple[float, int, int] | None:
    """Find the share that a sentence calls a target, benchmark, goal or standard.

    Returns
    -------
    (float, int, int) or None
        Percent, and the span of the number.

    Examples
    --------
    >>> target_in("The national target of at least 90% was missed.")
    (90.0, 32, 34)
    >>> target_in("Only 40% reached the target.") is None
    True
    """
    for found in _TARGET.finditer(text):
        name = "value" if found["value"] else "before"
        value = float(found[name])
        if 0 < value <= 100:
            return value, *found.span(name)
    return None


def target_for(
    lead: Reading, readings: Iterable[Reading], topic: frozenset[str], words: int
) -> Target | None:
    """Choose the target for a row: the same subject, enough words in common, guidelines first.

    Parameters
    ----------
    lead : Reading
        The finding that speaks for the row.
    readings : iterable of Reading
        Everything on the same subject.
    topic : frozenset of str
        Words that all subjects share.
    words : int
        How many telling words target and finding must share beyond topic and subject.
    """
    found = []
    for f in readings:
        told = target_in(f.row.text) if may_set_target(f.work) else None
        if told is None:
            continue
        shared = (lead.words & f.words) - topic - COMMON_WORDS
        shared = frozenset(w for w in shared if stem(w) not in lead.subject.core)
        if f is lead or len(shared) >= words:
            found.append(Target(*told, f))
    if not found:
        return None
    return min(
        found,
        key=lambda t: (not t.passage.work.is_guideline, -t.passage.year, t.passage.row.finding_id),
    )
