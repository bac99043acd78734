"""Does it read well? Rule L65."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

from cmeneeds.checks.basis import house
from cmeneeds.checks.registry import Found, document_rule
from cmeneeds.checks.text import CITED, QUOTED, shown, words
from cmeneeds.checks.view import View

_ABBREVIATION = re.compile(r"(?<![\w./-])[A-Z]{3,6}s?(?![\w/-])")


@document_rule(
    "L65", "warning", "Sentences are short, and abbreviations are explained where they come first.",
    basis=house("advice on plain writing"), todo="Split the sentence; write the term out once.",
)  # fmt: skip
def it_reads_well(view: View) -> Iterator[Found]:
    """In the writer's words of the body; quotations and lists of names are not counted."""
    most, median = view.house.limits["sentence_words"], view.house.limits["median_words"]
    lengths = []
    for block in view.prose:
        for sentence in block.sentences:
            # A quotation is one word of the sentence around it.
            n = len(words(sentence.replace(QUOTED, " quotation ").replace(CITED, " ")))
            if n > 2:
                lengths.append(n)
            # A list is read point by point.
            behind = sentence.partition(":")[2]
            listed = sentence.count(";") > 1 or behind.count(",") + behind.count(";") > 2
            if n > most and not listed:
                yield Found(f"{n} words: “{shown(sentence)}”", block.where, near=shown(sentence))
    if lengths and (middle := statistics.median(lengths)) > median:
        yield Found(f"half of the sentences have more than {middle:g} words")
    yield from _unexplained(view)


def _unexplained(view: View) -> Iterator[Found]:
    text = "\n".join(b.text for b in view.prose)
    explained = set(re.findall(r"\(([A-Z][\w-]{1,7}?)s?[);,]", text))
    explained |= set(re.findall(r"\b([A-Z]{2,7})s? \([a-z]", text))
    for block in view.prose:
        for match in _ABBREVIATION.finditer(block.text):
            short = match[0].rstrip("s")
            if short not in explained and short not in view.house.abbreviations:
                explained.add(short)
                yield Found(f"{short} is not explained", block.where, near=shown(block.text))
