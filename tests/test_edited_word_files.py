"""A Word file that somebody edited: read back, held against its run, carried into the next one."""

from __future__ import annotations

import copy
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import test_command_line as commands
import test_report_runs as runs
from lxml import etree

from cmeneeds.copied import copies_in
from cmeneeds.errors import RunBroken, UsageError
from cmeneeds.records import Article, Section
from cmeneeds.report import markdown as md
from cmeneeds.report.anchors import MARK, blocks_of, comparable
from cmeneeds.report.carried import apply_prose, load_prose, prose_path, save_prose, take_in
from cmeneeds.report.docx import check_reference, export_docx
from cmeneeds.report.reading import read
from cmeneeds.report.word import read_word
from cmeneeds.report.word_package import MAX_ENTRIES
from cmeneeds.verify_word import compare, find_run
from cmeneeds.works import Works

made_up_place = runs.made_up_place
cli = commands.cli

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
SENTENCE = (
    "Only 24% (48 of 200) of the made-up nurses checked each dose of the made-up drug in time."
)
OTHER = "Half of the made-up nurses had never heard of the made-up guideline."
WORKS = Works(
    [
        Article(pmid=11, title="Made up.", sections=(Section(SENTENCE, "", ""),)),
        Article(pmid=12, title="Made up too.", sections=(Section(OTHER, "", ""),)),
    ]
)
FIRST, SECOND = f"11.0.0-{len(SENTENCE)}", f"12.0.0-{len(OTHER)}"
REFERENCES = [
    {"id": f"pmid-{n}", "type": "article-journal", "title": f"Made up {n}",
     "author": [{"family": "Example", "given": "A"}], "issued": {"date-parts": [[2024]]}}
    for n in (11, 12)
]  # fmt: skip
NUMBER = (
    f"On {md.term('type 2 made-up disease')}, only {md.figure('24%', FIRST)} checked doses "
    f"{md.cite(11)}; much is left {md.cite(12)}. {md.count(7, 'records.total')} records were read."
)
REPORT = f"""{md.banner("draft", "Not signed.")}

# Summary

{NUMBER}

Nothing else was found on this made-up subject in any source.

- one point that is made
- another point that is made

## Gap 1. Doses

{md.table([["cell", md.figure("24%", FIRST) + md.cite(11)]], ["A", "B"], "A table")}

{md.evidence("Evidence", [md.passage(SENTENCE, FIRST, label="GAP", value=(5, 8)), md.passage(OTHER, SECOND, label="GAP")])}

# References

::: {{#refs}}
:::
"""  # noqa: E501


@pytest.fixture
def word_file(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "report.md").write_text(REPORT, encoding="utf-8")
    out = tmp_path / "report.docx"
    export_docx(
        tmp_path / "report.md", REFERENCES, out, "Made up", tmp_path / "figures",
        run="made-up/20260101T000000Z",
    )  # fmt: skip
    return out


