"""The command line's ``check``: rules over a run or a Word file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cmeneeds.errors import UsageError
from cmeneeds.terminal import say


def check(
    what: Annotated[
        Path | None, typer.Argument(help="Run folder, or a Word file that was edited.")
    ] = None,
    format: Annotated[
        Literal["text", "json", "sarif"], typer.Option(help="text, json or sarif.")
    ] = "text",
    output: Annotated[Path | None, typer.Option(help="Write it here, not to the terminal.")] = None,
    run: Annotated[
        Path | None, typer.Option(help="For a Word file: the run that it was made from.")
    ] = None,
    outputs: Annotated[Path, typer.Option(help="Where runs are.")] = Path("outputs"),
    every: Annotated[bool, typer.Option("--all", help="Print every place of every rule.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and leave.")] = False,
) -> None:
    """Apply the rules of a reviewer to a run or to an edited Word file."""
    import json

    from cmeneeds.checks.output import as_sarif, as_text, rules_as_text
    from cmeneeds.checks.result import check_view
    from cmeneeds.checks.view import draft_view, run_view

    if rules:
        say(rules_as_text())
        return
    if what is None:
        raise UsageError("nothing to check is named", "Name a run folder or a .docx file.")
    if what.suffix.lower() == ".docx":
        view = draft_view(what, run or _run_of(what, outputs))
        uri = what.name
    elif what.is_dir():
        if run is not None:
            raise UsageError("--run goes with a Word file", "Name the run folder alone.")
        view = run_view(what)
        uri = "report.md"
    else:
        raise UsageError(
            f"{what} is neither a run folder nor a .docx file", "Name outputs/<topic>/latest."
        )
    checked = check_view(view)
    if format == "text":
        text = as_text(checked, most=10_000) if every else as_text(checked)
    else:
        data = checked.to_json() if format == "json" else as_sarif(checked, view, uri)
        text = json.dumps(data, indent=1, ensure_ascii=False)
    if output is None:
        say(text)
    else:
        try:
            output.write_text(text + "\n", "utf-8")
        except OSError as error:
            raise UsageError(
                f"{output} cannot be written: {error.strerror}", "Name another file."
            ) from None
        say(f"{checked.errors} errors, {checked.warnings} warnings, {checked.open} open: {output}")
    if checked.errors:
        raise typer.Exit(1)


def _run_of(path: Path, outputs: Path) -> Path | None:
    """The run that a Word file says it comes from, where it is at hand."""
    from cmeneeds.report.word import read_word

    named = read_word(path).run
    parts = Path(named).parts
    # What a file says of itself is not trusted to lead out of the outputs.
    if len(parts) != 2 or ".." in parts or Path(named).is_absolute():
        return None
    folder = outputs / named
    return folder if (folder / "snapshot.jsonl.gz").is_file() else None
