"""Bibliographies as people have them: entries of genuine records with seeded defects, and decoys.

Only bibliographic data of PubMed records go in, no abstracts. Decoys are made up from a record: a
work that is not that record and must not be taken for it.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from cmeneeds.records import Article, Author


class Made(NamedTuple):
    """An entry in RIS and the truth about it."""

    ris: str
    pmid: int | None
    """The record that it is; None for a decoy."""
    kinds: tuple[str, ...]
    """The defects it was given, or the kind of decoy."""


def eligible(article: Article) -> bool:
    """Whether a record has what every bibliography holds."""
    return bool(article.title and article.authors and article.published.year and article.journal)


def damaged(articles: Sequence[Article], seed: int) -> list[Made]:
    """Make one entry of each record, with defects."""
    chance = random.Random(seed)
    return [_entry(a, chance) for a in articles]


def decoys(articles: Sequence[Article], seed: int) -> list[Made]:
    """Make one decoy from each record, all kinds in turn."""
    chance = random.Random(seed)
    makers = (_other_edition, _other_author, _other_year, _reply, _erratum, _own_reply, _wrong_id)
    return [makers[i % len(makers)](a, chance) for i, a in enumerate(articles)]


# --- defects ------------------------------------------------------------------------------------


def _entry(article: Article, chance: random.Random) -> Made:
    kinds: list[str] = []
    title = _title(article.title, chance, kinds)
    authors = _authors(article.authors, chance, kinds)
    year = article.published.year or 0
    if article.electronic and article.electronic.year and chance.random() < 0.3:
        year = article.electronic.year
        kinds.append("year online")
    elif chance.random() < 0.05:
        year += chance.choice((-1, 1))
        kinds.append("year off by one")
    journal = article.journal
    lines = [("TY", "JOUR"), ("TI", title), *(("AU", a) for a in authors), ("PY", str(year))]
    name = chance.choice((journal.title, journal.medline, journal.iso, journal.title.upper()))
    if chance.random() < 0.1:
        name = ""
        kinds.append("no journal")
    lines.append((chance.choice(("JO", "T2", "JF")), name))
    if chance.random() < 0.85:
        lines += [("VL", journal.volume), ("IS", journal.issue)]
    else:
        kinds.append("no volume")
    lines += _pages(article.pages, chance, kinds)
    lines += _ids(article, chance, kinds)
    return Made(_ris(lines), article.pmid, tuple(kinds))


def _title(title: str, chance: random.Random, kinds: list[str]) -> str:
    drawn = chance.random()
    if drawn < 0.15 and len(title) > 70:
        title = title[: chance.randint(55, min(len(title) - 5, 120))]
        title = title if chance.random() < 0.5 else f"{title.rstrip()}..."
        kinds.append("truncated title")
    elif drawn < 0.25 and ": " in title:
        title = title.partition(": ")[0]
        kinds.append("no subtitle")
    if (drawn := chance.random()) < 0.15:
        title = title.upper()
        kinds.append("capitals")
    elif drawn < 0.3:
        title = title.title()
        kinds.append("changed case")
    if chance.random() < 0.2:
        title = title.replace("&", "&amp;").replace("<", "&lt;").replace("β", "&beta;")
        title = re.sub(r"(?<!\w)(\w+ (?:virus|coli|cells))", r"<i>\1</i>", title, count=1)
        kinds.append("entities")
    if chance.random() < 0.15:
        title = title.replace("-", "\u2010").replace("'", "\u2019").replace('"', "\u201d")
        kinds.append("typographic signs")
    if chance.random() < 0.15:
        title = re.sub(r"[,:;()\[\]]", " ", title)
        kinds.append("no punctuation")
    if chance.random() < 0.1:
        title = _bare(title)
        kinds.append("no diacritics")
    return title.rstrip(".") if chance.random() < 0.7 else title


def _authors(people: Sequence[Author], chance: random.Random, kinds: list[str]) -> list[str]:
    form = chance.choice(("Last, First", "Last, F", "Last F", "First Last", "F Last", "swapped"))
    if form != "Last, First":
        kinds.append(f"author as {form}")
    shown = []
    for person in people[: chance.choice((1, 3, 6, 100))]:
        last, fore, initials = person.last, person.fore or person.initials, person.initials
        shown.append(
            person.collective
            or {
                "Last, First": f"{last}, {fore}",
                "Last, F": f"{last}, {'. '.join(initials)}.",
                "Last F": f"{last} {initials}",
                "First Last": f"{fore} {last}",
                "F Last": f"{'. '.join(initials)}. {last}",
                "swapped": f"{fore}, {last}",
            }[form]
        )
    if chance.random() < 0.1:
        shown = [s.upper() for s in shown]
        kinds.append("names in capitals")
    if chance.random() < 0.15:
        shown = [_bare(s) for s in shown]
        kinds.append("names without diacritics")
    return shown


def _pages(pages: str, chance: random.Random, kinds: list[str]) -> list[tuple[str, str]]:
    if chance.random() < 0.2:
        kinds.append("no pages")
        return []
    first, _, last = pages.partition("-")
    if chance.random() < 0.1:
        kinds.append("wrong pages")
        first, last = str(chance.randint(1, 900)), str(chance.randint(901, 999))
    return [("SP", first), ("EP", last)]


def _ids(article: Article, chance: random.Random, kinds: list[str]) -> list[tuple[str, str]]:
    drawn = chance.random()
    if drawn < 0.2 and article.doi:
        doi = chance.choice((article.doi, article.doi.upper(), f"https://doi.org/{article.doi}"))
        return [("DO", doi)]
    if drawn < 0.3:
        return [("AN", str(article.pmid)), ("DB", "PubMed")]
    if drawn < 0.35:
        return [("UR", f"https://pubmed.ncbi.nlm.nih.gov/{article.pmid}/")]
    if drawn < 0.4 and article.pmcid:
        return [("C2", article.pmcid)]
    kinds.append("no identifier")
    return []


# --- decoys -------------------------------------------------------------------------------------


def _plain(article: Article) -> dict[str, str]:
    first = article.authors[0]
    return {
        "TI": article.title,
        "AU": first.collective or f"{first.last}, {first.fore}",
        "PY": str(article.published.year),
        "JO": article.journal.title,
        "VL": article.journal.volume,
        "SP": article.pages.partition("-")[0],
    }


def _decoy(fields: dict[str, str], kind: str) -> Made:
    return Made(_ris([("TY", "JOUR"), *fields.items()]), None, (f"decoy: {kind}",))


def _other_edition(article: Article, chance: random.Random) -> Made:
    year = (article.published.year or 0) + chance.choice((-1, 1))
    other = {"PY": str(year), "JO": "Annals of Made-up Editions", "VL": "3", "SP": "17"}
    return _decoy(_plain(article) | other, "another edition, in another journal")


def _other_author(article: Article, chance: random.Random) -> Made:
    return _decoy(_plain(article) | {"AU": "Invented, Quentin"}, "same title, another author")


def _other_year(article: Article, chance: random.Random) -> Made:
    year = (article.published.year or 0) - chance.randint(2, 9)
    return _decoy(_plain(article) | {"PY": str(year), "VL": "1"}, "same title, another year")


def _reply(article: Article, chance: random.Random) -> Made:
    title = chance.choice(("Re: {}", "Reply to: {}", "Comment on \u201c{}\u201d")).format(
        article.title
    )
    return _decoy(_plain(article) | {"TI": title, "SP": "1001"}, "a reply by the same author")


def _erratum(article: Article, chance: random.Random) -> Made:
    title = chance.choice(("Erratum: {}", "Correction to: {}", "Corrigendum to \u201c{}\u201d"))
    fields = _plain(article) | {"TI": title.format(article.title), "SP": "1002"}
    return _decoy(fields, "an erratum by the same author")


def _own_reply(article: Article, chance: random.Random) -> Made:
    title = f"{article.title.rstrip('.')}: {chance.choice(('authors’ reply', 'reply', 'erratum'))}"
    return _decoy(_plain(article) | {"TI": title, "SP": "1003"}, "a reply named behind the title")


def _wrong_id(article: Article, chance: random.Random) -> Made:
    fields = _plain(article) | {
        "TI": "Entirely made-up title of a work that nobody wrote",
        "AN": str(article.pmid),
        "DB": "PubMed",
    }
    return _decoy(fields, "the PMID of another work")


# --- small --------------------------------------------------------------------------------------


def _ris(lines: Sequence[tuple[str, str]]) -> str:
    body = "".join(f"{tag}  - {value}\n" for tag, value in lines if value)
    return f"{body}ER  - \n\n"


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
