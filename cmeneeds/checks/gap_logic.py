"""Is it a gap at all? Rules L01 to L15 over each row of the gap table.

They check against what reviewers ask for; no accreditor certifies a document or a tool. Bases are
read as excerpts: where one is an accreditor's, verify the wording in its current text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cmeneeds.brief import Brief
from cmeneeds.checks.basis import (
    ACCME_CHANGE,
    ACCME_NEEDS,
    EACCME_MEASURED,
    JAC10,
    SII_1,
    accreditor,
    house,
)
from cmeneeds.checks.rules import RULES, Case, rule
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.gaps.terms import content_words

if TYPE_CHECKING:
    import pandas as pd

MOST_GAPS = 5
ALIKE = 0.8
"""Share of words in common from which two statements count as one."""

CHECK_COLUMNS = ("gap_id", "status", "rule", "severity", "passed", "asks", "todo", "basis")

HOUSE = house()


def check_gaps(gaps: pd.DataFrame, objectives: pd.DataFrame, brief: Brief) -> pd.DataFrame:
    """Apply every rule to every row that is presented.

    Parameters
    ----------
    gaps : DataFrame
        The rows, as presented (rejected ones left out).
    objectives : DataFrame
        From :func:`cmeneeds.plan_education`.
    brief : Brief

    Returns
    -------
    DataFrame
        Shape (rows x rules, ``len(CHECK_COLUMNS)``); ``severity`` is ``warning`` throughout for
        candidates.
    """
    import pandas as pd

    plans = {str(o.gap_id): o for o in each_row(objectives)}
    rows = list(each_row(gaps))
    found = []
    for gap in rows:
        case = Case(gap, plans.get(str(gap.gap_id)), brief, tuple(g for g in rows if g is not gap))
        for r in RULES.values():
            severity = r.severity if gap.status == "gap" else "warning"
            passed = bool(r.holds(case))
            found.append(
                (gap.gap_id, gap.status, r.id, severity, passed, r.asks, r.todo, str(r.basis))
            )
    return pd.DataFrame(found, columns=list(CHECK_COLUMNS)).astype(
        dict.fromkeys(CHECK_COLUMNS, "string") | {"passed": "bool"}
    )


def flags(checked: pd.DataFrame) -> dict[str, str]:
    """Return the rules that each row fails, such as ``"L07; L13"``, by ``gap_id``."""
    failing: dict[str, list[str]] = {str(id): [] for id in checked["gap_id"]}
    for row in each_row(checked[~checked["passed"]]):
        failing[str(row.gap_id)].append(str(row.rule))
    return {id: "; ".join(rules) for id, rules in failing.items()}


# --- the rules ----------------------------------------------------------------------------------


def _plan(case: Case, *names: str) -> str:
    return "".join(text_of(getattr(case.plan, name, "")) for name in names) if case.plan else ""


@rule(
    "L01", "error", "The row has best practice and current practice.",
    basis=ACCME_NEEDS, todo="Add the missing side with a source, or keep the row as a candidate.",
)  # fmt: skip
def has_both_sides(case: Case) -> bool:
    """Both sides are there."""
    return bool(text_of(case.gap.current_practice) and text_of(case.gap.best_practice))


@rule(
    "L02", "error", "Each side cites a source of its own.",
    basis=HOUSE, todo="Cite the guideline and the study of practice separately.",
)  # fmt: skip
def has_two_sources(case: Case) -> bool:
    """The sides do not rest on one and the same source."""
    current, best = text_of(case.gap.cp_source), text_of(case.gap.bp_source)
    return bool(current and best and current != best)


@rule(
    "L03", "error", "The level of the gap is stated: knowledge, competence, performance, outcome.",
    basis=ACCME_CHANGE, todo="State the level; a system gap needs a strategy.",
)  # fmt: skip
def has_a_level(case: Case) -> bool:
    """K, C, P or O; S where a strategy beside education is named."""
    level = text_of(case.gap.gap_type)
    return level in tuple("KCPO") or (level == "S" and has_a_system_strategy(case))


@rule(
    "L04", "error", "A need (knowledge, competence or performance) is worded as the cause.",
    basis=ACCME_NEEDS, todo="Word the need from the cause of the shortfall.",
)  # fmt: skip
def has_a_need(case: Case) -> bool:
    """A need is there, and a cause that it is worded from."""
    return bool(_plan(case, "need_K", "need_C", "need_P") and text_of(case.gap.cause_passage))


@rule(
    "L05", "error", "The audience is named by profession, specialty and setting.",
    basis=accreditor(
        f"{ACCME_NEEDS.text}; EACCME: audience by specialty and seniority",
        f"{ACCME_NEEDS.source}; a text derived from EACCME criteria",
    ),
    todo="Fill in profession, specialty and setting of each audience in the brief.",
)  # fmt: skip
def names_the_audience(case: Case) -> bool:
    """Every audience of the brief is whole."""
    return all(a.profession and a.specialty and a.setting for a in case.brief.audience)


@rule(
    "L06", "warning", "One source was measured in the learners' profession and country.",
    basis=accreditor("ACCME: data relevant to the actual learners", "accme.org/faq/780"),
    todo="Add local data, or say why the evidence holds for the learners.",
)  # fmt: skip
def is_local(case: Case) -> bool:
    """A source is near enough."""
    return not text_of(case.gap.audience_flag)


@rule(
    "L07", "warning", "Current practice is a number with denominator or interval.",
    basis=EACCME_MEASURED, todo="Quote the figure with its denominator.",
)  # fmt: skip
def is_counted(case: Case) -> bool:
    """A value, and what it is a share of."""
    gap = case.gap
    return known(gap.cp_value) and (known(gap.cp_denominator) or known(gap.cp_low))


@rule(
    "L08", "error", "A comparator stands beside a rate that is called a gap.",
    basis=HOUSE, todo="Cite the recommendation, target or benchmark that the rate falls short of.",
)  # fmt: skip
def has_a_comparator(case: Case) -> bool:
    """A rate has a best practice beside it."""
    return not known(case.gap.cp_value) or bool(text_of(case.gap.best_practice))


_PSEUDO = re.compile(
    r"\b(?:no (?:course|curriculum|training program\w*|education\w*) (?:is|exists?|available)|"
    r"(?:newly|recently) approved|new (?:drug|agent|therap\w+|treatment) (?:is|was|became|has)|"
    r"(?:further|more|additional) (?:research|studies|trials) (?:is|are) (?:needed|required|"
    r"warranted)|remains? (?:unclear|unknown)|(?:lack|paucity|dearth) of (?:evidence|data|studies|"
    r"research|trials)|few studies)\b",
    re.IGNORECASE,
)


@rule(
    "L09", "warning", "The statement is about practice, not about products, courses or research.",
    basis=HOUSE, todo="Quote what clinicians do or patients receive instead.",
)  # fmt: skip
def is_about_practice(case: Case) -> bool:
    """No pseudo-gap."""
    return not _PSEUDO.search(text_of(case.gap.current_practice))


@rule(
    "L10", "warning", "No other row says the same.",
    basis=HOUSE, todo="Merge the rows.",
)  # fmt: skip
def is_the_only_one(case: Case) -> bool:
    """No other row has nearly the same words."""
    words = content_words(text_of(case.gap.current_practice))
    return not any(
        len(words & other) >= ALIKE * len(words | other)
        for other in (content_words(text_of(g.current_practice)) for g in case.others)
        if words and other
    )


@rule(
    "L11", "warning", f"The assessment presents one to {MOST_GAPS} gaps.",
    basis=HOUSE, todo="Reject or merge rows, or say why there are so many.",
)  # fmt: skip
def is_one_of_few(case: Case) -> bool:
    """Gaps are few; candidates do not count."""
    gaps = [g for g in (case.gap, *case.others) if g.status == "gap"]
    return len(gaps) <= MOST_GAPS


@rule(
    "L12", "warning", "What speaks against the gap was looked for, and is shown.",
    basis=SII_1,
    todo="Quote the evidence of high performance beside the shortfall.",
)  # fmt: skip
def shows_what_speaks_against_it(case: Case) -> bool:
    """The column is filled: with passages, or with the empty text that says none was found."""
    return known(case.gap.contradicting_passages)


@rule(
    "L13", "error", "A root cause is sourced, and says more than the gap itself.",
    basis=ACCME_NEEDS, todo="Find why it happens: barriers, interviews, the provider's own data.",
)  # fmt: skip
def has_a_sourced_cause(case: Case) -> bool:
    """A cause with a passage of its own."""
    gap = case.gap
    passage = text_of(gap.cause_passage)
    return bool(passage) and passage != text_of(gap.cp_passage)


@rule(
    "L14", "warning", "The cause is coded, and education can close part of it.",
    basis=JAC10,
    todo="Code the cause (Cabana, COM-B), or name the strategy beside education.",
)  # fmt: skip
def has_a_cause_for_education(case: Case) -> bool:
    """A code, and an answer other than no."""
    addressable = _plan(case, "addressable")
    coded = _plan(case, "cabana") not in ("", "not coded")
    return coded and not addressable.lower().startswith("no")


@rule(
    "L15", "warning", "A gap that education cannot close names a strategy beside it.",
    basis=JAC10,
    todo="Name who changes roles, resources or access, and how.",
)  # fmt: skip
def has_a_system_strategy(case: Case) -> bool:
    """Where the answer is no, or the level is the system's, a strategy is named."""
    only_system = text_of(case.gap.gap_type) == "S" or _plan(
        case, "addressable"
    ).lower().startswith("no")
    return not only_system or bool(_plan(case, "non_educational_strategy"))


def rule_table(checked: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Count how many rows pass each rule, over several assessments.

    Returns
    -------
    DataFrame
        One row a rule: ``rule``, ``severity``, ``asks``, ``gaps`` and ``gaps_pass``,
        ``candidates`` and ``candidates_pass``.
    """
    import pandas as pd

    everything = pd.concat(checked, ignore_index=True)
    rows = []
    for r in RULES.values():
        of_rule = everything[everything["rule"] == r.id]
        counts: list[int] = []
        for status in ("gap", "candidate"):
            some = of_rule[of_rule["status"] == status]
            counts += [len(some), int(some["passed"].sum())]
        rows.append((r.id, r.severity, r.asks, *counts))
    columns = ["rule", "severity", "asks", "gaps", "gaps_pass", "candidates", "candidates_pass"]
    return pd.DataFrame(rows, columns=columns)
