"""Labels of sentences. All sentences here are made up."""

from __future__ import annotations

import json
import time
from importlib import resources

import pytest

from cmeneeds.errors import UsageError
from cmeneeds.evidence.classify import (
    LABELS,
    LEVELED,
    classify,
    classify_jsonl,
    section_kind,
    signals,
)


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
    text = "Screening of patients was compared between hospitals."
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


def test_probabilities_are_measured_and_grow_with_the_margin() -> None:
    source = resources.files("cmeneeds.data") / "cue_weights.json"
    data = json.loads(source.read_text(encoding="utf-8"))
    assert set(data["shares"]) == set(LABELS) == set(data["label"]["classes"])
    assert data["about"]
    for label in LABELS:
        shares, counts = data["shares"][label], data["right_of_decided"][label]
        assert shares == sorted(shares)
        assert len(shares) == len(counts) == len(data["bands"]) + 1
        right, decided = (sum(column) for column in zip(*counts, strict=True))
        promised = sum(share * n for share, (_, n) in zip(shares, counts, strict=True)) / decided
        # What is promised is, over all decisions, what was measured.
        assert promised == pytest.approx(right / decided, abs=0.03)


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
