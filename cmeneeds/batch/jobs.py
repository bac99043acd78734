"""Which reports a batch is to make: briefs, folders of briefs, or a table with one row a report."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cmeneeds.brief import Brief
from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.report.tables import write_atomically

LARGEST_TABLE: Final = 4 * 1024 * 1024
MOST_JOBS: Final = 2_000
"""More reports in one call are a mistake rather than a wish."""

_LISTED: Final = ("accreditor", "mesh", "synonyms", "languages", "quality_measures", "learner_data")
"""Fields of a brief that a table may fill with several values, parted by ``;``."""


@dataclass(frozen=True)
class Job:
    """One report to make.

    Attributes
    ----------
    name : str
        Folder of its runs, below the outputs: the name of the brief's file.
    brief_path : Path
        The brief, or the file that could not be read.
    brief : Brief or None
    problem : CmeneedsError or None
        Why there is no brief; the job fails, the others go on.
    """

    name: str
    brief_path: Path
    brief: Brief | None = None
    problem: CmeneedsError | None = None


def read_jobs(given: Iterable[str | Path]) -> list[Job]:
    """Read what a batch is called with.

    Parameters
    ----------
    given : iterable of path
        Briefs (``.yaml``), folders of briefs, and tables (``.csv``); see :func:`briefs_of_table`.

    Returns
    -------
    list of Job
        In the order given; a file that is named twice counts once.

    Raises
    ------
    UsageError
        If a file is missing, a table cannot be read, or there is nothing to do.
    """
    paths: dict[Path, None] = {}
    for entry in map(Path, given):
        if entry.is_dir():
            found = sorted(p for p in entry.iterdir() if p.suffix in (".yaml", ".yml"))
            found = [p for p in found if not p.name.endswith((".checks.yaml", ".checks.yml"))]
            if not found:
                raise UsageError(f"{entry} holds no brief", "Name a folder with .yaml files.")
            paths |= dict.fromkeys(found)
        elif entry.suffix == ".csv":
            paths |= dict.fromkeys(briefs_of_table(entry))
        elif entry.is_file():
            paths[entry] = None
        else:
            raise UsageError(
                f"there is no {entry}", "Name briefs, a folder of briefs, or a table (.csv)."
            )
    if not paths:
        raise UsageError("no brief was named", "Name briefs, a folder of briefs, or a table.")
    if len(paths) > MOST_JOBS:
        raise UsageError(f"{len(paths):,} reports at once", f"At most {MOST_JOBS:,} fit a batch.")
    return _named(list(paths))


def _named(paths: list[Path]) -> list[Job]:
    """Load each brief, and give each job a folder of its own."""
    loaded: list[tuple[Path, Brief | None, CmeneedsError | None]] = []
    for path in paths:
        try:
            loaded.append((path, Brief.load(path), None))
        except CmeneedsError as error:
            loaded.append((path, None, error))
    names: Counter[str] = Counter()
    jobs = []
    for path, brief, problem in loaded:
        # Named by the file, not the topic: several briefs may share one, for several audiences,
        # and a report must not move when another brief comes beside it.
        name = _slug(path.stem)
        names[name] += 1
        if names[name] > 1:
            name = f"{name}-{names[name]}"
        jobs.append(Job(name, path, brief, problem))
    return jobs


def _slug(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:60].strip("-") or "report"


# --- tables of parameters -----------------------------------------------------------------------


def briefs_of_table(table: Path) -> list[Path]:
    """Write one brief for each row of a table, into a folder beside it that has the table's name.

    Columns are fields of a brief, dotted where a field has parts (``audience.profession``). Two
    more: ``brief`` names a brief, beside the table, that the row changes; ``name`` names the file.
    Empty cells change nothing. Several values of a list are parted by ``;``.

    Decisions, data and corrections belong beside the written briefs, and stay there: a brief is
    written again only if its row says something else.

    Raises
    ------
    UsageError, BriefError
        If the table cannot be read; the row is named.
    """
    rows = _rows(table)
    folder = table.with_suffix("")
    folder.mkdir(exist_ok=True)
    written = []
    taken: Counter[str] = Counter()
    for number, row in enumerate(rows, 2):
        where = f"{table.name}, row {number}"
        base = row.pop("brief", "")
        name = row.pop("name", "")
        content = _base(table, base, where)
        for column, cell in row.items():
            _put(content, column, cell, where)
        stem = _slug(name or " ".join(row.values()) or Path(base).stem)
        taken[stem] += 1
        if taken[stem] > 1:
            raise UsageError(f"{where}: a second report {stem!r}", "Give it another `name`.")
        text = (
            f"# Made from row {number} of {table.name}; change it there, not here.\n"
            + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        )
        path = folder / f"{stem}.yaml"
        if not path.exists() or path.read_text("utf-8") != text:
            write_atomically(path, text.encode())
        if base:
            _bring_files(Brief.load(table.parent / base), table.parent, folder)
        written.append(path)
    return written


def _bring_files(base: Brief, source: Path, folder: Path) -> None:
    """Copy the data that a base brief names, because a brief's files stand beside it."""
    for name in (*base.learner_files, *(e.file for e in base.own_sources if e.file)):
        here, there = source / name, folder / name
        if here.is_file():
            there.parent.mkdir(parents=True, exist_ok=True)
            if not there.is_file() or there.read_bytes() != here.read_bytes():
                write_atomically(there, here.read_bytes())


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        data = table.read_bytes()
    except OSError as error:
        raise UsageError(f"{table} cannot be read: {error.strerror}", "Name a .csv file.") from None
    if len(data) > LARGEST_TABLE:
        raise UsageError(f"{table.name} is larger than 4 MB", "One row a report is enough.")
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = [
            {k.strip(): (v or "").strip() for k, v in row.items() if k and (v or "").strip()}
            for row in reader
            if None not in row or _too_long(table, reader.line_num)
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{table.name} is no CSV table ({str(error).splitlines()[0]})", "Save it as CSV, UTF-8."
        ) from None
    rows = [row for row in rows if row]
    if not rows:
        raise UsageError(f"{table.name} has no rows", "One row a report, below a row of names.")
    return rows


