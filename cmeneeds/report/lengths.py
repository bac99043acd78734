"""The same evidence in the lengths that clients ask for: short, letter of intent, portal fields."""

from __future__ import annotations

from typing import Any

from cmeneeds.education import audience_in_sentence
from cmeneeds.frames import text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.choosing import plainest_first
from cmeneeds.report.request import SECTIONS, Coverage
from cmeneeds.report.row_sections import LEVELS
from cmeneeds.report.wording import listed, word_count
from cmeneeds.report.writing import named

SHORT_WORDS = 800
"""Words of the short form at most (practitioners' custom: 500 to 800)."""

FIELD_WORDS = 250
"""Words of a field of a portal at most."""


class Lengths(Coverage):
    """Short forms of a report; every figure leads to its card, as in the long one."""

    def short(self, limit: int = SHORT_WORDS) -> str:
        """The needs assessment in at most 800 words."""
        head = self._asked() + self._found()
        tail = "\n## Learning objectives and outcomes\n" + self._plans() + self._limits_in_short()
        left = limit - word_count(head) - word_count(tail)
        body = "\n## Gaps and candidates\n" if self._sections else ""
        return (
            head
            + body
            + self._fitting([self._row_in_short(g) for g in self._sections], left)
            + tail
        )

    def letter(self) -> str:
        """A letter of intent: what is proposed, for whom, on what evidence."""
        b = self.brief
        activity = b.activity
        what = "an educational activity"
        if activity:
            kind = named(activity.type)
            what = f"an activity ({kind}" + (
                f", {named(activity.format)})" if activity.format else ")"
            )
        text = (
            f"\nWe intend to propose {what} on {named(b.topic)} for "
            f"{listed([named(str(a)) for a in b.audience])}.\n"
        )
        if b.trigger:
            text += f"\nWhat raised it: {named(b.trigger.rstrip('.'))}.\n"
        text += "\n## The need\n" + self._found()
        text += self._fitting([self._row_in_short(g) for g in self._sections], FIELD_WORDS)
        text += "\n## What learners will be able to do\n" + self._plans()
        text += "\n## Independence\n"
        if b.support is None:
            text += "\nThe brief does not say whether commercial support is sought."
        elif b.support.status == "none":
            text += "\nNo commercial support is sought."
        else:
            text += f"\nCommercial support: {b.support.status}."
        return text + (
            " Nothing about support reached the search, the reading or the order of the rows.\n"
            + self._limits_in_short()
        )

    def portal(self) -> str:
        """Fields for a grant portal, each with its words counted."""
        text = (
            "\nEach field holds at most "
            f"{md.count(FIELD_WORDS, 'words.allowed')} words; the count stands below it.\n"
        )
        for key, (head, content) in self._fields().items():
            number = md.count(word_count(content), f"words.field.{key}")
            text += f"\n## {head}\n{content}\n*{number} words*\n"
        return text

    def word_counts(self) -> dict[str, int]:
        """Every word count that a report of any length prints, by its key."""
        counts = {
            f"words.field.{key}": word_count(content)
            for key, (_, content) in self._fields().items()
        }
        sizes = self.section_words()
        counts |= {f"words.section.{SECTIONS[name]}": size for name, size in sizes.items()}
        return counts | {"words.body": sum(sizes.values()), "words.allowed": FIELD_WORDS}

    # --- pieces ----------------------------------------------------------------------------------

    def _fields(self) -> dict[str, tuple[str, str]]:
        """Heading and content of each field, by key."""
        rows = [self._row_in_short(gap) for gap in self._sections]
        fields = {
            "need": ("Summary of the need", self._asked() + self._found()),
            "gaps": ("Practice gaps and candidates", self._fitting(rows, FIELD_WORDS)),
            "standard": ("Standard of care", self._fitting(self._standards(), FIELD_WORDS)),
            "causes": ("Causes and barriers", self._fitting(self._causes_in_short(), FIELD_WORDS)),
            "audience": ("Target audience", self._audience_in_short()),
            "objectives": ("Learning objectives", self._objectives_in_short()),
            "design": ("Format and why it fits", self._fitting([self.design()], FIELD_WORDS)),
            "outcomes": ("Outcomes and measures", self._measures_in_short()),
            "limits": ("Methods and limits", self._limits_in_short()),
        }
        return {key: field for key, field in fields.items() if field[1].strip()}

    def _fitting(self, parts: list[str], limit: int) -> str:
        """Whole parts, as many as fit; what is left out is said."""
        text, left, dropped = "", limit - 12, False
        for part in parts:
            left -= word_count(part)
            if left < 0:
                dropped = True
                break
            text += part
        return text + ("\nThere is more in the full report.\n" if dropped else "")

    def _asked(self) -> str:
        who = named(audience_in_sentence(self.brief))
        return (
            f"\nTopic: {named(self.brief.topic)}. Learners: {who}. The question is where practice "
            "falls short, why, and what education can do.\n"
        )

    def _found(self) -> str:
        text = self._what_was_read().rstrip()
        if self._sections and not any(text_of(gap.bp_passage) for gap in self._sections):
            text += " No recommendation was found for any of the leading rows."
        return "\n" + text[text.index(self._count("records.total")) :] + "\n"

    def _row_in_short(self, gap: Any) -> str:
        """One row: what is reported, what is recommended, why, and what education can do."""
        best = text_of(gap.bp_passage)
        cause = text_of(gap.cause_passage)
        plan = self._plan_of(gap)
        text = (
            f"\n**{self._number(gap)}. {named(self._row_name(gap))}** ({gap.status}, "
            f"{LEVELS[text_of(gap.gap_type)]}). {self._reported_in_brief(gap)} "
            f"{self.deck.quote(gap.cp_passage)} "
        )
        text += f"{self._standard(gap)} " if best else ""
        if cause and self.deck.length(cause) <= 40:
            text += f"Named as a reason: {self.deck.quote(cause)} "
        elif cause:
            text += f"Cause, as coded: {self._cause_named(gap)}. "
        else:
            text += "No cause was found. "
        if plan is not None:
            text += f"Closable by education: {named(text_of(plan.addressable))}."
        return text.rstrip() + "\n"

    def _standards(self) -> list[str]:
        works = self.assessment.records.works
        found = self._strong(("REC",), 0.6, 40, order=plainest_first(self._vocabulary))
        held = [a for a in found if works[works.key_of(a)].is_guideline][:4]
        if not held:
            return [f"\nNo guideline record was found. {self._searched('guideline')}\n"]
        return [f"\n- {self._from(x)}: {self.deck.quote(x)}\n" for x in held]

    def _causes_in_short(self) -> list[str]:
        held = [text_of(gap.cause_passage) for gap in self._sections]
        held = [c for c in dict.fromkeys(held) if c and self.deck.length(c) <= 45]
        if not held:
            return [f"\nNo cause was stated clearly enough. {self._searched('barrier')}\n"]
        return [f"\n- {self._from(x)}: {self.deck.quote(x)}\n" for x in held]

    def _audience_in_short(self) -> str:
        return "\n" + "".join(f"- {named(str(a))}\n" for a in self.brief.audience)

    def _objectives_in_short(self) -> str:
        pairs = self._pairs(self._planned())
        return self._fitting(
            [f"\n- {named(str(o.objective))} (row {self._number(gap)})\n" for gap, o in pairs],
            FIELD_WORDS,
        )

    def _measures_in_short(self) -> str:
        pairs = self._pairs(self._planned())
        groups = self._grouped((gap, (o.moore_level, str(o.outcome_measure))) for gap, o in pairs)
        lines = [
            f"\n- {self._rows_named(rows)}, {md.term(f'Moore {moore}')}: {named(measure)}\n"
            for (moore, measure), rows in groups.items()
        ]
        return self._fitting(lines, FIELD_WORDS - 30) + (
            "\nThe learners' own baseline is to be measured with the same instrument before the "
            "activity.\n" * bool(lines)
        )

    def _plans(self) -> str:
        pairs = self._pairs(self._planned())
        if not pairs:
            return "\nNo objective is proposed: no row states the level of its shortfall.\n"
        groups = self._grouped((gap, (str(o.outcome_measure), o.moore_level)) for gap, o in pairs)
        lines = "".join(
            f"- {named(str(o.objective))} (row {self._number(gap)}).\n" for gap, o in pairs
        )
        measures = " ".join(
            f"{self._rows_named(rows)}: {named(measure)} ({md.term(f'Moore {moore}')})."
            for (measure, moore), rows in groups.items()
        )
        return (
            f"\nProposed objectives, learners will be able to:\n\n{lines}\nMeasures. {measures} "
            "Each needs the learners' own baseline before the activity.\n"
        )

    def _limits_in_short(self) -> str:
        c = self._count
        return (
            f"\nMethods: {c('queries.total')} queries to {named(self.assessment.records.source)}, "
            f"data of {md.date(self.assessment.records.data_date)}; a program read titles and "
            "abstracts and labeled each sentence. It misses sentences and mislabels others, so a "
            "person has to read every passage that is cited.\n"
        )
