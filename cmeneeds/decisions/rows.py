"""Make the rows that merges, splits and gaps by hand ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cmeneeds.decisions.arrange import Arrangement, Row
from cmeneeds.decisions.evidence import source_of
from cmeneeds.decisions.model import SIDES, Decision, addresses, in_force
from cmeneeds.errors import UsageError
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.source_types import is_only_quoted

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.works import Works

Rebuild = Callable[[Sequence[Row]], "pd.DataFrame"]
"""Makes a whole gap table of rows: counts, scores, pairs and ranks anew. A row whose passages are
no findings may be left out."""

NOT_ANEW = "priority as before the change of the row, not computed anew"

_FINDING_CELLS = {
    "cp_probability": "probability",
    "cp_value": "value",
    "cp_value_text": "value_text",
    "cp_numerator": "numerator",
    "cp_denominator": "denominator",
    "cp_secondary": "secondary",
}


def trait(works: Works | None) -> Callable[[str, str], str]:
    """Tell what passages are split by; see :data:`cmeneeds.decisions.model.WAYS`."""

    def told(way: str, address: str) -> str:
        if way == "by passage":
            return address
        if way == "by source":
            return source_of(address, works)
        return _group(address, works)

    return told


def _group(address: str, works: Works | None) -> str:
    from cmeneeds.gaps.subjects import UNSTATED, group_in

    try:
        place = works.locate(address) if works is not None else None
    except UsageError:
        place = None
    return group_in(place.text, place.work).name if place else UNSTATED.name


def by_hand(decisions: Sequence[Decision], works: Works | None) -> tuple[dict[str, Row], Sides]:
    """Gather the gaps that the writer added.

    Returns
    -------
    rows : dict of str to Row
        Those that at least one passage of current practice is there for.
    sides : dict of str to dict of str to tuple of str
        Identifier -> side -> addresses that are there and of works that still stand.
    """
    sides: Sides = {}
    names: dict[str, str] = {}
    for d in decisions:
        if d.decision == "add":
            side = d.column or SIDES[0]
            usable = tuple(a for a in addresses(d.passage) if stands(a, works))
            sides.setdefault(d.gap_id, {})[side] = usable
            if side == SIDES[0]:
                names[d.gap_id] = d.value
    rows = {
        gap_id: Row(gap_id, "", given[SIDES[0]], name=names[gap_id], origin="added by hand")
        for gap_id, given in sides.items()
        if given.get(SIDES[0])
    }
    return rows, sides


Sides = dict[str, dict[str, tuple[str, ...]]]


def stands(address: str, works: Works | None) -> bool:
    """Whether a passage is there, may speak for a gap, and its source has not been withdrawn."""
    if works is None:
        return True
    try:
        work = works.locate(address).work
        return not work.standing.is_withdrawn and not is_only_quoted(work)
    except UsageError:
        return False


def with_sources(
    findings: pd.DataFrame, decisions: Iterable[Decision], works: Works
) -> pd.DataFrame:
    """Add the passages that gaps by hand rest on to the findings, so that a report can show them.

    Parameters
    ----------
    findings : DataFrame
        As computed. What is among them stays as it is.
    decisions : iterable of Decision
    works : Works

    Returns
    -------
    DataFrame
        The same columns. Passages that the writer gave have no probability, and ``added by hand``
        as their cue; passages that are not there or of withdrawn works are left out.
    """
    import pandas as pd

    here = set(findings["finding_id"])
    rows: dict[str, dict[str, Any]] = {}
    for d in in_force(decisions):
        for a in addresses(d.passage) if d.decision == "add" else ():
            if a not in here and stands(a, works):
                rows.setdefault(a, _finding(a, d.column or SIDES[0], works))
    if not rows:
        return findings
    added = pd.DataFrame(list(rows.values()), columns=list(findings.columns))
    both = [*dicts(findings), *dicts(added)]
    return pd.DataFrame(both, columns=list(findings.columns)).astype(findings.dtypes.to_dict())


def _finding(address: str, side: str, works: Works) -> dict[str, Any]:
    place = works.locate(address)
    _, section, span = address.split(".")
    start, end = map(int, span.split("-"))
    return {
        "finding_id": address,
        "source": place.work.key,
        "pmid": place.work.pmid,
        "section": -1 if section == "t" else int(section),
        "section_label": place.heading,
        "start": start,
        "end": end,
        "text": place.text,
        "label": {"best_practice": "REC", "cause": "CAUSE"}.get(side, "GAP"),
        "cues": "added by hand",
        "secondary": False,
    }


def remade(
    gaps: pd.DataFrame,
    plan: Arrangement,
    sides: Sides,
    works: Works | None,
    findings: pd.DataFrame | None,
    rebuild: Rebuild | None,
) -> pd.DataFrame:
    """Make the gap table that an arrangement asks for.

    Returns
    -------
    DataFrame
        Columns and types of ``gaps``. Computed anew by ``rebuild``; without it, rows keep the
        scores they had and say so.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    made: dict[str, dict[str, Any]] = {}
    if rebuild is not None:
        made = {str(r["gap_id"]): r for r in dicts(rebuild(list(plan.rows.values())))}
    old = {str(r["gap_id"]): r for r in dicts(gaps)}
    found = {str(f.finding_id): f for f in each_row(findings)} if findings is not None else {}
    for gap_id, row in plan.rows.items():
        cells = made.get(gap_id)
        if cells is None:
            if row.like:
                cells = _recounted(old[row.like], row, works, found)
            else:
                cells = _by_hand(row, works, found)
        if not row.like:
            cells |= _sides(sides[gap_id], works, cells)
        if row.name:
            cells["subject"] = row.name if not row.like else _part_name(old[row.like], row)
        if row.group:
            cells["group"] = row.group
        rows.append({name: cells.get(name) for name in gaps.columns})
    _rank(rows)
    rows.sort(key=lambda r: r.get("rank") or 0)
    return pd.DataFrame(rows, columns=list(gaps.columns)).astype(gaps.dtypes.to_dict())


