"""Links between records, and whether a cited work still stands.

All records in this file are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from eutils_double import Double, Fault
from guideline_double import GuidelineDouble

from cmeneeds.documents import Document
from cmeneeds.errors import LibraryReadOnly, UsageError
from cmeneeds.eutils_info import parse_einfo
from cmeneeds.eutils_links import parse_elink
from cmeneeds.library import schema
from cmeneeds.library.beside import StoredLink, linking_to, store_links, stored_links
from cmeneeds.library.store import Library
from cmeneeds.records import NOTICES_IN, NOTICES_OF, STANDINGS, Article, Related, Term
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.links import BATCH, KINDS, links, recheck_standing
from cmeneeds.standing import Notice, Notices, Standing, checked_on, standing

Make = Callable[..., Article]
DAY = date(2026, 3, 1)
PMIDS = (1, 2, 3)


@pytest.fixture
def library(tmp_path: Path, make_article: Make) -> Iterator[Library]:
    with Library.open(tmp_path / "own.sqlite", create=True) as library:
        library.add([make_article(pmid=n) for n in PMIDS], "made up")
        yield library


@pytest.fixture
def ncbi(tmp_path: Path, make_article: Make) -> Iterator[GuidelineDouble]:
    """PubMed, where record 2 has been retracted by 50 since the library fetched it."""
    with Library.open(tmp_path / "theirs.sqlite", create=True) as theirs:
        theirs.add([make_article(pmid=n) for n in (1, 3)], "made up")
        notice = Related("RetractionIn", 50, "J Made Up. 2026;1:1")
        theirs.add([make_article(pmid=2, related=(notice,), revised=20260201)], "made up")
    with GuidelineDouble(tmp_path / "theirs.sqlite") as double:
        double.links["pubmed_pubmed_citedin"] = {1: (7, 8), 2: (9,)}
        double.links["pubmed_pubmed"] = {1: (1, 3, 2)}
        double.flagged = {2}
        yield double


def client_of(ncbi: GuidelineDouble, **more: Any) -> EntrezClient:
    return EntrezClient(ncbi.url, sleep=lambda _: None, **more)


# --- links --------------------------------------------------------------------------------------


def test_each_record_gets_its_own_links_and_none_is_an_answer(
    ncbi: GuidelineDouble, library: Library
) -> None:
    found = links(client_of(ncbi), library, PMIDS, ("cited_by", "related"), today=DAY)
    assert found.targets("cited_by") == {1: (7, 8), 2: (9,), 3: ()}
    # The record itself stands first among those related to it at NCBI; it is no link.
    assert found.found["related"][1] == (StoredLink(3, 7), StoredLink(2, 7))
    assert found.asked["cited_by"] == dict.fromkeys(PMIDS, "2026-03-01")
    assert [a.id_lists()[0].known for a in ncbi.asked[:1]] == [(1,)]  # one `id` each
    assert len(ncbi.asked[0].id_lists()) == 3


def test_links_are_kept_with_their_day_and_not_asked_for_again(
    ncbi: GuidelineDouble, library: Library
) -> None:
    first = links(client_of(ncbi), library, PMIDS, today=DAY)
    again = links(client_of(ncbi), library, PMIDS, today=DAY + timedelta(days=30))
    assert (again.found, again.asked) == (first.found, first.asked)
    assert ncbi.count("elink") == 1
    ncbi.links["pubmed_pubmed_citedin"] = {1: (7, 8, 10)}
    later = links(client_of(ncbi), library, PMIDS, today=DAY + timedelta(days=31))
    assert later.targets("cited_by") == {1: (7, 8, 10), 2: (), 3: ()}


def test_without_a_client_the_library_tells_what_it_has(
    ncbi: GuidelineDouble, library: Library
) -> None:
    links(client_of(ncbi), library, (1,), today=DAY)
    found = links(None, library, PMIDS, today=DAY)
    assert found.targets("cited_by") == {1: (7, 8)}  # nobody asked about 2 and 3
    assert linking_to(library, "pubmed_pubmed_citedin", (8, 9)) == {8: (1,)}


def test_many_records_go_in_several_requests(
    ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    many = list(range(1, 2 * BATCH + 2))
    ncbi.links["pubmed_pubmed_citedin"] = {n: (n + 1,) for n in many}
    found = links(client_of(ncbi), library, many, today=DAY)
    assert found.targets("cited_by") == {n: (n + 1,) for n in many}
    assert ncbi.count("elink") == 3


def test_an_outage_of_elink_is_told_and_what_came_before_it_is_kept(
    ncbi: GuidelineDouble, library: Library
) -> None:
    many = list(range(1, 2 * BATCH + 1))
    ncbi.on("elink", 2, Fault("drop"))
    found = links(client_of(ncbi, attempts=1), library, many, today=DAY)
    assert [o.source for o in found.outages] == ["elink"]
    assert any(found.outages[0].reason in n for n in found.notes)
    assert set(found.found["cited_by"]) == set(range(1, BATCH + 1))
    assert stored_links(library, "pubmed_pubmed_citedin", many).keys() == set(range(1, BATCH + 1))


def test_an_unknown_kind_is_refused_by_name(ncbi: GuidelineDouble, library: Library) -> None:
    with pytest.raises(UsageError, match="retractions"):
        links(client_of(ncbi), library, PMIDS, ("retractions",))


def test_link_names_are_ncbis_own(recordings: Path) -> None:
    lists = [
        parse_einfo((recordings / name).read_bytes()).database
        for name in ("biopython/einfo2.xml", "ncbi-samples/einfo.pubmed.json")
    ]
    known = {k.name: k.db_to for info in lists if info is not None for k in info.links}
    answers = [*recordings.glob("bio*/elink*.xml"), *recordings.glob("*/test_elink.yaml")]
    recorded = "".join(p.read_text("utf-8") for p in answers)
    for kind in KINDS.values():
        assert known.get(kind.name) == kind.db or f"<LinkName>{kind.name}<" in recorded, kind.name
    # Why notices are looked for by search: elink has no link to them.
    assert not [n for n in known if any(w in n for w in ("retract", "errat", "correct", "update"))]


@pytest.mark.parametrize("file", ["elink1.xml", "elink4.xml"])
def test_recorded_links_come_through_by_record(
    file: str, recordings: Path, ncbi: GuidelineDouble, library: Library
) -> None:
    body = (recordings / "biopython" / file).read_bytes()
    ncbi.recorded["elink", "pubmed"] = body
    (answer,) = parse_elink(body)
    pmid = int(answer.ids[0])
    found = links(client_of(ncbi), library, (pmid,), ("cited_by", "related"), today=DAY)
    assert found.targets("cited_by") == {pmid: tuple(map(int, answer.to("pubmed_pubmed_citedin")))}
    related = [int(i) for i in answer.to("pubmed_pubmed")]
    assert found.targets("related") == {pmid: tuple(i for i in related if i != pmid)}
    assert found.outages == ()


def test_cmeneeds_serve_answers_from_the_links_that_the_library_keeps(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.links["pubmed_pmc"] = {1: (900001,)}
    links(client_of(ncbi), library, PMIDS, ("cited_by", "related", "pmc"), today=DAY)
    with Double(library) as server:
        client = EntrezClient(server.url, sleep=lambda _: None)

        def ask(name: str, **words: Any) -> tuple[str, ...]:
            words.setdefault("db", "pubmed")
            words.setdefault("dbfrom", "pubmed")
            (answer,) = parse_elink(client.call("elink", linkname=name, **words))
            return answer.to(name)

        assert ask("pubmed_pubmed", id="1") == ("3", "2")  # the closest first
        assert ask("pubmed_pubmed_citedin", id="1,2") == ("9", "8", "7")
        assert ask("pubmed_pmc", id="1", db="pmc") == ("900001",)
        assert ask("pmc_pubmed", id="900001", dbfrom="pmc") == ("1",)


# --- a library of before ------------------------------------------------------------------------


def as_before(path: Path) -> None:
    """Turn a library into one of schema 2, which had none of these tables."""
    import sqlite3

    db = sqlite3.connect(path)
    for table in ("documents", "links", "asked"):
        db.execute(f"DROP TABLE {table}")
    db.execute("PRAGMA user_version = 2")
    db.close()


def test_a_library_of_schema_2_is_upgraded_when_opened_for_writing(
    tmp_path: Path, make_article: Make
) -> None:
    path = tmp_path / "old.sqlite"
    with Library.open(path, create=True) as library:
        library.add([make_article(pmid=1)], "made up")
        library.seal()
    as_before(path)
    with Library.open(path, read_only=True) as library:
        assert library.get(1) is not None
        assert stored_links(library, "pubmed_pmc", (1,)) == {}
    with Library.open(path) as library:
        store_links(library, "pubmed_pmc", {1: [StoredLink(5)]}, DAY)
        assert library.get(1) is not None
    with Library.open(path) as library:
        assert stored_links(library, "pubmed_pmc", (1,)) == {1: (StoredLink(5),)}
        version = library.connection.execute("PRAGMA user_version").fetchone()[0]
    assert version == schema.SCHEMA_VERSION


# --- standing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "status"), NOTICES_IN.items())
def test_a_record_tells_its_own_standing(kind: str, status: str, make_article: Make) -> None:
    found = standing(make_article(related=(Related(kind, 50, "J Made Up. 2026"),)))
    assert found.status == status
    assert found.by == (Notice(status, "own record", 50, "J Made Up. 2026"),)
    assert found.source == "own record"
    assert "PMID 50" in found.sentence


@pytest.mark.parametrize(("kind", "status"), NOTICES_OF.items())
def test_another_record_tells_it_where_the_own_is_silent(
    kind: str, status: str, make_article: Make
) -> None:
    silent = make_article(pmid=1)
    notice = make_article(pmid=50, title="Made-up notice", related=(Related(kind, 1),))
    found = standing(silent, notices=Notices.among([silent, notice]))
    assert found.status == status
    assert found.by == (Notice(status, "other record", 50, "Made-up notice"),)


def test_the_gravest_word_counts_and_all_are_kept(make_article: Make) -> None:
    corrected = make_article(pmid=1, related=(Related("ErratumIn", 40),))
    notice = make_article(pmid=50, related=(Related("RetractionOf", 1),))
    found = standing(corrected, notices=Notices.among([notice]))
    assert (found.status, found.is_withdrawn) == ("retracted", True)
    assert [(n.status, n.pmid) for n in found.by] == [("retracted", 50), ("corrected", 40)]
    assert "PMID 40" not in found.sentence  # of the correction, not of the retraction


def test_a_publication_type_without_a_notice_counts_too(make_article: Make) -> None:
    found = standing(make_article(publication_types=(Term("Retracted Publication"),)))
    assert (found.status, found.by) == ("retracted", (Notice("retracted", "own record"),))
    assert found.sentence == "Retracted."


def test_silence_is_unknown_and_never_fine(make_article: Make) -> None:
    found = standing(make_article(), notices=Notices.among([]), checked="2026-03-01")
    assert (found.status, found.by, found.source) == ("unknown", (), "")
    assert found.is_withdrawn is False
    assert "unknown" in found.sentence.lower()
    assert "2026-03-01" in found.sentence
    for word in ("fine", "clean", "valid", "ok"):
        assert word not in STANDINGS


def test_a_full_text_tells_its_own_standing_and_that_of_others(make_article: Make) -> None:
    text = Document(
        id="PMC900001",
        kind="pmc article",
        pmid=1,
        related=(Related("retraction-forward", None, "10.5555/made.up"),),
    )
    own = standing(make_article(pmid=1), text)
    assert (own.status, own.source) == ("retracted", "full text")
    notice = Document(
        id="PMC900002",
        kind="pmc article",
        article_type="retraction",
        related=(Related("retracted-article", None, "https://doi.org/10.5555/MADE.up"),),
    )
    other = standing(
        make_article(pmid=3, doi="10.5555/made.UP"), notices=Notices.among([], [notice])
    )
    assert (other.status, other.by[0].reference) == ("retracted", "PMC900002")


def test_notices_of_a_whole_library(library: Library, make_article: Make) -> None:
    kind = (Term("Retraction of Publication", "D016440"),)
    notice = make_article(pmid=50, publication_types=kind, related=(Related("RetractionOf", 1),))
    library.add([notice], "made up")
    known = Notices.of_library(library) + Notices.among([notice])
    first = library.get(1)
    assert standing(first, notices=known).by == (
        Notice("retracted", "other record", 50, "Made-up record 50"),
    )
    assert standing(library.get(3), notices=known) == Standing()


def test_news_of_a_retraction_come_into_the_record_itself(
    ncbi: GuidelineDouble, library: Library
) -> None:
    assert standing(library.get(2)).status == "unknown"
    check = recheck_standing(client_of(ncbi), library, PMIDS, today=DAY)
    assert (check.asked, check.flagged, check.revised) == (3, (2,), (2,))
    found = standing(library.get(2), checked=checked_on(library, PMIDS)[2])
    assert (found.status, found.by[0].pmid, found.checked) == ("retracted", 50, "2026-03-01")
    assert standing(library.get(1)).status == "unknown"
    assert links(None, library, PMIDS, ("notices",)).targets("notices") == {1: (), 2: (50,), 3: ()}


def test_standing_is_not_asked_twice_a_day(ncbi: GuidelineDouble, library: Library) -> None:
    recheck_standing(client_of(ncbi), library, PMIDS, today=DAY)
    asked = ncbi.count()
    assert recheck_standing(client_of(ncbi), library, PMIDS, today=DAY).asked == 0
    assert ncbi.count() == asked
    later = recheck_standing(client_of(ncbi), library, PMIDS, today=DAY + timedelta(days=2))
    assert (later.asked, later.flagged) == (3, (2,))


@pytest.mark.parametrize("fetched", [DAY - timedelta(days=100), None])
def test_a_corrected_record_that_is_retracted_later_is_fetched_again(
    fetched: date | None, ncbi: GuidelineDouble, library: Library, make_article: Make
) -> None:
    corrected = make_article(pmid=2, related=(Related("ErratumIn", 40),), revised=20220101)
    library.add([corrected], "made up")
    if fetched is not None:  # a record imported from a file was never fetched
        library.mark_fetched([2], fetched)
    check = recheck_standing(client_of(ncbi), library, PMIDS, today=DAY)
    assert check.revised == (2,)
    assert standing(library.get(2)).status == "retracted"


@pytest.mark.parametrize("utility", ["esearch", "efetch"])
def test_standing_that_could_not_be_asked_is_told(
    utility: str, ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.plan = lambda _, name, __: Fault("status", status=503) if name == utility else None
    check = recheck_standing(client_of(ncbi), library, PMIDS, today=DAY)
    assert [o.source for o in check.outages] == ["standing"]
    assert check.asked == 0
    assert any("3 records" in n for n in check.notes)
    assert checked_on(library, PMIDS) == {}


def test_a_flag_that_the_record_does_not_explain_is_told(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.flagged = {3}
    check = recheck_standing(client_of(ncbi), library, PMIDS, today=DAY)
    assert any("3" in n and "does not say why" in n for n in check.notes)


def test_standing_is_not_rechecked_into_a_read_only_library(
    ncbi: GuidelineDouble, library: Library
) -> None:
    library.seal()
    with (
        Library.open(library.path, read_only=True) as locked,
        pytest.raises(LibraryReadOnly),
    ):
        recheck_standing(client_of(ncbi), locked, PMIDS, today=DAY)


def test_every_retraction_of_the_sample_is_told_by_own_or_other_record(
    sample_library: Library,
) -> None:
    """Genuine records: where a notice is in the sample, the record that it retracts is known."""
    notices = Notices.of_library(sample_library)
    retracted = [p for p, ns in notices.by_pmid.items() if any(n.status == "retracted" for n in ns)]
    assert retracted
    for article in sample_library.get_many(retracted):
        assert standing(article, notices=notices).status == "retracted"
