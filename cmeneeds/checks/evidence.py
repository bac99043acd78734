"""Is the evidence recent, of several kinds, and fit for what it carries? Rules L25 to L32."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cmeneeds.checks.basis import ANCC_CURRENT, ROYAL_COLLEGE, SII_1, Basis, house
from cmeneeds.checks.registry import Found, NotDecided, document_rule
from cmeneeds.checks.text import shown
from cmeneeds.checks.view import View, name_of
from cmeneeds.frames import each_row, known, text_of

if TYPE_CHECKING:
    from cmeneeds.works import Work

_PUBLISHED = {"peer-reviewed literature", "guideline or consensus"}


@document_rule(
    "L25", "warning", "Current practice rests on sources of the last years, burden on newer ones.",
    basis=ANCC_CURRENT, todo="Find newer figures, or say why the old one still holds.",
    on=("run",),
)  # fmt: skip
def sources_are_recent(view: View) -> Iterator[Found]:
    """Against the day that the report speaks for; a guideline's version takes a reader."""
    year, limits = view.derived.brief.as_of.year, view.house.limits
    works = view.derived.records.works
    for gap in view.rows:
        if known(gap.cp_year) and year - int(gap.cp_year) > limits["practice_years"]:
            yield Found(
                f"its leading source is of {int(gap.cp_year)}", name_of(gap), near=gap.gap_id
            )
        if newer := text_of(gap.bp_superseded_by):
            yield Found(
                f"its guideline has a newer version: {newer}", name_of(gap), near=gap.gap_id
            )
    for card in view.reading.passages:
        if card.label != "BURDEN":
            continue
        published = works[works.key_of(card.address)].year
        if published and year - published > limits["burden_years"]:
            yield Found(f"burden: {published}: “{shown(card.text, 60)}”", near=card.address)


@document_rule(
    "L26", "warning", "Half of the references are of the last years.",
    basis=ANCC_CURRENT, todo="Cite newer work where there is any.",
)  # fmt: skip
def references_are_recent(view: View) -> Iterator[Found]:
    """The median age of what is cited."""
    years = [y for r in view.references if (y := _year(r.text, r.item)) is not None]
    if not years:
        raise NotDecided("no reference states a year that could be read")
    now = view.assessment.brief.as_of.year if view.assessment else max(years)
    age = statistics.median(now - y for y in years)
    if age > view.house.limits["reference_years"]:
        yield Found(f"the median age is {age:g} years", "References")


def _year(text: str, item: dict[str, object] | None) -> int | None:
    if item is not None:
        issued = item.get("issued")
        parts = issued.get("date-parts") if isinstance(issued, dict) else None
        return int(parts[0][0]) if parts else None
    found = re.search(r"\b((?:19|20)\d\d)(?=[;. ])", text)
    return int(found[1]) if found else None


@document_rule(
    "L27", "warning", "Two kinds of sources speak for each gap, one of them beyond the literature.",
    basis=Basis("house custom", "several kinds of sources beside the literature search"),
    todo="Add the provider's own data, interviews or prior outcomes, or say why there are none.",
    on=("run",),
)  # fmt: skip
def sources_are_of_several_kinds(view: View) -> Iterator[Found]:
    """As the register counts them."""
    for row in _register(view):
        kinds = [k for k in text_of(row.source_types).split("; ") if k]
        if len(kinds) < 2 or set(kinds) <= _PUBLISHED:
            yield Found(", ".join(kinds) or "none", name_of(row), near=row.gap_id)


@document_rule(
    "L28", "warning", "Perceived and unperceived need are both shown.",
    basis=ROYAL_COLLEGE, todo="Ask the learners, and measure: the one without the other misleads.",
    on=("run",),
)  # fmt: skip
def both_needs_are_shown(view: View) -> Iterator[Found]:
    """What learners say of themselves, and what tests, audits and the literature show."""
    for row in _register(view):
        if text_of(row.needs_shown) != "perceived and unperceived":
            yield Found(
                f"shown: {text_of(row.needs_shown) or 'neither'}", name_of(row), near=row.gap_id
            )


