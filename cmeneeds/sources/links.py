"""Links between records, from elink: citing, cited, related, in PMC.

Names of links are those that einfo lists for ``db=pubmed``
(https://eutils.ncbi.nlm.nih.gov/entrez/query/static/entrezlinks.html). There is none for
retractions, corrections and updates: PubMed tells these in the records themselves and by the search
words of "Comment Correction Type" (https://pubmed.ncbi.nlm.nih.gov/help/). So
:func:`recheck_standing` asks by search which records have got a notice, fetches those again, and
keeps their notices as links named :data:`NOTICES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from cmeneeds.errors import SourceError, UsageError
from cmeneeds.eutils_links import parse_elink
from cmeneeds.eutils_xml import parse_esearch
from cmeneeds.library.beside import (
    StoredLink,
    asked_on,
    mark_asked,
    store_links,
    stored_links,
)
from cmeneeds.library.store import Library
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import NOTICES_IN, Article
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.harvest import this_day
from cmeneeds.sources.registry import Outage


class LinkName(NamedTuple):
    """How elink calls a kind of link."""

    db: str
    name: str
    command: str = "neighbor"


KINDS = {
    "cited_by": LinkName("pubmed", "pubmed_pubmed_citedin"),
    "references": LinkName("pubmed", "pubmed_pubmed_refs"),
    "related": LinkName("pubmed", "pubmed_pubmed", "neighbor_score"),
    "pmc": LinkName("pmc", "pubmed_pmc"),
    "cited_in_books": LinkName("books", "pubmed_books_refs"),
}
"""Kinds of links that elink knows, beside ``notices``."""

NOTICES = "comments_corrections"
"""Name under which a library keeps the notices that records tell of; not one of elink's."""

STANDING = "standing"
"""Name under which a library remembers when :func:`recheck_standing` asked about a record."""

BATCH = 100
"""Records a request. Each is sent as an ``id`` of its own, so that each gets its own answer."""

ASKED_AT_ONCE = 200
"""PMIDs in one search of :func:`recheck_standing`."""

MAX_AGE_DAYS = 30

HAS_NOTICE = (
    "retracted publication[pt] OR hasretractionin OR hasretractedandrepublishedin OR "
    "hasexpressionofconcernin OR haserratumin OR hascorrectedrepublishedin OR hasupdatein"
)
"""Search words of PubMed for records that a notice speaks of (PubMed Help, "Comment Correction
Type")."""


@dataclass(frozen=True)
class Links:
    """Links of some records.

    Attributes
    ----------
    found : dict of str to dict of int to tuple of StoredLink
        By kind, then by PMID, in the order of the service. A record with no link of a kind has an
        empty tuple; one that could not be asked about is not in it.
    asked : dict of str to dict of int to str
        By kind and PMID, the day (ISO 8601) on which the service was asked.
    notes : tuple of str
        What is missing, one sentence each.
    outages : tuple of Outage
        Kinds that could not be asked to the end; ``source`` is ``elink`` or ``standing``.
    """

    found: dict[str, dict[int, tuple[StoredLink, ...]]]
    asked: dict[str, dict[int, str]]
    notes: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()

    def targets(self, kind: str) -> dict[int, tuple[int, ...]]:
        """Return the identifiers alone, by PMID."""
        return {p: tuple(k.target for k in ks) for p, ks in self.found.get(kind, {}).items()}


