"""What a finding is about: a subject in the records' own words, and a group. All made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations

import pytest

from cmeneeds.brief import Brief
from cmeneeds.gaps.subjects import UNSTATED, Vocabulary, group_in, group_of
from cmeneeds.gaps.terms import TermIndex, content_words, fold, tokens
from cmeneeds.records import Article, Keyword, MeshHeading, Section
from cmeneeds.works import Work

Make = Callable[..., Article]

BRIEF = Brief.parse("""\
topic: zandoric fever
synonyms: [zandoric fever, zandor's disease, zandorvaccin*]
mesh: ["Fever, Zandoric"]
audience: [{profession: nurses}]
years: 2015-2021
as_of: 2021-06-01
""")


def vocabulary(make: Make, *keywords: tuple[str, ...], **fields: object) -> Vocabulary:
    """The vocabulary of records with these keywords."""
    records = [
        make(pmid=n, keywords=tuple(Keyword(k) for k in given), **fields)
        for n, given in enumerate(keywords, 1)
    ]
    return Vocabulary(records, BRIEF)


# --- words --------------------------------------------------------------------------------------


def names_of(article: Article) -> list[str]:
    return Work("", article).names


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Vaccines", "vaccine"),
        ("studies", "study"),
        ("diagnosis", "diagnosis"),
        ("virus", "virus"),
        ("illness", "illness"),
        ("gas", "gas"),
        ("NURSES", "nurse"),
        ("ties", "tie"),
    ],
)
def test_words_are_compared_without_case_and_plural(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_content_words_leave_out_what_carries_no_meaning() -> None:
    assert content_words("The nurses of an OR should check the doses") == {
        "nurse",
        "check",
        "dose",
    }


def test_terms_are_found_whole_and_in_order() -> None:
    index = TermIndex([("dose", "check"), ("dose",), ("check", "dose")])
    assert index.find(tokens("Dose-checks, then doses")) == [("dose", "check"), ("dose",)]
    assert index.find(tokens("overdose recheck")) == []


# --- groups -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "actor"),
    [
        ("Nurses answered.", "nurses", "clin"),
        ("Nursing students answered.", "nursing students", "clin"),
        ("Medical students and students answered.", "medical students", "clin"),
        ("Students answered.", "students", "pat"),
        ("Health care workers and patients answered.", "health care personnel", "clin"),
        ("Primary care physicians answered.", "primary care clinicians", "clin"),
        ("Physicians answered.", "physicians", "clin"),
        ("Patients with cancer answered.", "people with cancer", "pat"),
        ("Patients answered.", "patients", "pat"),
        ("Hospitals answered.", "hospitals and health systems", "sys"),
        ("Physicians and nurses answered.", "nurses", "clin"),
        ("Something was answered.", UNSTATED.name, ""),
        ("", UNSTATED.name, ""),
    ],
)
def test_the_specific_group_comes_before_the_general(text: str, name: str, actor: str) -> None:
    group = group_of(text)
    assert (group.name, group.actor) == (name, actor)


def test_the_sentence_names_the_group_before_the_title_does() -> None:
    assert group_of("Only few patients came.", "A survey of nurses").name == "patients"
    assert group_of("Only few came.", "A survey of nurses").name == "nurses"


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Overall, 40% of participants refused.", "nurses"),
        ("Of respondents, 40% refused, which is comparable to patients.", "nurses"),
        ("Refusal was more common than in the general population.", "nurses"),
        ("Compared with physicians, 40% refused.", "nurses"),
        ("Among Black respondents 40% refused.", "nurses"),
        ("Among Black patients 40% refused.", "migrants and minority communities"),
        ("More than half of patients refused.", "patients"),
        ("Physicians refused more often than patients.", "physicians"),
    ],
)
def test_whoever_was_studied_are_those_whom_the_title_names(sentence: str, name: str) -> None:
    assert group_of(sentence, "A survey of nurses").name == name


def test_a_trait_of_patients_and_the_public_stays_a_group_of_its_own() -> None:
    said = "Among Black respondents 40% refused."
    assert group_of(said, "A survey of homeless people").name == "migrants and minority communities"
    assert group_of(said).name == "migrants and minority communities"


def test_whoever_was_studied_are_the_public_where_no_one_else_is_named() -> None:
    assert group_of("Of adults, 40% refused.", "Zandoric fever").name == "general public"


def test_methods_tell_the_group_where_the_title_does_not(make_article: Make) -> None:
    methods = Section("We distributed a made-up questionnaire to nurses.", "METHODS", "METHODS")
    article = make_article(pmid=1, title="Zandoric fever", sections=(methods,))
    assert group_in("Only 12% answered.", Work("pmid-1", article)).name == "nurses"
    titled = make_article(pmid=1, title="Zandoric fever in hospitals", sections=(methods,))
    assert group_in("Only 12% answered.", Work("pmid-1", titled)).actor == "sys"


# --- subjects -----------------------------------------------------------------------------------


def test_a_subject_is_named_in_the_records_own_words(make_article: Make) -> None:
    words = vocabulary(make_article, ("Dose Checks",), ("dose check",), ("dose check",))
    core = words.core_in("Many dose checks were missed.")
    assert core == ("check", "dose")
    assert words.name(core, BRIEF.topic) == "dose check"
    assert words.name((), BRIEF.topic) == "zandoric fever"


def test_headings_name_subjects_as_keywords_do(make_article: Make) -> None:
    record = make_article(pmid=1, mesh=(MeshHeading("D1", "Blood Culture"),))
    assert Vocabulary([record], BRIEF).core_in("blood cultures were late") == ("blood", "cultur")


def test_words_of_the_topic_do_not_tell_subjects_apart(make_article: Make) -> None:
    words = vocabulary(make_article, ("zandoric fever dose check",), ("zandorvaccination uptake",))
    assert words.core_in("the zandoric fever dose check") == ("check", "dose")
    assert words.core_of(tokens("zandorvaccines uptake")) == ("uptak",)
    only = vocabulary(make_article, ("zandoric fever",), ("zandor's disease",))
    assert only.core_in("zandoric fever in zandor's disease") == ()


@pytest.mark.parametrize(
    "word", ["Adult", "education", "Humans", "COVID-19", "nurses", "2021", "ab"]
)
def test_general_words_groups_and_numbers_are_no_subjects(make_article: Make, word: str) -> None:
    assert vocabulary(make_article, (word,)).core_in(f"about {word} here") == ()


def test_long_keywords_are_no_subjects(make_article: Make) -> None:
    words = vocabulary(make_article, ("one bright dose check every single day",))
    assert words.core_in("one bright dose check every single day") == ()


def test_of_several_subjects_the_one_with_most_records_is_taken(make_article: Make) -> None:
    words = vocabulary(make_article, ("dose check",), ("blood culture",), ("blood culture",))
    assert words.core_in("dose check and blood culture") == ("blood", "cultur")
    even = vocabulary(make_article, ("infusion pump dose",), ("blood culture",))
    assert even.core_in("blood culture, infusion pump dose") == ("dose", "infusion", "pump")


def test_the_same_keyword_twice_in_a_record_counts_once(make_article: Make) -> None:
    words = vocabulary(
        make_article, ("dose check", "Dose checks", "dose checks"), ("blood culture",),
        ("blood culture",),
    )  # fmt: skip
    assert words.core_in("dose check and blood culture") == ("blood", "cultur")


def test_the_sentence_names_the_subject_before_the_title_does(make_article: Make) -> None:
    words = vocabulary(make_article, ("dose check",), ("blood culture",), ("blood culture",))
    assert words.core_in("dose checks", "blood cultures") == ("check", "dose")
    assert words.core_in("nothing", "blood cultures") == ("blood", "cultur")
    assert words.core_in("nothing", "nothing") == ()


def test_the_order_of_records_changes_no_subject_and_no_name(make_article: Make) -> None:
    given = [("Dose Check",), ("dose checks", "Blood Culture"), ("blood cultures",), ("pump",)]
    answers = set()
    for order in permutations(given):
        words = vocabulary(make_article, *order)
        core = words.core_in("pump, dose check and blood culture")
        answers.add((core, words.name(core, ""), words.name(("check", "dose"), "")))
    assert len(answers) == 1


# --- about the topic ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "about"),
    [
        ("Zandoric fever in adults", True),
        ("ZANDORIC FEVERS: a review", True),
        ("Fever, zandoric", True),
        ("Zandorvaccination in nurses", True),
        ("Zandor's disease", True),
        ("Fever of zandoric origin", False),
        ("Something else", False),
        ("Prezandorvaccination", False),
        ("", False),
    ],
)
def test_a_record_is_about_the_topic_if_it_names_it_whole(
    make_article: Make, title: str, about: bool
) -> None:
    assert Vocabulary([], BRIEF).is_about(names_of(make_article(pmid=1, title=title))) is about


def test_keywords_and_headings_also_say_what_a_record_is_about(make_article: Make) -> None:
    words = Vocabulary([], BRIEF)
    assert words.is_about(names_of(make_article(pmid=1, keywords=(Keyword("zandoric fever"),))))
    headed = make_article(pmid=1, mesh=(MeshHeading("D1", "Fever, Zandoric"),))
    assert words.is_about(names_of(headed))
    assert not words.is_about(names_of(make_article(pmid=1, keywords=(Keyword("fever"),))))


def test_many_keywords_are_read_quickly(make_article: Make) -> None:
    chance = random.Random(1)
    given = [tuple(f"word{chance.randrange(3000)} thing" for _ in range(20)) for _ in range(300)]
    words = vocabulary(make_article, *given)
    assert words.core_in("word1 thing " * 2000) in {("thing", "word1"), ()}


# --- names of rows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term",
    ["Racism", "ethnicity", "Ethnic and Racial Minorities", "skilled nursing facilities",
     "Readability", "Consensus", "people with zandorosis", "Sub-Saharan Africa", "Uganda",
     "Nursing Homes",
     "Hospital physicians", "Cost-Effectiveness", "longitudinal", "Mixed-methods study"],
)  # fmt: skip
def test_people_places_traits_and_methods_name_no_row(make_article: Make, term: str) -> None:
    words = vocabulary(make_article, (term,))
    assert words.core_in(f"Much was said of {term} there.") == ()


@pytest.mark.parametrize(
    "term", ["dose check", "Telemedicine", "vaccine acceptance", "Mammography", "home care"]
)
def test_care_and_behaviors_name_rows(make_article: Make, term: str) -> None:
    words = vocabulary(make_article, (term,))
    assert words.core_in(f"Much was said of {term} there.") != ()


def test_what_people_are_unaware_of_is_the_subject(make_article: Make) -> None:
    words = vocabulary(make_article, ("zandotension", "kidney test"), ("zandotension",))
    core = words.core_in("Patients with zandotension were unaware of the kidney test.")
    assert words.name(core, "") == "kidney test"
    # Unknown to the records: neither another word of the sentence nor the title takes its place.
    assert words.core_in("Half with zandotension were unaware of their risk.", "Kidney test") == ()
    assert words.core_in("Nurses were aware of the need for a kidney test.") != ()


@pytest.mark.parametrize("term", ["ZFX, zandoric fever", "zandoric fever (ZFX)"])
def test_the_topic_under_two_names_is_no_subject_of_its_own(make_article: Make, term: str) -> None:
    words = vocabulary(make_article, (term,))
    assert words.core_in(f"Few with {term} were seen.") == ()
