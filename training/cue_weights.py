"""Fit the points of ``cmeneeds/data/cue_weights.json``, and measure them.

``python -m training.cue_weights`` prints how well the points do on labelled sentences of articles
that they were not fitted on; with ``--write`` it also writes the file. What the model is and where
it fails is told in ``docs/evidence-model.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmeneeds.errors import CmeneedsError
from cmeneeds.evidence.classify import LABELS, LEVELED, signals
from cmeneeds.evidence.lexicon import cues
from cmeneeds.evidence.rates import rates
from training.labelled import ACTORS, LEVELS, ROUNDS, Labelled, read_labels, resolve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TARGET = Path(__file__).resolve().parents[1] / "cmeneeds" / "data" / "cue_weights.json"

FOLDS = 5
RAREST = 5
"""A signal found in fewer sentences gets no points."""

WEIGHTS = {"GAP": 3.0, "RATE": 1.5, "CAUSE": 1.4, "BURDEN": 1.2}
"""How heavy a sentence of a label counts; 1 where not named. Without them the frequent OTHER would
win most doubtful cases, and gaps, of which everything later is made, would be missed."""

PENALTY = 2.0
FREE = 0.05
"""Share of the penalty on the points of ``any``, which only say how frequent a label is."""
STEPS = 600

BANDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Edges of the margin."""
PULL = 4
"""Sentences' worth of the label's own mean mixed into the share of each band."""

RESAMPLES = 2000
SEED = 20210607

ABOUT = (
    (
        "Points of each signal for each label, and the measured share of right answers for each "
        "label and band of its margin."
    ),
    (
        "Points: multinomial logistic regression with an L2 penalty on 4,800 labelled sentences "
        "(labels/gap_sentences.csv of the project), GAP 3, RATE 1.5, CAUSE 1.4 and BURDEN 1.2 "
        "times as heavy as the rest; fitted on all of them."
    ),
    (
        "Shares: five folds by PMID (SHA-1 of the PMID modulo 5); each fold labelled with points "
        "fitted on the other four; right answers over decisions per label and band, drawn with "
        "the weight of four sentences towards the label's own mean, then made non-decreasing "
        "(pool adjacent violators)."
    ),
    (
        "A band counts the edges that the winner's margin reaches. The labelled sentences are "
        "richer in practice statements than PubMed is."
    ),
)


# --- the model ----------------------------------------------------------------------------------


def fit(features: Floats, truth: Ints, classes: int, weights: Floats) -> Floats:
    """Fit a multinomial logistic regression with an L2 penalty.

    Accelerated gradient descent (Nesterov) from zero with a fixed number of steps of a safe
    length: nothing is random, so the same sentences give the same points.

    Parameters
    ----------
    features : array of float, sentences by signals
        1 where a sentence has a signal; the first column is ``any``.
    truth : array of int
        Place of the right class of each sentence.
    classes : int
        How many classes there are.
    weights : array of float
        How heavy each sentence counts.

    Returns
    -------
    array of float, signals by classes
        Points.
    """
    right = np.eye(classes)[truth]
    penalty = np.full((features.shape[1], 1), PENALTY)
    penalty[0] *= FREE
    curvature = 0.5 * np.linalg.norm(features, 2) ** 2 * weights.max() + PENALTY
    points = np.zeros((features.shape[1], classes))
    ahead, pace = points, 1.0
    for _ in range(STEPS):
        wrong = (probabilities(features, ahead) - right) * weights[:, None]
        moved = ahead - (features.T @ wrong + penalty * ahead) / curvature
        next_pace = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead = moved + (pace - 1) / next_pace * (moved - points)
        points, pace = moved, next_pace
    return points


def probabilities(features: Floats, points: Floats) -> Floats:
    """Give the margin of each class on the logistic scale; each row adds up to 1."""
    totals = features @ points
    odds = np.exp(totals - totals.max(axis=1, keepdims=True))
    shares: Floats = odds / odds.sum(axis=1, keepdims=True)
    return shares


def out_of_fold(
    features: Floats, truth: Ints, classes: int, weights: Floats, folds: Ints
) -> Floats:
    """Give each sentence the margins of points that were fitted without its fold."""
    margins = np.zeros((len(truth), classes))
    for fold in range(FOLDS):
        seen, held = folds != fold, folds == fold
        points = fit(features[seen], truth[seen], classes, weights[seen])
        margins[held] = probabilities(features[held], points)
    return margins


