"""How a recommendation puts it: whether it states its strength, and what it recommends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LITERAL = {
    "strong": re.compile(
        r"\bstrong(?:ly)?\s(?:\w+\s)?recommend|\brecommend\w*\sstrongly\b|"
        r"\b(?:recommendation|strength)\w*\W(?:\w+\s){0,3}strong\b",
        re.IGNORECASE,
    ),
    "conditional": re.compile(
        r"\b(?:conditional|weak)(?:ly)?\s(?:\w+\s)?recommend|"
        r"\b(?:recommendation|strength)\w*\W(?:\w+\s){0,3}(?:conditional|weak)\b",
        re.IGNORECASE,
    ),
    "against": re.compile(
        r"\b(?:recommend|suggest|advis)\w*\sagainst\b|\bnot\s(?:\w+\s)?recommend|\bdo(?:es)?\snot\b",
        re.IGNORECASE,
    ),
    "insufficient": re.compile(r"\binsufficient\b|\bnot\ssufficient\b", re.IGNORECASE),
}


def states_strength(text: str, strength: str) -> bool:
    """Whether a passage itself names the strength that was read off it.

    Parameters
    ----------
    text : str
        The passage.
    strength : str
        ``strong``, ``conditional``, ``against`` or ``insufficient``.

    Examples
    --------
    >>> states_strength("We strongly recommend dose checks.", "strong")
    True
    >>> states_strength("Doses should be checked.", "strong")
    False
    """
    said = _LITERAL.get(strength)
    return said is not None and bool(said.search(text))


_WHO = (
    r"(?:we|panel|committee|task\sforce|(?:working\s|expert\s)?group|society|guidelines?|authors?|experts?|"
    r"college|academy|association|USPSTF)"
)
_ACTIVE = re.compile(
    rf"\b{_WHO}\s(?:\w+\s){{0,2}}?(?P<verb>recommend(?:s|ed)?|suggest(?:s|ed)?|advis(?:es?|ed))\b"
    r"(?!\sthe\s(?:creation|development)\b)|^\W*(?P<verb2>recommend|offer|do\snot\soffer)\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:is|are|be|was|were)\s(?:\w+\s){0,2}?(?:recommended|indicated|advised|suggested)\b",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:should|must|ought\sto|need(?:s|ed)?\s(?:not\s|to\s)|ha(?:s|ve)\sto|can\sbe|may\sbe|"
    r"(?:is|are)\s(?:reasonable|necessary|preferred|contra-?indicated|mandatory))\b",
    re.IGNORECASE,
)


def directness(text: str, names_topic: Callable[[str], bool]) -> int | None:
    """Say how plainly a sentence recommends something on a topic; the lower, the plainer.

    Parameters
    ----------
    text : str
        The sentence.
    names_topic : callable
        Whether a piece of text names the topic.

    Returns
    -------
    int or None
        0 and 1: "we (strongly) recommend that <topic> ...", its strength named or not; 2: "<topic>
        is recommended"; 3: "<topic> should ..."; 4: something else is recommended. None: the
        sentence tells about recommendations and makes none.

    Examples
    --------
    >>> def about(text: str) -> bool:
    ...     return "zandor" in text.lower()
    >>> directness("We recommend zandor shots.", about), directness("Zandor is recommended.", about)
    (1, 2)
    >>> directness("These recommendations provide guidance on zandor.", about) is None
    True
    """
    active = _ACTIVE.search(text)
    if active and names_topic(text[active.end() :]):
        graded = states_strength(text, "strong") or states_strength(text, "conditional")
        return 0 if graded else 1
    passive, modal = _PASSIVE.search(text), _MODAL.search(text)
    if passive and names_topic(text[: passive.start()]):
        return 2
    if modal and names_topic(_clause_before(text, modal.start())):
        return 3
    return 4 if active or passive or modal else None


def _clause_before(text: str, end: int) -> str:
    """What stands before a place, back to the last comma: the subject of its clause."""
    head = text[:end]
    return head[max(head.rfind(mark) for mark in ",;:") + 1 :]
