"""Which gap comes first, why, and how much that hangs on the weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from statistics import median

import yaml

SCORES = ("magnitude", "severity", "prevalence", "addressability", "measurability", "evidence")
"""Parts of the priority, in the order in which they are explained."""


@dataclass(frozen=True)
class Weights:
    """How heavy each score counts; they add up to 1."""

    magnitude: float
    severity: float
    prevalence: float
    addressability: float
    measurability: float
    evidence: float

    def total(self, scores: Mapping[str, float]) -> float:
        """Priority from 0 to 100."""
        total = sum(scores[name] * float(getattr(self, name)) for name in SCORES)
        return round(100 * total, 1)

    def changed(self, name: str, factor: float) -> Weights:
        """The same with one weight multiplied, and all brought back to a sum of 1."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values[name] *= factor
        total = sum(values.values())
        return Weights(**{n: v / total for n, v in values.items()})


@dataclass(frozen=True)
class Settings:
    """Weights and constants of the ranking; ``data/priority.yaml`` says what each is."""

    weights: Weights
    unknown_magnitude: float
    recency_years: int
    minimum_probability: float
    carrying_probability: float
    pairing_probability: float
    pairing_words: int
    achieved: float
    unwanted: float


@cache
def priority_settings() -> Settings:
    """Read the ranking's settings."""
    data = yaml.safe_load((files("cmeneeds.data") / "priority.yaml").read_text("utf-8"))
    return Settings(Weights(**data.pop("weights")), **data)


_SEVERITY = (
    (1.0, "death", r"\b(?:death|deaths|died|mortalit\w*|fatal\w*|suicid\w*|survival)\b"),
    (
        0.7,
        "serious harm",
        (
            r"\b(?:hospitali[sz]\w*|readmi\w*|complication\w*|stroke|amputation\w*|disabilit\w*|"
            r"adverse (?:event|outcome)\w*|severe|intensive care|organ failure|sepsis|relapse\w*)\b"
        ),
    ),
    (
        0.4,
        "burden",
        r"\b(?:quality of life|symptom\w*|cost\w*|burden\w*|distress|pain|anxiety|absen\w+)\b",
    ),
)
_SEVERE = tuple((score, name, re.compile(p, re.IGNORECASE)) for score, name, p in _SEVERITY)
_ADDRESSABLE = {"yes": 1.0, "partly": 0.6, "no": 0.2}
_UNKNOWN_ADDRESSABLE = 0.5


@dataclass(frozen=True)
class Score:
    """One part of a priority.

    Attributes
    ----------
    value : float
        0 to 1.
    words : str
        Why, for readers; holds no figure of a record.
    """

    value: float
    words: str


def magnitude(sizes: Sequence[float], settings: Settings) -> Score:
    """Score the size of the shortfall from the sizes stated first-hand, in percentage points."""
    if not sizes:
        return Score(settings.unknown_magnitude, "no figure with a direction is stated")
    # The median, because one extreme subgroup should not carry the row.
    value = median(sizes) / 100
    size = "large" if value >= 0.5 else "middling" if value >= 0.2 else "small"
    return Score(value, f"the stated shortfall is {size}")


def severity(texts: Sequence[str]) -> Score:
    """Score the consequence that the passages name for patients."""
    for value, name, pattern in _SEVERE:
        if any(pattern.search(text) for text in texts):
            return Score(value, f"the passages name {name}")
    return Score(0.2, "no consequence for patients is named")


def prevalence(cohorts: int) -> Score:
    """Score how widely it is seen, from the number of independent cohorts."""
    seen = "one cohort" if cohorts == 1 else "several independent cohorts"
    return Score(1 - 1 / (1 + cohorts), f"reported by {seen}")


def addressability(answer: str) -> Score:
    """Score what education can close: ``yes``, ``partly`` or ``no`` of coded causes.

    Anything else is unknown and counts neither for nor against the row: the level of a shortfall
    does not say why it happens.
    """
    if answer not in _ADDRESSABLE:
        return Score(_UNKNOWN_ADDRESSABLE, "what education can close is unknown: no coded cause")
    return Score(_ADDRESSABLE[answer], f"closable by education: {answer}")


def measurability(counted: bool, rated: bool) -> Score:
    """Score whether it can be measured: numerator and denominator, a percentage, or words."""
    if counted:
        return Score(1.0, "stated with numerator and denominator")
    return Score(0.7, "stated as a percentage") if rated else Score(0.3, "stated in words only")


def evidence(designs: Sequence[tuple[float, str, float]]) -> Score:
    """Score the evidence: the best of design times recency.

    Parameters
    ----------
    designs : sequence of (float, str, float)
        Weight of the design for "how is it done today", its name, and recency from 0 to 1.
    """
    if not designs:
        return Score(0.0, "no first-hand record")
    weight, name, recency = max(designs, key=lambda d: (d[0] * (0.5 + d[2] / 2), d[1]))
    fresh = "recent" if recency >= 0.5 else "older" if recency > 0 else "old or undated"
    design = "design unknown" if name == "unknown" else name
    return Score(weight * (0.5 + recency / 2), f"best evidence: {fresh}, {design}")


def rank_ranges(
    rows: Sequence[Mapping[str, float]],
    settled: Sequence[bool],
    factors: Sequence[float] = (0.5, 2),
) -> list[tuple[int, int]]:
    """Tell how far ranks move when each weight in turn is halved and doubled.

    Parameters
    ----------
    rows : sequence of mapping
        Scores by name, one mapping a row.
    settled : sequence of bool
        Rows with both sides sourced; they stay before the others whatever the weights.
    factors : sequence of float

    Returns
    -------
    list of (int, int)
        Best and worst rank of each row, its rank under the weights in use included.
    """
    weights = priority_settings().weights
    tried = [weights, *(weights.changed(name, f) for name in SCORES for f in factors)]
    low, high = [len(rows)] * len(rows), [1] * len(rows)
    for w in tried:
        totals = [w.total(scores) for scores in rows]
        order = sorted(range(len(rows)), key=lambda i: (not settled[i], -totals[i], i))
        for rank, i in enumerate(order, 1):
            low[i], high[i] = min(low[i], rank), max(high[i], rank)
    return list(zip(low, high, strict=True))
