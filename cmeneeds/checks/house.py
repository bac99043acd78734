"""Words and limits of the house, what a brief adds to them, and rules that it switches off.

What stands in ``data/checks.yaml`` holds everywhere. A file ``stroke.checks.yaml`` beside a brief
``stroke.yaml`` adds to it; search, reading and scoring never see that file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from cmeneeds.errors import UsageError

MAX_BYTES = 256 * 1024
RUN_FILE = "brief.checks.yaml"
"""Name of the copy in a run folder."""

KEYS = ("off", "products", "trade_names", "promotional", "known_abbreviations", "limits")


@dataclass(frozen=True)
class House:
    """Words, limits and switches.

    Attributes
    ----------
    trade_names : dict of str to str
        Generic name by trade name.
    products : tuple of str
        The supporter's products, by any name; only from the file beside the brief.
    promotional, unsupported, secondary, placeholders : tuple of str
        Words and patterns.
    limits : dict of str to number or list
    highest_level : dict of str to str
        Outcome level by type of activity.
    abbreviations : frozenset of str
        Those that need no explanation.
    off : dict of str to str
        Why a rule is switched off, by its id.
    """

    trade_names: dict[str, str]
    promotional: tuple[str, ...]
    unsupported: tuple[str, ...]
    secondary: tuple[str, ...]
    placeholders: tuple[str, ...]
    limits: dict[str, Any]
    highest_level: dict[str, str]
    abbreviations: frozenset[str]
    products: tuple[str, ...] = ()
    off: dict[str, str] = field(default_factory=dict)


@cache
def _data() -> dict[str, Any]:
    text = (files("cmeneeds.data") / "checks.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def checks_path(brief_path: str | Path) -> Path:
    """Where the switches and words of a brief stand."""
    path = Path(brief_path)
    return path.with_name(f"{path.stem}.checks.yaml")


def load_house(path: str | Path | None = None) -> House:
    """Read the house list, and what a brief adds to it.

    Parameters
    ----------
    path : path, optional
        A ``*.checks.yaml``; none is needed.

    Raises
    ------
    UsageError
        Naming the key, if the file is not readable, holds an unknown key, an unknown rule, or a
        rule switched off without a reason.
    """
    given = _read(Path(path)) if path is not None else {}
    data = _data()
    return House(
        trade_names={**data["trade_names"], **_pairs(given, "trade_names")},
        promotional=(*data["promotional"], *_texts(given, "promotional")),
        unsupported=tuple(data["unsupported"]),
        secondary=tuple(data["secondary"]),
        placeholders=tuple(data["placeholders"]),
        limits={**data["limits"], **_limits(given)},
        highest_level=dict(data["highest_level"]),
        abbreviations=frozenset((*data["known_abbreviations"], *_texts(given, KEYS[4]))),
        products=_texts(given, "products"),
        off=_off(given),
    )


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise UsageError(f"{path.name} is larger than {MAX_BYTES // 1024} KB", "Shorten it.")
        content = yaml.safe_load(raw.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120]
        raise UsageError(
            f"{path.name} cannot be read ({reason})", "It must be YAML; see docs/checks.md."
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(f"{path.name} holds no `key: value` lines", "Start with `off:`.")
    # YAML reads the word off as false.
    content = {"off" if key is False else key: value for key, value in content.items()}
    unknown = [str(key) for key in content if key not in KEYS]
    if unknown:
        raise UsageError(
            f"{path.name}: {unknown[0][:60]}: unknown key", f"Known keys: {', '.join(KEYS)}."
        )
    return content


def _texts(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(v, str) and v.strip() for v in listed):
        raise UsageError(f"checks: {key}: is no list of texts", f"Write `{key}: [one, two]`.")
    return tuple(v.strip() for v in listed)


def _pairs(given: Mapping[str, Any], key: str) -> dict[str, str]:
    value = given.get(key) or {}
    if not isinstance(value, dict) or not all(
        isinstance(part, str) and part.strip() for pair in value.items() for part in pair
    ):
        raise UsageError(
            f"checks: {key}: is no set of `name: text` lines", "Write `Brandname: genericname`."
        )
    return {name.strip(): text.strip() for name, text in value.items()}


def _limits(given: Mapping[str, Any]) -> dict[str, Any]:
    value = given.get("limits") or {}
    known = _data()["limits"]
    if not isinstance(value, dict):
        raise UsageError("checks: limits: is no set of lines", f"Known: {', '.join(known)}.")
    for name, limit in value.items():
        if name not in known:
            raise UsageError(f"checks: limits: {name}: unknown", f"Known: {', '.join(known)}.")
        alike = isinstance(limit, list) == isinstance(known[name], list)
        numbers = limit if isinstance(limit, list) else [limit]
        wanted = len(known[name]) if isinstance(known[name], list) else 1
        whole = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers)
        if not (alike and whole and len(numbers) == wanted and all(n >= 0 for n in numbers)):
            raise UsageError(f"checks: limits: {name}: is no such limit", f"Now: {known[name]}.")
    return dict(value)


def _off(given: Mapping[str, Any]) -> dict[str, str]:
    """Read ``off: {L26: reason}``, or ``{L26: {off: reason}}``."""
    from cmeneeds.checks import all_rules

    value = given.get("off") or {}
    if not isinstance(value, dict):
        raise UsageError(
            "checks: off: rules are switched off with a reason", "Write `off: {L26: why}`."
        )
    off: dict[str, str] = {}
    for rule, reason in value.items():
        if rule not in all_rules():
            raise UsageError(
                f"checks: off: {str(rule)[:20]}: no such rule",
                "`cmeneeds check --rules` lists them.",
            )
        if not isinstance(reason, str) or not re.search(r"\w", reason):
            raise UsageError(
                f"checks: off: {rule}: the reason is missing", f"Write `{rule}: why it is off`."
            )
        off[str(rule)] = " ".join(reason.split())
    return off
