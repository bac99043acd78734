"""Trials registered at ClinicalTrials.gov, as background on what is coming.

A trial that is under way says nothing about what clinicians do or should do today: it can never
originate a gap, and both the source and every :class:`Trial` say so (``may_originate_gap``).

Source: ClinicalTrials.gov API v2, https://clinicaltrials.gov/data-api/api (no key; ``/studies``
with ``query.*``, ``filter.*``, ``fields``, ``pageSize`` up to 1,000, ``pageToken``,
``countTotal``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from cmeneeds.documents import Document, Part
from cmeneeds.records import _Value
from cmeneeds.sources.web import WebClient, WebNotJson

API = "https://clinicaltrials.gov/api/v2"
PAGE = "https://clinicaltrials.gov/study/"
URL_VARIABLE = "CMENEEDS_CTGOV_URL"
PAGE_SIZE = 100
LIMIT = 200
"""Trials that are read of one answer; the answer says how many there are in all."""
COMING = ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "ACTIVE_NOT_RECRUITING")
"""Statuses of trials whose results are still to come."""
FIELDS = (
    "NCTId,BriefTitle,OverallStatus,StartDate,CompletionDate,LeadSponsorName,Condition,"
    "StudyType,Phase,EnrollmentCount,InterventionName"
)


class Trial(_Value, frozen=True, kw_only=True):
    """One registered study. Background only: it can never originate a gap."""

    may_originate_gap: ClassVar[bool] = False

    nct: str
    """Registration number, ``NCT`` and eight digits."""
    title: str = ""
    """Brief title."""
    status: str = ""
    """The registry's word, such as ``RECRUITING``."""
    study_type: str = ""
    """``INTERVENTIONAL``, ``OBSERVATIONAL`` or ``EXPANDED_ACCESS``."""
    phase: tuple[str, ...] = ()
    """``PHASE2`` and the like; several for a combined one, empty for what has no phase."""
    conditions: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    start: str = ""
    """As precise as the registry gives it: ``2024-09-30`` or ``2026-12``."""
    completion: str = ""
    """The same; of a trial under way it is a plan."""
    enrolment: int | None = None
    """Participants, planned or actual; None where unknown."""
    sponsor: str = ""
    """Lead sponsor. Kept for the reader; nothing is searched, ranked or scored by it."""
    sha256: str = ""
    """Of the archived answer that it was read from."""
    accessed: str = ""
    """When that answer was last known to be current, UTC."""

    @property
    def url(self) -> str:
        """Its page."""
        return PAGE + self.nct

    def document(self) -> Document:
        """Return it as a document of role ``background``: its title, then a note a field."""
        fields = (
            ("Status", _words(self.status)),
            ("Study type", _words(self.study_type)),
            ("Phase", ", ".join(_words(p) for p in self.phase)),
            ("Conditions", "; ".join(self.conditions)),
            ("Interventions", "; ".join(self.interventions)),
            ("Start", self.start),
            ("Completion", self.completion),
            ("Enrolment", "" if self.enrolment is None else str(self.enrolment)),
            ("Lead sponsor", self.sponsor),
        )
        given = [("", self.title or self.nct), *((name, text) for name, text in fields if text)]
        return Document(
            id=self.nct,
            kind="trial registration",
            role="background",
            title=self.title or self.nct,
            publisher="ClinicalTrials.gov",
            year=int(self.start[:4]) if self.start[:4].isdecimal() else None,
            date=self.start,
            url=self.url,
            accessed=self.accessed,
            sha256=self.sha256,
            parts=tuple(
                Part(number, "note" if name else "title", text, label=name)
                for number, (name, text) in enumerate(given)
            ),
        )


def _words(value: str) -> str:
    """Write a value of the registry's lists for readers: ``NOT_YET_RECRUITING``, ``PHASE3``."""
    return re.sub(r"(?<=[a-z])(?=\d)", " ", value.replace("_", " ").lower())


class Trials(_Value, frozen=True):
    """What a search found, in the registry's order."""

    items: tuple[Trial, ...]
    total: int | None = None
    """How many there are in all, ``items`` or more; None where the registry did not say."""


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


class _Date(msgspec.Struct, frozen=True):
    date: str = ""


class _Identification(msgspec.Struct, frozen=True, rename="camel"):
    nct_id: str
    brief_title: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    overall_status: str = ""
    start_date_struct: _Date = _Date()
    completion_date_struct: _Date = _Date()


class _Sponsors(msgspec.Struct, frozen=True, rename="camel"):
    lead_sponsor: _Name = _Name()


class _Conditions(msgspec.Struct, frozen=True):
    conditions: tuple[str, ...] = ()


class _Enrolment(msgspec.Struct, frozen=True):
    count: int | None = None


class _Design(msgspec.Struct, frozen=True, rename="camel"):
    study_type: str = ""
    phases: tuple[str, ...] = ()
    enrollment_info: _Enrolment = _Enrolment()


