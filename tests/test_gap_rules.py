"""Rules of gap logic: each has a row that passes and one that fails. All rows are made up."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cmeneeds.brief import Brief
from cmeneeds.checks.gap_logic import check_gaps, flags, rule_table
from cmeneeds.checks.rules import RULES, rule
from cmeneeds.education import OBJECTIVE_COLUMNS
from cmeneeds.gaps.columns import GAP_COLUMNS

BRIEF = """\
topic: zandoric fever
audience: [{profession: nurses, specialty: infusion, setting: wards, country: Norway}]
years: 2011-2021
as_of: 2021-06-01
"""

GOOD: dict[str, Any] = {
    "gap_id": "G-1",
    "status": "gap",
    "current_practice": "Only 24% (48 of 200) of nurses checked the made-up dose.",
    "cp_passage": "1.0.0-9",
    "cp_source": "pmid-1",
    "cp_value": 24.0,
    "cp_numerator": 48,
    "cp_denominator": 200,
    "best_practice": "Nurses should check the made-up dose.",
    "bp_source": "pmid-2",
    "gap_type": "P",
    "cause_passage": "3.0.0-9",
    "audience_flag": "",
    "contradicting_passages": "",
}
PLAN: dict[str, Any] = {
    "gap_id": "G-1",
    "need_P": "Nurses lack time (made up).",
    "cabana": "environment: time",
    "addressable": "partly",
    "non_educational_strategy": "Plan time for the check (made up).",
}
OTHER = {
    "gap_id": "G-2",
    "status": "candidate",
    "current_practice": "Half of the made-up cultures were late.",
}


def check(
    gap: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
    brief: str = BRIEF,
    more: tuple[dict[str, Any], ...] = (OTHER,),
) -> pd.DataFrame:
    rows = [GOOD | (gap or {}), *more]
    gaps = pd.DataFrame(rows, columns=list(GAP_COLUMNS)).astype(GAP_COLUMNS)
    plans = pd.DataFrame([PLAN | (plan or {})], columns=list(OBJECTIVE_COLUMNS)).astype("string")
    return check_gaps(gaps, plans, Brief.parse(brief))


def failing(*args: Any, **more: Any) -> set[str]:
    return set(filter(None, flags(check(*args, **more))["G-1"].split("; ")))


def test_a_whole_row_passes_every_rule() -> None:
    assert failing() == set()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("L01", {"gap": {"best_practice": None, "cp_value": None}}),
    ("L02", {"gap": {"bp_source": "pmid-1"}}),
    ("L03", {"gap": {"gap_type": ""}}),
    ("L03", {"gap": {"gap_type": "S"}, "plan": {"non_educational_strategy": ""}}),
    ("L04", {"plan": {"need_P": ""}}),
    ("L05", {"brief": BRIEF.replace("specialty: infusion, ", "")}),
    ("L06", {"gap": {"audience_flag": "measured in other countries only"}}),
    ("L07", {"gap": {"cp_denominator": None}}),
    ("L08", {"gap": {"best_practice": None}}),
    ("L09", {"gap": {"current_practice": "Further research is needed on the made-up dose."}}),
    ("L10", {"more": (OTHER | {"current_practice": GOOD["current_practice"]},)}),
    ("L11", {"more": tuple(OTHER | {"gap_id": f"G-{n}", "status": "gap"} for n in range(2, 8))}),
    ("L12", {"gap": {"contradicting_passages": None}}),
    ("L13", {"gap": {"cause_passage": None}}),
    ("L13", {"gap": {"cause_passage": GOOD["cp_passage"]}}),
    ("L14", {"plan": {"cabana": "not coded"}}),
    ("L14", {"plan": {"addressable": "no: needs a system strategy"}}),
    ("L15", {"plan": {"addressable": "no", "non_educational_strategy": ""}}),
]


@pytest.mark.parametrize(("id", "change"), WRONG)
def test_each_rule_has_a_row_that_it_finds(id: str, change: dict[str, Any]) -> None:
    assert id in failing(**change)


def test_every_rule_is_shown_to_fail() -> None:
    assert {id for id, _ in WRONG} == set(RULES)


def test_errors_bind_gaps_and_are_warnings_for_candidates() -> None:
    as_gap = check({"best_practice": None}).set_index(["gap_id", "rule"])
    assert as_gap.loc[("G-1", "L01"), "severity"] == "error"
    assert as_gap.loc[("G-2", "L01"), "severity"] == "warning"


def test_rules_name_no_accreditor_as_satisfied() -> None:
    for r in RULES.values():
        assert not any(w in (r.asks + r.todo).lower() for w in ("complian", "certif", "approved"))
        assert r.basis
        assert r.todo


def test_two_rules_cannot_have_one_id() -> None:
    with pytest.raises(ValueError, match="L01"):
        rule("L01", "error", "x", basis="x", todo="x")(lambda case: True)


def test_the_table_counts_gaps_and_candidates_apart() -> None:
    table = rule_table([check(), check({"best_practice": None})]).set_index("rule")
    assert list(table.loc["L01", ["gaps", "gaps_pass", "candidates", "candidates_pass"]]) == [
        2, 1, 2, 0,
    ]  # fmt: skip
    assert list(table.index) == list(RULES)
