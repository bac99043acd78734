"""A report as a Word document that a writer can go on with.

Every paragraph carries a mark and every number a link to its evidence card; the file says which
run it was made in. So an edited copy can be read back (:mod:`cmeneeds.report.word`).
"""

from __future__ import annotations

import html
import io
import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from lxml import etree

from cmeneeds.errors import UsageError
from cmeneeds.report.convert import STYLE, convert, read_text, running_mark
from cmeneeds.report.docx_layout import lay_out
from cmeneeds.report.tables import write_atomically
from cmeneeds.report.word_package import WordPackage

MARK: Final = "CMENEEDS-RUNNING-MARK"
"""Stands in the header of ``reference.docx`` where DRAFT or SAMPLE goes."""

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
_HEADER_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"


def export_docx(
    report_md: Path,
    references: list[dict[str, Any]],
    out: Path,
    title: str,
    figures_dir: Path,
    *,
    marks: Sequence[str] = (),
    lang: str = "en-US",
    timeout: float = 120,
    reference_doc: Path | None = None,
    run: str = "",
) -> None:
    """Write a report as a Word document; equal input gives equal bytes.

    Parameters and errors are those of :func:`cmeneeds.report.html.export_html`; figures are
    ``<name>.png``, and the marks stand in the running header.

    Parameters
    ----------
    reference_doc : Path, optional
        Word file whose styles, page and header are used instead of ours; see
        :func:`check_reference`.
    run : str
        ``slug/time`` of the run, kept as a custom property of the file.
    """
    text = read_text(report_md)
    mark = running_mark(text, marks)
    with tempfile.TemporaryDirectory(prefix="cmeneeds-") as folder:
        made = Path(folder) / "report.docx"
        reference = Path(folder) / "reference.docx"
        if reference_doc is None:
            _fill_header(STYLE / "reference.docx", reference, mark)
        else:
            check_reference(reference_doc)
            reference.write_bytes(_with_mark(reference_doc, mark))
        convert(
            text,
            references,
            Path(folder),
            [
                "--to=docx",
                f"--output={made}",
                f"--reference-doc={reference}",
            ],
            title=title,
            figures_dir=figures_dir,
            mark=mark,
            lang=lang,
            timeout=timeout,
            anchors=True,
            properties={"cmeneeds-run": run} if run else None,
        )
        write_atomically(out, _finished(made))


def check_reference(path: Path) -> None:
    """Refuse a reference document that cannot give a report its look.

    Raises
    ------
    UsageError
        If it is no Word file, has no styles, holds macros, or loads anything from elsewhere.
    """
    with WordPackage(path) as package:
        if package.xml("word/styles.xml") is None:
            raise UsageError(f"{path} has no styles", "Save it in Word as .docx.")
        names = package.names()
        if any("vbaProject" in n or "activeX" in n or "embeddings/" in n for n in names):
            raise UsageError(
                f"{path} holds macros or embedded objects", "Save it as .docx without them."
            )
        for name in names:
            root = package.xml(name) if name.endswith(".rels") else None
            for relation in () if root is None else root:
                kind = str(relation.get("Type", "")).rpartition("/")[2]
                if relation.get("TargetMode") == "External" and kind != "hyperlink":
                    raise UsageError(
                        f"{path} loads a part from elsewhere ({kind})",
                        "Use a document that stands for itself.",
                    )


def _fill_header(reference: Path, out: Path, mark: str) -> None:
    """Copy our reference document with the mark in its running header."""
    shown = html.escape(mark).encode()
    with zipfile.ZipFile(reference) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.startswith("word/header"):
                data = data.replace(MARK.encode(), shown)
            new.writestr(entry, data)


def _with_mark(reference: Path, mark: str) -> bytes:
    """A user's reference document with the mark at the top of each of its headers.

    One that has no header gets one: a draft without its mark could pass for a final report.
    """
    with zipfile.ZipFile(reference) as archive:
        parts = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    line = (
        f'<w:p xmlns:w="{_W}"><w:pPr><w:jc w:val="right"/></w:pPr><w:r><w:rPr><w:b/></w:rPr>'
        f"<w:t>{html.escape(mark)}</w:t></w:r></w:p>"
    )
    headers = [n for n in parts if re.fullmatch(r"word/header\d*\.xml", n)]
    with WordPackage(reference) as package:
        for name in headers:
            root = package.xml(name)
            if root is not None:
                root.insert(0, etree.fromstring(line))
                parts[name] = _xml(root)
        if not headers:
            _add_header(package, parts, line)
    return _packed(parts)


def _add_header(package: WordPackage, parts: dict[str, bytes], line: str) -> None:
    document = package.xml("word/document.xml")
    relations = package.xml("word/_rels/document.xml.rels")
    types = package.xml("[Content_Types].xml")
    if document is None or relations is None or types is None:
        raise UsageError(f"{package.path} is not complete", "Save it in Word as .docx.")
    body = document.find(f"{{{_W}}}body")
    if body is None:
        raise UsageError(f"{package.path} is empty", "Save it in Word as .docx.")
    parts["word/header99.xml"] = f'<w:hdr xmlns:w="{_W}">{line}</w:hdr>'.encode()
    etree.SubElement(
        relations,
        f"{{{_PACKAGE}}}Relationship",
        {"Id": "rIdCmeneedsMark", "Type": f"{_R}/header", "Target": "header99.xml"},
    )
    etree.SubElement(
        types,
        f"{{{_TYPES}}}Override",
        {"PartName": "/word/header99.xml", "ContentType": _HEADER_TYPE},
    )
    section = body.find(f"{{{_W}}}sectPr")
    if section is None:
        section = etree.SubElement(body, f"{{{_W}}}sectPr")
    link = etree.Element(f"{{{_W}}}headerReference")
    link.set(f"{{{_W}}}type", "default")
    link.set(f"{{{_R}}}id", "rIdCmeneedsMark")
    section.insert(0, link)
    for name, root in (
        ("word/document.xml", document),
        ("word/_rels/document.xml.rels", relations),
        ("[Content_Types].xml", types),
    ):
        parts[name] = _xml(root)


def _finished(made: Path) -> bytes:
    """The document with what pandoc leaves to Word's user."""
    with zipfile.ZipFile(made) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    root = etree.fromstring(parts["word/document.xml"])
    lay_out(root)
    parts["word/document.xml"] = _xml(root)
    return _packed(parts)


def _packed(parts: dict[str, bytes]) -> bytes:
    """A package with the same bytes for the same parts; the list of types comes first."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda n: (n != "[Content_Types].xml", n)):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), parts[name], 8, 6)
    return buffer.getvalue()


def _xml(root: etree._Element) -> bytes:
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
