"""A guideline, interviews and learner data on type 2 diabetes, all of them made up for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BODY = "Society of Made-Up Guidelines (made up)"
WORDING = (
    "In adult patients with type 2 diabetes (T2D) and concomitant chronic kidney disease, "
    "treatment with made-up agents is recommended by the made-up panel."
)
WEAK = (
    "In older adults with T2D, a made-up review of concomitant medicines may be considered once a "
    "year."
)
INLINE = "We suggest against routine made-up imaging in patients with T2D"
INLINE_MARK = "(Class III, LOE C)."

_TYPST = """
#set page(paper: "a4", margin: 2.2cm)
#set text(size: 10pt)
#align(center)[#text(size: 18pt, weight: "bold")[{title}]]
#align(center)[{body}. Version {version}, {year}.]

Everything in this document was made up for a test.

= Recommendations
Table 1. Made-up recommendations with class and level

#table(columns: (1fr, 1fr, 4fr), [COR], [LOE], [Recommendation],
  [1], [B-R], [{wording}],
  [2b], [C-LD], [{weak}])

= Imaging
{inline}. {mark}
"""


def title(year: int) -> str:
    """Title of the edition of a year."""
    return f"{year} guideline on kidney disease in type 2 diabetes (made up for a test)"


@cache
def guideline_pdf(year: int = 2020) -> bytes:
    """A guideline of one page with a table of class, level and recommendation."""
    import typst

    made = typst.compile(
        _TYPST.format(
            title=title(year), body=BODY, version="2.1", year=year, wording=WORDING, weak=WEAK,
            inline=INLINE, mark=INLINE_MARK,
        ).encode()
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


EXPERT = """\
kind: interview
role: nephrologist (made up)
date: 2021-04-12
consent: yes
language: en

Dr. Zandra Quill was asked, e-mail zandra@example.org.

In my view 70 % of us do not follow the recommendations for patients with T2D and concomitant \
chronic kidney disease in real life, because the medical societies say different things. Quill \
adds that visits are short.
"""
PATIENT = EXPERT.replace("nephrologist (made up)", "person with diabetes (made up)").replace(
    "consent: yes", "consent: unknown"
)
LEARNERS = """\
measure,numerator,denominator,period,gap
Charts with the treatment (made up),18,50,2021 Q1,chronic kidney disease
"""
BRIEF = """\
topic: Type 2 diabetes
mesh: [Diabetes Mellitus, Type 2]
synonyms: ["type 2 diabet*", t2dm]
audience: [{profession: physicians, specialty: nephrology, setting: clinics, country: Nowhere}]
years: 2016-2021
as_of: 2021-06-08
source: sample
learner_data: [audit.csv]
own_sources:
  - {file: guideline.pdf, type: guideline, year: 2020, by: "B. Planner (made up)"}
  - {file: expert.md, type: expert}
  - {file: patient.md, type: patient}
"""


def write_all(folder: Path, brief: str = BRIEF) -> Path:
    """Write everything beside a brief and return the brief's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "guideline.pdf").write_bytes(guideline_pdf())
    (folder / "expert.md").write_text(EXPERT, "utf-8")
    (folder / "patient.md").write_text(PATIENT, "utf-8")
    (folder / "audit.csv").write_text(LEARNERS, "utf-8")
    path = folder / "diabetes.yaml"
    path.write_text(brief, "utf-8")
    return path
