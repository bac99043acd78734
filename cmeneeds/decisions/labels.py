"""What the writer says a sentence is, where the program said otherwise: ``<brief>.labels.csv``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cmeneeds.decisions.beside import Beside
from cmeneeds.errors import UsageError

_ADDRESS = re.compile(r"[A-Za-z0-9_-]+\.(?:t|\d{1,6})\.\d{1,9}-\d{1,9}")
CLASSES = ("GAP", "CAUSE", "REC", "RATE", "BURDEN", "EVGAP", "OTHER")
LEVELS = ("", "K", "C", "P", "O", "S")
ACTORS = ("", "clin", "pat", "sys")


class Corrected(NamedTuple):
    """A class that a person gave to a sentence. All cells are text.

    Attributes
    ----------
    finding_id : str
        Address of the sentence.
    label : str
        One of :data:`CLASSES`.
    by, date : str
    was : str
        What the program had said.
    level, actor : str
        See ``labels/GUIDE.md``; empty leaves what was computed.
    note : str
    seen : str
        First eight hexadecimal digits of the SHA-256 of the sentence: a correction of other words
        is not applied.
    """

    finding_id: str
    label: str
    by: str
    date: str
    was: str = ""
    level: str = ""
    actor: str = ""
    note: str = ""
    seen: str = ""

    @property
    def told(self) -> str:
        """One line for a table."""
        was = f"was {self.was}; " if self.was else ""
        return f"{was}corrected by {self.by}, {self.date}"


def _check(line: Corrected, where: str = "") -> None:
    def refuse(what: str, todo: str) -> None:
        raise UsageError(f"{where}: {what}" if where else what, todo)

    if not _ADDRESS.fullmatch(line.finding_id):
        refuse(
            f"{line.finding_id[:40]!r} is not the address of a sentence",
            "Copy it from findings.csv, such as 33932519.3.466-588.",
        )
    for name, allowed in (("label", CLASSES), ("level", LEVELS), ("actor", ACTORS)):
        if getattr(line, name) not in allowed:
            refuse(
                f"unknown {name} {getattr(line, name)[:40]!r}",
                f"Write {', '.join(filter(None, allowed))}.",
            )
    if not line.by or not line.date:
        refuse("who decided, and when, is missing", "Fill in `by` and `date`.")
    if any(len(cell) > 2000 for cell in line):
        refuse(f"a cell about {line.finding_id} is too long", "At most 2,000 characters fit.")


LABELS = Beside("labels", Corrected._fields, 4, Corrected, _check)
"""The file of corrected labels."""


def seen_text(text: str) -> str:
    """Digest of a sentence, for :attr:`Corrected.seen`."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def corrections(lines: Iterable[Corrected]) -> dict[str, Corrected]:
    """By sentence, the last one that somebody gave."""
    return {line.finding_id: line for line in lines}


def correction_of(corrected: Mapping[str, Corrected], address: str, text: str) -> Corrected | None:
    """The correction of a sentence; None if there is none, or it was about other words."""
    line = corrected.get(address)
    return line if line is not None and line.seen in ("", seen_text(text)) else None
