"""Refreshes: what a new search changes is told exactly, and nothing else.

The made-up records are those of ``test_report_runs``; the last tests use the sample, to which one
plainly made-up notice of a retraction is added.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from nbformat.v4 import new_code_cell
from test_report_runs import BRIEF, made_up_article, made_up_records, small_template, write_library

from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.previous import COMPARED, citations
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article, Event, Keyword, Related, Section
from cmeneeds.refresh.making import refresh
from cmeneeds.report.run import make_report
from cmeneeds.retrieval import Records
from cmeneeds.sources.sample import sample_file
from cmeneeds.verify import verify_run

CELLS = (
    (
        "from pathlib import Path\n"
        "import cmeneeds as cn\n"
        "from cmeneeds.decisions import load_decisions\n"
        "from cmeneeds.report.notebook import show\n"
        "brief = cn.Brief.load(brief_file)\n"
        "records = cn.Records.load(Path(snapshot_file))\n"
        "decisions = load_decisions(decisions_file) if decisions_file else []\n"
        "assessment = cn.assess(brief, records, decisions)\n"
        "report = cn.Report(assessment, 5)\n"
        "from cmeneeds.report.run import write_tables\n"
        "write_tables(assessment, Path())"
    ),
    "show(report.banners(), '\\n# Gaps\\n', report.gaps(), report.appendix_evidence())",
    "show('\\n# References\\n', report.references(), report.appendix_changes())",
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a brief and a template; HTML, Word and PDF are not what is tested here."""
    monkeypatch.setattr("cmeneeds.report.export.export_all", lambda *_, **__: None)
    (tmp_path / "briefs").mkdir()
    (tmp_path / "briefs" / "fever.yaml").write_text(BRIEF, "utf-8")
    small_template(tmp_path, *map(new_code_cell, CELLS))
    return tmp_path


def first_run(place: Path, articles: list[Article], brief: str = "fever") -> Path:
    write_library(place / "records.sqlite", articles)
    return make_report(
        place / "briefs" / f"{brief}.yaml",
        outputs=place / "outputs",
        library=place / "records.sqlite",
        template=place / "small.ipynb",
    ).folder


def add(place: Path, articles: list[Article]) -> None:
    write_library(place / "records.sqlite", articles)


def again(place: Path, run: Path, brief: str = "fever", **options: object) -> object:
    return refresh(
        run,
        brief=place / "briefs" / f"{brief}.yaml",
        library=place / "records.sqlite",
        template=place / "small.ipynb",
        **options,  # type: ignore[arg-type]
    )


def table(path: Path, key: str) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row[key]: row for row in csv.DictReader(stream)}


def retracted(article: Article) -> Article:
    """The record with a made-up notice of its retraction."""
    notice = Related("RetractionIn", 99_000_001, "Made-up notice of a retraction. J Made Up. 2021")
    return msgspec.structs.replace(
        article, related=(*article.related, notice), revised=article.revised + 1
    )


# --- made-up records ------------------------------------------------------------------------------


@pytest.mark.long
def test_a_refresh_without_news_says_so_and_makes_no_run(place: Path) -> None:
    run = first_run(place, made_up_records())
    found = again(place, run)
    assert found.changes.empty
    assert found.run is None
    assert len(list((place / "outputs").glob("*/2*/manifest.json"))) == 1
    forced = again(place, run, force=True)
    assert "Nothing has changed." in (forced.run.folder / "report.md").read_text("utf-8")
    assert verify_run(forced.run.folder, compare_library=False).holds


