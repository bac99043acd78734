"""What the writer decided, shown as the writer's and beside what was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.decisions import IN_EFFECT
from cmeneeds.frames import each_row, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

_SETTLED = ("applied", "superseded")


def writers_words(assessment: Assessment, gap: Any) -> str:
    """How a row came about and which of its words are the writer's, with those computed.

    Parameters
    ----------
    assessment : Assessment
    gap : named tuple
        A row of the gap table.
    """
    lines = []
    if origin := text_of(gap.decision_origin):
        lines.append(f"- This row as the writer wants it: {named(origin)}.")
    for number, d in enumerate(each_row(assessment.decisions)):
        if d.decision != "edit" or d.row != gap.gap_id or d.state not in IN_EFFECT:
            continue
        was = text_of(d.was)
        lines.append(
            f"- {named(_plain(d.column))}: {md.given(md.clean(d.value), given_key(number))} "
            f"({named(d.by)}, {named(d.date)}). "
            + (f"Computed: {named(was)}." if was else "Nothing was computed.")
        )
    return "\nDecided by the writer:\n\n" + "\n".join(lines) + "\n" if lines else ""


def given_key(number: int) -> str:
    """Key under which the report prints what a line of the decisions says; see `given_by`."""
    return f"decision.{number + 1}"


def given_by(decisions: pd.DataFrame) -> dict[str, str]:
    """What the writer said, by the key that the report prints it under."""
    return {
        given_key(number): md.clean(text_of(value))
        for number, value in enumerate(decisions["value"])
    }


def another_look(decisions: pd.DataFrame) -> str:
    """Decisions that could not be applied, or were made about other evidence than there is now."""
    lines = []
    for d in each_row(decisions):
        if d.state in _SETTLED:
            continue
        about = [named(a) for a in (text_of(d.gap_id), _plain(text_of(d.column))) if a]
        why = text_of(d.flag)
        lines.append(
            f"- {named(d.decision)} {', '.join(about)} ({named(d.by)}, {named(d.date)}): {d.state}"
            + (f"; {named(why)}" if why and why != d.state else "")
        )
    if not lines:
        return ""
    return md.internal("Decisions that need another look:\n\n" + "\n".join(lines))


def _plain(column: str) -> str:
    return column.replace("_", " ")
