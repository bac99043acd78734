"""The fault table over 20,000 records; prints it at the end.

Real records of the sample corpus, served by the double of NCBI, more than one search can list.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from eutils_double import Double, Fault
from test_entrez_faults import FAULTS, SLOW, STAGES, fault_at, pmids_in, retrieve

from cmeneeds.errors import SourceError
from cmeneeds.library.store import Library
from cmeneeds.sources import entrez, pubmed, sample
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.history import History
from cmeneeds.sources.pubmed import PubMedSource

pytestmark = [pytest.mark.long, pytest.mark.sample]

RECORDS = 20_000
BATCHES = RECORDS // pubmed.BATCH


class There:
    """The double, its 20,000 records, and what an undisturbed retrieval asks."""

    def __init__(self, ncbi: Double, pmids: list[int]) -> None:
        self.ncbi = ncbi
        self.pmids = pmids
        self.query = f"{pmids[0]}:{pmids[-1]}[uid]"
        self.calm: Counter[str] = Counter()


class Table:
    """Lines of a table, printed when all are known."""

    def __init__(self, title: str, *columns: str) -> None:
        self.title = title
        self.rows: list[Sequence[object]] = [columns, ["---"] * len(columns)]

    def add(self, *cells: object) -> None:
        self.rows.append(cells)

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"| {' | '.join(map(str, r))} |" for r in self.rows)])


@pytest.fixture(scope="module")
def tables(request: pytest.FixtureRequest) -> Iterator[dict[str, Table]]:
    """The tables; shown on the terminal whatever is captured."""
    short = [s.replace("fetch midway", "midway") for s in STAGES]
    made = {
        "passes": Table(
            "Passes: how often the same question was asked at each stage",
            "fault", *short, "requests in all", "records",
        ),
        "stays": Table(
            "Stays: records kept when the run stopped at each stage",
            "fault", *short, "errors", "requests of the run that completed", "records",
        ),
    }  # fmt: skip
    yield made
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for table in made.values():
            terminal.write_line(f"\n\n{table}")


@pytest.fixture(scope="module")
def there(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMENEEDS_HOME", str(sample_home))
        library = sample.open_sample()
    pmids = [a.pmid for a in library][:RECORDS]
    assert len(pmids) == RECORDS
    # Each answer is made once and then given again: what is tested is the client.
    with library, Double(library, remember=True) as ncbi:
        made = There(ncbi, pmids)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(tmp_path_factory.mktemp("calm")))
            patch.setattr(time, "sleep", lambda seconds: None)
            source = source_at(ncbi, tmp_path_factory.mktemp("calm"))
            assert sorted(retrieve(source, made.query)) == pmids
            source.close()
        made.calm.update(ncbi.requests)
        yield made


def source_at(ncbi: Double, folder: Path, **words: Any) -> PubMedSource:
    """PubMed at the double, over a library in a folder."""
    client = EntrezClient(ncbi.url, **{"timeout": 60.0, **words})
    return PubMedSource(Library.open(folder / "here.sqlite", create=True), client)


@pytest.fixture
def ncbi(there: There, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    """The double without a past; nobody waits."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    there.ncbi.reset()
    yield there.ncbi
    there.ncbi.reset()


@pytest.fixture
def patience(kind: str, monkeypatch: pytest.MonkeyPatch) -> float:
    """The client's time-out in seconds; short where the fault is slowness."""
    monkeypatch.setattr(entrez, "WHOLE_ANSWER", 8.0 if kind in SLOW else 300.0)
    return 5.0 if kind in SLOW else 60.0


