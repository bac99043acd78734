"""What the writer confirms and corrects, in a file beside the brief that a spreadsheet can edit.

``<brief>.cards.csv`` has the columns of a run's ``cards.csv``: copy the lines that you have read
there, write your name into ``by`` and the day into ``date``, and correct what is wrong. A line
without a name says nothing. A cell that is empty stays as it was extracted; ``unknown`` says that
the document does not tell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date as day
from pathlib import Path
from typing import TYPE_CHECKING

from cmeneeds.errors import UsageError
from cmeneeds.frames import text_of
from cmeneeds.guideline_cards.model import CARD_COLUMNS, CORRECTABLE, GivenCard, card_id
from cmeneeds.locking import locked

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.retrieval import Records

MOST_BYTES = 20_000_000
LONGEST = 5000
"""Characters of a cell."""
NEEDED = ("card_id", "by", "date")
_ID = re.compile(r"C-[0-9a-f]{8}")
_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_GUARD = re.compile("'+[=+\\-@\t\n＝＋－＠]")
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def cards_path(brief_path: str | Path) -> Path:
    """Where what is said of the cards of a brief is kept."""
    path = Path(brief_path)
    return path.with_name(f"{path.stem}.cards.csv")


def load_cards(path: str | Path) -> tuple[GivenCard, ...]:
    """Read what was confirmed or corrected; a missing file says nothing.

    Parameters
    ----------
    path : path
        CSV, parted by commas, semicolons or tabs, UTF-8 or UTF-16. Columns ``card_id``, ``by`` and
        ``date`` must be there, others may be missing; columns of your own are passed over.

    Returns
    -------
    tuple of GivenCard
        In the order of the lines; only lines with a name in ``by``. A cell that is as it was
        extracted counts as a correction only once the extraction says something else.

    Raises
    ------
    UsageError
        Naming the line, if it is not such a table or a line is incomplete.
    """
    path = Path(path)
    if not path.exists():
        return ()
    given = []
    for number, cells in _lines(path):
        if not cells.get("by"):
            continue
        given.append(_given(cells, f"{path.name}, line {number}"))
    return tuple(given)


def with_given_cards(records: Records, brief_path: str | Path) -> Records:
    """Put what stands beside a brief into its records; without a file, they keep what they hold."""
    path = cards_path(brief_path)
    return replace(records, cards=load_cards(path)) if path.exists() else records


def _given(cells: dict[str, str], where: str) -> GivenCard:
    address = cells.get("address", "")
    if not _ID.fullmatch(cells["card_id"]) or (address and card_id(address) != cells["card_id"]):
        raise UsageError(
            f"{where}: card_id is no card of its address",
            "Copy card_id and address from cards.csv of the run.",
        )
    if not _DATE.fullmatch(cells["date"]):
        raise UsageError(f"{where}: date is no day", "Write it as 2026-03-04.")
    said = tuple(sorted((n, cells[n]) for n in CORRECTABLE if cells.get(n)))
    return GivenCard(
        cells["card_id"], cells["by"], cells["date"], address, cells.get("wording", ""), said
    )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
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
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            f"{path.name} is not UTF-8, so its letters cannot be told", 'Save it as "CSV UTF-8".'
        ) from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        head = [_clean(name).casefold() for name in next(reader, [])]
        if missing := sorted(set(NEEDED) - set(head)):
            raise UsageError(
                f"{path.name} has no column {', '.join(missing)}",
                "Copy the first line of cards.csv of the run.",
            )
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            where = f"{path.name}, line {reader.line_num}"
            if any(cell.strip() for cell in row[len(head) :]):
                raise UsageError(
                    f"{where}: more cells than columns",
                    "Put quotation marks around a text with commas.",
                )
            if any(len(cell) > LONGEST for cell in row):
                raise UsageError(
                    f"{where}: a cell is longer than {LONGEST:,} characters",
                    "Is a quotation mark missing?",
                )
            filled = [*row, *[""] * (len(head) - len(row))]
            yield reader.line_num, {n: _clean(c) for n, c in zip(head, filled, strict=False) if n}
    except csv.Error as error:
        raise UsageError(
            f"{path.name}, line {reader.line_num}: no CSV table ({error})", "Save it as CSV UTF-8."
        ) from None


def _clean(text: str) -> str:
    """Without what only a terminal obeys, and without the apostrophe of a guarded cell."""
    text = _CONTROL.sub("", text)
    return (text[1:] if _GUARD.match(text) else text).strip()


def confirm_card(
    path: str | Path, card: pd.Series, by: str, on: day | None = None, **cells: str
) -> GivenCard:
    """Write down that a card is right, or what is right instead.

    Parameters
    ----------
    path : path
        The file beside the brief, see :func:`cards_path`; made if there is none.
    card : Series
        The row of the table of cards as the writer sees it.
    by : str
        Who says so.
    on : date, optional
        Default: today.
    **cells : str
        Corrections, by name of ``CORRECTABLE``.

    Raises
    ------
    UsageError
        If there is no name, no such cell, or the file cannot be read or written.
    """
    from cmeneeds.report.tables import guarded, write_atomically

    if not by.strip():
        raise UsageError("a card is confirmed by somebody", "Give a name.")
    if unknown := sorted(set(cells) - set(CORRECTABLE)):
        raise UsageError(
            f"a card has no cell {', '.join(unknown)} to correct",
            f"Cells: {', '.join(CORRECTABLE)}.",
        )
    path = Path(path)
    row = {n: text_of(card[n]) for n in ("card_id", "document", "wording", "address")}
    row |= {n: _clean(v) for n, v in cells.items()}
    row |= {"by": _clean(by), "date": (on or day.today()).isoformat()}
    made = _given(row, path.name)
    with locked(path):
        kept = [c for _, c in _lines(path)] if path.exists() else []
        kept = [c for c in kept if c.get("card_id") != made.card_id]
        columns = list(dict.fromkeys([*CARD_COLUMNS, *(n for c in kept for n in c)]))
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([guarded(c.get(n, "")) for n in columns] for c in [*kept, row])
        # Without the mark at its start Excel takes a file for one of an old encoding.
        write_atomically(path, b"\xef\xbb\xbf" + stream.getvalue().encode())
    return made
