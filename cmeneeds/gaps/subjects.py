"""What a finding is about: a subject in the records' own terms, and a group of people."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from cmeneeds.brief import Brief
from cmeneeds.evidence.aims import heading_at, typed_headings
from cmeneeds.evidence.classify import section_kind
from cmeneeds.evidence.passages import sentence_spans
from cmeneeds.evidence.study_words import mentions
from cmeneeds.gaps.terms import STOP_WORDS, TermIndex, stem, tokens
from cmeneeds.records import Article
from cmeneeds.works import Work


@dataclass(frozen=True)
class Group:
    """A group of people; see ``data/groups.yaml``."""

    name: str
    actor: str
    """``clin``, ``pat`` or ``sys``."""
    is_trait: bool = False
    """Whether it may as well be a part of another group."""


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


class _Words(NamedTuple):
    """Words that name groups, in order of rank."""

    terms: TermIndex
    ranks: dict[tuple[str, ...], tuple[int, Group]]


@cache
def _words() -> tuple[_Words, _Words]:
    """Words that name a group, and words for whoever was studied."""
    data = yaml.safe_load((files("cmeneeds.data") / "groups.yaml").read_text("utf-8"))

    def listed(key: str) -> _Words:
        ranks = {
            tokens(word): (rank, Group(g["name"], g["actor"], g.get("trait", False)))
            for rank, g in enumerate(data)
            for word in g.get(key, ())
        }
        return _Words(TermIndex(ranks), ranks)

    return listed("words"), listed("of_any_study")


def _named(text: str, *, of_any_study: bool = False) -> Group | None:
    """The group of highest rank that a text names."""
    words = _words()[of_any_study]
    found = words.terms.find(tokens(text))
    return (
        min((words.ranks[word] for word in found), key=lambda pair: pair[0])[1] if found else None
    )


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


# Not "more than half of nurses": that is a number, not a comparison.
_COMPARED = re.compile(
    r"\b(?:(?:comparable|similar|equivalent|identical|relative|close)\s(?:to|with)|"
    r"(?:as\s)?compared\s(?:to|with)|in\s(?:contrast|comparison)\s(?:to|with)|versus|vs\.?|unlike|"
    r"as\sin|than(?!\s(?:half|an?|one|two|three|four|five|ten|twenty|any|\d|[<>\u2264\u2265])))"
    r"\s+[^,;.()]*",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\s(?:\w+\s)?(?:respondents?|participants?|employees?|personnel|staff|workers?|subjects?)\b",
    re.IGNORECASE,
)


def group_of(*texts: str) -> Group:
    """Return the group that the first text naming one is about, else ``UNSTATED``.

    Parameters
    ----------
    *texts : str
        A sentence, then what its record says of whom it studied: title, sentence of the methods.

    Notes
    -----
    A group that others are compared with is not the one. Whoever was studied ("participants",
    "adults") are the group that a later text names. A part of those studied that is told by a
    trait ("older respondents") belongs to the health professionals that a later text names.

    Examples
    --------
    >>> group_of("Of participants 40% refused, similar to patients.", "A survey of nurses").name
    'nurses'
    >>> group_of("Of participants 40% refused.").name
    'general public'
    """
    own = [_COMPARED.sub(" ", text) for text in texts]
    for place, text in enumerate(own):
        group = _named(text)
        if group is None:
            continue
        if place == 0 and _is_part(text, group):
            whole = next((g for g in map(_named, own[1:]) if g is not None), None)
            return whole if whole is not None and whole.actor == "clin" else group
        return group
    for text in texts:
        group = _named(text, of_any_study=True) or _named(text)
        if group is not None:
            return group
    return UNSTATED


def _is_part(text: str, group: Group) -> bool:
    """Whether a text speaks of a group as of some of those who were asked."""
    if not group.is_trait:
        return False
    words = [" ".join(w) for w, (_, g) in _words()[0].ranks.items() if g == group]
    return any(
        _PART.match(text, m.end())
        for word in words
        for m in re.finditer(rf"\b{re.escape(word)}s?\b", text, re.IGNORECASE)
    )


def speaks_of_a_part(sentence: str) -> bool:
    """Whether a sentence tells of some of those who were studied, picked by a trait."""
    group = _named(_COMPARED.sub(" ", sentence))
    return "subgroup" in sentence.lower() or (group is not None and _is_part(sentence, group))


def group_in(sentence: str, work: Work) -> Group:
    """Return the group that a sentence of a work is about; see :func:`group_of`."""
    if work.article is None or _named(_COMPARED.sub(" ", work.title)):
        return group_of(sentence, work.title)
    return group_of(sentence, work.title, _who_was_studied(work.article))


_STUDYING = re.compile(
    r"\b(?:surveyed|recruited|enrol\w+|invited|interviewed|included|studied|questioned|sampled|"
    r"(?:participants|respondents|subjects)\s(?:were|included|comprised)|"
    r"(?:distributed|sent|mailed|given|administered|offered)\s(?:[\w-]+\s){0,4}?to|among|in\s(?:a\stotal\sof\s)?\d+)\b",
    re.IGNORECASE,
)


def _who_was_studied(article: Article) -> str:
    """The first sentence of the methods that tells whom they studied; empty where none does."""
    for section in article.sections:
        typed = typed_headings(section.text)
        for start, end in sentence_spans(section.text):
            heading = heading_at(typed, start, section.label or section.category)
            said = section.text[start:end]
            if section_kind(heading) == "methods" and _STUDYING.search(said) and _named(said):
                return said
    return ""


_OF_MANY_TOPICS = frozenset(
    tokens(
        "type disease disorder syndrome condition infection cancer care treatment management acute "
        "chronic major primary therapy prevention screening health"
    )
)
"""Words that a name of a topic may hold and that name no topic by themselves."""


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
        groups = {words for listed in _words() for words in listed.ranks}
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

    def touches(self, text: str) -> bool:
        """Whether a text holds a word of the topic, as in "vaccinated" of a vaccination."""
        return any(
            len(w) > 3 and w.isalpha() and w not in _OF_MANY_TOPICS and self._is_topic(w)
            for w in tokens(text)
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
