"""Which PubMed record an entry of a bibliography is: proven, contradicted, or not to be told.

An identifier counts only if nothing else contradicts it; a title counts only with year and first
author. Every look-up is one in a hash table, so the time grows with the entries, not with entries
times records. Nothing is guessed: what fits two records, or fits one in part, is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cmeneeds.bibliography import keys
from cmeneeds.bibliography.model import Entry, doi_in
from cmeneeds.records import Article

PREFIX = 20
"""Letters of a title under which it is found when the rest is cut off."""
LONG_TITLE = 30
"""Letters that a part of a title needs, with :data:`LONG_WORDS`, to stand for the whole."""
LONG_WORDS = 5
SHORT_TITLE = 20
"""Letters below which even a whole title ("Editorial") needs page and volume or journal too."""
SHORT_WORDS = 4
CROWD = 200
"""Records that may share a key before it says nothing."""

MATCHED, CONFLICT, UNMATCHED = "matched", "conflict", "unmatched"


class Row(NamedTuple):
    """What matching needs to know of a record."""

    pmid: int
    title: str
    vernacular: str
    year: int | None
    online: int | None
    people: tuple[tuple[str, str], ...]
    """First author as (last name folded, initials); a compound name also by its first part."""
    first_author: str
    journals: tuple[str, ...]
    volume: str
    page: str
    doi: str
    pmcid: str


@dataclass(frozen=True, slots=True)
class Match:
    """What became of an entry.

    Attributes
    ----------
    entry : Entry
    status : str
        ``matched``, ``conflict`` or ``unmatched``.
    pmid : int or None
        Of the record, where matched.
    by : str
        What proved it: ``PMID``, ``DOI``, ``PMCID`` or ``title, year and first author``.
    reason : str
        Why not, or what is odd about a match; one line.
    candidates : tuple of int
        PMIDs of the records that a conflict is about.
    """

    entry: Entry
    status: str
    pmid: int | None = None
    by: str = ""
    reason: str = ""
    candidates: tuple[int, ...] = ()


class RecordIndex:
    """Records by everything an entry may name them with.

    Parameters
    ----------
    articles : iterable of Article
        Read once.
    """

    def __init__(self, articles: Iterable[Article]) -> None:
        self.rows: list[Row] = []
        self.by_pmid: dict[int, int] = {}
        self.by_doi: dict[str, list[int]] = {}
        self.by_pmcid: dict[str, list[int]] = {}
        # Under (author, title), (author, beginning of the title), (author, title to its subtitle).
        self.by_title: dict[tuple[str, str], list[int]] = {}
        self.titles: dict[str, int] = {}
        for article in articles:
            self._add(article)

    def __len__(self) -> int:
        """How many records there are."""
        return len(self.rows)

    def _add(self, article: Article) -> None:
        row = _row(article)
        number = self.by_pmid.setdefault(row.pmid, len(self.rows))
        if number < len(self.rows):
            return
        self.rows.append(row)
        if row.doi:
            self.by_doi.setdefault(row.doi, []).append(number)
        if row.pmcid:
            self.by_pmcid.setdefault(row.pmcid, []).append(number)
        for title in filter(None, (row.title, row.vernacular)):
            whole = keys.title_key(title)
            if not whole:
                continue
            self.titles.setdefault(whole, number)
            parts = {whole, f"{whole[:PREFIX]}…", f"{keys.title_key(keys.main_title(title))}:"}
            for author, _ in row.people:
                for part in parts:
                    self.by_title.setdefault((author, part), []).append(number)


def _row(article: Article) -> Row:
    first = article.authors[0] if article.authors else None
    people: list[tuple[str, str]] = []
    shown = ""
    if first is not None and first.collective:
        people, shown = [(keys.name_key(first.collective), "")], first.collective
    elif first is not None and first.last:
        initials = keys.initials_of(first.initials) or keys.initials_of(first.fore)
        people, shown = [(keys.name_key(first.last), initials)], f"{first.last} {first.initials}"
        pieces = keys.words(first.last)
        if len(pieces) > 1 and len(pieces[0]) > 3:  # García-López signs as García as well
            people.append((pieces[0], initials))
    journal = article.journal
    names = [journal.title, journal.iso, journal.medline]
    if article.book is not None:
        names.append(article.book.title)
    return Row(
        article.pmid,
        article.title or (article.book.title if article.book else ""),
        article.vernacular_title,
        article.published.year,
        article.electronic.year if article.electronic else None,
        tuple(p for p in people if p[0]),
        shown.strip(),
        tuple(filter(None, names)),
        keys.number_key(journal.volume),
        keys.number_key(article.pages),
        doi_in(article.doi),
        article.pmcid.upper(),
    )


def match(entries: Iterable[Entry], index: RecordIndex) -> list[Match]:
    """Find the record of each entry.

    Returns
    -------
    list of Match
        One for each entry, in order. A match by title has first author and year (within one year)
        of the record; see ``docs/bibliographies.md`` for all rules.
    """
    return [_match(e, index) for e in entries]


def _match(entry: Entry, index: RecordIndex) -> Match:
    named = _by_identifiers(entry, index)
    rows = {n for _, numbers in named for n in numbers}
    if len(rows) > 1:
        fitting = {n for n in rows if all(n in numbers for _, numbers in named)}
        fitting = {n for n in fitting if not _contradiction(entry, index.rows[n])}
        if len(fitting) != 1:
            what = " and ".join(dict.fromkeys(kind for kind, _ in named))
            return _conflict(entry, index, rows, f"{what} lead to different records")
        rows = fitting
    if rows:
        row = index.rows[rows.pop()]
        if odd := _contradiction(entry, row):
            return Match(
                entry, CONFLICT, reason=f"{named[0][0]} is of PMID {row.pmid}, {odd}",
                candidates=(row.pmid,),
            )  # fmt: skip
        return Match(entry, MATCHED, row.pmid, named[0][0])
    return _by_title(entry, index)


def _by_identifiers(entry: Entry, index: RecordIndex) -> list[tuple[str, list[int]]]:
    found: list[tuple[str, list[int]]] = []
    if entry.pmid is not None and entry.pmid in index.by_pmid:
        found.append(("PMID", [index.by_pmid[entry.pmid]]))
    if numbers := index.by_doi.get(entry.doi):
        found.append(("DOI", numbers[:CROWD]))
    if numbers := index.by_pmcid.get(entry.pmcid):
        found.append(("PMCID", numbers[:CROWD]))
    return found


def _contradiction(entry: Entry, row: Row) -> str:
    """Say what of the entry cannot be true of a record that an identifier names; else empty."""
    for name, mine, theirs in (
        ("PMID", entry.pmid, row.pmid),
        ("DOI", entry.doi, row.doi),
        ("PMCID", entry.pmcid, row.pmcid),
    ):
        if mine and theirs and mine != theirs:
            return f"whose {name} is another ({theirs})"
    known = [t for t in (row.title, row.vernacular) if t]
    if entry.title and known and not any(keys.alike(entry.title, t) for t in known):
        return f"whose title is another: {row.title[:80]}"
    years = [y for y in (row.year, row.online) if y]
    if entry.year and years and min(abs(entry.year - y) for y in years) > 1:
        return f"which is of {years[0]}, not {entry.year}"
    return ""


class _Fit(NamedTuple):
    number: int
    whole: bool
    """The whole title agrees, not a part of it."""
    exact_year: bool
    journal: bool | None
    volume: bool | None
    page: bool | None

    @property
    def supported(self) -> bool:
        """Something beside title, author and year agrees, and nothing speaks against it."""
        return not self.opposed and bool(self.journal or (self.volume and self.page))

    @property
    def opposed(self) -> bool:
        """It is printed elsewhere: another edition, or another work of the same name."""
        if self.journal is False:
            return not (self.volume and self.page)
        return self.volume is False and not self.page


def _by_title(entry: Entry, index: RecordIndex) -> Match:
    missing = [w for w, has in (("title", entry.title), ("year", entry.year),
                                ("first author", entry.authors)) if not has]  # fmt: skip
    if missing:
        return Match(entry, UNMATCHED, reason=_unknown(entry, f"no {', no '.join(missing)}"))
    numbers, crowded = _title_candidates(entry, index)
    if crowded:
        return Match(entry, UNMATCHED, reason="too many records have this author and title")
    fits = [f for n in numbers if (f := _fit(entry, index.rows[n], n))]
    good = [f for f in fits if f.whole and not f.opposed] or [f for f in fits if not f.opposed]
    if len(good) > 1:
        good = [f for f in good if f.supported and f.page and f.volume] or good
    if len(good) > 1:
        rows = {f.number for f in good}
        return _conflict(entry, index, rows, "title, year and first author fit several records")
    if not good and fits:
        why = "title, year and first author fit, journal, volume or pages are of another printing"
        return _conflict(entry, index, {f.number for f in fits}, why)
    if not good:
        return Match(entry, UNMATCHED, reason=_near(entry, index))
    row = index.rows[good[0].number]
    for name, mine, theirs in (("PMID", entry.pmid, row.pmid), ("DOI", entry.doi, row.doi),
                               ("PMCID", entry.pmcid, row.pmcid)):  # fmt: skip
        if mine and theirs and mine != theirs:
            why = f"title, year and first author fit, but the entry's {name} is another"
            return _conflict(entry, index, {good[0].number}, why)
    return Match(entry, MATCHED, row.pmid, "title, year and first author")


def _title_candidates(entry: Entry, index: RecordIndex) -> tuple[list[int], bool]:
    whole = keys.title_key(entry.title)
    main = keys.title_key(keys.main_title(entry.title))
    parts = dict.fromkeys((whole, f"{whole[:PREFIX]}…", f"{whole}:", f"{main}:", main))
    found: dict[int, None] = {}
    for author, _ in keys.readings(entry.authors[0]):
        for part in parts:
            numbers = index.by_title.get((author, part), ())
            if len(numbers) > CROWD:
                return [], True
            found |= dict.fromkeys(numbers)
    return list(found), False


def _fit(entry: Entry, row: Row, number: int) -> _Fit | None:
    """Say how an entry fits a record; None if title, year or first author do not."""
    if entry.year is None or not _same_author(entry, row):
        return None
    exact = entry.year in (row.year, row.online)
    if not exact and (row.year is None or abs(entry.year - row.year) > 1):
        return None
    extent = max((_title_fit(entry.title, t) for t in (row.title, row.vernacular) if t), default=0)
    if not extent:
        return None
    page, volume = keys.number_key(entry.pages), keys.number_key(entry.volume)
    fit = _Fit(
        number,
        extent == _WHOLE,
        exact,
        keys.same_journal(entry.journal, row.journals),
        volume == row.volume if volume and row.volume else None,
        page == row.page if page and row.page else None,
    )
    # Where less of the title agrees, or the year is the next one, something else must agree too.
    if not fit.opposed:
        length = keys.words(entry.title)
        short = len(length) < SHORT_WORDS or sum(map(len, length)) < SHORT_TITLE
        if short and not (fit.page and (fit.volume or fit.journal)):
            return None
        if (extent == _LITTLE or not exact) and not fit.supported:
            return None
    elif extent <= _LITTLE:
        return None
    if extent == _DOUBT and not (fit.volume and fit.page):
        return None
    return fit


_DOUBT, _LITTLE, _MUCH, _WHOLE = 1, 2, 3, 4


def _title_fit(title: str, known: str) -> int:
    """How much of a title agrees: 0 for nothing, else one of the four above."""
    mine, theirs = keys.title_key(title), keys.title_key(known)
    if mine == theirs:
        return _WHOLE
    short, long, of = (mine, theirs, known) if len(mine) < len(theirs) else (theirs, mine, title)
    if not long.startswith(short) or keys.adds_notice(rest := _rest(of, short)):
        return 0
    if keys.adds_part(rest):
        return _DOUBT
    if short == mine and len(short) >= LONG_TITLE and len(keys.words(title)) >= LONG_WORDS:
        return _MUCH
    # The entry's title is longer than the record's, or it is only a short main title.
    whole_words = len(short) >= PREFIX or keys.title_key(keys.main_title(of)) == short
    return _LITTLE if whole_words else 0


def _rest(title: str, beginning: str) -> str:
    """What of a title follows its beginning (folded, without spaces), the cut word included."""
    length = 0
    parts = keys.words(title)
    for number, word in enumerate(parts):
        if length + len(word) > len(beginning):
            # A word that was cut in its middle belongs to the beginning.
            return " ".join(parts[number + (length < len(beginning)) :])
        length += len(word)
    return ""


def _same_author(entry: Entry, row: Row) -> bool:
    mine = keys.readings(entry.authors[0])
    return any(
        last == theirs and keys.same_initials(initials, other)
        for theirs, other in row.people
        for last, initials in mine
    )


def _near(entry: Entry, index: RecordIndex) -> str:
    number = index.titles.get(keys.title_key(entry.title))
    if number is None:
        return _unknown(entry, "")
    row = index.rows[number]
    odd = []
    if not row.people:
        odd.append("it names no author")
    elif not _same_author(entry, row):
        odd.append(f"its first author is {row.first_author}")
    years = [y for y in (row.year, row.online) if y]
    if not years or min(abs((entry.year or 0) - y) for y in years) > 1:
        odd.append(f"it is of {years[0] if years else 'an unknown year'}")
    why = ", ".join(odd) or "nothing else of it agrees"
    return f"the title is that of PMID {row.pmid}, but {why}"


def _unknown(entry: Entry, missing: str) -> str:
    ids = (
        ("PMID", entry.pmid),
        ("DOI", entry.doi),
        ("PMCID", entry.pmcid),
    )
    said = [name for name, value in ids if value]
    where = f"no record here has its {' or '.join(said)}" if said else "it has no identifier"
    if missing:
        return f"{where}, and it has {missing} to match by"
    return f"{where}, and none fits its title, year and first author"


def _conflict(entry: Entry, index: RecordIndex, rows: Iterable[int], why: str) -> Match:
    pmids = tuple(sorted(index.rows[n].pmid for n in rows))
    shown = ", ".join(map(str, pmids[:5])) + (" ..." if len(pmids) > 5 else "")
    return Match(entry, CONFLICT, reason=f"{why} (PMID {shown})", candidates=pmids)


def matched_pmids(matches: Sequence[Match]) -> Iterator[int]:
    """PMIDs of what was matched, each once, in the order of the file."""
    yield from dict.fromkeys(m.pmid for m in matches if m.pmid is not None)
