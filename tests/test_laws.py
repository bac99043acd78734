"""The eleven laws of the design: each has a test here that fails when the law is broken."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import socket
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pytest
import test_command_line as commands
import test_report_runs as runs
from lxml import html as lxml_html

from cmeneeds.assessment import PLANNED, Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.decisions import Decision, decide, load_decisions, save_decisions
from cmeneeds.errors import NoEvidence
from cmeneeds.records import Keyword, PartialDate, Related, Section, Term
from cmeneeds.report import figures
from cmeneeds.report.pandoc import READER, run_pandoc
from cmeneeds.report.reading import read
from cmeneeds.report.run import TABLES, make_report, write_tables
from cmeneeds.report.sections import Report
from cmeneeds.retrieval import Records
from cmeneeds.sources import sample
from cmeneeds.strategy import build_strategy
from cmeneeds.verify import verify_run

made_up_place = runs.made_up_place
made_up_run = runs.made_up_run
sample_place = runs.sample_place
sample_run = runs.sample_run

cli = commands.cli
Cli = commands.Cli

Change = Callable[[Path], None]


def whole_text(assessment: Assessment) -> str:
    """Every section of a report, without the notebook around them."""
    report = Report(assessment)
    parts = [
        *(report.banners, report.cover, report.summary, report.glance, report.burden),
        *(report.standard, report.gaps, report.learner_input, report.causes, report.audience),
        *(report.objectives, report.design, report.outcomes, report.crosswalk, report.methods),
        *(report.independence, report.references, report.appendix_evidence),
        *(report.appendix_rows, report.appendix_searches, report.appendix_questions),
    ]
    return "\n".join(part() for part in parts)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def tables_of(folder: Path) -> dict[str, bytes]:
    """The bytes of the CSV files of a run."""
    return {name: (folder / f"{name}.csv").read_bytes() for name in TABLES}


# --- 1. No number without a passage -------------------------------------------------------------


def change_cell(table: str, column: str, old: str, new: str) -> Change:
    """Change one cell of a table, nothing else."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        lines = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        place = lines[0].index(column)
        row = next(line for line in lines[1:] if line[place] == old)
        row[place] = new
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(lines)
        path.write_text(buffer.getvalue(), "utf-8")

    return change


