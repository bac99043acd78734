"""Causes coded to Cabana and COM-B. Every sentence here is made up."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cmeneeds.gaps.causes import (
    NOT_CODED,
    cause_cells,
    cause_wording,
    code_cause,
    code_named,
    codes_of,
    quotation,
)
from cmeneeds.gaps.reasons import explains, other_than_outcome

COM_B = {
    "psychological capability": {
        "knowledge", "skills", "memory, attention and decision processes", "behavioural regulation",
    },
    "psychological or physical capability": {"skills"},
    "social opportunity": {"social influences"},
    "physical opportunity": {"environmental context and resources"},
    "reflective motivation": {
        "social/professional role and identity", "beliefs about capabilities", "optimism",
        "beliefs about consequences", "intentions", "goals",
    },
    "automatic motivation": {"reinforcement", "emotion"},
}  # fmt: skip
"""Which domains belong to which component (BMC HSR 2022, s12913-022-07750-8, table 4)."""


def names(text: str, level: str = "", actor: str = "clin") -> list[str]:
    """The names of the codes of a sentence."""
    return [c.name for c in code_cause(text, level, actor)]


@pytest.mark.parametrize(
    ("text", "name", "cabana"),
    [
        ("Most nurses were not aware of the guideline.", "awareness", "knowledge: awareness"),
        ("Lack of knowledge kept nurses from testing.", "familiarity", "knowledge: familiarity"),
        ("Nurses did not agree with the rule.", "agreement", "attitude: agreement"),
        ("Fear of side effects prevailed.",
         "consequences", "attitude: outcome expectancy"),
        ("Low self-efficacy stood in the way.", "confidence", "attitude: self-efficacy"),
        ("Lack of training was the main barrier.", "skill", "attitude: self-efficacy"),
        ("Clinical inertia explains much.", "motivation", "attitude: motivation/inertia"),
        ("Patient preferences were cited.", "patient", "external: patient"),
        ("Conflicting guidelines left doctors at a loss.", "guideline", "external: guideline"),
        ("Time constraints were cited.", "time", "external: environment (time)"),
        ("A shortage of staff was cited.", "resources", "external: environment (resources)"),
        ("Lack of reimbursement was cited.", "reimbursement",
         "external: environment (reimbursement)"),
        ("Fear of malpractice suits was cited.", "liability", "external: environment (liability)"),
        ("Poor coordination between teams was cited.", "organization",
         "external: environment (organization)"),
        ("Long waiting times were cited.", "access", "external: environment (access)"),
    ],
)  # fmt: skip
def test_a_cause_has_the_factor_of_cabana_that_its_words_name(
    text: str, name: str, cabana: str
) -> None:
    assert cabana in {c.cabana for c in code_cause(text, "", "clin") if c.name == name}


def test_several_causes_have_several_codes_in_order_of_place() -> None:
    text = "Nurses named lack of time, high cost and low awareness as barriers."
    assert names(text) == ["time", "reimbursement", "awareness"]


def test_an_enumeration_keeps_what_a_longer_match_covers() -> None:
    assert names("Lack of time and equipment was named.") == ["time", "resources"]
    # Here the shorter one is only a part of the longer one.
    assert names("Fear of side effects was named.") == ["consequences"]


@pytest.mark.parametrize(
    "text",
    ["Nurses named lack of time and low awareness as barriers.", "Worry about costs was frequent."],
)
def test_the_span_is_that_of_the_words(text: str) -> None:
    codes = code_cause(text, "", "clin")
    assert codes
    for code in codes:
        words = text[code.start : code.end]
        patterns = cause_wording()["codes"][code.name]
        known = [*patterns["patterns"], *patterns.get("listed", [])]
        assert any(re.fullmatch(p, words, re.IGNORECASE) for p in known), words
        assert quotation(text, code) in text
        assert quotation(text, code).startswith(words)


def test_nothing_is_guessed() -> None:
    assert code_cause("The weather was to blame.", "K", "clin") == ()
    assert code_cause("", "K", "clin") == ()
    cells = cause_cells(())
    assert (cells["cabana_code"], cells["education_addressable"]) == (NOT_CODED, "unknown")
    cells = cause_cells((), found=False)
    assert cells.pop("education_addressable") == "unknown"
    assert set(cells.values()) == {""}


def test_bare_nouns_count_only_where_causes_are_announced() -> None:
    assert names("Barriers were time, equipment and experience.") == ["time", "resources", "skill"]
    assert names("The time of the visit and the equipment were recorded.") == []


def test_what_is_explained_is_not_what_explains() -> None:
    assert names("Barriers to guideline awareness included workload.") == ["time"]
    assert names("Vaccine hesitancy was mainly due to safety concerns.") == ["consequences"]
    assert names("Long travel may affect their knowledge.") == ["access"]
    assert names("Workload mattered (adjusted for insurance and language).") == ["time"]


def test_a_denied_cause_is_none() -> None:
    assert names("Lack of time was not associated with testing.") == []
    assert names("Lack of time was not a barrier, but low awareness was.") == ["awareness"]


def test_what_patients_think_is_a_patient_factor_to_cabana_and_stays_what_it_is_in_com_b() -> None:
    text = "Low awareness of the disease and high costs were named."
    clinicians = code_cause(text, "K", "clin")
    patients = code_cause(text, "O", "pat")
    assert [c.cabana for c in clinicians] == [
        "knowledge: awareness", "external: environment (reimbursement)",
    ]  # fmt: skip
    assert [c.cabana for c in patients] == [
        "external: patient", "external: environment (reimbursement)",
    ]  # fmt: skip
    assert [c.com_b_code for c in clinicians] == [c.com_b_code for c in patients]
    assert (clinicians[0].addressable, patients[0].addressable) == ("yes", "partly")
    # The level says so where the actor is unknown; a clinician's knowledge is never a patient's.
    assert code_cause(text, "O")[0].of_patients
    assert not code_cause(text, "O", "clin")[0].of_patients


def test_education_does_not_close_what_lies_in_the_environment() -> None:
    for name in ("time", "resources", "reimbursement", "liability", "access"):
        code = code_named(name)
        assert code.addressable == "no"
        assert code.strategy
        assert code.reason
    assert code_named("awareness").addressable == "yes"


def test_cells_of_mixed_causes_say_partly_and_propose_the_strategy() -> None:
    cells = cause_cells(code_cause("Lack of time and lack of knowledge were named.", "", "clin"))
    assert cells["education_addressable"] == "partly"
    assert cells["cabana_code"] == "external: environment (time); knowledge: familiarity"
    assert cells["non_educational_strategy"] == code_named("time").strategy
    assert code_named("time").reason in cells["addressable_reason"]
    alone = cause_cells(code_cause("Lack of time was named.", "", "clin"))
    assert alone["education_addressable"] == "no"


def test_codes_are_read_back_from_their_cell() -> None:
    codes = code_cause("Lack of time and lack of knowledge were named.", "O", "pat")
    again = codes_of(cause_cells(codes)["cause_codes"])
    assert cause_cells(again) == cause_cells(codes)
    assert codes_of("no such code; ; time")[0].name == "time"


def test_every_code_of_the_file_fits_the_frameworks() -> None:
    for name in cause_wording()["codes"]:
        code = code_named(name)
        assert code.tdf in COM_B[code.com_b], name
        assert code.group in ("knowledge", "attitude", "external")
        assert code.addressable in ("yes", "partly", "no")
        assert code.strategy or code.addressable == "yes", name
        assert not code.reason.endswith(".")


def test_a_quotation_ends_with_its_phrase() -> None:
    text = "Concern about the safety of the new vaccine was frequent, and trust low."
    code = code_cause(text, "", "clin")[0]
    assert quotation(text, code) == "Concern about the safety of the new vaccine"
    figure = "A decline of reluctance in 28.9% of nurses was due to trust."
    cut = code_named("motivation")
    start = figure.index("reluctance")
    assert quotation(figure, replace(cut, start=start, end=start + 10)) == "reluctance"
    short = "They named a lack of time to the nurse."
    assert not quotation(short, code_cause(short)[0]).endswith((" to", " the"))


def test_a_hostile_sentence_takes_no_time_worth_speaking_of() -> None:
    for text in ("lack of " * 5000, "barriers to " * 5000, "a" * 100_000, "fear , and " * 5000):
        assert isinstance(code_cause(text, "", "clin"), tuple)


# --- which sentences explain anything ---------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Lack of time was associated with low uptake.",
        "Lower trust was negatively associated with vaccine acceptance.",
        "Barriers and facilitators included cost and leadership.",
        "Reasons for vaccine hesitancy included fear of harm.",
        "Trust was associated with vaccine hesitancy.",
    ],
)
def test_a_barrier_explains(text: str) -> None:
    assert explains(text)


@pytest.mark.parametrize(
    "text",
    [
        "Made-up news caused a decrease of hesitancy in 28% of those asked.",
        "Prior vaccination and concern about the fever were associated with vaccine acceptance.",
        "Training and perceived role predicted their knowledge of the test.",
        "Convenience was identified as an enabler of vaccination.",
        "Growing mistrust will pose a challenge to public officials.",
    ],
)
def test_what_helps_or_what_follows_is_no_barrier(text: str) -> None:
    assert not explains(text)


def test_a_list_of_traits_is_no_matter_of_belief() -> None:
    traits = "Female sex, age, marital status and religion were associated with refusal."
    assert code_cause(traits, "O", "pat") == ()
    assert [c.name for c in code_cause("Religious beliefs were the main barrier.", "O", "pat")]


def test_what_would_help_is_no_cause_but_what_it_helps_against_is() -> None:
    text = (
        "Access to information may reduce the problem, and mistrust is among the reasons for "
        "refusal."
    )
    assert "consequences" in [c.name for c in code_cause(text, "O", "pat")]
    assert "access" not in [c.name for c in code_cause(text, "O", "pat")]
    assert "time" in [c.name for c in code_cause("Lack of time may reduce screening.")]


def test_hesitancy_is_no_cause_of_hesitancy() -> None:
    text = "The barrier was reluctance, beside fear of harm."
    codes = code_cause(text, "O", "pat")
    left = other_than_outcome(codes, text, "Of all, 40% were hesitant.")
    assert {c.name for c in codes} - {c.name for c in left} == {"motivation"}
    assert other_than_outcome(codes, text, "Few were treated.") == codes
