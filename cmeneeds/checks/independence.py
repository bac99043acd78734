"""Is it free of commerce and of patients' identity? Rules L50 to L59."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from cmeneeds.checks.basis import ACCME_AI, SII_1, SII_2, SII_3, house
from cmeneeds.checks.house import House
from cmeneeds.checks.registry import Found, document_rule
from cmeneeds.checks.text import shown
from cmeneeds.checks.view import View, name_of
from cmeneeds.frames import text_of
from cmeneeds.learner_data.identifiers import BIRTH, anywhere


def _any(names: tuple[str, ...] | list[str]) -> re.Pattern[str] | None:
    parts = sorted((re.escape(n) for n in names if n.strip()), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None


def trade_names_in(text: str, house_words: House) -> list[str]:
    """Trade names of the house list that a text holds, as the list writes them.

    A name counts with its capital only: ``Advair``, not a word of small letters.
    """
    pattern = _any(list(house_words.trade_names))
    by_name = {n.casefold(): n for n in house_words.trade_names}
    found = pattern.finditer(text) if pattern else ()
    return list(dict.fromkeys(by_name[m[0].casefold()] for m in found if m[0][0].isupper()))


@document_rule(
    "L50", "error", "No trade name stands without the generic name, and none alone.",
    basis=SII_2, todo="Write the generic name; name the trade name beside all others, or not.",
)  # fmt: skip
def trade_names_have_generics(view: View) -> Iterator[Found]:
    """An error in the writer's words, a warning in a quotation; a trade name alone is a warning."""
    named: set[str] = set()
    for block in view.blocks:
        if block.text in view.unchanged:
            continue
        texts = [(block.text, block.own), *((q, False) for q in block.quotes)]
        for text, own in texts:
            for name in trade_names_in(text, view.house):
                generic = view.house.trade_names[name]
                if own:
                    named.add(name)
                if generic.casefold() in text.casefold():
                    continue
                where = "a quotation names" if not own else "the text names"
                yield Found(
                    f"{where} {name} without {generic}",
                    block.where,
                    "error" if own else "warning",
                    near=shown(text),
                )
    if len(named) == 1:
        yield Found(f"{next(iter(named))} is the only trade name", severity="warning")


@document_rule(
    "L51", "error", "No supporter and no product in titles of gaps, scoring or search strings.",
    basis=SII_2, todo="Name the gap by what clinicians do, and search by condition and practice.",
    on=("run",),
)  # fmt: skip
def gaps_are_not_products(view: View) -> Iterator[Found]:
    """Scores never see the brief's fields of support; titles and queries are looked at here."""
    assessment = view.derived
    supporters = tuple(assessment.brief.support.supporter) if assessment.brief.support else ()
    names = _any((*supporters, *view.house.products))
    places = [(f"gap {gap.gap_id}", name_of(gap), str(gap.gap_id)) for gap in view.rows]
    places += [
        (f"query {e.facet}", e.query, e.facet)
        for e in (*assessment.records.log, *assessment.records.beside)
    ]
    for where, text, near in places:
        said = trade_names_in(text, view.house)
        said += [m[0] for m in names.finditer(text)] if names else []
        for name in dict.fromkeys(said):
            yield Found(f"{name} in “{shown(text, 60)}”", where, near=near)


@document_rule(
    "L52", "warning", "The text has no words of advertising.",
    basis=SII_2, todo="Say what was measured instead.",
)  # fmt: skip
def nothing_is_advertised(view: View) -> Iterator[Found]:
    """In the writer's words; the list is data."""
    pattern = _any(view.house.promotional)
    for block in view.own:
        for match in pattern.finditer(block.text) if pattern else ():
            yield Found(f"“{match[0]}” in “{shown(block.text, 60)}”", block.where,
                        near=shown(block.text))  # fmt: skip


class Mentions(NamedTuple):
    """How often a product is named."""

    generic: str
    own: int
    """In the writer's words, under any of its names."""
    quoted: int
    trade: int
    """Of all these, under a trade name."""


