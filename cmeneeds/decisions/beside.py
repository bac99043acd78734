"""Small tables that stand beside a brief: one line a choice, appended at once, never half-written.

Screening and corrected labels are kept like decisions: a CSV that any spreadsheet can edit, read
with the same care, written by one process at a time. Columns of the writer's own are kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from cmeneeds.decisions.files import (
    MOST_BYTES,
    _clean,
    _decoded,
    _names,
    _unguarded,
)
from cmeneeds.errors import UsageError
from cmeneeds.locking import locked

T = TypeVar("T", bound=tuple[str, ...])
"""A choice: a named tuple of texts."""


class _Line(NamedTuple):
    cells: dict[str, str]
    """As they stand, columns of the user's own included."""
    choice: Any


@dataclass(frozen=True)
class Beside(Generic[T]):
    """A kind of file beside a brief.

    Attributes
    ----------
    suffix : str
        ``stroke.yaml`` has ``stroke.<suffix>.csv``.
    fields : tuple of str
        Columns, in the order of the choice's own fields.
    needed : int
        How many of them a file must have.
    make : callable
        Makes a choice of the texts of the cells.
    check : callable
        Raises UsageError for an incomplete choice; told where it stands.
    """

    suffix: str
    fields: tuple[str, ...]
    needed: int
    make: Callable[..., T]
    check: Callable[[T, str], None]

    def path(self, brief_path: str | Path) -> Path:
        """Where the file of a brief stands."""
        path = Path(brief_path)
        return path.with_name(f"{path.stem}.{self.suffix}.csv")

    def load(self, path: str | Path) -> tuple[T, ...]:
        """Read all lines in their order; a missing file holds none.

        Raises
        ------
        UsageError
            Naming the line that is incomplete.
        """
        return tuple(line.choice for line in self._read(Path(path))[2])

    def add(self, path: str | Path, *choices: T) -> None:
        """Append choices to what the file holds now, whoever else has written meanwhile.

        Raises
        ------
        UsageError
            If one is incomplete, or the file cannot be read or written; nothing is written then.
        """
        path = Path(path)
        clean = [self.make(*(_clean(cell) for cell in choice)) for choice in choices]
        for choice in clean:
            self.check(choice, "")
        with locked(path):
            columns, separator, lines = self._read(path)
            self._write(path, columns, separator, [*lines, *(_Line({}, c) for c in clean)])

    def take_back(self, path: str | Path, by: str = "") -> T | None:
        """Take the last choice out of the file, of one person if named; None if there is none."""
        path = Path(path)
        if not path.exists():
            return None
        with locked(path):
            columns, separator, lines = self._read(path)
            who = self.fields.index("by")
            places = [i for i, line in enumerate(lines) if not by or line.choice[who] == by]
            if not places:
                return None
            last = lines.pop(places[-1])
            self._write(path, columns, separator, lines)
        found: T = last.choice
        return found

    def save(self, path: str | Path, choices: Iterable[T]) -> None:
        """Write a file of these choices, in place of what it held."""
        made = list(choices)
        for choice in made:
            self.check(choice, "")
        path = Path(path)
        with locked(path):
            self._write(path, self.fields, ",", [_Line({}, c) for c in made])

    def _read(self, path: Path) -> tuple[tuple[str, ...], str, list[_Line]]:
        if not path.exists():
            return self.fields, ",", []
        try:
            if path.stat().st_size > MOST_BYTES:
                raise UsageError(
                    f"{path.name} has more than {MOST_BYTES:,} bytes", "Is it the file you mean?"
                )
            text = _decoded(path, path.read_bytes())
        except OSError as error:
            raise UsageError(
                f"{path.name} cannot be read: {error.strerror}", "Its place must be a CSV file."
            ) from None
        first = text.lstrip("\r\n").partition("\n")[0]
        wanted = set(self.fields[: self.needed])
        separator = max(",;\t", key=lambda mark: len(wanted & set(_names(first, mark))))
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            head = [_clean(_unguarded(name)).casefold() for name in next(reader, [])]
            if missing := wanted - set(head):
                raise UsageError(
                    f"{path.name} has no column {', '.join(sorted(missing))}",
                    f"Its columns must be {', '.join(self.fields)}.",
                )
            lines = []
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                where = f"{path.name}, line {reader.line_num}"
                if any(cell.strip() for cell in row[len(head) :]):
                    raise UsageError(
                        f"{where}: more cells than columns",
                        "Put quotation marks around a text with commas.",
                    )
                cells = dict(zip(head, [*row, *[""] * (len(head) - len(row))], strict=False))
                choice = self.make(*(_clean(_unguarded(cells.get(f, ""))) for f in self.fields))
                self.check(choice, where)
                lines.append(_Line(cells, choice))
        except csv.Error as error:
            raise UsageError(
                f"{path.name}, line {reader.line_num}: no CSV table ({error})",
                "Save it as CSV UTF-8.",
            ) from None
        return tuple(head), separator, lines

    def _write(
        self, path: Path, columns: tuple[str, ...], separator: str, lines: list[_Line]
    ) -> None:
        from cmeneeds.report.tables import guarded, write_atomically

        columns = (*columns, *(name for name in self.fields if name not in columns))
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
        writer.writerow(columns)
        for line in lines:
            cells = {name: _unguarded(cell) for name, cell in line.cells.items()}
            cells |= zip(self.fields, line.choice, strict=True)
            writer.writerow([guarded(cells.get(name, "")) for name in columns])
        # Without the mark at its start Excel takes a file for one of its country's old encoding.
        write_atomically(path, b"\xef\xbb\xbf" + stream.getvalue().encode())
