"""All formats of a report from one ``report.md``, side by side.

pandoc and typst do their work outside the interpreter's lock, so threads use every core.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from cmeneeds.report.anchors import parsed
from cmeneeds.report.convert import read_text
from cmeneeds.report.docx import export_docx
from cmeneeds.report.html import export_html
from cmeneeds.report.pdf import export_pdf

FORMATS = ("report.html", "report.docx", "report.pdf")
"""Files that :func:`export_all` writes."""


def export_all(
    folder: Path,
    references: list[dict[str, Any]],
    title: str,
    *,
    run: str = "",
    reference_doc: Path | None = None,
    report: str = "report.md",
    at_once: int | None = None,
) -> None:
    """Write each of :data:`FORMATS` beside a report.

    Parameters
    ----------
    folder : Path
        Run folder, with the report and its ``figures``.
    references : list of dict
        CSL JSON items.
    title : str
        Plain text.
    run : str
        ``slug/time``; see :func:`cmeneeds.report.docx.export_docx`.
    reference_doc : Path, optional
        The writer's own Word template.
    report : str
        Name of the report's text.
    at_once : int, optional
        Formats that are written at once; default: all.

    Raises
    ------
    ExportError
        The first that any format met; the others are finished or stopped first.
    """
    source = folder / report
    parsed(read_text(source))  # once, for all of them
    word = partial(export_docx, run=run, reference_doc=reference_doc)
    writers: dict[str, Callable[..., None]] = dict(
        zip(FORMATS, (export_html, word, export_pdf), strict=True)
    )
    with ThreadPoolExecutor(at_once or len(writers)) as pool:
        waiting = [
            pool.submit(write, source, references, folder / name, title, folder / "figures")
            for name, write in writers.items()
        ]
    for done in waiting:
        done.result()
