"""What a sentence says about practice: its label, how sure that is, and why.

The decision adds up points of words, pairs of words, word groups and signals (cues of the lexicon,
the kind of section, the numbers); :mod:`cmeneeds.evidence.model` says where they come from. Words
alone decide which sentences are worth a closer look; the others are ``OTHER``. The probability is
calibrated on labelled sentences of articles that the points had not seen. It describes a mix of
sentences rich in practice statements; among all sentences of PubMed the share is lower.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.errors import UsageError
from cmeneeds.evidence.features import groups, together
from cmeneeds.evidence.lexicon import Cue, cues
from cmeneeds.evidence.model import LABELS as LABELS
from cmeneeds.evidence.model import decide, lexical, sums, worth_a_look
from cmeneeds.evidence.rates import Rate, rates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cmeneeds.evidence.transformer import Reader
    from cmeneeds.records import Markup

LEVELED = ("GAP", "CAUSE", "RATE")
"""Labels that carry a level and an actor."""

LONGEST_SENTENCE = 5000
"""Only so many characters of a sentence are read."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a sentence says."""

    label: str
    """GAP, CAUSE, REC, RATE, BURDEN, EVGAP or OTHER."""
    probability: float
    """Calibrated probability of the label, 0 to 1."""
    level: str | None
    """K knowledge, C competence, P performance, O patient outcome, S system; or None."""
    actor: str | None
    """clin health professionals, pat patients and public, sys systems; None if it has none."""
    rate: Rate | None
    """The main rate."""
    cues: tuple[Cue, ...]
    """The cues of the lexicon found in the sentence."""
    secondary: bool
    """Whether it seems to quote another source as background."""


def section_kind(section: str) -> str:
    """Tell the kind of a section from its heading or NlmCategory.

    Examples
    --------
    >>> section_kind("PATIENTS AND METHODS"), section_kind("Interpretation"), section_kind("")
    ('methods', 'conclusions', 'none')
    """
    lower = section[:200].lower()
    for kind, words in _SECTION_WORDS:
        if any(word in lower for word in words):
            return kind
    return "none"


_SECTION_WORDS = tuple(
    (kind, tuple(words.split(", ")))
    for kind, words in (
        ("title", "title"),
        (
            "conclusions",
            (
                "conclu, interpret, discussion, implication, relevance, opinion, recommend, "
                "message, summary, limitation"
            ),
        ),
        ("results", "result, finding, outcome, observation"),
        (
            "methods",
            (
                "method, design, setting, participant, patients, intervention, measure, material, "
                "sample, procedure, analysis, data source, search"
            ),
        ),
        ("objective", "objective, aim, purpose, goal, question, hypothes"),
        ("background", "background, introduction, context, rationale, importance, problem"),
    )
)

_QUOTED = re.compile(
    r"\b(?:(?:previous|prior|recent|earlier|several|many|other|"
    r"past) (?:\w+ ){0,2}(?:studies|reports|research|"
    r"surveys|reviews|trials)|et al|according to (?:the )?(?:world|WHO|CDC|centers?|"
    r"national|global|"
    r"united|literature)|in the literature|literature (?:has|suggests|shows|reports)|"
    r"(?:it )?has been "
    r"(?:shown|reported|estimated|suggested|demonstrated)|(?:studies|evidence|"
    r"research) (?:have|has) "
    r"(?:shown|reported|found|demonstrated|suggested)|(?:is|are) estimated)\b",
    re.IGNORECASE,
)


