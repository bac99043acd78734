"""What the E-utilities tell of NCBI Bookshelf: guidelines, evidence reviews, reference books.

What can be had, and what cannot:

- esearch ``db=books`` finds books and their chapters, sections, tables and figures; esummary tells
  title, type, accession (``NBK...``), date and the book around it: :func:`parse_book_summaries`.
- efetch ``db=books`` gives no text, in no format. There is no full text of Bookshelf in the
  E-utilities.
- Books and chapters that are cited in PubMed (StatPearls, GeneReviews, AHRQ and NICE evidence
  reviews, WHO guidelines and more) have a PubMed record with abstract, as
  ``PubmedBookArticle``: :func:`read_book_records`.
- The full text of the open access part is offered as packages outside the E-utilities
  (NBK25499 and https://www.ncbi.nlm.nih.gov/books/about/openaccess/).

So a passage from Bookshelf is a sentence of an abstract, and :attr:`Document.full_text` is False.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from cmeneeds.documents import Document, Licence, Part
from cmeneeds.entrez_errors import AnswerCutShort, NotAnXmlAnswer, xml_root
from cmeneeds.eutils_xml import Summary, parse_esummary
from cmeneeds.pubmed_xml import Problem, read_articles
from cmeneeds.records import Article


class _Value(msgspec.Struct, frozen=True):
    """Immutable and compared by value."""


class GuidelineSource(_Value, frozen=True):
    """A publisher on Bookshelf whose documents say what practice should be."""

    key: str
    name: str
    kind: str
    """``guideline``: it makes recommendations; ``evidence review``: it weighs evidence for those
    who do; ``reference``: it describes practice, without a stated guideline process."""
    pattern: str
    """How its name reads in the publisher or book title; case does not matter."""


GUIDELINE_SOURCES: tuple[GuidelineSource, ...] = tuple(
    GuidelineSource(key, name, kind, "|".join(patterns))
    for key, name, kind, *patterns in (
        ("nice", "National Institute for Health and Care Excellence", "guideline",
         r"National Institute for (?:Health and )?(?:Care|Clinical) Excellence",
         r"National (?:Clinical )?Guideline (?:Centre|Alliance)",
         r"National Collaborating Centre"),
        ("who", "World Health Organization", "guideline", r"World Health Organi[sz]ation"),
        ("uspstf", "U.S. Preventive Services Task Force", "evidence review",
         r"U\.?\s?S\.? Preventive Services Task Force"),
        ("ahrq", "Agency for Healthcare Research and Quality", "evidence review",
         r"Agency for Health ?Care (?:Research and Quality|Policy and Research)", r"\bAHRQ\b"),
        ("va", "Department of Veterans Affairs", "evidence review",
         r"Department of Veterans Affairs"),
        ("samhsa", "Substance Abuse and Mental Health Services Administration", "guideline",
         r"Substance Abuse and Mental Health Services Administration",
         r"Center for Substance Abuse Treatment", r"Treatment Improvement Protocol"),
        ("cadth", "Canada's Drug Agency (CADTH)", "evidence review",
         r"Canadian Agency for Drugs and Technologies in Health", r"Canada['’]s Drug Agency",
         r"CADTH"),
        ("iqwig", "Institute for Quality and Efficiency in Health Care", "evidence review",
         r"Institute for Quality and Efficiency in Health ?Care", r"IQWiG"),
        ("sbu", "Swedish Agency for Health Technology Assessment", "evidence review",
         r"Swedish (?:Council on|Agency for) Health Technology Assessment"),
        ("rcp", "Royal College of Physicians", "guideline", r"Royal College of Physicians"),
        ("nci", "National Cancer Institute (PDQ)", "reference",
         r"PDQ Cancer Information Summaries", r"National Cancer Institute"),
        ("statpearls", "StatPearls", "reference", r"StatPearls"),
        ("genereviews", "GeneReviews", "reference", r"GeneReviews"),
    )
)  # fmt: skip
"""In order: the first that matches counts, so publishers of several series stand last."""

_SOURCES = tuple((s, re.compile(s.pattern, re.IGNORECASE)) for s in GUIDELINE_SOURCES)


def guideline_source(*names: str) -> GuidelineSource | None:
    """Tell which known source stands in a publisher or book title.

    Examples
    --------
    >>> guideline_source("StatPearls Publishing", "StatPearls").kind
    'reference'
    >>> guideline_source("Made-up Press") is None
    True
    """
    said = "\n".join(names)
    return next((source for source, rule in _SOURCES if rule.search(said)), None)


class BookSummary(_Value, frozen=True):
    """What esummary ``db=books`` says of a book or a part of one."""

    uid: str
    title: str = ""
    type: str = ""
    """Such as ``book``, ``chapter``, ``section``, ``appendix``, ``table``, ``figure``."""
    rid: str = ""
    accession: str = ""
    """``NBK...`` of the part itself; the page is https://www.ncbi.nlm.nih.gov/books/NBK..."""
    chapter_accession: str = ""
    book_accession: str = ""
    book: str = ""
    """Short name, such as ``pdqcis`` or ``statpearls``."""
    book_title: str = ""
    published: str = ""
    """As the service writes it, such as ``2002/01/01 00:00``."""
    year: int | None = None
    publisher: str = ""
    citation: str = ""
    """Publication statement: place, publisher and years."""
    source: GuidelineSource | None = None
    """The known publisher of guidelines or reviews; None says nothing about its quality."""
    error: str = ""
    """Why there is no summary; then the other fields are empty."""