def test_news_are_told_with_the_place_that_relied_on_them_and_proved(place: Path) -> None:
    run = first_run(place, made_up_records())
    (place / "briefs" / "fever.decisions.csv").write_text(
        "gap_id,decision,reason,by,date,passage\nG0000000,accept,made up,U. Maker,2021-06-01,\n",
        "utf-8",
    )
    first = made_up_records()[0]
    newer = made_up_article(
        pmid=901,
        title="A later made-up survey of nurses on zandoric fever",
        keywords=(Keyword("dose check"),),
        sections=(
            Section(
                "Knowledge of infusion pump dose checks was poor: only 31% (62 of 200) of nurses "
                "answered correctly.",
                "RESULTS",
                "RESULTS",
            ),
        ),
    )
    add(place, [retracted(first), newer])
    found = again(place, run)
    by_kind = {k: set(v["item"]) for k, v in found.changes.groupby("kind")}
    assert by_kind["standing"] == {"pmid-101"}
    line = found.changes[found.changes["kind"] == "standing"].iloc[0]
    assert (line["was"], line["now"]) == ("unknown", "retracted")
    assert "Gaps" in line["where"]
    assert "row 1" in line["where"]
    assert by_kind["record new"] == {"pmid-901"}
    assert by_kind["record revised"] == {"pmid-101"}
    assert by_kind["decision"] == {"accept; G0000000; U. Maker; 2021-06-01"}
    # The row's figure came from the record that is retracted now.
    figures = found.changes[found.changes["column"] == "cp_value_text"]
    assert list(zip(figures["was"], figures["now"], strict=True)) == [
        ("24% (48 of 200)", "31% (62 of 200)")
    ]
    new = found.run.folder
    assert (new.parent / "latest").resolve() == new.resolve()
    proved = verify_run(new, compare_library=False)
    assert proved.broken == []
    assert "changes.csv" in json.loads((new / "manifest.json").read_text("utf-8"))["files"]
    report = (new / "report.md").read_text("utf-8")
    assert "Changes since the last version" in report
    assert "Made-up notice" not in report.partition("Changes since the last version")[2]


def test_a_change_log_that_was_tampered_with_does_not_verify(place: Path) -> None:
    run = first_run(place, made_up_records()[1:])
    add(place, made_up_records()[:1])
    new = again(place, run).run.folder
    path = new / "changes.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]), "utf-8")
    assert any(b.where.startswith("changes.csv") for b in verify_run(new).broken)


@pytest.mark.long
def test_a_work_that_is_no_longer_found_is_told_with_its_standing_today(place: Path) -> None:
    run = first_run(place, made_up_records())
    first = made_up_records()[0]
    moved = msgspec.structs.replace(
        retracted(first), title="Another made-up title", keywords=(), sections=()
    )
    add(place, [moved])
    found = again(place, run)
    told = found.changes[found.changes["item"] == "pmid-101"]
    assert set(told["kind"]) == {"standing", "not found", "record gone"}
    assert list(told[told["kind"] == "standing"]["now"]) == ["retracted"]


def test_the_own_copies_of_a_run_are_enough(place: Path) -> None:
    run = first_run(place, made_up_records())
    (place / "briefs" / "fever.yaml").unlink()
    found = refresh(run, library=place / "records.sqlite", template=place / "small.ipynb")
    assert found.changes.empty
    assert any("own copies" in note for note in found.notes)


def test_what_cannot_be_refreshed_is_told_in_one_line(place: Path) -> None:
    with pytest.raises(CmeneedsError, match="there is no run"):
        again(place, place / "nowhere")
    run = first_run(place, made_up_records())
    with pytest.raises(UsageError, match=r"--since 'May' is no day"):
        again(place, run, since="May")
    assert len(list((place / "outputs").glob("*/2*"))) == 1


def test_citations_are_placed_under_their_headings() -> None:
    text = "About [@pmid-1].\n# One {.x}\n[@pmid-2; @OWN3] a@b.c\n## Part\n[@pmid-1]\n"
    assert citations(text) == {
        "pmid-1": ("Title page", "One"),
        "pmid-2": ("One",),
        "OWN3": ("One",),
    }


# --- the sample -----------------------------------------------------------------------------------

SAMPLE_BRIEF = """\
# Made up, for the sample corpus.
topic: COVID-19 vaccination
mesh: [COVID-19 Vaccines]
synonyms: [COVID-19 vaccin*, SARS-CoV-2 vaccin*]
population: Adults
audience: [{profession: nurses}]
trigger: A made-up trigger.
years: 2016-2021
as_of: 2021-06-08
accreditor: [ACCME]
source: library
"""
FURTHER = 500


def sample_records() -> Iterator[Article]:
    seen = set()
    for item in read_articles(sample_file()):
        if isinstance(item, Article) and item.pmid not in seen:
            seen.add(item.pmid)
            yield item


