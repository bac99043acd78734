"""Intervals and effect sizes agree with independent implementations (statsmodels, scipy).

All counts and means are made up or drawn by a seeded generator.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats import contingency_tables, inter_rater, meta_analysis, proportion

from cmeneeds import statistics as st

CASES = 400


def draws(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def counts(rng: np.random.Generator, largest: int = 3000) -> tuple[int, int]:
    n = int(np.exp(rng.uniform(0, np.log(largest))))
    return int(rng.integers(0, n + 1)), max(n, 1)


def test_wilson_agrees_with_statsmodels_and_scipy() -> None:
    rng = draws(1)
    for _ in range(CASES):
        k, n = counts(rng)
        level = float(rng.choice([0.8, 0.9, 0.95, 0.99]))
        ours = st.wilson(k, n, level)
        theirs = proportion.proportion_confint(k, n, alpha=1 - level, method="wilson")
        assert ours == pytest.approx(theirs, abs=1e-10), (k, n, level)
        exact = stats.binomtest(k, n).proportion_ci(level, method="wilson")
        assert ours == pytest.approx((exact.low, exact.high), abs=1e-10)


def test_clopper_pearson_agrees_with_statsmodels_and_scipy() -> None:
    rng = draws(2)
    for _ in range(CASES):
        k, n = counts(rng)
        ours = st.clopper_pearson(k, n)
        theirs = proportion.proportion_confint(k, n, method="beta")
        assert ours == pytest.approx(theirs, abs=1e-9), (k, n)
        exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
        assert ours == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize("interval", [st.wilson, st.clopper_pearson])
def test_nobody_and_everybody_have_an_interval_that_ends_there(interval: object) -> None:
    for n in (1, 2, 5, 40, 100_000):
        low, high = interval(0, n)  # type: ignore[operator]
        assert low == 0
        assert 0 < high < 1
        mirrored_low, mirrored_high = interval(n, n)  # type: ignore[operator]
        assert mirrored_high == 1
        assert mirrored_low == pytest.approx(1 - high, abs=1e-12)


def test_large_audits_have_exact_intervals_too() -> None:
    for k, n in ((1, 1_000_000), (400_000, 1_000_000), (999_999, 1_000_000)):
        exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
        assert st.clopper_pearson(k, n) == pytest.approx((exact.low, exact.high), abs=1e-8)


@pytest.mark.parametrize("interval", [st.wilson, st.clopper_pearson])
@pytest.mark.parametrize(("k", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5), (0, -3)])
def test_impossible_counts_are_refused(interval: object, k: int, n: int) -> None:
    with pytest.raises(ValueError, match=r"n must be positive|outside 0 to n"):
        interval(k, n)  # type: ignore[operator]


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        st.wilson(1, 2, level)


def test_difference_of_two_groups_agrees_with_statsmodels() -> None:
    rng = draws(3)
    for _ in range(CASES):
        (k1, n1), (k2, n2) = counts(rng), counts(rng)
        ours = st.difference(k1, n1, k2, n2)
        low, high = proportion.confint_proportions_2indep(
            k2, n2, k1, n1, method="newcomb", compare="diff"
        )
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9), (k1, n1, k2, n2)
        assert ours.value == pytest.approx(k2 / n2 - k1 / n1)


def test_difference_of_two_groups_gives_the_published_examples() -> None:
    # Newcombe 1998, method 10: two of its worked examples.
    assert st.difference(48, 80, 56, 70)[1:3] == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert st.difference(3, 10, 9, 10)[1:3] == pytest.approx((0.1705, 0.8090), abs=5e-5)


def paired_by_definition(both: int, gained: int, lost: int, neither: int) -> tuple[float, float]:
    """Newcombe 1998, method 10, a second time: as a quadratic form, margins by statsmodels."""
    n = both + gained + lost + neither
    p1, p2 = (both + lost) / n, (both + gained) / n
    l1, u1 = proportion.proportion_confint(both + lost, n, method="wilson")
    l2, u2 = proportion.proportion_confint(both + gained, n, method="wilson")
    top = both * neither - gained * lost
    if top > n / 2:
        top -= n / 2
    elif top >= 0:
        top = 0
    bottom = np.prod([float(both + lost), gained + neither, both + gained, lost + neither])
    phi = top / np.sqrt(bottom) if bottom else 0.0
    form = np.array([[1, -phi], [-phi, 1]])
    down, up = np.array([p2 - l2, u1 - p1]), np.array([u2 - p2, p1 - l1])
    return (
        p2 - p1 - math.sqrt(max(0.0, down @ form @ down)),
        p2 - p1 + math.sqrt(max(0.0, up @ form @ up)),
    )


def test_paired_difference_agrees_with_a_second_writing_of_the_formula() -> None:
    rng = draws(4)
    for _ in range(CASES):
        four = [int(c) for c in rng.integers(0, rng.choice([3, 12, 200]), 4)]
        if not sum(four):
            continue
        ours = st.paired_difference(*four)
        assert (ours.low, ours.high) == pytest.approx(paired_by_definition(*four), abs=1e-9), four
        assert -1 <= ours.low <= ours.value <= ours.high <= 1


def test_paired_difference_covers_the_truth() -> None:
    rng = draws(5)
    probabilities = np.array([0.35, 0.3, 0.1, 0.25])
    truth = 0.2
    inside = 0
    for four in rng.multinomial(40, probabilities, size=2000):
        ours = st.paired_difference(*(int(c) for c in four))
        inside += ours.low <= truth <= ours.high
    assert 0.935 <= inside / 2000 <= 0.975


def test_paired_difference_turns_its_sign_with_the_order() -> None:
    there = st.paired_difference(10, 12, 3, 15)
    back = st.paired_difference(10, 3, 12, 15)
    assert (there.value, there.low, there.high) == pytest.approx(
        (-back.value, -back.high, -back.low)
    )


def test_mcnemar_agrees_with_statsmodels() -> None:
    rng = draws(6)
    for _ in range(CASES):
        gained, lost = (int(c) for c in rng.integers(0, rng.choice([4, 30, 800]), 2))
        theirs = contingency_tables.mcnemar([[5, gained], [lost, 5]], exact=True).pvalue
        assert st.mcnemar_exact(gained, lost) == pytest.approx(theirs, rel=1e-8), (gained, lost)
    assert st.mcnemar_exact(0, 0) == 1


def test_cohens_h_agrees_with_statsmodels() -> None:
    rng = draws(7)
    for _ in range(CASES):
        (k1, n1), (k2, n2) = counts(rng), counts(rng)
        ours = st.cohens_h(k1, n1, k2, n2)
        assert ours.value == pytest.approx(
            proportion.proportion_effectsize(k2 / n2, k1 / n1), abs=1e-10
        )
        half = stats.norm.ppf(0.975) * math.sqrt(1 / n1 + 1 / n2)
        assert (ours.low, ours.high) == pytest.approx((ours.value - half, ours.value + half))


def test_hedges_g_agrees_with_statsmodels() -> None:
    rng = draws(8)
    for _ in range(CASES):
        m1, m2 = rng.normal(50, 20, 2)
        s1, s2 = rng.uniform(0.1, 30, 2)
        n1, n2 = (int(n) for n in rng.integers(2, 400, 2))
        ours = st.hedges_g(m1, s1, n1, m2, s2, n2)
        g, variance = meta_analysis.effectsize_smd(m2, s2, n2, m1, s1, n1)
        half = stats.norm.ppf(0.975) * math.sqrt(variance)
        assert (ours.value, ours.low, ours.high) == pytest.approx((g, g - half, g + half)), (n1, n2)


def test_hedges_g_is_close_to_the_interval_of_the_noncentral_t() -> None:
    # Another road to the same end: Steiger and Fouladi 1997, by scipy's noncentral t.
    for d, n in ((0.3, 40), (0.8, 60), (1.2, 100)):
        ours = st.hedges_g(0, 1, n, d, 1, n)
        t, df = d * math.sqrt(n / 2), 2 * n - 2
        shifts = np.linspace(t - 4, t + 4, 4001)
        share = stats.nct.cdf(t, df, shifts)
        low, high = (float(shifts[np.argmin(np.abs(share - p))]) for p in (0.975, 0.025))
        exact = (low * math.sqrt(2 / n), high * math.sqrt(2 / n))
        assert (ours.low, ours.high) == pytest.approx(exact, abs=0.03)


def test_standardized_change_covers_the_truth_when_the_correlation_is_given() -> None:
    rng = draws(9)
    truth, n, r = 0.6, 40, 0.7
    inside, bias = 0, []
    for _ in range(1500):
        pairs = rng.multivariate_normal([0, truth], [[1, r], [r, 1]], size=n)
        seen = float(np.corrcoef(pairs.T)[0, 1])
        ours = st.standardized_change(
            pairs[:, 0].mean(), pairs[:, 0].std(ddof=1), pairs[:, 1].mean(), n, seen
        )
        inside += ours.low <= truth <= ours.high
        bias.append(ours.value - truth)
    assert 0.92 <= inside / 1500 <= 0.97
    assert abs(np.mean(bias)) < 0.02  # the correction for small samples leaves none to speak of


def test_an_unknown_correlation_widens_the_interval_and_is_said() -> None:
    known = st.standardized_change(3.0, 1.0, 3.5, 30, 0.5)
    unknown = st.standardized_change(3.0, 1.0, 3.5, 30)
    assert known.value == unknown.value
    assert unknown.low < known.low < known.high < unknown.high
    assert "not known" in unknown.method
    assert "not known" not in known.method


def test_means_have_the_interval_of_students_t() -> None:
    rng = draws(10)
    for _ in range(CASES):
        mean, sd, n = rng.normal(0, 9), rng.uniform(0.01, 9), int(rng.integers(2, 500))
        theirs = stats.t.interval(0.95, n - 1, mean, sd / math.sqrt(n))
        assert st.mean_interval(mean, sd, n) == pytest.approx(theirs, rel=1e-7, abs=1e-9), n


def test_kappa_agrees_with_statsmodels() -> None:
    rng = draws(11)
    for _ in range(CASES):
        k = int(rng.integers(2, 6))
        table = rng.integers(0, 40, (k, k)) + np.diag(rng.integers(0, 60, k))
        if not table.sum():
            continue
        theirs = inter_rater.cohens_kappa(table)
        ours = st.cohens_kappa(table.tolist())
        assert ours.value == pytest.approx(theirs.kappa)
        assert (ours.low, ours.high) == pytest.approx((theirs.kappa_low, theirs.kappa_upp))


@pytest.mark.parametrize(
    "call",
    [
        lambda: st.hedges_g(1, 1, 1, 2, 1, 5),
        lambda: st.hedges_g(1, 0, 5, 2, 0, 5),
        lambda: st.hedges_g(1, -1, 5, 2, 1, 5),
        lambda: st.hedges_g(1, math.nan, 5, 2, 1, 5),
        lambda: st.standardized_change(1, 0, 2, 10),
        lambda: st.standardized_change(1, 1, 2, 2),
        lambda: st.standardized_change(1, 1, 2, 10, 1.2),
        lambda: st.mean_interval(1, 1, 1),
        lambda: st.mcnemar_exact(-1, 2),
        lambda: st.paired_difference(0, 0, 0, 0),
        lambda: st.paired_difference(5, -1, 0, 0),
        lambda: st.difference(0, 0, 1, 2),
        lambda: st.cohens_h(1, 2, 0, 0),
        lambda: st.cohens_kappa([[1, 2]]),
        lambda: st.cohens_kappa([[0, 0], [0, 0]]),
        lambda: st.cohens_kappa([[7, 0], [0, 0]]),
        lambda: st.cohens_kappa([[7, -1], [0, 4]]),
    ],
)
def test_what_cannot_be_computed_is_refused(call: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        call()  # type: ignore[operator]
