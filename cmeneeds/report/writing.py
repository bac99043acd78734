"""What every section needs: the evidence, its cards, and small pieces of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.findings import BOUND_WORDS
from cmeneeds.frames import each_row, text_of
from cmeneeds.gaps.subjects import Vocabulary
from cmeneeds.report import markdown as md
from cmeneeds.report.evidence_cards import Deck
from cmeneeds.report.wording import row_name
from cmeneeds.strategy import all_facets

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from cmeneeds.assessment import Assessment

GAP_SECTIONS = 5
"""Rows that get a section of their own at most, unless a template says otherwise: no quota."""

LONGEST_QUOTATION = 45
"""Words above which a sentence is not chosen for prose where there is a choice."""


def addresses(cell: Any) -> list[str]:
    """The passages that a cell of the gap table lists."""
    return [a for a in text_of(cell).split("; ") if a]


def named(text: str) -> str:
    """A name from the brief or the records; digits in it are no figures."""
    return md.term(text) if any(c.isdigit() for c in text) else md.escape(text)


def percentage(value_text: str) -> str:
    """The share alone, of a value such as ``23 (72%)``; the value itself where it has none."""
    found = re.search(
        rf"(?:{BOUND_WORDS}\s*)?\d+(?:[.,\u00b7]\d+)?\s?(?:%|per ?cent)", value_text, re.IGNORECASE
    )
    return found[0] if found else value_text


class Writer:
    """The evidence of one report and the pieces that its sections are written from.

    Parameters
    ----------
    assessment : Assessment
    gap_sections : int
        How many rows of the gap table get a section of their own, at most.

    Attributes
    ----------
    questions : dict of str to list of str
        What only the writer can answer, by section, as Markdown; see :meth:`ask`.
    """

    def __init__(self, assessment: Assessment, gap_sections: int = GAP_SECTIONS) -> None:
        self.assessment = assessment
        self.questions: dict[str, list[str]] = {}
        self._told: set[str] = set()
        self._voiced: set[str] = set()
        self.brief = assessment.brief
        self.deck = Deck(assessment)
        rows = assessment.presented
        self._sections = list(each_row(rows.head(gap_sections)))
        self._others = list(each_row(rows.iloc[gap_sections:]))
        self._vocabulary = Vocabulary(assessment.records.articles, self.brief)

    def _count(self, key: str) -> str:
        return md.count(self.assessment.counts[key], key)

    def ask(self, section: str, question: str, about: str = "") -> str:
        """Keep a question for the list at the end of the report, with the name it is about.

        The question is Markdown, the name plain text.

        Gives the empty string: nothing stands in its place.
        """
        said = f"{named(about)}: {question}" if about else question
        kept = self.questions.setdefault(section, [])
        if said not in kept:
            kept.append(said)
        return ""

    def chart(self, name: str) -> str:
        """A chart of :data:`cmeneeds.report.figures.CHARTS`; nothing where it has none to show."""
        from cmeneeds.report.figures import CHARTS

        chart = CHARTS[name](self.assessment)
        return md.picture(name, chart.caption, chart.alt) if chart else ""

    def _row_name(self, gap: Any) -> str:
        return row_name(gap)

    def _number(self, gap: Any) -> str:
        """The number by which all sections call a row."""
        return self._count(f"gap.{gap.gap_id}.number")

    def _years(self) -> str:
        y = self.brief.years
        return md.date(str(y.first)) if y.first == y.last else md.date(f"{y.first}-{y.last}")

    def _searched(self, facet: str) -> str:
        """What was searched, where nothing was found."""
        title = next(f.title for f in all_facets() if f.name == facet)
        return (
            f"Searched: the query *{named(title)}* returned "
            f"{self._count(f'search.{facet}.count')} records; "
            f"{self._count(f'search.{facet}.retrieved')} were read."
        )

    def _searched_once(self, facet: str) -> str:
        """What was searched, the first time; nothing where a reader has been told already."""
        if facet in self._told:
            return ""
        self._told.add(facet)
        return f"{self._searched(facet)} "

    def _strong(
        self, labels: tuple[str, ...], least: float, most: int, *, quoted: bool = False,
        longest: int = LONGEST_QUOTATION, close: bool = False,
        order: Callable[[Any], tuple[Any, ...] | None] | None = None,
    ) -> list[str]:  # fmt: skip
        """Addresses of the surest findings about the topic that still stand, one a source.

        First-hand ones; with ``quoted`` also what a source says that others found. No sentence
        above ``longest`` words; with ``close`` sentence or title must name the topic itself.
        ``order`` puts findings before how sure they are, the least first, and leaves out those
        that it gives None.
        """
        works = self.assessment.records.works
        f = self.assessment.findings
        f = f[f["label"].isin(labels) & (f["probability"] >= least) & (~f["secondary"] | quoted)]
        f = f[f["section_label"] != "title"]
        f = f.assign(numbered=f["value"].notna()).sort_values(
            ["numbered", "probability", "pmid", "source", "start"],
            ascending=[False, False, False, True, True],
        )
        rows = list(each_row(f))
        if order is not None:
            placed = [(place, row) for row in rows if (place := order(row)) is not None]
            rows = [row for _, row in sorted(placed, key=lambda pair: pair[0])]
        found: list[str] = []
        used: set[str] = set()
        for row in rows:
            work = works[row.source]
            if row.source in used or work.standing.is_withdrawn:
                continue  # one sentence a record: a list of sources, not of one source's words
            if self.deck.length(row.finding_id) > longest:
                continue
            if close and not any(self._vocabulary.mentions(x) for x in (str(row.text), work.title)):
                continue
            if self._vocabulary.is_about(work.names) or self._vocabulary.mentions(str(row.text)):
                found.append(str(row.finding_id))
                used.add(work.key)
            if len(found) == most:
                break
        return found

    def _planned(self) -> pd.DataFrame:
        shown = {gap.gap_id for gap in self._sections}
        table = self.assessment.planned
        return table[table["gap_id"].isin(shown)]

    def _pairs(self, table: pd.DataFrame) -> list[tuple[Any, Any]]:
        by_gap = {o.gap_id: o for o in each_row(table)}
        return [(g, by_gap[g.gap_id]) for g in self._sections if g.gap_id in by_gap]
