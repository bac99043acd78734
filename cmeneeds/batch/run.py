"""Make the reports of a batch: what is missing or stale, beside each other, each on its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cmeneeds.batch.freshness import MAX_AGE_DAYS, inputs, is_current, newest
from cmeneeds.batch.jobs import Job, chosen, read_jobs
from cmeneeds.batch.making import Made, Task
from cmeneeds.batch.outcome import Batch, Outcome
from cmeneeds.batch.portfolio import write_portfolio
from cmeneeds.batch.shared import Sources
from cmeneeds.decisions import decisions_path, load_decisions
from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.gathering import gather
from cmeneeds.report.executing import check_parameters
from cmeneeds.report.run import TEMPLATES
from cmeneeds.report.run_folder import sweep
from cmeneeds.resources import shared_path

Tell = Callable[[str, str], None]
Progress = Callable[[str, str, int, int], None]
"""Told the name of a report, what is being done or what became of it, how many reports have ended,
and of how many."""


class Makers(Protocol):
    """Who makes the reports: processes of this machine, or workers of a cluster."""

    notes: list[str]

    def submit(self, task: Task) -> None:
        """Put a task in the queue."""

    @property
    def has_room(self) -> bool:
        """Whether another task would be begun soon."""

    @property
    def unfinished(self) -> int:
        """Tasks that were submitted and have not come back."""

    def finished(self, patience: float | None) -> Iterator[Made]:
        """Give what has come back, after waiting at most so many seconds."""

    def close(self) -> None:
        """End them."""


def run_batch(
    briefs: Iterable[str | Path],
    *,
    outputs: str | Path = "outputs",
    jobs: int = 0,
    only: Iterable[str] = (),
    force: bool = False,
    source: str | None = None,
    library: str | Path | None = None,
    template: str | Path | None = None,
    parameters: Mapping[str, object] | None = None,
    cell_timeout: int = 600,
    timeout: float | None = None,
    max_age_days: int = MAX_AGE_DAYS,
    scheduler: str | None = None,
    tell: Progress | None = None,
    count: Callable[[int], None] | None = None,
) -> Batch:
    """Make many reports.

    Parameters
    ----------
    briefs : iterable of path
        Briefs, folders of briefs, tables; see :func:`cmeneeds.batch.jobs.read_jobs`.
    outputs : path
        Runs go to ``outputs/<name>/<time>/``; the portfolio to ``outputs/index.html`` and
        ``outputs/index.json``.
    jobs : int
        Reports at once; 0 for as many as there are processors.
    only : iterable of str
        Names of reports, or of briefs, to make instead of all.
    force : bool
        Make those too that are current.
    source, library, template, parameters, cell_timeout
        As for :func:`cmeneeds.report.run.make_report`.
    timeout : float, optional
        Seconds that one report may take in all.
    max_age_days : int
        Days after which a search of PubMed is asked again.
    scheduler : str, optional
        Address of a Dask scheduler, or ``local`` for a cluster on this machine.
    tell, count : callable, optional

    Returns
    -------
    Batch
        Failed reports are told there; they are not raised.

    Raises
    ------
    UsageError
        If there is nothing to do, or the parameters cannot be.
    """
    notebook = Path(template) if template else shared_path(TEMPLATES["full"])
    if notebook.suffix != ".ipynb" or not notebook.is_file():
        raise UsageError(f"there is no template {notebook}", "Name an .ipynb file.")
    if source not in (None, "pubmed", "library", "sample"):
        raise UsageError(f"there is no source {source!r}", "Use pubmed, library or sample.")
    given = check_parameters(notebook, parameters or {})
    wanted = chosen(read_jobs(briefs), only)
    result = Batch(Path(outputs))
    sources = Sources(library, count)
    outcomes: dict[str, Outcome] = {}

    def say(name: str, what: str) -> None:
        if tell is not None:
            tell(name, what, len(outcomes), len(wanted))

    due: list[tuple[Job, Task, str]] = []
    for job in wanted:
        if job.brief is None:
            outcomes[job.name] = _failed(job, job.problem, result.outputs)
            say(job.name, f"FAILED: {job.problem}")
            continue
        kind = source or job.brief.source
        state = inputs(
            job.brief,
            job.brief_path,
            source=kind,
            library=library,
            # A brief may ask for another length, which has a template of its own.
            template=notebook if template else shared_path(TEMPLATES[job.brief.length]),
            parameters=given,
        )
        last = newest(result.outputs / job.name)
        why = (
            "asked for"
            if force
            else is_current(last[1], state, max_age_days=max_age_days)
            if last
            else "new"
        )
        if not why and last:
            outcomes[job.name] = Outcome(
                job.name, str(job.brief_path), "current", folder=str(last[0])
            )
            say(job.name, "is current")
            continue
        task = Task(
            name=job.name,
            brief_path=str(job.brief_path),
            snapshot="",
            outputs=str(result.outputs),
            template=str(template) if template else None,
            parameters=dict(given),
            cell_timeout=cell_timeout,
            inputs=state,
            source=source,
        )
        due.append((job, task, why))
    try:
        if due:
            with _makers(scheduler, jobs, len(due), timeout, say, result) as makers:
                _make_all(due, makers, sources, outcomes, result.outputs, say)
    finally:
        result.queries_asked, result.queries_repeated = sources.asked, sources.repeated
        sources.close()
        result.outcomes = [outcomes[job.name] for job in wanted if job.name in outcomes]
        write_portfolio(result)
    return result


@contextmanager
def _makers(
    scheduler: str | None,
    jobs: int,
    due: int,
    timeout: float | None,
    say: Tell,
    result: Batch,
) -> Iterator[Makers]:
    import os

    number = min(jobs or os.cpu_count() or 1, due)
    makers: Makers
    if scheduler is not None:
        from cmeneeds.batch.cluster import Cluster

        makers = Cluster(scheduler, number, result.outputs, timeout)
    else:
        from cmeneeds.batch.workers import Workers

        makers = Workers(number, timeout, say)
    for note in makers.notes:
        say("", note)
    try:
        yield makers
    finally:
        makers.close()
        result.notes += makers.notes


def _make_all(
    due: list[tuple[Job, Task, str]],
    makers: Makers,
    sources: Sources,
    outcomes: dict[str, Outcome],
    outputs: Path,
    say: Tell,
) -> None:
    """Search for one report while others are being made from what was found for them."""
    by_name = {job.name: (job, why) for job, _, why in due}
    queue = list(reversed(due))

    def note(made: Made) -> None:
        job, why = by_name[made.name]
        if made.error:
            outcomes[job.name] = _failed(job, made, outputs)
            say(job.name, f"FAILED: {outcomes[job.name].why}")
        else:
            outcomes[job.name] = Outcome(job.name, str(job.brief_path), "made", why, made.folder)
            say(job.name, f"made: {made.folder}")

    with tempfile.TemporaryDirectory(prefix="cmeneeds-batch-") as scratch:
        while queue or makers.unfinished:
            if queue and makers.has_room:
                job, task, _ = queue.pop()
                folder = Path(scratch) / job.name
                try:
                    sweep(outputs / job.name)
                    ready = _found(job, task, sources, folder, say)
                except CmeneedsError as error:
                    outcomes[job.name] = _failed(job, error, outputs)
                    say(job.name, f"FAILED: {error}")
                else:
                    makers.submit(ready)
                # What has come back meanwhile; nothing is waited for while there is room.
                patience: float | None = 0
            else:
                patience = None
            for made in makers.finished(patience):
                note(made)
                shutil.rmtree(Path(scratch) / made.name, ignore_errors=True)


def _found(job: Job, task: Task, sources: Sources, folder: Path, say: Tell) -> Task:
    """Search for a report, and write down what was found."""
    import msgspec

    assert job.brief is not None
    say(job.name, "searching")
    brief = job.brief
    if task.source:
        brief = brief.model_copy(update={"source": task.source})
    decisions = load_decisions(decisions_path(job.brief_path))
    records = gather(brief, job.brief_path, decisions, source=sources(brief.source))
    records.require_some(brief)
    folder.mkdir()
    records.save(folder / "snapshot.jsonl.gz")
    return msgspec.structs.replace(task, snapshot=str(folder / "snapshot.jsonl.gz"))


def _failed(job: Job, why: CmeneedsError | Made | None, outputs: Path) -> Outcome:
    if isinstance(why, Made):
        text = f"{why.error}. {why.todo}".strip() if why.todo else why.error
        code = why.exit_code
    else:
        text, code = str(why), getattr(why, "exit_code", 1)
    last = newest(outputs / job.name, complete=True)
    folder = str(last[0]) if last else ""
    return Outcome(job.name, str(job.brief_path), "failed", text, folder, code)
