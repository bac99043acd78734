"""What a JATS article says about itself: identifiers, year, authors, licence, cited works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmeneeds.documents import Licence, Reference
from cmeneeds.jats_text import XLINK, Refs, plain
from cmeneeds.records import Author


def pmcid_of(text: str) -> str:
    """``3258215`` or ``PMC3258215.1`` -> ``PMC3258215``; empty for anything else."""
    number = re.fullmatch(r"(?:PMC)?(\d{1,10})(?:\.\d+)?", text.strip(), re.IGNORECASE)
    return f"PMC{number.group(1)}" if number else ""


def number_in(text: str | None) -> int | None:
    """Return a whole number; None for anything else."""
    said = (text or "").strip()
    return int(said) if said.isdecimal() and 0 < len(said) < 12 else None


def references_of(root: Any) -> tuple[tuple[Reference, ...], Refs]:
    """Read the identifiers of the cited works, and their places by the ids that citations use."""
    found: list[Reference] = []
    refs = Refs()
    for ref in root.iterfind("back//ref-list/ref"):
        works = [w for w in ref if w.tag in _CITATIONS] or [ref]
        first = len(found)
        for work in works:
            ids = {i.get("pub-id-type", ""): plain(i) for i in work.iter("pub-id")}
            links = [plain(x) for x in work.iter("ext-link") if x.get("ext-link-type") == "doi"]
            doi = _DOI.search(ids.get("doi") or next(iter(links), ""))
            found.append(
                Reference(
                    ref.get("id", ""),
                    number_in(ids.get("pmid")),
                    doi.group() if doi else "",
                    pmcid_of(ids.get("pmcid", "") or ids.get("pmc", "")),
                )
            )
            if work.get("id"):
                refs[work.get("id")] = (len(found) - 1,)
        refs[ref.get("id", "")] = tuple(range(first, len(found)))
    refs.count = len(found)
    return tuple(found), refs


_CITATIONS = frozenset(("citation", "mixed-citation", "element-citation", "nlm-citation"))
_DOI = re.compile(r"10\.\d{4,9}/\S{1,400}")
_DATES = ("ppub", "collection", "epub-ppub", "pub", "epub")


def year_of(meta: Any) -> int | None:
    """Year of publication: of the issue, else online."""
    years: dict[str, int] = {}
    for date in meta.iterfind("pub-date"):
        year = number_in(date.findtext("year"))
        if year is not None:
            years.setdefault(date.get("pub-type") or date.get("date-type") or "pub", year)
    return next((years[kind] for kind in _DATES if kind in years), None)


def authors_of(meta: Any) -> Iterator[Author]:
    """Yield the authors, people and groups."""
    for person in meta.iterfind("contrib-group/contrib"):
        if person.get("contrib-type", "author") != "author":
            continue
        names = [person.find(n) for n in ("name", "name-alternatives/name", "string-name")]
        name = next((n for n in names if n is not None), None)
        collective = person.find("collab")
        if name is not None and name.find("surname") is not None:
            given = name.find("given-names")
            orcid = person.find("contrib-id[@contrib-id-type='orcid']")
            yield Author(
                plain(name.find("surname")),
                plain(given),
                given.get("initials", "") if given is not None else "",
                plain(name.find("suffix")),
                orcid=plain(orcid).rstrip("/").rsplit("/", 1)[-1],
            )
        elif collective is not None or name is not None:
            yield Author(collective=plain(collective if collective is not None else name))


def licence_of(meta: Any) -> Licence:
    """Read what the article itself says of its licence."""
    permissions = meta.find("permissions")
    holder = permissions if permissions is not None else meta
    stated = holder.find("license")
    links: list[str] = []
    if stated is not None:
        links = [stated.get(XLINK, "")]
        links += [
            plain(e) for e in stated.iter("{http://www.niso.org/schemas/ali/1.0/}license_ref")
        ]
        links += [e.get(XLINK, "") for e in stated.iter("ext-link", "uri")]
    web = [link for link in links if link.startswith(("http://", "https://"))]
    lines = [plain(p) for p in stated if isinstance(p.tag, str)] if stated is not None else []
    return Licence(
        "\n".join(line for line in lines if line and line not in web),
        next(iter(web), ""),
        plain(holder.find("copyright-statement")),
    )
