"""Learner data through a whole run: read, cited, used as baseline, verified, never leaked.

The disease, its literature, the learners and all their figures are made up.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import test_report_runs as runs

from cmeneeds.assessment import assess
from cmeneeds.brief import Brief
from cmeneeds.errors import UsageError
from cmeneeds.learner_data import read_learner_data
from cmeneeds.report.run import make_report
from cmeneeds.report.tables import read_csv
from cmeneeds.retrieval import Records
from cmeneeds.verify import verify_run

HOSTILE = '=1+1 <script>alert(9)</script> [go](javascript:a) {.x} 50% of "learners" | x'
TEST_ITEMS = (
    "text,type,phase,n_correct,n,period,gap\n"
    "Names the infusion pump dose checks within 24 hours,knowledge,pre,21,50,2021 Q1,\n"
    "Names the infusion pump dose checks within 24 hours,knowledge,post,36,48,2021 Q1,\n"
    "Feels confident with dose checks on the infusion pump,confidence,pre,14,50,2021 Q1,\n"
    "Knows a thing of another world,knowledge,pre,9,50,,a gap of another world\n"
    '"' + HOSTILE.replace('"', '""') + '",knowledge,pre,9,50,,\n'
    "A rare thing that three were asked,knowledge,pre,1,3,,\n"
)
ANSWERS = "code,phase,[competence] Sets the pump,remark\n" + "".join(
    f"Q{i},{phase},{int(i % 3 > missed)},a remark of learner {i}\n"
    for phase, missed in (("pre", 1), ("post", 0))
    for i in range(9)
)
BRIEF = runs.BRIEF + "learner_data: [data/test.csv, data/answers.csv]\n"


def write_all(folder: Path) -> Path:
    """A brief with its data beside it."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "test.csv").write_text(TEST_ITEMS)
    (folder / "data" / "answers.csv").write_text(ANSWERS)
    return runs.write_brief(folder, BRIEF)


