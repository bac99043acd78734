"""Where a rule comes from. Only what an accreditor itself says may bear an accreditor's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["accreditor", "funder", "style guide", "house custom"]

UNDATED = "excerpt, date unknown; verify"
"""How the sources of ``data/accreditors`` were read: there is no record of the days."""

_ACCREDITORS = re.compile(
    r"\b(?:ACCME|EACCME|UEMS|Joint Accreditation|JAC\d+|ANCC|ACPE|Royal College|CFPC|RACGP|AAFP|"
    r"AOA|Standards for Integrity|SII)\b"
)


@dataclass(frozen=True)
class Basis:
    """Where a rule comes from.

    Attributes
    ----------
    kind : str
        ``accreditor``, ``funder``, ``style guide`` or ``house custom``.
    text : str
        The requirement, in few words; for an accreditor with its name.
    source : str
        Page or document; empty for house custom.
    read : str
        Day on which it was read (ISO 8601), or :data:`UNDATED`.

    Raises
    ------
    ValueError
        If a basis of another kind names an accreditor, or an accreditor's names no source.
    """

    kind: Kind
    text: str
    source: str = ""
    read: str = ""

    def __post_init__(self) -> None:
        if self.kind != "accreditor" and _ACCREDITORS.search(f"{self.text} {self.source}"):
            raise ValueError(f"a basis of kind {self.kind!r} names an accreditor: {self.text!r}")
        if self.kind == "accreditor" and not (self.source and self.read):
            raise ValueError(f"an accreditor's basis without source or date: {self.text!r}")

    def __str__(self) -> str:
        """One line."""
        where = f" ({self.source}; {self.read})" if self.source else ""
        return f"{self.kind}: {self.text}{where}" if self.text else self.kind


def accreditor(text: str, source: str) -> Basis:
    """What an accreditor asks, read as an excerpt on an unknown day."""
    return Basis("accreditor", text, source, UNDATED)


def house(text: str = "") -> Basis:
    """Custom of this house, whatever suggested it."""
    return Basis("house custom", text)


def funder(text: str, source: str) -> Basis:
    """What a supporter asks of those who apply."""
    return Basis("funder", text, source, UNDATED)


def style(text: str, source: str) -> Basis:
    """What a style guide asks."""
    return Basis("style guide", text, source, UNDATED)


ACCME_NEEDS = accreditor(
    "ACCME, Educational Needs: needs that underlie the gaps of the provider's own learners",
    "accme.org/rule/educational-needs",
)
ACCME_CHANGE = accreditor("ACCME, Designed to Change", "accme.org criterion on designed to change")
ACCME_ANALYSIS = accreditor(
    "ACCME, analysis of change in learners or patients", "accme.org criterion on analyzing change"
)
ACCME_ABSTRACT = accreditor(
    "ACCME structured abstract: fields and word limits", "form of 2014; check the current one"
)
ACCME_COMPETENCY = accreditor(
    "ACCME, Competencies: desirable attributes, chosen for a reason", "accme.org criterion-6"
)
SII_1 = accreditor(
    "Standards for Integrity and Independence 1: valid, fair and balanced content",
    "accme.org clinical content validation",
)
SII_2 = accreditor(
    "Standards for Integrity and Independence 2: no commercial influence on planning",
    "accme.org/standards; predecessor rule at education.accme.org",
)
SII_3 = accreditor(
    "Standards for Integrity and Independence 3: relationships of everyone who controls content",
    "accme.org/standards",
)
ACCME_AI = accreditor(
    "ACCME, guidance on the responsible use of AI: transparency and human oversight",
    "almanac.acehp.org, guidance of December 2025",
)
EACCME_MEASURED = accreditor(
    "EACCME: the gap between current and desired situation is measured",
    "a text derived from EACCME criteria",
)
ANCC_CURRENT = accreditor(
    "ANCC, EDP5: best available current evidence (the years are common practice, not a rule)",
    "accreditcme.com on EDP5",
)
JAC10 = accreditor(
    "Joint Accreditation, JAC10: barriers and strategies", "accreditcme.com/ja-jac10"
)
ROYAL_COLLEGE = accreditor(
    "Royal College: perceived and unperceived needs", "royalcollege.ca needs assessment toolkit"
)
RACGP_EQUITY = accreditor(
    "RACGP: cultural safety and inequity considered", "racgp.org.au, standard 1"
)
AMA = style("AMA Manual of Style, 11th edition", "library guides to AMA style")
