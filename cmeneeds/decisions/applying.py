"""Apply decisions to what was computed: rows first, then words, then yes or no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmeneeds.decisions.arrange import Arrangement, Row, Told, arrange, part_id
from cmeneeds.decisions.evidence import flag_of, seen_at, seen_in, source_of
from cmeneeds.decisions.model import (
    FIELDS,
    PASSAGE_KINDS,
    WAYS,
    Decision,
    addresses,
    in_force,
)
from cmeneeds.decisions.rows import Rebuild, by_hand, dicts, remade, stands, trait
from cmeneeds.decisions.wording import CLOSED, COMPUTED, IN_EFFECT, text_columns
from cmeneeds.frames import text_of

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.works import Works

DECISION_COLUMNS = (
    "decision",
    "decision_reason",
    "decision_by",
    "decision_date",
    "decision_flag",
    "decision_origin",
    "decision_edits",
    "decision_confirmed",
    "seen",
)
"""Columns that a decided gap table has beside the computed ones."""

TOLD = ("row", "state", "flag", "was")
"""Columns of the table of decisions beside those of the file."""


@dataclass(frozen=True)
class Decided:
    """Tables with the decisions in effect.

    Attributes
    ----------
    gaps : DataFrame
        Computed columns untouched, :data:`DECISION_COLUMNS` beside them. Rows are merged, split
        and added as decided.
    table : DataFrame
        Every decision of the file in its order: its columns and :data:`TOLD`.
    """

    gaps: pd.DataFrame
    table: pd.DataFrame


def decided(
    gaps: pd.DataFrame,
    decisions: Sequence[Decision],
    *,
    works: Works | None = None,
    findings: pd.DataFrame | None = None,
    rebuild: Rebuild | None = None,
    proposals: Collection[str] = (),
) -> Decided:
    """Apply decisions in a fixed order, whatever the order of their lines.

    Gaps by hand, merges and splits first (:func:`cmeneeds.decisions.arrange.arrange`), then
    edits, then confirmations, then acceptance and rejection. A decision about evidence that has
    changed since is applied and flagged; one that cannot be applied is told in the table.

    Parameters
    ----------
    gaps : DataFrame
        As computed, with ``gap_id`` and ``cp_passage``.
    decisions : sequence of Decision
    works : Works, optional
        Where passages are read; without it retractions are not seen.
    findings : DataFrame, optional
        To count merged rows where there is no ``rebuild``.
    rebuild : callable, optional
        Computes a gap table of given rows; without it changed rows keep their scores.
    proposals : collection of str, optional
        Columns of the tables that follow from the gaps, whose cells may be edited as well; see
        :func:`with_proposals`.
    """
    import pandas as pd

    counting = {id(d): i for i, d in enumerate(decisions)}
    force = [(counting[id(d)], d) for d in in_force(decisions)]
    told: dict[int, Told] = {
        i: Told(state="superseded", flag="a later line is about the same")
        for i in range(len(decisions))
    }
    for i, _ in force:
        told[i] = Told()
    plan, table, own = _arranged(gaps, force, told, works, findings, rebuild)
    rows = {str(r["gap_id"]): r for r in dicts(table)}
    target = _Targets(rows, own)
    seen = {gap_id: seen_in(row, works) for gap_id, row in rows.items()}
    cells: dict[str, dict[str, list[str]]] = {
        gap_id: defaultdict(list, decision_origin=[plan.rows[gap_id].origin]) for gap_id in rows
    }
    editable = text_columns(table)
    taken: dict[tuple[str, ...], int] = {}
    # Those that name their row come before those that only their passage leads there.
    force.sort(key=lambda pair: (pair[1].gap_id not in rows, pair[0]))
    for kinds in (
        ("merge", "split", "add"),
        ("edit",),
        PASSAGE_KINDS,
        ("accept", "reject", "answer"),
    ):
        for i, d in force:
            if d.decision not in kinds:
                continue
            t = told[i]
            if not t.state:
                _place(t, d, target, plan, works)
            if (t.row and t.state in ("", *IN_EFFECT)) or d.decision in PASSAGE_KINDS:
                _cell(t, d, rows, editable, proposals, works)
                _look(t, d, rows.get(t.row), seen.get(t.row, ""), works)
            if t.row and t.state in ("", *IN_EFFECT) and d.decision in _ONCE:
                slot = (d.slot[0], t.row, *d.slot[2:])
                if slot in taken:
                    t.state, t.flag = "conflict", "another decision about the same is in effect"
                taken.setdefault(slot, i)
            t.state = t.state or "applied"
            if t.row in cells and t.state in IN_EFFECT:
                _enter(cells[t.row], d, t)
    joined = {
        name: ["; ".join(dict.fromkeys(filter(None, cells[g][name]))) for g in rows]
        for name in DECISION_COLUMNS[:-1]
    }
    joined["seen"] = [seen[gap_id] for gap_id in rows]
    listed = [(*d, *(getattr(told[i], name) for name in TOLD)) for i, d in enumerate(decisions)]
    return Decided(
        table.assign(**joined).astype(dict.fromkeys(joined, "string")),
        pd.DataFrame(listed, columns=[*FIELDS, *TOLD]).astype("string"),
    )


def _arranged(
    gaps: pd.DataFrame,
    force: Sequence[tuple[int, Decision]],
    told: dict[int, Told],
    works: Works | None,
    findings: pd.DataFrame | None,
    rebuild: Rebuild | None,
) -> tuple[Arrangement, pd.DataFrame, set[str]]:
    rows = {str(r["gap_id"]): r for r in dicts(gaps)}
    computed = {gap_id: _row(gap_id, cells) for gap_id, cells in rows.items()}
    added, sides = by_hand([d for _, d in force], works)
    for i, d in force:
        if d.decision == "add":
            told[i] = _added(d, d.gap_id in computed, sides, works)
    hand = {gap_id: row for gap_id, row in added.items() if gap_id not in computed}
    target = _Targets(rows, {d.gap_id for _, d in force if d.decision == "add"})
    told_by = trait(works)
    # A part's leading passage stands in the whole row too: a part is known by its identifier.
    parts = _coming([d for _, d in force], target, computed, told_by)
    target = _Targets(rows, target.fixed | parts)
    about = [(i, d, target.of(d) or d.gap_id) for i, d in force]
    plan = arrange(computed | hand, about, told_by)
    told.update(plan.told)
    if not plan.changed:
        return plan, gaps, target.fixed
    return plan, remade(gaps, plan, sides, works, findings, rebuild), target.fixed


def _row(gap_id: str, cells: Mapping[str, Any]) -> Row:
    """A computed row as it is."""
    listed = addresses(text_of(cells.get("passages"))) or (text_of(cells.get("cp_passage")),)
    against = addresses(text_of(cells.get("contradicting_passages")))
    return Row(gap_id, gap_id, listed, against)


def _added(
    d: Decision, clash: bool, sides: Mapping[str, Mapping[str, Any]], works: Works | None
) -> Told:
    if clash:
        return Told(state="conflict", flag="a computed row has this identifier: choose another")
    listed = addresses(d.passage)
    lost = [a for a in listed if not stands(a, works)]
    usable = sides[d.gap_id].get("current_practice", ())
    if not usable and len(lost) < len(listed):
        return Told(state="not applied", flag="no passage of its current practice is there")
    keys = dict.fromkeys(source_of(a, works) for a in lost)
    retracted = [k for k in keys if works and k in works and works[k].standing.is_withdrawn]
    if retracted:
        told = Told(d.gap_id, "source retracted", f"retracted since: {', '.join(retracted)}")
    elif lost:
        told = Told(d.gap_id, "no such passage now", f"not among the records: {', '.join(lost)}")
    else:
        return Told(d.gap_id, "applied")
    return told if usable else Told(state=told.state, flag=f"{told.flag}; the gap is left out")


def _coming(
    decisions: Sequence[Decision],
    target: _Targets,
    computed: Mapping[str, Row],
    told_by: Callable[[str, str], str],
) -> set[str]:
    """Identifiers that parts will have, those of parts of parts included."""
    splits = [(d, target.of(d) or d.gap_id) for d in decisions if d.decision == "split"]
    found: set[str] = set()
    for _ in range(3):
        for d, row in splits:
            whole = d.gap_id if d.gap_id in found else row
            names = [d.value]
            if d.parts in WAYS:  # a merge may bring the passages of any row
                names = sorted(
                    {told_by(d.parts, a) for whole in computed.values() for a in whole.passages}
                )
            found |= {part_id(whole, name) for name in names}
    return found


class _Targets:
    """Rows that decisions are about, by identifier or, if that is no more, by passage.

    Parameters
    ----------
    rows : mapping
    fixed : set of str
        Identifiers that the writer's own decisions make: no passage leads away from them.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, Any]], fixed: set[str]) -> None:
        self._rows = rows
        self.fixed = fixed
        self._leads: dict[str, str] = {}
        self._lists: dict[str, list[str]] = defaultdict(list)
        for gap_id, row in rows.items():
            self._leads.setdefault(text_of(row.get("cp_passage")), gap_id)
            for a in addresses(text_of(row.get("passages"))):
                self._lists[a].append(gap_id)

    def of(self, d: Decision) -> str:
        """Identifier of the row; empty if there is none."""
        gap_id = "G-" + d.gap_id[3:] if d.gap_id.startswith("LO-") else d.gap_id
        if gap_id in self._rows:
            return gap_id
        if gap_id in self.fixed or d.decision in ("add", *PASSAGE_KINDS) or not d.passage:
            return ""
        listed = self._lists.get(d.passage, [])
        return self._leads.get(d.passage) or (listed[0] if len(listed) == 1 else "")


