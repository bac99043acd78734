"""Words as they are compared: folded, without plural endings, as token sequences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+")

_STOP_WORDS = (
    "a an and are as at be been but by can could do for from had has have if in into is it its may "
    "more most no not of on or our should such than that the their them there these they this "
    "those to was we were what when which who will with would"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())

_COMMON_WORDS = (
    "after all also although although among any associated based before between both case clinical "
    "compared current data despite different during each first further group health high however "
    "important including increase increased less level likely low many need new number only other "
    "over part participant patient people per reported result risk rate same several showed "
    "significant significantly since some study such than through time total two under use used "
    "using very well were while within year"
)
COMMON_WORDS = frozenset(_COMMON_WORDS.split())
"""Words of any medical abstract: that two sentences share them says nothing."""


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Fold case and a plural ending: ``Vaccines`` -> ``vaccine``, ``studies`` -> ``study``.

    Light on purpose: full stemming merges words that mean different things.
    """
    word = word.casefold()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def tokens(text: str) -> tuple[str, ...]:
    """Fold a text to its words, in order."""
    return tuple(fold(t) for t in _TOKEN.findall(text))


_ENDINGS = (
    "abilities", "ability", "ations", "ation", "ances", "ance", "ancy", "ences", "ence", "ency",
    "ments", "ment", "ings", "ing", "ness", "ant", "ent", "ed", "e",
)  # fmt: skip
_SHORTEST_STEM = 5


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Take one ending of a folded word off: acceptance, accepting, accept are one subject.

    Only endings that make a noun or a verb of the same root, and only from long words, so that
    words of different meaning stay apart. It looks at nothing but the word: one record more
    never changes what belongs together.

    Examples
    --------
    >>> [stem(w) for w in ("acceptance", "acceptability", "hesitancy", "screening", "dose")]
    ['accept', 'accept', 'hesit', 'screen', 'dose']
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def stems(text: str) -> frozenset[str]:
    """The stems of all words of a text."""
    return frozenset(stem(t) for t in tokens(text))


def content_words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning."""
    return frozenset(t for t in tokens(text) if t not in STOP_WORDS and len(t) > 2)


class TermIndex:
    """Find many terms in many texts, each text in time linear in its length.

    Parameters
    ----------
    terms : iterable of tuple of str
        Folded token sequences, as :func:`tokens` gives them.
    """

    def __init__(self, terms: Iterable[Sequence[str]]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for term in sorted({tuple(t) for t in terms if t}):
            self._by_first.setdefault(term[0], []).append(term)
        for listed in self._by_first.values():
            listed.sort(key=lambda t: (-len(t), t))

    def find(self, text: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the terms that occur in a token sequence, each once, in order of occurrence."""
        found: dict[tuple[str, ...], None] = {}
        for position, token in enumerate(text):
            for term in self._by_first.get(token, ()):
                if tuple(text[position : position + len(term)]) == term:
                    found[term] = None
        return list(found)
