"""Tell what a report may say without naming a source: what the writer gave, and names."""

from __future__ import annotations

from collections.abc import Iterator

from cmeneeds.accreditation import profiles_of, texts
from cmeneeds.assessment import Assessment
from cmeneeds.checks.rules import RULES
from cmeneeds.education import (
    audience_in_sentence,
    education_wording,
    subject_in_sentence,
)
from cmeneeds.frames import each_row, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.decided import given_by
from cmeneeds.report.guideline_section import card_names
from cmeneeds.report.stakeholders import voice_names
from cmeneeds.report.statements import tool_name
from cmeneeds.report.wording import first_upper, missing_words, row_name


def given_in(assessment: Assessment) -> dict[str, str]:
    """What the writer gave, in the brief or as a decision, by the key it is printed with."""
    brief, found = assessment.brief, given_by(assessment.decisions)
    if brief.activity and brief.activity.credit_hours is not None:
        found["brief.credit_hours"] = f"{brief.activity.credit_hours:g}"
    if brief.request:
        limits = brief.request.limits
        found |= {f"brief.request.{n}": str(v) for n, v in limits.model_dump().items() if v}
        for number, asked in enumerate(brief.request.requirements):
            if asked.limit_words:
                found[f"brief.request.{number}.limit_words"] = str(asked.limit_words)
    return found


def known_names(assessment: Assessment) -> frozenset[str]:
    """Every text with digits that a report may show as a name, whole.

    That is what the writer, the records' keywords, the search log and the package's wording say.
    Parts of these are no names: "24%" stands in many a text.
    """
    said = {assessment.records.source, assessment.records.notice, tool_name()}
    said.update(_strings(assessment.brief.model_dump(mode="json")))
    said.update(str(a) for a in assessment.brief.audience)
    said.update(first_upper(str(a)) for a in assessment.brief.audience)
    said.add(subject_in_sentence(assessment.brief.topic, assessment.brief))
    said.add(audience_in_sentence(assessment.brief))
    said.add(assessment.brief.slug)
    for entry in (*assessment.records.log, *assessment.records.beside):
        said.update((entry.source, entry.notes, *entry.notes.split("; ")))
    for document in assessment.records.background:
        said.update((document.id, *(part.text for part in document.parts)))
    said.update(text_of(cell) for d in each_row(assessment.decisions) for cell in d)
    for gap in (*each_row(assessment.gaps), *each_row(assessment.presented)):
        said.add(row_name(gap))
        said.update((text_of(gap.missing), *text_of(gap.missing).split("; ")))
        said.update(missing_words(gap.missing))
        said.update(text_of(getattr(gap, c)) for c in _NAMED_CELLS)
    for objective in (*each_row(assessment.objectives), *each_row(assessment.planned)):
        cells = [text_of(getattr(objective, c)) for c in _NAMED_WORDING]
        said.update(cells, *(cell.split("; ") for cell in cells))
    for words in education_wording().values():
        said.update((*_strings(words), f"Moore {words['moore']}"))
    said.update(texts(profiles_of(assessment)))
    said.update(assessment.learners.names)
    said.update(card_names(assessment), voice_names(assessment))
    for change in each_row(assessment.changes):
        said.update(text_of(cell) for cell in change)
    for rule in RULES.values():
        said.update((rule.asks, rule.todo))
    return frozenset(md.clean(text) for text in said)


_NAMED_CELLS = (
    "bp_strength",
    "bp_grade",
    "bp_level",
    "bp_system",
    "bp_body",
    "bp_card_by",
    "bp_superseded_by",
    "cp_interval",
    "audience_fit",
    "priority_words",
    "pairing",
    "decision_reason",
    "decision_by",
    "decision_flag",
    "decision_origin",
    "achievable_rate",
)
_NAMED_WORDING = (
    "need", "need_K", "need_C", "need_P", "objective", "outcome_measure", "instrument",
    "time_point", "baseline", "non_educational_strategy", "competencies", "competency_reason",
    "formats", "format_rationale", "addressable_reason",
)  # fmt: skip


def _strings(value: object) -> Iterator[str]:
    """All texts in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
