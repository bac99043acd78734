"""The confirming view: each claim beside its passage, one answer at a time, each saved at once.

The terminal (``cmeneeds sign``) and the workbench go through the same :class:`Confirming`. There is
no way to confirm what was not looked at: an answer is about the item that :meth:`Confirming.next`
gave last, and counts for that one alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.decisions import decide, load_decisions, undo
from cmeneeds.decisions.model import addresses
from cmeneeds.decisions.signing import (
    ANOTHER_LOOK,
    CLAIM_CELLS,
    NOT_ACCEPTED,
    Open,
    in_words,
    unsigned,
)
from cmeneeds.errors import RunBroken, UsageError
from cmeneeds.evidence.directives import states_strength
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.report.answers import Question, questions_in
from cmeneeds.report.notebook import for_reading

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

_ROLES = {
    "cp_passage": "current practice",
    "bp_passage": "best practice",
    "cause_passage": "root cause",
    "passages": "further evidence of current practice",
}
_PLACE = re.compile(r'(?:passage|address)="([^"]+)"')
_HEADING = re.compile(r"(#{1,3}) (.+)")


class Item(NamedTuple):
    """One thing to confirm."""

    kind: str
    """``claim``, ``row`` or ``question``."""
    gap_id: str
    """Empty for a claim outside the rows, and for a question."""
    row: str
    """Name of the row."""
    role: str
    """What the passage is cited as: current practice, best practice, root cause ..."""
    claim: str
    """What the report says with it; of a question, the question."""
    address: str
    passage: str
    """Word for word."""
    source: str
    """Title, year, identifier and standing of the work."""
    asks: tuple[tuple[str, str], ...]
    """What must be right, as the report has it: population, action, denominator, direction."""
    used: tuple[str, ...]
    """Where the report cites it: section, and the line as a reader sees it."""

    @property
    def supports(self) -> str:
        """What a confirmation says that the passage supports."""
        return "; ".join([self.role, *(f"{name}: {value}" for name, value in self.asks)])


def cited_in(report: str) -> tuple[str, ...]:
    """Addresses of all passages that a report cites, in the order of the text.

    Parameters
    ----------
    report : str
        ``report.md``.
    """
    from cmeneeds.report.reading import read

    reading = read(report)
    listed = [f.passage for f in reading.figures] + [p.address for p in reading.passages]
    return tuple(dict.fromkeys(listed))


class Confirming:
    """Walks through what is unsigned.

    Parameters
    ----------
    folder : path
        A finished run.
    decisions : path
        Where answers go: the decisions beside the brief.
    by : str
        Who answers. Every answer carries this name and the day.

    Raises
    ------
    UsageError
        Without a name.
    RunBroken
        If the run cannot be read.

    Examples
    --------
    >>> view = Confirming("outputs/stroke/latest", "briefs/stroke.decisions.csv", "A. Writer")
    ... # doctest: +SKIP
    >>> item = view.next()  # doctest: +SKIP
    >>> view.confirm()  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, decisions: str | Path, by: str) -> None:
        from cmeneeds.checks.view import assessment_of

        if not re.search(r"[^\W\d_]", by):
            raise UsageError("who confirms is missing", "Name yourself: --by 'A. Writer'.")
        self.by = by.strip()
        self.path = Path(decisions)
        folder = Path(folder)
        try:
            report = (folder / "report.md").read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise RunBroken(
                f"{folder} holds no readable report.md", "Make the report first."
            ) from None
        self.assessment: Assessment = assessment_of(folder, load_decisions(self.path))
        self._uses = _uses(report)
        left = unsigned(self.assessment.gaps, self.assessment.decisions, cited_in(report))
        self.items: tuple[Item, ...] = tuple(
            _items(self.assessment, left, self._uses, _asked(self.assessment, report))
        )
        self._left = set(range(len(self.items)))
        self._at = 0
        self._shown: int | None = None
        self._said: list[int] = []

    @property
    def remaining(self) -> int:
        """How many items have no answer, or were disputed."""
        return len(self._left)

    def next(self) -> Item | None:
        """Show the next item without an answer; None at the end."""
        rest = [i for i in range(self._at, len(self.items)) if i in self._left]
        self._shown = rest[0] if rest else None
        return None if self._shown is None else self.items[self._shown]

    def confirm(self, answer: str = "") -> Item:
        """Say of the item shown that it holds: the passage supports the claim, the row stands.

        Parameters
        ----------
        answer : str
            To a question; it needs one.

        Raises
        ------
        UsageError
            If no item is shown, or a question is left without an answer.
        """
        item = self._current()
        if item.kind == "question":
            if not answer.strip():
                raise UsageError("the answer is missing", "Answer in a few words.")
            decide(self.path, "", "answer", self.by, item.claim, value=answer.strip())
        elif item.kind == "row":
            decide(self.path, self._row(item.gap_id), "accept", self.by, answer.strip())
        else:
            decide(
                self.path, self._gap(item), "confirm", self.by, answer.strip(),
                passage=item.address, value=item.supports, works=self.assessment.records.works,
            )  # fmt: skip
        self._answered(settled=True)
        return item

    def reject(self, reason: str) -> Item:
        """Say of the item shown that it does not hold. A disputed claim keeps the report a draft.

        Raises
        ------
        UsageError
            If no item is shown, the reason is missing, or it is a question.
        """
        item = self._current()
        if not reason.strip():
            raise UsageError("the reason is missing", "Say why in a few words.")
        if item.kind == "question":
            raise UsageError("a question cannot be rejected", "Answer it, or skip it.")
        if item.kind == "row":
            decide(self.path, self._row(item.gap_id), "reject", self.by, reason.strip())
            # What is not in the report any more needs no confirmation.
            self._left -= {i for i, one in enumerate(self.items) if one.gap_id == item.gap_id}
        else:
            decide(
                self.path, self._gap(item), "dispute", self.by, reason.strip(),
                passage=item.address, works=self.assessment.records.works,
            )  # fmt: skip
        self._answered(settled=item.kind == "row")
        return item

    def skip(self) -> None:
        """Leave the item shown for another time."""
        self._current()
        self._at = (self._shown or 0) + 1

    def back(self) -> None:
        """Go back to the item before, answered or not; an answer that it had stays."""
        before = (self._shown if self._shown is not None else len(self.items)) - 1
        self._at = max(0, before)
        if before >= 0:
            self._left.add(before)

    def undo(self) -> Item | None:
        """Take back the last answer given here; None if there is none."""
        if not self._said:
            return None
        undo(self.path, self.by)
        last = self._said.pop()
        self._left.add(last)
        if self.items[last].kind == "row":
            gap_id = self.items[last].gap_id
            answered = set(self._said)
            self._left |= {
                i for i, one in enumerate(self.items) if one.gap_id == gap_id and i not in answered
            }
        self._at = last
        return self.items[last]

    def __str__(self) -> str:
        """How much is left."""
        return f"{self.remaining:,} of {len(self.items):,} left"

    def _current(self) -> Item:
        if self._shown is None:
            raise UsageError("no claim is shown", "Look at the next one first.")
        return self.items[self._shown]

    def _answered(self, *, settled: bool) -> None:
        assert self._shown is not None
        if settled:
            self._left.discard(self._shown)
        self._said.append(self._shown)
        self._at = self._shown + 1
        self._shown = None

    def _row(self, gap_id: str) -> Any:
        gaps = self.assessment.gaps
        return gaps[gaps["gap_id"] == gap_id].iloc[0]

    def _gap(self, item: Item) -> Any:
        return self._row(item.gap_id) if item.gap_id else ""


