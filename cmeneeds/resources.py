"""Files that travel with the package: templates, notebooks and example briefs."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shared_path(name: str) -> Path:
    """Return the path of a shared file or folder, such as ``templates/needs_assessment.ipynb``.

    Installed, they lie inside the package; in a checkout, beside it.

    Raises
    ------
    FileNotFoundError
    """
    for base in (_PACKAGE / "_share", _PACKAGE.parent):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"{name} does not come with this installation")
