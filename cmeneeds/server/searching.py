"""esearch: parameters to one query, and the query to a page of PMIDs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from cmeneeds.errors import QueryError
from cmeneeds.library import query as language
from cmeneeds.library.sql import compile_query
from cmeneeds.library.tags import resolve_tag
from cmeneeds.server.asked import Asked, Refused
from cmeneeds.server.desk import Desk

REACH = 9_999
"""Records of one search that can be listed, as at PubMed; the count is exact all the same."""

MAX_SORTED = 200_000
"""Hits that are sorted by author, journal or title; each must be read for it."""

_TOO_FAR = (
    "Search Backend failed: Exception:\n'retstart' cannot be larger than 9998. For PubMed, "
    "ESearch can only retrieve the first 9,999 records matching the query. To obtain more than "
    "9,999 PubMed records, consider using <EDirect> that contains additional logic to batch "
    "PubMed search results automatically so that an arbitrary number can be retrieved. For "
    "details see https://www.ncbi.nlm.nih.gov/books/NBK25499/"
)
_DATE_TYPES = {
    "": "dp", "pdat": "dp", "dp": "dp", "edat": "edat", "mdat": "lr", "lr": "lr",
    "ppdt": "ppdat", "ppdat": "ppdat", "epdt": "epdat", "epdat": "epdat",
}  # fmt: skip
_SORTS = {
    "": "", "relevance": "", "most_recent": "", "date_added": "", "mostrecent": "",
    "pub_date": "date", "pubdate": "date", "publication_date": "date",
    "author": "author", "first_author": "author", "firstauthor": "author",
    "journalname": "journal", "journal": "journal", "journal_name": "journal",
    "title": "title",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A page of hits."""

    count: int
    pmids: tuple[int, ...]
    start: int
    translation: str
    notes: tuple[str, ...]
    web_env: str = ""
    query_key: int = 0


class _Name(msgspec.Struct, frozen=True):
    last: str = ""
    initials: str = ""
    collective: str = ""


class _Journal(msgspec.Struct, frozen=True):
    title: str = ""
    medline: str = ""


class _SortKeys(msgspec.Struct, frozen=True):
    """The part of a record that results are sorted by; the rest is skipped while reading."""

    title: str = ""
    authors: tuple[_Name, ...] = ()
    journal: _Journal = _Journal()


_read_keys = msgspec.json.Decoder(_SortKeys)
_LAST = "\U0010ffff"  # what has no name comes last


def _by_author(r: _SortKeys) -> str:
    first = r.authors[0] if r.authors else _Name()
    return f"{first.last} {first.initials} {first.collective}".strip().casefold() or _LAST


def _by_journal(r: _SortKeys) -> str:
    return (r.journal.medline or r.journal.title).casefold() or _LAST


def _by_title(r: _SortKeys) -> str:
    return re.sub(r"^\W*(?:(?:a|an|the)\s+)?", "", r.title.casefold()) or _LAST


_KEYS: dict[str, Callable[[_SortKeys], str]] = {
    "author": _by_author, "journal": _by_journal, "title": _by_title,
}  # fmt: skip


# --- the query ----------------------------------------------------------------------------------

_PIECES = re.compile(r'"[^"]*"|\[[^\]]*\]|[()]|[^\s()"\[\]]+|\S')


def in_field(term: str, field: str) -> str:
    """Add a field tag to every untagged word run and phrase of a query."""
    resolve_tag(field, 0)
    out: list[str] = []
    run: list[str] = []

    def close(tag: str) -> None:
        if run:
            out.append(" ".join(run) + tag)
            run.clear()

    pieces = _PIECES.findall(term)
    for piece in pieces:
        if piece.startswith("["):
            close(piece)
        elif piece in ("AND", "OR", "NOT", "(", ")"):
            close(f"[{field}]")
            out.append(piece)
        elif piece.startswith('"') and len(piece) > 1:
            close(f"[{field}]")
            run.append(piece)
        else:
            if run and run[-1].startswith('"'):
                close(f"[{field}]")
            run.append(piece)
    close(f"[{field}]")
    return " ".join(out)


