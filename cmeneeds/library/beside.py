"""What a library keeps beside PubMed records: documents, links, MeSH headings, and when each came.

Functions over an open :class:`~cmeneeds.library.store.Library`. A library made before there were
such tables, opened for reading, holds none of it; that is an empty answer, not an error. Writing to
a read-only library raises :class:`~cmeneeds.errors.LibraryReadOnly`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from cmeneeds.documents import Document, document_from_json, document_to_json
from cmeneeds.library.store import Library
from cmeneeds.mesh import Descriptor, rows_for_library


class StoredDocument(NamedTuple):
    """A document, or the reason why there is none."""

    id: str
    source: str
    """``pmc`` or ``bookshelf``."""
    pmid: int | None
    fetched: str
    """Day, ISO 8601."""
    revised: int
    """Revision (``yyyymmdd``) of its PubMed record at that time; 0 unknown."""
    problem: str
    """Such as that the publisher does not allow the full text; empty where there is a document."""
    document: Document | None

    def is_fresh(self, today: date, days: int, revised: int = 0) -> bool:
        """Whether it was fetched within some days and its record has not been revised since."""
        age = (today - date.fromisoformat(self.fetched)).days
        return 0 <= age <= days and revised <= self.revised


class StoredLink(NamedTuple):
    """One link from a record."""

    target: int
    score: int | None = None
    """Of related articles: the higher, the closer."""


class Counts(NamedTuple):
    """How much is kept beside the records."""

    documents: int
    """Full texts and book sections."""
    closed: int
    """Texts that are known not to be given out."""
    links: int
    headings: int
    """MeSH headings with a place in the tree."""


def counts(library: Library) -> Counts:
    """Count what is kept beside the records."""

    def count(of: str) -> int:
        rows = _rows(library, f"SELECT count(*) FROM {of}", ())  # noqa: S608 - no user text
        return next((int(n) for (n,) in rows), 0)

    return Counts(
        count("documents WHERE document IS NOT NULL"),
        count("documents WHERE document IS NULL"),
        count("links"),
        count("(SELECT DISTINCT ui FROM mesh_tree)"),
    )


# --- documents ----------------------------------------------------------------------------------

_COLUMNS = "id, source, pmid, fetched, revised, problem, document"


def store_documents(library: Library, found: Iterable[StoredDocument]) -> None:
    """Keep documents; what was kept under the same ids before is replaced."""
    rows = [
        (*d[:6], document_to_json(d.document) if d.document is not None else None) for d in found
    ]
    with library.writing() as db:
        db.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def stored_documents(library: Library, ids: Iterable[str]) -> dict[str, StoredDocument]:
    """Return what is kept under these ids."""
    return {d.id: d for d in _documents(library, "id", list(ids))}


def documents_of(library: Library, pmids: Iterable[int]) -> list[StoredDocument]:
    """Return what is kept of these PubMed records, by id."""
    return sorted(_documents(library, "pmid", list(pmids)), key=lambda d: d.id)


def _documents(library: Library, column: str, keys: Sequence[Any]) -> Iterator[StoredDocument]:
    select = f"SELECT {_COLUMNS} FROM documents WHERE {column} IN"  # noqa: S608 - no user text
    for id, source, pmid, day, revised, problem, body in _select_many(library, select, keys):
        document = document_from_json(body) if body is not None else None
        yield StoredDocument(id, source, pmid, day, revised, problem, document)


# --- links --------------------------------------------------------------------------------------


def store_links(
    library: Library, name: str, found: Mapping[int, Sequence[StoredLink]], day: date
) -> None:
    """Keep all links of one name of some records, empty ones too; earlier ones are replaced."""
    with library.writing() as db:
        db.executemany("DELETE FROM links WHERE pmid = ? AND name = ?", [(p, name) for p in found])
        db.executemany(
            "INSERT INTO links (pmid, name, position, target, score) VALUES (?, ?, ?, ?, ?)",
            [(p, name, i, k.target, k.score) for p, ks in found.items() for i, k in enumerate(ks)],
        )
    mark_asked(library, name, found, day)


def stored_links(
    library: Library, name: str, pmids: Iterable[int]
) -> dict[int, tuple[StoredLink, ...]]:
    """Return the links of one name by PMID; a record that was never asked about is left out."""
    wanted = list(pmids)
    found: dict[int, list[StoredLink]] = {p: [] for p in asked_on(library, name, wanted)}
    select = (
        "SELECT pmid, target, score FROM links WHERE name = ? AND pmid IN",
        "ORDER BY pmid, position",
    )
    for pmid, target, score in _select_many(library, select[0], wanted, (name,), select[1]):
        found.setdefault(pmid, []).append(StoredLink(target, score))
    return {p: tuple(ks) for p, ks in found.items()}


def linking_to(library: Library, name: str, targets: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return, for each target, the records here with a link of one name to it."""
    found: dict[int, list[int]] = {}
    select = "SELECT target, pmid FROM links WHERE name = ? AND target IN"
    for target, pmid in _select_many(library, select, list(targets), (name,), "ORDER BY pmid"):
        found.setdefault(target, []).append(pmid)
    return {t: tuple(ps) for t, ps in found.items()}


def mark_asked(library: Library, name: str, pmids: Iterable[int], day: date) -> None:
    """Remember that a service was asked about records on a day."""
    with library.writing() as db:
        db.executemany(
            "INSERT OR REPLACE INTO asked (pmid, name, day) VALUES (?, ?, ?)",
            [(p, name, day.isoformat()) for p in pmids],
        )


def asked_on(library: Library, name: str, pmids: Iterable[int]) -> dict[int, str]:
    """Return the day (ISO 8601) on which a service was last asked about these records."""
    select = "SELECT pmid, day FROM asked WHERE name = ? AND pmid IN"
    return dict(_select_many(library, select, list(pmids), (name,)))


# --- MeSH ---------------------------------------------------------------------------------------


def store_headings(library: Library, descriptors: Iterable[Descriptor]) -> int:
    """Add headings, so that names, entry terms and explosion are known offline.

    Give each heading together with all that stand below it in the tree: a tree that is there in
    part would explode in part, and the query would not say so.

    Returns
    -------
    int
        How many tree positions were given.
    """
    rows = rows_for_library(descriptors)
    with library.writing() as db:
        db.executemany("INSERT OR IGNORE INTO terms VALUES (?, ?, ?, ?)", rows.terms)
        db.executemany("INSERT OR IGNORE INTO mesh_tree VALUES (?, ?)", rows.mesh_tree)
    return len(rows.mesh_tree)


# --- small --------------------------------------------------------------------------------------


def _select_many(
    library: Library,
    select: str,
    keys: Sequence[Any],
    before: tuple[Any, ...] = (),
    after: str = "",
) -> Iterator[tuple[Any, ...]]:
    """Run ``select (?, ...)`` over keys in portions below SQLite's limit of parameters."""
    for start in range(0, len(keys), 900):
        part = keys[start : start + 900]
        marks = ", ".join("?" * len(part))
        yield from _rows(library, f"{select} ({marks}) {after}", (*before, *part))


def _rows(library: Library, select: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    try:
        yield from library.connection.execute(select, values)
    except sqlite3.OperationalError as error:
        # Made before there were these tables, and opened for reading only: it holds none.
        if not (library.read_only and "no such table" in str(error)):
            raise
