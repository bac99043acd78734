"""Import into a library against decompressing and parsing alone, and where the time goes.

``python -m benchmarks.library_import``
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus, machine, table, verdict
from cmeneeds.library import schema
from cmeneeds.library.store import Library
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article, to_json

ROUNDS = 3
TARGET = 2.0
"""Most that parse + store + index may take, in units of decompress + parse."""


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall clock and processor seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def parse_alone(files: list[Path]) -> int:
    return sum(1 for file in files for _ in read_articles(file))


def import_all(files: list[Path]) -> None:
    """As ``cmeneeds library import`` does it, into a new library."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "library.sqlite", create=True) as library,
    ):
        for file in files:
            library.import_file(file)
        library.optimize()


def steps(files: list[Path]) -> list[tuple[str, float]]:
    """Seconds of the steps in Python that come on top of parsing, each by itself."""
    articles = [a for f in files for a in read_articles(f) if isinstance(a, Article)]
    works: dict[str, Callable[[Article], object]] = {
        "write as JSON": to_json,
        "text and codes of the index": schema.index_row,
        "controlled names": schema.terms_of,
    }
    return [(name, _seconds_of(work, articles)) for name, work in works.items()]


def _seconds_of(work: Callable[[Article], object], articles: list[Article]) -> float:
    def run() -> None:
        for article in articles:
            work(article)

    return timed(run)[1]


def main() -> None:
    """Measure and print."""
    files = corpus()
    print("Import of both files: parse + store + index against decompress + parse")
    print(machine())
    rows, ratios = [], []
    for number in range(1, ROUNDS + 1):
        parse, parse_cpu = timed(lambda: parse_alone(files))
        whole, whole_cpu = timed(lambda: import_all(files))
        ratios.append((whole / parse, whole_cpu / parse_cpu))
        rows.append(
            (
                f"round {number}",
                f"{parse:.2f}",
                f"{whole:.2f}",
                f"{whole / parse:.2f}",
                f"{parse_cpu:.2f}",
                f"{whole_cpu:.2f}",
                f"{whole_cpu / parse_cpu:.2f}",
            )
        )
    head = ("", "parse s", "import s", "ratio", "parse CPU s", "import CPU s", "CPU ratio")
    print(table(head, rows))
    best, cpu = min(r[0] for r in ratios), min(r[1] for r in ratios)
    print(f"at most {TARGET}x: {best:.2f}x (CPU {cpu:.2f}x), {verdict(best <= TARGET)}")
    print("\nof the import, in Python (the rest is SQLite):")
    print(table(("step", "CPU s"), [(n, f"{s:.2f}") for n, s in steps(files)]))


if __name__ == "__main__":
    main()
