"""What accreditors ask is data with sources; what a run has for it is derived, never claimed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from test_report_runs import BRIEF, made_up_evidence

from cmeneeds import accreditation
from cmeneeds.accreditation import CUSTOM, STATUSES, crosswalk, own_profiles, profiles, shipped
from cmeneeds.accreditation_probes import PROBES
from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Accreditor, Brief
from cmeneeds.errors import BriefError, UsageError
from cmeneeds.independence import COMPLETE, before, register
from cmeneeds.report import reading
from cmeneeds.report.crosswalk import crosswalk_text
from cmeneeds.report.independence import independence_text
from cmeneeds.report.sections import Report
from cmeneeds.retrieval import Records

ALL = ", ".join(get_args(Accreditor))

OWN = """\
name: RACGP
title: Made-up college of made-up practice
region: Nowhere
verify: All of this is made up.
requirements:
  - {id: rule-7, asks: "A made-up thing, 7 times", source: made up, read: 2021-06-01; in full, section: Gaps, holds: [gap]}
"""  # noqa: E501


@pytest.fixture(scope="module")
def evidence() -> Records:
    return made_up_evidence()


def assessed(evidence: Records, text: str = BRIEF, **changes: object) -> Assessment:
    records = replace(evidence, **changes) if changes else evidence
    return assess(Brief.parse(text), records)


def status(assessment: Assessment, accreditor: str, requirement: str) -> str:
    table = crosswalk(assessment)
    line = table[(table["accreditor"] == accreditor) & (table["requirement"] == requirement)]
    return str(line["status"].iloc[0])


# --- the profiles ---------------------------------------------------------------------------------


def test_each_accreditor_that_a_brief_can_name_has_a_profile() -> None:
    assert set(shipped()) == set(get_args(Accreditor))


def test_each_requirement_names_its_source_and_day_of_reading_or_says_that_none_was_read() -> None:
    for profile in shipped().values():
        assert profile.verify
        for r in profile.requirements:
            if r.source:
                assert re.match(r"(unknown|\d{4}-\d\d-\d\d); \w+", r.read), (profile.name, r.id)
            else:
                assert (r.read, r.where_read) == ("", CUSTOM)


def test_no_profile_says_that_anything_is_met_or_approved() -> None:
    words = " ".join(accreditation.texts(shipped().values()))
    assert not re.search(r"\b(compliant|compliance|approved|fulfils|satisfies)\b", words, re.I)


def test_the_period_of_disclosure_is_the_profiles_and_unknown_where_none_was_read() -> None:
    known = {n: p.disclosure.months for n, p in shipped().items() if p.disclosure}
    assert known == dict.fromkeys(("ACCME", "Joint Accreditation", "ANCC", "ACPE"), 24)
    one = accreditation.disclosure_months(profiles(Brief.parse(BRIEF)))
    none = accreditation.disclosure_months([shipped()["RACGP"]])
    assert (one, none) == (24, None)


def test_every_probe_is_asked_by_some_profile() -> None:
    asked = {h for p in shipped().values() for r in p.requirements for h in r.holds}
    assert asked == set(PROBES)


# --- the crosswalk --------------------------------------------------------------------------------


def test_the_crosswalk_uses_its_four_words_only(evidence: Records) -> None:
    table = crosswalk(assessed(evidence, BRIEF.replace("[ACCME]", f"[{ALL}]")))
    assert set(table["status"]) <= set(STATUSES)
    assert len(table) == sum(len(p.requirements) for p in shipped().values())


def test_what_only_people_can_give_is_awaited_until_it_is_there(evidence: Records) -> None:
    given = "mitigation: recused, mitigated_on: 2021-05-02, begin: 2020-01-01"
    disclosed = BRIEF.replace("mitigation: none yet", given).replace(
        "role: medical writer", "role: medical writer\n    role_from: 2021-05-03"
    )
    assert status(assessed(evidence), "ACCME", "sii-3") == "awaiting writer"
    assert status(assessed(evidence, disclosed), "ACCME", "sii-3") == "offers"


def test_a_requirement_about_gaps_is_not_offered_where_there_is_no_gap(evidence: Records) -> None:
    with_gap = assessed(evidence, BRIEF.replace("ACCME", "EACCME"))
    assert "a gap with both sides" in " ".join(crosswalk(with_gap)["present"])
    without = tuple(a for a in evidence.articles if a.pmid != 102)  # the made-up guideline
    poorer = assessed(evidence, BRIEF.replace("ACCME", "EACCME"), articles=without)
    assert (poorer.presented["status"] == "candidate").all()
    assert "a gap with both sides" not in " ".join(crosswalk(poorer)["present"])
    assert status(poorer, "EACCME", "measured-gap") == "nothing here"


def test_what_is_offered_in_part_says_which_part_is_missing(evidence: Records) -> None:
    assessment = assessed(evidence, BRIEF.replace("[ACCME]", f"[{ALL}]"))
    table = crosswalk(assessment)
    part = table[table["status"] == "offers in part"]
    assert not part.empty
    assert (part["missing"].str.strip() != "").all()
    assert (table[table["status"] == "offers"]["missing"] == "").all()
    for profile in shipped().values():
        assert [r.id for r in profile.requirements if r.part != bool(r.rest)] == []
    text = crosswalk_text(assessment)
    assert not re.search(r"offers in part[^|]*\| nothing \|", text)
    assert "the written agreement" in text


def test_the_crosswalk_agrees_with_the_design_about_the_planned_format(evidence: Records) -> None:
    fits, unfit = BRIEF, BRIEF.replace("type: live", "type: journal-based")
    for text, held in ((fits, True), (unfit, False)):
        assessment = assessed(evidence, text)
        assert ("This type is not among the formats" not in Report(assessment).design()) == held
        assert (status(assessment, "ACCME", "formats") == "offers") == held


def test_how_a_line_was_read_is_one_note_not_one_a_row(evidence: Records) -> None:
    assessment = assessed(evidence)
    text = crosswalk_text(assessment) + independence_text(assessment)
    assert "unknown; excerpt" not in text
    assert "as told by" not in text
    assert text.count("were read as excerpts") == 1
    marked = sum(
        bool(r.source) for r in shipped()["ACCME"].requirements if r.kind != "commendation"
    )
    table = text[text.index("| What is asked") : text.index(": [Accreditation Council")]
    assert table.count("\\*") == marked
    assert set(crosswalk(assessment)["read"]) == {"unknown; excerpt", ""}  # the data say it still


def test_every_name_with_a_digit_in_the_crosswalk_is_one_that_verify_knows(
    evidence: Records,
) -> None:
    assessment = assessed(evidence, BRIEF.replace("[ACCME]", f"[{ALL}]"))
    found = reading.read(crosswalk_text(assessment) + independence_text(assessment))
    known = accreditation.texts(accreditation.profiles_of(assessment))
    assert [loose.token for loose in found.loose] == []
    assert set(found.terms) <= known


# --- the user's own profiles ----------------------------------------------------------------------


def test_a_users_profile_goes_before_ours_and_stays_with_the_run(
    evidence: Records, tmp_path: Path
) -> None:
    (tmp_path / "accreditors").mkdir()
    (tmp_path / "accreditors" / "racgp.yaml").write_text(OWN, "utf-8")
    own = own_profiles(tmp_path / "brief.yaml")
    replace(evidence, profiles=own).save(tmp_path / "snapshot.jsonl.gz")
    kept = Records.load(tmp_path / "snapshot.jsonl.gz")
    text = BRIEF.replace("ACCME", "RACGP")
    (line,) = crosswalk(assess(Brief.parse(text), kept)).to_dict("records")
    assert (line["requirement"], line["asks"]) == ("rule-7", "A made-up thing, 7 times")
    assert "racgp.yaml" in crosswalk_text(assess(Brief.parse(text), kept))


def test_a_profile_in_the_users_folder_is_used_and_one_beside_the_brief_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "home"))
    for place, title in (("home", "From home"), ("work", "From beside")):
        folder = tmp_path / place / "accreditors"
        folder.mkdir(parents=True)
        text = OWN.replace("Made-up college of made-up practice", title)
        (folder / "mine.yaml").write_text(text, "utf-8")
    assert [p.title for p in own_profiles()] == ["From home"]
    assert [p.title for p in own_profiles(tmp_path / "work" / "brief.yaml")] == ["From beside"]


def test_snapshots_without_own_profiles_keep_their_bytes(evidence: Records, tmp_path: Path) -> None:
    evidence.save(tmp_path / "one.gz")
    replace(evidence, profiles=()).save(tmp_path / "two.gz")
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    import gzip

    assert b"profiles" not in gzip.decompress((tmp_path / "one.gz").read_bytes())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("holds: [gap]", "holds: [luck]"), "nothing is known of 'luck'"),
        (("name: RACGP", "name: Guild of Makers"), "no accreditor that a brief can name"),
        (("region: Nowhere", "region: [1]"), "Expected `str`"),
        (("region: Nowhere", "region: Nowhere\ncolour: red"), "unknown field `colour`"),
        (("region: Nowhere", "region: *x"), "YAML aliases"),
        (("region: Nowhere\n", ""), "missing required field `region`"),
    ],
)
def test_a_faulty_profile_is_refused_in_one_line(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    (tmp_path / "accreditors").mkdir()
    (tmp_path / "accreditors" / "mine.yaml").write_text(OWN.replace(*change), "utf-8")
    with pytest.raises(UsageError) as refused:
        own_profiles(tmp_path / "brief.yaml")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "mine.yaml" in str(refused.value)


# --- the register of contributors -----------------------------------------------------------------

PERSON = """\
  - name: B. Planner (made up)
    role: planner
    role_from: 2021-05-10
    disclosed_on: 2021-05-01
    relationships:
      - {company: Madeco, nature: shares, begin: 2018-01-01, END mitigation: sold, MITIGATED}
