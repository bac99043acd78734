"""Which findings a section quotes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.burden_words import BurdenTold, burden_told
from cmeneeds.evidence.directives import directness, states_strength

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmeneeds.gaps.subjects import Vocabulary


def plainest_first(vocabulary: Vocabulary) -> Callable[[Any], tuple[int, bool] | None]:
    """Order recommendations: those that plainly recommend the topic itself go first."""

    def order(row: Any) -> tuple[int, bool] | None:
        how = directness(str(row.text), vocabulary.touches)
        return None if how is None else (how, not states_strength(str(row.text), "strong"))

    return order


def heaviest_first(
    vocabulary: Vocabulary, countries: frozenset[str]
) -> Callable[[Any], BurdenTold | None]:
    """Order sentences on burden: those that measure the topic, where the learners are, go first."""

    def order(row: Any) -> BurdenTold | None:
        return burden_told(str(row.text), vocabulary.touches, countries)

    return order
