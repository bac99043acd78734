"""From gaps to educational needs, learning objectives and outcome measures.

All wording comes from ``data/education.yaml`` and is filled only with the subject of a gap and the
audience of the brief. It is a proposal: relevance to the actual learners is the provider's
judgement, so every row says ``awaiting writer`` until a person has confirmed it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from cmeneeds.brief import Brief
from cmeneeds.frames import each_row, known

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "to be measured before the activity, with the same instrument"
"""A published rate is not the learners' baseline."""

OBJECTIVE_COLUMNS = (
    "objective_id",
    "gap_id",
    "subject",
    "gap_type",
    "need",
    "addressable",
    "verb",
    "objective",
    "moore_level",
    "outcome_measure",
    "instrument",
    "time_point",
    "baseline",
    "reference_value",
    "reference_passage",
    "formats",
    "format_rationale",
    "confirmed",
)


@cache
def education_wording() -> dict[str, dict[str, Any]]:
    """Read the wording by gap type."""
    text = (files("cmeneeds.data") / "education.yaml").read_text("utf-8")
    wording: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return wording


def plan_education(gaps: pd.DataFrame, brief: Brief) -> pd.DataFrame:
    """Propose a need, an objective and a measure for each row of the gap table.

    Parameters
    ----------
    gaps : DataFrame
        From :func:`cmeneeds.analyze_gaps`. Rows that the writer rejected are left out.
    brief : Brief

    Returns
    -------
    DataFrame
        Shape (rows, ``len(OBJECTIVE_COLUMNS)``), in the order of the gaps. ``reference_value`` is
        the published figure of the gap, with its passage; it is no baseline. Rows without a gap
        type have no objective, because nothing says what kind of education would help.
    """
    import pandas as pd

    wording = education_wording()
    audience = _audience(brief)
    rows: list[tuple[Any, ...]] = []
    for gap in each_row(gaps):
        if getattr(gap, "decision", "") == "reject" or gap.gap_type not in wording:
            continue
        words = wording[gap.gap_type]
        fill = {"subject": _inside(str(gap.subject)), "audience": audience}
        measured = known(gap.cp_value_text)
        rows.append(
            (
                str(gap.gap_id).replace("G-", "LO-", 1),
                gap.gap_id,
                gap.subject,
                gap.gap_type,
                words["need"].format(**fill),
                words["addressable"],
                words["verb"],
                words["objective"].format(**fill),
                words["moore"],
                words["measure"],
                words["instrument"],
                words["time_point"],
                BASELINE,
                gap.cp_value_text if measured else "unknown",
                gap.cp_passage,
                "; ".join(words["formats"]),
                words["rationale"],
                "awaiting writer",
            )
        )
    return pd.DataFrame(rows, columns=list(OBJECTIVE_COLUMNS)).astype("string")


def _audience(brief: Brief) -> str:
    names = []
    for group in brief.audience:
        name = f"{group.specialty} {group.profession}" if group.specialty else group.profession
        names.append(name)
    text = " and ".join(dict.fromkeys(names))
    return text[:1].upper() + text[1:]


def _inside(name: str) -> str:
    """Lower the first letter of a name inside a sentence, unless it is an abbreviation."""
    first = name.split(" ", 1)[0]
    plain = first[:1].isupper() and first[1:].islower()
    return name[:1].lower() + name[1:] if plain else name
