"""Which words of a strategy bring which records, and what else there is to ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds.brief import Brief
from cmeneeds.strategy import Strategy, _tagged

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from cmeneeds.retrieval import Records
    from cmeneeds.sources import Source

FEWEST = 5
"""Indexed records on a topic from which something can be told of its headings."""

_CHECK_TAGS = frozenset(
    "Humans|Animals|Male|Female|Adult|Aged|Adolescent|Child|Infant|Aged, 80 and over|Middle Aged|"  # noqa: SIM905
    "Young Adult|Child, Preschool|Infant, Newborn".split("|")
)
"""Headings that say who was studied, never what."""

BLUE, INK, GREY = "#0072B2", "#1b2733", "#5b6b7a"


def _opened(strategy: Strategy, source: Source | None, library: str | Path | None) -> Source:
    from cmeneeds.sources import open_source

    return source if source is not None else open_source(strategy.brief.source, library)


def term_yield(
    strategy: Strategy,
    source: Source | None = None,
    *,
    library: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Count what each name of the topic brings.

    Parameters
    ----------
    strategy : Strategy
    source : Source, optional
        Default: as the brief says, or ``library``. Asked two questions a term.
    library : ``sample`` or a path, optional
    progress : callable, optional
        Told (terms counted, terms).

    Returns
    -------
    DataFrame
        One row a term, the most fruitful first: ``term``; ``records``, found by it within
        population and limits; ``share`` of all that the topic finds, in percent; ``only``, found
        by it and by no other term. A term with ``only`` 0 can go without loss today.
    """
    import pandas as pd

    from cmeneeds.workbench.progress import shown

    terms = _topic_terms(strategy)
    opened = _opened(strategy, source, library)
    whole = Narrowed(strategy)
    try:
        with shown("Counting terms", progress) as tell:
            total = opened.search(whole.query(terms)).count or 0
            rows = []
            for number, term in enumerate(terms):
                tell(number, len(terms))
                alone = opened.search(whole.query([term])).count or 0
                others = [t for t in terms if t != term]
                rest = (opened.search(whole.query(others)).count or 0) if others else 0
                rows.append((term, alone, 100 * alone / total if total else 0.0, total - rest))
            tell(len(terms), len(terms))
    finally:
        if source is None:
            opened.close()
    table = pd.DataFrame(rows, columns=["term", "records", "share", "only"])
    table["share"] = table["share"].round(1)
    return table.sort_values(["records", "term"], ascending=[False, True], ignore_index=True)


