"""What experts, patients and learners said: quoted with role and date, marked as input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmeneeds.documents import Document
from cmeneeds.frames import each_row, text_of
from cmeneeds.interviews.notes import UNKNOWN
from cmeneeds.interviews.voices import LABELS, Statement
from cmeneeds.report import markdown as md
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

MOST_QUOTED = 6
"""Statements of one source that are shown; those that speak of a presented row go first."""

_KINDS = {
    "expert": "Expert input",
    "patient": "Patient or caregiver input",
    "learner": "Learner input",
}


def stakeholder_input(assessment: Assessment) -> str:
    """Write what stakeholders said; empty without any.

    Parameters
    ----------
    assessment : Assessment

    Returns
    -------
    str
        Markdown: one paragraph and its cards for each source.
    """
    voices = assessment.voices
    if not voices.documents:
        return ""
    names = {str(g.gap_id): text_of(g.subject) for g in each_row(assessment.presented)}
    text = (
        "\nWhat people said, word for word. It shows what to look for; it is no proof of a rate, "
        "and no figure in it counts as current practice.\n"
    )
    return text + "".join(_source(assessment, d, names) for d in voices.documents)


def _source(assessment: Assessment, document: Document, names: dict[str, str]) -> str:
    voices = assessment.voices
    speaker = voices.speaker(document)
    kind = _KINDS[document.source_type]
    role = f"{named(speaker.role)}" if speaker.role != UNKNOWN else "role unknown"
    when = md.date(speaker.date) if speaker.date != UNKNOWN else "date unknown"
    how = speaker.kind if speaker.kind != UNKNOWN else "kind unknown"
    head = f"\n**{kind}**: {role}, {how}, {when} {md.cite(document.id)}"
    if not voices.may_be_quoted(document):
        return f"{head}. Consent is unknown, so nothing of it is quoted.\n" + md.open_question(
            "Did the speaker consent to be quoted? Say so in the notes."
        )
    said = [s for s in voices.of(document) if s.gaps or " removed]" not in s.text]
    chosen = sorted(said, key=lambda s: not s.gaps)[:MOST_QUOTED]
    rows = dict.fromkeys(g for s in chosen for g in s.gaps if g in names)
    about = ", ".join(named(names[g]) for g in rows)
    head += f". Speaks of: {about}.\n" if about else ". Speaks of no row of the gap table.\n"
    return head + "".join(_card(document, s) for s in said if s in chosen)


def _card(document: Document, said: Statement) -> str:
    return md.passage(
        said.text,
        said.address,
        label=LABELS[said.type],
        source=document.id,
        page=document.url,
        section=said.heading or document.title,
    )


def voice_names(assessment: Assessment) -> set[str]:
    """Every text that this section may show whole: what the verifier knows them by."""
    if not assessment.voices.documents:
        return set()
    said = {text_of(g.subject) for g in each_row(assessment.presented)}
    for document in assessment.voices.documents:
        said |= {document.title, *assessment.voices.speaker(document)}
    return said
