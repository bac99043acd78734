"""Findings: every sentence that says something about practice, as a table.

One row per sentence whose label is not ``OTHER``. The address in ``finding_id`` leads back to the
exact words; the offsets of the number count in the section, as those of the sentence do.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cmeneeds.decisions.labels import Corrected, correction_of, corrections
from cmeneeds.documents import Document, document_address
from cmeneeds.evidence.aims import heading_at, is_aim, only_tells_of_availability, typed_headings
from cmeneeds.evidence.classify import (
    LEVELED,
    Label,
    Sentence,
    classify,
    classify_sentences,
    section_kind,
)
from cmeneeds.evidence.full_text import DocumentPassage, passages_of_document
from cmeneeds.evidence.graded import guideline_cells, is_graded
from cmeneeds.evidence.layouts import placed_gradings
from cmeneeds.evidence.passages import TITLE, address, passages_of
from cmeneeds.evidence.rates import Rate, rates
from cmeneeds.evidence.recommendations import recommendation
from cmeneeds.evidence.study import is_about_animals_alone
from cmeneeds.records import Article
from cmeneeds.workbench.progress import shown
from cmeneeds.works import Work, Works, heading_of, touching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from cmeneeds.records import Markup
    from cmeneeds.retrieval import Records

_DTYPES = {
    "finding_id": "string",
    "source": "string",
    "pmid": "Int64",
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
    "value_low": "Float64",
    "value_high": "Float64",
    "value_limits": "string",
    "who": "string",
    "when": "string",
    "rates": "string",
    "secondary": "bool",
    "rec_strength": "string",
    "rec_grade": "string",
    "rec_level": "string",
    "rec_system": "string",
    "rec_body": "string",
    "rec_year": "string",
    "corrected": "string",
}

FINDING_COLUMNS = tuple(_DTYPES)
"""Columns of the table of findings, in their order."""

_SPEAKING = frozenset({"gap", "research_gap", "recommendation"})


def find(
    records: Records | Iterable[Article | Document],
    minimum_probability: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Find what records and full texts say about practice.

    Parameters
    ----------
    records : Records, or iterable of Article and Document
        In any order. Of records with the same PMID the last one counts.
    minimum_probability : float, optional
        Leave out findings that are less sure than this.
    progress : callable, optional
        Told (works read, works) before each. Default: a bar, in a notebook.

    Returns
    -------
    pandas.DataFrame
        One row per finding: of PubMed records by PMID, then of documents by their id; then by
        section (the title of a record, -1, first) and place. ``source`` is the citation key of
        the work, ``pmid`` missing where it has none. ``section`` is the number of the abstract's
        section or of the document's part; it, ``start`` and ``end`` are integers,
        ``probability`` a float between 0 and 1, ``value`` percent. Missing values are ``<NA>``.
        ``cues`` are the names of the cues of gaps, research gaps and recommendations, joined by
        ``"; "``. ``value_low`` and ``value_high`` are the limits that the sentence prints,
        ``value_limits`` what they are; ``who`` and ``when`` are its words for whose share it is
        and of when, and ``rates`` all its rates with theirs, where it has several. ``rec_...`` is
        what a recommendation says of its strength, class, level, grading, issuing body and year.
        With no findings the table is empty and has the same columns and types.

    Notes
    -----
    A sentence that its source publishes as a recommendation (the Task Force's statements) is
    ``REC`` with probability 1, whatever the words; so is, with the probability of the sentence
    before it, an item of a list that a recommending sentence leads in. What a study is for and
    that something can be had is no finding, and headings typed into the text of a section count
    as its headings do for whether a sentence is ``secondary``. Records about animals alone are
    not read (see :func:`cmeneeds.evidence.study.is_about_animals_alone`). Guidelines are quoted for
    what should be done: what they say about practice comes from others, so it is ``secondary``.
    Of :class:`Records`, what the writer screened out is not read, and a class that the writer
    corrected is the one, with probability 1; ``corrected`` says who and what it was.
    """
    import pandas as pd

    from cmeneeds.retrieval import Records

    if isinstance(records, Records):
        works = records.works
        left_out = {f"pmid-{pmid}" for pmid in records.excluded}
        by_hand = corrections(records.labels)
    else:
        given = list(records)
        articles = (a for a in given if isinstance(a, Article))
        works = Works(articles, (d for d in given if isinstance(d, Document)))
        left_out, by_hand = set(), {}
    kept = (work for work in works.values() if work.key not in left_out)
    chosen: list[Work] = sorted(kept, key=lambda w: (w.article is None, w.pmid or 0))
    rows: list[dict[str, Any]] = []
    with_text = [w for w in chosen if w.document is not None]
    with_text.sort(key=lambda w: w.document.id if w.document else "")
    steps = len(chosen) + len(with_text)
    with shown("Reading", progress) as tell:
        for step, work in enumerate(chosen):
            tell(step, steps)
            if work.article:
                rows += _article_rows(work, work.article, by_hand)
        for step, work in enumerate(with_text, len(chosen)):
            tell(step, steps)
            if work.document is not None:
                rows += _document_rows(work, work.document, by_hand)
    frame = pd.DataFrame(
        [row for row in rows if row["probability"] >= minimum_probability],
        columns=list(FINDING_COLUMNS),
    )
    return frame.astype(_DTYPES)


