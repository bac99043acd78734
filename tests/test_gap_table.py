"""The gap table: what is done beside what should be done. All records are made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from cmeneeds.brief import Audience, Brief
from cmeneeds.evidence.findings import FINDING_COLUMNS, find
from cmeneeds.evidence.passages import address
from cmeneeds.gaps.columns import GAP_COLUMNS
from cmeneeds.gaps.measure import shortfall
from cmeneeds.gaps.priority import SCORES, priority_settings
from cmeneeds.gaps.table import analyze_gaps
from cmeneeds.gaps.targets import target_in
from cmeneeds.records import (
    Article,
    Author,
    DataBank,
    Keyword,
    PartialDate,
    Related,
    Section,
    Term,
)
from cmeneeds.retrieval import Records
from cmeneeds.search_log import SearchEntry

Make = Callable[..., Article]
Said = tuple[Article, dict[str, Any]]

BRIEF = Brief.parse("""\
topic: zandoric fever
audience: [{profession: nurses}]
years: 2011-2021
as_of: 2021-06-01
""")

PRACTICE = "Only 24% of nurses performed infusion pump dose checks at the bedside."
ADVICE = "Nurses should perform infusion pump dose checks in every ward."


@pytest.fixture
def say(make_article: Make) -> Callable[..., Said]:
    """Make a record that says one sentence, and the finding that the sentence is."""

    def make(
        pmid: int,
        text: str,
        label: str = "GAP",
        *,
        keyword: str = "dose check",
        title: str = "Zandoric fever in a made-up record",
        value: float | None = None,
        **more: Any,
    ) -> Said:
        cells = {
            "finding_id": address(pmid, 0, 0, len(text)),
            "source": f"pmid-{pmid}",
            "pmid": pmid,
            "section": 0,
            "section_label": "RESULTS",
            "start": 0,
            "end": len(text),
            "text": text,
            "label": label,
            "probability": 0.9,
            "level": "P" if label in ("GAP", "RATE", "CAUSE") else None,
            "actor": "clin" if label in ("GAP", "RATE", "CAUSE") else None,
            "cues": "",
            "value": value,
            "numerator": None,
            "denominator": None,
            "value_text": None if value is None else f"{value:g}%",
            "value_start": None if value is None else text.index(f"{value:g}%"),
            "value_end": None if value is None else text.index(f"{value:g}%") + 1,
            "agrees": None,
            "secondary": False,
        }
        cells |= {k: more.pop(k) for k in list(more) if k in FINDING_COLUMNS}
        more.setdefault("keywords", (Keyword(keyword),) if keyword else ())
        record = make_article(pmid=pmid, title=title, sections=(Section(text),), **more)
        return record, cells

    return make


def analyze(*said: Said, brief: Brief = BRIEF) -> pd.DataFrame:
    """The gap table of some records and what they say."""
    rows = pd.DataFrame([cells for _, cells in said], columns=list(FINDING_COLUMNS))
    findings = rows.astype(find([]).dtypes.to_dict())
    articles = tuple({a.pmid: a for a, _ in said}.values())
    asked = SearchEntry(
        "guideline", "What should be done?", "made-up source", "2021-01-01", "q", "q", 7, 5, 2, ""
    )
    records = Records(
        articles=articles,
        facets={a.pmid: ("practice_gap",) for a in articles},
        log=(asked,),
        source_kind="library",
        source="made-up source",
        notice="",
        data_date="2021-01-01",
        searched_at="2021-06-01T00:00:00+00:00",
    )
    return analyze_gaps(findings, records, brief)


def only(table: pd.DataFrame) -> Any:
    """The only row of a table."""
    assert len(table) == 1
    return table.iloc[0]


# --- gap or candidate ---------------------------------------------------------------------------


def test_both_sides_from_records_of_their_own_make_a_gap(say: Any) -> None:
    row = only(analyze(say(1, PRACTICE, value=24), say(2, ADVICE, "REC")))
    assert (row.status, row.missing, row.searched) == ("gap", "", "")
    assert (row.current_practice, row.cp_pmid, row.cp_value) == (PRACTICE, 1, 24)
    assert (row.best_practice, row.bp_pmid) == (ADVICE, 2)
    assert (row.subject, row.group, row.actor, row.gap_type) == (
        "dose check",
        "nurses",
        "clin",
        "P",
    )
    assert "same subject (dose check)" in row.pairing
    assert "shared words" in row.pairing


def test_without_the_recommendation_the_row_is_a_candidate_that_says_so(say: Any) -> None:
    row = only(analyze(say(1, PRACTICE, value=24)))
    assert row.status == "candidate"
    assert row.missing == "best practice: no recommendation among the records fits this subject"
    assert (
        row.searched
        == "guideline query: 7 records of made-up source, 5 read; 1 records read in all"
    )
    assert pd.isna(row.best_practice)
    assert pd.isna(row.bp_pmid)


def test_a_recommendation_only_in_the_same_record_makes_a_candidate(say: Any) -> None:
    record, practice = say(1, PRACTICE, value=24)
    advice = say(1, ADVICE, "REC")[1] | {"section": 1, "finding_id": "1.1.0-9"}
    record = record.__class__(
        **{n: getattr(record, n) for n in record.__struct_fields__}
        | {"sections": (Section(PRACTICE), Section(ADVICE))}
    )
    row = only(analyze((record, practice), (record, advice)))
    assert row.status == "candidate"
    assert row.missing.startswith("independent best practice: the only recommendation comes from")
    assert row.searched
    assert row.best_practice == ADVICE  # shown all the same


def test_a_recommendation_that_only_shares_the_keyword_is_not_paired(say: Any) -> None:
    advice = "Wards should keep a log of dose check results for audits."
    row = only(analyze(say(1, PRACTICE, value=24), say(2, advice, "REC")))
    assert row.status == "candidate"
    assert pd.isna(row.best_practice)


def test_an_unsure_recommendation_is_not_paired(say: Any) -> None:
    least = priority_settings().pairing_probability
    for probability, status in ((least, "gap"), (least - 0.01, "candidate")):
        advice = say(2, ADVICE, "REC", probability=probability)
        assert only(analyze(say(1, PRACTICE, value=24), advice)).status == status


def test_evidence_about_patients_only_makes_a_candidate(say: Any) -> None:
    practice = "Only 24% of patients performed infusion pump dose checks at home."
    advice = "Patients should perform infusion pump dose checks at home every day."
    row = only(analyze(say(1, practice, value=24, level="O", actor="pat"), say(2, advice, "REC")))
    assert row.status == "candidate"
    assert row.missing.startswith("clinician or care-delivery evidence")
    assert row.actor == "pat"
    assert row.best_practice == advice


def test_care_delivered_to_patients_is_care(say: Any) -> None:
    practice = "Only 24% of patients were offered infusion pump dose checks at home."
    advice = "Patients should be offered infusion pump dose checks at home."
    row = only(analyze(say(1, practice, value=24, level="P", actor="clin"), say(2, advice, "REC")))
    assert (row.status, row.actor) == ("gap", "clin")


def test_figures_quoted_from_elsewhere_make_a_candidate(say: Any) -> None:
    row = only(analyze(say(1, PRACTICE, value=24, secondary=True), say(2, ADVICE, "REC")))
    assert row.status == "candidate"
    assert "primary source: the shortfall is quoted from other publications" in row.missing
    first_hand = say(3, PRACTICE.replace("24%", "35%"), value=35)
    row = only(
        analyze(say(1, PRACTICE, value=24, secondary=True), first_hand, say(2, ADVICE, "REC"))
    )
    assert (row.status, row.cp_pmid) == ("gap", 3)


@pytest.mark.parametrize(
    "withdrawn",
    [
        {"related": (Related("RetractionIn", 9),)},
        {"publication_types": (Term("Retracted Publication"),)},
        {"publication_types": (Term("Retraction of Publication"),)},
    ],
)
def test_a_withdrawn_record_supports_no_side(say: Any, withdrawn: dict[str, Any]) -> None:
    assert analyze(say(1, PRACTICE, value=24, **withdrawn), say(2, ADVICE, "REC")).empty
    row = only(analyze(say(1, PRACTICE, value=24), say(2, ADVICE, "REC", **withdrawn)))
    assert row.status == "candidate"
    more = say(3, PRACTICE.replace("24%", "1%"), value=1, **withdrawn)
    both = only(analyze(say(1, PRACTICE, value=24), more, say(2, ADVICE, "REC")))
    assert (both.sources_n, both.cp_pmid) == (1, 1)


def test_a_guideline_is_preferred_to_other_advice(say: Any) -> None:
    guideline = say(2, ADVICE, "REC", publication_types=(Term("Practice Guideline"),))
    opinion = say(3, ADVICE, "REC", published=PartialDate("2021", 2021))
    row = only(analyze(say(1, PRACTICE, value=24), guideline, opinion))
    assert (row.bp_pmid, row.bp_guideline) == (2, True)
    assert "from a guideline record" in row.pairing
    assert row.recommendation_passages.count("; ") == 1


def test_a_sentence_about_another_topic_is_left_out(say: Any) -> None:
    other = say(1, PRACTICE, value=24, title="Another made-up disease")
    assert analyze(other, say(2, ADVICE, "REC")).empty
    named = say(1, PRACTICE.replace("Only", "In zandoric fever only"), value=24, title="Another")
    assert len(analyze(named)) == 1


def test_a_cause_is_taken_from_the_same_subject(say: Any) -> None:
    near = say(3, "Nurses lack time for dose checks.", "CAUSE")
    far = say(4, "Nurses lack time for blood cultures.", "CAUSE", keyword="blood culture")
    row = only(analyze(say(1, PRACTICE, value=24), near, far))
    assert (row.cause, row.cause_pmid, row.causes_n) == (near[1]["text"], 3, 1)
    assert row.cause_passages == near[1]["finding_id"]


# --- which findings count -----------------------------------------------------------------------


def test_findings_below_the_minimum_count_for_nothing(say: Any) -> None:
    least = priority_settings().minimum_probability
    strong = say(1, PRACTICE, value=24)
    for probability, sources in ((least, 2), (least - 0.01, 1)):
        weak = say(5, PRACTICE.replace("24%", "35%"), value=35, probability=probability)
        assert only(analyze(strong, weak)).sources_n == sources


def test_a_row_needs_a_shortfall_that_is_sure_enough_to_carry_it(say: Any) -> None:
    least = priority_settings().carrying_probability
    assert len(analyze(say(1, PRACTICE, value=24, probability=least))) == 1
    assert analyze(say(1, PRACTICE, value=24, probability=least - 0.01)).empty
    assert analyze(say(1, PRACTICE, "RATE", value=24)).empty
    in_title = say(1, PRACTICE, value=24, section=-1, section_label="title")
    assert analyze(in_title).empty


def test_a_rate_beside_a_shortfall_is_counted(say: Any) -> None:
    rate = say(2, PRACTICE.replace("24%", "35%").replace("Only ", ""), "RATE", value=35)
    row = only(analyze(say(1, PRACTICE, value=24), rate))
    assert (row.sources_n, row.rates_n, row.cp_pmid) == (2, 2, 1)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"secondary": True}, {}),
        ({"label": "RATE"}, {}),
        ({"value": None}, {}),
        ({"probability": 0.6}, {"probability": 0.9}),
        ({"published": PartialDate("2012", 2012)}, {"published": PartialDate("2020", 2020)}),
    ],
    ids=["first-hand", "a shortfall", "with a figure", "surest", "most recent"],
)
def test_the_best_finding_speaks_for_a_row(
    say: Any, worse: dict[str, Any], better: dict[str, Any]
) -> None:
    label = worse.pop("label", "GAP") if "label" in worse else "GAP"
    poor = say(1, PRACTICE, label, **({"value": 24} | worse))
    good = say(2, PRACTICE.replace("24%", "35%"), **({"value": 35} | better))
    assert only(analyze(poor, good)).cp_pmid == 2


# --- identifiers --------------------------------------------------------------------------------


def test_gap_ids_stay_when_other_rows_come_and_go(say: Any) -> None:
    first = say(1, PRACTICE, value=24)
    second = say(2, "Only 5% of nurses took two blood cultures.", keyword="blood culture", value=5)
    third = say(3, "Only 9% of surgeons washed hands.", keyword="hand washing", value=9)
    ids = {r.subject: r.gap_id for r in analyze(first, second, third).itertuples()}
    assert len(set(ids.values())) == 3
    for some in ([first], [second], [third], [third, first], [second, third]):
        for row in analyze(*some).itertuples():
            assert row.gap_id == ids[row.subject]


def test_one_record_more_changes_no_id(say: Any) -> None:
    first = say(1, PRACTICE, value=24)
    more = say(4, PRACTICE.replace("24%", "80%"), value=80, keyword="Dose Checks")
    assert only(analyze(first)).gap_id == only(analyze(first, more)).gap_id
    assert only(analyze(first, more)).sources_n == 2


def test_the_group_is_part_of_the_identity(say: Any) -> None:
    surgeons = say(2, PRACTICE.replace("nurses", "surgeons"), value=24)
    table = analyze(say(1, PRACTICE, value=24), surgeons)
    assert sorted(table["group"]) == ["nurses", "surgeons"]
    assert table["gap_id"].is_unique


# --- order --------------------------------------------------------------------------------------


def many(say: Any) -> list[Said]:
    """Rows of several kinds."""
    chance = random.Random(3)
    said = []
    for pmid in range(1, 40):
        keyword = chance.choice(["dose check", "blood culture", "hand washing", "Dose Checks"])
        who = chance.choice(["nurses", "surgeons", "patients"])
        number = chance.randrange(1, 99)
        label = chance.choice(["GAP", "GAP", "RATE", "REC", "CAUSE"])
        text = f"Only {number}% of {who} performed {keyword} with infusion pump at the bedside."
        year = chance.randrange(2011, 2022)
        said.append(
            say(pmid, text, label, keyword=keyword, value=number,
                published=PartialDate(str(year), year))
        )  # fmt: skip
    return said


def test_the_order_of_records_does_not_matter(say: Any) -> None:
    said = many(say)
    expected = analyze(*said)
    assert len(expected) > 4
    for seed in range(5):
        random.Random(seed).shuffle(said)
        pd.testing.assert_frame_equal(analyze(*said), expected)


def test_rows_come_by_status_then_priority(say: Any) -> None:
    alone = say(90, "Only 1% of dentists looked.", keyword="looking", value=1)
    table = analyze(alone, *many(say))
    assert list(table["rank"]) == list(range(1, len(table) + 1))
    assert set(table["status"]) == {"gap", "candidate"}
    order = [(r.status != "gap", -r.priority, r.gap_id) for r in table.itertuples()]
    assert order == sorted(order)


def test_a_record_that_comes_twice_changes_nothing(make_article: Make) -> None:
    """Through the real finder: of records with one PMID the last one counts."""
    sections = (
        Section("Knowledge of dose checks was poor: only 24% of nurses answered correctly."),
    )
    record = make_article(
        pmid=1, title="Zandoric fever", sections=sections, keywords=(Keyword("dose check"),)
    )

    def table(articles: tuple[Article, ...]) -> pd.DataFrame:
        records = Records(articles, {1: ("practice_gap",)}, (), "library", "s", "", "", "")
        return analyze_gaps(find(articles), records, BRIEF)

    once, twice = table((record,)), table((record, record))
    assert len(once) == 1
    pd.testing.assert_frame_equal(once, twice)
    assert once.iloc[0].searched == "no guideline query was run"


# --- ranking ------------------------------------------------------------------------------------


def test_priority_is_the_weighted_mean_of_its_parts(say: Any) -> None:
    weights = priority_settings().weights
    assert sum(getattr(weights, name) for name in SCORES) == pytest.approx(1)
    for row in analyze(*many(say)).itertuples():
        parts = {name: getattr(row, f"score_{name}") for name in SCORES}
        assert row.priority == pytest.approx(weights.total(parts), abs=0.11)
        assert all(0 <= part <= 1 for part in parts.values())
        assert len(row.priority_words.split("; ")) == len(SCORES)
        assert row.rank_best <= row.rank <= row.rank_worst


def rated(say: Any, *values: float, **more: Any) -> Any:
    """The row of records that report these percentages of what is wanted."""
    text = "Only {}% of nurses performed infusion pump dose checks."
    return only(
        analyze(*(say(n, text.format(f"{v:g}"), value=v, **more) for n, v in enumerate(values, 1)))
    )


@pytest.mark.parametrize(
    ("values", "magnitude"),
    [((24,), 0.76), ((10, 40, 89), 0.60), ((0, 50, 60, 70, 89), 0.40), ((20, 40), 0.70)],
)
def test_magnitude_is_the_median_shortfall(
    say: Any, values: tuple[float, ...], magnitude: float
) -> None:
    assert rated(say, *values).score_magnitude == pytest.approx(magnitude)


def test_magnitude_without_a_figure_or_direction_is_a_constant(say: Any) -> None:
    unknown = priority_settings().unknown_magnitude
    words = say(1, "Few nurses performed infusion pump dose checks.")
    assert only(analyze(words)).score_magnitude == unknown
    odd = say(1, "It was 24% for infusion pump dose checks among nurses.", value=24)
    row = only(analyze(odd))
    assert (row.score_magnitude, row.cp_direction) == (unknown, "unknown")
    quoted = say(1, PRACTICE, value=24, secondary=True)
    assert only(analyze(quoted)).score_magnitude == unknown
    wrong = say(1, PRACTICE, value=24, agrees=False)
    assert only(analyze(wrong)).score_magnitude == unknown


def test_more_cohorts_raise_the_score_less_and_less(say: Any) -> None:
    scores = [rated(say, *([24.0] * n)).score_prevalence for n in (1, 2, 3)]
    assert scores == pytest.approx([1 / 2, 2 / 3, 3 / 4], abs=0.001)
    record, cells = say(1, PRACTICE, value=24)
    again = cells | {"finding_id": "1.0.1-9", "start": 1}
    assert only(analyze((record, cells), (record, again))).score_prevalence == 0.5


TEAM = tuple(Author(name, "Made", "M") for name in ("Upp", "Vented", "Wholly", "Zilch"))
TRIAL = (DataBank("ClinicalTrials.gov", ("NCT00000000",)),)


@pytest.mark.parametrize(
    ("first", "second", "n", "cohorts"),
    [
        ({"authors": TEAM}, {"authors": TEAM[1:]}, 200, 1),
        ({"authors": TEAM}, {"authors": TEAM[2:]}, 200, 2),  # two shared authors are no proof
        ({"authors": TEAM}, {"authors": TEAM}, None, 2),  # one team, but not the same people
        ({"authors": TEAM}, {"authors": TEAM}, 12, 2),  # a small number is shared by chance
        ({"databanks": TRIAL}, {"databanks": TRIAL}, None, 1),
        ({}, {}, 200, 2),
    ],
)
def test_a_cohort_that_is_reported_twice_counts_once(
    say: Any, first: Any, second: Any, n: int | None, cohorts: int
) -> None:
    counts = {} if n is None else {"numerator": n // 4, "denominator": n}
    row = only(
        analyze(
            say(1, PRACTICE, value=24, **counts, **first),
            say(2, PRACTICE.replace("24%", "25%"), value=25, **counts, **second),
        )
    )
    assert (row.sources_n, row.cohorts_n) == (2, cohorts)
    assert row.score_prevalence == pytest.approx(1 - 1 / (1 + cohorts), abs=0.001)


@pytest.mark.parametrize(
    ("year", "recency"), [(2021, 1.0), (2016, 0.5), (2011, 0.0), (2001, 0.0), (2022, 1.0)]
)
def test_recency_counts_from_the_day_the_brief_speaks_for(
    say: Any, year: int, recency: float
) -> None:
    row = rated(say, 24, title="Zandoric fever: a survey", published=PartialDate(str(year), year))
    assert row.score_evidence == pytest.approx(0.5 + recency / 2)


def test_a_record_without_a_year_is_not_recent(say: Any) -> None:
    row = rated(say, 24, title="Zandoric fever: a survey", published=PartialDate(""))
    assert row.score_evidence == 0.5
    assert pd.isna(row.cp_year)
    assert "old or undated" in row.priority_words


@pytest.mark.parametrize(
    ("title", "score"),
    [
        ("Zandoric fever: a survey", 1.0),
        ("Zandoric fever: a national registry", 1.0),
        ("Zandoric fever: a retrospective chart review", 0.9),
        ("Zandoric fever: a randomized study", 0.4),
        ("Zandoric fever: a case report", 0.1),
        ("Zandoric fever", 0.3),
    ],
)
def test_a_survey_says_more_about_practice_than_a_trial(say: Any, title: str, score: float) -> None:
    row = rated(say, 24, title=title, published=PartialDate("2021", 2021))
    assert row.score_evidence == score


def test_the_best_design_counts(say: Any) -> None:
    now = {"published": PartialDate("2021", 2021), "value": 24}
    trial = say(1, PRACTICE, title="Zandoric fever: a randomized study", **now)
    survey = say(2, PRACTICE, title="Zandoric fever: a survey", **now)
    assert only(analyze(trial, survey)).score_evidence == 1.0


@pytest.mark.parametrize(
    ("more", "score"),
    [
        ({"value": 24, "numerator": 48, "denominator": 200}, 1.0),
        ({"value": 24}, 0.7),
        ({}, 0.3),
        ({"value": 24, "agrees": False}, 0.3),
        ({"value": 24, "secondary": True}, 0.3),
    ],
)
def test_what_is_counted_can_be_measured(say: Any, more: Any, score: float) -> None:
    assert only(analyze(say(1, PRACTICE, **more))).score_measurability == score


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Zandoric fever has a high mortality.", 1.0),
        ("Zandoric fever led to hospitalization of many.", 0.7),
        ("Zandoric fever lowers quality of life.", 0.4),
        ("Zandoric fever is blue.", 0.2),
    ],
)
def test_the_consequence_is_taken_from_the_same_record(say: Any, text: str, score: float) -> None:
    record, cells = say(1, PRACTICE, value=24)
    _, burden = say(1, text, "BURDEN")
    burden |= {"finding_id": "1.0.5-9", "start": 5}
    row = only(analyze((record, cells), (record, burden)))
    assert (row.score_severity, row.consequence) == (score, text)
    # Of another record, it is not this row's consequence.
    other = only(analyze((record, cells), say(2, text, "BURDEN")))
    assert (other.score_severity, pd.isna(other.consequence)) == (0.2, True)


def test_ranks_move_within_what_the_weights_allow(say: Any) -> None:
    table = analyze(*many(say))
    assert (table["rank_best"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_worst"]).all()
    # One row stands alone whatever the weights.
    alone = only(analyze(say(1, PRACTICE, value=24)))
    assert (alone.rank_best, alone.rank_worst) == (1, 1)
    # Large but little seen, against small but often seen: the order hangs on the weights.
    large = say(1, "Only 40% of nurses performed infusion pump dose checks.", value=40)
    seen = [
        say(n, "Only 85% of nurses took blood cultures.", value=85, keyword="blood culture")
        for n in range(2, 12)
    ]
    both = analyze(large, *seen)
    assert list(both["rank_best"]) == [1, 1]
    assert list(both["rank_worst"]) == [2, 2]


# --- which way it falls short -------------------------------------------------------------------

GUIDELINE_CARE = "In all, 95% of patients received the recommended dose check from nurses."
NEEDLESS_CARE = "In all, 95% of prescriptions of nurses for a dose check were unnecessary."


def test_95_percent_of_recommended_care_is_no_gap_and_speaks_against_one(say: Any) -> None:
    for label in ("GAP", "RATE"):
        assert analyze(say(1, GUIDELINE_CARE, label, value=95)).empty
    row = only(analyze(say(1, PRACTICE, value=24), say(2, GUIDELINE_CARE, "RATE", value=95)))
    assert row.contradicting_passages.startswith("2.0.")
    assert (row.sources_n, row.passages.count("; ")) == (1, 0)


def test_95_percent_of_unnecessary_care_is_a_gap_even_as_a_bare_rate(say: Any) -> None:
    for label in ("GAP", "RATE"):
        row = only(analyze(say(1, NEEDLESS_CARE, label, value=95)))
        assert (row.direction, row.cp_direction) == ("overuse", "too high")
        assert row.score_magnitude == pytest.approx(0.95)
    # Of what is quoted from elsewhere, or seldom, a bare rate carries nothing.
    assert analyze(say(1, NEEDLESS_CARE, "RATE", value=95, secondary=True)).empty
    seldom = NEEDLESS_CARE.replace("95%", "5%")
    assert analyze(say(1, seldom, "RATE", value=5)).empty


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Diagnosis by nurses of a dose check was delayed in 24%.", "delay"),
        ("Nurses made errors in a dose check in 24%.", "error"),
        ("There was wide variation among nurses in the dose check: 24%.", "variation"),
        ("Nurses overused the dose check in 24%.", "overuse"),
        ("Only 24% of nurses did a dose check.", "underuse"),
    ],
)
def test_a_row_says_which_way_care_falls_short(say: Any, text: str, direction: str) -> None:
    assert only(analyze(say(1, text, value=24))).direction == direction


def test_figures_of_one_measure_stand_side_by_side(say: Any) -> None:
    row = rated(say, 24, 61, 40)
    assert row.cp_range == "24-61"
    assert rated(say, 24).cp_range == ""
    old = say(1, PRACTICE, value=24, published=PartialDate("2015", 2015))
    new = say(
        2, PRACTICE.replace("24%", "35%"), value=35, published=PartialDate("2020", 2020),
        probability=0.5,
    )  # fmt: skip
    row = only(analyze(old, new))
    assert (row.cp_pmid, row.cp_recent_passage.split(".")[0]) == (1, "2")


def test_the_interval_is_the_printed_one_else_from_the_counts(say: Any) -> None:
    counted = rated(say, 24, numerator=48, denominator=200)
    assert (counted.cp_low, counted.cp_high) == (18.6, 30.4)  # Wilson, 48 of 200
    assert "Wilson" in counted.cp_interval
    limits = {"value_low": 20.0, "value_high": 29.0, "value_limits": "CI"}
    printed = rated(say, 24, numerator=48, denominator=200, **limits)
    assert (printed.cp_low, printed.cp_high, printed.cp_interval) == (20, 29, "as printed")
    bare = rated(say, 24)
    assert pd.isna(bare.cp_low)
    assert pd.isna(bare.cp_interval)
    spread = rated(say, 24, value_low=20.0, value_high=29.0, value_limits="range")
    assert pd.isna(spread.cp_low)  # from clinic to clinic: no interval of the figure


def test_strength_class_and_year_are_those_that_the_recommendation_states(say: Any) -> None:
    stated = {"rec_strength": "strong", "rec_grade": "1B", "rec_body": "Made-up Society"}
    row = only(
        analyze(say(1, PRACTICE, value=24), say(2, ADVICE, "REC", rec_year="2019", **stated))
    )
    assert (row.bp_strength, row.bp_grade, row.bp_body, row.bp_year) == (
        "strong",
        "1B",
        "Made-up Society",
        2019,
    )
    assert pd.isna(row.bp_level)  # not stated, so not told
    silent = only(analyze(say(1, PRACTICE, value=24), say(2, ADVICE, "REC")))
    assert pd.isna(silent.bp_strength)


def test_evidence_from_elsewhere_is_marked(say: Any) -> None:
    brief = BRIEF.model_copy(update={"audience": [Audience(profession="nurses", country="Norway")]})
    abroad = say(1, PRACTICE, value=24, title="Zandoric fever: a survey of nurses in Kenya")
    row = only(analyze(abroad, brief=brief))
    assert row.cp_country == "Kenya"
    assert row.audience_flag == "measured in other countries only"
    here = say(2, PRACTICE.replace("24%", "35%"), value=35, title="Zandoric fever, nurses, Norway")
    both = only(analyze(abroad, here, brief=brief))
    assert both.audience_flag == ""
    assert both.cp_local_passage.startswith("2.0.")
    assert only(analyze(say(1, PRACTICE, value=24), brief=brief)).cp_country == "unknown"


TARGET = "The national target of at least 90% of infusion pump dose checks holds for nurses."


def test_a_sourced_target_is_what_a_rate_is_measured_against(say: Any) -> None:
    row = only(analyze(say(1, PRACTICE, value=24), say(2, TARGET, "REC")))
    assert (row.target, row.delta, row.achievable_rate) == (90, 66, "a target is stated")
    assert row.target_passage.startswith("2.0.")
    # Of another subject, or with too little in common, it is no target of this row.
    culture = "The national target of 90% of blood cultures in infusion pump care holds."
    other = say(2, culture, "REC", keyword="blood culture")
    assert only(analyze(say(1, PRACTICE, value=24), other)).achievable_rate.startswith("unknown")
    apart = say(2, "A target of 90% holds for a dose check.", "REC")
    assert pd.isna(only(analyze(say(1, PRACTICE, value=24), apart)).target)


def test_without_a_target_nothing_is_subtracted(say: Any) -> None:
    row = only(analyze(say(1, PRACTICE, value=24), say(2, ADVICE, "REC")))
    assert pd.isna(row.delta)
    assert row.achievable_rate.startswith("unknown")
    # A share of what is not wanted is not measured against a share of what is.
    late = say(1, "In 24% of nurses infusion pump dose checks were delayed.", value=24)
    assert pd.isna(only(analyze(late, say(2, TARGET, "REC"))).delta)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The target of 90% was missed.", 90),
        ("Uptake was below the 95% benchmark.", 95),
        ("The goal was at least 80 %.", 80),
        ("This target protein was found in 90% of cells.", None),
        ("Only 40% reached the target.", None),
        ("A target of 120% is odd.", None),
    ],
)
def test_a_target_is_a_share_that_is_called_one(text: str, value: float | None) -> None:
    found = target_in(text)
    assert (found[0] if found else None) == value
    if found:
        assert text[found[1] : found[2]] == str(value)


def test_words_of_one_root_are_one_subject(say: Any) -> None:
    one = say(1, "Only 24% of nurses had zandoric acceptance.", value=24, keyword="acceptance")
    two = say(
        2, "Only 30% of nurses found acceptability of zandoric.", value=30, keyword="acceptability"
    )
    assert len(analyze(one, two)) == 1


# --- what a percentage means --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "direction", "size"),
    [
        ("Only 24% of nurses checked.", "24", "too low", 76),
        ("In all, 24% of patients were screened.", "24", "too low", 76),
        ("In all, 24% of patients were not screened.", "24", "too high", 24),
        ("Diagnosis was delayed in 24%.", "24", "too high", 24),
        ("Errors were found in 24% of charts.", "24", "too high", 24),
        ("It was 24% in the north.", "24", "unknown", None),
        ("While 60% were screened, 24% refused.", "24", "too high", 24),
        ("Refusal was rare, but 24% were screened.", "24", "too low", 76),
        ("Screened were 60%; untreated were 24%.", "24", "too high", 24),
        ("24% were screened, whereas 60% refused.", "24", "too low", 76),
        ("24% were screened, whereas 60% refused.", "60", "too high", 60),
        ("Of nurses, 24% were unaware, and 60% knew the dose.", "24", "too high", 24),
        ("Of nurses, 24% were unaware, and 60% knew the dose.", "60", "too low", 40),
    ],
)
def test_a_percentage_is_read_from_its_own_clause(
    text: str, number: str, direction: str, size: float | None
) -> None:
    read = shortfall(text, float(number), text.index(number))
    assert (read.direction, read.size) == (direction, size)


@pytest.mark.parametrize("value", [None, -1.0, 100.5, float("nan")])
def test_no_percentage_has_no_direction(value: float | None) -> None:
    read = shortfall("Only so many were screened.", value, 5)
    assert (read.direction, read.size) == ("unknown", None)


# --- shape --------------------------------------------------------------------------------------


def test_columns_and_types_are_those_that_are_promised(say: Any) -> None:
    for table in (analyze(), analyze(say(1, PRACTICE, value=24)), analyze(*many(say))):
        assert {name: str(t) for name, t in table.dtypes.items()} == GAP_COLUMNS
        assert list(table.columns) == list(GAP_COLUMNS)


def test_the_columns_that_others_build_on_are_there() -> None:
    """Decisions, reports and spreadsheets of writers know these names."""
    sides = {"current_practice", "cp_passage", "cp_source", "cp_value", "best_practice",
             "bp_passage", "bp_source", "cause", "cause_passage"}  # fmt: skip
    scores = {f"score_{name}" for name in SCORES}
    names = {"gap_id", "status", "missing", "searched", "rank", "priority", "subject", "group",
             "actor", "gap_type", "pairing", "achievable_rate"}  # fmt: skip
    assert sides | scores | names <= set(GAP_COLUMNS)


def test_without_findings_the_table_is_empty_and_never_padded(say: Any) -> None:
    assert analyze().shape == (0, len(GAP_COLUMNS))
    assert analyze(say(2, ADVICE, "REC")).shape == (0, len(GAP_COLUMNS))


def test_support_in_the_brief_changes_nothing(say: Any) -> None:
    paid = BRIEF.model_copy(
        update={"trigger": "dose check by Wonderpharm", "support": None, "contributors": []}
    )
    said = many(say)
    pd.testing.assert_frame_equal(analyze(*said), analyze(*said, brief=paid))


# --- what does not fit --------------------------------------------------------------------------


def test_without_a_coded_cause_priority_counts_education_neither_way(say: Any) -> None:
    row = only(analyze(say(1, PRACTICE, value=24)))
    assert row.education_addressable == "unknown"
    assert row.score_addressability == 0.5
    assert "what education can close is unknown: no coded cause" in row.priority_words
    coded = only(analyze(say(1, PRACTICE, value=24), say(2, CAUSE, "CAUSE")))
    assert coded.education_addressable == "no"
    assert "closable by education: no" in coded.priority_words


CAUSE = "Nurses named lack of time as the reason why dose checks were left out."


def test_a_cause_of_the_rows_own_record_goes_first(say: Any) -> None:
    own = "Nurses named lack of staff for dose checks."
    found = analyze(
        say(1, PRACTICE, value=24),
        say(2, CAUSE, "CAUSE", probability=0.99),
        say(1, own, "CAUSE", finding_id="1.1.0-9", probability=0.7),
    )
    assert only(found).cause == own


def test_what_is_called_a_reason_goes_before_what_is_associated(say: Any) -> None:
    loose = "Nurses' workload was associated with omitted dose checks."
    found = analyze(
        say(1, PRACTICE, value=24),
        say(2, loose, "CAUSE", probability=0.99),
        say(3, CAUSE, "CAUSE", probability=0.7),
    )
    assert only(found).cause == CAUSE


def test_what_is_no_barrier_is_no_cause_of_a_row(say: Any) -> None:
    hesitant = "Overall 24% of nurses were hesitant about the dose check."
    for text in (
        "Nurses' reluctance is the greatest barrier to the dose check.",
        "Nurses' mistrust of the dose check will pose a challenge to the wards.",
        "Nurses' trust in the dose check was associated with higher acceptance.",
    ):
        row = only(analyze(say(1, hesitant, value=24), say(2, text, "CAUSE")))
        assert pd.isna(row.cause), text


def test_a_cause_about_children_explains_nothing_about_adults(say: Any) -> None:
    grown = Brief.model_validate(
        BRIEF.model_dump(mode="json") | {"population": {"description": "Adults with the fever"}}
    )
    text = "Nurses named lack of time for dose checks in adolescents."
    said = (say(1, PRACTICE, value=24), say(2, text, "CAUSE"))
    assert pd.isna(only(analyze(*said, brief=grown)).cause)
    assert only(analyze(*said)).cause == text


@pytest.mark.parametrize(
    ("advice", "paired"),
    [
        ("Nurses should prescribe infusion pump dose check therapy at the bedside.", True),
        ("Nurses should screen with infusion pump dose checks at the bedside.", False),
        ("Nurses should use infusion pump dose checks at the bedside.", True),
    ],
)
def test_both_sides_name_the_same_act_of_care(say: Any, advice: str, paired: bool) -> None:
    practice = "Only 24% of nurses gave infusion pump dose check treatment at the bedside."
    row = only(analyze(say(1, practice, value=24), say(2, advice, "REC")))
    assert pd.notna(row.best_practice) == paired


def test_words_of_any_recommendation_pair_nothing(say: Any) -> None:
    practice = "Only 24% of nurses did the recommended dose check of the guideline."
    advice = "The dose check is recommended by the guideline for nurses."
    row = only(analyze(say(1, practice, value=24), say(2, advice, "REC")))
    assert pd.isna(row.best_practice)


def test_a_range_holds_shares_of_one_thing_only(say: Any) -> None:
    first = "Overall 41% of nurses were hesitant about the dose check."
    same = "We saw that 30% of nurses were hesitant about the dose check."
    other = "We saw that 20% of nurses intend to decline the dose check."
    alone = only(analyze(say(1, first, value=41), say(2, other, value=20)))
    assert pd.isna(alone.cp_range) or alone.cp_range == ""
    both = only(analyze(say(1, first, value=41), say(2, same, value=30), say(3, other, value=20)))
    assert both.cp_range == "30-41"


def test_less_than_half_of_something_unwanted_is_no_large_shortfall() -> None:
    text = "However, less than half of them were unaware of their risk."
    found = shortfall(text, 50.0, text.index("less"))
    assert (found.direction, found.size) == ("unknown", None)
    counted = "However, fewer than 50% of them were unaware of their risk."
    assert shortfall(counted, 50.0, counted.index("50")).size is None
    more = "However, more than half of them were unaware of their risk."
    assert shortfall(more, 50.0, more.index("more")).direction == "too high"
    wanted = "However, less than half of them were screened."
    assert shortfall(wanted, 50.0, wanted.index("less")).direction == "too low"


def test_a_want_of_evidence_is_no_shortfall_of_care(say: Any) -> None:
    text = "Most advice on the dose check is conditional, reflecting a lack of evidence."
    assert analyze(say(1, text)).empty


def test_what_patients_know_is_an_outcome_and_no_knowledge_gap(say: Any) -> None:
    practice = "Only 24% of patients knew of infusion pump dose checks at home."
    row = only(analyze(say(1, practice, value=24, level="K", actor="pat")))
    assert (row.actor, row.gap_type) == ("pat", "O")
