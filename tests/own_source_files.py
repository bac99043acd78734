"""Files for the tests of own sources. Diseases, bodies, figures and persons in them are made up."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
import zlib
from functools import cache
from pathlib import Path

import pypdfium2

LEFT = (
    "Madeupitis is a disease that does not exist; every sentence of this text is made up for "
    "tests. Clinicians who look after adults rarely measure the made-up marker in time, although "
    "the evidence-based pathway asks for it in every patient with symptoms of the disease."
)
FILLER = (
    "The working group met eleven times and graded the certainty of the evidence in a system of "
    "its own. Patients took part in all meetings of the group, and their remarks were answered "
    "one after another. The group has no conflicts of interest, because it does not exist. "
) * 3
RIGHT = (
    "In adults with madeupitis, we recommend to measure the made-up marker at least once a year "
    "(Class I, Level A). Routine imaging is not recommended in adults without symptoms (Class "
    "III, Level B)."
)
ITEM = "treatment with other made-up medicines, which should be reviewed by a pharmacist;"
CELL = "Adults with madeupitis should receive a marker test within three months of the diagnosis."
FOOTNOTE = "Made-up register of Madeupology, wave 7."
AFTER = (
    "After the table the text goes on in one column, and this sentence is long enough to break "
    "over two lines of the page so that joining can be seen at work."
)
LAST = (
    "Marker tests were ordered for 42% of made-up adults in 2019, according to the made-up audit."
)
TITLE = "Madeupitis in adults: clinical practice guideline (made up)"
HEAD = "Made-up Society of Madeupology, Guideline 2020"

_TYPST = f"""
#set page(paper: "a4", margin: 2.2cm, header: [{HEAD}],
  footer: context [Page #counter(page).display() of 3])
#set text(size: 10pt)
#set par(justify: true)
#align(center)[#text(size: 18pt, weight: "bold")[{TITLE}]]
#align(center)[Made-up Society of Madeupology. Version 2.1, 2020.]
#columns(2, gutter: 18pt)[
= 1 Introduction
{LEFT} It would affect 12% of made-up adults.#footnote[{FOOTNOTE}]

{FILLER}
#colbreak()
= 2 Recommendations
{RIGHT}

Consider the following before treatment:
- age above 65 years and a history of made-up complications;
- {ITEM}
- the wish of the patient.

{FILLER}
]
#pagebreak()
== 2.1 Recommendations with class and level
Table 1. Made-up recommendations with class and level

#table(columns: (3fr, 1fr, 1fr), [Recommendation], [Class], [Level],
  [{CELL}], [I], [A],
  [Imaging may be considered in patients with atypical symptoms.], [IIb], [C])

{AFTER}
#pagebreak()
= 3 Implementation
Table 2. Made-up audit figures

#table(columns: 3, stroke: none, table.hline(), [Measure], [Year], [Share], table.hline(),
  [Marker measured], [2019], [42%], [Imaging avoided], [2019], [61%],
  [Follow-up visit], [2020], [38%], table.hline())

{LAST}
"""


@cache
def guideline_by_typst() -> bytes:
    """A guideline of three pages: two columns, tables with and without rules, a footnote."""
    import typst

    made = typst.compile(_TYPST.encode())
    assert isinstance(made, bytes)
    return made


def _paragraphs(text: str) -> str:
    return f'<text:p text:style-name="Body">{text}</text:p>'


def _table(rows: list[list[str]]) -> str:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell table:style-name="Cell"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in rows
    )
    return (
        '<table:table table:name="T1"><table:table-column '
        f'table:number-columns-repeated="{len(rows[0])}"/>{cells}</table:table>'
    )


def _flat_odt() -> str:
    spaces = " ".join(
        f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{u}:1.0"'
        for p, u in (
            ("office", "office"), ("style", "style"), ("text", "text"), ("table", "table"),
            ("fo", "xsl-fo-compatible"),
        )
    )  # fmt: skip
    note = (
        '<text:note text:id="n1" text:note-class="footnote"><text:note-citation>1'
        '</text:note-citation><text:note-body><text:p text:style-name="Footnote">'
        f"{FOOTNOTE}</text:p></text:note-body>"
        "</text:note>"
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document {spaces} office:version="1.2"
 office:mimetype="application/vnd.oasis.opendocument.text">
<office:styles><style:default-style style:family="paragraph">
<style:text-properties fo:font-size="10pt"/></style:default-style>
<style:style style:name="Footnote" style:family="paragraph">
<style:text-properties fo:font-size="8pt"/></style:style></office:styles>
<office:automatic-styles>
<style:style style:name="Top" style:family="paragraph" style:master-page-name="Standard">
<style:text-properties fo:font-size="18pt" fo:font-weight="bold"/></style:style>
<style:style style:name="Body" style:family="paragraph">
<style:paragraph-properties fo:margin-bottom="0.25cm" fo:text-align="justify"/></style:style>
<style:style style:name="H" style:family="paragraph">
<style:paragraph-properties fo:margin-top="0.3cm" fo:margin-bottom="0.2cm"/>
<style:text-properties fo:font-size="13pt" fo:font-weight="bold"/></style:style>
<style:style style:name="HB" style:family="paragraph" style:parent-style-name="H">
<style:paragraph-properties fo:break-before="page"/>
<style:text-properties fo:font-size="13pt" fo:font-weight="bold"/></style:style>
<style:style style:name="Two" style:family="section"><style:section-properties>
<style:columns fo:column-count="2" fo:column-gap="0.7cm"/></style:section-properties></style:style>
<style:style style:name="Cell" style:family="table-cell">
<style:table-cell-properties fo:border="0.5pt solid #000000" fo:padding="0.1cm"/></style:style>
<style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm"
 fo:page-height="29.7cm" fo:margin="2cm"/></style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4">
<style:header><text:p>{HEAD}</text:p></style:header>
<style:footer><text:p>Page <text:page-number/> of 2</text:p></style:footer>
</style:master-page></office:master-styles>
<office:body><office:text>
<text:p text:style-name="Top">{TITLE}</text:p>
<text:section text:style-name="Two" text:name="S1">
<text:p text:style-name="H">1 Introduction</text:p>
<text:p text:style-name="Body">{LEFT} It would affect 12% of made-up adults.{note}</text:p>
{_paragraphs(FILLER) * 2}
<text:p text:style-name="H">2 Recommendations</text:p>
{_paragraphs(RIGHT)}{_paragraphs(FILLER)}</text:section>
<text:p text:style-name="HB">2.1 Recommendations with class and level</text:p>
<text:p text:style-name="Body">Table 1. Made-up recommendations with class and level</text:p>
{
        _table(
            [
                ["Recommendation", "Class", "Level"],
                [CELL, "I", "A"],
                ["Imaging may be considered in patients with atypical symptoms.", "IIb", "C"],
            ]
        )
    }
<text:p text:style-name="Body"> </text:p>
{_paragraphs(AFTER)}{_paragraphs(LAST)}
</office:text></office:body></office:document>"""


