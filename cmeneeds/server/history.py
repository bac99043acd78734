"""The history server: result sets kept under a WebEnv and a query key, in memory only.

Sets expire, and the oldest environments give way when there are too many, so that no client can
fill the memory. A WebEnv is random: nobody finds another user's sets by guessing.
"""

from __future__ import annotations

import secrets
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LIFETIME = 8 * 3600.0
"""Seconds that an environment lives after its last use, about as long as NCBI's."""

MAX_ENVIRONMENTS = 1000
MAX_SETS = 200
"""Result sets in one environment."""

MAX_IDS = 5_000_000
"""PMIDs in all sets together; 8 bytes each."""


@dataclass(frozen=True, slots=True)
class ResultSet:
    """PMIDs under a query key, in the order of the search that made them."""

    pmids: array[int]
    searched: bool
    """Made by esearch, not by epost or elink."""


@dataclass(slots=True)
class _Environment:
    used: float
    sets: dict[int, ResultSet] = field(default_factory=dict)
    last_key: int = 0

    def size(self) -> int:
        return sum(len(s.pmids) for s in self.sets.values())


class History:
    """Result sets by WebEnv and query key; safe to share between threads.

    Parameters
    ----------
    lifetime : float
        Seconds after the last use.
    clock : callable
        Swapped in tests.
    """

    def __init__(
        self, lifetime: float = LIFETIME, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._environments: OrderedDict[str, _Environment] = OrderedDict()  # least used first
        self._ids = 0

    def add(
        self, pmids: Iterable[int], web_env: str = "", *, searched: bool = False
    ) -> tuple[str, int]:
        """Keep a set; return its WebEnv and query key.

        Parameters
        ----------
        pmids : iterable of int
        web_env : str
            The environment to add to. An unknown, full or expired one gives a new one, as at NCBI.
        searched : bool
            Whether a search made it.
        """
        kept = ResultSet(array("q", pmids), searched)
        with self._lock:
            self._expire()
            environment = self._environments.get(web_env)
            if environment is None or environment.last_key >= MAX_SETS:
                web_env = f"MCID_{secrets.token_hex(12)}"
                environment = self._environments[web_env] = _Environment(0.0)
            environment.used = self._clock()
            environment.last_key += 1
            environment.sets[environment.last_key] = kept
            self._environments.move_to_end(web_env)
            self._ids += len(kept.pmids)
            # Others give way first; the one just made stays.
            while len(self._environments) > 1 and (
                self._ids > MAX_IDS or len(self._environments) > MAX_ENVIRONMENTS
            ):
                self._drop_oldest()
            return web_env, environment.last_key

    def get(self, web_env: str, query_key: int) -> ResultSet | None:
        """Return a set, or None where it is unknown or has expired."""
        with self._lock:
            self._expire()
            environment = self._environments.get(web_env)
            if environment is None:
                return None
            environment.used = self._clock()
            self._environments.move_to_end(web_env)
            return environment.sets.get(query_key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._environments.clear()
            self._ids = 0

    def __len__(self) -> int:
        """Return the number of environments."""
        with self._lock:
            self._expire()
            return len(self._environments)

    def _expire(self) -> None:
        limit = self._clock() - self.lifetime
        while self._environments and next(iter(self._environments.values())).used < limit:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, environment = self._environments.popitem(last=False)
        self._ids -= environment.size()
