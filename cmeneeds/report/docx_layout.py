"""What pandoc leaves to Word's user: where pages break, boxes, queries and figures.

Only properties of paragraphs, rows, runs and drawings are set; no text and no bookmark is touched,
so an edited copy can still be read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WP: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"

MOST_ROWS: Final = 6
"""Rows of a table that is kept on one page, beside its heading row."""

MOST_LINES: Final = 30
"""Lines that a table kept on one page may be high: about half a page."""

_BETWEEN: Final = 0.4
"""Lines of white that a row adds."""

_SHORT_ROW: Final = 5
"""Lines below which a row looks lost alone on its page."""

_LETTERS: Final = 95
"""Letters of a table's size in a line of the whole text width, roughly."""

LONGEST_INTRODUCTION: Final = 600
"""Letters of a paragraph that stays on the page of the table it stands before."""

BOX: Final = "OpenQuestion"
"""Style of a box of questions and of the items in it."""

CODE: Final = "SourceCode"
"""Style of a query."""

_CODE_SIZE: Final = "16"
"""Half-points: a query is looked up, not read."""

_ORDER: Final = ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "numPr", "pBdr", "shd",
                 "tabs", "wordWrap", "spacing", "ind")  # fmt: skip
"""Properties of a paragraph, in the order that the format prescribes."""


def lay_out(root: etree._Element) -> None:
    """Set in a document what keeps together what belongs together.

    No row of a table breaks over two pages and a short table does not break at all; a longer one
    never leaves a single row behind. A line that announces a list, and the paragraph before a
    table or a query, stay with it. A box of questions is one box. Queries are small. Figures begin
    at the margin.

    Parameters
    ----------
    root : etree._Element
        ``word/document.xml``, changed in place.
    """
    for table in root.iter(f"{_W}tbl"):
        _keep_rows(table)
    for paragraph in root.iter(f"{_W}p"):
        style = _style(paragraph)
        if _text(paragraph).rstrip().endswith(":") or _introduces(paragraph):
            set_property(paragraph, "keepNext", {})
        before = paragraph.getprevious()
        if before is not None and before.tag == f"{_W}tbl":
            set_property(paragraph, "spacing", {"before": "200"})
        if style == BOX:
            _box(paragraph)
        elif style == CODE:
            _small(paragraph)
    for drawing in root.iter(f"{_WP}inline"):
        for side in ("distT", "distB", "distL", "distR"):
            # Without them LibreOffice puts its own distance beside a figure of full width.
            drawing.set(side, "0")


def set_property(paragraph: etree._Element, name: str, values: dict[str, str]) -> None:
    """Give a paragraph a property, in its place; one that it has stays."""
    properties = paragraph.find(f"{_W}pPr")
    if properties is None:
        properties = etree.Element(f"{_W}pPr")
        paragraph.insert(0, properties)
    if properties.find(f"{_W}{name}") is not None:
        return
    made = etree.Element(f"{_W}{name}")
    for key, value in values.items():
        made.set(f"{_W}{key}", value)
    earlier = {f"{_W}{n}" for n in _ORDER[: _ORDER.index(name)]}
    place = sum(1 for node in properties if node.tag in earlier)
    properties.insert(place, made)


def _text(node: etree._Element) -> str:
    return "".join(t.text or "" for t in node.iter(f"{_W}t"))


def _style(paragraph: etree._Element | None) -> str:
    found = paragraph.find(f"{_W}pPr/{_W}pStyle") if paragraph is not None else None
    return "" if found is None else str(found.get(f"{_W}val"))


def _numbered(paragraph: etree._Element | None) -> bool:
    return paragraph is not None and paragraph.find(f"{_W}pPr/{_W}numPr") is not None


# --- tables ---------------------------------------------------------------------------------------


def _keep_rows(table: etree._Element) -> None:
    rows = table.findall(f"{_W}tr")
    for row in rows:
        properties = row.find(f"{_W}trPr")
        if properties is None:
            properties = etree.Element(f"{_W}trPr")
            row.insert(0, properties)
        if properties.find(f"{_W}cantSplit") is None:
            properties.insert(0, etree.Element(f"{_W}cantSplit"))
    heads = sum(1 for row in rows if row.find(f"{_W}trPr/{_W}tblHeader") is not None)
    body = rows[heads:]
    lines = lines_of(table)
    if not body or (len(body) <= MOST_ROWS and sum(lines) <= MOST_LINES):
        tied = rows[:-1]
    else:  # no short row alone, neither before the break nor behind it
        tied = rows[: heads + (lines[heads] < _SHORT_ROW)]
        tied += body[-2:-1] if lines[-1] < _SHORT_ROW else []
    for row in tied:
        for paragraph in row.iter(f"{_W}p"):
            set_property(paragraph, "keepNext", {})


def lines_of(table: etree._Element) -> list[float]:
    """Lines that each row of a table takes, estimated from the letters in its cells."""
    widths = [int(c.get(f"{_W}w", "0")) for c in table.findall(f"{_W}tblGrid/{_W}gridCol")]
    whole = sum(widths) or 1
    found = []
    for row in table.findall(f"{_W}tr"):
        deepest = 1
        for cell, width in zip(row.findall(f"{_W}tc"), widths, strict=False):
            room = max(4, _LETTERS * width // whole)
            deepest = max(deepest, sum(-(-max(1, n) // room) for n in _stretches(cell)))
        found.append(deepest + _BETWEEN)
    return found


def _stretches(cell: etree._Element) -> Iterator[int]:
    """Letters of each stretch of a cell that begins on a line of its own."""
    for paragraph in cell.iter(f"{_W}p"):
        length = 0
        for node in paragraph.iter(f"{_W}t", f"{_W}br"):
            if node.tag == f"{_W}br":
                yield length
                length = 0
            else:
                length += len(node.text or "")
        yield length


def _introduces(paragraph: etree._Element) -> bool:
    """Whether a paragraph of prose introduces the table or query that follows it."""
    parent = paragraph.getparent()
    if parent is None or parent.tag == f"{_W}tc" or _numbered(paragraph):
        return False
    following = paragraph.getnext()
    while following is not None and following.tag in (f"{_W}bookmarkStart", f"{_W}bookmarkEnd"):
        following = following.getnext()
    if following is None or len(_text(paragraph)) > LONGEST_INTRODUCTION:
        return False
    return following.tag == f"{_W}tbl" or _style(following) in ("TableCaption", CODE)


# --- boxes and queries ----------------------------------------------------------------------------


def _box(paragraph: etree._Element) -> None:
    """Join the paragraphs of one box: no white between them, and items set in."""
    following = paragraph.getnext()
    last = not (_style(following) == BOX and _numbered(following))
    if _numbered(paragraph):
        set_property(paragraph, "spacing", {"before": "0", "after": "160" if last else "0"})
        set_property(paragraph, "ind", {"left": "600", "hanging": "360"})
    elif not last:
        set_property(paragraph, "spacing", {"before": "120", "after": "0"})


def _small(paragraph: etree._Element) -> None:
    for run in paragraph.iter(f"{_W}r"):
        properties = run.find(f"{_W}rPr")
        if properties is None:
            properties = etree.Element(f"{_W}rPr")
            run.insert(0, properties)
        for name in ("sz", "szCs"):
            if properties.find(f"{_W}{name}") is None:
                etree.SubElement(properties, f"{_W}{name}", {f"{_W}val": _CODE_SIZE})
