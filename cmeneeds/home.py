"""Where this user's files are kept."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """Folder of the user's libraries: ``CMENEEDS_HOME``, else the platform's user data folder."""
    named = os.environ.get("CMENEEDS_HOME")
    return Path(named).expanduser() if named else user_data_path("cmeneeds", appauthor=False)


def library_path() -> Path:
    """The user's own library."""
    return home() / "library.sqlite"


def sample_path() -> Path:
    """The sample corpus, imported."""
    return home() / "sample.sqlite"
