"""The PubMed query language: text in, syntax tree out. No database is touched here.

Rules are those of the PubMed User Guide (https://pubmed.ncbi.nlm.nih.gov/help/):

* ``AND``, ``OR``, ``NOT`` are operators in upper case only; they bind equally and are worked off
  from left to right; items that stand side by side are ANDed; parentheses group.
* Lower-case ``and``, ``or``, ``not`` are words. Among untagged words they are dropped like the
  other PubMed stop words; in a tagged phrase (``wit and humor[mh]``) they belong to it.
* ``heart failure[tiab]`` is the phrase, as in PubMed's phrase index; untagged words are each
  searched in all fields. Automatic term mapping is not done.
* ``*`` ends a word or, in a phrase, its last word; at least four characters come before it.
* A query of nothing but numbers of 5 to 8 digits is a list of PMIDs.

What PubMed has and a library does not is refused by name, never widened or ignored. The parser is
iterative and looks at each character a bounded number of times, so hostile input costs no more
than its length.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from cmeneeds.errors import QuerySyntaxError, QueryTooLarge, QueryUnsupported
from cmeneeds.library.tags import DATE_FIELDS, FIELDS, NO_TRUNCATION, STOP_WORDS, resolve_tag

MAX_LENGTH = 100_000
"""Characters in a query."""

MAX_DEPTH = 100
"""Parentheses inside parentheses."""

MAX_TERMS = 10_000
"""Search terms in a query."""

OPEN_END = 30001231
"""Last day of a range that ends in ``3000``, PubMed's way to say "and later"."""

Operator: TypeAlias = Literal["AND", "OR", "NOT"]
Unit: TypeAlias = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase or a controlled name, to be looked for in one field."""

    field: str
    """Key of :data:`FIELDS`, such as ``tiab``."""
    text: str
    """As written, spaces collapsed, without quotes and without the asterisk."""
    quoted: bool
    """Whether it stood in double quotes."""
    truncated: bool
    """Whether it ended in an asterisk."""
    tagged: bool
    """Whether the writer named the field."""
    position: int
    """Zero-based offset in the query."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from ``first`` to ``last``, both included, as ``yyyymmdd``."""

    field: str
    """``dp``, ``ppdat``, ``epdat``, ``edat`` or ``lr``."""
    first: int
    """First day."""
    last: int
    """Last day; :data:`OPEN_END` for no end."""
    position: int
    """Zero-based offset in the query."""


@dataclass(frozen=True, slots=True)
class RelativeDate:
    """``"last 5 years"``: from so long ago on, with no end."""

    field: str
    """As in :class:`DateRange`."""
    amount: int
    """How many units."""
    unit: Unit
    """Of what."""
    position: int
    """Zero-based offset in the query."""


@dataclass(frozen=True, slots=True)
class PmidRange:
    """PMIDs from ``first`` to ``last``, both included; one PMID is a range of one."""

    first: int
    """Smallest PMID."""
    last: int
    """Largest PMID."""
    position: int
    """Zero-based offset in the query."""


@dataclass(frozen=True, slots=True)
class Group:
    """What stands in one pair of parentheses: a chain, to be worked off from left to right.

    A flat chain and not a binary tree: 2,000 terms in a row are then one level deep, and only
    parentheses, which are limited, make depth.
    """

    first: Node
    """Where the chain starts."""
    rest: tuple[tuple[Operator, Node], ...]
    """Operators and what they apply to the result so far."""


