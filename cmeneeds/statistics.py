"""Intervals and effect sizes for figures that are counted or averaged, in plain Python.

Every interval is two-sided, 95 % unless ``level`` says otherwise. Proportions go from 0 to 1, here
and only here; tables say percent. Nothing is pooled and nothing is tested for significance except
:func:`mcnemar_exact`, because a needs assessment describes.

Sources of the formulas:

- Wilson EB. J Am Stat Assoc. 1927;22:209-212 (score interval).
- Clopper CJ, Pearson ES. Biometrika. 1934;26:404-413 (exact interval).
- Newcombe RG. Stat Med. 1998;17:873-890 (difference, independent; method 10).
- Newcombe RG. Stat Med. 1998;17:2635-2650 (difference, paired; method 10).
- McNemar Q. Psychometrika. 1947;12:153-157 (here in its exact, binomial form).
- Cohen J. Statistical Power Analysis for the Behavioral Sciences, 2nd ed., 1988, ch. 6 (h).
- Hedges LV. J Educ Stat. 1981;6:107-128; Hedges LV, Olkin I. Statistical Methods for
  Meta-Analysis, 1985 (g and its large-sample variance).
- Becker BJ. Br J Math Stat Psychol. 1988;41:257-278; Morris SB, DeShon RP. Psychol Methods.
  2002;7:105-125 (standardized mean change in units of the SD before).
- Fleiss JL, Cohen J, Everitt BS. Psychol Bull. 1969;72:323-327 (standard error of kappa).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class Estimate(NamedTuple):
    """A figure with its interval, and how it was made."""

    value: float
    low: float
    high: float
    method: str
    """In words, for readers."""


def wilson(events: int, n: int, level: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson 1927), without continuity correction.

    Raises
    ------
    ValueError
        If ``n`` is not positive or ``events`` lies outside 0 to ``n``.

    Examples
    --------
    >>> low, high = wilson(21, 50)
    >>> round(low, 3), round(high, 3)
    (0.294, 0.558)
    """
    p, z = _proportion(events, n), _z(level)
    middle = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(
        0.0 if events == 0 else (middle - spread) / scale,
        1.0 if events == n else (middle + spread) / scale,
    )


def clopper_pearson(events: int, n: int, level: float = 0.95) -> Interval:
    """Exact interval of a proportion (Clopper and Pearson 1934): never too narrow, often too wide.

    Raises
    ------
    ValueError
        As :func:`wilson`.
    """
    _proportion(events, n)
    tail = (1 - _level(level)) / 2
    low = 0.0 if events == 0 else _beta_quantile(tail, events, n - events + 1)
    high = 1.0 if events == n else _beta_quantile(1 - tail, events + 1, n - events)
    return Interval(low, high)


def difference(events_1: int, n_1: int, events_2: int, n_2: int, level: float = 0.95) -> Estimate:
    """Second proportion minus first, of two groups (Newcombe 1998, method 10).

    Raises
    ------
    ValueError
        As :func:`wilson`, of either group.
    """
    p1, p2 = _proportion(events_1, n_1), _proportion(events_2, n_2)
    low, high = _square_and_add(
        p1, wilson(events_1, n_1, level), p2, wilson(events_2, n_2, level), 0.0
    )
    return Estimate(p2 - p1, low, high, "Newcombe's interval for independent groups")


def paired_difference(
    both: int, gained: int, lost: int, neither: int, level: float = 0.95
) -> Estimate:
    """Second proportion minus first, in the same people (Newcombe 1998, paired, method 10).

    Parameters
    ----------
    both, neither : int
        People who were right, or wrong, both times.
    gained, lost : int
        Wrong then right; right then wrong.

    Raises
    ------
    ValueError
        If a count is negative or all are zero.
    """
    counts = (both, gained, lost, neither)
    if min(counts) < 0 or sum(counts) == 0:
        raise ValueError("four counts of people, none negative, not all zero")
    n = sum(counts)
    first, second = both + lost, both + gained
    product: float = both * neither - gained * lost
    if product > 0:  # Newcombe's correction for continuity of phi
        product = max(product - n / 2, 0.0)
    margins = first * (n - first) * second * (n - second)
    phi = product / math.sqrt(margins) if margins else 0.0
    low, high = _square_and_add(
        first / n, wilson(first, n, level), second / n, wilson(second, n, level), phi
    )
    return Estimate((gained - lost) / n, low, high, "Newcombe's interval for paired proportions")


