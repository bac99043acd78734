"""What a learning objective must look like: one verb that can be observed, fit for its level.

The verbs are data (``data/education.yaml``), so a provider can keep its own lists.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import yaml

_PREAMBLE = re.compile(
    r"^\s*(?:[-*•]\s*|\d+[.)]\s*)?"
    r"(?:(?:at|by|upon|on|after|following)\b[^:]{0,80}?,\s*)?"
    r"(?:(?:the )?(?:learners?|participants?|attendees|clinicians|physicians|nurses|you)\s+"
    r"(?:will|should|can)\s+(?:be\s+(?:better\s+)?able\s+to)?:?\s*)?(?:to\s+)?",
    re.IGNORECASE,
)


class ObjectiveProblem(NamedTuple):
    """What is wrong with an objective."""

    severity: Literal["error", "warning"]
    what: str


@cache
def education_data() -> dict[str, Any]:
    """Read ``data/education.yaml``, all of it."""
    text = (files("cmeneeds.data") / "education.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def verb_of(objective: str) -> str:
    """Return the first word of an objective, lower case, past "Learners will be able to".

    Examples
    --------
    >>> verb_of("After this activity, learners will be able to: select a drug")
    'select'
    """
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", _behaviour(objective))
    return words[0].casefold() if words else ""


def _behaviour(objective: str) -> str:
    return _PREAMBLE.sub("", objective, count=1)


def avoided_verb(objective: str) -> str:
    """Return the verb or phrase of the avoid list that an objective begins with, or nothing."""
    text = " ".join(_behaviour(objective).casefold().split())
    begun = [a for a in education_data()["avoid"] if re.match(rf"{re.escape(a)}\b", text)]
    return max(begun, key=len, default="")


def objective_problems(
    objective: str, *, gap_type: str = "", moore_level: str = ""
) -> list[ObjectiveProblem]:
    """Check one objective.

    Parameters
    ----------
    objective : str
        As a writer words it, with or without "Learners will be able to".
    gap_type : str
        ``K C P O S`` or empty. The objective may ask more than the level of its gap, not less.
    moore_level : str
        ``3A`` to ``7`` or empty.

    Returns
    -------
    list of ObjectiveProblem
        Errors: empty, or a verb nobody can observe. Warnings: a verb that the lists do not know,
        more than one verb, a verb that shows another level than the gap or the outcome level.

    Examples
    --------
    >>> objective_problems("Select a drug for a patient with fever")
    []
    >>> objective_problems("Understand fever")[0].severity
    'error'
    """
    data = education_data()
    if objective.strip() == data["no_objective"]:
        return [ObjectiveProblem("warning", "no objective is worded yet; cite a best practice")]
    verb = verb_of(objective)
    if not verb:
        return [ObjectiveProblem("error", "there is no objective")]
    if avoided := avoided_verb(objective):
        return [ObjectiveProblem("error", f"{avoided!r} cannot be observed; say what is done")]
    levels = {v: level for level, verbs in data["verbs"].items() for v in verbs}
    problems = []
    level = levels.get(verb, "")
    if not level:
        problems.append(
            ObjectiveProblem("warning", f"{verb!r} is not on the list of measurable verbs")
        )
    second = re.search(
        rf",? (?:and|or|then) ({'|'.join(levels)})\b", _behaviour(objective), re.IGNORECASE
    )
    if second:
        problems.append(
            ObjectiveProblem("warning", f"two verbs, {verb!r} and {second[1]!r}: make it two")
        )
    planned = verb in data["moore_exceptions"].get(moore_level, ())
    fitting = data["moore_verbs"].get(moore_level)
    if level and fitting and level not in fitting and not planned:
        problems.append(
            ObjectiveProblem("warning", f"{verb!r} does not show a change at Moore {moore_level}")
        )
    order = "KCP"
    if level and gap_type in order and order.find(level) < order.find(gap_type) and not planned:
        problems.append(
            ObjectiveProblem("warning", f"{verb!r} stays below the level of the gap ({gap_type})")
        )
    return problems
