"""Charts of the gap table: how large, how stable its order, and which barriers are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cmeneeds.frames import each_row, known
from cmeneeds.report.figures.base import (
    COLOURS,
    GRID,
    INK,
    LEAST_ROWS,
    MOST_ROWS,
    WIDTH,
    Chart,
    blank,
    name_rows,
    names_of,
    wrapped,
)
from cmeneeds.report.markdown import clean
from cmeneeds.report.writing import percentage

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

_LOOKS = {
    "too low": (COLOURS[0], "o", "share of what is wanted"),
    "too high": (COLOURS[5], "s", "share of what is not wanted"),
    "unknown": (COLOURS[6], "D", "direction unknown"),
}

_LIMIT = re.compile(
    r"\s*(?P<not>no |not )?(?:"
    r"(?P<below>less than|fewer than|lower than|under|below|up to|at most|[<≤])"
    r"|(?P<above>more than|greater than|higher than|over|above|at least|[>≥]))",
    re.IGNORECASE,
)  # fmt: skip
_ARROW = 8.0
"""Percentage points: the length of the arrow of a limit."""


def limit_of(value_text: str) -> str:
    """Tell on which side of a stated limit a value lies.

    Parameters
    ----------
    value_text : str
        A figure as a source words it, such as ``less than half``.

    Returns
    -------
    str
        ``below``, ``above``, or empty where the figure itself is stated.
    """
    found = _LIMIT.match(value_text)
    if found is None:
        return ""
    below = bool(found["below"]) != bool(found["not"])
    return "below" if below else "above"


def magnitude(assessment: Assessment) -> Chart | None:
    """Published figures of the gap table with their intervals and targets; None without figures."""
    rows = assessment.presented.head(MOST_ROWS)
    if not rows["cp_value"].notna().any():
        return None
    names = names_of(rows)
    rows = rows.assign(name=names)[rows["cp_value"].notna()]
    figure, axes = blank(WIDTH, 0.75 + 0.29 * len(rows))
    seen: dict[str, None] = {}
    told = []
    limits = False
    for position, gap in enumerate(each_row(rows)):
        colour, marker, meaning = _LOOKS[str(gap.cp_direction)]
        value = float(gap.cp_value)
        axes.plot([0, 100], [position, position], color=GRID, linewidth=0.8, zorder=0)
        end = value
        if known(gap.cp_low):
            low, high = float(gap.cp_low), float(gap.cp_high)
            axes.errorbar(
                value, position, xerr=[[max(0, value - low)], [max(0, high - value)]],
                color=colour, capsize=3, linewidth=1.6,
            )  # fmt: skip
            end = max(end, high)
        if known(gap.target):
            axes.plot(
                float(gap.target), position, "|", color=INK, markersize=14, markeredgewidth=2,
                label=None if "target" in seen else "target that a source states",
            )  # fmt: skip
            seen["target"] = None
        stated = clean(str(gap.cp_value_text))
        shown = percentage(stated)
        limit = limit_of(stated)
        if limit:
            tip = max(0.0, value - _ARROW) if limit == "below" else min(100.0, value + _ARROW)
            axes.annotate(
                "", (tip, position), (value, position), annotation_clip=False,
                arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6,
                            "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
            end = max(end, tip)
            limits = True
        axes.plot(
            value, position, marker, color=colour, markersize=8, clip_on=False,
            markerfacecolor="white" if limit else colour, markeredgewidth=1.6, zorder=4,
        )  # fmt: skip
        if meaning not in seen:  # the legend shows the full mark
            axes.plot([], [], marker, color=colour, markersize=8, label=meaning)
        axes.annotate(
            shown, (end, position), (9, 0), textcoords="offset points", va="center",
            fontsize=8.5, color=INK, annotation_clip=False, parse_math=False,
        )  # fmt: skip
        seen[meaning] = None
        told.append(f"{gap.name}: {shown}" + f" (a limit: the value lies {limit} it)" * bool(limit))
    axes.set_yticks(
        range(len(rows)), [wrapped(n, 60, 2) for n in rows["name"]], parse_math=False, fontsize=8
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("Percent, as the record reports it", color=INK, fontsize=9)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=len(seen))
    return Chart(
        figure,
        "Published figures of the gap table, with the interval where it is known."
        + " An open mark with an arrow: the source states a limit only, and the value lies on the "
        "arrow's side." * limits,
        f"Dot chart, zero to one hundred percent. {'; '.join(told)}.",
    )


def stability(assessment: Assessment) -> Chart | None:
    """Priority of each row, and how far its rank moves when one weight is halved or doubled.

    None where fewer than :data:`~cmeneeds.report.figures.base.LEAST_ROWS` rows have a rank.
    """
    if not assessment.has_order:
        return None
    rows = assessment.presented
    rows = rows[rows["rank_best"].notna()].head(MOST_ROWS)
    if len(rows) < LEAST_ROWS:
        return None
    figure, axes = blank(WIDTH, 0.9 + 0.36 * len(rows))
    told = []
    last = int(rows["rank_worst"].max())
    for position, (name, gap) in enumerate(zip(names_of(rows), each_row(rows), strict=True)):
        best, worst, rank = int(gap.rank_best), int(gap.rank_worst), int(gap.rank)
        axes.plot(
            [best, worst], [position, position], color=COLOURS[4], linewidth=7,
            solid_capstyle="round",
        )  # fmt: skip
        axes.plot(rank, position, "o", color=INK, markersize=7)
        if known(gap.priority):
            axes.annotate(
                f"{float(gap.priority):.1f}", (1.01, position), xycoords=("axes fraction", "data"),
                va="center", fontsize=8.5, color=INK,
            )  # fmt: skip
        told.append(f"{name}: rank {rank}, between {best} and {worst}")
    name_rows(axes, rows)
    axes.set_title("Priority", loc="right", fontsize=8.5, color=INK)
    axes.set_xlim(0.5, last + 0.5)
    axes.set_xticks([r for r in range(1, last + 1) if last <= 12 or r % 5 == 0 or r == 1])
    axes.set_xlabel("Rank (dot), and how far it moves under other weights (bar)", fontsize=9)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    return Chart(
        figure,
        "Priority and its stability. The bar shows how far the rank moves when one of the weights "
        "in turn is lowered or raised. Gaps stay before candidates.",
        f"Dot chart of ranks. {'; '.join(told)}.",
    )


def barriers(assessment: Assessment) -> Chart | None:
    """How many rows name each barrier: Cabana's factors against COM-B; None without causes."""
    held = assessment.barriers
    if not held:
        return None
    order = ("knowledge", "attitude", "external")
    factors = sorted({f for f, _ in held}, key=lambda f: (order.index(f.partition(":")[0]), f))
    components = sorted({c for _, c in held})
    figure, axes = blank(WIDTH, 1.1 + 0.42 * len(factors))
    most = max(map(len, held.values()))
    grid = [[len(held.get((f, c), ())) for c in components] for f in factors]
    axes.imshow(grid, cmap="Blues", aspect="auto", vmin=0, vmax=most * 1.3)
    for y, line in enumerate(grid):
        for x, number in enumerate(line):
            if number:
                axes.text(
                    x, y, str(number), ha="center", va="center", fontsize=10,
                    color="white" if number > 0.7 * most * 1.3 else INK,
                )  # fmt: skip
    axes.set_xticks(range(len(components)), [wrapped(c, 14) for c in components], fontsize=8.5)
    axes.set_yticks(range(len(factors)), [wrapped(f, 34) for f in factors], fontsize=8.5)
    axes.set_xticks([x - 0.5 for x in range(1, len(components))], minor=True)
    axes.set_yticks([y - 0.5 for y in range(1, len(factors))], minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    told = [f"{f} and {c}: {len(ids)}" for (f, c), ids in held.items()]
    return Chart(
        figure,
        "Barriers: in how many rows of the gap table a passage names each of them. Rows: factors "
        "after Cabana; columns: components of COM-B.",
        f"Grid of barriers. {'; '.join(told)}.",
    )
