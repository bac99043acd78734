"""Prove a run: derive every claim again from the run's own snapshot.

What counts as a claim: every passage and every cell of ``findings.csv``, ``gaps.csv``,
``objectives.csv`` and ``search_log.csv``; every figure, evidence card and computed number of
``report.md``; every entry of ``references.json``. A number in the report that says nothing about
where it comes from is a broken claim. Hashes of files are a separate check: they show that a file
was changed, not that it is wrong.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cmeneeds.accreditation import profiles_of, texts
from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.checks.rules import RULES
from cmeneeds.decisions import load_decisions
from cmeneeds.education import (
    audience_in_sentence,
    education_wording,
    subject_in_sentence,
)
from cmeneeds.errors import CmeneedsError, RunBroken
from cmeneeds.evidence.numbers import numbers
from cmeneeds.frames import each_row, text_of
from cmeneeds.own_sources.proof import compare_today, reread
from cmeneeds.records import to_json
from cmeneeds.report import markdown as md
from cmeneeds.report.carried import load_prose
from cmeneeds.report.decided import given_by
from cmeneeds.report.guideline_section import card_names
from cmeneeds.report.learner_input import LABEL
from cmeneeds.report.reading import NUMBER_WORDS
from cmeneeds.report.reading import read as read_report
from cmeneeds.report.references import csl
from cmeneeds.report.run import CHANGES, TABLES, write_csvs
from cmeneeds.report.sections import Report
from cmeneeds.report.stakeholders import voice_names
from cmeneeds.report.statements import tool_name
from cmeneeds.report.tables import guarded
from cmeneeds.report.wording import excerpts, first_upper, missing_words, row_name
from cmeneeds.report.writing import GAP_SECTIONS
from cmeneeds.retrieval import Records
from cmeneeds.works import Works

KEYS = {
    "findings": "finding_id",
    "gaps": "gap_id",
    "objectives": "objective_id",
    "decisions": "gap_id",
    "checks": "gap_id",
    "learners": "learner_id",
    "cards": "card_id",
    "search_log": "facet",
    "changes": "change_id",
}
"""Column that names a row of each table."""


LONGEST_FIGURE = 6
"""Words. What is longer is no figure but a quotation, and must be the whole sentence."""


class Broken(NamedTuple):
    """A claim that does not hold."""

    where: str
    said: str
    derived: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.where}: says {_short(self.said)}, derived {_short(self.derived)}"


@dataclass
class Verification:
    """What was checked and what does not hold.

    Attributes
    ----------
    folder : Path
    claims : int
        Claims that were derived again.
    broken : list of Broken
    changed_files : list of str
        Files whose hash is not that of the manifest.
    revised, gone : list of int
        PMIDs whose record in the library is another one by now, or is no longer there.
    library : str
        Which library was compared, or why none was.
    notes : list of str
    originals : list of str
        Of the writer's own sources, one line each: whether the original was read again.
    today : list of str
        Of the writer's web sources, one line each: whether today's page is the archived copy.
    """

    folder: Path
    claims: int = 0
    broken: list[Broken] = field(default_factory=list)
    changed_files: list[str] = field(default_factory=list)
    revised: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    library: str = ""
    notes: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    today: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return not self.broken

    @property
    def share(self) -> str:
        """Share of claims that hold, in percent; 100 only if all do."""
        if not self.broken:
            return "100 %"
        share = 100 * (self.claims - len(self.broken)) / max(1, self.claims)
        return f"{min(share, 99.99):.2f} %"

    def _expect(self, where: str, said: str, derived: str) -> None:
        self.claims += 1
        if said != derived:
            self.broken.append(Broken(where, said, derived))


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
    _check_tables(result, folder, assessment)
    _check_report(result, folder, assessment, manifest)
    _check_references(result, folder, records)
    _check_originals(result, assessment)
    if live:
        addresses = list(assessment.findings["finding_id"])
        result.today = [str(t) for t in compare_today(records.documents, addresses)]
    _check_checks(result, folder, assessment)
    _check_hashes(result, folder, manifest)
    if compare_library:
        _compare_library(result, records)
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


# --- tables -------------------------------------------------------------------------------------


def _rows(data: str, key: str) -> dict[str, dict[str, str]]:
    """Rows of a CSV text by their key; a repeated key gets a number."""
    rows: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(io.StringIO(data, newline="")):
        name = row.get(key) or ""
        while name in rows:
            name += " (again)"
        # Cells beyond the last column come under None, as a list.
        rows[name] = {k or "(beyond the last column)": str(v or "") for k, v in row.items()}
    return rows


def _check_tables(result: Verification, folder: Path, assessment: Assessment) -> None:
    works = assessment.records.works
    with tempfile.TemporaryDirectory(prefix="cmeneeds-verify-") as derived_folder:
        write_csvs(assessment, Path(derived_folder))
        for name in (*TABLES, CHANGES) if assessment.records.previous else TABLES:
            path = folder / f"{name}.csv"
            try:
                said = _rows(path.read_text("utf-8"), KEYS[name])
            except (OSError, UnicodeDecodeError, csv.Error):
                result._expect(f"{name}.csv", "missing or unreadable", "a table")
                continue
            derived = _rows((Path(derived_folder) / f"{name}.csv").read_text("utf-8"), KEYS[name])
            for row in sorted(said.keys() | derived.keys()):
                _check_row(result, f"{name}.csv, {row}", said.get(row), derived.get(row))
            if name in ("findings", "learners"):
                for row, cells in said.items():
                    _check_passage(result, row, cells, works)


def _check_row(
    result: Verification,
    where: str,
    said: dict[str, str] | None,
    derived: dict[str, str] | None,
) -> None:
    if said is None or derived is None:
        result._expect(where, "a row" if said else "no row", "a row" if derived else "no row")
        return
    for column in {**said, **derived}:
        result._expect(f"{where}, {column}", said.get(column, ""), derived.get(column, ""))


def _check_passage(result: Verification, address: str, cells: dict[str, str], works: Works) -> None:
    """Read the passage straight from the snapshot, past everything that computes findings."""
    sentence = guarded(_sentence(address, works))
    result._expect(f"passage {address}", cells.get("text", ""), sentence)


def _check_originals(result: Verification, assessment: Assessment) -> None:
    """Read passages of the writer's own sources again, at page and place, in the originals."""
    used = (*assessment.findings["finding_id"], *assessment.voices.labels)
    for read in reread(assessment.records.documents, used):
        result.originals.append(str(read))
        result.claims += read.passages
        result.broken += [
            Broken(f"original, passage {address}", "stands in the original", "not on its page")
            for address in read.missing
        ]


