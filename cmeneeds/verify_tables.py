"""Verify the tables of a run: every row and cell is derived again."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from cmeneeds.assessment import Assessment
from cmeneeds.report.run import CHANGES, TABLES, write_csvs
from cmeneeds.report.tables import guarded
from cmeneeds.verify_result import Verification
from cmeneeds.verify_sources import sentence_at
from cmeneeds.works import Works

KEYS = {
    "findings": "finding_id",
    "gaps": "gap_id",
    "objectives": "objective_id",
    "decisions": "gap_id",
    "checks": "gap_id",
    "learners": "learner_id",
    "cards": "card_id",
    "search_log": "facet",
    "changes": "change_id",
}
"""Column that names a row of each table."""


def _rows(data: str, key: str) -> dict[str, dict[str, str]]:
    """Rows of a CSV text by their key; a repeated key gets a number."""
    rows: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(io.StringIO(data, newline="")):
        name = row.get(key) or ""
        while name in rows:
            name += " (again)"
        # Cells beyond the last column come under None, as a list.
        rows[name] = {k or "(beyond the last column)": str(v or "") for k, v in row.items()}
    return rows


def check_tables(result: Verification, folder: Path, assessment: Assessment) -> None:
    """Derive every table of the run again, and read each passage from the snapshot."""
    works = assessment.records.works
    with tempfile.TemporaryDirectory(prefix="cmeneeds-verify-") as derived_folder:
        write_csvs(assessment, Path(derived_folder))
        for name in (*TABLES, CHANGES) if assessment.records.previous else TABLES:
            path = folder / f"{name}.csv"
            try:
                said = _rows(path.read_text("utf-8"), KEYS[name])
            except (OSError, UnicodeDecodeError, csv.Error):
                result.expect(f"{name}.csv", "missing or unreadable", "a table")
                continue
            derived = _rows((Path(derived_folder) / f"{name}.csv").read_text("utf-8"), KEYS[name])
            for row in sorted(said.keys() | derived.keys()):
                _check_row(result, f"{name}.csv, {row}", said.get(row), derived.get(row))
            if name in ("findings", "learners"):
                for row, cells in said.items():
                    _check_passage(result, row, cells, works)


def _check_row(
    result: Verification,
    where: str,
    said: dict[str, str] | None,
    derived: dict[str, str] | None,
) -> None:
    if said is None or derived is None:
        result.expect(where, "a row" if said else "no row", "a row" if derived else "no row")
        return
    for column in {**said, **derived}:
        result.expect(f"{where}, {column}", said.get(column, ""), derived.get(column, ""))


def _check_passage(result: Verification, address: str, cells: dict[str, str], works: Works) -> None:
    """Read the passage straight from the snapshot, past everything that computes findings."""
    sentence = guarded(sentence_at(address, works))
    result.expect(f"passage {address}", cells.get("text", ""), sentence)
