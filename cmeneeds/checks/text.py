"""The running text of a report or draft, in blocks: what a reader reads, and what is quoted.

Quotations of passages are cut out, because rules about words bind the writer's words only. In
their place, and in that of citations, stand single characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.passages import sentence_spans
from cmeneeds.report.pandoc import READER, run_pandoc

if TYPE_CHECKING:
    from cmeneeds.report.word import Paragraph, WordReport

CITED = "\ue000"
"""Stands where a citation stands."""
QUOTED = "\ue001"
"""Stands where a passage is quoted."""

LONGEST_FIGURE = 6
"""Words. A figure of more words is a quotation."""

CHECK_SECTION = "check-report"
"""Class of the part of a report that says what this package found: never checked itself."""

_NOT_BODY = ("references", "appendix", "methods", "independence", "accreditation")


@dataclass(frozen=True)
class Block:
    """A heading, paragraph, list item, table cell, caption or callout.

    Attributes
    ----------
    kind : str
        ``heading``, ``paragraph``, ``item``, ``cell``, ``caption``, ``open`` (a callout for the
        writer) or ``quote`` (an evidence card).
    text : str
        With :data:`CITED` and :data:`QUOTED` for citations and quotations; the whole text of a
        ``quote``.
    section : str
        The nearest heading above.
    chapter : str
        The nearest heading of the first level above.
    level : int
        Of a heading, from 1.
    column : str
        Head of the column of a cell.
    quotes : tuple of str
        What was cut out.
    keys : tuple of str
        What is cited: citation keys, or numbers where a file holds no keys.
    """

    kind: str
    text: str
    section: str = ""
    chapter: str = ""
    level: int = 0
    column: str = ""
    quotes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def own(self) -> bool:
        """Whether its words are the writer's (or the tool's), not a source's."""
        return self.kind != "quote"

    @property
    def in_body(self) -> bool:
        """Whether it stands before methods, references and appendices."""
        return not self.chapter.casefold().startswith(_NOT_BODY)

    @property
    def where(self) -> str:
        """For messages."""
        return self.section or self.chapter or "at the top"

    @property
    def sentences(self) -> list[str]:
        """Its sentences; citations behind a full stop belong to the sentence before them."""
        text = re.sub(rf"([.!?]+[”\"’)]*)\s?({CITED}[{CITED}\s]*)", r"\2\1 ", self.text)
        return [text[start:end] for start, end in sentence_spans(text)]


def words(text: str) -> list[str]:
    """The words of a text; marks of citations and quotations are none."""
    return re.findall(r"[^\W_]+(?:[-'’.][^\W_]+)*", text)


def shown(text: str, most: int = 90) -> str:
    """A text for a message: on one line, cut, marks readable."""
    line = re.sub(rf" ?{CITED}+", "", text).replace(QUOTED, "“…”")
    line = " ".join(line.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


# --- of report.md -------------------------------------------------------------------------------


def blocks_of_report(markdown: str) -> tuple[Block, ...]:
    """Read the blocks of ``report.md``.

    Raises
    ------
    ExportError
        If pandoc cannot read it.
    """
    tree = json.loads(run_pandoc(["-f", READER, "-t", "json"], markdown))
    reader = _Reader()
    reader.blocks(tree["blocks"], "paragraph")
    return tuple(reader.found)


@dataclass
class _Line:
    """One line of text while it is read."""

    pieces: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self) -> None:
        self.found: list[Block] = []
        self._section = self._chapter = ""

    def blocks(self, blocks: Iterable[Any], kind: str, column: str = "") -> None:
        for block in blocks:
            name, content = block["t"], block.get("c")
            if name in ("Para", "Plain"):
                self._add(content, kind, column=column)
            elif name == "Header":
                self._add(content[2], "heading", content[0])
            elif name == "Div":
                self._div(content, kind)
            elif name == "BlockQuote":
                self.blocks(content, "quote")
            elif name in ("BulletList", "OrderedList"):
                for item in content if name == "BulletList" else content[1]:
                    self.blocks(item, "item" if kind == "paragraph" else kind)
            elif name == "DefinitionList":
                for word, meanings in content:
                    title = "".join(_line(word).pieces)
                    for meaning in meanings:
                        self.blocks(meaning, "cell", title)
            elif name == "Figure":
                self.blocks(content[1][1], "caption")
            elif name == "Table":
                self._table(content)

    def _div(self, content: list[Any], kind: str) -> None:
        (identifier, classes, _), inner = content
        if CHECK_SECTION in classes or identifier == "refs":
            return
        if "passage" in classes:
            kind = "quote"
        elif "open-question" in classes:
            kind = "open"
        elif "banner" in classes:
            kind = "banner"
        self.blocks(inner, kind)

    def _table(self, content: list[Any]) -> None:
        _, (_, caption), _, head, bodies, foot = content
        heads = [
            " ".join("".join(_line(b["c"]).pieces) for b in cell[4] if b["t"] in ("Para", "Plain"))
            for row in head[1][:1]
            for cell in row[1]
        ]
        rows = [*(r for b in bodies for r in (*b[2], *b[3])), *foot[1]]
        for _, cells in rows:
            for number, cell in enumerate(cells):
                self.blocks(cell[4], "cell", heads[number] if number < len(heads) else "")
        self.blocks(caption, "caption")

    def _add(self, inlines: list[Any], kind: str, level: int = 0, column: str = "") -> None:
        line = _line(inlines, whole=kind == "quote")
        text = "".join(line.pieces).strip()
        if kind == "heading":
            self._section = text
            self._chapter = text if level == 1 else self._chapter
        if kind == "banner" or not text:
            return
        self.found.append(
            Block(
                kind, text, self._section, self._chapter, level, column,
                tuple(line.quotes), tuple(line.keys),
            )
        )  # fmt: skip


