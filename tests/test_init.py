"""A new brief: valid, commented, and never in place of one that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cmeneeds.brief import Brief
from cmeneeds.cli import app
from cmeneeds.errors import BriefError, CmeneedsError, UsageError
from cmeneeds.new_brief import ACCREDITORS, ACTIVITIES, Answers, brief_text, look_up_headings
from cmeneeds.records import MeshHeading, Section


def run(*words: str, typed: str = "") -> Any:
    return CliRunner().invoke(app, ["init", *words], input=typed)


def test_a_brief_from_options_is_valid_and_says_what_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "stroke.yaml"
    done = run(
        "Stroke", "-o", str(path), "--profession", "nurses", "--profession", "physicians",
        "--specialty", "neurology", "--country", "Germany", "--years", "2019-2024",
        "--accreditor", "EACCME", "--accreditor", "ACCME", "--activity", "live",
        "--synonym", "stroke*", "--mesh", "Ischemic Stroke",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    brief = Brief.load(path)
    assert [str(a) for a in brief.audience] == [
        "nurses (neurology), Germany",
        "physicians (neurology), Germany",
    ]
    assert (brief.topic, brief.mesh, brief.synonyms) == ("Stroke", ["Ischemic Stroke"], ["stroke*"])
    assert (brief.years.first, brief.years.last) == (2019, 2024)
    assert brief.accreditor == ["EACCME", "ACCME"]
    assert brief.activity is not None
    assert brief.source == "pubmed"
    assert "cmeneeds search" in done.output


def test_every_key_of_a_brief_is_named_in_it(tmp_path: Path) -> None:
    text = brief_text(Answers("Asthma", ["nurses"]))
    for key in Brief.model_fields:
        assert f"{key}:" in text, key
    assert all(name in text for name in (*ACCREDITORS, *ACTIVITIES))


def test_what_stands_behind_a_comment_can_be_uncommented(tmp_path: Path) -> None:
    text = brief_text(Answers("Asthma", ["nurses"]))
    uncommented = text.replace("    # specialty: such as", "    specialty: such as").replace(
        "    # seniority: such as", "    seniority: such as"
    )
    assert uncommented != text
    assert Brief.parse(uncommented).audience[0].seniority == "such as in training"


def test_without_a_profession_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    done = run("Asthma", "-o", str(path))
    assert isinstance(done.exception, UsageError)
    assert "--profession" in str(done.exception)
    assert not path.exists()


def test_a_brief_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("mine", "utf-8")
    done = run("Asthma", "-o", str(path), "--profession", "nurses")
    assert isinstance(done.exception, UsageError)
    assert path.read_text("utf-8") == "mine"
    assert run("Asthma", "-o", str(path), "--profession", "nurses", "--force").exit_code == 0
    assert Brief.load(path).topic == "Asthma"


def test_answers_that_make_no_brief_name_the_field(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    done = run("Asthma", "-o", str(path), "--profession", "nurses", "--years", "2020-2019")
    assert isinstance(done.exception, BriefError)
    assert "years" in str(done.exception)
    assert not path.exists()


def test_a_dialogue_asks_what_was_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    from cmeneeds.cli_init import init

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    path = tmp_path / "x.yaml"
    typed = "\nnurses; midwives\n\nmaternity wards\nKenya\n\nRACGP; ACCME\nlive\n\n"
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    init("Postpartum haemorrhage", output=path)
    brief = Brief.load(path)
    assert [a.profession for a in brief.audience] == ["nurses", "midwives"]
    assert {a.setting for a in brief.audience} == {"maternity wards"}
    assert brief.accreditor == ["RACGP", "ACCME"]
    assert brief.source == "pubmed"


def test_headings_come_from_the_library_at_hand_or_from_nowhere(
    tmp_path: Path, make_article: Any
) -> None:
    assert look_up_headings("Made-up fever", "pubmed").where == ""
    assert "No vocabulary is at hand" in brief_text(Answers("Made-up fever", ["nurses"]))
    from cmeneeds.library.store import Library

    with Library.open(tmp_path / "x.sqlite", create=True) as library:
        library.add(
            [
                make_article(
                    pmid=n,
                    sections=(Section("A made-up fever."),),
                    mesh=(MeshHeading("D900001", "Made-up fever"),),
                )
                for n in range(1, 4)
            ],
            "made up",
        )
    headings = look_up_headings("made-up fever", "library", tmp_path / "x.sqlite")
    assert headings.named == ("Made-up fever",)
    text = brief_text(Answers("Made-up fever", ["nurses"]), headings)
    assert Brief.parse(text).mesh == ["Made-up fever"]
    assert "Looked up in x.sqlite: check them" in text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(min_size=3, max_size=60), st.text(min_size=1, max_size=30))
def test_any_text_is_written_so_that_it_is_read_again(topic: str, profession: str) -> None:
    try:
        text = brief_text(Answers(topic, [profession]))
    except CmeneedsError:
        return  # refused with the name of the field
    assert yaml.safe_load(text)["topic"] == " ".join(topic.split())
    assert Brief.parse(text).audience[0].profession == " ".join(profession.split())
