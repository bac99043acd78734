"""Make one report: search, run the notebook template, export, and write the manifest last.

A run folder without ``manifest.json`` is an unfinished run. The manifest says ``complete`` or
``failed`` from what happened here, whatever the notebook's own metadata says.
"""

from __future__ import annotations

import csv
import json
import platform
import shutil
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds import __version__
from cmeneeds.brief import Brief
from cmeneeds.checks.house import RUN_FILE, checks_path, load_house
from cmeneeds.checks.view import assessment_of
from cmeneeds.decisions import decisions_path, load_decisions
from cmeneeds.errors import NoEvidence, ParameterError, ReportError, UsageError
from cmeneeds.gathering import gather
from cmeneeds.report import figures
from cmeneeds.report.carried import apply_prose, load_prose, prose_path
from cmeneeds.report.docx import check_reference
from cmeneeds.report.executing import CITED_FILE, OWN_PARAMETERS, check_parameters, execute
from cmeneeds.report.export import FORMATS, export_all
from cmeneeds.report.handover import hand_over, handed_over, handover
from cmeneeds.report.run_folder import new_folder, place_run, sweep
from cmeneeds.report.tables import write_atomically, write_csv
from cmeneeds.resources import shared_path
from cmeneeds.retrieval import Records
from cmeneeds.workbench.progress import Bar

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

TEMPLATE = "templates/needs_assessment.ipynb"
TEMPLATES: dict[str, str] = {
    "full": TEMPLATE,
    "short": "templates/short.ipynb",
    "loi": "templates/letter_of_intent.ipynb",
    "portal": "templates/portal.ipynb",
}
"""The template of each length."""
CELL_TIMEOUT = 600
"""Seconds that one cell may take."""