def left_over(folder: str | Path, decisions: str | Path | None = None) -> list[str]:
    """Tell what keeps a run from being final, in words; empty if nothing does.

    Parameters
    ----------
    folder : path
        A finished run.
    decisions : path, optional
        Instead of those in the run.
    """
    from cmeneeds.checks.result import check_run
    from cmeneeds.checks.view import assessment_of

    folder = Path(folder)
    report = (folder / "report.md").read_text("utf-8")
    given = load_decisions(decisions) if decisions is not None else None
    assessment = assessment_of(folder, given)
    said = []
    left = unsigned(assessment.gaps, assessment.decisions, cited_in(report))
    if left:
        said.append(in_words(left))
    checked = check_run(folder, assessment=assessment)
    if checked.errors:
        said.append(f"{checked.errors:,} error{'s' * (checked.errors != 1)} of `cmeneeds check`")
    # That a person has yet to confirm is said above.
    awaited = sum(o.count("open") for o in checked.outcomes if o.about.id != "L58")
    if awaited:
        said.append(f"{awaited:,} question{'s' * (awaited != 1)} to answer")
    return said


def _items(
    assessment: Assessment,
    left: Sequence[Open],
    uses: dict[str, tuple[str, ...]],
    questions: Iterable[Question],
) -> Iterator[Item]:
    """Claims of a row, then the row, row by row; then claims elsewhere; then questions."""
    for gap in each_row(assessment.presented):
        gap_id = str(gap.gap_id)
        mine = [o for o in left if o.gap_id == gap_id]
        for one in mine:
            if one.what not in (NOT_ACCEPTED, ANOTHER_LOOK):
                yield _claim(assessment, gap, one.detail, uses)
        if any(o.what in (NOT_ACCEPTED, ANOTHER_LOOK) for o in mine):
            why = "; ".join(o.detail for o in mine if o.what == ANOTHER_LOOK)
            yield _row_item(gap, why)
    for one in left:
        if not one.gap_id:
            yield _claim(assessment, None, one.detail, uses)
    for q in questions:
        yield Item("question", "", "", q.where, q.text, "", "", "", (), ())


