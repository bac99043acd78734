"""Batches on a Dask cluster: a scheduler and workers as processes of their own, on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from test_batch import batch, states, waiting_template
from test_refresh import CELLS
from test_report_runs import BRIEF, made_up_records, small_template, write_library

from cmeneeds.errors import ClusterError, UsageError

pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[dask]'")

# Dask's own packages warn at import and when a cluster is closed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class DaskCluster:
    """A scheduler and workers, each a process."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder
        port = self.address.rpartition(":")[2]
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", "127.0.0.1:0"
        )
        self.workers = [self.worker() for _ in range(workers)]

    def worker(self) -> subprocess.Popen[bytes]:
        # Without a nanny, so that one that is killed stays dead.
        return self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard",
            "--local-directory", str(self.folder / "dask"),
        )  # fmt: skip

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
                stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip

    def wait_for(self, workers: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=60) as client:
            client.wait_for_workers(workers, timeout=90)

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_library(tmp_path / "made-up.sqlite", made_up_records())
    (tmp_path / "briefs").mkdir()
    for name in ("nurses", "physicians", "pharmacists"):
        (tmp_path / "briefs" / f"{name}.yaml").write_text(BRIEF.replace("nurses", name), "utf-8")
    small_template(tmp_path, *map(new_code_cell, CELLS))
    return tmp_path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    made = DaskCluster(tmp_path, workers=2)
    try:
        made.wait_for(2)
        yield made
    finally:
        made.close()


def tables(outputs: Path) -> dict[str, bytes]:
    return {
        f"{path.parent.parent.name}/{path.name}": path.read_bytes()
        for path in sorted(outputs.glob("*/2*/*.csv"))
    }


@pytest.mark.long
def test_a_cluster_makes_the_same_tables_as_this_machine_although_a_worker_is_lost(
    place: Path, cluster: DaskCluster
) -> None:
    said: list[tuple[str, str]] = []

    def tell(name: str, what: str, done: int, total: int) -> None:
        said.append((name, what))
        if done == 1 and cluster.workers[0].poll() is None:
            cluster.workers[0].kill()

    here = batch(place, outputs=place / "here")
    there = batch(place, outputs=place / "there", scheduler=cluster.address, tell=tell)
    assert cluster.workers[0].poll() is not None  # it was lost in the middle
    assert (
        states(there)
        == states(here)
        == dict.fromkeys(("nurses", "pharmacists", "physicians"), "made")
    )
    assert tables(place / "there") == tables(place / "here")
    assert len(tables(place / "here")) > 15
    assert any("dashboard http" in what for name, what in said if not name)
    for run in (place / "there").glob("*/2*"):
        assert (run / "manifest.json").is_file()
        assert str(place) not in (run / "manifest.json").read_text("utf-8")


def test_a_failing_report_is_told_with_its_reason_and_other_versions_are_refused(
    place: Path, cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = waiting_template(place, "raise ValueError('made-up trouble')")
    result = batch(place, "nurses", scheduler=cluster.address, template=template)
    (outcome,) = result.outcomes
    assert outcome.state == "failed"
    assert "made-up trouble" in outcome.why
    (run,) = (place / "outputs" / "nurses").glob("2*")
    assert '"failed"' in (run / "manifest.json").read_text("utf-8")
    assert not (run / "report.md").exists()

    monkeypatch.setattr("cmeneeds.batch.cluster.__version__", "0.0.made-up")
    with pytest.raises(ClusterError, match=r"worker .* has cmeneeds .*, here it is 0\.0\.made-up"):
        batch(place, "nurses", scheduler=cluster.address)


def test_no_scheduler_and_no_workers_are_told_in_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmeneeds.batch.cluster.CONNECT_SECONDS", 2)
    with pytest.raises(ClusterError, match="cannot be reached") as caught:
        batch(place, "nurses", scheduler="tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="--cell-timeout"):
        batch(place, "nurses", scheduler="tcp://127.0.0.1:9", timeout=5)
