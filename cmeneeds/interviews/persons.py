"""Take out of running text what tells who somebody is.

The kinds follow the identifiers of the HIPAA safe harbour (45 CFR 164.514(b)(2)), as far as forms
of words can show them. A text that went through here is not thereby anonymous: a name that nothing
marks as one ("Maria told me") cannot be told from other words, so the writer reads it once more.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from cmeneeds.learner_data.identifiers import BIRTH, KNOWN_NUMBERS, RECORD, anywhere

_CAP = r"[^\W\d_a-zß-öø-ÿ][\w'’-]{0,30}"
_PARTICLE = r"(?:van|von|der|den|de|del|della|da|di|la|le|bin|al|ter|ten|zu)"
_NAME = (
    rf"(?:[A-Z]\.[ ]?){{0,3}}(?:{_PARTICLE}[ ]){{0,2}}{_CAP}"
    rf"(?:[ ](?:[A-Z]\.|{_PARTICLE}|{_CAP})){{0,3}}"
)
_ONE_LINE = r"[ \t]"
_TITLED = re.compile(
    rf"\b(?:Drs?|DR|Doctor|Prof|PROF|Professor|Mrs?|MRS?|Ms|MS|Miss|Mx|Mister|Sir|Dame|Frau|Herr|Señora?|"
    rf"Mme|Madame|Monsieur)\b\.?{_ONE_LINE}{{1,3}}(?P<name>{_NAME})"
)
_LABELLED = re.compile(
    r"^[ \t>*-]*(?:(?:full|first|last|family|given)[ ]name|name|names|initials|"
    r"(?:patient|interviewee|interviewer|speaker|respondent|participant|moderator|expert|"
    r"caregiver|contact)(?:['’]s)?[ ]name)[ \t]*[:=][ \t]*(?P<name>[^\n]{1,120})",
    re.IGNORECASE | re.MULTILINE,
)
_SPEAKING = re.compile(
    r"^[ \t>*-]*(?:Interviewee|Interviewer|Speaker|Respondent|Participant|Moderator|Expert|"
    r"Patient|Caregiver|Contact|Present|Interview with)[ \t]*:?[ \t]*"
    rf"(?P<name>{_CAP}(?:[ ][A-Z]\.)?[ ]{_CAP})[ \t]*(?=$|[,;(])",
    re.MULTILINE,
)
_CALLED = re.compile(
    rf"\b(?:[Mm]y name is|[Nn]amed|[Hh](?:is|er) name is|[Ii] am called|I['’]m|I am)[ ]"
    rf"(?P<name>{_CAP}(?:[ ]{_CAP}){{1,2}})"
)
_DEGREE = re.compile(
    rf"(?P<name>{_CAP}(?:[ ][A-Z]\.?)?[ ]{_CAP}),?[ ]?"
    r"(?:M\.?D\.?|D\.?O\.?|R\.?N\.?|N\.?P\.?|PA|PA-C|PharmD|MBBS|MBChB|Ph\.?D\.?|DNP|FNP|MSN|MPH|FACP)(?![\w])"
)
_TELEPHONE = re.compile(
    r"(?<![\d.,])(?:\+\d{1,3}(?:[ ().-]{0,2}\d){7,12}|"
    r"\(?0\d{2,5}\)?[ /.-]\d{3,8}(?:[ .-]\d{2,6}){0,2})(?![\d.]*\d)"
)
_ACCOUNT = re.compile(
    r"\b(?:https?://)?(?:www\.)?(?:linkedin|facebook|instagram|twitter|x|tiktok)\.com/[^\s)\]]{1,80}|"
    r"(?<![\w@.])@[A-Za-z][\w.]{2,30}",
    re.IGNORECASE,
)
_E_MAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,24}\b", re.IGNORECASE
)
_STREET = re.compile(
    r"(?<![\d.,])\d{1,5}[ ](?:[A-Z][\w'’-]{1,20}[ ]){1,3}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Boulevard|Blvd|Court|Close|Square|Terrace|Crescent)\b\.?"
)
_LARGE = (
    "The This That These Those And But For With From Who What When Where Why How Yes No Not "
    "She He They We You It Is Was Said Says Thinks Our Their Type Diabetes Heart Cancer "
    "Kidney Department Clinic Hospital Practice University Center Centre Medical General "
    "Family Nurse Physician Doctor Patient January February March April May June July August "
    "September October November December Monday Tuesday Wednesday Thursday Friday Saturday "
    "Sunday "
)
_NO_NAME = frozenset(_LARGE.split())
"""Words that are written large without being part of a name."""

NAME = "name"
_KINDS = {
    "a social security number": "social security number",
    "a telephone number": "telephone number",
    "an IP address": "network address",
    "the number of a person or record": "record number",
}
_MARK = re.compile(r"\[[a-z -]{1,30} removed\]")


class Cleaned(NamedTuple):
    """A text without identifiers."""

    text: str
    removed: dict[str, int]
    """How many were replaced, by kind: ``name``, ``e-mail address`` ..."""


def without_persons(text: str) -> Cleaned:
    """Replace what tells who somebody is by ``[name removed]`` and the like.

    Parameters
    ----------
    text : str
        Running text; lines matter, because labels such as ``Name:`` speak for their line.

    Returns
    -------
    Cleaned
        Cleaning its text again changes nothing.

    Examples
    --------
    >>> text, removed = without_persons("Dr. Jane Doe (jane@example.org) said so. Doe was sure.")
    >>> text
    'Dr. [name removed] ([e-mail address removed]) said so. [name removed] was sure.'
    >>> removed
    {'e-mail address': 1, 'name': 2}
    """
    removed: Counter[str] = Counter()

    def cut(pattern: re.Pattern[str], kind: str) -> None:
        nonlocal text

        def put(m: re.Match[str]) -> str:
            if _MARK.search(m.group()):
                return m.group()
            removed[kind] += 1
            return f"[{kind} removed]"

        text = pattern.sub(put, text)

    cut(_E_MAIL, "e-mail address")
    cut(_ACCOUNT, "account")
    cut(BIRTH, "date of birth")
    cut(_STREET, "address")
    kept = [m.span() for m in KNOWN_NUMBERS.finditer(text)]
    text = _outside(text, kept, removed)
    text = _names(text, removed)
    return Cleaned(text, dict(sorted(removed.items())))


def _outside(text: str, kept: list[tuple[int, int]], removed: Counter[str]) -> str:
    """Replace numbers of people, but not the identifiers of publications and trials."""
    found: list[tuple[int, int, str]] = []
    patterns = [(_KINDS[k], p) for k, p in anywhere() if k in _KINDS]
    patterns += [("telephone number", _TELEPHONE), ("record number", RECORD)]
    taken = list(kept)
    for kind, pattern in patterns:
        for m in pattern.finditer(text):
            start, end = m.span()
            if not any(start < b and a < end for a, b in taken):
                taken.append((start, end))
                found.append((start, end, kind))
    for start, end, kind in sorted(found, reverse=True):
        text = f"{text[:start]}[{kind} removed]{text[end:]}"
        removed[kind] += 1
    return text


def _names(text: str, removed: Counter[str]) -> str:
    """Replace names that something marks as such, then every further mention of them."""
    spans: list[tuple[int, int]] = []
    parts: set[str] = set()
    for pattern in (_LABELLED, _TITLED, _SPEAKING, _CALLED, _DEGREE):
        for m in pattern.finditer(text):
            start, end = m.span("name")
            if pattern is not _LABELLED:
                end = start + _length(m["name"])
            name = text[start:end].rstrip()
            if not name or _MARK.search(name):
                continue
            spans.append((start, start + len(name)))
            parts |= {
                w
                for w in re.findall(r"[^\W\d_][\w'’-]{2,}", name)
                if w[0].isupper() and w not in _NO_NAME
            }
    if parts:
        again = "|".join(re.escape(w) for w in sorted(parts, key=lambda w: (-len(w), w)))
        spans += [
            m.span() for m in re.finditer(rf"(?<![\w-])(?:{again})(?![\w-])(?!\sremoved\])", text)
        ]
    merged: list[list[int]] = []
    for start, end in sorted(spans):
        if merged and (start < merged[-1][1] or not text[merged[-1][1] : start].strip(" ")):
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    for start, end in reversed(merged):
        text = f"{text[:start]}[{NAME} removed]{text[end:]}"
        removed[NAME] += 1
    return text


def _length(name: str) -> int:
    """How much of words written large is a name: up to the first that cannot be part of one."""
    end = 0
    for m in re.finditer(r"\S+", name):
        if m.group().strip(".,") in _NO_NAME:
            break
        end = m.end()
    return end
