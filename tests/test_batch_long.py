"""Batches that are killed again and again, and a cluster that loses a worker: long.

``pytest -m long tests/test_batch_long.py``. Twenty made-up briefs on the records of
``test_report_runs``; the template leaves out what is not tested here.
"""

from __future__ import annotations

import contextlib
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from test_batch import batch, started_batch, states
from test_kernels import gone
from test_refresh import CELLS
from test_report_runs import BRIEF, made_up_records, small_template, write_library

from cmeneeds.verify import read_manifest, verify_run

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(5400),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KILLS = 10
SEED = 20_260_301


def many(place: Path, number: int) -> Path:
    """A folder with a made-up library, so many briefs, and a template."""
    write_library(place / "made-up.sqlite", made_up_records())
    (place / "briefs").mkdir()
    for n in range(number):
        who = ("nurses", "physicians", "pharmacists", "dietitians")[n % 4]
        text = BRIEF.replace("nurses", who).replace("years: 2015", f"years: {2000 + n}")
        (place / "briefs" / f"report-{n:02}.yaml").write_text(text, "utf-8")
    return small_template(place, *map(new_code_cell, CELLS))


def descendants(pid: int) -> list[int]:
    """A process's children, theirs, and so on."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        waiting += (children := parents.get(waiting.pop(), []))
        found += children
    return found


def named(pids: list[int]) -> dict[int, str]:
    """What runs in processes, so that one that is left has a name."""
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            found[pid] = words[:150].decode("utf-8", "replace")
    return found


def whole_runs(place: Path) -> list[Path]:
    """Every run with a manifest; each must be complete and hold what its manifest names."""
    runs = sorted(p.parent for p in (place / "outputs").glob("*/2*/manifest.json"))
    for run in runs:
        manifest = read_manifest(run)
        assert [n for n in manifest["files"] if not (run / n).is_file()] == []
        assert {"report.html", "report.docx", "report.pdf", "gaps.csv"} <= manifest["files"].keys()
    return runs


def test_a_batch_that_is_killed_ten_times_is_completed_by_the_next_call(tmp_path: Path) -> None:
    template = many(tmp_path, 8)
    moments = random.Random(SEED)
    finished = 0
    for _ in range(KILLS):
        child = started_batch(tmp_path, template)
        began: dict[int, str] = {}
        end = time.monotonic() + moments.uniform(2, 45)
        while time.monotonic() < end and child.poll() is None:
            began = named(descendants(child.pid))
            time.sleep(0.1)
        began |= named(descendants(child.pid))
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert [began[pid] for pid in began if not gone(pid)] == []
        now = len(whole_runs(tmp_path))
        assert now >= finished  # what was finished stays
        finished = now
    result = batch(tmp_path, template=template)
    assert set(states(result).values()) <= {"made", "current"}
    assert len(states(result)) == 8
    assert len(whole_runs(tmp_path)) == 8
    begun = [p for p in (tmp_path / "outputs").glob("*/2*") if p.is_dir()]
    assert sorted(begun) == whole_runs(tmp_path)  # nothing half-written is left
    for run in whole_runs(tmp_path):
        assert verify_run(run, compare_library=False).broken == []


def test_a_kernel_that_is_killed_fails_its_report_and_the_next_call_makes_it(
    tmp_path: Path,
) -> None:
    many(tmp_path, 2)
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    lethal = small_template(
        tmp_path, new_code_cell(f"if 'physicians' in open('brief.yaml').read():\n    {code}"),
        *map(new_code_cell, CELLS),
    )  # fmt: skip
    result = batch(tmp_path, template=lethal)
    assert states(result) == {"report-00": "made", "report-01": "failed"}
    assert "kernel died" in next(o.why for o in result.outcomes if o.state == "failed")
    (folder,) = (p for p in (tmp_path / "outputs" / "report-01").glob("2*") if p.is_dir())
    assert not (folder / "report.md").exists()
    assert not (folder / "report.html").exists()
    template = small_template(tmp_path, *map(new_code_cell, CELLS))
    assert states(batch(tmp_path, template=template))["report-01"] == "made"


def test_twenty_reports_on_a_cluster_that_loses_a_worker_are_those_of_this_machine(
    tmp_path: Path,
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[dask]'")
    from test_batch_cluster import DaskCluster, tables

    template = many(tmp_path, 20)
    cluster = DaskCluster(tmp_path, workers=2)
    try:
        cluster.wait_for(2)

        def tell(name: str, what: str, done: int, total: int) -> None:
            if done == 6 and cluster.workers[0].poll() is None:
                cluster.workers[0].kill()

        there = batch(
            tmp_path, outputs=tmp_path / "there", scheduler=cluster.address, tell=tell,
            template=template,
        )  # fmt: skip
        assert cluster.workers[0].poll() is not None
    finally:
        cluster.close()
    here = batch(tmp_path, outputs=tmp_path / "here", template=template)
    assert set(states(there).values()) == set(states(here).values()) == {"made"}
    assert len(states(there)) == 20
    assert tables(tmp_path / "there") == tables(tmp_path / "here")
    assert len(tables(tmp_path / "here")) >= 20 * 8


def test_a_cluster_of_this_machine_needs_no_set_up(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[dask]'")
    template = many(tmp_path, 1)
    assert states(batch(tmp_path, scheduler="local", template=template)) == {"report-00": "made"}
