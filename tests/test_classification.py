"""Labels of sentences. All sentences here are made up."""

from __future__ import annotations

import json
import time

import pytest

from cmeneeds.errors import UsageError
from cmeneeds.evidence.classify import (
    LABELS,
    LEVELED,
    Sentence,
    classify,
    classify_jsonl,
    classify_sentences,
    section_kind,
    signals,
)
from cmeneeds.evidence.explain import explain
from cmeneeds.evidence.features import groups, together, tokens
from cmeneeds.evidence.lexicon import cues
from cmeneeds.evidence.model import lexical, model, probabilities, sums
from cmeneeds.evidence.rates import rates


@pytest.mark.parametrize(
    ("label", "section", "text"),
    [
        ("GAP", "RESULTS", "Only 21% of nurses received training and screening remained low."),
        ("GAP", "CONCLUSIONS", "Physicians had poor knowledge of the guidelines."),
        ("CAUSE", "RESULTS", "The main barriers were lack of time, cost and fear of side effects."),
        (
            "REC",
            "CONCLUSIONS",
            "Clinicians should screen all patients; routine use is recommended.",
        ),
        ("BURDEN", "BACKGROUND", "Stroke is a leading cause of death and disability worldwide."),
        ("EVGAP", "CONCLUSIONS", "Further research is needed and the evidence remains unclear."),
        ("OTHER", "METHODS", "We measured the expression of genes in cells of mice."),
    ],
)
def test_plain_cases(label: str, section: str, text: str) -> None:
    found = classify(text, section)
    assert found.label == label
    assert 0 < found.probability < 1


def test_level_and_actor_only_where_they_mean_something() -> None:
    gap = classify("Only 21% of physicians knew the guidelines; knowledge was poor.", "RESULTS")
    assert (gap.label, gap.level, gap.actor) == ("GAP", "K", "clin")
    patients = classify("Only 40% of patients took it and adherence was poor.", "RESULTS")
    assert (patients.label, patients.level, patients.actor) == ("GAP", "O", "pat")
    other = classify("We measured the expression of genes in cells.", "METHODS")
    assert other.label not in LEVELED
    assert (other.level, other.actor) == (None, None)


def test_the_main_rate_stands_by_the_cue() -> None:
    text = "Of all, 90% were seen by nurses, but only 21% received the recommended screening."
    rate = classify(text, "RESULTS").rate
    assert rate is not None
    assert text[rate.start : rate.end] == "21%"
    assert classify("Nothing was counted.").rate is None


@pytest.mark.parametrize(
    ("text", "section", "secondary"),
    [
        ("Previous studies have shown low uptake.", "", True),
        ("It has been estimated that half go untreated.", "", True),
        ("Cover is 40% in cities.", "BACKGROUND", True),
        ("Cover was 40% in our sample.", "RESULTS", False),
        ("Nurses were unsure.", "BACKGROUND", False),
    ],
)
def test_background_that_quotes_others(text: str, section: str, secondary: bool) -> None:
    assert classify(text, section).secondary is secondary


def test_the_section_counts() -> None:
    text = "Screening of patients by nurses remained low in these hospitals."
    assert "section:methods" in signals(text, "METHODS", (), ())
    assert classify(text, "METHODS") != classify(text, "CONCLUSIONS")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("RESULTS", "results"),
        ("Materials and Methods:", "methods"),
        ("DESIGN, SETTING, AND PARTICIPANTS", "methods"),
        ("CONCLUSIONS AND RELEVANCE", "conclusions"),
        ("title", "title"),
        ("OBJECTIVE", "objective"),
        ("INTRODUCTION", "background"),
        ("UNASSIGNED", "none"),
        ("", "none"),
    ],
)
def test_headings(heading: str, kind: str) -> None:
    assert section_kind(heading) == kind


def test_probabilities_of_all_labels_add_up() -> None:
    scores = lexical(["Only 21% of nurses were trained.", "Cells of mice were measured.", ""])
    told = probabilities(scores)
    assert told.shape == (3, len(LABELS))
    assert told.sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert told.min() > 0


MANY = [
    Sentence("Only 21% of nurses received training and screening remained low.", "RESULTS"),
    Sentence("We measured the expression of genes in cells of mice.", "METHODS"),
    Sentence(""),
    Sentence("The main barriers were lack of time, cost and fear of side effects."),
    Sentence("\u0130stanbul: 40% of patients were screened.", "RESULTS"),
] * 150


def test_many_at_once_get_what_each_gets_alone() -> None:
    labels = classify_sentences(MANY)
    assert len(labels) == len(MANY)
    assert labels[:5] == labels[5:10]
    for sentence, label in zip(MANY[:5], labels, strict=False):
        alone = classify(sentence.text, sentence.section)
        assert (alone.label, alone.level, alone.actor) == (label.label, label.level, label.actor)
        assert alone.probability == pytest.approx(label.probability, abs=1e-3)
        assert (alone.rate, alone.cues) == (label.rate, label.cues)
    assert classify_sentences([]) == []


