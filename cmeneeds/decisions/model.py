"""What a decision is: one line of a table that any spreadsheet can edit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from cmeneeds.errors import UsageError
from cmeneeds.hand_edited import LONGEST


class Decision(NamedTuple):
    """One thing that a person decided. All cells are text; those that do not apply are empty.

    Attributes
    ----------
    gap_id : str
        The row of the gap table that it is about. Of a proposal of the education table, the
        objective's identifier will do as well.
    decision : str
        One of :data:`KINDS`.
    reason : str
    by, date : str
        Who, and when: ``2021-06-08``.
    passage : str
        ``accept``, ``reject``, ``merge``, ``split``, ``edit``: the address of the current-practice
        passage that the writer saw; if the row has another one now, the decision is flagged.
        ``confirm``, ``dispute``: the passage that supports what the report says with it, or does
        not. ``add``: the passages that the gap rests on,
        parted by ``;``.
    column : str
        ``edit``: which cell. ``confirm``: which proposed cell, where no passage is meant.
        ``add``: which side the passages speak for, one of :data:`SIDES`.
    value : str
        ``edit``: the new text. ``add``: the subject of the gap. ``split``: the name of the part.
        ``confirm``: what the passage supports. ``answer``: the answer to the question in
        ``reason``.
    into : str
        ``merge``: the row that stays.
    parts : str
        ``split``: the passages of the part, parted by ``;``, or one of :data:`WAYS`.
    seen : str
        Digests of the evidence as it was, copied from the row; see
        :func:`cmeneeds.decisions.evidence.seen_in`.
    """

    gap_id: str
    decision: str
    reason: str
    by: str
    date: str
    passage: str
    column: str = ""
    value: str = ""
    into: str = ""
    parts: str = ""
    seen: str = ""

    @property
    def slot(self) -> tuple[str, ...]:
        """What it is about. Of several decisions about the same thing the last one counts."""
        if self.decision in ("accept", "reject"):
            return ("status", self.gap_id)
        if self.decision in PASSAGE_KINDS:
            return ("confirm", self.gap_id, self.passage, self.column)
        if self.decision == "answer":
            return ("answer", self.reason)
        own = {"edit": self.column, "split": self.value, "add": self.column}
        return (self.decision, self.gap_id, own.get(self.decision, ""))

    @property
    def said(self) -> tuple[str, ...]:
        """What it says, whoever said it and when."""
        return (self.decision, self.column, self.value, self.into, *addresses(self.parts)) + (
            addresses(self.passage) if self.decision == "add" else ()
        )


FIELDS = Decision._fields
"""Columns of the file."""

NEEDED = FIELDS[:6]
"""Columns that a file must have; those of the first version."""

KINDS = ("accept", "reject", "merge", "split", "edit", "add", "confirm", "dispute", "answer")
"""What can be decided. ``sign`` may be written for ``accept``."""

PASSAGE_KINDS = ("confirm", "dispute")
"""What can be decided about a passage; of both the last one counts."""

SIDES = ("current_practice", "best_practice", "cause")
"""What the passages of a gap made by hand may speak for."""

WAYS = ("by passage", "by source", "by group")
"""How a row may be split without naming parts."""

_GAP_ID = re.compile(r"G-[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_ADDRESS = re.compile(r"[A-Za-z0-9_-]+\.(?:t|\d{1,6})\.\d{1,9}-\d{1,9}")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,59}")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]\d{2}:\d{2}\S*)?|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}"
    r"|\d{1,2}\.?[- ][^\W\d_]{3,12}\.?,?[- ]\d{2,4}|[^\W\d_]{3,12}\.? \d{1,2}, ?\d{4}"
)
"""Spreadsheets rewrite dates in their own form, so many forms pass; none is converted, because
6/8/2021 is two days."""


def addresses(cell: str) -> tuple[str, ...]:
    """The addresses that a cell lists, parted by ``;``, a comma or white space.

    Examples
    --------
    >>> addresses("101.1.0-9; 102.0.3-8")
    ('101.1.0-9', '102.0.3-8')
    """
    return tuple(dict.fromkeys(a for a in re.split(r"[;,\s]+", cell) if a))


def check(d: Decision, where: str = "") -> None:
    """Refuse a decision that is incomplete or cannot be.

    Parameters
    ----------
    d : Decision
    where : str
        File and line, in front of the message.

    Raises
    ------
    UsageError
        One line that says what to fill in.
    """

    def refuse(what: str, todo: str) -> None:
        raise UsageError(f"{where}: {what}" if where else what, todo)

    if d.decision not in KINDS:
        refuse(f"unknown decision {_shown(d.decision)}", f"Write {', '.join(KINDS[:-1])} or "
               f"{KINDS[-1]}.")  # fmt: skip
    for name, cell in zip(FIELDS, d, strict=True):
        if len(cell) > LONGEST:
            refuse(f"{name} holds {len(cell):,} characters", f"At most {LONGEST:,} fit a cell.")
    if not d.by or not d.date:
        refuse("who decided, and when, is missing", "Fill in `by` and `date`.")
    if not _DATE.fullmatch(d.date):
        refuse(f"{_shown(d.date)} is no date", "Write it as 2021-06-08.")
    if not d.gap_id and d.decision not in (*PASSAGE_KINDS, "answer"):
        refuse("which row is meant is missing", "Fill in `gap_id`.")
    if d.decision == "reject" and not d.reason:
        refuse("a rejection without a reason", "Fill in `reason`.")
    problem = _PROBLEMS.get(d.decision, lambda _: None)(d)
    if problem is not None:
        refuse(*problem)


_Problem = tuple[str, str] | None


def _merge(d: Decision) -> _Problem:
    if not d.into:
        return "a merge into no row", "Write the identifier of the row that stays into `into`."
    return ("a row merged into itself", "Name another row in `into`.") if d.into == d.gap_id else (
        None
    )  # fmt: skip


def _split(d: Decision) -> _Problem:
    if d.parts in WAYS:
        return None
    if not d.value:
        return "a part without a name", "Write its name into `value`."
    return _listed("parts", d.parts, f", or write {', '.join(WAYS)}")


def _edit(d: Decision) -> _Problem:
    if not _COLUMN.fullmatch(d.column):
        return "an edit of no column", "Name the column in `column`."
    return None if d.value else ("an edit without text", "Write the new text into `value`.")


def _add(d: Decision) -> _Problem:
    if not _GAP_ID.fullmatch(d.gap_id):
        return (
            f"{_shown(d.gap_id)} cannot name a gap",
            "Make up an identifier of letters and digits, such as G-own-1.",
        )
    if d.column and d.column not in SIDES:
        return f"{_shown(d.column)} is no side of a gap", f"Write {', '.join(SIDES)}."
    if d.column in ("", SIDES[0]) and not d.value:
        return "a gap without a subject", "Write a short name into `value`."
    if not d.passage:
        return (
            "a gap made by hand without a source",
            "Write the address of the passage that states it into `passage`.",
        )
    return _listed("passage", d.passage, "")


def _confirm(d: Decision) -> _Problem:
    if d.passage and d.column:
        return "a passage and a column confirmed at once", "Write two lines."
    if d.column:
        return None if d.gap_id else ("which row is meant is missing", "Fill in `gap_id`.")
    if not d.value:
        return "what the passage supports is missing", "Write it into `value`."
    if len(addresses(d.passage)) > 1:
        return "several passages confirmed at once", "Write one line for each."
    return _listed("passage", d.passage, "")


def _listed(name: str, cell: str, other: str) -> _Problem:
    listed = addresses(cell)
    wrong = next((a for a in listed if not _ADDRESS.fullmatch(a)), None)
    if listed and wrong is None:
        return None
    example = "Copy it from gaps.csv or findings.csv, such as 33932519.3.466-588"
    return f"{name}: {_shown(wrong or '')} is not the address of a passage", f"{example}{other}."


def _answer(d: Decision) -> _Problem:
    if not d.reason:
        return "an answer to no question", "Write the question into `reason`."
    return None if d.value else ("an answer without words", "Write it into `value`.")


def _dispute(d: Decision) -> _Problem:
    if not d.reason:
        return "a dispute without a reason", "Fill in `reason`."
    if d.column or len(addresses(d.passage)) > 1:
        return "a dispute about more than one passage", "Write one line for each passage."
    return _listed("passage", d.passage, "")


_PROBLEMS = {
    "merge": _merge,
    "split": _split,
    "edit": _edit,
    "add": _add,
    "confirm": _confirm,
    "dispute": _dispute,
    "answer": _answer,
}


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Those that count: of several about the same thing, the last one.

    Examples
    --------
    >>> first = Decision("G-1", "accept", "", "A. Writer", "2021-06-08", "")
    >>> in_force([first, first._replace(decision="reject", reason="read again")])[0].decision
    'reject'
    """
    found: dict[tuple[str, ...], Decision] = {}
    for d in decisions:
        found.pop(d.slot, None)  # so that the order is that of the lines that count
        found[d.slot] = d
    return list(found.values())
