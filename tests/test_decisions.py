"""Decisions: a table beside the brief that people and spreadsheets write and no run changes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from cmeneeds.decisions import (
    FIELDS,
    Decision,
    apply_decisions,
    decide,
    decisions_path,
    decisions_table,
    load_decisions,
)
from cmeneeds.errors import UsageError

HEAD = ",".join(FIELDS) + "\n"
ROW = pd.Series({"gap_id": "G-00000001", "cp_passage": "1.0.0-9"})


def written(folder: Path, text: str | bytes) -> Path:
    """A decisions file with this content."""
    path = folder / "made-up.decisions.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def gaps(**passages: str) -> pd.DataFrame:
    """A gap table of these rows."""
    return pd.DataFrame(
        {"gap_id": list(passages), "cp_passage": list(passages.values())}, dtype="string"
    )


def test_decisions_stand_beside_the_brief() -> None:
    assert decisions_path("briefs/stroke.yaml") == Path("briefs/stroke.decisions.csv")


def test_no_file_means_no_decisions(tmp_path: Path) -> None:
    assert load_decisions(tmp_path / "none.csv") == []


def test_what_was_decided_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    made = decide(
        path, ROW, "reject", " A. Writer ", 'not "ours",\nsays the panel ', date(2021, 6, 1)
    )
    assert made == Decision(
        "G-00000001", "reject", 'not "ours",\nsays the panel', "A. Writer", "2021-06-01", "1.0.0-9"
    )
    assert load_decisions(path) == [made]


def test_the_day_is_today_unless_given(tmp_path: Path) -> None:
    made = decide(tmp_path / "d.csv", ROW, "accept", "A. Writer")
    assert made.date == date.today().isoformat()


def test_deciding_again_replaces_the_decision_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    other = ROW.replace("G-00000001", "G-00000002")
    decide(path, ROW, "accept", "A. Writer")
    decide(path, other, "accept", "A. Writer")
    decide(path, ROW, "reject", "B. Planner", "read again")
    found = {d.gap_id: d.decision for d in load_decisions(path)}
    assert found == {"G-00000001": "reject", "G-00000002": "accept"}
    assert len(path.read_text("utf-8").splitlines()) == 3


def test_of_several_decisions_about_a_row_the_last_one_counts(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"{HEAD}G-1,accept,,A,2021-01-01,\nG-2,accept,,A,2021-01-01,\n"
        "G-1,reject,changed my mind,B,2021-02-01,\n",
    )
    found = {d.gap_id: (d.decision, d.by) for d in load_decisions(path)}
    assert found == {"G-1": ("reject", "B"), "G-2": ("accept", "A")}


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + f"{HEAD}G-1,accept,,A,2021-01-01,\n".encode(),
        f"{HEAD}G-1,accept,,A,2021-01-01,\n".replace("\n", "\r\n"),
        f"{HEAD}\nG-1,accept,,A,2021-01-01,\n\n",
        'note,date,by,reason,decision,gap_id,passage\nx,2021-01-01,A,,"accept",G-1,\n',
        f"{HEAD} G-1 , accept ,,A,2021-01-01\n",
    ],
    ids=["byte order mark", "Windows lines", "empty lines", "other columns", "short line"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, text: str | bytes) -> None:
    (decision,) = load_decisions(written(tmp_path, text))
    assert decision == Decision("G-1", "accept", "", "A", "2021-01-01", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}G-1,accept,,A,2021-01-01,\nG-2,maybe,,A,2021-01-01,\n",
         "line 3: unknown decision 'maybe'"),
        (f"{HEAD}G-1,,,A,2021-01-01,\n", "line 2: unknown decision ''"),
        (f"{HEAD}G-1,reject,,A,2021-01-01,\n", "line 2: a rejection without a reason"),
        (f"{HEAD}G-1,reject,   ,A,2021-01-01,\n", "line 2: a rejection without a reason"),
        (f"{HEAD}G-1,accept,,,2021-01-01,\n", "line 2: who decided, and when, is missing"),
        (f"{HEAD}G-1,accept,,A,,\n", "line 2: who decided, and when, is missing"),
        (f'{HEAD}G-1,accept,"two\nlines",A,2021-01-01,\nG-2,no,,A,2021-01-01,\n',
         "line 4: unknown decision 'no'"),
        ("gap_id,decision,by\n", "has no column date, passage, reason"),
        (HEAD.replace(",", ";"), "has no column by, date"),
        ("", "has no column by, date"),
        (b"\xff\xfe\x00gap", "is no CSV table"),
        (f"{HEAD}G-1,acc\x00ept,,A,2021-01-01,\n", "line"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_decisions(written(tmp_path, text))
    assert message in str(caught.value)
    assert "made-up.decisions.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_decisions(tmp_path)


@pytest.mark.parametrize(
    ("decision", "by", "reason"),
    [("reject", "A. Writer", ""), ("reject", "A. Writer", "  "), ("accept", " ", ""),
     ("perhaps", "A. Writer", "why not")],
)  # fmt: skip
def test_an_incomplete_decision_is_not_written(
    tmp_path: Path, decision: str, by: str, reason: str
) -> None:
    path = tmp_path / "d.csv"
    decide(path, ROW, "accept", "A. Writer", on=date(2021, 1, 1))
    before = path.read_bytes()
    with pytest.raises(UsageError):
        decide(path, ROW, decision, by, reason)  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["d.csv"]


def test_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path, "not,a,decisions,table\n")
    with pytest.raises(UsageError):
        decide(path, ROW, "accept", "A. Writer")
    assert path.read_text("utf-8") == "not,a,decisions,table\n"


def test_decisions_are_put_beside_the_rows_and_change_none() -> None:
    table = gaps(**{"G-1": "1.0.0-9", "G-2": "2.0.0-9", "G-3": "3.0.0-9"})
    decided = [
        Decision("G-1", "reject", "not ours", "A", "2021-01-01", "1.0.0-9"),
        Decision("G-2", "accept", "", "B", "2021-01-02", "other"),
        Decision("G-9", "accept", "", "B", "2021-01-02", ""),
    ]
    result = apply_decisions(table, decided)
    pd.testing.assert_frame_equal(result[["gap_id", "cp_passage"]], table)
    assert list(result["decision"]) == ["reject", "accept", ""]
    assert list(result["decision_reason"]) == ["not ours", "", ""]
    assert list(result["decision_by"]) == ["A", "B", ""]
    assert list(result["decision_date"]) == ["2021-01-01", "2021-01-02", ""]
    assert list(result["decision_flag"]) == ["", "the evidence has changed since", ""]


def test_a_decision_without_a_passage_is_not_flagged() -> None:
    decided = [Decision("G-1", "accept", "", "A", "2021-01-01", "")]
    assert list(apply_decisions(gaps(**{"G-1": "1.0.0-9"}), decided)["decision_flag"]) == [""]


def test_the_table_of_decisions_loses_none() -> None:
    table = gaps(**{"G-1": "1.0.0-9", "G-2": "2.0.0-9"})
    decided = [
        Decision("G-1", "reject", "not ours", "A", "2021-01-01", "1.0.0-9"),
        Decision("G-2", "accept", "", "B", "2021-01-02", "other"),
        Decision("G-9", "accept", "", "B", "2021-01-02", "9.0.0-9"),
    ]
    listed = decisions_table(table, decided)
    assert list(listed.columns) == [*FIELDS, "state"]
    assert list(listed["state"]) == ["applied", "evidence changed", "no such row now"]
    assert [tuple(r)[:-1] for r in listed.itertuples(index=False)] == decided
    assert decisions_table(table, []).shape == (0, len(FIELDS) + 1)
