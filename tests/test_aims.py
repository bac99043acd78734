"""Sentences that report nothing, and headings typed into a text. All sentences are made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cmeneeds import find
from cmeneeds.evidence.aims import (
    heading_at,
    is_aim,
    only_tells_of_availability,
    typed_headings,
)
from cmeneeds.records import Article, MeshHeading, Section

Make = Callable[..., Article]


@pytest.mark.parametrize(
    "text",
    [
        "Objective: To assess how often nurses check zandor doses.",
        "To describe trends in zandor use and identify gaps in practice.",
        "The aim of this study was to examine low zandor uptake.",
        "We aimed to find out why few nurses check doses.",
        "This made-up survey was undertaken to explain why uptake is poor.",
        "We hypothesized that zandoric fever is underdiagnosed.",
    ],
)
def test_what_a_study_is_for_reports_nothing(text: str) -> None:
    assert is_aim(text)


@pytest.mark.parametrize(
    "text",
    [
        "To assess this, we asked 40 nurses, of whom few checked the dose.",
        "Only 12% of nurses check zandor doses.",
        "The goal of treatment is rarely reached.",
        "Few hospitals aimed to check doses.",
    ],
)
def test_what_a_study_found_is_no_aim(text: str) -> None:
    assert not is_aim(text)


def test_that_something_can_be_had_is_no_shortfall() -> None:
    assert only_tells_of_availability("Objective: The zandor vaccine is currently available.")
    assert not only_tells_of_availability("The zandor vaccine is not available.")
    assert not only_tells_of_availability("Only few zandor tests are available.")
    assert not only_tells_of_availability("Tests are available, but few nurses use them.")


def test_headings_typed_into_a_text_are_known(make_article: Make) -> None:
    text = "Objective: To count. Methods: We counted. Results: Only 12% of nurses checked doses."
    headings = typed_headings(text)
    assert [h.words for h in headings] == ["Objective", "Methods", "Results"]
    assert heading_at(headings, text.index("Only"), "") == "Results"
    assert heading_at([], 0, "AIM") == "AIM"
    bare = "Background Zandor is old. Methods We counted. Results Of 310 nurses, few knew."
    assert [h.words for h in typed_headings(bare)] == ["Background", "Methods", "Results"]
    assert typed_headings("Results Of the zandor trial were used.") == []


def test_an_aim_and_mere_availability_become_no_findings(make_article: Make) -> None:
    available = "Objective: The zandor vaccine is currently available."
    found = "Results: Only 12% of nurses checked the zandor dose as guidelines recommend."
    record = make_article(pmid=9, sections=(Section(f"{available} {found}"),))
    findings = find([record])
    assert available not in set(findings["text"])
    assert list(findings["text"]) == [found]


def test_results_under_a_typed_heading_are_first_hand(make_article: Make) -> None:
    said = "Only 12% of nurses checked the zandor dose as guidelines recommend."
    aim = "We studied nurses."
    as_aim = make_article(pmid=8, sections=(Section(f"{aim} {said}", "OBJECTIVE", "OBJECTIVE"),))
    typed = make_article(
        pmid=9, sections=(Section(f"{aim} RESULTS: {said}", "OBJECTIVE", "OBJECTIVE"),)
    )
    assert list(find([as_aim])["secondary"]) == [True]
    assert list(find([typed])["secondary"]) == [False]


def test_unindexed_records_about_animals_alone_are_not_read(make_article: Make) -> None:
    said = (Section("Only 12% of nurses checked the zandor dose as guidelines recommend."),)
    assert find([make_article(title="Zandoric fever in mice", sections=said)]).empty
    for title in ("Zandoric fever in mice and patients", "Porcine valves and zandoric fever"):
        assert not find([make_article(title=title, sections=said)]).empty
    indexed = make_article(
        title="Zandoric fever in mice", sections=said, mesh=(MeshHeading("D1", "Humans"),)
    )
    assert not find([indexed]).empty
