"""The body of a report: from the cover to the outcomes plan."""

from __future__ import annotations

from cmeneeds.documents import Document
from cmeneeds.education import TO_BE_MEASURED
from cmeneeds.frames import known, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.learner_input import learner_lines, source_kinds
from cmeneeds.report.row_sections import LEVELS, RowSections
from cmeneeds.report.writing import named, percentage

THIN_RECORDS = 200
"""Records on a topic below which the report calls its base thin; a house rule."""

THIN_ROWS = 5
"""Rows of the gap table below which it does so too."""


class Body(RowSections):
    """Sections that a reader reads from the first page on."""

    def banners(self) -> str:
        """What this document is not."""
        draft = (
            "Not signed. Everything here was put together by a program from the sources cited. A "
            "named person has yet to confirm every gap and every cited claim."
        )
        text = md.banner("draft", draft)
        if self.assessment.is_sample:
            text += md.banner("sample", self.assessment.records.notice)
        return text

    def cover(self) -> str:
        """Cover block."""
        b = self.brief
        lines = [
            ("Topic", named(b.topic)),
            ("Audience", "; ".join(named(str(a)) for a in b.audience)),
        ]
        if b.trigger:
            lines.append(("What triggered it", named(b.trigger)))
        if b.population:
            lines.append(("Patients", named(b.population.description)))
        if b.activity:
            a = b.activity
            parts = [named(a.type)]
            if a.format:
                parts.append(named(a.format))
            if a.credit_hours:
                hours = md.given(f"{a.credit_hours:g}", "brief.credit_hours")
                parts.append(f"{hours} credit hour{'' if a.credit_hours == 1 else 's'}")
            lines.append(("Activity", ", ".join(parts)))
        lines += [
            ("Speaks for", f"{md.date(b.as_of.isoformat())}; literature of {self._years()}"),
            ("Source of records", named(self.assessment.records.source)),
            (
                "Data as of",
                f"{md.date(self.assessment.records.data_date)} (newest revision or day of search)",
            ),
            ("Checked against", ", ".join(named(a) for a in b.accreditor)),
            (
                "Commercial support",
                named(b.support.status) if b.support else "not stated in the brief",
            ),
        ]
        return "\n" + "\n".join(f"{name}\n:   {value}\n" for name, value in lines)

    def summary(self) -> str:
        """Executive summary."""
        c = self._count
        text = (
            f"\nThis assessment asks where knowledge, care or outcomes fall short on "
            f"{named(self.brief.topic)}. {c('records.total')} records were read; they hold "
            f"{c('findings.total')} sentences that speak about practice, of which "
            f"{c('findings.GAP')} state a shortfall and {c('findings.REC')} recommend something. "
            f"They form {c('gaps.total')} rows of the gap table: {c('gaps.gap')} with current "
            f"practice and best practice both sourced (*gap*), {c('gaps.candidate')} with one side "
            "still missing (*candidate*).\n"
        )
        topic = self.assessment.counts.get("search.topic.count")
        if topic is not None:
            text += (
                f"\nThe source holds {c('search.topic.count')} records on the topic in these years"
                f"; {c('records.total')} of them answered at least one of {c('queries.total')} "
                "questions."
            )
            few = self.assessment.counts["gaps.total"] < THIN_ROWS or topic < THIN_RECORDS
            text += " That is a thin base for conclusions.\n" if few else "\n"
        if self.assessment.counts["gaps.gap"] == 0:
            text += (
                "\nNo row has both sides yet. What follows shows where to look, not what is "
                "proven.\n"
            )
        if self._sections:
            text += "\nThe leading rows:\n\n"
        for gap in self._sections[:5]:
            head = (
                f"**{named(self._row_name(gap))}** ({LEVELS[text_of(gap.gap_type)]}, {gap.status})"
            )
            text += f"- {head}: {self.deck.sentence(gap.cp_passage)}\n"
        return text

    def glance(self) -> str:
        """The gap table."""
        if not self._sections:
            return "\nThe writer rejected every row; the reasons stand in the appendix.\n"
        rows = []
        for gap in [*self._sections, *self._others][:15]:
            value = percentage(text_of(gap.cp_value_text))
            current = (
                self.deck.number(gap.cp_passage, value)
                if value
                else f"stated in words {md.cite(gap.cp_source)}"
            )
            best = text_of(gap.bp_passage)
            design = text_of(gap.cp_design)
            design = "design unknown" if design == "unknown" else design
            rows.append(
                (
                    self._count(f"gap.{gap.gap_id}.rank"),
                    f"**{named(self._row_name(gap))}**{md.BREAK}{LEVELS[text_of(gap.gap_type)]}",
                    f"{current} {md.BREAK}{named(design)}",
                    self.deck.source(best) if best else "none found",
                    text_of(gap.status),
                    self._count(f"gap.{gap.gap_id}.sources"),
                    self._count(f"gap.{gap.gap_id}.priority")
                    if known(gap.priority)
                    else "not computed",
                )
            )
        table = md.table(
            rows,
            ("Rank", "Subject and group", "Current practice", "Best practice", "Status", "Records",
             "Priority"),
            "Gap table. A number leads to the sentence that says it. The higher the priority, the "
            "more there is to gain; it knows nothing about supporters.",
            align="rllllrr",
            widths=(5, 27, 18, 20, 11, 9, 10),
        )  # fmt: skip
        shown = len(rows)
        hidden = len(self._sections) + len(self._others) - shown
        more = "\nFurther rows are in `gaps.csv`.\n" if hidden > 0 else ""
        return table + more

    def charts(self, magnitude: bool) -> str:
        """Figures, by name; ``magnitude`` tells whether there is one of that name."""
        text = ""
        if magnitude:
            text += md.picture(
                "magnitude",
                "Published figures of the gap table. The line runs from zero; it is no target.",
                "Dot chart of the percentages that the records report for rows of the gap table, "
                "on an axis from 0 to 100 percent; the same figures stand in the gap table.",
            )
        if self.assessment.has_order:
            text += md.picture(
                "stability",
                "Ranks of the gap table. The dot is the rank; the bar shows how far it moves when "
                "one of the weights in turn is lowered or raised. Gaps stay before candidates.",
                "Dot chart of the ranks of the rows of the gap table with a bar from the best to "
                "the worst rank of each; the same ranks stand in gaps.csv.",
            )
        return text

    def burden(self) -> str:
        """Burden and relevance."""
        found = self._strong(("BURDEN",), 0.5, 5, quoted=True)
        if not found:
            return (
                "\nNo sentence about burden was sure enough to be quoted. "
                f"{self._searched('burden')}\n"
            )
        f = self.assessment.findings
        told = f[f["finding_id"].isin(found) & f["secondary"]]
        text = (
            "\nWhat the records say about how common and how serious the problem is, word for "
            "word:\n" + self.deck.cards(found)
        )
        if not told.empty:
            text += md.open_question(
                "Passages marked as quoting another source need that source: find and cite it."
            )
        return text

    def standard(self) -> str:
        """Standard of care."""
        works = self.assessment.records.works
        found = self._strong(("REC",), 0.6, 40)
        guidelines = [a for a in found if works[works.key_of(a)].is_guideline][:6]
        if guidelines:
            text = (
                "\nRecommendations from records and documents that are themselves guidelines or "
                "consensus statements. Class, strength and version must be read in the documents "
                "themselves:\n"
                + self.deck.cards(guidelines)
                + md.open_question(
                    "Is each of these the current version, and does the planning committee accept "
                    "it as the standard? Which recommendation disagrees?"
                )
            )
        else:
            text = (
                "\nNo guideline record with a clear recommendation was found. "
                f"{self._searched('guideline')}\n"
                + md.open_question(
                    "Which guideline states the standard of care? Add it to the library, then run "
                    "the report again."
                )
            )
        return text + self._coming()

    def _coming(self, most: int = 8) -> str:
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

    def learner_input(self) -> str:
        """Learner and stakeholder input."""
        text = learner_lines(self.assessment.learners)
        if text:
            text += md.open_question(
                "Do these learners stand for the audience of the activity? Confirm the proposed "
                "rows, or name them in the file."
            )
        elif self.brief.learner_data:
            said = ", ".join(named(entry) for entry in self.brief.learner_data)
            text += f"\nThe brief names learner data: {said}.\n"
            text += md.open_question("Give them as CSV files, so that they are read and cited.")
        else:
            text += md.open_question(
                "No learner data were given: survey or test items, chart audit, earlier outcomes, "
                "interviews. Literature alone shows inferred needs, not those of these learners."
            )
        text += source_kinds(self.assessment, self._sections)
        return text + (
            "\nPatient perspective: "
            + self._searched("patient_perspective")
            + "\n\nDisparities: "
            + self._searched("disparities")
            + "\n"
        )

    def causes(self) -> str:
        """Causes and barriers over all rows."""
        found = self._strong(("CAUSE",), 0.5, 6)
        if not found:
            return f"\nNo cause was stated clearly enough. {self._searched('barrier')}\n"
        return (
            "\nReasons and barriers that the records name, whatever row they belong to:\n"
            + self.deck.cards(found)
        )

    def audience(self) -> str:
        """Audience profile."""
        text = "\n" + "\n".join(f"- {named(str(a))}" for a in self.brief.audience) + "\n"
        groups = self.assessment.presented.groupby("group", sort=True).size()
        names = ", ".join(named(str(g)) for g in groups.index)
        text += f"\nGroups that the evidence speaks of: {names}.\n"
        return text + md.open_question(
            "How many learners are expected, and why does evidence from other groups, countries "
            "and settings hold for them?"
        )

    def objectives(self) -> str:
        """Learning objectives."""
        table = self._planned()
        if table.empty:
            return "\nNo objective is proposed: no row states the level of its shortfall.\n"
        rows = [
            (
                named(str(o.objective)),
                named(self._row_name(gap)),
                LEVELS[str(o.gap_type)],
                md.term(f"Moore {o.moore_level}"),
            )
            for gap, o in self._pairs(table)
        ]
        text = md.table(
            rows,
            ("Proposed objective", "Row of the gap table", "Level", "Outcome level"),
            "Objectives, each from one row of the gap table. Outcome levels are those of "
            "Moore, Green and Gallis.",
            widths=(38, 30, 14, 14),
        )
        map_rows = [
            (
                named(self._row_name(gap)),
                md.BREAK.join(named(c) for c in text_of(o.competencies).split("; ")),
                named(text_of(o.competency_reason)),
            )
            for gap, o in self._pairs(table)
        ]
        competencies = md.table(
            map_rows,
            ("Row of the gap table", "Competencies", "Reason"),
            "Competencies, chosen by the root cause where one is cited, else by the level.",
            widths=(26, 38, 34),
        )
        return text + competencies + md.open_question("Confirm, reword or drop each objective.")

    def design(self) -> str:
        """Educational design rationale."""
        by_choice: dict[tuple[str, str], list[str]] = {}
        unfit = False
        planned = self.brief.activity.type if self.brief.activity else ""
        for gap, o in self._pairs(self._planned()):
            name = self._row_name(gap)
            by_choice.setdefault((o.formats, o.format_rationale), []).append(name)
            unfit |= bool(planned) and planned not in o.formats.split("; ")
        if not by_choice:
            return "\nNothing to design for yet: no objective is proposed.\n"
        lines = [
            f"- **{named(formats.replace('; ', ', '))}**, for {'; '.join(map(named, names))}. "
            f"{named(rationale)}"
            for (formats, rationale), names in by_choice.items()
        ]
        text = "\nFormats that suit the root cause, else the level:\n\n" + "\n".join(lines) + "\n"
        if planned:
            text += f"\nThe brief plans: {named(planned)}.\n"
        if unfit:
            text += md.open_question(
                "The planned type is not among those suggested for every row. Change it, or say "
                "why it fits."
            )
        return text

    def outcomes(self) -> str:
        """Outcomes plan."""
        pairs = self._pairs(self._planned())
        measures = "".join(f"- {named(m)}\n" for m in self.brief.quality_measures)
        given = f"\nQuality measures that the brief names:\n\n{measures}" if measures else ""
        if not pairs:
            return f"\nNo measure is proposed, because no objective is.\n{given}"
        rows = [
            (
                named(self._row_name(gap)),
                named(str(o.outcome_measure)),
                f"{named(str(o.instrument))}{md.BREAK}{named(str(o.time_point))}",
                "to be measured" if o.baseline_source == TO_BE_MEASURED else md.term(o.baseline),
                self.deck.number(str(o.reference_passage), percentage(str(o.reference_value)))
                if str(o.reference_value) != "unknown"
                else "unknown",
            )
            for gap, o in pairs
        ]
        return (
            "\nIf it is not measured before, a change cannot be shown after. Each measure needs "
            "the learners' own baseline, taken with the same instrument before the activity.\n"
            + md.table(
                rows,
                ("Row", "Measure", "Instrument and time", "Baseline", "Published figure"),
                "Outcomes plan. The published figure is for reference; it is not the baseline of "
                "these learners.",
                widths=(20, 27, 28, 14, 11),
            )
            + given
        )
