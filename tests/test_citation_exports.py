"""References for citation managers: other readers understand them, and hostile text stays text.

Every work is made up, except for those of the sample corpus.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import rispy
from Bio import Medline

from cmeneeds.bibliography.matching import RecordIndex, match
from cmeneeds.bibliography.model import doi_in
from cmeneeds.bibliography.reading import parse_bibliography
from cmeneeds.bibliography.writing import to_nbib, to_ris, write_citations
from cmeneeds.documents import Document
from cmeneeds.library.store import Library
from cmeneeds.records import Article, Author, Book, Journal, Markup, PartialDate
from cmeneeds.report.references import csl
from cmeneeds.works import Works

HOSTILE = (
    "Made-up\nTY  - JOUR\r\nER  - \r\nPMID- 99\x00\x1b[31m\u202e\u2028TI  - =1+1 <script>x</script>"
    " &amp; $x$ \\TeX {} <i>not markup</i> \ud7ff"
)


@pytest.fixture
def article(make_article: Callable[..., Article]) -> Article:
    return make_article(
        pmid=101,
        title="Made-up H2O in paper fever.",
        title_markup=(Markup(9, 10, "sub"),),
        authors=(
            Author("van der Invented", "Änne", "Ä", "Jr"),
            Author(collective="Made-up Study Group"),
        ),
        published=PartialDate("2020 Mar 5", 2020, 3, 5),
        journal=Journal(
            "Journal of Made-up Records", medline="J Made Up Rec", issn="0000-0000",
            volume="12", issue="3", nlm_id="9999",
        ),
        pages="101-9",
        doi="10.1000/Made.101",
        pmcid="PMC101",
        languages=("eng",),
    )  # fmt: skip


def test_rispy_reads_our_ris(article: Article) -> None:
    (found,) = rispy.loads(to_ris([csl(article)]))
    assert found["type_of_reference"] == "JOUR"
    assert found["title"] == "Made-up H2O in paper fever"
    assert found["authors"] == ["van der Invented, Änne, Jr", "Made-up Study Group"]
    assert (found["year"], found["date"]) == ("2020", "2020/03/05")
    assert found["start_page"] == "101"
    assert found["end_page"] == "109"
    assert found["doi"] == "10.1000/Made.101"
    assert (found["accession_number"], found["name_of_database"]) == ("101", "PubMed")


def test_biopython_reads_our_nbib(article: Article) -> None:
    (found,) = Medline.parse(io.StringIO(to_nbib([article])))
    assert (found["PMID"], found["TI"]) == ("101", "Made-up H2O in paper fever.")
    assert found["FAU"] == ["van der Invented, Änne, Jr"]
    assert found["AU"] == ["van der Invented Ä Jr"]
    assert found["CN"] == ["Made-up Study Group"]
    assert (found["DP"], found["PG"], found["VI"]) == ("2020 Mar 5", "101-9", "12")
    assert found["LID"] == "10.1000/Made.101 [doi]"
    assert found["PMC"] == "PMC101"


@pytest.mark.parametrize("form", ["ris", "nbib"])
def test_no_text_of_a_record_becomes_a_tag_or_a_record(article: Article, form: str) -> None:
    bad = msgspec.structs.replace(
        article,
        title=HOSTILE,
        title_markup=(),
        authors=(Author(HOSTILE, HOSTILE, "A"), Author(collective=HOSTILE)),
        journal=Journal(HOSTILE, medline=HOSTILE, volume=HOSTILE),
        pages=HOSTILE,
        doi=HOSTILE,
        published=PartialDate(HOSTILE),
    )
    text = to_ris([csl(bad), csl(article)]) if form == "ris" else to_nbib([bad, article])
    mine = parse_bibliography(text.encode(), "x")
    assert [e.pmid for e in mine.entries] == [101, 101]
    assert mine.troubles == ()
    for sign in ("\x00", "\x1b", "\u202e", "\u2028"):
        assert sign not in text
    if form == "ris":
        others = rispy.loads(text)
        title = others[0]["title"]
        assert [o["type_of_reference"] for o in others] == ["JOUR", "JOUR"]
    else:
        found = list(Medline.parse(io.StringIO(text)))
        title = found[0]["TI"]
        assert [o["PMID"] for o in found] == ["101", "101"]
    assert "TY - JOUR ER - PMID- 99" in title
    assert "<script>x</script> &amp; $x$ \\TeX {} <i>not markup</i>" in title


@pytest.mark.sample
def test_300_real_records_come_back_whole_through_our_readers_and_others(
    sample_library: Library,
) -> None:
    articles = random.Random(7).sample(list(sample_library), 300)
    ris, nbib = to_ris(csl(a) for a in articles), to_nbib(articles)
    index = RecordIndex(sample_library)
    for text in (ris, nbib):
        read = parse_bibliography(text.encode(), "x")
        assert read.troubles == ()
        assert [e.pmid for e in read.entries] == [a.pmid for a in articles]
        assert [e.doi for e in read.entries] == [doi_in(a.doi) for a in articles]
        found = match(read.entries, index)
        assert [m.pmid for m in found] == [a.pmid for a in articles], [
            m.reason for m in found if m.pmid is None
        ]
    assert [r["accession_number"] for r in rispy.loads(ris)] == [str(a.pmid) for a in articles]
    others = list(Medline.parse(io.StringIO(nbib)))
    assert [o["PMID"] for o in others] == [str(a.pmid) for a in articles]
    assert [o.get("AU", []) for o in others] == [
        [" ".join(filter(None, (p.last, p.initials, p.suffix))) for p in a.authors if p.last]
        for a in articles
    ]


def test_a_run_gets_both_files_with_what_it_cites_and_documents_only_in_ris(
    article: Article, make_article: Callable[..., Article], tmp_path: Path
) -> None:
    page = Document(
        id="WEB1", kind="web page", title="A made-up page", url="https://example.org/made-up",
        publisher="Made-up Board", date="2020-05-03", accessed="2021-06-08",
    )  # fmt: skip
    works = Works([article, make_article(pmid=102)], [page])
    assert write_citations(tmp_path, works, ["WEB1", "pmid-101", "pmid-404"]) == [
        "exports/references.ris",
        "exports/references.nbib",
    ]
    found = rispy.loads((tmp_path / "exports/references.ris").read_bytes().decode())
    assert [f["id"] for f in found] == ["pmid-101", "WEB1"]
    assert [f["type_of_reference"] for f in found] == ["JOUR", "ELEC"]
    assert found[1]["urls"] == ["https://example.org/made-up"]
    nbib = (tmp_path / "exports/references.nbib").read_text()
    assert [r["PMID"] for r in Medline.parse(io.StringIO(nbib))] == ["101"]
    assert sorted(p.name for p in (tmp_path / "exports").iterdir()) == [
        "references.nbib",
        "references.ris",
    ]


def test_without_pubmed_records_there_is_no_nbib_and_an_old_one_goes(
    article: Article, tmp_path: Path
) -> None:
    works = Works([article])
    write_citations(tmp_path, works, ["pmid-101"])
    assert write_citations(tmp_path, works, []) == ["exports/references.ris"]
    assert [p.name for p in (tmp_path / "exports").iterdir()] == ["references.ris"]


def test_a_book_is_written_as_one(make_article: Callable[..., Article]) -> None:
    whole = make_article(
        pmid=5, title="A made-up book", journal=Journal(), authors=(),
        book=Book("A made-up book", publisher="Made-up Press", place="Nowhere"),
    )  # fmt: skip
    (found,) = rispy.loads(to_ris([csl(whole)]))
    assert found["type_of_reference"] == "BOOK"
    assert found["publisher"] == "Made-up Press"
    (other,) = Medline.parse(io.StringIO(to_nbib([whole])))
    assert other["BTI"] == ["A made-up book"]
