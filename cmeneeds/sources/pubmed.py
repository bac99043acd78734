"""PubMed itself as a source: every identifier, each record once, kept in the user's library.

Identifiers come from esearch; a result beyond its ceiling of 9,999 is split by ranges of PMIDs
until every part is below it. Records come from efetch in batches whose requests overlap within the
rate limit, and are stored as they arrive: what is interrupted goes on where it stopped, and what
has not been revised since it was fetched is not fetched again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, date, datetime

from cmeneeds.entrez_errors import AnswerCutShort, EntrezRefused
from cmeneeds.errors import NotPubMedXML, QuerySyntaxError, SourceUnavailable
from cmeneeds.eutils_xml import SearchResult as Answer
from cmeneeds.eutils_xml import parse_esearch
from cmeneeds.library.store import Library, SearchResult
from cmeneeds.pubmed_xml import Deletion, Problem, read_articles
from cmeneeds.records import Article
from cmeneeds.sources.entrez import EntrezClient

BATCH = 500
"""PMIDs an efetch request; Bio.Entrez sends them by POST."""

CEILING = 9_999
"""Identifiers that PubMed's esearch gives at most, whatever is asked."""

LAST_PMID = 99_999_999
"""Beyond every PMID of today; where splitting starts if nothing better is known."""

IN_FLIGHT = 6
"""Requests under way at once: enough to hide two seconds of latency at three a second."""


@dataclass(frozen=True)
class Identifiers:
    """All identifiers of a query.

    Attributes
    ----------
    pmids : tuple of int
        The newest first.
    count : int
        What PubMed reports.
    translation : str
    notes : tuple of str
        Warnings, and what is missing if the parts do not add up to the count.
    """

    pmids: tuple[int, ...]
    count: int
    translation: str
    notes: tuple[str, ...]


