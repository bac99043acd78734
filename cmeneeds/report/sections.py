"""The sections of a needs assessment, each written from the cells behind it and nothing else.

Every method of :class:`Report` returns Markdown in the dialect of :mod:`cmeneeds.report.markdown`.
Numbers are either figures (a passage says them), counts (the tool computed them) or given (the
writer said them); the verifier derives each again.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from cmeneeds.education import education_wording
from cmeneeds.evidence.study import is_guideline
from cmeneeds.frames import each_row, text_of
from cmeneeds.gaps.subjects import Vocabulary
from cmeneeds.gaps.table import priority_settings
from cmeneeds.report import markdown as md
from cmeneeds.report.evidence_cards import Deck
from cmeneeds.strategy import all_facets

if TYPE_CHECKING:
    import pandas as pd

    from cmeneeds.assessment import Assessment

LEVELS = {
    "K": "knowledge",
    "C": "competence",
    "P": "performance",
    "O": "patient outcome",
    "S": "system",
    "": "level not stated",
}
ACTORS = {"clin": "health professionals", "pat": "patients and public", "sys": "care delivery"}


@cache
def _accreditors() -> dict[str, dict[str, Any]]:
    data = yaml.safe_load((files("cmeneeds.data") / "accreditors.yaml").read_text("utf-8"))
    return {item["name"]: item for item in data}


def _addresses(cell: Any) -> list[str]:
    return [a for a in text_of(cell).split("; ") if a]


def _named(text: str) -> str:
    """A name from the brief or the records; digits in it are no figures."""
    return md.term(text) if any(c.isdigit() for c in text) else md.escape(text)


class Report:
    """A needs assessment as Markdown.

    Parameters
    ----------
    assessment : Assessment
    gap_sections : int
        How many rows of the gap table get a section of their own, at most.
    """

    def __init__(self, assessment: Assessment, gap_sections: int = 6) -> None:
        self.assessment = assessment
        self.brief = assessment.brief
        self.deck = Deck(assessment)
        rows = assessment.presented
        # Rows with both sides first: they are what a reader came for.
        order = rows.assign(first=rows["status"] != "gap").sort_values(["first", "rank"])
        self._sections = list(each_row(order.head(gap_sections)))
        self._others = list(each_row(order.iloc[gap_sections:]))
        self._vocabulary = Vocabulary(assessment.records.articles, self.brief)

    # --- small pieces ---------------------------------------------------------------------------

    def _count(self, key: str) -> str:
        return md.count(self.assessment.counts[key], key)

    def _row_name(self, gap: Any) -> str:
        name = text_of(gap.subject)
        return f"{name[:1].upper()}{name[1:]}: {gap.group}"

    def _years(self) -> str:
        y = self.brief.years
        return md.date(str(y.first)) if y.first == y.last else md.date(f"{y.first}-{y.last}")

    def _searched(self, facet: str) -> str:
        """What was searched, where nothing was found."""
        title = next(f.title for f in all_facets() if f.name == facet)
        return (
            f"Searched: the query *{md.escape(title)}* returned "
            f"{self._count(f'search.{facet}.count')} records "
            f"({md.escape(self.assessment.records.source)}, {self._years()}); "
            f"{self._count(f'search.{facet}.retrieved')} were read."
        )

    def _strong(self, labels: tuple[str, ...], least: float, most: int) -> list[str]:
        """Addresses of the surest findings about the topic, first-hand and not retracted."""
        articles = self.assessment.records.by_pmid
        f = self.assessment.findings
        f = f[f["label"].isin(labels) & (f["probability"] >= least) & ~f["secondary"]]
        f = f[(f["section"] >= 0)]
        f = f.assign(numbered=f["value"].notna()).sort_values(
            ["numbered", "probability", "pmid", "start"], ascending=[False, False, False, True]
        )
        found: list[str] = []
        used: set[int] = set()
        for row in each_row(f):
            article = articles[row.pmid]
            if row.pmid in used or article.retraction_status == "retracted":
                continue  # one sentence a record: a list of sources, not of one source's words
            if self._vocabulary.is_about(article) or self._vocabulary.mentions(str(row.text)):
                found.append(str(row.finding_id))
                used.add(article.pmid)
            if len(found) == most:
                break
        return found

    # --- sections -------------------------------------------------------------------------------

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
            ("Topic", _named(b.topic)),
            ("Audience", "; ".join(_named(str(a)) for a in b.audience)),
        ]
        if b.population:
            lines.append(("Patients", _named(b.population.description)))
        if b.activity:
            a = b.activity
            parts = [md.escape(a.type)]
            if a.format:
                parts.append(_named(a.format))
            if a.credit_hours:
                parts.append(
                    f"{md.given(f'{a.credit_hours:g}', 'brief.credit_hours')} credit hours"
                )
            lines.append(("Activity", ", ".join(parts)))
        lines += [
            ("Speaks for", f"{md.date(b.as_of.isoformat())}; literature of {self._years()}"),
            ("Source of records", md.escape(self.assessment.records.source)),
            (
                "Data as of",
                f"{md.date(self.assessment.records.data_date)} (newest revision or day of search)",
            ),
            ("Checked against", ", ".join(md.escape(a) for a in b.accreditor)),
            (
                "Commercial support",
                md.escape(b.support.status) if b.support else "not stated in the brief",
            ),
        ]
        return "\n" + "\n".join(f"{name}\n:   {value}\n" for name, value in lines)

    def summary(self) -> str:
        """Executive summary."""
        c = self._count
        text = (
            f"\nThis assessment asks where knowledge, care or outcomes fall short on "
            f"{_named(self.brief.topic)}. {c('records.total')} records were read; they hold "
            f"{c('findings.total')} sentences that speak about practice, of which "
            f"{c('findings.GAP')} state a shortfall and {c('findings.REC')} recommend something. "
            f"They form {c('gaps.total')} rows of the gap table: {c('gaps.gap')} with current "
            f"practice and best practice both sourced (*gap*), {c('gaps.candidate')} with one side "
            "still missing (*candidate*).\n"
        )
        if self.assessment.counts["gaps.gap"] == 0:
            text += (
                "\nNo row has both sides yet. What follows shows where to look, not what is "
                "proven.\n"
            )
        text += "\nThe leading rows:\n\n"
        for gap in self._sections[:5]:
            head = (
                f"**{_named(self._row_name(gap))}** ({LEVELS[text_of(gap.gap_type)]}, {gap.status})"
            )
            text += f"- {head}: {self.deck.sentence(gap.cp_passage)}\n"
        return text

    def glance(self) -> str:
        """The gap table."""
        rows = []
        for gap in [*self._sections, *self._others][:15]:
            value = text_of(gap.cp_value_text)
            current = (
                self.deck.number(gap.cp_passage, value)
                if value
                else f"stated in words {md.cite(gap.cp_pmid)}"
            )
            best = text_of(gap.bp_passage)
            rows.append(
                (
                    self._count(f"gap.{gap.gap_id}.rank"),
                    f"**{_named(self._row_name(gap))}**{md.BREAK}{LEVELS[text_of(gap.gap_type)]}",
                    f"{current} {md.BREAK}{md.escape(text_of(gap.cp_design))}",
                    self.deck.source(best) if best else "none found",
                    text_of(gap.status),
                    self._count(f"gap.{gap.gap_id}.sources"),
                    self._count(f"gap.{gap.gap_id}.priority"),
                )
            )
        table = md.table(
            rows,
            ("Rank", "Subject and group", "Current practice", "Best practice", "Status", "Records",
             "Priority"),
            "Gap table. A number leads to the sentence that says it. Priority runs from "
            f"{md.term('0 (low)')} to {md.term('a hundred (high)')} and knows nothing about "
            "supporters.",
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
        return text

    def burden(self) -> str:
        """Burden and relevance."""
        found = self._strong(("BURDEN",), 0.5, 5)
        if not found:
            return (
                "\nNo sentence about burden was sure enough to be quoted. "
                f"{self._searched('burden')}\n"
            )
        return (
            "\nWhat the records say about how common and how serious the problem is, word for "
            "word:\n" + self.deck.cards(found)
        )

    def standard(self) -> str:
        """Standard of care."""
        articles = self.assessment.records.by_pmid
        found = self._strong(("REC",), 0.6, 40)
        guidelines = [a for a in found if is_guideline(articles[int(a.split(".")[0])])][:6]
        if guidelines:
            return (
                "\nRecommendations from records that are themselves guidelines or consensus "
                "statements. Class, strength and version must be read in the documents "
                "themselves:\n"
                + self.deck.cards(guidelines)
                + md.open_question(
                    "Is each of these the current version, and does the planning committee accept "
                    "it as the standard? Which recommendation disagrees?"
                )
            )
        return (
            "\nNo guideline record with a clear recommendation was found. "
            f"{self._searched('guideline')}\n"
            + md.open_question(
                "Which guideline states the standard of care? Add it to the library, then run the "
                "report again."
            )
        )

    def gaps(self) -> str:
        """One section for each leading row."""
        return "".join(self._gap(n, gap) for n, gap in enumerate(self._sections, 1))

    def _gap(self, number: int, gap: Any) -> str:
        kind = "Gap" if gap.status == "gap" else "Candidate"
        text = f"\n## {kind} {number}. {md.escape(self._row_name(gap))}\n"
        if gap.status != "gap":
            reasons = "\n".join(f"- {_named(r)}" for r in text_of(gap.missing).split("; ") if r)
            text += f"\nA candidate, not yet a gap. What is missing:\n\n{reasons}\n"
        if flag := text_of(gap.decision_flag):
            text += md.open_question(f"A decision about this row needs another look: {flag}.")
        text += "\n### Current practice\n" + self.deck.card(gap.cp_passage)
        further = [a for a in _addresses(gap.passages) if a != gap.cp_passage][:8]
        if further:
            summary = f"Further evidence on this row ({self._count(f'gap.{gap.gap_id}.passages')} "
            summary += f"passages of {self._count(f'gap.{gap.gap_id}.sources')} records in all)"
            text += md.evidence(summary, [self.deck.card(a) for a in further])
        text += "\n### Best practice\n"
        if best := text_of(gap.bp_passage):
            text += self.deck.card(best)
            text += f"\nPaired because: {_named(text_of(gap.pairing))}.\n"
        else:
            text += (
                f"\nNo recommendation on this subject was found. {self._searched('guideline')}\n"
            )
        text += "\n### Difference\n\n"
        if value := text_of(gap.cp_value_text):
            reading = {
                "too low": "a share of what is wanted",
                "too high": "a share of what is not wanted",
            }.get(text_of(gap.cp_direction), "a share whose direction could not be told")
            text += (
                f"The record reports {self.deck.number(gap.cp_passage, value)}, {reading}. The "
                "achievable rate is unknown: no sourced target or benchmark was found, so nothing "
                "is subtracted.\n"
            )
        else:
            text += "The shortfall is stated in words; no figure was found for it.\n"
        text += "\n### Root cause\n"
        causes = _addresses(gap.cause_passages)[:3]
        if causes:
            text += self.deck.cards(causes)
        else:
            text += f"\nNo cause was found for this subject. {self._searched('barrier')}\n"
            text += md.open_question("Why does this shortfall exist among the learners?")
        return text + self._plan(gap)

    def _plan(self, gap: Any) -> str:
        objectives = self.assessment.objectives
        rows = objectives[objectives["gap_id"] == gap.gap_id]
        text = "\n### Need, objective, measure\n"
        if rows.empty:
            return text + "\nThe level of this shortfall is unknown, so no objective is proposed.\n"
        plan = next(each_row(rows))
        text += (
            f"\nProposed need: {_named(str(plan.need))}\n\n"
            f"Proposed objective: {_named(str(plan.objective))}.\n\n"
            f"Measure: {_named(str(plan.outcome_measure))}. Baseline: "
            f"{_named(str(plan.baseline))}.\n\n"
            f"Closable by education: {md.escape(str(plan.addressable))}.\n"
        )
        return text + md.open_question(
            "Does this need exist among the learners of this activity, and is it the cause? "
            "Confirm or change it."
        )

    def learner_input(self) -> str:
        """Learner and stakeholder input."""
        text = ""
        if self.brief.learner_data:
            text += md.open_question(
                "The brief names a file of learner data. This version does not read it yet."
            )
        else:
            text += md.open_question(
                "No learner data were given: survey or test items, chart audit, earlier outcomes, "
                "interviews. Literature alone shows inferred needs, not those of these learners."
            )
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
        text = "\n" + "\n".join(f"- {_named(str(a))}" for a in self.brief.audience) + "\n"
        groups = self.assessment.presented.groupby("group", sort=True).size()
        names = ", ".join(md.escape(str(g)) for g in groups.index)
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
                _named(str(o.objective)),
                _named(self._row_name(gap)),
                LEVELS[str(o.gap_type)],
                md.term(f"Moore {o.moore_level}"),
            )
            for gap, o in self._pairs(table)
        ]
        return md.table(
            rows,
            ("Proposed objective", "Row of the gap table", "Level", "Outcome level"),
            "Objectives, each from one row of the gap table. Outcome levels are those of "
            "Moore, Green and Gallis.",
            widths=(38, 30, 14, 14),
        ) + md.open_question("Confirm, reword or drop each objective.")

    def _planned(self) -> pd.DataFrame:
        shown = {gap.gap_id for gap in self._sections}
        table = self.assessment.objectives
        return table[table["gap_id"].isin(shown)]

    def _pairs(self, table: pd.DataFrame) -> list[tuple[Any, Any]]:
        by_gap = {o.gap_id: o for o in each_row(table)}
        return [(g, by_gap[g.gap_id]) for g in self._sections if g.gap_id in by_gap]

    def design(self) -> str:
        """Educational design rationale."""
        wording = education_wording()
        types = [
            t for t in wording if any(o.gap_type == t for _, o in self._pairs(self._planned()))
        ]
        if not types:
            return "\nNothing to design for yet: no objective is proposed.\n"
        lines = [
            f"- For shortfalls of {wording[t]['name']}: "
            f"{md.escape(', '.join(wording[t]['formats']))}. {md.escape(wording[t]['rationale'])}"
            for t in types
        ]
        text = "\n" + "\n".join(lines) + "\n"
        if self.brief.activity:
            planned = self.brief.activity.type
            text += f"\nThe brief plans: {md.escape(planned)}.\n"
            unfit = [wording[t]["name"] for t in types if planned not in wording[t]["formats"]]
            if unfit:
                text += md.open_question(
                    f"The planned type is not among those suggested for {', '.join(unfit)}. Change "
                    "it, or say why it fits."
                )
        return text

    def outcomes(self) -> str:
        """Outcomes plan."""
        pairs = self._pairs(self._planned())
        if not pairs:
            return "\nNo measure is proposed, because no objective is.\n"
        rows = [
            (
                _named(self._row_name(gap)),
                _named(str(o.outcome_measure)),
                f"{_named(str(o.instrument))}{md.BREAK}{_named(str(o.time_point))}",
                self.deck.number(str(o.reference_passage), str(o.reference_value))
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
                ("Row", "Measure", "Instrument and time", "Published figure"),
                "Outcomes plan. The published figure is for reference; it is not the baseline of "
                "these learners.",
                widths=(22, 30, 32, 14),
            )
        )

    def crosswalk(self) -> str:
        """Accreditation crosswalk."""
        text = (
            "\nChecks against the requirements below, in our own words. No accreditor certifies a "
            "document or a tool; whether a requirement is met is the provider's judgement.\n"
        )
        for name in self.brief.accreditor:
            profile = _accreditors().get(name)
            if profile is None:
                text += f"\n{md.escape(name)}: no list of requirements comes with this version.\n"
                continue
            rows = [
                (_named(r["asks"]), md.escape(r["section"]), _named(r["source"]))
                for r in profile["requirements"]
            ]
            text += md.table(
                rows,
                ("What is asked", "Where this report speaks of it", "Read in"),
                f"{md.escape(name)} ({md.escape(profile['region'])}).",
                widths=(50, 24, 26),
            )
            text += md.open_question(profile["verify"])
        return text

    def methods(self) -> str:
        """How it was searched, read and ranked, and what that cannot show."""
        c = self._count
        rows = [
            (
                md.escape(
                    next((f.title for f in all_facets() if f.name == e.facet), "Topic alone")
                ),
                md.escape(e.question),
                c(f"search.{e.facet}.count"),
                c(f"search.{e.facet}.retrieved"),
                c(f"search.{e.facet}.new"),
            )
            for e in self.assessment.records.log
        ]
        settings = priority_settings()
        notes = {
            n for e in self.assessment.records.log for n in e.notes.split("; ") if "newest" in n
        }
        text = (
            f"\n**Search.** {md.escape(self.assessment.records.source)}, data of "
            f"{md.date(self.assessment.records.data_date)}; records of {self._years()} in "
            f"{md.escape(', '.join(self.brief.languages))}. {c('queries.total')} queries, one a "
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
            text += f"\nLimit reached: {_named(note)}.\n"
        return text + (
            f"\n**Reading.** Title and abstract of {c('records.total')} records "
            f"({c('records.abstracts')} have an abstract); no full text. Nobody screened them by "
            "hand. Each sentence was labelled by a program (see the statement on automated "
            "methods). A row of the gap table needs at least one sentence that states a "
            "shortfall, from a record about the topic.\n"
            "\n**Grouping and pairing.** Findings are gathered by a subject, taken from the "
            "records' own keywords and headings, and by the group of people they speak of. A "
            "recommendation is paired with a row if it names the same subject; the reason stands "
            "beside each pairing.\n"
            "\n**Ranking.** Priority is a weighted mean: size of the stated shortfall "
            f"({md.term(f'weight {settings.magnitude:g}'.replace('.', ' point '))}), number of "
            "records, recency, and how much the study design can say about everyday practice "
            "(a survey, audit or registry above a trial). The weights stand in "
            "`data/priority.yaml`. Nothing about support, products or money is an input.\n"
            f"\n**Withdrawn and unknown.** {c('records.withdrawn')} records are retracted or "
            "retraction notices; their figures carry no row. Of "
            f"{c('records.status-unknown')} records the standing is unknown: the record says "
            "nothing, and a notice may be newer than the record.\n"
            "\n**Limits.** Abstracts leave out much. The program misses sentences and mislabels "
            "others. Several studies of one measure stand side by side and are not pooled. "
            "Denominators, countries and settings are unknown unless the passage says them.\n"
        )

    def independence(self) -> str:
        """Independence, disclosure, automated methods."""
        b = self.brief
        if b.support is None:
            support = "The brief does not say whether commercial support is sought."
        elif b.support.status == "none":
            support = "The brief states that there is no commercial support."
        else:
            names = ", ".join(md.escape(n) for n in b.support.supporter) or "not named"
            support = f"Commercial support: {b.support.status}; supporter: {names}."
        text = (
            f"\n**Independence.** {support} No field about support reaches search, reading, "
            "grouping or ranking.\n\n**Contributors.**\n\n"
        )
        for person in b.contributors:
            if person.relationships is None or person.disclosed_on is None:
                state = "disclosure awaited"
            elif not person.relationships:
                state = (
                    f"no relationship with ineligible companies, disclosed "
                    f"{md.date(person.disclosed_on.isoformat())}"
                )
            else:
                parts = [
                    f"{md.escape(r.company)} ({md.escape(r.nature)}; "
                    + (md.escape(r.mitigation) if r.mitigation else "mitigation awaited")
                    + ")"
                    for r in person.relationships
                ]
                state = f"disclosed {md.date(person.disclosed_on.isoformat())}: {'; '.join(parts)}"
            text += f"- {_named(person.name)}, {_named(person.role)}: {state}\n"
        if not b.contributors:
            text += "None are named.\n"
        if not b.contributors or any(
            p.relationships is None or p.disclosed_on is None for p in b.contributors
        ):
            text += md.open_question(
                "Enter everyone who controls content, with their disclosures of the period that "
                "the accreditor asks for."
            )
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
            text += f"\n**{_named(self._row_name(gap))}** ({gap.status})\n"
            text += self.deck.card(gap.cp_passage)
        rejected = self.assessment.gaps[self.assessment.gaps["decision"] == "reject"]
        if not rejected.empty:
            text += "\nRejected by the writer:\n\n"
            for gap in each_row(rejected):
                reason, who = text_of(gap.decision_reason), text_of(gap.decision_by)
                text += f"- {_named(self._row_name(gap))}: {_named(reason)} ({_named(who)})\n"
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
                f"\n**{md.escape(title)}**: {self._count(f'search.{e.facet}.count')} records\n"
                f"\n{fence} {{.query}}\n{md.clean(e.query)}\n{fence}\n"
            )
        return text
