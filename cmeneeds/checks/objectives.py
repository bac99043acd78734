"""Do objectives follow from gaps, and can their outcome be measured? Rules L40 to L48."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cmeneeds.checks.basis import (
    ACCME_ANALYSIS,
    ACCME_CHANGE,
    ACCME_COMPETENCY,
    Basis,
    house,
)
from cmeneeds.checks.registry import Found, NotDecided, Severity, document_rule
from cmeneeds.checks.text import shown, words
from cmeneeds.checks.view import View, name_of
from cmeneeds.frames import text_of
from cmeneeds.objectives import ObjectiveProblem, avoided_verb, objective_problems, verb_of

_MOORE = ("1", "2", "3A", "3B", "4", "5", "6", "7")


def for_row(gap: Any, severity: Severity = "error") -> Severity:
    """For a candidate every rule is a warning."""
    return severity if gap.status == "gap" else "warning"


@document_rule(
    "L40", "error", "Each gap has an objective, and each objective a gap.",
    basis=ACCME_CHANGE, todo="Add the objective, or take it out with its gap.",
    on=("run",),
)  # fmt: skip
def gaps_and_objectives_match(view: View) -> Iterator[Found]:
    """Rows without a stated level have none."""
    for gap in view.rows:
        if not text_of(getattr(view.plans.get(str(gap.gap_id)), "objective", "")):
            yield Found("it has no objective", name_of(gap), for_row(gap), str(gap.gap_id))
    rows = {str(gap.gap_id) for gap in view.rows}
    for gap_id, plan in view.plans.items():
        if gap_id not in rows:
            yield Found(f"“{shown(plan.objective)}” has no gap", gap_id, near=gap_id)


@document_rule(
    "L41", "error", "An objective begins with one verb that can be observed.",
    basis=house("lists of verbs to avoid, collected from public advice to authors"),
    todo="Say what the learner will do, with one verb that somebody can watch.",
)  # fmt: skip
def objectives_can_be_observed(view: View) -> Iterator[Found]:
    """Verbs of the avoid list are errors; other doubts are warnings."""
    for text, where, near in _objectives(view):
        for problem in objective_problems(text):
            severity: Severity = "error" if problem.severity == "error" else "warning"
            yield Found(f"{problem.what}: “{shown(text, 70)}”", where, severity, near)


@document_rule(
    "L42", "warning", "The verb shows a change at the level of the gap and of the outcome.",
    basis=house("outcome levels of Moore, Green and Gallis"),
    todo="Choose a verb of that level, or another outcome level.",
    on=("run",),
)  # fmt: skip
def verbs_fit_the_level(view: View) -> Iterator[Found]:
    """What is wrong only because of the level."""
    for gap in view.rows:
        plan: Any = view.plans.get(str(gap.gap_id))
        text = text_of(getattr(plan, "objective", ""))
        if not text:
            continue
        alone = objective_problems(text)
        levelled = objective_problems(
            text, gap_type=text_of(gap.gap_type), moore_level=text_of(plan.moore_level)
        )
        for problem in _without(levelled, alone):
            yield Found(f"{problem.what}: “{shown(text, 70)}”", name_of(gap), near=shown(text))


def _without(
    problems: list[ObjectiveProblem], others: list[ObjectiveProblem]
) -> list[ObjectiveProblem]:
    return [p for p in problems if p not in others]


@document_rule(
    "L43", "warning", "The outcome level is one that the planned activity can show.",
    basis=Basis("house custom", "reviewers: outcome level must match need and design"),
    todo="Plan follow-up data, or aim lower.",
    on=("run",),
)  # fmt: skip
def outcome_level_can_be_shown(view: View) -> Iterator[Found]:
    """A table of types and levels, which is data."""
    activity = view.derived.brief.activity
    if activity is None:
        raise NotDecided("the brief names no type of activity")
    most = view.house.highest_level.get(activity.type, "5")
    for gap in view.rows:
        level = text_of(getattr(view.plans.get(str(gap.gap_id)), "moore_level", ""))
        if level and _MOORE.index(level) > _MOORE.index(most):
            yield Found(
                f"Moore {level} is planned; {activity.type} alone shows Moore {most}",
                name_of(gap),
                near=str(gap.gap_id),
            )


@document_rule(
    "L44", "error", "Each gap has a measure, a time point and a baseline.",
    basis=ACCME_ANALYSIS, todo="Measure the learners before the activity, by the same means.",
    on=("run",),
)  # fmt: skip
def outcomes_can_be_measured(view: View) -> Iterator[Found]:
    """How a baseline will be measured counts: most are measured before the activity."""
    for gap in view.rows:
        plan = view.plans.get(str(gap.gap_id))
        if plan is None:
            continue  # L40 tells it
        missing = [
            what
            for column, what in (
                ("outcome_measure", "measure"), ("instrument", "instrument"),
                ("time_point", "time point"), ("baseline", "baseline"),
            )
            if not text_of(getattr(plan, column))
        ]  # fmt: skip
        if missing:
            yield Found(f"no {', no '.join(missing)}", name_of(gap), for_row(gap), str(gap.gap_id))


_PARTICIPANT = re.compile(
    r"(?<!study )(?<!trial )(?<!survey )(?<!research )(?<!interview )\bparticipants?\b"
    r"(?! in (?:the )?(?:study|trial|survey))",
    re.IGNORECASE,
)


@document_rule(
    "L45", "warning", "Learners are called learners; “participant” is not used unqualified.",
    basis=house("glossary of outcomes terms, outcomesince.org"),
    todo="Write learner, completer, respondent or study participant.",
)  # fmt: skip
def learners_are_called_learners(view: View) -> Iterator[Found]:
    """A column of numbers under trials is about study participants."""
    for block in view.own:
        if block.kind in ("paragraph", "item", "open"):
            for sentence in block.sentences:
                if _PARTICIPANT.search(sentence) and "trial" not in sentence.casefold():
                    yield Found(f"“{shown(sentence)}”", block.where, near=shown(sentence))


@document_rule(
    "L46", "error", "Each gap has a competency, and a reason for it.",
    basis=ACCME_COMPETENCY, todo="Choose the competency because of the root cause, and say so.",
    on=("run",),
)  # fmt: skip
def competencies_have_a_reason(view: View) -> Iterator[Found]:
    """Both cells are filled."""
    yield from _filled(view, ("competencies", "competency_reason"), "competency or its reason")


@document_rule(
    "L47", "warning", "Each gap has a format, and a reason for it.",
    basis=Basis(
        "accreditor", "ACCME, Appropriate Formats: format fits setting, objectives and results",
        "ACCME structured abstract form", "excerpt, date unknown; verify",
    ),
    todo="Say in a sentence why this format closes this gap.",
    on=("run",),
)  # fmt: skip
def formats_have_a_reason(view: View) -> Iterator[Found]:
    """Both cells are filled."""
    for found in _filled(view, ("formats", "format_rationale"), "format or its reason"):
        yield found._replace(severity="warning")


def _filled(view: View, columns: tuple[str, ...], what: str) -> Iterator[Found]:
    for gap in view.rows:
        plan = view.plans.get(str(gap.gap_id))
        if plan is not None and not all(text_of(getattr(plan, c)) for c in columns):
            yield Found(f"no {what}", name_of(gap), for_row(gap), str(gap.gap_id))


@document_rule(
    "L48", "warning", "There are one to three objectives for each credit hour.",
    basis=house("advice to planners, vizientinc.com"), todo="Drop or merge objectives.",
    on=("run",),
)  # fmt: skip
def objectives_fit_the_hours(view: View) -> Iterator[Found]:
    """Of rows that are gaps or were accepted: candidates are not planned yet."""
    activity = view.derived.brief.activity
    if activity is None or activity.credit_hours is None:
        raise NotDecided("the brief names no credit hours")
    planned = [
        gap
        for gap in view.rows
        if gap.status == "gap" or text_of(gap.decision) == "accept"
        if str(gap.gap_id) in view.plans
    ]
    if not planned:
        raise NotDecided("no row is a gap or was accepted, so nothing is planned yet")
    most = view.house.limits["objectives_per_hour"] * activity.credit_hours
    if len(planned) > most:
        hours = f"{activity.credit_hours:g} hour{'' if activity.credit_hours == 1 else 's'}"
        yield Found(f"{len(planned)} objectives for {hours}", "Learning objectives")


def _objectives(view: View) -> Iterator[tuple[str, str, str]]:
    """Texts of objectives, where they stand, and what finds them."""
    if view.kind == "run":
        for gap in view.rows:
            text = text_of(getattr(view.plans.get(str(gap.gap_id)), "objective", ""))
            if text:
                yield text, name_of(gap), shown(text)
        return
    for block in view.own:
        text = block.text.strip(" .")
        in_column = block.kind == "cell" and "objective" in block.column.casefold()
        labelled = re.match(r"(?:proposed |learning )?objectives?:\s*(.+)", text, re.IGNORECASE)
        listed = (
            block.kind in ("item", "paragraph")
            and "objective" in block.section.casefold()
            and 3 <= len(words(text)) <= 50
            and not re.match(r"[^:]{1,40}:|.*\bable to\W*$", text)
            and (block.kind == "item" or _is_objective(text))
        )
        if labelled:
            yield labelled[1], block.where, shown(text)
        elif in_column or listed:
            yield text, block.where, shown(text)


def _is_objective(text: str) -> bool:
    """Whether a paragraph is worded as one: a verb of the lists first, or "will be able to"."""
    able = re.search(r"\b(?:will|should) be able to\b", text)
    known = not any(p.severity == "warning" and "list" in p.what for p in objective_problems(text))
    return bool(able) or bool(avoided_verb(text)) or (bool(verb_of(text)) and known)
