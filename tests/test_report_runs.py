"""Runs: what a run folder holds, how a run fails, and what never gets into it.

The made-up library below is deliberately hostile: every report test reads from it, so whatever a
title, a keyword or a name can carry has been through the whole street.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from filelock import FileLock
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cmeneeds.brief import Brief
from cmeneeds.errors import (
    BriefError,
    CmeneedsError,
    ParameterError,
    RunBroken,
    RunFailed,
    RunTimedOut,
    UsageError,
)
from cmeneeds.library.store import Library
from cmeneeds.records import Article, Author, Journal, Keyword, PartialDate, Related, Section, Term
from cmeneeds.report import figures, run
from cmeneeds.report.notebook import MIME, collect, for_reading, show
from cmeneeds.report.run import make_report
from cmeneeds.report.run_folder import new_folder
from cmeneeds.retrieval import Records, search
from cmeneeds.strategy import build_strategy
from cmeneeds.verify import verify_run

PROJECT = Path(__file__).resolve().parents[1]

# --- a made-up disease, its literature and a brief ----------------------------------------------

BRIEF = """\
# Made up, like the disease it is about.
topic: zandoric fever
title: "Zandoric fever (made up): needs assessment"
population: Adults with zandoric fever
audience:
  - profession: nurses
    setting: infusion clinics
trigger: A made-up request by Wonderpharm about Zandorex.
years: 2015-2021
as_of: 2021-06-01
accreditor: [ACCME]
activity: {type: live, format: workshop, credit_hours: 1.5}
support: {status: sought, supporter: [Wonderpharm], request: Zandorex education}
contributors:
  - name: A. Writer (made up)
    role: medical writer
    disclosed_on: 2021-05-01
    relationships: [{company: Wonderpharm, nature: speaker fee, mitigation: none yet}]
