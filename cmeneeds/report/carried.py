"""Prose that a writer edited in the Word file survives the next run.

What the writer changed is kept beside the brief, in ``<brief>.prose.json``, as the decisions are:
apart from what is computed, and applied again on every run. A paragraph is found by its mark (see
:mod:`cmeneeds.report.anchors`), so the writer's words stand in for the computed ones as long as
those are still the same. Where they are not, it is a conflict: the computed paragraph stands, and
both texts are shown. In the report the writer's words are marked as theirs; a number in them still
has to lead to a passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cmeneeds.errors import UsageError
from cmeneeds.report import markdown as md
from cmeneeds.report.anchors import Block, blocks_of, comparable, finder
from cmeneeds.report.edited import Pair, pairs
from cmeneeds.report.reading import read
from cmeneeds.report.tables import write_atomically
from cmeneeds.report.word import CARD_MARK, Paragraph, WordReport
from cmeneeds.works import Works


class Piece(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a writer's paragraph: words, a number of a passage or of the tool, or citations.

    ``kind`` is empty for words and citations, ``figure``, or a kind of
    :class:`cmeneeds.report.anchors.Known`.
    """

    text: str = ""
    kind: str = ""
    key: str = ""
    cites: tuple[str, ...] = ()


class Prose(msgspec.Struct, frozen=True, omit_defaults=True):
    """A writer's paragraph.

    ``anchor`` and ``computed`` name and quote the computed paragraph that it replaces or, if
    ``after``, follows; ``file`` is the Word file that it comes from.
    """

    anchor: str
    computed: str
    pieces: tuple[Piece, ...]
    after: bool = False
    file: str = ""

    @property
    def text(self) -> str:
        """Its words, without citations."""
        return comparable("".join(p.text for p in self.pieces))


class _File(msgspec.Struct):
    format: int
    prose: list[Prose]


class Conflict(msgspec.Struct, frozen=True):
    """A writer's paragraph that could not be carried.

    ``was`` is what was computed when the writer changed it, ``yours`` what the writer wrote, and
    ``now`` what is computed today (empty where nothing like it is).
    """

    was: str
    yours: str
    now: str
    why: str


@dataclass
class Applied:
    """A report with the writer's prose in it."""

    text: str
    carried: list[Prose] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def prose_path(brief_path: str | Path) -> Path:
    """Where a writer's prose of a brief is kept.

    Examples
    --------
    >>> prose_path("briefs/stroke.yaml").name
    'stroke.prose.json'
    """
    return Path(brief_path).with_suffix(".prose.json")


def load_prose(path: Path) -> list[Prose]:
    """Read a writer's prose; none if there is no such file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    if not path.exists():
        return []
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read ({error})", "Correct it, or remove it to start anew."
        ) from None
    if kept.format != 1:
        raise UsageError(f"{path} is of another format", "Use a newer version.")
    return kept.prose


def save_prose(path: Path, prose: Sequence[Prose]) -> None:
    """Write a writer's prose, readable and in one piece."""
    data = msgspec.json.encode(_File(1, list(prose)))
    write_atomically(path, msgspec.json.format(data, indent=1) + b"\n")


# --- from the Word file --------------------------------------------------------------------------


