"""Batches: many briefs in one call, side by side, each on its own, and resumable.

Briefs and records are made up; they are those of ``test_report_runs``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell
from test_kernels import gone, is_running
from test_refresh import CELLS
from test_report_runs import BRIEF, made_up_records, small_template, write_library

from cmeneeds.batch import read_jobs, run_batch
from cmeneeds.batch.jobs import briefs_of_table
from cmeneeds.batch.making import make_one
from cmeneeds.errors import BriefError, UsageError
from cmeneeds.report.run import make_report
from cmeneeds.verify import verify_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes by Unix signals")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a made-up library and three briefs, two of them on one topic."""
    write_library(tmp_path / "made-up.sqlite", made_up_records())
    briefs = tmp_path / "briefs"
    briefs.mkdir()
    (briefs / "nurses.yaml").write_text(BRIEF, "utf-8")
    (briefs / "physicians.yaml").write_text(BRIEF.replace("nurses", "physicians"), "utf-8")
    (briefs / "broken.yaml").write_text(BRIEF.replace("topic:", "topik:"), "utf-8")
    small_template(tmp_path, *map(new_code_cell, CELLS))
    return tmp_path


def batch(place: Path, *briefs: str, **options: Any) -> Any:
    given = [place / "briefs" / f"{b}.yaml" for b in briefs] or [place / "briefs"]
    usual = {
        "library": place / "made-up.sqlite",
        "outputs": place / "outputs",
        "template": place / "small.ipynb",
    }
    return run_batch(given, **usual | options)


