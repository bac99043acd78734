"""Sentences as numbers, and the fit of points to them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from cmeneeds.evidence import features
from cmeneeds.evidence.classify import LABELS, signals
from cmeneeds.evidence.lexicon import cues
from cmeneeds.evidence.rates import rates
from training.labelled import LATER_FILE, Labelled, read_labels, resolve
from training.vectors import DIMENSIONS, corpus, vectors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SOFT_FILE = Path(__file__).resolve().parents[1] / "labels" / "soft_labels.npz"

FOLDS = 5
WEIGHTS = np.array([2.2, 2.0, 1.3, 1.8, 1.4, 1.3, 0.8])
"""How heavy a sentence of each label counts, so that rare labels are not drowned by OTHER."""
LOOSENESS = 6.0
"""Inverse of the L2 penalty."""
RAREST = {"runs": 3, "skips": 5, "groups": 4, "signals": 4}
"""A feature found in fewer sentences gets no points."""
SCALES = {"runs": 2.0, "skips": 1.4, "groups": 1.0, "signals": 0.3, "meaning": 1.0}
"""Relative weight of the kinds of features under the common penalty."""


class Sentence(NamedTuple):
    """What is fitted on: a sentence and what its features are called."""

    runs: set[str]
    skips: set[str]
    groups: set[str]
    signals: tuple[str, ...]
    words: frozenset[str]


def read(text: str, heading: str) -> Sentence:
    """Name the features of a sentence."""
    words = features.tokens(text)
    found = features.groups(text)
    return Sentence(
        features.runs(words),
        features.skips(words),
        features.together(found, text),
        signals(text, heading, cues(text), rates(text), found),
        frozenset(words),
    )


class Data(NamedTuple):
    """Sentences to learn from."""

    labelled: list[Labelled]
    read: list[Sentence]
    soft: list[Sentence]
    soft_pmids: list[int]
    shares: Floats
    """What a teacher said of each of ``soft``, times how heavy it counts."""

    @property
    def truth(self) -> Ints:
        """Places in ``LABELS``."""
        return np.array([LABELS.index(one.row.label) for one in self.labelled])

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which sentences measures are taken on: the first two rounds."""
        return np.array([one.row.id[0] in "tw" for one in self.labelled])

    def folds(self, seed: int = 0) -> Ints:
        """Fold of each labelled sentence."""
        return np.array([fold_of(one.row.pmid, seed) for one in self.labelled])


def prepare() -> Data:
    """Read the labels, look up their text and name their features."""
    labelled = resolve([*read_labels(), *read_labels(LATER_FILE)])
    named = [read(one.text, one.heading) for one in labelled]
    if not SOFT_FILE.exists():
        return Data(labelled, named, [], [], np.zeros((0, len(LABELS))))
    with np.load(SOFT_FILE) as stored:
        address, told = stored["address"], stored["shares"].astype(float)
    where = {passage[:4]: passage for passage in corpus()}
    soft, pmids, shares = [], [], []
    taken = {(one.row.pmid, one.row.section, one.row.start) for one in labelled}
    for spot, share in zip(map(tuple, address.tolist()), told, strict=True):
        # Borders of sentences may have moved since; what is no passage any more is left out.
        if spot in where and spot[:3] not in taken:
            soft.append(read(where[spot][4], where[spot][5]))
            pmids.append(spot[0])
            shares.append(share / share.sum() * WEIGHTS)
    return Data(labelled, named, soft, pmids, np.array(shares).reshape(-1, len(LABELS)))


def soft_folds(data: Data) -> Ints:
    """Fold of each sentence that a teacher labelled."""
    return np.array([fold_of(pmid) for pmid in data.soft_pmids], dtype=np.int64)


# --- sentences as numbers -----------------------------------------------------------------------


class Space(NamedTuple):
    """Which features there are."""

    places: dict[str, dict[str, int]]
    """For each kind, the column of each feature."""
    idf: dict[str, Floats]


