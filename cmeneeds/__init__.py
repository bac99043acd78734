"""Needs assessments for continuing medical education, from a brief to a traced report.

The street, in one direction::

    import cmeneeds as cn

    brief = cn.Brief.load("briefs/covid-19-vaccination.yaml")
    strategy = cn.build_strategy(brief)
    records = cn.with_choices(cn.search(strategy), brief)
    findings = cn.find(records)
    gaps = cn.analyze_gaps(findings, records, brief)
    needs = cn.plan_education(gaps, brief)

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmeneeds.accreditors import accreditation_map as accreditation_map
    from cmeneeds.assessment import Assessment as Assessment
    from cmeneeds.assessment import assess as assess
    from cmeneeds.bibliography.importing import import_bibliography as import_bibliography
    from cmeneeds.bibliography.known import known_items as known_items
    from cmeneeds.brief import Brief as Brief
    from cmeneeds.decisions.chosen import with_choices as with_choices
    from cmeneeds.education import plan_education as plan_education
    from cmeneeds.errors import CmeneedsError as CmeneedsError
    from cmeneeds.evidence.classify import classify as classify
    from cmeneeds.evidence.findings import find as find
    from cmeneeds.gaps.table import analyze_gaps as analyze_gaps
    from cmeneeds.library.store import Library as Library
    from cmeneeds.opening import open_assessment as open_assessment
    from cmeneeds.own_sources.adding import add_source as add_source
    from cmeneeds.own_sources.briefed import read_own_sources as read_own_sources
    from cmeneeds.own_sources.store import list_sources as list_sources
    from cmeneeds.own_sources.store import remove_source as remove_source
    from cmeneeds.practice import practice_brief as practice_brief
    from cmeneeds.records import Article as Article
    from cmeneeds.report.run import make_report as make_report
    from cmeneeds.report.run import write_tables as write_tables
    from cmeneeds.report.sections import Report as Report
    from cmeneeds.retrieval import Records as Records
    from cmeneeds.retrieval import search as search
    from cmeneeds.sources import open_library as open_library
    from cmeneeds.sources import open_source as open_source
    from cmeneeds.strategy import Strategy as Strategy
    from cmeneeds.strategy import build_strategy as build_strategy
    from cmeneeds.verify import verify_run as verify_run
    from cmeneeds.workbench.confirm import confirm as confirm
    from cmeneeds.workbench.decide import decide as decide
    from cmeneeds.workbench.displays import show as show
    from cmeneeds.workbench.label import label as label
    from cmeneeds.workbench.people import compare_people as compare_people
    from cmeneeds.workbench.people import merge_people as merge_people
    from cmeneeds.workbench.screen import screen as screen
    from cmeneeds.workbench.strategies import load_strategies as load_strategies
    from cmeneeds.workbench.strategies import save_strategy as save_strategy
    from cmeneeds.workbench.strategies import strategy_diff as strategy_diff
    from cmeneeds.workbench.terms import facet_overlap as facet_overlap
    from cmeneeds.workbench.terms import plot_overlap as plot_overlap
    from cmeneeds.workbench.terms import suggest_mesh as suggest_mesh
    from cmeneeds.workbench.terms import term_yield as term_yield

__version__ = "0.1.0"

_HOMES = {
    "Article": "records",
    "Assessment": "assessment",
    "Brief": "brief",
    "CmeneedsError": "errors",
    "Library": "library.store",
    "Records": "retrieval",
    "Report": "report.sections",
    "Strategy": "strategy",
    "accreditation_map": "accreditors",
    "add_source": "own_sources.adding",
    "analyze_gaps": "gaps.table",
    "assess": "assessment",
    "build_strategy": "strategy",
    "classify": "evidence.classify",
    "compare_people": "workbench.people",
    "confirm": "workbench.confirm",
    "decide": "workbench.decide",
    "facet_overlap": "workbench.terms",
    "find": "evidence.findings",
    "import_bibliography": "bibliography.importing",
    "known_items": "bibliography.known",
    "label": "workbench.label",
    "list_sources": "own_sources.store",
    "load_strategies": "workbench.strategies",
    "make_report": "report.run",
    "merge_people": "workbench.people",
    "open_assessment": "opening",
    "open_library": "sources",
    "open_source": "sources",
    "plan_education": "education",
    "plot_overlap": "workbench.terms",
    "practice_brief": "practice",
    "read_own_sources": "own_sources.briefed",
    "remove_source": "own_sources.store",
    "save_strategy": "workbench.strategies",
    "screen": "workbench.screen",
    "search": "retrieval",
    "show": "workbench.displays",
    "strategy_diff": "workbench.strategies",
    "suggest_mesh": "workbench.terms",
    "term_yield": "workbench.terms",
    "verify_run": "verify",
    "with_choices": "decisions.chosen",
    "write_tables": "report.run",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"cmeneeds.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'cmeneeds' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
