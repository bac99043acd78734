"""A whole needs assessment from PubMed, Bookshelf, PMC and MeSH: on loopback, and made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import test_report_runs as runs
from guideline_double import Book, GuidelineDouble, Heading, jats
from msgspec.structs import replace

from cmeneeds.assessment import assess
from cmeneeds.brief import Brief
from cmeneeds.errors import NoEvidence, SourceUnavailable
from cmeneeds.library.store import Library, SearchResult
from cmeneeds.records import Event, Related, Section
from cmeneeds.refresh.since import limit_to
from cmeneeds.report.run import make_report
from cmeneeds.retrieval import Records, search
from cmeneeds.sources import LibrarySource
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.pubmed import PubMedSource
from cmeneeds.strategy import build_strategy
from cmeneeds.verify import verify_run

BRIEF = runs.BRIEF.replace(
    "source: library", "source: pubmed\nalso_search: {uspstf: off, ctgov: off}"
).replace("population:", "mesh: [Zandoric Fever, Madeup Fever]\npopulation:", 1)

FULL_TEXT = """<sec><title>Recommendations</title>
<p>We recommend the following in zandoric fever:</p>
<list><list-item><p>Nurses should perform infusion pump dose checks in all patients with zandoric
fever.</p></list-item></list></sec>"""


@dataclass
class Place:
    """PubMed, the user's library, and how to search one with the other."""

    ncbi: GuidelineDouble
    own: Path
    home: Path

    def search(self, text: str = BRIEF) -> Records:
        client = EntrezClient(self.ncbi.url, sleep=lambda _: None)
        with Library.open(self.own, create=True) as library:
            return search(build_strategy(Brief.parse(text)), PubMedSource(library, client))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """PubMed has the made-up records; the guideline says what to do in its full text only."""
    articles = {a.pmid: a for a in runs.made_up_records()}
    articles[102] = replace(articles[102], sections=(), pmcid="PMC900102")
    runs.write_library(tmp_path / "theirs.sqlite", list(articles.values()))
    with GuidelineDouble(tmp_path / "theirs.sqlite") as ncbi:
        title = "Zandoric fever: a made-up practice guideline"
        ncbi.articles["PMC900102"] = jats("PMC900102", FULL_TEXT, pmid=102, title=title)
        ncbi.books[900103] = Book("NBK900103", "Zandoric fever in made-up clinics")
        ncbi.headings[68900001] = Heading(
            "D900001", ("Zandoric Fever", "Fever, Zandoric"), ("C99.1",)
        )
        yield Place(ncbi, tmp_path / "own.sqlite", tmp_path)


def test_the_full_text_of_a_guideline_is_the_other_side_of_a_gap(place: Place) -> None:
    records = place.search()
    assessment = assess(Brief.parse(BRIEF), records)
    row = assessment.gaps[assessment.gaps["cp_pmid"] == 101].iloc[0]
    assert (row.missing, row.bp_source, row.bp_pmid) == ("", "pmid-102", 102)
    assert row.bp_passage.startswith("PMC900102.")
    assert row.best_practice.startswith("Nurses should perform infusion pump dose checks")
    without = place.search(BRIEF.replace("{uspstf", "{pmc: off, uspstf"))
    assert not [d for d in without.documents if d.id.startswith("PMC")]


def test_a_pubmed_run_is_proven_whole_and_needs_nobody_afterwards(
    place: Place, tmp_path: Path
) -> None:
    place.search().save(tmp_path / "snapshot.jsonl.gz")
    place.ncbi.close()
    brief = runs.write_brief(tmp_path, BRIEF)
    made = make_report(brief, outputs=tmp_path / "outputs", library=tmp_path / "snapshot.jsonl.gz")
    result = verify_run(made.folder, compare_library=False)
    assert [str(b) for b in result.broken] == []
    report = (made.folder / "report.md").read_text("utf-8")
    assert "PMC900102" in report
    assert 'address="PMC900102.' in report
    # A passage that is not where it says is found.
    text = report.replace("Nurses should perform infusion", "Nurses may perform infusion")
    assert text != report
    (made.folder / "report.md").write_text(text, "utf-8")
    assert verify_run(made.folder, compare_library=False).broken


def test_what_was_asked_beside_the_records_stands_in_the_search_log(place: Place) -> None:
    records = place.search()
    told = {e.facet: e for e in records.beside}
    assert set(told) == {"standing", "mesh", "bookshelf", "pmc"}
    assert "MeSH has no heading named Madeup Fever" in told["mesh"].notes
    assert told["mesh"].translation == "Zandoric Fever"
    assert told["pmc"].retrieved == 1
    assert records.checked == records.data_date


def test_a_record_retracted_since_it_was_kept_carries_nothing(place: Place) -> None:
    before = assess(Brief.parse(BRIEF), place.search())
    assert 101 in set(before.gaps["cp_pmid"])
    with Library.open(place.home / "theirs.sqlite") as theirs:
        [article] = theirs.get_many([101])
        notice = Related("RetractionIn", 999, "J Made Up. 2021;9:9")
        theirs.add([replace(article, related=(notice,), revised=20210601)], "made up")
    place.ncbi.flagged = {101}
    with Library.open(place.own) as library, library.writing() as db:
        db.execute("UPDATE asked SET day = '2021-01-01'")  # a long time has gone by
    after_records = place.search()
    after = assess(Brief.parse(BRIEF), after_records)
    assert after_records.works["pmid-101"].standing.status == "retracted"
    assert 101 not in set(after.gaps["cp_pmid"])
    [line] = [e for e in after_records.beside if e.facet == "standing"]
    assert (line.count, line.retrieved) == (1, 1)


