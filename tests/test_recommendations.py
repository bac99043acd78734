"""Recommendations as stated. All sentences and bodies here are made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmeneeds.evidence.issuers import issuer, year_of_issue
from cmeneeds.evidence.recommendations import Recommendation, guideline_cue, recommendation

GUIDELINE = ("Practice Guideline",)


def values(said: Recommendation) -> dict[str, str]:
    return {name: field.value for name, field in said._asdict().items() if field}


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("We recommend testing all adults.", "strong"),
        ("Testing is recommended.", "strong"),
        ("Adults should be tested.", "strong"),
        ("Testing must be offered.", "strong"),
        ("Testing is the standard of care.", "strong"),
        ("Offer a test to all adults.", "strong"),
        ("This is a good practice statement.", "strong"),
        ("We suggest offering a test.", "conditional"),
        ("Testing may be considered.", "conditional"),
        ("Testing should be considered.", "conditional"),
        ("Testing is reasonable.", "conditional"),
        ("Consider a test.", "conditional"),
        ("This is a weak recommendation.", "conditional"),
        ("Testing is not recommended.", "against"),
        ("Do not offer a test.", "against"),
        ("Testing should not be offered.", "against"),
        ("We recommend against testing.", "against"),
        ("We suggest against testing.", "against"),
        ("It is a strong recommendation against testing.", "against"),
        ("The evidence is insufficient to recommend testing.", "insufficient"),
        ("No recommendation can be made.", "insufficient"),
        ("Our results suggest that nurses know.", None),
        ("Testing was recommended in 62% of visits.", None),
        ("The recommended dose was given.", None),
        ("Nurses knew it.", None),
        ("", None),
    ],
)
def test_strength_is_what_the_words_say(text: str, strength: str | None) -> None:
    assert values(recommendation(text)).get("strength") == strength


@pytest.mark.parametrize(
    ("text", "system", "grade", "level", "strength"),
    [
        ("Test (Class I, Level of Evidence: A).", "ACC/AHA", "I", "A", "strong"),
        ("Test (class IIa; LOE: B-NR).", "ACC/AHA", "IIa", "B-NR", "conditional"),
        ("Test (COR 2b, LOE C-LD).", "ACC/AHA", "2b", "C-LD", "conditional"),
        ("Test (Class III: No Benefit, LOE B-R).", "ACC/AHA", "III", "B-R", "against"),
        ("Test (LOE C-EO).", "ACC/AHA", None, "C-EO", None),
        ("We recommend a test (1A).", "GRADE", "1A", "high", "strong"),
        ("We suggest using a test (GRADE 2C).", "GRADE", "2C", "low", "conditional"),
        ("Test (strong recommendation, moderate-quality evidence).", "GRADE", "strong", "moderate",
         "strong"),
        ("Test (conditional recommendation, very low certainty).", "GRADE", "conditional",
         "very low", "conditional"),
        ("There was moderate- to low-certainty evidence.", None, None, "moderate to low", None),
        ("The USPSTF recommends a test (B recommendation).", "USPSTF", "B", None, "strong"),
        ("The USPSTF recommends against a test (D recommendation).", "USPSTF", "D", None,
         "against"),
        ("The USPSTF says selectively offer it (C recommendation).", "USPSTF", "C", None,
         "conditional"),
        ("The USPSTF finds the evidence insufficient (I statement).", "USPSTF", "I", None,
         "insufficient"),
        ("Test A is an option (NCCN category 2A).", "NCCN", "2A", None, "conditional"),
        ("Test A is an option (NCCN category 1).", "NCCN", "1", None, "strong"),
        ("Test A is an option (NCCN category 3).", "NCCN", "3", None, None),
        ("Patients in NYHA class III were seen.", None, None, None, None),
        ("They were of class II or worse.", None, None, None, None),
        ("Nurses of group A and level B knew.", None, None, None, None),
        ("A recommendation was made.", None, None, None, None),
        ("It was seen in category 1 storms.", None, None, None, None),
        ("It was seen in stage 2A (2B).", None, None, None, None),
    ],
)  # fmt: skip
def test_gradings_are_told_apart(
    text: str, system: str | None, grade: str | None, level: str | None, strength: str | None
) -> None:
    said = values(recommendation(text))
    assert (said.get("system"), said.get("grade"), said.get("level")) == (system, grade, level)
    assert said.get("strength") == strength


def test_nice_verbs_belong_to_nice_only_where_it_is_named() -> None:
    text = "Do not offer a test."
    assert "system" not in values(recommendation(text))
    by_title = values(recommendation(text, "Zandoric fever: NICE guideline", GUIDELINE))
    assert (by_title["system"], by_title["grade"], by_title["strength"]) == (
        "NICE", "do not offer", "against",
    )  # fmt: skip


def test_the_title_names_body_and_year_of_a_guideline_only() -> None:
    title = "2019 guideline of the Zandoric Fever Society"
    text = "Adults should be tested."
    said = recommendation(text, title)
    assert (said.body and said.body.value, said.year and said.year.value) == (
        "Zandoric Fever Society", "2019",
    )  # fmt: skip
    about = values(recommendation(text, f"Adherence to the {title}"))
    assert set(about) == {"strength"}


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("The American Academy of Zandoric Medicine recommends a test.",
         "American Academy of Zandoric Medicine"),
        ("The guidelines of the Society for Zandoric Fever ask for a test.",
         "Society for Zandoric Fever"),
        ("The 2017 ACC/AHA guideline asks for a test.", "ACC/AHA"),
        ("Members of the Zandoric Fever Society knew.", None),
        ("WHO was asked?", None),
        ("Society recommends nothing.", None),
    ],
)  # fmt: skip
def test_a_body_counts_where_it_issues_something(text: str, body: str | None) -> None:
    found = issuer(text, "text")
    assert (found.value if found else None) == body


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("The 2019 guideline asks for it.", "2019"),
        ("The guideline (2019) asks for it.", "2019"),
        ("The guideline was used in 2019.", None),
        ("It was seen in 2019.", None),
    ],
)
def test_a_year_counts_beside_a_guideline(text: str, year: str | None) -> None:
    found = year_of_issue(text, "text")
    assert (found.value if found else None) == year


def test_a_guideline_says_why_it_is_one() -> None:
    by_type = guideline_cue("Anything", ("Journal Article", "Practice Guideline"))
    assert by_type is not None
    assert by_type.where == "publication type"
    title = "Zandoric fever: a consensus statement"
    by_title = guideline_cue(title)
    assert by_title is not None
    assert title[by_title.start : by_title.end] == "consensus statement"
    assert guideline_cue("Awareness of the guideline") is None


@given(
    st.lists(
        st.sampled_from(
            ["We recommend ", "Class I, ", "(1B) ", "LOE A ", "should ", "not ", "the ESC ",
             "guideline ", "2019 ", "low certainty ", "do not ", "NCCN category 2A ",
             "(B recommendation) ", "\n"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_every_field_has_its_words(pieces: list[str]) -> None:
    text = "".join(pieces)
    for field in recommendation(text):
        assert field is None or (
            field.where == "text" and 0 <= field.start < field.end <= len(text)
        )


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    ["class ", "Society of ", "Aa ", "a", "(", "recommend ", "guideline 2019 ", "low certainty ",
     " ", "level of evidence: ", "do not ", "Royal College of ", "\u05d0",
     "strong recommendation "],
)  # fmt: skip
def test_hostile_text_neither_stalls_nor_crashes(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    recommendation(text, text)
