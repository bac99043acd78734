"""Passages of documents: full texts, book sections, recommendations of a service.

Paragraphs, list items, notes and table cells are read alike, each sentence with offsets in its
part. What the record's abstract already says, references to funding and the like, and background
documents are not read: they would count twice, or speak of something else than practice.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

from cmeneeds.documents import Document, Part
from cmeneeds.evidence.passages import sentence_spans
from cmeneeds.records import Markup
from cmeneeds.works import heading_of, touching

_UNREAD_KINDS = frozenset({"title", "heading", "table caption"})
_UNREAD_SECTIONS = frozenset({"statements", "methods", "limitations", "appendix"})
CELL_WORDS = 6
"""A table cell with fewer words is a value or a name, not a statement."""


class DocumentPassage(NamedTuple):
    """A sentence of a document, and what its place says about it."""

    part: Part
    start: int
    """First character, counted in the text of the part."""
    end: int
    """One past the last character."""
    text: str
    heading: str
    markup: tuple[Markup, ...]
    """With offsets in the sentence."""
    quotes: bool
    """Whether it cites other works."""
    lead: Part | None
    """The part that ends in a colon before the list that it is an item of."""
    stated: bool
    """Whether its source itself publishes it as a recommendation."""


def passages_of_document(
    document: Document, *, abstract: bool, also: Container[int] = ()
) -> Iterator[DocumentPassage]:
    """Yield the passages of a document, in reading order.

    Parameters
    ----------
    document : Document
    abstract : bool
        Whether to read its abstract: not where its PubMed record is read too.
    also : container of int
        Numbers of table cells that are read whatever their length and place.
    """
    if document.role in ("background", "learner", "opinion"):
        return  # lines of learner data are counted, opinions quoted: neither is read for findings
    for part in document.parts:
        if part.kind in _UNREAD_KINDS or part.section in _UNREAD_SECTIONS:
            continue
        if part.kind == "abstract paragraph" and not abstract:
            continue
        if (
            part.kind == "table cell"
            and part.number not in also
            and (part.cell is None or part.cell.header or len(part.text.split()) < CELL_WORDS)
        ):
            continue
        stated = document.kind == "recommendation" and part.section == "recommendations"
        if document.kind == "recommendation" and part.kind == "note":
            continue  # grade, population: facts about the recommendation, shown with it
        for start, end in sentence_spans(part.text):
            yield DocumentPassage(
                part,
                start,
                end,
                part.text[start:end],
                heading_of(part),
                touching(part.markup, start, end),
                bool(document.works(part, start, end)),
                document.parts[part.lead] if part.lead >= 0 else None,
                stated,
            )
