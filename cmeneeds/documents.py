"""Documents longer than an abstract, as plain immutable values: parts with stable addresses.

A document is a list of parts: title, headings, paragraphs, list items, table cells, captions. The
number of a part and the text of a part are what addresses count in, such as
``PMC3258215.17.40-92``, so both follow from the source alone. ``Part.text`` is the text content
of its element with three exceptions, each of which would otherwise invent or hide a number:

- a line break (``break``, ``hr``) or the border of two blocks inside a table cell is one newline;
- of alternative forms of one formula one is kept, MathML before TeX, without the white space
  between its elements and without its printed number;
- what is a part of its own (a list or table inside a paragraph, a footnote) is cut out.

White space is kept as it stands in the source.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from cmeneeds.errors import UsageError
from cmeneeds.records import Author, Markup, Related


class _Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Immutable, hashable, cheap to make and to write as JSON; defaults are left out."""


class Licence(_Value, frozen=True):
    """What may be done with the text, as the document itself states it."""

    text: str = ""
    url: str = ""
    copyright: str = ""


class Reference(_Value, frozen=True):
    """A cited work, as far as it can be identified; not its citation text."""

    id: str
    """The identifier inside the document, such as ``B12``."""
    pmid: int | None = None
    doi: str = ""
    pmcid: str = ""


class Citation(NamedTuple):
    """An in-text citation: a sentence around it may quote another source."""

    start: int
    """First character in the text of the part."""
    end: int
    """One past the last character."""
    references: tuple[int, ...]
    """Zero-based places in :attr:`Document.references`; empty where the target is missing.

    Of a range such as ``3-6``, the works between are counted with its right end.
    """


class Cell(_Value, frozen=True):
    """Where a table cell stands, and the headers that give it a meaning.

    Headers are told from the layout: the rows of ``thead``; the ``th`` cells of a row or, if it
    has none, its leftmost cell; and the last full-width row above. Authors do not always lay
    tables out so: show a cell with its headers, never the headers alone. They are quoted on one
    line, without raised marks of footnotes; the exact text is in the part of the header cell.
    """

    table: str
    """Label, such as ``Table 2``; empty where there is none."""
    row: int
    """Zero-based, counted over the whole table."""
    column: int
    """Zero-based place in the grid, spans counted."""
    row_header: tuple[str, ...] = ()
    """From the outermost in: group row first."""
    column_header: tuple[str, ...] = ()
    """From the top down; a text that spans several header rows stands once."""
    header: bool = False
    """Whether the cell itself is a header."""


class Part(_Value, frozen=True):
    """A stretch of text with one address."""

    number: int
    """Place in :attr:`Document.parts`."""
    kind: str
    """One of ``KINDS``."""
    text: str
    path: tuple[str, ...] = ()
    """Titles of the sections, boxes and lists around it, from the outermost in."""
    section: str = ""
    """One of ``SECTION_KINDS``, as titles tell it; else empty. ``recommendations`` says where a
    part stands, not that it is one."""
    label: str = ""
    """Printed label: of a list item, a figure, a table, a note, or a defined term."""
    markup: tuple[Markup, ...] = ()
    citations: tuple[Citation, ...] = ()
    cell: Cell | None = None
    lead: int = -1
    """For a list item: number of the part that ends in a colon before the list; else -1."""
    page: int | None = None
    """One-based page of the original that it begins on; None where the original has no pages."""
    turns: tuple[tuple[int, int], ...] = ()
    """Offsets in the text at which a later page begins, each with the number of that page."""

    def page_at(self, start: int) -> int | None:
        """Page of the original that a character stands on; None where it has no pages."""
        return next((page for at, page in reversed(self.turns) if at <= start), self.page)


KINDS = (
    "title", "heading", "abstract paragraph", "paragraph", "list item", "box", "quotation",
    "table cell", "table caption", "table note", "figure caption", "note",
)  # fmt: skip
"""Kinds of parts. ``box`` is a paragraph of a boxed text, ``note`` a footnote of running text."""

SOURCE_TYPES = (
    "guideline", "quality measure", "epidemiology", "regulatory", "expert", "learner", "patient",
    "policy", "study",
)  # fmt: skip
"""Types of own sources."""

