"""What the command line prints: safe text, progress, one line an error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


def safe(text: str) -> str:
    """Text that cannot move the cursor, change colours or hide: it is data from anywhere."""
    shown = []
    for character in text:
        if character in "\n\t":
            shown.append(" ")
        elif character.isprintable() or character == " ":
            shown.append(character)
        else:
            shown.append("\ufffd")
    return "".join(shown)


def say(text: str = "") -> None:
    """Print a line of results."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    """Print a line to the side: errors, warnings, progress where there is no terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Meter(Protocol):
    """Shows how far a piece of work has come."""

    def step(self, text: str) -> None:
        """Say what is being done now."""

    def count(self, done: int, total: int | None = None) -> None:
        """Say how many are done."""


class _Lines:
    """Plain lines, for logs and pipes."""

    def step(self, text: str) -> None:
        complain(safe(text))

    def count(self, done: int, total: int | None = None) -> None:
        complain(f"  {done:,}" + (f" of {total:,}" if total else ""))


@contextmanager
def meter() -> Iterator[Meter]:
    """Show a progress bar on a terminal, plain lines elsewhere. Results go to stdout regardless."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        class _Bar:
            def step(self, text: str) -> None:
                progress.update(task, description=escape(safe(text)), completed=0, total=None)

            def count(self, done: int, total: int | None = None) -> None:
                progress.update(task, completed=done, total=total)

        yield _Bar()
