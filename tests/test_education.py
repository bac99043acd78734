"""Needs, objectives and measures: proposed from the gap table, confirmed by nobody yet."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from cmeneeds.brief import Brief
from cmeneeds.education import BASELINE, OBJECTIVE_COLUMNS, education_wording, plan_education
from cmeneeds.gaps.columns import GAP_COLUMNS

BRIEF = Brief.parse("""\
topic: zandoric fever
audience:
  - {profession: nurses, specialty: emergency, country: Nowhere}
  - {profession: physicians}
years: 2015-2021
as_of: 2021-06-01
""")


def gaps(*rows: dict[str, Any]) -> pd.DataFrame:
    """A gap table with these cells, all else made up."""
    filled = [
        {
            "gap_id": f"G-0000000{n}",
            "status": "gap",
            "subject": "Dose check",
            "group": "nurses",
            "gap_type": "P",
            "cp_passage": f"{n}.0.0-9",
            "cp_value_text": "24%",
            **row,
        }
        for n, row in enumerate(rows, 1)
    ]
    return pd.DataFrame(filled, columns=list(GAP_COLUMNS)).astype(GAP_COLUMNS)


def plan(**cells: Any) -> Any:
    """The only objective of one row."""
    table = plan_education(gaps(cells), BRIEF)
    assert len(table) == 1
    return table.iloc[0]


def test_each_row_gets_a_need_an_objective_and_a_measure() -> None:
    table = plan_education(gaps({}, {"gap_type": "K"}), BRIEF)
    assert list(table.columns) == list(OBJECTIVE_COLUMNS)
    assert list(table["gap_id"]) == ["G-00000001", "G-00000002"]
    assert list(table["objective_id"]) == ["LO-00000001", "LO-00000002"]
    for column in OBJECTIVE_COLUMNS:
        assert (table[column].str.len() > 0).all(), column
        assert not table[column].str.contains(r"[{}]").any(), column


@pytest.mark.parametrize("kind", "KCPOS")
def test_the_verb_of_an_objective_can_be_observed(kind: str) -> None:
    row = plan(gap_type=kind)
    assert row.objective.startswith(f"{row.verb} ")
    # Verbs that nobody can see: objectives must not use them.
    assert not re.match(r"(?:Understand|Know|Learn|Appreciate|Be aware|Believe)\b", row.objective)
    assert "dose check" in row.objective
    assert re.match(r"[1-7][AB]?$", row.moore_level)


def test_the_level_decides_the_outcome_level() -> None:
    levels = {kind: plan(gap_type=kind).moore_level for kind in "KCP"}
    assert levels == {"K": "3A", "C": "4", "P": "5"}
    assert plan(gap_type="S").addressable.startswith("no")


def test_a_published_figure_is_a_reference_and_no_baseline() -> None:
    row = plan(cp_value_text="24%", cp_passage="7.1.0-9")
    assert (row.reference_value, row.reference_passage) == ("24%", "7.1.0-9")
    assert row.baseline == BASELINE
    assert "24" not in row.baseline + row.objective + row.outcome_measure
    assert plan(cp_value_text=None).reference_value == "unknown"


def test_every_proposal_awaits_the_writer() -> None:
    table = plan_education(gaps({}, {"gap_type": "K"}, {"status": "candidate"}), BRIEF)
    assert set(table["confirmed"]) == {"awaiting writer"}


def test_a_row_without_a_level_gets_no_objective() -> None:
    assert list(plan_education(gaps({"gap_type": ""}, {}), BRIEF)["gap_id"]) == ["G-00000002"]
    assert plan_education(gaps({"gap_type": None}), BRIEF).empty


def test_a_rejected_row_gets_no_objective() -> None:
    table = gaps({}, {}).assign(decision=["reject", "accept"])
    assert list(plan_education(table, BRIEF)["gap_id"]) == ["G-00000002"]


def test_without_gaps_there_is_nothing_to_plan() -> None:
    table = plan_education(gaps(), BRIEF)
    assert table.shape == (0, len(OBJECTIVE_COLUMNS))


def test_needs_name_the_whole_audience() -> None:
    assert plan().need.startswith("Emergency nurses and physicians may")


@pytest.mark.parametrize(
    ("subject", "inside"),
    [("Dose check", "dose check"), ("ICU care", "ICU care"), ("mRNA dose", "mRNA dose"),
     ("HbA1c", "HbA1c")],
)  # fmt: skip
def test_a_name_inside_a_sentence_keeps_its_abbreviations(subject: str, inside: str) -> None:
    assert f" {inside} " in f"{plan(subject=subject).objective} "


def test_braces_in_a_subject_are_text() -> None:
    assert "{audience} {0}" in plan(subject="{audience} {0}").objective


def test_nothing_but_subject_and_audience_is_filled_in() -> None:
    for words in education_wording().values():
        for text in (words["need"], words["objective"]):
            assert set(re.findall(r"{(\w*)}", text)) <= {"subject", "audience"}
