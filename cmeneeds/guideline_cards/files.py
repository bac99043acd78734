"""What the writer confirms and corrects, in a file beside the brief that a spreadsheet can edit.

``<brief>.cards.csv`` has the columns of a run's ``cards.csv``: copy the lines that you have read
there, write your name into ``by`` and the day into ``date``, and correct what is wrong. A line
without a name says nothing. A cell that is empty stays as it was extracted; ``unknown`` says that
the document does not tell.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date as day
from pathlib import Path
from typing import TYPE_CHECKING

from cmeneeds.errors import UsageError
from cmeneeds.frames import text_of
from cmeneeds.guideline_cards.model import CARD_COLUMNS, CORRECTABLE, GivenCard, card_id
from cmeneeds.hand_edited import Row, clean, read_hand_edited, write_hand_edited
from cmeneeds.locking import locked

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.retrieval import Records

NEEDED = ("card_id", "by", "date")
_ID = re.compile(r"C-[0-9a-f]{8}")
_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")


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


def _lines(path: Path) -> list[Row]:
    table = read_hand_edited(
        path, tuple(CARD_COLUMNS), NEEDED, "Copy the first line of cards.csv of the run."
    )
    return [Row(n, {k: clean(c) for k, c in cells.items() if k}) for n, cells in table.rows]


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
    if not by.strip():
        raise UsageError("a card is confirmed by somebody", "Give a name.")
    if unknown := sorted(set(cells) - set(CORRECTABLE)):
        raise UsageError(
            f"a card has no cell {', '.join(unknown)} to correct",
            f"Cells: {', '.join(CORRECTABLE)}.",
        )
    path = Path(path)
    row = {n: text_of(card[n]) for n in ("card_id", "document", "wording", "address")}
    row |= {n: clean(v) for n, v in cells.items()}
    row |= {"by": clean(by), "date": (on or day.today()).isoformat()}
    made = _given(row, path.name)
    with locked(path):
        kept = [c for _, c in _lines(path) if c.get("card_id") != made.card_id]
        columns = dict.fromkeys([*CARD_COLUMNS, *(n for c in kept for n in c)])
        write_hand_edited(path, columns, [*kept, row])
    return made
