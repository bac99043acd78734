"""Make the report of a run again from what its sources say today, and tell what has changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cmeneeds.assessment import assess
from cmeneeds.batch.freshness import inputs
from cmeneeds.brief import Brief
from cmeneeds.checks.view import assessment_of
from cmeneeds.decisions import decisions_path, load_decisions
from cmeneeds.errors import RunBroken, UsageError
from cmeneeds.gathering import gather
from cmeneeds.previous import Previous, previous_of
from cmeneeds.refresh.since import limit_to, pmids_of, since_day
from cmeneeds.report.executing import OWN_PARAMETERS
from cmeneeds.report.run import TEMPLATES, Run, make_report
from cmeneeds.resources import shared_path
from cmeneeds.retrieval import Records
from cmeneeds.sources import Source, beside, open_source
from cmeneeds.strategy import build_strategy
from cmeneeds.verify import read_manifest
from cmeneeds.works import Works

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh found.

    Attributes
    ----------
    changes : DataFrame
        See :func:`cmeneeds.refresh.changes.changes_of`.
    run : Run or None
        The new run; None if nothing changed.
    before : Path
        The run before.
    brief : Path
        The brief that was used.
    notes : list of str
    """

    changes: pd.DataFrame
    run: Run | None
    before: Path
    brief: Path
    notes: list[str]


def refresh(
    run: str | Path,
    *,
    since: str | None = None,
    brief: str | Path | None = None,
    outputs: str | Path | None = None,
    source: str | None = None,
    library: str | Path | None = None,
    template: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
    count: Callable[[int], None] | None = None,
) -> Refreshed:
    """Search again for a run, and make a new one with a change log if anything changed.

    Parameters
    ----------
    run : path
        A finished run, such as ``outputs/stroke/latest``.
    since : str, optional
        ISO day: ask only for records that came in since, and read those of the run again.
        Without it everything is searched again.
    brief : path, optional
        The brief with its decisions. Default: the file of this name below ``briefs`` or here whose
        content the run was made from, else the run's own copies.
    outputs : path, optional
        Default: where the run is.
    source, library, template : optional
        As for :func:`cmeneeds.report.run.make_report`; default: as the run.
    force : bool
        Make a new run although nothing changed.
    progress, count : callable, optional

    Returns
    -------
    Refreshed

    Raises
    ------
    RunBroken, UsageError, SourceError, LibraryError, NoEvidence, ReportError
    """
    tell = progress or (lambda _: None)
    folder = Path(run).resolve()
    manifest = read_manifest(folder)
    day = since_day(since) if since else None
    path = _brief_of(folder, manifest, brief)
    loaded = Brief.load(path)
    if source not in (None, "pubmed", "library", "sample"):
        raise UsageError(f"there is no source {source!r}", "Use pubmed, library or sample.")
    tell("reading the run before")
    before = assessment_of(folder)
    previous = previous_of(before, folder.name, _report_of(folder))
    if day:
        previous = msgspec.structs.replace(previous, since=day.isoformat())
    kind = source or before.records.source_kind
    loaded = loaded.model_copy(update={"source": kind})
    decisions = load_decisions(decisions_path(path))
    tell("searching")
    own = path.parent == folder
    opened = open_source(kind, library, count)
    try:
        if day:
            limit_to(opened, build_strategy(loaded), day, before.records)
        searched = loaded.model_copy(update={"learner_data": [], "own_sources": []})
        records = gather(searched if own else loaded, path, decisions, source=opened)
        records = _with_own(records, before.records) if own else records
        previous = _elsewhere(previous, records, opened)
    finally:
        opened.close()
    records.require_some(loaded)
    records = replace(records, previous=previous)
    tell("comparing")
    changes = assess(loaded, records, decisions).changes
    notes = list(_notes(manifest, folder, path))
    if changes.empty and not force:
        return Refreshed(changes, None, folder, path, notes)
    parameters = {
        k: v for k, v in dict(manifest.get("parameters") or {}).items() if k not in OWN_PARAMETERS
    }
    state = inputs(
        loaded,
        path,
        source=kind,
        library=library,
        template=Path(template) if template else shared_path(TEMPLATES[loaded.length]),
        parameters=parameters,
    )
    with tempfile.TemporaryDirectory(prefix="cmeneeds-refresh-") as scratch:
        snapshot = Path(scratch) / "snapshot.jsonl.gz"
        records.save(snapshot)
        made = make_report(
            path,
            outputs=outputs or folder.parent.parent,
            name=folder.parent.name,
            source=kind,
            library=snapshot,
            template=template,
            parameters=parameters,
            progress=tell,
            inputs=state,
        )
    return Refreshed(changes, made, folder, path, notes)


def _brief_of(folder: Path, manifest: dict[str, Any], given: str | Path | None) -> Path:
    """The brief to use: with the writer's decisions where it can be found."""
    if given is not None:
        if not Path(given).is_file():
            raise UsageError(f"there is no brief {given}", "Name the .yaml file of the brief.")
        return Path(given)
    wanted = str((manifest.get("brief") or {}).get("sha256"))
    for place in (Path("briefs"), Path()):
        for path in sorted(place.glob("*.yaml")):
            try:
                if Brief.load(path).digest == wanted:
                    return path
            except UsageError:
                continue
    return folder / "brief.yaml"


def _report_of(folder: Path) -> str:
    try:
        return (folder / "report.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise RunBroken(
            f"{folder} has no readable report.md", "Make the report with `cmeneeds report`."
        ) from None


def _with_own(records: Records, before: Records) -> Records:
    """Take what stood beside the brief from the run before, which keeps it in its snapshot."""
    own = [d for d in before.documents if d.kind == "own source"]
    by_id = {d.id: d for d in (*records.documents, *own)}
    return replace(
        records,
        documents=tuple(sorted(by_id.values(), key=lambda d: d.id)),
        learner=before.learner,
        screening=before.screening,
        labels=before.labels,
        cards=before.cards,
        profiles=before.profiles,
    )


def _elsewhere(previous: Previous, records: Records, source: Source) -> Previous:
    """Ask how works stand today that were relied on and are not found any more."""
    lost = [key for key in previous.relied_on if key not in records.works]
    articles = source.fetch(pmids_of(lost))
    news = beside.ask_standing(source, articles)
    works = Works(tuple(articles), (), news.notices, news.checked)
    standings = {key: works[key].standing.status for key in lost if key in works}
    return msgspec.structs.replace(previous, elsewhere=standings)


def _notes(manifest: dict[str, Any], folder: Path, brief: Path) -> Iterator[str]:
    from cmeneeds import __version__

    made_by = manifest.get("cmeneeds")
    if made_by != __version__:
        yield (
            f"the run before was made by version {made_by}; both are read by {__version__} here, "
            "so what the versions differ in is no change"
        )
    if brief.parent == folder:
        yield "the brief and the decisions are the run's own copies; name another with --brief"
