"""From findings to gap table and plan: processor time and memory for 1,000 to 20,000 findings.

``python -m benchmarks.gap_table``

The findings are those of the sample corpus, of all its topics; a brief whose topic is
"patient" makes them one set. Each size runs in a process of its own, so that
its peak of memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from benchmarks import machine, table, verdict

SIZES = (1_000, 5_000, 10_000, 20_000)
SECONDS, MEGABYTES = 2.0, 500
"""Asked for at 5,000 findings."""

BRIEF = """\
topic: patient
synonyms: ["patient*", "clinician*", "physician*", "nurse*"]
audience: [{profession: physicians, country: United States}]
years: 2000-2021
as_of: 2021-06-08
"""


def one(size: int) -> None:
    """Measure one size and print it as JSON."""
    import pandas as pd

    from cmeneeds.brief import Brief
    from cmeneeds.education import plan_education
    from cmeneeds.evidence.findings import find
    from cmeneeds.gaps.table import analyze_gaps
    from cmeneeds.retrieval import Records
    from cmeneeds.sources.sample import open_sample

    brief = Brief.parse(BRIEF)
    articles, frames, found = [], [], 0
    with open_sample() as library:
        for article in library:
            frame = find([article])
            articles.append(article)
            if len(frame):
                frames.append(frame)
                found += len(frame)
            if found >= size:
                break
    findings = pd.concat(frames, ignore_index=True).head(size)
    records = Records(
        articles=tuple(articles), facets={}, log=(), source_kind="sample", source="sample",
        notice="", data_date="2021-06-08", searched_at="2021-06-08T00:00:00+00:00",
    )  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    gaps = analyze_gaps(findings, records, brief)
    middle = time.process_time()
    plan = plan_education(gaps.assign(decision=""), brief)
    end = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "findings": len(findings),
                "records": len(articles),
                "rows": len(gaps),
                "objectives": len(plan),
                "table": middle - start,
                "plan": end - middle,
                "before": before / 1024,
                "peak": peak / 1024,
            }
        )
    )


def main() -> None:
    """Measure every size and print."""
    print("Findings to gap table and plan")
    print(machine())
    rows, at = [], {}
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.gap_table", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        m = json.loads(done.stdout)
        seconds = m["table"] + m["plan"]
        at[size] = (seconds, m["peak"])
        rows.append(
            (
                f"{m['findings']:,}",
                f"{m['records']:,}",
                f"{m['rows']:,}",
                f"{m['table']:.2f}",
                f"{m['plan']:.2f}",
                f"{1e6 * seconds / m['findings']:.0f}",
                f"{m['peak']:.0f}",
            )
        )
    print(
        table(
            ("findings", "records", "rows", "table, s", "plan, s", "µs a finding", "peak, MB"), rows
        )
    )
    seconds, peak = at[5_000]
    print(f"5,000 findings in {seconds:.2f} s (asked {SECONDS:g}): {verdict(seconds < SECONDS)}")
    print(f"peak {peak:.0f} MB of the process (asked {MEGABYTES}): {verdict(peak < MEGABYTES)}")
    print(f"20,000 findings cost {at[20_000][0] / at[1_000][0]:.1f} times 1,000 (linear: 20)")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(int(sys.argv[1]))
    else:
        main()