class Narrowed:
    """Queries with the topic block exchanged and population and limits as they are."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy

    def query(self, terms: Sequence[str]) -> str:
        """The whole query for some terms of the topic."""
        from dataclasses import replace

        block = terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"
        return replace(self._strategy, topic=block).query_for("")


def _topic_terms(strategy: Strategy) -> list[str]:
    """Terms of the topic block, each with its tag."""
    brief = strategy.brief
    terms = [_tagged(heading, "mh") for heading in brief.mesh]
    terms += [_tagged(word, "tiab") for word in brief.synonyms or [brief.topic]]
    return list(dict.fromkeys(t for t in terms if t))


def suggest_mesh(
    topic: Brief | str | Iterable[str], *, library: str | Path | None = None, most: int = 15
) -> pd.DataFrame:
    """MeSH headings for a topic, as the records and headings at hand tell.

    Parameters
    ----------
    topic : Brief, str or iterable of str
        A brief, or names of the topic.
    library : ``sample`` or a path, optional
        Default: as the brief says (PubMed and none: the user's own library).
    most : int
        Rows at most.

    Returns
    -------
    DataFrame
        ``heading``; ``why``: ``is called so`` where the heading or one of its entry terms is a name
        of the topic, else ``indexes such records``; ``records``, how many of the records that name
        the topic in title or abstract carry it; ``share`` of them, in percent; ``lift``, how many
        times more often than in the library as a whole. Empty where no record at hand is indexed.

    Notes
    -----
    Nothing is asked over the network. With PubMed as source, a search learns the headings of the
    brief's names and keeps them in the library, so ask again after :func:`cmeneeds.search`.
    """
    import pandas as pd

    from cmeneeds.library.schema import term_key
    from cmeneeds.sources import open_library

    if isinstance(topic, Brief):
        names = [topic.topic, *topic.synonyms]
        library = "sample" if library is None and topic.source == "sample" else library
    else:
        names = [topic] if isinstance(topic, str) else list(topic)
    block = " OR ".join(filter(None, (_tagged(name, "tiab") for name in names)))
    columns = ["heading", "why", "records", "share", "lift"]
    with open_library(library) as shelf:
        articles = shelf.get_many(shelf.search(block).pmids[:5000])
        indexed = [a for a in articles if a.mesh]
        number = Counter(n for a in indexed for n in {m.name for m in a.mesh} - _CHECK_TAGS)
        # Nearly every indexed record says whether it is about people or animals.
        everywhere = shelf.search("Humans[mh:noexp] OR Animals[mh:noexp]").count or 0
        keys = {term_key(name) for name in names}
        called = _called(shelf, keys)
        rows = []
        for heading in dict.fromkeys((*called, *(h for h, _ in number.most_common(60)))):
            n = number[heading]
            whole = shelf.search(f'"{heading}"[mh:noexp]').count or 0
            share = n / len(indexed) if indexed else 0.0
            base = whole / everywhere if everywhere and len(indexed) >= FEWEST else 0.0
            lift = share / base if base and n else 0.0
            if heading in called or (n >= 2 and lift >= 3):
                why = "is called so" if heading in called else "indexes such records"
                rows.append((heading, why, n, round(100 * share, 1), round(lift, 1)))
    rows.sort(key=lambda r: (r[1] != "is called so", -r[2] * min(r[4], 50.0), r[0]))
    return pd.DataFrame(rows[:most], columns=columns)


def _called(shelf: Any, keys: set[str]) -> list[str]:
    """Headings whose name or entry term is one of these keys, where the library knows MeSH."""
    import sqlite3

    marks = ", ".join("?" * len(keys))
    try:
        found = shelf.connection.execute(
            # Only question marks are put in.
            f"SELECT DISTINCT ui FROM terms WHERE kind = 'mh' AND key IN ({marks})",  # noqa: S608
            sorted(keys),
        ).fetchall()
        names = []
        for (ui,) in found:
            row = shelf.connection.execute(
                "SELECT name FROM terms WHERE kind = 'mh' AND ui = ? LIMIT 1", (ui,)
            ).fetchone()
            names += [row[0]] if row else []
    except sqlite3.Error:
        return []
    return list(dict.fromkeys(names))


# --- overlap of facets --------------------------------------------------------------------------


def facet_overlap(records: Records) -> pd.DataFrame:
    """Count the records that each combination of facets found.

    Returns
    -------
    DataFrame
        One row a combination that occurs: one boolean column a facet, and ``records``; the most
        frequent first. The counts add up to the number of records.
    """
    import pandas as pd

    names = [e.facet for e in records.log if e.facet != "topic"]
    number = Counter(frozenset(records.facets.get(a.pmid, ())) for a in records.articles)
    rows = [(*(name in combination for name in names), n) for combination, n in number.items()]
    table = pd.DataFrame(rows, columns=[*names, "records"])
    order = [*names]
    return table.sort_values(
        ["records", *order], ascending=[False, *[False] * len(order)], ignore_index=True
    )


def plot_overlap(records: Records, most: int = 15) -> Figure:
    """Draw the overlap of facets as an UpSet plot (Lex et al. 2014).

    Bars above: records found by exactly this combination of facets. Bars at the left: records
    that each facet found in all.

    Parameters
    ----------
    records : Records
    most : int
        Combinations drawn, the most frequent first; the title says if there are more.
    """
    from cmeneeds.strategy import all_facets
    from cmeneeds.workbench.pictures import Picture

    table = facet_overlap(records)
    names = [c for c in table.columns if c != "records"]
    titles = {f.name: f.title for f in all_facets()}
    totals = {n: int(table.loc[table[n], "records"].sum()) for n in names}
    names.sort(key=lambda n: (totals[n], n))
    shown = table.head(most)
    figure = Picture(figsize=(2.6 + 0.42 * max(6, len(shown)), 4.2), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.3, 1), width_ratios=(1, 2.4))
    bars = figure.add_subplot(grid[0, 1])
    dots = figure.add_subplot(grid[1, 1], sharex=bars)
    sizes = figure.add_subplot(grid[1, 0], sharey=dots)
    places = range(len(shown))
    drawn = bars.bar(places, shown["records"].tolist(), 0.6, color=BLUE)
    bars.bar_label(drawn, fontsize=8, color=INK, padding=2)
    bars.set_ylabel("Records", fontsize=9)
    bars.tick_params(labelbottom=False, bottom=False, labelsize=8)
    for x in places:
        inside = [y for y, n in enumerate(names) if bool(shown.iloc[x][n])]
        dots.plot([x] * len(names), range(len(names)), "o", color="#dde3e8", markersize=6)
        dots.plot([x] * len(inside), inside, "o-", color=INK, markersize=6, linewidth=1.4)
    dots.set_yticks(range(len(names)), [titles.get(n, n) for n in names], fontsize=8)
    dots.tick_params(labelbottom=False, bottom=False, left=False, labelleft=False)
    sizes.barh(range(len(names)), [totals[n] for n in names], 0.55, color=GREY)
    sizes.invert_xaxis()
    sizes.tick_params(labelsize=8)
    sizes.set_yticks(range(len(names)), [titles.get(n, n) for n in names], fontsize=8)
    sizes.set_xlabel("Records of the facet", fontsize=8)
    for axes in (bars, dots, sizes):
        axes.spines[["top", "right"]].set_visible(False)
    dots.spines[["left", "bottom"]].set_visible(False)
    more = f"; {len(table) - len(shown)} rarer combinations left out" if len(table) > most else ""
    figure.suptitle(f"Which facets found the {len(records):,} records{more}", fontsize=9)
    return figure
