"""How many independent kinds of sources speak for a gap.

The kinds are those that planning forms ask for; two of them, one beyond the literature, is what
reviewers look for. Perceived needs are what learners say of themselves, unperceived ones what
tests, audits and the literature show (Royal College of Physicians and Surgeons of Canada, needs
assessment toolkit).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.errors import UsageError
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.source_types import is_only_quoted, use_of
from cmeneeds.works import Work, Works

if TYPE_CHECKING:
    import pandas as pd

SOURCE_TYPES = (
    "peer-reviewed literature",
    "guideline or consensus",
    "quality measure",
    "epidemiology",
    "regulatory",
    "trials under way",
    "provider's quality data",
    "learner data",
    "prior outcomes",
    "expert interviews",
    "patient or caregiver perspective",
    "policy or payer",
    "equity data",
)
"""All kinds, in the order in which they are named. Not every kind is read by this package: those
that only people can bring are counted where the writer names them in ``further``."""

_LEARNER_KINDS = {
    "chart audit": "provider's quality data",
    "earlier outcomes": "prior outcomes",
}
_DOCUMENTS = {
    "recommendation": "guideline or consensus",
    "trial registration": "trials under way",
}


class Triangulation(NamedTuple):
    """Kinds of sources of one gap."""

    types: tuple[str, ...]
    """Of ``SOURCE_TYPES``, in their order."""
    perceived: bool
    """Whether learners themselves report the need."""
    unperceived: bool
    """Whether tests, observation or the literature show it."""
    words: str
    """For readers."""


def triangulation(
    gap: Any,
    works: Works,
    learner_rows: pd.DataFrame,
    *,
    facets: Mapping[int, tuple[str, ...]] | None = None,
    further: tuple[str, ...] = (),
) -> Triangulation:
    """Count the kinds of sources that speak for one row of the gap table.

    Parameters
    ----------
    gap : named tuple
        A row of the gap table.
    works : Works
        Of the run. Retracted works count for nothing.
    learner_rows : DataFrame
        Lines of the table of learner data that are matched with this gap; may be empty.
    facets : mapping of PMID to tuple of str, optional
        Which queries found a record. One that is about patients and answered the query on their
        perspective counts as that kind, and not as literature too: a work is one source.
    further : tuple of str
        Kinds that speak for the row beside the literature: ``expert interviews`` and the like,
        see :meth:`cmeneeds.interviews.voices.Voices.kinds_of`.

    Raises
    ------
    UsageError
        If ``further`` holds a kind that is not known.
    """
    if unknown := set(further) - set(SOURCE_TYPES):
        raise UsageError(
            f"not a kind of source: {', '.join(sorted(unknown))}",
            f"Known: {', '.join(SOURCE_TYPES)}.",
        )
    found = set(further)
    literature = False
    for key in _keys(gap, works):
        work = works[key]
        if work.standing.is_withdrawn or is_only_quoted(work):
            continue
        kind = _kind(work, gap, facets or {})
        found.add(kind)
        literature = True
    unperceived = False
    perceived = "learner data" in further  # what learners say of themselves
    for row in each_row(learner_rows):
        found.add(_LEARNER_KINDS.get(str(row.kind), "learner data"))
        if known(row.perceived):
            perceived |= bool(row.perceived)
            unperceived |= not bool(row.perceived)
    unperceived |= literature
    types = tuple(t for t in SOURCE_TYPES if t in found)
    return Triangulation(types, perceived, unperceived, _told(types, perceived, unperceived))


def _keys(gap: Any, works: Works) -> list[str]:
    """Citation keys of everything that the row cites."""
    addresses = [
        a
        for name in (
            "passages",
            "recommendation_passages",
            "cause_passages",
            "target_passage",
            "consequence_passage",
        )
        for a in text_of(getattr(gap, name, "")).split("; ")
        if a
    ]
    named = [text_of(getattr(gap, f"{side}_source", "")) for side in ("cp", "bp", "cause")]
    keys = [k for k in named if k in works] + [works.key_of(a) for a in addresses]
    return list(dict.fromkeys(keys))


def _kind(work: Work, gap: Any, facets: Mapping[int, tuple[str, ...]]) -> str:
    use = use_of(work)
    if use is not None:
        return use.counts_as
    if work.is_guideline:
        return "guideline or consensus"
    if work.article is None and work.document is not None:
        return _DOCUMENTS.get(work.document.kind, "peer-reviewed literature")
    if "patient_perspective" in facets.get(work.pmid or 0, ()) and gap.actor == "pat":
        return "patient or caregiver perspective"
    return "peer-reviewed literature"


def _told(types: tuple[str, ...], perceived: bool, unperceived: bool) -> str:
    if not types:
        return "no source speaks for it"
    kinds = "kinds of source" if len(types) > 1 else "a single kind of source"
    text = f"{kinds}: {', '.join(types)}"
    if len(types) == 1:
        text += "; another, independent kind is wanted"
    elif set(types) <= {"peer-reviewed literature", "guideline or consensus"}:
        text += "; none beyond published work"
    needs = {
        (True, True): "perceived and unperceived need are both shown",
        (False, True): "perceived need is not shown",
        (True, False): "unperceived need is not shown",
        (False, False): "neither perceived nor unperceived need is told",
    }
    return f"{text}; {needs[perceived, unperceived]}"
