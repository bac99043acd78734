"""`cmeneeds serve`: E-utilities over a library, asked by real clients and by hostile ones."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import logging
import re
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from Bio import Entrez, Medline
from eutils_double import KINDS, Double, Fault
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cmeneeds import records as r
from cmeneeds.errors import LibraryEmpty, LibraryNotFound, UsageError
from cmeneeds.library.store import Library
from cmeneeds.pubmed_xml import Problem, read_articles
from cmeneeds.server import EutilsServer, Limits, make_server
from cmeneeds.server.asked import Asked, Refused
from cmeneeds.server.desk import Desk, Shared
from cmeneeds.server.history import MAX_ENVIRONMENTS, MAX_SETS, History
from cmeneeds.server.pubmed_out import mixed, render
from cmeneeds.server.searching import in_field
from cmeneeds.server.spelling import _within_two
from cmeneeds.sources import sample

Make = Callable[..., r.Article]

HOSTILE = 'H<sub>2</sub>O & "x" ]]> <script>alert(1)</script> \'; DROP TABLE records;-- é Ω 🩺'


def full_record() -> r.Article:
    """A made-up record in which every field has a value."""
    text = "Of 10 9 made-up patients, x+y were well."
    return r.Article(
        pmid=30000001,
        version=2,
        title="Made-up trial of CO2 in E. coli <carriers>",
        title_markup=(r.Markup(19, 20, "sub"), r.Markup(24, 31, "i"), r.Markup(24, 26, "b")),
        vernacular_title="Erfundene Studie",
        sections=(
            r.Section(
                text, "RESULTS", "RESULTS", (r.Markup(6, 7, "sup"), r.Markup(26, 29, "math"))
            ),
            r.Section('A "quoted"\n\tlabel & more', 'A & "B" <C>', "CONCLUSIONS"),
        ),
        other_abstracts=(r.OtherAbstract("ger", "Publisher", (r.Section("Nichts stimmt."),)),),
        copyright="© Nobody & Sons",
        authors=(
            r.Author("O'Doe", "Jane", "J", "Jr", affiliations=("A & B", "C"), orcid="0000-0001"),
            r.Author(collective="The <Made-up> Group"),
        ),
        authors_complete=False,
        investigators=(r.Author("Roe", "Rick", "R"),),
        journal=r.Journal(
            "Journal of Made-up Records", "J. Made Up", "J Made Up", "9999999", "0000-0000",
            "0000-0001", "Nowhere", "12", "3 Suppl",
        ),
        published=r.PartialDate("2020 Dec-2021 Jan", 2020, 12),
        electronic=r.PartialDate("2020 06 07", 2020, 6, 7),
        pages="1-9",
        doi="10.0000/made<up>&1",
        pmcid="PMC999001",
        pii="S-1",
        languages=("eng", "ger"),
        publication_types=(r.Term("Journal Article", "D016428"),),
        mesh=(
            r.MeshHeading(
                "D003924", "Diabetes Mellitus, Type 2", False,
                (r.Qualifier("Q000188", "drug therapy", True),),
            ),
            r.MeshHeading("D014481", "United States", kind="Geographic"),
        ),
        supplementary=(r.Term("Made-up disease", "C000001", "Disease"),),
        keywords=(
            r.Keyword("asthma & wheeze", True, "NOTNLM"), r.Keyword("two", owner="NOTNLM"),
            r.Keyword("three", owner="PIP"),
        ),
        substances=(r.Term("Carbon Dioxide", "D002245", "142M471B3J"),),
        grants=(r.Grant("G1", "XX", "Made-up Agency", "Nowhere"),),
        databanks=(r.DataBank("ClinicalTrials.gov", ("NCT00000000",)), r.DataBank("Other")),
        related=(r.Related("ErratumIn", 30000002, "J Made Up. 2021;1:1", "A note"),),
        references=(30000002, 30000003),
        conflict_of_interest="None, & none <declared>.",
        subjects=(r.Author("Person", "Famous", "F"),),
        citation_subsets=("IM", "N"),
        status="MEDLINE",
        owner="NLM",
        publication_model="Print-Electronic",
        publication_status="ppublish",
        revised=20210102,
        completed=20201231,
        history=(r.Event("received", 20200101), r.Event("pubmed", 20200608)),
    )  # fmt: skip


def book_record() -> r.Article:
    return r.Article(
        pmid=30000009,
        title="A made-up chapter",
        title_markup=(r.Markup(2, 9, "i"),),
        sections=(r.Section("Nothing here is real.", "Summary"),),
        authors=(r.Author("Doe", "Jane", "J"),),
        book=r.Book(
            "A Made-up Book & More", "madeup", "Nobody Press", "Nowhere", "2nd", ("000",),
            (r.Author("Roe", "Rick", "R"),),
        ),
        published=r.PartialDate("2019", 2019),
        electronic=r.PartialDate("2018 Jan 2", 2018, 1, 2),
        languages=("eng",),
        publication_types=(r.Term("Review", "D016454"),),
        keywords=(r.Keyword("chapter"),),
        references=(30000001,),
        history=(r.Event("pubmed", 20190101),),
        publication_status="ppublish",
        revised=20200101,
        grants=(r.Grant(agency="A"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def library_path(tmp_path_factory: pytest.TempPathFactory, make_article: Make) -> Path:
    path = tmp_path_factory.mktemp("server") / "library.sqlite"
    common = "Made-up asthma vaccination diabetes record"
    some = [
        make_article(
            pmid=30000010 + i,
            title=f"{common} number {i}",
            published=r.PartialDate(f"{2000 + i * 7 % 20} Mar", 2000 + i * 7 % 20, 3),
            authors=(r.Author(f"Author{chr(90 - i)}", "A", "A"),),
            journal=r.Journal(f"Journal {i * 5 % 7}", medline=f"J{i * 5 % 7}"),
            history=(r.Event("pubmed", 20200101 + i),),
            references=(30000001,) if i < 3 else (),
        )
        for i in range(20)
    ]
    hostile = make_article(pmid=30000003, title=HOSTILE)
    marked = make_article(pmid=30000004, title=f"{HOSTILE}2", sections=(r.Section(HOSTILE),))
    with Library.open(path, create=True) as library:
        library.add([full_record(), book_record(), hostile, marked, *some], "made up")
        library.seal()
    return path


@pytest.fixture(scope="module")
def server(library_path: Path) -> Iterator[EutilsServer]:
    with make_server(library_path) as running:
        running.start()
        yield running


@pytest.fixture
def library(library_path: Path) -> Iterator[Library]:
    with Library.open(library_path, read_only=True) as opened:
        yield opened


class Reply:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def xml(self) -> Any:
        return etree.fromstring(self.body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(server: EutilsServer, name: str, /, post: bool = False, **words: Any) -> Reply:
    """One request; lists become repeated parameters."""
    data = urllib.parse.urlencode(words, doseq=True)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        if post:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", f"/entrez/eutils/{name}.fcgi", data, kind)
        else:
            connection.request("GET", f"/entrez/eutils/{name}.fcgi?{data}")
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def ids_of(reply: Reply) -> list[int]:
    return [int(i.text) for i in reply.xml.iterfind("IdList/Id")]


# --- records as XML and text --------------------------------------------------------------------


def read_back(articles: list[r.Article]) -> list[Any]:
    problems: list[Problem] = []
    found = list(read_articles(render(articles), problems.append))
    assert problems == []
    return found


def dtd() -> etree.DTD:
    folder = Path(Entrez.__file__).parent / "DTDs"
    return etree.DTD(str(folder / "pubmed_240101.dtd"))


def test_a_record_with_every_field_comes_back_equal() -> None:
    record = full_record()
    empty = r.Article(pmid=record.pmid)
    same = [f for f in record.__struct_fields__ if getattr(record, f) == getattr(empty, f)]
    assert same == ["pmid", "book"], "the made-up record should set every other field"
    assert read_back([record]) == [record]
    assert read_back([book_record()]) == [book_record()]


def test_records_are_valid_by_nlms_own_dtd() -> None:
    document = etree.fromstring(render([full_record(), book_record()]))
    checker = dtd()
    record = document.find("PubmedArticle")
    author = record.find(".//AuthorList/Author")
    assert author.find("LastName").text == "O'Doe"
    assert checker.validate(document), checker.error_log


def test_a_bare_record_comes_back_equal() -> None:
    assert read_back([r.Article(pmid=7)]) == [r.Article(pmid=7)]
    assert read_back([]) == []


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\r<>&\"'"),
    max_size=30,
).filter(lambda t: not set(t) & {"\ufffe", "\uffff"})


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, tuple[r.Markup, ...]]:
    """Text with properly nested markup, as the reader gives it."""
    parts: list[str] = []
    marks: list[r.Markup] = []

    def fill(depth: int, at: int) -> int:
        for _ in range(draw(st.integers(0, 3))):
            piece = draw(texts)
            parts.append(piece)
            at += len(piece)
            if depth < 3 and draw(st.booleans()):
                slot = len(marks)
                marks.append(r.Markup(at, at, "i"))
                end = fill(depth + 1, at)
                tag = draw(st.sampled_from(["sup", "sub", "i", "b", "u"]))
                marks[slot] = r.Markup(at, end, tag)
                at = end
        return at

    fill(0, 0)
    return "".join(parts), tuple(marks)


@given(marked_texts())
@settings(max_examples=300, deadline=None)
def test_any_nested_markup_comes_back_equal(marked: tuple[str, tuple[r.Markup, ...]]) -> None:
    record = r.Article(pmid=1, title=marked[0], title_markup=marked[1])
    assert read_back([record]) == [record]


@given(
    texts,
    st.lists(
        st.builds(
            r.Markup,
            st.integers(-5, 40),
            st.integers(-5, 40),
            st.sampled_from(["sup", "i", "math", "script"]),
        )
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_markup_gives_well_formed_xml_with_the_same_text(
    text: str, marks: list[r.Markup]
) -> None:
    found = etree.fromstring(f"<x>{mixed(text, marks)}</x>")
    assert "".join(found.itertext()) == text


@pytest.mark.parametrize(
    "date",
    [
        r.PartialDate("2021", 2021),
        r.PartialDate("2021 Mar", 2021, 3),
        r.PartialDate("2021 03 04", 2021, 3, 4),
        r.PartialDate("2021 Mar 4", 2021, 3, 4),
        r.PartialDate("2021 Spring", 2021),
        r.PartialDate("2021 Mar-Apr", 2021),  # a season by that name
        r.PartialDate("2021 Mar-Apr", 2021, 3),
        r.PartialDate("2020 Dec-2021 Jan", 2020, 12),
        r.PartialDate("Winter 1998-1999", 1998),
        r.PartialDate("no date & <none>"),
        r.PartialDate("2021 Mar 15-20", 2021, 3),
    ],
    ids=lambda d: d.raw,
)
def test_dates_come_back_equal(date: r.PartialDate) -> None:
    record = r.Article(pmid=1, published=date)
    assert read_back([record]) == [record]


def test_what_xml_cannot_hold_keeps_its_place() -> None:
    (back,) = read_back([r.Article(pmid=1, title="a\x00b\x0bc\ufffe\ud800d")])
    assert back.title == "a\ufffdb\ufffdc\ufffd\ufffdd"


def test_medline_text_is_read_by_biopython(server: EutilsServer) -> None:
    reply = ask(server, "efetch", db="pubmed", id="30000001,30000003", rettype="medline")
    assert reply.headers["Content-Type"] == "text/plain; charset=UTF-8"
    first, second = Medline.parse(io.StringIO(reply.text))
    assert (first["PMID"], first["TI"]) == ("30000001", full_record().title)
    assert first["AU"] == ["O'Doe J Jr"]
    assert first["MH"] == ["Diabetes Mellitus, Type 2/*drug therapy", "United States"]
    assert first["PT"] == ["Journal Article"]
    assert first["PMC"] == "PMC999001"
    assert second["TI"] == HOSTILE


def test_abstract_text_holds_what_one_reads(server: EutilsServer) -> None:
    words = {"db": "pubmed", "id": "30000003,30000001", "rettype": "abstract", "retmode": "text"}
    text = ask(server, "efetch", **words).text
    assert text.startswith("1. ")
    assert "\n2. J. Made Up. 2020 Dec-2021 Jan;12(3 Suppl):1-9." in text
    assert "PMID: 30000001 [indexed for MEDLINE]" in text
    assert "RESULTS: Of 10 9 made-up patients" in text


# --- Bio.Entrez ---------------------------------------------------------------------------------


@pytest.fixture
def entrez(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Point Bio.Entrez to another server, through the one name that it opens URLs with."""

    def point(url: str) -> Any:
        def opened(request: Any, *args: Any) -> Any:
            if not isinstance(request, str):
                request.full_url = url + request.full_url.rpartition("/eutils/")[2]
            return urllib.request.urlopen(request, *args, timeout=30)

        module: Any = Entrez
        monkeypatch.setattr(module, "urlopen", opened)
        monkeypatch.setattr(module, "email", "someone@example.org")
        monkeypatch.setattr(module, "api_key", "not-a-key")  # 10 requests a second
        monkeypatch.setattr(module, "max_tries", 1)
        return module

    return point


