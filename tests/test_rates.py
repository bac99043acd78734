"""Rates in sentences. All sentences here are made up."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmeneeds.evidence.rates import rates
from cmeneeds.records import Markup


@pytest.mark.parametrize(
    ("text", "printed", "value", "numerator", "denominator", "kind", "agrees"),
    [
        ("Seen in 62% of all.", "62%", 62, None, None, "percent", None),
        ("Seen in 62.5 % of all.", "62.5 %", 62.5, None, None, "percent", None),
        ("Seen in 62·5% of all.", "62·5%", 62.5, None, None, "percent", None),
        ("Seen in 62\u202f% of all.", "62\u202f%", 62, None, None, "percent", None),
        ("Seen in 62 per cent of all.", "62 per cent", 62, None, None, "percent", None),
        ("Seen in 62 percent of all.", "62 percent", 62, None, None, "percent", None),
        ("Seen in 12-15% of all.", "12-15%", None, None, None, "percent", None),
        ("Seen in 12% to 15% of all.", "12% to 15%", None, None, None, "percent", None),
        ("Seen in 31/50 visits.", "31/50", 62, 31, 50, "fraction", None),
        ("Seen in 31 of 50 visits.", "31 of 50", 62, 31, 50, "fraction", None),
        ("Seen in 31 of the 50 visits.", "31 of the 50", 62, 31, 50, "fraction", None),
        ("Seen in 31 out of 50 visits.", "31 out of 50", 62, 31, 50, "fraction", None),
        ("Seen in 1,204 of 2,000.", "1,204 of 2,000", 60.2, 1204, 2000, "fraction", None),
        ("Seen in 62% (124/200).", "62% (124/200)", 62, 124, 200, "percent", True),
        ("Seen in 124/200 (62%).", "124/200 (62%)", 62, 124, 200, "percent", True),
        ("In 124 of 200 (62.0%).", "124 of 200 (62.0%)", 62, 124, 200, "percent", True),
        ("In 62% (n = 124/200).", "62% (n = 124/200)", 62, 124, 200, "percent", True),
        ("In 27/73 nurses (63%).", "27/73 nurses (63%)", 63, 27, 73, "percent", False),
        ("In 62% (124/200; 95% CI 55-69%).", "62% (124/200", 62, 124, 200, "percent", True),
        ("In some (n = 124; 62%).", "n = 124; 62%", 62, 124, None, "percent", None),
        ("In 62% (n = 124).", "62% (n = 124)", 62, 124, None, "percent", None),
        ("In all, 124 (62%) knew.", "124 (62%)", 62, 124, None, "percent", None),
        ("Two thirds of nurses knew.", "Two thirds", 66.6667, None, None, "words", None),
        ("One in five nurses knew.", "One in five", 20, None, None, "words", None),
        ("About 1 in 5 nurses knew.", "1 in 5", 20, None, None, "words", None),
        ("Over half of the nurses knew.", "half", 50, None, None, "words", None),
        ("Nearly a quarter of them knew.", "a quarter", 25, None, None, "words", None),
    ],
)
def test_what_is_a_rate(
    text: str,
    printed: str,
    value: float | None,
    numerator: int | None,
    denominator: int | None,
    kind: str,
    agrees: bool | None,
) -> None:
    (rate,) = rates(text)
    assert text[rate.start : rate.end] == printed
    assert rate[:3] == (value, numerator, denominator)
    assert (rate.kind, rate.agrees) == (kind, agrees)


@pytest.mark.parametrize(
    "text",
    [
        "It differed (p < 0.05, p = 3%).",
        "It was 0.8 (95% CI 40-52%).",
        "It was 0.8 (95% confidence interval, 40% to 52%).",
        "It was 0.8 (CI 95%: 40-52%).",
        "The odds ratio was 2.1 (1.2-3.4).",
        "They were aged 40-52 years.",
        "They took 20 mg of 40 mg tablets.",
        "The blood pressure was 120/80 mmHg; BP fell to 80/120.",
        "A target of 90/140 mmHg was set.",
        "It took place on 5/6/2020 and in 2019/2020.",
        "This gives 90% power at a 5% significance level.",
        "Help was there 24/7.",
        "The HbA1c was 7 % at baseline.",
        "An HbA1c level below 7.0% was the goal.",
        "Mean oxygen saturation was 92%.",
        "The ejection fraction was ≤40%.",
        "Use increased by 12% in a year.",
        "There was a 12% reduction and a decline of 30%.",
        "It rose 12 percentage points.",
        "They were 38% less likely to attend.",
        "They rinsed with 0.9% saline and 5% dextrose.",
        "The mean score was 14/20, and pain 3/10.",
        "It was a phase 2/3 trial.",
        "Vision was 20/40 in both eyes.",
        "The change was -12%.",
        "It rose to 250% of normal.",
        "It happened 3/1000 times.",
        "In the first half of the year it fell.",
    ],
)
def test_what_is_no_rate(text: str) -> None:
    assert rates(text) == ()


def test_the_rate_before_its_interval_is_kept() -> None:
    text = "It was 36.4% (95% CI 30-42%) and 12% (range 10-50%), HbA1c <7% in 40%."
    assert [rate.value for rate in rates(text)] == [36.4, 12, 40]


def test_before_and_after_are_two_rates() -> None:
    assert [rate.value for rate in rates("It rose from 40% to 62%.")] == [40, 62]
    assert [rate.value for rate in rates("It was 40% vs 62%.")] == [40, 62]


@pytest.mark.parametrize(
    ("percent", "agrees"), [("66.7", True), ("66.6", True), ("67", True), ("66.5", False),
                            ("65", False), ("68", False)]
)  # fmt: skip
def test_rounding_and_cutting_off_agree(percent: str, agrees: bool) -> None:
    (rate,) = rates(f"In 200/300 ({percent}%) it did.")
    assert rate.agrees is agrees


def test_superscripts_make_no_numbers() -> None:
    text = "A count of 109/200 was seen."
    assert len(rates(text)) == 1
    assert rates(text, [Markup(13, 14, "sup")]) == ()
    assert len(rates(text, [Markup(13, 14, "i")])) == 1
    reference = "It was 62%12 of all."
    (rate,) = rates(reference, [Markup(10, 12, "sup")])
    assert reference[rate.start : rate.end] == "62%"


def test_several_in_a_row() -> None:
    text = "There were 49 (62%), 20 (25%) and 10 (13%)."
    assert [(rate.numerator, rate.value) for rate in rates(text)] == [(49, 62), (20, 25), (10, 13)]


@given(st.text(alphabet=st.sampled_from("0123456789%/()., -–ofn=CI±·"), max_size=120))
def test_spans_are_in_order_and_values_are_shares(text: str) -> None:
    at = 0
    for rate in rates(text):
        assert at <= rate.start < rate.end <= len(text)
        assert rate.value is None or 0 <= rate.value <= 100
        assert rate.denominator is None or 0 <= (rate.numerator or 0) <= rate.denominator
        at = rate.end


@pytest.mark.parametrize(
    "piece",
    ["1", "1/", "1 ", "1%", "62% ", "95% CI ", "increased by ", "(", "1 of ", "HbA1c was ",
     "1 (", "\u05d0", "half of ", "one in "],
)  # fmt: skip
def test_hostile_text_takes_little_time(piece: str) -> None:
    start = time.perf_counter()
    rates(piece * (200_000 // len(piece)))
    assert time.perf_counter() - start < 2
