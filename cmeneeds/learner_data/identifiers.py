"""Refuse files that tell who somebody is.

The columns and patterns follow the eighteen identifiers of the HIPAA safe harbour (45 CFR
164.514(b)(2)), as far as names of columns and forms of values can show them. A file that passes is
not thereby anonymous: names inside running text cannot be told from other words, and the writer
remains responsible. Messages name the column and the row, never what stands there.
"""

from __future__ import annotations

import re
from typing import NoReturn

from cmeneeds.errors import UsageError
from cmeneeds.learner_data.columns import FIGURES, folded
from cmeneeds.learner_data.grid import Grid

REMEDY = "Take it out, save the file and try again; nothing of it was kept."
LONGEST_NAME = 5
"""Words. A longer column name is the text of an item, and may speak of phones and addresses."""

_PERSON = re.compile(
    r"(?:.*\b)?(?:first|last|middle|given|family|full|maiden|user|preferred|sur|fore) ?names?|"
    r"names?|initials|signature|photo|"
    r"(?:learner|participant|respondent|student|attendee|person|patient|physician|doctor|clinician|"
    r"provider|prescriber|nurse|pharmacist|surgeon|employee|staff|member|resident|trainee|contact|"
    r"recipient|caregiver|subject)s? names?|"
    r".*\b(?:e ?mails?|mrn|npi|dea|ssn|dob|passport|telephone|phone|cellphone|mobile|fax|"
    r"birth ?dates?|birthdays?|born|linkedin|latitude|longitude|username|login|gmc|ahpra|"
    r"orcid)\b.*|"
    r".*\b(?:date of birth|social security|medical record|national insurance|health plan)\b.*|"
    r"(?:.*\b)?(?:chart|record|patient|hospital|member|insurance|insured|account|licen[cs]e|"
    r"employee|staff|personnel|user|device|badge|nhs|medicare|medicaid|case|encounter|visit|"
    r"beneficiary|certificate|registration) (?:id|ids|identifier|identifiers|no|nr|number|num)|"
    r"(?:.*\b)?ip(?: address)?|mac address|"
    r"(?:(?:home|street|mailing|postal|work|office|e mail|email|residential) )?address(?:es)?"
    r"(?: (?:line )?\d)?|street|zip|zip ?code|post ?code|postal code|"
    r"time ?stamp|(?:start|end|completion|submission|response) time|"
    r"(?:submit|submitted|recorded|completed)(?: (?:date|at|on|time))?|recorded date"
)

_ANYWHERE = (
    ("an e-mail address", re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)),
    ("a social security number", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")),
    (
        "a telephone number",
        re.compile(
            r"(?<![\d.])(?:\+?\d{1,2}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d.])|"
            r"(?<!\d)\+\d{1,3}(?:[ ().-]{0,2}\d){7,12}(?!\d)"
        ),
    ),
    (
        "an IP address",
        re.compile(
            r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])|"
            r"(?<![0-9a-f:])(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}(?![0-9a-f:])",
            re.IGNORECASE,
        ),
    ),
    (
        "the number of a person or record",
        re.compile(
            r"\b(?:(?:MRN|NPI|SSN|NHS|DEA|medical record)(?:\s*(?:no\.?|number|id))?|"
            r"(?:record|chart|patient|account|member)\s*(?:#|no\.|number|id\b))"
            r"\s*[#:=]?\s*[A-Z]{0,3}-?\d{4,}",
            re.IGNORECASE,
        ),
    ),
    (
        "the name of a person",
        re.compile(
            r"\b[A-Z][a-z'’-]+(?: [A-Z]\.?)? [A-Z][a-z'’-]+, ?"
            r"(?:MD|DO|RN|NP|PA|PA-C|PharmD|MBBS|PhD|DNP|FNP)\b"
        ),
    ),
)
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_FULL_DATE = re.compile(
    r"(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:(?:19|20)\d\d|\d\d)|"
    rf"\d{{1,2}}\.?[ -]{_MONTHS}[ -],?(?:19|20)?\d\d|{_MONTHS} \d{{1,2}},? (?:19|20)\d\d)"
    r"(?:[ T,]+\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?: ?[AP]M)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?",
    re.IGNORECASE,
)
BIRTH = re.compile(
    rf"\b(?:born|birth|d\.?o\.?b)\b.{{0,12}}?(?:{_FULL_DATE.pattern})", re.IGNORECASE
)
KNOWN_NUMBERS = re.compile(
    r"\b(?:PMID|PMCID|PMC|NCT|NBK|ISRCTN|doi|ISBN)\W{0,2}[\d./A-Za-z-]+", re.IGNORECASE
)
RECORD = re.compile(r"(?<![\d.,])(?:[A-Za-z]{1,4}[- ]?)?\d{7,}(?![\d.,]*\d)")
_RECORD_ALONE = re.compile(r"(?:[A-Za-z]{1,4}-?)?\d{6,}")
_LONG = re.compile(r"\d{9,}")
_CODE = re.compile(r"\d{1,5}|(?=.{1,8}\Z)[A-Za-z]{0,4}[-_ ]?\d{1,5}|[A-Za-z]")


