"""ClinicalTrials.gov: reading and paging against a loopback server; all trials are made up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cmeneeds.sources.ctgov import ClinicalTrials, Trial, any_of, read_page, search_trials
from cmeneeds.sources.web import WebClient, WebNotJson


def study(number: int, **modules: Any) -> dict[str, Any]:
    identity = {"nctId": f"NCT{number:08}", "briefTitle": f"Made-up trial {number}"}
    return {"protocolSection": {"identificationModule": identity, **modules}}


FULL = study(
    1,
    statusModule={
        "overallStatus": "RECRUITING",
        "startDateStruct": {"date": "2024-09-30"},
        "completionDateStruct": {"date": "2026-12", "type": "ESTIMATED"},
    },
    sponsorCollaboratorsModule={"leadSponsor": {"name": "Made-up Sponsor", "class": "INDUSTRY"}},
    conditionsModule={"conditions": ["Made-up fever"]},
    designModule={
        "studyType": "INTERVENTIONAL",
        "phases": ["PHASE1", "PHASE2"],
        "enrollmentInfo": {"count": 30},
    },
    armsInterventionsModule={"interventions": [{"name": "Made-up drug"}, {"name": "Placebo"}]},
)


def test_a_trial_says_what_the_registry_says() -> None:
    body = json.dumps({"totalCount": 1, "studies": [FULL]}).encode()
    [trial], total, token = read_page(body, sha256="ab", accessed="2024-05-02T12:00:00Z")
    assert (total, token) == (1, None)
    assert trial == Trial(
        nct="NCT00000001",
        title="Made-up trial 1",
        status="RECRUITING",
        study_type="INTERVENTIONAL",
        phase=("PHASE1", "PHASE2"),
        conditions=("Made-up fever",),
        interventions=("Made-up drug", "Placebo"),
        start="2024-09-30",
        completion="2026-12",
        enrolment=30,
        sponsor="Made-up Sponsor",
        sha256="ab",
        accessed="2024-05-02T12:00:00Z",
    )
    assert trial.url == "https://clinicaltrials.gov/study/NCT00000001"


def test_what_is_not_said_is_empty_or_unknown() -> None:
    [trial], total, _ = read_page(json.dumps({"studies": [study(2)]}).encode())
    assert (trial.phase, trial.enrolment, trial.start, total) == ((), None, "", None)


def test_a_trial_can_never_originate_a_gap() -> None:
    assert Trial.may_originate_gap is False
    assert Trial(nct="NCT00000001").may_originate_gap is False
    assert ClinicalTrials.may_originate_gap is False
    with pytest.raises(AttributeError):
        Trial(nct="NCT00000001").may_originate_gap = True  # type: ignore[misc]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{}",
        b"[]",
        b'{"studies": [{}]}',
        b'{"studies": [{"protocolSection": {"identificationModule": {"nctId": 7}}}]}',
        b'{"studies": [{"protocolSection": {"identificationModule": {"nctId": "../x"}}}]}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_a_typed_error(bad: bytes) -> None:
    with pytest.raises(WebNotJson):
        read_page(bad)


@pytest.mark.parametrize(
    ("terms", "query"),
    [
        (["Type 2 Diabetes", "T2DM"], "(type 2 diabetes) OR (t2dm)"),
        (["fever", "Fever", "", "()"], "(fever)"),
        (['a" OR AREA[LeadSponsorName]x'], "(a or area leadsponsorname x)"),
        (["heart (failure) AND NOT x"], "(heart failure and not x)"),
        ([], ""),
    ],
)
def test_terms_are_plain_words(terms: list[str], query: str) -> None:
    assert any_of(terms) == query


# --- the service --------------------------------------------------------------------------------


class Registry:
    """A made-up registry of ``size`` trials that pages as the real one does."""

    def __init__(self, size: int) -> None:
        self.studies = [study(n) for n in range(1, size + 1)]
        self.seen: list[dict[str, str]] = []
        self.circle = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                outer.seen.append(query)
                start, step = int(query.get("pageToken", "0")), int(query["pageSize"])
                # One trial comes again on the next page, as when the registry moves.
                page: dict[str, Any] = {"studies": outer.studies[max(0, start - 1) : start + step]}
                if not start:
                    page["totalCount"] = len(outer.studies)
                if start + step < len(outer.studies):
                    page["nextPageToken"] = str(start + (0 if outer.circle and start else step))
                data = json.dumps(page).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    made = Registry(25)
    monkeypatch.setenv("CMENEEDS_CTGOV_URL", f"http://127.0.0.1:{made.server.server_port}/api/v2/")
    yield made
    made.close()


def test_all_pages_are_read_and_no_trial_comes_twice(registry: Registry) -> None:
    found = search_trials(WebClient(pause=0), "(fever)", page_size=10)
    assert [t.nct for t in found.items] == [f"NCT{n:08}" for n in range(1, 26)]
    assert found.total == 25
    assert [q.get("pageToken") for q in registry.seen] == [None, "10", "20"]
    first = registry.seen[0]
    assert first["query.cond"] == "(fever)"
    assert "RECRUITING" in first["filter.overallStatus"]
    assert "NCTId" in first["fields"]
    assert first["countTotal"] == "true"
    assert "query.term" not in first
    assert not any("spons" in name for name in first)


def test_a_limit_is_kept_and_the_total_told(registry: Registry) -> None:
    found = search_trials(WebClient(pause=0), "(fever)", page_size=10, limit=12)
    assert (len(found.items), found.total) == (12, 25)
    assert len(registry.seen) == 2


def test_paging_in_a_circle_is_found_out(registry: Registry) -> None:
    registry.circle = True
    with pytest.raises(WebNotJson, match="twice"):
        search_trials(WebClient(pause=0), "(fever)", page_size=5, limit=1000)


def test_the_source_asks_for_the_topic_only(registry: Registry) -> None:
    source = ClinicalTrials()
    assert len(source.fetch(["fever"], WebClient(pause=0))) == 25
    assert source.fetch([" "], WebClient(pause=0)) == []
    assert len(registry.seen) == 1


# --- the recordings -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(recordings: Path) -> dict[str, bytes]:
    folder = recordings / "web" / "ctgov"
    if not folder.is_dir():
        pytest.skip("the recordings of ClinicalTrials.gov are absent")
    return {p.name: p.read_bytes() for p in sorted(folder.glob("search_*.json"))}


def test_every_recorded_search_is_read(pages: dict[str, bytes]) -> None:
    assert len(pages) == 7
    read = {name: read_page(body) for name, body in pages.items()}
    counts = {name.split("_2026")[0]: (len(t), n, bool(k)) for name, (t, n, k) in read.items()}
    assert counts == {
        "search_age_count": (1, 598101, True),
        "search_keytruda_limit3": (3, 2924, True),
        "search_melanoma_recruiting_limit3": (3, 480, True),
        "search_nsclc_egfr_l858r": (2, 2, False),
        "search_phelan_limit5": (5, 21, True),
        "search_phelan_limit50": (3, 3, False),
        "search_phelan_next": (5, None, True),
    }
    for trials, _, _ in read.values():
        for trial in trials:
            assert trial.title
            assert trial.status
            assert trial.conditions
            assert trial.sponsor


def test_a_recorded_answer_of_another_kind_is_refused(recordings: Path) -> None:
    others = [*(recordings / "web" / "openfda").glob("*.json")]
    others += (recordings / "web" / "ctgov").glob("get_*.json")
    if not others:
        pytest.skip("the recordings of openFDA and of single studies are absent")
    for path in others:
        with pytest.raises(WebNotJson):
            read_page(path.read_bytes())
