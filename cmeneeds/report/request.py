"""What a request asks for, and where the report answers it."""

from __future__ import annotations

import re
from typing import Final

from cmeneeds.report import markdown as md
from cmeneeds.report.back_matter import BackMatter
from cmeneeds.report.body import Body
from cmeneeds.report.wording import word_count
from cmeneeds.report.writing import named

SECTIONS: Final = {
    "Executive summary": "summary",
    "Need at a glance": "glance",
    "Burden and relevance": "burden",
    "Standard of care": "standard",
    "Gaps": "gaps",
    "Learner and stakeholder input": "learner_input",
    "Causes and barriers": "causes",
    "Audience": "audience",
    "Learning objectives": "objectives",
    "Educational design": "design",
    "Outcomes plan": "outcomes",
    "Accreditation crosswalk": "crosswalk",
    "Methods": "methods",
    "Independence and disclosure": "independence",
}
"""Sections that can answer a request, and the methods of the report that write them."""

_WORDS: Final = (
    ("Outcomes plan", r"outcome|evaluat|measur|moore|impact|assess(?:ment)? (?:plan|method)"),
    ("Learning objectives", r"objective|competenc|goal"),
    ("Educational design", r"design|format|agenda|method of education|tool|curricul|interven"),
    ("Audience", r"audience|learner|reach|participant|specialt"),
    ("Causes and barriers", r"barrier|cause|obstacle"),
    ("Standard of care", r"guideline|standard of care|best practice|recommend"),
    ("Burden and relevance", r"burden|prevalence|incidence|epidemiolog"),
    (
        "Learner and stakeholder input",
        r"patient|caregiver|equity|dispar|survey|interview|stakeholder",
    ),
    ("Independence and disclosure", r"disclos|independen|conflict|financial|artificial"),
    ("Accreditation crosswalk", r"accredit"),
    ("Methods", r"search|literature|method|source"),
    ("Gaps", r"gap|need"),
)
"""Words of a requirement by which a section is proposed for it, the most telling first."""


def section_for(asks: str) -> str:
    """Propose the section that answers a requirement; empty if no word tells.

    Examples
    --------
    >>> section_for("State the practice gaps, with references")
    'Gaps'
    """
    return next((name for name, words in _WORDS if re.search(words, asks, re.IGNORECASE)), "")


class Coverage(Body, BackMatter):
    """The table of what a request asks for."""

    def coverage(self) -> str:
        """Coverage of the request, with its heading; empty where the brief carries none.

        Each requirement, where it is answered, and its limit.
        """
        request = self.brief.request
        if request is None or not request.requirements:
            return ""
        sizes = self.section_words() if _is_limited(self) else {}
        rows = []
        for number, asked in enumerate(request.requirements):
            name = next(
                (s for s in SECTIONS if s.casefold() == (asked.section or "").casefold()), ""
            )
            proposed = "" if name else section_for(asked.asks)
            if name:
                where = named(name)
            elif asked.section:
                where = f"no section of this report is called {named(asked.section)}"
            elif proposed:
                where = f"{named(proposed)} (proposed)"
            else:
                where = "not answered here"
            if not name and not (proposed and not asked.section):
                self.ask("Coverage of the request", "where is this answered?", asked.asks)
            rows.append(
                (named(asked.id), named(asked.asks), where,
                 self._limit(name or proposed, asked.limit_words, number, sizes))
            )  # fmt: skip
        text = (
            "\n# Coverage of the request\n\nWhat the request asks for, as the brief tells it, and "
            "where this report answers. Whether an answer is enough is for the writer to judge. "
            "Nothing of the request reached the search or the ranking.\n"
        )
        text += md.table(
            rows,
            ("Item", "Asked for", "Answered in", "Words"),
            "Coverage of the request.",
            widths=(10, 44, 28, 18),
        )
        limits = request.limits
        if limits.words is not None:
            body = md.count(sum(sizes.values()), "words.body")
            allowed = md.given(limits.words, "brief.request.words")
            over = " It is longer than allowed." if sum(sizes.values()) > limits.words else ""
            text += f"\nThe body has {body} words; the request allows {allowed}.{over}\n"
        if limits.references is not None:
            allowed = md.given(limits.references, "brief.request.references")
            text += f"\nThe request allows {allowed} references.\n"
        return text

    def _limit(self, section: str, limit: int | None, number: int, sizes: dict[str, int]) -> str:
        if limit is None:
            return "no limit"
        allowed = md.given(limit, f"brief.request.{number}.limit_words")
        if section not in sizes:
            return f"at most {allowed}"
        used = md.count(sizes[section], f"words.section.{SECTIONS[section]}")
        over = ", too long" if sizes[section] > limit else ""
        return f"{used} of {allowed}{over}"

    def section_words(self) -> dict[str, int]:
        """Words of each section as a report of full length has it."""
        fresh = type(self)(self.assessment, len(self._sections))
        return {name: word_count(getattr(fresh, method)()) for name, method in SECTIONS.items()}


def _is_limited(report: Coverage) -> bool:
    request = report.brief.request
    assert request is not None
    return request.limits.words is not None or any(r.limit_words for r in request.requirements)
