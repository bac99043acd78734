"""An abstract to read: sections, with the findings of each class marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmeneeds.evidence.passages import TITLE
from cmeneeds.frames import each_row, known
from cmeneeds.workbench.page import link, text

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.records import Article
    from cmeneeds.retrieval import Records

MEANINGS = {
    "GAP": "a shortfall of practice",
    "RATE": "a measured rate",
    "REC": "a recommendation",
    "CAUSE": "a reason",
    "BURDEN": "burden",
    "EVGAP": "research is missing",
}
"""What each class of findings says, in a word or two."""


class Mark(NamedTuple):
    """A stretch of a section with its class."""

    section: int
    start: int
    end: int
    label: str


def marks(findings: pd.DataFrame | None) -> dict[int, list[Mark]]:
    """Stretches to mark, by PMID; of abstracts only."""
    found: dict[int, list[Mark]] = {}
    if findings is None:
        return found
    for row in each_row(findings):
        # A finding of a full text counts its parts, not the sections of the abstract.
        if known(row.pmid) and str(row.finding_id).startswith(f"{row.pmid}."):
            mark = Mark(int(row.section), int(row.start), int(row.end), str(row.label))
            found.setdefault(int(row.pmid), []).append(mark)
    return found


def marked(words: str, here: Iterable[Mark]) -> str:
    """A text as HTML with marks; what overlaps an earlier mark is left unmarked.

    Examples
    --------
    >>> marked("Few <b> ask.", [Mark(0, 0, 3, "GAP")])
    '<mark class="cn-GAP" title="a shortfall of practice">Few<sup>GAP</sup></mark> &lt;b&gt; ask.'
    """
    parts, at = [], 0
    for mark in sorted(here):
        if mark.start < at or mark.end > len(words) or mark.label not in MEANINGS:
            continue
        parts.append(text(words[at : mark.start]))
        parts.append(
            f'<mark class="cn-{mark.label}" title="{MEANINGS[mark.label]}">'
            f"{text(words[mark.start : mark.end])}<sup>{mark.label}</sup></mark>"
        )
        at = mark.end
    return "".join((*parts, text(words[at:])))


def abstract_html(article: Article, here: Iterable[Mark] = (), *, title: bool = False) -> str:
    """Title (if wanted), source line, sections and a link, as HTML."""
    by_section: dict[int, list[Mark]] = {}
    for mark in here:
        by_section.setdefault(mark.section, []).append(mark)
    lines = []
    if title:
        lines.append(f"<h4>{marked(article.title, by_section.get(TITLE, ()))}</h4>")
        journal = article.journal.iso or article.journal.title
        lines.append(
            f'<p class="cn-note">{text(journal)} {text(article.year)} · '
            f"{text('; '.join(article.type_names))}</p>"
        )
    for number, section in enumerate(article.sections):
        heading = section.label or section.category
        head = f"<b>{text(heading.capitalize())}.</b> " if heading else ""
        lines.append(f"<p>{head}{marked(section.text, by_section.get(number, ()))}</p>")
    if not article.sections:
        lines.append('<p class="cn-note">This record has no abstract.</p>')
    pubmed = link(f"https://pubmed.ncbi.nlm.nih.gov/{article.pmid}/", f"PMID {article.pmid}")
    return "".join((*lines, f"<p>{pubmed}</p>"))


def marks_of(
    records: Records, findings: pd.DataFrame | None, most: int = 2_000
) -> Mapping[int, list[Mark]]:
    """Marks of the findings given; without any, those of ``cn.find``, if there are few records."""
    if findings is None and len(records) <= most:
        kept = records.__dict__.get("_marks")
        if kept is None:
            from cmeneeds.evidence.findings import find

            # Kept with the records, which do not change: a cell run again shows at once.
            kept = records.__dict__["_marks"] = marks(find(records.articles))
        shown: Mapping[int, list[Mark]] = kept
        return shown
    return marks(findings)
