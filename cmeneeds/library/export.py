"""Write the records of a library to a file that other programs can read."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from cmeneeds.errors import UsageError
from cmeneeds.library.store import Library
from cmeneeds.records import to_json


def export_jsonl(library: Library, out: Path, query: str | None = None) -> int:
    """Write records as JSON lines, by PMID; the file appears whole or not at all.

    Parameters
    ----------
    library : Library
    out : Path
        Ends in ``.jsonl``, or ``.jsonl.gz`` for a compressed file.
    query : str, optional
        Only what this PubMed query finds.

    Returns
    -------
    int
        Number of records written.

    Raises
    ------
    UsageError, QueryError
    """
    if not out.name.endswith((".jsonl", ".jsonl.gz")):
        raise UsageError(f"{out.name} has an unknown ending", "Use .jsonl or .jsonl.gz.")
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder {out.parent}", "Make it first.")
    if query is None:
        articles = iter(library)
    else:
        articles = iter(library.get_many(sorted(library.search(query).pmids)))
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    written = 0
    try:
        with (
            gzip.GzipFile(partial, "wb", mtime=0)
            if out.name.endswith(".gz")
            else partial.open("wb")
        ) as stream:
            for article in articles:
                stream.write(to_json(article) + b"\n")
                written += 1
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return written
