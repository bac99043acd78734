"""Rules over a run and over a Word file: each finds what it should and leaves the rest alone.

Every disease, drug, record and report here is made up, except the trade names, which are those of
the house list.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import test_report_runs as runs

from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.checks import all_rules
from cmeneeds.checks.basis import Basis
from cmeneeds.checks.house import House, load_house
from cmeneeds.checks.registry import DOCUMENT_RULES, UNDECIDED, Found, NotDecided
from cmeneeds.checks.result import check_view
from cmeneeds.checks.rules import RULES
from cmeneeds.checks.text import blocks_of_report
from cmeneeds.checks.view import Reference, View, draft_view
from cmeneeds.errors import UsageError
from cmeneeds.records import Related, Section, Term
from cmeneeds.report.pandoc import run_pandoc
from cmeneeds.report.references import csl
from cmeneeds.retrieval import Records
from cmeneeds.search_log import SearchEntry

PROJECT = Path(__file__).resolve().parents[1]
all_rules()  # rules declare themselves when they are listed

BRIEF = """\
topic: zandoric fever
audience: [{profession: nurses, specialty: infusion, setting: clinics, country: Norway}]
trigger: An audit of our own wards (made up).
years: 2015-2021
as_of: 2021-06-01
accreditor: [ACCME]
activity: {type: performance improvement, credit_hours: 1}
contributors:
  - {name: A. Writer (made up), role: medical writer, disclosed_on: 2021-05-01, relationships: []}
source: library
"""

AT = "101.1.0-84"
TEXT = f"""\
# Executive summary

Nurses check the made-up dose of zandoric fever too seldom.
In one survey [24%]{{.figure passage="{AT}"}} knew how [@pmid-101].
A guideline asks them to check it [@pmid-102].

# Learner and stakeholder input

Patient perspective: the query was asked. Disparities: the query was asked.

# Accreditation crosswalk

Checks against what ACCME asks for.

# Independence and disclosure

**Automated methods.** A learned model labelled the sentences.

# References

