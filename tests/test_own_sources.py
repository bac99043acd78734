"""The writer's own files: each passage lands with its text, place and page, or is said not to.

Everything in the files is made up.
"""

from __future__ import annotations

from pathlib import Path

import own_source_files as files
import pytest

from cmeneeds.documents import (
    Document,
    Part,
    document_from_json,
    document_to_json,
    parse_document_address,
)
from cmeneeds.errors import OwnSourceUnreadable
from cmeneeds.own_sources.adding import read_bytes
from cmeneeds.own_sources.making import Said, role_of


def read(data: bytes, name: str, type: str = "guideline") -> Document:
    return read_bytes(data, name, Said(type=type)).document


def find(document: Document, sentence: str) -> Part:
    """The one part that holds a sentence, reached by its address."""
    found = [p for p in document.parts if sentence in p.text]
    assert len(found) == 1, [p.text for p in document.parts]
    part = found[0]
    start = part.text.index(sentence)
    address = document.address(part.number, start, start + len(sentence))
    assert parse_document_address(address).id == document.id
    assert document.text_at(address) == sentence
    return part


def texts(document: Document) -> list[str]:
    return [p.text for p in document.parts]


@pytest.fixture(scope="module", params=["typst", "libreoffice"])
def guideline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Document:
    if request.param == "typst":
        return read(files.guideline_by_typst(), "guideline.pdf")
    try:
        data = files.guideline_by_libreoffice(tmp_path_factory.mktemp("office"))
    except FileNotFoundError:
        pytest.skip("LibreOffice is not installed")
    return read(data, "guideline.pdf")


# --- a guideline as PDF -------------------------------------------------------------------------


def test_columns_are_read_one_after_the_other(guideline: Document) -> None:
    left, right = find(guideline, files.LEFT), find(guideline, files.RIGHT)
    assert (left.page, right.page) == (1, 1)
    assert left.number < right.number
    assert left.path == ("1 Introduction",)
    assert right.path == ("2 Recommendations",)
    assert right.section == "recommendations"


def test_title_and_headings_are_told_from_text(guideline: Document) -> None:
    assert guideline.title == files.TITLE
    heads = [(p.kind, p.text) for p in guideline.parts if p.kind in ("title", "heading")]
    assert heads[:3] == [
        ("title", files.TITLE),
        ("heading", "1 Introduction"),
        ("heading", "2 Recommendations"),
    ]


def test_a_cell_keeps_its_table_class_and_level(guideline: Document) -> None:
    cells = [p for p in guideline.parts if p.cell and p.cell.table == "Table 1"]
    assert {p.page for p in cells} == {2}
    words = find(guideline, files.CELL)
    assert words.cell is not None
    assert not words.cell.header  # a statement of its own, which is read for findings
    beside = {
        p.cell.column_header: p.text for p in cells if p.cell and files.CELL in p.cell.row_header
    }
    assert beside == {("Class",): "I", ("Level",): "A"}
    caption = find(guideline, "Table 1. Made-up recommendations with class and level")
    assert (caption.kind, caption.label) == ("table caption", "Table 1")


def test_running_heads_and_page_numbers_are_no_text(guideline: Document) -> None:
    assert not [t for t in texts(guideline) if files.HEAD in t or "Page 1" in t or "Page 2" in t]


def test_a_footnote_is_a_note_and_its_mark_is_raised(guideline: Document) -> None:
    note = find(guideline, files.FOOTNOTE)
    assert (note.kind, note.label, note.page) == ("note", "1", 1)
    marked = find(guideline, "It would affect 12% of made-up adults.")
    assert [marked.text[m.start : m.end] for m in marked.markup if m.tag == "sup"] == ["1"]


def test_lines_and_hyphens_are_joined(guideline: Document) -> None:
    find(guideline, files.AFTER)
    find(guideline, files.LAST)
    assert not [t for t in texts(guideline) if "\n" in t or "\u00ad" in t or "  " in t]


