"""Which recommendation is the other side of a statement about practice, and why."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from cmeneeds.gaps.priority import Settings
from cmeneeds.gaps.reading import Reading
from cmeneeds.gaps.subjects import Subject, Vocabulary
from cmeneeds.gaps.terms import COMMON_WORDS, stem
from cmeneeds.source_types import may_recommend, use_of

_CUE_WORDS = (
    "advise advised advocate consensus consider considered covid ensure essential evidence expert "
    "guidance guideline must necessary pandemic panel recommend recommendation recommended "
    "recommending required should society standard statement suggest suggested"
)
_CUES = frozenset(_CUE_WORDS.split())
"""Words of any recommendation or of its time: sharing them says nothing of what it is about."""

_ACTS = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "screen": r"\b(?:screen|test(?:ed|ing|s)?\b|detect)",
        "treat": r"\b(?:treat|(?:\w+)?therap(?:y|ies)\b|prescri|medicat)",
        "refer": r"\breferr(?:al|ed|ing)|\brefer\b",
        "counsel": r"\b(?:counsel|educat|discuss)",
        "vaccinate": r"\b(?:vaccin|immuni[sz])",
        "monitor": r"\b(?:monitor|follow-?\s?up\b|surveillance)",
    }.items()
}


def _acts(text: str) -> set[str]:
    """The acts of care that a sentence names."""
    return {name for name, pattern in _ACTS.items() if pattern.search(text)}


class Pair(NamedTuple):
    """A recommendation that fits a row."""

    strength: float
    """How close it is; only the order means something."""
    why: str
    recommendation: Reading


class Recommendations:
    """Recommendations by what they are about, so that finding one does not read them all.

    Parameters
    ----------
    readings : iterable of Reading
        Those labelled REC count if they are sure enough and not titles.
    vocabulary : Vocabulary
    settings : Settings
    is_superseded : callable, optional
        Whether a newer version of the work with a citation key is known.
    """

    def __init__(
        self,
        readings: Iterable[Reading],
        vocabulary: Vocabulary,
        settings: Settings,
        is_superseded: Callable[[str], bool] = lambda key: False,
    ) -> None:
        self._is_superseded = is_superseded
        self._vocabulary = vocabulary
        self._settings = settings
        self._by_stem: dict[str, list[Reading]] = defaultdict(list)
        self._without: dict[str, list[Reading]] = defaultdict(list)
        self._by_core: dict[tuple[str, ...], list[Reading]] = defaultdict(list)
        for f in readings:
            if (
                f.row.label != "REC"
                or f.row.section_label == "title"
                or f.row.probability < settings.pairing_probability
                or not may_recommend(f.work)
            ):
                continue
            self._by_core[f.subject.core].append(f)
            for word in f.stems:
                self._by_stem[word].append(f)
            if not f.subject.core:
                self._without[f.subject.group].append(f)

    def about(self, subject: Subject) -> list[Reading]:
        """Return those that name the subject whole."""
        if not subject.core:
            return self._without[subject.group]
        rarest = min(subject.core, key=lambda word: len(self._by_stem.get(word, ())))
        wanted = frozenset(subject.core)
        found = [f for f in self._by_stem.get(rarest, ()) if wanted <= f.stems]
        seen = {id(f) for f in found}
        return found + [f for f in self._by_core.get(subject.core, ()) if id(f) not in seen]

    def pairs(self, subject: Subject, lead: Reading, name: str) -> list[Pair]:
        """Return the recommendations that fit a row: of its own record first, then the closest."""
        found = []
        for rec in self.about(subject):
            if not self._same_activity(lead, rec):
                continue
            shared = self._shared(subject, lead, rec)
            if len(shared) >= self._settings.pairing_words:
                found.append(self._pair(subject, rec, shared, name))
        found.sort(
            key=lambda p: (
                p.recommendation.row.source != lead.row.source,
                -p.strength,
                -p.recommendation.year,
                p.recommendation.row.finding_id,
            )
        )
        return found

    def _shared(self, subject: Subject, lead: Reading, rec: Reading) -> frozenset[str]:
        """Telling words that both sentences have, beyond what makes them candidates at all."""
        shared = (lead.words & rec.words) - self._vocabulary.topic_words - COMMON_WORDS - _CUES
        return frozenset(w for w in shared if stem(w) not in subject.core)

    def _same_activity(self, lead: Reading, rec: Reading) -> bool:
        """Whether both sentences ask for the same act of care, where both name one.

        An act that the topic itself names (vaccination) tells no sentences apart.
        """
        topic = _acts(" ".join(self._vocabulary.topic_words))
        done, asked = _acts(lead.row.text) - topic, _acts(rec.row.text) - topic
        return not done or not asked or bool(done & asked)

    def _pair(self, subject: Subject, rec: Reading, shared: frozenset[str], name: str) -> Pair:
        same_group = rec.subject.group == subject.group
        guideline = rec.work.is_guideline
        superseded = guideline and self._is_superseded(rec.work.key)
        use = use_of(rec.work)
        strength = (
            len(shared)
            + 2.0 * same_group
            + 3.0 * (guideline and not superseded)
            + float(rec.row.probability)
        )
        reasons = []
        if subject.core:
            reasons.append(f"same subject ({name})")
        if same_group:
            reasons.append(f"same group ({subject.group})")
        if shared:
            reasons.append(f"shared words: {', '.join(sorted(shared)[:6])}")
        if guideline:
            reasons.append("from a guideline record")
        if superseded:
            reasons.append("a newer version of it is known")
        if use is not None and use.counts_as == "regulatory":
            reasons.append("from a regulatory document: what is approved or warned of")
        return Pair(round(strength, 2), "; ".join(reasons), rec)
