"""The gap table: one row a subject and group, current practice beside best practice."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from cmeneeds.brief import Brief
from cmeneeds.evidence.study import Design
from cmeneeds.frames import each_row, known
from cmeneeds.gaps.measure import Shortfall, shortfall
from cmeneeds.gaps.subjects import Group, Subject, Vocabulary, group_of
from cmeneeds.gaps.terms import COMMON_WORDS, content_words, tokens
from cmeneeds.retrieval import Records

if TYPE_CHECKING:
    import pandas as pd

GAP_COLUMNS = {
    "gap_id": "string",
    "status": "string",  # gap: both sides sourced; candidate: `missing` says what is not
    "missing": "string",
    "searched": "string",  # for a missing side: what was asked and what came back
    "rank": "Int64",
    "priority": "Float64",
    "subject": "string",
    "group": "string",
    "actor": "string",
    "gap_type": "string",  # K C P O S
    "current_practice": "string",  # verbatim
    "cp_passage": "string",
    "cp_source": "string",  # citation key, as bp_source and cause_source
    "cp_pmid": "Int64",
    "cp_probability": "Float64",
    "cp_value": "Float64",  # percent
    "cp_value_text": "string",
    "cp_numerator": "Int64",
    "cp_denominator": "Int64",
    "cp_direction": "string",
    "cp_year": "Int64",
    "cp_design": "string",
    "cp_secondary": "boolean",
    "best_practice": "string",  # verbatim
    "bp_passage": "string",
    "bp_source": "string",
    "bp_pmid": "Int64",
    "bp_year": "Int64",
    "bp_guideline": "boolean",
    "pairing": "string",
    "achievable_rate": "string",
    "cause": "string",  # verbatim
    "cause_passage": "string",
    "cause_source": "string",
    "cause_pmid": "Int64",
    "causes_n": "Int64",
    "sources_n": "Int64",
    "rates_n": "Int64",
    "score_magnitude": "Float64",
    "score_sources": "Float64",
    "score_recency": "Float64",
    "score_design": "Float64",
    "passages": "string",
    "recommendation_passages": "string",
    "cause_passages": "string",
}
"""Columns of the gap table and their pandas types."""


@dataclass(frozen=True)
class Priority:
    """Weights and constants of the ranking; see ``data/priority.yaml``."""

    magnitude: float
    sources: float
    recency: float
    design: float
    unknown_magnitude: float
    recency_years: int
    minimum_probability: float
    carrying_probability: float
    pairing_probability: float
    pairing_words: int


@cache
def priority_settings() -> Priority:
    """Read the ranking's settings."""
    data = yaml.safe_load((files("cmeneeds.data") / "priority.yaml").read_text("utf-8"))
    return Priority(**data.pop("weights"), **data)


class _Finding(NamedTuple):
    """A finding with what was read off it."""

    row: Any
    subject: Subject
    group: Group
    shortfall: Shortfall
    year: int
    design: Design
    guideline: bool

    @property
    def about_care(self) -> bool:
        """Whether it speaks of professionals or of care delivered, not of patients' own doing."""
        if self.group.actor in ("clin", "sys"):
            return True
        return self.row.level in ("P", "S") and self.row.actor in ("clin", "sys")


def analyze_gaps(findings: pd.DataFrame, records: Records, brief: Brief) -> pd.DataFrame:
    """Pair what is done with what should be done.

    Parameters
    ----------
    findings : DataFrame
        As :func:`cmeneeds.find` gives it, shape (sentences, ...).
    records : Records
        Where the findings come from.
    brief : Brief
        Support and persons are put aside; they change nothing here.

    Returns
    -------
    DataFrame
        Shape (rows, ``len(GAP_COLUMNS)``), gaps before candidates, each by priority. ``status`` is
        ``gap`` where current practice and best practice both have a source, and the evidence
        speaks of health professionals or care delivery; else ``candidate``, with ``missing``
        saying why. Findings of retracted records are left out. Never padded: it may be empty.
    """
    import pandas as pd

    brief = brief.blind()
    settings = priority_settings()
    vocabulary = Vocabulary(records.articles, brief)
    read = _read(findings, records, vocabulary, settings)
    by_subject: dict[Subject, list[_Finding]] = defaultdict(list)
    for f in read:
        if f.row.label in ("GAP", "RATE"):
            by_subject[f.subject].append(f)
    recommendations = [
        f
        for f in read
        if f.row.label == "REC"
        and f.row.section != -1
        and f.row.probability >= settings.pairing_probability
    ]
    causes = [f for f in read if f.row.label == "CAUSE"]
    rows = []
    for subject in sorted(by_subject):
        practice = by_subject[subject]
        if not any(_carries(f, settings) for f in practice):
            continue  # measured, but nobody says plainly that it falls short
        rows.append(
            _row(subject, practice, recommendations, causes, vocabulary, brief, settings, records)
        )
    # Rows with both sides first: a candidate cannot outrank what is shown.
    rows.sort(key=lambda r: (r["status"] != "gap", -r["priority"], r["gap_id"]))
    for rank, row in enumerate(rows, 1):
        row["rank"] = rank
    return pd.DataFrame(rows, columns=list(GAP_COLUMNS)).astype(GAP_COLUMNS)


