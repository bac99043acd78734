"""Whatever a record or a person says stays text; every number says where it comes from."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from cmeneeds.errors import ExportError
from cmeneeds.records import Article, Author, Journal, Markup, PartialDate, Related, Term
from cmeneeds.report import markdown as md
from cmeneeds.report.docx import export_docx
from cmeneeds.report.html import export_html
from cmeneeds.report.pandoc import READER, run_pandoc
from cmeneeds.report.pdf import export_pdf
from cmeneeds.report.reading import read
from cmeneeds.report.references import csl
from cmeneeds.report.word import read_word

SYNTAX = st.sampled_from(
    [
        *"\\`*_{}[]<>#^~$@|!\"'&()+-=:;.,?/% \n\t\r\x00\u202e\u2066\u00a0\u2009‘",
        "<b>",
        "</script>",
        "$x$",
        "@pmid-1",
        "[@pmid-1]",
        ":::",
        "::: {.passage}",
        "{.figure}",
        "---",
        "...",
        "--",
        "1. ",
        "a) ",
        "(i) ",
        "# ",
        "> ",
        "    ",
        "&amp;",
        "&#60;",
        "`x`{=html}",
        "https://example.org/?a=b",
        "www.example.org",
        "mailto:a@b.c",
        "a@b.org",
        "![x](y)",
        "^[n]",
        "[a](javascript:x)",
        "\\begin{x}",
        "| a | b |\n|---|---|",
        "Mr. X",
        "e.g. ",
        "== ",
        "\x1b[31m",
        "“q”",
        "don't",
        "62%",
        "10^9^",
        "H~2~O",
    ]
)
HOSTILE = st.lists(SYNTAX | st.text(max_size=6), max_size=12).map("".join)


def paragraphs(texts: list[str], reader: str = READER) -> list[list[dict]]:
    source = "\n\n".join(md.escape(t) for t in texts)
    tree = json.loads(run_pandoc(["-f", reader, "-t", "json"], source))
    assert {b["t"] for b in tree["blocks"]} <= {"Para"}
    return [b["c"] for b in tree["blocks"]]


def text_of(inlines: list[dict]) -> str:
    assert {i["t"] for i in inlines} <= {"Str", "Space"}, inlines
    return "".join(i.get("c", " ") for i in inlines)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(HOSTILE.filter(lambda t: md.clean(t) != ""), min_size=1, max_size=120))
def test_escaped_text_comes_back_exactly(texts):
    assert [text_of(p) for p in paragraphs(texts)] == [md.clean(t) for t in texts]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(HOSTILE.filter(lambda t: md.clean(t).split() != []), min_size=1, max_size=120))
def test_escaped_text_is_inert_in_full_pandoc_markdown_too(texts):
    # Smart punctuation, TeX, HTML and bare links all on; white space may become no-break there.
    reader = "markdown+autolink_bare_uris+emoji+mark+lists_without_preceding_blankline"
    shown = []
    for inlines in paragraphs(texts, reader):
        assert {i["t"] for i in inlines} <= {"Str", "Space", "Quoted"}, inlines
        shown.append(" ".join(flat_quotes(inlines).split()))
    assert shown == [" ".join(md.clean(t).split()) for t in texts]


def flat_quotes(inlines):
    # Typographic quotes that the text itself has are read as quotations: same characters.
    marks = {"SingleQuote": "‘’", "DoubleQuote": "“”"}
    out = ""
    for i in inlines:
        if i["t"] == "Quoted":
            left, right = marks[i["c"][0]["t"]]
            out += left + flat_quotes(i["c"][1]) + right
        else:
            out += i.get("c", " ")
    return out


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
def test_plain_undoes_escape_without_pandoc(text):
    assert md.plain(md.escape(text)) == md.clean(text)


@pytest.mark.parametrize(
    "bad", ["\u202e", "\u2066", "\x1b", "\x00", "\u200b", "\ud800", "\U000e0041"]
)
def test_what_hides_or_reorders_is_shown(bad):
    assert md.clean(f"a{bad}b") == "a\ufffdb"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=30), HOSTILE)
def test_no_cell_breaks_a_table(rows, head):
    source = md.table([[md.escape(c) for c in r] for r in rows], [head or "h", "b"], "Caption")
    tree = json.loads(run_pandoc(["-f", READER, "-t", "json"], source))
    (div,) = tree["blocks"]
    (block,) = div["c"][1]
    assert block["t"] == "Table"
    body = block["c"][4][0][3]
    cells = [[text_of(c[4][0]["c"]) if c[4] else "" for c in row[1]] for row in body]
    assert cells == [[md.clean(c) for c in r] for r in rows]


def test_a_bare_pipe_in_a_cell_is_mended():
    source = md.table([["a|b", r"c\|d", r"e\\|f"]], ["x", "y", "z"], "C")
    tree = json.loads(run_pandoc(["-f", READER, "-t", "json"], source))
    row = tree["blocks"][0]["c"][1][0]["c"][4][0][3][0][1]
    assert [text_of(c[4][0]["c"]) for c in row] == ["a|b", "c|d", "e\\|f"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(HOSTILE.filter(lambda t: md.clean(t) != ""), st.data())
def test_a_card_gives_its_sentence_back(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    card = md.passage(
        text,
        "33932519.3.466-588",
        label="GAP",
        section=text,
        value=(start, end),
        status="expression of concern",
        secondary=True,
        note=text,
    )
    # Cutting at white space may add none and lose none, so compare without it.
    (seen,) = read(f"Before.\n{card}\nAfter.").passages
    assert seen.text.replace(" ", "") == md.clean(text).replace(" ", "")
    assert seen[:2] == ("33932519.3.466-588", "GAP")
    assert seen.status == "expression of concern"
    assert seen.secondary
    assert seen.citations == ("pmid-33932519",)
    assert not read(card).loose


def test_a_card_keeps_white_space_around_the_value():
    card = md.passage("Only 62% of 10 9 did.", "1.0.0-9", label="RATE", value=(5, 8))
    assert "Only [62%]{.value} of" in card
    assert read(card).passages[0].text == "Only 62% of 10 9 did."


def test_a_superscript_is_not_shown_as_a_bigger_number():
    card = md.passage("109 cells", "1.0.0-9", label="RATE", markup=[Markup(2, 3, "sup")])
    assert "10[9]{.sup} cells" in card
    assert read(card).passages[0].text == "109 cells"


def test_attribute_values_are_data():
    hostile = 'a" onclick="x" } ::: \\ & <b> \u202e'
    tree = json.loads(run_pandoc(["-f", READER, "-t", "json"], md.picture("x", "c", hostile)))
    image = tree["blocks"][0]["c"][2][0]["c"][0]["c"]
    assert image[0] == ["", [], []]
    assert text_of(image[1]) == md.clean(hostile)


@pytest.mark.parametrize(
    "make",
    [
        lambda: md.figure("1", "33932519"),
        lambda: md.figure("1", '1.2.3-4" x="'),
        lambda: md.figure("1", "1.2.9-4"),
        lambda: md.count(1, 'a" b'),
        lambda: md.cite("a]b"),
        lambda: md.cite(),
        lambda: md.banner("final", "x"),
        lambda: md.passage("x", "1.2.3-4", label="NONE"),
        lambda: md.picture("../x", "c", "a"),
        lambda: md.table([], ["a"], "c"),
        lambda: md.table([["1", "2"]], ["a"], "c"),
    ],
)
def test_builders_refuse_what_cannot_be(make):
    with pytest.raises(ValueError, match=r"not|needs|nothing"):
        make()


def test_readers_give_back_what_builders_wrote():
    report = "\n\n".join(
        [
            f"Only {md.figure('62%', '5.3.1-9')} did {md.cite(5, 6)}.",
            f"{md.count(1318, 'a.b')} read.",
            md.evidence("Evidence", [md.passage("Only 62% did.", "5.3.1-9", label="GAP")]),
            md.table([[md.figure("7", "5.t.0-4") + md.cite(7)]], ["x"], "C"),
            f"- {md.given(5, 'brief.years')} years",
        ]
    )
    assert read(report).figures == (("62%", "5.3.1-9"), ("7", "5.t.0-4"))
    assert read(report).counts == (("1,318", "a.b"),)
    assert read(report).givens == (("5", "brief.years"),)
    assert read(report).citations == ("pmid-5", "pmid-6", "pmid-7")
    assert [p.address for p in read(report).passages] == ["5.3.1-9"]
    assert not read(report).loose


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Only 62% did.", ["62%"]),
        ("n = 1,318 of 2.5 million", ["1,318", "2.5", "million"]),
        ("*62* and **7**", ["62", "7"]),
        ("Half of them, one in five", ["Half", "one in five"]),
        ("- 12-month delay", ["12"]),
        ("[see 5](https://example.org/77)", ["5"]),
        ("Term\n\n:   meaning 9", ["9"]),
        ("> quoted 62%", ["62%"]),
        ("[in 2019]{.date}", ["2019"]),
        ("[62%]{.other}", ["62%"]),
        ("[@pmid-5, 62% of them]", ["62%"]),
        ("![62% of all](figures/x)", ["62%"]),
        ("aged-65", ["65"]),
        ("¾ of them", ["¾"]),
        ("::: {.open-question}\n5 left\n:::", ["5"]),
    ],
)
def test_numbers_from_nowhere_are_found(text, tokens):
    assert [n.token for n in read(text).loose] == tokens


@pytest.mark.parametrize(
    "text",
    [
        "# Gap 1: 62%",
        "SGLT2, HbA1c, COVID-19, GLP-1 and SARS-CoV-2",
        "`62%`",
        "```\n62%\n```",
        "https://example.org/62 and doi:10.1000/62 and PMID 12345678 and NCT01234567",
        "1. first\n2. second",
        "[2019]{.date}, [2019-03-04]{.date}, [March 4, 2019]{.date}, [2015 to 2019]{.date}",
        "[type 2 diabetes]{.term}",
        "text [@pmid-5]",
    ],
)
def test_numbers_of_names_and_marked_ones_are_not_loose(text):
    assert not read(text).loose


def test_names_with_digits_are_handed_to_the_verifier():
    assert read("[62% of]{.term} and [type 2 diabetes]{.term}").terms == (
        "62% of",
        "type 2 diabetes",
    )


def test_a_computed_table_is_quiet_but_its_caption_is_not():
    table = md.table([["62"]], ["n"], "All 9 of them", computed="gaps")
    assert [n.token for n in read(table).loose] == ["9"]
    assert read(table).computed == ("gaps",)
    assert [n.token for n in read(md.table([["62"]], ["n"], "C")).loose] == ["62"]


def test_pandoc_that_hangs_or_warns_is_an_error():
    with pytest.raises(ExportError, match="did not finish"):
        run_pandoc(["-f", READER, "-t", "json"], "x " * 100_000, timeout=0.001)
    with pytest.raises(ExportError, match="refused"):
        run_pandoc(["-f", "nonsense"], "x")


# --- every format -------------------------------------------------------------------------------

TYPST = (
    '#panic("typst ran") #eval("1+1") #read("/etc/passwd") #import "@preview/x:1.0.0": * '
    '$#panic("math")$ @label <label> ]#panic("closed")[ ]) #image("/etc/passwd") '
    "= Heading\n#set page(width: 1pt) // comment /* open */ \\ #{panic()} `raw` ```typ x``` "
    "- item + item / term: x ~ -- --- ... \\u{1F600} *b* _i_ #sys.inputs"
)
MARKUP = (
    "<script>alert(1)</script><style>*{display:none}</style><img src=x onerror=alert(1)> "
    "</w:t></w:r></w:p><w:p/> ]]> <!-- x --> &lt;b&gt; &#60; <?xml?> "
    '{=openxml} `<w:br/>`{=openxml} `#panic()`{=typst} <!DOCTYPE x [<!ENTITY a "b">]>'
)
LATEX = "\\input{/etc/passwd} \\write18{id} $\\frac{1}{2}$ \\[x\\] %comment"
FORMULA = '=HYPERLINK("http://192.0.2.1","x") +cmd|\' /C calc\'!A0 @SUM(1) -2+3'
HIDDEN = (
    "\u202egnp.exe\u202c \x1b[31mred\x1b[0m \x07 \x00 \u2066x\u2069 \u200b\ufeff \ud800 \U000e0041"
)
LONG = "Very long title " * 3125
PLANTED = {"typst": TYPST, "markup": MARKUP, "latex": LATEX, "formula": FORMULA,
           "hidden": HIDDEN, "long": LONG}  # fmt: skip


def planted_report(text: str) -> str:
    """One text in every place of a report that text of a record or a person can reach."""
    original, whole, length = text, md.escape(text), len(text)
    text = text[:2000]  # a title of any length stands in a heading, a cell and a card
    shown = md.escape(text)
    return "\n\n".join(
        [
            md.banner("draft", text),
            f"# Heading {whole}",
            f"Words {shown} {md.figure('62%', '5.3.1-9')} {md.term(text)} [@pmid-5].",
            f"{shown}\n:   {shown}",
            f"- {shown}",
            md.table([[whole, md.figure(text, "5.3.1-9")]], [text, "b"], shown),
            md.picture("chart", shown, text),
            md.open_question(text),
            md.evidence(
                shown,
                [md.passage("Only 62% did.", "5.3.1-9", label="GAP"),
                 md.passage(original, f"6.1.0-{length}", label="GAP", section=text, note=text,
                            status="retracted", value=(0, min(9, length)))],
            ),
            "# References\n\n::: {#refs}\n:::",
        ]
    )  # fmt: skip


PLANTED_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'
)
PLANTED_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8"
    "cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture(params=PLANTED)
def planted(request, tmp_path):
    text = PLANTED[request.param]
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "chart.svg").write_text(PLANTED_SVG)
    (tmp_path / "figures" / "chart.png").write_bytes(PLANTED_PNG)
    (tmp_path / "report.md").write_text(planted_report(text), encoding="utf-8")
    part = text[:2000]
    fields = {
        "title": text,
        "authors": (Author(part, part, "X"),),
        "journal": Journal(part, medline=part),
        "pages": part,
        "doi": part,
        "published": PartialDate(part, None),
        "related": (Related("RetractionIn", part),),
        "publication_types": (Term("Retracted Publication", ""),),
    }
    return tmp_path, text, [csl(Article(pmid=pmid, **fields)) for pmid in (5, 6)]


def said(text: str) -> str:
    """Letters and digits only: typography may differ, words may not."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isalnum() and c.isascii())