def rewrite(path, change, part="word/document.xml"):
    """Change one XML part of a Word file; returns the file that it is then."""
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    root = etree.fromstring(parts[part])
    change(root)
    parts[part] = etree.tostring(root)
    edited = path.with_name("edited.docx")
    with zipfile.ZipFile(edited, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return edited


def paragraph(root, words):
    found = [
        p for p in root.iter(f"{W}p") if words in "".join(t.text or "" for t in p.iter(f"{W}t"))
    ]
    return found[0]


def typed(path, old, new):
    """Type something else into one run."""

    def change(root):
        (run, *_) = [t for t in root.iter(f"{W}t") if old in (t.text or "")]
        run.text = run.text.replace(old, new)

    return rewrite(path, change)


def anew(path, words, *texts, keep_marks=False):
    """Replace a paragraph by others without marks, links or citations."""

    def change(root):
        old = paragraph(root, words)
        for text in texts:
            new = copy.deepcopy(old)
            for child in list(new):
                if child.tag != f"{W}pPr" and not (keep_marks and "bookmark" in child.tag):
                    new.remove(child)
            run = etree.SubElement(etree.SubElement(new, f"{W}r"), f"{W}t")
            run.text = text
            old.addprevious(new)
        old.getparent().remove(old)

    return rewrite(path, change)


def checked(path):
    return compare(read_word(path), REPORT, WORKS, path.parent)


def problems(path):
    return [p.kind for p in checked(path).problems]


# --- reading ------------------------------------------------------------------------------------


def test_every_paragraph_comes_back_with_its_words_and_citations(word_file):
    word = read_word(word_file)
    known = {b.anchor: b for b in blocks_of(REPORT)}
    seen = {}
    for p in word.body:
        for anchor in filter(MARK.fullmatch, p.anchors):
            seen[anchor] = (comparable(p.text), tuple(k for c in p.citations for k in c.keys))
    assert seen == {a: (b.text, b.citations) for a, b in known.items() if b.kind != "code"}
    assert word.run == "made-up/20260101T000000Z"
    assert word.headers == ("DRAFT",)
    assert [(e.number, e.key) for e in word.references] == [(1, "pmid-11"), (2, "pmid-12")]
    assert word.tables == ((("A", "B"), ("cell", "24%1")),)
    assert [p.level for p in word.paragraphs if p.level] == [1, 2, 1]
    (link,) = [k for k in paragraph_of(word, "checked doses").links if k.text == "24%"]
    assert link.target == "p-" + FIRST.replace(".", "-")


def paragraph_of(word, words):
    return next(p for p in word.paragraphs if words in p.text)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_marks_links_and_citations_survive_libreoffice(word_file, tmp_path):
    out = tmp_path / "saved"
    profile = (tmp_path / "profile").as_uri()
    subprocess.run(
        [shutil.which("soffice"), "--headless", f"-env:UserInstallation={profile}",
         "--convert-to", "docx:MS Word 2007 XML", "--outdir", str(out), str(word_file)],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    before, after = read_word(word_file), read_word(out / "report.docx")
    assert after.run == before.run

    def told(word):
        return [
            (comparable(p.text), [a for a in p.anchors if MARK.fullmatch(a)],
             [k for c in p.citations for k in c.keys], [k.target for k in p.links])
            for p in word.paragraphs if p.text
        ]  # fmt: skip

    assert told(after) == told(before)
    result = checked(out / "report.docx")
    assert (result.unchanged, result.problems, result.changed) == (result.paragraphs, [], [])


def test_tracked_changes_are_read_as_accepted(word_file):
    def change(root):
        run = next(r for r in root.iter(f"{W}r") if "Nothing else" in "".join(r.itertext()))
        gone = etree.Element(f"{W}del")
        run.addprevious(gone)
        gone.append(run)
        added = etree.Element(f"{W}ins")
        gone.addnext(added)
        etree.SubElement(etree.SubElement(added, f"{W}r"), f"{W}t").text = "Not much else"

    word = read_word(rewrite(word_file, change))
    assert paragraph_of(word, "Not much else")
    assert not [p for p in word.paragraphs if "Nothing else" in p.text]
    assert word.tracked == 2


@pytest.mark.parametrize(
    ("before", "raised", "numbers"),
    [
        ("as shown.", "2", [2]),
        ("found by many", "1,2", [1, 2]),
        ("10", "9", []),
        ("per m", "2", []),
    ],
)
def test_typed_superscripts_are_citations_behind_words_only(word_file, before, raised, numbers):
    def change(root):
        p = paragraph(root, "Nothing else")
        run = etree.SubElement(p, f"{W}r")
        etree.SubElement(run, f"{W}t").text = f" {before}"
        run = etree.SubElement(p, f"{W}r")
        style = etree.SubElement(etree.SubElement(run, f"{W}rPr"), f"{W}vertAlign")
        style.set(f"{W}val", "superscript")
        etree.SubElement(run, f"{W}t").text = raised

    found = paragraph_of(read_word(rewrite(word_file, change)), "Nothing else")
    assert [n for c in found.citations for n in c.numbers] == numbers
    assert found.text.endswith(before if numbers else before + raised)


def packed(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


ENTITIES = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>'


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"x": b""}, "it is no Word file"),
        ({"word/document.xml": b"<a>"}, "is no XML"),
        ({"word/document.xml": ENTITIES}, "declares a document type"),
        ({"word/document.xml": b"<a/>", "big": b"0" * 5_000_000}, "far more than it holds"),
        ({"word/document.xml": b"<a/>"} | {f"p{n}": b"" for n in range(MAX_ENTRIES)}, "parts"),
    ],
)
def test_what_is_no_word_file_or_too_much_of_one_is_refused(tmp_path, parts, why):
    with pytest.raises(UsageError, match=why):
        read_word(packed(tmp_path / "x.docx", parts))


