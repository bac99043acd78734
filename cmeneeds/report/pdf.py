"""A report as PDF, set by typst.

Fonts come with typst and matplotlib, so the same report gives the same bytes on every machine. The
file is tagged, has bookmarks, and its numbers lead to their evidence cards.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cmeneeds.errors import ExportError
from cmeneeds.report.convert import STYLE, convert, read_text, running_mark
from cmeneeds.report.tables import write_atomically
from cmeneeds.report.typesetter import REFUSED


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
        write_atomically(out, set_pdf(root / "report.typ", timeout))


def set_pdf(source: Path, timeout: float = 120) -> bytes:
    """Typeset one file, in a process of its own; it can read nothing but what lies beside it.

    Parameters
    ----------
    source : Path
    timeout : float
        Seconds.

    Raises
    ------
    ExportError
        If typst refuses it, crashes or takes too long.
    """
    import matplotlib

    # DejaVu Sans, which charts are drawn in; typst brings the other fonts along.
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    # `-I`: neither the environment nor the working folder decides what is imported.
    command = [sys.executable, "-I", "-m", "cmeneeds.report.typesetter", str(source), str(fonts)]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, our own module
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise ExportError(
            f"the PDF was not set within {timeout:g} seconds", "Make the report shorter."
        ) from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        what = said[:300] if done.returncode == REFUSED else f"typst crashed: {said[-300:]}"
        raise ExportError(f"the PDF cannot be set: {what}")
    return done.stdout
