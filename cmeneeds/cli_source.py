"""The command line's ``source`` commands: the writer's own documents and bibliographies."""

from __future__ import annotations

import typer

source_app = typer.Typer(
    no_args_is_help=True, help="Your own sources: documents, and bibliographies."
)
