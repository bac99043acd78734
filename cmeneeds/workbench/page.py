"""HTML that a notebook shows: escaped, self-contained, readable without scripts and on paper."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

STATIC_ROWS = 20
"""Rows that stand in the output as plain HTML, for paper and where scripts do not run."""

MOST_DETAIL = 2_500_000
"""Bytes of packed detail that go into one output; a notebook should stay a file one can mail."""

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def text(value: object) -> str:
    """A value as HTML text: escaped, without control and bidirectional characters.

    Examples
    --------
    >>> text('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return html.escape(plain(value))


def plain(value: object) -> str:
    """A value as text; missing ones are empty."""
    import pandas as pd

    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    return _CONTROL.sub("", str(value))


def link(address: str, words: str) -> str:
    """A link that opens in a tab of its own; only to the web."""
    if not address.startswith(("https://", "http://")):
        return text(words)
    return f'<a href="{text(address)}" target="_blank" rel="noopener noreferrer">{text(words)}</a>'


@cache
def _static(name: str) -> str:
    return (files("cmeneeds.workbench") / "static" / name).read_text("utf-8")


def styled(inner: str) -> str:
    """Markup with the style that it needs."""
    return f'<style>{_static("style.css")}</style><div class="cn">{inner}</div>'


@dataclass(frozen=True)
class Column:
    """A column of a table: its key, its heading, and ``text``, ``number`` or ``pmid``."""

    name: str
    label: str
    kind: str = "text"


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], details: Sequence[str] = ()
) -> str:
    """Return a table that sorts, filters and pages, as HTML.

    Parameters
    ----------
    columns : sequence of Column
    rows : iterable of sequences
        One value a column; escaped here.
    details : sequence of str, optional
        What a row opens when it is clicked: HTML, escaped by the caller. Only as many as fit
        ``MOST_DETAIL``; the note under the table says so.
    """
    cells = [[_cell(v, c) for v, c in zip(row, columns, strict=True)] for row in rows]
    packed, left = [], MOST_DETAIL
    for detail in details:
        left -= len(detail) // 3  # about what packing leaves of running text, in base64
        if left < 0:
            break
        packed.append(detail)
    data = {
        "columns": [{"label": c.label, "kind": c.kind} for c in columns],
        "rows": cells,
        "details": packed,
    }
    raw = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    name = f"cn-{secrets.token_hex(6)}"
    head = "".join(f'<th scope="col">{text(c.label)}</th>' for c in columns)
    body = "".join(
        "<tr>" + "".join(_static_cell(v, c) for v, c in zip(row, columns, strict=True)) + "</tr>"
        for row in cells[:STATIC_ROWS]
    )
    notes = []
    if len(cells) > STATIC_ROWS:
        notes.append(f"Printed: the first {STATIC_ROWS} of {len(cells):,} rows.")
    short = ""
    if len(packed) < len(details):
        short = (
            f'<p class="cn-note">Details are at hand for the first {len(packed):,} of '
            f"{len(details):,} rows; show fewer rows for the others.</p>"
        )
    return (
        f'<div class="cn-table" id="{name}">'
        f'<div class="cn-static"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f'<p class="cn-note">{" ".join(notes)}</p></div>{short}'
        f"<template>{base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode()}</template></div>"
        f'<script>{_static("table.js")}("{name}")</script>'
    )


def _cell(value: object, column: Column) -> str | float:
    import numpy as np

    if column.kind == "number" and isinstance(value, (int, float, np.integer, np.floating)):
        return "" if value != value else round(float(value), 6) if value % 1 else int(value)
    return plain(value)


def _static_cell(value: str | float, column: Column) -> str:
    if column.kind == "pmid" and str(value).isdecimal():
        return f"<td>{link(f'https://pubmed.ncbi.nlm.nih.gov/{value}/', str(value))}</td>"
    return f'<td class="cn-number">{value}</td>' if column.kind == "number" else (
        f"<td>{text(value)}</td>"
    )  # fmt: skip


class View:
    """Something to look at: HTML in a notebook, text in a terminal.

    Parameters
    ----------
    inner : str
        Markup, escaped.
    words : str
        The same for a terminal.
    """

    def __init__(self, inner: str, words: str) -> None:
        self._inner, self._words = inner, words

    def __repr__(self) -> str:
        """For a terminal."""
        return self._words

    def _repr_html_(self) -> str:
        return styled(self._inner)

    def save(self, path: str | Path, title: str = "cmeneeds") -> Path:
        """Write a page of its own, to print or to mail; it loads nothing."""
        from cmeneeds.report.tables import write_atomically

        path = Path(path)
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}'
            '</title></head><body style="font-family: sans-serif; margin: 2em">'
            f"{styled(self._inner)}</body></html>\n"
        )
        write_atomically(path, page.encode("utf-8", "replace"))
        return path


def counts(pairs: Iterable[tuple[str, Any]]) -> str:
    """A line of names and numbers."""
    said = []
    for name, value in pairs:
        number = f"{value:,}" if isinstance(value, int) else text(value)
        said.append(f"<b>{number}</b>&nbsp;{text(name)}")
    return f"<p>{' · '.join(said)}</p>"
