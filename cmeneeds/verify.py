"""Prove a run: derive every claim again from the run's own snapshot.

What counts as a claim: every passage and every cell of ``findings.csv``, ``gaps.csv``,
``objectives.csv`` and ``search_log.csv``; every figure, evidence card and computed number of
``report.md``; every entry of ``references.json``. A number in the report that says nothing about
where it comes from is a broken claim. Hashes of files are a separate check: they show that a file
was changed, not that it is wrong.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.decisions import load_decisions
from cmeneeds.errors import CmeneedsError, RunBroken
from cmeneeds.own_sources.proof import compare_today
from cmeneeds.retrieval import Records
from cmeneeds.verify_report import check_report
from cmeneeds.verify_result import Broken, Verification
from cmeneeds.verify_sources import check_originals, check_references, compare_with_library
from cmeneeds.verify_tables import check_tables

__all__ = ["Broken", "Verification", "read_manifest", "verify_run"]


def verify_run(
    folder: str | Path, *, compare_library: bool = True, live: bool = False
) -> Verification:
    """Derive every claim of a run again.

    Parameters
    ----------
    folder : path
        A run folder, such as ``outputs/stroke/latest``.
    compare_library : bool
        Also tell which records have been revised since in the library they came from.
    live : bool
        Also compare the writer's web sources with their pages of today, over the network.

    Raises
    ------
    RunBroken
        If the folder is not a finished run, or what proves it is missing.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    records = Records.load(folder / "snapshot.jsonl.gz")
    result = Verification(folder)
    try:
        brief = Brief.load(folder / "brief.yaml").model_copy(update={"source": records.source_kind})
        decisions = load_decisions(folder / "brief.decisions.csv")
        assessment = assess(brief, records, decisions, _cited(result, folder, manifest))
    except CmeneedsError as error:
        raise RunBroken(f"nothing can be derived from the snapshot ({error})") from None
    made_by = manifest.get("cmeneeds")
    from cmeneeds import __version__

    if made_by != __version__:
        result.notes.append(f"made by version {made_by}, derived with {__version__}")
    check_tables(result, folder, assessment)
    check_report(result, folder, assessment, manifest)
    check_references(result, folder, records)
    check_originals(result, assessment)
    if live:
        addresses = list(assessment.findings["finding_id"])
        result.today = [str(t) for t in compare_today(records.documents, addresses)]
    _check_checks(result, folder, assessment)
    _check_hashes(result, folder, manifest)
    if compare_library:
        compare_with_library(result, records)
    return result


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a finished run.

    Raises
    ------
    RunBroken
        If the folder is not a finished run.
    """
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise RunBroken(f"there is no run at {folder}", "Name a folder that `report` made.")
    if not path.exists():
        raise RunBroken(
            f"{folder} has no manifest.json: the run was not finished", "Make the report again."
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunBroken(f"{path} cannot be read ({error})", "Make the report again.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise RunBroken(f"{path} is no manifest", "Make the report again.")
    if manifest.get("status") != "complete":
        raise RunBroken(f"the run in {folder} failed; there is nothing to verify")
    return manifest


def _cited(result: Verification, folder: Path, manifest: dict[str, Any]) -> tuple[str, ...] | None:
    """Of a run that calls itself final: the passages that it cites, read from the report itself."""
    from cmeneeds.confirming import cited_in
    from cmeneeds.report.executing import CITED_FILE

    if not str(manifest.get("document_status")).startswith("final"):
        return None
    try:
        cited = cited_in((folder / "report.md").read_text("utf-8"))
        listed = (folder / CITED_FILE).read_text("utf-8").split()
    except (OSError, UnicodeDecodeError):
        return None  # then it is no final report, which its status is compared with
    result.expect(CITED_FILE, "; ".join(sorted(listed)), "; ".join(sorted(cited)))
    return cited


def _check_checks(result: Verification, folder: Path, assessment: Assessment) -> None:
    """Apply the rules again, and compare with what the run says that they found."""
    from cmeneeds.checks.result import CHECK_FILE, check_run
    from cmeneeds.report.check_section import open_points_markdown

    try:
        said = json.loads((folder / CHECK_FILE).read_text("utf-8"))
        rules = {str(rule["id"]): rule for rule in said["rules"]}
    except (OSError, ValueError, KeyError, TypeError):
        result.expect(CHECK_FILE, "missing or unreadable", "what the rules found")
        return
    try:
        checked = check_run(folder, assessment=assessment)
    except RunBroken:
        return  # without a report there is nothing to check, and that it is gone has been said
    derived = checked.to_json()
    for rule in derived["rules"]:
        result.expect(
            f"{CHECK_FILE}, {rule['id']}",
            json.dumps(rules.pop(rule["id"], None), sort_keys=True, ensure_ascii=False),
            json.dumps(rule, sort_keys=True, ensure_ascii=False),
        )
    for name in (*(k for k in derived if k != "rules"), *rules):
        result.expect(
            f"{CHECK_FILE}, {name}", str(rules.get(name, said.get(name))), str(derived.get(name))
        )
    text = (folder / "report.md").read_text("utf-8")
    if "{.check-report}" in text:
        there = open_points_markdown(checked) in text
        result.expect(
            "report.md, what the checks found", "as derived" if there else "other", "as derived"
        )


def _check_hashes(result: Verification, folder: Path, manifest: dict[str, Any]) -> None:
    for name, sha256 in sorted(dict(manifest.get("files", {})).items()):
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            result.changed_files.append(name)
