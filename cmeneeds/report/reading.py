"""Read a report back: every number in it, and where it says that it comes from.

The report goes through pandoc itself, so what is verified is what a reader of the document sees.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from cmeneeds.errors import ExportError
from cmeneeds.report.anchors import comparable, parsed
from cmeneeds.report.markdown import BANNERS


class Figure(NamedTuple):
    """A number and the address of the passage that says it."""

    text: str
    passage: str


class Count(NamedTuple):
    """A number and the key under which it is computed again."""

    text: str
    key: str


class Passage(NamedTuple):
    """An evidence card; ``text`` is :func:`clean` of the sentence."""

    address: str
    label: str
    text: str
    status: str
    secondary: bool
    citations: tuple[str, ...]


class LooseNumber(NamedTuple):
    """A number in the narrative that says nothing about where it comes from."""

    token: str
    context: str
    kind: str
    """``digits``, or ``words`` for "half", "one in five" and the like."""


class Reading(NamedTuple):
    """All that a report says about its own numbers, in the order of the text."""

    figures: tuple[Figure, ...]
    passages: tuple[Passage, ...]
    counts: tuple[Count, ...]
    givens: tuple[Count, ...]
    terms: tuple[str, ...]
    """Names that hold digits; whoever verifies must know each of them."""
    computed: tuple[str, ...]
    citations: tuple[str, ...]
    banners: tuple[str, ...]
    loose: tuple[LooseNumber, ...]
    written: tuple[str, ...] = ()
    """Paragraphs in a writer's own words, without their citations."""


@functools.lru_cache(maxsize=4)
def read(text: str) -> Reading:
    """Parse a report once, for all readers.

    Raises
    ------
    ExportError
        If pandoc cannot read it, or it is nested absurdly deep.
    """
    try:
        tree = json.loads(parsed(text))
        reader = _Reader()
        reader.blocks(tree["blocks"])
    except RecursionError:
        raise ExportError("the report is nested too deep to read") from None
    return reader.reading()


_DATE = re.compile(
    r"(?:(?:\d{1,2} )?[A-Z][a-z]+\.? )?(?:\d{1,2}, )?(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?"
    r"(?:\s?(?:-|–|to)\s?(?:19|20)\d\d)?"
)
_OPAQUE = re.compile(
    r"(?:https?://|doi:)\S+|\b10\.\d{4,9}/\S+|\bPMID:?\s*\d+|\b(?:PMC|NCT)\d+", re.IGNORECASE
)
NUMBER_WORDS = (
    r"\b(?:(?:one|two|three|four|five|six|seven|eight|nine|ten) (?:in|out of) (?:every )?"
    r"(?:two|three|four|five|six|seven|eight|nine|ten)|half|halves|thirds?|quarters?|fifths?|"
    r"tenths?|per ?cent|dozens?|hundreds?|thousands?|millions?|billions?|twice|twofold|"
    r"threefold|doubled?|tripled?)\b"
)
_TOKEN = re.compile(
    # "one in five" before names, or the name "one" would swallow it.
    rf"(?P<words>{NUMBER_WORDS})"
    r"|(?P<digits>\d+(?:[.,·\u00a0\u2009\u202f]\d+)*\s?%?|[¼½¾⅐-⅞])"
    # SGLT2, HbA1c, COVID-19, GLP-1: digits of a name, not a number.
    r"|[^\W\d_]\w*(?:(?<=(?-i:[A-Z]))-\d+\w*)?",
    re.IGNORECASE,
)
_MASK = "\ufffc"


def loose_numbers(text: str, checked: str = "") -> list[LooseNumber]:
    """Numbers of a text, in digits or words, but not those of names, links and identifiers.

    ``checked`` is the same text with what needs no source masked; default: nothing is.

    Examples
    --------
    >>> [n.token for n in loose_numbers("Half of 62% had SGLT2 inhibitors (PMID 123).")]
    ['Half', '62%']
    """
    checked = _OPAQUE.sub(lambda m: _MASK * len(m[0]), checked or text)
    found = []
    for match in _TOKEN.finditer(checked):
        if match.lastgroup:
            start, end = match.span()
            context = text[max(0, start - 40) : end + 40]
            found.append(LooseNumber(match[0].strip(), context, match.lastgroup))
    return found


