"""Importing a bibliography, and checking which of its works a strategy finds. All of it made up."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from eutils_double import Double
from typer.testing import CliRunner

import cmeneeds as cn
from cmeneeds.bibliography.known import summary
from cmeneeds.bibliography.lists import stored_lists, stored_pmids
from cmeneeds.brief import Brief
from cmeneeds.cli import app
from cmeneeds.errors import LibraryError, UsageError
from cmeneeds.home import library_path
from cmeneeds.library.store import Library
from cmeneeds.records import Article, Author, MeshHeading, PartialDate, Section
from cmeneeds.sources import LibrarySource
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.pubmed import PubMedSource
from cmeneeds.strategy import Strategy, build_strategy

GAP = "Adherence to the guideline on paper fever was low among physicians."
BRIEF = """
topic: paper fever
audience: [{profession: physicians}]
years: 2016-2021
as_of: 2021-06-08
languages: [english]
"""


@pytest.fixture
def articles(make_article: Callable[..., Article]) -> list[Article]:
    """Made-up records: 1 is found by the strategy; each other fails one block."""

    def one(pmid: int, title: str, **fields: object) -> Article:
        return make_article(
            pmid=pmid, title=title, authors=(Author("Nobody", "Ann", "A"),), **fields
        )

    gap = (Section(GAP),)
    return [
        one(1, "Guideline adherence in paper fever among made-up physicians", sections=gap),
        one(2, "Guideline adherence in cardboard ache among made-up physicians", mesh=(
            MeshHeading("D999001", "Made-up Ache", major=True),)),
        one(3, "Guideline adherence in paper fever long before its made-up years", sections=gap,
            published=PartialDate("2001", 2001)),
        one(4, "Guideline adherence in paper fever told in a made-up language", sections=gap,
            languages=("ger",)),
        one(5, "Guideline adherence in paper fever of made-up mice", sections=gap,
            mesh=(MeshHeading("D000818", "Animals"),)),
        one(6, "The colour of paper fever, described in a made-up way for once"),
    ]  # fmt: skip


@pytest.fixture
def library(articles: list[Article]) -> Iterator[Library]:
    """The user's own library."""
    with Library.open(library_path(), create=True) as opened:
        opened.add(articles, "made up")
        yield opened


@pytest.fixture
def strategy() -> Strategy:
    import yaml

    return build_strategy(Brief.model_validate(yaml.safe_load(BRIEF)))


def ris(*works: tuple[str, str]) -> str:
    return "".join(
        f"TY  - JOUR\nTI  - {title}\nAU  - Nobody, A.\nPY  - 2020\n{more}\nER  - \n"
        for title, more in works
    )


@pytest.fixture
def file(tmp_path: Path, articles: list[Article]) -> Path:
    """Two that are here, one in conflict, one not here, one that cannot be read."""
    path = tmp_path / "client list.ris"
    path.write_text(
        ris(
            (articles[0].title.upper(), ""),
            (articles[1].title, "AN  - 2\nDB  - PubMed"),
            ("Quite another made-up title", "AN  - 3\nDB  - PubMed"),
            ("A made-up work that is =1+1 nowhere at all", ""),
            ("", "VL  - 1"),
        )
    )
    return path


def test_every_entry_is_told_with_status_reason_and_line(library: Library, file: Path) -> None:
    came = cn.import_bibliography(file, library)
    assert (came.matched, came.conflicts, came.unmatched) == (2, 1, 1)
    assert came.pmids == [1, 2]
    table = came.table
    assert table["status"].tolist() == ["matched"] * 2 + ["conflict", "unmatched", "not read"]
    assert table["line"].tolist() == [1, 7, 14, 21, 27]
    assert table["reason"].ne("").tolist() == [False, False, True, True, True]
    assert came.notice == ""


def test_matched_works_are_remembered_as_a_list(library: Library, file: Path) -> None:
    assert stored_lists(library) == []
    cn.import_bibliography(file, library)
    cn.import_bibliography(file, library, name="Board")
    cn.import_bibliography(file, library, name="never", remember=False)
    found = stored_lists(library)
    assert [(one.name, one.matched, one.entries) for one in found] == [
        ("Board", 2, 4),
        ("client list", 2, 4),
    ]
    assert stored_pmids(library, "Board") == [1, 2]
    file.write_text(ris(("Nothing of it is here in this made-up library", "")))
    cn.import_bibliography(file, library, name="Board")
    assert stored_pmids(library, "Board") == []
    with pytest.raises(UsageError, match="no list 'other'"):
        stored_pmids(library, "other")


def test_without_records_to_match_with_it_says_what_to_do(file: Path) -> None:
    with pytest.raises(LibraryError, match="--library sample"):
        cn.import_bibliography(file)
    assert not library_path().exists()
    Library.open(library_path(), create=True).close()
    with pytest.raises(LibraryError, match="--library sample"):
        cn.import_bibliography(file)


def test_a_library_without_lists_stays_as_it_is(library: Library) -> None:
    before = library.connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert stored_lists(library) == []
    assert library.connection.execute("SELECT name FROM sqlite_master").fetchall() == before