def test_planted_text_is_inert_in_html(planted):
    folder, text, references = planted
    export_html(folder / "report.md", references, folder / "r.html", text, folder / "figures")
    page = lxml_html.fromstring((folder / "r.html").read_bytes())
    script, style = page.xpath("//script | //style"), page.xpath("//style")
    assert (len(script), len(style)) == (2, 1)
    assert not page.xpath("//iframe | //object | //embed | //form | //base | //link")
    assert [n for e in page.iter() for n in e.attrib if n.lower().startswith("on")] == []
    assert all(s.startswith("data:image/svg") for s in page.xpath("//img/@src"))
    for target in page.xpath("//main//a/@href"):
        assert target.startswith(("#", "https://pubmed.ncbi.nlm.nih.gov/", "https://doi.org/"))
    (quote,) = page.xpath(f"//*[@id='p-6-1-0-{len(text)}']//blockquote")
    assert said(quote.text_content()) == said(md.clean(text))


def test_planted_text_is_inert_in_word(planted):
    folder, text, references = planted
    export_docx(folder / "report.md", references, folder / "r.docx", text, folder / "figures")
    word = read_word(folder / "r.docx")
    quotes = [p.text for p in word.body if p.style == "Block Text"]
    assert said(md.clean(text)) in {said(q) for q in quotes}
    with zipfile.ZipFile(folder / "r.docx") as archive:
        names = archive.namelist()
        data = {n: archive.read(n) for n in names}
    for name, part in data.items():
        if name.endswith((".xml", ".rels")):
            root = etree.fromstring(part)
            # No field that Word would compute, no object, nothing loaded from elsewhere.
            tags = {etree.QName(e).localname for e in root.iter() if isinstance(e.tag, str)}
            assert not tags & {"object", "altChunk", "oleObj", "control"}, name
            for field in root.iter("{*}instrText", "{*}fldSimple"):
                instr = (field.text or "") + "".join(field.attrib.values())
                assert instr.split()[0] in ("PAGE", "HYPERLINK", "TOC"), instr
        if name.endswith(".rels"):
            outside = [r for r in root if r.get("TargetMode") == "External"]
            for relation in outside:
                assert relation.get("Type").endswith("/hyperlink")
                assert relation.get("Target").startswith(
                    ("https://pubmed.ncbi.nlm.nih.gov/", "https://doi.org/")
                )


def test_planted_text_is_inert_in_pdf(planted):
    folder, text, references = planted
    # A function that ran would panic, read a file or break the page; here it is set as text.
    export_pdf(folder / "report.md", references, folder / "r.pdf", text, folder / "figures")
    data = (folder / "r.pdf").read_bytes()
    for action in (b"/JavaScript", b"/JS ", b"/Launch", b"/OpenAction", b"/EmbeddedFile", b"/AA "):
        assert action not in data
    for target in re.findall(rb"/URI \(([^)]*)\)", data):
        assert target.startswith((b"https://pubmed.ncbi.nlm.nih.gov/", b"https://doi.org/"))
    if (reader := shutil.which("pdftotext")) is None:
        pytest.skip("pdftotext is not installed: the PDF was set, its words were not read")
    shown = subprocess.run(
        [reader, "-raw", str(folder / "r.pdf"), "-"], capture_output=True, check=True, timeout=60
    ).stdout.decode("utf-8", "replace")
    for word in re.findall(r"[A-Za-z]{4,}", md.clean(text))[:60]:
        assert word in shown.replace("-\n", "").replace("\n", " ").replace("\u00ad", "") or (
            said(word) in said(shown)
        )