TABLES = (
    "findings",
    "gaps",
    "objectives",
    "decisions",
    "checks",
    "learners",
    "cards",
    "search_log",
)
CHANGES = "changes"
"""A table that only a refresh has."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    folder : Path
    manifest : dict
        As written to ``manifest.json``.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def report(self) -> Path:
        """The report in HTML."""
        return self.folder / "report.html"

    def __repr__(self) -> str:
        """One line."""
        return f"<run {self.folder}: {self.manifest.get('document_status')}>"

    def _repr_html_(self) -> str:
        from cmeneeds.workbench.displays import run_html
        from cmeneeds.workbench.page import styled

        return styled(run_html(self))


def marked(table: pd.DataFrame, status: str) -> pd.DataFrame:
    """Put what the document is not in front of every row (design laws 5 and 11)."""
    copy = table.copy()
    copy.insert(0, "document_status", status)
    return copy


def write_tables(assessment: Assessment, folder: Path) -> None:
    """Write the tables and charts of an assessment into a folder."""
    write_csvs(assessment, folder)
    for name, chart in figures.draw(assessment):
        figures.save(chart.figure, folder / "figures", name)
    hand_over(assessment)


def write_csvs(assessment: Assessment, folder: Path) -> None:
    """Write the tables of an assessment into a folder."""
    tables = {
        "findings": assessment.findings,
        "gaps": assessment.register,
        "objectives": assessment.objectives,
        "decisions": assessment.decisions,
        "checks": assessment.checked,
        "learners": assessment.learners.table,
        "cards": assessment.cards,
        "search_log": assessment.records.search_log,
    }
    if assessment.records.previous:
        tables[CHANGES] = assessment.changes
    for name, table in tables.items():
        write_csv(marked(table, assessment.status_line), folder / f"{name}.csv")


def make_report(
    brief_path: str | Path,
    *,
    outputs: str | Path = "outputs",
    source: str | None = None,
    library: str | Path | None = None,
    template: str | Path | None = None,
    parameters: Mapping[str, object] | None = None,
    cell_timeout: int = CELL_TIMEOUT,
    progress: Progress | None = None,
    count: Callable[[int], None] | None = None,
    name: str | None = None,
    length: str | None = None,
    kernel: str = "python3",
    inputs: Mapping[str, str] | None = None,
    reference_doc: Path | None = None,
    cited: Collection[str] | None = None,
    at_once: int | None = None,
) -> Run:
    """Make a needs assessment from a brief.

    Parameters
    ----------
    brief_path : path
        YAML file. Decisions beside it are applied.
    outputs : path
        The run goes to ``outputs/<slug>/<time>/``; ``outputs/<slug>/latest`` points to it.
    source : ``pubmed``, ``library`` or ``sample``, optional
        Instead of the brief's.
    library : ``sample``, path of a library, or of a ``snapshot.jsonl.gz``, optional
        Search this library; from a snapshot, nothing is searched and the same tables come out.
    template : path, optional
        Another notebook.
    parameters : mapping, optional
        For the template; checked against what it declares.
    cell_timeout : int
        Seconds a cell may take.
    progress : callable, optional
        Told, in words, what is being done.
    count : callable, optional
        Told how many records have been imported, where the sample has to be imported first.
    name : str, optional
        Instead of the brief's slug, where several briefs share a topic.
    length : ``full``, ``short``, ``loi`` or ``portal``, optional
        Instead of the brief's; a ``template`` goes before it.
    kernel : str
        Name of the Jupyter kernel that runs the notebook; ``cmeneeds`` starts at once, see
        :mod:`cmeneeds.kernels`.
    inputs : mapping, optional
        Digests of what the report depends on, for the manifest; see
        :func:`cmeneeds.batch.freshness.inputs`.
    cited : collection of str, optional
        Of a final report: what it cites; see :func:`cmeneeds.report.final.make_final`.
    at_once : int, optional
        Files that are written at once; default: several.

    Returns
    -------
    Run

    Raises
    ------
    BriefError, ParameterError, SourceError, LibraryError
        Before anything is written.
    NoEvidence
        There is nothing to report on; the run folder holds no report.
    RunFailed, RunTimedOut, ExportError
        The manifest says ``failed``; no format of the report is left behind.
    """
    bar = Bar("The report")
    tell = progress or bar.step
    brief_path = Path(brief_path)
    brief = Brief.load(brief_path)
    if source is not None:
        if source not in ("pubmed", "library", "sample"):
            raise UsageError(f"there is no source {source!r}", "Use pubmed, library or sample.")
        brief = brief.model_copy(update={"source": source})
    if length is not None and length not in TEMPLATES:
        raise UsageError(f"there is no length {length!r}", f"Use {', '.join(TEMPLATES)}.")
    usual = TEMPLATES[length or brief.length]
    notebook = Path(template) if template else shared_path(usual)
    if notebook.suffix != ".ipynb" or not notebook.is_file():
        raise ParameterError(f"there is no template {notebook}", "Name an .ipynb file.")
    checked = check_parameters(notebook, parameters or {})
    started = datetime.now(UTC)
    decisions = load_decisions(decisions_path(brief_path))  # an unreadable file stops the run here
    load_house(checks_path(brief_path))  # as well
    load_prose(prose_path(brief_path))  # and so does this one
    if reference_doc is not None:
        check_reference(reference_doc)
    tell("searching")
    records = gather(brief, brief_path, decisions, library=library, count=count)
    records.require_some(brief)
    parent = Path(outputs) / (name or brief.slug)
    sweep(parent)
    with bar, new_folder(parent, started) as folder:
        return _make(
            folder,
            brief,
            brief_path,
            records,
            notebook,
            checked,
            started,
            cell_timeout=cell_timeout,
            kernel=kernel,
            inputs=inputs,
            reference_doc=reference_doc,
            cited=cited,
            at_once=at_once,
            tell=tell,
        )


def _make(
    folder: Path,
    brief: Brief,
    brief_path: Path,
    records: Records,
    notebook: Path,
    checked: dict[str, object],
    started: datetime,
    *,
    cell_timeout: int,
    kernel: str,
    inputs: Mapping[str, str] | None,
    reference_doc: Path | None,
    cited: Collection[str] | None,
    at_once: int | None,
    tell: Progress,
) -> Run:
    steps: dict[str, str] = {"searched": _now()}
    seconds: dict[str, float] = {}
    error: ReportError | NoEvidence | None = None
    try:
        shutil.copyfile(brief_path, folder / "brief.yaml")
        records.save(folder / "snapshot.jsonl.gz")
        given = decisions_path(brief_path)
        if given.exists():
            shutil.copyfile(given, folder / "brief.decisions.csv")
            checked["decisions_file"] = "brief.decisions.csv"
        if (prose := prose_path(brief_path)).exists():
            shutil.copyfile(prose, folder / "brief.prose.json")
        if (switches := checks_path(brief_path)).exists():
            shutil.copyfile(switches, folder / RUN_FILE)
        if cited is not None:
            write_atomically(folder / CITED_FILE, "".join(f"{a}\n" for a in cited).encode())
            checked["cited_file"] = CITED_FILE
        tell("reading and writing")
        began = time.monotonic()
        with handover() as offered:
            seconds["cells"] = round(execute(notebook, folder, checked, cell_timeout, kernel), 3)
            assessment = handed_over(offered)
        seconds["notebook"] = round(time.monotonic() - began, 3)
        steps["executed"] = _now()
        tell("exporting")
        began = time.monotonic()
        assessment = assessment or assessment_of(folder)
        _export(folder, brief, records, assessment, reference_doc, at_once)
        seconds["exports"] = round(time.monotonic() - began, 3)
        steps["exported"] = _now()
    except (ReportError, NoEvidence) as problem:
        error = problem
        _remove_report(folder)
    manifest = _manifest(folder, brief, records, checked, started, steps, error)
    manifest["seconds"] = seconds
    if inputs:
        manifest["inputs"] = dict(inputs)
    text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    place_run(folder, text.encode(), latest=error is None)
    if error is not None:
        raise error
    return Run(folder, manifest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _export(
    folder: Path,
    brief: Brief,
    records: Records,
    assessment: Assessment,
    reference_doc: Path | None = None,
    at_once: int | None = None,
) -> None:
    import nbformat

    from cmeneeds.bibliography.writing import write_citations
    from cmeneeds.checks.result import check_run, write_check
    from cmeneeds.exports import write_exports, write_workbook
    from cmeneeds.report.answers import with_answers
    from cmeneeds.report.check_section import with_open_points
    from cmeneeds.report.notebook import collect
    from cmeneeds.report.reading import read
    from cmeneeds.report.references import csl

    computed = collect(nbformat.read(folder / "report.ipynb", as_version=4))
    text = with_answers(_with_prose(folder, computed, records), assessment.decisions)
    checked = check_run(folder, assessment=assessment, text=text)
    text = with_open_points(text, checked)
    write_check(folder, checked)
    report = folder / "report.md"
    write_atomically(report, text.encode())
    cited = set(read(text).citations)
    references = [csl(work) for key, work in records.works.items() if key in cited]
    listed = json.dumps(references, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    write_atomically(folder / "references.json", listed.encode())
    write_citations(folder, records.works, cited)
    write_workbook(folder, assessment)
    write_exports(folder / "exports", assessment, at_once=at_once)
    export_all(
        folder,
        references,
        brief.heading,
        run=f"{brief.slug}/{folder.name}",
        reference_doc=reference_doc,
        at_once=at_once,
    )


def _with_prose(folder: Path, computed: str, records: Records) -> str:
    """The report with what the writer wrote in it, and a list of what could not be carried."""
    prose = load_prose(folder / "brief.prose.json")
    if not prose:
        return computed
    applied = apply_prose(computed, prose, records.works)
    told = {
        "carried": len(applied.carried),
        "conflicts": [
            {"why": c.why, "was": c.was, "yours": c.yours, "now": c.now} for c in applied.conflicts
        ],
    }
    listed = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / "prose_carried.json", listed.encode())
    return applied.text


def _remove_report(folder: Path) -> None:
    """Leave nothing that could pass for a report."""
    for name in ("report.md", "references.json", "check.json", "tables.xlsx", *FORMATS):
        (folder / name).unlink(missing_ok=True)
    for name in (*TABLES, CHANGES):
        (folder / f"{name}.csv").unlink(missing_ok=True)
    for name in ("figures", "exports"):
        shutil.rmtree(folder / name, ignore_errors=True)
    if (folder / "report.ipynb").exists():
        (folder / "report.ipynb").replace(folder / "failed.ipynb")


def _status(folder: Path, *, sample: bool) -> str:
    """What the tables say of themselves; a failed run has none."""
    try:
        with (folder / "search_log.csv").open(encoding="utf-8", newline="") as stream:
            return next(csv.DictReader(stream))["document_status"]
    except (OSError, StopIteration, KeyError):
        return "DRAFT, not signed" + ("; SAMPLE CORPUS, NOT PUBMED" if sample else "")


def _manifest(
    folder: Path,
    brief: Brief,
    records: Records,
    parameters: Mapping[str, object],
    started: datetime,
    steps: Mapping[str, str],
    error: Exception | None,
) -> dict[str, Any]:
    import hashlib

    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    sample = records.source_kind == "sample"
    return {
        "format": 1,
        "status": "failed" if error else "complete",
        # Only what happened: what to do about it may name a folder of this machine.
        "error": getattr(error, "what", str(error)) if error else None,
        "document_status": _status(folder, sample=sample),
        "notice": records.notice,
        "cmeneeds": __version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        "packages": {
            name: metadata.version(name)
            for name in ("biopython", "lxml", "pandas", "papermill", "pypandoc-binary", "sentencex")
        },
        "brief": {"slug": brief.slug, "sha256": brief.digest, "topic": brief.topic},
        "parameters": {k: v for k, v in parameters.items() if k not in OWN_PARAMETERS},
        "source": {
            "kind": records.source_kind,
            "name": records.source,
            "data_date": records.data_date,
            "records": len(records),
            "documents": len(records.documents),
        },
        "queries": [
            {
                "facet": e.facet,
                "query": e.query,
                "translation": e.translation,
                "count": e.count,
                "retrieved": e.retrieved,
                "notes": e.notes,
            }
            for e in (*records.log, *records.beside)
        ],
        "archived": sorted({d.sha256 for d in records.documents if d.sha256}),
        "times": {
            "started": started.isoformat(timespec="seconds"),
            "searched_at": records.searched_at,
            **steps,
            "finished": _now(),
        },
        "files": files,
    }
