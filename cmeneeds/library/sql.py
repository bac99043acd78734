"""Syntax tree of a PubMed query -> one SQL statement over a library.

Whatever the full-text index can answer is fused into as few FTS5 expressions as possible; dates
and PMIDs are conditions on ``articles``. An intermediate result has the form

    (match AND conditions) OR rest

with ``match`` and ``rest`` FTS5 expressions. It stays in that form while terms are added, so a
usual query becomes one MATCH and one date condition. Where it cannot, or where the expression
would grow too deep for FTS5's parser, the result so far becomes a common table expression.

Nothing from the query enters SQL text: it is all in parameters. Inside FTS5 expressions every
string is in double quotes, with double quotes doubled.
"""

from __future__ import annotations

import calendar
import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from cmeneeds.errors import QueryUnsupported
from cmeneeds.library import query as q
from cmeneeds.library import schema
from cmeneeds.library.tags import FIELDS, LANGUAGES, SUBHEADINGS

MAX_MATCH_DEPTH = 16
"""Levels of one FTS5 expression. Its parser's stack overflows from 25 on (SQLite 3.40)."""

MAX_TABLES = 100
"""Intermediate results nested in one statement; SQLite's limit is reached below 300."""

MAX_EXPLICIT = 40
"""Changes of operator in one chain up to which the translation adds parentheses."""

_TEXT_COLUMNS = {
    "ti": "title",
    "ab": "abstract",
    "tiab": "title abstract keywords",
    "tw": "title abstract keywords mesh other",
    "all": " ".join(name for name in schema.FIELDS if name != "codes"),
    "ad": "affiliations",
    "ot": "keywords",
}
_DATE_COLUMNS = {
    "dp": ("printed", "electronic"),
    "ppdat": ("printed",),
    "epdat": ("electronic",),
    "edat": ("entered",),
    "lr": ("revised",),
}
_STATUSES = {
    "medline": "medline",
    "inprocess": "inprocess",
    "indatareview": "indatareview",
    "indataprocess": "indataprocess",
    "publisher": "publisher",
    "pubmednotmedline": "pubmednotmedline",
    "hasabstract": "hasabstract",
    "fha": "hasabstract",
}
_UI = {
    "mh": re.compile(r"d[0-9]{6,9}"),
    "sh": re.compile(r"q[0-9]{6,9}"),
    "pt": re.compile(r"d[0-9]{6,9}"),
    "nm": re.compile(r"[cd][0-9]{6,9}"),
}


@dataclass(frozen=True)
class Compiled:
    """A query, ready to run."""

    sql: str
    """A SELECT with one column ``pmid``, each PMID once, in no particular order."""
    params: tuple[str | int, ...]
    """Values of its placeholders, in order."""
    translation: str
    """The query as it is executed, fully tagged; reading it again gives the same records."""
    notes: tuple[str, ...]
    """What differs from PubMed, or could not be looked up. Plain text, from the user's words."""

    @property
    def count_sql(self) -> str:
        """The statement, with the same parameters, that counts the records."""
        return f"SELECT count(*) FROM ({self.sql})"  # noqa: S608

    def count(self, connection: sqlite3.Connection) -> int:
        """Count the matching records, exactly."""
        (number,) = connection.execute(self.count_sql, self.params).fetchone()
        return int(number)


# --- FTS5 expressions ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Match:
    """``text`` for FTS5. As ``base NOT (minus ...)`` so that ANDs and NOTs in a row stay flat."""

    op: str
    """``""`` for a single phrase, ``AND`` or ``OR``."""
    parts: tuple[str, ...]
    minus: tuple[str, ...]
    depth: int

    @property
    def text(self) -> str:
        base = f" {self.op} ".join(self.parts)
        if not self.minus:
            return base
        return f"({base}) NOT ({' OR '.join(self.minus)})"

    @property
    def part(self) -> str:
        return self.text if not self.op and not self.minus else f"({self.text})"


_NOTHING = _Match("OR", (), (), 0)
"""Matches no record."""