def take_in(
    word: WordReport, report: str, kept: Sequence[Prose] = ()
) -> tuple[list[Prose], list[Conflict]]:
    """Collect what a writer changed.

    Parameters
    ----------
    word : WordReport
        The edited file.
    report : str
        Text of the report that it came from.
    kept : sequence of Prose
        What was collected before; a paragraph changed again replaces its earlier wording.

    Returns
    -------
    list of Prose, list of Conflict
        All that is to be kept from now on; and changes that are not carried because they stand in
        a heading, table, caption or quotation, or because a paragraph was taken out.
    """
    found = {(p.anchor, p.after, p.text if p.after else ""): p for p in kept}
    left: list[Conflict] = []
    before: Block | None = None
    for pair in pairs(word, report):
        block, paragraph = pair.block, pair.paragraph
        if not pair.changed:
            before = block
            continue
        if block is not None and (paragraph is None or block.kind != "text"):
            left.append(_not_carried(pair))
        elif paragraph is not None and paragraph.cell is None:
            base = block or before
            if base is None:
                left.append(Conflict("", paragraph.text, "", "nothing stands before it"))
                continue
            origin = _origin(base, kept)
            anchor, computed = (origin.anchor, origin.computed) if origin else (
                base.anchor, base.text
            )  # fmt: skip
            after = origin.after if origin and block else block is None
            if origin and block:  # the writer's own words, changed again
                found.pop((origin.anchor, origin.after, origin.text if origin.after else ""), None)
            prose = Prose(anchor, computed, tuple(_pieces(paragraph, block)), after, word.path.name)
            found[prose.anchor, prose.after, prose.text if after else ""] = prose
        before = block or before
    return list(found.values()), left


def _origin(block: Block, kept: Iterable[Prose]) -> Prose | None:
    """The prose that a block of the report already was."""
    if not block.written:
        return None
    return next((p for p in kept if p.text == block.text), None)


def _not_carried(pair: Pair) -> Conflict:
    assert pair.block is not None
    places = {
        "heading": "it is a heading",
        "cell": "it stands in a table; enter it as a decision",
        "caption": "it is a caption",
        "quote": "it is a quotation of a source",
        "note": "it is a notice of the tool",
        "code": "it is computed",
    }
    yours = pair.paragraph.text if pair.paragraph else "(taken out)"
    why = places.get(pair.block.kind, "") if pair.paragraph else "taking out is not carried"
    return Conflict(pair.block.text, yours, pair.block.text, why)


def _pieces(paragraph: Paragraph, block: Block | None) -> Iterator[Piece]:
    """Cut a paragraph at its links, its citations and the numbers that the tool knows."""
    text = paragraph.text
    spans: list[tuple[int, int, Piece]] = []
    for link in paragraph.links:
        if link.target.startswith(CARD_MARK):
            end = link.start + len(link.text)
            spans.append((link.start, end, Piece(text[link.start : end], "figure", link.target)))
    position = 0
    for known in block.known if block else ():
        pattern = rf"(?<![\w.,]){re.escape(known.text)}(?!\d|[.,]\d)"
        if known.text and (match := re.search(pattern, text[position:])):
            start = position + match.start()
            position += match.end()
            spans.append((start, position, Piece(known.text, known.kind, known.key)))
    spans += [
        (c.at, c.at, Piece(cites=tuple(k for k in c.keys if k)))
        for c in paragraph.citations
        if any(c.keys)
    ]
    done = 0
    for start, end, piece in sorted(spans, key=lambda s: s[:2]):
        if start < done:
            continue
        if start > done:
            yield Piece(text[done:start])
        yield piece
        done = end
    if done < len(text):
        yield Piece(text[done:])


# --- into the next report ------------------------------------------------------------------------


def apply_prose(text: str, prose: Sequence[Prose], works: Works) -> Applied:
    """Put a writer's prose into a report.

    Parameters
    ----------
    text : str
        The computed report.
    prose : sequence of Prose
    works : Works
        What may be cited.

    Returns
    -------
    Applied
        The computed text stands wherever a paragraph could not be carried.
    """
    result = Applied(text)
    if not prose:
        return result
    computed = blocks_of(text)
    find = finder(computed)
    cards = {md.anchor(p.address): p.address for p in read(text).passages}
    places = _places(text, computed)
    changes: list[tuple[int, int, str]] = []
    for item in prose:
        block = find(item.anchor)
        place = places.get(block.anchor) if block else None
        if block is None or block.text != item.computed:
            now = _likest(item.computed, computed)
            why = "the computed paragraph has changed" if now else "it is no longer computed"
            result.conflicts.append(Conflict(item.computed, item.text, now, why))
        elif place is None:
            why = "its place could not be told"
            result.conflicts.append(Conflict(item.computed, item.text, block.text, why))
        else:
            written = _markdown(item, cards, works)
            start, end, bullet = place
            # Behind a list item comes a list item, behind a paragraph a paragraph.
            new = f"\n{bullet}{written}" if bullet else f"\n\n{written}"
            changes.append((end, end, new) if item.after else (start, end, written))
            result.carried.append(item)
    for start, end, new in sorted(changes, key=lambda c: c[:2], reverse=True):
        result.text = result.text[:start] + new + result.text[end:]
    return result


