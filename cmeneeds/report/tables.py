"""CSV files that are the same on every machine and do nothing when a spreadsheet opens them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cmeneeds.errors import ExportError

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_CANONICAL_INT = re.compile(r"0|-?[1-9]\d{0,17}")
_CANONICAL_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]\d+)?|-?inf")
# Spreadsheets also take full-width forms for operators.
_RISKY = re.compile("'*[=+\\-@\t\n＝＋－＠]")
_GUARDED = re.compile("'+[=+\\-@\t\n＝＋－＠]")
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ufffe\uffff\ud800-\udfff]"
)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is either there in full or not there at all.

    Raises
    ------
    ExportError
        If the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise ExportError(
            f"{path.name} could not be written: {error.strerror}", "Check the folder and the disk."
        ) from None


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    r"""Write a table as UTF-8, RFC 4180, lines ended by ``\n``; equal tables give equal bytes.

    Floats have at most twelve significant digits, missing values are empty, booleans ``true`` and
    ``false``, lists and mappings JSON, dates ISO 8601. The index is not written. Control and
    bidirectional characters are left out.

    A text that a spreadsheet would run (it starts with ``=``, ``+``, ``-``, ``@``, a tab or a line
    break, perhaps behind apostrophes) and that is not a number gets one apostrophe in front. To
    read it elsewhere, take one apostrophe from each cell that matches ``'+[=+\-@\t\n]`` at its
    start; :func:`read_csv` does.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([guarded(str(c)) for c in frame.columns])
    for row in zip(*(frame.iloc[:, i].tolist() for i in range(frame.shape[1])), strict=True):
        writer.writerow([_cell(value) for value in row])
    write_atomically(path, buffer.getvalue().encode("utf-8"))


def read_csv(path: Path, *, dtypes: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read what :func:`write_csv` wrote.

    A column becomes integer, float or boolean where every cell that is not empty has the form
    written for that type; otherwise it is text, and an empty cell the empty string.

    Parameters
    ----------
    path : Path
        The file.
    dtypes : mapping, optional
        Pandas dtypes for columns that are not to be guessed, such as ``{"pmid": "str"}``.

    Raises
    ------
    ExportError
        If the file cannot be read or its rows differ in length.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise ExportError(f"{path.name} cannot be read as CSV") from None
    if not rows:
        return pd.DataFrame()
    head = [_unguard(c) for c in rows[0]]
    # A single empty cell is written as "" and read as a row of one; nothing else is blank.
    if any(len(row) != len(head) for row in rows[1:]):
        raise ExportError(f"{path.name} has rows of different lengths")
    columns = [[_unguard(row[i]) for row in rows[1:]] for i in range(len(head))]
    frame = pd.DataFrame({i: _typed(cells) for i, cells in enumerate(columns)})
    frame.columns = pd.Index(head)
    for name, dtype in (dtypes or {}).items():
        frame[name] = pd.Series(columns[head.index(name)], dtype="object").astype(dtype)  # type: ignore[call-overload]
    return frame


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return _float(float(value))
    if isinstance(value, (list, tuple, dict)):
        return guarded(json.dumps(value, ensure_ascii=False, sort_keys=True))
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp) and value == value.normalize() and value.tz is None:
        return value.date().isoformat()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return guarded(str(value))


def _float(value: float) -> str:
    if math.isnan(value):
        return ""
    # Twelve digits: sums on other machines may differ in the last of seventeen.
    text = format(value, ".12g")
    if text == "-0":
        text = "0"
    # So that a column of whole floats does not come back as integers.
    return text + ".0" if text.lstrip("-").isdecimal() else text


def guarded(text: str) -> str:
    """A text as it stands in a cell: controls left out, what a spreadsheet would run quoted."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if _RISKY.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _unguard(text: str) -> str:
    return text[1:] if _GUARDED.match(text) else text


def _typed(cells: list[str]) -> pd.Series[Any]:
    filled = [c for c in cells if c]
    if filled and all(_CANONICAL_INT.fullmatch(c) for c in filled):
        whole = len(filled) == len(cells)
        numbers = [int(c) if c else None for c in cells]
        return pd.Series(numbers, dtype="int64" if whole else "Int64")
    if filled and all(_CANONICAL_FLOAT.fullmatch(c) for c in filled):
        return pd.Series([float(c) if c else math.nan for c in cells], dtype="float64")
    if filled and all(c in ("true", "false") for c in filled):
        whole = len(filled) == len(cells)
        truths = [c == "true" if c else None for c in cells]
        return pd.Series(truths, dtype="bool" if whole else "boolean")
    return pd.Series(cells, dtype="str")