def read(handle: Any) -> Any:
    with handle:
        return Entrez.read(handle, validate=True)


def test_bio_entrez_finds_what_the_library_finds(
    server: EutilsServer, library: Library, entrez: Callable[[str], Any]
) -> None:
    e = entrez(server.url)
    for query in ("asthma", "asthma AND 2005:2010[dp]", "made-up[ti] NOT diabetes", '"E. coli"'):
        expected = library.search(query)
        found = read(e.esearch(db="pubmed", term=query, retmax=100))
        assert [int(i) for i in found["IdList"]] == list(expected.pmids)
        assert int(found["Count"]) == expected.count
        assert found["QueryTranslation"] == expected.translation


def test_bio_entrez_goes_through_history(
    server: EutilsServer, library: Library, entrez: Callable[[str], Any]
) -> None:
    e = entrez(server.url)
    found = read(e.esearch(db="pubmed", term="asthma", usehistory="y", retmax=0))
    kept = {"webenv": found["WebEnv"], "query_key": found["QueryKey"]}
    titles = []
    for start in range(0, int(found["Count"]), 8):
        words = {"db": "pubmed", "retmode": "xml", "retstart": start, "retmax": 8, **kept}
        titles += [
            re.sub("</?(?:sub|i|b)>", "", a["MedlineCitation"]["Article"]["ArticleTitle"])
            for a in read(e.efetch(**words))["PubmedArticle"]
        ]
    assert titles == [a.title for a in library.get_many(library.search("asthma").pmids)]
    summaries = read(e.esummary(db="pubmed", **kept))
    assert [s["Title"] for s in summaries] == titles


