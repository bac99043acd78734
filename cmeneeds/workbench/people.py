"""Two people's decisions side by side: how far they agree, what they have to settle, one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cmeneeds.decisions import compare, load_decisions, merge_files, save_decisions
from cmeneeds.decisions.screening import SCREENING, compare_screening, merge_screening
from cmeneeds.errors import UsageError
from cmeneeds.statistics import Estimate
from cmeneeds.workbench.page import Column, styled, table, text


@dataclass(frozen=True, repr=False)
class Agreement:
    """How far two people agree.

    Attributes
    ----------
    kind : str
        ``screening`` or ``decisions``.
    a, b : str
        Whose file.
    both, agreed : int
        Records or rows that both decided about; of these, alike.
    kappa : Estimate or None
        Cohen's kappa with its 95 % interval; None where it is not defined.
    only_a, only_b : int
        What one of them decided about.
    conflicts : tuple of tuple of str
        What it is about, what ``a`` said and why, what ``b`` said and why.
    """

    kind: str
    a: str
    b: str
    both: int
    agreed: int
    kappa: Estimate | None
    only_a: int
    only_b: int
    conflicts: tuple[tuple[str, str, str], ...]

    def __repr__(self) -> str:
        """A few lines."""
        lines = [self.summary]
        lines += [f"{about}: {self.a} {a}; {self.b} {b}" for about, a, b in self.conflicts]
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """One sentence."""
        if not self.both:
            return f"{self.a} and {self.b} decided about nothing in common."
        said = (
            f"{self.a} and {self.b} agree on {self.agreed:,} of {self.both:,} "
            f"({self.agreed / self.both:.0%})"
        )
        if self.kappa is None:
            return f"{said}; Cohen's kappa is not defined here (one answer throughout)."
        k = self.kappa
        return f"{said}; Cohen's kappa {k.value:.2f} (95 % interval {k.low:.2f} to {k.high:.2f})."

    def _repr_html_(self) -> str:
        head = f"<h4>{text(self.kind.capitalize())} of two people</h4><p>{text(self.summary)}</p>"
        alone = (
            f"<p>Only {text(self.a)}: {self.only_a:,}; only {text(self.b)}: {self.only_b:,}.</p>"
        )
        columns = [Column("about", "About"), Column("a", self.a), Column("b", self.b)]
        open_ = f"<p>{len(self.conflicts):,} to settle:</p>{table(columns, self.conflicts)}"
        return styled(head + alone + (open_ if self.conflicts else ""))


def compare_people(a: str | Path, b: str | Path) -> Agreement:
    """Compare two people's files of decisions, or of screening.

    Parameters
    ----------
    a, b : path
        Two ``.decisions.csv`` or two ``.screening.csv``.

    Raises
    ------
    UsageError
        If they are not two files of one kind, or cannot be read.
    """
    one, other = Path(a), Path(b)
    kind = _kind(one, other)
    if kind == "screening":
        left, right = SCREENING.load(one), SCREENING.load(other)
        found = compare_screening(left, right)
        conflicts = tuple(
            (f"PMID {c.pmid}", _said(c.a.decision, c.a.reason), _said(c.b.decision, c.b.reason))
            for c in found.conflicts
        )
        names = _names([w.by for w in left], [w.by for w in right], one, other)
        return Agreement(
            kind, *names, found.both, found.agreed, found.kappa, len(found.only_a),
            len(found.only_b), conflicts,
        )  # fmt: skip
    mine, theirs = load_decisions(one), load_decisions(other)
    rows = compare(mine, theirs)
    conflicts = tuple(
        (
            c.about,
            _said(c.a.decision, c.a.value or c.a.into or c.a.reason),
            _said(c.b.decision, c.b.value or c.b.into or c.b.reason),
        )
        for c in rows.conflicts
    )
    names = _names([d.by for d in mine], [d.by for d in theirs], one, other)
    return Agreement(
        kind, *names, rows.both, rows.agreed, rows.kappa, len(rows.only_a), len(rows.only_b),
        conflicts,
    )  # fmt: skip


def merge_people(a: str | Path, b: str | Path, into: str | Path) -> Agreement:
    """Put two people's files together into a third; what they disagree about stays open.

    Of decisions, both lines of a conflict are left out; of screening both are kept, and the record
    counts as ``conflict``, which carries its findings until it is settled.

    Returns
    -------
    Agreement
        With what is left to settle.
    """
    target = Path(into)
    kind = _kind(Path(a), Path(b), target)
    told = compare_people(a, b)
    if kind == "screening":
        SCREENING.save(target, merge_screening(SCREENING.load(a), SCREENING.load(b)))
    else:
        save_decisions(target, merge_files(load_decisions(a), load_decisions(b)).decisions)
    return told


def _kind(*paths: Path) -> str:
    kinds = {k for p in paths for k in ("screening", "decisions") if p.name.endswith(f".{k}.csv")}
    named = all(p.name.endswith((".screening.csv", ".decisions.csv")) for p in paths)
    if len(kinds) != 1 or not named:
        raise UsageError(
            "these are not files of one kind",
            "Name two .screening.csv, or two .decisions.csv.",
        )
    missing = next((p for p in paths[:2] if not p.exists()), None)
    if missing is not None:
        raise UsageError(f"there is no file {missing.name}", "Check its name.")
    return kinds.pop()


def _said(decision: str, why: str) -> str:
    return f"{decision} ({why})" if why else decision


def _names(a: list[str], b: list[str], one: Path, other: Path) -> tuple[str, str]:
    """Names of the persons; of the files where a file has several, or both the same."""
    left, right = set(a), set(b)
    if len(left) == len(right) == 1 and left != right:
        return left.pop(), right.pop()
    return one.name, other.name
