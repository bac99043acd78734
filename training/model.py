"""Fit the model of ``cmeneeds/data/sentence_model.npz`` from labelled sentences.

``python -m training.model --write`` fits on everything and writes the file; nothing in it is
random, so that the same labels and the same corpus give the same numbers. What was compared, and
how well it does on articles that it has not seen, is printed by ``python -m training.compare``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from cmeneeds.errors import CmeneedsError
from cmeneeds.evidence.classify import LABELS, LEVELED
from training.fitting import (
    SCALES,
    Data,
    Floats,
    Ints,
    Space,
    fit,
    hard,
    matrix,
    prepare,
    soft_folds,
    space,
    totals,
)
from training.labelled import ACTORS, LEVELS
from training.vectors import DIMENSIONS, vectors

TARGET = Path(__file__).resolve().parents[1] / "cmeneeds" / "data" / "sentence_model.npz"


def calibrate(scores: Floats, truth: Ints) -> tuple[float, Floats]:
    """Find the slope and the shifts that make ``softmax(slope * scores + shifts)`` truthful."""
    right = np.eye(scores.shape[1])[truth]

    def loss(values: Floats) -> float:
        told = log_softmax(values[0] * scores + values[1:], axis=1)
        return float(-(right * told).sum() / len(truth) + 1e-4 * (values[1:] ** 2).sum())

    start = np.concatenate([[1.0], np.zeros(scores.shape[1])])
    found = minimize(loss, start, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-8})
    return float(found.x[0]), found.x[1:]


class Fitted(NamedTuple):
    """Everything that is fitted."""

    known: Space
    points: Floats
    """For labels, levels, actors and the screen; features + 1 rows."""
    given_label: Floats
    threshold: float
    slope: float
    shifts: Floats


def _lexical(known: Space) -> NDArray[np.bool_]:
    """Mark the columns that words alone fill."""
    sizes = [len(place) for place in known.places.values()]
    kinds = list(known.places)
    parts = [
        np.full(size, kind in ("runs", "skips")) for kind, size in zip(kinds, sizes, strict=True)
    ]
    return np.concatenate([*parts, np.full(DIMENSIONS, True)])


def _screen(rows: sp.csr_matrix, telling: NDArray[np.bool_], lexical: NDArray[np.bool_]) -> Floats:
    """Fit the score that tells sentences worth a closer look, from words alone."""
    from sklearn.svm import LinearSVC

    fitted = LinearSVC(C=0.1, class_weight={True: 3.0, False: 1.0}, random_state=0)
    fitted.fit(rows[:, lexical], telling)
    out = np.zeros(len(lexical) + 1)
    out[:-1][lexical] = fitted.coef_[0]
    out[-1] = fitted.intercept_[0]
    return out


def with_label(data: Data, rows: sp.csr_matrix, chosen: Ints) -> sp.csr_matrix:
    """Add the true label to the features of some of the labelled sentences."""
    given = np.array([[data.labelled[n].row.label == each for each in LABELS] for n in chosen])
    return sp.hstack([rows[chosen], sp.csr_matrix(given.astype(float))]).tocsr()


def side(
    data: Data, rows: sp.csr_matrix, field: str, classes: Sequence[str], chosen: Ints
) -> Floats:
    """Fit points for the level or the actor on sentences that have one."""
    values = [classes.index(getattr(data.labelled[n].row, field)) for n in chosen]
    return fit(with_label(data, rows, chosen), np.eye(len(classes))[values], SIDE_STEPS)


def without_fold_0(data: Data, rows: sp.csr_matrix, known: Space) -> tuple[Floats, Floats]:
    """Score the labelled sentences with points and a screen that were fitted without fold 0."""
    n = len(data.labelled)
    seen = np.flatnonzero(data.folds() != 0)
    more = np.flatnonzero(soft_folds(data) != 0)
    given = sp.vstack([rows[:n][seen], rows[n:][more]]).tocsr()
    scores = totals(
        rows[:n], fit(given, np.vstack([hard(data.truth[seen]), data.shares[more]]), STEPS)
    )
    telling = np.concatenate([data.truth[seen], data.shares[more].argmax(axis=1)]) != OTHER
    screen = _screen(given, telling, _lexical(known))
    return scores, rows[:n] @ screen[:-1] + screen[-1]


OTHER = LABELS.index("OTHER")
STEPS, SIDE_STEPS = 40, 15
"""Steps of the fit: stopping early holds the points back, as a stronger penalty would."""
LOST = 0.004
"""Share of the rightly found sentences that the screen may lose."""


def train(data: Data) -> Fitted:
    """Fit everything on everything.

    Parameters
    ----------
    data : Data
        What to learn from.

    Returns
    -------
    Fitted
    """
    # Threads add up in an order of their own, which shows in the sixth digit.
    with threadpool_limits(limits=1):
        return _train(data)


def _train(data: Data) -> Fitted:
    """Fit, in one thread."""
    known = space([*data.read, *data.soft])
    rows = matrix([*data.read, *data.soft], known)
    n = len(data.labelled)
    scores, screened = without_fold_0(data, rows, known)
    held, truth = data.measured & (data.folds() == 0), data.truth
    slope, shifts = calibrate(scores[held], truth[held])
    found = held & (scores.argmax(axis=1) == truth) & (truth != OTHER)
    threshold = float(np.quantile(screened[found], LOST))
    label = fit(rows, np.vstack([hard(truth), data.shares]), STEPS)
    leveled = np.flatnonzero([one.row.label in LEVELED for one in data.labelled])
    level = side(data, rows[:n], "level", LEVELS, leveled)
    actor = side(data, rows[:n], "actor", ACTORS, leveled)
    telling = np.concatenate([truth, data.shares.argmax(axis=1)]) != OTHER
    screen = _screen(rows, telling, _lexical(known))
    width = rows.shape[1]
    sides = np.hstack([level, actor])
    points = np.column_stack([label, np.vstack([sides[:width], sides[-1:]]), screen])
    given_label = np.zeros((len(LABELS), points.shape[1]))
    given_label[:, len(LABELS) : -1] = sides[width:-1]
    return Fitted(known, points, given_label, threshold, slope, shifts)


def document(fitted: Fitted) -> dict[str, Any]:
    """Lay out what ``sentence_model.npz`` holds: scales, rarity and word vectors folded in."""
    from cmeneeds.evidence.model import store

    names: dict[str, list[str]] = {}
    parts: list[Floats] = []
    start = 0
    meaning = vectors()
    of_words = SCALES["meaning"] * (meaning.table @ fitted.points[-1 - DIMENSIONS : -1])
    for kind, place in fitted.known.places.items():
        names[kind] = list(place)
        part = fitted.points[start : start + len(place)]
        part = part * (fitted.known.idf[kind] * SCALES[kind])[:, None]
        start += len(place)
        if kind == "runs":
            extra = [word for word in meaning.place if word not in place]
            for word, row in place.items():
                if word in meaning.place:
                    part[row] += of_words[meaning.place[word]]
            names[kind] += extra
            part = np.vstack([part, of_words[[meaning.place[word] for word in extra]]])
        parts.append(part)
    return store(
        names,
        points=np.vstack(parts).astype(np.float16),
        intercept=fitted.points[-1].astype(np.float32),
        given_label=fitted.given_label.astype(np.float32),
        threshold=np.float64(fitted.threshold),
        slope=np.float64(fitted.slope),
        shifts=fitted.shifts.astype(np.float32),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, say whether the file is what was fitted, and perhaps write it.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the command line.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m training.model", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    options = parser.parse_args(arguments)
    try:
        written = document(train(prepare()))
    except CmeneedsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    off = difference(written)
    if options.write:
        np.savez_compressed(TARGET, **written)
    sys.stdout.write(
        f"{TARGET.name}: "
        + ("no file to compare with" if off is None else f"largest difference {off:.2g}")
        + (", rewritten\n" if options.write else "\n")
    )
    return 0


def difference(written: dict[str, Any]) -> float | None:
    """Largest difference of a number from the stored file; infinite if features differ."""
    if not TARGET.exists():
        return None
    with np.load(TARGET, allow_pickle=False) as stored:
        if set(stored.files) != set(written):
            return float("inf")
        worst = 0.0
        for name in stored.files:
            old, new = stored[name], np.asarray(written[name])
            if old.shape != new.shape:
                return float("inf")
            gap = np.abs(old.astype(float) - new.astype(float)).max(initial=0.0)
            worst = max(worst, float("inf") if name.endswith("_names") and gap else float(gap))
    return worst


if __name__ == "__main__":
    sys.exit(main())