def _sentence(address: str, works: Works) -> str:
    """The exact text that an address means; empty if there is none."""
    try:
        return works.locate(address).text
    except CmeneedsError:
        return ""


def _source(address: str, works: Works) -> str:
    """Citation key of the work that an address leads to; empty if there is none."""
    try:
        return works.key_of(address)
    except CmeneedsError:
        return ""


# --- report -------------------------------------------------------------------------------------


def _holds(text: str, sentence: str) -> bool:
    """Whether a figure stands in a sentence as a whole number, not as part of a longer one."""
    figure, said = md.clean(text), md.clean(sentence)
    if len(figure.split()) > LONGEST_FIGURE or not _states_a_number(figure):
        return figure in excerpts(said)  # a quotation: whole, or cut where a reader can see it
    pattern = (
        rf"(?<![\d.,]){re.escape(figure)}(?!\d|[.,]\d)"
        if figure[:1].isdigit()
        else rf"(?<!\w){re.escape(figure)}(?!\w)"
    )
    return bool(figure) and re.search(pattern, said) is not None


def _states_a_number(figure: str) -> bool:
    """Whether it is one, in digits or in words: ``24%``, ``two in 5``, ``less than half``."""
    return bool(numbers(figure)) or re.search(NUMBER_WORDS, figure, re.IGNORECASE) is not None


