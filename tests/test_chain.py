"""The chain of a row, from sentence to measure, each step with its source."""

from __future__ import annotations

import pytest
import test_report_runs as runs

from cmeneeds.assessment import assess
from cmeneeds.brief import Brief
from cmeneeds.errors import UsageError
from cmeneeds.report.chain import chain


def test_every_step_of_a_chain_names_its_source() -> None:
    assessment = assess(Brief.parse(runs.BRIEF), runs.made_up_evidence())
    row = assessment.gaps[assessment.gaps["cp_pmid"] == 101].iloc[0]
    text = chain(assessment, str(row["gap_id"]))
    steps = [line.split("  ")[0] for line in text.splitlines() if not line.startswith(" ")]
    assert steps == [
        "sentence", "finding", "gap", "best practice", "cause", "need", "objective", "measure",
    ]  # fmt: skip
    for source in (row["cp_passage"], "pmid-101", row["bp_passage"], row["cause_passage"]):
        assert f"[{source}" in text
    assert "48 of 200" in text
    assert "to be measured before the activity" in text
    # What is missing is said to be missing.
    other = assessment.gaps[assessment.gaps["cp_pmid"] == 107].iloc[0]
    assert "none found" in chain(assessment, str(other["gap_id"]))


def test_a_row_that_is_not_there_is_wrong_usage() -> None:
    assessment = assess(Brief.parse(runs.BRIEF), runs.made_up_evidence())
    with pytest.raises(UsageError, match="G-none"):
        chain(assessment, "G-none")
