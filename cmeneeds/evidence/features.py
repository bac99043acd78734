"""Words, pairs of words and groups of words: what the model sees of a sentence.

Three kinds of features are named here, all in time linear in the length of the sentence: runs of
one to three words, pairs of telling words at most five telling words apart, and pairs of word
groups of the lexicon that a sentence has together. Numbers are written ``#`` (``0.`` if below
one), so that what is learned does not hang on a figure.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from cmeneeds.evidence.lexicon import alternatives_of, read_lexicon, required_strings

REACH = 5
"""How many telling words further on a pair may reach."""
MOST_WORDS = 600
"""Words of a sentence that are looked at; real sentences have far fewer."""
LONGEST_WORD = 40

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:[.,·]\d+)*|[%<>=≥≤±;:()?]")
_PLAIN_WORDS = (
    "the a an of in to and or for with on at by from as is was were are be been that this "
    "these those it its their we our there ( ) : ; ,"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())


def tokens(text: str) -> list[str]:
    """Split a sentence into lower-case words, marks and masked numbers.

    Examples
    --------
    >>> tokens("Only 43.5% (P < 0.05) asked.")
    ['only', '#', '%', '(', 'p', '<', '0.', ')', 'asked']
    """
    return [
        word if not "0" <= word[0] <= "9" else "0." if word[:2] in ("0.", "0·") else "#"
        for word in _TOKEN.findall(_lower(text))[:MOST_WORDS]
    ]


def _lower(text: str) -> str:
    """Lower the case without moving a character: ``İ`` would become two."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)


def token_spans(text: str) -> list[tuple[int, int]]:
    """Tell where the words of :func:`tokens` stand, as half-open character spans."""
    return [match.span() for match in _TOKEN.finditer(_lower(text))][:MOST_WORDS]


def runs(words: list[str]) -> set[str]:
    """Name the runs of one to three words; ``^`` and ``$`` stand for the ends.

    Examples
    --------
    >>> sorted(runs(["few", "asked"]))
    ['^ few', '^ few asked', 'asked', 'asked $', 'few', 'few asked', 'few asked $']
    """
    ends = ["^", *words, "$"]
    found = set(words)
    pairs = [f"{first} {second}" for first, second in pairwise(ends)]
    found.update(pairs)
    found.update([f"{pair} {third}" for pair, third in zip(pairs, ends[2:], strict=False)])
    return found


def skips(words: list[str]) -> set[str]:
    """Name the pairs of telling words that stand near each other, in their order.

    Examples
    --------
    >>> sorted(skips(["few", "of", "the", "nurses", "asked"]))
    ['few~asked', 'few~nurses', 'nurses~asked']
    """
    telling = [word for word in words if word not in _PLAIN]
    return {
        f"{word}~{other}"
        for place, word in enumerate(telling)
        for other in telling[place + 1 : place + 1 + REACH]
    }


class _Vocabulary(NamedTuple):
    """The groups of words, made ready for looking up."""

    words: tuple[tuple[str, re.Pattern[str]], ...]
    """Alternatives that are one word, tried on each word once per process."""
    phrases: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]
    """The others, with strings of which one must occur."""


@cache
def _vocabulary() -> _Vocabulary:
    """Compile the groups of words, once."""
    words, phrases = [], []
    for name, alternatives in read_lexicon()["word_groups"].items():
        single: list[str] = []
        several: list[str] = []
        for alternative in alternatives_of("|".join(alternatives)):
            (several if re.search(r"[ :-](?!i:)|\(\?!", alternative) else single).append(
                alternative
            )
        if single:
            words.append((name, re.compile("|".join(single), re.IGNORECASE)))
        if several:
            pattern = rf"\b(?:{'|'.join(several)})(?!\w)"
            phrases.append((name, re.compile(pattern, re.IGNORECASE), required_strings(pattern)))
    return _Vocabulary(tuple(words), tuple(phrases))


@lru_cache(maxsize=1 << 16)
def _word_groups(word: str) -> frozenset[str]:
    """Name the groups that a single word belongs to."""
    return frozenset(name for name, pattern in _vocabulary().words if pattern.fullmatch(word))


_WORD = re.compile(r"\w+")


def groups(text: str) -> set[str]:
    """Name the word groups of the lexicon that occur in a text.

    Examples
    --------
    >>> sorted(groups("Few were screened."))
    ['low', 'process']
    """
    found: set[str] = set()
    for word in set(_WORD.findall(text)):
        if len(word) <= LONGEST_WORD:
            found |= _word_groups(word)
    lower = text.lower()
    for name, pattern, hints in _vocabulary().phrases:
        if (
            name not in found
            and (not hints or any(hint in lower for hint in hints))
            and pattern.search(text)
        ):
            found.add(name)
    return found


def together(found: set[str], text: str) -> set[str]:
    """Name the pairs of groups that a sentence has together; numbers and ``%`` count as groups.

    Examples
    --------
    >>> sorted(together({"low", "process"}, "Few were screened."))
    ['low&process']
    """
    names = sorted(
        found
        | ({"#"} if any("0" <= sign <= "9" for sign in text) else set())
        | ({"%"} if "%" in text else set())
    )
    return {f"{name}&{other}" for place, name in enumerate(names) for other in names[place + 1 :]}
