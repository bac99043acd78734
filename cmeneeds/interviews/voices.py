"""What experts, patients and learners say, and of which rows of the gap table they speak.

A statement speaks of a row as a recommendation does: it names the row's subject whole and shares
telling words with the row's current practice. It is quoted with role and date and counted as its
kind of source. It never fills a cell: the figures in it are nobody's rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.brief import Brief
from cmeneeds.documents import Document, document_address
from cmeneeds.evidence.passages import sentence_spans
from cmeneeds.frames import each_row, text_of
from cmeneeds.gaps.priority import priority_settings
from cmeneeds.gaps.subjects import Vocabulary, group_of
from cmeneeds.gaps.terms import COMMON_WORDS, content_words, stem, stems
from cmeneeds.interviews.notes import Speaker, speaker_of
from cmeneeds.source_types import USES

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.retrieval import Records

LABELS = {"expert": "EXPERT", "patient": "PATIENT", "learner": "VOICE"}
"""Labels of the cards, by type of source; keys of :data:`cmeneeds.report.markdown.LABELS`."""

SHORTEST = 4
"""Words. A shorter sentence is a question or an exclamation."""

_READ = frozenset(("paragraph", "list item", "quotation", "box"))


class Statement(NamedTuple):
    """A sentence that somebody said."""

    address: str
    document: str
    type: str
    text: str
    heading: str
    gaps: tuple[str, ...]
    """Rows of the gap table that it speaks of."""


class Voices:
    """Statements of experts, patients, learners and policy documents beside the gap table.

    Parameters
    ----------
    records : Records
    gaps : DataFrame
        Rows that are presented.
    brief : Brief
    """

    def __init__(self, records: Records, gaps: pd.DataFrame, brief: Brief) -> None:
        said = [d for d in records.documents if _speaks(d)]
        self.documents = tuple(d for d in said if d.source_type in LABELS)
        """Those that are quoted, or would be with consent."""
        self._statements: dict[str, list[Statement]] = {d.id: [] for d in said}
        if not said:
            return
        vocabulary = Vocabulary(records.articles, brief.blind())
        rows = [
            (
                str(gap.gap_id),
                vocabulary.core_in(text_of(gap.subject)),
                text_of(gap.group),
                content_words(text_of(gap.current_practice)),
            )
            for gap in each_row(gaps)
        ]
        for document in said:
            if self.may_be_quoted(document) or document.source_type == "policy":
                self._statements[document.id] = list(_statements(document, rows, vocabulary))

    @staticmethod
    def may_be_quoted(document: Document) -> bool:
        """Whether the speaker consented; documents of learners need none of their own."""
        quoted = document.source_type in LABELS
        return quoted and (document.source_type == "learner" or speaker_of(document).may_be_quoted)

    @staticmethod
    def speaker(document: Document) -> Speaker:
        """Who speaks in a document."""
        return speaker_of(document)

    def of(self, document: Document) -> list[Statement]:
        """Statements of a document, in reading order."""
        return self._statements.get(document.id, [])

    def kinds_of(self, gap_id: str) -> tuple[str, ...]:
        """Kinds of sources that speak of a row here, as triangulation names them."""
        return tuple(
            dict.fromkeys(
                USES[s.type].counts_as
                for statements in self._statements.values()
                for s in statements
                if gap_id in s.gaps
            )
        )

    @property
    def labels(self) -> dict[str, str]:
        """Label of the card of each statement that may be quoted, by address."""
        return {
            s.address: LABELS[s.type]
            for statements in self._statements.values()
            for s in statements
            if s.type in LABELS
        }


def _speaks(document: Document) -> bool:
    return document.kind == "own source" and document.source_type in (*LABELS, "policy")


def _statements(document: Document, rows: list[Any], vocabulary: Vocabulary) -> list[Statement]:
    found = []
    for part in document.parts:
        if part.kind not in _READ:
            continue
        for start, end in sentence_spans(part.text):
            text = part.text[start:end]
            if len(text.split()) < SHORTEST:
                continue
            gaps = tuple(
                gap_id
                for gap_id, core, group, practice in rows
                if _is_about(text, document, core, group, practice, vocabulary)
            )
            address = document_address(document.id, part.number, start, end)
            heading = part.path[-1] if part.path else ""
            found.append(Statement(address, document.id, document.source_type, text, heading, gaps))
    return found


def _is_about(
    text: str,
    document: Document,
    core: tuple[str, ...],
    group: str,
    practice: frozenset[str],
    vocabulary: Vocabulary,
) -> bool:
    """Whether a sentence speaks of a row: the rule by which recommendations are paired."""
    if core:
        if not frozenset(core) <= stems(text):
            return False
    elif vocabulary.core_in(text) or group_of(text, document.title).name != group:
        return False
    shared = (practice & content_words(text)) - vocabulary.topic_words - COMMON_WORDS
    telling = [w for w in shared if stem(w) not in core]
    return len(telling) >= priority_settings().pairing_words
