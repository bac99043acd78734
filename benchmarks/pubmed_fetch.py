"""Fetch 10,000 records from a server with 300 ms latency at three requests a second.

``python -m benchmarks.pubmed_fetch``

The floor is ceil(records / batch) / 3 s + one latency + what the server needs to make and send the
records, measured at the same server without latency and limit. Beside it runs the loop of the
Biopython tutorial: history server, one request after another.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import machine, table, verdict
from cmeneeds.credentials import Credentials
from cmeneeds.library.store import Library
from cmeneeds.records import Article
from cmeneeds.sources import pubmed
from cmeneeds.sources.entrez import EntrezClient
from cmeneeds.sources.pubmed import PubMedSource
from cmeneeds.sources.sample import open_sample

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from eutils_double import Double

RECORDS = 10_000
LATENCY = 0.3
TARGET = 1.2
QUERY = "1:99999999[uid]"


def ours(url: str, folder: Path, name: str) -> tuple[float, int]:
    """Seconds and requests of this package, search included."""
    client = EntrezClient(url, credentials=Credentials())
    with Library.open(folder / f"{name}.sqlite", create=True) as library:
        source = PubMedSource(library, client)
        start = time.perf_counter()
        found = source.fetch(source.search(QUERY).pmids)
        seconds = time.perf_counter() - start
    assert len(found) == RECORDS
    return seconds, client.requests


def tutorial(url: str) -> tuple[float, int]:
    """Seconds and requests of the tutorial's loop, without storing anything."""
    import urllib.request

    from Bio import Entrez

    plain = urllib.request.urlopen
    requests = 0

    def redirected(request: urllib.request.Request) -> object:
        nonlocal requests
        requests += 1
        request.full_url = f"{url.rstrip('/')}/{request.full_url.split('/eutils/', 1)[-1]}"
        return plain(request)

    Entrez.urlopen = redirected
    Entrez.email, Entrez.api_key = "made-up@example.org", None
    start = time.perf_counter()
    answer = Entrez.read(Entrez.esearch(db="pubmed", term=QUERY, usehistory="y", retmax=0))
    for first in range(0, RECORDS, pubmed.BATCH):
        handle = Entrez.efetch(
            db="pubmed", rettype="xml", retmode="xml", retstart=first, retmax=pubmed.BATCH,
            webenv=answer["WebEnv"], query_key=answer["QueryKey"],
        )  # fmt: skip
        handle.read()
    return time.perf_counter() - start, requests


def main() -> None:
    """Measure and print."""
    print("Fetching 10,000 records: 300 ms latency, three requests a second")
    print(machine())
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["CMENEEDS_HOME"] = str(folder / "home")
        there = folder / "there.sqlite"
        with open_sample() as sample, Library.open(there, create=True) as library:
            articles: list[Article] = []
            for article in sample:
                articles.append(article)
                if len(articles) == RECORDS:
                    break
            library.add(articles, "sample")
        with Double(there) as quick:
            client = EntrezClient(quick.url, credentials=Credentials(api_key="made-up"))
            client._pace.interval = 0.0
            with Library.open(folder / "quick.sqlite", create=True) as library:
                source = PubMedSource(library, client)
                start = time.perf_counter()
                source.fetch(source.search(QUERY).pmids)
                transfer = time.perf_counter() - start
        with Double(there, delay=LATENCY) as slow:
            mine, asked = ours(slow.url, folder, "ours")
        with Double(there, delay=LATENCY) as slow:
            naive, naive_asked = tutorial(slow.url)
    batches = math.ceil(RECORDS / pubmed.BATCH)
    floor = batches / 3 + LATENCY + transfer
    bare = batches / 3 + LATENCY
    rows = [
        ("requests and latency alone", f"{bare:.2f}", str(batches), f"{bare / floor:.2f}"),
        ("make, send, parse, store alone", f"{transfer:.2f}", "", f"{transfer / floor:.2f}"),
        ("floor: the two together", f"{floor:.2f}", str(batches), "1.00"),
        ("cmeneeds, search to stored", f"{mine:.2f}", str(asked), f"{mine / floor:.2f}"),
        ("tutorial loop, nothing stored", f"{naive:.2f}", str(naive_asked), f"{naive / floor:.2f}"),
    ]
    print(f"batches of {pubmed.BATCH} records; what overlaps can be quicker than the floor")
    print(table(("what", "seconds", "requests", "x floor"), rows))
    ratio = mine / floor
    print(f"at most {TARGET}x the floor: {ratio:.2f}x, {verdict(ratio <= TARGET)}")


if __name__ == "__main__":
    main()
