"""What planning forms ask, filled from the cells of an assessment and from nothing else.

A field that no cell can fill says ``awaiting writer``. Text over a form's limit is never cut: its
words are counted beside it, and by how many it is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cmeneeds.accreditation import form_limits
from cmeneeds.decisions import IN_EFFECT
from cmeneeds.education import AWAITING, competency_frameworks
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.report.row_sections import LEVELS
from cmeneeds.report.wording import row_name

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

MOST_ROWS: Final = 6
"""Rows that a form is filled for, where the assessment has not more gaps than that."""

QUOTED: Final = "word for word from the source"
PROPOSED: Final = "proposed; awaiting writer"
WRITTEN: Final = "in the writer's words"
COMPUTED: Final = "from the records"
GIVEN: Final = "from the brief"

FRAMEWORKS: Final = ("ACGME/ABMS", "IOM", "IPEC")
"""Of the check boxes in the structured abstract."""

CHANGES: Final = ("competence", "performance", "patient outcomes")
_CHANGE_OF: Final = {"C": "competence", "P": "performance", "O": "patient outcomes"}


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes
    ----------
    name, label : str
        For machines, and as the form says it.
    text : str
        Never cut; ``awaiting writer`` where nothing fills it.
    state : str
        Where the text comes from.
    sources : tuple of str
        Citation keys.
    passages : tuple of str
        Addresses of what is quoted.
    limit : int or None
        Words that the form takes.
    boxes : tuple of (str, bool)
        Check boxes, where the field has any.
    """

    name: str
    label: str
    text: str
    state: str
    sources: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    limit: int | None = None
    boxes: tuple[tuple[str, bool], ...] = ()

    @property
    def words(self) -> int:
        """Words of the text; none where it awaits the writer."""
        return 0 if self.text == AWAITING else len(self.text.split())

    @property
    def over(self) -> int:
        """Words beyond the limit."""
        return max(0, self.words - self.limit) if self.limit else 0

    @property
    def counter(self) -> str:
        """The word count as a form shows it; empty where it takes any number."""
        if not self.limit:
            return ""
        text = f"{self.words} of {self.limit}"
        return f"{text}: {self.over} over the limit, nothing was cut" if self.over else text


@dataclass(frozen=True)
class Entry:
    """A form filled for one row of the gap table."""

    gap_id: str
    title: str
    status: str
    fields: tuple[Field, ...]


def form_rows(assessment: Assessment, most: int = MOST_ROWS) -> list[Any]:
    """The rows that forms are filled for: all gaps, then candidates while there is room."""
    rows = list(each_row(assessment.presented))
    gaps = [r for r in rows if r.status == "gap"]
    candidates = [r for r in rows if r.status != "gap"]
    return gaps + candidates[: max(0, most - len(gaps))]


def structured_abstract(assessment: Assessment, rows: Iterable[Any] | None = None) -> list[Entry]:
    """Fill the fields of the ACCME structured abstract, one form a row.

    The fields and their limits are those of the profile's form; see
    :func:`cmeneeds.accreditation.form_limits`.
    """
    limits = form_limits(assessment).words
    plans = _plans(assessment)
    entries = []
    for gap in form_rows(assessment) if rows is None else rows:
        plan = plans.get(str(gap.gap_id))
        kind = text_of(gap.gap_type)
        changes = _cell(plan, "objective")
        reason = _joined(plan, ("formats", "format_rationale"))
        fields = [
            _sides(assessment, gap, limits.get("gap")),
            *(
                _proposed(f"need_{k}", f"Educational need: {LEVELS[k]}", _cell(plan, f"need_{k}"),
                          limits.get(f"need_{k}"))
                for k in "KCP"
            ),
            _proposed(
                "designed_to_change", "What the activity is designed to change", changes,
                limits.get("designed_to_change"),
                boxes=tuple((c, c == _CHANGE_OF.get(kind)) for c in CHANGES),
            ),
            _proposed("format", "Why the format is appropriate", reason, limits.get("format")),
            *_boxes(_cell(plan, "competencies")),
        ]  # fmt: skip
        entries.append(_entry(gap, fields))
    return entries


