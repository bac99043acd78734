"""The file of decisions: read with care, written in one piece, by one process at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.decisions.evidence import seen_at, seen_in
from cmeneeds.decisions.model import (
    FIELDS,
    NEEDED,
    PASSAGE_KINDS,
    SIDES,
    Decision,
    check,
)
from cmeneeds.errors import UsageError
from cmeneeds.frames import text_of
from cmeneeds.hand_edited import clean, read_hand_edited, write_hand_edited
from cmeneeds.locking import locked

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.works import Works

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class _Line(NamedTuple):
    cells: dict[str, str]
    """As they stand, columns of the user's own included."""
    decision: Decision


@dataclass(frozen=True)
class _File:
    columns: tuple[str, ...] = FIELDS
    separator: str = ","
    lines: tuple[_Line, ...] = ()


def decisions_path(brief_path: str | Path) -> Path:
    """Where the decisions about a brief are kept."""
    path = Path(brief_path)
    return path.with_name(f"{path.stem}.decisions.csv")


def load_decisions(path: str | Path) -> list[Decision]:
    """Read decisions in the order of their lines; a missing file holds none.

    Several may be about the same thing: then the last one counts, see
    :func:`cmeneeds.decisions.in_force`.

    Parameters
    ----------
    path : path
        A CSV file, parted by commas, semicolons or tabs, in UTF-8 or UTF-16. Columns that the
        first version did not have may be missing; columns of your own are kept.

    Raises
    ------
    UsageError
        Naming the line, if the file is not such a table or a decision is incomplete.
    """
    return [line.decision for line in _read(Path(path)).lines]


def _read(path: Path) -> _File:
    table = read_hand_edited(path, FIELDS, NEEDED)
    lines = [_line(f"{path.name}, line {number}", cells) for number, cells in table.rows]
    return _File(table.columns, table.separator, tuple(lines))


def _line(where: str, cells: dict[str, str]) -> _Line:
    for name in ("gap_id", "decision", "into", "column"):
        if _CONTROL.search(cells.get(name, "")):
            raise UsageError(f"{where}: {name} holds a control character", "Write it again.")
    decision = Decision(*(clean(cells.get(name, "")) for name in FIELDS))
    kind = decision.decision.casefold()
    decision = decision._replace(decision="accept" if kind == "sign" else kind)
    check(decision, where)
    return _Line(cells, decision)


# --- writing ------------------------------------------------------------------------------------


def _write(path: Path, file: _File) -> None:
    columns = (*file.columns, *(name for name in FIELDS if name not in file.columns))
    rows = (line.cells | dict(zip(FIELDS, line.decision, strict=True)) for line in file.lines)
    write_hand_edited(path, columns, rows, file.separator)


def save_decisions(path: str | Path, decisions: Iterable[Decision]) -> None:
    """Write a file of these decisions, in place of what it held.

    Raises
    ------
    UsageError
        If one of them is incomplete; nothing is written then.
    """
    path = Path(path)
    made = list(decisions)
    for d in made:
        check(d)
    with locked(path):
        _write(path, _File(lines=tuple(_Line({}, d) for d in made)))


def decide(
    path: str | Path,
    gap: pd.Series | str,
    decision: str,
    by: str,
    reason: str = "",
    on: date | None = None,
    *,
    column: str = "",
    value: str = "",
    into: str = "",
    parts: str | Iterable[str] = "",
    passage: str | Iterable[str] | None = None,
    works: Works | None = None,
) -> Decision:
    """Write down a decision; the lines before it stay, so :func:`undo` can bring them back.

    Parameters
    ----------
    path : path
        The decisions file; made if there is none. Other processes that write wait.
    gap : Series or str
        The row, as the writer sees it now; or its identifier, and then a later change of its
        evidence cannot be told. For ``add`` the identifier of the new gap, such as ``G-own-1``.
    decision : str
        One of :data:`KINDS`; the further arguments are the columns of the file.
    passage : str or iterable of str, optional
        For ``add`` and ``confirm``. Of other decisions it is read off the row.
    works : Works, optional
        To note what a confirmed passage says now and how its source stands.

    Raises
    ------
    UsageError
        If the decision is incomplete, the row has no such cell, or the file cannot be read or
        written. Nothing is written then.
    """
    row: dict[str, Any] = {} if isinstance(gap, str) else {str(k): v for k, v in gap.items()}
    kind = "accept" if decision == "sign" else decision
    given = passage if isinstance(passage, str) else "; ".join(passage or ())
    if passage is None and kind not in ("add", "answer", *PASSAGE_KINDS):
        given = text_of(row.get("cp_passage"))
    if kind in PASSAGE_KINDS:
        seen = seen_at(given.strip(), works) if works is not None and given else ""
    else:
        seen = "" if kind in ("add", "answer") else text_of(row.get("seen")) or seen_in(row)
    made = Decision(
        str(row["gap_id"]) if row else str(gap),
        kind,
        reason,
        by,
        (on or date.today()).isoformat(),
        given,
        column or (SIDES[0] if kind == "add" else ""),
        value,
        into,
        parts if isinstance(parts, str) else "; ".join(parts),
        seen,
    )
    made = Decision(*(clean(cell) for cell in made))
    check(made)
    path = Path(path)
    with locked(path):
        file = _read(path)
        _write(path, _File(file.columns, file.separator, (*file.lines, _Line({}, made))))
    return made


def undo(path: str | Path, by: str = "") -> Decision | None:
    """Take the last decision out of the file.

    Parameters
    ----------
    path : path
    by : str, optional
        Only one of this person.

    Returns
    -------
    Decision or None
        What was taken out; None if there was nothing.
    """
    path = Path(path)
    if not path.exists():
        return None
    with locked(path):
        file = _read(path)
        places = [i for i, line in enumerate(file.lines) if not by or line.decision.by == by]
        if not places:
            return None
        last = places[-1]
        lines = file.lines[:last] + file.lines[last + 1 :]
        _write(path, _File(file.columns, file.separator, lines))
        return file.lines[last].decision
