"""MeSH headings from everything that NLM gives them out in, and the rows a library keeps of them.

Three sources: esummary ``db=mesh`` (any version, XML or JSON), efetch ``db=mesh`` with
``rettype=full`` (text; its layout is not documented by NLM, unknown fields are passed over), and
NLM's yearly descriptor file ``desc20XX.xml``, read as a stream
(https://www.nlm.nih.gov/databases/download/mesh.html, elements explained at
https://www.nlm.nih.gov/mesh/xml_data_elements.html).

Qualifiers (subheadings), allowable qualifiers, pharmacological actions, semantic relations and
dates are not kept.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
from lxml import etree

from cmeneeds.entrez_errors import AnswerCutShort, NotAnXmlAnswer, load_answer, quoted
from cmeneeds.eutils_xml import parse_esummary
from cmeneeds.library.schema import term_key


class Descriptor(msgspec.Struct, frozen=True):
    """A MeSH heading or supplementary concept."""

    ui: str
    """``D...``, or ``C...`` for a supplementary concept; empty if the answer does not say."""
    name: str
    entry_terms: tuple[str, ...] = ()
    """Other names that lead here, in the order of the source; not the name itself."""
    tree_numbers: tuple[str, ...] = ()
    """Such as ``C18.452.394.750``; none for supplementary concepts."""
    scope_note: str = ""
    previous_indexing: tuple[str, ...] = ()
    """What was indexed instead in earlier years, such as ``Calcium Channels (2000-2006)``."""
    mapped_to: tuple[str, ...] = ()
    """UIs or names of the headings that a supplementary concept is indexed under."""
    children: tuple[str, ...] = ()
    """UIDs of Entrez (not UIs) of the headings right below it; told by esummary only."""


_TREE_NUMBER = re.compile(r"[A-Z]\d{2}(?:\.\d{3}){0,14}")
_UI = re.compile(r"[DC]\d{6,9}")


def _unique(terms: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(t for t in dict.fromkeys(t.strip() for t in terms) if t and t != name)


# --- esummary -----------------------------------------------------------------------------------


def ui_of(uid: str) -> str:
    """Turn an Entrez UID of ``db=mesh`` into a MeSH UI, where it follows the rule.

    The UID begins with the code of the letter. Headings since about 2018 are numbered otherwise;
    for them the answer itself tells the UI.

    Examples
    --------
    >>> ui_of("68003924"), ui_of("67414177"), ui_of("2052179")
    ('D003924', 'C414177', '')
    """
    letter = {"68": "D", "67": "C"}.get(uid[:2], "")
    ui = letter + uid[2:]
    return ui if letter and _UI.fullmatch(ui) else ""


def parse_mesh_summaries(body: bytes) -> tuple[Descriptor, ...]:
    """Read an answer of esummary ``db=mesh``; UIDs without a summary are left out.

    Raises
    ------
    SourceError
        As :func:`cmeneeds.eutils_xml.parse_esummary`.
    """
    return tuple(
        _from_summary(s.uid, s.fields) for s in parse_esummary(body) if not s.error and s.fields
    )


def _texts(value: object) -> list[str]:
    """Return the texts of a list that may be empty text, one text, or a list."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Mapping):
        return [t for v in value.values() for t in _texts(v)]
    return [t for v in value for t in _texts(v)] if isinstance(value, tuple) else []


def _from_summary(uid: str, fields: Mapping[str, Any]) -> Descriptor:
    terms = _texts(fields.get("ds_meshterms"))
    links = fields.get("ds_idxlinks") or ()
    if isinstance(links, Mapping):  # one entry
        links = tuple(links.values()) if "treenum" not in links else (links,)
    numbers = [str(k.get("treenum", "")) for k in links if isinstance(k, Mapping)]
    name = terms[0] if terms else ""
    children = [c for k in links if isinstance(k, Mapping) for c in _texts(k.get("children"))]
    said = fields.get("ds_meshui") or ""
    mapped = [ui_of(m) or m for m in _texts(fields.get("ds_headingmappedtolist"))]
    return Descriptor(
        said if isinstance(said, str) and _UI.fullmatch(said) else ui_of(uid),
        name,
        _unique(terms, name),
        tuple(dict.fromkeys(n for n in numbers if _TREE_NUMBER.fullmatch(n))),
        " ".join(_texts(fields.get("ds_scopenote"))),
        tuple(_texts(fields.get("ds_previousindexing"))),
        tuple(mapped),
        tuple(dict.fromkeys(c for c in children if c.isdecimal())),
    )


