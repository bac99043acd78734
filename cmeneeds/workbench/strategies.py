"""Advice on a strategy, and strategies kept with their date so that they can be compared."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from cmeneeds.brief import Brief
from cmeneeds.decisions.chosen import brief_path
from cmeneeds.errors import UsageError
from cmeneeds.strategy import Strategy
from cmeneeds.workbench.page import View, text

LONGEST_LINTED = 6_000
"""Characters; the linter's time grows with the square of the length."""

_ESCAPE = re.compile("\x1b\\[[0-9;]*m")

_UNHEEDED = {
    "STRUCT_0001",  # our queries mean to be read from left to right, as PubMed reads them
    "QUALITY_0002",  # one limit of years for all blocks is meant
    "QUALITY_0004",  # taking the parentheses out of NOT (A NOT B) would change the meaning
}


def advice(strategy: Strategy) -> tuple[str, ...]:
    """What is likely to go wrong with a strategy, one line each; empty if nothing was found.

    Notes
    -----
    Besides checks of our own, the linter of the package ``search-query`` is asked where it is
    installed (``pip install search-query``). Three of its rules do not fit and are left out.
    """
    said = list(_own_advice(strategy))
    # The facets are ours; only topic and limits come from the brief.
    return (*said, *_linted(strategy.topic_query.text))


def _own_advice(strategy: Strategy) -> list[str]:
    brief, found = strategy.brief, []
    if not brief.mesh:
        found.append(
            "No MeSH heading: records are found by their words only; ask `cn.suggest_mesh(brief)`."
        )
    if len(brief.synonyms) < 2:
        found.append("Few other names of the topic: add synonyms and abbreviations to the brief.")
    short = [w for w in brief.synonyms if len(w) <= 3]
    if short:
        found.append(f"Short names bring other things along: {', '.join(short[:5])}.")
    if brief.years.last - brief.years.first < 2:
        found.append("Fewer than three years: older figures of practice are not found.")
    return found


@lru_cache(maxsize=64)
def _linted(query: str) -> tuple[str, ...]:
    if len(query) > LONGEST_LINTED:
        return ()
    try:
        from search_query.parser import (  # type: ignore[import-untyped]
            PARSERS,
            _resolve_version,
            get_platform,
        )
    except ImportError:
        return ()
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    parser: Any = None
    try:
        platform = get_platform("pubmed")
        parser = PARSERS[platform][_resolve_version(platform, None)](query)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            parser.parse()
    except Exception:  # advice is a courtesy: whatever the linter cannot read stays unsaid
        if parser is None:
            return ()
    finally:
        logging.disable(before)
    messages = getattr(getattr(parser, "linter", None), "messages", [])
    return tuple(
        dict.fromkeys(
            f"{m['message']}. {_ESCAPE.sub('', ' '.join(m.get('details', '').split()))[:200]}"
            for m in messages
            if m.get("code") not in _UNHEEDED
        )
    )


# --- kept strategies ----------------------------------------------------------------------------


class KeptStrategy(msgspec.Struct, frozen=True):
    """A strategy as it was on a day.

    Attributes
    ----------
    name : str
    day : str
        ISO 8601.
    blocks : dict of str to str
        Topic, population, limits, exclusions, and each facet's block as ``facet: name``.
    queries : dict of str to str
        Whole queries, by facet.
    counts : dict of str to int
        Records that each found, where it had been asked.
    source : str
        Where the counts come from.
    """

    name: str
    day: str
    blocks: dict[str, str]
    queries: dict[str, str]
    counts: dict[str, int] = {}
    source: str = ""


def strategies_path(brief: Brief | str | Path) -> Path:
    """Where the kept strategies of a brief stand: ``<brief>.strategies.jsonl``."""
    path = brief_path(brief)
    return path.with_name(f"{path.stem}.strategies.jsonl")


def save_strategy(
    strategy: Strategy,
    brief: Brief | str | Path | None = None,
    name: str = "",
    records: Any = None,
    on: date | None = None,
) -> KeptStrategy:
    """Keep a strategy with its date beside the brief; earlier ones stay.

    Parameters
    ----------
    strategy : Strategy
    brief : Brief or path, optional
        Default: the brief of the strategy.
    name : str, optional
        Such as ``with entry terms``; default a number.
    records : Records, optional
        What it found, to keep the counts too.
    on : date, optional
        Default: today.
    """
    from cmeneeds.locking import locked
    from cmeneeds.report.tables import write_atomically

    path = strategies_path(strategy.brief if brief is None else brief)
    with locked(path):
        before = load_strategies(path)
        kept = KeptStrategy(
            name or f"version {len(before) + 1}",
            (on or date.today()).isoformat(),
            _blocks(strategy),
            {q.facet: q.text for q in (strategy.topic_query, *strategy.queries)},
            {} if records is None else {e.facet: e.count for e in records.log if e.count},
            "" if records is None else records.source,
        )
        encode = msgspec.json.Encoder(order="deterministic").encode
        lines = b"".join(encode(one) + b"\n" for one in (*before, kept))
        write_atomically(path, lines)
    return kept