def test_rates_of_screened_sentences_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    screened = [Sentence("The mutation was found in 12/40 (30%) of tumours.", "RESULTS")]
    monkeypatch.setattr("cmeneeds.evidence.classify.worth_a_look", lambda scores: [False])
    (full,), (lean,) = classify_sentences(screened), classify_sentences(screened, False)
    assert full.rate is not None
    assert lean.rate is None
    assert full.label == lean.label == "OTHER"


# --- negation, and words that look like gaps ----------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "No difference in knowledge was found between the groups.",
        "The blood-brain barrier was impaired in these mice.",
        "The anion gap was low in these samples.",
        "Cellular uptake of the particles was poor.",
        "Arterial compliance was low in this model.",
        "Little is known about the mechanism of this protein.",
        "Further research is needed to close this knowledge gap.",
    ],
)
def test_what_is_no_practice_gap(text: str) -> None:
    assert classify(text).label != "GAP"


# --- reasons ------------------------------------------------------------------------------------


def test_reasons_name_words_and_where_they_stand() -> None:
    text = "Screening remained low, and only 21% of nurses had been trained."
    reasons = explain(text, "RESULTS")
    assert 0 < len(reasons) <= 8
    sizes = [abs(reason.points) for reason in reasons]
    assert sizes == sorted(sizes, reverse=True)
    placed = [reason for reason in reasons if reason.start is not None and reason.kind == "runs"]
    for reason in placed:
        words = [word for word in reason.feature.split(" ") if word not in "^$"]
        assert tokens(text[reason.start : reason.end]) == words
    assert explain(text, "RESULTS", label="OTHER") != reasons


def test_reasons_add_up_to_the_score() -> None:
    text = "Only 21% of nurses were trained."
    every = explain(text, "RESULTS", label="GAP", most=10_000)
    found = cues(text)
    told = groups(text)
    named = signals(text, "RESULTS", found, rates(text), told)
    scores = lexical([text]) + sums("groups", [together(told, text)]) + sums("signals", [named])
    labels = scores[0, : len(LABELS)] - model().intercept[: len(LABELS)]
    assert sum(one.points for one in every) == pytest.approx(labels[0] - labels.mean(), abs=0.02)


@pytest.mark.parametrize("text", ["", "\u0130" * 50, "%" * 9000, "\x00low", "low " * 9000])
def test_reasons_for_hostile_text(text: str) -> None:
    for reason in explain(text):
        assert reason.start is None or 0 <= reason.start < (reason.end or 0) <= len(text)


def test_json_lines_can_say_why() -> None:
    line = '{"id": 1, "text": "Only 31/50 (62%) of nurses knew.", "section": "RESULTS"}'
    (answer,) = classify_jsonl([line], explain=True)
    assert list(answer)[-1] == "because"
    assert {"feature", "kind", "points", "start", "end"} == set(answer["because"][0])
    json.dumps(answer, allow_nan=False)


# --- hostile text -------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", ["a", "low ", "only 1% ", "\x00", "\u05d0 ", "1 of ", "study "])
def test_hostile_text_takes_little_time(piece: str) -> None:
    classify("warm")
    start = time.perf_counter()
    classify(piece * (200_000 // len(piece)))
    assert time.perf_counter() - start < 3


def test_empty_text_is_other() -> None:
    assert classify("").label == "OTHER"


def test_json_lines() -> None:
    lines = [
        '{"id": "a", "text": "Only 31/50 (62%) of nurses knew.", "section": "RESULTS"}\n',
        "\n",
        '{"text": "We measured cells of mice.", "title": null}',
        '{"id": 7, "text": ""}',
    ]
    first, second, third = classify_jsonl(lines)
    assert list(first) == [
        "id", "label", "probability", "level", "actor", "value", "numerator", "denominator",
    ]  # fmt: skip
    assert (first["id"], first["value"], first["numerator"], first["denominator"]) == (
        "a", 62.0, 31, 50,
    )  # fmt: skip
    assert first["label"] in LABELS
    assert (second["id"], second["value"], third["id"]) == (None, None, 7)
    json.dumps([first, second, third], allow_nan=False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ("null", "line 2 is not a JSON object"),
        ("{}", 'line 2 has no "text"'),
        ('{"text": 3}', 'line 2: "text" is not a string'),
        ('{"text": null}', 'line 2: "text" is not a string'),
        ('{"text": "x", "section": 3}', 'line 2: "section" is not a string'),
        ('{"text": "x", "title": []}', 'line 2: "title" is not a string'),
        ('{"text": "x", "id": {}}', 'line 2: "id" is neither'),
        ('{"text": "x", "id": NaN}', "line 2 is not JSON"),
        ("[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_bad_lines_are_named(line: str, message: str) -> None:
    results = classify_jsonl(['{"text": "Fine."}', line])
    next(results)
    with pytest.raises(UsageError) as caught:
        next(results)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
