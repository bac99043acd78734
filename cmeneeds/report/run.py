"""Make one report: search, run the notebook template, export, and write the manifest last.

A run folder without ``manifest.json`` is an unfinished run. The manifest says ``complete`` or
``failed`` from what happened here, whatever the notebook's own metadata says.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds import __version__
from cmeneeds.accreditation import own_profiles
from cmeneeds.brief import Brief
from cmeneeds.decisions import Decision, decisions_path, load_decisions
from cmeneeds.decisions.chosen import with_choices
from cmeneeds.decisions.sources import bring_in
from cmeneeds.errors import (
    NoEvidence,
    ParameterError,
    ReportError,
    RunFailed,
    RunTimedOut,
    UsageError,
)
from cmeneeds.learner_data import LearnerFile, read_learner_data
from cmeneeds.report import figures
from cmeneeds.report.tables import write_atomically, write_csv
from cmeneeds.resources import shared_path
from cmeneeds.retrieval import Records, search
from cmeneeds.sources import open_source
from cmeneeds.strategy import build_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from cmeneeds.assessment import Assessment

TEMPLATE = "templates/needs_assessment.ipynb"
CELL_TIMEOUT = 600
"""Seconds that one cell may take."""

TABLES = ("findings", "gaps", "objectives", "decisions", "checks", "learners", "search_log")
OWN_PARAMETERS = ("brief_file", "snapshot_file", "decisions_file")
"""Parameters that the run sets itself."""

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


def marked(table: pd.DataFrame, status: str) -> pd.DataFrame:
    """Put what the document is not in front of every row (design laws 5 and 11)."""
    copy = table.copy()
    copy.insert(0, "document_status", status)
    return copy


def write_tables(assessment: Assessment, folder: Path) -> bool:
    """Write the tables and charts of an assessment into a folder.

    Returns
    -------
    bool
        Whether there is a chart of magnitudes: not without figures.
    """
    write_csvs(assessment, folder)
    charts = {
        "publications": figures.publications(assessment),
        "sources": figures.source_map(assessment),
        "magnitude": figures.magnitude(assessment),
        "stability": figures.stability(assessment),
    }
    for name, chart in charts.items():
        if chart is not None:
            figures.save(chart, folder / "figures", name)
    return charts["magnitude"] is not None


def write_csvs(assessment: Assessment, folder: Path) -> None:
    """Write the tables of an assessment into a folder."""
    tables = {
        "findings": assessment.findings,
        "gaps": assessment.register,
        "objectives": assessment.objectives,
        "decisions": assessment.decisions,
        "checks": assessment.checked,
        "learners": assessment.learners.table,
        "search_log": assessment.records.search_log,
    }
    for name, table in tables.items():
        write_csv(marked(table, assessment.status_line), folder / f"{name}.csv")


def check_parameters(template: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Check report parameters against those that a template declares.

    papermill itself only warns of an unknown parameter and takes any type.

    Raises
    ------
    ParameterError
        Naming the parameter.
    """
    import nbformat
    import papermill

    try:
        declared = papermill.inspect_notebook(str(template))
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError):
        raise ParameterError(f"{template.name} is no notebook", "Name an .ipynb file.") from None
    known = [name for name in declared if name not in OWN_PARAMETERS]
    checked: dict[str, object] = {}
    for name, value in given.items():
        if name not in known:
            offered = f"Known parameters: {', '.join(known)}." if known else "It has none."
            raise ParameterError(f"{template.name} has no parameter {name!r}", offered)
        kind = declared[name]["inferred_type_name"]
        checked[name] = _typed(name, value, kind)
    return checked


def _typed(name: str, value: object, kind: str) -> object:
    types: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
    wanted = types.get(kind)
    if wanted is None:
        return value
    if isinstance(value, str) and wanted is not str:
        text = value.strip().lower()
        if wanted is bool and text in ("true", "false"):
            return text == "true"
        if wanted in (int, float):
            try:
                return wanted(text)
            except ValueError:
                pass
    elif isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise ParameterError(f"parameter {name!r} must be {kind}, not {value!r}", "Correct its value.")


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
    tell = progress or (lambda step: None)
    brief_path = Path(brief_path)
    brief = Brief.load(brief_path)
    if source is not None:
        if source not in ("pubmed", "library", "sample"):
            raise UsageError(f"there is no source {source!r}", "Use pubmed, library or sample.")
        brief = brief.model_copy(update={"source": source})
    notebook = Path(template) if template else shared_path(TEMPLATE)
    if notebook.suffix != ".ipynb" or not notebook.is_file():
        raise ParameterError(f"there is no template {notebook}", "Name an .ipynb file.")
    checked = check_parameters(notebook, parameters or {})
    started = datetime.now(UTC)
    decisions = load_decisions(decisions_path(brief_path))  # an unreadable file stops the run here
    learner = _learner_data(brief, brief_path, library)  # before anything is searched
    profiles = own_profiles(brief_path)
    tell("searching")
    records = _records(brief, library, count, decisions)
    if learner:
        records = replace(records, learner=learner)
    records = with_choices(records, brief_path)
    if not str(library or "").endswith(".jsonl.gz"):  # a snapshot holds those that were used
        records = replace(records, profiles=profiles)
    records.require_some(brief)
    folder = _new_folder(Path(outputs) / brief.slug, started)
    steps: dict[str, str] = {"searched": _now()}
    error: ReportError | NoEvidence | None = None
    try:
        shutil.copyfile(brief_path, folder / "brief.yaml")
        records.save(folder / "snapshot.jsonl.gz")
        given = decisions_path(brief_path)
        if given.exists():
            shutil.copyfile(given, folder / "brief.decisions.csv")
            checked["decisions_file"] = "brief.decisions.csv"
        tell("reading and writing")
        _execute(notebook, folder, checked, cell_timeout)
        steps["executed"] = _now()
        tell("exporting")
        _export(folder, brief, records)
        steps["exported"] = _now()
    except (ReportError, NoEvidence) as problem:
        error = problem
        _remove_report(folder)
    manifest = _manifest(folder, brief, records, checked, started, steps, error)
    text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    write_atomically(folder / "manifest.json", text.encode())
    if error is not None:
        raise error
    _point_latest(folder)
    return Run(folder, manifest)