def gap_worksheet(assessment: Assessment, rows: Iterable[Any] | None = None) -> list[Entry]:
    """Fill the union of fields that nurses' and hospitals' planning worksheets ask for."""
    plans = _plans(assessment)
    brief = assessment.brief
    entries = []
    for gap in form_rows(assessment) if rows is None else rows:
        plan = plans.get(str(gap.gap_id))
        fields = [
            _given("trigger", "What triggered it", brief.trigger or ""),
            _given("audience", "Target audience", "; ".join(str(a) for a in brief.audience)),
            _given("patients", "Patients", brief.population.description if brief.population else "",
                   optional=True),
            _side(assessment, gap, "current_practice", "cp", "Current state"),
            _side(assessment, gap, "best_practice", "bp", "Desired state"),
            _gap_between(gap),
            Field("kinds", "Kinds of sources", _cell_of_register(assessment, gap, "source_types")
                  or AWAITING, COMPUTED),
            _side(assessment, gap, "consequence", "consequence", "Consequence for patients"),
            Field("due_to", "Gap due to", LEVELS[text_of(gap.gap_type)], PROPOSED,
                  boxes=tuple((w, w == k) for w in ("knowledge", "skill", "practice")
                              for k in [_due_to(gap)])),
            _side(assessment, gap, "cause", "cause", "Why it exists"),
            *(_proposed(f"need_{k}", f"Need: {LEVELS[k]}", _cell(plan, f"need_{k}"))
              for k in "KCP"),
            _proposed("objective", "Learning objective", _cell(plan, "objective")),
            _proposed("competencies", "Competencies", _cell(plan, "competencies")),
            _proposed("format", "Format and why", _joined(plan, ("formats", "format_rationale"))),
            _proposed("barriers", "Barriers beside education, and strategy", _strategy(plan)),
            _proposed("outcome", "Expected outcome level",
                      f"Moore {level}" if (level := _cell(plan, "moore_level")) else ""),
            _proposed("measure", "Outcome measure", _cell(plan, "outcome_measure")),
            _proposed("assessment_method", "Assessment method and time",
                      _joined(plan, ("instrument", "time_point"))),
            _proposed("baseline", "Baseline of these learners", _cell(plan, "baseline")),
            _given("support", "Commercial support", brief.support.status if brief.support else ""),
        ]  # fmt: skip
        entries.append(_entry(gap, fields))
    return entries


def _entry(gap: Any, fields: Iterable[Field]) -> Entry:
    return Entry(str(gap.gap_id), row_name(gap), text_of(gap.status), tuple(fields))


def _plans(assessment: Assessment) -> dict[str, Any]:
    """The first plan of each row, in the writer's words."""
    plans: dict[str, Any] = {}
    for plan in each_row(assessment.planned):
        plans.setdefault(str(plan.gap_id), plan)
    return plans


def _cell(plan: Any, column: str) -> str:
    return text_of(getattr(plan, column, "")) if plan is not None else ""


def _joined(plan: Any, columns: tuple[str, ...]) -> str:
    return ". ".join(cell.rstrip(".") for c in columns if (cell := _cell(plan, c)))


def _strategy(plan: Any) -> str:
    cause, strategy = _cell(plan, "cabana"), _cell(plan, "non_educational_strategy")
    parts = [f"barrier, after Cabana: {cause}"] if cause else []
    parts += [f"proposed beside education: {strategy}"] if strategy else []
    return ". ".join(p[:1].upper() + p[1:] for p in parts)


def _proposed(
    name: str,
    label: str,
    text: str,
    limit: int | None = None,
    boxes: tuple[tuple[str, bool], ...] = (),
) -> Field:
    state = PROPOSED if text else AWAITING
    return Field(name, label, text or AWAITING, state, limit=limit, boxes=boxes)


