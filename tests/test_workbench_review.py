"""Labels corrected and gaps decided by keyboard: kept at once, applied on every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cmeneeds as cn
from cmeneeds.assessment import Assessment
from cmeneeds.decisions import load_decisions
from cmeneeds.decisions.labels import LABELS, Corrected
from cmeneeds.errors import UsageError
from cmeneeds.records import Article, Keyword, Section
from cmeneeds.retrieval import Records

BRIEF = """\
topic: hand hygiene
audience: {profession: nurses}
years: 2019-2021
source: sample
"""


@pytest.fixture
def brief_file(tmp_path: Path) -> Path:
    path = tmp_path / "hands.yaml"
    path.write_text(BRIEF, encoding="utf-8")
    return path


@pytest.fixture
def records(make_article: Callable[..., Article]) -> Records:
    said = {
        "hand hygiene": "Only 40% of nurses adhered to the hand hygiene guideline.",
        "dose checks": "Only 24% of nurses adhered to the guideline on dose checks.",
        "blood culture": "Only 18% of physicians knew the blood culture guideline.",
    }
    articles = tuple(
        make_article(
            pmid=n,
            title=f"Hand hygiene in a made-up record on {about}",
            keywords=(Keyword(about),),
            sections=(Section(f"{text} Record {n} is made up."),),
        )
        for n, (about, text) in enumerate(said.items(), 1)
    )
    return Records(
        articles, {a.pmid: ("practice_gap",) for a in articles}, (), "sample", "made up",
        "Made up.", "2021-06-08", "2021-06-08T00:00:00+00:00",
    )  # fmt: skip


@pytest.fixture
def assessment(records: Records, brief_file: Path) -> Assessment:
    return cn.assess(cn.Brief.load(brief_file), records)


def press(cards: Any, action: str, value: str = "") -> None:
    """What the browser sends when a key is pressed."""
    cards.widget._handle_custom_msg({"action": action, "card": cards.card(), "value": value}, [])


# --- labels -------------------------------------------------------------------------------------


def test_a_corrected_class_is_the_class_on_every_run(records: Records, brief_file: Path) -> None:
    findings = cn.find(records)
    labelling = cn.label(findings, brief_file, by="A. Writer")
    place = labelling.card()
    was = findings.set_index("finding_id").loc[place, "label"]
    press(labelling, "REC")
    again = cn.find(cn.with_choices(records, brief_file)).set_index("finding_id")
    assert again.loc[place, "label"] == "REC"
    assert again.loc[place, "probability"] == 1.0
    assert again.loc[place, "corrected"].startswith(f"was {was}; corrected by A. Writer, ")
    assert again["corrected"].notna().sum() == 1


def test_what_a_person_calls_other_is_no_finding_and_undo_brings_it_back(
    records: Records, brief_file: Path
) -> None:
    labelling = cn.label(cn.find(records), brief_file, by="A. Writer")
    place = labelling.card()
    press(labelling, "OTHER")
    assert place not in set(cn.find(cn.with_choices(records, brief_file))["finding_id"])
    press(labelling, "undo")
    assert labelling.card() == place
    assert place in set(cn.find(cn.with_choices(records, brief_file))["finding_id"])


def test_a_sentence_that_the_program_passed_over_can_be_made_a_finding(
    records: Records, brief_file: Path
) -> None:
    text = "Record 1 is made up."
    start = records.by_pmid[1].sections[0].text.index(text)
    place = f"1.0.{start}-{start + len(text)}"
    line = Corrected(place, "GAP", "A. Writer", "2021-06-08", level="K", actor="clin")
    LABELS.add(LABELS.path(brief_file), line)
    found = cn.find(cn.with_choices(records, brief_file)).set_index("finding_id")
    assert tuple(found.loc[place, ["label", "level", "actor"]]) == ("GAP", "K", "clin")


def test_a_correction_of_other_words_is_not_applied(records: Records, brief_file: Path) -> None:
    findings = cn.find(records)
    place = str(findings["finding_id"].iloc[0])
    line = Corrected(place, "OTHER", "A. Writer", "2021-06-08", seen="00000000")
    LABELS.add(LABELS.path(brief_file), line)
    assert place in set(cn.find(cn.with_choices(records, brief_file))["finding_id"])


def test_level_keeps_the_card_and_back_goes_back(records: Records, brief_file: Path) -> None:
    labelling = cn.label(cn.find(records), brief_file, by="A. Writer")
    place = labelling.card()
    press(labelling, "level", "k")
    assert labelling.card() == place
    assert LABELS.load(labelling.path)[0].level == "K"
    press(labelling, "level", "excellent")
    assert "unknown level" in labelling.widget.state["html"]
    press(labelling, "next")
    press(labelling, "back")
    assert labelling.card() == place


def test_corrections_are_in_the_snapshot(
    records: Records, brief_file: Path, tmp_path: Path
) -> None:
    labelling = cn.label(cn.find(records), brief_file, by="A. Writer")
    press(labelling, "REC")
    mine = cn.with_choices(records, brief_file)
    mine.save(tmp_path / "s.jsonl.gz")
    assert cn.find(Records.load(tmp_path / "s.jsonl.gz")).equals(cn.find(mine))


# --- gaps ---------------------------------------------------------------------------------------


def test_decisions_are_in_the_file_at_once_and_found_again(
    assessment: Assessment, brief_file: Path
) -> None:
    deciding = cn.decide(assessment, by="A. Writer")
    first = deciding.card()
    press(deciding, "accept")
    second = deciding.card()
    press(deciding, "reject", "Not about our learners")
    path = brief_file.with_name("hands.decisions.csv")
    assert [(d.gap_id, d.decision, d.reason) for d in load_decisions(path)] == [
        (first, "accept", ""),
        (second, "reject", "Not about our learners"),
    ]
    again = cn.decide(assessment, by="A. Writer")
    said = again.gaps.set_index("gap_id")["decision"]
    assert (said[first], said[second]) == ("accept", "reject")


def test_an_edit_is_shown_and_undone(assessment: Assessment) -> None:
    deciding = cn.decide(assessment, by="A. Writer")
    press(deciding, "edit subject", "Hand hygiene on wards <b>")
    assert "Hand hygiene on wards &lt;b&gt;" in deciding.widget.state["html"]
    assert "Hand hygiene on wards <b>" in list(deciding.assessment.presented["subject"])
    press(deciding, "undo")
    assert load_decisions(deciding.path) == []
    assert "on wards" not in deciding.widget.state["html"]


def test_rows_are_merged_by_key(assessment: Assessment) -> None:
    deciding = cn.decide(assessment, by="A. Writer")
    rows = len(deciding.gaps)
    assert rows > 1
    merge = next(a for a in deciding.actions() if a.id == "merge")
    press(deciding, "merge", merge.ask["options"][0]["value"])
    assert len(deciding.gaps) == rows - 1
    press(deciding, "undo")
    assert len(deciding.gaps) == rows


def test_a_rejection_without_a_reason_is_refused_on_the_card(assessment: Assessment) -> None:
    deciding = cn.decide(assessment, by="A. Writer")
    press(deciding, "reject")
    assert load_decisions(deciding.path) == []
    assert "without a reason" in deciding.widget.state["html"]


def test_nobody_decides_without_a_name_or_without_a_file(
    assessment: Assessment, records: Records
) -> None:
    with pytest.raises(UsageError, match="who decides"):
        cn.decide(assessment, by=" ")
    with pytest.raises(UsageError, match="no file"):
        cn.screen(records, cn.Brief.parse(BRIEF), by="A. Writer")


def test_without_widgets_the_card_is_still_readable(assessment: Assessment) -> None:
    bundle = cn.decide(assessment, by="A. Writer")._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "Current practice" in data["text/html"]
    assert data["text/plain"].startswith("<deciding on ")
    assert "application/vnd.jupyter.widget-view+json" in data


# --- confirming ---------------------------------------------------------------------------------


class _Claims:
    """Stands for `Confirming` over a run of two claims; it keeps what was answered."""

    def __init__(self, folder: Path, decisions: Path, by: str) -> None:
        from cmeneeds.confirming import Item

        self.items = [
            Item(kind, f"G-{n}", "Hands", "current practice", f"Claim {n} <b>", f"{n}.0.0-9",
                 f"Passage {n} <i>", "Made up", (("population", "nurses"),), ())
            for n, kind in enumerate(("claim", "claim", "question"), 1)
        ]  # fmt: skip
        self.said: list[tuple[str, str]] = []
        self.at = 0

    def __str__(self) -> str:
        return f"{len(self.items) - len(self.said)} left"

    def next(self) -> Any:
        return self.items[self.at] if self.at < len(self.items) else None

    def confirm(self, answer: str = "") -> None:
        self.said.append(("confirm", answer))
        self.at += 1

    def reject(self, reason: str) -> None:
        if not reason:
            raise UsageError("the reason is missing", "Say why in a few words.")
        self.said.append(("reject", reason))
        self.at += 1


def test_claims_are_confirmed_one_by_one_beside_their_passage(
    brief_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmeneeds.workbench.confirm.Confirming", _Claims)
    view = cn.confirm(tmp_path, brief_file, by="A. Writer")
    assert "Claim 1 &lt;b&gt;" in view.state["html"]
    assert "Passage 1 &lt;i&gt;" in view.state["html"]
    twice = {"action": "confirm", "card": view.card(), "value": ""}
    view.receive(twice)
    view.receive(twice)
    press(view, "reject")
    assert "reason is missing" in view.widget.state["html"]
    press(view, "reject", "Another population")
    assert "reject" not in {a.id for a in view.actions()}  # a question is answered, not rejected
    press(view, "confirm", "In March")
    assert view._view.said == [  # type: ignore[comparison-overlap]
        ("confirm", ""), ("reject", "Another population"), ("confirm", "In March"),
    ]  # fmt: skip
