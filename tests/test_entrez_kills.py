"""`kill -9` of a retrieval at any moment loses nothing and doubles nothing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eutils_double import Double

from cmeneeds.brief import ENTREZ_SOURCES, WEB_SOURCES
from cmeneeds.library.store import Library
from cmeneeds.records import Article, Section
from cmeneeds.sources import sample

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is for POSIX")

PROJECT = Path(__file__).resolve().parents[1]

DRIVER = """
import sys
from cmeneeds.library.store import Library
from cmeneeds.sources import pubmed
from cmeneeds.sources.entrez import EntrezClient
_, url, path, query, pubmed.BATCH = *sys.argv[:4], int(sys.argv[4])
source = pubmed.PubMedSource(Library.open(path, create=True), EntrezClient(url))
source.client._pace.interval = 0.0  # the double has no limit
found = source.search(query)
assert (found.count, found.notes) == (len(found.pmids), ())
print(*(a.pmid for a in source.fetch(found.pmids)))
"""


@dataclass(frozen=True)
class Moment:
    """When to kill: seconds after a request arrives; request 0 is the start of the process."""

    request: int
    seconds: float


@dataclass
class Retrieval:
    """A command that retrieves from the double into one library."""

    ncbi: Double
    words: list[str]
    home: Path

    def run(self, moment: Moment | None = None) -> tuple[int, str, str]:
        """Run it; return exit code (-9 where it was killed), stdout and stderr."""
        self.ncbi.reset()
        children: list[subprocess.Popen[str]] = []
        timers: list[threading.Timer] = []

        def kill_after(number: int) -> None:
            if moment is not None and number == moment.request:
                timers.append(threading.Timer(moment.seconds, children[0].kill))
                timers[-1].start()

        def plan(number: int, name: str, nth: int) -> None:
            kill_after(number)

        self.ncbi.plan = plan
        child = subprocess.Popen(
            self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.home,
            env={"NCBI_API_KEY": "made-up", **os.environ, "CMENEEDS_HOME": str(self.home)},
        )  # fmt: skip
        children.append(child)
        kill_after(0)
        try:
            out, err = child.communicate(timeout=240)
        finally:
            for timer in timers:
                timer.cancel()
            child.kill()
        return child.returncode, out, err

    def kill_at(self, moment: Moment) -> Moment:
        """Run and kill; earlier if it was done before. Return the moment."""
        while True:
            code, _, err = self.run(moment)
            if code == -signal.SIGKILL:
                return moment
            assert code == 0, err
            forget(self.home)
            moment = Moment(max(0, moment.request - 1), moment.seconds / 2)


def forget(folder: Path) -> None:
    """Remove the libraries in a folder: the process was too quick to be killed, so once more."""
    for file in folder.rglob("*.sqlite*"):
        file.unlink()


Content = dict[str, list[Any]]


def content(path: Path) -> Content:
    """Everything in a library that does not tell when it was done; the file must be sound."""
    with Library.open(path) as library:
        library.seal()
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.execute("INSERT INTO fulltext(fulltext) VALUES ('integrity-check')")
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fulltext, row)")
        asked = {
            "articles": "SELECT pmid, version, revised, digest FROM articles ORDER BY pmid",
            "records": "SELECT pmid, record FROM records ORDER BY pmid",
            # A record indexed twice, or not at all, changes how often its words occur.
            "index": "SELECT term, doc, cnt FROM temp.words ORDER BY term",
            "terms": "SELECT kind, key, ui, name FROM terms ORDER BY kind, key, ui",
            "fetched": "SELECT pmid FROM fetches ORDER BY pmid",
            "revisions": "SELECT pmid FROM revisions",
            "deletions": "SELECT pmid FROM deletions",
        }
        return {name: db.execute(select).fetchall() for name, select in asked.items()}
    finally:
        db.close()


def unfinished(path: Path) -> int:
    """How many batches the log of imports calls unfinished."""
    with Library.open(path) as library:
        return sum(finished is None for _, _, finished, _ in library.stats().imports)


def same(one: Content, other: Content) -> bool:
    """Compare without printing megabytes."""
    assert [k for k in one if one[k] != other[k]] == []
    return True


def words(ncbi: Double, home: Path, query: str, batch: int) -> list[str]:
    """The command line of the driver."""
    library = str(home / "library.sqlite")
    return [sys.executable, "-c", DRIVER, ncbi.url, library, query, str(batch)]


Make = Callable[[Double, str, Path, int], Retrieval]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(ncbi: Double, query: str, folder: Path, batch: int) -> Retrieval:
        folder.mkdir()
        return Retrieval(ncbi, words(ncbi, folder, query, batch), folder)

    return made


def check_kills(
    ncbi: Double, query: str, batch: int, tmp_path: Path, make: Make, kills: int, seed: int
) -> list[Moment]:
    """Kill and complete so many retrievals, each in a library of its own."""
    calm = make(ncbi, query, tmp_path / "calm", batch)
    code, listed, err = calm.run()
    assert code == 0, err
    requests = ncbi.count()
    reference = content(calm.home / "library.sqlite")
    assert len(reference["articles"]) == len(reference["fetched"]) == len(listed.split())
    random_moments = random.Random(seed)
    moments = []
    for number in range(kills):
        moment = Moment(random_moments.randint(0, requests - 1), random_moments.uniform(0, 0.5))
        killed = make(ncbi, query, tmp_path / str(number), batch)
        moments.append(killed.kill_at(moment))
        path = killed.home / "library.sqlite"
        code, again, err = killed.run()
        assert (code, err) == (0, ""), err
        assert again == listed
        assert same(content(path), reference)
        assert unfinished(path) <= 1  # at most the batch of the killed process
        assert ncbi.count("efetch") <= -(-len(reference["articles"]) // batch)
        forget(killed.home)
    return moments


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    """A double with a few hundred made-up records."""
    path = tmp_path_factory.mktemp("double") / "library.sqlite"
    text = (Section("Nothing in this made-up record is real. " * 40),)
    articles = [
        Article(pmid=n, title=f"Made-up record {n}", sections=text) for n in range(1, 601)
    ]  # fmt: skip
    with Library.open(path, create=True) as library:
        library.add(articles, "made up")
    with Double(path, remember=True) as ncbi:
        yield ncbi


def test_a_killed_retrieval_is_completed_by_the_next_run(
    made_up: Double, tmp_path: Path, make: Make
) -> None:
    check_kills(made_up, "made-up[ti]", 25, tmp_path, make, kills=3, seed=3)


def test_killed_again_and_again_the_last_run_completes_it(
    made_up: Double, tmp_path: Path, make: Make
) -> None:
    calm = make(made_up, "made-up[ti]", tmp_path / "calm", 25)
    assert calm.run()[0] == 0
    killed = make(made_up, "made-up[ti]", tmp_path / "killed", 25)
    here = 0
    for request in (8, 8, 8):
        assert killed.run(Moment(request, 0.0))[0] == -signal.SIGKILL
        with Library.open(killed.home / "library.sqlite") as library:
            assert here <= len(library) < 600
            here = len(library)
    assert killed.run()[0] == 0
    assert same(
        content(killed.home / "library.sqlite"), content(calm.home / "library.sqlite")
    )  # fmt: skip


# --- real records, and the command --------------------------------------------------------------


@pytest.fixture(scope="module")
def real(sample_home: Path) -> Iterator[Double]:
    """A double that serves the sample corpus."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMENEEDS_HOME", str(sample_home))
        library = sample.open_sample()
    with library, Double(library, remember=True) as ncbi:
        yield ncbi


