"""Answers of NCBI's E-utilities as plain values, and every way in which they go wrong.

The formats are described in NCBI's *Entrez Programming Utilities Help* (NBK25501, in particular
NBK25499) and in the DTDs named by the answers; both XML and JSON are read, of every version that
is known. No DTD is loaded, no entity expanded, no network used. Identifiers stay text, because
some databases have accessions instead of numbers.

An error that concerns the whole answer is raised, see :mod:`cmeneeds.entrez_errors`. What concerns
single identifiers comes back as a value, because the rest of the answer is still good. Answers of
elink are read by :func:`parse_elink`, also of every ``cmd``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from cmeneeds.entrez_errors import NotAnXmlAnswer, load_answer, quoted
from cmeneeds.entrez_errors import check_answer as check_answer

# --- the values ---------------------------------------------------------------------------------


class _Value(msgspec.Struct, frozen=True):
    """Immutable and compared by value."""


class Translation(_Value, frozen=True):
    """A phrase of the query, and what the service made of it."""

    source: str
    target: str


class SearchResult(_Value, frozen=True):
    """Answer of esearch."""

    count: int
    """How many records match; ``ids`` holds at most ``retmax`` of them."""
    ids: tuple[str, ...] = ()
    retmax: int = 0
    retstart: int = 0
    web_env: str = ""
    query_key: str = ""
    translation: str = ""
    """The query as it was run."""
    translations: tuple[Translation, ...] = ()
    phrases_not_found: tuple[str, ...] = ()
    fields_not_found: tuple[str, ...] = ()
    phrases_ignored: tuple[str, ...] = ()
    quoted_phrases_not_found: tuple[str, ...] = ()
    """Quoted phrases that the index lacks; PubMed then searched their words one by one."""
    messages: tuple[str, ...] = ()
    """Output messages, such as ``No items found.``"""


class PostResult(_Value, frozen=True):
    """Answer of epost."""

    web_env: str
    query_key: str
    invalid_ids: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Complaints about some of the identifiers; the others were stored."""


class Summary(_Value, frozen=True):
    """One document summary of esummary.

    Field names are in lower case, so that XML of version 2.0 and JSON give the same; lists are
    tuples, structures are read-only mappings, numbers stay text. Only an empty list differs: XML
    cannot tell it from empty text. Version 1.0 names its fields differently.
    """

    uid: str
    fields: Mapping[str, Any] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    error: str = ""
    """Why there is no summary of this record, empty where there is one."""


class Spelling(_Value, frozen=True):
    """Answer of espell."""

    database: str
    query: str
    corrected: str
    """The query as the service would write it; empty where it has nothing better."""
    replaced: tuple[str, ...] = ()
    """The words that it put in."""
    error: str = ""


class Count(_Value, frozen=True):
    """How many records of one database match, in an answer of egquery."""

    database: str
    menu: str
    count: int
    status: str
    """``Ok``, or why there is no count."""


class GlobalCounts(_Value, frozen=True):
    """Answer of egquery."""

    term: str
    counts: tuple[Count, ...]


class Field(_Value, frozen=True):
    """A search field of a database, as einfo lists it."""

    name: str
    full_name: str
    description: str
    terms: int
    """Number of distinct terms; 0 where the service does not say."""
    is_date: bool
    is_numerical: bool
    is_hidden: bool


class LinkKind(_Value, frozen=True):
    """A kind of link that elink can follow from a database."""

    name: str
    """Such as ``pubmed_pmc_refs``."""
    menu: str
    description: str
    db_to: str


class DatabaseInfo(_Value, frozen=True):
    """What einfo says of one database."""

    name: str
    menu: str
    description: str
    count: int
    updated: str
    """Date and time as the service writes them, such as ``2025/11/27 06:33``."""
    build: str = ""
    fields: tuple[Field, ...] = ()
    links: tuple[LinkKind, ...] = ()


class Info(_Value, frozen=True):
    """Answer of einfo: the names of all databases, or one database in full."""

    databases: tuple[str, ...] = ()
    database: DatabaseInfo | None = None