def _likest(text: str, blocks: Iterable[Block]) -> str:
    words = set(text.split())
    scored = [(len(words & set(b.text.split())) / max(1, len(words)), b.text) for b in blocks
              if b.kind == "text"]  # fmt: skip
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= 0.5 else ""


def _markdown(prose: Prose, cards: dict[str, str], works: Works) -> str:
    """A paragraph as Markdown: its words escaped, its numbers where they come from."""
    out = []
    for piece in prose.pieces:
        cites = [k for k in piece.cites if k in works]
        if cites:
            out.append(md.cite(*cites))
        if not piece.text.strip():
            out.append(" " * bool(piece.text))
        elif piece.kind == "figure" and piece.key in cards:
            out.append(_spaced(piece.text, md.figure(piece.text, cards[piece.key])))
        elif piece.kind in ("count", "given") and piece.key:
            make = md.count if piece.kind == "count" else md.given
            out.append(_spaced(piece.text, make(piece.text, piece.key)))
        elif piece.kind in ("date", "term"):
            make_name = md.date if piece.kind == "date" else md.term
            out.append(_spaced(piece.text, make_name(piece.text)))
        else:
            out.append(_spaced(piece.text, md.escape(piece.text)))
    return "[" + "".join(out).strip() + "]{.writer}"


def _spaced(text: str, shown: str) -> str:
    """Escaping takes blanks at the edges away; between pieces they count."""
    return " " * text[:1].isspace() + shown + " " * text[-1:].isspace()


_CITED = re.compile(r"\[@[^\]]*\]")
_CLOSED = re.compile(r"\](?:\{[^}\n]*\}|\([^)\n]*\))?")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+")


def _places(text: str, blocks: Sequence[Block]) -> dict[str, tuple[int, int, str]]:
    """Where each paragraph stands in the Markdown: start, end, and its bullet if it has one."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for start, end, bullet in _chunks(text):
        found.setdefault(_plain(text[start:end]), []).append((start, end, bullet))
    placed = {}
    for block in blocks:
        same = found.get(block.text)
        if block.kind == "text" and same:
            placed[block.anchor] = same.pop(0)
    return placed


def _chunks(text: str) -> Iterator[tuple[int, int, str]]:
    """Paragraphs and single list items of a Markdown text, without bullets."""
    position = 0
    for part in re.split(r"(\n\s*\n|\n(?=(?:[-*+]|\d{1,9}[.)])\s)|\n(?=:::)|(?<=:::)\n)", text):
        start, position = position, position + len(part)
        body = part.strip()
        if not body or body[0] in "#|>" or body.startswith((":::", "```", "!", ":  ")):
            continue
        start += len(part) - len(part.lstrip())
        item = _ITEM.match(body)
        bullet = item[0] if item else ""
        yield start + len(bullet), start + len(body), bullet


def _plain(chunk: str) -> str:
    """What a reader sees of one paragraph of our Markdown."""
    out, position = [], 0
    while position < len(chunk):
        character = chunk[position]
        if character == "\\":
            out.append(chunk[position + 1 : position + 2])
            position += 2
        elif cited := _CITED.match(chunk, position):
            position = cited.end()
        elif closed := _CLOSED.match(chunk, position):
            position = closed.end()
        else:
            out.append("" if character in "[*`" else character)
            position += 1
    return comparable("".join(out))