def _too_long(table: Path, line: int) -> bool:
    raise UsageError(
        f"{table.name}, line {line}: more cells than columns", "Put cells with commas in quotes."
    )


def _base(table: Path, name: str, where: str) -> dict[str, Any]:
    if not name:
        return {}
    path = table.parent / name
    if not path.resolve().is_relative_to(table.parent.resolve()):
        raise UsageError(f"{where}: {name!r} is not beside the table", "Put the brief there.")
    brief = Brief.load(path)  # so that a wrong base is told with its field
    return brief.model_dump(mode="json", exclude_unset=True)


def _put(content: dict[str, Any], column: str, cell: str, where: str) -> None:
    """Set one field of a brief from one cell."""
    if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", column):
        raise UsageError(
            f"{where}: {column[:40]!r} is no field of a brief",
            "Columns are fields such as topic or audience.profession.",
        )
    field, _, part = column.partition(".")
    value: Any = [v.strip() for v in cell.split(";") if v.strip()] if field in _LISTED else cell
    if not part:
        content[field] = value
        return
    whole = content.get(field)
    if field == "audience":
        # A table speaks of one audience a row; the base may list several, which it replaces.
        first = whole[0] if isinstance(whole, list) and whole else {}
        whole = dict(first) if isinstance(first, Mapping) else {}
        content[field] = [whole]
    elif not isinstance(whole, dict):
        content[field] = whole = {}
    whole[part] = value


def chosen(jobs: list[Job], only: Iterable[str]) -> list[Job]:
    """Return the jobs that were asked for by name or brief.

    Raises
    ------
    UsageError
        If one is not there.
    """
    wanted = list(only)
    if not wanted:
        return jobs
    found = []
    for name in wanted:
        these = [j for j in jobs if name in (j.name, j.brief_path.name, j.brief_path.stem)]
        if not these:
            offered = ", ".join(j.name for j in jobs[:20])
            raise UsageError(f"there is no report {name!r} in this batch", f"There are: {offered}.")
        found += [j for j in these if j not in found]
    return found
