"""Add a file, a web page or a text to the writer's own sources."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from cmeneeds.documents import Document
from cmeneeds.errors import OwnSourceUnreadable, UsageError
from cmeneeds.interviews import title_of
from cmeneeds.interviews.persons import without_persons
from cmeneeds.own_sources import store
from cmeneeds.own_sources.formats import ENDINGS, KINDS, kind_of
from cmeneeds.own_sources.making import OPINIONS, Said, make_document, with_said
from cmeneeds.own_sources.parsed import Parsed, Unreadable
from cmeneeds.own_sources.plain import clean
from cmeneeds.own_sources.sandbox import parse
from cmeneeds.sources.web import WebClient

MAX_BYTES = 100 << 20
MAX_TEXT = 2 << 20


class Read(NamedTuple):
    """A source that was read, and what of it is to be stored."""

    document: Document
    stored: bytes
    """The original; of interviews the text without identifiers of persons."""
    kind: str
    name: str
    notes: tuple[str, ...]
    """What the writer should know of how it was read."""


class Added(NamedTuple):
    """What became of a source that was added."""

    document: Document
    is_new: bool
    """False if the same bytes were in the store before."""
    notes: tuple[str, ...]


def add_source(
    what: str | Path,
    *,
    text: bool = False,
    type: str = "",
    title: str = "",
    year: int | None = None,
    publisher: str = "",
    edition: str = "",
    url: str = "",
    accessed: str = "",
    licence: str = "",
    by: str = "",
    note: str = "",
    client: WebClient | None = None,
) -> Added:
    """Add a file, a web page or a text to your library.

    Parameters
    ----------
    what : str or Path
        Path of a PDF, HTML, DOCX, Markdown, text or CSV file; address of a page or file on the
        web; or, with ``text``, the text itself.
    text : bool
        Whether ``what`` is the text.
    type : str
        One of :data:`cmeneeds.documents.SOURCE_TYPES`; decides what it may be used for.
    title, publisher, edition, licence, by, note : str
        What you know of it. What is not given is unknown, and stays so.
    year : int, optional
    url, accessed : str
        Where and on which day (ISO 8601) you read it; a page that is fetched has both.
    client : WebClient, optional
        For addresses.

    Returns
    -------
    Added

    Raises
    ------
    OwnSourceUnreadable
        The file cannot be read, is encrypted, or has only scanned pages.
    UsageError
        There is no such file, or something given is impossible.
    SourceError
        The page cannot be had.
    """
    said = Said(
        type, title, year, publisher, edition, url, _day(accessed), licence, by, note
    )  # fmt: skip
    if text:
        data = str(what).encode()
        if len(data) > MAX_TEXT:
            raise UsageError(f"the text is longer than {MAX_TEXT >> 20} MB", "Save it as a file.")
        return keep(read_bytes(data, "note", said, kind="markdown"), said)
    if isinstance(what, str) and re.match(r"https?://", what):
        data, said = _fetched(what, said, client or WebClient())
        name = unquote(urlsplit(what).path.rpartition("/")[2]) or urlsplit(what).netloc
        return keep(read_bytes(data, name, said, web=True), said)
    return keep(read_file(Path(what), said), said)


def read_file(path: Path, said: Said) -> Read:
    """Read a file; nothing is stored. Raises as :func:`add_source`."""
    path = path.expanduser()
    if not path.exists():
        raise UsageError(
            f"there is no file {path.name[:80]!r}", "Name a file, an address, or use --text."
        )
    if not path.is_file():
        raise UsageError(f"{path.name[:80]!r} is no file", "Name a file.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OwnSourceUnreadable(
                f"{path.name}: it is larger than {MAX_BYTES >> 20} MB",
                "Add only the pages that you cite.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise OwnSourceUnreadable(
            f"{path.name} cannot be read: {error.strerror}", "Check who may read it."
        ) from None
    return read_bytes(data, path.name, said)


def read_bytes(data: bytes, name: str, said: Said, *, kind: str = "", web: bool = False) -> Read:
    """Read what stands in a file; nothing is stored."""
    name = clean(name.replace("\\", "/").rpartition("/")[2])[:120] or "source"
    try:
        if not kind:
            try:
                kind = kind_of(name, data)
            except Unreadable:
                if not web or b"<" not in data[:2000]:
                    raise
                kind = "html"  # a page has no ending, or one such as .aspx
        notes: list[str] = []
        if said.type in OPINIONS:
            data, kind, more = _prepared(data, kind, said.type)
            notes += more
            # The name of the file and a given title may say who was asked.
            name = title_of(data.decode(), said.type)
            said = replace(said, title=without_persons(said.title).text)
        parsed, note = _parsed(data, kind, said.type)
    except Unreadable as error:
        raise OwnSourceUnreadable(f"{name}: {error.what}", error.todo) from None
    if note:
        said = replace(said, note="\n".join(filter(None, (note, said.note))))
    sha256 = hashlib.sha256(data).hexdigest()
    notes += list(parsed.notes)
    for why in dict.fromkeys(reason for _, reason in parsed.unread):
        pages = [page for page, reason in parsed.unread if reason == why]
        shown = ", ".join(map(str, pages[:20])) + (" ..." if len(pages) > 20 else "")
        word = "page" if len(pages) == 1 else "pages"
        notes.append(f"{word} {shown} not read: {why}")
    return Read(make_document(parsed, sha256, said, name), data, kind, name, tuple(notes))


def _parsed(data: bytes, kind: str, source_type: str) -> tuple[Parsed, str]:
    """Parse stored bytes; of prepared notes the body, with the line that says who speaks."""
    if source_type in OPINIONS:
        from cmeneeds.interviews import prepare_notes

        made = prepare_notes(data.decode(), source_type)
        return parse(made.body.encode(), kind), made.speaker.note
    return parse(data, kind), ""


def read_again(data: bytes, kind: str, document: Document) -> Document:
    """Read a stored original anew, as the document that it once became.

    Raises
    ------
    OwnSourceUnreadable
    """
    try:
        parsed, _ = _parsed(data, kind, document.source_type)
    except (Unreadable, UsageError, UnicodeDecodeError) as error:
        raise OwnSourceUnreadable(f"{document.id} cannot be read again ({error})") from None
    said = Said(document.source_type, document.title)
    return make_document(parsed, hashlib.sha256(data).hexdigest(), said, document.title)


def _prepared(data: bytes, kind: str, source_type: str) -> tuple[bytes, str, list[str]]:
    """Notes of interviews without identifiers of persons: only these are kept."""
    from cmeneeds.interviews import prepare_notes
    from cmeneeds.own_sources.plain import decoded

    if kind in ("text", "markdown"):
        text = decoded(data)
    else:
        text = "\n\n".join(block.text for block in parse(data, kind).blocks)
    made = prepare_notes(text, source_type)
    return made.text.encode(), "markdown", [made.told]


def keep(read: Read, said: Said) -> Added:
    """Store what was read, unless the same bytes are there; what is newly said of it is kept."""
    known = store.own_source(read.document.id)
    if known is not None and known.document.sha256 == read.document.sha256:
        if not known.original.is_file():
            store.keep_original(read.stored, known.kind)
        document = with_said(known.document, said)
        if document != known.document:
            store.save(known._replace(document=document))
        return Added(document, False, read.notes)
    if known is not None:
        raise UsageError(
            f"another file has the id {read.document.id}", "Change a byte of it, such as its title."
        )
    store.keep_original(read.stored, read.kind)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    store.save(store.Kept(read.document, read.name, read.kind, now))
    return Added(read.document, True, read.notes)


def _fetched(url: str, said: Said, client: WebClient) -> tuple[bytes, Said]:
    answer = client.get(url, expect_json=False)
    accessed = said.accessed or answer.checked_at[:10]
    return answer.body, replace(said, url=said.url or answer.url, accessed=accessed)


def _day(text: str) -> str:
    if text and not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise UsageError(f"{text[:40]!r} is not a day", "Write it as yyyy-mm-dd.")
    return text


__all__ = ["ENDINGS", "KINDS", "Added", "Read", "add_source", "keep", "read_again", "read_file"]