def balance(view: View) -> list[Mentions]:
    """Count the products of the house list and of the brief's file, by generic name."""
    names: dict[str, str] = {p.casefold(): p for p in view.house.products}
    for trade, generic in view.house.trade_names.items():
        names |= {trade.casefold(): generic, generic.casefold(): generic}
    pattern = _any(list(names))
    trades = {t.casefold() for t in view.house.trade_names}
    own: Counter[str] = Counter()
    quoted: Counter[str] = Counter()
    trade_mentions: Counter[str] = Counter()
    for block in view.blocks:
        for text, counter in (
            (block.text, own if block.own else quoted), *((q, quoted) for q in block.quotes)
        ):  # fmt: skip
            for match in pattern.finditer(text) if pattern else ():
                said = match[0].casefold()
                if said in trades and not match[0][0].isupper():
                    continue
                counter[names[said]] += 1
                trade_mentions[names[said]] += said in trades
    return [
        Mentions(name, own[name], quoted[name], trade_mentions[name])
        for name in sorted(own.keys() | quoted.keys(), key=lambda n: (-own[n] - quoted[n], n))
    ]


@document_rule(
    "L54", "warning", "No single product has most of the mentions.",
    basis=SII_1, todo="Look whether the evidence explains it, and which alternatives are missing.",
)  # fmt: skip
def mentions_are_balanced(view: View) -> Iterator[Found]:
    """A guideline may recommend the supporter's drug: this counts, it does not judge."""
    found = balance(view)
    total = sum(m.own + m.quoted for m in found)
    if total < view.house.limits["balance_least"]:
        return
    first = found[0].own + found[0].quoted
    if first > view.house.limits["balance_share"] * total:
        yield Found(f"{found[0].generic}: {first} of {total} mentions of products on the lists")


@document_rule(
    "L56", "open", "Everyone who controls content is named, with disclosure and mitigation.",
    basis=SII_3, todo="Enter them in the brief; an empty list says: nothing to disclose.",
    on=("run",),
)  # fmt: skip
def contributors_are_complete(view: View) -> Iterator[Found]:
    """Only people can supply it."""
    people = view.derived.brief.contributors
    if not people:
        yield Found("nobody is named", "Independence and disclosure")
    for person in people:
        if person.relationships is None or person.disclosed_on is None:
            yield Found(f"{person.name}: disclosure awaited", "Independence and disclosure")
        for relation in person.relationships or ():
            if not relation.mitigation:
                yield Found(
                    f"{person.name}: mitigation awaited ({relation.company})",
                    "Independence and disclosure",
                )


_MONEY = re.compile(
    r"\b(?:fund(?:s|ing|ed)?|grants?|sponsor\w*|supporters?|budget|money|commercial)\b", re.I
)


@document_rule(
    "L57", "error", "The idea came from practice, not from money on offer.",
    basis=SII_2, todo="Say what in practice called for it, or drop the activity.",
    on=("run",),
)  # fmt: skip
def the_trigger_is_not_money(view: View) -> Iterator[Found]:
    """By the words of the brief's ``trigger``."""
    trigger = text_of(view.derived.brief.trigger)
    if not trigger:
        yield Found("the brief does not say what triggered it", "Cover", "open")
    elif found := _MONEY.search(trigger):
        yield Found(f"“{found[0]}” in “{shown(trigger)}”", "Cover", near=shown(trigger))


_AUTOMATED = re.compile(
    r"\b(?:automated methods|artificial intelligence|AI[- ]use|use of AI|generative|"
    r"(?:large )?language model|learned model)\b",
    re.IGNORECASE,
)


@document_rule(
    "L58", "error", "Use of automated methods is told, and a person's confirmation is on record.",
    basis=ACCME_AI, todo="Keep the statement; confirm the claims with `cmeneeds sign`.",
)  # fmt: skip
def automation_is_told(view: View) -> Iterator[Found]:
    """A statement without a person's confirmation is open."""
    if not any(_AUTOMATED.search(b.text) for b in view.blocks if b.own):
        yield Found("no statement on automated methods")
    if view.assessment is not None and not view.assessment.is_signed:
        yield Found("no person has confirmed every claim yet", severity="open")


@document_rule(
    "L59", "error", "Nothing identifies a patient or learner.",
    basis=house("identifiers of the HIPAA safe harbour, by their form"),
    todo="Take it out of the text and of its source.",
)  # fmt: skip
def nobody_can_be_identified(view: View) -> Iterator[Found]:
    """By the form of numbers; a provider's own name and address look like a patient's."""
    patterns = [(kind, pattern) for kind, pattern in anywhere() if kind in _PATIENTS]
    for block in view.own:
        # The kind is told, never what stands there.
        for kind, pattern in (*patterns, ("a date of birth", BIRTH)):
            if pattern.search(block.text):
                yield Found(kind, block.where)


_PATIENTS = ("a social security number", "the number of a person or record")
