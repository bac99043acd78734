"""Works that can be cited, PubMed records and documents from elsewhere, behind one face.

Everything after the search asks a :class:`Work`, so that a passage of a guideline's full text is
paired, shown, cited and verified as one of an abstract is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cmeneeds.documents import Document, Part, parse_document_address
from cmeneeds.errors import UsageError
from cmeneeds.evidence.passages import TITLE, parse_address
from cmeneeds.evidence.study import GUIDELINE, UNKNOWN, Design, is_guideline, study_design
from cmeneeds.evidence.study_facts import StudyFacts, study_facts
from cmeneeds.records import Article, Markup
from cmeneeds.standing import Notices, Standing, standing

_DESIGNS = {
    "recommendation": GUIDELINE,
    "book": Design("book or report", 0.3),
    "book section": Design("book or report", 0.3),
}


@dataclass(frozen=True)
class Work:
    """One cited work.

    Attributes
    ----------
    key : str
        Citation key, ``pmid-33932519`` or the id of the document; see :func:`key_of`.
    article : Article or None
        Its PubMed record.
    document : Document or None
        Its full text, or as much of it as its source gives out. At least one of the two is there.
    standing : Standing
        What its record, its full text and others say of it.
    """

    key: str
    article: Article | None = None
    document: Document | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def _whole(self) -> Article | Document:
        work = self.article or self.document
        if work is None:
            raise ValueError(f"{self.key} is no work")
        return work

    @property
    def title(self) -> str:
        """Its title."""
        return self._whole.title

    @property
    def year(self) -> int | None:
        """Year of publication; None where unknown."""
        return self._whole.year

    @property
    def pmid(self) -> int | None:
        """PubMed identifier, if it has one."""
        return self._whole.pmid

    @cached_property
    def design(self) -> Design:
        """Study design."""
        if self.article is not None:
            return study_design(self.article)
        assert self.document is not None
        return GUIDELINE if self.is_guideline else _DESIGNS.get(self.document.kind, UNKNOWN)

    @cached_property
    def is_guideline(self) -> bool:
        """Whether it is itself a guideline, rather than a study about one."""
        return self.only_recommends or (self.article is not None and is_guideline(self.article))

    @cached_property
    def facts(self) -> StudyFacts | None:
        """What its PubMed record says of its study; None without a record."""
        return study_facts(self.article) if self.article is not None else None

    @property
    def only_recommends(self) -> bool:
        """Whether it may only be one side of a gap, the one of what should be done."""
        return self.document is not None and self.document.role == "guideline"

    @property
    def names(self) -> list[str]:
        """Texts that tell what it is about: title, keywords, headings."""
        if self.article is not None:
            keywords = [k.text for k in self.article.keywords]
            return [self.article.title, *keywords, *(m.name for m in self.article.mesh)]
        assert self.document is not None
        return [self.document.title, self.document.book, *self.document.keywords]

    @property
    def page(self) -> str:
        """Address of its page; empty where none is known."""
        if self.article is not None:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.article.pmid}/"
        return self.document.page if self.document else ""


class Located(NamedTuple):
    """A passage in its place."""

    work: Work
    text: str
    heading: str
    """Of the section or table cell that it stands in; ``title`` for a title."""
    markup: tuple[Markup, ...]
    """Inline elements that touch it, with offsets in the passage."""


class Works(Mapping[str, Work]):
    """Works by citation key.

    Parameters
    ----------
    articles : iterable of Article
    documents : iterable of Document
        One whose PMID is among the articles is the full text of that work, not a work of its own.
    notices : Notices, optional
        What others say of their standing; what these works say of one another is added.
    checked : str
        Day on which PubMed was last asked for notices; empty if never.
    """

    def __init__(
        self,
        articles: Iterable[Article],
        documents: Iterable[Document] = (),
        notices: Notices | None = None,
        checked: str = "",
    ) -> None:
        records = {f"pmid-{a.pmid}": a for a in articles}
        texts = {}
        self._keys: dict[str, str] = {}
        for document in documents:
            key = f"pmid-{document.pmid}"
            self._keys[document.id] = key = key if key in records else document.id
            texts[key] = document
        said = Notices.among(records.values(), texts.values()) + (notices or Notices())
        self._works: dict[str, Work] = {}
        for key in (*records, *(k for k in texts if k not in records)):
            article, text = records.get(key), texts.get(key)
            day = checked if article is not None else ""
            self._works[key] = Work(key, article, text, standing(article, text, said, day))

    def __getitem__(self, key: str) -> Work:
        """The work of a citation key."""
        return self._works[key]

    def __iter__(self) -> Iterator[str]:
        """Keys, in the order given."""
        return iter(self._works)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._works)

    def key_of(self, address: str) -> str:
        """Citation key of the work that an address leads to.

        Raises
        ------
        UsageError
            If it is no address of a passage, or of a work that is not here.
        """
        source = address.partition(".")[0]
        key = f"pmid-{source}" if source.isdecimal() else self._keys.get(source, source)
        if key not in self._works:
            raise UsageError(f"{address[:60]!r} leads to no work of this search")
        return key

    def locate(self, address: str) -> Located:
        """Read a passage.

        Raises
        ------
        UsageError
            If there is no such passage.
        """
        work = self[self.key_of(address)]
        if address[:1].isdecimal():
            place = parse_address(address)
            article = work.article
            try:
                text = article.text_of(place.section) if article else ""
            except IndexError:
                text = ""
            markup: tuple[Markup, ...] = ()
            heading = "title"
            if article and text:
                section = None if place.section == TITLE else article.sections[place.section]
                markup = section.markup if section else article.title_markup
                heading = (section.label or section.category) if section else "title"
            start, end = place.start, place.end
        else:
            number, start, end = parse_document_address(address)[1:]
            parts = work.document.parts if work.document else ()
            part = parts[number] if number < len(parts) else None
            text, markup = (part.text, part.markup) if part else ("", ())
            heading = heading_of(part) if part else ""
        if not start < end <= len(text):
            raise UsageError(f"{address[:60]!r} leads to no passage")
        return Located(work, text[start:end], heading, touching(markup, start, end))


def heading_of(part: Part) -> str:
    """Say where a part stands: its section, or the headers of its table cell."""
    if part.cell is not None:
        headers = [*part.cell.row_header[-1:], *part.cell.column_header[-1:]]
        return ", ".join(filter(None, (part.cell.table or "Table", *headers)))
    return part.path[-1] if part.path else part.label or part.kind


def touching(markup: Iterable[Markup], start: int, end: int) -> tuple[Markup, ...]:
    """Inline elements that touch a span, with offsets in the span."""
    return tuple(
        Markup(m.start - start, m.end - start, m.tag)
        for m in markup
        if m.start < end and start < m.end
    )
