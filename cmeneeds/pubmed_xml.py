"""PubMed XML to :class:`~cmeneeds.records.Article`, record by record, in little memory.

The stream is cut at record tags and each record is parsed on its own. So one broken record costs
one record, every problem has a byte offset, a truncated file yields what was whole, and memory
does not grow with the file. There is no DTD, no entity expansion and no network access.

What is read of a record, and what is not kept, stands in :mod:`cmeneeds.pubmed_record`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from lxml import etree

from cmeneeds.errors import NotPubMedXML
from cmeneeds.pubmed_record import article_of, book_article_of, number
from cmeneeds.records import Article

CHUNK = 1 << 20
PACKED_STEP = 1 << 16
MAX_RECORD = 64 << 20
"""Bytes; a single record larger than this is reported and skipped."""


class Problem(NamedTuple):
    """A record or a file that could not be read as it should."""

    pmid: int | None
    offset: int
    """Byte offset in the (decompressed) stream where the trouble starts."""
    message: str

    def __str__(self) -> str:
        """One line for a log."""
        who = f"PMID {self.pmid}" if self.pmid is not None else f"byte {self.offset:,}"
        return f"{who}: {self.message}"


class Deletion(NamedTuple):
    """PMIDs that NLM withdrew (``DeleteCitation``)."""

    pmids: tuple[int, ...]


def read_articles(
    source: str | Path | bytes | IO[bytes],
    on_problem: Callable[[Problem], None] | None = None,
) -> Iterator[Article | Deletion]:
    """Read every record of a PubMed XML file, in file order.

    Parameters
    ----------
    source : path, bytes or binary file
        XML, plain or gzip-compressed (told by its first bytes, not by its name).
    on_problem : callable, optional
        Told of each record or tail that could not be read. Default: problems are dropped, so
        pass one wherever a user should know.

    Yields
    ------
    Article or Deletion
        PMIDs may repeat (versions, corrections); later ones supersede.

    Raises
    ------
    NotPubMedXML
        If there is neither a record nor a ``PubmedArticleSet``.
    FileNotFoundError, OSError
        If the file cannot be opened.
    """
    report = on_problem or (lambda problem: None)
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as stream:
            yield from _read(stream, report)
    elif isinstance(source, bytes):
        yield from _read(io.BytesIO(source), report)
    else:
        yield from _read(source, report)


_START = re.compile(rb"<(PubmedArticle|PubmedBookArticle|DeleteCitation)(?=[\s>/])")
# A record's own PMID comes first in it; those of partners and references come later.
_PMID = re.compile(
    rb"<(?:MedlineCitation|BookDocument)(?:\s[^>]*)?>\s*<PMID[^>]*>\s*(\d{1,12})\s*</PMID>"
)
_ROOT = re.compile(rb"<Pubmed(?:Book)?ArticleSet(?:\s[^>]*)?/?>")
_CLOSED = re.compile(rb"</Pubmed(?:Book)?ArticleSet\s*>|<Pubmed(?:Book)?ArticleSet(?:\s[^>]*)?/>")
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']""")


def _chunks(stream: IO[bytes], report: Callable[[Problem], None]) -> Iterator[bytes]:
    """Yield decompressed chunks; a broken tail is reported once and ends the stream."""
    head = b""
    while len(head) < 2 and (piece := stream.read(2 - len(head))):
        head += piece
    if head == b"\x1f\x8b":
        yield from _unpacked(stream, head, report)
        return
    while head:
        yield head
        head = stream.read(CHUNK)


def _unpacked(stream: IO[bytes], data: bytes, report: Callable[[Problem], None]) -> Iterator[bytes]:
    """Decompress gzip members, one after another; GzipFile is slower and buffers twice."""
    unpack = zlib.decompressobj(wbits=31)
    offset = 0
    while data:
        # A step small enough that a bomb stays small, and a copy to go back to on damage.
        step, data = data[:PACKED_STEP], data[PACKED_STEP:]
        before = unpack.copy()
        try:
            out = unpack.decompress(step)
        except zlib.error as error:
            out = _before_damage(before, step)
            if out:
                yield out
            message = f"the gzip file is damaged ({error})"
            report(Problem(None, offset + len(out), message))
            return
        offset += len(out)
        if out:
            yield out
        if unpack.eof:
            data = unpack.unused_data + data
            data = (data or stream.read(CHUNK)).lstrip(b"\0")
            if data:
                unpack = zlib.decompressobj(wbits=31)
        elif not data:
            data = stream.read(CHUNK)
    if not unpack.eof:
        report(Problem(None, offset, "the gzip file ends early"))


def _before_damage(unpack: Any, step: bytes) -> bytes:
    """What can be decompressed of a step that holds the damage."""
    out = b""
    with contextlib.suppress(zlib.error):
        for position in range(len(step)):
            out += unpack.decompress(step[position : position + 1])
    return out


