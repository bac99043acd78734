"""Which records the writer has read and kept, and which not: ``<brief>.screening.csv``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cmeneeds.decisions.beside import Beside
from cmeneeds.errors import UsageError
from cmeneeds.statistics import Estimate, cohens_kappa

CHOICES = ("include", "exclude", "maybe")

_PMID = re.compile(r"[1-9]\d{0,8}")
_CHECK = re.compile(r"ranked|check [1-9]\d{0,3}")


class Screened(NamedTuple):
    """What one person said of one record. All cells are text.

    Attributes
    ----------
    pmid : str
    decision : str
        One of :data:`CHOICES`.
    reason : str
        Of an exclusion; needed there.
    by, date : str
        Who, and when: ``2021-06-08``.
    drawn : str
        How the record came up: ``ranked``, or ``check 2`` if it was drawn at random for the
        second check of what remains; empty where it was chosen by hand.
    """

    pmid: str
    decision: str
    reason: str
    by: str
    date: str
    drawn: str = ""


def _check(line: Screened, where: str = "") -> None:
    def refuse(what: str, todo: str) -> None:
        raise UsageError(f"{where}: {what}" if where else what, todo)

    if not _PMID.fullmatch(line.pmid):
        refuse(f"{line.pmid[:40]!r} is no PMID", "Write the number of the record.")
    if line.decision not in CHOICES:
        refuse(f"unknown decision {line.decision[:40]!r}", f"Write {', '.join(CHOICES)}.")
    if line.decision == "exclude" and not line.reason:
        refuse(f"PMID {line.pmid} is excluded without a reason", "Fill in `reason`.")
    if not line.by or not line.date:
        refuse("who decided, and when, is missing", "Fill in `by` and `date`.")
    if line.drawn and not _CHECK.fullmatch(line.drawn):
        refuse(f"{line.drawn[:40]!r} does not say how it was drawn", "Leave `drawn` empty.")
    if any(len(cell) > 2000 for cell in line):
        refuse(f"a cell about PMID {line.pmid} is too long", "At most 2,000 characters fit.")


SCREENING = Beside("screening", Screened._fields, 5, Screened, _check)
"""The file of screening choices."""


def standing_choices(lines: Iterable[Screened]) -> dict[int, dict[str, Screened]]:
    """The last choice of each person about each record, by PMID and person."""
    found: dict[int, dict[str, Screened]] = {}
    for line in lines:
        found.setdefault(int(line.pmid), {})[line.by] = line
    return found


def outcome(choices: Iterable[Screened]) -> str:
    """What several people's choices about one record come to.

    Returns
    -------
    str
        Their common choice; ``conflict`` if one excludes what another does not.
    """
    said = {line.decision for line in choices}
    if len(said) == 1:
        return said.pop()
    return "conflict" if "exclude" in said else "maybe"


def outcomes(lines: Iterable[Screened]) -> dict[int, str]:
    """What was chosen about each record, see :func:`outcome`."""
    return {pmid: outcome(by.values()) for pmid, by in standing_choices(lines).items()}


def excluded(lines: Iterable[Screened]) -> frozenset[int]:
    """Records that may carry no gap: excluded by somebody and kept by nobody."""
    return frozenset(pmid for pmid, said in outcomes(lines).items() if said == "exclude")


@dataclass(frozen=True)
class ScreeningCounts:
    """How many records stand where, for a flow diagram.

    Attributes
    ----------
    records : int
        All that the search found.
    screened, included, excluded, maybe, conflict, unscreened : int
        ``screened`` is the sum of the next four.
    reasons : dict of str to int
        Of the excluded, the most frequent first.
    """

    records: int
    included: int
    excluded: int
    maybe: int
    conflict: int
    reasons: dict[str, int]

    @property
    def screened(self) -> int:
        """Records that somebody has decided about."""
        return self.included + self.excluded + self.maybe + self.conflict

    @property
    def unscreened(self) -> int:
        """Records that nobody has decided about."""
        return self.records - self.screened

    @classmethod
    def of(cls, pmids: Iterable[int], lines: Iterable[Screened]) -> ScreeningCounts:
        """Count choices about these records; what was said of others is left out."""
        here = set(pmids)
        lines = [line for line in lines if int(line.pmid) in here]
        said = outcomes(lines)
        number = Counter(said.values())
        last = {
            pmid: next(reversed(by.values())).reason for pmid, by in standing_choices(lines).items()
        }
        reasons = Counter(last[pmid] for pmid, what in said.items() if what == "exclude")
        return cls(
            len(here),
            number["include"],
            number["exclude"],
            number["maybe"],
            number["conflict"],
            dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        )


class Disagreement(NamedTuple):
    """Two people chose differently about one record."""

    pmid: int
    a: Screened
    b: Screened


@dataclass(frozen=True)
class ScreeningAgreement:
    """Two people's screening compared.

    Attributes
    ----------
    both, agreed : int
        Records that both decided about; of these, with the same choice.
    kappa : Estimate or None
        Cohen's kappa over include, exclude and maybe, with its interval; None where it is not
        defined (no record in common, or one choice throughout).
    only_a, only_b : tuple of int
        Records that one of them decided about.
    conflicts : tuple of Disagreement
    """

    both: int
    agreed: int
    kappa: Estimate | None
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    conflicts: tuple[Disagreement, ...]

    @property
    def agreement(self) -> float | None:
        """Share, 0 to 1; None if they decided about no record in common."""
        return self.agreed / self.both if self.both else None


def compare_screening(a: Iterable[Screened], b: Iterable[Screened]) -> ScreeningAgreement:
    """Compare two people's choices; of several by one of them about a record the last counts."""
    said_a = {int(line.pmid): line for line in a}
    said_b = {int(line.pmid): line for line in b}
    common = sorted(said_a.keys() & said_b.keys())
    pairs = [(said_a[p].decision, said_b[p].decision) for p in common]
    try:
        kappa = cohens_kappa([[pairs.count((x, y)) for y in CHOICES] for x in CHOICES])
    except ValueError:
        kappa = None
    return ScreeningAgreement(
        both=len(common),
        agreed=sum(x == y for x, y in pairs),
        kappa=kappa,
        only_a=tuple(sorted(said_a.keys() - said_b.keys())),
        only_b=tuple(sorted(said_b.keys() - said_a.keys())),
        conflicts=tuple(
            Disagreement(p, said_a[p], said_b[p])
            for p in common
            if said_a[p].decision != said_b[p].decision
        ),
    )


def merge_screening(a: Iterable[Screened], b: Iterable[Screened]) -> tuple[Screened, ...]:
    """Lines of both, each once, by day.

    Nothing is settled by merging: where the two disagree the record counts as ``conflict`` and
    keeps its findings until one of them chooses again.
    """
    lines = list(dict.fromkeys((*a, *b)))
    return tuple(sorted(lines, key=lambda line: line.date))