source: library
"""

HOSTILE_MARKUP = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> {.x}<b onclick=alert(3)> "
    "[press](javascript:alert(4)) ![pixel](http://192.0.2.1/pixel.png) `x`{=html} "
    '[7%]{.figure passage="1.0.0-5"} \\input{/etc/passwd} $\\alpha$ [@pmid-999] ::: {.banner}'
)
HOSTILE_CONTROL = "\x1b[31mred\x1b[0m \u202egnp.exe\u202c \x07 \x00"
HOSTILE_FORMULA = '=HYPERLINK("http://192.0.2.1","x")'


def made_up_article(**fields: Any) -> Article:
    """A plainly made-up record about a made-up disease."""
    pmid = fields["pmid"]
    fields.setdefault("title", f"Zandoric fever in made-up record {pmid}")
    fields.setdefault("journal", Journal("Journal of Made-up Records", medline="J Made Up"))
    fields.setdefault("published", PartialDate("2020 Mar", 2020, 3))
    fields.setdefault("languages", ("eng",))
    fields.setdefault("publication_types", (Term("Journal Article", "D016428"),))
    fields.setdefault("authors", (Author("Maker", "Una", "U"),))
    fields.setdefault("revised", 20210101)
    return Article(**fields)


def made_up_records() -> list[Article]:
    """Practice, guideline, cause and burden; a retracted record; and the hostile ones."""
    dose = (Keyword("dose check"),)
    culture = (Keyword("blood culture"),)
    return [
        made_up_article(
            pmid=101,
            title="A survey of nurses on zandoric fever: knowledge of dose checks",
            keywords=dose,
            sections=(
                Section("Zandoric fever is a made-up disease.", "BACKGROUND", "BACKGROUND"),
                Section(
                    "Knowledge of infusion pump dose checks was poor: only 24% (48 of 200) of "
                    "nurses answered correctly.",
                    "RESULTS",
                    "RESULTS",
                ),
            ),
        ),
        made_up_article(
            pmid=102,
            title="Zandoric fever: a made-up practice guideline",
            keywords=dose,
            publication_types=(Term("Practice Guideline", "D017065"),),
            sections=(
                Section(
                    "Nurses should perform infusion pump dose checks in all patients.",
                    "RECOMMENDATIONS",
                    "CONCLUSIONS",
                ),
            ),
        ),
        made_up_article(
            pmid=103,
            title="Barriers to care of zandoric fever",
            keywords=dose,
            sections=(
                Section(
                    "The main barriers to dose checks among nurses were lack of time and lack of "
                    "training.",
                    "RESULTS",
                    "RESULTS",
                ),
            ),
        ),
        made_up_article(
            pmid=104,
            title="Burden of zandoric fever",
            sections=(
                Section(
                    "Zandoric fever affects 1200 people a year and causes high mortality.",
                    "BACKGROUND",
                    "BACKGROUND",
                ),
            ),
        ),
        made_up_article(
            pmid=105,
            title="A withdrawn survey on zandoric fever and knowledge of blood culture",
            keywords=culture,
            related=(Related("RetractionIn", 106, "J Made Up. 2021"),),
            sections=(
                Section(
                    "Knowledge of blood culture was poor: only 11% of nurses answered correctly.",
                    "RESULTS",
                    "RESULTS",
                ),
            ),
        ),
        made_up_article(
            pmid=107,
            title="Awareness of hand washing in zandoric fever among patients",
            keywords=(Keyword("hand washing"),),
            sections=(
                Section("Only 30% of patients knew about hand washing.", "RESULTS", "RESULTS"),
            ),
        ),
        made_up_article(
            pmid=108,
            title=f"{HOSTILE_FORMULA} zandoric fever knowledge {HOSTILE_MARKUP} {HOSTILE_CONTROL}",
            keywords=(Keyword("<img src=x onerror=alert(5)> {.x}<i> [go](javascript:a)"),),
            authors=(Author(f"{HOSTILE_MARKUP}", "=1+1", "\u202eX"), Author(collective="=cmd|x")),
            journal=Journal(HOSTILE_MARKUP, medline=HOSTILE_CONTROL, volume="=2", issue="<b>"),
            pages="=3-4",
            doi="10.1000/made.up<script>alert(6)</script>",
            sections=(
                Section(
                    "=1+1 Knowledge was poor: only 33% of physicians answered correctly on <img "
                    f"src=x onerror=alert(5)> {{.x}}<i> [go](javascript:a) {HOSTILE_MARKUP} "
                    f"{HOSTILE_CONTROL} as asked.",
                    "=RESULTS <script>",
                    "RESULTS",
                ),
            ),
        ),
        made_up_article(
            pmid=109,
            title="Knowledge of zandoric fever in a year that nobody gave",
            keywords=(Keyword("+cmd|' /C calc'!A0"),),
            published=PartialDate("sometime"),
            electronic=PartialDate("2019", 2019),
        ),
    ]


def write_library(path: Path, articles: list[Article]) -> Path:
    """Store records in a new library."""
    with Library.open(path, create=True) as library:
        library.add(articles, "made up")
    return path


def write_brief(folder: Path, text: str = BRIEF, name: str = "zandoric.yaml") -> Path:
    """Write a brief into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def made_up_evidence(text: str = BRIEF, articles: list[Article] | None = None) -> Records:
    """Search the made-up records as a brief asks."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write_library(Path(folder) / "l.sqlite", articles or made_up_records())
        return search(build_strategy(Brief.parse(text)), library=path)


# --- one run for all files that need one --------------------------------------------------------


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Path:
    """Make a folder once for all test files and all workers."""
    base = factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def made_up_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the made-up brief, library and one run under ``outputs``. Only read it."""

    def make(folder: Path) -> None:
        write_library(folder / "made-up.sqlite", made_up_records())
        brief = write_brief(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(folder / "home"))
            patch.setenv("NCBI_API_KEY", "planted-key-0123456789")
            patch.setenv("NCBI_EMAIL", "planted@example.org")
            made = make_report(brief, outputs=folder / "outputs", library=folder / "made-up.sqlite")
            shutil.copytree(made.folder, folder / "run")

    return once(tmp_path_factory, "made-up-run", make)


