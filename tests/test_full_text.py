"""Full text in JATS: every word once, every cell with its headers, every citation with its work.

All articles written in this file are made up.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from cmeneeds import jats as jats_module
from cmeneeds.documents import (
    KINDS,
    SECTION_KINDS,
    Document,
    Part,
    document_from_json,
    document_to_json,
    parse_document_address,
    section_kind,
)
from cmeneeds.entrez_errors import (
    AnswerCutShort,
    FullTextNotAvailable,
    HistoryExpired,
    NotAnXmlAnswer,
)
from cmeneeds.errors import SourceError, UsageError
from cmeneeds.jats import parse_article, parse_articles
from cmeneeds.jats_text import BLOCKS

REFS = "".join(
    f'<ref id="B{i}"><label>{i}</label><mixed-citation>Made-up work {i}.'
    f'<pub-id pub-id-type="pmid">{900 + i}</pub-id></mixed-citation></ref>'
    for i in range(1, 9)
)
IDS = (
    '<article-id pub-id-type="pmid">5</article-id><article-id pub-id-type="pmc">900001</article-id>'
)


def jats(
    body: str | None = "<p>Nothing is real.</p>",
    *,
    meta: str = "",
    ids: str = IDS,
    back: str = "",
    floats: str = "",
    inside: str = "",
    prolog: str = "",
) -> bytes:
    """A made-up article; the arguments are put in as XML."""
    text = (
        f"{prolog}<article xmlns:mml='http://www.w3.org/1998/Math/MathML' "
        f"xmlns:xlink='http://www.w3.org/1999/xlink' article-type='research-article'>{inside}"
        f"<front><journal-meta><journal-title-group><journal-title>Made-up Journal"
        f"</journal-title></journal-title-group></journal-meta><article-meta>{ids}"
        f"<title-group><article-title>A <italic>made-up</italic> title</article-title>"
        f"</title-group>{meta}</article-meta></front>"
        + (f"<body>{body}</body>" if body is not None else "")
        + f"<back>{back}<ref-list>{REFS}</ref-list></back>{floats}</article>"
    )
    return text.encode()


def read(body: str, **more: Any) -> tuple[Part, ...]:
    """The parts of a made-up article after its title."""
    return parse_article(jats(body, **more)).parts[1:]


def brief(parts: tuple[Part, ...]) -> list[tuple[str, str]]:
    return [(p.kind, p.text) for p in parts]


def test_every_block_has_its_reader() -> None:
    """A block without one would be read twice, or never."""
    assert set(jats_module._BLOCKS) == BLOCKS


# --- the document -------------------------------------------------------------------------------


def test_the_head_of_an_article() -> None:
    meta = """
      <contrib-group><contrib contrib-type="author"><contrib-id contrib-id-type="orcid">
        http://orcid.org/0000-0000-0000-0001</contrib-id>
        <name><surname>Maker</surname><given-names>Ann B</given-names></name></contrib>
      <contrib contrib-type="author"><collab>The Made-up Group<contrib-group><contrib><name>
        <surname>No</surname></name></contrib></contrib-group></collab></contrib>
      <contrib contrib-type="editor"><name><surname>Ed</surname></name></contrib></contrib-group>
      <pub-date pub-type="pmc-release"><year>2022</year></pub-date>
      <pub-date pub-type="epub"><year>2020</year></pub-date>
      <pub-date pub-type="ppub"><year>2021</year></pub-date>
      <permissions><copyright-statement>© Nobody</copyright-statement>
      <license xlink:href="https://example.org/licence"><license-p>Use it.</license-p></license>
      </permissions>
      <related-article related-article-type="corrected-article" xlink:href="10.1/x"/>
      <abstract><title>Summary</title><sec><title>Results</title><p>It rose.</p></sec></abstract>
      <trans-abstract><p>Autre langue.</p></trans-abstract>"""
    found = parse_article(jats(meta=meta))
    assert (found.id, found.kind, found.pmid, found.pmcid) == (
        "PMC900001", "pmc article", 5, "PMC900001",
    )  # fmt: skip
    assert (found.title, found.journal, found.year) == ("A made-up title", "Made-up Journal", 2021)
    assert [(a.last, a.collective) for a in found.authors] == [
        ("Maker", ""), ("", "The Made-up Group"),
    ]  # fmt: skip
    assert found.authors[0].orcid == "0000-0000-0000-0001"
    assert found.licence.url == "https://example.org/licence"
    assert (found.licence.text, found.licence.copyright) == ("Use it.", "© Nobody")
    assert [(r.kind, r.source) for r in found.related] == [("corrected-article", "10.1/x")]
    assert found.full_text
    abstract = found.parts[3]
    assert (abstract.kind, abstract.text) == ("abstract paragraph", "It rose.")
    assert (abstract.path, abstract.section) == (("Summary", "Results"), "results")
    assert [p.path for p in found.parts if p.kind == "heading"] == [(), ("Summary",)]
    assert "Autre" not in repr(found)
    assert document_from_json(document_to_json(found)) == found
    assert hash(found) == hash(parse_article(jats(meta=meta)))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ('<article-id pub-id-type="pmcid">PMC77</article-id>', "PMC77"),
        ('<article-id pub-id-type="pmc">PMC77.2</article-id>', "PMC77"),
        ('<article-id pub-id-type="pmid">88</article-id>', "PMID88"),
    ],
)
def test_identifiers(ids: str, expected: str) -> None:
    found = parse_article(jats(ids=ids))
    assert found.id == expected
    assert parse_document_address(found.address(0, 0, 3)).id == expected
    with pytest.raises(NotAnXmlAnswer):
        parse_article(jats(ids=""))


def test_addresses_lead_to_their_text() -> None:
    found = parse_article(jats("<p>Cover rose to 10<sup>2</sup>.</p>"))
    address = found.address(1, 6, 17)
    assert address == "PMC900001.1.6-17"
    assert found.text_at(address) == "rose to 102"
    for number, start, end in ((2, 0, 1), (1, 3, 3), (1, 0, 99), (-1, 0, 1)):
        with pytest.raises(IndexError):
            found.address(number, start, end)
    with pytest.raises(IndexError):
        found.text_at("PMC900001.1.0-99")
    for wrong in ("PMC1.0.0-1", "33932519.t.0-4", "PMC900001.1.5-5", "PMC900001.01.0-1", "", "x"):
        with pytest.raises(UsageError):
            found.text_at(wrong)


# --- sections -----------------------------------------------------------------------------------


def test_sections_give_path_and_kind() -> None:
    parts = read(
        "<p>Alone.</p><sec sec-type='methods'><title>What we did</title><p>M.</p>"
        "<sec><label>2.1</label><title>Sample <italic>and</italic> size</title><p>S.</p></sec>"
        "<sec><title>Limitations</title><p>L.</p></sec></sec><sec><p>Untitled.</p></sec>"
    )
    assert brief(parts) == [
        ("paragraph", "Alone."), ("heading", "What we did"), ("paragraph", "M."),
        ("heading", "Sample and size"), ("paragraph", "S."), ("heading", "Limitations"),
        ("paragraph", "L."), ("paragraph", "Untitled."),
    ]  # fmt: skip
    assert parts[4].path == ("What we did", "2.1 Sample and size")
    assert [p.section for p in parts] == ["", *["methods"] * 4, *["limitations"] * 2, ""]
    assert [p.number for p in parts] == list(range(1, 9))
    assert all(p.kind in KINDS and p.section in ("", *SECTION_KINDS) for p in parts)


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("INTRODUCTION", "background"), ("Methods/Design", "methods"), ("Main findings", "results"),
        ("Results and discussion", "results"), ("Conclusions", "conclusions"),
        ("Recommendations", "recommendations"), ("Recommendations for future research", ""),
        ("Development of the recommendations", ""), ("Competing interests", "statements"),
        ("Authors’ contributions", "statements"), ("Implications for practice", "conclusions"),
        ("Funding", "statements"), ("Type 2 diabetes", ""), ("Appendix A", "appendix"),
        ("Resultant force", ""), ("", ""),
    ],
)  # fmt: skip
def test_section_kinds(title: str, kind: str) -> None:
    assert section_kind(title) == kind


# --- blocks -------------------------------------------------------------------------------------


def test_lists_boxes_and_quotations() -> None:
    parts = read(
        "<p>Clinicians should:<list list-type='order'><list-item><label>(a)</label><p>ask;</p>"
        "<list><list-item><p>twice</p></list-item></list></list-item>"
        "<list-item><p>listen.</p></list-item></list> And rest.</p>"
        "<boxed-text><label>Box 1</label><caption><title>Key recommendations</title><p>Sum.</p>"
        "</caption><p>Offer tea.</p></boxed-text>"
        "<disp-quote><p>I file.</p><attrib>A nurse</attrib></disp-quote>"
        "<def-list><def-item><term>GP</term><def><p>general practitioner</p></def></def-item>"
        "</def-list><statement><label>Recommendation 1</label><p>Offer cake.</p></statement>"
    )
    assert brief(parts) == [
        ("paragraph", "Clinicians should:"), ("list item", "ask;"), ("list item", "twice"),
        ("list item", "listen."), ("paragraph", " And rest."), ("heading", "Key recommendations"),
        ("box", "Sum."), ("box", "Offer tea."), ("quotation", "I file."), ("note", "A nurse"),
        ("list item", "general practitioner"), ("paragraph", "Offer cake."),
    ]  # fmt: skip
    lead = parts[0].number
    assert [p.lead for p in parts[:5]] == [-1, lead, lead, lead, -1]
    assert (parts[1].label, parts[10].label) == ("(a)", "GP")
    assert parts[7].path == ("Box 1 Key recommendations",)
    assert [parts[i].section for i in (7, 11)] == ["recommendations"] * 2
    assert parts[10].lead == -1


def test_footnotes_and_figures_stand_apart() -> None:
    parts = read(
        "<p>Half<fn><label>1</label><p>Of sheets.</p></fn> was <bold>filed<fn><p>Or lost.</p></fn>"
        "</bold>.</p><fig><label>Figure 1</label><caption><title>Flow.</title><p>Down.</p>"
        "</caption><graphic/><alt-text>ignored</alt-text></fig>"
        "<supplementary-material><caption><p>ignored</p></caption></supplementary-material>"
    )
    assert brief(parts) == [
        ("paragraph", "Half was filed."), ("note", "Of sheets."), ("note", "Or lost."),
        ("figure caption", "Flow."), ("figure caption", "Down."),
    ]  # fmt: skip
    assert [p.label for p in parts[1:]] == ["1", "", "Figure 1", "Figure 1"]


def test_what_stands_after_the_body() -> None:
    parts = read(
        "<p>Body.</p>",
        back="<ack><p>Thanks.</p></ack><fn-group><fn><p>None declared.</p></fn></fn-group>"
        "<sec><title>Funding</title><p>Nobody.</p></sec><bio><p>Ann files.</p></bio>"
        "<app-group><app><title>Appendix</title><p>The form.</p></app></app-group>",
        floats="<floats-group><fig><label>F</label><caption><p>Late.</p></caption></fig>"
        "</floats-group><sub-article><body><p>Review.</p></body></sub-article>",
    )
    assert brief(parts) == [
        ("paragraph", "Body."), ("heading", "Appendix"), ("paragraph", "The form."),
        ("figure caption", "Late."),
    ]  # fmt: skip
    assert parts[2].section == "appendix"


# --- text ---------------------------------------------------------------------------------------


def test_markup_breaks_and_formulas() -> None:
    (part,) = read(
        "<p> 10<sup>2</sup> of <bold>x<sub>1</sub></bold>,<break/>y&nbsp;= "
        "<inline-formula><alternatives><tex-math>\\begin{document}$a$\\end{document}</tex-math>"
        "<mml:math>\n <mml:semantics><mml:mrow><mml:mi> a </mml:mi>\n <mml:mn>2</mml:mn></mml:mrow>"
        "<mml:annotation>a^2</mml:annotation></mml:semantics></mml:math></alternatives>"
        "</inline-formula> or <inline-formula><tex-math>\\documentclass{x}\\begin{document}"
        "$$b$$\\end{document}</tex-math></inline-formula><!-- no --><?no pi?>.</p>",
        prolog="<!DOCTYPE article PUBLIC 'x' 'archivearticle.dtd'>",
    )
    assert part.text == " 102 of x1,\ny\u00a0= a2 or $$b$$."
    assert [(part.text[m.start : m.end], m.tag) for m in part.markup] == [
        ("2", "sup"), ("x1", "b"), ("1", "sub"), ("a2", "math"), ("$$b$$", "math"),
    ]  # fmt: skip


def cite(number: int, text: str = "") -> str:
    return f'<xref ref-type="bibr" rid="B{number}">{text or number}</xref>'


@pytest.mark.parametrize(
    ("xml", "cited"),
    [
        (f"It rose [{cite(2)}].", [902]),
        (f"It rose [{cite(2)}-{cite(5)}].", [902, 903, 904, 905]),
        (f"It rose<sup>{cite(2)}</sup>–<sup>{cite(4)}</sup>.", [902, 903, 904]),
        (f"It rose [{cite(2)}, {cite(5)}].", [902, 905]),
        (f"It rose {cite(6, '6–8')}.", [906, 907, 908]),
        (f"It rose {cite(7, '7-99')}.", [907]),
        ('It rose <xref ref-type="bibr" rid="B1 B3">(A; B)</xref>.', [901, 903]),
        ('It rose <xref ref-type="bibr" rid="B99">99</xref>.', []),
        ('See <xref ref-type="fig" rid="F1">Figure 1</xref>.', []),
    ],
)
def test_citations_lead_to_works(xml: str, cited: list[int]) -> None:
    found = parse_article(jats(f"<p>{xml}</p>"))
    part = found.parts[1]
    assert sorted({w.pmid for w in found.works(part)}) == cited
    assert part.text == "".join(etree.fromstring(f"<p>{xml}</p>").itertext())
    for citation in part.citations:
        assert part.text[citation.start : citation.end].strip() != ""
    assert found.works(part, 0, 4) == ()


def test_references_keep_identifiers_only() -> None:
    found = parse_article(
        jats(back='<ref-list><ref id="R"><element-citation><pub-id pub-id-type="doi">'
             'https://doi.org/10.1000/a(b)</pub-id></element-citation><element-citation id="Rb">'
             '<pub-id pub-id-type="pmcid">PMC8</pub-id></element-citation></ref></ref-list>')
    )  # fmt: skip
    first, second = found.references[:2]
    assert (first.id, first.doi, first.pmid) == ("R", "10.1000/a(b)", None)
    assert second.pmcid == "PMC8"
    assert len(found.references) == 10
    assert "Made-up work" not in repr(found)


# --- tables -------------------------------------------------------------------------------------

TABLE = """<table-wrap><label>Table 1</label><caption><p>Who files.</p></caption><table>
<thead><tr><th rowspan="2">Group</th><th colspan="2">Sheets (<italic>n</italic>)</th><th/></tr>
<tr><th>Filed<sup>a,b</sup><hr/></th><th>Lost</th><th>P</th></tr></thead>
<tbody><tr><td colspan="4">Sex</td></tr>
<tr><td>Women</td><td>1<break/>(2)</td><td> </td><td rowspan="2">0.5</td></tr>
<tr><td>Men</td><td>3</td><td>4</td></tr></tbody></table>
<table-wrap-foot><fn><label>*</label><p>Made up.</p></fn><p>Note.</p></table-wrap-foot>
</table-wrap>"""


def test_cells_know_their_headers() -> None:
    parts = read(f"<sec><title>Results</title>{TABLE}</sec>")[1:]
    assert {p.kind for p in parts} == {"table caption", "table cell", "table note"}
    assert [p.text for p in parts if p.kind == "table caption"] == ["Who files."]
    assert sorted((p.text, p.label) for p in parts if p.kind == "table note") == [
        ("Made up.", "*"), ("Note.", ""),
    ]  # fmt: skip
    cells = {p.text: p.cell for p in parts if p.cell is not None}
    told = {
        text: (c.row, c.column, c.row_header, c.column_header)
        for text, c in cells.items()
        if not c.header
    }
    assert told == {
        "1\n(2)": (3, 1, ("Sex", "Women"), ("Sheets (n)", "Filed")),
        "0.5": (3, 3, ("Sex", "Women"), ("P",)),
        "3": (4, 1, ("Sex", "Men"), ("Sheets (n)", "Filed")),
        "4": (4, 2, ("Sex", "Men"), ("Sheets (n)", "Lost")),
    }
    headers = {t for t, c in cells.items() if c.header}
    assert headers == {"Group", "Sheets (n)", "Fileda,b\n", "Lost", "P", "Sex", "Women", "Men"}
    assert {c.table for c in cells.values()} == {"Table 1"}
    assert {p.section for p in parts} == {"results"}


def test_tables_behind_the_statements_are_no_statements() -> None:
    parts = read(f"<sec><title>Competing interests</title><p>None.</p>{TABLE}</sec>")
    assert {p.section for p in parts if p.cell} == {""}
    assert {p.path for p in parts if p.cell} == {()}
    assert parts[1].section == "statements"


def test_tables_of_other_shapes() -> None:
    (one, two, three) = read(
        "<table-wrap><alternatives><graphic/><table><tr><th>Name</th><th>Age</th></tr>"
        "<tr><td><p>Ann</p><p>B</p></td></tr></table></alternatives></table-wrap>"
    )
    assert (one.text, two.text, three.text) == ("Name", "Age", "Ann\nB")
    assert three.cell is not None
    assert three.cell.column_header == ("Name",)
    parts = read(
        "<table-wrap><table><tbody><tr><td rowspan='2'>Men</td><td>Old</td><td>5</td></tr>"
        "<tr><td>Young</td><td>6</td></tr></tbody></table></table-wrap>"
    )
    told = {p.text: p.cell.row_header for p in parts if p.cell}
    assert told["5"] == ("Men", "Old")
    assert told["6"] == ("Men", "Young")


def test_huge_spans_cost_nothing() -> None:
    row = "<tr>" + "<td colspan='999999999' rowspan='999999999'>x</td>" * 2000 + "</tr>"
    started = time.monotonic()
    parts = read(f"<table-wrap><table><tbody>{row * 5}</tbody></table></table-wrap>")
    assert len(parts) == 10_000
    assert time.monotonic() - started < 20


# --- answers that are no article ----------------------------------------------------------------

REFUSED = (
    "<!--The publisher of this article does not allow downloading of the full text in XML form.-->"
)


def test_refused_full_text_has_its_error() -> None:
    body = jats(None, inside=REFUSED)
    with pytest.raises(FullTextNotAvailable) as caught:
        parse_article(body)
    assert caught.value.id == "PMC900001"
    assert not caught.value.retryable
    both = b"<pmc-articleset>" + body + jats() + b'<Reply Id="7" error="no"/></pmc-articleset>'
    first, second, third = parse_articles(both)
    assert isinstance(first, FullTextNotAvailable)
    assert isinstance(second, Document)
    assert isinstance(third, FullTextNotAvailable)
    assert third.id == "PMC7"


def test_an_article_without_body_is_a_document() -> None:
    found = parse_article(jats(None, meta="<abstract><p>Short.</p></abstract>"))
    assert not found.full_text
    assert brief(found.parts[1:]) == [("abstract paragraph", "Short.")]
    # The words alone mean nothing: only where the body is missing do they say why.
    said = REFUSED.removeprefix("<!--").removesuffix("-->")
    assert parse_article(jats(f"<p>{said}</p>", inside=REFUSED)).full_text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", AnswerCutShort),
        (jats()[:-30], AnswerCutShort),
        (b"<html><body/></html>", NotAnXmlAnswer),
        (b"<PubmedArticleSet/>", NotAnXmlAnswer),
        (b"<article><front/></article>", NotAnXmlAnswer),
        (b"<pmc-articleset></pmc-articleset>", FullTextNotAvailable),
        (b"<eFetchResult><ERROR>Unable to obtain query #1</ERROR></eFetchResult>", HistoryExpired),
    ],
)
def test_other_answers_have_their_errors(body: bytes, kind: type[SourceError]) -> None:
    with pytest.raises(kind):
        parse_article(body)


LAUGHS = (
    "<!DOCTYPE r [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 11))
    + "]>"
)


@pytest.mark.parametrize(
    "body",
    [
        jats("<p>&a10;</p>", prolog=LAUGHS),
        jats("<p id='&a10;'>x</p>", prolog=LAUGHS),
        jats("<p>&x;</p>", prolog="<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"),
        jats("<p>x</p>", prolog="<!DOCTYPE r SYSTEM 'http://192.0.2.1/x.dtd'>"),
        jats("<sec>" * 100_000 + "</sec>" * 100_000),
        jats("<p>" + "<bold>" * 245 + "deep" + "</bold>" * 245 + "</p>"),
        jats("<sec>" * 245 + "<p>deep</p>" + "</sec>" * 245),
        jats("<p>" + "x" * (50 << 20) + "</p>"),
        jats("<p>" + cite(1) * 20_000 + "</p>"),
        jats("<p>" + "<list><list-item>" * 120 + "<p>x</p>" + "</list-item></list>" * 120 + "</p>"),
    ],
    ids=["laughs", "laughs in attribute", "external entity", "external DTD", "deep",
         "deep inline", "deep sections", "long text", "many citations", "deep lists"],
)  # fmt: skip
def test_hostile_articles_are_inert_or_refused(body: bytes) -> None:
    started = time.monotonic()
    try:
        said = "".join(p.text for p in parse_article(body).parts)
    except SourceError as error:
        said = str(error)
    assert 0 < len(said) < 50_000
    assert "root:" not in said
    assert "haha" not in said
    assert time.monotonic() - started < 20


# --- recordings ---------------------------------------------------------------------------------

ARTICLES = (
    "PMC1931439", "PMC2375877", "PMC2833168", "PMC2954954", "PMC3026197", "PMC3179931",
    "PMC3258215", "PMC3680082", "PMC3798588", "PMC3814588", "PMC4049486", "PMC5073472",
)  # fmt: skip


def letters(texts: list[str]) -> Counter[str]:
    return Counter("".join("".join(t.split()) for t in texts))


def said_by(element: Any) -> str:
    """All text inside, but for what is documented as left out."""
    text = element.text or ""
    for child in element:
        if not str(child.tag).endswith(("}annotation", "}annotation-xml")):
            text += said_by(child)
        text += child.tail or ""
    return text


@pytest.mark.parametrize("name", ARTICLES)
def test_recorded_articles_are_covered_exactly_once(recordings: Path, name: str) -> None:
    path = recordings / "jats" / f"{name}.nxml"
    if not path.is_file():
        pytest.skip("the recordings of jats are absent")
    body = path.read_bytes()
    found = parse_article(body)
    root = etree.fromstring(body)
    assert found.id == name
    assert found.full_text
    assert found.title == "".join(root.find(".//title-group/article-title").itertext())
    assert [p.number for p in found.parts] == list(range(len(found.parts)))
    assert found.licence.url.startswith("http")
    assert len(found.references) == len(root.findall(".//ref-list/ref"))
    assert len(found.authors) >= 1

    outer = "[not(ancestor::p or ancestor::td or ancestor::th or ancestor::supplementary-material)]"
    inner = root.xpath(f"//body//*[self::p or self::td or self::th]{outer}")
    inner += root.xpath(f"//body//*[self::fig or self::table-wrap]/caption/title{outer}")
    boxes = root.xpath("//body//boxed-text/caption/title")
    expected = [said_by(e) for e in inner]
    body_kinds = set(KINDS) - {"title", "heading", "abstract paragraph"}
    assert letters([p.text for p in found.parts if p.kind in body_kinds]) == letters(expected)

    titles = [said_by(t) for t in root.xpath("//body//sec/title")] + [said_by(t) for t in boxes]
    titles += [said_by(t) for t in root.xpath("//abstract[1]//title")]
    told = [p.text for p in found.parts if p.kind == "heading"]
    assert letters(told) == letters(titles)
    abstract = [said_by(p) for p in root.xpath("//article-meta/abstract//p")]
    assert [p.text for p in found.parts if p.kind == "abstract paragraph"] == [
        a for a in abstract if a.strip()
    ]

    cited = sum(len(p.citations) for p in found.parts)
    links = "//*[self::body or self::abstract]//xref[@ref-type='bibr']"
    assert cited == len(root.xpath(links))
    known = {r.pmid for p in found.parts for r in found.works(p)}
    assert known or not cited
    for part in found.parts:
        address = found.address(part.number, 0, len(part.text))
        assert found.text_at(address) == part.text
        for mark in part.markup:
            assert 0 <= mark.start < mark.end <= len(part.text)
        if part.cell and not part.cell.header:
            assert part.cell.column_header or part.cell.row_header
    assert document_from_json(document_to_json(found)) == found


def test_the_recorded_answer_of_efetch(recordings: Path) -> None:
    path = recordings / "biopython" / "efetch_pmc.xml"
    if not path.is_file():
        pytest.skip("the recordings of biopython are absent")
    (found,) = parse_articles(path.read_bytes())
    assert isinstance(found, Document)
    assert (found.id, found.article_type, found.year) == ("PMC8435807", "correction", 2021)
    assert found.related[0].kind == "corrected-article"
    assert found.licence.url.startswith("https://creativecommons.org/licenses/by-nc")
    assert [p.kind for p in found.parts] == ["title", "paragraph"]
