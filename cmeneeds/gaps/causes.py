"""What a sentence names as a cause, coded to Cabana and to COM-B with its theoretical domain.

The words and what they mean are data: ``data/causes.yaml``, with the sources of both models. A
sentence that names several causes has several codes; one with no word that the file knows has
none, for a cause is never guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import yaml

from cmeneeds.evidence.lexicon import required_strings

Addressable = Literal["yes", "partly", "no"]

NOT_CODED: Final = "not coded"
"""What a cell says where a cause was found, but no word in it is known."""

LONGEST_SENTENCE = 5000
"""Characters that are read of a sentence; real ones are far shorter."""

_BY_PATIENTS: Final = "external: patient"
_PATIENTS: Final = " (patients)"


@dataclass(frozen=True)
class CauseCode:
    """A cause that a sentence names.

    Attributes
    ----------
    name : str
        Key in ``data/causes.yaml``, such as ``time``.
    cabana : str
        Group and factor: ``knowledge: awareness``, ``external: environment (time)``.
    com_b : str
        Component, such as ``physical opportunity``.
    tdf : str
        One of the fourteen domains of the Theoretical Domains Framework.
    addressable : {"yes", "partly", "no"}
        Whether education can close it.
    reason : str
        Why, in words; no full stop.
    strategy : str
        A proposal for what to do beside or instead of education; may be empty.
    start, end : int
        Characters of the sentence that gave the code, half-open.
    of_patients : bool
        Whether it is patients' own knowledge or attitude that the sentence speaks of.
    """

    name: str
    cabana: str
    com_b: str
    tdf: str
    addressable: Addressable
    reason: str
    strategy: str
    start: int = 0
    end: int = 0
    of_patients: bool = False

    @property
    def group(self) -> str:
        """``knowledge``, ``attitude`` or ``external``."""
        return self.cabana.partition(":")[0]

    @property
    def com_b_code(self) -> str:
        """Component and domain in one cell."""
        return f"{self.com_b} ({self.tdf})"


def code_cause(text: str, level: str = "", actor: str = "") -> tuple[CauseCode, ...]:
    """Code a sentence that explains a shortfall.

    Parameters
    ----------
    text : str
        The sentence. Only its first :data:`LONGEST_SENTENCE` characters are read.
    level : str
        ``K C P O S`` or empty; ``O`` says, like ``actor``, that it is about patients.
    actor : str
        ``clin``, ``pat``, ``sys`` or empty. Of patients, knowledge and attitudes are coded as
        Cabana's patient factor: that model explains what professionals do.

    Returns
    -------
    tuple of CauseCode
        Each code once, in order of place; empty if no word is known or the sentence denies them.

    Examples
    --------
    >>> [c.cabana for c in code_cause("Nurses named lack of time and low awareness.")]
    ['external: environment (time)', 'knowledge: awareness']
    >>> code_cause("The weather was to blame.")
    ()
    """
    text = text[:LONGEST_SENTENCE]
    table = _table()
    lower = text.casefold()
    closed = [span for words in table.effect for span in words.spans(text, lower)]
    closed += _denied(text, table)
    announced = table.announces.search(text)
    traits = [m.span() for m in table.demographic.finditer(text)]
    least = table.demographic_list["associated" if table.association.search(text) else "otherwise"]
    if len({text[a:b].casefold() for a, b in traits}) < least:
        traits = []
    found: list[CauseCode] = []
    for code, patterns, listed in table.codes:
        for words in (*patterns, *listed) if announced else patterns:
            for start, end in words.spans(text, lower):
                if any(a <= start and end <= b for a, b in traits):
                    continue
                if not any(a <= start < b for a, b in closed):
                    found.append(replace(code, start=start, end=end))
    whole = [c for c in found if not any(_swallows(o, c, text) for o in found)]
    first: dict[str, CauseCode] = {}
    taken: set[tuple[int, int]] = set()
    for code in sorted(whole, key=lambda c: (c.start, c.end)):
        if (code.start, code.end) not in taken:
            first.setdefault(code.name, code)
            taken.add((code.start, code.end))
    of_patients = _speaks_of_patients(level, actor)
    return tuple(_of_patients(c, table) if of_patients else c for c in first.values())


def code_named(name: str, level: str = "", actor: str = "") -> CauseCode:
    """Return the code of a name in ``data/causes.yaml``, as :func:`code_cause` would.

    Raises
    ------
    KeyError
        If the file has no such code.
    """
    table = _table()
    code = {c.name: c for c, *_ in table.codes}[name]
    return _of_patients(code, table) if _speaks_of_patients(level, actor) else code


_LONGEST_TAIL: Final = 6
_TAIL = re.compile(r"\s+([^\s,;:.()\[\]“”\"]+)(?=\s|[,;:.)\]](?:\s|$)|$)")
_VERBS_AND_JOINTS = (
    "was were is are be been and or but which that who as may might can could will would has have "
    "had did does do among than when while because if remained"
)
_ENDS_PHRASE = frozenset(_VERBS_AND_JOINTS.split())


def quotation(text: str, code: CauseCode) -> str:
    """Quote the words of a code with the few that end their phrase.

    Examples
    --------
    >>> text = "Concern about the safety of the vaccine was frequent."
    >>> quotation(text, code_cause(text)[0])
    'Concern about the safety of the vaccine'
    """
    end = code.end
    for _ in range(_LONGEST_TAIL):
        following = _TAIL.match(text, end)
        if following is None or following[1].casefold() in _ENDS_PHRASE:
            break
        end = following.end()
    # A preposition or article is no end.
    return re.sub(
        r"(?:\s+(?:the|a|an|of|to|in|on|for|with|by|from|at))+$", "", text[code.start : end]
    )


def codes_of(cell: str) -> tuple[CauseCode, ...]:
    """Read the cell ``cause_codes`` of the gap table; names that are no codes are passed over.

    Examples
    --------
    >>> [c.cabana for c in codes_of("time; awareness (patients)")]
    ['external: environment (time)', 'external: patient']
    """
    known = cause_wording()["codes"]
    names = [(n.removesuffix(_PATIENTS), n.endswith(_PATIENTS)) for n in cell.split("; ")]
    return tuple(code_named(n, actor="pat" if p else "") for n, p in names if n in known)


def _swallows(outer: CauseCode, inner: CauseCode, text: str) -> bool:
    """Whether a code lies within a longer one: the "fear" in "fear of side effects" is no cause.

    In an enumeration ("lack of time and staff") it is one.
    """
    longer = outer.end - outer.start > inner.end - inner.start
    within = longer and outer.start <= inner.start and inner.end <= outer.end
    return within and not _ENUMERATES.search(text, outer.start, outer.end)


def _speaks_of_patients(level: str, actor: str) -> bool:
    return actor == "pat" or (level == "O" and actor != "clin")


def cause_cells(codes: Iterable[CauseCode], *, found: bool = True) -> dict[str, str]:
    """Write codes as cells of the gap table.

    Parameters
    ----------
    codes : iterable of CauseCode
        Of one sentence, or of all causes of a row.
    found : bool
        Whether a cause was found at all: if not, the cells of its codes are empty.

    Returns
    -------
    dict
        ``cause_codes``, which :func:`codes_of` reads, ``cabana_code``, ``comb_code``,
        ``education_addressable``, ``addressable_reason`` and ``non_educational_strategy``. What
        several codes say is joined by ``; `` (reasons by ``. ``), each text once.
        ``education_addressable`` is ``yes`` or ``no`` if all codes agree, else ``partly``; it is
        ``unknown`` where no cause is coded.
    """
    codes = list(codes)
    told = {c.addressable for c in codes}
    if not codes:
        blank = NOT_CODED if found else ""
        return {
            "cause_codes": "",
            "cabana_code": blank,
            "comb_code": blank,
            "education_addressable": "unknown",
            "addressable_reason": "",
            "non_educational_strategy": "",
        }

    def joined(texts: Iterable[str]) -> str:
        return "; ".join(dict.fromkeys(t for t in texts if t))

    return {
        "cause_codes": joined(c.name + _PATIENTS * c.of_patients for c in codes),
        "cabana_code": joined(c.cabana for c in codes),
        "comb_code": joined(c.com_b_code for c in codes),
        "education_addressable": told.pop() if len(told) == 1 else "partly",
        "addressable_reason": ". ".join(dict.fromkeys(c.reason for c in codes)),
        "non_educational_strategy": joined(c.strategy for c in codes),
    }


@dataclass(frozen=True)
class _Words:
    """A pattern behind the short strings of which one must occur for it to match."""

    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    """Lower case; empty: unknown."""

    def spans(self, text: str, lower: str) -> list[tuple[int, int]]:
        """Where it matches."""
        if self.hints and not any(hint in lower for hint in self.hints):
            return []
        return [m.span() for m in self.pattern.finditer(text)]


@dataclass(frozen=True)
class _Table:
    """``data/causes.yaml``, compiled."""

    codes: tuple[tuple[CauseCode, tuple[_Words, ...], tuple[_Words, ...]], ...]
    announces: re.Pattern[str]
    denied: tuple[re.Pattern[str], ...]
    effect: tuple[_Words, ...]
    demographic: re.Pattern[str]
    demographic_list: dict[str, int]
    """How many traits make a list, where the sentence reports an association and otherwise."""
    association: re.Pattern[str]
    patients_reason: str
    patients_strategy: str


@cache
def cause_wording() -> dict[str, Any]:
    """Read ``data/causes.yaml``."""
    data: dict[str, Any] = yaml.safe_load(
        (files("cmeneeds.data") / "causes.yaml").read_text("utf-8")
    )
    return data


@cache
def _table() -> _Table:
    data = cause_wording()

    def compiled(patterns: list[str]) -> tuple[_Words, ...]:
        return tuple(_Words(re.compile(p, re.IGNORECASE), required_strings(p)) for p in patterns)

    codes = []
    for name, entry in data["codes"].items():
        code = CauseCode(
            name,
            entry["cabana"],
            entry["com_b"],
            entry["tdf"],
            entry["addressable"],
            entry["reason"],
            entry.get("strategy", ""),
        )
        codes.append((code, compiled(entry["patterns"]), compiled(entry.get("listed", []))))
    return _Table(
        tuple(codes),
        re.compile(data["announces"], re.IGNORECASE),
        tuple(re.compile(p, re.IGNORECASE) for p in data["denied"]),
        compiled(data["effect"]),
        re.compile(data["demographic"], re.IGNORECASE),
        data["demographic_list"],
        re.compile("|".join(data["association"]), re.IGNORECASE),
        data["patients"]["reason"],
        data["patients"]["strategy"],
    )


def _of_patients(code: CauseCode, table: _Table) -> CauseCode:
    """Read a code of professionals as one of patients."""
    if code.group == "external":
        return code
    return replace(
        code,
        cabana=_BY_PATIENTS,
        addressable="partly",
        reason=table.patients_reason,
        strategy=table.patients_strategy,
        of_patients=True,
    )


_ENUMERATES = re.compile(r",|\b(?:and|or)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"[;:.]\s|\b(?:but|however|whereas|while|although|though|yet)\b", re.IGNORECASE
)


def _denied(text: str, table: _Table) -> list[tuple[int, int]]:
    """Clauses that say of something that it is no cause."""
    borders = [0, *(m.start() for m in _CLAUSE.finditer(text)), len(text)]
    return [
        (a, b)
        for a, b in itertools.pairwise(borders)
        if any(p.search(text, a, b) for p in table.denied)
    ]