def _article_rows(
    work: Work, article: Article, by_hand: Mapping[str, Corrected]
) -> Iterator[dict[str, Any]]:
    """Classify the passages of a record and keep what says something."""
    if is_about_animals_alone(article):
        return
    passages = passages_of(article)
    typed = [typed_headings(section.text) for section in article.sections]
    sentences = []
    for passage in passages:
        if passage.section == TITLE:
            heading, markup = "title", article.title_markup
        else:
            section = article.sections[passage.section]
            heading, markup = section.label or section.category, section.markup
        inner = touching(markup, passage.start, passage.end)
        sentences.append(Sentence(passage.text, heading, inner))
    # Together is faster; rates of sentences that become no finding are not looked for.
    labels = classify_sentences(sentences, all_rates=False)
    for passage, sentence, label in zip(passages, sentences, labels, strict=True):
        place = address(article.pmid, passage.section, passage.start, passage.end)
        heading = sentence.section
        if passage.section != TITLE:
            heading = heading_at(typed[passage.section], passage.start, heading)
        label = _without_aims(label, passage.text)
        mended = correction_of(by_hand, place, passage.text)
        if mended is not None:
            label = _corrected(label, mended, passage.text, sentence.markup)
        if label.label != "OTHER":
            label = replace(label, secondary=_quotes(label, heading))
            yield _row(
                place, work, passage.section, sentence.section, passage.start, passage.text,
                label, sentence.markup, mended,
            )  # fmt: skip


def _document_rows(
    work: Work, document: Document, by_hand: Mapping[str, Corrected]
) -> Iterator[dict[str, Any]]:
    """The same for a document."""
    leads: dict[int, Label] = {}
    placed = placed_gradings(document) if document.role == "guideline" else {}
    passages = list(passages_of_document(document, abstract=work.article is None, also=placed))
    labels = classify_sentences([Sentence(one.text, one.heading, one.markup) for one in passages])
    for passage, label in zip(passages, labels, strict=True):
        label = _by_place(passage, document, _without_aims(label, passage.text), leads)
        beside = placed.get(passage.part.number)
        if document.role == "guideline" and is_graded(passage, beside, document):
            label = replace(label, label="REC", probability=1.0, level=None, actor=None)
        number = passage.part.number
        place = document_address(document.id, number, passage.start, passage.end)
        mended = correction_of(by_hand, place, passage.text)
        if mended is not None:
            label = _corrected(label, mended, passage.text, passage.markup)
        if document.role == "guideline":
            # Rates and shortfalls are other people's: only what to do is its own.
            quoted = label.label != "REC"
        else:
            quoted = _quotes(label, passage.part.section or passage.heading) or passage.quotes
        label = replace(label, secondary=quoted)
        if label.label != "OTHER":
            row = _row(
                place, work, number, passage.heading, passage.start, passage.text, label,
                passage.markup, mended,
            )  # fmt: skip
            if label.label == "REC" and document.role == "guideline":
                row |= guideline_cells(row, passage, beside, document)
            yield row


def _corrected(label: Label, mended: Corrected, text: str, markup: Sequence[Markup]) -> Label:
    """A label as a person corrected it; level and actor stay where the person gave none."""
    leveled = mended.label in LEVELED
    if label.rate is None:
        found = rates(text, markup)  # of a sentence that was OTHER none was looked for
        label = replace(label, rate=found[0] if found else None)
    return replace(
        label,
        label=mended.label,
        probability=1.0,
        level=(mended.level or label.level) if leveled else None,
        actor=(mended.actor or label.actor) if leveled else None,
    )


def _by_place(
    passage: DocumentPassage, document: Document, label: Label, leads: dict[int, Label]
) -> Label:
    """Mend a label by where the sentence stands."""
    if passage.stated:
        return replace(label, label="REC", probability=1.0, level=None, actor=None)
    lead = passage.lead
    if lead is None:
        return label
    if lead.number not in leads:
        said = lead.text.rstrip()
        last = max((said.rfind(mark) for mark in ".!?"), default=-1) + 1
        leads[lead.number] = classify(said[last:].strip(), heading_of(lead), document.title)
    leading = leads[lead.number]
    # What the item says by itself counts if it is surer than the line that leads it in.
    unsure = label.label == "OTHER" or leading.probability > label.probability
    if leading.label != "REC" or not unsure:
        return label
    return replace(label, label="REC", probability=leading.probability, level=None, actor=None)


