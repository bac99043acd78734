"""Deciding on the rows of the gap table by keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds.brief import Brief
from cmeneeds.decisions import Decision, decided, decisions_path, load_decisions, undo
from cmeneeds.decisions import decide as write_down
from cmeneeds.decisions.chosen import brief_path
from cmeneeds.decisions.wording import text_columns
from cmeneeds.education import OBJECTIVE_COLUMNS
from cmeneeds.evidence.findings import find
from cmeneeds.frames import each_row, text_of
from cmeneeds.gaps.table import analyze_gaps
from cmeneeds.workbench.cards import Action, Cards
from cmeneeds.workbench.displays import gap_detail
from cmeneeds.workbench.page import text

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

REASONS = (
    "Not about our learners",
    "The passage does not say this",
    "Education cannot close it",
    "Out of date",
    "Too small to matter here",
)
"""Reasons offered; any other can be written."""


def decide(assessment: Assessment, by: str, brief: Brief | str | Path | None = None) -> Deciding:
    """Decide on the rows of an assessment: ``a`` accept, ``x`` reject with a reason.

    ``m`` merges a row into another, ``s`` gives its subject other words and ``g`` its group, ``u``
    takes the last decision back, ``n`` and ``p`` go on and back. Each decision is in
    ``<brief>.decisions.csv`` at once; the row's place and score change when it is assessed again
    (``deciding.assessment``).

    Parameters
    ----------
    assessment : Assessment
    by : str
        Your name, as it stands in the file.
    brief : Brief or path, optional
        Default: the file that the brief of the assessment was loaded from.
    """
    return Deciding(assessment, by, brief)


class Deciding(Cards):
    """See :func:`decide`.

    Attributes
    ----------
    path : Path
        The file of decisions.
    """

    def __init__(
        self, assessment: Assessment, by: str, brief: Brief | str | Path | None = None
    ) -> None:
        super().__init__(by)
        self.path = decisions_path(brief_path(assessment.brief if brief is None else brief))
        self._of = assessment
        # Reading and pairing take seconds; they are done once, deciding then answers at once.
        brief_, records = assessment.brief, assessment.records
        self._findings = find(records)
        self._computed = analyze_gaps(self._findings, records, brief_)
        self._at = 0
        self._read()

    def _read(self) -> None:
        """Put the decisions of the file to the rows, whoever wrote them."""
        self._lines = load_decisions(self.path)
        brief, records = self._of.brief, self._of.records
        self._gaps = decided(
            self._computed,
            self._lines,
            works=records.works,
            findings=self._findings,
            rebuild=lambda rows: analyze_gaps(self._findings, records, brief, rows),
            proposals=OBJECTIVE_COLUMNS,
        ).gaps
        self._rows: list[Any] = list(each_row(self._gaps))
        self._at = min(self._at, len(self._rows))

    @property
    def assessment(self) -> Assessment:
        """Assessed again with every decision of the file."""
        from cmeneeds.assessment import assess

        return assess(self._of.brief, self._of.records, load_decisions(self.path))

    @property
    def gaps(self) -> pd.DataFrame:
        """The gap table with the decisions."""
        return self._gaps

    def undo(self) -> Decision | None:
        """Take your last decision back."""
        taken = undo(self.path, self.by)
        self._read()
        return taken

    def _row(self) -> Any:
        return self._rows[self._at]

    def _decide(self, kind: str, **how: Any) -> None:
        row = self._gaps.iloc[self._at]
        write_down(self.path, row, kind, self.by, works=self._of.records.works, **how)
        self._read()

    def card(self) -> str:
        """Identifier of the row shown."""
        return str(self._row().gap_id) if self._at < len(self._rows) else ""

    def card_html(self) -> str:
        """The row with both its sides."""
        if self._at >= len(self._rows):
            return "<p><b>That was the last row.</b></p>"
        row = self._row()
        subject = self._words(row, "subject")
        group = self._words(row, "group")
        said = text_of(row.decision)
        state = f"<b>{text({'accept': 'accepted', 'reject': 'rejected'}.get(said, 'open'))}</b>"
        return (
            f"<h4>{text(row.rank)}. {text(subject)}: {text(group)}</h4>"
            f"<p>{text(row.status)} · type {text(text_of(row.gap_type) or 'unknown')} · {state}</p>"
            f"{gap_detail(row)}"
        )

    def _words(self, row: Any, column: str) -> str:
        """A cell in the writer's words."""
        for d in reversed(self._lines):
            if (d.gap_id, d.decision, d.column) == (str(row.gap_id), "edit", column):
                return d.value
        return text_of(getattr(row, column))

    def actions(self) -> Sequence[Action]:
        """Keys."""
        go = [Action("back", "p", "Previous"), Action("undo", "u", "Undo")]
        if self._at >= len(self._rows):
            return go
        row = self._row()
        others = [
            {"label": f"{r.rank}. {self._words(r, 'subject')}: {r.group}", "value": str(r.gap_id)}
            for r in self._rows
            if str(r.gap_id) != str(row.gap_id)
        ]
        reasons = {"label": "Why?", "value": "", "options": list(REASONS)}
        into = {"label": "Into which row? Number, or identifier", "value": "", "options": others}
        editable = text_columns(self._gaps)
        edits = [
            Action(
                f"edit {column}",
                key,
                f"Edit {name} …",
                {"label": f"New {name}", "value": self._words(row, column), "options": []},
            )
            for key, column, name in (("s", "subject", "subject"), ("g", "group", "group"))
            if column in editable
        ]
        return [
            Action("accept", "a", "Accept"),
            Action("reject", "x", "Reject …", reasons),
            Action("merge", "m", "Merge …", into),
            *edits,
            Action("next", "n", "Next"),
            *go,
        ]

    def do(self, action: str, value: str) -> None:
        """Do what a key says."""
        if action == "undo":
            taken = self.undo()
            here = [i for i, r in enumerate(self._rows) if taken and str(r.gap_id) == taken.gap_id]
            self._at = here[0] if here else self._at
        elif action == "back":
            self._at = max(0, self._at - 1)
        elif action == "next":
            self._at += 1
        elif action == "accept":
            self._decide("accept")
            self._at += 1
        elif action == "reject":
            self._decide("reject", reason=value)
            self._at += 1
        elif action == "merge":
            self._decide("merge", into=value)
        elif action.startswith("edit "):
            self._decide("edit", column=action.removeprefix("edit "), value=value)

    def status_html(self) -> str:
        """How far."""
        said = [text_of(r.decision) for r in self._rows]
        return (
            f"{len(self._rows):,} rows: {said.count('accept'):,} accepted, "
            f"{said.count('reject'):,} rejected, {said.count(''):,} open. Kept in "
            f"{text(self.path.name)}."
        )

    def __repr__(self) -> str:
        """For a terminal."""
        return f"<deciding on {len(self._rows)} rows by {self.by}>"
