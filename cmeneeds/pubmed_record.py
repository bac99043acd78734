"""One PubMed record: from its XML element to an Article, to the last tag that is kept.

Not kept, because nothing downstream asks for it: hours and minutes of history dates, equal
contribution and validity flags, gene symbols, space flight missions, general notes, object
lists, other identifiers (manuscript, institution, ``OtherID``), citation text and headings of
reference lists (their PMIDs are kept), their number, structured section titles of books, kinds of
ISSN, medium and date, completeness of grants and data banks, indexing method, version dates.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lxml import etree

from cmeneeds.records import (
    Article,
    Author,
    Book,
    DataBank,
    Event,
    Grant,
    Journal,
    Keyword,
    Markup,
    MeshHeading,
    OtherAbstract,
    PartialDate,
    Qualifier,
    Related,
    Section,
    Term,
)

_INLINE = {"sup": "sup", "sub": "sub", "i": "i", "b": "b", "u": "u"}
_MATH = "{http://www.w3.org/1998/Math/MathML}math"


def number(text: str | None) -> int:
    """A plain number that a database can hold; ``int`` alone also takes ``1_2`` and any length."""
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise ValueError(f"{digits[:20]!r} is no number")
    return int(digits)


def _text(element: Any) -> str:
    """All text inside, as it stands."""
    if len(element):
        return "".join(element.itertext())
    return element.text or ""


def _mixed(element: Any) -> tuple[str, tuple[Markup, ...]]:
    """All text inside, and where its inline elements lie."""
    if not len(element):
        return element.text or "", ()
    parts = [element.text or ""]
    marks: list[Markup] = []
    length = len(parts[0])
    for child in element:
        inner, inner_marks = _mixed(child)
        tag = _INLINE.get(child.tag) or ("math" if child.tag == _MATH else "")
        if tag:
            marks.append(Markup(length, length + len(inner), tag))
        if tag != "math":  # what is inside a formula is one thing
            marks += [Markup(length + m.start, length + m.end, m.tag) for m in inner_marks]
        tail = child.tail or ""
        parts += (inner, tail)
        length += len(inner) + len(tail)
    return "".join(parts), tuple(marks)


_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), 1)}
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")
_WORD = re.compile(r"[A-Za-z]{3,}")


def _month(text: str) -> int | None:
    if text.isdecimal():
        return int(text) if 1 <= int(text) <= 12 else None
    return _MONTHS.get(text[:3].lower())


def _date(element: Any) -> PartialDate:
    """Read a ``PubDate``-like element; a season or a free ``MedlineDate`` gives what it can."""
    parts = {child.tag: (child.text or "").strip() for child in element}
    if "MedlineDate" in parts:
        raw = parts["MedlineDate"]
        found = _YEAR.search(raw)
        if found is None:
            return PartialDate(raw)
        words = (w for w in _WORD.findall(raw[found.end() :]) if w[:3].lower() in _MONTHS)
        return PartialDate(raw, int(found.group(1)), _MONTHS.get(next(words, "")[:3].lower()))
    names = ("Year", "Month", "Day", "Season")
    raw = " ".join(parts[n] for n in names if parts.get(n))
    year = parts.get("Year", "")
    month = _month(parts.get("Month", ""))
    day = parts.get("Day", "")
    return PartialDate(
        raw,
        int(year) if len(year) == 4 and year.isdecimal() else None,
        month,
        int(day) if month and day.isdecimal() and 1 <= int(day) <= 31 else None,
    )


def _day(element: Any) -> int:
    """``yyyymmdd`` of an element with numeric Year, Month, Day; 0 where the year is missing."""
    year = month = day = ""
    for child in element:
        tag = child.tag
        if tag == "Year":
            year = child.text or ""
        elif tag == "Month":
            month = child.text or ""
        elif tag == "Day":
            day = child.text or ""
    return _yyyymmdd(year, month, day)


@lru_cache(maxsize=65536)  # the same days come again and again
def _yyyymmdd(year: str, month: str, day: str) -> int:
    if not year.strip():
        return 0
    whole = number(year)
    if whole > 9999:
        raise ValueError(f"{whole} is no year")
    first = min(number(day), 31) if day.strip() else 1
    return whole * 10000 + (_month(month.strip()) or 1) * 100 + (first or 1)


def _author(element: Any) -> Author:
    last = fore = initials = suffix = collective = orcid = ""
    affiliations: list[str] = []
    for child in element:
        tag = child.tag
        if tag == "LastName":
            last = _text(child)
        elif tag == "ForeName":
            fore = _text(child)
        elif tag == "Initials":
            initials = child.text or ""
        elif tag == "AffiliationInfo":
            affiliations += [_text(a) for a in child if a.tag == "Affiliation"]
        elif tag == "Identifier":
            if child.get("Source") == "ORCID":
                orcid = (child.text or "").rstrip("/").rsplit("/", 1)[-1]
        elif tag == "CollectiveName":
            collective = _text(child)
        elif tag == "Suffix":
            suffix = _text(child)
        elif tag == "Affiliation":
            affiliations.append(_text(child))
    return Author(last, fore, initials, suffix, collective, tuple(affiliations), orcid)


def _authors(element: Any) -> tuple[Author, ...]:
    return tuple([_author(a) for a in element])


def _section(element: Any) -> Section:
    get = element.get
    if len(element):
        text, markup = _mixed(element)
        return Section(text, get("Label", ""), get("NlmCategory", ""), markup)
    return Section(element.text or "", get("Label", ""), get("NlmCategory", ""))


def _sections(element: Any) -> tuple[Section, ...]:
    return tuple([_section(s) for s in element if s.tag == "AbstractText"])


def _terms(element: Any, name: str) -> list[Term]:
    return [
        Term(_text(t), t.get("UI", ""), (t.getparent().findtext("RegistryNumber") or ""))
        for t in element.iter(name)
    ]


def _mesh(element: Any) -> tuple[MeshHeading, ...]:
    headings = []
    for heading in element:
        descriptor = heading[0]
        qualifiers = [
            Qualifier(q.get("UI", ""), q.text or "", q.get("MajorTopicYN") == "Y")
            for q in heading[1:]
        ]
        headings.append(
            MeshHeading(
                descriptor.get("UI", ""),
                descriptor.text or "",
                descriptor.get("MajorTopicYN") == "Y",
                tuple(qualifiers),
                descriptor.get("Type", ""),
            )
        )
    return tuple(headings)


def _keywords(element: Any) -> list[Keyword]:
    owner = element.get("Owner", "")
    return [
        Keyword(_text(k).strip(), k.get("MajorTopicYN") == "Y", owner)
        for k in element
        if k.tag == "Keyword" and _text(k).strip()
    ]


def _grants(element: Any) -> tuple[Grant, ...]:
    return tuple(
        [
            Grant(
                g.findtext("GrantID") or "",
                g.findtext("Acronym") or "",
                g.findtext("Agency") or "",
                g.findtext("Country") or "",
            )
            for g in element
        ]
    )


def _databanks(element: Any) -> tuple[DataBank, ...]:
    return tuple(
        [
            DataBank(
                b.findtext("DataBankName") or "",
                tuple([a.text or "" for a in b.iterfind("AccessionNumberList/AccessionNumber")]),
            )
            for b in element
        ]
    )


def _related(element: Any) -> tuple[Related, ...]:
    found = []
    for item in element:
        pmid = item.findtext("PMID")
        found.append(
            Related(
                item.get("RefType", ""),
                number(pmid) if pmid else None,
                item.findtext("RefSource") or "",
                item.findtext("Note") or "",
            )
        )
    return tuple(found)


_REFERENCE_PMIDS = etree.XPath(
    "ReferenceList//ArticleId[@IdType='pubmed']/text()", smart_strings=False
)


def _reference_pmids(element: Any) -> tuple[int, ...]:
    # The field is typed in by publishers; what is not a number is not a PMID.
    return tuple([int(p) for p in _REFERENCE_PMIDS(element) if p.isdecimal() and len(p) < 12])


def _history(element: Any) -> tuple[Event, ...]:
    return tuple([Event(e.get("PubStatus", ""), _day(e)) for e in element])


# --- the record ---------------------------------------------------------------------------------


def article_of(root: Any) -> Article:
    """Make an Article of a ``PubmedArticle`` element.

    Raises
    ------
    ValueError, TypeError, IndexError
        If the record is not as it should be.
    """
    values: dict[str, Any] = {}
    citation = root.find("MedlineCitation")
    if citation is None:
        raise ValueError("no MedlineCitation")
    values["status"] = citation.get("Status", "")
    values["owner"] = citation.get("Owner", "")
    keywords: list[Keyword] = []
    other: list[OtherAbstract] = []
    country = medline = nlm_id = issn_linking = ""
    journal_fields: dict[str, str] = {}
    for child in citation:
        tag = child.tag
        if tag == "PMID":
            values["pmid"] = number(child.text)
            values["version"] = number(child.get("Version") or "1")
        elif tag == "Article":
            _read_article(child, values, journal_fields)
        elif tag == "MedlineJournalInfo":
            for field in child:
                name = field.tag
                if name == "MedlineTA":
                    medline = field.text or ""
                elif name == "Country":
                    country = field.text or ""
                elif name == "NlmUniqueID":
                    nlm_id = field.text or ""
                elif name == "ISSNLinking":
                    issn_linking = field.text or ""
        elif tag == "DateRevised":
            values["revised"] = _day(child)
        elif tag == "DateCompleted":
            values["completed"] = _day(child)
        elif tag == "KeywordList":
            keywords += _keywords(child)
        elif tag == "MeshHeadingList":
            values["mesh"] = _mesh(child)
        elif tag == "ChemicalList":
            values["substances"] = tuple(_terms(child, "NameOfSubstance"))
        elif tag == "CitationSubset":
            values["citation_subsets"] = (*values.get("citation_subsets", ()), child.text or "")
        elif tag == "CommentsCorrectionsList":
            values["related"] = _related(child)
        elif tag == "CoiStatement":
            values["conflict_of_interest"] = _text(child)
        elif tag == "OtherAbstract":
            other.append(
                OtherAbstract(child.get("Language", ""), child.get("Type", ""), _sections(child))
            )
        elif tag == "SupplMeshList":
            values["supplementary"] = tuple(
                [Term(_text(t), t.get("UI", ""), t.get("Type", "")) for t in child]
            )
        elif tag == "InvestigatorList":
            values["investigators"] = _authors(child)
        elif tag == "PersonalNameSubjectList":
            values["subjects"] = _authors(child)
    if "pmid" not in values:
        raise ValueError("no PMID")
    if keywords:
        values["keywords"] = tuple(keywords)
    if other:
        values["other_abstracts"] = tuple(other)
    values["journal"] = Journal(
        medline=medline,
        country=country,
        nlm_id=nlm_id,
        issn_linking=issn_linking,
        **journal_fields,
    )
    data = root.find("PubmedData")
    if data is not None:
        _read_pubmed_data(data, values)
    return Article(**values)


def _read_pubmed_data(data: Any, values: dict[str, Any]) -> None:
    for child in data:
        tag = child.tag
        if tag == "History":
            values["history"] = _history(child)
        elif tag == "PublicationStatus":
            values["publication_status"] = child.text or ""
        elif tag == "ArticleIdList":
            for identifier in child:
                kind = identifier.get("IdType")
                if kind == "doi":
                    values["doi"] = (identifier.text or "").strip()
                elif kind == "pmc":
                    values["pmcid"] = (identifier.text or "").strip()
                elif kind == "pii":
                    values["pii"] = (identifier.text or "").strip()
    references = _reference_pmids(data)
    if references:
        values["references"] = references


def _read_article(article: Any, values: dict[str, Any], journal: dict[str, str]) -> None:
    values["publication_model"] = article.get("PubModel", "")
    for child in article:
        tag = child.tag
        if tag == "Abstract":
            sections = []
            for part in child:
                if part.tag == "AbstractText":
                    sections.append(_section(part))
                elif part.tag == "CopyrightInformation":
                    values["copyright"] = _text(part)
            values["sections"] = tuple(sections)
        elif tag == "AuthorList":
            values["authors"] = _authors(child)
            values["authors_complete"] = child.get("CompleteYN", "Y") == "Y"
        elif tag == "Journal":
            _read_journal(child, values, journal)
        elif tag == "ArticleTitle":
            values["title"], values["title_markup"] = _mixed(child)
        elif tag == "ELocationID":
            if child.get("EIdType") == "doi" and child.get("ValidYN", "Y") == "Y":
                values["doi"] = (child.text or "").strip()
        elif tag == "Pagination":
            values["pages"] = child.findtext("MedlinePgn") or ""
        elif tag == "PublicationTypeList":
            values["publication_types"] = tuple(
                [Term(t.text or "", t.get("UI", "")) for t in child]
            )
        elif tag == "ArticleDate":
            values["electronic"] = _date(child)
        elif tag == "Language":
            values["languages"] = (*values.get("languages", ()), child.text or "")
        elif tag == "GrantList":
            values["grants"] = _grants(child)
        elif tag == "DataBankList":
            values["databanks"] = _databanks(child)
        elif tag == "VernacularTitle":
            values["vernacular_title"] = _text(child)


def _read_journal(element: Any, values: dict[str, Any], journal: dict[str, str]) -> None:
    for child in element:
        tag = child.tag
        if tag == "JournalIssue":
            for part in child:
                if part.tag == "PubDate":
                    values["published"] = _date(part)
                elif part.tag == "Volume":
                    journal["volume"] = part.text or ""
                elif part.tag == "Issue":
                    journal["issue"] = part.text or ""
        elif tag == "Title":
            journal["title"] = _text(child)
        elif tag == "ISOAbbreviation":
            journal["iso"] = child.text or ""
        elif tag == "ISSN":
            journal["issn"] = child.text or ""


def book_article_of(root: Any) -> Article:
    """Make an Article of a ``PubmedBookArticle`` element; raises as :func:`article_of` does."""
    document = root.find("BookDocument")
    if document is None:
        raise ValueError("no BookDocument")
    values: dict[str, Any] = {}
    keywords: list[Keyword] = []
    book_title = ""
    for child in document:
        tag = child.tag
        if tag == "PMID":
            values["pmid"] = number(child.text)
            values["version"] = number(child.get("Version") or "1")
        elif tag == "Book":
            values["book"], values["published"] = _book(child)
            book_title = values["book"].title
        elif tag == "ArticleTitle":
            values["title"], values["title_markup"] = _mixed(child)
        elif tag == "Abstract":
            values["sections"] = _sections(child)
            values["copyright"] = child.findtext("CopyrightInformation") or ""
        elif tag == "AuthorList":
            # Chapters name their authors here; editors stand in Book.
            if child.get("Type", "authors") == "authors":
                values["authors"] = (*values.get("authors", ()), *_authors(child))
        elif tag == "Language":
            values["languages"] = (*values.get("languages", ()), child.text or "")
        elif tag == "PublicationType":
            term = Term(child.text or "", child.get("UI", ""))
            values["publication_types"] = (*values.get("publication_types", ()), term)
        elif tag == "KeywordList":
            keywords += _keywords(child)
        elif tag == "ContributionDate":
            values["electronic"] = _date(child)
        elif tag == "DateRevised":
            values["revised"] = _day(child)
        elif tag == "Pagination":
            values["pages"] = child.findtext("MedlinePgn") or ""
        elif tag == "VernacularTitle":
            values["vernacular_title"] = _text(child)
        elif tag == "GrantList":
            values["grants"] = _grants(child)
    if "pmid" not in values:
        raise ValueError("no PMID")
    # Whole books carry their title and authors in Book only.
    values["title"] = values.get("title") or book_title
    if "authors" not in values:
        people = document.find("Book/AuthorList[@Type='authors']")
        values["authors"] = _authors(people) if people is not None else ()
    values["keywords"] = tuple(keywords)
    for part in (document, root.find("PubmedBookData")):
        if part is not None:
            _read_pubmed_data(part, values)
    return Article(**values)


def _book(element: Any) -> tuple[Book, PartialDate]:
    title = element.find("BookTitle")
    published = element.find("PubDate")
    editors = element.find("AuthorList[@Type='editors']")
    return (
        Book(
            title=_text(title) if title is not None else "",
            accession=title.get("book", "") if title is not None else "",
            publisher=element.findtext("Publisher/PublisherName") or "",
            place=element.findtext("Publisher/PublisherLocation") or "",
            edition=element.findtext("Edition") or "",
            isbn=tuple([i.text or "" for i in element.iterfind("Isbn")]),
            editors=_authors(editors) if editors is not None else (),
        ),
        _date(published) if published is not None else PartialDate(""),
    )
