"""Reading PubMed XML: nothing lost, nothing moved, nothing trusted.

All records written in this file are made up.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from cmeneeds import pubmed_xml
from cmeneeds.errors import NotPubMedXML
from cmeneeds.pubmed_xml import Deletion, Problem, read_articles
from cmeneeds.records import (
    Article,
    Author,
    DataBank,
    Event,
    Grant,
    Keyword,
    Markup,
    MeshHeading,
    OtherAbstract,
    PartialDate,
    Qualifier,
    Related,
    Section,
    Term,
    from_json,
    to_json,
)

MATHML = "http://www.w3.org/1998/Math/MathML"


def made_up(
    pmid: object = 1,
    *,
    title: str = "A made-up title",
    abstract: str = "",
    article: str = "",
    citation: str = "",
    data: str = "",
    pubdate: str = "<Year>2020</Year>",
    version: int = 1,
) -> str:
    """One made-up ``PubmedArticle``; the arguments are put in as XML."""
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">'
        f'<PMID Version="{version}">{pmid}</PMID>'
        f'<Article PubModel="Print"><Journal><ISSN IssnType="Print">0000-0000</ISSN>'
        f'<JournalIssue CitedMedium="Print"><Volume>1</Volume><Issue>2</Issue>'
        f"<PubDate>{pubdate}</PubDate></JournalIssue><Title>Journal of Made-up Records</Title>"
        f"<ISOAbbreviation>J. Made Up</ISOAbbreviation></Journal>"
        f"<ArticleTitle>{title}</ArticleTitle>{abstract}{article}</Article>{citation}"
        f"</MedlineCitation><PubmedData>{data}</PubmedData></PubmedArticle>"
    )


def document(*records: str, root: str = "", prolog: str = "<?xml version='1.0'?>") -> bytes:
    return f"{prolog}<PubmedArticleSet{root}>{''.join(records)}</PubmedArticleSet>".encode()


def read(source: Any) -> tuple[list[Article | Deletion], list[Problem]]:
    problems: list[Problem] = []
    return list(read_articles(source, problems.append)), problems


def one(*args: Any, root: str = "", **kwargs: Any) -> Article:
    """Read one made-up record in which nothing may be wrong."""
    items, problems = read(document(made_up(*args, **kwargs), root=root))
    assert problems == []
    (item,) = items
    assert isinstance(item, Article)
    return item


def abstract(text: str, attributes: str = "") -> str:
    return f"<Abstract><AbstractText{attributes}>{text}</AbstractText></Abstract>"


def pmids(items: list[Article | Deletion]) -> list[int]:
    return [i.pmid for i in items if isinstance(i, Article)]


# --- text ---------------------------------------------------------------------------------------


def test_inline_markup_is_flattened_and_its_place_remembered() -> None:
    article = one(
        title="At 10<sup>9</sup> of <i>E. <b>coli</b></i>",
        abstract=abstract("H<sub>2</sub>O and <u>more</u>."),
    )
    assert article.title == "At 109 of E. coli"
    assert article.title_markup == (
        Markup(5, 6, "sup"),
        Markup(10, 17, "i"),
        Markup(13, 17, "b"),
    )
    (section,) = article.sections
    assert section.text == "H2O and more."
    assert [(section.text[m.start : m.end], m.tag) for m in section.markup] == [
        ("2", "sub"),
        ("more", "u"),
    ]


def test_text_of_a_formula_is_kept_as_one_span() -> None:
    formula = "<mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math>"
    article = one(abstract=abstract(f"Here {formula} ends."), root=f' xmlns:mml="{MATHML}"')
    (section,) = article.sections
    assert section.text == "Here x2 ends."
    assert section.markup == (Markup(5, 7, "math"),)


@pytest.mark.parametrize("root", [f' xmlns:mml="{MATHML}"', ""])
def test_a_formula_may_declare_its_prefix_itself(root: str) -> None:
    formula = f'<mml:math xmlns:mml="{MATHML}"><mml:mi>y</mml:mi></mml:math>'
    assert one(abstract=abstract(f"{formula}."), root=root).sections[0].text == "y."


def test_an_undeclared_prefix_costs_one_record_only() -> None:
    items, problems = read(document(made_up(1, title="<mml:math>x</mml:math>"), made_up(2)))
    assert pmids(items) == [2]
    assert [p.pmid for p in problems] == [1]


def test_entities_and_character_references_become_characters() -> None:
    assert (
        one(title="A &lt; B &amp; C &#x2264; &#946;&gt;&quot;&apos;").title == "A < B & C ≤ β>\"'"
    )


def test_characters_beyond_the_basic_plane_count_as_one() -> None:
    section = one(abstract=abstract("𝛼𝛼<i>b</i>")).sections[0]
    assert (section.text, section.markup) == ("𝛼𝛼b", (Markup(2, 3, "i"),))


def test_section_text_is_exact_to_the_last_space() -> None:
    text = "  Two  spaces,\n\ta tab <i> and </i>\u00a0a hard space. \n"
    assert one(abstract=abstract(text)).sections[0].text == re.sub("</?i>", "", text)


def test_comments_processing_instructions_and_cdata_leave_only_text() -> None:
    text = "One<!-- not this --> two<?nor this?> <![CDATA[5 < 6 & <i>three</i>]]> four"
    section = one(title=text, abstract=abstract(text)).sections[0]
    assert section.text == "One two 5 < 6 & <i>three</i> four"
    assert section.markup == ()


def test_comment_between_elements_is_no_element() -> None:
    people = "<AuthorList><!-- a --><Author><LastName>Doe</LastName></Author><?b?></AuthorList>"
    assert one(article=people).authors == (Author("Doe"),)


def test_labelled_sections_keep_label_and_category() -> None:
    article = one(
        abstract="<Abstract>"
        '<AbstractText Label="AIM &amp; SCOPE" NlmCategory="OBJECTIVE">First.</AbstractText>'
        '<AbstractText Label="FINDINGS">Second.</AbstractText>'
        "<AbstractText/>"
        "<CopyrightInformation>© nobody</CopyrightInformation></Abstract>"
    )
    assert article.sections == (
        Section("First.", "AIM & SCOPE", "OBJECTIVE"),
        Section("Second.", "FINDINGS"),
        Section(""),
    )
    assert article.copyright == "© nobody"


def test_abstracts_in_other_languages_stay_apart() -> None:
    article = one(
        abstract=abstract("Main."),
        citation='<OtherAbstract Type="Publisher" Language="fre"><AbstractText Label="BUT">Le '
        "<i>but</i>.</AbstractText></OtherAbstract>"
        '<OtherAbstract Type="plain-language-summary" Language="eng">'
        "<AbstractText>Plain.</AbstractText></OtherAbstract>",
    )
    assert article.abstract == "Main."
    assert article.other_abstracts == (
        OtherAbstract("fre", "Publisher", (Section("Le but.", "BUT", "", (Markup(3, 6, "i"),)),)),
        OtherAbstract("eng", "plain-language-summary", (Section("Plain."),)),
    )


# --- who, where, when ---------------------------------------------------------------------------


def test_authors_groups_affiliations_and_identifiers() -> None:
    article = one(
        article='<AuthorList CompleteYN="N"><Author ValidYN="Y"><LastName>Doe</LastName>'
        "<ForeName>Jane M</ForeName><Initials>JM</Initials><Suffix>Jr</Suffix>"
        '<Identifier Source="ORCID">https://orcid.org/0000-0000-0000-0001</Identifier>'
        "<AffiliationInfo><Affiliation>Clinic A &amp; B, Nowhere.</Affiliation></AffiliationInfo>"
        "<AffiliationInfo><Affiliation>School C.</Affiliation></AffiliationInfo></Author>"
        "<Author><CollectiveName>The Made-up <i>Trial</i> Group</CollectiveName></Author>"
        "</AuthorList>",
        citation="<InvestigatorList><Investigator><LastName>Roe</LastName></Investigator>"
        "</InvestigatorList><PersonalNameSubjectList><PersonalNameSubject>"
        "<LastName>Poe</LastName></PersonalNameSubject></PersonalNameSubjectList>",
    )
    assert article.authors == (
        Author(
            "Doe",
            "Jane M",
            "JM",
            "Jr",
            affiliations=("Clinic A & B, Nowhere.", "School C."),
            orcid="0000-0000-0000-0001",
        ),
        Author(collective="The Made-up Trial Group"),
    )
    assert not article.authors_complete
    assert article.investigators == (Author("Roe"),)
    assert article.subjects == (Author("Poe"),)


def test_journal_is_read_from_both_places() -> None:
    journal = one(
        citation="<MedlineJournalInfo><Country>Norway</Country><MedlineTA>J Made Up</MedlineTA>"
        "<NlmUniqueID>0000001</NlmUniqueID><ISSNLinking>1111-1111</ISSNLinking>"
        "</MedlineJournalInfo>"
    ).journal
    assert (journal.title, journal.iso) == ("Journal of Made-up Records", "J. Made Up")
    assert (journal.medline, journal.country, journal.nlm_id) == ("J Made Up", "Norway", "0000001")
    assert (journal.issn, journal.issn_linking) == ("0000-0000", "1111-1111")
    assert (journal.volume, journal.issue) == ("1", "2")


@pytest.mark.parametrize(
    ("xml", "date"),
    [
        ("<Year>2020</Year>", PartialDate("2020", 2020)),
        ("<Year>2020</Year><Month>Mar</Month>", PartialDate("2020 Mar", 2020, 3)),
        (
            "<Year>2020</Year><Month>03</Month><Day>09</Day>",
            PartialDate("2020 03 09", 2020, 3, 9),
        ),
        ("<Year>2020</Year><Season>Spring</Season>", PartialDate("2020 Spring", 2020)),
        (
            "<MedlineDate>1998 Dec-1999 Jan</MedlineDate>",
            PartialDate("1998 Dec-1999 Jan", 1998, 12),
        ),
        ("<MedlineDate>2000 Mar 3-9</MedlineDate>", PartialDate("2000 Mar 3-9", 2000, 3)),
        ("<MedlineDate>Winter 1999-2000</MedlineDate>", PartialDate("Winter 1999-2000", 1999)),
        ("<MedlineDate>no date at all</MedlineDate>", PartialDate("no date at all")),
        ("<Year>20x0</Year>", PartialDate("20x0")),
        ("<Year>2020</Year><Month>13</Month><Day>40</Day>", PartialDate("2020 13 40", 2020)),
    ],
)
def test_publication_date_keeps_the_words_and_what_they_surely_mean(
    xml: str, date: PartialDate
) -> None:
    assert one(pubdate=xml).published == date


def test_online_date_stands_beside_the_issue_date() -> None:
    article = one(
        article='<ArticleDate DateType="Electronic"><Year>2019</Year><Month>12</Month>'
        "<Day>31</Day></ArticleDate>"
    )
    assert article.electronic == PartialDate("2019 12 31", 2019, 12, 31)
    assert article.electronic.first == 20191231
    assert article.year == 2020


def test_dates_of_the_record() -> None:
    article = one(
        citation="<DateCompleted><Year>2020</Year><Month>05</Month><Day>06</Day></DateCompleted>"
        "<DateRevised><Year>2021</Year><Month>12</Month><Day>01</Day></DateRevised>",
        data='<History><PubMedPubDate PubStatus="received"><Year>2019</Year><Month>1</Month>'
        "<Day>2</Day><Hour>6</Hour><Minute>0</Minute></PubMedPubDate></History>"
        "<PublicationStatus>ppublish</PublicationStatus>",
    )
    assert (article.completed, article.revised) == (20200506, 20211201)
    assert article.history == (Event("received", 20190102),)
    assert article.publication_status == "ppublish"


# --- indexing and links -------------------------------------------------------------------------


def test_mesh_with_subheadings_and_major_flags() -> None:
    article = one(
        citation="<MeshHeadingList><MeshHeading>"
        '<DescriptorName UI="D000001" MajorTopicYN="N">Made-up Disease</DescriptorName>'
        '<QualifierName UI="Q000188" MajorTopicYN="Y">drug therapy</QualifierName>'
        '<QualifierName UI="Q000517" MajorTopicYN="N">prevention &amp; control</QualifierName>'
        '</MeshHeading><MeshHeading><DescriptorName UI="D000002" MajorTopicYN="N" '
        'Type="Geographic">Nowhere</DescriptorName></MeshHeading></MeshHeadingList>'
        '<SupplMeshList><SupplMeshName Type="Disease" UI="C000001">Rare</SupplMeshName>'
        "</SupplMeshList>"
    )
    assert article.mesh == (
        MeshHeading(
            "D000001",
            "Made-up Disease",
            qualifiers=(
                Qualifier("Q000188", "drug therapy", major=True),
                Qualifier("Q000517", "prevention & control"),
            ),
        ),
        MeshHeading("D000002", "Nowhere", kind="Geographic"),
    )
    assert [m.is_major for m in article.mesh] == [True, False]
    assert article.supplementary == (Term("Rare", "C000001", "Disease"),)


def test_keywords_types_substances_and_subsets() -> None:
    article = one(
        article='<PublicationTypeList><PublicationType UI="D016428">Journal Article'
        '</PublicationType><PublicationType UI="D016454">Review</PublicationType>'
        "</PublicationTypeList><Language>eng</Language><Language>fre</Language>"
        "<VernacularTitle>Un titre.</VernacularTitle>"
        "<Pagination><MedlinePgn>1-9</MedlinePgn></Pagination>",
        citation='<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N"> adherence\n</Keyword>'
        '<Keyword MajorTopicYN="Y">IL<sub>6</sub></Keyword><Keyword> </Keyword></KeywordList>'
        '<KeywordList Owner="PIP"><Keyword>health</Keyword></KeywordList>'
        "<ChemicalList><Chemical><RegistryNumber>0</RegistryNumber>"
        '<NameOfSubstance UI="D000003">Madeupine</NameOfSubstance></Chemical></ChemicalList>'
        "<CitationSubset>IM</CitationSubset><CitationSubset>AIM</CitationSubset>",
    )
    assert article.publication_types == (
        Term("Journal Article", "D016428"),
        Term("Review", "D016454"),
    )
    assert article.languages == ("eng", "fre")
    assert (article.vernacular_title, article.pages) == ("Un titre.", "1-9")
    assert article.keywords == (
        Keyword("adherence", owner="NOTNLM"),
        Keyword("IL6", major=True, owner="NOTNLM"),
        Keyword("health", owner="PIP"),
    )
    assert article.substances == (Term("Madeupine", "D000003", "0"),)
    assert article.citation_subsets == ("IM", "AIM")


def test_identifiers_are_those_of_the_article_not_of_its_references() -> None:
    article = one(
        data='<ArticleIdList><ArticleId IdType="pubmed">1</ArticleId>'
        '<ArticleId IdType="doi"> 10.1/made.up </ArticleId>'
        '<ArticleId IdType="pmc">PMC1</ArticleId><ArticleId IdType="pii">S1</ArticleId>'
        "</ArticleIdList><ReferenceList><Reference><Citation>Other</Citation><ArticleIdList>"
        '<ArticleId IdType="pubmed">77</ArticleId><ArticleId IdType="doi">10.1/other</ArticleId>'
        "</ArticleIdList></Reference><ReferenceList><Reference><ArticleIdList>"
        '<ArticleId IdType="pubmed">78</ArticleId><ArticleId IdType="pubmed">n/a</ArticleId>'
        "</ArticleIdList></Reference></ReferenceList></ReferenceList>"
    )
    assert (article.doi, article.pmcid, article.pii) == ("10.1/made.up", "PMC1", "S1")
    assert article.references == (77, 78)


def test_doi_of_the_location_is_taken_only_where_valid() -> None:
    location = '<ELocationID EIdType="doi" ValidYN="{}">10.1/{}</ELocationID>'
    assert one(article=location.format("Y", "good")).doi == "10.1/good"
    assert one(article=location.format("N", "bad")).doi == ""


def correction(kind: str, pmid: str = "<PMID Version='1'>99</PMID>") -> str:
    return (
        f'<CommentsCorrectionsList><CommentsCorrections RefType="{kind}"><RefSource>J Made Up. '
        f"2021;1:2</RefSource>{pmid}<Note>see there</Note></CommentsCorrections>"
        "</CommentsCorrectionsList>"
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("RetractionIn", "retracted"),
        ("RetractedandRepublishedIn", "retracted"),
        ("ExpressionOfConcernIn", "expression of concern"),
        ("ErratumIn", "corrected"),
        ("CorrectedandRepublishedIn", "corrected"),
        ("UpdateIn", "updated"),
        ("CommentIn", "unknown"),
        ("RetractionOf", "unknown"),
    ],
)
def test_corrections_name_their_partner_and_set_the_standing(kind: str, status: str) -> None:
    article = one(citation=correction(kind))
    assert article.related == (Related(kind, 99, "J Made Up. 2021;1:2", "see there"),)
    assert article.retraction_status == status


def test_a_correction_without_pmid_still_counts() -> None:
    article = one(citation=correction("RetractionIn", ""))
    assert article.related[0].pmid is None
    assert article.retraction_status == "retracted"


def test_a_record_that_says_nothing_is_unknown_not_clean() -> None:
    assert one().retraction_status == "unknown"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Retracted Publication", "retracted"),
        ("Retraction of Publication", "retraction notice"),
    ],
)
def test_publication_type_alone_tells_of_a_retraction(name: str, status: str) -> None:
    types = f"<PublicationTypeList><PublicationType>{name}</PublicationType></PublicationTypeList>"
    assert one(article=types).retraction_status == status


def test_conflicts_grants_and_registrations() -> None:
    article = one(
        article='<GrantList CompleteYN="Y"><Grant><GrantID>G-1</GrantID><Acronym>MU</Acronym>'
        "<Agency>Made-up Fund</Agency><Country>Norway</Country></Grant>"
        "<Grant><Agency>Other</Agency></Grant></GrantList>"
        "<DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName>"
        "<AccessionNumberList><AccessionNumber>NCT00000000</AccessionNumber>"
        "</AccessionNumberList></DataBank></DataBankList>",
        citation="<CoiStatement>The authors <b>made</b> this up.</CoiStatement>",
    )
    assert article.conflict_of_interest == "The authors made this up."
    assert article.grants == (
        Grant("G-1", "MU", "Made-up Fund", "Norway"),
        Grant(agency="Other"),
    )
    assert article.databanks == (DataBank("ClinicalTrials.gov", ("NCT00000000",)),)


# --- books, deletions, versions -----------------------------------------------------------------

BOOK = (
    "<PubmedBookArticle><BookDocument><PMID Version='2'>5</PMID><ArticleIdList>"
    '<ArticleId IdType="bookaccession">NBK1</ArticleId></ArticleIdList><Book><Publisher>'
    "<PublisherName>Made-up Press</PublisherName><PublisherLocation>Nowhere</PublisherLocation>"
    '</Publisher><BookTitle book="madeup">The <i>Made-up</i> Book</BookTitle><PubDate>'
    "<Year>2012</Year></PubDate>{people}<Edition>2nd</Edition><Isbn>0000000000</Isbn></Book>"
    "{chapter}<Language>eng</Language><PublicationType UI='D016454'>Review</PublicationType>"
    "<Abstract><AbstractText Label='Summary'>A <b>made-up</b> chapter.</AbstractText></Abstract>"
    "<KeywordList Owner='NOTNLM'><Keyword>fiction</Keyword></KeywordList>"
    "<ContributionDate><Year>2013</Year><Month>5</Month><Day>6</Day></ContributionDate>"
    "<DateRevised><Year>2014</Year><Month>7</Month><Day>8</Day></DateRevised></BookDocument>"
    "<PubmedBookData><PublicationStatus>ppublish</PublicationStatus></PubmedBookData>"
    "</PubmedBookArticle>"
)
EDITORS = "<AuthorList Type='editors'><Author><LastName>Editor</LastName></Author></AuthorList>"
AUTHORS = "<AuthorList Type='authors'><Author><LastName>Writer</LastName></Author></AuthorList>"


def test_book_chapter() -> None:
    chapter = f"<ArticleTitle book='madeup'>Chapter <sup>1</sup></ArticleTitle>{AUTHORS}"
    items, problems = read(document(BOOK.format(people=EDITORS, chapter=chapter)))
    assert problems == []
    (article,) = items
    assert isinstance(article, Article)
    assert (article.pmid, article.version, article.title) == (5, 2, "Chapter 1")
    assert article.sections == (Section("A made-up chapter.", "Summary", "", (Markup(2, 9, "b"),)),)
    assert article.authors == (Author("Writer"),)
    assert article.book is not None
    assert article.book.title == "The Made-up Book"
    assert article.book.editors == (Author("Editor"),)
    assert (article.book.publisher, article.book.place) == ("Made-up Press", "Nowhere")
    assert (article.book.accession, article.book.edition) == ("madeup", "2nd")
    assert article.book.isbn == ("0000000000",)
    assert article.published == PartialDate("2012", 2012)
    assert article.revised == 20140708
    assert article.electronic is not None
    assert article.electronic.first == 20130506
    assert article.type_names == ("Review",)
    assert article.keywords == (Keyword("fiction", owner="NOTNLM"),)
    assert article.publication_status == "ppublish"


def test_a_whole_book_has_the_title_and_authors_of_the_book() -> None:
    items, _ = read(document(BOOK.format(people=AUTHORS + EDITORS, chapter="")))
    (article,) = items
    assert isinstance(article, Article)
    assert article.title == "The Made-up Book"
    assert article.authors == (Author("Writer"),)


def test_deletions_come_in_their_place() -> None:
    gone = "<DeleteCitation><PMID>7</PMID>\n<PMID Version='1'>8</PMID></DeleteCitation>"
    items, problems = read(document(made_up(7), gone, made_up(9)))
    assert problems == []
    assert [getattr(i, "pmids", getattr(i, "pmid", None)) for i in items] == [7, (7, 8), 9]


def test_repeated_pmids_and_versions_are_all_given_in_file_order() -> None:
    items, _ = read(document(made_up(7), made_up(7, title="Again"), made_up(7, version=2)))
    assert [(i.pmid, i.version) for i in items if isinstance(i, Article)] == [
        (7, 1),
        (7, 1),
        (7, 2),
    ]


def test_what_was_read_survives_writing_and_reading_back() -> None:
    items, _ = read(document(BOOK.format(people=EDITORS, chapter=""), made_up(2, title="<i>a</i>")))
    for item in items:
        assert isinstance(item, Article)
        assert from_json(to_json(item)) == item


# --- encodings and containers -------------------------------------------------------------------


def test_declared_latin_1_is_honoured() -> None:
    text = document(made_up(title="Señor Müller"), prolog="<?xml version='1.0' encoding='PLACE'?>")
    data = text.decode().replace("PLACE", "ISO-8859-1").encode("latin-1")
    items, problems = read(data)
    assert problems == []
    assert [i.title for i in items if isinstance(i, Article)] == ["Señor Müller"]


def test_byte_order_mark_is_no_text() -> None:
    items, problems = read(b"\xef\xbb\xbf" + document(made_up(title="Müller")))
    assert problems == []
    assert [i.title for i in items if isinstance(i, Article)] == ["Müller"]


def test_bytes_that_are_not_utf_8_cost_one_record() -> None:
    bad = made_up(1, title="M\udcfcller").encode(errors="surrogateescape")
    data = document("@", made_up(2)).replace(b"@", bad)
    items, problems = read(data)
    assert pmids(items) == [2]
    assert [p.pmid for p in problems] == [1]


@pytest.mark.parametrize("encoding", ["utf-16", "no-such-encoding"])
def test_an_encoding_that_cannot_be_read_is_named(encoding: str) -> None:
    data = document(made_up(), prolog=f"<?xml version='1.0' encoding='{encoding}'?>")
    with pytest.raises(NotPubMedXML, match=encoding):
        read(data)


def test_path_text_path_bytes_and_stream_give_the_same(tmp_path: Path) -> None:
    data = document(made_up(1), made_up(2))
    path = tmp_path / "plain.xml"
    path.write_bytes(data)
    packed = tmp_path / "misnamed.xml"
    packed.write_bytes(gzip.compress(data))
    expected = read(data)
    for source in (path, str(path), packed, io.BytesIO(data), gzip.compress(data)):
        assert read(source) == expected


def test_gzip_members_one_after_another_are_one_file() -> None:
    data = document(*(made_up(n) for n in range(1, 40)))
    cuts = [0, 10, 333, 334, 5000, len(data)]
    packed = b"".join(gzip.compress(data[a:b]) for a, b in pairwise(cuts))
    assert read(packed + b"\0" * 100) == read(data)


class Dripping(io.RawIOBase):
    """A stream that gives 1 to 7 bytes at a time, as a slow connection may."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._left = io.BytesIO(data)
        self._random = random.Random(seed)

    def read(self, size: int = -1) -> bytes:
        amount = self._random.randint(1, 7)
        return self._left.read(min(amount, size) if size >= 0 else amount)


