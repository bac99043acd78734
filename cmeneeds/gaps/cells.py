"""Cells of a row that are read from its leading finding, or chosen among its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cmeneeds.evidence.study_words import mentions
from cmeneeds.frames import known, text_of
from cmeneeds.gaps.audience import Asked, Fit, fit
from cmeneeds.gaps.measure import measured
from cmeneeds.gaps.reading import Reading, lead_order
from cmeneeds.statistics import wilson


def interval_cells(f: Reading) -> dict[str, Any]:
    """The limits that the sentence prints; else Wilson's, where it gives the counts."""
    row = f.row
    if known(row.value_low) and known(row.value_high) and text_of(row.value_limits) == "CI":
        return {"cp_low": row.value_low, "cp_high": row.value_high, "cp_interval": "as printed"}
    if f.has_value and known(row.numerator) and known(row.denominator) and row.denominator > 0:
        low, high = wilson(int(row.numerator), int(row.denominator))
        return {
            "cp_low": round(100 * low, 1),
            "cp_high": round(100 * high, 1),
            "cp_interval": "computed from the counts (Wilson)",
        }
    return {}


def facts_cells(f: Reading) -> dict[str, str]:
    """Country, setting and the like, as the record says them; unknown where it does not."""
    facts = f.work.facts.row() if f.work.facts is not None else {}
    names = {
        "cp_data_years": "data_years",
        "cp_country": "countries",
        "cp_setting": "settings",
        "cp_profession": "professions",
        "cp_sample_size": "sample_size",
    }
    return {column: facts.get(name, "unknown") for column, name in names.items()}


def nearness(f: Reading, asked: Asked) -> Fit:
    """How near a finding is to the learners; what its sentence says goes before its record."""
    said = [m.value for m in mentions(f" {f.row.text} ") if m.fact == "profession"]
    return fit(asked, f.work.facts, said)


def most_local(figures: Sequence[Reading], fits: Mapping[str, Fit]) -> str:
    """Address of the figure from nearest to the learners; empty without figures."""
    if not figures:
        return ""
    nearest = min(figures, key=lambda f: (-fits[f.row.finding_id].nearness, *lead_order(f)))
    return str(nearest.row.finding_id)


def value_range(figures: Sequence[Reading], lead: Reading) -> str:
    """The lowest and the highest figure that mean the same as the leading one; empty for one.

    They do if they are shares of the same thing: who is hesitant need not intend to decline.
    """
    what = _measured(lead)
    values = sorted(
        float(f.row.value)
        for f in figures
        if f.shortfall.direction == lead.shortfall.direction and what and _measured(f) == what
    )
    if len(values) < 2 or values[0] == values[-1]:
        return ""
    return f"{values[0]:g}-{values[-1]:g}"


def _measured(f: Reading) -> str:
    position = f.row.value_start - f.row.start if known(f.row.value_start) else 0
    return measured(f.row.text, int(position))


def most_recent(figures: Sequence[Reading]) -> str:
    """Address of the figure of the most recent work; empty without figures."""
    if not figures:
        return ""
    return str(min(figures, key=lambda f: (-f.year, *lead_order(f))).row.finding_id)
