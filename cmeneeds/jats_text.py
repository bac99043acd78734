"""Text of JATS elements, with its markup and citations; which elements end a stretch of text."""

from __future__ import annotations

import html.entities
import re
from typing import Any

from lxml import etree

from cmeneeds.documents import Citation
from cmeneeds.records import Markup

TITLED = frozenset(("sec", "boxed-text", "statement", "app", "glossary"))
"""Elements with a title of their own that begin a section of the text."""
HOLDERS = (
    "p", "caption", "def", "verse-group", "verse-line", "speech", "preformat", "code",
    "fig-group", "table-wrap-group", "table-wrap-foot", "fn-group", "app-group",
    "disp-formula-group", "question", "question-wrap", "answer", "explanation", "option",
)  # fmt: skip
"""Elements that only hold others, or text."""
BLOCKS = TITLED.union(HOLDERS, (
    "title", "list", "def-list", "list-item", "def-item", "term", "disp-quote", "attrib", "speaker",
    "fig", "table-wrap", "table", "supplementary-material",
))  # fmt: skip
"""Elements that stand apart from the text around them."""

_MATH = "{http://www.w3.org/1998/Math/MathML}math"
_ANNOTATIONS = tuple(
    f"{{http://www.w3.org/1998/Math/MathML}}{tag}" for tag in ("annotation", "annotation-xml")
)
XLINK = "{http://www.w3.org/1999/xlink}href"
_MARKS = {"sup": "sup", "sub": "sub", "italic": "i", "bold": "b", "underline": "u"}
_SILENT = frozenset((
    "graphic", "inline-graphic", "media", "supplementary-material", "alt-text", "long-desc",
    "object-id", "index-term", "index-term-range-end", "permissions", "sec-meta", "kwd-group",
    "ref-list", "ack", "bio", "author-notes", "notes", "label", "processing-meta",
    "contrib-group", "term-head", "def-head", "private-char",
))  # fmt: skip
"""Never read where they stand; labels are read by what they label."""
_TEX = re.compile(r"\\begin\{document\}(.*)\\end\{document\}", re.DOTALL)
_RANGE = re.compile(r"\W*(\d{1,4})\s*[-‐‑‒–—−]\s*(\d{1,4})\W*")
_DASH = re.compile(r"[\s\[\]()]*[-‐‑‒–—−][\s\[\]()]*")
_LONGEST_RANGE = 50


class Refs(dict[str, tuple[int, ...]]):
    """Places in the list of references, by the identifier that citations use."""

    count = 0


class Text:
    """A text under construction, with its markup and citations."""

    __slots__ = ("_border", "_fresh", "citations", "length", "marks", "notes", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.marks: list[Markup] = []
        self.citations: list[Citation] = []
        self.notes: list[Any] = []
        """Footnotes that were cut out."""
        self._fresh = True  # at the beginning of a line
        self._border = False  # after a line break that only matters if more text follows

    def add(self, text: str | None) -> None:
        """Append a text as it stands."""
        if text:
            self.pieces.append(text)
            self.length += len(text)
            self._fresh = text.endswith("\n")
            self._border = False

    def new_line(self) -> None:
        """Keep two blocks apart."""
        if not self._fresh:
            self.add("\n")
            self._border = True

    def read(self, element: Any, refs: Refs) -> None:
        """Take in all that an element says."""
        self.add(element.text)
        for child in element:
            self.take(child, refs)
            self.add(child.tail)

    def take(self, element: Any, refs: Refs) -> None:
        """Take in an inline element, without its tail."""
        tag = element.tag
        start = self.length
        if not isinstance(tag, str):
            if tag is etree.Entity:  # the DTD that would say what it means is not loaded
                self.add(html.entities.html5.get(f"{element.name};", ""))
        elif tag in _SILENT:
            pass
        elif tag == "fn":
            self.notes.append(element)
        elif tag in ("break", "hr"):
            self.add("\n")
        elif tag == _MATH:
            tokens = element.iter(etree.Element)
            self.add("".join(_token(t) for t in tokens if not _annotates(t, element)))
            self._mark(start, "math")
        elif tag == "tex-math":
            if element.getparent().find(_MATH) is None:
                said = "".join(element.itertext())
                tex = _TEX.search(said)
                self.add((tex.group(1) if tex else said).strip())
                self._mark(start, "math")
        elif tag == "alternatives":
            forms = [element.find(name) for name in (_MATH, "tex-math", "textual-form")]
            for form in [f for f in forms if f is not None][:1] or list(element)[:1]:
                self.take(form, refs)
        elif tag in ("inline-formula", "disp-formula"):
            marks = len(self.marks)
            self.read(element, refs)
            del self.marks[marks:]  # what is inside a formula is one thing
            self._mark(start, "math")
        elif tag == "xref" and element.get("ref-type") == "bibr":
            first = len(self.pieces)
            self.read(element, refs)
            self._cite(start, "".join(self.pieces[first:]), element.get("rid", ""), refs)
        elif tag in BLOCKS:
            self.new_line()
            self.read(element, refs)
            self.new_line()
        else:
            self.read(element, refs)
            self._mark(start, _MARKS.get(tag, ""))

    def _mark(self, start: int, tag: str) -> None:
        if tag and self.length > start:
            self.marks.append(Markup(start, self.length, tag))

    def _cite(self, start: int, said: str, rid: str, refs: Refs) -> None:
        found = tuple(i for one in rid.split() for i in refs.get(one, ()))
        span = _RANGE.fullmatch(said) if len(found) == 1 and len(said) < 20 else None
        if span:  # "3-6" in one link, which names the first work only
            more = int(span.group(2)) - int(span.group(1))
            if 0 < more <= _LONGEST_RANGE:
                found = tuple(range(found[0], min(found[0] + more + 1, refs.count)))
        self.citations.append(Citation(start, self.length, found))

    def finish(self) -> tuple[str, tuple[Markup, ...], tuple[Citation, ...]]:
        """Return text, markup in order, and citations with ranges such as [3]-[6] filled in."""
        text = "".join(self.pieces)
        if self._border:
            text = text[:-1]
            self.marks = [m._replace(end=min(m.end, len(text))) for m in self.marks]
        cited = self.citations
        for i in range(1, len(cited)):
            before, after = cited[i - 1], cited[i]
            if not (before.references and after.references):
                continue
            first, last = before.references[-1] + 1, after.references[0]
            near = first < last <= first + _LONGEST_RANGE
            if near and _DASH.fullmatch(text, before.end, after.start):
                cited[i] = after._replace(references=(*range(first, last), *after.references))
        return text, tuple(sorted(self.marks)), tuple(cited)


def _token(element: Any) -> str:
    """Text of a MathML token element; what stands between elements is layout."""
    return "" if len(element) else (element.text or "").strip()


def _annotates(element: Any, formula: Any) -> bool:
    while element is not formula:
        if element.tag in _ANNOTATIONS:
            return True
        element = element.getparent()
    return False


def plain(element: Any) -> str:
    """Text of an element on one line, for labels, headers and metadata."""
    if element is None:
        return ""
    text = Text()
    text.read(element, Refs())
    return " ".join("".join(text.pieces).split())
