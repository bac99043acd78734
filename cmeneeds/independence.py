"""The register of everyone who controls content, and what is missing in it.

Which relationships count, and how far back, is the accreditor's to say: the period comes from the
profile (:mod:`cmeneeds.accreditation`). Nothing here reaches search, reading or ranking.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cmeneeds.brief import Contributor, Relationship

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

COMPLETE = "complete"
"""``state`` of a line to which nothing is missing."""

REGISTER_COLUMNS = (
    "name", "role", "role_from", "disclosed_on", "company", "nature", "begin", "end", "counts",
    "mitigation", "mitigated_on", "state",
)  # fmt: skip


def register(assessment: Assessment) -> pd.DataFrame:
    """One line for each person without relationships, else one for each relationship.

    Returns
    -------
    DataFrame
        Shape (lines, ``len(REGISTER_COLUMNS)``), text; days are ISO dates. ``counts`` tells
        whether a relationship lies within the period: ``yes``, ``no, it ended before``, or
        ``yes, no end given``. ``state`` is :data:`COMPLETE`, or what is awaited from the writer.
    """
    import pandas as pd

    from cmeneeds.accreditation import disclosure_months, profiles_of

    months = disclosure_months(profiles_of(assessment))
    as_of = assessment.brief.as_of
    lines = []
    for person in assessment.brief.contributors:
        awaited = _awaited_of(person, months, as_of)
        head = (person.name, person.role, _day(person.role_from), _day(person.disclosed_on))
        if not person.relationships:
            said = "none" if person.relationships is not None else ""
            lines.append((*head, said, "", "", "", "", "", "", _state(awaited)))
        for r in person.relationships or ():
            counts = _counts(r, person, months)
            more = _awaited_for(r, person) if counts.startswith("yes") else []
            lines.append(
                (
                    *head, r.company, r.nature, _day(r.begin), _day(r.end), counts,
                    r.mitigation or "", _day(r.mitigated_on), _state(awaited + more),
                )
            )  # fmt: skip
    return pd.DataFrame(lines, columns=list(REGISTER_COLUMNS)).astype("string")


def before(day: date, months: int) -> date:
    """The day that lies so many months before another; the month's last day where it has fewer.

    Examples
    --------
    >>> before(date(2026, 3, 31), 1)
    datetime.date(2026, 2, 28)
    """
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(f"{day} has no day {months} months before")  # pragma: no cover - see above


def _awaited_of(person: Contributor, months: int | None, as_of: date) -> list[str]:
    """What is missing about a person, whatever the relationships."""
    if person.relationships is None or person.disclosed_on is None:
        return ["disclosure"]
    if months is not None and person.disclosed_on < before(as_of, months):
        return ["a disclosure within the period"]
    return []


def _counts(r: Relationship, person: Contributor, months: int | None) -> str:
    """Whether a relationship lies within the period before its disclosure."""
    if r.end is None:
        return "yes, no end given"
    if months is None or person.disclosed_on is None:
        return "yes"
    return "yes" if r.end >= before(person.disclosed_on, months) else "no, it ended before"


def _awaited_for(r: Relationship, person: Contributor) -> list[str]:
    """What is missing about a relationship that counts: mitigation, and that before the role."""
    if r.mitigation is None:
        return ["mitigation"]
    if r.mitigated_on is None or person.role_from is None:
        return ["days of mitigation and of the role"]
    if r.mitigated_on > person.role_from:
        return ["an answer: the role began before mitigation"]
    return []


def _state(awaited: list[str]) -> str:
    return f"awaiting writer: {'; '.join(awaited)}" if awaited else COMPLETE


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
