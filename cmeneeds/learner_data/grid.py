"""A CSV file as people save it, as rows of clean cells.

Cells are data: control and bidirectional characters are taken out, and nothing else is done to
them. Formulas and HTML stay the text that they are; every writer of this package guards its own
output against them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cmeneeds.errors import UsageError

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 300
MAX_CELL = 2_000
"""Characters of one cell."""

HEADER_WITHIN = 12
"""Rows among which the row of column names is looked for: exports put titles above it."""

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Grid:
    """The rows of a file.

    Attributes
    ----------
    name : str
        Of the file, without folders.
    sha256 : str
        Of the file's bytes, hex.
    header : tuple of str
        Column names as written.
    rows : tuple of (int, tuple of str)
        Number of the row as a spreadsheet shows it, and as many cells as the header has. Rows
        without any cell are left out.
    notes : tuple of str
        What was oddly written, and how it was read.
    """

    name: str
    sha256: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()

    def column(self, place: int) -> list[str]:
        """Cells of a column, from the top."""
        return [cells[place] for _, cells in self.rows]

    def where(self, row: int, column: int) -> str:
        """Name a cell, never its content."""
        return f"{self.name}, row {row}, {self.column_name(column)}"

    def column_name(self, column: int) -> str:
        """Name a column: its number and what stands at its top."""
        return f"column {column + 1} ({self.header[column][:40]!r})"


def read_grid(path: Path, is_header: Callable[[list[str]], bool]) -> Grid:
    """Read a file.

    Parameters
    ----------
    path : Path
    is_header : callable
        Whether a row holds names of columns. If none of the first rows does, the first row that
        is not empty is the header.

    Raises
    ------
    UsageError
        If it cannot be read, is no text, or goes beyond the limits. Says what to do.
    """
    data = _bytes(path)
    text, notes = _decoded(data, path.name)
    rows = _rows(text, path.name)
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        raise UsageError(f"{path.name} is empty", "Its first row must name the columns.")
    top = next((i for i, (_, c) in enumerate(filled[:HEADER_WITHIN]) if is_header(c)), 0)
    if top:
        notes.append(f"{top} row(s) above the column names were left out")
    header = filled[top][1]
    while header and not header[-1]:
        header.pop()
    width = len(header)
    if width > MAX_COLUMNS:
        raise UsageError(
            f"{path.name} has more than {MAX_COLUMNS} columns", "Keep those with figures."
        )
    body = []
    for number, cells in filled[top + 1 :]:
        if any(cells[width:]):
            raise UsageError(
                f"{path.name}, row {number}: more cells than the {width} column names",
                "Put texts that hold the separator in quotes, or name the column.",
            )
        body.append((number, tuple([*cells, *[""] * width][:width])))
    if not body:
        raise UsageError(f"{path.name} has column names but no rows", "Add the figures.")
    digest = hashlib.sha256(data).hexdigest()
    return Grid(path.name, digest, tuple(header), tuple(body), tuple(notes))


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(
            f"learner data: there is no file {path.name}",
            "`learner_data` names files beside the brief or in folders below it.",
        )
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {error.strerror}", "Check its permissions."
        ) from None
    if len(data) > MAX_BYTES:
        raise UsageError(
            f"{path.name} is larger than {MAX_BYTES // 1024 // 1024} MB",
            "Give counts for each item instead of every answer.",
        )
    return data


def _decoded(data: bytes, name: str) -> tuple[str, list[str]]:
    """Text of a file in one of the encodings that spreadsheets save in."""
    if data[:4] == b"PK\x03\x04" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise UsageError(f"{name} is an Excel workbook", "Save the sheet as CSV (UTF-8).")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), ["read as UTF-16"]
        except UnicodeDecodeError:
            _not_text(name)
    if b"\0" in data:
        _not_text(name)
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), ["not UTF-8; read as Windows-1252"]
    except UnicodeDecodeError:
        _not_text(name)


def _not_text(name: str) -> NoReturn:
    raise UsageError(f"{name} is not a text file", "Save it as CSV (UTF-8).")


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    separator = ""
    if told := re.match(r"\ufeff?sep=([;,\t|])\r?\n", text, re.IGNORECASE):
        separator, text = told[1], text[told.end() :]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator or _separator(text), strict=True
    )
    rows = []
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS:
                raise UsageError(
                    f"{name} has more than {MAX_ROWS:,} rows",
                    "Give counts for each item instead of every answer.",
                )
            rows.append((number, [_clean(cell, name, number) for cell in cells]))
    except csv.Error:
        raise UsageError(
            f"{name} is not a CSV table (near row {len(rows) + 1})",
            "Look for a quotation mark that is not closed; save it as CSV again.",
        ) from None
    return rows


def _separator(text: str) -> str:
    """The separator that splits the first rows most evenly; a comma where nothing does."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:20_000].splitlines() if line.strip()][
        :20
    ]

    def evenness(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        most = max(set(counts), key=lambda c: (c > 0, counts.count(c), c)) if counts else 0
        return (counts.count(most) if most else 0, most)

    return max((";", "\t", "|", ","), key=evenness)


def _clean(cell: str, name: str, row: int) -> str:
    if len(cell) > MAX_CELL:
        raise UsageError(
            f"{name}, row {row}: a cell is longer than {MAX_CELL:,} characters", "Shorten it."
        )
    return " ".join(_HIDDEN.sub("", cell).split())
