"""From draft to final: claims beside their passages, one answer each, and nothing slips through.

Every record, disease and person here is made up.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import test_command_line as commands
import test_laws as laws
import test_report_runs as runs

from cmeneeds.confirming import Confirming, Item, cited_in, left_over
from cmeneeds.decisions import decisions_path, load_decisions
from cmeneeds.decisions.signing import Open, in_words
from cmeneeds.errors import ReportError, UsageError
from cmeneeds.report.answers import questions_in
from cmeneeds.report.final import make_final
from cmeneeds.verify import verify_run

made_up_place = runs.made_up_place
made_up_run = runs.made_up_run
cli = commands.cli
Cli = commands.Cli

WHO = "B. Planner (made up)"

SIGNABLE = (
    runs.BRIEF.replace(
        "  - profession: nurses\n    setting: infusion clinics",
        "  - profession: nurses\n    specialty: infusion\n    setting: infusion clinics\n"
        "    country: Norway",
    )
    .replace(
        "trigger: A made-up request by Wonderpharm about Zandorex.",
        "trigger: A made-up audit of our wards.",
    )
    .replace("mitigation: none yet", "mitigation: peer review (made up)")
)


@pytest.fixture(scope="session")
def signable_place(tmp_path_factory: pytest.TempPathFactory, made_up_place: Path) -> Path:
    """A brief that can be signed, beside the made-up library, and its draft. Only read it."""

    def make(folder: Path) -> None:
        shutil.copy(made_up_place / "made-up.sqlite", folder / "made-up.sqlite")
        (folder / "brief.yaml").write_text(SIGNABLE, "utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(folder / "home"))
            draft(folder)

    return runs.once(tmp_path_factory, "signable-run", make)


@pytest.fixture
def place(signable_place: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to sign in."""
    return Path(shutil.copytree(signable_place, tmp_path / "signable", symlinks=True))


def drafted(place: Path) -> Path:
    """The draft that is there already."""
    return place / "outputs" / "zandoric-fever" / "latest"


def draft(place: Path) -> Path:
    made = runs.make_report(
        place / "brief.yaml", outputs=place / "outputs", library=place / "made-up.sqlite"
    )
    return made.folder


def view_of(folder: Path, place: Path) -> Confirming:
    return Confirming(folder, decisions_path(place / "brief.yaml"), WHO)


def shown(view: Confirming) -> Iterator[Item]:
    while (item := view.next()) is not None:
        yield item


def sign_all(view: Confirming) -> None:
    """Say yes to claims, keep gaps, reject candidates, answer questions."""
    for item in shown(view):
        if item.kind == "row" and dict(item.asks)["status"] != "gap":
            view.reject("not about our learners (made up)")
        elif item.kind == "question":
            view.confirm("The committee looked at it in June (made up).")
        else:
            view.confirm()


def test_a_draft_becomes_final_when_everything_is_signed_and_only_then(place: Path) -> None:
    folder = drafted(place)
    assert left_over(folder) != []
    for _ in range(4):  # rows that were rejected bring others into the report
        sign_all(view_of(folder, place))
        try:
            run = make_final(
                place / "brief.yaml", outputs=place / "outputs", library=place / "made-up.sqlite"
            )
        except ReportError:
            folder = max((place / "outputs" / "zandoric-fever").glob("2*"))
        else:
            break
    else:
        raise AssertionError(left_over(folder))
    assert run.manifest["document_status"] == "final"
    said = laws.tops(run.folder)
    assert [where for where, text in said.items() if "draft" in text.lower()] == []
    text = (run.folder / "report.md").read_text("utf-8")
    assert f"Signed: every gap and every cited claim. {WHO}".replace("(", r"(") in text.replace(
        "[", ""
    ).replace("]{.term}", "").replace("\\", "")
    gaps = csv.DictReader(io.StringIO((run.folder / "gaps.csv").read_text("utf-8")))
    assert {row["document_status"] for row in gaps} == {"final"}
    assert "Answered" in text or "open-question" not in text
    result = verify_run(run.folder, compare_library=False)
    assert result.broken == []
    # What was signed is what it cites: a citation more, and it is no final report.
    cited = run.folder / "brief.cited.txt"
    cited.write_text(cited.read_text("utf-8").partition("\n")[2], "utf-8")
    assert verify_run(run.folder, compare_library=False).broken != []


@pytest.fixture
def view(made_up_place: Path, tmp_path: Path) -> Confirming:
    return Confirming(made_up_place / "run", tmp_path / "brief.decisions.csv", WHO)


def test_each_claim_stands_beside_its_passage(view: Confirming, made_up_place: Path) -> None:
    item = next(i for i in view.items if i.kind == "claim" and i.role == "current practice")
    records = view.assessment.records.works
    assert item.passage == records.locate(item.address).text
    asked = dict(item.asks)
    assert {"population", "action", "denominator", "direction"} <= asked.keys()
    assert asked["denominator"] == "48 of 200"
    assert any("Gap" in used for used in item.used)
    report = (made_up_place / "run" / "report.md").read_text("utf-8")
    rows = {text for text in view.assessment.gaps["passages"] for text in text.split("; ")}
    outside = set(cited_in(report)) - rows
    assert outside <= {i.address for i in view.items}  # burden and others are confirmed too


def test_every_answer_is_saved_at_once_with_name_and_day(view: Confirming) -> None:
    item = view.next()
    assert item is not None
    view.confirm()
    (line,) = load_decisions(view.path)
    assert (line.decision, line.passage, line.by) == ("confirm", item.address, WHO)
    assert line.date
    assert "population" in line.value
    assert item.address in line.seen  # a change of the passage will be seen


