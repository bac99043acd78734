"""Call pandoc: one dialect, no network, its warnings as errors."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Final

import pypandoc

from cmeneeds.errors import ExportError

READER: Final = (
    "markdown_strict-raw_html+all_symbols_escapable+auto_identifiers+backtick_code_blocks"
    "+blank_before_blockquote+blank_before_header+bracketed_spans+citations+definition_lists"
    "+escaped_line_breaks+fenced_code_attributes+fenced_code_blocks+fenced_divs"
    "+header_attributes+implicit_figures+intraword_underscores+link_attributes+pipe_tables"
    "+space_in_atx_header+startnum+subscript+superscript+table_attributes+table_captions"
)
"""pandoc's name of the dialect: exactly these extensions."""


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
        shown = "".join(c if c.isprintable() else "\ufffd" for c in complaint)
        raise ExportError(f"pandoc refused the report: {shown[:400]}")
    return done.stdout


# --- text from outside ---------------------------------------------------------------------------

# Breaks that mean "a space here"; other white space (no-break, thin) is part of the text.