# --- elink ---


class Link(_Value, frozen=True):
    """A linked record."""

    id: str
    score: int | None = None
    """Of ``neighbor_score``: the higher, the closer; not comparable between sources."""


class LinkGroup(_Value, frozen=True):
    """The links of one kind to one database."""

    db_to: str
    name: str
    links: tuple[Link, ...] = ()
    query_key: str = ""
    """Of ``neighbor_history``: where on the history server the links lie."""
    info: str = ""
    """Such as ``Empty result``, or an error of this kind of link alone."""


class LinkInfo(_Value, frozen=True):
    """Of ``acheck``: a kind of link that a record has."""

    db_to: str
    name: str
    menu: str = ""
    html: str = ""
    url: str = ""
    priority: int = 0


class IdCheck(_Value, frozen=True):
    """Of ``acheck``, ``ncheck`` and ``lcheck``: what links a record has."""

    id: str
    has_neighbor: bool | None = None
    has_linkout: bool | None = None
    links: tuple[LinkInfo, ...] = ()


class Url(_Value, frozen=True):
    """Of ``llinks``, ``llinkslib`` and ``prlinks``: a page outside NCBI about a record."""

    url: str
    provider: str = ""
    provider_abbreviation: str = ""
    name: str = ""
    categories: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """Such as ``free resource`` or ``subscription/membership/fee required``."""


class IdUrls(_Value, frozen=True):
    """The pages of one record."""

    id: str
    urls: tuple[Url, ...] = ()
    info: str = ""
    """Such as ``No links``."""


class LinkSet(_Value, frozen=True):
    """Links from one record, or from several where they were asked for together."""

    db_from: str
    ids: tuple[str, ...] = ()
    groups: tuple[LinkGroup, ...] = ()
    web_env: str = ""
    checks: tuple[IdCheck, ...] = ()
    urls: tuple[IdUrls, ...] = ()
    error: str = ""

    def to(self, name: str) -> tuple[str, ...]:
        """Return the linked identifiers of one kind of link, such as ``pubmed_pmc``."""
        return tuple(k.id for g in self.groups if g.name == name for k in g.links)


# --- small readers ------------------------------------------------------------------------------


def _all(element: Any, path: str) -> tuple[str, ...]:
    return tuple(t for e in element.iterfind(path) if (t := "".join(e.itertext()).strip()))


