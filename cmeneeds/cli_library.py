"""The command line's ``library`` commands, and the options that others share with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cmeneeds.errors import SourceUnavailable, UsageError
from cmeneeds.terminal import meter, safe, say

library_app = typer.Typer(no_args_is_help=True, help="The local library of PubMed records.")

LibraryOption = Annotated[
    str | None,
    typer.Option("--library", help="`sample`, or the path of a library (default: your own)."),
]

EntrezOption = Annotated[
    str | None,
    typer.Option("--entrez-url", help="Another E-utilities server than NCBI's."),
]


def use_entrez(url: str | None) -> None:
    """Point every client of this process, and its kernels, to another server."""
    if url is None:
        return
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--entrez-url {url!r} is no web address", "Start it with http(s)://.")
    os.environ["CMENEEDS_ENTREZ_URL"] = url


@library_app.command("import")
def library_import(
    files: Annotated[list[Path], typer.Argument(help="PubMed XML files, plain or .gz.")],
    library: LibraryOption = None,
) -> None:
    """Import PubMed XML. Repeating it changes nothing; an interrupted import can be repeated."""
    from cmeneeds.sources import open_library

    for file in files:
        if not file.is_file():
            raise UsageError(f"there is no file {file}", "Name a PubMed .xml or .xml.gz file.")
    with open_library(library, create=True) as opened, meter() as progress:
        for file in files:
            progress.step(f"importing {file.name}")
            result = opened.import_file(file, progress.count)
            say(
                f"{safe(file.name)}: {result.read:,} records read, {result.added:,} added, "
                f"{result.updated:,} updated, {result.same:,} the same, {result.older:,} older, "
                f"{result.deleted:,} deleted, {len(result.problems):,} problems"
            )
            for problem in result.problems[:20]:
                say(f"  {safe(str(problem))}")
            if len(result.problems) > 20:
                say(f"  ... and {len(result.problems) - 20:,} more, in the import log")
        opened.optimize()


@library_app.command("search")
def library_search(
    query: Annotated[str, typer.Argument(help="A query in PubMed's language.")],
    library: LibraryOption = None,
    limit: Annotated[int, typer.Option(help="How many records to list.", min=0)] = 20,
) -> None:
    """Answer a PubMed query from the library."""
    from cmeneeds.sources import open_library
    from cmeneeds.standing import Notices
    from cmeneeds.standing import standing as standing_of

    with open_library(library) as opened:
        opened.require_records()
        if opened.kind == "sample":
            from cmeneeds.sources.sample import NOTICE

            say(NOTICE)
        result = opened.search(query, limit)
        if not opened.read_only:
            opened.log_search(result)
        say(f"{result.count:,} records")
        say(f"as understood: {safe(result.translation)}")
        for note in result.notes:
            say(f"note: {safe(note)}")
        notices = Notices.of_library(opened)
        for article in opened.get_many(result.pmids):
            standing = standing_of(article, notices=notices).status
            mark = f" [{standing.upper()}]" if standing not in ("unknown", "updated") else ""
            year = article.year or "????"
            journal = article.journal.iso or article.journal.title
            say(f"{article.pmid:>9}  {year}  {safe(article.title)[:110]}{mark}  {safe(journal)}")


@library_app.command("stats")
def library_stats(library: LibraryOption = None) -> None:
    """Say what the library holds."""
    from cmeneeds.library.beside import counts
    from cmeneeds.sources import open_library

    with open_library(library) as opened:
        s = opened.stats()
        say(f"kind        {s.kind}")
        say(f"records     {s.records:,} ({s.first_year}-{s.last_year})")
        say(f"abstracts   {s.with_abstract:,}")
        say(f"with MeSH   {s.with_mesh:,}")
        say(f"revisions   {s.revisions:,} superseded, {s.deletions:,} PMIDs withdrawn by NLM")
        say(f"newest      {s.newest or 'unknown'}")
        beside = counts(opened)
        say(
            f"beside      {beside.documents:,} full texts and book sections, {beside.closed:,} not "
            f"open, {beside.links:,} links, {beside.headings:,} headings in the MeSH tree"
        )
        for source, started, finished, changed in s.imports:
            state = f"finished {finished}" if finished else "not finished: repeat it"
            say(f"import      {safe(source)}: {changed:,} records, started {started}, {state}")


@library_app.command("export")
def library_export(
    out: Annotated[Path, typer.Argument(help="File to write (.jsonl or .jsonl.gz).")],
    query: Annotated[str | None, typer.Option(help="Only what this query finds.")] = None,
    library: LibraryOption = None,
) -> None:
    """Write records as JSON lines, by PMID."""
    from cmeneeds.library.export import export_jsonl
    from cmeneeds.sources import open_library

    with open_library(library) as opened:
        opened.require_records()
        if opened.kind == "sample":
            from cmeneeds.sources.sample import NOTICE

            say(NOTICE)
        number = export_jsonl(opened, out, query)
    say(f"{number:,} records written to {out}")


@library_app.command("mesh")
def library_mesh(
    topic: Annotated[list[str] | None, typer.Argument(help="Names of a topic.")] = None,
    library: LibraryOption = None,
    file: Annotated[
        Path | None, typer.Option(help="NLM's descriptor file (desc20XX.xml or .gz): all of MeSH.")
    ] = None,
    entrez_url: EntrezOption = None,
) -> None:
    """Teach the library MeSH headings with all below them, so that they explode offline."""
    from cmeneeds.sources import open_library

    if not topic and file is None:
        raise UsageError("nothing to look up", "Name a topic, or a descriptor file with --file.")
    if file is not None and not file.is_file():
        raise UsageError(f"there is no file {file}", "Name NLM's desc20XX.xml or desc20XX.gz.")
    use_entrez(entrez_url)
    with open_library(library, create=True) as opened:
        if file is not None:
            from cmeneeds.library.beside import store_headings
            from cmeneeds.mesh import read_descriptors

            places = store_headings(opened, read_descriptors(file))
            say(f"{safe(file.name)}: {places:,} places in the tree")
        if not topic:
            return
        from cmeneeds.sources.entrez import EntrezClient
        from cmeneeds.sources.vocabulary import mesh_for_topic

        told = mesh_for_topic(EntrezClient(), opened, topic)
    if told.outages:
        raise SourceUnavailable(told.notes[0], "Nothing was kept; try again later.")
    for word, heading in told.matched.items():
        say(f"{safe(word)}: {safe(heading.name)} ({safe(', '.join(heading.tree_numbers))})")
    for word in told.unmatched:
        say(f"{safe(word)}: no heading of this name")
    if told.near:
        say(f"near: {safe('; '.join(d.name for d in told.near[:10]))}")
    for note in told.notes:
        say(f"note: {safe(note)}")
    if told.matched:
        kept = "kept" if told.stored else "not kept"
        say(f"{told.below:,} headings below; {kept} in the library")
