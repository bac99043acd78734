"""Sources beside PubMed in a whole run: what they add, what they never do, and when they are down.

The services run on loopback; every recommendation, trial and number they tell is made up.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import test_report_runs as runs

from cmeneeds.assessment import assess
from cmeneeds.brief import Brief
from cmeneeds.documents import Citation, Document, Part, Reference
from cmeneeds.errors import SourceUnavailable, UsageError
from cmeneeds.evidence.findings import find
from cmeneeds.home import home
from cmeneeds.report.run import make_report
from cmeneeds.retrieval import Records, search
from cmeneeds.sources import web
from cmeneeds.strategy import build_strategy
from cmeneeds.verify import verify_run
from cmeneeds.works import Works

KEY = "planted-key-0123456789"

STATEMENT = (
    "The made-up panel recommends that nurses perform infusion pump dose checks in all patients "
    "with zandoric fever."
)

TASK_FORCE: dict[str, Any] = {
    "specificRecommendations": [
        {
            "id": 7,
            "title": "Zandoric Fever: Counseling -- Made-up adults",
            "grade": "B",
            "gradeVer": 0,
            "sex": "men and women",
            "ageRange": [18, 100],
            "text": f"<p>{STATEMENT}</p>",
            "general": "70",
        }
    ],
    "grades": {"B": ["made-up definition"]},
    "generalRecommendations": {
        "70": {
            "title": "Zandoric Fever: Counseling",
            "topic": "Zandoric Fever",
            "topicType": "Counseling",
            "pubDate": "2020-02-03",
            "uspstfAlias": "made-up-zandoric-fever",
            "rationale": "<p>Only 12% of made-up nurses knew about infusion pump dose checks in "
            "zandoric fever.</p>",
        }
    },
}

TRIALS = {
    "totalCount": 1,
    "studies": [
        {
            "protocolSection": {
                "identificationModule": {
                    "nctId": "NCT00000000",
                    "briefTitle": "Zandoric fever: only 5% of nurses do dose checks",
                },
                "statusModule": {
                    "overallStatus": "RECRUITING",
                    "startDateStruct": {"date": "2020-09"},
                    "completionDateStruct": {"date": "2031-12"},
                },
                "designModule": {"enrollmentInfo": {"count": 4321}},
                "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Wonderpharm"}},
            }
        }
    ],
}


class Services:
    """Both services; ``down`` names those that fail."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.asked: list[str] = []


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    state = Services()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = "uspstf" if self.path.startswith("/uspstf") else "ctgov"
            state.asked.append(self.path)
            body = json.dumps(TASK_FORCE if name == "uspstf" else TRIALS).encode()
            self.send_response(503 if name in state.down else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("CMENEEDS_USPSTF_URL", f"{base}/uspstf")
    monkeypatch.setenv("CMENEEDS_USPSTF_KEY", KEY)
    monkeypatch.setenv("CMENEEDS_CTGOV_URL", f"{base}/ctgov")
    usual: Any = web.WebClient.__init__.__kwdefaults__
    monkeypatch.setitem(usual, "pause", 0.0)
    monkeypatch.setitem(usual, "attempts", 1)
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def brief_text(**switches: str) -> str:
    """The made-up brief with sources beside the records."""
    lines = "".join(f"  {name}: {switch}\n" for name, switch in switches.items())
    return runs.BRIEF + (f"also_search:\n{lines}" if lines else "")


def searched(tmp_path: Path, **switches: str) -> tuple[Brief, Records]:
    """Search the made-up records without their guideline, and what the brief asks beside them."""
    articles = [a for a in runs.made_up_records() if a.pmid != 102]
    path = runs.write_library(tmp_path / "made-up.sqlite", articles)
    brief = Brief.parse(brief_text(**switches))
    return brief, search(build_strategy(brief), library=path)


def test_a_recommendation_of_the_task_force_is_the_other_side_of_a_gap(
    services: Services, tmp_path: Path
) -> None:
    alone = assess(*searched(tmp_path / "alone"))
    row = alone.gaps[alone.gaps["cp_pmid"] == 101].iloc[0]
    assert row.status == "candidate"
    assert "best practice" in row.missing
    both = assess(*searched(tmp_path / "both", uspstf="on"))
    row = both.gaps[both.gaps["cp_pmid"] == 101].iloc[0]
    assert (row.missing, row.bp_source, row.best_practice) == ("", "USPSTF7", STATEMENT)
    assert row.bp_passage == f"USPSTF7.1.0-{len(STATEMENT)}"
    assert (bool(row.bp_guideline), row.bp_year) == (True, 2020)
    # What the panel says about practice is quoted from others: it carries no row.
    told = both.findings[both.findings["source"] == "USPSTF7"]
    assert set(told[told["label"] != "REC"]["secondary"]) <= {True}
    assert "USPSTF7" not in set(both.gaps["cp_source"])


def test_a_trial_under_way_never_carries_anything(services: Services, tmp_path: Path) -> None:
    brief, records = searched(tmp_path / "with", ctgov="on")
    assert [d.id for d in records.trials] == ["NCT00000000"]
    with_trials = assess(brief, records)
    without = assess(*searched(tmp_path / "without"))
    assert "NCT00000000" not in set(with_trials.findings["source"])
    assert with_trials.gaps.equals(without.gaps)


def test_a_source_that_is_down_is_told_and_does_not_stop_the_run(
    services: Services, tmp_path: Path
) -> None:
    services.down = {"uspstf"}
    _, records = searched(tmp_path, uspstf="on", ctgov="on")
    down, up = records.beside
    assert (down.facet, down.count, down.data_date) == ("uspstf", None, "")
    assert "not asked" in down.notes
    assert "503" in down.notes
    assert (up.facet, up.count) == ("ctgov", 1)
    log = records.search_log.set_index("facet")
    assert str(log.loc["uspstf", "count"]) == "<NA>"  # unknown is not zero


def test_a_required_source_that_is_down_stops_the_run(services: Services, tmp_path: Path) -> None:
    services.down = {"uspstf"}
    with pytest.raises(SourceUnavailable, match="uspstf, which the brief requires"):
        searched(tmp_path, uspstf="required")


def test_a_source_that_is_switched_off_is_not_asked(services: Services, tmp_path: Path) -> None:
    _, records = searched(tmp_path, uspstf="off", ctgov="off")
    assert (records.beside, records.documents, services.asked) == ((), (), [])


def test_a_source_that_nobody_knows_is_wrong_usage(services: Services, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no web source 'madeup'"):
        searched(tmp_path, madeup="on")


def test_supporters_and_sponsors_reach_no_query(services: Services, tmp_path: Path) -> None:
    searched(tmp_path, uspstf="on", ctgov="on")
    assert services.asked
    assert not any("wonderpharm" in path.lower() for path in services.asked)


@pytest.fixture
def whole_run(services: Services, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a report with both sources; its ``CMENEEDS_HOME`` is the current one."""

    def make(folder: Path) -> None:
        articles = [a for a in runs.made_up_records() if a.pmid != 102]
        library = runs.write_library(folder / "made-up.sqlite", articles)
        brief = runs.write_brief(folder, brief_text(uspstf="required", ctgov="on"))
        made = make_report(brief, outputs=folder / "outputs", library=library)
        shutil.copytree(made.folder, folder / "run")
        shutil.copytree(home(), folder / "home")

    place = runs.once(tmp_path_factory, "beside-run", make)
    shutil.copytree(place / "home", home(), dirs_exist_ok=True)
    return Path(shutil.copytree(place / "run", tmp_path / "whole-run"))


def test_a_run_with_other_sources_is_whole_and_proven(
    whole_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = verify_run(whole_run, compare_library=False)
    assert [str(b) for b in result.broken] == []
    report = (whole_run / "report.md").read_text("utf-8")
    assert "@USPSTF7" in report
    assert "grade B" in report
    assert "@NCT00000000" in report
    html = (whole_run / "report.html").read_text("utf-8")
    assert "US Preventive Services Task Force" in html
    assert "4321" in html
    assert "Wonderpharm" not in html.split("Studies under way")[1].split("</table>")[0]
    manifest = json.loads((whole_run / "manifest.json").read_text("utf-8"))
    archived = manifest["archived"]
    assert len(archived) == 2
    assert all(web.WebClient(pause=0).archived(sha) for sha in archived)
    # Law 7, for the web: key in no file of the run, the cache or what was printed.
    printed = capfd.readouterr()
    assert KEY not in printed.out + printed.err
    for folder in (whole_run, home()):
        files = [p for p in folder.rglob("*") if p.is_file()]
        assert files
        assert not any(KEY.encode() in p.read_bytes() for p in files)
    # Law 4: from the snapshot, with nobody there to ask, the same tables.
    again = make_report(
        whole_run / "brief.yaml",
        outputs=tmp_path / "again",
        library=whole_run / "snapshot.jsonl.gz",
    )
    for table in whole_run.glob("*.csv"):
        assert (again.folder / table.name).read_bytes() == table.read_bytes(), table.name


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("gaps.csv", "perform infusion pump dose checks", "omit infusion pump dose checks"),
        ("report.md", "perform infusion pump dose checks", "omit infusion pump dose checks"),
        ("report.md", "4321", "5432"),
        ("references.json", "made-up-zandoric-fever", "another-page"),
    ],
)
def test_a_changed_word_of_another_source_is_found(
    whole_run: Path, tmp_path: Path, file: str, old: str, new: str
) -> None:
    folder = Path(shutil.copytree(whole_run, tmp_path / "copy"))
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    result = verify_run(folder, compare_library=False)
    assert result.broken, f"{old!r} became {new!r} in {file}, and nobody noticed"


# --- full texts ---------------------------------------------------------------------------------


def full_text(pmid: int | None = 101) -> Document:
    """The made-up full text of a record."""
    texts = [
        Part(0, "title", "A survey of nurses on zandoric fever: knowledge of dose checks"),
        Part(1, "abstract paragraph", "Only 24% of nurses had adequate knowledge of dose checks."),
        Part(2, "paragraph", "Only 19% (19 of 100) of nurses had adequate knowledge of dose checks "
             "in zandoric fever.", path=("Results",), section="results"),
        Part(3, "paragraph", "Poor knowledge of dose checks was seen in 55% of nurses in zandoric "
             "fever elsewhere.1", path=("Discussion",), section="discussion",
             citations=(Citation(81, 82, (0,)),)),
        Part(4, "paragraph", "Lack of funding was a barrier to this study of dose checks.",
             path=("Funding",), section="statements"),
        Part(5, "paragraph", "We recommend that nurses should:", path=("Recommendations",),
             section="recommendations"),
        Part(6, "list item", "check the dose of every made-up infusion pump", lead=5,
             path=("Recommendations",), section="recommendations"),
    ]  # fmt: skip
    return Document(
        id="PMC101", kind="pmc article", title=texts[0].text, pmid=pmid, year=2020,
        full_text=True, references=(Reference("B1", pmid=9),), parts=tuple(texts),
    )  # fmt: skip


def findings_of_full_text(pmid: int | None = 101) -> dict[int, Any]:
    articles = [a for a in runs.made_up_records() if a.pmid == 101]
    frame = find([*articles, full_text(pmid)])
    frame = frame[frame["finding_id"].str.startswith("PMC")]
    return {int(row.section): row for row in frame.itertuples(index=False)}


def test_a_full_text_counts_as_its_record(tmp_path: Path) -> None:
    found = findings_of_full_text()
    assert {row.source for row in found.values()} == {"pmid-101"}
    assert 1 not in found  # its abstract was read in the record
    assert 4 not in found  # who paid is no barrier to care
    alone = findings_of_full_text(pmid=None)
    assert {row.source for row in alone.values()} == {"PMC101"}
    assert 1 in alone


def test_a_sentence_that_cites_others_is_secondary() -> None:
    found = findings_of_full_text()
    assert bool(found[2].secondary) is False
    assert bool(found[3].secondary) is True


def test_an_item_of_a_recommending_list_recommends() -> None:
    assert findings_of_full_text()[6].label == "REC"


def test_every_passage_of_a_full_text_leads_to_its_words() -> None:
    works = Works([a for a in runs.made_up_records() if a.pmid == 101], [full_text()])
    for row in findings_of_full_text().values():
        located = works.locate(row.finding_id)
        assert located.text == row.text
        assert located.work.key == row.source == works.key_of(row.finding_id)
    for nowhere in ("PMC101.99.0-5", "PMC101.2.0-999", "PMC102.0.0-5", "101.9.0-5", "x", ""):
        with pytest.raises(UsageError):
            works.locate(nowhere)