# --- the sentences ------------------------------------------------------------------------------


class Data(NamedTuple):
    """Labelled sentences as numbers."""

    sentences: list[Labelled]
    names: list[str]
    """Of the signals, ``any`` first."""
    features: Floats
    truth: Ints
    """Place in ``LABELS``."""
    weights: Floats
    articles: Ints
    """Which article a sentence is from, counted from 0."""
    folds: Ints


def prepare(sentences: list[Labelled]) -> Data:
    """Find the signals of each sentence.

    Parameters
    ----------
    sentences : list of Labelled
        What to learn from.

    Returns
    -------
    Data
    """
    found = [signals(one.text, one.heading, cues(one.text), rates(one.text)) for one in sentences]
    counts = Counter(name for names in found for name in names)
    frequent = sorted(name for name, n in counts.items() if n >= RAREST and name != "any")
    names = ["any", *frequent]
    place = {name: column for column, name in enumerate(names)}
    features = np.zeros((len(sentences), len(names)))
    for row, present in enumerate(found):
        features[row, [place[name] for name in present if name in place]] = 1
    pmids = [one.row.pmid for one in sentences]
    numbers = {pmid: number for number, pmid in enumerate(dict.fromkeys(pmids))}
    return Data(
        sentences,
        names,
        features,
        np.array([LABELS.index(one.row.label) for one in sentences]),
        np.array([WEIGHTS.get(one.row.label, 1.0) for one in sentences]),
        np.array([numbers[pmid] for pmid in pmids]),
        np.array([fold_of(pmid) for pmid in pmids]),
    )


def fold_of(pmid: int) -> int:
    """Put all sentences of an article into one fold, whatever the order of the file.

    Examples
    --------
    >>> fold_of(33932519) == fold_of(33932519), fold_of(1) < 5
    (True, True)
    """
    digest = hashlib.sha1(str(pmid).encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) % FOLDS


# --- shares of right answers --------------------------------------------------------------------


class Shares(NamedTuple):
    """What a margin was worth, for each label and band."""

    shares: dict[str, list[float]]
    """What is promised, non-decreasing."""
    counts: dict[str, list[list[int]]]
    """Right answers and decisions."""


def shares_of(margins: Floats, truth: Ints) -> Shares:
    """Count right answers for each label and band, and smooth them.

    Parameters
    ----------
    margins : array of float, sentences by labels
        Out of fold.
    truth : array of int
        Place in ``LABELS``.

    Returns
    -------
    Shares
    """
    decided, bands = decisions(margins)
    shares, counts = {}, {}
    for place, label in enumerate(LABELS):
        chosen = decided == place
        mean = (truth[chosen] == place).mean()
        cells = [
            (int((truth[cell] == place).sum()), int(cell.sum()))
            for cell in (chosen & (bands == band) for band in range(len(BANDS) + 1))
        ]
        drawn = [(right + PULL * mean) / (n + PULL) for right, n in cells]
        steady = non_decreasing(drawn, [float(n + PULL) for _, n in cells])
        shares[label] = [round(share, 3) for share in steady]
        counts[label] = [list(cell) for cell in cells]
    return Shares(shares, counts)


def decisions(margins: Floats) -> tuple[Ints, Ints]:
    """Give the winning class of each sentence, and the band of its margin."""
    widest = margins.max(axis=1)
    reached = [(widest >= edge).astype(np.int64) for edge in BANDS]
    return margins.argmax(axis=1), np.sum(reached, axis=0)


