"""All tables of a run in one Excel workbook: typed cells, and nothing that a spreadsheet runs."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from cmeneeds.accreditation import crosswalk
from cmeneeds.independence import register
from cmeneeds.report.tables import guarded, write_atomically

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

NAME: Final = "tables.xlsx"
MOST_CHARACTERS: Final = 32_767
"""Of one cell; a limit of the file format."""
MOST_ROWS: Final = 1_048_576
"""Of one sheet; a limit of the file format."""
HEADER_ROW: Final = 1
"""Zero-based; above it stands what the document is not."""

PERCENT: Final = {
    "gaps": {"cp_value", "cp_low", "cp_high", "target"},
    "findings": {"value", "value_low", "value_high"},
}
"""Columns in percent by sheet, written as shares in a percent format."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MADE: Final = datetime(2000, 1, 1)
"""Day of creation in every workbook, so that equal tables give equal bytes."""

SHEETS: Final = {
    "gaps": "Practice gaps and candidates, with their evidence and plan.",
    "objectives": "Proposed needs, objectives and measures.",
    "findings": "Sentences about practice, word for word, with what was read in them.",
    "checks": "Rules of gap logic over each row.",
    "crosswalk": "What the accreditors of the brief ask, and what this run has for it.",
    "contributors": "Everyone who controls content, with relationships and mitigation.",
    "decisions": "What the writer decided.",
    "learners": "The provider's own data on learners.",
    "cards": "Guidelines, as read from their documents.",
    "search_log": "Every query with its counts.",
}
"""Sheets in their order, and what each is. One without a table is left out."""


def tables_of(assessment: Assessment) -> dict[str, pd.DataFrame]:
    """The tables of an assessment by the name of their sheet."""
    tables = {
        "gaps": assessment.register,
        "objectives": assessment.objectives,
        "findings": assessment.findings,
        "checks": assessment.checked,
        "crosswalk": crosswalk(assessment),
        "contributors": register(assessment),
        "decisions": assessment.decisions,
        "learners": assessment.learners.table,
        "search_log": assessment.records.search_log,
    }
    cards = getattr(assessment, "cards", None)
    if cards is not None and hasattr(cards, "columns"):
        tables["cards"] = cards
    return tables


def write_workbook(folder: Path, assessment: Assessment, name: str = NAME) -> Path:
    """Write every table of an assessment into one workbook in a folder.

    Returns
    -------
    Path
        The file; equal tables give equal bytes.

    Raises
    ------
    ExportError
        If the folder cannot be written to.
    """
    out = folder / name
    write_atomically(out, workbook(tables_of(assessment), assessment.status_line))
    return out


