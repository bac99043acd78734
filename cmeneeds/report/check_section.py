"""What the checks found, in the report itself: each point an open question for the writer.

The rules read the finished text, so the section is filled in after the notebook has run: a
template leaves a place for it (:func:`check_place`), and :func:`with_open_points` fills it.
``verify`` derives it again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cmeneeds.report import markdown as md

if TYPE_CHECKING:
    from cmeneeds.checks.result import Checked, Outcome

_PLACE = re.compile(r"^::: \{\.check-report\}\n+:::$", re.MULTILINE)
MOST = 6
"""Places of one rule that are listed; all stand in ``check.json``."""


def check_place() -> str:
    """Where a template wants the section; empty in the notebook itself."""
    return "\n::: {.check-report}\n:::\n"


def with_open_points(report: str, checked: Checked) -> str:
    """Fill the section in, where the report has a place for it.

    Parameters
    ----------
    report : str
        Text of ``report.md`` without the section's content.
    checked : Checked
        Of that text.
    """
    filled = f"::: {{.check-report}}\n{open_points_markdown(checked)}\n:::"
    return _PLACE.sub(lambda _: filled, report, count=1)


def open_points_markdown(checked: Checked) -> str:
    """Write every rule that does not hold, is open, switched off or not decided.

    Parameters
    ----------
    checked : Checked

    Returns
    -------
    str
        Markdown. All of it is derived again by ``verify``, so its numbers have no spans.
    """
    text = (
        "\nRules of our own that look for what a reviewer would ask about. They check against what "
        "is asked for; nobody certifies a document or a tool. Errors are to be mended before the "
        "report goes out; warnings need a reason or a change. Places beyond those named stand in "
        "`check.json`.\n"
    )
    failing = [o for o in checked.outcomes if o.state == "fails"]
    failing.sort(key=lambda o: (not o.count("error"), o.about.id))
    if failing:
        text += md.table(
            [(_named(o), _asked(o), _places(o), _todo(o)) for o in failing],
            ("Rule", "Not yet met", "Where", "What to do"),
            "Open questions of the checks, errors first. For a candidate every rule is a warning.",
            widths=(12, 26, 36, 26),
            computed="check.open",
        )
    else:
        text += "\nNo rule that can be decided fails.\n"
    waiting = [o for o in checked.outcomes if o.state == "open"]
    if waiting:
        text += md.table(
            [(_named(o), _asked(o), _todo(o)) for o in waiting],
            ("Rule", "What only a person can supply", "What to do"),
            "Awaiting a person.",
            widths=(12, 50, 38),
            computed="check.awaiting",
        )
    for state, title, caption in (
        ("off", "Why it is off", "Rules that the writer switched off."),
        ("not decided", "Why", "Rules that are not decided here: a reader must."),
    ):
        outcomes = [o for o in checked.outcomes if o.state == state]
        if outcomes:
            text += md.table(
                [(md.escape(o.about.id), md.escape(o.about.asks), md.escape(o.why))
                 for o in outcomes],
                ("Rule", "What should hold", title),
                caption,
                widths=(12, 44, 44),
                computed=f"check.{state.replace(' ', '-')}",
            )  # fmt: skip
    if checked.balance:
        text += md.table(
            [
                tuple(md.escape(str(cell)) for cell in (m.generic, m.own, m.quoted, m.trade))
                for m in checked.balance
            ],
            ("Product", "In the text", "In quotations", "Of these, by trade name"),
            "Mentions of products that are on the house list. The list is short and finds only "
            "what it names; a guideline may recommend any of them.",
            align="lrrr",
            computed="check.balance",
        )
    return text


def _named(outcome: Outcome) -> str:
    worst = next(s for s in ("error", "warning", "open") if outcome.count(s))
    return f"{md.escape(outcome.about.id)}{md.BREAK}{worst}"


def _asked(outcome: Outcome) -> str:
    return md.escape(outcome.about.asks)


def _todo(outcome: Outcome) -> str:
    # In a table commands need no marks of their own.
    return md.escape(outcome.about.todo.replace("`", ""))


def _places(outcome: Outcome) -> str:
    rows = [f.where for f in outcome.found if "does not hold" in f.what]
    if rows:  # a rule over rows: their names say it all
        shown = [md.escape(where) for where in rows]
    else:
        shown = [md.escape(f"{f.where}: {f.what}" if f.where else f.what) for f in outcome.found]
    shown = list(dict.fromkeys(shown))
    return md.BREAK.join(shown[:MOST] + ["and further ones"] * (len(shown) > MOST))