def _given(name: str, label: str, text: str, *, optional: bool = False) -> Field:
    if text:
        return Field(name, label, text, GIVEN)
    return Field(name, label, "not stated" if optional else AWAITING, GIVEN)


def _writers(assessment: Assessment, gap: Any, column: str) -> str:
    """What the writer put beside a quoted cell; empty if nothing."""
    decisions: pd.DataFrame = assessment.decisions
    found = ""
    for d in each_row(decisions):
        if (d.decision, d.column, d.row) == ("edit", column, gap.gap_id) and d.state in IN_EFFECT:
            found = text_of(d.value)
    return found


def _side(assessment: Assessment, gap: Any, column: str, prefix: str, label: str) -> Field:
    """A quoted cell with its source, or the writer's words for it."""
    passage = text_of(getattr(gap, f"{prefix}_passage"))
    source = text_of(getattr(gap, f"{prefix}_source", ""))
    if passage and not source:
        source = assessment.records.works.key_of(passage)
    sources, passages = tuple(filter(None, (source,))), tuple(filter(None, (passage,)))
    if written := _writers(assessment, gap, column):
        return Field(column, label, written, WRITTEN, sources, passages)
    text = text_of(getattr(gap, column))
    if not text:
        return Field(column, label, AWAITING, AWAITING)
    return Field(column, label, f"“{text}”", QUOTED, sources, passages)


def _sides(assessment: Assessment, gap: Any, limit: int | None) -> Field:
    """The gap as a form wants it: what should be, beside what is."""
    best = _side(assessment, gap, "best_practice", "bp", "Best practice")
    current = _side(assessment, gap, "current_practice", "cp", "Current practice")
    parts = [(f, f.text if f.text[-1] in ".”" else f"{f.text}.") for f in (best, current)]
    text = " ".join(f"{f.label}: {said}" for f, said in parts)
    return Field(
        "gap", "Professional practice gap", text,
        "; ".join(dict.fromkeys((best.state, current.state))),
        best.sources + current.sources, best.passages + current.passages, limit,
    )  # fmt: skip


def _gap_between(gap: Any) -> Field:
    """The difference, in the numbers that the sources give."""
    parts = []
    if value := text_of(gap.cp_value_text):
        parts.append(f"reported: {value}")
    if known(gap.target):
        parts.append(f"target stated by a source: {gap.target:g}%")
    if known(gap.delta):
        parts.append(f"difference: {gap.delta:g} percentage points")
    elif parts:
        parts.append("no sourced target or benchmark, so nothing is subtracted")
    sources = tuple(filter(None, (text_of(gap.cp_source),))) if parts else ()
    passages = tuple(filter(None, (text_of(gap.cp_passage),))) if parts else ()
    text = "; ".join(parts) or AWAITING
    return Field("gap", "Gap", text, COMPUTED if parts else AWAITING, sources, passages)


def _due_to(gap: Any) -> str:
    return {"K": "knowledge", "C": "skill", "P": "practice"}.get(text_of(gap.gap_type), "")


def _boxes(competencies: str) -> list[Field]:
    """One field a framework, a box for each of its competencies."""
    chosen = {c.strip() for c in competencies.split(";")}
    found = []
    for framework in FRAMEWORKS:
        names = competency_frameworks()[framework].values()
        boxes = tuple((name, f"{framework}: {name}" in chosen) for name in names)
        ticked = "; ".join(name for name, there in boxes if there)
        found.append(
            Field(
                f"competencies_{framework.split('/')[0].lower()}", f"Competencies ({framework})",
                ticked or "none proposed", PROPOSED, boxes=boxes,
            )
        )  # fmt: skip
    return found


def _cell_of_register(assessment: Assessment, gap: Any, column: str) -> str:
    table = assessment.register
    cells = table.loc[table["gap_id"] == gap.gap_id, column]
    return "" if cells.empty else text_of(cells.iloc[0])
