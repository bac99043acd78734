"""Study facts, read from made-up records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cmeneeds.evidence.passages import parse_address
from cmeneeds.evidence.study import designed
from cmeneeds.evidence.study_facts import StudyFacts, study_facts
from cmeneeds.records import Article, MeshHeading, PartialDate, Section, Term

Make = Callable[..., Article]


def read(make: Make, methods: str, title: str = "Zandoric fever", **more: Any) -> StudyFacts:
    sections = (Section(methods, "METHODS", "METHODS"),)
    return study_facts(make(title=title, sections=sections, **more))


def test_every_fact_leads_to_its_words(make_article: Make) -> None:
    article = make_article(
        title="Zandoric fever in Japan: a survey of nurses",
        sections=(
            Section("Earlier, 900 doctors in Italy were asked.", "BACKGROUND", "BACKGROUND"),
            Section(
                "A total of 512 nurses in primary care were asked from 2015 to 2018.", "METHODS",
                "METHODS",
            ),
        ),
    )  # fmt: skip
    facts = study_facts(article)
    row = facts.row()
    assert {k: v for k, v in row.items() if not k.endswith("_passage")} == {
        "design": "survey",
        "sample_size": "512",
        "data_years": "2015-2018",
        "countries": "Japan",
        "settings": "primary care",
        "populations": "unknown",
        "professions": "nurses",
    }

    def words(name: str) -> str:
        place = parse_address(row[f"{name}_passage"])
        return article.text_of(place.section)[place.start : place.end]

    assert words("design") == "survey"
    assert words("sample_size") == "512"
    assert words("data_years") == "2015 to 2018"
    assert words("countries") == "Japan"
    assert words("settings") == "primary care"
    assert words("professions") == "nurses"


def test_a_record_that_says_nothing_is_unknown_throughout(make_article: Make) -> None:
    row = study_facts(make_article(title="", sections=(), publication_types=())).row()
    assert {v for k, v in row.items() if not k.endswith("_passage")} == {"unknown"}
    assert {v for k, v in row.items() if k.endswith("_passage")} == {""}


@pytest.mark.parametrize(
    ("methods", "size"),
    [
        ("A total of 1,204 nurses were asked.", "1204"),
        ("We used a sample of 512.", "512"),
        ("We asked 40 hospitals; 512 nurses responded.", "512"),
        ("Twenty-five nurses completed the form.", "25"),
        ("Nurses (N = 512) were asked.", "512"),
        ("In 2019 nurses were asked, 62% of them twice.", "unknown"),
        ("Nurses worked 12 hours for 30 days.", "unknown"),
        ("Groups had n = 18 each.", "unknown"),
    ],
)
def test_the_plainest_number_is_the_sample_size(
    make_article: Make, methods: str, size: str
) -> None:
    assert read(make_article, methods).sample_size.value == size


@pytest.mark.parametrize(
    ("methods", "years"),
    [
        ("They were seen between January 2015 and December 2018.", "2015-2018"),
        ("They were seen in 2015-18.", "2015-2018"),
        ("They were seen from July 1, 2019 to July 31, 2019.", "2019"),
        ("They were seen from June to August 2019.", "2019"),
        ("They were seen in May 2019.", "2019"),
        ("They were seen in February-May 2019.", "2019"),
        ("It follows a guideline published in 2019.", "unknown"),
        ("The search was updated in May 2019.", "unknown"),
        ("They will be seen in 2031.", "unknown"),
        ("They took 2019 tablets.", "unknown"),
    ],
)
def test_years_of_data_are_not_years_of_papers(
    make_article: Make, methods: str, years: str
) -> None:
    published = PartialDate("2021", 2021)
    assert read(make_article, methods, published=published).data_years.value == years


@pytest.mark.parametrize(
    ("title", "countries"),
    [
        ("Nurses in England, the US and Viet Nam", "United Kingdom; United States; Vietnam"),
        ("A study of Dutch general practitioners", "Netherlands"),
        ("Northern Ireland and South Sudan", "United Kingdom; South Sudan"),
        ("Tell us about guinea pigs and the American Journal", "unknown"),
    ],
)
def test_countries_are_named_not_guessed(make_article: Make, title: str, countries: str) -> None:
    assert read(make_article, "", title).row()["countries"] == countries


def test_headings_name_the_country_where_the_words_do_not(make_article: Make) -> None:
    mesh = (MeshHeading("D1", "Japan", kind="Geographic"), MeshHeading("D2", "Fever"))
    (country,) = read(make_article, "", mesh=mesh).countries
    assert (country.value, country.passage, country.source) == ("Japan", "", "MeSH")


@pytest.mark.parametrize(
    ("fact", "title", "values"),
    [
        ("settings", "A tertiary care hospital and its ICU",
         "tertiary hospital; intensive care unit"),
        ("settings", "Emergency departments and nursing homes",
         "emergency department; nursing home"),
        ("populations", "Pregnant women and older adults", "pregnant women; older adults"),
        ("professions", "Family physicians, midwives and neurologists",
         "general practitioners; nurses; specialists"),
        ("professions", "The residents of a town", "unknown"),
        ("professions", "Surgical residents", "residents and trainees"),
    ],
)  # fmt: skip
def test_settings_populations_and_professions(
    make_article: Make, fact: str, title: str, values: str
) -> None:
    assert read(make_article, "", title).row()[fact] == values


def test_headings_tell_the_design_before_the_abstract_does(make_article: Make) -> None:
    mesh = (MeshHeading("D1", "Surveys and Questionnaires"),)
    sections = (Section("We did it retrospectively.", "METHODS", "METHODS"),)
    found = designed(make_article(title="Zandoric fever", mesh=mesh, sections=sections))
    assert (found.design.name, found.source) == ("survey", "MeSH")
    trial = make_article(mesh=mesh, publication_types=(Term("Randomized Controlled Trial"),))
    assert designed(trial).source == "publication type"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["2019 ", "12 nurses ", "in ", "a", "United ", "1 ", "May ", "to 2019 "]
)
def test_hostile_text_neither_stalls_nor_crashes(make_article: Make, piece: str) -> None:
    read(make_article, piece * (100_000 // len(piece)))
