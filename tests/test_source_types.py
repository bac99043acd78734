"""What each type of own source may do. All records, people and figures are made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_gap_table import ADVICE, BRIEF, PRACTICE, Said, say

from cmeneeds.decisions.rows import stands
from cmeneeds.documents import SOURCE_TYPES, Document, Part
from cmeneeds.evidence.findings import find
from cmeneeds.gaps.table import analyze_gaps
from cmeneeds.interviews import Speaker
from cmeneeds.interviews.voices import LABELS, Voices
from cmeneeds.learner_data.triangulation import SOURCE_TYPES as KINDS
from cmeneeds.learner_data.triangulation import triangulation
from cmeneeds.records import Article
from cmeneeds.report import markdown as md
from cmeneeds.retrieval import Records
from cmeneeds.search_log import SearchEntry
from cmeneeds.source_types import USES, is_read

__all__ = ["say"]  # the fixture
OPINION = "In my view 70% of us never performed infusion pump dose checks at the bedside."
MEASURE = (
    "Among nurses in zandoric fever care, 41% performed infusion pump dose checks at the bedside."
)
TARGET = "The target of 90% of infusion pump dose checks at the bedside holds for nurses."


def own(text: str, type: str, id: str = "OWN1", note: str = "", **more: Any) -> Document:
    return Document(
        id=id, kind="own source", role=USES[type].role, source_type=type,
        title=more.pop("title", "Zandoric fever in a made-up document"), note=note,
        year=more.pop("year", 2020),
        parts=(Part(0, "paragraph", text),), **more,
    )  # fmt: skip


def records(*documents: Document, articles: tuple[Article, ...]) -> Records:
    asked = SearchEntry(
        "guideline", "What should be done?", "made-up source", "2021-01-01", "q", "q", 7, 5, 2, ""
    )
    return Records(
        articles=articles, facets={a.pmid: ("practice_gap",) for a in articles}, log=(asked,),
        source_kind="library", source="made-up source", notice="", data_date="2021-01-01",
        searched_at="2021-06-01T00:00:00+00:00", documents=documents,
    )  # fmt: skip


def table_of(made: Records, *said: Said, extra: tuple[dict[str, Any], ...] = ()) -> Any:
    """The gap table of findings as if the classifier had told them so."""
    import pandas as pd

    columns = find([]).columns
    rows = pd.DataFrame([c for _, c in said] + list(extra), columns=columns)
    return analyze_gaps(rows.astype(find([]).dtypes.to_dict()), made, BRIEF)


def found(document: Document, label: str, **more: Any) -> dict[str, Any]:
    """A finding that the whole of a document is."""
    text = document.parts[0].text
    return {
        "finding_id": f"{document.id}.0.0-{len(text)}", "source": document.id, "section": 0,
        "section_label": "paragraph", "start": 0, "end": len(text), "text": text, "label": label,
        "probability": 0.95, "level": "P", "actor": "clin", "cues": "", "secondary": False, **more,
    }  # fmt: skip


def rate(document: Document, value: float, **more: Any) -> dict[str, Any]:
    at = document.parts[0].text.index(f"{value:g}%")
    return found(
        document, "RATE", value=value, value_text=f"{value:g}%", value_start=at,
        value_end=at + len(f"{value:g}%"), **more,
    )  # fmt: skip


@pytest.mark.parametrize("type", ["expert", "patient", "learner", "policy"])
@pytest.mark.parametrize("label", ["GAP", "RATE", "REC", "CAUSE", "BURDEN"])
def test_what_people_say_never_becomes_a_cell_of_a_gap(say: Callable[..., Said], type, label):
    # Even if the classifier took the sentence for a finding of any label.
    a, b = say(1, PRACTICE, value=24), say(2, ADVICE, "REC", keyword="dose check")
    voice = own(OPINION, type, note=Speaker("interview", "nurse", "2021", "yes", "en").note)
    plain = table_of(records(articles=(a[0], b[0])), a, b)
    with_voice = table_of(
        records(voice, articles=(a[0], b[0])), a, b, extra=(rate(voice, 70) | {"label": label},)
    )
    assert with_voice.equals(plain)
    assert find([voice]).empty


@pytest.mark.parametrize("type", ["expert", "patient", "learner"])
def test_a_gap_added_by_hand_cannot_rest_on_what_people_say(type):
    made = records(own(OPINION, type), articles=())
    assert not stands(f"OWN1.0.0-{len(OPINION)}", made.works)


def test_a_measure_may_be_current_practice_only_if_it_says_of_whom(say: Callable[..., Said]):
    a, b = say(1, PRACTICE), say(2, ADVICE, "REC")
    measure = own(MEASURE, "quality measure")
    made = records(measure, articles=(a[0], b[0]))
    told = table_of(made, a, b, extra=(rate(measure, 41, who="nurses"),)).iloc[0]
    assert f"OWN1.0.0-{len(MEASURE)}" in told["passages"]
    untold = table_of(made, a, b, extra=(rate(measure, 41),)).iloc[0]
    assert "OWN1" not in untold["passages"]


def test_a_measure_may_set_the_target_but_recommends_nothing(say: Callable[..., Said]):
    a, b = say(1, PRACTICE, value=24), say(2, ADVICE, "REC")
    measure = own(TARGET, "quality measure")
    made = records(measure, articles=(a[0], b[0]))
    row = table_of(made, a, b, extra=(found(measure, "REC"),)).iloc[0]
    assert (row["target"], row["delta"]) == (90, 66)
    assert row["target_passage"].startswith("OWN1")
    assert "OWN1" not in row["recommendation_passages"]
    gaps = table_of(made, a, b, extra=(found(measure, "REC"),))
    kinds = triangulation(next(iter(gaps.itertuples())), made.works, empty()).types
    assert "quality measure" in kinds


def empty() -> Any:
    import pandas as pd

    return pd.DataFrame(columns=["kind", "perceived"])


def test_a_regulator_is_named_as_such_and_is_no_guideline(say: Callable[..., Said]):
    a = say(1, PRACTICE, value=24)
    label = own(ADVICE, "regulatory")
    made = records(label, articles=(a[0],))
    row = table_of(made, a, extra=(found(label, "REC"),)).iloc[0]
    assert row["bp_source"] == "OWN1"
    assert "regulatory document" in row["pairing"]
    assert not row["bp_guideline"]
    figures = own(PRACTICE, "regulatory")
    made = records(figures, articles=(a[0],))
    assert (
        "OWN1"
        not in table_of(made, a, extra=(rate(figures, 24, who="nurses"),)).iloc[0]["passages"]
    )


@pytest.mark.parametrize(("level", "counts"), [("O", True), ("P", False)])
def test_surveillance_shows_outcomes_not_what_clinicians_do(say, level, counts):
    a = say(1, PRACTICE)
    data = own(MEASURE, "epidemiology")
    made = records(data, articles=(a[0],))
    row = table_of(made, a, extra=(rate(data, 41, level=level, who="nurses"),)).iloc[0]
    assert ("OWN1" in row["passages"]) == counts


def test_every_type_has_a_use_a_reason_and_a_kind_that_is_counted():
    assert set(USES) == set(SOURCE_TYPES)
    for use in USES.values():
        assert use.why.endswith(".")
        assert use.counts_as in KINDS
    assert set(LABELS) == {t for t, use in USES.items() if use.quoted}
    assert set(LABELS.values()) <= set(md.LABELS)
    from cmeneeds.own_sources.making import role_of

    assert {t: role_of(t) for t in USES} == {t: use.role for t, use in USES.items()}


def test_a_document_of_no_type_keeps_the_rights_of_its_role():
    from cmeneeds.works import Work

    plain = Document(id="PMC1", kind="pmc article")
    assert is_read(Work("PMC1", document=plain), "RATE", "P", told_of=False)
    guided = Document(id="NBK1", kind="book section", role="guideline")
    assert not is_read(Work("NBK1", document=guided), "RATE", "P", told_of=True)


# --- voices -------------------------------------------------------------------------------------

ABOUT = "Nobody has time for infusion pump dose checks at the bedside, says the made-up nurse."
BESIDE = "The canteen of the made-up clinic is too small for everybody."


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("expert", "expert interviews"),
        ("patient", "patient or caregiver perspective"),
        ("policy", "policy or payer"),
        ("learner", "learner data"),
    ],
)
@pytest.mark.parametrize(("text", "speaks"), [(ABOUT, True), (BESIDE, False)])
def test_a_voice_counts_for_the_gap_it_speaks_of_and_for_no_other(
    say: Callable[..., Said], type, kind, text, speaks
):
    a, b = say(1, PRACTICE, value=24), say(2, ADVICE, "REC")
    note = Speaker("interview", "nurse", "2021-03", "yes", "en").note
    made = records(own(text, type, note=note), articles=(a[0], b[0]))
    gaps = table_of(made, a, b)
    voices = Voices(made, gaps, BRIEF)
    row = next(iter(gaps.itertuples()))
    assert voices.kinds_of(str(row.gap_id)) == ((kind,) if speaks else ())
    types = triangulation(row, made.works, empty(), further=voices.kinds_of(str(row.gap_id))).types
    assert (kind in types) == speaks


@pytest.mark.parametrize("consent", ["unknown", "no"])
def test_without_consent_a_voice_is_neither_quoted_nor_counted(say: Callable[..., Said], consent):
    a = say(1, PRACTICE, value=24)
    note = Speaker("interview", "nurse", "2021", consent, "en").note
    made = records(own(ABOUT, "expert", note=note), articles=(a[0],))
    gaps = table_of(made, a)
    voices = Voices(made, gaps, BRIEF)
    assert voices.of(made.documents[0]) == []
    assert voices.labels == {}
    assert voices.kinds_of(gaps["gap_id"].iloc[0]) == ()


def test_only_what_a_document_says_is_quoted_with_the_label_of_its_type(say: Callable[..., Said]):
    a = say(1, PRACTICE, value=24)
    note = Speaker("interview", "nurse", "2021", "yes", "en").note
    made = records(own(f"{ABOUT} {BESIDE}", "patient", note=note), articles=(a[0],))
    voices = Voices(made, table_of(made, a), BRIEF)
    assert [s.text for s in voices.of(made.documents[0])] == [ABOUT, BESIDE]
    for address, label in voices.labels.items():
        assert label == "PATIENT"
        assert made.works.locate(address).text in (ABOUT, BESIDE)


def test_a_superseded_guideline_yields_to_its_newer_version_and_is_flagged(
    say: Callable[..., Said], make_article: Callable[..., Article]
):
    title = "Society of Made-Up Guidelines guideline on zandoric fever"
    a = say(1, PRACTICE, value=24)
    old = own(ADVICE, "guideline", title=title)
    new = own(ADVICE, "guideline", id="OWN2", title=title, year=2021)
    alone = table_of(records(old, articles=(a[0],)), a, extra=(found(old, "REC"),)).iloc[0]
    assert (alone["bp_source"], alone["bp_superseded_by"]) == ("OWN1", "")
    made = records(old, new, articles=(a[0],))
    both = table_of(made, a, extra=(found(old, "REC"), found(new, "REC"))).iloc[0]
    assert (both["bp_source"], both["bp_superseded_by"]) == ("OWN2", "")
    only_old = table_of(made, a, extra=(found(old, "REC"),)).iloc[0]
    assert only_old["bp_source"] == "OWN1"
    assert "2021" in only_old["bp_superseded_by"]
    assert "newer version" in only_old["pairing"]
