"""Compare ways to label sentences on articles that they have not seen.

``python -m training.compare`` prints the tables of ``docs/evidence-model.md``: five folds by PMID
for what learns from labels alone (with three seeds for the two approaches that matter most), and
fold 0 for what also learns from a teacher, because the teacher was fitted on folds 1 to 4. Measures
are taken on the first and second round of labels; later sentences are only learned from. It takes
about ten minutes on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from cmeneeds.evidence.classify import LABELS, LEVELED
from training.fitting import (
    FOLDS,
    Data,
    fit,
    fold_of,
    hard,
    matrix,
    prepare,
    soft_folds,
    space,
    totals,
)
from training.labelled import ACTORS, LEVELS
from training.model import STEPS, side, with_label

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SEEDS = (0, 1, 2)
THRICE = ("plain linear baseline, SVM", "shipped features, all rounds")
"""Approaches that are run with every seed; the others with the first."""
TABLED = ("plain linear baseline, SVM", "shipped features, all rounds")
"""Approaches of which precision and recall are printed too (five folds, first seed)."""
TAUGHT = "shipped features, all rounds and the teacher"
RESAMPLES = 2000
SEED = 20210607


class Measure(NamedTuple):
    """A measure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As printed in the tables."""
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


class Scores(NamedTuple):
    """Measures of a set of sentences."""

    sentences: dict[str, int]
    precision: dict[str, Measure]
    recall: dict[str, Measure]
    f1: dict[str, Measure]
    accuracy: Measure
    macro_f1: Measure


def scores(decided: Ints, truth: Ints, articles: Ints) -> Scores:
    """Measure decisions, with intervals by bootstrap over articles.

    Sentences of an article are alike, so whole articles are drawn. Nothing is fitted anew for each
    draw: the intervals tell of the choice of sentences, not of that of the points.

    Parameters
    ----------
    decided, truth : array of int
        Places in ``LABELS``.
    articles : array of int
        Which article each sentence is from.

    Returns
    -------
    Scores
    """
    numbers, group = np.unique(articles, return_inverse=True)
    places = np.arange(len(LABELS))
    said, meant = decided[:, None] == places, truth[:, None] == places
    per_article = np.zeros((len(numbers), 3 * len(LABELS)))
    np.add.at(per_article, group, np.hstack([said & meant, said, meant]).astype(float))
    draws = np.random.default_rng(SEED).multinomial(
        len(numbers), np.full(len(numbers), 1 / len(numbers)), size=RESAMPLES
    )
    # The first row is the set itself, each article once.
    times = np.vstack([np.ones(len(numbers)), draws])
    hits, chosen, true = np.split(times @ per_article, 3, axis=1)
    f1 = 2 * hits / np.maximum(chosen + true, 1)
    return Scores(
        {label: int(true[0, place]) for place, label in enumerate(LABELS)},
        _by_label(hits / np.maximum(chosen, 1)),
        _by_label(hits / np.maximum(true, 1)),
        _by_label(f1),
        _measure(hits.sum(axis=1) / true.sum(axis=1)),
        _measure(f1.mean(axis=1)),
    )


def _by_label(columns: Floats) -> dict[str, Measure]:
    return {label: _measure(columns[:, place]) for place, label in enumerate(LABELS)}


def _measure(values: Floats) -> Measure:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return Measure(float(values[0]), float(low), float(high))


def line(name: str, found: Scores) -> str:
    """Write the F1 of each label in one line of a Markdown table."""
    cells = [str(one) for one in (found.macro_f1, found.accuracy, *found.f1.values())]
    return f"| {name} | " + " | ".join(cells) + " |"


def table(found: Scores) -> Iterator[str]:
    """Write all measures of each label as a Markdown table."""
    yield f"accuracy {found.accuracy}, macro F1 {found.macro_f1}"
    yield "| label | n | precision | recall | F1 |"
    for label, n in found.sentences.items():
        cells = (found.precision[label], found.recall[label], found.f1[label])
        yield f"| {label} | {n:,} | " + " | ".join(str(cell) for cell in cells) + " |"


class Part(NamedTuple):
    """What an approach may learn from and has to label."""

    seen: Ints
    held: Ints
    soft: Ints
    """Sentences labelled by a teacher that may be learned from."""


Approach = Callable[[Part], Floats]
"""Scores of the held-out sentences for each label."""


def plain(data: Data, svm: bool) -> Approach:
    """TF-IDF of one to three words with the signals of the lexicon, first two rounds only."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    texts = np.array([one.text for one in data.labelled], dtype=object)
    cues = DictVectorizer().fit_transform([dict.fromkeys(one.signals, 1.0) for one in data.read])

    def run(part: Part) -> Floats:
        seen = part.seen[data.measured[part.seen]]
        words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 3))
        rows = sp.hstack([words.fit_transform(texts[seen]), cues[seen] * 0.3]).tocsr()
        if svm:
            fitted = LinearSVC(C=0.15, class_weight="balanced")
        else:
            fitted = LogisticRegression(C=4, class_weight="balanced", max_iter=200, tol=1e-3)
        fitted.fit(rows, data.truth[seen])
        held = sp.hstack([words.transform(texts[part.held]), cues[part.held] * 0.3]).tocsr()
        found: Floats = fitted.decision_function(held)
        return found

    return run


