"""What ``cmeneeds report --edited`` does with a writer's prose, and what it prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cmeneeds.errors import RunBroken, UsageError
from cmeneeds.terminal import safe, say


def take_edited(edited: Path, briefs: Sequence[Path], outputs: Path) -> None:
    """Keep what a writer changed in a Word file beside the brief, for this and later runs.

    Raises
    ------
    UsageError
        If there is not exactly one brief, or it is no Word file.
    RunBroken
        If the run that the file came from is not here.
    """
    from cmeneeds.report.carried import load_prose, prose_path, save_prose, take_in
    from cmeneeds.report.word import read_word
    from cmeneeds.verify_word import find_run

    if len(briefs) != 1:
        raise UsageError("--edited goes with one brief", "Make the other reports by themselves.")
    word = read_word(edited)
    folder = find_run(word, None, outputs)
    try:
        report = (folder / "report.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise RunBroken(f"{folder} has no report.md", "Keep the run that you edited.") from None
    path = prose_path(briefs[0])
    kept = load_prose(path)
    prose, left = take_in(word, report, kept)
    if prose:
        save_prose(path, prose)
    say(f"{len(prose)} paragraphs in your own words kept in {path.name}")
    for conflict in left:
        say(f"NOT CARRIED, {safe(conflict.why)}: {safe(conflict.yours[:160])}")


def say_carried(folder: Path) -> None:
    """Print what of a writer's prose is in a run, and both texts where it is not."""
    told = json.loads((folder / "prose_carried.json").read_text("utf-8"))
    say(f"{told['carried']} paragraphs in your own words carried over")
    for conflict in told["conflicts"]:
        say(f"CONFLICT, {safe(conflict['why'])}; the computed text stands")
        say(f"    yours:    {safe(conflict['yours'])}")
        say(f"    was:      {safe(conflict['was'])}")
        say(f"    is now:   {safe(conflict['now'] or '(nothing like it)')}")
