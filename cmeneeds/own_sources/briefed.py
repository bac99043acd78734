"""The documents that a brief names as own sources."""

from __future__ import annotations

from pathlib import Path

from cmeneeds.brief import Brief, OwnSource
from cmeneeds.documents import Document
from cmeneeds.errors import BriefError, CmeneedsError
from cmeneeds.own_sources import store
from cmeneeds.own_sources.adding import keep, read_file
from cmeneeds.own_sources.making import Said, with_said

MAX_SOURCES = 200


def read_own_sources(brief: Brief, folder: str | Path) -> tuple[Document, ...]:
    """Read what a brief names, all or none.

    Files are put into the store of your library, so that their passages can be read again there.

    Parameters
    ----------
    brief : Brief
    folder : path
        Where the brief is: paths count from there and may not leave it.

    Returns
    -------
    tuple of Document
        In the order of the brief, each once; what the brief says of one goes before the rest.

    Raises
    ------
    BriefError
        Naming the entry.
    """
    if len(brief.own_sources) > MAX_SOURCES:
        raise BriefError("own_sources", f"more than {MAX_SOURCES} documents", "Name fewer.")
    found: dict[str, Document] = {}
    for number, entry in enumerate(brief.own_sources):
        field = f"own_sources[{number}]"
        try:
            document = _document(entry, Path(folder))
        except BriefError:
            raise
        except CmeneedsError as error:
            raise BriefError(field, error.what, error.todo) from None
        if document.id in found:
            raise BriefError(field, f"{document.id} is named twice", "Name it once.")
        found[document.id] = document
    return tuple(found.values())


def _document(entry: OwnSource, folder: Path) -> Document:
    said = _said(entry)
    if entry.id is not None:
        return with_said(store.require(entry.id).document, said)
    assert entry.file is not None  # the brief has one of the two
    path = folder / entry.file
    # A link could lead anywhere, and a brief may be somebody else's.
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BriefError(
            "own_sources", f"{entry.file} leads out of the folder", "Put the file beside the brief."
        )
    read = read_file(path, said)
    known = store.own_source(read.document.id)
    keep(read, Said() if known else said)
    return with_said(known.document if known else read.document, said)


def _said(entry: OwnSource) -> Said:
    return Said(
        type=entry.type or "",
        title=entry.title or "",
        year=entry.year,
        publisher=entry.publisher or "",
        edition=entry.edition or "",
        url=entry.url or "",
        accessed=entry.accessed.isoformat() if entry.accessed else "",
        licence=entry.licence or "",
        by=entry.by or "",
        note=entry.note or "",
    )
