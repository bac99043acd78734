"""Run a notebook template with papermill, and take its failures for what they are.

papermill only logs an unknown parameter, and marks a run that timed out as completed; both are
checked here.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cmeneeds.errors import NoEvidence, ParameterError, RunFailed, RunTimedOut

CITED_FILE = "brief.cited.txt"
"""In the folder of a final run: addresses of the passages that it cites, one a line."""

ENGINE: Final = "cmeneeds"
"""Our name among papermill's engines."""

SAVED_EVERY: Final = 5
"""Seconds."""

OWN_PARAMETERS = ("brief_file", "snapshot_file", "decisions_file", "cited_file")
"""Parameters that the run sets itself."""


def check_parameters(template: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Check report parameters against those that a template declares.

    papermill itself only warns of an unknown parameter and takes any type.

    Raises
    ------
    ParameterError
        Naming the parameter.
    """
    import nbformat
    import papermill

    try:
        declared = papermill.inspect_notebook(str(template))
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError):
        raise ParameterError(f"{template.name} is no notebook", "Name an .ipynb file.") from None
    known = [name for name in declared if name not in OWN_PARAMETERS]
    checked: dict[str, object] = {}
    for name, value in given.items():
        if name not in known:
            offered = f"Known parameters: {', '.join(known)}." if known else "It has none."
            raise ParameterError(f"{template.name} has no parameter {name!r}", offered)
        kind = declared[name]["inferred_type_name"]
        checked[name] = _typed(name, value, kind)
    return checked


def _typed(name: str, value: object, kind: str) -> object:
    types: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
    wanted = types.get(kind)
    if wanted is None:
        return value
    if isinstance(value, str) and wanted is not str:
        text = value.strip().lower()
        if wanted is bool and text in ("true", "false"):
            return text == "true"
        if wanted in (int, float):
            try:
                return wanted(text)
            except ValueError:
                pass
    elif isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise ParameterError(f"parameter {name!r} must be {kind}, not {value!r}", "Correct its value.")


@contextmanager
def _own_kernel() -> Iterator[None]:
    """Let ``python3`` mean this environment's kernel, not one that a user installed earlier."""
    before = os.environ.get("JUPYTER_PREFER_ENV_PATH")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("JUPYTER_PREFER_ENV_PATH", None)
        else:
            os.environ["JUPYTER_PREFER_ENV_PATH"] = before


def execute(
    notebook: Path,
    folder: Path,
    parameters: Mapping[str, object],
    timeout: int,
    kernel: str = "python3",
) -> float:
    """Run a template in a run folder; the executed notebook is ``report.ipynb``.

    Parameters
    ----------
    notebook, folder : Path
    parameters : mapping
        Checked already.
    timeout : int
        Seconds a cell may take.
    kernel : str
        Name of the Jupyter kernel.

    Returns
    -------
    float
        Seconds that its cells took.

    Raises
    ------
    NoEvidence, RunFailed, RunTimedOut
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _use_engine()
    executed = folder / "report.ipynb"
    try:
        with _own_kernel():
            papermill.execute_notebook(
                str(notebook),
                str(executed),
                parameters=dict(parameters),
                cwd=str(folder),
                progress_bar=False,
                execution_timeout=timeout,
                kernel_name=kernel,
                engine_name=ENGINE,
                # Its last cell has ended: a kernel that is asked politely takes half a second.
                shutdown_kernel="immediate",
                **_kernel_settings(),
            )
    except PapermillExecutionError as problem:
        if problem.ename == "NoEvidence":
            raise NoEvidence(problem.evalue.rstrip(".")) from None
        if problem.ename == "CellTimeoutError":
            raise _timed_out(timeout) from None
        raise RunFailed(
            f"a cell of {notebook.name} failed: {problem.ename}: {_one_line(problem.evalue)}",
            f"The notebook as far as it came: {folder / 'failed.ipynb'}.",
        ) from None
    except CellTimeoutError:
        raise _timed_out(timeout) from None
    except DeadKernelError:
        raise RunFailed("the notebook's kernel died", "Check free memory; run again.") from None
    return _clean_notebook(executed)


@functools.cache
def _use_engine() -> None:
    """Make known to papermill an engine that writes the notebook seldom.

    papermill's own writes the whole file when a cell begins and when it ends, which for a report
    takes as long as all else around its cells. However the run ends, it is written once more.
    """
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, *args: Any, **kwargs: Any) -> Any:
            save = nb_man.save

            def save_seldom(**more: Any) -> None:
                if (nb_man.now() - nb_man.last_save_time).total_seconds() >= SAVED_EVERY:
                    save(**more)

            nb_man.save = save_seldom
            try:
                return super().execute_managed_notebook(nb_man, *args, **kwargs)
            finally:
                nb_man.save = save

    papermill_engines.register(ENGINE, Engine)


def _kernel_settings() -> dict[str, object]:
    """Talk to the kernel over sockets in the file system where there are any, not over TCP."""
    if os.name != "posix":
        return {}
    from traitlets.config import Config

    return {"config": Config({"KernelManager": {"transport": "ipc"}})}


def _timed_out(timeout: int) -> RunTimedOut:
    return RunTimedOut(
        f"a cell took longer than {timeout} s", "Raise --timeout, or narrow the brief."
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _clean_notebook(path: Path) -> float:
    """Take out of an executed notebook what would differ from run to run or name this machine.

    Gives the seconds that its cells took, which are among that.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("papermill", None)
    seconds = 0.0
    for cell in notebook.cells:
        seconds += float((cell.metadata.pop("papermill", None) or {}).get("duration") or 0)
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)
    return seconds