def guideline_by_libreoffice(folder: Path) -> bytes:
    """The same guideline, set by LibreOffice; raises FileNotFoundError where there is none."""
    program = shutil.which("soffice")
    if program is None:
        raise FileNotFoundError("soffice")
    source = folder / "guideline.fodt"
    source.write_text(_flat_odt(), "utf-8")
    subprocess.run(
        [
            program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
            "--convert-to", "pdf", "--outdir", str(folder), str(source),
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return (folder / "guideline.pdf").read_bytes()


def raw_pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects; the first one is the catalogue."""
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, trailer, start)
    )


def _stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), more, data)


def text_pdf(lines: list[str], catalogue: bytes = b"", trailer: bytes = b"") -> bytes:
    """One page with lines of text."""
    said = "".join(f"({line}) Tj 0 -14 Td " for line in lines)
    return raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            (
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
                b"/Resources << /Font << /F1 5 0 R >> >> >>"
            ),
            _stream(f"BT /F1 11 Tf 60 700 Td {said} ET".encode("latin-1")),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ],
        trailer,
    )


def image_pdf(pages: int = 1) -> bytes:
    """Pages that show one grey picture each and no text, as a scanner makes them."""
    kids = b" ".join(b"%d 0 R" % (3 + 2 * k) for k in range(pages))
    last = 3 + 2 * pages
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
    ]
    for k in range(pages):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /XObject << /I %d 0 R >> >> >>" % (4 + 2 * k, last),
            _stream(b"q 595 0 0 842 0 0 cm /I Do Q"),
        ]
    pixels = zlib.compress(bytes(range(256)) * 16)
    objects.append(
        _stream(
            pixels,
            b"/Type /XObject /Subtype /Image /Width 64 /Height 64 /ColorSpace /DeviceGray "
            b"/BitsPerComponent 8 /Filter /FlateDecode",
        )
    )
    return raw_pdf(objects)


def joined(*files: bytes) -> bytes:
    """The pages of several PDFs in one."""
    whole = pypdfium2.PdfDocument.new()
    for data in files:
        part = pypdfium2.PdfDocument(data)
        whole.import_pages(part)
        part.close()
    out = io.BytesIO()
    whole.save(out)
    whole.close()
    return out.getvalue()


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_STYLES = (
    f"<w:styles {_W}>"
    '<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style></w:styles>'
)


def paragraph(text: str, style: str = "") -> str:
    """A paragraph in the XML of Word."""
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{named}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def table(rows: list[list[str]]) -> str:
    """A table in the XML of Word."""
    return "<w:tbl>" + "".join(
        "<w:tr>" + "".join(f"<w:tc>{paragraph(c)}</w:tc>" for c in row) + "</w:tr>" for row in rows
    ) + "</w:tbl>"  # fmt: skip


def docx(body: str, footnotes: str = "", prologue: str = "", more: bytes = b"") -> bytes:
    """A DOCX with this body."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml",
            f"{prologue}<w:document {_W}><w:body>{body}</w:body></w:document>",
        )
        archive.writestr("word/styles.xml", _STYLES)
        if footnotes:
            archive.writestr("word/footnotes.xml", f"<w:footnotes {_W}>{footnotes}</w:footnotes>")
        if more:
            archive.writestr("../../outside.txt", more)
    return out.getvalue()


PAGE = f"""<!DOCTYPE html><html><head><title>Site name | Measure</title>
<script>document.write('never run')</script></head><body>
<header class="site-header"><a href="/">Made-up Institute</a></header>
<nav><ul><li>Home</li><li>About us</li></ul></nav>
<div class="cookie-banner">We use cookies to make up data.</div>
<main><h1>Made-up marker measure</h1>
<p>The share of adults with madeupitis whose marker was measured
   within 12&nbsp;months was 61% in 2019.<sup>3</sup></p>
<h2>Who is counted</h2><ul><li>Adults aged 18 years and over</li><li>{ITEM}</li></ul>
<table><caption>Table 4 Made-up shares</caption>
<tr><th>Region</th><th>Share</th></tr><tr><td>North</td><td>44%</td></tr></table>
<div class="share-buttons">Share this page</div><p hidden>Nobody sees this.</p>
</main><aside>Related pages: made-up things</aside><footer>Copyright, contact, 2031</footer>
</body></html>"""
