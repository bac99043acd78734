"""Screening by keyboard: nothing chosen is lost, and what remains is said only with a basis."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import hypergeom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

import cmeneeds as cn
from cmeneeds.assessment import Assessment
from cmeneeds.decisions.screening import (
    SCREENING,
    Screened,
    ScreeningCounts,
    compare_screening,
    excluded,
    merge_screening,
    outcomes,
)
from cmeneeds.errors import ExportError, UsageError
from cmeneeds.records import Article, Section
from cmeneeds.retrieval import Records
from cmeneeds.workbench.ranking import Ranking, Sparse, fit
from cmeneeds.workbench.remaining import hypergeometric_limits, remaining
from cmeneeds.workbench.screen import Screening

BRIEF = """\
topic: hand hygiene
audience: {profession: nurses}
years: 2019-2021
source: sample
"""


@pytest.fixture
def brief_file(tmp_path: Path) -> Path:
    path = tmp_path / "hands.yaml"
    path.write_text(BRIEF, encoding="utf-8")
    return path


@pytest.fixture
def records(make_article: Callable[..., Article]) -> Records:
    """Made-up records: every third one is about hand hygiene."""
    articles = []
    for pmid in range(60, 0, -1):
        hands = "Only 40% of nurses adhered to the hand hygiene guideline."
        said = hands if pmid % 3 == 0 else "Mice were fed with maize."
        section = Section(f"{said} This record {pmid} is made up.")
        articles.append(make_article(pmid=pmid, sections=(section,)))
    return Records(
        tuple(articles), {a.pmid: ("practice_gap",) for a in articles}, (), "sample", "made up",
        "Made up.", "2021-06-08", "2021-06-08T00:00:00+00:00",
    )  # fmt: skip


@pytest.fixture
def screening(records: Records, brief_file: Path) -> Screening:
    return cn.screen(records, cn.Brief.load(brief_file), by="A. Writer")


def press(cards: Any, action: str, value: str = "") -> None:
    """What the browser sends when a key is pressed."""
    cards.widget._handle_custom_msg({"action": action, "card": cards.card(), "value": value}, [])


def test_a_choice_is_in_the_file_before_the_next_card(
    screening: Screening, brief_file: Path
) -> None:
    first = screening.card()
    press(screening, "include")
    second = screening.card()
    press(screening, "exclude", "Not about our learners")
    press(screening, "maybe")
    said = SCREENING.load(brief_file.with_name("hands.screening.csv"))
    assert [(w.pmid, w.decision, w.reason) for w in said][:2] == [
        (first, "include", ""),
        (second, "exclude", "Not about our learners"),
    ]
    assert {w.by for w in said} == {"A. Writer"}
    assert screening.widget.state["card"] == screening.card() not in (first, second)


def test_a_new_kernel_finds_every_choice_again(
    screening: Screening, records: Records, brief_file: Path
) -> None:
    press(screening, "include")
    press(screening, "exclude", "Not about the topic")
    again = cn.screen(records, brief_file, by="A. Writer")
    assert again.lines == screening.lines
    assert again.card() == screening.card()


def test_a_key_pressed_twice_decides_once(screening: Screening) -> None:
    message = {"action": "include", "card": screening.card(), "value": ""}
    screening.receive(message)
    screening.receive(message)
    assert len(screening.lines) == 1


def test_messages_that_make_no_sense_change_nothing(screening: Screening) -> None:
    for content in (None, [], {}, {"action": "rm", "card": screening.card()},
                    {"action": "include", "card": 7}, {"action": "include"},
                    {"action": "exclude", "card": screening.card(), "value": 3}):  # fmt: skip
        screening.receive(content)
    assert screening.lines == ()


def test_an_exclusion_needs_a_reason_and_says_so(screening: Screening) -> None:
    before = screening.card()
    press(screening, "exclude", " ")
    assert screening.card() == before
    assert "without a reason" in screening.widget.state["html"]


def test_undo_takes_back_ones_own_last_choice_only(
    screening: Screening, records: Records, brief_file: Path
) -> None:
    first = screening.card()
    press(screening, "include")
    other = cn.screen(records, brief_file, by="B. Reader")
    press(other, "include")
    press(screening, "undo")
    assert [w.by for w in SCREENING.load(screening.path)] == ["B. Reader"]
    assert int(first) in screening.unread


def test_two_notebooks_do_not_overwrite_each_other(
    screening: Screening, records: Records, brief_file: Path
) -> None:
    other = cn.screen(records, brief_file, by="A. Writer")
    press(screening, "include")
    press(other, "maybe")
    press(screening, "include")
    assert len(SCREENING.load(screening.path)) == 3


def _append(path: str, person: int) -> None:
    for pmid in range(1, 21):
        SCREENING.add(path, Screened(str(pmid), "include", "", f"P{person}", "2021-06-08"))


def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "hands.screening.csv"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append, args=(str(path), n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(SCREENING.load(path)) == 60


def test_an_interrupted_write_leaves_the_file_as_it_was(
    screening: Screening, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(screening, "include")
    before = screening.path.read_bytes()

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        screening.include(int(screening.card()))
    assert screening.path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told_on_the_card(
    screening: Screening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise ExportError("hands.screening.csv could not be written: disk full", "Free some.")

    monkeypatch.setattr("cmeneeds.report.tables.write_atomically", full)
    press(screening, "include")
    assert "disk full" in screening.widget.state["html"]


def test_columns_of_the_writers_own_and_other_separators_stay(screening: Screening) -> None:
    screening.path.write_text(
        "pmid;decision;reason;by;date;my note\n3;include;;B. Reader;08.06.2021;ask Ann\n",
        encoding="utf-8",
    )
    press(screening, "include")
    text = screening.path.read_text("utf-8-sig")
    assert text.startswith("pmid;decision;reason;by;date;my note;drawn\n")
    assert "ask Ann" in text
    assert len(SCREENING.load(screening.path)) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x,include,,A,2021-06-08", "no PMID"),
        ("3,keep,,A,2021-06-08", "unknown decision"),
        ("3,exclude,,A,2021-06-08", "without a reason"),
        ("3,include,,,2021-06-08", "who decided"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "a.screening.csv"
    path.write_text(f"pmid,decision,reason,by,date\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=said) as caught:
        SCREENING.load(path)
    assert "line 2" in str(caught.value)


def test_a_formula_as_a_reason_stays_text(screening: Screening) -> None:
    press(screening, "exclude", "=HYPERLINK(1)")
    assert ",'=HYPERLINK(1)," in screening.path.read_text("utf-8-sig")
    assert SCREENING.load(screening.path)[0].reason == "=HYPERLINK(1)"


def test_markup_in_a_record_is_shown_as_text(
    make_article: Callable[..., Article], records: Records, brief_file: Path
) -> None:
    from dataclasses import replace

    bad = "<img src=x onerror=alert(1)>"
    article = make_article(pmid=99, title=bad, sections=(Section(f"</template>{bad}"),))
    one = replace(records, articles=(article,), facets={99: ("x",)}, source=bad)
    shown = cn.screen(one, brief_file, by=bad).state["html"] + one._repr_html_()
    assert "<img" not in shown
    assert "</template>&lt;" not in shown


# --- what follows from it -----------------------------------------------------------------------


def test_excluded_records_carry_no_finding_and_no_gap(
    screening: Screening, records: Records, brief_file: Path, tmp_path: Path
) -> None:
    brief = cn.Brief.load(brief_file)
    before = cn.assess(brief, cn.with_choices(records, brief))
    gone = sorted({int(p) for p in before.findings["pmid"]})[:5]
    for pmid in gone:
        screening.exclude(pmid, "Not about our learners")
    screening.maybe(sorted({int(p) for p in before.findings["pmid"]})[6])
    after = cn.assess(brief, cn.with_choices(records, brief))
    assert not set(gone) & {int(p) for p in after.findings["pmid"]}
    passages = "; ".join(after.gaps["passages"])
    assert not any(f"{pmid}." in passages.replace("; ", ";").split(";") for pmid in gone)
    assert after.counts["screening.excluded"] == 5
    assert after.counts["screening.unscreened"] == 54
    assert after.counts["screening.reason-1"] == 5
    assert "screening.excluded" not in before.counts
    # The snapshot alone says the same: that is what `verify` derives from.
    file = tmp_path / "snapshot.jsonl.gz"
    after.records.save(file)
    again: Assessment = cn.assess(brief, Records.load(file))
    assert again.counts == after.counts
    assert again.gaps.equals(after.gaps)


def test_a_snapshot_without_choices_keeps_its_bytes(records: Records, tmp_path: Path) -> None:
    import gzip

    records.save(tmp_path / "s.gz")
    head = gzip.decompress((tmp_path / "s.gz").read_bytes()).split(b"\n")[0]
    assert b"screening" not in head
    assert b"labels" not in head


def test_a_record_that_one_keeps_and_one_excludes_is_not_excluded() -> None:
    a = Screened("3", "exclude", "No data", "A", "2021-06-08")
    b = Screened("3", "include", "", "B", "2021-06-08")
    assert outcomes([a, b]) == {3: "conflict"}
    assert excluded([a, b]) == frozenset()
    assert excluded([a, b, b._replace(decision="exclude", reason="Agreed")]) == {3}


def test_counts_add_up_to_the_records() -> None:
    lines = [
        Screened("1", "exclude", "No data", "A", "2021-06-08"),
        Screened("2", "include", "", "A", "2021-06-08"),
        Screened("3", "maybe", "", "A", "2021-06-08"),
        Screened("99", "exclude", "Not of this search", "A", "2021-06-08"),
    ]
    counts = ScreeningCounts.of(range(1, 11), lines)
    assert (counts.screened, counts.unscreened, counts.records) == (3, 7, 10)
    assert counts.reasons == {"No data": 1}


# --- the ranking --------------------------------------------------------------------------------


def test_what_looks_like_the_kept_comes_next(screening: Screening) -> None:
    for _ in range(12):
        pmid = int(screening.card())
        if pmid % 3 == 0:
            press(screening, "include")
        else:
            press(screening, "exclude", "Not about the topic")
    left = [p for p in screening.unread if p % 3 == 0]
    assert set(screening.unread[: len(left)]) == set(left)


def test_equal_choices_give_an_equal_order(records: Records, brief_file: Path) -> None:
    texts = ["hands were washed", "mice ran", "washed hands again", "mice ate", "hands"]
    orders = {tuple(Ranking(texts, "hand").order({0: True, 1: False})) for _ in range(3)}
    assert orders == {(2, 4, 3)}


def test_the_fit_is_that_of_a_logistic_regression() -> None:
    import numpy as np

    draw = np.random.default_rng(3)
    matrix = draw.random((40, 7)) * (draw.random((40, 7)) < 0.5)
    side = np.where(matrix[:, 0] + 0.3 * draw.random(40) > 0.4, 1.0, -1.0)
    weight = draw.random(40) / 40
    sparse = Sparse([{i: v for i, v in enumerate(row) if v} for row in matrix], 7)
    ours, _ = fit(sparse, side, weight, 0.02)
    # The intercept of theirs has no penalty, that of ours next to none.
    theirs = LogisticRegression(C=1 / 0.02, tol=1e-10, max_iter=5000)
    theirs.fit(matrix, side, sample_weight=weight)
    assert np.allclose(ours, theirs.coef_[0], atol=0.01)


# --- what remains -------------------------------------------------------------------------------


def test_nothing_is_said_of_the_rest_without_a_random_sample(screening: Screening) -> None:
    for _ in range(25):
        press(screening, "exclude", "Not about the topic")
    assert screening.remaining() is None
    assert "is not known" in screening.outlook
    assert "press r" in screening.outlook


def test_a_check_at_random_gives_limits_that_hold_the_truth(screening: Screening) -> None:
    for _ in range(6):
        press(screening, "exclude" if int(screening.card()) % 3 else "include", "No")
    press(screening, "check")
    for _ in range(15):
        pmid = int(screening.card())
        press(screening, "exclude" if pmid % 3 else "include", "No")
    left = screening.remaining()
    assert left is not None
    assert left.drawn == 15
    true = sum(1 for p in screening.unread if p % 3 == 0)
    assert left.low <= true <= left.high
    assert "15 drawn at random" in screening.outlook
    # Back at the ranking, what is found no longer remains.
    press(screening, "ranked")
    press(screening, "include")
    after = screening.remaining()
    assert after is not None
    assert (after.drawn, after.high) == (15, left.high - 1)


def test_exact_limits_are_those_of_the_hypergeometric_distribution() -> None:
    for n, k, whole in ((30, 0, 200), (30, 3, 200), (10, 10, 40), (1, 0, 1), (5, 2, 9)):
        totals = range(k, whole - (n - k) + 1)
        low = min(t for t in totals if hypergeom.sf(k - 1, whole, t, n) > 0.025)
        high = max(t for t in totals if hypergeom.cdf(k, whole, t, n) > 0.025)
        assert hypergeometric_limits(n, k, whole) == (low, high)
    assert remaining(50, 50, 4, 4)[:3] == (0.0, 0, 0)


# --- two people ---------------------------------------------------------------------------------


def test_kappa_of_two_screeners_is_the_known_value(tmp_path: Path) -> None:
    said = "iiiieeeemmiieeiieeim", "iiieeeeemmieeeiieeem"
    words = {"i": "include", "e": "exclude", "m": "maybe"}
    files = []
    for person, letters in zip("AB", said, strict=True):
        lines = [
            Screened(str(n), words[x], "No" if x == "e" else "", person, "2021-06-08")
            for n, x in enumerate(letters, 1)
        ]
        files.append(tmp_path / f"{person}.screening.csv")
        SCREENING.save(files[-1], lines)
    found = compare_screening(SCREENING.load(files[0]), SCREENING.load(files[1]))
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(cohen_kappa_score(list(said[0]), list(said[1])))
    assert found.kappa.low < found.kappa.value < found.kappa.high
    view = cn.compare_people(*files)
    assert "A and B agree on 17 of 20 (85%)" in repr(view)
    assert "Cohen&#x27;s kappa" in view._repr_html_()
    cn.merge_people(*files, tmp_path / "both.screening.csv")
    both = SCREENING.load(tmp_path / "both.screening.csv")
    assert len(both) == 40
    assert both == merge_screening(SCREENING.load(files[0]), SCREENING.load(files[1]))
    assert sum(o == "conflict" for o in outcomes(both).values()) == 3


def test_files_of_two_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one kind"):
        cn.compare_people(tmp_path / "a.screening.csv", tmp_path / "a.decisions.csv")
