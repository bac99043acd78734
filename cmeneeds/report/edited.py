"""Hold an edited Word file against the report that it was made from.

Paragraphs are found by their marks first, then by their exact words, then by likeness: a mark is
lost when somebody types a paragraph anew, and moves along when one is moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from cmeneeds.report.anchors import MARK, Block, blocks_of, comparable
from cmeneeds.report.word import Paragraph, WordReport

LIKE: Final = 0.6
"""Share of words that two paragraphs must have in common to pass for one that was edited."""

_COMPARED: Final = 1_000
"""Words of a paragraph that likeness is measured on."""


@dataclass(frozen=True)
class Pair:
    """A paragraph and the block that it was.

    Attributes
    ----------
    block : Block or None
        None: somebody added the paragraph.
    paragraph : Paragraph or None
        None: somebody took the block out.
    """

    block: Block | None
    paragraph: Paragraph | None

    @property
    def changed(self) -> bool:
        """Whether words or citations differ."""
        if self.block is None or self.paragraph is None:
            return True
        return comparable(self.paragraph.text) != self.block.text or self.lost_citations != ()

    @property
    def lost_citations(self) -> tuple[str, ...]:
        """Citation keys of the block that the paragraph no longer has."""
        if self.block is None or self.paragraph is None:
            return ()
        kept = {k for c in self.paragraph.citations for k in c.keys}
        return tuple(k for k in dict.fromkeys(self.block.citations) if k not in kept)


def pairs(word: WordReport, report: str) -> list[Pair]:
    """Pair the paragraphs of a Word file with the blocks of the report it came from.

    Parameters
    ----------
    word : WordReport
    report : str
        Text of ``report.md``.

    Returns
    -------
    list of Pair
        In the order of the file; blocks that are gone at the end, in the order of the report.
        Lines of evidence cards, the title and the list of references are not among them.
    """
    blocks = blocks_of(report)
    by_anchor = {b.anchor: b for b in blocks}
    paragraphs = [p for p in word.body if p.text and not _is_apparatus(p)]
    taken: dict[str, None] = {}
    found: dict[int, Block] = {}
    for number, paragraph in enumerate(paragraphs):
        marks = [by_anchor[a] for a in paragraph.anchors if MARK.fullmatch(a) and a in by_anchor]
        free = [b for b in marks if b.anchor not in taken]
        if free:
            # Of two paragraphs joined into one, the one that more words are left of.
            best = max(free, key=lambda b: _likeness(b.text, comparable(paragraph.text)))
            found[number] = best
            taken[best.anchor] = None
    rest = [b for b in blocks if b.anchor not in taken]
    open_ = [n for n in range(len(paragraphs)) if n not in found]
    by_text: dict[str, list[Block]] = defaultdict(list)
    for block in rest:
        by_text[block.text].append(block)
    for number in open_:
        same = by_text.get(comparable(paragraphs[number].text))
        if same:
            found[number] = same.pop(0)
            taken[found[number].anchor] = None
    left = [b for b in rest if b.anchor not in taken]
    for number in open_:
        if number not in found and (nearest := _nearest(paragraphs[number], left)):
            found[number] = nearest
            taken[nearest.anchor] = None
            left.remove(nearest)
    matched = [Pair(found.get(n), p) for n, p in enumerate(paragraphs)]
    return matched + [Pair(block, None) for block in left]


def _is_apparatus(paragraph: Paragraph) -> bool:
    """Whether it is written anew with every export: titles, and the source lines of cards."""
    marked = any(MARK.fullmatch(a) for a in paragraph.anchors)
    return not marked and paragraph.style in ("Title", "Subtitle", "Evidence Source", "TOC Heading")


def _nearest(paragraph: Paragraph, blocks: Iterable[Block]) -> Block | None:
    text = comparable(paragraph.text)
    words = set(text.casefold().split())
    if len(words) < 4:
        return None
    scored = []
    for block in blocks:
        theirs = set(block.text.casefold().split())
        if len(words & theirs) >= LIKE * 0.8 * max(len(words), len(theirs)):
            scored.append((_likeness(block.text, text), block))
    best = max(scored, key=lambda s: s[0], default=None)
    return best[1] if best and best[0] >= LIKE else None


def _likeness(first: str, second: str) -> float:
    ours, theirs = first.split()[:_COMPARED], second.split()[:_COMPARED]
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