def naive_log(old: Path, new: Path, cited: int) -> set[tuple[str, str, str]]:
    """What changed, from the files of the two runs alone: (kind, item, column)."""
    found: set[tuple[str, str, str]] = set()
    one, two = (table(run / "gaps.csv", "gap_id") for run in (old, new))
    found |= {("row new", g, "") for g in two.keys() - one.keys()}
    found |= {("row gone", g, "") for g in one.keys() - two.keys()}
    for gap in one.keys() & two.keys():
        found |= {("row changed", gap, c) for c in COMPARED if one[gap][c] != two[gap][c]}
        (a, b), (c, d) = (
            sorted((int(t[gap]["rank_best"]), int(t[gap]["rank_worst"]))) for t in (one, two)
        )
        if d < a or b < c:
            found.add(("rank", gap, "rank"))
    lines = []
    for run in (old, new):
        with gzip.open(run / "snapshot.jsonl.gz", "rt", encoding="utf-8") as stream:
            rows = [json.loads(line) for line in stream.readlines()[1:]]
        lines.append({f"pmid-{r['record']['pmid']}": r["record"] for r in rows if "record" in r})
    had, have = lines
    found |= {("record new", k, "") for k in have.keys() - had.keys()}
    found |= {("record gone", k, "") for k in had.keys() - have.keys()}
    found |= {("record revised", k, "") for k in had.keys() & have.keys() if had[k] != have[k]}
    return found | {("standing", f"pmid-{cited}", "")}


@pytest.mark.long
@pytest.mark.sample
def test_the_log_of_a_grown_sample_is_exact_with_and_without_since(place: Path) -> None:
    (place / "briefs" / "covid.yaml").write_text(SAMPLE_BRIEF, "utf-8")
    everything = list(sample_records())
    topical = [a for a in everything if "COVID-19" in a.title]
    held = topical[::4] + [a for a in everything if a not in set(topical[::4])][:FURTHER]
    later = ([a for a in topical if a not in set(held)] + everything[3000:])[:FURTHER]
    later = [a for a in later if a not in set(held)]
    # Whatever came in later: a day after all others.
    later = [replace_entered(a) for a in later]
    run = first_run(place, held, "covid")
    before = table(run / "gaps.csv", "gap_id")
    cited = int(next(iter(before.values()))["cp_pmid"])
    add(place, [*later, retracted(next(a for a in held if a.pmid == cited))])

    found = again(place, run, "covid", outputs=place / "refreshed")
    assert found.run is not None
    new = found.run.folder
    told = set(zip(found.changes["kind"], found.changes["item"], found.changes["column"],
                   strict=True))  # fmt: skip
    assert told == naive_log(run, new, cited)
    line = found.changes[found.changes["kind"] == "standing"].iloc[0]
    assert line["now"] == "retracted"
    assert "row 1" in line["where"]

    # A report from nothing, on the grown library, says the same.
    fresh = make_report(
        place / "briefs" / "covid.yaml",
        outputs=place / "fresh",
        library=place / "records.sqlite",
        template=place / "small.ipynb",
    ).folder
    for name in ("gaps", "findings", "objectives", "search_log"):
        assert (new / f"{name}.csv").read_bytes() == (fresh / f"{name}.csv").read_bytes(), name
    assert verify_run(new, compare_library=False).broken == []

    limited = again(place, run, "covid", outputs=place / "since", since="2026-01-01")
    assert limited.changes.equals(found.changes)
    assert limited.run is not None
    snapshots = [Records.load(r / "snapshot.jsonl.gz") for r in (new, limited.run.folder)]
    assert snapshots[0].articles == snapshots[1].articles
    assert snapshots[0].facets == snapshots[1].facets
    assert "asked only for what came in since 2026-01-01" in snapshots[1].log[1].notes
    assert verify_run(limited.run.folder, compare_library=False).broken == []


def replace_entered(article: Article) -> Article:
    """The record, as if it had come into PubMed on a later (made-up) day."""
    history = [e for e in article.history if e.status != "pubmed"]
    return msgspec.structs.replace(article, history=(*history, Event("pubmed", 20260201)))
