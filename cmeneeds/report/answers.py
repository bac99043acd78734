"""Questions of a report that only the writer can answer, and the answers in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.frames import each_row, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.decided import given_key
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    import pandas as pd

_CALLOUT = re.compile(
    r"^::: \{\.open-question\}\n\*\*Awaiting writer\.\*\* (?P<text>.+?)\n:::$",
    re.MULTILINE | re.DOTALL,
)
_ITEM = re.compile(r"^- (?P<text>.+)$", re.MULTILINE)
_TERM = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]\{\.(?:term|date)\}")
_HEADING = re.compile(r"^#{1,2} (?P<text>.+)$", re.MULTILINE)
_NUMBERED = re.compile(r"^(?:Gap|Candidate) \d+\. ")


class Question(NamedTuple):
    """A callout of a report."""

    where: str
    """The row or section that it stands under."""
    text: str
    """With the place in front, so that the same question about two rows is two questions."""


class _Asked(NamedTuple):
    """A question, and where it stands in ``report.md``."""

    question: Question
    start: int
    end: int
    markdown: str


def questions_in(report: str) -> list[Question]:
    """The questions of ``report.md`` that have no answer yet, each once."""
    return list(dict.fromkeys(asked.question for asked in _asked(report)))


def _asked(report: str) -> Iterator[_Asked]:
    """A callout is one question, or a section with a list of them."""
    headings = [
        (m.start(), _NUMBERED.sub("", md.plain(m["text"]))) for m in _HEADING.finditer(report)
    ]
    for callout in _CALLOUT.finditer(report):
        head = next((text for at, text in reversed(headings) if at < callout.start()), "")
        items = list(_ITEM.finditer(report, callout.start("text"), callout.end("text")))
        if items:
            head = md.plain(report[callout.start("text") : items[0].start()]).strip(" :\n")
            head = _NUMBERED.sub("", _TERM.sub(r"\1", head))
        for item in items or [callout]:
            if _ANSWERED in item["text"]:
                continue
            said = md.clean(md.plain(_TERM.sub(r"\1", item["text"])))
            question = Question(head, f"{head}: {said}" if head else said)
            yield _Asked(question, *item.span("text"), item["text"])


_ANSWERED = "**Answered.**"


def with_answers(report: str, decisions: pd.DataFrame) -> str:
    """Put the writer's answers beside the questions that they answer.

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
    for asked in _asked(report):
        if asked.question.text in answers:
            number, d = answers[asked.question.text]
            answer = md.given(md.clean(text_of(d.value)), given_key(number))
            who = f"{named(text_of(d.by))}, {named(text_of(d.date))}"
            pieces += [report[end : asked.end], f" {_ANSWERED} {answer} ({who})"]
            end = asked.end
    return _CALLOUT.sub(_renamed, "".join([*pieces, report[end:]]))


def _renamed(callout: re.Match[str]) -> str:
    """A callout whose questions are all answered awaits nobody."""
    asked = [m["text"] for m in _ITEM.finditer(callout["text"])] or [callout["text"]]
    if not all(_ANSWERED in text for text in asked):
        return callout[0]
    return (
        callout[0]
        .replace("{.open-question}", "{.answered}", 1)
        .replace("**Awaiting writer.**", "**Asked of the writer.**", 1)
    )
