"""What each type of own source may do in a needs assessment, and why: one table.

The writer says of which type a source is. Gap table, triangulation and report all read the table
below, so that an expert's "70 % of us" cannot become a figure of a gap by any way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from cmeneeds.works import Work


class Use(NamedTuple):
    """What a source of one type may do."""

    role: str
    """Role of its document; see :attr:`cmeneeds.documents.Document.role`."""
    counts_as: str
    """Kind of source in the triangulation of a gap, where it speaks for that gap."""
    best_practice: bool
    """Whether what it recommends may be the best practice of a gap."""
    figures: Literal["any", "with its population", "of outcomes", "none"]
    """Which of its rates may be current practice."""
    target: bool
    """Whether a share that it calls a target may be what a rate is compared with."""
    burden: bool
    """Whether it may tell how common and how serious a problem is."""
    causes: bool
    """Whether it may be the source of a root cause."""
    quoted: bool
    """Whether it is quoted as input of learners and stakeholders, and counts only by that."""
    why: str


USES: dict[str, Use] = {
    "guideline": Use(
        "guideline", "guideline or consensus", True, "none", True, False, False, False,
        "A guideline says what should be done; what it says about practice is quoted from others.",
    ),
    "quality measure": Use(
        "study", "quality measure", False, "with its population", True, False, False, False,
        "A measure sets what is counted and aimed at; the rate that it reports is current practice "
        "if it says of whom. It does not recommend care.",
    ),
    "epidemiology": Use(
        "study", "epidemiology", False, "of outcomes", False, True, False, False,
        "Surveillance shows how common and how serious a problem is, and which outcomes are "
        "reached; it does not show what clinicians do.",
    ),
    "regulatory": Use(
        "study", "regulatory", True, "none", False, False, False, False,
        "An approval or warning says what may or must not be done, which is less than what is "
        "recommended; its figures are those of trials.",
    ),
    "expert": Use(
        "opinion", "expert interviews", False, "none", False, False, False, True,
        "What an expert says shows what to look for; one person's figure proves no rate.",
    ),
    "learner": Use(
        "learner", "learner data", False, "none", False, False, False, True,
        "Learners' own words show perceived need; their figures count only as learner data in a "
        "table, with the number of people.",
    ),
    "patient": Use(
        "opinion", "patient or caregiver perspective", False, "none", False, False, False, True,
        "Patients tell what care is like for them; one person's figure proves no rate.",
    ),
    "policy": Use(
        "background", "policy or payer", False, "none", False, False, False, False,
        "Rules and coverage are the context in which care happens, not a side of a gap.",
    ),
    "study": Use(
        "study", "peer-reviewed literature", True, "any", True, True, True, False,
        "A study is read as any record is.",
    ),
}  # fmt: skip
"""By the types of :data:`cmeneeds.documents.SOURCE_TYPES`."""


def use_of(work: Work) -> Use | None:
    """Return what a work may do; None where no type was given, then its role alone decides."""
    document = work.document
    return USES.get(document.source_type) if document is not None else None


def may_recommend(work: Work) -> bool:
    """Whether what a work recommends may be the best practice of a gap."""
    use = use_of(work)
    return use is None or use.best_practice


def may_set_target(work: Work) -> bool:
    """Whether a share that a work calls a target may be what a rate is compared with."""
    use = use_of(work)
    return use is None or use.target


def is_only_quoted(work: Work) -> bool:
    """Whether a work is input of stakeholders: quoted with role and date, never proof of a rate."""
    if work.document is not None and work.document.role == "opinion":
        return True
    use = use_of(work)
    return use is not None and use.quoted


def is_read(work: Work, label: str, level: str, *, told_of: bool) -> bool:
    """Whether a finding of a work is read for the gap table at all.

    Parameters
    ----------
    work : Work
    label : str
        Evidence label.
    level : str
        K, C, P, O, S or empty.
    told_of : bool
        Whether the sentence says whose share its rate is.

    Examples
    --------
    >>> from cmeneeds.documents import Document
    >>> from cmeneeds.works import Work
    >>> said = Document(id="OWN1", kind="own source", role="opinion", source_type="expert")
    >>> is_read(Work("OWN1", document=said), "RATE", "P", told_of=True)
    False
    """
    if is_only_quoted(work):
        return False
    use = use_of(work)
    if use is None:
        # A task force quotes others on practice; that makes it no source of its own.
        return label == "REC" or not work.only_recommends
    if label == "REC":
        return use.best_practice or use.target
    if label in ("GAP", "RATE"):
        return (
            use.figures == "any"
            or (use.figures == "with its population" and told_of)
            or (use.figures == "of outcomes" and level == "O")
        )
    if label == "CAUSE":
        return use.causes
    return use.burden if label == "BURDEN" else use.figures == "any"
