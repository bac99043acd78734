"""What a PubMed record says, as plain immutable values.

Offsets matter more than anything here: ``Section.text`` is exactly the text content of its
``AbstractText`` element (all text nodes joined, nothing stripped or normalized), so that a
character span into it means the same on every machine and in every year.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Markup(NamedTuple):
    """An inline element inside a text: half-open character span and tag.

    Flattening ``10<sup>9</sup>`` to ``109`` keeps offsets honest but would invent a number;
    these spans let readers and number extraction see the difference.
    """

    start: int
    end: int
    tag: str
    """``sup``, ``sub``, ``i``, ``b``, ``u`` or ``math``."""


class _Value(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Immutable, hashable, cheap to make and to write as JSON; defaults are left out."""


class Section(_Value, frozen=True):
    """One ``AbstractText`` element."""

    text: str
    label: str = ""
    """The journal's own heading, such as ``RESULTS``; empty where there is none."""
    category: str = ""
    """NlmCategory: BACKGROUND, OBJECTIVE, METHODS, RESULTS, CONCLUSIONS, UNASSIGNED or empty."""
    markup: tuple[Markup, ...] = ()


class OtherAbstract(_Value, frozen=True):
    """An abstract beside the main one: another language, or for patients."""

    language: str
    kind: str
    sections: tuple[Section, ...]


class Author(_Value, frozen=True):
    """A person, or a group (then only ``collective`` is set)."""

    last: str = ""
    fore: str = ""
    initials: str = ""
    suffix: str = ""
    collective: str = ""
    affiliations: tuple[str, ...] = ()
    orcid: str = ""


class PartialDate(_Value, frozen=True):
    """A date as precise as the journal gave it."""

    raw: str
    """Exactly what the record says (``MedlineDate`` text, or the parts joined by a space)."""
    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def first(self) -> int:
        """First day it can mean, as ``yyyymmdd``; 0 if the year is unknown.

        A missing month or day counts as 1, as PubMed does when it searches dates.
        """
        if self.year is None:
            return 0
        return self.year * 10000 + (self.month or 1) * 100 + (self.day or 1)


class Qualifier(_Value, frozen=True):
    """A MeSH subheading."""

    ui: str
    name: str
    major: bool = False


class MeshHeading(_Value, frozen=True):
    """A MeSH descriptor with its subheadings."""

    ui: str
    name: str
    major: bool = False
    qualifiers: tuple[Qualifier, ...] = ()
    kind: str = ""
    """``Geographic`` where the record says so."""

    @property
    def is_major(self) -> bool:
        """Whether the descriptor or one of its subheadings is a major topic."""
        return self.major or any(q.major for q in self.qualifiers)


class Term(_Value, frozen=True):
    """A name with its identifier: publication type, substance, supplementary concept."""

    name: str
    ui: str = ""
    registry: str = ""
    """Registry number of a substance; kind of a supplementary concept."""


class Keyword(_Value, frozen=True):
    """An author's or indexer's keyword."""

    text: str
    major: bool = False
    owner: str = ""


class Related(_Value, frozen=True):
    """A ``CommentsCorrections`` entry: retraction, erratum, update, comment."""

    kind: str
    """PubMed's RefType, such as ``RetractionIn`` or ``ErratumFor``."""
    pmid: int | None = None
    source: str = ""
    note: str = ""


class Grant(_Value, frozen=True):
    """A funding acknowledgement."""

    id: str = ""
    acronym: str = ""
    agency: str = ""
    country: str = ""


class DataBank(_Value, frozen=True):
    """Accession numbers, among them trial registrations."""

    name: str
    accessions: tuple[str, ...] = ()


class Journal(_Value, frozen=True):
    """Where it appeared. Empty for books."""

    title: str = ""
    iso: str = ""
    """ISO abbreviation."""
    medline: str = ""
    """NLM title abbreviation (MedlineTA)."""
    nlm_id: str = ""
    issn: str = ""
    issn_linking: str = ""
    country: str = ""
    volume: str = ""
    issue: str = ""


class Book(_Value, frozen=True):
    """The book that a Bookshelf record (``PubmedBookArticle``) belongs to."""

    title: str
    accession: str = ""
    publisher: str = ""
    place: str = ""
    edition: str = ""
    isbn: tuple[str, ...] = ()
    editors: tuple[Author, ...] = ()


class Event(_Value, frozen=True):
    """A date in the life of the record: ``received``, ``accepted``, ``pubmed``, ``entrez`` ..."""

    status: str
    date: int
    """``yyyymmdd``."""


WITHDRAWN = ("retracted", "retraction notice")
"""Standings of a record whose words must carry nothing."""

