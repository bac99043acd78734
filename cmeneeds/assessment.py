"""Everything that a report is made from, derived from a brief and its records in one go.

A report and its verifier both call :func:`assess`, so a claim can be checked by deriving it again
from the run's own snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from cmeneeds.brief import Brief
from cmeneeds.checks.gap_logic import check_gaps, flags
from cmeneeds.decisions import (
    Decision,
    decided,
    unsigned,
    with_edits,
    with_proposals,
    with_sources,
)
from cmeneeds.education import OBJECTIVE_COLUMNS, plan_education
from cmeneeds.errors import NoEvidence
from cmeneeds.evidence.findings import find
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.gaps.causes import codes_of
from cmeneeds.gaps.priority import SCORES, priority_settings
from cmeneeds.gaps.table import analyze_gaps
from cmeneeds.guideline_cards import guideline_cards
from cmeneeds.interviews.voices import Voices
from cmeneeds.learner_data import LearnerEvidence, triangulation
from cmeneeds.retrieval import Records
from cmeneeds.workbench.progress import quiet

if TYPE_CHECKING:
    import pandas as pd


PLANNED = {
    "objective_ids": "objective_id",
    "need_K": "need_K",
    "need_C": "need_C",
    "need_P": "need_P",
    "competency": "competencies",
    "moore_target": "moore_level",
    "outcome_measure": "outcome_measure",
    "instrument": "instrument",
    "time_point": "time_point",
    "baseline": "baseline",
}
"""Columns of the register that come from the objectives."""


SCREENING = ("screened", "included", "excluded", "maybe", "conflict", "unscreened")
"""What is counted of screening, where somebody has screened; see ``ScreeningCounts``."""


@dataclass(frozen=True, repr=False)
class Assessment:
    """A needs assessment before it is written down.

    Attributes
    ----------
    brief : Brief
    records : Records
    findings, gaps, objectives, decisions : DataFrame
        The tables of a run, in their final order. ``gaps`` carries the writer's decisions in
        columns of their own.
    cited : frozenset of str, optional
        Of a final report: addresses of all passages that it cites.
    """

    brief: Brief
    records: Records
    findings: pd.DataFrame
    gaps: pd.DataFrame
    objectives: pd.DataFrame
    decisions: pd.DataFrame
    cited: frozenset[str] | None = None

    def __repr__(self) -> str:
        """One line."""
        from cmeneeds.workbench.displays import assessment_words

        return assessment_words(self)

    def _repr_html_(self) -> str:
        from cmeneeds.workbench.displays import assessment_html
        from cmeneeds.workbench.page import styled

        return styled(assessment_html(self))

    @property
    def is_sample(self) -> bool:
        """Whether it rests on the sample corpus (design law 5)."""
        return self.records.source_kind == "sample"

    @property
    def is_signed(self) -> bool:
        """Whether a final report was asked for, and named persons have signed all of it.

        Every row that the report presents is accepted, and every passage that it cites confirmed
        (design law 11). A report is only known to cite what it cites once it is written, so a
        draft is never signed: see :func:`cmeneeds.report.final.make_final`.
        """
        return self.cited is not None and not unsigned(self.gaps, self.decisions, self.cited)

    @property
    def status_line(self) -> str:
        """What every file of the run says about itself."""
        parts = ["final" if self.is_signed else "DRAFT, not signed"]
        if self.is_sample:
            parts.append("SAMPLE CORPUS, NOT PUBMED")
        return "; ".join(parts)

    @cached_property
    def presented(self) -> pd.DataFrame:
        """The rows that the writer has not rejected, in the writer's words."""
        gaps = with_edits(self.gaps, self.decisions)
        return gaps[gaps["decision"] != "reject"]

    @property
    def has_order(self) -> bool:
        """Whether there are rows enough for their order to mean something."""
        return int(self.presented["rank_best"].notna().sum()) > 1

    @cached_property
    def checked(self) -> pd.DataFrame:
        """The rules of gap logic over the presented rows, one line a row and rule."""
        return check_gaps(self.presented, self.planned, self.brief)

    @cached_property
    def flags(self) -> dict[str, str]:
        """The rules that each presented row fails, by ``gap_id``."""
        return flags(self.checked)

    @cached_property
    def register(self) -> pd.DataFrame:
        """The gap table as a team keeps it: each row with its plan, kinds of sources, and flags.

        ``flags`` are the rules of gap logic that the row fails; what was planned for it stands in
        full in ``objectives``.
        """
        found = [
            triangulation(
                gap,
                self.records.works,
                self.learners.of_gap(str(gap.gap_id)),
                facets=self.records.facets,
                further=self.voices.kinds_of(str(gap.gap_id)),
            )
            for gap in each_row(self.gaps)
        ]
        columns: dict[str, list[Any]] = {
            "source_types_n": [len(t.types) for t in found],
            "source_types": ["; ".join(t.types) for t in found],
            "needs_shown": [
                " and ".join(
                    name
                    for name, there in (("perceived", t.perceived), ("unperceived", t.unperceived))
                    if there
                )
                for t in found
            ],
            "flags": [self._flags_of(gap) for gap in each_row(self.gaps)],
        }
        plan = self.objectives.drop_duplicates("gap_id").set_index("gap_id")
        for name, of in PLANNED.items():
            columns[name] = list(self.gaps["gap_id"].map(plan[of]))
        types = dict.fromkeys(columns, "string") | {"source_types_n": "Int64"}
        return self.gaps.assign(**columns).astype(types)

    @cached_property
    def cards(self) -> pd.DataFrame:
        """What guidelines recommend, how strongly and for whom, with what the writer says of it."""
        return guideline_cards(self)

    def _flags_of(self, gap: Any) -> str:
        """Rules that a row fails, L25 where its guideline has a newer version."""
        said = self.flags.get(str(gap.gap_id), "")
        return "; ".join(filter(None, (said, "L25" if text_of(gap.bp_superseded_by) else "")))

    @cached_property
    def voices(self) -> Voices:
        """What experts, patients and learners say, and of which rows they speak."""
        return Voices(self.records, self.presented, self.brief)

    @cached_property
    def planned(self) -> pd.DataFrame:
        """The objectives in the writer's words; ``objectives`` holds them as computed."""
        return with_edits(self.objectives, self.decisions)

    @cached_property
    def learners(self) -> LearnerEvidence:
        """The provider's own data beside the gap table."""
        return LearnerEvidence(
            self.records.learner, with_edits(self.gaps, self.decisions), self.brief
        )

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Of a refresh: what has changed since the report before; else no row."""
        from cmeneeds.refresh.changes import changes_of

        return changes_of(self)

    @cached_property
    def counts(self) -> dict[str, int | float]:
        """Every number that the report computes, by the key it is printed with."""
        works = self.records.works.values()
        standings = [work.standing for work in works if work.article is not None]
        counts: dict[str, int | float] = {
            "records.total": len(self.records),
            "records.abstracts": sum(1 for a in self.records.articles if a.sections),
            "records.withdrawn": sum(1 for s in standings if s.is_withdrawn),
            "records.status-unknown": sum(1 for s in standings if s.status == "unknown"),
            **{f"priority.{name}": getattr(priority_settings().weights, name) for name in SCORES},
            "queries.total": sum(1 for e in self.records.log if e.facet != "topic"),
            "findings.total": len(self.findings),
            "gaps.total": len(self.presented),
            "gaps.gap": int((self.presented["status"] == "gap").sum()),
            "gaps.candidate": int((self.presented["status"] == "candidate").sum()),
            "gaps.rejected": int((self.gaps["decision"] == "reject").sum()),
        }
        for label in ("GAP", "RATE", "REC", "CAUSE", "BURDEN", "EVGAP"):
            counts[f"findings.{label}"] = int((self.findings["label"] == label).sum())
        if self.records.screening:
            counts |= {f"screening.{n}": getattr(self.records.screened, n) for n in SCREENING}
            counts |= {
                f"screening.reason-{number}": count
                for number, count in enumerate(self.records.screened.reasons.values(), 1)
            }
        if self.records.labels:
            counts["findings.corrected"] = int(self.findings["corrected"].notna().sum())
        if self.records.previous:
            from cmeneeds.refresh.changes import counts_of

            counts |= counts_of(self.changes)
        counts["documents.total"] = len(self.records.documents)
        counts["documents.guideline"] = sum(
            1 for d in self.records.documents if d.role == "guideline"
        )
        counts["documents.study"] = sum(1 for d in self.records.documents if d.role == "study")
        counts["documents.background"] = len(self.records.background)
        counts["documents.trials"] = len(self.records.trials)
        for number, e in enumerate(self.records.beside):
            if e.count is not None:
                counts[f"beside.{number}.count"] = e.count
            counts[f"beside.{number}.retrieved"] = e.retrieved
        for e in self.records.log:
            if e.count is not None:
                counts[f"search.{e.facet}.count"] = e.count
            counts[f"search.{e.facet}.retrieved"] = e.retrieved
            counts[f"search.{e.facet}.new"] = e.new
        for gap in each_row(self.gaps):
            counts[f"gap.{gap.gap_id}.rank"] = int(gap.rank)
            if known(gap.priority):  # else added by hand, on a passage that is no finding
                counts[f"gap.{gap.gap_id}.priority"] = float(gap.priority)
            counts[f"gap.{gap.gap_id}.sources"] = int(gap.sources_n)
            if known(gap.cp_low):
                counts[f"gap.{gap.gap_id}.low"] = float(gap.cp_low)
                counts[f"gap.{gap.gap_id}.high"] = float(gap.cp_high)
            if known(gap.delta):
                counts[f"gap.{gap.gap_id}.delta"] = float(gap.delta)
            if text_of(gap.cp_range):
                low, high = text_of(gap.cp_range).split("-")
                counts[f"gap.{gap.gap_id}.lowest"] = float(low)
                counts[f"gap.{gap.gap_id}.highest"] = float(high)
            counts[f"gap.{gap.gap_id}.rank-best"] = int(gap.rank_best)
            counts[f"gap.{gap.gap_id}.rank-worst"] = int(gap.rank_worst)
            counts[f"gap.{gap.gap_id}.passages"] = len(str(gap.passages).split("; "))
            if known(gap.cohorts_n):
                counts[f"gap.{gap.gap_id}.cohorts"] = int(gap.cohorts_n)
        return counts | self._row_counts() | self._flow() | _model_counts() | self.learners.counts

    def _row_counts(self) -> dict[str, int | float]:
        """Counts over the rows that the report presents."""
        rows = list(each_row(self.presented))
        counts: dict[str, int | float] = {
            f"gap.{gap.gap_id}.number": number for number, gap in enumerate(rows, 1)
        }
        for answer in ("yes", "partly", "no"):
            counts[f"gaps.closable.{answer}"] = int((self.planned["addressable"] == answer).sum())
        for (cabana, com_b), held in self.barriers.items():
            counts[f"barrier.{slug(cabana)}.{slug(com_b)}"] = len(held)
        return counts

    def _flow(self) -> dict[str, int | float]:
        """What happened to the records, from the queries to the rows."""
        asked = [e for e in self.records.log if e.facet != "topic"]
        retrieved, new = sum(e.retrieved for e in asked), sum(e.new for e in asked)
        behind = {
            source
            for gap in each_row(self.presented)
            for address in str(gap.passages).split("; ")
            if (source := self.records.works.key_of(address))
        }
        return {
            "flow.retrieved": retrieved,
            "flow.not-fetched": sum(max(0, (e.count or 0) - e.retrieved) for e in asked),
            "flow.duplicates": retrieved - new,
            "flow.otherwise": max(0, len(self.records) - new),
            "flow.with-findings": int(self.findings["source"].nunique()),
            "flow.in-rows": len(behind),
        }

    @cached_property
    def barriers(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Rows by the causes their passages name: Cabana's factor and COM-B's component.

        Only presented rows count, each once a cell, by ``gap_id``.
        """
        held: dict[tuple[str, str], dict[str, None]] = {}
        for gap in each_row(self.presented):
            for code in codes_of(text_of(gap.cause_codes)):
                held.setdefault((code.cabana, code.com_b), {})[str(gap.gap_id)] = None
        return {cell: tuple(ids) for cell, ids in sorted(held.items())}