def workbook(tables: Mapping[str, pd.DataFrame], status: str) -> bytes:
    """Make a workbook of tables.

    Numbers, days and truth values are cells of their type; text is text, whatever it looks like.
    Control characters are left out as in the CSV files. A text longer than a cell can hold is cut,
    and says so.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name of the sheet.
    status : str
        What the document is not; stands on top of each sheet.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    book.set_properties({"created": _MADE, "title": "Tables of a needs assessment"})
    book.set_calc_mode("manual")
    top = {"valign": "top"}
    formats = {
        "mark": book.add_format({"bold": True, "font_color": "#9C0006"}),
        "head": book.add_format(
            {"bold": True, "bg_color": "#E7ECF2", "bottom": 1, "valign": "top", "text_wrap": True}
        ),
        "text": book.add_format(top | {"text_wrap": True}),
        # A leading sign stays text even after somebody has edited the cell.
        "quoted": book.add_format(top | {"text_wrap": True, "quote_prefix": True}),
        "whole": book.add_format(top | {"num_format": "0"}),
        "number": book.add_format(top | {"num_format": "0.0##"}),
        "percent": book.add_format(top | {"num_format": "0.0##%"}),
        "day": book.add_format(top | {"num_format": "yyyy-mm-dd"}),
    }
    shown = [name for name in (*SHEETS, *(t for t in tables if t not in SHEETS)) if name in tables]
    about = book.add_worksheet("about")
    about.write_string(0, 0, guarded(status), formats["mark"])
    about.set_column(0, 0, 16)
    about.set_column(1, 1, 80)
    for column, head in enumerate(("sheet", "what it holds", "rows")):
        about.write_string(HEADER_ROW, column, head, formats["head"])
    for row, name in enumerate(shown, HEADER_ROW + 1):
        about.write_string(row, 0, name, formats["text"])
        about.write_string(row, 1, SHEETS.get(name, ""), formats["text"])
        about.write_number(row, 2, len(tables[name]), formats["whole"])
    for name in shown:
        _sheet(book.add_worksheet(name), name, tables[name], status, formats)
    book.close()
    return buffer.getvalue()


@cache
def _notes() -> dict[str, dict[str, str]]:
    """Notes on columns by sheet."""
    text = (files("cmeneeds.data") / "column_notes.yaml").read_text("utf-8")
    notes: dict[str, dict[str, str]] = yaml.safe_load(text)
    return notes


def _sheet(sheet: Any, name: str, table: pd.DataFrame, status: str, formats: Any) -> None:
    room = MOST_ROWS - HEADER_ROW - 1
    if len(table) > room:
        status += f"; only the first {room:,} of {len(table):,} rows fit into a sheet"
        table = table.head(room)
    sheet.write_string(0, 0, guarded(status), formats["mark"])
    notes = _notes()["all"] | _notes().get(name, {})
    percent = PERCENT.get(name, set())
    for column, head in enumerate(map(str, table.columns)):
        sheet.write_string(HEADER_ROW, column, guarded(head), formats["head"])
        if note := notes.get(head):
            sheet.write_comment(HEADER_ROW, column, note, {"author": "cmeneeds", "x_scale": 2})
        longest = 0
        for row, value in enumerate(table.iloc[:, column].tolist(), HEADER_ROW + 1):
            longest = max(longest, _write(sheet, row, column, value, head in percent, formats))
        sheet.set_column(column, column, min(60, max(9, len(head) + 4, longest + 1)))
    last = HEADER_ROW + max(1, len(table))
    if len(table.columns):
        sheet.autofilter(HEADER_ROW, 0, last, len(table.columns) - 1)
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.set_landscape()
    sheet.repeat_rows(0, HEADER_ROW)
    sheet.set_footer("&L" + guarded(status).replace("&", "&&")[:200])


def _write(sheet: Any, row: int, column: int, value: Any, percent: bool, formats: Any) -> int:
    """Write a cell by its type and return how wide it is shown, in characters."""
    import numpy as np
    import pandas as pd

    if isinstance(value, (list, tuple, dict)):
        value = str(value)
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return 0
    if isinstance(value, (bool, np.bool_)):
        sheet.write_boolean(row, column, bool(value), formats["text"])
        return 6
    if isinstance(value, (int, np.integer)) and not percent:
        # Beyond fifteen digits a spreadsheet would round.
        if abs(int(value)) < 10**15:
            sheet.write_number(row, column, int(value), formats["whole"])
            return len(str(value))
        value = str(value)
    if isinstance(value, (int, float, np.number)):
        if not math.isfinite(float(value)):
            value = str(float(value))
        else:
            # Twelve digits, as in the CSV files: sums differ in the last ones between machines.
            exact = float(format(float(value) / (100 if percent else 1), ".12g"))
            sheet.write_number(row, column, exact, formats["percent" if percent else "number"])
            return 9
    if isinstance(value, datetime):
        value = value.date() if value.time() == datetime.min.time() else value.isoformat()
    text = value.isoformat() if isinstance(value, date) else str(value)
    if _DAY.fullmatch(text) and (day := _day(text)):
        sheet.write_datetime(row, column, day, formats["day"])
        return 11
    return _write_text(sheet, row, column, text, formats)


def _write_text(sheet: Any, row: int, column: int, text: str, formats: Any) -> int:
    safe = guarded(text)
    quoted = safe.startswith("'") and not text.startswith("'")
    if not safe:
        return 0
    safe = safe[1:] if quoted else safe  # the format says what the apostrophe says in a CSV file
    if len(safe.encode("utf-16-le")) // 2 > MOST_CHARACTERS:
        tail = f" [cut here: {len(safe):,} characters in all, the rest is in the CSV file]"
        room = MOST_CHARACTERS - len(tail)
        safe = safe.encode("utf-16-le")[: room * 2].decode("utf-16-le", "ignore") + tail
    sheet.write_string(row, column, safe, formats["quoted" if quoted else "text"])
    return max(map(len, safe.split("\n")), default=0)


def _day(text: str) -> datetime | None:
    """A day that a spreadsheet can hold; its calendar begins in 1900."""
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year > 1900 else None
