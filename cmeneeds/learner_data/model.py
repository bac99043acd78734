"""What is kept of a provider's file: lines about groups of people, as text and as figures."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import msgspec

from cmeneeds.documents import Document, Part, document_address

MIN_PEOPLE = 5
"""Lines about fewer people are left out: a house rule, so that nobody is recognized."""

ROLE = "learner"
"""Role of the documents made here: cited and verified, never read for findings."""

KINDS = {
    "items": "survey or test",
    "audit": "chart audit",
    "outcomes": "earlier outcomes",
    "respondents": "survey or test, counted from single answers",
}
"""Kinds of files, and how readers are told."""

_PHASES = {"pre": "before the activity", "post": "after the activity", "follow-up": "at follow-up"}


class _Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """Immutable and cheap to write as JSON; defaults are left out."""


class LearnerRow(_Value, frozen=True, kw_only=True):
    """One line about one group of people."""

    number: int
    """Of its part in :attr:`LearnerFile.document`, from 1."""
    measure: str
    """What was asked or counted, in the provider's words."""
    item: str = ""
    type: str = ""
    """A name of :data:`~cmeneeds.learner_data.columns.TYPES`; empty where the file says nothing."""
    level: str = ""
    """K, C, P, O, or empty."""
    perceived: bool | None = None
    """Self-reported (a perceived need) or tested and observed (unperceived); None: not told."""
    phase: str = ""
    """``pre``, ``post``, ``follow-up`` or empty."""
    period: str = ""
    n: int
    """People, or charts."""
    numerator: int | None = None
    """As given; else worked out from the percentage, where it fits one number only."""
    percent: str = ""
    """As given, with a decimal point; empty where only counts are given."""
    agrees: bool | None = None
    """Whether count and percentage fit each other; None where only one of them is given."""
    mean: float | None = None
    sd: float | None = None
    scale: str = ""
    """Of a mean: what it can range over, or its unit."""
    pairs: tuple[int, int, int, int] | None = None
    """Of the same people before and now: right both times, gained, lost, right neither time."""
    r: float | None = None
    """Correlation with the phase before, over the same people."""
    same_people: bool | None = None
    """Whether the phase before is of the same people; None: not told."""
    gap: str = ""
    """Subject or id of a gap that the writer names for this line."""
    text: str
    """The line as it is cited."""
    value_start: int = 0
    value_end: int = 0
    """Where the figure stands in ``text``."""

    @property
    def value(self) -> float | None:
        """Percent; None for means and where count and percentage contradict each other."""
        if self.agrees is False:
            return None
        if self.from_percentage:
            return float(self.percent)
        return None if self.numerator is None else 100 * self.numerator / self.n

    @property
    def from_percentage(self) -> bool:
        """Whether only a percentage was given, so that a count is worked out from it."""
        return bool(self.percent) and self.agrees is None


class LearnerFile(_Value, frozen=True, kw_only=True):
    """A file that was read; nothing about single people is in it."""

    name: str
    sha256: str
    """Of the file as it was given."""
    kind: Literal["items", "audit", "outcomes", "respondents"]
    rows: tuple[LearnerRow, ...]
    suppressed: int = 0
    """Lines left out because they are about fewer than :data:`MIN_PEOPLE`."""
    notes: tuple[str, ...] = ()
    """What was read in a way that the writer should know of."""

    @property
    def id(self) -> str:
        """Such as ``LEARN1…``: the same for the same kept lines, however the file is laid out."""
        kept = "\n".join(row.text for row in self.rows)
        digits = int(hashlib.sha256(kept.encode()).hexdigest()[:15], 16) % 10**11
        return f"LEARN1{digits:011d}"

    @property
    def title(self) -> str:
        """What a reader sees as its title."""
        return f"{KINDS[self.kind].capitalize()} ({self.name}), the provider's own data"

    @property
    def document(self) -> Document:
        """Its lines as a document, so that they are cited and verified like any passage."""
        parts = [Part(0, "title", self.title)]
        parts += [Part(row.number, "paragraph", row.text) for row in self.rows]
        years = [int(y) for row in self.rows for y in re.findall(r"\b(?:19|20)\d\d\b", row.period)]
        return Document(
            id=self.id,
            kind="learner data",
            role=ROLE,
            title=self.title,
            year=max(years, default=None),
            sha256=self.sha256,
            full_text=True,
            parts=tuple(parts),
        )

    def address(self, row: LearnerRow) -> str:
        """Address of a line.

        Examples
        --------
        The 17th line of a file: ``LEARN112345678901.17.0-64``.
        """
        return document_address(self.id, row.number, 0, len(row.text))


def with_text(row: LearnerRow, kind: str) -> LearnerRow:
    """Write the line that is cited, from its figures alone."""
    what = "chart audit" if kind == "audit" else "earlier outcomes" if kind == "outcomes" else ""
    phase = _PHASES.get(row.phase, "")
    if kind == "outcomes":
        phase = phase.replace("the activity", "an earlier activity")
    told = ", ".join(filter(None, (what, row.type, phase, row.period)))
    head = f"{row.measure.rstrip(' .:')}{f' ({told})' if told else ''}: "
    if row.mean is not None:
        figure = f"mean {row.mean:g}"
        rest = f", SD {row.sd:g}" if row.sd is not None else ", SD not given"
        rest += f", {row.scale}" if row.scale else ""
        rest += f", n = {row.n}"
    elif row.numerator is not None and not row.from_percentage:
        figure = f"{row.numerator} of {row.n}"
        rest = f", given as {row.percent} %" if row.percent else ""
    else:
        figure = f"{row.percent} %"
        rest = f" of {row.n}"
    text = f"{head}{figure}{rest}."
    return msgspec.structs.replace(
        row, text=text, value_start=len(head), value_end=len(head) + len(figure)
    )
