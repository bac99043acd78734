"""Forms as Markdown, for Word, and as tables, for CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cmeneeds.accreditation import form_limits, profiles_of
from cmeneeds.education import AWAITING
from cmeneeds.exports.forms import Entry, Field, form_rows, gap_worksheet
from cmeneeds.frames import known, text_of
from cmeneeds.independence import register
from cmeneeds.report import markdown as md
from cmeneeds.report.guideline_section import strength_words
from cmeneeds.report.independence import independence_text
from cmeneeds.report.row_sections import LEVELS
from cmeneeds.report.wording import row_name
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

LONG_COLUMNS = (
    "gap_id", "gap", "status", "field", "label", "text", "words", "limit", "over", "state",
    "sources", "passages",
)  # fmt: skip


def banners(assessment: Assessment) -> str:
    """What the document is not, on top of each."""
    text = ""
    if not assessment.is_signed:
        text += md.banner(
            "draft", "Not signed. A named person has yet to confirm what stands here."
        )
    if assessment.is_sample:
        text += md.banner("sample", assessment.records.notice)
    return text


def abstract_markdown(assessment: Assessment, entries: Sequence[Entry]) -> str:
    """The structured abstract: one form a row, each on the limits of the profile's form."""
    form = form_limits(assessment)
    text = banners(assessment)
    text += (
        f"\n**{named(form.name)}.** {named(form.note)} Source: {named(form.source)}; read: "
        f"{named(form.read)}. The form is filled for one gap at a time; choose those of the "
        "activity. No accreditor certifies a document or a tool.\n"
    )
    return text + "".join(_entry(e) for e in entries) + _none(entries)


def worksheet_markdown(assessment: Assessment, entries: Sequence[Entry]) -> str:
    """The gap worksheet: one table a row of the gap table."""
    text = banners(assessment)
    text += (
        "\nFields as planning worksheets of nurses' programs and hospitals ask for them, filled "
        "from the cells of the assessment. What is proposed is for the planning committee to "
        "confirm or change.\n"
    )
    return text + "".join(_entry(e) for e in entries) + _none(entries)


def _none(entries: Sequence[Entry]) -> str:
    return "" if entries else "\nThere is no row to fill the form for.\n"


def _entry(entry: Entry) -> str:
    kind = "Gap" if entry.status == "gap" else "Candidate, one side still missing"
    counted = any(f.limit for f in entry.fields)
    rows = []
    for f in entry.fields:
        text = named(f.text) if not f.boxes else _ticks(f)
        if f.sources:
            text += f" {md.cite(*f.sources)}"
        row = (named(f.label), text, named(f.state))
        rows.append((*row, named(f.counter)) if counted else row)
    columns = ("Field", "Text", "Where it comes from", "Words")
    return f"\n# {md.escape(entry.title)}\n" + md.table(
        rows,
        columns if counted else columns[:3],
        f"{kind}. Row {md.term(entry.gap_id)} of the gap table.",
        widths=(22, 46, 18, 14) if counted else (24, 56, 20),
    )


def _ticks(f: Field) -> str:
    """Check boxes, and the text where it says more than they do."""
    boxes = md.BREAK.join(f"{'☒' if there else '☐'} {named(name)}" for name, there in f.boxes)
    said = f.text not in ("none proposed", "; ".join(n for n, there in f.boxes if there))
    said = said and f.text.casefold() not in {name.casefold() for name, _ in f.boxes}
    return f"{named(f.text)}{md.BREAK}{boxes}" if said else boxes


def long_table(entries: Iterable[Entry]) -> pd.DataFrame:
    """One line a field of each form, with its words and limit."""
    lines: list[tuple[Any, ...]] = [
        (
            e.gap_id, e.title, e.status, f.name, f.label, f.text, f.words, f.limit, f.over, f.state,
            "; ".join(f.sources), "; ".join(f.passages),
        )
        for e in entries for f in e.fields
    ]  # fmt: skip
    whole = dict.fromkeys(("words", "limit", "over"), "Int64")
    types = dict.fromkeys(LONG_COLUMNS, "string") | whole
    return pd.DataFrame(lines, columns=list(LONG_COLUMNS)).astype(types)


def wide_table(entries: Iterable[Entry]) -> pd.DataFrame:
    """One line a row of the gap table, one column a field."""
    return pd.DataFrame(
        [
            {
                "gap_id": e.gap_id, "name": e.title, "status": e.status,
                **{f.name: f.text for f in e.fields},
                "sources": "; ".join(dict.fromkeys(s for f in e.fields for s in f.sources)),
                "passages": "; ".join(dict.fromkeys(p for f in e.fields for p in f.passages)),
            }
            for e in entries
        ]
    ).astype("string")  # fmt: skip


