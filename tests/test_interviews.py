"""Notes of interviews and surveys: no names, no quotation without consent.

All notes are made up.
"""

from __future__ import annotations

import pytest

from cmeneeds.errors import UsageError
from cmeneeds.interviews import prepare_notes, speaker_of
from cmeneeds.interviews.persons import without_persons

HEAD = (
    "---\nkind: interview\nrole: diabetes nurse\ndate: 2026-03-04\nconsent: yes\n"
    "language: en\n---\n"
)


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("I asked Dr. Zandra Quill about it.", ["Zandra", "Quill"]),
        ("Dr Quill was late. Later Quill agreed.", ["Quill"]),
        ("Mr O’Grady and Ms van der Zand-Loo came.", ["Grady", "Zand", "Loo"]),
        ("Prof. J. R. Quillón said no.", ["Quill"]),
        ("Zandra Quill, MD, saw it.", ["Zandra", "Quill"]),
        ("Name: zandra quill\nShe was well.", ["zandra", "quill"]),
        ("Interviewee: Zandra Quill\nQ: why?", ["Zandra", "Quill"]),
        ("My name is Zandra Quill and I live there.", ["Zandra", "Quill"]),
        ("Write to zandra.quill@example.org now.", ["zandra", "example.org"]),
        ("Call (555) 010-1234 or +44 20 7946 0018 or 0161 496 0123.", ["010", "7946", "496"]),
        ("She was born on 3 March 1961 in town.", ["1961"]),
        ("DOB: 03/04/1961, well.", ["1961"]),
        ("Her MRN 0012345 and chart no. A-55512 are here.", ["12345", "55512"]),
        ("The file 123456789 was lost.", ["123456789"]),
        ("She lives at 12 Made Up Street near us.", ["Made Up"]),
        ("Her SSN is 078-05-1120.", ["1120"]),
        ("See linkedin.com/in/zandra-quill for more.", ["zandra"]),
    ],
)
def test_what_tells_who_somebody_is_does_not_reach_the_stored_text(said, gone):
    made = prepare_notes(HEAD + said, "expert")
    assert not [word for word in gone if word in made.text], made.text
    assert sum(made.removed.values()) >= 1
    assert "removed]" in made.body


@pytest.mark.parametrize(
    "said",
    [
        "Most of us start metformin at 500 mg in 2024; 70 % of us wait.",
        "We use the 2024 ADA guideline; see PMID 33932519 and NCT01234567.",
        "Type 2 Diabetes is common. Doctors and nurses work in General Practice.",
        "HbA1c 7.5 to 8.0, eGFR 45, follow-up at 12 months.",
        "The MS clinic opened in March 2024.",
    ],
)
def test_what_is_no_identifier_stays_as_it_was_said(said):
    made = prepare_notes(HEAD + said, "patient")
    assert made.body == said + "\n"
    assert made.removed == {}


def test_a_name_in_the_head_is_replaced_there_and_in_the_body():
    text = HEAD.replace("diabetes nurse", "Dr Quill, cardiologist") + "Quill waited."
    made = prepare_notes(text, "expert")
    assert made.speaker.role == "Dr [name removed], cardiologist"
    assert made.body == "[name removed] waited.\n"


def test_the_writer_is_told_how_much_was_replaced_but_never_what():
    made = prepare_notes(HEAD + "Dr Quill, a@example.org, b@example.org", "expert")
    assert "3 identifiers" in made.told
    assert "e-mail address 2" in made.told
    assert "Quill" not in made.told


def test_stored_notes_can_be_prepared_again_without_a_change():
    made = prepare_notes(HEAD + "Dr Quill (555) 010-1234.\n\nSecond  paragraph.", "patient")
    again = prepare_notes(made.text, "patient")
    assert again.text == made.text
    assert again.metadata == made.metadata
    assert again.removed == {}


def test_the_head_may_stand_without_fences_as_in_a_word_file():
    text = "Kind: survey\n\nSpeaker role: 14 nurses\n\nDate: 2026-02\n\nConsent: Yes\n\nWe wait."
    made = prepare_notes(text, "expert")
    assert made.speaker[:4] == ("survey", "14 nurses", "2026-02", "yes")
    assert made.body == "We wait.\n"


def test_notes_of_a_speaker_who_did_not_consent_are_refused():
    with pytest.raises(UsageError, match="did not consent"):
        prepare_notes(HEAD.replace("yes", "no") + "We wait.", "expert")


def test_unknown_consent_is_not_taken_for_consent():
    made = prepare_notes("role: nurse\n\nWe wait.", "expert")
    assert made.speaker.consent == "unknown"
    assert not made.speaker.may_be_quoted
    assert "nothing is quoted" in made.told


def test_notes_without_a_head_have_an_unknown_speaker():
    made = prepare_notes("We wait: for years.\nThen we act.", "patient")
    assert set(made.metadata.values()) == {"unknown"}
    assert made.body == "We wait: for years.\nThen we act.\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: interview", "kind: rumour", "kind"),
        ("date: 2026-03-04", "date: last spring", "date"),
        ("consent: yes", "consent: she nodded", "consent"),
        ("language: en", "name: Zandra", "no field"),
        ("language: en", "role: other", "role twice"),
        ("language: en\n---", "language: en", "does not end"),
    ],
)
def test_a_malformed_head_is_refused_in_one_line_without_repeating_it(old, new, said):
    with pytest.raises(UsageError, match=said) as error:
        prepare_notes(HEAD.replace(old, new), "expert")
    assert "\n" not in str(error.value)
    assert "Zandra" not in str(error.value)


def test_notes_without_text_or_of_another_type_are_refused():
    with pytest.raises(UsageError, match="hold no text"):
        prepare_notes(HEAD, "expert")
    with pytest.raises(UsageError, match="type"):
        prepare_notes(HEAD + "x", "guideline")


def test_the_speaker_is_read_back_from_the_document():
    from cmeneeds.documents import Document

    speaker = prepare_notes(HEAD + "We wait.", "expert").speaker
    kept = Document(id="OWN1", kind="own source", note=speaker.note)
    assert speaker_of(kept) == speaker
    assert (
        speaker_of(Document(id="OWN1", kind="own source", note="kept in the safe")).role
        == "unknown"
    )


@pytest.mark.parametrize(
    "piece", ["a", "Dr ", "A. ", "1 ", "@", "a@", "Name: ", "Aa ", "-", "0", "(", "van "]
)
def test_hostile_repetition_is_read_in_linear_time(piece):
    # Would not end within the test session if a pattern were quadratic.
    without_persons(piece * (200_000 // len(piece)))


def test_a_remark_of_the_writer_does_not_hide_who_speaks_and_whether_they_agreed():
    from cmeneeds.own_sources.adding import read_bytes
    from cmeneeds.own_sources.making import Said, with_said

    read = read_bytes((HEAD + "We wait.").encode(), "Dr Zandra Quill.md", Said(type="expert"))
    said = Said(note="Room 4, Dr Quill", title="Talk with Dr. Quill")
    document = with_said(read.document, said)
    assert speaker_of(document).may_be_quoted
    assert "Room 4" in document.note
    assert read.document.title == "Interview, diabetes nurse, 2026-03-04"
    assert "Quill" not in f"{document.title} {document.note}"
    assert "Quill" not in read.name
