"""Confirming each claim of a run beside its passage, by keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cmeneeds.brief import Brief
from cmeneeds.confirming import Confirming, Item
from cmeneeds.decisions import decisions_path
from cmeneeds.decisions.chosen import brief_path
from cmeneeds.workbench.cards import Action, Cards
from cmeneeds.workbench.page import text

if TYPE_CHECKING:
    from cmeneeds.report.run import Run

REASONS = (
    "The passage does not say this",
    "Another population",
    "Another denominator",
    "Quoted from somewhere else",
)
"""Reasons offered; any other can be written."""


def confirm(run: Run | str | Path, brief: Brief | str | Path, by: str) -> Confirmation:
    """Go through what keeps a run from being final: ``y`` it holds, ``x`` it does not.

    ``n`` leaves an item for another time, ``p`` goes back, ``u`` takes the last answer back.
    Answers are in ``<brief>.decisions.csv`` at once; nothing is confirmed that was not shown.

    Parameters
    ----------
    run : Run or path
        A finished run.
    brief : Brief or path
        Its decisions stand beside it.
    by : str
        Your name, as it stands in the file.

    Raises
    ------
    RunBroken
        If the run cannot be read.
    """
    folder = Path(run) if isinstance(run, (str, Path)) else run.folder
    return Confirmation(folder, brief, by)


class Confirmation(Cards):
    """See :func:`confirm`."""

    def __init__(self, folder: Path, brief: Brief | str | Path, by: str) -> None:
        super().__init__(by)
        self.path = decisions_path(brief_path(brief))
        self._view = Confirming(folder, self.path, by)
        self._item: Item | None = self._view.next()

    @property
    def left(self) -> int:
        """Items without an answer."""
        return self._view.remaining

    def card(self) -> str:
        """What names the item shown."""
        item = self._item
        return "|".join((item.kind, item.gap_id, item.address, item.claim)) if item else ""

    def card_html(self) -> str:
        """The claim, its passage, and what must be right."""
        item = self._item
        if item is None:
            return "<p><b>That was the last item.</b></p>"
        asks = "".join(f"<li>{text(name)}: <b>{text(value)}</b></li>" for name, value in item.asks)
        used = "".join(f"<li>{text(place)}</li>" for place in item.used)
        passage = f"<p>“{text(item.passage)}”</p>" if item.passage else ""
        return (
            f"<h4>{text(item.claim)}</h4>{passage}"
            f'<p class="cn-note">{text(item.source)} {text(item.address)}</p>'
            + (f"<p>Is this right?</p><ul>{asks}</ul>" if asks else "")
            + (f"<details><summary>Cited in</summary><ul>{used}</ul></details>" if used else "")
        )

    def actions(self) -> Sequence[Action]:
        """Keys."""
        go = [Action("back", "p", "Previous"), Action("undo", "u", "Undo")]
        if self._item is None:
            return go
        skip = Action("skip", "n", "Not now")
        if self._item.kind == "question":
            answer = {"label": "Answer", "value": "", "options": []}
            return [Action("confirm", "y", "Answer …", answer), skip, *go]
        why = {"label": "Why not?", "value": "", "options": list(REASONS)}
        return [
            Action("confirm", "y", "It holds"),
            Action("reject", "x", "It does not …", why),
            skip,
            *go,
        ]

    def do(self, action: str, value: str) -> None:
        """Do what a key says."""
        if action == "confirm":
            self._view.confirm(value)
        elif action == "reject":
            self._view.reject(value)
        elif action == "skip":
            self._view.skip()
        elif action == "back":
            self._view.back()
        elif action == "undo":
            self._view.undo()
        self._item = self._view.next()

    def status_html(self) -> str:
        """How much is left."""
        return f"{text(self._view)}. Kept in {text(self.path.name)}."

    def __repr__(self) -> str:
        """For a terminal."""
        return f"<confirming by {self.by}: {self._view}>"
