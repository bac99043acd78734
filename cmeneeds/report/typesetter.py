"""What the child process of :mod:`.pdf` runs: typst on one file, the PDF to standard output.

A process of its own for each file: typst keeps what it has worked out for the life of its process,
tens of megabytes a report.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Final

import typst

REFUSED: Final = 3
"""Exit code if typst refuses the file; standard error says why."""

_STAMP: Final = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)


def main() -> int:
    """Typeset the file that the first argument names, with the fonts in the second one's folder."""
    source, fonts = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        made = typst.compile(
            source,
            format="pdf",
            root=source.parent,
            font_paths=[fonts],
            ignore_system_fonts=True,
            # Nothing is to be had from a package registry: there is no folder to load it into.
            package_path=source.parent / "none",
            package_cache_path=source.parent / "none",
            timestamp=_STAMP,
        )
    except typst.TypstError as error:
        sys.stderr.write(str(error.message))
        return REFUSED
    if not isinstance(made, bytes):
        sys.stderr.write("it gave no single file")
        return REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