# --- efetch -------------------------------------------------------------------------------------

_RECORD = re.compile(r"(\d{1,7}): (\S.*)")
_FIELD = re.compile(r"([A-Z][A-Za-z0-9 ()/'-]{2,40}):\s*(.*)")
_FIELDS = frozenset((
    "year introduced", "date introduced", "subheadings", "tree number(s)", "mesh unique id",
    "entry terms", "previous indexing", "see also", "consider also", "registry number",
    "related numbers", "cas type 1 name", "pharmacologic action", "heading mapped to",
    "all mesh categories", "supplementary concept record type", "source", "frequency",
))  # fmt: skip


def parse_mesh_text(body: bytes) -> tuple[Descriptor, ...]:
    """Read an answer of efetch ``db=mesh``, ``rettype=full``, ``retmode=text``.

    Raises
    ------
    NotAnXmlAnswer
        If it is no such text.
    SourceError
        If it is an error message, see :func:`~cmeneeds.entrez_errors.check_answer`.
    """
    text = load_answer(body, "text/plain")
    if not isinstance(text, str):
        raise NotAnXmlAnswer("the answer is not the text of MeSH records")
    found: list[Descriptor] = []
    lines: list[str] = []
    blank = True
    for line in text.splitlines():
        start = _RECORD.fullmatch(line.rstrip())
        # A scope note may begin a line with "2: " as well; records count up after a blank line.
        if start and blank and int(start.group(1)) == len(found) + bool(lines) + 1:
            if lines:
                found.append(_from_text(lines))
            lines = [start.group(2)]
        elif lines:
            lines.append(line)
        elif line.strip():
            raise NotAnXmlAnswer(f"the answer is not the text of MeSH records: {quoted(line)}")
        blank = not line.strip()
    if lines:
        found.append(_from_text(lines))
    return tuple(found)


def _from_text(lines: list[str]) -> Descriptor:
    fields: dict[str, list[str]] = {}
    note: list[str] = []
    current: list[str] | None = note
    for line in lines[1:]:
        field = _FIELD.fullmatch(line.strip()) if line[:1].strip() else None
        key = field.group(1).lower() if field else line.strip().lower()
        if key in _FIELDS and line[:1].strip():
            rest = field.group(2).strip() if field else ""
            current = fields.setdefault(key, [])
            current += [rest] if rest else []
        elif field and current is not note:
            current = None  # a field that is not known here
        elif line.strip() and current is not None:
            current.append(line.strip())
    name = lines[0].strip()
    ui = next((u for u in fields.get("mesh unique id", ()) if _UI.fullmatch(u)), "")
    numbers = re.split(r"[,\s]+", " ".join(fields.get("tree number(s)", ())))
    return Descriptor(
        ui,
        name,
        _unique(fields.get("entry terms", ()), name),
        tuple(n for n in numbers if _TREE_NUMBER.fullmatch(n)),
        " ".join(note),
        tuple(fields.get("previous indexing", ())),
        tuple(fields.get("heading mapped to", ())),
    )


# --- the descriptor file ------------------------------------------------------------------------


