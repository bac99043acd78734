"""Sentences that report nothing: what a study is for, and that something is to be had.

Abstracts that are printed as one text often carry their headings in it ("Objective: ...", "Results
Of the 310 ..."); :func:`heading_at` reads them, so that a sentence is known for what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class TypedHeading(NamedTuple):
    """A heading that stands in the text of a section."""

    start: int
    """First character of the heading, counted in the section."""
    end: int
    """Where the words under it begin."""
    words: str
    """As printed, without the colon."""


_NAMES = (
    r"(?:(?:study\s)?(?:background|introduction|context|rationale|importance|objectives?|aims?|purposes?|"
    r"goals?|hypothes[ei]s|methods?|methodology|(?:materials?|patients|participants|subjects)\sand\s"
    r"methods|design|settings?|(?:study\s)?participants|interventions?|main\soutcomes?(?:\sand\s"
    r"measures|\smeasures?)?|results?|(?:main\s|key\s)?findings|conclusions?|discussion|interpretation|"
    r"limitations?)"
    r"(?:(?:\s(?:and|&)\s|/)(?:aims?|objectives?|purpose|methods?|results?|findings|setting|"
    r"participants|conclusions?|relevance|discussion|implications))?)(?:\sof\s(?:the\s)?(?:study|review))?"
)
_WITH_COLON = re.compile(rf"(?:(?<=[.?!)\]]\s)|(?<=[.?!)\]])|^)(?P<words>{_NAMES})\s?:\s*", re.I)
_CAPITALS = re.compile(
    r"(?<![\w-])(?P<words>BACKGROUND|INTRODUCTION|OBJECTIVES?|AIMS?|PURPOSE|(?:MATERIALS?|PATIENTS)"
    r" AND METHODS|METHODS?|RESULTS?|FINDINGS|CONCLUSIONS?|DISCUSSION)\s?:\s*"
)
# Without a colon only where another sentence begins right after: "Results Of the 310 ...".
_BARE = re.compile(
    r"(?:(?<=[.?!)]\s)|^)(?P<words>Background|Introduction|Objectives?|Aims?|Purpose|Methods?|Results?|"
    r"Conclusions?|Discussion)\s(?=[A-Z][a-z]*\s|\d)"
)


def typed_headings(text: str) -> list[TypedHeading]:
    """Find the headings printed in the text of a section.

    Parameters
    ----------
    text : str
        Of one section of an abstract.

    Returns
    -------
    list of TypedHeading
        In their order. Headings without a colon count only where there are two or more of them:
        one alone may be a word of its sentence.

    Examples
    --------
    >>> [h.words for h in typed_headings("Aim: To count. Methods: We counted. Results: Ten.")]
    ['Aim', 'Methods', 'Results']
    >>> typed_headings("Results Of Zandor's trial were used.")
    []
    """
    found = [*_WITH_COLON.finditer(text), *_CAPITALS.finditer(text)]
    bare = list(_BARE.finditer(text))
    if len({m["words"].lower() for m in bare}) > 1:
        found += bare
    by_place = {m.start("words"): m for m in found}
    return [TypedHeading(at, by_place[at].end(), by_place[at]["words"]) for at in sorted(by_place)]


def heading_at(headings: Sequence[TypedHeading], start: int, label: str) -> str:
    """Tell under which heading a sentence stands.

    Parameters
    ----------
    headings : sequence of TypedHeading
        Of its section.
    start : int
        First character of the sentence.
    label : str
        Heading that the record itself gives to the section.

    Returns
    -------
    str
        The last typed heading up to the sentence, else ``label``.
    """
    before = [heading for heading in headings if heading.start <= start]
    return before[-1].words if before else label


_INQUIRE = (
    r"(?:assess|evaluat|determin|investigat|examin|explor|identif|describ|compar|estimat|analy[sz]|"
    r"characteri[sz]|quantif|measur|study|review|updat|report|summari[sz]|understand|test|validat|"
    r"verif|ascertain|elucidat|survey|document|clarif|synthesi[sz]|provide)\w*"
)
_WORK = (
    r"(?:study|survey|review|paper|article|trial|analysis|project|research|report|work|"
    r"investigation|audit|meta-?analysis|protocol|substudy)"
)
_AIM = re.compile(
    # "To assess ...": without a clause of its own
    rf"(?:In\sorder\s)?to\s(?:\w+ly\s|further\s)?{_INQUIRE}\b(?!.*,\s(?:we|a|an|the|this|our|all|data|\d))|"
    # "The aim of this study was to ...", "Our primary objective was ..."
    rf"(?:the|our|its|this|a|one)\s(?:\w+[\s,]){{0,4}}?(?:aims?|objectives?|purposes?|goals?)\s(?:of\s(?:this|"
    rf"the|our)\s(?:[\w-]+\s){{0,5}}?{_WORK}\s)?(?:was|were|is|are|has\sbeen)\s(?:\w+ly\s)?(?:to\s{_INQUIRE}|to\s"
    rf"(?=.*\b{_WORK}\b)|t(?:wo|hree)fold)|"
    rf"(?:the|our)\s(?:\w+\s){{0,3}}?(?:aims?|objectives?|purposes?|goals?)\sof\s(?:this|the|our)\s"
    rf"(?:[\w-]+\s){{0,5}}?{_WORK}\s(?:was|were|is|are)\b|"
    # "We aimed to ...", "This study seeks to ..."
    rf"(?:(?:therefore|thus|hence|here(?:in)?|accordingly|in\sth(?:is|e\spresent|e\scurrent)\s{_WORK}),?\s)?"
    rf"(?:we|the\sauthors?|(?:this|our|the\spresent|the\scurrent|present)\s(?:[\w-]+\s){{0,4}}?{_WORK})\s"
    r"(?:\w+ly\s|therefore\s|thus\s|also\s|here\s)?(?:aim(?:s|ed)?|sought|seeks?|set\sout|intend(?:s|ed)?|"
    r"(?:was|were|is)\s(?:\w+ly\s)?(?:aimed|conducted|designed|performed|undertaken|carried\sout|initiated|"
    r"intended|planned)\s(?:at|to|in\sorder\sto)|hypothesi[sz]e[ds]?)\b",
    re.IGNORECASE | re.DOTALL,
)
_TYPED_FIRST = re.compile(rf"\s*{_NAMES}\s?:\s*", re.IGNORECASE)
_AVAILABLE = re.compile(
    r"\b(?:is|are|was|were|(?:has|have)\s(?:now\s|recently\s)?(?:been|become)|became|becomes?)\s"
    r"(?:\w+ly\s|now\s|already\s|also\s){0,2}available\b"
    r"(?:\s(?:now|today|worldwide|for\suse|on\sthe\smarket))?\W*$",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\b(?:not?|nor|never|only|few|fewer|little|limited|lack\w*|but|however|although|though|despite|yet|"
    r"unless|rarely|seldom|hardly|scarcely|until|when|whether|if|once|insufficient\w*|in-?adequate\w*|"
    r"poorly|un\w+ly)\b|\d\s?%",
    re.IGNORECASE,
)


def is_aim(text: str) -> bool:
    """Whether a sentence says what a study is for, and so reports nothing.

    Examples
    --------
    >>> is_aim("Objective: To assess how often doses are checked.")
    True
    >>> is_aim("To assess this, we asked 40 nurses, of whom few knew the dose.")
    False
    """
    return bool(_AIM.match(_without_heading(text)))


def only_tells_of_availability(text: str) -> bool:
    """Whether a sentence says no more than that something can be had: nothing falls short there.

    Examples
    --------
    >>> only_tells_of_availability("Objective: The zandor vaccine is currently available.")
    True
    >>> only_tells_of_availability("Only few zandor vaccines are available.")
    False
    """
    said = _without_heading(text)
    return bool(_AVAILABLE.search(said)) and not _LIMITED.search(said)


def _without_heading(text: str) -> str:
    """The words after a typed heading."""
    heading = _TYPED_FIRST.match(text)
    return text[heading.end() :] if heading else text.lstrip()
