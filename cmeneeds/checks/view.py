"""What the rules look at: a run folder, or a Word file with or without the run it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cmeneeds.checks.house import RUN_FILE, House, load_house
from cmeneeds.checks.registry import NotDecided
from cmeneeds.checks.text import Block, blocks_of_report, blocks_of_word
from cmeneeds.errors import CmeneedsError, RunBroken
from cmeneeds.frames import each_row

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment
    from cmeneeds.decisions import Decision
    from cmeneeds.report.reading import Reading
    from cmeneeds.report.word import WordReport
    from cmeneeds.works import Work


@dataclass(frozen=True)
class Reference:
    """An entry of the reference list: its key or number, and its text or CSL item."""

    key: str
    text: str
    item: dict[str, Any] | None = None


@dataclass(frozen=True)
class View:
    """Everything that a rule may look at.

    Attributes
    ----------
    kind : str
        ``run`` or ``draft``.
    blocks : tuple of Block
    references : tuple of Reference
    house : House
    assessment : Assessment or None
        Of the run; of a draft only where its run is known.
    text : str
        ``report.md``; empty for a draft.
    word : WordReport or None
    unchanged : frozenset of str
        Texts of blocks that stand in the run's own Word file as well: proven by ``verify``.
    """

    kind: Literal["run", "draft"]
    blocks: tuple[Block, ...]
    references: tuple[Reference, ...]
    house: House
    assessment: Assessment | None = None
    text: str = ""
    word: WordReport | None = None
    unchanged: frozenset[str] = frozenset()

    @property
    def derived(self) -> Assessment:
        """The tables behind the text.

        Raises
        ------
        NotDecided
            For a draft without its run.
        """
        if self.assessment is None:
            raise NotDecided("it needs the run that the draft was made from: name it with --run")
        return self.assessment

    @cached_property
    def reading(self) -> Reading:
        """What ``report.md`` says about its own numbers."""
        from cmeneeds.report.reading import read

        return read(self.text)

    @cached_property
    def cited(self) -> tuple[str, ...]:
        """What is cited, in the order of the text."""
        if self.kind == "run":
            return self.reading.citations
        return tuple(dict.fromkeys(key for block in self.blocks for key in block.keys))

    @cached_property
    def cited_works(self) -> tuple[Work, ...]:
        """The works behind the citations, as far as they are in the run."""
        works = self.derived.records.works
        return tuple(works[key] for key in self.cited if key in works)

    @cached_property
    def rows(self) -> tuple[Any, ...]:
        """Rows of the gap table that are presented."""
        return tuple(each_row(self.derived.presented))

    @cached_property
    def plans(self) -> dict[str, Any]:
        """What is planned for a row, by ``gap_id``."""
        return {str(o.gap_id): o for o in each_row(self.derived.planned)}

    @property
    def prose(self) -> tuple[Block, ...]:
        """Blocks in the writer's words that a reader reads as text, of the body."""
        return tuple(
            b
            for b in self.blocks
            if b.kind in ("paragraph", "item", "caption")
            and b.in_body
            and b.text not in self.unchanged
        )

    @property
    def own(self) -> tuple[Block, ...]:
        """All blocks in the writer's words."""
        return tuple(b for b in self.blocks if b.own and b.text not in self.unchanged)


def name_of(gap: Any) -> str:
    """Name of a row, as its section is headed."""
    from cmeneeds.report.wording import row_name

    return row_name(gap)


def run_view(
    folder: str | Path, *, assessment: Assessment | None = None, text: str | None = None
) -> View:
    """Look at a run folder.

    Parameters
    ----------
    folder : path
        It may be unfinished: brief, snapshot and report are needed.
    assessment : Assessment, optional
        Where it has been derived already.
    text : str, optional
        Instead of ``report.md``.

    Raises
    ------
    RunBroken
        If one of these is missing or unreadable.
    UsageError
        If the copy of the switches is not readable.
    """
    from cmeneeds.report.references import csl

    folder = Path(folder)
    if not folder.is_dir():
        raise RunBroken(f"there is no run at {folder}", "Name a folder that `report` made.")
    try:
        text = (folder / "report.md").read_text("utf-8") if text is None else text
    except (OSError, UnicodeDecodeError):
        raise RunBroken(
            f"{folder} holds no readable report.md", "Name a run that was finished."
        ) from None
    assessment = assessment or assessment_of(folder)
    from cmeneeds.report.reading import read

    cited = read(text).citations
    works = assessment.records.works
    references = [csl(works[key]) for key in works if key in set(cited)]
    return View(
        kind="run",
        blocks=blocks_of_report(text),
        references=tuple(Reference(str(r["id"]), "", r) for r in references),
        house=load_house(folder / RUN_FILE),
        assessment=assessment,
        text=text,
    )


def assessment_of(
    folder: Path,
    decisions: list[Decision] | None = None,
    cited: Iterable[str] | None = None,
) -> Assessment:
    """Derive the tables of a run again.

    Parameters
    ----------
    folder : Path
    decisions : list of Decision, optional
        Instead of those that the run holds.
    cited : iterable of str, optional
        Of a final report: the passages that it cites; from the run where there are any.

    Raises
    ------
    RunBroken
        If something that they rest on is missing.
    """
    from cmeneeds.assessment import assess
    from cmeneeds.brief import Brief
    from cmeneeds.decisions import load_decisions
    from cmeneeds.report.executing import CITED_FILE
    from cmeneeds.retrieval import Records

    records = Records.load(folder / "snapshot.jsonl.gz")
    try:
        brief = Brief.load(folder / "brief.yaml").model_copy(update={"source": records.source_kind})
        if cited is None and (folder / CITED_FILE).is_file():
            cited = (folder / CITED_FILE).read_text("utf-8").split()
        if decisions is None:
            decisions = load_decisions(folder / "brief.decisions.csv")
        return assess(brief, records, decisions, cited)
    except CmeneedsError as error:
        raise RunBroken(f"nothing can be derived from the snapshot ({error})") from None


def draft_view(path: str | Path, run: str | Path | None = None) -> View:
    """Look at a Word file.

    Parameters
    ----------
    path : path
    run : path, optional
        The run that it was exported from. What the writer left as it was is then told apart, and
        passages, standings and rows are known.

    Raises
    ------
    UsageError
        If it is no Word file.
    RunBroken
    """
    from cmeneeds.report.word import read_word

    word = read_word(path)
    assessment = assessment_of(Path(run)) if run is not None else None
    unchanged: frozenset[str] = frozenset()
    house = load_house()
    if run is not None:
        house = load_house(Path(run) / RUN_FILE)
        original = Path(run) / "report.docx"
        if original.is_file():
            before = blocks_of_word(read_word(original))
            unchanged = frozenset(b.text for b in before if b.kind != "heading")
    return View(
        kind="draft",
        blocks=blocks_of_word(word),
        references=tuple(Reference(e.key or str(e.number), e.text) for e in word.references),
        house=house,
        assessment=assessment,
        word=word,
        unchanged=unchanged,
    )
