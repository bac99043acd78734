"""Which passages make which row: what the writer merged, split and added.

The order of lines in the file plays no part. Rows made by hand come first; then parts whose
passages the row has; then merges; then the parts that only a merge made possible; then merges of
those parts.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cmeneeds.decisions.model import WAYS, Decision, addresses


@dataclass(frozen=True)
class Row:
    """A row of the gap table as the writer wants it.

    Attributes
    ----------
    gap_id : str
    like : str
        Computed row whose subject and group it has; empty for a gap made by hand.
    passages : tuple of str
        Addresses of the findings on current practice that it is made from.
    against : tuple of str
        Addresses of findings that speak against the gap; a part has those of the whole row.
    name : str
        Of a part or of a gap made by hand, in the writer's words; empty otherwise.
    group : str
        Where it was split by group: the one it is about.
    origin : str
        How it came about, in words; empty for a row as computed.
    """

    gap_id: str
    like: str
    passages: tuple[str, ...]
    against: tuple[str, ...] = ()
    name: str = ""
    group: str = ""
    origin: str = ""


@dataclass
class Told:
    """What became of one decision."""

    row: str = ""
    """Identifier of the row that it applies to now."""
    state: str = ""
    flag: str = ""
    was: str | None = ""
    """The computed cell, or the passages of the row, before. None: a cell of a table that is not
    made yet."""


@dataclass
class Arrangement:
    """Rows in the order of the computed ones, parts and rows by hand after them."""

    rows: dict[str, Row]
    told: dict[int, Told] = field(default_factory=dict)
    """By the number of the decision."""
    gone: dict[str, str] = field(default_factory=dict)
    """Rows that are no more -> what became of them."""

    @property
    def changed(self) -> bool:
        """Whether any row is another than the computed one."""
        return bool(self.gone) or any(row.origin for row in self.rows.values())


def part_id(gap_id: str, name: str) -> str:
    """Identifier of a part; it stays as long as the row's identifier and the part's name do."""
    return "G-" + hashlib.sha256(f"{gap_id}|{name}".encode()).hexdigest()[:8]


Numbered = Sequence[tuple[int, Decision, str]]
"""Number of a decision, the decision, and the row that it is about now."""


def arrange(
    computed: Mapping[str, Row],
    decisions: Numbered,
    trait: Callable[[str, str], str],
) -> Arrangement:
    """Apply merges and splits.

    Parameters
    ----------
    computed : mapping of str to Row
        By identifier; those that the writer added as well.
    decisions : sequence of (int, Decision, str)
        Those in force; other kinds are passed over.
    trait : callable
        Given one of :data:`WAYS` and an address: what the passage is split by.
    """
    rows = dict(computed)
    result = Arrangement(rows)
    merges = {i: (d, row) for i, d, row in decisions if d.decision == "merge"}
    splits = {i: (d, row) for i, d, row in decisions if d.decision == "split"}
    for i in merges.keys() | splits.keys():
        result.told[i] = Told()
    for i in _circles(merges):
        result.told[i].state, result.told[i].flag = "conflict", "rows merged into each other"
        del merges[i]
    targets = {d.into for d, _ in merges.values()}
    _split(
        result,
        {
            i: (d, row)
            for i, (d, row) in splits.items()
            if row in rows and _ready(d, rows[row], row in targets)
        },
        trait,
    )
    _merge(result, merges)
    _split(result, {i: v for i, v in splits.items() if not result.told[i].state}, trait, final=True)
    _merge(result, {i: v for i, v in merges.items() if not result.told[i].state}, final=True)
    return result


def _ready(d: Decision, row: Row, grows: bool) -> bool:
    """Whether a split can be made before merges."""
    if d.parts in WAYS:
        return not grows
    return set(addresses(d.parts)) <= set(row.passages)


def _circles(merges: Mapping[int, tuple[Decision, str]]) -> list[int]:
    into = {row: d.into for d, row in merges.values()}
    found = []
    for i, (_, row) in merges.items():
        seen, at = {row}, into[row]
        while at in into and at not in seen:
            seen.add(at)
            at = into[at]
        if at == row:
            found.append(i)
    return found


def _merge(
    result: Arrangement, merges: Mapping[int, tuple[Decision, str]], final: bool = False
) -> None:
    rows = result.rows
    into = {row: d.into for d, row in merges.values()}
    for i, (_, row) in sorted(merges.items()):
        told = result.told[i]
        end = into[row]
        while end in into and end in rows:  # merged into a row that is merged itself
            end = into[end]
        if row not in rows or end not in rows:
            if final:
                told.state = "no such row now"
                lost = row if row not in rows else end
                told.flag = f"{lost} is not there" + (
                    f": {result.gone[lost]}" if lost in result.gone else ""
                )
            continue
        told.row, told.state = end, "applied"
    for i, (_, row) in sorted(merges.items(), key=lambda item: item[1][1]):
        told = result.told[i]
        if told.state != "applied" or row not in rows:
            continue
        kept, lost_row = rows[told.row], rows.pop(row)
        told.was = "; ".join(lost_row.passages)
        origin = f"{kept.origin}, {row}" if kept.origin.startswith("merged") else f"merged: {row}"
        if kept.origin and not kept.origin.startswith("merged"):
            origin = f"{kept.origin}; {origin}"
        rows[told.row] = replace(
            kept,
            passages=tuple(dict.fromkeys((*kept.passages, *lost_row.passages))),
            against=tuple(dict.fromkeys((*kept.against, *lost_row.against))),
            origin=origin,
        )
        result.gone[row] = f"merged into {told.row}"


def _split(
    result: Arrangement,
    splits: Mapping[int, tuple[Decision, str]],
    trait: Callable[[str, str], str],
    final: bool = False,
) -> None:
    by_row: dict[str, list[tuple[int, Decision]]] = defaultdict(list)
    for i, (d, row) in sorted(splits.items()):
        if row in result.rows:
            by_row[row].append((i, d))
        elif final:
            told = result.told[i]
            told.state = "no such row now"
            told.flag = result.gone.get(row, "")
    for row, lines in by_row.items():
        ways = [(i, d) for i, d in lines if d.parts in WAYS]
        named = [(i, d) for i, d in lines if d.parts not in WAYS]
        if ways and (named or len({d.parts for _, d in ways}) > 1):
            for i, _ in lines:
                result.told[i] = Told(row, "conflict", "the row is split in two ways")
            continue
        for i, d in ways:
            result.told[i] = Told(row, "applied", was="; ".join(result.rows[row].passages))
            _split_by(result, row, d.parts, trait)
        _split_named(result, row, named)


def _split_named(result: Arrangement, row: str, named: Iterable[tuple[int, Decision]]) -> None:
    whole = result.rows[row]
    named = list(named)
    wanted = Counter(a for _, d in named for a in addresses(d.parts))
    rest = list(whole.passages)
    for i, d in named:
        told = result.told[i] = Told(row, "applied")
        listed = addresses(d.parts)
        twice = [a for a in listed if wanted[a] > 1]
        here = [a for a in listed if a in whole.passages]
        if twice:
            told.state, told.flag = "conflict", f"in two parts: {', '.join(twice)}"
        elif not here:
            told.state, told.flag = "no such passage now", f"not in the row: {', '.join(listed)}"
        else:
            if len(here) < len(listed):
                lost = [a for a in listed if a not in here]
                told.state, told.flag = "evidence changed", f"not in the row: {', '.join(lost)}"
            told.was = "; ".join(here)
            _add_part(result, whole, d.value, here)
            rest = [a for a in rest if a not in here]
    _keep_rest(result, whole, rest)


def _split_by(result: Arrangement, row: str, way: str, trait: Callable[[str, str], str]) -> None:
    whole = result.rows[row]
    parts: dict[str, list[str]] = defaultdict(list)
    for a in whole.passages:
        parts[trait(way, a)].append(a)
    first, *others = parts  # the leading passage keeps the row
    for name in others:
        _add_part(result, whole, name, parts[name], is_group=way == "by group")
    _keep_rest(result, whole, parts[first])


def _add_part(
    result: Arrangement, whole: Row, name: str, passages: Sequence[str], is_group: bool = False
) -> None:
    new = part_id(whole.gap_id, name)
    named = {"group": name} if is_group else {"name": name}
    origin = f"split from {whole.gap_id}"
    result.rows[new] = Row(new, whole.like, tuple(passages), whole.against, origin=origin, **named)


def _keep_rest(result: Arrangement, whole: Row, rest: Sequence[str]) -> None:
    if not rest:
        del result.rows[whole.gap_id]
        result.gone[whole.gap_id] = "split up"
    elif len(rest) < len(whole.passages):
        origin = "; ".join(filter(None, (whole.origin, "split: what is left")))
        result.rows[whole.gap_id] = replace(whole, passages=tuple(rest), origin=origin)
