"""CSV tables beside a brief that people edit by hand: read with care, written in one piece.

Decisions, screening, labels and confirmed guideline cards are kept in such files. Any spreadsheet
may have saved them: parted by commas, semicolons or tabs, in UTF-8 or UTF-16, with columns of the
writer's own, which are kept. Whoever writes holds :func:`cmeneeds.locking.locked`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from cmeneeds.errors import UsageError

MOST_BYTES: Final = 20_000_000
"""A larger file is none that a person keeps."""
LONGEST: Final = 10_000
"""Characters of a cell. The longest sentence of the sample has under 4,000."""

_GUARD = re.compile("'+[=+\\-@\t\n＝＋－＠]")


class Row(NamedTuple):
    """A line: its number, and its cells by column, the user's own included."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class HandEdited:
    """What a file holds.

    Attributes
    ----------
    columns : tuple of str
        In the order of the file, in small letters.
    separator : str
    rows : tuple of Row
    """

    columns: tuple[str, ...]
    separator: str = ","
    rows: tuple[Row, ...] = ()


def read_hand_edited(
    path: Path, fields: tuple[str, ...], needed: Iterable[str], advice: str = ""
) -> HandEdited:
    """Read a file; a missing one holds no rows.

    Parameters
    ----------
    path : Path
    fields : tuple of str
        Columns that the tool knows; none may be there twice.
    needed : iterable of str
        Those that a file must have.
    advice : str
        What to do where one of them is missing; default: the columns are named.

    Returns
    -------
    HandEdited
        Empty lines are left out; the apostrophe of a guarded cell is taken away.

    Raises
    ------
    UsageError
        Naming the line, if the file is no such table.
    """
    if not path.exists():
        return HandEdited(fields)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(
                f"{path.name} has more than {MOST_BYTES:,} bytes", "Is it the file you mean?"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {error.strerror}", "Its place must be a CSV file."
        ) from None
    text = _decoded(path, data)
    wanted = set(needed)
    separator = _separator(text, wanted)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        head = [clean(name).casefold() for name in next(reader, [])]
        if missing := sorted(wanted - set(head)):
            raise UsageError(
                f"{path.name} has no column {', '.join(missing)}",
                advice or f"Its columns must be {', '.join(fields)}.",
            )
        if twice := sorted({name for name in head if name in fields and head.count(name) > 1}):
            raise UsageError(f"{path.name} has column {twice[0]} twice", "Remove one of them.")
        rows = tuple(
            _row(f"{path.name}, line {reader.line_num}", reader.line_num, head, row)
            for row in reader
            if any(cell.strip() for cell in row)
        )
    except csv.Error as error:
        where = f"{path.name}, line {reader.line_num}"
        if "field limit" in str(error):
            raise UsageError(
                f"{where}: a cell is too long",
                f"At most {LONGEST:,} characters fit a cell; is a quotation mark missing?",
            ) from None
        raise UsageError(f"{where}: no CSV table ({error})", "Save it as CSV UTF-8.") from None
    return HandEdited(tuple(head), separator, rows)


def write_hand_edited(
    path: Path,
    columns: Iterable[str],
    rows: Iterable[Mapping[str, str]],
    separator: str = ",",
) -> None:
    """Write a file in one piece; cells that a spreadsheet would run are guarded.

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    from cmeneeds.report.tables import guarded, write_atomically

    names = tuple(columns)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([guarded(cells.get(name, "")) for name in names] for cells in rows)
    # Without the mark at its start Excel takes a file for one of its country's old encoding.
    write_atomically(path, b"\xef\xbb\xbf" + stream.getvalue().encode())


def clean(text: str) -> str:
    """A text without what only a terminal would obey."""
    from cmeneeds.report.tables import guarded

    return _unguarded(guarded(text)).strip()


def _unguarded(text: str) -> str:
    """Take away the apostrophe that keeps a spreadsheet from running a cell."""
    return text[1:] if _GUARD.match(text) else text


def _row(where: str, number: int, head: list[str], row: list[str]) -> Row:
    if any(cell.strip() for cell in row[len(head) :]):
        raise UsageError(
            f"{where}: more cells than columns", "Put quotation marks around a text with commas."
        )
    # Short lines are what some programs write for empty cells at the end.
    filled = [*row, *[""] * (len(head) - len(row))]
    for name, cell in zip(head, filled, strict=False):
        if len(cell) > LONGEST:
            raise UsageError(
                f"{where}: {name[:40]} holds {len(cell):,} characters",
                f"At most {LONGEST:,} fit a cell; is a quotation mark missing?",
            )
    return Row(number, {n: _unguarded(c) for n, c in zip(head, filled, strict=False)})


def _decoded(path: Path, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise UsageError(
                f"{path.name} is no CSV table (damaged UTF-16)", "Save it as CSV UTF-8."
            ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path.name}, line {line}: not UTF-8, so its letters cannot be told",
            'Save it as "CSV UTF-8".',
        ) from None


def _separator(text: str, wanted: set[str]) -> str:
    """What parts the cells: the mark that most names of the first line stand between."""
    first = text.lstrip("\r\n").partition("\n")[0]

    def known(mark: str) -> int:
        return len(wanted & {name.strip().strip('"').casefold() for name in first.split(mark)})

    return max(",;\t", key=known)