def _check_report(
    result: Verification, folder: Path, assessment: Assessment, manifest: dict[str, Any]
) -> None:
    try:
        reading = read_report((folder / "report.md").read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        result._expect("report.md", "missing or unreadable", "a report")
        return
    works = assessment.records.works
    labels = dict(zip(assessment.findings["finding_id"], assessment.findings["label"], strict=True))
    labels |= dict.fromkeys(assessment.learners.table["learner_id"], LABEL)
    labels |= assessment.voices.labels
    for figure in reading.figures:
        sentence = _sentence(figure.passage, works)
        where = f"report.md, figure of {figure.passage}"
        result._expect(
            where, figure.text, figure.text if _holds(figure.text, sentence) else sentence
        )
    for card in reading.passages:
        where = f"report.md, card {card.address}"
        result._expect(where, card.text, md.clean(_sentence(card.address, works)))
        result._expect(f"{where}, label", card.label, str(labels.get(card.address, "no finding")))
        cited = _source(card.address, works)
        result._expect(f"{where}, citation", "; ".join(card.citations), cited)
    counts: dict[str, Any] = dict(assessment.counts)
    if any(number.key.startswith("words.") for number in reading.counts):
        rows = manifest.get("parameters", {}).get("gap_sections", GAP_SECTIONS)
        counts |= Report(assessment, int(rows)).word_counts()
    for number in reading.counts:
        value = counts.get(number.key)
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        result._expect(f"report.md, count {number.key}", number.text, shown)
    given = _given(assessment)
    for number in reading.givens:
        shown = given.get(number.key, "nothing given")
        result._expect(f"report.md, given {number.key}", number.text, shown)
    known = _known_names(assessment)
    for name in reading.terms:
        shown = md.clean(name)
        result._expect("report.md, name", shown, shown if shown in known else "no such name")
    for loose in reading.loose:
        result._expect(f"report.md, near {loose.context!r}", loose.token, "no source is named")
    given_prose = {p.text for p in load_prose(folder / "brief.prose.json")}
    for text in reading.written:
        known_text = text if text in given_prose else "not what the writer gave"
        result._expect("report.md, the writer's own words", text, known_text)
    wanted = {"sample"} if assessment.is_sample else set()
    if not assessment.is_signed:
        wanted.add("draft")
    result._expect(
        "report.md, banners", ", ".join(sorted(set(reading.banners))), ", ".join(sorted(wanted))
    )
    said = str(manifest.get("document_status"))
    result._expect("manifest.json, document_status", said, assessment.status_line)


def _given(assessment: Assessment) -> dict[str, str]:
    """What the writer gave, in the brief or as a decision, by the key it is printed with."""
    brief, found = assessment.brief, given_by(assessment.decisions)
    if brief.activity and brief.activity.credit_hours is not None:
        found["brief.credit_hours"] = f"{brief.activity.credit_hours:g}"
    if brief.request:
        limits = brief.request.limits
        found |= {f"brief.request.{n}": str(v) for n, v in limits.model_dump().items() if v}
        for number, asked in enumerate(brief.request.requirements):
            if asked.limit_words:
                found[f"brief.request.{number}.limit_words"] = str(asked.limit_words)
    return found


def _known_names(assessment: Assessment) -> frozenset[str]:
    """Every text with digits that a report may show as a name, whole.

    That is what the writer, the records' keywords, the search log and the package's wording say.
    Parts of these are no names: "24%" stands in many a text.
    """
    said = {assessment.records.source, assessment.records.notice, tool_name()}
    said.update(_strings(assessment.brief.model_dump(mode="json")))
    said.update(str(a) for a in assessment.brief.audience)
    said.update(first_upper(str(a)) for a in assessment.brief.audience)
    said.add(subject_in_sentence(assessment.brief.topic, assessment.brief))
    said.add(audience_in_sentence(assessment.brief))
    said.add(assessment.brief.slug)
    for entry in (*assessment.records.log, *assessment.records.beside):
        said.update((entry.source, entry.notes, *entry.notes.split("; ")))
    for document in assessment.records.background:
        said.update((document.id, *(part.text for part in document.parts)))
    said.update(text_of(cell) for d in each_row(assessment.decisions) for cell in d)
    for gap in (*each_row(assessment.gaps), *each_row(assessment.presented)):
        said.add(row_name(gap))
        said.update((text_of(gap.missing), *text_of(gap.missing).split("; ")))
        said.update(missing_words(gap.missing))
        said.update(text_of(getattr(gap, c)) for c in _NAMED_CELLS)
    for objective in (*each_row(assessment.objectives), *each_row(assessment.planned)):
        cells = [text_of(getattr(objective, c)) for c in _NAMED_WORDING]
        said.update(cells, *(cell.split("; ") for cell in cells))
    for words in education_wording().values():
        said.update((*_strings(words), f"Moore {words['moore']}"))
    said.update(texts(profiles_of(assessment)))
    said.update(assessment.learners.names)
    said.update(card_names(assessment), voice_names(assessment))
    for change in each_row(assessment.changes):
        said.update(text_of(cell) for cell in change)
    for rule in RULES.values():
        said.update((rule.asks, rule.todo))
    return frozenset(md.clean(text) for text in said)


_NAMED_CELLS = (
    "bp_strength",
    "bp_grade",
    "bp_level",
    "bp_system",
    "bp_body",
    "bp_card_by",
    "bp_superseded_by",
    "cp_interval",
    "audience_fit",
    "priority_words",
    "pairing",
    "decision_reason",
    "decision_by",
    "decision_flag",
    "decision_origin",
    "achievable_rate",
)
_NAMED_WORDING = (
    "need", "need_K", "need_C", "need_P", "objective", "outcome_measure", "instrument",
    "time_point", "baseline", "non_educational_strategy", "competencies", "competency_reason",
    "formats", "format_rationale", "addressable_reason",
)  # fmt: skip


def _strings(value: object) -> Iterator[str]:
    """All texts in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _check_references(result: Verification, folder: Path, records: Records) -> None:
    try:
        listed = json.loads((folder / "references.json").read_text("utf-8"))
        if not isinstance(listed, list) or not all(isinstance(i, dict) for i in listed):
            raise ValueError("no list of references")
        cited = set(read_report((folder / "report.md").read_text("utf-8")).citations)
    except (OSError, ValueError):
        result._expect("references.json", "missing or unreadable", "a list of references")
        return
    derived = {work.key: csl(work) for work in records.works.values()}
    names = [str(item.get("id")) for item in listed]
    for item in listed:
        name = str(item.get("id"))
        said = json.dumps(item, sort_keys=True, ensure_ascii=False)
        known = derived.get(name)
        result._expect(
            f"references.json, {name}",
            said,
            json.dumps(known, sort_keys=True, ensure_ascii=False) if known else "no such record",
        )
    for name in sorted(cited ^ set(names)):
        where = f"reference {name}"
        result._expect(where, "cited" if name in cited else "not cited", "listed and cited")


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
    result._expect(CITED_FILE, "; ".join(sorted(listed)), "; ".join(sorted(cited)))
    return cited


def _check_checks(result: Verification, folder: Path, assessment: Assessment) -> None:
    """Apply the rules again, and compare with what the run says that they found."""
    from cmeneeds.checks.result import CHECK_FILE, check_run
    from cmeneeds.report.check_section import open_points_markdown

    try:
        said = json.loads((folder / CHECK_FILE).read_text("utf-8"))
        rules = {str(rule["id"]): rule for rule in said["rules"]}
    except (OSError, ValueError, KeyError, TypeError):
        result._expect(CHECK_FILE, "missing or unreadable", "what the rules found")
        return
    checked = check_run(folder, assessment=assessment)
    derived = checked.to_json()
    for rule in derived["rules"]:
        result._expect(
            f"{CHECK_FILE}, {rule['id']}",
            json.dumps(rules.pop(rule["id"], None), sort_keys=True, ensure_ascii=False),
            json.dumps(rule, sort_keys=True, ensure_ascii=False),
        )
    for name in (*(k for k in derived if k != "rules"), *rules):
        result._expect(
            f"{CHECK_FILE}, {name}", str(rules.get(name, said.get(name))), str(derived.get(name))
        )
    text = (folder / "report.md").read_text("utf-8")
    if "{.check-report}" in text:
        there = open_points_markdown(checked) in text
        result._expect(
            "report.md, what the checks found", "as derived" if there else "other", "as derived"
        )


def _check_hashes(result: Verification, folder: Path, manifest: dict[str, Any]) -> None:
    for name, sha256 in sorted(dict(manifest.get("files", {})).items()):
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            result.changed_files.append(name)


def _compare_library(result: Verification, records: Records) -> None:
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


def _short(text: str) -> str:
    shown = md.clean(text)
    return repr(shown if len(shown) <= 120 else f"{shown[:117]}...")
