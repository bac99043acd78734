"""Records that the writer names and no query found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from cmeneeds.decisions.model import Decision, addresses, in_force
from cmeneeds.retrieval import Records
from cmeneeds.search_log import SearchEntry

if TYPE_CHECKING:
    from cmeneeds.sources import Source


def bring_in(records: Records, decisions: Iterable[Decision], source: Source) -> Records:
    """Fetch the PubMed records that gaps by hand rest on and the search did not find.

    They count as records like all others, and the search log says who named them. Documents are
    not fetched: a passage of one that the run does not hold is told by its decision.

    Parameters
    ----------
    records : Records
        What the search found.
    decisions : iterable of Decision
    source : Source
        Where the search found it.

    Raises
    ------
    SourceError, LibraryError
    """
    from cmeneeds.sources.beside import ask_standing

    here = records.by_pmid
    firsts = (
        address.partition(".")[0]
        for d in in_force(decisions)
        if d.decision == "add"
        for address in addresses(d.passage)
    )
    wanted = sorted({int(f) for f in firsts if f.isdecimal()} - here.keys(), reverse=True)
    if not wanted:
        return records
    articles = source.fetch(wanted)
    news = ask_standing(source, articles)
    if news.revised:
        articles = source.fetch(wanted)
    lost = sorted(set(wanted) - {a.pmid for a in articles})
    entry = SearchEntry(
        facet="named by the writer",
        question="Which records did the writer name that no query found?",
        source=source.name,
        data_date=source.data_date,
        query=" OR ".join(f"{pmid}[uid]" for pmid in wanted),
        translation="",
        count=len(articles),
        retrieved=len(articles),
        new=len(articles),
        notes=f"not there: PMID {', '.join(map(str, lost))}" if lost else "",
    )
    return replace(
        records,
        articles=tuple(sorted((*records.articles, *articles), key=lambda a: -a.pmid)),
        facets=records.facets | {a.pmid: () for a in articles},
        beside=(*records.beside, entry, *news.log),
        notices=records.notices + news.notices,
        checked=min(records.checked, news.checked),  # empty, where not all were asked about
    )