::: {{#refs}}
:::
"""
LIMITS = "limits: {report_words: [5, 4000]}\n"


def entry(facet: str, **fields: Any) -> SearchEntry:
    given = {
        "facet": facet, "question": "What is there (made up)?", "source": "a made-up library",
        "data_date": "2021-05-30", "query": f"zandoric fever {facet}", "translation": "",
        "count": 4, "retrieved": 4, "new": 4, "notes": "",
    }  # fmt: skip
    return SearchEntry(**(given | fields))


def records(**changes: Any) -> Records:
    """Four made-up records: practice, guideline, cause, burden."""
    articles = {a.pmid: a for a in runs.made_up_records() if a.pmid in (101, 102, 103, 104)}
    for pmid, fields in changes.pop("articles", {}).items():
        articles[pmid] = runs.made_up_article(
            **({"pmid": pmid, "title": articles[pmid].title, "keywords": articles[pmid].keywords,
                "sections": articles[pmid].sections,
                "publication_types": articles[pmid].publication_types} | fields)
        )  # fmt: skip
    log = [entry(f) for f in ("topic", "guideline", "patient_perspective", "disparities")]
    fields: dict[str, Any] = {
        "articles": tuple(sorted(articles.values(), key=lambda a: -a.pmid)),
        "facets": dict.fromkeys(articles, ("guideline",)),
        "log": tuple(log),
        "source_kind": "library",
        "source": "a made-up library",
        "notice": "",
        "data_date": "2021-05-30",
        "searched_at": "2021-05-30T10:00:00+00:00",
        "checked": "2021-05-30",
    }
    return Records(**(fields | changes))


@pytest.fixture(scope="module")
def base() -> Assessment:
    return assess(Brief.parse(BRIEF), records())


def changed(frame: pd.DataFrame, cells: dict[str, Any]) -> pd.DataFrame:
    """The same table with other cells in its first row."""
    frame = frame.copy()
    for column, value in cells.items():
        frame.loc[frame.index[0], column] = value
    return frame


def house(tmp_path: Path, text: str = "") -> House:
    path = tmp_path / "made-up.checks.yaml"
    path.write_text(LIMITS + text if "limits" not in text else text, "utf-8")
    return load_house(path)


def run_of(base: Assessment, tmp_path: Path, **case: Any) -> View:
    """A run like the good one but for what a case changes."""
    made = base
    if "articles" in case or "records" in case:
        made = assess(
            base.brief, records(**case.get("records", {}), articles=case.get("articles", {}))
        )
    if "brief" in case:
        made = replace(made, brief=Brief.parse(case["brief"]))
    gaps, objectives = made.gaps, made.objectives
    gaps = changed(gaps, {"status": "gap", "audience_flag": ""} | case.get("gap", {}))
    register = {"source_types": "peer-reviewed literature; learner data",
                "needs_shown": "perceived and unperceived"}  # fmt: skip
    one = objectives["gap_id"] == gaps["gap_id"].iloc[0]
    plan = changed(objectives[one], case.get("plan", {}))
    plan = plan.iloc[:0] if case.get("no_plan") else plan
    made = replace(made, gaps=gaps.head(1), objectives=plan)
    made.__dict__["register"] = made.register.assign(**(register | case.get("register", {})))
    text = TEXT.replace("# Learner", case.get("more", "") + "\n# Learner")
    for old, new in case.get("swap", {}).items():
        assert old in text
        text = text.replace(old, new)
    works = made.records.works
    cited = [k for k in works if f"@{k}" in text]
    item = case.get("item", {})
    listed = tuple(Reference(k, "", csl(works[k]) | item) for k in case.get("listed", cited))
    return View(
        "run", blocks_of_report(text), listed, house(tmp_path, case.get("house", "")), made, text
    )


def found(view: View, rule: str) -> list[Found]:
    if rule in RULES:
        return [f for o in check_view(view).outcomes if o.about.id == rule for f in o.found]
    return [
        f._replace(severity=f.severity or DOCUMENT_RULES[rule].severity)
        for f in DOCUMENT_RULES[rule].find(view)
    ]


LONG = "word " * 130

RUN_CASES: list[tuple[str, str, dict[str, Any]]] = [
    # rule, severity, what a bad run has
    ("L01", "error", {"gap": {"best_practice": None}}),
    ("L02", "error", {"gap": {"bp_source": "pmid-101"}}),
    ("L03", "error", {"gap": {"gap_type": None}}),
    ("L04", "error", {"gap": {"cause_passage": None}}),
    ("L05", "error", {"brief": BRIEF.replace("specialty: infusion, ", "")}),
    ("L06", "warning", {"gap": {"audience_flag": "measured in other countries only"}}),
    ("L07", "warning", {"gap": {"cp_denominator": None, "cp_low": None}}),
    ("L08", "error", {"gap": {"best_practice": None}}),
    ("L09", "warning", {"gap": {"current_practice": "Few studies of the made-up dose exist."}}),
    ("L12", "warning", {"gap": {"contradicting_passages": None}}),
    ("L13", "error", {"gap": {"cause_passage": None}}),
    ("L14", "warning", {"plan": {"cabana": "not coded"}}),
    ("L15", "warning", {"plan": {"addressable": "no", "non_educational_strategy": ""}}),
    ("L20", "error", {"more": "\nAbout 37% of nurses never check.\n"}),
    ("L20", "error", {"swap": {f'[24%]{{.figure passage="{AT}"}}': "34%"}}),
    ("L21", "error", {"listed": ["pmid-101"]}),
    ("L21", "error", {"listed": ["pmid-101", "pmid-102", "pmid-104"]}),
    ("L22", "error", {"articles": {104: {"title": ""}}, "more": "\nIt is rare [@pmid-104].\n"}),
    ("L23", "error", {"articles": {102: {"related": (Related("RetractionIn", 900, "x"),)}}}),
    ("L23", "warning", {"records": {"checked": ""}}),
    ("L24", "warning", {"more": "\nAs cited in Maker, nurses are few.\n"}),
    ("L24", "warning", {"more": f'\n::: {{.passage address="{AT}" label="RATE" secondary="yes"}}\n'
                                "> Quoted.\n:::\n"}),
    ("L25", "warning", {"gap": {"cp_year": 2012}}),
    ("L26", "warning", {"brief": BRIEF.replace("2021-06-01", "2026-06-01")}),
    ("L27", "warning", {"register": {"source_types": "peer-reviewed literature"}}),
    ("L28", "warning", {"register": {"needs_shown": "unperceived"}}),
    ("L29", "warning", {"gap": {"bp_strength": None, "bp_grade": None, "bp_level": None}}),
    ("L30", "warning", {"articles": {101: {"publication_types": (Term("Preprint"),)}}}),
    ("L31", "warning", {"articles": {101: {"publication_types": (Term("Review", "D016454"),),
                                           "title": "A review of dose checks in zandoric fever"}}}),
    ("L32", "warning", {"articles": {101: {"title": "Dose checks of zandoric fever in vitro"}}}),
    ("L33", "warning", {"articles": {102: {"sections": (Section(
        "Nurses should perform infusion pump dose checks in all patients at every change of the "
        "bag."),)}}, "more": "\nNurses should perform infusion pump dose checks in all patients "
                             "at every change of the bag.\n"}),
    ("L34", "warning", {"more": "\nStudies show that nurses are busy.\n"}),
    ("L35", "error", {"more": '\nThere are [4]{.count key="a"} of them.\n\n[5]{.count key="a"}\n'}),
    ("L36", "error", {"more": "\nOf them, 48 of 200 (42%) knew.\n"}),
    ("L40", "error", {"no_plan": True}),
    ("L41", "error", {"plan": {"objective": "Understand dose checks"}}),
    ("L41", "warning", {"plan": {"objective": "Select a dose and prescribe it"}}),
    ("L42", "warning", {"plan": {"objective": "List the doses"}, "gap": {"gap_type": "P"}}),
    ("L43", "warning", {"plan": {"moore_level": "7"}}),
    ("L44", "error", {"plan": {"time_point": ""}}),
    ("L45", "warning", {"more": "\nEach participant will get a card.\n"}),
    ("L46", "error", {"plan": {"competency_reason": ""}}),
    ("L47", "warning", {"plan": {"format_rationale": ""}}),
    ("L48", "warning", {"house": LIMITS.replace("}", ", objectives_per_hour: 0}")}),
    ("L50", "error", {"more": "\nLipitor is widely used.\n"}),
    ("L50", "warning", {"more": "\nLipitor (atorvastatin) is widely used.\n"}),
    ("L51", "error", {"gap": {"subject": "Zandorex"}, "house": "products: [Zandorex]\n"}),
    ("L51", "error", {"gap": {"subject": "Ozempic"}}),
    ("L51", "error", {"records": {"log": (entry("topic"), entry("guideline", query="Humira"))}}),
    ("L52", "warning", {"more": "\nA groundbreaking way to check doses.\n"}),
    ("L54", "warning", {"more": "\n" + "Zandorex is there. " * 12 + "\n",
                        "house": "products: [Zandorex]\n"}),
    ("L56", "open", {"brief": BRIEF.replace(", disclosed_on: 2021-05-01, relationships: []", "")}),
    ("L57", "error", {"brief": BRIEF.replace("An audit of our own wards", "A grant on offer")}),
    ("L57", "open", {"brief": BRIEF.replace("trigger: An audit of our own wards (made up).", "")}),
    ("L58", "error", {"swap": {"**Automated methods.** A learned model labelled": "He labelled"}}),
    ("L59", "error", {"more": "\nThe chart of MRN 00123456 was read.\n"}),
    ("L60", "error", {"gap": {"current_practice": LONG}}),
    ("L60", "error", {"plan": {"need_K": "word " * 51}}),
    ("L62", "error", {"records": {"log": (entry("topic"), entry("guideline", query=""))}}),
    ("L63", "warning", {"records": {"data_date": "2020-05-30"}}),
    ("L64", "warning", {"swap": {"Disparities: the query was asked.": ""}}),
    ("L65", "warning", {"more": f"\n# Burden\n\nThey {'really ' * 31}do.\n"}),
    ("L65", "warning", {"more": "\n# Burden\n\nThe ZFQ is used.\n"}),
    ("L66", "warning", {"item": {"DOI": "not a doi"}}),
    ("L67", "error", {"more": "\nTODO: ask the committee.\n"}),
    ("L67", "error", {"more": "\n# Burden\n\n# Causes\n\nNone.\n"}),
    ("L67", "open", {"more": "\n::: {.open-question}\n**Awaiting writer.** Who?\n:::\n"}),
    ("L68", "warning", {"house": "limits: {report_words: [1500, 4000]}\n"}),
    ("L69", "warning", {"swap": {"what ACCME asks for": "what is asked for"}}),
]  # fmt: skip


@pytest.fixture
def good(base: Assessment, tmp_path: Path) -> View:
    return run_of(base, tmp_path)


def test_a_good_run_passes_every_rule_that_is_decided(good: View) -> None:
    outcomes = {o.about.id: o for o in check_view(good).outcomes}
    failing = {id: o.found for id, o in outcomes.items() if o.state == "fails"}
    assert failing == {}
    assert [id for id, o in outcomes.items() if o.state == "open"] == ["L58"]
    assert {id for id, o in outcomes.items() if o.state == "not decided"} == set(UNDECIDED)


@pytest.mark.parametrize(("rule", "severity", "case"), RUN_CASES)
def test_each_rule_finds_its_example_in_a_run(
    base: Assessment, tmp_path: Path, rule: str, severity: str, case: dict[str, Any]
) -> None:
    assert severity in {f.severity for f in found(run_of(base, tmp_path, **case), rule)}


ROWS_TOGETHER = {"L10", "L11"}  # about several rows: test_gap_rules has their examples


def test_every_rule_has_a_failing_and_a_passing_example(good: View) -> None:
    shown = {rule for rule, _, _ in RUN_CASES}
    assert shown | ROWS_TOGETHER == (set(RULES) | set(DOCUMENT_RULES))
    passing = {o.about.id for o in check_view(good).outcomes if o.state in ("holds", "open")}
    assert passing == set(RULES) | set(DOCUMENT_RULES)


def test_every_rule_of_the_domain_is_decided_or_named_as_not() -> None:
    wanted = [*range(1, 16), *range(20, 37), *range(40, 49), *range(50, 70)]
    assert list(all_rules()) == [f"L{n:02}" for n in wanted]
    assert all(about.why for about in all_rules().values() if about.on == "not decided here")
    assert not set(UNDECIDED) & (set(RULES) | set(DOCUMENT_RULES))


# --- Word files ---------------------------------------------------------------------------------

DRAFT = """\
# Executive summary

Nurses check the made-up dose in 24% of infusions.^1^ A guideline asks them to check it.^2^

# Learner and stakeholder input

Patient perspective: searched, none found. Disparities: searched, none found.

# Learning objectives

- Select a dose for a patient with zandoric fever

# Independence and disclosure

Automated methods labelled the sentences.

# References

::: {custom-style="Bibliography"}
1\\. Maker U. A made-up survey of dose checks. *J Made Up*. 2020;1(1):1-9. doi:10.1000/madeup.1

2\\. Maker U. A made-up guideline. *J Made Up*. 2021;2(1):1-9. doi:10.1000/madeup.2
:::
"""

DRAFT_CASES: list[tuple[str, str, dict[str, str]]] = [
    ("L20", "warning", {"A guideline asks them": "Only 31% did at night. A guideline asks them"}),
    ("L21", "error", {"check it.^2^": "check it.^3^"}),
    ("L22", "error", {" doi:10.1000/madeup.1": ""}),
    ("L24", "warning", {"A guideline asks": "As cited in Maker, it helps. A guideline asks"}),
    ("L26", "warning", {"2020;1(1)": "1999;1(1)", "2021;2(1)": "2021;2(1)"}),
    ("L30", "warning", {"A made-up guideline. *J Made Up*": "A made-up text. *medRxiv*"}),
    ("L34", "warning", {"A guideline asks": "Studies show that it helps. A guideline asks"}),
    ("L35", "error", {"Patient perspective:": "Nurses check the made-up dose in 42% of infusions."
                      "^1^ Patient perspective:"}),
    ("L36", "error", {"24% of": "48 of 200 (42%) of"}),
    ("L41", "error", {"Select a dose": "Understand the dose"}),
    ("L45", "warning", {"A guideline asks": "Every participant gets a card. A guideline asks"}),
    ("L50", "error", {"A guideline asks": "Zoloft is used.^1^ A guideline asks"}),
    ("L52", "warning", {"A guideline asks": "A revolutionary guideline asks"}),
    ("L54", "warning", {"A guideline asks": "Metformin helps. " * 12 + "A guideline asks"}),
    ("L58", "error", {"Automated methods labelled": "We labelled"}),
    ("L59", "error", {"A guideline asks": "Patient number 00123456 was ill. A guideline asks"}),
    ("L60", "error", {"# Learning obj": f"# Gap statement\n\n{LONG}\n\n# Learning obj"}),
    ("L64", "warning", {"Disparities: searched, none found.": ""}),
    ("L65", "warning", {"A guideline asks": f"They {'really ' * 31}do. A guideline asks"}),
    ("L66", "warning", {"infusions.^1^": "infusions.^2^"}),
    ("L67", "error", {"A guideline asks": "[insert citation] A guideline asks"}),
    ("L68", "warning", {"A guideline asks": "It is so. " * 1600 + "A guideline asks"}),
]  # fmt: skip


def draft_of(tmp_path: Path, changes: dict[str, str]) -> View:
    text = DRAFT
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "made-up.docx"
    run_pandoc(["-f", "markdown", "-o", str(path)], text)
    return replace(draft_view(path), house=house(tmp_path))


def test_a_good_draft_passes_every_rule_that_is_decided(tmp_path: Path) -> None:
    outcomes = {o.about.id: o for o in check_view(draft_of(tmp_path, {})).outcomes}
    assert {id: o.found for id, o in outcomes.items() if o.state in ("fails", "open")} == {}
    holds = {id for id, o in outcomes.items() if o.state == "holds"}
    assert holds == {rule for rule, _, _ in DRAFT_CASES}
    # What a draft alone cannot tell is said, never passed over.
    assert all(o.why for o in outcomes.values() if o.state == "not decided")


@pytest.mark.parametrize(("rule", "severity", "changes"), DRAFT_CASES)
def test_each_rule_finds_its_example_in_a_word_file(
    tmp_path: Path, rule: str, severity: str, changes: dict[str, str]
) -> None:
    assert severity in {f.severity for f in found(draft_of(tmp_path, changes), rule)}


def test_a_number_that_was_added_is_an_error_where_the_run_is_known(
    base: Assessment, tmp_path: Path
) -> None:
    view = draft_of(tmp_path, {"A guideline asks": "Only 31% did at night. A guideline asks"})
    assert [f.severity for f in found(replace(view, assessment=base), "L20")] == ["error"]


def test_a_draft_without_its_run_says_what_it_needs(tmp_path: Path) -> None:
    outcomes = {o.about.id: o for o in check_view(draft_of(tmp_path, {})).outcomes}
    for rule in ("L23", "L33"):
        assert outcomes[rule].state == "not decided"
        assert "--run" in outcomes[rule].why


def test_a_retracted_paper_in_an_edited_draft_is_found_with_its_run(
    base: Assessment, tmp_path: Path
) -> None:
    retracted = assess(
        base.brief,
        records(articles={102: {"related": (Related("RetractionIn", 900, "made up"),)}}),
    )
    view = draft_of(tmp_path, {})
    blocks = tuple(replace(b, keys=tuple(f"pmid-10{k}" for k in b.keys)) for b in view.blocks)
    view = replace(view, assessment=retracted, blocks=blocks)
    assert [f.severity for f in found(view, "L23")] == ["error"]


# --- false alarms -------------------------------------------------------------------------------

QUIET: list[tuple[str, dict[str, Any]]] = [
    ("L34", {"more": "\nStudies show that nurses are busy [@pmid-101].\n"}),
    ("L34", {"more": "\nThey may expect more harm than the evidence shows.\n"}),
    ("L36", {"more": "\nOf them, 48 of 200 (24%) knew; 1 of 3 (33%) did.\n"}),
    ("L45", {"more": "\nStudy participants were asked.\n"}),
    ("L50", {"more": "\nAtorvastatin (Lipitor) and sertraline (Zoloft) are used.\n"}),
    ("L50", {"more": "\nThey abilify and prosper.\n"}),
    ("L51", {"gap": {"subject": "Metformin"}}),
    (
        "L35",
        {
            "more": "\nThe figure is 24%, a share of what is wanted.\n\n# Burden\n\n"
            "The figure is 30%, a share of what is wanted.\n"
        },
    ),
    ("L67", {"more": "\nTodorov's method and the xxx chromosome.\n"}),
]


@pytest.mark.parametrize(("rule", "case"), QUIET)
def test_what_is_in_order_raises_no_alarm(
    base: Assessment, tmp_path: Path, rule: str, case: dict[str, Any]
) -> None:
    assert found(run_of(base, tmp_path, **case), rule) == []


def test_a_trade_name_in_a_quotation_is_a_warning_only(base: Assessment, tmp_path: Path) -> None:
    words = "Nurses gave Lipitor to all of the patients there"
    quoted = f'\nThey said “[{words}]{{.figure passage="{AT}"}}”.\n'
    severities = {f.severity for f in found(run_of(base, tmp_path, more=quoted), "L50")}
    assert severities == {"warning"}


def test_for_a_candidate_error_rules_are_warnings(base: Assessment, tmp_path: Path) -> None:
    for rule in ("L01", "L44", "L60"):
        case: dict[str, Any] = {
            "L01": {"gap": {"status": "candidate", "best_practice": None}},
            "L44": {"gap": {"status": "candidate"}, "plan": {"time_point": ""}},
            "L60": {"gap": {"status": "candidate", "current_practice": LONG}},
        }[rule]
        assert {f.severity for f in found(run_of(base, tmp_path, **case), rule)} == {"warning"}


# --- bases --------------------------------------------------------------------------------------


def test_only_an_accreditors_own_rule_names_an_accreditor() -> None:
    names = re.compile(r"ACCME|EACCME|Joint Acc|ANCC|ACPE|Royal College|CFPC|RACGP|Standards for")
    for about in all_rules().values():
        if names.search(about.basis):
            assert about.basis.startswith("accreditor: "), about.id
            assert "excerpt, date unknown; verify" in about.basis
    with pytest.raises(ValueError, match="names an accreditor"):
        Basis("house custom", "as ACCME asks")
    with pytest.raises(ValueError, match="without source"):
        Basis("accreditor", "ACCME asks")


def test_no_rule_says_that_anything_is_compliant() -> None:
    for about in all_rules().values():
        said = (about.asks + about.todo).casefold()
        assert not any(word in said for word in ("complian", "certif", "approved"))
        assert about.todo


# --- switches -----------------------------------------------------------------------------------


def test_a_rule_is_switched_off_only_with_a_reason(base: Assessment, tmp_path: Path) -> None:
    case = {"plan": {"objective": "Understand dose checks"}}
    off = "off: {L41: the committee insists on its wording (made up)}\n"
    checked = check_view(run_of(base, tmp_path, house=off, **case))
    outcome = next(o for o in checked.outcomes if o.about.id == "L41")
    assert outcome.state == "off"
    assert "committee" in outcome.why
    assert outcome.found  # told, but not counted
    assert checked.errors == 0
    for text, said in (
        ("off: {L41: ''}\n", "reason is missing"),
        ("off: [L41]\n", "with a reason"),
        ("off: {L99: why not}\n", "no such rule"),
        ("of: {L41: why}\n", "unknown key"),
        ("limits: {sentence_words: many}\n", "no such limit"),
        ("products: {a: b}\n", "no list of texts"),
        ("off: [\n", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=said):
            house(tmp_path, text)


def test_a_rule_that_cannot_be_decided_never_passes(base: Assessment, tmp_path: Path) -> None:
    view = run_of(base, tmp_path, brief=BRIEF.replace(", credit_hours: 1", ""))
    with pytest.raises(NotDecided):
        list(DOCUMENT_RULES["L48"].find(view))
    outcome = next(o for o in check_view(view).outcomes if o.about.id == "L48")
    assert (outcome.state, bool(outcome.why)) == ("not decided", True)


def test_mentions_of_products_are_counted_under_any_name(base: Assessment, tmp_path: Path) -> None:
    words = "They all took Lipitor in the made-up survey of us"
    more = f'\nLipitor (atorvastatin) is used. “[{words}]{{.figure passage="{AT}"}}”\n'
    (mentions,) = check_view(run_of(base, tmp_path, more=more)).balance
    assert mentions == ("atorvastatin", 2, 1, 2)


# --- the page -----------------------------------------------------------------------------------


def test_the_page_lists_every_rule_as_it_is() -> None:
    page = (PROJECT / "docs" / "checks.md").read_text("utf-8")
    for about in all_rules().values():
        row = f"| {about.id} | {about.severity or '–'} | {about.on} | {about.asks} |"
        assert row in page, about.id
        assert (about.why or about.basis.partition(" (")[0].partition(":")[0]) in page
