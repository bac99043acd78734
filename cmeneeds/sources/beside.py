"""What is asked beside PubMed records: full texts, Bookshelf, web sources.

One that is down is stated in the search log, and so in the report; it stops the run only if the
brief says that it is required.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cmeneeds.brief import ENTREZ_SOURCES, Brief
from cmeneeds.documents import Document
from cmeneeds.errors import SourceUnavailable
from cmeneeds.search_log import SearchEntry
from cmeneeds.sources.registry import Outage, discover, gather
from cmeneeds.sources.web import WebClient

if TYPE_CHECKING:
    from cmeneeds.records import Article
    from cmeneeds.sources import Source

Progress = Callable[[str, int, int], None]

_ASKS = {
    "guideline": "What should be done?",
    "background": "What is under way, as background?",
}


def topic_words(brief: Brief) -> tuple[str, ...]:
    """Names of the topic as plain words, for sources without PubMed's query language."""
    names = (brief.topic, *brief.mesh, *(s.rstrip("*") for s in brief.synonyms))
    # MeSH writes "Diabetes Mellitus, Type 2".
    return tuple(dict.fromkeys(name.replace(",", "") for name in names))


def gather_beside(
    brief: Brief,
    source: Source,
    articles: Sequence[Article],
    progress: Progress | None = None,
) -> tuple[tuple[Document, ...], tuple[SearchEntry, ...]]:
    """Ask what the brief wants asked beside the records.

    Parameters
    ----------
    brief : Brief
        ``also_search`` says what; see :meth:`Brief.beside`.
    source : Source
        Where the records come from.
    articles : sequence of Article
        The records.
    progress : callable, optional
        Told (name, position, number of sources) before each.

    Returns
    -------
    documents : tuple of Document
        Each id once, by id.
    log : tuple of SearchEntry
        One a source, in the order asked.

    Raises
    ------
    SourceUnavailable
        If one that the brief requires could not be asked.
    UsageError
        If the brief names one that does not exist.
    """
    wanted = brief.beside(source.kind)
    documents: dict[str, Document] = {}
    log: list[SearchEntry] = []
    web = [name for name in wanted if name not in ENTREZ_SOURCES]
    client = WebClient() if web else None
    words = topic_words(brief)
    for position, name in enumerate(wanted, 1):
        if progress:
            progress(name, position, len(wanted))
        if name in ENTREZ_SOURCES or client is None:
            continue
        found, outages = gather([name], words, client)
        for outage in outages:
            if wanted[name] == "required":
                raise SourceUnavailable(
                    f"{name}, which the brief requires, could not be asked: {outage.reason}",
                    f"Set `{name}: on` under also_search to go on without it.",
                )
            log.append(_not_asked(outage, words))
        for got in found.values():
            documents |= {d.id: d for d in got}
            log.append(_asked(name, words, got, client))
    return tuple(documents[id] for id in sorted(documents)), tuple(log)


def _asked(
    name: str, words: Sequence[str], found: Sequence[Document], client: WebClient
) -> SearchEntry:
    known, _ = discover()
    notes = {v.note for v in client.visits if v.note}
    client.visits.clear()
    dates = sorted(d.accessed[:10] for d in found if d.accessed)
    return SearchEntry(
        facet=name,
        question=_ASKS[known[name].kind],
        source=known[name].title,
        data_date=dates[0] if dates else "",
        query="; ".join(words),
        translation="",
        count=len(found),
        retrieved=len(found),
        new=len(found),
        notes="; ".join(sorted(notes)),
    )


def _not_asked(outage: Outage, words: Sequence[str]) -> SearchEntry:
    known, _ = discover()
    source = known.get(outage.source)
    return SearchEntry(
        facet=outage.source,
        question=_ASKS[source.kind] if source else "",
        source=source.title if source else outage.source,
        data_date="",
        query="; ".join(words),
        translation="",
        count=None,
        retrieved=0,
        new=0,
        notes=f"not asked: {outage.reason}",
    )
