"""Guideline cards: what a guideline recommends, how strongly, for whom, and whether it still holds.

extracting    cards from documents and records that are guidelines; unknown stays "unknown"
files         what the writer confirms or corrects, in ``<brief>.cards.csv``
superseding   which guideline has a newer version
applying      the writer's words on the cards, and into the gap table
"""

from __future__ import annotations

from cmeneeds.guideline_cards.applying import BestPractice, guideline_cards
from cmeneeds.guideline_cards.files import (
    cards_path,
    confirm_card,
    load_cards,
    with_given_cards,
)
from cmeneeds.guideline_cards.model import CARD_COLUMNS, CORRECTABLE, GivenCard, card_id
from cmeneeds.guideline_cards.superseding import Newer, superseded

__all__ = [
    "CARD_COLUMNS",
    "CORRECTABLE",
    "BestPractice",
    "GivenCard",
    "Newer",
    "card_id",
    "cards_path",
    "confirm_card",
    "guideline_cards",
    "load_cards",
    "superseded",
    "with_given_cards",
]
