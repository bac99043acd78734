"""How each thing of the street looks in a notebook, and in a terminal."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cmeneeds.errors import UsageError
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.workbench import page
from cmeneeds.workbench.abstracts import MEANINGS, abstract_html, marks_of
from cmeneeds.workbench.page import Column, View, link, text

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment
    from cmeneeds.report.run import Run
    from cmeneeds.retrieval import Records
    from cmeneeds.strategy import Strategy


def show(
    thing: Strategy | Records | Assessment | Run | pd.DataFrame,
    findings: pd.DataFrame | None = None,
    *,
    records: Records | None = None,
) -> View:
    """Show a table or an object of the street: sortable, with the passages behind each row.

    Parameters
    ----------
    thing : Strategy, Records, Assessment, Run or DataFrame
        Tables of findings, gaps and objectives are told by their columns; any other table is
        shown as it is.
    findings : DataFrame, optional
        Of records: what is marked in the abstracts. Default: what :func:`cmeneeds.find` says.
    records : Records, optional
        Of a strategy: what it found, so that each facet is shown with its count.

    Returns
    -------
    View
        Shows itself in a notebook; ``save(path)`` writes a page to print.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    import pandas as pd

    from cmeneeds.retrieval import Records
    from cmeneeds.strategy import Strategy

    if isinstance(thing, Records):
        return View(records_html(thing, findings), repr(thing))
    if isinstance(thing, pd.DataFrame):
        return View(table_html(thing), thing.to_string(max_rows=20, max_colwidth=60))
    if isinstance(thing, Strategy):
        found = known_counts(records) if records is not None else None
        return View(strategy_html(thing, found), str(thing))
    inner = getattr(thing, "_repr_html_", None)
    if inner is None or not type(thing).__module__.startswith("cmeneeds."):
        raise UsageError(
            f"{type(thing).__name__} is not shown here",
            "Show a strategy, records, a table, an assessment or a run.",
        )
    return View(inner(), repr(thing))


# --- strategy -----------------------------------------------------------------------------------


def pubmed_link(query: str, words: str = "open in PubMed") -> str:
    """A link to PubMed with a query filled in."""
    from urllib.parse import urlencode

    return link(f"https://pubmed.ncbi.nlm.nih.gov/?{urlencode({'term': query})}", words)


def strategy_html(strategy: Strategy, counts: Mapping[str, int | None] | None = None) -> str:
    """Blocks, facets with their counts where known, links to PubMed, and the linter's advice."""
    from cmeneeds.workbench.strategies import advice

    blocks = [("Topic", strategy.topic), ("Population", strategy.population)]
    blocks += [("Limit", limit) for limit in strategy.limits]
    blocks.append(("Without", strategy.exclusions))
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th><td><code>{text(block)}</code></td></tr>'
        for name, block in blocks
        if block
    )
    asked = []
    for facet, query in zip(strategy.facets, strategy.queries, strict=True):
        number = (counts or {}).get(facet.name)
        shown = f"{number:,}" if number is not None else ""
        asked.append(
            f"<tr><td><b>{text(facet.title)}</b><br>{text(facet.asks)}</td>"
            f'<td class="cn-number">{shown}</td><td>{pubmed_link(query.text)}'
            f"<details><summary>query</summary><code>{text(query.text)}</code></details></td></tr>"
        )
    said = "".join(f'<p class="cn-warn">{text(line)}</p>' for line in advice(strategy))
    topic = strategy.topic_query.text
    number = (counts or {}).get("topic")
    whole = f" ({number:,} records)" if number is not None else ""
    return (
        f"<h4>Search strategy: {text(strategy.brief.topic)}</h4><table>{rows}</table>"
        f"<p>{pubmed_link(topic, 'The topic alone in PubMed')}{whole}</p>"
        '<table><thead><tr><th scope="col">Facet</th><th scope="col">Records</th>'
        f'<th scope="col">Query</th></tr></thead><tbody>{"".join(asked)}</tbody></table>{said}'
    )


# --- records ------------------------------------------------------------------------------------

_RECORDS = (
    Column("pmid", "PMID", "pmid"),
    Column("year", "Year", "number"),
    Column("title", "Title"),
    Column("journal", "Journal"),
    Column("types", "Types"),
    Column("facets", "Found by"),
    Column("status", "Standing"),
)


