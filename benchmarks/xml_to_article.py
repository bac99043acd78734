"""PubMed XML to records: speed and peak memory beside other readers, each in its own process.

``python -m benchmarks.xml_to_article``
"""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus, machine, table, verdict

MODULE = "benchmarks.xml_to_article"

SLICE = 2000
"""Records for readers that need minutes or gigabytes for a whole file."""

ROUNDS = 3
"""Of each reader the fastest round counts."""

RECORD_MARK = "@made-up-mark@"
XTRACT = """
-pattern PubmedArticle -def - -lbl @made-up-mark@ -element MedlineCitation/PMID ArticleTitle
-block Abstract/AbstractText -sep | -element @Label AbstractText
-block Author -sep _ -element LastName,ForeName,Initials,CollectiveName
-block AffiliationInfo -element Affiliation
-block Journal -element Title ISOAbbreviation ISSN Volume Issue
-block PubDate -sep / -element Year,Month,Day,Season,MedlineDate
-block ArticleDate -sep / -element Year,Month,Day
-block MedlineJournalInfo -element MedlineTA Country NlmUniqueID ISSNLinking
-block MeshHeading -sep / -element DescriptorName@UI,DescriptorName,DescriptorName@MajorTopicYN
-block QualifierName -sep / -element QualifierName@UI,QualifierName,QualifierName@MajorTopicYN
-block Keyword -element Keyword
-block Language -element Language
-block PublicationType -element PublicationType@UI PublicationType
-block Chemical -element NameOfSubstance@UI NameOfSubstance RegistryNumber
-block Grant -element GrantID Acronym Agency Country
-block CommentsCorrections -element @RefType PMID RefSource
-block CoiStatement -element CoiStatement
-block DateRevised -sep / -element Year,Month,Day
-block PubMedPubDate -sep / -element @PubStatus,Year,Month,Day
-block PubmedData/ArticleIdList/ArticleId -element @IdType ArticleId
"""
"""An xtract command for fields like ours."""

COVERS = {
    "cmeneeds": "all of records.Article: text with offsets of inline markup, authors, "
    "affiliations, dates, MeSH, types, ids, corrections, grants, references, history",
    "lxml iterparse": "nothing: it builds each record's tree and drops it",
    "Bio.Entrez.read": "every element and attribute as nested lists and dictionaries",
    "pubmed_parser": "24 flat fields: title, abstract with categories, authors, journal, date, "
    "MeSH and chemicals as text, keywords, types, ids, grant ids; no markup spans, major flags, "
    "corrections, history, conflict of interest statement or online date",
    "xtract -mixed": "title, abstract, authors, journal, dates, MeSH, keywords, types, grants, "
    "corrections, ids as one line of text; no offsets, no reference PMIDs",
}


# --- readers: each gives the number of records it read ------------------------------------------


def read_cmeneeds(path: Path) -> int:
    from cmeneeds.pubmed_xml import Deletion, read_articles

    return sum(not isinstance(item, Deletion) for item in read_articles(path))


def read_lxml(path: Path) -> int:
    from lxml import etree

    count = 0
    with gzip.open(path) as stream:
        for _, element in etree.iterparse(stream, tag="PubmedArticle", load_dtd=False):
            count += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return count


def read_entrez(path: Path) -> int:
    from Bio import Entrez

    # A DTD that Biopython does not carry must not be fetched from the network.
    try:
        with gzip.open(path) as stream, _no_downloads():
            found = Entrez.read(stream)
    except Exception as error:
        print(f"with validate=False, as validation fails: {_short(error)}", file=sys.stderr)
        with gzip.open(path) as stream, _no_downloads():
            found = Entrez.read(stream, validate=False)
    return len(found["PubmedArticle"])


class _no_downloads:  # noqa: N801
    """Make Biopython's parser fail, rather than ask a server, for a DTD that it has not."""

    def __enter__(self) -> None:
        from Bio.Entrez import Parser

        self._kept = Parser.urlopen

        def refuse(url: str, *_: object) -> None:
            raise OSError(f"the DTD {url} does not come with Biopython")

        Parser.urlopen = refuse

    def __exit__(self, *_: object) -> None:
        from Bio.Entrez import Parser

        Parser.urlopen = self._kept


def read_pubmed_parser(path: Path) -> int:
    import pubmed_parser

    found = pubmed_parser.parse_medline_xml(
        str(path), year_info_only=False, nlm_category=True, author_list=True, reference_list=False
    )
    return sum(not record.get("delete") for record in found)


def read_xtract(path: Path) -> int:
    unpack = subprocess.Popen(["gzip", "-dc", str(path)], stdout=subprocess.PIPE)
    extract = subprocess.Popen(
        ["xtract", "-mixed", *XTRACT.split()],
        stdin=unpack.stdout,
        stdout=subprocess.PIPE,
        env=os.environ,
    )
    assert unpack.stdout
    assert extract.stdout
    unpack.stdout.close()
    count, mark = 0, RECORD_MARK.encode()
    for line in extract.stdout:
        count += mark in line
    if extract.wait() or unpack.wait():
        raise SystemExit("xtract failed")
    return count


READERS: dict[str, Callable[[Path], int]] = {
    "cmeneeds": read_cmeneeds,
    "lxml iterparse": read_lxml,
    "Bio.Entrez.read": read_entrez,
    "pubmed_parser": read_pubmed_parser,
    "xtract -mixed": read_xtract,
    "xtract -mixed, 1 core": read_xtract,
}