@pytest.mark.sample
def test_a_list_matched_with_the_sample_is_kept_in_the_own_library_and_says_so(
    sample_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = next(a for a in sample_library if a.doi)
    file = tmp_path / "one.ris"
    file.write_text(f"TY  - JOUR\nDO  - {some.doi}\nER  - \n")
    with monkeypatch.context() as patch:
        patch.setenv("CMENEEDS_HOME", str(tmp_path / "home"))
        came = cn.import_bibliography(file, sample_library)
        with Library.open(library_path()) as own:
            assert [(o.name, o.matched_with) for o in stored_lists(own)] == [("one", "sample")]
    assert came.pmids == [some.pmid]
    assert "not from PubMed" in came.notice


def test_known_items_say_which_block_keeps_a_work_out(library: Library, strategy: Strategy) -> None:
    table = cn.known_items(strategy, LibrarySource(library), [1, 2, 3, 4, 5, 6, 99, 1])
    told = dict(zip(table["pmid"], table["why"], strict=True))
    assert list(told) == [1, 2, 3, 4, 5, 6, 99]
    assert table["found"].tolist() == [True] + [False] * 6
    assert table["queries"][0] != ""
    assert told[1] == ""
    assert told[2] == "the topic block does not find it"
    assert told[3] == "outside the years of the brief (2001, not in 2016 to 2021)"
    assert told[4] == "in another language (ger)"
    assert told[5] == "left out as animal work"
    assert told[6] == "on the topic and within the limits, but no facet finds it"
    assert told[99] == "not among the records of this source"
    assert table["headings"][1] == "Made-up Ache"
    assert table["in_source"].tolist() == [True] * 6 + [False]
    assert summary(table)[0] == "the strategy finds 1 of 7 known works"


def test_known_items_agree_with_the_search_itself(
    library: Library, strategy: Strategy, articles: list[Article]
) -> None:
    source = LibrarySource(library)
    found = {p for q in strategy.queries for p in source.search(q.text).pmids}
    table = cn.known_items(strategy, source, [a.pmid for a in articles])
    assert set(table["pmid"][table["found"]]) == found == {1}


def test_known_items_take_a_bibliography_and_list_what_has_no_record(
    library: Library, strategy: Strategy, file: Path
) -> None:
    came = cn.import_bibliography(file, library)
    for given in (came, came.bibliography, came.bibliography.entries):
        table = cn.known_items(strategy, LibrarySource(library), given)
        assert table["found"].tolist() == [True, False, False, False]
        assert table["pmid"].isna().tolist() == [False, False, True, True]
        assert table["why"][2].startswith("no record to look for (PMID is of PMID 3")


def test_what_is_not_here_is_looked_up_when_asked_and_matched_by_the_same_rules(
    library: Library, file: Path, articles: list[Article], tmp_path: Path
) -> None:
    far = tmp_path / "far.sqlite"
    ann, ed = Author("Nobody", "Ann", "A"), Author("Else", "Ed", "E")
    more = [
        msgspec.structs.replace(articles[5], pmid=7, title="A made-up work known by its number"),
        msgspec.structs.replace(articles[5], pmid=8, title="A made-up work known by its title"),
        msgspec.structs.replace(articles[5], pmid=9, title="A made-up work of somebody else"),
    ]
    more[2] = msgspec.structs.replace(more[2], authors=(ed, ann))
    with Library.open(far, create=True) as opened:
        opened.add(more, "made up")
    file.write_text(
        ris(
            (more[0].title, "AN  - 7\nDB  - PubMed"),
            (more[1].title, ""),
            (more[2].title, ""),  # of another author there
            ("A made-up title with a number of quite another", "AN  - 8\nDB  - PubMed"),
        )
    )
    assert cn.import_bibliography(file, library).matched == 0
    with Double(far) as ncbi, Library.open(library_path()) as own:
        source = PubMedSource(own, EntrezClient(ncbi.url, sleep=lambda _: None))
        came = cn.import_bibliography(file, library, online=source)
    assert [m.status for m in came.matches] == ["matched", "matched", "unmatched", "conflict"]
    assert came.pmids == [7, 8]
    assert library.get(7) is not None  # what was found is kept
    assert "2 of 4 unmatched entries found" in came.notes[0]


# --- the command line ---------------------------------------------------------------------------


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_source_import_prints_a_summary_and_writes_a_csv(
    library: Library, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brief.yaml").write_text(BRIEF + "source: library\n")
    said = run("source", "import", file, "--brief", "brief.yaml")
    assert "matched            2" in said
    assert "conflict           1" in said
    assert "not read           1" in said
    assert "not read: line 27: an entry with neither a title nor an identifier" in said
    assert "the strategy finds 1 of 4 known works" in said
    with (tmp_path / "client list.matches.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["pmid"] for r in rows] == ["1", "2", "", "", ""]
    assert "client list" in run("source", "lists")


def test_source_known_says_why_not_and_writes_a_csv(
    library: Library, file: Path, tmp_path: Path
) -> None:
    brief, out = tmp_path / "brief.yaml", tmp_path / "known.csv"
    brief.write_text(BRIEF)
    said = run("source", "known", file, "--brief", brief, "--source", "library", "--out", out)
    assert "the strategy finds 1 of 4 known works" in said
    assert "the topic block does not find it" in said
    assert "found" in out.read_text().splitlines()[0]
    run("source", "import", file, "--name", "Board", "--out", out)
    said = run("source", "known", "list:Board", "--brief", brief, "--source", "library")
    assert "the strategy finds 1 of 2 known works" in said


def test_text_of_a_bibliography_cannot_steer_the_terminal(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "odd.ris"
    file.write_text(ris(("A made-up \x1b[31mred\u202e title of nothing", "")))
    said = run("source", "import", file, "--out", tmp_path / "odd.csv")
    assert "\x1b" not in said
    assert "\u202e" not in said