Node: TypeAlias = Term | DateRange | RelativeDate | PmidRange | Group


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read."""

    root: Node
    """The syntax tree."""
    ignored: tuple[str, ...] = ()
    """Untagged words that PubMed ignores too: stop words and lone punctuation."""
    terms: int = 0
    """How many search terms it has."""


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<open>\() | (?P<close>\))
    | "(?P<phrase>[^"]*)"
    | \[(?P<tag>[^][()"]*)\]
    | (?P<word>[^\s()\["\]]+)
    | (?P<bad>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = ("AND", "OR", "NOT")
_DATE = re.compile(r"([0-9]{4})(?:/([0-9]{1,2})(?:/([0-9]{1,2}))?)?")
_RELATIVE = re.compile(r"last\s+([0-9]{1,4})\s+(day|month|year)s?", re.IGNORECASE)
_RANGE_START = re.compile(r"[0-9][0-9/]*\s*:")
_PMID = re.compile(r"[0-9]{1,10}")
_BARE_PMID = re.compile(r"[0-9]{5,8}")
_SURROGATE = re.compile("[\ud800-\udfff]")
# One character for one character, so that positions stay true. Control characters end words.
_CLEAN = dict.fromkeys((*range(32), *range(127, 160)), " ")
_CLEAN |= dict.fromkeys(map(ord, "“”„‟″＂"), '"')


def searchable(text: str) -> bool:
    """Return whether the full-text index can hold any part of ``text``.

    SQLite's tokenizer knows letters and digits of Unicode 6.1. Python's table of Unicode 3.2 is
    the largest one at hand that is certainly inside it; an index lookup of anything else could
    become an empty phrase, which FTS5 takes for "no condition".
    """
    if text.isascii():
        return any(c.isalnum() for c in text)
    category = unicodedata.ucd_3_2_0.category
    return any(category(c)[0] in "LN" for c in text)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokenize(text: str) -> list[_Token]:
    clean = _SURROGATE.sub(" ", text.translate(_CLEAN))
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(clean):
        kind = match.lastgroup or "bad"
        if kind == "space":
            continue
        found, at = match[kind], match.start()
        if kind == "word" and found in _OPERATORS:
            kind = "operator"
        elif kind == "bad":
            closer = {'"': "closing quotation mark", "[": "closing bracket"}.get(found)
            if closer:
                raise QuerySyntaxError(
                    f"no {closer} for the {found}", "Close it or leave it out.", at
                )
            raise QuerySyntaxError("closing bracket without an opening one", "Remove it.", at)
        tokens.append(_Token(kind, found, at))
    return tokens


def _span(text: str, position: int) -> tuple[int, int]:
    """First and last day that ``yyyy``, ``yyyy/mm`` or ``yyyy/mm/dd`` can mean."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise QuerySyntaxError(
            f"{text.strip()[:40]!r} is not a date", "Write yyyy, yyyy/mm or yyyy/mm/dd.", position
        )
    year, month, day = (int(part) if part else 0 for part in match.groups())
    if year == 3000:
        return 30000101, OPEN_END
    if year == 0 or (match[2] and not 1 <= month <= 12):
        raise QuerySyntaxError(f"there is no date {match[0]}", "Check year and month.", position)
    if not match[2]:
        return year * 10000 + 101, year * 10000 + 1231
    length = calendar.monthrange(year, month)[1]
    if match[3] and not 1 <= day <= length:
        raise QuerySyntaxError(f"there is no date {match[0]}", "Check the day.", position)
    start = year * 10000 + month * 100
    return start + (day or 1), start + (day or length)


def _dates(field: str, text: str, position: int) -> DateRange | RelativeDate:
    if relative := _RELATIVE.fullmatch(text.strip()):
        amount = int(relative[1])
        if amount == 0:
            raise QuerySyntaxError("a relative date of nothing", "Write 1 or more.", position)
        unit: Unit = relative[2].lower()  # type: ignore[assignment]  # the pattern allows no other
        return RelativeDate(field, amount, unit, position)
    first, colon, last = text.partition(":")
    start, end = _span(first, position)
    if colon:
        end = _span(last, position)[1]
        if end < start:
            raise QuerySyntaxError(
                f"the range {text[:40]} ends before it starts", "Swap its ends.", position
            )
    return DateRange(field, start, end, position)


def _pmids(text: str, position: int) -> PmidRange:
    first, colon, last = (part.strip() for part in text.partition(":"))
    if not _PMID.fullmatch(first) or (colon and not _PMID.fullmatch(last)):
        raise QuerySyntaxError(
            f"{text[:40]!r} is not a PMID", "A PMID is a number; join several by OR.", position
        )
    start, end = int(first), int(last or first)
    if end < start:
        raise QuerySyntaxError(
            f"the range {text[:40]} ends before it starts", "Swap its ends.", position
        )
    return PmidRange(start, end, position)


