"""Percentages and fractions that are no share of people, visits or cases, and why not.

Each rule looks at a bounded number of characters before or after a number, so that reading a
sentence takes time in proportion to its length.
"""

from __future__ import annotations

import re
from typing import NamedTuple

BEFORE, AFTER = 72, 56
"""How many characters around a number the rules may look at."""

_ADVERB = (
    r"(?:about|around|approximately|nearly|almost|roughly|only|up\sto|over|more\sthan|less\sthan|"
    r"at\sleast|at\smost|just|no\smore\sthan|an?|an\saverage\sof|a\smean\sof|a\smedian\sof|some|as\smuch\sas|"
    r"[~≈<>≥≤⩾⩽])"
)
_CHANGE = (
    r"(?:increas|decreas|reduc|declin|drop|fall|fell|ris(?:e|en|ing)|rose|grew|grow|improv|gain|"
    r"shr[aiu]nk|chang|differ|exceed|slump|plummet|surg(?:e|ed|ing)|jump|lower|higher|rais|expand|"
    r"extend|shorten|outperform|loss|lost|up\b|down\b)"
)
_SIGN = r"\s?(?:%|percent\b|per\s?cent\b)"
_LAB = (
    r"(?:Hb\s?A\(?1c\)?|A1c|gly(?:c|cos)ated\sh(?:a)?emoglobin|h(?:a)?emoglobin\sA1c|"
    r"S[pa]O\(?[2₂]\)?|(?:oxygen|O2|arterial)\ssaturations?|saturations?\sof\soxygen|FiO\(?[2₂]\)?|"
    r"LVEFs?|EF|ejection\sfractions?|FEV\(?1\)?(?:/FVC)?|FVC|DLCO|h(?:a)?ematocrit|humidity|"
    r"time\sin\srange|TIR|Ki-?67|body\sfat|weight\sloss|(?:sequence\s)?(?:identity|similarity|"
    r"homology)|purity|moisture|inhibition|viability|bioavailability|yields?)"
)
_LINK = (
    r"(?:[\s:=<>≤≥⩽⩾~±,(\[-]|\b(?:levels?|values?|targets?|goals?|of|was|were|is|at|a|the|mean|"
    r"median|baseline|above|below|over|under|least|less|more|than|or|lower|greater|equal|to|from|"
    r"and|between|threshold|cut-?off)\b){1,12}"
)
_INTERVAL_NAME = (
    r"(?:CIs?|CrIs?|UIs?|PIs?|HDIs?|BCIs?|CL|LOA|confidence|credible|credibility|uncertainty|"
    r"prediction|probability|limits|bootstrap\w*|central\srange|posterior)\b"
)

