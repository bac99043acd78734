"""The command line: what it prints where, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import test_report_runs as runs
import typer

from cmeneeds import __version__
from cmeneeds import cli as command_line
from cmeneeds.library.store import Library

made_up_place = runs.made_up_place


class Answer(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The last line on stderr: the message, where a command failed."""
        lines = self.err.splitlines()
        return lines[-1] if lines else ""


Cli = Callable[..., Answer]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process."""

    def call(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["cmeneeds", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            command_line.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return call


# --- help and cost of starting ------------------------------------------------------------------


def commands_of(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from commands_of(command, (*before, name))
        else:
            yield (*before, name)


COMMANDS = sorted(commands_of(typer.main.get_command(command_line.app)))


def test_every_command_of_the_first_version_is_there() -> None:
    names = {" ".join(c) for c in COMMANDS}
    assert names >= {"search", "report", "verify", "classify", "doctor", "lab"}
    assert names >= {f"library {c}" for c in ("import", "search", "stats", "export")}


@pytest.mark.parametrize("words", [(), ("library",), *COMMANDS], ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(cli: Cli, words: tuple[str, ...], flag: str) -> None:
    answer = cli(*words, flag)
    assert (answer.code, answer.err) == (0, "")
    assert "Usage:" in answer.out
    said = [line.strip(" │╭╮╰╯─") for line in answer.out.splitlines()]
    assert sum(len(line) > 20 for line in said) >= 2, "a sentence saying what it is for"


def test_the_version_is_printed(cli: Cli) -> None:
    assert cli("--version") == (0, f"cmeneeds {__version__}\n", "")


HEAVY = ("pandas", "numpy", "matplotlib", "papermill", "nbformat", "nbconvert", "nbclient",
         "lxml", "jupyterlab", "pydantic", "yaml", "msgspec", "Bio", "sentencex", "pypandoc",
         "sqlite3")  # fmt: skip


@pytest.mark.parametrize("module", ["cmeneeds", "cmeneeds.cli"])
def test_starting_imports_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & set(HEAVY) == set()


def documents() -> str:
    """README and documentation."""
    files = [runs.PROJECT / "README.md", *sorted(runs.PROJECT.glob("docs/**/*.md"))]
    return "\n".join(f.read_text("utf-8") for f in files)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    assert re.search(rf"cmeneeds {' '.join(words)}\b", documents())


# --- errors -------------------------------------------------------------------------------------


@pytest.fixture
def place(made_up_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a good brief, bad briefs and files that are not what they say."""
    runs.write_brief(tmp_path, name="good.yaml")
    text = runs.BRIEF
    runs.write_brief(tmp_path, text.replace("years: 2015-2021", "years: 2021-2015"), "years.yaml")
    runs.write_brief(tmp_path, f"{text}colour: green\n", "unknown.yaml")
    runs.write_brief(
        tmp_path, re.sub(r"audience:\n(  .*\n)+", "audience: []\n", text), "nobody.yaml"
    )
    runs.write_brief(tmp_path, "topic: [\n", "broken.yaml")
    runs.write_brief(tmp_path, text.replace("zandoric fever", "snake bite in Iceland"), "none.yaml")
    Library.open(tmp_path / "empty.sqlite", create=True).close()
    (tmp_path / "not-a-library.sqlite").write_text("made up\n" * 1000, "utf-8")
    (tmp_path / "not.xml").write_text("<html><body>made up</body></html>", "utf-8")
    (tmp_path / "latin.jsonl").write_bytes(b'{"text": "caf\xe9"}\n')
    (tmp_path / "bad.jsonl").write_text('{"text": "good"}\n{"text": 5}\n', "utf-8")
    (tmp_path / "made-up.sqlite").write_bytes((made_up_place / "made-up.sqlite").read_bytes())
    (tmp_path / "a-file").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


