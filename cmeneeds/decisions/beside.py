"""Small tables that stand beside a brief: one line a choice, appended at once, never half-written.

Screening and corrected labels are kept like decisions: a CSV that any spreadsheet can edit, read
with the same care, written by one process at a time. Columns of the writer's own are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from cmeneeds.hand_edited import clean, read_hand_edited, write_hand_edited
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
        made = [self.make(*(clean(cell) for cell in choice)) for choice in choices]
        for choice in made:
            self.check(choice, "")
        with locked(path):
            columns, separator, lines = self._read(path)
            self._write(path, columns, separator, [*lines, *(_Line({}, c) for c in made)])

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
        table = read_hand_edited(path, self.fields, self.fields[: self.needed])
        lines = []
        for number, cells in table.rows:
            choice = self.make(*(clean(cells.get(f, "")) for f in self.fields))
            self.check(choice, f"{path.name}, line {number}")
            lines.append(_Line(cells, choice))
        return table.columns, table.separator, lines

    def _write(
        self, path: Path, columns: tuple[str, ...], separator: str, lines: list[_Line]
    ) -> None:
        columns = (*columns, *(name for name in self.fields if name not in columns))
        rows = (ln.cells | dict(zip(self.fields, ln.choice, strict=True)) for ln in lines)
        write_hand_edited(path, columns, rows, separator)
