"""How many relevant records are still unread: exact limits from a random sample.

No score of a ranking says when to stop. Only records drawn at random from the unread ones do: if
``k`` of ``n`` drawn are relevant, the exact hypergeometric limits say how many of all unread ones
can be.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Remaining(NamedTuple):
    """Relevant records among the unread.

    Attributes
    ----------
    estimate : float
    low, high : int
        95 % limits.
    drawn, relevant : int
        Size of the random sample, and how many of it were relevant.
    of : int
        Unread records when the sample was begun.
    """

    estimate: float
    low: int
    high: int
    drawn: int
    relevant: int
    of: int


def hypergeometric_limits(n: int, k: int, whole: int, level: float = 0.95) -> tuple[int, int]:
    """Exact limits for the number of relevant among ``whole`` of which ``n`` were drawn.

    All totals are kept that a two-sided test at each side would not refuse (Clopper and Pearson's
    way for drawing without putting back; Buonaccorsi 1987).

    Parameters
    ----------
    n, k : int
        Drawn, and relevant among them.
    whole : int
    level : float

    Raises
    ------
    ValueError
        Unless ``0 <= k <= n <= whole``.

    Examples
    --------
    >>> hypergeometric_limits(50, 0, 50)
    (0, 0)
    >>> hypergeometric_limits(30, 0, 200)
    (0, 21)
    """
    if not 0 <= k <= n <= whole:
        raise ValueError("0 <= k <= n <= whole")
    alpha = (1 - level) / 2
    possible = range(k, whole - (n - k) + 1)

    def tail(total: int, upper: bool) -> float:
        span = range(k, min(n, total) + 1) if upper else range(max(0, n - whole + total), k + 1)
        return sum(_mass(i, n, total, whole) for i in span)

    low = _first(possible, lambda total: tail(total, True) > alpha)
    high = _first(possible[::-1], lambda total: tail(total, False) > alpha)
    return low, high


def _first(totals: Sequence[int], holds: Callable[[int], bool]) -> int:
    # The tails are monotonous in the total, so the border can be found by halving.
    return totals[bisect_left(totals, True, key=holds)]


def _mass(i: int, n: int, total: int, whole: int) -> float:
    if i > total or n - i > whole - total:
        return 0.0
    return math.exp(
        _log_choose(total, i) + _log_choose(whole - total, n - i) - _log_choose(whole, n)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def remaining(of: int, drawn: int, relevant: int, found_since: int) -> Remaining:
    """Estimate the relevant among the unread.

    Parameters
    ----------
    of : int
        Unread records when the random sample was begun.
    drawn, relevant : int
        Read of the sample so far, and relevant among them.
    found_since : int
        Relevant records found since then among those ``of``, by ranking or by chance, those of
        the sample included: they do not remain.
    """
    low, high = hypergeometric_limits(drawn, relevant, of)
    guess = relevant / drawn * of if drawn else 0.0
    return Remaining(
        max(0.0, guess - found_since),
        max(0, low - found_since),
        max(0, high - found_since),
        drawn,
        relevant,
        of,
    )
