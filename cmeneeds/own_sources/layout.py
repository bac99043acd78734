"""Reading order of a page: columns, lines and tables, told from the places of its words.

A page is cut from the top into bands whose lines share the same gutters; inside a band the columns
are read one after the other. Tables are told from their rules, or, without rules, from columns of
short texts. Coordinates are points from the upper left corner of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

SHORT = 3.0
"""Words a line. Columns of a table have no more, except one of them; columns of text do."""
MOST_LINES = 15
"""Of one row of a table; what is taller between two rules is running text."""
MAX_DEPTH = 6
"""Columns inside columns."""


class Word(NamedTuple):
    """A word, or a piece of one where the size of its letters changes."""

    text: str
    x0: float
    x1: float
    y0: float
    y1: float
    size: float
    bold: bool
    glued: bool = False
    """Whether nothing stands between it and the word before."""
    raised: bool = False
    """Whether its letters are drawn raised although they are of full size."""


class Rule(NamedTuple):
    """A drawn line, horizontal or vertical."""

    x0: float
    y0: float
    x1: float
    y1: float


class TableCell(NamedTuple):
    """A cell with its lines; spans are counted in grid places."""

    row: int
    column: int
    wide: int
    lines: list[list[Word]]


class Table(NamedTuple):
    """A table on a page."""

    x0: float
    y0: float
    x1: float
    y1: float
    cells: list[TableCell]


@dataclass
class Page:
    """Words and rules of a page; ``number`` is one-based."""

    number: int
    width: float
    height: float
    words: list[Word]
    rules: list[Rule]


@dataclass
class Region:
    """Lines of one column in reading order, or a table."""

    lines: list[list[Word]]
    table: Table | None = None

    @property
    def x1(self) -> float:
        """Right edge of its text."""
        return max((line[-1].x1 for line in self.lines), default=0.0)

    @property
    def x0(self) -> float:
        """Left edge of its text."""
        return min((line[0].x0 for line in self.lines), default=0.0)


class _Item(NamedTuple):
    x0: float
    x1: float
    y0: float
    y1: float
    word: Word | None
    table: Table | None


def regions_of(page: Page) -> list[Region]:
    """Cut a page into regions, in reading order."""
    words = page.words
    items: list[_Item] = []
    ruled = list(_ruled_tables(page))
    for table in (*ruled, *_lined_tables(page, ruled)):
        words = [w for w in words if not _inside(w, table)]
        items.append(_Item(table.x0, table.x1, table.y0, table.y1, None, table))
    for word in words:
        trim = (word.y1 - word.y0) / 4  # boxes are as high as the font; lines must not overlap
        items.append(_Item(word.x0, word.x1, word.y0 + trim, word.y1 - trim, word, None))
    return list(_ordered(items, 0))


def lines_of(words: Iterable[Word]) -> list[list[Word]]:
    """Group words into lines, from the top; each line from the left."""
    lines: list[list[Word]] = []
    spans: list[tuple[float, float]] = []
    for word in sorted(words, key=lambda w: ((w.y0 + w.y1) / 2, w.x0)):
        middle = (word.y0 + word.y1) / 2
        if spans:
            top, bottom = spans[-1]
            shared = min(bottom, word.y1) - max(top, word.y0)
            if shared > 0.5 * min(bottom - top, word.y1 - word.y0) and top <= middle <= bottom:
                lines[-1].append(word)
                continue
        lines.append([word])
        spans.append((word.y0, word.y1))
    for line in lines:
        line.sort(key=lambda w: w.x0)
    return lines


# --- columns ------------------------------------------------------------------------------------


def _ordered(items: Sequence[_Item], depth: int) -> Iterable[Region]:
    if not items:
        return
    left, right = min(i.x0 for i in items), max(i.x1 for i in items)
    rows = _rows(items)
    sizes = sorted(i.word.size for i in items if i.word)
    least = max(6.0, 0.9 * sizes[len(sizes) // 2]) if sizes else 6.0
    plain: list[_Item] = []
    start = 0
    while start < len(rows):
        end, gaps = _band(rows, start, left, right, least)
        band = rows[start:end]
        cuts = _gutters(band, gaps) if depth < MAX_DEPTH else []
        if not cuts:  # these rows do not begin columns; perhaps the next one does
            plain += rows[start]
            start += 1
            continue
        yield from _column(plain)
        plain = []
        yield from _cut(band, cuts, depth)
        start = end
    yield from _column(plain)


def _band(
    rows: list[list[_Item]], start: int, left: float, right: float, least: float
) -> tuple[int, list[tuple[float, float]]]:
    """How far rows go on that share a gap with the first, and the gaps that they share."""
    gaps = _gaps(rows[start], left, right, least)
    end = start + 1
    while gaps and end < len(rows):
        shared = _shared(gaps, _gaps(rows[end], left, right, least), least)
        if not shared:
            break
        gaps = shared
        end += 1
    return end, gaps


def _cut(band: list[list[_Item]], cuts: list[float], depth: int) -> Iterable[Region]:
    """Read a band column by column, or as a table if it is that."""
    items = [item for row in band for item in row]
    edges = [float("-inf"), *cuts, float("inf")]
    columns = [
        [i for i in items if lower <= (i.x0 + i.x1) / 2 < upper] for lower, upper in pairwise(edges)
    ]
    if (table := _unruled_table(columns, band)) is not None:
        yield Region([], table)
        return
    for column in columns:
        yield from _ordered(column, depth + 1)


def _column(items: Sequence[_Item]) -> Iterable[Region]:
    """Lines of one column, with its tables between them."""
    words: list[Word] = []
    tables = sorted((i.table for i in items if i.table), key=lambda t: t.y0)
    waiting = sorted((i.word for i in items if i.word), key=lambda w: w.y0)
    for table in tables:
        words = [w for w in waiting if w.y0 < table.y0]
        waiting = waiting[len(words) :]
        if words:
            yield Region(lines_of(words))
        yield Region([], table)
    if waiting:
        yield Region(lines_of(waiting))


def _rows(items: Sequence[_Item]) -> list[list[_Item]]:
    """Items whose heights touch, from the top."""
    rows: list[list[_Item]] = []
    end = float("-inf")
    for item in sorted(items, key=lambda i: i.y0):
        if rows and item.y0 < end:
            rows[-1].append(item)
        else:
            rows.append([item])
        end = max(end, item.y1)
    return rows


def _gaps(
    row: Sequence[_Item], left: float, right: float, least: float
) -> list[tuple[float, float]]:
    """Stretches of a row without text."""
    gaps, at = [], left
    for item in sorted(row, key=lambda i: i.x0):
        if item.x0 - at >= least:
            gaps.append((at, item.x0))
        at = max(at, item.x1)
    if right - at >= least:
        gaps.append((at, right))
    return gaps


def _shared(
    one: list[tuple[float, float]], two: list[tuple[float, float]], least: float
) -> list[tuple[float, float]]:
    cuts = [(max(a, c), min(b, d)) for a, b in one for c, d in two]
    return [(a, b) for a, b in cuts if b - a >= least]


def _gutters(band: list[list[_Item]], gaps: list[tuple[float, float]]) -> list[float]:
    """Middles of the gaps of a band that have running text on both sides."""
    cuts = []
    for a, b in gaps:
        sides = [0, 0, 0]
        letters = [0, 0]
        for row in band:
            before = [i for i in row if i.x1 <= a + 1]
            after = [i for i in row if i.x0 >= b - 1]
            sides[0] += bool(before)
            sides[1] += bool(after)
            sides[2] += bool(before and after)
            letters[0] += sum(len(i.word.text) if i.word else 40 for i in before)
            letters[1] += sum(len(i.word.text) if i.word else 40 for i in after)
        # Marks and numbers before list items are no column; nor is a date across from a name.
        if min(sides[:2]) >= 3 and sides[2] >= 2 and letters[0] > 4 * sides[0]:
            cuts.append((a + b) / 2)
    return sorted(cuts)


# --- tables -------------------------------------------------------------------------------------


def _inside(word: Word, table: Table) -> bool:
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return table.x0 - 1 <= x <= table.x1 + 1 and table.y0 - 1 <= y <= table.y1 + 1


def _unruled_table(columns: list[list[_Item]], band: list[list[_Item]]) -> Table | None:
    """Columns of short texts on shared lines are a table."""
    if any(i.table for column in columns for i in column):
        return None
    means = []
    for column in columns:
        lines = lines_of(i.word for i in column if i.word)
        means.append(sum(len(line) for line in lines) / max(1, len(lines)))
    if sum(1 for mean in means if mean <= SHORT) < len(columns) - 1:
        return None
    lines = lines_of(i.word for row in band for i in row if i.word)
    # A row begins where its name stands, or, of a long text, where the short cells beside it do.
    begins = {0} if means[0] <= 2 * SHORT else {k for k, m in enumerate(means) if m <= SHORT}
    edges = [min(i.x0 for i in column) for column in columns]
    cells: dict[tuple[int, int], list[Word]] = {}
    row = -1
    for line in lines:
        placed = [
            (max((k for k, x in enumerate(edges) if x <= w.x0 + 1), default=0), w) for w in line
        ]
        if row < 0 or any(place in begins for place, _ in placed):
            row += 1
        for place, word in placed:
            cells.setdefault((row, place), []).append(word)
    items = [i for column in columns for i in column]
    made = [TableCell(r, c, 1, lines_of(words)) for (r, c), words in sorted(cells.items())]
    return Table(
        min(i.x0 for i in items), min(i.y0 for i in items), max(i.x1 for i in items),
        max(i.y1 for i in items), made,
    )  # fmt: skip


def _ruled_tables(page: Page) -> Iterable[Table]:
    """Tables whose rules cross: each grid of rules with at least two cells of text."""
    near = 3.0
    groups: list[list[Rule]] = []
    for rule in page.rules:
        touching = [
            group
            for group in groups
            if any(
                rule.x0 <= r.x1 + near
                and r.x0 <= rule.x1 + near
                and rule.y0 <= r.y1 + near
                and r.y0 <= rule.y1 + near
                for r in group
            )
        ]
        merged = [rule, *(r for group in touching for r in group)]
        groups = [g for g in groups if not any(g is t for t in touching)] + [merged]
    for group in groups:
        rows = _merged(r.y0 for r in group if r.y0 == r.y1)
        columns = _merged(r.x0 for r in group if r.x0 == r.x1)
        if len(rows) < 2 or len(columns) < 2 or (len(rows) - 1) * (len(columns) - 1) < 2:
            continue
        if (len(rows) - 1) * (len(columns) - 1) > 20_000:
            continue
        table = _grid(page.words, rows, columns, [r for r in group if r.x0 == r.x1])
        if len([c for c in table.cells if c.lines]) >= 2:
            yield table


def _lined_tables(page: Page, known: Sequence[Table]) -> Iterable[Table]:
    """Tables with a rule between their rows and none between their columns."""
    groups: dict[tuple[int, int], list[Rule]] = {}
    for rule in page.rules:
        if rule.y0 == rule.y1 and rule.x1 - rule.x0 > 0.25 * page.width:
            groups.setdefault((round(rule.x0 / 4), round(rule.x1 / 4)), []).append(rule)
    for group in groups.values():
        edges = _merged(r.y0 for r in group)
        left, right = group[0].x0, group[0].x1
        whole = Table(left, edges[0], right, edges[-1], [])
        if len(edges) < 4 or any(t.y0 < whole.y1 and whole.y0 < t.y1 for t in known):
            continue
        inside = [w for w in page.words if _inside(w, whole)]
        rows = [[w for w in inside if a <= (w.y0 + w.y1) / 2 < b] for a, b in pairwise(edges)]
        shared: list[tuple[float, float]] | None = None
        for row in rows:
            items = [_Item(w.x0, w.x1, w.y0, w.y1, w, None) for w in row]
            gaps = [g for g in _gaps(items, left, right, 4.0) if left < g[0] and g[1] < right]
            if gaps:  # a row without is the name of a group
                shared = gaps if shared is None else _shared(shared, gaps, 4.0)
        tall = max((len(lines_of(row)) for row in rows), default=0)
        if not shared or tall > MOST_LINES or sum(1 for row in rows if row) < 3:
            continue
        starts = [left, *((a + b) / 2 for a, b in shared)]
        cells: dict[tuple[int, int], list[Word]] = {}
        for number, row in enumerate(rows):
            for word in row:
                place = max(k for k, x in enumerate(starts) if k == 0 or x <= word.x0)
                cells.setdefault((number, place), []).append(word)
        made = [TableCell(r, c, 1, lines_of(words)) for (r, c), words in sorted(cells.items())]
        yield whole._replace(cells=made)


def _merged(values: Iterable[float]) -> list[float]:
    out: list[float] = []
    for value in sorted(values):
        if not out or value - out[-1] > 3:
            out.append(value)
    return out


def _grid(
    words: Sequence[Word], rows: list[float], columns: list[float], uprights: list[Rule]
) -> Table:
    places: dict[tuple[int, int], list[Word]] = {}
    starts: dict[int, list[int]] = {}
    for number, (top, bottom) in enumerate(pairwise(rows)):
        middle = (top + bottom) / 2
        # A cell begins where an upright rule stands beside it; else it goes on to the right.
        starts[number] = [
            k
            for k, x in enumerate(columns[:-1])
            if k == 0 or any(abs(r.x0 - x) <= 3 and r.y0 <= middle <= r.y1 for r in uprights)
        ]
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        if not (columns[0] - 1 <= x <= columns[-1] + 1 and rows[0] - 1 <= y <= rows[-1] + 1):
            continue
        row = max((k for k, top in enumerate(rows[:-1]) if top <= y), default=0)
        column = max((k for k in starts[row] if columns[k] <= x), default=0)
        places.setdefault((row, column), []).append(word)
    cells = []
    for (row, column), inside in sorted(places.items()):
        later = [k for k in starts[row] if k > column]
        wide = (later[0] if later else len(columns) - 1) - column
        cells.append(TableCell(row, column, wide, lines_of(inside)))
    return Table(columns[0], rows[0], columns[-1], rows[-1], cells)