def test_text_is_no_word_file(tmp_path):
    (tmp_path / "x.docx").write_text("hello")
    with pytest.raises(UsageError, match="it is no Word file"):
        read_word(tmp_path / "x.docx")


# --- verifying ----------------------------------------------------------------------------------


def test_an_untouched_file_has_nothing_to_tell(word_file):
    result = checked(word_file)
    assert result.holds
    assert (result.unchanged, result.changed, result.removed) == (result.paragraphs, [], [])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("24%", "42%", ["number changed"]),
        ("checked doses", "checked 48 of 200 doses", []),  # the passage says so
        ("checked doses", "checked 83% of doses", ["number without a passage"]),
        ("records were read", "records of 900 were read", ["number without a passage"]),
        ("Nothing else", "In 2020, nothing else", []),
        ("Nothing else", "Half of nothing", ["number without a passage"]),
        ("Only 24% (48 of 200)", "Only 24% (49 of 200)", ["quotation changed"]),
        (SENTENCE[-30:], "and more.", ["quotation changed"]),
    ],
)
def test_a_changed_number_has_to_lead_to_a_passage(word_file, old, new, found):
    if old in SENTENCE and old != "24%":
        edited = anew(word_file, SENTENCE[:60], SENTENCE.replace(old, new), keep_marks=True)
    else:
        edited = typed(word_file, old, new)
    assert problems(edited) == found


def test_a_changed_sentence_is_mapped_to_its_passage(word_file):
    (changed,) = checked(typed(word_file, "checked doses", "checked all doses")).changed
    assert changed.passages == (FIRST,)
    assert changed.citations == ("pmid-11", "pmid-12")


def test_a_paragraph_typed_anew_is_found_by_its_words_and_its_losses_are_told(word_file):
    text = (
        "On type 2 made-up disease, only 24% checked doses; very much is left. 7 records were read."
    )
    result = checked(anew(word_file, "checked doses", text))
    assert sorted(p.kind for p in result.problems) == ["citation lost", "citation lost"]
    assert result.removed == []
    assert [c.how for c in result.changed][:1] == ["paragraph"]


def test_a_sentence_of_nobody_has_no_passage(word_file):
    words = "Nothing else"
    result = checked(anew(word_file, words, "Nothing else was found on this made-up subject in any "
                          "source.", "Clinicians everywhere are known to disagree."))  # fmt: skip
    (new,) = result.unsupported
    assert new.text == "Clinicians everywhere are known to disagree."
    assert result.removed == []


def test_a_citation_without_a_reference_and_a_lost_mark_are_told(word_file):
    def header(root):
        for text in root.iter(f"{W}t"):
            text.text = ""

    assert "banner lost" in problems(rewrite(word_file, header, "word/header1.xml"))

    def cite(root):
        (raised,) = [h for h in root.iter(f"{W}hyperlink")
                     if h.get(f"{W}anchor") == "ref-pmid-12" and "2" in "".join(h.itertext())
                     and h.getparent() is paragraph(root, "checked doses")]  # fmt: skip
        next(raised.iter(f"{W}t")).text = "9"

    assert problems(rewrite(word_file, cite)) == ["citation without a reference", "citation lost"]


def test_twelve_words_of_a_source_need_quotation_marks(word_file):
    taken = "nurses checked each dose of the made-up drug in time"
    for text, copied in (
        (f"It is said that of the Made-Up {taken} or not.", 1),
        (f"It is said that “of the made-up {taken}” or not.", 0),
        ("The made-up nurses checked each dose of it.", 0),
    ):
        result = checked(anew(word_file, "Nothing else", text))
        assert len(result.copies) == copied, text
        assert [c.source for c in result.copies] == ["pmid-11"] * copied
    assert copies_in([f"{SENTENCE} And {SENTENCE}"], WORKS)[0].words == 18