def records_html(records: Records, findings: pd.DataFrame | None = None) -> str:
    """Records as a table; a row opens its abstract with the findings marked by class."""
    here = marks_of(records, findings)
    frame = records.table
    details = [abstract_html(a, here.get(a.pmid, ())) for a in records.articles]
    numbers = Counter(m.label for listed in here.values() for m in listed)
    legend = " ".join(
        f'<mark class="cn-{label}">{text(MEANINGS[label])} <sup>{label}</sup></mark> '
        f"{numbers[label]:,}"
        for label in MEANINGS
        if numbers[label]
    )
    head = f"<h4>{len(records):,} records</h4><p>{text(records.source)}</p>"
    if records.notice:
        head += f'<p class="cn-warn">{text(records.notice)}</p>'
    if records.screening:
        c = records.screened
        said = [(n, getattr(c, n)) for n in ("included", "excluded", "maybe", "conflict")]
        head += page.counts([*said, ("unscreened", c.unscreened)])
    if legend:
        head += f"<p>Click a row to read its abstract. Sentences found: {legend}</p>"
    return head + page.table(_RECORDS, list(_values(frame, _RECORDS)), details)


def _values(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[list[Any]]:
    return [list(row) for row in zip(*(frame[c.name].tolist() for c in columns), strict=True)]


# --- tables -------------------------------------------------------------------------------------

_FINDINGS = (
    Column("label", "Class"),
    Column("text", "Sentence"),
    Column("value", "Percent", "number"),
    Column("level", "Level"),
    Column("actor", "Actor"),
    Column("section_label", "Section"),
    Column("probability", "Sure", "number"),
    Column("pmid", "PMID", "pmid"),
)
_GAPS = (
    Column("rank", "Rank", "number"),
    Column("status", "Status"),
    Column("subject", "Subject"),
    Column("group", "Group"),
    Column("gap_type", "Type"),
    Column("cp_value_text", "Figure"),
    Column("sources_n", "Sources", "number"),
    Column("priority", "Priority", "number"),
    Column("decision", "Decision"),
)
_PLAN = (
    Column("subject", "Subject"),
    Column("gap_type", "Type"),
    Column("objective", "Objective"),
    Column("moore_level", "Moore level"),
    Column("outcome_measure", "Outcome measure"),
    Column("confirmed", "Confirmed"),
)


def table_html(frame: pd.DataFrame) -> str:
    """Any table of ours; findings, gaps and objectives with what stands behind each row."""
    has = set(frame.columns)
    if "finding_id" in has and "label" in has:
        return _special(frame, _FINDINGS, _finding_detail, "findings")
    if {"gap_id", "current_practice"} <= has:
        return _special(frame, _GAPS, gap_detail, "rows of the gap table")
    if "objective_id" in has:
        return _special(frame, _PLAN, _plan_detail, "objectives")
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype
    columns = [
        Column(
            str(c),
            str(c),
            "pmid" if c == "pmid" else "number" if numeric(frame[c]) else "text",
        )
        for c in frame.columns
    ]
    rows = zip(*(frame.iloc[:, i].tolist() for i in range(frame.shape[1])), strict=True)
    return page.table(columns, [list(row) for row in rows])


def _special(frame: pd.DataFrame, columns: tuple[Column, ...], detail: Any, words: str) -> str:
    shown = tuple(c for c in columns if c.name in frame.columns)
    details = [detail(row) for row in each_row(frame)]
    return f"<h4>{len(frame):,} {words}</h4>{page.table(shown, _values(frame, shown), details)}"


def _quote(row: Any, words: str, address: str, source: str) -> str:
    said = text_of(getattr(row, words, ""))
    if not said:
        return ""
    pmid = text_of(getattr(row, source, ""))
    where = f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"
    at = link(where, f"PMID {pmid}") if pmid.isdecimal() else ""
    return f"“{text(said)}” <span class='cn-note'>{text(getattr(row, address, ''))} {at}</span>"


def _lines(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"<p><b>{text(name)}.</b> {said}</p>" for name, said in pairs if said)


def _finding_detail(row: Any) -> str:
    cells = [
        ("Address", text(row.finding_id)),
        ("Figure", text(text_of(getattr(row, "value_text", "")))),
        ("Who", text(text_of(getattr(row, "who", "")))),
        ("Rates", text(text_of(getattr(row, "rates", "")))),
        ("Corrected", text(text_of(getattr(row, "corrected", "")))),
    ]
    if getattr(row, "secondary", False):
        cells.append(("Note", "seems to quote what others found"))
    return f"<p>“{text(row.text)}”</p>{_lines(cells)}"


def gap_detail(row: Any) -> str:
    """Both sides of a row, its cause and what is missing, each with its address, as HTML."""
    said = [
        ("Current practice", _quote(row, "current_practice", "cp_passage", "cp_pmid")),
        ("Best practice", _quote(row, "best_practice", "bp_passage", "bp_pmid")),
        ("Cause", _quote(row, "cause", "cause_passage", "cause_pmid")),
        ("Consequence", _quote(row, "consequence", "consequence_passage", "")),
    ]
    plain = {
        "missing": "Missing",
        "audience_fit": "Audience",
        "priority_words": "Why this rank",
        "decision_edits": "Edited",
        "decision_reason": "Reason",
        "decision_by": "Decided by",
        "decision_flag": "Look again",
        "flags": "Rules not met",
    }
    said += [(label, text(text_of(getattr(row, name, "")))) for name, label in plain.items()]
    return _lines(said) + f'<p class="cn-note">{text(row.gap_id)}</p>'


def _plan_detail(row: Any) -> str:
    names = {
        "need": "Need",
        "objective": "Objective",
        "outcome_measure": "Outcome measure",
        "instrument": "Instrument",
        "time_point": "When",
        "baseline": "Baseline",
        "competencies": "Competencies",
        "formats": "Formats",
        "addressable_reason": "What education can do",
        "non_educational_strategy": "What else is needed",
    }
    return _lines([(label, text(text_of(getattr(row, n, "")))) for n, label in names.items()])


# --- assessment and run -------------------------------------------------------------------------


def assessment_html(assessment: Assessment) -> str:
    """What an assessment holds: its standing, counts, and the gap table."""
    c = assessment.counts
    names = {
        "records.total": "records",
        "findings.total": "findings",
        "gaps.gap": "gaps",
        "gaps.candidate": "candidates",
        "gaps.rejected": "rejected",
        "screening.excluded": "records screened out",
    }
    return (
        f"<h4>{text(assessment.brief.heading)}</h4>"
        f'<p class="cn-warn">{text(assessment.status_line)}</p>'
        + page.counts((label, c[key]) for key, label in names.items() if key in c)
        + table_html(assessment.gaps)
    )


def assessment_words(assessment: Assessment) -> str:
    """An assessment in one line."""
    return (
        f"<{assessment.brief.topic}: {len(assessment.records)} records, "
        f"{len(assessment.findings)} findings, {len(assessment.gaps)} rows; "
        f"{assessment.status_line}>"
    )


def run_html(run: Run) -> str:
    """A finished run: what it is, where its files are, what was searched."""
    said = run.manifest
    files = sorted(cast("Mapping[str, str]", said.get("files", {})))
    first = [f for f in files if f.startswith("report.")]
    here = "".join(
        f"<li>{_file(run, name)}</li>" for name in (*first, *(f for f in files if f not in first))
    )
    source = cast("Mapping[str, Any]", said.get("source", {}))
    return (
        f"<h4>{text(said.get('brief', {}).get('topic', ''))}: {text(said.get('status'))}</h4>"
        f'<p class="cn-warn">{text(said.get("document_status"))}</p>'
        f"<p>{text(source.get('name'))}, {text(source.get('records'))} records; finished "
        f"{text(said.get('times', {}).get('finished', ''))}</p>"
        f"<details open><summary>{len(files)} files</summary><ul>{here}</ul></details>"
    )


def _file(run: Run, name: str) -> str:
    # Relative, so that the notebook server opens it and no machine's path is stored.
    try:
        path = os.path.relpath(run.folder / name)
    except ValueError:  # another drive
        path = name
    return f'<a href="{text(path)}" target="_blank">{text(name)}</a>'


def known_counts(records: Records) -> dict[str, int | None]:
    """Records that each query of a search found, for :func:`strategy_html`."""
    return {e.facet: e.count if known(e.count) else None for e in records.log}
