"""The path of notebooks: what a learner relies on besides that the cells run."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import cmeneeds as cn
from cmeneeds.cli import app
from cmeneeds.errors import UsageError

nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells_of(path: Path, kind: str) -> list[Any]:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


# --- the path -----------------------------------------------------------------------------------


def test_the_path_has_no_missing_step() -> None:
    assert [p.stem[:2] for p in NOTEBOOKS] == [f"{n:02}" for n in range(9)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_short_celled_starts_at_once_and_says_what_is_next(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    # JupyterLab asks for a kernel where the metadata names none.
    assert notebook.metadata.kernelspec.name == "cmeneeds"
    assert notebook.cells[-1].source.startswith("## What next")
    for cell in cells_of(path, "code"):
        assert len(cell.source.splitlines()) <= 16, cell.source
    checked = [c for c in cells_of(path, "code") if c.source.startswith("# NBVAL_CHECK_OUTPUT")]
    assert checked, "nothing stable is compared"
    assert all(c.outputs for c in checked), "a compared cell has nothing to be compared with"


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda p: p.stem)
def test_one_line_changes_the_topic(path: Path) -> None:
    first = cells_of(path, "code")[0].source
    assert "cn.practice_brief(" in first
    assert "# Your own topic" in first


def test_each_notebook_leads_to_the_one_after_it() -> None:
    for path, following in itertools.pairwise(NOTEBOOKS):
        last = nbformat.read(path, as_version=4).cells[-1].source
        assert f"({following.name})" in last, path.name


def test_links_in_notebooks_lead_somewhere() -> None:
    broken = [
        f"{path.name} -> {target}"
        for path in NOTEBOOKS
        for cell in cells_of(path, "markdown")
        for target in re.findall(r"\]\(([^)#\s]+)", cell.source)
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert not broken


def test_public_names_in_notebooks_exist() -> None:
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            for name in re.findall(r"\bcn\.(\w+)\(", cell.source):
                assert name in cn.__all__, f"{path.name}: cn.{name}"


# --- a brief to practise on ---------------------------------------------------------------------


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with example briefs, seen from its notebooks."""
    monkeypatch.delenv("CMENEEDS_PRACTICE", raising=False)
    shutil.copytree(ROOT / "briefs", tmp_path / "briefs")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def test_every_notebook_finds_the_same_copy_and_the_example_stays(workplace: Path) -> None:
    example = workplace / "briefs" / "stroke.yaml"
    before = example.read_bytes()
    copy = cn.practice_brief("stroke")
    assert copy == workplace / "practice" / "stroke.yaml"
    assert copy.read_bytes() == before
    copy.write_bytes(before + b"# what the learner wrote\n")
    assert cn.practice_brief("stroke").read_bytes().endswith(b"wrote\n")
    assert example.read_bytes() == before
    # Its learner data came with it.
    for name in cn.Brief.load(copy).learner_files:
        assert (copy.parent / name).is_file()


@pytest.mark.parametrize("name", ["no-such-topic", "../briefs/stroke", ""])
def test_an_unknown_example_is_named_with_those_that_exist(workplace: Path, name: str) -> None:
    with pytest.raises(UsageError, match="covid-19-vaccination, "):
        cn.practice_brief(name)
    assert not (workplace / "practice").exists()


def test_practice_works_without_example_briefs_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CMENEEDS_PRACTICE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert cn.practice_brief("depression") == tmp_path / "practice" / "depression.yaml"


def test_the_map_of_accreditation_tells_where_each_line_was_read() -> None:
    known = cn.accreditation_map()
    assert {"ACCME", "EACCME"} <= set(known["accreditor"])
    for row in known.itertuples():
        asked = cn.accreditation_map(str(row.accreditor))
        assert len(asked) == row.requirements
        assert asked["source"].str.len().min() > 0
    with pytest.raises(UsageError, match="EACCME"):
        cn.accreditation_map("XYZ")


# --- cmeneeds lab -------------------------------------------------------------------------------


def test_lab_opens_at_the_start_and_brings_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: asked.append(command) or 0)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second time nothing is copied over what the writer did
        assert CliRunner().invoke(app, ["lab"]).exit_code == 0
        assert f"--ServerApp.root_dir={tmp_path}" in asked[-1]
        assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in asked[-1]
        (tmp_path / "notebooks" / "01_scope_a_topic.ipynb").write_text("mine")
    assert (tmp_path / "notebooks" / "01_scope_a_topic.ipynb").read_text() == "mine"
    assert (tmp_path / "docs" / "workbench.md").is_file()
    assert (tmp_path / "briefs" / "stroke.yaml").is_file()


def test_lab_opens_on_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: asked.append(command) or 0)
    assert CliRunner().invoke(app, ["lab", str(tmp_path)]).exit_code == 0
    assert asked[0][-1] == f"--ServerApp.root_dir={tmp_path}"
    assert list(tmp_path.iterdir()) == []


# --- a team's own notebooks ---------------------------------------------------------------------


def steps_of_the_recipe() -> dict[str, str]:
    workflow = yaml.safe_load((ROOT / "docs/workflows/validate-notebooks.yml").read_text("utf-8"))
    steps = workflow["jobs"]["validate"]["steps"]
    return {step["name"]: step["run"] for step in steps if "run" in step}


@pytest.mark.parametrize(
    ("printed", "passes"), [("7 rows\\n", True), ("8 rows\\n", False)], ids=["same", "other"]
)
def test_the_recipe_passes_a_good_notebook_and_stops_a_changed_one(
    tmp_path: Path, printed: str, passes: bool
) -> None:
    pytest.importorskip("nbval")
    cell = nbformat.v4.new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(7, 'rows')", execution_count=1)
    cell.metadata["tags"] = ["keep_output"]
    text = printed.encode().decode("unicode_escape")
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "ours.ipynb")
    bin_folder = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    steps = steps_of_the_recipe()
    codes = [
        subprocess.run(
            ["bash", "-e", "-c", steps[name]],
            cwd=tmp_path,
            env=os.environ | {"PATH": bin_folder},
            capture_output=True,
            check=False,
        ).returncode
        for name in (
            "Outputs are stripped",
            "Notebooks run, and compared text is the same",
        )
    ]
    assert codes[0] == 0
    assert (codes[1] == 0) is passes


def test_the_recipe_stops_outputs_that_nobody_compares(tmp_path: Path) -> None:
    pytest.importorskip("nbstripout")
    cell = nbformat.v4.new_code_cell("print('a made-up abstract')", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="a made-up abstract\n")]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks" / "ours.ipynb")
    done = subprocess.run(
        ["bash", "-e", "-c", steps_of_the_recipe()["Outputs are stripped"]],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