@pytest.fixture
def made_up_run(made_up_place: Path, tmp_path: Path) -> Path:
    """A copy of the run from the made-up library, to tamper with."""
    return Path(shutil.copytree(made_up_place / "run", tmp_path / "made-up-run"))


@pytest.fixture(scope="session")
def sample_place(tmp_path_factory: pytest.TempPathFactory, sample_home: Path) -> Path:
    """A folder with one run from the sample under ``run``. Only read it."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(sample_home))
            brief = PROJECT / "briefs" / "covid-19-vaccination.yaml"
            made = make_report(brief, outputs=folder / "outputs", source="sample")
            shutil.copytree(made.folder, folder / "run")

    return once(tmp_path_factory, "sample-run", make)


@pytest.fixture
def sample_run(sample_place: Path, tmp_path: Path) -> Path:
    """A copy of the run from the sample, to tamper with."""
    return Path(shutil.copytree(sample_place / "run", tmp_path / "sample-run"))


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a run."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return manifest


# --- what a finished run holds ------------------------------------------------------------------


def test_a_finished_run_holds_every_file_and_its_hash(made_up_run: Path) -> None:
    manifest = manifest_of(made_up_run)
    there = {
        p.relative_to(made_up_run).as_posix()
        for p in made_up_run.rglob("*")
        if p.is_file() and p.name != "manifest.json"
    }
    expected = {"report.ipynb", "report.md", "report.html", "report.docx", "references.json"}
    expected |= {"gaps.csv", "findings.csv", "objectives.csv", "decisions.csv", "search_log.csv"}
    expected |= {"checks.csv", "learners.csv", "cards.csv", "check.json", "tables.xlsx"}
    expected |= {"snapshot.jsonl.gz", "brief.yaml", "report.pdf"}
    charts = ("barriers", "evidence-map", "flow", "magnitude", "stability")
    expected |= {f"figures/{n}.{e}" for n in charts for e in ("svg", "png")}
    forms = {"structured-abstract": ("docx", "csv", "json"), "gap-worksheet": ("docx", "csv"),
             "eaccme-process": ("docx",), "contributors": ("docx", "csv"), "crosswalk": ("csv",),
             "references": ("ris", "nbib")}  # fmt: skip
    expected |= {f"exports/{n}.{e}" for n, ends in forms.items() for e in ends}
    assert there == expected
    hashes = {n: hashlib.sha256((made_up_run / n).read_bytes()).hexdigest() for n in there}
    assert manifest["files"] == hashes


def test_the_manifest_says_what_was_asked_and_what_with(made_up_run: Path) -> None:
    from cmeneeds import __version__

    manifest = manifest_of(made_up_run)
    assert (manifest["status"], manifest["error"]) == ("complete", None)
    assert manifest["cmeneeds"] == __version__
    assert manifest["packages"].keys() >= {"pandas", "papermill", "lxml", "biopython"}
    brief = Brief.parse(BRIEF)
    assert manifest["brief"]["sha256"] == brief.digest
    assert manifest["source"]["kind"] == "library"
    assert manifest["source"]["records"] == len(Records.load(made_up_run / "snapshot.jsonl.gz"))
    asked = {q.facet: q.text for q in build_strategy(brief).queries}
    for query in manifest["queries"]:
        if query["facet"] != "topic":
            assert query["query"] == asked.pop(query["facet"])
        assert query["translation"]
        assert query["count"] >= query["retrieved"] >= 0
    assert asked == {}
    times = manifest["times"]
    assert times["started"] <= times["searched"] <= times["executed"] <= times["finished"]


def test_an_untouched_run_is_proven_to_the_last_claim(made_up_run: Path) -> None:
    result = verify_run(made_up_run)
    assert [str(b) for b in result.broken] == []
    assert result.share == "100 %"
    assert result.claims > 200
    assert result.changed_files == []


def test_the_newest_finished_run_is_called_latest(made_up_place: Path) -> None:
    latest = made_up_place / "outputs" / "zandoric-fever" / "latest"
    assert latest.is_symlink()
    assert manifest_of(latest) == manifest_of(made_up_place / "run")
    assert not latest.readlink().is_absolute()


def texts_of(folder: Path) -> dict[str, str]:
    """Every file of a run as text, packed ones unpacked."""
    import zipfile

    texts = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        if path.suffix == ".docx":
            with zipfile.ZipFile(path) as packed:
                data = b"\n".join(packed.read(n) for n in packed.namelist())
        texts[path.relative_to(folder).as_posix()] = data.decode("utf-8", "replace")
    return texts


def test_no_file_of_a_run_names_a_place_on_this_machine(made_up_place: Path) -> None:
    places = {str(made_up_place), str(Path.home()), sys.prefix, str(PROJECT), os.uname().nodename}
    texts = texts_of(made_up_place / "run")
    for name in ("report.ipynb", "report.md", "report.html", "report.docx", "manifest.json"):
        found = {p for p in places if len(p) > 4 and p in texts[name]}
        assert found == set(), name


def test_charts_are_the_same_bytes_for_the_same_data(made_up_run: Path, tmp_path: Path) -> None:
    from cmeneeds.assessment import assess

    records = Records.load(made_up_run / "snapshot.jsonl.gz")
    assessment = assess(Brief.parse(BRIEF), records)
    drawn = dict(figures.draw(assessment))
    assert drawn.keys() >= {"flow", "evidence-map", "stability"}
    for name, chart in drawn.items():
        figures.save(chart.figure, tmp_path, name)
        for file in (f"{name}.svg", f"{name}.png"):
            assert (tmp_path / file).read_bytes() == (made_up_run / "figures" / file).read_bytes()


def test_a_snapshot_brings_the_records_back_whole(made_up_run: Path, tmp_path: Path) -> None:
    records = Records.load(made_up_run / "snapshot.jsonl.gz")
    assert {a.pmid: a for a in made_up_records() if a.pmid in records.by_pmid} == records.by_pmid
    records.save(tmp_path / "again.jsonl.gz")
    assert (tmp_path / "again.jsonl.gz").read_bytes() == (
        made_up_run / "snapshot.jsonl.gz"
    ).read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"not gzip",
        lambda data: gzip.compress(b'{"format": "cmeneeds-snapshot-999"}\n'),
        lambda data: gzip.compress(gzip.decompress(data) + b"{}\n"),
    ],
    ids=["cut short", "empty", "not packed", "another format", "a line too much"],
)
def test_a_damaged_snapshot_is_refused(
    made_up_run: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "snapshot.jsonl.gz"
    path.write_bytes(damage((made_up_run / "snapshot.jsonl.gz").read_bytes()))
    with pytest.raises(RunBroken, match="not a readable snapshot"):
        Records.load(path)


def test_two_runs_in_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    now = datetime(2021, 6, 1, 12, 0, 0, tzinfo=UTC)
    names = []
    for _ in range(3):
        with new_folder(tmp_path / "topic", now) as folder:
            names.append(folder.name)
    assert names == ["20210601T120000Z", "20210601T120000Z-1", "20210601T120000Z-2"]


# --- refused before anything is written ---------------------------------------------------------


def small_template(folder: Path, *cells: Any, parameters: str = "") -> Path:
    """A template with the given cells behind its parameters."""
    first = new_code_cell(
        'brief_file: str = "brief.yaml"\nsnapshot_file: str = "snapshot.jsonl.gz"\n'
        'decisions_file: str = ""\n'
        f"{parameters}"
    )
    first.metadata["tags"] = ["parameters"]
    notebook = new_notebook(cells=[first, *cells])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path = folder / "small.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gap_section": "3"}, "no parameter 'gap_section'.*gap_sections"),
        ({"gap_sections": "many"}, "'gap_sections' must be int"),
        ({"gap_sections": "2.5"}, "'gap_sections' must be int"),
        ({"gap_sections": True}, "'gap_sections' must be int"),
        ({"brief_file": "/etc/passwd"}, "no parameter 'brief_file'"),
        ({"snapshot_file": "x"}, "no parameter 'snapshot_file'"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_is_written(
    made_up_place: Path, tmp_path: Path, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        make_report(
            made_up_place / "zandoric.yaml",
            outputs=tmp_path / "outputs",
            library=made_up_place / "made-up.sqlite",
            parameters=given,
        )
    assert caught.value.exit_code == 2
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("float", "2.5", 2.5),
        ("float", 2, 2.0),
        ("bool", "True", True),
        ("str", "2", "2"),
        ("int", " 7 ", 7),
    ],
)
def test_parameters_take_the_type_that_the_template_declares(
    tmp_path: Path, kind: str, given: object, expected: object
) -> None:
    template = small_template(tmp_path, parameters=f"wanted: {kind} = None")
    checked = run.check_parameters(template, {"wanted": given})
    assert checked == {"wanted": expected}
    assert type(checked["wanted"]) is type(expected)


@pytest.mark.parametrize(
    "length",
    [
        "portal",
        pytest.param("short", marks=pytest.mark.long),
        pytest.param("loi", marks=pytest.mark.long),
    ],
)
def test_a_parameter_of_a_shipped_template_reaches_its_report(
    made_up_place: Path, tmp_path: Path, length: str
) -> None:
    given = {"brief_path": made_up_place / "zandoric.yaml", "outputs": tmp_path / "outputs"}
    given |= {"library": made_up_place / "made-up.sqlite", "length": length}
    with pytest.raises(ParameterError, match="'gap_sections' must be int"):
        make_report(**given, parameters={"gap_sections": "all"})
    made = make_report(**given, parameters={"gap_sections": "1"})
    assert made.manifest["parameters"]["gap_sections"] == 1
    executed = nbformat.read(made.folder / "report.ipynb", as_version=4)
    injected = [c for c in executed.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert "gap_sections = 1" in injected[0].source
    assert verify_run(made.folder).holds


def test_a_template_that_is_no_notebook_is_refused_in_one_line(
    made_up_place: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.ipynb"
    bad.write_text("this is not a notebook", "utf-8")
    for template in (bad, tmp_path / "missing.ipynb"):
        with pytest.raises(UsageError, match=template.name):
            make_report(
                made_up_place / "zandoric.yaml",
                outputs=tmp_path / "outputs",
                library=made_up_place / "made-up.sqlite",
                template=template,
            )
    assert not (tmp_path / "outputs").exists()


def test_decisions_that_cannot_be_read_are_refused_before_anything_is_written(
    made_up_place: Path, tmp_path: Path
) -> None:
    brief = write_brief(tmp_path)
    (tmp_path / "zandoric.decisions.csv").write_text("gap_id,decision\nG-1,maybe\n", "utf-8")
    with pytest.raises(UsageError, match=r"decisions\.csv"):
        make_report(brief, outputs=tmp_path / "out", library=made_up_place / "made-up.sqlite")
    assert not (tmp_path / "out").exists()


def test_an_unknown_source_and_a_missing_brief_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="no such file"):
        make_report(tmp_path / "missing.yaml", outputs=tmp_path / "out")
    with pytest.raises(UsageError, match="no source 'elsewhere'"):
        make_report(write_brief(tmp_path), outputs=tmp_path / "out", source="elsewhere")
    assert not (tmp_path / "out").exists()


# --- runs that fail -----------------------------------------------------------------------------

FORMATS = ("report.md", "report.html", "report.docx", "report.ipynb", "references.json")


def failed_run(place: Path, folder: Path, template: Path, **more: Any) -> CmeneedsError:
    """Make a run that must fail, and look at what it leaves behind."""
    with pytest.raises(CmeneedsError) as caught:
        make_report(
            place / "zandoric.yaml",
            outputs=folder / "outputs",
            library=place / "made-up.sqlite",
            template=template,
            **more,
        )
    (left,) = (folder / "outputs" / "zandoric-fever").iterdir()
    assert manifest_of(left)["status"] == "failed"
    assert not [n for n in FORMATS if (left / n).exists()]
    assert not [p.name for p in left.glob("*.csv")]
    assert not (left / "figures").exists()
    with pytest.raises(RunBroken, match="failed"):
        verify_run(left)
    return caught.value


def test_a_cell_that_raises_makes_a_failed_run_without_a_report(
    made_up_place: Path, tmp_path: Path
) -> None:
    template = small_template(
        tmp_path,
        new_code_cell("open('gaps.csv', 'w').close()"),
        new_code_cell("raise ValueError('made-up trouble\\nof two lines')"),
    )
    error = failed_run(made_up_place, tmp_path, template)
    assert isinstance(error, RunFailed)
    assert error.exit_code == 1
    assert "ValueError: made-up trouble of two lines" in str(error)
    assert "\n" not in str(error)
    (left,) = (tmp_path / "outputs" / "zandoric-fever").iterdir()
    assert "made-up trouble" in manifest_of(left)["error"]
    assert str(tmp_path) not in (left / "manifest.json").read_text("utf-8")


def test_a_cell_that_takes_too_long_makes_a_failed_run(made_up_place: Path, tmp_path: Path) -> None:
    template = small_template(
        tmp_path, new_code_cell("print('got here')"), new_code_cell("import time; time.sleep(60)")
    )
    started = time.monotonic()
    error = failed_run(made_up_place, tmp_path, template, cell_timeout=1)
    assert isinstance(error, RunTimedOut)
    assert "longer than 1 s" in str(error)
    assert time.monotonic() - started < 30
    (left,) = (tmp_path / "outputs" / "zandoric-fever").iterdir()
    kept = nbformat.read(left / "failed.ipynb", as_version=4)
    assert any("got here" in o.get("text", "") for c in kept.cells for o in c.get("outputs", ()))


def test_a_killed_run_leaves_no_manifest_and_latest_stays(
    made_up_place: Path, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs"
    shutil.copytree(made_up_place / "outputs", outputs, symlinks=True)
    parent = outputs / "zandoric-fever"
    older = set(parent.iterdir())
    before = (parent / "latest").readlink()
    template = small_template(
        tmp_path,
        new_code_cell(
            "import os, pathlib\npathlib.Path('reached').write_text(str(os.getpid()))\n"
            "import time; time.sleep(60)"
        ),
    )
    code = (
        "import sys; from cmeneeds.report.run import make_report; "
        "make_report(sys.argv[1], outputs=sys.argv[2], library=sys.argv[3], template=sys.argv[4])"
    )
    words = [made_up_place / "zandoric.yaml", outputs, made_up_place / "made-up.sqlite", template]
    child = subprocess.Popen([sys.executable, "-c", code, *map(str, words)])
    try:
        deadline = time.monotonic() + 60
        while not (reached := list(parent.glob("*/reached"))):
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    time.sleep(0.1)
    kernel = int(reached[0].read_text())
    # Beside the folder lies the lock of the run that was killed; the next run takes it.
    (left,) = (p for p in set(parent.iterdir()) - older if p.is_dir())
    try:
        assert left == reached[0].parent
        assert not (left / "manifest.json").exists()
        with pytest.raises(RunBroken, match="not finished"):
            verify_run(left)
        assert (parent / "latest").readlink() == before
        assert manifest_of(parent / "latest")["status"] == "complete"
    finally:
        # The kernel looks after its parent about once a second; do not leave it to that.
        with contextlib.suppress(ProcessLookupError):
            os.kill(kernel, signal.SIGKILL)


# --- a team's own template, and how cells become a report ---------------------------------------


def test_what_a_team_adds_to_a_template_is_in_the_report(
    made_up_place: Path, tmp_path: Path
) -> None:
    template = small_template(
        tmp_path,
        new_code_cell(
            "from pathlib import Path\nimport cmeneeds as cn\n"
            "from cmeneeds.report.notebook import show\n"
            "records = cn.Records.load(Path(snapshot_file))\n"
            "assessment = cn.assess(cn.Brief.load(brief_file), records)\n"
            "report = cn.Report(assessment)\n"
            "magnitude = cn.write_tables(assessment, Path())\n"
        ),
        new_code_cell("show(report.banners(), report.cover())"),
        new_markdown_cell("# Our own section\n\nWritten by *our* team, size {{}} and all."),
        new_code_cell("import pandas as pd\npd.DataFrame({'ward': ['north'], 'beds': ['many']})"),
        new_code_cell("print('a line of our own'); print(wanted)"),
        new_code_cell("show(report.references())"),
        parameters='wanted: str = "nothing"',
    )
    made = make_report(
        made_up_place / "zandoric.yaml",
        outputs=tmp_path / "outputs",
        library=made_up_place / "made-up.sqlite",
        template=template,
        parameters={"wanted": "chosen words"},
    )
    text = (made.folder / "report.md").read_text("utf-8")
    for said in ("# Our own section", "Written by *our* team", "ward", "north", "many",
                 "a line of our own", "chosen words"):  # fmt: skip
        assert said in text
    assert "import pandas" not in text
    assert made.manifest["parameters"] == {"wanted": "chosen words"}
    page = (made.folder / "report.html").read_text("utf-8")
    assert "Our own section" in page
    assert "chosen words" in page


def test_the_report_form_of_a_block_wins_over_its_reading_form() -> None:
    block = show('A [24%]{.figure passage="101.1.0-9"} of nurses [@pmid-101].')
    bundle = block._repr_mimebundle_()
    cell = new_code_cell("hidden = code", outputs=[new_output("display_data", data=bundle)])
    text = collect(new_notebook(cells=[new_markdown_cell("# Head"), cell]))
    assert text == f"# Head\n\n{bundle[MIME]}\n"
    assert "hidden" not in text


def test_collecting_leaves_the_notebook_as_it_was() -> None:
    cell = new_code_cell("x", outputs=[new_output("display_data", data=show("a").__dict__)])
    cell.outputs[0].data = show("a")._repr_mimebundle_()
    notebook = new_notebook(cells=[cell])
    before = nbformat.writes(notebook)
    collect(notebook)
    assert nbformat.writes(notebook) == before


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('[24%]{.figure passage="1.0.0-5"}', "24%"),
        ("**[b: [24%]{.value}]{.term}**", "**b: 24%**"),
        (
            "[@pmid-1; @pmid-2]",
            "([1](https://pubmed.ncbi.nlm.nih.gov/1/), [2](https://pubmed.ncbi.nlm.nih.gov/2/))",
        ),
        ("\n::: {.banner .draft}\n**Draft.**\n:::\n", "\n\n**Draft.**\n\n"),
        ('![A chart](figures/magnitude){alt="dots"}', "![A chart](figures/magnitude.png)"),
        (
            "[PMID 1](https://pubmed.ncbi.nlm.nih.gov/1/)",
            "[PMID 1](https://pubmed.ncbi.nlm.nih.gov/1/)",
        ),
    ],
)
def test_attributes_are_taken_out_for_reading(written: str, read: str) -> None:
    assert for_reading(written) == read


@pytest.mark.parametrize(
    "text",
    ["{.x}<img src=x onerror=alert(1)>", "{#x}<b>", "{alt=x}[a](b)", "[a]{.x}", HOSTILE_MARKUP],
)
def test_text_from_a_record_stays_text_when_read_in_a_notebook(text: str) -> None:
    from cmeneeds.report import markdown as md

    shown = for_reading(f'Said: {md.escape(text)} [12]{{.count key="x"}}.')
    # Whatever opens markup must still have its own backslash in front.
    bare = re.sub(r"\\[\\`*_{}\[\]<>#^~$@|!\"'&:.()=+-]", "", shown)
    assert not re.search(r"[<>\[\]`*]", bare), shown
    assert md.plain(shown) == f"Said: {md.clean(text)} 12."
