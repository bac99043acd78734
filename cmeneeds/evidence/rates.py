"""Rates: which share of whom, as a sentence prints it.

A rate is a share of people, visits or records: ``62%``, ``124/200``, ``124 of 200``, ``two
thirds``. Left out on purpose, because they answer another question: confidence levels and bounds,
p values, statistical power, changes ("rose by 12%", "a 12% reduction"), differences in percentage
points, laboratory and physiological values (HbA1c, oxygen saturation, ejection fraction), strengths
of solutions, blood pressures, visual acuities, dates, scores, and numbers that only arise when
superscripts are flattened (``10<sup>9</sup>`` to ``109``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmeneeds.records import Markup

LONGEST_SENTENCE = 5000
"""Rates are looked for in the first so many characters of a sentence."""

Kind = Literal["percent", "fraction", "words"]


class Rate(NamedTuple):
    """A share, and where it stands in the sentence."""

    value: float | None
    """Percent, as printed or else computed; None for a range ("12-15%")."""
    numerator: int | None
    """Count with the feature, where the sentence gives it."""
    denominator: int | None
    """Count of all, where the sentence gives it."""
    start: int
    """First character of the number, counted in the sentence."""
    end: int
    """One past its last character, the bracket that belongs to it included."""
    kind: Kind
    """How it is printed; a percentage with counts is ``percent``."""
    agrees: bool | None
    """Whether percentage and counts fit; None where not both are given."""


class _Atom(NamedTuple):
    """A number before neighbours are joined."""

    kind: Literal["percent", "fraction", "words", "count"]
    value: float | None
    numerator: int | None
    denominator: int | None
    start: int
    end: int
    unit: float
    """One in the last printed place of a percentage."""


_INT = r"(?:\d{1,3}(?:[,\u2009\u202f]\d{3}){1,3}|\d{1,9})"
_DEC = r"\d{1,3}(?:[.·]\d{1,6})?"
_SIGN = r"(?:%|\bper[ ]?cent\b|\bpercent\b)"
_DASH = r"(?:[-–—−‐‑]|to|and)"

_PERCENT = re.compile(
    rf"(?<![\w.,·/^±+−–-])(?<!\s[-–−]\s)(?P<low>{_DEC})"
    rf"(?:\s?{_SIGN}?\s?(?P<dash>[-–—−‐‑]|to\b)\s?(?P<high>{_DEC}))?\s?{_SIGN}(?![-\s]?points?\b)",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    rf"(?<![\w./,·+−–-])(?P<n>{_INT})(?P<by>\s?/\s?|\s(?:out\s)?of\s"
    rf"(?:the\s|all\s|our\s|these\s|those\s|a\stotal\sof\s){{0,2}})"
    rf"(?P<of>{_INT})(?![\w/%·]|[.,]\d|\s?%|\s?[-–]\s?\d|-?\s?(?:years?|months?|weeks?|days?|"
    rf"points?|mm\s?Hg|mg|ml|mL|kg)\b)",
)
_COUNT = re.compile(rf"\b[nN]\s?=\s?(?P<n>{_INT})(?![\w.·/]|,\d)")
_NUMBERS = {
    name: n
    for n, name in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
    )
} | {"a": 1, "every": 1}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10}
_NAMES = "one|two|three|four|five|six|seven|eight|nine|ten"
_WORDS = re.compile(
    rf"(?<!first )(?<!second )(?<!last )(?<!other )(?<!-)\b(?:"
    rf"(?:(?P<top>{_NAMES}|a)[- ](?P<part>third|quarter|fourth|fifth|sixth|tenth)s?)"
    r"|(?P<half>half)(?=\s(?:of\b|the\b|all\b|our\b|these\b|those\b)))"
    r"(?!\s(?:of\s)?(?:the\s|a\s|an\s)?(?:year|month|week|day|century|decade|dose|hour|time|molar|"
    r"trimester|ventricle|generation)s?\b)"
    rf"|\b(?P<n>{_NAMES}|\d{{1,2}})\s(?:in|out\sof)\s(?:every\s)?(?P<of>{_NAMES}|\d{{1,3}})"
    r"(?=\s[a-z])(?!\s(?:years?|months?|weeks?|days?)\b)",
    re.IGNORECASE,
)

# A bound or two, after the word that announces them.
_BOUND = rf"[-−–+]?\s?\d{{1,6}}(?:[.·,]\d{{1,6}})?\s?(?:{_SIGN})?"
_BOUNDS = (
    rf"[\s:=,;(\[]{{0,4}}(?:of\s|was\s|from\s|between\s)?{_BOUND}(?:\s?(?:,|;|{_DASH})\s?{_BOUND})?"
)
_INTERVAL = (
    r"(?:CIs?|CrIs?|UIs?|PIs?|HDIs?|confidence\s(?:intervals?|limits?|levels?)|"
    r"(?:credible|credibility|uncertainty|prediction|probability)\sintervals?|"
    r"limits\sof\sagreement|IQRs?|inter-?quartile\sranges?|ranges?|ranged|ranging|SDs?|SEs?|"
    r"standard\s(?:deviations?|errors?))"
)
_LAB = (
    r"(?:Hb\s?A\(?1c\)?|A1c|gly(?:c|cos)ated\sh(?:a)?emoglobin|h(?:a)?emoglobin\sA1c|"
    r"S[pa]O\(?[2₂]\)?|"
    r"(?:oxygen|O2|arterial)\ssaturations?|saturations?\sof\soxygen|FiO[2₂]|LVEFs?|"
    r"ejection\sfractions?|"
    r"FEV\(?1\)?(?:/FVC)?|FVC|h(?:a)?ematocrit|humidity)"
)
_LINK = (
    r"(?:[\s:=<>≤≥⩽⩾~±,(\[-]|\b(?:levels?|values?|targets?|goals?|of|was|were|is|at|a|the|"
    r"mean|median|"
    r"baseline|above|below|over|under|least|less|more|than|or|lower|greater|equal|to|from|and|"
    r"between|threshold|cut-?off)\b){1,12}"
)
_NOT_RATES = re.compile(
    "|".join(
        (
            # confidence level, with or without the bounds that follow
            rf"\b\d{{2}}(?:[.·]\d)?\s?%?-?\s?{_INTERVAL}\b\)?(?:\s?\[[A-Za-z]{{2,3}}\])?(?:{_BOUNDS})?",
            (
                rf"\b{_INTERVAL}\b\)?(?:\s?[(\[](?:CI|IQR|"
                rf"SD)[)\]])?[\s(\[]{{0,3}}\d{{2}}\s?%(?:{_BOUNDS})?"
            ),
            rf"\b{_INTERVAL}\b\)?(?:\s?[(\[](?:CI|IQR|SD)[)\]])?{_BOUNDS}",
            rf"±\s?{_BOUND}",
            # p values, power, level of significance
            rf"\bp(?:\s?-?\s?values?)?\s?[<>=≤≥]\s?{_BOUND}",
            rf"\b{_DEC}\s?%\s?(?:statistical\s)?(?:power|significance|alpha)\b",
            (
                rf"\b(?:power|alpha|significance(?:\slevel)?|error)\s(?:of|was|set\sat|=|"
                rf"at)\s?{_BOUND}"
            ),
            # laboratory and physiological values
            rf"\b{_LAB}{_LINK}{_BOUND}(?:\s?{_DASH}\s?{_BOUND})?",
            rf"{_DEC}\s?%\s?(?:{_LAB}|predicted|stenosis|humidity|oxygen)\b",
            # strengths
            (
                rf"{_DEC}\s?%\s(?:\w{{2,20}}\s)?(?:saline|dextrose|glucose|chlorhexidine|lidocaine|"
                r"bupivacaine|ropivacaine|cream|gel|ointment|solutions?|ethanol|alcohol|"
                r"povidone|sucrose|"
                r"formalin|atropine|minoxidil|sodium|hypochlorite|w/v|v/v|w/w|body\sweight|"
                r"hydrogen)\b"
            ),
            # changes and comparisons
            (
                r"\b(?:increas|decreas|reduc|declin|rose|ris(?:e|en|ing)|fell|fall|drop|"
                r"improv|grew|grow|"
                r"chang|lower|higher|rais|differ|gain|los[ts]|shr[aiu]nk|up|"
                r"down)\w{0,6}\b[\w\s,-]{0,30}?\bby\s"
                rf"(?:about\s|approximately\s|nearly\s|almost\s|up\sto\s|over\s|more\sthan\s|"
                rf"at\sleast\s|an?\s|"
                rf"[~≈<>≥≤]\s?){{0,2}}{_BOUND}(?:\s?{_DASH}\s?{_BOUND})?"
            ),
            (
                rf"{_DEC}\s?{_SIGN}(?:\s?{_DASH}\s?{_DEC}\s?{_SIGN})?[\s-](?:\([^()]{{0,60}}\)\s)?(?:relative\s|"
                r"absolute\s|annual\s|overall\s|significant\s|mean\s|net\s|risk\s|further\s|"
                r"weight\s){0,2}"
                r"(?:reductions?|increases?|increased|decreases?|decreased|declines?|"
                r"improvements?|rise|drop|fall|change|"
                r"higher|lower|greater|more\slikely|less\slikely|fewer|faster|longer|shorter|larger|"
                r"smaller|loss|gain|growth|savings?|points?)\b"
            ),
            (
                rf"\b(?:reductions?|increases?|decreases?|declines?|improvements?|rise|drop|"
                rf"fall|changes?|"
                rf"difference|growth)\sof\s(?:about\s|approximately\s|up\sto\s|at\sleast\s|"
                rf"more\sthan\s)?{_BOUND}"
            ),
            # fractions that are no shares
            r"\d{1,3}\s?/\s?\d{1,3}\s(?:visual|vision|acuity|or\sbetter)",
            r"\b(?:blood\spressures?|BP)\b[^.;]{0,40}?\d{2,3}\s?/\s?\d{2,3}",
            r"\d{2,3}\s?/\s?\d{2,3}\s?mm\s?Hg",
            r"\b(?:acuity|BCVA|UCVA|Snellen|vision)\b[^.;]{0,40}?\d{1,3}\s?/\s?\d{1,3}",
            r"\b24\s?/\s?7\b",
            r"\b\d{1,2}\s?/\s?\d{1,2}\s?/\s?\d{2,4}\b",
            r"\b(?:19|20)\d\d\s?/\s?(?:\d\d|(?:19|20)\d\d)\b",
            (
                r"\b(?:phase|grades?|stages?|types?|class|levels?|scores?d?|scoring|rated|"
                r"VAS|NRS|GCS|HPV|"
                r"Gleason|ECOG|pain|ratio|steps?|weeks?|days?|months?|aged?)\s(?:of\s|was\s|"
                r"at\s|is\s|=\s?)?"
                r"\d{1,3}(?:[.·]\d{1,3})?(?:\s?/\s?|\s(?:out\s)?of\s|\sin\s)\d{1,4}"
            ),
            (
                r"\d[\d,]{0,8}\s?/\s?\d[\d,]{0,8}\s(?:person|patient|live|inhabitants|"
                r"population|births)"
            ),
            (
                r"\b(?:January|February|March|April|May|June|July|August|September|October|November|"
                r"December)\s\d{1,2}\s(?:of|in)\s\d{4}"
            ),
        )
    ),
    re.IGNORECASE,
)

_OPEN = re.compile(r"\s?[(\[]\s?(?:n\s?=\s?)?$|\s?[,;:=]\s?(?:n\s?=\s?)?$")
_WORDS_THEN_OPEN = re.compile(
    r"(?:\s[^()\[\]\d.;,:%]{0,60})?\s?[(\[]\s?(?:[Nn]\s?=\s?)?$|\s?[,;:=]\s?$"
)
_BETWEEN = re.compile(r"\s?[;,]\s?$|\s?[(\[]\s?$")
_LEADING_COUNT = re.compile(rf"(?<![\w.,·/±=<>≤≥-])(?<![=<>≤≥±]\s)(?P<n>{_INT})\s?[(\[]\s?$")
_NOT_A_COUNT = re.compile(
    r"\b(?:grade|stage|day|week|month|year|level|aged?|phase|scored?|mean|median|type|class|since|"
    r"until|during|ratio|OR|HR|RR|was|of|in|to|than|from)\s$",
    re.IGNORECASE,
)


def rates(text: str, markup: Sequence[Markup] = ()) -> tuple[Rate, ...]:
    """Find the rates in a sentence.

    Parameters
    ----------
    text : str
        A sentence. Only its first :data:`LONGEST_SENTENCE` characters are read.
    markup : sequence of Markup, optional
        Inline elements with offsets in the sentence. A number that overlaps a superscript or
        subscript is left out.

    Returns
    -------
    tuple of Rate
        In order of place, not overlapping.

    Examples
    --------
    >>> rates("Feet were examined in 62% (124/200) of visits.")[0]
    Rate(value=62.0, numerator=124, denominator=200, start=22, end=35, kind='percent', agrees=True)
    >>> rates("Use rose by 12% (95% CI 8-16%).")
    ()
    """
    text = text[:LONGEST_SENTENCE]
    if not any(c.isdigit() for c in text) and not _WORDS.search(text):
        return ()
    raised = [(m.start, m.end) for m in markup if m.tag in ("sup", "sub")]
    barred = [m.span() for m in _NOT_RATES.finditer(text)] + raised
    atoms: list[_Atom] = []
    for atom in sorted(_atoms(text), key=lambda a: (a.start, -a.end)):
        if atoms and atom.start < atoms[-1].end:
            continue
        if any(atom.start < b and a < atom.end for a, b in barred):
            continue
        atoms.append(atom)
    return tuple(_joined(text, atoms, raised))


def _int(text: str) -> int:
    """Read a count with its separators of thousands."""
    return int(re.sub(r"\D", "", text))


def _atoms(text: str) -> list[_Atom]:
    """Numbers that can be rates, or counts beside them."""
    found = []
    for m in _PERCENT.finditer(text):
        low, high = m["low"].replace("·", "."), m["high"]
        value: float | None = float(low)
        if (
            high
            and m["dash"].lower() == "to"
            and text[max(0, m.start() - 5) : m.start()] == "from "
        ):
            # Two levels, before and after, not a range.
            first = re.search(_SIGN, m.group(), re.IGNORECASE)
            middle = m.start() + first.end() if first else m.end()
            if middle < m.start("dash") + 1:
                places = len(low.partition(".")[2])
                found.append(_Atom("percent", value, None, None, m.start(), middle, 10.0**-places))
                low, value, high = high.replace("·", "."), float(high.replace("·", ".")), None
                span = (m.start("high"), m.end())
            else:
                span = m.span()
        else:
            span = m.span()
        if float(low) > 100 or (high and float(high.replace("·", ".")) > 100):
            continue
        if high:
            value = None
            if re.search(r"%\s?[(\[]\s?$", text[max(0, m.start() - 4) : m.start()]):
                continue  # bounds of the percentage before
        places = len(low.partition(".")[2])
        found.append(_Atom("percent", value, None, None, *span, 10.0**-places))
    for m in _FRACTION.finditer(text):
        n, of = _int(m["n"]), _int(m["of"])
        slash = "/" in m["by"]
        if n > of or of < (5 if slash else 2) or (slash and of in (1000, 10_000, 100_000, 10**6)):
            continue
        if not slash and n <= 31 and 1900 <= of <= 2100 and "," not in m["of"]:
            continue
        found.append(_Atom("fraction", None, n, of, *m.span(), 0))
    found += [_Atom("count", None, _int(m["n"]), None, *m.span(), 0) for m in _COUNT.finditer(text)]
    for m in _WORDS.finditer(text):
        if m["half"]:
            top, of = 1, 2
        elif m["part"]:
            top, of = _NUMBERS[m["top"].lower()], _PARTS[m["part"].lower()]
        else:
            top, of = (_NUMBERS.get(m[g].lower()) or _number(m[g]) for g in ("n", "of"))
        if 0 < top < of:
            found.append(_Atom("words", round(100 * top / of, 4), None, None, *m.span(), 0))
    return found


def _number(text: str) -> int:
    """Read digits; 0 for anything else."""
    return int(text) if text.isdigit() else 0


def _joined(text: str, atoms: list[_Atom], raised: list[tuple[int, int]]) -> list[Rate]:
    """Join percentages with the counts beside them."""
    found = []
    at = 0
    while at < len(atoms):
        this = atoms[at]
        then = atoms[at + 1] if at + 1 < len(atoms) else None
        at += 1
        gap = text[this.end : then.start] if then else ""
        if then and {this.kind, then.kind} in ({"percent", "fraction"}, {"percent", "count"}):
            if this.kind == "percent":
                joins = _OPEN.match(gap)
            elif this.kind == "fraction":
                joins = _WORDS_THEN_OPEN.match(gap)
            else:
                joins = _BETWEEN.match(gap)
            if joins:
                at += 1
                percent, count = (this, then) if this.kind == "percent" else (then, this)
                end = _closed(text, gap, then.end)
                found.append(_with_counts(percent, count, this.start, end))
                continue
        if this.kind == "percent":
            found.append(_lone_percent(text, this, found[-1].end if found else 0, raised))
        elif this.kind == "fraction" and this.numerator is not None and this.denominator:
            value = round(100 * this.numerator / this.denominator, 4)
            found.append(
                Rate(
                    value, this.numerator, this.denominator, this.start, this.end, "fraction", None
                )
            )
        elif this.kind == "words":
            found.append(Rate(this.value, None, None, this.start, this.end, "words", None))
    return found


def _closed(text: str, gap: str, end: int) -> int:
    """Take in the bracket that closes the one in ``gap``."""
    for opening, closing in ("()", "[]"):
        if opening in gap and text[end : end + 1] == closing:
            return end + 1
    return end


def _with_counts(percent: _Atom, count: _Atom, start: int, end: int) -> Rate:
    """Make one rate of a percentage and its counts.

    They agree when they differ by less than one in the last printed place, so that both rounding
    and cutting off pass.
    """
    agrees = None
    if percent.value is not None and count.denominator and count.numerator is not None:
        share = 100 * count.numerator / count.denominator
        agrees = abs(share - percent.value) < percent.unit - 1e-9
    return Rate(percent.value, count.numerator, count.denominator, start, end, "percent", agrees)


def _lone_percent(text: str, atom: _Atom, floor: int, raised: list[tuple[int, int]]) -> Rate:
    """A percentage, with the count right before it: ``124 (62%)``."""
    lead = _LEADING_COUNT.search(text[max(floor, atom.start - 16) : atom.start])
    if lead:
        start = max(floor, atom.start - 16) + lead.start()
        touched = any(start < b and a < atom.start for a, b in raised)
        before = text[max(0, start - 10) : start]
        if not touched and not _NOT_A_COUNT.search(before) and not before[-1:].isalnum():
            end = _closed(text, text[start : atom.start], atom.end)
            return Rate(atom.value, _int(lead["n"]), None, start, end, "percent", None)
    return Rate(atom.value, None, None, atom.start, atom.end, "percent", None)
