"""The command line's ``init`` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cmeneeds.cli_library import LibraryOption
from cmeneeds.errors import UsageError
from cmeneeds.terminal import complain, safe, say


def init(
    topic: Annotated[str, typer.Argument(help="The topic, in plain words.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File (default: briefs/<topic>.yaml).")
    ] = None,
    profession: Annotated[
        list[str] | None, typer.Option(help="Profession of the learners; may be repeated.")
    ] = None,
    specialty: Annotated[str | None, typer.Option(help="Their specialty.")] = None,
    setting: Annotated[str | None, typer.Option(help="Where they work.")] = None,
    country: Annotated[str | None, typer.Option(help="Where they practise.")] = None,
    years: Annotated[
        str | None, typer.Option(help="Years of publication (default: the last five).")
    ] = None,
    accreditor: Annotated[
        list[str] | None, typer.Option(help="ACCME, EACCME ...; may be repeated.")
    ] = None,
    activity: Annotated[str | None, typer.Option(help="Kind of activity, such as live.")] = None,
    source: Annotated[str | None, typer.Option(help="pubmed, library or sample.")] = None,
    mesh: Annotated[
        list[str] | None, typer.Option(help="MeSH heading; may be repeated. Else looked up.")
    ] = None,
    synonym: Annotated[
        list[str] | None, typer.Option(help="Another name of the topic; may be repeated.")
    ] = None,
    library: LibraryOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a brief that is there.")] = False,
) -> None:
    """Write a commented brief, from a short dialogue or from options."""
    from cmeneeds.new_brief import (
        ACCREDITORS,
        ACTIVITIES,
        Answers,
        brief_name,
        brief_text,
        look_up_headings,
        write_brief,
    )

    path = output or Path("briefs") / brief_name(topic)
    if path.exists() and not force:  # before anything is asked
        raise UsageError(f"{path} exists already", "Name another with --output, or add --force.")
    ask = sys.stdin.isatty() and not yes

    def answer(given: str | None, question: str, default: str = "", hint: str = "") -> str:
        if given is not None or not ask:
            return (given or default).strip()
        shown = f" [{default}]" if default else " (Enter: leave it open)" if not hint else ""
        complain(f"{question}{f' ({hint})' if hint else ''}{shown}")
        return sys.stdin.readline().strip() or default

    professions = [p.strip() for p in profession or () if p.strip()]
    while not professions:
        said = answer(None, "Who is to learn?", hint="profession, such as nurses; several with ;")
        professions = [p.strip() for p in said.split(";") if p.strip()]
        if not professions and not ask:
            raise UsageError("who is to learn is missing", "Add --profession, such as nurses.")
    answers = Answers(
        topic=topic.strip(),
        professions=professions,
        specialty=answer(specialty, "Their specialty?"),
        setting=answer(setting, "Where do they work, such as primary care?"),
        country=answer(country, "In which country?"),
        years=answer(years, "Literature of which years, such as 2019-2024?"),
        accreditors=[a.strip() for a in accreditor or ()]
        or [
            a.strip()
            for a in answer(
                None, "Whose requirements?", "ACCME", hint=", ".join(ACCREDITORS)
            ).split(";")
            if a.strip()
        ],
        activity=answer(activity, "What kind of activity?", hint=", ".join(ACTIVITIES)),
        source=answer(source, "Search where?", "pubmed", hint="pubmed, library or sample"),
        mesh=[m.strip() for m in mesh or () if m.strip()],
        synonyms=[s.strip() for s in synonym or () if s.strip()],
    )
    headings = None if answers.mesh else look_up_headings(answers.topic, answers.source, library)
    write_brief(path, brief_text(answers, headings), force=force)
    say(safe(str(path)))
    if headings is not None and headings.named:
        say(safe(f"  MeSH, from {headings.where}: {'; '.join(headings.named)}"))
    say(safe(f"Next: read it, then `cmeneeds search {path}` shows what its queries find."))