def test_bio_entrez_reads_all_the_others(
    server: EutilsServer, entrez: Callable[[str], Any]
) -> None:
    e = entrez(server.url)
    assert read(e.einfo())["DbList"] == ["pubmed"]
    (info,) = read(e.einfo(db="pubmed"))["DbInfo"]
    assert info["Count"] == "24"
    assert "TIAB" in {f["Name"] for f in info["FieldList"]}
    posted = read(e.epost(db="pubmed", id="30000003,30000001"))
    (first, second) = read(
        e.esummary(db="pubmed", webenv=posted["WebEnv"], query_key=posted["QueryKey"])
    )
    assert first["Title"] == HOSTILE
    assert second["AuthorList"] == ["O'Doe J Jr", "The <Made-up> Group"]
    assert second["DOI"] == full_record().doi
    assert second["PubDate"] == "2020 Dec-2021 Jan"
    (links,) = read(e.elink(dbfrom="pubmed", db="pubmed", id="30000001"))
    found = {s["LinkName"]: [link["Id"] for link in s["Link"]] for s in links["LinkSetDb"]}
    assert found == {
        "pubmed_pubmed_refs": ["30000003", "30000002"],
        "pubmed_pubmed_citedin": ["30000012", "30000011", "30000010", "30000009"],
    }
    spelled = read(e.espell(db="pubmed", term="athsma AND vacination[ti]"))
    assert spelled["CorrectedQuery"] == "asthma AND vaccination[ti]"
    assert read(e.espell(db="pubmed", term="asthma[ti] OR diabetes"))["CorrectedQuery"] == ""


def test_every_search_field_that_einfo_names_works(server: EutilsServer) -> None:
    for field in ask(server, "einfo", db="pubmed").xml.iterfind(".//Field"):
        name, is_date = field.findtext("Name"), field.findtext("IsDate") == "Y"
        term = "2020" if is_date else "30000001" if name == "UID" else "hasabstract"
        found = ask(server, "esearch", db="pubmed", term=f"{term}[{name}]").xml
        assert found.find("ERROR") is None, name


@pytest.mark.sample
def test_bio_entrez_on_the_sample(sample_library: Library, entrez: Callable[[str], Any]) -> None:
    with make_server(sample_library) as running:
        running.start()
        e = entrez(running.url)
        assert sample.NOTICE in read(e.einfo(db="pubmed"))["DbInfo"][0]["Description"]
        reply = ask(running, "esearch", db="pubmed", term="stroke")
        assert reply.headers["Cmeneeds-Notice"] == sample.NOTICE
        for query in ("stroke[ti] AND 2021[dp]", "diabetes mellitus, type 2[mh]", "smith j[au]"):
            expected = sample_library.search(query)
            found = read(e.esearch(db="pubmed", term=query, usehistory="y", retmax=9999))
            assert [int(i) for i in found["IdList"]] == list(expected.pmids)
            kept = {"webenv": found["WebEnv"], "query_key": found["QueryKey"], "db": "pubmed"}
            articles = read(e.efetch(retmode="xml", **kept))["PubmedArticle"]
            assert [int(a["MedlineCitation"]["PMID"]) for a in articles] == list(expected.pmids)
            records = sample_library.get_many(expected.pmids)
            titles = [s["Title"] for s in read(e.esummary(**kept))]
            assert titles == [" ".join(a.title.split()) for a in records]
            with e.efetch(retmode="xml", **kept) as handle:
                assert list(read_articles(handle.read())) == records


@pytest.mark.sample
def test_all_sample_records_come_back_equal_and_valid(sample_library: Library) -> None:
    checker = dtd()
    portion: list[r.Article] = []
    seen = 0
    for article in sample_library:
        portion.append(article)
        seen += 1
        if len(portion) == 1000 or seen == len(sample_library):
            assert read_back(portion) == portion
            document = etree.fromstring(render(portion))
            assert checker.validate(document), checker.error_log
            portion = []
    assert seen == len(sample_library)


@pytest.mark.sample
@pytest.mark.long
def test_old_records_come_back_equal(sample_files: dict[str, Path]) -> None:
    """30,000 records of 1976 to 1980, most with MeSH."""
    with gzip.open(sample_files["pubmed20n0014.xml.gz"]) as stream:
        records = [a for a in read_articles(stream.read()) if isinstance(a, r.Article)]
    for start in range(0, len(records), 1000):
        assert read_back(records[start : start + 1000]) == records[start : start + 1000]


def test_real_efetch_answers_come_back_equal(recordings: Path) -> None:
    """PubMed's own answers: read, written and read again, books among them."""
    found = 0
    for path in sorted(recordings.glob("*/*pubmed*.xml")):
        if b"<PubmedArticleSet" not in path.read_bytes()[:2000]:
            continue
        records = [a for a in read_articles(path) if isinstance(a, r.Article)]
        assert read_back(records) == records, path.name
        found += len(records)
    assert found > 10


# --- other clients ------------------------------------------------------------------------------


