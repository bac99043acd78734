"""The brief: what may stand in it, and what the writer is told when something cannot.

All briefs here are made up.
"""

from __future__ import annotations

import textwrap
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmeneeds.brief import Brief
from cmeneeds.errors import BriefError

BRIEFS = sorted((Path(__file__).resolve().parents[1] / "briefs").glob("*.yaml"))

LEAST = """
topic: made-up disease
audience: {profession: physicians}
years: 2016-2021
"""

EVERYTHING = """
title: A made-up assessment
topic: made-up disease
mesh: [Made-up Disease]
synonyms: [madeupitis, made-up syndrome*]
population:
  description: Adults with made-up disease
  terms: [adult*, aged]
audience:
  - profession: physicians
    specialty: cardiology
    seniority: practising
    setting: community hospitals
    country: Norway
  - profession: nurses
trigger: Somebody asked.
years: {first: 2016, last: 2021}
as_of: 2021-06-08
languages: [english, french]
accreditor: [ACCME, EACCME]
activity: {type: live, format: workshop, credit_hours: 1.5}
quality_measures: [A made-up measure]
support:
  status: granted
  supporter: [Made-up Pharma]
  request: REQ-1
contributors:
  - name: A. Writer (made up)
    role: medical writer
    disclosed_on: 2021-05-01
    relationships:
      - {company: Made-up Pharma, nature: speaker, mitigation: recused}
learner_data: survey.csv
own_sources:
  - sources/guideline.pdf
  - OWN123456
  - file: notes/interview.md
    type: expert
    title: Interview (made up)
    by: A. Writer
request:
  requirements:
    - {id: R-1, asks: State the gaps, limit_words: 250, section: Gaps}
  limits: {words: 3000, references: 40}
length: short
also_search: {uspstf: on, ctgov: off, pmc: required}
source: sample
"""


def refused(text: str | bytes) -> BriefError:
    """Read a brief that must be refused, and check that the message is fit for a terminal."""
    with pytest.raises(BriefError) as caught:
        Brief.parse(text)
    error = caught.value
    assert error.exit_code == 2
    message = str(error)
    assert message.startswith("brief: ")
    assert message.isprintable(), repr(message)
    assert len(message) < 1000
    return error


# --- what may stand in it -----------------------------------------------------------------------


def test_every_key_is_read() -> None:
    brief = Brief.parse(EVERYTHING)
    assert set(Brief.model_fields) == brief.model_fields_set
    assert brief.heading == "A made-up assessment"
    assert brief.synonyms == ["madeupitis", "made-up syndrome*"]
    assert brief.population is not None
    assert brief.population.terms == ["adult*", "aged"]
    assert str(brief.audience[0]) == (
        "practising physicians (cardiology), in community hospitals, Norway"
    )
    assert (brief.years.first, brief.years.last) == (2016, 2021)
    assert brief.as_of == date(2021, 6, 8)
    assert brief.activity is not None
    assert brief.activity.credit_hours == 1.5
    assert brief.support is not None
    assert brief.support.supporter == ["Made-up Pharma"]
    (person,) = brief.contributors
    assert person.disclosed_on == date(2021, 5, 1)
    assert person.relationships is not None
    assert person.relationships[0].mitigation == "recused"
    assert brief.source == "sample"
    assert brief.also_search == {"uspstf": "on", "ctgov": "off", "pmc": "required"}


def test_what_is_asked_beside_the_records() -> None:
    brief = Brief.parse(EVERYTHING)
    assert brief.beside("sample") == {"uspstf": "on", "pmc": "required"}
    assert brief.beside("pubmed") == {"bookshelf": "on", "pmc": "required", "uspstf": "on"}
    least = Brief.parse(LEAST)
    assert least.beside("sample") == least.beside("library") == {}  # no network unless asked for
    assert set(least.beside("pubmed")) == {"bookshelf", "pmc", "uspstf", "ctgov"}


