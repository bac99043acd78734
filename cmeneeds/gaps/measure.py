"""What a statement of practice means for care: which way it falls short, and by how much."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNKNOWN = "unknown"

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
_LIMIT = r"(?:(?:fewer|less|lower|no more) than|under|below|up to|at most|<|≤)"
_AT_MOST = re.compile(rf"{_LIMIT}", re.IGNORECASE)
_AT_MOST_BEFORE = re.compile(rf"(?:\b|(?=[<≤])){_LIMIT}\s*\(?(?:an? |one )?\s*$", re.IGNORECASE)
_REFUSAL = re.compile(r"\b(?:refus\w*|never|hesitan\w*|unaware|declin\w*|not)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:]|,\s+(?:while|whereas|but|and|although)\b|\b(?:while|whereas|but)\b")

# The first that is found counts: "unnecessary delay" is a delay of nothing wanted, so overuse of
# words comes last where it could be both.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "overuse",
            (
                r"\bover-?(?:us|treat|prescri|test|diagnos|refer|dos)\w*|\bunnecessar\w*|\blow-?value|"
                r"\binappropriate(?:ly)?\s(?:\w+\s){0,2}(?:prescri|antibiotic|use\b|used|test|imaging|"
                r"referr|treat|transfus|admi)\w*|\bnot\s(?:clinically\s)?indicated|"
                r"\bwithout\s(?:an?\s)?(?:clear\s|valid\s)?indication|\bpolypharmacy|\bpotentially "
                r"inappropriate|\bexcessive\w*|\bavoidable (?:admission|test|imaging|visit|use)\w*"
            ),
        ),
        (
            "delay",
            (
                r"\bdelay\w*|\blate (?:presentation|diagnosis|referral|initiation|start|treatment)|"
                r"\btime to (?:diagnosis|treatment)|\bwait(?:ed|ing)? (?:time|list|for|\w+ weeks)|"
                r"\bnot (?:\w+ )?(?:in time|timely|promptly)|\buntimely"
            ),
        ),
        (
            "error",
            (
                r"\berrors?\b|\bmis(?:diagnos|classif|interpret|us)\w*|\bincorrect(?:ly)? "
                r"(?:dos|diagnos|us|prescri|perform|techn|administ)\w*|\bwrong (?:dose|drug|site|"
                r"diagnosis|technique)|\bdiagnostic (?:error|odyssey)|\badverse events? due to"
            ),
        ),
        (
            "variation",
            (
                r"\b(?:wide|large|unwarranted|substantial|considerable|regional|hospital|practice|"
                r"marked|significant)\s(?:\w+\s){0,2}variation\w*|\bvari(?:ed|es|able) (?:widely|"
                r"considerably|greatly|substantially)|\binconsisten\w*|\bheterogeneity in (?:care|"
                r"practice)|\black of (?:standardi[sz]ation|consensus)|\bdisparit(?:y|ies)\b|"
                r"\binequit\w*|"
                r"\bless likely to (?:receive|be)"
            ),
        ),
    )
)


@dataclass(frozen=True)
class Shortfall:
    """The reading of one statement.

    Attributes
    ----------
    direction : str
        Of its percentage: ``too low`` (what is wanted happens in value percent), ``too high``
        (what is not wanted does) or ``unknown``.
    size : float or None
        Stated size in percentage points: the value itself where it is too high, 100 minus it
        where too low. An upper bound for ranking only: nobody achieves 0 or 100. None where the
        direction is unknown.
    kind : str
        ``underuse``, ``overuse``, ``delay``, ``error``, ``variation``, ``outcome`` or ``unknown``.
    """

    direction: str
    size: float | None
    kind: str = UNKNOWN

    def is_achieved(self, least: float) -> bool:
        """Whether what is wanted happens in at least ``least`` percent: that is no gap."""
        return self.direction == "too low" and self.size is not None and 100 - self.size >= least


def shortfall(text: str, value: float | None, position: int, level: str = "") -> Shortfall:
    """Read which way a statement falls short, from the clause its percentage stands in.

    Parameters
    ----------
    text : str
        The sentence.
    value : float or None
        In percent.
    position : int
        Where the number stands in the sentence.
    level : str
        K, C, P, O or S, where the label has one: O makes an outcome of what has no other kind.
    """
    direction, size = _reading(text, value, position)
    return Shortfall(direction, size, _kind(text, level, direction))


# What a percentage is a share of. Shares of different things never make one range.
_MEASURED = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "hesitant": r"\bhesitan\w*|\bunsure\b|\bundecided\b|\buncertain\b",
        "declines": (
            r"\brefus\w*|\bdeclin(?:e|ed|ing)\b|\bunwilling\w*|\breject\w*|\bforgo\b|"
            r"\binten\w+ to (?:declin|refus|reject|forgo)\w*|\b(?:not|never) "
            r"(?:\w+ )?(?:intend|accept|be willing|willing|get|take|receive)\w*"
        ),
        "accepts": (
            r"\baccept\w*|\bwilling\w*|\binten(?:d|t)\w*|\bwould (?:\w+ )?(?:get|take|receive)\b"
        ),
        "delays": r"\bdelay\w*|\bpostpon\w*",
        "received": r"\breceiv\w*|\bunderwent\b|\buptake\b|\bcoverage\b|\b(?:un)?vaccinated\b",
        "aware": r"\b(?:un)?aware(?:ness)?\b",
        "knows": r"\bknow\w*|\bknew\b|\b(?:in)?correct\w*|\bfamiliar\w*",
        "confident": r"\bconfiden\w*|\bcomfortabl\w*",
        "adheres": r"\b(?:non-?)?(?:adher|complian)\w*|\bdiscontinu\w*",
        "treated": r"\b(?:un)?treat\w*|\bprescri\w*|\btherap(?:y|ies)\b",
        "tested": r"\bscreen\w*|\btest(?:ed|ing|s)?\b|\bmeasured\b|\bcheck\w*",
        "diagnosed": r"\b(?:un|mis)?diagnos\w*|\b(?:un)?detected\b",
        "referred": r"\breferr\w*",
        "counseled": r"\bcounsel\w*|\bdiscuss\w*",
        "controlled": r"\b(?:un)?controlled\b|\bachiev\w*",
    }.items()
}


def measured(text: str, position: int) -> str:
    """Name what a percentage is a share of, by the nearest word of its clause; empty if unknown.

    Parameters
    ----------
    text : str
        The sentence.
    position : int
        Where the number stands in it.

    Examples
    --------
    >>> measured("Of all, 40% were hesitant and 12% refused.", 8)
    'hesitant'
    """
    start, end = _clause(text, position)
    near = [
        (abs(m.start() - position), m.start() - m.end(), name)
        for name, pattern in _MEASURED.items()
        for m in pattern.finditer(text, start, end)
    ]
    # Where two begin at a word, the longer counts: "intend to decline" is no intention to accept.
    return min(near)[2] if near else ""


def _clause(text: str, position: int) -> tuple[int, int]:
    """The span of the clause that a position of a sentence stands in."""
    start, end = 0, len(text)
    for cut in _CLAUSE.finditer(text):
        if cut.end() <= position:
            start = cut.end()
        elif cut.start() > position:
            end = cut.start()
            break
    return start, end


def _kind(text: str, level: str, direction: str) -> str:
    for name, pattern in _KINDS:
        if pattern.search(text):
            return name
    if level == "O":
        return "outcome"
    if direction != UNKNOWN or _UNDESIRED.search(text) or _DESIRED.search(text):
        return "underuse"
    return UNKNOWN


def _reading(text: str, value: float | None, position: int) -> tuple[str, float | None]:
    if value is None or not 0 <= value <= 100:
        return UNKNOWN, None
    start, end = _clause(text, position)
    clause = text[start:end]
    before = text[start:position]
    if _ONLY.search(before) and not _REFUSAL.search(clause[position - start :]):
        return "too low", 100.0 - value  # "only 24.8%" of something wanted
    if _UNDESIRED.search(clause):
        if _AT_MOST_BEFORE.search(before) or _AT_MOST.match(text, position):
            return UNKNOWN, None  # "less than half were unaware": how many is not said
        return "too high", value
    if _DESIRED.search(clause):
        return "too low", 100.0 - value
    return UNKNOWN, None