@pytest.mark.sample
def test_edirect_gets_the_same_records(sample_library: Library, tmp_path: Path) -> None:
    """`esearch | efetch | xtract` of NCBI's own command-line tools."""
    tools = {name: shutil.which(name) for name in ("esearch", "efetch", "xtract")}
    if not all(tools.values()):
        pytest.skip("EDirect is not installed (Debian: apt-get install ncbi-entrez-direct)")
    query = "stroke[ti] AND rehabilitation"
    with make_server(sample_library) as running:
        running.start()
        pipe = (
            f"{tools['esearch']} -base {running.url} -db pubmed -query '{query}' </dev/null"
            f" | {tools['efetch']} -base {running.url} -format xml"
            f" | {tools['xtract']} -pattern PubmedArticle -element MedlineCitation/PMID"
            " ArticleTitle"
        )
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["/bin/sh", "-c", pipe], capture_output=True, timeout=120, env=environment, check=True
        )
    assert b"FAILURE" not in done.stderr, done.stderr.decode()
    found = [line.split("\t") for line in done.stdout.decode().splitlines()]
    records = sample_library.get_many(sample_library.search(query).pmids)
    assert len(found) == len(records) > 3
    plain = {str(a.pmid): a.title for a in records if not a.title_markup and a.title.isascii()}
    assert {pmid for pmid, _ in found} == {str(a.pmid) for a in records}
    assert {pmid: title for pmid, title in found if pmid in plain} == plain


# --- esearch ------------------------------------------------------------------------------------


def test_pages_and_counts(server: EutilsServer) -> None:
    everything = ids_of(ask(server, "esearch", db="pubmed", term="asthma", retmax=50))
    assert len(everything) == 21  # twenty numbered ones, and one by its keyword
    page = ask(server, "esearch", db="pubmed", term="asthma", retstart=5, retmax=7)
    assert ids_of(page) == everything[5:12]
    assert page.xml.findtext("RetMax") == "7"
    assert len(ids_of(ask(server, "esearch", db="pubmed", term="asthma"))) == 20
    count = ask(server, "esearch", db="pubmed", term="asthma", rettype="count").xml
    assert [(e.tag, e.text) for e in count] == [("Count", "21")]


def test_json_says_what_xml_says(server: EutilsServer) -> None:
    said = ask(server, "esearch", db="pubmed", term="asthma", retmode="json", usehistory="y").json
    assert said["header"] == {"type": "esearch", "version": "0.3"}
    result = said["esearchresult"]
    found = ask(server, "esearch", db="pubmed", term="asthma")
    assert [int(i) for i in result["idlist"]] == ids_of(found)
    assert result["count"] == "21"
    assert result["querytranslation"] == found.xml.findtext("QueryTranslation")
    assert result["webenv"]
    assert "MeSH" in result["warninglist"]["outputmessages"][0]


def test_sorting(server: EutilsServer, library: Library) -> None:
    def sorted_by(order: str) -> list[r.Article]:
        words = {"db": "pubmed", "term": "asthma[ti]", "retmax": 50, "sort": order}
        return library.get_many(ids_of(ask(server, "esearch", **words)))

    dates = [a.published.first for a in sorted_by("pub_date")]
    assert dates == sorted(dates, reverse=True)
    names = [a.authors[0].last for a in sorted_by("Author")]
    assert names == sorted(names)
    journals = [a.journal.medline for a in sorted_by("JournalName")]
    assert journals == sorted(journals)
    assert sorted_by("relevance") == sorted_by("")
    odd = ask(server, "esearch", db="pubmed", term="asthma[ti]", sort="size").xml
    assert "Unknown sort schema 'size' ignored" in odd.findtext("WarningList/OutputMessage")


def test_dates_and_fields(server: EutilsServer, library: Library) -> None:
    def found(**words: str) -> list[int]:
        return ids_of(ask(server, "esearch", db="pubmed", retmax=100, **words))

    def expected(query: str) -> list[int]:
        return list(library.search(query).pmids)

    pairs = {"mindate": "2003", "maxdate": "2009/06", "datetype": "pdat"}
    assert found(term="asthma", **pairs) == expected("asthma AND 2003:2009/06[dp]")
    assert found(term="asthma", mindate="2010") == expected("asthma AND 2010:3000[dp]")
    assert found(term="asthma", maxdate="2010") == expected("asthma AND 1000:2010[dp]")
    edat = {"mindate": "2020/01/05", "maxdate": "2020/01/09", "datetype": "edat"}
    assert found(term="asthma", **edat) == expected("asthma AND 2020/01/05:2020/01/09[edat]")
    assert found(term="asthma", reldate="1") == []
    # PMIDs in a row are joined by OR, and stay so beside a date.
    assert set(found(term="30000010 30000011", mindate="1990")) == {30000010, 30000011}
    assert found(term="number 1", field="title") == expected("number 1[ti]")
    assert found(term="2005", field="pdat") == expected("2005[dp]")


@pytest.mark.parametrize(
    ("term", "tagged"),
    [
        ("heart failure", "heart failure[ti]"),
        ("heart failure AND (stroke OR \"acute care\")",
         'heart failure[ti] AND ( stroke[ti] OR "acute care"[ti] )'),
        ("a[au] NOT b", "a[au] NOT b[ti]"),
        ('"x y" z', '"x y"[ti] z[ti]'),
    ],
)  # fmt: skip
def test_a_field_goes_to_what_has_none(term: str, tagged: str) -> None:
    assert in_field(term, "ti") == tagged


def test_history_combines(server: EutilsServer) -> None:
    first = ask(server, "esearch", db="pubmed", term="asthma", usehistory="y").xml
    kept = {"WebEnv": first.findtext("WebEnv"), "query_key": first.findtext("QueryKey")}
    both = ask(server, "esearch", db="pubmed", term="2005:2010[dp]", usehistory="y", **kept)
    assert both.xml.findtext("WebEnv") == kept["WebEnv"]
    assert both.xml.findtext("QueryKey") == "2"
    direct = ask(server, "esearch", db="pubmed", term="asthma AND 2005:2010[dp]")
    assert ids_of(both) == ids_of(direct)
    again = ask(server, "esearch", db="pubmed", query_key="2", WebEnv=kept["WebEnv"])
    assert ids_of(again) == ids_of(direct)
    assert again.xml.findtext("QueryTranslation") == "#2"


def test_remarks_about_every_query_are_no_warnings(server: EutilsServer) -> None:
    """EDirect takes each warning for a failure and waits to ask again."""
    reply = ask(server, "esearch", db="pubmed", term="the asthma")
    assert reply.xml.find("WarningList") is None
    assert "MeSH" in reply.headers["Cmeneeds-Remarks"]
    unknown = ask(server, "esearch", db="pubmed", term="Nothing Such[mh]").xml
    warnings = [m.text for m in unknown.iterfind("WarningList/OutputMessage")]
    assert "match nothing" in warnings[0]
    assert warnings[-1] == "No items found."


# --- errors -------------------------------------------------------------------------------------

TOO_FAR = "'retstart' cannot be larger than 9998"