def test_the_run_of_a_file_is_found_beside_it_or_named(word_file, tmp_path):
    word = read_word(word_file)
    with pytest.raises(RunBroken, match="made-up/20260101T000000Z"):
        find_run(word, outputs=tmp_path)
    run = tmp_path / "outputs" / "made-up" / "20260101T000000Z"
    run.mkdir(parents=True)
    (run / "manifest.json").touch()
    assert find_run(word, outputs=Path("nowhere")) == run
    assert find_run(word, outputs=tmp_path / "outputs") == run
    with pytest.raises(RunBroken, match="Name its folder"):
        find_run(word, tmp_path / "other")


# --- carrying over ------------------------------------------------------------------------------


def carried(path, report=REPORT, kept=()):
    prose, left = take_in(read_word(path), REPORT, kept)
    return apply_prose(report, prose, WORKS), prose, left


def test_edited_prose_is_carried_with_its_links_and_citations_and_marked(word_file):
    result, _, left = carried(typed(word_file, "much is left", "much is *left* [to] do <b>"))
    assert (len(result.carried), result.conflicts, left) == (1, [], [])
    report = read(result.text)
    (written,) = report.written
    assert written.endswith("doses; much is *left* [to] do <b>. 7 records were read.")
    assert report.figures == read(REPORT).figures
    assert report.counts == read(REPORT).counts
    assert report.citations == read(REPORT).citations
    assert not report.loose
    changed = [b.text for b in blocks_of(result.text)]
    assert [t for t in changed if "left" not in t] == [
        b.text for b in blocks_of(REPORT) if "left" not in b.text
    ]


def test_a_number_in_carried_prose_still_needs_its_passage(word_file):
    result, _, _ = carried(typed(word_file, "Nothing else", "Of 83% nothing else"))
    assert [n.token for n in read(result.text).loose] == ["83%"]


def test_prose_is_carried_to_wherever_its_paragraph_now_stands(word_file):
    other = REPORT.replace("## Gap 1. Doses", "## Gap 3. Doses").replace(
        "# Summary\n", "# Summary\n\nA new paragraph that was computed.\n"
    )
    result, _, _ = carried(typed(word_file, "another point", "a better point"), other)
    assert len(result.carried) == 1
    assert "- [a better point that is made]{.writer}" in result.text


def test_where_both_changed_both_texts_are_shown_and_the_computed_one_stands(word_file):
    now = REPORT.replace("Nothing else was found", "One thing else was found")
    result, _, _ = carried(typed(word_file, "Nothing else", "Nothing new"), now)
    assert result.text == now
    (conflict,) = result.conflicts
    assert conflict.was.startswith("Nothing else was found")
    assert conflict.yours.startswith("Nothing new was found")
    assert conflict.now.startswith("One thing else was found")


def test_an_added_paragraph_is_carried_behind_the_one_it_followed(word_file):
    words = "Nothing else was found on this made-up subject in any source."
    edited = anew(word_file, "Nothing else", words, "I add a word of my own.")
    result, _, _ = carried(edited)
    assert f"{words}\n\n[I add a word of my own.]{{.writer}}\n" in result.text


def test_prose_is_kept_when_its_own_report_is_edited_again(word_file, tmp_path):
    first, prose, _ = carried(typed(word_file, "Nothing else", "Nothing new"))
    (tmp_path / "report.md").write_text(first.text, encoding="utf-8")
    export_docx(tmp_path / "report.md", REFERENCES, word_file, "Made up", tmp_path / "figures")
    untouched, left = take_in(read_word(word_file), first.text, prose)
    assert (untouched, left) == (prose, [])
    again, _ = take_in(
        read_word(typed(word_file, "Nothing new", "Nothing ever")), first.text, prose
    )
    (kept,) = again
    assert kept.computed.startswith("Nothing else was found")
    assert "[Nothing ever was found" in apply_prose(REPORT, again, WORKS).text


