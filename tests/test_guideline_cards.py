"""Guideline cards: read from the document, confirmed by people, superseded by newer versions.

All guidelines, bodies and figures are made up.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_up_guideline as made_up
import pytest

from cmeneeds.documents import Cell, Document, Part
from cmeneeds.errors import UsageError
from cmeneeds.evidence.findings import find
from cmeneeds.evidence.layouts import bracketed, placed_gradings
from cmeneeds.guideline_cards import (
    CARD_COLUMNS,
    GivenCard,
    cards_path,
    confirm_card,
    guideline_cards,
    load_cards,
    superseded,
)
from cmeneeds.records import Article, Author, PartialDate, Related, Term
from cmeneeds.report.tables import write_csv
from cmeneeds.works import Works

Make = Callable[..., Article]
BODY = "Society of Made-Up Guidelines"
DO = "In adults with zandoric fever, a dose check is recommended."


def guideline(*parts: Part | str, **more: Any) -> Document:
    """A made-up guideline of these parts."""
    made = [Part(i, "paragraph", p) if isinstance(p, str) else p for i, p in enumerate(parts)]
    return Document(
        id=more.pop("id", "OWN1"), kind="own source", role="guideline", source_type="guideline",
        title=more.pop("title", "Zandoric fever: made-up guideline"), parts=tuple(made), **more,
    )  # fmt: skip


def table(*rows: tuple[str, ...], lined: bool = True) -> list[Part]:
    """A table whose first row is its header, as readers of files lay it out."""
    head, parts = rows[0], []
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            above = () if r == 0 or not lined else (head[c],)
            cell = Cell("Table 1", r, c, (), above, header=r == 0 or c == 0)
            parts.append(Part(len(parts), "table cell", text, cell=cell))
    return parts


def cards(document: Document, given: tuple[GivenCard, ...] = ()) -> list[dict[str, Any]]:
    made = guideline_cards(Works([], [document]), given=given)
    assert list(made.columns) == list(CARD_COLUMNS)
    return made.to_dict("records")


def graded(document: Document) -> list[tuple[str, str, str]]:
    """Class, level and grading of each card."""
    return [(c["class_or_strength"], c["level_or_certainty"], c["system"]) for c in cards(document)]


# --- layouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        (("COR", "LOE", "Recommendation"), ("2a", "B-NR", DO), ("2a", "B-NR", "ACC/AHA")),
        (("Recommendations", "Class a", "Level b"), (DO, "IIb", "C"), ("IIb", "C", "ACC/AHA")),
        (
            ("Recommendation", "Strength", "Certainty of evidence"),
            (DO, "Strong", "Low"),
            ("Strong", "Low", "GRADE"),
        ),
        (("Grade", "Recommendation"), ("B", DO), ("B", "unknown", "unknown")),
        (("LOE", "Statement"), ("moderate", DO), ("unknown", "moderate", "GRADE")),
        (
            ("Class", "Recommendation"),
            ("3: No benefit", DO),
            ("3: No benefit", "unknown", "ACC/AHA"),
        ),
    ],
)
@pytest.mark.parametrize("lined", [True, False], ids=["headers told", "headers not told"])
def test_class_and_level_are_read_from_the_columns_of_a_table(head, row, said, lined):
    assert graded(guideline(*table(head, row, lined=lined))) == [said]


def test_a_table_that_names_no_class_or_level_grades_nothing():
    parts = table(("Year", "Share", "Recommendation"), ("2", "A", DO))
    assert placed_gradings(guideline(*parts)) == {}


def test_a_cell_that_is_empty_or_merged_is_unknown_not_the_one_above():
    parts = table(
        ("COR", "LOE", "Recommendation"), ("1", "A", DO), ("2a", "", DO.replace("dose", "pump"))
    )
    assert graded(guideline(*parts)) == [("1", "A", "ACC/AHA"), ("2a", "unknown", "ACC/AHA")]


def test_two_tables_do_not_lend_each_other_their_columns():
    one = table(("COR", "Recommendation"), ("1", DO))
    two = table(("Cost", "Recommendation"), ("2", DO.replace("dose", "pump")))
    later = [Part(p.number + len(one), p.kind, p.text, cell=p.cell) for p in two]
    both = [*one, *later]
    assert list(placed_gradings(guideline(*both))) == [3]


@pytest.mark.parametrize(
    "text",
    [
        f"{DO} (Class IIa, LOE B-R)",
        f"{DO[:-1]} (Class IIa, LOE B-R).",
        f"[Class IIa, LOE B-R] {DO}",
        f"{DO} [Class IIa; LOE: B-R].",
    ],
)
def test_class_and_level_in_brackets_before_or_after_the_sentence(text):
    assert graded(guideline(text)) == [("IIa", "B-R", "ACC/AHA")]


def test_brackets_between_sentences_grade_the_one_they_belong_to():
    other = "Nurses should repeat the pump check every week."
    after = guideline(f"{DO} (Class I, LOE A) {other} (Class IIb, LOE C)")
    before = guideline(f"(Class I, LOE A) {DO} (Class IIb, LOE C) {other}")
    wanted = [("I", "A", "ACC/AHA"), ("IIb", "C", "ACC/AHA")]
    assert graded(after) == wanted
    assert graded(before) == wanted


def test_brackets_that_grade_nothing_are_left_alone():
    assert bracketed("Do it. (See table 2.) Do more.", 0, 6) == ("", 0)


@pytest.mark.parametrize("order", [("mark", "text"), ("text", "mark")])
def test_marks_in_a_margin_column_grade_in_strict_turn(order):
    rows = [("Class I, LOE A", DO), ("Class IIb, LOE C", "Nurses should repeat the pump check.")]
    parts = [
        p for mark, text in rows for p in ((mark, text) if order[0] == "mark" else (text, mark))
    ]
    assert [g[:2] for g in graded(guideline(*parts))] == [("I", "A"), ("IIb", "C")]


def test_marks_out_of_turn_grade_nothing():
    parts = (DO, "Class I, LOE A", "Nurses should repeat the pump check.")
    assert placed_gradings(guideline(*parts)) == {}


@pytest.mark.parametrize(
    ("text", "publisher", "said"),
    [
        ("We suggest against a dose check (conditional recommendation, low certainty).", "",
         ("conditional", "low", "GRADE")),
        ("Offer a dose check to adults with zandoric fever.", "NICE", ("offer", "unknown", "NICE")),
        ("The USPSTF recommends a dose check (B recommendation).", "", ("B", "unknown", "USPSTF")),
    ],
)  # fmt: skip
def test_the_systems_of_other_bodies_are_told_by_their_own_words(text, publisher, said):
    assert graded(guideline(text, publisher=publisher)) == [said]


# --- cards --------------------------------------------------------------------------------------


def test_a_card_says_what_the_document_says_and_unknown_for_the_rest():
    document = guideline(
        "Society of Made-Up Guidelines. Version 3.1", f"{DO} (Class I, LOE A)", year=2020
    )
    card = cards(document)[0]
    assert card["wording"] == DO
    assert card["address"].startswith("OWN1.1.0-")
    assert (card["body"], card["version"], card["year"]) == (BODY, "Version 3.1", "2020")
    assert card["population"] == "adults with zandoric fever"
    assert (card["status"], card["superseded_by"]) == ("extracted", "")
    bare = cards(guideline("A pump check is recommended (Class I, LOE A)."))[0]
    assert {bare[c] for c in ("body", "version", "year", "population")} == {"unknown"}


def test_a_made_up_pdf_lands_on_cards_with_page_class_and_level(tmp_path: Path):
    from cmeneeds.own_sources import adding
    from cmeneeds.own_sources.making import Said

    read = adding.read_bytes(made_up.guideline_pdf(), "g.pdf", Said(type="guideline"))
    found = {c["wording"]: c for c in cards(read.document)}
    assert set(found) == {made_up.WORDING, made_up.WEAK, made_up.INLINE + "."}
    strong = found[made_up.WORDING]
    assert (strong["class_or_strength"], strong["level_or_certainty"]) == ("1", "B-R")
    assert strong["population"] == (
        "adult patients with type 2 diabetes (T2D) and concomitant chronic kidney disease"
    )
    assert (strong["page"], strong["body"], strong["version"]) == (1, BODY, "Version 2.1")
    assert found[made_up.INLINE + "."]["class_or_strength"] == "III"
    assert Works([], [read.document]).locate(strong["address"]).text == made_up.WORDING


# --- what a person says -------------------------------------------------------------------------

DOCUMENT = guideline(f"{DO} (Class I, LOE A)", year=2020, publisher=BODY)


def test_what_a_person_confirms_or_corrects_stands_on_the_card_with_name_and_day(tmp_path: Path):
    path = cards_path(tmp_path / "fever.yaml")
    assert path.name == "fever.cards.csv"
    made = guideline_cards(Works([], [DOCUMENT]))
    confirm_card(path, made.iloc[0], "A. Writer")
    card = cards(DOCUMENT, load_cards(path))[0]
    assert (card["status"], card["by"], card["corrected"]) == ("confirmed", "A. Writer", "")
    confirm_card(path, made.iloc[0], "B. Writer", class_or_strength="IIa", version="second")
    card = cards(DOCUMENT, load_cards(path))[0]
    assert (card["status"], card["by"]) == ("corrected", "B. Writer")
    assert (card["class_or_strength"], card["version"]) == ("IIa", "second")
    assert set(card["corrected"].split("; ")) == {"class_or_strength", "version"}


def test_lines_copied_from_a_runs_table_confirm_once_somebody_signs_them(tmp_path: Path):
    path = tmp_path / "fever.cards.csv"
    made = guideline_cards(Works([], [DOCUMENT]))
    write_csv(made, path)
    assert load_cards(path) == ()
    write_csv(made.assign(by="A. Writer", date="2026-03-04"), path)
    assert cards(DOCUMENT, load_cards(path))[0]["status"] == "confirmed"
    changed = made.assign(by="A. Writer", date="2026-03-04", level_or_certainty="B")
    path.write_bytes(b"\xef\xbb\xbf" + changed.to_csv(index=False, sep=";").encode())
    card = cards(DOCUMENT, load_cards(path))[0]
    assert (card["level_or_certainty"], card["corrected"]) == ("B", "level_or_certainty")


def test_a_passage_that_changed_since_is_flagged_and_one_that_is_gone_is_kept(tmp_path: Path):
    path = tmp_path / "fever.cards.csv"
    made = guideline_cards(Works([], [DOCUMENT]))
    confirm_card(path, made.iloc[0], "A. Writer", class_or_strength="IIb")
    given = load_cards(path)
    other = guideline(DO.replace("dose", "pump") + " (Class I, LOE A)", year=2020)
    # The same address, other words.
    assert len(DO) == len(DO.replace("dose", "pump"))
    card = cards(other, given)[0]
    assert "changed" in card["flag"]
    assert (card["status"], card["class_or_strength"]) == ("extracted", "I")
    gone = cards(guideline("Nothing is said here."), given)
    assert len(gone) == 1
    assert "not in this run" in gone[0]["flag"]
    assert gone[0]["wording"] == DO


def test_what_a_spreadsheet_would_run_is_neither_written_nor_read_as_a_formula(tmp_path: Path):
    path = tmp_path / "fever.cards.csv"
    made = guideline_cards(Works([], [DOCUMENT]))
    confirm_card(path, made.iloc[0], "A. Writer", population="=1+1\x1b[31m")
    assert "'=1+1" in path.read_text("utf-8-sig")
    assert cards(DOCUMENT, load_cards(path))[0]["population"] == "=1+1[31m"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("card_id,by\nC-00000000,A\n", "no column date"),
        ("card_id,by,date\nX,A,2026-01-01\n", "line 2: card_id"),
        ("card_id,by,date\nC-00000000,A,soon\n", "line 2: date"),
        ("card_id,by,date\nC-00000000,A,2026-01-01,more\n", "line 2: more cells"),
        ("card_id,by,date,address\nC-00000000,A,2026-01-01,OWN1.1.0-9\n", "line 2: card_id"),
        (
            "card_id,by,date,body\nC-00000000,A,2026-01-01," + "x" * 12_000 + "\n",
            "holds 12,000 characters",
        ),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_by_line(tmp_path: Path, text: str, said: str):
    path = tmp_path / "fever.cards.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as error:
        load_cards(path)
    assert "\n" not in str(error.value)


def test_a_correction_needs_a_name_and_a_cell_that_is_there(tmp_path: Path):
    card = guideline_cards(Works([], [DOCUMENT])).iloc[0]
    with pytest.raises(UsageError, match="somebody"):
        confirm_card(tmp_path / "c.csv", card, " ")
    with pytest.raises(UsageError, match="no cell wording"):
        confirm_card(tmp_path / "c.csv", card, "A", wording="Other words")
    assert list(tmp_path.iterdir()) == []


# --- newer versions -----------------------------------------------------------------------------

TITLE = "Society of Made-Up Guidelines guideline on the management of zandoric fever in adults"


@pytest.mark.parametrize(
    ("title", "year", "is_newer"),
    [
        (TITLE, 2021, True),
        (f"2021 {TITLE} update".replace("guideline on", "guidelines for"), 2021, True),
        (TITLE, 2019, False),
        (TITLE, 2020, False),
        (TITLE.replace("adults", "children"), 2021, False),
        (TITLE.replace("zandoric", "quinzoric"), 2021, False),
        (TITLE.replace("Society of Made-Up", "College of Invented"), 2021, False),
        (f"Correction to: {TITLE}", 2021, False),
    ],
)
def test_only_a_later_version_of_the_same_guideline_supersedes(make_article, title, year, is_newer):
    own = guideline(DO, title=TITLE, year=2020)
    record = make_guideline_record(make_article, 900, title, year)
    newer = superseded(Works([record], [own]))
    assert (newer.get("OWN1") is not None) == is_newer
    if is_newer:
        assert newer["OWN1"].key == "pmid-900"


def make_guideline_record(
    make_article: Make, pmid: int, title: str, year: int, **more: Any
) -> Article:
    return make_article(
        pmid=pmid, title=title, published=PartialDate(str(year), year),
        publication_types=(Term("Practice Guideline", "D017065"),), **more,
    )  # fmt: skip


def test_pubmeds_own_update_in_supersedes(make_article):
    old = make_guideline_record(
        make_article, 901, "Zandoric fever guideline", 2018, related=(Related("UpdateIn", 902),)
    )
    assert "902" in superseded(Works([old]))["pmid-901"].words


def test_a_group_author_is_the_body_where_the_title_names_none(make_article):
    group = (Author(collective="American Made-Up Association Practice Committee"),)
    title = "Standards for zandoric fever care: guideline"
    old = make_guideline_record(make_article, 903, title, 2018, authors=group)
    new = make_guideline_record(make_article, 904, title, 2021, authors=group)
    assert superseded(Works([old, new]))["pmid-903"].key == "pmid-904"
    assert "pmid-904" not in superseded(Works([old, new]))


def test_the_writer_may_name_a_newer_version_or_say_that_this_one_is_current(
    tmp_path, make_article
):
    path = tmp_path / "fever.cards.csv"
    works = Works([make_guideline_record(make_article, 905, TITLE, 2021)], [DOCUMENT])
    card = guideline_cards(works).iloc[0]
    confirm_card(path, card, "A. Writer", superseded_by="Fourth edition, 2022")
    said = guideline_cards(works, given=load_cards(path)).iloc[0]
    assert said["superseded_by"].startswith("Fourth edition, 2022")
    assert "given by A. Writer" in said["superseded_by"]
    confirm_card(path, card, "A. Writer", superseded_by="none")
    assert guideline_cards(works, given=load_cards(path)).iloc[0]["superseded_by"] == ""


def test_findings_of_a_guideline_keep_what_the_sentence_itself_says():
    document = guideline(*table(("COR", "Recommendation"), ("2b", f"{DO[:-1]} (Class I, LOE A).")))
    row = find([document]).iloc[0]
    assert row["rec_grade"] == "I"


def test_strength_and_body_are_taken_as_said_without_the_words_that_lead_them_in():
    title = "Zandoric fever: Recommendations of the Made-Up Competence Network"
    said = "We strongly recommend vaccination in adults with zandoric fever."
    card = cards(guideline(said, title=title))[0]
    assert card["class_or_strength"] == "strongly recommend"
    assert card["body"] == "Made-Up Competence Network"
