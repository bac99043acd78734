"""PubMed records as CSL JSON, from which pandoc sets AMA references (11th edition).

The style itself orders, abbreviates and punctuates; here each field only gets the form it expects.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from cmeneeds.documents import Document
from cmeneeds.records import Article, Author, PartialDate
from cmeneeds.report.markdown import clean
from cmeneeds.works import Work

_TAGS = frozenset({"sup", "sub", "i"})
# A CSL processor would take these for markup; a word joiner keeps them text and looks the same.
_LOOKS_LIKE_TAG = re.compile(r"<(?=/?(?:i|b|sup|sub|sc|span)\b)", re.IGNORECASE)
_NOT_YET = frozenset({"ahead-of-print", "forthcoming", "undefined", "online ahead of print"})
_NOTES = {
    "retracted": ("Retracted", {"RetractionIn", "RetractedandRepublishedIn"}),
    "retraction notice": ("This is a notice of retraction", {"RetractionOf"}),
    "expression of concern": ("Expression of concern", {"ExpressionOfConcernIn"}),
    "corrected": ("Published correction", {"ErratumIn", "CorrectedandRepublishedIn"}),
    "updated": ("Updated", {"UpdateIn"}),
}


def csl(work: Work | Article) -> dict[str, Any]:
    """Describe a work as a CSL JSON item: its PubMed record if it has one, else its document.

    A document becomes a chapter or book where it has a book around it, an article where it has a
    journal, unpublished data where they are the provider's own, else a web page with the day on
    which it was read.
    """
    if isinstance(work, Article):
        return _record(work)
    if work.article is not None:
        item = _record(work.article)
        if work.standing.status != work.article.retraction_status:
            item["note"] = work.standing.sentence.rstrip(".")
        return item
    if work.document is None:
        raise ValueError(f"{work.key} is no work")
    item = _document(work.document)
    if work.standing.status != "unknown":
        item["note"] = work.standing.sentence.rstrip(".")
    return item


def _document(document: Document) -> dict[str, Any]:
    item: dict[str, Any] = {"id": document.id, "type": "webpage"}
    if document.kind == "book":
        item["type"] = "book"
    elif document.book:
        item |= {"type": "chapter", "container-title": _literal(clean(document.book).rstrip("."))}
    elif document.journal:
        item["type"] = "article-journal"
        item["container-title"] = _literal(clean(document.journal))
    title = _literal(clean(document.title))
    item["title"] = title[:-1] if title.endswith(".") and not title.endswith("..") else title
    item["author"] = [n for a in document.authors if (n := _name(a))]
    publisher = clean(document.publisher)
    # The style would print one body twice, as author and as publisher.
    if {"literal": publisher} not in item["author"]:
        item["publisher"] = publisher
    if item["type"] == "webpage":
        item["container-title"] = item.pop("publisher", "")
    dated = re.match(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?$", document.date)
    given = [int(n) for n in dated.groups() if n] if dated else [document.year]
    if given[0]:
        item["issued"] = {"date-parts": [given]}
    if accessed := re.match(r"(\d{4})-(\d\d)-(\d\d)", document.accessed):
        item["accessed"] = {"date-parts": [[int(n) for n in accessed.groups()]]}
    item |= {
        "DOI": _doi(document.doi),
        "PMCID": clean(document.pmcid),
        "URL": document.page,
        "number": document.id if document.kind == "trial registration" else "",
    }
    if document.kind == "own source":
        item = _own_source(item, document)
    if document.kind == "learner data":  # never published, so without a date of publication
        item |= {"type": "document", "issued": "", "note": "Unpublished data"}
    return {k: v for k, v in item.items() if v}


def _own_source(item: dict[str, Any], document: Document) -> dict[str, Any]:
    """Describe one of the writer's own sources: what is not known of it is left out."""
    body = clean(document.publisher)
    item |= {"type": "webpage" if document.url else "report", "edition": clean(document.edition)}
    item.pop("container-title", None)
    if body:
        item["author"] = [{"literal": _literal(body)}]
    if document.source_type in ("expert", "patient"):
        item |= {"type": "document", "note": f"Unpublished {document.source_type} input"}
    return item


