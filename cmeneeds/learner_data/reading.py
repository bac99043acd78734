"""Read a provider's files: survey or test items, chart audits, earlier outcomes, single answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec.structs import replace

from cmeneeds.errors import UsageError
from cmeneeds.learner_data.columns import roles_of
from cmeneeds.learner_data.grid import Grid, read_grid
from cmeneeds.learner_data.identifiers import refuse_identifiers
from cmeneeds.learner_data.lines import Table
from cmeneeds.learner_data.model import MIN_PEOPLE, LearnerFile, LearnerRow, with_text
from cmeneeds.learner_data.respondents import count_answers, looks_like_answers

MAX_FILES = 20


def read_learner_data(paths: Iterable[Path]) -> tuple[LearnerFile, ...]:
    """Read files of learner data, all or none.

    Parameters
    ----------
    paths : iterable of Path
        CSV files; see ``docs/your-own-data.md`` for their columns.

    Returns
    -------
    tuple of LearnerFile
        In the order given. Single answers are counted and forgotten.

    Raises
    ------
    UsageError
        If one cannot be read or tells who somebody is: one line with file, row and column, never
        with the content of a cell.
    """
    chosen = list(paths)
    if len(chosen) > MAX_FILES:
        raise UsageError(f"more than {MAX_FILES} files of learner data", "Put some together.")
    files: dict[str, LearnerFile] = {}
    for path in chosen:
        read = read_learner_file(path)
        if read.id in files:
            raise UsageError(
                f"learner data: {read.name} says the same as {files[read.id].name}",
                "Name it once: what is counted twice looks like two sources.",
            )
        files[read.id] = read
    return tuple(files.values())


def read_learner_file(path: Path) -> LearnerFile:
    """Read one file; see :func:`read_learner_data`."""
    grid = read_grid(path, is_header=lambda row: len(roles_of(tuple(row))) >= 2)
    roles = roles_of(grid.header)
    refuse_identifiers(grid, roles)
    if not {"numerator", "value", "mean", "pre", "post"} & roles.keys():
        if looks_like_answers(grid, roles):
            return _file(grid, "respondents", *count_answers(grid, roles))
        _unknown(grid, roles)
    table = Table(grid, roles)
    if {"pre", "post"} <= roles.keys():
        return _file(grid, "outcomes", table.outcomes(), table.notes)
    audit = "measure" in roles and not {"text", "item", "phase"} & roles.keys()
    return _file(grid, "audit" if audit else "items", table.lines(audit=audit), table.notes)


def _file(grid: Grid, kind: str, rows: Sequence[LearnerRow], notes: Sequence[str]) -> LearnerFile:
    kept = [row for row in rows if row.n >= MIN_PEOPLE]
    if not kept:
        raise UsageError(
            f"{grid.name}: no line is about {MIN_PEOPLE} people or more",
            "Smaller groups are not kept, because they can be recognized.",
        )
    numbered = []
    for number, row in enumerate(kept, 1):
        numbered.append(with_text(replace(row, number=number), kind))
    return LearnerFile(
        name=grid.name,
        sha256=grid.sha256,
        kind=kind,  # type: ignore[arg-type]
        rows=tuple(numbered),
        suppressed=len(rows) - len(kept),
        notes=(*grid.notes, *dict.fromkeys(notes)),
    )


def _unknown(grid: Grid, roles: dict[str, int]) -> NoReturn:
    unknown = [repr(name[:40]) for i, name in enumerate(grid.header) if i not in roles.values()]
    shown = ", ".join(unknown[:6]) + (" ..." if len(unknown) > 6 else "")
    raise UsageError(
        f"{grid.name}: no column of figures is known" + (f"; not known: {shown}" if shown else ""),
        "Name them text, type, phase, n_correct (or value) and n; or measure, numerator and "
        "denominator; or measure, pre, post and n.",
    )