def change_text(name: str, old: str, new: str) -> Change:
    """Change the first occurrence of a text in a file."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    return change


def change_count(folder: Path) -> None:
    """Change one digit of a computed number of the report."""
    path = folder / "report.md"
    text = path.read_text("utf-8")
    changed = re.sub(r'\[(\d+)\](\{\.count key="findings\.total"\})', r"[1\1]\2", text, count=1)
    assert changed != text
    path.write_text(changed, "utf-8")


def change_figure(folder: Path) -> None:
    """Change one digit of a figure of the report."""
    change_text("report.md", "[24%]{.fig", "[27%]{.fig")(folder)


def change_card(folder: Path) -> None:
    """Change one digit in the quoted sentence of an evidence card."""
    path = folder / "report.md"
    head, card, tail = re.split(r"(address=\"101\.1\.0-\d+\"[^>]*>)", path.read_text("utf-8"))[:3]
    assert "200" in tail
    path.write_text(head + card + tail.replace("200", "300", 1), "utf-8")


TAMPERING = {
    "value in findings.csv": (
        change_cell("findings", "value", "24.0", "25.0"),
        r"findings\.csv, 101\.1\.0-\d+, value: says '25\.0', derived '24\.0'",
    ),
    "denominator in findings.csv": (
        change_cell("findings", "denominator", "200", "300"),
        r"findings\.csv, 101\.1\.0-\d+, denominator",
    ),
    "value in gaps.csv": (
        change_cell("gaps", "cp_value", "24.0", "14.0"),
        r"gaps\.csv, G-[0-9a-f]{8}, cp_value",
    ),
    "count in search_log.csv": (
        change_cell("search_log", "facet", "burden", "burdens"),
        r"search_log\.csv, burdens: says 'a row'",
    ),
    "figure of report.md": (change_figure, r"report\.md, figure of 101\.1\.0-\d+: says '27%'"),
    "count of report.md": (change_count, r"report\.md, count findings\.total"),
    "card of report.md": (change_card, r"report\.md, card 101\.1\.0-\d+"),
    "year of a reference": (
        change_text("references.json", "2020,", "2010,"),
        r"references\.json, pmid-10\d",
    ),
    "number typed into report.md": (
        change_text("report.md", "# Causes and barriers", "About 90% fail.\n\n# Causes"),
        r"report\.md, near .*says '90%', derived 'no source is named'",
    ),
    "number dressed as a name": (
        change_text("report.md", "# Causes and barriers", "[24%]{.term} fail.\n\n# Causes"),
        r"report\.md, .*says '24%'",
    ),
    "part of a name dressed as a name": (
        change_text("report.md", "# Causes and barriers", "[8 records]{.term} say so.\n\n# Causes"),
        r"report\.md, .*says '8 records'",
    ),
    "number in words typed into report.md": (
        change_text("report.md", "# Causes and barriers", "One in three fail.\n\n# Causes"),
        r"report\.md, near .*says 'One in three'",
    ),
}


@pytest.fixture(scope="module")
def broken_before(made_up_place: Path) -> set[str]:
    """What does not hold before anybody changes anything: nothing, one hopes."""
    return {str(b) for b in verify_run(made_up_place / "run", compare_library=False).broken}


@pytest.mark.parametrize("with_hash", [False, True], ids=["", "and its hash"])
@pytest.mark.parametrize("what", TAMPERING)
def test_law_1_a_changed_claim_is_named(
    broken_before: set[str], made_up_run: Path, what: str, with_hash: bool
) -> None:
    change, named = TAMPERING[what]
    change(made_up_run)
    if with_hash:
        path = made_up_run / "manifest.json"
        manifest = json.loads(path.read_text("utf-8"))
        for name in manifest["files"]:
            manifest["files"][name] = sha256((made_up_run / name).read_bytes()).hexdigest()
        path.write_text(json.dumps(manifest), "utf-8")
    result = verify_run(made_up_run, compare_library=False)
    new = [str(b) for b in result.broken if str(b) not in broken_before]
    assert not result.holds
    assert result.share != "100 %"
    assert [n for n in new if re.match(named, n)], new
    assert bool(result.changed_files) is not with_hash


def test_law_1_the_command_names_the_claim_and_fails(made_up_run: Path, cli: Cli) -> None:
    change_cell("findings", "value", "24.0", "25.0")(made_up_run)
    answer = cli("verify", made_up_run)
    assert answer.code == 1
    assert re.search(r"^BROKEN findings\.csv, 101\.1\.0-\d+, value: ", answer.out, re.MULTILINE)
    assert "100 %" not in answer.out
    assert "claims do not hold" in answer.error


@pytest.mark.sample
def test_law_1_an_untouched_run_from_the_sample_is_proven_whole(
    sample_run: Path, sample_home: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(sample_home))
    answer = cli("verify", sample_run)
    assert (answer.code, answer.err) == (0, "")
    assert "compared with sample.sqlite; 0 revised since, 0 no longer there" in answer.out
    assert "claims derived again: 100 %\n" in answer.out
    digit = next(r for r in rows_of(sample_run / "findings.csv") if r["value"])
    old = digit["value"]
    new = f"{(int(old[0]) % 9) + 1}{old[1:]}"
    change_cell("findings", "finding_id", digit["finding_id"], digit["finding_id"])(sample_run)
    change_cell("findings", "value", old, new)(sample_run)
    assert any(f"value: says '{new}'" in str(b) for b in verify_run(sample_run).broken)


def test_law_1_a_quotation_cut_short_is_found(made_up_run: Path) -> None:
    text = (made_up_run / "report.md").read_text("utf-8")
    quoted = re.search(r"“\[([^\]]*answered correctly\\?\.)\]\{\.figure", text)
    assert quoted
    change_text("report.md", f"“[{quoted[1]}]", f"“[{quoted[1][:40]}]")(made_up_run)
    result = verify_run(made_up_run, compare_library=False)
    assert any("figure of 101.1" in str(b) for b in result.broken)


def test_law_1_names_with_digits_are_no_loose_numbers(tmp_path: Path, made_up_place: Path) -> None:
    """What the writer, a keyword or the search log says is named, whatever digits it holds."""
    text = runs.BRIEF.replace(
        "Adults with zandoric fever", "Adults, about 1,200 a year, aged 18-64"
    )
    text = text.replace("infusion clinics", "clinics of the 2030 programme")
    text = text.replace("role: medical writer", "role: writer since 1999 (50%)")
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    log = tuple(
        type(e)(**{n: getattr(e, n) for n in e.__struct_fields__}
                | {"notes": "only the newest 1,000 of 12,345 were fetched"})
        for e in records.log
    )  # fmt: skip
    assessment = assess(Brief.parse(text), replace(records, log=log))
    gap = assessment.gaps.iloc[0]
    decide(tmp_path / "d.csv", gap, "reject", "A. Writer (made up)", "only 1,200 in 2019 (3.5%)")
    assessment = assess(
        Brief.parse(text), replace(records, log=log), load_decisions(tmp_path / "d.csv")
    )
    assert [(n.token, n.context) for n in read(whole_text(assessment)).loose] == []


# --- 2. Nothing is invented ---------------------------------------------------------------------

NOTHING = runs.BRIEF.replace("topic: zandoric fever", "topic: snake bite in Iceland")


def report_like(folder: Path) -> list[str]:
    """Names below a folder that could pass for a report."""
    return [p.name for p in folder.rglob("*") if p.match("report.*") or p.suffix == ".csv"]


def test_law_2_without_records_there_is_no_report(
    made_up_place: Path, tmp_path: Path, cli: Cli
) -> None:
    brief = runs.write_brief(tmp_path, NOTHING)
    answer = cli("report", brief, "--outputs", tmp_path / "outputs", "--library",
                 made_up_place / "made-up.sqlite")  # fmt: skip
    assert answer.code == 1
    assert answer.out == ""
    assert answer.error.startswith("cmeneeds: no evidence found for 'snake bite in Iceland'")
    assert not (tmp_path / "outputs").exists()


def test_law_2_records_that_say_nothing_make_no_report(tmp_path: Path, cli: Cli) -> None:
    silent = runs.made_up_article(
        pmid=1,
        title="Zandoric fever and the incidence of nothing in particular",
        sections=(Section("Nothing in this made-up record is about care."),),
    )
    library = runs.write_library(tmp_path / "l.sqlite", [silent])
    brief = runs.write_brief(tmp_path)
    answer = cli("report", brief, "--outputs", tmp_path / "outputs", "--library", library)
    assert answer.code == 1
    assert "no evidence of a practice gap found" in answer.error
    assert answer.out == ""
    assert report_like(tmp_path / "outputs") == []
    assert not (tmp_path / "outputs" / "zandoric-fever" / "latest").exists()


def test_law_2_a_side_that_was_not_found_says_what_was_searched(made_up_place: Path) -> None:
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    text = " ".join((made_up_place / "run" / "report.md").read_text("utf-8").split())
    log = {e.facet: e for e in records.log}
    said = re.search(
        r"no recommendation on this subject was found[^.]*\. Searched: the query \*Guidelines and "
        r'recommendations\* returned \[(\d+)\]\{\.count key="search\.guideline\.count"\}',
        text,
    )
    assert said
    assert int(said[1]) == log["guideline"].count


# --- 3. Blind to the supporter ------------------------------------------------------------------


def test_law_3_swapping_supporters_changes_no_table_and_no_query(
    made_up_place: Path, tmp_path: Path
) -> None:
    other = runs.BRIEF.replace("Wonderpharm", "Rival Hand Washing Ltd")
    other = other.replace("Zandorex", "Blood Culture Kit").replace(
        "status: sought", "status: granted"
    )
    other = other.replace("speaker fee", "owner")
    assert len(set(runs.BRIEF.splitlines()) - set(other.splitlines())) == 3
    silent = re.sub(r"(?m)^(support|trigger|contributors):.*\n(  .*\n)*", "", runs.BRIEF)
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    made = []
    for number, text in enumerate((runs.BRIEF, other, silent)):
        brief = Brief.parse(text)
        folder = tmp_path / str(number)
        folder.mkdir()
        write_tables(assess(brief, records), folder)
        made.append((tables_of(folder), build_strategy(brief).queries))
        asked = build_strategy(brief).brief
        assert (asked.support, asked.contributors, asked.trigger) == (None, [], None)
    assert made[0] == made[1] == made[2]
    assert made[0][0] == tables_of(made_up_place / "run")


# --- 4. Same snapshot, same tables --------------------------------------------------------------


def test_law_4_the_same_brief_twice_gives_the_same_tables(
    made_up_place: Path, tmp_path: Path
) -> None:
    again = make_report(
        made_up_place / "zandoric.yaml",
        outputs=tmp_path / "outputs",
        library=made_up_place / "made-up.sqlite",
    )
    assert tables_of(again.folder) == tables_of(made_up_place / "run")


def test_law_4_a_snapshot_gives_the_same_tables_without_any_library(
    made_up_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "nothing-here"))
    run = made_up_place / "run"
    again = make_report(
        run / "brief.yaml", outputs=tmp_path / "outputs", library=run / "snapshot.jsonl.gz"
    )
    assert tables_of(again.folder) == tables_of(run)
    assert (again.folder / "report.md").read_bytes() == (run / "report.md").read_bytes()
    assert not (tmp_path / "nothing-here").exists()


@pytest.mark.sample
def test_law_4_the_order_of_records_does_not_matter(sample_place: Path, tmp_path: Path) -> None:
    run = sample_place / "run"
    records = Records.load(run / "snapshot.jsonl.gz")
    articles = list(records.articles)
    random.Random(7).shuffle(articles)
    brief = Brief.load(run / "brief.yaml")
    write_tables(assess(brief, replace(records, articles=tuple(articles))), tmp_path)
    assert tables_of(tmp_path) == tables_of(run)


# --- 5. The sample is never mistaken for PubMed -------------------------------------------------


def first_output(folder: Path) -> dict[str, Any]:
    """What the first cell of the executed notebook that shows anything shows."""
    notebook = nbformat.read(folder / "report.ipynb", as_version=4)
    shown = next(c for c in notebook.cells if c.get("outputs"))
    data: dict[str, Any] = shown["outputs"][0]["data"]
    return data


def tops(folder: Path) -> dict[str, str]:
    """What the reader of each format sees first, and on each page or row of it."""
    with zipfile.ZipFile(folder / "report.docx") as packed:
        headers = [packed.read(n).decode() for n in packed.namelist() if "word/header" in n]
        body = lxml_html.fromstring(packed.read("word/document.xml")).text_content()
    page = lxml_html.parse(folder / "report.html")
    seen = {
        "docx running header": " ".join(headers),
        "docx": body[:800],
        "html": page.findtext(".//p[@class='mark']") or "",
        "md": (folder / "report.md").read_text("utf-8")[:800],
        "ipynb": first_output(folder)["text/markdown"][:800],
        "ipynb as text": first_output(folder)["text/plain"][:800],
        "manifest": json.loads((folder / "manifest.json").read_text("utf-8"))["document_status"],
    }
    for name in TABLES:
        for number, row in enumerate(rows_of(folder / f"{name}.csv")):
            seen[f"{name}.csv row {number}"] = row["document_status"]
            assert next(iter(row)) == "document_status"
    return seen


@pytest.mark.sample
def test_law_5_every_file_of_a_sample_run_says_so(sample_run: Path) -> None:
    silent = [where for where, text in tops(sample_run).items() if "sample" not in text.lower()]
    assert silent == []
    text = (sample_run / "report.md").read_text("utf-8")
    assert "not from PubMed" in text[:1200]


def test_law_5_other_runs_say_nothing_of_the_sort(made_up_place: Path) -> None:
    run = made_up_place / "run"
    assert [where for where, text in tops(run).items() if "sample" in text.lower()] == []
    for name, text in runs.texts_of(run).items():
        assert "SAMPLE CORPUS" not in text, name
        assert sample.NOTICE not in text, name
    assert read((run / "report.md").read_text("utf-8")).banners == ("draft",)


@pytest.mark.sample
def test_law_5_commands_that_read_the_sample_say_so(
    sample_home: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CMENEEDS_HOME", str(sample_home))
    brief = runs.write_brief(tmp_path, runs.BRIEF.replace("zandoric fever", "stroke"))
    found = cli("search", brief, "--library", "sample")
    assert (found.code, sample.NOTICE in found.out) == (0, True)
    listed = cli("library", "search", "stroke[ti]", "--library", "sample", "--limit", "1")
    assert listed.out.startswith(sample.NOTICE)
    assert "sample" in cli("library", "stats", "--library", "sample").out


# --- 6. Text is data ----------------------------------------------------------------------------


def test_law_6_no_script_link_or_picture_of_a_record_lives_in_the_page(
    made_up_place: Path,
) -> None:
    import cmeneeds.report.convert as convert

    page = lxml_html.parse(made_up_place / "run" / "report.html").getroot()
    (script,) = page.iter("script")
    assert script.text == (convert.STYLE / "report.js").read_text("utf-8")
    handlers = [n for e in page.iter() for n in e.attrib if n.lower().startswith("on")]
    assert handlers == []
    assert not list(page.iter("iframe", "object", "embed", "form", "base", "link"))
    for link in page.iter("a"):
        assert re.match(r"#|https://(pubmed\.ncbi\.nlm\.nih\.gov|doi\.org)/", link.get("href", "#"))
    for picture in page.iter("img"):
        assert picture.get("src", "").startswith("data:image/")
    for chart in page.iter("svg"):
        assert not list(chart.iter("script", "foreignobject"))
    text = page.text_content()
    assert "<script>alert(1)</script>" in text  # said, not done
    assert not re.search("[\x00-\x08\x1b\u202a-\u202e]", text)


def test_law_6_the_report_text_has_no_markup_of_a_record(made_up_place: Path) -> None:
    text = (made_up_place / "run" / "report.md").read_text("utf-8")
    tree = json.loads(run_pandoc(["-f", READER, "-t", "json"], text))
    kinds: dict[str, list[Any]] = {}

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            kinds.setdefault(str(node.get("t")), []).append(node.get("c"))
            walk(list(node.values()))

    walk(tree["blocks"])
    assert not kinds.keys() & {"RawBlock", "RawInline", "Math", "Note"}
    charts = {f"figures/{name}" for name in figures.CHARTS}
    assert {c[2][0] for c in kinds["Image"]} <= charts
    assert all(c[2][0].startswith("https://pubmed.ncbi.nlm.nih.gov/") for c in kinds["Link"])
    reading = read(text)
    assert "pmid-999" not in reading.citations
    assert all(f.text != "7%" for f in reading.figures)


def test_law_6_the_word_document_links_nowhere_else(made_up_place: Path) -> None:
    with zipfile.ZipFile(made_up_place / "run" / "report.docx") as packed:
        links = [packed.read(n).decode() for n in packed.namelist() if n.endswith(".rels")]
        body = packed.read("word/document.xml").decode()
    outside = re.findall(r'Target="([^"]*)"[^>]*TargetMode="External"', " ".join(links))
    outside += re.findall(r'TargetMode="External"[^>]*Target="([^"]*)"', " ".join(links))
    assert outside
    assert all(re.match(r"https://(pubmed\.ncbi\.nlm\.nih\.gov|doi\.org)/", u) for u in outside), (
        outside
    )
    assert "&lt;script&gt;alert(1)" in body
    assert "instrText" not in body  # no fields, so nothing that Word would run


def test_law_6_no_cell_of_a_table_is_a_formula(made_up_place: Path) -> None:
    guarded = 0
    for name in TABLES:
        text = (made_up_place / "run" / f"{name}.csv").read_text("utf-8")
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell), cell[:80]
                assert not re.search("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e]", cell)
                guarded += cell.startswith("'=")
    assert guarded > 0


def test_law_6_nothing_in_the_notebook_is_markup_of_a_record(made_up_place: Path) -> None:
    notebook = nbformat.read(made_up_place / "run" / "report.ipynb", as_version=4)
    shown = [o["data"]["text/markdown"] for c in notebook.cells for o in c.get("outputs", ())]
    assert any("alert" in text for text in shown)
    for text in shown:
        assert not re.search(r"(?<!\\)(\\\\)*<[A-Za-z/!]", text)
        assert not re.search(r"(?<!\\)(\\\\)*\]\((?!https://pubmed|figures/)", text)
        assert not re.search("[\x00-\x08\x1b\u202a-\u202e]", text)


def test_law_6_the_terminal_gets_no_control_characters(
    made_up_place: Path, made_up_run: Path, cli: Cli, tmp_path: Path
) -> None:
    library = made_up_place / "made-up.sqlite"
    change_cell("findings", "pmid", "108", "208")(made_up_run)
    change_cell("gaps", "cp_pmid", "108", "208")(made_up_run)
    hostile = tmp_path / "\x1b[31m\u202e.yaml"
    hostile.write_text("topic: '\\e[31m'\n\x1b: 1\n", "utf-8")
    answers = [
        cli("library", "search", "zandoric fever", "--library", library),
        cli("library", "search", "\x1b[31m[nosuchfield]", "--library", library),
        cli("verify", made_up_run),
        cli("search", hostile),
        cli("report", hostile, hostile),
        cli("library", "stats", "--library", f"{tmp_path}/\x1b[31m"),
        cli("library", "import", hostile),
    ]
    assert "108" in answers[0].out
    assert "BROKEN" in answers[2].out
    for answer in answers:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", answer.out + answer.err)


# --- 7. Secrets stay out ------------------------------------------------------------------------

SECRETS = ("planted-key-0123456789", "planted@example.org", "planted%40example.org")


def test_law_7_no_file_of_a_run_or_of_the_home_folder_holds_a_secret(
    made_up_place: Path,
) -> None:
    for text in runs.texts_of(made_up_place / "run").values():
        assert not [s for s in SECRETS if s in text]
    for path in made_up_place.rglob("*"):
        if path.is_file():
            assert not [s for s in SECRETS if s.encode() in path.read_bytes()], path


def test_law_7_no_message_about_a_failing_service_holds_a_secret(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    monkeypatch.setenv("NCBI_API_KEY", SECRETS[0])
    monkeypatch.setenv("NCBI_EMAIL", SECRETS[1])
    monkeypatch.setenv("CMENEEDS_ENTREZ_URL", f"http://127.0.0.1:{closed}/entrez/eutils")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    answer = cli("search", runs.write_brief(tmp_path), "--source", "pubmed")
    assert answer.code == 1
    assert "cannot be reached" in answer.error
    examined = cli("doctor")
    assert "NCBI_API_KEY" in examined.out
    for text in (answer.out, answer.err, examined.out, examined.err):
        assert not [s for s in SECRETS if s in text]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert not [s for s in SECRETS if s.encode() in path.read_bytes()], path


# --- 8. "Checks against", never "compliant" -----------------------------------------------------

CLAIMS = re.compile(
    r"\b(?:ACCME|EACCME|ANCC|ACPE|CPD|CME|accreditation|standards?)[- ]compliant\b"
    r"|\b(?:is|are|be|stays?|fully|makes? \w+) compliant\b|\bcompliant (?:with|report|document)"
    r"|\b(?:approved|endorsed|certified|accredited|recognised|recognized) by\b"
    r"|\b(?:ensures?|guarantees?|proves?) (?:\w+ )?(?:compliance|accreditation)\b"
    r"|\bmeets? (?:all )?(?:the )?(?:ACCME|EACCME|requirements|criteria)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "claim",
    ["an ACCME-compliant report", "the tool is compliant", "approved by EACCME",
     "ensures compliance", "Meets the ACCME criteria"],
)  # fmt: skip
def test_law_8_the_pattern_knows_such_claims(claim: str) -> None:
    assert CLAIMS.search(claim)


def test_law_8_nothing_says_that_a_document_or_tool_is_compliant(made_up_place: Path) -> None:
    texts = {
        f"run/{n}": t for n, t in runs.texts_of(made_up_place / "run").items()
        if n.endswith((".md", ".html", ".csv", ".ipynb")) or n == "manifest.json"
    }  # fmt: skip
    project = runs.PROJECT
    files = [*project.glob("*.md"), *project.glob("docs/**/*.md"), *project.glob("briefs/*.yaml")]
    files += [*project.glob("templates/*"), *project.glob("notebooks/*.ipynb")]
    files += [p for p in project.glob("cmeneeds/**/*") if p.suffix in (".py", ".yaml", ".json")]
    texts |= {str(p.relative_to(project)): p.read_text("utf-8") for p in files}
    assert len(texts) > 40
    said = {n: m[0] for n, t in texts.items() if (m := CLAIMS.search(" ".join(t.split())))}
    assert said == {}


def test_law_8_a_report_says_what_it_was_checked_against(made_up_place: Path) -> None:
    text = " ".join((made_up_place / "run" / "report.md").read_text("utf-8").split())
    assert "Checked against : ACCME" in text
    assert "Checks against the requirements" in text
    assert "No accreditor certifies a document or a tool" in text


# --- 9. Human decisions survive -----------------------------------------------------------------


def test_law_9_decisions_are_applied_again_and_computed_cells_stay(
    made_up_place: Path, tmp_path: Path
) -> None:
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    brief = runs.write_brief(tmp_path)
    before = assess(Brief.load(brief), records)
    rejected = before.gaps.set_index("subject", drop=False).loc["hand washing"]
    accepted = before.gaps.set_index("subject", drop=False).loc["dose check"]
    decisions = tmp_path / "zandoric.decisions.csv"
    decide(decisions, rejected, "reject", "B. Planner (made up)", "outside our audience")
    decide(decisions, accepted, "accept", "B. Planner (made up)")
    kept = decisions.read_bytes()
    run = make_report(
        brief, outputs=tmp_path / "outputs", library=made_up_place / "run" / "snapshot.jsonl.gz"
    ).folder
    assert decisions.read_bytes() == kept

    old = {r["gap_id"]: r for r in rows_of(made_up_place / "run" / "gaps.csv")}
    new = {r["gap_id"]: r for r in rows_of(run / "gaps.csv")}
    assert old.keys() == new.keys()
    for gap_id, row in new.items():
        computed = {k: v for k, v in row.items() if not k.startswith("decision")}
        if row["decision"] == "reject":
            # Rules bind what is presented, and only that is planned for.
            for name in ("flags", *PLANNED):
                computed.pop(name, None)
        assert computed == {k: old[gap_id][k] for k in computed}
    assert new[rejected["gap_id"]]["decision"] == "reject"
    assert new[rejected["gap_id"]]["decision_reason"] == "outside our audience"
    assert new[accepted["gap_id"]]["decision"] == "accept"
    states = {r["gap_id"]: r["state"] for r in rows_of(run / "decisions.csv")}
    assert states == {rejected["gap_id"]: "applied", accepted["gap_id"]: "applied"}
    objectives = {r["gap_id"] for r in rows_of(run / "objectives.csv")}
    assert rejected["gap_id"] not in objectives
    assert accepted["gap_id"] in objectives

    text = (run / "report.md").read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert not [h for h in headings if "Hand washing" in h]
    assert [h for h in headings if "Dose check" in h]
    listed = text[text.index("Rejected by the writer") :]
    assert re.search(r"- Hand washing[^:]*: .*outside our audience \(B\\\. Planner", listed)
    assert verify_run(run, compare_library=False).folder == run


def test_law_9_a_decision_about_other_evidence_is_flagged(made_up_place: Path) -> None:
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    rows = assess(Brief.parse(runs.BRIEF), records).gaps
    gap, other = rows.iloc[0], rows.iloc[1]
    old = Decision(
        gap["gap_id"], "accept", "", "B. Planner (made up)", "2021-01-01", other["cp_passage"]
    )
    gone = old._replace(gap_id="G-00000000", passage="1.0.0-9")
    assessment = assess(Brief.parse(runs.BRIEF), records, [old, gone])
    assert assessment.gaps.iloc[0]["decision"] == "accept"
    assert assessment.gaps.iloc[0]["decision_flag"] == "the evidence has changed since"
    assert list(assessment.decisions["state"]) == ["evidence changed", "no such row now"]
    report = Report(assessment)
    assert "A decision about this row needs another look" in report.gaps()
    listed = report.appendix_rows().partition("Decisions that need another look")[2]
    assert "evidence changed" in listed
    assert "no such row now" in listed


def test_law_9_a_source_retracted_after_acceptance_is_flagged(made_up_place: Path) -> None:
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    brief = Brief.parse(runs.BRIEF)
    gap = assess(brief, records).gaps.set_index("subject", drop=False).loc["dose check"]
    accepted = Decision(
        gap["gap_id"], "accept", "", "B. Planner (made up)", "2021-01-01",
        gap["cp_passage"], seen=gap["seen"],
    )  # fmt: skip
    assert list(assess(brief, records, [accepted]).decisions["state"]) == ["applied"]
    notice = Related("RetractionIn", 999, "J Made Up. 2021")
    for pmid in (101, 102):
        articles = tuple(
            msgspec.structs.replace(a, related=(notice,)) if a.pmid == pmid else a
            for a in records.articles
        )
        made = assess(brief, replace(records, articles=articles), [accepted])
        assert list(made.decisions["state"]) == ["source retracted"], pmid
        assert f"pmid-{pmid}" in Report(made).appendix_rows().replace("\\", "")


def every_kind(records: Records) -> list[Decision]:
    """One decision of each kind about the made-up records."""
    made = assess(Brief.parse(runs.BRIEF), records).gaps.set_index("subject", drop=False)
    dose, hand = made.loc["dose check"], made.loc["hand washing"]

    def line(gap_id: str, decision: str, **cells: str) -> Decision:
        blank = Decision(gap_id, decision, "", "B. Planner 2 (made up)", "2021-06-08", "")
        return blank._replace(**cells)

    def at(pmid: int, section: int) -> str:
        return f"{pmid}.{section}.0-{len(records.by_pmid[pmid].sections[section].text)}"

    return [
        line("G-own-1", "add", value="trolleys of 2 kinds", passage=at(101, 0)),
        line("G-own-1", "add", column="best_practice", passage=at(102, 0)),
        line("G-own-2", "add", value="burden", passage=at(104, 0)),
        line("G-own-2", "merge", into=hand["gap_id"]),
        line(hand["gap_id"], "split", value="the 2nd part", parts=at(104, 0)),
        line(
            dose["gap_id"], "edit", column="subject", value="checks of 12 pumps <b> | =1+1 [x](y)"
        ),
        line(dose["gap_id"], "edit", column="objective", value="Check 12 pumps a day `x` {.y}"),
        line(dose["gap_id"], "edit", column="cp_value", value="99"),
        line(dose["gap_id"], "accept"),
        line(dose["gap_id"], "confirm", passage=at(101, 1), value="share of 200 nurses"),
        line("G-00000000", "reject", reason="not among our 3 aims"),
    ]


def test_law_9_every_kind_of_decision_is_in_the_run_and_verified(
    made_up_place: Path, tmp_path: Path
) -> None:
    snapshot = made_up_place / "run" / "snapshot.jsonl.gz"
    records = Records.load(snapshot)
    brief = runs.write_brief(tmp_path)
    save_decisions(tmp_path / "zandoric.decisions.csv", every_kind(records))
    run = make_report(brief, outputs=tmp_path / "outputs", library=snapshot).folder
    lines = rows_of(run / "decisions.csv")
    states = [r["state"] for r in lines]
    assert states == ["applied"] * 7 + ["not applied"] + ["applied"] * 2 + ["no such row now"]
    verified = verify_run(run, compare_library=False)
    assert verified.broken == []

    gaps = {r["gap_id"]: r for r in rows_of(run / "gaps.csv")}
    assert gaps["G-own-1"]["decision_origin"] == "added by hand"
    dose = next(r for r in gaps.values() if r["decision"] == "accept")
    assert dose["subject"] == "dose check"
    assert dose["cp_value"] == "24.0"
    text = (run / "report.md").read_text("utf-8")
    # Sentences of PubMed, and words of the writer beside what they replace.
    assert '{.given key="decision.6"}' in text
    assert re.search(r"key=\"decision\.6\"\}.*Computed: dose check", text)
    assert "Zandoric fever is a made" in text[text.index("# Gaps") :]
    assert "Decisions that need another look" in text

    change_text("report.md", '{.given key="decision.6"}', '{.given key="decision.7"}')(run)
    broken = verify_run(run, compare_library=False).broken
    assert [b.where for b in broken if "decision.7" in b.where]


def test_law_9_a_record_that_only_the_writer_named_is_fetched_and_told(
    made_up_place: Path, tmp_path: Path
) -> None:
    missed = runs.made_up_article(
        pmid=150,
        title="Trolleys of a made-up ward",
        sections=(Section("Nurses left 7 of 9 trolleys unlocked."),),
    )
    library = runs.write_library(tmp_path / "l.sqlite", [*runs.made_up_records(), missed])
    brief = runs.write_brief(tmp_path)
    blank = Decision("G-own-1", "add", "", "B. Planner (made up)", "2021-06-08", "")
    own = blank._replace(value="unlocked trolleys", passage="150.0.0-37")
    save_decisions(
        tmp_path / "zandoric.decisions.csv",
        [own, blank._replace(gap_id="G-own-2", value="unknown", passage="151.0.0-9")],
    )
    run = make_report(brief, outputs=tmp_path / "outputs", library=library).folder
    states = [r["state"] for r in rows_of(run / "decisions.csv")]
    assert states == ["applied", "no such passage now"]
    gaps = {r["gap_id"]: r for r in rows_of(run / "gaps.csv")}
    assert gaps["G-own-1"]["current_practice"] == "Nurses left 7 of 9 trolleys unlocked."
    (asked,) = [r for r in rows_of(run / "search_log.csv") if r["facet"] == "named by the writer"]
    assert (asked["query"], asked["count"]) == ("151[uid] OR 150[uid]", "1")
    assert asked["notes"] == "not there: PMID 151"
    assert verify_run(run, compare_library=False).broken == []


def test_law_9_a_writer_may_reject_every_row(made_up_place: Path) -> None:
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    brief = Brief.parse(runs.BRIEF)
    rejected = [
        Decision(g, "reject", "not ours", "B. Planner (made up)", "2021-01-01", p)
        for g, p in assess(brief, records).gaps[["gap_id", "cp_passage"]].itertuples(index=False)
    ]
    # To refuse such a report in words is fine as well; a Python error is not.
    try:
        said = whole_text(assess(brief, records, rejected))
    except NoEvidence as refusal:
        said = str(refusal)
    assert "not ours" in said or "reject" in said


# --- 10. Unknown is not clean -------------------------------------------------------------------


def test_law_10_what_is_unknown_is_called_unknown() -> None:
    dateless = runs.made_up_article(
        pmid=201,
        title="Knowledge of zandoric fever and dose checks",
        keywords=(Keyword("dose check"),),
        published=PartialDate(""),
        sections=(
            Section("Knowledge of dose checks was poor: only 21% of nurses answered correctly.",
                    "RESULTS", "RESULTS"),
        ),
    )  # fmt: skip
    records = runs.made_up_evidence()
    records = replace(
        records,
        articles=(dateless,),
        facets={201: ("practice_gap",)},
    )
    assessment = assess(Brief.parse(runs.BRIEF), records)
    (row,) = assessment.gaps.to_dict("records")
    assert row["cp_value_text"] == "21%"
    assert assessment.gaps["cp_denominator"].isna().all()
    assert "old or undated" in row["priority_words"]
    assert row["cp_country"] == row["cp_sample_size"] == "unknown"
    text = " ".join(whole_text(assessment).split())
    assert "year unknown" in text
    assert "design unknown" in text
    assert "achievable rate is unknown" in text
    assert assessment.counts["records.status-unknown"] == 1
    assert 'is unknown for [1]{.count key="records.status-unknown"} of them' in text
    assert "Denominators, countries and settings are unknown unless the passage says them" in text
    assert row["achievable_rate"].startswith("unknown")
    assert "unknown" in set(assessment.records.table["status"])
    assert not re.search(r"\b(?:clean|not retracted|no retraction)\b", text, re.IGNORECASE)


def test_law_10_a_retracted_record_carries_no_row_and_is_counted(made_up_place: Path) -> None:
    run = made_up_place / "run"
    assert any(r["pmid"] == "105" for r in rows_of(run / "findings.csv"))
    assert not any("105." in "".join(r.values()) for r in rows_of(run / "gaps.csv"))
    assert "11%" not in (run / "report.md").read_text("utf-8")
    assert '[1]{.count key="records.withdrawn"} record is retracted' in " ".join(
        (run / "report.md").read_text("utf-8").split()
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"related": (Related("RetractionIn", 9, "J Made Up"),)},
        {"publication_types": (Term("Retracted Publication", "D016441"),)},
        {"publication_types": (Term("Retraction of Publication", "D016440"),)},
    ],
    ids=["retraction notice elsewhere", "retracted publication", "the notice itself"],
)
def test_law_10_no_section_quotes_a_withdrawn_record(fields: dict[str, Any]) -> None:
    articles = [a for a in runs.made_up_records() if a.pmid in (101, 102)]
    articles.append(
        runs.made_up_article(
            pmid=300,
            title="Burden of zandoric fever",
            sections=(
                Section("Zandoric fever affects 7700 people a year and causes high mortality."),
            ),
            **fields,
        )
    )
    records = runs.made_up_evidence(articles=articles)
    assert 300 in records.by_pmid
    assessment = assess(Brief.parse(runs.BRIEF), records)
    assert "7700" not in whole_text(assessment)
    assert assessment.counts["records.withdrawn"] == 1


# --- 11. Draft until a person signs -------------------------------------------------------------


def test_law_11_every_format_says_that_it_is_a_draft(made_up_place: Path) -> None:
    run = made_up_place / "run"
    silent = [where for where, text in tops(run).items() if "draft" not in text.lower()]
    assert silent == []
    assert "has yet to confirm every gap" in (run / "report.md").read_text("utf-8")


def test_law_11_an_accepted_report_is_still_a_draft(made_up_place: Path) -> None:
    records = Records.load(made_up_place / "run" / "snapshot.jsonl.gz")
    brief = Brief.parse(runs.BRIEF)
    accepted = [
        Decision(g, "accept", "", "B. Planner (made up)", "2021-01-01", p)
        for g, p in assess(brief, records).gaps[["gap_id", "cp_passage"]].itertuples(index=False)
    ]
    assessment = assess(brief, records, accepted)
    assert not assessment.is_signed
    assert assessment.status_line.startswith("DRAFT")


def test_law_11_a_final_report_is_refused(tmp_path: Path, cli: Cli) -> None:
    brief = runs.write_brief(tmp_path)
    answer = cli("report", brief, "--final", "--outputs", tmp_path / "outputs")
    assert answer.code == 1
    assert "cannot be final" in answer.error
    assert "draft" in answer.error
    assert "cmeneeds sign" in answer.error
    assert not (tmp_path / "outputs").exists()


def test_law_11_a_banner_taken_out_is_found(made_up_run: Path) -> None:
    text = (made_up_run / "report.md").read_text("utf-8")
    (made_up_run / "report.md").write_text(text.replace(".banner .draft", ".plain"), "utf-8")
    result = verify_run(made_up_run, compare_library=False)
    assert any(b.where == "report.md, banners" for b in result.broken)


def test_law_11_the_manifest_cannot_call_a_draft_final(made_up_run: Path) -> None:
    change_text(
        "manifest.json", '"document_status": "DRAFT, not signed', '"document_status": "final'
    )(made_up_run)
    result = verify_run(made_up_run, compare_library=False)
    assert any(b.where == "manifest.json, document_status" for b in result.broken)