def non_decreasing(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Pool neighbours that fall until none does (pool adjacent violators).

    Examples
    --------
    >>> non_decreasing([0.25, 0.75, 0.5, 0.875], [1, 1, 1, 1])
    [0.25, 0.625, 0.625, 0.875]
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((float(value), weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, w, n), (high, v, m) = pools.pop(-2), pools.pop()
            pools.append(((low * w + high * v) / (w + v), w + v, n + m))
    return [value for value, _, size in pools for _ in range(size)]


class Calibration(NamedTuple):
    """How far promised shares are from what came true."""

    gap: float
    by_chance: float
    """The gap to be expected if every promise were exactly true, as small cells scatter."""


def calibration(margins: Floats, truth: Ints, folds: Ints) -> Calibration:
    """Hold the shares of four folds against the fifth, for each fold, label and band.

    The gaps are averaged with the number of decisions as weight.
    """
    decided, bands = decisions(margins)
    rng = np.random.default_rng(SEED)
    off, chance, total = 0.0, 0.0, 0
    for fold in range(FOLDS):
        held = folds == fold
        for place in range(len(LABELS)):
            mean = (truth[~held & (decided == place)] == place).mean()
            for band in range(len(BANDS) + 1):
                cell = (decided == place) & (bands == band)
                n = int((cell & held).sum())
                if not n:
                    continue
                right = (truth[cell & ~held] == place).sum()
                promised = (right + PULL * mean) / ((cell & ~held).sum() + PULL)
                off += abs(promised * n - (truth[cell & held] == place).sum())
                scatter = rng.binomial(n, promised, RESAMPLES)
                chance += np.abs(promised * n - scatter).mean()
                total += n
    return Calibration(float(off / total), float(chance / total))


# --- level and actor ----------------------------------------------------------------------------


class Side(NamedTuple):
    """Points for the level or the actor, and how well they do out of fold."""

    classes: tuple[str, ...]
    points: dict[str, list[float]]
    sentences: int
    accuracy: float
    commonest: float
    """Share of the most frequent class: what a constant answer would reach."""


def side(data: Data, field: str, classes: tuple[str, ...]) -> Side:
    """Fit the points for the level or the actor, on the sentences that have one.

    Parameters
    ----------
    data : Data
        The labelled sentences.
    field : {'level', 'actor'}
        What to fit.
    classes : tuple of str
        The values that it can take.

    Returns
    -------
    Side
    """
    labels = [one.row.label for one in data.sentences]
    leveled = np.array([label in LEVELED for label in labels])
    values = [getattr(one.row, field) for one in data.sentences if one.row.label in LEVELED]
    extra = np.array([[label == each for each in LEVELED] for label in labels], dtype=float)
    features = np.hstack([data.features, extra])[leveled]
    names = [*data.names, *(f"label:{label}" for label in LEVELED)]
    kept = np.flatnonzero(features.sum(axis=0) >= RAREST)
    features = features[:, kept]
    truth = np.array([classes.index(value) for value in values])
    even = np.ones(len(truth))
    margins = out_of_fold(features, truth, len(classes), even, data.folds[leveled])
    points = fit(features, truth, len(classes), even)
    return Side(
        classes,
        {names[column]: _rounded(row) for column, row in zip(kept, points, strict=True)},
        len(truth),
        float((margins.argmax(axis=1) == truth).mean()),
        float(np.bincount(truth).max() / len(truth)),
    )


def _rounded(row: Floats) -> list[float]:
    return [round(float(value), 3) for value in row]


# --- measures -----------------------------------------------------------------------------------


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

    articles: int
    sentences: dict[str, int]
    precision: dict[str, Measure]
    recall: dict[str, Measure]
    f1: dict[str, Measure]
    accuracy: Measure
    macro_f1: Measure


def scores(decided: Ints, truth: Ints, articles: Ints) -> Scores:
    """Measure decisions, with intervals by bootstrap over articles.

    Sentences of an article are alike, so whole articles are drawn. The points are not fitted
    anew for each draw: the intervals tell of the choice of sentences, not of that of the points.

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
    groups, group = np.unique(articles, return_inverse=True)
    places = np.arange(len(LABELS))
    said, meant = decided[:, None] == places, truth[:, None] == places
    per_article = np.zeros((len(groups), 3 * len(LABELS)))
    np.add.at(per_article, group, np.hstack([said & meant, said, meant]).astype(float))
    draws = np.random.default_rng(SEED).multinomial(
        len(groups), np.full(len(groups), 1 / len(groups)), size=RESAMPLES
    )
    # The first row is the set itself, each article once.
    times = np.vstack([np.ones(len(groups)), draws])
    hits, chosen, true = np.split(times @ per_article, 3, axis=1)
    precision = hits / np.maximum(chosen, 1)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(chosen + true, 1)
    return Scores(
        len(groups),
        {label: int(true[0, place]) for place, label in enumerate(LABELS)},
        _by_label(precision),
        _by_label(recall),
        _by_label(f1),
        _measure(hits.sum(axis=1) / true.sum(axis=1)),
        _measure(f1.mean(axis=1)),
    )


def _by_label(columns: Floats) -> dict[str, Measure]:
    return {label: _measure(columns[:, place]) for place, label in enumerate(LABELS)}


def _measure(values: Floats) -> Measure:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return Measure(float(values[0]), float(low), float(high))


# --- all together -------------------------------------------------------------------------------


class Model(NamedTuple):
    """Everything that is fitted and what it is measured on."""

    data: Data
    margins: Floats
    """Out of fold."""
    shares: Shares
    points: Floats
    """Fitted on all sentences."""
    level: Side
    actor: Side


def train(sentences: list[Labelled]) -> Model:
    """Fit everything.

    Parameters
    ----------
    sentences : list of Labelled
        What to learn from.

    Returns
    -------
    Model
    """
    data = prepare(sentences)
    given = (data.features, data.truth, len(LABELS), data.weights)
    margins = out_of_fold(*given, data.folds)
    return Model(
        data,
        margins,
        shares_of(margins, data.truth),
        fit(*given),
        side(data, "level", LEVELS),
        side(data, "actor", ACTORS),
    )


def document(model: Model) -> dict[str, Any]:
    """Give what ``cue_weights.json`` holds."""
    points = {name: _rounded(row) for name, row in zip(model.data.names, model.points, strict=True)}
    return {
        "about": list(ABOUT),
        "bands": list(BANDS),
        "shares": model.shares.shares,
        "right_of_decided": model.shares.counts,
        "label": {"classes": list(LABELS), "points": points},
        "level": {"classes": list(model.level.classes), "points": model.level.points},
        "actor": {"classes": list(model.actor.classes), "points": model.actor.points},
    }


def as_json(value: Any, indent: str = "") -> str:
    """Write JSON with one signal a line, so that a new fit shows as a readable difference.

    Examples
    --------
    >>> print(as_json({"low": [1, 0.5], "classes": ["GAP"]}))
    {
     "low": [1, 0.5],
     "classes": [
      "GAP"
     ]
    }
    """
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {as_json(each, deeper)}" for key, each in value.items()]
        opening, closing = "{}"
    elif isinstance(value, list) and value and isinstance(value[0], str):
        items = [json.dumps(each) for each in value]
        opening, closing = "[]"
    else:
        return json.dumps(value)
    body = ",\n".join(deeper + item for item in items)
    return f"{opening}\n{body}\n{indent}{closing}"


def report(model: Model) -> Iterator[str]:
    """Give the lines of the tables."""
    data = model.data
    decided = decisions(model.margins)[0]
    rounds = np.array([one.row.id[0] for one in data.sentences])
    parts: list[tuple[str, Mask]] = [("all", np.ones(len(rounds), dtype=bool))]
    parts += [(f"{name} ({letter}...)", rounds == letter) for letter, name in ROUNDS.items()]
    for title, part in parts:
        yield from _table(title, scores(decided[part], data.truth[part], data.articles[part]))
    for name, fitted in (("level", model.level), ("actor", model.actor)):
        yield (
            f"{name}: accuracy {fitted.accuracy:.3f} in {fitted.sentences} sentences, true label "
            f"given (commonest class {fitted.commonest:.3f})"
        )
    measured = calibration(model.margins, data.truth, data.folds)
    yield (
        f"calibration: mean gap per fold, label and band {measured.gap:.3f} "
        f"(by chance alone {measured.by_chance:.3f})"
    )


def _table(title: str, found: Scores) -> Iterator[str]:
    total = sum(found.sentences.values())
    yield f"{title}: {total} sentences of {found.articles} articles, out of fold, 95 % intervals"
    yield f"  {'label':<8}{'n':>5}  {'precision':<21}  {'recall':<21}  F1"
    for label, n in found.sentences.items():
        cells = (found.precision[label], found.recall[label], found.f1[label])
        yield f"  {label:<8}{n:>5}  " + "  ".join(str(cell) for cell in cells)
    yield f"  accuracy {found.accuracy}, macro F1 {found.macro_f1}"
    yield ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print the measures and perhaps write the file.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m training.cue_weights", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    options = parser.parse_args(arguments)
    try:
        model = train(resolve(read_labels()))
    except CmeneedsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.writelines(f"{line}\n" for line in report(model))
    text = as_json(document(model)) + "\n"
    same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
    if options.write:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
    done = "is what was fitted" if same else "was rewritten" if options.write else "differs"
    sys.stdout.write(f"{TARGET.name} {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
