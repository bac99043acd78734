"""The command line's ``refresh`` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmeneeds.cli_library import EntrezOption, use_entrez
from cmeneeds.terminal import meter, safe, say

LISTED = 10
"""Changes of one kind that are printed; all stand in ``changes.csv``."""


def refresh(
    run: Annotated[Path, typer.Argument(help="Run folder, such as outputs/stroke/latest.")],
    since: Annotated[
        str | None,
        typer.Option(help="Day (2026-03-01): ask only for records that came in since then."),
    ] = None,
    brief: Annotated[
        Path | None, typer.Option(help="The brief with its decisions, if it is not found.")
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(help="Where the new run goes (default: beside the old one).")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="pubmed, library or sample, instead of the run's.")
    ] = None,
    library: Annotated[str | None, typer.Option(help="`sample`, or the path of a library.")] = None,
    template: Annotated[Path | None, typer.Option(help="Another notebook template.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make a new run although nothing changed.")
    ] = False,
    entrez_url: EntrezOption = None,
) -> None:
    """Search again for a run, and make a new report that tells what has changed."""
    use_entrez(entrez_url)
    from cmeneeds.frames import each_row
    from cmeneeds.refresh.changes import KINDS
    from cmeneeds.refresh.making import refresh as make_again

    with meter() as progress:
        result = make_again(
            run,
            since=since,
            brief=brief,
            outputs=outputs,
            source=source,
            library=library,
            template=template,
            force=force,
            progress=progress.step,
            count=progress.count,
        )
    for note in result.notes:
        say(safe(note))
    for kind, title in KINDS.items():
        lines = result.changes[result.changes["kind"] == kind]
        if lines.empty:
            continue
        say(f"{title}: {len(lines):,}")
        for line in each_row(lines.head(LISTED)):
            named = f"{line.item} {line.name}".strip()
            column = f", {line.column}" if line.column else ""
            moved = f": {line.was or 'nothing'} -> {line.now or 'nothing'}"
            moved = moved if kind not in ("record revised", "brief") and line.was + line.now else ""
            where = f" [{line.where}]" if line.where else ""
            say(f"  {safe(named + column + moved + where)}")
        if len(lines) > LISTED:
            say(f"  ... and {len(lines) - LISTED:,} more")
    if result.run is None:
        say("nothing has changed; no new run was made (--force makes one)")
        return
    if result.changes.empty:
        say("nothing has changed")
    say(f"{result.run.manifest['document_status']}")
    for name in ("report.html", "report.docx", "report.pdf", "changes.csv"):
        say(f"  {result.run.folder / name}")
