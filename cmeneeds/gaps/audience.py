"""How near the evidence is to the learners: profession, country and setting, compared by name.

Evidence from elsewhere is used, but marked: whether it holds for the learners is the provider's
judgement (ACCME: data must be relevant to the provider's own learners).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cmeneeds.brief import Audience
from cmeneeds.evidence.study_facts import StudyFacts
from cmeneeds.evidence.study_words import mentions

SAME, RELATED, OTHER, UNKNOWN = "same", "related", "other", "unknown"

_FAMILIES = (
    frozenset(
        {"physicians", "general practitioners", "specialists", "surgeons", "residents and trainees"}
    ),
    frozenset({"nurses", "nurse practitioners"}),
)
_ALL_PROFESSIONS = "health professionals"
_SETTINGS_WITHIN = (
    frozenset({"primary care", "outpatient clinic", "community"}),
    frozenset({"hospital", "tertiary hospital", "teaching hospital", "community hospital"}),
)


class Asked(NamedTuple):
    """The learners of a brief, in the words in which studies are described."""

    professions: frozenset[str]
    countries: frozenset[str]
    settings: frozenset[str]


class Fit(NamedTuple):
    """How near one work, or the nearest of several, is to the learners."""

    profession: str
    """``same``, ``related``, ``other`` or ``unknown``."""
    country: str
    setting: str
    words: str
    """For readers: each of the three, with what the work says."""

    @property
    def nearness(self) -> int:
        """To order works by; the higher the nearer."""
        points = {SAME: 2, RELATED: 1, UNKNOWN: 0, OTHER: -1}
        return 3 * points[self.profession] + 3 * points[self.country] + points[self.setting]


def asked_of(audience: Iterable[Audience]) -> Asked:
    """Read the audience of a brief as studies are read."""
    found: dict[str, set[str]] = {"profession": set(), "country": set(), "setting": set()}
    for group in audience:
        # "physicians (family medicine)" are general practitioners as well.
        who = f"{group.profession} {group.specialty or ''}"
        texts = {"profession": who, "country": group.country or "", "setting": group.setting or ""}
        for fact, text in texts.items():
            found[fact] |= {m.value for m in mentions(f" {text} ") if m.fact == fact}
        if "family medicine" in who.lower() or "general practice" in who.lower():
            found["profession"].add("general practitioners")
    return Asked(*(frozenset(found[f]) for f in ("profession", "country", "setting")))


def fit(asked: Asked, facts: StudyFacts | None, professions: Sequence[str] = ()) -> Fit:
    """Compare a work with the learners.

    Parameters
    ----------
    asked : Asked
    facts : StudyFacts or None
        What its record says; None for works without a PubMed record.
    professions : sequence of str
        What the sentence itself says of who acts; it goes before the record.
    """
    said = set(professions) or {f.value for f in (facts.professions if facts else ())}
    countries = {f.value for f in (facts.countries if facts else ())}
    settings = {f.value for f in (facts.settings if facts else ())}
    profession = _compare(asked.professions, said, _FAMILIES)
    if profession == OTHER and _ALL_PROFESSIONS in said:
        profession = RELATED
    country = _compare(asked.countries, countries, ())
    setting = _compare(asked.settings, settings, _SETTINGS_WITHIN)
    words = "; ".join(
        f"{name} {answer}" + (f" ({', '.join(sorted(values))})" if values else "")
        for name, answer, values in (
            ("profession", profession, said),
            ("country", country, countries),
            ("setting", setting, settings),
        )
    )
    return Fit(profession, country, setting, words)


def _compare(asked: frozenset[str], said: set[str], families: Sequence[frozenset[str]]) -> str:
    if not asked or not said:
        return UNKNOWN
    if asked & said:
        return SAME
    if any(asked & family and said & family for family in families):
        return RELATED
    return OTHER


def flag(fits: Sequence[Fit]) -> str:
    """Say what no source of a row has in common with the learners; empty if one is near enough."""
    warnings = []
    if not any(f.country == SAME for f in fits):
        told = any(f.country == OTHER for f in fits)
        warnings.append(
            "measured in other countries only" if told else "no source says in which country"
        )
    if not any(f.profession in (SAME, RELATED) for f in fits):
        told = any(f.profession == OTHER for f in fits)
        warnings.append(
            "measured in other professions only" if told else "no source says in which profession"
        )
    return "; ".join(warnings)