class Here:
    """Makes reports in this process, one after another, for tests of what a batch decides."""

    def __init__(self, number: int, timeout: float | None, tell: Any) -> None:
        self.notes: list[str] = []
        self._waiting: list[Any] = []

    def submit(self, task: Any) -> None:
        self._waiting.append(task)

    @property
    def has_room(self) -> bool:
        return not self._waiting

    @property
    def unfinished(self) -> int:
        return len(self._waiting)

    def finished(self, patience: float | None) -> Iterator[Any]:
        waiting, self._waiting = self._waiting, []
        yield from map(make_one, waiting)

    def close(self) -> None:
        assert not self._waiting


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processes of their own, and no HTML, Word or PDF: neither is tested with this."""
    monkeypatch.setattr("cmeneeds.batch.workers.Workers", Here)
    monkeypatch.setattr("cmeneeds.report.export.export_all", lambda *_, **__: None)


def states(result: Any) -> dict[str, str]:
    return {o.name: o.state for o in result.outcomes}


def index(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "outputs" / "index.json").read_text("utf-8"))
    return found


# --- what a team relies on ------------------------------------------------------------------------


def test_one_failing_brief_harms_no_other_and_a_second_call_does_only_what_is_due(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = batch(place)
    assert states(first) == {"broken": "failed", "nurses": "made", "physicians": "made"}
    assert "topik" in next(o.why for o in first.outcomes if o.name == "broken")
    # One topic for two audiences: the searches are shared.
    assert first.queries_repeated == first.queries_asked > 0
    for name in ("nurses", "physicians"):
        assert verify_run(place / "outputs" / name / "latest", compare_library=False).holds
        assert (place / "outputs" / name / "latest" / "report.html").is_file()
    monkeypatch.setattr("cmeneeds.report.export.export_all", lambda *_, **__: None)
    alone = make_report(
        place / "briefs" / "nurses.yaml",
        outputs=place / "alone",
        library=place / "made-up.sqlite",
        template=place / "small.ipynb",
    ).folder
    tables = sorted(p.name for p in alone.glob("*.csv"))
    assert "gaps.csv" in tables
    for table in tables:  # as if it had been made alone
        made = place / "outputs" / "nurses" / "latest" / table
        assert made.read_bytes() == (alone / table).read_bytes(), table

    second = batch(place)
    assert states(second) == {"broken": "failed", "nurses": "current", "physicians": "current"}
    assert second.queries_asked == 0

    monkeypatch.setattr("cmeneeds.batch.workers.Workers", Here)
    decisions = place / "briefs" / "nurses.decisions.csv"
    decisions.write_text("gap_id,decision,reason,by,date,passage\n", "utf-8")
    third = batch(place)
    assert states(third) == {"broken": "failed", "nurses": "made", "physicians": "current"}
    assert next(o.why for o in third.outcomes if o.name == "nurses").startswith("decisions")

    found = index(place)
    assert (found["made"], found["current"], found["failed"]) == (1, 1, 1)
    nurses = next(r for r in found["reports"] if r["name"] == "nurses")
    assert nurses["gaps"] + nurses["candidates"] > 0
    assert nurses["document_status"].startswith("DRAFT")
    checked = json.loads((place / "outputs" / nurses["run"] / "check.json").read_text("utf-8"))
    assert (nurses["errors"], nurses["warnings"]) == (checked["errors"], checked["warnings"])


@pytest.mark.usefixtures("here")
def test_force_and_only_choose_what_is_made(place: Path) -> None:
    assert states(batch(place, "nurses", "physicians", only=["nurses"])) == {"nurses": "made"}
    again = batch(place, "nurses", "physicians", only=["nurses.yaml"], force=True)
    assert states(again) == {"nurses": "made"}
    with pytest.raises(UsageError, match=r"no report 'dentists'.*There are: nurses"):
        batch(place, "nurses", only=["dentists"])


@pytest.mark.usefixtures("here")
def test_a_changed_library_makes_reports_due_again(place: Path) -> None:
    batch(place, "nurses")
    time.sleep(0.02)
    write_library(place / "made-up.sqlite", made_up_records()[:3])
    result = batch(place, "nurses")
    assert [(o.state, o.why) for o in result.outcomes] == [("made", "the library changed")]


# --- briefs from a table --------------------------------------------------------------------------


def test_a_table_makes_one_brief_a_row(place: Path) -> None:
    table = place / "briefs" / "areas.csv"
    table.write_text(
        "brief,name,audience.profession,audience.country,accreditor,years\n"
        "nurses.yaml,Fever nurses,nurses,Canada,ACCME; Royal College,\n"
        "nurses.yaml,,pharmacists,,EACCME,2018-2020\n",
        "utf-8",
    )
    jobs = read_jobs([table])
    assert [j.name for j in jobs] == ["fever-nurses", "pharmacists-eaccme-2018-2020"]
    first, second = (j.brief for j in jobs)
    assert first is not None
    assert second is not None
    assert [str(a) for a in first.audience] == ["nurses, in infusion clinics, Canada"]
    assert first.accreditor == ["ACCME", "Royal College"]
    assert (second.years.first, second.years.last) == (2018, 2020)
    assert second.topic == first.topic == "zandoric fever"
    assert second.as_of.isoformat() == "2021-06-01"
    # What the writer puts beside a brief of the table stays; so does the brief, if its row does.
    written = jobs[0].brief_path
    before = written.stat().st_mtime_ns
    read_jobs([table])
    assert written.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows"),
        ("topic\n", "has no rows"),
        ("brief,topic\n../nurses.yaml,fever\n", r"row 2: '\.\./nurses.yaml' is not beside"),
        ("topic,Audience Group\nfever,x\n", "row 2: 'Audience Group' is no field"),
        ("topic\nfever\nfever\n", "row 3: a second report 'fever'"),
        ("topic\nfever,nurses\n", "line 2: more cells than columns"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_row(place: Path, text: str, message: str) -> None:
    table = place / "briefs" / "areas.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message):
        briefs_of_table(table)


def test_data_that_a_base_brief_names_come_along(place: Path) -> None:
    base = place / "briefs" / "nurses.yaml"
    base.write_text(f"{base.read_text('utf-8')}learner_data: [data/made-up.csv]\n", "utf-8")
    (place / "briefs" / "data").mkdir()
    (place / "briefs" / "data" / "made-up.csv").write_text("made up\n", "utf-8")
    table = place / "briefs" / "areas.csv"
    table.write_text("brief,name\nnurses.yaml,other\n", "utf-8")
    (job,) = read_jobs([table])
    assert (job.brief_path.parent / "data" / "made-up.csv").read_text("utf-8") == "made up\n"


def test_a_row_that_makes_no_brief_fails_alone(place: Path) -> None:
    table = place / "areas.csv"
    table.write_text("topic,audience.profession\nfever,nurses\n", "utf-8")
    (job,) = read_jobs([table])
    assert isinstance(job.problem, BriefError)
    assert "years" in str(job.problem)


@pytest.mark.parametrize("given", [["nowhere.yaml"], ["empty"], []])
def test_nothing_to_do_is_said_in_one_line(tmp_path: Path, given: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        run_batch([tmp_path / g for g in given], outputs=tmp_path / "outputs")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "outputs").exists()


# --- what goes wrong ------------------------------------------------------------------------------


def waiting_template(folder: Path, code: str) -> Path:
    return small_template(folder, new_code_cell(code), new_code_cell("import time; time.sleep(60)"))


@pytest.mark.long
def test_a_report_that_takes_too_long_is_ended_and_the_others_go_on(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = place / "whole.ipynb"
    (place / "small.ipynb").rename(template)
    code = (
        "import os, pathlib\n"
        "if 'physicians' in open('brief.yaml').read():\n"
        f"    pathlib.Path({str(place / 'pid')!r}).write_text(str(os.getpid()))\n"
        "else:\n    raise ValueError('quick, made-up trouble')"
    )
    result = batch(
        place, "nurses", "physicians", jobs=2, timeout=12, template=waiting_template(place, code)
    )
    why = {o.name: o.why for o in result.outcomes}
    assert "longer than 12 s" in why["physicians"]
    assert "quick, made-up trouble" in why["nurses"]
    assert gone(int((place / "pid").read_text()))
    # The next call takes away what was begun; nothing unfinished passes for a run.
    monkeypatch.setattr("cmeneeds.batch.workers.Workers", Here)
    assert states(batch(place, "physicians", template=template)) == {"physicians": "made"}


def started_batch(place: Path, template: Path) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from cmeneeds.batch import run_batch; "
        "run_batch([sys.argv[1]], outputs=sys.argv[2], library=sys.argv[3], template=sys.argv[4])"
    )
    words = [place / "briefs", place / "outputs", place / "made-up.sqlite", template]
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)])


def test_a_killed_batch_leaves_no_process_and_no_half_run_and_the_next_completes_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "briefs" / "broken.yaml").unlink()
    template = place / "whole.ipynb"
    (place / "small.ipynb").rename(template)
    code = (
        "import os, pathlib\n"
        f"pathlib.Path({str(place)!r}, f'pid-{{os.getpid()}}').write_text(str(os.getppid()))"
    )
    child = started_batch(place, waiting_template(place, code))
    try:
        end = time.monotonic() + 120
        while len(list(place.glob("pid-*"))) < min(2, os.cpu_count() or 1):
            assert time.monotonic() < end
            assert child.poll() is None
            time.sleep(0.05)
        left = [int(p.name[4:]) for p in place.glob("pid-*")]
        left += [int(p.read_text()) for p in place.glob("pid-*")]
        assert all(map(is_running, left))
    finally:
        child.kill()
        child.wait()
    assert [pid for pid in left if not gone(pid)] == []
    assert not list((place / "outputs").rglob("manifest.json"))
    monkeypatch.setattr("cmeneeds.batch.workers.Workers", Here)
    result = batch(place, template=template)
    assert states(result) == {"nurses": "made", "physicians": "made"}
    for name in ("nurses", "physicians"):
        runs = [p for p in (place / "outputs" / name).iterdir() if re.match(r"\d{8}T", p.name)]
        assert [(p / "manifest.json").exists() for p in runs] == [True]


def test_a_worker_that_is_killed_fails_its_own_report_only(place: Path) -> None:
    code = (
        "import os, signal\n"
        "if 'physicians' in open('brief.yaml').read():\n"
        # The kernel's parent is the warm process; the worker is who holds the run's lock.
        "    import glob, pathlib\n"
        f"    pathlib.Path({str(place / 'reached')!r}).write_text('x')\n"
        "else:\n    raise ValueError('made-up trouble')"
    )
    template = waiting_template(place, code)
    killed: list[int] = []

    def tell(name: str, what: str, done: int, total: int) -> None:
        if name == "nurses" and what.startswith("FAILED") and not killed:
            end = time.monotonic() + 60
            while not (place / "reached").exists():
                assert time.monotonic() < end
                time.sleep(0.05)
            killed.extend(workers_of(os.getpid()))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    result = batch(place, "nurses", "physicians", jobs=2, template=template, tell=tell)
    why = {o.name: o.why for o in result.outcomes}
    assert killed
    assert "ended from outside (signal 9)" in why["physicians"]
    assert "run the batch again" in why["physicians"]
    assert "made-up trouble" in why["nurses"]


def workers_of(pid: int) -> list[int]:
    """Processes that make reports for a process: the children of its fork server."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            grand = int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if grand == pid and b"forkserver" in words:
            found.append(int(folder.name))
    return found


