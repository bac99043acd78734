"""The body of a report: burden and standard of care, learners, barriers, and the education plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cmeneeds.documents import Document
from cmeneeds.education import TO_BE_MEASURED
from cmeneeds.frames import each_row, text_of
from cmeneeds.gaps.audience import asked_of
from cmeneeds.gaps.causes import CauseCode, codes_of
from cmeneeds.gaps.subjects import Group, group_in
from cmeneeds.report import markdown as md
from cmeneeds.report.choosing import heaviest_first, plainest_first
from cmeneeds.report.front import Front
from cmeneeds.report.guideline_section import (
    READING_OF_STRENGTH,
    cards_table_markdown,
    source_words,
    strength_words,
)
from cmeneeds.report.learner_input import learner_lines, source_kinds
from cmeneeds.report.row_sections import LEVELS
from cmeneeds.report.stakeholders import stakeholder_input
from cmeneeds.report.wording import (
    a,
    first_lower,
    first_upper,
    kind_of_study,
    listed,
    told_formats,
)
from cmeneeds.report.writing import named, percentage

_BURDEN_WORDS = 40
"""Words of a quotation about burden at most."""


class Body(Front):
    """Sections that a reader reads from the first page on."""

    def burden(self) -> str:
        """Burden and relevance."""
        asked = asked_of(self.brief.audience)
        found = self._strong(
            ("BURDEN",), 0.5, 3, quoted=True, longest=_BURDEN_WORDS, close=True,
            order=heaviest_first(self._vocabulary, asked.countries),
        )  # fmt: skip
        if not found:
            return (
                "\nNo sentence about burden was sure and short enough to be quoted. "
                f"{self._searched('burden')}\n"
            )
        self.deck.quoted_as_burden.update(found)
        f = self.assessment.findings
        told = f[f["finding_id"].isin(found) & f["secondary"]]
        text = (
            f"\nOn how common and how serious it is, the records say ({self._burden_base()}):\n\n"
        )
        text += "".join(
            f"- {self._from(address)}: {self.deck.quote(address)}\n" for address in found
        )
        if not told.empty:
            self.ask(
                "Burden and relevance",
                "Passages marked as quoting another source need that source: find and cite it.",
            )
        return text

    def _burden_base(self) -> str:
        return f"the query on burden returned {self._count('search.burden.count')}"

    def _from(self, address: str) -> str:
        """Kind of source and year, at the start of a line."""
        work = self.deck.work(address)
        kind = "guideline record" if work.is_guideline else kind_of_study(work.design.name)
        when = f", {md.date(str(work.year))}" if work.year else ", year unknown"
        return f"{first_upper(a(kind))}{when}"

    def standard(self) -> str:
        """Standard of care."""
        works = self.assessment.records.works
        found = self._strong(("REC",), 0.6, 40, order=plainest_first(self._vocabulary))
        guidelines = [a for a in found if works[works.key_of(a)].is_guideline][:6]
        if not guidelines:
            self.ask(
                "Standard of care",
                "Which guideline states the standard of care? Add it to the library, then run the "
                "report again.",
            )
            return (
                "\nNo guideline record with a clear recommendation was found, so no standard of "
                f"care can be stated here. {self._searched('guideline')}\n"
                + cards_table_markdown(self.assessment, self.deck)
                + self._coming()
            )
        self.ask(
            "Standard of care",
            "Is each of these the current version, and does the planning committee accept it as "
            "the standard? Which recommendation disagrees?",
        )
        rows = {r.finding_id: r for r in each_row(self.assessment.findings)}
        table = md.table(
            [
                (self.deck.quote(a), self._issued(rows[a]), self._stated_strength(rows[a]))
                for a in guidelines
            ],
            ("Recommendation, word for word", "Source", "Strength"),
            f"Recommendations of guidelines and consensus statements. {READING_OF_STRENGTH}",
            widths=(50, 30, 20),
        )
        return (
            "\nThese recommendations come from records and documents that are themselves "
            "guidelines or consensus statements. Whether each is the version in force is for the "
            f"writer to confirm.\n{table}"
            + cards_table_markdown(self.assessment, self.deck)
            + self._coming()
        )

    def _issued(self, finding: Any) -> str:
        work = self.deck.work(finding.finding_id)
        return source_words(work, text_of(finding.rec_body), self._from(finding.finding_id))

    def _stated_strength(self, finding: Any) -> str:
        names = ("rec_strength", "rec_grade", "rec_level", "rec_system")
        return strength_words(str(finding.text), *(text_of(getattr(finding, n)) for n in names))

    def _coming(self, most: int = 5) -> str:
        """Trials under way: background that carries no gap."""
        trials = self.assessment.records.trials
        if not trials:
            return ""

        def field(document: Document, label: str) -> str:
            said = next((p.text for p in document.parts if p.label == label), "")
            return named(said) if said else "unknown"

        rows = [
            (
                f"{named(d.title)} {md.cite(d.id)}",
                field(d, "Status"),
                field(d, "Completion"),
                field(d, "Enrolment"),
            )
            for d in trials[:most]
        ]
        return (
            f"\nWhat is under way ({self._count('documents.trials')} trials found). It is "
            "background: nothing of it says what clinicians do or should do today.\n"
            + md.table(
                rows,
                ("Study", "Status", "Completion", "Participants"),
                "Studies under way, in the order of their registration numbers. Completion and "
                "participants may be plans.",
                align="lllr",
                widths=(52, 20, 14, 14),
            )
        )

    # --- learners, patients, equity --------------------------------------------------------------

    def learner_input(self) -> str:
        """Learner and stakeholder input."""
        text = learner_lines(self.assessment.learners)
        if text:
            self.ask(
                "Learner and stakeholder input",
                "Do these learners stand for the audience of the activity? Confirm the proposed "
                "rows, or name them in the file.",
            )
        elif self.brief.learner_data:
            said = ", ".join(named(entry) for entry in self.brief.learner_data)
            text += f"\nThe brief names learner data: {said}.\n"
            self.ask(
                "Learner and stakeholder input",
                "Give the learner data as CSV files, so that they are read and cited.",
            )
        else:
            text += (
                "\nNo learner data were given, so needs are inferred from the literature: they "
                "are not shown for these learners.\n"
            )
            self.ask(
                "Learner and stakeholder input",
                "Survey or test items, chart audit, earlier outcomes, interviews: which of them "
                "can be had from these learners?",
            )
        text += stakeholder_input(self.assessment)
        text += source_kinds(self.assessment, self._sections)
        return (
            text
            + self._voice("patient_perspective", "Patients and caregivers", "the patients' view")
            + self._voice("disparities", "Equity", "disparities")
        )

    def _voice(self, facet: str, head: str, about: str) -> str:
        """What records of one query say that is not quoted above, or what was searched."""
        found = self._of_facet(facet)
        if not found:
            return f"\n**{head}.** Searched, none found to quote. {self._searched(facet)}\n"
        led = {gap.cp_passage: gap for gap in self._sections}
        above = [x for x in found if x in led or x in self._voiced]
        said = [f"{self._from(x)}: {self.deck.quote(x)}" for x in found if x not in above]
        self._voiced.update(found)
        if said:
            return f"\n**{head}.** In records on {about}: {first_lower(' '.join(said))}\n"
        rows = [gap for gap in self._sections if gap.cp_passage in above]
        where = (
            f"what {first_lower(self._rows_named(rows))} quote" if rows else "what is quoted above"
        )
        where += "s" if len(rows) == 1 else ""
        return (
            f"\n**{head}.** The records on {about} gave nothing to quote beyond {where}. "
            f"{self._searched(facet)}\n"
        )

    def _of_facet(self, facet: str, most: int = 2) -> list[str]:
        """The surest short findings of the records that one query found, one a record."""
        records = self.assessment.records
        found = self._strong(("GAP", "CAUSE", "BURDEN"), 0.5, 60, longest=_BURDEN_WORDS, close=True)
        of_it = [a for a in found if facet in records.facets.get(self.deck.work(a).pmid or 0, ())]
        if facet == "patient_perspective":  # what health professionals answer is not their voice
            of_it = [a for a in of_it if self._group(a).actor != "clin"]
        return of_it[:most]

    def _group(self, address: str) -> Group:
        """The group that a passage is about."""
        place = self.assessment.records.works.locate(address)
        return group_in(place.text, place.work)

    # --- causes ----------------------------------------------------------------------------------

    def causes(self) -> str:
        """Causes and barriers over all rows: Cabana's factors against COM-B's components."""
        cells = self._barrier_cells()
        told = {c for gap in self._sections for c in text_of(gap.cause_passages).split("; ")}
        further = [
            a for a in self._strong(("CAUSE",), 0.5, 12, longest=_BURDEN_WORDS)
            if a not in told and a not in self._voiced
        ][:2]  # fmt: skip
        if not cells and not further:
            return f"\nNo cause was stated clearly enough. {self._searched('barrier')}\n"
        text = ""
        if cells:
            text += (
                "\nCauses that passages of the rows name, coded after Cabana and after COM-B. "
                "Numbers are those of the gap table.\n"
            ) + md.table(
                cells,
                ("Cabana", "COM-B", "Rows", "Education", "Beside education"),
                "Barriers matrix: which cause is named for which row, and what education can do.",
                widths=(22, 21, 16, 10, 31),
            )
        else:
            text += "\nNo cause of a row could be coded.\n"
        if further:
            text += "\nFurther causes that the records name, whatever row they belong to:\n\n"
            text += "".join(f"- {self._from(x)}: {self.deck.quote(x)}\n" for x in further)
        return text

    def _barrier_cells(self) -> list[tuple[str, ...]]:
        by_code: dict[tuple[str, str], CauseCode] = {}
        for gap in each_row(self.assessment.presented):
            for code in codes_of(text_of(gap.cause_codes)):
                by_code.setdefault((code.cabana, code.com_b), code)
        held = self.assessment.barriers
        rows: list[tuple[str, ...]] = []
        for cell, code in sorted(by_code.items(), key=lambda c: (-len(held[c[0]]), c[0])):
            numbers = [self._count(f"gap.{id}.number") for id in held[cell]]
            rows.append(
                (named(code.cabana), named(code.com_b), ", ".join(numbers), code.addressable,
                 named(first_upper(code.strategy)) if code.strategy else "nothing proposed")
            )  # fmt: skip
        return rows

    def audience(self) -> str:
        """Audience profile."""
        text = (
            "\n" + "\n".join(f"- {named(first_upper(str(a)))}" for a in self.brief.audience) + "\n"
        )
        groups = self.assessment.presented.groupby("group", sort=True).size()
        names = listed([named(str(g)) for g in groups.index if g != "group not stated"])
        text += f"\nGroups that the evidence speaks of: {names or 'not stated'}.\n"
        near = "at least one source from the learners' own country and from a like profession"
        flags = self._grouped((gap, text_of(gap.audience_flag) or near) for gap in self._sections)
        told = [f"{first_lower(self._rows_named(rows))}: {named(f)}" for f, rows in flags.items()]
        if told:
            text += f"\nHow near the evidence is to them, {'; '.join(told)}.\n"
        self.ask(
            "Audience",
            "How many learners are expected, and why does evidence from other groups, countries "
            "and settings hold for them?",
        )
        return text + "\nExpected reach: awaiting the writer; no source here tells it.\n"

    # --- the plan --------------------------------------------------------------------------------

    def objectives(self) -> str:
        """Learning objectives."""
        pairs = self._pairs(self._planned())
        if not pairs:
            return "\nNo objective is proposed: no row states the level of its shortfall.\n"
        rows = [
            (
                self._number(gap),
                named(str(o.objective)),
                LEVELS[str(o.gap_type)],
                md.term(f"Moore {o.moore_level}"),
            )
            for gap, o in pairs
        ]
        text = "\nProposed; each follows from the row of the gap table with its number.\n"
        text += md.table(
            rows,
            ("Row", "Objective: learners will be able to", "Level of the row", "Outcome level"),
            "Objectives. Outcome levels are those of Moore, Green and Gallis.",
            align="rlll",
            widths=(6, 60, 20, 14),
        )
        chosen = self._grouped((gap, text_of(o.competencies)) for gap, o in pairs)
        reasons = {gap.gap_id: text_of(o.competency_reason) for gap, o in pairs}
        text += "\nCompetencies:\n\n"
        for names, held in chosen.items():
            why = dict.fromkeys(reasons[gap.gap_id] for gap in held)
            text += (
                f"- {self._rows_named(held)}: {'; '.join(map(named, names.split('; ')))}. "
                f"{' '.join(f'{named(reason)}.' for reason in why)}\n"
            )
        self.ask("Learning objectives", "Confirm, reword or drop each objective.")
        return text

    def _grouped(self, pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
        """Rows by what they share, in order."""
        groups: dict[Any, list[Any]] = {}
        for gap, shared in pairs:
            groups.setdefault(shared, []).append(gap)
        return groups

    def _rows_named(self, rows: list[Any]) -> str:
        return f"Row{'s' * (len(rows) > 1)} {listed([self._number(gap) for gap in rows])}"

    def design(self) -> str:
        """Educational design rationale."""
        planned = self.brief.activity.type if self.brief.activity else ""
        pairs = self._pairs(self._planned())
        choices = self._grouped((gap, (o.formats, o.format_rationale)) for gap, o in pairs)
        unfit = [gap for gap, o in pairs if planned and planned not in o.formats.split("; ")]
        if not choices:
            return "\nNothing to design for yet: no objective is proposed.\n"
        text = "\nFormats that suit the root cause, else the level:\n\n" + "".join(
            f"- {self._rows_named(rows)}: {told_formats(formats)}. {named(rationale)}\n"
            for (formats, rationale), rows in choices.items()
        )
        if planned:
            text += f"\nThe brief plans: {named(planned)}"
            if self.brief.activity and self.brief.activity.format:
                text += f" ({named(self.brief.activity.format)})"
            text += "."
            if unfit:
                rows = first_lower(self._rows_named(unfit))
                text += f" This type is not among the formats that suit {rows}."
                self.ask(
                    "Educational design",
                    "The planned type is not among those suggested for every row. Change it, or "
                    "say why it fits.",
                )
            text += "\n"
        return text

    def outcomes(self) -> str:
        """Outcomes plan."""
        pairs = self._pairs(self._planned())
        measures = "".join(f"- {named(m)}\n" for m in self.brief.quality_measures)
        given = f"\nQuality measures that the brief names:\n\n{measures}" if measures else ""
        if not pairs:
            return f"\nNo measure is proposed, because no objective is.\n{given}"
        by_plan = self._grouped(
            (gap, (o.moore_level, o.outcome_measure, o.instrument, o.time_point))
            for gap, o in pairs
        )
        plans = [
            (
                listed([self._number(gap) for gap in rows]),
                md.term(f"Moore {moore}"),
                named(measure),
                named(instrument),
                named(time),
            )
            for (moore, measure, instrument, time), rows in by_plan.items()
        ]
        measured = [(gap, o) for gap, o in pairs if o.baseline_source != TO_BE_MEASURED]
        baselines = "".join(
            f"- Row {self._number(gap)}: {md.term(str(o.baseline))}.\n" for gap, o in measured
        )
        if len(measured) < len(pairs):
            rest = [gap for gap, o in pairs if o.baseline_source == TO_BE_MEASURED]
            baselines += f"- {self._rows_named(rest)}: none yet; to be measured.\n"
        published = [(gap, o) for gap, o in pairs if str(o.reference_value) != "unknown"]
        figures = [
            f"row {self._number(gap)}, {self._reference(o)}"
            for gap, o in published
            if str(o.reference_passage) != gap.cp_passage
        ]
        if published:
            baselines += "- Published figures, for reference only, stand in the gap table"
            baselines += f"; beside them {'; '.join(figures)}.\n" if figures else ".\n"
        return (
            "\nIf it is not measured before, a change cannot be shown after. Each measure needs "
            "the learners' own baseline, taken with the same instrument before the activity. "
            "Proposed analysis: the change in percentage points with its interval, learners "
            "matched where their answers can be linked.\n"
            + md.table(
                plans,
                ("Rows", "Level", "Measure", "Instrument", "Time"),
                "Outcomes plan, by Moore's levels.",
                widths=(7, 10, 32, 28, 23),
            )
            + f"\nBaselines:\n\n{baselines}"
            + given
        )

    def _reference(self, plan: Any) -> str:
        return self.deck.number(str(plan.reference_passage), percentage(str(plan.reference_value)))
