"""Own sources through a whole run: a gap with its best practice from a PDF, both sides verified.

The disease, its literature, the guideline and the learners are made up.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
import test_learner_runs as learners
import test_report_runs as runs

from cmeneeds.own_sources import store
from cmeneeds.report.run import make_report
from cmeneeds.report.tables import read_csv
from cmeneeds.retrieval import Records
from cmeneeds.verify import Verification, verify_run

ADVICE = "Nurses should perform infusion pump dose checks in all patients with zandoric fever"
GUIDELINE = f"""
#set page(width: 15cm, height: 12cm)
#set text(size: 10pt)
#text(size: 18pt, weight: "bold")[Zandoric fever: guideline of a made-up society]

This text and the disease it speaks of are made up.
#pagebreak()
= Recommendations
{ADVICE} (Class I, Level A).
"""
BRIEF = learners.BRIEF + (
    "own_sources:\n"
    "  - {file: sources/guideline.pdf, type: guideline, publisher: Made-up Society, year: 2020}\n"
)


@pytest.fixture(scope="session")
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run whose guideline is a PDF, and its home. Only read it."""
    import typst

    def make(folder: Path) -> None:
        records = [r for r in runs.made_up_records() if r.pmid != 102]  # no guideline in PubMed
        runs.write_library(folder / "made-up.sqlite", records)
        brief = learners.write_all(folder / "briefs")
        brief.write_text(BRIEF, "utf-8")
        (folder / "briefs" / "sources").mkdir()
        made = typst.compile(GUIDELINE.encode())
        (folder / "briefs" / "sources" / "guideline.pdf").write_bytes(made)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(folder / "home"))
            run = make_report(brief, outputs=folder / "outputs", library=folder / "made-up.sqlite")
            shutil.copytree(run.folder, folder / "run")

    return runs.once(tmp_path_factory, "own-source-run", make)


@pytest.fixture
def own_run(own_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that run and of its home, to tamper with."""
    shutil.copytree(own_place / "home", tmp_path / "home")
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "home"))
    return Path(shutil.copytree(own_place / "run", tmp_path / "run"))


def verified(folder: Path) -> Verification:
    return verify_run(folder, compare_library=False)


def about_own(result: Verification) -> list[str]:
    return [str(b) for b in result.broken if "OWN" in str(b)]


def test_a_gap_takes_its_best_practice_from_a_pdf_and_its_data_from_a_csv(own_run: Path) -> None:
    gaps = read_csv(own_run / "gaps.csv")
    (gap,) = gaps[gaps["subject"] == "dose check"].to_dict("records")
    assert gap["status"] == "gap"
    assert gap["bp_source"].startswith("OWN")
    objectives = read_csv(own_run / "objectives.csv")
    baselines = objectives.loc[objectives["gap_id"] == gap["gap_id"], "baseline_source"]
    assert any(str(b).startswith("LEARN") for b in baselines)
    assert about_own(verified(own_run)) == []


def test_the_card_names_the_page(own_run: Path) -> None:
    report = (own_run / "report.md").read_text("utf-8")
    start = report.index("::: {.passage #p-OWN")
    card = report[start : report.index(":::", start + 5)]
    assert ADVICE in card
    assert "page 2" in card


def test_the_reference_has_what_the_brief_says_and_no_more(own_run: Path) -> None:
    items = json.loads((own_run / "references.json").read_text("utf-8"))
    (item,) = [i for i in items if i["id"].startswith("OWN")]
    assert item["author"] == [{"literal": "Made-up Society"}]
    assert item["title"] == "Zandoric fever: guideline of a made-up society"
    assert item["issued"] == {"date-parts": [[2020]]}
    assert not {"URL", "accessed", "edition", "publisher"} & item.keys()


def test_the_search_log_tells_what_the_writer_brought(own_run: Path) -> None:
    log = read_csv(own_run / "search_log.csv").set_index("facet")
    assert int(log.loc["own sources", "count"]) == 1


def test_passages_are_read_again_in_the_original(own_run: Path) -> None:
    (line,) = verified(own_run).originals
    assert "original at hand" in line
    assert "at page and place" in line


def test_a_run_is_proved_without_the_original_too(own_run: Path) -> None:
    (kept,) = store.list_sources()
    kept.original.unlink()
    result = verified(own_run)
    assert about_own(result) == []
    assert ["not at hand" in line for line in result.originals] == [True]


def test_words_changed_in_the_snapshot_are_found_in_the_original(own_run: Path) -> None:
    path = own_run / "snapshot.jsonl.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    assert "dose checks in all patients with zandoric" in text
    changed = text.replace("dose checks in all patients with", "dose checks in few patients with")
    path.write_bytes(gzip.compress(changed.encode()))
    assert any("original" in line for line in about_own(verified(own_run)))


@pytest.mark.long
def test_the_snapshot_gives_the_same_tables_without_library_or_file(
    own_place: Path, own_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "empty-home"))
    (tmp_path / "alone").mkdir()
    brief = tmp_path / "alone" / "brief.yaml"
    shutil.copyfile(own_run / "brief.yaml", brief)
    again = make_report(brief, outputs=tmp_path / "again", library=own_run / "snapshot.jsonl.gz")
    for name in ("findings.csv", "gaps.csv", "objectives.csv"):
        assert (again.folder / name).read_bytes() == (own_run / name).read_bytes(), name
    (document,) = [
        d for d in Records.load(again.folder / "snapshot.jsonl.gz").documents if d.sha256
    ]
    assert (document.role, document.source_type, document.pages) == ("guideline", "guideline", 2)