def dicts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table by column; None where a cell is missing."""
    plain = frame.astype(object).where(frame.notna(), None)
    names = [str(name) for name in frame.columns]
    rows = plain.itertuples(index=False, name=None)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _part_name(whole: Mapping[str, Any], row: Row) -> str:
    """A part that nobody named is told from the others by what it was split by."""
    return f"{text_of(whole.get('subject'))}: {row.name}"


def _recounted(
    whole: Mapping[str, Any], row: Row, works: Works | None, found: Mapping[str, Any]
) -> dict[str, Any]:
    """Count a changed row again without the analysis behind the table."""
    cells = dict(whole) | {"gap_id": row.gap_id}
    listed = list(row.passages)
    if row.against:
        cells["contradicting_passages"] = "; ".join(row.against)
    if row.passages == addresses(text_of(whole.get("passages"))):
        return cells
    if text_of(whole.get("cp_passage")) not in listed:
        cells |= _lead(listed[0], works, found)
    figures = [found[a] for a in listed if a in found]
    cells |= {
        "passages": "; ".join(listed),
        "sources_n": len({source_of(a, works) for a in listed}),
        "rates_n": sum(known(f.value) for f in figures) if figures else None,
        "priority_words": NOT_ANEW,
    }
    return cells


def _lead(address: str, works: Works | None, found: Mapping[str, Any]) -> dict[str, Any]:
    """Cells of the passage that speaks for a row."""
    cells: dict[str, Any] = {
        "current_practice": None,
        "cp_passage": address,
        "cp_source": source_of(address, works),
        "cp_pmid": None,
        "cp_direction": "unknown",
        "cp_year": None,
        "cp_design": "unknown",
        "cp_range": None,
        "cp_recent_passage": None,
    }
    if works is not None and stands(address, works):
        place = works.locate(address)
        cells |= {
            "current_practice": place.text,
            "cp_pmid": place.work.pmid,
            "cp_year": place.work.year,
            "cp_design": place.work.design.name,
        }
    finding = found.get(address)
    for name, source in _FINDING_CELLS.items():
        cell = getattr(finding, source) if finding is not None else None
        cells[name] = cell if known(cell) else None
    return cells


def _by_hand(row: Row, works: Works | None, found: Mapping[str, Any]) -> dict[str, Any]:
    """A gap by hand whose passages the analysis does not know; it has no scores."""
    finding = found.get(row.passages[0])
    level = text_of(finding.level) if finding is not None else ""
    actor = text_of(finding.actor) if finding is not None else ""
    return {
        "gap_id": row.gap_id,
        "subject": row.name,
        "group": "group not stated",
        "actor": actor,
        "gap_type": level,
        "direction": "unknown",
        **_lead(row.passages[0], works, found),
        "achievable_rate": "unknown: no sourced target or benchmark",
        "priority_words": "added by hand: no priority is computed",
        "passages": "; ".join(row.passages),
        "sources_n": len({source_of(a, works) for a in row.passages}),
        "cohorts_n": len({source_of(a, works) for a in row.passages}),
        "rates_n": sum(known(found[a].value) for a in row.passages if a in found),
        "causes_n": 0,
    }


def _sides(
    given: Mapping[str, tuple[str, ...]], works: Works | None, made: Mapping[str, Any]
) -> dict[str, Any]:
    """Cells of the sides that the writer gave, and what is missing still."""
    cells: dict[str, Any] = {}
    practice = {source_of(a, works) for a in given.get(SIDES[0], ())}
    best, causes = given.get(SIDES[1], ()), given.get(SIDES[2], ())
    independent = [a for a in best if source_of(a, works) not in practice]
    missing = [
        m for m in text_of(made.get("missing")).split("; ") if m and "best practice" not in m
    ]
    if not best and not text_of(made.get("bp_passage")):
        missing.insert(0, "best practice: no passage that is among the records was given")
    elif not best:
        missing = [text_of(made.get("missing"))]
    elif not independent:
        missing.insert(
            0,
            "independent best practice: the only recommendation comes from a record that also "
            "reports the shortfall",
        )
    for prefix, text, listed in (("bp", "best_practice", best), ("cause", "cause", causes)):
        if not listed:
            continue
        first = independent[0] if prefix == "bp" and independent else listed[0]
        place = works.locate(first) if works is not None else None
        cells |= {
            text: place.text if place else None,
            f"{prefix}_passage": first,
            f"{prefix}_source": source_of(first, works),
            f"{prefix}_pmid": place.work.pmid if place else None,
        }
        if prefix == "bp":
            cells |= dict.fromkeys(("bp_strength", "bp_grade", "bp_level", "bp_system", "bp_body"))
            cells |= {
                "bp_year": place.work.year if place else None,
                "bp_guideline": place.work.is_guideline if place else None,
                "pairing": "paired by the writer",
                "searched": None,
                "recommendation_passages": "; ".join(listed),
            }
        else:
            cells |= {"causes_n": len(listed), "cause_passages": "; ".join(listed)}
    said = "; ".join(filter(None, missing))
    return cells | {"status": "candidate" if said else "gap", "missing": said}


def _rank(rows: list[dict[str, Any]]) -> None:
    """Number the rows: gaps first, each by priority; those without one after those with one."""
    if any("rank" not in row for row in rows):
        return
    order = sorted(
        rows,
        key=lambda r: (
            r.get("status") != "gap",
            r.get("priority") is None,
            -(r.get("priority") or 0.0),
            str(r["gap_id"]),
        ),
    )
    for rank, row in enumerate(order, 1):
        row["rank"] = rank
        for name, worse in (("rank_best", min), ("rank_worst", max)):
            if name in row:
                row[name] = rank if row[name] is None else worse(row[name], rank)
