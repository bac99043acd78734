"""Cells of JATS tables (XHTML), with the headers that give them a meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmeneeds.documents import Cell
from cmeneeds.jats_text import Refs, Text

_NUMERIC = re.compile(r"[\d\s.,%()\[\]/±<>=≤≥–−·*-]+")
_MOST_PLACES = 200_000
"""Grid places of one table beyond which spans are not followed any more."""
_MOST_HEADERS = 16
"""Headers that a cell can have above it, and beside it."""


def _span(element: Any, name: str) -> int:
    said = element.get(name, "1").strip()
    # HTML's own limit; what is larger is a mistake or an attack.
    return min(max(int(said), 1), 1000) if said.isdecimal() and len(said) < 10 else 1


def cells_of(table: Any, label: str, refs: Refs) -> Iterator[tuple[Cell, Text]]:
    """Yield the cells of a table with their place and headers."""
    columns: dict[int, list[str]] = {}
    number = places = 0
    has_head = table.find("thead") is not None
    sections = [s for s in table if s.tag in ("thead", "tbody", "tfoot")]
    if table.find("tr") is not None:
        sections.append(table)
    for section in sections:
        hanging: dict[int, tuple[int, str]] = {}  # column -> rows still covered, text
        group = ""
        for tr in section.iterfind("tr"):
            cells = [c for c in tr if c.tag in ("td", "th")]
            is_head = section.tag == "thead" or (
                not has_head and number == 0 and all(c.tag == "th" for c in cells)
            )
            row: list[tuple[int, int, str, Text, Any]] = []
            leading = {c: text for c, (_, text) in hanging.items()}
            left = {c: (n - 1, text) for c, (n, text) in hanging.items() if n > 1}
            column = 0
            for cell in cells:
                while column in leading:
                    column += 1
                text = Text()
                text.read(cell, refs)
                said = _header(text)
                wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
                if (places := places + wide) > _MOST_PLACES:
                    wide = high = 1
                if high > 1:
                    left |= dict.fromkeys(range(column, column + wide), (high - 1, said))
                row.append((column, wide, said, text, cell))
                if is_head and said:
                    for covered in range(column, column + wide):
                        if len(column_headers := columns.setdefault(covered, [])) < _MOST_HEADERS:
                            column_headers.append(said)
                column += wide
            hanging = left
            full = [r for r in row if r[2]]
            alone = not is_head and len(full) == 1 and full[0][0] == 0
            if alone and (full[0][1] > 1 or len(row) > 1):
                group = full[0][2]
            headers = {} if is_head else _row_headers(row, leading)
            for column, wide, said, text, cell in row:
                above: list[str] = []
                if not is_head:
                    for covered in range(column, min(column + wide, column + 20)):
                        above += [h for h in columns.get(covered, ()) if h not in above]
                outer = [group] if group and said != group else []
                beside = [h for c, h in headers.items() if c < column]
                is_header = is_head or cell.tag == "th" or column in headers or said == group != ""
                yield (
                    Cell(label, number, column, tuple(outer + beside), tuple(above), is_header),
                    text,
                )
            number += 1


_NOTE_MARK = re.compile(r"[a-z*†‡§¶‖#,\s]{1,5}")


def _header(text: Text) -> str:
    """Return a cell as others quote it: on one line, without raised marks of footnotes."""
    said = "".join(text.pieces)
    for mark in reversed(text.marks):
        if mark.tag == "sup" and _NOTE_MARK.fullmatch(said, mark.start, mark.end):
            said = said[: mark.start] + said[mark.end :]
    return " ".join(said.split())


def _row_headers(
    row: list[tuple[int, int, str, Text, Any]], leading: dict[int, str]
) -> dict[int, str]:
    """Return the headers of a body row by column, from the left."""
    first = row[0][0] if row else 0
    spans = {c: text for c, text in leading.items() if c < min(first, _MOST_HEADERS) and text}
    headers = {r[0]: r[2] for r in row[:_MOST_HEADERS] if r[4].tag == "th" and r[2]}
    if not headers and len(row) > 1:
        for column, _, said, _, cell in row[: min(len(row) - 1, _MOST_HEADERS)]:
            if said and not ((spans or headers) and _NUMERIC.fullmatch(said)):
                headers[column] = said
            if _span(cell, "rowspan") == 1:
                break
    return dict(sorted((spans | headers).items()))
