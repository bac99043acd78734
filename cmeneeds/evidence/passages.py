"""Passages: sentences with exact offsets, and the addresses that name them.

``sentencex`` proposes the borders. Two passes over its proposal follow: one takes back borders
at abbreviations that clinical abstracts are full of, one adds borders that it leaves out after a
stray bracket or a reference number. Everything runs in linear time, whatever the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from sentencex import get_sentence_boundaries

from cmeneeds.errors import UsageError

if TYPE_CHECKING:
    from cmeneeds.records import Article

TITLE = -1
"""Section number of the title."""


class Passage(NamedTuple):
    """A title or a sentence, and where it stands in its record."""

    section: int
    """Zero-based index of the abstract section; -1 is the title."""
    start: int
    """First character, counted in the text of the section."""
    end: int
    """One past the last character."""
    text: str
    """Exactly the characters from ``start`` to ``end``."""


class Address(NamedTuple):
    """What an address such as ``33932519.3.466-588`` says."""

    pmid: int
    """PubMed identifier of the record."""
    section: int
    """Zero-based index of the abstract section; -1 is the title."""
    start: int
    """First character, counted in the text of the section."""
    end: int
    """One past the last character."""


# How far back a border may look: long enough for every abbreviation below.
_LOOK_BACK = 24
# A bracket that stays open longer than this is taken for a misprint or a list marker.
_LONGEST_BRACKET = 600

# Always followed by more of the same sentence.
_NEVER_LAST = re.compile(
    r"(?:^|[\s(\[\"“‘/–-])(?:vs|v|approx|viz|cf|ca|e\.\s?g|eg|i\.\s?e|resp|incl|excl|"
    r"dr|mr|mrs|ms|prof|st|ste|mt|sr|jr|subsp|ssp|spp|sp|var|ver|ser|w\.r\.t|figs?|refs?|"
    r"eqs?|tabs?|vols?|chap|"
    r"sec|suppl|pp|dept|univ|s\.\s?[cp]|b\.i\.d|t\.i\.d|i\.v|i\.m|q\.i\.d|p\.o)\.$",
    re.IGNORECASE,
)
# Followed by more of the same sentence when a number comes next ("no. 12", "p. 3").
_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:nos?|nr|n|p|art|aged?|max|min|est|al)\.$", re.IGNORECASE
)
# Followed by more of the same sentence unless a capitalized word comes next.
_BEFORE_LOWER = re.compile(
    r"(?:^|[\s(\[])(?:et al|etc|a\.\s?m|p\.\s?m|u\.\s?s(?:\.\s?a)?|u\.\s?k|no|inc|ltd|co|"
    r"corp|max|min|"
    r"avg|hrs?|mins?|secs?|yrs?|mos?|wks?|wt|temp|exp|dis|conc|est|fem|gen|int|lat|nat|jan|feb|mar|"
    r"apr|jun|jul|aug|sept?|oct|nov|dec)\.$",
    re.IGNORECASE,
)
# A person's or a genus' initial: "J. Smith", "E. coli", "S. P. Jones".
_INITIAL = re.compile(r"(?:^|[\s(\[.])[A-Z]\.$")
# A single letter that names a kind, and so may well end a sentence: "hepatitis C.", "group A."
_KIND = re.compile(
    r"\b(?:vitamin|hepatitis|influenza|type|types|group|groups|grade|class|arm|cohort|"
    r"category|part|"
    r"level|levels|factor|protein|phase|stage|model|panel|and|or|vs\.?|versus|plan|form|coenzyme|"
    r"immunoglobulin|amphotericin|botulinum toxin|toxin|of|=|-)\s?[A-Z]\.$",
    re.IGNORECASE,
)
# How a sentence can begin. Small letters only in names such as "miR-155", "eGFR", "p53".
_OPENER = re.compile(r"[^\W\d_a-zß-öø-ÿ]|\d|[a-z]{1,4}-?[A-Z0-9]|[(\[\"“‘«<>≥≤~+≈'*#$€£¿¡&@§]")
_BORDER = re.compile(
    # A full stop, then perhaps the numbers of references; not the point of a decimal.
    r"(?:[.!?][)\]\"'”’»]{0,3}|(?<!\d)\.(?:\d{1,3}(?:[,–-]\d{1,3}){0,9}))(?=\s)"
    # Glued to the next sentence: told from names such as "B.Heyne" by the bracket.
    r"|\)\.(?=[A-Z][a-z]+\s)"
)
_ENDED = re.compile(r"(?:[.!?…。؟।][)\]\"'”’»]{0,3}|(?<!\d)\.(?:\d{1,3}(?:[,–-]\d{1,3}){0,9}))$")
_BRACKET = re.compile(r"[()\[\]]")
_SPACE = re.compile(r"\s*")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Find the sentences of a text.

    Parameters
    ----------
    text : str
        The text of a section, as it stands in the record.

    Returns
    -------
    list of (int, int)
        Half-open character spans in order, none of them empty, none beginning or ending with
        white space. What lies between them is white space only.

    Notes
    -----
    Sentences that a record glues together (``"...was low.Methods: We asked..."``) stay one: the
    same marks stand inside names (``B.Heyne``, ``p.Val600Glu``), and a passage that is too long
    still says where its words stand.

    Examples
    --------
    >>> sentence_spans("Cover rose, e.g. in Oslo. It fell later.")
    [(0, 25), (26, 40)]
    """
    length = len(text)
    cuts = {int(b["start_index"]) for b in get_sentence_boundaries("en", text)}
    kept = {cut for cut in cuts if 0 < cut < length and not _joins(text, cut)}
    kept |= _second_look(text)
    spans = []
    start = 0
    for cut in [*sorted(kept), length]:
        piece = text[start:cut]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right:
            spans.append((left, right))
        start = cut
    return spans


