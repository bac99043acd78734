"""From a brief to PubMed queries: a topic block crossed with facets.

Narrow first: each query asks one question (facet) of one topic, so that the search log shows what
was asked and a facet that found nothing can be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from cmeneeds.brief import Brief
from cmeneeds.errors import UsageError

NOT_ANIMALS = "(animals[mh] NOT humans[mh])"
"""Leaves out animal work without losing records that have no MeSH yet."""


_BREAKING = re.compile(r'["\u201c\u201d\u201e\u201f\u2033\uff02\x00-\x1f\x7f-\x9f]')


@dataclass(frozen=True)
class Facet:
    """A question asked of the literature; see ``data/facets.yaml``."""

    name: str
    title: str
    asks: str
    mesh: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    title_words: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def block(self) -> str:
        """The facet as a parenthesized PubMed expression."""
        return _any(
            [
                *(_tagged(t, "mh") for t in self.mesh),
                *(_tagged(t, "pt") for t in self.types),
                *(_tagged(t, "tiab") for t in self.text),
                *(_tagged(t, "ti") for t in self.title_words),
            ]
        )


@dataclass(frozen=True)
class Query:
    """One query of a strategy.

    Attributes
    ----------
    facet : str
        Name of the facet it asks.
    text : str
        In PubMed's query language, ready to paste there.
    """

    facet: str
    text: str


@dataclass(frozen=True, repr=False)
class Strategy:
    """Everything that will be asked.

    Attributes
    ----------
    brief : Brief
        Without support and persons (:meth:`Brief.blind`).
    topic, population, limits, exclusions : str
        The blocks that every query shares; empty where the brief says nothing.
    facets : tuple of Facet
    """

    brief: Brief
    topic: str
    population: str
    limits: tuple[str, ...]
    exclusions: str
    facets: tuple[Facet, ...]

    @property
    def queries(self) -> tuple[Query, ...]:
        """One query a facet, in the order of the facets."""
        return tuple(Query(f.name, self.query_for(f.block)) for f in self.facets)

    @property
    def topic_query(self) -> Query:
        """The topic without any facet: how much there is at all."""
        return Query("topic", self.query_for(""))

    def query_for(self, block: str) -> str:
        """Return the whole query for one facet block."""
        parts = [self.topic, self.population, block, *self.limits]
        text = " AND ".join(p for p in parts if p)
        return f"{text} NOT {self.exclusions}" if self.exclusions else text

    def _repr_html_(self) -> str:
        from cmeneeds.workbench.displays import strategy_html
        from cmeneeds.workbench.page import styled

        return styled(strategy_html(self))

    def __repr__(self) -> str:
        """As ``str``."""
        return str(self)

    def __str__(self) -> str:
        """Blocks and facets, for a terminal."""
        lines = [f"topic       {self.topic}"]
        if self.population:
            lines.append(f"population  {self.population}")
        lines += [f"limit       {limit}" for limit in self.limits]
        lines.append(f"without     {self.exclusions}")
        lines += [f"facet       {f.name}: {f.asks}" for f in self.facets]
        return "\n".join(lines)


def build_strategy(brief: Brief, facets: Sequence[str] | None = None) -> Strategy:
    """Build the search strategy of a brief.

    Parameters
    ----------
    brief : Brief
        Support and contributors are put aside first; they cannot reach a query.
    facets : sequence of str, optional
        Names of facets to ask; default all of ``data/facets.yaml``.

    Raises
    ------
    UsageError
        If a facet is not known.
    """
    brief = brief.blind()
    known = {f.name: f for f in all_facets()}
    names = list(known) if facets is None else list(facets)
    for name in names:
        if name not in known:
            raise UsageError(f"there is no facet {name!r}", f"Known: {', '.join(known)}.")
    words = _unique(brief.synonyms or [brief.topic])
    topic = _any([*(_tagged(t, "mh") for t in brief.mesh), *(_tagged(t, "tiab") for t in words)])
    terms = brief.population.terms if brief.population else []
    limits = [
        f"{brief.years.first}:{brief.years.last}[dp]",
        _any([_tagged(language, "la") for language in brief.languages]),
    ]
    return Strategy(
        brief=brief,
        topic=topic,
        population=_any([_tagged(t, "tiab") for t in terms]) if terms else "",
        limits=tuple(limits),
        exclusions=NOT_ANIMALS,
        facets=tuple(known[n] for n in names),
    )


@cache
def all_facets() -> tuple[Facet, ...]:
    """Read the facets that come with the package."""
    data = yaml.safe_load((files("cmeneeds.data") / "facets.yaml").read_text("utf-8"))
    lists = ("mesh", "text", "title_words", "types")
    return tuple(
        Facet(
            name=item["name"],
            title=item["title"],
            asks=item["asks"],
            **{k: tuple(item.get(k, ())) for k in lists},
        )
        for item in data
    )


def _tagged(term: str, tag: str) -> str:
    # A quotation mark of any kind inside a term would end the phrase and change the query.
    clean = " ".join(_BREAKING.sub(" ", term).split())
    if not clean:
        return ""
    plain = clean.isalnum() and clean.upper() not in ("AND", "OR", "NOT")
    return f"{clean}[{tag}]" if plain else f'"{clean}"[{tag}]'


def _any(parts: Iterable[str]) -> str:
    listed = [p for p in parts if p]
    if not listed:
        return ""
    return listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"


def _unique(terms: Iterable[str]) -> list[str]:
    return list({t.casefold(): t for t in reversed(list(terms))}.values())[::-1]
