"""espell: better spellings, from the words of the library itself.

A word that hardly any record uses is replaced by one that is an edit or two away and far more
common. There is no dictionary: what the library never says is not suggested.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from cmeneeds.library.tags import STOP_WORDS

MAX_QUERY = 2000
"""Characters; longer queries are not looked at."""

MAX_UNKNOWN = 10
"""Rare words in a query that are looked up; each costs some milliseconds."""

_WORDS = re.compile(r"\[[^\]]*\]|[^\W\d_]+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_RARE = 2
_TIMES = 10
"""How much more common a suggestion must be than the word itself."""


@dataclass(frozen=True)
class Spelling:
    """A query with its suggestion.

    Attributes
    ----------
    corrected : str
        The whole query with better words; empty where nothing is better.
    pieces : tuple of (str, bool)
        Its parts in order; True for one that was replaced.
    """

    corrected: str
    pieces: tuple[tuple[str, bool], ...]


class Vocabulary:
    """How many records use a word, read from the full-text index of one connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        # In the connection's own temporary schema: the library file is not touched.
        db.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, fulltext, col)")

    def count(self, word: str) -> int:
        """Return in how many records (of one column) the word stands; 0 if in none."""
        (found,) = self._db.execute(
            "SELECT coalesce(max(doc), 0) FROM temp.vocabulary WHERE term = ? AND col <> 'codes'",
            (word,),
        ).fetchone()
        return int(found)

    def like(self, word: str, least: int) -> list[tuple[str, int]]:
        """Return words with the same first letter, about as long, and used ``least`` times."""
        return self._db.execute(
            "SELECT term, max(doc) FROM temp.vocabulary WHERE term >= ? AND term < ? "
            "AND col <> 'codes' AND doc >= ? AND length(term) BETWEEN ? AND ? GROUP BY term",
            (word[0], word[0] + chr(0x10FFFF), least, len(word) - 2, len(word) + 2),
        ).fetchall()

    def better(self, word: str) -> str:
        """Return a far more common word close to this one, or an empty string."""
        known = self.count(word)
        if known > _RARE or len(word) < 4 or len(word) > 40 or not word.isascii():
            return ""
        enough = max(_RARE + 1, known * _TIMES)
        near = [(self.count(w), w) for w in _one_edit(word)]
        best = max(near, default=(0, ""))
        if best[0] >= enough:
            return best[1]
        if len(word) < 6:  # two edits make almost anything of a short word
            return ""
        close = [
            (number, other) for other, number in self.like(word, enough) if _within_two(word, other)
        ]
        return max(close, default=(0, ""))[1]

    def check(self, query: str) -> Spelling:
        """Look at every untagged and tagged word of a query; tags and operators stay."""
        pieces: list[tuple[str, bool]] = []
        at = looked = 0
        for match in _WORDS.finditer(query[:MAX_QUERY]):
            word = match[0]
            if word[0] == "[" or word in ("AND", "OR", "NOT") or word.lower() in STOP_WORDS:
                continue
            if looked >= MAX_UNKNOWN:
                break
            lower = word.lower()
            if self.count(lower) > _RARE:
                continue
            looked += 1
            if other := self.better(lower):
                pieces += [(query[at : match.start()], False), (other, True)]
                at = match.end()
        if not pieces:
            return Spelling("", ())
        pieces.append((query[at:], False))
        shown = tuple(p for p in pieces if p[0])
        return Spelling("".join(text for text, _ in shown), shown)


def _one_edit(word: str) -> set[str]:
    """All words one deletion, swap, replacement or insertion away."""
    found = set()
    for i in range(len(word) + 1):
        left, right = word[:i], word[i:]
        if right:
            found.add(left + right[1:])
            found |= {left + letter + right[1:] for letter in _LETTERS}
        if len(right) > 1:
            found.add(left + right[1] + right[0] + right[2:])
        found |= {left + letter + right for letter in _LETTERS}
    return found - {word}


def _within_two(a: str, b: str) -> bool:
    """Whether two edits at most lie between two words (a swap of neighbours is one)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) > 2:
            return False
        before, row = row, new
    return row[-1] <= 2
