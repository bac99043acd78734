"""What verifying a run found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cmeneeds.report import markdown as md


class Broken(NamedTuple):
    """A claim that does not hold."""

    where: str
    said: str
    derived: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.where}: says {_short(self.said)}, derived {_short(self.derived)}"


@dataclass
class Verification:
    """What was checked and what does not hold.

    Attributes
    ----------
    folder : Path
    claims : int
        Claims that were derived again.
    broken : list of Broken
    changed_files : list of str
        Files whose hash is not that of the manifest.
    revised, gone : list of int
        PMIDs whose record in the library is another one by now, or is no longer there.
    library : str
        Which library was compared, or why none was.
    notes : list of str
    originals : list of str
        Of the writer's own sources, one line each: whether the original was read again.
    today : list of str
        Of the writer's web sources, one line each: whether today's page is the archived copy.
    """

    folder: Path
    claims: int = 0
    broken: list[Broken] = field(default_factory=list)
    changed_files: list[str] = field(default_factory=list)
    revised: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    library: str = ""
    notes: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    today: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return not self.broken

    @property
    def share(self) -> str:
        """Share of claims that hold, in percent; 100 only if all do."""
        if not self.broken:
            return "100 %"
        share = 100 * (self.claims - len(self.broken)) / max(1, self.claims)
        return f"{min(share, 99.99):.2f} %"

    def expect(self, where: str, said: str, derived: str) -> None:
        """Count a claim, and keep it as broken if it says something else than was derived."""
        self.claims += 1
        if said != derived:
            self.broken.append(Broken(where, said, derived))


def _short(text: str) -> str:
    shown = md.clean(text)
    return repr(shown if len(shown) <= 120 else f"{shown[:117]}...")
