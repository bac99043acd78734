"""Small helpers around pandas that every table needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table as named tuples. Their cells' types are those of the columns."""
    return iter(frame.itertuples(index=False))


def known(value: Any) -> bool:
    """Whether a cell holds a value; pandas' NA itself has no truth."""
    import pandas as pd

    return value is not None and not pd.isna(value)


def text_of(value: Any) -> str:
    """A cell as text; empty where it is missing."""
    return str(value) if known(value) else ""