def _dates(asked: Asked) -> language.Node | None:
    """Read datetype, mindate, maxdate and reldate."""
    first, last = asked.text("mindate"), asked.text("maxdate")
    relative = asked.text("reldate")
    if not (first or last or relative):
        return None
    kind = asked.choice("datetype")
    field = _DATE_TYPES.get(kind)
    if field is None:
        raise Refused(f"Unsupported datetype {kind[:40]}; use pdat, edat, mdat, ppdat or epdat")
    if relative:
        days = asked.number("reldate", 0, 9999)
        return language.parse(f'"last {max(days, 1)} days"[{field}]').root
    for value in (first, last):
        if value and not re.fullmatch(r"[0-9]{4}([/-][0-9]{1,2}){0,2}", value):
            raise Refused(f"Invalid date {value[:40]}; write yyyy, yyyy/mm or yyyy/mm/dd")
    # One end alone is taken as it is meant; PubMed asks for both.
    first, last = (first or "0001").replace("-", "/"), (last or "3000").replace("-", "/")
    return language.parse(f"{first}:{last}[{field}]").root


def _read(asked: Asked, term: str) -> language.Query:
    if field := asked.text("field"):
        term = in_field(term, field)
    query = language.parse(term)
    dates = _dates(asked)
    if dates is None:
        return query
    return language.Query(
        language.Group(query.root, (("AND", dates),)), query.ignored, query.terms + 1
    )


def _sorted(desk: Desk, pmids: list[int], order: str) -> list[int]:
    if len(pmids) > MAX_SORTED:
        raise Refused(f"More than {MAX_SORTED:,} records to sort by {order}; narrow the search")
    key = _KEYS[order]
    keys: dict[int, str] = {}
    for start in range(0, len(pmids), 900):
        part = pmids[start : start + 900]
        marks = ",".join("?" * len(part))
        rows = desk.db.execute(
            f"SELECT pmid, record FROM records WHERE pmid IN ({marks})",  # noqa: S608
            part,
        )
        keys.update((pmid, key(_read_keys.decode(record))) for pmid, record in rows)
    return sorted(pmids, key=lambda p: keys.get(p, _LAST))


def _run(asked: Asked, desk: Desk, term: str) -> tuple[list[int], str, tuple[str, ...]]:
    compiled = compile_query(_read(asked, term), desk.db)
    notes = compiled.notes
    wanted = asked.choice("sort")
    order = _SORTS.get(wanted)
    if order is None:
        notes = (*notes, f"Unknown sort schema '{wanted[:40]}' ignored")
    if order == "date":
        sql = (
            f"SELECT f.pmid FROM ({compiled.sql}) AS f JOIN articles AS s ON s.pmid = f.pmid "  # noqa: S608
            "ORDER BY CASE WHEN s.printed THEN s.printed ELSE s.electronic END DESC, f.pmid DESC"
        )
    else:
        sql = f"SELECT pmid FROM ({compiled.sql}) ORDER BY pmid DESC"  # noqa: S608
    pmids = [int(row[0]) for row in desk.db.execute(sql, compiled.params)]
    if order in _KEYS:
        pmids = _sorted(desk, pmids, order)
    return pmids, compiled.translation, notes


def esearch(asked: Asked, desk: Desk) -> Found:
    """Search, keep the hits where that is asked for, and return one page of them.

    Raises
    ------
    Refused, QueryError
    """
    start = asked.number("retstart", 0)
    most = asked.number("retmax", 20, REACH)
    if start > REACH - 1:
        raise Refused(_TOO_FAR)
    term = asked.text("term")
    # Without a query key, a WebEnv only says where to keep the result.
    earlier = desk.from_history(asked) if asked.text("query_key") else None
    if not term and earlier is None:
        raise Refused("Empty term and query_key - nothing todo")
    if term:
        try:
            pmids, translation, notes = _run(asked, desk, term)
        except QueryError as error:
            if error.what.startswith("query: the search history"):
                raise Refused(
                    "Search history in a term (#1) is not supported here; use WebEnv with "
                    "query_key, which is combined with the term by AND"
                ) from None
            raise
        if earlier is not None:
            among = set(earlier.pmids)
            pmids = [p for p in pmids if p in among]
            translation = f"#{asked.number('query_key', 1)} AND ({translation})"
    else:
        assert earlier is not None
        pmids, notes = list(earlier.pmids), ()
        translation = f"#{asked.number('query_key', 1)}"
    web_env, key = "", 0
    if asked.choice("usehistory") in ("y", "yes", "1", "true"):
        web_env, key = desk.history.add(pmids, asked.text("webenv"), searched=True)
    page = tuple(pmids[start : min(start + most, REACH)])
    return Found(len(pmids), page, start, translation, notes, web_env, key)