def _or(items: Sequence[_Match]) -> _Match:
    items = [i for i in items if i.parts]
    if len(items) < 2:
        return items[0] if items else _NOTHING
    parts: list[str] = []
    depth = 0
    for item in items:
        flat = item.op == "OR" and not item.minus
        parts += item.parts if flat else (item.part,)
        depth = max(depth, item.depth if flat else item.depth + 1)
    return _Match("OR", tuple(parts), (), max(depth, 1))


def _and(items: Sequence[_Match]) -> _Match:
    if not all(i.parts for i in items):
        return _NOTHING
    if len(items) == 1:
        return items[0]
    parts: list[str] = []
    minus: list[str] = []
    depth = 1
    for item in items:
        flat = item.op != "OR"
        base = _Match(item.op, item.parts, (), item.depth)
        parts += item.parts if flat else (base.part,)
        minus += item.minus
        depth = max(depth, item.depth if flat else item.depth + 1)
    return _Match("AND", tuple(parts), tuple(minus), depth + (1 if minus else 0))


def _without(base: _Match, minus: Sequence[_Match]) -> _Match:
    minus = [m for m in minus if m.parts]
    if not minus or not base.parts:
        return base
    flat = _or(minus)
    parts = flat.parts if flat.op != "AND" and not flat.minus else (flat.part,)
    depth = max(base.depth, flat.depth + 1) + (0 if base.minus else 1)
    return _Match(base.op, base.parts, base.minus + parts, depth)


def _phrase(text: str, columns: str, truncated: bool = False) -> _Match:
    """One phrase in the given columns; names of columns are never the user's."""
    quoted = text.replace('"', '""')
    return _Match("", (f'{{{columns}}} : "{quoted}"{" *" if truncated else ""}',), (), 1)


def _code(code: str, truncated: bool = False) -> _Match:
    return _phrase(code, "codes", truncated)


# --- sets of records ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Condition:
    """SQL on ``articles AS a``; where that is quicker, also a statement listing what fulfils it."""

    sql: str
    params: tuple[str | int, ...]
    listing: str = ""


@dataclass(frozen=True, slots=True)
class _Set:
    """``(match AND conditions) OR rest``; a missing ``match`` is no restriction."""

    match: _Match | None
    conditions: tuple[_Condition, ...] = ()
    rest: _Match = _NOTHING

    @property
    def is_text(self) -> bool:
        return self.match is not None and not self.conditions and not self.rest.parts

    @property
    def is_condition(self) -> bool:
        return self.match is None and not self.rest.parts

    @property
    def depth(self) -> int:
        return max(self.match.depth if self.match else 0, self.rest.depth)


