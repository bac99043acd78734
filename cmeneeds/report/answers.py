"""Questions of a report that only the writer can answer, and the answers in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.frames import each_row, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.decided import given_key
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    import pandas as pd

_CALLOUT = re.compile(
    r"::: \{\.open-question\}\n\*\*Awaiting writer\.\*\* (?P<text>.+)\n:::", re.MULTILINE
)
_HEADING = re.compile(r"^(#{1,2}) (?P<text>.+)$", re.MULTILINE)
_NUMBERED = re.compile(r"^(?:Gap|Candidate) \d+\. ")


class Question(NamedTuple):
    """A callout of a report."""

    where: str
    """The row or section that it stands under."""
    text: str
    """With the place in front, so that the same question about two rows is two questions."""


def questions_in(report: str) -> list[Question]:
    """The questions of ``report.md`` that have no answer yet, each once."""
    return list(dict.fromkeys(q for q, _ in _callouts(report)))


def _callouts(report: str) -> list[tuple[Question, re.Match[str]]]:
    headings = [
        (m.start(), _NUMBERED.sub("", md.plain(m["text"]))) for m in _HEADING.finditer(report)
    ]
    found = []
    for match in _CALLOUT.finditer(report):
        where = next((text for at, text in reversed(headings) if at < match.start()), "")
        said = md.clean(md.plain(match["text"]))
        found.append((Question(where, f"{where}: {said}" if where else said), match))
    return found


def with_answers(report: str, decisions: pd.DataFrame) -> str:
    """Put the writer's answers in place of the callouts that they answer.

    Parameters
    ----------
    report : str
        ``report.md``.
    decisions : DataFrame
        Of an assessment.
    """
    answers = {
        text_of(d.reason): (number, d)
        for number, d in enumerate(each_row(decisions))
        if d.decision == "answer" and d.state == "applied"
    }
    if not answers:
        return report
    pieces, end = [], 0
    for question, match in _callouts(report):
        if question.text not in answers:
            continue
        number, d = answers[question.text]
        answer = md.given(md.clean(text_of(d.value)), given_key(number))
        who = f"{named(text_of(d.by))}, {named(text_of(d.date))}"
        told = f"**Asked.** {match['text']} **Answered.** {answer} ({who})"
        pieces += [report[end : match.start()], f"::: {{.answered}}\n{told}\n:::"]
        end = match.end()
    return "".join([*pieces, report[end:]])
