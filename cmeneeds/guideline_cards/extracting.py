"""Cards from documents and records that are guidelines, each cell read from the document itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cmeneeds.documents import Document, parse_document_address
from cmeneeds.evidence.layouts import Placed, placed_gradings
from cmeneeds.frames import each_row, text_of
from cmeneeds.gaps.priority import priority_settings
from cmeneeds.guideline_cards.model import UNKNOWN, card_id
from cmeneeds.guideline_cards.superseding import Newer, body_of, shown
from cmeneeds.works import Work, Works

if TYPE_CHECKING:
    import pandas as pd

_VERSION = re.compile(
    r"\b(?:version|edition|revision|v\.)\s?\d+(?:\.\d+)*(?:[ /-]?(?:19|20)\d\d)?\b|"
    r"\b(?:\d+(?:st|nd|rd|th)|second|third|fourth|fifth|sixth)\s+(?:edition|revision)\b|"
    r"\bupdate(?:d)?\s(?:of\s|in\s)?(?:[A-Z][a-z]+\s)?(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_STRONGLY = re.compile(
    r"\b(?:strongly|conditionally|weakly) (?:recommend|suggest)(?:s|ed)?\b", re.IGNORECASE
)
_YEAR = re.compile(r"(?<![\d.-])(?:19[6-9]\d|20[0-4]\d)(?![\d.])")
_PEOPLE = (
    r"(?:adults?|children|adolescents?|infants?|neonates?|newborns?|women|men|girls|boys|"
    r"(?:older|younger|pregnant|all|most|selected|hospitali[sz]ed|critically ill|high-risk)\s"
    r"(?:\w+\s){0,2}?(?:adults?|people|persons?|patients?|individuals?|women|children)|"
    r"people|persons?|patients?|individuals?|those)"
)
_MORE = r"(?:[^,.;:()]|\([^()]{1,20}\)){0,100}?"
_POPULATION = re.compile(
    rf"\b(?:in|for|among|to)\s(?P<who>(?:all\s|most\s)?{_PEOPLE}\b{_MORE})"
    r"(?=[,.;:)]|\((?![^()]{1,20}\)\s(?:and|or|with|who)\b)|"
    r"\s(?:should|must|we|is|are|do|use|offer|consider)\b|$)",
    re.IGNORECASE,
)
_SUBJECTS = re.compile(
    rf"^\W*(?P<who>(?:all\s|most\s)?{_PEOPLE}\b[^,.;:()]{{0,100}}?)\s(?:should|must)\b",
    re.IGNORECASE,
)


def population_in(text: str) -> str:
    """For whom a recommendation is, in its own words; ``unknown`` where it does not say.

    Examples
    --------
    >>> population_in("In adults with zandoric fever, we recommend a test.")
    'adults with zandoric fever'
    >>> population_in("We recommend a test.")
    'unknown'
    """
    found = _POPULATION.search(text) or _SUBJECTS.search(text)
    return " ".join(found["who"].split()) if found else UNKNOWN


def extracted(works: Works, findings: pd.DataFrame, newer: Mapping[str, Newer]) -> list[Any]:
    """Make a card for each recommendation of a guideline that is sure enough for a gap.

    Parameters
    ----------
    works : Works
    findings : DataFrame
        From :func:`cmeneeds.find`.
    newer : dict of str to Newer
        From :func:`~cmeneeds.guideline_cards.superseding.superseded`.

    Returns
    -------
    list of dict
        Cells by column, in the order of the findings.
    """
    covers: dict[str, dict[str, str]] = {}
    gradings: dict[str, dict[int, Placed]] = {}
    cards = []
    sure = (findings["label"] == "REC") & (
        findings["probability"] >= priority_settings().pairing_probability
    )
    for row in each_row(findings[sure & (findings["section_label"] != "title")]):
        work = works.get(row.source)
        if work is None or not work.is_guideline:
            continue
        cover = covers.setdefault(work.key, _cover(work))
        address = str(row.finding_id)
        page, beside = None, None
        if work.document is not None and not address[:1].isdecimal():
            number = parse_document_address(address).number
            part = work.document.parts[number]
            page = part.page_at(int(row.start))
            placed = gradings.setdefault(work.key, placed_gradings(work.document))
            beside = placed.get(number)
        cards.append(
            {
                "card_id": card_id(address),
                "document": work.key,
                **cover,
                "wording": row.text,
                "address": address,
                "page": page,
                "class_or_strength": text_of(row.rec_grade) or _pronounced(str(row.text)),
                "level_or_certainty": text_of(row.rec_level) or UNKNOWN,
                "system": text_of(row.rec_system) or UNKNOWN,
                "population": (beside.population if beside else "") or population_in(row.text),
                "superseded_by": shown(newer, work.key),
                "status": "extracted",
                "by": "",
                "date": "",
                "corrected": "",
                "flag": "",
            }
        )
    return cards


def _pronounced(text: str) -> str:
    """The strength that the verb itself carries, as said: ``strongly recommend``."""
    found = _STRONGLY.search(text)
    return found.group() if found else UNKNOWN


def _cover(work: Work) -> dict[str, str]:
    """What the document says of itself."""
    document = work.document
    version = document.edition if document is not None else ""
    said = _VERSION.search(work.title)
    if not version and said:
        version = said.group()
    if not version and document is not None and document.kind == "own source":
        version = _version_on_cover(document)
    titled = _YEAR.findall(work.title)
    year = str(work.year) if work.year else (titled[0] if len(set(titled)) == 1 else UNKNOWN)
    return {
        "body": body_of(work),
        "title": work.title or UNKNOWN,
        "version": version or UNKNOWN,
        "year": year,
    }


def _version_on_cover(document: Document, most: int = 6) -> str:
    """A version named among the first lines of the document."""
    for part in document.parts[:most]:
        if part.kind in ("title", "heading", "paragraph") and len(part.text) <= 120:
            found = _VERSION.search(part.text)
            if found:
                return found.group()
    return ""