RICH = document(
    made_up(1, title="<mml:mi>x</mml:mi>"),
    "<DeleteCitation><PMID>7</PMID></DeleteCitation>\n  ",
    made_up(2).replace("</PMID>", "<broken></PMID>"),
    BOOK.format(people=EDITORS, chapter=""),
    made_up(3, title="β" * 300),
    root=f' xmlns:mml="{MATHML}"',
)


@pytest.mark.parametrize("seed", range(5))
def test_chunk_borders_change_nothing(seed: int) -> None:
    expected = read(RICH)
    assert pmids(expected[0]) == [1, 5, 3]
    assert read(Dripping(RICH, seed)) == expected


@pytest.mark.parametrize("size", [1, 15, 16, 17, 255, 256, 257, 1000])
def test_size_of_chunks_changes_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(RICH)
    monkeypatch.setattr(pubmed_xml, "CHUNK", size)
    assert read(RICH) == expected


def test_gzip_is_recognized_however_slowly_it_comes() -> None:
    assert read(Dripping(gzip.compress(RICH), 1)) == read(RICH)


def test_small_pieces_of_decompressed_text_do_not_hide_the_end_of_a_record() -> None:
    first, second = document(made_up(1), made_up(2)).rsplit(b"</PubmedArticle>", 1)
    # Block-gzip writers may end a block anywhere, also inside an end tag.
    parts = [first, b"</Pubmed", b"Arti", b"cle>", second]
    packed = b"".join(gzip.compress(p) for p in parts)
    items, problems = read(packed)
    assert (pmids(items), problems) == ([1, 2], [])