def _joined(conditions: Sequence[_Condition], word: str) -> _Condition:
    """Join conditions in a balanced way: SQLite limits the depth of an expression to 1,000."""
    level = list(conditions)
    while len(level) > 1:
        pairs = [
            _Condition(f"({a.sql} {word} {b.sql})", a.params + b.params)
            for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return level[0]


def _select(found: _Set) -> tuple[str, tuple[str | int, ...]]:
    """Return the statement that lists a set; all its text is ours, not the user's."""
    where = _joined(found.conditions, "AND") if found.conditions else _Condition("1", ())
    params = where.params
    if found.match is None and len(found.conditions) == 1 and found.conditions[0].listing:
        sql = found.conditions[0].listing
    elif found.match is None:
        sql = f"SELECT a.pmid AS pmid FROM articles AS a WHERE {where.sql}"  # noqa: S608
    elif not found.match.parts:
        sql, params = "SELECT a.pmid AS pmid FROM articles AS a WHERE 0", ()
    elif not found.conditions:
        sql = "SELECT rowid AS pmid FROM fulltext WHERE fulltext MATCH ?"
        params = (found.match.text,)
    else:
        # CROSS: the index first, then one look at each hit's dates.
        sql = (
            "SELECT a.pmid AS pmid FROM fulltext CROSS JOIN articles AS a "  # noqa: S608
            f"ON a.pmid = fulltext.rowid WHERE fulltext MATCH ? AND {where.sql}"
        )
        params = (found.match.text, *where.params)
    if found.rest.parts:
        sql += " UNION SELECT rowid FROM fulltext WHERE fulltext MATCH ?"
        params += (found.rest.text,)
    return sql, params


class _Compiler:
    def __init__(self, connection: sqlite3.Connection, today: date) -> None:
        self.db = connection
        self.today = today
        self.tables: list[tuple[str, tuple[str | int, ...]]] = []
        self.notes: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self.not_exploded: dict[str, None] = {}
        self.untagged = False

    # --- combining ---

    def table(self, found: _Set) -> _Condition:
        """Give a set a name, and return the condition of belonging to it."""
        sql, params = _select(found)
        if len(self.tables) >= MAX_TABLES:
            # Nested deeper, the statement would pass SQLite's limits: list the records now.
            rows = self.db.execute(*self.statement(sql, params))
            listed = json.dumps([row[0] for row in rows])
            return _Condition("a.pmid IN (SELECT value FROM json_each(?))", (listed,))
        self.tables.append((sql, params))
        sql = f"a.pmid IN (SELECT pmid FROM part{len(self.tables)})"  # noqa: S608
        return _Condition(sql, ())

    def statement(
        self, sql: str, params: tuple[str | int, ...]
    ) -> tuple[str, tuple[str | int, ...]]:
        """Put the named sets, where needed, before a statement."""
        if "FROM part" not in sql:
            return sql, params
        named = [f"part{i}(pmid) AS ({text})" for i, (text, _) in enumerate(self.tables, 1)]
        before = tuple(value for _, values in self.tables for value in values)
        return f"WITH {', '.join(named)} {sql}", before + params

    def condition(self, found: _Set) -> _Condition:
        """Turn any set into one condition."""
        if found.is_condition:
            return _joined(found.conditions, "AND")
        if found.is_text and found.match is not None:
            if not found.match.parts:
                return _Condition("0", ())
            sql = "a.pmid IN (SELECT rowid FROM fulltext WHERE fulltext MATCH ?)"
            return _Condition(sql, (found.match.text,))
        return self.table(found)

    def shallow(self, found: _Set) -> _Set:
        if found.depth < MAX_MATCH_DEPTH:
            return found
        return _Set(None, (self.table(found),))

    def combine(self, operator: q.Operator, base: _Set, others: Sequence[_Set]) -> _Set:
        """Apply one operator with several operands."""
        base = self.shallow(base)
        others = [self.shallow(o) for o in others]
        texts = [o.match for o in others if o.is_text and o.match is not None]
        if operator == "NOT":
            texts = [t for t in texts if t.parts]
        mixed = [o for o in others if not o.is_text]
        if operator == "OR":
            return self.either([base, *others])
        if mixed and base.rest.parts:
            base = _Set(None, (self.table(base),))
        match, conditions, rest = base.match, base.conditions, base.rest
        if operator == "AND":
            if texts:
                match = _and([match, *texts] if match else texts)
                rest = _and([rest, *texts])
            for other in mixed:
                if other.rest.parts:
                    conditions += (self.table(other),)
                    continue
                if other.match is not None:
                    match = _and([match, other.match]) if match else other.match
                conditions += other.conditions
            return _Set(match, conditions, rest)
        for other in mixed:
            condition = self.condition(other)
            conditions += (_Condition(f"NOT {condition.sql}", condition.params),)
        if texts:
            rest = _without(rest, texts)
            if match is not None:
                match = _without(match, texts)
            else:  # FTS5 cannot say "all but"
                sql = "a.pmid NOT IN (SELECT rowid FROM fulltext WHERE fulltext MATCH ?)"
                conditions += (_Condition(sql, (_or(texts).text,)),)
        return _Set(match, conditions, rest)

    def either(self, sets: Sequence[_Set]) -> _Set:
        texts = [s.match for s in sets if s.is_text and s.match is not None]
        mixed = [s for s in sets if not s.is_text]
        if not mixed:
            return _Set(_or(texts))
        if len(mixed) == 1:
            one = mixed[0]
            return _Set(one.match, one.conditions, _or([one.rest, *texts]))
        conditions = [self.condition(m) for m in mixed]
        return _Set(None, (_joined(conditions, "OR"),), _or(texts))

    # --- nodes ---

    def visit(self, node: q.Node) -> tuple[_Set, str, bool]:
        """Return the set, its translation and whether that needs parentheses in a chain."""
        if isinstance(node, q.Group):
            return self.group(node)
        if isinstance(node, q.Term):
            match, text = self.term(node)
            return _Set(match), text, False
        if isinstance(node, q.PmidRange):
            return self.pmids([node]), self.pmid_text(node), False
        if isinstance(node, q.RelativeDate):
            first, last = self.since(node), q.OPEN_END
        else:
            first, last = node.first, node.last
        columns = _DATE_COLUMNS[node.field]
        sql = " OR ".join(f"a.{c} BETWEEN ? AND ?" for c in columns)
        # Each part is answered from the column's index alone; 5 times quicker than the OR.
        listing = " UNION ".join(
            f"SELECT pmid FROM articles WHERE {c} BETWEEN ? AND ? AND {c} > 0"  # noqa: S608
            for c in columns
        )
        dates = _Condition(f"({sql})", (first, last) * len(columns), listing)
        text = f"{_day(first)}:{_day(last)}[{FIELDS[node.field]}]"
        return _Set(None, (dates,)), text, False

    def group(self, node: q.Group) -> tuple[_Set, str, bool]:
        found, text, compound = self.visit(node.first)
        if isinstance(node.first, q.PmidRange) and all(
            op == "OR" and isinstance(n, q.PmidRange) for op, n in node.rest
        ):
            numbers = [node.first, *(n for _, n in node.rest if isinstance(n, q.PmidRange))]
            return self.pmids(numbers), " OR ".join(map(self.pmid_text, numbers)), True
        runs = [(op, [n for _, n in items]) for op, items in groupby(node.rest, lambda r: r[0])]
        explicit = len(runs) <= MAX_EXPLICIT
        pieces = [f"({text})" if compound else text]
        opened = 0
        for index, (operator, nodes) in enumerate(runs):
            if index and explicit:
                pieces.append(")")
                opened += 1
            others = []
            for other in nodes:
                value, text, compound = self.visit(other)
                others.append(value)
                pieces.append(f" {operator} ({text})" if compound else f" {operator} {text}")
            found = self.combine(operator, found, others)
        return found, "(" * opened + "".join(pieces), True

    def pmid_text(self, node: q.PmidRange) -> str:
        one = node.first == node.last
        return f"{node.first}[PMID]" if one else f"{node.first}:{node.last}[PMID]"

    def pmids(self, nodes: Sequence[q.PmidRange]) -> _Set:
        single = [n.first for n in nodes if n.first == n.last]
        parts = [
            _Condition("a.pmid BETWEEN ? AND ?", (n.first, n.last))
            for n in nodes
            if n.first != n.last
        ]
        if single:
            sql = "a.pmid IN (SELECT value FROM json_each(?))"
            parts.append(_Condition(sql, (json.dumps(single),)))
        return _Set(None, (_joined(parts, "OR"),))

    def since(self, node: q.RelativeDate) -> int:
        """First day of "last N units"."""
        today = self.today
        if node.unit == "day":
            day = today - timedelta(min(node.amount, today.toordinal() - 1))
            return day.year * 10000 + day.month * 100 + day.day
        months = today.year * 12 + today.month - 1
        months = max(12, months - node.amount * (12 if node.unit == "year" else 1))
        year, month = months // 12, months % 12 + 1
        length = calendar.monthrange(year, month)[1]
        return year * 10000 + month * 100 + min(today.day, length)

    def note(self, text: str) -> None:
        self.notes[text] = None

    def term(self, term: q.Term) -> tuple[_Match, str]:
        """Return the index expression of a term and its translation."""
        label = FIELDS[term.field]
        star = "*" if term.truncated else ""
        shown = f'"{term.text}{star}"[{label}]'
        if not term.tagged and term.field == "all":
            self.untagged = True
        if not q.searchable(term.text):
            self.note(f'"{term.text}" has no letter or digit to search for; it matches nothing')
            return _NOTHING, shown
        field = term.field.removesuffix(":noexp")
        if field in ("mh", "majr", "sh", "pt", "nm"):
            return self.controlled(term, field)
        if field in _TEXT_COLUMNS:
            match = _phrase(term.text, _TEXT_COLUMNS[field], term.truncated)
            if field == "all":  # authors stand in the index as codes only
                name = schema.code_key(term.text)
                if name and " " not in term.text and not name.isdigit():
                    code = f"au{name}" if term.truncated else f"au{name}0"
                    match = _or([match, _code(code, True)])
            return match, shown
        if field == "au":
            return self.author(term)
        key = schema.code_key(term.text)
        if field == "la":
            code = LANGUAGES.get(key, key)
            if len(code) != 3 and key[:3] in LANGUAGES.values():
                code = key[:3]
            if code not in LANGUAGES.values():
                self.note(f'"{term.text}" is not a language that MEDLINE names')
            return _code(f"la{code}"), shown
        if field == "sb":
            return self.subset(term, key), shown
        match = _code(f"ta{key}", term.truncated)
        found = "SELECT 1 FROM fulltext WHERE fulltext MATCH ? LIMIT 1"
        if self.db.execute(found, (match.text,)).fetchone() is None:
            self.note(f'no record here is from the journal "{term.text}"')
        return match, shown

    def subset(self, term: q.Term, key: str) -> _Match:
        if code := _STATUSES.get(key):
            return _code(f"sb{code}")
        if key in LANGUAGES:
            return _code(f"la{LANGUAGES[key]}")
        raise QueryUnsupported(
            f"the filter {term.text[:40]!r}",
            "Offered are medline, in process, publisher, pubmednotmedline, hasabstract and names "
            "of languages.",
            term.position,
        )

    def author(self, term: q.Term) -> tuple[_Match, str]:
        """Last name, then up to three initials; unquoted initials also find longer ones."""
        last, comma, first = (part.strip() for part in term.text.partition(","))
        words = last.split()
        while len(words) > 2 and words[-1].lower().strip(".") in ("jr", "sr", "2nd", "3rd", "4th"):
            words.pop()  # suffixes are not part of the index
        if comma:
            initials = first
        elif len(words) > 1 and len(schema.code_key(words[-1])) <= 3:
            initials = words.pop()
        else:
            initials = ""
        name, initials = schema.code_key(" ".join(words)), schema.code_key(initials)
        if len(initials) > 3:
            raise QueryUnsupported(
                f"the full author name {term.text[:60]!r}",
                "Write last name and initials, such as smith ja[au].",
                term.position,
            )
        shown = f"{' '.join(words)} {initials}".strip()
        if term.truncated and not initials:
            return _code(f"au{name}", True), f"{shown}*[Author]"
        exact = term.quoted and initials and not term.truncated
        text = f'"{shown}"[Author]' if exact else f"{shown}[Author]"
        return _code(f"au{name}0{initials}", not exact), text

    # --- controlled names ---

    def lookup(self, kind: str, term: q.Term, name: str, truncated: bool) -> list[tuple[str, str]]:
        """Return (UI, name) of everything that a controlled name can mean here."""
        key = schema.term_key(name)
        if not truncated and _UI[kind].fullmatch(key):
            return [(key, name.upper())]
        if truncated:
            rows = self.db.execute(
                "SELECT ui, name FROM terms WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
                (kind, key, key + chr(0x10FFFF)),
            ).fetchall()
        else:
            if kind == "sh":
                key = SUBHEADINGS.get(key, key)
            find = "SELECT ui, name FROM terms WHERE kind = ? AND key = ?"
            rows = self.db.execute(find, (kind, key)).fetchall()
            if not rows and " and " in key:  # MeSH writes "prevention & control"
                rows = self.db.execute(find, (kind, key.replace(" and ", " & "))).fetchall()
        if not rows:
            self.unknown[f"{name} [{FIELDS[term.field]}]"] = None
        return [(str(ui).lower(), str(shown)) for ui, shown in rows]

    def explode(self, found: list[tuple[str, str]], wanted: bool) -> tuple[list[str], bool]:
        """Return the UIs with those below them in the tree, and whether all were exploded."""
        if not wanted:
            return [ui for ui, _ in found], False
        below: dict[str, None] = {}
        complete = True
        for ui, name in found:
            below[ui] = None
            rows = self.db.execute(
                "SELECT DISTINCT b.ui FROM mesh_tree AS a JOIN mesh_tree AS b ON b.number = "
                "a.number OR (b.number > a.number || '.' AND b.number < a.number || '/') "
                "WHERE a.ui = ?",
                (ui.upper(),),
            ).fetchall()
            if not rows:
                complete = False
                self.not_exploded[name] = None
            below |= dict.fromkeys(str(row[0]).lower() for row in rows)
        return list(below), complete

    def controlled(self, term: q.Term, field: str) -> tuple[_Match, str]:
        kind = {"majr": "mh"}.get(field, field)
        prefix = "mj" if field == "majr" else kind
        name, slash, subheading = term.text.partition("/")
        subheadings: list[tuple[str, str]] = []
        if slash and kind == "mh":
            if term.truncated:
                raise QueryUnsupported(
                    "truncation in a heading/subheading pair", "Write it out.", term.position
                )
            found = self.lookup("mh", term, name.strip(), False)
            subheadings = self.lookup("sh", term, subheading.strip(), False)
        else:
            found = self.lookup(kind, term, term.text, term.truncated)
        # Truncation turns explosion off, as in PubMed; substances have no tree.
        wanted = not (term.field.endswith(":noexp") or term.truncated or kind == "nm")
        uis, exploded = self.explode(found, wanted)
        label = FIELDS[field]
        if not exploded and found and kind != "nm" and not term.truncated:
            label += ":noexp"
        shown = term.text + ("*" if term.truncated else "")
        if len(found) == 1 and not term.truncated:
            shown = found[0][1]
            if subheadings:
                shown += f"/{subheadings[0][1]}"
        codes = [prefix + ui for ui in uis]
        if slash and kind == "mh":
            codes = [code + ui for code in codes for ui, _ in subheadings]
        return _or([_code(code) for code in codes]), f'"{shown}"[{label}]'


def _day(number: int) -> str:
    return f"{number // 10000:04}/{number // 100 % 100:02}/{number % 100:02}"


def compile_query(
    query: q.Query | q.Node, connection: sqlite3.Connection, today: date | None = None
) -> Compiled:
    """Turn a query into SQL.

    Parameters
    ----------
    query : Query or Node
        What :func:`cmeneeds.library.query.parse` returned, or a part of its tree.
    connection : sqlite3.Connection
        The library; controlled names are looked up in it. Nothing is written.
    today : date, optional
        What ``"last 5 years"`` counts back from; by default the date of this machine.

    Returns
    -------
    Compiled
        Statement, parameters, translation and notes.

    Raises
    ------
    QueryUnsupported
        For a filter, a full author name or a truncation that a library cannot answer.
    """
    if not isinstance(query, q.Query):
        query = q.Query(query)
    compiler = _Compiler(connection, today or date.today())
    found, translation, _ = compiler.visit(query.root)
    sql, params = compiler.statement(*_select(found))
    notes = list(compiler.notes)
    if compiler.unknown:
        notes.append(f"no record here has, so they match nothing: {'; '.join(compiler.unknown)}")
    if compiler.not_exploded:
        names = "; ".join(compiler.not_exploded)
        notes.append(f"not exploded, this library has no MeSH tree for it: {names}")
    if compiler.untagged:
        notes.append(
            "untagged words were searched in all fields as they stand; PubMed would also map them "
            "to MeSH terms"
        )
    if query.ignored:
        notes.append(f"ignored, as PubMed does: {' '.join(query.ignored)}")
        if {"and", "or", "not"} & {w.lower() for w in query.ignored}:
            notes.append("operators must be in upper case: AND, OR, NOT")
    return Compiled(sql, params, translation, tuple(notes))
