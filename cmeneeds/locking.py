"""One writer at a time for a file that stands beside a brief."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cmeneeds.errors import UsageError

WAIT = 30.0
"""Seconds to wait for another process that writes."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file while it is read and written again.

    Raises
    ------
    UsageError
        If another process holds it for more than :data:`WAIT` seconds, or its folder takes no
        file.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=WAIT):
            yield
    except Timeout:
        raise UsageError(
            f"another process has been writing {path.name} for {WAIT:g} s", "Try again."
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be written: {error.strerror}", "Check its folder."
        ) from None
