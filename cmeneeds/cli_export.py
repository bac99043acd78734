"""The command line's ``export``: forms and packages of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmeneeds.errors import UsageError
from cmeneeds.terminal import meter, safe, say


def export(
    run: Annotated[Path, typer.Argument(help="Run folder, such as outputs/stroke/latest.")],
    form: Annotated[
        str | None,
        typer.Option(
            help="structured-abstract, gap-worksheet, eaccme-process, contributors, crosswalk, "
            "tables, citations or client; default: every form."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder, or for a client's package the .zip; default: `exports` here."),
    ] = None,
    client: Annotated[
        bool, typer.Option("--client", help="Pack what a client may have; as --form client.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="In a client's package: keep who decided on rows.")
    ] = False,
) -> None:
    """Write planning forms, tables and references of a run, or pack what a client may have."""
    from cmeneeds.checks.view import assessment_of
    from cmeneeds.exports.package import write_client_package
    from cmeneeds.exports.writing import FORMS, write_citations_of, write_exports
    from cmeneeds.report.reading import read
    from cmeneeds.verify import read_manifest

    if client and form not in (None, "client"):
        raise UsageError("--client and --form exclude each other", "Give one of them.")
    if names and not client and form != "client":
        raise UsageError("--names belongs to a client's package", "Add --client.")
    known = (*FORMS, "citations", "client")
    if form is not None and form not in known:
        raise UsageError(f"there is no form {form!r}", f"Use one of {', '.join(known)}.")
    with meter() as progress:
        if client or form == "client":
            progress.step("packing")
            say(safe(str(write_client_package(run, output, names=names))))
            return
        progress.step("deriving")
        read_manifest(run)
        assessment = assessment_of(run)
        folder = output or Path("exports")
        made: list[str] = []
        progress.step("writing")
        if form != "citations":
            made += write_exports(folder, assessment, [form] if form else FORMS)
        if form in (None, "citations"):
            cited = read((run / "report.md").read_text("utf-8")).citations
            made += write_citations_of(folder, assessment, cited)
    say(safe(assessment.status_line))
    for name in made:
        say(f"  {safe(str(folder / name))}")
