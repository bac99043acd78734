"""The measure of the rates, and what the documentation says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmeneeds.evidence.rates import Rate, Span, rates
from training.labelled import Labelled, LabelsUnusable, Row, read_labels, resolve
from training.rates_agreement import (
    COLUMNS,
    MEASURES,
    PARTS,
    Case,
    Marked,
    drawn,
    measure,
    read_cases,
    report,
)

DOCS = Path(__file__).parents[1] / "docs" / "rates.md"

MADE_UP = "In 62% (124/200) and 30% (95% CI 20-40%)."
TRUTH = (
    Marked(62, 3, 6, 124, 200, None, None),
    Marked(30, 21, 24, None, None, 20, 40),
)


def case(read: tuple[Rate, ...], marked: tuple[Marked, ...] = TRUTH, pmid: int = 1) -> Case:
    row = Row("t1", pmid, 0, 0, len(MADE_UP), "", "RATE", "P", "clin", 1)
    return Case(Labelled(row, MADE_UP, ""), "test", marked, read)


def shares(one: Case) -> dict[str, tuple[int, int]]:
    return {name: tally(one) for name, tally in MEASURES.items()}


def test_a_right_reading_is_right_throughout() -> None:
    found = shares(case(rates(MADE_UP)))
    assert found == {
        "value: found": (2, 2),
        "value: precision": (2, 2),
        "n/N: found": (1, 1),
        "n/N: precision": (1, 1),
        "value and n/N, of all rates": (2, 2),
        "interval or spread: found": (1, 1),
        "whole sentence": (1, 1),
    }


def test_each_mistake_costs_its_measure() -> None:
    first, second = rates(MADE_UP)
    wrong_value = shares(case((first._replace(value=63), second)))
    assert wrong_value["value: found"] == (1, 2)
    assert wrong_value["value: precision"] == (1, 2)
    no_whole = shares(case((first._replace(denominator=None), second)))
    assert (no_whole["value: found"], no_whole["n/N: found"]) == ((2, 2), (0, 1))
    made_up_count = shares(case((first, second._replace(denominator=200))))
    assert made_up_count["n/N: found"] == (1, 1)
    assert made_up_count["n/N: precision"] == (1, 2)
    assert made_up_count["value and n/N, of all rates"] == (1, 2)
    assert shares(case((first, second._replace(high=41))))["interval or spread: found"] == (0, 1)
    elsewhere = shares(case((first, second._replace(start=0, end=2))))
    assert elsewhere["value: found"] == (1, 2)
    too_much = Rate(5, None, None, 0, 2, "percent", None, who=Span(0, 2))
    assert shares(case((first, second, too_much)))["value: precision"] == (2, 3)
    assert shares(case(()))["whole sentence"] == (0, 1)


def test_a_reading_counts_once() -> None:
    (first, _) = rates(MADE_UP)
    twice = case((first,), (TRUTH[0], TRUTH[0]))
    assert MEASURES["value: found"](twice) == (1, 2)


def test_intervals_hold_the_share_and_widen_with_few_articles() -> None:
    right, wrong = case(rates(MADE_UP)), case(())
    row = right.sentence.row
    many = [
        (right if n % 2 else wrong)._replace(
            sentence=right.sentence._replace(row=row._replace(pmid=n))
        )
        for n in range(100)
    ]
    tally = MEASURES["value: found"]
    n, every, low, high = measure(many, tally)
    assert (n, every) == (100, 200)
    assert low < 0.5 < high
    few = measure(many[:10], tally)
    assert few[2] < low
    assert few[3] > high
    assert measure([], tally) == (0, 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("x9999,test,62,0,3,,,,,,,,", "no labelled sentence"),
        ("t0660,guess,62,0,3,,,,,,,,", "is not one of"),
        ("t0660,test,many,0,3,,,,,,,,", "could not convert"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(f"{','.join(COLUMNS)}\n{line}\n", encoding="utf-8")
    with pytest.raises(LabelsUnusable, match=rf"line 2: .*{what}"):
        read_cases(path)
    path.write_text("id,value\n", encoding="utf-8")
    with pytest.raises(LabelsUnusable, match="columns"):
        read_cases(path)


@pytest.fixture(scope="module")
def cases(sample_files: dict[str, Path]) -> list[Case]:
    return read_cases()


@pytest.mark.sample
def test_sentences_stand_in_the_order_in_which_they_were_drawn(cases: list[Case]) -> None:
    order = [one.row.id for one in drawn(resolve(read_labels()))]
    assert [one.sentence.row.id for one in cases[:394]] == order
    counted = [sum(one.part == part for one in cases) for part in PARTS]
    assert counted == [100, 100, 100, 94, 52, 52]


@pytest.mark.sample
def test_every_place_of_the_file_holds_its_number(cases: list[Case]) -> None:
    for one in cases:
        text = one.sentence.text
        for marked in one.marked:
            printed = text[marked.start : marked.end].replace("·", ".").replace(",", ".")
            assert printed.strip(), one.sentence.row.id
            if printed[0].isdigit() and marked.numerator is None and " in " not in printed:
                value = marked.low if marked.value is None else marked.value
                assert printed.startswith(f"{value:g}"), one.sentence.row.id


@pytest.mark.sample
def test_the_page_says_what_is_measured(cases: list[Case]) -> None:
    page = DOCS.read_text(encoding="utf-8")
    said = report(cases)
    unseen = said.rpartition("test and final test together")[2]
    last = said.partition("last: ")[2].partition("test and final")[0]
    for line in f"{unseen}\n{last}".splitlines():
        assert line in page or not line.startswith("| ")