def test_a_notice_in_the_library_speaks_even_offline(place: Place) -> None:
    with Library.open(place.own, create=True) as library:
        library.add(runs.made_up_records(), "made up")
        notice = runs.made_up_article(
            pmid=990,
            title="Expression of concern: a survey of nurses (made up)",
            publication_types=(runs.Term("Expression of Concern", "D000075742"),),
            related=(Related("ExpressionOfConcernFor", 101, "J Made Up. 2020"),),
        )
        library.add([notice], "made up")
        text = runs.BRIEF
        records = search(build_strategy(Brief.parse(text)), LibrarySource(library))
    assert records.works["pmid-101"].standing.status == "expression of concern"
    assessment = assess(Brief.parse(text), records)
    from cmeneeds.report.sections import Report

    row = assessment.gaps[assessment.gaps["cp_pmid"] == 101].iloc[0]
    report = Report(assessment)
    # Beside every citation of it: in the summary, in the table, on the card.
    for part in (report.summary(), report.gaps()):
        at = part.index("@pmid-101]")
        assert "Expression of concern" in part[at : at + 200]
    assert row.cp_source == "pmid-101"


@pytest.mark.parametrize(("name", "call"), [("pmc", "efetch"), ("bookshelf", "esearch")])
def test_an_outage_of_one_database_is_told_and_does_not_stop_the_run(
    place: Place, name: str, call: str
) -> None:
    def broken(asked_name: str, asked: object, original: object = place.ncbi.special) -> object:
        db = asked.text("db", "pubmed")  # type: ignore[attr-defined]
        if asked_name == call and db in ("pmc", "books"):
            return b"<html><body>made-up outage</body></html>"
        return original(asked_name, asked)  # type: ignore[operator]

    place.ncbi.special = broken  # type: ignore[method-assign,assignment]
    records = place.search()
    lines = [e for e in records.beside if e.facet == name]
    assert any(e.notes for e in lines)
    assert assess(Brief.parse(BRIEF), records) is not None
    required = BRIEF.replace("{uspstf", f"{{{name}: required, uspstf")
    with pytest.raises(SourceUnavailable, match=f"{name}, which the brief requires"):
        place.search(required)


def test_a_misspelt_topic_gets_a_suggestion(place: Place) -> None:
    place.ncbi.spelling = {"zandorik feever": "zandoric fever"}
    text = BRIEF.replace("topic: zandoric fever", "topic: zandorik feever")
    text = text.replace("mesh: [Zandoric Fever, Madeup Fever]\n", "")
    records = place.search(text)
    with pytest.raises(NoEvidence, match="'zandoric fever' instead of 'zandorik feever'"):
        records.require_some(Brief.parse(text))


def test_full_texts_once_fetched_are_read_without_pubmed(place: Place) -> None:
    place.search()
    asked = place.ncbi.count()
    text = BRIEF.replace("source: pubmed", "source: library").replace(
        "{uspstf: off", "{pmc: on, bookshelf: on, uspstf: off"
    )
    with Library.open(place.own) as library:
        records = search(build_strategy(Brief.parse(text)), LibrarySource(library))
    assert place.ncbi.count() == asked
    assert "PMC900102" in {d.id for d in records.documents}


def test_a_search_since_a_day_finds_what_came_in_and_what_the_run_before_had(
    place: Place,
) -> None:
    before = place.search()
    later = runs.made_up_article(
        pmid=901,
        title="A later made-up survey of nurses on zandoric fever: knowledge of dose checks",
        history=(Event("pubmed", 20260201),),
        sections=(Section("Only 31% (62 of 200) of nurses checked doses.", "RESULTS", "RESULTS"),),
    )
    earlier = replace(later, pmid=902, history=(Event("pubmed", 20200201),))
    runs.write_library(place.home / "theirs.sqlite", [later, earlier])
    strategy = build_strategy(Brief.parse(BRIEF))
    with Library.open(place.own) as library:
        source = PubMedSource(library, EntrezClient(place.ncbi.url, sleep=lambda _: None))
        asked, ask = [], source.search

        def without_creation_day(query: str) -> SearchResult:
            asked.append(query)
            return ask(query.replace(" OR 2026/01/01:3000[crdt]", ""))

        # PubMed knows the day of creation; a library, which answers here in its place, does not.
        source.search = without_creation_day
        limit_to(source, strategy, date(2026, 1, 1), before)
        records = search(strategy, source)
    had = {a.pmid for a in before.articles}
    assert {a.pmid for a in records.articles} == had | {901}
    [gaps] = [e for e in records.log if e.facet == "practice_gap"]
    assert "asked only for what came in since 2026-01-01, 1 records" in gaps.notes
    assert sum("(2026/01/01:3000[edat] OR 2026/01/01:3000[crdt])" in q for q in asked) == len(
        strategy.queries
    )
