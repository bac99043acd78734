"""Evidence cards of a report: each passage is shown once, and linked to wherever it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.documents import Document, parse_document_address
from cmeneeds.frames import each_row, known
from cmeneeds.report import markdown as md
from cmeneeds.report.wording import excerpt, kind_of_study, shortened, word_count

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment
    from cmeneeds.works import Work


class Deck:
    """The passages of one report.

    Parameters
    ----------
    assessment : Assessment
    """

    def __init__(self, assessment: Assessment) -> None:
        self._rows: dict[str, Any] = {row.finding_id: row for row in each_row(assessment.findings)}
        self._works = assessment.records.works
        self._shown: set[str] = set()
        self._wanted: dict[str, None] = {}
        self.quoted_as_burden: set[str] = set()
        """Passages that the section on burden quotes, so that no other section has to."""

    def _cite(self, key: str) -> str:
        """A citation, with the standing of the work wherever something is known of it."""
        status = self._works[key].standing.status
        return md.cite(key) + ("" if status == "unknown" else f" {md.standing(status)}")

    def quote(self, address: str) -> str:
        """The passage as prose quotes it (see :func:`excerpt`), as a link to its card."""
        self._wanted[address] = None
        row = self._rows[address]
        value = None
        if known(row.value_start):
            value = (int(row.value_start) - row.start, int(row.value_end) - row.start)
        said = excerpt(row.text, value)
        return f"“{md.figure(said, address)}”{self._cite(row.source)}"

    def cited(self, address: str) -> str:
        """The citation of a passage, whose card is shown at the end."""
        self._wanted[address] = None
        return self._cite(self._rows[address].source)

    def want(self, address: str) -> None:
        """Have the card shown at the end, without a link to it."""
        self._wanted[address] = None

    def length(self, address: str) -> int:
        """How many words :meth:`quote` would take."""
        return word_count(md.clean(shortened(self._rows[address].text)))

    def work(self, address: str) -> Work:
        """The work that a passage stands in."""
        return self._works[self._rows[address].source]

    def sentence(self, address: str) -> str:
        """The passage word for word, as a link to its card, with its citation."""
        self._wanted[address] = None
        row = self._rows[address]
        return f"“{md.figure(row.text, address)}”{self._cite(row.source)}"

    def number(self, address: str, text: str) -> str:
        """A number of a passage, as a link to its card, with its citation."""
        self._wanted[address] = None
        return md.figure(text, address) + self._cite(self._rows[address].source)

    def source(self, address: str) -> str:
        """Kind of source and year, with its citation."""
        work = self._works[self._rows[address].source]
        kind = "guideline record" if work.is_guideline else _design(work)
        when = f", {md.date(str(work.year))}" if work.year else ", year unknown"
        return f"{kind}{when} {self._cite(work.key)}"

    def card(self, address: str) -> str:
        """The card the first time, the linked sentence after that."""
        if address in self._shown:
            return f"\n{self.sentence(address)}\n"
        self._shown.add(address)
        row = self._rows[address]
        work, _, heading, markup = self._works.locate(address)
        value = None
        if known(row.value_start):
            value = (int(row.value_start) - row.start, int(row.value_end) - row.start)
        note = [_design(work), str(work.year or "year unknown")]
        if work.document is not None and not address[:1].isdecimal():
            note.append(_graded(work.document) or "full text")
            if page := _page(work.document, address):
                note.append(f"page {page}")
        return md.passage(
            row.text,
            address,
            source=work.key,
            page=work.page,
            label=row.label,
            section=heading,
            value=value,
            markup=markup,
            status=work.standing.status,
            secondary=bool(row.secondary),
            note=", ".join(note),
        )

    def cards(self, addresses: list[str]) -> str:
        """Several cards, one after another."""
        return "".join(self.card(a) for a in addresses)

    def is_shown(self, address: str) -> bool:
        """Whether its card stands somewhere above."""
        return address in self._shown

    def missing(self) -> list[str]:
        """Passages that were linked to, but have no card yet."""
        return [a for a in self._wanted if a not in self._shown]


def _design(work: Work) -> str:
    """Kind of study, as a line names it that is no sentence."""
    return "design unknown" if work.design.name == "unknown" else kind_of_study(work.design.name)


def _page(document: Document, address: str) -> int | None:
    """Page of the original that a passage begins on; None where the original has none."""
    place = parse_document_address(address)
    return document.parts[place.number].page_at(place.start)


def _graded(document: Document) -> str:
    """The grade that the document states for itself; empty if it states none."""
    return next((f"grade {p.text}" for p in document.parts if p.label == "Grade"), "")
