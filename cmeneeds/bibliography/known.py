"""Which known works a search strategy finds, and why not the others.

The check that search filters and reviews are tested with: works that must be found ("known items")
are asked for with each query, and those that are missed with each block of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cmeneeds.bibliography.importing import Imported
from cmeneeds.bibliography.matching import Match, RecordIndex, match
from cmeneeds.bibliography.model import Bibliography, Entry
from cmeneeds.errors import UsageError
from cmeneeds.records import Article
from cmeneeds.sources import Source
from cmeneeds.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd

PMIDS_A_QUERY = 200
COLUMNS = (
    "pmid", "title", "year", "found", "queries", "why", "in_source", "topic", "population",
    "years", "language", "kept", "headings",
)  # fmt: skip

Item = int | Entry | Match


def known_items(
    strategy: Strategy, source: Source, pmids: Iterable[Item] | Bibliography | Imported
) -> pd.DataFrame:
    """Ask which of these works a strategy finds in a source, and what keeps the others out.

    Parameters
    ----------
    strategy : Strategy
    source : Source
        Where it searches; see :func:`cmeneeds.sources.open_source`.
    pmids : iterable of int, Entry or Match, or what an import gave
        PMIDs, or entries of a bibliography; entries are matched with the source's library first.

    Returns
    -------
    pandas.DataFrame
        One row a work. ``found``; ``queries``: the facets whose query lists it; ``why`` not;
        then whether the record is in the source and passes each block (``kept``: not excluded);
        ``headings``: its main MeSH headings, from which a missing term may be seen.

    Raises
    ------
    QueryError, SourceError
    """
    import pandas as pd

    resolved = _resolve(pmids, source)
    wanted = list(dict.fromkeys(p for p, _ in resolved if p is not None))
    articles = _fetch(source, wanted)
    here = list(articles)
    passed = {name: _asked(source, block, here) for name, block in _blocks(strategy).items()}
    facets = {f.name: _asked(source, strategy.query_for(f.block), here) for f in strategy.facets}
    rows = []
    seen: set[int] = set()
    for pmid, item in resolved:
        if pmid is None:
            assert not isinstance(item, int)
            rows.append(_unknown(item))
        elif pmid not in seen:
            seen.add(pmid)
            in_blocks = {name: pmid in found for name, found in passed.items()}
            queries = [name for name, found in facets.items() if pmid in found]
            rows.append(_row(pmid, articles.get(pmid), in_blocks, queries, strategy))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("pmid", "year"):
        frame[name] = frame[name].astype("Int64")
    frame["found"] = frame["found"].astype(bool)
    for name in COLUMNS[6:12]:
        frame[name] = frame[name].astype("boolean")
    return frame


def summary(table: pd.DataFrame) -> list[str]:
    """Say in lines what :func:`known_items` found."""
    found = int(table["found"].sum())
    lines = [f"the strategy finds {found:,} of {len(table):,} known works"]
    missed = table[~table["found"]]
    reasons = missed["why"].map(lambda w: str(w).split(" (", 1)[0]).value_counts(sort=True)
    lines += [f"{count:>7,}  {why}" for why, count in reasons.items()]
    return lines


def _resolve(
    given: Iterable[Item] | Bibliography | Imported, source: Source
) -> list[tuple[int | None, Item]]:
    if isinstance(given, Imported):
        given = given.matches
    elif isinstance(given, Bibliography):
        given = given.entries
    items = list(given)
    entries = [i for i in items if isinstance(i, Entry)]
    matched: dict[int, Match] = {}
    if entries:
        library = getattr(source, "library", None)
        if library is None:
            raise UsageError(
                f"{source.name} has no library to match entries with", "Give PMIDs instead."
            )
        matched = {id(m.entry): m for m in match(entries, RecordIndex(library))}
    found: list[tuple[int | None, Item]] = []
    for item in items:
        if isinstance(item, Entry):
            item = matched[id(item)]
            # The library need not hold what PubMed has under this number.
            if item.status == "unmatched" and item.entry.pmid:
                found.append((item.entry.pmid, item))
                continue
        found.append((item.pmid, item) if isinstance(item, Match) else (int(item), item))
    return found


def _fetch(source: Source, pmids: Sequence[int]) -> dict[int, Article]:
    return {a.pmid: a for a in source.fetch(pmids)}


def _blocks(strategy: Strategy) -> Mapping[str, str]:
    limits = {"years" if t.endswith("[dp]") else "language": t for t in strategy.limits if t}
    blocks = {"topic": strategy.topic, "population": strategy.population, **limits}
    blocks["kept"] = f"NOT {strategy.exclusions}" if strategy.exclusions else ""
    return {name: block for name, block in blocks.items() if block}


def _asked(source: Source, block: str, pmids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(pmids), PMIDS_A_QUERY):
        part = " OR ".join(f"{p}[uid]" for p in pmids[start : start + PMIDS_A_QUERY])
        # PubMed reads from left to right: NOT stands behind, everything else in parentheses.
        query = f"({part}) {block}" if block.startswith("NOT ") else f"({part}) AND ({block})"
        found |= set(source.search(query).pmids)
    return found


def _row(
    pmid: int,
    article: Article | None,
    passed: Mapping[str, bool],
    queries: Sequence[str],
    strategy: Strategy,
) -> tuple[Any, ...]:
    if article is None:
        why = "not among the records of this source"
        return (pmid, "", None, False, "", why, False, *[None] * 5, "")
    why = "" if queries else "; ".join(_reasons(article, passed, strategy))
    headings = [m.name for m in article.mesh if m.is_major] or [m.name for m in article.mesh]
    return (
        pmid, article.title, article.year, bool(queries), ", ".join(queries), why, True,
        *(passed.get(name) for name in ("topic", "population", "years", "language", "kept")),
        "; ".join(headings[:8]),
    )  # fmt: skip


def _reasons(article: Article, passed: Mapping[str, bool], strategy: Strategy) -> list[str]:
    years = strategy.brief.years
    said = {
        "years": f"outside the years of the brief ({article.year or 'unknown'}, not in "
        f"{years.first} to {years.last})",
        "language": f"in another language ({', '.join(article.languages) or 'unknown'})",
        "kept": "left out as animal work",
        "topic": "the topic block does not find it",
        "population": "the population block does not find it",
    }
    found = [why for name, why in said.items() if passed.get(name) is False]
    return found or ["on the topic and within the limits, but no facet finds it"]


def _unknown(item: Match | Entry) -> tuple[Any, ...]:
    entry = item.entry if isinstance(item, Match) else item
    reason = f"no record to look for ({item.reason})" if isinstance(item, Match) else ""
    return (None, entry.title, entry.year, False, "", reason, None, *[None] * 5, "")
