"""Study designs and guidelines, told from made-up records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cmeneeds.evidence.study import UNKNOWN, is_guideline, study_design
from cmeneeds.records import Article, MeshHeading, Section, Term

Make = Callable[..., Article]


def typed(*names: str) -> dict[str, Any]:
    """Publication types of a record."""
    return {"publication_types": tuple(Term(n) for n in ("Journal Article", *names))}


@pytest.mark.parametrize(
    ("types", "design"),
    [
        (("Practice Guideline",), "guideline or consensus"),
        (("Guideline",), "guideline or consensus"),
        (("Consensus Development Conference, NIH",), "guideline or consensus"),
        (("Systematic Review",), "systematic review"),
        (("Meta-Analysis", "Review"), "systematic review"),
        (("Randomized Controlled Trial",), "trial"),
        (("Observational Study",), "observational study"),
        (("Case Reports",), "case report"),
        (("Editorial",), "opinion or letter"),
        (("Letter", "Comment"), "opinion or letter"),
        (("Review",), "narrative review"),
        ((), "unknown"),
    ],
)
def test_publication_types_decide(make_article: Make, types: tuple[str, ...], design: str) -> None:
    assert study_design(make_article(**typed(*types))).name == design


@pytest.mark.parametrize(
    ("title", "design"),
    [
        ("A cross-sectional study of nurses", "survey"),
        ("Knowledge of nurses: a questionnaire", "survey"),
        ("A nationwide SURVEY", "survey"),
        ("Nurses surveyed", "survey"),
        ("Results from the made-up registry", "registry or routine data"),
        ("A study of claims data", "registry or routine data"),
        ("A retrospective study", "chart review or audit"),
        ("A clinical audit", "chart review or audit"),
        ("A randomised trial", "trial"),
        ("A prospective study", "cohort"),
        ("A cohort of nurses", "cohort"),
        ("Focus groups with nurses", "qualitative"),
        ("A simulated ward", "model"),
        ("A mathematical model", "model"),
        ("A case series", "case report"),
        ("A scoping review", "systematic review"),
        ("Clinical practice guidelines for nurses", "guideline or consensus"),
        ("Surveyor's notes", "unknown"),
    ],
)
def test_words_decide_where_the_types_say_nothing(
    make_article: Make, title: str, design: str
) -> None:
    assert study_design(make_article(title=title)).name == design


def test_types_come_before_words_and_the_title_before_the_abstract(make_article: Make) -> None:
    survey = (Section("We did a survey.", "METHODS", "METHODS"),)
    trial = make_article(title="A survey", sections=survey, **typed("Randomized Controlled Trial"))
    assert study_design(trial).name == "trial"
    cohort = make_article(title="A cohort of nurses", sections=survey)
    assert study_design(cohort).name == "cohort"


def test_the_methods_come_before_the_rest_of_the_abstract(make_article: Make) -> None:
    background = Section("Earlier surveys were few.", "BACKGROUND", "BACKGROUND")
    methods = Section("We held focus groups.", "METHODS", "METHODS")
    assert study_design(make_article(sections=(background, methods))).name == "qualitative"
    assert study_design(make_article(sections=(background,))).name == "survey"


def test_a_record_that_says_nothing_is_unknown(make_article: Make) -> None:
    assert study_design(make_article(sections=())) is UNKNOWN
    assert study_design(make_article(title="", sections=(), publication_types=())) is UNKNOWN


def test_the_nearer_to_everyday_practice_the_more_a_design_says(make_article: Make) -> None:
    """OCEBM 2011, question 1: how common is the problem?"""
    titles = ("a survey", "a chart review", "a cohort", "a randomized trial", "a case report")
    weights = [study_design(make_article(title=t)).practice_weight for t in titles]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(weights)
    assert all(0 < w <= 1 for w in weights)


@pytest.mark.parametrize(
    ("title", "types", "guideline"),
    [
        ("Anything", ("Practice Guideline",), True),
        ("Anything", ("Guideline",), True),
        ("Adherence to it", ("Consensus Development Conference",), True),
        ("Zandoric fever: guidelines of a made-up society", (), True),
        ("Recommendations for zandoric fever", (), True),
        ("Consensus statement on zandoric fever", (), True),
        ("Scientific Statement of a made-up society", (), True),
        ("Adherence to guidelines on zandoric fever", (), False),
        ("Implementation of the guideline", (), False),
        ("Impact of new recommendations", (), False),
        ("A survey on the guideline", (), False),
        ("Awareness of guidance", (), False),
        ("Zandoric fever in nurses", (), False),
        ("Misguidelined", (), False),
        ("", (), False),
    ],
)
def test_a_study_about_a_guideline_is_no_guideline(
    make_article: Make, title: str, types: tuple[str, ...], guideline: bool
) -> None:
    assert is_guideline(make_article(title=title, **typed(*types))) is guideline


def _told(make_article: Make, title: str, methods: str, *headings: str) -> str:
    sections = (Section(methods, "METHODS", "METHODS"),)
    mesh = tuple(MeshHeading(f"D{n}", name) for n, name in enumerate(headings, 1))
    return study_design(make_article(title=title, sections=sections, mesh=mesh)).name


@pytest.mark.parametrize(
    ("title", "methods", "design"),
    [
        (
            "Zandoric fever after 8 years of follow-up",
            "A made-up questionnaire was used.",
            "cohort",
        ),
        ("Zandoric fever", "The cohort filled in a made-up questionnaire.", "cohort"),
        ("Zandoric fever", "Patients were randomized and surveyed.", "trial"),
        ("Zandoric fever", "A questionnaire was used; Cox regression was fitted.", "unknown"),
        ("Zandoric fever", "A health survey was given in each intervention arm.", "unknown"),
    ],
)
def test_a_questionnaire_makes_no_survey_of_those_followed_or_treated_in_arms(
    make_article: Make, title: str, methods: str, design: str
) -> None:
    assert _told(make_article, title, methods, "Surveys and Questionnaires") == design


def test_a_survey_stays_one_where_a_cohort_is_only_mentioned(make_article: Make) -> None:
    asked = "A cross-sectional survey of a made-up cohort of nurses."
    assert _told(make_article, "Zandoric fever", asked) == "survey"
    assert _told(make_article, "Zandoric fever", "A questionnaire was mailed.") == "survey"


def test_a_registry_of_trials_is_no_registry_of_patients(make_article: Make) -> None:
    said = "It was registered with the Clinical Trials Registry (made up)."
    assert _told(make_article, "Zandoric fever", said) == "unknown"
