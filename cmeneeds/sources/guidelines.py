"""Guideline sources through Entrez: Bookshelf and PMC, asked beside PubMed.

    harvest = find_documents(client, library, strategy.topic, brief.synonyms, pmids)

The parts: :mod:`~cmeneeds.sources.bookshelf`, :mod:`~cmeneeds.sources.pmc`,
:mod:`~cmeneeds.sources.links` (elink, retractions), :mod:`~cmeneeds.sources.vocabulary` (MeSH,
spelling).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cmeneeds.documents import Document
from cmeneeds.library.beside import documents_of
from cmeneeds.library.store import Library
from cmeneeds.sources import bookshelf, pmc
from cmeneeds.sources.bookshelf import search_bookshelf
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.harvest import GuidelineHarvest, Limits, Progress
from cmeneeds.sources.pmc import fetch_full_texts

__all__ = [
    "SOURCES",
    "GuidelineHarvest",
    "Limits",
    "find_documents",
    "kept_documents",
]

SOURCES = (bookshelf.NAME, pmc.NAME)
"""Names by which a brief switches them on and off."""


def find_documents(
    client: EntrezClient,
    library: Library,
    topic_query: str,
    words: Sequence[str],
    pmids: Sequence[int],
    limits: Limits | None = None,
    *,
    sources: Sequence[str] = SOURCES,
    today: date | None = None,
    progress: Progress | None = None,
) -> GuidelineHarvest:
    """Find guidelines, evidence reviews and full texts on a topic.

    Every document is kept in the library as it arrives and is not fetched again within
    ``limits.max_age_days`` unless its PubMed record was revised; an interrupted run goes on where
    it stopped.

    Parameters
    ----------
    client : EntrezClient
    library : Library
        The user's own, with the records of ``pmids``; may be read-only, then nothing is kept.
    topic_query : str
        The topic in PubMed's language, with limits of years and language if they are to hold for
        books too.
    words : sequence of str
        Names of the topic, looked for in titles of Bookshelf.
    pmids : sequence of int
        Records that the strategy found, the most relevant first: their full texts are asked for,
        guidelines first.
    limits : Limits, optional
    sources : sequence of str
        Of :data:`SOURCES`.
    today : date, optional
        What age is counted from. Default: today, UTC.
    progress : callable, optional
        Told (source, done, of how many).

    Returns
    -------
    GuidelineHarvest
        Everything that is missing is told by its notes and outages; a source that is down raises
        nothing.
    """
    harvest = GuidelineHarvest()
    if bookshelf.NAME in sources:
        harvest += search_bookshelf(
            client,
            library,
            topic_query,
            words,
            limits,
            known=pmids,
            today=today,
            progress=progress,
        )
    if pmc.NAME in sources:
        articles = library.get_many(dict.fromkeys(pmids))
        harvest += fetch_full_texts(
            client, library, articles, limits, today=today, progress=progress
        )
    return harvest


def kept_documents(
    library: Library, pmids: Sequence[int], sources: Sequence[str] = SOURCES
) -> tuple[Document, ...]:
    """Return the documents of these records that the library has, without asking anybody."""
    articles = {a.pmid: a for a in library.get_many(dict.fromkeys(pmids))}
    found: list[Document] = []
    for kept in documents_of(library, list(articles)):
        if kept.document is None or kept.pmid not in articles or kept.source not in sources:
            continue
        if kept.source == pmc.NAME:
            found.append(pmc.fitted(kept.document, articles[kept.pmid]))
        elif (document := bookshelf.fitted(kept.document)) is not None:
            found.append(document)
    return tuple(found)
