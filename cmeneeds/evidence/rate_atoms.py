"""The pieces of rates: percentages, fractions, shares in words, counts, and printed limits."""

from __future__ import annotations

import re
from typing import NamedTuple

from cmeneeds.evidence.not_rates import is_no_share, why_no_rate
from cmeneeds.evidence.numbers import SIGN, Number
from cmeneeds.evidence.rate_parts import Atom, Span

_DASH = r"(?:[-–—−‐‑]{1,2}|to\b|and\b|,|;)"
_BOUND = r"\d{1,6}(?:[.·]\d{1,6})?"
_LIMITS = re.compile(
    rf"(?:\b9\d(?:[.·]\d)?\s?(?:{SIGN})?[-\s]?)?\b(?P<name>CIs?|CrIs?|UIs?|PIs?|HDIs?|"
    r"confidence\s(?:intervals?|limits?|levels?)|(?:credible|credibility|uncertainty|prediction|"
    r"probability)\sintervals?|IQRs?|inter-?quartile\sranges?|ranges?|ranged|ranging|vari(?:ed|es)|"
    r"varying|between)\b\)?(?:\s?[(\[](?:CI|IQR|UI|CrI)[)\]])?(?:[\s(\[]{1,2}9\d\s?%)?"
    r"[\s:=,;(\[]{1,4}(?:of\s|was\s|from\s|between\s)?"
    rf"(?P<low>[-−–]?\s?{_BOUND})\s?(?P<sign>{SIGN})?\s?{_DASH}\s?(?P<high>[-−]?{_BOUND})\s?"
    rf"(?P<sign2>{SIGN})?(?![.·]?\d)",
    re.IGNORECASE,
)
_BARE_LIMITS = re.compile(
    rf"\s?[(\[]\s?(?P<low>{_BOUND})\s?(?:{SIGN})?\s?(?:[-–—−‐‑]{{1,2}}|to\b|,)\s?"
    rf"(?P<high>{_BOUND})\s?(?:{SIGN})?\s?(?=[)\];,])",
    re.IGNORECASE,
)
_SPREAD = re.compile(r"\s?(?:[-–—−‐‑]{1,2}|to|through)\s?$", re.IGNORECASE)
_LIMITS_NEXT = re.compile(r"[,;]\s|\s?[(\[]\s?")
_ARROW = re.compile(r"\s?(?:→|->|=>)\s?$")
_TWO_LEVELS = re.compile(
    r"\bfrom\s(?:about\s|approximately\s|only\s|nearly\s|around\s|a\smean\sof\s|[~≈]\s?)?$",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:increased|decreased|declined|improved|rose|fell|dropped|grew|changed)\b", re.IGNORECASE
)
_RANGING = re.compile(
    r"(?:rang|var[iy]|estimat|spread|span|anywhere|differ|somewhere)\w*\W+(?:\w+\W+){0,4}from\s"
    r"(?:about\s|approximately\s|only\s|nearly\s|around\s|as\slow\sas\s|[~≈]\s?)?$",
    re.IGNORECASE,
)
_PLUS_MINUS = re.compile(r"\s?(?:±|\+/-)\s?")
_VERSUS = re.compile(r"\s?(?:vs\.?|versus|v\.?|compared\s(?:with|to))\s?$", re.IGNORECASE)
_LISTED = re.compile(r",?\s(?:and|or|to|&)\s$|,\s$", re.IGNORECASE)
_LIST_OPENS = re.compile(
    r"(?:[(\[]|\b(?:in|was|were|by|had|with|are|is|only|about|approximately|respectively))\s?$",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"(?:\s(?:in|for|among|at)\s[\w\s-]{1,18}?)?(?:,\s|\s)(?:and\s)?")
_WHOLES = (
    r"(?:(?:the|all|our|these|those|their|its|a\stotal\sof|included|remaining|eligible)\s){0,3}"
)
_NOUN = r"(?:(?!(?:and|or|but|than|to|in|of|with)\b)[A-Za-z-]{2,20}\s){0,2}"
_OF = re.compile(rf"\s{_NOUN}(?:out\s)?of\s{_WHOLES}$", re.IGNORECASE)
_SLASH = re.compile(r"\s?/\s?$")
_NO_COUNT_BEFORE = re.compile(
    r"(?:\b(?:grades?|stages?|days?|weeks?|months?|years?|levels?|aged?|phases?|scored?|mean|median|"
    r"types?|class|since|until|during|ratio|OR|HR|RR|than|figures?|tables?|steps?|level|top|"
    r"covid|sars-cov|version|least|most|first|last|[<>≤≥]|p)\s?|[<>≤≥±=$€£/]\s?|\d\s?[-–]|[A-Za-z]-)$",
    re.IGNORECASE,
)
_N_IS = re.compile(r"\bn\s?=\s?$", re.IGNORECASE)
_NO_COUNT_AFTER = re.compile(
    r"\s?-?(?:years?|yrs?|months?|weeks?|days?|hours?|hrs?|min(?:utes?)?|mg|µg|mcg|kg|g|ml|dl|l|cm|"
    r"mm|km|points?|fold|times|items?|questions?|th|st|nd|rd|°|percentage|mmol|mmhg|bpm|"
    r"visits\sper|per)\b|[-–]\d|-[a-z]|\s?[-–]\s?\d|\s?°",
    re.IGNORECASE,
)


