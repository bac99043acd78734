"""USPSTF recommendations: reading, addresses, search, and the service behind a loopback server."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cmeneeds.errors import UsageError
from cmeneeds.home import home
from cmeneeds.sources import uspstf
from cmeneeds.sources.uspstf import (
    Recommendation,
    Uspstf,
    UspstfKeyMissing,
    plain_text,
    read_recommendations,
    search,
)
from cmeneeds.sources.web import WebClient, WebNotJson, WebRefused

KEY = "planted-key-0123456789"

# Made up from end to end: no disease, no advice and no grade here is real.
MADE_UP: dict[str, Any] = {
    "note": "made-up test data",
    "specificRecommendations": [
        {
            "id": 1,
            "title": "Made-up Fever: Screening -- Made-up adults",
            "grade": "B",
            "gradeVer": 1,
            "gender": "men and women",
            "sex": "men and women",
            "ageRange": [18, 100],
            "text": "The made-up panel recommends made-up tests.<br><br> <br>Dose &lt;&nbsp;5 "
            "mg<sup>2</sup> &amp; more.",
            "servFreq": "<p>Every 3 made-up years</p>",
            "riskText": "<!-- not text --><p>&nbsp;</p>",
            "risk": ["7"],
            "general": 10,
            "tool": [],
        },
        {
            "id": 2,
            "title": "Made-up Fever: Screening -- Made-up children",
            "grade": "I",
            "gradeVer": 0,
            "sex": "female",
            "ageRange": [0, 17],
            "text": "Evidence is made up.",
            "general": "10",
        },
        {
            "id": 3,
            "title": "Invented Rash: Counseling",
            "grade": "Z",
            "gradeVer": 9,
            "text": "Nothing.",
            "rationale": "<p>Of its own.</p>",
            "general": "11",
        },
    ],
    "grades": {"B": ["old B", "made-up definition of B"], "I": ["made-up definition of I"]},
    "generalRecommendations": {
        "10": {
            "topicType": "Screening",
            "topicYear": 2019,
            "uspstfAlias": "made-up-fever",
            "specific": [1, 2],
            "title": "Made-up Fever: Screening",
            "topic": "Made-up Fever: Screening",
            "rationale": "<h2>Rationale</h2><p>One in 21<sup>4</sup> persons.</p>"
            "<table><tr><th>A</th><td>1</td></tr><tr><td>B</td><td>2</td></tr></table>",
            "clinical": "<p>Care.</p><script>alert(1)</script>",
            "other": "<p>Another society says so.</p>",
            "keywords": "fever|heat|Imaginary Diseases",
            "pubDate": "2019-04-01",
            "categories": ["1"],
        },
        "11": {"title": "Invented Rash", "topicYear": "2007", "uspstfAlias": "../../x?y"},
    },
    "categories": {"1": {"name": "Imaginary"}},
    "risks": {"7": {"code": "X", "name": "Imaginary risk"}},
}


def body(**changes: Any) -> bytes:
    return json.dumps({**MADE_UP, **changes}).encode()


@pytest.fixture(scope="module")
def made_up() -> list[Recommendation]:
    return read_recommendations(body(), sha256="ab" * 32, accessed="2024-05-02T12:00:00Z")


# --- reading ------------------------------------------------------------------------------------


def test_a_recommendation_says_all_that_the_service_says(made_up: list[Recommendation]) -> None:
    one = made_up[0]
    assert (one.id, one.grade, one.grade_version, one.strength) == (1, "B", 1, "for")
    assert one.grade_definition == "made-up definition of B"
    assert one.title == "Made-up Fever: Screening -- Made-up adults"
    assert (one.population, one.sex, one.ages) == ("Made-up adults", "men and women", (18, 100))
    assert (one.topic, one.kind, one.date) == (
        "Made-up Fever: Screening",
        "Screening",
        "2019-04-01",
    )
    assert one.keywords == ("fever", "heat", "Imaginary Diseases")
    assert (one.categories, one.risks) == (("Imaginary",), ("Imaginary risk",))
    assert one.url.endswith("/uspstf/recommendation/made-up-fever")
    assert (one.sha256, one.accessed) == ("ab" * 32, "2024-05-02T12:00:00Z")
    assert one.statement == "The made-up panel recommends made-up tests.\nDose < 5 mg2 & more."
    statement = one.parts[0]
    assert [(statement.text[m.start : m.end], m.tag) for m in statement.markup] == [("2", "sup")]
    assert [p.label for p in one.parts] == ["statement", "frequency", "rationale", "clinical"]
    assert one.text_of("rationale") == "Rationale\nOne in 214 persons.\nA\t1\nB\t2"
    assert one.text_of("clinical") == "Care."
    assert "society" not in repr(one)  # other bodies' words are not the Task Force's


def test_what_is_not_said_is_unknown(made_up: list[Recommendation]) -> None:
    three = made_up[2]
    assert (three.grade, three.strength, three.grade_definition) == ("Z", "unknown", "")
    assert (three.population, three.ages, three.sex) == ("", None, "")
    assert three.date == "2007"
    assert three.text_of("rationale") == "Of its own."
    assert three.url == uspstf.PAGE + "..%2F..%2Fx%3Fy"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        body(specificRecommendations={}),
        body(specificRecommendations=[{"id": "one"}]),
        body(specificRecommendations=[{**MADE_UP["specificRecommendations"][0], "grade": None}]),
        body(generalRecommendations={}),
    ],
)
def test_anything_else_is_a_typed_error(bad: bytes) -> None:
    with pytest.raises(WebNotJson) as caught:
        read_recommendations(bad)
    assert "made-up" not in str(caught.value)


def test_grades_say_what_the_task_force_says() -> None:
    assert uspstf.STRENGTH == {
        "A": "for",
        "B": "for",
        "C": "individual",
        "D": "against",
        "I": "insufficient",
    }


# --- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain  text\n", "plain text"),
        ("a &lt; b &amp; c &ge; d &#39;e&#39;", "a < b & c ≥ d 'e'"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("one<b>two</b>three", "onetwothree"),
        ("<p> one </p>\r\n\r\n<p>two</p>", "one\ntwo"),
        ("one<br/>two<br><br>three", "one\ntwo\nthree"),
        ("<ul><li>one</li><li>two</li></ul>three", "one\ntwo\nthree"),
        ("p <.05 and 3 < 4", "p <.05 and 3 < 4"),
        ("<style>p{}</style>one<!-- no -->two<?no?>", "onetwo"),
        ("\x00one\x0btwo", "one two"),
        ("<p>unclosed <em>tags", "unclosed tags"),
        ("Ünïcode &eacute; \U0001f642", "Ünïcode é \U0001f642"),
        ("<?xml version='1.0' encoding='latin-1'?>é", "é"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert plain_text(html)[0] == text


def test_spans_of_raised_characters_are_exact() -> None:
    text, markup = plain_text("<p>10<sup> 9 </sup>x <i>a<sub>2</sub></i></p>")
    assert text == "10 9 x a2"
    assert [(text[m.start : m.end], m.tag) for m in markup] == [
        ("9", "sup"),
        ("a2", "i"),
        ("2", "sub"),
    ]


@pytest.mark.parametrize("tag", ["div", "b", "p"])
def test_deep_nesting_loses_nothing(tag: str) -> None:
    html = f"<{tag}>" * 1000 + "deep" + f"</{tag}>" * 1000 + " after"
    assert plain_text(html)[0].split() == ["deep", "after"]


def test_what_cannot_be_read_whole_is_refused() -> None:
    with pytest.raises(WebNotJson, match="deeply"):
        plain_text("<div>" * 50_000 + "deep")


# --- addresses ----------------------------------------------------------------------------------


def test_an_address_leads_to_its_words(made_up: list[Recommendation]) -> None:
    documents = {d.id: d for d in (r.document() for r in made_up)}
    one = documents["USPSTF1"]
    assert one.parts[1].label == "Recommendation"
    assert one.address(1, 4, 17) == "USPSTF1.1.4-17"
    assert one.text_at("USPSTF1.1.4-17") == "made-up panel"
    for item in made_up:
        document = documents[f"USPSTF{item.id}"]
        texts = [part.text for part in document.parts]
        assert texts[0] == item.title
        assert [t for t in texts if t in {p.text for p in item.parts}] == [
            p.text for p in item.parts
        ]


def test_grade_population_and_ages_are_passages_too(made_up: list[Recommendation]) -> None:
    one, two, three = (r.document() for r in made_up)
    notes = {p.label: p.text for p in one.parts if p.kind == "note"}
    assert notes == {
        "Grade": "B",
        "Population": "Made-up adults",
        "Sex": "men and women",
        "Ages": "18 years and older",
    }
    assert {p.label: p.text for p in two.parts}["Ages"] == "0 to 17 years"
    assert "Ages" not in {p.label for p in three.parts}
    assert (one.role, one.kind, one.year, one.date) == (
        "guideline",
        "recommendation",
        2019,
        "2019-04-01",
    )
    # The service's own definition of a grade may be out of date: it is no passage.
    assert not any("definition" in p.text for d in (one, two, three) for p in d.parts)


# --- search -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (["made-up fever"], [1, 2]),
        (["FEVERS"], [1, 2]),
        (["imaginary disease"], [1, 2]),  # a keyword
        (["fever in children"], [2]),
        (["children fever", "fever"], [2, 1]),  # two terms before one
        (["rash"], [3]),
        (["fever rash"], []),
        (["feve"], []),
        (["the of"], []),
        ([""], []),
        ([], []),
    ],
)
def test_search_by_words(terms: list[str], found: list[int], made_up: list[Recommendation]) -> None:
    assert [item.id for item in search(made_up, terms)] == found


# --- the service --------------------------------------------------------------------------------


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A loopback service that wants a key; yields the paths it was asked for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            known = self.path.endswith(f"?key={KEY}")
            data = body() if known else b'{"warning": "made up: no key"}'
            self.send_response(200 if known else 202)
            self.send_header("ETag", '"made-up"')
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("CMENEEDS_USPSTF_URL", f"http://127.0.0.1:{server.server_port}/api/json")
    yield seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_service_is_asked_once_a_day(
    service: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_USPSTF_KEY", KEY)
    client = WebClient(pause=0)
    found = Uspstf().fetch(["fever"], client)
    assert [item.id for item in found] == ["USPSTF1", "USPSTF2"]
    assert client.archived(found[0].sha256) == body()
    assert Uspstf().fetch(["rash"], client)[0].id == "USPSTF3"
    assert service == [f"/api/json?key={KEY}"]
    assert not any(KEY.encode() in p.read_bytes() for p in home().rglob("*") if p.is_file())


def test_a_wrong_key_is_told(service: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMENEEDS_USPSTF_KEY", "wrong-key")
    with pytest.raises(WebRefused, match="key right") as caught:
        Uspstf().fetch(["fever"], WebClient(pause=0))
    assert caught.value.status == 202
    assert "wrong-key" not in str(caught.value)


def test_without_a_key_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMENEEDS_USPSTF_KEY", raising=False)
    monkeypatch.delenv("CMENEEDS_USPSTF_URL", raising=False)
    client = WebClient(pause=0)
    with pytest.raises(UspstfKeyMissing, match="CMENEEDS_USPSTF_KEY"):
        Uspstf().fetch(["fever"], client)
    assert client.visits == []


def test_a_key_has_no_place_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMENEEDS_USPSTF_URL", f"http://127.0.0.1:1/json?key={KEY}")
    with pytest.raises(UsageError) as caught:
        Uspstf().fetch(["fever"], WebClient(pause=0))
    assert KEY not in str(caught.value)


# --- the recording ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(recordings: Path) -> list[Recommendation]:
    path = recordings / "uspstf" / "recommendations-2024-05-02.json"
    if not path.is_file():
        pytest.skip("the recording of the Prevention TaskForce API is absent")
    return read_recommendations(path.read_bytes())


def test_the_recording_is_read_whole(recorded: list[Recommendation]) -> None:
    assert len(recorded) == len({item.id for item in recorded}) == 143
    assert len({item.url for item in recorded}) == 90
    assert Counter(item.strength for item in recorded) == {
        "insufficient": 58,
        "for": 54,
        "against": 23,
        "individual": 8,
    }
    for item in recorded:
        assert item.statement
        assert item.population
        assert item.grade_definition
        assert item.sex in ("female", "male", "men and women")
        assert item.ages is not None
        assert item.ages[0] < item.ages[1] <= 100
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", item.date)
        assert {"statement", "rationale", "clinical"} <= {p.label for p in item.parts}


def test_no_html_is_left_in_the_recording(recorded: list[Recommendation]) -> None:
    for item in recorded:
        for text in (item.title, item.population, *(p.text for p in item.parts)):
            assert not re.search(r"</?[a-zA-Z!]|&#?\w{1,8};|\xa0|  | \n|\n |\n\n", text)
            assert text == text.strip()


def test_addresses_hold_in_the_recording(recorded: list[Recommendation]) -> None:
    assert len({(i.id, p.label) for i in recorded for p in i.parts}) == sum(
        len(i.parts) for i in recorded
    )
    for item in recorded[::17]:
        document = item.document()
        for part in document.parts:
            address = document.address(part.number, 0, len(part.text))
            assert document.text_at(address) == part.text
            assert all(0 <= m.start < m.end <= len(part.text) for m in part.markup)


def test_the_recording_is_searched(recorded: list[Recommendation]) -> None:
    found = search(recorded, ["type 2 diabetes"])
    assert len(found) == 2
    assert all("Type 2 Diabetes" in item.title for item in found)
    assert search(recorded, ["covid-19 vaccination"]) == []
