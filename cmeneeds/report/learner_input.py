"""The section on learner data: every line with its figure, interval, change and proposed row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cmeneeds.frames import each_row, known, text_of
from cmeneeds.learner_data import LearnerEvidence, triangulation
from cmeneeds.learner_data.model import KINDS
from cmeneeds.report import markdown as md
from cmeneeds.report.wording import listed
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

LABEL = "LEARNER"
"""Label of the cards of these lines; a key of :data:`cmeneeds.report.markdown.LABELS`."""

_PHASES = {"pre": "before", "post": "after", "follow-up": "follow-up", "": "not told"}
_NEEDS = {True: "perceived", False: "unperceived", None: "not told"}


def learner_lines(learners: LearnerEvidence) -> str:
    """Write what the provider's own data say; empty without any.

    Parameters
    ----------
    learners : LearnerEvidence

    Returns
    -------
    str
        Markdown: an overview, the table of lines, changes and notes.
    """
    if not learners.files:
        return ""
    parts = (_overview, _table, _changes, _notes)
    return "".join(part(learners) for part in parts)


def source_kinds(assessment: Assessment, rows: Iterable[Any]) -> str:
    """Write how many independent kinds of sources speak for rows of the gap table.

    Parameters
    ----------
    assessment : Assessment
    rows : iterable of named tuple
        Rows of the gap table.
    """
    records = assessment.records
    told: dict[str, list[str]] = {}
    for gap in rows:
        lines = assessment.learners.of_gap(str(gap.gap_id))
        spoken = assessment.voices.kinds_of(str(gap.gap_id))
        found = triangulation(gap, records.works, lines, facets=records.facets, further=spoken)
        number = md.count(assessment.counts[f"gap.{gap.gap_id}.number"], f"gap.{gap.gap_id}.number")
        told.setdefault(found.words, []).append(number)
    if not told:
        return ""
    shown = "".join(
        f"- Row{'s' * (len(numbers) > 1)} {listed(numbers)}: {named(words)}.\n"
        for words, numbers in told.items()
    )
    return (
        "\nIndependent kinds of sources; learner data count where they are matched with the "
        f"row:\n\n{shown}"
    )


def _count(learners: LearnerEvidence, key: str) -> str:
    return md.count(learners.counts[key], key)


def _overview(learners: LearnerEvidence) -> str:
    files = "; ".join(
        f"{KINDS[file.kind]} ({named(file.name)}) {md.cite(file.id)}" for file in learners.files
    )
    c = {name: _count(learners, f"learner.{name}") for name in (
        "lines", "perceived", "unperceived", "untold", "suppressed", "least", "level",
    )}  # fmt: skip
    return (
        f"\nThe provider's own data: {files}. They hold {c['lines']} lines about groups of people: "
        f"{c['perceived']} show perceived needs (what learners say of themselves), "
        f"{c['unperceived']} unperceived ones (what was tested or observed), {c['untold']} do not "
        f"tell which. {c['suppressed']} lines about fewer than {c['least']} people were left out. "
        f"All intervals are {c['level']} % intervals. Nothing is pooled.\n"
    )


def _table(learners: LearnerEvidence) -> str:
    rows = []
    for row in each_row(learners.table):
        when = _PHASES[text_of(row.phase)]
        if period := text_of(row.period):
            when += f"{md.BREAK}{named(period)}"
        need = _NEEDS[bool(row.perceived) if known(row.perceived) else None]
        kind = text_of(row.type) or text_of(row.kind)
        rows.append(
            (
                named(str(row.measure)),
                f"{named(kind)}{md.BREAK}{need}",
                when,
                _figure(learners, row),
                _rows_of(learners, str(row.learner_id)),
            )
        )
    return md.table(
        rows,
        ("Measured", "Kind and need", "When", "Figure and interval", "Proposed for"),
        "Lines of learner data. A match with a row of the gap table is a proposal, unless the file "
        "names the row.",
        widths=(32, 16, 14, 20, 18),
    )


def _figure(learners: LearnerEvidence, row: Any) -> str:
    """The figure as its line says it; the interval is computed."""
    text = md.figure(str(row.value_text), str(row.learner_id))
    key = f"learner.{row.learner_id}"
    if known(row.agrees) and not bool(row.agrees):
        return f"{text}{md.BREAK}count and percentage contradict each other; not used"
    share = f"{_count(learners, f'{key}.value')} %" if known(row.value) else ""
    around = ""
    if known(row.low):
        around = f"({_count(learners, f'{key}.low')} to {_count(learners, f'{key}.high')})"
    computed = " ".join(filter(None, (share, around)))
    return f"{text}{md.BREAK}{computed}" if computed else text


def _rows_of(learners: LearnerEvidence, learner_id: str) -> str:
    found = learners.matches[learners.matches["learner_id"] == learner_id]
    told = []
    for made in each_row(found):
        if known(made.gap_id):
            told.append(f"{named(str(made.subject))} ({named(str(made.reason))})")
        else:
            told.append(named(str(made.reason)))
    return md.BREAK.join(told) or "no row"


def _changes(learners: LearnerEvidence) -> str:
    lines = []
    notes: dict[str, None] = {}
    for row in each_row(learners.table):
        if not text_of(row.before):
            continue
        key = f"learner.{row.learner_id}"
        now = md.figure(str(row.value_text), str(row.learner_id))
        said = [f"from {_linked(learners, str(row.before))} to {now}"]
        for name, what in (
            ("change", "percentage points"),
            ("effect", text_of(row.effect_name)),
        ):
            if f"{key}.{name}" in learners.counts:
                value = _count(learners, f"{key}.{name}")
                low = _count(learners, f"{key}.{name}_low")
                high = _count(learners, f"{key}.{name}_high")
                figure = f"{value} {what}" if name == "change" else f"{what} {value}"
                said.append(f"{figure} ({low} to {high})")
        if f"{key}.change_p" in learners.counts:
            said.append(f"exact p of McNemar {_count(learners, f'{key}.change_p')}")
        notes[text_of(row.change_note)] = None
        when = _PHASES[text_of(row.phase)]
        lines.append(f"- {named(str(row.measure))} ({when}): {'; '.join(said)}.\n")
    if not lines:
        return ""
    how = "".join(f"- {named(note)}.\n" for note in notes if note)
    return f"\nChange:\n\n{''.join(lines)}\nHow it was computed:\n\n{how}"


def _linked(learners: LearnerEvidence, address: str) -> str:
    table = learners.table
    text = str(table.loc[table["learner_id"] == address, "value_text"].iloc[0])
    return md.figure(text, address)


def _notes(learners: LearnerEvidence) -> str:
    notes = [f"- {named(f.name)}: {named(note)}\n" for f in learners.files for note in f.notes]
    return "\nHow the files were read:\n\n" + "".join(notes) if notes else ""


def learner_cards(learners: LearnerEvidence) -> str:
    """Write a card for each line that the report can cite; empty without any."""
    if not learners.files:
        return ""
    cards = [
        md.passage(
            row.text,
            file.address(row),
            label=LABEL,
            source=file.id,
            section=file.title,
            value=(row.value_start, row.value_end),
        )
        for file in learners.files
        for row in file.rows
    ]
    return md.evidence("The lines as they are cited", cards)
