"""What accreditors ask of a needs assessment, as data, and what a run offers for it.

A profile is a YAML file (``data/accreditors/*.yaml``, or the user's own). Nothing of an accreditor
is in code: requirements, periods of disclosure and word limits of forms belong to the profile, with
their sources. The status of a requirement says what this run holds; whether a requirement is met is
the provider's judgement, and no accreditor certifies a document or a tool.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from cmeneeds.accreditation_probes import PROBES
from cmeneeds.brief import Accreditor
from cmeneeds.brief_yaml import MAX_BYTES, load_yaml
from cmeneeds.errors import BriefError, UsageError
from cmeneeds.home import home

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment
    from cmeneeds.brief import Brief

FOLDER = "accreditors"
"""Folder of the user's own profiles: beside the brief, or in ``CMENEEDS_HOME``."""

CUSTOM = "professional custom, no source read"
"""What stands for the source of a line that rests on none."""

BEYOND = "what no needs assessment can show"
"""The missing part of a requirement whose profile does not name it."""

STATUSES = ("offers", "offers in part", "awaiting writer", "nothing here")
"""What a run can have for a requirement. No other word is used for it."""

CROSSWALK_COLUMNS = (
    "accreditor", "kind", "requirement", "asks", "section", "status", "present", "missing",
    "source", "read",
)  # fmt: skip

Kind = Literal["core", "integrity", "commendation"]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Requirement(_Strict, frozen=True):
    """One thing that an accreditor asks, in our own words."""

    id: str
    asks: str
    source: str
    """Where it was read; empty where it rests on professional custom."""
    read: str
    """When and how: an ISO date, or ``unknown``; ``excerpt`` where not in full."""
    kind: Kind = "core"
    section: str = ""
    """Section, table or form of the report that speaks of it; empty if none does."""
    holds: tuple[str, ...] = ()
    """What the run must hold, as names in :data:`~cmeneeds.accreditation_probes.PROBES`."""
    part: bool = False
    """What the report can offer is never the whole of it."""
    rest: str = ""
    """With ``part``: what of it lies outside a needs assessment."""

    @property
    def where_read(self) -> str:
        """Source and day of reading in one line."""
        return f"{self.source} (read: {self.read})" if self.source else CUSTOM


class Disclosure(_Strict, frozen=True):
    """How far back relationships with companies are disclosed."""

    months: int
    source: str
    """Who asks for it, and where."""
    read: str
    told_by: str = ""
    """Secondary source that it was read in; empty where it was read in ``source`` itself."""


class Form(_Strict, frozen=True):
    """Word limits of a form that an accreditor has published."""

    name: str
    note: str
    source: str
    read: str
    words: dict[str, int]
    """Limit by field: gap, need_K, need_C, need_P, designed_to_change, format."""


class Profile(_Strict, frozen=True):
    """What one accreditor asks."""

    name: str
    title: str
    region: str
    verify: str
    """What to look up before a line is relied on."""
    requirements: tuple[Requirement, ...]
    disclosure: Disclosure | None = None
    form: Form | None = None
    origin: str = ""
    """Name of the user's file that it came from; empty for those that come with the package."""


def _read(text: str | bytes, name: str) -> Profile:
    """Read a profile from YAML.

    Raises
    ------
    UsageError
        Naming the file, the place and what to do.
    """
    todo = "docs/accreditation.md shows the form."
    try:
        raw = text.encode() if isinstance(text, str) else text
        content = load_yaml(raw.decode("utf-8-sig"), name)
        profile = msgspec.convert(content, Profile)
    except UnicodeDecodeError:
        raise UsageError(f"accreditor profile {name} is not UTF-8 text", todo) from None
    except BriefError as error:
        raise UsageError(f"accreditor profile {error.problem}", error.todo) from None
    except msgspec.ValidationError as error:
        raise UsageError(f"accreditor profile {name}: {error}", todo) from None
    if profile.name not in get_args(Accreditor):
        raise UsageError(
            f"accreditor profile {name}: {profile.name!r} is no accreditor that a brief can name",
            f"Use one of {', '.join(get_args(Accreditor))}.",
        )
    seen = set()
    for requirement in profile.requirements:
        if requirement.id in seen:
            raise UsageError(
                f"accreditor profile {name}: there are two requirements {requirement.id!r}", todo
            )
        seen.add(requirement.id)
        if unknown := [h for h in requirement.holds if h not in PROBES]:
            raise UsageError(
                f"accreditor profile {name}: {requirement.id}: nothing is known of {unknown[0]!r}",
                f"Known: {', '.join(PROBES)}.",
            )
    return profile


