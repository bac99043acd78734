"""How well the transformer does: F1 with intervals, calibration."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmeneeds.evidence.classify import LABELS

Ints = NDArray[np.int64]

RESAMPLES = 2000
SEED = 20210607
BINS = 10


class Score(NamedTuple):
    """A label's measures; ``macro`` stands for the mean F1 over labels."""

    name: str
    sentences: int
    precision: float
    recall: float
    f1: float
    low: float
    high: float
    """95 % interval of F1."""

    def __str__(self) -> str:
        """One line of a table."""
        return (
            f"{self.name:<7}{self.sentences:>5}  {self.precision:.3f}  {self.recall:.3f}  "
            f"{self.f1:.3f} ({self.low:.3f}-{self.high:.3f})"
        )


def scores(decided: Ints, truth: Ints, articles: Ints) -> list[Score]:
    """Measure decisions; intervals by bootstrap over articles, whose sentences are alike.

    Parameters
    ----------
    decided, truth : array of int
        Places in ``LABELS``.
    articles : array of int
        PMID of each sentence.

    Returns
    -------
    list of Score
        One a label, then ``macro``.

    Examples
    --------
    >>> import numpy as np
    >>> right = np.arange(7)
    >>> [round(score.f1, 1) for score in scores(right, right, right)]
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    groups, group = np.unique(articles, return_inverse=True)
    places = np.arange(len(LABELS))
    said, meant = decided[:, None] == places, truth[:, None] == places
    counts = np.zeros((len(groups), 3 * len(LABELS)))
    np.add.at(counts, group, np.hstack([said & meant, said, meant]).astype(float))
    draws = np.random.default_rng(SEED).multinomial(
        len(groups), np.full(len(groups), 1 / len(groups)), size=RESAMPLES
    )
    times = np.vstack([np.ones(len(groups)), draws])
    hits, chosen, true = np.split(times @ counts, 3, axis=1)
    f1 = 2 * hits / np.maximum(chosen + true, 1)
    precision, recall = hits[0] / np.maximum(chosen[0], 1), hits[0] / np.maximum(true[0], 1)
    found = []
    for place, label in enumerate(LABELS):
        low, high = np.percentile(f1[1:, place], (2.5, 97.5))
        found.append(
            Score(
                label,
                int(true[0, place]),
                float(precision[place]),
                float(recall[place]),
                float(f1[0, place]),
                float(low),
                float(high),
            )
        )
    macro = f1.mean(axis=1)
    low, high = np.percentile(macro[1:], (2.5, 97.5))
    found.append(
        Score(
            "macro",
            len(truth),
            float(precision.mean()),
            float(recall.mean()),
            float(macro[0]),
            float(low),
            float(high),
        )
    )
    return found


def shares_of(logits: NDArray[Any], heat: float = 1.0) -> NDArray[np.float64]:
    """Turn logits into shares that add up to 1."""
    scaled = logits.astype(np.float64) / heat
    odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return shares


def temperature(logits: NDArray[Any], truth: Ints) -> float:
    """Find the divisor of the logits under which the truth is likeliest, between 0.5 and 4."""
    candidates = np.geomspace(0.5, 4, 200)
    rows = np.arange(len(truth))
    losses = [-np.log(shares_of(logits, heat)[rows, truth] + 1e-12).mean() for heat in candidates]
    return float(candidates[int(np.argmin(losses))])


def calibration_error(logits: NDArray[Any], truth: Ints, heat: float = 1.0) -> float:
    """Give the mean distance between what is promised and what comes true, in ten bins."""
    shares = shares_of(logits, heat)
    promised, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    bins = np.minimum((promised * BINS).astype(int), BINS - 1)
    gaps = [
        abs(promised[bins == each].sum() - right[bins == each].sum()) for each in np.unique(bins)
    ]
    return float(sum(gaps) / len(truth))
