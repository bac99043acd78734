"""Whose practice was measured, beside the learners of the brief. All records are made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cmeneeds.brief import Brief
from cmeneeds.evidence.study_facts import study_facts
from cmeneeds.gaps.audience import Fit, asked_of, fit, flag
from cmeneeds.records import Article, Section

Make = Callable[..., Article]


def asked(text: str):  # type: ignore[no-untyped-def]
    brief = f"topic: zandoric fever\naudience:\n{text}\nyears: 2011-2021\nas_of: 2021-06-01\n"
    return asked_of(Brief.parse(brief).audience)


LEARNERS = asked(
    "  - {profession: physicians, specialty: family medicine, setting: primary care,"
    " country: United States}"
)


def told(make_article: Make, methods: str) -> Fit:
    record = make_article(pmid=1, title="Zandoric fever", sections=(Section(methods, "METHODS"),))
    return fit(LEARNERS, study_facts(record))


def test_family_physicians_are_general_practitioners_too() -> None:
    assert {"physicians", "general practitioners"} <= LEARNERS.professions
    assert LEARNERS.countries == {"United States"}
    assert LEARNERS.settings == {"primary care"}


@pytest.mark.parametrize(
    ("methods", "profession", "country", "setting"),
    [
        ("We surveyed physicians in primary care in the United States.", "same", "same", "same"),
        ("We surveyed surgeons in hospitals in Norway.", "related", "other", "other"),
        ("We surveyed nurses in outpatient clinics in Canada.", "other", "other", "related"),
        ("We surveyed health care workers.", "related", "unknown", "unknown"),
        ("We counted made-up things.", "unknown", "unknown", "unknown"),
    ],
)
def test_a_study_is_compared_by_profession_country_and_setting(
    make_article: Make, methods: str, profession: str, country: str, setting: str
) -> None:
    found = told(make_article, methods)
    assert (found.profession, found.country, found.setting) == (profession, country, setting)
    assert f"profession {profession}" in found.words


def test_what_the_sentence_says_goes_before_its_record(make_article: Make) -> None:
    record = make_article(pmid=1, sections=(Section("We surveyed nurses.", "METHODS"),))
    assert fit(LEARNERS, study_facts(record), ["physicians"]).profession == "same"


def test_foreign_data_alone_are_marked(make_article: Make) -> None:
    here = told(make_article, "We surveyed physicians in the United States.")
    abroad = told(make_article, "We surveyed physicians in Norway.")
    nowhere = told(make_article, "We surveyed physicians.")
    assert flag([abroad]) == "measured in other countries only"
    assert flag([nowhere]) == "no source says in which country"
    assert flag([abroad, here]) == ""
    nurses = told(make_article, "We surveyed nurses in the United States.")
    assert flag([nurses]) == "measured in other professions only"
    assert here.nearness > nowhere.nearness > abroad.nearness


def test_an_unknown_country_is_never_taken_for_the_same(make_article: Make) -> None:
    assert told(make_article, "We surveyed physicians.").country == "unknown"
    without = asked("  - {profession: nurses}")
    assert fit(without, None).country == "unknown"