def _term(field: str, text: str, quoted: bool, tagged: bool, position: int) -> Term:
    """Check the asterisk, if any, and make a term."""
    text = " ".join(text.split())
    if "*" not in text:
        return Term(field, text, quoted, False, tagged, position)
    stem = text[:-1]
    if not text.endswith("*") or "*" in stem:
        raise QueryUnsupported(
            f"an asterisk that is not at the end of the term {text[:60]!r}",
            "PubMed truncates only the last word; split the term with AND.",
            position,
        )
    if sum(c.isalnum() for c in stem) < 4:
        raise QuerySyntaxError(
            f"fewer than four characters before the asterisk in {text[:60]!r}",
            "PubMed needs at least four; write more of the word.",
            position,
        )
    if field in NO_TRUNCATION:
        raise QueryUnsupported(
            f"truncation in [{FIELDS[field]}]", "Write the whole name.", position
        )
    return Term(field, stem, quoted, True, tagged, position)


@dataclass(slots=True)
class _Frame:
    """A chain under construction."""

    position: int
    first: Node | None = None
    rest: list[tuple[Operator, Node]] | None = None
    pending: Operator | None = None
    pending_at: int = 0

    def add(self, node: Node) -> None:
        if self.first is None:
            self.first = node
            return
        if self.rest is None:
            self.rest = []
        self.rest.append((self.pending or "AND", node))
        self.pending = None

    def operator(self, name: Operator, position: int) -> None:
        if self.first is None:
            todo = "Write first what it is to be combined with."
            raise QuerySyntaxError(f"nothing before {name}", todo, position)
        if self.pending == "AND" and name == "NOT":
            pass  # "AND NOT" says what NOT alone says
        elif self.pending:
            raise QuerySyntaxError(f"{self.pending} is followed by {name}", "Keep one.", position)
        self.pending, self.pending_at = name, position

    def close(self, position: int) -> Node:
        if self.first is None:
            raise QuerySyntaxError("nothing between parentheses", "Remove them.", position)
        if self.pending:
            raise QuerySyntaxError(
                f"nothing after {self.pending}", "Write what follows it.", self.pending_at
            )
        return Group(self.first, tuple(self.rest)) if self.rest else self.first


class _Parser:
    """Reads the tokens once, keeping open parentheses on a list of its own."""

    def __init__(self, tokens: list[_Token], length: int) -> None:
        self.tokens = tokens
        self.length = length
        self.at = 0
        self.terms = 0
        self.ignored: list[str] = []
        self.frame = _Frame(0)

    def kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def parse(self) -> Node:
        stack: list[_Frame] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind in ("word", "phrase"):
                self.atom()
                continue
            self.at += 1
            if token.kind == "operator":
                self.frame.operator(token.text, token.position)  # type: ignore[arg-type]
            elif token.kind == "open":
                if len(stack) == MAX_DEPTH:
                    raise QueryTooLarge(
                        f"parentheses nest more than {MAX_DEPTH} deep",
                        "Remove those that change nothing.",
                        token.position,
                    )
                stack.append(self.frame)
                self.frame = _Frame(token.position)
            elif token.kind == "close":
                if not stack:
                    todo = "Remove it or open one before."
                    raise QuerySyntaxError(
                        "closing parenthesis without an opening one", todo, token.position
                    )
                node = self.frame.close(token.position)
                self.frame = stack.pop()
                self.frame.add(node)
                if self.kind() == "tag":
                    raise QueryUnsupported(
                        f"the field tag [{self.tokens[self.at].text[:40]}] after parentheses",
                        "PubMed tags terms, not groups: write the tag after each term.",
                        self.tokens[self.at].position,
                    )
            else:
                raise QuerySyntaxError(
                    f"nothing before the field tag [{token.text[:40]}]",
                    "Write the term before its tag.",
                    token.position,
                )
        if stack:
            todo = "Add the closing one."
            raise QuerySyntaxError("parenthesis is never closed", todo, self.frame.position)
        return self.frame.close(self.length)

    def add(self, node: Node, position: int) -> None:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QueryTooLarge(f"more than {MAX_TERMS} terms", "Split the query.", position)
        self.frame.add(node)

    def words(self) -> list[_Token]:
        start = self.at
        while self.kind() == "word":
            self.at += 1
        return self.tokens[start : self.at]

    def tag(self) -> str | None:
        """Read a field tag if one is next."""
        if self.kind() != "tag":
            return None
        token = self.tokens[self.at]
        self.at += 1
        return resolve_tag(token.text, token.position)

    def atom(self) -> None:
        """Read a phrase or a run of words, its tag, and the second end of a range."""
        start = self.tokens[self.at]
        quoted = start.kind == "phrase"
        if quoted:
            self.at += 1
            run, text = [start], start.text
        else:
            run = self.words()
            text = " ".join(t.text for t in run)
            if self.kind() == "phrase" and _RANGE_START.fullmatch(text):
                # 2019/01/01:"2020"[dp]: the colon belongs to a range whose end is quoted.
                text += self.tokens[self.at].text
                self.at += 1
        field = self.tag()
        after = self.tokens[self.at] if self.at < len(self.tokens) else None
        if after and after.kind == "word" and after.text[0] == ":" and text[:1].isdigit():
            text, field = self.second_end(text, field)
        if field is None and not quoted:
            self.untagged(run)
        else:
            self.add(self.make(field, text, quoted, start.position), start.position)

    def second_end(self, text: str, field: str | None) -> tuple[str, str | None]:
        """Read ``: "2021/12/31"[dp]`` after the first end of a range."""
        colon = self.tokens[self.at]
        parts = [w.text for w in self.words()]
        if len(parts) == 1 and parts[0] == ":" and self.kind() == "phrase":
            parts.append(self.tokens[self.at].text)
            self.at += 1
        other = self.tag()
        if other is None or (field is not None and field != other):
            raise QuerySyntaxError(
                "the two ends of a range need one and the same field tag",
                'Write it as 2019/01/01:2021/12/31[dp] or "2019"[dp] : "2021"[dp].',
                colon.position,
            )
        return text + " ".join(parts), other

    def make(self, field: str | None, text: str, quoted: bool, position: int) -> Node:
        if not text.strip():
            raise QuerySyntaxError("empty quotation marks", "Write a term in them.", position)
        if field in DATE_FIELDS:
            return _dates(field, text, position)
        if field == "pmid":
            return _pmids(text, position)
        return _term(field or "all", text, quoted, field is not None, position)

    def untagged(self, run: list[_Token]) -> None:
        """Add each word by itself, as an implicit AND."""
        telling = [t for t in run if t.text.lower() not in STOP_WORDS and searchable(t.text)]
        for token in telling or run:
            text = token.text
            if re.fullmatch(r"#[0-9]+", text):
                raise QueryUnsupported(
                    f"the search history ({text})", "Write the earlier query out.", token.position
                )
            if text.lower() == "hasabstract":
                node: Node = Term("sb", text, False, False, False, token.position)
            else:
                node = _term("all", text, False, False, token.position)
            self.add(node, token.position)
        if telling:
            kept = {t.position for t in telling}
            self.ignored += [t.text for t in run if t.position not in kept]


