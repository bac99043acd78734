"""Run a strategy against a source and keep what came back, with its log.

A :class:`Records` is everything the rest of the street works on. Saved as a snapshot it lets the
same tables be made again, offline, to the byte.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cmeneeds.accreditation import Profile
from cmeneeds.brief import Brief
from cmeneeds.decisions.labels import Corrected
from cmeneeds.decisions.screening import Screened, ScreeningCounts, excluded
from cmeneeds.documents import Document
from cmeneeds.errors import NoEvidence, RunBroken
from cmeneeds.guideline_cards.model import GivenCard
from cmeneeds.learner_data.model import LearnerFile
from cmeneeds.previous import Previous
from cmeneeds.records import Article
from cmeneeds.search_log import SearchEntry
from cmeneeds.sources import Source, open_source
from cmeneeds.standing import Notice, Notices
from cmeneeds.strategy import Strategy
from cmeneeds.workbench.progress import shown
from cmeneeds.works import Works

if TYPE_CHECKING:
    import pandas as pd

MAX_PER_FACET = 1000
"""Records fetched for one facet, the newest first. What is left out is said in the search log."""

SNAPSHOT_FORMAT = "cmeneeds-snapshot-2"
_READABLE = ("cmeneeds-snapshot-1", SNAPSHOT_FORMAT)


@dataclass(frozen=True)
class Records:
    """What a strategy found.

    Attributes
    ----------
    articles : tuple of Article
        Each once, by PMID, the newest first.
    facets : dict of PMID to tuple of str
        Which facets found it.
    log : tuple of SearchEntry
        One for each query, and one for the topic without a facet (count only).
    source_kind, source, notice, data_date : str
        See :class:`~cmeneeds.sources.Source`.
    searched_at : str
        ISO 8601, UTC. Not part of any table.
    documents : tuple of Document
        Full texts, book sections, recommendations and background from beside PubMed, by id.
    beside : tuple of SearchEntry
        What those sources were asked, one line each; an outage is told in its ``notes``.
    notices : Notices
        What records outside this set say of the standing of those in it.
    checked : str
        ISO day on which PubMed was last asked for such notices; empty if never.
    learner : tuple of LearnerFile
        The provider's own data, as lines about groups of people.
    screening : tuple of Screened
        What people chose about the records, in the order of their lines; those that are
        :attr:`excluded` carry no finding.
    cards : tuple of GivenCard
        What the writer confirmed or corrected on guideline cards.
    labels : tuple of Corrected
        Sentences whose class a person corrected.
    profiles : tuple of Profile
        The user's own accreditor profiles; those of the package are not kept.
    previous : Previous, optional
        Of a refresh: the report before, as far as the change log needs it.
    hint : str
        Where nothing was found: how the source would spell the topic. Not kept.
    """

    articles: tuple[Article, ...]
    facets: dict[int, tuple[str, ...]]
    log: tuple[SearchEntry, ...]
    source_kind: str
    source: str
    notice: str
    data_date: str
    searched_at: str
    documents: tuple[Document, ...] = ()
    beside: tuple[SearchEntry, ...] = ()
    notices: Notices = field(default_factory=Notices)
    checked: str = ""
    hint: str = ""
    learner: tuple[LearnerFile, ...] = ()
    screening: tuple[Screened, ...] = ()
    labels: tuple[Corrected, ...] = ()
    cards: tuple[GivenCard, ...] = ()
    profiles: tuple[Profile, ...] = ()
    previous: Previous | None = None

    def __len__(self) -> int:
        """Number of records."""
        return len(self.articles)

    def __repr__(self) -> str:
        """One line."""
        return f"<{len(self)} records from {self.source}>"

    def _repr_html_(self) -> str:
        from cmeneeds.workbench.displays import records_html
        from cmeneeds.workbench.page import styled

        return styled(records_html(self))

    @property
    def by_pmid(self) -> dict[int, Article]:
        """The records by PMID."""
        return {a.pmid: a for a in self.articles}

    @cached_property
    def works(self) -> Works:
        """Everything that can be cited, by citation key."""
        documents = (*self.documents, *(file.document for file in self.learner))
        return Works(self.articles, documents, self.notices, self.checked)

    @cached_property
    def excluded(self) -> frozenset[int]:
        """PMIDs that the writer screened out; see :func:`cmeneeds.decisions.screening.excluded`."""
        return excluded(self.screening)

    @property
    def screened(self) -> ScreeningCounts:
        """How many records were kept, screened out and not yet looked at."""
        return ScreeningCounts.of((a.pmid for a in self.articles), self.screening)

    @property
    def background(self) -> tuple[Document, ...]:
        """Documents that tell what else there is to know, and never carry a gap."""
        return tuple(d for d in self.documents if d.role == "background")

    @property
    def trials(self) -> tuple[Document, ...]:
        """Of the background, the registrations of trials."""
        return tuple(d for d in self.background if d.kind == "trial registration")

    @property
    def search_log(self) -> pd.DataFrame:
        """The search log as a table."""
        import pandas as pd

        columns = list(SearchEntry.__struct_fields__)
        entries = [msgspec.structs.asdict(e) for e in (*self.log, *self.beside)]
        return pd.DataFrame(entries, columns=columns).astype({"count": "Int64"})

    @property
    def table(self) -> pd.DataFrame:
        """One row a record: PMID, year, title, journal, types, facets, standing."""
        import pandas as pd

        return pd.DataFrame(
            [
                (
                    a.pmid,
                    a.year,
                    a.title,
                    a.journal.iso or a.journal.title or (a.book.title if a.book else ""),
                    "; ".join(a.type_names),
                    "; ".join(self.facets.get(a.pmid, ())),
                    self.works[f"pmid-{a.pmid}"].standing.status,
                )
                for a in self.articles
            ],
            columns=["pmid", "year", "title", "journal", "types", "facets", "status"],
        ).astype({"year": "Int64"})

    def require_some(self, brief: Brief) -> None:
        """Raise NoEvidence if there is nothing to build on.

        An empty search never yields a filled-in report (design law 2).
        """
        if self.articles:
            return
        asked = sum(1 for e in self.log if e.facet != "topic")
        raise NoEvidence(
            f"no evidence found for {brief.topic!r}: {asked} queries of {self.source}, "
            f"{brief.years.first}-{brief.years.last}, returned no record",
            (self.hint and f"PubMed suggests {self.hint}. ")
            + "Widen the years, add synonyms to the brief, or use another source "
            "(`cmeneeds search BRIEF` shows every query).",
        )

    # --- snapshots ------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write a snapshot: gzip-compressed JSON lines, the same bytes for the same records."""
        encode = msgspec.json.Encoder(order="deterministic").encode
        head: dict[str, Any] = {
            "format": SNAPSHOT_FORMAT,
            "source_kind": self.source_kind,
            "source": self.source,
            "notice": self.notice,
            "data_date": self.data_date,
            "searched_at": self.searched_at,
            "log": self.log,
            "beside": self.beside,
            "notices": _Said(
                tuple(sorted(self.notices.by_pmid.items())),
                tuple(sorted(self.notices.by_doi.items())),
            ),
            "checked": self.checked,
        }
        # Left out where there are none, so that a snapshot without them keeps its bytes.
        head |= {"screening": self.screening} if self.screening else {}
        head |= {"labels": self.labels} if self.labels else {}
        head |= {"cards": self.cards} if self.cards else {}
        head |= {"profiles": self.profiles} if self.profiles else {}
        head |= {"previous": self.previous} if self.previous else {}
        lines = [encode(head)]
        lines += [
            encode({"facets": self.facets.get(a.pmid, ()), "record": a})
            for a in sorted(self.articles, key=lambda a: a.pmid)
        ]
        lines += [encode({"document": d}) for d in sorted(self.documents, key=lambda d: d.id)]
        lines += [encode({"learner": file}) for file in self.learner]
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as stream:
            stream.write(b"\n".join(lines) + b"\n")
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_bytes(packed.getvalue())
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Records:
        """Read a snapshot.

        Raises
        ------
        RunBroken
            If the file is missing, damaged or not a snapshot.
        """
        try:
            with gzip.open(path, "rb") as stream:
                head = msgspec.json.decode(stream.readline(), type=_Head)
                rows = [_line(line) for line in stream]
        except (OSError, EOFError, msgspec.DecodeError, msgspec.ValidationError) as error:
            raise RunBroken(
                f"{path} is not a readable snapshot ({str(error).splitlines()[0]})",
                "Make the run again with `cmeneeds report`.",
            ) from error
        found = [(row.record, row.facets) for row in rows if row.record is not None]
        found.sort(key=lambda pair: -pair[0].pmid)
        return cls(
            articles=tuple(record for record, _ in found),
            facets={record.pmid: facets for record, facets in found},
            log=head.log,
            source_kind=head.source_kind,
            source=head.source,
            notice=head.notice,
            data_date=head.data_date,
            searched_at=head.searched_at,
            documents=tuple(row.document for row in rows if row.document is not None),
            beside=head.beside,
            notices=Notices(dict(head.notices.by_pmid), dict(head.notices.by_doi)),
            checked=head.checked,
            screening=head.screening,
            labels=head.labels,
            cards=head.cards,
            profiles=head.profiles,
            previous=head.previous,
            learner=tuple(row.learner for row in rows if row.learner is not None),
        )