def _read(
    findings: pd.DataFrame, records: Records, vocabulary: Vocabulary, settings: Priority
) -> list[_Finding]:
    works = records.works
    about = {work.key for work in works.values() if vocabulary.is_about(work.names)}
    read = []
    for row in each_row(findings):
        work = works[row.source]
        if row.probability < settings.minimum_probability or work.standing.is_withdrawn:
            continue
        if work.only_recommends and row.label != "REC":
            continue  # a task force quotes others on practice; that makes it no source of its own
        if row.source not in about and not vocabulary.mentions(row.text):
            continue  # the record only mentions the topic; this sentence is about something else
        group = group_of(row.text, work.title)
        core = vocabulary.core_in(row.text, work.title)
        position = row.value_start - row.start if known(row.value_start) else 0
        value = float(row.value) if known(row.value) and not _disagrees(row) else None
        read.append(
            _Finding(
                row=row,
                subject=Subject(core, group.name),
                group=group,
                shortfall=shortfall(row.text, value, position),
                year=work.year or 0,
                design=work.design,
                guideline=work.is_guideline,
            )
        )
    return read


# Shortfalls of research are told in the words of shortfalls of care.
_ABOUT_EVIDENCE = re.compile(
    r"\b(?:(?:prior|previous|earlier|few) studies|(?:with )?limited (?:information|evidence|data)|"
    r"(?:research|evidence|knowledge|literature) gaps?|current study|following that unmet need|"
    r"remains? (?:unclear|unknown))\b",
    re.IGNORECASE,
)


def _carries(f: _Finding, settings: Priority) -> bool:
    """Whether a finding can carry a row by itself."""
    return bool(
        f.row.label == "GAP"
        and f.row.section != -1  # a title announces; it seldom reports
        and not _ABOUT_EVIDENCE.search(f.row.text)
        and f.row.probability >= settings.carrying_probability
    )


def _row(
    subject: Subject,
    practice: list[_Finding],
    recommendations: list[_Finding],
    causes: list[_Finding],
    vocabulary: Vocabulary,
    brief: Brief,
    settings: Priority,
    records: Records,
) -> dict[str, Any]:
    practice = sorted(practice, key=_lead_order)
    lead = practice[0]
    sources = {f.row.source for f in practice}
    best = sorted(
        (
            (_kinship(subject, lead, rec, vocabulary), rec)
            for rec in recommendations
            if _shares_subject(subject, rec)
            and len(_shared_words(subject, lead, rec, vocabulary)) >= settings.pairing_words
        ),
        key=lambda pair: (-pair[0][0], -pair[1].year, pair[1].row.finding_id),
    )
    independent = [pair for pair in best if pair[1].row.source not in sources]
    chosen = (independent or best)[:1]
    related_causes = [
        c
        for c in sorted(causes, key=_lead_order)
        if c.subject == subject
        or (c.row.source in sources and (c.subject.core == subject.core or not c.subject.core))
    ]
    missing = _missing(practice, best, independent)
    scores = _scores(practice, brief, settings)
    cells: dict[str, Any] = {
        "gap_id": _gap_id(subject),
        "status": "candidate" if missing else "gap",
        "missing": "; ".join(missing),
        "searched": "" if independent else _searched(records, "guideline"),
        "subject": vocabulary.name(subject.core, brief.topic),
        "group": subject.group,
        "actor": lead.row.actor if lead.about_care else "pat",
        "gap_type": _gap_type(practice),
        "current_practice": lead.row.text,
        "cp_passage": lead.row.finding_id,
        "cp_source": lead.row.source,
        "cp_pmid": lead.row.pmid,
        "cp_probability": lead.row.probability,
        "cp_value": lead.row.value,
        "cp_value_text": lead.row.value_text,
        "cp_numerator": lead.row.numerator,
        "cp_denominator": lead.row.denominator,
        "cp_direction": lead.shortfall.direction,
        "cp_year": lead.year or None,
        "cp_design": lead.design.name,
        "cp_secondary": lead.row.secondary,
        "achievable_rate": "unknown: no sourced target or benchmark",
        "causes_n": len({c.row.finding_id for c in related_causes}),
        "sources_n": len(sources),
        "rates_n": sum(1 for f in practice if known(f.row.value)),
        "priority": round(100 * sum(scores[k] * getattr(settings, k) for k in scores), 1),
        **{f"score_{name}": round(score, 3) for name, score in scores.items()},
        "passages": "; ".join(f.row.finding_id for f in practice),
        "recommendation_passages": "; ".join(rec.row.finding_id for _, rec in best),
        "cause_passages": "; ".join(c.row.finding_id for c in related_causes),
    }
    for (_, reason), rec in chosen:
        cells |= {
            "best_practice": rec.row.text,
            "bp_passage": rec.row.finding_id,
            "bp_source": rec.row.source,
            "bp_pmid": rec.row.pmid,
            "bp_year": rec.year or None,
            "bp_guideline": rec.guideline,
            "pairing": reason,
        }
    for cause in related_causes[:1]:
        cells |= {
            "cause": cause.row.text,
            "cause_passage": cause.row.finding_id,
            "cause_source": cause.row.source,
            "cause_pmid": cause.row.pmid,
        }
    return cells


