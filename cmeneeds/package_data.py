"""Read the package's own data into its caches, in a process from which others are forked.

Only what never changes while a process lives may be kept: all that are forked share it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

CACHED: Final = (
    "cmeneeds.accreditation.shipped",
    "cmeneeds.assessment.model_facts",
    "cmeneeds.checks.house._data",
    "cmeneeds.education._competencies",
    "cmeneeds.evidence.recommendations._strengths",
    "cmeneeds.evidence.study_words._entries",
    "cmeneeds.exports.workbook._notes",
    "cmeneeds.gaps.causes._table",
    "cmeneeds.gaps.causes.cause_wording",
    "cmeneeds.gaps.priority.priority_settings",
    "cmeneeds.gaps.subjects._generic",
    "cmeneeds.gaps.subjects._words",
    "cmeneeds.objectives.education_data",
    "cmeneeds.strategy.all_facets",
)
"""Cached functions without arguments, by their full names."""


def load_package_data() -> None:
    """Fill the caches; also of the sentence model, the lexicon and the sentence splitter."""
    from cmeneeds.evidence.classify import classify

    for name in CACHED:
        module, _, function = name.rpartition(".")
        getattr(import_module(module), function)()
    classify("Only 12% of eligible patients received the recommended test (made up).")
