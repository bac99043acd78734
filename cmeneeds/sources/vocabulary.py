"""A topic in NLM's words: MeSH headings, entry terms, places in the tree, and spelling.

``esearch db=mesh`` finds headings, ``esummary`` tells their names and, by ``Children``, the
headings below them. A heading is put into the library only together with everything below it, so
that ``[mh]`` explodes offline as PubMed explodes it, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from cmeneeds.errors import SourceError
from cmeneeds.eutils_xml import parse_esearch, parse_espell
from cmeneeds.library.beside import store_headings
from cmeneeds.library.schema import term_key
from cmeneeds.library.store import Library
from cmeneeds.mesh import Descriptor, parse_mesh_summaries
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.harvest import this_day
from cmeneeds.sources.registry import Outage

BATCH = 200
"""Headings a request."""

LOOKED_AT = 50
"""Headings that esearch finds for one name and that are compared with it."""

MAX_AGE_DAYS = 90

MAX_BELOW = 3000
"""Headings below those of one topic that are fetched; more are hardly one topic."""


@dataclass(frozen=True)
class TopicHeadings:
    """Headings for the names of a topic.

    Attributes
    ----------
    matched : dict of str to Descriptor
        By name as it was given: the heading that has it as its name or entry term.
    near : tuple of Descriptor
        Others that MeSH found for a name without a heading; for the writer to choose from.
    unmatched : tuple of str
        Names that no heading has.
    below : int
        Headings below the matched ones that were fetched.
    stored : bool
        Whether names and tree went into the library, so that explosion works offline.
    notes : tuple of str
        What is missing, one sentence each.
    outages : tuple of Outage
        ``source`` is ``mesh``.
    """

    matched: dict[str, Descriptor]
    near: tuple[Descriptor, ...] = ()
    unmatched: tuple[str, ...] = ()
    below: int = 0
    stored: bool = False
    notes: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Names of the matched headings, each once."""
        return tuple(dict.fromkeys(d.name for d in self.matched.values()))


def mesh_for_topic(
    client: EntrezClient,
    library: Library | None,
    words: Sequence[str],
    *,
    max_below: int = MAX_BELOW,
    max_age_days: int = MAX_AGE_DAYS,
    today: date | None = None,
) -> TopicHeadings:
    """Look the names of a topic up in MeSH, and keep what is found in the library.

    What the library was told of the same names not long ago is not asked for again: MeSH changes
    once a year.

    Parameters
    ----------
    client : EntrezClient
    library : Library or None
        Where names, entry terms and tree positions are kept; None or read-only: nowhere.
    words : sequence of str
        Names of the topic, such as ``type 2 diabetes``.
    max_below : int
        Give up the tree, and say so, beyond so many headings below the matched ones.
    max_age_days : int
        For so long the library's own answer is good enough.
    today : date, optional
        Default: today, UTC.

    Returns
    -------
    TopicHeadings
        What could not be asked is among its ``outages``; nothing is raised for it.
    """
    wanted = list(dict.fromkeys(" ".join(w.replace('"', " ").split()) for w in words))
    today = today or this_day()
    if library is not None and (kept := _kept(library, wanted, today, max_age_days)):
        return kept
    matched: dict[str, Descriptor] = {}
    near: dict[str, Descriptor] = {}
    notes: list[str] = []
    outages: list[Outage] = []
    tried: list[str] = []
    try:
        for word in filter(None, wanted):
            found = _search(client, word)
            tried.append(word)
            exact = [d for d in found if term_key(word) in _keys(d)]
            if exact:  # a heading goes before a substance of the same name
                matched[word] = min(exact, key=lambda d: not d.ui.startswith("D"))
            else:
                near |= {d.ui: d for d in found if d.ui}
        below, problem = _below(client, matched.values(), max_below)
        if problem:
            notes.append(f"{problem}: the tree was not kept, and headings are not exploded offline")
    except SourceError as error:
        outages.append(Outage("mesh", str(error)))
        notes.append(problem := f"MeSH could not be asked to the end: {error}")
        below = []
    stored = False
    if not problem and matched and library is not None and not library.read_only:
        store_headings(library, [*matched.values(), *below])
        stored = True
    chosen = {d.ui for d in matched.values()}
    told = TopicHeadings(
        matched,
        tuple(d for ui, d in near.items() if ui not in chosen),
        tuple(w for w in tried if w not in matched),
        len(below),
        stored,
        tuple(notes),
        tuple(outages),
    )
    if stored and library is not None:
        kept_now = msgspec.json.encode(_Kept(today.isoformat(), told))
        library.set_meta(_key(wanted), kept_now.decode())
    return told


def suggest_spelling(client: EntrezClient, words: Sequence[str]) -> dict[str, str]:
    """Ask PubMed how it would spell names of a topic.

    Returns
    -------
    dict of str to str
        Suggestions by name; names that it would leave as they are, are left out.

    Raises
    ------
    SourceError
        If it cannot be asked.
    """
    found: dict[str, str] = {}
    for word in dict.fromkeys(words):
        said = parse_espell(client.call("espell", db="pubmed", term=word)).corrected
        if said and term_key(said) != term_key(word):
            found[word] = said
    return found


# --- what the library was told ------------------------------------------------------------------


class _Kept(msgspec.Struct):
    day: str
    told: TopicHeadings


def _key(words: Sequence[str]) -> str:
    return f"mesh: {json.dumps(sorted(words), ensure_ascii=False)}"


def _kept(library: Library, words: Sequence[str], today: date, days: int) -> TopicHeadings | None:
    said = library.meta(_key(words))
    if said is None:
        return None
    kept = msgspec.json.decode(said, type=_Kept)
    age = (today - date.fromisoformat(kept.day)).days
    return kept.told if 0 <= age <= days else None


# --- asking -------------------------------------------------------------------------------------


def _search(client: EntrezClient, word: str) -> list[Descriptor]:
    body = client.call("esearch", db="mesh", term=f'"{word}"', retmax=LOOKED_AT, retmode="xml")
    return _summaries(client, parse_esearch(body).ids)


def _summaries(client: EntrezClient, uids: Sequence[str]) -> list[Descriptor]:
    found: list[Descriptor] = []
    for start in range(0, len(uids), BATCH):
        batch = ",".join(uids[start : start + BATCH])
        body = client.call("esummary", db="mesh", id=batch, version="2.0", retmode="xml")
        found += parse_mesh_summaries(body)
    return found


def _below(
    client: EntrezClient, roots: Iterable[Descriptor], most: int
) -> tuple[list[Descriptor], str]:
    """Return all headings below some, or none and what kept them from being all."""
    below: list[Descriptor] = []
    level = list(dict.fromkeys(uid for d in roots for uid in d.children))
    seen = set(level)
    while level:
        if len(seen) > most:
            return [], f"more than {most:,} headings stand below these"
        found = _summaries(client, level)
        if len(found) < len(level):
            return [], f"MeSH told {len(found):,} of {len(level):,} headings below these"
        below += found
        # A heading stands in several places of the tree: those seen are not asked for again.
        level = list(dict.fromkeys(u for d in found for u in d.children if u not in seen))
        seen.update(level)
    return below, ""


def _keys(descriptor: Descriptor) -> set[str]:
    return {term_key(t) for t in (descriptor.name, *descriptor.entry_terms)}
