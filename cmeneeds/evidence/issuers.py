"""Who issued a recommendation, and in which year, where a text says so."""

from __future__ import annotations

import re

from cmeneeds.evidence.stated import Stated

_NAMED = (
    r"U\.?S\.?\sPreventive\sServices\sTask\sForce|USPSTF|"
    r"National\sInstitute\sfor\sHealth\sand\s(?:Care|Clinical)\sExcellence|NICE|"
    r"World\sHealth\sOrgani[sz]ation|WHO|Centers\sfor\sDisease\sControl(?:\sand\sPrevention)?|CDC|"
    r"Advisory\sCommittee\son\sImmunization\sPractices|ACIP|National\sComprehensive\sCancer\sNetwork|NCCN|"
    r"Surviving\sSepsis\sCampaign|Choosing\sWisely|Scottish\sIntercollegiate\sGuidelines\sNetwork|SIGN|"
    r"Kidney\sDisease:?\sImproving\sGlobal\sOutcomes|KDIGO|"
    r"Global\sInitiative\sfor\s(?:Asthma|Chronic\sObstructive\sLung\sDisease)|GINA|GOLD|"
    r"ACCF?/AHA(?:/\w{2,6}){0,3}|AHA/ASA|AHA/ACC|ADA/EASD|ESC/E[A-Z]{2,4}|ATS/ERS(?:/\w{2,6}){0,3}|"
    r"AHA|ACC|ESC|ADA|EASD|ESMO|ASCO|IDSA|AASLD|EASL|KDOQI|EULAR|ACOG|RCOG|ESHRE|ESPEN|ASPEN|ESGE|"
    r"AAN|AAP|AAFP|AGA|ACG|AUA|EAU|ASH|CHEST|ERS|ATS|BTS|ESH|NOGG|ESVS|NAMS|ISTH|ESCMID|ECDC|SAGES|"
    r"AAOS|AAO-HNS|AAD|EADV|NHS|CTFPHC|CCS|ASRM|FIGO|ISPAD|ERAS\sSociety"
)
_SMALL = r"(?:(?:of|for|the|and|on|in|&|to)\s){0,3}"
_WORD = r"[A-Z][\w'’.-]{1,24}"
_NOT_A_NAME = (
    r"(?!(?:The|In|By|As|According|From|Of|For|Both|All|Our|This|These|An|On|With|To|At)\b)"
)
_GENERAL = (
    rf"{_NOT_A_NAME}(?:{_WORD},?\s{_SMALL}){{1,6}}(?:Society|Association|College|Academy|Institute|Organi[sz]ation|"
    rf"Federation|Foundation|Task\sForce|Working\sGroup|Network|Council|Collaboration)"
    rf"(?:\s(?:of|for|on|in)\s(?:the\s)?(?:{_WORD}(?:,?\s(?:and\s|of\s|the\s|&\s){{0,2}}(?={_WORD}))?){{1,6}})?"
    rf"|(?:Society|Association|College|Academy|Institute|Federation|Collaboration)\s(?:of|for|on)\s"
    rf"(?:the\s)?(?:{_WORD}(?:,?\s(?:and\s|of\s|the\s|&\s){{0,2}}(?={_WORD}))?){{1,6}}"
)
_BODY = re.compile(rf"(?<![\w/-])(?:{_NAMED}|{_GENERAL})(?![\w/-])")
_ISSUING = (
    r"(?:guidelines?|guidance|recommendations?|recommends?|recommended|concludes?|suggests?|advis\w+|statement|"
    r"consensus|position|criteria|standards|task\sforce|updates?|issued|published|endorsed)"
)
_SAID_AFTER = re.compile(rf"[^.;()]{{0,48}}?\b{_ISSUING}\b", re.IGNORECASE)
_SAID_BEFORE = re.compile(
    rf"\b{_ISSUING}\s(?:\w+\s){{0,4}}?(?:by|of|from)\s(?:the\s)?(?:[A-Z][\w-]*\s){{0,3}}$|"
    r"\baccording\sto\s(?:the\s)?(?:current\s|latest\s|\d{4}\s)?$|\([^()]{0,4}$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d/.-])(?:19[6-9]\d|20[0-4]\d)(?![\d/%])")
_OF_DATA = re.compile(r"\b(?:in|since|between|from|to|during|until|and)\s$", re.IGNORECASE)
_DOCUMENT = re.compile(
    r"\b(?:guidelines?|guidance|recommendations?|consensus|(?:position|scientific)\s(?:statement|"
    r"paper)|updates?|edition|version)\b",
    re.IGNORECASE,
)


def issuer(text: str, where: str) -> Stated | None:
    """Find the body that issued a guideline or recommendation.

    Parameters
    ----------
    text : str
        A sentence or a title.
    where : str
        Which of them; goes into the result.

    Returns
    -------
    Stated or None
        The first body named beside a word of issuing ("recommends", "guideline of the"); in a
        title, the first body named. None where none is.

    Examples
    --------
    >>> issuer("The American Academy of Made-Up Medicine recommends a test.", "text").value
    'American Academy of Made-Up Medicine'
    >>> issuer("Members of the AHA were asked.", "text") is None
    True
    """
    for m in _BODY.finditer(text):
        if where == "title":
            return Stated(m.group(), where, m.start(), m.end())
        before, after = text[max(0, m.start() - 70) : m.start()], text[m.end() : m.end() + 64]
        bracketed = _SAID_BEFORE.search(before)
        if bracketed and bracketed.group().startswith("("):
            continue  # an abbreviation in brackets: the name before it was looked at
        if bracketed or _SAID_AFTER.match(after):
            return Stated(m.group(), where, m.start(), m.end())
    return None


def year_of_issue(text: str, where: str) -> Stated | None:
    """Find the year of a guideline: one printed within a few words of "guideline" or the like.

    Parameters
    ----------
    text, where : str
        As for :func:`issuer`.

    Examples
    --------
    >>> year_of_issue("The 2019 guideline holds for all seen in 2020.", "text").value
    '2019'
    """
    documents = [m.span() for m in _DOCUMENT.finditer(text)]
    years = list(_YEAR.finditer(text)) if documents else []
    near = [
        (min(max(a - y.end(), y.start() - b) for a, b in documents), y.start(), y) for y in years
    ]
    if not near:
        return None
    distance, _, year = min(near, key=lambda one: one[:2])
    if distance > 45 or _OF_DATA.search(text[max(0, year.start() - 9) : year.start()]):
        return None
    return Stated(year.group(), where, year.start(), year.end())
