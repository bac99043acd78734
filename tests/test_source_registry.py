"""Web sources: discovery, broken plugins, sources that are down. Every plugin here is made up."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cmeneeds.documents import Document, Part
from cmeneeds.errors import UsageError
from cmeneeds.sources import registry
from cmeneeds.sources.registry import BUILT_IN, GROUP, Outage, WebSource, discover, gather
from cmeneeds.sources.web import WebClient, WebUnavailable


class MadeUp:
    """A source that knows one thing."""

    name = "made-up"
    title = "Made-up guidelines"
    kind = "guideline"
    may_originate_gap = True

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> list[Document]:
        return [made_up(f"MADEUP{n}", word) for n, word in enumerate(topic_words, 1)]


def made_up(id: str, word: str, role: str = "guideline") -> Document:
    parts = (Part(0, "title", f"Made-up item on {word}"),)
    return Document(id=id, kind="recommendation", role=role, title=parts[0].text, parts=parts)


FEVER = made_up("MADEUP1", "fever")


class Strings(MadeUp):
    name = "strings"

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> Any:
        return ["made-up text"]


class BadId(MadeUp):
    name = "bad-id"

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> Any:
        return [made_up("made up/1", "fever")]


class Twice(MadeUp):
    name = "twice"

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> Any:
        return [FEVER, FEVER]


class WrongRole(MadeUp):
    name = "wrong-role"
    kind = "background"
    may_originate_gap = False


class Down(MadeUp):
    name = "down"

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> list[str]:
        raise WebUnavailable("made-up.example is not available: it answered 503", "Try later.")


class Buggy(MadeUp):
    name = "buggy"

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> list[str]:
        raise KeyError("http://made-up.example/?key=planted-key")


class Lost(MadeUp):
    name = "lost"

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> Any:
        return None


class Background(MadeUp):
    name = "background"
    kind = "background"  # and yet may_originate_gap


class OddKind(MadeUp):
    name = "odd-kind"
    kind = "rumour"


class NoTitle:
    name = "no-title"
    kind = "guideline"
    may_originate_gap = True

    def fetch(self, topic_words: Sequence[str], client: WebClient) -> list[str]:
        return []


class NoFetch:
    name = "no-fetch"
    title = "x"
    kind = "guideline"
    may_originate_gap = True


class Explodes(MadeUp):
    name = "explodes"

    def __init__(self) -> None:
        raise RuntimeError("made up")


INSTANCE = MadeUp()


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Declare entry points: name and value."""

    def declare(*points: tuple[str, str]) -> None:
        found = metadata.EntryPoints(metadata.EntryPoint(n, v, GROUP) for n, v in points)
        monkeypatch.setattr(
            registry.metadata, "entry_points", lambda *, group: found.select(group=group)
        )

    declare()
    return declare


def here(name: str) -> str:
    return f"{__name__}:{name}"


def test_built_in_sources_need_no_entry_points(plugins: Any) -> None:
    sources, broken = discover()
    assert list(sources) == ["uspstf", "ctgov"]
    assert broken == []
    assert sources["uspstf"].kind == "guideline"
    assert sources["ctgov"].kind == "background"
    assert sources["ctgov"].may_originate_gap is False
    for name, source in sources.items():
        assert isinstance(source, WebSource)
        assert source.name == name
        assert registry._problem(name, source) == ""


def test_declared_built_ins_are_not_found_twice(plugins: Any) -> None:
    plugins(*((name, f"{module}:SOURCE") for name, module in BUILT_IN.items()))
    sources, broken = discover()
    assert (list(sources), broken) == (["uspstf", "ctgov"], [])


