"""Read a report that somebody edited in Word or LibreOffice.

What comes back is what a reader of the file sees, with insertions accepted and deletions gone:
paragraphs in their order, the marks that our export left in them (see
:mod:`cmeneeds.report.anchors`), their citations, tables and the list of references. Nothing of a
file is trusted: see :mod:`cmeneeds.report.word_package`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lxml import etree

from cmeneeds.report.word_package import WordPackage

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

REFERENCE_MARK: Final = "ref-"
"""What the bookmark of a reference begins with; the citation key follows."""
CARD_MARK: Final = "p-"
"""What the bookmark of an evidence card begins with; the address follows, dots as hyphens."""

_NUMBERS = re.compile(r"[\d,\s\u2060\u200b–—-]*\d[\d,\s\u2060\u200b–—-]*")
_ENTRY = re.compile(r"\s*\[?(\d{1,4})[.)\]]?\s+(.*)", re.DOTALL)


@dataclass(frozen=True)
class Link:
    """A link of a paragraph.

    Attributes
    ----------
    text : str
        What it stands on.
    target : str
        Bookmark in the file, without ``#``; empty for a link out of it.
    start : int
        Offset in the paragraph's text.
    """

    text: str
    target: str
    start: int


@dataclass(frozen=True)
class Citation:
    """Superscript numbers of one place.

    Attributes
    ----------
    numbers : tuple of int
        Ranges written out: ``1-3`` is 1, 2, 3.
    keys : tuple of str
        Citation keys, one a number; empty text where the file has no such reference.
    at : int
        Offset in the paragraph's text that the numbers stand behind.
    """

    numbers: tuple[int, ...]
    keys: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Paragraph:
    """A paragraph as its reader sees it, without its citation numbers.

    Attributes
    ----------
    text : str
        White space collapsed; superscript citations taken out.
    style : str
        Name of its style, such as ``Body Text``.
    level : int
        Of a heading, from 1; 0 of any other paragraph.
    anchors : tuple of str
        Names of the bookmarks that begin in it.
    links : tuple of Link
    citations : tuple of Citation
    cell : (int, int, int) or None
        Table, row and column, each from 0, where it stands in a table.
    """

    text: str
    style: str = ""
    level: int = 0
    anchors: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    citations: tuple[Citation, ...] = ()
    cell: tuple[int, int, int] | None = None

    @property
    def is_reference(self) -> bool:
        """Whether it is an entry of the reference list."""
        return self.style == "Bibliography" or any(
            a.startswith(REFERENCE_MARK) for a in self.anchors
        )


@dataclass(frozen=True)
class Entry:
    """An entry of the reference list: its number, its text without it, and its citation key."""

    number: int
    text: str
    key: str = ""


@dataclass(frozen=True)
class WordReport:
    """A report in a Word file.

    Attributes
    ----------
    path : Path
    paragraphs : tuple of Paragraph
        All of them in their order: headings, text, table cells, references.
    tables : tuple of tuple of tuple of str
        Tables as rows of cells; the first row is the head.
    references : tuple of Entry
    properties : dict of str to str
        Custom properties of the file, such as the run it was made in.
    headers : tuple of str
        Text of the running headers.
    tracked : int
        Tracked insertions and deletions; they were read as accepted.
    comments : int
    """

    path: Path
    paragraphs: tuple[Paragraph, ...]
    tables: tuple[tuple[tuple[str, ...], ...], ...] = ()
    references: tuple[Entry, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    tracked: int = 0
    comments: int = 0

    @property
    def run(self) -> str:
        """Run that the file was exported from, as ``slug/time``; empty if it does not say."""
        return self.properties.get("cmeneeds-run", "")

    @property
    def body(self) -> tuple[Paragraph, ...]:
        """All but the reference list."""
        return tuple(p for p in self.paragraphs if not p.is_reference)


def read_word(path: str | Path) -> WordReport:
    """Read a Word file.

    Parameters
    ----------
    path : path
        A ``.docx`` file, ours or edited.

    Raises
    ------
    UsageError
        If it is no Word file, damaged, or larger or stranger than a report can be.
    """
    path = Path(path)
    with WordPackage(path) as package:
        root = package.word_xml("word/document.xml")
        body = root.find(f"{_W}body") if root is not None else None
        reader = _Reader(_styles(package))
        if body is not None:
            reader.blocks(body)
        notes = package.word_xml("word/comments.xml")
        headers = (package.word_xml(n) for n in package.names("word/header"))
        shown = tuple(t for h in headers if h is not None if (t := _collapsed(_all_text(h))))
        properties = package.properties()
    references = tuple(_entries(reader.paragraphs))
    keys = {entry.number: entry.key for entry in references}
    return WordReport(
        path=path,
        paragraphs=tuple(p.finished(keys) for p in reader.paragraphs),
        tables=tuple(tuple(tuple(row) for row in table) for table in reader.tables),
        references=references,
        properties=properties,
        headers=shown,
        tracked=reader.tracked,
        comments=0 if notes is None else len(notes.findall(f"{_W}comment")),
    )


@dataclass
class _Draft:
    """A paragraph while it is read: pieces of text, each superscript or not, linked or not."""

    style: str
    level: int
    anchors: list[str]
    pieces: list[tuple[str, bool, str]]
    cell: tuple[int, int, int] | None

    @property
    def full(self) -> str:
        return _collapsed("".join(p[0] for p in self.pieces))

    def finished(self, keys: dict[int, str]) -> Paragraph:
        text, links, citations = "", [], []
        for shown, raised, target in self._joined():
            previous = text.rstrip()
            if raised and _is_citation(shown, target, previous, keys):
                numbers = tuple(_written_out(shown))
                found = tuple(keys.get(n, "") for n in numbers)
                citations.append(Citation(numbers, found, len(previous)))
                continue
            piece = re.sub(r"\s+", " ", shown)
            if text.endswith(" ") or not text:
                piece = piece.removeprefix(" ")
            if target and piece.strip():
                links.append(Link(piece.strip(), target, len(text)))
            text += piece
        return Paragraph(
            text=text.strip(),
            style=self.style,
            level=self.level,
            anchors=tuple(self.anchors),
            links=tuple(links),
            citations=tuple(citations),
            cell=self.cell,
        )

    def _joined(self) -> Iterator[tuple[str, bool, str]]:
        """Pieces, neighbours of one kind as one: Word and LibreOffice split them at will."""
        out: list[tuple[str, bool, str]] = []
        for text, raised, target in self.pieces:
            if not text:
                continue
            last = out[-1] if out else None
            cites = raised and (not target or target.startswith(REFERENCE_MARK))
            if last is not None and raised == last[1] and (target == last[2] or cites):
                out[-1] = (last[0] + text, raised, last[2] or target)
            else:
                out.append((text, raised, target))
        return iter(out)


class _Reader:
    """Walks the body of a document."""

    def __init__(self, styles: dict[str, tuple[str, int]]) -> None:
        self.paragraphs: list[_Draft] = []
        self.tables: list[list[list[str]]] = []
        self.tracked = 0
        self._styles = styles
        self._waiting: list[str] = []

    def blocks(self, parent: etree._Element, cell: tuple[int, int, int] | None = None) -> None:
        """Read what stands below another: paragraphs and tables, at any depth of wrapping."""
        for node in parent:
            name = _name(node)
            if name == "p":
                self._paragraph(node, cell)
            elif name == "tbl":
                self._table(node, cell)
            elif name == "bookmarkStart":
                self._waiting.append(node.get(f"{_W}name", ""))
            elif name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"):
                self.tracked += name in ("ins", "moveTo")
                self.blocks(node, cell)

    def _table(self, table: etree._Element, outer: tuple[int, int, int] | None) -> None:
        number = len(self.tables)
        rows: list[list[str]] = []
        self.tables.append(rows)
        for row in _below(table, "tr"):
            cells: list[str] = []
            for column, cell in enumerate(_below(row, "tc")):
                before = len(self.paragraphs)
                self.blocks(cell, outer or (number, len(rows), column))
                cells.append(" ".join(p.full for p in self.paragraphs[before:]).strip())
            rows.append(cells)

    def _paragraph(self, node: etree._Element, cell: tuple[int, int, int] | None) -> None:
        properties = node.find(f"{_W}pPr")
        style = properties.find(f"{_W}pStyle") if properties is not None else None
        named = style.get(f"{_W}val", "") if style is not None else ""
        shown, level = self._styles.get(named, (named, 0))
        draft = _Draft(shown, level, self._waiting, [], cell)
        self._waiting = []
        boxes: list[etree._Element] = []
        self._inlines(node, draft, "", boxes)
        self.paragraphs.append(draft)
        for box in boxes:
            self.blocks(box, cell)

    def _inlines(
        self, node: etree._Element, draft: _Draft, target: str, boxes: list[etree._Element]
    ) -> None:
        for child in node:
            name = _name(child)
            if name == "r":
                self._run(child, draft, target, boxes)
            elif name == "hyperlink":
                self._inlines(child, draft, child.get(f"{_W}anchor", ""), boxes)
            elif name == "bookmarkStart":
                draft.anchors.append(child.get(f"{_W}name", ""))
            elif name in ("del", "moveFrom"):
                self.tracked += 1
            elif name in ("ins", "moveTo"):
                self.tracked += 1
                self._inlines(child, draft, target, boxes)
            elif name in ("fldSimple", "smartTag", "sdt", "sdtContent", "customXml", "dir", "bdo"):
                self._inlines(child, draft, target or _field_target(child), boxes)

    def _run(
        self, run: etree._Element, draft: _Draft, target: str, boxes: list[etree._Element]
    ) -> None:
        raised = any(a.get(f"{_W}val") == "superscript" for a in run.iterfind(f".//{_W}vertAlign"))
        if run.find(f"{_W}rPr/{_W}vanish") is not None:
            return
        for child in run:
            name = _name(child)
            if name == "t":
                draft.pieces.append((child.text or "", raised, target))
            elif name in ("tab", "br", "cr", "ptab"):
                draft.pieces.append((" ", raised, target))
            elif name == "noBreakHyphen":
                draft.pieces.append(("-", raised, target))
            elif name in ("drawing", "pict", "AlternateContent", "object"):
                found = child.find(f".//{_W}txbxContent")
                if found is not None:
                    boxes.append(found)


def _name(node: etree._Element) -> str:
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _below(node: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Children of a name, also inside content controls and tracked insertions."""
    for child in node:
        name = _name(child)
        if name == wanted:
            yield child
        elif name in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _below(child, wanted)


