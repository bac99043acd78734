"""Screening records by keyboard, the most promising first."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cmeneeds.brief import Brief
from cmeneeds.decisions.chosen import brief_path
from cmeneeds.decisions.screening import SCREENING, Screened, outcomes, standing_choices
from cmeneeds.strategy import all_facets
from cmeneeds.workbench.abstracts import abstract_html, marks_of
from cmeneeds.workbench.cards import Action, Cards
from cmeneeds.workbench.page import text
from cmeneeds.workbench.ranking import Ranking, asked_for, text_for_ranking
from cmeneeds.workbench.remaining import Remaining, remaining

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.retrieval import Records

REASONS = (
    "Not about the topic",
    "Not about our learners",
    "Not about practice or care",
    "Other country or setting",
    "No data of its own",
    "Duplicate or superseded",
)
"""Reasons offered; any other can be written."""

FEWEST_DRAWN = 10
"""Below that the limits are so wide that they say nothing."""

DRY = 20
"""After so many in a row that were not kept, a check at random is proposed."""


def screen(
    records: Records,
    brief: Brief | str | Path,
    by: str,
    findings: pd.DataFrame | None = None,
) -> Screening:
    """Screen records by keyboard: ``i`` include, ``e`` exclude with a reason, ``m`` maybe.

    ``u`` takes the last choice back, ``r`` begins a check of what remains: records drawn at random
    from the unread ones. Each choice is in ``<brief>.screening.csv`` before the next card is
    shown.

    Parameters
    ----------
    records : Records
    brief : Brief or path
        The file of choices stands beside it.
    by : str
        Your name, as it stands in the file.
    findings : DataFrame, optional
        What is marked in the abstracts; default what :func:`cmeneeds.find` says.

    Returns
    -------
    Screening
        Shows itself in a notebook. ``screening.records`` are the records with the choices.

    Raises
    ------
    UsageError
        If the brief has no file, or the file of choices cannot be read.
    """
    return Screening(records, brief, by, findings)


class Screening(Cards):
    """See :func:`screen`.

    Attributes
    ----------
    by : str
    path : Path
        The file of choices.
    """

    def __init__(
        self,
        records: Records,
        brief: Brief | str | Path,
        by: str,
        findings: pd.DataFrame | None = None,
    ) -> None:
        super().__init__(by)
        file = brief_path(brief)
        self._brief = brief if isinstance(brief, Brief) else Brief.load(file)
        self.path = SCREENING.path(file)
        self._all = records
        self._pmids = [a.pmid for a in records.articles]
        self._place = {pmid: i for i, pmid in enumerate(self._pmids)}
        self._marks = marks_of(records, findings)
        self._ranking = Ranking([text_for_ranking(a) for a in records.articles], self._asked)
        self._check = 0
        self._lines: tuple[Screened, ...] = ()
        self._order: list[int] = []
        self._read()

    @property
    def _asked(self) -> str:
        words = [self._brief.topic, *self._brief.synonyms, *self._brief.mesh]
        return asked_for([*words, *(w for f in all_facets() for w in (f.title, *f.text))])

    # --- what is chosen -------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the file again: somebody else may have written."""
        self._lines = SCREENING.load(self.path)
        here = [line for line in self._lines if int(line.pmid) in self._place]
        own = {p for p, said in standing_choices(here).items() if self.by in said}
        self._mine = own
        said = outcomes(line for line in here)
        # What others chose teaches the ranking too; conflicts and maybe teach nothing.
        chosen = {
            self._place[p]: what == "include"
            for p, what in said.items()
            if what in ("include", "exclude")
        }
        # What only others have read comes last: a second look is worth less than a first.
        order = (*self._ranking.order(chosen), *sorted(chosen))
        self._order = [i for i in order if self._pmids[i] not in own]
        numbers = [int(line.drawn.split()[1]) for line in here if line.drawn.startswith("check")]
        self._last_check = max(numbers, default=0)

    @property
    def lines(self) -> tuple[Screened, ...]:
        """Every line of the file, of all persons."""
        return self._lines

    @property
    def records(self) -> Records:
        """The records with all choices; those excluded carry no finding any more."""
        return replace(self._all, screening=SCREENING.load(self.path))

    @property
    def table(self) -> pd.DataFrame:
        """The choices, one row a line of the file."""
        import pandas as pd

        return pd.DataFrame(self._lines, columns=list(Screened._fields)).astype("string")

    @property
    def unread(self) -> list[int]:
        """PMIDs that you have not decided about, the next first."""
        return [self._pmids[i] for i in self._order]

    @property
    def next(self) -> int | None:
        """PMID of the record that is shown; None at the end."""
        if self._check and (drawn := self._drawn(self._check)):
            return drawn[0]
        return self._pmids[self._order[0]] if self._order else None

    def choose(self, pmid: int, decision: str, reason: str = "") -> None:
        """Write down a choice about any record.

        Raises
        ------
        UsageError
            For an exclusion without a reason.
        """
        drawn = ""
        if pmid == self.next:
            drawn = f"check {self._check}" if self._check else "ranked"
        line = Screened(str(pmid), decision, reason, self.by, date.today().isoformat(), drawn)
        SCREENING.add(self.path, line)
        self._read()
        if self._check and not self._drawn(self._check):
            self._check = 0

    def include(self, pmid: int) -> None:
        """Keep a record."""
        self.choose(pmid, "include")

    def exclude(self, pmid: int, reason: str) -> None:
        """Screen a record out."""
        self.choose(pmid, "exclude", reason)

    def maybe(self, pmid: int) -> None:
        """Leave a record for another look; it is kept until then."""
        self.choose(pmid, "maybe")

    def undo(self) -> Screened | None:
        """Take your last choice back."""
        taken = SCREENING.take_back(self.path, self.by)
        self._read()
        return taken

    # --- what remains ---------------------------------------------------------------------------

    def check(self, on: bool = True) -> None:
        """Begin to draw at random from the unread records, or go back to the ranking."""
        self._check = self._last_check + 1 if on else 0
        self.refresh()

    def _drawn(self, number: int) -> list[int]:
        """Unread records in the order in which a check draws them."""
        names = "".join(str(p) for p in sorted(self._pmids))
        seed = int.from_bytes(hashlib.sha256(f"{number} {names}".encode()).digest()[:8])
        left = sorted(p for p in self._pmids if p not in self._mine)
        # Shuffled whole, then thinned: reading on does not change the order of the others.
        every = sorted(self._pmids)
        random.Random(seed).shuffle(every)  # noqa: S311 - a sample, not a secret
        unread = set(left)
        return [p for p in every if p in unread]

    def remaining(self) -> Remaining | None:
        """Tell how many relevant records may be unread, from your last check at random.

        Returns
        -------
        Remaining or None
            None where nothing was drawn at random yet: then there is no basis to say so.

        Notes
        -----
        ``include`` counts as relevant, ``maybe`` too. The limits hold for the sample you drew;
        deciding to stop by looking at them again and again makes them somewhat too narrow.
        """
        mine = [w for w in self._lines if w.by == self.by and int(w.pmid) in self._place]
        name = f"check {self._last_check}"
        first = next((i for i, line in enumerate(mine) if line.drawn == name), None)
        if first is None:
            return None
        before = {line.pmid for line in mine[:first]}
        last = {line.pmid: line for line in mine}
        drawn = {line.pmid for line in mine if line.drawn == name and line.pmid not in before}
        kept = {p for p, line in last.items() if line.decision != "exclude" and p not in before}
        return remaining(len(self._pmids) - len(before), len(drawn), len(drawn & kept), len(kept))

    # --- the card -------------------------------------------------------------------------------

    def card(self) -> str:
        """PMID of the record shown."""
        return str(self.next or "")

    def card_html(self) -> str:
        """Its title and abstract."""
        pmid = self.next
        if pmid is None:
            return "<p><b>Every record is read.</b></p>"
        article = self._all.articles[self._place[pmid]]
        head = ""
        if self._check:
            head = '<p class="cn-warn">Drawn at random, to see what remains</p>'
        others = [w for w in self._lines if int(w.pmid) == pmid and w.by != self.by]
        body = abstract_html(article, self._marks.get(pmid, ()), title=True)
        # What somebody else said is told as a number only, so that the second look is one's own.
        note = f'<p class="cn-note">{len(others)} choice(s) by others</p>' if others else ""
        return head + body + note

    def actions(self) -> Sequence[Action]:
        """Keys."""
        used = Counter(w.reason for w in self._lines if w.decision == "exclude")
        reasons = list(dict.fromkeys((*(r for r, _ in used.most_common(6)), *REASONS)))
        found = [Action("undo", "u", "Undo")]
        if self.next is None:
            return found
        ask = {"label": "Why?", "value": "", "options": reasons[:9]}
        check = ("ranked", "r", "Back to the ranking") if self._check else (
            "check", "r", "Check at random"
        )  # fmt: skip
        return [
            Action("include", "i", "Include"),
            Action("exclude", "e", "Exclude …", ask),
            Action("maybe", "m", "Maybe"),
            *found,
            Action(*check),
        ]

    def do(self, action: str, value: str) -> None:
        """Do what a key says."""
        pmid = self.next
        if action == "undo":
            self.undo()
        elif action in ("check", "ranked"):
            self.check(action == "check")
        elif pmid is not None:
            self.choose(pmid, action, value if action == "exclude" else "")

    def status_html(self) -> str:
        """Counts, and what can be said of the rest."""
        mine = {w.pmid: w.decision for w in self._lines if w.by == self.by}
        mine = {p: d for p, d in mine.items() if int(p) in self._place}
        number = Counter(mine.values())
        said = (
            f"{len(mine):,} of {len(self._pmids):,} read: {number['include']:,} included, "
            f"{number['exclude']:,} excluded, {number['maybe']:,} maybe. Kept in "
            f"{text(self.path.name)}."
        )
        return f"{said}<br>{text(self.outlook)}"

    @property
    def outlook(self) -> str:
        """What can be said of the unread records, in a sentence."""
        unread = len(self._order)
        if not unread:
            return "Nothing is unread."
        left = self.remaining()
        if left is not None and 0 < left.drawn < FEWEST_DRAWN:
            return (
                f"{left.drawn} drawn at random, {left.relevant} relevant: too few to tell; "
                f"{FEWEST_DRAWN} or more are needed, 30 say more."
            )
        if left is not None and left.drawn:
            return (
                f"Of {left.drawn:,} drawn at random from {left.of:,} then unread, "
                f"{left.relevant:,} were relevant: about {left.estimate:.0f} "
                f"relevant records are unread, {left.low:,} to {left.high:,} with 95 % confidence."
            )
        dry = 0
        for line in reversed([w for w in self._lines if w.by == self.by]):
            if line.decision != "exclude":
                break
            dry += 1
        hint = (
            f" The last {dry} were excluded: press r and read some drawn at random to learn it."
            if dry >= DRY
            else " Press r when you think you are done: records drawn at random will tell."
        )
        return f"How many relevant records are among the {unread:,} unread is not known.{hint}"

    def __repr__(self) -> str:
        """For a terminal."""
        return f"<screening of {len(self._pmids)} records by {self.by}: {self.outlook}>"
