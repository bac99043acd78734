"""Guideline cards in the section on the standard of care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmeneeds.evidence.directives import states_strength
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.guideline_cards.model import UNKNOWN
from cmeneeds.report import markdown as md
from cmeneeds.report.writing import named

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment
    from cmeneeds.report.evidence_cards import Deck
    from cmeneeds.works import Work

MOST_CARDS = 12
"""Cards that the report shows; all are in cards.csv."""


READING_OF_STRENGTH = (
    "“Stated” is what the passage itself names: strength, class, grade or level. Where it names "
    "none, the program reads the verb, “recommend”, “should” and “must” as strong and “suggest”, "
    "“consider” and “may” as conditional; that reading is no statement of the source."
)
"""What a reader of strengths has to know."""


def strength_words(text: str, strength: str, grade: str, level: str, system: str = "") -> str:
    """Write what a recommendation states of its strength, apart from what is read off its wording.

    Parameters
    ----------
    text : str
        The passage.
    strength, grade, level, system : str
        As read; empty where unknown.

    Returns
    -------
    str
        Markdown.
    """
    stated = []
    if strength and not grade and states_strength(text, strength):
        stated.append(f"strength {named(strength)}")
    if grade:
        stated.append(f"class or grade {named(grade)}")
    if level:
        stated.append(f"level of evidence {named(level)}")
    if (grade or level) and system:
        stated.append(f"graded by {named(system)}")
    if stated:
        return f"stated: {', '.join(stated)}"
    if strength in ("strong", "conditional"):
        return f"not stated; the program reads the wording as {named(strength)}"
    if strength:
        what = "a recommendation against" if strength == "against" else "insufficient evidence"
        return f"not stated; the program reads the wording as {what}"
    return "not stated"


def source_words(work: Work, body: str, kind: str) -> str:
    """Write who says it and for whom: kind and year, who issued it, and the record's own title.

    Parameters
    ----------
    work : Work
    body : str
        Who issued it; empty where unknown.
    kind : str
        Kind of source and year, as Markdown.
    """
    said = [kind]
    if body and body.casefold() not in work.title.casefold():
        said.append(f"issued by {named(body)}")
    said.append(f"“{named(work.title.rstrip('. '))}”")  # its words, so in quotation marks
    return md.BREAK.join(said)


def cards_table_markdown(assessment: Assessment, deck: Deck) -> str:
    """Write the cards that matter for this report; empty where there are none.

    They are those of recommendations that stand in the gap table, then those that a person has
    read, then those of the writer's own guidelines.

    Parameters
    ----------
    assessment : Assessment
    deck : Deck
        Where the passages' cards are shown.
    """
    shown = chosen_cards(assessment)
    if not shown:
        return ""
    rows = [
        (deck.quote(c.address), _guideline(c), _grading(c), _word(c.population), _standing(c))
        for c in shown
    ]
    return (
        "\nGuideline cards. Every cell is read from the document or given by the person named; "
        "what the document does not say is unknown. The rest is in `cards.csv`.\n"
        + md.table(
            rows,
            ("Recommendation", "Guideline", "Class, level", "For whom", "Standing"),
            "Guideline cards. Class and level are in the issuing body's own system.",
            widths=(36, 22, 14, 12, 16),
        )
    )


def chosen_cards(assessment: Assessment) -> list[Any]:
    """Cards that the report shows, in their order."""
    cards = list(each_row(assessment.cards))
    presented = assessment.presented
    best = {text_of(a): i for i, a in enumerate(presented["bp_passage"]) if text_of(a)}
    own = {d.id for d in assessment.records.documents if d.kind == "own source"}

    def order(card: Any) -> tuple[bool, int, bool, bool]:
        used = card.address in best
        return not used, best.get(card.address, 0), card.status == "extracted", True

    wanted = [
        c
        for c in cards
        if text_of(c.document)
        and (c.address in best or c.status != "extracted" or c.document in own)
    ]
    return sorted(wanted, key=order)[:MOST_CARDS]


def _word(text: Any) -> str:
    said = text_of(text)
    return named(said) if said else UNKNOWN


def _guideline(card: Any) -> str:
    said = [_word(card.body)]  # the title stands in the list of references
    version = text_of(card.version)
    if version not in ("", UNKNOWN):
        said.append(named(version))
    if text_of(card.year) not in ("", UNKNOWN):
        said.append(md.date(text_of(card.year)))
    else:
        said.append("year unknown")
    if known(card.page):
        said.append(f"page {md.term(str(int(card.page)))}")
    return md.BREAK.join(said)


def _grading(card: Any) -> str:
    grade, level = _word(card.class_or_strength), _word(card.level_or_certainty)
    system = _word(card.system)
    how = "grading unknown" if system == UNKNOWN else f"grading of {system}"
    return md.BREAK.join((f"class or strength {grade}", f"level {level}", how))


def _standing(card: Any) -> str:
    said = []
    newer = text_of(card.superseded_by)
    if newer:
        said.append(f"**superseded** by {named(newer)}")
    if card.status == "extracted":
        said.append("as extracted, not yet confirmed")
    else:
        who = f"{named(str(card.by))}, {md.date(str(card.date))}"
        what = text_of(card.corrected).replace("_", " ")
        said.append(f"{named(what)} given by {who}" if what else f"confirmed by {who}")
    if text_of(card.flag):
        said.append(named(str(card.flag)))
    return md.BREAK.join(said)


def card_names(assessment: Assessment) -> set[str]:
    """Every text that cards and recommendations may show whole, as the verifier knows them."""
    columns = ("body", "title", "version", "class_or_strength", "level_or_certainty", "system",
               "population", "superseded_by", "by", "flag")  # fmt: skip
    said = {text_of(getattr(c, name)) for c in each_row(assessment.cards) for name in columns}
    said.update(text_of(body) for body in assessment.findings["rec_body"])
    works = assessment.records.works
    # Titles of records, as the table of recommendations prints them.
    for source in set(assessment.findings.loc[assessment.findings["label"] == "REC", "source"]):
        if works[source].is_guideline:
            said.add(works[source].title.rstrip(". "))
    return said | {str(int(c.page)) for c in each_row(assessment.cards) if known(c.page)}