class _Arms(msgspec.Struct, frozen=True):
    interventions: tuple[_Name, ...] = ()


class _Protocol(msgspec.Struct, frozen=True, rename="camel"):
    identification_module: _Identification
    status_module: _Status = _Status()
    sponsor_collaborators_module: _Sponsors = _Sponsors()
    conditions_module: _Conditions = _Conditions()
    design_module: _Design = _Design()
    arms_interventions_module: _Arms = _Arms()


class _Study(msgspec.Struct, frozen=True, rename="camel"):
    protocol_section: _Protocol


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    studies: list[_Study]
    total_count: int | None = None
    next_page_token: str | None = None


def read_page(
    body: bytes, *, sha256: str = "", accessed: str = ""
) -> tuple[list[Trial], int | None, str | None]:
    """Read one answer of ``/studies``: trials, number in all, token of the next page.

    Raises
    ------
    WebNotJson
        If it is not such an answer; names the first field that is not.
    """
    try:
        page = msgspec.json.decode(body, type=_Page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = str(error)  # names a path, never a text
    else:
        trials = [_trial(study.protocol_section, sha256, accessed) for study in page.studies]
        return trials, page.total_count, page.next_page_token
    raise WebNotJson(f"this is no answer of ClinicalTrials.gov: {problem}")


def _trial(study: _Protocol, sha256: str, accessed: str) -> Trial:
    nct = study.identification_module.nct_id
    if not re.fullmatch(r"NCT\d{8}", nct):
        raise WebNotJson("ClinicalTrials.gov sent a study without a valid number")
    return Trial(
        nct=nct,
        title=study.identification_module.brief_title,
        status=study.status_module.overall_status,
        study_type=study.design_module.study_type,
        phase=study.design_module.phases,
        conditions=study.conditions_module.conditions,
        interventions=tuple(i.name for i in study.arms_interventions_module.interventions),
        start=study.status_module.start_date_struct.date,
        completion=study.status_module.completion_date_struct.date,
        enrolment=study.design_module.enrollment_info.count,
        sponsor=study.sponsor_collaborators_module.lead_sponsor.name,
        sha256=sha256,
        accessed=accessed,
    )


def any_of(terms: Sequence[str]) -> str:
    """Join names of a topic to a query in which any of them may stand.

    Operators of the registry's query language are capital words, brackets and quotation marks; a
    term is taken as plain words, so small letters and no such marks.
    """
    plain = (" ".join(re.sub(r"[^\w\s'+/.-]", " ", term).lower().split()) for term in terms)
    return " OR ".join(f"({term})" for term in dict.fromkeys(plain) if term)


def search_trials(
    client: WebClient,
    condition: str = "",
    term: str = "",
    *,
    statuses: Sequence[str] = COMING,
    page_size: int = PAGE_SIZE,
    limit: int = LIMIT,
) -> Trials:
    """Search the registry.

    Parameters
    ----------
    client : WebClient
    condition, term : str
        ``query.cond`` and ``query.term``, in the registry's query language; see :func:`any_of`.
    statuses : sequence of str
        ``filter.overallStatus``; empty for all.
    page_size, limit : int
        Trials a request; trials in all.

    Raises
    ------
    SourceError
        As :meth:`WebClient.get`; WebNotJson if the paging runs in a circle.
    """
    base = (os.environ.get(URL_VARIABLE) or API).rstrip("/")
    params = {
        "query.cond": condition,
        "query.term": term,
        "filter.overallStatus": ",".join(statuses),
        "fields": FIELDS,
        "pageSize": str(max(1, min(page_size, limit, 1000))),
        "countTotal": "true",
    }
    params = {name: value for name, value in params.items() if value}
    found: dict[str, Trial] = {}
    total: int | None = None
    tokens: set[str] = set()
    while True:
        answer = client.get(f"{base}/studies", params, allow_cached=True)
        trials, count, token = read_page(
            answer.body, sha256=answer.sha256, accessed=answer.checked_at
        )
        total = count if total is None else total  # told on the first page only
        for trial in trials:
            # The registry moves while it is read: a trial may come again on the next page.
            found.setdefault(trial.nct, trial)
        if not token or len(found) >= limit:
            return Trials(tuple(found.values())[:limit], total)
        if token in tokens:
            raise WebNotJson("ClinicalTrials.gov sent the same page twice", "Try again later.")
        tokens.add(token)
        params["pageToken"] = token


class ClinicalTrials:
    """The registry as a web source; see :mod:`cmeneeds.sources.registry`."""

    name = "ctgov"
    title = "ClinicalTrials.gov, trials under way"
    kind = "background"
    may_originate_gap = False

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> list[Document]:
        """Return trials under way on a topic, at most :data:`LIMIT`; raises SourceError."""
        condition = any_of(topic_words)
        # Without a condition the registry would answer with all its trials.
        found = search_trials(client, condition).items if condition else ()
        return [trial.document() for trial in found]


SOURCE = ClinicalTrials()
