"""Planning forms say what the cells say, and a client's package holds nothing internal.

All records, people and companies are made up.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from lxml import etree
from test_report_runs import (
    BRIEF,
    made_up_article,
    made_up_evidence,
    made_up_records,
    once,
    write_brief,
    write_library,
)
from typer.testing import CliRunner

from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.cli import app
from cmeneeds.decisions import Decision
from cmeneeds.education import AWAITING
from cmeneeds.errors import CmeneedsError, ExportError, RunBroken, UsageError
from cmeneeds.exports import package
from cmeneeds.exports.documents import abstract_json, abstract_markdown, long_table
from cmeneeds.exports.forms import Field, form_rows, gap_worksheet, structured_abstract
from cmeneeds.exports.leaks import leaks, words_of
from cmeneeds.exports.package import write_client_package
from cmeneeds.exports.writing import FORMS, write_exports
from cmeneeds.frames import each_row, text_of
from cmeneeds.records import Keyword, Section
from cmeneeds.report.markdown import internal, without_internal
from cmeneeds.report.run import make_report

FORM_FIELDS = {
    "gap": 100, "need_K": 50, "need_C": 50, "need_P": 50, "designed_to_change": 50, "format": 25,
    "competencies_acgme": None, "competencies_iom": None, "competencies_ipec": None,
}  # fmt: skip

UNCITED = "The made-up study took place in eleven made-up wards of three made-up hospitals."
REASON = "Our made-up sponsor would rather not read about hand washing"
REQUEST = "Zandorex education for 150000 made-up coins"


@pytest.fixture(scope="module")
def assessed() -> Assessment:
    return assess(Brief.parse(BRIEF), made_up_evidence())


# --- forms ----------------------------------------------------------------------------------------


def test_the_structured_abstract_has_the_fields_of_the_form_with_their_limits(
    assessed: Assessment,
) -> None:
    entries = structured_abstract(assessed)
    assert entries
    for entry in entries:
        assert {f.name: f.limit for f in entry.fields} == FORM_FIELDS


def test_quoted_fields_are_cells_word_for_word_with_their_sources(assessed: Assessment) -> None:
    rows = {str(g.gap_id): g for g in form_rows(assessed)}
    for entry in gap_worksheet(assessed):
        gap = rows[entry.gap_id]
        fields = {f.name: f for f in entry.fields}
        for column, prefix in (("current_practice", "cp"), ("best_practice", "bp")):
            cell, field = text_of(getattr(gap, column)), fields[column]
            assert field.text == (f"“{cell}”" if cell else AWAITING)
            assert field.passages == ((text_of(getattr(gap, f"{prefix}_passage")),) if cell else ())
            assert bool(field.sources) == bool(cell)


def test_no_word_of_a_form_comes_from_anywhere_but_cells_brief_and_labels(
    assessed: Assessment,
) -> None:
    cells = [
        text_of(cell)
        for table in (assessed.register, assessed.planned)
        for row in each_row(table)
        for cell in row
    ]
    cells += [str(a) for a in assessed.brief.audience]
    cells += re.findall(r"[^\n]+", BRIEF)
    known = set(words_of(" ".join(cells)).split())
    labels = (
        "best current practice awaiting writer reported target stated by a source difference "
        "percentage points no sourced or benchmark so nothing is subtracted moore none proposed "
        "barrier after cabana beside education knowledge competence performance system patient "
        "outcome not stated level"
    )
    known |= set(labels.split())
    for entry in (*structured_abstract(assessed), *gap_worksheet(assessed)):
        for field in entry.fields:
            if not field.name.startswith("competencies_"):
                assert set(words_of(field.text).split()) <= known, (field.name, field.text)


def test_what_no_cell_fills_awaits_the_writer(assessed: Assessment) -> None:
    empty = [f for e in structured_abstract(assessed) for f in e.fields if f.text == AWAITING]
    assert empty
    assert {f.words for f in empty} == {0}
    plain = assess(
        Brief.parse(re.sub(r"(?m)^(trigger|support): .*\n", "", BRIEF)), assessed.records
    )
    fields = {f.name: f.text for f in gap_worksheet(plain)[0].fields}
    assert (fields["trigger"], fields["support"]) == (AWAITING, AWAITING)


def test_text_over_a_limit_is_told_and_never_cut(assessed: Assessment) -> None:
    long = " ".join(["word"] * 130)
    field = Field("gap", "Gap", long, "", limit=100)
    assert (field.words, field.over) == (130, 30)
    assert field.counter == "130 of 100: 30 over the limit, nothing was cut"
    assert field.text == long
    first = structured_abstract(assessed)[0]
    entry = replace(first, fields=(field,))
    table = long_table([entry])
    assert (table["over"].iloc[0], table["text"].iloc[0]) == (30, long)
    assert long in abstract_markdown(assessed, [entry])
    assert json.loads(abstract_json(assessed, [entry]))["gaps"][0]["fields"]["gap"]["over"] == 30


def test_a_writers_words_stand_in_the_form_and_are_said_to_be_the_writers(
    assessed: Assessment,
) -> None:
    gap = form_rows(assessed)[0]
    words = Decision(
        gap_id=str(gap.gap_id), decision="edit", reason="", passage="", by="A. Writer",
        date="2021-06-08",
        column="current_practice", value="Nurses seldom check the dose (made up)",
    )  # fmt: skip
    edited = assess(assessed.brief, assessed.records, [words])
    entry = next(e for e in gap_worksheet(edited) if e.gap_id == str(gap.gap_id))
    field = next(f for f in entry.fields if f.name == "current_practice")
    assert (field.text, field.state) == (words.value, "in the writer's words")


def test_the_form_says_how_old_it_is_and_to_verify_it(assessed: Assessment) -> None:
    text = abstract_markdown(assessed, structured_abstract(assessed))
    assert "form of 2014; verify the current one" in text


# --- files ----------------------------------------------------------------------------------------


def docx_text(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as document:
        parts = [n for n in document.namelist() if re.match(r"word/(document|header\d*)\.xml", n)]
        texts = [
            " ".join(str(t) for t in etree.fromstring(document.read(n)).itertext()) for n in parts
        ]
    return " ".join(texts)


@pytest.fixture(scope="module")
def written(assessed: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_exports(folder, assessed)
    return folder


def test_every_form_is_marked_a_draft(written: Path) -> None:
    assert {p.suffix for p in written.iterdir()} == {".docx", ".csv", ".json"}
    for path in written.iterdir():
        data = path.read_bytes()
        text = docx_text(data) if path.suffix == ".docx" else data.decode()
        assert "DRAFT" in text, path.name
    for path in written.glob("*.csv"):
        for line in csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")):
            assert line["document_status"] == "DRAFT, not signed"


def test_forms_for_word_have_real_headings_and_header_rows(written: Path) -> None:
    for name in ("structured-abstract", "gap-worksheet", "eaccme-process"):
        with zipfile.ZipFile(written / f"{name}.docx") as document:
            xml = document.read("word/document.xml").decode()
        assert 'w:val="Heading1"' in xml, name
        assert "<w:tblHeader" in xml, name


def test_the_process_description_counts_what_the_report_counts(
    written: Path, assessed: Assessment
) -> None:
    text = " ".join(docx_text((written / "eaccme-process.docx").read_bytes()).split())
    for key in ("queries.total", "records.total", "findings.total", "gaps.total"):
        assert re.search(rf"\b{assessed.counts[key]}\b", text), key
    assert "infusion clinics" in text
    assert "awaiting writer" in text  # neither specialty nor seniority is in the brief


def test_equal_assessments_give_equal_forms(
    written: Path, assessed: Assessment, tmp_path: Path
) -> None:
    for name in write_exports(tmp_path, assessed):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes(), name


def test_a_form_that_is_not_offered_is_refused_by_name(
    assessed: Assessment, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="'napkin'"):
        write_exports(tmp_path, assessed, ["napkin"])


# --- the package for a client ---------------------------------------------------------------------


def records_with_secrets() -> list[Any]:
    """The made-up records, one of them with a sentence that no report quotes."""
    articles = [a for a in made_up_records() if a.pmid != 101]
    first = next(a for a in made_up_records() if a.pmid == 101)
    sections = (Section(UNCITED, "METHODS", "METHODS"), *first.sections)
    other = made_up_article(
        pmid=120,
        title="Taste of medicine in zandoric fever",
        keywords=(Keyword("taste"),),
        sections=(Section("Only 41% of patients knew that the syrup is bitter.", "", ""),),
    )
    return [*articles, replace_sections(first, sections), other]


def replace_sections(article: Any, sections: tuple[Section, ...]) -> Any:
    import msgspec

    return msgspec.structs.replace(article, sections=sections)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a rejected row, its reason, and a request for support."""

    def make(folder: Path) -> None:
        write_library(folder / "made-up.sqlite", records_with_secrets())
        text = BRIEF.replace("Zandorex education", REQUEST)
        brief = write_brief(folder, text)
        evidence = made_up_evidence(text, records_with_secrets())
        gaps = assess(Brief.parse(text), evidence).gaps
        row = gaps[gaps["subject"].str.contains("hand washing", case=False)].iloc[0]
        (folder / "zandoric.decisions.csv").write_text(
            f"gap_id,decision,reason,by,date,passage\n"
            f"{row.gap_id},reject,{REASON},Q. Reviewer,2021-06-08,{row.cp_passage}\n",
            "utf-8",
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CMENEEDS_HOME", str(folder / "home"))
            made = make_report(brief, outputs=folder / "outputs", library=folder / "made-up.sqlite")
            shutil.copytree(made.folder, folder / "run")
            write_client_package(folder / "run", folder / "client.zip")

    return once(tmp_path_factory, "export-run", make)


def all_texts(data: bytes, name: str) -> Iterator[tuple[str, str]]:
    """Every text in a file and in the files inside it, read without the package's own means."""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for entry in packed.namelist():
                yield from all_texts(packed.read(entry), f"{name}/{entry}")
    elif data[:5] == b"%PDF-":
        document = pypdfium2.PdfDocument(data)
        yield name, " ".join(p.get_textpage().get_text_bounded() for p in document)
    elif name.endswith((".xml", ".rels", ".html")):
        root = etree.fromstring(data, etree.HTMLParser() if name.endswith(".html") else None)
        yield name, "".join(str(t) for t in root.itertext())
        yield name, " ".join(str(t) for t in root.itertext())
        yield name, " ".join(v for e in root.iter() for v in map(str, e.attrib.values()))
        yield name, data.decode("utf-8", "replace")
    else:
        yield name, data.decode("utf-8", "replace")


def test_the_report_of_the_run_does_hold_the_reason(place: Path) -> None:
    assert words_of(REASON) in words_of((place / "run" / "report.md").read_text("utf-8"))


def test_no_uncited_sentence_and_no_internal_note_is_in_any_file_of_the_package(
    place: Path,
) -> None:
    for name, text in all_texts((place / "client.zip").read_bytes(), "client.zip"):
        said = words_of(text)
        for secret in (UNCITED, REASON, REQUEST, "Q. Reviewer"):
            assert words_of(secret) not in said, (name, secret)


def test_the_package_holds_reports_tables_forms_and_references_and_no_snapshot(
    place: Path,
) -> None:
    with zipfile.ZipFile(place / "client.zip") as packed:
        names = set(packed.namelist())
    assert names >= {
        "README.txt", "package.json", "report.html", "report.docx", "report.pdf", "tables.xlsx",
        "gaps.csv", "objectives.csv", "evidence.csv", "search_log.csv", "check-result.csv",
        "references/references.ris", "references/references.nbib", "references/references.json",
        "forms/structured-abstract.docx", "forms/gap-worksheet.csv",
    }  # fmt: skip
    assert not [n for n in names if "snapshot" in n or "decisions" in n or n.endswith(".ipynb")]
    assert not [n for n in names if n.endswith((".yaml", ".md"))]


def test_the_package_says_what_it_is_and_lists_its_files_with_their_hashes(place: Path) -> None:
    with zipfile.ZipFile(place / "client.zip") as packed:
        listed = json.loads(packed.read("package.json"))
        for name, entry in listed["files"].items():
            assert hashlib.sha256(packed.read(name)).hexdigest() == entry["sha256"]
        assert set(listed["files"]) == set(packed.namelist()) - {"package.json"}
        readme = packed.read("README.txt").decode()
    assert listed["document_status"] == "DRAFT, not signed"
    assert "Status: DRAFT, not signed." in readme
    for name in listed["files"].keys() - {"README.txt"}:
        assert name.split("/")[0] in readme, name


def test_each_sentence_in_the_package_is_one_that_the_report_quotes(place: Path) -> None:
    with zipfile.ZipFile(place / "client.zip") as packed:
        page = packed.read("report.html").decode()
        lines = list(csv.DictReader(io.StringIO(packed.read("evidence.csv").decode(), newline="")))
        gaps = list(csv.DictReader(io.StringIO(packed.read("gaps.csv").decode(), newline="")))
    assert lines
    for line in lines:
        assert f'address="{line["passage"]}"' in page
    quoted = {line["passage"] for line in lines}
    assert gaps
    assert {g["decision"] for g in gaps if "decision" in g} == set()
    for gap in gaps:
        assert bool(gap["current_practice"]) == (gap["cp_passage"] in quoted)


def test_the_same_run_gives_the_same_package(place: Path, tmp_path: Path) -> None:
    again = write_client_package(place / "run", tmp_path / "again.zip")
    assert again.read_bytes() == (place / "client.zip").read_bytes()


def test_the_last_look_finds_what_slipped_in(place: Path) -> None:
    assessment = package.assessment_of(place / "run")
    with zipfile.ZipFile(place / "client.zip") as packed:
        files = {n: packed.read(n) for n in packed.namelist()}
    html = files["report.html"].replace(b"</body>", f"<p>{UNCITED}</p></body>".encode())
    split = UNCITED.replace("took place", "took <b>pl</b>ace").encode()
    cases = {
        "report.html": html,
        "page.html": b"<p>" + split + b"</p>",
        "note.csv": f"a,b\n1,{REASON.upper()}\n".encode(),
        "note.json": json.dumps({"x": REQUEST}).encode(),
    }
    for name, data in cases.items():
        assert list(leaks({name: data}, assessment, set())), name
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("xl/sharedStrings.xml", f"<si><t>{UNCITED}</t></si>")
    assert list(leaks({"tables.xlsx": inner.getvalue()}, assessment, set()))


def test_a_package_that_would_hold_a_note_is_not_written(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "without_internal", lambda text: text)
    with pytest.raises(ExportError, match="the reason of a decision"):
        write_client_package(place / "run", tmp_path / "client.zip")
    assert list(tmp_path.iterdir()) == []


def test_reviewers_are_named_only_if_asked_for(place: Path, tmp_path: Path) -> None:
    named = write_client_package(place / "run", tmp_path / "named.zip", names=True)
    with zipfile.ZipFile(named) as packed:
        assert b"decision_by" in packed.read("gaps.csv")


def test_a_package_is_refused_inside_the_run_and_for_what_is_no_run(
    place: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="in the run itself"):
        write_client_package(place / "run", place / "run" / "client.zip")
    with pytest.raises(UsageError, match=r"no \.zip"):
        write_client_package(place / "run", tmp_path / "client.tar")
    with pytest.raises(RunBroken):
        write_client_package(tmp_path, tmp_path / "client.zip")


def test_internal_blocks_are_taken_out_whole_and_nothing_else() -> None:
    kept = "# A\n\n::: {.open-question}\nstays\n:::\n\n```{.query}\n::: {.internal}\n```\n"
    block = internal("gone\n\n::: {.table}\ngone too\n:::\n\n- and this")
    text = without_internal(f"{kept}{block}\nlast\n")
    assert "gone" not in text
    assert "and this" not in text
    assert text.startswith(kept)
    assert text.endswith("\nlast\n")


# --- commands -------------------------------------------------------------------------------------


def run_command(*words: str) -> Any:
    return CliRunner().invoke(app, ["export", *words])


def test_each_form_can_be_asked_for_by_name(place: Path, tmp_path: Path) -> None:
    for form in (*FORMS, "citations"):
        folder = tmp_path / form
        done = run_command(str(place / "run"), "--form", form, "--output", str(folder))
        assert done.exit_code == 0, done.output
        assert "DRAFT" in done.output
        assert list(folder.iterdir()), form


def test_wrong_words_are_refused_before_anything_is_done(place: Path, tmp_path: Path) -> None:
    for words in (["--form", "napkin"], ["--client", "--form", "tables"], ["--names"]):
        done = run_command(str(place / "run"), *words, "--output", str(tmp_path / "x"))
        assert isinstance(done.exception, UsageError), words
    assert not (tmp_path / "x").exists()
    assert isinstance(run_command(str(tmp_path)).exception, CmeneedsError)


def test_a_run_comes_with_its_forms_and_its_workbook(place: Path) -> None:
    there = {p.name for p in (place / "run" / "exports").iterdir()}
    assert there >= {"structured-abstract.docx", "gap-worksheet.csv", "eaccme-process.docx"}
    assert there >= {"contributors.csv", "crosswalk.csv", "references.ris", "references.nbib"}
    assert (place / "run" / "tables.xlsx").stat().st_size > 5_000
