"""Bookshelf: summaries of books, and book records of PubMed as documents.

All books written in this file are made up.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cmeneeds.bookshelf import (
    GUIDELINE_SOURCES,
    book_document,
    guideline_source,
    parse_book_summaries,
    read_book_records,
)
from cmeneeds.documents import document_from_json, document_to_json
from cmeneeds.entrez_errors import NoSuchDatabase
from cmeneeds.errors import NotPubMedXML, SourceError
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article

INFO = (
    '<Info><Path><Parent id="madeup" type="book" uid="1"><Title>Made-up <i>Guidelines</i></Title>'
    '</Parent><Self id="ch1" type="chapter" uid="2"><Title>Paper fever</Title></Self></Path>'
    "<Citation><ParentRecord><PublicationStatement>Geneva: World Health Organization; 2019."
    "</PublicationStatement></ParentRecord></Citation></Info>"
)
FIELDS = {
    "Title": "Paper fever", "PubDate": "2019/05/01 00:00", "ID": "madeup/ch1", "RType": "chapter",
    "AccessionID": "NBK900001", "RID": "NBK900001", "BookAccessionID": "NBK900000",
    "ChapterAccessionID": "NBK900001", "Book": "madeup", "BookInfo": INFO,
}  # fmt: skip


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def version_1() -> bytes:
    items = "".join(
        f'<Item Name="{k}" Type="String">{escaped(v)}</Item>' for k, v in FIELDS.items()
    )
    return f"<eSummaryResult><DocSum><Id>2</Id>{items}</DocSum></eSummaryResult>".encode()


def version_2() -> bytes:
    items = "".join(f"<{k}>{escaped(v)}</{k}>" for k, v in FIELDS.items())
    return (
        '<eSummaryResult><DocumentSummarySet status="OK"><DocumentSummary uid="2">'
        f"{items}</DocumentSummary></DocumentSummarySet></eSummaryResult>"
    ).encode()


def as_json(**changed: str) -> bytes:
    value = {k.lower(): v for k, v in (FIELDS | changed).items()}
    return json.dumps({"result": {"uids": ["2"], "2": value | {"uid": "2"}}}).encode()


@pytest.mark.parametrize("body", [version_1(), version_2(), as_json()], ids=["1.0", "2.0", "JSON"])
def test_summaries_of_every_version(body: bytes) -> None:
    (found,) = parse_book_summaries(body)
    assert (found.uid, found.rid, found.type) == ("2", "NBK900001", "chapter")
    assert (found.accession, found.book_accession) == ("NBK900001", "NBK900000")
    assert (found.title, found.book_title) == ("Paper fever", "Made-up Guidelines")
    assert (found.published, found.year) == ("2019/05/01 00:00", 2019)
    assert found.publisher == "World Health Organization"
    assert found.source is not None
    assert (found.source.key, found.source.kind) == ("who", "guideline")


def test_book_info_may_be_anything() -> None:
    for info in ("", "<Info>", "no XML", "<!DOCTYPE a [<!ENTITY b 'c'>]><Info>&b;</Info>"):
        (found,) = parse_book_summaries(as_json(BookInfo=info))
        assert (found.book_title, found.publisher, found.source) == ("", "", None)
    (book,) = parse_book_summaries(as_json(BookInfo="", RType="book", Title="StatPearls"))
    assert book.book_title == "StatPearls"
    assert book.source is not None


def test_missing_summaries_say_so() -> None:
    body = b'{"result":{"uids":["3"],"3":{"uid":"3","error":"cannot get document summary"}}}'
    (found,) = parse_book_summaries(body)
    assert (found.uid, found.error) == ("3", "cannot get document summary")
    with pytest.raises(NoSuchDatabase):
        parse_book_summaries(b'{"esummaryresult":["Invalid db name specified: book"]}')


def test_sources_are_told_by_their_names() -> None:
    assert len({s.key for s in GUIDELINE_SOURCES}) == len(GUIDELINE_SOURCES)
    for source in GUIDELINE_SOURCES:
        assert source.kind in ("guideline", "evidence review", "reference")
    for name, key in (
        ("National Institute for Health and Care Excellence (NICE)", "nice"),
        ("National Institute for Health and Clinical Excellence (UK)", "nice"),
        ("National Guideline Centre (UK)", "nice"),
        ("Agency for Healthcare Research and Quality (US)", "ahrq"),
        ("StatPearls Publishing", "statpearls"),
        ("World Health Organization", "who"),
    ):
        found = guideline_source(name)
        assert found is not None
        assert found.key == key
    assert guideline_source("A nice made-up book", "") is None


BOOK = """<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID Version="1">{pmid}</PMID>
<ArticleIdList><ArticleId IdType="bookaccession">{nbk}</ArticleId></ArticleIdList>
<Book><Publisher><PublisherName>World Health Organization</PublisherName></Publisher>
<BookTitle book="madeup">Made-up Guidelines</BookTitle><PubDate><Year>2019</Year></PubDate></Book>
<ArticleTitle>Paper fever</ArticleTitle><Language>eng</Language>
<Abstract><AbstractText Label="ADVICE">Offer 10<sup>2</sup> sheets.</AbstractText>
<AbstractText>Nothing here is real.</AbstractText></Abstract>
<Sections><Section><SectionTitle>Making of the <i>advice</i></SectionTitle></Section></Sections>
</BookDocument></PubmedBookArticle></PubmedArticleSet>"""


def test_book_records_become_documents() -> None:
    (record,) = read_book_records(BOOK.format(pmid=9, nbk="NBK900001").encode())
    assert record.accession == "NBK900001"
    assert record.section_titles == ("Making of the advice",)
    assert record.source is not None
    document = book_document(record)
    assert (document.id, document.kind, document.full_text) == ("NBK900001", "book section", False)
    assert [p.kind for p in document.parts] == ["title", *["abstract paragraph"] * 2]
    assert document.parts[1].path == ("Abstract", "ADVICE")
    assert [m.tag for m in document.parts[1].markup] == ["sup"]
    assert document.text_at("NBK900001.1.0-9") == "Offer 102"
    assert document_from_json(document_to_json(document)) == document
    (other,) = read_book_records(BOOK.format(pmid=9, nbk="not one").encode())
    assert book_document(other).id == "PMID9"


def test_what_is_no_book_is_passed_over_or_refused() -> None:
    assert read_book_records(b"<PubmedArticleSet></PubmedArticleSet>") == ()
    with pytest.raises(NotPubMedXML):
        read_book_records(b"<html></html>")
    with pytest.raises(SourceError):
        read_book_records(BOOK.format(pmid=9, nbk="").encode()[:-20])


@pytest.mark.parametrize("name", ["esummary.books.xml", "esummary.books.json"])
def test_recorded_summaries(recordings: Path, name: str) -> None:
    path = recordings / "ncbi-samples" / name
    if not path.is_file():
        pytest.skip("the recordings of ncbi-samples are absent")
    (found,) = parse_book_summaries(path.read_bytes())
    assert (found.accession, found.book_accession) == ("NBK65951", "NBK82221")
    assert (found.type, found.year) == ("appendix", 2002)
    assert found.source is not None
    assert found.source.key == "nci"


def test_recorded_book_records(recordings: Path) -> None:
    path = recordings / "ncbi-samples" / "efetch.pubmedbook.xml"
    if not path.is_file():
        pytest.skip("the recordings of ncbi-samples are absent")
    body = path.read_bytes()
    records = read_book_records(body)
    assert len(records) == body.count(b"<PubmedBookArticle>") > 0
    assert [r.article for r in records] == [a for a in read_articles(body) if type(a) is Article]
    for record in records:
        assert record.accession.startswith("NBK")
        document = book_document(record)
        assert document.id == record.accession
        assert [p.text for p in document.parts] == [
            record.article.title,
            *(s.text for s in record.article.sections),
        ]