# --- hostile and broken input -------------------------------------------------------------------


def test_entity_bombs_and_external_entities_are_inert(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    entities = "".join(
        f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10 if n else "lol"}">' for n in range(12)
    )
    prolog = (
        f"<?xml version='1.0'?><!DOCTYPE PubmedArticleSet [{entities}"
        f'<!ENTITY file SYSTEM "{secret.as_uri()}">]>'
    )
    data = document(
        made_up(1, title="&lol11;"), made_up(2, title="&file;"), made_up(3), prolog=prolog
    )
    items, problems = read(data)
    assert pmids(items) == [3]
    assert [p.pmid for p in problems] == [1, 2]
    assert "SECRET" not in repr(items) + repr(problems)


def test_deep_nesting_costs_one_record() -> None:
    items, problems = read(document(made_up(1, title="<i>" * 5000 + "</i>" * 5000), made_up(2)))
    assert pmids(items) == [2]
    assert [p.pmid for p in problems] == [1]


NO_PMID = made_up(1).replace('<PMID Version="1">1</PMID>', "")
BROKEN = {
    "wrong tag": (made_up(1, title="a <i>b</b>"), 1),
    "bare ampersand": (made_up(1, title="a & b"), 1),
    "letters in a number": (made_up(1, citation="<DateRevised><Year>x</Year></DateRevised>"), 1),
    "letters in the PMID": (made_up("12x"), None),
    "digits joined by an underscore": (made_up("1_2"), None),
    "an empty PMID": (made_up(""), None),
    "no PMID": (NO_PMID, None),
    "a PMID that no database can hold": (made_up("9" * 30), None),
    "a version that no database can hold": (
        made_up(1).replace('Version="1"', f'Version="{"9" * 30}"'),
        1,
    ),
    "a year that no database can hold": (made_up(1, pubdate=f"<Year>{'9' * 30}</Year>"), 1),
    "a revision year that no database can hold": (
        made_up(1, citation=f"<DateRevised><Year>{'9' * 30}</Year></DateRevised>"),
        1,
    ),
    "a heading without a descriptor": (
        made_up(1, citation="<MeshHeadingList><MeshHeading/></MeshHeadingList>"),
        1,
    ),
    "no citation": ("<PubmedArticle><PubmedData/></PubmedArticle>", None),
    "no book": ("<PubmedBookArticle></PubmedBookArticle>", None),
    "an empty deletion": ("<DeleteCitation><PMID/></DeleteCitation>", None),
    "a partner's PMID instead of its own": (
        NO_PMID.replace("</MedlineCitation>", correction("CommentOn") + "</MedlineCitation>"),
        None,
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_one_broken_record_is_reported_where_it_stands_and_costs_no_other(kind: str) -> None:
    broken, pmid = BROKEN[kind]
    data = document(made_up(5), broken, made_up(6))
    items, problems = read(data)
    kept = pmids(items)
    assert [n for n in kept if n in (5, 6)] == [5, 6]
    if "year that no" in kind:
        # Either way is honest: the record without such a date, or no record and a problem.
        assert all(_storable(i) for i in items if isinstance(i, Article))
        return
    assert kept == [5, 6]
    assert [p.pmid for p in problems] == [pmid]
    assert problems[0].offset == data.index(broken.encode())
    assert (f"PMID {pmid}" if pmid else "byte ") in str(problems[0])


def _storable(article: Article) -> bool:
    numbers = [article.pmid, article.version, article.revised, article.published.first]
    return all(abs(n) < 2**63 for n in numbers)


@pytest.mark.parametrize("count", [1, 2])
def test_records_without_an_end_tag_are_each_reported(count: int) -> None:
    open_ended = [made_up(n).removesuffix("</PubmedArticle>") for n in range(1, count + 1)]
    items, problems = read(document(made_up(8), *open_ended, made_up(9)))
    assert pmids(items) == [8, 9]
    assert [p.pmid for p in problems] == list(range(1, count + 1))


def test_without_its_end_tag_the_last_record_takes_no_deletion_with_it() -> None:
    gone = "<DeleteCitation><PMID>7</PMID></DeleteCitation>"
    data = document(made_up(1), made_up(2).removesuffix("</PubmedArticle>"), gone)
    items, problems = read(data)
    assert items[1:] == [Deletion((7,))]
    assert [p.pmid for p in problems] == [2]


WHOLE = document(*(made_up(n, abstract=abstract("word " * 50)) for n in range(1, 30)))


@pytest.mark.parametrize("cut", [40, 700, 5000, len(WHOLE) - 25, len(WHOLE) - 5])
def test_a_truncated_file_keeps_what_was_whole_and_says_so(cut: int) -> None:
    data = WHOLE[:cut]
    items, problems = read(data)
    whole = data.count(b"</PubmedArticle>")
    assert pmids(items) == list(range(1, whole + 1))
    assert len(problems) == 1
    assert "the file ends" in problems[0].message
    assert f"{whole} whole records were kept" in problems[0].message
    assert 0 <= problems[0].offset <= len(data)


def noisy(size: int) -> bytes:
    """Many made-up records that hardly compress."""
    words = random.Random(0)
    return document(
        *(made_up(n, abstract=abstract(words.randbytes(500).hex())) for n in range(1, size + 1))
    )


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_truncated_gzip_file_keeps_what_was_whole_and_says_so(part: float) -> None:
    packed = gzip.compress(noisy(60))
    packed = packed[: int(len(packed) * part)]
    whole = zlib.decompressobj(31).decompress(packed).count(b"</PubmedArticle>")
    items, problems = read(packed)
    assert whole > 0
    assert pmids(items) == list(range(1, whole + 1))
    assert any("gzip file ends early" in p.message for p in problems)


def test_a_damaged_gzip_file_keeps_what_came_before_the_damage_and_says_so() -> None:
    packed = bytearray(gzip.compress(noisy(400)))
    middle = len(packed) // 2
    packed[middle : middle + 64] = b"\xff" * 64
    unpack, before = zlib.decompressobj(31), b""
    with suppress(zlib.error):
        for byte in packed:
            before += unpack.decompress(bytes([byte]))
    whole = before.count(b"</PubmedArticle>")
    items, problems = read(bytes(packed))
    assert whole > 100
    assert pmids(items)[:whole] == list(range(1, whole + 1))
    assert any("damaged" in p.message for p in problems)


def test_a_wrong_checksum_costs_no_record_but_is_said() -> None:
    packed = bytearray(gzip.compress(WHOLE))
    packed[-8] ^= 0xFF
    items, problems = read(bytes(packed))
    assert pmids(items) == pmids(read(WHOLE)[0])
    assert any("damaged" in p.message for p in problems)


def test_garbage_after_the_gzip_data_is_said() -> None:
    items, problems = read(gzip.compress(WHOLE) + b"garbage")
    assert pmids(items) == pmids(read(WHOLE)[0])
    assert any("damaged" in p.message for p in problems)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"<!DOCTYPE html><html><body>Busy</body></html>", "HTML"),
        (b'{"error": "API rate limit exceeded"}', "not PubMed XML"),
        (b"PMID- 1\nTI  - a made-up title\n", "not PubMed XML"),
        (b"<?xml version='1.0'?><pmc-articleset><article/></pmc-articleset>", "not PubMed XML"),
        (
            b"<?xml version='1.0'?><eFetchResult><ERROR>ID list is empty!</ERROR></eFetchResult>",
            "ID list is empty!",
        ),
        (bytes(range(256)) * 20000, "not PubMed XML"),
        (gzip.compress(b"<html>no</html>", mtime=0), "HTML"),
        (gzip.compress(b"", mtime=0), "empty"),
    ],
)
def test_what_is_not_pubmed_xml_is_refused_by_kind(data: bytes, said: str) -> None:
    with pytest.raises(NotPubMedXML) as caught:
        read(data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [document(), b"<PubmedArticleSet/>", b"<PubmedArticleSet />\n"])
