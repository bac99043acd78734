"""The search strategy: what is asked of PubMed, and what must never be.

All briefs here are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmeneeds import strategy as strategies
from cmeneeds.brief import Brief
from cmeneeds.errors import UsageError
from cmeneeds.library.query import DateRange, Group, Node, Term, parse
from cmeneeds.library.store import Library
from cmeneeds.records import Article, PartialDate, Section
from cmeneeds.strategy import all_facets, build_strategy

BRIEFS = sorted((Path(__file__).resolve().parents[1] / "briefs").glob("*.yaml"))
FACETS = {
    "practice_gap",
    "guideline",
    "barrier",
    "burden",
    "education",
    "disparities",
    "patient_perspective",
}


def make_brief(**fields: Any) -> Brief:
    given_fields: dict[str, Any] = {
        "topic": "made-up disease",
        "audience": [{"profession": "physicians"}],
        "years": {"first": 2016, "last": 2021},
        "as_of": "2021-06-08",
        **fields,
    }
    return Brief.model_validate(given_fields)


def leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Group):
        yield from leaves(node.first)
        for _, part in node.rest:
            yield from leaves(part)
    else:
        yield node


def terms_of(query: str) -> list[tuple[str, str]]:
    """(field, text) of every term of a query."""
    found = leaves(parse(query).root)
    return [(n.field, n.text + "*" * n.truncated) for n in found if isinstance(n, Term)]


def test_swapping_supporters_changes_no_query() -> None:
    def asked(supporter: str, company: str, trigger: str) -> tuple[str, ...]:
        brief = make_brief(
            synonyms=["madeupitis"],
            trigger=trigger,
            support={"status": "granted", "supporter": [supporter], "request": supporter},
            contributors=[
                {
                    "name": company,
                    "role": "expert",
                    "relationships": [{"company": company, "nature": "speaker"}],
                }
            ],
        )
        strategy = build_strategy(brief)
        assert supporter not in repr(strategy)
        assert company not in repr(strategy)
        return (*(q.text for q in strategy.queries), strategy.topic_query.text, str(strategy))

    assert asked("Alpha Pharma", "Alpha", "Alpha asked") == asked("Omega Bio", "Omega", "no")


def test_every_facet_asks_one_query_in_the_order_of_the_data() -> None:
    data = yaml.safe_load((Path(strategies.__file__).parent / "data/facets.yaml").read_text())
    names = [item["name"] for item in data]
    assert set(names) >= FACETS
    queries = build_strategy(make_brief()).queries
    assert [q.facet for q in queries] == names
    for item, query in zip(data, queries, strict=True):
        asked = terms_of(query.text)
        for key, field in (
            ("mesh", "mh"),
            ("types", "pt"),
            ("text", "tiab"),
            ("title_words", "ti"),
        ):
            for term in item.get(key, ()):
                assert (field, term) in asked
    assert all(f.title and f.asks.endswith("?") for f in all_facets())


def test_facets_are_data_not_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = (
        "- {name: cost, title: Cost, asks: 'What does it cost?', text: [price*], types: [Review]}\n"
    )
    (tmp_path / "facets.yaml").write_text(own)
    monkeypatch.setattr(strategies, "files", lambda package: tmp_path)
    all_facets.cache_clear()
    try:
        (query,) = build_strategy(make_brief()).queries
    finally:
        all_facets.cache_clear()
    assert query.facet == "cost"
    assert {("tiab", "price*"), ("pt", "Review")} <= set(terms_of(query.text))


def test_facets_may_be_chosen_and_unknown_ones_are_refused() -> None:
    strategy = build_strategy(make_brief(), ["burden", "guideline"])
    assert [q.facet for q in strategy.queries] == ["burden", "guideline"]
    with pytest.raises(UsageError) as caught:
        build_strategy(make_brief(), ["burden", "fashion"])
    assert "'fashion'" in str(caught.value)
    assert "practice_gap" in str(caught.value)
    assert caught.value.exit_code == 2


def test_topic_is_asked_by_heading_and_words() -> None:
    strategy = build_strategy(
        make_brief(mesh=["Made-up Disease"], synonyms=["madeupitis", "mudd*"])
    )
    assert terms_of(strategy.topic) == [
        ("mh", "Made-up Disease"),
        ("tiab", "madeupitis"),
        ("tiab", "mudd*"),
    ]


def test_without_synonyms_the_topic_itself_is_asked() -> None:
    assert terms_of(build_strategy(make_brief()).topic) == [("tiab", "made-up disease")]


def test_a_synonym_given_twice_is_asked_once() -> None:
    topic = build_strategy(make_brief(synonyms=["Flux", "flux", "other"])).topic
    assert [text.lower() for _, text in terms_of(topic)] == ["flux", "other"]


def test_every_query_has_years_languages_and_leaves_animals_out() -> None:
    strategy = build_strategy(make_brief(languages=["english", "french"]))
    for query in (*strategy.queries, strategy.topic_query):
        nodes = list(leaves(parse(query.text).root))
        dates = [n for n in nodes if isinstance(n, DateRange)]
        assert [(d.field, d.first, d.last) for d in dates] == [("dp", 20160101, 20211231)]
        assert {("la", "english"), ("la", "french")} <= set(terms_of(query.text))
        assert query.text.endswith(" NOT (animals[mh] NOT humans[mh])")


HOSTILE = [
    'flux" OR cancer[ti] OR "x',
    "flux” OR cancer[ti] OR “x",
    "flux＂ OR cancer[ti] OR ＂x",
    "flux„ OR cancer[ti] OR ‟x",
    "flux] OR cancer[ti",
    "flux) OR (cancer",
    "flux OR cancer",
    "flux\n OR cancer",
    "flux\x00 OR cancer",
    "flux #1",
]


@pytest.mark.parametrize("term", HOSTILE)
@pytest.mark.parametrize("place", ["synonyms", "mesh", "population", "topic"])
def test_a_term_cannot_break_out_of_its_quotes(term: str, place: str) -> None:
    fields: dict[str, Any] = {place: [term]}
    if place == "population":
        fields = {"population": {"description": "x", "terms": [term]}}
    elif place == "topic":
        fields = {"topic": term}
    plain = make_brief(**{"topic": "flux"} if place == "topic" else {})
    hostile = build_strategy(make_brief(**fields))
    reference = build_strategy(plain)
    for query, other in zip(hostile.queries, reference.queries, strict=True):
        extra = 0 if place in ("topic", "synonyms") else 1
        assert parse(query.text).terms == parse(other.text).terms + extra
        assert not any(text == "cancer" for _, text in terms_of(query.text))


@pytest.mark.parametrize("term", ['""', "“”", ' " " '])
def test_a_term_of_nothing_but_quotes_is_refused_or_left_out(term: str) -> None:
    try:
        queries = build_strategy(make_brief(synonyms=[term, "flux"])).queries
        asked = [terms_of(q.text) for q in queries]
    except UsageError:
        return
    assert all(("tiab", "flux") in terms for terms in asked)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(min_size=3, max_size=40).filter(
            lambda t: len(t.strip()) >= 3 and any(c.isascii() and c.isalnum() for c in t)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_the_synonyms_each_is_one_term_or_refused(synonyms: list[str]) -> None:
    strategy = build_strategy(make_brief(synonyms=synonyms))
    words = {s.casefold() for s in synonyms}
    try:
        terms = terms_of(strategy.topic)
    except UsageError:
        assert any("*" in s for s in synonyms)  # PubMed takes an asterisk at the end only
        return
    assert 1 <= len(terms) <= len(words)
    assert {field for field, _ in terms} == {"tiab"}


def test_population_terms_narrow_and_its_description_does_not(
    tmp_path: Path, make_article: Callable[..., Article]
) -> None:
    records = [
        make_article(
            pmid=1,
            title="Prevalence of flux in elderly adults",
            published=PartialDate("2020", 2020),
        ),
        make_article(pmid=2, title="Prevalence of flux", sections=(Section("In children."),)),
        make_article(pmid=3, title="Prevalence of other things in elderly adults"),
        make_article(
            pmid=4, title="Prevalence of flux in elderly", published=PartialDate("2011", 2011)
        ),
        make_article(pmid=5, title="Prevalence of flux in elderly", languages=("fre",)),
    ]

    def found(**fields: Any) -> tuple[int, ...]:
        strategy = build_strategy(make_brief(synonyms=["flux"], **fields), ["burden"])
        return library.search(strategy.queries[0].text).pmids

    with Library.open(tmp_path / "library.sqlite", create=True) as library:
        library.add(records, "made up")
        assert found() == (2, 1)
        assert found(population="elderly adults") == (2, 1)
        described = {"description": "the old", "terms": ["elderly", "aged"]}
        assert found(population=described) == (1,)


@pytest.mark.parametrize("path", BRIEFS, ids=lambda p: p.stem)
def test_every_query_of_every_example_brief_can_be_read(path: Path) -> None:
    strategy = build_strategy(Brief.load(path))
    for query in (*strategy.queries, strategy.topic_query):
        assert parse(query.text).ignored == ()
    assert {q.facet for q in strategy.queries} >= FACETS


@pytest.mark.sample
@pytest.mark.parametrize("path", BRIEFS, ids=lambda p: p.stem)
def test_every_example_brief_finds_records_in_the_sample(
    path: Path, sample_library: Library
) -> None:
    strategy = build_strategy(Brief.load(path))
    whole = set(sample_library.search(strategy.topic_query.text).pmids)
    assert len(whole) >= 20
    counts = {q.facet: sample_library.search(q.text) for q in strategy.queries}
    assert all(set(result.pmids) <= whole for result in counts.values())
    assert counts["practice_gap"].count > 0
    assert counts["guideline"].count > 0
