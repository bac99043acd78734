"""Search only what came in since a day, beside the records that the run before had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from cmeneeds.errors import UsageError
from cmeneeds.library.store import SearchResult
from cmeneeds.retrieval import Records
from cmeneeds.sources import Source
from cmeneeds.sources.pubmed import PubMedSource
from cmeneeds.strategy import Strategy


def since_day(text: str) -> date:
    """Read the day of ``--since``.

    Raises
    ------
    UsageError
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text!r} is no day", "Write it as 2026-03-01.") from None


def limit_to(source: Source, strategy: Strategy, since: date, before: Records) -> None:
    """Let a source answer the queries of a strategy with new records and those of a run before.

    Parameters
    ----------
    source : Source
        Changed in place: what it is decides what is asked beside it, so nothing stands around it.
    strategy : Strategy
    since : date
        By the day on which a record came into PubMed (``[edat]``; at PubMed also ``[crdt]``).
    before : Records
        Of the run before: what each query found then is fetched again, as it is today.
    """
    ask = source.search
    facets = {query.text: query.facet for query in strategy.queries}
    day = f"{since:%Y/%m/%d}:3000"
    online = isinstance(source, PubMedSource)
    limit = f"({day}[edat] OR {day}[crdt])" if online else f"{day}[edat]"

    def search(query: str) -> SearchResult:
        if query not in facets:  # the topic as a whole, which is only counted
            return ask(query)
        found = ask(f"({query}) AND {limit}")
        had = [p for p, of in before.facets.items() if facets[query] in of]
        if isinstance(source, PubMedSource):
            source.note_revised(query, had)
        both = tuple(sorted({*found.pmids, *had}, reverse=True))
        note = (
            f"asked only for what came in since {since.isoformat()}, {found.count:,} records; those"
            " that the run before had from this query were read again"
        )
        return replace(found, count=len(both), pmids=both, notes=(*found.notes, note))

    source.search = search  # type: ignore[method-assign]


def pmids_of(keys: Sequence[str]) -> list[int]:
    """The PMIDs among citation keys."""
    return [int(key[5:]) for key in keys if key.startswith("pmid-")]
