"""Bring a bibliography in: read it, match it, remember it, look up what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds.bibliography import keys
from cmeneeds.bibliography.lists import store_list
from cmeneeds.bibliography.matching import (
    CONFLICT,
    MATCHED,
    UNMATCHED,
    Match,
    RecordIndex,
    match,
    matched_pmids,
)
from cmeneeds.bibliography.model import Bibliography, Entry
from cmeneeds.bibliography.reading import read_bibliography
from cmeneeds.errors import QueryError
from cmeneeds.library.store import Library
from cmeneeds.records import Article
from cmeneeds.sources import Progress, Source, open_library

if TYPE_CHECKING:
    import pandas as pd

DOIS_A_QUERY = 40
TITLES_A_QUERY = 10
TITLE_WORDS = 8
"""Words of a title that a look-up asks for."""
_STOP = frozenset({"and", "are", "for", "from", "the", "with", "without", "not"})


@dataclass(frozen=True)
class Imported:
    """A bibliography and what became of each entry.

    Attributes
    ----------
    bibliography : Bibliography
    matches : tuple of Match
        One for each entry, in the order of the file.
    list_name : str
        Under which it is remembered; empty if it is not.
    notes : tuple of str
        Of the look-up, if there was one.
    notice : str
        What every output must say where the records are those of the sample; else empty.
    """

    bibliography: Bibliography
    matches: tuple[Match, ...]
    list_name: str = ""
    notes: tuple[str, ...] = ()
    notice: str = ""

    @property
    def pmids(self) -> list[int]:
        """PMIDs of what was matched, each once."""
        return list(matched_pmids(self.matches))

    @property
    def matched(self) -> int:
        """How many entries have their record."""
        return self._count(MATCHED)

    @property
    def conflicts(self) -> int:
        """How many entries contradict the record that they seem to be."""
        return self._count(CONFLICT)

    @property
    def unmatched(self) -> int:
        """How many entries have no record here."""
        return self._count(UNMATCHED)

    def _count(self, status: str) -> int:
        return Counter(m.status for m in self.matches)[status]

    @property
    def table(self) -> pd.DataFrame:
        """One row an entry, then one for each part of the file that could not be read."""
        import pandas as pd

        rows: list[tuple[Any, ...]] = [
            (
                m.entry.line or None, m.status, m.pmid, m.by, m.reason, m.entry.title,
                "; ".join(m.entry.authors[:3]), m.entry.year, m.entry.journal, m.entry.doi,
                m.entry.pmid, m.entry.pmcid, m.entry.key, " ".join(map(str, m.candidates)),
            )
            for m in self.matches
        ]  # fmt: skip
        rows += [
            (
                t.line or None,
                "not read",
                None,
                "",
                t.what,
                *[""] * 2,
                None,
                *[""] * 2,
                None,
                *[""] * 3,
            )
            for t in self.bibliography.troubles
            if t.lost
        ]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        for name in ("line", "pmid", "year", "entry_pmid"):
            frame[name] = frame[name].astype("Int64")
        return frame


COLUMNS = (
    "line", "status", "pmid", "matched_by", "reason", "title", "authors", "year", "journal",
    "doi", "entry_pmid", "pmcid", "key", "candidates",
)  # fmt: skip


def import_bibliography(
    file: str | Path | Bibliography,
    library: str | Path | Library | None = None,
    *,
    name: str | None = None,
    remember: bool = True,
    online: Source | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Match a bibliography with the records of a library.

    Parameters
    ----------
    file : path or Bibliography
        See :func:`~cmeneeds.bibliography.reading.read_bibliography`.
    library : ``sample``, path, Library or None
        Whose records it is matched with; None is the user's own.
    name : str, optional
        Name of the list under which it is remembered; default the file's name without its end.
    remember : bool
        Whether to keep the list, always in the user's own library (or the one named by path).
    online : Source, optional
        PubMed, to look up what the library does not have; what is found is stored there.
    progress : callable, optional
        Told how many records have been read.

    Raises
    ------
    UsageError, LibraryError, SourceError

    Examples
    --------
    ::

        came = cn.import_bibliography("client.ris", library="sample")
        came.table[came.table.status != "matched"]
    """
    bibliography = file if isinstance(file, Bibliography) else read_bibliography(file)
    if isinstance(library, Library):
        return _import(bibliography, library, name, remember, online, progress)
    with open_library(library, progress, create=online is not None) as opened:
        if online is None:
            opened.require_records()
        return _import(bibliography, opened, name, remember, online, progress)


