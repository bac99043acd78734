"""Read passages of own sources again: in the stored original, and on today's web page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cmeneeds.documents import Document, parse_document_address
from cmeneeds.errors import CmeneedsError, SourceError
from cmeneeds.own_sources.adding import read_again, read_bytes
from cmeneeds.own_sources.making import Said
from cmeneeds.own_sources.store import original_of
from cmeneeds.sources.web import WebClient


class Reread(NamedTuple):
    """What the original of a source says today."""

    id: str
    state: str
    """``holds``, ``changed``, ``not at hand``, ``not readable`` or ``differs``."""
    passages: int
    """How many were read again."""
    missing: tuple[str, ...] = ()
    """Addresses whose text does not stand on their page of the original."""

    def __str__(self) -> str:
        """One line."""
        count = f"{self.passages} passage{'' if self.passages == 1 else 's'}"
        return {
            "holds": f"{self.id}: original at hand, {count} read again at page and place",
            "changed": f"{self.id}: the stored original was changed; proved from the snapshot only",
            "not at hand": f"{self.id}: original not at hand; proved from the snapshot only",
            "not readable": f"{self.id}: the original cannot be read again; proved from the "
            "snapshot only",
            "differs": f"{self.id}: original at hand, {len(self.missing)} of {count} do not stand "
            "where the report says",
        }[self.state]


def own_documents(documents: Iterable[Document]) -> list[Document]:
    """Those of the writer's own, by id."""
    return sorted((d for d in documents if d.kind == "own source"), key=lambda d: d.id)


def reread(documents: Iterable[Document], addresses: Iterable[str]) -> list[Reread]:
    """Read passages again in the stored originals.

    Parameters
    ----------
    documents : iterable of Document
        As the snapshot holds them; only own sources are looked at.
    addresses : iterable of str
        Of passages that are used.
    """
    wanted = _by_document(addresses)
    return [_reread(d, sorted(wanted.get(d.id, ()))) for d in own_documents(documents)]


def _by_document(addresses: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for address in addresses:
        found.setdefault(address.partition(".")[0], set()).add(address)
    return found


def _reread(document: Document, addresses: Sequence[str]) -> Reread:
    found = original_of(document.sha256)
    if found is None:
        return Reread(document.id, "not at hand", 0)
    path, kind = found
    try:
        data = path.read_bytes()
    except OSError:
        return Reread(document.id, "not at hand", 0)
    if hashlib.sha256(data).hexdigest() != document.sha256:
        return Reread(document.id, "changed", 0)
    try:
        again = read_again(data, kind, document)
    except CmeneedsError:
        return Reread(document.id, "not readable", 0)
    pages: dict[int | None, str] = {}
    missing = tuple(a for a in addresses if not _stands(a, document, again, pages))
    return Reread(document.id, "differs" if missing else "holds", len(addresses), missing)


def _stands(
    address: str, document: Document, again: Document, pages: dict[int | None, str]
) -> bool:
    """Whether a passage stands in the original at its place, or at least on its page."""
    try:
        said = document.text_at(address)
        place = parse_document_address(address)
    except (CmeneedsError, IndexError):
        return False
    page = document.parts[place.number].page_at(place.start)
    if place.number < len(again.parts):
        part = again.parts[place.number]
        if part.text[place.start : place.end] == said and part.page_at(place.start) == page:
            return True
    # Another version of the reader may cut paragraphs otherwise; the page says the same words.
    if page not in pages:
        pages[page] = _plain(" ".join(
            part.text for part in again.parts
            if page is None or part.page == page or page in {p for _, p in part.turns}
        ))  # fmt: skip
    return _plain(said) in pages[page]


def _plain(text: str) -> str:
    return re.sub(r"[\s-]+", "", text).casefold()


class Today(NamedTuple):
    """How a web source compares with its page of today."""

    id: str
    state: str
    """``same``, ``differs`` or ``not asked``."""
    detail: str = ""

    def __str__(self) -> str:
        """One line."""
        if self.state == "same":
            return f"{self.id}: today's page is the archived copy"
        if self.state == "differs":
            return f"{self.id}: today's page differs from the archived copy; {self.detail}"
        return f"{self.id}: today's page could not be compared ({self.detail})"


def compare_today(
    documents: Iterable[Document], addresses: Iterable[str], client: WebClient | None = None
) -> list[Today]:
    """Compare web sources with their pages of today.

    What is compared first is the archived bytes, then each passage that is used.
    """
    client = client or WebClient()
    wanted = _by_document(addresses)
    return [
        _today(d, sorted(wanted.get(d.id, ())), client)
        for d in own_documents(documents)
        if d.url.startswith(("http://", "https://"))
    ]


def _today(document: Document, addresses: Sequence[str], client: WebClient) -> Today:
    try:
        answer = client.get(document.url, expect_json=False)
    except SourceError as error:
        return Today(document.id, "not asked", error.what)
    if answer.sha256 == document.sha256:
        return Today(document.id, "same")
    try:
        name = document.url.rpartition("/")[2]
        now = read_bytes(answer.body, name, Said(), web=True).document
    except CmeneedsError as error:
        return Today(document.id, "differs", f"it cannot be read ({error.what})")
    text = _plain(" ".join(part.text for part in now.parts))
    then = _plain(" ".join(part.text for part in document.parts))
    if text == then:
        return Today(document.id, "differs", "its text is the same")
    held = sum(1 for a in addresses if _plain(_said(document, a)) in text)
    return Today(
        document.id, "differs", f"{held} of {len(addresses)} passages used still stand there"
    )


def _said(document: Document, address: str) -> str:
    try:
        return document.text_at(address)
    except (CmeneedsError, IndexError):
        return "\0"


def page_of(address: str, documents: Mapping[str, Document]) -> int | None:
    """Page of the original that a passage begins on; None where there is none."""
    document = documents.get(address.partition(".")[0])
    if document is None:
        return None
    try:
        place = parse_document_address(address)
    except CmeneedsError:
        return None
    return (
        document.parts[place.number].page_at(place.start)
        if (place.number < len(document.parts))
        else None
    )
