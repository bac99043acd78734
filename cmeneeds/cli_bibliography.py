"""The command line's ``source import``, ``source known`` and ``source lists``: bibliographies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmeneeds.cli_library import EntrezOption, LibraryOption, use_entrez
from cmeneeds.cli_source import source_app
from cmeneeds.errors import UsageError
from cmeneeds.terminal import meter, safe, say

if TYPE_CHECKING:
    from cmeneeds.bibliography.importing import Imported
    from cmeneeds.bibliography.model import Bibliography

__all__ = ["source_app"]

SHOWN = 20
"""Lines of a kind that are printed; the CSV has them all."""

FileArgument = Annotated[
    str,
    typer.Argument(
        help="RIS, NBIB, BibTeX, CSL JSON, EndNote XML, zotero.sqlite; or zotero:users/NUMBER."
    ),
]
CollectionOption = Annotated[
    str, typer.Option(help="Of a Zotero library: its name (local) or key (zotero:).")
]


@source_app.command("import")
def source_import(
    file: FileArgument,
    library: LibraryOption = None,
    brief: Annotated[
        Path | None, typer.Option(help="Then check which of them this brief's strategy finds.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the list that is remembered.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV to write; default <FILE>.matches.csv, here.")
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Look for what is not here at PubMed.")
    ] = False,
    collection: CollectionOption = "",
    entrez_url: EntrezOption = None,
) -> None:
    """Match a bibliography with PubMed records: matched, in conflict, or not found, and why."""
    use_entrez(entrez_url)
    from cmeneeds.bibliography.importing import import_bibliography
    from cmeneeds.report.tables import write_csv
    from cmeneeds.sources import open_source

    bibliography = _read(file, collection)
    with meter() as progress:
        progress.step("matching")
        asked = open_source("pubmed", None, progress.count) if online else None
        try:
            came = import_bibliography(bibliography, library, name=name, online=asked)
        finally:
            if asked is not None:
                asked.close()
    _tell(came)
    target = out or Path(f"{Path(bibliography.name).stem}.matches.csv".replace("/", "-"))
    write_csv(came.table, target)
    say(f"all of them: {target}; remembered as the list {safe(came.list_name)!r}")
    if brief is not None:
        _known(came, brief, library, None)


@source_app.command("known")
def source_known(
    file: FileArgument,
    brief: Annotated[Path, typer.Option(help="Brief (YAML) whose strategy is checked.")],
    library: LibraryOption = None,
    source: Annotated[
        str | None, typer.Option(help="pubmed, library or sample, instead of the brief's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write.")] = None,
    collection: CollectionOption = "",
    entrez_url: EntrezOption = None,
) -> None:
    """Check which works of a bibliography the strategy of a brief finds, and why not the others.

    `list:NAME` instead of a file takes a list that was imported before.
    """
    use_entrez(entrez_url)
    if file.startswith("list:"):
        from cmeneeds.bibliography.lists import stored_pmids
        from cmeneeds.sources import open_library

        with open_library(None) as own:
            _known(stored_pmids(own, file.removeprefix("list:")), brief, library, source, out)
        return
    _known(_read(file, collection), brief, library, source, out)


@source_app.command("lists")
def source_lists(library: LibraryOption = None) -> None:
    """List the bibliographies that were imported."""
    from cmeneeds.bibliography.lists import stored_lists
    from cmeneeds.sources import open_library

    with open_library(library) as opened:
        found = stored_lists(opened)
    if not found:
        say("no bibliography was imported yet")
    for one in found:
        with_ = "the sample" if one.matched_with == "sample" else "the library"
        say(
            f"{safe(one.name):<28}{one.matched:>7,} of {one.entries:,} matched with {with_}, "
            f"{safe(one.format)}, {one.imported[:10]}"
        )


def _read(file: str, collection: str) -> Bibliography:
    if file.startswith("zotero:"):
        from cmeneeds.bibliography.zotero import fetch_zotero

        return fetch_zotero(file.removeprefix("zotero:"), collection=collection)
    if collection:
        from cmeneeds.bibliography.zotero import read_zotero

        path = Path(file)
        if not path.is_file():
            raise UsageError(f"there is no file {file}", "Name a zotero.sqlite.")
        return read_zotero(path, collection)
    from cmeneeds.bibliography.reading import read_bibliography

    return read_bibliography(file)


def _tell(came: Imported) -> None:
    bibliography = came.bibliography
    if came.notice:
        say(came.notice)
    lost = [t for t in bibliography.troubles if t.lost]
    doubts = [t for t in bibliography.troubles if not t.lost]
    say(f"{safe(bibliography.name)}: {bibliography.format}, {len(bibliography.entries):,} entries")
    say(f"{'matched':<12}{came.matched:>8,}")
    say(f"{'conflict':<12}{came.conflicts:>8,}")
    say(f"{'unmatched':<12}{came.unmatched:>8,}")
    say(f"{'not read':<12}{len(lost):>8,}")
    for note in came.notes:
        say(f"note: {safe(note)}")
    _some([f"not read: {safe(str(t))}" for t in lost])
    _some([f"note: {safe(str(t))}" for t in doubts])
    for status in ("conflict", "unmatched"):
        _some(
            [
                f"{status}: {_place(m.entry.line, m.entry.key)}{safe(m.entry.title)[:70]}: "
                f"{safe(m.reason)}"
                for m in came.matches
                if m.status == status
            ]
        )


def _number(pmid: object) -> str:
    return f"PMID {pmid}" if isinstance(pmid, int) else "no PMID"


def _place(line: int, key: str) -> str:
    return f"line {line}: " if line else f"{safe(key)[:20]}: "


def _some(lines: list[str], where: str = "in the CSV") -> None:
    for line in lines[:SHOWN]:
        say(f"  {line}")
    if len(lines) > SHOWN:
        say(f"  ... and {len(lines) - SHOWN:,} more: {where}")


def _known(
    what: Bibliography | Imported | list[int],
    brief: Path,
    library: str | None,
    source: str | None,
    out: Path | None = None,
) -> None:
    from cmeneeds.bibliography.known import known_items, summary
    from cmeneeds.brief import Brief
    from cmeneeds.report.tables import write_csv
    from cmeneeds.sources import open_source
    from cmeneeds.strategy import build_strategy

    loaded = Brief.load(brief)
    with meter() as progress:
        progress.step("asking for the known works")
        opened = open_source(source or loaded.source, library, progress.count)
        try:
            table = known_items(build_strategy(loaded), opened, what)
            name, notice = opened.name, opened.notice
        finally:
            opened.close()
    say(safe(name))
    if notice:
        say(notice)
    for line in summary(table):
        say(safe(line))
    missed = table[~table["found"]]
    _some(
        [
            f"missed: {safe(str(title))[:70]} ({_number(pmid)}): {safe(str(why))}"
            for pmid, title, why in zip(missed["pmid"], missed["title"], missed["why"], strict=True)
        ],
        "in the CSV" if out is not None else "name a file with --out to see them",
    )
    if out is not None:
        write_csv(table, out)
        say(f"all of them: {out}")