class Limits(NamedTuple):
    """An interval or range, and what it is called."""

    start: int
    end: int
    low: float
    high: float
    name: str
    signed: bool
    """Whether one of the limits has a percent sign."""


class _Barred(NamedTuple):
    """The last percentage that is no rate."""

    end: int
    why: str


def limits_in(text: str) -> list[Limits]:
    """Find the intervals and ranges that a sentence prints, in order."""
    return [one for m in _LIMITS.finditer(text) if (one := _limits(text, m))]


def _limits(text: str, m: re.Match[str]) -> Limits | None:
    """Read an interval; None if it is a mere mention."""
    low, high = (float(re.sub(r"[·]", ".", re.sub(r"[-−–\s]", "", m[g]))) for g in ("low", "high"))
    name = m["name"].lower()
    signed = bool(m["sign"] or m["sign2"])
    if name == "between" and not m["sign2"]:
        return None  # between 2010 and 2020, between 3 and 5 visits
    kind = "IQR" if name.startswith(("iqr", "inter")) else "CI"
    if name.startswith(("rang", "var", "between")):
        kind = "range" if name in ("range", "ranges") else "spread"
        if name.startswith("rang") and name not in ("range", "ranges"):
            kind = "spread"
    return Limits(m.start(), m.end(), low, high, kind, signed)


def with_limits(text: str, draft: Atom, limits: list[Limits]) -> Atom:
    """Give a rate the interval that is printed with it."""
    if draft.value is None:
        return draft
    for one in limits:
        between = text[draft.end : one.start]
        if not 0 <= one.start - draft.end <= 30 or re.search(r"\d", between):
            continue
        if not re.fullmatch(r"\s?[(\[,;][^.()]{0,24}", between):
            continue
        low, high = one.low, one.high
        if draft.value > 1 and high <= 1 and not one.signed:
            low, high = round(100 * low, 6), round(100 * high, 6)
        if one.name == "CI" and not low <= draft.value <= high:
            continue
        if high <= 100:
            return draft._replace(low=low, high=high, limits=one.name)
    bare = _BARE_LIMITS.match(text, draft.end)
    if bare:
        low, high = (float(bare[g].replace("·", ".")) for g in ("low", "high"))
        if low <= draft.value <= high <= 100 and low < high:
            return draft._replace(low=low, high=high, limits="unnamed")
    return draft


def atoms_in(text: str, found: list[Number], limits: list[Limits]) -> list[Atom]:
    """Sort numbers into percentages, fractions, shares in words and counts."""
    taken = [(one.start, one.end) for one in limits]
    free = [n for n in found if not _inside(n.start, taken)]
    percents = _percents(text, free)
    atoms = [
        Atom("percent", one.start, one.end, low=one.low, high=one.high, limits="spread")
        for one in limits
        if one.name == "spread" and one.signed and one.low < one.high <= 100
    ]
    at = 0
    barred: _Barred | None = None
    while at < len(free):
        one, then = free[at], free[at + 1] if at + 1 < len(free) else None
        gap = text[one.end : then.start] if then else ""
        at += 1
        if at - 1 in percents:
            two = at in percents and then is not None and bool(_SPREAD.match(gap))
            if two and then and then.value > one.value and not _levels(text, one, then):
                at += 1
                if why_no_rate(text, one.start, then.end) or then.value > 100:
                    continue
                low, high = one.value, then.value
                last = atoms[-1] if atoms else None
                gap = text[last.end : one.start] if last else ""
                if last and _LIMITS_NEXT.fullmatch(gap) and low <= (last.value or -1) <= high:
                    # 1.3%, 0.9-2.0%
                    atoms[-1] = last._replace(low=low, high=high, limits="unnamed")
                else:
                    spread = Atom("percent", one.start, then.end, low=low, high=high)
                    atoms.append(spread._replace(limits="spread"))
                continue
            why = why_no_rate(text, one.start, one.end)
            if not why and barred is not None and _goes_on(text, barred, one):
                why = barred.why
            barred = _Barred(one.end, why) if why else None
            if not why and one.value <= 100:
                atoms.append(Atom("percent", one.start, one.end, one.value, one.unit))
        elif one.kind == "share":
            if why_no_rate(text, one.start, one.end):
                continue
            atoms.append(Atom("words", one.start, one.end, one.value, one.unit))
        elif then and (fraction := _fraction(text, one, then, gap)):
            at += 1
            atoms.append(fraction)
        elif is_count(text, one):
            named = _N_IS.search(text, max(0, one.start - 6), one.start)
            start = named.start() if named else one.start
            place = Span(one.start, one.end)
            atoms.append(Atom("count", start, one.end, numerator=one.counted, numerator_at=place))
    return sorted(atoms, key=lambda atom: atom.start)


