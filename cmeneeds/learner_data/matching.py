"""Learner data beside the gap table: which line speaks of which gap, and what is the baseline.

A match is a proposal with its reason. The writer settles it with a column ``gap`` in the file.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from cmeneeds.brief import Brief
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.gaps.terms import COMMON_WORDS, content_words, tokens

if TYPE_CHECKING:
    import pandas as pd

MATCH_COLUMNS = ("learner_id", "gap_id", "subject", "score", "status", "reason")

SUBJECT_WEIGHT, SENTENCE_WEIGHT, LEAST_SCORE, MOST_GAPS = 2, 1, 3, 3
"""House rule: a word shared with the subject counts two, one with the sentences of the row one;
three make a proposal, and a line is proposed for three rows at most."""

_OF_SURVEYS = frozenset(
    tokens(
        "correct incorrect answers question item survey test confident confidence comfortable know "
        "knowledge rate rating agree disagree true false following best next step which year old "
        "most appropriate documented audit charts eligible learners before after activity"
    )
)
"""Words of any survey: that a line and a gap share them says nothing."""


class Baseline(NamedTuple):
    """Where learners stood before the activity, on one gap."""

    value: str
    """As it is to be printed, such as ``21 of 50, 42.0 %``."""
    source: str
    """Address of the line."""
    n: int
    period: str
    level: str
    status: str
    """``given by the writer`` or ``proposed``, as the match behind it."""
    words: str
    """What it is, for readers."""


def match(rows: pd.DataFrame, gaps: pd.DataFrame, brief: Brief | None = None) -> pd.DataFrame:
    """Propose which rows of the gap table each line of learner data speaks of.

    Parameters
    ----------
    rows : DataFrame
        From :func:`~cmeneeds.learner_data.changes.learner_table`.
    gaps : DataFrame
        From :func:`cmeneeds.analyze_gaps`.
    brief : Brief, optional
        Words of its topic are shared by every row and tell nothing.

    Returns
    -------
    DataFrame
        Columns ``MATCH_COLUMNS``; in the order of the lines, the closest row first. ``status`` is
        ``given by the writer``, ``proposed`` or, where the file names a gap that is no row of this
        table, ``not found`` (``gap_id`` missing then). A line without a match has no row.
    """
    import pandas as pd

    common = COMMON_WORDS | _OF_SURVEYS | _topic_words(brief)
    known_gaps = [
        (gap, _words(gap.subject) - common, _sentences(gap) - common) for gap in each_row(gaps)
    ]
    # A word that most rows have does not tell them apart either.
    often = Counter(w for _, subject, sentences in known_gaps for w in subject | sentences)
    if len(known_gaps) > 3:
        common |= {w for w, times in often.items() if times > len(known_gaps) / 2}
    found: list[tuple[Any, ...]] = []
    for row in each_row(rows):
        if named := text_of(row.gap):
            found += _named(row, named, gaps)
            continue
        words = _words(row.measure) - common
        scored = []
        for gap, subject, sentences in known_gaps:
            in_subject = words & (subject - common)
            in_sentences = words & (sentences - common) - in_subject
            score = SUBJECT_WEIGHT * len(in_subject) + SENTENCE_WEIGHT * len(in_sentences)
            if score >= LEAST_SCORE:
                shared = ", ".join(sorted(in_subject) + sorted(in_sentences))
                scored.append((-score, int(gap.rank), gap, f"shared words: {shared}"))
        scored.sort(key=lambda s: s[:2])
        found += [
            (row.learner_id, gap.gap_id, gap.subject, -score, "proposed", reason)
            for score, _, gap, reason in scored[:MOST_GAPS]
        ]
    table = pd.DataFrame(found, columns=list(MATCH_COLUMNS))
    return table.astype(dict.fromkeys(MATCH_COLUMNS, "string") | {"score": "Int64"})


def _named(row: Any, named: str, gaps: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The rows that the writer names, by id or by subject."""
    wanted = tokens(named)
    reason = "the file names this gap"
    found = [
        (row.learner_id, gap.gap_id, gap.subject, None, "given by the writer", reason)
        for gap in each_row(gaps)
        if str(gap.gap_id).casefold() == named.strip().casefold()
        or tokens(str(gap.subject)) == wanted
    ]
    missing = (
        row.learner_id, None, None, None, "not found",
        f"the file names the gap {named!r}, which is no row of this gap table",
    )  # fmt: skip
    return found or [missing]


def _words(text: Any) -> frozenset[str]:
    return content_words(text_of(text))


def _sentences(gap: Any) -> frozenset[str]:
    return _words(gap.current_practice) | _words(gap.best_practice)


def _topic_words(brief: Brief | None) -> frozenset[str]:
    if brief is None:
        return frozenset()
    return frozenset(w for t in (brief.topic, *brief.mesh, *brief.synonyms) for w in tokens(t))


def baselines(rows: pd.DataFrame, gaps: pd.DataFrame, matches: pd.DataFrame) -> dict[str, Baseline]:
    """Choose the learners' own baseline for each gap that has one.

    A line can be a baseline if it is unperceived (tested or observed), is no figure of after the
    activity, does not contradict itself, and measures the level of the gap; a line that the writer
    named for the gap may be of any level. Of several: named before proposed, tests and audits
    before earlier outcomes, closer match, later period, more people.

    Returns
    -------
    dict of gap_id to Baseline
        Gaps without one are not in it: their baseline is to be measured.
    """
    by_id = {row.learner_id: row for row in each_row(rows)}
    by_gap = {gap.gap_id: gap for gap in each_row(gaps)}
    best: dict[str, tuple[tuple[Any, ...], Baseline]] = {}
    for made in each_row(matches):
        if not known(made.gap_id) or made.learner_id not in by_id or made.gap_id not in by_gap:
            continue
        row, gap = by_id[made.learner_id], by_gap[made.gap_id]
        forced = made.status == "given by the writer"
        earlier = str(row.kind) == "earlier outcomes"
        if row.phase in ("post", "follow-up") and not earlier:
            continue
        if known(row.perceived) and bool(row.perceived):
            continue
        if known(row.agrees) and not bool(row.agrees):
            continue
        if text_of(row.level) != text_of(gap.gap_type) and not forced:
            continue
        order = (
            forced,
            not earlier,
            int(made.score) if known(made.score) else 0,
            # Of an earlier activity the later figure is what was left to do.
            row.phase != "pre" if earlier else True,
            text_of(row.period),
            int(row.n),
            str(row.learner_id),
        )
        if made.gap_id not in best or order > best[made.gap_id][0]:
            best[made.gap_id] = (order, _baseline(row, str(made.status), earlier))
    return {gap_id: baseline for gap_id, (_, baseline) in best.items()}


def _baseline(row: Any, status: str, earlier: bool) -> Baseline:
    """Put a line into the words of an outcomes plan."""
    value = str(row.value_text)
    if known(row.value) and known(row.numerator) and "of" in value.split():
        value += f", {row.value:.1f} %"
    if earlier:
        value += f", {'before' if row.phase == 'pre' else 'after'} an earlier activity"
    whose = (
        "charts of the provider's own learners"
        if row.kind == "chart audit"
        else ("the provider's own learners")
    )
    parts = [f"{value} ({whose}", f"n = {row.n}", text_of(row.period)]
    return Baseline(
        value=value,
        source=str(row.learner_id),
        n=int(row.n),
        period=text_of(row.period),
        level=text_of(row.level),
        status=status,
        words=", ".join(filter(None, parts)) + ")",
    )
