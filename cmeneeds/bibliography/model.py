"""What a bibliography says, whichever program wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape

MAX_FIELD = 20_000
"""Characters of one field; what is longer is cut."""

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]{1,300}")
_DOI_URL = re.compile(r"(?:https?://)?(?:dx\.)?doi\.org/|^doi:?\s*", re.IGNORECASE)
_PMID = re.compile(
    r"(?:\bPMID\s*[:=]?\s*|info:pmid/|pubmed\.ncbi\.nlm\.nih\.gov/|/pubmed/)(\d{1,8})\b",
    re.IGNORECASE,
)
_PMCID = re.compile(r"\bPMC\s?(\d{1,9})\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One work as a bibliography describes it.

    Attributes
    ----------
    title : str
        As it stands there, entities and markup included; line breaks made spaces.
    authors : tuple of str
        ``Last, First`` where the file tells them apart, else as it stands there.
    year : int or None
    journal, volume, issue, pages, url, type : str
        Empty where the file says nothing. ``type`` is the file's own word.
    doi : str
        Without ``doi:`` or address in front, in lower case.
    pmid : int or None
    pmcid : str
        Such as ``PMC8000000``.
    key : str
        The file's own name for the entry, such as a BibTeX key.
    line : int
        Line on which it starts, counted from 1; 0 where there are no lines (a database).
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: int | None = None
    pmcid: str = ""
    url: str = ""
    type: str = ""
    key: str = ""
    line: int = 0

    @property
    def says_something(self) -> bool:
        """Whether there is a title or an identifier to look for."""
        return bool(self.title or self.doi or self.pmid or self.pmcid)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something in the file that could not be read, or was read with a doubt.

    Attributes
    ----------
    line : int
        Counted from 1; 0 where it concerns the file as a whole or a database.
    what : str
        One line for the user.
    lost : bool
        Whether an entry was lost by it.
    """

    line: int
    what: str
    lost: bool = True

    def __str__(self) -> str:
        """For the terminal."""
        return f"line {self.line}: {self.what}" if self.line else self.what


@dataclass(frozen=True, slots=True)
class Bibliography:
    """What was read from one file or service.

    Attributes
    ----------
    name : str
        File name without its folder, or the service.
    format : str
        ``RIS``, ``NBIB``, ``BibTeX``, ``CSL JSON``, ``EndNote XML`` or ``Zotero``.
    entries : tuple of Entry
        In the order of the file.
    troubles : tuple of Trouble
    sha256 : str
        Of the file; empty for a service.
    """

    name: str
    format: str
    entries: tuple[Entry, ...]
    troubles: tuple[Trouble, ...] = ()
    sha256: str = ""


@dataclass(slots=True)
class Reading:
    """Entries and troubles as a reader finds them."""

    entries: list[Entry] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Keep an entry; one that says nothing is listed as lost."""
        if entry.says_something:
            self.entries.append(entry)
        else:
            self.lose(entry.line, "an entry with neither a title nor an identifier")

    def lose(self, line: int, what: str) -> None:
        """Say that an entry was lost."""
        self.troubles.append(Trouble(line, what))

    def doubt(self, line: int, what: str) -> None:
        """Say that something was odd, though nothing is lost."""
        self.troubles.append(Trouble(line, what, lost=False))


def one_line(text: object) -> str:
    """Make a value of a file one line: control characters and runs of space become one space."""
    return " ".join(_CONTROL.sub(" ", str(text)).split())


def year_in(*texts: object) -> int | None:
    """First year in the first text that has one."""
    for text in texts:
        if found := _YEAR.search(str(text or "")):
            return int(found[0])
    return None


def doi_in(*texts: object) -> str:
    """First DOI in the first text that has one, in lower case and without address.

    Examples
    --------
    >>> doi_in("", "https://doi.org/10.1000/ABC.1."), doi_in("none")
    ('10.1000/abc.1', '')
    """
    for text in texts:
        plain = unescape(str(text or "")).replace("%2F", "/").replace("%2f", "/")
        if found := _DOI.search(_DOI_URL.sub("", plain)):
            doi = found[0].casefold().rstrip(".,;:")
            while doi.endswith((")", "]", "}")) and _open(doi):
                doi = doi[:-1].rstrip(".,;:")
            return doi
    return ""


def _open(text: str) -> bool:
    pair = {")": "(", "]": "[", "}": "{"}[text[-1]]
    return text.count(text[-1]) > text.count(pair)


def pmid_in(*texts: object) -> int | None:
    """First PMID that a text names as one (``PMID: 1``, an address at PubMed)."""
    for text in texts:
        if (found := _PMID.search(str(text or ""))) and int(found[1]):
            return int(found[1])
    return None


def pmcid_in(*texts: object) -> str:
    """First PMCID in the texts."""
    for text in texts:
        if found := _PMCID.search(str(text or "")):
            return f"PMC{int(found[1])}"
    return ""


def bare_pmid(text: object) -> int | None:
    """Read a field that is meant for the PMID and nothing else."""
    plain = one_line(text or "")
    if plain.isascii() and plain.isdecimal() and len(plain) <= 8 and int(plain):
        return int(plain)
    return pmid_in(plain)


def pages_of(first: str, last: str = "") -> str:
    """Join first and last page."""
    first, last = one_line(first), one_line(last)
    return f"{first}-{last}" if first and last and last != first else first or last


def names(people: Iterable[object]) -> tuple[str, ...]:
    """Keep the names that are not empty."""
    return tuple(n for p in people if (n := one_line(p).strip(" ,;")))
