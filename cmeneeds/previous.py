"""What a report needs to know of the report before it, to say what has changed.

Kept in the snapshot of the new run, so that ``verify`` derives the change log again from what
stands in the run itself. Everything here is text as the tables show it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cmeneeds.frames import each_row, known, text_of
from cmeneeds.records import to_json

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

PASSAGES: Final = (
    "passages", "recommendation_passages", "cause_passages", "contradicting_passages",
    "consequence_passage", "bp_passage", "target_passage",
)  # fmt: skip
"""Columns of the gap table with the passages that a row rests on."""

COMPARED: Final = (
    "status",
    "missing",
    "cp_value_text",
    "cp_numerator",
    "cp_denominator",
    "cp_passage",
    "cp_range",
    "best_practice",
    "bp_passage",
    "bp_strength",
    "bp_grade",
    "target",
    "delta",
    "cause_codes",
    "education_addressable",
    "contradicting_passages",
    "sources_n",
    "cohorts_n",
)
"""Columns of the gap table whose change is told."""

_CITATION: Final = re.compile(r"(?<![\w.])@([A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9])")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the gap table as it was."""

    name: str
    cells: dict[str, str]
    """Of :data:`COMPARED`, by column; empty ones are left out."""
    rank: int
    best: int
    worst: int
    """The ranks between which halved and doubled weights move it."""
    sources: tuple[str, ...] = ()
    """Citation keys of what it rests on."""


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """The report before, as far as its change log needs it."""

    run: str
    """Name of its folder."""
    searched_at: str
    data_date: str
    since: str = ""
    """ISO day from which on new records were searched; empty for a full search."""
    brief: str = ""
    """Digest of its brief."""
    rows: dict[str, Row] = {}
    """By ``gap_id``."""
    records: dict[str, str] = {}
    """Citation key to digest of the record or document."""
    cited: dict[str, tuple[str, ...]] = {}
    """Works that its report cites, with the headings of the sections that do."""
    standings: dict[str, str] = {}
    """Of the works that its report cites or its rows rest on."""
    newer: dict[str, str] = {}
    """Guidelines for which a newer version was known."""
    looks: tuple[str, ...] = ()
    """Decisions that needed another look already."""
    elsewhere: dict[str, str] = {}
    """Standing today of works that the new search no longer finds."""

    @property
    def relied_on(self) -> tuple[str, ...]:
        """Works that the report cited or a row of its table rested on."""
        behind = (key for row in self.rows.values() for key in row.sources)
        return tuple(dict.fromkeys((*self.cited, *behind)))


def previous_of(assessment: Assessment, run: str, report: str) -> Previous:
    """Keep what a change log needs of a report.

    Parameters
    ----------
    assessment : Assessment
        Derived from its snapshot.
    run : str
        Name of its folder.
    report : str
        Text of its ``report.md``.
    """
    records = assessment.records
    rows = rows_of(assessment)
    kept = Previous(
        run=run,
        searched_at=records.searched_at,
        data_date=records.data_date,
        brief=assessment.brief.digest,
        rows=rows,
        records=digests(assessment),
        cited=citations(report),
        newer=newer_of(assessment),
        looks=tuple(looks_of(assessment)),
    )
    works = records.works
    return msgspec.structs.replace(
        kept,
        standings={k: works[k].standing.status for k in kept.relied_on if k in works},
    )


def rows_of(assessment: Assessment) -> dict[str, Row]:
    """The rows of a gap table, by ``gap_id``."""
    from cmeneeds.report.wording import row_name

    found = {}
    for gap in each_row(assessment.gaps):
        cells = {name: shown(getattr(gap, name)) for name in COMPARED}
        passages = (a for c in PASSAGES for a in text_of(getattr(gap, c)).split("; ") if a)
        sources = {assessment.records.works.key_of(a) for a in passages}
        rank = int(gap.rank)
        found[str(gap.gap_id)] = Row(
            name=row_name(gap),
            cells={name: cell for name, cell in cells.items() if cell},
            rank=rank,
            best=int(gap.rank_best) if known(gap.rank_best) else rank,
            worst=int(gap.rank_worst) if known(gap.rank_worst) else rank,
            sources=tuple(sorted(filter(None, sources))),
        )
    return found


def digests(assessment: Assessment) -> dict[str, str]:
    """Which revision of each work there is, by citation key."""
    found = {}
    for article in assessment.records.articles:
        found[f"pmid-{article.pmid}"] = hashlib.sha256(to_json(article)).hexdigest()[:16]
    for document in assessment.records.documents:
        # What it says, not when it was fetched.
        content = msgspec.json.encode((document.title, document.edition, document.parts))
        found.setdefault(document.id, hashlib.sha256(content).hexdigest()[:16])
    return found


def citations(report: str) -> dict[str, tuple[str, ...]]:
    """Which works a report cites, and under which of its main headings."""
    found: dict[str, dict[str, None]] = {}
    heading = "Title page"
    for line in report.splitlines():
        if line.startswith("# "):
            heading = re.sub(r"\s*\{[^}]*\}\s*$", "", line[2:]).strip()
        for key in _CITATION.findall(line):
            found.setdefault(key, {})[heading] = None
    return {key: tuple(headings) for key, headings in found.items()}


def newer_of(assessment: Assessment) -> dict[str, str]:
    """Guidelines with a newer version, and which."""
    from cmeneeds.guideline_cards.superseding import superseded

    found = superseded(assessment.records.works, assessment.records.cards)
    return {key: newer.words for key, newer in found.items()}


def looks_of(assessment: Assessment) -> Mapping[str, str]:
    """Decisions that could not be applied as they stand: what each is, and why not."""
    found = {}
    for d in each_row(assessment.decisions):
        if d.state in ("applied", "superseded"):
            continue
        about = (d.decision, d.gap_id, d.column, d.by, d.date)
        found["; ".join(filter(None, map(text_of, about)))] = text_of(d.flag) or text_of(d.state)
    return found


def shown(value: Any) -> str:
    """A cell as its table shows it."""
    if not known(value):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def together(parts: Iterable[str]) -> str:
    """Several names in one cell."""
    return "; ".join(parts)
