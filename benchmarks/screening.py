"""How much has to be read to find the records that speak of practice gaps.

``python -m benchmarks.screening [--asreview PATH-TO-ITS-PYTHON-ENVIRONMENT] [--tune]``

Review sets are made from the labels of sentences (``labels/``). A set is the records of the sample
corpus that a topic's query finds and of which at least one sentence of the abstract was labelled;
a record is relevant if one of its labelled sentences is ``GAP`` or ``RATE``. Sentences were not
labelled at random and not every sentence of a record was, so shares of relevant records here say
nothing about PubMed; the order is what is compared.

Compared, on the same titles and abstracts: reading in random order, the order that
``cmeneeds.workbench.ranking`` learns while one reads, and ASReview's default model (ELAS u4),
each of the latter two from the same first two records, one relevant and one not, drawn by
the seed. ``from the brief`` is ours as the workbench starts it: with no record, from the words of
topic and facets. Settings were chosen by ``--tune`` on other topics; records that the
tuning topics find are left out of the reported sets.

WSS@95 is the work saved over random order at 95 % recall: 0.95 minus the share read.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import sqlite3
import statistics
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks import machine, table
from cmeneeds.sources.sample import open_sample
from cmeneeds.strategy import all_facets
from cmeneeds.workbench.ranking import Ranking, RankingSettings, asked_for, text_for_ranking

LABELS = Path(__file__).resolve().parents[1] / "labels"
TUNING = {
    "mental health": "mental[tiab]",
    "pain": "pain[tiab]",
    "nursing": "nurs*[tiab]",
    "HIV": "HIV[tiab]",
    "kidney disease": "kidney[tiab]",
}
REPORTED = {
    "COVID-19": "covid-19[tiab]",
    "cancer": "cancer[tiab]",
    "stroke": "stroke[tiab]",
    "diabetes": "diabetes[tiab]",
    "vaccination": "vaccin*[tiab]",
    "children": "children[tiab] OR child[tiab]",
}
SEEDS = range(5)
RECALL = 0.95


def relevance() -> dict[int, bool]:
    """Whether each labelled record has a sentence labelled GAP or RATE."""
    found: dict[int, bool] = {}
    for name in ("gap_sentences", "later_sentences"):
        with (LABELS / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                pmid = int(row["pmid"])
                found[pmid] = found.get(pmid, False) or row["label"] in ("GAP", "RATE")
    return found


def review_sets(
    topics: dict[str, str], without: frozenset[int] = frozenset()
) -> dict[str, tuple[list[str], list[str], list[bool]]]:
    """Titles, texts and relevance of the records of each topic, by PMID, the newest first."""
    known = relevance()
    sets = {}
    with open_sample() as library:
        for name, query in topics.items():
            pmids = [p for p in library.search(query).pmids if p in known and p not in without]
            articles = sorted(library.get_many(pmids), key=lambda a: -a.pmid)
            sets[name] = (
                [a.title for a in articles],
                [text_for_ranking(a) for a in articles],
                [known[a.pmid] for a in articles],
            )
    return sets


def tuning_pmids() -> frozenset[int]:
    """Every record that a tuning topic finds."""
    with open_sample() as library:
        return frozenset(p for query in TUNING.values() for p in library.search(query).pmids)


def asked(topic: str) -> str:
    """What the workbench asks for before anything was read."""
    return asked_for([topic, *(w for f in all_facets() for w in (f.title, *f.text))])


def first_two(relevant: Sequence[bool], seed: int) -> tuple[int, int]:
    """One relevant record and one that is not, drawn at random."""
    draw = random.Random(seed)
    return (
        draw.choice([i for i, yes in enumerate(relevant) if yes]),
        draw.choice([i for i, yes in enumerate(relevant) if not yes]),
    )


def share_read(order: Sequence[int], relevant: Sequence[bool]) -> float:
    """Share of the set that was read when 95 % of the relevant had been found."""
    needed, found = math.ceil(RECALL * sum(relevant)), 0
    for read, place in enumerate(order, 1):
        found += relevant[place]
        if found >= needed:
            return read / len(relevant)
    return 1.0


def learned(
    texts: Sequence[str],
    relevant: Sequence[bool],
    topic: str,
    start: Sequence[int] = (),
    settings: RankingSettings | None = None,
) -> list[int]:
    """The order of reading if every choice is the true one."""
    ranking = Ranking(texts, asked(topic), settings)
    order = list(start)
    chosen = {i: relevant[i] for i in order}
    needed = math.ceil(RECALL * sum(relevant))
    while sum(relevant[i] for i in order) < needed:
        best = ranking.order(chosen)[0]
        order.append(best)
        chosen[best] = relevant[best]
    return order


def asreview_order(
    environment: Path,
    titles: Sequence[str],
    texts: Sequence[str],
    relevant: Sequence[bool],
    start: Sequence[int],
    seed: int,
) -> list[int]:
    """The order in which ASReview's default model reads the same records."""
    with tempfile.TemporaryDirectory(prefix="cmeneeds-asreview-") as folder:
        data, state = Path(folder) / "records.csv", Path(folder) / "state.asreview"
        with data.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["title", "abstract", "included"])
            for title, text, yes in zip(titles, texts, relevant, strict=True):
                writer.writerow([title, text[len(title) :].strip(), int(yes)])
        done = subprocess.run(
            [
                environment / "bin" / "asreview", "simulate", data, "--output", state,
                "--seed", str(seed), "--prior-idx", *map(str, start),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        # The project file is an archive with a database of what was read when.
        with zipfile.ZipFile(state) as archive:
            archive.extract("results.db", folder)
        with closing(sqlite3.connect(Path(folder) / "results.db")) as results:
            rows = results.execute(
                "SELECT dataset_row FROM results JOIN record USING (record_id) "
                "ORDER BY results.time, results.rowid"
            ).fetchall()
        return [row for (row,) in rows]


def tune() -> None:
    """Print the mean share read on the tuning topics for a few settings."""
    sets = review_sets(TUNING)
    rows = []
    for pairs in (False, True):
        for penalty in (0.01, 0.05, 0.1, 0.2, 0.5):
            for weight in (0.3, 1.0, 3.0):
                settings = RankingSettings(penalty, weight, weight, pairs)
                shares = [
                    share_read(learned(texts, relevant, name, start, settings), relevant)
                    for name, (_, texts, relevant) in sets.items()
                    for start in ((), first_two(relevant, 0), first_two(relevant, 1))
                ]
                rows.append((f"{statistics.mean(shares):.3f}", str(settings)))
                print(*rows[-1], flush=True)
    print(table(("share read", "settings"), sorted(rows)))


def main(arguments: Sequence[str] | None = ()) -> None:
    """Compare the orders and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--asreview", type=Path, help="environment in which it is installed")
    options.add_argument("--tune", action="store_true")
    given = options.parse_args(arguments)
    if given.tune:
        tune()
        return
    print("Share of a review set read until 95 % of its relevant records are found")
    print(machine())
    there = given.asreview is not None and (given.asreview / "bin" / "asreview").exists()
    if not there:
        print(
            "ASReview was not asked: make an environment with `python -m venv DIR` and "
            "`DIR/bin/pip install asreview`, and name it with --asreview DIR."
        )
    rows = []
    every: dict[str, list[float]] = {"random": [], "brief": [], "ours": [], "asreview": []}
    for name, (titles, texts, relevant) in review_sets(REPORTED, tuning_pmids()).items():
        shares: dict[str, list[float]] = {k: [] for k in every}
        shares["brief"].append(share_read(learned(texts, relevant, name), relevant))
        for seed in SEEDS:
            start = first_two(relevant, seed)
            rest = [i for i in range(len(relevant)) if i not in start]
            random.Random(seed).shuffle(rest)
            shares["random"].append(share_read([*start, *rest], relevant))
            shares["ours"].append(share_read(learned(texts, relevant, name, start), relevant))
            if there:
                order = asreview_order(given.asreview, titles, texts, relevant, start, seed)
                seen = [*start, *(i for i in order if i not in start)]
                shares["asreview"].append(share_read(seen, relevant))
        rows.append((name, str(len(relevant)), str(sum(relevant)), *map(_told, shares.values())))
        print(*rows[-1], sep=" | ", flush=True)
        for way, listed in shares.items():
            every[way] += [statistics.mean(listed)] if listed else []
    rows.append(("mean of the topics", "", "", *map(_told, every.values())))
    print(
        table(
            ("topic", "records", "relevant", "random", "from the brief", "ours", "ASReview"), rows
        )
    )
    for way, listed in every.items():
        if listed:
            print(f"WSS@95 {way}: {RECALL - statistics.mean(listed):.3f}")


def _told(shares: Sequence[float]) -> str:
    if not shares:
        return "not asked"
    mean = f"{100 * statistics.mean(shares):.0f} %"
    if len(shares) == 1:
        return mean
    return f"{mean} ({100 * min(shares):.0f}-{100 * max(shares):.0f})"


if __name__ == "__main__":
    main(None)
