"""Evidence cards of a report: each passage is shown once, and linked to wherever it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.study import is_guideline, study_design
from cmeneeds.frames import each_row, known
from cmeneeds.records import Markup
from cmeneeds.report import markdown as md

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment


class Deck:
    """The passages of one report.

    Parameters
    ----------
    assessment : Assessment
    """

    def __init__(self, assessment: Assessment) -> None:
        self._rows: dict[str, Any] = {row.finding_id: row for row in each_row(assessment.findings)}
        self._articles = assessment.records.by_pmid
        self._shown: set[str] = set()
        self._wanted: dict[str, None] = {}

    def sentence(self, address: str) -> str:
        """The passage word for word, as a link to its card, with its citation."""
        self._wanted[address] = None
        row = self._rows[address]
        return f"“{md.figure(row.text, address)}” {md.cite(row.pmid)}"

    def number(self, address: str, text: str) -> str:
        """A number of a passage, as a link to its card, with its citation."""
        self._wanted[address] = None
        return md.figure(text, address) + md.cite(self._rows[address].pmid)

    def source(self, address: str) -> str:
        """Kind of source and year, with its citation."""
        article = self._articles[self._rows[address].pmid]
        kind = "guideline record" if is_guideline(article) else study_design(article).name
        kind = "design unknown" if kind == "unknown" else kind
        when = f", {md.date(str(article.year))}" if article.year else ", year unknown"
        return f"{kind}{when} {md.cite(article.pmid)}"

    def card(self, address: str) -> str:
        """The card the first time, the linked sentence after that."""
        if address in self._shown:
            return f"\n{self.sentence(address)}\n"
        self._shown.add(address)
        row = self._rows[address]
        article = self._articles[row.pmid]
        value = None
        if known(row.value_start):
            value = (int(row.value_start) - row.start, int(row.value_end) - row.start)
        spans = article.title_markup if row.section == -1 else article.sections[row.section].markup
        markup = [
            Markup(m.start - row.start, m.end - row.start, m.tag)
            for m in spans
            if m.start >= row.start and m.end <= row.end
        ]
        design = study_design(article).name
        year = article.year or "year unknown"
        return md.passage(
            row.text,
            address,
            label=row.label,
            section=row.section_label,
            value=value,
            markup=markup,
            status=article.retraction_status,
            secondary=bool(row.secondary),
            note=f"{'design unknown' if design == 'unknown' else design}, {year}",
        )

    def cards(self, addresses: list[str]) -> str:
        """Several cards, one after another."""
        return "".join(self.card(a) for a in addresses)

    def missing(self) -> list[str]:
        """Passages that were linked to, but have no card yet."""
        return [a for a in self._wanted if a not in self._shown]
