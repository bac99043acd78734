"""Rows of texts as table cells with their headers: of HTML, Word and CSV tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cmeneeds.documents import Cell
from cmeneeds.own_sources.parsed import MAX_BLOCKS, Block, Parsed, Unreadable
from cmeneeds.own_sources.plain import clean, decoded

CELL_WORDS = 6
"""A leftmost cell with as many words is a statement of its own, not the name of its row."""
MAX_COLUMNS = 300
MAX_CSV = 20 << 20
"""Bytes."""


class Place(NamedTuple):
    """A cell as a source lays it out."""

    column: int
    wide: int
    text: str
    head: bool = False
    """Whether the source itself marks it as a header."""


def cells_of(rows: Sequence[Sequence[Place]], label: str = "") -> Iterator[Block]:
    """Yield the cells of a table with the headers above and beside them.

    The first row, and those after it that are marked as headers throughout, name the columns; the
    leftmost cell names its row. A row of one cell names the group of the rows below it.
    """
    columns: dict[int, list[str]] = {}
    group, in_head = "", True
    for number, row in enumerate(rows):
        full = [cell for cell in row if cell.text]
        in_head = in_head and (number == 0 or (bool(full) and all(c.head for c in full)))
        alone = not in_head and len(full) == 1 and full[0].column == 0 and (
            len(row) > 1 or full[0].wide > 1
        )  # fmt: skip
        if alone:
            group = full[0].text
        beside = next((c.text for c in full if c.column == 0), "")
        for cell in full:
            if in_head:
                for covered in range(cell.column, min(cell.column + cell.wide, MAX_COLUMNS)):
                    columns.setdefault(covered, []).append(cell.text)
            left = () if in_head or alone or cell.column == 0 else (beside,)
            outer = () if in_head or alone else (group,)
            above = () if in_head or alone else tuple(columns.get(cell.column, ()))
            short = cell.column == 0 and len(cell.text.split()) < CELL_WORDS
            yield Block(
                "table cell",
                cell.text,
                cell=Cell(
                    label,
                    number,
                    cell.column,
                    tuple(filter(None, (*outer, *left))),
                    above,
                    in_head or cell.head or short,
                ),
            )


def read_csv(data: bytes) -> Parsed:
    """Read a CSV or TSV file.

    Raises
    ------
    Unreadable
        It is no text, or beyond the limits.
    """
    if len(data) > MAX_CSV:
        raise Unreadable(
            f"the table is larger than {MAX_CSV >> 20} MB", "Keep the rows that you cite."
        )
    text = decoded(data)
    first = text.partition("\n")[0]
    separator = max("\t;,", key=lambda c: (first.count(c), c == ","))
    rows: list[list[Place]] = []
    number = 0
    csv.field_size_limit(200_000)
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if len(cells) > MAX_COLUMNS:
                raise Unreadable(
                    f"the table has more than {MAX_COLUMNS} columns", "Keep those that you cite."
                )
            row = [Place(k, 1, clean(cell)) for k, cell in enumerate(cells)]
            if not any(cell.text for cell in row):
                continue
            rows.append(row)
            number += sum(1 for cell in row if cell.text)
            if number > MAX_BLOCKS:
                raise Unreadable(
                    f"the table has more than {MAX_BLOCKS:,} cells", "Keep the rows that you cite."
                )
    except csv.Error as error:
        raise Unreadable(f"the table cannot be read ({error})", "Save it as CSV anew.") from None
    if not rows:
        raise Unreadable("the table is empty", "Add a file with text.")
    return Parsed(tuple(cells_of(rows)))