@cache
def shipped() -> dict[str, Profile]:
    """The profiles that come with the package, by name of the accreditor."""
    folder = files("cmeneeds.data") / FOLDER
    texts = sorted((f.name, f.read_text("utf-8")) for f in folder.iterdir())
    found = [_read(text, name) for name, text in texts if name.endswith(".yaml")]
    return {profile.name: profile for profile in found}


def own_profiles(brief_path: Path | None = None) -> tuple[Profile, ...]:
    """Read the user's own profiles: from ``CMENEEDS_HOME``, and before those from beside the brief.

    Raises
    ------
    UsageError
        If a file is no profile.
    """
    places = [home() / FOLDER]
    if brief_path is not None:
        places.append(brief_path.parent / FOLDER)
    found: dict[str, Profile] = {}
    for place in places:
        for path in sorted((*place.glob("*.yaml"), *place.glob("*.yml"))):
            if path.stat().st_size > MAX_BYTES:
                raise UsageError(f"{path} is too large for a profile", "Keep it to a few pages.")
            profile = _read(path.read_bytes(), path.name)
            found[profile.name] = msgspec.structs.replace(profile, origin=path.name)
    return tuple(found.values())


def profiles(brief: Brief, own: Iterable[Profile] = ()) -> list[Profile]:
    """The profiles of the accreditors that a brief names, the user's own before ours."""
    known = shipped() | {profile.name: profile for profile in own}
    return [known[name] for name in brief.accreditor if name in known]


def profiles_of(assessment: Assessment) -> list[Profile]:
    """The profiles that an assessment is looked at with; a run keeps the user's own."""
    return profiles(assessment.brief, assessment.records.profiles)


def disclosure_months(found: Iterable[Profile]) -> int | None:
    """The longest period of disclosure that any of the profiles asks for; None if none says."""
    return max((p.disclosure.months for p in found if p.disclosure), default=None)


def months_in_words(months: int) -> str:
    """As the report says it."""
    return "1 month" if months == 1 else f"{months} months"


def status_of(requirement: Requirement, assessment: Assessment) -> tuple[str, list[str], list[str]]:
    """Say what a run has for a requirement.

    Returns
    -------
    status : str
        One of :data:`STATUSES`.
    present, missing : list of str
        In words; what only people can give ends with ``(awaiting writer)``. Something is missing
        wherever the status is "offers in part".
    """
    if not requirement.section or not requirement.holds:
        return "nothing here", [], []
    probes = [PROBES[name] for name in requirement.holds]
    held = [probe.holds(assessment) for probe in probes]
    present = [p.words for p, there in zip(probes, held, strict=True) if there]
    missing = [
        p.words + (" (awaiting writer)" if p.by_writer else "")
        for p, there in zip(probes, held, strict=True)
        if not there
    ]
    if present:
        if requirement.part:
            missing.append(requirement.rest or BEYOND)
        return ("offers in part" if missing else "offers"), present, missing
    awaited = all(p.by_writer for p in probes)
    return ("awaiting writer" if awaited else "nothing here"), present, missing


def crosswalk(assessment: Assessment) -> pd.DataFrame:
    """What the run has for each requirement of each accreditor of the brief, one line each.

    Returns
    -------
    DataFrame
        Shape (requirements, ``len(CROSSWALK_COLUMNS)``), all text.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for profile in profiles_of(assessment):
        for r in profile.requirements:
            status, present, missing = status_of(r, assessment)
            rows.append(
                (
                    profile.name, r.kind, r.id, r.asks, r.section, status, "; ".join(present),
                    "; ".join(missing), r.source or CUSTOM, r.read,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(CROSSWALK_COLUMNS)).astype("string")


def form_limits(assessment: Assessment) -> Form:
    """Word limits of the structured abstract: from the first profile with a form, else ACCME's."""
    with_form = [p.form for p in profiles_of(assessment) if p.form is not None]
    form = with_form[0] if with_form else shipped()["ACCME"].form
    if form is None:  # the package's own file was changed
        raise UsageError("the profile ACCME has no form", "Give it one; see docs/accreditation.md.")
    return form


def texts(found: Iterable[Profile]) -> set[str]:
    """Every text of profiles, and those made of them, that a report may print whole."""
    said: set[str] = set()
    for p in found:
        said |= {p.name, p.title, p.region, p.verify, p.origin}
        for r in p.requirements:
            said |= {r.id, r.asks, r.section, r.rest, r.source, r.read, r.where_read}
        if p.disclosure is not None:
            said.add(months_in_words(p.disclosure.months))
        for part in (p.disclosure, p.form):
            if part is not None:
                said |= {v for v in msgspec.structs.asdict(part).values() if isinstance(v, str)}
    return said