def _joins(text: str, cut: int) -> bool:
    """Whether the characters on both sides of ``cut`` belong to one sentence."""
    if not text[cut - 1].isspace() and not text[cut].isspace():
        return True
    before = text[max(0, cut - _LOOK_BACK) : cut]
    gap = len(before) - len(before.rstrip())
    if "\n\n" in before[len(before) - gap :]:
        return False
    if not _ENDED.search(before.rstrip()):
        return True
    return _abbreviated(before.rstrip(), text[cut : cut + _LOOK_BACK].lstrip())


def _abbreviated(before: str, after: str) -> bool:
    """Whether the point that ends ``before`` is no full stop, seeing what comes ``after``."""
    if after and not _OPENER.match(after):
        # A small letter or a sign goes on with the sentence, unless a colon or a bullet led in.
        return after[0].islower() or after[0] in ",;:%)]/="
    if not before.endswith("."):
        return False
    match = _NEVER_LAST.search(before)
    if match:
        # "SEC.", "MS." and the like are acronyms that end a sentence.
        token = match.group().strip(' \n\t(["“‘/–-.')
        return not (len(token) > 1 and token.isupper() and after[:1].isupper())
    if after[:1].isdigit() and _BEFORE_NUMBER.search(before):
        return True
    if after[:1] in "([" and before.endswith("et al."):
        return True
    if _BEFORE_LOWER.search(before) and not (after[:1].isupper() or after[:1].isdigit()):
        return True
    if _INITIAL.search(before) and not _KIND.search(before):
        # "K. The" ends a sentence with a unit, "J. Smith" does not: function words tell.
        return not re.match(r"(?:The|This|These|We|In|However|Our|It|A|An|For|To|Of|At)\s", after)
    return False


def _second_look(text: str) -> set[int]:
    """Borders that are plain to see but easily missed after unpaired brackets."""
    found: set[int] = set()
    inside: _Brackets | None = None
    for match in _BORDER.finditer(text):
        end = match.end()
        space = _SPACE.match(text, end)
        cut = space.end() if space else end
        after = text[cut : cut + _LOOK_BACK]
        if not after or not _OPENER.match(after):
            continue
        before = text[max(0, end - _LOOK_BACK) : end]
        if _abbreviated(before, after) or before.endswith("..."):
            continue
        inside = inside or _Brackets(text)
        if not inside.covers(match.start()):
            found.add(cut)
    return found


class _Brackets:
    """The outermost paired brackets of a text, for asking whether a position is inside one."""

    def __init__(self, text: str) -> None:
        open_at: list[tuple[int, str]] = []
        pairs: list[tuple[int, int]] = []
        for match in _BRACKET.finditer(text):
            sign, at = match.group(), match.start()
            if sign in "([":
                open_at.append((at, ")" if sign == "(" else "]"))
            elif open_at and open_at[-1][1] == sign:
                start, _ = open_at.pop()
                if at - start <= _LONGEST_BRACKET:
                    pairs.append((start, at))
        pairs.sort()
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in pairs:
            if not self._ends or start > self._ends[-1]:
                self._starts.append(start)
                self._ends.append(end)

    def covers(self, at: int) -> bool:
        index = bisect_right(self._starts, at) - 1
        return index >= 0 and at < self._ends[index]


def passages_of(article: Article) -> list[Passage]:
    """List the passages of a record: its title as one, then the sentences of its sections.

    Parameters
    ----------
    article : Article
        A record; one without a title or an abstract has fewer passages, perhaps none.

    Returns
    -------
    list of Passage
        In reading order.
    """
    passages = []
    title = article.title.strip()
    if title:
        start = len(article.title) - len(article.title.lstrip())
        passages.append(Passage(TITLE, start, start + len(title), title))
    for number, section in enumerate(article.sections):
        text = section.text
        passages += [Passage(number, a, b, text[a:b]) for a, b in sentence_spans(text)]
    return passages


def address(pmid: int, section: int, start: int, end: int) -> str:
    """Write the address of a passage.

    Examples
    --------
    >>> address(33932519, 3, 466, 588)
    '33932519.3.466-588'
    >>> address(33932519, -1, 0, 88)
    '33932519.t.0-88'
    """
    return f"{pmid}.{'t' if section == TITLE else section}.{start}-{end}"


_ADDRESS = re.compile(
    r"([1-9][0-9]{0,9})\.(t|0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,8})-([1-9][0-9]{0,8})"
)


def parse_address(text: str) -> Address:
    """Read what :func:`address` wrote.

    Raises
    ------
    UsageError
        If ``text`` is not an address, or its span is empty.

    Examples
    --------
    >>> parse_address("33932519.t.0-88")
    Address(pmid=33932519, section=-1, start=0, end=88)
    """
    match = _ADDRESS.fullmatch(text)
    if match:
        pmid, section, start, end = match.groups()
        if int(start) < int(end):
            number = TITLE if section == "t" else int(section)
            return Address(int(pmid), number, int(start), int(end))
    raise UsageError(
        f"{text[:60]!r} is not the address of a passage",
        "Write it as PMID.section.start-end, such as 33932519.3.466-588, with t for the title",
    )