def load_strategies(brief: Brief | str | Path) -> list[KeptStrategy]:
    """Strategies kept for a brief, the oldest first.

    Raises
    ------
    UsageError
        If the file is not one that :func:`save_strategy` wrote.
    """
    given = Path(brief) if not isinstance(brief, Brief) else None
    is_file = given is not None and given.name.endswith(".strategies.jsonl")
    path = given if given is not None and is_file else strategies_path(brief)
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=KeptStrategy) for line in lines if line.strip()]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} cannot be read ({error})", "Take it away, and keep strategies anew."
        ) from None


def _blocks(strategy: Strategy) -> dict[str, str]:
    blocks = {"topic": strategy.topic, "population": strategy.population}
    blocks["limits"] = " AND ".join(strategy.limits)
    blocks["without"] = strategy.exclusions
    return blocks | {f"facet: {f.name}": f.block for f in strategy.facets}


@dataclass(frozen=True, repr=False)
class StrategyDiff:
    """What changed from one strategy to another.

    Attributes
    ----------
    a, b : KeptStrategy
    changes : list of tuple
        Name of the block, terms that went, terms that came.
    counts : dict of str to tuple of int
        Records found before and after, where both were counted.
    """

    a: KeptStrategy
    b: KeptStrategy
    changes: list[tuple[str, list[str], list[str]]]
    counts: dict[str, tuple[int, int]]

    def __repr__(self) -> str:
        """Lines with - and +."""
        lines = [f"{self.a.name} ({self.a.day}) -> {self.b.name} ({self.b.day})"]
        for block, gone, come in self.changes:
            lines += [block, *(f"  - {t}" for t in gone), *(f"  + {t}" for t in come)]
        lines += [f"{name}: {x:,} -> {y:,} records" for name, (x, y) in self.counts.items()]
        return "\n".join(lines if len(lines) > 1 else [*lines, "no difference"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row'>{text(block)}</th><td>"
            + "".join(f"<del>− <code>{text(t)}</code></del><br>" for t in gone)
            + "".join(f"<ins>+ <code>{text(t)}</code></ins><br>" for t in come)
            + "</td></tr>"
            for block, gone, come in self.changes
        )
        rows += "".join(
            f"<tr><th scope='row'>{text(name)}</th><td>{x:,} → {y:,} records</td></tr>"
            for name, (x, y) in self.counts.items()
        )
        head = f"{self.a.name} ({self.a.day}) → {self.b.name} ({self.b.day})"
        shown = f"<h4>{text(head)}</h4><table>{rows}</table>"
        return View(shown if rows else f"{shown}<p>no difference</p>", "")._repr_html_()


def strategy_diff(a: Strategy | KeptStrategy, b: Strategy | KeptStrategy) -> StrategyDiff:
    """Compare two strategies term by term.

    Parameters
    ----------
    a, b : Strategy or KeptStrategy
        The earlier one first.
    """
    one, other = _kept(a, "before"), _kept(b, "now")
    changes = []
    for block in dict.fromkeys((*one.blocks, *other.blocks)):
        before, after = _terms(one.blocks.get(block, "")), _terms(other.blocks.get(block, ""))
        gone = [t for t in before if t not in after]
        come = [t for t in after if t not in before]
        if gone or come:
            changes.append((block, gone, come))
    both = {k: (one.counts[k], other.counts[k]) for k in one.counts if k in other.counts}
    return StrategyDiff(one, other, changes, {k: v for k, v in both.items() if v[0] != v[1]})


def _kept(given: Strategy | KeptStrategy, name: str) -> KeptStrategy:
    if isinstance(given, KeptStrategy):
        return given
    queries: Mapping[str, str] = {q.facet: q.text for q in given.queries}
    return KeptStrategy(name, date.today().isoformat(), _blocks(given), dict(queries))


def _terms(block: str) -> Sequence[str]:
    """Terms of a block; one that is no plain list of alternatives is one term."""
    inner = block[1:-1] if block.startswith("(") and block.endswith(")") else block
    if "(" in inner or " NOT " in inner:
        return [block]
    return [t for t in inner.replace(" AND ", " OR ").split(" OR ") if t]
