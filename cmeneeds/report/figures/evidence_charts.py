"""Charts of the evidence: what there is on which subject, from which year, and how it was found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cmeneeds.frames import each_row, text_of
from cmeneeds.report.figures.base import (
    COLOURS,
    GRID,
    INK,
    LEAST_ROWS,
    MOST_ROWS,
    MUTED,
    WIDTH,
    Chart,
    blank,
    name_rows,
    names_of,
)

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

LEVELS = {
    "K": "knowledge",
    "C": "competence",
    "P": "performance",
    "O": "patient\noutcome",
    "S": "system",
    "": "level\nnot stated",
}
_DESIGNS = (
    ("survey", COLOURS[0], "o", ("survey",)),
    ("routine data, registry or audit", COLOURS[2], "s",
     ("registry or routine data", "chart review or audit")),
    ("cohort or observational", COLOURS[5], "^", ("cohort", "observational study")),
    ("trial", COLOURS[1], "P", ("trial",)),
    ("review", COLOURS[3], "D", ("systematic review", "narrative review")),
    ("qualitative", COLOURS[4], "v", ("qualitative",)),
    ("other or unknown", COLOURS[6], "X", ()),
)  # fmt: skip
_ACROSS = 3
"""Symbols side by side in a cell of the evidence map."""
_MOST_SYMBOLS = 9

LEAST_YEARS = 3
"""Years with records below which there is no timeline."""


def _kind(design: str) -> int:
    return next((n for n, d in enumerate(_DESIGNS) if design in d[3]), len(_DESIGNS) - 1)


def evidence_map(assessment: Assessment) -> Chart | None:
    """Which records speak of which row at which level, by study design.

    None where there are fewer than :data:`~cmeneeds.report.figures.base.LEAST_ROWS` rows.
    """
    rows = assessment.presented.head(MOST_ROWS)
    if len(rows) < LEAST_ROWS:
        return None
    works = assessment.records.works
    found = {f.finding_id: f for f in each_row(assessment.findings)}
    cells: dict[tuple[int, str], dict[str, int]] = {}
    for position, gap in enumerate(each_row(rows)):
        for address in str(gap.passages).split("; "):
            finding = found.get(address)
            if finding is None:  # a passage that the writer added
                continue
            level = text_of(finding.level) or text_of(gap.gap_type)
            key = works.key_of(address)
            cells.setdefault((position, level), {})[key] = _kind(works[key].design.name)
    levels = [level for level in LEVELS if any(level == at for _, at in cells)]
    figure, axes = blank(WIDTH, 1.1 + 0.4 * len(rows))
    seen: dict[int, None] = {}
    for (position, level), held in cells.items():
        kinds = sorted(held.values())[:_MOST_SYMBOLS]
        deep = -(-len(kinds) // _ACROSS)
        for n, kind in enumerate(kinds):
            across = min(_ACROSS, len(kinds) - n // _ACROSS * _ACROSS)
            x = levels.index(level) + 0.24 * (n % _ACROSS - (across - 1) / 2)
            y = position + 0.27 * (n // _ACROSS - (deep - 1) / 2)
            axes.plot(x, y, _DESIGNS[kind][2], color=_DESIGNS[kind][1], markersize=7,
                      markeredgecolor=INK, markeredgewidth=0.4)  # fmt: skip
            seen[kind] = None
        if len(held) > _MOST_SYMBOLS:
            axes.annotate(
                f"+{len(held) - _MOST_SYMBOLS}", (levels.index(level) + 0.4, position),
                fontsize=7.5, va="center", color=INK,
            )  # fmt: skip
    name_rows(axes, rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_xticks(range(len(levels)), [LEVELS[level] for level in levels], fontsize=8.5)
    axes.set_yticks([y - 0.5 for y in range(1, len(rows))], minor=True)
    axes.set_xticks([x - 0.5 for x in range(1, len(levels))], minor=True)
    axes.grid(which="minor", color=GRID, linewidth=1)
    axes.tick_params(which="both", length=0)
    for kind in sorted(seen):
        name, colour, marker, _ = _DESIGNS[kind]
        axes.plot([], [], marker, color=colour, label=name, markeredgecolor=INK,
                  markeredgewidth=0.4)  # fmt: skip
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=min(4, len(seen)))
    names = names_of(rows)
    told = [
        f"{names[position]}, {LEVELS[level].replace(chr(10), ' ')}: "
        + ", ".join(
            f"{n} {_DESIGNS[kind][0]}" for kind, n in sorted(Counter(held.values()).items())
        )
        for (position, level), held in sorted(cells.items(), key=lambda c: (c[0][0], c[0][1]))
    ]
    return Chart(
        figure,
        "Evidence map: one symbol a record, by row of the gap table, level and study design.",
        f"Grid of records. {'; '.join(told)}.",
    )


def timeline(assessment: Assessment) -> Chart | None:
    """Records by year of publication: those behind rows, others, and guidelines.

    None where they are of fewer than :data:`LEAST_YEARS` years: two bars show no course of time.
    """
    works = assessment.records.works
    behind = {
        works.key_of(address)
        for gap in each_row(assessment.presented)
        for address in str(gap.passages).split("; ")
    }
    dated = [(key, work, work.year) for key, work in works.items() if work.year]
    if len({year for *_, year in dated}) < LEAST_YEARS:
        return None
    kinds: dict[str, Counter[int]] = {k: Counter() for k in ("rows", "others", "guidelines")}
    for key, work, year in dated:
        kind = "guidelines" if work.is_guideline else "rows" if key in behind else "others"
        kinds[kind][year] += 1
    asked = assessment.brief.years
    years = [year for *_, year in dated]
    span = range(min(asked.first, *years), max(asked.last, *years) + 1)
    figure, axes = blank(WIDTH, 2.6)
    below = [0] * len(span)
    looks = (
        ("rows", "behind a row of the gap table", COLOURS[0], ""),
        ("others", "read, not behind a row", "#c9d3dc", ""),
        ("guidelines", "guideline or consensus", COLOURS[1], "///"),
    )
    for kind, name, colour, hatch in looks:
        heights = [kinds[kind][year] for year in span]
        if any(heights):
            axes.bar(list(span), heights, 0.7, bottom=below, color=colour, label=name, hatch=hatch,
                     edgecolor=INK, linewidth=0.5)  # fmt: skip
            below = [b + h for b, h in zip(below, heights, strict=True)]
    for year, total in zip(span, below, strict=True):
        if total:
            axes.annotate(str(total), (year, total), (0, 3), textcoords="offset points",
                          ha="center", fontsize=8.5, color=MUTED)  # fmt: skip
    step = 1 if len(span) <= 12 else 5
    axes.set_xticks([y for y in span if y % step == 0])
    middle = (span[0] + span[-1]) / 2
    half = max(len(span), 6) / 2 + 0.2
    axes.set_xlim(middle - half, middle + half)
    axes.set_ylim(0, max(below) * 1.15)
    axes.set_ylabel("Records", color=INK, fontsize=9)
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=3)
    told = [
        f"{year}: {kinds['rows'][year]} behind rows, {kinds['others'][year]} others, "
        f"{kinds['guidelines'][year]} guidelines"
        for year in span
    ]
    return Chart(
        figure,
        "Timeline of evidence and guidelines, by year of publication.",
        f"Stacked bars. {'; '.join(told)}.",
    )


def flow(assessment: Assessment) -> Chart:
    """What happened to the records, from the queries to the rows: only steps that were taken."""
    c = assessment.counts
    steps: list[tuple[str, str]] = []
    aside = []
    if c["flow.not-fetched"]:
        aside.append(f"found, beyond the limit of what is read: {c['flow.not-fetched']:,}")
    if c["flow.duplicates"]:
        aside.append(f"found by an earlier query already: {c['flow.duplicates']:,}")
    steps.append((f"Retrieved by {c['queries.total']:,} queries: {c['flow.retrieved']:,}",
                  "\n".join(aside)))  # fmt: skip
    if c["flow.otherwise"]:
        steps.append((f"Added by other ways: {c['flow.otherwise']:,}", ""))
    if c["documents.study"] or c["documents.guideline"]:
        documents = c["documents.study"] + c["documents.guideline"]
        steps.append((f"Full texts and guideline documents beside them: {documents:,}", ""))
    read = f"Records read by the program: {c['records.total']:,}"
    silent = c["records.total"] - c["flow.with-findings"]
    said = f"no sentence about practice found: {silent:,}" if silent > 0 else ""
    if "screening.screened" in c:
        steps.append((f"Records: {c['records.total']:,}", ""))
        out = f"excluded by people: {c['screening.excluded']:,}"
        steps.append((f"Screened by people: {c['screening.screened']:,}", out))
        read = "Read by the program: all that were not excluded"
        said = ""
    steps.append((read, said))
    withdrawn = c["records.withdrawn"]
    steps.append(
        (f"With sentences about practice: {c['flow.with-findings']:,}",
         f"retracted, carry no row: {withdrawn:,}" if withdrawn else "")
    )  # fmt: skip
    steps.append((f"Behind rows of the gap table: {c['flow.in-rows']:,}", ""))
    return Chart(
        _boxes(steps),
        "Flow of records through the search. Only steps that were taken are shown.",
        "Flow diagram. " + "; ".join(
            step + (f" ({side.replace(chr(10), '; ')})" if side else "") for step, side in steps
        ) + ".",
    )  # fmt: skip


def _boxes(steps: list[tuple[str, str]]) -> Any:
    figure, axes = blank(WIDTH, 0.62 * len(steps) + 0.2)
    axes.set_axis_off()
    axes.set_xlim(0, 10)
    axes.set_ylim(-len(steps) + 0.5, 0.5)
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": COLOURS[0]}
    side = {"boxstyle": "round,pad=0.4", "facecolor": "#f2f5f8", "edgecolor": "#9aa7b3"}
    for n, (step, aside) in enumerate(steps):
        axes.text(2.6, -n, step, ha="center", va="center", fontsize=9, color=INK, bbox=box,
                  parse_math=False)  # fmt: skip
        if n:
            axes.annotate("", (2.6, -n + 0.25), (2.6, -n + 0.75),
                          arrowprops={"arrowstyle": "->", "color": INK})  # fmt: skip
        if aside:
            axes.text(6.1, -n - 0.5, aside, ha="left", va="center", fontsize=8.5, color=INK,
                      bbox=side, parse_math=False)  # fmt: skip
            axes.annotate("", (6.0, -n - 0.5), (2.6, -n - 0.5),
                          arrowprops={"arrowstyle": "->", "color": MUTED})  # fmt: skip
    return figure