@pytest.mark.parametrize("value", ["MadeUp", "INSTANCE"])
def test_a_plugin_is_a_class_or_an_object(value: str, plugins: Any) -> None:
    plugins(("made-up", here(value)))
    sources, broken = discover()
    assert isinstance(sources["made-up"], MadeUp)
    assert broken == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("gone", "no_such_module_at_all:SOURCE", "ModuleNotFoundError"),
        ("gone", here("Nothing"), "AttributeError"),
        ("explodes", here("Explodes"), "RuntimeError"),
        ("no-title", here("NoTitle"), "title"),
        ("no-fetch", here("NoFetch"), "fetch"),
        ("odd-kind", here("OddKind"), "rumour"),
        ("background", here("Background"), "may not originate a gap"),
        ("another", here("MadeUp"), "calls itself 'made-up'"),
    ],
)
def test_a_broken_plugin_is_reported_and_the_others_work(
    name: str, value: str, says: str, plugins: Any
) -> None:
    plugins((name, value), ("made-up", here("MadeUp")))
    sources, broken = discover()
    assert list(sources) == ["uspstf", "ctgov", "made-up"]
    [outage] = broken
    assert outage.source == name
    assert says in outage.reason
    items, outages = gather([name, "made-up"], ["fever"], WebClient(pause=0))
    assert items == {"made-up": [FEVER]}
    assert outages == broken


def test_no_plugin_takes_the_place_of_another_source(plugins: Any) -> None:
    plugins(("uspstf", here("MadeUp")), ("made-up", here("MadeUp")), ("made-up", here("X")))
    sources, broken = discover()
    assert sources["uspstf"].title.startswith("USPSTF")
    assert {outage.source for outage in broken} == {"uspstf", "made-up"}
    items, outages = gather(["made-up"], ["x"], WebClient(pause=0))
    assert list(items) == ["made-up"]  # the good one of the two
    assert outages == []


def test_a_source_that_is_down_does_not_fail_the_run(plugins: Any) -> None:
    points = [("down", "Down"), ("buggy", "Buggy"), ("lost", "Lost"), ("made-up", "MadeUp")]
    plugins(*((name, here(value)) for name, value in points))
    names = ["down", "made-up", "buggy", "lost", "made-up"]
    items, outages = gather(names, ["fever"], WebClient(pause=0))
    assert items == {"made-up": [FEVER]}
    assert outages == [
        Outage("down", "made-up.example is not available: it answered 503. Try later."),
        Outage("buggy", "the source itself failed (KeyError)"),
        Outage("lost", "the source itself failed (TypeError)"),
    ]
    assert "planted-key" not in repr(outages)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("strings", "Strings", "it holds a str, not a Document"),
        ("bad-id", "BadId", "'made up/1' is no id"),
        ("twice", "Twice", "MADEUP1 comes twice"),
        ("wrong-role", "WrongRole", "has the role 'guideline', not 'background'"),
    ],
)
def test_an_answer_that_cannot_be_cited_is_not_used(
    name: str, value: str, says: str, plugins: Any
) -> None:
    plugins((name, here(value)))
    items, outages = gather([name], ["fever"], WebClient(pause=0))
    assert items == {}
    assert says in outages[0].reason


def test_built_in_sources_that_cannot_be_asked(
    plugins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CMENEEDS_USPSTF_KEY", "CMENEEDS_USPSTF_URL", "CMENEEDS_CTGOV_URL"):
        monkeypatch.delenv(name, raising=False)
    items, outages = gather(["uspstf", "ctgov"], ["fever"], WebClient(offline=True))
    assert items == {}
    assert [outage.source for outage in outages] == ["uspstf", "ctgov"]
    assert "CMENEEDS_USPSTF_KEY" in outages[0].reason
    assert "offline" in outages[1].reason


def test_an_unknown_name_is_wrong_usage(plugins: Any) -> None:
    with pytest.raises(UsageError, match="Known are: ctgov, uspstf"):
        gather(["made-up-too"], ["fever"], WebClient(pause=0))


def test_nothing_asked_nothing_found(plugins: Any) -> None:
    assert gather([], ["fever"], WebClient(pause=0)) == ({}, [])


def test_the_recipe_works(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "adding-a-source.md"
    code, tests = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (tmp_path / "societyrecs.py").write_text(code, "utf-8")
    (tmp_path / "test_societyrecs.py").write_text(tests, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
    module = ModuleType("societyrecs")
    exec(compile(code, "societyrecs.py", "exec"), module.__dict__)
    assert registry._problem("society", module.Society()) == ""
