"""Is the process documented, and the document whole? Rules L60 to L64 and L67 to L69."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from cmeneeds.checks.basis import (
    ACCME_ABSTRACT,
    RACGP_EQUITY,
    Basis,
    house,
)
from cmeneeds.checks.objectives import for_row
from cmeneeds.checks.registry import Found, NotDecided, document_rule
from cmeneeds.checks.text import Block, shown, words
from cmeneeds.checks.view import View, name_of
from cmeneeds.frames import text_of
from cmeneeds.report.answers import questions_in


@document_rule(
    "L60", "error", "Gaps, needs, changes and formats keep the word limits of the abstract form.",
    basis=ACCME_ABSTRACT, todo="Shorten the text; look up the limits of the form in force.",
)  # fmt: skip
def texts_fit_the_form(view: View) -> Iterator[Found]:
    """Gap: current and best practice together. Of a draft: paragraphs and cells named so."""
    limits = view.house.limits
    if view.kind == "draft":
        for block in view.own:
            limit = next((limits[k] for pattern, k in _NAMED if pattern.search(_title(block))), 0)
            if limit and (n := len(words(_content(block)))) > limit:
                yield Found(f"{n} words, at most {limit}: “{shown(block.text, 60)}”", block.where,
                            near=shown(block.text))  # fmt: skip
        return
    for gap in view.rows:
        plan: Any = view.plans.get(str(gap.gap_id))
        texts = [("gap", f"{text_of(gap.current_practice)} {text_of(gap.best_practice)}",
                  limits["gap_words"])]  # fmt: skip
        texts += [
            (what, text_of(getattr(plan, column, "")), limits[limit])
            for what, column, limit in (
                ("need (knowledge)", "need_K", "need_words"),
                ("need (competence)", "need_C", "need_words"),
                ("need (performance)", "need_P", "need_words"),
                ("change", "objective", "change_words"),
                ("format", "format_rationale", "format_words"),
            )
        ]
        for what, text, limit in texts:
            if (n := len(words(text))) > limit:
                yield Found(f"{what}: {n} words, at most {limit}", name_of(gap), for_row(gap),
                            str(gap.gap_id))  # fmt: skip


_NAMED = (
    (re.compile(r"^(?:practice |the )?gap(?: statement)?s?$", re.I), "gap_words"),
    (re.compile(r"^(?:proposed |educational )?needs?\b(?! assess| at a)", re.I), "need_words"),
    (re.compile(r"^(?:designed to change|intended change|change)$", re.I), "change_words"),
    (re.compile(r"^(?:format rationale|why the format)", re.I), "format_words"),
)


def _title(block: Block) -> str:
    """What a block is called: the head of its column, or the words before its colon."""
    if block.kind == "cell":
        return block.column
    found = re.match(r"([^:.]{3,50}):\s", block.text)
    if found:
        return re.sub(r"\s*\([^)]*\)", "", found[1])
    statement = re.match(r"gap statement", block.section, re.IGNORECASE)
    return "gap" if statement and block.kind == "paragraph" else ""


def _content(block: Block) -> str:
    return re.sub(r"^[^:.]{3,50}:\s", "", block.text) if block.kind != "cell" else block.text


@document_rule(
    "L62", "error", "Each query is on record with its source, day, text and count.",
    basis=house("a search that can be repeated"), todo="Make the report again from a fresh search.",
    on=("run",),
)  # fmt: skip
def the_search_is_on_record(view: View) -> Iterator[Found]:
    """Sources beside the records may not tell a count; the record says so."""
    records = view.derived.records
    if not any(e.facet != "topic" for e in records.log):
        yield Found("no query is on record", "Methods")
    for entry in (*records.log, *records.beside):
        missing = [
            what
            for what, there in (
                ("source", entry.source), ("text", entry.query),
                ("day", entry.data_date or entry.notes),
                ("count", entry.count is not None or entry in records.beside),
            )
            if not there
        ]  # fmt: skip
        if missing:
            yield Found(f"no {', no '.join(missing)}", f"query {entry.facet}")


@document_rule(
    "L63", "warning", "The search is not older than ninety days on the day it speaks for.",
    basis=Basis("house custom", "an old assessment weakens a proposal"),
    todo="Search again before the proposal goes out.",
    on=("run",),
)  # fmt: skip
def the_search_is_fresh(view: View) -> Iterator[Found]:
    """By the day of the data; the day of submission is not known."""
    assessment = view.derived
    try:
        searched = date.fromisoformat(assessment.records.data_date[:10])
    except ValueError:
        yield Found("the day of the data is unknown", "Methods")
        return
    age = (assessment.brief.as_of - searched).days
    if age > view.house.limits["search_days"]:
        yield Found(f"the data are {age} days older than the day it speaks for", "Methods")


@document_rule(
    "L64", "warning", "Patients' views and equity were looked for, and what was found is told.",
    basis=RACGP_EQUITY, todo="Add what patients say and which groups are worse off, or the search.",
)  # fmt: skip
def patients_and_equity_are_there(view: View) -> Iterator[Found]:
    """Of a run both queries must have been asked; of any text both must be spoken of."""
    said = " ".join(b.text for b in view.blocks if b.own).casefold()
    for what, pattern in (
        ("patients' views", r"patient(?:s'|’s|s’)? (?:perspective|voice|view|experience)"),
        ("equity", r"dispar|inequit|equity|underserved"),
    ):
        if not re.search(pattern, said):
            yield Found(f"nothing is said of {what}")
    if view.kind == "run":
        asked = {e.facet for e in view.derived.records.log}
        for facet in ("patient_perspective", "disparities"):
            if facet not in asked:
                yield Found(f"the query {facet.replace('_', ' ')} was not asked", "Methods")


@document_rule(
    "L67", "error", "Nothing is left to fill in, and no section is empty.",
    basis=house("a reader stops at the first placeholder"),
    todo="Fill it in or take it out; callouts for the writer are open until answered.",
)  # fmt: skip
def nothing_is_left_over(view: View) -> Iterator[Found]:
    """Placeholders and empty sections; callouts for the writer are open."""
    pattern = re.compile("|".join(f"(?:{p})" for p in view.house.placeholders))
    for block in view.own:
        if found := pattern.search(block.text):
            yield Found(f"“{found[0]}” in “{shown(block.text, 60)}”", block.where,
                        near=shown(block.text))  # fmt: skip
    if view.kind == "draft":  # left as they were or not, they are open
        for block in view.blocks:
            if block.kind == "open":
                text = re.sub(r"^Awaiting writer\.\s*", "", block.text)
                yield Found(shown(text, 300), block.where, "open", shown(text))
    for question in questions_in(view.text):
        text = question.text.removeprefix(f"{question.where}: ")
        yield Found(text, question.where, "open", shown(text))
    yield from _empty_sections(view)


def _empty_sections(view: View) -> Iterator[Found]:
    blocks = view.blocks
    for here, after in zip(blocks, (*blocks[1:], None), strict=True):
        if here.kind != "heading" or here.text.casefold().startswith("references"):
            continue
        if after is None:
            # The last section may hold only what is not looked at, such as this check's own.
            if view.kind == "draft":
                yield Found(f"the section “{shown(here.text)}” is empty", here.where)
        elif after.kind == "heading" and after.level <= here.level:
            yield Found(f"the section “{shown(here.text)}” is empty", here.where, near=here.text)


@document_rule(
    "L68", "warning", "The body is as long as a reader of proposals expects.",
    basis=house("no public norm; practitioners' lists"),
    todo="Too long: move text to an appendix, or cut. Too short: add what is missing, or send the "
    "short form.",
)  # fmt: skip
def the_length_fits(view: View) -> Iterator[Found]:
    """Running words of the body: no quotations, tables, methods or appendices."""
    running = [b for b in view.blocks if b.in_body and b.kind in ("paragraph", "item")]
    if not running:
        raise NotDecided("there is no running text")
    n = sum(len(words(b.text)) for b in running)
    least, most = view.house.limits["report_words"]
    if not least <= n <= most:
        yield Found(f"{n:,} words; usual are {least:,} to {most:,}")


@document_rule(
    "L69", "warning", "The requirements of every accreditor of the brief are in the crosswalk.",
    basis=house("each system asks for other things"),
    todo="Name an accreditor whose profile comes with this version, or add the profile.",
    on=("run",),
)  # fmt: skip
def the_profile_is_applied(view: View) -> Iterator[Found]:
    """A profile of the data file, and its name in the text."""
    from cmeneeds.accreditation import profiles_of

    said = " ".join(b.text for b in view.blocks)
    with_profile = {profile.name for profile in profiles_of(view.derived)}
    for name in view.derived.brief.accreditor:
        if name not in with_profile:
            yield Found(f"no profile of {name} comes with this version")
        elif name not in said:
            yield Found(f"the text does not speak of {name}")
