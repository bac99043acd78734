"""Why a sentence got its label: the features that spoke most for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.evidence import features
from cmeneeds.evidence.lexicon import cues
from cmeneeds.evidence.model import KINDS, LABELS, model
from cmeneeds.evidence.rates import rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmeneeds.records import Markup


class Reason(NamedTuple):
    """A feature and what it did."""

    feature: str
    """Words as they were read, ``word~word`` for a pair, ``group&group``, or a signal."""
    kind: str
    """``runs``, ``skips``, ``groups`` or ``signals``."""
    points: float
    """How much more it spoke for the label than for the mean of all labels."""
    start: int | None
    """First character in the sentence; None if the feature has no one place."""
    end: int | None
    """One past the last character."""


def explain(
    text: str, section: str = "", label: str = "", markup: Sequence[Markup] = (), most: int = 8
) -> list[Reason]:
    """Name the features that spoke most for or against a label.

    Parameters
    ----------
    text, section, markup
        As for :func:`~cmeneeds.evidence.classify.classify`.
    label : str, optional
        The label to explain. Default: the one the sentence gets.
    most : int, optional
        How many reasons to give.

    Returns
    -------
    list of Reason
        Strongest first; negative points spoke against the label.
    """
    from cmeneeds.evidence.classify import LONGEST_SENTENCE, classify, signals

    text = text[:LONGEST_SENTENCE]
    label = label or classify(text, section, markup=markup).label
    column = LABELS.index(label)
    table = model()
    words = features.tokens(text)
    groups = features.groups(text)
    found = cues(text)
    named = {
        "runs": features.runs(words),
        "skips": features.skips(words),
        "groups": features.together(groups, text),
        "signals": set(signals(text, section, found, rates(text, markup), groups)),
    }
    spans = features.token_spans(text)
    places = {f"cue:{cue.name}": (cue.start, cue.end) for cue in found}
    reasons = []
    for kind in KINDS:
        size = 1.0 if kind == "signals" else max(len(named[kind]), 1) ** 0.5
        for name in sorted(named[kind]):
            row = table.rows[kind].get(name)
            if row is None:
                continue
            points = table.points[row, : len(LABELS)]
            gained = float(points[column] - points.mean()) / size
            start, end = places.get(name) or _place(name, kind, words, spans)
            reasons.append(Reason(name, kind, round(gained, 4), start, end))
    reasons.sort(key=lambda one: (-abs(one.points), one.kind, one.feature))
    return reasons[:most]


def _place(
    name: str, kind: str, words: list[str], spans: list[tuple[int, int]]
) -> tuple[int | None, int | None]:
    """Find where the words of a feature stand first."""
    if kind == "runs":
        wanted = [word for word in name.split(" ") if word not in "^$"]
        size = len(wanted)
        for at in range(len(words) - size + 1):
            if words[at : at + size] == wanted:
                return spans[at][0], spans[at + size - 1][1]
    if kind == "skips":
        first, _, second = name.partition("~")
        if first in words and second in words[words.index(first) + 1 :]:
            at = words.index(first)
            return spans[at][0], spans[words.index(second, at + 1)][1]
    return None, None