def signals(
    text: str,
    section: str,
    found: Sequence[Cue],
    numbers: Sequence[Rate],
    words: set[str] | None = None,
) -> tuple[str, ...]:
    """Name everything in a sentence that carries points.

    Parameters
    ----------
    text, section : str
        As for :func:`classify`.
    found : sequence of Cue
        The cues of the sentence.
    numbers : sequence of Rate
        The rates of the sentence.
    words : set of str, optional
        The word groups found in the sentence, if they are known already.

    Returns
    -------
    tuple of str
        Names, each once, ``any`` first.
    """
    names = ["any", f"section:{section_kind(section)}"]
    names += sorted({f"cue:{cue.name}" for cue in found})
    words = groups(text) if words is None else words
    names += sorted(words)
    doing = words & {"process", "adherence", "care", "guideline"}
    mind = words & {"knowledge", "confidence", "attitude"}
    short = words & {"low", "not"}
    if numbers:
        lowest = min((rate.value for rate in numbers if rate.value is not None), default=100.0)
        names += ["rate", "rate:below half" if lowest < 50 else "rate:half or more"]
        if mind or words & {"process", "adherence", "survey"}:
            names.append("rate of practice")
            if short or words & {"late", "excess"}:
                names.append("rate of shortfall")
    if short and doing:
        names.append("shortfall of care")
    if short and mind:
        names.append("shortfall of knowledge")
    if words & {"should", "needs", "recommend"}:
        names.append("call for research" if "more_research" in words else "call for practice")
    if "aim" in words and not numbers:
        names.append("aim without rate")
    return tuple(names)


class Sentence(NamedTuple):
    """A sentence to label."""

    text: str
    section: str = ""
    """Heading or NlmCategory of its section; ``title`` for a title."""
    markup: Sequence[Markup] = ()
    """Inline elements, with offsets in the sentence."""


def classify(text: str, section: str = "", title: str = "", markup: Sequence[Markup] = ()) -> Label:
    """Label a sentence.

    Parameters
    ----------
    text : str
        The sentence.
    section : str, optional
        Heading or NlmCategory of its section; ``title`` for a title.
    title : str, optional
        Title of the article. Not used: knowing it made the labels no better.
    markup : sequence of Markup, optional
        Inline elements, with offsets in the sentence.

    Returns
    -------
    Label
        Label, calibrated probability, and what led to them.
    """
    return classify_sentences([Sentence(text, section, markup)])[0]


def classify_sentences(sentences: Sequence[Sentence], all_rates: bool = True) -> list[Label]:
    """Label many sentences at once, which is faster than one by one and gives the same labels.

    Parameters
    ----------
    sentences : sequence of Sentence
        What to label.
    all_rates : bool, optional
        Look for rates also in sentences whose words say nothing about practice. Without, their
        ``rate`` is None.

    Returns
    -------
    list of Label
        In the order of ``sentences``.
    """
    labels: list[Label] = []
    for start in range(0, len(sentences), _AT_ONCE):
        labels += _classify(sentences[start : start + _AT_ONCE], all_rates)
    return labels


_AT_ONCE = 512


def _classify(sentences: Sequence[Sentence], all_rates: bool) -> list[Label]:
    """Label a batch."""
    texts = [one.text[:LONGEST_SENTENCE] for one in sentences]
    if not texts:
        return []
    scores = lexical(texts)
    close = [place for place, passed in enumerate(worth_a_look(scores)) if passed]
    found: list[tuple[Cue, ...]] = [()] * len(texts)
    numbers: list[Sequence[Rate]] = [()] * len(texts)
    for place in range(len(texts)) if all_rates else close:
        numbers[place] = rates(texts[place], sentences[place].markup)
    told = {place: groups(texts[place]) for place in close}
    for place in close:
        found[place] = cues(texts[place])
    named = [signals(texts[n], sentences[n].section, found[n], numbers[n], told[n]) for n in close]
    pairs = [together(told[n], texts[n]) for n in close]
    decided = dict(
        zip(
            close,
            decide(scores[close] + sums("groups", pairs) + sums("signals", named)),
            strict=True,
        )
    )
    out = []
    for place, text in enumerate(texts):
        decision = decided.get(place)
        label = decision.label if decision else "OTHER"
        leveled = decision is not None and label in LEVELED
        out.append(
            Label(
                label,
                decision.probability if decision else _SCREENED,
                decision.level if decision and leveled else None,
                decision.actor if decision and leveled else None,
                _main_rate(found[place], numbers[place]),
                found[place],
                _secondary(text, sentences[place].section, bool(numbers[place])),
            )
        )
    return out


_SCREENED = 0.9
"""Probability of OTHER where words alone decided; measured in ``docs/evidence-model.md``."""


