"""Find wording that equals a source's and stands in no quotation marks.

A run of words is compared after folding case and dropping punctuation. What is quoted, and what a
report shows as an evidence card, is no copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from cmeneeds.works import Works

LONGEST: Final = 12
"""Words in a row that may equal a source's without quotation marks, less one. House rule: style
guides name no number; handbooks against plagiarism call from six to a dozen words too long."""

_PLACES: Final = 20
"""Places of one run of words that are compared: a text that repeats itself has no end of them."""

_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*%?")
_QUOTED = re.compile('“[^“”]*”|"[^"]*"|«[^«»]*»|‘[^‘’]{20,}’')


class Copy(NamedTuple):
    """Wording that a source has too."""

    text: str
    """As it stands in the report."""
    source: str
    """Citation key of the source."""
    words: int


class Sources:
    """The words of all sources of a run.

    Parameters
    ----------
    works : Works
    least : int
        Words in a row that count as copied.
    """

    def __init__(self, works: Works, least: int = LONGEST) -> None:
        self._least = least
        self._texts: list[list[str]] = []
        self._keys: list[str] = []
        self._places: dict[int, list[tuple[int, int]]] = {}
        for key, text in _texts(works):
            words = [m[0].casefold() for m in _WORD.finditer(text)]
            if len(words) < least:
                continue
            for start in range(len(words) - least + 1):
                run = hash(tuple(words[start : start + least]))
                places = self._places.setdefault(run, [])
                if len(places) < _PLACES:
                    places.append((len(self._texts), start))
            self._texts.append(words)
            self._keys.append(key)

    def copies(self, text: str) -> list[Copy]:
        """Return what a paragraph shares with a source, longest run first at each place."""
        # What is quoted keeps its length, so that offsets stay; no word is left of it.
        plain = _QUOTED.sub(lambda m: "\n" * len(m[0]), text)
        found = list(_WORD.finditer(plain))
        words = [m[0].casefold() for m in found]
        gaps = {
            i for i in range(1, len(found)) if "\n" in plain[found[i - 1].end() : found[i].start()]
        }
        out: list[Copy] = []
        start = 0
        while start + self._least <= len(words):
            best = (0, "")
            for number, place in self._places.get(
                hash(tuple(words[start : start + self._least])), ()
            ):
                length = _shared(words, start, self._texts[number], place)
                best = max(best, (length, self._keys[number]), key=lambda b: b[0])
            length = next((g - start for g in sorted(gaps) if start < g < start + best[0]), best[0])
            if length >= self._least:
                shown = text[found[start].start() : found[start + length - 1].end()]
                out.append(Copy(shown, best[1], length))
                start += length
            else:
                start += 1
        return out


def _shared(words: list[str], start: int, theirs: list[str], place: int) -> int:
    length = 0
    while (
        start + length < len(words)
        and place + length < len(theirs)
        and words[start + length] == theirs[place + length]
    ):
        length += 1
    return length


def _texts(works: Works) -> Iterator[tuple[str, str]]:
    for key, work in works.items():
        if work.article is not None:
            yield key, work.article.title
            for section in work.article.sections:
                yield key, section.text
        if work.document is not None:
            for part in work.document.parts:
                yield key, part.text


def copies_in(texts: Iterable[str], works: Works) -> list[Copy]:
    """Return all copies in several paragraphs; see :class:`Sources`."""
    sources = Sources(works)
    return [copy for text in texts for copy in sources.copies(text)]
