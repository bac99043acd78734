"""What one worker thread works with: its own connections to the library, and what all share."""

from __future__ import annotations

import sqlite3
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cmeneeds.library.store import Library
from cmeneeds.server.asked import Asked, Refused
from cmeneeds.server.history import History, ResultSet
from cmeneeds.server.spelling import Vocabulary

SECONDS = 30.0
"""How long one request may keep the database busy."""


class _Links(msgspec.Struct, frozen=True):
    """The part of a record that leads elsewhere; the rest is skipped while reading."""

    pmid: int
    references: tuple[int, ...] = ()
    pmcid: str = ""


_read_links = msgspec.json.Decoder(_Links)


@dataclass(frozen=True)
class LinkIndex:
    """Links that only a pass over all records can tell."""

    state: tuple[int, int]
    """Of the library when it was made."""
    citing: dict[int, array[int]]
    """PMID -> records here that have it in their reference lists, by PMID."""
    of_pmc: dict[int, int]
    """PMC number -> PMID."""


@dataclass
class Shared:
    """What the workers have in common."""

    path: Path
    history: History
    notice: str = ""
    """What every answer must say of the library; empty where there is nothing to warn of."""
    seconds: float = SECONDS
    _links: LinkIndex | None = None
    _building: threading.Lock = field(default_factory=threading.Lock)

    def links(self, db: sqlite3.Connection) -> LinkIndex:
        """Return the link index, made at its first use and whenever the library has changed."""
        with self._building:
            state = db.execute(
                "SELECT coalesce(max(id), 0), coalesce(sum(added + updated + deleted), 0) "
                "FROM imports"
            ).fetchone()
            if self._links is None or self._links.state != state:
                self._links = _index(db, state)
            return self._links


def _index(db: sqlite3.Connection, state: tuple[int, int]) -> LinkIndex:
    citing: dict[int, array[int]] = {}
    of_pmc: dict[int, int] = {}
    for (record,) in db.execute("SELECT record FROM records ORDER BY pmid DESC"):
        links = _read_links.decode(record)
        for cited in dict.fromkeys(links.references):
            citing.setdefault(cited, array("q")).append(links.pmid)
        if (number := pmc_number(links.pmcid)) is not None:
            of_pmc[number] = links.pmid
    return LinkIndex(state, citing, of_pmc)


def pmc_number(pmcid: str) -> int | None:
    """``PMC123`` -> 123."""
    digits = pmcid.upper().removeprefix("PMC").partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() else None


class Desk:
    """One worker's place: read-only connections of its own, to be used by its thread only."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.history = shared.history
        self.library = Library.open(shared.path, read_only=True)
        # Library keeps its connection to itself; what it does not offer is asked through this.
        self.db = sqlite3.connect(
            f"{shared.path.resolve().as_uri()}?mode=ro",
            uri=True,
            timeout=shared.seconds,
            isolation_level=None,
        )
        self.vocabulary = Vocabulary(self.db)

    def close(self) -> None:
        """Close the connections."""
        self.db.close()
        self.library.close()

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """Stop a statement that runs too long."""
        end = time.monotonic() + self.shared.seconds
        self.db.set_progress_handler(lambda: time.monotonic() > end, 50_000)
        try:
            yield
        except sqlite3.OperationalError as error:
            if time.monotonic() <= end:
                raise
            raise Refused(
                f"Search Backend failed: it took longer than {self.shared.seconds:g} seconds", 503
            ) from error
        finally:
            self.db.set_progress_handler(None, 0)

    def from_history(self, asked: Asked) -> ResultSet | None:
        """Return the set under WebEnv and query_key; None where none is named.

        Raises
        ------
        Refused
            It is named but unknown, or has expired.
        """
        key = asked.text("query_key")
        web_env = asked.text("webenv")
        if not key and not web_env:
            return None
        number = asked.number("query_key", 1)
        found = self.history.get(web_env, number)
        if found is None:
            raise Refused(f"Unable to obtain query #{number}")
        return found