def test_what_is_computed_is_not_carried_but_told(word_file):
    for old, new, why in (
        ("Doses", "Dosages", "heading"),
        ("cell", "call", "table"),
        ("A table", "My table", "caption"),
    ):
        result, prose, left = carried(typed(word_file, old, new))
        assert (prose, result.text) == ([], REPORT)
        assert len(left) == 1
        assert why in left[0].why
    _, _, left = carried(anew(word_file, "Nothing else"))
    assert [c.why for c in left] == ["taking out is not carried"]


def test_prose_is_kept_in_a_file_that_says_what_is_wrong_with_it(word_file, tmp_path):
    _, prose, _ = carried(typed(word_file, "Nothing else", "Nothing new"))
    path = prose_path(tmp_path / "brief.yaml")
    assert load_prose(path) == []
    save_prose(path, prose)
    assert load_prose(path) == prose
    path.write_text('{"format": 1, "prose": [{"anchor": 3}]}')
    with pytest.raises(UsageError, match="cannot be read"):
        load_prose(path)


def test_on_the_command_line_edited_prose_survives_and_is_proven(made_up_place, tmp_path, cli):
    brief = shutil.copy(made_up_place / "zandoric.yaml", tmp_path)
    library = made_up_place / "made-up.sqlite"
    folders = ["--outputs", tmp_path / "out", "--library", library]
    assert cli("report", brief, *folders).code == 0
    latest = tmp_path / "out" / "zandoric-fever" / "latest"
    assert latest.is_dir(), list((tmp_path / "out").iterdir())
    text = (latest / "report.md").read_text("utf-8")
    block = next(b for b in blocks_of(text) if b.kind == "text" and len(b.text) > 60
                 and not b.figures and not b.known and not b.citations and b.headings)  # fmt: skip
    edited = anew(latest / "report.docx", block.text[:60], f"In my own words: {block.text}",
                  keep_marks=True)  # fmt: skip
    edited = Path(shutil.move(edited, tmp_path / "edited.docx"))
    answer = cli("verify", edited, "--outputs", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "changed: In my own words" in answer.out
    answer = cli("report", brief, *folders, "--edited", edited)
    assert "1 paragraphs in your own words carried over" in answer.out
    assert "In my own words" in (latest / "report.md").read_text("utf-8")
    assert json.loads((latest / "prose_carried.json").read_text())["conflicts"] == []
    answer = cli("verify", latest)
    assert "the writer's own words" not in answer.out
    report = latest / "report.md"
    report.write_text(report.read_text("utf-8").replace("In my own words", "In his own words"))
    answer = cli("verify", latest)
    assert answer.code == 1
    assert "the writer's own words" in answer.out


# --- the writer's own template ------------------------------------------------------------------


def test_a_template_of_ones_own_gives_styles_and_gets_the_mark(word_file, tmp_path):
    from cmeneeds.report.pandoc import run_pandoc

    template = tmp_path / "mine.docx"
    template.write_bytes(run_pandoc(["--print-default-data-file=reference.docx"]))
    out = tmp_path / "mine-report.docx"
    export_docx(
        tmp_path / "report.md", REFERENCES, out, "Made up", tmp_path / "figures",
        reference_doc=template,
    )  # fmt: skip
    word = read_word(out)
    assert word.headers == ("DRAFT",)
    assert [p.text for p in word.body] == [p.text for p in read_word(word_file).body]


def test_a_template_with_macros_or_parts_from_elsewhere_is_refused(word_file, tmp_path):
    check_reference(word_file)
    with zipfile.ZipFile(word_file) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    with pytest.raises(UsageError, match="macros"):
        check_reference(packed(tmp_path / "m.docx", parts | {"word/vbaProject.bin": b"x"}))
    relations = io.BytesIO(
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="a" Type="http://x/attachedTemplate" TargetMode="External" '
        b'Target="http://192.0.2.1/x.dotm"/></Relationships>'
    ).getvalue()
    with pytest.raises(UsageError, match="from elsewhere"):
        check_reference(
            packed(tmp_path / "e.docx", parts | {"word/_rels/settings.xml.rels": relations})
        )