def _row(
    place: str,
    work: Work,
    section: int,
    heading: str,
    start: int,
    text: str,
    label: Label,
    markup: Sequence[Markup],
    mended: Corrected | None = None,
) -> dict[str, Any]:
    """Write one row."""
    rate = label.rate
    speaking = dict.fromkeys(cue.name for cue in label.cues if cue.group in _SPEAKING)
    return {
        "finding_id": place,
        "source": work.key,
        "pmid": work.pmid,
        "section": section,
        "section_label": heading,
        "start": start,
        "end": start + len(text),
        "text": text,
        "label": label.label,
        "probability": label.probability,
        "level": label.level,
        "actor": label.actor,
        "cues": "; ".join(speaking),
        "value": rate.value if rate else None,
        "numerator": rate.numerator if rate else None,
        "denominator": rate.denominator if rate else None,
        "value_text": text[_bound(text, rate) : rate.end] if rate else None,
        "value_start": start + _bound(text, rate) if rate else None,
        "value_end": start + rate.end if rate else None,
        "agrees": rate.agrees if rate else None,
        "secondary": label.secondary,
        "corrected": mended.told if mended else None,
        **_rate_cells(text, markup, label),
        **(_recommendation_cells(text, heading, work) if label.label == "REC" else {}),
    }


BOUND_WORDS = (
    r"(?:\b(?:no |not )?(?:less|fewer|more|greater|lower|higher) than|\bat (?:least|most)|\bup to|"
    r"\bover|\bunder|\babove|\bbelow|\bnearly|\balmost|\babout|\baround|\bapproximately|"
    r"\broughly|[<>≤≥~])"
)
"""Words before a figure that belong to it: "less than half" is not a half."""

_BOUND = re.compile(rf"{BOUND_WORDS}\s*(?:an?\s)?$", re.IGNORECASE)


def _bound(text: str, rate: Rate) -> int:
    """Where a rate begins, with the words that limit it."""
    if rate.bound is None:
        return rate.start
    said = _BOUND.search(text, max(0, rate.start - 30), rate.start)
    return said.start() if said else rate.start


_TELLS_OF_OTHERS = frozenset({"background", "objective"})
_REPORTS = frozenset({"GAP", "RATE", "CAUSE", "BURDEN"})


def _without_aims(label: Label, text: str) -> Label:
    """A label, or ``OTHER`` where the sentence reports nothing."""
    nothing = label.label in _REPORTS and label.rate is None and is_aim(text)
    nothing |= label.label == "GAP" and only_tells_of_availability(text)
    return replace(label, label="OTHER", level=None, actor=None) if nothing else label


def _quotes(label: Label, heading: str) -> bool:
    """Whether a sentence tells what others found: background is no finding of its own record."""
    if label.label not in _REPORTS:
        return label.secondary
    return label.secondary or section_kind(heading) in _TELLS_OF_OTHERS


def _rate_cells(text: str, markup: Sequence[Markup], label: Label) -> dict[str, Any]:
    """What is told of the main rate, and the other rates of the sentence."""
    rate = label.rate
    if rate is None:
        return {}
    several = rates(text, markup) if label.label in ("GAP", "RATE") else ()
    return {
        "value_low": rate.low,
        "value_high": rate.high,
        "value_limits": rate.limits,
        "who": rate.who.of(text) if rate.who else None,
        "when": rate.when.of(text) if rate.when else None,
        "rates": "; ".join(
            text[_bound(text, r) : r.end] + (f" [{r.who.of(text)}]" if r.who else "")
            for r in several
        )
        if len(several) > 1
        else None,
    }


def _recommendation_cells(text: str, heading: str, work: Work) -> dict[str, Any]:
    """What a recommendation says of itself; a task force's own grade stands in its document."""
    types = work.article.type_names if work.article is not None else ()
    said = recommendation(text, work.title, types, heading)
    cells: dict[str, Any] = {
        f"rec_{name}": value.value if (value := getattr(said, name)) is not None else None
        for name in ("strength", "grade", "level", "system", "body", "year")
    }
    document = work.document
    if document is not None and document.kind == "recommendation":
        grade = next((p.text for p in document.parts if p.label == "Grade"), None)
        year = str(document.year) if document.year else None
        cells |= {"rec_grade": grade, "rec_body": document.publisher, "rec_year": year}
    return cells
