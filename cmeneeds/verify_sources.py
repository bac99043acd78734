"""Verify what claims rest on: passages, the originals of own sources, references, the library."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cmeneeds.assessment import Assessment
from cmeneeds.errors import CmeneedsError
from cmeneeds.own_sources.proof import reread
from cmeneeds.records import to_json
from cmeneeds.report.reading import read as read_report
from cmeneeds.report.references import csl
from cmeneeds.retrieval import Records
from cmeneeds.verify_result import Broken, Verification
from cmeneeds.works import Works


def sentence_at(address: str, works: Works) -> str:
    """The exact text that an address means; empty if there is none."""
    try:
        return works.locate(address).text
    except CmeneedsError:
        return ""


def key_at(address: str, works: Works) -> str:
    """Citation key of the work that an address leads to; empty if there is none."""
    try:
        return works.key_of(address)
    except CmeneedsError:
        return ""


def check_originals(result: Verification, assessment: Assessment) -> None:
    """Read passages of the writer's own sources again, at page and place, in the originals."""
    used = (*assessment.findings["finding_id"], *assessment.voices.labels)
    for read in reread(assessment.records.documents, used):
        result.originals.append(str(read))
        result.claims += read.passages
        result.broken += [
            Broken(f"original, passage {address}", "stands in the original", "not on its page")
            for address in read.missing
        ]


def check_references(result: Verification, folder: Path, records: Records) -> None:
    """Derive every reference again from its record; each is cited, and each citation listed."""
    try:
        listed = json.loads((folder / "references.json").read_text("utf-8"))
        if not isinstance(listed, list) or not all(isinstance(i, dict) for i in listed):
            raise ValueError("no list of references")
        cited = set(read_report((folder / "report.md").read_text("utf-8")).citations)
    except (OSError, ValueError):
        result.expect("references.json", "missing or unreadable", "a list of references")
        return
    derived = {work.key: csl(work) for work in records.works.values()}
    names = [str(item.get("id")) for item in listed]
    for item in listed:
        name = str(item.get("id"))
        said = json.dumps(item, sort_keys=True, ensure_ascii=False)
        known = derived.get(name)
        result.expect(
            f"references.json, {name}",
            said,
            json.dumps(known, sort_keys=True, ensure_ascii=False) if known else "no such record",
        )
    for name in sorted(cited ^ set(names)):
        where = f"reference {name}"
        result.expect(where, "cited" if name in cited else "not cited", "listed and cited")


def compare_with_library(result: Verification, records: Records) -> None:
    """Tell which records the library holds in another revision by now, or no longer."""
    from cmeneeds.sources import open_library

    try:
        library = open_library("sample" if records.source_kind == "sample" else None)
    except CmeneedsError as error:
        result.library = f"not compared with a library: {error.what}"
        return
    with library:
        digests = library.digests(a.pmid for a in records.articles)
    for article in records.articles:
        now = digests.get(article.pmid)
        if now is None:
            result.gone.append(article.pmid)
        elif now != hashlib.sha256(to_json(article)).hexdigest():
            result.revised.append(article.pmid)
    result.library = f"compared with {library.path.name}"