def parse_book_summaries(body: bytes) -> tuple[BookSummary, ...]:
    """Read an answer of esummary ``db=books``: version 1.0 or 2.0, XML or JSON.

    Raises
    ------
    SourceError
        As :func:`cmeneeds.eutils_xml.parse_esummary`.
    """
    return tuple(_summary(s) for s in parse_esummary(body))


def _summary(summary: Summary) -> BookSummary:
    if summary.error:
        return BookSummary(summary.uid, error=summary.error)

    def say(name: str) -> str:
        value = summary.fields.get(name, "")
        return value if isinstance(value, str) else ""

    title, book_title, statement = _book_info(say("bookinfo"))
    own = say("title")
    if say("rtype") == "book":
        book_title = book_title or own
    year = re.match(r"\d{4}", say("pubdate"))
    # "Bethesda (MD): National Cancer Institute (US); 2002-."
    publisher = statement.partition(": ")[2].partition(";")[0].strip() if statement else ""
    return BookSummary(
        summary.uid,
        own or title,
        say("rtype"),
        say("rid"),
        say("accessionid"),
        say("chapteraccessionid"),
        say("bookaccessionid"),
        say("book"),
        book_title,
        say("pubdate"),
        int(year.group()) if year else None,
        publisher,
        statement,
        guideline_source(publisher, book_title, own if not book_title else "", say("book")),
    )


def _book_info(text: str) -> tuple[str, str, str]:
    """Read own title, book title and publication statement from the XML in ``BookInfo``."""
    try:
        root = xml_root(text.encode())
    except (AnswerCutShort, NotAnXmlAnswer):
        return "", "", ""  # written by publishers; the rest of the summary is still good
    own, book, statement = (
        root.find("Path/Self/Title"),
        root.find("Path/Parent[@type='book']/Title"),
        next(root.iter("PublicationStatement"), None),
    )
    return _text(own), _text(book), _text(statement)


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


# --- book records of PubMed ---------------------------------------------------------------------


class BookRecord(_Value, frozen=True):
    """A book or chapter in PubMed."""

    accession: str
    """``NBK...``; empty where the record does not say."""
    article: Article
    """The record; ``article.book`` is the book around it."""
    section_titles: tuple[str, ...] = ()
    """Titles of its sections, a table of contents."""

    @property
    def source(self) -> GuidelineSource | None:
        """The known publisher of guidelines or reviews."""
        book = self.article.book
        return guideline_source(book.publisher, book.title) if book else None


def read_book_records(
    body: bytes, on_problem: Callable[[Problem], None] | None = None
) -> tuple[BookRecord, ...]:
    """Read the book records of an efetch ``db=pubmed`` answer; others are passed over.

    Parameters
    ----------
    body : bytes
        The answer: ``PubmedArticleSet`` with ``PubmedBookArticle`` elements.
    on_problem : callable, optional
        As in :func:`cmeneeds.pubmed_xml.read_articles`.

    Raises
    ------
    NotPubMedXML, AnswerCutShort, NotAnXmlAnswer
        If it is no such answer.
    """
    # First: it knows best what is no PubMed answer at all.
    articles = [a for a in read_articles(body, on_problem) if isinstance(a, Article) and a.book]
    about: dict[int, tuple[str, tuple[str, ...]]] = {}
    for element in xml_root(body).iter("BookDocument"):
        ids = element.iterfind("ArticleIdList/ArticleId[@IdType='bookaccession']")
        titles = tuple(t for e in element.iterfind(".//SectionTitle") if (t := _text(e)))
        pmid = (element.findtext("PMID") or "").strip()
        if pmid.isdecimal() and len(pmid) < 12:
            about[int(pmid)] = (next((_text(i) for i in ids), ""), titles)
    found = []
    for article in articles:
        accession, titles = about.get(article.pmid, ("", ()))
        found.append(BookRecord(accession, article, titles))
    return tuple(found)


def book_document(record: BookRecord) -> Document:
    """Turn a book record into a document, so that its abstract has addresses in Bookshelf's terms.

    Offsets count in the same texts as those of the PubMed record.
    """
    article, book = record.article, record.article.book
    accession = re.fullmatch(r"NBK\d{1,12}", record.accession)
    parts = [Part(0, "title", article.title, markup=article.title_markup)]
    for section in article.sections:
        path = ("Abstract", section.label) if section.label else ("Abstract",)
        parts.append(
            Part(len(parts), "abstract paragraph", section.text, path, markup=section.markup)
        )
    whole = book is None or article.title == book.title
    return Document(
        id=accession.group() if accession else f"PMID{article.pmid}",
        kind="book" if whole else "book section",
        article_type=", ".join(article.type_names),
        title=article.title,
        pmid=article.pmid,
        doi=article.doi,
        pmcid=article.pmcid,
        book=book.title if book else "",
        publisher=book.publisher if book else "",
        year=article.year,
        language=", ".join(article.languages),
        authors=article.authors,
        licence=Licence(copyright=article.copyright),
        parts=tuple(parts),
    )
