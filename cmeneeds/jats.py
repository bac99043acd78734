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

import html.entities
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lxml import etree

from cmeneeds.documents import (
    Cell,
    Citation,
    Document,
    Licence,
    Part,
    Reference,
    section_kind,
)
from cmeneeds.entrez_errors import FullTextNotAvailable, NotAnXmlAnswer, check_answer, xml_root
from cmeneeds.records import Author, Markup, Related

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
                found.append(FullTextNotAvailable(what[:160], id=_pmcid(number)))
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


# --- text ---------------------------------------------------------------------------------------

_MATH = "{http://www.w3.org/1998/Math/MathML}math"
_ANNOTATIONS = tuple(
    f"{{http://www.w3.org/1998/Math/MathML}}{tag}" for tag in ("annotation", "annotation-xml")
)
_XLINK = "{http://www.w3.org/1999/xlink}href"
_MARKS = {"sup": "sup", "sub": "sub", "italic": "i", "bold": "b", "underline": "u"}
_SILENT = frozenset((
    "graphic", "inline-graphic", "media", "supplementary-material", "alt-text", "long-desc",
    "object-id", "index-term", "index-term-range-end", "permissions", "sec-meta", "kwd-group",
    "ref-list", "ack", "bio", "author-notes", "notes", "label", "processing-meta",
    "contrib-group", "term-head", "def-head", "private-char",
))  # fmt: skip
"""Never read where they stand; labels are read by what they label."""
_TEX = re.compile(r"\\begin\{document\}(.*)\\end\{document\}", re.DOTALL)
_RANGE = re.compile(r"\W*(\d{1,4})\s*[-‐‑‒–—−]\s*(\d{1,4})\W*")
_DASH = re.compile(r"[\s\[\]()]*[-‐‑‒–—−][\s\[\]()]*")
_LONGEST_RANGE = 50


class _Refs(dict[str, tuple[int, ...]]):
    """Places in the list of references, by the identifier that citations use."""

    count = 0


