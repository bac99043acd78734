"""Cues of the lexicon. All sentences here are made up."""

from __future__ import annotations

import re
import time

import pytest

from cmeneeds.evidence import lexicon
from cmeneeds.evidence.lexicon import LONGEST_SENTENCE, cues, read_lexicon, required_strings


def names(text: str, group: str = "gap") -> set[str]:
    return {cue.name for cue in cues(text) if cue.group == group}


@pytest.mark.parametrize(
    ("text", "name", "level"),
    [
        ("Foot examination was underused in clinics.", "underuse", "P"),
        ("Many cases stayed undiagnosed for years.", "underdiagnosis", "C"),
        ("Delayed diagnosis was usual.", "delay", "P"),
        ("Clinical inertia was seen everywhere.", "inertia", "P"),
        ("Despite clear guidelines, feet went unseen.", "guideline_nonadherence", "P"),
        ("Poor medication adherence was common.", "patient_nonadherence", "O"),
        ("Wide variation in practice was found.", "variation", "P"),
        ("Rural disparities in care persist.", "disparity", "O"),
        ("Nurses had limited knowledge of doses.", "knowledge_deficit", "K"),
        ("Residents felt unprepared.", "confidence_deficit", "C"),
        ("Misconceptions were widespread.", "misconception", "K"),
        ("Cost was the main barrier.", "barrier", "S"),
        ("There is room for improvement.", "suboptimal_care", "P"),
        ("Antibiotics were overprescribed; overprescribing rose.", "overuse", "P"),
        ("Inappropriate antibiotic use was usual.", "inappropriate", "P"),
        ("Care was siloed.", "team_system", "S"),
    ],
)
def test_each_kind_of_gap(text: str, name: str, level: str) -> None:
    found = [cue for cue in cues(text) if cue.name == name]
    assert found
    assert found[0].level == level
    assert found[0].weight > 0
    assert text[found[0].start : found[0].end].strip()


@pytest.mark.parametrize(
    "text",
    [
        "Loss of gap junctions was seen in cells.",
        "The blood-brain barrier was intact.",
        "The intestinal barrier was leaky.",
        "Overuse injuries of the knee healed.",
        "It was 0.8 with a 95% confidence interval of 0.6-0.9.",
        "Developmental delays in diagnosis codes.",
    ],
)
def test_homonyms_are_no_gaps(text: str) -> None:
    assert names(text) == set()


def test_a_veto_strikes_only_what_it_overlaps() -> None:
    text = "Screening was underused (95% confidence interval 20-30)."
    assert names(text) == {"underuse"}


@pytest.mark.parametrize(
    ("text", "group", "name"),
    [
        ("Further research is needed.", "research_gap", "research_gap"),
        ("We reviewed all charts.", "method", "study_method"),
        ("We recommend yearly testing.", "recommendation", "strong_for"),
        ("We suggest yearly testing.", "recommendation", "weak_for"),
        ("Routine use is not recommended.", "recommendation", "against"),
        ("There is insufficient evidence to advise.", "recommendation", "insufficient"),
        ("This is low certainty evidence.", "recommendation", "evidence_level"),
        ("It was 40 % of all.", "quantifier", "quantifier"),
        ("Most PCPs agreed.", "audience", "audience"),
    ],
)
def test_other_groups(text: str, group: str, name: str) -> None:
    assert name in names(text, group)


def test_small_letters_are_not_abbreviations() -> None:
    assert names("Take two or 3 steps.", "quantifier") == set()
    assert names("The pas were short.", "audience") == set()
    assert names("An OR 3.2 was found.", "quantifier") == {"quantifier"}


def test_order_and_repetition() -> None:
    found = cues("Underused tests, underused drugs and limited knowledge of barriers.")
    assert list(found) == sorted(found, key=lambda cue: (cue.start, cue.end))
    assert sum(cue.name == "underuse" for cue in found) == 1
    assert cues("") == ()


def test_the_filter_loses_nothing() -> None:
    """Run every pattern on words that it can match, with and without the filter."""
    table = lexicon._lexicon()
    text = "Only 40% of nurses received screening; limited knowledge of guidelines remained. "
    words = text + "Underused, delayed diagnosis, OR 3.2, grade 1A evidence, CLASS I, we Recommend."
    for rule in (*table.rules, *table.vetoes):
        if rule.pattern.search(words) and rule.hints:
            assert any(hint in words.lower() for hint in rule.hints), rule.pattern.pattern


@pytest.mark.parametrize(
    ("pattern", "strings"),
    [
        (r"\bmissed (?:care|tests?)\b", ("missed ",)),
        (r"\b(?:alpha|beta)\b", ("alpha", "beta")),
        (r"(?:alpha|b)", ()),
        (r"(?:alpha)?", ()),
        (r"(?!alpha)\w+", ()),
        (r"[ab]\d", ()),
    ],
)
def test_strings_that_a_pattern_requires(pattern: str, strings: tuple[str, ...]) -> None:
    assert required_strings(pattern) == strings


def test_the_lexicon_is_sound() -> None:
    data = read_lexicon()
    for name, entry in data["gap"].items():
        assert entry["level"] in set("KCPOS"), name
        assert entry["weight"] > 0, name
    assert {"weasel", "promotional", "unmeasurable_verbs"} <= set(data["claim_hygiene"])
    for patterns in data["word_groups"].values():
        for pattern in patterns:
            re.compile(pattern)


HOSTILE = ["a", "1", "use 1", "from ", "only ", "not ", "62% ", "\u05d0 ", "confidence interval ",
           "practice variation ", "low ", "did not \x00", "under-", "(", "a_"]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_little_time(piece: str) -> None:
    cues("warm")
    start = time.perf_counter()
    cues(piece * (200_000 // len(piece)))
    assert time.perf_counter() - start < 2


def test_the_limit_is_where_it_says() -> None:
    assert names("x" * (LONGEST_SENTENCE - 20) + " underused ")
    assert not names("x" * LONGEST_SENTENCE + " underused ")
