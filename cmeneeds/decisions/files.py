"""The file of decisions: read with care, written in one piece, by one process at a time."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds.decisions.evidence import seen_at, seen_in
from cmeneeds.decisions.model import (
    FIELDS,
    LONGEST,
    NEEDED,
    PASSAGE_KINDS,
    SIDES,
    Decision,
    check,
)
from cmeneeds.errors import UsageError
from cmeneeds.frames import text_of
from cmeneeds.locking import locked

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.works import Works

MOST_BYTES = 20_000_000
"""A larger file holds no decisions of a person."""

_GUARD = re.compile("'+[=+\\-@\t\n＝＋－＠]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class _Line:
    number: int
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
    if not path.exists():
        return _File()
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
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    lines: list[_Line] = []
    try:
        head = [_clean(_unguarded(name)).casefold() for name in next(reader, [])]
        missing = set(NEEDED) - set(head)
        if missing:
            raise UsageError(
                f"{path.name} has no column {', '.join(sorted(missing))}",
                f"Its columns must be {', '.join(FIELDS)}.",
            )
        twice = sorted({name for name in head if name in FIELDS and head.count(name) > 1})
        if twice:
            raise UsageError(f"{path.name} has column {twice[0]} twice", "Remove one of them.")
        lines.extend(
            _line(path, reader.line_num, head, row)
            for row in reader
            if any(cell.strip() for cell in row)
        )
    except csv.Error as error:
        if "field limit" in str(error):
            raise UsageError(
                f"{path.name}, line {reader.line_num}: a cell is too long",
                f"At most {LONGEST:,} characters fit a cell; is a quotation mark missing?",
            ) from None
        raise UsageError(
            f"{path.name}, line {reader.line_num}: no CSV table ({error})", "Save it as CSV UTF-8."
        ) from None
    return _File(tuple(head), separator, tuple(lines))


def _line(path: Path, number: int, head: list[str], row: list[str]) -> _Line:
    where = f"{path.name}, line {number}"
    if any(cell.strip() for cell in row[len(head) :]):
        raise UsageError(
            f"{where}: more cells than columns", "Put quotation marks around a text with commas."
        )
    # Short lines are what some programs write for empty cells at the end.
    cells = dict(zip(head, [*row, *[""] * (len(head) - len(row))], strict=False))
    for name in ("gap_id", "decision", "into", "column"):
        if _CONTROL.search(cells.get(name, "")):
            raise UsageError(f"{where}: {name} holds a control character", "Write it again.")
    for name, cell in cells.items():
        if len(cell) > LONGEST:
            raise UsageError(
                f"{where}: {name[:40]} holds {len(cell):,} characters",
                f"At most {LONGEST:,} fit a cell.",
            )
    decision = Decision(*(_clean(_unguarded(cells.get(name, ""))) for name in FIELDS))
    kind = decision.decision.casefold()
    decision = decision._replace(decision="accept" if kind == "sign" else kind)
    check(decision, where)
    return _Line(number, cells, decision)


def _decoded(path: Path, data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(encoding)
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


def _separator(text: str) -> str:
    """What parts the cells: the mark that most names of the first line stand between."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=lambda mark: len(set(NEEDED) & set(_names(first, mark))))


def _names(line: str, separator: str) -> list[str]:
    return [name.strip().strip('"').casefold() for name in line.split(separator)]


def _unguarded(text: str) -> str:
    """Take away the apostrophe that keeps a spreadsheet from running a cell."""
    return text[1:] if _GUARD.match(text) else text


def _clean(text: str) -> str:
    """A text without what only a terminal would obey."""
    from cmeneeds.report.tables import guarded

    return _unguarded(guarded(text)).strip()


# --- writing ------------------------------------------------------------------------------------


def _write(path: Path, file: _File) -> None:
    from cmeneeds.report.tables import guarded, write_atomically

    columns = (*file.columns, *(name for name in FIELDS if name not in file.columns))
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=file.separator, lineterminator="\n")
    writer.writerow(columns)
    for line in file.lines:
        cells = {name: _unguarded(cell) for name, cell in line.cells.items()}
        cells |= zip(FIELDS, line.decision, strict=True)
        writer.writerow([guarded(cells.get(name, "")) for name in columns])
    # Without the mark at its start Excel takes a file for one of its country's old encoding.
    write_atomically(path, b"\xef\xbb\xbf" + stream.getvalue().encode())


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
        _write(path, _File(lines=tuple(_Line(0, {}, d) for d in made)))


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
    made = Decision(*(_clean(cell) for cell in made))
    check(made)
    path = Path(path)
    with locked(path):
        file = _read(path)
        _write(path, _File(file.columns, file.separator, (*file.lines, _Line(0, {}, made))))
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
