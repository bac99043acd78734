"""What a PDF repeats on its pages, and what its pages have in common: size of letters, words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from cmeneeds.own_sources.layout import Page, Word

MARGIN = 0.12
"""Share of the page, at its top and foot, in which lines that repeat are not text."""
_PAGE_NUMBER = re.compile(r"(?:page|p\.|seite)?\s*[-–]?\s*(?:\d{1,4}|[ivxl]{1,6})\s*[-–]?"
                          r"(?:\s*(?:of|/|von)\s*\d{1,4})?", re.IGNORECASE)  # fmt: skip


def margins(pages: Sequence[Page], body: float) -> dict[int, frozenset[int]]:
    """Places of the words of running heads, running feet and page numbers, by page.

    Rows are taken from the edge of the page inwards, as long as each stands at the same height on
    other pages too, but for its numbers, or is a page number. What is larger than the text is a
    heading, never a running head.
    """
    seen: Counter[tuple[str, int]] = Counter()
    edges: list[tuple[int, list[tuple[tuple[str, int], str, list[int]]]]] = []
    for page in pages:
        rows: dict[int, list[tuple[int, Word]]] = {}
        for k, word in enumerate(page.words):
            if word.y1 < MARGIN * page.height or word.y0 > (1 - MARGIN) * page.height:
                rows.setdefault(round((word.y0 + word.y1) / 6), []).append((k, word))
        for top in (True, False):
            edge = []
            for place in sorted(rows, reverse=not top):
                row = sorted(rows[place], key=lambda kw: kw[1].x0)
                if (place * 3 < page.height / 2) != top:
                    continue
                if max(w.size for _, w in row) > 1.1 * body:
                    break
                text = " ".join(w.text for _, w in row)
                key = (re.sub(r"\d+", "#", text), round(place / 2))
                seen[key] += 1
                edge.append((key, text, [k for k, _ in row]))
            edges.append((page.number, edge))
    least = 2 if len(pages) <= 5 else 3
    gone: dict[int, set[int]] = {}
    for number, edge in edges:
        for key, text, places in edge:
            repeats = max(seen[key[0], key[1] + shift] for shift in (-1, 0, 1))
            if repeats < least and not _PAGE_NUMBER.fullmatch(text.strip()):
                break
            gone.setdefault(number, set()).update(places)
    return {number: frozenset(places) for number, places in gone.items()}


def body_size(pages: Iterable[Page]) -> float:
    """Size of most of the letters, in points."""
    weights: Counter[float] = Counter()
    for page in pages:
        for word in page.words:
            weights[round(word.size, 1)] += len(word.text)
    return max(weights, key=lambda s: weights[s]) if weights else 10.0


def vocabulary(pages: Iterable[Page]) -> Counter[str]:
    """How often each whole word stands in the document; halves of hyphenated ones do not count."""
    words: Counter[str] = Counter()
    for page in pages:
        half = False
        for word in page.words:
            if not half and not (half := word.text.endswith(("-", "\u00ad"))):
                words[word.text.strip(".,;:()[]\"'“”’").lower()] += 1
            else:
                half = word.text.endswith(("-", "\u00ad"))
    return words
