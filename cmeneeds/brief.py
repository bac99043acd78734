"""The brief: what the writer wants to know, for whom, in which years.

A brief is a short YAML file. Everything the tool does starts from it; nothing in it about money
reaches search, ranking or scoring (see :meth:`Brief.blind`).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from cmeneeds.brief_parts import (
    EARLIEST_YEAR,
    MODEL,
    OWN_FILES,
    Activity,
    Audience,
    Contributor,
    Day,
    Limits,
    OwnSource,
    Population,
    Relationship,
    Request,
    Requirement,
    SourceType,
    Support,
    Term,
    Text,
    Years,
    beside_the_brief,
    listed,
)
from cmeneeds.brief_yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES, brief_error, load_yaml
from cmeneeds.errors import BriefError

__all__ = [
    "EARLIEST_YEAR",
    "ENTREZ_SOURCES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "OWN_FILES",
    "WEB_SOURCES",
    "Accreditor",
    "Activity",
    "Audience",
    "Brief",
    "Contributor",
    "Day",
    "Length",
    "Limits",
    "OwnSource",
    "Population",
    "Relationship",
    "Request",
    "Requirement",
    "SourceName",
    "SourceType",
    "Support",
    "Switch",
    "Term",
    "Text",
    "Years",
]

ENTREZ_SOURCES = ("bookshelf", "pmc")
WEB_SOURCES = ("uspstf", "ctgov")
"""Sources beside PubMed, asked unless the brief says ``off``. Plugins are asked if named."""

SourceName = Literal["pubmed", "library", "sample"]
Length = Literal["full", "short", "loi", "portal"]
Accreditor = Literal[
    "ACCME", "EACCME", "Joint Accreditation", "ANCC", "ACPE", "Royal College", "CFPC", "RACGP"
]


def _switch(value: object) -> object:
    """Read a switch: YAML itself turns on and off into true and false."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value


_DATA_FILE = re.compile(r"\S.{0,300}\.(csv|tsv|tab|txt|xlsx?|ods|json)", re.IGNORECASE)
_READ = ("csv", "tsv", "tab", "txt")


def _data_file(text: str) -> bool:
    """Tell whether an entry of ``learner_data`` names a file; raise if it is not one to read."""
    match = _DATA_FILE.fullmatch(text)
    if not match:
        return False
    if match[1].lower() not in _READ:
        raise ValueError(f"{text[:60]!r} is no CSV file; save the sheet as CSV (UTF-8)")
    beside_the_brief(text)
    return True


