"""Whatever goes wrong on the way, every record arrives once, or the next run brings it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eutils_double import Double, Fault

from cmeneeds.errors import SourceError
from cmeneeds.library.store import Library
from cmeneeds.records import Article
from cmeneeds.sources import pubmed
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.pubmed import PubMedSource

RECORDS = 1_200
QUERY = "made-up[ti]"

FAULTS = {
    "429 with Retry-After": Fault("rate_limit", retry_after="2"),
    "429 without": Fault("rate_limit"),
    "the limit's JSON with status 200": Fault("rate_limit", status=200),
    "500": Fault("status", status=500),
    "503 with Retry-After": Fault("status", status=503, retry_after="3"),
    "no answer at all": Fault("drop"),
    "cut short": Fault("cut"),
    "cut short, unnoticed by HTTP": Fault("cut_unnoticed"),
    "a stall": Fault("stall", seconds=3.0),
    "an HTML page with status 200": Fault("html"),
    "search backend failed": Fault("backend"),
}

STAGES = {"search": ("esearch", 1), "first fetch": ("efetch", 1), "later fetch": ("efetch", 3)}


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
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(pubmed, "BATCH", 250)
    return waited


@pytest.fixture
def open_here(tmp_path: Path) -> Callable[[str], PubMedSource]:
    def opened(url: str, **words: Any) -> PubMedSource:
        client = EntrezClient(url, timeout=1.0, **words)
        library = Library.open(tmp_path / "here.sqlite", create=True)
        return PubMedSource(library, client)

    return opened


def retrieve(source: PubMedSource) -> list[int]:
    return [a.pmid for a in source.fetch(source.search(QUERY).pmids)]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_passes_costs_no_record(
    there: Library, pauses: list[float], open_here: Any, kind: str, stage: str
) -> None:
    with Double(there) as ncbi:
        name, nth = STAGES[stage]
        ncbi.on(name, nth, FAULTS[kind])
        source = open_here(ncbi.url)
        arrived = retrieve(source)
        source.close()
        assert ncbi.faults_made == 1
    assert Counter(arrived) == Counter(range(1, RECORDS + 1))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_that_stays_is_a_typed_error_and_the_next_run_completes_it(
    there: Library, pauses: list[float], open_here: Any, kind: str
) -> None:
    with Double(there) as ncbi:
        for nth in range(2, 60):
            ncbi.on("efetch", nth, FAULTS[kind])
        source = open_here(ncbi.url, attempts=2)
        with pytest.raises(SourceError) as caught:
            retrieve(source)
        assert "\n" not in str(caught.value)
        kept = len(source.library)
        source.close()
    assert kept < RECORDS
    with Double(there) as ncbi:
        source = open_here(ncbi.url)
        arrived = retrieve(source)
        source.close()
        asked_again = ncbi.count("efetch") * 250
    assert Counter(arrived) == Counter(range(1, RECORDS + 1))
    assert asked_again <= RECORDS - kept + 250  # what was here was not fetched again


def test_a_service_that_is_too_slow_is_given_up_within_its_time_out(
    there: Library, open_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Double(there) as ncbi:
        for nth in range(1, 10):
            ncbi.at(nth, Fault("stall", keep=0.0, seconds=5.0))
        source = open_here(ncbi.url, attempts=2, sleep=lambda seconds: None)
        started = time.monotonic()
        with pytest.raises(SourceError):
            source.search(QUERY)
        assert time.monotonic() - started < 10
        source.close()
