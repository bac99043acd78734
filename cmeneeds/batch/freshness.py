"""Whether the newest run of a brief still says what a new one would."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cmeneeds import __version__
from cmeneeds.brief import Brief
from cmeneeds.home import library_path, sample_path

MAX_AGE_DAYS: Final = 30
"""After so many days a search of PubMed is asked again."""


def inputs(
    brief: Brief,
    brief_path: Path,
    *,
    source: str,
    library: str | Path | None,
    template: Path,
    parameters: Mapping[str, object],
) -> dict[str, str]:
    """Everything that a report depends on, as digests.

    Returns
    -------
    dict of str to str
        ``brief``, ``beside`` (all files that carry the brief's name or that it names),
        ``template``, ``parameters``, ``source`` and ``version``. Equal inputs give equal tables;
        PubMed itself is not among them, see :func:`is_current`.
    """
    return {
        "brief": brief.digest,
        "beside": _digest(_beside(brief, brief_path)),
        "template": _of_file(template),
        "parameters": _digest({k: str(v) for k, v in parameters.items()}),
        "source": _library_state(source, library),
        "version": __version__,
    }


def is_current(
    manifest: Mapping[str, Any],
    wanted: Mapping[str, str],
    *,
    today: datetime | None = None,
    max_age_days: int = MAX_AGE_DAYS,
) -> str:
    """Tell why a run is not current; empty if it is.

    Parameters
    ----------
    manifest : mapping
        Of the run.
    wanted : mapping
        From :func:`inputs`.
    today : datetime, optional
        Default: now.
    max_age_days : int
        For runs on PubMed only.
    """
    if manifest.get("status") != "complete":
        return "the last run failed"
    had = manifest.get("inputs") or {}
    for name, changed in (
        ("brief", "the brief changed"),
        ("beside", "decisions or data beside the brief changed"),
        ("template", "the template changed"),
        ("parameters", "other parameters"),
        ("source", "the library changed"),
        ("version", "made by another version"),
    ):
        if had.get(name) != wanted[name]:
            return changed
    if wanted["source"] == "pubmed":
        try:
            asked = datetime.fromisoformat(manifest["times"]["searched_at"])
        except (KeyError, TypeError, ValueError):
            return "it does not say when PubMed was asked"
        age = (today or datetime.now(UTC)) - asked
        if age > timedelta(days=max_age_days):
            return f"PubMed was asked {age.days} days ago"
    return ""


def newest(folder: Path, *, complete: bool = False) -> tuple[Path, dict[str, Any]] | None:
    """Return the newest run below a folder that has ended, with its manifest.

    Parameters
    ----------
    folder : Path
        Of the runs of one brief.
    complete : bool
        Pass over those that failed.
    """
    runs = sorted((p.parent for p in folder.glob("*/manifest.json")), reverse=True)
    for run in runs:
        if run.is_symlink():
            continue
        try:
            manifest = json.loads((run / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(manifest, dict) and (not complete or manifest.get("status") == "complete"):
            return run, manifest
    return None


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def files_beside(brief: Brief, brief_path: Path) -> list[Path]:
    """Files that a brief names, and those beside it that carry its name; missing ones too."""
    named = [*brief.learner_files, *(entry.file for entry in brief.own_sources if entry.file)]
    files = {brief_path.parent / name for name in named}
    files |= {p for p in brief_path.parent.glob(f"{_literal(brief_path.stem)}.*") if p.is_file()}
    return sorted(files - {brief_path})


def _beside(brief: Brief, brief_path: Path) -> dict[str, str]:
    return {
        file.relative_to(brief_path.parent).as_posix(): _of_file(file)
        for file in files_beside(brief, brief_path)
    }


def _of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _library_state(source: str, library: str | Path | None) -> str:
    """Say in which state the library is: any write to it changes this."""
    if library is None and source == "pubmed":
        return "pubmed"
    path = (
        sample_path()
        if library == "sample" or (library is None and source == "sample")
        else library_path()
        if library is None
        else Path(library)
    )
    # Changes that SQLite has not moved into the library itself yet stand in a file beside it.
    files = [f for f in (path, path.with_name(f"{path.name}-wal")) if f.is_file()]
    states = [f"{s.st_size}:{s.st_mtime_ns}" for s in (f.stat() for f in files) if s.st_size]
    return " ".join((source if library is None else "library", *states))
