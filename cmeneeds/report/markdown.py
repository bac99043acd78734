"""The Markdown a report is written in: builders for cells, readers for the verifier.

A report is pandoc Markdown in the dialect :data:`READER`: no raw HTML, no TeX, no smart
punctuation. Text from outside becomes Markdown only through :func:`escape`. Every number in the
narrative stands in a span that says where it comes from:

======================================  =========================================================
``[62%]{.figure passage="1.3.0-90"}``   a passage says it (:func:`figure`)
``[18]{.count key="records.unique"}``   the tool computed it (:func:`count`)
``[5]{.given key="brief.years"}``       the writer gave it (:func:`given`)
``[March 4, 2026]{.date}``              a date (:func:`date`)
``[type 2 diabetes]{.term}``            a name that has a digit in it (:func:`term`)
======================================  =========================================================

What is left over is found by :func:`loose_numbers`. The readers go through pandoc itself, so what
is verified is what a reader of the document sees.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import pypandoc

from cmeneeds.errors import ExportError
from cmeneeds.records import Markup

READER: Final = (
    "markdown_strict-raw_html+all_symbols_escapable+auto_identifiers+backtick_code_blocks"
    "+blank_before_blockquote+blank_before_header+bracketed_spans+citations+definition_lists"
    "+escaped_line_breaks+fenced_code_attributes+fenced_code_blocks+fenced_divs"
    "+header_attributes+implicit_figures+intraword_underscores+link_attributes+pipe_tables"
    "+space_in_atx_header+startnum+subscript+superscript+table_attributes+table_captions"
)
"""pandoc's name of the dialect: exactly these extensions."""

BREAK: Final = "[]{.br}"
"""A line break inside a table cell."""

LABELS: Final = {
    "GAP": "Practice gap",
    "CAUSE": "Cause",
    "REC": "Recommendation",
    "RATE": "Rate",
    "BURDEN": "Burden",
    "EVGAP": "Evidence gap",
    "OTHER": "Other",
}
"""Evidence labels, and how a card names them."""

BANNERS: Final = ("draft", "sample")
"""Kinds of notices at the top of a report."""

_ADDRESS = re.compile(r"([A-Za-z0-9_-]+)\.(t|\d+)\.(\d+)-(\d+)")
_KEY = re.compile(r"[A-Za-z0-9_.:/-]+")


