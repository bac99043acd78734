"""What kind of study a record reports, from its publication types, headings and own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from cmeneeds.evidence.passages import TITLE
from cmeneeds.evidence.recommendations import guideline_cue
from cmeneeds.records import Article


@dataclass(frozen=True)
class Design:
    """A study design.

    Attributes
    ----------
    name : str
        For readers.
    practice_weight : float
        0 to 1: how much it can say about *current practice*. The question is "how common is it",
        so a local survey, audit or registry stands above a trial (OCEBM Levels of Evidence 2011,
        question 1: "How common is the problem?"); a trial's patients are not everyday patients.
    """

    name: str
    practice_weight: float


GUIDELINE = Design("guideline or consensus", 0.3)
_TYPES: tuple[tuple[frozenset[str], Design], ...] = (
    (
        frozenset(
            {
                "Practice Guideline",
                "Guideline",
                "Consensus Development Conference",
                "Consensus Development Conference, NIH",
            }
        ),
        GUIDELINE,
    ),
    (frozenset({"Meta-Analysis", "Systematic Review"}), Design("systematic review", 0.9)),
    (frozenset({"Randomized Controlled Trial", "Clinical Trial"}), Design("trial", 0.4)),
    (frozenset({"Observational Study", "Multicenter Study"}), Design("observational study", 0.8)),
    (frozenset({"Case Reports"}), Design("case report", 0.1)),
    (frozenset({"Editorial", "Comment", "Letter", "News"}), Design("opinion or letter", 0.1)),
)
_SYSTEMATIC = Design("systematic review", 0.9)
_SURVEY = Design("survey", 1.0)
_REGISTRY = Design("registry or routine data", 1.0)
_AUDIT = Design("chart review or audit", 0.9)
_COHORT = Design("cohort", 0.8)
_QUALITATIVE = Design("qualitative", 0.5)
_WORDS: tuple[tuple[str, str, Design], ...] = (
    # strings of which one occurs wherever the pattern does; the pattern; the design
    (
        "guideline|consensus|position",
        r"practice guideline|guidelines? (?:for|on)|(?:consensus|position) statement",
        GUIDELINE,
    ),
    (
        "review|meta",
        r"systematic(?:ally)? review|meta-?analys\w+|scoping review",
        _SYSTEMATIC,
    ),
    (
        "cross|survey|questionnaire|poll",
        r"cross-?sectional|survey(?:ed|s)?\b|questionnaire|\bpoll\b",
        _SURVEY,
    ),
    (
        "registr|database|claims",
        r"(?<!trial )(?<!trials )registr(?:y|ies)\b|national database|claims data",
        _REGISTRY,
    ),
    ("record|administrative", r"electronic health records?|administrative data", _REGISTRY),
    ("chart|audit|retrospective", r"chart review|clinical audit|retrospective(?:ly)?", _AUDIT),
    ("random", r"randomi[sz]ed", Design("trial", 0.4)),
    (
        "cohort|prospective|follow",
        (
            r"cohort|prospective(?:ly)?|follow-?up study|follow(?:ed)?[-\s]?up\s(?:of|for)\s\d+|"
            r"\d+\s(?:years?|months?)\sof\sfollow-?up"
        ),
        _COHORT,
    ),
    (
        "focus|structured|qualitative|depth",
        r"focus groups?|semi-?structured|qualitative|in-depth interview",
        _QUALITATIVE,
    ),
    (
        "model|simulat",
        r"model(?:l)?ing study|simulat(?:ed|ion)|mathematical model",
        Design("model", 0.2),
    ),
    ("case", r"case (?:report|series)", Design("case report", 0.1)),
)
_PATTERNS = tuple(
    (tuple(hints.split("|")), re.compile(pattern, re.IGNORECASE), design)
    for hints, pattern, design in _WORDS
)
_REVIEW = Design("narrative review", 0.3)
UNKNOWN = Design("unknown", 0.3)


class Designed(NamedTuple):
    """A design, and what says so."""

    design: Design
    source: str
    """``publication type``, ``MeSH`` or ``text``; empty if it is ``UNKNOWN``."""
    section: int = TITLE
    """Where the words stand, if words say so: zero-based section, -1 for the title."""
    span: tuple[int, int] = (0, 0)
    """Half-open span of the words in that section."""


_HEADINGS = {
    "Surveys and Questionnaires": _SURVEY,
    "Cross-Sectional Studies": _SURVEY,
    "Health Care Surveys": _SURVEY,
    "Registries": _REGISTRY,
    "Medical Audit": _AUDIT,
    "Retrospective Studies": _AUDIT,
    "Cohort Studies": _COHORT,
    "Prospective Studies": _COHORT,
    "Follow-Up Studies": _COHORT,
    "Qualitative Research": _QUALITATIVE,
    "Focus Groups": _QUALITATIVE,
}
"""MeSH headings that indexers give to the design of a study, not to its subject."""


def study_design(article: Article) -> Design:
    """Tell the study design of a record.

    Publication types decide where they say something; recent records often have none beyond
    "Journal Article", then the words of the title, MeSH headings and the words of the methods
    decide, in this order; else ``UNKNOWN``. That people filled in a questionnaire makes no survey
    of a study that followed them or treated them in two arms.
    """
    return designed(article).design


def designed(article: Article) -> Designed:
    """Tell the study design of a record, and what says so."""
    types = set(article.type_names)
    for names, design in _TYPES:
        if names & types:
            return Designed(design, "publication type")
    cue = guideline_cue(article.title)
    if cue:
        return Designed(GUIDELINE, "text", TITLE, (cue.start, cue.end))
    if found := _in_words(article.title, TITLE):
        return found
    own = (s.text for s in article.sections if s.category not in ("BACKGROUND", "OBJECTIVE"))
    whole = "\n".join((article.title, *own))
    not_only_asked = bool(_LONGER_THAN_ASKED.search(whole)) and not _ASKED_ONCE.search(whole)
    headings = {heading.name for heading in article.mesh}
    for name, design in _HEADINGS.items():
        if name in headings and not (name == "Surveys and Questionnaires" and not_only_asked):
            return Designed(design, "MeSH")
    methods = [s.category == "METHODS" for s in article.sections]
    read = [
        (number, section.text, section.text.lower())
        for number, section in enumerate(article.sections)
        if methods[number] or not any(methods)
    ]
    # Words that stand higher in the list decide, whichever section they are in.
    for hints, pattern, design in _PATTERNS:
        if design is _SURVEY and not_only_asked:
            continue
        for number, text, lower in read:
            if any(hint in lower for hint in hints) and (m := pattern.search(text)):
                return Designed(design, "text", number, m.span())
    if "Review" in types:
        return Designed(_REVIEW, "publication type")
    return Designed(UNKNOWN, "")


# People who were followed or treated in two arms may have filled in questionnaires all the same.
_LONGER_THAN_ASKED = re.compile(
    r"\bcohorts?\b|\bfollow(?:ed|ing)?[-\s]?up\s(?:period\s)?(?:of|for|during|over)\s(?:\w+\s){0,3}?\d|"
    r"\b\d+(?:\.\d+)?[-\s](?:years?|months?)(?:\sof)?[-\s]follow-?up|\bfollowed\s(?:for|over)\s\d|"
    r"\bCox\s(?:proportional|regression|models?|hazards?)|\bproportional\shazards?\b|Kaplan-Meier|"
    r"\brandomi[sz]ed\b(?!\ssampl)|\b(?:two|2|three|3|treatment|intervention|control|study|both)[-\s]arms?\b|"
    r"\b(?:intervention|treatment)\sgroups?\b.*\bcontrol\sgroups?\b|"
    r"\bcontrol\sgroups?\b.*\b(?:intervention|treatment)\sgroups?\b",
    re.IGNORECASE | re.DOTALL,
)
_ASKED_ONCE = re.compile(
    r"cross-?sectional|\bsurvey\s(?:of|among|study|design|respondents)\b|"
    r"\b(?:online|web-?based|postal|telephone|mailed|national|nationwide|anonymous|electronic|internet|"
    r"population|household)\s(?:\w+\s)?survey\b|\bwe\s(?:\w+ly\s)?surveyed\b",
    re.IGNORECASE,
)


def _in_words(text: str, section: int) -> Designed | None:
    lower = text.lower()
    for hints, pattern, design in _PATTERNS:
        if any(hint in lower for hint in hints) and (m := pattern.search(text)):
            return Designed(design, "text", section, m.span())
    return None


def is_guideline(article: Article) -> bool:
    """Whether a record is itself a guideline, rather than a study about one."""
    return guideline_cue(article.title, article.type_names) is not None


_ANIMALS = re.compile(
    r"\b(?:rats?|mice|mouse|murine|rodents?|zebrafish|porcine|swine|piglets?|pigs?|rabbits?|canine|"
    r"beagles?|bovine|ovine|macaques?|guinea\spigs?|hamsters?|drosophila|caenorhabditis|"
    r"Wistar|Sprague[-\s]Dawley|C57BL\S*|knock-?out\smodel)\b",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    r"\b(?:humans?|patients?|people|persons?|adults?|women|men|child(?:ren)?|adolescents?|infants?|"
    r"clinical|volunteers?|participants?|individuals|physicians?|nurses?|workers?|owners?|farmers?|"
    r"bites?|valves?|xeno(?:transplant|graft)\w*|bioprosthe\w*|zoono\w+|"
    r"(?:porcine|bovine|swine)\s(?:\w+\s)?(?:heparin|insulin|grafts?|patch\w*|pericardium|flu)|computer\smouse)\b",
    re.IGNORECASE,
)


def is_about_animals_alone(article: Article) -> bool:
    """Whether a record that nobody has indexed yet is about laboratory animals, by its title.

    Queries leave out what is indexed as about animals and not people; a record without headings
    passes them. It counts as about animals if its title names some and no word for people, or for
    something that people get from animals.
    """
    return (
        not article.mesh
        and bool(_ANIMALS.search(article.title))
        and not _PEOPLE.search(article.title)
    )
