"""Cue words: what in a sentence speaks of a practice gap, a recommendation, or neither.

The patterns are data (``cmeneeds/data/lexicon.yaml``). They are read and compiled once, at first
use, and run behind a filter: most patterns cannot match unless one of a few short strings occurs
in the sentence, and looking for those costs far less than running the pattern.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module, resources
from typing import Any, Literal, NamedTuple

Group = Literal["gap", "research_gap", "method", "recommendation", "quantifier", "audience"]

LONGEST_SENTENCE = 5000
"""Cues are looked for in the first so many characters of a sentence; real sentences are far
shorter, and the time that a hostile one can take stays bounded."""


class Cue(NamedTuple):
    """A cue and where it stands in the sentence."""

    group: Group
    """What kind of statement it speaks for."""
    name: str
    """Name in the lexicon, such as ``underuse`` or ``strong_for``."""
    level: str | None
    """For a gap: K knowledge, C competence, P performance, O patient outcome, S system."""
    weight: float
    """How strongly it speaks, as the lexicon says."""
    start: int
    """First character, counted in the sentence."""
    end: int
    """One past the last character."""


class _Rule(NamedTuple):
    """A compiled pattern and what a match of it means."""

    group: Group
    name: str
    level: str | None
    weight: float
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    """Lower-case strings of which one must occur for the pattern to match; empty: unknown."""


class _Lexicon(NamedTuple):
    """All rules, compiled."""

    rules: tuple[_Rule, ...]
    vetoes: tuple[_Rule, ...]


def cues(text: str) -> tuple[Cue, ...]:
    """Find the cues in a sentence.

    Parameters
    ----------
    text : str
        A sentence or title. Only its first :data:`LONGEST_SENTENCE` characters are read.

    Returns
    -------
    tuple of Cue
        In order of place, then of name. Each pattern counts once. Cues that overlap a biological
        or technical homonym ("gap junction", "lung compliance") are left out.

    Examples
    --------
    >>> [cue.name for cue in cues("Foot examination was underused.") if cue.group == "gap"]
    ['underuse']
    >>> cues("Loss of gap junctions was seen.")
    ()
    """
    text = text[:LONGEST_SENTENCE]
    lower = text.lower()
    lexicon = _lexicon()
    barred: list[tuple[int, int]] | None = None
    found = set()
    for rule in lexicon.rules:
        for hint in rule.hints:
            if hint in lower:
                break
        else:
            if rule.hints:
                continue
        for match in rule.pattern.finditer(text):
            start, end = match.span()
            if rule.group != "quantifier" and rule.group != "audience":
                if barred is None:
                    barred = _spans(lexicon.vetoes, text, lower)
                if any(start < b and a < end for a, b in barred):
                    continue
            found.add(Cue(rule.group, rule.name, rule.level, rule.weight, start, end))
            break
    return tuple(sorted(found, key=lambda cue: (cue.start, cue.end, cue.group, cue.name)))


def _spans(rules: tuple[_Rule, ...], text: str, lower: str) -> list[tuple[int, int]]:
    """Where any of the rules match."""
    return [
        match.span()
        for rule in rules
        if not rule.hints or any(hint in lower for hint in rule.hints)
        for match in rule.pattern.finditer(text)
    ]


@cache
def _lexicon() -> _Lexicon:
    """Read and compile the lexicon; about a tenth of a second, once per process."""
    data = read_lexicon()
    rules: list[_Rule] = []
    for name, entry in data["gap"].items():
        level, weight = entry["level"], float(entry["weight"])
        rules += [_rule("gap", name, pattern, level, weight) for pattern in entry["patterns"]]
    for name, patterns in data["recommendation"].items():
        rules += [_rule("recommendation", name, pattern) for pattern in patterns]
    plain: tuple[tuple[Group, str, str], ...] = (
        ("research_gap", "research_gap", "research_gap_not_practice_gap"),
        ("method", "study_method", "method_statement"),
        ("quantifier", "quantifier", "quantifier"),
        ("audience", "audience", "audience"),
    )
    for group, name, key in plain:
        rules += [_rule(group, name, pattern) for pattern in data[key]["patterns"]]
    vetoes = [_rule("gap", "veto", pattern) for pattern in data["veto"]["patterns"]]
    return _Lexicon(tuple(rules), tuple(vetoes))


def read_lexicon() -> dict[str, Any]:
    """Return the lexicon as it stands in ``lexicon.yaml``, word lists for drafts included."""
    import yaml

    text = (resources.files("cmeneeds.data") / "lexicon.yaml").read_text(encoding="utf-8")
    # libyaml is five times as fast; some builds of PyYAML come without it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are safe
    return data


def _rule(
    group: Group, name: str, pattern: str, level: str | None = None, weight: float = 1.0
) -> _Rule:
    """Compile one pattern."""
    return _Rule(
        group, name, level, weight, re.compile(pattern, re.IGNORECASE), required_strings(pattern)
    )


_FEWEST_LETTERS = 3
_MOST_HINTS = 60


def alternatives_of(pattern: str) -> list[str]:
    """Split a pattern at its outermost bars.

    Examples
    --------
    >>> alternatives_of("low|(?:very|rather) few|none")
    ['low', '(?:very|rather) few', 'none']
    """
    parts, depth = [""], 0
    for sign in pattern:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def required_strings(pattern: str) -> tuple[str, ...]:
    """Strings of which every match of ``pattern`` contains one, lower case; empty if unknown.

    They come from the parse tree of :mod:`re`, which is not public: without it (or with a tree of
    another shape) there are no hints, and everything works, only slower.
    """
    try:
        tree = import_module("re._parser").parse(pattern, re.IGNORECASE)
        return tuple(sorted(_required(tree) or ()))
    except (ImportError, AttributeError, TypeError, ValueError):
        return ()


def _required(tree: Any) -> set[str] | None:
    """Pick the most telling set of strings that a sequence of parse nodes requires."""
    best: set[str] | None = None
    run = ""

    def better(candidate: set[str] | None) -> None:
        nonlocal best
        if not candidate or len(candidate) > _MOST_HINTS:
            return
        shortest = min(map(len, candidate))
        if shortest < _FEWEST_LETTERS:
            return
        # Long and few strings filter best; length tells more than number.
        if best is None or (shortest, -len(candidate)) > (min(map(len, best)), -len(best)):
            best = candidate

    for op, value in tree:
        name = str(op)
        if name == "LITERAL":
            run += chr(value).lower()
            continue
        better({run} if run else None)
        run = ""
        if name == "SUBPATTERN":
            better(_required(value[-1]))
        elif name == "BRANCH":
            parts = [_required(part) for part in value[1]]
            if all(parts):
                better(set().union(*(part for part in parts if part)))
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and value[0] >= 1:
            better(_required(value[2]))
    better({run} if run else None)
    return best
