"""Study facts of a record: design, size, years of data, country, setting, people, professions.

Each fact leads to the words it was read from, or to the publication type or heading that says it.
What the record does not say is ``unknown``: where the authors work, for one, is not where the study
took place, and the year of publication is not that of the data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.evidence.passages import TITLE, address
from cmeneeds.evidence.study import designed
from cmeneeds.evidence.study_numbers import periods, sizes
from cmeneeds.evidence.study_words import Mention, mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmeneeds.records import Article

UNKNOWN = "unknown"
MOST = 6
"""So many countries, settings, populations or professions of a record are kept."""


class Fact(NamedTuple):
    """Something that a record says of its study."""

    value: str
    """In plain words; ``unknown`` where the record does not say."""
    passage: str = ""
    """Address of the words, ``pmid.section.start-end``; empty where there are none."""
    source: str = ""
    """``text``, ``publication type`` or ``MeSH``; empty where unknown."""


class StudyFacts(NamedTuple):
    """What a record says of its study. Empty tuples stand for unknown."""

    design: Fact
    sample_size: Fact
    """Digits only."""
    data_years: Fact
    """``2019`` or ``2015-2018``."""
    countries: tuple[Fact, ...]
    settings: tuple[Fact, ...]
    populations: tuple[Fact, ...]
    professions: tuple[Fact, ...]

    def row(self) -> dict[str, str]:
        """Facts as cells of a table.

        Returns
        -------
        dict of str to str
            For each fact its values, joined by ``"; "``, or ``unknown``, and under
            ``<fact>_passage`` the addresses in the same order.
        """
        cells = {}
        for name, found in self._asdict().items():
            facts = (found,) if isinstance(found, Fact) else found
            cells[name] = "; ".join(one.value for one in facts) or UNKNOWN
            cells[f"{name}_passage"] = "; ".join(one.passage for one in facts if one.passage)
        return cells


def study_facts(article: Article) -> StudyFacts:
    """Read what a record says of its study.

    Parameters
    ----------
    article : Article

    Returns
    -------
    StudyFacts
        Title and methods are read before the rest of the abstract; background sections are not
        read, because what they tell is of other studies.
    """
    texts = list(_texts(article))
    named = [(section, one) for section, text in texts for one in mentions(text)]

    def facts(fact: str) -> tuple[Fact, ...]:
        return _distinct(article.pmid, ((s, m) for s, m in named if m.fact == fact))

    countries = facts("country") or tuple(
        Fact(heading.name, "", "MeSH") for heading in article.mesh if heading.kind == "Geographic"
    )
    return StudyFacts(
        _design(article),
        _size(article.pmid, texts),
        _years(article.pmid, texts, article.year),
        countries[:MOST],
        facts("setting")[:MOST],
        facts("population")[:MOST],
        facts("profession")[:MOST],
    )


_BACKGROUND = ("BACKGROUND",)
_METHODS_LIKE = re.compile(
    r"method|design|setting|participant|patient|sample|population|subject|material|data",
    re.IGNORECASE,
)


def _texts(article: Article) -> Iterator[tuple[int, str]]:
    """Title, methods and the rest, with section numbers, in the order of belief."""
    yield TITLE, article.title
    later = []
    for number, section in enumerate(article.sections):
        if section.category == "METHODS" or _METHODS_LIKE.search(section.label):
            yield number, section.text
        elif section.category not in _BACKGROUND:
            later.append((number, section.text))
    yield from later


def _distinct(pmid: int, found: Iterable[tuple[int, Mention]]) -> tuple[Fact, ...]:
    """One fact per value, where it is first told."""
    facts: dict[str, Fact] = {}
    for section, mention in found:
        if mention.value not in facts:
            place = address(pmid, section, mention.start, mention.end)
            facts[mention.value] = Fact(mention.value, place, "text")
    if len(facts) > 1:
        # "hospital" and "patients" add nothing to what is more exact.
        for plain, exact in (("hospital", " hospital"), ("physicians", "practitioners")):
            if plain in facts and any(name.endswith(exact) for name in facts):
                del facts[plain]
    return tuple(facts.values())


def _design(article: Article) -> Fact:
    design, source, section, span = designed(article)
    if source != "text":
        return Fact(design.name, "", source)
    return Fact(design.name, address(article.pmid, section, *span), source)


def _size(pmid: int, texts: list[tuple[int, str]]) -> Fact:
    """The number that is most plainly a sample size; of equals the first."""
    found = [
        (size.rank, order, section, size)
        for order, (section, text) in enumerate(texts)
        for size in sizes(text)
    ]
    if not found:
        return Fact(UNKNOWN)
    _, _, section, size = min(found)
    return Fact(str(size.number), address(pmid, section, size.start, size.end), "text")


def _years(pmid: int, texts: list[tuple[int, str]], published: int | None) -> Fact:
    """Years of the data: a span of years before a single one."""
    found = [
        (period.single, order, section, period)
        for order, (section, text) in enumerate(texts)
        for period in periods(text)
        if period.last <= (published or 9999)
    ]
    if not found:
        return Fact(UNKNOWN)
    _, _, section, period = min(found)
    value = f"{period.first}" if period.single else f"{period.first}-{period.last}"
    return Fact(value, address(pmid, section, period.start, period.end), "text")
