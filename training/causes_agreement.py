"""Measure how well :func:`cmeneeds.gaps.causes.code_cause` codes causes.

``python -m training.causes_agreement`` compares it with ``labels/causes.csv``, where a reader coded
CAUSE sentences before the program was run on them; ``labels/README.md`` says by which rules. With
``--errors tuning`` it lists the disagreements of the part that may be looked at.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cmeneeds.errors import CmeneedsError
from cmeneeds.evidence.classify import classify
from cmeneeds.gaps.causes import CauseCode, code_cause, code_named
from training.labelled import Labelled, LabelsUnusable, read_labels, resolve

CAUSES_FILE = Path(__file__).resolve().parents[1] / "labels" / "causes.csv"
"""One row per sentence; ``codes`` are names of ``cmeneeds/data/causes.yaml``, by spaces."""

COLUMNS = ("id", "part", "codes")
PARTS = ("tuning", "test")
PART_SIZE = 40
GROUPS = ("knowledge", "attitude", "external")
COMPONENTS = ("capability", "opportunity", "motivation")


class Case(NamedTuple):
    """A sentence, how the reader coded it and how the program did."""

    sentence: Labelled
    part: str
    marked: tuple[CauseCode, ...]
    read: tuple[CauseCode, ...]


def drawn(sentences: Sequence[Labelled]) -> list[Labelled]:
    """Put the CAUSE sentences into the order in which they were drawn: by a hash of the id."""
    chosen = [one for one in sentences if one.row.label == "CAUSE"]
    return sorted(
        chosen,
        key=lambda one: hashlib.sha1(
            f"causes:{one.row.id}".encode(), usedforsecurity=False
        ).hexdigest(),
    )


def read_cases(path: Path = CAUSES_FILE, *, predicted: bool = False) -> list[Case]:
    """Read the file of codes, look up the sentences and code them with the program.

    Parameters
    ----------
    path : Path, optional
    predicted : bool
        Take level and actor from the classifier, as a report does, and not from the labels.

    Raises
    ------
    LabelsUnusable
        Naming the first line that cannot be used.
    """
    known = {row.id: row for row in read_labels()}
    entries: dict[str, tuple[str, list[str]]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise LabelsUnusable(f"{path.name}: the columns are not {', '.join(COLUMNS)}")
        for entry in reader:
            where = f"{path.name}, line {reader.line_num}"
            if entry["id"] not in known or entry["part"] not in PARTS:
                raise LabelsUnusable(f"{where}: unknown id {entry['id']!r} or part")
            entries[entry["id"]] = entry["part"], entry["codes"].split()
    cases = []
    for one in resolve([known[name] for name in entries]):
        part, names = entries[one.row.id]
        level, actor = one.row.level, one.row.actor
        try:
            marked = tuple(code_named(name, level, actor) for name in names)
        except KeyError as error:
            raise LabelsUnusable(f"{path.name}, {one.row.id}: no code {error}") from None
        if predicted:
            guess = classify(one.text, one.heading, one.title)
            level, actor = guess.level or "", guess.actor or ""
        cases.append(Case(one, part, marked, code_cause(one.text, level, actor)))
    return cases


Kind = Callable[[CauseCode], str]


def by_group(code: CauseCode) -> str:
    """Group of Cabana's model."""
    return code.group


def by_component(code: CauseCode) -> str:
    """Component of COM-B, without its kind."""
    return code.com_b.split()[-1]


def tally(cases: Sequence[Case], kind: Kind, name: str) -> tuple[int, int, int]:
    """Count sentences that have a kind of code: (both, read, marked)."""
    marked = [name in {kind(c) for c in case.marked} for case in cases]
    read = [name in {kind(c) for c in case.read} for case in cases]
    return sum(a and b for a, b in zip(marked, read, strict=True)), sum(read), sum(marked)


def codes_tally(cases: Sequence[Case]) -> tuple[int, int, int]:
    """Count single codes over sentences: (both, read, marked)."""
    pairs = [({c.name for c in case.marked}, {c.name for c in case.read}) for case in cases]
    both = sum(len(a & b) for a, b in pairs)
    return both, sum(len(b) for _, b in pairs), sum(len(a) for a, _ in pairs)


def report(cases: Sequence[Case]) -> str:
    """Write the measures of each part as a Markdown table."""
    lines = []
    for part in PARTS:
        of_part = [case for case in cases if case.part == part]
        if not of_part:
            continue
        lines += ["", f"{part}: {len(of_part)} sentences", ""]
        lines += ["| sentence has | precision | recall |", "|---|---|---|"]
        rows = [(f"Cabana: {g}", tally(of_part, by_group, g)) for g in GROUPS]
        rows += [(f"COM-B: {c}", tally(of_part, by_component, c)) for c in COMPONENTS]
        rows.append(("single codes", codes_tally(of_part)))
        without = [(not c.marked and not c.read, not c.read, not c.marked) for c in of_part]
        none = tuple(sum(column) for column in zip(*without, strict=True))
        rows.append(("no code at all", (none[0], none[1], none[2])))
        for name, (both, read, marked) in rows:
            lines.append(f"| {name} | {_share(both, read)} | {_share(both, marked)} |")
    return "\n".join(lines[1:])


def _share(right: int, every: int) -> str:
    return f"{right / every:.2f} ({right}/{every})" if every else "none"


def errors(cases: Sequence[Case]) -> str:
    """List the sentences whose codes differ."""
    lines = []
    for case in cases:
        marked, read = {c.name for c in case.marked}, {c.name: c for c in case.read}
        if marked == read.keys():
            continue
        text = case.sentence.text
        lines += [
            "",
            f"{case.sentence.row.id}: {text}",
            f"  missed   {sorted(marked - read.keys())}",
        ]
        lines += [
            f"  too much {n}: {text[c.start : c.end]!r}" for n, c in read.items() if n not in marked
        ]
    return "\n".join(lines[1:])


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", choices=("tuning",), help="list the disagreements of a part")
    parser.add_argument(
        "--predicted", action="store_true", help="level and actor from the classifier"
    )
    options = parser.parse_args(argv)
    try:
        cases = read_cases(predicted=options.predicted)
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
