"""How fast the optional transformer reads sentences of the sample corpus on one thread.

``python -m benchmarks.transformer_read``
"""

from __future__ import annotations

import itertools
import resource
import sys
import time

from benchmarks import corpus, machine, table
from cmeneeds.evidence.passages import passages_of
from cmeneeds.evidence.transformer import Reader, available
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article

SENTENCES = 2000


def sentences() -> list[tuple[str, str, str]]:
    """Every ninetieth passage of the sample, with heading and title."""

    def all_of() -> itertools.chain[tuple[str, str, str]]:
        return itertools.chain.from_iterable(
            [
                (
                    passage.text,
                    "title"
                    if passage.section < 0
                    else record.sections[passage.section].label
                    or record.sections[passage.section].category,
                    record.title,
                )
                for passage in passages_of(record)
            ]
            for record in read_articles(corpus()[1], lambda problem: None)
            if isinstance(record, Article)
        )

    return list(itertools.islice(all_of(), 0, None, 90))[:SENTENCES]


def main() -> None:
    state = available()
    if not state:
        print(f"transformer_read: not run: {state.why}. {state.todo}")
        return
    print(f"Transformer, one thread. {machine()}")
    texts, sections, titles = zip(*sentences(), strict=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    reader = Reader.load()
    loaded = time.perf_counter() - start
    rows = []
    for name, shown in (
        ("the sentence alone", ((), ())),
        ("with section and title", (sections, titles)),
    ):
        reader.read(texts[:50])
        wall, cpu = time.perf_counter(), time.process_time()
        reader.read(texts, *shown)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        rows.append((name, f"{len(texts) / wall:,.0f}", f"{len(texts) / cpu:,.0f}"))
    print(table(("shown", "sentences/s", "sentences per CPU second"), rows))
    unit = 1024 if sys.platform == "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"loaded in {loaded:.2f} s; memory at most {peak / unit / 1024:.0f} MB, of which "
        f"{(peak - before) / unit / 1024:.0f} MB since the weights were loaded"
    )


if __name__ == "__main__":
    main()
