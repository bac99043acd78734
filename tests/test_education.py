"""Needs, objectives and measures: proposed from the gap table, confirmed by nobody yet."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from cmeneeds.brief import Brief
from cmeneeds.education import (
    OBJECTIVE_COLUMNS,
    TO_BE_MEASURED,
    education_wording,
    plan_education,
    subject_in_sentence,
)
from cmeneeds.gaps.causes import cause_cells, cause_wording, code_cause
from cmeneeds.gaps.columns import GAP_COLUMNS
from cmeneeds.learner_data import Baseline
from cmeneeds.objectives import avoided_verb, education_data, objective_problems, verb_of

BRIEF = Brief.parse("""\
topic: zandoric fever
audience:
  - {profession: nurses, specialty: emergency, country: Nowhere}
  - {profession: physicians}
years: 2015-2021
as_of: 2021-06-01
""")

FILLED = ("objective_id", "gap_id", "subject", "gap_type", "need", "addressable", "verb",
          "objective", "moore_level", "competencies",
          "competency_reason", "outcome_measure", "instrument", "time_point", "baseline",
          "baseline_source", "reference_value", "formats", "format_rationale",
          "confirmed")  # fmt: skip
"""Columns that no row leaves empty."""


def brief(**fields: Any) -> Brief:
    """The brief with other fields."""
    return Brief.model_validate(BRIEF.model_dump(mode="json") | fields)


def gaps(*rows: dict[str, Any]) -> pd.DataFrame:
    """A gap table with these cells, all else made up."""
    filled = [
        {
            "gap_id": f"G-0000000{n}",
            "status": "gap",
            "subject": "Dose check",
            "group": "nurses",
            "actor": "clin",
            "gap_type": "P",
            "cp_passage": f"{n}.0.0-9",
            "cp_value_text": "24%",
            "bp_passage": f"{n}.1.0-9",
            **row,
        }
        for n, row in enumerate(rows, 1)
    ]
    table = pd.DataFrame(filled)
    for column in GAP_COLUMNS:
        if column not in table:
            table[column] = pd.NA
    return table.astype(GAP_COLUMNS)


def plan(in_brief: Brief = BRIEF, *, baseline: Baseline | None = None, **cells: Any) -> Any:
    """The only objective of one row."""
    baselines = {"G-00000001": baseline} if baseline else None
    table = plan_education(gaps(cells), in_brief, baselines)
    assert len(table) == 1
    return table.iloc[0]


# --- the row ------------------------------------------------------------------------------------


def test_each_row_gets_a_need_an_objective_and_a_measure() -> None:
    table = plan_education(gaps({}, {"gap_type": "K"}), BRIEF)
    assert list(table.columns) == list(OBJECTIVE_COLUMNS)
    assert list(table["gap_id"]) == ["G-00000001", "G-00000002"]
    assert list(table["objective_id"]) == ["LO-00000001", "LO-00000002"]
    for column in FILLED:
        assert (table[column].str.len() > 0).all(), column
    for column in OBJECTIVE_COLUMNS:
        assert not table[column].str.contains(r"[{}]").any(), column


def test_every_proposal_awaits_the_writer() -> None:
    table = plan_education(gaps({}, {"gap_type": "K"}, {"status": "candidate"}), BRIEF)
    assert set(table["confirmed"]) == {"awaiting writer"}


def test_a_row_without_a_level_gets_no_objective() -> None:
    assert list(plan_education(gaps({"gap_type": ""}, {}), BRIEF)["gap_id"]) == ["G-00000002"]
    assert plan_education(gaps({"gap_type": None}), BRIEF).empty


def test_a_rejected_row_gets_no_objective() -> None:
    table = gaps({}, {}).assign(decision=["reject", ""])
    assert list(plan_education(table, BRIEF)["gap_id"]) == ["G-00000002"]


def test_without_gaps_there_is_nothing_to_plan() -> None:
    table = plan_education(gaps({}).iloc[:0], BRIEF)
    assert table.shape == (0, len(OBJECTIVE_COLUMNS))


def test_supporters_change_no_word_of_the_plan() -> None:
    other = brief(
        support={"status": "granted", "supporter": ["Zandocorp"], "request": "Zandorex skills"},
        trigger="Zandocorp asked",
        contributors=[{"name": "A. Zandor", "role": "writer"}],
    )
    rows = [{"gap_type": kind, "cause": "Lack of training was named."} for kind in "KCPOS"]
    pd.testing.assert_frame_equal(
        plan_education(gaps(*rows), BRIEF), plan_education(gaps(*rows), other)
    )


# --- needs --------------------------------------------------------------------------------------


def test_a_need_is_the_cited_cause_and_quotes_it() -> None:
    row = plan(cause="Nurses named a lack of hands-on training as the main barrier.")
    assert row.need_C.endswith("The source names “lack of hands-on training”.")
    assert "training or practice" in row.need_C
    # That performance falls short is the gap; saying it again would be no cause.
    assert (row.need_K, row.need_P) == ("", "")
    assert row.need == row.need_C


def test_causes_of_two_kinds_make_two_needs() -> None:
    row = plan(cause="Low awareness and low self-efficacy were the barriers.")
    assert "not be aware" in row.need_K
    assert "not feel able" in row.need_C
    assert row.need_P == ""


@pytest.mark.parametrize(("kind", "column"), [("K", "need_K"), ("C", "need_C"), ("P", "need_P")])
def test_without_a_cause_the_level_gives_the_need_and_says_so(kind: str, column: str) -> None:
    row = plan(gap_type=kind)
    assert row[column].endswith("No source that was read says why.")
    assert sum(row[c] != "" for c in ("need_K", "need_C", "need_P")) == 1
    assert row.cabana == row.com_b == ""


def test_a_cause_that_fits_no_code_is_not_guessed_at() -> None:
    row = plan(cause="The weather was to blame.")
    assert row.cabana == row.com_b == "not coded"
    assert row.need_P.endswith("The cause that is cited fits none of the codes.")
    assert "fits none of the codes" in row.competency_reason


def test_what_education_cannot_close_is_said_and_a_strategy_proposed() -> None:
    row = plan(cause="A shortage of staff was the main barrier.")
    assert row.addressable == "no"
    assert "staff" in row.non_educational_strategy
    # Preparing a change is what education can still do.
    assert row.objective.startswith("Plan one change")
    assert "“shortage of staff”" in row.need_P
    assert row.competencies.startswith("ACGME/ABMS: Systems-based practice")
    mixed = plan(cause="A shortage of staff and lack of training were barriers.")
    assert mixed.addressable == "partly"
    assert mixed.objective.startswith("Apply")
    assert "staff" in mixed.non_educational_strategy
    assert plan(gap_type="S").non_educational_strategy


def test_what_patients_lack_is_no_lack_of_the_learners() -> None:
    row = plan(actor="pat", gap_type="K", group="older adults", cause="Low awareness was named.")
    assert (row.need_K, row.need_C) == ("", "")
    assert "older adults" in row.need_P
    assert row.objective == (
        "Counsel older adults on zandoric fever and dose check, starting from their own reasons"
    )
    assert row.cabana == "external: patient"
    # A group of professionals is nobody's patient.
    assert plan(gap_type="O").objective.startswith("Counsel patients")
    clinics = plan(actor="pat", group="hospitals and health systems")
    assert clinics.objective.startswith("Counsel patients")
    public = plan(actor="pat", group="general public")
    assert public.objective.startswith("Counsel people in the community")


def test_the_actor_of_the_cause_outweighs_that_of_the_gap() -> None:
    table = gaps({"actor": "pat", "gap_type": "O", "cause": "Low awareness was named."})
    table["cause_actor"], table["cause_level"] = "clin", "K"
    assert plan_education(table, BRIEF).iloc[0].cabana == "knowledge: awareness"


def test_all_causes_of_a_row_count_where_the_table_lists_them() -> None:
    texts = ("Lack of time was named.", "Lack of knowledge was named.")
    codes = [c for text in texts for c in code_cause(text, "", "clin")]
    table = gaps({"cause": texts[0]})
    table["cause_codes"] = cause_cells(codes)["cause_codes"]
    row = plan_education(table, BRIEF).iloc[0]
    assert row.cabana == "external: environment (time); knowledge: familiarity"
    assert row.addressable == "partly"
    assert row.need_K


# --- objectives ---------------------------------------------------------------------------------

DIRECTIONS = ("underuse", "overuse", "delay", "error", "variation", "outcome", "unknown")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", "KCPOS")
def test_objectives_have_one_observable_verb_that_fits(kind: str, direction: str) -> None:
    for cells in ({}, {"bp_passage": None}):
        table = gaps({"gap_type": kind, **cells})
        table["direction"] = direction
        row = plan_education(table, BRIEF).iloc[0]
        assert row.objective.startswith(f"{row.verb} ")
        found = objective_problems(row.objective, gap_type=kind, moore_level=row.moore_level)
        assert found == []


def test_the_level_decides_the_outcome_level() -> None:
    levels = {kind: plan(gap_type=kind).moore_level for kind in "KCPOS"}
    assert levels == {"K": "3A", "C": "4", "P": "5", "O": "5", "S": "5"}


def test_an_objective_cites_a_recommendation_only_where_one_was_found() -> None:
    assert "the cited recommendation" in plan().objective
    assert "the cited recommendation" not in plan(bp_passage=None).objective
    assert "cited" not in plan(bp_passage=None).need


def test_overuse_asks_for_less_and_delay_for_sooner() -> None:
    table = gaps({}, {}, {})
    table["direction"] = ["underuse", "overuse", "delay"]
    rows = plan_education(table, BRIEF)
    assert "spare patients care that is not indicated" in rows["objective"][1]
    assert "without a documented indication" in rows["outcome_measure"][1]
    assert rows["objective"][2].startswith("Initiate")
    assert rows["outcome_measure"][2].startswith("Time from")
    assert rows["outcome_measure"].nunique() == 3


@pytest.mark.parametrize(
    "objective",
    ["Understand zandoric fever", "After this activity, learners will be able to know the dose",
     "- Be aware of the dose", "Participants will appreciate the dose", "To improve care"],
)  # fmt: skip
def test_verbs_that_nobody_can_see_are_errors(objective: str) -> None:
    problems = objective_problems(objective)
    assert [p.severity for p in problems] == ["error"]
    assert avoided_verb(objective) in problems[0].what


def test_a_writers_objective_is_read_past_its_preamble() -> None:
    for text in (
        "At the end of this session, physicians should be able to: select a dose",
        "1. Select a dose",
        "Learners will be able to select a dose",
    ):
        assert verb_of(text) == "select"
        assert objective_problems(text) == []
    assert verb_of("") == ""
    assert objective_problems("")[0].severity == "error"


def test_doubtful_objectives_are_warnings() -> None:
    def warned(text: str, **level: str) -> str:
        (problem,) = objective_problems(text, **level)
        assert problem.severity == "warning"
        return problem.what

    assert "two verbs" in warned("Select a dose and administer it")
    assert "not on the list" in warned("Ponder the dose")
    assert "Moore 5" in warned("Describe the dose", moore_level="5")
    assert "below the level of the gap" in warned("Describe the dose", gap_type="P")
    assert objective_problems("Apply the rule", gap_type="K") == []
    assert objective_problems("Select a dose for pain and fever") == []


def test_no_verb_is_both_measurable_and_avoided() -> None:
    data = education_data()
    measurable = {v for verbs in data["verbs"].values() for v in verbs}
    assert not measurable & set(data["avoid"])
    assert sum(len(v) for v in data["verbs"].values()) == len(measurable)


# --- measures -----------------------------------------------------------------------------------


def test_a_published_figure_is_a_reference_and_no_baseline() -> None:
    row = plan(cp_value_text="24%", cp_passage="7.1.0-9")
    assert (row.reference_value, row.reference_passage) == ("24%", "7.1.0-9")
    assert "24" not in row.baseline + row.objective + row.outcome_measure
    assert plan(cp_value_text=None).reference_value == "unknown"


def test_a_missing_baseline_says_how_and_when_it_will_be_measured() -> None:
    row = plan()
    assert row.baseline_source == TO_BE_MEASURED
    assert row.baseline == (
        "to be measured before the activity with a chart audit or registry extract of the "
        "learners' own practices, over the three months before"
    )


def test_the_learners_own_figure_is_the_baseline_beside_the_published_one() -> None:
    own = Baseline(
        value="21 of 50, 42.0 %", source="L-3", n=50, period="", level="P", status="proposed",
        words="21 of 50, 42.0 % (charts of the provider's own learners, n = 50)",
    )  # fmt: skip
    row = plan(baseline=own)
    assert row.baseline == f"{own.words}; that it belongs to this gap was proposed"
    assert row.baseline_source == "L-3"
    assert row.reference_value == "24%"


# --- competencies and formats -------------------------------------------------------------------


def frameworks(row: Any) -> list[str]:
    """Frameworks that a row names competencies of."""
    return [c.partition(":")[0] for c in row.competencies.split("; ")]


def test_competencies_follow_the_accreditor_and_the_learners() -> None:
    cause: dict[str, Any] = {"cause": "Poor coordination between teams was the barrier."}
    physicians = [{"profession": "physicians"}]
    assert frameworks(plan(**cause)) == ["ACGME/ABMS", "IOM", "IPEC"]
    alone = brief(audience=physicians)
    assert frameworks(plan(alone, **cause)) == ["ACGME/ABMS", "IOM"]
    europe = brief(audience=physicians, accreditor=["EACCME"])
    assert frameworks(plan(europe, **cause)) == ["CanMEDS"]
    nurses = brief(audience=[{"profession": "nurses"}], accreditor=["ACCME"])
    assert frameworks(plan(nurses, **cause)) == ["IOM"]
    joint = brief(audience=[{"profession": "nurses"}], accreditor=["Joint Accreditation"])
    assert frameworks(plan(joint, **cause)) == ["IPEC", "IOM"]


def test_competencies_are_chosen_because_of_the_cause() -> None:
    taught = plan(cause="Lack of knowledge was named.")
    assert "Medical knowledge" in taught.competencies
    assert taught.competency_reason == "Chosen because the source names lack of knowledge"
    talked = plan(actor="pat", gap_type="O", cause="Lack of knowledge was named.")
    assert "Interpersonal and communication skills" in talked.competencies
    assert "no cause is sourced yet" in plan().competency_reason


def test_formats_follow_the_cause_and_show_change_at_the_level() -> None:
    row = plan(cause="Lack of skills was named.")
    assert row.formats.startswith("simulation")
    # The gap is one of performance: only the learners' own data show that it closes.
    assert "audit and feedback" in row.formats
    assert "audit and feedback" not in plan(gap_type="C", cause="Lack of skills was named.").formats
    assert plan().formats.startswith("performance improvement")


def test_several_professions_learn_together() -> None:
    assert "interprofessional" in plan().formats
    assert "interprofessional" not in plan(brief(audience=[{"profession": "nurses"}])).formats


FORMATS = {"live", "enduring material", "performance improvement", "simulation", "blended",
           "audit and feedback", "journal-based", "microlearning", "interprofessional"}  # fmt: skip


def test_every_cause_has_its_words_competencies_and_limits() -> None:
    codes = cause_wording()["codes"]
    data = education_data()
    assert codes.keys() == data["causes"].keys()
    teachable = {n for n, c in codes.items() if c["addressable"] != "no"}
    assert {n for n, words in data["causes"].items() if words} == teachable
    longest = {"subject": "the stepwise adjustment of long-term oral anticoagulation",
               "audience": "Emergency nurses, community pharmacists and general practitioners",
               "people": "migrants and minority communities",
               "standard": "the cited recommendation"}  # fmt: skip
    entries = [*data["causes"].values(), data["patients_cause"], *data["levels"].values()]
    entries += education_wording()["P"]["directions"].values()
    for words in filter(None, entries):
        need = words["need"].format(**longest)
        assert len(need.split()) + 10 <= 50, need  # the quotation comes on top
        assert len(words.get("rationale", "").split()) <= 25
        assert set(words.get("formats", ())) <= FORMATS
        assert set(re.findall(r"{(\w*)}", words["need"] + words.get("objective", ""))) <= set(
            longest
        )


# --- names in sentences -------------------------------------------------------------------------


def test_needs_name_the_whole_audience() -> None:
    assert plan().need.startswith("Emergency nurses and physicians may")
    two = brief(
        audience=[
            {"profession": "physicians", "specialty": "family medicine"},
            {"profession": "physicians", "specialty": "general practice"},
        ]
    )
    assert plan(two).need.startswith("Physicians in family medicine and general practice may")


@pytest.mark.parametrize(
    ("subject", "inside"),
    [
        ("Dose check", "zandoric fever and dose check"),
        ("ICU care", "zandoric fever and ICU care"),
        ("mRNA dose", "zandoric fever and mRNA dose"),
        ("HbA1c", "zandoric fever and HbA1c"),
        ("Hepatitis B", "zandoric fever and hepatitis B"),
        ("Primary Health Nursing", "zandoric fever and primary health nursing"),
        ("Parkinson Disease", "zandoric fever and Parkinson disease"),
        ("Alzheimer's Disease", "zandoric fever and Alzheimer's disease"),
        ("Care in Nowhere", "zandoric fever and care in Nowhere"),
        ("Depressive Disorder, Major", "zandoric fever and major depressive disorder"),
        ("Fevers", "zandoric fever"),
        ("Zandoric Fever", "zandoric fever"),
        ("Fever clinics", "zandoric fever and fever clinics"),
        ("Children with zandoric fever", "children with zandoric fever"),
        ("ZF, zandoric fever", "zandoric fever"),
        (
            "Sodium–glucose transporter-2 drugs",
            "zandoric fever and sodium–glucose transporter-2 drugs",
        ),
        ("Race", "zandoric fever"),
        ("Willingness", "zandoric fever and the willingness to accept care"),
    ],
)
def test_the_name_of_a_subject_reads_like_english(subject: str, inside: str) -> None:
    assert subject_in_sentence(subject, BRIEF) == inside
    assert f" {inside} " in f"{plan(subject=subject).objective} "


def test_braces_in_a_subject_or_a_cause_are_text() -> None:
    row = plan(subject="{audience} {0}", cause="Lack of {0} training was a barrier.")
    assert "{audience} {0}" in row.objective


# --- one decision on the level ------------------------------------------------------------------


@pytest.mark.parametrize("kind", "KCPOS")
def test_without_a_coded_cause_what_education_can_close_is_unknown(kind: str) -> None:
    for cause in (None, "The weather was to blame."):
        row = plan(gap_type=kind, cause=cause)
        assert (row.addressable, row.addressable_reason) == ("unknown", "")


@pytest.mark.parametrize("actor", ["clin", "pat"])
@pytest.mark.parametrize("kind", "KCPOS")
def test_no_need_lies_above_the_level_of_the_objective(kind: str, actor: str) -> None:
    shown = {"3A": "K", "4": "C", "5": "P"}
    for cause in (None, "Low self-efficacy and old habits were the barriers.", "A lack of staff."):
        row = plan(gap_type=kind, actor=actor, cause=cause)
        kinds = [k for k in "KCP" if row[f"need_{k}"]]
        assert kinds
        assert "KCP".index(kinds[-1]) <= "KCP".index(shown[row.moore_level]), (kind, cause)


def test_a_cause_above_the_level_is_quoted_but_makes_no_need_of_its_own() -> None:
    row = plan(gap_type="K", cause="Low self-efficacy was the barrier.")
    assert (row.need_C, row.need_P, row.moore_level) == ("", "", "3A")
    assert "“self-efficacy”" in row.need_K


def test_the_topic_alone_makes_no_objective_where_no_best_practice_is_cited() -> None:
    none = "No objective can be worded yet, because no best practice is cited (awaiting writer)"
    for kind in "KCPOS":
        row = plan(gap_type=kind, subject="Zandoric fever", bp_passage=None)
        assert (row.objective, row.verb) == (none, "")
    assert objective_problems(none)[0].severity == "warning"
    assert plan(subject="Zandoric fever").objective.startswith("Apply the cited recommendation")
    assert plan(bp_passage=None).objective.startswith("Apply current best practice")
    # What patients themselves name gives the conversation its content.
    said = plan(
        gap_type="O", subject="Zandoric fever", bp_passage=None, cause="Low awareness was named.",
        actor="pat",
    )  # fmt: skip
    assert said.objective.startswith("Counsel patients")


def test_the_outcome_of_the_row_is_not_quoted_as_its_cause() -> None:
    hesitant = "Of all nurses, 40% were hesitant to check the dose."
    row = plan(cause="Reluctance was the barrier.", current_practice=hesitant)
    assert "Reluctance" not in row.need
    assert row.addressable == "unknown"
    other = plan(cause="Reluctance was the barrier.", current_practice="Few nurses check.")
    assert "Reluctance" in other.need
