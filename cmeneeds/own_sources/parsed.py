"""What reading a file gives: blocks of text in reading order, not yet a document."""

from __future__ import annotations

import msgspec

from cmeneeds.documents import Cell
from cmeneeds.records import Markup

MAX_CHARACTERS = 12_000_000
"""Of one document: some 4,000 pages. What holds more is refused."""
MAX_BLOCKS = 300_000


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """A heading, paragraph, list item, table cell, caption or note."""

    kind: str
    """One of :data:`cmeneeds.documents.KINDS`."""
    text: str
    page: int | None = None
    level: int = 0
    """Of headings: 1 is the outermost."""
    label: str = ""
    cell: Cell | None = None
    markup: tuple[Markup, ...] = ()
    turns: tuple[tuple[int, int], ...] = ()
    """Offsets in the text at which a later page begins, each with the number of that page."""


class Parsed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was read."""

    blocks: tuple[Block, ...] = ()
    title: str = ""
    """As the document shows it; empty where it shows none."""
    pages: int = 0
    """Of the original; 0 where it has no pages."""
    unread: tuple[tuple[int, str], ...] = ()
    """Pages whose text could not be read, and why."""
    notes: tuple[str, ...] = ()
    """What was left out, for the writer."""


class Unreadable(Exception):
    """The file cannot be read.

    Parameters
    ----------
    what, todo : str
        One line each, without the name of the file.
    """

    def __init__(self, what: str, todo: str) -> None:
        self.what = what
        self.todo = todo
        super().__init__(what, todo)


def checked(parsed: Parsed) -> Parsed:
    """Return it, or raise Unreadable if it is beyond the limits."""
    if len(parsed.blocks) > MAX_BLOCKS:
        raise Unreadable(
            f"it has more than {MAX_BLOCKS:,} paragraphs and cells", "Add the part that you cite."
        )
    if sum(len(block.text) for block in parsed.blocks) > MAX_CHARACTERS:
        raise Unreadable(
            f"it holds more than {MAX_CHARACTERS:,} characters", "Add the part that you cite."
        )
    return parsed
