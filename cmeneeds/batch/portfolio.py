"""The portfolio of all reports below an outputs folder: a page for people, a file for machines."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from cmeneeds.batch.freshness import newest
from cmeneeds.batch.outcome import Batch
from cmeneeds.errors import CmeneedsError
from cmeneeds.report.tables import write_atomically

LINKS: Final = {"Word": "report.docx", "PDF": "report.pdf", "Excel": "tables.xlsx"}
"""Formats that a row links to, where the run has them; its name links to the HTML."""


class Area(msgspec.Struct, kw_only=True):
    """One line of the portfolio: the newest complete run of a brief, and the last attempt."""

    name: str
    topic: str = ""
    audience: str = ""
    accreditor: str = ""
    state: str = ""
    """``made``, ``current`` or ``failed`` in this batch; empty if it was not asked for."""
    why: str = ""
    run: str = ""
    """Folder of the run, from the outputs folder."""
    document_status: str = ""
    records: int | None = None
    gaps: int | None = None
    candidates: int | None = None
    errors: int | None = None
    warnings: int | None = None
    data_date: str = ""
    made_at: str = ""
    formats: list[str] = []


def areas(batch: Batch) -> list[Area]:
    """Describe every brief that has a run below the outputs folder or was asked for."""
    asked = {outcome.name: outcome for outcome in batch.outcomes}
    names = {p.parent.parent.name for p in batch.outputs.glob("*/*/manifest.json")}
    found = []
    for name in sorted(names | asked.keys()):
        area = Area(name=name)
        if outcome := asked.get(name):
            area.state, area.why = outcome.state, outcome.why
        if last := newest(batch.outputs / name, complete=True):
            _describe(area, *last, batch.outputs)
        found.append(area)
    return found


def _describe(area: Area, run: Path, manifest: dict[str, Any], outputs: Path) -> None:
    area.run = run.relative_to(outputs).as_posix()
    area.document_status = str(manifest.get("document_status", ""))
    source, times = manifest.get("source") or {}, manifest.get("times") or {}
    area.records = source.get("records")
    area.data_date = str(source.get("data_date") or "")
    area.made_at = str(times.get("finished") or "")
    area.topic = str((manifest.get("brief") or {}).get("topic") or "")
    area.formats = [name for name in ("report.html", *LINKS.values()) if (run / name).is_file()]
    from cmeneeds.brief import Brief

    try:
        brief = Brief.load(run / "brief.yaml")
        area.audience = "; ".join(map(str, brief.audience))
        area.accreditor = ", ".join(brief.accreditor)
    except CmeneedsError:
        pass  # of a later version: the line says less
    area.gaps, area.candidates = _gaps(run / "gaps.csv")
    area.errors, area.warnings = _checks(run / "check.json")


def _gaps(table: Path) -> tuple[int | None, int | None]:
    """Count the rows that the writer has not rejected."""
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            rows = [r for r in csv.DictReader(stream) if r.get("decision") != "reject"]
    except (OSError, UnicodeDecodeError, csv.Error):
        return None, None
    kinds = [r.get("status") for r in rows]
    return kinds.count("gap"), kinds.count("candidate")


def _checks(file: Path) -> tuple[int | None, int | None]:
    try:
        found = json.loads(file.read_text("utf-8"))
        return int(found["errors"]), int(found["warnings"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, None


def write_portfolio(batch: Batch) -> None:
    """Write ``index.html`` and ``index.json`` into the outputs folder."""
    found = areas(batch)
    batch.outputs.mkdir(parents=True, exist_ok=True)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    data = {
        "format": 1,
        "written": made,
        "made": batch.count("made"),
        "current": batch.count("current"),
        "failed": batch.count("failed"),
        "queries": {"asked": batch.queries_asked, "repeated": batch.queries_repeated},
        "notes": batch.notes,
        "reports": [msgspec.to_builtins(area) for area in found],
    }
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    write_atomically(batch.outputs / "index.json", text.encode())
    write_atomically(batch.outputs / "index.html", _page(batch, found, made).encode())


# --- the page -----------------------------------------------------------------------------------

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:96rem;padding:0 1rem;
 color:#1b1b1b;background:#fff}
h1{font-size:1.6rem;margin-bottom:.2rem}
table{border-collapse:collapse;width:100%;margin-top:1rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid #ccc}
td.d{white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
th button{all:unset;cursor:pointer;font-weight:600;text-decoration:underline dotted}
th button:focus-visible,a:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}
th[aria-sort=ascending] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
a{color:#0b4fa8}
.mark{border:2px solid #8a4b00;background:#fff6e5;padding:.5rem .8rem;border-radius:.3rem}
.failed{color:#a1121f;font-weight:600}
.small{color:#555;font-size:.9rem}
.scroll{overflow-x:auto}
@media print{body{margin:0;max-width:none}th button{text-decoration:none}}
"""