def parse(text: str) -> Query:
    """Read a PubMed query.

    Parameters
    ----------
    text : str
        The query as one would type it into PubMed.

    Returns
    -------
    Query
        Its syntax tree; tree depth is bounded by :data:`MAX_DEPTH`.

    Raises
    ------
    QuerySyntaxError
        If it is malformed or empty, holds an impossible date or an unknown field tag.
    QueryUnsupported
        If it asks for something that PubMed has and a library has not.
    QueryTooLarge
        If it exceeds :data:`MAX_LENGTH`, :data:`MAX_DEPTH` or :data:`MAX_TERMS`.

    Examples
    --------
    >>> parse("heart failure[tiab]").root
    Term(field='tiab', text='heart failure', quoted=False, truncated=False, tagged=True, position=0)
    >>> len(parse("a AND b OR c").root.rest)
    2
    """
    if len(text) > MAX_LENGTH:
        raise QueryTooLarge(
            f"{len(text)} characters, more than {MAX_LENGTH}", "Split the query.", MAX_LENGTH
        )
    tokens = _tokenize(text)
    if not tokens:
        raise QuerySyntaxError("it is empty", "Write what to search for.", 0)
    if all(t.kind == "word" and _BARE_PMID.fullmatch(t.text.strip(",;")) for t in tokens):
        if len(tokens) > MAX_TERMS:
            raise QueryTooLarge(
                f"more than {MAX_TERMS} terms", "Split the query.", tokens[MAX_TERMS].position
            )
        first, *rest = (_pmids(t.text.strip(",;"), t.position) for t in tokens)
        chain: tuple[tuple[Operator, Node], ...] = tuple(("OR", node) for node in rest)
        return Query(Group(first, chain) if chain else first, (), len(tokens))
    parser = _Parser(tokens, len(text))
    root = parser.parse()
    return Query(root, tuple(dict.fromkeys(parser.ignored)), parser.terms)