class _Cutter:
    """Cut a byte stream into records, remembering what stands around them."""

    def __init__(self, chunks: Iterator[bytes], report: Callable[[Problem], None]) -> None:
        self._chunks = chunks
        self._report = report
        self.whole = 0
        """Records cut so far."""
        self.head = b""
        """What stands before the first record, 4 KiB at most: prolog, or an error page."""
        self.root = b""
        """Start tag of the document, empty if there was none."""
        self.offset = 0
        """Bytes passed so far."""
        self.ended_early = False
        self._cut_short = False
        self._closed = False

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield (byte offset, record from start tag to end tag)."""
        buffer = b""
        here = 0  # what lies before it in the buffer is done with
        while True:
            start = _START.search(buffer, here)
            if start is None:
                self._between(buffer[here:])
                # Keep a tail: a tag may be cut by the chunk border.
                keep = max(here, len(buffer) - 256)
                piece = next(self._chunks, b"")
                if not piece:
                    self.ended_early = bool(self.root) and not (self._closed or self._cut_short)
                    self.offset += len(buffer)
                    return
                self.offset += keep
                buffer, here = buffer[keep:] + piece, 0
                continue
            if self.whole == 0:
                self._between(buffer[here : start.start()])
            here = start.start()
            end_tag = b"</" + start.group(1) + b">"
            end = buffer.find(end_tag, here)
            if end >= 0:
                end += len(end_tag)
            else:
                self.offset += here
                buffer, end = self._extend(buffer[here:], end_tag)
                here = 0
            if end >= 0:
                self.whole += 1
                yield self.offset + here, buffer[here:end]
                here = end
            else:
                # Another record may begin inside what was cut short.
                again = _START.search(buffer, 1)
                here = again.start() if again else len(buffer)

    def _between(self, data: bytes) -> None:
        if _CLOSED.search(data):
            self._closed = True
        if self.whole == 0:
            self.head = (self.head + data)[:4096]
            if found := _ROOT.search(data):
                self.root = found.group()

    def _extend(self, buffer: bytes, end_tag: bytes) -> tuple[bytes, int]:
        """Read on until ``end_tag`` is in the buffer; return it and where the record stops."""
        pieces = [buffer]
        size = len(buffer)
        tail = buffer[-len(end_tag) :]
        while size <= MAX_RECORD:
            piece = next(self._chunks, b"")
            if not piece:
                self._cut_short = True
                problem = f"the file ends inside a record; {self.whole:,} whole records were kept"
                break
            # Search only what is new, plus what the border could have cut.
            seam = tail + piece
            tail = seam[-len(end_tag) :]
            pieces.append(piece)
            size += len(piece)
            if end_tag in seam:
                buffer = b"".join(pieces)
                return buffer, buffer.find(end_tag) + len(end_tag)
        else:
            problem = f"skipped: a record is larger than {MAX_RECORD >> 20} MiB"
        buffer = b"".join(pieces)
        self._report(Problem(_pmid_in(buffer), self.offset, problem))
        return buffer, -1


def _pmid_in(record: bytes) -> int | None:
    found = _PMID.search(record)
    return int(found.group(1)) if found else None


_BROKEN = (etree.XMLSyntaxError, ValueError, TypeError, IndexError, OverflowError)
"""What parsing a record that is not as it should be can raise."""


def _read(stream: IO[bytes], report: Callable[[Problem], None]) -> Iterator[Article | Deletion]:
    cutter = _Cutter(_chunks(stream, report), report)
    parser: etree.XMLParser | None = None
    for offset, record in cutter.records():
        if parser is None:
            parser = _parser(cutter.head)
        try:
            yield _parse(record, parser, cutter.root)
        except _BROKEN as error:
            report(Problem(_pmid_in(record), offset, f"skipped: {_first_line(error)}"))
            # If this record's end tag is missing, others follow inside it; the last one is whole.
            inner = [m.start() for m in _START.finditer(record, 1)]
            for start, end in itertools.pairwise([*inner, len(record)]):
                try:
                    yield _parse(record[start:end], parser, cutter.root)
                except _BROKEN as second:
                    problem = f"skipped: {_first_line(second)}"
                    report(Problem(_pmid_in(record[start:end]), offset + start, problem))
    if not cutter.root and parser is None and not _START.search(cutter.head):
        raise _not_pubmed(cutter.head)
    if cutter.ended_early:
        message = f"the file ends early; {cutter.whole:,} whole records were kept"
        report(Problem(None, cutter.offset, message))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _not_pubmed(head: bytes) -> NotPubMedXML:
    text = head[:2000].decode("utf-8", "replace").strip()
    said = re.search(r"<ERROR>([^<]{1,200})</ERROR>", text)
    if said:
        return NotPubMedXML(f"the service answered with an error: {said.group(1).strip()}")
    kind = "empty" if not text else "HTML" if "<html" in text.lower() else "not PubMed XML"
    return NotPubMedXML(
        f"the input is {kind}", "Export from PubMed as XML, or give an NLM .xml or .xml.gz file."
    )


def _parser(prolog: bytes) -> etree.XMLParser:
    declared = _ENCODING.search(prolog)
    encoding = declared.group(1).decode("ascii") if declared else "utf-8"
    if encoding.lower().startswith(("utf-16", "utf-32", "ucs")):
        raise NotPubMedXML(f"the file is in {encoding}", "Convert it to UTF-8 first.")
    try:
        return _xml_parser(encoding)
    except LookupError:
        raise NotPubMedXML(
            f"the file is in an unknown encoding, {encoding}", "Convert it to UTF-8 first."
        ) from None


def _xml_parser(encoding: str) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )


def _parse(record: bytes, parser: etree.XMLParser, root: bytes) -> Article | Deletion:
    try:
        element = etree.fromstring(record, parser)
    except etree.XMLSyntaxError:
        if b"xmlns" not in root:
            raise
        # A prefix declared on the root, such as mml, is unknown to a record on its own.
        name = root[1:].split(None, 1)[0].rstrip(b">")
        element = etree.fromstring(root + record + b"</" + name + b">", parser)[0]
    if element.tag == "PubmedArticle":
        return article_of(element)
    if element.tag == "PubmedBookArticle":
        return book_article_of(element)
    return Deletion(tuple(number(p.text) for p in element.iterfind("PMID")))