@pytest.fixture(scope="session")
def learner_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run from the made-up library and learner data. Only read it."""

    def make(folder: Path) -> None:
        runs.write_library(folder / "made-up.sqlite", runs.made_up_records())
        brief = write_all(folder / "briefs")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(folder / "home"))
            made = make_report(brief, outputs=folder / "outputs", library=folder / "made-up.sqlite")
            shutil.copytree(made.folder, folder / "run")

    return runs.once(tmp_path_factory, "learner-run", make)


@pytest.fixture
def learner_run(learner_place: Path, tmp_path: Path) -> Path:
    """A copy of that run, to tamper with."""
    return Path(shutil.copytree(learner_place / "run", tmp_path / "learner-run"))


def broken(folder: Path) -> list[str]:
    return [str(b) for b in verify_run(folder, compare_library=False).broken]


def test_every_claim_about_learners_is_derived_again(learner_run: Path) -> None:
    said = [b for b in broken(learner_run) if "LEARN" in b or "learner" in b]
    assert said == []
    table = read_csv(learner_run / "learners.csv")
    assert len(table) == 7
    report = (learner_run / "report.md").read_text("utf-8")
    for address in table["learner_id"]:
        assert f'address="{address}"' in report


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("learners.csv", "21 of 50", "31 of 50"),
        ("report.md", "[21 of 50]", "[31 of 50]"),
        ("report.md", '[42.0]{.count key="learner', '[62.0]{.count key="learner'),
        ("report.md", '[33.0]{.count key="learner', '[43.0]{.count key="learner'),
        ("report.md", '[1]{.count key="learner.suppressed', '[0]{.count key="learner.suppressed'),
    ],
)
def test_a_changed_figure_of_learners_is_found(
    learner_run: Path, name: str, old: str, new: str
) -> None:
    path = learner_run / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    assert any("LEARN" in b or "learner" in b for b in broken(learner_run))


def test_nothing_about_single_learners_is_kept(learner_run: Path) -> None:
    snapshot = gzip.decompress((learner_run / "snapshot.jsonl.gz").read_bytes()).decode()
    assert "Sets the pump" in snapshot
    for path in learner_run.rglob("*"):
        if path.is_file() and path.suffix in {".csv", ".md", ".html", ".json", ".yaml", ".ipynb"}:
            text = path.read_text("utf-8")
            assert "a remark of learner" not in text, path.name
            assert "A rare thing" not in text, path.name
    assert "a remark of learner" not in snapshot
    assert "A rare thing" not in snapshot
    assert '"Q4"' not in snapshot


def test_the_learners_own_figure_is_the_baseline_of_its_gap(learner_run: Path) -> None:
    objectives = read_csv(learner_run / "objectives.csv")
    gaps = read_csv(learner_run / "gaps.csv").set_index("gap_id")
    own = objectives[objectives["baseline_source"].str.startswith("LEARN")]
    (row,) = own[own["subject"] == "dose check"].to_dict("records")
    assert "21 of 50, 42.0 %" in row["baseline"]
    assert "proposed" in row["baseline"]
    assert gaps.loc[row["gap_id"], "gap_type"] == "K"
    assert "36 of 48" not in " ".join(objectives["baseline"])


def test_the_report_shows_figures_change_and_what_was_left_out(learner_run: Path) -> None:
    report = (learner_run / "report.md").read_text("utf-8")
    section = report.split("# Learner and stakeholder input")[1].split("\n# ")[0]
    assert "perceived" in section
    assert "Cohen's h" in section
    assert "who gained and who lost is not told" in section
    assert "exact p of McNemar" in section
    assert "which is no row of this gap table" in section
    kinds = "kinds of source: peer-reviewed literature, guideline or consensus, learner data; "
    assert kinds + "perceived and unperceived need are both shown" in section
    assert "remark" in section  # the column that was not read, by its name alone
    html = (learner_run / "report.html").read_text("utf-8")
    assert "alert(9)</script>" not in html
    assert "&lt;script&gt;alert(9)" in html


def test_the_same_tables_come_from_the_snapshot_when_the_files_are_gone(
    learner_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "home"))
    brief = runs.write_brief(tmp_path / "elsewhere", BRIEF)
    again = make_report(
        brief, outputs=tmp_path / "outputs", library=learner_run / "snapshot.jsonl.gz"
    ).folder
    for name in ("learners.csv", "gaps.csv", "objectives.csv"):
        assert (again / name).read_bytes() == (learner_run / name).read_bytes(), name
    assert (again / "snapshot.jsonl.gz").read_bytes() == (
        learner_run / "snapshot.jsonl.gz"
    ).read_bytes()


def test_learner_data_move_no_row_and_are_no_findings(tmp_path: Path) -> None:
    from dataclasses import replace

    write_all(tmp_path)
    files = read_learner_data([tmp_path / "data" / "test.csv", tmp_path / "data" / "answers.csv"])
    records = runs.made_up_evidence()
    brief = Brief.parse(runs.BRIEF)
    without = assess(brief, records)
    having = assess(brief, replace(records, learner=files))
    pd.testing.assert_frame_equal(without.gaps, having.gaps)
    pd.testing.assert_frame_equal(without.findings, having.findings)
    assert len(having.learners.table) == 7
    assert without.learners.table.empty


def test_a_snapshot_keeps_learner_data(tmp_path: Path) -> None:
    from dataclasses import replace

    write_all(tmp_path)
    files = read_learner_data([tmp_path / "data" / "test.csv"])
    records = replace(runs.made_up_evidence(), learner=files)
    records.save(tmp_path / "snapshot.jsonl.gz")
    again = Records.load(tmp_path / "snapshot.jsonl.gz")
    assert again.learner == files
    address = files[0].address(files[0].rows[0])
    assert again.works.locate(address).text == files[0].rows[0].text


def test_a_refused_file_stops_the_run_before_anything_is_written(tmp_path: Path) -> None:
    brief = write_all(tmp_path / "briefs")
    (tmp_path / "briefs" / "data" / "test.csv").write_text(
        "text,n_correct,n,e-mail\nNames it,5,9,jane@example.org\n"
    )
    library = runs.write_library(tmp_path / "made-up.sqlite", runs.made_up_records())
    with pytest.raises(UsageError, match=r"test\.csv, column 4 \('e-mail'\)"):
        make_report(brief, outputs=tmp_path / "outputs", library=library)
    assert not (tmp_path / "outputs").exists()


def test_learner_data_are_cited_as_unpublished(learner_run: Path) -> None:
    listed = json.loads((learner_run / "references.json").read_text("utf-8"))
    own = [item for item in listed if item["id"].startswith("LEARN")]
    assert len(own) == 2
    assert {item["note"] for item in own} == {"Unpublished data"}
    assert not any("issued" in item for item in own)
    html = (learner_run / "report.html").read_text("utf-8")
    reference = html.split(f'id="ref-{own[0]["id"]}"')[1].split("</div>")[0]
    assert "Published" not in reference