def test_undisturbed_a_search_beyond_the_ceiling_is_split(there: There) -> None:
    assert RECORDS > 2 * pubmed.CEILING
    assert there.calm["esearch"] > 4
    assert there.calm["efetch"] == BATCHES


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_every_stage_of_20000_records_costs_none(
    there: There, ncbi: Double, tables: dict[str, Table], tmp_path: Path, kind: str, patience: float
) -> None:
    # Each fault before makes one request more, of its own utility.
    wanted = {}
    for before, stage in enumerate(STAGES):
        name, nth = fault_at(stage, there.calm)
        wanted[name, nth + before % 3] = stage
    struck: dict[str, int] = {}

    def plan(number: int, name: str, nth: int) -> Fault | None:
        if (stage := wanted.get((name, nth))) is None:
            return None
        struck[stage] = number
        return FAULTS[kind]

    ncbi.plan = plan
    source = source_at(ncbi, tmp_path, timeout=patience)
    arrived = retrieve(source, there.query)
    stored = [a.pmid for a in source.library]
    source.close()
    assert Counter(arrived) == Counter(there.pmids)
    assert stored == there.pmids
    assert struck.keys() == set(STAGES)
    questions = Counter(map(question, ncbi.requests, ncbi.asked))
    again = {
        stage: questions[question(ncbi.requests[n - 1], ncbi.asked[n - 1])]
        for stage, n in struck.items()
    }
    # Where slowness is the fault, this machine may be too slow once more.
    assert set(again.values()) == {2} or (kind in SLOW and min(again.values()) == 2)
    tables["passes"].add(
        kind, *(again[s] for s in STAGES), f"{ncbi.count()} ({there.calm.total()} undisturbed)",
        f"{len(arrived):,}, each once",
    )  # fmt: skip


def question(name: str, asked: Any) -> tuple[str, ...]:
    """What a request asks, whoever asks it."""
    return (name, *(asked.text(w) for w in ("term", "retmax", "id")))


@pytest.mark.parametrize("kind", FAULTS)
def test_stopped_at_every_stage_in_turn_the_next_run_goes_on(
    there: There,
    ncbi: Double,
    tables: dict[str, Table],
    tmp_path: Path,
    kind: str,
    patience: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[int] = []
    errors: Counter[str] = Counter()
    for stage in STAGES:
        ncbi.reset()
        at, first = fault_at(stage, there.calm)
        if stage == "last fetch":
            first = -(-(RECORDS - kept[-1]) // pubmed.BATCH)
        ncbi.plan = staying(FAULTS[kind], at, first)
        source = source_at(ncbi, tmp_path, timeout=patience, attempts=2)
        with pytest.raises(SourceError) as caught:
            retrieve(source, there.query)
        kept.append(len(source.library))
        source.close()
        errors[type(caught.value).__name__] += 1
        assert re.fullmatch(r"[^\n]{20,400}", str(caught.value))
    assert kept == sorted(kept)
    assert kept[0] == kept[2] == 0
    assert kept[-1] < RECORDS
    # Where slowness is the fault, this machine may be too slow for a good answer too.
    assert kind in SLOW or kept[-1] > kept[-2] > kept[-3] == 0
    ncbi.reset()
    monkeypatch.setattr(entrez, "WHOLE_ANSWER", 300.0)
    source = source_at(ncbi, tmp_path)
    arrived = retrieve(source, there.query)
    stored = [a.pmid for a in source.library]
    source.close()
    assert Counter(arrived) == Counter(there.pmids)
    assert stored == there.pmids
    left = -(-(RECORDS - kept[-1]) // pubmed.BATCH)
    # Nothing that was here. Late requests of the run before may still come in: the same ones.
    fetched = {
        a.text("id") for n, a in zip(ncbi.requests, ncbi.asked, strict=True) if n == "efetch"
    }
    assert len(fetched) == left
    tables["stays"].add(
        kind, *(f"{k:,}" for k in kept), ", ".join(errors), ncbi.count(),
        f"{len(arrived):,}, each once",
    )  # fmt: skip


def staying(fault: Fault, at: str, first: int) -> Any:
    """A plan by which every request to a utility fails from one on."""
    return lambda number, name, nth: fault if name == at and nth >= first else None


def test_sets_that_the_history_server_loses_midway_lose_no_record(
    there: There, ncbi: Double
) -> None:
    parts = [there.pmids[i : i + pubmed.CEILING] for i in range(0, RECORDS, pubmed.CEILING)]
    size = pubmed.BATCH * 2
    losses = {2, 3, 11, 17, 25}
    ncbi.plan = lambda _, name, nth: (
        Fault("expired") if name == "efetch" and nth in losses else None
    )
    client = EntrezClient(ncbi.url)
    arrived: list[int] = []
    renewed = 0
    for part in parts:
        history = History.searched(client, f"{part[0]}:{part[-1]}[uid]")
        arrived += pmids_in(history.pages(size, retmode="xml"))
        renewed += history.renewed
    assert Counter(arrived) == Counter(there.pmids)
    assert renewed == len(losses)
