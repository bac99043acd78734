"""What decisions do to a gap table: every kind, again on changed records. All records are made up.

The findings are given, not read by the classifier, so that each test says what its rows rest on.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from cmeneeds import assessment as assessment_module
from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.decisions import (
    IN_EFFECT,
    Decision,
    apply_decisions,
    part_id,
    unsigned,
    with_edits,
)
from cmeneeds.evidence.findings import FINDING_COLUMNS, find
from cmeneeds.evidence.passages import address
from cmeneeds.gaps.columns import GAP_COLUMNS
from cmeneeds.records import Article, Keyword, PartialDate, Related, Section
from cmeneeds.report.sections import Report
from cmeneeds.retrieval import Records, SearchEntry

BRIEF = Brief.parse("""\
topic: zandoric fever
audience: [{profession: nurses}]
years: 2011-2021
as_of: 2021-06-01
""")


TEXTS = {
    1: ("GAP", "dose check", "Only 24% of nurses performed pump dose checks at home.", 24),
    2: ("GAP", "dose check", "Only 31% of nurses performed pump dose checks at night.", 31),
    3: ("REC", "dose check", "Nurses should perform pump dose checks in every ward.", None),
    4: ("GAP", "blood culture", "Only 40% of nurses took blood cultures before treatment.", 40),
    5: ("CAUSE", "dose check", "Nurses skipped pump dose checks for lack of time.", None),
    6: ("GAP", "hand rub", "Only 30% of nurses used the hand rub at the bedside.", 30),
    7: ("OTHER", "trolley", "Nurses were seen to leave the trolley unlocked.", None),
    8: ("OTHER", "trolley", "Nurses ought to lock the trolley at all times.", None),
    9: ("RATE", "blood culture", "In one ward 97% of nurses performed blood cultures.", 97),
}  # fmt: skip
"""PMID -> label, keyword, sentence, percentage. OTHER is a sentence that no finding is made of."""

AT = {pmid: address(pmid, 0, 0, len(text)) for pmid, (_, _, text, _) in TEXTS.items()}
"""Addresses of the sentences."""

State = Callable[..., Assessment]


def cells_of(pmid: int, label: str, text: str, value: float | None) -> dict[str, Any]:
    """The finding that a sentence is."""
    practice = label in ("GAP", "RATE", "CAUSE")
    start = text.index(f"{value}%") if value is not None else None
    return dict.fromkeys(FINDING_COLUMNS) | {
        "finding_id": address(pmid, 0, 0, len(text)),
        "source": f"pmid-{pmid}",
        "pmid": pmid,
        "section": 0,
        "section_label": "RESULTS",
        "start": 0,
        "end": len(text),
        "text": text,
        "label": label,
        "probability": 0.9,
        "level": "P" if practice else None,
        "actor": "clin" if practice else None,
        "cues": "",
        "value": value,
        "value_text": None if value is None else f"{value}%",
        "value_start": start,
        "value_end": None if start is None else start + 3,
        "secondary": False,
    }


@pytest.fixture
def state(make_article: Callable[..., Article], monkeypatch: pytest.MonkeyPatch) -> State:
    """Assess the made-up records: without some, with texts changed, some retracted."""

    def make(
        decisions: list[Decision] | None = None,
        *,
        without: tuple[int, ...] = (),
        retracted: tuple[int, ...] = (),
        changed: dict[int, str] | None = None,
        keyword: dict[int, str] | None = None,
        concern: tuple[int, ...] = (),
    ) -> Assessment:
        articles, rows = [], []
        for pmid, (label, word, said, value) in TEXTS.items():
            if pmid in without:
                continue
            text = (changed or {}).get(pmid, said)
            notices: tuple[Related, ...] = ()
            if pmid in retracted:
                notices = (Related("RetractionIn", 900 + pmid, "J Made Up"),)
            if pmid in concern:
                notices = (Related("ExpressionOfConcernIn", 900 + pmid, "J Made Up"),)
            articles.append(
                make_article(
                    pmid=pmid,
                    title="Zandoric fever in a made-up record",
                    sections=(Section(text),),
                    keywords=(Keyword((keyword or {}).get(pmid, word)),),
                    published=PartialDate("2020", 2020),
                    related=notices,
                )
            )
            if label != "OTHER":
                rows.append(cells_of(pmid, label, text, value))
        frame = pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
        frame = frame.astype(find([]).dtypes.to_dict())
        monkeypatch.setattr(assessment_module, "find", lambda records, **_: frame)
        log = tuple(
            SearchEntry(f, f, "made-up source", "2021-01-01", "q", "q", 7, 5, 2, "")
            for f in ("topic", "guideline", "barrier", "burden", "patient_perspective",
                      "disparities", "practice_gap")
        )  # fmt: skip
        records = Records(
            articles=tuple(articles),
            facets={a.pmid: ("practice_gap",) for a in articles},
            log=log,
            source_kind="library",
            source="made-up source",
            notice="",
            data_date="2021-01-01",
            searched_at="2021-06-01T00:00:00+00:00",
        )
        return assess(BRIEF, records, decisions)

    return make


def row(made: Assessment, subject: str) -> Any:
    """The row on a subject."""
    rows = made.gaps[made.gaps["subject"] == subject]
    assert len(rows) == 1, list(made.gaps["subject"])
    return rows.iloc[0]


def line(gap: Any, decision: str, **cells: str) -> Decision:
    """A decision about a row as it is now."""
    if isinstance(gap, str):
        gap = {"gap_id": gap, "cp_passage": "", "seen": ""}
    made = Decision(
        gap["gap_id"], decision, "", "B. Planner (made up)", "2021-06-08", gap["cp_passage"]
    )
    seen = "" if decision in ("add", "confirm") else gap["seen"]
    return made._replace(**({"seen": seen} | cells))


def told(made: Assessment) -> list[str]:
    """The states of all decisions, in the order of their lines."""
    return list(made.decisions["state"])


def computed(gaps: pd.DataFrame) -> pd.DataFrame:
    """The computed columns alone."""
    return gaps[list(GAP_COLUMNS)]


# --- merge --------------------------------------------------------------------------------------


def test_a_merged_row_has_the_passages_of_both_and_is_counted_anew(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    made = state([line(culture, "merge", into=dose["gap_id"])])
    merged = row(made, "dose check")
    assert told(made) == ["applied"]
    assert merged["gap_id"] == dose["gap_id"]
    assert merged["decision_origin"] == f"merged: {culture['gap_id']}"
    assert set(merged["passages"].split("; ")) == {AT[1], AT[2], AT[4]}
    assert (merged["sources_n"], merged["rates_n"], merged["cohorts_n"]) == (3, 3, 3)
    assert merged["score_prevalence"] > dose["score_prevalence"]
    assert culture["gap_id"] not in set(made.gaps["gap_id"])
    assert made.decisions.iloc[0]["was"] == AT[4]
    assert sorted(made.gaps["rank"]) == list(range(1, len(made.gaps) + 1))


def test_a_source_in_both_rows_counts_once_after_merging(state: State) -> None:
    before = state()
    dose, rub = row(before, "dose check"), row(before, "hand rub")
    own = line("G-own-1", "add", passage=f"{AT[6]}; {AT[1]}", value="rub and dose")
    made = state([own, line(rub, "merge", into="G-own-1")])
    merged = row(made, "rub and dose")
    assert merged["sources_n"] == 2
    assert merged["passages"].split("; ").count(AT[6]) == 1
    assert dose["gap_id"] in set(made.gaps["gap_id"])


def test_merging_three_rows_in_a_chain_ends_in_the_last(state: State) -> None:
    before = state()
    dose, culture, rub = (row(before, s) for s in ("dose check", "blood culture", "hand rub"))
    chain = [
        line(rub, "merge", into=culture["gap_id"]),
        line(culture, "merge", into=dose["gap_id"]),
    ]
    made = state(chain)
    assert told(made) == ["applied", "applied"]
    assert list(made.decisions["row"]) == [dose["gap_id"]] * 2
    assert row(made, "dose check")["sources_n"] == 4
    assert len(made.gaps) == 1


def test_rows_merged_into_each_other_are_left_alone_and_told(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    made = state(
        [line(dose, "merge", into=culture["gap_id"]), line(culture, "merge", into=dose["gap_id"])]
    )
    assert told(made) == ["conflict", "conflict"]
    pd.testing.assert_frame_equal(computed(made.gaps), computed(before.gaps))


def test_a_merge_into_a_row_that_is_not_there_changes_nothing_and_says_so(state: State) -> None:
    before = state()
    made = state([line(row(before, "hand rub"), "merge", into="G-00000000")])
    assert told(made) == ["no such row now"]
    assert "G-00000000 is not there" in made.decisions.iloc[0]["flag"]
    pd.testing.assert_frame_equal(computed(made.gaps), computed(before.gaps))


def test_what_was_decided_about_a_row_merged_away_is_told_not_moved(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    made = state(
        [
            line(culture, "reject", reason="not ours"),
            line(culture, "merge", into=dose["gap_id"]),
        ]
    )
    assert told(made) == ["not applied", "applied"]
    assert f"merged into {dose['gap_id']}" in made.decisions.iloc[0]["flag"]
    assert row(made, "dose check")["decision"] == ""


def test_an_acceptance_from_before_the_merge_is_flagged(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    made = state([line(dose, "accept"), line(culture, "merge", into=dose["gap_id"])])
    assert told(made)[0] == "evidence changed"
    assert "passages of the row" in row(made, "dose check")["decision_flag"]


def test_evidence_against_a_gap_stays_with_merged_rows_and_with_parts(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    assert culture["contradicting_passages"] == AT[9]
    merge = line(culture, "merge", into=dose["gap_id"])
    assert row(state([merge]), "dose check")["contradicting_passages"] == AT[9]
    made = state([merge, line(dose, "split", value="infection", parts=AT[4])])
    for subject in ("dose check", "dose check: infection"):
        assert row(made, subject)["contradicting_passages"] == AT[9]


# --- split --------------------------------------------------------------------------------------


def test_a_named_part_becomes_a_row_of_its_own(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state([line(dose, "split", value="at night", parts=AT[2])])
    rest, part = row(made, "dose check"), row(made, "dose check: at night")
    assert told(made) == ["applied"]
    assert part["gap_id"] == part_id(dose["gap_id"], "at night")
    assert (part["passages"], part["cp_value"], part["sources_n"]) == (AT[2], 31, 1)
    assert (rest["gap_id"], rest["passages"], rest["cp_value"]) == (dose["gap_id"], AT[1], 24)
    assert part["decision_origin"] == f"split from {dose['gap_id']}"
    assert part["bp_passage"] == AT[3]


@pytest.mark.parametrize("way", ["by passage", "by source"])
def test_a_row_is_split_by_what_its_passages_have(state: State, way: str) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state([line(dose, "split", parts=way)])
    rows = made.gaps[made.gaps["subject"].str.startswith("dose check")]
    assert sorted(rows["passages"]) == [AT[1], AT[2]]
    kept = rows[rows["gap_id"] == dose["gap_id"]].iloc[0]
    assert kept["cp_passage"] == dose["cp_passage"]


def test_a_row_split_by_group_has_a_row_for_each(state: State) -> None:
    before = state()
    dose, rub = row(before, "dose check"), row(before, "hand rub")
    text = "Only 30% of physicians used the hand rub at home."
    at = address(6, 0, 0, len(text))
    moved = row(state(changed={6: text}), "hand rub")
    assert moved["group"] != rub["group"]
    made = state(
        [line(moved, "merge", into=dose["gap_id"]), line(dose, "split", parts="by group")],
        changed={6: text},
    )
    assert told(made) == ["applied", "applied"]
    groups = {r["passages"]: r["group"] for r in made.gaps.to_dict("records")}
    assert groups[at] == moved["group"]
    assert groups[f"{AT[1]}; {AT[2]}"] == dose["group"]


def test_a_row_may_be_split_into_parts_with_nothing_left(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state(
        [
            line(dose, "split", value="at home", parts=AT[1]),
            line(dose, "split", value="at night", parts=AT[2]),
            line(dose, "accept"),
        ]
    )
    assert told(made) == ["applied", "applied", "not applied"]
    assert made.decisions.iloc[2]["flag"] == "its row was split up"
    assert dose["gap_id"] not in set(made.gaps["gap_id"])
    assert {"dose check: at home", "dose check: at night"} <= set(made.gaps["subject"])


def test_a_passage_in_two_parts_is_a_conflict(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state(
        [
            line(dose, "split", value="one", parts=AT[2]),
            line(dose, "split", value="two", parts=AT[2]),
        ]
    )
    assert told(made) == ["conflict", "conflict"]
    pd.testing.assert_frame_equal(computed(made.gaps), computed(before.gaps))


def test_parts_can_be_decided_about_merged_and_split_again(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    split = line(dose, "split", value="at night", parts=AT[2])
    accepted = line(row(state([split]), "dose check: at night"), "accept")
    made = state([split, accepted])
    assert told(made) == ["applied", "applied"]
    assert row(made, "dose check: at night")["decision"] == "accept"
    assert row(made, "dose check")["decision"] == ""
    seen = row(state([split]), "dose check: at night")
    made = state([split, line(seen, "merge", into=culture["gap_id"])])
    assert told(made) == ["applied", "applied"]
    assert row(made, "dose check")["passages"] == AT[1]
    assert set(row(made, "blood culture")["passages"].split("; ")) == {AT[2], AT[4]}


def test_a_merged_row_can_be_split_by_passages_that_the_merge_brought(state: State) -> None:
    before = state()
    dose, culture, rub = (row(before, s) for s in ("dose check", "blood culture", "hand rub"))
    made = state(
        [
            line(culture, "merge", into=dose["gap_id"]),
            line(rub, "merge", into=dose["gap_id"]),
            line(dose, "split", value="infection", parts=f"{AT[4]}; {AT[6]}"),
        ]
    )
    assert told(made) == ["applied"] * 3
    assert set(row(made, "dose check: infection")["passages"].split("; ")) == {AT[4], AT[6]}
    assert set(row(made, "dose check")["passages"].split("; ")) == {AT[1], AT[2]}


def test_what_was_decided_about_a_part_or_an_own_gap_never_moves_to_another_row(
    state: State,
) -> None:
    dose = row(state(), "dose check")
    split = line(dose, "split", value="at night", parts=AT[2])
    part = row(state([split]), "dose check: at night")
    clash = line(dose, "split", value="by night", parts=AT[2])
    made = state([split, clash, line(part, "accept", seen="")])
    assert told(made) == ["conflict", "conflict", "no such row now"]
    add = line("G-own-1", "add", passage=AT[7], value="trolleys")
    accepted = line("G-own-1", "accept", passage=AT[2])
    made = state([add, accepted], retracted=(7,))
    assert told(made) == ["source retracted", "no such row now"]
    assert set(made.gaps["decision"]) == {""}


# --- add ----------------------------------------------------------------------------------------


def test_a_gap_by_hand_on_findings_is_computed_like_any_other(state: State) -> None:
    made = state([line("G-own-1", "add", passage=AT[1], value="pumps at home")])
    own = row(made, "pumps at home")
    assert told(made) == ["applied"]
    assert (own["cp_passage"], own["cp_value"], own["current_practice"]) == (AT[1], 24, TEXTS[1][2])
    assert own["decision_origin"] == "added by hand"
    assert pd.notna(own["priority"])


def test_a_gap_by_hand_on_any_passage_names_its_sources(state: State) -> None:
    lines = [
        line("G-own-1", "add", passage=AT[7], value="unlocked trolleys"),
        line("G-own-1", "add", column="best_practice", passage=AT[8]),
        line("G-own-1", "add", column="cause", passage=AT[5]),
    ]
    made = state(lines)
    own = row(made, "unlocked trolleys")
    assert told(made) == ["applied"] * 3
    assert (own["status"], own["missing"]) == ("gap", "")
    assert (own["current_practice"], own["cp_source"]) == (TEXTS[7][2], "pmid-7")
    assert (own["best_practice"], own["bp_source"]) == (TEXTS[8][2], "pmid-8")
    assert (own["cause"], own["cause_source"]) == (TEXTS[5][2], "pmid-5")
    assert own["pairing"] == "paired by the writer"
    assert pd.isna(own["priority"])
    added = made.findings.set_index("finding_id").loc[[AT[7], AT[8]]]
    assert list(added["cues"]) == ["added by hand"] * 2
    assert list(added["label"]) == ["GAP", "REC"]


def test_a_gap_by_hand_without_best_practice_is_a_candidate_that_says_so(state: State) -> None:
    own = row(
        state([line("G-own-1", "add", passage=AT[7], value="trolleys")]),
        "trolleys",
    )
    assert own["status"] == "candidate"
    assert own["missing"].startswith("best practice")


def test_the_same_record_on_both_sides_makes_no_gap(state: State) -> None:
    lines = [
        line("G-own-1", "add", passage=AT[7], value="trolleys"),
        line("G-own-1", "add", column="best_practice", passage=address(7, 0, 0, 10)),
    ]
    own = row(state(lines), "trolleys")
    assert own["status"] == "candidate"
    assert own["missing"].startswith("independent best practice")


def test_a_gap_by_hand_whose_only_passage_is_not_there_is_left_out_and_told(state: State) -> None:
    lines = [line("G-own-1", "add", passage="999.0.0-10", value="trolleys")]
    made = state(lines)
    assert told(made) == ["no such passage now"]
    assert "the gap is left out" in made.decisions.iloc[0]["flag"]
    assert "G-own-1" not in set(made.gaps["gap_id"])
    made = state([line("G-own-1", "add", passage=AT[7], value="trolleys")], retracted=(7,))
    assert told(made) == ["source retracted"]
    assert "G-own-1" not in set(made.gaps["gap_id"])


def test_a_gap_by_hand_loses_a_retracted_best_practice(state: State) -> None:
    lines = [
        line("G-own-1", "add", passage=AT[7], value="trolleys"),
        line("G-own-1", "add", column="best_practice", passage=AT[8]),
    ]
    made = state(lines, retracted=(8,))
    own = row(made, "trolleys")
    assert told(made) == ["applied", "source retracted"]
    assert (own["status"], pd.isna(own["bp_passage"])) == ("candidate", True)
    assert "retracted since: pmid-8" in own["decision_flag"]


def test_an_identifier_that_a_computed_row_has_is_refused_to_a_gap_by_hand(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state([line(dose["gap_id"], "add", passage=AT[7], value="trolleys")])
    assert told(made) == ["conflict"]
    pd.testing.assert_frame_equal(computed(made.gaps), computed(before.gaps))


# --- edit ---------------------------------------------------------------------------------------


def test_an_edit_stands_apart_from_the_computed_cell(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state([line(dose, "edit", column="subject", value="checks before infusion")])
    assert told(made) == ["applied"]
    pd.testing.assert_frame_equal(computed(made.gaps), computed(before.gaps))
    assert made.decisions.iloc[0]["was"] == "dose check"
    assert row(made, "dose check")["decision_edits"] == "subject"
    shown = made.presented.set_index("gap_id").loc[dose["gap_id"]]
    assert shown["subject"] == "checks before infusion"


def test_an_edited_subject_goes_into_the_objective(state: State) -> None:
    dose = row(state(), "dose check")
    made = state([line(dose, "edit", column="subject", value="checks before infusion")])
    plan = made.objectives.set_index("gap_id").loc[dose["gap_id"]]
    assert "checks before infusion" in plan["objective"]


def test_an_objective_can_be_reworded_and_the_proposal_stays_visible(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    proposed = before.objectives.set_index("gap_id").loc[dose["gap_id"], "objective"]
    made = state([line(dose, "edit", column="objective", value="Check every pump")])
    assert told(made) == ["applied"]
    assert made.decisions.iloc[0]["was"] == proposed
    assert made.objectives.set_index("gap_id").loc[dose["gap_id"], "objective"] == proposed
    assert made.planned.set_index("gap_id").loc[dose["gap_id"], "objective"] == "Check every pump"


def test_a_reworded_objective_is_flagged_when_the_evidence_changes(state: State) -> None:
    dose = row(state(), "dose check")
    edit = line(dose, "edit", column="objective", value="Check every pump")
    made = state([edit], without=(1,))
    assert told(made) == ["evidence changed"]
    assert made.decisions.iloc[0]["was"]


@pytest.mark.parametrize(
    ("column", "value", "flag"),
    [
        ("cp_value", "99", "computed"),
        ("cp_passage", AT[2], "computed"),
        ("status", "gap", "computed"),
        ("sources_n", "12", "computed"),
        ("reference_value", "99%", "computed"),
        ("no_such_column", "x", "no column"),
        ("gap_type", "very much", "takes only"),
    ],
)
def test_figures_sources_and_status_cannot_be_edited(
    state: State, column: str, value: str, flag: str
) -> None:
    before = state()
    made = state([line(row(before, "dose check"), "edit", column=column, value=value)])
    assert told(made) == ["not applied"]
    assert flag in made.decisions.iloc[0]["flag"]
    pd.testing.assert_frame_equal(made.presented, before.presented)


def test_words_of_the_writer_never_pass_for_a_quotation(state: State) -> None:
    dose = row(state(), "dose check")
    made = state([line(dose, "edit", column="current_practice", value="Nobody checks.")])
    assert told(made) == ["applied"]
    shown = made.presented.set_index("gap_id").loc[dose["gap_id"]]
    assert shown["current_practice"] == TEXTS[1][2]
    assert made.decisions.iloc[0]["value"] == "Nobody checks."


def test_edits_of_a_merged_row_are_made_to_the_merged_row(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    made = state(
        [
            line(dose, "edit", column="subject", value="safe infusion"),
            line(culture, "merge", into=dose["gap_id"]),
        ]
    )
    shown = made.presented.set_index("gap_id").loc[dose["gap_id"]]
    assert (shown["subject"], shown["sources_n"]) == ("safe infusion", 3)


# --- the evidence changes -----------------------------------------------------------------------


def test_decisions_are_applied_again_when_other_records_come(state: State) -> None:
    early = state(without=(4,))
    dose = row(early, "dose check")
    decisions = [line(dose, "accept"), line(dose, "edit", column="subject", value="pumps")]
    made = state(decisions)
    assert told(made) == ["applied", "applied"]
    assert row(made, "dose check")["decision"] == "accept"


def test_retraction_of_the_accepted_source_is_flagged_by_name(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state([line(dose, "accept")], retracted=(1,))
    now = row(made, "dose check")
    assert told(made) == ["source retracted"]
    assert now["decision"] == "accept"
    assert now["decision_flag"] == "retracted since: pmid-1"
    assert AT[1] not in now["passages"]
    assert any(o.what == "another look" for o in unsigned(made.gaps, made.decisions))


def test_retraction_of_any_other_source_of_the_row_is_flagged_as_well(state: State) -> None:
    dose = row(state(), "dose check")
    for pmid in (2, 3):
        made = state([line(dose, "accept")], retracted=(pmid,))
        assert told(made) == ["source retracted"], pmid
        assert f"pmid-{pmid}" in row(made, "dose check")["decision_flag"]


def test_retraction_that_takes_the_whole_row_is_told(state: State) -> None:
    culture = row(state(), "blood culture")
    made = state([line(culture, "accept")], retracted=(4,))
    assert told(made) == ["source retracted"]
    assert culture["gap_id"] not in set(made.gaps["gap_id"])


def test_an_expression_of_concern_after_the_decision_is_flagged(state: State) -> None:
    dose = row(state(), "dose check")
    made = state([line(dose, "accept")], concern=(2,))
    assert told(made) == ["evidence changed"]
    assert "standing of a source" in row(made, "dose check")["decision_flag"]


def test_other_words_at_the_same_place_are_flagged(state: State) -> None:
    dose = row(state(), "dose check")
    changed = TEXTS[1][2].replace("at home", "at work")
    made = state([line(dose, "accept")], changed={1: changed})
    assert told(made) == ["evidence changed"]
    assert "current practice" in row(made, "dose check")["decision_flag"]


def test_a_new_best_practice_is_flagged(state: State) -> None:
    dose = row(state(without=(3,)), "dose check")
    made = state([line(dose, "accept")])
    assert told(made) == ["evidence changed"]
    assert "best practice" in row(made, "dose check")["decision_flag"]


def test_a_decision_written_without_what_was_seen_is_checked_by_its_passage(state: State) -> None:
    dose = row(state(), "dose check")
    assert told(state([line(dose, "accept", seen="")])) == ["applied"]
    assert told(state([line(dose, "accept", seen="")], without=(1,))) == ["no such passage now"]
    other = line(dose, "accept", seen="", passage=AT[2])
    assert told(state([other])) == ["evidence changed"]


def test_a_decision_follows_its_passage_to_a_row_of_another_name(state: State) -> None:
    dose = row(state(), "dose check")
    renamed = dict.fromkeys((1, 2, 3), "pump programming")
    texts = {p: TEXTS[p][2].replace("dose checks", "pump programming") for p in (1, 2, 3)}
    same_place = {p: t.ljust(len(TEXTS[p][2]), ".")[: len(TEXTS[p][2])] for p, t in texts.items()}
    made = state([line(dose, "accept", seen="")], changed=same_place, keyword=renamed)
    (after,) = made.gaps[made.gaps["cp_passage"] == AT[1]].to_dict("records")
    assert after["gap_id"] != dose["gap_id"]
    assert told(made) == ["applied to the row of its passage"]
    assert (after["decision"], made.decisions.iloc[0]["row"]) == ("accept", after["gap_id"])

    # What was decided about the row under its own name comes first, wherever its line stands.
    own = line(after["gap_id"], "reject", reason="read again")
    for lines in ([line(dose, "accept", seen=""), own], [own, line(dose, "accept", seen="")]):
        made = state(lines, changed=same_place, keyword=renamed)
        states = dict(zip([d.decision for d in lines], told(made), strict=True))
        assert states == {"accept": "conflict", "reject": "applied"}
        (decided,) = made.gaps[made.gaps["cp_passage"] == AT[1]]["decision"]
        assert decided == "reject"


def test_no_decision_is_lost_from_the_table(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    decisions = [
        line(dose, "accept"),
        line(dose, "reject", reason="read again"),
        line("G-99999999", "accept"),
        line(dose, "edit", column="nothing", value="x"),
        line(dose, "confirm", passage=AT[1], value="the share", seen=""),
    ]
    made = state(decisions)
    assert told(made) == ["superseded", "applied", "no such row now", "not applied", "applied"]
    lines = made.decisions[list(Decision._fields)]
    assert [tuple(r) for r in lines.itertuples(index=False)] == [tuple(d) for d in decisions]


# --- order --------------------------------------------------------------------------------------


def test_the_order_of_lines_about_different_things_plays_no_part(state: State) -> None:
    before = state()
    dose, culture, rub = (row(before, s) for s in ("dose check", "blood culture", "hand rub"))
    decisions = [
        line(culture, "merge", into=dose["gap_id"]),
        line(dose, "split", value="at night", parts=AT[2]),
        line(part_id(dose["gap_id"], "at night"), "edit", column="subject", value="night shifts"),
        line(rub, "reject", reason="not ours"),
        line(dose, "accept"),
        line("G-own-1", "add", passage=AT[7], value="trolleys"),
        line("G-own-1", "edit", column="group", value="nurses"),
        line("G-own-1", "add", column="best_practice", passage=AT[8]),
        line(dose, "confirm", passage=AT[1], value="share and denominator", seen=""),
    ]
    expected = state(decisions)
    states = dict(zip(decisions, told(expected), strict=True))
    assert "conflict" not in states.values()
    shuffle = random.Random(20210608)
    for _ in range(12):
        lines = shuffle.sample(decisions, len(decisions))
        made = state(lines)
        pd.testing.assert_frame_equal(made.gaps, expected.gaps)
        pd.testing.assert_frame_equal(made.presented, expected.presented)
        assert dict(zip(lines, told(made), strict=True)) == states


@pytest.mark.long
def test_every_pair_of_decisions_about_two_rows_is_applied_or_told(state: State) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    some = [
        line(dose, "accept"),
        line(dose, "reject", reason="no"),
        line(dose, "merge", into=culture["gap_id"]),
        line(culture, "merge", into=dose["gap_id"]),
        line(dose, "split", parts="by passage"),
        line(dose, "split", value="part", parts=AT[2]),
        line(dose, "edit", column="subject", value="x"),
        line(culture, "edit", column="objective", value="y"),
        line(dose, "confirm", column="need"),
        line("G-own-1", "add", passage=AT[4], value="own"),
        line("G-own-1", "merge", into=culture["gap_id"]),
    ]
    for pair in itertools.permutations(some, 2):
        made = state(list(pair))
        assert all(told(made)), pair
        for d, outcome in zip(pair, made.decisions.to_dict("records"), strict=True):
            assert (
                outcome["state"] in IN_EFFECT
                or outcome["flag"]
                or (outcome["state"] == "no such row now")
            ), (d, outcome)
        assert made.gaps["gap_id"].is_unique
        assert sorted(made.gaps["rank"]) == list(range(1, len(made.gaps) + 1))
        held = {a for cell in made.gaps["passages"] for a in cell.split("; ")}
        assert {AT[1], AT[2], AT[4], AT[6]} <= held  # no passage falls between two rows


# --- confirm and sign ---------------------------------------------------------------------------


def test_a_report_is_unsigned_until_every_row_and_claim_is_confirmed(state: State) -> None:
    before = state()
    missing = unsigned(before.gaps, before.decisions)
    assert {o.gap_id for o in missing if o.what == "not accepted"} == set(before.gaps["gap_id"])
    dose = row(before, "dose check")
    decisions = [line(g, "reject", reason="not ours") for _, g in before.gaps.iterrows()
                 if g["gap_id"] != dose["gap_id"]]  # fmt: skip
    decisions += [line(dose, "accept")]
    decisions += [
        line(dose, "confirm", passage=AT[p], value="population, action, share", seen="")
        for p in (1, 2, 3)
    ]
    made = state(decisions)
    assert [str(o) for o in unsigned(made.gaps, made.decisions)] == [
        f"{dose['gap_id']}: not confirmed: {AT[5]}"
    ]
    made = state([*decisions, line(dose, "confirm", passage=AT[5], value="the cause", seen="")])
    assert unsigned(made.gaps, made.decisions) == []
    assert unsigned(made.gaps, made.decisions, cited=[AT[1], AT[6]]) == [
        ("", "not confirmed", AT[6])
    ]


def test_a_confirmation_in_one_row_is_none_in_another(state: State) -> None:
    before = state()
    dose = row(before, "dose check")
    made = state([line("G-other", "confirm", passage=AT[1], value="the share")])
    left = unsigned(made.gaps, made.decisions)
    assert (dose["gap_id"], "not confirmed", AT[1]) in left


def test_a_confirmed_passage_that_reads_differently_now_is_no_longer_confirmed(
    state: State,
) -> None:
    before = state()
    dose = row(before, "dose check")
    from cmeneeds.decisions.evidence import seen_at

    seen = seen_at(AT[1], before.records.works)
    confirmed = [line(dose, "confirm", passage=AT[1], value="the share", seen=seen)]
    assert told(state(confirmed)) == ["applied"]
    assert (dose["gap_id"], "not confirmed", AT[1]) not in unsigned(
        state(confirmed).gaps, state(confirmed).decisions
    )
    made = state(confirmed, changed={1: TEXTS[1][2].replace("home", "work")})
    assert told(made) == ["evidence changed"]
    assert (dose["gap_id"], "not confirmed", AT[1]) in unsigned(made.gaps, made.decisions)
    made = state(confirmed, retracted=(1,))
    assert told(made) == ["source retracted"]
    made = state(confirmed, without=(1,))
    assert told(made) == ["no such passage now"]


def test_a_proposed_cell_can_be_confirmed(state: State) -> None:
    dose = row(state(), "dose check")
    made = state([line(dose, "confirm", column="need")])
    assert told(made) == ["applied"]
    assert row(made, "dose check")["decision_confirmed"] == "need"


# --- without the analysis behind it -------------------------------------------------------------


def test_a_table_alone_can_be_merged_and_says_that_its_priority_is_the_old_one(
    state: State,
) -> None:
    before = state()
    dose, culture = row(before, "dose check"), row(before, "blood culture")
    table = apply_decisions(computed(before.gaps), [line(culture, "merge", into=dose["gap_id"])])
    merged = table[table["gap_id"] == dose["gap_id"]].iloc[0]
    assert (merged["sources_n"], merged["priority"]) == (3, dose["priority"])
    assert "not computed anew" in merged["priority_words"]


def test_with_edits_leaves_the_table_it_was_given(state: State) -> None:
    dose = row(state(), "dose check")
    made = state([line(dose, "edit", column="subject", value="x")])
    copy = made.gaps.copy()
    with_edits(made.gaps, made.decisions)
    pd.testing.assert_frame_equal(made.gaps, copy)


def test_a_report_of_decided_rows_can_be_written(state: State) -> None:
    before = state()
    dose, culture, rub = (row(before, s) for s in ("dose check", "blood culture", "hand rub"))
    made = state(
        [
            line(culture, "merge", into=dose["gap_id"]),
            line(rub, "reject", reason="not ours"),
            line(dose, "edit", column="subject", value="checks of 12 pumps"),
            line("G-own-1", "add", passage=AT[7], value="trolleys"),
            line("G-own-1", "add", column="best_practice", passage=AT[8]),
        ]
    )
    report = Report(made)
    text = report.glance() + report.gaps() + report.outcomes() + report.appendix_rows()
    assert "unlocked" in text
    assert "checks of 12 pumps" in text
