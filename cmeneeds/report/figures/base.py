"""What all charts share: colours, fonts, saving."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.frames import each_row
from cmeneeds.report.markdown import clean
from cmeneeds.report.wording import row_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Okabe and Ito's palette, distinct for colour-blind readers; shapes and direct labels help print.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C")
INK = "#1b2733"
MUTED = "#5b6b7a"
GRID = "#e3e8ed"

DPI = 220
"""Of the PNG that Word shows."""

WIDTH = 6.6
"""Inches: the text width of a printed page."""

MOST_ROWS = 10
"""Rows of the gap table that a chart shows at most."""


LEAST_ROWS = 3
"""Rows below which a picture of them says no more than the table."""


class Chart(NamedTuple):
    """A chart, and what stands below it and for those who cannot see it."""

    figure: Figure
    caption: str
    """Markdown, without numbers."""
    alt: str
    """What the chart shows, with its figures."""


def blank(width: float, height: float) -> tuple[Figure, Any]:
    """Make an empty figure with plain axes; inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9aa7b3")
    axes.tick_params(colors=INK, labelsize=9, length=3)
    axes.set_axisbelow(True)
    return figure, axes


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.svg`` and ``name.png`` into a folder, the same bytes for the same figure."""
    from matplotlib import rc_context

    folder.mkdir(parents=True, exist_ok=True)
    # A fixed salt and no date: equal figures give equal bytes. Text stays text in SVG.
    settings: Any = {"svg.hashsalt": "cmeneeds", "svg.fonttype": "none"}
    with rc_context(settings):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.set_layout_engine("none")  # everything has its place: it need not be found again
    figure.savefig(folder / f"{name}.png", dpi=DPI, metadata={"Software": None})


def names_of(rows: pd.DataFrame) -> list[str]:
    """Names of rows of the gap table, each with its number."""
    return [f"{n}. {clean(row_name(gap))}" for n, gap in enumerate(each_row(rows), 1)]


def name_rows(axes: Any, rows: pd.DataFrame, width: int = 40) -> None:
    """Name each row of the gap table at its height, the first at the top."""
    labels = [wrapped(name, width, 2) for name in names_of(rows)]
    axes.set_yticks(range(len(labels)), labels, parse_math=False, fontsize=8.5)
    axes.invert_yaxis()


def wrapped(text: str, width: int, lines: int = 3) -> str:
    """Break a name into lines; what does not fit is marked by an ellipsis."""
    folded = textwrap.wrap(text, width, max_lines=lines, placeholder=" …", break_long_words=True)
    return "\n".join(folded)
