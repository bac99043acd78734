"""One line of the search log: what was asked of whom, and what came back."""

from __future__ import annotations

import msgspec


class SearchEntry(msgspec.Struct, frozen=True):
    """A query of PubMed records, or of a source beside them.

    ``count`` is what the source reports, None where it could not be asked or does not say;
    ``retrieved`` how many of these were fetched, ``new`` how many no earlier query had found.
    """

    facet: str
    """Of the strategy, ``topic`` for the topic alone, else the name of the source."""
    question: str
    source: str
    data_date: str
    """ISO date that the source's data speaks for; empty where it could not be asked."""
    query: str
    translation: str
    count: int | None
    retrieved: int
    new: int
    notes: str
