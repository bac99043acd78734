"""Between notebook and report: what a cell shows, and how cells become one ``report.md``.

A cell shows a :class:`Block`. JupyterLab gets plain Markdown that reads well there; the report
gets the same text in pandoc's dialect, under a MIME type of its own.
"""

from __future__ import annotations

import re
from typing import Any

import nbformat

MIME = "application/vnd.cmeneeds.report+markdown"

_FENCE = re.compile(r"^:{3,}.*$", re.MULTILINE)
_CODE = re.compile(r"^(`{3,})[ \t]*\{[^}\n]*\}$", re.MULTILINE)
_KEY = r"@[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]"
_CITATION = re.compile(rf"\[({_KEY}(?:; {_KEY})*)\]")
_IMAGE = re.compile(r"\((figures/[A-Za-z0-9_-]+)\)")
_ATTRIBUTES = re.compile(r"\{(?:[.#]|alt=)[^{}\n]*\}")


def for_reading(markdown: str) -> str:
    """Take pandoc's attributes out, so that the text reads well in JupyterLab.

    Walks the text once. What :mod:`cmeneeds.report.markdown` escaped is stepped over in pairs of
    backslash and character, so that text from a record can open nothing.
    """
    text = _CODE.sub(r"\1", _FENCE.sub("", markdown))
    out: list[str] = []
    opened: list[int] = []  # where unescaped brackets stand in `out`
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            out.append(text[position : position + 2])
            position += 2
            continue
        if character == "[":
            if cited := _CITATION.match(text, position):
                out.append(_links(cited[1]))
                position = cited.end()
                continue
            opened.append(len(out))
        elif character == "]" and opened:
            start = opened.pop()
            if found := _ATTRIBUTES.match(text, position + 1):
                out[start] = ""  # a span: only its content stays
                position = found.end()
                continue
            if found := _IMAGE.match(text, position + 1):
                out.append(f"]({found[1]}.png)")
                position = found.end()
                if found := _ATTRIBUTES.match(text, position):
                    position = found.end()
                continue
        out.append(character)
        position += 1
    return "".join(out)


def _links(citation: str) -> str:
    shown = []
    for key in citation.split("; "):
        name = key.removeprefix("@").removeprefix("pmid-")
        known = f"[{name}](https://pubmed.ncbi.nlm.nih.gov/{name}/)"
        shown.append(known if name.isdecimal() else name)
    return f"({', '.join(shown)})"


class Block:
    """A piece of the report, as the last value of a cell."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        reading = for_reading(self.markdown)
        return {MIME: self.markdown, "text/markdown": reading, "text/plain": reading.strip()}


def show(*parts: str) -> Block:
    """Show pieces of Markdown, one below the other."""
    return Block("\n".join(parts))


def collect(notebook: nbformat.NotebookNode) -> str:
    """Make one Markdown text of an executed notebook, without its code.

    Blocks count in their report form; other outputs (a team's own table or chart in a copied
    template) as nbconvert writes them.
    """
    from nbconvert import MarkdownExporter
    from traitlets.config import Config

    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        for output in cell.get("outputs", ()):
            data: dict[str, Any] = output.get("data", {})
            if MIME in data:
                output["data"] = {"text/markdown": data[MIME]}
    config = Config()
    config.NbConvertBase.display_data_priority = [
        "text/markdown",
        "image/svg+xml",
        "image/png",
        "text/plain",
    ]
    exporter = MarkdownExporter(
        config=config, exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True
    )
    body, _ = exporter.from_notebook_node(copy)
    return re.sub(r"\n{3,}", "\n\n", str(body)).strip() + "\n"
