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

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from cmeneeds.errors import BriefError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_NODES = 20_000
EARLIEST_YEAR = 1781
"""PubMed's oldest records are of the eighteenth century."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]

ENTREZ_SOURCES = ("bookshelf", "pmc")
WEB_SOURCES = ("uspstf", "ctgov")
"""Sources beside PubMed, asked unless the brief says ``off``. Plugins are asked if named."""

SourceName = Literal["pubmed", "library", "sample"]
Length = Literal["full", "short", "loi", "portal"]
SourceType = Literal[
    "guideline", "quality measure", "epidemiology", "regulatory", "expert", "learner", "patient",
    "policy", "study",
]  # fmt: skip
"""As :data:`cmeneeds.documents.SOURCE_TYPES`."""
Accreditor = Literal[
    "ACCME", "EACCME", "Joint Accreditation", "ANCC", "ACPE", "Royal College", "CFPC", "RACGP"
]


def _listed(value: object) -> object:
    """Let one value stand for a list of one."""
    return [value] if isinstance(value, (str, dict)) else value


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
    _beside_the_brief(text)
    return True


def _beside_the_brief(text: str) -> None:
    """Raise unless a path stays in the folder of the brief."""
    outside = text.startswith(("/", "~")) or ".." in text.split("/") or "\\" in text
    if outside or re.match(r"[A-Za-z]:", text) or not text.isprintable():
        raise ValueError(
            f"{text[:60]!r} is not beside the brief; put it there or in a folder below, and write "
            "the path from the brief with /"
        )


Switch = Annotated[Literal["on", "off", "required"], BeforeValidator(_switch)]
SourceKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


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
    supporter: Annotated[list[Text], BeforeValidator(_listed)] = []
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
            _beside_the_brief(self.file)
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

    requirements: Annotated[list[Requirement], BeforeValidator(_listed)] = []
    limits: Limits = Limits()


class Brief(_Part):
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

    topic: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    title: Text | None = None
    mesh: Annotated[list[Term], BeforeValidator(_listed)] = []
    synonyms: Annotated[list[Term], BeforeValidator(_listed)] = []
    population: Population | None = None
    audience: Annotated[list[Audience], BeforeValidator(_listed), Field(min_length=1)]
    trigger: Text | None = None
    years: Years
    as_of: Day = Field(default_factory=date.today)
    languages: Annotated[list[Term], BeforeValidator(_listed), Field(min_length=1)] = ["english"]
    accreditor: Annotated[list[Accreditor], BeforeValidator(_listed)] = ["ACCME"]
    activity: Activity | None = None
    quality_measures: Annotated[list[Text], BeforeValidator(_listed)] = []
    support: Support | None = None
    contributors: list[Contributor] = []
    learner_data: Annotated[list[Text], BeforeValidator(_listed)] = []
    own_sources: Annotated[list[OwnSource], BeforeValidator(_listed)] = []
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
        content = _load_yaml(text, name)
        if not isinstance(content, dict):
            raise BriefError("", f"{name} holds no `key: value` lines", "Start with `topic: ...`.")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise _brief_error(error, cls) from None


def _leave_out(content: dict[str, Any], *keys: str) -> None:
    """Take keys out that say nothing."""
    for key in keys:
        if content[key] is None:
            del content[key]


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses repeated keys, which YAML would silently let the last one win."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for position, key in enumerate(keys):
        if not isinstance(key, str):
            raise BriefError(str(key), "keys must be words", "Put it in quotes.")
        if key in keys[:position]:
            raise BriefError(key, "is given twice", "Keep one of them.")
    return loader.construct_mapping(node, deep=True)


# Days are read by the brief itself: YAML fails on 2021-02-30 without saying where.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _load_yaml(text: str, name: str) -> object:
    try:
        depth = 0
        # Events come one by one from a state machine; building nodes recurses. So look first.
        for nodes, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise BriefError("", f"{name} is nested deeper than {MAX_DEPTH}", "Flatten it.")
            if nodes > MAX_NODES:
                raise BriefError("", f"{name} has more than {MAX_NODES:,} parts", "Shorten it.")
            if isinstance(event, yaml.AliasEvent):
                raise BriefError("", f"{name} uses YAML aliases (*name)", "Write the text out.")
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except BriefError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        # What PyYAML lets through of a tag that does not fit its value.
        raise BriefError(
            "", f"{name} has a value that YAML cannot read", "Put it in quotes."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BriefError(
            "", f"{name} is not valid YAML:{where} {problem}", "Check indentation and quotes."
        ) from error


def _brief_error(error: ValidationError, model: type[BaseModel]) -> BriefError:
    """Make one line of the first problem, naming field and fix."""
    problems = error.errors(include_url=False)
    # A misspelt key is also a missing one: name what the writer wrote.
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    place = ""
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    kind, message = first["type"], first["msg"].removeprefix("Value error, ")
    todo = ""
    if kind == "extra_forbidden":
        known = _keys_at(model, first["loc"][:-1])
        message, todo = "unknown key", f"Known keys here: {', '.join(known)}." if known else ""
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        message, todo = "is not a set of `key: value` lines", "Write them indented below it."
        if place.startswith("audience"):
            todo = "Write `- profession: nurses` below it."
        elif place == "years":
            message, todo = "are not a span of years", "Write them as 2016-2021."
    elif kind == "missing":
        message, todo = "is missing", "Add it to the brief."
    elif kind == "too_short" and place == "audience":
        message, todo = "is empty", "Name at least one: `- profession: ...`."
    elif kind == "string_too_short":
        message, todo = "is empty or too short", "Write it out or remove the line."
    elif kind == "value_error" and not place:
        place, _, message = message.partition(": ")
    elif isinstance(first.get("input"), bool):
        todo = "YAML reads no, yes, on and off as true or false: put the word in quotes."
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return BriefError(place, message[:300] + more, todo)


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the part of the brief that a location points into."""
    parts: dict[str, type[BaseModel]] = {
        "population": Population,
        "audience": Audience,
        "years": Years,
        "activity": Activity,
        "support": Support,
        "contributors": Contributor,
        "own_sources": OwnSource,
        "relationships": Relationship,
    }
    for part in location:
        if isinstance(part, str) and part in parts:
            model = parts[part]
    return list(model.model_fields)
