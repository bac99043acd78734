"""What a finding is about: a subject in the records' own terms, and a group of people."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from cmeneeds.brief import Brief
from cmeneeds.evidence.study_words import mentions
from cmeneeds.gaps.terms import STOP_WORDS, TermIndex, stem, tokens
from cmeneeds.records import Article


@dataclass(frozen=True)
class Group:
    """A group of people; see ``data/groups.yaml``."""

    name: str
    actor: str
    """``clin``, ``pat`` or ``sys``."""


UNSTATED = Group("group not stated", "")


@dataclass(frozen=True, order=True)
class Subject:
    """What gap findings are gathered by.

    Attributes
    ----------
    core : tuple of str
        Stems of the words that make the subject, without those of the topic, sorted. Empty: the
        topic as a whole. Terms with the same stems are one subject.
    group : str
        Name of the group.
    """

    core: tuple[str, ...]
    group: str


@cache
def _groups() -> tuple[tuple[Group, tuple[tuple[str, ...], ...]], ...]:
    data = yaml.safe_load((files("cmeneeds.data") / "groups.yaml").read_text("utf-8"))
    return tuple((Group(g["name"], g["actor"]), tuple(tokens(w) for w in g["words"])) for g in data)


@cache
def _group_index() -> tuple[TermIndex, dict[tuple[str, ...], tuple[int, Group]]]:
    ranks = {word: (rank, group) for rank, (group, words) in enumerate(_groups()) for word in words}
    return TermIndex(ranks), ranks


@cache
def _generic() -> frozenset[tuple[str, ...]]:
    return frozenset(_lines(""))


@cache
def _generic_heads() -> frozenset[str]:
    """Words that make any term general that ends in them (``* facility``)."""
    return frozenset(words[0] for words in _lines("* ") if len(words) == 1)


def _lines(mark: str) -> Iterator[tuple[str, ...]]:
    text = (files("cmeneeds.data") / "generic_terms.txt").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#") and line.startswith("* ") == bool(mark):
            yield tokens(line)


_NO_CARE = frozenset({"country", "setting", "population", "profession"})
_CARE_AT_A_DISTANCE = frozenset({"telehealth", "home care"})
"""Settings that are a way of giving care as well."""


_AFTER_HEAD = re.compile(r"\s*,|\s+(?:with|of|in|among|after|for|to|from|who|at)\s", re.IGNORECASE)


def _is_generic(term: str, words: tuple[str, ...], plain: tuple[str, ...]) -> bool:
    """Whether a term names no care: a trait, people, a place, a method or a word of any paper."""
    if {words, plain} & _generic():
        return True
    # "Racial Groups, Other" is about groups, "people with asthma" about people.
    head = tokens(_AFTER_HEAD.split(term, maxsplit=1)[0])[-1:]
    if set(head) & _generic_heads():
        return True
    return any(
        m.fact in _NO_CARE
        and m.value not in _CARE_AT_A_DISTANCE
        and m.start <= 1
        and m.end >= len(term.strip()) + 1
        for m in mentions(f" {term.strip()} ")
    )


def group_of(*texts: str) -> Group:
    """Return the group that the first text naming one is about, else ``UNSTATED``."""
    index, ranks = _group_index()
    for text in texts:
        found = index.find(tokens(text))
        if found:
            return min((ranks[word] for word in found), key=lambda pair: pair[0])[1]
    return UNSTATED


class Vocabulary:
    """The subjects that a set of records talks about, from their keywords and headings.

    Parameters
    ----------
    articles : iterable of Article
    brief : Brief
        Words of its topic and synonyms are common to all subjects and do not tell them apart.
    """

    def __init__(self, articles: Iterable[Article], brief: Brief) -> None:
        synonyms = [tokens(s.replace("*", "")) for s in brief.synonyms]
        # A word of one longer synonym alone ("vaccine uptake") may be an aspect, not the topic.
        shared = Counter(t for words in synonyms for t in set(words))
        shared.update(words[0] for words in synonyms if len(words) == 1)
        self.topic_words = frozenset(
            t for term in (brief.topic, *brief.mesh) for t in tokens(term)
        ) | {t for t, n in shared.items() if n > 1}
        whole_terms = {tokens(brief.topic), *map(tokens, brief.mesh), *synonyms}
        self._stem_terms = [tokens(s[:-1]) for s in brief.synonyms if s.endswith("*")]
        self._stems = tuple(t[-1] for t in self._stem_terms if t and t[-1] in self.topic_words)
        whole = [brief.topic, *brief.mesh, *(s for s in brief.synonyms if not s.endswith("*"))]
        self._topic_index = TermIndex(tokens(t) for t in whole)
        _, groups = _group_index()
        surfaces: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        support: dict[tuple[str, ...], set[int]] = defaultdict(set)
        phrases: dict[tuple[str, ...], tuple[str, ...]] = {}
        for article in articles:
            terms = [k.text for k in article.keywords] + [m.name for m in article.mesh]
            for term in terms:
                words = tokens(term)
                core = self.core_of(words)
                if not core or len(words) > 5 or words in whole_terms or words in groups:
                    continue
                plain = tuple(sorted({w for w in words if not self._is_topic(w)} - STOP_WORDS))
                if _is_generic(term, words, plain) or self._only_renames(term, whole_terms):
                    continue
                if all(w.isdecimal() or len(w) < 3 for w in core):
                    continue
                surfaces[core][term.strip()] += 1
                support[core].add(article.pmid)
                phrases[words] = core
        self._index = TermIndex(phrases)
        self._core = phrases
        self._support = {core: len(pmids) for core, pmids in support.items()}
        self._names = {
            # The fullest form tells a reader most ("vaccine acceptance", not "acceptance");
            # then the most used, then the alphabetically first.
            core: min(forms, key=lambda f: (-min(len(tokens(f)), 4), -forms[f], f.casefold(), f))
            for core, forms in surfaces.items()
        }

    def _is_topic(self, word: str) -> bool:
        return word in self.topic_words or any(word.startswith(s) for s in self._stems)

    def is_about(self, names: Iterable[str]) -> bool:
        """Whether a work is about the topic, rather than mentioning it.

        It is if one of its names (title, keywords, headings) holds a term of the topic whole.
        """
        return any(self.mentions(text) for text in names)

    def mentions(self, text: str) -> bool:
        """Whether a text holds a term of the topic, all its words in order."""
        words = tokens(text)
        return bool(self._topic_index.find(words)) or any(
            _starts_with(words[i:], stem) for stem in self._stem_terms for i in range(len(words))
        )

    @staticmethod
    def _only_renames(term: str, whole_terms: set[tuple[str, ...]]) -> bool:
        """Whether a term is the topic under two names: ``type 2 diabetes (T2D)``."""
        parts = [words for p in re.split(r"[,()]", term) if (words := tokens(p))]
        return len(parts) == 2 and any(p in whole_terms for p in parts) and min(map(len, parts)) < 2

    def core_of(self, words: Iterable[str]) -> tuple[str, ...]:
        """Return the stems of a term without topic words and stop words, sorted."""
        return tuple(
            sorted({stem(w) for w in words if not self._is_topic(w) and w not in STOP_WORDS})
        )

    def core_in(self, *texts: str) -> tuple[str, ...]:
        """Return the core of the best subject in the first text that has one; may be empty.

        What a sentence says people are (un)aware of goes before all else it names; where that is
        no known subject, the core is empty. Best: named by most records, then the most specific,
        then alphabetical, so that the choice does not hang on the order of records.
        """
        told = _OBJECT.search(texts[0]) if texts else None
        if told:
            # What people are unaware of is the subject, whatever else the sentence names.
            found = self._cores(told["object"])
            return self._best(found) if found else ()
        for text in texts:
            if found := self._cores(text):
                return self._best(found)
        return ()

    def _cores(self, text: str) -> set[tuple[str, ...]]:
        return {self._core[phrase] for phrase in self._index.find(tokens(text))}

    def _best(self, found: set[tuple[str, ...]]) -> tuple[str, ...]:
        return min(found, key=lambda c: (-self._support[c], -len(c), c))

    def name(self, core: tuple[str, ...], topic: str) -> str:
        """Return a readable name, in the records' own words."""
        return self._names.get(core, topic)


_OBJECT = re.compile(
    r"\b(?:un)?aware(?:ness)? (?:of|about)\s(?!(?:the |an? )?need\b)(?P<object>[^.;:,()]{1,80})",
    re.IGNORECASE,
)


def _starts_with(words: tuple[str, ...], stem: tuple[str, ...]) -> bool:
    """Whether words begin with a truncated term: its last word may go on."""
    n = len(stem)
    return 0 < n <= len(words) and words[: n - 1] == stem[:-1] and words[n - 1].startswith(stem[-1])
