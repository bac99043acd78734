"""What works on this machine, and what to do about what does not."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from cmeneeds.errors import CmeneedsError
from cmeneeds.home import home, library_path, sample_path


class Check(NamedTuple):
    """One finding of the doctor."""

    name: str
    state: str
    """``ok``, ``missing`` (something optional) or ``broken``."""
    found: str
    todo: str = ""


def examine() -> Iterator[Check]:
    """Look at everything that a report needs, and at what is optional."""
    yield Check("Python", "ok", platform.python_version())
    yield _packages()
    yield _sqlite()
    yield _pandoc()
    yield _typst()
    yield _kernel()
    yield _fast_kernel()
    yield _home()
    yield _sample()
    yield _library()
    yield _contact()
    yield _transformer()
    yield _dask()
    yield _browser()


def _packages() -> Check:
    missing = []
    for requirement in metadata.requires("cmeneeds") or ():
        if "extra ==" in requirement:
            continue
        name = requirement.split(";")[0].strip()
        for separator in "<>=!~ [":
            name = name.split(separator)[0]
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check(
            "packages", "broken", f"missing: {', '.join(missing)}", "Install cmeneeds again."
        )
    return Check("packages", "ok", "all required packages are installed")


def _sqlite() -> Check:
    try:
        with sqlite3.connect(":memory:") as db:
            db.execute("CREATE VIRTUAL TABLE t USING fts5(a)")
    except sqlite3.OperationalError:
        return Check(
            "SQLite", "broken", "no full-text search (FTS5)", "Use a Python built with FTS5."
        )
    return Check("SQLite", "ok", f"{sqlite3.sqlite_version} with FTS5")


def _pandoc() -> Check:
    try:
        import pypandoc

        return Check("pandoc", "ok", str(pypandoc.get_pandoc_version()))
    except (ImportError, OSError) as error:
        todo = "Install pypandoc-binary again."
        return Check("pandoc", "broken", type(error).__name__, todo)


def _typst() -> Check:
    try:
        import typst
    except ImportError as error:
        return Check("typst (PDF)", "broken", type(error).__name__, "Install typst again.")
    return Check("typst (PDF)", "ok", str(getattr(typst, "__version__", "installed")))


def _kernel() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager

    if "python3" in KernelSpecManager().find_kernel_specs():
        return Check("notebook kernel", "ok", "python3")
    return Check("notebook kernel", "broken", "no python3 kernel", "pip install ipykernel")


def _fast_kernel() -> Check:
    """The kernel that is forked from a warm process; without it reports only start later."""
    from jupyter_client.kernelspec import KernelSpecManager

    if "cmeneeds" not in KernelSpecManager().find_kernel_specs():
        return Check("fast kernel", "missing", "no kernel `cmeneeds`", "Install cmeneeds again.")
    if not hasattr(os, "fork"):
        return Check("fast kernel", "missing", "this system cannot fork; plain kernels are used")
    return Check("fast kernel", "ok", "cmeneeds")


def _home() -> Check:
    place = home()
    parent = next(p for p in (place, *place.parents) if p.exists())
    if os.access(parent, os.W_OK):
        return Check("home", "ok", str(place))
    return Check("home", "broken", f"{place} cannot be written", "Set CMENEEDS_HOME elsewhere.")


def _sample() -> Check:
    from cmeneeds.sources.sample import sample_file

    try:
        sample_file()
    except CmeneedsError as error:
        return Check("sample corpus", "missing", error.what, error.todo)
    state = "imported" if sample_path().exists() else "installed; imported on first use"
    return Check("sample corpus", "ok", state)


def _library() -> Check:
    if not library_path().exists():
        return Check(
            "your library",
            "missing",
            "none yet",
            "It is made by the first search of PubMed or `cmeneeds library import FILE`.",
        )
    from cmeneeds.library.store import Library

    try:
        with Library.open(library_path(), read_only=True) as library:
            return Check("your library", "ok", f"{len(library):,} records")
    except CmeneedsError as error:
        return Check("your library", "broken", error.what, error.todo)


def _contact() -> Check:
    """NCBI asks for an e-mail address; only whether it is set is shown, never the address."""
    mail, key = bool(os.environ.get("NCBI_EMAIL")), bool(os.environ.get("NCBI_API_KEY"))
    found = f"NCBI_EMAIL {'set' if mail else 'not set'}, NCBI_API_KEY {'set' if key else 'not set'}"
    if mail:
        return Check("PubMed contact", "ok", found)
    return Check("PubMed contact", "missing", found, "NCBI asks for an address: set NCBI_EMAIL.")


def _transformer() -> Check:
    from cmeneeds.evidence.transformer import available

    found = available()
    return Check("transformer", "ok" if found else "missing", found.why, found.todo)


def _dask() -> Check:
    try:
        return Check("Dask (batches on a cluster)", "ok", metadata.version("distributed"))
    except metadata.PackageNotFoundError:
        todo = "Only `batch --scheduler` needs it: pip install 'cmeneeds[dask]'"
        return Check("Dask (batches on a cluster)", "missing", "not installed", todo)


def _browser() -> Check:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return Check("browser for tests", "ok", name)
    todo = "Only the browser tests need it; on Debian: apt install chromium"
    return Check("browser for tests", "missing", "no Chromium", todo)
