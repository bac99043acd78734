"""Which records report the same people: a cohort that is told twice counts once.

Two records are taken for one cohort if they name the same trial registration or data set, or if
they share three authors, a year or two, and the same denominator. That errs on the side of too
many cohorts: nothing is merged because it merely looks alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cmeneeds.records import Article

SHARED_AUTHORS = 3
YEARS_APART = 2
SMALLEST = 20
"""Denominators below this are shared by chance."""

REGISTRIES = frozenset(
    {"ClinicalTrials.gov", "ISRCTN", "ANZCTR", "ChiCTR", "CTRI", "DRKS", "EudraCT", "IRCT", "JPRN",
     "KCT", "NTR", "PACTR", "ReBec", "RPCEC", "SLCTR", "TCTR", "UMIN CTR", "UMIN-CTR"}
)  # fmt: skip
"""Data banks whose numbers name a study; those of sequences and structures do not."""


def cohorts(
    articles: Mapping[str, Article], denominators: Iterable[tuple[str, int]]
) -> dict[str, str]:
    """Name the cohort of each record.

    Parameters
    ----------
    articles : mapping of str to Article
        By citation key.
    denominators : iterable of (str, int)
        Citation key and a denominator that the record states.

    Returns
    -------
    dict of str to str
        Citation key to the alphabetically first key of its cohort. Records that stand alone are
        their own.
    """
    parent = {key: key for key in articles}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    def join(a: str, b: str) -> None:
        first, second = sorted((root(a), root(b)))
        parent[second] = first

    registered: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, article in articles.items():
        for bank in article.databanks:
            if bank.name in REGISTRIES:
                for number in bank.accessions:
                    registered[bank.name, number].append(key)
    counted: dict[int, set[str]] = defaultdict(set)
    for key, n in denominators:
        if n >= SMALLEST and key in articles:
            counted[n].add(key)
    for keys in registered.values():
        for other in keys[1:]:
            join(keys[0], other)
    for keys_of_n in counted.values():
        listed = sorted(keys_of_n)
        for i, a in enumerate(listed):
            for b in listed[i + 1 :]:
                if _same_team(articles[a], articles[b]):
                    join(a, b)
    return {key: root(key) for key in articles}


def _same_team(a: Article, b: Article) -> bool:
    if a.year is None or b.year is None or abs(a.year - b.year) > YEARS_APART:
        return False
    return len(_names(a) & _names(b)) >= SHARED_AUTHORS


def _names(article: Article) -> set[tuple[str, str]]:
    return {(w.last.casefold(), w.initials[:1].casefold()) for w in article.authors if w.last}
