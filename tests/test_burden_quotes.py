"""Which sentence on burden and which recommendation is quoted first. All are made up."""

from __future__ import annotations

import pytest

from cmeneeds.evidence.burden_words import burden_told
from cmeneeds.evidence.directives import directness, states_strength
from cmeneeds.report.guideline_section import strength_words


def about(text: str) -> bool:
    return "zandor" in text.lower()


COUNTRY = frozenset({"Canada"})


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (
            "Zandoric fever is a leading cause of death worldwide.",
            "The prevalence of big particles (65%) was high in patients with zandoric fever.",
        ),
        (
            "The prevalence of zandoric fever is 3% in Canada.",
            "The prevalence of zandoric fever is 3% in France.",
        ),
        (
            "The prevalence of zandoric fever is 3%.",
            "The prevalence of zandoric fever is 3% in France.",
        ),
        (
            "The prevalence of zandoric fever is 3%.",
            "Zandoric fever of the ear is rare, with a prevalence of 3%.",
        ),
        (
            "Zandoric fever affects 2 million people.",
            "Zandoric fever may add to the burden of disease.",
        ),
        (
            "Zandoric fever affects 2 million people.",
            "The prevalence of measles is associated with the incidence of zandoric fever.",
        ),
        (
            "Mortality from zandoric fever is 3%.",
            "Of patients with zandoric fever, 24% were readmitted.",
        ),
    ],
)
def test_what_measures_the_topic_goes_first(better: str, worse: str) -> None:
    first, second = burden_told(better, about, COUNTRY), burden_told(worse, about, COUNTRY)
    assert first is not None
    assert second is not None
    assert first < second


def test_what_does_not_name_the_topic_is_not_quoted_on_its_burden() -> None:
    said = "Baseline measles was diagnosed in 22% of participants."
    assert burden_told(said, about, COUNTRY) is None


def test_a_plain_recommendation_of_the_topic_goes_first() -> None:
    ordered = [
        "We strongly recommend that eligible people receive zandor shots.",
        "We recommend the broad use of zandor shots.",
        "Zandor shots are recommended.",
        "Zandor shots should be aligned with policy.",
        "Until zandor shots come, it is necessary to be careful.",
    ]
    assert [directness(text, about) for text in ordered] == [0, 1, 2, 3, 4]


def test_what_only_tells_of_recommendations_is_none() -> None:
    assert directness("The update of the Zandor Recommendations has a new part.", about) is None


@pytest.mark.parametrize(
    ("text", "strength", "said"),
    [
        ("We strongly recommend zandor shots.", "strong", True),
        ("We conditionally recommend zandor shots.", "conditional", True),
        ("Zandor shots should be given.", "strong", False),
        ("Zandor shots should be considered.", "conditional", False),
        ("We suggest against zandor shots.", "against", True),
        ("Zandor shots should never be given.", "against", False),
        ("The evidence is insufficient.", "insufficient", True),
        ("Zandor shots should be given.", "", False),
    ],
)
def test_only_the_words_of_a_passage_state_its_strength(
    text: str, strength: str, said: bool
) -> None:
    assert states_strength(text, strength) is said


def test_a_reading_never_passes_for_a_statement() -> None:
    read = strength_words("Zandor shots should be given.", "strong", "", "")
    assert read == "not stated; the program reads the wording as strong"
    assert strength_words("Be careful.", "", "", "") == "not stated"
    stated = strength_words("We strongly recommend it.", "strong", "", "")
    assert stated == "stated: strength strong"
    graded = strength_words("It should be given (B, level C).", "strong", "B", "C", "USPSTF")
    assert graded == "stated: class or grade B, level of evidence C, graded by USPSTF"
