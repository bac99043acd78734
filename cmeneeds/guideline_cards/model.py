"""What stands on a guideline card, and what a person may say about it."""

from __future__ import annotations

import hashlib

import msgspec

UNKNOWN = "unknown"
"""Of a cell that the document does not fill."""

CARD_COLUMNS = {
    "card_id": "string",
    "document": "string",  # citation key
    "body": "string",
    "title": "string",
    "version": "string",
    "year": "string",
    "wording": "string",  # verbatim
    "address": "string",
    "page": "Int64",  # one-based, of the original; missing where it has no pages
    "class_or_strength": "string",  # in the body's own system
    "level_or_certainty": "string",
    "system": "string",
    "population": "string",
    "superseded_by": "string",  # empty where no newer version is known
    "status": "string",  # extracted, confirmed, corrected; then what a person must look at again
    "by": "string",
    "date": "string",
    "corrected": "string",  # the cells that the writer gave, parted by "; "
    "flag": "string",
}
"""Columns of the table of cards and their pandas types. A text that nobody states is
``unknown``."""

CORRECTABLE = (
    "body",
    "title",
    "version",
    "year",
    "class_or_strength",
    "level_or_certainty",
    "system",
    "population",
    "superseded_by",
)
"""Cells that the writer may give in other words. The wording is the document's own."""

INTO_GAPS = {
    "class_or_strength": "grade",
    "level_or_certainty": "level",
    "system": "system",
    "body": "body",
}
"""Cells of a card that go into the gap table, and the ends of the columns there (``bp_...``) and
in the findings (``rec_...``), which stay as the sentence says it."""


class GivenCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person said of one card."""

    card_id: str
    by: str
    date: str
    address: str = ""
    """As the card had it."""
    wording: str = ""
    """As the person saw it; empty: not noted, so a change cannot be told."""
    cells: tuple[tuple[str, str], ...] = ()
    """Names of ``CORRECTABLE`` with the text that the person wants; sorted."""


def card_id(address: str) -> str:
    """Name a card by the address of its recommendation.

    Examples
    --------
    >>> card_id("OWN123.4.0-60")
    'C-3a513552'
    """
    return "C-" + hashlib.sha256(address.encode()).hexdigest()[:8]