_RULES: dict[str, tuple[str, ...]] = {
    # Statements first: "Conflict of interest and funding" is no finding of the article.
    "statements": (
        r"competing|conflicts? of interest|^declarations?\b|^(?:financial )?disclosures?$",
        r"^(?:sources? of |study )?fund(?:ing|ers?)\b|^sponsor|acknowledg|^ethic|^provenance",
        r"\bauthors?\W{0,2}s?\W{0,2} (?:contribution|information|note|detail)|^contributor",
        r"^(?:informed )?consent\b|^pre-?publication|data (?:availability|sharing)",
        r"^availability of data|supplementa|additional (?:file|material)|supporting information",
        r"^(?:list of )?abbreviations|^glossary|^copyright",
    ),
    "recommendations": (
        # How they were made, or what to study next, is no advice for practice.
        r"^(?!.*\b(?:develop|grad(?:e|ing)|formulat|method|process|future|research)).*recommend",
        r"good practice (?:point|statement)|^practice points?\b|guidance statement",
    ),
    "limitations": (r"\blimitations?\b|strengths and weakness",),
    "methods": (
        r"\bmethods?\b|methodolog|study design|^design|^participants?$|^subjects?$|^setting",
        r"statistical analys|data (?:collection|analys|source)|search strateg|sample size",
        r"^procedures?$|outcome measures?$|^interventions?$",
    ),
    "results": (r"\bresults?\b|findings?$",),
    "discussion": (r"discussion|^interpretation|^comments?$",),
    "conclusions": (r"\bconclu|\bimplications?\b|key (?:message|point)|take-?home",),
    "background": (
        r"background|introduction|^aims?\b|\bobjectives?\b|^purpose|^rationale|^intro$",
        r"^context$|^hypothes",
    ),
    "appendix": (r"^append",),
}
_SECTIONS = tuple((k, re.compile("|".join(r), re.IGNORECASE)) for k, r in _RULES.items())

SECTION_KINDS = tuple(_RULES)
"""Kinds of sections, as titles tell them; where several fit, the first counts."""

_OVERRIDING = frozenset(("statements", "recommendations", "limitations", "conclusions"))


def section_kind(title: str, declared: str = "", around: str = "") -> str:
    """Tell the kind of a section.

    Parameters
    ----------
    title : str
        Its title.
    declared : str, optional
        What the publisher declares (``sec-type``); goes before the title.
    around : str, optional
        Kind of the section around it. It holds for its subsections too, unless they are
        recommendations, limitations, conclusions or statements such as funding.

    Examples
    --------
    >>> section_kind("Patients and methods"), section_kind("", "intro"), section_kind("Diabetes")
    ('methods', 'background', '')
    >>> section_kind("Methods of contraception", around="results")
    'results'
    """
    for text in (declared.replace("|", " ").strip(), title.strip()):
        for kind, rule in _SECTIONS:
            if text and rule.search(text):
                return kind if not around or kind in _OVERRIDING else around
    return around