Switch = Annotated[Literal["on", "off", "required"], BeforeValidator(_switch)]
SourceKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Brief(BaseModel):
    """What the writer wants to know.

    Attributes
    ----------
    topic : str
        In plain words. ``mesh`` and ``synonyms`` say how to find it.
    audience : list of Audience
        At least one.
    years : Years
        Of publication.
    as_of : date
        The day the assessment speaks for; recency is judged against it. Default: today.
    accreditor : list of str
        Whose rules the report is checked against.
    learner_data : list of str
        CSV files, as paths from the brief, or one text that says what there is.
    own_sources : list of OwnSource
        Documents of the writer's own: ids in the library, or files as paths from the brief.
    request : Request, optional
        What a supporter or client asks the report to cover; it is for the coverage table alone.
    length : str
        ``full``, ``short``, ``loi`` (letter of intent) or ``portal`` (fields of a form).
    source : str
        ``pubmed``, ``library`` (the user's own) or ``sample``.
    also_search : dict of str to str
        Sources beside the records, each ``on``, ``off`` or ``required``; see :meth:`beside`.
    """

    model_config = MODEL

    topic: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    title: Text | None = None
    mesh: Annotated[list[Term], BeforeValidator(listed)] = []
    synonyms: Annotated[list[Term], BeforeValidator(listed)] = []
    population: Population | None = None
    audience: Annotated[list[Audience], BeforeValidator(listed), Field(min_length=1)]
    trigger: Text | None = None
    years: Years
    as_of: Day = Field(default_factory=date.today)
    languages: Annotated[list[Term], BeforeValidator(listed), Field(min_length=1)] = ["english"]
    accreditor: Annotated[list[Accreditor], BeforeValidator(listed)] = ["ACCME"]
    activity: Activity | None = None
    quality_measures: Annotated[list[Text], BeforeValidator(listed)] = []
    support: Support | None = None
    contributors: list[Contributor] = []
    learner_data: Annotated[list[Text], BeforeValidator(listed)] = []
    own_sources: Annotated[list[OwnSource], BeforeValidator(listed)] = []
    request: Request | None = None
    length: Length = "full"
    source: SourceName = "pubmed"
    also_search: dict[SourceKey, Switch] = {}
    _path: Path | None = PrivateAttr(default=None)

    @field_validator("population", mode="before")
    @classmethod
    def _plain_population(cls, value: object) -> object:
        return {"description": value} if isinstance(value, str) else value

    @field_validator("languages")
    @classmethod
    def _language_names(cls, value: list[str]) -> list[str]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z][A-Za-z -]+", name):
                raise ValueError(f"{name!r} is not a language name; write english, french ...")
        return value

    @field_validator("learner_data")
    @classmethod
    def _files_or_a_note(cls, value: list[str]) -> list[str]:
        files = [_data_file(entry) for entry in value]
        if len(value) > 1 and not all(files):
            note = value[files.index(False)]
            raise ValueError(f"{note[:60]!r} is no CSV file; list files only, or write one text")
        return value

    @model_validator(mode="after")
    def _not_from_the_future(self) -> Self:
        if self.as_of > date.today():
            raise ValueError(f"as_of: {self.as_of} is in the future; use today or earlier")
        if self.years.first > self.as_of.year:
            raise ValueError(f"years: they begin after as_of ({self.as_of}); move one of the two")
        return self

    @property
    def path(self) -> Path | None:
        """The file it was loaded from; decisions stand beside it. None for one made in memory."""
        return self._path

    @property
    def slug(self) -> str:
        """Name of the folder of its runs."""
        words = re.sub(r"[^a-z0-9]+", "-", (self.topic).lower()).strip("-")
        return words[:60].strip("-") or "topic"

    @property
    def heading(self) -> str:
        """Title of the report."""
        return self.title or f"{self.topic}: needs assessment"

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the brief's content, the same however the YAML is laid out."""
        content = self.model_dump(mode="json")
        # A brief without the newer keys keeps the digest it always had.
        for key, unset in (("own_sources", []), ("request", None), ("length", "full")):
            if content[key] == unset:
                del content[key]
        for person in content["contributors"]:
            _leave_out(person, "role_from")
            for relationship in person["relationships"] or ():
                _leave_out(relationship, "begin", "end", "mitigated_on")
        data = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(data.encode()).hexdigest()

    @property
    def learner_note(self) -> str:
        """What the writer says of learner data instead of giving them; usually empty."""
        return "" if self.learner_files else "".join(self.learner_data)

    @property
    def learner_files(self) -> tuple[str, ...]:
        """Files of learner data, as paths from the brief."""
        return tuple(entry for entry in self.learner_data if _data_file(entry))

    def beside(self, source: str) -> dict[str, str]:
        """Tell which sources are asked beside records of ``source``, each ``on`` or ``required``.

        With PubMed these are Bookshelf, PMC, the USPSTF and ClinicalTrials.gov unless the brief
        says ``off``; with a library or the sample, which need no network, only those it names.
        """
        usual = (*ENTREZ_SOURCES, *WEB_SOURCES) if source == "pubmed" else ()
        wanted = dict.fromkeys(usual, "on") | self.also_search
        return {name: switch for name, switch in wanted.items() if switch != "off"}

    def blind(self) -> Brief:
        """Return the brief without anything about money or persons.

        Search, findings, gaps and education see only this (ACCME Standards for Integrity and
        Independence, standard 2: planning decisions are free of ineligible companies).
        """
        none: dict[str, Any] = {
            "support": None,
            "request": None,
            "contributors": [],
            "trigger": None,
        }
        # Who wrote, published or added a document is no matter for a search either; the documents
        # themselves are given to it apart.
        return self.model_copy(update=none | {"own_sources": []})

    @classmethod
    def load(cls, path: str | Path) -> Brief:
        """Read a brief from a YAML file.

        Raises
        ------
        BriefError
            Naming the field and the fix. Nothing is read beyond ``MAX_BYTES``.
        """
        path = Path(path)
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
            raise BriefError(
                "",
                f"{path} cannot be read: {reason}",
                "Name a .yaml file, or start from a copy of an example",
            ) from error
        brief = cls.parse(data, str(path))
        brief._path = path
        return brief

    @classmethod
    def parse(cls, data: bytes | str, name: str = "brief") -> Brief:
        """Read a brief from YAML text. ``name`` is used in messages.

        Raises
        ------
        BriefError
        """
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MAX_BYTES:
            raise BriefError(
                "",
                f"{name} is larger than {MAX_BYTES // 1024} KB",
                "A brief is a page of text; keep data in files of its own.",
            )
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BriefError(
                "", f"{name} is not UTF-8 text (byte {error.start})", "Save it as UTF-8."
            ) from error
        content = load_yaml(text, name)
        if not isinstance(content, dict):
            raise BriefError("", f"{name} holds no `key: value` lines", "Start with `topic: ...`.")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise brief_error(error, cls) from None


def _leave_out(content: dict[str, Any], *keys: str) -> None:
    """Take keys out that say nothing."""
    for key in keys:
        if content[key] is None:
            del content[key]
