"""Putting pieces that stand side by side together: a percentage and its counts."""

from __future__ import annotations

import re

from cmeneeds.evidence.rate_parts import Atom, agree

_WHOLES = (
    r"(?:(?:the|all|our|these|those|their|its|a\stotal\sof|included|remaining|eligible)\s){0,3}"
)
_OF_WHOLE = re.compile(rf"\s?\)?\s(?:out\s)?of\s{_WHOLES}$", re.IGNORECASE)
_OPEN = re.compile(r"\s?[(\[]\s?|\s?[,;:=]\s?")
_OPEN_FRACTION = re.compile(r"\s?[(\[,;:=]{1,2}\s?(?:n\s?=\s?)?$", re.IGNORECASE)
_WORDS_THEN_OPEN = re.compile(r"(?:\s[^()\[\]\d.;:%]{1,60})?\s?[(\[=,;:]\s?$")
# 60 of 286 COVID-19 patients (21.0%
_LATER_OPEN = re.compile(r"\s[^()\[\].;:%]{1,90}\s?[(\[]\s?")
_ENDS = re.compile(r"[)\],;:]|\sof\s(?:the|all|total|those|these|patients|participants)\b")
_INSIDE = re.compile(r"\s?[;,:]\s?$")
_DIRECT = re.compile(r"\s?[(\[]\s?$")
_THINGS_THEN_OPEN = re.compile(
    r"\s(?P<things>[^()\[\]\d.;:%]{2,90}?)\s?[(\[]\s?"
    r"(?:corresponding\sto\s|representing\s|i\.e\.,?\s|or\s|about\s|approximately\s|[~≈]\s?)?$"
)
_PEOPLE = re.compile(
    r"(?:[a-z-]{2,20}\s)?(?:patients?|women|men|adults|children|infants|girls|boys|participants?|"
    r"respondents?|nurses|physicians|doctors|students|residents|subjects|cases|people|individuals|"
    r"eyes|centers|centres|hospitals|studies|deaths)\b",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"(?<![\w-])(?:majority|most|minority|half|third|quarter|whom|which|who|and|but|or|while|whereas|"
    r"respectively|reasons?|factors?|themes?|types?|years?|months?|weeks?|days?|hours?|minutes?|"
    r"times|groups?|arms|items?|questions?|points?|mg|kg|ml|cm|mm|categories|domains?|"
    r"compared|versus|vs|common|phases?|waves?|divided|randomi[sz]ed|assigned|allocated|into)\b",
    re.IGNORECASE,
)


def joined(text: str, atoms: list[Atom]) -> tuple[list[Atom], list[Atom]]:
    """Join percentages with the counts beside them; give the counts that are left as well."""
    drafts: list[Atom] = []
    counts: list[Atom] = []
    at = 0
    while at < len(atoms):
        this = atoms[at]
        at += 1
        while at < len(atoms) and (both := _join(text, this, atoms[at])):
            this = both
            at += 1
        last = drafts[-1] if drafts else None
        if last and this.kind != "count" and _same_share(text, last, this):
            drafts[-1] = this._replace(start=last.start)
        else:
            (counts if this.kind == "count" else drafts).append(this)
    return drafts, counts


def _same_share(text: str, words: Atom, exact: Atom) -> bool:
    """Whether a share in words is told again in figures: ``half of them (86/163, 53%)``."""
    if words.kind != "words" or words.value is None or words.numerator is not None:
        return False
    value = exact.value
    if value is None and exact.kind == "fraction" and exact.denominator:
        value = 100 * (exact.numerator or 0) / exact.denominator
    near = value is not None and abs(words.value - value) <= 12
    return near and bool(_WORDS_THEN_OPEN.fullmatch(text, words.end, exact.start))