def _learner_data(
    brief: Brief, brief_path: Path, library: str | Path | None
) -> tuple[LearnerFile, ...]:
    """Read the files that the brief names; a snapshot holds its own lines."""
    if library is not None and str(library).endswith(".jsonl.gz"):
        return ()
    return read_learner_data(brief_path.parent / name for name in brief.learner_files)


def _records(
    brief: Brief,
    library: str | Path | None,
    count: Callable[[int], None] | None,
    decisions: Sequence[Decision],
) -> Records:
    if library is not None and str(library).endswith(".jsonl.gz"):
        return Records.load(Path(library))
    source = open_source(brief.source, library, count)
    try:
        return bring_in(search(build_strategy(brief), source), decisions, source)
    finally:
        source.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _new_folder(parent: Path, started: datetime) -> Path:
    stamp = started.strftime("%Y%m%dT%H%M%SZ")
    for attempt in range(1000):
        folder = parent / (stamp if attempt == 0 else f"{stamp}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunFailed(
                f"no run can be made in {parent}: {error.strerror}",
                "Name another --outputs folder.",
            ) from None
        return folder
    raise RunFailed(f"no free run folder in {parent}", "Remove old runs.")


@contextmanager
def _own_kernel() -> Iterator[None]:
    """Let ``python3`` mean this environment's kernel, not one that a user installed earlier."""
    before = os.environ.get("JUPYTER_PREFER_ENV_PATH")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("JUPYTER_PREFER_ENV_PATH", None)
        else:
            os.environ["JUPYTER_PREFER_ENV_PATH"] = before


def _execute(notebook: Path, folder: Path, parameters: Mapping[str, object], timeout: int) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    executed = folder / "report.ipynb"
    try:
        with _own_kernel():
            papermill.execute_notebook(
                str(notebook),
                str(executed),
                parameters=dict(parameters),
                cwd=str(folder),
                progress_bar=False,
                execution_timeout=timeout,
                kernel_name="python3",
                **_kernel_settings(),
            )
    except PapermillExecutionError as problem:
        if problem.ename == "NoEvidence":
            raise NoEvidence(problem.evalue.rstrip(".")) from None
        if problem.ename == "CellTimeoutError":
            raise _timed_out(timeout) from None
        raise RunFailed(
            f"a cell of {notebook.name} failed: {problem.ename}: {_one_line(problem.evalue)}",
            f"The notebook as far as it came: {folder / 'failed.ipynb'}.",
        ) from None
    except CellTimeoutError:
        raise _timed_out(timeout) from None
    except DeadKernelError:
        raise RunFailed("the notebook's kernel died", "Check free memory; run again.") from None
    _clean_notebook(executed)


def _kernel_settings() -> dict[str, object]:
    """Talk to the kernel over sockets in the file system where there are any, not over TCP."""
    if os.name != "posix":
        return {}
    from traitlets.config import Config

    return {"config": Config({"KernelManager": {"transport": "ipc"}})}


def _timed_out(timeout: int) -> RunTimedOut:
    return RunTimedOut(
        f"a cell took longer than {timeout} s", "Raise --timeout, or narrow the brief."
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _clean_notebook(path: Path) -> None:
    """Take out of an executed notebook what would differ from run to run or name this machine."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)


def _export(folder: Path, brief: Brief, records: Records) -> None:
    import nbformat

    from cmeneeds.report.export import export_docx, export_html
    from cmeneeds.report.notebook import collect
    from cmeneeds.report.reading import read
    from cmeneeds.report.references import csl

    text = collect(nbformat.read(folder / "report.ipynb", as_version=4))
    report = folder / "report.md"
    write_atomically(report, text.encode())
    cited = set(read(text).citations)
    references = [csl(work) for key, work in records.works.items() if key in cited]
    listed = json.dumps(references, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    write_atomically(folder / "references.json", listed.encode())
    for export, name in ((export_html, "report.html"), (export_docx, "report.docx")):
        export(report, references, folder / name, brief.heading, folder / "figures")


def _remove_report(folder: Path) -> None:
    """Leave nothing that could pass for a report."""
    for name in ("report.md", "report.html", "report.docx", "references.json"):
        (folder / name).unlink(missing_ok=True)
    for name in TABLES:
        (folder / f"{name}.csv").unlink(missing_ok=True)
    shutil.rmtree(folder / "figures", ignore_errors=True)
    if (folder / "report.ipynb").exists():
        (folder / "report.ipynb").replace(folder / "failed.ipynb")


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
        "document_status": "DRAFT, not signed" + ("; SAMPLE CORPUS, NOT PUBMED" if sample else ""),
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


def _point_latest(folder: Path) -> None:
    link = folder.parent / "latest"
    partial = folder.parent / f".latest.{os.getpid()}"
    try:
        partial.symlink_to(folder.name, target_is_directory=True)
        partial.replace(link)
    except OSError:
        partial.unlink(missing_ok=True)  # no symbolic links here: a convenience, not a promise
