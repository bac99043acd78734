"""What a sentence about burden measures: the topic itself, or something beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.evidence.study_words import mentions

if TYPE_CHECKING:
    from collections.abc import Callable


class BurdenTold(NamedTuple):
    """How well a sentence tells the burden of a topic; of two the lesser is better."""

    rare: bool
    """It says that something seldom happens."""
    vague: bool
    """It names neither figure nor measure, or only compares or says what may be."""
    beside: int
    """0: it measures the topic in people; 1: the topic is its subject; 2: it names the topic."""
    elsewhere: int
    """0: it names a country asked for; 1: it names none; 2: it names others."""
    narrow: bool
    """It does not speak of a whole population."""


_RARE = re.compile(r"\b(?:rare|rarely|uncommon|unusual|infrequent(?:ly)?|seldom)\b", re.IGNORECASE)
_MEASURE = (
    r"(?:prevalence|incidence|mortality|fatality|deaths?|burden|costs?|expenditures?|disability|"
    r"hospitali[sz]ations?|cases)"
)
_MEASURED = re.compile(
    rf"\b(?:{_MEASURE}|common(?:est)?|leading|prevalent|kill\w*|affect\w*|die[sd]?|per\s100\s?,?000|"
    r"million|public\shealth\s(?:problem|concern|issue|challenge)|pandemic|epidemic)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    rf"\b{_MEASURE}\b|\b(?:most\scommon|leading)\b|\d\s?%|\bmillions?\b|\b\d+\sin\s\d+|per\s100\s?,?000",
    re.IGNORECASE,
)
_MAY_BE = re.compile(
    r"\b(?:may|might|could|hope|likely|hypothes\w+|suggests?|lower|higher|fewer|greater|versus|"
    r"vs|odds|hazard|reduced)\b|\bP\s?[<>=]|\bCIs?\b",
    re.IGNORECASE,
)
# "prevalence of X", and what X is
_MEASURE_OF = re.compile(
    rf"\b(?:{_MEASURE}|rates?|frequency|proportion)\s(?:rates?\s)?(?:of|from|due\sto|caused\sby|"
    r"attributable\sto|for)\s(?P<what>(?:[^\s;.()]+\s?){1,6})",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|remains?|affects?|affected|caus(?:es|ed)|accounts?|accounted|"
    r"represents?|leads?|led|imposes?|continues?|kills?|killed|occurs?|occurred|ranks?|constitutes?|"
    r"may|can|could|develop(?:s|ed)?|suggests?|reported|showed|increase[sd]?|decrease[sd]?)\b",
    re.IGNORECASE,
)
_PEOPLE_WITH = re.compile(
    r"\b(?:patients?|people|those|individuals|persons|survivors|adults|women|men|subjects|"
    r"participants|children|adolescents|cohorts?|groups?|respondents|particles?|cells?|levels?|"
    r"scores?|ratio|models?|surgery)\b",
    re.IGNORECASE,
)
_WIDE = re.compile(
    r"\b(?:world-?wide|global(?:ly)?|the\sworld|million|(?:general|whole|total)\spopulation|"
    r"nation(?:al|wide|ally)|population-based|countr(?:y|ies)|per\s100\s?,?000|annual(?:ly)?|"
    r"(?:each|every|per)\syear|leading\scause|lifetime|public\shealth)\b",
    re.IGNORECASE,
)


def burden_told(
    text: str, names_topic: Callable[[str], bool], countries: frozenset[str]
) -> BurdenTold | None:
    """Say how well a sentence tells the burden of a topic.

    Parameters
    ----------
    text : str
        The sentence.
    names_topic : callable
        Whether a piece of text names the topic.
    countries : frozenset of str
        Countries asked for, in English.

    Returns
    -------
    BurdenTold or None
        None where the sentence does not name the topic: what it counts is something else.

    Examples
    --------
    >>> def about(text: str) -> bool:
    ...     return "zandor" in text.lower()
    >>> burden_told("Zandoric fever affects two million people.", about, frozenset())
    BurdenTold(rare=False, vague=False, beside=0, elsewhere=1, narrow=False)
    >>> burden_told("The prevalence of big cells was 65% in zandoric fever.", about, frozenset())
    BurdenTold(rare=False, vague=False, beside=2, elsewhere=1, narrow=True)
    """
    if not names_topic(text):
        return None
    named = {one.value for one in mentions(text) if one.fact == "country"}
    verb = _VERB.search(text)
    subject = text[: verb.start()] if verb else ""
    found = list(_MEASURE_OF.finditer(text))
    # What is measured stands in the subject, if a measure stands there at all.
    measures = [m["what"] for m in found if m.start() < len(subject)] or [m["what"] for m in found]
    leads = names_topic(subject) and not _PEOPLE_WITH.search(subject)
    if any(names_topic(what) and not _PEOPLE_WITH.search(what) for what in measures):
        beside = 0
    elif measures and not leads:
        beside = 2
    elif leads:
        beside = 0 if _MEASURED.search(text) else 1
    else:
        beside = 2
    elsewhere = 0 if named & countries else 2 if named else 1
    vague = not _FIGURE.search(text) or bool(_MAY_BE.search(text))
    return BurdenTold(bool(_RARE.search(text)), vague, beside, elsewhere, not _WIDE.search(text))
