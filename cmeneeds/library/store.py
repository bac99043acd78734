"""A library file: open it, bring records in, get them out, search them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cmeneeds.errors import LibraryDamaged, LibraryEmpty, LibraryNotFound, LibraryReadOnly
from cmeneeds.library import query as query_language
from cmeneeds.library import schema
from cmeneeds.library.sql import compile_query
from cmeneeds.pubmed_xml import Deletion, Problem, read_articles
from cmeneeds.records import Article, from_json, to_json

BATCH = 5000
"""Records a transaction: what a kill can cost, and what a second writer may have to wait for."""

BUSY_SECONDS = 60.0
"""How long a writer waits for another process to finish its batch."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    source : str
        Name of the file or service.
    read, added, updated, same, older, deleted : int
        Records read; of these new, newer than what was stored, identical, and older than what
        was stored (left alone); PMIDs withdrawn by NLM that were stored until now.
    problems : tuple of Problem
        What could not be read.
    """

    source: str
    read: int = 0
    added: int = 0
    updated: int = 0
    same: int = 0
    older: int = 0
    deleted: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class SearchResult:
    """Answer to a query.

    Attributes
    ----------
    query : str
        As it was asked.
    translation : str
        As it was understood and run.
    count : int
        How many records match, exactly.
    pmids : tuple of int
        The newest first; all of them unless a limit was given.
    notes : tuple of str
        What the user should know, such as a heading that could not be exploded.
    """

    query: str
    translation: str
    count: int
    pmids: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Stats:
    """What a library holds.

    Attributes
    ----------
    records, with_abstract, with_mesh, revisions, deletions : int
        Numbers of records; ``revisions`` counts superseded ones that are kept.
    first_year, last_year : int or None
        Of the issue dates.
    newest : int
        Latest revision date, ``yyyymmdd``.
    kind : str
        ``sample`` or ``library``.
    imports : tuple of (source, started, finished or None, added + updated)
        Import log; unfinished imports were interrupted and can be repeated.
    """

    records: int
    with_abstract: int
    with_mesh: int
    revisions: int
    deletions: int
    first_year: int | None
    last_year: int | None
    newest: int
    kind: str
    imports: tuple[tuple[str, str, str | None, int], ...] = field(default=())


class Library:
    """One SQLite file of PubMed records.

    Use :meth:`open` and close it, or a ``with`` statement. Several processes may read and write
    the same file at once; a writer waits for the other's batch.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._db = connection
        self._known_terms: set[tuple[str, str, str]] = set()

    # --- opening --------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False, read_only: bool = False) -> Self:
        """Open a library file.

        Parameters
        ----------
        path : path
        create : bool
            Make the file (and its folder) where there is none.
        read_only : bool
            Refuse every write.

        Raises
        ------
        LibraryNotFound, LibraryDamaged
        """
        path = Path(path)
        if path.is_dir():
            raise LibraryDamaged(f"{path} is a folder, not a library file", "Name the file itself.")
        existed = path.exists()
        if not existed:
            if not create:
                raise LibraryNotFound(
                    f"there is no library at {path}",
                    "Make one with `cmeneeds library import FILE`, or use `--library sample`.",
                )
            path.parent.mkdir(parents=True, exist_ok=True)
        db: sqlite3.Connection | None = None
        try:
            if read_only:
                db = sqlite3.connect(
                    f"{path.resolve().as_uri()}?mode=ro",
                    uri=True,
                    timeout=BUSY_SECONDS,
                    isolation_level=None,
                )
            else:
                db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            library = cls(path, db, read_only=read_only)
            library._prepare()
        except LibraryDamaged:
            if db is not None:
                db.close()
            raise
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            raise LibraryDamaged(
                f"{path} cannot be used as a library ({error})",
                "Choose another file, or restore it from a copy.",
            ) from error
        return library

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA cache_size = -65536")
        # In this order: while another process makes the file, both change between the two reads.
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application == schema.APPLICATION_ID and version == schema.SCHEMA_VERSION:
            self._settle()
            return
        if application == schema.APPLICATION_ID and version in schema.UPGRADABLE:
            if not self.read_only:
                with self._write():  # what another process has added meanwhile is left alone
                    self._run(schema.BESIDE)
                    db.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
            self._settle()
            return
        if application == schema.APPLICATION_ID:
            raise LibraryDamaged(
                f"{self.path} has schema {version}, this version reads {schema.SCHEMA_VERSION}",
                "Import the source files again into a new library.",
            )
        with self._write(exclusive=True):
            (now_application,) = db.execute("PRAGMA application_id").fetchone()
            if now_application != schema.APPLICATION_ID:  # else another process was quicker
                self._create()
        self._settle()

    def _create(self) -> None:
        """Make the tables in a file that is empty."""
        db = self._db
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables or self.read_only:
            raise LibraryDamaged(
                f"{self.path} is an SQLite file, but not a cmeneeds library",
                "Choose another file.",
            )
        self._run(schema.DDL + schema.BESIDE)
        # Larger than FTS5's default of 1 MiB: fewer segments to write and to merge.
        db.execute("INSERT INTO fulltext(fulltext, rank) VALUES ('hashsize', 67108864)")
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")

    def _run(self, statements: str) -> None:
        for statement in statements.split(";\n"):
            if statement.strip():
                self._db.execute(statement)

    def _settle(self) -> None:
        """Choose how to write; only once the file is known to be ours."""
        if self.read_only:
            return
        self._db.execute("PRAGMA synchronous = NORMAL")
        if self._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                # SQLite does not wait for others here, whatever its time-out says.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _write(self, *, exclusive: bool = False) -> Iterator[sqlite3.Connection]:
        if self.read_only and not exclusive:
            raise LibraryReadOnly(
                f"{self.path} may only be read",
                "Import into your own library: leave out `--library sample`.",
            )
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- bringing records in --------------------------------------------------------------------

    def import_file(
        self, path: str | Path, progress: Callable[[int], None] | None = None
    ) -> ImportReport:
        """Import a PubMed XML file (plain or gzip).

        Repeating an import changes nothing; an interrupted one can be repeated.

        Parameters
        ----------
        path : path
        progress : callable, optional
            Told how many records have been read so far, after each batch.

        Raises
        ------
        NotPubMedXML, LibraryReadOnly, OSError
        """
        path = Path(path)
        problems: list[Problem] = []
        items = read_articles(path, problems.append)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return self.add(items, path.name, digest, problems, progress)

    def add(
        self,
        items: Iterable[Article | Deletion],
        source: str,
        sha256: str = "",
        problems: list[Problem] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ImportReport:
        """Store records, in batches that are each all or nothing.

        Parameters
        ----------
        items : iterable of Article or Deletion
            Read lazily; later ones supersede earlier ones of the same version and revision date.
        source, sha256 : str
            For the import log: a file name or service (never a path), and the file's hash.
        problems : list of Problem, optional
            Filled by the reader while it is read; copied to the log at the end.
        """
        stream = iter(items)
        first = list(islice(stream, BATCH))  # what cannot be read at all leaves no trace
        with self._write() as db:
            row = db.execute(
                "INSERT INTO imports (source, sha256, started) VALUES (?, ?, ?) RETURNING id",
                (source, sha256, _now()),
            ).fetchone()
        log_id = int(row[0])
        counts = dict.fromkeys(("read", "added", "updated", "same", "older", "deleted"), 0)
        batch = first
        while batch:
            with self._write():
                for name, number in self._store(batch, log_id).items():
                    counts[name] += number
                self._db.execute(
                    "UPDATE imports SET read=:read, added=:added, updated=:updated, same=:same,"
                    " older=:older, deleted=:deleted WHERE id=:id",
                    {**counts, "id": log_id},
                )
            if progress:
                progress(counts["read"])
            batch = list(islice(stream, BATCH))
        found = tuple(problems or ())
        with self._write() as db:
            db.execute(
                "UPDATE imports SET finished = ?, problems = ? WHERE id = ?",
                (_now(), json.dumps([str(p) for p in found[:1000]]), log_id),
            )
        return ImportReport(source, **counts, problems=found)

    def _store(self, batch: Sequence[Article | Deletion], log_id: int) -> dict[str, int]:
        db = self._db
        counts = dict.fromkeys(("read", "added", "updated", "same", "older", "deleted"), 0)
        wanted = [a.pmid for a in batch if isinstance(a, Article)]
        stored: dict[int, tuple[int, int, bytes]] = {
            pmid: (version, revised, digest)
            for pmid, version, revised, digest in _select_many(
                db, "SELECT pmid, version, revised, digest FROM articles WHERE pmid IN", wanted
            )
        }
        fresh: dict[int, tuple[Article, bytes, bytes]] = {}
        for item in batch:
            if isinstance(item, Deletion):
                # Order matters: what was read before the deletion goes with it.
                self._insert(fresh.values())
                fresh.clear()
                for pmid in item.pmids:
                    stored.pop(pmid, None)
                counts["deleted"] += sum(self._delete(pmid, log_id) for pmid in item.pmids)
                continue
            counts["read"] += 1
            record = to_json(item)
            digest = hashlib.sha256(record).digest()
            have = stored.get(item.pmid)
            if have is None:
                counts["added"] += 1
            elif have[2] == digest:
                counts["same"] += 1
                continue
            elif (item.version, item.revised) < have[:2] or (
                (item.version, item.revised) == have[:2] and self._was_replaced(item.pmid, digest)
            ):
                counts["older"] += 1
                continue
            else:
                counts["updated"] += 1
                if item.pmid in fresh:
                    old = fresh.pop(item.pmid)
                    self._archive(old[0], old[1], old[2])
                else:
                    self._retire(item.pmid)
            stored[item.pmid] = (item.version, item.revised, digest)
            fresh[item.pmid] = (item, record, digest)
        self._insert(fresh.values())
        return counts

    def _was_replaced(self, pmid: int, digest: bytes) -> bool:
        """Whether this very record was here before and gave way to a later one of the same date."""
        found = "SELECT 1 FROM revisions WHERE pmid = ? AND digest = ?"
        return self._db.execute(found, (pmid, digest)).fetchone() is not None

    def _insert(self, new: Iterable[tuple[Article, bytes, bytes]]) -> None:
        # By PMID: FTS5 writes a segment whenever a row number is not larger than the last one.
        rows = sorted(new, key=lambda row: row[0].pmid)
        db = self._db
        db.executemany(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    a.pmid,
                    a.version,
                    a.revised,
                    a.published.first,
                    a.electronic.first if a.electronic else 0,
                    _entry_date(a),
                    digest,
                )
                for a, _, digest in rows
            ],
        )
        db.executemany("INSERT INTO records VALUES (?, ?)", [(a.pmid, r) for a, r, _ in rows])
        db.executemany(_FULLTEXT_INSERT, [(a.pmid, *schema.index_row(a)) for a, _, _ in rows])
        terms = {t for a, _, _ in rows for t in schema.terms_of(a)} - self._known_terms
        db.executemany(
            "INSERT OR IGNORE INTO terms VALUES (?, ?, ?, ?)",
            [(kind, schema.term_key(name), ui, name) for kind, ui, name in sorted(terms)],
        )
        self._known_terms |= terms
        db.executemany("DELETE FROM deletions WHERE pmid = ?", [(a.pmid,) for a, _, _ in rows])

    def _archive(self, article: Article, record: bytes, digest: bytes) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO revisions VALUES (?, ?, ?, ?, ?)",
            (article.pmid, article.version, article.revised, digest, record),
        )

    def _retire(self, pmid: int) -> bool:
        """Take a record out of articles and index, keeping it as a revision."""
        row = self._db.execute(
            "SELECT digest, record FROM articles JOIN records USING (pmid) WHERE pmid = ?", (pmid,)
        ).fetchone()
        if row is None:
            return False
        old = from_json(row[1])
        self._archive(old, row[1], row[0])
        self._db.execute(_FULLTEXT_DELETE, (pmid, *schema.index_row(old)))
        self._db.execute("DELETE FROM articles WHERE pmid = ?", (pmid,))
        self._db.execute("DELETE FROM records WHERE pmid = ?", (pmid,))
        return True

    def _delete(self, pmid: int, log_id: int) -> bool:
        gone = self._retire(pmid)
        self._db.execute("INSERT OR IGNORE INTO deletions VALUES (?, ?)", (pmid, log_id))
        return gone

    def optimize(self) -> None:
        """Merge the full-text index into one piece; worth it once after a large import."""
        with self._write() as db:
            db.execute("INSERT INTO fulltext(fulltext) VALUES ('optimize')")
            db.execute("ANALYZE")

    def seal(self) -> None:
        """Fold the write-ahead log into the file, so that the file alone is the whole library."""
        self._db.execute("PRAGMA journal_mode = DELETE")

    # --- getting records out --------------------------------------------------------------------

    def __len__(self) -> int:
        """Return the number of records."""
        return int(self._db.execute("SELECT count(*) FROM articles").fetchone()[0])

    def require_records(self) -> None:
        """Raise LibraryEmpty unless there is something to work on."""
        if len(self) == 0:
            raise LibraryEmpty(
                f"the library at {self.path} is empty",
                "Fill it with `cmeneeds library import FILE`, or use `--library sample`.",
            )

    def get(self, pmid: int) -> Article | None:
        """Return the current record, or None."""
        row = self._db.execute("SELECT record FROM records WHERE pmid = ?", (pmid,)).fetchone()
        return from_json(row[0]) if row else None

    def get_many(self, pmids: Iterable[int]) -> list[Article]:
        """Return the current records of these PMIDs, in that order; unknown ones are left out."""
        wanted = list(pmids)
        select = "SELECT pmid, record FROM records WHERE pmid IN"
        found = dict(_select_many(self._db, select, wanted))
        return [from_json(found[p]) for p in wanted if p in found]

    def digests(self, pmids: Iterable[int]) -> dict[int, str]:
        """Return the SHA-256 (hex) of the current records of these PMIDs."""
        select = "SELECT pmid, digest FROM articles WHERE pmid IN"
        return {p: bytes(d).hex() for p, d in _select_many(self._db, select, list(pmids))}

    def fetched(self, pmids: Iterable[int]) -> dict[int, str]:
        """Return the day (ISO 8601) on which PubMed was last asked for records that are here."""
        select = "SELECT pmid, day FROM fetches JOIN articles USING (pmid) WHERE pmid IN"
        return dict(_select_many(self._db, select, list(pmids)))

    def mark_fetched(self, pmids: Iterable[int], day: date) -> None:
        """Remember that PubMed was asked for these records on a day."""
        with self._write() as db:
            db.executemany(
                "INSERT OR REPLACE INTO fetches VALUES (?, ?)",
                [(pmid, day.isoformat()) for pmid in pmids],
            )

    def __iter__(self) -> Iterator[Article]:
        """All current records by PMID."""
        for (record,) in self._db.execute("SELECT record FROM records ORDER BY pmid"):
            yield from_json(record)

    # --- searching ------------------------------------------------------------------------------

    def search(
        self, query: str, limit: int | None = None, *, today: date | None = None
    ) -> SearchResult:
        """Answer a PubMed query.

        Parameters
        ----------
        query : str
            In PubMed's language; see :mod:`cmeneeds.library.query` for what is understood.
        limit : int, optional
            At most this many PMIDs; the count is exact all the same.
        today : date, optional
            What relative dates count from. Default: the system's date.

        Raises
        ------
        QueryError
            The query is malformed, too large, or asks for what is not offered.
        """
        compiled = compile_query(query_language.parse(query), self._db, today=today)
        rows = self._db.execute(
            f"SELECT pmid FROM ({compiled.sql}) ORDER BY pmid DESC",  # noqa: S608 - made by sql.py
            compiled.params,
        ).fetchall()
        count = len(rows)
        pmids = tuple(int(r[0]) for r in (rows if limit is None else rows[:limit]))
        return SearchResult(query, compiled.translation, count, pmids, compiled.notes)

    def log_search(self, result: SearchResult) -> None:
        """Keep a search in the library's own log."""
        with self._write() as db:
            db.execute(
                "INSERT INTO searches (at, query, translation, count) VALUES (?, ?, ?, ?)",
                (_now(), result.query, result.translation, result.count),
            )

    # --- for the modules beside this one --------------------------------------------------------

    @property
    def connection(self) -> sqlite3.Connection:
        """For reading what :mod:`cmeneeds.library.beside` keeps."""
        return self._db

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Write within one transaction; raises LibraryReadOnly."""
        return self._write()

    # --- about itself ---------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """``sample`` or ``library``."""
        return self.meta("kind") or "library"

    def meta(self, key: str) -> str | None:
        """Return a remark that the library keeps about itself."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a remark about the library itself."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def stats(self) -> Stats:
        """Count what is here."""
        one = self._db.execute
        first, last = one(
            "SELECT min(printed) / 10000, max(printed) / 10000 FROM articles WHERE printed > 0"
        ).fetchone()
        (newest,) = one("SELECT coalesce(max(revised), 0) FROM articles").fetchone()
        return Stats(
            records=len(self),
            with_abstract=self._count_codes("sbhasabstract"),
            with_mesh=self._count_codes("mhd*"),
            revisions=one("SELECT count(*) FROM revisions").fetchone()[0],
            deletions=one("SELECT count(*) FROM deletions").fetchone()[0],
            first_year=first,
            last_year=last,
            newest=newest,
            kind=self.kind,
            imports=tuple(
                one(
                    "SELECT source, started, finished, added + updated FROM imports ORDER BY id"
                ).fetchall()
            ),
        )

    def _count_codes(self, code: str) -> int:
        found = "SELECT count(*) FROM fulltext WHERE fulltext MATCH ?"
        return int(self._db.execute(found, (f"codes : {code}",)).fetchone()[0])


_COLUMNS = ", ".join(schema.FIELDS)
_MARKS = ", ".join("?" * len(schema.FIELDS))
_FULLTEXT_INSERT = f"INSERT INTO fulltext (rowid, {_COLUMNS}) VALUES (?, {_MARKS})"  # noqa: S608
_FULLTEXT_DELETE = (
    f"INSERT INTO fulltext (fulltext, rowid, {_COLUMNS}) VALUES ('delete', ?, {_MARKS})"  # noqa: S608
)


def _entry_date(article: Article) -> int:
    """PubMed's entry date: the ``pubmed`` event; ``entrez`` is its create date."""
    events = {e.status: e.date for e in article.history}
    return events.get("pubmed") or events.get("entrez") or 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _select_many(
    db: sqlite3.Connection, select: str, keys: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    """Run ``select (?, ?, ...)`` over keys in portions below SQLite's limit of parameters."""
    for start in range(0, len(keys), 900):
        part = keys[start : start + 900]
        marks = ", ".join("?" * len(part))
        yield from db.execute(f"{select} ({marks})", part)
