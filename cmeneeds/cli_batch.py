"""The command line's ``batch`` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmeneeds.cli_library import EntrezOption, use_entrez
from cmeneeds.terminal import meter, safe, say


def batch(
    briefs: Annotated[
        list[Path],
        typer.Argument(help="Briefs, folders of briefs, or a table (.csv) with one row a report."),
    ],
    outputs: Annotated[Path, typer.Option(help="Where runs go.")] = Path("outputs"),
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", help="Reports at once; 0: one a processor.", min=0)
    ] = 0,
    only: Annotated[
        list[str] | None, typer.Option(help="Make only this report; may be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make current reports again too.")] = False,
    source: Annotated[
        str | None, typer.Option(help="pubmed, library or sample, instead of the briefs'.")
    ] = None,
    library: Annotated[str | None, typer.Option(help="`sample`, or the path of a library.")] = None,
    template: Annotated[Path | None, typer.Option(help="Another notebook template.")] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="Template parameter, name=value.")
    ] = None,
    cell_timeout: Annotated[int, typer.Option(help="Seconds that one cell may take.", min=1)] = 600,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds that one report may take in all.", min=1)
    ] = None,
    max_age: Annotated[
        int, typer.Option(help="Days after which PubMed is asked again.", min=0)
    ] = 30,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler (tcp://...), or `local` for one here."),
    ] = None,
    entrez_url: EntrezOption = None,
) -> None:
    """Make many reports, side by side; a second call makes only what is missing or stale."""
    use_entrez(entrez_url)
    from cmeneeds.batch import run_batch
    from cmeneeds.cli import template_parameters

    with meter() as progress:

        def tell(name: str, what: str, done: int, total: int) -> None:
            progress.step(f"[{done}/{total}] {name}: {what}" if name else what)

        result = run_batch(
            briefs,
            outputs=outputs,
            jobs=jobs,
            only=only or (),
            force=force,
            source=source,
            library=library,
            template=template,
            parameters=template_parameters(param or []),
            cell_timeout=cell_timeout,
            timeout=timeout,
            max_age_days=max_age,
            scheduler=scheduler,
            tell=tell,
            count=progress.count,
        )
    for outcome in result.outcomes:
        shown = outcome.folder if outcome.state != "failed" else outcome.why
        say(safe(f"{outcome.state:<8}{outcome.name}: {shown}"))
    say(
        f"{result.count('made')} made, {result.count('current')} current, "
        f"{result.count('failed')} failed; {result.queries_asked:,} queries asked, "
        f"{result.queries_repeated:,} shared"
    )
    say(str(result.index))
    if result.count("failed"):
        raise typer.Exit(1)