def _record(article: Article) -> dict[str, Any]:
    """Describe a record as a CSL JSON item with id ``pmid-<pmid>``.

    What the record says about retraction, concern or correction goes to ``note``, which the export
    prints behind the reference; the title stays as NLM gives it. An item published ahead of print
    has neither volume nor pages, and the full date online. ``URL`` is set only without a DOI.
    """
    item: dict[str, Any] = {"id": f"pmid-{article.pmid}", "type": "article-journal"}
    ahead = article.publication_status == "aheadofprint"
    title = _title(article)
    if article.book is not None:
        book = article.book
        whole = not title or clean(article.title).rstrip(".") == clean(book.title).rstrip(".")
        item["type"] = "book" if whole else "chapter"
        item["title" if whole else "container-title"] = _literal(clean(book.title).rstrip("."))
        item |= {
            "publisher": clean(book.publisher),
            "publisher-place": clean(book.place),
            "edition": clean(book.edition),
            "ISBN": " ".join(book.isbn),
            "editor": [n for a in book.editors if (n := _name(a))],
        }
    else:
        journal = article.journal
        short = journal.medline or journal.iso
        item["container-title"] = _literal(clean(journal.title or short))
        item["container-title-short"] = _literal(clean(short).replace(".", ""))
        if not ahead:
            item["volume"], item["issue"] = _volume(clean(journal.volume), clean(journal.issue))
        item["ISSN"] = journal.issn or journal.issn_linking
    item.setdefault("title", title)
    names = [n for a in article.authors if (n := _name(a))]
    if names and not article.authors_complete:
        names.append({"literal": "et al"})
    item["author"] = names
    item["issued"] = _issued(article, ahead)
    if ahead:
        item["status"] = "advance online publication"
    elif article.pages:
        item["page"] = expand_pages(clean(article.pages))
    doi = _doi(article.doi)
    item |= {
        "DOI": doi,
        "PMID": str(article.pmid),
        "PMCID": clean(article.pmcid),
        "language": article.languages[0] if article.languages else "",
        "note": _note(article),
    }
    if not doi:
        item["URL"] = f"https://pubmed.ncbi.nlm.nih.gov/{article.pmid}/"
    return {k: v for k, v in item.items() if v}


def expand_pages(pages: str) -> str:
    """Write page ranges in full, as AMA wants.

    Examples
    --------
    >>> expand_pages("187-94"), expand_pages("e912-21"), expand_pages("S12-8, 30")
    ('187-194', 'e912-e921', 'S12-S18, 30')
    """
    if pages.casefold() in _NOT_YET:
        return ""
    return re.sub(r"(?<![\w.])([A-Za-z]*)(\d+)[-–]([A-Za-z]*)(\d+)(?![\w])", _full_range, pages)


def _full_range(match: re.Match[str]) -> str:
    letters, first, again, last = match.groups()
    if again and again != letters:
        return f"{letters}{first}-{again}{last}"
    missing = len(first) - len(last)
    if missing > 0:
        last = first[:missing] + last
    return f"{letters}{first}-{letters}{last}"


def _title(article: Article) -> str:
    text = article.title
    spans = [m for m in article.title_markup if m.tag in _TAGS and m.start < m.end <= len(text)]
    cuts = sorted({0, len(text), *(m.start for m in spans), *(m.end for m in spans)})
    out = []
    for start, end in itertools.pairwise(cuts):
        shown = _literal(clean(f"x{text[start:end]}x")[1:-1])
        for tag in dict.fromkeys(m.tag for m in spans if m.start <= start < m.end):
            shown = f"<{tag}>{shown}</{tag}>"
        out.append(shown)
    title = "".join(out).strip()
    # The style puts a period of its own; an ellipsis stays.
    return title[:-1] if title.endswith(".") and not title.endswith("..") else title


def _doi(text: str) -> str:
    """A DOI, or nothing: what has not its form would be set as a link to wherever it says.

    The form is that of Crossref's guidelines: ``10.``, four to nine digits, and a suffix.
    """
    shown = clean(text)
    return shown if re.fullmatch(r"10\.\d{4,9}/[^\s<>\"{}|\\^`]+", shown) else ""


def _literal(text: str) -> str:
    return _LOOKS_LIKE_TAG.sub("<\u2060", text)


def _name(author: Author) -> dict[str, str]:
    if author.collective:
        return {"literal": clean(author.collective).rstrip(".")}
    given = clean(author.fore) or " ".join(clean(author.initials))
    name = {"family": clean(author.last), "given": given, "suffix": clean(author.suffix)}
    return {k: v for k, v in name.items() if v}


def _volume(volume: str, issue: str) -> tuple[str, str]:
    """Volume and issue, supplements and parts in the issue and in lower case."""
    if match := re.fullmatch(r"(\S+) ((?:Suppl|Pt|Spec No).*)", volume):
        volume, issue = match[1], f"{match[2]} {issue}".strip()
    issue = re.sub(r"\b(\w+)_suppl\b", r"suppl \1", issue)
    issue = re.sub(r"\b(Suppl|Pt|Spec No)\b", lambda m: m[0].lower(), issue)
    keep = [part if part.casefold() not in _NOT_YET else "" for part in (volume, issue)]
    return keep[0], keep[1]


def _issued(article: Article, ahead: bool) -> dict[str, Any]:
    date = article.published
    if article.electronic is not None and (ahead or date.year is None):
        date = article.electronic
    return _date(date)


def _date(date: PartialDate) -> dict[str, Any]:
    if date.year is None:
        return {"literal": clean(date.raw)} if date.raw else {}
    parts = [date.year]
    if date.month:
        parts.append(date.month)
        if date.day:
            parts.append(date.day)
    return {"date-parts": [parts]}


def _note(article: Article) -> str:
    status = article.retraction_status
    if status not in _NOTES:
        return ""
    words, kinds = _NOTES[status]
    where = next((r.source for r in article.related if r.kind in kinds and r.source), "")
    preposition = "of" if status == "retraction notice" else "in"
    return f"{words} {preposition}: {clean(where).rstrip('.')}" if where else words
