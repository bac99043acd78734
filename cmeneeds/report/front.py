"""The front of a report: notices, cover, executive summary, and the gap table."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from cmeneeds.decisions.signing import signers
from cmeneeds.education import audience_in_sentence, subject_in_sentence
from cmeneeds.frames import known, text_of
from cmeneeds.report import markdown as md
from cmeneeds.report.row_sections import LEVELS, RowSections
from cmeneeds.report.wording import first_lower, kind_of_study, listed, word_count
from cmeneeds.report.writing import named, percentage

THIN_RECORDS = 200
"""Records on a topic below which the report calls its base thin; a house rule."""

THIN_ROWS = 5
"""Rows of the gap table below which it does so too."""

SUMMARY_WORDS = 250
"""Words of the executive summary at most (practitioners' custom for grant applications)."""

SEARCH_DAYS = 90
"""Days after which a search counts as old at submission; a house rule."""

ROWS_AT_A_GLANCE = 6


class Front(RowSections):
    """What a reader sees first."""

    def banners(self) -> str:
        """What this document is not."""
        draft = (
            "Not signed. Everything here was put together by a program from the sources cited. A "
            "named person has yet to confirm every gap and every cited claim."
        )
        if self.assessment.is_signed:
            text = f"\nSigned: every gap and every cited claim. {self._signers()}\n"
        else:
            text = md.banner("draft", draft)
        if self.assessment.is_sample:
            text += md.banner("sample", self.assessment.records.notice)
        return text

    def _signers(self) -> str:
        """Who signed, and when last."""
        people = signers(self.assessment.gaps, self.assessment.decisions)
        return "; ".join(f"{named(name)}, {named(day)}" for name, day in people) + "."

    def cover(self) -> str:
        """Cover block."""
        b = self.brief
        data_date = self.assessment.records.data_date
        again = date.fromisoformat(data_date) + timedelta(days=SEARCH_DAYS)
        lines = [
            ("Topic", named(b.topic)),
            ("Audience", "; ".join(named(str(a)) for a in b.audience)),
        ]
        if b.trigger:
            lines.append(("What triggered it", named(b.trigger)))
        if b.population:
            lines.append(("Patients", named(b.population.description)))
        if b.activity:
            lines.append(("Activity", self._activity()))
        if b.contributors:
            people = "; ".join(f"{named(p.name)}, {named(p.role)}" for p in b.contributors)
            lines.append(("Contributors", people))
        lines += [
            ("As of", f"{md.date(b.as_of.isoformat())}; literature of {self._years()}"),
            (
                "Source of records",
                (
                    f"{named(self.assessment.records.source)}, data of {md.date(data_date)}; "
                    f"search again before {md.date(again.isoformat())}"
                ),
            ),
            ("Checked against", ", ".join(named(a) for a in b.accreditor)),
            (
                "Commercial support",
                named(b.support.status) if b.support else "not stated in the brief",
            ),
        ]
        return "\n" + "\n".join(f"{name}\n:   {value}\n" for name, value in lines)

    def _activity(self) -> str:
        activity = self.brief.activity
        assert activity is not None
        parts = [named(activity.type)]
        if activity.format:
            parts.append(named(activity.format))
        if activity.credit_hours:
            hours = md.given(f"{activity.credit_hours:g}", "brief.credit_hours")
            parts.append(f"{hours} credit hour{'' if activity.credit_hours == 1 else 's'}")
        return ", ".join(parts)

    # --- executive summary -----------------------------------------------------------------------

    def summary(self, limit: int = SUMMARY_WORDS) -> str:
        """Executive summary.

        Parameters
        ----------
        limit : int
            Words at most. Rows whose line does not fit are left out, the last ones first.
        """
        opening, closing = self._what_was_read(), self._what_can_be_closed()
        left = limit - word_count(opening) - word_count(closing)
        lines = []
        for number, gap in enumerate(self._sections, 1):
            line = f"{number}. {self._one_line(gap)}\n"
            left -= word_count(line)
            if left < 0:
                break
            lines.append(line)
        return opening + ("\n" + "".join(lines) if lines else "") + closing

    def _what_was_read(self) -> str:
        c, counts = self._count, self.assessment.counts
        who = named(first_lower(audience_in_sentence(self.brief)))
        topic_name = named(subject_in_sentence(self.brief.topic, self.brief))
        text = (
            f"\nWhere does practice on {topic_name} fall short for {who}, and why? "
            f"{c('records.total')} records of {self._years()} were read"
        )
        topic = counts.get("search.topic.count")
        few = counts["gaps.total"] < THIN_ROWS
        if topic is not None:
            text += f", of {c('search.topic.count')} that the source holds on the topic"
            few |= topic < THIN_RECORDS
        text += ". That is a thin base for conclusions." if few else "."
        gaps, candidates = counts["gaps.gap"], counts["gaps.candidate"]
        if gaps and candidates:
            text += (
                f" They carry {c('gaps.gap')} practice gap{'s' * (gaps != 1)}, with current and "
                f"best practice each sourced, and {c('gaps.candidate')} candidate"
                f"{'s' * (candidates != 1)} with something still missing."
            )
        elif gaps:
            text += (
                f" They carry {c('gaps.gap')} practice gap{'s' * (gaps != 1)}, with current and "
                "best practice each sourced."
            )
        elif candidates:
            text += (
                " None of them supports a gap with both current and best practice sourced. The "
                f"{c('gaps.candidate')} candidate"
                f"{'s' * (candidates != 1)} show{'s' * (candidates == 1)} where to look, not what "
                "is proven."
            )
        return text + "\n"

    def _one_line(self, gap: Any) -> str:
        """One row: its name, what is reported, what is recommended."""
        level = LEVELS[text_of(gap.gap_type)]
        said = f"{self._reported_in_brief(gap)} {self.deck.quote(gap.cp_passage)}"
        best = text_of(gap.bp_passage)
        other = f" Best practice: {self.deck.source(best)}." if best else ""
        return f"**{named(self._row_name(gap))}** ({gap.status}, {level}). {said}{other}"

    def _reported_in_brief(self, gap: Any) -> str:
        return self._reported(gap).partition(" (")[0] + ":"

    def _what_can_be_closed(self) -> str:
        if not self._sections:
            return ""
        text = "\n"
        if not any(text_of(gap.bp_passage) for gap in self._sections):
            text += "No recommendation was found for any of them. "
        words = {"yes": "wholly", "partly": "in part", "no": "not at all"}
        told = [
            f"{self._count(f'gaps.closable.{answer}')} {how}"
            for answer, how in words.items()
            if self.assessment.counts[f"gaps.closable.{answer}"]
        ]
        rest = len(self.assessment.planned) > sum(
            self.assessment.counts[f"gaps.closable.{answer}"] for answer in words
        )
        if told:
            text += (
                f"Judged by the causes that the records name, education can close {listed(told)}"
            )
            text += "; for the other rows that is not yet known. " if rest else ". "
        else:
            text += (
                "No cause was found that could be coded, so what education can close is not yet "
                "known. "
            )
        return text + "Every figure links to the sentence it comes from.\n"

    # --- the gap table ---------------------------------------------------------------------------

    def glance(self) -> str:
        """The gap table."""
        if not self._sections:
            return "\nThe writer rejected every row; the reasons stand in the appendix.\n"
        rows = [self._glance_row(g) for g in [*self._sections, *self._others][:ROWS_AT_A_GLANCE]]
        table = md.table(
            rows,
            ("No.", "Subject and group", "Current practice", "Best practice", "Cause named",
             "Priority"),
            "Gap table. Each number links to the sentence it comes from. The higher the priority, "
            "the more there is to gain; commercial support plays no part in it.",
            align="rllllr",
            widths=(5, 39, 19, 14, 14, 9),
        )  # fmt: skip
        hidden = len(self._sections) + len(self._others) - len(rows)
        more = "\nFurther rows are in the appendix and in `gaps.csv`.\n" if hidden > 0 else ""
        return table + more

    def _glance_row(self, gap: Any) -> tuple[str, ...]:
        value = percentage(text_of(gap.cp_value_text))
        current = (
            self.deck.number(gap.cp_passage, value)
            if value
            else f"in words{self.deck.cited(gap.cp_passage)}"
        )
        best = text_of(gap.bp_passage)
        design = text_of(gap.cp_design)
        design = "design unknown" if design == "unknown" else kind_of_study(design)
        if value and text_of(gap.cp_direction) == "too high":
            design += "; lower is better"
        key, level = f"gap.{gap.gap_id}", LEVELS[text_of(gap.gap_type)]
        return (
            self._number(gap),
            f"**{named(self._row_name(gap))}** {md.BREAK}{gap.status}, {level}",
            f"{current} {md.BREAK}{named(design)}",
            self.deck.source(best) if best else "none found",
            self._cause_named(gap),
            self._count(f"{key}.priority") if known(gap.priority) else "not computed",
        )

    def _cause_named(self, gap: Any) -> str:
        if not text_of(gap.cause_passage):
            return "none found"
        coded = dict.fromkeys(
            part.partition(": ")[2] or part for part in text_of(gap.cabana_code).split("; ")
        )
        return named(", ".join(coded))
