"""What kind of study a record reports, from its publication types, headings and own words."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_WORDS: tuple[tuple[str, Design], ...] = (
    (r"practice guideline|guidelines? (?:for|on)|(?:consensus|position) statement", GUIDELINE),
    (r"systematic(?:ally)? review|meta-?analys\w+|scoping review", _SYSTEMATIC),
    (r"cross-?sectional|survey(?:ed|s)?\b|questionnaire|\bpoll\b", _SURVEY),
    (r"registr(?:y|ies)\b|national database|claims data", _REGISTRY),
    (r"electronic health records?|administrative data", _REGISTRY),
    (r"chart review|clinical audit|retrospective(?:ly)?", Design("chart review or audit", 0.9)),
    (r"randomi[sz]ed", Design("trial", 0.4)),
    (r"cohort|prospective(?:ly)?|follow-?up study", Design("cohort", 0.8)),
    (r"focus groups?|semi-?structured|qualitative|in-depth interview", Design("qualitative", 0.5)),
    (r"model(?:l)?ing study|simulat(?:ed|ion)|mathematical model", Design("model", 0.2)),
    (r"case (?:report|series)", Design("case report", 0.1)),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), design) for pattern, design in _WORDS)
_REVIEW = Design("narrative review", 0.3)
UNKNOWN = Design("unknown", 0.3)


def study_design(article: Article) -> Design:
    """Tell the study design of a record.

    Publication types decide where they say something; recent records often have none beyond
    "Journal Article", then the words of title and methods decide; else ``UNKNOWN``.
    """
    types = set(article.type_names)
    for names, design in _TYPES:
        if names & types:
            return design
    methods = " ".join(s.text for s in article.sections if s.category == "METHODS")
    for text in (article.title, methods or article.abstract):
        for pattern, design in _PATTERNS:
            if pattern.search(text):
                return design
    return _REVIEW if "Review" in types else UNKNOWN


_GUIDELINE_TITLE = re.compile(
    r"\b(?:guidelines?|guidance|recommendations?|(?:consensus|position|scientific) (?:statement|"
    r"paper|document|report))\b",
    re.IGNORECASE,
)
_ABOUT_GUIDELINES = re.compile(
    r"\b(?:adherence|compliance|concordan\w+|implement\w+|impact|effects?|uptake|awareness|"
    r"deviation|according|comparison|survey)\b",
    re.IGNORECASE,
)


def is_guideline(article: Article) -> bool:
    """Whether a record is itself a guideline, rather than a study about one."""
    if {"Practice Guideline", "Guideline", "Consensus Development Conference"} & set(
        article.type_names
    ):
        return True
    title = article.title
    return bool(_GUIDELINE_TITLE.search(title)) and not _ABOUT_GUIDELINES.search(title)