# --- the portfolio --------------------------------------------------------------------------------


@pytest.mark.usefixtures("here")
def test_the_portfolio_shows_hostile_names_as_text_and_loads_nothing(place: Path) -> None:
    brief = BRIEF.replace("topic: zandoric fever", "topic: \"<script>alert(1)</script> 'x'\"")
    (place / "briefs" / "hostile.yaml").write_text(brief, "utf-8")
    batch(place, "hostile")
    page = (place / "outputs" / "index.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "default-src 'none'" in page.replace("&#x27;", "'")


def test_the_command_ends_with_1_if_a_report_failed(place: Path) -> None:
    words = ["batch", "briefs/broken.yaml", "--library", "made-up.sqlite", "--outputs", "outputs"]
    words += ["--template", "small.ipynb"]
    done = subprocess.run(
        [sys.executable, "-c", "from cmeneeds.cli import main; main()", *words],
        cwd=place, capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "failed  broken: brief: topik" in done.stdout
    assert "0 made, 0 current, 1 failed" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_unfinished_run_that_is_being_made_is_left_alone(place: Path) -> None:
    from datetime import UTC, datetime

    from cmeneeds.report.run_folder import new_folder, sweep

    parent = place / "outputs" / "nurses"
    now = datetime(2021, 6, 1, tzinfo=UTC)
    with new_folder(parent, now) as held:
        (held / "report.md").write_text("half", "utf-8")
        assert sweep(parent) == []
        assert held.exists()
    shutil.copytree(held, parent / "notes")  # the user's own
    assert sweep(parent) == [held.name]
    assert (parent / "notes").exists()
