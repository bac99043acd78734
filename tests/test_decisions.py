"""Decisions: a table beside the brief that people and spreadsheets write and no run changes."""

from __future__ import annotations

import csv
import multiprocessing
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from cmeneeds.decisions import (
    FIELDS,
    KINDS,
    STATES,
    Decision,
    apply_decisions,
    compare,
    decide,
    decisions_path,
    decisions_table,
    in_force,
    load_decisions,
    merge_files,
    save_decisions,
    undo,
)
from cmeneeds.errors import CmeneedsError, UsageError

HEAD = "gap_id,decision,reason,by,date,passage\n"
"""The columns of the first version; files that have no others are read."""

FULL = ",".join(FIELDS) + "\n"
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
    assert made[:6] == (
        "G-00000001", "reject", 'not "ours",\nsays the panel', "A. Writer", "2021-06-01", "1.0.0-9"
    )  # fmt: skip
    assert load_decisions(path) == [made]


def test_the_day_is_today_unless_given(tmp_path: Path) -> None:
    made = decide(tmp_path / "d.csv", ROW, "accept", "A. Writer")
    assert made.date == date.today().isoformat()


def test_of_what_is_decided_again_the_last_line_counts_and_all_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    other = ROW.replace("G-00000001", "G-00000002")
    decide(path, ROW, "accept", "A. Writer")
    decide(path, other, "accept", "A. Writer")
    decide(path, ROW, "reject", "B. Planner", "read again")
    found = {d.gap_id: d.decision for d in load_decisions(path)}
    assert found == {"G-00000001": "reject", "G-00000002": "accept"}
    assert [d.by for d in load_decisions(path)] == ["A. Writer", "A. Writer", "B. Planner"]
    assert [(d.gap_id, d.decision) for d in in_force(load_decisions(path))] == [
        ("G-00000002", "accept"),
        ("G-00000001", "reject"),
    ]


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
        (HEAD.replace(",", "|"), "has no column by, date"),
        ("", "has no column by, date"),
        (b"\xff\xfe\x00ga", "is no CSV table"),
        (b"\xff\xfe\x00gap", "has no column by, date"),
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
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["d.csv"]


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
    assert list(listed.columns) == [*FIELDS, "row", "state", "flag", "was"]
    assert list(listed["state"]) == ["applied", "evidence changed", "no such row now"]
    assert [tuple(r)[:-4] for r in listed.itertuples(index=False)] == decided
    assert decisions_table(table, []).shape == (0, len(FIELDS) + 4)


# --- kinds --------------------------------------------------------------------------------------


def kind(**cells: str) -> str:
    """A file of one decision; other cells are filled so that it is complete."""
    filled = {"gap_id": "G-1", "by": "A", "date": "2021-01-01"} | cells
    return FULL + ",".join(f'"{filled.get(name, "")}"' for name in FIELDS) + "\n"


@pytest.mark.parametrize(
    "cells",
    [
        {"decision": "merge", "into": "G-2"},
        {"decision": "split", "value": "at night", "parts": "1.0.0-9; 2.t.0-5"},
        {"decision": "split", "parts": "by source"},
        {"decision": "edit", "column": "subject", "value": "pump checks"},
        {"decision": "add", "gap_id": "G-own-1", "value": "trolleys", "passage": "1.0.0-9"},
        {"decision": "add", "column": "best_practice", "passage": "NBK12345.4.0-12, 3.1.2-8"},
        {"decision": "confirm", "passage": "1.0.0-9", "value": "population and share"},
        {"decision": "confirm", "column": "need"},
        {"decision": "confirm", "gap_id": "", "passage": "1.0.0-9", "value": "burden"},
        {"decision": "accept"},
        {"decision": "Reject", "reason": "not ours"},
    ],
)
def test_every_kind_of_decision_is_read_from_a_line(tmp_path: Path, cells: dict[str, str]) -> None:
    (decision,) = load_decisions(written(tmp_path, kind(**cells)))
    expected = {"gap_id": "G-1"} | cells | {"decision": cells["decision"].lower()}
    assert {name: getattr(decision, name) for name in expected} == expected


