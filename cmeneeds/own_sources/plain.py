"""Read notes: plain text and the headings, lists and tables of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmeneeds.own_sources.parsed import Block, Parsed, Unreadable

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e007f\u00ad]"
)
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"^\s{0,8}([-*+•–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)(.*)$")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_DIVIDER = re.compile(r"^\s*\|[\s:|-]+\|\s*$")
_FOOTNOTE = re.compile(r"^\[\^([^\]\s]{1,20})\]:\s+(.*)$")


def clean(text: str) -> str:
    """Take out control and invisible characters; white space becomes single spaces."""
    return " ".join(_HIDDEN.sub("", text.replace("\u00a0", " ")).split())


def decoded(data: bytes) -> str:
    """Decode a text file: UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises
    ------
    Unreadable
        It holds null bytes: it is no text.
    """
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError:
                break
    if b"\0" in data:
        raise Unreadable("it is no text", "Save it as text (UTF-8), PDF, DOCX or HTML.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_text(data: bytes, *, markdown: bool = True) -> Parsed:
    """Read notes. Blank lines part paragraphs; what Markdown marks is read as such."""
    blocks = list(_blocks(decoded(data).splitlines(), markdown))
    if not any(block.text for block in blocks):
        raise Unreadable("it holds no text", "Add a file with text.")
    first = blocks[0]
    title = ""
    if first.kind == "heading" and first.level == 1:
        title = first.text
        blocks[0] = Block("title", title)
    return Parsed(tuple(blocks), title)


def _blocks(lines: list[str], markdown: bool) -> Iterator[Block]:
    from cmeneeds.own_sources.grids import Place, cells_of

    open_kind, label, texts = "", "", list[str]()
    table: list[str] = []

    def flush() -> Iterator[Block]:
        text = clean(" ".join(texts))
        if text:
            yield Block(open_kind or "paragraph", text, label=label)
        texts.clear()

    for line in [*lines, ""]:
        if table and not _ROW.match(line):
            rows = [
                [Place(k, 1, clean(c)) for k, c in enumerate(row.strip().strip("|").split("|"))]
                for row in table
                if not _DIVIDER.match(row)
            ]
            yield from cells_of(rows)
            table = []
        heading = _HEADING.match(line) if markdown else None
        item = _ITEM.match(line)
        note = _FOOTNOTE.match(line) if markdown else None
        if not line.strip():
            yield from flush()
            open_kind, label = "", ""
        elif heading:
            yield from flush()
            open_kind, label = "", ""
            if clean(heading[2]):
                yield Block("heading", clean(heading[2]), level=len(heading[1]))
        elif markdown and _ROW.match(line):
            yield from flush()
            open_kind, label = "", ""
            table.append(line)
        elif note:
            yield from flush()
            open_kind, label = "note", note[1]
            texts.append(note[2])
        elif item:
            yield from flush()
            open_kind, label = "list item", item[1]
            texts.append(item[2])
        else:
            texts.append(line.removeprefix("> ") if markdown else line)
    yield from flush()
