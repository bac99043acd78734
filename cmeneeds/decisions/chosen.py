"""What stands beside a brief, put to the records: screening and corrected labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cmeneeds.brief import Brief
from cmeneeds.decisions.labels import LABELS
from cmeneeds.decisions.screening import SCREENING
from cmeneeds.errors import UsageError
from cmeneeds.retrieval import Records

KEPT = (SCREENING, LABELS)
"""The kinds of files beside a brief that go with the records into a snapshot."""


def brief_path(brief: Brief | str | Path) -> Path:
    """The file of a brief, which choices stand beside.

    Raises
    ------
    UsageError
        If the brief was made in memory.
    """
    path = brief.path if isinstance(brief, Brief) else Path(brief)
    if path is None:
        raise UsageError(
            "this brief has no file to keep choices beside",
            "Load it with Brief.load(path), or name the path of the brief instead.",
        )
    return path


def with_choices(records: Records, brief: Brief | str | Path) -> Records:
    """Return the records with what was screened and corrected, as the files beside a brief say.

    Where a file is missing, what the records already carry (from a snapshot) stays.

    Examples
    --------
    ::

        records = cn.with_choices(cn.search(strategy), brief)
    """
    path = brief_path(brief)
    screening, labels = SCREENING.path(path), LABELS.path(path)
    return replace(
        records,
        screening=SCREENING.load(screening) if screening.exists() else records.screening,
        labels=LABELS.load(labels) if labels.exists() else records.labels,
    )