def _disagrees(row: Any) -> bool:
    """Whether numerator, denominator and percentage of a finding contradict each other."""
    return known(row.agrees) and not bool(row.agrees)


def _lead_order(f: _Finding) -> tuple[Any, ...]:
    """Which finding speaks for a row: first-hand, with a figure, certain, recent."""
    return (
        bool(f.row.secondary),
        f.row.label != "GAP" and f.row.label != "CAUSE",
        not known(f.row.value) or _disagrees(f.row),
        f.row.section == -1,  # a title seldom says what was found
        -f.row.probability,
        -f.year,
        f.row.finding_id,
    )


def _shares_subject(subject: Subject, rec: _Finding) -> bool:
    if subject.core:
        return subject.core == rec.subject.core or set(subject.core) <= set(tokens(rec.row.text))
    return rec.subject.core == () and rec.subject.group == subject.group


def _shared_words(
    subject: Subject, lead: _Finding, rec: _Finding, vocabulary: Vocabulary
) -> frozenset[str]:
    """Telling words that both sentences have, beyond what makes them candidates at all."""
    shared = content_words(lead.row.text) & content_words(rec.row.text)
    return shared - vocabulary.topic_words - set(subject.core) - COMMON_WORDS


def _kinship(
    subject: Subject, lead: _Finding, rec: _Finding, vocabulary: Vocabulary
) -> tuple[float, str]:
    """How close a recommendation is to current practice, and why, in words."""
    shared = _shared_words(subject, lead, rec, vocabulary)
    same_group = rec.subject.group == subject.group
    strength = len(shared) + 2.0 * same_group + 3.0 * rec.guideline + float(rec.row.probability)
    reasons = []
    if subject.core:
        reasons.append(f"same subject ({' '.join(subject.core)})")
    if same_group:
        reasons.append(f"same group ({subject.group})")
    if shared:
        reasons.append(f"shared words: {', '.join(sorted(shared)[:6])}")
    if rec.guideline:
        reasons.append("from a guideline record")
    return round(strength, 2), "; ".join(reasons)


def _searched(records: Records, facet: str) -> str:
    """What was asked for a side that is missing."""
    asked = next((e for e in records.log if e.facet == facet), None)
    if asked is None:
        return f"no {facet} query was run"
    return (
        f"{facet} query: {asked.count} records of {asked.source}, {asked.retrieved} read; "
        f"{len(records)} records read in all"
    )


def _missing(
    practice: list[_Finding], best: Sequence[object], independent: Sequence[object]
) -> list[str]:
    """Say what keeps a row from being a gap; empty if nothing does."""
    missing = []
    if not best:
        missing.append("best practice: no recommendation on this subject among the records")
    elif not independent:
        missing.append(
            "independent best practice: the only recommendation comes from a record that also "
            "reports the shortfall"
        )
    if not any(f.about_care for f in practice if f.row.label == "GAP"):
        missing.append(
            "clinician or care-delivery evidence: what was found is about patients or the public"
        )
    if all(f.row.secondary for f in practice):
        missing.append("primary source: the figures are quoted from other publications")
    return missing


def _gap_type(practice: list[_Finding]) -> str:
    """The level that most of the GAP findings have; ties in the order K C P O S."""
    levels = [f.row.level for f in practice if f.row.label == "GAP" and known(f.row.level)]
    return min("KCPOS", key=lambda k: (-levels.count(k), "KCPOS".index(k))) if levels else ""


def _scores(practice: list[_Finding], brief: Brief, settings: Priority) -> dict[str, float]:
    sizes = [
        f.shortfall.size
        for f in practice
        if f.row.label == "GAP" and f.shortfall.size is not None and not f.row.secondary
    ]
    # The median, because one extreme subgroup should not carry the row.
    size = median(sizes) / 100 if sizes else settings.unknown_magnitude
    newest = max(f.year for f in practice)
    age = max(0, brief.as_of.year - newest) if newest else settings.recency_years
    n = len({f.row.source for f in practice})
    return {
        "magnitude": size,
        "sources": 1 - 1 / (1 + n),
        "recency": max(0.0, 1 - age / settings.recency_years),
        "design": max(f.design.practice_weight for f in practice),
    }


def _gap_id(subject: Subject) -> str:
    """An identifier that stays when other rows come and go: decisions hang on it."""
    text = f"{' '.join(subject.core)}|{subject.group}"
    return "G-" + hashlib.sha256(text.encode()).hexdigest()[:8]
