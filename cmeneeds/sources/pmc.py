"""Full texts of PubMed Central: guidelines and open-access practice studies among found records.

``elink`` (``pubmed_pmc``) tells which records have an article in PMC, ``efetch db=pmc`` gives it in
JATS where its publisher allows that. Each article is kept as it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from cmeneeds.documents import Document
from cmeneeds.entrez_errors import (
    EntrezRefused,
    FullTextNotAvailable,
    NoSuchDatabase,
    NotAnXmlAnswer,
)
from cmeneeds.errors import SourceError
from cmeneeds.evidence.study import is_guideline, study_design
from cmeneeds.jats import parse_articles
from cmeneeds.library.beside import StoredDocument, store_documents, stored_documents
from cmeneeds.library.store import Library
from cmeneeds.records import WITHDRAWN, Article
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.harvest import GuidelineHarvest, Limits, Line, Progress, named, some, this_day
from cmeneeds.sources.links import links
from cmeneeds.sources.registry import Outage

NAME = "pmc"
BATCH = 10
"""Articles a request: about a megabyte."""

_ABSTRACT_ONLY = "PMC gives no body"


def fetch_full_texts(
    client: EntrezClient,
    library: Library,
    articles: Sequence[Article],
    limits: Limits | None = None,
    *,
    today: date | None = None,
    progress: Progress | None = None,
) -> GuidelineHarvest:
    """Fetch the open full texts of records: guidelines first, then studies of practice.

    Among studies, designs that can say more about current practice come first
    (:func:`~cmeneeds.evidence.study.study_design`), then the order given. Withdrawn articles are
    not read.

    Parameters
    ----------
    client : EntrezClient
    library : Library
        Where full texts are kept; may be read-only, then they are not.
    articles : sequence of Article
    limits : Limits, optional
    today : date, optional
    progress : callable, optional

    Returns
    -------
    GuidelineHarvest
        What could not be asked is among its ``outages``; what is kept from before is in
        ``documents`` all the same.
    """
    run = _Run(client, library, limits or Limits(), today or this_day(), progress)
    return run.harvest(articles)


def in_order(articles: Sequence[Article]) -> list[Article]:
    """Sort records by what their full text can contribute."""
    readable = [a for a in articles if a.retraction_status not in WITHDRAWN]
    return sorted(readable, key=lambda a: (not is_guideline(a), -study_design(a).practice_weight))


class _Run:
    def __init__(
        self,
        client: EntrezClient,
        library: Library,
        limits: Limits,
        today: date,
        progress: Progress | None,
    ) -> None:
        self.client = client
        self.library = library
        self.limits = limits
        self.today = today
        self.progress = progress
        self.outages: list[Outage] = []
        self.closed: list[str] = []
        self.line = Line(
            NAME,
            "What do guidelines and studies of practice say in full?",
            named(client, "PubMed Central"),
            "",
        )

    def harvest(self, articles: Sequence[Article]) -> GuidelineHarvest:
        ordered = in_order(articles)
        numbers = self.numbers(ordered)
        wanted = [(a, f"PMC{numbers[a.pmid]}") for a in ordered if a.pmid in numbers]
        guidelines = sum(1 for a, _ in wanted if is_guideline(a))
        self.line.query = (
            f"PMC articles of {len(articles):,} records found in PubMed (elink pubmed_pmc)"
        )
        if not (self.outages and not wanted):
            self.line.count = len(wanted)
        documents = self.read(wanted)
        self.line.retrieved = self.line.new = len(documents)
        if wanted:
            self.line.notes.append(f"{guidelines:,} of the records in PMC are guidelines")
        return GuidelineHarvest(
            documents=tuple(documents),
            log=(self.line.entry(self.today),),
            notes=tuple(f"PMC: {note}" for note in self.line.notes),
            outages=tuple(dict.fromkeys(self.outages)),
            closed=tuple(self.closed),
        )

    def fail(self, error: SourceError) -> None:
        self.line.notes.append(f"could not be asked to the end: {error}")
        self.outages.append(Outage(NAME, str(error)))

    def numbers(self, articles: Sequence[Article]) -> dict[int, int]:
        """Return the PMC number of each record that has one."""
        said = {a.pmid: a.pmcid.upper().removeprefix("PMC").partition(".")[0] for a in articles}
        found = {p: int(n) for p, n in said.items() if n.isascii() and n.isdecimal()}
        rest = [a.pmid for a in articles if a.pmid not in found]
        asked = rest[: self.limits.linked]
        if len(rest) > len(asked):
            self.line.notes.append(
                f"{len(rest) - len(asked):,} records without a PMC number of their own were not "
                "looked up"
            )
        linked = links(
            self.client,
            self.library,
            asked,
            ("pmc",),
            max_age_days=self.limits.max_age_days,
            today=self.today,
        )
        for outage in linked.outages:
            self.line.notes.append(f"links to PMC could not be asked: {outage.reason}")
            self.outages.append(Outage(NAME, outage.reason))
        for pmid, targets in linked.targets("pmc").items():
            if targets:
                found[pmid] = targets[0]
        return found

    def read(self, wanted: Sequence[tuple[Article, str]]) -> list[Document]:
        """Return full texts until the limit is reached; what is kept is not asked for again."""
        kept = stored_documents(self.library, [id for _, id in wanted])
        left = list(wanted)
        found: list[tuple[Article, StoredDocument]] = []
        lost: list[str] = []
        asked = read = 0
        ailing = False
        while left and read < self.limits.pmc_articles:
            size = min(self.limits.pmc_articles - read, BATCH)
            batch = left[:size]
            ask = [(a, id) for a, id in batch if not self.is_fresh(kept.get(id), a)]
            if asked + len(ask) > self.limits.pmc_asked:
                break
            if ask and not ailing:
                try:
                    kept |= self.fetch(ask)
                except SourceError as error:
                    # What is kept from earlier runs still counts, however old.
                    self.fail(error)
                    ailing = True
                asked += len(ask)
            left = left[size:]
            found += [(a, kept[id]) for a, id in batch if id in kept]
            lost += [id for _, id in batch if id not in kept]
            read = sum(1 for _, d in found if d.document is not None)
            if self.progress:
                self.progress(NAME, len(wanted) - len(left), len(wanted))
        self.closed = [d.id for _, d in found if d.document is None]
        notes = self.line.notes
        if self.closed:
            notes.append(
                f"{len(self.closed):,} full texts are not open to be read: {some(self.closed)}"
            )
        if lost:
            why = "were not reached" if ailing else "were asked for and not delivered"
            notes.append(f"{len(lost):,} full texts {why}: {some(lost)}")
        if left:
            notes.append(
                f"{len(left):,} of {len(wanted):,} full texts lie beyond the limit and were not "
                "asked for, studies after guidelines"
            )
        return [fitted(d.document, a) for a, d in found if d.document is not None]

    def is_fresh(self, kept: StoredDocument | None, article: Article) -> bool:
        age = self.limits.max_age_days
        return kept is not None and kept.is_fresh(self.today, age, article.revised)

    def fetch(self, wanted: Sequence[tuple[Article, str]]) -> dict[str, StoredDocument]:
        """Ask for full texts and keep them; articles that are not in the answer are left out."""
        answers = self.ask([id for _, id in wanted])
        rows = {}
        for article, id in wanted:
            answer = answers.get(id)
            if answer is None:
                continue
            problem, document = "", None
            if isinstance(answer, FullTextNotAvailable):
                problem = answer.what
            elif answer.full_text:
                document = answer
            else:
                problem = _ABSTRACT_ONLY
            day = self.today.isoformat()
            rows[id] = StoredDocument(
                id, NAME, article.pmid, day, article.revised, problem, document
            )
        if not self.library.read_only:
            store_documents(self.library, rows.values())
        return rows

    def ask(self, ids: Sequence[str]) -> Mapping[str, Document | FullTextNotAvailable]:
        """Ask for articles in one request; one by one if the service cannot do with them all."""
        numbers = ",".join(id.removeprefix("PMC") for id in ids)
        try:
            body = self.client.call("efetch", db="pmc", id=numbers, retmode="xml")
            return {answer.id: answer for answer in parse_articles(body) if answer.id}
        except NoSuchDatabase:
            raise
        except (EntrezRefused, NotAnXmlAnswer):
            if len(ids) == 1:
                return {}
            return {k: v for id in ids for k, v in self.ask([id]).items()}


def fitted(document: Document, article: Article) -> Document:
    """Say what it may be used for, and which record it is the full text of."""
    role = "guideline" if is_guideline(article) else "study"
    return replace(document, role=role, pmid=article.pmid)