def shipped(data: Data, rows: sp.csr_matrix, later: bool, soft: bool) -> Approach:
    """Give the shipped features and fit, with or without later sentences and the teacher."""
    n = len(data.labelled)

    def run(part: Part) -> Floats:
        seen = part.seen if later else part.seen[data.measured[part.seen]]
        given, targets = rows[:n][seen], hard(data.truth[seen])
        if soft:
            given = sp.vstack([given, rows[n:][part.soft]]).tocsr()
            targets = np.vstack([targets, data.shares[part.soft]])
        return totals(rows[:n][part.held], fit(given, targets, STEPS))

    return run


def parts(data: Data, seed: int) -> Iterator[Part]:
    """Give the five folds of a seed."""
    folds = np.array([fold_of(one.row.pmid, seed) for one in data.labelled])
    taught = soft_folds(data) if seed == 0 else np.full(len(data.soft), -1)
    for fold in range(FOLDS):
        yield Part(
            np.flatnonzero(folds != fold),
            np.flatnonzero((folds == fold) & data.measured),
            np.flatnonzero(taught != fold),
        )


def cross(data: Data, approach: Approach, seed: int) -> Ints:
    """Label every measured sentence without having seen its article."""
    decided = np.full(len(data.labelled), -1)
    for part in parts(data, seed):
        decided[part.held] = approach(part).argmax(axis=1)
    return decided[data.measured]


def sides(data: Data, rows: sp.csr_matrix, field: str, classes: Sequence[str]) -> Measure:
    """Measure level or actor: share right over five folds, the true label given.

    Parameters
    ----------
    data : Data
        Labelled sentences.
    rows : sparse matrix
        Their features; further rows are passed over.
    field : {'level', 'actor'}
        What to measure.
    classes : sequence of str
        Its values.

    Returns
    -------
    Measure
        With its interval by bootstrap over articles.
    """
    n = len(data.labelled)
    has = np.array([one.row.label in LEVELED for one in data.labelled])
    meant = np.array(
        [classes.index(one.row.level if field == "level" else one.row.actor) if some else -1
         for one, some in zip(data.labelled, has, strict=True)]
    )  # fmt: skip
    folds, right = data.folds(), np.zeros(n)
    for fold in range(FOLDS):
        seen, held = np.flatnonzero(has & (folds != fold)), np.flatnonzero(has & (folds == fold))
        points = side(data, rows[:n], field, classes, seen)
        right[held] = totals(with_label(data, rows[:n], held), points).argmax(axis=1) == meant[held]
    chosen = has & data.measured
    articles = np.array([one.row.pmid for one in data.labelled])[chosen]
    numbers, group = np.unique(articles, return_inverse=True)
    counts = np.zeros((len(numbers), 2))
    np.add.at(counts, group, np.column_stack([right[chosen], np.ones(chosen.sum())]))
    draws = np.random.default_rng(SEED).multinomial(
        len(numbers), np.full(len(numbers), 1 / len(numbers)), size=RESAMPLES
    )
    hits, every = (np.vstack([np.ones(len(numbers)), draws]) @ counts).T
    return _measure(hits / every)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and print its tables."""
    del arguments
    data = prepare()
    known = space([*data.read, *data.soft])
    rows = matrix([*data.read, *data.soft], known)
    truth = data.truth[data.measured]
    articles = np.array([one.row.pmid for one in data.labelled])[data.measured]
    rounds = np.array([one.row.id[0] for one in data.labelled])[data.measured]
    out = sys.stdout
    ways: dict[str, Approach] = {
        "plain linear baseline, logistic": plain(data, svm=False),
        "plain linear baseline, SVM": plain(data, svm=True),
        "shipped features, rounds 1 and 2": shipped(data, rows, later=False, soft=False),
        "shipped features, all rounds": shipped(data, rows, later=True, soft=False),
    }
    out.write("five folds by PMID\n")
    for name, approach in ways.items():
        for seed in SEEDS if name in THRICE else SEEDS[:1]:
            decided = cross(data, approach, seed)
            for title, mask in _rounds(rounds):
                if seed == 0 or title == "all":
                    found = scores(decided[mask], truth[mask], articles[mask])
                    out.write(line(f"{name}, seed {seed}, {title}", found) + "\n")
                    if seed == 0 and title == "all" and name in TABLED:
                        out.write("\n".join(table(found)) + "\n")
                    out.flush()
    for field, classes in (("level", LEVELS), ("actor", ACTORS)):
        out.write(f"{field}: {sides(data, rows, field, classes)}\n")
    out.write("fold 0 only\n")
    first = next(parts(data, 0))
    ways[TAUGHT] = shipped(data, rows, True, soft=True)
    place = np.flatnonzero(data.measured)
    spot = np.searchsorted(place, first.held)
    for name, approach in ways.items():
        decided = approach(first).argmax(axis=1)
        for title, mask in _rounds(rounds[spot]):
            found = scores(decided[mask], truth[spot][mask], articles[spot][mask])
            out.write(line(f"{name}, {title}", found) + "\n")
            if title == "all" and name == TAUGHT:
                out.write("\n".join(table(found)) + "\n")
            out.flush()
    return 0


def _rounds(rounds: NDArray[np.str_]) -> list[tuple[str, Mask]]:
    """Give all sentences, and each round apart."""
    return [
        ("all", np.ones(len(rounds), dtype=bool)),
        ("first round", rounds == "t"),
        ("second round", rounds == "w"),
    ]


if __name__ == "__main__":
    sys.exit(main())