def _inside(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(a <= place < b for a, b in spans)


def _percents(text: str, found: list[Number]) -> set[int]:
    """Which numbers are percentages: those with a sign, and those that share the next one's."""
    known: set[int] = set()
    for at in range(len(found) - 1, -1, -1):
        one = found[at]
        if one.kind == "percent":
            known.add(at)
            continue
        if one.kind != "plain" or at + 1 not in known or one.value > 100:
            continue
        gap = text[one.end : found[at + 1].start]
        if _SPREAD.fullmatch(gap) or _VERSUS.fullmatch(gap) or _ARROW.fullmatch(gap):
            known.add(at)
        elif _PLUS_MINUS.fullmatch(gap):
            known.add(at)  # the mean of a share, with its error
        elif _LISTED.fullmatch(gap):
            more = at > 0 and bool(_LISTED.fullmatch(text[found[at - 1].end : one.start]))
            if more or _LIST_OPENS.search(text[max(0, one.start - 16) : one.start]):
                known.add(at)
    return known


def _levels(text: str, one: Number, then: Number) -> bool:
    """Whether "from 40% to 62%" tells two levels, before and after, rather than a spread."""
    before = text[max(0, one.start - 80) : one.start]
    if _TWO_LEVELS.search(before):
        return not _RANGING.search(before)
    # increased from 2014 to 2018 (20.6%-26.6%)
    signs = "%" in text[one.start : one.end] and "%" in text[then.start : then.end]
    return signs and before.endswith("(") and bool(_CHANGED.search(text, 0, one.start))


def _goes_on(text: str, barred: _Barred, one: Number) -> bool:
    """Whether what was said of the last percentage holds for this one.

    ``fell 43% in May, 37% in June and``; ``ejection fraction (60% vs``.
    """
    gap = text[barred.end : min(one.start, barred.end + 25)]
    if _VERSUS.fullmatch(gap):
        return True
    return barred.why in ("change", "difference", "score") and bool(_GOES_ON.fullmatch(gap))


def _fraction(text: str, one: Number, then: Number, gap: str) -> Atom | None:
    """``124/200``, ``124 of the 200``."""
    n, of = one.counted, then.counted
    if n is None or of is None or n > of:
        return None
    if _SLASH.fullmatch(gap):
        year = 1900 <= of <= 2100 and n <= 31 and "," not in text[then.start : then.end]
        if of < 5 or year or (n >= 1900 and of <= 2100) or of in (1000, 10_000, 100_000, 10**6):
            return None
    elif _OF.fullmatch(gap):
        printed = text[then.start : then.end]
        if of < 2 or (1900 <= of <= 2100 and len(printed) == 4 and n <= 31):
            return None
        if text[one.start : one.end].lower() == "one" or not is_count(text, one):
            return None
    else:
        return None
    if is_no_share(text, one.start, then.end):
        return None
    return Atom(
        "fraction", one.start, then.end, numerator=n, denominator=of,
        numerator_at=Span(one.start, one.end), denominator_at=Span(then.start, then.end),
    )  # fmt: skip


def is_count(text: str, number: Number) -> bool:
    """Whether a number can count people, visits or cases: no year, age, dose, decimal, power."""
    if number.counted is None:
        return False
    before = text[max(0, number.start - 14) : number.start]
    if _N_IS.search(before):
        return True
    printed = text[number.start : number.end]
    if 1900 <= number.value <= 2035 and len(printed) == 4:
        return False
    return not (
        _NO_COUNT_BEFORE.search(before) or _NO_COUNT_AFTER.match(text[number.end : number.end + 14])
    )
