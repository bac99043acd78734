"""The table of findings. All sentences here are made up."""

from __future__ import annotations

import pandas as pd
import pytest

from cmeneeds.evidence.findings import FINDING_COLUMNS, find
from cmeneeds.evidence.passages import parse_address
from cmeneeds.records import Article, Markup, Section

GAP = "Only 31/50 (62%) of nurses received training and screening remained low."
CARE = "Clinicians should screen all patients; routine use is recommended."
CELLS = "We measured the expression of genes in cells of mice."

TWO = Article(
    pmid=20,
    title="Poor knowledge of guidelines among physicians: a made-up survey",
    sections=(
        Section(text=CELLS, label="METHODS"),
        Section(text=f"All replied. {GAP}", label="RESULTS"),
        Section(text=CARE, category="CONCLUSIONS"),
    ),
)
ONE = Article(pmid=3, title="Cells of mice", sections=(Section(text=GAP),))


def test_columns_and_types_with_and_without_rows() -> None:
    full, empty = find([TWO, ONE]), find([])
    assert tuple(full.columns) == tuple(empty.columns) == FINDING_COLUMNS
    assert full.dtypes.to_dict() == empty.dtypes.to_dict()
    assert len(full) > 0
    assert len(empty) == 0
    only_words = find([Article(pmid=1, sections=(Section(text=CARE, label="CONCLUSIONS"),))])
    assert only_words.dtypes.to_dict() == full.dtypes.to_dict()
    assert only_words["value"].isna().all()


def test_every_row_leads_back_to_its_words() -> None:
    articles = {article.pmid: article for article in (TWO, ONE)}
    table = find(articles.values())
    for row in table.itertuples():
        text = articles[row.pmid].text_of(row.section)
        assert text[row.start : row.end] == row.text
        assert parse_address(row.finding_id) == (row.pmid, row.section, row.start, row.end)
        if not pd.isna(row.value_text):
            assert text[row.value_start : row.value_end] == row.value_text
            assert row.value_text in row.text
    assert table["finding_id"].is_unique
    assert not (table["label"] == "OTHER").any()
    assert CELLS not in set(table["text"])


def test_numbers_of_a_gap() -> None:
    row = find([TWO]).set_index("section").loc[1]
    assert (row["label"], row["section_label"]) == ("GAP", "RESULTS")
    assert (row["value"], row["numerator"], row["denominator"]) == (62.0, 31, 50)
    assert row["value_text"] == "31/50 (62%)"
    assert row["value_start"] == len("All replied. Only ")
    assert bool(row["agrees"])
    assert not row["secondary"]
    assert "practice_rate" in row["cues"].split("; ")


def test_the_category_stands_in_for_a_heading() -> None:
    row = find([TWO]).set_index("section").loc[2]
    assert (row["label"], row["section_label"]) == ("REC", "CONCLUSIONS")
    assert pd.isna(row["level"])
    assert pd.isna(row["actor"])


def test_order_does_not_depend_on_the_input() -> None:
    forward, backward = find([TWO, ONE]), find([ONE, TWO])
    pd.testing.assert_frame_equal(forward, backward)
    keys = list(forward[["pmid", "section", "start"]].itertuples(index=False, name=None))
    assert keys == sorted(keys)
    assert forward.to_csv(index=False) == backward.to_csv(index=False)
    assert list(forward.index) == list(range(len(forward)))


def test_the_last_record_of_a_pmid_counts() -> None:
    revised = Article(pmid=3, sections=(Section(text=CARE, label="CONCLUSIONS"),))
    assert list(find([ONE, revised])["text"]) == [CARE]


def test_minimum_probability() -> None:
    table = find([TWO, ONE])
    middle = float(table["probability"].median())
    kept = find([TWO, ONE], minimum_probability=middle)
    assert len(kept) == (table["probability"] >= middle).sum()
    assert len(find([TWO, ONE], minimum_probability=1.0)) == 0


@pytest.mark.parametrize(("tag", "found"), [("sup", False), ("i", True)])
def test_markup_counts_from_the_section(tag: str, found: bool) -> None:
    text = f"All replied. {GAP}"
    at = text.index("31/50")
    section = Section(text=text, label="RESULTS", markup=(Markup(at + 3, at + 5, tag),))
    table = find([Article(pmid=1, sections=(section,))])
    assert list(table["denominator"].dropna()) == ([50] if found else [])
