"""The command line's ``source`` commands: the writer's own documents."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cmeneeds.errors import UsageError
from cmeneeds.terminal import safe, say

source_app = typer.Typer(
    no_args_is_help=True, help="Your own documents: guidelines, measures, interviews, pages."
)


@source_app.command("add")
def source_add(
    what: Annotated[
        str | None, typer.Argument(help="File, web address, or - for text on standard input.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="A text instead of a file.")] = None,
    type: Annotated[
        str,
        typer.Option(
            help="guideline, quality measure, epidemiology, regulatory, expert, learner, patient, "
            "policy or study."
        ),
    ] = "",
    title: Annotated[str, typer.Option(help="Title, if the document shows another.")] = "",
    year: Annotated[
        int | None, typer.Option(help="Year of publication.", min=1700, max=2200)
    ] = None,
    publisher: Annotated[str, typer.Option(help="Body that publishes it.")] = "",
    edition: Annotated[str, typer.Option(help="Version, as the document states it.")] = "",
    url: Annotated[str, typer.Option(help="Where it can be read.")] = "",
    accessed: Annotated[str, typer.Option(help="Day on which you read it, yyyy-mm-dd.")] = "",
    licence: Annotated[str, typer.Option(help="What may be done with it.")] = "",
    by: Annotated[str, typer.Option(help="Who adds it.")] = "",
    note: Annotated[str, typer.Option(help="What you want to remember of it.")] = "",
) -> None:
    """Add a PDF, HTML, DOCX, Markdown, text or CSV file, a web page, or a text."""
    from cmeneeds.own_sources.adding import MAX_TEXT, add_source

    if (what is None) == (text is None):
        raise UsageError("nothing, or two things, to add", "Name a file or address, or --text.")
    given, is_text = (what, False) if what is not None else (text, True)
    if given == "-" and not is_text:
        given, is_text = sys.stdin.read(MAX_TEXT + 1), True
    assert given is not None  # one of the two
    added = add_source(
        given, text=is_text, type=type, title=title, year=year, publisher=publisher,
        edition=edition, url=url, accessed=accessed, licence=licence, by=by, note=note,
    )  # fmt: skip
    document = added.document
    state = "added" if added.is_new else "already there, nothing added twice"
    say(f"{document.id}  {state}: {safe(document.title)[:150]}")
    pages = f"{document.pages:,} pages, " if document.pages else ""
    say(f"  {pages}{len(document.parts):,} passages and cells; type {_type(document.source_type)}")
    for remark in added.notes:
        say(f"  note: {safe(remark)}")
    if not document.source_type:
        say("  note: without a --type it is background only; add it again with one")


@source_app.command("list")
def source_list() -> None:
    """List your own documents."""
    from cmeneeds.own_sources.store import list_sources

    found = list_sources()
    for kept in found:
        d = kept.document
        pages = f"{d.pages} p." if d.pages else kept.kind
        say(
            f"{d.id:<15}  {_type(d.source_type):<15}  {d.year or 'unknown':<7}  {pages:<8}  "
            f"{safe(d.title)[:100]}"
        )
    say(f"{len(found):,} documents of your own")


@source_app.command("show")
def source_show(
    id: Annotated[str, typer.Argument(help="Such as OWN123456.")],
    parts: Annotated[int, typer.Option(help="How many parts to print.", min=0)] = 40,
) -> None:
    """Show what is known of a document, and its parts with their addresses and pages."""
    from cmeneeds.own_sources.store import require

    kept = require(id)
    d = kept.document
    rows = (
        ("title", d.title), ("type", d.source_type), ("used as", d.role),
        ("publisher", d.publisher), ("year", str(d.year or "")), ("edition", d.edition),
        ("address", d.url), ("accessed", d.accessed), ("licence", d.licence.text),
        ("added by", d.added_by), ("added", kept.added), ("note", d.note), ("file", kept.name),
        ("SHA-256", d.sha256), ("pages", str(d.pages or "none")),
        ("not read", ", ".join(f"page {p}" for p in d.unread_pages[:50]) or "nothing"),
    )  # fmt: skip
    for name, value in rows:
        say(f"{name:<10} {safe(' '.join(value.split())) or 'unknown'}")
    say(f"{'original':<10} {'at hand' if kept.original.is_file() else 'not at hand'}")
    for part in d.parts[:parts]:
        where = f"p. {part.page}" if part.page else ""
        address = d.address(part.number, 0, len(part.text)) if part.text else ""
        say(f"{address:<28} {where:<7} {part.kind:<14} {safe(part.text)[:160]}")
    if len(d.parts) > parts:
        say(f"... and {len(d.parts) - parts:,} more; --parts shows them")


@source_app.command("remove")
def source_remove(ids: Annotated[list[str], typer.Argument(help="Such as OWN123456.")]) -> None:
    """Take documents out of the library, with their originals; reports keep their passages."""
    from cmeneeds.own_sources.store import remove_source

    for id in ids:
        kept = remove_source(id)
        say(f"{kept.id}  removed: {safe(kept.document.title)[:150]}")


def _type(name: str) -> str:
    return name or "unknown"
