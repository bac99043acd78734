"""What a run may hold of what accreditors ask, each a question to its tables.

A profile names these; it never says itself that something is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.education import TO_BE_MEASURED
from cmeneeds.independence import register

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment


class Probe(NamedTuple):
    """Something that a run has or has not."""

    words: str
    """What it is, as the crosswalk prints it."""
    by_writer: bool
    """Only people can give it."""
    holds: Callable[[Assessment], bool]


PROBES: dict[str, Probe] = {}
"""All of them by the name that a profile uses."""


def _probe(
    name: str, words: str, *, by_writer: bool = False
) -> Callable[[Callable[[Assessment], bool]], Callable[[Assessment], bool]]:
    def declare(holds: Callable[[Assessment], bool]) -> Callable[[Assessment], bool]:
        PROBES[name] = Probe(words, by_writer, holds)
        return holds

    return declare


def _gaps(a: Assessment) -> pd.DataFrame:
    return a.presented[a.presented["status"] == "gap"]


def _some(column: pd.Series) -> bool:
    """Whether any cell says something."""
    text = column.astype("string").fillna("")
    return bool(((text != "") & (text != "unknown")).any())


@_probe("gap", "a gap with both sides sourced")
def _gap(a: Assessment) -> bool:
    return not _gaps(a).empty


@_probe("figure", "a gap with a figure")
def _figure(a: Assessment) -> bool:
    return bool(_gaps(a)["cp_value"].notna().any())


@_probe("target", "a sourced target to measure it against")
def _target(a: Assessment) -> bool:
    return bool(_gaps(a)["target"].notna().any())


@_probe("need", "a need for each objective")
def _need(a: Assessment) -> bool:
    return _some(a.planned["need"])


@_probe("accepted", "every gap accepted by a named person", by_writer=True)
def _accepted(a: Assessment) -> bool:
    gaps = _gaps(a)
    return not gaps.empty and bool((gaps["decision"] == "accept").all())


@_probe("signed", "every cited claim confirmed by a named person", by_writer=True)
def _signed(a: Assessment) -> bool:
    return a.is_signed


@_probe("learner data", "data of the provider's own learners", by_writer=True)
def _learner_data(a: Assessment) -> bool:
    return not a.learners.table.empty


@_probe("objective", "an objective for a gap")
def _objective(a: Assessment) -> bool:
    return _some(a.planned["objective"])


@_probe("level of change", "the level of change that each objective is meant to reach")
def _level(a: Assessment) -> bool:
    return _some(a.planned["moore_level"])


@_probe("format", "formats with a reason")
def _format(a: Assessment) -> bool:
    return _some(a.planned["format_rationale"])


@_probe("activity planned", "the activity that is planned", by_writer=True)
def _activity(a: Assessment) -> bool:
    return a.brief.activity is not None


@_probe("format suits", "a planned format among those that suit every row", by_writer=True)
def _suits(a: Assessment) -> bool:
    # The same comparison as under educational design, over all rows with an objective.
    activity = a.brief.activity
    formats = list(a.planned["formats"].astype("string").fillna(""))
    return (
        activity is not None
        and bool(formats)
        and all(activity.type in cell.split("; ") for cell in formats)
    )


@_probe("competency with reason", "competencies with a reason")
def _competency(a: Assessment) -> bool:
    return _some(a.planned["competencies"]) and _some(a.planned["competency_reason"])


@_probe("measure", "a measure and a time for each objective")
def _measure(a: Assessment) -> bool:
    return _some(a.planned["outcome_measure"]) and _some(a.planned["time_point"])


@_probe("baseline", "a baseline of these learners", by_writer=True)
def _baseline(a: Assessment) -> bool:
    return bool((a.planned["baseline_source"] != TO_BE_MEASURED).any())


@_probe("measure of performance", "an objective about performance")
def _performance(a: Assessment) -> bool:
    return bool((a.planned["gap_type"] == "P").any())


@_probe("measure of outcome", "an objective about patients' outcomes")
def _outcome(a: Assessment) -> bool:
    return bool((a.planned["gap_type"] == "O").any())


@_probe("quality measure named", "a quality measure named in the brief", by_writer=True)
def _quality(a: Assessment) -> bool:
    return bool(a.brief.quality_measures)


@_probe("guideline", "a guideline as the source of best practice")
def _guideline(a: Assessment) -> bool:
    return bool(a.presented["bp_guideline"].fillna(False).any())


@_probe("strength", "strength or level of a recommendation, as stated")
def _strength(a: Assessment) -> bool:
    return any(_some(a.presented[c]) for c in ("bp_strength", "bp_grade", "bp_level"))


@_probe("standing checked", "PubMed asked for retractions and notices")
def _standing(a: Assessment) -> bool:
    return bool(a.records.checked)


@_probe("blind ranking", "search, reading and ranking that see no supporter")
def _blind(a: Assessment) -> bool:
    return True  # no such field reaches them: Brief.blind, tested as design law 3


@_probe("automated methods stated", "a statement on automated methods")
def _automated(a: Assessment) -> bool:
    return True  # every report has one


@_probe("support stated", "the status of commercial support", by_writer=True)
def _support(a: Assessment) -> bool:
    return a.brief.support is not None


@_probe("contributors named", "the people who control content", by_writer=True)
def _contributors(a: Assessment) -> bool:
    return bool(a.brief.contributors)


@_probe("disclosures complete", "complete disclosures of everyone named", by_writer=True)
def _disclosures(a: Assessment) -> bool:
    table = register(a)
    return not table.empty and bool((table["state"] == "complete").all())


@_probe("team", "learners of several professions", by_writer=True)
def _team(a: Assessment) -> bool:
    return len({x.profession.casefold() for x in a.brief.audience}) > 1


@_probe("specialty", "the specialty of each group of learners", by_writer=True)
def _specialty(a: Assessment) -> bool:
    return all(x.specialty for x in a.brief.audience)


@_probe("seniority", "the seniority of each group of learners", by_writer=True)
def _seniority(a: Assessment) -> bool:
    return all(x.seniority for x in a.brief.audience)


@_probe("search log", "every query with its counts")
def _search_log(a: Assessment) -> bool:
    return not a.records.search_log.empty


def _asked(a: Assessment, facet: str) -> bool:
    return any(e.facet == facet for e in a.records.log)


@_probe("patient voice searched", "a search for patients' views")
def _patients(a: Assessment) -> bool:
    return _asked(a, "patient_perspective")


@_probe("equity searched", "a search for disparities")
def _equity(a: Assessment) -> bool:
    return _asked(a, "disparities")


@_probe("references", "a reference for each claim")
def _references(a: Assessment) -> bool:
    return bool(len(a.records))


@_probe("cause", "a cause with its source")
def _cause(a: Assessment) -> bool:
    return _some(a.presented["cause_passage"])


@_probe("strategy beside education", "a strategy for what education cannot change")
def _strategy(a: Assessment) -> bool:
    return _some(a.planned["non_educational_strategy"])


def _shown(a: Assessment, what: str) -> bool:
    shown = a.register["needs_shown"].fillna("")
    return any(what in str(cell).split(" and ") for cell in shown)


@_probe("two kinds of sources", "a gap with two kinds of sources")
def _two_kinds(a: Assessment) -> bool:
    return bool((a.register["source_types_n"] >= 2).any())


@_probe("perceived need", "a perceived need")
def _perceived(a: Assessment) -> bool:
    return _shown(a, "perceived")


@_probe("unperceived need", "an unperceived need")
def _unperceived(a: Assessment) -> bool:
    return _shown(a, "unperceived")
