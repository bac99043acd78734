"""Guidelines and full texts through Entrez: found, kept, and what is said of the rest.

All records, books and articles in this file are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from eutils_double import Fault
from guideline_double import GUIDELINE_BODY, Book, GuidelineDouble, jats

from cmeneeds.documents import Document
from cmeneeds.library.beside import counts
from cmeneeds.library.store import Library
from cmeneeds.records import Article, Related, Term
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.guidelines import (
    GuidelineHarvest,
    Limits,
    find_documents,
    kept_documents,
)

Make = Callable[..., Article]
TOPIC = '("paper fever"[tiab])'
WORDS = ("paper fever",)
DAY = date(2026, 3, 1)


@pytest.fixture
def library(tmp_path: Path, make_article: Make) -> Iterator[Library]:
    """Three found records: a guideline in PMC, a survey in PMC, one that PMC does not have."""
    with Library.open(tmp_path / "own.sqlite", create=True) as library:
        library.add(
            [
                make_article(pmid=1, title="Made-up survey of paper fever", pmcid="PMC900001"),
                make_article(
                    pmid=2,
                    title="Made-up guideline on paper fever",
                    publication_types=(Term("Practice Guideline", "D017065"),),
                ),
                make_article(pmid=3, title="Made-up letter on paper fever"),
            ],
            "made up",
        )
        yield library


@pytest.fixture
def ncbi(tmp_path: Path, make_article: Make) -> Iterator[GuidelineDouble]:
    with Library.open(tmp_path / "theirs.sqlite", create=True) as theirs:
        theirs.add([make_article(pmid=n) for n in range(1, 6)], "made up")
    with GuidelineDouble(tmp_path / "theirs.sqlite") as double:
        double.articles["PMC900001"] = jats("PMC900001", "<p>A made-up third were tested.</p>")
        double.articles["PMC900002"] = jats("PMC900002", GUIDELINE_BODY, pmid=2)
        double.links["pubmed_pmc"] = {2: (900002,)}
        double.books[900101] = Book("NBK900101", "Paper fever in made-up adults")
        yield double


def client_of(ncbi: GuidelineDouble, **more: Any) -> EntrezClient:
    return EntrezClient(ncbi.url, sleep=lambda _: None, **more)


def harvest(
    ncbi: GuidelineDouble, library: Library, limits: Limits | None = None, **more: Any
) -> GuidelineHarvest:
    more.setdefault("today", DAY)
    return find_documents(client_of(ncbi), library, TOPIC, WORDS, (1, 2, 3), limits, **more)


def by_id(found: GuidelineHarvest) -> dict[str, Document]:
    return {d.id: d for d in found.documents}


# --- what is found ------------------------------------------------------------------------------


def test_books_and_full_texts_come_as_documents_with_roles(
    ncbi: GuidelineDouble, library: Library
) -> None:
    found = harvest(ncbi, library)
    documents = by_id(found)
    assert {i: (d.role, d.full_text, d.pmid) for i, d in documents.items()} == {
        "NBK900101": ("guideline", False, 900101),
        "PMC900002": ("guideline", True, 2),
        "PMC900001": ("study", True, 1),
    }
    assert found.outages == ()


def test_a_recommendation_in_a_list_and_a_table_cell_have_stable_addresses(
    ncbi: GuidelineDouble, library: Library
) -> None:
    document = by_id(harvest(ncbi, library))["PMC900002"]
    (item,) = [p for p in document.parts if "test every made-up adult" in p.text]
    assert (item.kind, item.section, item.path) == (
        "list item",
        "recommendations",
        ("Recommendations",),
    )
    (cell,) = [p for p in document.parts if p.text == "41%"]
    assert cell.cell is not None
    assert (cell.cell.row_header, cell.cell.column_header) == (("North",), ("Tested",))
    for part in (item, cell):
        address = document.address(part.number, 0, len(part.text))
        again = by_id(harvest(ncbi, library))["PMC900002"]
        assert again.text_at(address) == part.text


def test_the_log_says_what_was_asked_and_what_came(ncbi: GuidelineDouble, library: Library) -> None:
    listing, books, pmc = harvest(ncbi, library).log
    assert [listing.facet, books.facet, pmc.facet] == ["bookshelf", "bookshelf", "pmc"]
    assert (listing.query, listing.count) == ('"paper fever"[title]', 1)
    assert books.query == f"({TOPIC}) AND pmcbook"
    assert (books.count, books.retrieved, books.new) == (1, 1, 1)
    assert (pmc.count, pmc.retrieved, pmc.data_date) == (2, 2, "2026-03-01")
    assert "1 of the records in PMC are guidelines" in pmc.notes
    assert "other than NCBI's" in pmc.source  # the double is not NCBI, and must not pass for it


def test_what_bookshelf_lists_without_an_abstract_is_named(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books[900102] = Book("NBK900102", "Paper fever in children", in_pubmed=False)
    found = harvest(ncbi, library)
    assert [s.accession for s in found.listed] == ["NBK900102"]
    assert any("must be read on Bookshelf: NBK900102" in note for note in found.notes)


def test_a_listed_section_is_found_in_pubmed_by_its_accession(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books[900103] = Book(
        "NBK900103", "PAPER FEVER: other spelling", abstract="Nothing is real."
    )
    ncbi.books[900104] = Book("NBK900104", "A title of its own", abstract="Of Paper Fever.")
    found = harvest(ncbi, library)
    assert {"NBK900103", "NBK900104"} <= by_id(found).keys()
    assert found.listed == ()


def test_a_listed_section_that_pubmed_does_not_find_by_accession_is_named(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.aid_is_known = False
    ncbi.books[900103] = Book("NBK900103", "Paper fevers", abstract="Nothing is real.")
    ncbi.books[900108] = Book("NBK900108", "On paper fever", abstract="Nothing is real.", year=2020)
    found = harvest(ncbi, library)
    listed = {s.accession for s in found.listed}
    assert listed == {"NBK900103", "NBK900108"} - by_id(found).keys()


def test_publishers_not_known_are_counted_and_left_out(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books[900105] = Book("NBK900105", "Paper fever", publisher="Made-up Press", book="A Book")
    found = harvest(ncbi, library)
    assert "NBK900105" not in by_id(found)
    assert any("1 records are of publishers not known" in n for n in found.notes)


def test_a_reference_book_is_background_and_an_evidence_review_is_a_study(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books[900106] = Book("NBK900106", "Paper fever", "StatPearls Publishing", "StatPearls")
    ncbi.books[900107] = Book(
        "NBK900107", "Paper fever", "Agency for Healthcare Research and Quality (US)", "Reviews"
    )
    documents = by_id(harvest(ncbi, library))
    assert documents["NBK900106"].role == "background"
    assert documents["NBK900107"].role == "study"


# --- limits and what is not open ----------------------------------------------------------------


def test_limits_keep_guidelines_first_and_say_what_is_left(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books[900106] = Book(
        "NBK900106", "Paper fever", "StatPearls Publishing", "StatPearls", year=2025
    )
    found = harvest(ncbi, library, Limits(book_sections=1, pmc_articles=1))
    assert set(by_id(found)) == {"NBK900101", "PMC900002"}
    assert "Bookshelf: 1 of 2 were kept, guidelines first and then the newest" in found.notes
    assert any("1 of 2 full texts lie beyond the limit" in n for n in found.notes)


def test_searches_beyond_the_limit_say_so(ncbi: GuidelineDouble, library: Library) -> None:
    for n in range(900110, 900120):
        ncbi.books[n] = Book(f"NBK{n}", "Paper fever")
    found = harvest(ncbi, library, Limits(book_records=5))
    assert "Bookshelf: only 5 of 11 were looked at" in found.notes
    assert "Bookshelf: only the newest 5 of 11 were looked at" in found.notes


def test_a_text_that_its_publisher_closes_is_named_and_not_asked_for_again(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.articles["PMC900001"] = jats("PMC900001", None)
    found = harvest(ncbi, library)
    assert set(by_id(found)) == {"NBK900101", "PMC900002"}
    assert found.closed == ("PMC900001",)
    assert any("not open to be read: PMC900001" in n for n in found.notes)
    asked = ncbi.count("efetch")
    assert harvest(ncbi, library).closed == ("PMC900001",)
    assert ncbi.count("efetch") == asked


def test_a_closed_text_does_not_use_up_the_limit(ncbi: GuidelineDouble, library: Library) -> None:
    ncbi.articles["PMC900002"] = jats("PMC900002", None)
    found = harvest(ncbi, library, Limits(pmc_articles=1))
    assert set(by_id(found)) == {"NBK900101", "PMC900001"}


def test_closed_texts_are_not_asked_for_without_end(
    ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    pmids = range(101, 141)
    library.add([make_article(pmid=p, pmcid=f"PMC{900000 + p}") for p in pmids], "made up")
    for p in pmids:
        ncbi.articles[f"PMC{900000 + p}"] = jats(f"PMC{900000 + p}", None)
    limits = Limits(pmc_articles=20, pmc_asked=20)
    found = find_documents(
        client_of(ncbi), library, TOPIC, WORDS, list(pmids), limits, sources=("pmc",), today=DAY
    )
    assert (len(found.closed), ncbi.count("efetch")) == (20, 2)
    assert any("20 of 40 full texts lie beyond the limit" in n for n in found.notes)


def test_a_text_that_does_not_arrive_is_named_and_asked_for_next_time(
    ncbi: GuidelineDouble, library: Library
) -> None:
    text = ncbi.articles.pop("PMC900001")
    found = harvest(ncbi, library)
    assert any("not delivered: PMC900001" in n for n in found.notes)
    ncbi.articles["PMC900001"] = text
    assert "PMC900001" in by_id(harvest(ncbi, library))


def test_withdrawn_articles_are_not_read(
    ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    gone = make_article(
        pmid=1, pmcid="PMC900001", related=(Related("RetractionIn", 9),), revised=20250101
    )
    library.add([gone], "made up")
    assert "PMC900001" not in by_id(harvest(ncbi, library))


# --- kept ---------------------------------------------------------------------------------------


def test_a_second_run_asks_only_what_there_is(ncbi: GuidelineDouble, library: Library) -> None:
    first = harvest(ncbi, library)
    fetched, linked = ncbi.count("efetch"), ncbi.count("elink")
    assert fetched > 0
    assert linked > 0
    again = harvest(ncbi, library, today=DAY + timedelta(days=29))
    assert again.documents == first.documents
    assert (ncbi.count("efetch"), ncbi.count("elink")) == (fetched, linked)


def test_old_documents_are_fetched_again(ncbi: GuidelineDouble, library: Library) -> None:
    harvest(ncbi, library)
    ncbi.articles["PMC900001"] = jats("PMC900001", "<p>A made-up half were tested.</p>")
    later = by_id(harvest(ncbi, library, today=DAY + timedelta(days=31)))["PMC900001"]
    assert later.parts[-1].text == "A made-up half were tested."


def test_a_revised_record_has_its_text_fetched_again(
    ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    harvest(ncbi, library)
    ncbi.articles["PMC900001"] = jats("PMC900001", "<p>A made-up half were tested.</p>")
    revised = make_article(pmid=1, title="Revised", pmcid="PMC900001", revised=20260302)
    library.add([revised], "made up")
    assert by_id(harvest(ncbi, library))["PMC900001"].parts[-1].text.startswith("A made-up half")


def test_what_is_kept_is_told_without_asking_anybody(
    ncbi: GuidelineDouble, library: Library
) -> None:
    found = harvest(ncbi, library)
    requests = ncbi.count()
    kept = kept_documents(library, (1, 2, 3, 900101))
    assert {d.id: d for d in kept} == by_id(found)
    assert [d.id for d in kept_documents(library, (1, 900101), ("bookshelf",))] == ["NBK900101"]
    assert ncbi.count() == requests


def test_a_read_only_library_is_served_and_left_alone(
    ncbi: GuidelineDouble, library: Library
) -> None:
    library.seal()
    before = library.path.read_bytes()
    with Library.open(library.path, read_only=True) as locked:
        assert set(by_id(harvest(ncbi, locked))) == {"NBK900101", "PMC900001", "PMC900002"}
    assert library.path.read_bytes() == before


def test_a_library_counts_what_it_keeps(ncbi: GuidelineDouble, library: Library) -> None:
    assert counts(library) == (0, 0, 0, 0)
    ncbi.articles["PMC900001"] = jats("PMC900001", None)
    harvest(ncbi, library)
    assert counts(library) == (2, 1, 1, 0)


def test_a_topic_without_a_name_is_not_looked_for_in_titles(
    ncbi: GuidelineDouble, library: Library
) -> None:
    found = find_documents(client_of(ncbi), library, TOPIC, ["", ' " '], (), today=DAY)
    assert "NBK900101" in by_id(found)
    assert (found.outages, found.log[0].count) == ((), None)
    assert "no name to look for" in found.log[0].notes


# --- outages ------------------------------------------------------------------------------------

BROKEN = [
    Fault("status", status=503), Fault("html"), Fault("drop"), Fault("backend"), Fault("cut"),
    Fault("rate_limit"), Fault("json"),
]  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN, ids=lambda f: f.kind)
@pytest.mark.parametrize("utility", ["esearch", "esummary", "efetch", "elink"])
def test_an_outage_is_told_and_never_a_silent_nothing(
    fault: Fault, utility: str, ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.plan = lambda _, name, __: fault if name == utility else None
    found = harvest(ncbi, library)
    down = {o.source for o in found.outages}
    assert (
        down
        == {
            "esearch": {"bookshelf"},
            "esummary": {"bookshelf"},
            "efetch": {"bookshelf", "pmc"},
            "elink": {"pmc"},
        }[utility]
    )
    for outage in found.outages:
        assert outage.reason
        assert "\n" not in outage.reason
        assert any(outage.reason in entry.notes for entry in found.log)
        assert any(outage.reason in note for note in found.notes)


def test_an_outage_in_passing_costs_nothing(ncbi: GuidelineDouble, library: Library) -> None:
    for utility in ("esearch", "esummary", "efetch", "elink"):
        ncbi.on(utility, 1, Fault("status", status=502))
    found = harvest(ncbi, library)
    assert found.outages == ()
    assert set(by_id(found)) == {"NBK900101", "PMC900001", "PMC900002"}


def test_during_an_outage_what_is_kept_still_counts(
    ncbi: GuidelineDouble, library: Library
) -> None:
    first = harvest(ncbi, library)
    ncbi.plan = lambda _, name, __: Fault("status", status=503) if name == "efetch" else None
    found = harvest(ncbi, library, today=DAY + timedelta(days=90))
    assert {o.source for o in found.outages} == {"bookshelf", "pmc"}
    assert set(by_id(found)) == set(by_id(first))


def test_an_interrupted_run_goes_on_where_it_stopped(
    ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    pmids = tuple(range(101, 126))
    library.add([make_article(pmid=p, pmcid=f"PMC{900000 + p}") for p in pmids], "made up")
    for p in pmids:
        ncbi.articles[f"PMC{900000 + p}"] = jats(f"PMC{900000 + p}", "<p>Nothing is real.</p>")

    def run() -> GuidelineHarvest:
        return find_documents(
            client_of(ncbi, attempts=1), library, TOPIC, WORDS, pmids, sources=("pmc",), today=DAY
        )

    ncbi.on("efetch", 2, Fault("drop"))
    first = run()
    assert len(first.documents) == 10
    assert any("15 full texts were not reached" in n for n in first.notes)
    second = run()
    assert (len(second.documents), second.outages) == (25, ())
    assert ncbi.count("efetch") == 4  # ten, the failed request, ten, five


def test_a_server_without_these_databases_is_an_outage_of_both(
    tmp_path: Path, library: Library, make_article: Make
) -> None:
    from eutils_double import Double

    with Double(library) as plain:
        client = EntrezClient(plain.url, sleep=lambda _: None)
        found = find_documents(client, library, TOPIC, WORDS, (1, 2, 3), today=DAY)
    assert {o.source for o in found.outages} == {"bookshelf", "pmc"}
    assert found.documents == ()


def test_one_article_that_the_service_chokes_on_does_not_hide_the_others(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.articles["PMC900001"] = b"<article><front/></article>"
    found = harvest(ncbi, library)
    assert "PMC900002" in by_id(found)
    assert any("PMC900001" in n for n in found.notes)


# --- recordings ---------------------------------------------------------------------------------


def test_recorded_full_texts_come_through_as_they_are_parsed(
    recordings: Path, ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    files = sorted((recordings / "jats").glob("*.nxml"))
    for number, path in enumerate(files, 1001):
        text = path.read_bytes()
        ncbi.articles[path.stem] = text[text.index(b"<article ") :]
        library.add([make_article(pmid=number, pmcid=path.stem)], "made up")
    pmids = range(1001, 1001 + len(files))
    found = find_documents(
        client_of(ncbi), library, TOPIC, WORDS, list(pmids), sources=("pmc",), today=DAY
    )
    assert {d.id for d in found.documents} == {p.stem for p in files}
    assert all(d.full_text and len(d.parts) > 2 for d in found.documents)


def test_a_recorded_listing_of_bookshelf_is_named(
    recordings: Path, ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books = {2825746: Book("NBK65951", "paper fever", in_pubmed=False)}
    body = (recordings / "ncbi-samples" / "esummary.books.xml").read_bytes()
    ncbi.recorded["esummary", "books"] = body
    found = find_documents(
        client_of(ncbi), library, TOPIC, WORDS, (), sources=("bookshelf",), today=DAY
    )
    (section,) = found.listed
    assert (section.accession, section.source.key if section.source else "") == ("NBK65951", "nci")
    assert found.outages == ()


def test_recorded_book_records_become_documents(
    recordings: Path, ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.books = {20301295: Book("NBK1116", "paper fever")}
    body = (recordings / "ncbi-samples" / "efetch.pubmedbook.xml").read_bytes()
    ncbi.recorded["efetch", "pubmed"] = body
    found = find_documents(
        client_of(ncbi), library, TOPIC, WORDS, (), sources=("bookshelf",), today=DAY
    )
    documents = by_id(found)
    assert documents["NBK1116"].pmid == 20301295
    assert documents["NBK1116"].role == "background"
    assert [p.kind for p in documents["NBK1116"].parts[:2]] == ["title", "abstract paragraph"]
    kept = library.get(20301295)
    assert kept is not None
    assert kept.sections[0].text == documents["NBK1116"].parts[1].text
