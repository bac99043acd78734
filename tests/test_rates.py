"""Rates in sentences. All sentences here are made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmeneeds.evidence.not_rates import why_no_rate
from cmeneeds.evidence.rate_parts import agree
from cmeneeds.evidence.rates import Rate, rates
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


def counts(text: str) -> list[tuple[float | None, int | None, int | None]]:
    return [rate[:3] for rate in rates(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Of 200 nurses, 124 (62%) knew.", [(62, 124, 200)]),
        ("Of 200 nurses, 62% knew and 30% asked.", [(62, None, 200), (30, None, 200)]),
        ("Nurses (n = 200) knew in 62%.", [(62, None, 200)]),
        ("All 168 nurses were included (81% female).", [(81, None, 168)]),
        ("Of 300 asked, 200 (67%) responded; 62% knew.", [(67, 200, 300), (62, None, 200)]),
        ("Of 200 nurses, 100 (50%) knew, of whom 20% asked.", [(50, 100, 200), (20, None, 100)]),
        ("There were 124 (62%) of 200 nurses.", [(62, 124, 200)]),
        ("Seen in 62% of 200 visits.", [(62, None, 200)]),
        ("In all, 124 nurses (62%) knew.", [(62, 124, None)]),
        ("Five nurses (50%) knew.", [(50, 5, None)]),
        ("Fifty-seven of 287 nurses knew.", [(19.8606, 57, 287)]),
        ("Twelve of 40 knew.", [(30, 12, 40)]),
        ("Of 75 nurses, 12 received it.", [(16, 12, 75)]),
        ("We asked 20 centres, of which 12 responded.", [(60, 12, 20)]),
        ("One hundred and fifty two nurses (76%) knew.", [(76, 152, None)]),
        ("Of the 110 (40%) respondents, 80% knew.", [(40, 110, None), (80, None, 110)]),
        ("Asked were 186 nurses, of whom 67.7% knew.", [(67.7, None, 186)]),
        ("Data are from 60 nurses (40% male).", [(40, None, 60)]),
        ("Half of the nurses (86/163, 53%) knew.", [(53, 86, 163)]),
        ("The response was 104/200 (52%); 75% (n = 78) knew.", [(52, 104, 200), (75, 78, 104)]),
        ("The number of nurses was 2,781,618, and 24.71% knew.", [(24.71, None, 2_781_618)]),
        ("Seen in 12 958 130 (30.5%).", [(30.5, 12_958_130, None)]),
    ],
)
def test_counts_are_found_wherever_the_sentence_has_them(
    text: str, expected: list[tuple[float, int | None, int | None]]
) -> None:
    assert counts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Of 200 nurses, 62% of doctors knew.", [(62, None, None)]),  # somebody else's share
        ("Of 7 nurses, 62% knew.", [(62, None, None)]),  # no count out of 7 makes 62%
        ("The 3 main themes were time (62%) and cost.", [(62, None, None)]),
        ("In 2019 the nurses (62%) knew.", [(62, None, None)]),
        ("After 12 weeks the nurses (62%) knew.", [(62, None, None)]),
        ("Nurses aged 40 (62%) knew.", [(62, None, None)]),
        ("It was 62% [12].", [(62, None, None)]),
    ],
)
def test_numbers_that_are_no_counts_of_it_are_left_out(
    text: str, expected: list[tuple[float, int | None, int | None]]
) -> None:
    assert counts(text) == expected


def test_counts_that_contradict_the_percentage_are_flagged() -> None:
    (rate,) = rates("Of 200 nurses, 124 (72%) knew.")
    assert rate[:3] == (72, 124, 200)
    assert rate.agrees is False


@given(whole=st.integers(1, 20_000), data=st.data(), places=st.integers(0, 2))
def test_a_rounded_share_always_agrees_and_a_wrong_one_never(
    whole: int, data: st.DataObject, places: int
) -> None:
    n = data.draw(st.integers(0, whole))
    printed = f"{100 * n / whole:.{places}f}"
    (rate,) = rates(f"It was seen in {n}/{whole} visits ({printed}%).") if whole >= 5 else (None,)
    if rate and whole not in (1000, 10_000) and not 1900 <= whole <= 2100:
        assert (rate.numerator, rate.denominator, rate.agrees) == (n, whole, True)
    assert agree(float(printed), n, whole, 10.0**-places)
    assert not agree(float(printed) + 1.5 * 10.0**-places, n, whole, 10.0**-places)


@pytest.mark.parametrize(
    ("text", "low", "high", "limits"),
    [
        ("It was 62% (95% CI 55-69%).", 55, 69, "CI"),
        ("It was 62% (95% confidence interval, 55% to 69%).", 55, 69, "CI"),
        ("It was 62% (124/200; 95% CI: 55, 69).", 55, 69, "CI"),
        ("It was 62% [95% CI: 0.55-0.69].", 55, 69, "CI"),
        ("It was 62% (range, 10%-90%).", 10, 90, "range"),
        ("It was 62% (IQR 40-80%).", 40, 80, "IQR"),
        ("It was 62.0% (55.1-68.9).", 55.1, 68.9, "unnamed"),
        ("It was 62% (OR 2.1, 95% CI 1.2-3.4).", None, None, None),
        ("It was 62%.", None, None, None),
    ],
)
def test_limits_go_with_their_rate(
    text: str, low: float | None, high: float | None, limits: str | None
) -> None:
    (rate,) = rates(text)
    assert (rate.value, rate.low, rate.high, rate.limits) == (62, low, high, limits)


@pytest.mark.parametrize(
    "text",
    [
        "It was seen in 12-35% of visits.",
        "It ranged from 12% to 35%.",
        "It was between 12% and 35%.",
        "Estimates vary widely, from 12 to 35%.",
    ],
)
def test_a_spread_has_limits_and_no_value(text: str) -> None:
    (rate,) = rates(text)
    assert (rate.value, rate.low, rate.high, rate.limits) == (None, 12, 35, "spread")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It fell (62% to 35%).", [62, 35]),
        ("It increased from 2014 to 2018 (35%-62%).", [35, 62]),
        ("The index was rated low (M = 62%).", []),
        ("They thought that more than half of them would.", []),
        ("It rose from 35 to 62%.", [35, 62]),
        ("It was 35 vs. 62%.", [35, 62]),
        ("It was seen in 12, 35 and 62%.", [12, 35, 62]),
        ("Use fell 12% in May, 35% in June and 62% in July.", []),
        ("Seventy-seven percent knew.", [77]),
        ("It was 62.3 ± 4.5%.", [62.3]),
        ("A quarter (26%) knew.", [26]),
        ("One-in-six (16.9%) knew.", [16.9]),
        ("A third dose was given to half a ward.", []),
        ("About 1 in 5 and nine of ten nurses knew.", [20, 90]),
        ("It was 62,5% there.", [62.5]),
    ],
)
def test_values_are_read_as_printed(text: str, values: list[float]) -> None:
    assert [rate.value for rate in rates(text)] == values


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("More than 62% knew.", ">"),
        ("Fewer than 62% knew.", "<"),
        ("No more than 62% knew.", "<"),
        ("About 62% knew.", "~"),
        ("Only 62% knew.", None),
    ],
)
def test_more_less_and_about_are_kept(text: str, bound: str | None) -> None:
    assert rates(text)[0].bound == bound


def whose(text: str) -> list[str | None]:
    return [rate.who.of(text) if rate.who else None for rate in rates(text)]


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (
            "42% of internists and 31% of family physicians knew.",
            ["internists", "family physicians"],
        ),
        ("Care was given to women (62%) and Hispanics (30%).", ["women", "Hispanics"]),
        ("Women and men knew (62% vs 30%).", ["Women", "men"]),
        ("Women knew less often (62% vs 30%).", [None, None]),
        ("It was given by 62% and 30% of nurses and doctors, respectively.", ["nurses", "doctors"]),
        ("Of 200 nurses, 124 (62%) knew.", ["nurses"]),
        ("In all, 124 rural nurses (62%) knew.", ["rural nurses"]),
        ("Nurses knew it in 62%, and asked in 30%.", ["Nurses", "Nurses"]),
        ("Lack of time was named (62%).", [None]),
        ("62% knew that doctors and nurses asked.", [None]),
    ],
)
def test_groups_are_kept_apart_and_never_guessed(text: str, groups: list[str | None]) -> None:
    assert whose(text) == groups


def test_times_go_with_the_nearest_rate() -> None:
    text = "Use rose from 12% in 2013 to 35% in 2019; it was 62% at 12 months."
    assert [r.when.of(text) if r.when else None for r in rates(text)] == [
        "in 2013",
        "in 2019",
        "at 12 months",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Use rose by 62%.", "change"),
        ("It was 62% lower.", "change"),
        ("A difference of 62% was seen.", "difference"),
        ("It was 62 % points.", "difference"),
        ("The mean score was 62%.", "score"),
        ("A cutoff of 62% was set.", "threshold"),
        ("We should reach 62%.", "threshold"),
        ("It took 62% of total costs.", "money"),
        ("It kept 62% of the previous visits.", "one total of another"),
        ("It explained 62% of the variance.", "variance"),
        ("The LVEF was 62%.", "measurement"),
        ("It was seen in 62%.", None),
    ],
)
def test_a_percentage_that_is_no_share_has_a_reason(text: str, why: str | None) -> None:
    start = text.index("62")
    assert why_no_rate(text, start, text.index("%") + 1) == why
    assert bool(rates(text)) == (why is None)


@given(
    st.lists(
        st.sampled_from(
            ["Of 200 nurses, ", "62% ", "(95% CI 55-69%) ", "124 (62%) ", "of whom ", "vs ", "and ",
             "women ", "30/50 ", "half of ", "in 2019 ", "respectively", "(n = 31) ", "; ", "from ",
             "to ", "\u05d0", "fifty-seven of 90 "]
        ),
        max_size=20,
    )
)  # fmt: skip
def test_every_place_lies_in_the_sentence_and_counts_fit_in_their_wholes(pieces: list[str]) -> None:
    text = "".join(pieces)
    for rate in rates(text):
        assert isinstance(rate, Rate)
        for span in (rate.numerator_at, rate.denominator_at, rate.who, rate.when):
            assert span is None or 0 <= span.start < span.end <= len(text)
        assert (rate.numerator_at is None) == (rate.numerator is None)
        assert (rate.denominator_at is None) == (rate.denominator is None)
        if rate.numerator is not None and rate.denominator is not None:
            assert rate.numerator <= rate.denominator
        if rate.low is not None and rate.high is not None:
            assert 0 <= rate.low <= rate.high <= 100


@pytest.mark.parametrize(
    "piece",
    ["1", "1/", "1 ", "1%", "62% ", "95% CI ", "increased by ", "(", "1 of ", "HbA1c was ",
     "1 (", "\u05d0", "half of ", "one in ", "vs 3% ",
     "Of 200 nurses, 3 ", "from 2% to ", "women (62%) ", "patients ", "respectively 3% ", "[", " "],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_hostile_text_neither_stalls_nor_crashes(piece: str) -> None:
    rates(piece * (200_000 // len(piece)))
