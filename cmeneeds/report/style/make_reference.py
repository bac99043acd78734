"""Make ``reference.docx``, the look of Word reports, from pandoc's own default.

Run ``python -m cmeneeds.report.style.make_reference`` after a change here. The result depends on
nothing but this file and the version of pandoc.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from lxml import etree

from cmeneeds.report.docx import MARK
from cmeneeds.report.pandoc import run_pandoc

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SERIF = "Cambria"
_SANS = "Calibri"
_FONTS = {"sans": _SANS, "mono": "Consolas"}

_INK, _SOFT, _ACCENT, _WARN = "1D2329", "52606B", "0B5C6B", "8A2B06"
_BAR = '<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="{}"/></w:pBdr>'

# id: (name, paragraph properties, run properties in words)
_STYLES: dict[str, tuple[str, str, str]] = {
    "Normal": ("Normal", '<w:spacing w:after="100" w:line="252" w:lineRule="auto"/>', "20"),
    "BodyText": ("Body Text", '<w:spacing w:before="40" w:after="90"/>', ""),
    "FirstParagraph": ("First Paragraph", '<w:spacing w:before="60"/>', ""),
    "Compact": ("Compact", '<w:spacing w:before="20" w:after="20" w:line="245"/>', ""),
    "Title": ("Title", '<w:keepNext/><w:spacing w:before="0" w:after="160"/>', "40 sans bold"),
    "Heading1": (
        "heading 1",
        ('<w:keepNext/><w:keepLines/><w:pBdr><w:top w:val="single" w:sz="12" w:space="6" '
        f'w:color="{_INK}"/></w:pBdr><w:spacing w:before="300" w:after="100"/>'
        '<w:outlineLvl w:val="0"/>'),
        "28 sans bold",
    ),
    "Heading2": (
        "heading 2",
        ('<w:keepNext/><w:keepLines/><w:spacing w:before="220" w:after="80"/>'
        '<w:outlineLvl w:val="1"/>'),
        "23 sans bold",
    ),
    "Heading3": (
        "heading 3",
        ('<w:keepNext/><w:keepLines/><w:spacing w:before="200" w:after="60"/>'
        '<w:outlineLvl w:val="2"/>'),
        "22 sans bold",
    ),
    "Heading4": (
        "heading 4",
        ('<w:keepNext/><w:keepLines/><w:spacing w:before="200" w:after="60"/>'
        '<w:outlineLvl w:val="3"/>'),
        "21 sans bold soft",
    ),
    "BlockText": (
        "Block Text",
        (f'<w:keepNext/><w:keepLines/>{_BAR.format("9FB4BB")}'
        '<w:spacing w:before="160" w:after="40"/><w:ind w:left="240" w:right="240"/>'),
        "21",
    ),
    "EvidenceSource": (
        "Evidence Source",
        (f'<w:keepLines/>{_BAR.format("9FB4BB")}<w:spacing w:before="0" w:after="200"/>'
        '<w:ind w:left="240" w:right="240"/>'),
        "17 sans soft",
    ),
    "EvidenceHeading": (
        "Evidence Heading",
        '<w:keepNext/><w:spacing w:before="200" w:after="80"/>',
        "20 sans bold accent",
    ),
    "OpenQuestion": (
        "Open Question",
        (f'{_BAR.format("8A6500")}<w:shd w:val="clear" w:color="auto" w:fill="FDF8E7"/>'
        '<w:spacing w:before="120" w:after="160"/><w:ind w:left="240"/>'),
        "20 sans",
    ),
    "BannerDraft": (
        "Banner Draft",
        (f'{_BAR.format(_WARN)}<w:shd w:val="clear" w:color="auto" w:fill="FDF3EE"/>'
        '<w:spacing w:before="0" w:after="160"/><w:ind w:left="240"/>'),
        "20 sans",
    ),
    "BannerSample": (
        "Banner Sample",
        (f'{_BAR.format(_WARN)}<w:shd w:val="clear" w:color="auto" w:fill="FDF3EE"/>'
        '<w:spacing w:before="0" w:after="160"/><w:ind w:left="240"/>'),
        "20 sans",
    ),
    "TableText": ("Table Text", '<w:spacing w:before="0" w:after="0" w:line="245"/>', "18 sans"),
    "TableHeading": (
        "Table Heading",
        '<w:keepNext/><w:spacing w:before="0" w:after="0" w:line="245"/>',
        "18 sans bold",
    ),
    "TableCaption": (
        "Table Caption",
        '<w:keepNext/><w:spacing w:before="200" w:after="80"/>',
        "19 sans bold upright",
    ),
    "ImageCaption": (
        "Image Caption",
        '<w:spacing w:before="60" w:after="240"/>',
        "18 sans soft upright",
    ),
    "CaptionedFigure": ("Captioned Figure", '<w:keepNext/><w:spacing w:before="160"/>', ""),
    "Bibliography": (
        "Bibliography",
        ('<w:tabs><w:tab w:val="left" w:pos="480"/></w:tabs>'
        '<w:spacing w:before="0" w:after="80" w:line="252"/><w:ind w:left="480" w:hanging="480"/>'),
        "20",
    ),
    "SourceCode": (
        "Source Code",
        ('<w:shd w:val="clear" w:color="auto" w:fill="F4F7F8"/>'
        '<w:spacing w:before="40" w:after="120" w:line="240"/>'),
        "16 mono",
    ),
    "DefinitionTerm": ("Definition Term", '<w:keepNext/><w:spacing w:before="80" w:after="0"/>',
                       "20 sans bold soft"),
    "Definition": ("Definition", '<w:spacing w:before="0" w:after="60"/><w:ind w:left="0"/>', "21"),
    "Header": ("header", '<w:spacing w:after="0"/><w:jc w:val="right"/>', "17 sans bold warn"),
    "Footer": ("footer", '<w:spacing w:after="0"/><w:jc w:val="right"/>', "17 sans soft"),
}  # fmt: skip

_TABLE = f"""<w:style xmlns:w="{_W}" w:type="table" w:customStyle="1" w:styleId="Table">
<w:name w:val="Table"/><w:basedOn w:val="TableNormal"/><w:qFormat/>
<w:rPr><w:rFonts w:ascii="{_SANS}" w:hAnsi="{_SANS}" w:cs="{_SANS}"/><w:sz w:val="18"/></w:rPr>
<w:tblPr><w:tblBorders><w:bottom w:val="single" w:sz="6" w:color="{_INK}"/>
<w:insideH w:val="single" w:sz="4" w:color="D5DCE1"/></w:tblBorders>
<w:tblCellMar><w:top w:w="50" w:type="dxa"/><w:left w:w="90" w:type="dxa"/>
<w:bottom w:w="50" w:type="dxa"/><w:right w:w="90" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:trPr><w:tblHeader/></w:trPr><w:tcPr>
<w:tcBorders><w:top w:val="single" w:sz="6" w:color="{_INK}"/>
<w:bottom w:val="single" w:sz="8" w:color="{_INK}"/></w:tcBorders>
<w:shd w:val="clear" w:color="auto" w:fill="F4F7F8"/><w:vAlign w:val="bottom"/></w:tcPr>
</w:tblStylePr></w:style>"""

_HEADER = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:hdr xmlns:w="{_W}"><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>
<w:r><w:t>{MARK}</w:t></w:r></w:p></w:hdr>"""

