"""Findings: every sentence that says something about practice, as a table.

One row per sentence whose label is not ``OTHER``. The address in ``finding_id`` leads back to the
exact words; the offsets of the number count in the section, as those of the sentence do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.classify import Label, classify
from cmeneeds.evidence.passages import TITLE, Passage, address, passages_of
from cmeneeds.records import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from cmeneeds.records import Article

_DTYPES = {
    "finding_id": "string",
    "pmid": "int64",
    "section": "int64",
    "section_label": "string",
    "start": "int64",
    "end": "int64",
    "text": "string",
    "label": "string",
    "probability": "float64",
    "level": "string",
    "actor": "string",
    "cues": "string",
    "value": "Float64",
    "numerator": "Int64",
    "denominator": "Int64",
    "value_text": "string",
    "value_start": "Int64",
    "value_end": "Int64",
    "agrees": "boolean",
    "secondary": "bool",
}

FINDING_COLUMNS = tuple(_DTYPES)
"""Columns of the table of findings, in their order."""

_SPEAKING = frozenset({"gap", "research_gap", "recommendation"})


def find(articles: Iterable[Article], minimum_probability: float = 0.0) -> pd.DataFrame:
    """Find what records say about practice.

    Parameters
    ----------
    articles : iterable of Article
        The records, in any order. Of records with the same PMID the last one counts.
    minimum_probability : float, optional
        Leave out findings that are less sure than this.

    Returns
    -------
    pandas.DataFrame
        One row per finding, sorted by PMID, section (the title, -1, first) and place. ``pmid``,
        ``section``, ``start`` and ``end`` are integers, ``probability`` a float between 0 and 1,
        ``value`` percent. Missing values are ``<NA>``. ``cues`` are the names of the cues of gaps,
        research gaps and recommendations, joined by ``"; "``. With no findings the table is empty
        and has the same columns and types.
    """
    import pandas as pd

    latest = {article.pmid: article for article in articles}
    rows = [
        row
        for pmid in sorted(latest)
        for row in _rows(latest[pmid])
        if row["probability"] >= minimum_probability
    ]
    frame = pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
    return frame.astype(_DTYPES)


def _rows(article: Article) -> list[dict[str, Any]]:
    """Classify the passages of a record and keep what says something."""
    rows = []
    for passage in passages_of(article):
        if passage.section == TITLE:
            heading, markup = "title", article.title_markup
        else:
            section = article.sections[passage.section]
            heading, markup = section.label or section.category, section.markup
        label = classify(passage.text, heading, article.title, _within(markup, passage))
        if label.label != "OTHER":
            rows.append(_row(article.pmid, heading, passage, label))
    return rows


def _within(markup: Sequence[Markup], passage: Passage) -> list[Markup]:
    """Inline elements that touch a passage, with offsets in the passage."""
    return [
        Markup(m.start - passage.start, m.end - passage.start, m.tag)
        for m in markup
        if m.start < passage.end and passage.start < m.end
    ]


def _row(pmid: int, heading: str, passage: Passage, label: Label) -> dict[str, Any]:
    """Write one row."""
    rate = label.rate
    speaking = dict.fromkeys(cue.name for cue in label.cues if cue.group in _SPEAKING)
    return {
        "finding_id": address(pmid, passage.section, passage.start, passage.end),
        "pmid": pmid,
        "section": passage.section,
        "section_label": heading,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "label": label.label,
        "probability": label.probability,
        "level": label.level,
        "actor": label.actor,
        "cues": "; ".join(speaking),
        "value": rate.value if rate else None,
        "numerator": rate.numerator if rate else None,
        "denominator": rate.denominator if rate else None,
        "value_text": passage.text[rate.start : rate.end] if rate else None,
        "value_start": passage.start + rate.start if rate else None,
        "value_end": passage.start + rate.end if rate else None,
        "agrees": rate.agrees if rate else None,
        "secondary": label.secondary,
    }