def space(sentences: Sequence[Sentence]) -> Space:
    """Choose the features that are frequent enough, and weigh them by how rare they are."""
    places, weights = {}, {}
    for kind, rarest in RAREST.items():
        counts = Counter(name for one in sentences for name in getattr(one, kind))
        names = sorted(name for name, count in counts.items() if count >= rarest)
        places[kind] = {name: column for column, name in enumerate(names)}
        idf = np.log((1 + len(sentences)) / (1 + np.array([counts[name] for name in names])))
        # Signals are few and chosen by hand: none is weighed down for being frequent.
        weights[kind] = np.ones(len(names)) if kind == "signals" else idf / 4 + 0.25
    return Space(places, weights)


def matrix(sentences: Sequence[Sentence], known: Space) -> sp.csr_matrix:
    """Write sentences as rows; the last columns are the mean word vector."""
    blocks = []
    for kind, place in known.places.items():
        rows: list[int] = []
        columns: list[int] = []
        for row, one in enumerate(sentences):
            present = [place[name] for name in getattr(one, kind) if name in place]
            rows += [row] * len(present)
            columns += present
        block = sp.csr_matrix(
            (known.idf[kind][columns], (rows, columns)), (len(sentences), len(place))
        )
        blocks.append(sp.diags(_sizes(sentences, kind)) @ block * SCALES[kind])
    meaning = vectors()
    dense = np.zeros((len(sentences), DIMENSIONS))
    for row, one in enumerate(sentences):
        dense[row] = meaning.table[
            sorted(meaning.place[word] for word in one.words if word in meaning.place)
        ].sum(axis=0)
    dense *= (SCALES["meaning"] * _sizes(sentences, "runs"))[:, None]
    return sp.hstack([*blocks, sp.csr_matrix(dense)]).tocsr()


def _sizes(sentences: Sequence[Sentence], kind: str) -> Floats:
    """What a feature counts: less the more there are of its kind, so that length tells nothing."""
    if kind == "signals":
        return np.ones(len(sentences))
    sizes: Floats = np.array([len(getattr(one, kind)) or 1 for one in sentences]) ** -0.5
    return sizes


# --- fitting ------------------------------------------------------------------------------------


def fit(rows: sp.csr_matrix, targets: Floats, steps: int) -> Floats:
    """Fit a multinomial logistic regression with an L2 penalty to shares of labels.

    Parameters
    ----------
    rows : sparse matrix, sentences by features
        Features.
    targets : array of float, sentences by classes
        How much each sentence speaks for each class; rows add up to how heavy it is.
    steps : int
        Most steps of the search (L-BFGS).

    Returns
    -------
    array of float, features + 1 by classes
        Points; the last row is the intercept, which is not penalized.
    """
    size, classes = rows.shape[1], targets.shape[1]
    columns = rows.T.tocsr()
    heavy = targets.sum(axis=1, keepdims=True)

    def loss(flat: Floats) -> tuple[float, Floats]:
        points = flat.reshape(size + 1, classes)
        totals = log_softmax(rows @ points[:size] + points[size], axis=1)
        wrong = np.exp(totals) * heavy - targets
        slope = np.vstack([columns @ wrong + points[:size] / LOOSENESS, wrong.sum(axis=0)])
        penalty = (points[:size] ** 2).sum() / (2 * LOOSENESS)
        return float(penalty - (targets * totals).sum()), slope.ravel()

    found = minimize(
        loss,
        np.zeros((size + 1) * classes),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxcor": 5},
    )
    points: Floats = found.x.reshape(size + 1, classes)
    return points


def totals(rows: sp.csr_matrix, points: Floats) -> Floats:
    """Add up the points of each sentence for each class."""
    added: Floats = rows @ points[:-1] + points[-1]
    return added


def hard(labels: Iterable[int]) -> Floats:
    """Give what labelled sentences speak for."""
    targets: Floats = np.eye(len(LABELS))[list(labels)] * WEIGHTS
    return targets


def fold_of(pmid: int, seed: int = 0) -> int:
    """Put all sentences of an article into one fold, whatever the order of the file.

    Examples
    --------
    >>> fold_of(33932519) == fold_of(33932519), fold_of(1) < 5
    (True, True)
    """
    text = f"{seed}:{pmid}" if seed else str(pmid)
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS
