"""Notebooks under test practise in a folder of their own, not in that of whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_PLACE = "CMENEEDS_PRACTICE"
_made: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    """Kernels inherit the environment; workers of xdist have it from the process above them."""
    if _PLACE not in os.environ:
        _made.append(Path(tempfile.mkdtemp(prefix="cmeneeds-practice-")))
        os.environ[_PLACE] = str(_made[0] / "practice")
    # Progress bars are no text that could be compared.
    os.environ.setdefault("CMENEEDS_PROGRESS", "off")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the folder away."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)
        os.environ.pop(_PLACE, None)
