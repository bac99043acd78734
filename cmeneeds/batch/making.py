"""Make one report of a batch, wherever it runs: in a process beside, or on another machine."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from cmeneeds.errors import CmeneedsError, RunBroken
from cmeneeds.kernels.process import SHARED

_one_at_a_time = threading.Lock()

KERNEL: Final = "cmeneeds"
"""Kernel of the reports; see :mod:`cmeneeds.kernels`."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A report to make from records that have been found already."""

    name: str
    brief_path: str
    snapshot: str
    outputs: str
    template: str | None = None
    parameters: dict[str, Any] = {}
    cell_timeout: int = 600
    inputs: dict[str, str] = {}
    source: str | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a task."""

    name: str
    folder: str = ""
    error: str = ""
    todo: str = ""
    exit_code: int = 0


def make_one(task: Task, tell: Callable[[str], None] | None = None) -> Made:
    """Make a report; whatever goes wrong is told, not raised."""
    from cmeneeds.report.run import make_report

    try:
        run = make_report(
            task.brief_path,
            outputs=task.outputs,
            source=task.source,
            library=task.snapshot,
            template=task.template,
            parameters=task.parameters,
            cell_timeout=task.cell_timeout,
            progress=tell,
            name=task.name,
            kernel=KERNEL,
            inputs=task.inputs,
            # As many reports are made at once as processors may be used.
            at_once=1,
        )
    except CmeneedsError as error:
        return Made(name=task.name, error=error.what, todo=error.todo, exit_code=error.exit_code)
    except Exception as error:
        what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return Made(name=task.name, error=what, exit_code=1)
    return Made(name=task.name, folder=str(run.folder))


# --- to another machine and back ------------------------------------------------------------------


def pack_inputs(task: Task) -> dict[str, bytes]:
    """Read all files that a task needs: the brief, what stands beside it, the snapshot."""
    from cmeneeds.batch.freshness import files_beside
    from cmeneeds.brief import Brief

    path = Path(task.brief_path)
    files = {"brief/" + path.name: path.read_bytes()}
    for file in files_beside(Brief.load(path), path):
        if file.is_file():
            files["brief/" + file.relative_to(path.parent).as_posix()] = file.read_bytes()
    files["snapshot.jsonl.gz"] = Path(task.snapshot).read_bytes()
    if task.template:
        files["template.ipynb"] = Path(task.template).read_bytes()
    return files


def make_elsewhere(task: Task, files: Mapping[str, bytes]) -> tuple[Made, bytes]:
    """Make a report from shipped files, and return its folder packed.

    Runs on a worker of a cluster, one report at a time: running a notebook changes the working
    folder of the whole process. It leaves nothing behind.
    """
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="cmeneeds-worker-") as place:
        root = Path(place)
        for name, data in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        changes: dict[str, Any] = {
            "brief_path": str(root / "brief" / Path(task.brief_path).name),
            "snapshot": str(root / "snapshot.jsonl.gz"),
            "outputs": str(root / "outputs"),
            "template": str(root / "template.ipynb") if task.template else None,
        }
        made = make_one(msgspec.structs.replace(task, **changes))
        # A failed run has a folder and a manifest too, which say what failed.
        folders = [p.parent for p in (root / "outputs").glob("*/*/manifest.json")]
        folders = [p for p in folders if not p.parent.is_symlink() and p.name != "latest"]
        packed = _packed(folders[0]) if folders else b""
        return msgspec.structs.replace(made, folder=folders[0].name if folders else ""), packed


def unpack_run(packed: bytes, made: Made, outputs: Path) -> Made:
    """Put a run that was made elsewhere in its place; it appears whole or not at all.

    Raises
    ------
    RunBroken
        If what came back is no run.
    """
    from cmeneeds.report.run_folder import new_folder, place_run

    if not packed:
        return made
    started = datetime.strptime(made.folder[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    try:
        with (
            zipfile.ZipFile(io.BytesIO(packed)) as archive,
            new_folder(outputs / made.name, started) as folder,
        ):
            for entry in archive.infolist():
                path = (folder / entry.filename).resolve()
                if not path.is_relative_to(folder.resolve()):
                    raise RunBroken(f"the worker of {made.name} sent {entry.filename!r}")
                path.parent.mkdir(parents=True, exist_ok=True)
                if entry.filename != "manifest.json":
                    path.write_bytes(archive.read(entry))
            place_run(folder, archive.read("manifest.json"), latest=not made.error)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise RunBroken(f"what the worker of {made.name} sent is no run ({error})") from None
    return msgspec.structs.replace(made, folder=str(folder))


def _packed(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return data.getvalue()


def share_kernels(address: str) -> None:
    """Let the reports of this process take their kernels from a warm process of another."""
    os.environ[SHARED] = address