"""


def states(evidence: Records, end: str = "", mitigated: str = "mitigated_on: 2021-05-02") -> str:
    person = PERSON.replace("END", f"end: {end}," if end else "").replace("MITIGATED", mitigated)
    start = BRIEF.index("  - name: A. Writer")
    text = BRIEF[:start] + person + "source: library\n"
    (line,) = register(assessed(evidence, text)).to_dict("records")
    return f"{line['counts']} | {line['state']}"


def test_mitigation_must_come_before_the_role(evidence: Records) -> None:
    assert states(evidence) == f"yes, no end given | {COMPLETE}"
    late = states(evidence, mitigated="mitigated_on: 2021-05-11")
    assert "the role began before mitigation" in late
    assert "days of mitigation" in states(evidence, mitigated="")


def test_a_relationship_counts_if_it_ended_within_the_period(evidence: Records) -> None:
    assert states(evidence, end="2019-05-01").startswith("yes |")
    assert states(evidence, end="2019-04-30") == f"no, it ended before | {COMPLETE}"


def test_an_old_disclosure_has_to_be_renewed(evidence: Records) -> None:
    old = BRIEF.replace("disclosed_on: 2021-05-01", "disclosed_on: 2019-05-31")
    (line,) = register(assessed(evidence, old)).to_dict("records")
    assert "a disclosure within the period" in line["state"]


def test_months_are_counted_back_by_the_calendar() -> None:
    assert before(date(2021, 3, 31), 1) == date(2021, 2, 28)
    assert before(date(2024, 2, 29), 24) == date(2022, 2, 28)
    assert before(date(2021, 1, 15), 24) == date(2019, 1, 15)


def test_a_relationship_that_ends_before_it_begins_is_refused() -> None:
    text = BRIEF.replace("nature: speaker fee", "nature: fee, begin: 2021-01-01, end: 2020-01-01")
    with pytest.raises(BriefError, match="is after its end"):
        Brief.parse(text)


def test_briefs_without_days_of_relationships_keep_their_digest() -> None:
    # Computed before those keys were there.
    assert Brief.parse(BRIEF).digest.startswith("dbb6787fa2a3350d")


def test_contributors_and_support_change_no_score(evidence: Records) -> None:
    plain = assessed(evidence, re.sub(r"(?s)support: .*source", "source", BRIEF))
    assert plain.gaps.equals(assessed(evidence).gaps)
