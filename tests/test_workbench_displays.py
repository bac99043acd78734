"""What a notebook shows: tables that stand alone, text that stays text, help with a strategy."""

from __future__ import annotations

import base64
import gzip
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cmeneeds as cn
from cmeneeds.errors import UsageError
from cmeneeds.library.store import Library
from cmeneeds.report.run import Run
from cmeneeds.retrieval import Records
from cmeneeds.strategy import Strategy
from cmeneeds.workbench import page
from cmeneeds.workbench.abstracts import Mark, marked
from cmeneeds.workbench.progress import Bar
from cmeneeds.workbench.strategies import advice

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = "</template></script><script>alert(1)</script><img src=x onerror=alert(1)>"


def data_of(html: str) -> dict[str, Any]:
    """What the browser unpacks of the first table."""
    packed = re.search(r"<template>([A-Za-z0-9+/=]+)</template>", html)
    assert packed is not None
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return found


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    return cn.build_strategy(cn.Brief.load(ROOT / "briefs" / "covid-19-vaccination.yaml"))


@pytest.fixture
def records(strategy: Strategy, sample_library: Library) -> Records:
    return cn.search(strategy)


# --- tables -------------------------------------------------------------------------------------


def test_hostile_text_stays_text_everywhere() -> None:
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "pmid": [HOSTILE], "n": [1.5]})
    html = cn.show(frame)._repr_html_()
    assert "<img" not in html
    assert html.count("<script>") == 1
    assert html.count("</template>") == 1
    assert data_of(html)["rows"][0][0] == HOSTILE  # set as text by the browser


def test_a_table_loads_nothing_from_anywhere(records: Records, strategy: Strategy) -> None:
    for html in (records._repr_html_(), strategy._repr_html_()):
        assert not re.search(r"(?:src|@import|url\()\s*=?\s*[\"']?(?:https?:)?//", html)
        assert "<link" not in html


def test_a_row_opens_the_abstract_with_findings_marked_by_class(records: Records) -> None:
    data = data_of(records._repr_html_())
    assert len(data["rows"]) == len(data["details"]) == len(records)
    article = records.articles[0]
    assert str(data["rows"][0][0]) == str(article.pmid)
    assert 'class="cn-GAP"' in "".join(data["details"])
    assert page.text(article.sections[0].text[:40]) in re.sub(
        r"<sup>[A-Z]+</sup>|</?mark[^>]*>", "", data["details"][0]
    )


def test_without_scripts_and_on_paper_the_first_rows_are_there(records: Records) -> None:
    html = records._repr_html_()
    static = html[html.index("cn-static") : html.index("<template>")]
    assert static.count("<tr>") == page.STATIC_ROWS + 1
    assert f"the first {page.STATIC_ROWS} of {len(records)} rows" in static
    assert records.notice[:30] in html


def test_missing_values_are_empty_and_control_characters_are_gone() -> None:
    frame = pd.DataFrame({"a": pd.array([pd.NA, "x\x1b[31m\u202ey"], dtype="string")})
    assert data_of(cn.show(frame)._repr_html_())["rows"] == [[""], ["x[31my"]]


def test_findings_gaps_and_objectives_show_what_stands_behind_each_row(
    records: Records, strategy: Strategy
) -> None:
    brief = strategy.brief
    assessment = cn.assess(brief, records)
    findings = data_of(cn.show(assessment.findings)._repr_html_())
    assert str(assessment.findings["finding_id"].iloc[0]) in findings["details"][0]
    gap = assessment.gaps.iloc[0]
    shown = data_of(assessment._repr_html_())["details"][0]
    assert page.text(gap["current_practice"]) in shown
    assert gap["cp_passage"] in shown
    plan = data_of(cn.show(assessment.objectives)._repr_html_())["details"][0]
    assert page.text(assessment.objectives["outcome_measure"].iloc[0]) in plan
    assert assessment.status_line in assessment._repr_html_()
    assert repr(assessment).startswith(f"<{brief.topic}: {len(records)} records, ")


def test_more_detail_than_a_notebook_should_hold_is_left_out_and_said() -> None:
    many = page.table((page.Column("a", "A"),), [["x"]] * 40, ["y" * 300_000] * 40)
    assert "Details are at hand for the first 25 of 40 rows" in many
    assert len(data_of(many)["details"]) == 25


def test_a_run_lists_its_files_without_naming_this_machine(tmp_path: Path) -> None:
    manifest = {
        "status": "complete", "document_status": "DRAFT, not signed", "files": {"gaps.csv": "0"},
        "brief": {"topic": HOSTILE}, "source": {"name": "made up", "records": 3}, "times": {},
    }  # fmt: skip
    run = Run(tmp_path, manifest)
    html = run._repr_html_()
    assert "gaps.csv</a>" in html
    assert "<img" not in html
    assert f'"{tmp_path}' not in html


def test_a_page_can_be_saved_to_print(records: Records, tmp_path: Path) -> None:
    saved = cn.show(records).save(tmp_path / "records.html")
    text = saved.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert records.articles[0].title[:30] in text


def test_what_is_not_ours_is_refused() -> None:
    with pytest.raises(UsageError, match="dict is not shown here"):
        cn.show({})  # type: ignore[arg-type]


