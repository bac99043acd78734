"""Mark every paragraph of a report so that it can be found again in an edited Word file.

A mark is a bookmark inside the paragraph. Its name is made of the paragraph's own words, its
citations and the headings above it, so that the next run gives an unchanged paragraph the same
name wherever it then stands, and a changed one another. Word allows forty letters, digits and
underscores.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cmeneeds.errors import ExportError
from cmeneeds.report.pandoc import READER, run_pandoc

MARK: Final = re.compile(r"t([0-9a-f]{12})_([0-9a-f]{6})_(\d{1,5})")
"""Of a paragraph: hash of its words, hash of the headings above it, which of several alike."""

_RANKED = re.compile(r"^(?:Gap|Candidate|Row) \d+\.\s*")


@dataclass(frozen=True)
class Figure:
    """A number (or quotation) of a block: its text, its passage, and where it begins."""

    text: str
    passage: str
    start: int


@dataclass(frozen=True)
class Known:
    """A number or name that no passage says, and its key where the tool knows one.

    ``kind`` is ``count``, ``given``, ``date`` or ``term``.
    """

    text: str
    kind: str
    start: int
    key: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, list item, caption or table cell of a report.

    Attributes
    ----------
    anchor : str
        Name of its mark.
    kind : str
        ``text``, ``heading``, ``cell``, ``caption``, ``code``, ``quote`` (of an evidence card) or
        ``note`` (a banner or an open question).
    text : str
        As a reader sees it, without citations; see :func:`comparable`.
    headings : tuple of str
        Above it, from the highest, without rank.
    figures : tuple of Figure
    known : tuple of Known
    citations : tuple of str
        Keys, in order.
    address : str
        Passage of the card that it quotes.
    written : bool
        Whether a writer's own words stand in for the computed ones.
    """

    anchor: str
    kind: str
    text: str
    headings: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    known: tuple[Known, ...] = ()
    citations: tuple[str, ...] = ()
    address: str = ""
    written: bool = False

    @property
    def words(self) -> str:
        """The part of the mark that depends on the words alone."""
        return self.anchor.partition("_")[0]


def comparable(text: str) -> str:
    """Text for comparison: Word and LibreOffice move blanks about, and joiners are not seen.

    Examples
    --------
    >>> comparable("Half  of them , and more .")
    'Half of them, and more.'
    """
    text = re.sub("[\u2060\u200b\ufeff\u00ad]", "", text)
    text = re.sub(r"\s+", " ", text.replace("\u2011", "-")).strip()
    return re.sub(r" (?=[.,;:)])", "", text)


@functools.lru_cache(maxsize=4)
def parsed(text: str) -> bytes:
    """Pandoc's tree of a report as JSON, parsed once for all formats and readers."""
    return run_pandoc(["-f", READER, "-t", "json"], text)


@functools.lru_cache(maxsize=4)
def blocks_of(text: str) -> tuple[Block, ...]:
    """All marked blocks of a report, in its order."""
    return _Marker(json.loads(parsed(text))).blocks


def anchored(text: str) -> str:
    """Pandoc's tree of a report, each block's words inside a span that carries its mark."""
    tree = json.loads(parsed(text))
    _Marker(tree)
    return json.dumps(tree, ensure_ascii=False)


