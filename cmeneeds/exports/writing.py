"""Write forms into a folder."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmeneeds.accreditation import crosswalk
from cmeneeds.errors import UsageError
from cmeneeds.exports import documents, forms
from cmeneeds.exports.workbook import write_workbook
from cmeneeds.independence import register
from cmeneeds.report import reading
from cmeneeds.report.docx import export_docx
from cmeneeds.report.references import csl
from cmeneeds.report.tables import write_atomically, write_csv
from cmeneeds.report.wording import first_upper

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

FOLDER: Final = "exports"
"""Folder of the forms in a run."""

FORMS: Final = {
    "structured-abstract": "ACCME structured abstract, with word counts (DOCX, CSV, JSON)",
    "gap-worksheet": "planning worksheet of each gap (DOCX, CSV)",
    "eaccme-process": "short description of process and needs (DOCX)",
    "contributors": "register of contributors and their disclosures (DOCX, CSV)",
    "crosswalk": "what the accreditors ask, and what the run has (CSV)",
    "tables": "all tables in one workbook (XLSX)",
}
"""What can be written of an assessment, and what it is."""


def write_exports(
    folder: Path,
    assessment: Assessment,
    wanted: Iterable[str] = (),
    rows: Sequence[Any] | None = None,
    at_once: int | None = None,
) -> list[str]:
    """Write forms into a folder, such as ``exports`` of a run.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    assessment : Assessment
    wanted : iterable of str
        Names in :data:`FORMS`; without any, all but the workbook, which a run has elsewhere.
    rows : sequence of named tuples, optional
        Rows of the gap table that the forms are filled for; default:
        :func:`cmeneeds.exports.forms.form_rows`.
    at_once : int, optional
        Files that are written at once; default: several.

    Returns
    -------
    list of str
        Names of the files, in order.

    Raises
    ------
    UsageError
        If there is no such form.
    ExportError
        If a file cannot be written.
    """
    wanted = list(wanted) or [name for name in FORMS if name != "tables"]
    if unknown := [name for name in wanted if name not in FORMS]:
        raise UsageError(f"there is no form {unknown[0]!r}", f"Use one of {', '.join(FORMS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    chosen = forms.form_rows(assessment) if rows is None else list(rows)
    tasks: dict[str, Callable[[], object]] = {}
    for name in wanted:
        tasks |= _tasks(name, folder, assessment, chosen)
    # pandoc works outside the interpreter's lock.
    with ThreadPoolExecutor(at_once or 4) as pool:
        for made in [pool.submit(task) for task in tasks.values()]:
            made.result()
    return sorted(tasks)


def _tasks(
    name: str, folder: Path, assessment: Assessment, rows: list[Any]
) -> dict[str, Callable[[], object]]:
    """What writes each file of a form."""
    title = f"{first_upper(assessment.brief.topic)}: {FORMS[name].split(' (')[0].split(',')[0]}"
    word = partial(_word, assessment, folder, title=title)
    table = partial(_csv, assessment, folder)
    if name == "structured-abstract":
        entries = forms.structured_abstract(assessment, rows)
        data = documents.abstract_json(assessment, entries)
        return {
            f"{name}.docx": partial(
                word, f"{name}.docx", documents.abstract_markdown(assessment, entries)
            ),
            f"{name}.csv": partial(table, f"{name}.csv", documents.long_table(entries)),
            f"{name}.json": partial(write_atomically, folder / f"{name}.json", data),
        }
    if name == "gap-worksheet":
        entries = forms.gap_worksheet(assessment, rows)
        return {
            f"{name}.docx": partial(
                word, f"{name}.docx", documents.worksheet_markdown(assessment, entries)
            ),
            f"{name}.csv": partial(table, f"{name}.csv", documents.wide_table(entries)),
        }
    if name == "eaccme-process":
        text = documents.process_markdown(assessment, rows)
        return {f"{name}.docx": partial(word, f"{name}.docx", text)}
    if name == "contributors":
        text = documents.contributors_markdown(assessment)
        return {
            f"{name}.docx": partial(word, f"{name}.docx", text),
            f"{name}.csv": partial(table, f"{name}.csv", register(assessment)),
        }
    if name == "crosswalk":
        return {f"{name}.csv": partial(table, f"{name}.csv", crosswalk(assessment))}
    if name == "tables":
        return {"tables.xlsx": partial(write_workbook, folder, assessment)}
    return {}


def _csv(assessment: Assessment, folder: Path, name: str, table: pd.DataFrame) -> None:
    table = table.copy()
    table.insert(0, "document_status", assessment.status_line)
    write_csv(table, folder / name)


def _word(assessment: Assessment, folder: Path, name: str, text: str, *, title: str) -> None:
    """Write Markdown as a Word document in the report's own style, with its references."""
    cited = set(reading.read(text).citations)
    references = [csl(work) for key, work in assessment.records.works.items() if key in cited]
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as place:
        source = Path(place) / "form.md"
        source.write_text(text, encoding="utf-8")
        export_docx(source, references, folder / name, title, Path(place))


def write_citations_of(folder: Path, assessment: Assessment, cited: Iterable[str]) -> list[str]:
    """Write cited works for citation managers: CSL JSON, RIS, and NBIB if there are PubMed records.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    assessment : Assessment
    cited : iterable of str
        Citation keys, such as those that a report cites.

    Returns
    -------
    list of str
        Names of the files.
    """
    from cmeneeds.bibliography.writing import citation_files

    folder.mkdir(parents=True, exist_ok=True)
    keys = set(cited)
    works = [work for key, work in assessment.records.works.items() if key in keys]
    items = [csl(work) for work in works]
    listed = json.dumps(items, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    made = {"references.json": listed} | citation_files(works)
    for name, data in made.items():
        write_atomically(folder / name, data.encode())
    return list(made)
