"""The sources of a batch: what several briefs ask is asked once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cmeneeds.library.store import SearchResult
from cmeneeds.sources import Source, open_source


class Sources:
    """Sources by kind, each opened when it is first needed, that remember their answers.

    Records need no such memory: they lie in the library, so none is fetched twice from a service.

    Parameters
    ----------
    library : ``sample`` or path, optional
        As in :func:`cmeneeds.sources.open_source`.
    count : callable, optional
        Told how many records have been imported, where the sample has to be imported first.

    Attributes
    ----------
    asked, repeated : int
        Queries that were asked, and that did not have to be asked again.
    """

    def __init__(
        self, library: str | Path | None = None, count: Callable[[int], None] | None = None
    ) -> None:
        self._library = library
        self._count = count
        self._open: dict[str, Source] = {}
        self.asked = self.repeated = 0

    def __call__(self, kind: str) -> Source:
        """Return the source of a kind."""
        if kind not in self._open:
            self._open[kind] = self._remembering(open_source(kind, self._library, self._count))
        return self._open[kind]

    def _remembering(self, source: Source) -> Source:
        answers: dict[str, SearchResult] = {}
        ask = source.search

        def search(query: str) -> SearchResult:
            if query in answers:
                self.repeated += 1
            else:
                answers[query] = ask(query)
                self.asked += 1
            return answers[query]

        # On the source itself, not around it: what it is decides what is asked beside it.
        source.search = search  # type: ignore[method-assign]
        return source

    def close(self) -> None:
        """Close them all."""
        for source in self._open.values():
            source.close()
        self._open.clear()
