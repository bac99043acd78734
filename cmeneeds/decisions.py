"""What the writer decided, kept apart from what was computed and applied again on every run.

The decisions of a brief ``stroke.yaml`` stand beside it in ``stroke.decisions.csv``: a table that
any spreadsheet can edit, one line a decision.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from cmeneeds.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("gap_id", "decision", "reason", "by", "date", "passage")
CHOICES = ("accept", "reject")


class Decision(NamedTuple):
    """One decision about one row of the gap table.

    ``passage`` is the address of the current-practice passage that the writer saw; if the row has
    another one now, the decision is flagged instead of silently kept.
    """

    gap_id: str
    decision: str
    reason: str
    by: str
    date: str
    passage: str


def decisions_path(brief_path: str | Path) -> Path:
    """Where the decisions about a brief are kept."""
    path = Path(brief_path)
    return path.with_name(f"{path.stem}.decisions.csv")


def load_decisions(path: str | Path) -> list[Decision]:
    """Read decisions; a missing file holds none. Of several about one gap the last one counts.

    Raises
    ------
    UsageError
        Naming the line, if the file is not such a table or a decision is incomplete.
    """
    path = Path(path)
    if not path.exists():
        return []
    found: dict[str, Decision] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = set(FIELDS) - set(reader.fieldnames or ())
            if missing:
                raise UsageError(
                    f"{path.name} has no column {', '.join(sorted(missing))}",
                    f"Its columns must be {', '.join(FIELDS)}.",
                )
            for row in reader:
                decision = Decision(*((row[name] or "").strip() for name in FIELDS))
                _check(decision, path, reader.line_num)
                found[decision.gap_id] = decision
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {error.strerror}", "Its place must be a CSV file."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{path.name} is no CSV table ({error})", "Save it as CSV UTF-8."
        ) from error
    return list(found.values())


def _check(decision: Decision, path: Path, line: int) -> None:
    where = f"{path.name}, line {line}"
    if decision.decision not in CHOICES:
        raise UsageError(
            f"{where}: unknown decision {decision.decision[:40]!r}", "Write accept or reject."
        )
    if not decision.by or not decision.date:
        raise UsageError(f"{where}: who decided, and when, is missing", "Fill in `by` and `date`.")
    if decision.decision == "reject" and not decision.reason:
        raise UsageError(f"{where}: a rejection without a reason", "Fill in `reason`.")


def decide(
    path: str | Path,
    gap: pd.Series,
    decision: Literal["accept", "reject"],
    by: str,
    reason: str = "",
    on: date | None = None,
) -> Decision:
    """Write down a decision about a row of the gap table.

    Parameters
    ----------
    path : path
        The decisions file; made if there is none.
    gap : Series
        The row, as the writer sees it now.
    """
    made = Decision(
        str(gap["gap_id"]),
        decision,
        reason.strip(),
        by.strip(),
        (on or date.today()).isoformat(),
        str(gap["cp_passage"]),
    )
    path = Path(path)
    _check(made, path, 0)
    kept = [d for d in load_decisions(path) if d.gap_id != made.gap_id]
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows([*kept, made])
    partial.replace(path)
    return made


def apply_decisions(gaps: pd.DataFrame, decisions: list[Decision]) -> pd.DataFrame:
    """Put the decisions beside the computed rows.

    Returns
    -------
    DataFrame
        The gaps, computed columns untouched, with ``decision``, ``decision_reason``,
        ``decision_by``, ``decision_date`` and ``decision_flag``. The flag says where a decision
        was made about other evidence than the row has now.
    """
    by_gap = {d.gap_id: d for d in decisions}
    here = set(gaps["gap_id"])
    # One record more can give a row another subject, and so another name: its passage stays.
    moved = {d.passage: d for d in decisions if d.passage and d.gap_id not in here}
    columns: dict[str, list[str]] = {
        name: []
        for name in (
            "decision",
            "decision_reason",
            "decision_by",
            "decision_date",
            "decision_flag",
        )
    }
    for gap_id, passage in zip(gaps["gap_id"], gaps["cp_passage"], strict=True):
        d = by_gap.get(gap_id) or moved.get(passage)
        columns["decision"].append(d.decision if d else "")
        columns["decision_reason"].append(d.reason if d else "")
        columns["decision_by"].append(d.by if d else "")
        columns["decision_date"].append(d.date if d else "")
        flag = ""
        if d is not None and d.passage and d.passage != passage:
            flag = "the evidence has changed since"
        elif d is not None and d.gap_id != gap_id:
            flag = "the row had another subject when it was decided"
        columns["decision_flag"].append(flag)
    return gaps.assign(**columns).astype(dict.fromkeys(columns, "string"))


def decisions_table(gaps: pd.DataFrame, decisions: list[Decision]) -> pd.DataFrame:
    """All decisions as a table, with the ``state`` of each.

    That is ``applied``, ``applied to the row of its passage`` (the row has another subject now),
    ``evidence changed`` or ``no such row now``.
    """
    import pandas as pd

    passages = dict(zip(gaps["gap_id"], gaps["cp_passage"], strict=True))
    rows = []
    for d in decisions:
        if d.gap_id not in passages:
            moved = d.passage and d.passage in passages.values()
            state = "applied to the row of its passage" if moved else "no such row now"
        elif d.passage and d.passage != passages[d.gap_id]:
            state = "evidence changed"
        else:
            state = "applied"
        rows.append((*d, state))
    return pd.DataFrame(rows, columns=[*FIELDS, "state"]).astype("string")
