"""What columns are called: documented names, and the names that people use instead."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAMES = {
    "item": "item|item id|item no|item number|question id|question no|question number|q|q no",
    "text": "text|item text|question|question text|statement|stem|item wording|wording",
    "measure": (
        "measure|indicator|quality measure|quality indicator|metric|criterion|audit criterion|"
        "outcome|outcome measure|measure name"
    ),
    "type": "type|item type|domain|level|construct|category|kind|question type",
    "phase": "phase|time|timepoint|time point|stage|pre post|prepost|when",
    "numerator": (
        "numerator|num|n correct|number correct|correct n|count correct|correct|n yes|yes|n met|"
        "met|number met|count|events|passed|compliant|n compliant|n confident|correct answers|"
        "number of correct answers|num correct|x"
    ),
    "denominator": (
        "n|denominator|denom|den|total|n total|total n|sample|sample size|respondents|answered|"
        "number of respondents|n respondents|responses|eligible|n eligible|charts|patients|cases|"
        "learners|n learners|number of learners|n answered|base"
    ),
    "value": (
        "value|percent|pct|percentage|rate|share|proportion|percent correct|correct percent|"
        "percent yes|percent met|percent agree|percent confident|pct correct|result|performance"
    ),
    "mean": "mean|average|avg|mean score|average score|mean rating|score|m",
    "sd": "sd|std|std dev|stdev|standard deviation|s d",
    "scale": "scale|range|scale range|scale max|max|maximum|out of",
    "unit": "unit|units",
    "pre": "pre|before|baseline|pretest|pre test|pre value|pre percent|percent pre|pre mean|t0",
    "post": (
        "post|after|posttest|post test|post value|post percent|percent post|post mean|"
        "follow up|followup|t1"
    ),
    "pre_n": "pre n|n pre|n before|baseline n",
    "post_n": "post n|n post|n after|follow up n",
    "pre_sd": "pre sd|sd pre|sd before|baseline sd",
    "post_sd": "post sd|sd post|sd after|follow up sd",
    "r": "r|correlation|pre post correlation",
    "gained": "gained|improved|newly correct|wrong to right|wrong right",
    "lost": "lost|worsened|newly wrong|right to wrong|right wrong",
    "paired": "paired|same learners|same people|matched",
    "period": (
        "period|date|dates|year|years|quarter|month|months|time period|reporting period|"
        "audit period|measurement period"
    ),
    "gap": "gap|gap id|practice gap",
    "code": (
        "learner|respondent|participant|code|learner code|respondent code|participant code|"
        "learner id|respondent id|participant id|response id|row|no|nr|number|id"
    ),
}
_ROLE = {name: role for role, names in _NAMES.items() for name in names.split("|")}

FIGURES = frozenset(
    (
        "numerator", "denominator", "value", "mean", "sd", "r", "gained", "lost",
        "pre", "post", "pre_n", "post_n", "pre_sd", "post_sd",
    )
)  # fmt: skip
"""Roles whose cells are numbers."""


class Type(NamedTuple):
    """What kind of thing an item measures."""

    name: str
    level: str
    """K, C, P or O; empty where it is none of them."""
    perceived: bool
    """Whether it is what learners say of themselves (a perceived need), not what was tested or
    observed (an unperceived one)."""


TYPES = {
    t.name: t
    for t in (
        Type("knowledge", "K", False),
        Type("competence", "C", False),
        Type("performance", "P", False),
        Type("patient outcome", "O", False),
        Type("confidence", "C", True),
        Type("self-reported practice", "P", True),
        Type("perceived need", "", True),
        Type("barrier", "", True),
    )
}
_TYPE_NAMES = {
    "knowledge": "knowledge|k|know|test|knowledge item",
    "competence": "competence|c|competency|skill|skills|case|vignette|case vignette|decision",
    "performance": "performance|p|observed performance|chart audit|audit|process",
    "patient outcome": "outcome|o|patient outcome|health outcome|patient outcomes",
    "confidence": "confidence|confident|self efficacy|comfort|self confidence",
    "self-reported practice": (
        "self reported practice|self reported performance|self reported behaviour|"
        "self reported behavior|self reported|reported practice"
    ),
    "perceived need": (
        "perceived|perceived need|need|interest|self rated|self assessed|self assessment|"
        "self rated knowledge|perceived knowledge|relevance|attitude"
    ),
    "barrier": "barrier|barriers|perceived barrier|obstacle",
}
_TYPE = {alias: TYPES[name] for name, listed in _TYPE_NAMES.items() for alias in listed.split("|")}

_PHASE_NAMES = {
    "pre": "pre|before|baseline|pretest|pre test|pre activity|t0|prior",
    "post": "post|after|posttest|post test|post activity|immediate post|immediately after|t1",
    "follow-up": "follow up|followup|later|delayed post|t2",
}
_PHASE = {alias: phase for phase, listed in _PHASE_NAMES.items() for alias in listed.split("|")}


def folded(name: str) -> str:
    """A name as names are compared.

    Examples
    --------
    >>> folded("nCorrect"), folded("% Correct "), folded("Pre-test_SD"), folded("IPAddress")
    ('n correct', 'percent correct', 'pre test sd', 'ip address')
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    name = name.replace("%", " percent ").replace("#", " number ").casefold()
    return " ".join(re.findall(r"[^\W_]+", name))


def roles_of(header: tuple[str, ...]) -> dict[str, int]:
    """Tell which column plays which role; the first of several counts."""
    roles: dict[str, int] = {}
    plain = [h.strip() for h in header]
    for place, name in enumerate(plain):
        words = folded(name)
        words = re.sub(r"^(?:n percent|n and percent)$", "n correct", words)
        role = _ROLE.get(words) or _ROLE.get(re.sub(r"\s(?:percent|n)$", "", words))
        if role and role not in roles:
            roles[role] = place
    # Side by side, n is the number correct and N that of all; so is n beside a total.
    if "numerator" not in roles and "n" in plain:
        others = [
            i
            for i, name in enumerate(plain)
            if name != "n" and _ROLE.get(folded(name)) == "denominator"
        ]
        if others:
            roles |= {"numerator": plain.index("n"), "denominator": others[0]}
    return roles


def says_percent(name: str) -> bool:
    """Whether the name of a column says that it holds shares."""
    return bool(re.search(r"\b(?:percent\w*|pct|rate|share|proportion)\b", folded(name)))


def type_of(text: str) -> Type | None:
    """Read the type of an item; None if it is not known."""
    return _TYPE.get(folded(text))


def phase_of(text: str) -> str | None:
    """Read a phase: ``pre``, ``post`` or ``follow-up``; empty where none is given, None if unknown.

    Examples
    --------
    >>> phase_of("Pre-test"), phase_of(""), phase_of("follow-up 8 weeks"), phase_of("spring")
    ('pre', '', 'follow-up', None)
    """
    words = folded(text)
    if not words:
        return ""
    if words in _PHASE:
        return _PHASE[words]
    return "follow-up" if re.match(r"follow ?up\b", words) else None
