"""The table of cards with what the writer says of them, and what goes into the gap table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.recommendations import strength_of_grade
from cmeneeds.frames import text_of
from cmeneeds.guideline_cards.extracting import extracted
from cmeneeds.guideline_cards.model import CARD_COLUMNS, INTO_GAPS, UNKNOWN, GivenCard, card_id
from cmeneeds.guideline_cards.superseding import body_of, shown, superseded
from cmeneeds.works import Work, Works

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment
    from cmeneeds.retrieval import Records

CHANGED = "the passage has changed since this was confirmed: look again"
GONE = "the passage is not in this run: confirmed for another version or document"


def guideline_cards(
    of: Assessment | Records | Works,
    findings: pd.DataFrame | None = None,
    given: Iterable[GivenCard] | None = None,
) -> pd.DataFrame:
    """Make the table of guideline cards.

    Parameters
    ----------
    of : Assessment, Records or Works
    findings : DataFrame, optional
        From :func:`cmeneeds.find`; else those of the assessment, else guidelines are read anew.
    given : iterable of GivenCard, optional
        What the writer confirmed or corrected; else what the records hold.

    Returns
    -------
    DataFrame
        Columns ``CARD_COLUMNS``, one row a recommendation, in the order of the findings; then
        what was confirmed of passages that are not here. What the document does not say is
        ``unknown``. ``status`` is ``extracted``, ``confirmed`` or ``corrected``.
    """
    import pandas as pd

    works, findings, said = _asked(of, findings, given)
    newer, plain = superseded(works, said), superseded(works)
    cards = extracted(works, findings, plain)
    by_id = {card["card_id"]: card for card in cards}
    for card in cards:
        card["superseded_by"] = shown(newer, card["document"])
    for one in said:
        card = by_id.get(one.card_id)
        if card is None:
            cards.append(_gone(one))
        else:
            _apply(card, one, shown(plain, card["document"]))
    return pd.DataFrame(cards, columns=list(CARD_COLUMNS)).astype(CARD_COLUMNS)


def _asked(
    of: Assessment | Records | Works,
    findings: pd.DataFrame | None,
    given: Iterable[GivenCard] | None,
) -> tuple[Works, pd.DataFrame, Sequence[GivenCard]]:
    records: Any = getattr(of, "records", of)
    works: Works = records if isinstance(records, Works) else records.works
    if findings is None:
        findings = getattr(of, "findings", None)
    if findings is None:
        from cmeneeds.evidence.findings import find

        guidelines = [w for w in works.values() if w.is_guideline]
        findings = find([x for w in guidelines for x in (w.article, w.document) if x is not None])
    said = given if given is not None else getattr(records, "cards", ())
    last = {one.card_id: one for one in said}  # of several the last one counts
    return works, findings, tuple(last.values())


def _apply(card: dict[str, Any], one: GivenCard, found: str) -> None:
    if not _is_same(one, card["wording"]):
        card |= {"by": one.by, "date": one.date, "flag": CHANGED}
        return
    plain = card | {"superseded_by": found}
    changed = {name: value for name, value in one.cells if value != plain[name]}
    corrected = list(changed)
    card |= changed | {"superseded_by": card["superseded_by"]}
    card |= {
        "status": "corrected" if corrected else "confirmed",
        "by": one.by,
        "date": one.date,
        "corrected": "; ".join(corrected),
    }


def _is_same(one: GivenCard, wording: str) -> bool:
    """Whether the passage says what the person saw."""
    return not one.wording or " ".join(one.wording.split()) == " ".join(wording.split())


def _gone(one: GivenCard) -> dict[str, Any]:
    cells = dict.fromkeys(CARD_COLUMNS, UNKNOWN) | {"page": None, "superseded_by": ""}
    return cells | {
        **dict(one.cells),
        "card_id": one.card_id,
        "document": "",
        "wording": one.wording or UNKNOWN,
        "address": one.address,
        "status": "confirmed",
        "by": one.by,
        "date": one.date,
        "corrected": "",
        "flag": GONE,
    }


class BestPractice:
    """What cards say of the recommendations that stand in the gap table.

    Parameters
    ----------
    works : Works
    given : sequence of GivenCard
        What the writer confirmed or corrected.
    """

    def __init__(self, works: Works, given: Sequence[GivenCard] = ()) -> None:
        self._newer = superseded(works, given)
        self._given = {one.card_id: one for one in given}

    def is_superseded(self, key: str) -> bool:
        """Whether a newer version of a work is known."""
        return key in self._newer

    def cells(self, row: Any, work: Work) -> dict[str, Any]:
        """Cells of the gap table for a recommendation.

        Parameters
        ----------
        row : named tuple
            Of the table of findings.
        work : Work
            That it stands in.
        """
        address = str(row.finding_id)
        cells: dict[str, Any] = {
            "bp_card": card_id(address),
            "bp_superseded_by": shown(self._newer, work.key),
            "bp_card_by": "",
        }
        own = work.document is not None and work.document.kind == "own source"
        if own and work.is_guideline and not text_of(row.rec_body):
            body = body_of(work)
            cells |= {} if body == UNKNOWN else {"bp_body": body}
        one = self._given.get(cells["bp_card"])
        if one is None:
            return cells
        if not _is_same(one, str(row.text)):
            return cells | {"bp_card_by": f"{one.by}, {one.date}: {CHANGED}"}
        told = []
        for name, value in one.cells:
            column = INTO_GAPS.get(name)
            was = text_of(getattr(row, f"rec_{column}", "")) or UNKNOWN
            if column and column != "year" and value != was:
                cells[f"bp_{column}"] = "" if value == UNKNOWN else value
                told.append(name)
        if {"bp_grade", "bp_system"} & cells.keys():
            grade = cells.get("bp_grade", text_of(row.rec_grade))
            system = cells.get("bp_system", text_of(row.rec_system))
            strength = strength_of_grade(grade, system)
            cells |= {"bp_strength": strength} if strength else {}
        what = f"{', '.join(told)} given by" if told else "confirmed by"
        return cells | {"bp_card_by": f"{what} {one.by}, {one.date}"}