def _square_and_add(
    p1: float, around_1: Interval, p2: float, around_2: Interval, phi: float
) -> Interval:
    """Interval of p2 - p1 from the intervals of both and their correlation."""

    def spread(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    return Interval(
        p2 - p1 - spread(p2 - around_2.low, around_1.high - p1),
        p2 - p1 + spread(around_2.high - p2, p1 - around_1.low),
    )


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided exact p of as many people gaining as losing (McNemar 1947, binomial form).

    1 if nobody changed.

    Raises
    ------
    ValueError
        If a count is negative.
    """
    if min(gained, lost) < 0:
        raise ValueError("counts of people are not negative")
    n = gained + lost
    terms = (math.exp(_log_choose(n, k) - n * math.log(2)) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * math.fsum(terms))


def cohens_h(events_1: int, n_1: int, events_2: int, n_2: int, level: float = 0.95) -> Estimate:
    """Difference of two proportions after the arcsine transformation, second minus first.

    Its standard error is that of two independent groups, sqrt(1/n1 + 1/n2); by Cohen's own
    convention 0.2 is small, 0.5 medium, 0.8 large.

    Raises
    ------
    ValueError
        As :func:`wilson`, of either group.
    """
    p1, p2 = _proportion(events_1, n_1), _proportion(events_2, n_2)
    h = 2 * math.asin(math.sqrt(p2)) - 2 * math.asin(math.sqrt(p1))
    spread = _z(level) * math.sqrt(1 / n_1 + 1 / n_2)
    return Estimate(h, h - spread, h + spread, "Cohen's h, independent groups")


def hedges_g(
    mean_1: float,
    sd_1: float,
    n_1: int,
    mean_2: float,
    sd_2: float,
    n_2: int,
    level: float = 0.95,
) -> Estimate:
    """Standardized difference of the means of two groups, second minus first (Hedges' g).

    In units of the pooled SD, corrected for small samples by 1 - 3/(4 df - 1); large-sample
    interval with variance (n1 + n2)/(n1 n2) + g^2 / (2 (n1 + n2 - 3.94)).

    Raises
    ------
    ValueError
        If a group has fewer than two people, an SD is negative, or both are zero.
    """
    _spreads((n_1, sd_1), (n_2, sd_2))
    total = n_1 + n_2
    pooled = math.sqrt(((n_1 - 1) * sd_1**2 + (n_2 - 1) * sd_2**2) / (total - 2))
    if not pooled:
        raise ValueError("nobody differs from anybody: no SD to measure by")
    g = (1 - 3 / (4 * (total - 2) - 1)) * (mean_2 - mean_1) / pooled
    # Below four people in all the variance has no meaning; 2 + 2 is the least that passes.
    spread = _z(level) * math.sqrt(total / (n_1 * n_2) + g * g / (2 * (total - 3.94)))
    return Estimate(g, g - spread, g + spread, "Hedges' g, independent groups")


def standardized_change(
    mean_1: float,
    sd_1: float,
    mean_2: float,
    n: int,
    r: float | None = None,
    level: float = 0.95,
) -> Estimate:
    """Change of the mean of the same people, in units of the SD before (Becker 1988).

    Corrected for small samples by 1 - 3/(4 (n - 1) - 1); variance 2 (1 - r)/n + d^2/(2 n).

    Parameters
    ----------
    r : float, optional
        Correlation between before and after. If it is not known, 0 is taken: the interval is then
        wider than with any positive correlation, and ``method`` says so.

    Raises
    ------
    ValueError
        If ``n`` is below 3, the SD is not positive or ``r`` lies outside -1 to 1.
    """
    if n < 3 or sd_1 <= 0 or not math.isfinite(sd_1):
        raise ValueError("a standardized change needs three people and a positive SD before")
    if r is not None and not -1 <= r <= 1:
        raise ValueError("a correlation lies between -1 and 1")
    d = (1 - 3 / (4 * (n - 1) - 1)) * (mean_2 - mean_1) / sd_1
    spread = _z(level) * math.sqrt(2 * (1 - (r or 0.0)) / n + d * d / (2 * n))
    known = (
        "same people"
        if r is not None
        else ("same people, correlation not known and taken as 0, so the interval is wide")
    )
    return Estimate(d, d - spread, d + spread, f"standardized mean change, {known}")


def mean_interval(mean: float, sd: float, n: int, level: float = 0.95) -> Interval:
    """Interval of a mean by Student's t.

    Raises
    ------
    ValueError
        If ``n`` is below 2 or the SD is negative.
    """
    _spreads((n, sd))
    spread = _t_quantile((1 + _level(level)) / 2, n - 1) * sd / math.sqrt(n)
    return Interval(mean - spread, mean + spread)


def cohens_kappa(table: Sequence[Sequence[int]], level: float = 0.95) -> Estimate:
    """Agreement of two raters beyond chance (Fleiss, Cohen and Everitt 1969 for the interval).

    Parameters
    ----------
    table : square table of counts
        Row: what the first rater said; column: the second.

    Raises
    ------
    ValueError
        If the table is not square, is empty or holds a negative count, or if both raters used one
        and the same category throughout, where kappa is not defined.
    """
    k = len(table)
    if k < 2 or any(len(row) != k for row in table) or any(c < 0 for row in table for c in row):
        raise ValueError("a square table of counts, at least two by two")
    n = sum(map(sum, table))
    if n == 0:
        raise ValueError("nothing was rated")
    p = [[cell / n for cell in row] for row in table]
    rows = [sum(row) for row in p]
    columns = [sum(p[i][j] for i in range(k)) for j in range(k)]
    observed = sum(p[i][i] for i in range(k))
    chance = sum(rows[i] * columns[i] for i in range(k))
    if math.isclose(chance, 1.0, abs_tol=1e-15):
        raise ValueError("both raters used one category only: kappa is not defined")
    kappa = (observed - chance) / (1 - chance)
    agree = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(k))
    disagree = (1 - kappa) ** 2 * sum(
        p[i][j] * (columns[i] + rows[j]) ** 2 for i in range(k) for j in range(k) if i != j
    )
    variance = agree + disagree - (kappa - chance * (1 - kappa)) ** 2
    spread = _z(level) * math.sqrt(max(0.0, variance) / n) / (1 - chance)
    return Estimate(kappa, kappa - spread, kappa + spread, "Cohen's kappa")


# --- what they rest on --------------------------------------------------------------------------


def _proportion(events: int, n: int) -> float:
    if n <= 0:
        raise ValueError("a share of nobody is not defined: n must be positive")
    if not 0 <= events <= n:
        raise ValueError("the numerator lies outside 0 to n")
    return events / n


def _spreads(*groups: tuple[int, float]) -> None:
    for n, sd in groups:
        if n < 2 or sd < 0 or not math.isfinite(sd):
            raise ValueError("each group needs two people and an SD that is not negative")


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError("a level lies between 0 and 1, such as 0.95")
    return level


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + _level(level)) / 2)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _t_quantile(p: float, df: int) -> float:
    """Quantile of Student's t, for p above one half."""
    x = _beta_quantile(2 * (1 - p), df / 2, 0.5)
    return math.sqrt(df * (1 - x) / x)


def _beta_quantile(p: float, a: float, b: float) -> float:
    return _bisect(lambda x: _beta_cdf(x, a, b) - p)


def _bisect(f: Callable[[float], float]) -> float:
    """Zero of a rising function on 0 to 1, to the last bits of a float."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


def _beta_cdf(x: float, a: float, b: float) -> float:
    """Regularized incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, use the other tail
        return 1 - _beta_cdf(1 - x, b, a)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    return math.exp(log_front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction, by Lentz's method as modified by Thompson and Barnett (1986)."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d or tiny)
    value = d
    for m in range(1, 20_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value