def _field_target(field_: etree._Element) -> str:
    found = re.search(r'HYPERLINK\s+\\l\s+"([^"]+)"', field_.get(f"{_W}instr", ""))
    return found[1] if found else ""


def _all_text(root: etree._Element) -> str:
    return " ".join(t.text or "" for t in root.iter(f"{_W}t"))


def _collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _is_citation(shown: str, target: str, before: str, keys: dict[int, str]) -> bool:
    """Whether superscript characters cite: they lead to a reference, or look like numbers of it.

    ``10⁹`` and ``m²`` do not; what somebody typed behind a word or a full stop does.
    """
    if not _NUMBERS.fullmatch(shown):
        return False
    if target.startswith(REFERENCE_MARK):
        return True
    if target:
        return False
    typed = re.search(r"(?:[^\W\d_]{3,}|[.,;:)\]”’\"'%])$", before) is not None
    return typed and all(0 < n <= max(keys, default=0) + 50 for n in _written_out(shown))


def _written_out(shown: str) -> Iterator[int]:
    """Write the numbers of a citation out, ranges in full; a range of nonsense as its two ends."""
    for part in re.split(r"[,\s\u2060\u200b]+", shown):
        ends = [int(n[:6]) for n in re.findall(r"\d+", part)]
        if len(ends) == 2 and ends[0] <= ends[1] < ends[0] + 500:
            yield from range(ends[0], ends[1] + 1)
        else:
            yield from ends


def _entries(paragraphs: list[_Draft]) -> Iterator[Entry]:
    for draft in paragraphs:
        key = next((a for a in draft.anchors if a.startswith(REFERENCE_MARK)), "")
        if not key and draft.style != "Bibliography":
            continue
        if found := _ENTRY.fullmatch(draft.full):
            yield Entry(int(found[1]), found[2], key.removeprefix(REFERENCE_MARK))


def _styles(package: WordPackage) -> dict[str, tuple[str, int]]:
    """Names and heading levels of paragraph styles, by identifier."""
    root = package.word_xml("word/styles.xml")
    found: dict[str, tuple[str, int]] = {}
    if root is None:
        return found
    for style in root.iterfind(f"{_W}style"):
        name = style.find(f"{_W}name")
        shown = name.get(f"{_W}val", "") if name is not None else ""
        heading = re.fullmatch(r"heading (\d)", shown, re.IGNORECASE)
        found[style.get(f"{_W}styleId", "")] = (shown, int(heading[1]) if heading else 0)
    return found
