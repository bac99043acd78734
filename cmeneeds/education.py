"""From gaps to educational needs, learning objectives and outcome measures.

All wording comes from ``data/education.yaml`` and ``data/competencies.yaml`` and is filled only
with the subject of a gap, the words of its cited cause, the audience and topic of the brief. It is
a proposal: relevance to the actual learners is the provider's judgement, so every row says
``awaiting writer`` until a person has confirmed it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from cmeneeds.brief import Brief
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.gaps.causes import CauseCode, cause_cells, code_cause, codes_of, quotation
from cmeneeds.gaps.reading import row_level
from cmeneeds.gaps.reasons import other_than_outcome
from cmeneeds.gaps.subjects import group_of
from cmeneeds.gaps.terms import tokens
from cmeneeds.objectives import education_data

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.learner_data import Baseline

AWAITING = "awaiting writer"
TO_BE_MEASURED = "none yet"
"""``baseline_source`` where the learners were not measured: a published rate is no baseline."""

OBJECTIVE_COLUMNS = (
    "objective_id",
    "gap_id",
    "subject",
    "gap_type",
    "need",
    "need_K",
    "need_C",
    "need_P",
    "cabana",
    "com_b",
    "addressable",
    "addressable_reason",
    "non_educational_strategy",
    "verb",
    "objective",
    "moore_level",
    "competencies",
    "competency_reason",
    "outcome_measure",
    "instrument",
    "time_point",
    "baseline",
    "baseline_source",
    "reference_value",
    "reference_passage",
    "formats",
    "format_rationale",
    "confirmed",
)


def education_wording() -> dict[str, dict[str, Any]]:
    """Return the wording by gap type."""
    levels: dict[str, dict[str, Any]] = education_data()["levels"]
    return levels


@cache
def _competencies() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(
        (files("cmeneeds.data") / "competencies.yaml").read_text("utf-8")
    )
    return data


def competency_frameworks() -> dict[str, dict[str, str]]:
    """Return the names of competencies, by framework and code."""
    frameworks: dict[str, dict[str, str]] = _competencies()["frameworks"]
    return frameworks


def plan_education(
    gaps: pd.DataFrame, brief: Brief, baselines: Mapping[str, Baseline] | None = None
) -> pd.DataFrame:
    """Propose a need, an objective and a measure for each row of the gap table.

    Parameters
    ----------
    gaps : DataFrame
        From :func:`cmeneeds.analyze_gaps`. Rows that the writer rejected are left out.
    brief : Brief
        Support and persons are put aside; they change nothing here.
    baselines : mapping of str to Baseline, optional
        The learners' own data by ``gap_id``, as :func:`cmeneeds.learner_data.baselines` gives them.

    Returns
    -------
    DataFrame
        Shape (rows, ``len(OBJECTIVE_COLUMNS)``), in the order of the gaps. ``reference_value`` is
        the published figure of the gap, with its passage; it is no baseline. ``need_K``,
        ``need_C`` and ``need_P`` are empty where neither a cited cause nor the level of the gap
        speaks for such a need. Rows without a gap type have no objective, because nothing says
        what kind of education would help.
    """
    import pandas as pd

    brief = brief.blind()
    wording = education_wording()
    rows = [
        _planned(gap, brief, (baselines or {}).get(str(gap.gap_id)))
        for gap in each_row(gaps)
        if text_of(getattr(gap, "decision", "")) != "reject" and text_of(gap.gap_type) in wording
    ]
    return pd.DataFrame(rows, columns=list(OBJECTIVE_COLUMNS)).astype("string")


def _planned(gap: Any, brief: Brief, baseline: Baseline | None) -> dict[str, str]:
    """One row."""
    codes, said = _causes(gap)
    cells = cause_cells(codes, found=bool(text_of(gap.cause)))
    level = row_level(text_of(gap.gap_type), text_of(gap.actor), codes)
    words = _level_words(gap, level)
    data = education_data()
    fill = {
        "subject": subject_in_sentence(str(gap.subject), brief),
        "audience": audience_in_sentence(brief),
        "people": _people(gap),
        "standard": data["standard"]["cited" if text_of(gap.bp_passage) else "none"],
    }
    coded = bool(codes)
    # With neither a recommendation nor a subject of its own, the topic's name would be all it says.
    bare = not text_of(gap.bp_passage) and fill["subject"] == subject_in_sentence("", brief)
    worded = not bare or (coded and "{standard}" not in words["objective"])
    uncoded = bool(text_of(gap.cause)) and not coded
    needs = _needs(codes, said, words, fill)
    if not coded:
        needs = {
            kind: f"{need} {data['uncoded_cause' if uncoded else 'no_cause']}"
            for kind, need in needs.items()
        }
    formats, rationale = _formats(codes, words, brief)
    competencies, reason = _chosen_competencies(codes, level, brief, uncoded=uncoded)
    return {
        "objective_id": str(gap.gap_id).replace("G-", "LO-", 1),
        "gap_id": str(gap.gap_id),
        "subject": str(gap.subject),
        "gap_type": str(gap.gap_type),
        "need": " ".join(needs.values()),
        **{f"need_{kind}": needs.get(kind, "") for kind in "KCP"},
        "cabana": cells["cabana_code"],
        "com_b": cells["comb_code"],
        "addressable": cells["education_addressable"],
        "addressable_reason": cells["addressable_reason"],
        "non_educational_strategy": (
            cells["non_educational_strategy"] if coded else words.get("strategy", "")
        ),
        "verb": words["verb"] if worded else "",
        "objective": words["objective"].format(**fill) if worded else data["no_objective"],
        "moore_level": words["moore"],
        "competencies": competencies,
        "competency_reason": reason,
        "outcome_measure": words["measure"],
        "instrument": words["instrument"],
        "time_point": words["time_point"],
        **_baseline(words, baseline),
        "reference_value": str(gap.cp_value_text) if known(gap.cp_value_text) else "unknown",
        "reference_passage": text_of(gap.cp_passage),
        "formats": "; ".join(formats),
        "format_rationale": rationale,
        "confirmed": AWAITING,
    }


def _causes(gap: Any) -> tuple[tuple[CauseCode, ...], dict[str, str]]:
    """The codes of a row's causes, and the words of its leading cause by code name."""
    cause = text_of(gap.cause)
    about_patients = text_of(gap.gap_type) == "O" or text_of(gap.actor) == "pat"
    actor = text_of(getattr(gap, "cause_actor", "")) or "pat" * about_patients
    leading = other_than_outcome(
        code_cause(cause, text_of(getattr(gap, "cause_level", "")), actor),
        cause,
        text_of(gap.current_practice),
    )
    said = {c.name: quotation(cause, c) for c in leading}
    listed = codes_of(text_of(getattr(gap, "cause_codes", "")))
    return listed or leading, said