def test_a_switch_is_on_off_or_required() -> None:
    with pytest.raises(BriefError, match=r"also_search.uspstf.*'on', 'off' or 'required'"):
        Brief.parse(LEAST + "also_search: {uspstf: maybe}\n")
    with pytest.raises(BriefError, match="also_search"):
        Brief.parse(LEAST + "also_search: {../x: on}\n")


def test_three_lines_are_enough() -> None:
    brief = Brief.parse(LEAST)
    assert brief.as_of == date.today()
    assert brief.languages == ["english"]
    assert brief.accreditor == ["ACCME"]
    assert brief.source == "pubmed"
    assert (brief.support, brief.contributors) == (None, [])
    assert brief.slug == "made-up-disease"
    assert brief.heading == "made-up disease: needs assessment"


@pytest.mark.parametrize(
    "years", ["2016-2021", "2016 to 2021", "2016–2021", "[2016, 2021]", "{first: 2016, last: 2021}"]
)
def test_years_may_be_written_as_one_would(years: str) -> None:
    brief = Brief.parse(f"topic: made-up\naudience: [profession: nurses]\nyears: {years}\n")
    assert (brief.years.first, brief.years.last) == (2016, 2021)


def test_one_value_stands_for_a_list_of_one() -> None:
    short = LEAST + "mesh: Made-up Disease\nsynonyms: madeupitis\nlanguages: french\n"
    short += "accreditor: EACCME\nquality_measures: One\npopulation: Adults\n"
    short += "support: {status: sought, supporter: Made-up Pharma}\n"
    brief = Brief.parse(short)
    assert brief.mesh == ["Made-up Disease"]
    assert brief.synonyms == ["madeupitis"]
    assert (brief.languages, brief.accreditor) == (["french"], ["EACCME"])
    assert brief.quality_measures == ["One"]
    assert brief.population is not None
    assert (brief.population.description, brief.population.terms) == ("Adults", [])
    assert brief.support is not None
    assert brief.support.supporter == ["Made-up Pharma"]


def test_not_disclosed_differs_from_nothing_to_disclose() -> None:
    people = "contributors:\n- {name: A, role: writer}\n- {name: B, role: w, relationships: []}\n"
    brief = Brief.parse(LEAST + people)
    assert [p.relationships for p in brief.contributors] == [None, []]


@pytest.mark.parametrize("path", BRIEFS, ids=lambda p: p.stem)
def test_every_example_brief_loads(path: Path) -> None:
    brief = Brief.load(path)
    assert brief.source == "sample"
    # Recency is to mean something: the sample is of mid-2021.
    assert brief.as_of == date(2021, 6, 8)
    assert brief.audience[0].specialty
    assert brief.slug == path.stem


def test_there_are_five_example_briefs() -> None:
    assert [p.stem for p in BRIEFS] == [
        "breast-cancer",
        "covid-19-vaccination",
        "depression",
        "stroke",
        "type-2-diabetes",
    ]


# --- what is refused, and how -------------------------------------------------------------------

FUTURE = date.today() + timedelta(days=400)