def anywhere() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Forms of identifiers that tell themselves in any text, each with what it is."""
    return _ANYWHERE


def refuse_identifiers(grid: Grid, roles: dict[str, int]) -> None:
    """Raise if a file says who somebody is.

    Raises
    ------
    UsageError
        Naming the column and the row. Column names that look like a value are not repeated.
    """
    if kind := _value(grid.name, False, True):
        raise UsageError(f"the name of a learner data file looks like {kind}", "Rename the file.")
    for column, name in enumerate(grid.header):
        if kind := _value(name, False, False):
            raise UsageError(
                f"{grid.name}, column {column + 1}: its name looks like {kind}", REMEDY
            )
    for column, name in enumerate(grid.header):
        words = folded(name)
        if len(words.split()) <= LONGEST_NAME and _PERSON.fullmatch(words):
            raise UsageError(
                f"{grid.name}, {grid.column_name(column)}: it may tell who somebody is", REMEDY
            )
    figures = {place for role, place in roles.items() if role in FIGURES}
    # Periods are of groups, codes of single learners: each has its place in one kind of file.
    period = roles.get("period") if figures else None
    code = None if figures else roles.get("code")
    harmless: set[tuple[str, bool, bool]] = set()  # answers repeat; forgotten with the file
    for row, cells in grid.rows:
        for column, cell in enumerate(cells):
            if not cell:
                continue
            asked = (cell, column in figures, column == period)
            kind = "" if asked in harmless else _value(*asked)
            if not kind:
                harmless.add(asked)
            if column == code and not kind and not _CODE.fullmatch(cell):
                kind = "more than a short code for pairing answers (such as 7 or A12)"
            if kind:
                _refuse(grid, row, column, kind)


def _refuse(grid: Grid, row: int, column: int, kind: str) -> NoReturn:
    todo = REMEDY
    if kind == "a full date":
        todo = "Give months or years in a column named period. " + REMEDY
    raise UsageError(f"{grid.where(row, column)}: looks like {kind}", todo)


def _value(text: str, figure: bool, period: bool) -> str:
    """What kind of identifier a text looks like; empty if none."""
    for kind, pattern in _ANYWHERE:
        if pattern.search(text):
            return kind
    if BIRTH.search(text):
        return "a date of birth"
    if not period and _FULL_DATE.fullmatch(text.strip()):
        return "a full date"
    if figure:
        return "the number of a person or record" if _LONG.search(text) else ""
    rest = KNOWN_NUMBERS.sub(" ", text)
    if not period and (RECORD.search(rest) or _RECORD_ALONE.fullmatch(rest.strip())):
        return "the number of a person or record"
    return ""
