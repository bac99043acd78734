"""Findings as the gap table reads them: what about, of whom, which way, how good the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.evidence.study import Design
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.gaps.causes import CauseCode
from cmeneeds.gaps.measure import Shortfall, shortfall
from cmeneeds.gaps.priority import Settings
from cmeneeds.gaps.subjects import Group, Subject, Vocabulary, group_in, speaks_of_a_part
from cmeneeds.gaps.terms import content_words, stems
from cmeneeds.source_types import is_read
from cmeneeds.works import Work, Works

if TYPE_CHECKING:
    import pandas as pd


class Reading(NamedTuple):
    """A finding with what was read off it."""

    row: Any
    """Its row of the table of findings."""
    work: Work
    subject: Subject
    group: Group
    shortfall: Shortfall
    words: frozenset[str]
    """Words of the sentence that carry meaning."""
    stems: frozenset[str]
    """Of all its words, as subjects are compared."""

    @property
    def year(self) -> int:
        """Of publication; 0 where unknown."""
        return self.work.year or 0

    @property
    def design(self) -> Design:
        """Study design of its work."""
        return self.work.design

    @property
    def about_care(self) -> bool:
        """Whether it speaks of professionals or of care delivered, not of patients' own doing."""
        if self.group.actor in ("clin", "sys"):
            return True
        return self.row.level in ("P", "S") and self.row.actor in ("clin", "sys")

    @property
    def first_hand(self) -> bool:
        """Whether it reports what its own study found."""
        return not bool(self.row.secondary)

    @property
    def has_value(self) -> bool:
        """Whether it states a percentage that agrees with its own counts."""
        return known(self.row.value) and not _disagrees(self.row)

    @property
    def size(self) -> float | None:
        """Size of the shortfall in percentage points, if it is stated first-hand."""
        return self.shortfall.size if self.first_hand else None


def read_findings(
    findings: pd.DataFrame, works: Works, vocabulary: Vocabulary, settings: Settings
) -> list[Reading]:
    """Read all findings that are sure enough, about the topic, and of works that still stand."""
    about = {work.key for work in works.values() if vocabulary.is_about(work.names)}
    read = []
    for row in each_row(findings):
        work = works[row.source]
        if row.probability < settings.minimum_probability or work.standing.is_withdrawn:
            continue
        told_of = known(row.value) and bool(text_of(row.who))
        if not is_read(work, str(row.label), text_of(row.level), told_of=told_of):
            continue
        if row.source not in about and not vocabulary.mentions(row.text):
            continue  # the record only mentions the topic; this sentence is about something else
        group = group_in(row.text, work)
        position = row.value_start - row.start if known(row.value_start) else 0
        value = float(row.value) if known(row.value) and not _disagrees(row) else None
        read.append(
            Reading(
                row=row,
                work=work,
                subject=Subject(vocabulary.core_in(row.text, work.title), group.name),
                group=group,
                shortfall=shortfall(row.text, value, position, text_of(row.level)),
                words=content_words(row.text),
                stems=stems(row.text),
            )
        )
    return read


# Shortfalls of research are told in the words of shortfalls of care.
_ABOUT_EVIDENCE = re.compile(
    r"\b(?:(?:prior|previous|earlier|few) studies|(?:with )?limited (?:information|evidence|data)|"
    r"(?:research|evidence|knowledge|literature) gaps?|current study|following that unmet need|"
    r"remains? (?:unclear|unknown)|(?:lack|absence|paucity) of (?:[\w-]+ )?evidence|"
    r"low-(?:level|quality|certainty) evidence)\b",
    re.IGNORECASE,
)


def is_against(f: Reading, settings: Settings) -> bool:
    """Whether a finding speaks against a gap: what is wanted happens nearly always."""
    return f.has_value and f.shortfall.is_achieved(settings.achieved)


def carries(f: Reading, settings: Settings) -> bool:
    """Whether a finding can carry a row by itself.

    Either it states a shortfall plainly, or it reports that unwanted care is common. A rate of
    wanted care alone carries nothing: without a comparator it is no gap.
    """
    if f.row.section_label == "title" or is_against(f, settings):
        return False  # a title announces; it seldom reports
    if f.row.label == "GAP":
        return bool(
            not _ABOUT_EVIDENCE.search(f.row.text)
            and f.row.probability >= settings.carrying_probability
        )
    size = f.size
    return bool(
        f.row.label == "RATE"
        and f.about_care
        and f.has_value
        and f.shortfall.kind in ("overuse", "error", "delay")
        and f.shortfall.direction == "too high"
        and size is not None
        and size >= settings.unwanted
        and f.row.probability >= settings.carrying_probability
    )


def lead_order(f: Reading) -> tuple[Any, ...]:
    """Which speaks for a row: first-hand, a shortfall, with a figure, of all, certain, recent."""
    return (
        not f.first_hand,
        f.row.label not in ("GAP", "CAUSE"),
        not f.has_value,
        f.row.section_label == "title",  # a title seldom says what was found
        speaks_of_a_part(f.row.text),
        -f.row.probability,
        -f.year,
        f.row.finding_id,
    )


def gap_type(practice: Sequence[Reading]) -> str:
    """The level that most of the shortfalls have; ties in the order K C P O S."""
    levels = [f.row.level for f in practice if f.row.label == "GAP" and known(f.row.level)]
    levels = levels or [f.row.level for f in practice if known(f.row.level)]
    return min("KCPOS", key=lambda k: (-levels.count(k), "KCPOS".index(k))) if levels else ""


def row_level(level: str, actor: str, codes: Sequence[CauseCode]) -> str:
    """Decide the level of a row, from which its need, objective and outcome level follow.

    Parameters
    ----------
    level : str
        ``K C P O S`` or empty, as the shortfalls have it (:func:`gap_type`).
    actor : str
        ``clin``, ``pat`` or ``sys``: whose doing falls short.
    codes : sequence of CauseCode
        Of the causes of the row.
    """
    if level and codes and all(c.addressable == "no" for c in codes):
        return "S"  # all cited causes are out of reach; preparing a change is what is left
    # What patients know or do is no lack of the learners: they can learn to help.
    return "O" if actor == "pat" and level not in ("", "S") else level


def _disagrees(row: Any) -> bool:
    """Whether numerator, denominator and percentage of a finding contradict each other."""
    return known(row.agrees) and not bool(row.agrees)