def read_descriptors(source: str | Path | bytes | IO[bytes]) -> Iterator[Descriptor]:
    """Read NLM's descriptor file, one record in memory at a time.

    Parameters
    ----------
    source : path, bytes or binary file
        ``desc20XX.xml``, plain or gzip-compressed (told by its first bytes).

    Raises
    ------
    AnswerCutShort
        If the file ends early, after the descriptors that were whole.
    NotAnXmlAnswer
        If it is not well-formed, beyond the limits of libxml2, or holds no descriptors.
    """
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as stream:
            yield from _read(stream)
    else:
        yield from _read(io.BytesIO(source) if isinstance(source, bytes) else source)


def _read(stream: IO[bytes]) -> Iterator[Descriptor]:
    head = stream.read(2)
    opened = _Watched(head, stream)
    if head == b"\x1f\x8b":
        opened = _Watched(b"", gzip.GzipFile(fileobj=opened))
    count = 0
    events = etree.iterparse(
        opened,
        events=("end",),
        tag="DescriptorRecord",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        for _, element in events:
            count += 1
            yield _from_record(element)
            # Forget it, and what is left of those before.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        what = f"the MeSH file cannot be read after {count:,} descriptors: {quoted(str(error))}"
        early = opened.ended and b"</DescriptorRecordSet" not in opened.tail
        raise (AnswerCutShort if early else NotAnXmlAnswer)(what, "Download it again") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = f"the MeSH file is damaged after {count:,} descriptors: {quoted(str(error))}"
        raise AnswerCutShort(what, "Download it again") from None
    if not count:
        raise NotAnXmlAnswer("the file holds no MeSH descriptors", "Give a desc20XX.xml of NLM")


class _Watched(io.RawIOBase):
    """A stream with bytes put back before it, that remembers how it ended."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head = head
        self._stream = stream
        self.tail = b""
        self.ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        data: bytes = head or self._stream.read(size)
        self.tail = (self.tail + data[-64:])[-64:]
        self.ended = not data
        return data


def _from_record(record: Any) -> Descriptor:
    name = (record.findtext("DescriptorName/String") or "").strip()
    terms: list[str] = []
    note = ""
    for concept in record.iterfind("ConceptList/Concept"):
        if concept.get("PreferredConceptYN") == "Y" or not note:
            note = (concept.findtext("ScopeNote") or "").strip() or note
        terms += [s.text or "" for s in concept.iterfind("TermList/Term/String")]
    numbers = [(n.text or "").strip() for n in record.iterfind("TreeNumberList/TreeNumber")]
    previous = record.iterfind("PreviousIndexingList/PreviousIndexing")
    return Descriptor(
        (record.findtext("DescriptorUI") or "").strip(),
        name,
        _unique(terms, name),
        tuple(n for n in numbers if _TREE_NUMBER.fullmatch(n)),
        note,
        tuple((p.text or "").strip() for p in previous),
    )


# --- the library --------------------------------------------------------------------------------


class LibraryRows(NamedTuple):
    """Rows for ``INSERT OR IGNORE``, sorted and without repetitions."""

    terms: list[tuple[str, str, str, str]]
    """Of table ``terms``: kind, key, ui, name."""
    mesh_tree: list[tuple[str, str]]
    """Of table ``mesh_tree``: number, ui."""


def rows_for_library(descriptors: Iterable[Descriptor]) -> LibraryRows:
    """Make the rows of :mod:`cmeneeds.library.schema` that let a library find and explode headings.

    Entry terms become keys too, with the heading as the name, so that a search for one is shown as
    PubMed shows it. Supplementary concepts are of kind ``nm``. What has no UI is left out.
    """
    terms: dict[tuple[str, str, str], str] = {}
    tree: set[tuple[str, str]] = set()
    for descriptor in descriptors:
        if not _UI.fullmatch(descriptor.ui):
            continue
        kind = "mh" if descriptor.ui.startswith("D") else "nm"
        for term in (descriptor.name, *descriptor.entry_terms):
            if key := term_key(term):
                terms.setdefault((kind, key, descriptor.ui), descriptor.name)
        if kind == "mh":
            tree.update((number, descriptor.ui) for number in descriptor.tree_numbers)
    return LibraryRows(sorted((*row, name) for row, name in terms.items()), sorted(tree))
