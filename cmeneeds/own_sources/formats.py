"""Which kind of file it is, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cmeneeds.own_sources.parsed import Parsed, Unreadable

ENDINGS = {
    "pdf": "pdf", "docx": "docx", "html": "html", "htm": "html", "md": "markdown", "txt": "text",
    "csv": "csv", "tsv": "csv",
}  # fmt: skip
"""Ending of a file name -> kind."""
KINDS = {
    "pdf": ".pdf", "docx": ".docx", "html": ".html", "markdown": ".md", "text": ".txt",
    "csv": ".csv",
}  # fmt: skip
"""Kind -> ending under which the original is kept."""


def kind_of(name: str, data: bytes) -> str:
    """Tell the kind of a file by its name and its first bytes.

    Raises
    ------
    Unreadable
        It is of another kind, or its content is not what its name says.
    """
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    seen = ""
    if b"%PDF-" in data[:1024]:
        seen = "pdf"
    elif data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        seen = "docx"
    elif head[:200].lower().startswith((b"<!doctype html", b"<html")):
        seen = "html"
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    said = ENDINGS.get(ending, "")
    if not data.strip():
        raise Unreadable("it is empty", "Add a file with text.")
    if said and seen and said != seen and not (seen == "html" and said in ("text", "markdown")):
        raise Unreadable(
            f"its name says {said}, its content {seen}", "Give it the ending of what it is."
        )
    if said in ("pdf", "docx") and not seen:
        raise Unreadable(
            f"it is not a {said.upper()} that can be read",
            "Open and save it anew, or add its text.",
        )
    if said or seen:
        return said or seen
    if ending:
        raise Unreadable(
            f"files of the kind .{ending[:10]} are not read",
            f"Use {', '.join('.' + e for e in ENDINGS)}.",
        )
    return "text"


def reader_of(kind: str) -> Callable[[bytes], Parsed]:
    """Return what reads files of a kind; only that is imported."""
    if kind == "pdf":
        from cmeneeds.own_sources.pdf import read_pdf

        return read_pdf
    if kind == "docx":
        from cmeneeds.own_sources.word import read_docx

        return read_docx
    if kind == "html":
        from cmeneeds.own_sources.web_page import read_html

        return read_html
    if kind == "csv":
        from cmeneeds.own_sources.grids import read_csv

        return read_csv
    from cmeneeds.own_sources.plain import read_text

    return partial(read_text, markdown=kind == "markdown")
