"""Article to PubMed XML, the way back of :mod:`cmeneeds.pubmed_xml`.

Reading what :func:`render` wrote gives an equal record. What the record never kept cannot come
back; see :mod:`cmeneeds.pubmed_xml` for that list. Three things are made up because the DTD wants
them and a record does not say: the medium of the ISSN and of the cited issue (``Print`` where the
ISSN is the linking ISSN, else electronic), and the empty citation text of a reference whose PMID
is known. A formula keeps its text, as one ``mml:mtext``; its structure is lost on reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cmeneeds.records import Article, Author, Keyword, Markup, PartialDate, Section

DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2024//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd">'
)
"""Of 2024 and not newer: every field of a record is in it, and clients have it at hand."""

HEAD = f'<?xml version="1.0" ?>\n{DOCTYPE}\n<PubmedArticleSet>\n'.encode()
TAIL = b"</PubmedArticleSet>\n"

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}
_ATTRIBUTE = {**_TEXT, ord('"'): "&quot;", ord("\n"): "&#10;", ord("\t"): "&#9;"}
_MATH = ('<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mtext>', "</mml:mtext>")
_SPECIAL = re.compile(r"[&<>\r]|[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """Escape character data; what XML cannot hold becomes U+FFFD, so that offsets stay true."""
    if _SPECIAL.search(text) is None:  # nearly always
        return text
    return _FORBIDDEN.sub("\ufffd", text).translate(_TEXT)


def attribute(text: str) -> str:
    """Escape the value of an attribute that stands in double quotes."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ATTRIBUTE)


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _tag_if(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{attribute(value)}"' for name, value in values.items() if value)


def _yes(flag: bool) -> str:
    return "Y" if flag else "N"


# --- text with inline elements ------------------------------------------------------------------


def mixed(text: str, marks: Sequence[Markup]) -> str:
    """Write text with its inline elements back into it.

    Spans come outermost first, as the reader gives them. A span that does not fit into the one
    around it is cut off there: the result is well-formed whatever the record says.
    """
    if not marks:
        return escape(text)
    parts: list[str] = []
    open_ends: list[tuple[int, str]] = []
    at = 0

    def copy_to(end: int) -> None:
        nonlocal at
        parts.append(escape(text[at:end]))
        at = max(at, end)

    def close_until(limit: int) -> None:
        # An element that ends where the next one starts is over.
        while open_ends and open_ends[-1][0] <= limit:
            end, tag = open_ends.pop()
            copy_to(end)
            parts.append(tag)

    for start, end, name in marks:
        close_until(start)
        start = min(max(start, at), len(text))
        end = min(max(end, start), len(text))
        if open_ends:
            end = min(end, open_ends[-1][0])
        copy_to(start)
        if name == "math":
            parts += (_MATH[0], escape(text[start:end]), f"{_MATH[1]}</mml:math>")
            at = end
        elif name in ("sup", "sub", "i", "b", "u"):
            parts.append(f"<{name}>")
            open_ends.append((end, f"</{name}>"))
    close_until(len(text))
    parts.append(escape(text[at:]))
    return "".join(parts)


def _sections(sections: Iterable[Section]) -> str:
    return "".join(
        f"<AbstractText{_attributes(Label=s.label, NlmCategory=s.category)}>"
        f"{mixed(s.text, s.markup)}</AbstractText>"
        for s in sections
    )


# --- dates --------------------------------------------------------------------------------------

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FULL_DATE = re.compile(r"(?P<year>\d+)(?: (?P<month>[A-Za-z]{3}|\d{1,2})(?: (?P<day>\d+))?)?")


def _number_of(month: str | None) -> int | None:
    if month is None:
        return None
    if month.isdecimal():
        return int(month)
    return _MONTHS.index(month.title()) + 1 if month.title() in _MONTHS else None


def _partial(date: PartialDate) -> str:
    """Write ``PubDate``'s content so that it reads back equal."""
    raw = date.raw
    found = _FULL_DATE.fullmatch(raw)
    if found:
        year, month, day = found.group("year", "month", "day")
        said = (int(year), _number_of(month), int(day) if day else None)
        if said == (date.year, date.month, date.day) and (month is None) == (said[1] is None):
            parts = zip(("Year", "Month", "Day"), (year, month, day), strict=True)
            return "".join(_tag(name, value) for name, value in parts if value)
    first, space, rest = raw.partition(" ")
    # Year and season: what has a month, or a second year, is a MedlineDate.
    if space and date.month is None and first.isdecimal() and int(first) == date.year:
        return _tag("Year", first) + _tag("Season", rest)
    return _tag("MedlineDate", raw)


def _day(number: int, width: int = 2) -> str:
    """Write ``yyyymmdd`` as Year, Month, Day."""
    year, month, day = number // 10000, number // 100 % 100, number % 100
    return f"<Year>{year}</Year><Month>{month or 1:0{width}}</Month><Day>{day or 1:0{width}}</Day>"


# --- people -------------------------------------------------------------------------------------


def _person(person: Author, name: str) -> str:
    parts = []
    if not person.collective or person.last:
        parts.append(_tag("LastName", person.last))
    parts += (
        _tag_if("ForeName", person.fore),
        _tag_if("Initials", person.initials),
        _tag_if("Suffix", person.suffix),
        _tag_if("CollectiveName", person.collective),
    )
    if person.orcid:
        parts.append(f'<Identifier Source="ORCID">{escape(person.orcid)}</Identifier>')
    parts += [
        f"<AffiliationInfo><Affiliation>{escape(a)}</Affiliation></AffiliationInfo>"
        for a in person.affiliations
    ]
    valid = "" if name == "PersonalNameSubject" else ' ValidYN="Y"'
    return f"<{name}{valid}>{''.join(parts)}</{name}>"


def _people(people: Sequence[Author], group: str, name: str, attributes: str = "") -> str:
    if not people:
        return ""
    inner = "".join(_person(p, name) for p in people)
    return f"<{group}{attributes}>{inner}</{group}>"


# --- lists --------------------------------------------------------------------------------------


def _keywords(keywords: Sequence[Keyword]) -> str:
    lists: list[str] = []
    owner: str | None = None
    for k in keywords:
        if k.owner != owner:
            if owner is not None:
                lists.append("</KeywordList>")
            lists.append(f"<KeywordList{_attributes(Owner=k.owner)}>")
            owner = k.owner
        lists.append(f'<Keyword MajorTopicYN="{_yes(k.major)}">{escape(k.text)}</Keyword>')
    return "".join(lists) + ("</KeywordList>" if lists else "")


def _wrapped(name: str, items: Iterable[str]) -> str:
    inner = "".join(items)
    return f"<{name}>{inner}</{name}>" if inner else ""


def _mesh(a: Article) -> str:
    return _wrapped(
        "MeshHeadingList",
        (
            f'<MeshHeading><DescriptorName UI="{attribute(m.ui)}" MajorTopicYN="{_yes(m.major)}"'
            f"{_attributes(Type=m.kind)}>{escape(m.name)}</DescriptorName>"
            + "".join(
                f'<QualifierName UI="{attribute(q.ui)}" MajorTopicYN="{_yes(q.major)}">'
                f"{escape(q.name)}</QualifierName>"
                for q in m.qualifiers
            )
            + "</MeshHeading>"
            for m in a.mesh
        ),
    )


def _grants(a: Article) -> str:
    return _wrapped(
        "GrantList",
        (
            f"<Grant>{_tag_if('GrantID', g.id)}{_tag_if('Acronym', g.acronym)}"
            f"{_tag('Agency', g.agency)}{_tag_if('Country', g.country)}</Grant>"
            for g in a.grants
        ),
    )


def _databanks(a: Article) -> str:
    return _wrapped(
        "DataBankList",
        (
            f"<DataBank>{_tag('DataBankName', b.name)}"
            + _wrapped("AccessionNumberList", (_tag("AccessionNumber", n) for n in b.accessions))
            + "</DataBank>"
            for b in a.databanks
        ),
    )


def _types(a: Article) -> str:
    return "".join(
        f'<PublicationType UI="{attribute(t.ui)}">{escape(t.name)}</PublicationType>'
        for t in a.publication_types
    )


def _related(a: Article) -> str:
    return _wrapped(
        "CommentsCorrectionsList",
        (
            f"<CommentsCorrections{_attributes(RefType=r.kind)}>{_tag('RefSource', r.source)}"
            + (f'<PMID Version="1">{r.pmid}</PMID>' if r.pmid is not None else "")
            + f"{_tag_if('Note', r.note)}</CommentsCorrections>"
            for r in a.related
        ),
    )


def _ids(a: Article) -> str:
    kinds = {"pii": a.pii, "doi": a.doi, "pmc": a.pmcid}
    return (
        f'<ArticleIdList><ArticleId IdType="pubmed">{a.pmid}</ArticleId>'
        + "".join(
            f'<ArticleId IdType="{kind}">{escape(value)}</ArticleId>'
            for kind, value in kinds.items()
            if value
        )
        + "</ArticleIdList>"
    )


def _references(a: Article) -> str:
    return _wrapped(
        "ReferenceList",
        (
            '<Reference><Citation></Citation><ArticleIdList><ArticleId IdType="pubmed">'
            f"{pmid}</ArticleId></ArticleIdList></Reference>"
            for pmid in a.references
        ),
    )


def _history(a: Article) -> str:
    return _wrapped(
        "History",
        (
            f"<PubMedPubDate{_attributes(PubStatus=e.status)}>{_day(e.date, 1)}</PubMedPubDate>"
            for e in a.history
        ),
    )


def _abstract(a: Article) -> str:
    return _wrapped(
        "Abstract", (_sections(a.sections), _tag_if("CopyrightInformation", a.copyright))
    )


# --- the record ---------------------------------------------------------------------------------


def _journal(a: Article) -> str:
    j = a.journal
    on_paper = bool(j.issn) and j.issn == j.issn_linking
    issn = ""
    if j.issn:
        kind = "Print" if on_paper else "Electronic"
        issn = f'<ISSN IssnType="{kind}">{escape(j.issn)}</ISSN>'
    medium = "Print" if on_paper else "Internet"
    return (
        f'<Journal>{issn}<JournalIssue CitedMedium="{medium}">{_tag_if("Volume", j.volume)}'
        f"{_tag_if('Issue', j.issue)}<PubDate>{_partial(a.published)}</PubDate></JournalIssue>"
        f"{_tag_if('Title', j.title)}{_tag_if('ISOAbbreviation', j.iso)}</Journal>"
    )


def _article(a: Article) -> str:
    where = ""
    if a.pages or not a.doi:  # the DTD wants one of the two
        where = f"<Pagination>{_tag('MedlinePgn', a.pages)}</Pagination>"
    if a.doi:
        where += f'<ELocationID EIdType="doi" ValidYN="Y">{escape(a.doi)}</ELocationID>'
    authors = ""
    if a.authors or not a.authors_complete:
        people = "".join(_person(p, "Author") for p in a.authors)
        authors = f'<AuthorList CompleteYN="{_yes(a.authors_complete)}">{people}</AuthorList>'
    online = ""
    if a.electronic is not None:
        online = f'<ArticleDate DateType="Electronic">{_partial(a.electronic)}</ArticleDate>'
    return (
        f"<Article{_attributes(PubModel=a.publication_model)}>{_journal(a)}"
        f"<ArticleTitle>{mixed(a.title, a.title_markup)}</ArticleTitle>{where}{_abstract(a)}"
        f"{authors}{''.join(_tag('Language', x) for x in a.languages)}{_databanks(a)}{_grants(a)}"
        f"{_wrapped('PublicationTypeList', (_types(a),))}"
        f"{_tag_if('VernacularTitle', a.vernacular_title)}{online}</Article>"
    )


def _citation(a: Article) -> str:
    j = a.journal
    chemicals = _wrapped(
        "ChemicalList",
        (
            f"<Chemical>{_tag('RegistryNumber', s.registry)}"
            f'<NameOfSubstance UI="{attribute(s.ui)}">{escape(s.name)}</NameOfSubstance></Chemical>'
            for s in a.substances
        ),
    )
    supplementary = _wrapped(
        "SupplMeshList",
        (
            f'<SupplMeshName{_attributes(Type=s.registry)} UI="{attribute(s.ui)}">'
            f"{escape(s.name)}</SupplMeshName>"
            for s in a.supplementary
        ),
    )
    others = "".join(
        f"<OtherAbstract{_attributes(Type=o.kind, Language=o.language)}>{_sections(o.sections)}"
        "</OtherAbstract>"
        for o in a.other_abstracts
    )
    completed = f"<DateCompleted>{_day(a.completed)}</DateCompleted>" if a.completed else ""
    revised = f"<DateRevised>{_day(a.revised)}</DateRevised>" if a.revised else ""
    return (
        f'<MedlineCitation{_attributes(Status=a.status, Owner=a.owner)}><PMID Version="{a.version}"'
        f">{a.pmid}</PMID>{completed}{revised}{_article(a)}<MedlineJournalInfo>"
        f"{_tag_if('Country', j.country)}{_tag('MedlineTA', j.medline)}"
        f"{_tag_if('NlmUniqueID', j.nlm_id)}{_tag_if('ISSNLinking', j.issn_linking)}"
        f"</MedlineJournalInfo>{chemicals}{supplementary}"
        f"{''.join(_tag('CitationSubset', c) for c in a.citation_subsets)}{_related(a)}{_mesh(a)}"
        f"{_people(a.subjects, 'PersonalNameSubjectList', 'PersonalNameSubject')}{others}"
        f"{_keywords(a.keywords)}{_tag_if('CoiStatement', a.conflict_of_interest)}"
        f"{_people(a.investigators, 'InvestigatorList', 'Investigator')}</MedlineCitation>"
    )


def _book_article(a: Article) -> str:
    b = a.book
    assert b is not None
    authors = _people(a.authors, "AuthorList", "Author", ' Type="authors" CompleteYN="Y"')
    editors = _people(b.editors, "AuthorList", "Author", ' Type="editors" CompleteYN="Y"')
    title = ""
    if a.title != b.title or a.title_markup:  # a whole book has its title in Book only
        title = f"<ArticleTitle>{mixed(a.title, a.title_markup)}</ArticleTitle>"
    pages = f"<Pagination>{_tag('MedlinePgn', a.pages)}</Pagination>" if a.pages else ""
    online = ""
    if a.electronic is not None:
        online = f"<ContributionDate>{_partial(a.electronic)}</ContributionDate>"
    revised = f"<DateRevised>{_day(a.revised)}</DateRevised>" if a.revised else ""
    return (
        f'<BookDocument><PMID Version="{a.version}">{a.pmid}</PMID>{_ids(a)}<Book><Publisher>'
        f"{_tag('PublisherName', b.publisher)}{_tag_if('PublisherLocation', b.place)}</Publisher>"
        f"<BookTitle{_attributes(book=b.accession)}>{escape(b.title)}</BookTitle>"
        f"<PubDate>{_partial(a.published)}</PubDate>{editors}{_tag_if('Edition', b.edition)}"
        f"{''.join(_tag('Isbn', i) for i in b.isbn)}</Book>{title}"
        f"{_tag_if('VernacularTitle', a.vernacular_title)}{pages}"
        f"{''.join(_tag('Language', x) for x in a.languages)}{authors}{_types(a)}{_abstract(a)}"
        f"{_keywords(a.keywords)}{online}{revised}{_grants(a)}{_references(a)}</BookDocument>"
        f"<PubmedBookData>{_history(a)}{_tag('PublicationStatus', a.publication_status)}{_ids(a)}"
        "</PubmedBookData>"
    )


def render_record(article: Article) -> bytes:
    """Write one ``PubmedArticle`` (or ``PubmedBookArticle``) element, a line of UTF-8."""
    if article.book is not None:
        return f"<PubmedBookArticle>{_book_article(article)}</PubmedBookArticle>\n".encode()
    return (
        f"<PubmedArticle>{_citation(article)}<PubmedData>{_history(article)}"
        f"{_tag('PublicationStatus', article.publication_status)}{_ids(article)}"
        f"{_references(article)}</PubmedData></PubmedArticle>\n"
    ).encode()


def render(articles: Iterable[Article]) -> bytes:
    """Write a ``PubmedArticleSet`` document.

    Parameters
    ----------
    articles : iterable of Article
        In the order wanted; none gives an empty set, as NCBI answers for unknown PMIDs.

    Returns
    -------
    bytes
        UTF-8 XML with the public identifier of NLM's DTD.

    Examples
    --------
    >>> from cmeneeds.pubmed_xml import read_articles
    >>> record = Article(pmid=1, title="A < B")
    >>> list(read_articles(render([record]))) == [record]
    True
    """
    return b"".join((HEAD, *map(render_record, articles), TAIL))
