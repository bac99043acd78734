"""Read an HTML page: its main text, without navigation, banners and the like.

Scripts are not run and nothing that the page names is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from cmeneeds.own_sources.grids import MAX_COLUMNS, Place, cells_of
from cmeneeds.own_sources.parsed import Block, Parsed, Unreadable
from cmeneeds.own_sources.plain import clean
from cmeneeds.records import Markup

MAX_DEPTH = 400
MAX_HTML = 32 << 20
"""Bytes."""

_GONE = frozenset(
    [
        "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed",
        "form", "button", "select", "input", "textarea", "nav", "aside", "footer", "dialog",
        "canvas", "video", "audio", "menu", "head",
    ]
)  # fmt: skip
_ROLES = frozenset(
    ["navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alert"]
)
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|side-bar|footer|site-header|"
    r"page-header|masthead|cookies?|consent|banner|share|sharing|social|newsletter|subscribe|"
    r"related|recommended-articles|advert|ads?|promo|comments?|skip-link|skip|pagination|toolbar|"
    r"popup|modal|login|search-form|print-only|visually-hidden|sr-only)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    [
        "p", "div", "section", "article", "main", "body", "ul", "ol", "dl", "table", "blockquote",
        "pre", "figure", "header", "details", "address", "center", "hr", "html", "fieldset",
    ]
)  # fmt: skip
_HEADS = {f"h{n}": n for n in range(1, 7)}
_LEAVES = frozenset({"li", "dt", "dd", "figcaption", "caption", "summary"})


def read_html(data: bytes) -> Parsed:
    """Read an HTML page.

    Raises
    ------
    Unreadable
        It is too large, nested too deep, or has no text.
    """
    if len(data) > MAX_HTML:
        raise Unreadable(f"the page is larger than {MAX_HTML >> 20} MB", "Add the part you cite.")
    parser = etree.HTMLParser(no_network=True, recover=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(_marked(data), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Unreadable("it is no HTML page", "Save the page anew, or add its text.")
    title = _title(root)
    _prune(root)
    main = _main(root)
    blocks = list(_blocks(main, 0))
    if not any(block.text for block in blocks):
        raise Unreadable(
            "the page has no text of its own (a program may write it)",
            "Print it to PDF and add the PDF.",
        )
    heading = next((b for b in blocks if b.kind == "heading" and b.level == 1), None)
    title = heading.text if heading else title
    if heading:
        blocks = [Block("title", b.text, markup=b.markup) if b is heading else b for b in blocks]
    return Parsed(tuple(blocks), title)


def _marked(data: bytes) -> bytes:
    """Say that it is UTF-8 where it is, and does not say so itself."""
    head = data[:2048].lower()
    if b"charset" in head or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return b"\xef\xbb\xbf" + data


def _title(root: Any) -> str:
    for found in root.iterfind(".//meta"):
        if (found.get("property") or found.get("name") or "").lower() == "og:title":
            return clean(found.get("content") or "")
    named = root.find(".//title")
    return clean("".join(named.itertext())) if named is not None else ""


def _prune(root: Any) -> None:
    """Take out what is no part of the text."""
    for element in list(root.iter(etree.Element)):
        if element.getparent() is None or not isinstance(element.tag, str):
            continue
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        hidden = (
            element.get("hidden") is not None
            or element.get("aria-hidden") == "true"
            or "display:none" in (element.get("style") or "").replace(" ", "").lower()
        )
        header = element.tag == "header" and not any(
            a.tag in ("article", "main", "section") for a in element.iterancestors()
        )
        boilerplate = (
            element.tag not in ("main", "article", "body", "html", "h1", "table", "td", "tr")
            and _NAMES.search(names) is not None
            and element.find(".//main") is None
            and element.find(".//article") is None
        )
        if (
            element.tag in _GONE
            or hidden
            or header
            or boilerplate
            or (element.get("role") or "").lower() in _ROLES
        ):
            tail, parent, before = element.tail, element.getparent(), element.getprevious()
            if tail:
                if before is not None:
                    before.tail = (before.tail or "") + tail
                else:
                    parent.text = (parent.text or "") + tail
            parent.remove(element)


def _main(root: Any) -> Any:
    """The part of the page that holds most of its text."""
    whole = root.find(".//body")
    whole = whole if whole is not None else root
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = root.findall(path)
        if len(found) == 1 and _weight(found[0]) > 0.3 * _weight(whole):
            return found[0]
    return whole


def _weight(element: Any) -> int:
    return sum(len(text) for text in element.itertext())


def _blocks(element: Any, depth: int) -> Iterator[Block]:
    if depth > MAX_DEPTH:
        raise Unreadable("the page is nested too deep", "Print it to PDF and add the PDF.")
    texts = _Inline()
    kind = "list item" if element.tag in ("li", "dd") else "paragraph"
    if element.tag in ("figcaption", "caption"):
        kind = "figure caption" if element.tag == "figcaption" else "table caption"
    kind = "quotation" if element.tag == "blockquote" else kind
    texts.add(element.text)
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag in _BLOCKS or tag in _HEADS or tag in _LEAVES:
            yield from texts.block(kind)
            if tag in _HEADS:
                inner = _Inline()
                inner.read(child, 0)
                yield from inner.block("heading", _HEADS[tag])
            elif tag == "table":
                yield from _table(child)
            else:
                yield from _blocks(child, depth + 1)
        else:
            texts.read(child, depth)
        texts.add(child.tail)
    yield from texts.block(kind)


class _Inline:
    """Text of one block, white space folded, raised and lowered letters marked."""

    def __init__(self) -> None:
        self.text = ""
        self.markup: list[Markup] = []

    def add(self, text: str | None) -> None:
        if not text:
            return
        said = clean(f"x{text}x")[1:-1]
        self.text += said.lstrip() if not self.text or self.text.endswith(" ") else said

    def read(self, element: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Unreadable("the page is nested too deep", "Print it to PDF and add the PDF.")
        if element.tag == "br":
            self.add(" ")
            return
        start = len(self.text)
        self.add(element.text)
        for child in element:
            if isinstance(child.tag, str):
                block = child.tag in _BLOCKS or child.tag in _LEAVES
                self.add(" " if block else "")
                self.read(child, depth + 1)
                self.add(" " if block else "")
            self.add(child.tail)
        if element.tag in ("sup", "sub") and len(self.text) > start:
            self.markup.append(Markup(start, len(self.text), element.tag))

    def block(self, kind: str, level: int = 0) -> Iterator[Block]:
        text = self.text.rstrip()
        if text:
            marks = tuple(
                m for m in (Markup(m.start, min(m.end, len(text)), m.tag) for m in self.markup)
                if m.start < m.end
            )  # fmt: skip
            yield Block(kind, text, level=level, markup=marks)
        self.text, self.markup = "", []


def _table(table: Any) -> Iterator[Block]:
    label = ""
    caption = table.find("caption")
    if caption is not None:
        inner = _Inline()
        inner.read(caption, 0)
        named = re.match(r"Table\s+[A-Z]?\d+(?:\.\d+)?", inner.text)
        label = named[0] if named else ""
        yield from inner.block("table caption")
    if table.find(".//table") is not None:  # a table for the layout of the page
        for cell in table.iter("td", "th"):
            if not any(a.tag in ("td", "th") for a in cell.iterancestors("td", "th")):
                yield from _blocks(cell, 1)
        return
    rows: list[list[Place]] = []
    hanging: dict[int, int] = {}
    for tr in table.iter("tr"):
        row: list[Place] = []
        taken = dict(hanging)
        hanging = {c: n - 1 for c, n in hanging.items() if n > 1}
        column = 0
        for cell in tr:
            if cell.tag not in ("td", "th"):
                continue
            while column in taken:
                column += 1
            if column >= MAX_COLUMNS:
                break
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            inner = _Inline()
            inner.read(cell, 0)
            row.append(Place(column, wide, inner.text.strip(), cell.tag == "th"))
            if high > 1:
                hanging |= dict.fromkeys(range(column, column + wide), high - 1)
            column += wide
        rows.append(row)
    if max((len(row) for row in rows), default=0) < 2:
        for row in rows:
            for place in row:
                if place.text:
                    yield Block("paragraph", place.text)
        return
    yield from cells_of(rows, label)


def _span(cell: Any, name: str) -> int:
    said = (cell.get(name) or "1").strip()
    return min(max(int(said), 1), MAX_COLUMNS) if said.isdecimal() and len(said) < 6 else 1