def slug(name: str) -> str:
    """Make a name fit for the key of a count.

    Examples
    --------
    >>> slug("external: environment (time)")
    'external-environment-time'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


@cache
def model_facts() -> dict[str, Any]:
    """Read what the sentence classifier was fitted on."""
    facts: dict[str, Any] = yaml.safe_load(
        (files("cmeneeds.data") / "sentence_model.yaml").read_text("utf-8")
    )
    return facts


def _model_counts() -> dict[str, int | float]:
    return {
        "model.read-by-people": model_facts()["read_by_people"],
        "model.labelled-by-teacher": model_facts()["labelled_by_teacher"],
    }


def assess(
    brief: Brief,
    records: Records,
    decisions: list[Decision] | None = None,
    cited: Iterable[str] | None = None,
) -> Assessment:
    """Derive everything from a brief and its records.

    Parameters
    ----------
    brief : Brief
    records : Records
    decisions : list of Decision, optional
    cited : iterable of str, optional
        Of a final report: addresses of all passages that it cites.

    Raises
    ------
    NoEvidence
        If there is no record, or no record says anything that a row of the gap table could rest
        on. There is never a filled-in report without evidence (design law 2).
    """
    records.require_some(brief)
    findings = find(records, progress=quiet)
    computed = analyze_gaps(findings, records, brief)
    if computed.empty:
        raise NoEvidence(
            f"no evidence of a practice gap found for {brief.topic!r}: {len(records)} records, "
            f"{len(findings)} sentences about practice, none of which states a shortfall clearly",
            "Widen the years, add synonyms to the brief, or use another source.",
        )
    result = decided(
        computed,
        decisions or [],
        works=records.works,
        findings=findings,
        rebuild=lambda rows: analyze_gaps(findings, records, brief, rows),
        proposals=OBJECTIVE_COLUMNS,
    )
    # The writer's subject and level go into what follows from them.
    gaps = with_edits(result.gaps, result.table)
    learners = LearnerEvidence(records.learner, gaps, brief)
    objectives = plan_education(gaps, brief, learners.baselines)
    return Assessment(
        brief=brief,
        records=records,
        findings=with_sources(findings, decisions or [], records.works),
        gaps=result.gaps,
        objectives=objectives,
        decisions=with_proposals(result.table, objectives),
        cited=None if cited is None else frozenset(cited),
    )