REFUSED = {
    "unknown key": ("colour: red", "colour", "unknown key"),
    "a misspelled key names the known ones": ("sinonyms: [a]", "sinonyms", "synonyms"),
    "unknown key inside": ("population: {description: x, age: 3}", "population.age", "terms"),
    "unknown key inside the request": ("request: {words: 3}", "request.words", "requirements"),
    "unknown key of a requirement": (
        "request: {requirements: {id: R1, asks: x, pages: 3}}",
        "request.requirements[0].pages",
        "limit_words",
    ),
    "unknown key of a limit": ("request: {limits: {pages: 3}}", "request.limits.pages", "words"),
    "text for a list": ("contributors: me", "contributors", "list"),
    "a number for text": ("trigger: 5", "trigger", "string"),
    "an empty line": ("trigger: ''", "trigger", "remove the line"),
    "a list inside a list": ("mesh: [[a, b]]", "mesh[0]", "string"),
    "a source that is none": ("source: google", "source", "'sample'"),
    "an accreditor that is none": ("accreditor: XYZ", "accreditor[0]", "'EACCME'"),
    "a kind of activity that is none": ("activity: {type: party}", "activity.type", "'live'"),
    "too many hours": ("activity: {type: live, credit_hours: 900}", "activity.credit_hours", "200"),
    "no status of support": ("support: {supporter: Made-up}", "support.status", "is missing"),
    "no language name": ("languages: [en1]", "languages", "write english"),
    "an empty list of languages": ("languages: []", "languages", "at least 1"),
    "a day that is to come": (f"as_of: {FUTURE}", "as_of", "use today or earlier"),
    "a day that is none": ("as_of: soon", "as_of", "yyyy-mm-dd"),
    "a day that the month has not": ("as_of: 2021-02-30", "as_of", "yyyy-mm-dd"),
    "a bare year as the day": ("as_of: 2021", "as_of", "yyyy-mm-dd"),
    "years that begin after the day": ("as_of: 2015-01-01", "years", "move one"),
    "no for a country": (
        "audience: {profession: nurses, country: no}",
        "audience[0].country",
        "put the word in quotes",
    ),
    "yes for a synonym": ("synonyms: [yes, other]", "synonyms[0]", "put the word in quotes"),
    "an empty audience": ("audience: []", "audience", "Name at least one"),
    "an audience without profession": (
        "audience: [{country: Norway}]",
        "audience[0].profession",
        "is missing",
    ),
    "impossible years": ("years: 1500-2021", "years", "1781"),
    "years far ahead": ("years: 2016-2999", "years", "is not between"),
    "years the wrong way round": ("years: 2021-2016", "years", "swap them"),
    "one year": ("years: 2016", "years", "2016-2021"),
    "three years": ("years: [2016, 2017, 2018]", "years", "two years"),
    "words for years": ("years: recently", "years", "2016-2021"),
    "a short topic": ("topic: x", "topic", "Write it out"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_the_message_names_the_field_and_the_fix_in_one_line(kind: str) -> None:
    line, field, fix = REFUSED[kind]
    kept = [x for x in LEAST.strip().splitlines() if x.split(":")[0] != line.split(":")[0]]
    error = refused("\n".join([*kept, line]))
    assert f"brief: {field}: " in str(error)
    assert fix in str(error)


@pytest.mark.parametrize("field", ["topic", "audience", "years"])
def test_what_must_be_there_is_asked_for(field: str) -> None:
    kept = [line for line in LEAST.strip().splitlines() if not line.startswith(field)]
    error = refused("\n".join(kept))
    assert (error.field, error.todo) == (field, "Add it to the brief.")


def test_further_problems_are_counted() -> None:
    assert "(and 2 more)" in str(refused("audience: {profession: nurses}\ncolour: red\n"))


def test_a_key_given_twice_is_refused_also_deep_inside() -> None:
    assert "topic: is given twice" in str(refused(LEAST + "topic: another\n"))
    twice = "population: {description: a, description: b}\n"
    assert "description: is given twice" in str(refused(LEAST + twice))


@pytest.mark.parametrize("key", ["on", "5", "[a, b]", "2021-01-01", "~"])
def test_a_key_that_is_no_word_is_refused(key: str) -> None:
    refused(LEAST + f"? {key}\n: x\n")


@pytest.mark.parametrize("key", ["a\\nb", "\\e[31mred", "\\u202Eabc", "x" * 5000])
def test_a_hostile_key_cannot_paint_the_terminal(key: str) -> None:
    refused(LEAST + f'"{key}": 1\n')
    refused(LEAST + f'"{key}": 1\n"{key}": 2\n')


def test_aliases_are_refused() -> None:
    assert "aliases" in str(refused("topic: &t made-up\ntitle: *t\n"))
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\n"
    assert "aliases" in str(refused(bomb))


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 5000,
        "a: " + "{b: " * 5000,
        "".join(" " * n + "a:\n" for n in range(400)),
        "- " * 5000,
        "? " * 5000,
    ],
    ids=["brackets", "braces", "indentation", "dashes", "questions"],
)
def test_deep_nesting_is_refused_before_it_is_built(text: str) -> None:
    start = time.perf_counter()
    assert "nested deeper" in str(refused(text))
    assert time.perf_counter() - start < 5


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(LEAST.encode() + b"# filler\n" * 1_200_000)
    start = time.perf_counter()
    with pytest.raises(BriefError, match="larger than 256 KB"):
        Brief.load(path)
    assert time.perf_counter() - start < 1
    refused(path.read_bytes())


