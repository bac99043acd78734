"""A topic in MeSH's words, so that explosion works offline; and spelling.

All headings in this file are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from eutils_double import Fault
from guideline_double import GuidelineDouble, Heading
from typer.testing import CliRunner

from cmeneeds.cli import app
from cmeneeds.entrez_errors import AnswerCutShort
from cmeneeds.errors import SourceError, SourceUnavailable, UsageError
from cmeneeds.library.store import Library
from cmeneeds.records import Article, MeshHeading
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.vocabulary import mesh_for_topic, suggest_spelling

Make = Callable[..., Article]
FEVER, PAPER, CARBON = 68900001, 68900002, 68900003
DAY = date(2026, 3, 1)
WIDE = '"Filing Fever"[mh]'


@pytest.fixture
def library(tmp_path: Path, make_article: Make) -> Iterator[Library]:
    """One record indexed with a heading two levels below the topic's, and one with another."""
    with Library.open(tmp_path / "own.sqlite", create=True) as library:
        library.add(
            [
                make_article(pmid=1, mesh=(MeshHeading("D900003", "Carbon Paper Fever"),)),
                make_article(pmid=2, mesh=(MeshHeading("D900009", "Made-up Rash"),)),
            ],
            "made up",
        )
        yield library


@pytest.fixture
def ncbi(library: Library) -> Iterator[GuidelineDouble]:
    """A heading, the one below it, and below that one that stands in two places of the tree."""
    with GuidelineDouble(library) as double:
        double.headings = {
            FEVER: Heading("D900001", ("Fever, Office", "Filing Fever"), ("C99.100",), (PAPER,)),
            PAPER: Heading("D900002", ("Paper Fever",), ("C99.100.200",), (CARBON,)),
            CARBON: Heading("D900003", ("Carbon Paper Fever",), ("C99.100.200.300", "F99.100")),
        }
        yield double


def client_of(ncbi: GuidelineDouble) -> EntrezClient:
    return EntrezClient(ncbi.url, sleep=lambda _: None)


def test_an_exploded_query_finds_offline_what_is_indexed_below(
    ncbi: GuidelineDouble, library: Library
) -> None:
    before = library.search(WIDE)
    assert before.pmids == ()
    found = mesh_for_topic(client_of(ncbi), library, ["filing fever"])
    assert found.headings == ("Fever, Office",)
    assert (found.below, found.stored, found.outages) == (2, True, ())
    asked = ncbi.count()
    after = library.search(WIDE)
    assert after.pmids == (1,)
    assert not any("not exploded" in note for note in after.notes)
    assert '"Fever, Office"[MeSH Terms]' in after.translation
    assert library.search('"Fever, Office"[mh:noexp]').pmids == ()
    assert ncbi.count() == asked


def test_entry_terms_lead_to_the_heading_and_others_are_only_near(
    ncbi: GuidelineDouble, library: Library
) -> None:
    found = mesh_for_topic(client_of(ncbi), library, ["Filing Fever", "paper", "staples"])
    assert found.matched["Filing Fever"].ui == "D900001"
    assert found.unmatched == ("paper", "staples")
    assert {d.name for d in found.near} == {"Paper Fever", "Carbon Paper Fever"}
    assert library.search('"Paper Fever"[mh]').pmids == (1,)  # it stands below the matched one


def test_mesh_is_not_asked_again_for_what_it_told_not_long_ago(
    ncbi: GuidelineDouble, library: Library
) -> None:
    words = ["filing fever", "staples"]
    first = mesh_for_topic(client_of(ncbi), library, words, today=DAY)
    asked = ncbi.count()
    again = mesh_for_topic(client_of(ncbi), library, words, today=DAY + timedelta(days=90))
    assert again == first
    assert ncbi.count() == asked
    mesh_for_topic(client_of(ncbi), library, words, today=DAY + timedelta(days=91))
    assert ncbi.count() > asked


