"""The provider's own data: what is read, what is refused, and what becomes of it.

All people, figures, files and gaps here are made up.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmeneeds import learner_data as ld
from cmeneeds import statistics
from cmeneeds.brief import Brief
from cmeneeds.errors import UsageError
from cmeneeds.learner_data import cells
from cmeneeds.learner_data.columns import roles_of
from cmeneeds.learner_data.model import LearnerFile
from cmeneeds.records import Article, Term
from cmeneeds.works import Works

ITEMS = """item,text,type,phase,n_correct,n
Q1,Names the made-up limit,knowledge,pre,21,50
Q1,Names the made-up limit,knowledge,post,36,48
Q2,Feels confident to use it,confidence,pre,14,50
"""
BRIEFS = Path(__file__).resolve().parents[1] / "briefs"


@pytest.fixture
def give(tmp_path: Path):
    """Write a file and read it."""

    def read(content: str | bytes, name: str = "made-up.csv") -> LearnerFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        (file,) = ld.read_learner_data([path])
        return file

    return read


@pytest.fixture
def refuse(give):
    """Read a file that must be refused, and check that the message is fit to be shown."""

    def read(content: str | bytes, *hidden: str, name: str = "made-up.csv") -> str:
        with pytest.raises(UsageError) as caught:
            give(content, name)
        assert caught.value.exit_code == 2
        message = str(caught.value)
        assert message.isprintable()
        assert "\n" not in message
        assert len(message) < 400
        for secret in hidden:
            assert secret not in message
        return message

    return read


# --- kinds of files -----------------------------------------------------------------------------


def test_items_become_lines_with_level_phase_and_kind_of_need(give) -> None:
    file = give(ITEMS)
    assert file.kind == "items"
    first, second, third = file.rows
    assert (first.numerator, first.n, first.level, first.phase) == (21, 50, "K", "pre")
    assert first.value == 42
    assert first.perceived is False
    assert second.phase == "post"
    assert (third.level, third.perceived) == ("C", True)


def test_an_audit_measures_performance_and_is_unperceived(give) -> None:
    file = give("Measure,Numerator,Denominator,Period\nFeet examined,61,120,2025 Q1\n")
    assert file.kind == "audit"
    (row,) = file.rows
    assert (row.level, row.perceived, row.period, row.n) == ("P", False, "2025 Q1", 120)
    assert file.document.year == 2025


def test_earlier_outcomes_become_a_line_before_and_one_after(give) -> None:
    file = give("measure,type,pre,post,n\nChooses two drugs,competence,48 %,61 %,100\n")
    assert file.kind == "outcomes"
    assert [(r.phase, r.value, r.n) for r in file.rows] == [("pre", 48, 100), ("post", 61, 100)]


def test_answers_of_single_learners_are_counted_and_forgotten(give) -> None:
    answers = "".join(
        f"{code},{phase},{right},{rating},comment of {code}\n"
        for phase, given in (("pre", "001011"), ("post", "111011"))
        for code, right, rating in zip("BCDEFG", given, "233142", strict=True)
    )
    file = give("code,phase,[knowledge] Names it,[confidence] Feels able,remarks\n" + answers)
    assert file.kind == "respondents"
    assert [(r.phase, r.numerator, r.n) for r in file.rows[:2]] == [("pre", 3, 6), ("post", 5, 6)]
    assert file.rows[1].pairs == (3, 2, 0, 1)
    assert file.rows[2].mean == 2.5
    assert file.rows[3].r == 1.0  # the made-up learners rate the same both times
    stored = msgspec.json.encode(file).decode()
    assert "comment" not in stored
    assert any("remarks" in note for note in file.notes)


def test_paired_answers_give_what_statistics_give(give) -> None:
    pre, post = "0010110100", "1110110111"
    body = "".join(f"{i},pre,{a}\n" for i, a in enumerate(pre, 1))
    body += "".join(f"{i},post,{a}\n" for i, a in enumerate(post, 1))
    table = ld.learner_table([give("learner id,phase,Names it\n" + body)])
    both, gained, lost, neither = (
        sum(pair == (a, b) for pair in zip(pre, post, strict=True))
        for a, b in ("11", "01", "10", "00")
    )
    assert (both, gained, lost, neither) == (4, 4, 0, 2)
    later = table.iloc[1]
    expected = statistics.paired_difference(both, gained, lost, neither)
    assert later["change"] == pytest.approx(100 * expected.value)
    assert later["change_low"] == pytest.approx(100 * expected.low)
    assert later["change_p"] == pytest.approx(statistics.mcnemar_exact(gained, lost))
    assert later["change_n"] == "10 both times"


def test_agreement_in_words_is_a_rating_from_1_to_5(give) -> None:
    answers = ("Strongly agree", "agree", "Neutral", "Disagree", "Strongly disagree", "Agree")
    (row,) = give("[confidence] Feels able\n" + "\n".join(answers) + "\n").rows
    assert row.mean == pytest.approx(19 / 6, abs=0.01)
    assert row.perceived is True
    bottom = give("Feels able\n" + "Strongly disagree\nDisagree\n" * 3, "low.csv")
    assert bottom.rows[0].mean == 1.5


def test_item_codes_do_not_pair_where_some_learners_answered_once(give) -> None:
    body = "".join(f"{i},pre,{i % 5}\n" for i in range(1, 9))
    body += "".join(f"{i},post,{i % 5 + 1}\n" for i in range(3, 11))
    file = give("code,phase,[confidence] Feels able\n" + body)
    assert file.rows[1].same_people is None
    assert "not told" in ld.learner_table([file])["change_note"].iloc[1]


# --- odd files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeff" + ITEMS, id="byte order mark"),
        pytest.param(ITEMS.replace(",", ";"), id="semicolons"),
        pytest.param(ITEMS.replace(",", "\t"), id="tabs"),
        pytest.param("sep=;\r\n" + ITEMS.replace(",", ";").replace("\n", "\r\n"), id="sep line"),
        pytest.param(ITEMS.encode("utf-16"), id="Unicode text of Excel"),
        pytest.param("Our survey,,,,,\n,,,,,\n" + ITEMS, id="title above"),
        pytest.param(ITEMS + ",,,,,\n\nTotal,,,,71,148\n", id="blank rows and a total"),
        pytest.param(ITEMS.replace("\n", ",,\n"), id="empty columns"),
        pytest.param(
            ITEMS.replace("n_correct,n\n", "Number Correct,Denominator\n"), id="other names"
        ),
        pytest.param(ITEMS.replace("n_correct,n\n", "n,N\n"), id="n beside N"),
        pytest.param(ITEMS.replace("item,text", "Item_ID, Question Text "), id="spaces"),
        pytest.param(ITEMS.replace("21,50", '="21",50.0'), id="Excel quotes"),
        pytest.param(ITEMS.replace("pre", "Pre-test").replace("post", "POST"), id="phases"),
        pytest.param(ITEMS.replace("21,50", "21 (42%),50"), id="count with percentage"),
        pytest.param(ITEMS.replace("21,50", "21/50,"), id="count of total"),
    ],
)
def test_files_as_spreadsheets_save_them_are_read_alike(give, content: str | bytes) -> None:
    read = give(content)
    assert [(r.numerator, r.n, r.phase) for r in read.rows] == [
        (21, 50, "pre"), (36, 48, "post"), (14, 50, "pre"),
    ]  # fmt: skip
    assert [r.measure for r in read.rows] == [r.measure for r in give(ITEMS, "plain.csv").rows]


@pytest.mark.parametrize(
    ("column", "cell", "percent"),
    [
        ("value", "42 %", 42), ("value", '"42,5%"', 42.5), ("% correct", "42.5", 42.5),
        ("value", ".42", 42), ("value", '"0,425"', 42.5), ("rate", "42 percent", 42),
        ("% correct", "0.42", 42), ("Percentage", "0 %", 0), ("value", "100 %", 100),
    ],
)  # fmt: skip
def test_percentages_are_read_however_they_are_written(
    give, column: str, cell: str, percent: float
) -> None:
    (row,) = give(f"text,{column},n\nNames it,{cell},1000\n").rows
    assert row.value == pytest.approx(percent)


def test_windows_text_keeps_its_letters(give) -> None:
    file = give("text;n_correct;n\nMénière richtig erkannt;5;9\n".encode("cp1252"))
    assert file.rows[0].measure == "Ménière richtig erkannt"
    assert any("Windows-1252" in note for note in file.notes)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        ("text,n_correct,n\n", "no rows"),
        ("alpha,beta\nfoo,bar\n", "no column of figures is known"),
        ("text,n_correct\nNames it,5\n", "how many people"),
        ("n_correct,n\n5,9\n", "what was asked or counted"),
        ("text,n_correct,n\n,5,9\n", "row 2, column 1"),
        ("text,n_correct,n\nNames it,many,9\n", "not a whole number"),
        ("text,n_correct,n\nNames it,12.5,50\n", "not a whole number"),
        ("text,n_correct,n\nNames it,-3,50\n", "not a whole number"),
        ("text,n_correct,n\nNames it,9,5\n", "larger than the number of people"),
        ("text,n_correct,n\nNames it,5,\n", "(n) is missing"),
        ("text,value,n\nNames it,140 %,50\n", "more than 100"),
        ("text,value,n\nNames it,1,50\nKnows it,0,50\n", "only 0 and 1"),
        ("text,value,n\nNames it,.42,50\nKnows it,61,50\n", "mixes fractions"),
        ("text,phase,n_correct,n\nNames it,spring,5,9\n", "not a known phase"),
        ("text,type,n_correct,n\nNames it,vibe,5,9\n", "not a known type"),
        ("text,n_correct,n\nNames it, really,5,9\n", "more cells than"),
        ("measure,pre,post,n\nHbA1c,8.9,8.1,60\n", "percentages or means"),
        ('text,n_correct,n\n"Names it,5,9\nKnows it,"6,9\n', "not a CSV table"),
        ("text,n_correct,n\nNames it,3,4\n", "5 people or more"),
        ("text,n_correct,n\nNames it,21/50,40\n", "differs from the n"),
        (b"PK\x03\x04xx", "Excel workbook"),
        (b"text,n\0\x01", "not a text file"),
        (f"text,n_correct,n\n{'x' * 400},5,9\n", "longer than 300"),
        (f"text,n_correct,n\n{'x' * 3000},5,9\n", "longer than 2,000"),
        ("text,n_correct,n\n" + "Names it,5,9\n" * 20_001, "20,000 rows"),
        (b"x" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
        ("code,phase,Names it\n" + "1,pre,0\n" * 6, "twice in one phase"),
        ("code,phase,[vibe] Names it\n1,pre,0\n", "not a known type"),
    ],
)
def test_what_cannot_be_read_gets_one_clear_line(refuse, content: str | bytes, told: str) -> None:
    message = refuse(content)
    assert told in message
    assert "made-up.csv" in message


def test_a_file_that_is_not_there_and_one_named_twice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file nowhere\.csv"):
        ld.read_learner_data([tmp_path / "nowhere.csv"])
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(ITEMS)
    with pytest.raises(UsageError, match=r"two\.csv says the same as one\.csv"):
        ld.read_learner_data([tmp_path / "one.csv", tmp_path / "two.csv"])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300))
def test_no_file_raises_anything_but_a_usage_error(tmp_path_factory, content: str | bytes) -> None:
    path = tmp_path_factory.mktemp("odd") / "odd.csv"
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    for start in (b"", b"text,n_correct,n\n", b"code,phase,[knowledge] Names it\n"):
        path.write_bytes(start + data)
        with contextlib.suppress(UsageError):
            (file,) = ld.read_learner_data([path])
            assert all(row.n >= ld.MIN_PEOPLE for row in file.rows)
            assert all(file.document.text_at(file.address(row)) for row in file.rows)


# --- persons ------------------------------------------------------------------------------------

WIDE = "respondent,phase,Names it\n" + "".join(f"{i},pre,1\n" for i in range(1, 7))


@pytest.mark.parametrize(
    "column",
    [
        "Name", "First name", "LastName", "RecipientLastName", "Participant name", "e-mail",
        "E-Mail Address", "Email", "MRN", "Medical Record Number", "Patient ID", "patient_id",
        "NPI", "DOB", "Date of birth", "Birthdate", "Phone", "Telephone number", "Mobile", "Fax",
        "Address", "Home address", "ZIP", "Postcode", "SSN", "IP", "IPAddress", "License number",
        "Employee ID", "Username", "Timestamp", "Initials", "Physician name", "NHS number",
        "Device ID", "Completion time", "Account no", "LocationLatitude",
    ],
)  # fmt: skip
def test_columns_that_name_persons_are_refused(refuse, column: str) -> None:
    lines = WIDE.splitlines()
    message = refuse("\n".join([f"{lines[0]},{column}", *(f"{x},q" for x in lines[1:])]))
    assert "column 4" in message
    assert column[:40] in message
    assert "nothing of it was kept" in message


@pytest.mark.parametrize(
    "value",
    [
        "jane.doe@example.org", "see jane.doe@example.org", "078-05-1120", "(555) 010-1234",
        "555-010-1234", "+49 170 5550101", "192.0.2.17", "2001:db8:0:0:0:ff00:42:8329",
        "MRN 445566", "mrn: A-00445566", "00445566", "AB1234567", "chart # 44556",
        "Jane Doe, MD", "born 3/4/1961", "DOB 1961-03-04", "1961-03-04", "04.03.1961",
        "4 March 1961", "March 4, 1961 10:15", "2025-06-01T10:15:00Z", "1234567890",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["items", "answers"])
def test_values_that_tell_who_somebody_is_are_refused(refuse, value: str, kind: str) -> None:
    if kind == "items":
        content = f'text,n_correct,n,remark\nNames it,5,9,fine\nKnows it,6,9,"{value}"\n'
        message = refuse(content, value)
        assert "row 3, column 4 ('remark')" in message
    else:
        lines = WIDE.splitlines()
        content = "\n".join([f"{lines[0]},remark", f'{lines[1]},"{value}"', *lines[2:]])
        message = refuse(content, value)
        assert "row 2, column 4 ('remark')" in message
    assert "nothing of it was kept" in message


def test_a_file_without_column_names_does_not_give_away_its_first_row(refuse) -> None:
    message = refuse("jane.doe@example.org,1,0\njohn@example.org,1,1\n", "jane", "example.org")
    assert "column 1: its name looks like an e-mail address" in message


def test_a_long_code_of_a_learner_is_refused(refuse) -> None:
    message = refuse(WIDE.replace("\n3,", "\nJane-Doe,"), "Jane")
    assert "row 4, column 1" in message


@pytest.mark.parametrize(
    "text",
    [
        "Advises patients by phone within 48 hours",
        "Names the target: 130/80 mm Hg",
        "Knows the trial (PMID 33932519, NCT04368728)",
        "Ms. Lee, 54, presents with fatigue: chooses the test",
        "Addresses barriers to adherence",
        "Follows the guideline of 2019-2020",
        "Starts treatment at 1,000,000 IU",
    ],
)
def test_texts_of_items_may_speak_of_phones_numbers_and_cases(give, text: str) -> None:
    assert give(f'text,n_correct,n\n"{text}",5,9\n').rows[0].measure == text
    wide = give(f'"{text}",other\n' + "1,0\n" * 6, "wide.csv")
    assert wide.rows[0].measure == text


def test_periods_may_be_whole_dates(give) -> None:
    file = give("measure,numerator,denominator,period\nFeet,6,9,2025-01-01 to 2025-03-31\n")
    assert file.rows[0].period == "2025-01-01 to 2025-03-31"


def test_dates_of_single_answers_are_refused_and_codes_of_items_are_not(give, refuse) -> None:
    dated = "date,Names it\n" + "2025-03-01,1\n" * 6
    assert "row 2, column 1 ('date'): looks like a full date" in refuse(dated, "2025-03-01")
    file = give("id,text,n_correct,n\nBlood-pressure-1a,Names it,5,9\n")
    assert file.rows[0].measure == "Names it"


def test_small_groups_are_left_out_and_counted(give) -> None:
    file = give(ITEMS + "Q3,Names the made-up rarity,knowledge,pre,3,4\n")
    assert file.suppressed == 1
    assert "rarity" not in msgspec.json.encode(file).decode()


# --- figures ------------------------------------------------------------------------------------


def test_count_and_percentage_that_contradict_each_other_are_flagged(give) -> None:
    file = give("text,n_correct,value,n\nNames it,21,50 %,50\nKnows it,21,42 %,50\n")
    wrong, right = file.rows
    assert (wrong.agrees, right.agrees) == (False, True)
    assert wrong.value is None
    assert "21 of 50, given as 50 %" in wrong.text
    assert any("row 2" in note and "do not fit" in note for note in file.notes)
    table = ld.learner_table([file])
    assert table["value"].isna().tolist() == [True, False]
    assert table["low"].isna().tolist() == [True, False]


def test_a_percentage_that_no_number_of_people_makes_is_flagged(give) -> None:
    (row,) = give("text,value,n\nNames it,42 %,9\n").rows
    assert row.agrees is False
    assert row.value is None


def test_a_given_percentage_stays_as_it_is(give) -> None:
    file = give("measure,pre %,post %,n\nStarts it,48,61,60\n")
    table = ld.learner_table([file])
    assert table["value"].tolist() == [48, 61]
    assert "worked out from rounded percentages" in table["change_note"].iloc[1]


def test_a_percentage_names_its_count_only_where_one_fits(give) -> None:
    small, large = give("text,value,n\nNames it,42 %,50\nKnows it,42 %,5000\n").rows
    assert small.numerator == 21
    assert large.numerator is None
    assert (small.value, large.value) == (42, 42)
    assert "42 % of 50" in small.text


def test_every_line_leads_back_to_its_exact_words(give) -> None:
    file = give(ITEMS)
    document = file.document
    works = Works([], [document])
    assert document.role == "learner"
    assert document.sha256 == file.sha256
    for row in file.rows:
        place = works.locate(file.address(row))
        assert place.text == row.text
        assert row.text[row.value_start : row.value_end] == f"{row.numerator} of {row.n}"
    assert re.fullmatch(r"LEARN1\d{11}\.1\.0-\d+", file.address(file.rows[0]))


def test_addresses_stay_when_a_file_is_saved_again_and_change_with_a_figure(give) -> None:
    first = give(ITEMS)
    again = give(ITEMS.replace(",", ";"), "again.csv")
    other = give(ITEMS.replace("21,50", "22,50"), "other.csv")
    assert first.id == again.id != other.id
    assert first.sha256 != again.sha256


def test_a_file_survives_being_stored(give) -> None:
    file = give(ITEMS)
    again = msgspec.json.decode(msgspec.json.encode(file), type=LearnerFile)
    assert again == file
    assert again.document == file.document
    assert json.loads(msgspec.json.encode(file))["rows"][0]["n"] == 50


def test_change_has_interval_effect_size_and_n(give) -> None:
    table = ld.learner_table([give(ITEMS)])
    before, after, alone = (table.iloc[i] for i in range(3))
    assert (before["low"], before["high"]) == pytest.approx(
        [100 * x for x in statistics.wilson(21, 50)]
    )
    expected = statistics.difference(21, 50, 36, 48)
    assert after["change"] == pytest.approx(33)
    assert after["change_low"] == pytest.approx(100 * expected.low)
    assert after["effect"] == pytest.approx(statistics.cohens_h(21, 50, 36, 48).value)
    assert after["effect_name"] == "Cohen's h"
    assert after["change_n"] == "50 before, 48 after"
    assert after["before"] == before["learner_id"]
    assert "not told" in after["change_note"]
    assert pd.isna(alone["change"])


def test_means_get_a_standardized_change_and_say_that_r_is_unknown(give) -> None:
    file = give("measure,pre,post,n,pre_sd,post_sd,scale\nConfidence,2.9,3.6,40,1.1,0.9,1-5\n")
    later = ld.learner_table([file]).iloc[1]
    expected = statistics.standardized_change(2.9, 1.1, 3.6, 40)
    assert later["effect"] == pytest.approx(expected.value)
    assert "not known" in later["change_note"]
    assert pd.isna(later["value"])
    known = give(
        "measure,pre,post,n,pre_sd,post_sd,r\nConfidence,2.9,3.6,40,1.1,0.9,0.6\n", "r.csv"
    )
    later = ld.learner_table([known]).iloc[1]
    assert later["effect_low"] == pytest.approx(
        statistics.standardized_change(2.9, 1.1, 3.6, 40, 0.6).low
    )


def test_means_of_other_people_get_hedges_g(give) -> None:
    file = give(
        "measure,paired,pre,post,pre n,post n,pre_sd,post_sd\nConfidence,no,2.9,3.6,40,35,1.1,0.9\n"
    )
    later = ld.learner_table([file]).iloc[1]
    expected = statistics.hedges_g(2.9, 1.1, 40, 3.6, 0.9, 35)
    assert later["effect"] == pytest.approx(expected.value)
    assert later["effect_name"] == "Hedges' g"


def test_gains_and_losses_that_are_given_make_it_paired(give, refuse) -> None:
    head = "measure,pre,post,n,gained,lost\n"
    file = give(head + "Chooses it,20/50,32/50,50,15,3\n")
    later = ld.learner_table([file]).iloc[1]
    assert later["change"] == pytest.approx(24)
    assert later["change_p"] == pytest.approx(statistics.mcnemar_exact(15, 3))
    assert "do not lead" in refuse(head + "Chooses it,20/50,32/50,50,15,9\n", name="wrong.csv")


@settings(max_examples=200, deadline=None)
@given(st.integers(5, 400), st.data())
def test_values_and_intervals_stay_within_0_and_100(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    from cmeneeds.learner_data.model import LearnerRow, with_text

    row = with_text(LearnerRow(number=1, measure="m", n=n, numerator=k, text=""), "items")
    file = LearnerFile(name="f", sha256="0", kind="items", rows=(row,))
    line = ld.learner_table([file]).iloc[0]
    assert 0 <= line["low"] <= line["value"] <= line["high"] <= 100


def test_hostile_cells_stay_text(give) -> None:
    text = '=HYPERLINK(""http://x"",""y"") <b onclick=x>bold</b> \x07\u202e[a](b)'
    (row,) = give(f'text,n_correct,n\n"{text}",5,9\n').rows
    assert row.measure.startswith("=HYPERLINK(")
    assert "<b onclick=x>" in row.measure
    assert "\x07" not in row.text
    assert "\u202e" not in row.text


def test_hostile_cells_are_guarded_when_written(give, tmp_path: Path) -> None:
    from cmeneeds.report.tables import write_csv

    file = give("text,n_correct,n\n=1+1,5,9\n")
    write_csv(ld.learner_table([file]), tmp_path / "learners.csv")
    assert ",'=1+1," in (tmp_path / "learners.csv").read_text()


@pytest.mark.parametrize("text", ["1,234", "1.234", "1 234", "1\u202f234", "1'234", "N = 1234"])
def test_thousands_are_written_in_many_ways(text: str) -> None:
    assert cells.count(text) == 1234


# --- beside the gap table -----------------------------------------------------------------------


def gap_table(**changes: object) -> pd.DataFrame:
    """Two made-up rows of a gap table."""
    rows = [
        {
            "gap_id": "G-1", "rank": 1, "subject": "Thrombolysis", "gap_type": "P", "actor": "clin",
            "current_practice": "Only 40% had thrombolysis within an hour of arrival.",
            "best_practice": "Thrombolysis should start within an hour.",
            "cp_source": "pmid-1", "bp_source": "pmid-2", "cause_source": None,
            "passages": "1.0.0-5", "recommendation_passages": "", "cause_passages": "",
        },
        {
            "gap_id": "G-2", "rank": 2, "subject": "Dysphagia screening", "gap_type": "K",
            "actor": "clin", "current_practice": "Nurses seldom knew the swallowing screen.",
            "best_practice": "Screen swallowing before oral intake.",
            "cp_source": "pmid-1", "bp_source": "pmid-1", "cause_source": None,
            "passages": "1.0.0-5", "recommendation_passages": "", "cause_passages": "",
        },
    ]  # fmt: skip
    return pd.DataFrame([row | changes for row in rows])


MATCHED = (
    "text,type,phase,n_correct,n,gap\n"
    "Starts thrombolysis within an hour of arrival,performance,pre,20,50,\n"
    "Starts thrombolysis within an hour of arrival,performance,post,35,50,\n"
    "Knows the swallowing screen before oral intake,knowledge,pre,9,50,\n"
    "Sleeps well,knowledge,pre,9,50,\n"
    "Feels able,confidence,pre,9,50,thrombolysis\n"
    "Something else,knowledge,pre,7,50,G-2\n"
    "Lost,knowledge,pre,7,50,no such gap\n"
)


def test_lines_are_proposed_for_gaps_by_shared_words_with_the_reason(give) -> None:
    table = ld.learner_table([give(MATCHED)])
    found = ld.match(table, gap_table())
    by_measure = found.merge(table[["learner_id", "measure"]], on="learner_id")
    proposed = by_measure[by_measure["status"] == "proposed"]
    assert set(zip(proposed["measure"], proposed["gap_id"], strict=True)) == {
        ("Starts thrombolysis within an hour of arrival", "G-1"),
        ("Knows the swallowing screen before oral intake", "G-2"),
    }
    assert all("shared words: " in reason for reason in proposed["reason"])
    assert "thrombolysis" in proposed["reason"].iloc[0]
    named = by_measure[by_measure["status"] == "given by the writer"]
    assert list(named["gap_id"]) == ["G-1", "G-2"]
    lost = by_measure[by_measure["status"] == "not found"]
    assert list(lost["measure"]) == ["Lost"]
    assert lost["gap_id"].isna().all()
    assert "Sleeps well" not in set(by_measure["measure"])


def test_words_of_the_topic_alone_match_nothing(give) -> None:
    table = ld.learner_table([give("text,n_correct,n\nThrombolysis hour arrival,5,9\n")])
    brief = Brief.parse(
        "topic: thrombolysis hour arrival\naudience: {profession: nurses}\nyears: 2016-2021"
    )
    assert len(ld.match(table, gap_table())) == 1
    assert ld.match(table, gap_table(), brief).empty


def test_the_baseline_is_the_learners_own_unperceived_figure_of_the_gaps_level(give) -> None:
    table = ld.learner_table([give(MATCHED)])
    gaps = gap_table()
    found = ld.baselines(table, gaps, ld.match(table, gaps))
    assert found["G-1"].value == "20 of 50, 40.0 %"  # not the one after, not the confidence
    assert found["G-1"].status == "proposed"
    assert found["G-2"].value == "7 of 50, 14.0 %"  # named by the writer, before the proposed one
    assert found["G-2"].status == "given by the writer"
    assert found["G-1"].source in set(table["learner_id"])
    assert found["G-1"].n == 50


def test_a_figure_of_another_level_is_no_baseline(give) -> None:
    table = ld.learner_table([give(MATCHED)])
    gaps = gap_table(gap_type="O")
    assert set(ld.baselines(table, gaps, ld.match(table, gaps))) == {"G-2"}


def test_what_was_left_after_an_earlier_activity_is_said_to_be_that(give) -> None:
    file = give("measure,type,pre %,post %,n,gap\nStarts it,performance,48,61,60,G-1\n")
    table = ld.learner_table([file])
    found = ld.baselines(table, gap_table(), ld.match(table, gap_table()))
    assert found["G-1"].value == "61 %, after an earlier activity"


def test_what_contradicts_itself_is_no_baseline(give) -> None:
    file = give("text,type,n_correct,value,n,gap\nStarts it,performance,20,90 %,50,G-1\n")
    table = ld.learner_table([file])
    assert ld.baselines(table, gap_table(), ld.match(table, gap_table())) == {}


def test_without_learner_data_there_is_no_baseline() -> None:
    empty = ld.learner_table([])
    assert list(empty.columns) == list(ld.LEARNER_COLUMNS)
    found = ld.match(empty, gap_table())
    assert found.empty
    assert ld.baselines(empty, gap_table(), found) == {}


def made_up_works(retracted: bool = False) -> Works:
    guideline = Article(
        pmid=2, title="Made-up guideline", publication_types=(Term("Practice Guideline"),)
    )
    kinds = (Term("Retracted Publication"),) if retracted else ()
    return Works([Article(pmid=1, title="Made-up survey", publication_types=kinds), guideline])


def told(gaps: pd.DataFrame, rows: pd.DataFrame, **more: object) -> ld.Triangulation:
    gap = next(iter(gaps.itertuples(index=False)))
    works = more.pop("works", made_up_works())
    return ld.triangulation(gap, works, rows, **more)  # type: ignore[arg-type]


def test_triangulation_counts_kinds_of_sources_and_both_kinds_of_need(give) -> None:
    table = ld.learner_table([give(MATCHED)])
    alone = told(gap_table(), table.iloc[:0])
    assert alone.types == ("peer-reviewed literature", "guideline or consensus")
    assert (alone.perceived, alone.unperceived) == (False, True)
    assert "none beyond published work" in alone.words
    assert "perceived need is not shown" in alone.words
    both = told(gap_table(), table.iloc[[0, 4]])
    assert both.types[-1] == "learner data"
    assert (both.perceived, both.unperceived) == (True, True)
    audit = ld.learner_table([give("measure,numerator,denominator\nFeet,6,9\n", "audit.csv")])
    assert "provider's quality data" in told(gap_table(), audit).types


def test_one_source_is_not_two_kinds_and_a_retracted_one_is_none() -> None:
    none = ld.learner_table([])
    one = told(gap_table(bp_source="pmid-1"), none)
    assert one.types == ("peer-reviewed literature",)
    assert "another, independent kind is wanted" in one.words
    gone = told(gap_table(bp_source="pmid-1"), none, works=made_up_works(retracted=True))
    assert gone.types == ()
    assert gone.unperceived is False


def test_patients_perspective_and_what_the_writer_brings_are_kinds_of_their_own() -> None:
    none = ld.learner_table([])
    seen = told(gap_table(actor="pat"), none, facets={1: ("patient_perspective",)})
    assert seen.types == ("guideline or consensus", "patient or caregiver perspective")
    more = told(gap_table(), none, further=("expert interviews",))
    assert "expert interviews" in more.types
    with pytest.raises(UsageError, match="not a kind of source"):
        told(gap_table(), none, further=("rumours",))


# --- what is shipped ----------------------------------------------------------------------------


def test_the_example_files_are_read_and_say_that_they_are_made_up() -> None:
    paths = sorted((BRIEFS / "data").glob("*.csv"))
    assert paths
    for file in ld.read_learner_data(paths):
        assert "made-up" in file.name
        assert not file.notes
        for row in file.rows:
            assert row.measure.startswith("(Made up)")


def test_every_example_of_the_page_is_read(give) -> None:
    page = (BRIEFS.parent / "docs" / "your-own-data.md").read_text("utf-8")
    examples = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 4
    head, *answers = examples[-1].splitlines()
    more = [f"{code},{rest}" for code in "2345" for _, rest in (a.split(",", 1) for a in answers)]
    examples[-1] = "\n".join([head, *answers, *more])
    kinds = [give(example, f"{i}.csv") for i, example in enumerate(examples)]
    assert [file.kind for file in kinds] == ["items", "audit", "outcomes", "respondents"]
    assert not any(file.notes for file in kinds[:3])


def test_every_column_of_the_page_is_known() -> None:
    page = (BRIEFS.parent / "docs" / "your-own-data.md").read_text("utf-8")
    lines = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    named = {n for cells in lines if len(cells) == 5 for n in re.findall(r"`([^`]+)`", cells[1])}
    assert len(named) > 15
    for name in named:
        assert roles_of((name,)), name
