"""Searches of the example briefs, and of more topics, on a library of 50,788 records.

``python -m benchmarks.library_queries``
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks import corpus, machine, table, verdict
from cmeneeds.brief import Brief
from cmeneeds.library.store import Library
from cmeneeds.strategy import build_strategy

ROUNDS = 5
BRIEFS = Path(__file__).resolve().parents[1] / "briefs"
TOPICS = (
    "hypertension", "asthma", "heart failure", "atrial fibrillation", "migraine", "epilepsy",
    "obesity", "chronic kidney disease", "lung cancer", "colorectal cancer", "HIV", "tuberculosis",
    "rheumatoid arthritis", "osteoporosis", "psoriasis", "schizophrenia", "dementia", "pneumonia",
    "sepsis", "pain",
)  # fmt: skip


def quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def brief_queries() -> Iterable[str]:
    for path in sorted(BRIEFS.glob("*.yaml")):
        strategy = build_strategy(Brief.load(path))
        yield strategy.topic_query.text
        yield from (q.text for q in strategy.queries)


def topic_queries() -> Iterable[str]:
    for topic in TOPICS:
        brief = Brief.model_validate(
            {
                "topic": topic,
                "audience": {"profession": "physicians"},
                "years": "1970-2021",
                "as_of": "2021-06-08",
            }
        )
        strategy = build_strategy(brief)
        yield strategy.topic_query.text
        yield from (q.text for q in strategy.queries)


def measure(library: Library, queries: list[str]) -> tuple[list[float], list[float], list[int]]:
    """Milliseconds of each query the first time and at its best afterwards, and its count."""
    first, best, counts = [], [float("inf")] * len(queries), []
    for number in range(ROUNDS + 1):
        for i, query in enumerate(queries):
            start = time.perf_counter()
            result = library.search(query)
            took = (time.perf_counter() - start) * 1000
            if number == 0:
                first.append(took)
                counts.append(result.count)
            else:
                best[i] = min(best[i], took)
    return first, best, counts


def main() -> None:
    """Measure and print."""
    print("Library.search: parsing, search, exact count and all PMIDs, milliseconds")
    print(machine())
    rows: list[tuple[str, ...]] = []
    everything: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.sqlite"
        with Library.open(path, create=True) as library:
            for file in corpus():
                library.import_file(file)
        for state in ("as imported", "optimized"):
            with Library.open(path) as library:
                if state == "optimized":
                    library.optimize()
                records = len(library)
                for name, queries in (
                    ("briefs", list(brief_queries())),
                    (f"{len(TOPICS)} topics", list(topic_queries())),
                ):
                    first, best, counts = measure(library, queries)
                    everything += first if state == "as imported" else []
                    for kind, values in (("first run", first), (f"best of {ROUNDS}", best)):
                        rows.append(
                            (
                                f"{name}, {state}, {kind}",
                                str(len(queries)),
                                f"{sum(counts) / len(counts):.0f}",
                                f"{quantile(values, 0.5):.2f}",
                                f"{quantile(values, 0.95):.2f}",
                                f"{max(values):.2f}",
                            )
                        )
    print(f"{records:,} records")
    print(table(("queries", "number", "mean count", "p50", "p95", "max"), rows))
    worst = quantile(everything, 0.95)
    print(
        f"95th percentile below 20 ms (all, as imported, first run): {worst:.2f} ms, "
        f"{verdict(worst < 20)}; aim of 5 ms {verdict(worst < 5)}"
    )


if __name__ == "__main__":
    main()
