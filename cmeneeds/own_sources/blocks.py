"""Make headings, paragraphs, list items, notes and table cells of the lines of a PDF.

What repeats at the top or foot of pages is left out. Lines of one paragraph are joined, over
columns and pages too; a hyphen at the end of a line is taken out unless the document writes the
word with it. Raised marks are kept as marked-up text, as they are of an article.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cmeneeds.documents import Cell
from cmeneeds.own_sources.layout import Page, Region, Table, Word, regions_of
from cmeneeds.own_sources.margins import body_size, margins, vocabulary
from cmeneeds.own_sources.parsed import Block
from cmeneeds.records import Markup

LONGEST_HEADING = 25
"""Words."""
LONGEST_PARAGRAPH = 20_000
"""Characters. What is longer is not joined with what follows."""
CELL_WORDS = 6
"""A leftmost cell with as many words is a statement of its own, not the name of its row."""

_BULLET = re.compile(r"^([•◦▪▫■□●○‣⁃∙·\-–—*\u25aa\u27a2\u2713\uf0b7o])$")
_NUMBERED = re.compile(r"^(\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])$")
_CAPTION = re.compile(r"^((?:Supplementary |Appendix )?(?:Table|Figure|Fig\.|Box|Tabelle)\s+"
                      r"(?:[A-Z]?\d{1,3}(?:\.\d{1,2})?[A-Za-z]?|[IVX]{1,5}))\b")  # fmt: skip
_NOTE = re.compile(r"^(?:[*†‡§¶#]+|\(?\d{1,3}\)?[.)]?|[a-z]\)?)$")
_GLUED = re.compile(r"^(\d{1,2}|[*†‡§¶]+)(?=[A-Z])")
_ENDS = re.compile(r"[.!?:;][\"'”’)\]]*\s*$")
_KEEP = frozenset(
    [
        "cross", "evidence", "follow", "guideline", "high", "long", "low", "mid", "patient",
        "self", "shared", "short", "team", "value", "well",
    ]
)  # fmt: skip
"""First parts of compounds that keep their hyphen."""


@dataclass
class _Line:
    words: list[Word]
    page: int
    right: float
    left: float
    size: float = 0.0
    bold: bool = False

    def __post_init__(self) -> None:
        weights: Counter[float] = Counter()
        heavy = 0
        for word in self.words:
            weights[round(word.size, 1)] += len(word.text)
            heavy += len(word.text) if word.bold else 0
        self.size = max(weights, key=lambda s: (weights[s], s))
        self.bold = heavy > 0.8 * sum(weights.values())

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)

    @property
    def y0(self) -> float:
        return min(w.y0 for w in self.words)

    @property
    def y1(self) -> float:
        return max(w.y1 for w in self.words)


@dataclass
class _Draft:
    """A block that still takes lines."""

    kind: str
    page: int
    size: float
    bold: bool
    text: str = ""
    markup: list[Markup] = field(default_factory=list)
    turns: list[tuple[int, int]] = field(default_factory=list)
    label: str = ""
    indent: float = 0.0
    last: _Line | None = None

    def add(self, line: _Line, words: Sequence[Word], known: Counter[str]) -> None:
        for position, word in enumerate(words):
            start = len(self.text)
            if self.text:
                if position == 0:
                    self.text = _joint(self.text, word.text, known)
                elif not word.glued:
                    self.text += " "
                start = len(self.text)
            if position == 0 and line.page != (self.turns[-1][1] if self.turns else self.page):
                self.turns.append((start, line.page))
            self.text += word.text
            tag = _raised(word, line)
            if tag:
                self.markup.append(Markup(start, len(self.text), tag))
        self.last = line

    def block(self, level: int = 0) -> Block:
        text = self.text.replace("\u00ad", "-")
        return Block(
            self.kind, text, self.page, level, self.label, None, tuple(self.markup),
            tuple(self.turns),
        )  # fmt: skip


def blocks_of(pages: Sequence[Page]) -> tuple[list[Block], str, list[str]]:
    """Make blocks of pages.

    Returns
    -------
    blocks, title, notes
        The title is the largest text of the first page that has text, where one is larger than
        the body.
    """
    body = body_size(pages)
    left_out = margins(pages, body)
    for page in pages:
        gone = left_out.get(page.number, frozenset())
        if gone:
            page.words = [w for k, w in enumerate(page.words) if k not in gone]
    known = vocabulary(pages)
    drafts: list[_Draft | Table] = []
    places: list[int] = []
    for page in pages:
        for region in regions_of(page):
            if region.table is not None:
                drafts.append(region.table)
                places.append(page.number)
                continue
            made = list(_paragraphs(region, page, body, known))
            for draft in made:
                earlier = _open_before(drafts, draft)
                if earlier is not None and earlier.last and draft.last:
                    _continue(earlier, draft, known)
                    continue
                drafts.append(draft)
                places.append(page.number)
    notes = []
    if left_out:
        notes.append("lines that repeat at the top or foot of pages, and page numbers, left out")
    return *_finish(drafts, places, body, known), notes


# --- paragraphs ---------------------------------------------------------------------------------


def _paragraphs(region: Region, page: Page, body: float, known: Counter[str]) -> Iterator[_Draft]:
    lines = [_Line(words, page.number, region.x1, region.x0) for words in region.lines]
    steps = sorted(b.y0 - a.y0 for a, b in pairwise(lines) if b.y0 > a.y0)
    step = steps[len(steps) // 3] if steps else 0.0
    draft: _Draft | None = None
    for line in lines:
        words = line.words
        label = _label(words)
        if draft is None or _begins(draft, line, label, step):
            if draft is not None and draft.text:
                yield draft
            kind = "paragraph"
            if label:
                kind, words = "list item", words[1:]
            elif line.size < 0.93 * body and line.y0 > page.height / 2 and (mark := _mark(words)):
                kind, label = "note", mark
                first = words[0]._replace(text=words[0].text[len(mark) :])
                words = [first, *words[1:]] if first.text else words[1:]
            draft = _Draft(kind, line.page, line.size, line.bold, label=label)
            draft.indent = words[0].x0 if words else line.words[0].x0
        draft.add(line, words, known)
    if draft is not None and draft.text:
        yield draft


def _label(words: Sequence[Word]) -> str:
    """The mark of a list item, or nothing."""
    if len(words) < 2:
        return ""
    first = words[0].text
    if _BULLET.match(first) and (first != "o" or words[1].x0 - words[0].x1 > words[0].size * 0.5):
        return first
    gap = words[1].x0 - words[0].x1 > 0.35 * words[0].size
    return first if _NUMBERED.match(first) and gap and first[:-1] not in ("A", "I") else ""


def _mark(words: Sequence[Word]) -> str:
    """The mark of a footnote at the start of a line, or nothing."""
    first = words[0].text
    if len(words) > 1 and _NOTE.match(first):
        return first
    glued = _GLUED.match(first)
    return glued[1] if glued else ""


def _begins(draft: _Draft, line: _Line, label: str, step: float) -> bool:
    """Whether a line begins a new block."""
    last = draft.last
    if last is None or label:
        return True
    if abs(line.size - draft.size) > 0.08 * draft.size and not (
        len(line.words) == 1 and line.size < draft.size
    ):
        return True
    if (
        line.bold != draft.bold
        and (line.bold or draft.bold)
        and not (draft.kind != "paragraph" or _mid_sentence(draft.text, line))
    ):
        return True
    if _CAPTION.match(line.text) and _ENDS.search(draft.text):
        return True
    if line.size < draft.size * 0.97 and _mark(line.words):
        return True
    if draft.kind == "note" and _mark(line.words):
        return _ENDS.search(draft.text) is not None
    gap = line.y0 - last.y0
    if step and gap > 1.35 * step and gap > 1.25 * max(line.size, last.size) * 1.15:
        return True
    if draft.kind == "list item":
        return (
            line.words[0].x0 < draft.indent - 0.6 * line.size
            and _ENDS.search(draft.text) is not None
        )
    if line.words[0].x0 > line.left + 0.8 * line.size and last.words[0].x0 <= last.left + 2:
        return _ENDS.search(draft.text) is not None and not _mid_sentence("", line)
    short = last.words[-1].x1 < last.right - 0.15 * (last.right - last.left)
    room = last.right - last.words[-1].x1 > (line.words[0].x1 - line.words[0].x0) + line.size
    return short and room and _ENDS.search(draft.text) is not None


def _mid_sentence(text: str, line: _Line) -> bool:
    first = line.words[0].text[:1]
    return not _ENDS.search(text) and (first.islower() or first in "(,;%")


def _open_before(drafts: Sequence[_Draft | Table], draft: _Draft) -> _Draft | None:
    """The paragraph that goes on in this one, over a column, a page, a table or notes."""
    if draft.kind not in ("paragraph",) or not draft.text[:1].islower():
        return None
    for earlier in reversed(drafts[-12:]):
        if isinstance(earlier, Table) or earlier.kind == "note" or _CAPTION.match(earlier.text):
            continue
        same = abs(earlier.size - draft.size) < 0.5 and earlier.bold == draft.bold
        fits = same and len(earlier.text) < LONGEST_PARAGRAPH
        return earlier if fits and not _ENDS.search(earlier.text[-20:]) else None
    return None


def _continue(earlier: _Draft, draft: _Draft, known: Counter[str]) -> None:
    """Join a paragraph with its beginning."""
    first, *_ = draft.text.split(" ", 1)
    earlier.text = _joint(earlier.text, first, known)
    shift = len(earlier.text)
    page = earlier.turns[-1][1] if earlier.turns else earlier.page
    if draft.page != page:
        earlier.turns.append((shift, draft.page))
    earlier.turns += [(at + shift, number) for at, number in draft.turns]
    earlier.text += draft.text
    earlier.markup += [Markup(m.start + shift, m.end + shift, m.tag) for m in draft.markup]
    earlier.last = draft.last


def _joint(text: str, following: str, known: Counter[str]) -> str:
    """End a line so that the next word can follow: with a space, or without its hyphen."""
    if not text.endswith(("\u00ad", "-", "\u2010")):
        return text + " "
    before = re.search(r"([\w\u00ad-]*)$", text[:-1])
    first = (before[1] if before else "").lower()
    rest = re.match(r"\w*", following)
    second = (rest[0] if rest else "").lower()
    if not first or not following[:1].islower():
        return text[:-1] + "-" if first or following[:1].isdigit() else text + " "
    whole, split = known[first + second], known[f"{first}-{second}"]
    compound = len(second) > 3 and (first in _KEEP or (known[first] > 0 and known[second] > 0))
    keep = split > whole or (
        not whole and (compound or second == "up" or any(c.isdigit() for c in first))
    )
    return text[:-1] + ("-" if keep else "")


def _raised(word: Word, line: _Line) -> str:
    """``sup`` or ``sub`` for letters that are smaller and higher or lower than their line."""
    if word.raised:
        return "sup"
    if word.size > 0.85 * line.size:
        return ""
    full = [w for w in line.words if w.size > 0.9 * line.size]
    if not full:
        return ""
    nearest = min(full, key=lambda w: abs(w.x0 - word.x0))
    up, down = nearest.y0 - word.y0, word.y1 - nearest.y1
    # Of a smaller letter on the same line the top is lower, and the foot higher.
    return (
        "sup" if word.y1 < nearest.y1 - 0.2 * line.size or up > 0 else "sub" if down > -0.1 else ""
    )


# --- the whole ----------------------------------------------------------------------------------


def _finish(
    drafts: Sequence[_Draft | Table], places: Sequence[int], body: float, known: Counter[str]
) -> tuple[list[Block], str]:
    title = _title(drafts, body)
    heads = [d for d in drafts if isinstance(d, _Draft) and _is_heading(d, body) and d is not title]
    sizes = sorted({round(d.size, 1) for d in heads}, reverse=True)
    blocks: list[Block] = []
    tables = 0
    for position, draft in enumerate(drafts):
        if isinstance(draft, Table):
            tables += 1
            label = _table_label(drafts, position)
            blocks += _cells(draft, label or "", places[position], known)
            continue
        if draft is title:
            draft.kind = "title"
            blocks.append(draft.block())
        elif _is_heading(draft, body):
            draft.kind = "heading"
            blocks.append(draft.block(1 + sizes.index(round(draft.size, 1))))
        else:
            if (caption := _CAPTION.match(draft.text)) and draft.kind == "paragraph":
                is_table = "tab" in caption[1].lower()
                near = any(
                    isinstance(d, Table) for d in drafts[max(0, position - 1) : position + 2]
                )
                if not is_table or near:
                    draft.label = caption[1]
                    draft.kind = "table caption" if is_table else "figure caption"
            blocks.append(draft.block())
    return blocks, title.text.replace("\u00ad", "-") if title else ""


def _title(drafts: Sequence[_Draft | Table], body: float) -> _Draft | None:
    first = next((d.page for d in drafts if isinstance(d, _Draft)), 0)
    able = [
        d
        for d in drafts
        if isinstance(d, _Draft) and d.page == first and d.size > 1.15 * body
        and 2 <= len(d.text.split()) <= 40
    ]  # fmt: skip
    return max(able, key=lambda d: d.size) if able else None


def _is_heading(draft: _Draft | Table, body: float) -> bool:
    if isinstance(draft, Table) or draft.kind != "paragraph":
        return False
    words = len(draft.text.split())
    if words > LONGEST_HEADING or _CAPTION.match(draft.text):
        return False
    larger = draft.size > 1.1 * body
    ends = draft.text.endswith((".", ",", ";", ":"))
    return (larger and not ends) or (draft.bold and words <= 15 and not ends)


def _table_label(drafts: Sequence[_Draft | Table], position: int) -> str:
    """Label of the caption right before a table, else right after it."""
    for place in (position - 1, position + 1):
        if 0 <= place < len(drafts):
            near = drafts[place]
            if isinstance(near, _Draft) and (found := _CAPTION.match(near.text)):
                return found[1]
    return ""


def _cells(table: Table, label: str, page: int, known: Counter[str]) -> Iterator[Block]:
    texts: dict[tuple[int, int], tuple[_Draft, int]] = {}
    for cell in table.cells:
        draft = _Draft("table cell", page, 0.0, False)
        for words in cell.lines:
            draft.add(_Line(words, page, 0.0, 0.0), words, known)
        texts[cell.row, cell.column] = draft, cell.wide
    first = min((row for row, _ in texts), default=0)
    columns: dict[int, str] = {}
    for (row, column), (draft, wide) in texts.items():
        if row == first:
            columns |= dict.fromkeys(range(column, column + max(1, wide)), draft.text)
    last = max((c + max(1, w) - 1 for (_, c), (_, w) in texts.items()), default=0)
    group = ""
    for (row, column), (draft, wide) in sorted(texts.items()):
        alone = sum(1 for r, _ in texts if r == row) == 1
        is_group = row != first and alone and column == 0 and (wide > last or last > 0)
        if is_group:
            group = draft.text
        beside = texts[row, 0][0].text if column > 0 and (row, 0) in texts else ""
        heads = row != first
        above = columns.get(column, "") if heads else ""
        where = Cell(
            label, row, column,
            tuple(filter(None, (group if heads and not is_group else "", beside if heads else ""))),
            (above,) if above and not is_group else (),
            row == first or (column == 0 and len(draft.text.split()) < CELL_WORDS),
        )  # fmt: skip
        block = draft.block()
        yield Block("table cell", block.text, page, 0, "", where, block.markup, block.turns)