def abstract_json(assessment: Assessment, entries: Sequence[Entry]) -> bytes:
    """The structured abstract for machines."""
    form = form_limits(assessment)
    content = {
        "document_status": assessment.status_line,
        "form": {"name": form.name, "note": form.note, "source": form.source, "read": form.read},
        "gaps": [
            {
                "gap_id": e.gap_id,
                "gap": e.title,
                "status": e.status,
                "fields": {
                    f.name: {
                        "text": f.text,
                        "state": f.state,
                        "words": f.words,
                        "limit": f.limit,
                        "over": f.over,
                        "sources": f.sources,
                        "passages": f.passages,
                        **({"boxes": dict(f.boxes)} if f.boxes else {}),
                    }
                    for f in e.fields
                },
            }
            for e in entries
        ],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def process_markdown(assessment: Assessment, rows: Sequence[Any] | None = None) -> str:
    """A short description of the process and of the needs derived from it, as EACCME asks."""
    rows = form_rows(assessment) if rows is None else rows
    entries = {e.gap_id: {f.name: f for f in e.fields} for e in gap_worksheet(assessment, rows)}
    text = banners(assessment)
    text += (
        "\nIn the form that accreditors in Europe are told to ask for; verify the current "
        "criteria. No accreditor certifies a document or a tool.\n"
    )
    text += "\n# How the needs were assessed\n" + _process(assessment)
    if not rows:
        return text + "\nNo row of the gap table is presented.\n"
    measured = [
        (
            named(row_name(gap)),
            f"{named(value)} {md.cite(text_of(gap.cp_source))}"
            if (value := text_of(gap.cp_value_text))
            else f"stated in words {md.cite(text_of(gap.cp_source))}",
            md.term(f"{gap.target:g}%") if known(gap.target) else "none stated by a source",
            md.term(f"{gap.delta:g} points") if known(gap.delta) else "not computed",
            text_of(gap.status),
        )
        for gap in rows
    ]
    text += "\n# The gap between current and desired situation\n" + md.table(
        measured,
        ("Subject", "Current, as reported", "Desired", "Difference", "Status"),
        "A candidate has one side only. Nothing is subtracted without a sourced target.",
        widths=(34, 24, 16, 14, 12),
    )
    needs = [
        (named(row_name(gap)), *(_needs(entries[str(gap.gap_id)])), LEVELS[text_of(gap.gap_type)])
        for gap in rows
    ]
    text += "\n# Needs derived, and expected educational outcome\n" + md.table(
        needs,
        ("Subject", "Need (proposed)", "Expected outcome (proposed)", "Level"),
        "Proposed from the sources; the provider confirms or changes them.",
        widths=(22, 34, 32, 12),
    )
    audience = [
        (named(a.profession), named(a.specialty or AWAITING), named(a.seniority or AWAITING),
         named(a.setting or "not stated"), named(a.country or "not stated"))
        for a in assessment.brief.audience
    ]  # fmt: skip
    text += "\n# Audience by specialty and seniority\n" + md.table(
        audience,
        ("Profession", "Specialty", "Seniority", "Setting", "Country"),
        "As the brief states it.",
    )
    return text + "\n# Level of evidence\n" + _levels(rows)


def _needs(fields: dict[str, Field]) -> tuple[str, str]:
    needs = [f.text for k in "KCP" if (f := fields[f"need_{k}"]).text != AWAITING]
    return md.BREAK.join(map(named, needs)) or AWAITING, named(fields["objective"].text)


def _process(assessment: Assessment) -> str:
    def count(key: str) -> str:
        return md.count(assessment.counts[key], key)

    records, years = assessment.records, assessment.brief.years
    span = f"{years.first}-{years.last}" if years.first != years.last else str(years.first)
    learners = (
        "Data of the provider's own learners were read beside them."
        if not assessment.learners.table.empty
        else "Data of the provider's own learners: awaiting writer."
    )
    signed = (
        "Named persons accepted each gap and confirmed each cited claim."
        if assessment.is_signed
        else "A named person has yet to confirm each gap and each cited claim."
    )
    return (
        f"\n{count('queries.total')} queries were put to {named(records.source)} (data of "
        f"{md.date(records.data_date)}, publications of {md.date(span)}). Title and abstract of "
        f"{count('records.total')} records were read by a program, which found "
        f"{count('findings.total')} sentences about practice, grouped them by subject, paired them "
        "with recommendations and ranked them without regard to any supporter. They form "
        f"{count('gaps.total')} rows: {count('gaps.gap')} with both sides sourced, "
        f"{count('gaps.candidate')} with one side missing. {learners} {signed}\n"
    )


def _levels(rows: Sequence[Any]) -> str:
    lines = []
    for gap in rows:
        cells = [text_of(getattr(gap, f"bp_{n}")) for n in ("strength", "grade", "level")]
        said = strength_words(text_of(gap.best_practice), *cells)
        if source := text_of(gap.bp_source):
            lines.append(f"- {named(row_name(gap))}: {said} {md.cite(source)}")
        else:
            lines.append(f"- {named(row_name(gap))}: no recommendation was found")
    return (
        "\nWhat the sources of best practice state, and what is only read:\n\n"
        + "\n".join(lines)
        + "\n"
    )


def contributors_markdown(assessment: Assessment) -> str:
    """The register of contributors as a document of its own."""
    names = ", ".join(named(p.name) for p in profiles_of(assessment))
    day = md.date(assessment.brief.as_of.isoformat())
    text = banners(assessment) + f"\nFor {names}; as of {day}.\n" + independence_text(assessment)
    if not register(assessment).empty:
        text += "\nThe same lines stand in `contributors.csv`.\n"
    return text