STANDINGS = (*WITHDRAWN, "expression of concern", "corrected", "updated", "unknown")
"""What can be said of a record, the gravest first; of several the first counts."""

NOTICES_IN = {
    "RetractionIn": "retracted",
    "RetractedandRepublishedIn": "retracted",
    "ExpressionOfConcernIn": "expression of concern",
    "ErratumIn": "corrected",
    "CorrectedandRepublishedIn": "corrected",
    "PartialRetractionIn": "corrected",  # "considered by NLM to be errata"
    "UpdateIn": "updated",
}
"""RefType of a notice about this record -> standing
(https://www.nlm.nih.gov/bsd/policy/errata.html)."""

NOTICES_OF = {
    "RetractionOf": "retracted",
    "RetractedandRepublishedFrom": "retracted",
    "ExpressionOfConcernFor": "expression of concern",
    "ErratumFor": "corrected",
    "CorrectedandRepublishedFrom": "corrected",
    "PartialRetractionOf": "corrected",
    "UpdateOf": "updated",
}
"""RefType of the record that this one is a notice about -> standing of that record."""


class Article(_Value, frozen=True, kw_only=True):
    """One PubMed record.

    Attributes are in the order in which a reader asks for them. ``revised`` is ``yyyymmdd`` (0 if
    the record does not say). ``references`` are the PMIDs in its reference list; cited works
    without a PMID are not kept.
    """

    pmid: int
    version: int = 1
    title: str = ""
    title_markup: tuple[Markup, ...] = ()
    vernacular_title: str = ""
    sections: tuple[Section, ...] = ()
    other_abstracts: tuple[OtherAbstract, ...] = ()
    copyright: str = ""
    authors: tuple[Author, ...] = ()
    authors_complete: bool = True
    investigators: tuple[Author, ...] = ()
    journal: Journal = Journal()
    book: Book | None = None
    published: PartialDate = PartialDate("")
    electronic: PartialDate | None = None
    """ArticleDate: when it appeared online."""
    pages: str = ""
    doi: str = ""
    pmcid: str = ""
    pii: str = ""
    languages: tuple[str, ...] = ()
    publication_types: tuple[Term, ...] = ()
    mesh: tuple[MeshHeading, ...] = ()
    supplementary: tuple[Term, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    substances: tuple[Term, ...] = ()
    grants: tuple[Grant, ...] = ()
    databanks: tuple[DataBank, ...] = ()
    related: tuple[Related, ...] = ()
    references: tuple[int, ...] = ()
    conflict_of_interest: str = ""
    subjects: tuple[Author, ...] = ()
    """Persons that the article is about."""
    citation_subsets: tuple[str, ...] = ()
    status: str = ""
    owner: str = ""
    publication_model: str = ""
    publication_status: str = ""
    revised: int = 0
    completed: int = 0
    history: tuple[Event, ...] = ()

    @property
    def abstract(self) -> str:
        """The sections of the main abstract, joined by newlines. Not for offsets: use sections."""
        return "\n".join(s.text for s in self.sections)

    @property
    def year(self) -> int | None:
        """Year of publication: of the issue, else online, else unknown."""
        if self.published.year is not None:
            return self.published.year
        return self.electronic.year if self.electronic else None

    @property
    def type_names(self) -> tuple[str, ...]:
        """Publication types, as named by NLM."""
        return tuple(t.name for t in self.publication_types)

    @property
    def retraction_status(self) -> str:
        """What the record itself says of its standing.

        One of ``retracted``, ``retraction notice``, ``expression of concern``, ``corrected``,
        ``updated``, ``unknown``. A record that says nothing is ``unknown``, not clean: the notice
        may be newer than the record.
        """
        said = {NOTICES_IN[r.kind] for r in self.related if r.kind in NOTICES_IN}
        types = set(self.type_names)
        if "Retracted Publication" in types:
            said.add("retracted")
        if "Retraction of Publication" in types:
            said.add("retraction notice")
        return next((s for s in STANDINGS if s in said), "unknown")

    def text_of(self, section: int) -> str:
        """Return the text that offsets of ``section`` count in; -1 is the title.

        Raises
        ------
        IndexError
            If the record has no such section.
        """
        if section == -1:
            return self.title
        if section < -1:
            raise IndexError(section)
        return self.sections[section].text


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Article)


def to_json(article: Article) -> bytes:
    """Write a record as compact JSON; equal records give equal bytes."""
    return _encoder.encode(article)


def from_json(data: bytes | str) -> Article:
    """Read what :func:`to_json` wrote.

    Raises
    ------
    msgspec.ValidationError, msgspec.DecodeError
        If the bytes are not such a record.
    """
    return _decoder.decode(data)
