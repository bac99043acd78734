"""Tables of a run as a client may have them: what the report quotes, and no note of the writer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from cmeneeds.accreditation import crosswalk
from cmeneeds.frames import each_row, text_of
from cmeneeds.independence import register
from cmeneeds.report.reading import Passage

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

QUOTED: Final = {
    "cp_passage": ("current_practice", "cp_who", "cp_sample_size"),
    "bp_passage": ("best_practice",),
    "cause_passage": ("cause", "need_K", "need_C", "need_P"),
    "consequence_passage": ("consequence",),
}
"""Columns of the gap table that hold words of a passage, by the column with its address."""

_INTERNAL: Final = ("decision", "seen", "flags", "searched")
"""Columns of the writer's own work, by how they begin."""

EVIDENCE_COLUMNS = ("passage", "source", "pmid", "year", "text", "label", "standing", "url")


def client_tables(
    assessment: Assessment, cited: set[str], *, names: bool = False
) -> dict[str, pd.DataFrame]:
    """The tables of a package.

    Parameters
    ----------
    assessment : Assessment
    cited : set of str
        Addresses of the passages that the report quotes in full.
    names : bool
        Keep who decided on each row.
    """
    gaps = assessment.register[assessment.register["decision"] != "reject"]
    keep = [
        c for c in gaps.columns
        if not c.startswith(_INTERNAL) or (names and c in ("decision", "decision_by"))
    ]  # fmt: skip
    gaps = gaps[keep].copy()
    for passage, columns in QUOTED.items():
        unquoted = ~gaps[passage].isin(cited)
        for column in columns:
            if column in gaps:
                gaps[column] = gaps[column].mask(unquoted)
    full = {str(row.gap_id) for row in fully_cited(assessment, cited)}
    objectives = assessment.planned[assessment.planned["gap_id"].isin(full)]
    return {
        "gaps": gaps,
        "objectives": objectives,
        "crosswalk": crosswalk(assessment),
        "contributors": register(assessment),
        "search_log": assessment.records.search_log,
    }


def fully_cited(assessment: Assessment, cited: set[str]) -> list[Any]:
    """The presented rows all of whose quoted cells the report quotes too."""
    return [
        row
        for row in each_row(assessment.presented)
        if all(
            address in cited
            for column in QUOTED
            if (address := text_of(getattr(row, column)))
        )
    ]  # fmt: skip


def quoted_table(assessment: Assessment, passages: Iterable[Passage]) -> pd.DataFrame:
    """The sentences that the report quotes, each with its source and standing."""
    works = assessment.records.works
    lines = []
    for p in passages:
        located = works.locate(p.address)
        work = located.work
        lines.append(
            (
                p.address, work.key, work.article.pmid if work.article is not None else None,
                work.year or None, located.text, p.label, work.standing.status, work.page,
            )
        )  # fmt: skip
    types = dict.fromkeys(EVIDENCE_COLUMNS, "string") | {"pmid": "Int64", "year": "Int64"}
    return pd.DataFrame(lines, columns=list(EVIDENCE_COLUMNS)).astype(types)
