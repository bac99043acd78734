"""CSV files: the same bytes everywhere, no formula runs, and what was written comes back."""

from __future__ import annotations

import csv
import datetime as dt
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmeneeds.errors import ExportError
from cmeneeds.report.tables import _CONTROLS, read_csv, write_csv

TEXT = st.text(max_size=12) | st.lists(
    st.sampled_from([*list("'=+-@\t\r\n,;\"0123.e ＝"), "cmd|' /C x'!A1", "\u202e", "\x00"]),
    max_size=8,
).map("".join)


def as_written(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=6))
def test_text_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    frame = pd.DataFrame(rows, columns=["=a", "b"], dtype="object")
    write_csv(frame, path)
    back = read_csv(path, dtypes={"=a": "str", "b": "str"})
    assert list(back.columns) == ["=a", "b"]
    assert back.to_numpy().tolist() == [[as_written(c) for c in row] for row in rows]


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6))
def test_no_cell_is_a_formula(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write_csv(pd.DataFrame({"a": pd.Series(cells, dtype="object")}), path)
    for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")):
        for cell in row:
            if cell[:1] in tuple("=@\t\r+-") and cell:
                float(cell)  # the only thing that may start so
            assert not _CONTROLS.search(cell)


def test_the_bytes(tmp_path):
    frame = pd.DataFrame(
        {
            "text": ['a "b"', "c,d\ne", "=1+1", "-5.2", None],
            "whole": [1, 2, 3, 4, 5],
            "part": [0.1 + 0.2, 2.0, -0.0, np.nan, 1e21],
            "flag": [True, False, True, False, True],
            "when": pd.to_datetime(["2026-03-04"] * 5),
            "many": [["a", "é"], [], (1, 2), {"b": 1, "a": 2}, None],
        }
    )
    write_csv(frame, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes().decode("utf-8") == (
        "text,whole,part,flag,when,many\n"
        '"a ""b""",1,0.3,true,2026-03-04,"[""a"", ""é""]"\n'
        '"c,d\ne",2,2.0,false,2026-03-04,[]\n'
        '\'=1+1,3,0.0,true,2026-03-04,"[1, 2]"\n'
        '-5.2,4,,false,2026-03-04,"{""a"": 2, ""b"": 1}"\n'
        ",5,1e+21,true,2026-03-04,\n"
    )


def test_types_come_back(tmp_path):
    frame = pd.DataFrame(
        {
            "i": [1, -2],
            "f": [1.0, 2.5],
            "b": [True, False],
            "s": ["007", "8"],
            "n": pd.Series([1, None], dtype="Int64"),
        }
    )
    write_csv(frame, tmp_path / "x.csv")
    back = read_csv(tmp_path / "x.csv")
    pd.testing.assert_frame_equal(back, frame.astype({"s": "str"}))


def test_equal_frames_give_equal_bytes_whatever_their_index(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})
    write_csv(frame, tmp_path / "1.csv")
    write_csv(frame.set_index(pd.Index([9, 8])), tmp_path / "2.csv")
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_other_kinds_of_values(tmp_path):
    values = [dt.date(2026, 3, 4), np.int64(3), np.float64(0.5), np.bool_(True), pd.NaT, pd.NA]
    write_csv(pd.DataFrame({"a": pd.Series(values, dtype="object")}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().split("\n")[1:-1] == [
        "2026-03-04", "3", "0.5", "true", '""', '""',
    ]  # fmt: skip


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    write_csv(pd.DataFrame({"a": [1]}), path)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        write_csv(pd.DataFrame({"a": [2]}), path)
    assert path.read_text() == "a\n1\n"
    assert [p.name for p in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("data", [b"a,b\n1\n", b'a\n"x', b"\xff\xfe"])
def test_what_is_not_such_a_file_is_an_error(tmp_path, data):
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(ExportError):
        read_csv(tmp_path / "x.csv")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(ExportError, match="could not be written"):
        write_csv(pd.DataFrame({"a": [1]}), tmp_path / "none" / "x.csv")
