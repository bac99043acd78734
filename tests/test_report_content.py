"""What a reader of a report relies on: its lengths, its quotations, its charts, its statements.

All records are made up, see ``test_report_runs``.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import test_report_runs as runs

from cmeneeds.assessment import Assessment, assess, model_facts
from cmeneeds.brief import Brief
from cmeneeds.decisions.screening import Screened
from cmeneeds.records import PartialDate
from cmeneeds.report import figures
from cmeneeds.report.figures.base import LEAST_ROWS
from cmeneeds.report.figures.evidence_charts import LEAST_YEARS
from cmeneeds.report.figures.gap_charts import limit_of
from cmeneeds.report.lengths import FIELD_WORDS, SHORT_WORDS
from cmeneeds.report.sections import Report
from cmeneeds.report.wording import excerpt, excerpts, row_name, shortened, word_count
from cmeneeds.report.writing import GAP_SECTIONS

REQUEST = """
request:
  requirements:
    - {id: R-1, asks: State the practice gaps with references, limit_words: 900}
    - {id: R-2, asks: How outcomes are measured, section: Outcomes plan}
    - {id: R-3, asks: Colour of the cover}
  limits: {words: 5000}
"""


@pytest.fixture(scope="module")
def made() -> Assessment:
    return assess(Brief.parse(runs.BRIEF), runs.made_up_evidence())


@pytest.fixture(scope="module")
def report(made: Assessment) -> Report:
    return Report(made)


# --- lengths ------------------------------------------------------------------------------------


def test_the_executive_summary_is_short_and_says_what_is_a_candidate(report: Report) -> None:
    text = report.summary()
    assert word_count(text) <= 250
    lines = re.findall(r"^\d+\. \*\*", text, re.MULTILINE)
    assert 1 <= len(lines) <= GAP_SECTIONS
    assert text.count("(gap, ") + text.count("(candidate, ") == len(lines)


def test_the_summary_counts_as_closable_only_rows_with_a_coded_cause(made: Assessment) -> None:
    text = Report(made).summary()
    coded = made.planned["cabana"].isin(["", "not coded"]).eq(False)
    assert set(made.planned.loc[~coded, "addressable"]) <= {"unknown"}
    if coded.any():
        assert "Judged by the causes that the records name, education can close" in text
    else:
        assert "No cause was found that could be coded" in text
        assert "in part" not in text


def test_a_summary_with_less_room_leaves_out_whole_rows(report: Report) -> None:
    lines = [len(re.findall(r"^\d+\. ", report.summary(n), re.MULTILINE)) for n in (250, 110)]
    assert lines[1] < lines[0]
    assert word_count(report.summary(110)) <= 110


def test_the_short_form_and_each_field_of_a_portal_keep_their_limit(made: Assessment) -> None:
    assert word_count(Report(made).short()) <= SHORT_WORDS
    text = Report(made).portal()
    fields = re.findall(
        r'^## .*?\n(.*?)\n\*\[([\d,]+)\]\{\.count key="(words\.field\.\w+)"\} words\*$', text,
        re.MULTILINE | re.DOTALL,
    )  # fmt: skip
    assert len(fields) >= 6
    counted = Report(made).word_counts()
    for content, number, key in fields:
        assert int(number) == word_count(content) == counted[key]
        assert int(number) <= FIELD_WORDS


def test_every_figure_of_a_letter_has_its_card(made: Assessment) -> None:
    report = Report(made)
    linked = set(re.findall(r'\.figure passage="([^"]+)"', report.letter()))
    cards = set(re.findall(r'\.passage #\S+ address="([^"]+)"', report.appendix_evidence()))
    assert linked
    assert linked <= cards


# --- quotations ---------------------------------------------------------------------------------


def test_only_statistics_in_brackets_are_left_out_of_a_quotation() -> None:
    said = "Use was low (24%; aOR, 0.4; 95% CI, 0.2-0.8) in wards [n = 12] (P < .001)."
    assert shortened(said) == "Use was low (24% […]) in wards [n = 12] […]."
    plain = "Use was low (24%) in small wards (those with 12 beds)."
    assert shortened(plain) == plain


def test_of_a_long_sentence_the_clause_with_the_figure_is_quoted_and_the_cut_is_marked() -> None:
    before = "Most of the many wards that were visited in that year had a list on the wall"
    said = (
        f"{before} for every nurse who came by; "
        "only 12% of the nurses on night duty had ever looked at that list."
    )
    start = said.index("12%")
    quoted = excerpt(said, (start, start + 3))
    assert quoted == "… only 12% of the nurses on night duty had ever looked at that list."
    assert quoted in excerpts(said)
    assert "only 12% of the nurses on night duty" not in excerpts(said)


def test_a_clause_never_loses_its_denial_silently() -> None:
    said = "It is not true that 12% of nurses on the wards of the clinic knew, but few asked."
    assert not [e for e in excerpts(said) if "12%" in e and "not true" not in e]


# --- the request --------------------------------------------------------------------------------


def test_each_requirement_of_a_request_is_placed_or_said_to_be_unanswered(made: Assessment) -> None:
    asked = replace(made, brief=Brief.parse(runs.BRIEF + REQUEST))
    report = Report(asked)
    text = report.coverage()
    assert text.startswith("\n# Coverage of the request")
    lines = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if "R-" in line}
    found = {m[0]: line for line in lines.values() if (m := re.search(r"R\\?-\d", line))}
    assert len(found) == 3
    first, second, third = found.values()
    assert "Gaps (proposed)" in first
    words = re.search(r'\[([\d,]+)\]\{\.count key="words\.section\.gaps"\}', first)
    assert words
    assert int(words[1].replace(",", "")) == word_count(Report(asked).gaps())
    assert '[900]{.given key="brief.request.0.limit_words"}' in first
    assert "Outcomes plan" in second
    assert "proposed" not in second
    assert "not answered here" in third
    assert "Coverage of the request" in report.questions


def test_a_request_changes_no_table_and_without_one_nothing_is_said(made: Assessment) -> None:
    asked = assess(Brief.parse(runs.BRIEF + REQUEST), runs.made_up_evidence())
    assert asked.gaps.equals(made.gaps)
    assert asked.objectives.equals(made.objectives)
    assert asked.brief.blind() == made.brief.blind()
    assert Report(made).coverage() == ""


# --- charts -------------------------------------------------------------------------------------


def test_every_chart_says_in_words_what_it_shows(made: Assessment) -> None:
    drawn = dict(figures.draw(made))
    assert drawn.keys() <= figures.CHARTS.keys()
    assert {"flow", "evidence-map", "magnitude"} <= drawn.keys()
    names = [row_name(gap) for gap in made.presented.itertuples()]
    assert names[0] in drawn["evidence-map"].alt
    shown = str(made.presented["cp_value_text"].dropna().iloc[0])
    assert shown.split(" (")[0] in drawn["magnitude"].alt
    for chart in drawn.values():
        assert not re.search(r"\d", chart.caption)


@pytest.mark.parametrize(
    ("said", "side"),
    [
        ("less than half", "below"), ("fewer than 50%", "below"), ("<5%", "below"),
        ("no more than 10%", "below"), ("up to 30%", "below"), ("more than half", "above"),
        ("over 80%", "above"), ("not less than 90%", "above"), ("at least 4%", "above"),
        ("nearly 20%", ""), ("23 (72%) of 32", ""), ("33%", ""),
    ],
)  # fmt: skip
def test_a_limit_is_told_from_a_figure(said: str, side: str) -> None:
    assert limit_of(said) == side


def test_a_limit_is_drawn_open_with_an_arrow_and_said_in_words(made: Assessment) -> None:
    def chart(said: str) -> figures.Chart:
        gaps = made.gaps.copy()
        gaps.loc[gaps["cp_value"].notna(), "cp_value_text"] = said
        drawn = figures.CHARTS["magnitude"](replace(made, gaps=gaps))
        assert drawn is not None
        return drawn

    limit, exact = chart("less than half"), chart("50%")
    assert "less than half (a limit: the value lies below it)" in limit.alt
    assert "An open mark with an arrow" in limit.caption
    (axes,) = limit.figure.axes
    assert "white" in [line.get_markerfacecolor() for line in axes.lines]
    assert "limit" not in exact.alt + exact.caption
    (axes,) = exact.figure.axes
    assert "white" not in [line.get_markerfacecolor() for line in axes.lines]


def test_two_rows_and_two_years_make_no_chart(made: Assessment) -> None:
    assert len(made.presented) == LEAST_ROWS
    assert len({work.year for work in made.records.works.values()}) < LEAST_YEARS
    assert figures.CHARTS["timeline"](made) is None
    years = (2018, 2019, 2020)
    articles = tuple(
        msgspec.structs.replace(a, published=PartialDate(f"{years[n % 3]}", years[n % 3]))
        for n, a in enumerate(made.records.articles)
    )
    longer = assess(made.brief, replace(made.records, articles=articles))
    assert figures.CHARTS["timeline"](longer) is not None
    fewer = replace(made, gaps=made.gaps.head(LEAST_ROWS - 1))
    assert len(fewer.presented) == LEAST_ROWS - 1
    for name in ("evidence-map", "stability"):
        assert figures.CHARTS[name](made) is not None
        assert figures.CHARTS[name](fewer) is None
        assert Report(fewer).chart(name) == ""


def test_the_flow_shows_no_screening_where_nobody_screened(made: Assessment) -> None:
    assert "creened" not in figures.CHARTS["flow"](made).alt  # type: ignore[union-attr]
    assert "Nobody screened" in Report(made).methods()
    pmid = str(made.records.articles[0].pmid)
    line = Screened(pmid, "include", "", "A. Reader (made up)", "2021-06-08", "ranked")
    records = replace(made.records, screening=(line,))
    screened = assess(made.brief, records)
    assert "Screened by people: 1" in figures.CHARTS["flow"](screened).alt  # type: ignore[union-attr]
    assert "Nobody screened" not in Report(screened).methods()
    assert "Learned screening order" in Report(screened).independence()


# --- statements ---------------------------------------------------------------------------------


def test_the_statement_names_the_classifier_and_what_it_was_fitted_on(report: Report) -> None:
    text = report.independence()
    assert model_facts()["name"] in text.replace("\\", "")
    assert "No generative model" in text
    assert "Learned screening order" not in text
    labels = Path(__file__).resolve().parents[1] / "labels"
    read = 0
    for name in ("gap_sentences.csv", "later_sentences.csv"):
        with (labels / name).open(encoding="utf-8", newline="") as stream:
            read += sum(1 for _ in csv.DictReader(stream))
    assert read == model_facts()["read_by_people"]


def test_what_only_the_writer_can_answer_is_gathered_once(made: Assessment) -> None:
    report = Report(made)
    for section in (report.standard, report.gaps, report.audience, report.gaps):
        section()
    text = report.appendix_questions().partition("Rules of gap logic")[0]
    questions = [line for line in text.splitlines() if line.startswith("- ")]
    assert "How many learners are expected" in text
    assert len(questions) == len(set(questions))


def test_no_clause_is_quoted_without_what_it_speaks_of() -> None:
    said = (
        "Checks of the made-up lamp that are asked for by every one of the many houses in the town "
        "at the start of each long winter are known to all, but in real life are done in 12% of "
        "the houses that own one."
    )
    start = said.index("12%")
    assert excerpt(said, (start, start + 3)) == said


def test_rows_are_named_as_a_reader_would() -> None:
    from types import SimpleNamespace as Row

    def name(subject: str, group: str, level: str = "P") -> str:
        return row_name(Row(subject=subject, group=group, gap_type=level))

    assert name("T2D, type 2 diabetes", "patients") == "Type 2 diabetes: care of patients"
    assert name("willingness", "general public") == (
        "Willingness to accept care among the general public"
    )
    assert name("Hand washing", "group not stated") == "Hand washing"
    assert name("Disorder, Depressive", "nurses") == "Depressive disorder among nurses"
