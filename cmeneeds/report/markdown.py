"""The Markdown a report is written in, built piece by piece.

A report is pandoc Markdown in the dialect of :data:`cmeneeds.report.pandoc.READER`: no raw HTML,
no TeX, no smart punctuation. Text from outside becomes Markdown only through :func:`escape`. Every
number in the narrative stands in a span that says where it comes from:

======================================  =========================================================
``[62%]{.figure passage="1.3.0-90"}``   a passage says it (:func:`figure`)
``[18]{.count key="records.unique"}``   the tool computed it (:func:`count`)
``[5]{.given key="brief.years"}``       the writer gave it (:func:`given`)
``[March 4, 2026]{.date}``              a date (:func:`date`)
``[type 2 diabetes]{.term}``            a name that has a digit in it (:func:`term`)
======================================  =========================================================

What is left over is found by :mod:`cmeneeds.report.reading`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from cmeneeds.records import Markup

BREAK: Final = " []{.br}"
"""A line break inside a table cell. The blank keeps it apart from a citation before it: together
they would be read as a link."""

LABELS: Final = {
    "GAP": "Practice gap",
    "CAUSE": "Cause",
    "REC": "Recommendation",
    "RATE": "Rate",
    "BURDEN": "Burden",
    "EVGAP": "Evidence gap",
    "LEARNER": "Learner data",
    "EXPERT": "Expert input",
    "PATIENT": "Patient input",
    "VOICE": "Learner input",
    "OTHER": "Other",
}
"""Evidence labels, and how a card names them."""

BANNERS: Final = ("draft", "sample")
"""Kinds of notices at the top of a report."""

_ADDRESS = re.compile(r"([A-Za-z0-9_-]+)\.(t|\d+)\.(\d+)-(\d+)")
_KEY = re.compile(r"[A-Za-z0-9_.:/-]+")


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
    source: str = "",
    page: str = "",
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
        ``pmid.section.start-end``; ``t`` as section is the title. Of a document
        ``id.part.start-end``.
    source : str
        Citation key; default: the record or document that the address begins with.
    page : str
        Where a reader finds the work; default for a record: its page at PubMed.
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
    origin = _source_of(address)
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
    parts = [cite(source or origin), f"[{LABELS[label]}]{{.label}}"]
    if note:
        parts.append(escape(note))
    parts.append(escape(heading))
    if origin.isdecimal():
        parts.append(f"[PMID {origin}](https://pubmed.ncbi.nlm.nih.gov/{origin}/)")
    elif re.fullmatch(r"https://[\w./%?=&-]+", page):
        parts.append(f"[{origin}]({page})")
    else:
        parts.append(escape(origin))
    if status != "unknown":
        parts.append(standing(status))
    if secondary:
        parts.append("(quotes another source)")
    attributes = f'.passage #{anchor(address)} address="{address}" label="{label}"'
    if status != "unknown":
        attributes += f" status={attribute(status)}"
    if secondary:
        attributes += ' secondary="yes"'
    line = parts[0] + " " + " · ".join(parts[1:]) + f" · [{escape(address)}]{{.address}}"
    return f"\n::: {{{attributes}}}\n> {quotation}\n\n{line}\n:::\n"


def standing(status: str) -> str:
    """Write the standing of a work, such as ``retracted``, to stand beside its citation.

    Examples
    --------
    >>> standing("expression of concern")
    '[Expression of concern]{.status}'
    """
    return f"[{escape(status[:1].upper() + status[1:])}]{{.status}}"


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


def internal(markdown: str) -> str:
    """Mark what stays with the writer: a package for a client leaves it out."""
    return f"\n::: {{.internal}}\n{markdown.strip()}\n:::\n"


def without_internal(markdown: str) -> str:
    """Take out what :func:`internal` marked."""
    kept: list[str] = []
    depth, fence = 0, ""
    for line in markdown.split("\n"):
        if opening := re.match(r"`{3,}", line):
            fence = "" if fence and line.startswith(fence) else fence or opening[0]
        elif not fence and depth and re.match(r":::+ *\{", line):
            depth += 1
        elif not fence and depth and re.fullmatch(r":::+ *", line):
            depth -= 1
            continue
        elif not fence and re.match(r":::+ *\{\.internal\}", line):
            depth = 1
        if not depth:
            kept.append(line)
    return "\n".join(kept)


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
