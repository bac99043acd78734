"""Hand the assessment of a report's notebook to the process that writes its formats.

Deriving it a second time would give the same and take longer than several of the formats. It goes
through a private folder of the process that runs the notebook; where nothing was handed over, as
with a template of another make, it is derived from the run folder.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

VARIABLE: Final = "CMENEEDS_HANDOVER"
"""Environment variable of the kernel: the file to write."""


@contextmanager
def handover() -> Iterator[Path]:
    """Offer a file to the kernels that are started meanwhile.

    Only this user can reach it: what is read from it may run code.
    """
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="cmeneeds-handover-") as folder:
        path = Path(folder) / "assessment"
        os.environ[VARIABLE] = str(path)
        try:
            yield path
        finally:
            if before is None:
                os.environ.pop(VARIABLE, None)
            else:
                os.environ[VARIABLE] = before


def hand_over(assessment: Assessment) -> None:
    """In the notebook: hand an assessment to whoever offered a file; else do nothing."""
    if path := os.environ.get(VARIABLE):
        with contextlib.suppress(OSError):  # then it is derived again
            Path(path).write_bytes(pickle.dumps(assessment, protocol=5))


def handed_over(path: Path) -> Assessment | None:
    """Return what was handed over; None if nothing was."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    found: Assessment = pickle.loads(data)  # noqa: S301 - written by our own kernel, see above
    return found
