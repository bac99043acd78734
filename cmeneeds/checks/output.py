"""What was found, as text for a terminal and as SARIF for tools that review code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from cmeneeds import __version__
from cmeneeds.checks import all_rules
from cmeneeds.checks.result import Checked, Outcome
from cmeneeds.checks.view import View
from cmeneeds.terminal import safe

MOST = 5
"""Places of a rule that are printed; all stand in the JSON."""

_LEVELS = {"error": "error", "warning": "warning", "open": "note"}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(checked: Checked, *, most: int = MOST) -> str:
    """Write what was found, worst first, with what to do.

    Parameters
    ----------
    checked : Checked
    most : int
        Places printed of one rule.
    """
    lines: list[str] = []
    for state, title in (
        ("fails", "Does not hold"), ("open", "Awaits a person"), ("off", "Switched off"),
        ("not decided", "Not decided here"),
    ):  # fmt: skip
        outcomes = [o for o in checked.outcomes if o.state == state]
        if outcomes:
            if state == "not decided":
                lines += [title, *_not_decided(outcomes), ""]
                continue
            told = (line for o in _worst_first(outcomes) for line in _lines(o, most))
            lines += [title, *told, ""]
    held = [o.about.id for o in checked.outcomes if o.state == "holds"]
    lines += [f"Holds: {', '.join(held) or 'none'}", ""]
    if checked.balance:
        lines += ["Products on the house list (text, quotations, of these by trade name):"]
        lines += [f"  {safe(m.generic)}: {m.own}, {m.quoted}, {m.trade}" for m in checked.balance]
        lines += ["The list is short and of our own; it finds what it names and nothing else.", ""]
    lines.append(
        f"{checked.errors} errors, {checked.warnings} warnings, {checked.open} open. "
        "Checks against what is asked for; nobody certifies a document or a tool."
    )
    return "\n".join(lines)


def _worst_first(outcomes: list[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda o: (not o.count("error"), o.about.id))


def _not_decided(outcomes: list[Outcome]) -> Iterator[str]:
    """Rules with one reason on one line."""
    for why in dict.fromkeys(o.why for o in outcomes):
        rules = ", ".join(o.about.id for o in outcomes if o.why == why)
        yield f"  {rules}: {safe(why)}"


def _lines(outcome: Outcome, most: int) -> Iterator[str]:
    about = outcome.about
    worst = next((s for s in ("error", "warning", "open") if outcome.count(s)), about.severity)
    yield f"  {about.id} {worst}: {about.asks}" if worst else f"  {about.id}: {about.asks}"
    if outcome.why:
        yield f"      why: {safe(outcome.why)}"
    if outcome.state == "off":
        yield f"      found and not counted: {len(outcome.found)}"
        return
    for found in outcome.found[:most]:
        where = f"{safe(found.where)}: " if found.where else ""
        mark = "" if found.severity == worst else f" ({found.severity})"
        yield f"      - {where}{safe(found.what)}{mark}"
    if len(outcome.found) > most:
        yield f"      - and {len(outcome.found) - most} more"
    if outcome.found:
        yield f"      To do: {about.todo}"
        yield f"      Basis: {about.basis}"


def rules_as_text() -> str:
    """Write all rules, with what they rest on and what they can be decided on."""
    lines = []
    for about in all_rules().values():
        lines.append(f"{about.id} {about.severity or '-'} ({about.on}): {about.asks}")
        lines.append(f"    {'Why: ' + about.why if about.why else 'Basis: ' + about.basis}")
    return "\n".join(lines)


def as_sarif(checked: Checked, view: View, uri: str) -> dict[str, Any]:
    """Write SARIF 2.1.0 (OASIS), as code scanning reads it.

    Parameters
    ----------
    checked : Checked
    view : View
        That it was made from: to find lines.
    uri : str
        Of the checked file, relative to where the results are used.

    Notes
    -----
    ``open`` becomes ``note``. What a rule found that is switched off is there as suppressed, with
    its reason. Lines are those of ``report.md``; a Word file has none.
    """
    rules = all_rules()
    order = list(rules)
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "cmeneeds",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [
                            {
                                "id": a.id,
                                "shortDescription": {"text": a.asks},
                                "help": {"text": f"{a.todo} Basis: {a.basis or 'none'}."},
                                "defaultConfiguration": {"level": _LEVELS.get(a.severity, "none")},
                            }
                            for a in rules.values()
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(o, order.index(o.about.id), n, view, uri)
                    for o in checked.outcomes
                    for n in range(len(o.found))
                ],
            }
        ],
    }


def _result(outcome: Outcome, index: int, number: int, view: View, uri: str) -> dict[str, Any]:
    found = outcome.found[number]
    where = f"{found.where}: " if found.where else ""
    said = f"{outcome.about.id}\n{found.where}\n{found.what}"
    result: dict[str, Any] = {
        "ruleId": outcome.about.id,
        "ruleIndex": index,
        "level": _LEVELS[found.severity or "warning"],
        "message": {"text": f"{where}{found.what}. {outcome.about.asks} {outcome.about.todo}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {"startLine": _line(view, found.near, found.where)},
                }
            }
        ],
        "partialFingerprints": {
            "cmeneeds/v1": hashlib.sha256(said.encode()).hexdigest()[:32],
        },
    }
    if outcome.state == "off":
        result["suppressions"] = [{"kind": "external", "justification": outcome.why}]
    return result


def _line(view: View, near: str, where: str) -> int:
    """Line of ``report.md`` where something stands; the first where it is not found."""
    if not view.text:
        return 1
    lines = view.text.splitlines()
    for number, line in enumerate(lines, 1):
        if near and near in line:
            return number
    start = near.strip("…“”")[:30]
    for sought, heading in ((start, False), (where, True)):
        for number, line in enumerate(lines, 1):
            plain = line.replace("\\", "")
            if sought and sought in plain and (not heading or line.startswith("#")):
                return number
    return 1
