"""MeSH headings: from summaries, from text, from NLM's file, into a library.

All headings written in this file are made up.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cmeneeds.entrez_errors import AnswerCutShort, BackendFailed, NotAnXmlAnswer
from cmeneeds.errors import SourceError
from cmeneeds.library import schema
from cmeneeds.mesh import (
    Descriptor,
    parse_mesh_summaries,
    parse_mesh_text,
    read_descriptors,
    rows_for_library,
)

FEVER = Descriptor(
    "D900001",
    "Paper Fever",
    ("Fever, Paper", "Filing Fever"),
    ("C99.100", "F99.200.300"),
    "A made-up fever of those who file.",
    ("Fever (1970-1990)",),
)

SUMMARY: dict[str, Any] = {
    "uid": "68900001",
    "ds_scopenote": "A made-up fever of those who file.",
    "ds_meshterms": ["Paper Fever", "Fever, Paper", "Filing Fever"],
    "ds_previousindexing": ["Fever (1970-1990)"],
    "ds_idxlinks": [
        {"parent": 1, "treenum": "C99.100", "children": [2]},
        {"parent": 3, "treenum": "F99.200.300", "children": []},
    ],
    "ds_headingmappedtolist": [],
}

SUMMARY_2 = b"""<eSummaryResult><DocumentSummarySet status="OK"><DocumentSummary uid="68900001">
  <DS_ScopeNote>A made-up fever of those who file.</DS_ScopeNote>
  <DS_MeshTerms><string>Paper Fever</string><string>Fever, Paper</string>
    <string>Filing Fever</string></DS_MeshTerms>
  <DS_PreviousIndexing><string>Fever (1970-1990)</string></DS_PreviousIndexing>
  <DS_IdxLinks>
    <LinksType><Parent>1</Parent><TreeNum>C99.100</TreeNum><Children><int>2</int></Children>
    </LinksType>
    <LinksType><Parent>3</Parent><TreeNum>F99.200.300</TreeNum><Children></Children></LinksType>
  </DS_IdxLinks></DocumentSummary></DocumentSummarySet></eSummaryResult>"""

SUMMARY_1 = b"""<eSummaryResult><DocSum><Id>68900001</Id>
  <Item Name="DS_ScopeNote" Type="String">A made-up fever of those who file.</Item>
  <Item Name="DS_MeshTerms" Type="List"><Item Name="string" Type="String">Paper Fever</Item>
    <Item Name="string" Type="String">Fever, Paper</Item>
    <Item Name="string" Type="String">Filing Fever</Item></Item>
  <Item Name="DS_PreviousIndexing" Type="List">
    <Item Name="string" Type="String">Fever (1970-1990)</Item></Item>
  <Item Name="DS_IdxLinks" Type="List">
    <Item Name="LinksType" Type="Structure"><Item Name="Parent" Type="Integer">1</Item>
      <Item Name="TreeNum" Type="String">C99.100</Item></Item>
    <Item Name="LinksType" Type="Structure"><Item Name="Parent" Type="Integer">3</Item>
      <Item Name="TreeNum" Type="String">F99.200.300</Item></Item></Item>
  </DocSum></eSummaryResult>"""

TEXT = """
1: Paper Fever
A made-up fever
of those who file.
Year introduced: 1991

Subheadings:
    diagnosis
    therapy

Tree Number(s): C99.100, F99.200.300
MeSH Unique ID: D900001
Entry Terms:
    Fever, Paper
    Filing Fever
Previous Indexing:
    Fever (1970-1990)
See Also:
    Filing
All MeSH Categories
    Diseases Category
        Paper Fever

2: Filing
2: is not a new record here.
Tree Number(s): F99.200
MeSH Unique ID: D900002
Unheard Of: something new
    and more of it
Entry Terms:
    Sorting


3: filin protein, human
Date introduced: January 1, 1999
MeSH Unique ID: C900003
Heading Mapped to:
    Filing
