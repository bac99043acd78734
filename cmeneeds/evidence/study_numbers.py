"""Sample sizes and years of data in the text of a record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.evidence.numbers import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator


class Size(NamedTuple):
    """A number that may be the sample size."""

    rank: int
    """0 for the plainest wording ("a total of 512 nurses"), larger for vaguer ones."""
    start: int
    end: int
    number: int


class Period(NamedTuple):
    """Years of data."""

    start: int
    end: int
    first: int
    last: int

    @property
    def single(self) -> bool:
        """Whether it is one year."""
        return self.first == self.last


_WORDS_BETWEEN = r"\s(?:[A-Za-z][A-Za-z-]*\s){0,4}?"
_PEOPLE = re.compile(
    _WORDS_BETWEEN
    + r"(?:patients|participants|respondents|adults|children|women|men|individuals|people|"
    r"persons|subjects|students|nurses|physicians|doctors|residents|surgeons|clinicians|pharmacists|"
    r"GPs|practitioners|professionals|providers|workers|staff|households|infants|neonates|newborns|"
    r"adolescents|veterans|mothers|parents|caregivers|carers|pregnancies|births|survivors|volunteers|"
    r"trainees|dentists|interns|beneficiaries|dyads|pairs|employees|families|users|cases|"
    r"responses|questionnaires)\b",
    re.IGNORECASE,
)
_THINGS = re.compile(
    _WORDS_BETWEEN
    + r"(?:admissions|visits|records|charts|procedures|operations|encounters|prescriptions|"
    r"studies|trials|articles|eyes|consultations|hospitals|centers|centres|practices|facilities|"
    r"surveys|reports|interviews)\b",
    re.IGNORECASE,
)
_TOOK_PART = re.compile(
    r"\s(?:[A-Za-z][A-Za-z-]*\s){0,5}?(?:included|enrolled|recruited|surveyed|participated|responded|"
    r"completed|analy[sz]ed|interviewed|identified|reviewed|studied|evaluated|randomi[sz]ed|assessed|"
    r"eligible|examined|answered|returned|took\spart|collected|met)\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\btotal\s(?:sample\s)?(?:of\s)?(?:N\s?=\s?)?$|\ball\s$", re.IGNORECASE)
_SAMPLE = re.compile(
    r"\b(?:sample(?:\ssize)?|cohort|population)\s(?:of|was|comprised|included|consisted\sof)\s$",
    re.IGNORECASE,
)
_INCLUDED = re.compile(
    r"\b(?:included|enrolled|recruited|surveyed|analy[sz]ed|interviewed|identified|reviewed|studied|"
    r"evaluated|randomi[sz]ed|examined|among|from|of|in|with|involved)\s(?:the\s|data\s|all\s|from\s|of\s|"
    r"for\s|in\s|on\s|a\s){0,3}$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\bN\s?=\s?$")
_SIGN_BEFORE = re.compile(r"[-–/<>=]\s?$")
_NO_SIZE = re.compile(
    r"\s?(?:%|years?|yrs?|months?|weeks?|days?|hours?|min|mg|ml|kg|cm|mm|points?|items?|-|–|±|/|\.\d)",
    re.IGNORECASE,
)


def sizes(text: str) -> Iterator[Size]:
    """Find numbers that may be the sample size.

    Parameters
    ----------
    text : str
        A title or a section.

    Yields
    ------
    Size
        In order of place.
    """
    for one in numbers(text, shares=False):
        count = one.counted
        printed = text[one.start : one.end]
        if count is None or count < 2 or (len(printed) == 4 and 1900 <= count <= 2050):
            continue
        rank = _rank(text, one.start, one.end)
        if rank is not None and (printed[0].isdigit() or rank < 3):
            yield Size(rank, one.start, one.end, count)


def _rank(text: str, start: int, end: int) -> int | None:
    before, after = text[max(0, start - 48) : start], text[end : end + 110]
    if _SIGN_BEFORE.search(before):
        return 4 if _NAMED.search(before) else None
    if _NO_SIZE.match(after):
        return None
    people = _PEOPLE.match(after)
    if people:
        if _TOTAL.search(before):
            return 0
        if _SAMPLE.search(before):
            return 1
        if _TOOK_PART.match(after, people.end()):
            return 2
        return 3 if _INCLUDED.search(before) else 5
    if _SAMPLE.search(before):
        return 1
    things = _THINGS.match(after)
    return (
        6 if things and (_TOTAL.search(before) or _TOOK_PART.match(after, things.end())) else None
    )


_MONTH_NAME = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?|spring|summer|autumn|fall|winter)"
)
_MONTH = rf"(?:{_MONTH_NAME}\.?,?\s(?:of\s)?)"
_DAY = r"(?:\d{1,2}(?:st|nd|rd|th)?,?\s)?"
_DATE = rf"(?:{_DAY}(?:{_MONTH}{_DAY})?|\d{{1,2}}/(?:\d{{1,2}}/)?)"
_YEAR = re.compile(
    r"(?<![\d.,/])(?:19[5-9]\d|20[0-4]\d)(?![\d.%]\d|[\d%])|(?<=/)20[0-4]\d(?![\d%/])"
)
_TO = re.compile(
    rf"\s?(?:[-–—−/]|to|and|until|till|through)\s?(?:the\send\sof\s)?{_DATE}"
    r"(?P<last>19[5-9]\d|20[0-4]\d|\d\d)(?!\d|\.\d|[%/])",
    re.IGNORECASE,
)
_DATE_BEFORE = re.compile(rf"(?:(?<=\s)|(?<=\()|^){_DATE}$", re.IGNORECASE)
_IN = re.compile(
    r"\b(?:in|during|throughout|of|from|between)\s(?:the\s(?:year\s)?)?(?:(?:"
    rf"{_MONTH_NAME}|\d{{1,2}}(?:st|nd|rd|th)?|to|and|until|through|early|late|the|end|of|-|–)"
    r"[\s,.–-]{1,2}){0,8}$",
    re.IGNORECASE,
)
_OF_SOMETHING_ELSE = re.compile(
    r"(?:publish\w*|guidelines?|updat\w+|search\w*|copyright|et\sal\.?,?|version|approved|introduced|"
    r"since)\W(?:\w+\W){0,6}$",
    re.IGNORECASE,
)


def periods(text: str) -> Iterator[Period]:
    """Find years that data were gathered in: spans, and single years after "in" and the like.

    Parameters
    ----------
    text : str
        A title or a section.

    Yields
    ------
    Period
        In order of place. Years of guidelines, searches and publications are left out.
    """
    until = 0
    for m in _YEAR.finditer(text):
        if m.start() < until:
            continue
        before = text[max(0, m.start() - 60) : m.start()]
        if _OF_SOMETHING_ELSE.search(before):
            continue
        date = _DATE_BEFORE.search(before[-24:])
        start = m.start() - (len(date.group()) if date else 0)
        first = int(m.group())
        to = _TO.match(text, m.end())
        if to:
            last = int(to["last"])
            last = first // 100 * 100 + last if last < 100 else last
            if first <= last:
                until = to.end()
                yield Period(start, to.end(), first, last)
                continue
        if _IN.search(before):
            yield Period(start, m.end(), first, first)
