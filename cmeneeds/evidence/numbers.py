"""Numbers in a sentence, as figures or in words, before anybody asks what they count."""

from __future__ import annotations

import re
from typing import NamedTuple


class Number(NamedTuple):
    """A number and where it stands."""

    kind: str
    """``percent``, ``share`` (a share in words, such as "two thirds") or ``plain``."""
    value: float
    """As printed; percent for the first two kinds."""
    start: int
    end: int
    """One past the last character, a percent sign included."""
    unit: float
    """One in the last printed place: 0.1 for ``62.5``."""

    @property
    def counted(self) -> int | None:
        """The number as a count of things; None if it cannot be one."""
        whole = self.kind == "plain" and self.unit == 1 and self.value >= 0
        return int(self.value) if whole else None


_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
}  # fmt: skip

WORDS = (
    {word: n for n, word in enumerate(_UNITS, 1)}
    | {word: n for n, word in enumerate(_TEENS, 10)}
    | {word: 10 * n for n, word in enumerate(_TENS, 2)}
)
"""Number words that stand alone, and what they say."""

_UNIT = "|".join(_UNITS)
_SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{_UNIT})\b)?|{'|'.join(reversed(_TEENS))}|{_UNIT})"
_WORD = rf"(?:(?:{_UNIT}|a)\shundred\b(?:\s(?:and\s)?{_SMALL}\b)?|{_SMALL})"
SIGN = r"(?:%|percent\b|per\s?cent\b)"
"""Percent sign, or the word."""

_SPACES = " \u00a0\u2009\u202f"
_FIGURE = re.compile(
    # Not inside a word, a decimal, a power or a chain such as 1.2.3.
    r"(?<![\w.·^])(?<!\d,)(?P<figure>\d{1,3}(?:,\d{3}){1,3}(?!\d|,\d)|"
    rf"\d{{1,3}}(?:[{_SPACES}]\d{{3}}){{1,3}}(?!\d|[.·,]\d|\s?%)|"
    r"(?<!=)(?<!=\s)\d{1,2},\d{1,2}(?=\s?%)|\d{1,9})(?P<tail>[.·]\d{1,6})?"
    rf"(?P<sign>\s?{SIGN})?",
    re.IGNORECASE,
)
_WORDED = re.compile(rf"(?<![\w-])(?P<number>{_WORD})(?P<sign>[-\s]{SIGN})?(?![\w])", re.IGNORECASE)

_NEVER_OF = (
    r"(?:year|month|week|day|century|decade|dose|hour|time|trimester|ventricle|generation|molar|"
    r"wave|party|line|phase|study|round|author|stage|cycle|intercostal|lumbar|minute|mile|"
    r"lives?|life|marathon|sib|brother|sister)s?\b"
)
_VAGUE = (
    r"(?:about|around|approximately|approx\.|almost|nearly|roughly|only|just|over|under|than|"
    r"least|most|some|up\sto|exactly|close\sto)"
)
_SAID = r"(?:of\b|\(|were\b|was\b|had\b|have\b|has\b|did\b|do\b|does\b|are\b|is\b|never\b|\w+ed\b)"
_SHARE = re.compile(
    # two thirds, one-third, three-quarters
    rf"(?<![\w-])(?P<top>{_UNIT})[-\s](?P<parts>thirds?|quarters?|fourths?|fifths?|sixths?|"
    rf"sevenths?|eighths?|ninths?|tenths?|half|halves)\b(?!-)(?!\s(?:of\s)?(?:the\s|a\s|an\s)?{_NEVER_OF})"
    # a third of nurses; over a third; a third reported
    rf"|(?<![\w-])(?:(?P<vague>{_VAGUE})\s)?a\s(?P<part>third|quarter|fourth|fifth|sixth|tenth)\b(?!-)"
    rf"(?!\s(?:of\s)?(?:the\s|a\s|an\s)?{_NEVER_OF})(?P<said>\s{_SAID})?"
    # half of, nearly half, half reported
    rf"|(?<!first\s)(?<!second\s)(?<!last\s)(?<!other\s)(?<!later\s)(?<!and\sa\s)(?<![\w-])"
    rf"(?:(?P<vague2>{_VAGUE})\s)?half\b(?!-)(?!\s(?:of\s)?(?:the\s|a\s|an\s)?{_NEVER_OF})"
    rf"(?P<said2>\s(?:{_SAID}|the\b|all\b|our\b|these\b|those\b|their\b))?"
    # one in five, 1 in 5, nine out of ten
    rf"|(?<![\w.,-])(?:(?P<n>{_WORD})[-\s](?:in|out\sof)|(?P<n2>\d{{1,2}})[-\s]in)[-\s]"
    rf"(?:every\s)?"
    rf"(?P<of>{_WORD}|\d{{1,3}})(?=[\s,)][a-z(])"
    r"(?!\s(?:years?|months?|weeks?|days?|hours?|points?|times?)\b)",
    re.IGNORECASE,
)
_HINT = re.compile(
    rf"\b(?:{_UNIT}|{'|'.join(_TEENS)}|{'|'.join(_TENS)}|hundred|half|thirds?|quarters?|fourths?|"
    r"fifths?|sixths?|tenths?|(?:in|of)[-\s]\d)",
    re.IGNORECASE,
)


