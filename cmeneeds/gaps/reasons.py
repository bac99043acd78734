"""Which cited sentences explain the shortfall of a row, and which of them speaks first.

The words are data: ``data/causes.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from cmeneeds.brief import Brief
from cmeneeds.evidence.study_words import mentions
from cmeneeds.frames import text_of
from cmeneeds.gaps.causes import CauseCode, cause_wording, code_cause
from cmeneeds.gaps.reading import Reading, lead_order

_YOUNG: Final = frozenset({"newborns", "infants", "children", "adolescents"})
_GROWN: Final = frozenset({"adults", "older adults"})


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(p, re.IGNORECASE) for p in cause_wording()[name])


def explains(text: str) -> bool:
    """Whether a sentence can name a barrier.

    It cannot where it says what follows from the shortfall, what makes it smaller, or what goes
    along with care as it is wanted.

    Examples
    --------
    >>> explains("Lack of time was associated with low uptake.")
    True
    >>> explains("Postgraduate education was associated with vaccine acceptance.")
    False
    """
    if any(p.search(text) for p in _patterns("consequence")):
        return False
    if any(p.search(text) for p in _patterns("unfavorable")):
        return True
    return not any(p.search(text) for p in _patterns("favorable"))


def other_than_outcome(
    codes: Iterable[CauseCode], text: str, practice: str
) -> tuple[CauseCode, ...]:
    """Leave out codes whose words only name again what the row itself reports.

    Parameters
    ----------
    codes : iterable of CauseCode
        Of the sentence ``text``.
    text : str
    practice : str
        The sentence on current practice: where it reports hesitancy, hesitancy is no cause of it.
    """
    same = [p for p in _patterns("outcomes") if p.search(practice)]
    return tuple(c for c in codes if not any(p.search(text, c.start, c.end) for p in same))


def codes_for(cause: Reading, lead: Reading) -> tuple[CauseCode, ...] | None:
    """Code a cause of a row; None where it names nothing but what the row reports."""
    text = cause.row.text
    codes = code_cause(text, text_of(cause.row.level), text_of(cause.row.actor))
    kept = other_than_outcome(codes, text, lead.row.text)
    return None if codes and not kept else kept


def outside(cause: Reading, brief: Brief) -> bool:
    """Whether a cause is about children where the brief's patients are adults, or the reverse."""
    if brief.population is None:
        return False
    asked = _ages(brief.population.description)
    told = _ages(cause.row.text) or _ages(cause.work.title)
    return ((asked <= _GROWN and told <= _YOUNG) or (asked <= _YOUNG and told <= _GROWN)) and bool(
        asked and told
    )


def _ages(text: str) -> frozenset[str]:
    said = {m.value for m in mentions(f" {text} ") if m.fact == "population"}
    return frozenset(said & (_YOUNG | _GROWN))


def reason_order(cause: Reading, lead: Reading, sources: Iterable[str]) -> tuple[Any, ...]:
    """Which cause speaks for a row: of its own record first, then what is plainly called a reason.

    An association comes last: it says what goes together, not why.
    """
    text = cause.row.text
    plain = any(p.search(text) for p in _patterns("plain"))
    associated = any(p.search(text) for p in _patterns("association"))
    return (
        cause.row.source != lead.row.source,
        cause.row.source not in sources,
        0 if plain else 2 if associated else 1,
        *lead_order(cause),
    )
