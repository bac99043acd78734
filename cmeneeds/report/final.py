"""A final report: only where named persons have signed everything that it cites (law 11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cmeneeds.confirming import cited_in, left_over
from cmeneeds.decisions import decisions_path, load_decisions
from cmeneeds.errors import ReportError
from cmeneeds.report.run import Run, make_report


def make_final(brief_path: str | Path, **how: Any) -> Run:
    """Make a report that is no draft any more.

    First the draft is made as always. If every row that it presents is accepted, every passage
    that it cites confirmed, every question answered and no error rule fails, it is made once more
    from the same snapshot, marked final.

    Parameters
    ----------
    brief_path : path
    **how
        As for :func:`cmeneeds.report.run.make_report`.

    Returns
    -------
    Run

    Raises
    ------
    ReportError
        Saying how much is missing and how to go on. The draft stays.
    """
    brief_path = Path(brief_path)
    todo = f"Go on with `cmeneeds sign {brief_path} --by NAME`."
    if not load_decisions(decisions_path(brief_path)):
        raise ReportError(
            "this report cannot be final: no person has accepted or confirmed anything yet",
            f"Make the draft with `cmeneeds report {brief_path}`. {todo}",
        )
    draft = make_report(brief_path, **how)
    missing = left_over(draft.folder)
    if missing:
        raise ReportError(
            f"this report cannot be final: {'; '.join(missing)}",
            f"The draft is {draft.folder}. {todo}",
        )
    cited = cited_in((draft.folder / "report.md").read_text("utf-8"))
    snapshot = draft.folder / "snapshot.jsonl.gz"
    run = make_report(brief_path, **{**how, "library": snapshot, "cited": cited})
    if not str(run.manifest["document_status"]).startswith("final"):
        raise ReportError(
            "this report stayed a draft: its template does not pass `cited_file` on",
            "Use the template that comes with this version, or add it to yours.",
        )
    return run
