"""What is asked beside PubMed records: standing, MeSH, Bookshelf, full texts, web sources.

One that is down is stated in the search log, and so in the report; it stops the run only if the
brief says that it is required.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmeneeds.brief import ENTREZ_SOURCES, Brief
from cmeneeds.documents import Document
from cmeneeds.errors import SourceError, SourceUnavailable
from cmeneeds.search_log import SearchEntry
from cmeneeds.sources import LibrarySource
from cmeneeds.sources.guidelines import find_documents, kept_documents
from cmeneeds.sources.links import recheck_standing
from cmeneeds.sources.pubmed import PubMedSource
from cmeneeds.sources.registry import Outage, discover, gather
from cmeneeds.sources.vocabulary import mesh_for_topic, suggest_spelling
from cmeneeds.sources.web import WebClient
from cmeneeds.standing import Notices, checked_on

if TYPE_CHECKING:
    from cmeneeds.records import Article
    from cmeneeds.sources import Source
    from cmeneeds.strategy import Strategy

Progress = Callable[[str, int, int], None]

_ASKS = {
    "guideline": "What should be done?",
    "background": "What is under way, as background?",
}


@dataclass(frozen=True)
class News:
    """What others say of the standing of some records.

    Attributes
    ----------
    notices : Notices
        Of these records only.
    checked : str
        Day (ISO 8601) on which PubMed was last asked about all of them; empty if never.
    revised : bool
        Whether records in the library are newer now than those at hand.
    log : tuple of SearchEntry
    """

    notices: Notices
    checked: str = ""
    revised: bool = False
    log: tuple[SearchEntry, ...] = ()


def ask_standing(source: Source, articles: Sequence[Article]) -> News:
    """Find out what is said of records: by PubMed where that is the source, and by the library."""
    pmids = [a.pmid for a in articles]
    library = getattr(source, "library", None)
    if library is None or not pmids:
        return News(Notices())
    log: tuple[SearchEntry, ...] = ()
    revised = False
    if isinstance(source, PubMedSource):
        check = recheck_standing(source.client, library, pmids)
        revised = bool(check.revised)
        log = (
            SearchEntry(
                facet="standing",
                question="Which of the records have been retracted, corrected or updated?",
                source=source.name,
                data_date=source.data_date,
                query="notices of retraction, concern, correction and update",
                translation="",
                # Asked not long ago: what was found then stands in the records.
                count=None if check.outages else len(check.flagged),
                retrieved=len(check.revised),
                new=0,
                notes="; ".join(check.notes),
            ),
        )
    days = checked_on(library, pmids)
    return News(
        Notices.of_library(library).about(articles),
        # The oldest answer: it holds for all of them.
        min(days.values()) if len(days) == len(set(pmids)) else "",
        revised,
        log,
    )


def topic_words(brief: Brief) -> tuple[str, ...]:
    """Names of the topic as plain words, for sources without PubMed's query language."""
    names = (brief.topic, *brief.mesh, *(s.rstrip("*") for s in brief.synonyms))
    # MeSH writes "Diabetes Mellitus, Type 2".
    return tuple(dict.fromkeys(name.replace(",", "") for name in names))