def test_to_sign_is_to_accept(tmp_path: Path) -> None:
    (decision,) = load_decisions(written(tmp_path, kind(decision="sign")))
    assert decision.decision == "accept"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"decision": "merge"}, "a merge into no row"),
        ({"decision": "merge", "into": "G-1"}, "a row merged into itself"),
        ({"decision": "split", "parts": "1.0.0-9"}, "a part without a name"),
        ({"decision": "split", "value": "x"}, "is not the address of a passage"),
        ({"decision": "split", "value": "x", "parts": "by colour"}, "not the address"),
        ({"decision": "edit", "value": "x"}, "an edit of no column"),
        ({"decision": "edit", "column": "Some Thing", "value": "x"}, "an edit of no column"),
        ({"decision": "edit", "column": "subject"}, "an edit without text"),
        ({"decision": "add", "value": "x"}, "a gap made by hand without a source"),
        ({"decision": "add", "value": "x", "passage": "I read it"}, "not the address"),
        ({"decision": "add", "passage": "1.0.0-9"}, "a gap without a subject"),
        ({"decision": "add", "gap_id": "own 1", "passage": "1.0.0-9"}, "cannot name a gap"),
        ({"decision": "add", "column": "subject", "passage": "1.0.0-9"}, "is no side of a gap"),
        ({"decision": "confirm", "passage": "1.0.0-9"}, "what the passage supports is missing"),
        ({"decision": "confirm", "value": "x"}, "is not the address of a passage"),
        ({"decision": "confirm", "passage": "1.0.0-9 2.0.0-9", "value": "x"}, "several passages"),
        ({"decision": "confirm", "passage": "1.0.0-9", "column": "need"}, "at once"),
        ({"decision": "accept", "gap_id": ""}, "which row is meant is missing"),
        ({"decision": "accept", "date": "yesterday"}, "'yesterday' is no date"),
        ({"decision": "accept", "date": "=TODAY()"}, "is no date"),
        ({"decision": "edit", "column": "subject", "value": "x" * 10_001}, "10,001 characters"),
        ({"decision": "edit", "column": "subject", "value": "x" * 1_000_000}, "too long"),
    ],
)
def test_an_incomplete_line_is_refused_with_its_number(
    tmp_path: Path, cells: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_decisions(written(tmp_path, kind(**cells)))
    assert message in str(caught.value)
    assert "made-up.decisions.csv, line 2" in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


# --- spreadsheets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        (HEAD + "G-1,accept,,Zoë,2021-01-01,\n").replace(",", ";").encode(),
        (HEAD + "G-1,accept,,Zoë,2021-01-01,\n").replace(",", "\t").encode("utf-16"),
        b"\xfe\xff" + (HEAD + "G-1,accept,,Zoë,2021-01-01,\n").encode("utf-16-be"),
        (HEAD.upper() + "G-1,ACCEPT,,Zoë,2021-01-01,\n").encode("utf-8-sig"),
        (HEAD.replace("\n", ",\n") + "G-1,accept,,Zoë,2021-01-01,,\n").encode(),
    ],
    ids=["semicolons", "Unicode text", "big-endian", "capitals", "an empty column"],
)
def test_other_forms_that_spreadsheets_save_are_read(tmp_path: Path, text: bytes) -> None:
    (decision,) = load_decisions(written(tmp_path, text))
    assert decision == Decision("G-1", "accept", "", "Zoë", "2021-01-01", "")


@pytest.mark.parametrize(
    "day", ["2021-06-08", "6/8/2021", "08.06.2021", "8 Jun 2021", "June 8, 2021", "8-Jun-21",
            "2021/6/8", "2021-06-08 00:00:00"]
)  # fmt: skip
def test_dates_in_the_forms_of_spreadsheets_are_kept_as_written(tmp_path: Path, day: str) -> None:
    text = FULL + f'G-1,accept,,A,"{day}",\n'
    assert load_decisions(written(tmp_path, text))[0].date == day


