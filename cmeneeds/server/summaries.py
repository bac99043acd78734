"""esummary: the short form of a record, as XML 1.0 (DocSum), XML 2.0 (DocumentSummary) and JSON.

What a library does not know (how often a record is cited in PMC, viewed, and the like) is left
out, never set to 0.
"""

from __future__ import annotations

from typing import Any

from cmeneeds.library.tags import LANGUAGES
from cmeneeds.records import Article
from cmeneeds.server.pubmed_out import attribute, escape
from cmeneeds.server.text_out import STATUS, citation, day, flat, short_name, shown_date

_LANGUAGE_OF = {code: name.title() for name, code in LANGUAGES.items()}


def _identifiers(a: Article) -> list[tuple[str, str]]:
    found = [("pubmed", str(a.pmid)), ("pii", a.pii), ("doi", a.doi), ("pmc", a.pmcid)]
    return [(kind, value) for kind, value in found if value]


def _place(a: Article) -> str:
    return f"doi: {a.doi}" if a.doi else f"pii: {a.pii}" if a.pii else ""


def _history(a: Article) -> list[tuple[str, str]]:
    return [(e.status, f"{day(e.date)} 00:00") for e in a.history if e.date]


def _item(name: str, kind: str, value: str) -> str:
    return f'<Item Name="{attribute(name)}" Type="{kind}">{escape(value)}</Item>\n'


def _items(name: str, inner: list[str]) -> str:
    return f'<Item Name="{name}" Type="List">{"".join(inner)}</Item>\n'


def docsum(a: Article) -> str:
    """Write a ``DocSum``, version 1.0."""
    people = [short_name(p) for p in a.authors]
    identifiers = _identifiers(a)
    parts = [
        f"<DocSum>\n<Id>{a.pmid}</Id>\n",
        _item("PubDate", "Date", shown_date(a.published)),
        _item("EPubDate", "Date", shown_date(a.electronic)),
        _item("Source", "String", a.journal.medline or a.journal.iso),
        _items("AuthorList", [_item("Author", "String", p) for p in people]),
        _item("LastAuthor", "String", people[-1] if people else ""),
        _item("Title", "String", flat(a.title)),
        _item("Volume", "String", a.journal.volume),
        _item("Issue", "String", a.journal.issue),
        _item("Pages", "String", a.pages),
        _items("LangList", [_item("Lang", "String", _LANGUAGE_OF.get(x, x)) for x in a.languages]),
        _item("NlmUniqueID", "String", a.journal.nlm_id),
        _item("ISSN", "String", a.journal.issn),
        _item("ESSN", "String", ""),
        _items("PubTypeList", [_item("PubType", "String", x) for x in a.type_names]),
        _item("RecordStatus", "String", STATUS.get(a.status, "PubMed")),
        _item("PubStatus", "String", a.publication_status),
        _items("ArticleIds", [_item(kind, "String", value) for kind, value in identifiers]),
    ]
    if a.doi:
        parts.append(_item("DOI", "String", a.doi))
    parts += [
        _items("History", [_item(status, "Date", at) for status, at in _history(a)]),
        _items("References", []),
        _item("HasAbstract", "Integer", "1" if a.sections else "0"),
        _item("FullJournalName", "String", a.journal.title),
        _item("ELocationID", "String", _place(a)),
        _item("SO", "String", citation(a)),
        "</DocSum>\n",
    ]
    return "".join(parts)


def summary(a: Article) -> dict[str, Any]:
    """Return a record's summary, version 2.0, as JSON has it."""
    people = [
        {"name": short_name(p), "authtype": "CollectiveName" if p.collective else "Author"}
        for p in a.authors
    ]
    first = a.published.first or (a.electronic.first if a.electronic else 0)
    return {
        "uid": str(a.pmid),
        "pubdate": shown_date(a.published),
        "epubdate": shown_date(a.electronic),
        "source": a.journal.medline or a.journal.iso,
        "authors": people,
        "lastauthor": people[-1]["name"] if people else "",
        "title": flat(a.title),
        "sorttitle": sort_title(a.title),
        "volume": a.journal.volume,
        "issue": a.journal.issue,
        "pages": a.pages,
        "lang": list(a.languages),
        "nlmuniqueid": a.journal.nlm_id,
        "issn": a.journal.issn,
        "essn": "",
        "pubtype": list(a.type_names),
        "recordstatus": STATUS.get(a.status, "PubMed"),
        "pubstatus": a.publication_status,
        "articleids": [{"idtype": kind, "value": value} for kind, value in _identifiers(a)],
        "history": [{"pubstatus": status, "date": at} for status, at in _history(a)],
        "references": [],
        "attributes": ["Has Abstract"] if a.sections else [],
        "fulljournalname": a.journal.title,
        "elocationid": _place(a),
        "doctype": "book" if a.book else "citation",
        "booktitle": a.book.title if a.book else "",
        "publishername": a.book.publisher if a.book else "",
        "publisherlocation": a.book.place if a.book else "",
        "edition": a.book.edition if a.book else "",
        "sortpubdate": f"{day(first)} 00:00" if first else "",
        "sortfirstauthor": people[0]["name"] if people else "",
        "vernaculartitle": flat(a.vernacular_title),
    }


def sort_title(title: str) -> str:
    """Title as PubMed sorts it: lower case, no leading article or punctuation."""
    text = flat(title).lower().lstrip("[\"'“‘(").rstrip(".]")
    for word in ("the ", "an ", "a "):
        if text.startswith(word):
            return text[len(word) :]
    return text


_NAMES = {
    "pubdate": "PubDate", "epubdate": "EPubDate", "lastauthor": "LastAuthor",
    "sorttitle": "SortTitle", "nlmuniqueid": "NlmUniqueID", "issn": "ISSN", "essn": "ESSN",
    "recordstatus": "RecordStatus", "pubstatus": "PubStatus", "fulljournalname": "FullJournalName",
    "elocationid": "ELocationID", "doctype": "DocType", "booktitle": "BookTitle",
    "publishername": "PublisherName", "publisherlocation": "PublisherLocation",
    "sortpubdate": "SortPubDate", "sortfirstauthor": "SortFirstAuthor",
    "vernaculartitle": "VernacularTitle", "authors": "Authors", "lang": "Lang",
    "pubtype": "PubType", "articleids": "ArticleIds", "history": "History",
    "references": "References", "attributes": "Attributes", "name": "Name",
    "authtype": "AuthType", "idtype": "IdType", "value": "Value", "date": "Date",
}  # fmt: skip
_ENTRIES = {
    "authors": "Author", "lang": "string", "pubtype": "flag", "articleids": "ArticleId",
    "history": "PubMedPubDate", "references": "Reference", "attributes": "flag",
}  # fmt: skip


def document_summary(a: Article) -> str:
    """Write a ``DocumentSummary``, version 2.0."""
    parts = [f'<DocumentSummary uid="{a.pmid}">\n']
    for key, value in summary(a).items():
        if key == "uid":
            continue
        name = _NAMES.get(key, key.title())
        if isinstance(value, list):
            entry = _ENTRIES[key]
            inner = "".join(f"<{entry}>{_fields(one)}</{entry}>\n" for one in value)
            parts.append(f"<{name}>{inner}</{name}>\n")
        else:
            parts.append(f"<{name}>{escape(value)}</{name}>\n")
    parts.append("</DocumentSummary>\n")
    return "".join(parts)


def _fields(one: str | dict[str, str]) -> str:
    if isinstance(one, str):
        return escape(one)
    return "".join(f"<{_NAMES[k]}>{escape(v)}</{_NAMES[k]}>" for k, v in one.items())
