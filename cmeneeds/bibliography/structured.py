"""CSL JSON (Zotero, Mendeley, pandoc, our own ``references.json``) and EndNote XML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from lxml import etree

from cmeneeds.bibliography.model import (
    Entry,
    Reading,
    bare_pmid,
    doi_in,
    names,
    one_line,
    pages_of,
    pmcid_in,
    pmid_in,
    year_in,
)

# --- CSL JSON -----------------------------------------------------------------------------------

_SPACE = re.compile(r"[\s,]*")


def read_csl(text: str) -> Reading:
    """Read CSL JSON, item by item, so that what stands before a broken one is kept."""
    reading = Reading()
    for line, item in _items(text, reading):
        if isinstance(item, dict):
            reading.add(csl_entry(item, line))
        else:
            reading.lose(line, "not an item of CSL JSON")
    return reading


def _items(text: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    # Zotero's web answers wrap the list in {"items": ...}.
    start = re.match(r'\s*(?:\{\s*"items"\s*:\s*)?\[', text)
    position = start.end() if start else len(text) - len(text.lstrip())
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    while True:
        gap = _SPACE.match(text, position)
        position = gap.end() if gap else position
        line += text.count("\n", counted, position)
        counted = position
        if position >= len(text):
            if start:
                reading.doubt(line, "the list has no end; the file may be cut short")
            return
        if text[position] == "]" and start:
            return
        try:
            item, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            reading.lose(line, "cannot be read as JSON; nothing from here on was read")
            return
        yield line, item
        if not start:
            return


def csl_entry(item: Mapping[str, Any], line: int = 0) -> Entry:
    """Describe an item of CSL JSON."""

    def get(*keys: str) -> str:
        return next((one_line(v) for k in keys if (v := item.get(k)) and _scalar(v)), "")

    note = get("note")
    return Entry(
        title=get("title"),
        authors=names(_csl_names(item.get("author") or item.get("editor"))),
        year=_csl_year(item.get("issued")),
        journal=get("container-title", "container-title-short", "journalAbbreviation"),
        volume=get("volume"),
        issue=get("issue"),
        pages=get("page", "page-first", "number"),
        doi=doi_in(get("DOI"), get("URL"), note),
        pmid=bare_pmid(item.get("PMID")) or pmid_in(note, get("URL")),
        pmcid=pmcid_in(get("PMCID"), note, get("URL"))
        or (f"PMC{get('PMCID')}" if get("PMCID").isdecimal() else ""),
        url=get("URL"),
        type=get("type"),
        key=get("id", "citation-key"),
        line=line,
    )


def _scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _csl_names(people: object) -> Iterator[str]:
    for person in people if isinstance(people, list) else ():
        if not isinstance(person, dict):
            continue
        if person.get("literal"):
            yield one_line(person["literal"])
            continue
        last = f"{person.get('non-dropping-particle') or ''} {person.get('family') or ''}"
        yield f"{one_line(last)}, {one_line(person.get('given') or '')}"


def _csl_year(issued: object) -> int | None:
    if not isinstance(issued, dict):
        return year_in(issued)
    parts = issued.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts else None
    said = first[0] if isinstance(first, list) and first else ""
    return year_in(said, issued.get("raw"), issued.get("literal"))


# --- EndNote XML --------------------------------------------------------------------------------


def looks_like_endnote(head: str) -> bool:
    """Whether the beginning of a file is EndNote's XML."""
    return "<record" in head and ("<xml>" in head or "<records" in head)


def read_endnote(data: bytes) -> Reading:
    """Read EndNote XML; entities are not resolved and nothing is loaded from elsewhere.

    Parameters
    ----------
    data : bytes
        As UTF-8, without byte order mark.
    """
    reading = Reading()
    parser = etree.iterparse(
        BytesIO(data),
        events=("end",),
        tag="record",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        encoding="utf-8",
    )
    try:
        for _, record in parser:
            reading.add(_endnote_entry(record))
            record.clear()
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        reading.lose(line, f"no longer XML; nothing from here on was read ({one_line(error)[:80]})")
    return reading


def _endnote_entry(record: Any) -> Entry:
    def get(*paths: str) -> str:
        for path in paths:
            found = record.find(path)
            # A style element stands around every piece of text.
            if found is not None and (text := _text(found)):
                return text
        return ""

    kind = record.find("ref-type")
    url = get("urls/related-urls/url", "urls/web-urls/url")
    notes = [get("notes"), get("custom1"), get("custom2"), get("custom7"), url]
    database = f"{get('remote-database-name')} {get('remote-database-provider')}".casefold()
    own = any(word in database for word in ("pubmed", "medline", "nlm"))
    number = get("accession-num")
    return Entry(
        title=get("titles/title"),
        authors=names(_text(a) for a in record.iterfind("contributors/authors/author")),
        year=year_in(get("dates/year"), get("dates/pub-dates/date")),
        journal=get("periodical/full-title", "titles/secondary-title", "periodical/abbr-1"),
        volume=get("volume"),
        issue=get("number"),
        pages=pages_of(get("pages")),
        doi=doi_in(get("electronic-resource-num"), url, *notes),
        pmid=(bare_pmid(number) if own else pmid_in(number)) or pmid_in(*notes),
        pmcid=pmcid_in(get("custom2"), url, get("notes")),
        url=url,
        type=str(kind.get("name") or "") if kind is not None else "",
        key=get("rec-number"),
        line=int(record.sourceline or 0),
    )


def _text(element: Any) -> str:
    return one_line(element.xpath("string()"))
