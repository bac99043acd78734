"""What became of a batch and of each of its reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What became of one report.

    Attributes
    ----------
    name : str
    brief : str
        Path of the brief.
    state : str
        ``made``, ``current`` (nothing to do) or ``failed``.
    why : str
        Why it was made, or what failed.
    folder : str
        The newest complete run; empty if there is none.
    exit_code : int
    """

    name: str
    brief: str
    state: str
    why: str = ""
    folder: str = ""
    exit_code: int = 0


@dataclass
class Batch:
    """What a batch did.

    Attributes
    ----------
    outputs : Path
    outcomes : list of Outcome
        In the order of the jobs.
    queries_asked, queries_repeated : int
        How many queries were asked, and how many had been asked before in this batch.
    notes : list of str
    """

    outputs: Path
    outcomes: list[Outcome] = field(default_factory=list)
    queries_asked: int = 0
    queries_repeated: int = 0
    notes: list[str] = field(default_factory=list)

    def count(self, state: str) -> int:
        """How many reports are in a state."""
        return sum(1 for o in self.outcomes if o.state == state)

    @property
    def index(self) -> Path:
        """The portfolio page."""
        return self.outputs / "index.html"
