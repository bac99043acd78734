"""What ``cmeneeds verify`` prints of an edited Word file, of copied wording and of PubMed today."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cmeneeds.copied import Copy
from cmeneeds.errors import VerificationFailed
from cmeneeds.terminal import safe, say

_SHOWN = 50


def say_copies(copies: Sequence[Copy]) -> None:
    """Print wording that a source has too."""
    for copy in copies[:_SHOWN]:
        say(f"COPIED without quotation marks, {copy.words} words of {copy.source}: "
            f"{safe(copy.text[:160])}")  # fmt: skip
    if len(copies) > _SHOWN:
        say(f"... and {len(copies) - _SHOWN:,} more")


def run_copies(folder: Path) -> None:
    """Report wording of a run that a source has too."""
    from cmeneeds.copied import copies_in
    from cmeneeds.report.anchors import blocks_of
    from cmeneeds.retrieval import Records

    records = Records.load(folder / "snapshot.jsonl.gz")
    try:
        blocks = blocks_of((folder / "report.md").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return  # a broken claim, told already
    copies = copies_in(
        (b.text for b in blocks if b.kind not in ("quote", "code", "heading")), records.works
    )
    say_copies(copies)
    say(f"wording of 12 words or more of a source without quotation marks: {len(copies)}")


def verify_docx(path: Path, run: Path | None, outputs: Path) -> None:
    """Hold an edited Word file against its run and print what leads nowhere.

    Raises
    ------
    VerificationFailed
        If anything leads nowhere.
    """
    from cmeneeds.verify_word import verify_word

    result = verify_word(path, run, outputs)
    for note in result.notes:
        say(safe(note))
    for changed in result.changed[:_SHOWN]:
        to = ", ".join(changed.passages) or "NO PASSAGE"
        how = {"words": " (by its words: look)", "paragraph": " (of its paragraph)"}
        cited = f"; cites {', '.join(changed.citations)}" if changed.citations else ""
        say(f"changed: {safe(changed.text[:160])}")
        say(f"    -> {safe(to)}{how.get(changed.how, '')}{safe(cited)}")
    if len(result.changed) > _SHOWN:
        say(f"... and {len(result.changed) - _SHOWN:,} more")
    for text in result.removed[:_SHOWN]:
        say(f"taken out: {safe(text[:160])}")
    say_copies(result.copies)
    for problem in result.problems[: 2 * _SHOWN]:
        say(f"BROKEN {safe(str(problem))}")
    say(
        f"{result.unchanged:,} of {result.paragraphs:,} paragraphs as in the run; "
        f"{len(result.changed):,} sentences changed, {len(result.unsupported):,} of them without "
        f"a passage; {len(result.copies)} copied; {len(result.problems)} problems"
    )
    if not result.holds:
        raise VerificationFailed(
            f"{len(result.problems)} places of {path.name} lead to no source, first: "
            f"{safe(str(result.problems[0]))}",
            "Mend them in Word, or say where each comes from.",
        )


def ask_again(folder: Path) -> None:
    """Ask PubMed about every cited record and print what it no longer says.

    Raises
    ------
    VerificationFailed
        If a cited record no longer says a passage, is gone, or has changed its standing.
    """
    from cmeneeds.verify_live import verify_live

    live = verify_live(folder)
    lost = [p for p in live.passages if p.state not in ("same", "moved")]
    for asked in lost[:_SHOWN]:
        say(f"{asked.state.upper()} at {safe(live.source)}: {asked.address}: "
            f"{safe(asked.text[:160])}")  # fmt: skip
    for pmid, then, now in live.standing:
        say(f"PMID {pmid} was {safe(then)}, is now {safe(now)}")
    moved = sum(p.state == "moved" for p in live.passages)
    say(
        f"{safe(live.source)} today: {live.records} records asked for, "
        f"{len(live.passages) - len(lost)} of {len(live.passages)} passages still said"
        + (f", {moved} of them elsewhere in the record" if moved else "")
        + (f"; {live.not_asked} other documents not asked for" if live.not_asked else "")
    )
    if not live.holds:
        raise VerificationFailed(
            f"{len(lost)} cited passages are no longer said, {len(live.standing)} records changed "
            "their standing",
            "Make the report again from a new search.",
        )
