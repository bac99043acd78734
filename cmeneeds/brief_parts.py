"""The parts of a brief: audience, years, support, contributors, own sources, request."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

EARLIEST_YEAR = 1781
"""PubMed's oldest records are of the eighteenth century."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]

SourceType = Literal[
    "guideline", "quality measure", "epidemiology", "regulatory", "expert", "learner", "patient",
    "policy", "study",
]  # fmt: skip
"""As :data:`cmeneeds.documents.SOURCE_TYPES`."""


def listed(value: object) -> object:
    """Let one value stand for a list of one."""
    return [value] if isinstance(value, (str, dict)) else value


def beside_the_brief(text: str) -> None:
    """Raise unless a path stays in the folder of the brief."""
    outside = text.startswith(("/", "~")) or ".." in text.split("/") or "\\" in text
    if outside or re.match(r"[A-Za-z]:", text) or not text.isprintable():
        raise ValueError(
            f"{text[:60]!r} is not beside the brief; put it there or in a folder below, and write "
            "the path from the brief with /"
        )


def _day(value: object) -> object:
    """Read a day as people write it; anything else is refused by one message."""
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ValueError(f"{str(value)[:40]!r} is not a date; write it as yyyy-mm-dd")


Day = Annotated[date, BeforeValidator(_day)]


MODEL = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
"""Unknown keys are refused; nothing changes once it is read."""


class _Part(BaseModel):
    model_config = MODEL


class Audience(_Part):
    """One group of learners, as specific as an accreditor wants it."""

    profession: Text
    specialty: Text | None = None
    seniority: Text | None = None
    setting: Text | None = None
    country: Text | None = None

    def __str__(self) -> str:
        """As a reader would say it."""
        who = self.profession
        if self.specialty:
            who += f" ({self.specialty})"
        parts = [f"{self.seniority} {who}" if self.seniority else who]
        if self.setting:
            parts.append(f"in {self.setting}")
        if self.country:
            parts.append(self.country)
        return ", ".join(parts)


class Population(_Part):
    """The patients. Only ``terms`` narrow the search; ``description`` is for readers."""

    description: Text
    terms: list[Term] = []


class Years(_Part):
    """Years of publication, both included."""

    first: int
    last: int

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, str):
            match = re.fullmatch(r"\s*(\d{4})\s*(?:-|–|:|to)\s*(\d{4})\s*", value)
            if not match:
                raise ValueError("write it as 2016-2021")
            return {"first": int(match[1]), "last": int(match[2])}
        if isinstance(value, list):
            if len(value) != 2:
                raise ValueError("give two years, such as [2016, 2021]")
            return {"first": value[0], "last": value[1]}
        return value

    @model_validator(mode="after")
    def _possible(self) -> Self:
        latest = date.today().year + 1
        for year in (self.first, self.last):
            if not EARLIEST_YEAR <= year <= latest:
                raise ValueError(f"{year} is not between {EARLIEST_YEAR} and {latest}")
        if self.first > self.last:
            raise ValueError(f"{self.first} is after {self.last}; swap them")
        return self


class Activity(_Part):
    """The planned education."""

    type: Literal[
        "live",
        "enduring material",
        "journal-based",
        "performance improvement",
        "blended",
        "microlearning",
        "other",
    ]
    format: Text | None = None
    credit_hours: Annotated[float, Field(gt=0, le=200)] | None = None


class Support(_Part):
    """Commercial support. Kept apart: see :meth:`Brief.blind`."""

    status: Literal["none", "sought", "granted", "undecided"]
    supporter: Annotated[list[Text], BeforeValidator(listed)] = []
    request: Text | None = None


class Relationship(_Part):
    """A financial relationship with an ineligible company."""

    company: Text
    nature: Text
    begin: Day | None = None
    end: Day | None = None
    """None: not ended, or not said."""
    mitigation: Text | None = None
    mitigated_on: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begin and self.end and self.begin > self.end:
            raise ValueError(f"begin: {self.begin} is after its end ({self.end}); swap them")
        return self


class Contributor(_Part):
    """A person who controls content: writer, planner, expert who is interviewed."""

    name: Text
    role: Text
    role_from: Day | None = None
    disclosed_on: Day | None = None
    relationships: list[Relationship] | None = None
    """None: not yet disclosed. An empty list: disclosed, and there are none."""


OWN_FILES = ("pdf", "html", "htm", "docx", "md", "txt", "csv", "tsv")
"""Endings of files that can be own sources."""
_OWN_FILE = re.compile(rf"\S.{{0,300}}\.({'|'.join(OWN_FILES)})", re.IGNORECASE)
_OWN_ID = re.compile(r"OWN\d{1,12}")


class OwnSource(_Part):
    """A document of the writer's own: in the library by its id, or a file beside the brief.

    What is given here goes before what the library or the file says; nothing else is assumed.
    """

    id: Text | None = None
    """Such as ``OWN123456``; see ``cmeneeds source list``."""
    file: Text | None = None
    """Path from the brief."""
    type: SourceType | None = None
    title: Text | None = None
    year: Annotated[int, Field(ge=EARLIEST_YEAR, le=2200)] | None = None
    publisher: Text | None = None
    edition: Text | None = None
    url: Annotated[Text, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    accessed: Day | None = None
    licence: Text | None = None
    by: Text | None = None
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, str):
            return {"id" if _OWN_ID.fullmatch(value.strip()) else "file": value}
        return value

    @model_validator(mode="after")
    def _one_document(self) -> Self:
        if (self.id is None) == (self.file is None):
            raise ValueError("give either a file beside the brief or an id such as OWN123456")
        if self.id is not None and not _OWN_ID.fullmatch(self.id):
            raise ValueError(f"{self.id[:60]!r} is no id; `cmeneeds source list` shows them")
        if self.file is not None:
            if not _OWN_FILE.fullmatch(self.file):
                raise ValueError(
                    f"{self.file[:60]!r} is no document that can be read; use "
                    f"{', '.join('.' + ending for ending in OWN_FILES)}"
                )
            beside_the_brief(self.file)
        return self


class Requirement(_Part):
    """One thing that the request of a supporter or client asks for."""

    id: Text
    asks: Text
    limit_words: Annotated[int, Field(gt=0, le=100_000)] | None = None
    section: Text | None = None
    """Heading of the report's section that answers it."""


class Limits(_Part):
    """What a request allows in all."""

    words: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    references: Annotated[int, Field(gt=0, le=100_000)] | None = None


class Request(_Part):
    """The request that the report answers. Kept apart, as support is: see :meth:`Brief.blind`."""

    requirements: Annotated[list[Requirement], BeforeValidator(listed)] = []
    limits: Limits = Limits()
