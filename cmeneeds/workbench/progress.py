"""Progress of long work, shown where the work was started."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cmeneeds.workbench.page import styled, text

AFTER = 1.0
"""Seconds before anything is shown; short work needs no bar."""

EVERY = 0.2
"""Seconds between two pictures of a bar."""


def in_notebook() -> bool:
    """Whether this runs in a kernel; ``CMENEEDS_PROGRESS=off`` says that nobody looks on."""
    if os.environ.get("CMENEEDS_PROGRESS", "").lower() == "off":
        return False
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


class Bar:
    """A bar in a notebook; called with (done, of) or with (what, done, of).

    The bar is one output that is drawn anew and left empty at the end. Outside a notebook nothing
    is shown.

    Parameters
    ----------
    words : str
        What is being done.
    """

    def __init__(self, words: str) -> None:
        self.words = words
        self._started = time.monotonic()
        self._drawn = 0.0
        self._handle: Any = None
        self._quiet = not in_notebook()

    def __call__(self, *told: Any) -> None:
        """Tell how far the work is."""
        if self._quiet:
            return
        *what, done, of = told
        now = time.monotonic()
        finished = done >= of and not what
        if not finished and (now - self._started < AFTER or now - self._drawn < EVERY):
            return
        self._drawn = now
        words = f"{self.words}: {what[0]}" if what else self.words
        self._show(
            ""
            if finished
            else styled(
                f'<p>{text(words)} <progress max="{int(of)}" value="{int(done)}"></progress> '
                f"{int(done):,} of {int(of):,}. Stop with ■; what was fetched is kept.</p>"
            )
        )

    def step(self, words: str) -> None:
        """Tell a step of unknown length; an empty one ends."""
        if not self._quiet:
            shown = f"<p>{text(self.words)}: {text(words)} …</p>" if words else ""
            self._show(styled(shown) if shown else "")

    def _show(self, markup: str) -> None:
        import IPython.display

        shown: Any = IPython.display

        if self._handle is None and not markup:
            return
        if self._handle is None:
            self._handle = shown.display(shown.HTML(markup), display_id=True)
        else:
            self._handle.update(shown.HTML(markup))

    def __enter__(self) -> Bar:
        """Nothing is shown yet."""
        return self

    def __exit__(self, *error: object) -> None:
        """See :meth:`end`."""
        self.end()

    def end(self) -> None:
        """Take the bar away."""
        if not self._quiet:
            self._show("")


@contextmanager
def shown(words: str, progress: Callable[..., None] | None) -> Iterator[Callable[..., None]]:
    """Whom to tell of the progress: the caller's own function, or a bar for as long as it lasts."""
    if progress is not None:
        yield progress
        return
    with Bar(words) as own:
        yield own


def quiet(*told: Any) -> None:
    """Show nothing."""
