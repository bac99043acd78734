"""How many rows of the gap table pass which rule: the example briefs and five more topics.

``python -m benchmarks.gap_rules``

Not a measure of speed: a picture of what the sample corpus carries, and one worked chain.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import machine, table
from cmeneeds.assessment import Assessment, assess
from cmeneeds.brief import Brief
from cmeneeds.checks.gap_logic import rule_table
from cmeneeds.errors import NoEvidence
from cmeneeds.frames import each_row
from cmeneeds.learner_data import read_learner_data
from cmeneeds.report.chain import chain
from cmeneeds.retrieval import search
from cmeneeds.strategy import build_strategy

BRIEFS = Path(__file__).resolve().parents[1] / "briefs"
MORE = ("hypertension", "asthma", "cancer screening", "dementia", "antibiotic prescribing")
CHAIN = "covid-19-vaccination"


def briefs() -> list[tuple[str, Brief]]:
    """The example briefs, then one made up for each further topic."""
    found = [(path.stem, Brief.load(path)) for path in sorted(BRIEFS.glob("*.yaml"))]
    for topic in MORE:
        audience = {
            "profession": "physicians", "specialty": "family medicine", "setting": "primary care",
            "country": "United States",
        }  # fmt: skip
        brief = {
            "topic": topic, "audience": audience, "years": "2016-2021", "as_of": "2021-06-08",
            "source": "sample",
        }  # fmt: skip
        found.append((topic, Brief.model_validate(brief)))
    return found


def main() -> None:
    """Assess every brief and print."""
    print("Rules of gap logic over the rows of ten assessments from the sample corpus")
    print(machine())
    rows: list[tuple[str, ...]] = []
    checked = []
    shown: Assessment | None = None
    for name, brief in briefs():
        records = search(build_strategy(brief), library="sample")
        files = [BRIEFS / f for f in getattr(brief, "learner_files", ())]
        if files:
            from dataclasses import replace

            records = replace(records, learner=read_learner_data(files))
        try:
            made = assess(brief, records)
        except NoEvidence:
            rows.append((name, f"{len(records):,}", "0", "0", "0"))
            continue
        status = made.gaps["status"]
        rows.append(
            (
                name,
                f"{len(records):,}",
                f"{len(made.findings):,}",
                str(int((status == "gap").sum())),
                str(int((status == "candidate").sum())),
            )
        )
        checked.append(made.checked)
        shown = made if name == CHAIN else shown
    print(table(("brief", "records", "findings", "gaps", "candidates"), rows))
    print()
    counted = rule_table(checked)
    print(
        table(
            ("rule", "severity", "gaps that pass", "candidates that pass"),
            [
                (
                    f"{r.rule} {r.asks}",
                    r.severity,
                    f"{r.gaps_pass} of {r.gaps}",
                    f"{r.candidates_pass} of {r.candidates}",
                )
                for r in each_row(counted)
            ],
        )
    )
    if shown is not None:
        with_cause = shown.gaps[shown.gaps["cause_passage"].notna()]
        print(f"\nOne worked chain ({CHAIN}, the first row with a cause):\n")
        print(chain(shown, str(with_cause.iloc[0]["gap_id"])))


if __name__ == "__main__":
    main()
