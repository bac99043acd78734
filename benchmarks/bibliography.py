"""Matching a bibliography with a library: 20,000 entries, 50,000 records, per entry and in all.

``python -m benchmarks.bibliography``

The peer compares every entry with every record, on title keys made beforehand: what matching would
be without an index. It is run on a few entries only and its time is per entry.
"""

from __future__ import annotations

import random
import time

from benchmarks import corpus, machine, table, verdict
from benchmarks.defects import damaged, eligible
from cmeneeds.bibliography import keys
from cmeneeds.bibliography.matching import MATCHED, RecordIndex, match
from cmeneeds.bibliography.model import Entry
from cmeneeds.bibliography.reading import parse_bibliography
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article

SEED = 20_000
ENTRIES = 20_000
TARGET = 30.0
"""Seconds for reading, indexing and matching."""
PEER_ENTRIES = 20
SIZES = (2_500, 5_000, 10_000, 20_000)


def records() -> list[Article]:
    """Every record of both files once, the last revision of each."""
    found = {a.pmid: a for f in corpus() for a in read_articles(f) if isinstance(a, Article)}
    return list(found.values())


def naive(entries: list[Entry], titles: list[str]) -> int:
    """Compare each entry with each record."""
    found = 0
    for entry in entries:
        mine = keys.title_key(entry.title)
        found += sum(1 for t in titles if mine == t or (t.startswith(mine) and len(mine) > 30))
    return found


def main() -> None:
    """Measure and print."""
    articles = records()
    chance = random.Random(SEED)
    fit = [a for a in articles if eligible(a)]
    made = damaged(chance.sample(fit, ENTRIES), SEED)
    print(f"Matching a bibliography: {ENTRIES:,} entries of RIS, {len(articles):,} records")
    print(machine())
    keys.words.cache_clear()
    start = time.perf_counter()
    read = parse_bibliography("".join(m.ris for m in made).encode(), "made.ris")
    reading = time.perf_counter() - start
    start = time.perf_counter()
    index = RecordIndex(articles)
    indexing = time.perf_counter() - start
    start = time.perf_counter()
    matches = match(read.entries, index)
    matching = time.perf_counter() - start
    steps = (("read the file", reading), ("index the records", indexing), ("match", matching))
    print(table(("step", "s"), [(name, f"{seconds:.2f}") for name, seconds in steps]))
    whole = sum(seconds for _, seconds in steps)
    print(f"under {TARGET:.0f} s: {whole:.2f} s, {verdict(whole < TARGET)}")

    right = sum(m.pmid == t.pmid for m, t in zip(matches, made, strict=True))
    found = sum(m.status == MATCHED for m in matches)
    print(f"matched {found:,}, of these right {right:,}; of all entries {right / len(made):.4f}")

    rows = []
    for size in SIZES:
        keys.words.cache_clear()
        start = time.perf_counter()
        match(read.entries[:size], index)
        rows.append((f"{size:,}", f"{(time.perf_counter() - start) / size * 1e6:.0f}"))
    print("\ncost per entry (linear: it stays the same)")
    print(table(("entries", "microseconds"), rows))

    titles = [keys.title_key(a.title) for a in articles]
    start = time.perf_counter()
    naive(list(read.entries[:PEER_ENTRIES]), titles)
    peer = (time.perf_counter() - start) / PEER_ENTRIES
    ours = matching / ENTRIES
    print(
        f"every entry with every record: {peer * 1e6:,.0f} microseconds, {peer / ours:,.0f}x ours"
    )


if __name__ == "__main__":
    main()
