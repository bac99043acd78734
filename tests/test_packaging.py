"""What is published fits together, and works outside the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {
    ".git",
    ".venv",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "outputs",
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirement(text: str) -> tuple[str, str]:
    """Split into a comparable name and a range without spaces."""
    text = text.split(";")[0].strip()
    match = _NAME.match(text)
    assert match, f"not a requirement: {text!r}"
    rest = text[match.end() :].strip()
    rest = re.sub(r"^\[.*?\]", "", rest)
    return _key(match[0]), rest.replace(" ", "")


def _pyproject() -> dict[str, object]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert isinstance(project, dict)
    return project


def _requirements(texts: list[str]) -> dict[str, str]:
    found = [_requirement(text) for text in texts]
    assert len(dict(found)) == len(found), "a package is listed twice"
    return dict(found)


def test_conda_environment_equals_pyproject() -> None:
    project = _pyproject()
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    plain = [item for item in environment["dependencies"] if isinstance(item, str)]
    (from_pypi,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    conda = _requirements([*plain, *from_pypi])
    assert conda.pop("python") == project["requires-python"]
    assert conda.pop("pip") == ""
    assert conda == _requirements(project["dependencies"])
    assert environment["channels"] == ["conda-forge"]


def test_every_dependency_is_pinned_exactly() -> None:
    project = _pyproject()
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    for line in pins:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line), f"not one exact pin: {line}"
    pinned = _requirements(pins)
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(d for extra in extras.values() for d in extra)]
    missing = {_requirement(d)[0] for d in wanted} - pinned.keys()
    assert not missing, f"constraints.txt does not pin {sorted(missing)}"


def test_pins_lie_within_the_ranges() -> None:
    packaging = pytest.importorskip("packaging.requirements")
    project = _pyproject()
    pinned = _requirements(
        [p for p in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if p.strip()]
    )
    for extra in [project["dependencies"], *project["optional-dependencies"].values()]:
        for text in extra:
            requirement = packaging.Requirement(text)
            version = pinned[_key(requirement.name)].removeprefix("==")
            assert requirement.specifier.contains(version), f"{text} but pinned {version}"


def _our_files() -> list[Path]:
    """Every file that could be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [n for n in listed.stdout.decode().split("\0") if n]
        return [ROOT / n for n in names if (ROOT / n).is_file()]
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts)
    ]


def test_no_file_names_a_registry_host_or_a_machine_path() -> None:
    # Put together here, so that this file does not hold what it looks for.
    needles = [
        "files.python" + "hosted.org",
        "pypi" + ".org/simple",
        "index" + "-url",
        "find" + "-links",
        "trusted" + "-host",
        "/" + "root/",
        "/" + "Users/",
        "/" + "work/",
        "C:" + "\\Users",
    ]
    home = re.compile("/" + r"home/[a-z]")
    found = []
    for path in _our_files():
        data = path.read_bytes()
        if b"\0" in data[:8000]:
            continue
        text = data.decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {n}" for n in needles if n in text]
        if home.search(text):
            found.append(f"{path.relative_to(ROOT)}: a home folder")
    assert not found


def test_constraints_name_no_host_and_no_path() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|@|^-|/", text, re.MULTILINE)


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text("utf-8").splitlines()
    assert lines[0].startswith("#!")
    assert lines[0].endswith("bash")
    assert "set -euo pipefail" in lines
    assert lines[-1].removeprefix("exec ") == "make test"
    assert os.access(script, os.X_OK)


def test_ci_runs_from_any_folder(tmp_path: Path) -> None:
    # A `make` of our own in front of the real one tells where and with what it was called.
    fake = tmp_path / "bin" / "make"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "$(pwd) $*"\nexit 7\n')
    fake.chmod(0o755)
    done = subprocess.run(
        [str(ROOT / ".ci" / "run")],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(ROOT), "test"]
    assert done.returncode == 7


def test_pre_commit_downloads_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert not any(hook.get("additional_dependencies") for hook in hooks)


def test_committed_notebooks_hold_only_compared_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    for folder in ("notebooks", "templates"):
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            for cell in nbformat.read(path, as_version=4).cells:
                outputs = cell.get("outputs", [])
                if not outputs:
                    continue
                where = f"{path.name}, cell {cell.get('id')}"
                assert cell.source.startswith("# NBVAL_CHECK_OUTPUT"), f"{where} holds outputs"
                assert {o.output_type for o in outputs} == {"stream"}, where
                assert "keep_output" in cell.metadata.get("tags", []), where


