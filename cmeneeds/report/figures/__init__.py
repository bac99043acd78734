"""The charts of a report, as SVG for HTML and PNG for Word, the same bytes for the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmeneeds.report.figures.base import DPI, Chart, save
from cmeneeds.report.figures.evidence_charts import evidence_map, flow, timeline
from cmeneeds.report.figures.gap_charts import barriers, magnitude, stability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmeneeds.assessment import Assessment

__all__ = ["CHARTS", "DPI", "Chart", "draw", "save"]

CHARTS: dict[str, Callable[[Assessment], Chart | None]] = {
    "magnitude": magnitude,
    "barriers": barriers,
    "evidence-map": evidence_map,
    "timeline": timeline,
    "flow": flow,
    "stability": stability,
}
"""Every chart by the name of its file; one that has nothing to show gives None."""


def draw(assessment: Assessment) -> Iterator[tuple[str, Chart]]:
    """Draw every chart that has something to show, by the name of its file."""
    for name, make in CHARTS.items():
        chart = make(assessment)
        if chart is not None:
            yield name, chart
