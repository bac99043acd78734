"""Folders of runs: each is complete once it has a manifest, and is taken away if it never gets one.

While a run is being made, its maker holds a lock beside the folder. A process that is killed lets
go of it, so whoever comes next can tell a run that was given up from one that is being made.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, Timeout

from cmeneeds.errors import RunFailed
from cmeneeds.report.tables import write_atomically

_STAMP: Final = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


@contextmanager
def new_folder(parent: Path, started: datetime) -> Iterator[Path]:
    """Make a folder for a run, and hold it while the run is made.

    Parameters
    ----------
    parent : Path
        Folder of the runs of one brief.
    started : datetime
        UTC; it names the folder, with a number where there is one already.

    Raises
    ------
    RunFailed
        If the folder cannot be made.
    """
    folder, lock = _held(parent, started.strftime("%Y%m%dT%H%M%SZ"))
    try:
        yield folder
    finally:
        _lock_of(folder).unlink(missing_ok=True)
        lock.release()


def _held(parent: Path, stamp: str) -> tuple[Path, BaseFileLock]:
    for attempt in range(1000):
        folder = parent / (stamp if attempt == 0 else f"{stamp}-{attempt}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(_lock_of(folder), timeout=0)
            lock.acquire()
        except Timeout:
            continue
        except OSError as error:
            raise _no_run(parent, error) from None
        try:
            folder.mkdir()
        except OSError as error:
            lock.release()
            if isinstance(error, FileExistsError):
                continue
            raise _no_run(parent, error) from None
        return folder, lock
    raise RunFailed(f"no free run folder in {parent}", "Remove old runs.")


def _no_run(parent: Path, error: OSError) -> RunFailed:
    return RunFailed(
        f"no run can be made in {parent}: {error.strerror}", "Name another --outputs folder."
    )


def place_run(folder: Path, manifest: bytes, *, latest: bool) -> None:
    """Complete a run: its manifest comes last; ``latest`` beside it then points to it."""
    write_atomically(folder / "manifest.json", manifest)
    if not latest:
        return
    link = folder.parent / "latest"
    partial = folder.parent / f".latest.{os.getpid()}"
    try:
        partial.symlink_to(folder.name, target_is_directory=True)
        partial.replace(link)
    except OSError:
        partial.unlink(missing_ok=True)  # no symbolic links here: a convenience, not a promise


def sweep(parent: Path) -> list[str]:
    """Take away runs that were begun and given up.

    Returns
    -------
    list of str
        Names of the folders that were removed.
    """
    if not parent.is_dir():
        return []
    removed = []
    for folder in sorted(parent.iterdir()):
        ours = _STAMP.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
        if not ours or (folder / "manifest.json").exists():
            continue
        try:
            with FileLock(_lock_of(folder), timeout=0):
                if not (folder / "manifest.json").exists():
                    shutil.rmtree(folder, ignore_errors=True)
                    removed.append(folder.name)
                _lock_of(folder).unlink(missing_ok=True)
        except (Timeout, OSError):
            continue  # it is being made
    return removed


def _lock_of(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.lock"