class Document(_Value, frozen=True, kw_only=True):
    """An article or book section in full, or as much of it as the source gives out."""

    id: str
    """Such as ``PMC3258215`` or ``NBK12345``: letters and digits; addresses begin with it."""
    kind: str
    """``pmc article``, ``book``, ``book section``, ``recommendation``, ``trial registration``,
    ``learner data`` or ``own source``."""
    role: str = "study"
    """What it may be used for: ``study``, ``guideline`` (what should be done; what it says about
    practice is quoted from others), ``background`` (never one side of a gap), ``learner`` (the
    provider's own data) or ``opinion`` (what experts or patients say: quoted, never proof of a
    rate)."""
    source_type: str = ""
    """One of ``SOURCE_TYPES``, as the writer says of an own source; empty for all others."""
    article_type: str = ""
    """As the source declares it, such as ``research-article`` or ``correction``."""
    title: str = ""
    """The text of the part of kind ``title``."""
    pmid: int | None = None
    doi: str = ""
    pmcid: str = ""
    journal: str = ""
    """Title of the journal; empty for books."""
    book: str = ""
    publisher: str = ""
    year: int | None = None
    """Of the issue, else online, as :attr:`cmeneeds.records.Article.year`."""
    date: str = ""
    """ISO 8601, as precise as the source gives it; empty where only the year is known."""
    language: str = ""
    authors: tuple[Author, ...] = ()
    licence: Licence = Licence()
    related: tuple[Related, ...] = ()
    """Corrections and retractions that the document states; ``source`` is a DOI or address."""
    references: tuple[Reference, ...] = ()
    full_text: bool = False
    """Whether the source gave the body, not only title and abstract."""
    keywords: tuple[str, ...] = ()
    url: str = ""
    """Page for readers, where the source names one; see :attr:`page`."""
    accessed: str = ""
    """Of web sources: when the archived answer was last known to be current, UTC."""
    sha256: str = ""
    """Of web sources: of the archived answer that it was read from; of own sources: of the file."""
    edition: str = ""
    """Version, as the document states it."""
    added_by: str = ""
    """Of own sources: who added it."""
    note: str = ""
    """Of own sources: what the writer noted, such as that a speaker consented."""
    pages: int = 0
    """Of own sources: how many pages the original has; 0 where it has none."""
    unread_pages: tuple[int, ...] = ()
    """Of own sources: pages without text that can be read, such as scanned ones."""
    parts: tuple[Part, ...] = ()

    @property
    def page(self) -> str:
        """Address of its page; empty where none is known."""
        if self.url or not self.id.startswith(("PMC", "NBK")):
            return self.url
        home = (
            "https://pmc.ncbi.nlm.nih.gov/articles/"
            if self.id.startswith("PMC")
            else "https://www.ncbi.nlm.nih.gov/books/"
        )
        return f"{home}{self.id}/"

    @property
    def retraction_status(self) -> str:
        """What it says of its own standing, in the words of :class:`~cmeneeds.records.Article`.

        JATS names them in ``article-type`` and ``related-article-type``; a notice elsewhere is not
        seen, so the rest is ``unknown``.
        """
        if self.article_type == "retraction":
            return "retraction notice"
        kinds = {r.kind for r in self.related}
        for said, standing in (
            ("retraction-forward", "retracted"),
            ("expression-of-concern", "expression of concern"),
            ("correction-forward", "corrected"),
        ):
            if said in kinds:
                return standing
        return "unknown"

    def works(self, part: Part, start: int = 0, end: int | None = None) -> tuple[Reference, ...]:
        """Return the works cited inside a span of a part, in the order of the reference list."""
        stop = len(part.text) if end is None else end
        cited = {
            r for c in part.citations if c.start < stop and c.end > start for r in c.references
        }
        return tuple(self.references[r] for r in sorted(cited))

    def address(self, number: int, start: int, end: int) -> str:
        """Write the address of a span of a part.

        Raises
        ------
        IndexError
            If there is no such part, or the span is empty or leaves it.
        """
        if not 0 <= number < len(self.parts) or not 0 <= start < end <= len(
            self.parts[number].text
        ):
            raise IndexError(f"{self.id} has no span {number}.{start}-{end}")
        return document_address(self.id, number, start, end)

    def text_at(self, address: str) -> str:
        """Return the exact text at an address.

        Raises
        ------
        UsageError
            If it is no address, or of another document.
        IndexError
            If this document has no such span.
        """
        place = parse_document_address(address)
        if place.id != self.id:
            raise UsageError(f"{address!r} is an address in {place.id}, not in {self.id}")
        self.address(place.number, place.start, place.end)
        return self.parts[place.number].text[place.start : place.end]


class DocumentAddress(NamedTuple):
    """What an address such as ``PMC3258215.17.40-92`` says."""

    id: str
    number: int
    """Number of the part."""
    start: int
    end: int


_ADDRESS = re.compile(
    r"([A-Z]{2,8}[0-9]{1,12})\.(0|[1-9][0-9]{0,6})\.(0|[1-9][0-9]{0,8})-([1-9][0-9]{0,8})"
)


def document_address(id: str, number: int, start: int, end: int) -> str:
    """Write the address of a passage in a document.

    Never mistaken for the address of a PubMed passage: that begins with a digit.

    Examples
    --------
    >>> document_address("PMC3258215", 17, 40, 92)
    'PMC3258215.17.40-92'
    """
    return f"{id}.{number}.{start}-{end}"


def parse_document_address(text: str) -> DocumentAddress:
    """Read what :func:`document_address` wrote.

    Raises
    ------
    UsageError
        If ``text`` is not such an address, or its span is empty.

    Examples
    --------
    >>> parse_document_address("NBK12345.0.0-12")
    DocumentAddress(id='NBK12345', number=0, start=0, end=12)
    """
    match = _ADDRESS.fullmatch(text)
    if match:
        id, number, start, end = match.groups()
        if int(start) < int(end):
            return DocumentAddress(id, int(number), int(start), int(end))
    raise UsageError(
        f"{text[:60]!r} is not the address of a passage in a document",
        "Write it as id.part.start-end, such as PMC3258215.17.40-92",
    )


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Document)


def document_to_json(document: Document) -> bytes:
    """Write a document as compact JSON; equal documents give equal bytes."""
    return _encoder.encode(document)


def document_from_json(data: bytes | str) -> Document:
    """Read what :func:`document_to_json` wrote.

    Raises
    ------
    msgspec.ValidationError, msgspec.DecodeError
        If the bytes are not such a document.
    """
    return _decoder.decode(data)