def _name(gap: Any) -> str:
    return f"{text_of(gap.subject)}: {text_of(gap.group)}"


def _row_item(gap: Any, why: str) -> Item:
    facts = [("status", text_of(gap.status)), ("level", text_of(gap.gap_type) or "not stated")]
    if why:
        facts.append(("another look because", why))
    said = f"Is this {text_of(gap.status)} one of the learners of this activity?"
    return Item("row", str(gap.gap_id), _name(gap), "row of the gap table", said, "", "", "",
                tuple(facts), ())  # fmt: skip


def _claim(
    assessment: Assessment, gap: Any, address: str, uses: dict[str, tuple[str, ...]]
) -> Item:
    works = assessment.records.works
    try:
        place = works.locate(address)
    except UsageError:
        passage, source = "no such passage now", ""
    else:
        work = place.work
        passage = place.text
        number = f"PMID {work.pmid}" if work.pmid else work.key
        source = f"{work.title} ({work.year or 'year unknown'}; {number}; {work.design.name}; "
        source += f"standing {work.standing.status})"
    role = _role(assessment, gap, address)
    asks = tuple(_asks(assessment, gap, address, role))
    used = uses.get(address, ())
    claim = f"Cited as {role}" + (f" of “{_name(gap)}”" if gap is not None else "")
    row = _name(gap) if gap is not None else ""
    gap_id = str(gap.gap_id) if gap is not None else ""
    return Item("claim", gap_id, row, role, claim, address, passage, source, asks, used)


def _role(assessment: Assessment, gap: Any, address: str) -> str:
    if gap is not None:
        for cell in CLAIM_CELLS:
            if address in addresses(text_of(getattr(gap, cell))):
                return _ROLES[cell]
    f = assessment.findings
    labels = f.loc[f["finding_id"] == address, "label"]
    from cmeneeds.report.markdown import LABELS

    return LABELS[str(labels.iloc[0])].lower() if len(labels) else "evidence"


def _asks(assessment: Assessment, gap: Any, address: str, role: str) -> Iterator[tuple[str, str]]:
    """Population, action, denominator and direction, as the tables have them."""
    f = assessment.findings
    found = next(each_row(f[f["finding_id"] == address]), None)
    who = text_of(getattr(found, "who", "")) if found is not None else ""
    group = text_of(gap.group) if gap is not None else ""
    yield "population", who or group or "not stated"
    yield "action", text_of(gap.subject) if gap is not None else "as the report says it"
    if found is not None and known(found.value):
        base = "not stated"
        if known(found.denominator):
            over = f"{int(found.numerator)} of " if known(found.numerator) else "of "
            base = f"{over}{int(found.denominator)}"
        yield "figure", text_of(found.value_text)
        yield "denominator", base
    if gap is not None and role.endswith("current practice"):
        yield "direction", text_of(gap.cp_direction) or text_of(gap.direction) or "unknown"
    if role == "best practice":
        said = [text_of(getattr(gap, c)) for c in ("bp_grade", "bp_level")]
        strength = text_of(gap.bp_strength)
        if states_strength(text_of(gap.best_practice), strength):
            said.insert(0, strength)
        yield "strength", ", ".join(filter(None, said)) or "not stated"


def _uses(report: str) -> dict[str, tuple[str, ...]]:
    """Where a report cites each passage: the headings above, and the line."""
    found: dict[str, dict[str, None]] = {}
    headings = ["", "", ""]
    for line in report.splitlines():
        if heading := _HEADING.match(line):
            level = len(heading[1])
            headings[level - 1 :] = [heading[2], *[""] * (3 - level)]
            continue
        for address in _PLACE.findall(line):
            where = " / ".join(for_reading(h) for h in headings if h)
            # A table's line is all its cells; a card shows the passage itself.
            shown = "" if line.startswith(("|", ":::")) else _plain(line)
            found.setdefault(address, {})[f"{where}: {shown}" if shown else where] = None
    return {address: tuple(places) for address, places in found.items()}


def _plain(line: str) -> str:
    text = re.sub(r"\]\(https?://[^)]*\)", "]", for_reading(line))
    return re.sub(r"\\([^\w\s]|_)", r"\1", text).strip("- ")[:300]


def _asked(assessment: Assessment, report: str) -> list[Question]:
    answered = {text_of(d.reason) for d in each_row(assessment.decisions) if d.decision == "answer"}
    return [q for q in questions_in(report) if q.text not in answered]