def test_every_page_is_where_the_sentence_is(guideline: Document) -> None:
    assert find(guideline, files.CELL).page == 2
    assert find(guideline, files.AFTER).page == 2
    assert find(guideline, files.LAST).page == guideline.pages


def test_a_table_without_rules_is_a_table() -> None:
    document = read(files.guideline_by_typst(), "g.pdf")
    cells = {
        (p.cell.row_header, p.cell.column_header): p.text
        for p in document.parts
        if p.cell and p.cell.table == "Table 2"
    }
    assert cells[("Imaging avoided",), ("Share",)] == "61%"
    assert cells[("Follow-up visit",), ("Year",)] == "2020"


def test_rules_between_rows_keep_long_cells_apart() -> None:
    import typst

    remark = "Made-up remark that goes over more than one line of its cell"
    source = f"""#set page(width: 16cm, height: 14cm)
#set text(size: 10pt)
Table 3. Made-up rows with rules between them
#table(columns: (3fr, 1fr, 2fr), stroke: (x: none, y: 0.5pt), [Recommendation], [Class], [Remark],
  [{files.CELL}], [I], [{remark}], [Imaging may be considered in made-up cases.], [IIb], [None],
  [Patients should be seen again after six made-up months.], [IIa], [As before])

{files.AFTER}
"""
    document = read(typst.compile(source.encode()), "lined.pdf")
    cell = find(document, remark).cell
    assert cell is not None
    assert (cell.row_header, cell.column_header) == ((files.CELL,), ("Remark",))
    assert find(document, files.AFTER).kind == "paragraph"


def test_list_items_belong_to_the_line_before_them() -> None:
    document = read(files.guideline_by_typst(), "g.pdf")
    item = find(document, files.ITEM)
    assert (item.kind, item.label) == ("list item", "•")
    assert document.parts[item.lead].text == "Consider the following before treatment:"


def test_a_paragraph_over_two_pages_knows_both() -> None:
    import typst

    long = "Made-up patients wait for the made-up test, and they are told why. " * 60
    source = f"#set page(width: 300pt, height: 300pt)\n#set text(size: 10pt)\n{long}"
    document = read(typst.compile(source.encode()), "long.pdf")
    (part,) = [p for p in document.parts if "wait for" in p.text][:1]
    assert part.page == 1
    if part.turns:  # where a page ends inside a sentence
        at, page = part.turns[0]
        assert (part.page_at(at - 1), part.page_at(at)) == (1, page)
    assert {p for q in document.parts for p in (q.page, *(n for _, n in q.turns))} == set(
        range(1, document.pages + 1)
    )


# --- scanned pages ------------------------------------------------------------------------------


def test_a_scanned_page_is_said_to_be_scanned() -> None:
    data = files.joined(
        files.text_pdf(["A made-up sentence that stands on the first page."]), files.image_pdf()
    )
    made = read_bytes(data, "mixed.pdf", Said())
    assert made.document.unread_pages == (2,)
    assert any("page 2 not read" in n and "scanned" in n for n in made.notes)
    assert find(made.document, "A made-up sentence").page == 1


def test_a_file_of_scanned_pages_is_refused() -> None:
    with pytest.raises(OwnSourceUnreadable, match=r"all are scanned\. .*OCR"):
        read(files.image_pdf(3), "scan.pdf")


# --- other kinds --------------------------------------------------------------------------------


def test_a_web_page_gives_its_main_text_alone() -> None:
    document = read(files.PAGE.encode(), "measure.html", "quality measure")
    assert document.title == "Made-up marker measure"
    sentence = "whose marker was measured within 12 months was 61% in 2019."
    part = find(document, sentence)
    assert [part.text[m.start : m.end] for m in part.markup] == ["3"]
    assert find(document, files.ITEM).path == ("Who is counted",)
    share = find(document, "44%").cell
    assert share is not None
    assert (share.table, share.row_header, share.column_header) == (
        "Table 4",
        ("North",),
        ("Share",),
    )
    said = " ".join(texts(document))
    for boilerplate in ("cookies", "About us", "Share this", "never run", "Nobody", "Copyright",
                        "Related", "Institute"):  # fmt: skip
        assert boilerplate not in said


