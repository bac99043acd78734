"""Guidelines and evidence reviews of NCBI Bookshelf, as far as the E-utilities give them.

``db=books`` tells what there is, by esearch and esummary, but gives no text. The text that there
is, an abstract, stands in the PubMed records of books and chapters; ``pmcbook`` finds all of them
(PubMed Help, "Book": https://pubmed.ncbi.nlm.nih.gov/help/). So both are asked: what Bookshelf
lists and PubMed has no record of is named, to be read on Bookshelf itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from cmeneeds.bookshelf import (
    BookSummary,
    book_document,
    guideline_source,
    parse_book_summaries,
    read_book_records,
)
from cmeneeds.documents import Document
from cmeneeds.errors import SourceError
from cmeneeds.eutils_xml import SearchResult, parse_esearch
from cmeneeds.library.beside import StoredDocument, documents_of, store_documents
from cmeneeds.library.store import Library
from cmeneeds.pubmed_xml import Problem
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.harvest import GuidelineHarvest, Limits, Line, Progress, named, some, this_day
from cmeneeds.sources.registry import Outage

NAME = "bookshelf"
BATCH = 200
"""Summaries or records a request."""

ROLES = {"guideline": "guideline", "evidence review": "study", "reference": "background"}
"""Role of a document by the kind of its source. A reference book without a stated guideline
process, such as StatPearls, never carries a gap."""

_RANK = {role: rank for rank, role in enumerate(ROLES.values())}
_PARTS_OF_TEXT = ("book", "part", "chapter", "section", "appendix", "")
"""Types of summaries that are texts; tables, figures and boxes are inside them."""


def title_query(words: Sequence[str]) -> str:
    """Write a query of db=books for titles with one of these names.

    Examples
    --------
    >>> title_query(["type 2 diabetes", "T2DM"])
    '"type 2 diabetes"[title] OR "T2DM"[title]'
    """
    clean = [" ".join(w.replace('"', " ").split()) for w in words]
    return " OR ".join(f'"{w}"[title]' for w in dict.fromkeys(clean) if w)


def search_bookshelf(
    client: EntrezClient,
    library: Library,
    topic_query: str,
    words: Sequence[str],
    limits: Limits | None = None,
    *,
    known: Sequence[int] = (),
    today: date | None = None,
    progress: Progress | None = None,
) -> GuidelineHarvest:
    """Find book sections on a topic by publishers of guidelines, reviews and reference books.

    Parameters
    ----------
    client : EntrezClient
    library : Library
        Where documents and book records are kept; may be read-only, then nothing is.
    topic_query : str
        The topic in PubMed's language.
    words : sequence of str
        Names of the topic, looked for in titles of Bookshelf.
    limits : Limits, optional
    known : sequence of int
        PMIDs found already; they do not count as new.
    today : date, optional
    progress : callable, optional

    Returns
    -------
    GuidelineHarvest
        What could not be asked is among its ``outages``; nothing is raised for it.
    """
    limits, today = limits or Limits(), today or this_day()
    shelf = _Bookshelf(client, library, limits, today)
    listing = shelf.listing(words)
    texts = shelf.texts(topic_query, listing, progress)
    texts.new = sum(1 for d in shelf.documents if d.pmid not in set(known))
    have = {d.id for d in shelf.documents} | shelf.passed_over
    listed = tuple(s for s in listing if s.accession not in have)
    if listed:
        shelf.lines[0].notes.append(
            f"{len(listed):,} sections have no abstract in the E-utilities and must be read on "
            f"Bookshelf: {some([s.accession for s in listed])}"
        )
    return GuidelineHarvest(
        documents=tuple(shelf.documents),
        log=tuple(line.entry(today) for line in shelf.lines),
        notes=tuple(f"Bookshelf: {note}" for line in shelf.lines for note in line.notes),
        outages=tuple(dict.fromkeys(shelf.outages)),
        listed=listed,
    )


class _Bookshelf:
    """One search; collects what is found and what is to be said."""

    def __init__(self, client: EntrezClient, library: Library, limits: Limits, today: date) -> None:
        self.client = client
        self.library = library
        self.limits = limits
        self.today = today
        self.lines: list[Line] = []
        self.outages: list[Outage] = []
        self.documents: list[Document] = []
        self.passed_over: set[str] = set()
        """Ids of documents that the limit left out; they are counted, not listed again."""

    def fail(self, line: Line, error: SourceError) -> None:
        line.notes.append(f"could not be asked: {error}")
        self.outages.append(Outage(NAME, str(error)))

    # --- what there is ---

    def listing(self, words: Sequence[str]) -> list[BookSummary]:
        """Ask db=books; return one summary a section, by publishers that are known."""
        query = title_query(words)
        line = Line(
            NAME,
            "Which sections of Bookshelf name the topic in their title?",
            named(self.client, "NCBI Bookshelf"),
            query,
        )
        self.lines.append(line)
        summaries: list[BookSummary] = []
        if not query:
            line.notes.append("not asked: the topic has no name to look for")
            return []
        try:
            answer = self.search("books", query, self.limits.book_records)
            line.count, line.translation = answer.count, answer.translation
            for batch in _batches(answer.ids):
                body = self.client.call(
                    "esummary", db="books", id=",".join(batch), version="2.0", retmode="xml"
                )
                summaries += parse_book_summaries(body)
        except SourceError as error:
            self.fail(line, error)
        else:
            if answer.count > len(answer.ids):
                line.notes.append(f"only {len(answer.ids):,} of {answer.count:,} were looked at")
        broken = [s.uid for s in summaries if s.error]
        if broken:
            line.notes.append(f"{len(broken):,} have no summary: {some(broken)}")
        sections: dict[str, BookSummary] = {}
        unknown: dict[str, None] = {}
        for summary in summaries:
            accession = summary.chapter_accession or summary.accession or summary.book_accession
            if summary.error or not accession or summary.type not in _PARTS_OF_TEXT:
                continue
            if summary.source is None:
                unknown[accession] = None
            elif accession not in sections or summary.accession == accession:
                sections[accession] = _under(summary, accession)
        if unknown:
            line.notes.append(
                f"{len(unknown):,} sections are of publishers not known to make guidelines or "
                f"reviews: {some(list(unknown))}"
            )
        line.retrieved = line.new = len(sections)
        return list(sections.values())

    # --- what can be read ---

    def texts(
        self, topic_query: str, listing: Sequence[BookSummary], progress: Progress | None
    ) -> Line:
        """Fetch the PubMed records of books on the topic and of what Bookshelf listed."""
        query = f"({topic_query}) AND pmcbook"
        line = Line(
            NAME,
            "What do guidelines and reviews on Bookshelf say?",
            named(self.client, "PubMed's book records"),
            query,
        )
        self.lines.append(line)
        pmids: dict[int, None] = {}
        try:
            answer = self.search("pubmed", query, self.limits.book_records)
            line.count, line.translation = answer.count, answer.translation
            pmids |= dict.fromkeys(map(int, answer.ids))
            if answer.count > len(answer.ids):
                line.notes.append(
                    f"only the newest {len(answer.ids):,} of {answer.count:,} were looked at"
                )
            accessions = [s.accession for s in listing][:BATCH]
            if accessions:
                named_here = " OR ".join(f"{a}[aid]" for a in accessions)
                more = self.search("pubmed", named_here, self.limits.book_records)
                pmids |= dict.fromkeys(map(int, more.ids))
            found = self.read(list(pmids), line, progress)
        except SourceError as error:
            self.fail(line, error)
            found = [d.document for d in documents_of(self.library, pmids) if d.document]
        self.choose(found, line)
        line.retrieved = len(self.documents)
        return line

    def read(self, pmids: list[int], line: Line, progress: Progress | None) -> list[Document]:
        """Return the documents of these records; those that are not kept or too old are fetched."""
        kept = {d.pmid: d for d in documents_of(self.library, pmids) if d.source == NAME}
        age = self.limits.max_age_days
        stale = [p for p in pmids if p not in kept or not kept[p].is_fresh(self.today, age)]
        found = [d.document for p, d in kept.items() if d.document and p not in set(stale)]
        problems: list[Problem] = []
        arrived: set[int] = set()
        for number, batch in enumerate(_batches([str(p) for p in stale])):
            body = self.client.call("efetch", db="pubmed", id=",".join(batch), retmode="xml")
            records = read_book_records(body, problems.append)
            documents = [book_document(r) for r in records]
            arrived |= {r.article.pmid for r in records}
            if not self.library.read_only:
                self.library.add([r.article for r in records], "PubMed efetch, books")
                store_documents(
                    self.library,
                    [
                        StoredDocument(
                            d.id, NAME, d.pmid, self.today.isoformat(), r.article.revised, "", d
                        )
                        for r, d in zip(records, documents, strict=True)
                    ],
                )
            found += documents
            if progress:
                progress(NAME, min((number + 1) * BATCH, len(stale)), len(stale))
        if problems:
            line.notes.append(f"{len(problems):,} records could not be read: {problems[0]}")
        if lost := [str(p) for p in stale if p not in arrived]:
            line.notes.append(
                f"{len(lost):,} were not delivered as book records: PMID {some(lost)}"
            )
        return found

    def choose(self, found: Sequence[Document], line: Line) -> None:
        """Keep the documents of known publishers: guidelines first, then the newest."""
        ranked: list[tuple[int, int, int, Document]] = []
        unknown: list[str] = []
        for document in {d.id: d for d in found}.values():
            usable = fitted(document)
            if usable is None:
                unknown.append(document.id)
            else:
                rank = _RANK[usable.role]
                ranked.append((rank, -(usable.year or 0), usable.pmid or 0, usable))
        ranked.sort(key=lambda row: row[:3])
        most = self.limits.book_sections
        self.documents = [row[3] for row in ranked[:most]]
        self.passed_over = {row[3].id for row in ranked[most:]} | set(unknown)
        if unknown:
            line.notes.append(
                f"{len(unknown):,} records are of publishers not known to make guidelines or "
                f"reviews and were not read: {some(sorted(unknown))}"
            )
        if len(ranked) > most:
            line.notes.append(
                f"{most:,} of {len(ranked):,} were kept, guidelines first and then the newest"
            )

    def search(self, db: str, query: str, retmax: int) -> SearchResult:
        body = self.client.call("esearch", db=db, term=query, retmax=retmax, retmode="xml")
        return parse_esearch(body)


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[i : i + BATCH] for i in range(0, len(ids), BATCH)]


def _under(summary: BookSummary, accession: str) -> BookSummary:
    return summary if summary.accession == accession else replace(summary, accession=accession)


def fitted(document: Document) -> Document | None:
    """Say what a document may be used for; None for a publisher that is not known."""
    source = guideline_source(document.publisher, document.book)
    return None if source is None else replace(document, role=ROLES[source.kind])
