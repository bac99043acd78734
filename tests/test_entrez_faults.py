"""Whatever goes wrong on the way, every record arrives once, or the next run brings it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eutils_double import Double, Fault

from cmeneeds.entrez_errors import HistoryExpired
from cmeneeds.errors import SourceError
from cmeneeds.library.store import Library
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article
from cmeneeds.sources import entrez, pubmed
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.history import History
from cmeneeds.sources.pubmed import PubMedSource

RECORDS = 1_200
QUERY = "made-up[ti]"

FAULTS = {
    "429 with Retry-After": Fault("rate_limit", retry_after="2"),
    "429 without": Fault("rate_limit"),
    "the limit's JSON with status 200": Fault("rate_limit", status=200),
    "500": Fault("status", status=500),
    "502": Fault("status", status=502),
    "503 with Retry-After": Fault("status", status=503, retry_after="3"),
    "connection closed, no answer": Fault("drop"),
    "cut short": Fault("cut"),
    "cut in its last tag, no length told": Fault("cut_unnoticed", keep=1.0),
    "time-out before the first byte": Fault("stall", keep=0.0),
    "time-out in mid-body": Fault("stall"),
    "a byte now and then": Fault("trickle", seconds=0.1),
    "HTML page with status 200": Fault("html"),
    "JSON error with status 200": Fault("json"),
    "Search Backend failed": Fault("backend"),
    "history said to be lost": Fault("expired"),
}


SLOW = {"time-out before the first byte", "time-out in mid-body", "a byte now and then"}


@pytest.fixture
def patience(kind: str, monkeypatch: pytest.MonkeyPatch) -> float:
    """The client's time-out: short only where the fault is slowness; this machine is slow too."""
    monkeypatch.setattr(entrez, "WHOLE_ANSWER", 0.4 if kind in SLOW else 60.0)
    return 0.4 if kind in SLOW else 20.0


