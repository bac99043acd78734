"""The rows of the gap table, one section each, in a report."""

from __future__ import annotations

from typing import Any

from cmeneeds.checks.rules import RULES
from cmeneeds.frames import each_row, known, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.decided import writers_words
from cmeneeds.report.writing import Writer, addresses, named, percentage

LEVELS = {
    "K": "knowledge",
    "C": "competence",
    "P": "performance",
    "O": "patient outcome",
    "S": "system",
    "": "level not stated",
}


class RowSections(Writer):
    """Current practice, best practice, difference, cause and plan of each leading row."""

    def gaps(self) -> str:
        """One section for each leading row."""
        return "".join(self._gap(n, gap) for n, gap in enumerate(self._sections, 1))

    def _gap(self, number: int, gap: Any) -> str:
        kind = "Gap" if gap.status == "gap" else "Candidate"
        text = f"\n## {kind} {number}. {md.escape(self._row_name(gap))}\n"
        if gap.status != "gap":
            reasons = "\n".join(f"- {named(r)}" for r in text_of(gap.missing).split("; ") if r)
            text += f"\nA candidate, not yet a gap. What is missing:\n\n{reasons}\n"
        if flag := text_of(gap.decision_flag):
            text += md.open_question("A decision about this row needs another look.")
            text += f"\nWhy: {named(flag)}.\n"
        text += writers_words(self.assessment, gap)
        if why := text_of(gap.priority_words):
            text += f"\nWhy it stands here: {named(why)}.\n"
        text += "\n### Current practice\n" + self.deck.card(gap.cp_passage)
        further = [a for a in addresses(gap.passages) if a != gap.cp_passage][:8]
        if further:
            passages = self._count(f"gap.{gap.gap_id}.passages")
            records = self._count(f"gap.{gap.gap_id}.sources")
            summary = f"Further evidence on this row (passages: {passages}, records: {records})"
            text += md.evidence(summary, [self.deck.card(a) for a in further])
        text += "\n### Best practice\n"
        if best := text_of(gap.bp_passage):
            text += self.deck.card(best)
            text += f"\nPaired because: {named(text_of(gap.pairing))}. {self._strength(gap)}\n"
        else:
            text += (
                f"\nNo recommendation on this subject was found. {self._searched('guideline')}\n"
            )
        text += "\n### Difference\n\n"
        if value := percentage(text_of(gap.cp_value_text)):
            reading = {
                "too low": "a share of what is wanted",
                "too high": "a share of what is not wanted",
            }.get(text_of(gap.cp_direction), "a share whose direction could not be told")
            text += (
                f"The record reports {self.deck.number(gap.cp_passage, value)}, {reading}. "
                f"{self._target(gap)}\n"
            ) + self._spread(gap)
        else:
            text += "The shortfall is stated in words; no figure was found for it.\n"
        text += self._against(gap) + self._whose(gap) + self._consequence(gap)
        text += "\n### Root cause\n"
        causes = addresses(gap.cause_passages)[:3]
        if causes:
            text += self.deck.cards(causes)
        else:
            text += f"\nNo cause was found for this subject. {self._searched('barrier')}\n"
            text += md.open_question("Why does this shortfall exist among the learners?")
        return text + self._plan(gap) + self._open_rules(gap)

    def _open_rules(self, gap: Any) -> str:
        """The rules of gap logic that this row does not pass yet, and what to do."""
        failing = [
            RULES[id] for id in self.assessment.flags.get(str(gap.gap_id), "").split("; ") if id
        ]
        if not failing:
            return "\nThe row passes every rule of gap logic that is checked.\n"
        is_gap = gap.status == "gap"  # for a candidate every rule is a warning
        lines = [
            f"- {r.id}, {r.severity if is_gap else 'warning'}: {named(r.asks)} {named(r.todo)}"
            for r in failing
        ]
        what = "to be mended" if is_gap else "what a gap would need"
        return f"\nRules of gap logic that this row does not pass yet ({what}):\n\n" + (
            "\n".join(lines) + "\n"
        )

    def _strength(self, gap: Any) -> str:
        """Strength, class and level, as the recommendation itself states them."""
        if not (text_of(gap.bp_grade) or bool(gap.bp_guideline)):
            # "Should" in an author's conclusion is no strength of a recommendation.
            return "It states neither class nor grade, and is no guideline."
        said = [
            f"{label} {named(text_of(getattr(gap, column)))}"
            for label, column in (
                ("strength", "bp_strength"),
                ("class or grade", "bp_grade"),
                ("level of evidence", "bp_level"),
                ("graded by", "bp_system"),
                ("issued by", "bp_body"),
            )
            if text_of(getattr(gap, column))
        ]
        if not said:
            return "The passage states neither strength nor class."
        return f"As stated: {', '.join(said)}."

    def _target(self, gap: Any) -> str:
        """The sourced target that the figure is measured against, if there is one."""
        address = text_of(gap.target_passage)
        if not address:
            return (
                "The achievable rate is unknown: no sourced target or benchmark was found, so "
                "nothing is subtracted."
            )
        text = f"A target is stated: {self.deck.sentence(address)}"
        if known(gap.delta):
            text += (
                f" The figure lies {self._count(f'gap.{gap.gap_id}.delta')} points from it, as far "
                "as both measure the same."
            )
        return text + md.open_question(
            "Is this the target for these patients, and do both figures measure the same?"
        )

    def _spread(self, gap: Any) -> str:
        """Interval of the leading figure, and the range of all of them."""
        text, key = "", f"gap.{gap.gap_id}"
        if known(gap.cp_low):
            text += (
                f"\nIn the same unit, the interval runs from {self._count(f'{key}.low')} to "
                f"{self._count(f'{key}.high')}, {named(text_of(gap.cp_interval))}.\n"
            )
        if text_of(gap.cp_range):
            text += (
                f"\nOver all first-hand figures of this row that mean the same, shares run from "
                f"{self._count(f'{key}.lowest')} to {self._count(f'{key}.highest')} in the same "
                "unit; they are not pooled."
            )
            for column, what in (
                ("cp_recent_passage", "The most recent"),
                ("cp_local_passage", "The one from nearest to the learners"),
            ):
                address = text_of(getattr(gap, column))
                if address and address != gap.cp_passage:
                    text += f" {what}: {self.deck.sentence(address)}"
            text += "\n"
        return text

    def _against(self, gap: Any) -> str:
        """What speaks against the gap."""
        against = addresses(gap.contradicting_passages)
        if not against:
            return (
                "\nAgainst it: among the sentences read, none reports that this is nearly always "
                "done.\n"
            )
        return "\nAgainst it:\n" + self.deck.cards(against[:4])

    def _whose(self, gap: Any) -> str:
        """Whose practice was measured, beside the learners of the brief."""
        text = f"\nMeasured in: {named(text_of(gap.audience_fit))}.\n"
        if warning := text_of(gap.audience_flag):
            text += md.open_question(
                f"On this row: {warning}. Why does it hold for the learners of this activity?"
            )
        return text

    def _consequence(self, gap: Any) -> str:
        """What the same records say follows for patients."""
        address = text_of(gap.consequence_passage)
        return f"\nConsequence: {self.deck.sentence(address)}\n" if address else ""

    def _plan(self, gap: Any) -> str:
        objectives = self.assessment.planned
        rows = objectives[objectives["gap_id"] == gap.gap_id]
        text = "\n### Need, objective, measure\n"
        if rows.empty:
            return text + "\nThe level of this shortfall is unknown, so no objective is proposed.\n"
        plan = next(each_row(rows))
        kinds = {k: need for k in "KCP" if (need := text_of(getattr(plan, f"need_{k}")))}
        needs = [f"Proposed need ({LEVELS[k]}): {md.term(need)}" for k, need in kinds.items()]
        if text_of(plan.need) not in ("", " ".join(kinds.values())):
            needs = [f"Need, as the writer words it: {md.term(plan.need)}"]
        closable = f"Closable by education: {named(plan.addressable)}. "
        parts = [
            *needs,
            *[
                f"Cause coded after Cabana: {named(coded)}. After COM-B: "
                f"{named(text_of(plan.com_b))}."
                for coded in [text_of(plan.cabana)]
                if coded
            ],
            closable + f"{named(text_of(plan.addressable_reason))}.",
        ]
        if strategy := text_of(plan.non_educational_strategy):
            parts.append(f"Proposed beside education: {named(strategy)}.")
        parts += [
            f"Proposed objective: {md.term(plan.objective)}.",
            (
                f"Competencies: {named(text_of(plan.competencies))}. "
                f"{named(text_of(plan.competency_reason))}."
            ),
            f"Measure: {named(plan.outcome_measure)}. Baseline: {md.term(plan.baseline)}.",
        ]
        text += "\n" + "\n\n".join(parts) + "\n"
        return text + md.open_question(
            "Does this need exist among the learners of this activity, and is it the cause? "
            "Confirm or change it."
        )
