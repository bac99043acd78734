"""Are numbers, citations and references in order? Rules L20 to L24, L33 to L36 and L66."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmeneeds.checks.basis import AMA, house
from cmeneeds.checks.registry import Found, NotDecided, Severity, document_rule
from cmeneeds.checks.text import CITED, QUOTED, blocks_of_word, shown, words
from cmeneeds.checks.view import View
from cmeneeds.evidence.numbers import numbers

if TYPE_CHECKING:
    from cmeneeds.works import Work

_HELD = re.compile(r"\b(?:10\.\d{4,9}/\S+|PMID:? ?\d+|PMC\d+)|https?://\S+", re.IGNORECASE)
_GRAVE = ("retracted", "retraction notice", "expression of concern")
# "10.1", "3A", "type 2", "Moore 4", "24 months": numbers that state no result.
_NO_RESULT = re.compile(
    r"\b(?:19|20)\d\d(?:[-–]\d\d(?:[-–]\d\d)?)?\b|\b(?:types?|grade|stage|class|level|levels|phase|"
    r"table|figure|appendix|section|step|Moore|gap|candidate|row|version|edition|page) \d[\w.]*|"
    r"\b\d+(?:[-–]\d+)?[- ](?:months?|weeks?|years?|days?|hours?|minutes?|words?|pages?)\b|"
    r"\b[A-Za-z]+-?\d[\w-]*|^\d+[.)]",
    re.IGNORECASE,
)


@document_rule(
    "L20", "error", "Every number in the text leads to a passage or to who gave it.",
    basis=house("no number without a passage"),
    todo="Cite the source in the same sentence, or take the number out.",
)  # fmt: skip
def numbers_lead_somewhere(view: View) -> Iterator[Found]:
    """Of a run: numbers in no span. Of a draft: in sentences that cite and link nothing."""
    if view.kind == "run":
        for loose in view.reading.loose:
            near = " ".join(loose.context.split())
            yield Found(f"{loose.token} in “{shown(near, 80)}”", near=near)
        return
    linked = _linked(view)
    for block in view.prose:
        for sentence in block.sentences:
            if CITED in sentence:
                continue
            bare = _NO_RESULT.sub(" ", sentence)
            loose_ones = [n for n in numbers(bare) if n.kind != "plain" or bare[n.start].isdigit()]
            said = [bare[n.start : n.end].strip() for n in loose_ones]
            said = [s for s in said if (s not in linked.get(block.text, ()))]
            if said:
                # Without its run, what the tool counted cannot be told from what was added.
                severity: Severity = "error" if view.assessment else "warning"
                yield Found(f"{', '.join(said[:3])} in “{shown(sentence)}”", block.where, severity)


def _linked(view: View) -> dict[str, set[str]]:
    """Texts that link to an evidence card, by the text of their block."""
    found: dict[str, set[str]] = defaultdict(set)
    if view.word is None:
        return found
    for paragraph in view.word.body:
        texts = {k.text for k in paragraph.links if k.target.startswith("p-")}
        if texts:
            alone = type(view.word)(path=view.word.path, paragraphs=(paragraph,))
            for block in blocks_of_word(alone):
                found[block.text] |= texts
    return found


@document_rule(
    "L21", "error", "Every citation leads to one reference, and every reference is cited.",
    basis=AMA, todo="Add the reference, cite it, or take it out of the list.",
)  # fmt: skip
def citations_and_references_match(view: View) -> Iterator[Found]:
    """Both ways, and no entry twice."""
    listed = [r.key for r in view.references]
    for key in view.cited:
        if key not in listed:
            yield Found(f"{key} is cited but not in the list of references", near=key)
    for key in dict.fromkeys(listed):
        if listed.count(key) > 1:
            yield Found(f"reference {key} stands in the list twice", "References", near=key)
        if key not in view.cited:
            yield Found(f"reference {key} is not cited", "References", near=key)


@document_rule(
    "L22", "error", "Every reference has a title and a PMID, DOI or address.",
    basis=house("references must be found by whoever checks them"),
    todo="Complete the entry from the source itself.",
)  # fmt: skip
def references_can_be_found(view: View) -> Iterator[Found]:
    """What is printed is compared with the fetched record by ``verify``."""
    if not view.references and view.cited:
        raise NotDecided("no list of references could be read")
    for r in view.references:
        if r.item is None:
            # The provider's own data are told as such, and lead nowhere outside.
            if not _HELD.search(r.text) and "unpublished data" not in r.text.casefold():
                yield Found(f"{r.key}. {shown(r.text)}", "References", near=r.text[:40])
            continue
        own = view.derived.records.works[r.key].document
        unpublished = own is not None and own.role == "learner"
        if not r.item.get("title"):
            yield Found(f"{r.key} has no title", "References", near=r.key)
        if not unpublished and not any(r.item.get(k) for k in ("PMID", "DOI", "URL", "PMCID")):
            yield Found(f"{r.key} has neither PMID, DOI nor address", "References", near=r.key)


@document_rule(
    "L23", "error", "No retracted work, and none under a notice of concern, is cited unmarked.",
    basis=house("retracted work is cited more often than authors know"),
    todo="Take the claim out, or mark the standing beside every citation.",
)  # fmt: skip
def standings_are_shown(view: View) -> Iterator[Found]:
    """Unknown is not clean: where nobody was asked, that is told too."""
    records = view.derived.records
    for work in view.cited_works:
        status = work.standing.status
        if status in _GRAVE and not _is_marked(view, work.key, status):
            yield Found(f"{work.key}: {status}: {shown(work.title)}", near=work.key)
    if not records.checked and view.cited_works:
        yield Found(
            "nobody asked PubMed whether the cited records were retracted since: their standing "
            "is unknown",
            "Methods",
            "warning",
        )


def _is_marked(view: View, key: str, status: str) -> bool:
    if view.kind == "run":
        uses = len(re.findall(rf"@{re.escape(key)}(?![\w-])", view.text))
        mark = rf"\[@{re.escape(key)}\] ?\[[^\]]*\]\{{\.status\}}"
        cards = sum(key in p.citations and p.status == status for p in view.reading.passages)
        return uses <= len(re.findall(mark, view.text)) + cards
    with_key = [b for b in view.blocks if key in b.keys]
    return all(status.split()[0] in b.text.casefold() for b in with_key)


@document_rule(
    "L24", "warning", "Data are cited from the work that measured them.",
    basis=AMA, todo="Find the primary source, read it and cite it.",
)  # fmt: skip
def sources_are_primary(view: View) -> Iterator[Found]:
    """Passages that quote another source, and sentences that say so."""
    if view.kind == "run":
        for card in view.reading.passages:
            if card.secondary:
                yield Found(f"“{shown(card.text)}” quotes another source", near=card.address)
    pattern = re.compile("|".join(view.house.secondary))
    for block in view.own:
        for sentence in block.sentences:
            if pattern.search(sentence):
                yield Found(f"“{shown(sentence)}”", block.where, near=shown(sentence))


@document_rule(
    "L33", "warning", "Words taken from a source stand in quotation marks.",
    basis=house("similar wording without quotation marks is plagiarism"),
    todo="Put the words in quotation marks, or say it in your own.",
)  # fmt: skip
def borrowed_words_are_quoted(view: View) -> Iterator[Found]:
    """Runs of words that a source of the run has too."""
    most = int(view.house.limits["quote_words"])
    sources: dict[tuple[str, ...], str] = {}
    for work in view.cited_works:
        for text in _texts(work):
            own = [w.casefold() for w in words(text)]
            for i in range(len(own) - most + 1):
                sources.setdefault(tuple(own[i : i + most]), work.key)
    for block in view.own:
        # A title is named, not borrowed.
        if block.kind not in ("paragraph", "item", "open"):
            continue
        for piece in re.split(f"[{QUOTED}{CITED}]", block.text):
            said = [w.casefold() for w in words(piece)]
            for i in range(len(said) - most + 1):
                if key := sources.get(tuple(said[i : i + most])):
                    alike = " ".join(said[i : i + most])
                    yield Found(f"“{shown(alike)}” as in {key}", block.where, near=shown(piece))
                    break


def _texts(work: Work) -> Iterator[str]:
    if work.article is not None:
        yield from (section.text for section in work.article.sections)
    if work.document is not None and work.document.role != "learner":
        yield from (part.text for part in work.document.parts if part.kind != "title")


@document_rule(
    "L34", "warning", "“Studies show” and its like carry a citation in the same sentence.",
    basis=AMA, todo="Cite the studies, or take the sentence out.",
)  # fmt: skip
def general_claims_are_cited(view: View) -> Iterator[Found]:
    """The list of such phrases is data."""
    pattern = re.compile("|".join(rf"\b(?:{p})\b" for p in view.house.unsupported), re.IGNORECASE)
    for block in view.prose:
        for sentence in block.sentences:
            if pattern.search(sentence) and CITED not in sentence and QUOTED not in sentence:
                yield Found(f"“{shown(sentence)}”", block.where, near=shown(sentence))


@document_rule(
    "L35", "error", "The same thing has the same number everywhere.",
    basis=house("numbers that differ between sections"),
    todo="Find out which of them is right.",
)  # fmt: skip
def numbers_agree(view: View) -> Iterator[Found]:
    """Of a run, counts of one name; of a draft, sentences that are the same but for a number."""
    if view.kind == "run":
        said: dict[str, str] = {}
        for count in view.reading.counts:
            first = said.setdefault(count.key, count.text)
            if first != count.text:
                yield Found(f"{count.key}: {first} and {count.text}", near=count.key)
        return  # all other numbers of a run lead to their own passages
    linked = _linked(view)
    masked: dict[str, tuple[str, str]] = {}
    for block in view.blocks:
        if block.kind not in ("paragraph", "item") or linked.get(block.text):
            continue
        for sentence in block.sentences:
            mask, values = _mask(sentence)
            if not values or len(words(mask)) < 6 or _POINTS_BACK.match(sentence):
                continue
            first_values, where = masked.setdefault(mask, (values, block.where))
            if first_values != values and where != block.where:
                yield Found(
                    f"“{shown(sentence)}” has {values}, under {shown(where, 40)} {first_values}",
                    block.where,
                    near=shown(sentence),
                )


# "The figure is 24%": about whatever was spoken of before.
_POINTS_BACK = re.compile(
    r"(?:the (?:figure|rate|share|record|source|study|survey|interval)|it|they|this|that|these|"
    r"those|of (?:them|these|those))\b",
    re.IGNORECASE,
)


def _mask(sentence: str) -> tuple[str, str]:
    bare = sentence.replace(CITED, "")
    # Sentences that quote are about different passages.
    if QUOTED in bare:
        return "", ""
    values = re.findall(r"\d[\d.,]*\s?%?", bare)
    return re.sub(r"\d[\d.,]*\s?%?", "#", bare).casefold(), ", ".join(v.strip() for v in values)


_OF = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,3}(?:,\d{3})+|\d+)\s?(?:/|of(?: the)?|out of)\s?"
    r"(?P<of>\d{1,3}(?:,\d{3})+|\d+)(?![\d/]|[.,]\d)[^.;%\d]{0,30}?\(?\s?(?P<p>\d{1,3}(?:\.\d+)?)\s?%|"
    r"(?<![\d.,])(?P<p2>\d{1,3}(?:\.\d+)?)\s?%\s?\((?P<n2>\d{1,3}(?:,\d{3})+|\d+)\s?(?:/|of)\s?"
    r"(?P<of2>\d{1,3}(?:,\d{3})+|\d+)\)"
)


@document_rule(
    "L36", "error", "Counts and percentages of one statement agree.",
    basis=house("percentages that do not follow from their counts"),
    todo="Compute it again from the source, and say which figure is wrong.",
)  # fmt: skip
def shares_add_up(view: View) -> Iterator[Found]:
    """Count, denominator and share, in the writer's words and in leading passages."""
    for block in view.own:
        for match in _OF.finditer(block.text):
            if not agrees(match):
                yield Found(f"“{shown(match[0])}”", block.where, near=match[0])
    if view.kind == "draft":
        return
    findings = view.derived.findings
    wrong = set(findings.loc[findings["agrees"].eq(False), "finding_id"])
    for gap in view.rows:
        if gap.cp_passage in wrong:
            yield Found(
                "count and percentage of the leading passage contradict each other",
                str(gap.gap_id),
                near=str(gap.cp_passage),
            )