_BEFORE_RULES: tuple[tuple[str, str], ...] = (
    ("change", rf"\b{_CHANGE}\w{{0,6}}\b[^.;:()%]{{0,40}}\bby\s(?:{_ADVERB}\s?){{0,2}}$"),
    (
        "change",
        (
            r"\b(?:increas|decreas|reduc|declin|improv|dropp|grew|grow|fell|fall|ris|rose|jump)"
            rf"(?:e|es|ed|ing|en|s)?\s(?:\w{{3,16}}ly\s)?(?:{_ADVERB}\s?){{0,2}}$"
        ),
    ),
    (
        "change",
        (
            r"\b(?:reductions?|increases?|decreases?|declines?|improvements?|rise|drop|fall|changes?|"
            r"growth|gains?|savings?|increments?|excess|efficacy|effectiveness)"
            rf"(?:\s(?:in|of)\s[^.;:()%,]{{1,40}})?\s?(?:of|was|were|is|:|=)\s?(?:{_ADVERB}\s?){{0,2}}$"
        ),
    ),
    (
        "difference",
        (
            r"(?:\b(?:differences?|RRR|ARR|inequalit(?:y|ies)|delta)\b|Δ)(?:\s(?:in|between)\s"
            rf"[^.;:()%]{{1,40}})?\s?(?:of|was|were|is|:|=)\s?(?:{_ADVERB}\s?){{0,2}}[-−–+]?$"
        ),
    ),
    ("change", r"(?:^|[\s(\[=:,~])[-−–+]$"),
    ("change", r"[(\[,]\s?by\s$"),
    ("p value", r"\bp(?:\s?-?\s?values?)?\s?[<>=≤≥]\s?$"),
    ("error", r"(?:±|\+/-)\s?$"),
    ("power", r"\b(?:power|alpha|significance(?:\slevel)?|error)\s(?:of|was|set\sat|=|at)\s?$"),
    ("interval", rf"\b{_INTERVAL_NAME}\)?(?:\s(?:intervals?|limits?|levels?))?[\s:=,(\[]{{0,3}}$"),
    ("measurement", rf"\b{_LAB}{_LINK}$"),
    (
        "score",
        (
            r"\b(?:scores?|scored|scoring|index|indices|indexes|(?<!percentage\s)points|marks)\b(?:[\s\w,]{0,25}\s"
            rf"(?:was|were|of|is|at|to|than|from|constituted|reached|averaged)|\s?[=:])?\s?(?:{_ADVERB}\s?){{0,2}}[(\[]?\s?$"
        ),
    ),
    (
        "threshold",
        (
            r"\b(?:cut-?offs?|thresholds?|targets?|goals?|benchmarks?|margins?|"
            r"objective)\b\s?(?:values?\s|levels?\s|rates?\s)?(?:of\s|was\s|were\s|is\s|set\s|at\s|"
            rf"to\s|:\s?|=\s?){{0,3}}(?:{_ADVERB}\s?){{0,2}}$"
        ),
    ),
    ("score", r"\bM\s?=\s?$"),
    (
        "belief",
        rf"\b(?:thought|think|believed?|assumed?)\sthat\s(?:{_ADVERB}\s?){{0,2}}$",
    ),
    ("threshold", r"\b(?:defined|considered)\s(?:as|by|if|when)\b[^.;()]{0,50}$"),
    ("threshold", r"\brates?\s(?:of\s)?[<>≥≤⩾⩽]\s?$"),
    (
        "threshold",
        (
            r"\b(?:to|would|must|should)\s(?:not\s)?(?:achieve|reach|attain|exceed)\s"
            rf"(?:{_ADVERB}\s?){{0,2}}$|\b(?:should|must)\sbe\s(?:{_ADVERB}\s?){{0,2}}$"
        ),
    ),
    ("money", r"\b(?:costs?|prices?|spending|expenditures?)\s(?:was|were|of|is)\s$"),
)

_AFTER_RULES: tuple[tuple[str, str], ...] = (
    ("difference", r"[-\s]?(?:percentage[-\s])?points?\b"),
    ("interval", rf"[-–\s]{{0,2}}{_INTERVAL_NAME}"),
    (
        "interval",
        r"\s?(?:range|IQR|inter-?quartile|percentile|quantile|lower|upper)\b(?=[^.;()]{0,12}\d)",
    ),
    ("power", r"\s?(?:statistical\s)?(?:power|significance|alpha)\b"),
    (
        "change",
        (
            rf"(?:\s?(?:-|–|to|and)\s?\d[\d.·]{{0,5}}{_SIGN})?[\s-](?:\([^()]{{0,60}}\)\s)?(?:relative\s|absolute\s|annual\s|overall\s|"
            r"significant\s|mean\s|net\s|risk\s|further\s|weight\s|additional\s|statistically\s|"
            r"significantly\s){0,3}(?:reductions?|increases?|increased|decreases?|decreased|declines?|"
            r"improvements?|improved|rise|drop|fall|changes?|higher|lower|greater|more\b(?!\sthan)|less|"
            r"fewer|faster|longer|shorter|larger|smaller|loss|gain|growth|savings?|excess|difference|"
            r"better|worse|worsening|slower|cheaper|elevated|reduced)\b"
        ),
    ),
    (
        "one total of another",
        # "pre-pandemic", but not "pregnant", "premature" or "prescribers".
        (
            r"\sof\s(?:the\s)?(?:previous|baseline|normal|last|prior|"
            r"pre-?(?:covid\S*|pandemic|intervention|treatment|operative|lockdown|test|epidemic))\b"
        ),
    ),
    (
        "money",
        (
            r"\s(?:of|in)\s(?:the\s|all\s|total\s|their\s|its\s|annual\s|household\s|overall\s|health\s|"
            r"gross\s|national\s|domestic\s|direct\s|indirect\s|medical\s|healthcare\s|care\s){0,5}"
            r"(?:costs?|expenditures?|spending|budgets?|GDP|income|revenues?|product|payments?|charges)\b"
        ),
    ),
    (
        "score",
        (
            r"\s(?:of\s(?:the\s)?)?(?:maximum|maximal|max\.?|predicted|total\sscore|"
            r"(?:optim\w+|possible)\sscores?)\b"
        ),
    ),
    ("measurement", rf"\s?{_LAB}\b|\s?(?:stenosis|oxygen|predicted)\b"),
    ("variance", r"\sof\s(?:the\s)?(?:total\s|overall\s)?(?:varian|variation|variabil)"),
    (
        "strength",
        (
            r"\s(?:\w{2,20}\s)?(?:saline|dextrose|glucose|chlorhexidine|lidocaine|bupivacaine|ropivacaine|"
            r"cream|gel|ointment|solutions?|ethanol|alcohol|povidone|sucrose|formalin|atropine|"
            r"minoxidil|sodium|hypochlorite|w/v|v/v|w/w|body\sweight|hydrogen|agarose|albumin|serum)\b"
        ),
    ),
)

