"""What a request asks: its parameters, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_UIDS = 10_000
"""Records in one answer and identifiers in one request."""

_UID = re.compile(r"[0-9]{1,12}")
_SEPARATOR = re.compile(r"[,\s]+")


class Refused(Exception):
    """A request that cannot be answered; becomes an error answer in the format asked for.

    Parameters
    ----------
    message : str
        In NCBI's words where it has some.
    status : int
        HTTP status. NCBI answers most errors with 200.
    """

    def __init__(self, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Uids:
    """Identifiers of one ``id`` parameter."""

    known: tuple[int, ...]
    """Numbers, in the order given, each once."""
    invalid: tuple[str, ...]
    """What is not a number, cut to 40 characters."""


class Asked:
    """Parameters of a request, whichever way they came; names in any case.

    Parameters
    ----------
    pairs : iterable of (name, value)
        In the order sent; the first of several values counts, except for ``id``.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter without surrounding space."""
        values = self._values.get(name)
        return (values[0].strip() if values else "") or default

    def choice(self, name: str) -> str:
        """Return a parameter of a fixed vocabulary: lower case, spaces as underscores."""
        return self.text(name).lower().replace("+", " ").replace(" ", "_")

    def number(self, name: str, default: int, most: int = 2**31 - 1) -> int:
        """Return a whole number of 0 or more; larger ones count as ``most``."""
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.isdecimal():
            raise Refused(f"Invalid value for parameter {name}: not a whole number")
        return min(int(text[:12]), most) if len(text) <= 12 else most

    def id_lists(self) -> list[Uids]:
        """Return the identifiers, one entry for each ``id`` parameter.

        Raises
        ------
        Refused
            There are more than :data:`MAX_UIDS`.
        """
        lists: list[Uids] = []
        total = 0
        for value in self._values.get("id", ()):
            words = [w for w in _SEPARATOR.split(value) if w]
            total += len(words)
            if total > MAX_UIDS:
                raise Refused(
                    f"Too many UIDs in request. Maximum number of UIDs is {MAX_UIDS}", 400
                )
            known = dict.fromkeys(int(w) for w in words if _UID.fullmatch(w))
            invalid = tuple(w[:40] for w in words if not _UID.fullmatch(w))
            lists.append(Uids(tuple(known), invalid))
        return lists

    def ids(self) -> Uids:
        """Return all identifiers together."""
        lists = self.id_lists()
        known = dict.fromkeys(uid for one in lists for uid in one.known)
        return Uids(tuple(known), tuple(bad for one in lists for bad in one.invalid))
