"""Write a first brief: valid, with a comment for every line that the writer should think about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, get_args

import yaml

from cmeneeds.brief import Accreditor, Activity, Brief
from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.report.tables import write_atomically
from cmeneeds.sources.sample import AS_OF

YEARS_BACK: Final = 5
"""Years of literature that a new brief asks for: current practice should not be older (ANCC reads
evidence of more than about five years as outdated, as practitioners report; not a written rule)."""

ACCREDITORS: Final[tuple[str, ...]] = get_args(Accreditor)
ACTIVITIES: Final[tuple[str, ...]] = get_args(Activity.model_fields["type"].annotation)


@dataclass
class Answers:
    """What is known about a new needs assessment.

    Attributes
    ----------
    topic : str
        In plain words.
    professions : list of str
        Of the learners; at least one.
    specialty, setting, country : str
        Of all of them; empty where not known.
    years : str
        As ``2019-2024``; empty for the last five.
    accreditors : list of str
    activity : str
        Kind of activity; empty where not decided.
    source : str
        ``pubmed``, ``library`` or ``sample``.
    mesh, synonyms : list of str
    """

    topic: str
    professions: list[str] = field(default_factory=list)
    specialty: str = ""
    setting: str = ""
    country: str = ""
    years: str = ""
    accreditors: list[str] = field(default_factory=lambda: ["ACCME"])
    activity: str = ""
    source: str = "pubmed"
    mesh: list[str] = field(default_factory=list)
    synonyms: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Headings:
    """MeSH headings for a topic.

    Attributes
    ----------
    named : tuple of str
        Headings that are called so, or have the topic as an entry term.
    related : tuple of str
        Headings that records on the topic carry more often than others do.
    where : str
        Which vocabulary was asked; empty where there is none at hand.
    """

    named: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    where: str = ""


def look_up_headings(topic: str, source: str, library: str | Path | None = None) -> Headings:
    """Look up MeSH headings in a library that is there already; nothing is fetched for it."""
    from cmeneeds.home import library_path, sample_path
    from cmeneeds.workbench.terms import suggest_mesh

    if library is None:
        library = "sample" if source == "sample" else library_path()
    path = sample_path() if library == "sample" else Path(library)
    if not path.is_file():
        return Headings()
    try:
        found = suggest_mesh(topic, library=library)
    except CmeneedsError:
        return Headings()  # an empty or foreign library: there is no vocabulary at hand
    named = tuple(found.loc[found["why"] == "is called so", "heading"])
    related = tuple(found.loc[found["why"] != "is called so", "heading"][:6])
    return Headings(named, related, "the sample" if library == "sample" else path.name)


def brief_text(
    answers: Answers, headings: Headings | None = None, today: date | None = None
) -> str:
    """Return a commented brief.

    Raises
    ------
    BriefError
        If the answers make no valid brief; the field is named.
    """
    a, headings = answers, headings or Headings()
    # The sample holds no record from after its day.
    day = date.fromisoformat(AS_OF) if a.source == "sample" else today or date.today()
    years = a.years or f"{day.year - YEARS_BACK}-{day.year}"
    mesh = a.mesh or list(headings.named)
    lines = [
        "# A brief: what you want to know, for whom, in which years. Everything starts from it.",
        f"topic: {_scalar(a.topic)}",
        "# title: heading of the report, if it should be another than the topic",
        "",
        "# MeSH headings of the topic, exactly as MeSH writes them.",
        *(f"# {note}" for note in _about_headings(headings, given=bool(a.mesh))),
        "mesh:" if mesh else "mesh: []",
        *(f"  - {_scalar(name)}" for name in mesh),
        *(f"  # - {_scalar(name)}" for name in headings.related if name not in mesh),
        "",
        "# Names of the topic in titles and abstracts: abbreviations, older names, both spellings.",
        "# Aspects such as treatment or uptake do not belong here. A star stands for any ending.",
        "synonyms:" if a.synonyms else "synonyms: []  # then the topic itself is searched as text",
        *(f"  - {_scalar(name)}" for name in a.synonyms),
        "",
        "# population: the patients, in one line",
        "",
        "# Who is to learn, as exactly as an accreditor wants it: the provider's own learners.",
        "audience:",
    ]
    for profession in a.professions:
        lines.append(f"  - profession: {_scalar(profession)}")
        lines += [
            f"    {name}: {_scalar(value)}" if value else f"    # {name}: {ask}"
            for name, value, ask in (
                ("specialty", a.specialty, "such as neurology"),
                ("setting", a.setting, "such as stroke units"),
                ("country", a.country, "where they practise"),
            )
        ]
    lines += [
        "    # seniority: such as in training",
        "",
        "# trigger: what raised the idea: an audit, a new guideline; not that there is money",
        "",
        f"years: {_scalar(years)}  # of publication, both included",
        f"as_of: {day.isoformat()}  # the day the assessment speaks for",
        "languages: [english]",
        "",
        f"# Whose requirements the report checks against: {', '.join(ACCREDITORS)}.",
        f"accreditor: [{', '.join(map(_scalar, a.accreditors))}]",
        "",
        *(
            ["activity:", f"  type: {_scalar(a.activity)}"]
            if a.activity
            else [f"# activity: {{type: {' | '.join(ACTIVITIES)}}}"]
        ),
        "# quality_measures: measures that a change could be tied to, in words",
        "# learner_data: your own survey, test or audit, as CSV files beside this brief",
        "# own_sources: guidelines, measures, interviews of your own: files or ids of your library",
        "# length: full | short | loi | portal",
        "",
        "# Money and people. Nothing of it reaches search, findings or ranking.",
        "support:",
        "  status: undecided  # none, sought, granted or undecided",
        "# request: what a supporter asks the report to cover, for the coverage table",
        "contributors: []  # everyone who controls content, with their disclosures",
        "",
        f"source: {a.source}  # pubmed, library (your own) or sample",
        "# also_search: {bookshelf: on, pmc: on, uspstf: on, ctgov: on}  # beside PubMed; on as is",
    ]
    text = "\n".join(lines) + "\n"
    Brief.parse(text, "the new brief")
    return text


def _about_headings(headings: Headings, *, given: bool) -> Sequence[str]:
    if given:
        return ()
    if not headings.where:
        return (
            "No vocabulary is at hand; `cmeneeds library mesh TOPIC` learns a topic's headings.",
        )
    if not headings.named:
        return (f"None is called so in {headings.where}; look the topic up in MeSH.",)
    return (f"Looked up in {headings.where}: check them.",)


def write_brief(path: Path, text: str, *, force: bool = False) -> None:
    """Write a new brief; one that is there stays unless ``force``.

    Raises
    ------
    UsageError
    """
    if path.exists() and not force:
        raise UsageError(f"{path} exists already", "Name another with --output, or add --force.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path.parent} cannot be made: {error.strerror}", "Name another --output."
        ) from None
    write_atomically(path, text.encode())


def brief_name(topic: str) -> str:
    """Name of the file of a brief on a topic."""
    words = re.sub(r"[^a-z0-9]+", "-", topic.lower()).strip("-")
    return f"{words[:60].strip('-') or 'topic'}.yaml"


def _scalar(text: str) -> str:
    """Text as YAML, on one line, in quotes where it would mean something else."""
    line = " ".join(text.split())
    shown = yaml.safe_dump(line, allow_unicode=True, width=10_000, default_flow_style=True).strip()
    return shown.removesuffix("...").strip()