class PubMedSource:
    """PubMed as a source.

    Parameters
    ----------
    library : Library
        The user's own; fetched records are stored there first and then read back.
    client : EntrezClient, optional
    progress : callable, optional
        Told how many records have arrived of how many.
    """

    def __init__(
        self,
        library: Library,
        client: EntrezClient | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.library = library
        self.client = client or EntrezClient()
        self.progress = progress
        # Another server's records are not PubMed's, whatever it holds.
        own = self.client.base_url is None
        self.name = "PubMed" if own else "an E-utilities server other than PubMed"
        self.data_date = datetime.now(UTC).date().isoformat()
        self._revised: dict[int, None] = {}

    @property
    def notice(self) -> str:
        """What the server itself warns of."""
        return self.client.notice

    @property
    def kind(self) -> str:
        """``pubmed``; ``sample`` where the server says that it serves the sample."""
        return "sample" if "sample corpus" in self.client.notice else "pubmed"

    # --- searching ------------------------------------------------------------------------------

    def search(self, query: str) -> SearchResult:
        """Ask PubMed for every identifier."""
        found = self.identifiers(query)
        self._revised |= dict.fromkeys(self._revised_since(query, found.pmids))
        return SearchResult(query, found.translation, found.count, found.pmids, found.notes)

    def note_revised(self, query: str, pmids: Sequence[int]) -> None:
        """Let the next fetch bring anew which of these records PubMed has revised.

        Parameters
        ----------
        query : str
            That found them.
        pmids : sequence of int
        """
        self._revised |= dict.fromkeys(self._revised_since(query, pmids))

    def identifiers(self, query: str) -> Identifiers:
        """Return all identifiers of a query, however many there are.

        Raises
        ------
        QuerySyntaxError, SourceError
        """
        answer = self._esearch(query)
        notes = [f"PubMed: {note}" for note in _warnings(answer)]
        pmids = {int(i) for i in answer.ids}
        if answer.count > len(pmids):
            pmids = set(self._split(query, 1, LAST_PMID, answer.count))
        if len(pmids) != answer.count:
            notes.append(f"PubMed reports {answer.count:,} records and listed {len(pmids):,}")
        ordered = tuple(sorted(pmids, reverse=True))
        return Identifiers(ordered, answer.count, answer.translation, tuple(notes))

    def _esearch(self, query: str, *, count_only: bool = False) -> Answer:
        retmax = 0 if count_only else CEILING
        try:
            body = self.client.call(
                "esearch", db="pubmed", term=query, retmax=retmax, retmode="xml"
            )
            answer = parse_esearch(body)
        except EntrezRefused as error:
            if "api key" in error.what.lower():
                raise SourceUnavailable(
                    f"PubMed refuses the request ({error.what})", "Check NCBI_API_KEY."
                ) from None
            raise QuerySyntaxError(
                f"PubMed refuses it ({error.what})", "Correct the query."
            ) from None
        if b"<Count>" not in body:
            raise SourceUnavailable("PubMed's answer has no count", "Try again later.")
        return answer

    def _split(self, query: str, low: int, high: int, count: int) -> Iterator[int]:
        """Yield the identifiers of a range, cutting it in two until each part fits."""
        parts = [(low, high, count)]
        while parts:
            low, high, expected = parts.pop()
            if expected == 0:
                continue
            if expected <= CEILING:
                expected, pmids = self._listed(_within(query, low, high))
                if expected <= CEILING:
                    yield from pmids
                    continue
                # PubMed has grown meanwhile: cut this part too.
            if low == high:  # one PMID cannot be many records
                continue
            middle = (low + high) // 2
            below = self._esearch(_within(query, low, middle), count_only=True).count
            parts += [(low, middle, below), (middle + 1, high, max(expected - below, 0))]

    def _listed(self, query: str) -> tuple[int, list[int]]:
        """Return count and identifiers of a query below the ceiling.

        A whole answer that lists fewer than it counts is asked for once more; what is missing
        then is told by :meth:`identifiers`.
        """
        for _ in range(2):
            answer = self._esearch(query)
            if len(answer.ids) >= min(answer.count, CEILING):
                break
        return answer.count, [int(i) for i in answer.ids]

    def _revised_since(self, query: str, pmids: Sequence[int]) -> tuple[int, ...]:
        """Which of the records that the library has were revised after they were fetched."""
        fetched = self.library.fetched(pmids)
        if not fetched:
            return ()
        since = min(fetched.values())
        return self.identifiers(f"({query}) AND {since.replace('-', '/')}:3000[lr]").pmids

    # --- fetching -------------------------------------------------------------------------------

    def fetch(self, pmids: Sequence[int]) -> list[Article]:
        """Return the records, in the order asked for; each is stored as it arrives.

        Records that the library has and that PubMed has not revised since are not asked for.

        Raises
        ------
        SourceError
            What arrived until then is kept; the next call goes on from there.
        """
        wanted = dict.fromkeys(pmids)
        fetched = self.library.fetched(list(wanted))
        needed = [p for p in wanted if p not in fetched or p in self._revised]
        done = len(wanted) - len(needed)
        missing: list[int] = []
        for batch, items in self._overlapping(_batches(needed)):
            arrived = self._keep(batch, items)
            missing += [p for p in batch if p not in arrived]
            done += len(batch)
            if self.progress:
                self.progress(done, len(wanted))
        # A whole answer can leave records out for once; what is missing for good stays missing.
        for batch, items in self._overlapping(_batches(missing)):
            self._keep(batch, items)
        return self.library.get_many(wanted)

    def _keep(self, batch: Sequence[int], items: Sequence[Article | Deletion]) -> set[int]:
        """Store what a request for ``batch`` brought; return the PMIDs that arrived."""
        self.library.add(items, "PubMed efetch")
        self.library.mark_fetched(batch, date.fromisoformat(self.data_date))
        arrived = {i.pmid for i in items if isinstance(i, Article)}
        for pmid in arrived:
            self._revised.pop(pmid, None)
        return arrived

    def _overlapping(
        self, batches: Sequence[Sequence[int]]
    ) -> Iterator[tuple[Sequence[int], list[Article | Deletion]]]:
        """Fetch batches with several requests under way; yield each as soon as it is whole."""
        left = iter(batches)
        stop = threading.Event()
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="efetch") as pool:
            running: dict[Future[list[Article | Deletion]], Sequence[int]] = {}
            try:
                while True:
                    while len(running) < IN_FLIGHT and (batch := next(left, None)) is not None:
                        running[pool.submit(self._efetch, batch, stop)] = batch
                    if not running:
                        return
                    ready, _ = wait(running, return_when=FIRST_COMPLETED)
                    failed = [f for f in ready if f.exception() is not None]
                    for future in ready.difference(failed):
                        yield running.pop(future), future.result()
                    if failed:
                        # The command must end now, not when all requests have given up; what is
                        # already on its way is kept.
                        stop.set()
                        for future, batch in running.items():
                            if future.exception() is None:
                                yield batch, future.result()
                        failed[0].result()
            finally:
                stop.set()

    def _efetch(self, pmids: Sequence[int], stop: threading.Event) -> list[Article | Deletion]:
        """Fetch one batch; as a whole again if a record in it came broken."""
        problem = ""
        for _ in range(self.client.attempts):
            body = self.client.call(
                "efetch", db="pubmed", id=",".join(map(str, pmids)), retmode="xml", stop=stop
            )
            problems: list[Problem] = []
            try:
                items = list(read_articles(body, problems.append))
            except NotPubMedXML as error:
                problem = error.what
                continue
            if not problems:
                return items
            problem = str(problems[0])
        raise AnswerCutShort(
            f"PubMed sent records that cannot be read ({problem})",
            "Run it again; what arrived is kept.",
        )

    def close(self) -> None:
        """Close the library."""
        self.library.close()


def _warnings(answer: Answer) -> Iterator[str]:
    for said, terms in (
        ("no such term", answer.phrases_not_found),
        ("no such field", answer.fields_not_found),
        ("ignored", answer.phrases_ignored),
        ("no such phrase", answer.quoted_phrases_not_found),
    ):
        if terms:
            yield f"{said}: {', '.join(terms)}"
    yield from answer.messages


def _batches(pmids: Sequence[int]) -> list[Sequence[int]]:
    return [pmids[i : i + BATCH] for i in range(0, len(pmids), BATCH)]


def _within(query: str, low: int, high: int) -> str:
    return f"({query}) AND {low}:{high}[uid]"
