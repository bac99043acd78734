"""HTML and Word from one report: complete, self-contained, the same every time."""

from __future__ import annotations

import http.server
import io
import re
import shutil
import subprocess
import threading
import zipfile

import pytest
from lxml import etree
from lxml import html as lxml_html

from cmeneeds.errors import ExportError
from cmeneeds.report import markdown as md
from cmeneeds.report.convert import STYLE
from cmeneeds.report.docx import export_docx
from cmeneeds.report.html import export_html
from cmeneeds.report.pdf import export_pdf, set_pdf
from cmeneeds.report.style.make_reference import make_reference

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8"
    "cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
ADDRESS = "11.3.0-40"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def reference(pmid: int, **fields) -> dict:
    return {
        "id": f"pmid-{pmid}",
        "type": "article-journal",
        "title": f"Made-up study {pmid} <b>& $x$ *a*",
        "author": [{"family": "Example", "given": "A"}],
        "container-title-short": "J Made Up Med",
        "container-title": "Journal of Made-up Medicine",
        "issued": {"date-parts": [[2024]]},
        "volume": "1",
        "page": "2-3",
    } | fields


REFERENCES = [reference(11), reference(12, note="Retracted in: J Made Up Med. 2025"), reference(13)]
CARD = md.passage("Only 62% of them had it.", ADDRESS, label="GAP", section="RESULTS", value=(5, 8))
REPORT = f"""{md.banner("draft", "Not confirmed.")}

# Summary

Only {md.figure("62%", ADDRESS)} had it {md.cite(11)}. Again {md.figure("62%", ADDRESS)}
{md.cite(12)}; and more {md.cite(11, 12, 13)}: yes {md.cite(13)}, well.

{md.table([[md.cite(11), "long " * 30], ["b", "c"]], ["First", "Second"], "A table")}

{md.picture("rates", "A chart", "Bars: x < y")}

## Gap

{md.evidence("Evidence", [CARD])}

{md.open_question("Who?")}

{CARD}

# References

::: {{#refs}}
:::
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "rates.svg").write_text(SVG)
    (tmp_path / "figures" / "rates.png").write_bytes(PNG)
    return tmp_path


def make(folder, text=REPORT, kind="html", title="A made-up *title* <b> $x$", **options):
    source, out = folder / "report.md", folder / f"report.{kind}"
    source.write_text(text, encoding="utf-8")
    export = {"html": export_html, "docx": export_docx, "pdf": export_pdf}[kind]
    export(source, REFERENCES, out, title, folder / "figures", **options)
    return out


def tree(folder, text=REPORT, **options):
    return lxml_html.fromstring(make(folder, text, **options).read_bytes())


def document(path, part="word/document.xml"):
    with zipfile.ZipFile(path) as archive:
        return etree.fromstring(archive.read(part))


def words(node) -> str:
    return " ".join("".join(node.itertext()).split())


def test_citations_are_numbered_once_and_set_as_superscripts(folder):
    page = tree(folder)
    paragraph = page.xpath("//h2[@id='summary']/following-sibling::p[1]")[0]
    assert words(paragraph) == "Only 62% had it.1 Again 62%2; and more1-3: yes,3 well."
    assert len(paragraph.xpath(".//sup")) == 4
    entries = page.xpath("//div[@class='csl-entry']")
    assert [e.get("id") for e in entries] == ["ref-pmid-11", "ref-pmid-12", "ref-pmid-13"]
    assert "Made-up study 11 <b>& $x$ *a*." in words(entries[0])


def test_a_retraction_stands_behind_the_reference(folder):
    entries = tree(folder).xpath("//div[@class='csl-entry']")
    assert words(entries[1]).endswith("Retracted in: J Made Up Med. 2025.")
    assert "Retracted" not in words(entries[0])


def test_a_number_leads_to_its_card_and_back(folder):
    page = tree(folder)
    links = page.xpath("//a[starts-with(@class, 'figure')]")
    assert [a.get("href") for a in links] == ["#p-11-3-0-40"] * 2
    (card,) = page.xpath("//*[@id='p-11-3-0-40']")
    assert card.xpath(".//blockquote")[0].text_content().strip() == "Only 62% of them had it."
    assert card.xpath(".//*[@class='value']")[0].text == "62%"
    back = [a.get("href") for a in card.xpath(".//*[@class='uses']/a")]
    assert back == [f"#{a.get('id')}" for a in links]
    assert card.getparent().tag == "details"


def test_no_id_occurs_twice_and_no_internal_link_is_dead(folder):
    page = tree(folder)
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = {h[1:] for h in page.xpath("//a/@href") if h.startswith("#")}
    assert targets <= set(ids)


def test_the_page_is_accessible(folder):
    page = tree(folder)
    assert page.get("lang") == "en-US"
    assert page.xpath("//a[@class='skip']/@href") == ["#report"]
    assert page.xpath("//img/@alt") == ["Bars: x < y"]
    assert page.xpath("count(//h1)") == 1
    assert page.xpath("//h1")[0].text == "A made-up *title* <b> $x$"
    assert page.xpath("//main//table/caption")[0].text == "A table"
    assert page.xpath("count(//div[@class='scroll' and @tabindex='0']/table)") == 1


def test_the_page_asks_the_network_for_nothing(folder):
    data = make(folder).read_text()
    page = lxml_html.fromstring(data)
    assert all(s.startswith("data:image/svg+xml") for s in page.xpath("//img/@src"))
    assert not page.xpath("//link | //script[@src] | //iframe | //object | //embed")
    assert "url(" not in data
    assert "@import" not in data
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "'unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")


def test_raw_html_tex_attributes_and_odd_links_do_not_pass(folder):
    text = (
        "<script>alert(1)</script> <b>x</b> `<i>`{=html} $x$ \\textbf{y}\n\n"
        '[a](javascript:alert(1)) [b](https://example.org){onclick="x" style="y"} '
        '[c]{onmouseover="x" style="y"}\n\n'
        '# H {onclick="x"}\n\n::: {onclick="x" style="y"}\nz\n:::\n\n'
        '`c`{onclick="x"}\n\n```{onclick="x"}\nd\n```\n\n<img src="https://example.org/x">\n'
    )
    page = tree(folder, text)
    main = page.xpath("//main")[0]
    names = {name for node in main.iter("*") for name in node.attrib}
    assert names <= {"id", "class", "href"}, names
    assert [a.get("href") for a in main.iter("a")] == ["https://example.org"]
    assert not main.xpath(".//script | .//b | .//i | .//img")
    assert "<script>alert(1)</script>" in main.text_content()
    assert "$x$ \\textbf{y}" in main.text_content()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x [@pmid-99]", "pmid-99"),
        (md.figure("62%", "99.1.0-5"), "no evidence card for passage '99.1.0-5'"),
        ("![x](figures/missing)", "missing"),
        ("![x](https://example.org/x.svg)", "not a file in figures/"),
        ("![x](figures/../secret.svg)", "not a file in figures/"),
        ("![x](/etc/passwd)", "not a file in figures/"),
    ],
)
@pytest.mark.parametrize("kind", ["html", "docx", "pdf"])
def test_what_is_missing_or_foreign_stops_the_export(folder, kind, text, message):
    with pytest.raises(ExportError, match=re.escape(message)):
        make(folder, text, kind)
    assert not (folder / f"report.{kind}").exists()


def test_a_failed_export_leaves_the_old_file(folder):
    before = make(folder).read_bytes()
    with pytest.raises(ExportError):
        make(folder, "[@pmid-99]")
    assert (folder / "report.html").read_bytes() == before


def test_a_slow_pandoc_is_stopped(folder):
    with pytest.raises(ExportError, match="did not finish"):
        make(folder, timeout=0.001)


@pytest.mark.parametrize("kind", ["html", "docx", "pdf"])
def test_equal_input_gives_equal_bytes(folder, kind):
    first = make(folder, kind=kind).read_bytes()
    assert make(folder, kind=kind).read_bytes() == first


@pytest.mark.parametrize("kind", ["html", "docx", "pdf"])
def test_no_path_of_this_machine_is_in_the_file(folder, kind):
    data = make(folder, kind=kind).read_bytes()
    if kind == "docx":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"".join(archive.read(n) for n in archive.namelist())
    assert b"/tmp" not in data
    assert b"cmeneeds-" not in data
    assert str(STYLE).encode() not in data


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        (REPORT, (), "DRAFT"),
        ("x", (), ""),
        ("x", ("sample",), "SAMPLE"),
        (REPORT, ("sample",), "DRAFT · SAMPLE"),
    ],
)
def test_the_mark_is_in_both_formats(folder, text, marks, shown):
    path = make(folder, text, "docx", marks=marks)
    with zipfile.ZipFile(path) as archive:
        headers = [n for n in archive.namelist() if re.match(r"word/header\d", n)]
        assert [words(etree.fromstring(archive.read(n))) for n in headers] == [shown]
    assert document(path).xpath("count(//*[local-name()='headerReference'])") == 1
    mark = tree(folder, text, marks=marks).xpath("//p[@class='mark']")
    assert [m.text for m in mark] == ([shown] if shown else [])


def test_word_has_headings_styles_links_and_bookmarks(folder):
    body = document(make(folder, kind="docx"))
    styles = {s.get(f"{W}val") for s in body.iter(f"{W}pStyle")}
    assert {
        "Title", "Heading1", "Heading2", "BlockText", "EvidenceSource", "EvidenceHeading",
        "OpenQuestion", "BannerDraft", "TableText", "TableHeading", "TableCaption",
        "ImageCaption", "Bibliography",
    } <= styles  # fmt: skip
    marks = {b.get(f"{W}name") for b in body.iter(f"{W}bookmarkStart")}
    links = [h.get(f"{W}anchor") for h in body.iter(f"{W}hyperlink") if h.get(f"{W}anchor")]
    assert links.count("p-11-3-0-40") == 2
    assert set(links) <= marks
    assert body.xpath("count(//*[local-name()='tblHeader'])") == 1
    assert "Only 62% had it.1 Again 62%2; and more1-3" in words(body).replace("\u2060", "")
    known = document(folder / "report.docx", "word/styles.xml")
    assert styles <= {s.get(f"{W}styleId") for s in known.iter(f"{W}style")}


def test_the_word_reference_is_what_the_script_makes():
    with (
        zipfile.ZipFile(STYLE / "reference.docx") as kept,
        zipfile.ZipFile(io.BytesIO(make_reference())) as made,
    ):
        assert kept.namelist() == made.namelist()
        assert [n for n in kept.namelist() if kept.read(n) != made.read(n)] == []


def test_references_get_a_heading_where_the_report_has_none(folder):
    page = tree(folder, "x [@pmid-11]")
    assert [h.text for h in page.xpath("//h2")] == ["References"]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


def browse(tmp_path, url: str) -> str:
    """The page as it stands after loading."""
    return subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
            "--virtual-time-budget=3000", "--dump-dom", url,
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_in_a_browser_the_card_opens_and_nothing_is_refused_or_fetched(folder):
    make(folder)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/report.html"
            opened = browse(folder, f"{url}#p-11-3-0-40")
            closed = browse(folder, url)
        finally:
            server.shutdown()
            thread.join()
    assert set(asked) <= {"/report.html", "/favicon.ico"}
    assert "Content Security Policy" not in opened.stderr + closed.stderr
    for page, state in ((opened, [""]), (closed, [])):
        tree = lxml_html.fromstring(page.stdout)
        assert tree.xpath("//details[@class='evidence']/@open") == state


@pytest.mark.parametrize("kind", ["html", "docx"])
def test_a_line_break_behind_a_citation_in_a_cell_is_one(folder, kind):
    cell = f"{md.figure('62%', ADDRESS)}{md.cite(11)}{md.BREAK}survey"
    text = f"{md.table([[cell, 'b']], ['First', 'Second'], 'A table')}\n\n{CARD}\n"
    if kind == "html":
        (shown,) = tree(folder, text).xpath("//td[.//br]")
        assert words(shown) == "62%1 survey"
    else:
        assert "62%1survey" in words(document(make(folder, text, kind))).replace("62%1 ", "62%1")


def test_word_keeps_together_what_belongs_together(folder):
    text = (
        f"Three points:\n\n- one\n\n{md.table([['a', 'b']], ['A', 'B'], 'A table')}\n\nAfter it.\n"
    )
    body = document(make(folder, text, "docx"))
    kept = [words(p) for p in body.iter(f"{W}p") if p.find(f"{W}pPr/{W}keepNext") is not None]
    assert "Three points:" in kept
    (after,) = [p for p in body.iter(f"{W}p") if words(p) == "After it."]
    assert after.find(f"{W}pPr/{W}spacing").get(f"{W}before") == "200"
    rows = body.xpath("count(//*[local-name()='tr'])")
    assert body.xpath("count(//*[local-name()='cantSplit'])") == rows == 2


def _rows(count, cell="b"):
    return md.table([["a", cell]] * count, ["A", "B"], "A table", widths=(50, 50))


def _tied(table):
    """Rows of a Word table that stay with the next one, and how many there are."""
    rows = table.findall(f"{W}tr")
    kept = [all(p.find(f"{W}pPr/{W}keepNext") is not None for p in r.iter(f"{W}p")) for r in rows]
    return kept, len(rows)


@pytest.mark.parametrize(
    ("count", "cell", "tied"),
    [
        (4, "b", [True, True, True, True, False]),  # short: whole
        (9, "b", [True, True] + [False] * 6 + [True, False]),  # long: no row alone
        (5, "made-up words " * 90, [True] + [False] * 5),  # few rows, but a page high
    ],
)
def test_word_keeps_a_short_table_whole_and_leaves_no_short_row_alone(folder, count, cell, tied):
    made = document(make(folder, f"Before it.\n\n{_rows(count, cell)}\n", "docx"))
    (table,) = made.iter(f"{W}tbl")
    assert _tied(table) == (tied, count + 1)
    (before,) = [p for p in made.iter(f"{W}p") if words(p) == "Before it."]
    assert before.find(f"{W}pPr/{W}keepNext") is not None


def test_word_shades_the_items_of_a_box_and_sets_queries_small(folder):
    text = "::: {.open-question}\nWho?\n\n- You\n- They\n:::\n\n```\n(a OR b)\n```\n"
    made = document(make(folder, text, "docx"))
    style = {words(p): p.find(f"{W}pPr/{W}pStyle").get(f"{W}val") for p in made.iter(f"{W}p")}
    assert {style[x] for x in ("Who?", "You", "They")} == {"OpenQuestion"}
    assert style["(a OR b)"] == "SourceCode"
    (query,) = [p for p in made.iter(f"{W}p") if words(p) == "(a OR b)"]
    assert {s.get(f"{W}val") for s in query.iter(f"{W}sz")} == {"16"}  # half-points


def test_a_figure_in_word_begins_at_the_margin(folder):
    made = document(make(folder, kind="docx"))
    (shown,) = [n for n in made.iter() if str(n.tag).endswith("}inline")]
    assert [shown.get(f"dist{side}") for side in "TBLR"] == ["0"] * 4


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
@pytest.mark.parametrize("lines", range(34, 42))
def test_a_short_table_in_the_pdf_stays_whole_with_what_introduces_it(folder, lines):
    text = "\n\n".join(["A made-up line."] * lines) + f"\n\nBefore it.\n\n{_rows(5, 'cell')}\n"
    text += "\n\nAfter it:\n\nSecond of two:\n\n- an item\n"
    made = make(folder, text, "pdf")
    shown = subprocess.run(
        ["pdftotext", "-layout", str(made), "-"], capture_output=True, text=True, check=True
    ).stdout.split("\f")
    (page,) = [p for p in shown if "Before it." in p]
    assert page.count("cell") == 5
    (page,) = [p for p in shown if "After it:" in p]
    assert "an item" in page


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
@pytest.mark.parametrize("lines", range(36, 44))
def test_a_heading_of_passages_in_the_pdf_stays_with_the_first(folder, lines):
    text = "\n\n".join(["A made-up line."] * lines)
    made = make(folder, f"{text}\n\n{md.evidence('Passages of it', [CARD])}\n", "pdf")
    shown = subprocess.run(
        ["pdftotext", "-layout", str(made), "-"], capture_output=True, text=True, check=True
    ).stdout.split("\f")
    (page,) = [p for p in shown if "Passages of it" in p]
    assert "Only 62% of them had it." in page


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_pdf_says_what_the_page_says_with_its_mark_on_every_page(folder):
    path = make(folder, REPORT + "\n\n".join(["A made-up line."] * 80), "pdf", marks=("sample",))
    shown = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = shown.rstrip("\f").split("\f")
    assert len(pages) > 1
    assert all("DRAFT · SAMPLE" in page for page in pages)
    assert re.search(r"\b1 ?/ ?\d", pages[0])
    assert "Only 62% of them had it." in shown
    data = path.read_bytes()
    assert b"/StructTreeRoot" in data  # tagged
    assert b"/Outlines" in data
    assert b"/Link" in data


@pytest.mark.parametrize(
    ("source", "seconds", "message"),
    [
        ("#nonsense", 60, "the PDF cannot be set: unknown variable: nonsense"),
        ("Words", 0.001, "not set within 0.001 seconds"),
    ],
)
def test_a_pdf_that_cannot_be_set_says_why(tmp_path, source, seconds, message):
    (tmp_path / "report.typ").write_text(source)
    with pytest.raises(ExportError, match=message):
        set_pdf(tmp_path / "report.typ", seconds)