def test_very_many_parts_are_refused() -> None:
    assert "parts" in str(refused(LEAST + "mesh: [" + "ab, " * 60_000 + "ab]"))


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\xff" * 100,
        b"PK\x03\x04\x14\x00\x08\x08",
        b"topic: M\xfcller",
        b"\xff\xfea\x00",
    ],
    ids=["noise", "zip", "latin-1", "utf-16"],
)
def test_binary_and_foreign_encodings_are_refused(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "just words", "- a\n- b", "5", "~"])
def test_what_holds_no_keys_is_told_how_to_start(text: str) -> None:
    assert "Start with `topic: ...`" in str(refused(text))


@pytest.mark.parametrize(
    "text",
    [
        "topic: [open",
        'topic: "open',
        "\ttopic: tab",
        "a: b: c",
        "topic: one\n---\ntopic: two",
        "topic: !!python/object/apply:os.getcwd []",
        "topic: !made-up x",
        "topic: !!int x",
        "topic: !!timestamp x",
        "topic: !!bool x",
        "topic: !!map [x]",
        "topic: 0x_",
        "<<: {topic: x}",
        "topic: " + "9" * 5000,
        "%YAML 9.9\n---\ntopic: x",
        "topic: \x07bell",
    ],
)
def test_yaml_that_cannot_be_read_is_a_brief_error(text: str) -> None:
    refused(text)


def test_a_byte_order_mark_is_no_part_of_the_brief() -> None:
    assert Brief.parse(b"\xef\xbb\xbf" + LEAST.strip().encode()).topic == "made-up disease"