class _Text:
    """A text under construction, with its markup and citations."""

    __slots__ = ("_border", "_fresh", "citations", "length", "marks", "notes", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.marks: list[Markup] = []
        self.citations: list[Citation] = []
        self.notes: list[Any] = []
        """Footnotes that were cut out."""
        self._fresh = True  # at the beginning of a line
        self._border = False  # after a line break that only matters if more text follows

    def add(self, text: str | None) -> None:
        if text:
            self.pieces.append(text)
            self.length += len(text)
            self._fresh = text.endswith("\n")
            self._border = False

    def new_line(self) -> None:
        """Keep two blocks apart."""
        if not self._fresh:
            self.add("\n")
            self._border = True

    def read(self, element: Any, refs: _Refs) -> None:
        """Take in all that an element says."""
        self.add(element.text)
        for child in element:
            self.take(child, refs)
            self.add(child.tail)

    def take(self, element: Any, refs: _Refs) -> None:
        """Take in an inline element, without its tail."""
        tag = element.tag
        start = self.length
        if not isinstance(tag, str):
            if tag is etree.Entity:  # the DTD that would say what it means is not loaded
                self.add(html.entities.html5.get(f"{element.name};", ""))
        elif tag in _SILENT:
            pass
        elif tag == "fn":
            self.notes.append(element)
        elif tag in ("break", "hr"):
            self.add("\n")
        elif tag == _MATH:
            tokens = element.iter(etree.Element)
            self.add("".join(_token(t) for t in tokens if not _annotates(t, element)))
            self._mark(start, "math")
        elif tag == "tex-math":
            if element.getparent().find(_MATH) is None:
                said = "".join(element.itertext())
                tex = _TEX.search(said)
                self.add((tex.group(1) if tex else said).strip())
                self._mark(start, "math")
        elif tag == "alternatives":
            forms = [element.find(name) for name in (_MATH, "tex-math", "textual-form")]
            for form in [f for f in forms if f is not None][:1] or list(element)[:1]:
                self.take(form, refs)
        elif tag in ("inline-formula", "disp-formula"):
            marks = len(self.marks)
            self.read(element, refs)
            del self.marks[marks:]  # what is inside a formula is one thing
            self._mark(start, "math")
        elif tag == "xref" and element.get("ref-type") == "bibr":
            first = len(self.pieces)
            self.read(element, refs)
            self._cite(start, "".join(self.pieces[first:]), element.get("rid", ""), refs)
        elif tag in _BLOCKS:
            self.new_line()
            self.read(element, refs)
            self.new_line()
        else:
            self.read(element, refs)
            self._mark(start, _MARKS.get(tag, ""))

    def _mark(self, start: int, tag: str) -> None:
        if tag and self.length > start:
            self.marks.append(Markup(start, self.length, tag))

    def _cite(self, start: int, said: str, rid: str, refs: _Refs) -> None:
        found = tuple(i for one in rid.split() for i in refs.get(one, ()))
        span = _RANGE.fullmatch(said) if len(found) == 1 and len(said) < 20 else None
        if span:  # "3-6" in one link, which names the first work only
            more = int(span.group(2)) - int(span.group(1))
            if 0 < more <= _LONGEST_RANGE:
                found = tuple(range(found[0], min(found[0] + more + 1, refs.count)))
        self.citations.append(Citation(start, self.length, found))

    def finish(self) -> tuple[str, tuple[Markup, ...], tuple[Citation, ...]]:
        """Return text, markup in order, and citations with ranges such as [3]-[6] filled in."""
        text = "".join(self.pieces)
        if self._border:
            text = text[:-1]
            self.marks = [m._replace(end=min(m.end, len(text))) for m in self.marks]
        cited = self.citations
        for i in range(1, len(cited)):
            before, after = cited[i - 1], cited[i]
            if not (before.references and after.references):
                continue
            first, last = before.references[-1] + 1, after.references[0]
            near = first < last <= first + _LONGEST_RANGE
            if near and _DASH.fullmatch(text, before.end, after.start):
                cited[i] = after._replace(references=(*range(first, last), *after.references))
        return text, tuple(sorted(self.marks)), tuple(cited)


def _token(element: Any) -> str:
    """Text of a MathML token element; what stands between elements is layout."""
    return "" if len(element) else (element.text or "").strip()


def _annotates(element: Any, formula: Any) -> bool:
    while element is not formula:
        if element.tag in _ANNOTATIONS:
            return True
        element = element.getparent()
    return False


def _plain(element: Any) -> str:
    """Text of an element on one line, for labels, headers and metadata."""
    if element is None:
        return ""
    text = _Text()
    text.read(element, _Refs())
    return " ".join("".join(text.pieces).split())


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

    def __init__(self, refs: _Refs) -> None:
        self.refs = refs
        self.parts: list[Part] = []

    def emit(self, text: _Text, place: _Place, cell: Cell | None = None) -> None:
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
        text = _Text()
        text.read(element, self.refs)
        self.emit(text, place)

    def flow(self, element: Any, place: _Place) -> None:
        """Make parts of mixed content: text runs until a block begins."""
        text = _Text()
        text.add(element.text)
        for child in element:
            block = _BLOCKS.get(child.tag)
            if block is None:
                text.take(child, self.refs)
            else:
                self.emit(text, place)
                text = _Text()
                block(self, child, place)
            text.add(child.tail)
        self.emit(text, place)

    def titled(self, element: Any, place: _Place) -> None:
        """Read a section, box, statement or appendix: a label, a title, and what it holds."""
        title = element.find("title")
        if title is None:
            title = element.find("caption/title")
        label = _plain(element.find("label"))
        name = " ".join(t for t in (label, _plain(title)) if t)
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
        if holder is None or holder.tag not in _TITLED:
            own = place.path[-1:] == (_plain(element),)
            path = place.path[:-1] if own else place.path
            self.whole(element, place._replace(kind="heading", path=path, label="", lead=-1))

    def list(self, element: Any, place: _Place) -> None:
        inner = place.below(_plain(element.find("title")), place.section)
        last = self.parts[-1] if self.parts else None
        if last and last.path == place.path and last.text.rstrip().endswith((":", "：")):
            inner = inner._replace(lead=last.number)
        self.flow(element, inner._replace(kind="list item"))

    def list_item(self, element: Any, place: _Place) -> None:
        label = element.find("label")
        if label is None:
            label = element.find("term")  # of a definition list
        self.flow(element, place._replace(kind="list item", label=_plain(label)))

    def footnote(self, element: Any, place: _Place) -> None:
        kind = "table note" if place.kind.startswith("table") else "note"
        label = _plain(element.find("label"))
        self.flow(element, place._replace(kind=kind, label=label, lead=-1))

    def figure(self, element: Any, place: _Place) -> None:
        place = place.floating()
        label = _plain(element.find("label"))
        for caption in element.iterfind("caption"):
            self.captions(caption, place._replace(kind="figure caption", label=label, lead=-1))

    def captions(self, element: Any, place: _Place) -> None:
        for piece in element:
            if isinstance(piece.tag, str):
                self.flow(piece, place)

    def table_wrap(self, element: Any, place: _Place) -> None:
        place = place.floating()
        label = _plain(element.find("label"))
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
        for cell, text in _cells(element, place.label, self.refs):
            self.emit(text, place, cell)

    def quotation(self, element: Any, place: _Place) -> None:
        self.flow(element, place._replace(kind="quotation"))

    def aside(self, element: Any, place: _Place) -> None:
        self.flow(element, place._replace(kind="note", label="", lead=-1))

    def nothing(self, element: Any, place: _Place) -> None:
        """Leave out; the text around it goes on as another part."""


_TITLED = frozenset(("sec", "boxed-text", "statement", "app", "glossary"))
_HOLDERS = (
    "p", "caption", "def", "verse-group", "verse-line", "speech", "preformat", "code",
    "fig-group", "table-wrap-group", "table-wrap-foot", "fn-group", "app-group",
    "disp-formula-group", "question", "question-wrap", "answer", "explanation", "option",
)  # fmt: skip
_BLOCKS: dict[str, Callable[[_Reader, Any, _Place], None]] = {
    **dict.fromkeys(_TITLED, _Reader.titled),
    **dict.fromkeys(_HOLDERS, _Reader.flow),
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


# --- tables -------------------------------------------------------------------------------------

_NUMERIC = re.compile(r"[\d\s.,%()\[\]/±<>=≤≥–−·*-]+")
_MOST_PLACES = 200_000
"""Grid places of one table beyond which spans are not followed any more."""
_MOST_HEADERS = 16
"""Headers that a cell can have above it, and beside it."""


def _span(element: Any, name: str) -> int:
    said = element.get(name, "1").strip()
    # HTML's own limit; what is larger is a mistake or an attack.
    return min(max(int(said), 1), 1000) if said.isdecimal() and len(said) < 10 else 1


def _cells(table: Any, label: str, refs: _Refs) -> Iterator[tuple[Cell, _Text]]:
    """Yield the cells of a table with their place and headers."""
    columns: dict[int, list[str]] = {}
    number = places = 0
    has_head = table.find("thead") is not None
    sections = [s for s in table if s.tag in ("thead", "tbody", "tfoot")]
    if table.find("tr") is not None:
        sections.append(table)
    for section in sections:
        hanging: dict[int, tuple[int, str]] = {}  # column -> rows still covered, text
        group = ""
        for tr in section.iterfind("tr"):
            cells = [c for c in tr if c.tag in ("td", "th")]
            is_head = section.tag == "thead" or (
                not has_head and number == 0 and all(c.tag == "th" for c in cells)
            )
            row: list[tuple[int, int, str, _Text, Any]] = []
            leading = {c: text for c, (_, text) in hanging.items()}
            left = {c: (n - 1, text) for c, (n, text) in hanging.items() if n > 1}
            column = 0
            for cell in cells:
                while column in leading:
                    column += 1
                text = _Text()
                text.read(cell, refs)
                said = _header(text)
                wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
                if (places := places + wide) > _MOST_PLACES:
                    wide = high = 1
                if high > 1:
                    left |= dict.fromkeys(range(column, column + wide), (high - 1, said))
                row.append((column, wide, said, text, cell))
                if is_head and said:
                    for covered in range(column, column + wide):
                        if len(column_headers := columns.setdefault(covered, [])) < _MOST_HEADERS:
                            column_headers.append(said)
                column += wide
            hanging = left
            full = [r for r in row if r[2]]
            alone = not is_head and len(full) == 1 and full[0][0] == 0
            if alone and (full[0][1] > 1 or len(row) > 1):
                group = full[0][2]
            headers = {} if is_head else _row_headers(row, leading)
            for column, wide, said, text, cell in row:
                above: list[str] = []
                if not is_head:
                    for covered in range(column, min(column + wide, column + 20)):
                        above += [h for h in columns.get(covered, ()) if h not in above]
                outer = [group] if group and said != group else []
                beside = [h for c, h in headers.items() if c < column]
                is_header = is_head or cell.tag == "th" or column in headers or said == group != ""
                yield (
                    Cell(label, number, column, tuple(outer + beside), tuple(above), is_header),
                    text,
                )
            number += 1


_NOTE_MARK = re.compile(r"[a-z*†‡§¶‖#,\s]{1,5}")


def _header(text: _Text) -> str:
    """Return a cell as others quote it: on one line, without raised marks of footnotes."""
    said = "".join(text.pieces)
    for mark in reversed(text.marks):
        if mark.tag == "sup" and _NOTE_MARK.fullmatch(said, mark.start, mark.end):
            said = said[: mark.start] + said[mark.end :]
    return " ".join(said.split())


def _row_headers(
    row: list[tuple[int, int, str, _Text, Any]], leading: dict[int, str]
) -> dict[int, str]:
    """Return the headers of a body row by column, from the left."""
    first = row[0][0] if row else 0
    spans = {c: text for c, text in leading.items() if c < min(first, _MOST_HEADERS) and text}
    headers = {r[0]: r[2] for r in row[:_MOST_HEADERS] if r[4].tag == "th" and r[2]}
    if not headers and len(row) > 1:
        for column, _, said, _, cell in row[: min(len(row) - 1, _MOST_HEADERS)]:
            if said and not ((spans or headers) and _NUMERIC.fullmatch(said)):
                headers[column] = said
            if _span(cell, "rowspan") == 1:
                break
    return dict(sorted((spans | headers).items()))


# --- the article --------------------------------------------------------------------------------


def _pmcid(text: str) -> str:
    number = re.fullmatch(r"(?:PMC)?(\d{1,10})(?:\.\d+)?", text.strip(), re.IGNORECASE)
    return f"PMC{number.group(1)}" if number else ""


def _number(text: str | None) -> int | None:
    said = (text or "").strip()
    return int(said) if said.isdecimal() and 0 < len(said) < 12 else None


def _article(root: Any) -> Document | FullTextNotAvailable:
    meta = root.find("front/article-meta")
    if meta is None:
        raise NotAnXmlAnswer("the article has no article-meta", "Give a JATS file of PMC")
    ids = {i.get("pub-id-type", ""): _plain(i) for i in meta.iterfind("article-id")}
    pmcid = _pmcid(ids.get("pmcid", "")) or _pmcid(ids.get("pmc", ""))
    pmid = _number(ids.get("pmid"))
    body = root.find("body")
    if body is None and any(_REFUSED in (c.text or "") for c in root.iter(etree.Comment)):
        return FullTextNotAvailable(
            "the publisher does not allow PMC to give out the full text",
            "Use the abstract, or read it where the publisher shows it",
            id=pmcid,
        )
    if not pmcid and pmid is None:
        raise NotAnXmlAnswer("the article has neither a PMC number nor a PMID")
    references, refs = _references(root)
    reader = _Reader(refs)
    group = meta.find("title-group")
    for title in group if group is not None else ():
        if title.tag in ("article-title", "subtitle"):
            reader.whole(title, _Place("title"))
    for abstract in meta.iterfind("abstract"):
        name = _plain(abstract.find("title")) or "Abstract"
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
        journal=_plain(next(root.find("front").iter("journal-title"), None)),
        publisher=_plain(root.find("front/journal-meta/publisher/publisher-name")),
        year=_year(meta),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        authors=tuple(_authors(meta)),
        licence=_licence(meta),
        related=tuple(
            Related(
                r.get("related-article-type", ""),
                _number(r.get(_XLINK)) if r.get("ext-link-type") == "pubmed" else None,
                r.get(_XLINK, ""),
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
            _plain(child.find("title")), child.get("sec-type", "")
        ) in ("statements", "")
        if child.tag in ("app-group", "app", "sec", "glossary") and not statement:
            holder = etree.Element("back")
            holder.append(child)
            yield holder
    yield from root.iterfind("floats-group")
    yield from root.iterfind("floats-wrap")


def _references(root: Any) -> tuple[tuple[Reference, ...], _Refs]:
    found: list[Reference] = []
    refs = _Refs()
    for ref in root.iterfind("back//ref-list/ref"):
        works = [w for w in ref if w.tag in _CITATIONS] or [ref]
        first = len(found)
        for work in works:
            ids = {i.get("pub-id-type", ""): _plain(i) for i in work.iter("pub-id")}
            links = [_plain(x) for x in work.iter("ext-link") if x.get("ext-link-type") == "doi"]
            doi = _DOI.search(ids.get("doi") or next(iter(links), ""))
            found.append(
                Reference(
                    ref.get("id", ""),
                    _number(ids.get("pmid")),
                    doi.group() if doi else "",
                    _pmcid(ids.get("pmcid", "") or ids.get("pmc", "")),
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


def _year(meta: Any) -> int | None:
    years: dict[str, int] = {}
    for date in meta.iterfind("pub-date"):
        year = _number(date.findtext("year"))
        if year is not None:
            years.setdefault(date.get("pub-type") or date.get("date-type") or "pub", year)
    return next((years[kind] for kind in _DATES if kind in years), None)


def _authors(meta: Any) -> Iterator[Author]:
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
                _plain(name.find("surname")),
                _plain(given),
                given.get("initials", "") if given is not None else "",
                _plain(name.find("suffix")),
                orcid=_plain(orcid).rstrip("/").rsplit("/", 1)[-1],
            )
        elif collective is not None or name is not None:
            yield Author(collective=_plain(collective if collective is not None else name))


def _licence(meta: Any) -> Licence:
    permissions = meta.find("permissions")
    holder = permissions if permissions is not None else meta
    stated = holder.find("license")
    links: list[str] = []
    if stated is not None:
        links = [stated.get(_XLINK, "")]
        links += [
            _plain(e) for e in stated.iter("{http://www.niso.org/schemas/ali/1.0/}license_ref")
        ]
        links += [e.get(_XLINK, "") for e in stated.iter("ext-link", "uri")]
    web = [link for link in links if link.startswith(("http://", "https://"))]
    lines = [_plain(p) for p in stated if isinstance(p.tag, str)] if stated is not None else []
    return Licence(
        "\n".join(line for line in lines if line and line not in web),
        next(iter(web), ""),
        _plain(holder.find("copyright-statement")),
    )
