"""Where records come from: the sample corpus, the user's library, PubMed.

Every source answers the same two questions, :meth:`Source.search` and :meth:`Source.fetch`, so
that nothing downstream knows which one it is talking to; only its name and notice are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from cmeneeds.errors import UsageError
from cmeneeds.home import library_path
from cmeneeds.library.store import Library, SearchResult
from cmeneeds.records import Article

Progress = Callable[..., None]
"""Told how many records have come in, and of how many where that is known."""


class Source(Protocol):
    """A place that answers PubMed queries.

    Attributes
    ----------
    kind : str
        ``sample``, ``library`` or ``pubmed``.
    name : str
        For readers and the search log.
    notice : str
        What every output must say at its top; empty where there is nothing to warn of.
    data_date : str
        ISO date that the data speaks for: of the search at PubMed, else of the newest record.
    """

    name: str
    data_date: str

    @property
    def kind(self) -> str:
        """See above."""

    @property
    def notice(self) -> str:
        """See above."""

    def search(self, query: str) -> SearchResult:
        """Answer a query; raises QueryError or SourceError."""

    def fetch(self, pmids: Sequence[int]) -> list[Article]:
        """Return the records, in the order asked for; raises SourceError."""

    def close(self) -> None:
        """Let go of files and connections."""


class LibrarySource:
    """A library file as a source."""

    def __init__(self, library: Library) -> None:
        from cmeneeds.sources import sample

        library.require_records()
        self.library = library
        self.kind = library.kind
        newest = library.stats().newest
        self.data_date = f"{newest // 10000:04}-{newest // 100 % 100:02}-{newest % 100:02}"
        if self.kind == "sample":
            self.name, self.notice, self.data_date = sample.NAME, sample.NOTICE, sample.AS_OF
        else:
            self.name = f"local library {library.path.name} ({len(library):,} records)"
            self.notice = ""

    def search(self, query: str) -> SearchResult:
        """Answer a query from the library."""
        return self.library.search(query)

    def fetch(self, pmids: Sequence[int]) -> list[Article]:
        """Return the records that the library holds."""
        return self.library.get_many(pmids)

    def close(self) -> None:
        """Close the library."""
        self.library.close()


def open_library(
    choice: str | Path | None, progress: Progress | None = None, *, create: bool = False
) -> Library:
    """Open the library that a command means.

    Parameters
    ----------
    choice : ``sample``, a path, or None for the user's own
    progress : callable, optional
        Told of records imported, if the sample has to be imported first.
    create : bool
        Make the user's library where there is none.
    """
    if choice == "sample":
        from cmeneeds.sources.sample import open_sample

        return open_sample(progress)
    return Library.open(library_path() if choice is None else choice, create=create)


def open_source(
    kind: str, library: str | Path | None = None, progress: Progress | None = None
) -> Source:
    """Open the source that a brief or a command names.

    Parameters
    ----------
    kind : ``pubmed``, ``library`` or ``sample``
    library : ``sample`` or a path, optional
        Overrides ``kind``: search this library. With ``pubmed``, None means the user's own
        library is where fetched records are kept.

    Raises
    ------
    SourceError, LibraryError, UsageError
    """
    if library is not None:
        return LibrarySource(open_library(library, progress))
    if kind == "sample":
        return LibrarySource(open_library("sample", progress))
    if kind == "library":
        return LibrarySource(open_library(None))
    if kind == "pubmed":
        from cmeneeds.sources.pubmed import PubMedSource

        return PubMedSource(open_library(None, create=True), progress=progress)
    raise UsageError(f"there is no source {kind!r}", "Use pubmed, library or sample.")
