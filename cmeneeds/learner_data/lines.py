"""Files with one line a figure: items of a survey or test, audited measures, earlier outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NoReturn, TypeVar

from msgspec.structs import replace

from cmeneeds.errors import UsageError
from cmeneeds.learner_data import cells as parse
from cmeneeds.learner_data.columns import TYPES, Type, folded, phase_of, says_percent, type_of
from cmeneeds.learner_data.grid import Grid
from cmeneeds.learner_data.model import MIN_PEOPLE, LearnerRow

MAX_MEASURE = 300
"""Characters of an item's text."""

NO_N = "the number of people (n) is missing"

T = TypeVar("T")
_TOTALS = frozenset({"total", "totals", "sum", "all", "overall", "average", "mean"})


class Table:
    """A file with one line a figure."""

    def __init__(self, grid: Grid, roles: dict[str, int]) -> None:
        self.grid = grid
        self.roles = roles
        self.notes: list[str] = []
        unread = [
            grid.column_name(i)
            for i, name in enumerate(grid.header)
            if name and i not in roles.values()
        ]
        if unread:
            self.notes.append(f"not read: {', '.join(unread[:6])}")

    # --- lines ----------------------------------------------------------------------------------

    def lines(self, *, audit: bool) -> list[LearnerRow]:
        """Survey or test items, or audited measures: one figure a line."""
        shares = self._shares("value")
        self._require("denominator", "n", self._all_have_counts(shares))
        rows = []
        for place, (row, cells) in enumerate(self.grid.rows):
            measure, item = self._names(row, cells)
            if not measure:
                continue
            count = self._cell(row, cells, "numerator", parse.counted)
            total = self._cell(row, cells, "denominator", parse.count)
            share, mean = shares[place], self._cell(row, cells, "mean", parse.number)
            if count is None and share is None and mean is None:
                self.notes.append(f"row {row} has no figure and was left out")
                continue
            numerator = count.numerator if count else None
            given = share or (count if count and count.percent is not None else None)
            for s in (share, count):
                if s is not None:
                    if None not in (total, s.denominator) and total != s.denominator:
                        self._wrong(
                            row, "denominator", "differs from the n beside the figure", "Keep one."
                        )
                    total = total if total is not None else s.denominator
                    numerator = numerator if numerator is not None else s.numerator
            if total is None:
                self._wrong(row, "denominator", NO_N, "Fill it in.")
            common = self._common(row, cells, measure, item, audit=audit)
            if numerator is None and given is None and mean is not None:
                rows.append(self._mean(row, cells, mean, total, common))
            else:
                rows.append(self._share(row, numerator, total, given, common))
        return rows

    def outcomes(self) -> list[LearnerRow]:
        """Earlier outcomes: before and after on one line, two lines of the document."""
        means = bool({"pre_sd", "post_sd", "unit", "scale"} & self.roles.keys())
        before = [None] * len(self.grid.rows) if means else self._shares("pre", strict=True)
        after = [None] * len(self.grid.rows) if means else self._shares("post", strict=True)
        self._require("denominator", "n", {"pre_n", "post_n"} <= self.roles.keys())
        rows = []
        for place, (row, cells) in enumerate(self.grid.rows):
            measure, item = self._names(row, cells)
            if not measure:
                continue
            n = self._cell(row, cells, "denominator", parse.count)
            common = self._common(row, cells, measure, item, audit=False)
            one_n = not {"pre_n", "post_n"} & self.roles.keys()
            same = common.pop("same_people", None)
            same = one_n or None if same is None else same
            pair: list[LearnerRow] = []
            for phase, share in (("pre", before[place]), ("post", after[place])):
                people = self._cell(row, cells, f"{phase}_n", parse.count)
                people = people if people is not None else n
                if share is not None and share.denominator is not None:
                    people = share.denominator
                if people is None:
                    self._wrong(row, "denominator", NO_N, "Fill it in.")
                told = common | {"phase": phase}
                if phase == "post":
                    told["same_people"] = same
                if means:
                    mean = self._cell(row, cells, phase, parse.number)
                    if mean is not None:
                        pair.append(self._mean(row, cells, mean, people, told, f"{phase}_sd"))
                elif share is not None:
                    pair.append(self._share(row, share.numerator, people, share, told))
            if len(pair) == 2:
                pair[1] = self._paired(row, cells, *pair)
            rows += pair
        return rows

    # --- parts of a line ------------------------------------------------------------------------

    def _names(self, row: int, cells: Sequence[str]) -> tuple[str, str]:
        """What was asked, and its number; nothing for lines that sum up others."""
        item = self._text(cells, "item")
        measure = self._text(cells, "text") or self._text(cells, "measure") or item
        if folded(measure) in _TOTALS:
            self.notes.append(f"row {row} sums up others and was left out")
            return "", ""
        if not measure:
            role = next((r for r in ("text", "measure", "item") if r in self.roles), None)
            if role is None:
                raise UsageError(
                    f"{self.grid.name}: no column says what was asked or counted",
                    "Name one of them text (of an item) or measure.",
                )
            self._wrong(row, role, "is empty", "Say what was asked or counted.")
        if len(measure) > MAX_MEASURE:
            role = "text" if "text" in self.roles else "measure"
            self._wrong(row, role, f"is longer than {MAX_MEASURE} characters", "Shorten it.")
        return measure, item if item != measure else ""

    def _common(
        self, row: int, cells: Sequence[str], measure: str, item: str, *, audit: bool
    ) -> dict[str, object]:
        given = self._text(cells, "type")
        kind: Type | None = type_of(given) if given else TYPES["performance"] if audit else None
        if given and kind is None:
            self._wrong(row, "type", "is not a known type", f"Write {', '.join(TYPES)}.")
        phase = phase_of(self._text(cells, "phase"))
        if phase is None:
            self._wrong(row, "phase", "is not a known phase", "Write pre, post or follow-up.")
        paired = folded(self._text(cells, "paired"))
        same = {"yes": True, "y": True, "1": True, "true": True, "no": False, "0": False,
                "n": False, "false": False}.get(paired)  # fmt: skip
        return {
            "measure": measure,
            "item": item[:40],
            "type": kind.name if kind else "",
            "level": kind.level if kind else "",
            "perceived": kind.perceived if kind else None,
            "phase": phase,
            "period": self._text(cells, "period")[:60],
            "gap": self._text(cells, "gap")[:200],
            "same_people": same,
        }

    def _share(
        self,
        row: int,
        numerator: int | None,
        n: int,
        share: parse.Share | None,
        common: dict[str, object],
    ) -> LearnerRow:
        percent = share.percent if share else None
        if numerator is not None and numerator > n:
            role = "numerator" if "numerator" in self.roles else "value"
            self._wrong(row, role, "is larger than the number of people", "Correct one of the two.")
        agrees: bool | None = None
        if percent is not None and share is not None and n:
            unit = min(share.unit, Decimal(1))
            if numerator is not None:
                agrees = abs(Decimal(100 * numerator) / n - percent) < unit
            else:
                nearest = int((percent * n / 100).to_integral_value())
                if abs(Decimal(100 * nearest) / n - percent) < unit:
                    # One step more or less would also fit where n is large: then none is named.
                    numerator = nearest if Decimal(100) / n >= unit else None
                else:
                    agrees = False
                    if n >= MIN_PEOPLE:
                        self.notes.append(f"row {row}: no number of people makes its percentage")
            if agrees is False and numerator is not None and n >= MIN_PEOPLE:
                self.notes.append(f"row {row}: count and percentage do not fit each other")
        return LearnerRow(
            number=0,
            n=n,
            numerator=numerator,
            percent=parse.shown(percent) if percent is not None else "",
            agrees=agrees,
            text="",
            **common,  # type: ignore[arg-type]
        )

    def _mean(
        self,
        row: int,
        cells: Sequence[str],
        mean: Decimal,
        n: int,
        common: dict[str, object],
        sd_role: str = "sd",
    ) -> LearnerRow:
        sd = self._cell(row, cells, sd_role, parse.number)
        if sd is not None and sd < 0:
            self._wrong(row, sd_role, "is negative", "An SD is not.")
        unit, scale = self._text(cells, "unit")[:40], self._text(cells, "scale")[:40]
        shown = f"scale {scale}" if scale and not unit else unit
        sd_value = float(sd) if sd is not None else None
        return LearnerRow(
            number=0,
            n=n,
            mean=float(mean),
            sd=sd_value,
            scale=shown,
            text="",
            **common,  # type: ignore[arg-type]
        )

    def _paired(
        self, row: int, cells: Sequence[str], before: LearnerRow, after: LearnerRow
    ) -> LearnerRow:
        """Put what is known of the same people on the line after."""
        gained = self._cell(row, cells, "gained", parse.count)
        lost = self._cell(row, cells, "lost", parse.count)
        r = self._cell(row, cells, "r", parse.number)
        if r is not None:
            if abs(r) > 1:
                self._wrong(row, "r", "lies outside -1 to 1", "It must be a correlation.")
            after = replace(after, r=float(r), same_people=True)
        if gained is None or lost is None or before.numerator is None or after.numerator is None:
            return after
        both = before.numerator - lost
        four = (both, gained, lost, before.n - both - gained - lost)
        if before.n != after.n or min(four) < 0 or both + gained != after.numerator:
            self._wrong(
                row, "gained", "gained and lost do not lead from before to after",
                "They count people who changed: pre + gained - lost = post.",
            )  # fmt: skip
        return replace(after, pairs=four, same_people=True)

    # --- columns and cells ----------------------------------------------------------------------

    def _text(self, cells: Sequence[str], role: str) -> str:
        return cells[self.roles[role]] if role in self.roles else ""

    def _cell(
        self, row: int, cells: Sequence[str], role: str, read: Callable[[str], T | None]
    ) -> T | None:
        if role not in self.roles:
            return None
        try:
            return read(cells[self.roles[role]])
        except parse.NotANumber as problem:
            self._wrong(row, role, str(problem), "Correct the cell, or leave it empty.")

    def _shares(self, role: str, *, strict: bool = False) -> list[parse.Share | None]:
        """A column of shares, all on one scale."""
        if role not in self.roles:
            return [None] * len(self.grid.rows)
        column = self.roles[role]
        given = [self._cell(row, cells, role, parse.share) for row, cells in self.grid.rows]
        named = says_percent(self.grid.header[column])
        plain = [s for s in given if s and s.percent is not None and not s.signed]
        if strict and plain and not named:
            raise UsageError(
                f"{self.grid.name}, {self.grid.column_name(column)}: percentages or means?",
                "Write 48 %, name the column `pre %`, or add pre_sd and post_sd (or unit).",
            )
        try:
            shares, note = parse.as_percentages(given)
        except parse.NotANumber as problem:
            raise UsageError(
                f"{self.grid.name}, {self.grid.column_name(column)}: {problem}", "Correct them."
            ) from None
        if note:
            self.notes.append(note)
        elif plain and not named:
            self.notes.append(f"{self.grid.column_name(column)} was read as percentages")
        return shares

    def _all_have_counts(self, shares: Sequence[parse.Share | None]) -> bool:
        """Whether every figure brings its own n, as 21/50 does."""
        if "numerator" in self.roles:
            column = [self._cell(r, c, "numerator", parse.counted) for r, c in self.grid.rows]
            return all(s is None or s.denominator is not None for s in column)
        return all(s is None or s.denominator is not None for s in shares)

    def _require(self, role: str, name: str, unless: bool) -> None:
        if role in self.roles or unless:
            return
        raise UsageError(
            f"{self.grid.name}: no column says how many people the figures are of",
            f"Add one named {name}.",
        )

    def _wrong(self, row: int, role: str, problem: str, todo: str) -> NoReturn:
        column = self.roles.get(role)
        if column is None:
            raise UsageError(f"{self.grid.name}, row {row}: {problem}", todo)
        raise UsageError(f"{self.grid.where(row, column)}: {problem}", todo)
