"""References for citation managers: RIS, and PubMed's own NBIB.

A value never holds a line break, so that nothing in a title can become a tag. Abstracts are left
out: many belong to their publishers.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds.records import Article, Author, PartialDate
from cmeneeds.report.markdown import clean
from cmeneeds.report.references import csl
from cmeneeds.report.tables import write_atomically

if TYPE_CHECKING:
    from cmeneeds.works import Work, Works

_RIS_TYPES = {
    "article-journal": "JOUR",
    "book": "BOOK",
    "chapter": "CHAP",
    "webpage": "ELEC",
    "document": "UNPB",
    "report": "RPRT",
}
_MARKUP = re.compile(r"</?(?:i|b|sup|sub|sc|span)>")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WIDTH = 88
"""Where PubMed wraps its lines."""


def write_citations(folder: Path, works: Works, cited: Iterable[str]) -> list[str]:
    """Write the cited works into ``exports/`` of a run, for citation managers.

    Parameters
    ----------
    folder : Path
        Of the run.
    works : Works
    cited : iterable of str
        Citation keys; those that are no work here are left out.

    Returns
    -------
    list of str
        Names of the files, relative to the folder. ``references.nbib`` has only works with a
        PubMed record, and is written only if there are any.

    Raises
    ------
    ExportError
    """
    wanted = set(cited)
    texts = citation_files([work for key, work in works.items() if key in wanted])
    target = folder / "exports"
    target.mkdir(parents=True, exist_ok=True)
    if "references.nbib" not in texts:
        (target / "references.nbib").unlink(missing_ok=True)
    for name, text in texts.items():
        write_atomically(target / name, text.encode("utf-8"))
    return [f"exports/{name}" for name in texts]


def citation_files(cited: Sequence[Work]) -> dict[str, str]:
    """Text of each file for citation managers, by its name; NBIB only of PubMed records."""
    articles = [work.article for work in cited if work.article is not None]
    texts = {"references.ris": to_ris(csl(work) for work in cited)}
    return texts | ({"references.nbib": to_nbib(articles)} if articles else {})


# --- RIS ----------------------------------------------------------------------------------------


def to_ris(items: Iterable[Mapping[str, Any]]) -> str:
    r"""Write items of CSL JSON, as :func:`cmeneeds.report.references.csl` gives them, as RIS.

    Lines end with ``\r\n``, as the format's specification asks.
    """
    return "".join(f"{line}\r\n" for item in items for line in _ris_lines(item))


def _ris_lines(item: Mapping[str, Any]) -> Iterator[str]:
    kind = _RIS_TYPES.get(str(item.get("type")), "GEN")
    yield f"TY  - {kind}"
    fields: list[tuple[str, Any]] = [("ID", item.get("id")), ("TI", item.get("title"))]
    fields += [("AU", _ris_name(n)) for n in item.get("author", ())]
    fields += [("ED", _ris_name(n)) for n in item.get("editor", ())]
    parts = _date_parts(item.get("issued"))
    if parts:
        fields.append(("PY", f"{parts[0]:04}"))
        fields.append(("DA", "/".join(f"{n:02}" for n in parts) + "/" * (3 - len(parts))))
    container, short = item.get("container-title"), item.get("container-title-short")
    if kind == "JOUR":
        fields += [("JO", container), ("JA", short)]
    else:
        fields.append(("T2", container))
    first, _, last = str(item.get("page", "")).partition("-")
    fields += [("VL", item.get("volume")), ("IS", item.get("issue"))]
    fields += [("SP", first), ("EP", last), ("SN", item.get("ISSN") or item.get("ISBN"))]
    fields += [("PB", item.get("publisher")), ("CY", item.get("publisher-place"))]
    fields += [("ET", item.get("edition")), ("LA", item.get("language"))]
    fields += [("DO", item.get("DOI")), ("C2", item.get("PMCID"))]
    if item.get("PMID"):
        fields += [("AN", item["PMID"]), ("DB", "PubMed")]
    url = item.get("URL")
    if not url and item.get("PMID"):
        url = f"https://pubmed.ncbi.nlm.nih.gov/{item['PMID']}/"
    if seen := _date_parts(item.get("accessed")):
        fields.append(("Y2", "/".join(f"{n:02}" for n in seen)))
    fields += [("UR", url), ("N1", item.get("note"))]
    for tag, value in fields:
        if text := _text(value):
            yield f"{tag}  - {text}"
    yield "ER  - "
    yield ""


def _ris_name(name: Mapping[str, str]) -> str:
    if "literal" in name:
        return _text(name["literal"])
    return ", ".join(filter(None, (_text(name.get(k)) for k in ("family", "given", "suffix"))))


def _date_parts(date: object) -> list[int]:
    parts = date.get("date-parts") if isinstance(date, Mapping) else None
    return [int(n) for n in parts[0][:3]] if parts and parts[0] else []


def _text(value: object) -> str:
    """One line without markup; what only looks like markup is text again."""
    return clean(_MARKUP.sub("", str(value or "")).replace("<\u2060", "<"))


# --- NBIB ---------------------------------------------------------------------------------------


def to_nbib(articles: Iterable[Article]) -> str:
    """Write PubMed records in PubMed's own format, without their abstracts.

    Field tags: https://pubmed.ncbi.nlm.nih.gov/help/#pubmed-format.
    """
    return "\n".join(
        "".join(_tagged(tag, clean(value)) for tag, value in _nbib_fields(a) if clean(value))
        for a in articles
    )


def _tagged(tag: str, value: str) -> str:
    # Wrapped lines begin with six spaces, so that no word of theirs can be a tag.
    lines = textwrap.wrap(value, _WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    return f"{tag:<4}- " + "\n      ".join(lines) + "\n"


def _nbib_fields(article: Article) -> Iterator[tuple[str, str]]:
    journal, book = article.journal, article.book
    yield "PMID", str(article.pmid)
    yield "STAT", article.status
    yield "IS", journal.issn
    yield "VI", journal.volume
    yield "IP", journal.issue
    yield "DP", _nbib_date(article.published)
    yield "TI", article.title
    yield "PG", article.pages
    if article.doi:
        yield "LID", f"{article.doi} [doi]"
    for author in article.authors:
        yield from _nbib_author(author)
    for language in article.languages:
        yield "LA", language
    for kind in article.type_names:
        yield "PT", kind
    if article.electronic is not None:
        yield "DEP", str(article.electronic.first or "")
    if book is not None:
        yield "BTI", book.title
        yield "PB", book.publisher
    yield "PL", journal.country or (book.place if book else "")
    yield "TA", journal.medline or journal.iso
    yield "JT", journal.title
    yield "JID", journal.nlm_id
    for heading in article.mesh:
        names = [f"*{q.name}" if q.major else q.name for q in heading.qualifiers]
        head = f"*{heading.name}" if heading.major else heading.name
        yield "MH", "/".join((head, *names))
    yield "PMC", article.pmcid
    if article.doi:
        yield "AID", f"{article.doi} [doi]"


def _nbib_author(author: Author) -> Iterator[tuple[str, str]]:
    if author.collective:
        yield "CN", author.collective
        return
    full = ", ".join(filter(None, (author.last, author.fore or author.initials, author.suffix)))
    yield "FAU", full
    yield "AU", " ".join(filter(None, (author.last, author.initials, author.suffix)))


def _nbib_date(date: PartialDate) -> str:
    if date.year is None:
        return date.raw
    month = _MONTHS[date.month - 1] if date.month else ""
    return " ".join(filter(None, (str(date.year), month, str(date.day or "") if month else "")))
