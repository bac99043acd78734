"""Bibliographies are read from what people have: six formats, odd encodings, broken entries.

Every work in here is made up.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmeneeds.bibliography import reading, tagged
from cmeneeds.bibliography.model import Bibliography, Entry, doi_in
from cmeneeds.bibliography.reading import parse_bibliography, read_bibliography
from cmeneeds.bibliography.zotero import fetch_zotero, read_zotero
from cmeneeds.errors import UsageError
from cmeneeds.sources.web import WebClient, WebRefused

RIS = """TY  - JOUR
TI  - A made-up trial of
 nothing & nobody
AU  - Müller, Änne
AU  - van der Invented, J.
PY  - 2020/05/03/
JO  - Journal of Made-up Records
VL  - 12
IS  - 3
SP  - 101
EP  - 109
DO  - https://doi.org/10.1000/MADE.UP(1)
AN  - 12345678
DB  - PubMed
C2  - PMC7654321
ER  -
"""

WORK = Entry(
    title="A made-up trial of nothing & nobody",
    authors=("Müller, Änne", "van der Invented, J."),
    year=2020,
    journal="Journal of Made-up Records",
    volume="12",
    issue="3",
    pages="101-109",
    doi="10.1000/made.up(1)",
    pmid=12345678,
    pmcid="PMC7654321",
)

NBIB = """
PMID- 12345678
OWN - NLM
TI  - A made-up trial of
      nothing & nobody
