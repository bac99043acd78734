"""Gather everything that a run reads: records, and what the writer has beside the brief."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cmeneeds.accreditation import own_profiles
from cmeneeds.brief import Brief
from cmeneeds.decisions import Decision
from cmeneeds.decisions.chosen import with_choices
from cmeneeds.decisions.sources import bring_in
from cmeneeds.guideline_cards import with_given_cards
from cmeneeds.learner_data import read_learner_data
from cmeneeds.own_sources.briefed import read_own_sources
from cmeneeds.retrieval import Records, search
from cmeneeds.sources import Source, open_source
from cmeneeds.strategy import build_strategy

SNAPSHOT = ".jsonl.gz"
"""How the name of a snapshot ends."""


def gather(
    brief: Brief,
    brief_path: Path,
    decisions: Sequence[Decision] = (),
    *,
    library: str | Path | None = None,
    source: Source | None = None,
    count: Callable[[int], None] | None = None,
) -> Records:
    """Search, and read the files that belong to a brief.

    Parameters
    ----------
    brief : Brief
    brief_path : Path
        Its file: what the writer has beside it is read too.
    decisions : sequence of Decision
        Those that name records bring them in.
    library : ``sample``, path of a library or of a snapshot, optional
        See :func:`cmeneeds.report.run.make_report`. A snapshot holds its records and data already.
    source : Source, optional
        An open source to search, instead; it stays open.
    count : callable, optional
        Told how many records have been imported, where the sample has to be imported first.

    Raises
    ------
    SourceError, LibraryError, UsageError, RunBroken
    """
    if library is not None and str(library).endswith(SNAPSHOT):
        return _with_decided(Records.load(Path(library)), brief_path)
    # Before anything is searched: an unreadable file of the writer's must not cost a search.
    learner = read_learner_data(brief_path.parent / name for name in brief.learner_files)
    own = read_own_sources(brief, brief_path.parent)
    profiles = own_profiles(brief_path)
    opened = source or open_source(brief.source, library, count)
    try:
        records = bring_in(search(build_strategy(brief), opened, own=own), decisions, opened)
    finally:
        if source is None:
            opened.close()
    records = replace(records, profiles=profiles)
    if learner:
        records = replace(records, learner=learner)
    return _with_decided(records, brief_path)


def _with_decided(records: Records, brief_path: Path) -> Records:
    """Put what the writer decided about single records and cards beside the records."""
    return with_given_cards(with_choices(records, brief_path), brief_path)