class _Said(msgspec.Struct):
    """Notices as sorted pairs, so that equal ones give equal bytes."""

    by_pmid: tuple[tuple[int, tuple[Notice, ...]], ...] = ()
    by_doi: tuple[tuple[str, tuple[Notice, ...]], ...] = ()


class _Head(msgspec.Struct):
    format: str
    source_kind: str
    source: str
    notice: str
    data_date: str
    searched_at: str
    log: tuple[SearchEntry, ...]
    beside: tuple[SearchEntry, ...] = ()
    notices: _Said = msgspec.field(default_factory=_Said)
    checked: str = ""
    screening: tuple[Screened, ...] = ()
    labels: tuple[Corrected, ...] = ()
    cards: tuple[GivenCard, ...] = ()
    profiles: tuple[Profile, ...] = ()
    previous: Previous | None = None

    def __post_init__(self) -> None:
        if self.format not in _READABLE:
            raise ValueError(f"unknown format {self.format!r}")


class _Row(msgspec.Struct):
    """A record with the facets that found it, a document, or a file of learner data."""

    facets: tuple[str, ...] = ()
    record: Article | None = None
    document: Document | None = None
    learner: LearnerFile | None = None

    def __post_init__(self) -> None:
        if sum(x is not None for x in (self.record, self.document, self.learner)) != 1:
            raise ValueError("a line holds a record, a document or learner data")