FAU - Müller, Änne
AU  - Müller Ä
FAU - van der Invented, J.
VI  - 12
IP  - 3
PG  - 101-109
DP  - 2020 May 3
JT  - Journal of Made-up Records
LID - 10.1000/MADE.UP(1) [doi]
LID - S0000-0000(20)00001-1 [pii]
PMC - PMC7654321
"""

BIBTEX = r"""@string{made = "Journal of Made-up Records"}
@article{muller2020,
  title = {A made-up {T}rial of nothing \& nobody},
  author = {M{\"u}ller, {\"A}nne and van der Invented, J.},
  year = 2020, journal = made, volume = {12}, number = {3}, pages = {101--109},
  doi = {10.1000/made.up(1)}, pmid = {12345678}, pmcid = {PMC7654321}
}
"""

CSL = [
    {
        "id": "x1",
        "type": "article-journal",
        "title": "A made-up trial of nothing & nobody",
        "author": [
            {"family": "Müller", "given": "Änne"},
            {"family": "Invented", "non-dropping-particle": "van der", "given": "J."},
        ],
        "issued": {"date-parts": [["2020", 5]]},
        "container-title": "Journal of Made-up Records",
        "volume": "12",
        "issue": "3",
        "page": "101-109",
        "DOI": "10.1000/made.up(1)",
        "note": "PMID: 12345678\nPMCID: PMC7654321",
    }
]

ENDNOTE = """<?xml version="1.0" encoding="UTF-8"?><xml><records><record>
<rec-number>7</rec-number><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal">Müller, Änne</style></author>
<author>van der Invented, J.</author></authors></contributors>
<titles><title><style>A made-up trial </style><style face="italic">of nothing &amp; nobody</style>
</title><secondary-title>Journal of Made-up Records</secondary-title></titles>
<pages>101-109</pages><volume>12</volume><number>3</number><dates><year>2020</year></dates>
<electronic-resource-num>10.1000/made.up(1)</electronic-resource-num>
<accession-num>12345678</accession-num><remote-database-provider>NLM</remote-database-provider>
<custom2>PMC7654321</custom2></record></records></xml>"""


def read(text: str | bytes, name: str = "made-up") -> Bibliography:
    return parse_bibliography(text.encode() if isinstance(text, str) else text, name)


def said(entry: Entry) -> Entry:
    """What all formats say alike."""
    title = entry.title.replace("Trial", "trial")
    return replace(entry, title=title, url="", type="", key="", line=0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("RIS", RIS),
        ("NBIB", NBIB),
        ("BibTeX", BIBTEX),
        ("CSL JSON", json.dumps(CSL)),
        ("CSL JSON", json.dumps({"items": CSL})),
        ("EndNote XML", ENDNOTE),
    ],
)
def test_the_same_work_reads_the_same_from_every_format(kind: str, text: str) -> None:
    found = read(text)
    assert found.format == kind
    assert [said(e) for e in found.entries] == [WORK]
    assert found.troubles == ()


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("latin-1", "windows-1252"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_is_read(encoding: str, told: str, ends: str) -> None:
    found = read(RIS.replace("\n", ends).encode(encoding))
    assert [said(e) for e in found.entries] == [WORK]
    assert told in " ".join(map(str, found.troubles))
    assert bool(found.troubles) == bool(told)


def test_a_file_with_few_damaged_characters_is_not_taken_for_another_encoding() -> None:
    data = RIS.encode().replace("Änne".encode(), b"\xc4nne") + "TI  - é é é é".encode()
    found = read(data)
    assert found.entries[0].authors[0] == "Müller, \ufffdnne"
    assert "damaged characters, the first in line 4" in str(found.troubles[0])


def test_broken_entries_of_ris_are_listed_with_their_line_and_nothing_is_lost_unsaid() -> None:
    text = (
        "stray text\n"
        "TY  - JOUR\nTI  - One\n"  # no ER
        "TY - JOUR\nTI - Two\nAU -Nobody, A.\nER -\n"  # single spaces
        "TI  - Three\nAU  - Nobody, B.\nER  - \n"  # no TY
        "TY  - JOUR\nAU  - Nobody, C.\nER  - \n"  # says nothing
        "ER  - \n"
        "TY  - JOUR\nTI  - Cut sho"
    )
    found = read(text)
    assert [e.title for e in found.entries] == ["One", "Two", "Three", "Cut sho"]
    assert [e.line for e in found.entries] == [2, 4, 8, 15]
    lost = {t.line: t.what for t in found.troubles if t.lost}
    assert set(lost) == {1, 11, 14}
    assert "neither a title nor an identifier" in lost[11]
    assert {t.line for t in found.troubles if not t.lost} == {2, 8, 15}


def test_wrapped_text_that_looks_like_a_tag_stays_text() -> None:
    found = read("TY  - JOUR\nTI  - The made-up\nCI - 1.2 to 3\nAU  - Nobody, A\nER  - \n")
    assert found.entries[0].title == "The made-up CI - 1.2 to 3"


def test_the_line_that_opens_an_entry_first_tells_ris_from_nbib() -> None:
    assert read(RIS.replace("ER  -", "N1  - seen in\nPMID- 99\nER  -")).format == "RIS"
    assert read(NBIB.replace("nothing &", "TY  - JOUR\n      nothing &")).format == "NBIB"


def test_an_accession_number_counts_as_pmid_only_where_the_database_is_pubmed() -> None:
    other = RIS.replace("DB  - PubMed", "DB  - Embase").replace("C2  - PMC7654321\n", "")
    assert read(other).entries[0].pmid is None
    url = other.replace("ER  -", "UR  - https://pubmed.ncbi.nlm.nih.gov/11/\nER  -")
    assert read(url).entries[0].pmid == 11


def test_broken_bibtex_is_listed_and_the_rest_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "@article{a, title={First}, year=2020}\n"
        "@article{a, title={{Second} with the same \\'etude}, year=2021}\n"
        "@article{b, title={Unclosed, year=2020\n"
        "@article{c, title={Third}}\n"
    )
    found = read(text)
    assert [e.title for e in found.entries] == ["First", "Second with the same étude", "Third"]
    assert [(t.line, t.lost) for t in found.troubles] == [(2, False), (3, True)]
    assert capsys.readouterr().err == ""


def test_json_and_xml_that_end_too_early_keep_what_stands_before() -> None:
    whole = json.dumps([*CSL, *CSL], indent=1)
    found = read(whole[: whole.rindex("PMID")])
    assert len(found.entries) == 1
    assert [t.lost for t in found.troubles] == [True]
    assert found.troubles[0].line > 20
    xml = read(ENDNOTE.replace("</records>", "<record><titles>"))
    assert len(xml.entries) == 1
    assert [t.lost for t in xml.troubles] == [True]
    assert [t.what for t in read('["no item", 3]').troubles] == ["not an item of CSL JSON"] * 2


def test_xml_entities_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    bomb = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(12))
    for declared, used in ((f'<!ENTITY x SYSTEM "{secret.as_uri()}">', "&x;"), (bomb, "&e11;")):
        text = ENDNOTE.replace("<xml>", f"<!DOCTYPE xml [{declared}]><xml>")
        found = read(text.replace("nobody", f"nobody{used}"))
        shown = repr(found)
        assert "a secret" not in shown
        assert shown.count("lol") < 20


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x00\x01\x02PK", "no text"),
        (b"Dear reader,\nthis is a letter.", "no bibliography"),
        (b"<html><body>TY  - JOUR</body></html>", "no bibliography"),
        (b"%PDF-1.7", "no bibliography"),
    ],
)
def test_what_is_no_bibliography_is_refused_in_one_line(data: bytes, what: str) -> None:
    with pytest.raises(UsageError, match=what) as refused:
        read(data, "odd.ris")
    assert "\n" not in str(refused.value)
    assert "Export it as" in str(refused.value)


def test_files_beyond_the_limits_are_refused_or_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ENTRIES", 3)
    with pytest.raises(UsageError, match="4 entries"):
        read(RIS * 4)
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    (tmp_path / "large.ris").write_text(RIS)
    with pytest.raises(UsageError, match="a bibliography may have"):
        read_bibliography(tmp_path / "large.ris")
    with pytest.raises(UsageError, match="cannot be read"):
        read_bibliography(tmp_path / "missing.ris")
    long = read(RIS.replace("A made-up trial", "x" * 100_000))
    assert len(long.entries[0].title) == reading.MAX_FIELD
    assert "far too long" in str(long.troubles[0])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "@a{" * 20_000,
        "{" * 50_000,
        "@article{x, title={" + r"\textbf{" * 5000 + "}" * 5000 + "}}",
    ],
)
def test_deep_nesting_is_no_crash(text: str) -> None:
    assert read(text).entries == () or "x" in read(text).entries[0].key


def test_a_field_of_a_million_lines_does_not_take_for_ever() -> None:
    found = read("TY  - JOUR\nTI  - x\n" + "made-up words\n" * 1_000_000 + "ER  - \n")
    assert len(found.entries[0].title) == reading.MAX_FIELD
    assert "far too long" in str(found.troubles[0])
    assert len(doi_in("10.1000/(" + ")" * 1_000_000)) < 400


@given(st.text(alphabet=st.sampled_from("TYERAUI  -\n\r{}@\\$x<>[]\"',;0é\u202e")))
def test_no_text_crashes_the_readers(text: str) -> None:
    """Whatever stands in a file, each reader ends and every entry says something."""
    for read_one in (tagged.read_ris, tagged.read_nbib):
        found = read_one(text)
        assert all(e.says_something and not re.search(r"[\n\r]", e.title) for e in found.entries)


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("doi:10.1000/ABC", "10.1000/abc"),
        ("https://dx.doi.org/10.1000/abc.", "10.1000/abc"),
        ("(10.1016/0046-8177(93)90047-K)", "10.1016/0046-8177(93)90047-k"),
        ("10.1000%2Fabc", "10.1000/abc"),
        ("no doi: 10.1", ""),
    ],
)
def test_a_doi_is_found_in_all_its_dresses(text: str, doi: str) -> None:
    assert doi_in(text) == doi


# --- Zotero -------------------------------------------------------------------------------------

_SCHEMA = """
CREATE TABLE itemTypes (itemTypeID INTEGER PRIMARY KEY, typeName TEXT);
CREATE TABLE items (itemID INTEGER PRIMARY KEY, itemTypeID INT, key TEXT);
CREATE TABLE fields (fieldID INTEGER PRIMARY KEY, fieldName TEXT);
CREATE TABLE itemDataValues (valueID INTEGER PRIMARY KEY, value);
CREATE TABLE itemData (itemID INT, fieldID INT, valueID INT);
CREATE TABLE creators (creatorID INTEGER PRIMARY KEY, firstName TEXT, lastName TEXT, fieldMode INT);
CREATE TABLE creatorTypes (creatorTypeID INTEGER PRIMARY KEY, creatorType TEXT);
CREATE TABLE itemCreators (itemID INT, creatorID INT, creatorTypeID INT, orderIndex INT);
CREATE TABLE deletedItems (itemID INTEGER PRIMARY KEY);
CREATE TABLE feedItems (itemID INTEGER PRIMARY KEY);
CREATE TABLE collections (collectionID INTEGER PRIMARY KEY, collectionName TEXT);
CREATE TABLE collectionItems (collectionID INT, itemID INT);
INSERT INTO itemTypes VALUES (1, 'journalArticle'), (2, 'attachment'), (3, 'book');
INSERT INTO creatorTypes VALUES (1, 'author'), (2, 'editor');
INSERT INTO creators VALUES (1, 'Änne', 'Müller', 0), (2, 'J.', 'van der Invented', 0),
    (3, '', 'Made-up Study Group', 1);
INSERT INTO items VALUES (1, 1, 'AAAA1111'), (2, 2, 'BBBB2222'), (3, 3, 'CCCC3333'),
    (4, 1, 'DDDD4444'), (5, 1, 'EEEE5555');
INSERT INTO deletedItems VALUES (4);
INSERT INTO feedItems VALUES (5);
INSERT INTO itemCreators VALUES (1, 1, 1, 0), (1, 2, 1, 1), (3, 3, 1, 0), (3, 1, 2, 1);
INSERT INTO collections VALUES (1, 'Only books');
INSERT INTO collectionItems VALUES (1, 3);
"""


@pytest.fixture
def zotero(tmp_path: Path) -> Path:
    """A database with the tables of Zotero that are read, and two made-up works."""
    path = tmp_path / "zotero.sqlite"
    db = sqlite3.connect(path)
    db.executescript(_SCHEMA)
    fields = {
        "title": WORK.title, "date": "2020-05-03 May 3, 2020", "volume": "12", "issue": "3",
        "publicationTitle": WORK.journal, "pages": "101-109", "DOI": WORK.doi,
        "extra": "PMID: 12345678\nPMCID: PMC7654321",
    }  # fmt: skip
    for number, (name, value) in enumerate(fields.items(), 1):
        db.execute("INSERT INTO fields VALUES (?, ?)", (number, name))
        db.execute("INSERT INTO itemDataValues VALUES (?, ?)", (number, value))
        db.executemany(
            "INSERT INTO itemData VALUES (?, ?, ?)", [(i, number, number) for i in (1, 2, 4, 5)]
        )
    db.execute("INSERT INTO itemDataValues VALUES (99, 'A made-up book')")
    db.execute("INSERT INTO itemData VALUES (3, 1, 99)")
    db.commit()
    db.close()
    return path


def test_a_local_zotero_is_read_without_touching_it(zotero: Path) -> None:
    before = zotero.read_bytes()
    found = read_bibliography(zotero)
    assert found.format == "Zotero"
    assert [e.key for e in found.entries] == ["AAAA1111", "CCCC3333"]  # no attachment, no trash
    assert said(found.entries[0]) == WORK
    assert found.entries[1].authors == ("Made-up Study Group",)
    assert [e.title for e in read_zotero(zotero, "Only books").entries] == ["A made-up book"]
    assert zotero.read_bytes() == before
    assert [p.name for p in zotero.parent.iterdir() if p.name.startswith("zotero")] == [zotero.name]


def test_a_running_zotero_is_read_with_what_it_has_not_yet_put_in_its_file(zotero: Path) -> None:
    db = sqlite3.connect(zotero)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("DELETE FROM deletedItems")
    db.commit()
    try:
        assert len(read_bibliography(zotero).entries) == 3
    finally:
        db.close()


def test_another_database_is_not_taken_for_zotero(tmp_path: Path, zotero: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE items (itemID)")
        db.commit()
    with pytest.raises(UsageError, match="not Zotero's"):
        read_bibliography(path)
    with pytest.raises(UsageError, match="no collection"):
        read_zotero(zotero, "Nothing here")
    data = bytearray(zotero.read_bytes())
    data[4096:12000] = b"\xff" * (12000 - 4096)
    path.write_bytes(data)
    with pytest.raises(UsageError, match="cannot be read as a Zotero library"):
        read_bibliography(path)


@pytest.fixture
def zotero_web() -> Iterator[tuple[str, list[str]]]:
    """A server that answers as Zotero's web API does, with 130 made-up works and some notes."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            query = parse_qs(urlsplit(self.path).query)
            start, limit = int(query["start"][0]), int(query["limit"][0])
            # A page is short where it holds notes: those are in no CSL.
            items = [
                {**CSL[0], "id": f"x{i}"} for i in range(start, min(start + limit, 130)) if i % 5
            ]
            body = json.dumps({"items": items}).encode()
            self.send_response(200 if "/users/1/" in self.path else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_zotero_library_on_the_web_is_read_page_by_page_and_its_key_stays_secret(
    zotero_web: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    api, asked = zotero_web
    monkeypatch.setenv("ZOTERO_API_KEY", "planted-secret")
    client = WebClient(pause=0, sleep=lambda _: None)
    found = fetch_zotero("users/1", client=client, api=api)
    assert len(found.entries) == 104
    assert said(found.entries[0]) == WORK
    assert all("key=planted-secret" in path for path in asked)
    kept = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"users/1" in kept
    assert b"planted-secret" not in kept
    assert "planted-secret" not in repr(found)


def test_a_zotero_library_that_may_not_be_read_is_one_clear_line(
    zotero_web: tuple[str, list[str]],
) -> None:
    client = WebClient(pause=0, sleep=lambda _: None)
    with pytest.raises(WebRefused):
        fetch_zotero("users/2", client=client, api=zotero_web[0])
    for odd in ("users/x", "../../etc", "users/1/../2", "https://example.org/users/1"):
        with pytest.raises(UsageError, match="no Zotero library"):
            fetch_zotero(odd, client=client, api=zotero_web[0])