_FRACTION_BEFORE = re.compile(
    r"(?:\b(?:phases?|grades?|stages?|types?|class|levels?|scores?d?|scoring|rated|ratings?|VAS|NRS|"
    r"GCS|HPV|Gleason|ECOG|pain|ratios?|steps?|weeks?|days?|months?|aged?|groups?|titers?|factors?|"
    r"CD|averag\w+|median|mean|BP|pressures?|acuity|BCVA|UCVA|Snellen|vision)\s"
    r"(?:score\s)?(?:of\s|was\s|were\s|at\s|is\s|to\s|from\s|below\s|above\s|[=<>≤≥]\s?)?|"
    r"\b(?:blood\spressures?|BP|acuity|BCVA|UCVA|Snellen|vision|scores?|scored)\b[^.;]{0,40})$",
    re.IGNORECASE,
)
_FRACTION_AFTER = re.compile(
    r"\s?mm\s?Hg|\s?[×x]\s|\s?(?:mm|cm|µm|nm)\b|\s?(?:visual|vision|acuity|or\sbetter)|\s?/|"
    r"\s(?:persons?|person-\w+|patients?-|live|inhabitants|population|births)\b|"
    r"[-\s]?(?:years?|months?|weeks?|days?|hours?|points?|mg|ml|kg|times|trials?)\b",
    re.IGNORECASE,
)


class _Rule(NamedTuple):
    reason: str
    pattern: re.Pattern[str]


_BEFORE = tuple(_Rule(reason, re.compile(rule, re.IGNORECASE)) for reason, rule in _BEFORE_RULES)
_AFTER = tuple(_Rule(reason, re.compile(rule, re.IGNORECASE)) for reason, rule in _AFTER_RULES)
_ANY_BEFORE = re.compile("|".join(f"(?:{rule})" for _, rule in _BEFORE_RULES), re.IGNORECASE)
_ANY_AFTER = re.compile("|".join(f"(?:{rule})" for _, rule in _AFTER_RULES), re.IGNORECASE)


def why_no_rate(text: str, start: int, end: int) -> str | None:
    """Say why a percentage is no share of people, visits or cases.

    Parameters
    ----------
    text : str
        The sentence.
    start, end : int
        The percentage in it.

    Returns
    -------
    str or None
        ``change``, ``difference``, ``interval``, ``measurement``, ``score``, ``threshold``,
        ``strength``, ``belief``, ``variance``, ``money``, ``power``, ``p value``, ``error``,
        ``one total of another``; None if nothing speaks against it.

    Examples
    --------
    >>> text = "Use rose by 12%, to 62%."
    >>> why_no_rate(text, 12, 15), why_no_rate(text, 20, 23)
    ('change', None)
    """
    before, after = text[max(0, start - BEFORE) : start], text[end : end + AFTER]
    if _ANY_AFTER.match(after):
        return next(rule.reason for rule in _AFTER if rule.pattern.match(after))
    if _ANY_BEFORE.search(before):
        return next(rule.reason for rule in _BEFORE if rule.pattern.search(before))
    return None


def is_no_share(text: str, start: int, end: int) -> bool:
    """Whether a fraction (``120/80``, ``7 of 10``) is a pressure, a score, a date or the like."""
    return bool(
        _FRACTION_AFTER.match(text[end : end + AFTER])
        or _FRACTION_BEFORE.search(text[max(0, start - BEFORE) : start])
    )
