"""A report as PDF, set by typst.

Fonts come with typst and matplotlib, so the same report gives the same bytes on every machine. The
file is tagged, has bookmarks, and its numbers lead to their evidence cards.
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cmeneeds.errors import ExportError
from cmeneeds.report.convert import STYLE, convert, read_text, running_mark
from cmeneeds.report.tables import write_atomically

_STAMP: Final = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)


def export_pdf(
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
    """Write a report as PDF; equal input gives equal bytes.

    Parameters and errors are those of :func:`cmeneeds.report.html.export_html`; the marks stand
    on every page.
    """
    text = read_text(report_md)
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as name:
        folder = Path(name)
        made = folder / "report.typ"
        convert(
            text,
            references,
            folder,
            [
                "--to=typst-citations",
                f"--output={made}",
                "--standalone",
                f"--template={STYLE / 'report.typ'}",
                "--wrap=none",
            ],
            last_filter="typst.lua",
            title=title,
            figures_dir=figures_dir,
            mark=running_mark(text, marks),
            lang=lang,
            timeout=timeout,
        )
        root = folder / "set"
        root.mkdir()
        made.replace(root / "report.typ")
        if figures_dir.is_dir():
            for figure in figures_dir.iterdir():
                if figure.suffix in (".svg", ".png"):
                    shutil.copyfile(figure, root / figure.name)
        write_atomically(out, set_pdf(root / "report.typ"))


def set_pdf(source: Path) -> bytes:
    """Typeset one file; it can read nothing but what lies beside it.

    Raises
    ------
    ExportError
        If typst refuses it.
    """
    import matplotlib
    import typst

    try:
        made = typst.compile(
            source,
            format="pdf",
            root=source.parent,
            # DejaVu Sans, which charts are drawn in; and the fonts that typst brings along.
            font_paths=[Path(matplotlib.get_data_path()) / "fonts" / "ttf"],
            ignore_system_fonts=True,
            # Nothing is to be had from a package registry: there is no folder to load it into.
            package_path=source.parent / "none",
            package_cache_path=source.parent / "none",
            timestamp=_STAMP,
        )
    except typst.TypstError as error:
        what = " ".join(str(error.message).split())[:300]
        raise ExportError(f"the PDF cannot be set: {what}") from None
    if not isinstance(made, bytes):
        raise ExportError("the PDF cannot be set: typst gave no single file")
    return made