class _Reader:
    """Walks pandoc's tree of a report."""

    def __init__(self) -> None:
        self._figures: list[Figure] = []
        self._passages: list[Passage] = []
        self._counts: list[Count] = []
        self._givens: list[Count] = []
        self._terms: list[str] = []
        self._computed: list[str] = []
        self._citations: dict[str, None] = {}
        self._banners: list[str] = []
        self._loose: list[LooseNumber] = []
        self._written: list[str] = []

    def reading(self) -> Reading:
        return Reading(
            tuple(self._figures),
            tuple(self._passages),
            tuple(self._counts),
            tuple(self._givens),
            tuple(self._terms),
            tuple(self._computed),
            tuple(self._citations),
            tuple(self._banners),
            tuple(self._loose),
            tuple(self._written),
        )

    def blocks(self, blocks: list[Any], quiet: bool = False) -> None:
        """``quiet`` where numbers need no origin of their own."""
        for block in blocks:
            kind, content = block["t"], block.get("c")
            if kind in ("Para", "Plain"):
                self._line(content, quiet)
            elif kind == "Header":
                self._line(content[2], True)
            elif kind == "Div":
                self._div(content, quiet)
            elif kind == "BlockQuote":
                self.blocks(content, quiet)
            elif kind in ("BulletList", "OrderedList"):
                for item in content if kind == "BulletList" else content[1]:
                    self.blocks(item, quiet)
            elif kind == "DefinitionList":
                for word, meanings in content:
                    self._line(word, quiet)
                    for meaning in meanings:
                        self.blocks(meaning, quiet)
            elif kind == "Figure":
                # The text for the blind cannot hold spans; it says again what the chart shows.
                self.blocks(content[1][1], quiet)
            elif kind == "Table":
                self._table(content, quiet)

    def _div(self, content: list[Any], quiet: bool) -> None:
        (name, classes, pairs), inner = content
        attributes = dict(pairs)
        if "passage" in classes:
            cited: list[str] = [c for b in inner for c in _cited(b)]
            quotes = [b["c"] for b in inner if b["t"] == "BlockQuote"]
            said = " ".join(_flat(b["c"]) for q in quotes for b in q if b["t"] in ("Para", "Plain"))
            self._passages.append(
                Passage(
                    attributes.get("address", ""),
                    attributes.get("label", ""),
                    said,
                    attributes.get("status", "unknown"),
                    attributes.get("secondary") == "yes",
                    tuple(dict.fromkeys(cited)),
                )
            )
            quiet = True
        if "banner" in classes:
            self._banners += [kind for kind in BANNERS if kind in classes]
        if "computed" in classes:
            self._computed.append(attributes.get("key", ""))
            # Only the cells are computed again: a caption can still claim something.
            for block in inner:
                if block["t"] == "Table":
                    self._table(block["c"], quiet, cells_quiet=True)
                else:
                    self.blocks([block], quiet)
            return
        self.blocks(inner, quiet or name == "refs")

    def _table(self, content: list[Any], quiet: bool, cells_quiet: bool = False) -> None:
        _, (_, caption), _, head, bodies, foot = content
        rows = [*head[1], *(r for b in bodies for r in (*b[2], *b[3])), *foot[1]]
        for _, cells in rows:
            for cell in cells:
                self.blocks(cell[4], quiet or cells_quiet)
        self.blocks(caption, quiet)

    def _line(self, inlines: list[Any], quiet: bool) -> None:
        shown = list(self._inlines(inlines))
        if quiet:
            return
        text = "".join(piece for piece, _ in shown)
        checked = "".join(_MASK * len(piece) if known else piece for piece, known in shown)
        self._loose += loose_numbers(text, checked)

    def _inlines(self, inlines: list[Any]) -> Iterator[tuple[str, bool]]:
        """Yield pieces of text, and whether each says where its numbers come from."""
        for inline in inlines:
            kind, content = inline["t"], inline.get("c")
            if kind == "Str":
                yield content, False
            elif kind in ("Space", "SoftBreak", "LineBreak"):
                yield " ", False
            elif kind in ("Code", "Math"):
                yield content[1], True
            elif kind == "Cite":
                for citation in content[0]:
                    self._citations[citation["citationId"]] = None
                    for part in ("citationPrefix", "citationSuffix"):
                        yield from self._inlines(citation[part])
                yield _MASK, True
            elif kind == "Span":
                yield from self._span(content)
            elif kind in ("Link", "Image", "Quoted"):
                yield from self._inlines(content[1])
            elif kind == "Note":
                self.blocks(content)
            elif isinstance(content, list):
                yield from self._inlines(content)

    def _span(self, content: list[Any]) -> Iterator[tuple[str, bool]]:
        (_, classes, pairs), inner = content
        attributes = dict(pairs)
        text = _flat(inner)
        known = True
        if "figure" in classes:
            self._figures.append(Figure(text, attributes.get("passage", "")))
        elif "count" in classes:
            self._counts.append(Count(text, attributes.get("key", "")))
        elif "given" in classes:
            self._givens.append(Count(text, attributes.get("key", "")))
        elif "date" in classes:
            known = bool(_DATE.fullmatch(text))
        elif "term" in classes:
            self._terms.append(text)
        elif "writer" in classes:
            self._written.append(comparable(text))
            known = False
        else:
            known = False
        if known:
            # Citations inside are still citations.
            list(self._inlines(inner))
            yield text, True
        else:
            yield from self._inlines(inner)


def _flat(inlines: list[Any]) -> str:
    """Text of inlines, scripts flattened: the text that offsets count in."""
    out = []
    for inline in inlines:
        kind, content = inline["t"], inline.get("c")
        if kind == "Str":
            out.append(content)
        elif kind in ("Space", "SoftBreak", "LineBreak"):
            out.append(" ")
        elif kind in ("Code", "Math"):
            out.append(content[1])
        elif kind in ("Span", "Link", "Quoted"):
            out.append(_flat(content[1]))
        elif kind in ("Emph", "Strong", "Superscript", "Subscript"):
            out.append(_flat(content))
    return "".join(out)


def _cited(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _cited(item)
    elif isinstance(node, dict):
        if "citationId" in node:
            yield node["citationId"]
        yield from _cited(list(node.values()))