def numbers(text: str, shares: bool = True) -> list[Number]:
    """Find the numbers of a sentence.

    Parameters
    ----------
    text : str
        A sentence.
    shares : bool, optional
        Look for shares in words as well ("two thirds"), which takes the longest.

    Returns
    -------
    list of Number
        In order of place, not overlapping.

    Examples
    --------
    >>> [(n.kind, n.value) for n in numbers("Of 1,204 nurses, two thirds (66.5 %) knew.")]
    [('plain', 1204.0), ('share', 66.6667), ('percent', 66.5)]
    """
    found = [_figure(m) for m in _FIGURE.finditer(text)]
    if not _HINT.search(text):
        return found
    parts = [n for m in _SHARE.finditer(text) if (n := _share(m))] if shares else []
    worded = [_worded(m) for m in _WORDED.finditer(text)]
    kept: list[Number] = []
    # A share ("one in five") comes before the numbers that it is made of.
    ranked = sorted([*parts, *worded, *found], key=lambda n: (n.start, n.kind != "share"))
    for number in ranked:
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def read_int(text: str) -> int:
    """Read a count with its separators of thousands."""
    return int(re.sub(r"\D", "", text))


def read_words(text: str) -> int:
    """Read a number in words, below a thousand.

    Raises
    ------
    KeyError
        If a word is none of a number.

    Examples
    --------
    >>> read_words("Fifty-seven"), read_words("one hundred and fifty two"), read_words("a hundred")
    (57, 152, 100)
    """
    total = 0
    for word in re.split(r"[-\s]+", text.lower()):
        if word == "hundred":
            total = 100 * max(total, 1)
        elif word not in ("and", "a"):
            total += WORDS[word]
    return total


def _figure(m: re.Match[str]) -> Number:
    figure, tail = m["figure"], m["tail"]
    if "," in figure and len(figure.rpartition(",")[2]) < 3:
        value, places = float(figure.replace(",", ".")), len(figure.rpartition(",")[2])
    else:
        places = len(tail) - 1 if tail else 0
        value = float(f"{read_int(figure)}.{tail[1:] if tail else 0}")
    return Number(
        "percent" if m["sign"] else "plain", value, m.start(), m.end(), round(10.0**-places, 6)
    )


def _worded(m: re.Match[str]) -> Number:
    kind = "percent" if m["sign"] else "plain"
    return Number(kind, float(read_words(m["number"])), m.start(), m.end(), 1.0)


def _share(m: re.Match[str]) -> Number | None:
    """Read a share in words; None where the words mean something else."""
    start, end = m.span()
    if m["top"]:
        top, of = read_words(m["top"]), _PARTS[_singular(m["parts"].lower())]
    elif m["part"]:
        if not (m["vague"] or m["said"]):
            return None  # a third visit
        top, of = 1, _PARTS[m["part"].lower()]
        start, end = _bare(m, "vague", "said")
    elif m["of"]:
        top, of = (_small(said) for said in (m["n"] or m["n2"], m["of"]))
    else:
        if not (m["vague2"] or m["said2"]):
            return None  # half a tablet
        top, of = 1, 2
        start, end = _bare(m, "vague2", "said2")
    if not 0 < top < of:
        return None
    return Number("share", round(100 * top / of, 4), start, end, 100.0 / of)


def _bare(m: re.Match[str], vague: str, said: str) -> tuple[int, int]:
    """The words of the share itself."""
    start = m.end(vague) + 1 if m[vague] else m.start()
    return start, m.start(said) if m[said] else m.end()


def _singular(part: str) -> str:
    return part if part == "halves" or not part.endswith("s") else part[:-1]


def _small(text: str) -> int:
    return int(text) if text.isdigit() else read_words(text)
