"""Correcting what the program says a sentence is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cmeneeds.brief import Brief
from cmeneeds.decisions.chosen import brief_path
from cmeneeds.decisions.labels import LABELS, Corrected, corrections, seen_text
from cmeneeds.errors import UsageError
from cmeneeds.frames import each_row, text_of
from cmeneeds.workbench.abstracts import MEANINGS
from cmeneeds.workbench.cards import Action, Cards
from cmeneeds.workbench.page import link, text

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.retrieval import Records

_KEYS = {
    "g": "GAP",
    "a": "RATE",
    "r": "REC",
    "c": "CAUSE",
    "b": "BURDEN",
    "v": "EVGAP",
    "o": "OTHER",
}
_LEVELS = ("K knowledge", "C competence", "P performance", "O patient outcome", "S system")


def label(findings: pd.DataFrame, brief: Brief | str | Path, by: str) -> Labelling:
    """Look through findings by keyboard and correct their class.

    ``y`` says that the class is right, ``n`` and ``p`` go on and back, a letter gives another
    class, ``l`` a level, ``u`` takes the last correction back. Corrections are kept in
    ``<brief>.labels.csv`` at once; :func:`cmeneeds.with_choices` puts them to the records, and
    every report does.

    Parameters
    ----------
    findings : DataFrame
        As :func:`cmeneeds.find` gives it; the least sure are shown first.
    brief : Brief or path
    by : str
        Your name, as it stands in the file.
    """
    return Labelling(findings, brief, by)


class Labelling(Cards):
    """See :func:`label`."""

    def __init__(self, findings: pd.DataFrame, brief: Brief | str | Path, by: str) -> None:
        super().__init__(by)
        if "finding_id" not in findings.columns:
            raise UsageError("this is no table of findings", "Give what `cn.find` returns.")
        self.path = LABELS.path(brief_path(brief))
        self._rows = list(
            each_row(findings.sort_values(["probability", "finding_id"], ignore_index=True))
        )
        self._by_id = {str(row.finding_id): row for row in self._rows}
        self._at = 0
        self._read()

    def _read(self) -> None:
        self._lines = LABELS.load(self.path)
        self._now = corrections(self._lines)

    @property
    def lines(self) -> tuple[Corrected, ...]:
        """Every line of the file."""
        return self._lines

    def applied_to(self, records: Records) -> Records:
        """The records with the corrections."""
        return replace(records, labels=LABELS.load(self.path))

    def give(self, finding_id: str, label: str, level: str = "", note: str = "") -> Corrected:
        """Write down the class of a sentence."""
        row = self._by_id.get(finding_id)
        if row is None:
            raise UsageError(f"{finding_id[:60]!r} is not among these findings")
        before = self._now.get(finding_id)
        line = Corrected(
            finding_id,
            label,
            self.by,
            date.today().isoformat(),
            before.was if before else text_of(row.label),
            level,
            "",
            note,
            seen_text(str(row.text)),
        )
        LABELS.add(self.path, line)
        self._read()
        return line

    def undo(self) -> Corrected | None:
        """Take your last correction back."""
        taken = LABELS.take_back(self.path, self.by)
        self._read()
        return taken

    def card(self) -> str:
        """Address of the sentence shown."""
        return str(self._rows[self._at].finding_id) if self._at < len(self._rows) else ""

    def card_html(self) -> str:
        """The sentence, its class and where it stands."""
        if self._at >= len(self._rows):
            return "<p><b>That was the last finding.</b></p>"
        row = self._rows[self._at]
        line = self._now.get(str(row.finding_id))
        now = line.label if line else text_of(row.label)
        level = (line.level if line else "") or text_of(row.level)
        whose = f"{line.told}" if line else f"by the program, {float(row.probability):.0%} sure"
        pmid = text_of(row.pmid)
        source = (
            link(f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/", f"PMID {pmid}")
            if pmid
            else text(row.source)
        )
        meaning = MEANINGS.get(now, "says nothing about practice")
        shown = " ".join(filter(None, (now, level)))
        return (
            f"<p>“{text(row.text)}”</p>"
            f'<p><mark class="cn-{text(now)}"><b>{text(shown)}</b></mark> {text(meaning)} '
            f'<span class="cn-note">({text(whose)})</span></p>'
            f'<p class="cn-note">{text(row.section_label)} · {source} · {text(row.finding_id)}</p>'
        )

    def actions(self) -> Sequence[Action]:
        """Keys."""
        go = [Action("back", "p", "Previous"), Action("undo", "u", "Undo")]
        if self._at >= len(self._rows):
            return go
        levels = [{"label": words, "value": words[0]} for words in _LEVELS]
        classes = [Action(name, key, name) for key, name in _KEYS.items()]
        ask = {"label": "Which level? K, C, P, O or S", "value": "", "options": levels}
        return [
            Action("right", "y", "Right"),
            *classes,
            Action("level", "l", "Level …", ask),
            Action("next", "n", "Next"),
            *go,
        ]

    def do(self, action: str, value: str) -> None:
        """Do what a key says."""
        at = self.card()
        if action == "back":
            self._at = max(0, self._at - 1)
        elif action == "next":
            self._at += 1
        elif action == "undo":
            taken = self.undo()
            if taken is not None and taken.finding_id in self._by_id:
                self._at = list(self._by_id).index(taken.finding_id)
        else:
            before = self._now.get(at)
            now = before.label if before else text_of(self._by_id[at].label)
            if action == "level":
                self.give(at, now, value.upper())
                return
            self.give(at, now if action == "right" else action)
            self._at += 1

    def status_html(self) -> str:
        """How far."""
        changed = sum(1 for w in self._now.values() if w.was and w.was != w.label)
        return (
            f"{min(self._at + 1, len(self._rows)):,} of {len(self._rows):,}, the least sure first. "
            f"{len(self._now):,} judged, {changed:,} changed; kept in {text(self.path.name)}."
        )

    def __repr__(self) -> str:
        """For a terminal."""
        return f"<labelling of {len(self._rows)} findings by {self.by}: {len(self._now)} judged>"
