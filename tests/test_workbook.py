"""The workbook of a run: typed cells, nothing that runs, the same bytes. All cells are made up."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from test_report_runs import BRIEF, HOSTILE_CONTROL, HOSTILE_FORMULA, made_up_evidence

from cmeneeds.assessment import assess
from cmeneeds.brief import Brief
from cmeneeds.exports.workbook import MOST_CHARACTERS, SHEETS, tables_of, workbook, write_workbook

STATUS = "DRAFT, not signed; SAMPLE CORPUS, NOT PUBMED"


def opened(**tables: pd.DataFrame) -> Any:
    return openpyxl.load_workbook(io.BytesIO(workbook(tables, STATUS)))


def cells(frame: pd.DataFrame, name: str = "gaps") -> list[Any]:
    """The first row of data, as cells."""
    return list(opened(**{name: frame})[name][3])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workbook")
    return write_workbook(folder, assess(Brief.parse(BRIEF), made_up_evidence()))


def test_each_cell_is_of_its_type() -> None:
    frame = pd.DataFrame(
        {
            "rank": pd.Series([3], dtype="Int64"),
            "priority": pd.Series([0.1 + 0.2], dtype="Float64"),
            "cp_value": pd.Series([62.5], dtype="Float64"),
            "bp_guideline": pd.Series([True], dtype="boolean"),
            "decision_date": pd.Series(["2021-06-08"], dtype="string"),
            "cp_pmid": pd.Series([33932519], dtype="Int64"),
            "subject": pd.Series(["0123"], dtype="string"),
            "target": pd.Series([pd.NA], dtype="Float64"),
        }
    )
    found = cells(frame)
    assert [c.data_type for c in found] == ["n", "n", "n", "b", "d", "n", "s", "n"]
    rank, priority, share, yes, day, pmid, text, missing = (c.value for c in found)
    assert (rank, priority, share, yes, pmid) == (3, 0.3, 0.625, True, 33932519)
    assert (day.date().isoformat(), text, missing) == ("2021-06-08", "0123", None)
    assert found[2].number_format.endswith("%")
    assert found[4].number_format == "yyyy-mm-dd"
    assert found[5].number_format == "0"


@pytest.mark.parametrize(
    "text", [HOSTILE_FORMULA, "+1", "-1+1", "@SUM(A1)", "\t=1+1", "＝1+1", "=cmd|' /C calc'!A0"]
)
def test_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    data = workbook({"gaps": pd.DataFrame({"subject": [text]})}, STATUS)
    (cell,) = openpyxl.load_workbook(io.BytesIO(data))["gaps"][3]
    assert cell.data_type == "s"
    assert cell.value.strip() == text.strip()
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            assert b"<f>" not in package.read(name), name
            assert b"<hyperlink" not in package.read(name), name


def test_a_leading_sign_stays_text_after_an_edit() -> None:
    (cell,) = cells(pd.DataFrame({"subject": ["=1+1"]}))
    assert cell.quotePrefix or cell.style_array.quotePrefix


def test_control_and_direction_characters_are_left_out() -> None:
    (cell,) = cells(pd.DataFrame({"subject": [f"a{HOSTILE_CONTROL}b\ufffe\ud800"]}))
    assert cell.value == "a[31mred[0m gnp.exe  b"
    assert not set(cell.value) & set("\x1b\x07\x00\u202e\u202c\ufffe\ud800")


@pytest.mark.parametrize("letter", ["x", "\U0001d54f"])
def test_a_text_too_long_for_a_cell_says_that_it_was_cut(letter: str) -> None:
    (cell,) = cells(pd.DataFrame({"subject": [letter * 40_000]}))
    assert len(cell.value.encode("utf-16-le")) // 2 <= MOST_CHARACTERS
    assert cell.value.endswith("[cut here: 40,000 characters in all, the rest is in the CSV file]")
    (whole,) = cells(pd.DataFrame({"subject": ["x" * MOST_CHARACTERS]}))
    assert whole.value == "x" * MOST_CHARACTERS


def test_numbers_that_a_spreadsheet_would_round_are_kept_as_text() -> None:
    big, endless = cells(pd.DataFrame({"a": [12345678901234567], "b": [float("inf")]}))
    assert (big.value, endless.value) == ("12345678901234567", "inf")


def test_days_that_no_spreadsheet_can_hold_are_kept_as_text() -> None:
    old, wrong = cells(pd.DataFrame({"a": ["1781-01-01"], "b": ["2021-02-30"]}))
    assert (old.value, wrong.value) == ("1781-01-01", "2021-02-30")


def test_every_sheet_says_what_the_document_is_not(made: Path) -> None:
    book = openpyxl.load_workbook(made)
    assert book.sheetnames[0] == "about"
    for sheet in book:
        assert sheet["A1"].value == "DRAFT, not signed", sheet.title
    marked = opened(gaps=pd.DataFrame({"gap_id": ["G-1"]}))
    assert {s["A1"].value for s in marked} == {STATUS}


def test_headers_are_frozen_filtered_and_explained(made: Path) -> None:
    book = openpyxl.load_workbook(made)
    for name in book.sheetnames[1:]:
        sheet = book[name]
        assert sheet.freeze_panes == "B3", name
        assert sheet.auto_filter.ref.startswith("A2:"), name
    notes = {c.value: c.comment.text for c in book["gaps"][2] if c.comment}
    assert "Nothing about support" in notes["priority"]
    assert all(c.alignment.wrap_text for c in book["gaps"][3] if c.data_type == "s")
    widths = [d.width for d in book["gaps"].column_dimensions.values()]
    assert 8 < min(widths) <= max(widths) < 62


def test_there_is_a_sheet_for_each_table_with_all_its_rows(made: Path) -> None:
    tables = tables_of(assess(Brief.parse(BRIEF), made_up_evidence()))
    book = openpyxl.load_workbook(made)
    assert book.sheetnames == ["about", *(n for n in SHEETS if n in tables)]
    for name, table in tables.items():
        assert [c.value for c in book[name][2]] == list(table.columns)
        ids = [c.value for c in book[name]["A"][2 : 2 + len(table)]]
        assert ids == [str(v) for v in table.iloc[:, 0]], name


def test_equal_tables_give_equal_bytes(made: Path, tmp_path: Path) -> None:
    again = write_workbook(tmp_path, assess(Brief.parse(BRIEF), made_up_evidence()))
    assert again.read_bytes() == made.read_bytes()


def test_tables_without_rows_are_sheets_without_rows() -> None:
    sheet = opened(decisions=pd.DataFrame({"gap_id": pd.Series([], dtype="string")}))["decisions"]
    assert (sheet["A2"].value, sheet["A3"].value) == ("gap_id", None)


def test_hostile_records_pass_into_the_workbook_as_text(made: Path) -> None:
    book = openpyxl.load_workbook(made)
    found = [c.value for row in book["findings"].iter_rows() for c in row if c.data_type == "s"]
    assert any(str(v).startswith("=1+1 Knowledge was poor") for v in found)
    assert not [c for s in book for row in s.iter_rows() for c in row if c.data_type == "f"]


def test_supporters_change_no_sheet_but_that_of_contributors(made: Path, tmp_path: Path) -> None:
    other = Brief.parse(BRIEF.replace("Wonderpharm", "Otherpharm"))
    evidence = made_up_evidence()
    again = openpyxl.load_workbook(write_workbook(tmp_path, assess(other, replace(evidence))))
    for sheet in openpyxl.load_workbook(made):
        if sheet.title != "contributors":
            assert [[c.value for c in r] for r in sheet.iter_rows()] == [
                [c.value for c in r] for r in again[sheet.title].iter_rows()
            ], sheet.title