def test_what_mesh_did_not_tell_whole_is_asked_for_again(
    ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.plan = lambda *_: Fault("status", status=503)
    assert mesh_for_topic(client_of(ncbi), library, ["filing fever"], today=DAY).outages
    ncbi.plan = None
    assert mesh_for_topic(client_of(ncbi), library, ["filing fever"], today=DAY).stored


def test_a_tree_too_wide_is_not_kept_in_part(ncbi: GuidelineDouble, library: Library) -> None:
    found = mesh_for_topic(client_of(ncbi), library, ["filing fever"], max_below=1)
    assert found.stored is False
    assert any("not exploded offline" in n for n in found.notes)
    assert library.search(WIDE).pmids == ()


def test_a_heading_without_a_summary_leaves_no_tree_in_part(
    ncbi: GuidelineDouble, library: Library
) -> None:
    del ncbi.headings[CARBON]
    found = mesh_for_topic(client_of(ncbi), library, ["filing fever"])
    assert found.stored is False
    assert any("0 of 1 headings" in n for n in found.notes)
    assert library.search(WIDE).pmids == ()


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_outage_leaves_no_tree_in_part(
    nth: int, ncbi: GuidelineDouble, library: Library
) -> None:
    ncbi.plan = lambda _, name, n: (
        Fault("status", status=503) if name == "esummary" and n >= nth else None
    )
    found = mesh_for_topic(client_of(ncbi), library, ["filing fever"])
    assert [o.source for o in found.outages] == ["mesh"]
    assert found.outages[0].reason in found.notes[0]
    assert found.stored is False
    assert library.search(WIDE).pmids == ()


def test_headings_are_told_without_a_library(ncbi: GuidelineDouble) -> None:
    found = mesh_for_topic(client_of(ncbi), None, ["filing fever"])
    assert (found.headings, found.stored) == (("Fever, Office",), False)


def test_spelling_is_suggested_only_where_it_differs(ncbi: GuidelineDouble) -> None:
    ncbi.spelling = {"diabetis": "diabetes", "Asthma": "asthma"}
    assert suggest_spelling(client_of(ncbi), ["diabetis", "Asthma", "gout"]) == {
        "diabetis": "diabetes"
    }
    ncbi.plan = lambda *_: Fault("status", status=503)
    with pytest.raises(SourceError):
        suggest_spelling(client_of(ncbi), ["diabetis"])


def test_a_recorded_substance_is_found_by_its_entry_term(
    recordings: Path, ncbi: GuidelineDouble, library: Library
) -> None:
    body = (recordings / "ncbi-samples" / "esummary.mesh.xml").read_bytes()
    ncbi.recorded["esummary", "mesh"] = body
    listed = b"<eSearchResult><Count>1</Count><IdList><Id>67414177</Id></IdList></eSearchResult>"
    ncbi.recorded["esearch", "mesh"] = listed
    found = mesh_for_topic(client_of(ncbi), library, ["HCAT-2 transport protein", "paper"])
    assert found.matched["HCAT-2 transport protein"].ui == "C414177"
    assert (found.below, found.stored) == (0, True)


# --- the command --------------------------------------------------------------------------------

FILE = """<?xml version="1.0"?><DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord><DescriptorUI>D900001</DescriptorUI><DescriptorName><String>Fever, Office</String>
</DescriptorName><TreeNumberList><TreeNumber>C99.100</TreeNumber></TreeNumberList><ConceptList>
<Concept PreferredConceptYN="Y"><TermList><Term><String>Filing Fever</String></Term></TermList>
</Concept></ConceptList></DescriptorRecord>
<DescriptorRecord><DescriptorUI>D900003</DescriptorUI><DescriptorName><String>Carbon Paper Fever
</String></DescriptorName><TreeNumberList><TreeNumber>C99.100.200</TreeNumber></TreeNumberList>
<ConceptList/></DescriptorRecord></DescriptorRecordSet>"""


@pytest.fixture
def command(library: Library, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `cmeneeds library mesh` on the library; return what it prints."""
    monkeypatch.setenv("CMENEEDS_ENTREZ_URL", "")  # put back what --entrez-url sets

    def run(*words: str) -> str:
        said = CliRunner().invoke(app, ["library", "mesh", "--library", str(library.path), *words])
        if said.exception is not None:
            raise said.exception
        return said.output

    return run


def test_the_command_looks_a_topic_up(
    ncbi: GuidelineDouble, library: Library, command: Callable[..., str]
) -> None:
    said = command("filing fever", "staples", "--entrez-url", ncbi.url)
    assert "filing fever: Fever, Office (C99.100)" in said
    assert "staples: no heading of this name" in said
    assert "2 headings below; kept in the library" in said
    assert library.search(WIDE).pmids == (1,)


def test_the_command_reads_all_of_mesh_from_nlms_file(
    tmp_path: Path, library: Library, command: Callable[..., str]
) -> None:
    file = tmp_path / "desc2026.xml"
    file.write_text(FILE, "utf-8")
    assert "desc2026.xml: 2 places in the tree" in command("--file", str(file))
    assert library.search(WIDE).pmids == (1,)


def test_a_file_that_is_cut_short_leaves_no_tree_in_part(
    tmp_path: Path, library: Library, command: Callable[..., str]
) -> None:
    file = tmp_path / "desc2026.xml"
    file.write_text(FILE[: FILE.index("D900003")], "utf-8")
    with pytest.raises(AnswerCutShort):
        command("--file", str(file))
    assert library.search(WIDE).pmids == ()


def test_the_command_says_in_one_line_what_is_wrong(
    ncbi: GuidelineDouble, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmeneeds.sources.entrez.time.sleep", lambda _: None)
    with pytest.raises(UsageError, match="nothing to look up"):
        command()
    with pytest.raises(UsageError, match="no file"):
        command("--file", "nowhere.xml")
    ncbi.plan = lambda *_: Fault("status", status=503)
    with pytest.raises(SourceUnavailable, match="MeSH could not be asked"):
        command("filing fever", "--entrez-url", ncbi.url)