MADE_UP = "--library=made-up.sqlite"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("search years.yaml", 2, "brief: years: 2021 is after 2015"),
        ("search unknown.yaml", 2, "brief: colour: unknown key"),
        ("search nobody.yaml", 2, "brief: audience: is empty"),
        ("search broken.yaml", 2, "not valid YAML"),
        ("search missing.yaml", 2, "no such file"),
        ("search .", 2, "cannot be read"),
        ("search good.yaml --source elsewhere", 2, "no source 'elsewhere'"),
        ("search good.yaml --source library", 1, "there is no library at"),
        ("search good.yaml --library=missing.sqlite", 1, "there is no library at"),
        ("search good.yaml --library=empty.sqlite", 1, "is empty"),
        ("search good.yaml --library=not-a-library.sqlite", 1, "cannot be used as a library"),
        ("search good.yaml --library=.", 1, "is a folder"),
        (f"search none.yaml {MADE_UP}", 1, "no evidence found for 'snake bite in Iceland'"),
        ("report years.yaml", 2, "brief: years"),
        (f"report good.yaml {MADE_UP} --param nothing", 2, "is not name=value"),
        (f"report good.yaml {MADE_UP} --param x=1", 2, "no parameter 'x'"),
        (f"report good.yaml {MADE_UP} -p gap_sections=x", 2, "'gap_sections' must be int"),
        (f"report good.yaml {MADE_UP} --template none.ipynb", 2, "no template none.ipynb"),
        (f"report good.yaml {MADE_UP} --template a-file", 2, "a-file"),
        (f"report good.yaml {MADE_UP} --outputs a-file", 1, "a-file"),
        ("report good.yaml --library=missing.jsonl.gz", 1, "not a readable snapshot"),
        ("report good.yaml --final", 1, "cannot be final"),
        ("verify missing", 1, "there is no run at missing"),
        ("verify .", 1, "was not finished"),
        ("classify missing.jsonl", 2, "missing.jsonl cannot be read"),
        ("classify .", 2, "cannot be read"),
        ("classify bad.jsonl", 2, 'line 2: "text" is not a string'),
        ("classify latin.jsonl", 2, "latin.jsonl"),
        ("library import missing.xml", 2, "no file missing.xml"),
        ("library import not.xml", 1, "HTML"),
        (f"library search fever[nosuchfield] {MADE_UP}", 2, "nosuchfield"),
        (f"library search (fever {MADE_UP}", 2, "query:"),
        ("library search fever --library=empty.sqlite", 1, "is empty"),
        ("library search fever", 1, "there is no library at"),
        ("library stats", 1, "there is no library at"),
        (f"library export out.txt {MADE_UP}", 2, "unknown ending"),
        (f"library export no/where.jsonl {MADE_UP}", 2, "no folder no"),
        (f"library export out.jsonl --query=(fever {MADE_UP}", 2, "query:"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line_on_the_side(
    place: Path, cli: Cli, words: str, code: int, says: str
) -> None:
    answer = cli(*words.split())
    assert answer.code == code
    assert says in answer.error
    assert answer.error.startswith("cmeneeds: ")
    assert answer.err.count("cmeneeds: ") == 1
    assert "Traceback" not in answer.err
    assert re.search(r"[.;,] \S", answer.error), "it says what to do"
    left = {p.name for p in place.rglob("*")}
    assert not left & {"outputs", "out.txt", "out.jsonl", "report.md"}


@pytest.mark.parametrize(
    "words", ["nonsense", "search", "report", "library nonsense", "search good.yaml --nonsense",
              "report good.yaml --timeout 0", "library search x --limit -1"],
)  # fmt: skip
def test_wrong_words_are_wrong_usage(place: Path, cli: Cli, words: str) -> None:
    answer = cli(*words.split())
    assert (answer.code, answer.out) == (2, "")
    assert "Usage:" in answer.err


def test_a_closed_pipe_is_no_error(place: Path) -> None:
    code = "import sys; sys.argv[0] = 'cmeneeds'; from cmeneeds.cli import main; main()"
    words = [sys.executable, "-c", code, "library", "search", "fever", MADE_UP]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.close()
    _, err = child.communicate(timeout=60)
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


# --- search -------------------------------------------------------------------------------------


def test_search_prints_the_search_log(place: Path, cli: Cli) -> None:
    answer = cli("search", "good.yaml", MADE_UP)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("local library made-up.sqlite")
    assert lines[1].split() == ["query", "found", "read", "new"]
    counts = {line.split()[0]: line.split()[1:] for line in lines[2:] if line[0] != " "}
    assert counts["topic"] == ["8", "0", "0"]
    assert int(counts["practice_gap"][0]) >= 3
    assert sum(int(c[2]) for c in counts.values()) <= 8


def test_search_prints_each_query_on_request(place: Path, cli: Cli) -> None:
    answer = cli("search", "good.yaml", MADE_UP, "--queries")
    assert answer.out.count('"zandoric fever"[tiab]') == 8


def test_progress_is_plain_lines_and_results_stay_apart(place: Path, cli: Cli) -> None:
    answer = cli("search", "good.yaml", MADE_UP)
    assert "searching: practice_gap\n  2 of 8\n" in answer.err
    assert "\x1b" not in answer.err + answer.out
    assert "\r" not in answer.err + answer.out
    assert "searching" not in answer.out


# --- report -------------------------------------------------------------------------------------


def test_one_bad_brief_does_not_harm_the_others(place: Path, cli: Cli) -> None:
    answer = cli("report", "years.yaml", "good.yaml", "none.yaml", MADE_UP)
    assert answer.code == 1
    complaints = [line for line in answer.err.splitlines() if line.startswith("cmeneeds: ")]
    assert len(complaints) == 2
    assert complaints[0].startswith("cmeneeds: years.yaml: brief: years: ")
    assert complaints[1].startswith("cmeneeds: none.yaml: no evidence found")
    lines = answer.out.splitlines()
    assert lines[0].startswith("DRAFT, not signed")
    paths = [Path(line.strip()) for line in lines[1:]]
    assert {p.suffix for p in paths} == {".html", ".docx", ".pdf", ".md", ".csv"}
    assert all(p.is_file() for p in paths)
    assert [p.name for p in Path("outputs").iterdir()] == ["zandoric-fever"]
    assert "good.yaml: searching" in answer.err


def test_the_worst_of_several_bad_briefs_decides_the_exit_code(place: Path, cli: Cli) -> None:
    assert cli("report", "years.yaml", "unknown.yaml").code == 2
    assert cli("report", "years.yaml", "none.yaml", MADE_UP).code != 0


# --- classify -----------------------------------------------------------------------------------

FIELDS = ["id", "label", "probability", "level", "actor", "value", "numerator", "denominator"]


def test_classify_answers_each_line_with_the_promised_fields(place: Path, cli: Cli) -> None:
    given = [
        {"id": "a", "text": "Only 24% (48 of 200) of nurses answered correctly.", "section": "x"},
        {"id": 2, "text": "Nurses should check each dose.", "title": "Made up"},
        {"text": "Déjà vu ≥ 5."},
    ]  # fmt: skip
    lines = "\n\n".join(json.dumps(g, ensure_ascii=False) for g in given)
    (place / "in.jsonl").write_text(lines, "utf-8")
    answer = cli("classify", "in.jsonl")
    assert (answer.code, answer.err) == (0, "")
    found = [json.loads(line) for line in answer.out.splitlines()]
    assert [list(f) for f in found] == [FIELDS] * 3
    assert [f["id"] for f in found] == ["a", 2, None]
    assert [f["label"] for f in found[:2]] == ["GAP", "REC"]
    assert (found[0]["value"], found[0]["numerator"], found[0]["denominator"]) == (24.0, 48, 200)
    for f in found:
        assert f["label"] in {"GAP", "CAUSE", "REC", "RATE", "BURDEN", "EVGAP", "OTHER"}
        assert f["level"] in {"K", "C", "P", "O", "S", None}
        assert f["actor"] in {"clin", "pat", "sys", None}
        assert 0 <= f["probability"] <= 1


def test_classify_reads_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO('{"text": "Nurses should check each dose."}\n'))
    answer = cli("classify")
    assert json.loads(answer.out)["label"] == "REC"


