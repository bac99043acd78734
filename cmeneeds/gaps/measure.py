"""What a figure means for care: which way the shortfall lies, and how large it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNDESIRED = re.compile(
    r"\b(?:hesitan\w*|refus\w*|unwilling\w*|reluctan\w*|resistan(?:ce|t) to|declin(?:e|ed|ing) "
    r"(?:the|to|vaccin\w*)|non-?\s?adheren\w*|non-?\s?complian\w*|undiagnosed|untreated|undetected|"
    r"unaware|not aware|inappropriate\w*|unnecessar\w*|overus\w*|overtreat\w*|overprescri\w*|"
    r"delay(?:ed|s)?|missed|misdiagnos\w*|errors?|lack(?:ed|ing)?|did not|do not|does not|was not|"
    r"were not|not (?:receiv\w*|treated|screened|offered|vaccinated|prescribed|tested|follow\w*)|"
    r"never|failed|unvaccinated|uncontrolled|dissatisf\w*|incorrect\w*|poor|inadequate\w*|"
    # "with and without dementia" tells patients apart; nothing is left out.
    r"(?<!with and )(?<!with or )without (?:treatment|therapy|follow-?up|screening|testing)|"
    r"suboptimal|discontinu\w*|lost to follow|concern(?:s|ed)? (?:about|regarding)|barriers?)\b",
    re.IGNORECASE,
)
_DESIRED = re.compile(
    r"\b(?:only|just|merely|fewer than|less than|accept\w*|willing\w*|receiv\w*|underwent|"
    r"vaccinated|prescribed|screened|tested|treated|adher\w*|complian\w*|aware\w*|knew|correct\w*|"
    r"intend\w*|intention|uptake|coverage|knowledge|familiar|confident|achiev\w*|controlled|"
    r"referred|offered|followed|met|recommended|performed|used)\b",
    re.IGNORECASE,
)
_ONLY = re.compile(r"\b(?:only|just|merely|fewer than|less than)\s*\(?\s*$", re.IGNORECASE)
_REFUSAL = re.compile(r"\b(?:refus\w*|never|hesitan\w*|unaware|declin\w*|not)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:]|,\s+(?:while|whereas|but|and|although)\b|\b(?:while|whereas|but)\b")


@dataclass(frozen=True)
class Shortfall:
    """The reading of one percentage.

    Attributes
    ----------
    direction : str
        ``too low`` (what is wanted happens in value percent), ``too high`` (what is not wanted
        does) or ``unknown``.
    size : float or None
        Stated size in percentage points: the value itself where it is too high, 100 minus it
        where too low. An upper bound for ranking only: nobody achieves 0 or 100. None where the
        direction is unknown.
    """

    direction: str
    size: float | None


def shortfall(text: str, value: float | None, position: int) -> Shortfall:
    """Read the direction of a percentage from the clause it stands in.

    Parameters
    ----------
    text : str
        The sentence.
    value : float or None
        In percent.
    position : int
        Where the number stands in the sentence.
    """
    if value is None or not 0 <= value <= 100:
        return Shortfall("unknown", None)
    start, end = 0, len(text)
    for cut in _CLAUSE.finditer(text):
        if cut.end() <= position:
            start = cut.end()
        elif cut.start() > position:
            end = cut.start()
            break
    clause = text[start:end]
    before = text[max(start, 0) : position]
    if _ONLY.search(before) and not _REFUSAL.search(clause[position - start :]):
        return Shortfall("too low", 100.0 - value)  # "only 24.8%" of something wanted
    if _UNDESIRED.search(clause):
        return Shortfall("too high", value)
    if _DESIRED.search(clause):
        return Shortfall("too low", 100.0 - value)
    return Shortfall("unknown", None)