def run_pandoc(arguments: Sequence[str], text: str = "", timeout: float = 120) -> bytes:
    """Run pandoc without a network and return what it prints.

    Parameters
    ----------
    arguments : sequence of str
        Options, without the program's name.
    text : str
        Standard input.
    timeout : float
        Seconds.

    Raises
    ------
    ExportError
        If pandoc is missing, fails, warns about anything or takes too long.
    """
    # A dead proxy: should a remote address ever slip through, nothing leaves the machine.
    environment = os.environ | {
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "127.0.0.1:9"),
        "no_proxy": "",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "315619200"),
        "LC_ALL": "C.UTF-8",
    }
    try:
        done = subprocess.run(  # noqa: S603
            [pypandoc.get_pandoc_path(), *arguments],
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=timeout,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise ExportError(
            f"pandoc did not finish within {timeout:g} seconds", "Make the report shorter."
        ) from None
    except OSError:
        raise ExportError("pandoc cannot be run", "Install pypandoc-binary.") from None
    complaint = " ".join(done.stderr.decode("utf-8", "replace").split())
    if done.returncode or complaint:
        raise ExportError(f"pandoc refused the report: {clean(complaint)[:400]}")
    return done.stdout


# --- text from outside ---------------------------------------------------------------------------

# Breaks that mean "a space here"; other white space (no-break, thin) is part of the text.
_SPACES = re.compile("[ \t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
# Characters that hide, reorder or cannot be stored: controls, bidi embeddings, overrides, isolates
# and marks, zero-width space, joiners of words, annotations, tags, surrogates, noncharacters.
_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Text as a report shows it: on one line, what hides or reorders shown as U+FFFD.

    Equal to what pandoc gives back for :func:`escape` of it, so compare against this.
    """
    text = _SPACES.sub(" ", _UNSAFE.sub("\ufffd", text)).strip(" ")
    # Planes end in two noncharacters each, which XML readers may refuse.
    return "".join("\ufffd" if ord(c) & 0xFFFE == 0xFFFE else c for c in text)


_ALWAYS = re.compile(r"""[\\`*_{}\[\]<>#^~$@|!"'&]""")
_DOUBLED = re.compile(r"(?<=[-.=+])[-.=+]|[-.=+](?=[-.=+])")
_COLON = re.compile(r":(?! )")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_LIST = re.compile(r"^(\d{1,9}|[A-Za-z]|[ivxlcdmIVXLCDM]+)([.)])(?=\s|$)")


def escape(text: str) -> str:
    r"""Make any text inert Markdown that shows exactly :func:`clean` of it.

    Examples
    --------
    >>> print(escape("*P* < .05 [1] at $5"))
    \*P\* \< .05 \[1\] at \$5
    """
    return _inert(clean(text))


def _inert(text: str) -> str:
    text = _ALWAYS.sub(r"\\\g<0>", text)
    text = _DOUBLED.sub(r"\\\g<0>", text)
    text = _COLON.sub(r"\\:", text)
    text = _WWW.sub(r"\1\\.", text)
    text = _LIST.sub(r"\1\\\2", text)
    # At the start of a line these open blocks; after a caller's "]" they would make links.
    if text[:1] and text[0] in "+-=:%().,;?/":
        text = "\\" + text
    return text


def plain(text: str) -> str:
    r"""Take the backslashes of :func:`escape` away again, without running pandoc.

    Examples
    --------
    >>> plain(escape("a_b [c]")) == "a_b [c]"
    True
    """
    return re.sub(r"\\([^\w\s]|_)", r"\1", text)


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key


def _source_of(address: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match[3]) >= int(match[4]):
        raise ValueError(f"not the address of a passage: {address!r}")
    return match[1]


def anchor(address: str) -> str:
    """Return the identifier of the evidence card of a passage.

    Examples
    --------
    >>> anchor("33932519.3.466-588")
    'p-33932519-3-466-588'
    """
    _source_of(address)
    return "p-" + address.replace(".", "-")


# --- builders ------------------------------------------------------------------------------------


def figure(text: str, passage: str) -> str:
    """Write a number (or value) that a passage says; ``passage`` is ``pmid.section.start-end``.

    Examples
    --------
    >>> figure("62%", "33932519.3.466-588")
    '[62%]{.figure passage="33932519.3.466-588"}'
    """
    _source_of(passage)
    return f'[{escape(text)}]{{.figure passage="{passage}"}}'


def count(value: object, key: str) -> str:
    """Write a number that the tool computed and a verifier computes again under ``key``.

    Examples
    --------
    >>> count(1318, "records.unique")
    '[1,318]{.count key="records.unique"}'
    """
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    return f'[{escape(shown)}]{{.count key="{_key(key)}"}}'


def given(value: object, key: str) -> str:
    """Write a number that the writer gave, in the brief or as a decision, under ``key``."""
    return f'[{escape(str(value))}]{{.given key="{_key(key)}"}}'


def date(text: str) -> str:
    """Write a date or year; only dates pass, any other number in it stays loose."""
    return f"[{escape(text)}]{{.date}}"


def term(text: str) -> str:
    """Write a name that holds digits, such as ``type 2 diabetes``."""
    return f"[{escape(text)}]{{.term}}"


def cite(*sources: int | str) -> str:
    """Cite records by PMID, or other sources by their reference id.

    Examples
    --------
    >>> cite(33932519, "web-nice-ng28")
    '[@pmid-33932519; @web-nice-ng28]'
    """
    ids = [f"pmid-{s}" if str(s).isdecimal() else str(s) for s in sources]
    for name in ids:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]", name):
            raise ValueError(f"not the id of a reference: {name!r}")
    if not ids:
        raise ValueError("nothing to cite")
    return "[" + "; ".join(f"@{name}" for name in dict.fromkeys(ids)) + "]"


def passage(
    text: str,
    address: str,
    *,
    label: str,
    section: str = "",
    value: tuple[int, int] | None = None,
    markup: Iterable[Markup] = (),
    status: str = "unknown",
    secondary: bool = False,
    note: str = "",
) -> str:
    """Write an evidence card: the sentence word for word, and where it stands.

    Parameters
    ----------
    text : str
        The passage, verbatim.
    address : str
        ``pmid.section.start-end``; ``t`` as section is the title.
    label : str
        Evidence label, a key of :data:`LABELS`.
    section : str
        The journal's own heading of that section.
    value : (int, int), optional
        Characters of ``text`` to highlight, half-open.
    markup : iterable of Markup
        Superscripts and subscripts within ``text``, so that 10⁹ is not shown as 109.
    status : str
        Retraction status; shown unless ``unknown``.
    secondary : bool
        The sentence reports what another source says.
    note : str
        A few words about the source: design, place, denominator.
    """
    source = _source_of(address)
    if label not in LABELS:
        raise ValueError(f"not a label: {label!r}")
    scripts = [m for m in markup if m.tag in ("sup", "sub") and 0 <= m.start < m.end <= len(text)]
    cuts = {0, len(text), *(m.start for m in scripts), *(m.end for m in scripts)}
    if value:
        cuts |= {min(max(v, 0), len(text)) for v in value}
    pieces = []
    edges = sorted(cuts)
    for start, end in itertools.pairwise(edges):
        shown = _SPACES.sub(" ", text[start:end])
        # Spans do not keep white space at their edges: put it outside them.
        core = clean(shown)
        if not core:
            pieces.append(" ")
            continue
        piece = _inert(core)
        tag = next((m.tag for m in scripts if m.start <= start < m.end), "")
        if tag:
            piece = f"[{piece}]{{.{tag}}}"
        if value and value[0] <= start < value[1]:
            piece = f"[{piece}]{{.value}}"
        pieces.append(" " * shown.startswith(" ") + piece + " " * shown.endswith(" "))
    quotation = _SPACES.sub(" ", "".join(pieces)).strip(" ")
    heading = "Title" if ".t." in address else section or "Abstract"
    parts = [cite(source), f"[{LABELS[label]}]{{.label}}"]
    if note:
        parts.append(escape(note))
    parts.append(escape(heading))
    if source.isdecimal():
        parts.append(f"[PMID {source}](https://pubmed.ncbi.nlm.nih.gov/{source}/)")
    if status != "unknown":
        parts.append(f"[{escape(status[:1].upper() + status[1:])}]{{.status}}")
    if secondary:
        parts.append("(quotes another source)")
    attributes = f'.passage #{anchor(address)} address="{address}" label="{label}"'
    if status != "unknown":
        attributes += f" status={attribute(status)}"
    if secondary:
        attributes += ' secondary="yes"'
    line = parts[0] + " " + " · ".join(parts[1:]) + f" · [{escape(address)}]{{.address}}"
    return f"\n::: {{{attributes}}}\n> {quotation}\n\n{line}\n:::\n"


def attribute(text: str) -> str:
    """Quote any text as the value of an attribute."""
    # References, not backslashes: pandoc and other readers agree on them.
    inert = re.sub(r"[^\w ,.;:()/%+-]", lambda m: f"&#{ord(m[0])};", clean(text))
    return f'"{inert}"'


def evidence(summary: str, cards: Iterable[str]) -> str:
    """Group evidence cards under one line (Markdown), which opens and closes them in HTML."""
    return "\n::: {.evidence}\n" + _one_line(summary) + "\n" + "".join(cards) + ":::\n"


def banner(kind: str, text: str) -> str:
    """Write the notice at the top that says what this is not; kind is ``draft`` or ``sample``."""
    if kind not in BANNERS:
        raise ValueError(f"not a kind of banner: {kind!r}")
    return f"\n::: {{.banner .{kind}}}\n**{kind.capitalize()}.** {escape(text)}\n:::\n"


def open_question(text: str) -> str:
    """Write a callout for what only the writer can supply."""
    return f"\n::: {{.open-question}}\n**Awaiting writer.** {escape(text)}\n:::\n"


def picture(name: str, caption: str, alt: str) -> str:
    """Write a chart ``figures/<name>`` (no extension); ``caption`` is Markdown, ``alt`` text."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError(f"not the name of a figure: {name!r}")
    return f"\n![{_one_line(caption)}](figures/{name}){{alt={attribute(alt)}}}\n"


def _one_line(markdown: str) -> str:
    return _SPACES.sub(" ", markdown).strip(" ")


_MARKUP = re.compile(r"\{[^}]*\}|\[@[^\]]*\]|\]\([^)]*\)|[\[\]\\*]")
_BARE_PIPE = re.compile(r"(?<!\\)((?:\\\\)*)\|")


def table(
    rows: Iterable[Sequence[str]],
    columns: Sequence[str],
    caption: str,
    align: str = "",
    widths: Sequence[float] = (),
    *,
    computed: str = "",
) -> str:
    """Write a table.

    A pipe table: unlike grid tables no cell can break it, and pandoc wraps its cells, in the
    proportions of the dashes, as soon as one line is longer than 72 characters.

    Parameters
    ----------
    rows : iterable of sequence of str
        Cells, inline Markdown already (:data:`BREAK` for a new line).
    columns : sequence of str
        Headings, plain text.
    caption : str
        Markdown.
    align : str
        One of ``l``, ``r``, ``c`` a column; left where not given.
    widths : sequence of float
        Relative; from the text where not given.
    computed : str
        Key under which a verifier makes the same table again. Numbers in such a table are not
        loose.

    Raises
    ------
    ValueError
        If there are no rows, or the shapes disagree. Say in words that nothing was found.
    """
    body = [[_BARE_PIPE.sub(r"\1\\|", _one_line(cell)) for cell in row] for row in rows]
    heads = [_BARE_PIPE.sub(r"\1\\|", escape(c)) for c in columns]
    align = align or "l" * len(heads)
    if not body or {len(r) for r in body} != {len(heads)} or len(align) != len(heads):
        raise ValueError("a table needs rows, and each of them one cell a column")
    if widths and len(widths) != len(heads):
        raise ValueError("a table needs one width a column")
    lines = ["| " + " | ".join(cells) + " |" for cells in (heads, *body)]
    shown = [[_MARKUP.sub("", row[i]) for row in (heads, *body)] for i in range(len(heads))]
    sizes = list(widths) or [min(max(8, *map(len, column)), 48) for column in shown]
    # No column narrower than its longest word, on a page of about eighty characters.
    least = [max(len(w) for cell in column for w in [*cell.split(), ""]) for column in shown]
    total = sum(sizes)
    sizes = [max(s / total, min(0.2, (w + 4) / 80)) for s, w in zip(sizes, least, strict=True)]
    # Longer than a line in all: that is what makes pandoc take the proportions of the dashes.
    dashes = ["-" * max(3, round(s / sum(sizes) * 120)) for s in sizes]
    marks = {"l": ":{}", "r": "{}:", "c": ":{}:"}
    rule = "|" + "|".join(marks[a].format(d) for a, d in zip(align, dashes, strict=True)) + "|"
    lines.insert(1, rule)
    shell = f'.table .computed key="{_key(computed)}"' if computed else ".table"
    return f"\n::: {{{shell}}}\n" + "\n".join(lines) + f"\n\n: {_one_line(caption)}\n:::\n"


# --- readers -------------------------------------------------------------------------------------


class Figure(NamedTuple):
    """A number and the address of the passage that says it."""

    text: str
    passage: str


class Count(NamedTuple):
    """A number and the key under which it is computed again."""

    text: str
    key: str


class Passage(NamedTuple):
    """An evidence card; ``text`` is :func:`clean` of the sentence."""

    address: str
    label: str
    text: str
    status: str
    secondary: bool
    citations: tuple[str, ...]


class LooseNumber(NamedTuple):
    """A number in the narrative that says nothing about where it comes from."""

    token: str
    context: str
    kind: str
    """``digits``, or ``words`` for "half", "one in five" and the like."""


class Reading(NamedTuple):
    """All that a report says about its own numbers, in the order of the text."""

    figures: tuple[Figure, ...]
    passages: tuple[Passage, ...]
    counts: tuple[Count, ...]
    givens: tuple[Count, ...]
    computed: tuple[str, ...]
    citations: tuple[str, ...]
    banners: tuple[str, ...]
    loose: tuple[LooseNumber, ...]


def figures(text: str) -> tuple[Figure, ...]:
    """Numbers that claim a passage."""
    return read(text).figures


def passages(text: str) -> tuple[Passage, ...]:
    """Evidence cards."""
    return read(text).passages


def counts(text: str) -> tuple[Count, ...]:
    """Numbers that claim to be computed."""
    return read(text).counts


def citations(text: str) -> tuple[str, ...]:
    """Ids of the cited references, each once, in the order of their numbers."""
    return read(text).citations


def loose_numbers(text: str) -> tuple[LooseNumber, ...]:
    """Numbers in the narrative that come from nowhere."""
    return read(text).loose


@functools.lru_cache(maxsize=4)
def read(text: str) -> Reading:
    """Parse a report once, for all readers.

    Raises
    ------
    ExportError
        If pandoc cannot read it, or it is nested absurdly deep.
    """
    try:
        tree = json.loads(run_pandoc(["-f", READER, "-t", "json"], text))
        reader = _Reader()
        reader.blocks(tree["blocks"])
    except RecursionError:
        raise ExportError("the report is nested too deep to read") from None
    return reader.reading()


_DATE = re.compile(
    r"(?:(?:\d{1,2} )?[A-Z][a-z]+\.? )?(?:\d{1,2}, )?(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?"
    r"(?:\s?(?:-|–|to)\s?(?:19|20)\d\d)?"
)
_TERM = re.compile(r"(?!.*(?:%|\d[.,]\d|\d{3}))\w.*\D.*")
_OPAQUE = re.compile(
    r"(?:https?://|doi:)\S+|\b10\.\d{4,9}/\S+|\bPMID:?\s*\d+|\b(?:PMC|NCT)\d+", re.IGNORECASE
)
_NUMBER_WORDS = (
    r"\b(?:(?:one|two|three|four|five|six|seven|eight|nine|ten) (?:in|out of) (?:every )?"
    r"(?:two|three|four|five|six|seven|eight|nine|ten)|half|halves|thirds?|quarters?|fifths?|"
    r"tenths?|per ?cent|dozens?|hundreds?|thousands?|millions?|billions?|twice|twofold|"
    r"threefold|doubled?|tripled?)\b"
)
_TOKEN = re.compile(
    # "one in five" before names, or the name "one" would swallow it.
    rf"(?P<words>{_NUMBER_WORDS})"
    r"|(?P<digits>\d+(?:[.,·\u00a0\u2009\u202f]\d+)*\s?%?|[¼½¾⅐-⅞])"
    # SGLT2, HbA1c, COVID-19, GLP-1: digits of a name, not a number.
    r"|[^\W\d_]\w*(?:(?<=(?-i:[A-Z]))-\d+\w*)?",
    re.IGNORECASE,
)
_MASK = "\ufffc"


class _Reader:
    """Walks pandoc's tree of a report."""

    def __init__(self) -> None:
        self._figures: list[Figure] = []
        self._passages: list[Passage] = []
        self._counts: list[Count] = []
        self._givens: list[Count] = []
        self._computed: list[str] = []
        self._citations: dict[str, None] = {}
        self._banners: list[str] = []
        self._loose: list[LooseNumber] = []

    def reading(self) -> Reading:
        return Reading(
            tuple(self._figures),
            tuple(self._passages),
            tuple(self._counts),
            tuple(self._givens),
            tuple(self._computed),
            tuple(self._citations),
            tuple(self._banners),
            tuple(self._loose),
        )

    def blocks(self, blocks: list[Any], quiet: bool = False) -> None:
        """``quiet`` where numbers need no origin of their own."""
        for block in blocks:
            kind, content = block["t"], block.get("c")
            if kind in ("Para", "Plain"):
                self._line(content, quiet)
            elif kind == "Header":
                self._line(content[2], True)
            elif kind == "Div":
                self._div(content, quiet)
            elif kind == "BlockQuote":
                self.blocks(content, quiet)
            elif kind in ("BulletList", "OrderedList"):
                for item in content if kind == "BulletList" else content[1]:
                    self.blocks(item, quiet)
            elif kind == "DefinitionList":
                for word, meanings in content:
                    self._line(word, quiet)
                    for meaning in meanings:
                        self.blocks(meaning, quiet)
            elif kind == "Figure":
                # The text for the blind cannot hold spans; it says again what the chart shows.
                self.blocks(content[1][1], quiet)
            elif kind == "Table":
                self._table(content, quiet)

    def _div(self, content: list[Any], quiet: bool) -> None:
        (name, classes, pairs), inner = content
        attributes = dict(pairs)
        if "passage" in classes:
            cited: list[str] = [c for b in inner for c in _cited(b)]
            quotes = [b["c"] for b in inner if b["t"] == "BlockQuote"]
            said = " ".join(_flat(b["c"]) for q in quotes for b in q if b["t"] in ("Para", "Plain"))
            self._passages.append(
                Passage(
                    attributes.get("address", ""),
                    attributes.get("label", ""),
                    said,
                    attributes.get("status", "unknown"),
                    attributes.get("secondary") == "yes",
                    tuple(dict.fromkeys(cited)),
                )
            )
            quiet = True
        if "banner" in classes:
            self._banners += [kind for kind in BANNERS if kind in classes]
        if "computed" in classes:
            self._computed.append(attributes.get("key", ""))
            # Only the cells are computed again: a caption can still claim something.
            for block in inner:
                if block["t"] == "Table":
                    self._table(block["c"], quiet, cells_quiet=True)
                else:
                    self.blocks([block], quiet)
            return
        self.blocks(inner, quiet or name == "refs")

    def _table(self, content: list[Any], quiet: bool, cells_quiet: bool = False) -> None:
        _, (_, caption), _, head, bodies, foot = content
        rows = [*head[1], *(r for b in bodies for r in (*b[2], *b[3])), *foot[1]]
        for _, cells in rows:
            for cell in cells:
                self.blocks(cell[4], quiet or cells_quiet)
        self.blocks(caption, quiet)

    def _line(self, inlines: list[Any], quiet: bool) -> None:
        shown = list(self._inlines(inlines))
        if quiet:
            return
        text = "".join(piece for piece, _ in shown)
        checked = "".join(_MASK * len(piece) if known else piece for piece, known in shown)
        checked = _OPAQUE.sub(lambda m: _MASK * len(m[0]), checked)
        for match in _TOKEN.finditer(checked):
            if match.lastgroup:
                start, end = match.span()
                context = text[max(0, start - 40) : end + 40]
                self._loose.append(LooseNumber(match[0].strip(), context, match.lastgroup))

    def _inlines(self, inlines: list[Any]) -> Iterator[tuple[str, bool]]:
        """Yield pieces of text, and whether each says where its numbers come from."""
        for inline in inlines:
            kind, content = inline["t"], inline.get("c")
            if kind == "Str":
                yield content, False
            elif kind in ("Space", "SoftBreak", "LineBreak"):
                yield " ", False
            elif kind in ("Code", "Math"):
                yield content[1], True
            elif kind == "Cite":
                for citation in content[0]:
                    self._citations[citation["citationId"]] = None
                    for part in ("citationPrefix", "citationSuffix"):
                        yield from self._inlines(citation[part])
                yield _MASK, True
            elif kind == "Span":
                yield from self._span(content)
            elif kind in ("Link", "Image", "Quoted"):
                yield from self._inlines(content[1])
            elif kind == "Note":
                self.blocks(content)
            elif isinstance(content, list):
                yield from self._inlines(content)

    def _span(self, content: list[Any]) -> Iterator[tuple[str, bool]]:
        (_, classes, pairs), inner = content
        attributes = dict(pairs)
        text = _flat(inner)
        known = True
        if "figure" in classes:
            self._figures.append(Figure(text, attributes.get("passage", "")))
        elif "count" in classes:
            self._counts.append(Count(text, attributes.get("key", "")))
        elif "given" in classes:
            self._givens.append(Count(text, attributes.get("key", "")))
        elif "date" in classes:
            known = bool(_DATE.fullmatch(text))
        elif "term" in classes:
            known = bool(_TERM.fullmatch(text))
        else:
            known = False
        if known:
            # Citations inside are still citations.
            list(self._inlines(inner))
            yield text, True
        else:
            yield from self._inlines(inner)


def _flat(inlines: list[Any]) -> str:
    """Text of inlines, scripts flattened: the text that offsets count in."""
    out = []
    for inline in inlines:
        kind, content = inline["t"], inline.get("c")
        if kind == "Str":
            out.append(content)
        elif kind in ("Space", "SoftBreak", "LineBreak"):
            out.append(" ")
        elif kind in ("Code", "Math"):
            out.append(content[1])
        elif kind in ("Span", "Link", "Quoted"):
            out.append(_flat(content[1]))
        elif kind in ("Emph", "Strong", "Superscript", "Subscript"):
            out.append(_flat(content))
    return "".join(out)


def _cited(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _cited(item)
    elif isinstance(node, dict):
        if "citationId" in node:
            yield node["citationId"]
        yield from _cited(list(node.values()))
