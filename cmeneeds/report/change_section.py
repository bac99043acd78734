"""What has changed since the report before, as a section of the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.frames import each_row, text_of
from cmeneeds.refresh.changes import KINDS
from cmeneeds.report import markdown as md
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

LISTED = 30
"""Lines of one kind that are shown; all stand in ``changes.csv``."""

_COUNTED = ("record new", "record revised", "record gone", "brief")
"""Kinds that are counted and not listed."""


def change_section(assessment: Assessment, letter: str = "") -> str:
    """Write the section; nothing where there was no report before.

    Parameters
    ----------
    assessment : Assessment
    letter : str
        Of the appendix; without one it has no number.

    Returns
    -------
    str
        Markdown, with its heading.
    """
    before = assessment.records.previous
    if before is None:
        return ""
    changes = assessment.changes
    numbered = f"Appendix {letter}. " if letter else "Appendix. "
    text = (
        f"\n# {numbered}Changes since the last version\n\nCompared with the run of "
        f"{md.date(before.searched_at[:10])} (data of {md.date(before.data_date)}). Both were read "
        "by the same version of the program, so that what differs comes from the records, the "
        "brief or the writer's decisions. All changes stand in `changes.csv`.\n"
    )
    if before.since:
        text += (
            f"\nOnly records that came in since {md.date(before.since)} were searched; those of "
            "the last version were read again as they are now.\n"
        )
    if changes.empty:
        return text + "\nNothing has changed.\n"
    summary = ""
    for kind, title in KINDS.items():
        key = f"changes.{kind.replace(' ', '-')}"
        if assessment.counts[key]:
            summary += f"- {title}: {md.count(assessment.counts[key], key)}\n"
    text += f"\n{summary}"
    for kind, title in KINDS.items():
        lines = changes[changes["kind"] == kind]
        if kind not in _COUNTED and not lines.empty:
            text += _table(kind, title, lines)
    return text


def _table(kind: str, title: str, lines: pd.DataFrame) -> str:
    rows = [
        (_about(line), _or_nothing(line.was), _or_nothing(line.now), _name(line.where))
        for line in each_row(lines.head(LISTED))
    ]
    more = " Further ones stand in `changes.csv`." if len(lines) > LISTED else ""
    return md.table(
        rows,
        ("What", "Was", "Is now", "Where the last version relied on it"),
        f"{title}.{more}",
        widths=(34, 20, 20, 26),
    )


def _about(line: Any) -> str:
    said = _name(line.name) or _name(line.item)
    if line.column:
        said += f"{md.BREAK}{_name(text_of(line.column).replace('_', ' '))}"
    elif line.kind in ("standing", "guideline", "not found") and line.name:
        said += f"{md.BREAK}{_name(line.item)}"
    return said


def _or_nothing(cell: Any) -> str:
    return _name(cell) or "nothing"


def _name(cell: Any) -> str:
    """A text of the change log; ``verify`` knows each of them whole."""
    text = text_of(cell)
    return named(text) if text else ""