def test_marks_that_overlap_or_lie_outside_leave_the_text_whole() -> None:
    words = "One two <three> four."
    marks = [Mark(0, 0, 7, "GAP"), Mark(0, 4, 9, "RATE"), Mark(0, 8, 400, "REC")]
    html = marked(words, marks)
    assert html.count("<mark") == 1
    assert re.sub(r"<sup>[A-Z]+</sup>|</?mark[^>]*>", "", html) == "One two &lt;three&gt; four."


# --- strategies ---------------------------------------------------------------------------------


def test_a_strategy_shows_blocks_counts_and_links_with_the_query(
    strategy: Strategy, records: Records
) -> None:
    from urllib.parse import parse_qs, urlsplit

    html = cn.show(strategy, records=records)._repr_html_()
    links = [page.html.unescape(a) for a in re.findall(r'href="([^"]+)"', html)]
    asked = {parse_qs(urlsplit(a).query)["term"][0] for a in links}
    assert asked == {q.text for q in (strategy.topic_query, *strategy.queries)}
    for entry in records.log:
        assert f"{entry.count:,}" in html
    assert repr(strategy) == str(strategy)


def test_the_linters_false_alarms_are_not_passed_on(strategy: Strategy) -> None:
    said = " ".join(advice(strategy))
    assert "arenthes" not in said
    bare = strategy.brief.model_copy(update={"mesh": [], "synonyms": ["flu"]})
    said = " ".join(advice(cn.build_strategy(bare)))
    assert "No MeSH heading" in said
    assert "Short names" in said


def test_yield_says_what_would_be_lost_without_a_term(
    strategy: Strategy, sample_library: Library
) -> None:
    table = cn.term_yield(strategy)
    whole = set(sample_library.search(strategy.topic_query.text).pmids)
    for row in table.itertuples():
        left = [t for t in table["term"] if t != row.term]
        block = f"({' OR '.join(left)})"
        query = strategy.topic_query.text.replace(strategy.topic, block)
        assert row.only == len(whole - set(sample_library.search(query).pmids))
    assert table["records"].max() <= len(whole)
    assert table["records"].is_monotonic_decreasing


def test_overlap_counts_every_record_once(records: Records) -> None:
    table = cn.facet_overlap(records)
    assert table["records"].sum() == len(records)
    found = sum("practice_gap" in records.facets[a.pmid] for a in records.articles)
    assert table.loc[table["practice_gap"], "records"].sum() == found
    figure = cn.plot_overlap(records, most=3)
    assert "rarer combinations left out" in figure._suptitle.get_text()


def test_headings_are_suggested_from_records_that_carry_them(sample_library: Library) -> None:
    table = cn.suggest_mesh("stroke", library="sample")
    assert table["heading"].iloc[0] == "Stroke"
    assert table["why"].iloc[0] == "is called so"
    assert "Humans" not in set(table["heading"])


def test_strategies_are_kept_with_their_date_and_compared(
    strategy: Strategy, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    first = cn.save_strategy(strategy, file, on=date(2021, 6, 8))
    more = strategy.brief.model_copy(update={"synonyms": [*strategy.brief.synonyms[1:], "jab"]})
    cn.save_strategy(cn.build_strategy(more), file, name="with jab", on=date(2021, 6, 9))
    kept = cn.load_strategies(file)
    assert kept[0] == first
    assert [(k.name, k.day) for k in kept] == [
        ("version 1", "2021-06-08"), ("with jab", "2021-06-09"),
    ]  # fmt: skip
    diff = cn.strategy_diff(*kept)
    ((block, gone, come),) = diff.changes
    assert block == "topic"
    assert gone == [f'"{strategy.brief.synonyms[0]}"[tiab]']
    assert come == ["jab[tiab]"]
    assert "  + jab[tiab]" in repr(diff)
    assert "no difference" in repr(cn.strategy_diff(strategy, strategy))


def test_a_damaged_file_of_strategies_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "a.strategies.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"a\.strategies\.jsonl cannot be read"):
        cn.load_strategies(tmp_path / "a.yaml")


# --- progress -----------------------------------------------------------------------------------


def test_a_bar_is_drawn_in_a_notebook_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, html: Any) -> None:
            shown.append(html.data)

    def display(html: Any, **_: Any) -> Handle:
        shown.append(html.data)
        return Handle()

    monkeypatch.setattr("cmeneeds.workbench.progress.in_notebook", lambda: True)
    monkeypatch.setattr("cmeneeds.workbench.progress.AFTER", 0)
    monkeypatch.setattr("cmeneeds.workbench.progress.EVERY", 0)
    monkeypatch.setattr("IPython.display.display", display)

    def work() -> None:
        with Bar("Reading <b>") as bar:
            bar(3, 10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert 'max="10" value="3"' in shown[0]
    assert "Reading &lt;b&gt;" in shown[0]
    assert shown[-1] == ""


def test_outside_a_notebook_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("Reading") as bar:
        bar(1, 2)
        bar.step("searching")
    assert capsys.readouterr().out == ""


def test_searching_stopped_halfway_leaves_nothing_and_can_be_done_again(
    strategy: Strategy, sample_library: Library
) -> None:
    def stop(facet: str, position: int, of: int) -> None:
        if position == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cn.search(strategy, progress=stop)
    assert len(cn.search(strategy)) > 0
