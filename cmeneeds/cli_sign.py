"""The command line's ``sign``: claims beside their passages, one key for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cmeneeds.errors import RunBroken, UsageError
from cmeneeds.terminal import safe, say

if TYPE_CHECKING:
    from cmeneeds.confirming import Confirming, Item

KEYS = "y confirm   n reject, with a reason   s skip   b back   u undo   q quit"


def sign(
    what: Annotated[Path, typer.Argument(help="Brief, or a run folder.")],
    by: Annotated[str, typer.Option("--by", help="Your name: it stands beside every answer.")],
    brief: Annotated[
        Path | None, typer.Option(help="For a run folder: the brief it was made from.")
    ] = None,
    outputs: Annotated[Path, typer.Option(help="Where runs are.")] = Path("outputs"),
) -> None:
    """Confirm each claim beside its passage; every key is saved at once."""
    from cmeneeds.confirming import Confirming
    from cmeneeds.decisions import decisions_path

    folder, brief = _places(what, brief, outputs)
    view = Confirming(folder, decisions_path(brief), by)
    say(f"{safe(str(decisions_path(brief)))}: {view}")
    say(KEYS)
    with _keys() as keys:
        _walk(view, keys)
    say(f"{view}.")
    if view.remaining:
        say(f"Go on any time with `cmeneeds sign {safe(str(what))} --by {safe(by)!r}`.")
    else:
        say(f"Now `cmeneeds report {safe(str(brief))} --final`.")


def _places(what: Path, brief: Path | None, outputs: Path) -> tuple[Path, Path]:
    """The run folder, and the brief beside which answers are kept."""
    from cmeneeds.brief import Brief

    if not what.is_dir():
        loaded = Brief.load(what)
        folder = outputs / loaded.slug / "latest"
        if not folder.is_dir():
            raise RunBroken(
                f"there is no run of {what.name} in {outputs}",
                f"Make one with `cmeneeds report {what}`.",
            )
        brief = what
    else:
        folder = what
        if brief is None:
            brief = _brief_of(folder)
        loaded = Brief.load(brief)
    if Brief.load(folder / "brief.yaml").digest != loaded.digest:
        raise RunBroken(
            f"{brief.name} is not the brief that this run was made from",
            "Make the report again, or name the right one.",
        )
    return folder, brief


def _brief_of(folder: Path) -> Path:
    """The brief of a run, among those at hand."""
    from cmeneeds.brief import Brief
    from cmeneeds.errors import BriefError

    wanted = Brief.load(folder / "brief.yaml").digest
    found = []
    for path in sorted((*Path().glob("*.yaml"), *Path("briefs").glob("*.yaml"))):
        try:
            if Brief.load(path).digest == wanted:
                found.append(path)
        except BriefError:
            continue
    if len(found) != 1:
        raise UsageError(
            "which brief this run was made from cannot be told", "Name it: --brief BRIEF."
        )
    return found[0]


@contextmanager
def _keys() -> Iterator[Any]:
    """A function that reads one answer: a key, and what was typed behind it on its line."""
    if not sys.stdin.isatty():
        yield _line
        return
    try:
        import termios
        import tty
    except ImportError:  # no such terminal here: lines will do
        yield _line
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)

    def one_key() -> tuple[str, str] | None:
        sys.stdout.flush()
        tty.setcbreak(number)
        try:
            key = sys.stdin.read(1)
        finally:
            termios.tcsetattr(number, termios.TCSADRAIN, before)
        sys.stdout.write("\n")
        return (key, "") if key and key != "\x04" else None

    try:
        yield one_key
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _line() -> tuple[str, str] | None:
    text = sys.stdin.readline()
    if not text:
        return None
    return text.strip()[:1], text.strip()[1:].strip()


def _walk(view: Confirming, keys: Any) -> None:
    while (item := view.next()) is not None:
        _show(view, item)
        answered = False
        while not answered:
            said = keys()
            if said is None or said[0].lower() == "q":
                return
            try:
                answered = _answer(view, item, said[0].lower(), said[1])
            except UsageError as problem:
                say(safe(str(problem)))


def _answer(view: Confirming, item: Item, key: str, words: str) -> bool:
    """Do what a key says; False where it says nothing."""
    if key == "y":
        if item.kind == "question" and not words:
            words = _asked("Answer: ")
        view.confirm(words)
    elif key == "n":
        view.reject(words or _asked("Why: "))
    elif key == "s":
        view.skip()
    elif key == "b":
        view.back()
    elif key == "u":
        if view.undo() is None:
            say("Nothing was answered yet.")
            return False
    else:
        say(KEYS)
        return False
    return True


def _asked(prompt: str) -> str:
    """Ask for words; a pipe gives them on the line of the key."""
    if not sys.stdin.isatty():
        return ""
    sys.stdout.write(prompt)
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def _show(view: Confirming, item: Item) -> None:
    say()
    say(f"--- {view}")
    if item.kind == "question":
        say(f"QUESTION  {safe(item.claim)}")
        return
    say(f"CLAIM     {safe(item.claim)}" if item.kind == "claim" else f"ROW       {safe(item.row)}")
    if item.kind == "row":
        say(f"          {safe(item.claim)}")
    for name, value in item.asks:
        say(f"          {safe(name)}: {safe(value)}")
    for used in item.used[:6]:
        say(f"          in the report: {safe(used)}")
    if item.passage:
        say(f"PASSAGE   {safe(item.passage)}")
        say(f"          {safe(item.source)}")
        say(f"          {safe(item.address)}")
        asked = ", ".join(name for name, _ in item.asks)
        say(f"Does the passage support the claim ({asked})?")