_FOOTER = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:ftr xmlns:w="{_W}"><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>
<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p></w:ftr>"""

# Letter, with side margins that leave a text block which also fits A4.
_PAGE = f"""<w:sectPr xmlns:w="{_W}" xmlns:r="{_R}">
<w:headerReference w:type="default" r:id="rIdMark"/>
<w:footerReference w:type="default" r:id="rIdPage"/>
<w:pgSz w:w="12240" w:h="15840"/><w:pgMar w:top="1300" w:right="1420" w:bottom="1200"
w:left="1420" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>"""


def make_reference() -> bytes:
    """Build the reference document."""
    default = run_pandoc(["--print-default-data-file=reference.docx"])
    with zipfile.ZipFile(io.BytesIO(default)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["word/styles.xml"] = _styled(parts["word/styles.xml"])
    parts["word/document.xml"] = _with_page(parts["word/document.xml"])
    parts["word/header1.xml"] = _HEADER.encode()
    parts["word/footer1.xml"] = _FOOTER.encode()
    relations = etree.fromstring(parts["word/_rels/document.xml.rels"])
    types = etree.fromstring(parts["[Content_Types].xml"])
    space = types.tag[1:].split("}")[0]
    for name, kind in (("Mark", "header"), ("Page", "footer")):
        etree.SubElement(
            relations,
            f"{{{_PACKAGE}}}Relationship",
            {"Id": f"rId{name}", "Type": f"{_R}/{kind}", "Target": f"{kind}1.xml"},
        )
        etree.SubElement(
            types,
            f"{{{space}}}Override",
            {
                "PartName": f"/word/{kind}1.xml",
                "ContentType": "application/vnd.openxmlformats-officedocument"
                f".wordprocessingml.{kind}+xml",
            },
        )
    parts["word/_rels/document.xml.rels"] = _xml(relations)
    parts["[Content_Types].xml"] = _xml(types)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda n: (n != "[Content_Types].xml", n)):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), parts[name], 8, 9)
    return buffer.getvalue()


def _styled(data: bytes) -> bytes:
    root = etree.fromstring(data)
    known = {s.get(f"{{{_W}}}styleId"): s for s in root.findall(f"{{{_W}}}style")}
    for name, (shown, paragraph, run) in _STYLES.items():
        style = known.get(name)
        if style is None:
            style = etree.SubElement(
                root,
                f"{{{_W}}}style",
                {
                    f"{{{_W}}}type": "paragraph",
                    f"{{{_W}}}styleId": name,
                    f"{{{_W}}}customStyle": "1",
                },
            )
            for tag, value in (("name", shown), ("basedOn", "BodyText"), ("qFormat", None)):
                etree.SubElement(style, f"{{{_W}}}{tag}", {f"{{{_W}}}val": value} if value else {})
        for tag in ("pPr", "rPr"):
            for old in style.findall(f"{{{_W}}}{tag}"):
                style.remove(old)
        style.append(etree.fromstring(f'<w:pPr xmlns:w="{_W}">{paragraph}</w:pPr>'))
        style.append(etree.fromstring(f'<w:rPr xmlns:w="{_W}">{_run(name, run)}</w:rPr>'))
    link = known.get("Hyperlink")
    if link is not None:
        for color in link.iter(f"{{{_W}}}color"):
            color.attrib.clear()
            color.set(f"{{{_W}}}val", _ACCENT)
    plain = known.get("Table")
    if plain is not None:
        root.remove(plain)
    root.append(etree.fromstring(_TABLE))
    return _xml(root)


def _run(name: str, words: str) -> str:
    """Run properties from words: half-points, ``sans`` or ``mono``, ``bold``, a color."""
    parts = words.split()
    out = ""
    font = next((f for word, f in _FONTS.items() if word in parts), "")
    if font or name == "Normal":
        font = font or _SERIF
        out += f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:eastAsia="{font}" w:cs="{font}"/>'
    if "bold" in parts:
        out += "<w:b/>"
    if "upright" in parts:
        out += '<w:i w:val="0"/>'
    colors = {"soft": _SOFT, "accent": _ACCENT, "warn": _WARN}
    color = next((colors[p] for p in parts if p in colors), _INK if parts else "")
    if color:
        out += f'<w:color w:val="{color}"/>'
    if parts and parts[0].isdecimal():
        out += f'<w:sz w:val="{parts[0]}"/><w:szCs w:val="{parts[0]}"/>'
    return out


def _with_page(data: bytes) -> bytes:
    root = etree.fromstring(data)
    body = root.find(f"{{{_W}}}body")
    assert body is not None
    for old in body.findall(f"{{{_W}}}sectPr"):
        body.remove(old)
    body.append(etree.fromstring(_PAGE))
    return _xml(root)


def _xml(root: etree._Element) -> bytes:
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data


if __name__ == "__main__":
    Path(__file__).with_name("reference.docx").write_bytes(make_reference())
