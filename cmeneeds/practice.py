"""A copy of an example brief to practise on, the same one in every notebook."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cmeneeds.brief import Brief
from cmeneeds.errors import UsageError
from cmeneeds.resources import shared_path

FOLDER = "practice"
"""Folder beside ``briefs`` that the copies go to."""

PLACE = "CMENEEDS_PRACTICE"
"""Environment variable that names another folder; tests keep away from what is practised."""


def practice_brief(name: str = "covid-19-vaccination") -> Path:
    """Copy an example brief to practise on, and return where the copy is.

    The copy is made the first time. From then on the same file is returned, by whatever notebook
    asks, with all that was decided beside it. The example itself stays as it is. To begin again,
    delete the folder ``practice``.

    Parameters
    ----------
    name : str
        Of an example in the folder ``briefs``, such as ``"stroke"``.

    Returns
    -------
    Path
        ``practice/<name>.yaml``, beside the folder ``briefs`` of the place one works in.

    Raises
    ------
    UsageError
        If there is no such example, or the folder cannot be written.
    """
    here = Path.cwd()
    root = next((f for f in (here, *here.parents) if (f / "briefs").is_dir()), here)
    given = os.environ.get(PLACE)
    folder = Path(given) if given else root / FOLDER
    copy = folder / f"{name}.yaml"
    if copy.is_file():
        return copy
    examples = root / "briefs" if (root / "briefs").is_dir() else shared_path("briefs")
    example = examples / f"{name}.yaml"
    if Path(name).name != name or not example.is_file():
        known = ", ".join(sorted(f.stem for f in examples.glob("*.yaml")))
        raise UsageError(f"there is no example called {name!r}", f"Use one of {known}.")
    brief = Brief.load(example)
    own = [s.file for s in brief.own_sources if s.file is not None]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for beside in (*brief.learner_files, *own):
            (folder / beside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(examples / beside, folder / beside)
        # Last, so that a copy that broke off is made again.
        shutil.copyfile(example, copy)
    except OSError as error:
        raise UsageError(
            f"the copy of {name!r} cannot be written: {error.strerror}",
            f"Set {PLACE} to a folder that can be written.",
        ) from None
    return copy