def _said(element: Any, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _number(text: object) -> int:
    """Return a count as a number; the services leave it empty where they have none."""
    said = str(text or "").strip()
    return int(said) if said.isdecimal() and len(said) <= 19 else 0


def _unexpected(body: bytes, wanted: str) -> NotAnXmlAnswer:
    head = quoted(body[:400].decode("utf-8", "replace"))
    return NotAnXmlAnswer(f"the answer is not one of {wanted}: {head}", "Check the address")


def answer_of(body: bytes, wanted: str, *roots: str) -> Any:
    """Load an answer and make sure that it is of the utility ``wanted``.

    ``roots`` are the names that it may have: of the XML root, or of a member of the JSON object.
    Returns the root, or the whole JSON object. Raises as :func:`check_answer` does.
    """
    found = load_answer(body)
    names = found if isinstance(found, dict) else (getattr(found, "tag", ""),)
    if not any(root in names for root in roots):
        raise _unexpected(body, wanted)
    return found


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# --- the answers --------------------------------------------------------------------------------


def parse_esearch(body: bytes) -> SearchResult:
    """Read an answer of esearch, XML or JSON.

    Raises
    ------
    SourceError
        As :func:`check_answer`; NotAnXmlAnswer also for the answer of another utility.
    """
    found = answer_of(body, "esearch", "eSearchResult", "esearchresult")
    if isinstance(found, dict):
        value = _object(found["esearchresult"])
        failed, warned = _object(value.get("errorlist")), _object(value.get("warninglist"))
        changes = [c for c in value.get("translationset") or () if isinstance(c, dict)]
        return SearchResult(
            _number(value.get("count")),
            _strings(value.get("idlist")),
            _number(value.get("retmax")),
            _number(value.get("retstart")),
            str(value.get("webenv") or ""),
            str(value.get("querykey") or ""),
            str(value.get("querytranslation") or ""),
            tuple(Translation(str(c.get("from", "")), str(c.get("to", ""))) for c in changes),
            _strings(failed.get("phrasesnotfound")),
            _strings(failed.get("fieldsnotfound")),
            _strings(warned.get("phrasesignored")),
            _strings(warned.get("quotedphrasesnotfound")),
            _strings(warned.get("outputmessages")),
        )
    return SearchResult(
        _number(found.findtext("Count")),
        _all(found, "IdList/Id"),
        _number(found.findtext("RetMax")),
        _number(found.findtext("RetStart")),
        _said(found, "WebEnv"),
        _said(found, "QueryKey"),
        _said(found, "QueryTranslation"),
        tuple(
            Translation(_said(t, "From"), _said(t, "To"))
            for t in found.iterfind("TranslationSet/Translation")
        ),
        _all(found, "ErrorList/PhraseNotFound"),
        _all(found, "ErrorList/FieldNotFound"),
        _all(found, "WarningList/PhraseIgnored"),
        _all(found, "WarningList/QuotedPhraseNotFound"),
        _all(found, "WarningList/OutputMessage"),
    )


def parse_epost(body: bytes) -> PostResult:
    """Read an answer of epost. It is given as XML only."""
    found = answer_of(body, "epost", "ePostResult")
    return PostResult(
        _said(found, "WebEnv"),
        _said(found, "QueryKey"),
        _all(found, "InvalidIdList/Id"),
        _all(found, "ERROR"),
    )


def parse_espell(body: bytes) -> Spelling:
    """Read an answer of espell. It is given as XML only."""
    found = answer_of(body, "espell", "eSpellResult")
    return Spelling(
        _said(found, "Database"),
        _said(found, "Query"),
        _said(found, "CorrectedQuery"),
        _all(found, "SpelledQuery/Replaced"),
        _said(found, "ERROR"),
    )


def parse_egquery(body: bytes) -> GlobalCounts:
    """Read an answer of egquery, a utility that NCBI has since retired."""
    found = answer_of(body, "egquery", "Result")
    return GlobalCounts(
        _said(found, "Term"),
        tuple(
            Count(_said(r, "DbName"), _said(r, "MenuName"), _number(r.findtext("Count")),
                  _said(r, "Status"))
            for r in found.iterfind("eGQueryResult/ResultItem")
        ),
    )  # fmt: skip


def parse_einfo(body: bytes) -> Info:
    """Read an answer of einfo, XML or JSON."""
    found = answer_of(body, "einfo", "eInfoResult", "einforesult")
    if not isinstance(found, dict):
        found = {"einforesult": _plain_info(found)}
    value = _object(found["einforesult"])
    info = value.get("dbinfo")
    if isinstance(info, list):  # newer answers wrap it
        info = info[0] if info else None
    if not isinstance(info, dict):
        return Info(_strings(value.get("dblist")))

    def say(item: Mapping[str, Any], key: str) -> str:
        return str(item.get(key) or "").strip()

    fields = [f for f in info.get("fieldlist") or () if isinstance(f, dict)]
    links = [k for k in info.get("linklist") or () if isinstance(k, dict)]
    return Info(
        (),
        DatabaseInfo(
            say(info, "dbname"),
            say(info, "menuname"),
            say(info, "description"),
            _number(info.get("count")),
            say(info, "lastupdate"),
            say(info, "dbbuild"),
            tuple(
                Field(say(f, "name"), say(f, "fullname"), say(f, "description"),
                      _number(f.get("termcount")), say(f, "isdate") == "Y",
                      say(f, "isnumerical") == "Y", say(f, "ishidden") == "Y")
                for f in fields
            ),
            tuple(
                LinkKind(say(k, "name"), say(k, "menu"), say(k, "description"), say(k, "dbto"))
                for k in links
            ),
        ),
    )  # fmt: skip


def _plain_info(root: Any) -> dict[str, Any]:
    """Turn einfo's XML into the shape of its JSON."""
    value: dict[str, Any] = {"dblist": list(_all(root, "DbList/DbName"))}
    if (info := root.find("DbInfo")) is not None:
        value["dbinfo"] = {
            e.tag.lower(): [{x.tag.lower(): x.text for x in item} for item in e]
            if len(e)
            else e.text
            for e in info
        }
    return value


# --- esummary -----------------------------------------------------------------------------------

_UID = re.compile(r"(?:UID=|uid )[\"']?([\w.]+)", re.IGNORECASE)


def parse_esummary(body: bytes) -> tuple[Summary, ...]:
    """Read an answer of esummary of any database: version 1.0 or 2.0, XML or JSON.

    A record that the service has no summary of comes back with its ``error``.

    Raises
    ------
    SourceError
        As :func:`check_answer`; NotAnXmlAnswer also for the answer of another utility.
    """
    found = answer_of(
        body, "esummary", "eSummaryResult", "result", "esummaryresult", "error", "ERROR"
    )
    if isinstance(found, dict):
        return tuple(_json_summaries(found))
    return tuple(_xml_summaries(found))


def _json_summaries(answer: dict[str, Any]) -> Iterator[Summary]:
    result = _object(answer.get("result"))
    for uid in result.get("uids") or ():
        value = _object(result.get(str(uid)))
        error = str(value.get("error") or "") if value else "no summary in the answer"
        fields = {k: v for k, v in value.items() if k not in ("uid", "error")}
        yield Summary(str(uid), _frozen(fields), error)
    said = [answer.get("error"), answer.get("ERROR"), *_strings(answer.get("esummaryresult"))]
    yield from (_missing(text) for text in said if isinstance(text, str) and text.strip())


def _xml_summaries(root: Any) -> Iterator[Summary]:
    for item in root.iter("DocumentSummary"):
        error = _said(item, "error")
        yield Summary(item.get("uid", ""), _frozen(_plain(item) or {}), error)
    for item in root.iterfind("DocSum"):
        fields = {i.get("Name", "").lower(): _item(i) for i in item.iterfind("Item")}
        yield Summary(_said(item, "Id"), _frozen(fields))
    errors = [*root.iterfind("ERROR"), *root.iterfind("DocumentSummarySet/error")]
    yield from (_missing(e.text) for e in errors if (e.text or "").strip())


def _missing(text: str) -> Summary:
    uid = _UID.search(text)
    return Summary(uid.group(1) if uid else "", error=text.strip())


def _item(element: Any) -> Any:
    """Read an ``Item`` of version 1.0: a list, a structure or text."""
    kind = element.get("Type")
    if kind == "List":
        # ArticleIds and the like are lists of differently named items.
        names = {i.get("Name") for i in element}
        if len(names) == len(element) > 1 and all(not len(i) for i in element):
            return {i.get("Name", "").lower(): _item(i) for i in element}
        return [_item(i) for i in element]
    if kind == "Structure":
        return {i.get("Name", "").lower(): _item(i) for i in element}
    return (element.text or "").strip()


# Lists that look like structures when they have one entry, or none.
_LISTS = re.compile(
    r"(?:s|list|lang|pubtype|papx|subheading|previousindexing|children|seerelated)\Z", re.IGNORECASE
)


def _plain(element: Any) -> Any:
    """Turn an element of version 2.0 into text, a list or a structure, as the JSON has it."""
    if not len(element):
        return (element.text or "").strip()
    tags = [e.tag for e in element]
    if len(set(tags)) == 1 and (len(tags) > 1 or _LISTS.search(element.tag)):
        return [_plain(e) for e in element]
    value: dict[str, Any] = {}
    for child in element:
        key, inner = child.tag.lower(), _plain(child)
        if tags.count(child.tag) > 1:
            value.setdefault(key, []).append(inner)
        else:
            value[key] = inner
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({k: _frozen(v) for k, v in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    return "" if value is None else str(value).strip()


# --- elink --------------------------------------------------------------------------------------


def parse_elink(body: bytes) -> tuple[LinkSet, ...]:
    """Read an answer of elink, of whatever ``cmd``.

    Where identifiers were sent one ``id`` parameter each, there is one set for each of them, in
    the order of the service, which need not be the order sent. JSON is read for ``neighbor``,
    ``neighbor_score`` and ``neighbor_history``.

    Raises
    ------
    SourceError
        As :func:`check_answer`; NotAnXmlAnswer also for the answer of another utility.
    """
    found = answer_of(body, "elink", "eLinkResult", "linksets")
    if isinstance(found, dict):
        sets = found["linksets"]
        return tuple(_json_links(s) for s in sets or () if isinstance(s, dict))
    return tuple(
        LinkSet(
            _said(s, "DbFrom"),
            _all(s, "IdList/Id"),
            tuple(_group(g) for g in s if g.tag in ("LinkSetDb", "LinkSetDbHistory")),
            _said(s, "WebEnv"),
            tuple(_check(c) for c in s.iterfind("IdCheckList/*") if c.tag in ("Id", "IdLinkSet")),
            tuple(_id_urls(u) for u in s.iterfind("IdUrlList/IdUrlSet")),
            _said(s, "ERROR") or _said(s, "IdCheckList/ERROR") or _said(s, "IdUrlList/ERROR"),
        )
        for s in found.iterfind("LinkSet")
    )


def _group(element: Any) -> LinkGroup:
    links = []
    for link in element.iterfind("Link"):
        score = link.findtext("Score")
        links.append(Link(_said(link, "Id"), _number(score) if score else None))
    return LinkGroup(
        _said(element, "DbTo"),
        _said(element, "LinkName"),
        tuple(links),
        _said(element, "QueryKey"),
        _said(element, "ERROR") or _said(element, "Info"),
    )


def _check(element: Any) -> IdCheck:
    if element.tag == "Id":
        yes = {"Y": True, "N": False}
        return IdCheck(
            (element.text or "").strip(),
            yes.get(element.get("HasNeighbor", "")),
            yes.get(element.get("HasLinkOut", "")),
        )
    links = tuple(
        LinkInfo(
            _said(i, "DbTo"),
            _said(i, "LinkName"),
            _said(i, "MenuTag"),
            _said(i, "HtmlTag"),
            _said(i, "Url"),
            _number(i.findtext("Priority")),
        )
        for i in element.iterfind("LinkInfo")
    )
    return IdCheck(_said(element, "Id"), bool(links), None, links)


def _id_urls(element: Any) -> IdUrls:
    return IdUrls(
        _said(element, "Id"),
        tuple(
            Url(
                _said(o, "Url"),
                _said(o, "Provider/Name"),
                _said(o, "Provider/NameAbbr"),
                _said(o, "LinkName"),
                _all(o, "Category"),
                _all(o, "SubjectType"),
                _all(o, "Attribute"),
            )
            for o in element.iterfind("ObjUrl")
        ),
        _said(element, "Info"),
    )


def _json_links(value: dict[str, Any]) -> LinkSet:
    groups = [g for g in value.get("linksetdbs") or () if isinstance(g, dict)]
    groups += [g for g in value.get("linksetdbhistories") or () if isinstance(g, dict)]
    return LinkSet(
        str(value.get("dbfrom") or ""),
        _strings(value.get("ids")),
        tuple(
            LinkGroup(
                str(g.get("dbto") or ""),
                str(g.get("linkname") or ""),
                tuple(
                    Link(str(k.get("id", "")), _number(k["score"]) if "score" in k else None)
                    if isinstance(k, dict)
                    else Link(str(k))
                    for k in g.get("links") or ()
                ),
                str(g.get("querykey") or ""),
                str(g.get("error") or g.get("info") or ""),
            )
            for g in groups
        ),
        str(value.get("webenv") or ""),
    )
