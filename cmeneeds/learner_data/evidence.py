"""All that learner data say beside one gap table, derived again from the kept lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cmeneeds.brief import Brief
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.learner_data.changes import learner_table
from cmeneeds.learner_data.matching import Baseline, baselines, match
from cmeneeds.learner_data.model import MIN_PEOPLE, LearnerFile

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LearnerEvidence:
    """Learner data of one run.

    Attributes
    ----------
    files : tuple of LearnerFile
        As the snapshot holds them.
    gaps : DataFrame
        The gap table.
    brief : Brief
    """

    files: tuple[LearnerFile, ...]
    gaps: pd.DataFrame
    brief: Brief

    @cached_property
    def table(self) -> pd.DataFrame:
        """The lines; see :func:`~cmeneeds.learner_data.changes.learner_table`."""
        return learner_table(self.files)

    @cached_property
    def matches(self) -> pd.DataFrame:
        """What they are proposed for; see :func:`~cmeneeds.learner_data.matching.match`."""
        return match(self.table, self.gaps, self.brief)

    @cached_property
    def baselines(self) -> dict[str, Baseline]:
        """By gap; see :func:`~cmeneeds.learner_data.matching.baselines`."""
        return baselines(self.table, self.gaps, self.matches)

    def of_gap(self, gap_id: str) -> pd.DataFrame:
        """The lines that are matched with a row of the gap table."""
        ids = self.matches.loc[self.matches["gap_id"] == gap_id, "learner_id"]
        return self.table[self.table["learner_id"].isin(ids)]

    @cached_property
    def counts(self) -> dict[str, int | float]:
        """Every number that a report computes from learner data, by the key it is printed with."""
        if not self.files:
            return {}
        counts: dict[str, int | float] = {
            "learner.files": len(self.files),
            "learner.lines": len(self.table),
            "learner.suppressed": sum(file.suppressed for file in self.files),
            "learner.least": MIN_PEOPLE,
            "learner.level": 95,
            "learner.perceived": int(self.table["perceived"].fillna(False).sum()),
            "learner.unperceived": int((~self.table["perceived"].fillna(True)).sum()),
            "learner.untold": int(self.table["perceived"].isna().sum()),
        }
        for row in each_row(self.table):
            for name, digits in (
                ("value", 1), ("low", 1), ("high", 1),
                ("change", 1), ("change_low", 1), ("change_high", 1), ("effect", 2),
                ("effect_low", 2), ("effect_high", 2), ("change_p", 3),
            ):  # fmt: skip
                value = getattr(row, name)
                if known(value):
                    counts[f"learner.{row.learner_id}.{name}"] = round(float(value), digits)
        return counts

    @cached_property
    def names(self) -> frozenset[str]:
        """Texts of the files that a report may show whole, although they hold digits."""
        said = {text for file in self.files for text in (file.name, file.title, *file.notes)}
        for row in each_row(self.table):
            said |= {str(row.measure), text_of(row.item), text_of(row.period)}
            said |= {text_of(row.change_note)}
        said |= {text_of(made.reason) for made in each_row(self.matches)}
        return frozenset(said - {""})
