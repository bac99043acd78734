"""Read a bibliography from a file: find out its encoding and format, keep to limits."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cmeneeds.bibliography.bibtex import looks_like_bibtex, read_bibtex
from cmeneeds.bibliography.model import MAX_FIELD, Bibliography, Reading, Trouble, one_line
from cmeneeds.bibliography.structured import looks_like_endnote, read_csl, read_endnote
from cmeneeds.bibliography.tagged import format_of_tags, read_nbib, read_ris
from cmeneeds.errors import UsageError

MAX_BYTES = 64 << 20
"""A file of 100,000 entries without abstracts has about 40 MB."""
MAX_ENTRIES = 100_000
MAX_AUTHORS = 5_000
HEAD = 65_536
"""Characters in which the format must show."""

ADVICE = "Export it as RIS, NBIB, BibTeX, CSL JSON or EndNote XML, or name a zotero.sqlite."

_READERS: dict[str, Callable[[str], Reading]] = {
    "RIS": read_ris,
    "NBIB": read_nbib,
    "BibTeX": read_bibtex,
    "CSL JSON": read_csl,
    "EndNote XML": lambda text: read_endnote(text.encode()),
}


def read_bibliography(path: str | Path) -> Bibliography:
    """Read a bibliography file.

    The format is told from the content, not from the file's name.

    Parameters
    ----------
    path : path
        RIS, NBIB, BibTeX, CSL JSON, EndNote XML, or the ``zotero.sqlite`` of a local Zotero.

    Returns
    -------
    Bibliography
        What could not be read is in its ``troubles``, with the line.

    Raises
    ------
    UsageError
        If the file is not there, too large, empty, or none of these.
    """
    path = Path(path)
    name = one_line(path.name)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            magic = stream.read(16)
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror}", "Name a bibliography file."
        ) from None
    if magic == b"SQLite format 3\0":
        from cmeneeds.bibliography.zotero import read_zotero

        return read_zotero(path)
    if size > MAX_BYTES:
        raise UsageError(
            f"{name} has {size >> 20} MB; a bibliography may have {MAX_BYTES >> 20}",
            "Export it without abstracts, or in parts.",
        )
    data = path.read_bytes()
    found = parse_bibliography(data, name)
    return replace(found, sha256=hashlib.sha256(data).hexdigest())


def parse_bibliography(data: bytes, name: str) -> Bibliography:
    """Read a bibliography from bytes; see :func:`read_bibliography`."""
    text, note = decode(data)
    if not text.strip():
        raise UsageError(f"{name} is empty", ADVICE)
    if "\0" in text:
        raise UsageError(f"{name} is no text", ADVICE)
    kind = _format_of(text)
    if not kind:
        raise UsageError(f"{name} is no bibliography that can be read here", ADVICE)
    reading = _READERS[kind](text)
    return finished(reading, name, kind, note)


def finished(reading: Reading, name: str, kind: str, note: str = "") -> Bibliography:
    """Apply the limits to what a reader found; raises UsageError if there is too much of it."""
    if len(reading.entries) > MAX_ENTRIES:
        raise UsageError(
            f"{name} has {len(reading.entries):,} entries; at most {MAX_ENTRIES:,} are read",
            "Divide it.",
        )
    entries = []
    for entry in reading.entries:
        longest = max(map(len, (entry.title, entry.journal, entry.url, entry.key, *entry.authors)))
        if longest > MAX_FIELD or len(entry.authors) > MAX_AUTHORS:
            reading.doubt(entry.line, "a field is far too long and was cut")
            entry = replace(
                entry,
                title=entry.title[:MAX_FIELD],
                journal=entry.journal[:MAX_FIELD],
                url=entry.url[:MAX_FIELD],
                key=entry.key[:MAX_FIELD],
                authors=tuple(a[:MAX_FIELD] for a in entry.authors[:MAX_AUTHORS]),
            )
        entries.append(entry)
    troubles = [Trouble(0, note, lost=False)] if note else []
    troubles += sorted(reading.troubles, key=lambda t: t.line)
    return Bibliography(name, kind, tuple(entries), tuple(troubles))


def decode(data: bytes) -> tuple[str, str]:
    r"""Decode a text file of unknown encoding; lines end with ``\n``.

    Returns
    -------
    text, note : str
        The note is for the user where the encoding had to be guessed; else empty.
    """
    text, note = _decoded(data)
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            return text, _replaced(text)
    head = data[:2000]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Latin letters in UTF-16 have every other byte zero.
        if len(head) > 8 and head[offset::2].count(0) > 0.4 * len(head[offset::2]):
            text = data.decode(encoding, "replace")
            return text, f"read as {encoding.upper()}, without a mark that says so"
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        if _mostly_utf8(data):
            line = data.count(b"\n", 0, error.start) + 1
            return data.decode("utf-8", "replace"), f"damaged characters, the first in line {line}"
    encoding = "windows-1252" if _fits(data, "windows-1252") else "latin-1"
    return data.decode(encoding), f"not UTF-8; read as {encoding}"


def _replaced(text: str) -> str:
    line = text.count("\n", 0, text.index("\ufffd")) + 1 if "\ufffd" in text else 0
    return f"damaged characters, the first in line {line}" if line else ""


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(data: bytes) -> bool:
    """Whether most characters beyond ASCII are good UTF-8: damaged, not of another encoding."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(1 for c in re.findall(r"[^\x00-\x7f]", text) if c != "\ufffd") > bad


def _format_of(text: str) -> str:
    head = text[:HEAD].lstrip()
    if head.startswith(("[", "{")):
        return "CSL JSON"
    if head.startswith("<"):
        return "EndNote XML" if looks_like_endnote(head) else ""
    if tagged := format_of_tags(head):
        return tagged
    if looks_like_bibtex(head):
        return "BibTeX"
    # Some exports leave the lines out that open an entry.
    if len(re.findall(r"^[A-Z][A-Z0-9]  - ", head, re.MULTILINE)) >= 2:
        return "RIS"
    return ""
