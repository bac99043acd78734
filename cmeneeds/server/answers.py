"""Answers in the formats of NCBI's E-utilities, one function a utility.

Formats are those of https://www.ncbi.nlm.nih.gov/books/NBK25499/. Errors are worded as NCBI words
them where it has the same error, and come with the HTTP status that NCBI uses for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cmeneeds.errors import QueryError
from cmeneeds.records import Article
from cmeneeds.server import info, pubmed_out, summaries, text_out
from cmeneeds.server.asked import MAX_UIDS, Asked, Refused
from cmeneeds.server.desk import Desk
from cmeneeds.server.history import ResultSet
from cmeneeds.server.links import elink
from cmeneeds.server.pubmed_out import escape
from cmeneeds.server.searching import esearch

MAX_JSON_UIDS = 500
"""Records in one JSON summary, as at NCBI."""

MAX_ANSWER = 256 << 20
"""Bytes in one answer."""

_DTD = "https://eutils.ncbi.nlm.nih.gov/eutils/dtd"
_DOCTYPES = {
    "esearch": ("eSearchResult", "esearch 20060628", f"{_DTD}/20060628/esearch.dtd"),
    "esummary": ("eSummaryResult", "esummary v1 20041029", f"{_DTD}/20041029/esummary-v1.dtd"),
    "einfo": ("eInfoResult", "einfo 20190110", f"{_DTD}/20190110/einfo.dtd"),
    "epost": ("ePostResult", "epost 20090526", f"{_DTD}/20090526/epost.dtd"),
    "elink": ("eLinkResult", "elink 20101123", f"{_DTD}/20101123/elink.dtd"),
    "espell": (
        "eSpellResult",
        "eSpellResult, 23 November 2004",
        "https://www.ncbi.nlm.nih.gov/entrez/query/DTD/eSpell.dtd",
    ),
    "efetch": ("eFetchResult", "efetch 20131226", f"{_DTD}/20131226/efetch.dtd"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    body: bytes
    kind: str
    """``xml``, ``json`` or ``text``."""
    status: int = 200
    remarks: str = ""
    """What to know about the answer that is no warning; goes into a header, in ASCII."""


def _xml(name: str, inner: str, status: int = 200, *, doctype: bool = True) -> Answer:
    root, public, system = _DOCTYPES[name]
    head = '<?xml version="1.0" encoding="UTF-8" ?>\n'
    if doctype:
        head += f'<!DOCTYPE {root} PUBLIC "-//NLM//DTD {public}//EN" "{system}">\n'
    return Answer(f"{head}<{root}>{inner}</{root}>\n".encode(), "xml", status)


def _json(name: str, fields: dict[str, Any], status: int = 200) -> Answer:
    said = {"header": {"type": name, "version": "0.3"}, **fields}
    text = json.dumps(said, ensure_ascii=False)
    # A lone surrogate cannot be encoded; as an escape it is valid JSON.
    return Answer(text.encode("utf-8", "backslashreplace"), "json", status)


def error_answer(name: str, asked: Asked, message: str, status: int = 200) -> Answer:
    """Say what is wrong in the format that was asked for."""
    if asked.choice("retmode") == "json" and name != "efetch":
        if name in ("esearch", "einfo"):
            return _json(name, {f"{name}result": {"ERROR": message}}, status)
        if name == "elink":
            return _json(name, {"linksets": [], "ERROR": message}, status)
        return _json(name, {f"{name}result": [message]}, status)
    inner = f"<ERROR>{escape(message)}</ERROR>"
    if name == "espell":  # its DTD wants all of them
        inner = (
            f"<Database>{escape(asked.text('db'))}</Database><Query></Query><CorrectedQuery>"
            f"</CorrectedQuery><SpelledQuery></SpelledQuery>{inner}"
        )
    # The DTD of efetch's errors is in no client: naming it would send them to the internet.
    return _xml(name, inner, status, doctype=name != "efetch")


def answer(name: str, asked: Asked, desk: Desk) -> Answer:
    """Answer one request; whatever is wrong with it becomes an error answer.

    Parameters
    ----------
    name : str
        A key of :data:`UTILITIES`.
    asked : Asked
        The parameters.
    desk : Desk
        Connections of the calling thread.
    """
    try:
        with desk.time_limit():
            return UTILITIES[name](asked, desk)
    except Refused as refused:
        return error_answer(name, asked, refused.message, refused.status)
    except QueryError as error:
        return error_answer(name, asked, str(error))


def _require_pubmed(asked: Asked, name: str = "db", status: int = 200) -> None:
    db = asked.text(name, "pubmed").lower()
    if db != "pubmed":
        raise Refused(f"Invalid db name specified: {asked.text(name)[:60]}", status)


def _format(asked: Asked, *, allowed: Sequence[str] = ("xml", "json")) -> str:
    mode = asked.choice("retmode") or "xml"
    if mode not in allowed:
        raise Refused(f"retmode={mode[:40]} is not supported; use {' or '.join(allowed)}", 400)
    return mode


# --- esearch ------------------------------------------------------------------------------------


def _esearch(asked: Asked, desk: Desk) -> Answer:
    _require_pubmed(asked)
    mode = _format(asked)
    found = esearch(asked, desk)
    if asked.choice("rettype") == "count":
        if mode == "json":
            return _json("esearch", {"esearchresult": {"count": str(found.count)}})
        return _xml("esearch", f"<Count>{found.count}</Count>")
    notes = list(found.notes)
    if not found.count:
        notes.append("No items found.")
    if mode == "json":
        result: dict[str, Any] = {
            "count": str(found.count),
            "retmax": str(len(found.pmids)),
            "retstart": str(found.start),
        }
        if found.web_env:
            result |= {"querykey": str(found.query_key), "webenv": found.web_env}
        result |= {
            "idlist": [str(p) for p in found.pmids],
            "translationset": [],
            "querytranslation": found.translation,
        }
        if notes:
            result["warninglist"] = {
                "phrasesignored": [],
                "quotedphrasesnotfound": [],
                "outputmessages": notes,
            }
        return _json("esearch", {"esearchresult": result})
    kept = ""
    if found.web_env:
        kept = f"<QueryKey>{found.query_key}</QueryKey><WebEnv>{found.web_env}</WebEnv>"
    # EDirect takes any warning for a failure and asks twice more, so only real ones stand here.
    remarks = [n for n in notes if n.startswith(_REMARKS)]
    warnings = "".join(
        f"<OutputMessage>{escape(n)}</OutputMessage>" for n in notes if n not in remarks
    )
    found_xml = _xml(
        "esearch",
        f"<Count>{found.count}</Count><RetMax>{len(found.pmids)}</RetMax>"
        f"<RetStart>{found.start}</RetStart>{kept}{_id_list(found.pmids)}<TranslationSet/>"
        f"<QueryTranslation>{escape(found.translation)}</QueryTranslation>"
        + (f"<WarningList>{warnings}</WarningList>" if warnings else ""),
    )
    said = text_out.flat("; ".join(remarks))[:500].encode("ascii", "backslashreplace").decode()
    return replace(found_xml, remarks=said)


_REMARKS = ("untagged words were searched", "ignored, as PubMed does")
"""How notes begin that belong to almost every query and take nothing away from it."""


def _id_list(pmids: Iterable[int]) -> str:
    inner = "".join(f"<Id>{pmid}</Id>\n" for pmid in pmids)
    return f"<IdList>\n{inner}</IdList>" if inner else "<IdList/>"


# --- efetch and esummary ------------------------------------------------------------------------

_RENDERED = {"": "xml", "xml": "xml", "full": "xml", "native": "xml", "null": "xml"}
_BACKEND = (
    "Search Backend failed: Exception:\n'retstart' cannot be larger than 9998. For PubMed, {} can "
    "only retrieve the first 9,999 records matching the query."
)


def _window(asked: Asked, kept: ResultSet, name: str) -> tuple[int, ...]:
    """Return the PMIDs of a kept set that are asked for."""
    start = asked.number("retstart", 0)
    most = asked.number("retmax", MAX_UIDS, MAX_UIDS)
    end = start + most
    if kept.searched:
        if start > 9998:
            raise Refused(_BACKEND.format(name), 400)
        end = min(end, 9999)
    return tuple(kept.pmids[start:end])


def _wanted(asked: Asked, desk: Desk, name: str) -> tuple[int, ...] | None:
    """Return the PMIDs asked for, by id or by history; None where nothing is named."""
    if asked.text("id"):
        start = asked.number("retstart", 0)
        most = asked.number("retmax", MAX_UIDS, MAX_UIDS)
        return asked.ids().known[start : start + most]
    kept = desk.from_history(asked)
    return None if kept is None else _window(asked, kept, name)


def _efetch(asked: Asked, desk: Desk) -> Answer:
    _require_pubmed(asked, status=400)
    mode, kind = asked.choice("retmode"), asked.choice("rettype")
    form = _RENDERED.get(kind, kind)
    if (form == "abstract" and mode != "text") or (form == "medline" and mode == "xml"):
        form = "xml"  # as NCBI does: only text has these forms
    if form == "xml" and mode == "text":
        form = "medline"
    if mode not in ("", "xml", "text") or form not in ("xml", "medline", "abstract", "uilist"):
        raise Refused(
            f"Unsupported combination rettype={kind[:40]} retmode={mode[:40]}; use xml, medline, "
            "abstract or uilist",
            400,
        )
    pmids = _wanted(asked, desk, "EFetch")
    if pmids is None or (not pmids and asked.text("id") and not asked.ids().known):
        raise Refused("ID list is empty! Possibly it has no correct IDs.", 400)
    if form == "uilist":
        if mode == "xml":
            text = f'<?xml version="1.0" encoding="UTF-8" ?>\n{_id_list(pmids)}\n'
            return Answer(text.encode(), "xml")
        return Answer("".join(f"{p}\n" for p in pmids).encode(), "text")
    if form == "xml":
        parts = _rendered(desk, pmids, lambda a, _: pubmed_out.render_record(a))
        return Answer(b"".join((pubmed_out.HEAD, *parts, pubmed_out.TAIL)), "xml")
    if form == "medline":
        parts = _rendered(desk, pmids, lambda a, _: _utf8(text_out.medline(a)))
    else:
        parts = _rendered(desk, pmids, lambda a, n: _utf8(text_out.abstract(a, n)))
    return Answer(b"".join(parts), "text")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _rendered(
    desk: Desk, pmids: Sequence[int], write: Callable[[Article, int], bytes]
) -> list[bytes]:
    """Write the records, in small portions so that they are never all in memory as objects."""
    parts: list[bytes] = []
    size = 0
    for start in range(0, len(pmids), 200):
        for article in desk.library.get_many(pmids[start : start + 200]):
            parts.append(write(article, len(parts) + 1))
            size += len(parts[-1])
        if size > MAX_ANSWER:
            raise Refused(
                f"The answer would be larger than {MAX_ANSWER >> 20} MiB; ask for fewer records",
                400,
            )
    return parts


def _esummary(asked: Asked, desk: Desk) -> Answer:
    _require_pubmed(asked)
    mode = _format(asked)
    pmids = _wanted(asked, desk, "ESummary")
    if pmids is None:
        raise Refused("Empty id list - nothing todo")
    bad = asked.ids().invalid if asked.text("id") else ()
    if not pmids and bad:
        raise Refused(f"Invalid uid {bad[0]} at position=0")
    if mode == "json" and len(pmids) > MAX_JSON_UIDS:
        raise Refused(
            "Too many UIDs in request. Maximum number of UIDs is "
            f"{MAX_JSON_UIDS} for JSON format output."
        )
    found = {a.pmid: a for a in desk.library.get_many(pmids)}
    missing = "cannot get document summary"
    if mode == "json":
        result: dict[str, Any] = {"uids": [str(p) for p in pmids]}
        for p in pmids:
            a = found.get(p)
            result[str(p)] = summaries.summary(a) if a else {"uid": str(p), "error": missing}
        return _json("esummary", {"result": result})
    if asked.text("version").startswith("2"):
        parts = [
            summaries.document_summary(found[p])
            if p in found
            else f'<DocumentSummary uid="{p}"><error>{missing}</error></DocumentSummary>\n'
            for p in pmids
        ]
        inner = f'<DocumentSummarySet status="OK">\n{"".join(parts)}</DocumentSummarySet>'
        # Named with no DTD: clients that load one would ask NCBI for it.
        return _xml("esummary", inner, doctype=False)
    parts = [f"<ERROR>Invalid uid {escape(b)} at position=0</ERROR>\n" for b in bad[:20]]
    parts += [
        summaries.docsum(found[p]) if p in found else f"<ERROR>UID={p}: {missing}</ERROR>\n"
        for p in pmids
    ]
    return _xml("esummary", "\n" + "".join(parts))


# --- the small ones -----------------------------------------------------------------------------


def _epost(asked: Asked, desk: Desk) -> Answer:
    _require_pubmed(asked)
    ids = asked.ids()
    if not ids.known:
        if ids.invalid:
            raise Refused(
                "Some IDs have invalid value and were omitted. "
                "Maximum ID value 18446744073709551615"
            )
        raise Refused("Empty ID list; Nothing to store")
    web_env, key = desk.history.add(ids.known, asked.text("webenv"))
    if _format(asked) == "json":
        return _json("epost", {"epostresult": {"querykey": str(key), "webenv": web_env}})
    invalid = "".join(f"<Id>{escape(b)}</Id>" for b in ids.invalid)
    inner = f"<InvalidIdList>{invalid}</InvalidIdList>" if invalid else ""
    # A line each: clients of the shell kind read this by line.
    return _xml("epost", f"\n{inner}<QueryKey>{key}</QueryKey>\n<WebEnv>{web_env}</WebEnv>\n")


def _einfo(asked: Asked, desk: Desk) -> Answer:
    mode = _format(asked)
    db = asked.text("db")
    if db and db.lower() != "pubmed":
        raise Refused(f"Can not retrieve DbInfo for db={db[:60]}")
    if mode == "json":
        return _json("einfo", {"einforesult": info.as_json(desk) if db else info.DATABASES_JSON})
    return _xml("einfo", info.as_xml(desk) if db else info.DATABASES_XML)


def _elink(asked: Asked, desk: Desk) -> Answer:
    result = elink(asked, desk)
    if _format(asked) == "json":
        return _json("elink", {"linksets": result.as_json()})
    return _xml("elink", result.as_xml())


def _espell(asked: Asked, desk: Desk) -> Answer:
    _require_pubmed(asked)
    _format(asked, allowed=("xml",))
    query = asked.text("term")
    if not query:
        raise Refused("Empty term - nothing todo")
    found = desk.vocabulary.check(query)
    pieces = "".join(
        f"<{name}>{escape(text)}</{name}>"
        for name, text in (("Replaced" if new else "Original", t) for t, new in found.pieces)
    )
    return _xml(
        "espell",
        f"<Database>pubmed</Database><Query>{escape(query)}</Query>"
        f"<CorrectedQuery>{escape(found.corrected)}</CorrectedQuery>"
        f"<SpelledQuery>{pieces}</SpelledQuery><ERROR/>",
    )


UTILITIES: dict[str, Callable[[Asked, Desk], Answer]] = {
    "einfo": _einfo,
    "esearch": _esearch,
    "epost": _epost,
    "esummary": _esummary,
    "efetch": _efetch,
    "elink": _elink,
    "espell": _espell,
}
"""The utilities offered, by name."""
