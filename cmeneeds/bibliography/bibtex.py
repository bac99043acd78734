"""BibTeX and BibLaTeX, through ``bibtexparser``, which goes on after a broken entry."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any

from cmeneeds.bibliography.model import (
    Entry,
    Reading,
    bare_pmid,
    doi_in,
    names,
    one_line,
    pmcid_in,
    pmid_in,
    year_in,
)

_ENCLOSED = re.compile(r'(?s)\{(.*)\}|"(.*)"')


def looks_like_bibtex(head: str) -> bool:
    """Whether the beginning of a file opens an entry."""
    return re.search(r"^\s*@\s*\w+\s*[{(]", head, re.MULTILINE) is not None


def read_bibtex(text: str) -> Reading:
    """Read BibTeX; what cannot be read is listed with its line."""
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import (
        DuplicateBlockKeyBlock,
        DuplicateFieldKeyBlock,
        ParsingFailedBlock,
        String,
    )
    from bibtexparser.model import Entry as Found

    # It says on stderr what we list ourselves.
    logging.getLogger("bibtexparser").addHandler(logging.NullHandler())
    logging.getLogger("bibtexparser").propagate = False
    reading = Reading()
    strings = {}
    for block in parse_string(text).blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, String):
            strings[block.key.casefold()] = str(block.value)
        elif isinstance(block, Found):
            reading.add(_entry(block.entry_type, block.key, line, _fields(block, strings)))
        elif isinstance(block, (DuplicateBlockKeyBlock, DuplicateFieldKeyBlock)):
            found = block.ignore_error_block
            same = "its key" if isinstance(block, DuplicateBlockKeyBlock) else "one of its fields"
            if isinstance(found, Found):
                reading.doubt(line, f"{same} was there before; read all the same")
                reading.add(_entry(found.entry_type, found.key, line, _fields(found, strings)))
            else:
                reading.doubt(line, f"{same} was there before")
        elif isinstance(block, ParsingFailedBlock):
            reading.lose(line, f"cannot be read ({one_line(block.error)[:100]})")
    return reading


def _fields(found: Any, strings: Mapping[str, str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for field in found.fields:
        value = str(field.value)
        if match := _ENCLOSED.fullmatch(value.strip()):
            value = match[1] if match[1] is not None else match[2]
        value = strings.get(value.casefold(), value)
        fields.setdefault(field.key.casefold(), value)
    return fields


def _entry(kind: str, key: str, line: int, fields: Mapping[str, str]) -> Entry:
    def get(*keys: str) -> str:
        return next((plain(fields[k]) for k in keys if fields.get(k)), "")

    title = ": ".join(filter(None, (get("title"), get("subtitle"))))
    notes = [get("note"), get("annote"), get("eprint"), get("url")]
    own = get("eprinttype", "archiveprefix").casefold() == "pubmed"
    pages = re.sub(r"\s*[-–—]+\s*", "-", get("pages"))
    return Entry(
        title=title or get("booktitle"),
        # Split before braces go: {World Health Organization} may hold "and".
        authors=names(_person(n) for n in _split(fields.get("author") or fields.get("editor", ""))),
        year=year_in(get("year"), get("date")),
        journal=get("journal", "journaltitle", "shortjournal", "booktitle"),
        volume=get("volume"),
        issue=get("number", "issue"),
        pages=pages,
        doi=doi_in(get("doi"), get("url"), get("note")),
        pmid=bare_pmid(get("pmid")) or (bare_pmid(get("eprint")) if own else pmid_in(*notes)),
        pmcid=pmcid_in(get("pmcid"), get("pmc"), get("url"), get("note"))
        or (f"PMC{get('pmcid')}" if get("pmcid").isdecimal() else ""),
        url=get("url"),
        type=kind,
        key=key,
        line=line,
    )


def _split(people: str) -> list[str]:
    """Split at ``and`` outside of braces."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r"[{}]|\s+and\s+", people, re.IGNORECASE):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
        elif depth <= 0:
            parts.append(people[start : match.start()])
            start = match.end()
    return [*parts, people[start:]]


def _person(name: str) -> str:
    """``Last, Jr, First`` becomes ``Last, First``; others stay as they are."""
    parts = [one_line(p) for p in plain(name).split(",")]
    return f"{parts[0]}, {parts[-1]}" if len(parts) == 3 else ", ".join(parts)


def plain(text: str) -> str:
    """Turn LaTeX into text; what cannot be turned stays as it is, without its braces."""
    if "\\" in text or "$" in text:
        from pylatexenc.latex2text import LatexNodes2Text

        # Nested too deep, it raises whatever comes; the text is then compared as it is.
        with contextlib.suppress(Exception):
            text = LatexNodes2Text(math_mode="text", strict_latex_spaces=False).latex_to_text(
                text[:20_000], tolerant_parsing=True
            )
    return one_line(text.replace("{", "").replace("}", "").replace("~", " "))
