"""Splitting abstracts into sentences and labelling them, on one core.

``python -m benchmarks.sentences``. Times are processor time, so that what else runs on the machine
matters less. Splitting alone is set beside the sentencizer of spaCy and
pysbd where they are installed; neither is needed for anything else.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import corpus, machine, table, verdict
from cmeneeds.evidence.classify import Sentence, classify_sentences
from cmeneeds.evidence.passages import passages_of, sentence_spans
from cmeneeds.pubmed_xml import read_articles
from cmeneeds.records import Article

LEAST, AIM = 4_000, 20_000
WHOLE_LEAST, WHOLE_AIM = 45.0, 10.0
MEMORY = 300
IMPORT = 0.3
PYSBD_TEXTS = 300
"""pysbd is slow: it gets so many sections only."""


def main() -> None:
    """Split and label every abstract of the sample, and print the figures."""
    articles = list(read_articles(corpus()[1], lambda problem: None))
    records = [a for a in articles if isinstance(a, Article) and a.sections]
    texts = [section.text for record in records for section in record.sections]
    print(machine())
    print(f"{len(records):,} abstracts, {len(texts):,} sections\n")
    classify_sentences([Sentence("warm")])
    start = time.process_time()
    sentences = [
        Sentence(
            one.text,
            "title" if one.section < 0 else record.sections[one.section].label,
        )
        for record in records
        for one in passages_of(record)
    ]
    split = time.process_time() - start
    start = time.process_time()
    labels = classify_sentences(sentences, all_rates=False)
    labelled = time.process_time() - start
    start = time.process_time()
    classify_sentences(sentences[: len(sentences) // 10])
    with_rates = (time.process_time() - start) * 10
    whole, n = split + labelled, len(sentences)
    rows = [
        ("split", f"{split:.1f} s", f"{n / split:,.0f}"),
        ("label, as findings do", f"{labelled:.1f} s", f"{n / labelled:,.0f}"),
        ("label, rates of every sentence (a tenth, times ten)", f"{with_rates:.1f} s",
         f"{n / with_rates:,.0f}"),
        ("split and label", f"{whole:.1f} s", f"{n / whole:,.0f}"),
    ]  # fmt: skip
    print(table(("step", "time", "sentences/s"), rows))
    found = sum(label.label != "OTHER" for label in labels)
    print(f"\n{n:,} passages, {found:,} say something about practice")
    print(f"at least {LEAST:,} sentences/s: {verdict(n / whole >= LEAST)}")
    print(f"aim of {AIM:,} sentences/s: {verdict(n / whole >= AIM)}")
    print(f"all abstracts under {WHOLE_LEAST:.0f} s: {verdict(whole < WHOLE_LEAST)}")
    print(f"aim of {WHOLE_AIM:.0f} s: {verdict(whole < WHOLE_AIM)}")
    # Not ru_maxrss: that of a new process begins with what the one that started it had used.
    alone = _alone(
        "import cmeneeds.evidence.classify as c, re;"
        "c.classify_sentences([c.Sentence('Only 21% of nurses were trained.')] * 5000);"
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
    )
    print(
        f"memory of a process that labels: {alone / 1024:.0f} MB, under {MEMORY}: "
        f"{verdict(alone / 1024 < MEMORY)}"
    )
    seconds = _alone(
        "import time; t = time.perf_counter(); import cmeneeds.evidence.classify;"
        "print(time.perf_counter() - t)"
    )
    print(f"import: {seconds:.2f} s, under {IMPORT}: {verdict(seconds < IMPORT)}\n")
    print(table(("splitting alone", "sections", "sections/s"), list(_splitters(texts))))


def _alone(code: str) -> float:
    """Run code in a fresh process and read the number that it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _splitters(texts: list[str]) -> list[tuple[str, str, str]]:
    """Time the splitters that are installed."""

    def ours() -> Callable[[str], object]:
        return sentence_spans

    def spacy() -> Callable[[str], object]:
        pipeline = importlib.import_module("spacy").blank("en")
        pipeline.add_pipe("sentencizer")
        return lambda text: list(pipeline(text).sents)

    def pysbd() -> Callable[[str], object]:
        segment: Callable[[str], object] = (
            importlib.import_module("pysbd").Segmenter(language="en", char_span=True).segment
        )
        return segment

    rows = []
    for name, make, given in (
        ("cmeneeds", ours, texts),
        ("spaCy sentencizer", spacy, texts[:5000]),
        ("pysbd", pysbd, texts[:PYSBD_TEXTS]),
    ):
        try:
            splitter = make()
        except ImportError:
            rows.append((name, "not installed", "-"))
            continue
        start = time.process_time()
        for text in given:
            splitter(text)
        rows.append((name, f"{len(given):,}", f"{len(given) / (time.process_time() - start):,.0f}"))
    return rows


if __name__ == "__main__":
    main()
