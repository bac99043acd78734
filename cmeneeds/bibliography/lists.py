"""Named lists of works in the user's library: what each imported bibliography came to.

The tables are made when the first list is stored, so that a library without lists stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cmeneeds.bibliography.matching import MATCHED, Match
from cmeneeds.bibliography.model import Bibliography
from cmeneeds.errors import UsageError
from cmeneeds.library.store import Library

_DDL = (
    """
CREATE TABLE IF NOT EXISTS bibliographies (
    name     TEXT PRIMARY KEY,
    source   TEXT NOT NULL,        -- file name or service, never a path
    format   TEXT NOT NULL,
    sha256   TEXT NOT NULL,        -- of the file; empty for a service
    matched_with TEXT NOT NULL,    -- sample or library
    imported TEXT NOT NULL         -- ISO 8601, UTC
) WITHOUT ROWID
""",
    """
CREATE TABLE IF NOT EXISTS bibliography_entries (
    list     TEXT NOT NULL,
    position INTEGER NOT NULL,     -- in the file, from 0
    line     INTEGER NOT NULL,
    status   TEXT NOT NULL,        -- matched, conflict, unmatched
    pmid     INTEGER,
    matched_by TEXT NOT NULL,
    reason   TEXT NOT NULL,
    title    TEXT NOT NULL,
    doi      TEXT NOT NULL,
    PRIMARY KEY (list, position)
) WITHOUT ROWID
""",
)


class StoredList(NamedTuple):
    """A list and what it came to."""

    name: str
    source: str
    format: str
    matched_with: str
    imported: str
    entries: int
    matched: int


def store_list(
    library: Library,
    name: str,
    bibliography: Bibliography,
    matches: Sequence[Match],
    matched_with: str,
) -> None:
    """Keep a list; one of the same name is replaced.

    Raises
    ------
    UsageError
        If the name is empty or too long.
    LibraryReadOnly
    """
    if not name.strip() or len(name) > 200:
        raise UsageError("a list needs a name of 1 to 200 characters", "Give one with --name.")
    rows = [
        (name, i, m.entry.line, m.status, m.pmid, m.by, m.reason, m.entry.title, m.entry.doi)
        for i, m in enumerate(matches)
    ]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with library.writing() as db:
        for statement in _DDL:
            db.execute(statement)
        db.execute("DELETE FROM bibliography_entries WHERE list = ?", (name,))
        db.execute(
            "INSERT OR REPLACE INTO bibliographies VALUES (?, ?, ?, ?, ?, ?)",
            (name, bibliography.name, bibliography.format, bibliography.sha256, matched_with, now),
        )
        db.executemany("INSERT INTO bibliography_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def stored_lists(library: Library) -> list[StoredList]:
    """Return the lists of a library, by name."""
    return [
        StoredList(*row)
        for row in _rows(
            library,
            "SELECT name, source, format, matched_with, imported, count(e.position),"
            " count(e.pmid) FROM bibliographies b LEFT JOIN bibliography_entries e"
            " ON e.list = b.name GROUP BY name ORDER BY name",
        )
    ]


def stored_pmids(library: Library, name: str) -> list[int]:
    """Return the PMIDs of a list, each once, in the order of its file.

    Raises
    ------
    UsageError
        If there is no such list.
    """
    if not _rows(library, "SELECT 1 FROM bibliographies WHERE name = ?", name):
        known = ", ".join(one.name for one in stored_lists(library)[:20]) or "none yet"
        raise UsageError(f"there is no list {name[:100]!r}", f"Lists: {known}.")
    rows = _rows(
        library,
        "SELECT pmid FROM bibliography_entries WHERE list = ? AND status = ? ORDER BY position",
        name,
        MATCHED,
    )
    return list(dict.fromkeys(int(p) for (p,) in rows))


def _rows(library: Library, select: str, *values: str) -> list[tuple[Any, ...]]:
    try:
        return library.connection.execute(select, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # nothing was ever imported here
            return []
        raise