def _place(t: Told, d: Decision, target: _Targets, plan: Arrangement, works: Works | None) -> None:
    """Find the row that a decision is about now."""
    if d.decision == "answer":
        return  # to a question of the report, wherever it stands
    t.row = target.of(d)
    if d.decision in PASSAGE_KINDS and not d.column:
        return  # a passage is confirmed wherever it stands
    if not t.row:
        t.state = "no such row now"
        # Of the evidence then, what was retracted or is not here any more says why.
        if why := flag_of(d, None, d.seen, works):
            t.state = why.state if why.state == "source retracted" else t.state
            t.flag = why.words
    if d.gap_id in plan.gone:  # what was decided about a row is not decided about the merged one
        t.row, t.state, t.flag = "", "not applied", f"its row was {plan.gone[d.gap_id]}"
    elif t.row and t.row != d.gap_id and not d.gap_id.startswith("LO-"):
        t.state = "applied to the row of its passage"
        t.flag = "the row had another subject when it was decided"


_ONCE = ("edit", "accept", "reject")
"""Decisions of which a row has one each."""


def _cell(
    t: Told,
    d: Decision,
    rows: Mapping[str, Mapping[str, Any]],
    editable: frozenset[str],
    proposals: Collection[str],
    works: Works | None,
) -> None:
    """Check what an edit or a confirmation is about."""
    if d.decision not in ("edit", *PASSAGE_KINDS):
        return
    if d.column and t.row not in rows:
        t.state = t.state or "no such row now"
    elif not d.column:
        if works is not None and not seen_at(d.passage, works):
            t.state, t.flag = "no such passage now", f"not among the records: {d.passage}"
    elif d.column in editable:
        t.was = text_of(rows[t.row].get(d.column))
        t.state, t.flag = _refused(d, t)
    elif d.column in rows[t.row] or d.column in COMPUTED:
        t.state, t.flag = "not applied", f"{d.column} is computed, not a text of the writer's"
    elif d.column in proposals:
        t.was = None  # settled by `with_proposals`
    else:
        t.state, t.flag = "not applied", f"no column {d.column}"


