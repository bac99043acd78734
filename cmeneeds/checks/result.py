"""All rules over one report or draft: what each found, as text for people and data for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cmeneeds.checks import About, all_rules
from cmeneeds.checks.independence import Mentions, balance
from cmeneeds.checks.registry import DOCUMENT_RULES, UNDECIDED, Found, NotDecided
from cmeneeds.checks.rules import RULES
from cmeneeds.checks.view import View, draft_view, name_of, run_view
from cmeneeds.frames import each_row

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment

CHECK_FILE = "check.json"

State = Literal["holds", "fails", "open", "off", "not decided"]


@dataclass(frozen=True)
class Outcome:
    """What became of one rule.

    Attributes
    ----------
    about : About
    state : str
        ``holds``, ``fails`` (errors or warnings), ``open`` (only a person can supply it),
        ``off`` (with the reason in ``why``; what it found does not count) or ``not decided``.
    found : tuple of Found
        Each with its severity.
    why : str
    """

    about: About
    state: State
    found: tuple[Found, ...] = ()
    why: str = ""

    def count(self, severity: str) -> int:
        """How many it found of a severity; none where it is off."""
        return 0 if self.state == "off" else sum(f.severity == severity for f in self.found)


@dataclass(frozen=True)
class Checked:
    """What all rules found.

    Attributes
    ----------
    kind : str
        ``run`` or ``draft``.
    status : str
        What the document says of itself; empty for a draft without its run.
    outcomes : tuple of Outcome
        By id of the rule.
    balance : tuple of Mentions
        Mentions of products on the lists.
    """

    kind: str
    status: str
    outcomes: tuple[Outcome, ...]
    balance: tuple[Mentions, ...]

    @property
    def errors(self) -> int:
        """Places where an error rule does not hold."""
        return sum(o.count("error") for o in self.outcomes)

    @property
    def warnings(self) -> int:
        """Places where a warning rule does not hold."""
        return sum(o.count("warning") for o in self.outcomes)

    @property
    def open(self) -> int:
        """Things that only a person can supply."""
        return sum(o.count("open") for o in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """As data; the same for the same report."""
        return {
            "format": 1,
            "checked": self.kind,
            "document_status": self.status,
            "errors": self.errors,
            "warnings": self.warnings,
            "open": self.open,
            "rules": [_as_data(o) for o in self.outcomes],
            "balance": [m._asdict() for m in self.balance],
        }


def _as_data(outcome: Outcome) -> dict[str, Any]:
    about = outcome.about
    return {
        "id": about.id,
        "severity": about.severity,
        "asks": about.asks,
        "basis": about.basis,
        "todo": about.todo,
        "state": outcome.state,
        "why": outcome.why,
        "found": [
            {"severity": f.severity, "where": f.where, "what": f.what} for f in outcome.found
        ],
    }


def check_view(view: View) -> Checked:
    """Apply every rule.

    Parameters
    ----------
    view : View

    Returns
    -------
    Checked
        One outcome a rule; a rule that cannot be decided says why and never passes.
    """
    by_row = _row_rules(view)
    outcomes = []
    for id, about in all_rules().items():
        if id in UNDECIDED:
            outcomes.append(Outcome(about, "not decided", why=about.why))
            continue
        try:
            if id in RULES:
                found = by_row[id] if by_row is not None else _not_here(view)
            else:
                rule = DOCUMENT_RULES[id]
                if view.kind not in rule.on:
                    _not_here(view)
                found = tuple(
                    f._replace(severity=f.severity or rule.severity) for f in rule.find(view)
                )
        except NotDecided as reason:
            outcomes.append(Outcome(about, "not decided", why=str(reason)))
            continue
        found = tuple(dict.fromkeys(found))
        if reason_off := view.house.off.get(id):
            outcomes.append(Outcome(about, "off", found, reason_off))
            continue
        outcomes.append(Outcome(about, _state(found), found))
    status = view.assessment.status_line if view.assessment is not None else ""
    return Checked(view.kind, status, tuple(outcomes), tuple(balance(view)))


def _not_here(view: View) -> tuple[Found, ...]:
    raise NotDecided("it is about the tables of a run: check the run folder")


def _state(found: Iterable[Found]) -> State:
    severities = {f.severity for f in found}
    if severities & {"error", "warning"}:
        return "fails"
    return "open" if severities else "holds"


def _row_rules(view: View) -> dict[str, tuple[Found, ...]] | None:
    """What the rules over rows found; None for a draft."""
    if view.kind != "run" or view.assessment is None:
        return None
    found: dict[str, list[Found]] = {id: [] for id in RULES}
    names = {str(gap.gap_id): name_of(gap) for gap in view.rows}
    table = view.assessment.checked
    for row in each_row(table[~table["passed"]]):
        what = "does not hold" if row.status == "gap" else "does not hold yet (a candidate)"
        severity: Literal["error", "warning"] = "error" if row.severity == "error" else "warning"
        found[row.rule].append(Found(what, names[row.gap_id], severity, str(row.gap_id)))
    return {id: tuple(places) for id, places in found.items()}


def check_run(
    folder: str | Path, *, assessment: Assessment | None = None, text: str | None = None
) -> Checked:
    """Apply every rule to a run folder; see :func:`cmeneeds.checks.view.run_view`."""
    return check_view(run_view(folder, assessment=assessment, text=text))


def check_draft(path: str | Path, run: str | Path | None = None) -> Checked:
    """Apply every rule to a Word file; see :func:`cmeneeds.checks.view.draft_view`."""
    return check_view(draft_view(path, run))


def write_check(
    folder: str | Path, checked: Checked | None = None, *, assessment: Assessment | None = None
) -> Checked:
    """Write ``check.json`` into a run folder.

    Parameters
    ----------
    folder : path
        With brief, snapshot and ``report.md``.
    checked : Checked, optional
        Where the rules have been applied already.
    assessment : Assessment, optional
        Where it has been derived already.
    """
    from cmeneeds.report.tables import write_atomically

    checked = checked or check_run(folder, assessment=assessment)
    text = json.dumps(checked.to_json(), indent=1, ensure_ascii=False) + "\n"
    write_atomically(Path(folder) / CHECK_FILE, text.encode())
    return checked