def test_an_empty_set_is_an_answer_without_problems(data: bytes) -> None:
    assert read(data) == ([], [])


def test_a_missing_file_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.xml")


def test_a_record_beyond_the_limit_is_reported_and_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed_xml, "MAX_RECORD", 20_000)
    monkeypatch.setattr(pubmed_xml, "CHUNK", 1000)
    large = made_up(2, abstract=abstract("word " * 50_000))
    data = document(made_up(1), large, made_up(3))
    items, problems = read(data)
    assert pmids(items) == [1, 3]
    assert [p.pmid for p in problems] == [2]
    assert problems[0].offset == data.index(large.encode())
    assert "larger" in problems[0].message


def test_white_space_after_the_end_is_no_truncation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed_xml, "CHUNK", 100)
    assert read(document(made_up(1)) + b"\n" * 1000)[1] == []


def test_problems_are_dropped_where_nobody_asks_for_them() -> None:
    found = list(read_articles(document(made_up(1, title="<i>"), made_up(2))))
    assert pmids(found) == [2]


# --- genuine records ----------------------------------------------------------------------------


@pytest.mark.sample
@pytest.mark.parametrize(
    ("name", "articles", "deleted"),
    [("pubmed21n1298.xml.gz", 20_788, 20), ("pubmed20n0014.xml.gz", 30_000, 0)],
)
def test_every_genuine_record_is_read_without_a_problem(
    sample_files: dict[str, Path], name: str, articles: int, deleted: int
) -> None:
    problems: list[Problem] = []
    count = gone = 0
    for item in read_articles(sample_files[name], problems.append):
        if isinstance(item, Article):
            count += 1
        else:
            gone += len(item.pmids)
    assert (count, gone, problems) == (articles, deleted, [])