def _main_rate(found: Sequence[Cue], numbers: Sequence[Rate]) -> Rate | None:
    """Pick the rate nearest to the strongest cue of a gap, else the first."""
    if not numbers:
        return None
    gaps = [cue for cue in found if cue.group == "gap"]
    if not gaps:
        return numbers[0]
    cue = max(gaps, key=lambda cue: (cue.weight, -cue.start))
    return min(
        numbers, key=lambda rate: (max(rate.start - cue.end, cue.start - rate.end, 0), rate.start)
    )


def _secondary(text: str, section: str, numbers: bool) -> bool:
    """Whether a sentence reports what others found."""
    return bool(_QUOTED.search(text)) or (section_kind(section) == "background" and numbers)


def classify_jsonl(
    lines: Iterable[str], explain: bool = False, reader: Reader | None = None
) -> Iterator[dict[str, Any]]:
    """Label sentences given as JSON lines.

    Parameters
    ----------
    lines : iterable of str
        Objects with ``text`` and perhaps ``id``, ``section``, ``title``. Empty lines are skipped.
    explain : bool, optional
        Add ``because``: what spoke most for the label, or against it, strongest first.
    reader : Reader, optional
        The transformer, to correct the labels. Reasons are those of the linear model all the same.

    Yields
    ------
    dict
        ``id`` (None if it was missing), ``label``, ``probability``, ``level``, ``actor``,
        ``value``, ``numerator``, ``denominator``; perhaps ``because``, a list of ``feature``,
        ``kind``, ``points``, ``start`` and ``end``.

    Raises
    ------
    UsageError
        Naming the line that cannot be read, once the lines before it are answered.
    """
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while batch := list(islice(numbered, _AT_ONCE)):
        entries: list[dict[str, Any]] = []
        wrong: UsageError | None = None
        for number, line in batch:
            try:
                entries.append(_entry(number, line))
            except UsageError as error:
                wrong = error
                break
        asked = [Sentence(entry["text"], entry.get("section") or "") for entry in entries]
        labels = classify_sentences(asked)
        if reader is not None:
            titles = [entry.get("title") or "" for entry in entries]
            labels = reader.correct(
                labels, [one.text for one in asked], [one.section for one in asked], titles
            )
        for entry, sentence, label in zip(entries, asked, labels, strict=True):
            answer = _answer(entry, label)
            if explain:
                answer["because"] = _because(sentence, label)
            yield answer
        if wrong:
            raise wrong


def _answer(entry: dict[str, Any], label: Label) -> dict[str, Any]:
    """Write one answer."""
    rate = label.rate
    return {
        "id": entry.get("id"),
        "label": label.label,
        "probability": label.probability,
        "level": label.level,
        "actor": label.actor,
        "value": rate.value if rate else None,
        "numerator": rate.numerator if rate else None,
        "denominator": rate.denominator if rate else None,
    }


def _because(sentence: Sentence, label: Label) -> list[dict[str, Any]]:
    """Write why a sentence got its label."""
    from cmeneeds.evidence.explain import explain

    return [reason._asdict() for reason in explain(sentence.text, sentence.section, label.label)]


def _no_constant(name: str) -> None:
    """Refuse ``NaN`` and the infinities, which are not JSON."""
    raise ValueError(name)


def _entry(number: int, line: str) -> dict[str, Any]:
    """Read one line."""
    try:
        entry = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise UsageError(f"line {number} is not JSON: {why}", _ONE_OBJECT_A_LINE) from None
    if not isinstance(entry, dict):
        raise UsageError(f"line {number} is not a JSON object", _ONE_OBJECT_A_LINE)
    if "text" not in entry:
        raise UsageError(f'line {number} has no "text"', _ONE_OBJECT_A_LINE)
    if not isinstance(entry["text"], str):
        raise UsageError(f'line {number}: "text" is not a string', _ONE_OBJECT_A_LINE)
    for name in ("section", "title"):
        if not isinstance(entry.get(name), str | None):
            raise UsageError(f'line {number}: "{name}" is not a string', _ONE_OBJECT_A_LINE)
    if not isinstance(entry.get("id"), str | int | float | None):
        raise UsageError(
            f'line {number}: "id" is neither a string nor a number', _ONE_OBJECT_A_LINE
        )
    return entry


_ONE_OBJECT_A_LINE = (
    'Write one object a line, such as {"id": "1", "text": "Only 40% were screened."}'
)
