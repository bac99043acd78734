"""The originals of own sources, and the library's list of them.

    CMENEEDS_HOME/sources/<SHA-256><ending>    the original, byte for byte
    CMENEEDS_HOME/library.sqlite               table own_sources: what was read, and by whom added

Names of files decide nothing about where something is written.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cmeneeds.documents import Document, document_from_json, document_to_json
from cmeneeds.errors import LibraryNotFound, UsageError
from cmeneeds.home import home, library_path
from cmeneeds.library.store import Library
from cmeneeds.own_sources.formats import KINDS


class Kept(NamedTuple):
    """A source in the store."""

    document: Document
    name: str
    """Of the file or page as it was added, without folders."""
    kind: str
    """``pdf``, ``docx``, ``html``, ``markdown``, ``text`` or ``csv``."""
    added: str
    """ISO 8601, UTC."""

    @property
    def id(self) -> str:
        """Such as ``OWN123456``."""
        return self.document.id

    @property
    def original(self) -> Path:
        """Where the original is kept."""
        return original_path(self.document.sha256, self.kind)


def original_path(sha256: str, kind: str) -> Path:
    """Where the original of a source is kept, or would be.

    Raises
    ------
    UsageError
        If these are no hash and kind: nothing else may name a place.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256) or kind not in KINDS:
        raise UsageError("this is no source of the store", "See `cmeneeds source list`.")
    return home() / "sources" / f"{sha256}{KINDS[kind]}"


def original_of(sha256: str) -> tuple[Path, str] | None:
    """Find an original and its kind by its hash alone; None if it is not at hand."""
    if re.fullmatch(r"[0-9a-f]{64}", sha256):
        for kind in KINDS:
            path = original_path(sha256, kind)
            if path.is_file():
                return path, kind
    return None


def keep_original(data: bytes, kind: str) -> Path:
    """Write an original, atomically; the same bytes are written once."""
    path = original_path(hashlib.sha256(data).hexdigest(), kind)
    if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, partial = tempfile.mkstemp(prefix=".partial-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(partial).replace(path)  # a link of that name is replaced, not followed
    except BaseException:
        with suppress(OSError):
            Path(partial).unlink()
        raise
    return path


_COLUMNS = "document, name, kind, added"


def save(kept: Kept) -> None:
    """List a source; one of the same id is replaced."""
    d = kept.document
    row = (d.id, d.sha256, kept.kind, kept.name, kept.added, document_to_json(d))
    with Library.open(library_path(), create=True) as library, library.writing() as db:
        db.execute(
            "INSERT OR REPLACE INTO own_sources (id, sha256, kind, name, added, document) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )


def own_source(id: str) -> Kept | None:
    """Return one source, or None."""
    return next(iter(_read("WHERE id = ?", (id,))), None)


def require(id: str) -> Kept:
    """Return one source; raises UsageError if there is none of that id."""
    found = own_source(id.strip().upper())
    if found is None:
        raise UsageError(
            f"there is no source {id[:40]!r} in your library", "`cmeneeds source list` shows them."
        )
    return found


def list_sources() -> list[Kept]:
    """Return every own source, in the order in which they were added."""
    return _read("ORDER BY added, id", ())


def remove_source(id: str) -> Kept:
    """Take a source out of the library, and its original with it.

    Reports made of it keep their passages in their snapshots.

    Raises
    ------
    UsageError
        If there is none of that id.
    """
    kept = require(id)
    with Library.open(library_path()) as library, library.writing() as db:
        db.execute("DELETE FROM own_sources WHERE id = ?", (kept.id,))
    with suppress(FileNotFoundError):
        kept.original.unlink()
    return kept


def _read(condition: str, values: tuple[str, ...]) -> list[Kept]:
    try:
        library = Library.open(library_path())
    except LibraryNotFound:
        return []
    with library:
        rows = library.connection.execute(
            f"SELECT {_COLUMNS} FROM own_sources {condition}",  # noqa: S608 - no user text
            values,
        ).fetchall()
    return [Kept(document_from_json(d), name, kind, added) for d, name, kind, added in rows]
