"""Answers of NCBI's E-utilities as plain values, and every way in which they go wrong.

The formats are described in NCBI's *Entrez Programming Utilities Help* (NBK25501, in particular
NBK25499) and in the DTDs named by the answers; both XML and JSON are read, of every version that
is known. No DTD is loaded, no entity expanded, no network used. Identifiers stay text, because
some databases have accessions instead of numbers.

An error that concerns the whole answer is raised, see :mod:`cmeneeds.entrez_errors`. What concerns
single identifiers comes back as a value, because the rest of the answer is still good. Answers of
elink are read in :mod:`cmeneeds.eutils_links`, those of einfo in :mod:`cmeneeds.eutils_info`.
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


class Value(msgspec.Struct, frozen=True):
    """Immutable and compared by value."""


class Translation(Value, frozen=True):
    """A phrase of the query, and what the service made of it."""

    source: str
    target: str


class SearchResult(Value, frozen=True):
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


class PostResult(Value, frozen=True):
    """Answer of epost."""

    web_env: str
    query_key: str
    invalid_ids: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Complaints about some of the identifiers; the others were stored."""


class Summary(Value, frozen=True):
    """One document summary of esummary.

    Field names are in lower case, so that XML of version 2.0 and JSON give the same; lists are
    tuples, structures are read-only mappings, numbers stay text. Only an empty list differs: XML
    cannot tell it from empty text. Version 1.0 names its fields differently.
    """

    uid: str
    fields: Mapping[str, Any] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    error: str = ""
    """Why there is no summary of this record, empty where there is one."""


class Spelling(Value, frozen=True):
    """Answer of espell."""

    database: str
    query: str
    corrected: str
    """The query as the service would write it; empty where it has nothing better."""
    replaced: tuple[str, ...] = ()
    """The words that it put in."""
    error: str = ""


class Count(Value, frozen=True):
    """How many records of one database match, in an answer of egquery."""

    database: str
    menu: str
    count: int
    status: str
    """``Ok``, or why there is no count."""


class GlobalCounts(Value, frozen=True):
    """Answer of egquery."""

    term: str
    counts: tuple[Count, ...]


# --- small readers ------------------------------------------------------------------------------


def texts_at(element: Any, path: str) -> tuple[str, ...]:
    """Return the texts of all elements at a path that have any."""
    return tuple(t for e in element.iterfind(path) if (t := "".join(e.itertext()).strip()))


def text_at(element: Any, path: str) -> str:
    """Return the text of the first element at a path; empty where there is none."""
    return (element.findtext(path) or "").strip()


def whole_number(text: object) -> int:
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


def strings_in(value: object) -> tuple[str, ...]:
    """Return the items of a JSON list as text; empty for anything else."""
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object; empty for anything else."""
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
        value = mapping(found["esearchresult"])
        failed, warned = mapping(value.get("errorlist")), mapping(value.get("warninglist"))
        changes = [c for c in value.get("translationset") or () if isinstance(c, dict)]
        return SearchResult(
            whole_number(value.get("count")),
            strings_in(value.get("idlist")),
            whole_number(value.get("retmax")),
            whole_number(value.get("retstart")),
            str(value.get("webenv") or ""),
            str(value.get("querykey") or ""),
            str(value.get("querytranslation") or ""),
            tuple(Translation(str(c.get("from", "")), str(c.get("to", ""))) for c in changes),
            strings_in(failed.get("phrasesnotfound")),
            strings_in(failed.get("fieldsnotfound")),
            strings_in(warned.get("phrasesignored")),
            strings_in(warned.get("quotedphrasesnotfound")),
            strings_in(warned.get("outputmessages")),
        )
    return SearchResult(
        whole_number(found.findtext("Count")),
        texts_at(found, "IdList/Id"),
        whole_number(found.findtext("RetMax")),
        whole_number(found.findtext("RetStart")),
        text_at(found, "WebEnv"),
        text_at(found, "QueryKey"),
        text_at(found, "QueryTranslation"),
        tuple(
            Translation(text_at(t, "From"), text_at(t, "To"))
            for t in found.iterfind("TranslationSet/Translation")
        ),
        texts_at(found, "ErrorList/PhraseNotFound"),
        texts_at(found, "ErrorList/FieldNotFound"),
        texts_at(found, "WarningList/PhraseIgnored"),
        texts_at(found, "WarningList/QuotedPhraseNotFound"),
        texts_at(found, "WarningList/OutputMessage"),
    )


def parse_epost(body: bytes) -> PostResult:
    """Read an answer of epost. It is given as XML only."""
    found = answer_of(body, "epost", "ePostResult")
    return PostResult(
        text_at(found, "WebEnv"),
        text_at(found, "QueryKey"),
        texts_at(found, "InvalidIdList/Id"),
        texts_at(found, "ERROR"),
    )


def parse_espell(body: bytes) -> Spelling:
    """Read an answer of espell. It is given as XML only."""
    found = answer_of(body, "espell", "eSpellResult")
    return Spelling(
        text_at(found, "Database"),
        text_at(found, "Query"),
        text_at(found, "CorrectedQuery"),
        texts_at(found, "SpelledQuery/Replaced"),
        text_at(found, "ERROR"),
    )


def parse_egquery(body: bytes) -> GlobalCounts:
    """Read an answer of egquery, a utility that NCBI has since retired."""
    found = answer_of(body, "egquery", "Result")
    return GlobalCounts(
        text_at(found, "Term"),
        tuple(
            Count(text_at(r, "DbName"), text_at(r, "MenuName"), whole_number(r.findtext("Count")),
                  text_at(r, "Status"))
            for r in found.iterfind("eGQueryResult/ResultItem")
        ),
    )  # fmt: skip


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
    result = mapping(answer.get("result"))
    for uid in result.get("uids") or ():
        value = mapping(result.get(str(uid)))
        error = str(value.get("error") or "") if value else "no summary in the answer"
        fields = {k: v for k, v in value.items() if k not in ("uid", "error")}
        yield Summary(str(uid), _frozen(fields), error)
    said = [answer.get("error"), answer.get("ERROR"), *strings_in(answer.get("esummaryresult"))]
    yield from (_missing(text) for text in said if isinstance(text, str) and text.strip())


def _xml_summaries(root: Any) -> Iterator[Summary]:
    for item in root.iter("DocumentSummary"):
        error = text_at(item, "error")
        yield Summary(item.get("uid", ""), _frozen(_plain(item) or {}), error)
    for item in root.iterfind("DocSum"):
        fields = {i.get("Name", "").lower(): _item(i) for i in item.iterfind("Item")}
        yield Summary(text_at(item, "Id"), _frozen(fields))
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
