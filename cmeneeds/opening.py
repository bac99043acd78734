"""From a brief's file to everything that is known of it, in one call."""

from __future__ import annotations

from pathlib import Path

from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.decisions import decisions_path, load_decisions
from cmeneeds.gathering import gather


def open_assessment(brief_file: str | Path, *, library: str | Path | None = None) -> Assessment:
    """Search and assess a brief with all that stands beside it, as a report does.

    Learner data, own sources, screening, corrected labels, guideline cards and decisions are read.

    Parameters
    ----------
    brief_file : path
    library : ``sample``, path of a library or of a ``snapshot.jsonl.gz``, optional
        Default: the source that the brief names.

    Returns
    -------
    Assessment

    Raises
    ------
    BriefError, UsageError, SourceError, LibraryError
    NoEvidence
        If nothing was found that a row of the gap table could rest on.
    """
    path = Path(brief_file)
    brief = Brief.load(path)
    decisions = load_decisions(decisions_path(path))
    return assess(brief, gather(brief, path, decisions, library=library), decisions)
