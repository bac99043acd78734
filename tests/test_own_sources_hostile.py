"""Broken, encrypted, huge and hostile files: refused in one line or read within limits.

Nothing in them is run, nothing outside the store is written. Everything in them is made up.
"""

from __future__ import annotations

import os
from pathlib import Path

import own_source_files as files
import pytest

import cmeneeds as cn
from cmeneeds.errors import OwnSourceUnreadable, UsageError
from cmeneeds.home import home
from cmeneeds.own_sources import sandbox
from cmeneeds.own_sources.adding import add_source, read_bytes
from cmeneeds.own_sources.making import Said
from cmeneeds.own_sources.parsed import Unreadable
from cmeneeds.own_sources.store import original_path

SENTENCE = "A made-up sentence that stands on this page."


def refused(data: bytes, name: str) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(OwnSourceUnreadable) as caught:
        read_bytes(data, name, Said())
    message = str(caught.value)
    assert message.isprintable(), repr(message)
    assert name in message
    assert caught.value.todo
    return message


def said(data: bytes, name: str) -> list[str]:
    return [p.text for p in read_bytes(data, name, Said()).document.parts]


# --- PDF ----------------------------------------------------------------------------------------

ENCRYPTED = (
    b"/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <" + b"41" * 32 + b"> /U <"
    + b"42" * 32 + b"> >> /ID [<00112233445566778899aabbccddeeff> "
    b"<00112233445566778899aabbccddeeff>]"
)  # fmt: skip


def test_an_encrypted_pdf_is_said_to_be_encrypted() -> None:
    assert "encrypted" in refused(files.text_pdf([SENTENCE], trailer=ENCRYPTED), "locked.pdf")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + b"\xff\x00" * 5000,
        files.raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 >>"]),
        files.raw_pdf(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 900000 >>",
            ]
        ),
    ],
)
def test_a_broken_pdf_is_refused(data: bytes) -> None:
    refused(data, "broken.pdf")


def test_a_pdf_cut_short_is_read_as_far_as_it_goes_or_refused() -> None:
    whole = files.guideline_by_typst()
    for share in (0.3, 0.6, 0.9):
        try:
            said(whole[: int(share * len(whole))], "cut.pdf")
        except OwnSourceUnreadable as error:
            assert str(error).isprintable()  # noqa: PT017


def test_scripts_launches_and_embedded_files_of_a_pdf_do_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    catalogue = (
        b"/OpenAction << /S /JavaScript /JS (app.alert(1); this.exportDataObject({cName: 'x'})) >> "
        b"/AA << /WC << /S /Launch /F (/bin/touch) /Win << /F (touch) /P (%s) >> >> >> "
        b"/Names << /EmbeddedFiles << /Names [(x.exe) << /Type /Filespec /F (x.exe) "
        b"/EF << /F 4 0 R >> >>] >> >>" % str(trap).encode()
    )
    before = sorted(tmp_path.rglob("*"))
    assert said(files.text_pdf([SENTENCE], catalogue), "active.pdf") == [SENTENCE]
    assert sorted(tmp_path.rglob("*")) == before
    assert not list(Path.cwd().glob("x.exe"))


def test_a_huge_picture_is_not_unpacked() -> None:
    picture = files.image_pdf().replace(b"/Width 64 /Height 64", b"/Width 60000 /Height 60000")
    assert said(files.joined(files.text_pdf([SENTENCE]), picture), "picture.pdf") == [SENTENCE]


def test_an_endless_parse_is_given_up() -> None:
    import typst

    many = "#for i in range(400) [ Page #i. #lorem(300) #pagebreak(weak: true) ]"
    data = typst.compile(many.encode())
    with pytest.raises(Unreadable, match=r"too long|reader stopped"):
        sandbox.parse(data, "pdf", seconds=1)


def test_a_parse_that_wants_too_much_memory_is_given_up() -> None:
    cells = b"a,b,c\n" + b"1,2,3\n" * 90_000
    with pytest.raises(Unreadable, match="memory"):
        sandbox.parse(cells, "csv", memory=60 << 20)


def test_a_parser_that_crashes_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.sys, "executable", "/bin/false")
    with pytest.raises(Unreadable, match="reader stopped"):
        sandbox.parse(b"x", "text")


