"""Whose share a rate is, of how many, and when, from the rest of the sentence."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from cmeneeds.evidence.rate_parts import Atom, Rate, Span, agree
from cmeneeds.evidence.rate_subjects import subjects, times

_WHOLES = r"(?:(?:the|all|our|these|those|their|a\stotal\sof|total\sof|about|approximately)\s){0,3}"
_OPENING = re.compile(
    r"(?:^\W{0,3}|[.;:(,]\s|\b(?:and|while|whereas|that|but)\s)(?:\w{2,12},\s)?(?:out\s)?"
    rf"(?P<word>of|among(?:st)?|for|from|in|across)\s{_WHOLES}(?:n\s?=\s?)?$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\bn\s?=\s?$", re.IGNORECASE)
_TAKING_PART = re.compile(
    r"\)?\]?\s(?:(?!of\b|whom\b|which\b)[A-Za-z-]{1,20},?\s){0,6}?(?:responded|respondents|responses|completed|"
    r"returned|participated|replied|answered|included|enrolled|surveyed|analy[sz]ed|"
    r"recruited|interviewed|eligible|took\spart|reviewed|evaluated|assessed|examined|screened|"
    r"participants|studied|contacted|invited|solicited|approached)\b",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"\)?\]?\s(?:(?!of\b|whom\b|which\b)[A-Za-z-]{1,20},?\s){0,4}?(?:responded|completed|returned|"
    r"participated|replied|answered|took\spart)\b",
    re.IGNORECASE,
)
_COUNTED_BEFORE = re.compile(
    r"\b(?:total\sof|remaining|all)\s$|\bnumber\sof\s[^.;:()]{1,60}\s(?:was|were|is)\s$",
    re.IGNORECASE,
)
_IN_BRACKET = re.compile(
    r"\s(?:[A-Za-z-]{1,20}\s){0,4}(?:patients|participants|respondents|adults|children|women|men|people|"
    r"individuals|subjects|students|nurses|physicians|doctors|residents|cases|surgeons|providers|"
    r"clinicians|workers|staff|infants|adolescents|parents|caregivers)\s[(\[][^()\[\]]{0,80}",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_OF_THESE = re.compile(
    r"\b(?:of\s(?:whom|which|these|those|them|the\slatter)|among\s(?:these|those|them|whom|which))"
    r"\b[^.;()%\d]{0,60}$",
    re.IGNORECASE,
)
_SUBGROUP = re.compile(
    r"\b(?:among|of\sthose|of\sthese|of\sthe|in\sthe\s[\w\s-]{1,30}\sgroup|(?:in|for)\s(?:those|women|"
    r"men|boys|girls|children|patients|cases|participants))\b",
    re.IGNORECASE,
)
_OWN_WHOLE = re.compile(
    r"\s?\)?\s?(?:of|among|in)\s(?:the\s|all\s|these\s|those\s|our\s|their\s)?(?P<noun>[\w-]{2,24})",
    re.IGNORECASE,
)
_SAME = ("respondent", "participant", "them", "whom", "sample", "cohort", "case", "subject")
_ALL = re.compile(
    r"\s(?:\w+\s){0,2}(?:participants|respondents|subjects|responders)\b", re.IGNORECASE
)
_DIRECT = ("of", "among", "amongst", "from", "for")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_VERB = re.compile(
    r"\s(?:\w+ly\s)?(?:were|was|had|have|has|did|received|reported|used|knew|agreed|completed|responded|"
    r"underwent|showed|met|died|attended|stated|performed|presented|required|developed|returned|"
    r"participated|accepted|declined|said|felt|provided|followed|got|took|answered|failed|tested)\b",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(r"[^.;%\d]{1,140},\s(?:only\s|just\s|about\s|at\sleast\s|a\stotal\sof\s)?$")


_BOUND_BEFORE = tuple(
    (sign, re.compile(rf"(?:\b(?:{words})|[{signs}])\s?$", re.IGNORECASE))
    for sign, words, signs in (
        (
            "<",
            r"less\sthan|fewer\sthan|under|below|at\smost|up\sto|lower\sthan|no\smore\sthan",
            "<≤⩽",
        ),
        (
            ">",
            r"more\sthan|over|above|at\sleast|exceed\w*|greater\sthan|upwards?\sof|well\sover",
            ">≥⩾",
        ),
        (
            "~",
            (
                r"about|around|approximately|approx\.|almost|nearly|roughly|some|close\sto|"
                r"an\sestimated|estimated(?:\sat|\sto\sbe)?"
            ),
            "~≈∼",
        ),
    )
)


class _Frame(NamedTuple):
    """A number that later rates may be a share of."""

    start: int
    end: int
    number: int
    noun: str
    everybody: bool
    """Whether it counts those who took part, whatever they are called later."""
    direct: bool
    """Whether the sentence says "of so many", "among so many"."""


def completed(text: str, drafts: list[Atom], counts: list[Atom]) -> tuple[Rate, ...]:
    """Finish rates: denominators from elsewhere in the sentence, who and when.

    Parameters
    ----------
    text : str
        The sentence.
    drafts : list of Atom
        Percentages, fractions and shares in words, in order.
    counts : list of Atom
        Counts that belong to none of them.

    Returns
    -------
    tuple of Rate
    """
    frames = _frames(text, drafts, counts)
    drafts = _counted(text, drafts, counts, frames)
    done = [_framed(text, draft, drafts, frames, counts) for draft in drafts]
    whose, when = subjects(text, done), times(text, done)
    return tuple(
        _rate(text, draft, who, time) for draft, who, time in zip(done, whose, when, strict=True)
    )


def _frames(text: str, drafts: list[Atom], counts: list[Atom]) -> list[_Frame]:
    """Numbers that the sentence offers as wholes, in order."""
    found = []
    for atom in counts:
        start = atom.numerator_at.start if atom.numerator_at else atom.start
        before, after = text[max(0, start - 48) : start], text[atom.end : atom.end + 90]
        opening = _OPENING.search(before)
        named = bool(_NAMED.search(before))
        direct = bool(opening and opening["word"].lower() in _DIRECT)
        told = named or _COUNTED_BEFORE.search(text[max(0, start - 90) : start])
        if not (opening or told or _TAKING_PART.match(after)):
            continue
        if opening and not direct and not _WORD.match(after.lstrip()):
            continue
        noun = _noun(before, last=True) if named else _noun(after)
        if atom.numerator is not None and atom.numerator > 1:
            everybody = bool(_ALL.match(after))
            found.append(_Frame(atom.start, atom.end, atom.numerator, noun, everybody, direct))
    for draft in drafts:
        if draft.denominator and draft.denominator_at and draft.numerator is None:
            # "61% of the 33 children, and 12%"
            noun = _noun(text[draft.end : draft.end + 60])
            found.append(_Frame(*draft.denominator_at, draft.denominator, noun, False, False))
        if not draft.numerator:
            continue
        # "361 (21%) responded; 16% reported", "Of the 110 (40%) respondents, 87% knew": what
        # follows is a share of these.
        opening = _OPENING.search(text, max(0, draft.start - 48), draft.start)
        direct = bool(opening and opening["word"].lower() in _DIRECT)
        after = text[draft.end : draft.end + 60]
        if direct or _ANSWERED.match(after):
            number = draft.numerator
            found.append(_Frame(draft.start, draft.end, number, _noun(after), True, direct))
    return sorted(found)


def _noun(text: str, last: bool = False) -> str:
    """The word that says what is counted, roughly: singular, small letters."""
    # The last clause before a number in brackets, the first after a plain one.
    words = _WORD.findall(re.split(r"[,.;:()]", text.rstrip(" ([nN="))[-1 if last else 0])
    if not words:
        return ""
    word: str = words[-1] if last else words[0]
    return word.lower().rstrip("s")


def _counted(text: str, drafts: list[Atom], counts: list[Atom], frames: list[_Frame]) -> list[Atom]:
    """Shares told by counts alone: "Of 75 nurses, 12 knew", "20 were asked, of whom 12 came"."""
    wholes = {frame.start: frame for frame in frames}
    more: list[Atom] = []
    for before, count in pairwise(counts):
        gap = text[before.end : count.start]
        frame = wholes.get(before.start)
        n = count.numerator or 0
        if any(before.end <= d.start < count.end for d in drafts) or not _VERB.match(
            text[count.end : count.end + 40]
        ):
            continue
        whole = frame.number if frame else before.numerator or 0
        said = (frame and frame.direct and _LEAD_IN.fullmatch(gap)) or re.search(
            r"\bof\s(?:whom|which)\s(?:only\s)?$", gap
        )
        if said and 0 < n <= whole:
            more.append(
                Atom("fraction", count.start, count.end, numerator=n, denominator=whole,
                     numerator_at=count.numerator_at, denominator_at=before.numerator_at)
            )  # fmt: skip
    return sorted([*drafts, *more], key=lambda draft: draft.start)


def _framed(
    text: str, draft: Atom, drafts: list[Atom], frames: list[_Frame], counts: list[Atom]
) -> Atom:
    """Give a rate the number that it is a share of, where the sentence tells it elsewhere."""
    if draft.denominator is not None or draft.value is None:
        return draft
    n, value = draft.numerator, draft.value
    earlier = [d for d in drafts if d.end <= draft.start]
    lead = text[earlier[-1].end if earlier else 0 : draft.start]
    if _OF_THESE.search(lead):
        told = earlier or [c for c in counts if c.end <= draft.start]
        last = told[-1] if told else draft
        if not last.numerator or last is draft:
            return draft
        fits = n is not None or _feasible(value, last.numerator, draft.unit)
        return _given(draft, last.numerator, last.numerator_at) if fits else draft
    if n is None:
        for count in counts:
            # 60 patients (40% male
            inside = _IN_BRACKET.fullmatch(text, count.end, draft.start)
            if inside and count.numerator and _feasible(value, count.numerator, draft.unit):
                return _given(draft, count.numerator, count.numerator_at)
    before = [frame for frame in frames if frame.end <= draft.start]
    own = _OWN_WHOLE.match(text, draft.end)
    for frame in reversed(before[-3:]):
        whole = Span(*(_digits(text, frame)))
        if n is not None:
            fits = agree(value, n, frame.number, draft.unit)
            first = frame.direct and not any(d.start >= frame.end for d in earlier)
            if fits or (first and n <= frame.number):
                return _given(draft, frame.number, whole)
            continue
        between = text[frame.end : draft.start]
        if _SUBGROUP.search(between[-60:] if not frame.direct else re.sub(r"^[^,]*,", "", between)):
            return draft
        everybody = frame.direct and frame.everybody
        if own and not everybody and not _same_noun(own["noun"], frame.noun):
            return draft
        if not own and re.match(r"\s(?:in|among|of)\s", text[draft.end : draft.end + 8]):
            return draft
        # After a semicolon only those who took part still are the whole.
        still = ";" not in _BRACKETED.sub("", between)[:-1] or _TAKING_PART.match(
            text[frame.end : frame.end + 90]
        )
        if still and _feasible(value, frame.number, draft.unit):
            return _given(draft, frame.number, whole)
        return draft
    if n is not None and n >= 10:
        # The only number printed before that gives this percentage.
        wholes = {c.numerator: c.numerator_at for c in (*counts, *earlier) if c.end <= draft.start}
        wholes |= {d.denominator: d.denominator_at for d in earlier}
        fitting = [
            (number, place)
            for number, place in wholes.items()
            if number and number > n and agree(value, n, number, draft.unit)
        ]
        if len(fitting) == 1:
            return _given(draft, *fitting[0])
    return draft


def _digits(text: str, frame: _Frame) -> tuple[int, int]:
    """The number itself, where a frame is a count with its percentage."""
    m = re.search(r"\d[\d,\s]*\d|\d", text[frame.start : frame.end])
    return (frame.start + m.start(), frame.start + m.end()) if m else (frame.start, frame.end)


def _given(draft: Atom, number: int | None, place: Span | None) -> Atom:
    if number is None or (draft.numerator or 0) > number:
        return draft
    return draft._replace(denominator=number, denominator_at=place)


def _same_noun(one: str, other: str) -> bool:
    one = one.lower().rstrip("s")
    return one == other or one in _SAME


def _feasible(value: float, whole: int, unit: float) -> bool:
    """Whether some count out of ``whole`` rounds to the percentage."""
    near = value * whole / 100
    return any(agree(value, n, whole, unit) for n in (int(near), int(near) + 1))


def _rate(text: str, draft: Atom, who: Span | None, when: Span | None) -> Rate:
    """Write a rate."""
    value, agrees = draft.value, None
    n, of = draft.numerator, draft.denominator
    if n is not None and of:
        if draft.kind == "percent" and value is not None:
            agrees = agree(value, n, of, draft.unit)
        elif value is None and draft.low is None:
            value = round(100 * n / of, 4)
    kind = draft.kind if draft.kind != "count" else "fraction"
    return Rate(
        value, n, of, draft.start, draft.end, kind, agrees, draft.low, draft.high, draft.limits,
        _bound_of(text, draft.start), draft.numerator_at, draft.denominator_at, who, when,
    )  # fmt: skip


def _bound_of(text: str, start: int) -> str | None:
    """Whether the words before a number say more than, less than, or about."""
    before = text[max(0, start - 24) : start]
    return next((sign for sign, words in _BOUND_BEFORE if words.search(before)), None)