def test_classify_gives_what_came_before_a_bad_line(place: Path, cli: Cli) -> None:
    answer = cli("classify", "bad.jsonl")
    assert answer.code == 2
    assert len(answer.out.splitlines()) == 1


# --- library ------------------------------------------------------------------------------------

XML = """<?xml version="1.0"?><PubmedArticleSet>{}</PubmedArticleSet>"""
RECORD = """<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">
<PMID Version="1">{0}</PMID><Article><Journal>
<JournalIssue><PubDate><Year>2020</Year></PubDate></JournalIssue>
<Title>Journal of Made-up Records</Title></Journal>
<ArticleTitle>Zandoric fever {0}</ArticleTitle>
<Abstract><AbstractText>Made up.</AbstractText></Abstract></Article></MedlineCitation>
</PubmedArticle>"""


def test_a_library_is_imported_searched_counted_and_exported(place: Path, cli: Cli) -> None:
    (place / "two.xml").write_text(XML.format(RECORD.format(1) + RECORD.format(2)), "utf-8")
    (place / "three.xml").write_text(XML.format(RECORD.format(3)), "utf-8")
    first = cli("library", "import", "two.xml", "three.xml", "--library", "own.sqlite")
    assert first.code == 0
    assert first.out.startswith("two.xml: 2 records read, 2 added, 0 updated, 0 the same")
    assert "three.xml: 1 records read, 1 added" in first.out
    assert "importing two.xml" in first.err
    again = cli("library", "import", "two.xml", "--library", "own.sqlite")
    assert "2 records read, 0 added, 0 updated, 2 the same" in again.out

    found = cli("library", "search", "zandoric fever[ti] AND 2020[dp]", "--library", "own.sqlite",
                "--limit", "2")  # fmt: skip
    lines = found.out.splitlines()
    assert lines[0] == "3 records"
    assert lines[1].startswith("as understood: ")
    assert [line.split()[:2] for line in lines[2:]] == [["3", "2020"], ["2", "2020"]]

    counted = cli("library", "stats", "--library", "own.sqlite").out
    assert re.search(r"kind +library\nrecords +3 \(2020-2020\)\nabstracts +3\n", counted)
    assert len(re.findall(r"(?m)^import +(two|three)\.xml: .* finished ", counted)) == 3

    for name in ("all.jsonl", "all.jsonl.gz"):
        assert cli("library", "export", name, "--library", "own.sqlite").out == (
            f"3 records written to {name}\n"
        )
    records = [json.loads(line) for line in (place / "all.jsonl").read_text("utf-8").splitlines()]
    assert [r["pmid"] for r in records] == [1, 2, 3]
    some = cli("library", "export", "some.jsonl", "--query", "2[pmid]", "--library", "own.sqlite")
    assert some.out.startswith("1 records written")
    assert not list(place.glob(".*"))


