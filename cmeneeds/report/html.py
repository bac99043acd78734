"""A report as one HTML file that needs nothing else.

Style and script travel inside the page, and its Content-Security-Policy admits nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cmeneeds.report.convert import STYLE, convert, read_text, running_mark
from cmeneeds.report.tables import write_atomically


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
    text = read_text(report_md)
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as folder:
        made = Path(folder) / "report.html"
        convert(
            text,
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
                "--wrap=preserve",
                "--email-obfuscation=none",
            ],
            title=title,
            figures_dir=figures_dir,
            mark=running_mark(text, marks),
            lang=lang,
            timeout=timeout,
        )
        page = made.read_text(encoding="utf-8")
    # Filled in afterwards: pandoc rewrites embedded styles, and then the hashes would not fit. In
    # the template these stand before and after everything that comes from the report.
    page = page.replace("@@POLICY@@", policy, 1).replace("@@STYLE@@", style, 1)
    head, _, tail = page.rpartition("@@SCRIPT@@")
    write_atomically(out, (head + script + tail).encode("utf-8"))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
