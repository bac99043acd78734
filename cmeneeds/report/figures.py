"""The charts of a report, as SVG for HTML and PNG for Word, the same bytes for the same data."""

from __future__ import annotations

import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.study import study_design
from cmeneeds.frames import each_row
from cmeneeds.report.markdown import clean
from cmeneeds.report.writing import percentage
from cmeneeds.strategy import all_facets

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from cmeneeds.assessment import Assessment

# Okabe and Ito's palette, distinct for colour-blind readers; hatches and direct labels help print.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C")
INK = "#1b2733"
MUTED = "#5b6b7a"

DPI = 220


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9aa7b3")
    axes.tick_params(colors=INK, labelsize=9, length=3)
    return figure, axes


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write ``name.svg`` and ``name.png`` into a folder."""
    from matplotlib import rc_context

    folder.mkdir(parents=True, exist_ok=True)
    # A fixed salt and no date: equal figures give equal bytes. Text stays text in SVG.
    settings: Any = {"svg.hashsalt": "cmeneeds", "svg.fonttype": "none"}
    with rc_context(settings):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.savefig(folder / f"{name}.png", dpi=DPI, metadata={"Software": None})


def publications(assessment: Assessment) -> Figure:
    """Records by year of publication, stacked by the first facet that found them."""
    titles = {f.name: f.title for f in all_facets()}
    years = Counter(
        (a.year, (assessment.records.facets.get(a.pmid) or ("",))[0])
        for a in assessment.records.articles
        if a.year
    )
    asked = assessment.brief.years
    # All years that were asked for: an empty year says something too. Issues may be dated ahead.
    span = range(
        min([asked.first, *(y for y, _ in years)]), max([asked.last, *(y for y, _ in years)]) + 1
    )
    figure, axes = _figure(6.6, 3.0)
    below = [0] * len(span)
    for colour, (name, title) in zip(COLOURS, titles.items(), strict=False):
        heights = [years.get((year, name), 0) for year in span]
        if any(heights):
            axes.bar(
                list(span), heights, 0.7, bottom=below, color=colour, label=title,
                edgecolor="white", linewidth=0.6,
            )  # fmt: skip
            below = [b + h for b, h in zip(below, heights, strict=True)]
    for year, total in zip(span, below, strict=True):
        if total:
            axes.annotate(
                str(total), (year, total), (0, 3), textcoords="offset points", ha="center",
                fontsize=8.5, color=MUTED,
            )  # fmt: skip
    axes.set_xticks([y for y in span if len(span) <= 12 or y % 5 == 0])
    axes.set_xlim(span[0] - 0.8, max(span[-1], span[0] + 3) + 0.8)
    axes.set_ylabel("Records", color=INK, fontsize=9)
    axes.legend(
        frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True
    )
    return figure


def magnitude(assessment: Assessment, most: int = 12) -> Figure | None:
    """Published figures of the gap table as dots from 0 to 100 percent; None without figures."""
    rows = assessment.presented
    rows = rows[rows["cp_value"].notna()].head(most)
    if rows.empty:
        return None
    figure, axes = _figure(6.6, 0.9 + 0.42 * len(rows))
    looks = {
        "too low": (COLOURS[0], "o", "share of what is wanted"),
        "too high": (COLOURS[5], "s", "share of what is not wanted"),
        "unknown": (COLOURS[6], "D", "direction unknown"),
    }
    seen: set[str] = set()
    for position, gap in enumerate(each_row(rows)):
        colour, marker, meaning = looks[str(gap.cp_direction)]
        value = float(gap.cp_value)
        axes.plot([0, value], [position, position], color=colour, linewidth=1.2, alpha=0.45)
        axes.plot(
            value, position, marker, color=colour, markersize=7, clip_on=False,
            label=meaning if meaning not in seen else None,
        )  # fmt: skip
        axes.annotate(
            percentage(clean(str(gap.cp_value_text))), (value, position), (7, 0),
            textcoords="offset points", va="center", fontsize=8.5, color=INK,
            annotation_clip=False, parse_math=False,
        )  # fmt: skip
        seen.add(meaning)
    _name_rows(axes, rows)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Percent, as the record reports it", color=INK, fontsize=9)
    axes.grid(axis="x", color="#e3e8ed", linewidth=0.8)
    axes.set_axisbelow(True)
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=len(seen))
    return figure


def _name_rows(axes: Any, rows: pd.DataFrame) -> None:
    """Name each row of the gap table at its height, the first at the top."""
    labels = []
    for gap in each_row(rows):
        subject = clean(str(gap.subject))
        name = f"{subject[:1].upper()}{subject[1:]}: {gap.group}"
        labels.append(textwrap.shorten(name, 46, placeholder=" …"))
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.invert_yaxis()


def stability(assessment: Assessment, most: int = 12) -> Figure | None:
    """Rank of each row, and how far it moves when one weight is halved or doubled.

    None where there are fewer than two rows: there is no order to speak of.
    """
    if not assessment.has_order:
        return None
    rows = assessment.presented
    rows = rows[rows["rank_best"].notna()].head(most)
    figure, axes = _figure(6.6, 0.9 + 0.34 * len(rows))
    for position, gap in enumerate(each_row(rows)):
        best, worst, rank = int(gap.rank_best), int(gap.rank_worst), int(gap.rank)
        axes.plot(
            [best, worst], [position, position], color=COLOURS[0], linewidth=5, alpha=0.3,
            solid_capstyle="round",
        )  # fmt: skip
        axes.plot(rank, position, "o", color=COLOURS[0], markersize=7)
    _name_rows(axes, rows)
    last = int(rows["rank_worst"].max())
    axes.set_xlim(0.5, last + 0.5)
    axes.set_xticks([r for r in range(1, last + 1) if last <= 12 or r % 5 == 0 or r == 1])
    axes.set_xlabel("Rank; the bar is how far it moves", color=INK, fontsize=9)
    axes.grid(axis="x", color="#e3e8ed", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def source_map(assessment: Assessment) -> Figure:
    """How many records of each study design each facet found, as a labelled grid."""
    titles = {f.name: f.title for f in all_facets()}
    cells = Counter(
        (study_design(a).name, facet)
        for a in assessment.records.articles
        for facet in assessment.records.facets.get(a.pmid, ())
    )
    totals: Counter[str] = Counter()
    for (design, _), number in cells.items():
        totals[design] += number
    designs = sorted(totals, key=lambda d: (-totals[d], d))
    facets = [f for f in titles if any(f == facet for _, facet in cells)]
    figure, axes = _figure(6.6, 1.2 + 0.3 * len(designs))
    grid = [[cells.get((d, f), 0) for f in facets] for d in designs]
    axes.imshow(grid, cmap="Blues", aspect="auto", vmin=0, vmax=max(max(r) for r in grid) * 1.35)
    for y, row in enumerate(grid):
        for x, number in enumerate(row):
            if number:
                dark = number > 0.75 * max(max(r) for r in grid)
                axes.text(
                    x, y, str(number), ha="center", va="center", fontsize=8.5,
                    color="white" if dark else INK,
                )  # fmt: skip
    heads = [textwrap.fill(titles[f], 12, break_long_words=False) for f in facets]
    axes.set_xticks(range(len(facets)), heads, fontsize=7)
    axes.set_yticks(
        range(len(designs)), ["design unknown" if d == "unknown" else d for d in designs]
    )
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