_line = msgspec.json.Decoder(_Row).decode


def search(
    strategy: Strategy,
    source: Source | None = None,
    *,
    library: str | Path | None = None,
    max_per_facet: int = MAX_PER_FACET,
    progress: Callable[[str, int, int], None] | None = None,
    own: Sequence[Document] = (),
) -> Records:
    """Ask every query of a strategy and fetch what it finds.

    Parameters
    ----------
    strategy : Strategy
    source : Source, optional
        Default: what the brief says, or ``library`` if given (``sample`` or a path). The source
        is closed at the end if it was opened here.
    max_per_facet : int
        Fetch at most this many records a query, the newest first.
    progress : callable, optional
        Told (facet, position, number of queries) before each query. Default: a bar, in a
        notebook.
    own : sequence of Document
        The writer's own sources, as :func:`cmeneeds.read_own_sources` gives them; they are kept
        with what is found, and told in the log.

    Returns
    -------
    Records
        Possibly empty: see :meth:`Records.require_some`.

    Raises
    ------
    QueryError, SourceError, LibraryError
    """
    opened = source is None
    if source is None:
        source = open_source(strategy.brief.source, library)
    try:
        with shown("Searching", progress) as tell:
            found = _search(strategy, source, max_per_facet, tell)
        return with_own_sources(found, own)
    finally:
        if opened:
            source.close()


def with_own_sources(records: Records, own: Sequence[Document]) -> Records:
    """Add the writer's own sources to what was found, with a line in the search log."""
    if not own:
        return records
    by_id = {d.id: d for d in (*records.documents, *own)}
    entry = SearchEntry(
        facet="own sources",
        question="What does the writer bring?",
        source="the writer's own sources",
        data_date="",
        query="own_sources of the brief",
        translation="",
        count=len(own),
        retrieved=len(own),
        new=len(own),
        notes="",
    )
    return replace(
        records,
        documents=tuple(sorted(by_id.values(), key=lambda d: d.id)),
        beside=(*(e for e in records.beside if e.facet != entry.facet), entry),
    )


def _search(
    strategy: Strategy,
    source: Source,
    max_per_facet: int,
    progress: Callable[[str, int, int], None] | None,
) -> Records:
    asks = {f.name: f.asks for f in strategy.facets}
    queries = (strategy.topic_query, *strategy.queries)
    found: dict[int, list[str]] = {}
    log: list[SearchEntry] = []
    for position, query in enumerate(queries, 1):
        if progress:
            progress(query.facet, position, len(queries))
        result = source.search(query.text)
        counting_only = query.facet == "topic"
        taken = () if counting_only else result.pmids[:max_per_facet]
        new = sum(1 for pmid in taken if pmid not in found)
        notes = list(result.notes)
        if not counting_only and result.count > len(taken):
            notes.append(f"only the newest {len(taken):,} of {result.count:,} were fetched")
        for pmid in taken:
            found.setdefault(pmid, []).append(query.facet)
        log.append(
            SearchEntry(
                facet=query.facet,
                question=asks.get(query.facet, "How much is there on the topic at all?"),
                source=source.name,
                data_date=source.data_date,
                query=query.text,
                translation=result.translation,
                count=result.count,
                retrieved=len(taken),
                new=new,
                notes="; ".join(notes),
            )
        )
    articles = source.fetch(sorted(found, reverse=True))
    if lost := sorted(found.keys() - {a.pmid for a in articles}):
        shown = ", ".join(map(str, lost[:20]))
        note = f"{len(lost)} records that the queries found were not delivered: PMID {shown}"
        log[0] = msgspec.structs.replace(
            log[0], notes="; ".join(filter(None, (log[0].notes, note)))
        )
    from cmeneeds.sources import beside

    news = beside.ask_standing(source, articles)
    if news.revised:
        articles = source.fetch(sorted(found, reverse=True))
    headings = beside.learn_headings(strategy.brief, source)
    documents, asked = beside.gather_beside(strategy, source, articles, progress)
    return Records(
        articles=tuple(articles),
        facets={a.pmid: tuple(found[a.pmid]) for a in articles},
        log=tuple(log),
        source_kind=source.kind,
        source=source.name,
        notice=source.notice,
        data_date=source.data_date,
        searched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        documents=documents,
        beside=(*news.log, *headings, *asked),
        notices=news.notices,
        checked=news.checked,
        hint="" if articles else beside.spelling(strategy.brief, source),
    )