def _refused(d: Decision, t: Told) -> tuple[str, str]:
    allowed = CLOSED.get(d.column)
    if d.decision == "edit" and allowed is not None and d.value not in allowed:
        return "not applied", f"{d.column} takes only {', '.join(allowed)}"
    return t.state, t.flag


def _look(
    t: Told, d: Decision, row: Mapping[str, Any] | None, seen: str, works: Works | None
) -> None:
    """Flag a decision about evidence that is another one now."""
    if d.decision == "add":
        return
    if d.decision in PASSAGE_KINDS and not d.column:
        row, seen = None, seen_at(d.passage, works) if works is not None else d.seen
    if d.decision == "merge" and t.row != d.gap_id:
        # The row that was seen is no more; its passages are told in `was`.
        row, seen = None, "; ".join(p for p in d.seen.split("; ") if p.startswith("sources"))
        d = d._replace(seen=seen)
    if d.decision == "split":
        row, d = None, d._replace(seen="")
    flag = flag_of(d, row, seen, works)
    if flag is not None and t.state in ("", "applied", "applied to the row of its passage"):
        moved = t.state == "applied to the row of its passage"
        t.state = flag.state if not moved else t.state
        t.flag = "; ".join(filter(None, (t.flag, flag.words)))


def _enter(cells: dict[str, list[str]], d: Decision, t: Told) -> None:
    if d.decision in ("accept", "reject"):
        cells["decision"].append(d.decision)
        cells["decision_reason"].append(d.reason)
        cells["decision_by"].append(d.by)
        cells["decision_date"].append(d.date)
    elif d.decision == "edit":
        cells["decision_edits"].append(d.column)
    elif d.decision == "confirm":
        cells["decision_confirmed"].append(d.column or d.passage)
    if t.flag:
        about = "" if d.decision in ("accept", "reject") else f"{d.decision}: "
        cells["decision_flag"].append(f"{about}{t.flag}")


def apply_decisions(
    gaps: pd.DataFrame,
    decisions: Sequence[Decision],
    works: Works | None = None,
    findings: pd.DataFrame | None = None,
    rebuild: Rebuild | None = None,
) -> pd.DataFrame:
    """The gap table with the decisions in effect; see :func:`decided`."""
    return decided(gaps, decisions, works=works, findings=findings, rebuild=rebuild).gaps


def decisions_table(
    gaps: pd.DataFrame, decisions: Sequence[Decision], works: Works | None = None
) -> pd.DataFrame:
    """Every decision and what became of it; see :func:`decided`."""
    return decided(gaps, decisions, works=works).table