def links(
    client: EntrezClient | None,
    library: Library,
    pmids: Sequence[int],
    kinds: Sequence[str] = ("cited_by",),
    *,
    max_age_days: int = MAX_AGE_DAYS,
    today: date | None = None,
) -> Links:
    """Return links of records; what the library does not have, or has for too long, is asked for.

    Parameters
    ----------
    client : EntrezClient or None
        None: tell what the library has.
    library : Library
        Where links are kept, with the day; may be read-only, then they are not.
    pmids : sequence of int
    kinds : sequence of str
        Of :data:`KINDS`; ``notices`` for retractions, corrections and updates, as
        :func:`recheck_standing` finds them.
    max_age_days : int
        Links asked for within so many days are not asked for again.
    today : date, optional

    Returns
    -------
    Links
        What could not be asked is among its ``outages``; nothing is raised for it.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    for kind in kinds:
        if kind not in KINDS and kind != "notices":
            known = ", ".join([*KINDS, "notices"])
            raise UsageError(f"there is no kind of link {kind!r}", f"Known are: {known}.")
    today = today or this_day()
    wanted = list(dict.fromkeys(pmids))
    found: dict[str, dict[int, tuple[StoredLink, ...]]] = {}
    asked: dict[str, dict[int, str]] = {}
    notes: list[str] = []
    outages: list[Outage] = []
    for kind in dict.fromkeys(kinds):
        if kind == "notices":
            if client is not None:
                check = recheck_standing(
                    client, library, wanted, max_age_days=max_age_days, today=today
                )
                notes += check.notes
                outages += check.outages
            found[kind] = stored_links(library, NOTICES, wanted)
            asked[kind] = asked_on(library, STANDING, wanted)
            continue
        name = KINDS[kind].name
        have, days = stored_links(library, name, wanted), asked_on(library, name, wanted)
        old = [p for p in wanted if p not in days or _age(days[p], today) > max_age_days]
        for batch in _parts(old, BATCH):
            if client is None:
                break
            try:
                fresh = _elink(client, KINDS[kind], batch)
            except SourceError as error:
                outages.append(Outage("elink", str(error)))
                notes.append(f"links {name} could not be asked to the end: {error}")
                break
            if not library.read_only:
                store_links(library, name, fresh, today)
            have |= fresh
            days |= dict.fromkeys(fresh, today.isoformat())
            if lost := [p for p in batch if p not in fresh]:
                notes.append(f"elink {name} said nothing of {len(lost):,} records: PMID {lost[0]}")
        found[kind], asked[kind] = have, days
    return Links(found, asked, tuple(notes), tuple(outages))


def _elink(
    client: EntrezClient, kind: LinkName, pmids: Sequence[int]
) -> dict[int, tuple[StoredLink, ...]]:
    # A list, not a text with commas: Bio.Entrez then repeats `id`, and answers come one by one.
    body = client.call(
        "elink",
        dbfrom="pubmed",
        db=kind.db,
        linkname=kind.name,
        cmd=kind.command,
        id=[str(p) for p in pmids],
    )
    wanted = set(pmids)
    found: dict[int, tuple[StoredLink, ...]] = {}
    for one in parse_elink(body):
        if one.error or len(one.ids) != 1 or not one.ids[0].isdecimal():
            continue
        pmid = int(one.ids[0])
        rows = [
            StoredLink(int(k.id), k.score)
            for g in one.groups
            if g.name == kind.name
            for k in g.links
            if k.id.isdecimal() and (kind.name != "pubmed_pubmed" or int(k.id) != pmid)
        ]
        if pmid in wanted:
            found[pmid] = tuple(dict.fromkeys(rows))
    return found


# --- retractions, corrections, updates ----------------------------------------------------------


@dataclass(frozen=True)
class StandingCheck:
    """What :func:`recheck_standing` did.

    Attributes
    ----------
    asked : int
        Records that PubMed was asked about now; the others were asked about not long ago.
    flagged : tuple of int
        Of these, the ones that PubMed says a notice speaks of.
    revised : tuple of int
        Of the flagged, the ones whose record was fetched again.
    notes : tuple of str
    outages : tuple of Outage
    """

    asked: int = 0
    flagged: tuple[int, ...] = ()
    revised: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()


def recheck_standing(
    client: EntrezClient,
    library: Library,
    pmids: Sequence[int],
    *,
    max_age_days: int = 1,
    today: date | None = None,
) -> StandingCheck:
    """Ask PubMed which records have been retracted, corrected, updated or are of concern.

    One search for every 200 records; those that PubMed flags are fetched again unless that was done
    just now, so that the record itself tells the status and the notice. A
    record that is not flagged stays ``unknown``: nobody vouches that there is no notice.

    Parameters
    ----------
    client : EntrezClient
    library : Library
        Not read-only: revised records and the day of asking are kept in it.
    pmids : sequence of int
    max_age_days : int
        Records asked about within so many days are not asked about again.
    today : date, optional

    Returns
    -------
    StandingCheck
        What could not be asked is among its ``outages``; what was found until then is kept.

    Raises
    ------
    LibraryReadOnly
    """
    today = today or this_day()
    wanted = list(dict.fromkeys(pmids))
    days = asked_on(library, STANDING, wanted)
    old = [p for p in wanted if p not in days or _age(days[p], today) > max_age_days]
    flagged: list[int] = []
    revised: list[int] = []
    notes: list[str] = []
    outages: list[Outage] = []
    asked = 0
    for batch in _parts(old, ASKED_AT_ONCE):
        try:
            said = _flagged(client, batch)
            fetched = library.fetched(said)
            # One that tells of a correction may since have been retracted.
            silent = [
                a.pmid
                for a in library.get_many(said)
                if a.retraction_status == "unknown"
                or a.pmid not in fetched
                or _age(fetched[a.pmid], today) > max_age_days
            ]
            if silent:
                body = client.call(
                    "efetch", db="pubmed", id=",".join(map(str, silent)), retmode="xml"
                )
                library.add(list(read_articles(body)), "PubMed efetch, standing")
                library.mark_fetched(silent, today)
        except SourceError as error:
            outages.append(Outage(STANDING, str(error)))
            notes.append(
                f"the standing of {len(old) - asked:,} records could not be asked: {error}"
            )
            break
        asked += len(batch)
        flagged += said
        revised += silent
        records = library.get_many(batch)
        store_links(library, NOTICES, {a.pmid: _notices(a) for a in records}, today)
        mark_asked(library, STANDING, batch, today)
    notes += [
        f"PubMed flags {a.pmid}, but its record does not say why"
        for a in library.get_many(revised)
        if a.retraction_status == "unknown"
    ]
    return StandingCheck(asked, tuple(flagged), tuple(revised), tuple(notes), tuple(outages))


def _flagged(client: EntrezClient, pmids: Sequence[int]) -> list[int]:
    query = f"({' OR '.join(f'{p}[uid]' for p in pmids)}) AND ({HAS_NOTICE})"
    body = client.call("esearch", db="pubmed", term=query, retmax=len(pmids), retmode="xml")
    wanted = set(pmids)
    return [p for i in parse_esearch(body).ids if i.isdecimal() and (p := int(i)) in wanted]


def _notices(article: Article) -> tuple[StoredLink, ...]:
    said = (r.pmid for r in article.related if r.kind in NOTICES_IN)
    return tuple(StoredLink(p) for p in dict.fromkeys(said) if p is not None)


# --- small --------------------------------------------------------------------------------------


def _parts(items: Sequence[int], size: int) -> list[Sequence[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


def _age(day: str, today: date) -> int:
    """Days since; a day in the future counts as long ago: somebody's clock is wrong."""
    days = (today - date.fromisoformat(day)).days
    return days if days >= 0 else 1_000_000