def _level_words(gap: Any, level: str) -> dict[str, Any]:
    """The wording of a level, with what the direction of the shortfall replaces."""
    words: dict[str, Any] = education_wording()[level]
    direction = text_of(getattr(gap, "direction", ""))
    return {**words, **words.get("directions", {}).get(direction, {})}


def _cause_words(code: CauseCode) -> dict[str, Any]:
    data = education_data()
    words: dict[str, Any] = (
        data["patients_cause"] if code.of_patients else data["causes"].get(code.name, {})
    )
    return words


def _needs(
    codes: Sequence[CauseCode], said: Mapping[str, str], words: Mapping[str, Any],
    fill: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Needs by kind: worded as the cause where one is cited, else as the level lets one expect.

    A cause of a higher kind than the level of the row is quoted, but makes no need of its own: an
    objective at that level would not meet it.
    """
    needs: dict[str, str] = {}
    for kind in "KCP"[: "KCP".index(words["need_as"]) + 1]:
        of_kind = [c for c in codes if _cause_words(c).get("level") == kind]
        if of_kind:
            needs[kind] = str(_cause_words(of_kind[0])["need"]).format(**fill)
            needs[kind] += _named_cause([said[c.name] for c in of_kind if c.name in said])
    if not needs:
        needs[words["need_as"]] = str(words["need"]).format(**fill)
        needs[words["need_as"]] += _named_cause([said[c.name] for c in codes if c.name in said])
    return needs


def _named_cause(said: Sequence[str]) -> str:
    """The sentence that quotes the words of a cause, after a space; nothing without words."""
    if not said:
        return ""
    words = "”, “".join(dict.fromkeys(said))
    return " " + str(education_data()["named_cause"]).format(words=words)


def _baseline(words: Mapping[str, Any], baseline: Baseline | None) -> dict[str, str]:
    text = education_data()["baseline"]
    if baseline is None:
        how = words["instrument"][:1].lower() + words["instrument"][1:]
        missing = text["missing"].format(instrument=how, before=words["before"])
        return {"baseline": missing, "baseline_source": TO_BE_MEASURED}
    given = text["given"].format(words=baseline.words, match=baseline.status)
    return {"baseline": given, "baseline_source": baseline.source}


# --- formats and competencies -------------------------------------------------------------------


def _most_teachable(codes: Sequence[CauseCode]) -> CauseCode | None:
    """The cause that education reaches best; the first of several."""
    within = [c for c in codes if c.addressable != "no" and _cause_words(c).get("formats")]
    return min(within, key=lambda c: c.addressable != "yes", default=None)


def _formats(
    codes: Sequence[CauseCode], words: Mapping[str, Any], brief: Brief
) -> tuple[list[str], str]:
    """Formats that suit the root cause, else the level, and why."""
    cause = _most_teachable(codes)
    entry = _cause_words(cause) if cause else words
    team = ["interprofessional"] if _is_team(brief) else []
    formats = dict.fromkeys([*entry["formats"], *words.get("also", []), *team])
    return list(formats), str(entry["rationale"])


def _is_team(brief: Brief) -> bool:
    """Whether learners of several professions are meant to learn."""
    return len({tokens(group.profession) for group in brief.audience}) > 1


def _chosen_competencies(
    codes: Sequence[CauseCode], level: str, brief: Brief, *, uncoded: bool
) -> tuple[str, str]:
    """Competencies of the accreditor's frameworks, and the cause that calls for them."""
    data = _competencies()
    cause = _most_teachable(codes) or next(iter(codes), None)
    if cause is None:
        choice = data["levels"][level]
        because = data["uncoded"] if uncoded else choice["because"]
    else:
        choice = data["patients_cause"] if cause.of_patients else data["causes"][cause.name]
        because = choice["because"]
    shown = [
        f"{framework}: {data['frameworks'][framework][choice[framework]]}"
        for framework in _frameworks(brief)
        if framework in choice
    ]
    return "; ".join(shown), f"Chosen because {because}"


def _frameworks(brief: Brief) -> list[str]:
    """Frameworks that the accreditors' forms use and that fit the learners."""
    data = _competencies()
    physicians = {tokens(word)[-1] for word in data["physicians"]}
    has_physicians = any(physicians & set(tokens(group.profession)) for group in brief.audience)
    team = _is_team(brief) or bool(set(brief.accreditor) & set(data["always_team"]))
    wanted = dict.fromkeys(f for name in brief.accreditor for f in data["accreditors"][name])
    fitting = [
        f
        for f in wanted
        if (has_physicians or f not in data["for_physicians"]) and (team or f != "IPEC")
    ]
    return fitting or list(data["otherwise"])


# --- names inside a sentence --------------------------------------------------------------------


def audience_in_sentence(brief: Brief) -> str:
    """Name the audience at the start of a sentence.

    ``Physicians in family medicine and general practice``; ``Emergency nurses and physicians``.
    """
    by_profession: dict[str, list[str]] = {}
    for group in brief.audience:
        by_profession.setdefault(group.profession, []).append(group.specialty or "")
    names = []
    for profession, specialties in by_profession.items():
        fields = list(dict.fromkeys(s for s in specialties if s))
        if "" in specialties or not fields:
            names.append(profession)
        elif len(fields) == 1:
            names.append(f"{fields[0]} {profession}")
        else:
            names.append(f"{profession} in {_listed(fields)}")
    text = _listed(names)
    return text[:1].upper() + text[1:]


def _listed(names: Sequence[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def _people(gap: Any) -> str:
    """Whom to counsel: the group of the evidence if it is one of patients, else patients."""
    group = str(gap.group)
    of_patients = text_of(gap.actor) == "pat" and group_of(group).actor == "pat"
    return str(education_data()["people"].get(group, group if of_patients else "patients"))


def subject_in_sentence(subject: str, brief: Brief) -> str:
    """Name the subject of a gap inside a sentence, with the topic unless it says it already.

    ``depression and pain``; ``anxiety and depression``.

    Headings are turned round (``Depressive Disorder, Major``), capitals of titles lowered, proper
    names and abbreviations kept.
    """
    proper = frozenset(education_data()["proper_names"]) | {
        word for group in brief.audience if group.country for word in group.country.split()
    }
    data = education_data()
    topic = _lowered(_turned(brief.topic), proper)
    if subject.casefold() in data["topic_alone"]:
        return topic
    name = data["reads_as"].get(subject.casefold()) or _lowered(_turned(subject), proper)
    said, of_topic = set(tokens(name)), set(tokens(topic))
    # "T2D, type 2 diabetes" is the topic under two names.
    if said <= of_topic or any(set(tokens(part)) == of_topic for part in name.split(", ")):
        return topic
    return name if of_topic <= said else f"{topic} and {name}"


def _turned(name: str) -> str:
    """Turn an inverted heading round; an enumeration stays."""
    parts = name.split(", ")
    if len(parts) == 2 and all(p[:1].isupper() and len(p.split()) <= 3 for p in parts):
        return f"{parts[1]} {parts[0]}"
    return name


_WORD = re.compile(r"[^\W\d_]+")


def _lowered(name: str, proper: frozenset[str]) -> str:
    """Lower capitals that only a title has: not of names, nor in HbA1c or ICU."""
    words = []
    for word in name.split(" "):
        letters = _WORD.findall(word)
        plain = all(w.islower() or (w[:1].isupper() and w[1:].islower()) for w in letters)
        single = len(word) == 1  # hepatitis B, group A
        named = bool(proper & set(letters)) or any(c.isdigit() for c in word) or single
        words.append(word.lower() if plain and not named else word)
    return " ".join(words)
