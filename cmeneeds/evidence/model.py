"""The fitted model: a table of points, and how to add them up.

Every feature of a sentence (:mod:`cmeneeds.evidence.features`) carries points for each label, level
and actor. They were fitted by ``training/model.py`` and stand in
``cmeneeds/data/sentence_model.npz``, which is read at the first use. Adding up needs NumPy alone.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.evidence.features import runs, skips, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LABELS = ("GAP", "CAUSE", "REC", "RATE", "BURDEN", "EVGAP", "OTHER")
"""Labels, in the order in which they win a tie."""

LEVELS = ("K", "C", "P", "O", "S")
ACTORS = ("clin", "pat", "sys")

KINDS = ("runs", "skips", "groups", "signals")
"""Kinds of features, in the order of the table."""

_LABEL = slice(0, 7)
_LEVEL = slice(7, 12)
_ACTOR = slice(12, 15)
_SCREEN = 15
WIDTH = 16
"""Columns of the table: labels, levels, actors, and whether a sentence is worth a closer look."""


class Model(NamedTuple):
    """The table of points, ready for use."""

    rows: dict[str, dict[str, int]]
    """For each kind of feature, the row of each."""
    points: Floats
    """One row a feature, ``WIDTH`` columns."""
    intercept: Floats
    given_label: Floats
    """Points for level and actor that follow from the label; one row a label."""
    threshold: float
    """Screen scores below it make a sentence OTHER without a closer look."""
    slope: float
    """With ``shifts``: turns scores into probabilities."""
    shifts: Floats


@cache
def model() -> Model:
    """Read the table, once per process (about a fifth of a second)."""
    import numpy as np

    source = resources.files("cmeneeds.data") / "sentence_model.npz"
    with source.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        rows: dict[str, dict[str, int]] = {}
        start = 0
        for kind in KINDS:
            names = stored[f"{kind}_names"].tobytes().decode().split("\n")
            rows[kind] = dict(zip(names, range(start, start + len(names)), strict=True))
            start += len(names)
        return Model(
            rows,
            stored["points"].astype(np.float32),
            stored["intercept"].astype(np.float32),
            stored["given_label"].astype(np.float32),
            float(stored["threshold"]),
            float(stored["slope"]),
            stored["shifts"].astype(np.float32),
        )


def sums(kind: str, named: Sequence[Collection[str]]) -> Floats:
    """Add up the points of one kind of feature.

    Parameters
    ----------
    kind : {'runs', 'skips', 'groups', 'signals'}
        Kind of feature.
    named : sequence of collections of str
        The features of each sentence; unknown ones carry no points but count for the size.

    Returns
    -------
    array of float, sentences by ``WIDTH``
        Sums, divided by the square root of the number of features (but for signals).
    """
    import numpy as np

    table = model()
    place = table.rows[kind]
    found = [[row for row in map(place.get, one) if row is not None] for one in named]
    lengths = np.array([len(one) for one in found])
    out = np.zeros((len(named), WIDTH), np.float32)
    filled = np.flatnonzero(lengths)
    if len(filled):
        every = np.array([row for one in found for row in one])
        starts = np.concatenate([[0], np.cumsum(lengths[filled])[:-1]])
        out[filled] = np.add.reduceat(table.points[every], starts, axis=0)
    if kind != "signals":
        sizes = np.array([len(one) or 1 for one in named], np.float32)
        out /= np.sqrt(sizes)[:, None]
    return out


def lexical(texts: Sequence[str]) -> Floats:
    """Add up what the words alone say of each sentence, intercept included."""
    words = [tokens(text) for text in texts]
    return (
        model().intercept
        + sums("runs", [runs(one) for one in words])
        + sums("skips", [skips(one) for one in words])
    )


def worth_a_look(scores: Floats) -> list[bool]:
    """Tell which sentences may say something about practice."""
    passed: list[bool] = (scores[:, _SCREEN] >= model().threshold).tolist()
    return passed


_SUREST = 0.999
"""No sentence is ever certain."""


class Decision(NamedTuple):
    """What the points amount to."""

    label: str
    probability: float
    """Calibrated probability of the label."""
    level: str
    actor: str


def decide(scores: Floats) -> list[Decision]:
    """Turn sums of points into decisions; level and actor as if the label were right."""
    import numpy as np

    table = model()
    if not len(scores):
        return []
    labels = scores[:, _LABEL]
    best = labels.argmax(axis=1)
    told = _softmax(table.slope * labels + table.shifts)
    sides = scores + table.given_label[best]
    levels = sides[:, _LEVEL].argmax(axis=1)
    actors = sides[:, _ACTOR].argmax(axis=1)
    shares = told[np.arange(len(best)), best]
    return [
        Decision(LABELS[one], min(round(float(share), 4), _SUREST), LEVELS[level], ACTORS[actor])
        for one, share, level, actor in zip(best, shares, levels, actors, strict=True)
    ]


def probabilities(scores: Floats) -> Floats:
    """Give the calibrated probability of each label; rows add up to 1."""
    table = model()
    return _softmax(table.slope * scores[:, _LABEL] + table.shifts)


def _softmax(values: Floats) -> Floats:
    """Turn scores into shares."""
    import numpy as np

    odds = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Floats = odds / odds.sum(axis=1, keepdims=True)
    return shares


def store(names: dict[str, list[str]], **arrays: Any) -> dict[str, Any]:
    """Lay a fitted table out as it is stored.

    Parameters
    ----------
    names : dict of str to list of str
        For each kind of feature, its names in the order of their rows.
    **arrays : array
        The other fields of :class:`Model`.

    Returns
    -------
    dict
        Arrays for :func:`numpy.savez_compressed`.
    """
    import numpy as np

    blobs = {
        f"{kind}_names": np.frombuffer("\n".join(names[kind]).encode(), np.uint8) for kind in KINDS
    }
    return {**blobs, **arrays}
