"""Which web sources there are, and asking several of them.

Two are built in. Others come as entry points of the group ``cmeneeds.sources``, each naming an
object with the attributes of :class:`WebSource`; ``docs/adding-a-source.md`` is the recipe. A
plugin that is broken and a source that is down are reported, and the run goes on.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib import metadata
from typing import NamedTuple, Protocol, runtime_checkable

from cmeneeds.documents import Document, document_address, parse_document_address
from cmeneeds.errors import SourceError, UsageError
from cmeneeds.sources.web import WebClient

GROUP = "cmeneeds.sources"
BUILT_IN = {"uspstf": "cmeneeds.sources.uspstf", "ctgov": "cmeneeds.sources.ctgov"}
"""Module of each built-in source, which holds it as ``SOURCE``."""
KINDS = ("guideline", "background")


@runtime_checkable
class WebSource(Protocol):
    """A place on the web that knows something about a topic.

    Attributes
    ----------
    name : str
        What a brief calls it; for a plugin, the name of its entry point.
    title : str
        What a report calls it.
    kind : str
        ``guideline`` (what should be done) or ``background`` (what else to know).
    may_originate_gap : bool
        Whether an item may be one side of a gap. Never true of ``background``.
    """

    name: str
    title: str
    kind: str
    may_originate_gap: bool

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> Sequence[Document]:
        """Return what it knows about the topic; raises SourceError if it cannot be asked."""


class Outage(NamedTuple):
    """A source that gave nothing because it could not."""

    source: str
    """Its name."""
    reason: str
    """One line for the report: what happened and what to do."""


def discover() -> tuple[dict[str, WebSource], list[Outage]]:
    """Find all web sources: built-in ones first, then plugins by name.

    Returns
    -------
    dict of str to WebSource, list of Outage
        The usable ones, and for each broken one what is wrong with it.
    """
    found: dict[str, WebSource] = {}
    broken: list[Outage] = []
    for name, module in BUILT_IN.items():
        found[name] = importlib.import_module(module).SOURCE
    points = metadata.entry_points(group=GROUP)
    for point in sorted(points, key=lambda p: (p.name, p.value)):
        if BUILT_IN.get(point.name) == point.value.partition(":")[0]:
            continue  # declared for others to see; it is here already
        if point.name in found:
            broken.append(Outage(point.name, f"{point.value} has the name of another source"))
            continue
        try:
            source = point.load()
            source = source() if isinstance(source, type) else source
            problem = _problem(point.name, source)
        except Exception as error:
            # Anything may go wrong in somebody else's code; nothing of it may stop a run.
            problem = f"it cannot be loaded ({type(error).__name__})"
        if problem:
            broken.append(Outage(point.name, f"{point.value}: {problem}"))
        else:
            found[point.name] = source
    return found, broken


def _problem(name: str, source: object) -> str:
    """Say what keeps an object from being a web source; empty if nothing does."""
    wanted = {"name": str, "title": str, "kind": str, "may_originate_gap": bool}
    for attribute, kind in wanted.items():
        if not isinstance(getattr(source, attribute, None), kind):
            return f"its attribute {attribute} is missing or not a {kind.__name__}"
    if not isinstance(source, WebSource) or not callable(source.fetch):
        return "it has no method fetch"
    if source.name != name:
        return f"it calls itself {source.name!r}"
    if source.kind not in KINDS:
        return f"its kind is {source.kind!r}, not one of {', '.join(KINDS)}"
    if source.kind == "background" and source.may_originate_gap:
        return "background may not originate a gap"
    return ""


def _unfit(source: WebSource, documents: Sequence[object]) -> str:
    """Say what keeps an answer from being used; empty if nothing does."""
    role = "guideline" if source.may_originate_gap else "background"
    seen: set[str] = set()
    for document in documents:
        if not isinstance(document, Document):
            return f"it holds a {type(document).__name__}, not a Document"
        if document.role != role:
            return f"{document.id} has the role {document.role!r}, not {role!r}"
        if document.id in seen:
            return f"{document.id} comes twice"
        seen.add(document.id)
        try:
            parse_document_address(document_address(document.id, 0, 0, 1))
        except UsageError:
            return f"{document.id[:40]!r} is no id: write capital letters, then digits"
    return ""


def gather(
    names: Sequence[str], words: Sequence[str], client: WebClient
) -> tuple[dict[str, list[Document]], list[Outage]]:
    """Ask several sources about one topic.

    Parameters
    ----------
    names : sequence of str
        Sources to ask, in the order of the report; each once.
    words : sequence of str
        Names of the topic.
    client : WebClient

    Returns
    -------
    items : dict of str to list of Document
        By source, in the order of ``names``; a source that answered and knows nothing has an empty
        list, one that could not be asked is not in it.
    outages : list of Outage

    Raises
    ------
    UsageError
        If there is no source of a name.
    """
    sources, broken = discover()
    ailing = {outage.source: outage for outage in broken if outage.source not in sources}
    items: dict[str, list[Document]] = {}
    outages: list[Outage] = []
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in sources and name not in ailing:
            known = ", ".join(sorted(sources))
            raise UsageError(f"there is no web source {name!r}", f"Known are: {known}.")
    for name in wanted:
        if name in ailing:
            outages.append(ailing[name])
            continue
        try:
            documents = list(sources[name].fetch(words, client))
            if problem := _unfit(sources[name], documents):
                outages.append(Outage(name, f"its answer cannot be used: {problem}"))
            else:
                items[name] = documents
        except SourceError as error:
            outages.append(Outage(name, str(error)))
        except Exception as error:
            # Its kind only: the text of a foreign error may hold an address with a key in it.
            outages.append(Outage(name, f"the source itself failed ({type(error).__name__})"))
    return items, outages