def agrees(match: re.Match[str]) -> bool:
    """Whether n of N is p %, within the rounding of p."""
    part = int((match["n"] or match["n2"]).replace(",", ""))
    whole = int((match["of"] or match["of2"]).replace(",", ""))
    said = match["p"] or match["p2"]
    if not whole or part > whole:
        return part == whole
    places = len(said.partition(".")[2])
    return bool(abs(100 * part / whole - float(said)) <= 0.5 * 10**-places + 1e-9)


@document_rule(
    "L66", "warning", "Citations and references follow the AMA style.",
    basis=AMA, todo="Number by first citation; write doi:10...; et al comes after three.",
)  # fmt: skip
def follows_the_style(view: View) -> Iterator[Found]:
    """Of a run the style itself sets them; of a draft, order and forms are looked at."""
    if view.kind == "run":
        for r in view.references:
            doi = str((r.item or {}).get("DOI", ""))
            if doi and not re.match(r"10\.\d{4,9}/\S+$", doi):
                yield Found(f"{r.key}: {shown(doi)} is no DOI", "References", near=r.key)
        return
    assert view.word is not None
    last = 0
    for paragraph in view.word.body:
        for citation in paragraph.citations:
            for number in citation.numbers:
                if number > last + 1:
                    near = shown(paragraph.text)
                    yield Found(f"{number} is cited before {last + 1}", near, near=near)
                last = max(last, number)
    for r in view.references:
        for pattern, what in _FORMS:
            if re.search(pattern, r.text):
                yield Found(f"{r.key}. {what}: {shown(r.text, 60)}", "References", near=r.text[:40])


_FORMS = (
    (r"^(?!(?:[^,.]+, ){3}et al)[^.]*\bet al\b", "et al not behind three authors"),
    (r"https?://(?:dx\.)?doi\.org/", "a DOI as an address"),
    (r"\bdoi:\s+10\.", "a space behind doi:"),
)
