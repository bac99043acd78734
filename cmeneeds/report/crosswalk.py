"""The accreditation crosswalk: what is asked, and what this report has for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cmeneeds.accreditation import (
    CUSTOM,
    STATUSES,
    Disclosure,
    Profile,
    Requirement,
    months_in_words,
    profiles_of,
    status_of,
)
from cmeneeds.report import markdown as md
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

EXCERPT = "unknown; excerpt"
"""What a profile says of a line that was read as an excerpt, on a day that nobody noted."""

MARK = md.escape("*")
"""Stands behind the source of such a line."""

NOTE = (
    f"Requirements marked {MARK} were read as excerpts, some of them in a secondary source, on a "
    "day that is not on record; verify them at the accreditor."
)


def crosswalk_text(assessment: Assessment, ask: Callable[[str], str] | None = None) -> str:
    """Write one table an accreditor of the brief, and what to look up before relying on it.

    Parameters
    ----------
    assessment : Assessment
    ask : callable
        Writes, or keeps for a list, what only the writer can answer (Markdown).
    """
    text = (
        "\nChecks against the requirements below, in our own words, and what this report has for "
        f"each: {', '.join(STATUSES[:-1])} or {STATUSES[-1]}. No accreditor certifies a document "
        "or a tool; whether a requirement is met is the provider's judgment.\n"
    )
    found = profiles_of(assessment)
    for profile in found:
        text += _profile(profile, assessment) + (ask or callout)(md.term(profile.verify))
    for name in assessment.brief.accreditor:
        if name not in {p.name for p in found}:
            text += f"\n{named(name)}: no list of requirements comes with this version.\n"
    return text


def callout(markdown: str) -> str:
    """Write an open question whose text is Markdown already."""
    return f"\n::: {{.open-question}}\n**Awaiting writer.** {markdown}\n:::\n"


def _profile(profile: Profile, assessment: Assessment) -> str:
    shown = [r for r in profile.requirements if r.kind != "commendation"]
    text = ""
    if shown:
        text += md.table(
            [_row(r, assessment) for r in shown],
            ("What is asked", "In this report", "Still missing", "Source"),
            f"{md.term(profile.title)} ({md.term(profile.region)}).",
            widths=(27, 23, 22, 28),
        )
    optional = _commendation(profile, assessment)
    text += optional
    if any(r.source and r.read == EXCERPT for r in shown) or MARK in optional:
        text += f"\n{NOTE}\n"
    if profile.origin:
        text += f"\nThese lines are the user's own ({md.term(profile.origin)}).\n"
    return text


def _row(r: Requirement, assessment: Assessment) -> tuple[str, str, str, str]:
    status, present, missing = status_of(r, assessment)
    here = f"**{named(status)}**"
    if status != "nothing here":
        here += f"{md.BREAK}{md.term(r.section)}"
    if present:
        here += f": {'; '.join(map(named, present))}"
    return md.term(r.asks), here, _missing(status, missing), _source(r)


def _source(r: Requirement) -> str:
    """Where a requirement was read, with a mark for what the note below says of most of them."""
    if not r.source:
        return named(CUSTOM)
    if r.read == EXCERPT:
        return f"{md.term(r.source)} {MARK}"
    return f"{md.term(r.source)}{md.BREAK}Read: {md.term(r.read)}"


def _missing(status: str, missing: list[str]) -> str:
    if status == "nothing here" and not missing:
        return "outside what this report can show"
    return "; ".join(map(named, missing)) or "nothing"


def _commendation(profile: Profile, assessment: Assessment) -> str:
    """Criteria for commendation that something here speaks to; they are optional."""
    menu = [r for r in profile.requirements if r.kind == "commendation"]
    useful = [r for r in menu if status_of(r, assessment)[0].startswith("offers")]
    if not useful:
        return ""
    lines = "; ".join(md.term(r.asks) for r in useful)
    return (
        "\nOptional criteria for commendation to which something here can contribute in part: "
        f"{lines}. Source: {_source(useful[0])}; their grouping is {named(CUSTOM)}.\n"
    )


def period_text(profiles: list[Profile]) -> str:
    """Say how far back relationships are disclosed, accreditor by accreditor."""
    said = [
        f"{named(p.name)} asks for {md.term(months_in_words(p.disclosure.months))} "
        f"({md.term(p.disclosure.source)}; {_how_read(p.disclosure)})"
        for p in profiles
        if p.disclosure
    ]
    unread = [named(p.name) for p in profiles if not p.disclosure]
    text = "; ".join(said)
    if unread:
        text += "; " if text else ""
        text += f"for {' and '.join(unread)} no period was read"
    return text


def _how_read(disclosure: Disclosure) -> str:
    if disclosure.told_by:
        return "read in a secondary source, verify it at the accreditor"
    if disclosure.read == EXCERPT:
        return "read as an excerpt, verify it at the accreditor"
    return f"read: {md.term(disclosure.read)}"