def test_letters_that_cannot_be_told_are_refused_with_their_line(tmp_path: Path) -> None:
    data = (HEAD + "G-1,accept,,A,2021-01-01,\nG-2,accept,,Zoë,2021-01-01,\n").encode("latin-1")
    with pytest.raises(UsageError, match=r"line 3: not UTF-8"):
        load_decisions(written(tmp_path, data))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + 'G-1,reject,"no end,A,2021-01-01,\n' + "G-2,accept,,A,2021-01-01,\n" * 9, "line"),
        (HEAD + "G-1,reject,a, reason, with commas,A,2021-01-01,\n", "more cells than columns"),
        (HEAD.replace("by", "by,by") + "G-1,accept,,A,B,2021-01-01,\n", "has column by twice"),
        (HEAD + "G-\x1b[31m1,accept,,A,2021-01-01,\n", "gap_id holds a control character"),
    ],
)
def test_a_muddled_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_decisions(written(tmp_path, text))
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


HOSTILE = [
    '=HYPERLINK("http://192.0.2.1","x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1", "'=1", "''@x",
    "<script>alert(1)</script>", "[x](javascript:alert(1)) `x`{=html}", '"quoted", and; parted',
    "two\nlines", "\uff1d1", "a\u00a0b", "1,5; 2|3",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_it_was_and_runs_in_no_spreadsheet(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "d.csv"
    decide(path, ROW, "edit", text, text, column="subject", value=text)
    (decision,) = load_decisions(path)
    assert (decision.value, decision.reason, decision.by) == (text.strip(),) * 3
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for line in csv.reader(stream):
            for cell in line:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\uff1d")), cell


def test_control_and_direction_characters_do_not_get_in(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    decide(path, ROW, "reject", "A. Writer", "red \x1b[31m\x00 \u202egnp.exe\u202c end")
    assert load_decisions(path)[0].reason == "red [31m gnp.exe end"
    assert b"\x1b" not in path.read_bytes()


def test_what_only_a_terminal_would_obey_is_read_as_nothing(tmp_path: Path) -> None:
    text = f"{HEAD}G-1,reject,red \x1b[31m\u202eend,A\x07,2021-01-01,\n"
    (decision,) = load_decisions(written(tmp_path, text))
    assert (decision.reason, decision.by) == ("red [31mend", "A")


def test_writing_keeps_columns_and_marks_of_the_writers_own(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "note;gap_id;decision;reason;by;date;passage\n'=ask Una;G-1;accept;;A;2021-01-01;\n",
    )
    decide(path, ROW, "reject", "A. Writer", "not ours; really")
    undo(path)
    decide(path, ROW, "reject", "A. Writer", "not ours; really")
    lines = path.read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("note;gap_id;decision;reason;by;date;passage;column")
    assert lines[1].startswith("'=ask Una;G-1;accept;;A;2021-01-01;")
    assert [d.gap_id for d in load_decisions(path)] == ["G-1", "G-00000001"]


def test_a_file_of_the_first_version_is_read_and_carried_on(tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEAD}G-1,reject,not ours,A. Writer,2021-01-01,1.0.0-9\n")
    decide(path, ROW, "edit", "A. Writer", column="subject", value="x")
    old, new = load_decisions(path)
    assert old == Decision("G-1", "reject", "not ours", "A. Writer", "2021-01-01", "1.0.0-9")
    assert (new.decision, new.column, new.value) == ("edit", "subject", "x")


# --- undo and several writers -------------------------------------------------------------------


def test_undo_takes_the_last_decision_back_and_brings_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    first = decide(path, ROW, "accept", "A. Writer")
    second = decide(path, ROW, "reject", "B. Planner", "read again")
    assert undo(path) == second
    assert in_force(load_decisions(path)) == [first]
    assert undo(path) == first
    assert load_decisions(path) == []
    assert undo(path) is None
    assert undo(tmp_path / "none.csv") is None
    assert not (tmp_path / "none.csv").exists()


def test_undo_of_one_person_leaves_what_others_decided(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    mine = decide(path, ROW, "accept", "A. Writer")
    theirs = decide(path, ROW, "reject", "B. Planner", "read again")
    assert undo(path, by="A. Writer") == mine
    assert load_decisions(path) == [theirs]


def _decide_often(path: str, name: str, times: int) -> None:
    for n in range(times):
        decide(path, f"G-{name}-{n}", "accept", name)


def test_decisions_of_writers_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    context = multiprocessing.get_context("spawn")
    names = ("a", "b", "c")
    writers = [context.Process(target=_decide_often, args=(str(path), n, 8)) for n in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [w.exitcode for w in writers] == [0, 0, 0]
    found = {d.gap_id for d in load_decisions(path)}
    assert found == {f"G-{name}-{n}" for name in names for n in range(8)}


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.csv"
    decide(path, ROW, "accept", "A. Writer")
    before = path.read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CmeneedsError, match="No space left"):
        decide(path, ROW, "reject", "A. Writer", "read again")
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [".d.csv.lock", "d.csv"]


# --- two people ---------------------------------------------------------------------------------


def said(gap_id: str, decision: str, by: str, **cells: str) -> Decision:
    """A decision of somebody."""
    return Decision(gap_id, decision, "a reason", by, "2021-06-08", "")._replace(**cells)


def test_agreement_of_two_people_is_that_of_the_textbook() -> None:
    # Made-up counts: both yes 20, only A 5, only B 10, both no 15. Observed 0.70; by chance 0.50.
    answers = [("accept", "accept")] * 20 + [("accept", "reject")] * 5
    answers += [("reject", "accept")] * 10 + [("reject", "reject")] * 15
    a = [said(f"G-{n}", x, "A") for n, (x, _) in enumerate(answers)]
    b = [said(f"G-{n}", y, "B") for n, (_, y) in enumerate(answers)]
    found = compare([*a, said("G-a", "accept", "A")], [*b, said("G-b", "accept", "B")])
    assert (found.both, found.agreed, found.agreement) == (50, 35, 0.7)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.4)
    assert found.kappa.low < 0.4 < found.kappa.high
    assert (found.only_a, found.only_b) == (("G-a",), ("G-b",))
    assert len(found.conflicts) == 15


def test_kappa_is_not_made_up_where_it_is_not_defined() -> None:
    same = [said("G-1", "accept", "A"), said("G-2", "accept", "A")]
    assert compare(same, same).kappa is None
    assert compare(same, same).agreement == 1
    assert compare(same, []).agreement is None


def test_two_files_become_one_and_what_differs_is_left_open() -> None:
    both = said("G-1", "accept", "A")
    a = [both, said("G-2", "accept", "A"), said("G-3", "edit", "A", column="subject", value="x")]
    b = [both, said("G-2", "reject", "B"), said("G-3", "edit", "B", column="subject", value="x"),
         said("G-4", "merge", "B", into="G-1")]  # fmt: skip
    found = merge_files(a, b)
    assert [(c.about, c.a.by, c.b.by) for c in found.conflicts] == [("status G-2", "A", "B")]
    assert found.decisions == [both, a[2], b[2], b[3]]


def test_of_a_shared_line_that_one_decided_again_the_newer_counts() -> None:
    shared = said("G-1", "accept", "A")
    again = said("G-1", "reject", "A")
    for one, other in (([shared, again], [shared]), ([shared], [shared, again])):
        found = merge_files(one, other)
        assert found.conflicts == ()
        assert in_force(found.decisions) == [again]
    earlier = said("G-1", "reject", "B", reason="at first sight")
    assert in_force(merge_files([shared, again], [earlier, shared]).decisions) == [again]


def test_what_was_merged_can_be_written_and_read(tmp_path: Path) -> None:
    decisions = [said("G-1", "accept", "A"), said("G-4", "merge", "B", into="G-1")]
    save_decisions(tmp_path / "d.csv", decisions)
    assert load_decisions(tmp_path / "d.csv") == decisions
    with pytest.raises(UsageError):
        save_decisions(tmp_path / "d.csv", [said("G-1", "merge", "A")])
    assert load_decisions(tmp_path / "d.csv") == decisions


# --- the page about it --------------------------------------------------------------------------

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "decisions.md").read_text("utf-8")


def test_the_examples_of_the_page_are_read(tmp_path: Path) -> None:
    example = PAGE.split("```csv\n")[1].split("```")[0]
    read = load_decisions(written(tmp_path, example))
    assert {d.decision for d in read} == set(KINDS)
    assert example.splitlines()[0] == ",".join(FIELDS)


def test_the_page_names_every_kind_and_every_state() -> None:
    for word in (*KINDS, *STATES):
        assert f"| `{word}`" in PAGE, word
