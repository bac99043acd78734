"""What a decision was made about, so that a change of it cannot pass unseen.

``seen`` is text that a spreadsheet can copy: named pieces parted by ``;``, such as ``current
101.1.0-83 1a2b3c4d; best 102.0.0-64 5e6f7a8b; passages 9c0d1e2f; sources pmid-101``. Addresses
and keys stand in it as they are, words as the first eight digits of their SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.decisions.model import Decision, addresses
from cmeneeds.errors import UsageError
from cmeneeds.frames import text_of

if TYPE_CHECKING:
    from cmeneeds.works import Works

_SIDES = {
    "current": ("cp_passage", "current_practice", "current practice"),
    "best": ("bp_passage", "best_practice", "best practice"),
    "cause": ("cause_passage", "cause", "cause"),
}
_MOST_SOURCES = 60
"""Sources that ``seen`` names; of more, the passages' digest tells."""


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


def source_of(address: str, works: Works | None) -> str:
    """Citation key of a passage; what its address begins with, where the work is not here."""
    first = address.partition(".")[0]
    if works is not None:
        try:
            return works.key_of(address)
        except UsageError:
            pass
    return f"pmid-{first}" if first.isdecimal() else first


def seen_in(row: Mapping[str, Any], works: Works | None = None) -> str:
    """Tell what evidence a row of the gap table rests on, in a form that can be compared.

    Parameters
    ----------
    row : mapping
        Computed cells by column.
    works : Works, optional
        To tell the standing of the sources.
    """
    pieces = []
    for name, (passage, text, _) in _SIDES.items():
        place = text_of(row.get(passage))
        if place:
            pieces.append(f"{name} {place} {_digest(text_of(row.get(text)))}")
    listed = addresses(text_of(row.get("passages")))
    if listed:
        pieces.append(f"passages {_digest(*sorted(listed))}")
    keys = sorted({source_of(a, works) for a in listed})[:_MOST_SOURCES]
    if keys:
        pieces.append("sources " + " ".join(_with_standing(key, works) for key in keys))
    return "; ".join(pieces)


def seen_at(address: str, works: Works) -> str:
    """Tell what a passage says now and how its source stands; empty if there is none."""
    try:
        text = works.locate(address).text
    except UsageError:
        return ""
    key = source_of(address, works)
    return f"text {address} {_digest(text)}; sources {_with_standing(key, works)}"


def _with_standing(key: str, works: Works | None) -> str:
    work = works.get(key) if works is not None else None
    status = work.standing.status if work is not None else "unknown"
    return key if status == "unknown" else f"{key}={status.replace(' ', '-')}"


class Flag(NamedTuple):
    """Why a decision needs another look."""

    state: str
    """``evidence changed``, ``source retracted`` or ``no such passage now``."""
    words: str


def flag_of(
    d: Decision, row: Mapping[str, Any] | None, seen: str, works: Works | None
) -> Flag | None:
    """Compare what a decision was made about with what is there now.

    Parameters
    ----------
    d : Decision
    row : mapping or None
        The row it applies to; None for a confirmed passage.
    seen : str
        Of the row or passage as it is now.
    works : Works, optional
        Without it, retractions and vanished passages are not told.
    """
    named = addresses(d.passage) + tuple(
        words[1] for words in _pieces(d.seen).values() if len(words) == 3
    )
    told = dict.fromkeys(source.partition("=")[0] for source in _sources(d.seen))
    if works is not None:
        keys = dict.fromkeys([*(source_of(a, works) for a in named), *told])
        gone = [key for key in keys if key in works and works[key].standing.is_withdrawn]
        if gone:
            return Flag("source retracted", f"retracted since: {', '.join(gone)}")
    changed = _changed(d.seen, seen)
    if changed:
        return Flag("evidence changed", f"the evidence has changed since ({', '.join(changed)})")
    if works is not None:
        lost = [a for a in addresses(d.passage) if not _is_there(a, works)]
        if lost:
            return Flag("no such passage now", f"no such passage now: {', '.join(lost)}")
    if row is not None and d.passage and d.passage != text_of(row.get("cp_passage")):
        return Flag("evidence changed", "the evidence has changed since")
    return None


def _is_there(address: str, works: Works) -> bool:
    try:
        works.locate(address)
    except UsageError:
        return False
    return True


def _pieces(seen: str) -> dict[str, list[str]]:
    found = {}
    for piece in seen.split(";"):
        words = piece.split()
        if len(words) > 1:
            found[words[0]] = words
    return found


def _sources(seen: str) -> Iterable[str]:
    return _pieces(seen).get("sources", [])[1:]


def _changed(then: str, now: str) -> list[str]:
    """Name what is another one now. Pieces that were not written down are not compared."""
    old, new = _pieces(then), _pieces(now)
    names = {key: name for key, (_, _, name) in _SIDES.items()}
    names |= {"text": "words of the passage", "passages": "passages of the row"}
    changed = [name for key, name in names.items() if key in old and old[key] != new.get(key)]
    if old:  # a side that has come since is a change too, unless only the passages are compared
        changed += [n for key, (_, _, n) in _SIDES.items() if key in new and key not in old]
    stood = dict(s.partition("=")[::2] for s in _sources(then))
    stands = dict(s.partition("=")[::2] for s in _sources(now))
    if any(stands.get(key, status) != status for key, status in stood.items()):
        changed.append("standing of a source")
    return changed
