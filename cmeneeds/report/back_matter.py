"""The back of a report: accreditation, methods, independence, references, appendices."""

from __future__ import annotations

from cmeneeds.frames import each_row, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.crosswalk import crosswalk_text
from cmeneeds.report.decided import another_look
from cmeneeds.report.independence import independence_text
from cmeneeds.report.writing import Writer, named
from cmeneeds.strategy import all_facets


class BackMatter(Writer):
    """Sections that a reviewer turns to."""

    def crosswalk(self) -> str:
        """Accreditation crosswalk."""
        return crosswalk_text(self.assessment)

    def methods(self) -> str:
        """How it was searched, read and ranked, and what that cannot show."""
        c = self._count
        rows = [
            (
                named(next((f.title for f in all_facets() if f.name == e.facet), "Topic alone")),
                named(e.question),
                c(f"search.{e.facet}.count"),
                c(f"search.{e.facet}.retrieved"),
                c(f"search.{e.facet}.new"),
            )
            for e in self.assessment.records.log
        ]
        notes = {
            n for e in self.assessment.records.log for n in e.notes.split("; ") if "newest" in n
        }
        text = (
            f"\n**Search.** {named(self.assessment.records.source)}, data of "
            f"{md.date(self.assessment.records.data_date)}; records of {self._years()} in "
            f"{named(', '.join(self.brief.languages))}. {c('queries.total')} queries, one a "
            "question; their full text is in the appendix and in `search_log.csv`.\n"
        )
        text += md.table(
            rows,
            ("Query", "Question", "Found", "Read", "New"),
            "Queries and counts. *New*: not found by a query above it.",
            align="llrrr",
            widths=(24, 42, 9, 9, 9),
        )
        for note in sorted(notes):
            text += f"\nLimit reached: {named(note)}.\n"
        text += self._beside()
        text += md.picture(
            "publications",
            "Records by year of publication and by the query that found them first.",
            "Stacked bars of the number of records by year of publication, coloured by query.",
        )
        text += md.picture(
            "sources",
            "Records by study design and query. A record can stand under several queries.",
            "Grid of study designs against queries; each cell holds the number of records.",
        )
        return text + (
            f"\n**Reading.** Title and abstract of {c('records.total')} records "
            f"({c('records.abstracts')} have an abstract); {self._full_texts()}. Nobody screened "
            "them by hand. Each sentence was labelled by a program (see the statement on automated "
            "methods). A row of the gap table needs at least one sentence that states a "
            "shortfall, from a record about the topic.\n"
            "\n**Grouping and pairing.** Findings are gathered by a subject, taken from the "
            "records' own keywords and headings, and by the group of people they speak of. A "
            "recommendation is paired with a row if it names the same subject; the reason stands "
            "beside each pairing.\n"
            "\n**Ranking.** Priority is a weighted mean of size of the stated shortfall (weight "
            f"{c('priority.magnitude')}), severity of the consequence that the passages name "
            f"({c('priority.severity')}), prevalence, as the number of independent cohorts that "
            f"report it ({c('priority.prevalence')}), what education can close "
            f"({c('priority.addressability')}), how it can be measured "
            f"({c('priority.measurability')}) and evidence: recency, and how much the study design "
            "can say about everyday practice, a survey, audit or registry above a trial "
            f"({c('priority.evidence')}). The weights stand in `data/priority.yaml`. Nothing about "
            "support, products or money is an input.\n"
            "\nA rate of wanted care that is nearly always reached is listed as evidence against "
            "a gap; a rate alone, without a stated shortfall, carries a row only where it is "
            "unwanted care. Nothing is subtracted where no source states a target.\n"
            f"\n**Withdrawn and unknown.** {c('records.withdrawn')} records are retracted or "
            "retraction notices; their figures carry no row. Of "
            f"{c('records.status-unknown')} records the standing is unknown: the record says "
            f"nothing, and a notice may be newer than the record.{self._notices_asked()}\n"
            "\n**Limits.** Abstracts leave out much. The program misses sentences and mislabels "
            "others. Several studies of one measure stand side by side and are not pooled. "
            "Denominators, countries and settings are unknown unless the passage says them.\n"
        )

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
            f"{self._count('documents.study')} full texts and "
            f"{self._count('documents.guideline')} guideline documents beside them"
        )

    def independence(self) -> str:
        """Independence, disclosure, automated methods."""
        text = independence_text(self.assessment)
        return text + (
            "\n**Automated methods.** No generative model wrote or changed any text here. "
            "Sentences were labelled by patterns whose weights were fitted to hand-labelled "
            "sentences of PubMed abstracts (a learned, deterministic model; it runs locally and "
            "sends nothing anywhere). Its labels are wrong often enough that a person must read "
            "each passage: the certainty printed in `findings.csv` is the share that was right in "
            "testing.\n" + md.open_question("Who read and confirmed the passages, and when?")
        )

    def references(self) -> str:
        """Where the reference list goes."""
        return "\n::: {#refs}\n:::\n"

    def appendix_rows(self) -> str:
        """Rows of the gap table without a section, with their leading passages."""
        text = ""
        for gap in self._others[:20]:
            text += f"\n**{named(self._row_name(gap))}** ({gap.status})\n"
            text += self.deck.card(gap.cp_passage)
        rejected = self.assessment.gaps[self.assessment.gaps["decision"] == "reject"]
        if not rejected.empty:
            lines = []
            for gap in each_row(rejected):
                reason, who = text_of(gap.decision_reason), text_of(gap.decision_by)
                lines.append(f"- {named(self._row_name(gap))}: {named(reason)} ({named(who)})")
            text += md.internal("Rejected by the writer:\n\n" + "\n".join(lines))
        text += another_look(self.assessment.decisions)
        text += self.deck.cards(self.deck.missing())
        return text or "\nEvery row has a section above.\n"

    def appendix_searches(self) -> str:
        """Every query in full."""
        text = ""
        for e in self.assessment.records.log:
            title = next((f.title for f in all_facets() if f.name == e.facet), "Topic alone")
            longest = max((len(run) for run in e.query.split("`") if not run), default=0)
            fence = "`" * max(3, longest + 3)
            text += (
                f"\n**{named(title)}**: {self._count(f'search.{e.facet}.count')} records\n"
                f"\n{fence} {{.query}}\n{md.clean(e.query)}\n{fence}\n"
            )
        return text