@pytest.mark.parametrize(
    ("name", "words", "status", "said"),
    [
        ("esearch", {"db": "pubmed"}, 200, "Empty term and query_key - nothing todo"),
        ("esearch", {"db": "fleegle", "term": "x"}, 200, "Invalid db name specified: fleegle"),
        ("esearch", {"db": "pubmed", "term": "x", "retstart": 9999}, 200, TOO_FAR),
        ("esearch", {"db": "pubmed", "term": "x", "retmax": "-1"}, 200, "parameter retmax"),
        ("esearch", {"db": "pubmed", "term": "x", "retmode": "html"}, 400, "retmode=html"),
        ("esearch", {"db": "pubmed", "term": "(x"}, 200, "never closed"),
        ("esearch", {"db": "pubmed", "term": "x[fleegle]"}, 200, "unknown field tag"),
        ("esearch", {"db": "pubmed", "term": "x", "field": "fleegle"}, 200, "unknown field tag"),
        ("esearch", {"db": "pubmed", "term": "x[doi]"}, 200, "Article Identifier"),
        ("esearch", {"db": "pubmed", "term": "#1 AND x"}, 200, "Search history in a term"),
        ("esearch", {"db": "pubmed", "term": "x", "mindate": "yesterday"}, 200, "Invalid date"),
        ("esearch", {"db": "pubmed", "term": "x", "mindate": "2020/13"}, 200, "no date"),
        ("esearch", {"db": "pubmed", "term": "x", "reldate": "1", "datetype": "z"}, 200, "datetyp"),
        ("esearch", {"db": "pubmed", "query_key": 1, "WebEnv": "no"}, 200, "Unable to obtain que"),
        ("efetch", {"db": "pubmed"}, 400, "ID list is empty!"),
        ("efetch", {"db": "pubmed", "id": "abc"}, 400, "ID list is empty!"),
        ("efetch", {"db": "fleegle", "id": "1"}, 400, "Invalid db name specified: fleegle"),
        ("efetch", {"db": "pubmed", "id": "1", "rettype": "gb"}, 400, "rettype=gb"),
        ("efetch", {"db": "pubmed", "id": "1", "retmode": "json"}, 400, "retmode=json"),
        ("efetch", {"query_key": "1", "WebEnv": "no"}, 200, "Unable to obtain query #1"),
        ("efetch", {"id": ",".join(["1"] * 10_001)}, 400, "Too many UIDs"),
        ("esummary", {"db": "pubmed"}, 200, "Empty id list - nothing todo"),
        ("esummary", {"db": "pubmed", "id": "abc"}, 200, "Invalid uid abc at position=0"),
        ("esummary", {"db": "pubmed", "id": "5"}, 200, "UID=5: cannot get document summary"),
        ("esummary", {"db": "fleegle", "id": "5"}, 200, "Invalid db name specified: fleegle"),
        ("epost", {"db": "pubmed"}, 200, "Empty ID list; Nothing to store"),
        ("epost", {"db": "pubmed", "id": "x,y"}, 200, "Some IDs have invalid value"),
        ("epost", {"db": "nothing", "id": "1"}, 200, "Invalid db name specified: nothing"),
        ("einfo", {"db": "fleegle"}, 200, "Can not retrieve DbInfo for db=fleegle"),
        ("elink", {"dbfrom": "pubmed"}, 200, "Empty id list"),
        ("elink", {"dbfrom": "fleegle", "id": "1"}, 200, "Invalid db name specified: fleegle"),
        ("elink", {"db": "gene", "id": "1"}, 200, "Invalid db name specified: gene"),
        ("elink", {"id": "1", "cmd": "llinks"}, 200, "cmd=llinks is not supported"),
        ("elink", {"id": "1", "linkname": "pubmed_gene"}, 200, "linkname=pubmed_gene"),
        ("espell", {"db": "pubmed"}, 200, "Empty term"),
    ],
    ids=lambda value: None if isinstance(value, int) else str(value)[:30],
)  # fmt: skip
@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_errors_in_ncbis_words(
    server: EutilsServer, name: str, words: dict[str, Any], status: int, said: str, post: bool
) -> None:
    reply = ask(server, name, post=post, **words)
    assert reply.status == status
    assert reply.headers["Content-Type"] == "text/xml; charset=UTF-8"
    assert said in "".join(e.text for e in reply.xml.iter("ERROR"))


def test_errors_in_json(server: EutilsServer) -> None:
    bad = {"db": "fleegle", "term": "x", "id": "1", "retmode": "json"}
    said = "Invalid db name specified: fleegle"
    assert ask(server, "esearch", **bad).json["esearchresult"] == {"ERROR": said}
    assert ask(server, "esummary", **bad).json["esummaryresult"] == [said]
    assert "fleegle" in ask(server, "einfo", **bad).json["einforesult"]["ERROR"]
    many = ",".join(str(i) for i in range(1, 502))
    reply = ask(server, "esummary", post=True, db="pubmed", id=many, retmode="json")
    assert "500 for JSON" in reply.json["esummaryresult"][0]


def test_unknown_records(server: EutilsServer) -> None:
    reply = ask(server, "efetch", db="pubmed", id="5,6")
    assert (reply.status, len(reply.xml)) == (200, 0)
    assert reply.xml.tag == "PubmedArticleSet"
    said = ask(server, "esummary", db="pubmed", id="5", retmode="json").json["result"]
    assert said["5"] == {"uid": "5", "error": "cannot get document summary"}
    second = ask(server, "esummary", db="pubmed", id="5", version="2.0").xml
    assert second.findtext(".//DocumentSummary/error") == "cannot get document summary"


# --- efetch, esummary, elink --------------------------------------------------------------------


def test_ids_come_in_any_way(server: EutilsServer) -> None:
    ways: list[tuple[bool, Any]] = [
        (False, "30000012,30000010"), (False, ["30000012", "30000010"]),
        (True, "30000012 30000010"), (True, "30000012,abc, 30000010,30000012"),
    ]  # fmt: skip
    for post, ids in ways:
        reply = ask(server, "efetch", post=post, db="pubmed", id=ids, rettype="uilist")
        assert reply.text == "30000012\n30000010\n"
    page = ask(server, "efetch", id="30000012,30000010,30000011", retstart=1, retmax=1)
    assert [a.pmid for a in read_articles(page.body)] == [30000010]  # type: ignore[union-attr]
    as_xml = ask(server, "efetch", id="30000012", rettype="uilist", retmode="xml").xml
    assert [i.text for i in as_xml] == ["30000012"]