def test_documentation_names_every_command_and_public_name() -> None:
    import typer.main

    import cmeneeds
    from cmeneeds.cli import app

    readme = (ROOT / "README.md").read_text("utf-8")
    api = (ROOT / "docs" / "api.md").read_text("utf-8")

    def names(command: object, before: str) -> list[str]:
        inner = getattr(command, "commands", None)
        if inner is None:
            return [before]
        return [n for name, sub in inner.items() for n in names(sub, f"{before} {name}")]

    for name in names(typer.main.get_command(app), "cmeneeds"):
        assert f"| `{name}" in readme, f"README has no line for {name}"
    for name in cmeneeds.__all__:
        assert f"| `{name}` |" in api, f"docs/api.md has no line for {name}"


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    broken = []
    for page in pages:
        broken += [
            f"{page.relative_to(ROOT)} -> {target}"
            for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
            if "://" not in target and not (page.parent / target).exists()
        ]
    assert not broken


def test_the_brief_page_explains_every_key() -> None:
    from cmeneeds.brief import Audience, Brief, Contributor, Population, Relationship, Support

    page = (ROOT / "docs" / "writing-a-brief.md").read_text("utf-8")
    models = (Brief, Audience, Population, Support, Contributor, Relationship)
    keys = {key for model in models for key in model.model_fields}
    assert not {key for key in keys if not re.search(rf"\b{key}\b", page)}


def test_the_example_in_the_brief_page_is_valid() -> None:
    from cmeneeds.brief import Brief

    page = (ROOT / "docs" / "writing-a-brief.md").read_text("utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        Brief.parse(example)


def test_example_briefs_show_every_key_and_both_accreditors() -> None:
    from cmeneeds.brief import Brief

    files = sorted((ROOT / "briefs").glob("*.yaml"))
    assert len(files) >= 5
    shown: set[str] = set()
    accreditors = []
    for path in files:
        brief = Brief.load(path)
        shown |= brief.model_fields_set
        accreditors.append(set(brief.accreditor))
        assert (brief.source, brief.as_of.isoformat()) == ("sample", "2021-06-08"), path.name
        assert all("made up" in person.name for person in brief.contributors), path.name
    assert shown == set(Brief.model_fields)
    assert {"EACCME"} in accreditors
    assert {"ACCME", "EACCME"} in accreditors


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by pip as a user's pip would: the build tool comes from the index."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "-w",
            str(folder),
            str(ROOT),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = folder.glob("cmeneeds-*.whl")
    return built


@pytest.mark.long
def test_wheel_holds_templates_notebooks_briefs_and_data(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"cmeneeds/_share/{path.relative_to(ROOT).as_posix()}"
        for folder in ("templates", "notebooks", "briefs")
        for path in (ROOT / folder).glob("*.[iy]*")
    }
    wanted |= {
        path.relative_to(ROOT).as_posix()
        for folder in ("data", "report/style")
        for path in (ROOT / "cmeneeds" / folder).iterdir()
        if path.is_file()
    }
    wanted.add("cmeneeds/py.typed")
    assert wanted <= inside, sorted(wanted - inside)
    assert not any(name.startswith(("tests/", "outputs/", "docs/")) for name in inside)


@pytest.mark.long
@pytest.mark.sample
def test_wheel_makes_and_verifies_a_report_outside_the_repository(
    wheel: Path, tmp_path: Path, sample_home: Path
) -> None:
    target = tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--target", str(target), str(wheel)),
        ],
        check=True,
    )
    work = tmp_path / "elsewhere"
    work.mkdir()
    environment = os.environ | {"PYTHONPATH": str(target), "CMENEEDS_HOME": str(sample_home)}

    def run(*words: str) -> str:
        code = "import sys, cmeneeds.cli; sys.exit(cmeneeds.cli.main())"
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    where = subprocess.run(
        [sys.executable, "-c", "import cmeneeds; print(cmeneeds.__file__)"],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(target)
    brief = target / "cmeneeds" / "_share" / "briefs" / "covid-19-vaccination.yaml"
    run("report", str(brief))
    (folder,) = (work / "outputs" / "covid-19-vaccination").glob("2*")
    assert (folder / "report.html").stat().st_size > 10_000
    assert (folder / "manifest.json").exists()
    assert "100 %" in run("verify", str(folder))