@pytest.mark.long
@pytest.mark.sample
def test_20_kills_at_random_moments_of_5000_real_records(
    real: Double, sample_library: Library, tmp_path: Path, make: Make
) -> None:
    pmids = [a.pmid for a in sample_library][:5_000]
    query = f"{pmids[0]}:{pmids[-1]}[uid]"
    moments = check_kills(real, query, 250, tmp_path, make, kills=20, seed=20)
    assert len({m.request for m in moments}) > 5


@pytest.mark.long
@pytest.mark.sample
def test_5_kills_of_the_search_command(real: Double, tmp_path: Path) -> None:
    text = (PROJECT / "briefs" / "covid-19-vaccination.yaml").read_text("utf-8")
    brief = tmp_path / "brief.yaml"
    off = "".join(f"  {name}: off\n" for name in (*ENTREZ_SOURCES, *WEB_SOURCES))
    brief.write_text(f"{text}\nalso_search:\n{off}", "utf-8")
    command = [sys.executable, "-c", "from cmeneeds.cli import main; main()", "search"]
    asked = [*command, str(brief), "--source", "pubmed", "--entrez-url", real.url]
    calm = Retrieval(real, asked, tmp_path / "calm")
    calm.home.mkdir()
    code, said, err = calm.run()
    assert code == 0, err
    requests = real.count()
    reference = content(calm.home / "library.sqlite")
    assert len(reference["articles"]) > 20
    random_moments = random.Random(5)
    for number in range(5):
        killed = Retrieval(real, asked, tmp_path / str(number))
        killed.home.mkdir()
        killed.kill_at(
            Moment(random_moments.randint(0, requests - 1), random_moments.uniform(0, 0.5))
        )
        code, again, err = killed.run()
        assert code == 0, err
        assert again == said
        assert same(content(killed.home / "library.sqlite"), reference)
        assert not [p for p in killed.home.rglob("*") if p.match("outputs") or p.match("manifest*")]