def _line(inlines: list[Any], whole: bool = False) -> _Line:
    line = _Line()
    _walk(inlines, line, whole)
    return line


def _walk(inlines: list[Any], line: _Line, whole: bool) -> None:
    for inline in inlines:
        name, content = inline["t"], inline.get("c")
        if name == "Str":
            line.pieces.append(content)
        elif name in ("Space", "SoftBreak", "LineBreak"):
            line.pieces.append(" ")
        elif name == "Cite":
            line.keys += [c["citationId"] for c in content[0]]
            line.pieces.append(CITED)
        elif name == "Span":
            (_, classes, _), inner = content
            inside = _line(inner, whole=True)
            text = "".join(inside.pieces)
            if "br" in classes:
                line.pieces.append(" ")
            elif "figure" in classes and not whole and len(words(text)) > LONGEST_FIGURE:
                line.quotes.append(text)
                line.pieces.append(QUOTED)
            else:
                _walk(inner, line, whole)
        elif name in ("Link", "Image") or name == "Quoted":
            _walk(content[1], line, whole)
        elif name in ("Code", "Math"):
            line.pieces.append(" " if name == "Code" else content[1])
        elif isinstance(content, list):
            _walk(content, line, whole)


# --- of a Word file -----------------------------------------------------------------------------

_QUOTATION = re.compile(r"[“\"]([^“”\"]{20,})[”\"]")


def blocks_of_word(word: WordReport) -> tuple[Block, ...]:
    """Read the blocks of a Word file.

    Evidence cards are told by their bookmarks, quotations by their quotation marks.
    """
    found: list[Block] = []
    section = chapter = ""
    card = False
    for paragraph in word.body:
        text = " ".join(paragraph.text.split())
        if paragraph.level:
            section = text
            chapter = text if paragraph.level == 1 else chapter
        if not text:
            continue
        # A card is a quotation and the line below it, which says where it stands.
        starts = any(a.startswith("p-") for a in paragraph.anchors)
        quote = starts or _is_quotation(paragraph) or (card and _ORIGIN.search(text) is not None)
        card = (starts or _is_quotation(paragraph)) and not paragraph.level
        found.append(_word_block(paragraph, text, section, chapter, quote, word))
    return tuple(found)


_ORIGIN = re.compile(r"(?:[A-Z]{2,8})?\d+\.(?:t|\d+)\.\d+-\d+|\bPMID \d+")


def _is_quotation(paragraph: Paragraph) -> bool:
    return paragraph.style.casefold() in ("block text", "quote", "intense quote", "evidence")


def _word_block(
    paragraph: Paragraph, text: str, section: str, chapter: str, quote: bool, word: WordReport
) -> Block:
    kind, column = "paragraph", ""
    if paragraph.level:
        kind = "heading"
    elif quote:
        kind = "quote"
    elif paragraph.cell is not None:
        table, row, place = paragraph.cell
        head = word.tables[table][0] if table < len(word.tables) and word.tables[table] else ()
        kind = "cell" if row else "head"
        column = head[place] if place < len(head) else ""
    elif "caption" in paragraph.style.casefold():
        kind = "caption"
    elif re.match(r"Awaiting writer\b", text):
        kind = "open"
    elif "list" in paragraph.style.casefold() or paragraph.style == "Compact":
        kind = "item"
    keys = [
        key or str(number)
        for c in paragraph.citations
        for key, number in zip(c.keys, c.numbers, strict=True)
    ]
    marked = _with_marks(paragraph)
    quotes: tuple[str, ...] = ()
    if kind != "quote":
        quotes = tuple(m[1] for m in _QUOTATION.finditer(marked))
        marked = _QUOTATION.sub(QUOTED, marked)
    return Block(kind, marked, section, chapter, paragraph.level, column, quotes, tuple(keys))


def _with_marks(paragraph: Paragraph) -> str:
    """The text with a mark where each citation stands."""
    text = paragraph.text
    for citation in sorted(paragraph.citations, key=lambda c: -c.at):
        text = text[: citation.at] + CITED + text[citation.at :]
    return text.strip()
