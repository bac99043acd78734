"""What a report says of the automated methods behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmeneeds import __version__
from cmeneeds.assessment import model_facts
from cmeneeds.report import markdown as md

if TYPE_CHECKING:
    from cmeneeds.assessment import Assessment


def tool_name() -> str:
    """The tool and its version, as the report prints it."""
    return f"cmeneeds {__version__}"


def automated_methods(assessment: Assessment) -> str:
    """Name every learned model that had a part, with its version, its data and its task.

    Asked for by the guidance on artificial intelligence of accreditors in the United States
    (domain notes, read as excerpts): tool, version, tasks, and that a person verified.

    Parameters
    ----------
    assessment : Assessment

    Returns
    -------
    str
        Markdown.
    """
    facts, counts = model_facts(), assessment.counts
    people = md.count(counts["model.read-by-people"], "model.read-by-people")
    teacher = md.count(counts["model.labelled-by-teacher"], "model.labelled-by-teacher")
    classifier = (
        f"**Sentence classifier** ({md.escape(facts['name'])}, part of {md.term(tool_name())}, "
        f"fitted {md.date(str(facts['fitted_on']))}). Task: to label each sentence of a record as "
        "a practice gap, rate, cause, recommendation, burden or none of these. It is a linear "
        f"model, fitted to {people} hand-labeled sentences of PubMed abstracts and {teacher} "
        "labeled by a larger model that is no part of this run. It runs on this computer and "
        "sends nothing anywhere. Its labels are wrong often enough that a person must read each "
        "passage; the certainty printed in `findings.csv` is the share that was right in testing."
    )
    lines = [classifier]
    if any(line.drawn == "ranked" for line in assessment.records.screening):
        lines.append(
            "**Learned screening order.** Task: to put records before the people who screened, "
            "the likely ones first, as learned from their own choices. It excluded nothing."
        )
    if assessment.records.labels:
        corrected = md.count(counts["findings.corrected"], "findings.corrected")
        lines.append(
            f"**Corrections.** People gave {corrected} of the sentences above another label; "
            "theirs holds."
        )
    return (
        "\n**Automated methods.** No generative model wrote or changed any text here: sentences "
        "between quotations come from fixed templates. Subjects, numbers and causes are found by "
        "word lists. These learned models had a part:\n\n"
        + "".join(f"- {line}\n" for line in lines)
        + "\nThe day of the run and the version of every package are in `manifest.json`. No "
        "person has verified this draft yet.\n"
    )
