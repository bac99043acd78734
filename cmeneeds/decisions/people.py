"""Decisions of two people: how far they agree, and one file of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cmeneeds.decisions.model import Decision, in_force
from cmeneeds.statistics import Estimate, cohens_kappa


class Conflict(NamedTuple):
    """Two people decided differently about the same thing."""

    about: str
    """What it is about, such as ``status G-1a2b3c4d``."""
    a: Decision
    b: Decision


@dataclass(frozen=True)
class Comparison:
    """Two people's acceptances and rejections.

    Attributes
    ----------
    both : int
        Rows that both decided about.
    agreed : int
    agreement : float or None
        Share, 0 to 1; None if they decided about no row in common.
    kappa : Estimate or None
        Cohen's kappa with its interval (:func:`cmeneeds.statistics.cohens_kappa`): agreement
        beyond what their shares of acceptance would give by chance. None where it is not defined:
        no row in common, or both gave all rows the same one answer.
    only_a, only_b : tuple of str
        Rows that one of them decided about.
    conflicts : tuple of Conflict
        Of every kind, edits and merges included.
    """

    both: int
    agreed: int
    agreement: float | None
    kappa: Estimate | None
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True)
class Merged:
    """One file of two.

    Attributes
    ----------
    decisions : list of Decision
        Lines of both, each once. About what they disagree, neither counts: both lines are left
        out, so that the row is open again.
    conflicts : tuple of Conflict
        What the two have to settle.
    """

    decisions: list[Decision]
    conflicts: tuple[Conflict, ...]


def compare(a: Sequence[Decision], b: Sequence[Decision]) -> Comparison:
    """Compare two people's decisions.

    Parameters
    ----------
    a, b : sequence of Decision
        As :func:`load_decisions` gives them.
    """
    said_a, said_b = _status(a), _status(b)
    common = sorted(said_a.keys() & said_b.keys())
    pairs = [(said_a[g], said_b[g]) for g in common]
    agreed = sum(x == y for x, y in pairs)
    return Comparison(
        both=len(common),
        agreed=agreed,
        agreement=agreed / len(common) if common else None,
        kappa=_kappa(pairs),
        only_a=tuple(sorted(said_a.keys() - said_b.keys())),
        only_b=tuple(sorted(said_b.keys() - said_a.keys())),
        conflicts=tuple(_conflicts(a, b)),
    )


def _kappa(pairs: Sequence[tuple[str, str]]) -> Estimate | None:
    answers = ("accept", "reject")
    try:
        return cohens_kappa([[pairs.count((x, y)) for y in answers] for x in answers])
    except ValueError:
        return None


def _status(decisions: Sequence[Decision]) -> dict[str, str]:
    return {d.gap_id: d.decision for d in in_force(decisions) if d.slot[0] == "status"}


def _conflicts(a: Sequence[Decision], b: Sequence[Decision]) -> list[Conflict]:
    now_a = {d.slot: d for d in in_force(a)}
    now_b = {d.slot: d for d in in_force(b)}
    return [
        Conflict(" ".join(filter(None, slot)), now_a[slot], now_b[slot])
        for slot in now_a
        if slot in now_b and now_a[slot].said != now_b[slot].said
    ]


def merge_files(a: Sequence[Decision], b: Sequence[Decision]) -> Merged:
    """Put two people's decisions together.

    Where one file holds the other's line and a later one about the same, the later one counts: it
    was decided again, knowingly. Anything else that differs is a conflict.

    Parameters
    ----------
    a, b : sequence of Decision
        As :func:`load_decisions` gives them. :func:`save_decisions` writes the result.
    """
    known_a, known_b = set(a), set(b)
    open_, newer = [], set()
    for conflict in _conflicts(a, b):
        if conflict.b in known_a and conflict.a not in known_b:
            newer.add(conflict.a)
        elif conflict.a in known_b and conflict.b not in known_a:
            newer.add(conflict.b)
        else:
            open_.append(conflict)
    unsettled = {c.a.slot for c in open_}
    lines = [d for d in dict.fromkeys((*a, *b)) if d.slot not in unsettled]
    # What was decided again comes last, so that it counts.
    lines.sort(key=lambda d: d in newer)
    return Merged(lines, tuple(open_))