def test_signing_goes_on_where_it_was_left(view: Confirming, made_up_place: Path) -> None:
    view.next()
    view.confirm()
    again = Confirming(made_up_place / "run", view.path, WHO)
    assert again.remaining == view.remaining == len(view.items) - 1


def test_nothing_is_confirmed_that_was_not_shown(view: Confirming) -> None:
    with pytest.raises(UsageError, match="no claim is shown"):
        view.confirm()
    view.next()
    view.confirm()
    with pytest.raises(UsageError, match="no claim is shown"):
        view.confirm()
    assert len(load_decisions(view.path)) == 1
    with pytest.raises(UsageError, match="who confirms"):
        Confirming(Path(), view.path, " ")


def test_a_disputed_claim_stays_open(view: Confirming, made_up_place: Path) -> None:
    item = view.next()
    assert item is not None
    with pytest.raises(UsageError, match="reason"):
        view.reject(" ")
    view.reject("speaks of another ward (made up)")
    assert view.remaining == len(view.items)
    assert any("1 claim in dispute" in w for w in left_over(made_up_place / "run", view.path))
    again = Confirming(made_up_place / "run", view.path, WHO)
    assert again.next() == item
    again.confirm()  # the last word counts
    assert not any("dispute" in words for words in left_over(made_up_place / "run", view.path))


def test_skip_back_and_undo(view: Confirming) -> None:
    first = view.next()
    view.skip()
    second = view.next()
    assert second != first
    view.back()
    assert view.next() == first
    view.confirm()
    assert view.undo() == first
    assert load_decisions(view.path) == []
    assert view.next() == first
    assert view.undo() is None


def test_a_rejected_row_takes_its_claims_along_and_undo_brings_them_back(
    view: Confirming,
) -> None:
    row = next(i for i in view.items if i.kind == "row")
    while view.next() != row:
        view.skip()
    before = view.remaining
    view.reject("not ours (made up)")
    of_row = sum(i.gap_id == row.gap_id for i in view.items)
    assert view.remaining == before - of_row
    view.undo()
    assert view.remaining == before


def test_what_is_left_is_said_in_words() -> None:
    left = [Open("G-1", "not accepted", ""), Open("G-1", "not confirmed", "1.0.0-9")] * 2
    assert in_words(left) == "2 rows to accept, 2 claims to confirm"


def test_an_answer_stands_in_the_place_of_its_question(place: Path) -> None:
    folder = drafted(place)
    asked = questions_in((folder / "report.md").read_text("utf-8"))
    assert asked
    view = view_of(folder, place)
    while (item := view.next()) is not None and item.kind != "question":
        view.skip()
    assert item is not None
    with pytest.raises(UsageError, match="answer is missing"):
        view.confirm("")
    view.confirm("None that 3 of us know of (made up).")
    folder = draft(place)
    text = (folder / "report.md").read_text("utf-8")
    assert "None that 3 of us know of" in text
    assert item.claim not in {q.text for q in questions_in(text)}
    assert len(questions_in(text)) == len(asked) - 1
    assert verify_run(folder, compare_library=False).broken == []


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def give(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return give


def test_sign_takes_one_key_a_claim_from_a_pipe(
    made_up_place: Path, tmp_path: Path, cli: Cli, typed: Callable[[str], None]
) -> None:
    brief = tmp_path / "brief.yaml"
    shutil.copy(made_up_place / "run" / "brief.yaml", brief)
    typed("y\nz\nn\nn speaks of another ward (made up)\ns\nq\n")
    answer = cli("sign", made_up_place / "run", "--brief", brief, "--by", WHO)
    assert answer.code == 0
    assert "PASSAGE" in answer.out
    assert "48 of 200" in answer.out
    kinds = [d.decision for d in load_decisions(decisions_path(brief))]
    assert kinds == ["confirm", "dispute"]
    typed("")
    again = cli("sign", made_up_place / "run", "--brief", brief, "--by", WHO)
    assert again.code == 0
    assert "Go on any time" in again.out


def test_sign_refuses_another_brief_and_a_missing_name(
    made_up_place: Path, tmp_path: Path, cli: Cli
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(runs.BRIEF.replace("zandoric fever", "another fever", 1), "utf-8")
    answer = cli("sign", made_up_place / "run", "--brief", other, "--by", WHO)
    assert answer.code == 1
    assert "not the brief" in answer.error
    assert cli("sign", made_up_place / "run", "--brief", other).code == 2
    assert cli("sign", other, "--by", WHO, "--outputs", tmp_path).code == 1


def test_final_says_how_much_remains_and_how_to_go_on(
    made_up_place: Path, tmp_path: Path, cli: Cli
) -> None:
    brief = runs.write_brief(tmp_path)
    view = Confirming(made_up_place / "run", decisions_path(brief), WHO)
    view.next()
    view.confirm()
    answer = cli(
        "report", brief, "--final", "--outputs", tmp_path / "outputs",
        "--library", made_up_place / "made-up.sqlite",
    )  # fmt: skip
    assert answer.code == 1
    last = answer.error.strip().splitlines()[-1]
    assert "cannot be final" in last
    assert "claims to confirm" in last
    assert "cmeneeds sign" in last
    runs_made = list((tmp_path / "outputs").glob("*/2*"))
    assert len(runs_made) == 1  # the draft stays
    manifest = json.loads((runs_made[0] / "manifest.json").read_text("utf-8"))
    assert manifest["document_status"].startswith("DRAFT")


def test_several_reports_cannot_be_made_final_at_once(tmp_path: Path, cli: Cli) -> None:
    brief = runs.write_brief(tmp_path)
    answer = cli("report", brief, brief, "--final", "--outputs", tmp_path / "outputs")
    assert answer.code == 2
    assert not (tmp_path / "outputs").exists()