@pytest.mark.parametrize("name", ["none.yaml", ""])
def test_a_file_that_cannot_be_opened_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(BriefError) as caught:
        Brief.load(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_whatever_a_file_holds_ends_in_a_brief_or_a_brief_error(text: str) -> None:
    message = ""
    try:
        Brief.parse(text.encode("utf-8", "surrogatepass"))
    except BriefError as error:
        message = str(error)
    assert message.isprintable()


# --- identity and blindness ---------------------------------------------------------------------


def test_digest_is_that_of_the_content_not_of_the_layout() -> None:
    lines = textwrap.dedent(EVERYTHING).strip()
    other = lines.replace("[Made-up Disease]", "Made-up Disease")
    other = other.replace("{first: 2016, last: 2021}", "2016-2021") + "\n# a remark\n"
    head, tail = other.split("languages:", 1)
    other = f"languages:{tail}{head}"
    assert Brief.parse(other).digest == Brief.parse(lines).digest
    assert len(Brief.parse(lines).digest) == 64


@pytest.mark.parametrize(
    ("old", "new"), [("madeupitis", "madeupitus"), ("2016, last", "2017, last"), ("REQ-1", "REQ-2")]
)
def test_digest_changes_with_the_content(old: str, new: str) -> None:
    assert Brief.parse(EVERYTHING).digest != Brief.parse(EVERYTHING.replace(old, new)).digest


def test_blind_knows_nothing_of_money_or_persons() -> None:
    brief = Brief.parse(EVERYTHING)
    blind = brief.blind()
    assert (blind.support, blind.contributors, blind.trigger) == (None, [], None)
    assert "Pharma" not in blind.model_dump_json()
    assert "Writer" not in blind.model_dump_json()
    aside = {"support", "request", "contributors", "trigger", "own_sources"}
    assert blind.model_dump(exclude=aside) == brief.model_dump(exclude=aside)
    assert brief.support is not None


def test_a_brief_cannot_be_changed_in_passing() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Brief.parse(LEAST).topic = "other"  # type: ignore[misc]


@pytest.mark.parametrize("topic", ["../../etc", "a/b\\c", "Ärzte & Pflege", "漢字漢字", "x" * 200])
def test_slug_is_a_safe_folder_name(topic: str) -> None:
    slug = Brief.parse(LEAST.replace("made-up disease", topic)).slug
    assert slug.replace("-", "").isalnum()
    assert slug.isascii()
    assert 0 < len(slug) <= 60


# --- own sources --------------------------------------------------------------------------------


def with_sources(lines: str) -> Brief:
    return Brief.parse(f"{LEAST}\nown_sources: {lines}\n")


def test_own_sources_are_files_ids_or_entries() -> None:
    (one,) = with_sources("sources/guideline.pdf").own_sources
    assert (one.file, one.id) == ("sources/guideline.pdf", None)
    one, two = with_sources("[OWN123, {file: a.md, type: expert, year: 2020}]").own_sources
    assert (one.id, two.file, two.type, two.year) == ("OWN123", "a.md", "expert", 2020)


def test_a_brief_without_own_sources_keeps_its_digest() -> None:
    assert with_sources("[]").digest == Brief.parse(LEAST).digest
    assert with_sources("a.md").digest != Brief.parse(LEAST).digest


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("/data/a.pdf", "not beside the brief"),
        ("../a.pdf", "not beside the brief"),
        ("[data/../../a.pdf]", "not beside the brief"),
        ("~/a.pdf", "not beside the brief"),
        (r"data\a.pdf", "not beside the brief"),
        ("C:/a.pdf", "not beside the brief"),
        ("a.exe", "no document that can be read"),
        ("[{file: a.pdf, id: OWN1}]", "either a file"),
        ("[{type: guideline}]", "either a file"),
        ("[{id: PMC1}]", "is no id"),
        ("[{file: a.pdf, type: rumour}]", "guideline"),
        ("[{file: a.pdf, url: 'javascript:x'}]", "pattern"),
        ("[{file: a.pdf, auteur: x}]", "Known keys here"),
    ],
)
def test_own_sources_that_cannot_be_are_refused(lines: str, problem: str) -> None:
    with pytest.raises(BriefError) as caught:
        with_sources(lines)
    assert problem in str(caught.value)
    assert "own_sources" in str(caught.value)


# --- learner data -------------------------------------------------------------------------------


def with_data(line: str) -> Brief:
    return Brief.parse(f"{LEAST}\nlearner_data: {line}\n")


def test_learner_data_are_files_or_one_text() -> None:
    files = with_data("[data/pre-test.csv, Audit 2025.TSV]")
    assert files.learner_files == ("data/pre-test.csv", "Audit 2025.TSV")
    assert files.learner_note == ""
    assert with_data("survey.csv").learner_files == ("survey.csv",)
    note = with_data("Survey of forty nurses (made up)")
    assert note.learner_files == ()
    assert note.learner_note == "Survey of forty nurses (made up)"
    assert Brief.parse(LEAST).learner_data == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/data/survey.csv", "not beside the brief"),
        ("../survey.csv", "not beside the brief"),
        ("[data/../../survey.csv]", "not beside the brief"),
        ("~/survey.csv", "not beside the brief"),
        ("C:/survey.csv", "not beside the brief"),
        (r"data\survey.csv", "not beside the brief"),
        ("answers.xlsx", "save the sheet as CSV"),
        ("[survey.csv, and a few interviews]", "list files only"),
    ],
)
def test_learner_data_elsewhere_or_of_another_kind_are_refused(line: str, told: str) -> None:
    error = refused(f"{LEAST}\nlearner_data: {line}\n")
    assert error.field == "learner_data"
    assert told in str(error)


def test_learner_data_stay_when_money_and_persons_are_put_aside() -> None:
    assert with_data("survey.csv").blind().learner_files == ("survey.csv",)
