"""The gap table: one row a subject and group, current practice beside best practice."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.brief import Brief
from cmeneeds.frames import known, text_of
from cmeneeds.gaps import priority
from cmeneeds.gaps.audience import Asked, asked_of, flag
from cmeneeds.gaps.causes import CauseCode, cause_cells
from cmeneeds.gaps.cells import (
    facts_cells,
    interval_cells,
    most_local,
    most_recent,
    nearness,
    value_range,
)
from cmeneeds.gaps.cohorts import cohorts
from cmeneeds.gaps.columns import GAP_COLUMNS
from cmeneeds.gaps.pairing import Pair, Recommendations
from cmeneeds.gaps.priority import Score, Settings, priority_settings, rank_ranges
from cmeneeds.gaps.reading import (
    Reading,
    carries,
    gap_type,
    is_against,
    lead_order,
    read_findings,
    row_level,
)
from cmeneeds.gaps.reasons import codes_for, explains, outside, reason_order
from cmeneeds.gaps.subjects import Subject, Vocabulary
from cmeneeds.gaps.targets import target_for
from cmeneeds.guideline_cards import BestPractice
from cmeneeds.retrieval import Records

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.decisions import Row

UNKNOWN_RATE = "unknown: no sourced target or benchmark"


class _Evidence(NamedTuple):
    """Everything that rows are made from."""

    brief: Brief
    records: Records
    settings: Settings
    vocabulary: Vocabulary
    recommendations: Recommendations
    causes: dict[tuple[str, ...], list[Reading]]
    """By core, in the order in which they would lead."""
    causes_of: dict[str, list[Reading]]
    """By citation key."""
    on_subject: dict[tuple[str, ...], list[Reading]]
    """Everything on a subject, by core."""
    burdens: dict[str, list[Reading]]
    """By citation key."""
    cohorts: dict[str, str]
    asked: Asked
    cards: BestPractice


def analyze_gaps(
    findings: pd.DataFrame, records: Records, brief: Brief, rows: Sequence[Row] | None = None
) -> pd.DataFrame:
    """Pair what is done with what should be done.

    Parameters
    ----------
    findings : DataFrame
        As :func:`cmeneeds.find` gives it, shape (sentences, ...).
    records : Records
        Where the findings come from.
    brief : Brief
        Support and persons are put aside; they change nothing here.
    rows : sequence of Row, optional
        Make these rows, which the writer merged, split or added, instead of one a subject. Those
        whose passages are no findings on practice are left out.

    Returns
    -------
    DataFrame
        Shape (rows, ``len(GAP_COLUMNS)``), gaps before candidates, each by priority. ``status`` is
        ``gap`` where current practice and best practice both have a source, and the evidence
        speaks of health professionals or care delivery; else ``candidate``, with ``missing``
        saying why. Findings of retracted records are left out. Never padded: it may be empty.
    """
    import pandas as pd

    brief = brief.blind()
    settings = priority_settings()
    vocabulary = Vocabulary(records.articles, brief)
    read = read_findings(findings, records.works, vocabulary, settings)
    evidence = _gathered(read, records, brief, settings, vocabulary)
    by_subject: dict[Subject, list[Reading]] = defaultdict(list)
    for f in read:
        if f.row.label in ("GAP", "RATE"):
            by_subject[f.subject].append(f)
    # Measured, but nobody says plainly that it falls short: no row.
    carried = {s: f for s, f in by_subject.items() if any(carries(x, settings) for x in f)}
    made, scores = [], []
    for gap_id, subject, found in _wanted(carried, read, vocabulary, rows):
        row, row_scores = _row(subject, found, evidence)
        made.append(row | {"gap_id": gap_id})
        scores.append({name: score.value for name, score in row_scores.items()})
    _rank(made, scores)
    # Rows with both sides first: a candidate cannot outrank what is shown.
    made.sort(key=lambda r: r["rank"])
    return pd.DataFrame(made, columns=list(GAP_COLUMNS)).astype(GAP_COLUMNS)


def _wanted(
    carried: Mapping[Subject, Sequence[Reading]],
    read: Sequence[Reading],
    vocabulary: Vocabulary,
    rows: Sequence[Row] | None,
) -> Iterator[tuple[str, Subject, Sequence[Reading]]]:
    """Which findings make which row."""
    subjects = {_gap_id(subject): subject for subject in sorted(carried)}
    if rows is None:
        for gap_id, subject in subjects.items():
            yield gap_id, subject, carried[subject]
        return
    readings = {f.row.finding_id: f for f in read if f.row.label in ("GAP", "RATE")}
    for row in rows:
        practice = [readings[a] for a in row.passages if a in readings]
        if practice:
            group = practice[0].subject.group
            subject = subjects.get(row.like) or Subject(vocabulary.core_in(row.name), group)
            yield row.gap_id, subject, practice + [readings[a] for a in row.against]


def _gathered(
    read: Sequence[Reading],
    records: Records,
    brief: Brief,
    settings: Settings,
    vocabulary: Vocabulary,
) -> _Evidence:
    causes: dict[tuple[str, ...], list[Reading]] = defaultdict(list)
    causes_of: dict[str, list[Reading]] = defaultdict(list)
    burdens: dict[str, list[Reading]] = defaultdict(list)
    on_subject: dict[tuple[str, ...], list[Reading]] = defaultdict(list)
    for f in read:
        on_subject[f.subject.core].append(f)
    for f in sorted(read, key=lead_order):
        if f.row.label == "CAUSE":
            causes[f.subject.core].append(f)
            causes_of[f.row.source].append(f)
        elif f.row.label == "BURDEN" and f.row.section_label != "title":
            burdens[f.row.source].append(f)
    articles = {key: w.article for key, w in records.works.items() if w.article is not None}
    stated = [(str(f.row.source), int(f.row.denominator)) for f in read if known(f.row.denominator)]
    cards = BestPractice(records.works, records.cards)
    return _Evidence(
        brief,
        records,
        settings,
        vocabulary,
        Recommendations(read, vocabulary, settings, cards.is_superseded),
        causes,
        causes_of,
        on_subject,
        burdens,
        cohorts(articles, stated),
        asked_of(brief.audience),
        cards,
    )


def _row(
    subject: Subject, found: Sequence[Reading], evidence: _Evidence
) -> tuple[dict[str, Any], dict[str, Score]]:
    settings = evidence.settings
    against = sorted((f for f in found if is_against(f, settings)), key=lead_order)
    practice = sorted((f for f in found if not is_against(f, settings)), key=lead_order)
    # A finding that carries the row speaks for it before one that merely is measured.
    lead = next((f for f in practice if carries(f, settings)), practice[0])
    sources = {f.row.source for f in practice}
    name = evidence.vocabulary.name(subject.core, evidence.brief.topic)
    best = evidence.recommendations.pairs(subject, lead, name)
    independent = [p for p in best if p.recommendation.row.source not in sources]
    causes = _causes(subject, lead, sources, evidence)
    burdens = [f for key in sorted(sources) for f in evidence.burdens.get(key, ())]
    groups = {evidence.cohorts.get(key, key) for key in sources}
    carrying = [f for f in practice if carries(f, settings)] or practice
    missing = _missing(carrying, best, independent)
    codes = [code for c in causes for code in codes_for(c, lead) or ()]
    scores = _scores(practice, burdens, codes, len(groups), evidence)
    figures = [f for f in practice if f.has_value and f.first_hand]
    fits = {f.row.finding_id: nearness(f, evidence.asked) for f in practice}
    actor = text_of(lead.row.actor) if lead.about_care else "pat"
    cells: dict[str, Any] = {
        "status": "candidate" if missing else "gap",
        "missing": "; ".join(missing),
        "searched": "" if independent else _searched(evidence.records, "guideline"),
        "priority": settings.weights.total({n: s.value for n, s in scores.items()}),
        "priority_words": "; ".join(s.words for s in scores.values()),
        "subject": name,
        "group": subject.group,
        "actor": actor,
        "gap_type": row_level(gap_type(practice), actor, codes),
        "direction": lead.shortfall.kind,
        "current_practice": lead.row.text,
        "cp_passage": lead.row.finding_id,
        "cp_source": lead.row.source,
        "cp_pmid": lead.row.pmid,
        "cp_probability": lead.row.probability,
        "cp_value": lead.row.value,
        "cp_value_text": lead.row.value_text,
        "cp_numerator": lead.row.numerator,
        "cp_denominator": lead.row.denominator,
        **interval_cells(lead),
        "cp_who": lead.row.who,
        "cp_direction": lead.shortfall.direction,
        "cp_year": lead.year or None,
        **facts_cells(lead),
        "cp_design": lead.design.name,
        "cp_secondary": lead.row.secondary,
        "cp_range": value_range([f for f in figures if f.shortfall.direction != "unknown"], lead),
        "cp_recent_passage": most_recent(figures),
        "cp_local_passage": most_local(figures, fits),
        "audience_fit": fits[lead.row.finding_id].words,
        "audience_flag": flag(list(fits.values())),
        "contradicting_passages": "; ".join(f.row.finding_id for f in against),
        **_target_cells(subject, lead, evidence),
        **cause_cells(codes, found=bool(causes)),
        "causes_n": len({c.row.finding_id for c in causes}),
        "sources_n": len(sources),
        "cohorts_n": len(groups),
        "rates_n": sum(1 for f in practice if known(f.row.value)),
        **{f"score_{n}": round(s.value, 3) for n, s in scores.items()},
        "passages": "; ".join(f.row.finding_id for f in practice),
        "recommendation_passages": "; ".join(p.recommendation.row.finding_id for p in best),
        "cause_passages": "; ".join(c.row.finding_id for c in causes),
    }
    for pair in (independent or best)[:1]:
        rec = pair.recommendation
        cells |= {
            "best_practice": rec.row.text,
            "bp_passage": rec.row.finding_id,
            "bp_source": rec.row.source,
            "bp_pmid": rec.row.pmid,
            "bp_year": int(rec.row.rec_year) if known(rec.row.rec_year) else rec.year or None,
            "bp_guideline": rec.work.is_guideline,
            **{f"bp_{n}": getattr(rec.row, f"rec_{n}") for n in _STATED},
            **evidence.cards.cells(rec.row, rec.work),
            "pairing": pair.why,
        }
    for cause in causes[:1]:
        cells |= {
            "cause": cause.row.text,
            "cause_passage": cause.row.finding_id,
            "cause_source": cause.row.source,
            "cause_pmid": cause.row.pmid,
            "cause_level": cause.row.level,
            "cause_actor": cause.row.actor,
        }
    for burden in burdens[:1]:
        cells |= {"consequence": burden.row.text, "consequence_passage": burden.row.finding_id}
    return cells, scores


_STATED = ("strength", "grade", "level", "system", "body")


def _target_cells(subject: Subject, lead: Reading, evidence: _Evidence) -> dict[str, Any]:
    """A sourced target, and the distance to it where the figure is a share of the same kind."""
    found = target_for(
        lead,
        evidence.on_subject.get(subject.core, ()),
        evidence.vocabulary.topic_words,
        evidence.settings.pairing_words,
    )
    if found is None:
        return {"achievable_rate": UNKNOWN_RATE}
    cells: dict[str, Any] = {
        "achievable_rate": "a target is stated",
        "target": found.value,
        "target_passage": found.passage.row.finding_id,
    }
    if lead.has_value and lead.shortfall.direction == "too low":
        cells["delta"] = round(found.value - float(lead.row.value), 1)
    return cells


def _causes(
    subject: Subject, lead: Reading, sources: set[str], evidence: _Evidence
) -> list[Reading]:
    """Causes told of the same subject and group, or by a source of the row on the same subject."""
    found = [c for c in evidence.causes.get(subject.core, ()) if c.subject == subject]
    seen = {c.row.finding_id for c in found}
    for key in sorted(sources):
        found.extend(
            cause
            for cause in evidence.causes_of.get(key, ())
            if cause.subject.core in (subject.core, ()) and cause.row.finding_id not in seen
        )
    kept = [
        c
        for c in found
        if c.row.section_label != "title"  # it announces; it seldom explains
        and explains(c.row.text)
        and codes_for(c, lead) is not None
        and not outside(c, evidence.brief)
    ]
    return sorted(kept, key=lambda c: reason_order(c, lead, sources))


def _searched(records: Records, facet: str) -> str:
    """What was asked for a side that is missing."""
    asked = next((e for e in records.log if e.facet == facet), None)
    if asked is None:
        return f"no {facet} query was run"
    return (
        f"{facet} query: {asked.count} records of {asked.source}, {asked.retrieved} read; "
        f"{len(records)} records read in all"
    )


def _missing(
    carrying: Sequence[Reading], best: Sequence[Pair], independent: Sequence[Pair]
) -> list[str]:
    """Say what keeps a row from being a gap; empty if nothing does."""
    missing = []
    if not best:
        missing.append("best practice: no recommendation among the records fits this subject")
    elif not independent:
        missing.append(
            "independent best practice: the only recommendation comes from a record that also "
            "reports the shortfall"
        )
    if not any(f.about_care for f in carrying):
        missing.append(
            "clinician or care-delivery evidence: what was found is about patients or the public"
        )
    if not any(f.first_hand for f in carrying):
        missing.append("primary source: the shortfall is quoted from other publications")
    return missing


def _scores(
    practice: Sequence[Reading],
    burdens: Sequence[Reading],
    codes: Sequence[CauseCode],
    n_cohorts: int,
    evidence: _Evidence,
) -> dict[str, Score]:
    settings = evidence.settings
    sizes = [f.size for f in practice if f.row.label == "GAP" and f.size is not None]
    sizes = sizes or [f.size for f in practice if f.size is not None and carries(f, settings)]
    first_hand = [f for f in practice if f.first_hand]
    counted = any(f.has_value and known(f.row.denominator) for f in first_hand)
    return {
        "magnitude": priority.magnitude(sizes, settings),
        "severity": priority.severity([f.row.text for f in (*practice, *burdens)]),
        "prevalence": priority.prevalence(n_cohorts),
        "addressability": priority.addressability(cause_cells(codes)["education_addressable"]),
        "measurability": priority.measurability(counted, any(f.has_value for f in first_hand)),
        "evidence": priority.evidence(
            [
                (f.design.practice_weight, f.design.name, _recency(f, evidence))
                for f in first_hand or practice
            ]
        ),
    }


def _recency(f: Reading, evidence: _Evidence) -> float:
    years = evidence.settings.recency_years
    age = max(0, evidence.brief.as_of.year - f.year) if f.year else years
    return max(0.0, 1 - age / years)


def _rank(rows: Sequence[dict[str, Any]], scores: Sequence[dict[str, float]]) -> None:
    """Give each row its rank, and how far that moves when a weight is halved or doubled."""
    order = sorted(
        range(len(rows)),
        key=lambda i: (rows[i]["status"] != "gap", -rows[i]["priority"], rows[i]["gap_id"]),
    )
    placed = [scores[i] for i in order]
    spans = rank_ranges(placed, [rows[i]["status"] == "gap" for i in order])
    for rank, (i, (best, worst)) in enumerate(zip(order, spans, strict=True), 1):
        # Rounded priorities may tie where exact ones do not.
        rows[i] |= {"rank": rank, "rank_best": min(best, rank), "rank_worst": max(worst, rank)}


def _gap_id(subject: Subject) -> str:
    """An identifier that stays when other rows come and go: decisions hang on it."""
    text = f"{' '.join(subject.core)}|{text_of(subject.group)}"
    return "G-" + hashlib.sha256(text.encode()).hexdigest()[:8]