class _Marker:
    """Walks a tree once, notes its blocks, and puts the marks in."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._found: list[Block] = []
        self._headings: list[str] = []
        self._seen: Counter[str] = Counter()
        try:
            self._blocks(tree["blocks"], "text", "")
        except RecursionError:
            raise ExportError("the report is nested too deep to read") from None

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self._found)

    def _blocks(self, blocks: list[Any], kind: str, address: str) -> None:
        for block in blocks:
            name, content = block["t"], block.get("c")
            if name in ("Para", "Plain"):
                block["c"] = self._marked(content, kind, address)
            elif name == "Header":
                level = content[0]
                del self._headings[level - 1 :]
                content[2] = self._marked(content[2], "heading", "")
                shown = _RANKED.sub("", comparable(_Words(content[2]).text))
                self._headings += [""] * (level - 1 - len(self._headings)) + [shown]
            elif name == "BlockQuote":
                self._blocks(content, "quote" if address else kind, address)
            elif name in ("BulletList", "OrderedList"):
                for item in content if name == "BulletList" else content[1]:
                    self._blocks(item, kind, address)
            elif name == "DefinitionList":
                for definition in content:
                    definition[0] = self._marked(definition[0], kind, address)
                    for item in definition[1]:
                        self._blocks(item, kind, address)
            elif name == "Table":
                self._table(content)
            elif name == "Figure":
                self._blocks(content[1][1], "caption", "")
            elif name == "CodeBlock":
                # Takes no span; found again by its words.
                self._marked([{"t": "Code", "c": content}], "code", "")
            elif name == "Div":
                self._div(content, kind, address)

    def _div(self, content: list[Any], kind: str, address: str) -> None:
        (identifier, classes, pairs), inner = content
        if identifier == "refs":
            return
        if "passage" in classes:
            # Of a card only the quotation: the line below it gets its links back in each format.
            quotes = [b for b in inner if b["t"] == "BlockQuote"]
            self._blocks(quotes, kind, str(dict(pairs).get("address", "")))
            return
        if {"banner", "open-question"} & set(classes):
            kind = "note"
        self._blocks(inner, kind, address)

    def _table(self, content: list[Any]) -> None:
        _, (_, caption), _, head, bodies, foot = content
        self._blocks(caption, "caption", "")
        for _, cells in [*head[1], *(r for b in bodies for r in (*b[2], *b[3])), *foot[1]]:
            for cell in cells:
                self._blocks(cell[4], "cell", "")

    def _marked(self, inlines: list[Any], kind: str, address: str) -> list[Any]:
        words = _Words(inlines)
        text = comparable(words.text)
        if not text:
            return inlines
        said = text + "".join(f"\n{key}" for key in words.citations)
        name = f"t{_hash(said, 12)}_{_hash('/'.join(self._headings), 6)}"
        self._seen[name] += 1
        anchor = f"{name}_{self._seen[name]}"
        self._found.append(
            Block(
                anchor=anchor,
                kind=kind,
                text=text,
                headings=tuple(h for h in self._headings if h),
                figures=tuple(words.figures),
                known=tuple(words.known),
                citations=tuple(words.citations),
                address=address,
                written=words.written,
            )
        )
        return [{"t": "Span", "c": [[anchor, [], []], inlines]}]


class _Words:
    """What inlines say, without their citations, and where the numbers of it come from."""

    def __init__(self, inlines: list[Any]) -> None:
        self.text = ""
        self.figures: list[Figure] = []
        self.known: list[Known] = []
        self.citations: list[str] = []
        self.written = False
        self._walk(inlines)

    def _walk(self, inlines: list[Any]) -> None:
        for inline in inlines:
            kind, content = inline["t"], inline.get("c")
            if kind == "Str":
                self.text += content
            elif kind in ("Space", "SoftBreak", "LineBreak"):
                self.text += " "
            elif kind in ("Code", "Math"):
                self.text += content[1]
            elif kind == "Cite":
                self.citations += [c["citationId"] for c in content[0]]
            elif kind == "Span":
                self._span(content)
            elif kind == "Quoted":
                left, right = ("‘", "’") if content[0]["t"] == "SingleQuote" else ("“", "”")
                self.text += left
                self._walk(content[1])
                self.text += right
            elif kind == "Link":
                self._walk(content[1])
            elif kind not in ("Image", "Note", "RawInline") and isinstance(content, list):
                self._walk(content)

    def _span(self, content: list[Any]) -> None:
        (_, classes, pairs), inner = content
        if "br" in classes:
            self.text += " "
            return
        self.written = self.written or "writer" in classes
        start = len(comparable(self.text))
        before = len(self.text)
        self._walk(inner)
        said = comparable(self.text[before:])
        if "figure" in classes:
            self.figures.append(Figure(said, str(dict(pairs).get("passage", "")), start))
        for kind in ("count", "given", "date", "term"):
            if kind in classes:
                self.known.append(Known(said, kind, start, str(dict(pairs).get("key", ""))))


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]


Finder = Callable[[str], Block | None]


def finder(blocks: tuple[Block, ...]) -> Finder:
    """Return a function that finds the block of a mark: by its name, else by its words alone.

    A paragraph whose words stayed while a heading above it changed is still the same one, if no
    other has the same words.
    """
    by_name = {b.anchor: b for b in blocks}
    alike: dict[str, list[Block]] = {}
    for block in blocks:
        alike.setdefault(block.words, []).append(block)

    def find(anchor: str) -> Block | None:
        same = alike.get(anchor.partition("_")[0], [])
        return by_name.get(anchor) or (same[0] if len(same) == 1 else None)

    return find