def test_summaries_agree(server: EutilsServer) -> None:
    words = {"db": "pubmed", "id": "30000001,30000003,30000009"}
    one = ask(server, "esummary", **words).xml
    two = ask(server, "esummary", version="2.0", **words).xml
    three = ask(server, "esummary", retmode="json", **words).json["result"]
    titles = [i.text for i in one.iterfind("DocSum/Item[@Name='Title']")]
    assert titles == [full_record().title, HOSTILE, "A made-up chapter"]
    assert [t.text for t in two.iterfind(".//DocumentSummary/Title")] == titles
    assert [three[uid]["title"] for uid in three["uids"]] == titles
    first = three["30000001"]
    assert [a["name"] for a in first["authors"]] == ["O'Doe J Jr", "The <Made-up> Group"]
    assert {i["idtype"]: i["value"] for i in first["articleids"]}["pmc"] == "PMC999001"
    assert first["sortpubdate"] == "2020/12/01 00:00"
    names = [
        a.text for a in two.iterfind(".//DocumentSummary[@uid='30000001']/Authors/Author/Name")
    ]
    assert names == [a["name"] for a in first["authors"]]


def test_links(server: EutilsServer) -> None:
    to_pmc = ask(server, "elink", dbfrom="pubmed", db="pmc", id="30000001,30000003").xml
    assert to_pmc.findtext(".//LinkSetDb/LinkName") == "pubmed_pmc"
    assert [i.text for i in to_pmc.iterfind(".//Link/Id")] == ["999001"]
    back = ask(server, "elink", dbfrom="pmc", db="pubmed", id="999001", retmode="json").json
    assert back["linksets"][0]["linksetdbs"][0]["links"] == ["30000001"]
    # One set for each id parameter, one for all in a list.
    apart = ask(server, "elink", id=["30000001", "30000010"], linkname="pubmed_pubmed_refs").xml
    assert [s.findtext(".//Link/Id") for s in apart.iterfind("LinkSet")] == ["30000003", "30000001"]
    checked = ask(server, "elink", id="30000001,30000003", cmd="ncheck").xml
    assert [i.get("HasNeighbor") for i in checked.iterfind(".//IdCheckList/Id")] == ["Y", "Y"]
    kept = ask(server, "elink", id="30000001", cmd="neighbor_history").xml
    history = {
        s.findtext("LinkName"): s.findtext("QueryKey") for s in kept.iter("LinkSetDbHistory")
    }
    words = {"WebEnv": kept.findtext(".//WebEnv"), "query_key": history["pubmed_pubmed_citedin"]}
    citing = ask(server, "efetch", rettype="uilist", **words)
    assert citing.text.split() == ["30000012", "30000011", "30000010", "30000009"]


def test_links_follow_the_library(library_path: Path, tmp_path: Path, make_article: Make) -> None:
    path = tmp_path / "copy.sqlite"
    shutil.copy(library_path, path)
    with make_server(path) as running:
        running.start()
        words = {"id": "30000003", "linkname": "pubmed_pubmed_citedin"}
        before = ask(running, "elink", **words).xml
        with Library.open(path) as own:
            own.add([make_article(pmid=30000099, references=(30000003,))], "one more")
        after = ask(running, "elink", **words).xml
    assert [i.text for i in before.iterfind(".//Link/Id")] == ["30000001"]
    assert [i.text for i in after.iterfind(".//Link/Id")] == ["30000099", "30000001"]


def test_word_distance() -> None:
    pairs = {("athsma", "asthma"): True, ("diabetse", "diabetes"): True, ("stroke", "strike"): True}
    pairs |= {("stroke", "asthma"): False, ("abc", "abcdef"): False, ("", "ab"): True}
    assert {pair: _within_two(*pair) for pair in pairs} == pairs


# --- history ------------------------------------------------------------------------------------


def test_history_expires() -> None:
    now = [0.0]
    history = History(lifetime=10, clock=lambda: now[0])
    env, key = history.add([3, 2, 1])
    now[0] = 9
    found = history.get(env, key)
    assert found is not None
    assert list(found.pmids) == [3, 2, 1]
    now[0] = 18.5  # used at 9
    assert history.get(env, key) is not None
    now[0] = 30
    assert history.get(env, key) is None
    assert len(history) == 0
    other, number = history.add([1], env)
    assert (other != env, number) == (True, 1)


def test_history_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    first, _ = history.add([1])
    for _ in range(MAX_ENVIRONMENTS):
        history.add([1])
    assert len(history) == MAX_ENVIRONMENTS
    assert history.get(first, 1) is None
    env = ""
    for _ in range(MAX_SETS + 1):
        env, key = history.add([1], env)
    assert key == 1  # a full environment is followed by a new one
    monkeypatch.setattr("cmeneeds.server.history.MAX_IDS", 1000)
    env, key = history.add(range(2000))
    assert history.get(env, key) is not None
    assert len(history) == 1


def test_an_expired_history_is_said_in_ncbis_words(library_path: Path) -> None:
    with make_server(library_path, history=History(lifetime=0.2)) as running:
        running.start()
        found = ask(running, "esearch", term="asthma", usehistory="y").xml
        words = {"WebEnv": found.findtext("WebEnv"), "query_key": "1"}
        assert len(ask(running, "efetch", **words).xml) == 21
        time.sleep(0.4)
        reply = ask(running, "efetch", **words)
        assert (reply.status, reply.xml.findtext("ERROR")) == (200, "Unable to obtain query #1")


@pytest.mark.sample
def test_a_search_can_be_listed_up_to_9999(sample_library: Library) -> None:
    with make_server(sample_library) as running:
        running.start()
        words = {"db": "pubmed", "term": "eng[la]", "usehistory": "y", "retmax": 100_000}
        reply = ask(running, "esearch", **words)
        pmids = sample_library.search("eng[la]").pmids
        assert len(pmids) > 10_000
        assert reply.xml.findtext("Count") == str(len(pmids))
        assert ids_of(reply) == list(pmids[:9999])
        kept = {"WebEnv": reply.xml.findtext("WebEnv"), "query_key": "1", "rettype": "uilist"}
        tail = ask(running, "efetch", retstart=9990, retmax=500, **kept)
        assert [int(i) for i in tail.text.split()] == list(pmids[9990:9999])
        beyond = ask(running, "efetch", retstart=9999, **kept)
        assert (beyond.status, TOO_FAR in beyond.text) == (400, True)


# --- hostile clients ----------------------------------------------------------------------------


