"""The chain of one row, printed: sentence, finding, gap, cause, need, objective, measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.errors import UsageError
from cmeneeds.frames import each_row, text_of

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment


def chain(assessment: Assessment, gap_id: str) -> str:
    """Print how one row follows from the sentences behind it, each step with its source.

    Parameters
    ----------
    assessment : Assessment
    gap_id : str
        Such as ``G-1a2b3c4d``.

    Returns
    -------
    str
        Plain text, one step a paragraph.

    Raises
    ------
    UsageError
        If there is no such row.
    """
    gap = next((g for g in each_row(assessment.register) if g.gap_id == gap_id), None)
    if gap is None:
        raise UsageError(f"there is no row {gap_id[:40]!r}", "Name a gap_id of gaps.csv.")
    plans = assessment.objectives[assessment.objectives["gap_id"] == gap_id]
    plan: Any = next(each_row(plans), None)
    finding = next(
        f for f in each_row(assessment.findings) if f.finding_id == text_of(gap.cp_passage)
    )
    value = text_of(finding.value_text)
    n = text_of(finding.denominator)
    counts = f", {finding.numerator} of {n}" if n and n not in value else ""
    steps = [
        ("sentence", f"“{gap.current_practice}”", text_of(gap.cp_passage)),
        (
            "finding",
            f"{finding.label}, level {text_of(finding.level) or 'unknown'}, "
            f"certainty {float(finding.probability):.2f}" + (f", {value}{counts}" if value else ""),
            text_of(gap.cp_source),
        ),
        (
            text_of(gap.status),
            f"{gap.subject}: {gap.group}; {text_of(gap.direction)}; "
            + (text_of(gap.missing) or "both sides sourced"),
            f"{gap.sources_n} records, {gap.cohorts_n} cohorts",
        ),
        (
            "best practice",
            f"“{gap.best_practice}”" if text_of(gap.best_practice) else "none found",
            text_of(gap.bp_passage) or text_of(gap.searched),
        ),
        (
            "cause",
            f"“{gap.cause}” Coded: {text_of(gap.cabana_code)}"
            if text_of(gap.cause)
            else "none found",
            text_of(gap.cause_passage) or "no sentence about causes on this subject",
        ),
    ]
    if plan is None:
        steps.append(("need", "none proposed: the level is unknown", ""))
    else:
        steps += [
            ("need", text_of(plan.need), "proposal, worded from the cause or level above"),
            (
                "objective",
                text_of(plan.objective),
                f"{plan.objective_id}, Moore {plan.moore_level}",
            ),
            (
                "measure",
                f"{plan.outcome_measure}; {plan.instrument}; {plan.time_point}",
                (
                    f"baseline: {plan.baseline}; published figure for reference: "
                    f"{text_of(plan.reference_value)} ({text_of(plan.reference_passage)})"
                ),
            ),
        ]
    return "\n".join(
        f"{name:<15}{text}\n{'':<15}[{source}]" if source else f"{name:<15}{text}"
        for name, text, source in steps
    )
