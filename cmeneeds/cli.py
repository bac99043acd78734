"""The command line: parse words, call the package, print. Everything heavy is imported late."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cmeneeds import __version__, cli_check, cli_export, cli_sign
from cmeneeds.cli_batch import batch
from cmeneeds.cli_bibliography import source_app
from cmeneeds.cli_init import init
from cmeneeds.cli_library import EntrezOption, LibraryOption, library_app, use_entrez
from cmeneeds.cli_refresh import refresh
from cmeneeds.errors import CmeneedsError, UsageError, VerificationFailed
from cmeneeds.terminal import complain, meter, safe, say

app = typer.Typer(
    name="cmeneeds",
    help="Needs assessments for continuing medical education: every number leads to the sentence "
    "it came from.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(library_app, name="library")
app.command()(batch)
app.command()(refresh)
app.command()(init)
app.add_typer(source_app, name="source")
app.command()(cli_check.check)
app.command()(cli_sign.sign)
app.command()(cli_export.export)


def main() -> None:
    """Run the command line; errors become one line and an exit code."""
    try:
        app(standalone_mode=True)
    except CmeneedsError as error:
        complain(f"cmeneeds: {safe(str(error))}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        complain("cmeneeds: interrupted; what was finished is kept")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"cmeneeds {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def search(
    brief: Annotated[Path, typer.Argument(help="Brief (YAML).")],
    source: Annotated[
        str | None, typer.Option(help="pubmed, library or sample, instead of the brief's.")
    ] = None,
    library: LibraryOption = None,
    queries: Annotated[bool, typer.Option(help="Print each query in full.")] = False,
    entrez_url: EntrezOption = None,
) -> None:
    """Build the strategy of a brief, run it, and print the search log."""
    use_entrez(entrez_url)
    from cmeneeds.brief import Brief
    from cmeneeds.retrieval import search as run
    from cmeneeds.sources import open_source
    from cmeneeds.strategy import build_strategy

    loaded = Brief.load(brief)
    strategy = build_strategy(loaded)
    with meter() as progress:
        progress.step("opening the source")
        opened = open_source(source or loaded.source, library, progress.count)

        def tell(facet: str, position: int, total: int) -> None:
            progress.step(f"searching: {facet}")
            progress.count(position, total)

        try:
            records = run(strategy, opened, progress=tell)
        finally:
            opened.close()
    say(f"{safe(records.source)}, data of {records.data_date}")
    if records.notice:
        say(records.notice)
    say(f"{'query':<22}{'found':>8}{'read':>8}{'new':>8}")
    for entry in records.log:
        say(f"{entry.facet:<22}{entry.count:>8,}{entry.retrieved:>8,}{entry.new:>8,}")
        if queries:
            say(f"    {safe(entry.query)}")
        if entry.notes:
            say(f"    {safe(entry.notes)}")
    for entry in records.beside:
        found = "unknown" if entry.count is None else f"{entry.count:,}"
        say(
            f"{entry.facet:<22}{found:>8}{entry.retrieved:>8,}{entry.new:>8,}  {safe(entry.source)}"
        )
        if entry.notes:
            say(f"    {safe(entry.notes)}")
    records.require_some(loaded)


def template_parameters(given: list[str]) -> dict[str, object]:
    """Read ``--param name=value``."""
    found: dict[str, object] = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise UsageError(f"--param {item!r} is not name=value", "Write --param name=value.")
        found[name.strip()] = value
    return found


@app.command()
def report(
    briefs: Annotated[list[Path], typer.Argument(help="One or more briefs (YAML).")],
    outputs: Annotated[Path, typer.Option(help="Where runs go.")] = Path("outputs"),
    source: Annotated[
        str | None, typer.Option(help="pubmed, library or sample, instead of the brief's.")
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(help="`sample`, the path of a library, or a run's snapshot.jsonl.gz."),
    ] = None,
    template: Annotated[Path | None, typer.Option(help="Another notebook template.")] = None,
    length: Annotated[
        str | None, typer.Option(help="full, short, loi (letter of intent) or portal.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="Template parameter, name=value.")
    ] = None,
    timeout: Annotated[int, typer.Option(help="Seconds that one cell may take.", min=1)] = 600,
    edited: Annotated[
        Path | None, typer.Option(help="Word file of an earlier run whose prose you changed.")
    ] = None,
    reference_doc: Annotated[
        Path | None, typer.Option(help="Your own Word template, for the look of report.docx.")
    ] = None,
    final: Annotated[bool, typer.Option("--final", help="Only if everything is signed.")] = False,
    entrez_url: EntrezOption = None,
) -> None:
    """Make a whole needs assessment from a brief."""
    use_entrez(entrez_url)
    from cmeneeds.report.run import make_report

    make = make_report
    if final:
        from cmeneeds.report.final import make_final

        make = make_final
        if len(briefs) > 1:
            raise UsageError(
                "several reports cannot be made final at once", "Name one brief with --final."
            )
    parameters = template_parameters(param or [])
    if edited is not None:
        from cmeneeds.cli_prose import take_edited

        take_edited(edited, briefs, outputs)
    failed: CmeneedsError | None = None
    for brief in briefs:
        try:
            with meter() as progress:

                def tell(step: str, name: str = brief.name) -> None:
                    progress.step(f"{name}: {step}")

                run = make(
                    brief,
                    outputs=outputs,
                    source=source,
                    library=library,
                    template=template,
                    length=length,
                    parameters=parameters,
                    cell_timeout=timeout,
                    progress=tell,
                    count=progress.count,
                    reference_doc=reference_doc,
                )
        except CmeneedsError as error:
            if len(briefs) == 1:
                raise
            complain(f"cmeneeds: {safe(brief.name)}: {safe(str(error))}")
            failed = error
            continue
        say(f"{run.manifest['document_status']}")
        for name in ("report.html", "report.docx", "report.pdf", "report.md", "gaps.csv"):
            say(f"  {run.folder / name}")
        if (run.folder / "prose_carried.json").exists():
            from cmeneeds.cli_prose import say_carried

            say_carried(run.folder)
    if failed is not None:
        raise typer.Exit(failed.exit_code)


@app.command()
def verify(
    run: Annotated[
        Path,
        typer.Argument(help="Run folder, such as outputs/stroke/latest, or an edited .docx of it."),
    ],
    live: Annotated[
        bool,
        typer.Option("--live", help="Ask PubMed and your web sources what they say today."),
    ] = False,
    of_run: Annotated[
        Path | None, typer.Option("--run", help="Run that an edited Word file is of.")
    ] = None,
    outputs: Annotated[Path, typer.Option(help="Where runs are.")] = Path("outputs"),
    entrez_url: EntrezOption = None,
) -> None:
    """Derive every claim of a run again from its snapshot, and name those that do not hold.

    Of an edited Word file, map each changed sentence back to its passages instead.
    """
    use_entrez(entrez_url)
    from cmeneeds.cli_verify import ask_again, run_copies, verify_docx
    from cmeneeds.verify import verify_run
    from cmeneeds.verify_word import is_word

    if is_word(run):
        if live:
            raise UsageError("--live is for runs", "Name the run folder of the Word file.")
        verify_docx(run, of_run, outputs)
        return
    result = verify_run(run, live=live)
    for note in result.notes:
        say(safe(note))
    for broken in result.broken[:50]:
        say(f"BROKEN {safe(str(broken))}")
    if len(result.broken) > 50:
        say(f"... and {len(result.broken) - 50:,} more")
    for line in (*result.originals, *result.today):
        say(safe(line))
    for name in result.changed_files:
        say(f"file changed since the run: {safe(name)}")
    revised, gone = len(result.revised), len(result.gone)
    say(f"records: {safe(result.library)}; {revised} revised since, {gone} no longer there")
    for pmid in [*result.revised, *result.gone][:20]:
        say(f"  PMID {pmid}")
    run_copies(run)
    held = result.claims - len(result.broken)
    say(f"{held:,} of {result.claims:,} claims derived again: {result.share}")
    if live:
        ask_again(run)
    if not result.holds:
        first = safe(str(result.broken[0]))
        raise VerificationFailed(
            f"{len(result.broken)} claims do not hold, first: {first}",
            "Make the report again, or undo the change.",
        )


@app.command()
def classify(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines; standard input if none is named.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add what spoke most for each label.")
    ] = False,
    model: Annotated[
        str,
        typer.Option(help="linear, transformer, or auto: the transformer where it is installed."),
    ] = "auto",
) -> None:
    """Label sentences: JSON lines in, JSON lines out."""
    import json

    from cmeneeds.evidence.classify import classify_jsonl
    from cmeneeds.evidence.transformer import chosen

    reader, used = chosen(model)
    if sys.stderr.isatty():
        complain(used)
    try:
        stream = file.open(encoding="utf-8") if file else sys.stdin
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "Name a file.") from None
    try:
        with stream:
            for answer in classify_jsonl(stream, explain, reader):
                sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    except UnicodeDecodeError:
        name = file.name if file else "the input"
        raise UsageError(f"{name} is not UTF-8 text", "Save it as UTF-8.") from None


@app.command()
def lab(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where to work (default: here, with notebooks, briefs and docs)."),
    ] = None,
) -> None:
    """Open JupyterLab on the notebooks, at 00_start_here."""
    import shutil
    import subprocess

    from cmeneeds.resources import shared_path

    place = folder or Path()
    if folder is None and not Path("notebooks").exists():
        # Installed without a checkout: give the writer notebooks to write in.
        for name in ("notebooks", "briefs", "docs"):
            if not Path(name).exists():
                shutil.copytree(shared_path(name), name)
                complain(f"copied the {name} to ./{name}")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={place.resolve()}"]
    first = "notebooks/00_start_here.ipynb"
    if (place / first).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{first}")
    raise typer.Exit(subprocess.call(command))  # noqa: S603 - our own interpreter


@app.command()
def serve(
    library: LibraryOption = None,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8080,
    host: Annotated[str, typer.Option(help="Interface.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines in; needs a token.")
    ] = False,
    token_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the token.")
    ] = None,
) -> None:
    """Answer E-utilities requests from the local library."""
    from cmeneeds.server import make_server, serve_forever
    from cmeneeds.sources import open_library

    token = os.environ.get(token_env) if token_env else None
    if token_env and not token:
        raise UsageError(f"the environment has no {token_env}", "Set it, or leave out --token-env.")
    with open_library(library) as opened:
        opened.require_records()
        server = make_server(opened, host, port, token, allow_remote=allow_remote)
    say(server.url)
    if server.notice:
        say(server.notice)
    sys.stdout.flush()
    serve_forever(server)


@app.command()
def doctor() -> None:
    """Say what works on this machine, and what to do about the rest."""
    from cmeneeds.doctor import examine

    bad = 0
    for check in examine():
        mark = {"ok": "ok  ", "missing": "miss", "broken": "FAIL"}[check.state]
        say(f"{mark}  {check.name}: {safe(check.found)}")
        if check.todo:
            say(f"      {safe(check.todo)}")
        bad += check.state == "broken"
    if bad:
        raise typer.Exit(1)
