"""Whose share a rate is, in the sentence's own words, and when.

Only words that name people or places of care are taken ("internists", "rural hospitals"); where
the sentence leaves open which of several groups a rate belongs to, it belongs to none.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cmeneeds.evidence.rate_parts import Atom, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

_PEOPLE = (
    r"(?:patients?|women|men|males|females|boys|girls|adults|children|adolescents|infants|"
    r"newborns|neonates|youths?|teenagers|persons|people|individuals|participants|respondents|"
    r"responders|subjects|students|residents|trainees|interns|fellows|graduates|nurses|midwives|"
    r"physicians|doctors|clinicians|surgeons|practitioners|GPs|PCPs|prescribers|providers|"
    r"professionals|workers|HCWs|HCPs|staff|personnel|teachers|faculty|pharmacists|dentists|"
    r"therapists|specialists|experts|consultants|teams|caregivers|carers|mothers|fathers|parents|"
    r"families|households|residents|decedents|survivors|users|smokers|veterans|veteran|recipients|"
    r"donors|volunteers|members|beneficiaries|enrollees|adopters|attendees|candidates|population|"
    r"hospitals?|centers|centres|clinics|practices|facilities|institutions|units|departments|"
    r"programs|programmes|schools|countries|states|sites|homes|pharmacies|centers|"
    r"Blacks|Whites|Hispanics|Latinos|Latinas|Asians|Americans|Caucasians|Africans|Europeans|"
    r"oncologists|[a-z]{2,14}(?:ologists|iatrists|iatricians|ternists|icians|etists))"
)
_WHO = re.compile(rf"(?<![\w-])(?:[A-Za-z][\w/'’-]*\s){{0,3}}?{_PEOPLE}(?![\w-])", re.IGNORECASE)
_HEAD = re.compile(rf"(?<![\w-]){_PEOPLE}(?![\w-])", re.IGNORECASE)
_NO_PART = re.compile(
    r"^(?:(?:the|a|an|all|our|these|those|their|its|and|or|of|in|among|than|to|for|by|with|from|"
    r"while|whereas|when|that|were|was|are|is|had|have|only|nearly|almost|most|many|some|"
    r"between|compared|versus|vs|more|fewer|less|as|at|on|both|other|overall|total|we|if|because|"
    r"however|but|who|which|did|not|no|per|within|across|over|under|out|about|included|"
    r"including|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?|hundred|"
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w{3,5}teen|percent|(?!family|elderly|early)\w+ly|\w+ing|received|reported|more)\s)+",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[)\]]?\s(?:of|among|amongst|in|for)\s", re.IGNORECASE)
_TOGETHER = re.compile(
    r"(?:\s[a-z-]{2,16}){1,3}\s(?:vs\.?|versus)\s|"
    r"[)\]%]?\s?(?:\([^()]{0,30}\)\s?)?(?:,|;|"
    r",?\s?(?:and|or|vs\.?|versus|v\.?|compared\s(?:with|to)))\s?"
    r"(?:in\s|for\s|of\s|only\s|(?:n\s?=\s?)?[(\[])?$",
    re.IGNORECASE,
)
_AGAINST = re.compile(r"\b(?:vs\.?|versus|v\.?|compared|than)(?=\s)", re.IGNORECASE)
_JOINT = re.compile(
    r"[\s,]{0,3}(?:and|or|vs\.?|versus|to|with|than)?\s?(?:the\s|in\s|by\s)?$", re.IGNORECASE
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_YEAR = rf"(?:{_MONTH}\.?,?\s(?:\d{{1,2}},?\s)?)?(?:19|20)\d\d(?:[-–]\d{{2,4}}|Q[1-4])?(?![\d%])"
_TIME = re.compile(
    rf"\b(?:(?:from|between)\s{_YEAR}\s?(?:to|and|until|through|[-–])\s?{_YEAR}|"
    rf"(?:in|during|since|by|until|before|after|throughout|for)\s{_YEAR}|(?<=[(\[]){_YEAR}(?=[)\],;])|"
    r"(?:at|after|within|by)\s(?:\d{1,3}|one|two|three|six|twelve)[-\s]"
    r"(?:hours?|days?|weeks?|months?|years?)\b|at\s(?:baseline|follow-?up|discharge)\b)",
    re.IGNORECASE,
)


def subjects(text: str, rates: Sequence[Atom]) -> list[Span | None]:
    """Find whose share each rate is.

    Parameters
    ----------
    text : str
        The sentence.
    rates : sequence of Atom
        Its rates, in order.

    Returns
    -------
    list of Span or None
        As long as ``rates``; each span counts in the sentence.

    Notes
    -----
    In this order: words inside the rate ("1,484 women (64 %)"); "42 % of internists"; those
    counted in the denominator ("Of 187 patients"); the group right before a bracket ("Hispanics
    (19 %)"); as many groups as rates, told in the same order
    ("women and men (42 % and 31 %)", "respectively"); the only group named since the rate before;
    the group of that rate, if none was. Two rates set against each other have none where the
    sentence does not name as many groups.
    """
    if not rates:
        return []
    groups = _groups(text)
    found: list[Span | None] = [_beside(text, rate, groups) for rate in rates]
    open_ended: set[int] = set()
    for run in _runs(text, rates):
        if len(run) == 1:
            continue
        spans = _in_order(text, rates, run, groups)
        against = _AGAINST.search(text[rates[run[0]].end : rates[run[-1]].start])
        if spans or (against and len({found[at] for at in run}) == 1):
            # "In women (22% vs 42%)" leaves open whose the second is.
            for n, at in enumerate(run):
                found[at] = spans[n] if spans else None
                open_ended.add(at)
        elif against:
            open_ended.update(run)
        else:
            # "38% and 33% of patients"
            for at in run:
                found[at] = found[at] or found[run[-1]]
    for at, rate in enumerate(rates):
        if found[at] is None and at not in open_ended:
            before = rates[at - 1] if at else None
            found[at] = _elsewhere(rate, before, found[at - 1] if at else None, groups)
    return found


def times(text: str, rates: Sequence[Atom]) -> list[Span | None]:
    """Find when each rate was so: the nearest time after it, else right before, else the only one.

    Parameters
    ----------
    text, rates
        As for :func:`subjects`.
    """
    spans = [Span(*m.span()) for m in _TIME.finditer(text)] if rates else []
    found: list[Span | None] = []
    for at, rate in enumerate(rates):
        start = rates[at - 1].end if at else 0
        stop = rates[at + 1].start if at + 1 < len(rates) else len(text)
        after = [s for s in spans if rate.end <= s.start < min(stop, rate.end + 60)]
        before = [s for s in spans if max(start, rate.start - 30) <= s.start < rate.start]
        only = spans if len(spans) == 1 else []
        found.append(next(iter((after or before[-1:] or only)[:1]), None))
    return found


def _groups(text: str) -> list[Span]:
    """Words that name people or places of care, in order."""
    found: list[Span] = []
    for m in _HEAD.finditer(text):
        floor = max(found[-1].end if found else 0, m.start() - 40)
        lead = re.search(r"(?:(?<=[\s(])|^)(?:[A-Za-z][\w/'’-]*\s){0,3}$", text[floor : m.start()])
        start = floor + lead.start() if lead else m.start()
        dropped = _NO_PART.match(text[start : m.start()])
        # Cut at the last small word, so that "than in the rural" leaves "rural".
        words = text[start : m.start()].split(" ")[:-1]
        small = [n for n, word in enumerate(words) if _NO_PART.match(f"{word} ")]
        if small:
            start += sum(len(word) + 1 for word in words[: small[-1] + 1])
        elif dropped:
            start += dropped.end()
        found.append(Span(start, m.end()))
    return found


def _beside(text: str, rate: Atom, groups: list[Span]) -> Span | None:
    """The group inside a rate, right after it, in its whole, or right before its bracket."""
    for group in groups:
        if rate.start <= group.start and group.end <= rate.end:
            return group
    after = _AFTER.match(text, rate.end)
    for group in groups:
        if after and after.end() <= group.start <= after.end() + 28:
            between = text[after.end() : group.start]
            if not re.search(r"[\d,;:()]|\b(?:who|that|by|with)\b", between):
                return group
    whole = rate.denominator_at
    for group in groups:
        # Of 187 patients; respondents (n = 102)
        if whole and (
            whole.end <= group.start <= whole.end + 24
            or re.fullmatch(r"\s?\(n\s?=\s?", text[group.end : whole.start][:8], re.IGNORECASE)
        ):
            return group
    opened = re.search(r"\s?[(\[]\s?(?:n\s?=\s?)?$", text[max(0, rate.start - 8) : rate.start])
    if opened:
        place = max(0, rate.start - 8) + opened.start()
        for group in groups:
            if group.end == place:
                return group
    direct = text[rate.end : rate.end + 24]
    for group in groups:
        # 249 (61%) patients
        if re.fullmatch(r"[)\]]?\s", direct[: max(0, group.start - rate.end)]):
            return group
    return None


def _runs(text: str, rates: Sequence[Atom]) -> list[list[int]]:
    """Rates that stand together: ``46% and 54% vs. 41%``."""
    runs = [[0]]
    for at, (one, then) in enumerate(pairwise(rates), 1):
        if _TOGETHER.fullmatch(text[one.end : then.start]):
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _in_order(text: str, rates: Sequence[Atom], run: list[int], groups: list[Span]) -> list[Span]:
    """As many groups as rates, in the same clause; none if they are not as many."""
    start, end = rates[run[0]].start, rates[run[-1]].end
    before = [g for g in groups if g.end <= start and not re.search(r"[;:%]", text[g.end : start])]
    tail = re.match(r"[^;:.%]{0,160}?\brespectively\b", text[end:], re.IGNORECASE)
    after = [g for g in groups if tail and end <= g.start < end + tail.end()]
    for named in (_last_joined(text, after, len(run)), before):
        if len(named) == len(run):
            return named
    return []


def _last_joined(text: str, groups: list[Span], wanted: int) -> list[Span]:
    """The last so many groups, if they are joined by "and" or commas."""
    last = groups[-wanted:]
    joined = all(_JOINT.fullmatch(text[a.end : b.start]) for a, b in pairwise(last))
    return last if joined else []


def _elsewhere(
    rate: Atom, before: Atom | None, whose: Span | None, groups: list[Span]
) -> Span | None:
    """A group that is named further off, if only one can be meant."""
    since = [g for g in groups if (before.end if before else 0) <= g.start and g.end <= rate.start]
    if before and whose and not since:
        return whose
    return since[0] if len(since) == 1 else None
