"""Article to the two plain-text formats of efetch: MEDLINE tags and the abstract as one reads it.

The MEDLINE tags are those of https://www.nlm.nih.gov/bsd/mms/medlineelements.html, in the order
in which PubMed writes them. Inline markup is dropped, as PubMed does.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from cmeneeds.records import Article, Author, PartialDate

_WIDTH = 87
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

STATUS = {
    "MEDLINE": "PubMed - indexed for MEDLINE",
    "In-Process": "PubMed - in process",
    "In-Data-Review": "PubMed - in process",
    "Publisher": "PubMed - as supplied by publisher",
    "OLDMEDLINE": "PubMed - OLDMEDLINE",
}
"""Status of a record -> how PubMed shows it; all others are just ``PubMed``."""


def flat(text: str) -> str:
    """Return text on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def short_name(person: Author) -> str:
    """Last name and initials, as PubMed cites people; a group by its name."""
    if person.collective:
        return flat(person.collective)
    return flat(f"{person.last} {person.initials} {person.suffix}")


def day(number: int, pattern: str = "{:04}/{:02}/{:02}") -> str:
    """Write ``yyyymmdd`` in PubMed's ways; empty if unknown."""
    if not number:
        return ""
    return pattern.format(number // 10000, number // 100 % 100, number % 100)


_NUMERIC = re.compile(r"[0-9]{4} [0-9]{1,2}(?: [0-9]{1,2})?")


def shown_date(date: PartialDate | None) -> str:
    """A date as PubMed shows it, ``2021 Jun 7``; what is not plain numbers stays as it is."""
    if date is None:
        return ""
    if date.month is None or not _NUMERIC.fullmatch(date.raw):
        return date.raw
    return " ".join(str(p) for p in (date.year, _MONTHS[date.month - 1], date.day) if p)


def citation(a: Article) -> str:
    """``2021 Mar;5(2):10-9``."""
    j = a.journal
    where = j.volume + (f"({j.issue})" if j.issue else "") + (f":{a.pages}" if a.pages else "")
    return shown_date(a.published) + (f";{where}" if where else "")


def _medline(a: Article) -> Iterator[tuple[str, str]]:
    j = a.journal
    yield "PMID", str(a.pmid)
    yield "OWN", a.owner
    yield "STAT", a.status
    yield "DCOM", day(a.completed, "{:04}{:02}{:02}")
    yield "LR", day(a.revised, "{:04}{:02}{:02}")
    for number, kind in ((j.issn, ""), (j.issn_linking, "Linking")):
        if number:
            yield "IS", f"{number} ({kind})" if kind else number
    yield "VI", j.volume
    yield "IP", j.issue
    yield "DP", shown_date(a.published)
    yield "TI", a.title
    if a.book:
        yield "BTI", a.book.title
        yield "PB", a.book.publisher
        yield "CTDT", a.electronic.raw if a.electronic else ""
    yield "PG", a.pages
    if a.doi:
        yield "LID", f"{a.doi} [doi]"
    yield "AB", " ".join(f"{s.label}: {s.text}" if s.label else s.text for s in a.sections)
    yield "CI", a.copyright
    for person in a.authors:
        if person.collective:
            yield "CN", person.collective
            continue
        yield "FAU", ", ".join(p for p in (person.last, person.fore, person.suffix) if p)
        yield "AU", short_name(person)
        yield "AUID", f"ORCID: {person.orcid}" if person.orcid else ""
        for affiliation in person.affiliations:
            yield "AD", affiliation
    for language in a.languages:
        yield "LA", language
    for bank in a.databanks:
        yield "SI", bank.name
        for accession in bank.accessions:
            yield "SI", f"{bank.name}/{accession}"
    for g in a.grants:
        yield "GR", "/".join(p for p in (g.id, g.acronym, g.agency, g.country) if p)
    for name in a.type_names:
        yield "PT", name
    yield "DEP", day(a.electronic.first, "{:04}{:02}{:02}") if a.electronic else ""
    yield "TT", a.vernacular_title
    yield "PL", j.country
    yield "TA", j.medline
    yield "JT", j.title
    yield "JID", j.nlm_id
    for s in a.substances:
        yield "RN", f"{s.registry} ({s.name})"
    for s in a.supplementary:
        yield "NM", s.name
    for subset in a.citation_subsets:
        yield "SB", subset
    for m in a.mesh:
        yield (
            "MH",
            ("*" if m.major else "")
            + "/".join((m.name, *(("*" if q.major else "") + q.name for q in m.qualifiers))),
        )
    for r in a.related:
        tag = _RELATED.get(r.kind)
        if tag:
            yield tag, r.source + (f" PMID: {r.pmid}" if r.pmid is not None else "")
    for k in a.keywords:
        yield "OT", ("*" if k.major else "") + k.text
    yield "COIS", a.conflict_of_interest
    yield "PMC", a.pmcid
    for e in a.history:
        if tag := {"pubmed": "EDAT", "medline": "MHDA", "entrez": "CRDT"}.get(e.status):
            yield tag, day(e.date)
    for e in a.history:
        yield "PHST", f"{day(e.date)} 00:00 [{e.status}]"
    for kind_of_id, value in (("pii", a.pii), ("doi", a.doi)):
        yield "AID", f"{value} [{kind_of_id}]" if value else ""
    yield "PST", a.publication_status
    if j.medline:
        yield "SO", f"{j.medline}. {citation(a)}." + (f" doi: {a.doi}." if a.doi else "")


_RELATED = {
    "CommentIn": "CIN", "CommentOn": "CON", "CorrectedandRepublishedIn": "CRI",
    "CorrectedandRepublishedFrom": "CRF", "ErratumIn": "EIN", "ErratumFor": "EFR",
    "ExpressionOfConcernIn": "ECI", "ExpressionOfConcernFor": "ECF", "RepublishedIn": "RPI",
    "RepublishedFrom": "RPF", "RetractedandRepublishedIn": "RRI",
    "RetractedandRepublishedFrom": "RRF", "RetractionIn": "RIN", "RetractionOf": "ROF",
    "UpdateIn": "UIN", "UpdateOf": "UOF", "SummaryForPatientsIn": "SPIN",
    "OriginalReportIn": "ORI", "AssociatedDataset": "DDIN", "AssociatedPublication": "DRIN",
}  # fmt: skip


def medline(a: Article) -> str:
    """Write a record with MEDLINE tags, ending in an empty line."""
    lines = []
    for tag, value in _medline(a):
        value = flat(value)
        if value:
            lines += textwrap.wrap(
                value,
                _WIDTH,
                initial_indent=f"{tag:<4}- ",
                subsequent_indent="      ",
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(lines) + "\n\n"


def abstract(a: Article, number: int) -> str:
    """Write a record as PubMed's abstract format does, with its number in the list."""

    def wrap(text: str) -> str:
        return textwrap.fill(flat(text), _WIDTH, break_long_words=False, break_on_hyphens=False)

    source = f"{a.journal.iso or a.journal.medline}. {citation(a)}."
    if a.book:
        source = f"{a.book.title}. {a.book.publisher}; {a.published.raw}."
    if a.doi:
        source += f" doi: {a.doi}."
    if online := shown_date(a.electronic):
        source += f" Epub {online}."
    parts = [wrap(f"{number}. {source}"), wrap(a.title)]
    places = {x: i for i, x in enumerate(dict.fromkeys(_affiliations(a)), 1)}
    if a.authors:
        names = (
            short_name(p) + "".join(f"({places[x]})" for x in p.affiliations) for p in a.authors
        )
        parts.append(wrap(f"{', '.join(names)}."))
    if places:
        listed = "\n".join(wrap(f"({i}){x}") for x, i in places.items())
        parts.append(f"Author information:\n{listed}")
    parts += [wrap(f"{s.label}: {s.text}" if s.label else s.text) for s in a.sections]
    if a.copyright:
        parts.append(wrap(a.copyright))
    numbers = (("DOI", a.doi), ("PMCID", a.pmcid))
    ids = [f"{name}: {value}" for name, value in numbers if value]
    ids.append(f"PMID: {a.pmid}" + (f" [{STATUS[a.status][9:]}]" if a.status in STATUS else ""))
    parts.append("\n".join(ids))
    if a.conflict_of_interest:
        parts.append(wrap(f"Conflict of interest statement: {a.conflict_of_interest}"))
    return "\n\n".join(p for p in parts if p) + "\n\n\n"


def _affiliations(a: Article) -> Iterator[str]:
    for person in a.authors:
        yield from person.affiliations
