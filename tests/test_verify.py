"""Verifying runs that are unfinished, damaged, changed or old; law 1 itself is in test_laws."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import test_command_line as commands
import test_report_runs as runs

from cmeneeds.errors import RunBroken
from cmeneeds.home import library_path
from cmeneeds.library.store import Library
from cmeneeds.records import Article
from cmeneeds.verify import Verification, verify_run

made_up_place = runs.made_up_place
made_up_run = runs.made_up_run
cli = commands.cli
Cli = commands.Cli


@pytest.fixture(scope="module")
def broken_before(made_up_place: Path) -> set[str]:
    """What does not hold before anybody changes anything: nothing, one hopes."""
    return {str(b) for b in verify_run(made_up_place / "run", compare_library=False).broken}


def new_in(result: Verification, before: set[str]) -> list[str]:
    """What does not hold since the change."""
    return [str(b) for b in result.broken if str(b) not in before]


def edit_manifest(folder: Path, **fields: Any) -> None:
    """Change fields of a manifest."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8")) | fields
    path.write_text(json.dumps(manifest), "utf-8")


# --- no run at all ------------------------------------------------------------------------------


def missing(folder: Path) -> None:
    shutil.rmtree(folder)


def unfinished(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def failed(folder: Path) -> None:
    edit_manifest(folder, status="failed")


def torn(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"status": "comp', "utf-8")


def no_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]", "utf-8")


def odd_manifest(folder: Path) -> None:
    edit_manifest(folder, source="sample", files=["x"])


def no_snapshot(folder: Path) -> None:
    (folder / "snapshot.jsonl.gz").unlink()


def no_brief(folder: Path) -> None:
    (folder / "brief.yaml").unlink()


def odd_brief(folder: Path) -> None:
    (folder / "brief.yaml").write_text("topic: [\n", "utf-8")


def empty_snapshot(folder: Path) -> None:
    from cmeneeds.retrieval import Records

    kept = Records.load(folder / "snapshot.jsonl.gz")
    Records((), {}, kept.log, "library", "", "", "", "").save(folder / "snapshot.jsonl.gz")


@pytest.mark.parametrize(
    "damage",
    [missing, unfinished, failed, torn, no_manifest, odd_manifest, no_snapshot, no_brief,
     odd_brief, empty_snapshot],
)  # fmt: skip
def test_what_is_no_finished_run_is_refused_in_one_line(
    made_up_run: Path, cli: Cli, damage: Callable[[Path], None]
) -> None:
    damage(made_up_run)
    with pytest.raises(RunBroken):
        verify_run(made_up_run)
    answer = cli("verify", made_up_run)
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.count("\n") == 1


def test_a_file_is_no_run(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "report.html").touch()
    answer = cli("verify", tmp_path / "report.html")
    assert (answer.code, answer.out) == (1, "")
    assert "there is no run at" in answer.error


# --- missing and changed files ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("findings.csv", "findings.csv: says 'missing or unreadable'"),
        ("decisions.csv", "decisions.csv: says 'missing or unreadable'"),
        ("report.md", "report.md: says 'missing or unreadable'"),
        ("references.json", "references.json: says 'missing or unreadable'"),
    ],
)
def test_a_missing_file_is_a_broken_claim(made_up_run: Path, name: str, where: str) -> None:
    (made_up_run / name).unlink()
    result = verify_run(made_up_run, compare_library=False)
    assert not result.holds
    assert any(str(b).startswith(where) for b in result.broken)
    assert name in result.changed_files


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[1]", b'["x"]', b'{"a": 1}', b"{", b"null"])
def test_references_that_cannot_be_read_are_a_broken_claim(
    made_up_run: Path, content: bytes
) -> None:
    (made_up_run / "references.json").write_bytes(content)
    result = verify_run(made_up_run, compare_library=False)
    assert any("reference" in str(b) for b in result.broken)


def test_a_changed_file_without_a_changed_claim_is_only_reported(
    made_up_run: Path, cli: Cli, broken_before: set[str]
) -> None:
    with (made_up_run / "report.html").open("a") as page:
        page.write("<!-- read by A. Writer -->")
    result = verify_run(made_up_run, compare_library=False)
    assert new_in(result, broken_before) == []
    assert result.changed_files == ["report.html"]
    answer = cli("verify", made_up_run)
    assert "file changed since the run: report.html" in answer.out
    if not broken_before:
        assert (answer.code, answer.err) == (0, "")


def edit_rows(path: Path, change: Callable[[list[list[str]]], None]) -> None:
    """Change the rows of a CSV file."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
    change(rows)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    path.write_text(buffer.getvalue(), "utf-8")


def drop_row(rows: list[list[str]]) -> None:
    del rows[1]


def repeat_row(rows: list[list[str]]) -> None:
    rows.append(rows[1])


def add_row(rows: list[list[str]]) -> None:
    rows.append(["G-12345678" if c.startswith("G-") else c for c in rows[1]])


def add_column(rows: list[list[str]]) -> None:
    rows[0].append("our_own")
    for row in rows[1:]:
        row.append("90%")


def drop_column(rows: list[list[str]]) -> None:
    for row in rows:
        del row[5]


def add_cell_beyond_the_last_column(rows: list[list[str]]) -> None:
    rows[1].append("90% fail")


def take_the_mark_away(rows: list[list[str]]) -> None:
    rows[1][0] = "final"


@pytest.mark.parametrize(
    "change",
    [drop_row, repeat_row, add_row, add_column, drop_column, add_cell_beyond_the_last_column,
     take_the_mark_away],
)  # fmt: skip
def test_rows_columns_and_cells_cannot_come_and_go_unseen(
    made_up_run: Path, broken_before: set[str], change: Callable[[list[list[str]]], None]
) -> None:
    edit_rows(made_up_run / "gaps.csv", change)
    result = verify_run(made_up_run, compare_library=False)
    assert any(b.startswith("gaps.csv") for b in new_in(result, broken_before))


@pytest.mark.parametrize("change", ["add", "drop"])
def test_references_are_those_that_are_cited(
    made_up_run: Path, broken_before: set[str], change: str
) -> None:
    path = made_up_run / "references.json"
    listed = json.loads(path.read_text("utf-8"))
    name = listed[0]["id"]
    listed = listed[1:] if change == "drop" else [*listed, listed[0] | {"id": "pmid-999"}]
    path.write_text(json.dumps(listed), "utf-8")
    said = new_in(verify_run(made_up_run, compare_library=False), broken_before)
    assert any((name if change == "drop" else "pmid-999") in s for s in said)


# --- the library since --------------------------------------------------------------------------


def revised(article: Article, **fields: Any) -> Article:
    """A later revision of a record."""
    kept = {n: getattr(article, n) for n in article.__struct_fields__}
    return Article(**(kept | {"revised": article.revised + 1} | fields))


def test_records_that_were_revised_or_withdrawn_since_are_named(
    made_up_run: Path, cli: Cli
) -> None:
    records = {a.pmid: a for a in runs.made_up_records()}
    gone = records.pop(103)
    records[102] = revised(
        records[102], title="Zandoric fever: a made-up guideline, second edition"
    )
    library_path().parent.mkdir(parents=True)
    runs.write_library(library_path(), list(records.values()))
    result = verify_run(made_up_run)
    assert (result.revised, result.gone) == ([102], [gone.pmid])
    answer = cli("verify", made_up_run)
    assert "compared with library.sqlite; 1 revised since, 1 no longer there" in answer.out
    assert "  PMID 102\n  PMID 103\n" in answer.out


def test_an_unchanged_library_is_compared(made_up_run: Path) -> None:
    library_path().parent.mkdir(parents=True)
    runs.write_library(library_path(), runs.made_up_records())
    result = verify_run(made_up_run)
    assert (result.revised, result.gone) == ([], [])
    assert result.library == "compared with library.sqlite"


def test_without_a_library_the_claims_are_still_proven(
    made_up_run: Path, broken_before: set[str]
) -> None:
    result = verify_run(made_up_run)
    assert result.library.startswith("not compared with a library: there is no library")
    assert (result.revised, result.gone) == ([], [])
    assert new_in(result, broken_before) == []
    assert not library_path().exists()


def test_a_library_is_left_as_it_was(made_up_run: Path) -> None:
    library_path().parent.mkdir(parents=True)
    runs.write_library(library_path(), runs.made_up_records())
    verify_run(made_up_run)
    with Library.open(library_path(), read_only=True) as library:
        assert len(library) == len(runs.made_up_records())


def test_another_version_is_noted(made_up_run: Path, cli: Cli) -> None:
    edit_manifest(made_up_run, cmeneeds="0.0.1")
    (note,) = verify_run(made_up_run, compare_library=False).notes
    assert note.startswith("made by version 0.0.1, derived with ")
    assert cli("verify", made_up_run).out.startswith(note)


# --- the share ----------------------------------------------------------------------------------


def test_only_a_whole_proof_is_a_hundred_percent(tmp_path: Path) -> None:
    result = Verification(tmp_path)
    for _ in range(100_000):
        result.expect("x", "a", "a")
    assert result.share == "100 %"
    result.expect("x", "a", "b")
    assert result.share == "99.99 %"
    assert not result.holds


def test_verifying_changes_no_file_of_the_run(made_up_run: Path) -> None:
    before = {p: p.read_bytes() for p in made_up_run.rglob("*") if p.is_file()}
    verify_run(made_up_run)
    assert {p: p.read_bytes() for p in made_up_run.rglob("*") if p.is_file()} == before
