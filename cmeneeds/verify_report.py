"""Verify a report: every figure, card, computed number, name and banner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cmeneeds.assessment import Assessment
from cmeneeds.evidence.numbers import numbers
from cmeneeds.report import markdown as md
from cmeneeds.report.carried import load_prose
from cmeneeds.report.learner_input import LABEL
from cmeneeds.report.reading import NUMBER_WORDS
from cmeneeds.report.reading import read as read_report
from cmeneeds.report.sections import Report
from cmeneeds.report.wording import excerpts
from cmeneeds.report.writing import GAP_SECTIONS
from cmeneeds.verify_names import given_in, known_names
from cmeneeds.verify_result import Verification
from cmeneeds.verify_sources import key_at, sentence_at

LONGEST_FIGURE = 6
"""Words. What is longer is no figure but a quotation, and must be the whole sentence."""


def _holds(text: str, sentence: str) -> bool:
    """Whether a figure stands in a sentence as a whole number, not as part of a longer one."""
    figure, said = md.clean(text), md.clean(sentence)
    if len(figure.split()) > LONGEST_FIGURE or not _states_a_number(figure):
        return figure in excerpts(said)  # a quotation: whole, or cut where a reader can see it
    pattern = (
        rf"(?<![\d.,]){re.escape(figure)}(?!\d|[.,]\d)"
        if figure[:1].isdigit()
        else rf"(?<!\w){re.escape(figure)}(?!\w)"
    )
    return bool(figure) and re.search(pattern, said) is not None


def _states_a_number(figure: str) -> bool:
    """Whether it is one, in digits or in words: ``24%``, ``two in 5``, ``less than half``."""
    return bool(numbers(figure)) or re.search(NUMBER_WORDS, figure, re.IGNORECASE) is not None


def check_report(
    result: Verification, folder: Path, assessment: Assessment, manifest: dict[str, Any]
) -> None:
    """Derive again whatever ``report.md`` says with a number, a card, a name or a banner."""
    try:
        reading = read_report((folder / "report.md").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        result.expect("report.md", "missing or unreadable", "a report")
        return
    works = assessment.records.works
    labels = dict(zip(assessment.findings["finding_id"], assessment.findings["label"], strict=True))
    labels |= dict.fromkeys(assessment.learners.table["learner_id"], LABEL)
    labels |= assessment.voices.labels
    for figure in reading.figures:
        sentence = sentence_at(figure.passage, works)
        where = f"report.md, figure of {figure.passage}"
        result.expect(
            where, figure.text, figure.text if _holds(figure.text, sentence) else sentence
        )
    for card in reading.passages:
        where = f"report.md, card {card.address}"
        result.expect(where, card.text, md.clean(sentence_at(card.address, works)))
        result.expect(f"{where}, label", card.label, str(labels.get(card.address, "no finding")))
        cited = key_at(card.address, works)
        result.expect(f"{where}, citation", "; ".join(card.citations), cited)
    counts: dict[str, Any] = dict(assessment.counts)
    if any(number.key.startswith("words.") for number in reading.counts):
        rows = manifest.get("parameters", {}).get("gap_sections", GAP_SECTIONS)
        counts |= Report(assessment, int(rows)).word_counts()
    for number in reading.counts:
        value = counts.get(number.key)
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        result.expect(f"report.md, count {number.key}", number.text, shown)
    given = given_in(assessment)
    for number in reading.givens:
        shown = given.get(number.key, "nothing given")
        result.expect(f"report.md, given {number.key}", number.text, shown)
    known = known_names(assessment)
    for name in reading.terms:
        shown = md.clean(name)
        result.expect("report.md, name", shown, shown if shown in known else "no such name")
    for loose in reading.loose:
        result.expect(f"report.md, near {loose.context!r}", loose.token, "no source is named")
    given_prose = {p.text for p in load_prose(folder / "brief.prose.json")}
    for text in reading.written:
        known_text = text if text in given_prose else "not what the writer gave"
        result.expect("report.md, the writer's own words", text, known_text)
    wanted = {"sample"} if assessment.is_sample else set()
    if not assessment.is_signed:
        wanted.add("draft")
    result.expect(
        "report.md, banners", ", ".join(sorted(set(reading.banners))), ", ".join(sorted(wanted))
    )
    said = str(manifest.get("document_status"))
    result.expect("manifest.json, document_status", said, assessment.status_line)