def fault_at(stage: str, calm: Counter[str]) -> tuple[str, int]:
    """Utility and number of the request that a stage means, of those of an undisturbed run."""
    searches, fetches = calm["esearch"], calm["efetch"]
    return {
        "search": ("esearch", 1),
        "split": ("esearch", 2),
        "last listing": ("esearch", searches),
        "first fetch": ("efetch", 1),
        "fetch midway": ("efetch", fetches // 2),
        "last fetch": ("efetch", fetches),
    }[stage]


STAGES = ("search", "split", "last listing", "first fetch", "fetch midway", "last fetch")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The library that plays PubMed."""
    path = tmp_path_factory.mktemp("double") / "library.sqlite"
    with Library.open(path, create=True) as library:
        library.add(
            [Article(pmid=n, title=f"Made-up record {n}") for n in range(1, RECORDS + 1)],
            "made up",
        )
        yield library


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have waited. Batches and ceiling are small, so that there are many."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(pubmed, "BATCH", 250)
    monkeypatch.setattr(pubmed, "CEILING", 700)
    monkeypatch.setattr(pubmed, "LAST_PMID", 2_000)
    return waited


Open = Callable[..., PubMedSource]


@pytest.fixture
def open_here(tmp_path: Path) -> Open:
    """Open PubMed at another address, over one library of the user's."""

    def opened(url: str, **words: Any) -> PubMedSource:
        client = EntrezClient(url, **{"timeout": 20.0, **words})
        library = Library.open(tmp_path / "here.sqlite", create=True)
        return PubMedSource(library, client)

    return opened


def retrieve(source: PubMedSource, query: str = QUERY) -> list[int]:
    """Search and fetch; counts are reconciled on the way."""
    found = source.search(query)
    assert found.count == len(found.pmids)
    assert found.notes == ()
    return [a.pmid for a in source.fetch(found.pmids)]


CALM = Counter(esearch=6, efetch=5)
"""Requests of an undisturbed retrieval, as the first test makes sure of."""


def test_undisturbed_each_record_is_asked_for_once(
    there: Library, pauses: list[float], open_here: Open
) -> None:
    with Double(there) as ncbi:
        source = open_here(ncbi.url)
        assert Counter(retrieve(source)) == Counter(range(1, RECORDS + 1))
        source.close()
        assert Counter(ncbi.requests) == CALM


@pytest.mark.parametrize("stage", ["search", "last listing", "fetch midway"])
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_passes_costs_no_record(
    there: Library, pauses: list[float], open_here: Open, patience: float, kind: str, stage: str
) -> None:
    with Double(there) as ncbi:
        ncbi.on(*fault_at(stage, CALM), FAULTS[kind])
        source = open_here(ncbi.url, timeout=patience)
        arrived = retrieve(source)
        source.close()
        assert ncbi.faults_made == 1
    assert Counter(arrived) == Counter(range(1, RECORDS + 1))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_stays_is_a_typed_error_and_the_next_run_completes_it(
    there: Library, pauses: list[float], open_here: Open, patience: float, kind: str
) -> None:
    with Double(there) as ncbi:
        ncbi.plan = lambda _, name, nth: (
            FAULTS[kind] if (name, nth > 1) == ("efetch", True) else None
        )
        source = open_here(ncbi.url, attempts=2, timeout=patience)
        with pytest.raises(SourceError) as caught:
            retrieve(source)
        assert "\n" not in str(caught.value)
        kept = len(source.library)
        source.close()
    assert kept in (0, 250)  # one batch came whole, unless this machine was too slow for it
    with Double(there) as ncbi:
        source = open_here(ncbi.url)
        arrived = retrieve(source)
        source.close()
        assert ncbi.count("efetch") == (RECORDS - kept + 249) // 250  # no more than was missing
    assert Counter(arrived) == Counter(range(1, RECORDS + 1))


# --- answers that are whole and yet not all -----------------------------------------------------


def test_records_that_an_answer_leaves_out_are_asked_for_again(
    there: Library, pauses: list[float], open_here: Open
) -> None:
    with Double(there) as ncbi:
        ncbi.on("efetch", 2, Fault("short"))
        source = open_here(ncbi.url)
        assert Counter(retrieve(source)) == Counter(range(1, RECORDS + 1))
        source.close()
        assert ncbi.count("efetch") == CALM["efetch"] + 1
        assert len(ncbi.asked[-1].ids().known) == 125


def test_a_listing_that_is_short_once_is_asked_for_again(
    there: Library, pauses: list[float], open_here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pubmed.parse_esearch
    lists = []

    def forgetful(body: bytes) -> pubmed.Answer:
        answer = real(body)
        lists.append(len(answer.ids))
        # The first list of all is cut by the ceiling anyway; the second one is of a part.
        short = answer.ids and len([n for n in lists if n]) == 2
        return pubmed.Answer(answer.count, answer.ids[:-1] if short else answer.ids)

    monkeypatch.setattr(pubmed, "parse_esearch", forgetful)
    with Double(there) as ncbi:
        source = open_here(ncbi.url)
        assert Counter(retrieve(source)) == Counter(range(1, RECORDS + 1))
        source.close()
        assert ncbi.count("esearch") == CALM["esearch"] + 1


def test_a_listing_that_stays_short_is_told(
    there: Library, pauses: list[float], open_here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pubmed.parse_esearch

    def forgetful(body: bytes) -> pubmed.Answer:
        answer = real(body)
        return pubmed.Answer(answer.count, answer.ids[:-1])

    monkeypatch.setattr(pubmed, "parse_esearch", forgetful)
    with Double(there) as ncbi:
        source = open_here(ncbi.url)
        found = source.search(QUERY)
        source.close()
    assert found.count == RECORDS
    assert len(found.pmids) == RECORDS - 3
    assert found.notes == ("PubMed reports 1,200 records and listed 1,197",)


# --- how long it may take -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["429 with Retry-After", "503 with Retry-After"])
def test_the_pause_is_as_long_as_the_service_asks(
    there: Library, pauses: list[float], open_here: Open, kind: str
) -> None:
    asked = float(FAULTS[kind].retry_after or 0)
    with Double(there) as ncbi:
        ncbi.on("esearch", 1, FAULTS[kind])
        source = open_here(ncbi.url)
        source.search(QUERY)
        source.close()
    assert max(pauses) >= asked


def test_a_date_says_how_long_to_wait_as_well() -> None:
    assert entrez._seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0.0
    assert (entrez._seconds("Fri, 01 Jan 2100 00:00:00 GMT") or 0.0) > 1e6
    assert entrez._seconds("soon") is None
    assert entrez._seconds(None) is None
    assert entrez._seconds("7") == 7.0


def test_a_run_that_has_failed_asks_nothing_more(
    there: Library, open_here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request is refused for good while the others are told to come back later."""
    monkeypatch.setattr(pubmed, "BATCH", 200)
    refused = Fault("status", status=400)
    busy = Fault("status", status=503)
    with Double(there) as ncbi:
        ncbi.plan = lambda _, name, nth: None if name != "efetch" else refused if nth == 6 else busy
        source = open_here(ncbi.url, attempts=10_000, sleep=lambda seconds: None)
        source.client._pace.interval = 0.0
        found = source.search(QUERY)
        with pytest.raises(SourceError, match="400"):
            source.fetch(found.pmids)
        asked = ncbi.count()
        assert asked < 1_000  # the others would have asked 10,000 times each
        assert not [t for t in threading.enumerate() if t.name.startswith("efetch")]
        assert ncbi.count() == asked
        source.close()


def test_a_service_that_is_too_slow_is_given_up_within_its_time_out(
    there: Library, open_here: Open
) -> None:
    with Double(there) as ncbi:
        ncbi.plan = lambda *_: Fault("stall", keep=0.0)
        source = open_here(ncbi.url, attempts=2, timeout=0.3, sleep=lambda seconds: None)
        started = time.monotonic()
        with pytest.raises(SourceError):
            source.search(QUERY)
        assert time.monotonic() - started < 10
        source.close()


# --- the history server -------------------------------------------------------------------------


def pmids_in(pages: Iterator[bytes]) -> list[int]:
    """PMIDs of efetch's answers, in order."""
    return [a.pmid for page in pages for a in read_articles(page) if isinstance(a, Article)]


def sets(client: EntrezClient) -> dict[str, History]:
    """One set that was searched and one that was posted."""
    return {
        "searched": History.searched(client, QUERY),
        "posted": History.posted(client, range(1, RECORDS + 1)),
    }


@pytest.mark.parametrize("lost_at", [(), (1,), (3,), (1, 2), (2, 4, 5, 7)], ids=str)
@pytest.mark.parametrize("made", ["searched", "posted"])
def test_a_set_that_the_history_server_loses_is_put_there_again(
    there: Library, pauses: list[float], made: str, lost_at: tuple[int, ...]
) -> None:
    with Double(there) as ncbi:
        history = sets(EntrezClient(ncbi.url))[made]
        for nth in lost_at:
            ncbi.on("efetch", nth, Fault("expired"))
        arrived = pmids_in(history.pages(250, retmode="xml"))
        assert history.renewed == len(lost_at)
        assert ncbi.count("efetch") == CALM["efetch"] + len(lost_at)
    assert Counter(arrived) == Counter(range(1, RECORDS + 1))


def test_a_set_that_is_lost_again_and_again_is_a_typed_error(
    there: Library, pauses: list[float]
) -> None:
    with Double(there) as ncbi:
        ncbi.plan = lambda _, name, nth: Fault("expired") if name == "efetch" else None
        history = History.posted(EntrezClient(ncbi.url, attempts=3), [1, 2])
        with pytest.raises(HistoryExpired):
            next(history.pages(250))
        assert ncbi.count("efetch") == 3


def test_a_search_beyond_the_ceiling_makes_no_set(
    there: Library, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmeneeds.sources.history.MOST", 700)
    with Double(there) as ncbi:
        client = EntrezClient(ncbi.url)
        with pytest.raises(SourceError, match=r"1,200 results, 700 of them listed"):
            History.searched(client, QUERY)
        with pytest.raises(ValueError, match="700"):
            History.posted(client, range(1, 1000))
        with pytest.raises(ValueError, match="these are 0"):
            History.posted(client, [])


def test_what_is_no_identifier_is_left_out_of_a_set(there: Library, pauses: list[float]) -> None:
    with Double(there) as ncbi:
        history = History.posted(EntrezClient(ncbi.url), ["7", "made-up", "8", "7"])
        assert history.ids == ("7", "8")
        assert pmids_in(history.pages(1)) == [7, 8]


def test_losing_all_histories_midway_costs_pubmed_as_a_source_nothing(
    there: Library, pauses: list[float], open_here: Open
) -> None:
    with Double(there) as ncbi:

        def lose(_: int, name: str, nth: int) -> None:
            ncbi.expire_history()

        ncbi.plan = lose
        source = open_here(ncbi.url)
        assert Counter(retrieve(source)) == Counter(range(1, RECORDS + 1))
        source.close()
        assert Counter(ncbi.requests) == CALM
