"""The rows of the gap table, one section each, in a report.

A section says what the cells of its row say, in sentences that change with them: how many sources
there are, whether they agree, what speaks against, what is missing. Sentences of records are
quoted, never put into other words.
"""

from __future__ import annotations

import re
from typing import Any

from cmeneeds.education import TO_BE_MEASURED
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.decided import writers_words
from cmeneeds.report.guideline_section import strength_words
from cmeneeds.report.wording import (
    a,
    first_upper,
    kind_of_study,
    listed,
    missing_words,
    told_fit,
)
from cmeneeds.report.writing import Writer, addresses, named, percentage

LEVELS = {
    "K": "knowledge",
    "C": "competence",
    "P": "performance",
    "O": "patient outcome",
    "S": "system",
    "": "level not stated",
}

_MEANINGS = {
    "too low": "the higher, the better",
    "too high": "the lower, the better",
}


class RowSections(Writer):
    """Current practice, best practice, difference, cause and plan of each leading row."""

    def gaps(self) -> str:
        """One section for each leading row; of a candidate a short one."""
        if not self._sections:
            return "\nNo row is presented: the writer rejected every one.\n"
        return "".join(self._gap(gap) for gap in self._sections)

    def in_detail(self) -> str:
        """What the short sections of candidates leave out, for an appendix."""
        rows = [gap for gap in self._sections if gap.status != "gap"]
        self._told.discard("not found")
        lines = ""
        for gap in rows:
            plan = self._plan_of(gap)
            reason = named(text_of(plan.addressable_reason)) if plan is not None else ""
            reason = f"What education can do: {reason}." if reason else ""
            said = " ".join(filter(None, (self._not_found(gap), self._whose(gap), reason)))
            lines += f"- Row {self._number(gap)}. {said}\n" if said else ""
        return f"\nThe leading candidates in detail:\n\n{lines}" if lines else ""

    def _gap(self, gap: Any) -> str:
        number = int(self.assessment.counts[f"gap.{gap.gap_id}.number"])
        kind = "Gap" if gap.status == "gap" else "Candidate"
        text = f"\n## {kind} {number}. {md.escape(self._row_name(gap))}\n"
        if flag := text_of(gap.decision_flag):
            text += md.open_question(f"A decision about this row needs another look: {flag}.")
        text += writers_words(self.assessment, gap)
        if gap.status != "gap":
            return text + self._candidate(gap)
        parts = (
            ("", f"{self._statement(gap)} {self._difference(gap)}"),
            ("What follows for patients.", self._consequence(gap)),
            ("What speaks against it.", self._against(gap)),
            ("Why, and what education can do.", self._why(gap)),
            ("Limits.", " ".join(filter(None, (self._not_found(gap), self._whose(gap))))),
        )
        text += "".join(
            f"\n**{head}** {said}\n" if head else f"\n{said}\n" for head, said in parts if said
        )
        return text + self._plan(gap)

    def _candidate(self, gap: Any) -> str:
        """A row that lacks something, in short; :meth:`in_detail` has the rest."""
        where = told_fit(text_of(gap.audience_fit)).partition(" The record")[0]
        where = "" if where.startswith("The leading record") else md.escape(where)
        first = f"{self._statement(gap)} {self._difference(gap)} {where}".rstrip()
        parts = (
            ("Why, and what education can do.", self._why(gap, brief=True)),
            ("Burden.", self._consequence(gap)),
            ("What speaks against it.", self._against(gap)),
        )
        second = " ".join(f"**{head}** {said}" for head, said in parts if said)
        return f"\n{first}\n" + (f"\n{second}\n" if second else "") + self._plan(gap)

    # --- what is done and what should be done ----------------------------------------------------

    def _statement(self, gap: Any) -> str:
        """The gap statement: the standard, current practice, and what kind of shortfall it is."""
        level = LEVELS[text_of(gap.gap_type)]
        now = f"{self._reported(gap)} {self.deck.quote(gap.cp_passage)}"
        if _holds(gap.cp_secondary):
            now += " The source quotes this from elsewhere; the original is still to be read."
        best = text_of(gap.bp_passage)
        if gap.status == "gap":
            return (
                f"{self._standard(gap)} {now} The difference is a {level} gap."
                f"{self._agreement(gap)}"
            )
        missing = missing_words(gap.missing)
        text = f"{now}{self._agreement(gap)} "
        if best:
            text += f"{self._standard(gap)} "
        else:
            missing = [
                "no recommendation on this subject was found",
                *(m for m in missing if not m.startswith("no recommendation")),
            ]
        about = f" at the level of {level}" if text_of(gap.gap_type) else ""
        text += f"It is a candidate{about}, not yet a gap"
        text += f": {'; '.join(map(named, missing))}." if missing else "."
        return text if best else f"{text} {self._searched_once('guideline')}".rstrip()

    def _reported(self, gap: Any) -> str:
        """Who reports current practice: design, place and time, as far as the record says them."""
        design = text_of(gap.cp_design)
        what = a(kind_of_study(design))
        places = [p for p in text_of(gap.cp_country).split("; ") if p and p != "unknown"]
        where = (
            f" from {listed(['the ' * (p in _WITH_ARTICLE) + p for p in places])}" if places else ""
        )
        when = text_of(gap.cp_data_years)
        published = (
            f"published {md.date(str(gap.cp_year))}" if known(gap.cp_year) else "year unknown"
        )
        data = f", data of {md.date(when)}" if _YEARS.fullmatch(when) else ""
        return f"{first_upper(what)}{where} ({published}{data}) reports:"

    def _standard(self, gap: Any) -> str:
        """What should be done: who says so, how strongly, in which version."""
        work = self.deck.work(gap.bp_passage)
        when = f"of {md.date(str(work.year))}" if work.year else "of unknown year"
        design = work.design.name
        if _record(gap.bp_passage) == _record(gap.cp_passage):
            who = "The same source"
        elif _holds(gap.bp_guideline):
            body = text_of(gap.bp_body)
            who = f"The guideline record {when}" + (f" ({named(body)})" if body else "")
        else:
            who = first_upper(f"{a(kind_of_study(design))} {when}")
        said = f"{who} recommends: {self.deck.quote(gap.bp_passage)} {self._strength(gap)}"
        if text_of(gap.bp_card_by):
            said += f" Guideline card: {named(text_of(gap.bp_card_by))}."
        if text_of(gap.bp_superseded_by):
            newer = named(text_of(gap.bp_superseded_by))
            said += f" **This version is superseded** by {newer}: use that one, or say why not."
        return said

    def _strength(self, gap: Any) -> str:
        """Strength, class and level: what is stated, and what is read off the wording."""
        if not (text_of(gap.bp_grade) or _holds(gap.bp_guideline)):
            # "Should" in an author's conclusion is no strength of a recommendation.
            return "It states neither class nor grade, and is no guideline."
        names = ("bp_strength", "bp_grade", "bp_level", "bp_system")
        cells = (text_of(getattr(gap, n)) for n in names)
        said = strength_words(text_of(gap.best_practice), *cells)
        return f"Strength {said}."

    def _agreement(self, gap: Any) -> str:
        """How many sources report it, and whether they stand apart."""
        key = f"gap.{gap.gap_id}"
        sources = int(gap.sources_n)
        cohorts = int(gap.cohorts_n) if known(gap.cohorts_n) else 0
        if sources < 2:
            return " It is the only source of current practice for this row."
        text = f" {self._count(f'{key}.sources')} records report on it"
        if cohorts < 2:
            return f"{text}, about the same people as far as can be told."
        return f"{text}, from {self._count(f'{key}.cohorts')} independent groups of people."

    # --- the difference --------------------------------------------------------------------------

    def _difference(self, gap: Any) -> str:
        value = percentage(text_of(gap.cp_value_text))
        if not value:
            return "The shortfall is stated in words; no figure was found for it."
        unclear = "whether high or low is better could not be told"
        reading = _MEANINGS.get(text_of(gap.cp_direction), unclear)
        text = f"Figure used: {self.deck.number(gap.cp_passage, value)} ({reading})."
        key = f"gap.{gap.gap_id}"
        if known(gap.cp_low):
            text += (
                f" Its interval runs from {self._count(f'{key}.low')} to "
                f"{self._count(f'{key}.high')} ({named(text_of(gap.cp_interval))})."
            )
        if text_of(gap.cp_range):
            text += (
                f" First-hand figures of this row that mean the same run from "
                f"{self._count(f'{key}.lowest')} to {self._count(f'{key}.highest')}, not pooled."
            )
        local = text_of(gap.cp_local_passage)
        if text_of(gap.cp_range) and local and local != gap.cp_passage:
            text += f" Closest to the learners: {self.deck.quote(local)}"
        return text + self._target(gap)

    def _target(self, gap: Any) -> str:
        """The sourced target that the figure is measured against, if there is one."""
        address = text_of(gap.target_passage)
        if not address:
            return ""
        self.ask(
            "Gaps",
            "is the quoted target the one for these patients, and do both figures measure the "
            "same?",
            self._row_name(gap),
        )
        text = f" A target is stated: {self.deck.quote(address)}"
        if known(gap.delta):
            text += (
                f" The figure lies {self._count(f'gap.{gap.gap_id}.delta')} points from it, as far "
                "as both measure the same."
            )
        return text

    def _against(self, gap: Any) -> str:
        """What speaks against the gap."""
        against = addresses(gap.contradicting_passages)
        more = " Others are in the evidence appendix." if len(against) > 2 else ""
        for address in against[2:4]:
            self.deck.want(address)
        return " ".join(self.deck.quote(address) for address in against[:2]) + more

    def _consequence(self, gap: Any) -> str:
        """What the same records say follows for patients."""
        address = text_of(gap.consequence_passage)
        if address and address in self.deck.quoted_as_burden:
            return ""  # said already
        who = "The same source says" if int(gap.sources_n) < 2 else "One of the sources says"
        return f"{who}: {self.deck.quote(address)}" if address else ""

    def _not_found(self, gap: Any) -> str:
        """What every row is searched for, and what of it this one does not have."""
        again = "not found" in self._told
        self._told.add("not found")
        missing = []
        if not text_of(gap.target_passage):
            missing.append(
                "a target"
                if again
                else "a target (the achievable rate is unknown, so nothing is subtracted)"
            )
        if not text_of(gap.consequence_passage):
            missing.append("a consequence for patients in the same records")
        if not addresses(gap.contradicting_passages):
            rates = f"{self._count('findings.RATE')} sentences with a rate"
            missing.append(
                "a rate that speaks against it"
                if again
                else "a rate that speaks against it, that "
                f"is, that this is nearly always done (among {rates})"
            )
        if not missing:
            return ""
        head = "Not found either" if again else "Looked for and not found"
        return f"{head}: {'; '.join(missing)}."

    def _whose(self, gap: Any) -> str:
        """Whose practice was measured, beside the learners of the brief."""
        if warning := text_of(gap.audience_flag):
            self.ask(
                "Gaps",
                f"{warning}. Why does it hold for the learners of this activity?",
                self._row_name(gap),
            )
        return md.escape(told_fit(text_of(gap.audience_fit)))

    # --- why, and what to do ---------------------------------------------------------------------

    def _why(self, gap: Any, *, brief: bool = False) -> str:
        return " ".join(filter(None, (self._cause(gap), self._reach(gap, brief=brief))))

    def _cause(self, gap: Any) -> str:
        leading = text_of(gap.cause_passage)
        causes = [c for c in addresses(gap.cause_passages) if ".t." not in c]
        causes = [c for c in dict.fromkeys([leading, *causes]) if c]
        if not causes:
            self.ask(
                "Gaps",
                "why might this shortfall exist in the learners' own practice?",
                self._row_name(gap),
            )
            return f"No cause was found for this subject. {self._searched_once('barrier')}".rstrip()
        if self.deck.length(causes[0]) <= _LONGEST_CAUSE:
            best = causes[0]
        else:
            short = [c for c in causes if self.deck.length(c) <= _LONGEST_CAUSE]
            best = (short or causes)[0]
        more = " (one of several)" if len(causes) > 1 else ""
        return f"Named as a reason in the records{more}: {self.deck.quote(best)}"

    def _reach(self, gap: Any, *, brief: bool = False) -> str:
        """What education can close, what it cannot, and what else is needed.

        In brief no reason is told twice in a report.
        """
        plan = self._plan_of(gap)
        if plan is None:
            return ""
        what = "this gap" if gap.status == "gap" else "such a gap"
        answer = {
            "yes": f"Education can close {what}",
            "partly": f"Education can close part of {what}",
            "no": f"Education cannot close {what}",
        }.get(text_of(plan.addressable), f"Whether education can close {what} is unknown")
        reason = text_of(plan.addressable_reason)
        if brief and not any(c.isdigit() for c in reason):
            parts = reason.split(". ")
            reason = ". ".join(part for part in parts if part not in self._told)
            self._told.update(parts)
        text = f"{answer}." + (f" {named(reason)}." if reason else "")
        if text_of(plan.addressable) != "no":
            return text  # what is needed beside education stands in the barriers matrix
        strategy = text_of(plan.non_educational_strategy)
        return f"{text} Proposed instead: {named(strategy)}." if strategy else text

    def _plan_of(self, gap: Any) -> Any:
        objectives = self.assessment.planned
        return next(each_row(objectives[objectives["gap_id"] == gap.gap_id]), None)

    def _plan(self, gap: Any) -> str:
        plan = self._plan_of(gap)
        if plan is None:
            return (
                "\n**Need, objective, measure.** The level of this shortfall is unknown, so none "
                "is proposed.\n"
            )
        kinds = {k: need for k in "KCP" if (need := text_of(getattr(plan, f"need_{k}")))}
        needs = [f"**Need ({LEVELS[k]}).** {md.term(need)}" for k, need in kinds.items()]
        if text_of(plan.need) not in ("", " ".join(kinds.values())):
            needs = [f"**Need, as the writer words it.** {md.term(plan.need)}"]
        self.ask(
            "Gaps",
            "does the proposed need exist among the learners of this activity, and is it the "
            "cause? Confirm or change it.",
            self._row_name(gap),
        )
        baseline = "still to be measured"
        if plan.baseline_source != TO_BE_MEASURED:
            baseline = md.term(plan.baseline)
        measure = f"{named(plan.outcome_measure)}; baseline {baseline}."
        if measure in self._told:
            measure = "As above."
        self._told.add(measure)
        parts = [
            *needs,
            f"**Objective.** {md.term(plan.objective)}.",
            f"**Measure.** {measure}",
        ]
        return "\n" + " ".join(parts) + "\n"


_LONGEST_CAUSE = 40
"""Words of a quotation about a cause at most, where there is a shorter one."""

_YEARS = re.compile(r"(?:19|20)\d\d(?:-(?:19|20)\d\d)?")
_WITH_ARTICLE = frozenset({"United States", "United Kingdom", "Netherlands", "Philippines"})


def _holds(cell: Any) -> bool:
    """Whether a cell is true; unknown is not."""
    return known(cell) and bool(cell)


def _record(address: Any) -> str:
    """The record or document that a passage is of."""
    return text_of(address).partition(".")[0]
