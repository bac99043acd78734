"""What asking Bookshelf and PMC brings in, and within what limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from cmeneeds.bookshelf import BookSummary
from cmeneeds.documents import Document
from cmeneeds.search_log import SearchEntry
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.registry import Outage

Progress = Callable[[str, int, int], None]
"""Told what is asked (``bookshelf``, ``pmc``), how much of it is done, and of how much."""


@dataclass(frozen=True)
class Limits:
    """How much is asked for; what lies beyond is told in the notes.

    Attributes
    ----------
    book_sections : int
        Documents kept of Bookshelf.
    book_records : int
        Book records of PubMed read to choose these from, and summaries of Bookshelf looked at.
    pmc_articles : int
        Full texts kept of PMC.
    pmc_asked : int
        Full texts asked for at most, closed ones among them.
    linked : int
        Records whose number in PMC is asked for where the record itself has none.
    max_age_days : int
        For so long nothing is fetched again unless its PubMed record was revised.
    """

    book_sections: int = 25
    book_records: int = 200
    pmc_articles: int = 50
    pmc_asked: int = 100
    linked: int = 400
    max_age_days: int = 30


@dataclass(frozen=True)
class GuidelineHarvest:
    """Documents from beside PubMed, and how they were found.

    Attributes
    ----------
    documents : tuple of Document
        Of Bookshelf (the abstracts of book records: E-utilities give no more) and of PMC (full
        texts), guidelines first. ``role`` says what each may be used for.
    log : tuple of SearchEntry
        One line for each question put; ``facet`` is ``bookshelf`` or ``pmc``.
    notes : tuple of str
        Everything that a reader must know of what is not here: limits reached, texts not open,
        identifiers not delivered. Plain text, one sentence each. Each also stands in ``log``.
    outages : tuple of Outage
        Sources that could not be asked, or not to the end; ``source`` is ``bookshelf`` or ``pmc``.
    listed : tuple of BookSummary
        On Bookshelf, by a known publisher, but without an abstract in the E-utilities: to be read
        there, not read here.
    closed : tuple of str
        PMC articles whose publisher does not allow the full text to be given out.
    """

    documents: tuple[Document, ...] = ()
    log: tuple[SearchEntry, ...] = ()
    notes: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()
    listed: tuple[BookSummary, ...] = ()
    closed: tuple[str, ...] = ()

    def __add__(self, other: GuidelineHarvest) -> GuidelineHarvest:
        """Put two together; a document that both have is kept once."""
        here = {d.id for d in self.documents}
        return GuidelineHarvest(
            (*self.documents, *(d for d in other.documents if d.id not in here)),
            self.log + other.log,
            self.notes + other.notes,
            self.outages + other.outages,
            self.listed + other.listed,
            self.closed + other.closed,
        )


@dataclass
class Line:
    """A line of the search log under construction."""

    facet: str
    question: str
    source: str
    query: str
    translation: str = ""
    count: int | None = None
    retrieved: int = 0
    new: int = 0
    notes: list[str] = field(default_factory=list)

    def entry(self, today: date) -> SearchEntry:
        """Return it finished."""
        return SearchEntry(
            facet=self.facet,
            question=self.question,
            source=self.source,
            data_date="" if self.count is None else today.isoformat(),
            query=self.query,
            translation=self.translation,
            count=self.count,
            retrieved=self.retrieved,
            new=self.new,
            notes="; ".join(self.notes),
        )


def this_day() -> date:
    """Today, UTC."""
    return datetime.now(UTC).date()


def named(client: EntrezClient, name: str) -> str:
    """Name of a database for readers; another server's is not NCBI's."""
    return name if client.base_url is None else f"{name} of an E-utilities server other than NCBI's"


def some(names: list[str], most: int = 20) -> str:
    """List names for a note, saying how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
