"""What a client may have of a run, in one file: reports, tables, references, nothing internal.

Left out are the records' abstracts, reasons of decisions, what the writer screened out, the brief
and the notebook. Before anything is written, every file is searched for what must stay inside.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmeneeds.assessment import Assessment
from cmeneeds.checks.view import assessment_of
from cmeneeds.errors import ExportError, UsageError
from cmeneeds.exports.client_tables import client_tables, fully_cited, quoted_table
from cmeneeds.exports.leaks import leaks
from cmeneeds.exports.workbook import NAME as WORKBOOK
from cmeneeds.exports.workbook import workbook
from cmeneeds.exports.writing import write_citations_of, write_exports
from cmeneeds.report.export import FORMATS, export_all
from cmeneeds.report.markdown import without_internal
from cmeneeds.report.reading import read
from cmeneeds.report.tables import write_atomically, write_csv
from cmeneeds.verify import read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every file in the package, so that the same run gives the same bytes."""

CHECKED: Final = "check-result.csv"
MANIFEST: Final = "package.json"


def write_client_package(run: Path, out: Path | None = None, *, names: bool = False) -> Path:
    """Pack what a client may have of a run.

    Parameters
    ----------
    run : Path
        A run folder.
    out : Path, optional
        The file; default: ``<slug>-<time>-client.zip`` in the current folder.
    names : bool
        Keep who decided on each row; without it the tables name nobody but contributors.

    Returns
    -------
    Path
        The package; the same run gives the same bytes.

    Raises
    ------
    RunBroken
        If the folder is not a finished run.
    UsageError
        If ``out`` lies in the run's own folder or is no ``.zip``.
    ExportError
        If a file would hold what must stay inside, or cannot be written.
    """
    manifest = read_manifest(run)
    folder = run.resolve()
    slug = str(manifest.get("brief", {}).get("slug", "report"))
    out = out or Path(f"{slug}-{folder.name}-client.zip")
    if out.suffix != ".zip":
        raise UsageError(f"{out.name} is no .zip file", "Name one, such as client.zip.")
    if folder in out.resolve().parents:
        raise UsageError(f"{out.name} would lie in the run itself", "Name a file elsewhere.")
    assessment = assessment_of(folder)
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as place:
        inside = Path(place) / "package"
        inside.mkdir()
        text = _report(folder, inside, assessment, slug)
        _tables(folder, inside, assessment, text, names=names)
        (inside / "README.txt").write_text(_readme(assessment, manifest), encoding="utf-8")
        files = {p.relative_to(inside).as_posix(): p.read_bytes() for p in _files(inside)}
    _refuse_leaks(files, assessment, text)
    files[MANIFEST] = _manifest(files, assessment, manifest, folder.name)
    write_atomically(out, zipped(files))
    return out


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _report(folder: Path, inside: Path, assessment: Assessment, slug: str) -> str:
    """Put the report in all its formats into the package and return its text.

    Where nothing internal stands in it, and the files are those of the run, they are taken over.
    """
    try:
        text = (folder / "report.md").read_text("utf-8")
        references = json.loads((folder / "references.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise ExportError("the report of this run cannot be read", "Make it again.") from None
    kept = without_internal(text)
    if kept == text and all((folder / name).is_file() for name in FORMATS):
        for name in FORMATS:
            shutil.copyfile(folder / name, inside / name)
        return text
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as place:
        work = Path(place)
        (work / "report.md").write_text(kept, encoding="utf-8")
        if (folder / "figures").is_dir():
            shutil.copytree(folder / "figures", work / "figures")
        cited = set(read(kept).citations)
        export_all(
            work,
            [r for r in references if r.get("id") in cited],
            assessment.brief.heading,
            run=f"{slug}/{folder.name}",
        )
        for name in FORMATS:
            shutil.copyfile(work / name, inside / name)
    return kept


def _tables(folder: Path, inside: Path, assessment: Assessment, text: str, *, names: bool) -> None:
    """Put tables, forms and references into the package."""
    reading = read(text)
    cited = {p.address for p in reading.passages}
    status = assessment.status_line
    tables = client_tables(assessment, cited, names=names)
    tables["evidence"] = quoted_table(assessment, reading.passages)
    write_atomically(inside / WORKBOOK, workbook(tables, status))
    for name in ("gaps", "objectives", "evidence", "search_log"):
        _csv(tables[name], status, inside / f"{name}.csv")
    if (found := _checked(folder)) is not None:
        _csv(found, status, inside / CHECKED)
    rows = fully_cited(assessment, cited)
    write_exports(inside / "forms", assessment, rows=rows)
    write_citations_of(inside / "references", assessment, set(reading.citations))


def _csv(table: pd.DataFrame, status: str, path: Path) -> None:
    table = table.copy()
    table.insert(0, "document_status", status)
    write_csv(table, path)


def _checked(folder: Path) -> pd.DataFrame | None:
    """What the rules found, without the words of the draft that they found it in."""
    import pandas as pd

    try:
        data = json.loads((folder / "check.json").read_text("utf-8"))
        lines = [
            (r["id"], r["severity"], r["state"], len(r["found"]), r["asks"], r["basis"])
            for r in data["rules"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    columns = ["rule", "severity", "state", "found", "asks", "basis"]
    return pd.DataFrame(lines, columns=columns)


def _refuse_leaks(files: Mapping[str, bytes], assessment: Assessment, text: str) -> None:
    for name, what in leaks(files, assessment, {p.address for p in read(text).passages}):
        raise ExportError(
            f"{name} would hold {what}, which stays with the writer; nothing was packed",
            "Make the report again, or take it out of the text.",
        )


def _readme(assessment: Assessment, manifest: Mapping[str, Any]) -> str:
    source = assessment.records
    lines = [
        assessment.brief.heading,
        "",
        f"Status: {assessment.status_line}.",
        "Nothing here is final until named persons have accepted each gap and confirmed each cited "
        "claim." if not assessment.is_signed else
        "Named persons have accepted each gap and confirmed each cited claim.",
    ]  # fmt: skip
    if source.notice:
        lines.append(source.notice)
    lines += [
        "",
        f"Records: {source.source}, data of {source.data_date}.",
        "",
        "What is in this package",
        "  report.html           the report; opens in any browser, needs no network",
        "  report.docx           the same for Word",
        "  report.pdf            the same for printing",
        "  tables.xlsx           all tables below in one workbook",
        "  gaps.csv              practice gaps and candidates",
        "  objectives.csv        proposed needs, objectives and measures",
        "  evidence.csv          the sentences that the report quotes, with their sources",
        "  search_log.csv        every query with its counts",
        f"  {CHECKED:<20}  what the rules found, one line a rule (where they were run)",
        "  forms/                planning forms, filled as far as the evidence goes",
        "  references/           references for citation managers (RIS, NBIB, CSL JSON)",
        f"  {MANIFEST:<20}  this list with checksums",
        "",
        "What is not: abstracts of the records (only quoted sentences), notes and reasons of the",
        "writer's decisions, the brief. Cells are empty where a sentence is not quoted in the",
        "report.",
        "",
        "No accreditor certifies a document or a tool. Whether a requirement is met is the",
        "provider's judgment.",
        "",
        f"Made with cmeneeds {manifest.get('cmeneeds', '')}.",
    ]
    return "\n".join(lines) + "\n"


def _manifest(
    files: Mapping[str, bytes], assessment: Assessment, manifest: Mapping[str, Any], run: str
) -> bytes:
    content = {
        "format": 1,
        "document_status": assessment.status_line,
        "notice": assessment.records.notice,
        "title": assessment.brief.heading,
        "run": run,
        "cmeneeds": manifest.get("cmeneeds"),
        "source": {
            "name": assessment.records.source,
            "data_date": assessment.records.data_date,
        },
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(files.items())
        },
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            package.writestr(entry, data)
    return buffer.getvalue()