def _join(text: str, this: Atom, then: Atom) -> Atom | None:
    """Join two neighbours if they tell of the same share."""
    if then.start < this.end:
        return None
    gap = text[this.end : then.start]
    kinds = (this.kind, then.kind)
    if kinds == ("words", "percent") and this.numerator is None:
        near = then.value is not None and abs((this.value or 0) - then.value) <= 12
        if near and _WORDS_THEN_OPEN.fullmatch(gap):
            end = _closed(text, gap, then.end)
            return then._replace(start=this.start, end=end)
    elif this.kind in ("percent", "words") and then.kind == "fraction":
        if this.numerator is None and this.denominator is None and _OPEN_FRACTION.fullmatch(gap):
            return _with_counts(text, this, then, gap)
    elif this.kind in ("percent", "words") and then.kind == "count":
        return _with_count_after(text, this, then, gap)
    elif kinds == ("fraction", "percent") and (
        _WORDS_THEN_OPEN.fullmatch(gap) or (_LATER_OPEN.fullmatch(gap) and _fit(then, this))
    ):
        return _with_counts(text, then, this, gap)
    elif kinds == ("count", "percent") and then.value is not None:
        return _with_counts(text, then, this, gap) if _leads(text, this, then, gap) else None
    return None


def _fit(percent: Atom, fraction: Atom) -> bool:
    """Whether a percentage is that of a fraction."""
    if percent.value is None or fraction.numerator is None or not fraction.denominator:
        return False
    return agree(percent.value, fraction.numerator, fraction.denominator, percent.unit)


def _with_count_after(text: str, this: Atom, then: Atom, gap: str) -> Atom | None:
    """``62% (n = 124)``, ``62% (124)``, ``62% of 200``, ``124 (62%) of 200``."""
    if this.denominator is None and _OF_WHOLE.fullmatch(gap):
        if then.numerator is None or then.numerator < max(this.numerator or 0, 2):
            return None
        return this._replace(
            end=then.end, denominator=then.numerator, denominator_at=then.numerator_at
        )
    if this.numerator is not None or not _OPEN.fullmatch(gap):
        return None
    # The count begins with its "n =" where it has one.
    named = then.numerator_at is not None and then.numerator_at.start > then.start
    bare = "(" in gap and text[then.end : then.end + 1] in (")", ";", ",")
    if not (named or bare):
        return None  # a reference number, or "62% (12 months)"
    return _with_counts(text, this, then, gap)


def _leads(text: str, count: Atom, percent: Atom, gap: str) -> bool:
    """Whether a count before a percentage is its numerator."""
    if count.numerator_at is None:
        return False
    before = text[max(0, count.numerator_at.start - 24) : count.numerator_at.start]
    if _DIRECT.fullmatch(gap):
        return True
    ends = bool(_ENDS.match(text, percent.end))
    if _INSIDE.fullmatch(gap):
        return ends and bool(
            re.search(r"[(\[]\s?(?:n\s?=\s?)?$|\bn\s?=\s?$", before, re.IGNORECASE)
        )
    things = _THINGS_THEN_OPEN.fullmatch(gap)
    if not ends:
        return False  # 168 patients were included (81% male)
    if not things or _ANOTHER.search(things["things"]):
        return False
    if re.search(r"\b(?:of|among|in|for|from|with)\s(?:the\s|all\s|these\s|those\s|our\s)?$",
                 before, re.IGNORECASE) and "," in gap:  # fmt: skip
        return False  # Of 200 nurses, most (62%)
    whole = 100 * (count.numerator or 0) / (percent.value or 1)
    if _PEOPLE.match(things["things"]) or (
        " " not in things["things"] and _possible(count, percent)
    ):
        return True
    # "3 distinct patterns (17%)" would be a share of 18: too few to print a percentage of.
    return bool(percent.value) and whole >= 20


def _possible(count: Atom, percent: Atom) -> bool:
    """Whether there is a whole of which the count is that percentage."""
    if not percent.value or not count.numerator:
        return False
    whole = int(100 * count.numerator / percent.value)
    return any(agree(percent.value, count.numerator, n, percent.unit) for n in (whole, whole + 1))


def _with_counts(text: str, percent: Atom, counts: Atom, gap: str) -> Atom:
    """Make one rate of a percentage and its counts."""
    start = min(percent.start, counts.start)
    last = max(percent.end, counts.end)
    return percent._replace(
        start=start,
        end=_closed(text, gap, last),
        numerator=counts.numerator,
        denominator=counts.denominator if counts.denominator is not None else percent.denominator,
        numerator_at=counts.numerator_at,
        denominator_at=counts.denominator_at or percent.denominator_at,
    )


def _closed(text: str, gap: str, end: int) -> int:
    """Take in the bracket that closes the one in ``gap``."""
    for opening, closing in ("()", "[]"):
        if opening in gap and text[end : end + 1] == closing:
            return end + 1
    return end
