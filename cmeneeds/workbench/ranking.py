"""Which record to read next: a ranking that learns from what was kept and what was not.

Words and pairs of words, weighted by how rare they are (TF-IDF), and a logistic regression with
an L2 penalty, fitted again after each choice. Nothing of it is random and no word list of ours goes
in: equal records and equal choices give an equal order. Settings were chosen on review sets that
``benchmarks/screening.py`` does not report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cmeneeds.records import Article

Floats = NDArray[np.float64]

_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*|\d+(?:[.,]\d+)*\s?%|\d+(?:[.,]\d+)*")
_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "may",
        "might",
        "more",
        "most",
        "no",
        "nor",
        "not",
        "of",
        "on",
        "or",
        "our",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "under",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
LONGEST_TEXT = 20_000
"""Only so many characters of a record are read."""


MOST_UNREAD = 500
"""Unread records that stand for all of them as weak examples; evenly taken, so not the newest."""


@dataclass(frozen=True)
class RankingSettings:
    """How the ranking learns.

    Attributes
    ----------
    penalty : float
        Of the L2 term, per choice.
    asked : float
        Weight of the words of the brief, which count as one record to keep, beside the weight 1
        of all records kept together.
    unread : float
        Weight of all unread records together as weak examples of what not to keep.
    pairs : bool
        Whether pairs of neighbouring words count beside single ones.
    """

    penalty: float = 0.1
    asked: float = 0.3
    unread: float = 0.3
    pairs: bool = False


class Sparse:
    """Rows of words and weights, each row of length one.

    Parameters
    ----------
    rows : sequence of mapping of int to float
        Column and weight.
    width : int
        Number of columns.
    """

    def __init__(self, rows: Sequence[Mapping[int, float]], width: int) -> None:
        self.width = width
        sizes = np.array([len(row) for row in rows], dtype=np.int64)
        self.row = np.repeat(np.arange(len(rows)), sizes)
        self.column = np.fromiter((c for row in rows for c in row), np.int64, int(sizes.sum()))
        self.weight = np.fromiter(
            (w for row in rows for w in row.values()), np.float64, int(sizes.sum())
        )
        self.height = len(rows)
        self._first = np.concatenate(([0], np.cumsum(sizes)))

    def times(self, vector: Floats) -> Floats:
        """Matrix times a vector of ``width``."""
        said = self.weight * vector[self.column]
        return np.bincount(self.row, weights=said, minlength=self.height).astype(np.float64)

    def transposed_times(self, vector: Floats) -> Floats:
        """Transposed matrix times a vector of ``height``."""
        said = self.weight * vector[self.row]
        return np.bincount(self.column, weights=said, minlength=self.width).astype(np.float64)

    def taken(self, rows: Sequence[int]) -> Sparse:
        """Some of the rows."""
        part = Sparse([], self.width)
        spans = [np.arange(self._first[r], self._first[r + 1]) for r in rows]
        places = np.concatenate(spans) if spans else np.array([], dtype=np.int64)
        sizes = np.array([len(s) for s in spans], dtype=np.int64)
        part.row = np.repeat(np.arange(len(rows)), sizes)
        part.column, part.weight = self.column[places], self.weight[places]
        part.height = len(rows)
        part._first = np.concatenate(([0], np.cumsum(sizes)))
        return part


def words_of(text: str, pairs: bool = True) -> list[str]:
    """Words of a text, without the most common ones, and pairs of neighbours.

    Of a number only counts that it is one, or a percentage: which one says nothing of the rest.

    Examples
    --------
    >>> words_of("Use of statins: 42%")
    ['use', 'statins', '#%', 'use statins', 'statins #%']
    """
    found = _WORD.findall(text[:LONGEST_TEXT].lower())
    single = [
        w if not w[0].isdigit() else "#%" if w.endswith("%") else "#"
        for w in found
        if w not in _COMMON
    ]
    if not pairs:
        return single
    return single + [f"{a} {b}" for a, b in pairwise(single)]


def text_for_ranking(article: Article) -> str:
    """Title and abstract of a record."""
    return "\n".join((article.title, *(section.text for section in article.sections)))


class Ranking:
    """The order in which records are worth reading.

    Parameters
    ----------
    texts : sequence of str
        One a record.
    asked : str
        What the writer looks for, in words; see :func:`asked_for`.
    settings : RankingSettings, optional
    """

    def __init__(
        self, texts: Sequence[str], asked: str, settings: RankingSettings | None = None
    ) -> None:
        self.settings = settings or RankingSettings()
        counted = [Counter(words_of(text, self.settings.pairs)) for text in (*texts, asked)]
        among = Counter(word for words in counted[:-1] for word in words)
        columns = {w: i for i, w in enumerate(sorted(w for w, n in among.items() if n > 1))}
        n = len(texts)
        rare = {w: float(np.log((1 + n) / (1 + among[w])) + 1) for w in columns}
        rows = [
            _unit({columns[w]: (1 + np.log(c)) * rare[w] for w, c in words.items() if w in columns})
            for words in counted
        ]
        self._matrix = Sparse(rows, len(columns))
        self.size = n

    def scores(self, chosen: Mapping[int, bool]) -> Floats:
        """How much each record looks like one to keep; only the order means something.

        Parameters
        ----------
        chosen : mapping of int to bool
            By place of the record: whether it was kept.

        Returns
        -------
        array of float, one a record
        """
        kept = sorted(i for i, yes in chosen.items() if yes)
        not_kept = sorted(i for i, yes in chosen.items() if not yes)
        unread = [i for i in range(self.size) if i not in chosen]
        unread = unread[:: len(unread) // MOST_UNREAD + 1]
        s = self.settings
        parts = [
            (kept, 1.0, 1.0 if kept else 0.0),
            ([self.size], 1.0, s.asked if kept else 1.0),
            (not_kept, -1.0, 1.0 if not_kept else 0.0),
            (unread, -1.0, s.unread if not_kept else 1.0),
        ]
        used = [(rows, side, total) for rows, side, total in parts if rows and total]
        rows = [r for group, _, _ in used for r in group]
        side = np.array([y for group, y, _ in used for _ in group])
        # Of each side the weights add up to one: few kept among many do not drown.
        weight = np.array([total / len(group) for group, _, total in used for _ in group])
        for y in (1.0, -1.0):
            weight[side == y] /= max(weight[side == y].sum(), 1e-12)
        weights, _ = fit(self._matrix.taken(rows), side, weight, s.penalty)
        return self._matrix.times(weights)[: self.size]

    def order(self, chosen: Mapping[int, bool]) -> list[int]:
        """Places of the unread records, the most promising first; of equals the first first."""
        scores = self.scores(chosen)
        unread = [i for i in range(self.size) if i not in chosen]
        return sorted(unread, key=lambda i: (-round(float(scores[i]), 9), i))


def asked_for(words: Iterable[str]) -> str:
    """Join what a brief and its facets ask for into one text."""
    return "\n".join(dict.fromkeys(words))


def _unit(row: Mapping[int, float]) -> dict[int, float]:
    length = float(np.sqrt(sum(w * w for w in row.values())))
    return {c: float(w) / length for c, w in sorted(row.items())} if length else {}


def fit(
    rows: Sparse, side: Floats, weight: Floats, penalty: float, *, steps: int = 30
) -> tuple[Floats, float]:
    """Fit a logistic regression by Newton's method, each step solved by conjugate gradients.

    Minimizes ``sum(weight * log(1 + exp(-side * (X w + b)))) + penalty / 2 * |w|^2``. The
    intercept ``b`` is held by a penalty of one thousandth of that, so that one-sided choices
    have a solution too.

    Returns
    -------
    weights : array of float, one a column
    intercept : float
    """
    hold = np.append(np.full(rows.width, penalty), penalty / 1000)
    w = np.zeros(rows.width + 1)

    def forward(v: Floats) -> Floats:
        added: Floats = rows.times(v[:-1]) + v[-1]
        return added

    def backward(u: Floats) -> Floats:
        return np.append(rows.transposed_times(u), u.sum())

    def loss(v: Floats) -> float:
        return float(weight @ np.logaddexp(0, -side * forward(v)) + 0.5 * hold @ (v * v))

    for _ in range(steps):
        share = 1 / (1 + np.exp(np.clip(side * forward(w), -500, 500)))
        gradient = hold * w - backward(weight * side * share)
        if np.abs(gradient).max() < 1e-7:
            break
        curve = weight * share * (1 - share)
        step = np.zeros_like(w)
        residue = -gradient
        direction = residue.copy()
        size = float(residue @ residue)
        for _ in range(60):
            bent = hold * direction + backward(curve * forward(direction))
            along = size / float(direction @ bent)
            step += along * direction
            residue = residue - along * bent
            left = float(residue @ residue)
            if left < 1e-12 * max(1e-12, float(gradient @ gradient)):
                break
            direction = residue + (left / size) * direction
            size = left
        length, before = 1.0, loss(w)
        while loss(w + length * step) > before and length > 1e-6:
            length /= 2
        w = w + length * step
    return w[:-1], float(w[-1])