def raw(server: EutilsServer, request: bytes, *, end: bool = False, timeout: float = 10) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as line:
        line.sendall(request)
        if end:
            line.shutdown(socket.SHUT_WR)
        parts = []
        while part := line.recv(65536):
            parts.append(part)
        return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = b"POST /entrez/eutils/esearch HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n%s"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/", 404), (b"/entrez/eutils/", 404), (b"/entrez/eutils/efetch.cgi", 404),
        (b"/entrez/eutils/../../etc/passwd", 404), (b"/entrez/eutils/..%2f..%2fetc/passwd", 404),
        (b"/entrez/eutils/efetch%00.fcgi", 404), (b"/entrez/eutils/%ff%fe", 404),
        (b"/entrez/eutils/" + b"a" * 60_000, 404), (b"/entrez/eutils/einfo?" + b"a" * 70_000, 414),
        (b"/entrez//eutils/einfo", 404), (b"http://evil.example/entrez/eutils/einfo", 404),
        (b"*", 404), (b"/entrez/eutils/einfo", 200), (b"/entrez/eutils/einfo.fcgi", 200),
        (b"/entrez/eutils/einfo.fcgi?" + b"&" * 12_000, 400),
        (b"/entrez/eutils/einfo.fcgi?" + b"a=b&" * 12_000, 400),
        (b"/entrez/eutils/esearch?term=%00%ff%ed%a0%80", 200),
        (b"/entrez/eutils/esearch?term=" + b"(" * 40_000, 200),
    ],
    ids=lambda v: None if isinstance(v, int) else repr(v[:40]),
)  # fmt: skip
def test_hostile_paths(server: EutilsServer, path: bytes, status: int) -> None:
    answer = raw(server, GET % path)
    assert status_of(answer) == status
    assert b"Traceback" not in answer
    assert b"passwd" not in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"PUT /entrez/eutils/einfo HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /entrez/eutils/einfo HTTP/9.9\r\n\r\n", 505),
        (b"GET /entrez/eutils/einfo HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /entrez/eutils/einfo HTTP/1.1\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /entrez/eutils/einfo HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (POST % (b"Content-Type: text/plain\r\nContent-Length: 1", b"x"), 415),
        (POST % (b"X: y", b""), 411),
        (POST % (b"Transfer-Encoding: chunked", b"1\r\nx\r\n0\r\n\r\n"), 411),
        (POST % (b"Content-Length: -1", b""), 400),
        (POST % (b"Content-Length: 1e9", b""), 400),
        (POST % ("Content-Length: ٣".encode(), b""), 400),
        (POST % (b"Content-Length: 5\r\nContent-Length: 6", b"term=x"), 400),
        (POST % (b"Content-Length: 99999999999999999999", b""), 413),
        (POST % (b"Content-Length: 3000000", b"x" * 3_000_000), 413),
        (POST % (b"Content-Length: 50", b"term=x"), 400),
    ],
    ids=lambda v: None if isinstance(v, int) else repr(v[:60]),
)  # fmt: skip
def test_hostile_requests(server: EutilsServer, request_bytes: bytes, status: int) -> None:
    answer = raw(server, request_bytes, end=True)
    assert status_of(answer) == status
    assert b"Traceback" not in answer
    assert b"\r\nContent-Length: " in answer


PARAMETERS = (
    "db", "dbfrom", "term", "id", "retmode", "rettype", "retmax", "retstart", "sort", "field",
    "mindate", "maxdate", "reldate", "datetype", "WebEnv", "query_key", "usehistory", "version",
    "cmd", "linkname",
)  # fmt: skip


@given(
    st.sampled_from(["esearch", "efetch", "esummary", "epost", "elink", "espell", "einfo"]),
    st.dictionaries(
        st.sampled_from(PARAMETERS),
        st.text(max_size=20)
        | st.sampled_from(["pubmed", "json", "xml", "1", "30000001", "asthma[ti]", "y", "2020"]),
        max_size=6,
    ),
)
@settings(max_examples=400, deadline=None)
def test_any_parameters_get_an_answer(
    server: EutilsServer, name: str, words: dict[str, str]
) -> None:
    encoded = {k: v.encode("utf-8", "surrogatepass") for k, v in words.items()}
    reply = ask(server, name, post=True, **encoded)
    assert reply.status in (200, 400)
    kind = reply.headers["Content-Type"]
    if kind.startswith("text/xml"):
        etree.fromstring(reply.body)
    elif kind.startswith("application/json"):
        assert reply.json["header"]["type"] == name


def test_a_body_larger_than_said_is_not_taken_for_a_request(server: EutilsServer) -> None:
    smuggled = b"term=xGET /entrez/eutils/einfo HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(server, POST % (b"Content-Length: 6", smuggled), end=True)
    assert answer.count(b"<eSearchResult>") == 1
    body = b"GET /entrez/eutils/einfo HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd"
    assert raw(server, body, end=True).count(b"HTTP/1.1 ") == 1


def test_head_and_lengths(server: EutilsServer) -> None:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    sizes = {}
    for method in ("GET", "HEAD", "GET"):  # on one connection
        line.request(method, "/entrez/eutils/efetch?id=30000001")
        answer = line.getresponse()
        sizes[method] = int(answer.headers["Content-Length"])
        assert len(answer.read()) == (0 if method == "HEAD" else sizes[method])
    assert sizes["GET"] == sizes["HEAD"] > 1000
    line.close()


def test_slow_clients_are_let_go(library_path: Path) -> None:
    with make_server(library_path, limits=Limits(idle=0.3, request=0.8)) as running:
        running.start()
        began = time.monotonic()
        assert raw(running, b"GET /entrez/eu") == b""
        assert time.monotonic() - began < 5
        late = raw(running, POST % (b"Content-Length: 50", b"term="))
        assert status_of(late) == 408
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as line:
            try:
                for byte in b"GET /entrez/eutils/einfo HTTP/1.1\r\nHost: localhost\r\n":
                    line.sendall(bytes([byte]))  # each in time, but all of it too slow
                    time.sleep(0.1)
            except OSError:
                pass
            assert time.monotonic() - began < 12
        assert ask(running, "einfo").status == 200


def test_fifty_clients_at_once(server: EutilsServer, library: Library) -> None:
    expected = list(library.search("asthma").pmids)

    def one(number: int) -> bool:
        found = ids_of(ask(server, "esearch", term="asthma", retmax=99, usehistory="y"))
        records = ask(server, "efetch", post=True, id=",".join(map(str, found)))
        return found == expected == [a.pmid for a in read_articles(records.body)]  # type: ignore[union-attr]

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(one, range(150)))


def test_too_many_connections_are_refused(library_path: Path) -> None:
    with make_server(library_path, limits=Limits(connections=3)) as running:
        running.start()
        lines = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(3)]
        time.sleep(0.3)
        reply = ask(running, "einfo")
        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
        for line in lines:
            line.close()
        time.sleep(0.3)
        assert ask(running, "einfo").status == 200


def test_a_slow_statement_is_stopped(library_path: Path) -> None:
    desk = Desk(Shared(library_path, History(), seconds=0.2))
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    try:
        began = time.monotonic()
        with pytest.raises(Refused, match="took longer than") as refused, desk.time_limit():
            desk.db.execute(endless).fetchone()
        assert (refused.value.status, time.monotonic() - began < 5) == (503, True)
        assert desk.db.execute("SELECT count(*) FROM articles").fetchone() == (24,)
    finally:
        desk.close()