def test_a_word_file_gives_headings_cells_and_footnotes() -> None:
    body = (
        files.paragraph(files.TITLE, "T") + files.paragraph("1 Introduction", "H1")
        + files.paragraph(files.LEFT) + files.paragraph("Table 1 Made-up classes")
        + files.table([["Recommendation", "Class"], [files.CELL, "I"]])
    )  # fmt: skip
    note = f'<w:footnote w:id="2"><w:p><w:r><w:t>{files.FOOTNOTE}</w:t></w:r></w:p></w:footnote>'
    document = read(files.docx(body, note), "guideline.docx")
    assert document.title == files.TITLE
    assert find(document, files.LEFT).path == ("1 Introduction",)
    assert find(document, files.FOOTNOTE).kind == "note"
    (grade,) = [p for p in document.parts if p.text == "I"]
    assert grade.cell is not None
    assert grade.cell.row_header == (files.CELL,)
    assert grade.cell.table == "Table 1"


def test_deleted_words_of_a_word_file_are_not_read() -> None:
    gone = "<w:del><w:r><w:t>not </w:t></w:r></w:del>"
    body = f"<w:p><w:r><w:t>Made-up tests are </w:t></w:r>{gone}<w:r><w:t>needed.</w:t></w:r></w:p>"
    assert texts(read(files.docx(body), "a.docx")) == ["Made-up tests are needed."]


def test_notes_keep_headings_lists_and_tables() -> None:
    notes = (
        "# Interview (made up)\n\n## Barriers\nNo time\nfor tests.\n\n"
        "- too few staff\n- no alerts\n\n"
        "| Site | Share |\n|---|---|\n| North | 44% |\n"
    )
    document = read(notes.encode(), "notes.md", "")
    assert document.title == "Interview (made up)"
    assert find(document, "No time for tests.").path == ("Barriers",)
    assert [p.text for p in document.parts if p.kind == "list item"] == [
        "too few staff",
        "no alerts",
    ]
    cell = find(document, "44%").cell
    assert cell is not None
    assert (cell.row_header, cell.column_header) == (("North",), ("Share",))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_cell_knows_its_row_and_column(separator: str) -> None:
    rows = [["Region", "Year", "Share"], ["North", "2019", "44%"], ["South", "2020", "51%"]]
    data = "\n".join(separator.join(row) for row in rows)
    document = read(data.encode(), "figures.csv", "epidemiology")
    cell = find(document, "51%").cell
    assert cell is not None
    assert (cell.row_header, cell.column_header) == (("South",), ("Share",))


# --- what follows from a type -------------------------------------------------------------------


def test_a_type_decides_what_it_may_be_used_for() -> None:
    assert role_of("guideline") == "guideline"
    assert {role_of("expert"), role_of("patient")} == {"opinion"}
    assert role_of("study") == "study"
    assert role_of("") == "background"


def test_an_id_is_made_of_the_bytes_alone() -> None:
    one = read(b"A made-up note of one line.", "a.txt", "")
    two = read(b"A made-up note of one line.", "other/name.md", "policy")
    assert one.id == two.id
    assert one.id.startswith("OWN")
    assert read(b"Another made-up note.", "a.txt", "").id != one.id


def test_documents_of_before_keep_their_bytes() -> None:
    old = Document(id="PMC1", kind="pmc article", parts=(Part(0, "title", "Made up"),))
    written = document_to_json(old)
    for word in (b"source_type", b"edition", b"added_by", b"note", b"pages", b"turns"):
        assert word not in written
    assert document_from_json(written) == old


def test_the_same_file_gives_the_same_document(tmp_path: Path) -> None:
    path = tmp_path / "g.pdf"
    path.write_bytes(files.guideline_by_typst())
    once, again = (read(path.read_bytes(), "g.pdf") for _ in range(2))
    assert document_to_json(once) == document_to_json(again)