def test_a_search_that_finds_nothing_is_an_answer(place: Path, cli: Cli) -> None:
    answer = cli("library", "search", "snake bite", MADE_UP)
    assert (answer.code, answer.out.splitlines()[0]) == (0, "0 records")


def test_a_retracted_record_is_marked_in_lists(place: Path, cli: Cli) -> None:
    answer = cli("library", "search", "105[pmid]", MADE_UP)
    assert "[RETRACTED]" in answer.out


@pytest.mark.sample
def test_the_sample_may_only_be_read(
    place: Path, sample_home: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(sample_home))
    (place / "one.xml").write_text(XML.format(RECORD.format(1)), "utf-8")
    answer = cli("library", "import", "one.xml", "--library", "sample")
    assert answer.code == 1
    assert "may only be read" in answer.error
    assert "kind        sample" in cli("library", "stats", "--library", "sample").out


# --- doctor -------------------------------------------------------------------------------------


def test_the_doctor_says_what_works_and_what_to_do(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "planted@example.org")
    monkeypatch.delenv("NCBI_API_KEY", raising=False)
    answer = cli("doctor")
    assert answer.code == 0
    assert answer.err == ""
    for name in ("Python", "packages", "SQLite", "pandoc", "notebook kernel", "home"):
        assert re.search(rf"(?m)^ok    {name}: .+", answer.out)
    assert re.search(r"(?m)^miss  your library: none yet\n      It is made by ", answer.out)
    assert "NCBI_EMAIL set, NCBI_API_KEY not set" in answer.out
    assert "planted" not in answer.out


def test_the_doctor_fails_where_something_needed_is_broken(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "library.sqlite").write_text("made up\n" * 1000, "utf-8")
    monkeypatch.setenv("CMENEEDS_HOME", str(home))
    answer = cli("doctor")
    assert answer.code == 1
    assert re.search(r"(?m)^FAIL  your library: .+\n      \S", answer.out)