def _import(
    bibliography: Bibliography,
    library: Library,
    name: str | None,
    remember: bool,
    online: Source | None,
    progress: Progress | None,
) -> Imported:
    matches = match(bibliography.entries, RecordIndex(_told(library, progress)))
    notes: list[str] = []
    if online is not None:
        matches, notes = look_up(matches, online)
    listed = ""
    if remember:
        listed = name if name is not None else Path(bibliography.name).stem
        _remember(library, listed, bibliography, matches)
    notice = ""
    if library.kind == "sample":
        from cmeneeds.sources.sample import NOTICE

        notice = NOTICE
    return Imported(bibliography, tuple(matches), listed, tuple(notes), notice)


def _told(library: Library, progress: Progress | None) -> Iterator[Article]:
    for number, article in enumerate(library, 1):
        yield article
        if progress and number % 10_000 == 0:
            progress(number)


def _remember(
    library: Library, name: str, bibliography: Bibliography, matches: Sequence[Match]
) -> None:
    if not library.read_only:
        store_list(library, name, bibliography, matches, library.kind)
        return
    with open_library(None, create=True) as own:
        store_list(own, name, bibliography, matches, library.kind)


# --- at PubMed ----------------------------------------------------------------------------------


def look_up(matches: Sequence[Match], source: Source) -> tuple[list[Match], list[str]]:
    """Look for unmatched entries at PubMed, by PMID, DOI, then words of the title and author.

    What PubMed lists is fetched and then matched by the same rules as at home; a list of results
    alone proves nothing.

    Returns
    -------
    matches, notes
        All entries again, in order.
    """
    open_ = [i for i, m in enumerate(matches) if m.status == UNMATCHED]
    entries = [matches[i].entry for i in open_]
    wanted = dict.fromkeys(e.pmid for e in entries if e.pmid)
    notes: list[str] = []
    for query in (*_doi_queries(entries), *_title_queries(entries)):
        try:
            wanted |= dict.fromkeys(source.search(query).pmids[:1000])
        except QueryError as error:
            notes.append(f"a look-up was refused: {error.what[:120]}")
    fetched = source.fetch([p for p in wanted if p is not None])
    found = match(entries, RecordIndex(fetched))
    result = list(matches)
    for i, again in zip(open_, found, strict=True):
        if again.status != UNMATCHED:
            result[i] = again
    better = sum(m.status == MATCHED for m in found)
    notes.insert(0, f"{source.name}: {better:,} of {len(entries):,} unmatched entries found")
    return result, notes


def _doi_queries(entries: Sequence[Entry]) -> Iterator[str]:
    dois = list(dict.fromkeys(e.doi for e in entries if e.doi and not e.pmid and '"' not in e.doi))
    for start in range(0, len(dois), DOIS_A_QUERY):
        yield " OR ".join(f'"{d}"[doi]' for d in dois[start : start + DOIS_A_QUERY])


def _title_queries(entries: Sequence[Entry]) -> Iterator[str]:
    asked = []
    for entry in entries:
        words = [w for w in keys.words(entry.title) if w not in _STOP and len(w) > 2]
        if entry.pmid or not entry.authors or len(words) < 3 or entry.year is None:
            continue
        last = keys.readings(entry.authors[0])[:1]
        if last and last[0][0].isascii() and all(w.isascii() for w in words[:TITLE_WORDS]):
            title = " AND ".join(f"{w}[ti]" for w in words[:TITLE_WORDS])
            years = f"{entry.year - 1}:{entry.year + 1}[dp]"
            asked.append(f"({title} AND {years})")
    for start in range(0, len(asked), TITLES_A_QUERY):
        yield " OR ".join(asked[start : start + TITLES_A_QUERY])
