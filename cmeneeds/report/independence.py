"""Independence and disclosure: support, and the register of everyone who controls content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cmeneeds.accreditation import profiles_of
from cmeneeds.checks.house import load_house
from cmeneeds.checks.independence import trade_names_in
from cmeneeds.frames import each_row, text_of
from cmeneeds.independence import COMPLETE, register
from cmeneeds.report import markdown as md
from cmeneeds.report.crosswalk import callout, period_text
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    from typing import Any

    from cmeneeds.assessment import Assessment


def independence_text(assessment: Assessment, ask: Callable[[str], str] | None = None) -> str:
    """Write the support statement, the register of contributors, and which products are named.

    Parameters
    ----------
    assessment : Assessment
    ask : callable
        Writes, or keeps for a list, what only the writer can answer (Markdown).
    """
    text = f"\n**Independence.** {_support(assessment)}\n\n**Contributors.**"
    table = register(assessment)
    period = period_text(profiles_of(assessment))
    if table.empty:
        text += " None are named.\n"
    else:
        text += f" Relationships with ineligible companies are disclosed for a period: {period}.\n"
        text += md.table(
            [_row(line) for line in each_row(table)],
            ("Person and role", "Disclosed on", "Relationship", "Mitigation", "State"),
            "Everyone named in the brief as controlling content, with what each disclosed.",
            widths=(24, 14, 28, 18, 16),
        )
    if table.empty or (table["state"] != COMPLETE).any():
        text += (ask or callout)(
            "Enter everyone who controls content, with what they disclosed of the period that the "
            "accreditor asks for, and with mitigation before the role begins."
        )
    return text + _products(assessment)


def _support(assessment: Assessment) -> str:
    """What the brief says of commercial support. Amounts are no part of a brief's support."""
    support = assessment.brief.support
    if support is None:
        said = "The brief does not say whether commercial support is sought."
    elif support.status == "none":
        said = "The brief states that there is no commercial support."
    else:
        names = ", ".join(named(n) for n in support.supporter) or "not named"
        said = f"Commercial support: {support.status}; supporter: {names}."
    return f"{said} No field about support reaches search, reading, grouping or ranking."


def _products(assessment: Assessment) -> str:
    """Trade names in what the rows rest on; how often each product is named is for the check."""
    quoted = ("subject", "current_practice", "best_practice", "cause", "consequence")
    text = " ".join(text_of(cell) for column in quoted for cell in assessment.presented[column])
    found = trade_names_in(text, load_house())
    said = (
        f"these trade names stand: {', '.join(map(named, found))}"
        if found
        else "no trade name of the house list stands"
    )
    return (
        f"\n**Products.** In the names of rows and in the sentences that they rest on, {said}. How "
        "often products of the list are named in the whole text, by generic and by trade name, "
        "stands in the check of this run.\n"
    )


def _row(line: Any) -> tuple[str, str, str, str, str]:
    who = f"{named(line.name)}{md.BREAK}{named(line.role)}"
    if line.role_from:
        who += f", from {md.date(line.role_from)}"
    relationship = named(line.company) if line.company else "not yet disclosed"
    if line.nature:
        relationship += f"{md.BREAK}{named(line.nature)}"
        begin, end = (md.date(day) if day else "" for day in (line.begin, line.end))
        if begin and end:
            relationship += f", {begin} to {end}"
        elif begin or end:
            relationship += f", since {begin}" if begin else f", until {end}"
        if not line.counts.startswith("yes"):
            relationship += f"{md.BREAK}outside the period: it ended before"
    mitigation = named(line.mitigation) if line.mitigation else "none entered"
    if line.mitigated_on:
        mitigation += f"{md.BREAK}{md.date(line.mitigated_on)}"
    disclosed = md.date(line.disclosed_on) if line.disclosed_on else "not yet"
    return who, disclosed, relationship, mitigation, named(line.state)
