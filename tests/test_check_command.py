"""The command ``check``: exit codes, text, JSON, SARIF; ``check.json`` of a run. All made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import test_command_line as commands
import test_laws as laws
import test_report_runs as runs

from cmeneeds.checks import all_rules
from cmeneeds.checks.result import check_run
from cmeneeds.verify import verify_run

made_up_place = runs.made_up_place
made_up_run = runs.made_up_run
cli = commands.cli
Cli = commands.Cli


def test_check_says_what_does_not_hold_and_what_to_do(made_up_place: Path, cli: Cli) -> None:
    answer = cli("check", made_up_place / "run")
    assert "To do:" in answer.out
    assert "Basis:" in answer.out
    assert "Not decided here" in answer.out
    last = answer.out.strip().splitlines()[-1]
    assert re.match(r"\d+ errors, \d+ warnings, \d+ open", last)
    assert answer.code == (0 if last.startswith("0 errors") else 1)
    assert "\x1b" not in answer.out  # the records are hostile


def test_errors_end_with_one_and_warnings_with_nought(made_up_run: Path, cli: Cli) -> None:
    (made_up_run / "brief.checks.yaml").write_text(_all_errors_off(made_up_run), "utf-8")
    assert cli("check", made_up_run).code == 0
    path = made_up_run / "report.md"
    text = path.read_text("utf-8")
    path.write_text(text.replace("# Executive summary", "# Executive summary\n\nTODO: all.", 1))
    answer = cli("check", made_up_run)
    assert answer.code == 1
    assert "TODO" in answer.out


def _all_errors_off(folder: Path) -> str:
    failing = [o.about.id for o in check_run(folder).outcomes if o.count("error")]
    return "off: {" + ", ".join(f"{id}: made up" for id in failing if id != "L67") + "}\n"


@pytest.mark.parametrize("words", ["", "nowhere", "brief.yaml"])
def test_what_cannot_be_checked_is_said(made_up_place: Path, cli: Cli, words: str) -> None:
    given = [made_up_place / "run" / words] if words else []
    answer = cli("check", *given)
    assert answer.code == 2
    assert len(answer.error.strip().splitlines()) == 1


def test_rules_are_listed_with_basis_or_reason(cli: Cli) -> None:
    answer = cli("check", "--rules")
    assert answer.code == 0
    for about in all_rules().values():
        assert about.asks in answer.out
        assert (about.why or about.basis) in answer.out


def test_json_is_what_the_run_holds_and_verify_derives(made_up_run: Path, cli: Cli) -> None:
    answer = cli("check", made_up_run, "--format", "json")
    said = json.loads(answer.out)
    kept = json.loads((made_up_run / "check.json").read_text("utf-8"))
    assert said == kept
    assert len(said["rules"]) == len(all_rules())
    assert verify_run(made_up_run, compare_library=False).broken == []
    for rule in kept["rules"]:
        rule["found"] = []
    (made_up_run / "check.json").write_text(json.dumps(kept), "utf-8")
    broken = verify_run(made_up_run, compare_library=False).broken
    assert any(b.where.startswith("check.json") for b in broken)


def test_the_report_lists_each_point_and_verify_derives_the_list(made_up_run: Path) -> None:
    path = made_up_run / "report.md"
    text = path.read_text("utf-8")
    section = text.partition("{.check-report}")[2]
    for outcome in check_run(made_up_run).outcomes:
        if outcome.state in ("fails", "open", "not decided"):
            assert f"| {outcome.about.id}" in section
    todo = next(o.about.todo for o in check_run(made_up_run).outcomes if o.state == "fails")
    place = section.index(todo[:20])
    path.write_text(text.partition("{.check-report}")[0] + "{.check-report}" + section[:place]
                    + "Nothing. " + section[place:], "utf-8")  # fmt: skip
    broken = verify_run(made_up_run, compare_library=False).broken
    assert any(b.where == "report.md, what the checks found" for b in broken)


# --- SARIF --------------------------------------------------------------------------------------

LEVELS = ("none", "note", "warning", "error")


def expect(value: Any, kind: type, where: str) -> Any:
    assert isinstance(value, kind), where
    return value


def test_sarif_has_the_form_that_code_scanning_reads(
    made_up_run: Path, cli: Cli, tmp_path: Path
) -> None:
    # No package carries the OASIS schema, so the parts that it and code scanning require are
    # looked at one by one (SARIF 2.1.0, sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30, 3.49).
    (made_up_run / "brief.checks.yaml").write_text("off: {L23: asked by hand (made up)}\n", "utf-8")
    out = tmp_path / "check.sarif"
    cli("check", made_up_run, "--format", "sarif", "--output", out)
    log = json.loads(out.read_text("utf-8"))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = expect(log["runs"], list, "runs")
    driver = run["tool"]["driver"]
    assert expect(driver["name"], str, "name")
    rules = [expect(rule["id"], str, "rule") for rule in driver["rules"]]
    assert len(set(rules)) == len(rules) == len(all_rules())
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in LEVELS
    lines = len((made_up_run / "report.md").read_text("utf-8").splitlines())
    prints = set()
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in LEVELS
        assert expect(result["message"]["text"], str, "message")
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "report.md"
        assert 1 <= expect(place["region"]["startLine"], int, "line") <= lines
        prints |= set(result["partialFingerprints"].values())
        if result["ruleId"] == "L23":
            assert result["suppressions"] == [
                {"kind": "external", "justification": "asked by hand (made up)"}
            ]
    assert len(prints) == len(run["results"])  # each can be followed from run to run
    assert "/" not in place["artifactLocation"]["uri"]
    assert str(made_up_run) not in out.read_text("utf-8")


def test_a_finding_leads_to_its_line(made_up_run: Path, cli: Cli) -> None:
    path = made_up_run / "report.md"
    text = path.read_text("utf-8")
    text = text.replace("# Executive summary", "# Executive summary\n\nTODO: all.", 1)
    path.write_text(text, "utf-8")
    log = json.loads(cli("check", made_up_run, "--format", "sarif").out)
    (line,) = [
        r["locations"][0]["physicalLocation"]["region"]["startLine"]
        for r in log["runs"][0]["results"]
        if r["ruleId"] == "L67" and r["level"] == "error"
    ]
    assert "TODO" in text.splitlines()[line - 1]


# --- a Word file --------------------------------------------------------------------------------


def test_an_untouched_word_file_raises_no_error_of_its_own(made_up_place: Path, cli: Cli) -> None:
    run = made_up_place / "run"
    answer = cli("check", run / "report.docx", "--run", run, "--format", "json")
    said = json.loads(answer.out)
    wrong = [r["id"] for r in said["rules"] for f in r["found"] if f["severity"] == "error"]
    assert wrong == []
    assert said["checked"] == "draft"


def test_the_notices_at_the_top_stay(made_up_place: Path) -> None:
    assert "draft" in laws.tops(made_up_place / "run")["md"].lower()