def test_nothing_private_is_logged(
    server: EutilsServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(server, "esearch", term="asthma", api_key="secret-key", email="me@example.org")
        raw(server, GET % b"/nowhere?api_key=secret-key")
        time.sleep(0.1)
    said = caplog.text + "".join(capfd.readouterr())
    assert "GET esearch 200" in said
    assert "secret-key" not in said
    assert "example.org" not in said
    assert "asthma" not in said


# --- interfaces, tokens, life -------------------------------------------------------------------

TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "example.org"])
def test_other_interfaces_are_refused(library_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="reached from other machines"):
        make_server(library_path, host)
    with pytest.raises(UsageError, match="reached from other machines"):
        make_server(library_path, host, token=TOKEN)
    with pytest.raises(UsageError, match="reached from other machines"):
        make_server(library_path, host, allow_remote=True)


def test_a_token_is_asked_for(library_path: Path) -> None:
    with pytest.raises(UsageError, match="shorter than 16"):
        make_server(library_path, token="short")
    with make_server(library_path, "0.0.0.0", token=TOKEN, allow_remote=True) as running:
        running.start()
        assert ask(running, "einfo").status == 401
        assert ask(running, "einfo", api_key="wrong").status == 401
        assert ask(running, "einfo", api_key="ünicode").status == 401
        assert ask(running, "einfo", api_key=TOKEN).status == 200
        assert ask(running, "einfo", post=True, api_key=TOKEN).status == 200
        header = b"GET /entrez/eutils/einfo HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n"
        assert status_of(raw(running, header % TOKEN.encode())) == 200
        assert status_of(raw(running, header % b"wrong")) == 401
        assert TOKEN.encode() not in raw(running, header % b"wrong")


def test_only_a_library_with_records_is_served(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound):
        make_server(tmp_path / "none.sqlite")
    Library.open(tmp_path / "empty.sqlite", create=True).close()
    with pytest.raises(LibraryEmpty):
        make_server(tmp_path / "empty.sqlite")


def test_a_taken_port_is_said(server: EutilsServer, library_path: Path) -> None:
    with pytest.raises(UsageError, match=f"port {server.port}"):
        make_server(library_path, port=server.port)
    with pytest.raises(UsageError, match="port 70000"):
        make_server(library_path, port=70000)


def test_the_library_is_never_written(library_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    shutil.copy(library_path, path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    before = path.read_bytes()
    path.chmod(0o444)
    with make_server(path) as running:
        running.start()
        for name in ("esearch", "efetch", "esummary", "epost", "elink", "espell", "einfo"):
            words = {"db": "pubmed", "term": "athsma", "id": "30000001", "usehistory": "y"}
            assert ask(running, name, **words).status == 200
    assert path.read_bytes() == before


def test_requests_under_way_are_finished_at_the_end(library_path: Path) -> None:
    double = Double(library_path, delay=0.5)
    with ThreadPoolExecutor(8) as pool, double as running:
        idle = socket.create_connection(("127.0.0.1", running.server.port))
        waiting = [pool.submit(ask, running.server, "efetch", id="30000001") for _ in range(4)]
        while double.count() < 4:
            time.sleep(0.01)
        double.server.close(grace=5.0)
        assert [len(w.result().xml) for w in waiting] == [1] * 4
        assert idle.recv(10) == b""
        idle.close()
        with pytest.raises(OSError, match=r".*"):
            socket.create_connection(("127.0.0.1", running.server.port), timeout=1)


def test_parameters_in_any_case() -> None:
    asked = Asked([("WebEnv", " x "), ("RETMAX", "7"), ("retmax", "8"), ("sort", "pub date")])
    assert asked.text("webenv") == "x"
    assert asked.number("retmax", 20) == 7
    assert asked.number("retstart", 3) == 3
    assert asked.choice("sort") == "pub_date"
    assert Asked([("retmax", "9" * 5000)]).number("retmax", 1, 10) == 10


# --- the double itself --------------------------------------------------------------------------


def failure(url: str, **words: str) -> str:
    """What a plain client sees: the error's name, or the body."""
    query = urllib.parse.urlencode({"db": "pubmed", **words})
    try:
        with urllib.request.urlopen(f"{url}efetch.fcgi?{query}", timeout=2) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.headers.get('Retry-After')} {error.read().decode()}"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def test_the_double_makes_each_fault(library_path: Path) -> None:
    faults = {
        "status": (Fault("status", status=502), "502 None <!DOCTYPE html>"),
        "rate_limit": (Fault("rate_limit", retry_after="2"), '429 2 {"error": "API rate limit'),
        "drop": (Fault("drop"), "RemoteDisconnected"),
        "cut": (Fault("cut"), "IncompleteRead"),
        "cut_unnoticed": (Fault("cut_unnoticed"), '<?xml version="1.0"'),
        "stall": (Fault("stall", seconds=30), "TimeoutError"),
        "trickle": (Fault("trickle", seconds=30), "TimeoutError"),
        "html": (Fault("html"), "<!DOCTYPE html>"),
        "json": (Fault("json"), '{"error": "error forwarding request"'),
        "backend": (Fault("backend"), "Search Backend failed: Database is not supported: pubmed"),
        "expired": (Fault("expired"), "<?xml"),
        "delay": (Fault("delay", seconds=0.1), '<?xml version="1.0"'),
        "short": (Fault("short"), '<?xml version="1.0"'),
    }
    assert tuple(faults) == KINDS
    with Double(library_path) as ncbi:
        for number, (fault, _) in enumerate(faults.values(), 1):
            ncbi.on("efetch", number, fault)
        for kind, (_, seen) in faults.items():
            body = failure(ncbi.url, id="30000001")
            assert body.startswith(seen), kind
            whole = body.endswith("</PubmedArticleSet>\n")
            assert whole == (kind in ("delay", "short")), kind
        assert failure(ncbi.url, id="30000001").endswith("</PubmedArticleSet>\n")
        assert ncbi.count() == ncbi.count("efetch") == len(faults) + 1
        assert ncbi.faults_made == len(faults)
        ncbi.at(ncbi.count() + 1, Fault("rate_limit", status=200))
        assert failure(ncbi.url, id="30000001").startswith('{"error"')


def test_the_double_limits_the_rate_and_delays(library_path: Path) -> None:
    with Double(library_path, per_second=3, delay=0.05) as ncbi:
        answers = [failure(ncbi.url, id="30000001")[:3] for _ in range(5)]
        assert answers == ["<?x"] * 3 + ["429"] * 2
        assert ncbi.limited == 2
        assert ncbi.times[1] - ncbi.times[0] >= 0.05