"""


def record(ui: str, name: str, body: str = "") -> str:
    return (
        f"<DescriptorRecord DescriptorClass='1'><DescriptorUI>{ui}</DescriptorUI>"
        f"<DescriptorName><String>{name}</String></DescriptorName>{body}</DescriptorRecord>"
    )


FEVER_XML = record(
    "D900001",
    "Paper Fever",
    "<PreviousIndexingList><PreviousIndexing>Fever (1970-1990)</PreviousIndexing>"
    "</PreviousIndexingList><TreeNumberList><TreeNumber>C99.100</TreeNumber>"
    "<TreeNumber>F99.200.300</TreeNumber></TreeNumberList><ConceptList>"
    "<Concept PreferredConceptYN='Y'><ScopeNote>A made-up fever of those who file.\n    "
    "</ScopeNote><TermList><Term><String>Paper Fever</String></Term>"
    "<Term IsPermutedTermYN='Y'><String>Fever, Paper</String></Term></TermList></Concept>"
    "<Concept PreferredConceptYN='N'><ScopeNote>Other.</ScopeNote><TermList><Term>"
    "<String>Filing Fever</String></Term></TermList></Concept></ConceptList>",
)


def mesh_file(*records: str, prolog: str = "") -> bytes:
    start = f"<?xml version='1.0'?>{prolog}<DescriptorRecordSet LanguageCode='eng'>"
    return (start + "".join(records) + "</DescriptorRecordSet>").encode()


def test_every_form_gives_the_same_heading() -> None:
    told = json.dumps({"result": {"uids": ["68900001"], "68900001": SUMMARY}}).encode()
    # Only summaries tell the headings below, and those of version 1.0 only if they have any.
    with_children = msgspec.structs.replace(FEVER, children=("2",))
    assert parse_mesh_summaries(told) == (with_children,)
    assert parse_mesh_summaries(SUMMARY_2) == (with_children,)
    assert parse_mesh_summaries(SUMMARY_1) == (FEVER,)
    assert parse_mesh_text(TEXT.encode())[0] == FEVER
    assert list(read_descriptors(mesh_file(FEVER_XML))) == [FEVER]


def test_one_link_and_a_stated_ui() -> None:
    one = SUMMARY | {"ds_meshui": "D000900001", "ds_idxlinks": [{"treenum": "@77"}]}
    told = json.dumps({"result": {"uids": ["2052999"], "2052999": one}}).encode()
    (found,) = parse_mesh_summaries(told)
    assert (found.ui, found.tree_numbers) == ("D000900001", ())
    single = SUMMARY_2.replace(b"<LinksType><Parent>3</Parent><TreeNum>F99.200.300", b"<!-- ")
    single = single.replace(b"</TreeNum><Children></Children></LinksType>", b" -->")
    assert parse_mesh_summaries(single)[0].tree_numbers == ("C99.100",)
    missing = json.dumps({"result": {"uids": ["5"], "5": {"error": "cannot get"}}}).encode()
    assert parse_mesh_summaries(missing) == ()


def test_text_of_several_records() -> None:
    found = parse_mesh_text(TEXT.encode())
    assert [d.name for d in found] == ["Paper Fever", "Filing", "filin protein, human"]
    assert found[1].scope_note == "2: is not a new record here."
    assert found[1].entry_terms == ("Sorting",)
    assert (found[2].ui, found[2].mapped_to) == ("C900003", ("Filing",))
    assert parse_mesh_text(b"\r\n1: Filing\r\nMeSH Unique ID: D900002\r\n")[0].ui == "D900002"


@pytest.mark.parametrize("body", [b"made-up text", b"<a/>", b"<html></html>", b'{"a": 1}'])
def test_what_is_no_mesh_text_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnXmlAnswer):
        parse_mesh_text(body)


def test_messages_in_place_of_mesh_text_are_told() -> None:
    with pytest.raises(BackendFailed):
        parse_mesh_text(b"Search Backend failed: Database is not supported: mesh")
    with pytest.raises(AnswerCutShort):
        parse_mesh_text(b"")


def test_the_file_is_read_as_a_stream(tmp_path: Path) -> None:
    data = mesh_file(FEVER_XML, *(record(f"D8{i:05}", f"Heading {i}") for i in range(3000)))
    path = tmp_path / "desc.xml"
    path.write_bytes(data)
    packed = gzip.compress(data)
    expected = list(read_descriptors(data))
    assert len(expected) == 3001
    assert expected[1] == Descriptor("D800000", "Heading 0")
    for source in (path, str(path), packed, io.BytesIO(packed), io.BytesIO(data)):
        assert list(read_descriptors(source)) == expected

    class Endless(io.RawIOBase):
        """Gives records for ever, so only a reader of streams gets any."""

        left = b"<DescriptorRecordSet>"

        def read(self, size: int = -1) -> bytes:
            self.left = self.left or record("D800000", "Heading").encode()
            given, self.left = self.left[:size], self.left[size:]
            return given

    endless = read_descriptors(Endless())
    assert [next(endless).ui for _ in range(500)] == ["D800000"] * 500


def test_a_file_that_ends_early_gives_what_was_whole() -> None:
    data = mesh_file(FEVER_XML, record("D900002", "Filing"))
    reading = read_descriptors(data[:-60])
    assert next(reading) == FEVER
    with pytest.raises(AnswerCutShort, match="after 1 descriptors"):
        next(reading)
    with pytest.raises(AnswerCutShort):
        list(read_descriptors(gzip.compress(data)[:-40]))
    for other in (b"<html/>", b"<DescriptorRecordSet/>", b"<a><b></a></b></a>"):
        with pytest.raises(NotAnXmlAnswer):
            list(read_descriptors(other))


@pytest.mark.parametrize(
    "data",
    [
        mesh_file(
            record("D900001", "&a9;"),
            prolog="<!DOCTYPE x [<!ENTITY a0 'ha'>"
            + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
            + "]>",
        ),
        mesh_file(
            record("D900001", "&x;"),
            prolog="<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        ),
        mesh_file(record("D900001", "<a>" * 100_000 + "</a>" * 100_000)),
        mesh_file(record("D900001", "x" * (50 << 20))),
    ],
    ids=["billion laughs", "external entity", "deep", "long text"],
)
def test_hostile_files_are_inert_or_refused(data: bytes) -> None:
    started = time.monotonic()
    said = ""
    try:
        said = repr(list(read_descriptors(data)))
    except SourceError as error:
        said = str(error)
    assert 0 < len(said) < 500
    assert "root:" not in said
    assert "haha" not in said
    assert time.monotonic() - started < 10


def test_rows_fit_the_library() -> None:
    filing = Descriptor("D900002", "Filing", ("SORTING", "Sorting"), ("F99.200",))
    substance = Descriptor("C900003", "filin protein, human", mapped_to=("Filing",))
    rows = rows_for_library([filing, FEVER, substance, FEVER, Descriptor("", "No UI", ("x",))])
    assert ("mh", "filing fever", "D900001", "Paper Fever") in rows.terms
    assert [r for r in rows.terms if r[2] == "D900002"] == [
        ("mh", "filing", "D900002", "Filing"),
        ("mh", "sorting", "D900002", "Filing"),
    ]
    assert [r[0] for r in rows.terms if r[2].startswith("C")] == ["nm"]
    assert rows.mesh_tree == [
        ("C99.100", "D900001"),
        ("F99.200", "D900002"),
        ("F99.200.300", "D900001"),
    ]
    db = sqlite3.connect(":memory:")
    db.executescript(schema.DDL)
    db.executemany("INSERT INTO terms VALUES (?, ?, ?, ?)", rows.terms)
    db.executemany("INSERT INTO mesh_tree VALUES (?, ?)", rows.mesh_tree)
    db.close()


@pytest.mark.parametrize("name", ["esummary.mesh.xml", "esummary.mesh.json"])
def test_recorded_summaries(recordings: Path, name: str) -> None:
    folder = recordings / "ncbi-samples"
    if not folder.is_dir():
        pytest.skip("the recordings of ncbi-samples are absent")
    (found,) = parse_mesh_summaries((folder / name).read_bytes())
    assert found.ui == "C414177"
    assert len(found.entry_terms) == 4
    assert (found.tree_numbers, found.mapped_to) == ((), ("D026923",))
    assert len(found.previous_indexing) == 1
