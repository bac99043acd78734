"""Measure how well :func:`cmeneeds.evidence.rates.rates` reads the rates of sentences.

``python -m training.rates_agreement`` compares it with ``labels/rates.csv``, where the rates of
GAP and RATE sentences were written down by a reader; ``labels/README.md`` says by which rules.
With ``--errors tuning`` it lists the disagreements of the part that may be looked at.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cmeneeds.errors import CmeneedsError
from cmeneeds.evidence.rates import Rate, rates
from training.labelled import LATER_FILE, Labelled, LabelsUnusable, Row, read_labels, resolve

RATES_FILE = Path(__file__).resolve().parents[1] / "labels" / "rates.csv"
"""One row per rate, or one with nothing but id and part for a sentence that has none."""

COLUMNS = (
    "id", "part", "value", "start", "end", "numerator", "numerator_start", "numerator_end",
    "denominator", "denominator_start", "denominator_end", "low", "high",
)  # fmt: skip
PARTS = ("tuning", "test", "second test", "final test", "with counts", "last")
"""``labels/README.md`` says how each was drawn."""

LOOKED_AT = ("tuning", "second test", "with counts")
"""Parts whose errors were looked at: the first from the start, the others once measured."""

UNSEEN = {"test and final test together": ("test", "final test")}
"""Parts that are reported together: of the same kind, and their errors were never looked at."""

RESAMPLES = 2000
SEED = 20210607
TOLERANCE = 0.01
"""Percent: two thirds is 66.67 to one reader and 66.6667 to the other."""


class Marked(NamedTuple):
    """A rate as the reader wrote it down."""

    value: float | None
    """Percent; None for a spread, which has ``low`` and ``high`` instead."""
    start: int
    end: int
    numerator: int | None
    denominator: int | None
    low: float | None
    high: float | None


class Case(NamedTuple):
    """A sentence, what stands in it and what was read."""

    sentence: Labelled
    part: str
    marked: tuple[Marked, ...]
    read: tuple[Rate, ...]

    @property
    def pairs(self) -> list[tuple[Marked, Rate]]:
        """Rates that agree on the value and overlap in place, each used once."""
        left = list(self.read)
        found = []
        for one in self.marked:
            for other in left:
                if other.start < one.end and one.start < other.end and _same_value(one, other):
                    found.append((one, other))
                    left.remove(other)
                    break
        return found


_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|half|thirds?|quarters?|fourths?|fifths?|"
    r"tenths?|percent)\b",
    re.IGNORECASE,
)


def drawn(sentences: Sequence[Labelled]) -> list[Labelled]:
    """Put the GAP and RATE sentences with a number into the order in which they were drawn.

    The order is that of a hash of the id, so nobody chose it: 100 for tuning, 100 for the test,
    100 for the second test, and the rest for the final one.
    """
    chosen = [
        one for one in sentences if one.row.label in ("GAP", "RATE") and _NUMBER.search(one.text)
    ]
    return sorted(
        chosen,
        key=lambda one: hashlib.sha1(
            f"rates:{one.row.id}".encode(), usedforsecurity=False
        ).hexdigest(),
    )


def read_cases(path: Path = RATES_FILE) -> list[Case]:
    """Read the file of rates, look up the sentences and read them with the extractor.

    Raises
    ------
    LabelsUnusable
        Naming the first line that cannot be used.
    """
    known = {row.id: row for row in read_labels() + read_labels(LATER_FILE)}
    parts: dict[str, str] = {}
    marked: dict[str, list[Marked]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise LabelsUnusable(f"{path.name}: the columns are not {', '.join(COLUMNS)}")
        for entry in reader:
            try:
                one = _marked(entry, known)
            except (TypeError, ValueError) as error:
                raise LabelsUnusable(f"{path.name}, line {reader.line_num}: {error}") from None
            parts[entry["id"]] = entry["part"]
            if one:
                marked[entry["id"]].append(one)
    sentences = resolve([known[name] for name in parts])
    return [Case(s, parts[s.row.id], tuple(marked[s.row.id]), rates(s.text)) for s in sentences]


def _marked(entry: dict[str, str], known: dict[str, Row]) -> Marked | None:
    """Check one line."""
    if entry["id"] not in known:
        raise ValueError(f"{entry['id']!r} is no labelled sentence")
    if entry["part"] not in PARTS:
        raise ValueError(f"part {entry['part']!r} is not one of {', '.join(PARTS)}")
    if not entry["start"]:
        return None

    def number(name: str) -> float | None:
        return float(entry[name]) if entry[name] else None

    def count(name: str) -> int | None:
        return int(entry[name]) if entry[name] else None

    return Marked(
        number("value"), int(entry["start"]), int(entry["end"]),
        count("numerator"), count("denominator"), number("low"), number("high"),
    )  # fmt: skip


def _same_value(one: Marked, other: Rate) -> bool:
    """Whether reader and extractor mean the same share, or the same spread."""
    if one.value is None:
        return other.value is None and (one.low, one.high) == _bounds(other)
    return other.value is not None and abs(one.value - other.value) < TOLERANCE


def _bounds(rate: Rate) -> tuple[float | None, float | None]:
    """Limits of a rate; an extractor that reads none has none."""
    return getattr(rate, "low", None), getattr(rate, "high", None)


# --- measures -----------------------------------------------------------------------------------

Tally = Callable[[Case], tuple[int, int]]
"""How many are right in a sentence, of how many."""


def values_found(case: Case) -> tuple[int, int]:
    """Of the rates that stand in the sentence, those read with the right value in their place."""
    return len(case.pairs), len(case.marked)


def values_right(case: Case) -> tuple[int, int]:
    """Of the rates that were read, those that stand in the sentence."""
    return len(case.pairs), len(case.read)


def counts_found(case: Case) -> tuple[int, int]:
    """Of the rates printed with a count, those read with the right value, n and N.

    Where only one of n and N is printed, the other one must be missing.
    """
    pairs = case.pairs
    with_counts = [m for m in case.marked if m.numerator is not None or m.denominator is not None]
    right = sum(_same_counts(m, r) for m, r in pairs if m in with_counts)
    return right, len(with_counts)


def counts_right(case: Case) -> tuple[int, int]:
    """Of the rates read with a count, those whose value, n and N are all right."""
    read = [r for r in case.read if r.numerator is not None or r.denominator is not None]
    return sum(_same_counts(m, r) for m, r in case.pairs if r in read), len(read)


def counts_same(case: Case) -> tuple[int, int]:
    """Of all rates in the sentence, those read with the right value, n and N, missing ones too."""
    return sum(_same_counts(m, r) for m, r in case.pairs), len(case.marked)


def intervals_found(case: Case) -> tuple[int, int]:
    """Of the rates printed with limits, those read with the right value and limits."""
    with_limits = [m for m in case.marked if m.low is not None]
    right = sum((m.low, m.high) == _bounds(r) for m, r in case.pairs if m in with_limits)
    return right, len(with_limits)


def sentences_right(case: Case) -> tuple[int, int]:
    """Sentences whose rates are all read rightly, with n and N, and nothing else is."""
    pairs = case.pairs
    whole = len(pairs) == len(case.marked) == len(case.read)
    return int(whole and all(_same_counts(m, r) for m, r in pairs)), 1


def _same_counts(one: Marked, other: Rate) -> bool:
    return (one.numerator, one.denominator) == (other.numerator, other.denominator)


MEASURES: dict[str, Tally] = {
    "value: found": values_found,
    "value: precision": values_right,
    "n/N: found": counts_found,
    "n/N: precision": counts_right,
    "value and n/N, of all rates": counts_same,
    "interval or spread: found": intervals_found,
    "whole sentence": sentences_right,
}


def measure(cases: Sequence[Case], tally: Tally) -> tuple[int, int, float, float]:
    """Add up over sentences.

    Returns
    -------
    (right, all, low, high)
        With a 95 % interval by bootstrap over articles: rates of one sentence stand and fall
        together. (0, 0) if there is nothing to count.
    """
    by_article: dict[int, tuple[int, int]] = {}
    for case in cases:
        right, every = tally(case)
        before = by_article.get(case.sentence.row.pmid, (0, 0))
        by_article[case.sentence.row.pmid] = (before[0] + right, before[1] + every)
    counts = list(by_article.values())
    right, every = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    if not every:
        return 0, 0, 0.0, 0.0
    chance = random.Random(SEED)  # noqa: S311 - no secret
    shares = []
    for _ in range(RESAMPLES):
        sample = chance.choices(counts, k=len(counts))
        of = sum(n for _, n in sample)
        if of:
            shares.append(sum(n for n, _ in sample) / of)
    shares.sort()
    return right, every, shares[int(0.025 * len(shares))], shares[int(0.975 * len(shares)) - 1]


def report(cases: Sequence[Case]) -> str:
    """Write the measures of each part as a Markdown table."""
    lines = []
    groups = [((part,), part) for part in PARTS] + [(parts, name) for name, parts in UNSEEN.items()]
    for parts, part in groups:
        of_part = [case for case in cases if case.part in parts]
        if not of_part:
            continue
        marked = sum(len(case.marked) for case in of_part)
        lines += ["", f"{part}: {len(of_part)} sentences, {marked} rates", ""]
        lines += ["| measure | right | of | share (95 % interval) |", "|---|--:|--:|---|"]
        for name, tally in MEASURES.items():
            right, every, low, high = measure(of_part, tally)
            share = f"{right / every:.3f} ({low:.3f}-{high:.3f})" if every else "none"
            lines.append(f"| {name} | {right} | {every} | {share} |")
    return "\n".join(lines[1:])


def errors(cases: Sequence[Case]) -> str:
    """List the sentences that were not read rightly."""
    lines = []
    for case in cases:
        if sentences_right(case)[0]:
            continue
        lines += ["", f"{case.sentence.row.id}: {case.sentence.text}"]
        pairs = case.pairs
        paired = {id(m) for m, _ in pairs}, {id(r) for _, r in pairs}
        lines += [f"  missed   {m}" for m in case.marked if id(m) not in paired[0]]
        lines += [f"  too much {r}" for r in case.read if id(r) not in paired[1]]
        lines += [f"  counts   {m} {r}" for m, r in pairs if not _same_counts(m, r)]
    return "\n".join(lines[1:])


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", choices=LOOKED_AT, help="list the disagreements of a part")
    options = parser.parse_args(argv)
    try:
        cases = read_cases()
    except CmeneedsError as error:
        print(error, file=sys.stderr)
        return 1
    if options.errors:
        print(errors([case for case in cases if case.part == options.errors]))
    else:
        print(report(cases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
