"""Read a Word document (DOCX): headings, paragraphs, list items, tables and footnotes.

A DOCX is a ZIP of XML files. Only the few parts that hold text are unpacked, each up to a limit;
document type definitions, and with them entities, are refused. Macros and embedded objects are
never looked at. Deleted text of tracked changes is left out, inserted text is read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from cmeneeds.own_sources.grids import MAX_COLUMNS, Place, cells_of
from cmeneeds.own_sources.parsed import Block, Parsed, Unreadable
from cmeneeds.own_sources.plain import clean
from cmeneeds.records import Markup

MAX_PART = 64 << 20
"""Bytes of one unpacked part."""
MAX_ENTRIES = 20_000
MAX_DEPTH = 60

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_LOOSE = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEADING = re.compile(r"^(?:heading|berschrift|titre|überschrift)\s*(\d)$", re.IGNORECASE)
_LABEL = re.compile(r"^(Table|Figure|Box)\s+[A-Z]?\d+(?:\.\d+)?")


def read_docx(data: bytes) -> Parsed:
    """Read a DOCX.

    Raises
    ------
    Unreadable
        It is encrypted, broken, unpacks beyond the limits, or has no text.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "it is an encrypted or an old Word file", "Save it as DOCX without password."
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Unreadable("it is not a DOCX that can be read", "Save it as DOCX anew.") from None
    if len(names) > MAX_ENTRIES:
        raise Unreadable("the DOCX holds too many files", "Save it as DOCX anew.")
    if "word/document.xml" not in names:
        raise Unreadable("it is a ZIP file, but no Word document", "Save it as DOCX anew.")
    document = _xml(archive, "word/document.xml")
    styles = _styles(archive, names)
    body = document.find(f"{_W}body")
    blocks = list(_blocks(body, styles, 0)) if body is not None else []
    for part, kind in (("footnotes", "footnote"), ("endnotes", "endnote")):
        if f"word/{part}.xml" in names:
            for note in _xml(archive, f"word/{part}.xml").iterfind(f"{_W}{kind}"):
                if note.get(f"{_W}type") not in (None, "normal"):
                    continue
                text = clean(" ".join(_read(p)[0] for p in note.iter(f"{_W}p")))
                if text:
                    blocks.append(Block("note", text, label=note.get(f"{_W}id") or ""))
    if not any(block.text for block in blocks):
        raise Unreadable("the document has no text", "Add a file with text.")
    title = next((b.text for b in blocks if b.kind == "title"), "")
    if not title:
        first = next((k for k, b in enumerate(blocks) if b.kind == "heading"), None)
        if first is not None and first <= 2 and blocks[first].level == 1:
            title = blocks[first].text
            blocks[first] = Block("title", title, markup=blocks[first].markup)
    return Parsed(tuple(blocks), title)


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        with archive.open(name) as stream:
            data = stream.read(MAX_PART + 1)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        OSError,
        EOFError,
        ValueError,
    ) as e:
        why = "is encrypted" if "password" in str(e) else "is damaged"
        raise Unreadable(f"the DOCX {why}", "Save it as DOCX anew, without password.") from None
    except Exception as error:  # zlib and lzma raise errors of their own
        raise Unreadable("the DOCX is damaged", "Save it as DOCX anew.") from error
    if len(data) > MAX_PART:
        raise Unreadable(
            f"the DOCX unpacks to more than {MAX_PART >> 20} MB of text", "Add the part you cite."
        )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"<\x00!\x00D" in data:
        raise Unreadable(
            "the DOCX declares XML entities, which no word processor writes",
            "Open it and save it as DOCX anew.",
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(data.replace(_STRICT, _LOOSE), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("the DOCX is damaged", "Open it and save it as DOCX anew.") from None


def _styles(archive: zipfile.ZipFile, names: list[str]) -> dict[str, tuple[str, int]]:
    """What each paragraph style makes of a paragraph: a kind and, of headings, a level."""
    if "word/styles.xml" not in names:
        return {}
    found: dict[str, tuple[str, int]] = {}
    for style in _xml(archive, "word/styles.xml").iterfind(f"{_W}style"):
        named = style.find(f"{_W}name")
        name = (named.get(f"{_W}val") if named is not None else "") or ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        key = style.get(f"{_W}styleId") or ""
        if name.lower() == "title":
            found[key] = ("title", 0)
        elif heading := _HEADING.match(name):
            found[key] = ("heading", int(heading[1]))
        elif outline is not None and (outline.get(f"{_W}val") or "").isdecimal():
            level = int(outline.get(f"{_W}val"))
            if level < 9:
                found[key] = ("heading", level + 1)
        elif name.lower().startswith("list"):
            found[key] = ("list item", 0)
        elif name.lower() == "caption":
            found[key] = ("caption", 0)
        elif "quote" in name.lower():
            found[key] = ("quotation", 0)
    return found


def _blocks(parent: Any, styles: dict[str, tuple[str, int]], depth: int) -> Iterator[Block]:
    if depth > MAX_DEPTH:
        raise Unreadable("the document is nested too deep", "Open it and save it as DOCX anew.")
    label = ""
    titled = False
    for element in parent:
        if element.tag == f"{_W}p":
            text, markup = _read(element)
            if not text:
                continue
            kind, level = _kind(element, styles)
            if kind == "title" and titled:
                kind = "paragraph"
            titled = titled or kind == "title"
            named = _LABEL.match(text)
            if kind == "caption" or (named and kind == "paragraph" and len(text.split()) < 40):
                label = named[0] if named else ""
                kind = "figure caption" if label.startswith("Figure") else "table caption"
            yield Block(kind, text, level=level, markup=markup)
        elif element.tag == f"{_W}tbl":
            yield from _table(element, label)
            label = ""
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}smartTag"):
            yield from _blocks(element, styles, depth + 1)


def _kind(paragraph: Any, styles: dict[str, tuple[str, int]]) -> tuple[str, int]:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    name = (style.get(f"{_W}val") if style is not None else "") or ""
    kind, level = styles.get(name, ("paragraph", 0))
    outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    if kind == "paragraph" and outline is not None:
        said = outline.get(f"{_W}val") or ""
        if said.isdecimal() and int(said) < 9:
            return "heading", int(said) + 1
    if kind == "paragraph" and paragraph.find(f"{_W}pPr/{_W}numPr") is not None:
        return "list item", 0
    return kind, level


def _read(paragraph: Any) -> tuple[str, tuple[Markup, ...]]:
    """Text of a paragraph, white space folded, with raised and lowered letters marked."""
    text = ""
    markup: list[Markup] = []
    for run in paragraph.iter(f"{_W}r"):
        if any(a.tag in (f"{_W}del", f"{_W}moveFrom") for a in run.iterancestors()):
            continue
        if any(a.tag == f"{_W}txbxContent" for a in run.iterancestors()):
            continue
        said = ""
        for piece in run:
            if piece.tag == f"{_W}t":
                said += piece.text or ""
            elif piece.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
                said += " "
            elif piece.tag == f"{_W}noBreakHyphen":
                said += "-"
        if not said:
            continue
        folded = clean(f"x{said}x")[1:-1]
        folded = folded.lstrip() if not text or text.endswith(" ") else folded
        raised = run.find(f"{_W}rPr/{_W}vertAlign")
        value = raised.get(f"{_W}val") if raised is not None else ""
        tag = {"superscript": "sup", "subscript": "sub"}.get(value or "", "")
        if tag and folded.strip():
            markup.append(Markup(len(text), len(text) + len(folded), tag))
        text += folded
    end = len(text.rstrip())
    kept = (Markup(m.start, min(m.end, end), m.tag) for m in markup)
    return text[:end], tuple(m for m in kept if m.start < m.end)


def _table(table: Any, label: str) -> Iterator[Block]:
    rows: list[list[Place]] = []
    for tr in table.iterfind(f"{_W}tr"):
        row: list[Place] = []
        column = 0
        head = tr.find(f"{_W}trPr/{_W}tblHeader") is not None
        for tc in tr.iterfind(f"{_W}tc"):
            if column >= MAX_COLUMNS:
                break
            span = tc.find(f"{_W}tcPr/{_W}gridSpan")
            said = (span.get(f"{_W}val") if span is not None else "1") or "1"
            wide = min(int(said), MAX_COLUMNS) if said.isdecimal() and len(said) < 6 else 1
            text = " ".join(filter(None, (_read(p)[0] for p in tc.iter(f"{_W}p"))))
            row.append(Place(column, max(1, wide), text, head))
            column += max(1, wide)
        rows.append(row)
    yield from cells_of(rows, label)