def _register(view: View) -> Iterator[Any]:
    register = view.derived.register
    return each_row(register[register["decision"] != "reject"])


@document_rule(
    "L29", "warning", "A recommendation is quoted with the strength that its source gives it.",
    basis=SII_1, todo="Read class and level of evidence in the guideline itself and quote them.",
    on=("run",),
)  # fmt: skip
def recommendations_state_their_strength(view: View) -> Iterator[Found]:
    """Decided only as far as: a guideline's passage states none."""
    for gap in view.rows:
        if text_of(gap.bp_passage) and bool(gap.bp_guideline) and not _graded(gap):
            yield Found("the passage states neither class nor strength", name_of(gap),
                        near=str(gap.bp_passage))  # fmt: skip


def _graded(gap: Any) -> bool:
    names = ("bp_strength", "bp_grade", "bp_level")
    return any(text_of(getattr(gap, name, "")) for name in names)


_UNREVIEWED = {"Preprint": "preprint", "Congress": "congress report", "News": "news item",
               "Newspaper Article": "news item", "Press Release": "press release"}  # fmt: skip


@document_rule(
    "L30", "warning", "Preprints, congress abstracts and press releases are called so.",
    basis=house("work that nobody reviewed"), todo="Name what it is beside the citation.",
)  # fmt: skip
def unreviewed_work_is_labelled(view: View) -> Iterator[Found]:
    """By the record's publication types; of a draft, by the words of the entry."""
    if view.kind == "draft" and view.assessment is None:
        for r in view.references:
            text = r.text.casefold()
            if re.search(r"\b(?:medrxiv|biorxiv|ssrn|research square)\b", text) and (
                "preprint" not in text
            ):
                yield Found(f"{r.key}. {shown(r.text, 60)}: a preprint", "References",
                            near=r.text[:40])  # fmt: skip
        return
    for work in view.cited_works:
        types = work.article.type_names if work.article else ()
        kind = next((_UNREVIEWED[t] for t in types if t in _UNREVIEWED), "")
        if kind and not any(work.key in b.keys and kind in b.text.casefold() for b in view.blocks):
            yield Found(f"{work.key} is a {kind}: {shown(work.title, 60)}", near=work.key)


@document_rule(
    "L31", "warning", "No figure rests on a review article alone.",
    basis=house("reviews retell figures"), todo="Cite the study that measured it.",
    on=("run",),
)  # fmt: skip
def figures_rest_on_studies(view: View) -> Iterator[Found]:
    """Rows with a figure whose sources are all narrative reviews."""
    works = view.derived.records.works
    for gap in view.rows:
        if not known(gap.cp_value):
            continue
        sources = {works.key_of(a) for a in text_of(gap.passages).split("; ") if a}
        if sources and all(_is_review(works[key]) for key in sources):
            yield Found("all its sources are narrative reviews", name_of(gap), near=gap.gap_id)


def _is_review(work: Work) -> bool:
    return work.design.name == "narrative review"


_ANIMALS = re.compile(
    r"\b(?:mice|mouse|murine|rats?|rabbits?|zebrafish|porcine|canine|in vitro|cell lines?)\b", re.I
)


@document_rule(
    "L32", "warning", "No study of animals or cells carries a claim about practice.",
    basis=house("practice is what people do"), todo="Take it out, or say what it is cited for.",
    on=("run",),
)  # fmt: skip
def claims_are_about_people(view: View) -> Iterator[Found]:
    """By headings, and by the title where the record has none."""
    for work in view.cited_works:
        if work.article is None:
            continue
        headings = {m.name for m in work.article.mesh}
        animal = "Animals" in headings and "Humans" not in headings
        if animal or (not headings and _ANIMALS.search(work.title)):
            yield Found(f"{work.key}: {shown(work.title, 60)}", near=work.key)