def genuine(path: Path) -> Iterator[Any]:
    """Every record of a file as an lxml element, read in the plain way."""
    with gzip.open(path) as stream:
        for _, element in etree.iterparse(stream, tag="PubmedArticle", load_dtd=False):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


@pytest.mark.sample
def test_text_of_genuine_records_is_that_of_their_elements(sample_files: dict[str, Path]) -> None:
    path = sample_files["pubmed21n1298.xml.gz"]
    ours = (item for item in read_articles(path) if isinstance(item, Article))
    texts = marked = 0
    for _, element, article in zip(range(3000), genuine(path), ours, strict=False):
        assert article.pmid == int(element.findtext("MedlineCitation/PMID"))
        whole = element.find("MedlineCitation/Article")
        title = "".join(whole.find("ArticleTitle").itertext())
        sections = ["".join(e.itertext()) for e in whole.iterfind("Abstract/AbstractText")]
        if article.title != title or [s.text for s in article.sections] != sections:
            pytest.fail(f"PMID {article.pmid}: text differs")  # never shows the text itself
        texts += len(sections)
        for section, part in zip(
            article.sections, whole.iterfind("Abstract/AbstractText"), strict=True
        ):
            inline = [
                "".join(e.itertext()) for e in part.iter("sup", "sub", "i", "b", "u", "{*}math")
            ]
            spans = [section.text[m.start : m.end] for m in section.markup]
            if spans != inline:
                pytest.fail(f"PMID {article.pmid}: markup differs")
            marked += len(inline)
    assert texts > 3000
    assert marked > 500