def test_the_parser_does_not_know_the_secrets_of_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_API_KEY", "planted")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert {"NCBI_API_KEY", "PYTHONPATH", "HOME"}.isdisjoint(sandbox._environment())


# --- DOCX ---------------------------------------------------------------------------------------


def test_a_zip_bomb_is_refused() -> None:
    bomb = files.docx(files.paragraph(" " * (80 << 20)))
    assert len(bomb) < 1 << 20
    assert "unpacks to more than" in refused(bomb, "bomb.docx")


def test_entities_of_a_word_file_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of this machine")
    prologue = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    data = files.docx("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", prologue=prologue)
    assert "secret of" not in refused(data, "xxe.docx")
    laughs = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    refused(files.docx("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>", prologue=laughs), "laughs.docx")


def test_files_in_a_word_file_are_never_unpacked_to_disk(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "tricky.docx"
    path.parent.mkdir(parents=True)
    path.write_bytes(files.docx(files.paragraph(SENTENCE), more=b"outside"))
    add_source(path)
    assert not list(tmp_path.rglob("outside.txt"))
    assert not list(home().parent.rglob("outside.txt"))


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04" + b"\0" * 100, b"\xd0\xcf\x11\xe0" + b"\0" * 600, files.docx("<w:p>")],
)
def test_a_broken_or_locked_word_file_is_refused(data: bytes) -> None:
    refused(data, "broken.docx")


# --- tables, pages, texts -----------------------------------------------------------------------


def test_a_gigantic_table_is_refused() -> None:
    assert "larger than" in refused(b"a,b\n" + b"1,2\n" * (6 << 20), "huge.csv")
    assert "cells" in refused(b"a,b,c,d\n" + b"1,2,3,4\n" * 80_000, "long.csv")
    assert "columns" in refused(b"a," * 400 + b"b\n", "wide.csv")
    refused(b"a,b\n" + b'"' + b"x" * 300_000 + b'",1\n', "cell.csv")


def test_a_page_nested_without_end_is_no_crash() -> None:
    data = b"<html><body>" + b"<div>" * 200_000 + SENTENCE.encode() + b"</body></html>"
    try:
        assert said(data, "deep.html") in ([SENTENCE], [])
    except OwnSourceUnreadable as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_scripts_and_invisible_letters_of_a_page_are_no_text() -> None:
    page = (
        f"<html><body><p onclick='x()'>{SENTENCE}\u202e\u200b</p><script>1</script></body></html>"
    )
    assert said(page.encode(), "page.html") == [SENTENCE]


def test_what_is_no_document_is_refused() -> None:
    assert "empty" in refused(b"  \n", "empty.txt")
    assert "no text" in refused(b"MZ\x90\0\x03", "program.txt")
    assert "not read" in refused(b"a", "music.mp3")
    assert "its content" in refused(files.text_pdf([SENTENCE]), "renamed.docx")


# --- names and places ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../../up.txt", "a/b\\c\x1b[31m.txt", "x" * 300 + ".txt"])
def test_a_name_decides_nothing_about_the_place(name: str) -> None:
    made = read_bytes(SENTENCE.encode(), name, Said())
    assert made.name.isprintable()
    assert "/" not in made.name
    assert len(made.name) <= 120


def test_only_a_hash_names_a_place_in_the_store() -> None:
    with pytest.raises(UsageError):
        original_path("../../etc/passwd", "pdf")
    with pytest.raises(UsageError):
        original_path("0" * 64, "../x")


def test_a_link_in_the_store_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("kept as it was")
    made = read_bytes(SENTENCE.encode(), "a.txt", Said())
    place = original_path(made.document.sha256, made.kind)
    place.parent.mkdir(parents=True)
    place.symlink_to(victim)
    note = tmp_path / "a.txt"
    note.write_text(SENTENCE)
    add_source(note)
    assert victim.read_text() == "kept as it was"
    assert not place.is_symlink()
    assert place.read_text() == SENTENCE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(UsageError, match="no file"):
        add_source(tmp_path / "pipe.pdf")
    with pytest.raises(UsageError, match="no file"):
        add_source(tmp_path)
    assert cn.list_sources() == []
