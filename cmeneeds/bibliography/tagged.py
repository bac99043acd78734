"""Files of tagged lines: RIS, and NBIB (PubMed's own, also called MEDLINE format).

The specification of RIS asks for two spaces before the hyphen; programs write one, leave the space
after it out, forget ``ER`` and wrap lines. Nothing that stands in the file is dropped unsaid.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from cmeneeds.bibliography.model import (
    MAX_FIELD,
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

_RIS = re.compile(r"([A-Z][A-Z0-9])  ?- ?(.*)")
_RIS_STRICT = re.compile(r"([A-Z][A-Z0-9])  -(?: (.*)|\s*)$")
_NBIB = re.compile(r"([A-Z]{2,4}) {0,2}- ?(.*)")
_START = re.compile(r"TY {1,2}-")

_JOURNAL = ("JO", "JF", "T2", "JA", "J1", "J2")
_SERIALS = frozenset({"JOUR", "JFULL", "MGZN", "NEWS", "EJOUR", "INPR", "ABST", "GEN", ""})


class _Tags(NamedTuple):
    line: int
    values: dict[str, list[str]]

    def wrapped(self, tag: str, line: str) -> None:
        """Add a wrapped line, until the value is too long for anybody."""
        value = self.values[tag][-1]
        if len(value) <= MAX_FIELD:
            self.values[tag][-1] = f"{value} {one_line(line)}".strip()

    def first(self, *tags: str) -> str:
        return next((v for t in tags for v in self.values.get(t, ()) if v), "")

    def all(self, *tags: str) -> list[str]:
        return [v for t in tags for v in self.values.get(t, ())]


def format_of_tags(head: str) -> str:
    """``RIS`` or ``NBIB`` by the line that opens an entry first; empty where none does."""
    opened = re.search(r"^[ \t]*(?:(TY) {1,2}-|PMID\s*- ?\d)", head, re.MULTILINE)
    return "" if opened is None else "RIS" if opened[1] else "NBIB"


# --- RIS ----------------------------------------------------------------------------------------


def read_ris(text: str) -> Reading:
    """Read RIS."""
    reading = Reading()
    for tags in _ris_entries(text, reading):
        reading.add(_ris_entry(tags))
    return reading


def _ris_entries(text: str, reading: Reading) -> Iterator[_Tags]:
    current: _Tags | None = None
    last = ""
    pattern = _RIS
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip("\r\t ")
        if not line:
            continue
        if start := _START.match(line):
            if current is not None:
                reading.doubt(current.line, "the entry has no ER line; it ends at the next TY")
                yield current
            # Within an entry that is written as the specification says, "CI - 1.2 to 3" at the
            # start of a wrapped line is text.
            pattern = _RIS_STRICT if start[0] == "TY  -" else _RIS
            current, last = _Tags(number, defaultdict(list)), "TY"
            current.values["TY"].append(one_line(line[start.end() :]))
            continue
        found = pattern.match(line)
        if found and found[1] == "ER":
            if current is None:
                reading.lose(number, "an ER line without an entry before it")
            else:
                yield current
            current, last = None, ""
        elif found and current is None:
            reading.doubt(number, "an entry starts without a TY line")
            current, last = _Tags(number, defaultdict(list)), found[1]
            current.values[last].append(one_line(found[2] or ""))
        elif found and current is not None:
            last = found[1]
            current.values[last].append(one_line(found[2] or ""))
        elif current is not None:
            current.wrapped(last, line)
        else:
            reading.lose(number, f"text outside of any entry: {one_line(line)[:60]}")
    if current is not None:
        reading.doubt(current.line, "the last entry has no ER line; the file may be cut short")
        yield current


def _ris_entry(tags: _Tags) -> Entry:
    # What the many programs put where: notes and custom fields name identifiers in words.
    said = tags.all("UR", "L2", "L3", "N1", "C2", "U1", "U2", "M1", "M2", "ID", "LK")
    database = tags.first("DB", "DP").casefold()
    own = any(word in database for word in ("pubmed", "medline", "nlm"))
    number = bare_pmid(tags.first("AN")) if own else pmid_in(tags.first("AN"))
    kind = tags.first("TY")
    # T2 is the journal of an article and the book of a chapter; BT the title of a whole book.
    own_title = tags.first("TI", "T1", "CT") or tags.first("BT")
    return Entry(
        title=own_title or ("" if kind in _SERIALS else tags.first("T2")),
        authors=names(tags.all("AU") or tags.all("A1")),
        year=year_in(*tags.all("PY"), *tags.all("Y1"), *tags.all("DA")),
        journal=tags.first(*_JOURNAL),
        volume=tags.first("VL"),
        issue=tags.first("IS"),
        pages=pages_of(tags.first("SP"), tags.first("EP")),
        doi=doi_in(*tags.all("DO"), *tags.all("M3"), *said),
        pmid=number or pmid_in(*said),
        pmcid=pmcid_in(*tags.all("C2", "AN", "UR", "L2", "N1", "U2")),
        url=tags.first("UR"),
        type=kind,
        key=tags.first("ID"),
        line=tags.line,
    )


# --- NBIB ---------------------------------------------------------------------------------------


def read_nbib(text: str) -> Reading:
    """Read PubMed's own format."""
    reading = Reading()
    for tags in _nbib_entries(text, reading):
        reading.add(_nbib_entry(tags))
    return reading


def _nbib_entries(text: str, reading: Reading) -> Iterator[_Tags]:
    current: _Tags | None = None
    last = ""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r\t ")
        if not line:
            # A blank line ends an entry, but wrapped text may hold one: the next tag decides.
            continue
        found = None if line[0] in " \t" else _NBIB.match(line)
        if found and found[1] == "PMID":
            if current is not None:
                yield current
            current, last = _Tags(number, defaultdict(list)), "PMID"
            current.values[last].append(one_line(found[2]))
        elif found:
            if current is None:
                reading.doubt(number, "an entry starts without a PMID line")
                current = _Tags(number, defaultdict(list))
            last = found[1]
            current.values[last].append(one_line(found[2]))
        elif current is not None:
            current.wrapped(last, line)
        else:
            reading.lose(number, f"text outside of any entry: {one_line(line)[:60]}")
    if current is not None:
        yield current


def _nbib_entry(tags: _Tags) -> Entry:
    ids = [v for v in tags.all("LID", "AID") if "[doi]" in v.casefold()]
    return Entry(
        title=tags.first("TI", "BTI", "CTI", "TT"),
        authors=names(tags.all("FAU") or tags.all("AU") or tags.all("CN")),
        year=year_in(tags.first("DP"), tags.first("DEP")),
        journal=tags.first("JT", "TA"),
        volume=tags.first("VI"),
        issue=tags.first("IP"),
        pages=tags.first("PG"),
        doi=doi_in(*ids),
        pmid=bare_pmid(tags.first("PMID")),
        pmcid=pmcid_in(tags.first("PMC")),
        type="; ".join(tags.all("PT")),
        key=tags.first("PMID"),
        line=tags.line,
    )