# --- measuring ----------------------------------------------------------------------------------


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"


def _child(name: str, few: str, path: str) -> None:
    """Run one reader in this process and print what it took.

    A warm-up on a few records leaves imports and the loading of DTDs out of the time.
    """
    READERS[name](Path(few))
    start = time.perf_counter()
    records = READERS[name](Path(path))
    seconds = time.perf_counter() - start
    own, below = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    peak = below if name.startswith("xtract") else own
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"records": records, "seconds": seconds, "peak": peak * unit / 1e6}))


def measure(name: str, few: Path, path: Path) -> dict[str, float] | str:
    """Run one reader in a process of its own; text says why it could not."""
    command = [sys.executable, "-m", MODULE, "--child", name]
    environment = dict(os.environ)
    if name.endswith("1 core"):
        if not (tool := shutil.which("taskset")):
            return "taskset is not installed"
        command = [tool, "-c", "0", *command]
        environment["GOMAXPROCS"] = "1"
    done = subprocess.run(
        [*command, str(few), str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1][:160]
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if note := done.stderr.strip():
        NOTES.append(f"{name}: {note.splitlines()[-1][:200]}")
    return result


NOTES: list[str] = []


def size_of(path: Path) -> float:
    """Megabytes (10^6) of XML in a gzip file."""
    unpack, size = zlib.decompressobj(31), 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 16):
            size += len(unpack.decompress(block))
    return size / 1e6


def cut(path: Path, out: Path, records: int) -> None:
    """Write the first records of a file as a file of its own.

    Biopython refuses the http: address of the DTD that files of 2019 name; https: says the same.
    """
    with gzip.open(path) as stream:
        data, end = b"", 0
        while data.count(b"</PubmedArticle>") < records and (block := stream.read(1 << 22)):
            data += block
    for number, match in enumerate(re.finditer(b"</PubmedArticle>", data), 1):
        if number == records:
            end = match.end()
    data = data[:end].replace(b'"http://dtd', b'"https://dtd', 1) + b"\n</PubmedArticleSet>\n"
    out.write_bytes(gzip.compress(data))


def main() -> None:
    """Measure and print."""
    print("XML to Article: MB of XML a second, peak memory of the process")
    print(machine())
    NOTES.clear()
    readers = [n for n in READERS if not n.startswith("xtract") or shutil.which("xtract")]
    if len(readers) < len(READERS):
        print("xtract is left out: it is not installed (Debian: apt install ncbi-entrez-direct)")
    speed: dict[tuple[str, str], float] = {}
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in corpus():
            part, few = (Path(folder) / f"first-{n}-{path.name}" for n in (SLICE, 20))
            for out, records in ((part, SLICE), (few, 20)):
                cutting = [sys.executable, "-m", MODULE, "--cut", path, out, str(records)]
                subprocess.run(cutting, check=True)  # elsewhere, to stay small
            for file, kind in ((path, "whole"), (part, "slice")):
                names = [n for n in readers if (n == "Bio.Entrez.read") <= (kind == "slice")]
                megabytes = size_of(file)
                best: dict[str, dict[str, float] | str] = {}
                for _ in range(ROUNDS):
                    for name in names:  # in turn, so that a busy moment hits all alike
                        got, old = measure(name, few, file), best.get(name)
                        if not isinstance(old, dict) or (
                            isinstance(got, dict) and got["seconds"] < old["seconds"]
                        ):
                            best[name] = got
                rows = []
                for name in names:
                    got = best[name]
                    if isinstance(got, str):
                        NOTES.append(f"{name}, {file.name}: {got}")
                        rows.append((name, "failed", "", "", ""))
                        continue
                    rate = megabytes / got["seconds"]
                    speed[file.name, name] = rate
                    ours = speed[file.name, "cmeneeds"]
                    if name == "cmeneeds":
                        peaks.append(got["peak"])
                    rows.append(
                        (
                            name,
                            f"{got['records']:,.0f}",
                            f"{rate:.1f}",
                            f"{got['peak']:.0f}",
                            f"{ours / rate:.2f}",
                        )
                    )
                print(f"\n{file.name}, {megabytes:.0f} MB of XML")
                print(table(("reader", "records", "MB/s", "peak MB", "cmeneeds is x"), rows))

    def least(peer: str) -> float:
        return min(
            (
                v / speed[f, peer]
                for (f, n), v in speed.items()
                if n == "cmeneeds" and (f, peer) in speed
            ),
            default=float("nan"),
        )

    entrez, lxml = least("Bio.Entrez.read"), least("lxml iterparse")
    print(f"\nat least 5x Bio.Entrez.read: {entrez:.1f}x, {verdict(entrez >= 5)}")
    print(f"at least 0.35x bare lxml iterparse: {lxml:.2f}x, {verdict(lxml >= 0.35)}")
    print(f"below 100 MB at the peak: {max(peaks):.0f} MB, {verdict(max(peaks) < 100)}")
    if any(n.endswith("1 core") for _, n in speed):
        print(f"aim, xtract on one core: {least('xtract -mixed, 1 core'):.2f}x")
    for note in sorted(set(NOTES)):
        print(f"note: {note}")
    print("\nfields that each reader covers:")
    for name, what in COVERS.items():
        print(f"  {name}: {what}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(*sys.argv[2:5])
    elif sys.argv[1:2] == ["--cut"]:
        cut(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
