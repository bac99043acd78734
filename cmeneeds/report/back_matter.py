"""The back of a report: accreditation, methods, statements, references, appendices."""

from __future__ import annotations

from functools import partial
from typing import Any

from cmeneeds.frames import each_row, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.change_section import change_section
from cmeneeds.report.check_section import check_place
from cmeneeds.report.crosswalk import crosswalk_text
from cmeneeds.report.decided import another_look
from cmeneeds.report.independence import independence_text
from cmeneeds.report.learner_input import learner_cards
from cmeneeds.report.row_sections import RowSections
from cmeneeds.report.statements import automated_methods
from cmeneeds.report.wording import listed
from cmeneeds.report.writing import addresses, named
from cmeneeds.strategy import all_facets

CARDS_A_ROW = 4
"""Leading passages of a row whose cards are shown beside those that the report quotes."""


class BackMatter(RowSections):
    """Sections that a reviewer turns to."""

    def crosswalk(self) -> str:
        """Accreditation crosswalk."""
        return crosswalk_text(self.assessment, partial(self.ask, "Accreditation crosswalk"))

    # --- methods ---------------------------------------------------------------------------------

    def methods(self) -> str:
        """How it was searched and read, and what that cannot show; details are in an appendix."""
        c = self._count
        return (
            f"\n**Search.** {named(self.assessment.records.source)}, data of "
            f"{md.date(self.assessment.records.data_date)}; records of {self._years()}, in "
            f"{named(', '.join(self.brief.languages).title())}. {c('queries.total')} queries, each "
            "for one question. Their strings and counts, and the flow of records, are in the "
            "appendix on the search.\n"
            f"\n**Selection and reading.** {self._screening()} A program read title and abstract "
            f"of {c('records.total')} records ({c('records.abstracts')} have an abstract), "
            f"{self._full_texts()}, and sorted their sentences. {c('findings.total')} were kept: "
            f"{self._labels()}. A row of the gap table needs at "
            "least one sentence that states a shortfall, from a record about the topic.\n"
            "\n**Limits.** Abstracts leave out much. The program misses sentences and mislabels "
            "others. Several studies of one measure stand side by side and are not pooled. "
            "Denominators, countries and settings are unknown unless the passage says them. "
            f"{self._withdrawn()} Whether a record has been corrected or retracted is unknown for "
            f"{c('records.status-unknown')} of them: the record says nothing, and a notice may be "
            "newer than the record."
            f"{self._notices_asked()}\n"
        )

    def _counted(self, key: str, noun: str) -> str:
        """A number of the run and what is counted, in the singular where it is one."""
        return f"{self._count(key)} {noun}{'s' * (self.assessment.counts[key] != 1)}"

    def _labels(self) -> str:
        """How many sentences carry each label, in words."""
        said = [
            f"{self._count(f'findings.{label}')} {what}"
            for label, what in (
                ("GAP", "state a shortfall"),
                ("RATE", "give a rate"),
                ("CAUSE", "name a cause or barrier"),
                ("REC", "recommend something"),
                ("BURDEN", "tell the burden"),
                ("EVGAP", "call for more evidence"),
            )
        ]
        return listed(said)

    def _withdrawn(self) -> str:
        """What was done with retracted records."""
        number = self.assessment.counts["records.withdrawn"]
        if not number:
            return "No record is marked as retracted."
        return (
            f"{self._counted('records.withdrawn', 'record')} "
            f"{'is' if number == 1 else 'are'} retracted or a retraction notice and carr"
            f"{'ies' if number == 1 else 'y'} no row."
        )

    def methods_in_full(self) -> str:
        """What methods leave out: limits of the search, grouping, ranking, and use of rates."""
        c = self._count
        notes = {
            n for e in self.assessment.records.log for n in e.notes.split("; ") if "newest" in n
        }
        text = (
            "\n**Search.** Each query joins names of the topic (headings and text words) with "
            "words of one question. Records indexed as about animals alone were left out, and so "
            "was what unindexed records say whose title names laboratory animals and no people. No "
            "published filter was used. Duplicates were removed by record number.\n"
        )
        for note in sorted(notes):
            text += f"\nLimit reached: {named(note)}.\n"
        return text + (
            "\n**Grouping and pairing.** Findings are gathered by a subject, taken from the "
            "records' own keywords and headings, and by the group of people they speak of. A "
            "recommendation is paired with a row if it names the same subject.\n"
            "\n**Ranking.** Priority is a weighted mean of the size of the stated shortfall "
            f"(weight {c('priority.magnitude')}), severity of the consequence that passages name "
            f"({c('priority.severity')}), number of independent groups of people "
            f"({c('priority.prevalence')}), what education can close "
            f"({c('priority.addressability')}), how it can be measured "
            f"({c('priority.measurability')}), and recency and design of the evidence "
            f"({c('priority.evidence')}). A survey, audit or registry says more about everyday "
            "practice than a trial. Nothing about support, products or money is an input.\n"
            "\n**Rates.** A rate of wanted care that is nearly always reached counts as evidence "
            "against a gap. A rate alone, without a stated shortfall, carries a row only where it "
            "is unwanted care. Nothing is subtracted where no source states a target.\n"
        )

    def _screening(self) -> str:
        """What people did with the records, if they did anything."""
        if not self.assessment.records.screening:
            return "Nobody screened the records by hand."
        c = self._count
        text = (
            f"People screened {c('screening.screened')} records: {c('screening.included')} kept, "
            f"{c('screening.excluded')} excluded, {c('screening.maybe')} undecided, "
            f"{c('screening.conflict')} in conflict; {c('screening.unscreened')} were not "
            "screened. Excluded records carry no finding."
        )
        reasons = list(self.assessment.records.screened.reasons)
        if reasons:
            told = ", ".join(
                f"{named(reason)} ({c(f'screening.reason-{n}')})"
                for n, reason in enumerate(reasons, 1)
            )
            text += f" Reasons: {told}."
        return text

    def _notices_asked(self) -> str:
        """When PubMed was last asked for notices."""
        records = self.assessment.records
        if not records.checked:
            return " PubMed was not asked for such notices."
        whom = next((e.source for e in records.beside if e.facet == "standing"), "PubMed")
        return f" Last asked for such notices, on {md.date(records.checked)}: {named(whom)}."

    def _full_texts(self) -> str:
        """How many documents beside abstracts were read."""
        counts = self.assessment.counts
        if counts["documents.total"] == counts["documents.background"]:
            return "no full text"
        return (
            f"with {self._count('documents.study')} full texts and "
            f"{self._count('documents.guideline')} guideline documents beside them"
        )

    def independence(self) -> str:
        """Independence, disclosure, automated methods."""
        self.ask("Independence and disclosure", "Who read and confirmed the passages, and when?")
        ask = partial(self.ask, "Independence and disclosure")
        return independence_text(self.assessment, ask) + automated_methods(self.assessment)

    def references(self) -> str:
        """Where the reference list goes."""
        return "\n::: {#refs}\n:::\n"

    # --- appendices ------------------------------------------------------------------------------

    def appendix_evidence(self) -> str:
        """Every passage that the report rests on, as a card, by the row that it belongs to."""
        text = ""
        for gap in self._sections:
            held = [gap.cp_passage, *addresses(gap.passages)[:CARDS_A_ROW]]
            held += [a for a in (text_of(gap.bp_passage),) if a]
            held += [
                *addresses(gap.cause_passages)[:2],
                *addresses(gap.contradicting_passages)[:4],
                *[a for a in (text_of(gap.consequence_passage),) if a],
            ]
            new = [a for a in dict.fromkeys(held) if not self.deck.is_shown(a)]
            if not new:
                continue
            key = f"gap.{gap.gap_id}"
            summary = (
                f"**{self._number(gap)}. {named(self._row_name(gap))}.** The row rests on "
                f"{self._counted(f'{key}.passages', 'passage')} from "
                f"{self._counted(f'{key}.sources', 'record')}; shown with what is quoted beside "
                "them."
            )
            text += md.evidence(summary, [self.deck.card(a) for a in new])
        if cards := learner_cards(self.assessment.learners):
            text += cards
        missing = self.deck.missing()
        if missing:
            text += md.evidence("**Other passages.**", [self.deck.card(a) for a in missing])
        return text or "\nNo passage is cited.\n"

    def appendix_rows(self) -> str:
        """Rows of the gap table without a section, and what the writer rejected."""
        text = ""
        if self._others:
            rows = [self._other(gap) for gap in self._others[:20]]
            text += md.table(
                rows,
                ("No.", "Subject and group", "Current practice", "Status"),
                "Rows of the gap table without a section of their own.",
                align="rlll",
                widths=(6, 30, 50, 14),
            )
        text += self.in_detail() + self._reasons()
        rejected = self.assessment.gaps[self.assessment.gaps["decision"] == "reject"]
        if not rejected.empty:
            lines = []
            for gap in each_row(rejected):
                reason, who = text_of(gap.decision_reason), text_of(gap.decision_by)
                lines.append(f"- {named(self._row_name(gap))}: {named(reason)} ({named(who)})")
            text += md.internal("Rejected by the writer:\n\n" + "\n".join(lines))
        text += another_look(self.assessment.decisions)
        missing = self.deck.missing()
        if missing:
            text += md.evidence("Passages of these rows.", [self.deck.card(a) for a in missing])
        return text or "\nEvery row has a section above; nothing was rejected.\n"

    def _reasons(self) -> str:
        """Why each leading row stands where it does, and why its recommendation was paired."""
        lines = ""
        for gap in self._sections:
            told = []
            if why := text_of(gap.priority_words):
                told.append(named(why))
            if paired := text_of(gap.pairing):
                told.append(f"recommendation paired because: {named(paired)}")
            if told:
                lines += f"- Row {self._number(gap)}: {'; '.join(told)}.\n"
        return f"\nWhy the leading rows stand where they do:\n\n{lines}" if lines else ""

    def _other(self, gap: Any) -> tuple[str, str, str, str]:
        return (
            self._number(gap),
            named(self._row_name(gap)),
            self.deck.quote(gap.cp_passage),
            text_of(gap.status),
        )

    def appendix_searches(self) -> str:
        """The search: queries with their counts, sources beside PubMed, every string in full."""
        c = self._count
        rows = [
            (
                named(_title(e.facet)),
                named(e.question),
                c(f"search.{e.facet}.count"),
                c(f"search.{e.facet}.retrieved"),
                c(f"search.{e.facet}.new"),
            )
            for e in self.assessment.records.log
        ]
        text = md.table(
            rows,
            ("Query", "Question", "Found", "Read", "New"),
            "Queries and counts. *New*: not found by a query above it.",
            align="llrrr",
            widths=(24, 42, 9, 9, 9),
        )
        text = self.methods_in_full() + text + self._beside()
        for e in self.assessment.records.log:
            longest = max((len(run) for run in e.query.split("`") if not run), default=0)
            fence = "`" * max(3, longest + 3)
            text += (
                f"\n**{named(_title(e.facet))}**: {c(f'search.{e.facet}.count')} records\n"
                f"\n{fence} {{.query}}\n{md.clean(e.query)}\n{fence}\n"
            )
        return text

    def _beside(self) -> str:
        """Sources beside PubMed: what they gave, and which could not be asked."""
        entries = self.assessment.records.beside
        if not entries:
            return ""
        rows = [
            (
                named(e.source),
                named(e.question),
                "unknown" if e.count is None else self._count(f"beside.{number}.count"),
                self._count(f"beside.{number}.retrieved"),
                named(e.notes) if e.notes else md.date(e.data_date) if e.data_date else "",
            )
            for number, e in enumerate(entries)
        ]
        return md.table(
            rows,
            ("Source beside PubMed", "Question", "Found", "Read", "As of, or what went wrong"),
            "Sources beside PubMed. One that could not be asked may hold what is missing here.",
            align="llrrl",
            widths=(26, 22, 9, 9, 32),
        )

    def appendix_changes(self, letter: str = "") -> str:
        """Of a refresh: what has changed since the last version, with its heading."""
        return change_section(self.assessment, letter)

    def appendix_questions(self) -> str:
        """What only the writer can answer, and the place for what the checks found."""
        text = ""
        for section, questions in self.questions.items():
            lines = "".join(f"- {question}\n" for question in questions)
            text += f"\n::: {{.open-question}}\n**Awaiting writer.** {section}:\n\n{lines}:::\n"
        return text + check_place()


def _title(facet: str) -> str:
    return next((f.title for f in all_facets() if f.name == facet), "Topic alone")