def places(node: Any, above: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every value below an element as (place, element, attribute or empty for its text)."""
    for child in node:
        tag = child.tag
        if not isinstance(tag, str):
            continue
        place = f"{above}/{tag.rpartition('}')[2]}" if above else tag
        names = child.attrib
        if names:
            if kind := names.get("IdType") or names.get("EIdType"):
                place = f"{place}[{kind}]"
            for name in names:
                yield f"{place}/@{name}", child, name
        if len(child):
            yield from places(child, place)
        elif (child.text or "").strip():
            yield place, child, ""


def altered(value: str) -> str:
    """Another value of the same sort: the next digits, or a letter more."""
    if value.strip().isdecimal():
        return "".join(str((int(c) + 1) % 10) if c.isdecimal() else c for c in value)
    return "N" if value == "Y" else "Y" if value == "N" else f"{value}x"


def what_is_ignored(files: list[Path]) -> set[str]:
    """Places whose value makes no difference to what is read, tried on real records."""
    tries: dict[str, int] = {}
    noticed: set[str] = set()
    for path in files:
        for element in genuine(path):
            before = None
            for place, node, name in places(element):
                if place in noticed or tries.get(place, 0) >= 3:
                    continue
                tries[place] = tries.get(place, 0) + 1
                before = before or read(etree.tostring(element))
                value = node.get(name) if name else node.text
                _set(node, name, altered(value))
                if read(etree.tostring(element)) != before:
                    noticed.add(place)
                _set(node, name, value)
    assert len(noticed) > 80
    return tries.keys() - noticed


def _set(node: Any, name: str, value: str) -> None:
    if name:
        node.set(name, value)
    else:
        node.text = value


NOT_KEPT = {
    # Said in the documentation of cmeneeds.pubmed_xml.
    r".*/PubMedPubDate/(Hour|Minute)": "hours and minutes of history dates",
    r".*/@EqualContrib": "equal contribution flags",
    r".*/SpaceFlightMission": "space flight missions",
    r".*/GeneralNote(/@Owner)?": "general notes",
    r".*/Reference/Citation(/su[bp])?": "the citation text of reference lists",
    # Said of records.Article: cited works without a PMID are not kept.
    r".*/Reference/ArticleIdList/ArticleId\[(doi|pmcid)\](/@IdType)?": "DOI of a cited work",
    # The same value stands in another place, which is read.
    r".*/ELocationID\[(doi|pii)\](/@(EIdType|ValidYN))?": "ArticleIdList has it",
    r".*/ArticleId\[pubmed\](/@IdType)?": "PMID has it",
    # Nothing that a reader or a search asks for.
    r".*/ReferenceList/Title": "headings of reference lists",
    r".*/NumberOfReferences": "number of references",
    r".*/OtherID(/@Source)?": "numbers in other databases",
    r".*/ArticleId\[mid\](/@IdType)?": "manuscript number",
    r".*/AffiliationInfo/Identifier(/@Source)?": "numbers of institutions",
    r".*/(Author|Investigator)/@ValidYN": "whether a name is spelled right",
    r".*/(GrantList|DataBankList)/@CompleteYN": "whether a list is complete",
    r"MedlineCitation/@(IndexingMethod|VersionDate|VersionID)": "how it was indexed and versioned",
    r".*/ArticleDate/@DateType": "there is one type",
    r".*/(ISSN/@IssnType|JournalIssue/@CitedMedium)": "print or online",
    r".*/CommentsCorrections/PMID/@Version": "version of the partner",
    r".*/math/.*/@\w+": "typography of formulas",
}
"""Places in a record whose value is not kept (regular expressions) -> what it is or why not."""


@pytest.mark.sample
def test_every_value_of_genuine_records_is_kept_or_dropped_on_purpose(
    sample_files: dict[str, Path],
) -> None:
    ignored = what_is_ignored(list(sample_files.values()))
    unexplained = {i for i in ignored if not any(re.fullmatch(p, i) for p in NOT_KEPT)}
    assert unexplained == set()
    idle = {p for p in NOT_KEPT if not any(re.fullmatch(p, i) for i in ignored)}
    assert idle == set()


# --- recordings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *(f"biopython/pubmed{n}.xml" for n in (1, 2, 4, 5, 6, 7)),
        "ncbi-samples/efetch.pubmed.xml",
        "ncbi-samples/efetch.pubmedbook.xml",
    ],
)
def test_recorded_answers_are_read_whole(recordings: Path, name: str) -> None:
    path = recordings / name
    root = etree.parse(path, etree.XMLParser(load_dtd=False, no_network=True)).getroot()
    expected = [int(e.findtext("*/PMID")) for e in root.iterchildren("{*}*")]
    items, problems = read(path)
    assert problems == []
    assert pmids(items) == expected
    for element, item in zip(root.iterchildren("{*}*"), items, strict=True):
        assert isinstance(item, Article)
        texts = ["".join(e.itertext()) for e in element.iterfind("*//Abstract/AbstractText")]
        assert [s.text for s in item.sections] == texts
        assert item.title
        assert item.authors or (item.book and item.book.editors)


def test_recorded_error_page_is_no_pubmed_xml(recordings: Path) -> None:
    with pytest.raises(NotPubMedXML, match="HTML"):
        read(recordings / "biopython" / "pubmed3.html")
