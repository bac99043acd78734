"""Full text in JATS, the XML of PubMed Central, to :class:`~cmeneeds.documents.Document`.

Reads NLM's journal archiving DTD 2.x and 3.0 and its successor JATS (ANSI/NISO Z39.96) to 1.3, as
``.nxml`` files of the open access subset and as efetch ``db=pmc`` gives them, with or without the
``pmc-articleset`` around. Tag library: https://jats.nlm.nih.gov/archiving/tag-library/.

Not kept: reference lists (only the identifiers of the cited works), acknowledgements, author notes
and biographies, affiliations, keywords, funding groups, supplementary material, images and their
alternative texts, numbers of equations, index terms, translated abstracts, peer-review letters
(``sub-article``, ``response``), heads of definition lists, OASIS (CALS) tables. Articles in an XML
namespace of their own are not recognized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lxml import etree

from cmeneeds.documents import (
    Cell,
    Document,
    Part,
    section_kind,
)
from cmeneeds.entrez_errors import FullTextNotAvailable, NotAnXmlAnswer, check_answer, xml_root
from cmeneeds.jats_meta import (
    authors_of,
    licence_of,
    number_in,
    pmcid_of,
    references_of,
    year_of,
)
from cmeneeds.jats_tables import cells_of
from cmeneeds.jats_text import HOLDERS, TITLED, XLINK, Refs, Text, plain
from cmeneeds.records import Related

_REFUSED = "does not allow downloading of the full text"


def parse_articles(body: bytes) -> tuple[Document | FullTextNotAvailable, ...]:
    """Read every article of an answer, in its order.

    An article that PMC does not give out stands in its place as an error that is returned, not
    raised, so that it does not hide the others.

    Raises
    ------
    AnswerCutShort, NotAnXmlAnswer
        If the body is not whole, or is no JATS.
    EntrezRefused, BackendFailed, ...
        If it is an error message of efetch, see :func:`~cmeneeds.entrez_errors.check_answer`.
    """
    root = xml_root(body, keep_comments=True)
    found: list[Document | FullTextNotAvailable] = []
    try:
        for element in (
            [root] if root.tag in ("article", "Reply") else root.iter("article", "Reply")
        ):
            if element.tag == "Reply":
                number = element.get("Id", "")
                what = element.get("error") or f"there is no article {number}"
                found.append(FullTextNotAvailable(what[:160], id=pmcid_of(number)))
            else:
                found.append(_article(element))
    except RecursionError:
        raise NotAnXmlAnswer("the article is nested too deeply") from None
    if not found and root.tag != "pmc-articleset":
        check_answer(body)
        raise NotAnXmlAnswer(f"the answer is not JATS: its root is {str(root.tag)[:60]!r}")
    return tuple(found)


def parse_article(body: bytes) -> Document:
    """Read one article.

    Returns
    -------
    Document
        ``full_text`` is False where there is no body and the publisher does not say why.

    Raises
    ------
    FullTextNotAvailable
        If the publisher does not allow PMC to give out the full text, or there is no such article.
    AnswerCutShort, NotAnXmlAnswer
        As in :func:`parse_articles`.
    """
    for found in parse_articles(body):
        if isinstance(found, FullTextNotAvailable):
            raise found
        return found
    raise FullTextNotAvailable("the answer holds no article", "Check the PMC number")


# --- parts --------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """What a part inherits from what is around it."""

    kind: str = "paragraph"
    path: tuple[str, ...] = ()
    section: str = ""
    label: str = ""
    lead: int = -1

    def below(self, title: str, section: str) -> _Place:
        path = (*self.path, title) if title else self.path
        return self._replace(path=path, section=section)

    def floating(self) -> _Place:
        """Place of a figure or table: older files put them all behind the last statement."""
        return self._replace(path=(), section="") if self.section == "statements" else self


class _Reader:
    """Walk an article and list its parts."""

    def __init__(self, refs: Refs) -> None:
        self.refs = refs
        self.parts: list[Part] = []

    def emit(self, text: Text, place: _Place, cell: Cell | None = None) -> None:
        said, marks, citations = text.finish()
        if said.strip():
            self.parts.append(
                Part(
                    len(self.parts),
                    place.kind,
                    said,
                    place.path,
                    place.section,
                    place.label,
                    marks,
                    citations,
                    cell,
                    place.lead if place.kind == "list item" else -1,
                )
            )
        note = "table note" if place.kind.startswith("table") else "note"
        for footnote in text.notes:
            self.footnote(footnote, place._replace(kind=note, label="", lead=-1))

    def whole(self, element: Any, place: _Place) -> None:
        """Make one part of an element, whatever is in it."""
        text = Text()
        text.read(element, self.refs)
        self.emit(text, place)

    def flow(self, element: Any, place: _Place) -> None:
        """Make parts of mixed content: text runs until a block begins."""
        text = Text()
        text.add(element.text)
        for child in element:
            block = _BLOCKS.get(child.tag)
            if block is None:
                text.take(child, self.refs)
            else:
                self.emit(text, place)
                text = Text()
                block(self, child, place)
            text.add(child.tail)
        self.emit(text, place)

    def titled(self, element: Any, place: _Place) -> None:
        """Read a section, box, statement or appendix: a label, a title, and what it holds."""
        title = element.find("title")
        if title is None:
            title = element.find("caption/title")
        label = plain(element.find("label"))
        name = " ".join(t for t in (label, plain(title)) if t)
        declared = element.get("sec-type") or element.get("content-type") or ""
        section = section_kind(name, declared, place.section)
        if title is not None:
            self.whole(title, place._replace(kind="heading", section=section, label=label, lead=-1))
        inner = place.below(name, section)._replace(label="", lead=-1)
        if element.tag == "boxed-text":
            inner = inner._replace(kind="box")
        self.flow(element, inner)

    def heading(self, element: Any, place: _Place) -> None:
        # The titles of these were read by `titled`; a caption may hold paragraphs besides.
        around = element.getparent()
        holder = around.getparent() if around.tag == "caption" else around
        if holder is None or holder.tag not in TITLED:
            own = place.path[-1:] == (plain(element),)
            path = place.path[:-1] if own else place.path
            self.whole(element, place._replace(kind="heading", path=path, label="", lead=-1))

    def list(self, element: Any, place: _Place) -> None:
        inner = place.below(plain(element.find("title")), place.section)
        last = self.parts[-1] if self.parts else None
        if last and last.path == place.path and last.text.rstrip().endswith((":", "：")):
            inner = inner._replace(lead=last.number)
        self.flow(element, inner._replace(kind="list item"))

    def list_item(self, element: Any, place: _Place) -> None:
        label = element.find("label")
        if label is None:
            label = element.find("term")  # of a definition list
        self.flow(element, place._replace(kind="list item", label=plain(label)))

    def footnote(self, element: Any, place: _Place) -> None:
        kind = "table note" if place.kind.startswith("table") else "note"
        label = plain(element.find("label"))
        self.flow(element, place._replace(kind=kind, label=label, lead=-1))

    def figure(self, element: Any, place: _Place) -> None:
        place = place.floating()
        label = plain(element.find("label"))
        for caption in element.iterfind("caption"):
            self.captions(caption, place._replace(kind="figure caption", label=label, lead=-1))

    def captions(self, element: Any, place: _Place) -> None:
        for piece in element:
            if isinstance(piece.tag, str):
                self.flow(piece, place)

    def table_wrap(self, element: Any, place: _Place) -> None:
        place = place.floating()
        label = plain(element.find("label"))
        inner = place._replace(kind="table caption", label=label, lead=-1)
        for child in element:
            for piece in child if child.tag == "alternatives" else (child,):
                if piece.tag == "caption":
                    self.captions(piece, inner)
                elif piece.tag == "table":
                    self.table(piece, inner)
                elif piece.tag in _BLOCKS:
                    self.flow(piece, inner._replace(kind="table note", label=""))

    def table(self, element: Any, place: _Place) -> None:
        place = place._replace(kind="table cell", lead=-1)
        for cell, text in cells_of(element, place.label, self.refs):
            self.emit(text, place, cell)

    def quotation(self, element: Any, place: _Place) -> None:
        self.flow(element, place._replace(kind="quotation"))

    def aside(self, element: Any, place: _Place) -> None:
        self.flow(element, place._replace(kind="note", label="", lead=-1))

    def nothing(self, element: Any, place: _Place) -> None:
        """Leave out; the text around it goes on as another part."""


_BLOCKS: dict[str, Callable[[_Reader, Any, _Place], None]] = {
    **dict.fromkeys(TITLED, _Reader.titled),
    **dict.fromkeys(HOLDERS, _Reader.flow),
    "title": _Reader.heading,
    "list": _Reader.list,
    "def-list": _Reader.list,
    "list-item": _Reader.list_item,
    "def-item": _Reader.list_item,
    "term": _Reader.nothing,
    "disp-quote": _Reader.quotation,
    "attrib": _Reader.aside,
    "speaker": _Reader.aside,
    "fig": _Reader.figure,
    "table-wrap": _Reader.table_wrap,
    "table": _Reader.table,
    "supplementary-material": _Reader.nothing,
}


# --- the article --------------------------------------------------------------------------------


def _article(root: Any) -> Document | FullTextNotAvailable:
    meta = root.find("front/article-meta")
    if meta is None:
        raise NotAnXmlAnswer("the article has no article-meta", "Give a JATS file of PMC")
    ids = {i.get("pub-id-type", ""): plain(i) for i in meta.iterfind("article-id")}
    pmcid = pmcid_of(ids.get("pmcid", "")) or pmcid_of(ids.get("pmc", ""))
    pmid = number_in(ids.get("pmid"))
    body = root.find("body")
    if body is None and any(_REFUSED in (c.text or "") for c in root.iter(etree.Comment)):
        return FullTextNotAvailable(
            "the publisher does not allow PMC to give out the full text",
            "Use the abstract, or read it where the publisher shows it",
            id=pmcid,
        )
    if not pmcid and pmid is None:
        raise NotAnXmlAnswer("the article has neither a PMC number nor a PMID")
    references, refs = references_of(root)
    reader = _Reader(refs)
    group = meta.find("title-group")
    for title in group if group is not None else ():
        if title.tag in ("article-title", "subtitle"):
            reader.whole(title, _Place("title"))
    for abstract in meta.iterfind("abstract"):
        name = plain(abstract.find("title")) or "Abstract"
        reader.flow(abstract, _Place("abstract paragraph", (name,)))
    if body is not None:
        reader.flow(body, _Place())
    for extra in _after_body(root):
        reader.flow(extra, _Place())
    titles = [p.text for p in reader.parts if p.kind == "title"]
    return Document(
        id=pmcid or f"PMID{pmid}",
        kind="pmc article",
        article_type=root.get("article-type", ""),
        title=titles[0] if titles else "",
        pmid=pmid,
        doi=ids.get("doi", ""),
        pmcid=pmcid,
        journal=plain(next(root.find("front").iter("journal-title"), None)),
        publisher=plain(root.find("front/journal-meta/publisher/publisher-name")),
        year=year_of(meta),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        authors=tuple(authors_of(meta)),
        licence=licence_of(meta),
        related=tuple(
            Related(
                r.get("related-article-type", ""),
                number_in(r.get(XLINK)) if r.get("ext-link-type") == "pubmed" else None,
                r.get(XLINK, ""),
            )
            for r in meta.iterfind("related-article")
        ),
        references=references,
        full_text=body is not None,
        parts=tuple(reader.parts),
    )


def _after_body(root: Any) -> Iterator[Any]:
    """Yield what stands after the body and is part of the text, each in a holder to walk."""
    for child in root.iterfind("back/*"):
        # Sections here are mostly thanks, funding and statements; appendices may be tools.
        statement = child.tag == "sec" and section_kind(
            plain(child.find("title")), child.get("sec-type", "")
        ) in ("statements", "")
        if child.tag in ("app-group", "app", "sec", "glossary") and not statement:
            holder = etree.Element("back")
            holder.append(child)
            yield holder
    yield from root.iterfind("floats-group")
    yield from root.iterfind("floats-wrap")
