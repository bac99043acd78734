"""Make reports on the workers of a Dask cluster.

Nothing is shared but the network: a task carries the brief, what stands beside it and the snapshot
of its records, and brings back the run folder. Searching stays here, so that services are asked
from one place. A task whose worker is lost runs again on another one.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmeneeds import __version__
from cmeneeds.batch.making import Made, Task, make_elsewhere, pack_inputs, unpack_run
from cmeneeds.errors import ClusterError, CmeneedsError, UsageError

if TYPE_CHECKING:
    from distributed import Client, Future

RETRIES: Final = 3
"""How often a report that raised is begun again; lost workers are counted by Dask itself."""

CONNECT_SECONDS: Final = 15
COMPARED: Final = ("numpy", "pandas", "msgspec", "lxml", "sentencex", "pypandoc-binary")
"""Packages whose version can change a table or a report."""


class Cluster:
    """Workers of a Dask cluster that make reports.

    Parameters
    ----------
    scheduler : str
        ``local`` for processes of this machine, else an address such as ``tcp://host:8786``.
    number : int
        Workers of a local cluster.
    outputs : Path
        Where runs are put.
    timeout : float, optional
        Not offered here: the time of a single cell is limited.

    Attributes
    ----------
    notes : list of str
        The address of the dashboard, and how many workers there are.

    Raises
    ------
    UsageError
        If Dask is not installed, or a time limit for whole reports was given.
    ClusterError
        If the scheduler cannot be reached, has no worker, or a worker has other versions.
    """

    def __init__(
        self, scheduler: str, number: int, outputs: Path, timeout: float | None = None
    ) -> None:
        try:
            import distributed
        except ImportError:
            raise UsageError(
                "Dask is not installed", "pip install 'cmeneeds[dask]', or leave --scheduler out."
            ) from None
        if timeout is not None:
            raise UsageError(
                "--timeout does not work with --scheduler", "Limit single cells: --cell-timeout."
            )
        self._outputs = outputs
        self._futures: dict[Future[Any], str] = {}
        self._local: Any = None
        self._client: Client | None = None
        address: Any = scheduler
        if scheduler == "local":
            address = self._local = distributed.LocalCluster(
                n_workers=number, threads_per_worker=1, dashboard_address="127.0.0.1:0"
            )
        try:
            self._client = distributed.Client(address, timeout=CONNECT_SECONDS)
            self.notes = self._greet()
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            raise ClusterError(
                f"the Dask scheduler {scheduler} cannot be reached ({_line(error)})",
                "Name it as tcp://host:8786, or use `--scheduler local`.",
            ) from None
        except BaseException:
            self.close()
            raise

    def _greet(self) -> list[str]:
        assert self._client is not None
        found: dict[str, dict[str, str]] = self._client.run(versions)
        if not found:
            raise ClusterError("the Dask cluster has no workers", "Start `dask worker ADDRESS`.")
        ours = versions()
        for worker, theirs in sorted(found.items()):
            if other := {k: v for k, v in ours.items() if theirs.get(k) != v}:
                name, version = next(iter(other.items()))
                raise ClusterError(
                    f"worker {worker} has {name} {theirs.get(name)}, here it is {version}",
                    "Reports would differ; install the same versions there.",
                )
        self._workers = len(found)
        return [f"Dask: {self._workers} workers; dashboard {self._client.dashboard_link}"]

    def submit(self, task: Task) -> None:
        """Send a task to the cluster."""
        assert self._client is not None
        future = self._client.submit(
            make_elsewhere, task, pack_inputs(task), pure=False, retries=RETRIES
        )
        self._futures[future] = task.name

    @property
    def has_room(self) -> bool:
        """Whether another task would be begun soon."""
        return len(self._futures) < 2 * self._workers

    @property
    def unfinished(self) -> int:
        """Tasks that are with the cluster."""
        return len(self._futures)

    def finished(self, patience: float | None) -> Iterator[Made]:
        """Give what has come back, after waiting at most so many seconds for the first."""
        import distributed

        if not self._futures:
            return
        try:
            # A moment even where no patience is asked for: zero would mean to wait for ever.
            limit = None if patience is None else max(0.01, patience)
            done = distributed.wait(
                list(self._futures), timeout=limit, return_when="FIRST_COMPLETED"
            ).done
        except (TimeoutError, distributed.TimeoutError):
            return
        for future in list(done):
            yield self._received(future, self._futures.pop(future))
            future.release()

    def _received(self, future: Future[Any], name: str) -> Made:
        try:
            made, packed = future.result()
            return unpack_run(packed, made, self._outputs)
        except CmeneedsError as error:
            return Made(name=name, error=error.what, todo=error.todo, exit_code=1)
        except Exception as error:  # whatever a cluster may raise concerns this report alone
            return Made(name=name, error=f"the cluster lost it: {_line(error)}", exit_code=1)

    def close(self) -> None:
        """Leave the cluster; end it if it is our own."""
        if self._client is not None:
            self._client.close()
        if self._local is not None:
            self._local.close()


def versions() -> dict[str, str]:
    """Versions that must be the same wherever reports of one batch are made."""
    from importlib import metadata

    found = {"cmeneeds": __version__, "python": ".".join(platform.python_version_tuple()[:2])}
    for name in COMPARED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "none"
    return found


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