_SCRIPT: Final = """
for (const [column, head] of document.querySelectorAll('thead th').entries()) {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener('click', () => {
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of document.querySelectorAll('thead th')) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const body = document.querySelector('tbody');
    const key = row => row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const order = x === '' || y === '' ? (x === '') - (y === '')
        : (up ? 1 : -1) * x.localeCompare(y, undefined, {numeric: true});
      return order;
    });
    body.append(...rows);
  });
}
"""


def _page(batch: Batch, found: list[Area], made: str) -> str:
    policy = (
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
        "base-uri 'none'; form-action 'none'"
    )
    columns = (
        "Report", "Audience", "Checked against", "Gaps", "Candidates", "Records", "Errors",
        "Warnings", "Data as of", "Made", "This batch", "Other formats",
    )  # fmt: skip
    numbers = {3, 4, 5, 6, 7}
    heads = "".join(
        f'<th scope="col"{" class=n" if i in numbers else ""}>{name}</th>'
        for i, name in enumerate(columns)
    )
    drafts = any("DRAFT" in a.document_status for a in found)
    sample = any("SAMPLE" in a.document_status for a in found)
    marks = (
        '<p class="mark">Reports marked DRAFT have not been signed by anybody.'
        + (
            " Those marked SAMPLE rest on a sample of PubMed records and are no basis for a real "
            "activity."
            if sample
            else ""
        )
        + "</p>"
        if drafts or sample
        else ""
    )
    done = (
        f"{batch.count('made')} made, {batch.count('current')} current, "
        f"{batch.count('failed')} failed in the last batch"
    )
    notes = "".join(f'<p class="small">{html.escape(note)}</p>' for note in batch.notes)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Needs assessments</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Needs assessments</h1><p>{len(found)} reports; {done}. "
        f'<span class="small">Written {html.escape(made)} (UTC).</span></p>{marks}{notes}'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Reports"><table><thead><tr>'
        f"{heads}</tr></thead><tbody>{''.join(map(_row, found))}</tbody></table></div></main>"
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _row(area: Area) -> str:
    title = html.escape(area.topic or area.name)
    if "report.html" in area.formats:
        title = f'<a href="{_link(area, "report.html")}">{title}</a>'
    if area.topic and area.name != area.topic:
        title += f'<br><span class="small">{html.escape(area.name)}</span>'
    marks = ", ".join(m for m in ("DRAFT", "SAMPLE") if m in area.document_status)
    if marks:
        title += f'<br><span class="small">{marks}</span>'
    others = ", ".join(
        f'<a href="{_link(area, file)}">{name}</a>'
        for name, file in LINKS.items()
        if file in area.formats
    )
    state = html.escape(area.state)
    if area.state == "failed":
        state = f'<span class="failed">failed</span>: {html.escape(area.why)}'
    elif area.why:
        state += f'<br><span class="small">{html.escape(area.why)}</span>'
    cells = [
        f"<td>{title}</td>",
        f"<td>{html.escape(area.audience)}</td>",
        f"<td>{html.escape(area.accreditor)}</td>",
        *(
            f'<td class="n">{"" if n is None else f"{n:,}"}</td>'
            for n in (area.gaps, area.candidates, area.records, area.errors, area.warnings)
        ),
        f'<td class="d">{html.escape(area.data_date)}</td>',
        f'<td class="d">{html.escape(area.made_at[:10])}</td>',
        f"<td>{state}</td>",
        f"<td>{others}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _link(area: Area, file: str) -> str:
    return html.escape(quote(f"{area.run}/{file}"))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
