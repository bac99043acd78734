"""Ask PubMed again whether each cited record still says the passages that a run cites it for."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cmeneeds.errors import RunBroken, UsageError
from cmeneeds.evidence.passages import parse_address
from cmeneeds.records import Article
from cmeneeds.report import markdown as md
from cmeneeds.report.reading import read
from cmeneeds.retrieval import Records
from cmeneeds.sources.entrez import EntrezClient


class Asked(NamedTuple):
    """What PubMed says today of one passage.

    ``state`` is ``same``, ``moved`` (said elsewhere in the record), ``gone`` (no longer said) or
    ``no record``.
    """

    address: str
    text: str
    state: str


@dataclass
class Live:
    """What PubMed says today of a run.

    Attributes
    ----------
    source : str
        Who answered.
    records : int
        Cited records that were asked for.
    passages : list of Asked
    standing : list of (int, str, str)
        Records whose retraction status is another than in the run: PMID, then, now.
    not_asked : int
        Cited documents that are not PubMed's.
    """

    source: str
    records: int = 0
    passages: list[Asked] = field(default_factory=list)
    standing: list[tuple[int, str, str]] = field(default_factory=list)
    not_asked: int = 0

    @property
    def holds(self) -> bool:
        """Whether every passage is still said, by records of the same standing."""
        said = all(p.state in ("same", "moved") for p in self.passages)
        return said and not self.standing


def verify_live(folder: str | Path, client: EntrezClient | None = None) -> Live:
    """Fetch every cited record anew and look for its passages.

    Parameters
    ----------
    folder : path
        A run.
    client : EntrezClient, optional

    Raises
    ------
    RunBroken
        If it is no finished run.
    SourceError
        If PubMed does not answer.
    """
    from cmeneeds.library.store import Library
    from cmeneeds.sources.pubmed import PubMedSource

    folder = Path(folder)
    try:
        text = (folder / "report.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise RunBroken(f"there is no report in {folder}", "Name a finished run.") from None
    records = Records.load(folder / "snapshot.jsonl.gz")
    report = read(text)
    cited: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for key in report.citations:
        if found := re.fullmatch(r"pmid-(\d+)", key):
            cited[int(found[1])] = {}
    for card in report.passages:
        if card.address[:1].isdecimal():
            cited[int(card.address.partition(".")[0])][card.address] = card.text
    with (
        tempfile.TemporaryDirectory(prefix="cmeneeds-live-") as place,
        # An empty library: nothing that was fetched before can answer in PubMed's stead.
        Library.open(Path(place) / "live.sqlite", create=True) as library,
    ):
        source = PubMedSource(library, client)
        now = {a.pmid: a for a in source.fetch(sorted(cited))}
        live = Live(source.name, records=len(cited))
    live.not_asked = sum(1 for key in report.citations if not key.startswith("pmid-"))
    for pmid, passages in sorted(cited.items()):
        live.passages += _passages(now.get(pmid), passages, records.by_pmid.get(pmid))
        then, today = records.by_pmid.get(pmid), now.get(pmid)
        if then and today and then.retraction_status != today.retraction_status:
            live.standing.append((pmid, then.retraction_status, today.retraction_status))
    return live


def _passages(
    now: Article | None, passages: dict[str, str], then: Article | None
) -> Iterable[Asked]:
    for address, shown in passages.items():
        if now is None:
            yield Asked(address, shown, "no record")
            continue
        wanted = _at(then, address) or shown
        everything = [now.title, *(s.text for s in now.sections)]
        if _at(now, address) == wanted:
            yield Asked(address, shown, "same")
        elif any(_folded(wanted) in _folded(text) for text in everything):
            yield Asked(address, shown, "moved")
        else:
            yield Asked(address, shown, "gone")


def _folded(text: str) -> str:
    """Text without what XML cannot carry, and with blanks as one: PubMed may lay it out anew."""
    return " ".join(md.clean(text).replace("\ufffd", "").split())


def _at(article: Article | None, address: str) -> str:
    """What a record says at an address; empty if it has no such place."""
    if article is None:
        return ""
    try:
        place = parse_address(address)
        return article.text_of(place.section)[place.start : place.end]
    except (IndexError, UsageError):
        return ""
