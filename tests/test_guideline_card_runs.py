"""A report whose best practice comes from a made-up PDF and whose baseline from a made-up CSV.

The records are those of the sample corpus; guideline, interviews and learner data are made up.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import made_up_guideline as made_up
import pandas as pd
import pytest
import test_report_runs as runs

from cmeneeds.guideline_cards import cards_path, confirm_card
from cmeneeds.report.run import make_report
from cmeneeds.report.tables import read_csv
from cmeneeds.retrieval import Records
from cmeneeds.verify import verify_run


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, sample_home: Path) -> Path:
    """A folder with two runs: cards as extracted under ``plain``, then corrected. Only read it."""

    def make(folder: Path) -> None:
        brief = made_up.write_all(folder / "briefs")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(shutil.copytree(sample_home, folder / "home")))
            plain = make_report(brief, outputs=folder / "outputs").folder
            shutil.copytree(plain, folder / "plain")
            cards = read_csv(plain / "cards.csv")
            card = cards[cards["wording"] == made_up.WORDING].iloc[0]
            confirm_card(
                cards_path(brief), card, "A. Writer (made up)", class_or_strength="2a",
                superseded_by="Fourth made-up edition, 2021",
            )  # fmt: skip
            corrected = make_report(brief, outputs=folder / "outputs").folder
            shutil.copytree(corrected, folder / "corrected")

    return runs.once(tmp_path_factory, "card-runs", make)


@pytest.fixture
def plain(place: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(place / "plain", tmp_path / "plain"))


@pytest.fixture
def corrected(place: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(place / "corrected", tmp_path / "corrected"))


def gap_of(folder: Path) -> pd.Series:
    gaps = read_csv(folder / "gaps.csv")
    found = gaps[gaps["best_practice"] == made_up.WORDING]
    assert len(found) == 1
    return found.iloc[0]


def broken(folder: Path) -> list[str]:
    return [str(b) for b in verify_run(folder, compare_library=False).broken]


def test_both_sides_of_a_gap_from_a_pdf_and_a_csv_are_proven(plain: Path) -> None:
    gap = gap_of(plain)
    assert gap["status"] == "gap"
    assert str(gap["bp_source"]).startswith("OWN")
    assert (str(gap["bp_grade"]), gap["bp_level"]) == ("1", "B-R")
    assert gap["bp_body"] == "Society of Made-Up Guidelines"
    assert str(gap["baseline"]).startswith("18 of 50, 36.0 %")
    kinds = str(gap["source_types"]).split("; ")
    assert {"guideline or consensus", "provider's quality data", "expert interviews"} <= set(kinds)
    assert "patient or caregiver perspective" not in kinds  # consent is unknown
    verified = verify_run(plain, compare_library=False)
    assert verified.broken == []
    assert verified.share == "100 %"


def test_a_changed_card_or_quotation_is_found(plain: Path) -> None:
    path = plain / "cards.csv"
    path.write_text(path.read_text("utf-8").replace("B-R", "B-NR"), "utf-8")
    report = plain / "report.md"
    said = report.read_text("utf-8")
    report.write_text(said.replace("In my view 70 %", "In my view 80 %"), "utf-8")
    found = broken(plain)
    assert any(b.startswith("cards.csv") and "B-NR" in b for b in found)
    assert any("report.md, card OWN" in b for b in found)


def test_what_the_writer_corrected_is_marked_and_proven(corrected: Path) -> None:
    gap = gap_of(corrected)
    assert str(gap["bp_grade"]) == "2a"
    assert gap["bp_card_by"].startswith("class_or_strength given by A. Writer (made up)")
    assert "Fourth made-up edition" in gap["bp_superseded_by"]
    assert "L25" in str(gap["flags"]).split("; ")
    report = (corrected / "report.md").read_text("utf-8")
    assert "given by" in report
    assert "superseded" in report
    assert broken(corrected) == []


def test_corrections_are_in_the_snapshot_and_survive_a_run_from_it(
    corrected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = corrected / "snapshot.jsonl.gz"
    assert [c.by for c in Records.load(snapshot).cards] == ["A. Writer (made up)"]
    again = shutil.copytree(corrected, tmp_path / "elsewhere")
    brief = again / "diabetes.yaml"
    shutil.copyfile(corrected / "brief.yaml", brief)  # nothing else is beside it
    made = make_report(brief, outputs=tmp_path / "outputs", library=snapshot)
    for name in ("cards.csv", "gaps.csv"):
        assert (made.folder / name).read_bytes() == (corrected / name).read_bytes()


def test_no_name_of_a_speaker_reaches_any_file(place: Path) -> None:
    for path in (*(place / "plain").rglob("*"), *(place / "home" / "sources").rglob("*")):
        if path.is_file() and path.suffix in (".md", ".csv", ".html", ".json", ".ipynb", ".txt"):
            text = path.read_text("utf-8")
            assert "Quill" not in text, path.name
            assert "zandra@example.org" not in text, path.name


def test_experts_are_quoted_with_role_and_date_and_nobody_without_consent(plain: Path) -> None:
    report = (plain / "report.md").read_text("utf-8")
    assert "**Expert input**: nephrologist" in report
    assert "In my view 70 % of us" in report
    assert "Consent is unknown, so nothing of it is quoted." in report
    gaps = (plain / "gaps.csv").read_text("utf-8")
    assert "70" not in [c for c in gaps.split(",") if c.strip() in ("70", "70.0", "70 %")]
    findings = read_csv(plain / "findings.csv")
    expert = [d.id for d in Records.load(plain / "snapshot.jsonl.gz").documents
              if d.source_type == "expert"]  # fmt: skip
    assert not findings["source"].isin(expert).any()