def gather_beside(
    strategy: Strategy,
    source: Source,
    articles: Sequence[Article],
    progress: Progress | None = None,
) -> tuple[tuple[Document, ...], tuple[SearchEntry, ...]]:
    """Ask what the brief wants asked beside the records.

    Parameters
    ----------
    strategy : Strategy
        ``also_search`` of its brief says what; see :meth:`Brief.beside`.
    source : Source
        Where the records come from. With a library, full texts and book sections are those that it
        kept; only with PubMed are they asked for.
    articles : sequence of Article
        The records.
    progress : callable, optional
        Told (name, position, number of sources) before each.

    Returns
    -------
    documents : tuple of Document
        Each id once, by id.
    log : tuple of SearchEntry
        One or more a source, in the order asked.

    Raises
    ------
    SourceUnavailable
        If one that the brief requires could not be asked.
    UsageError
        If the brief names one that does not exist.
    """
    brief = strategy.brief
    wanted = brief.beside(source.kind)
    documents: dict[str, Document] = {}
    log: list[SearchEntry] = []
    client: WebClient | None = None
    words = topic_words(brief)
    for position, name in enumerate(wanted, 1):
        if progress:
            progress(name, position, len(wanted))
        if name in ENTREZ_SOURCES:
            found, outages, lines = _through_entrez(name, strategy, source, articles)
        else:
            client = client or WebClient()
            answers, outages = gather([name], words, client)
            found = tuple(d for got in answers.values() for d in got)
            lines = [_not_asked(outage, words) for outage in outages]
            lines += [_asked(name, words, got, client) for got in answers.values()]
        if outages and wanted[name] == "required":
            raise SourceUnavailable(
                f"{name}, which the brief requires, could not be asked: {outages[0].reason}",
                f"Set `{name}: on` under also_search to go on without it.",
            )
        documents |= {d.id: d for d in found}
        log += lines
    return tuple(documents[id] for id in sorted(documents)), tuple(log)


def _through_entrez(
    name: str, strategy: Strategy, source: Source, articles: Sequence[Article]
) -> tuple[tuple[Document, ...], Sequence[Outage], list[SearchEntry]]:
    """Bookshelf and PMC: asked for with PubMed, else as the library has kept them."""
    pmids = [a.pmid for a in articles]
    if isinstance(source, PubMedSource):
        query = " AND ".join((strategy.topic, *strategy.limits))
        words = topic_words(strategy.brief)
        harvest = find_documents(
            source.client, source.library, query, words, pmids, sources=(name,)
        )
        return harvest.documents, harvest.outages, list(harvest.log)
    if not isinstance(source, LibrarySource):
        return (), (Outage(name, f"{source.name} has no such texts"),), []
    kept = kept_documents(source.library, pmids, (name,))
    line = SearchEntry(
        facet=name,
        question="Which texts of these records has the library kept?",
        source=source.name,
        data_date=source.data_date,
        query="",
        translation="",
        count=len(kept),
        retrieved=len(kept),
        new=0,
        notes="",
    )
    return kept, (), [line]


def learn_headings(brief: Brief, source: Source) -> tuple[SearchEntry, ...]:
    """Look the brief's headings up in MeSH, where PubMed is the source, and keep their tree.

    Afterwards the library explodes them offline. A heading that MeSH does not have is told: PubMed
    would search it as plain words, or find nothing.
    """
    if not isinstance(source, PubMedSource) or not brief.mesh:
        return ()
    told = mesh_for_topic(source.client, source.library, brief.mesh)
    notes = list(told.notes)
    if told.unmatched:
        near = "; ".join(d.name for d in told.near[:5])
        hint = f" (MeSH has: {near})" if near else ""
        notes.append(f"MeSH has no heading named {', '.join(told.unmatched)}{hint}")
    return (
        SearchEntry(
            facet="mesh",
            question="Which headings does MeSH have for the topic?",
            source="MeSH" if source.client.base_url is None else f"MeSH of {source.name}",
            data_date="" if told.outages else source.data_date,
            query="; ".join(brief.mesh),
            translation="; ".join(told.headings),
            count=None if told.outages else len(told.matched),
            retrieved=len(told.matched) + told.below,
            new=0,
            notes="; ".join(notes),
        ),
    )


def spelling(brief: Brief, source: Source) -> str:
    """Say how PubMed would spell the topic; empty where it has nothing better, or is not asked."""
    if not isinstance(source, PubMedSource):
        return ""
    try:
        found = suggest_spelling(source.client, topic_words(brief))
    except SourceError:
        return ""
    return "; ".join(f"{better!r} instead of {word!r}" for word, better in found.items())


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
