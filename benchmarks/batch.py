"""Twenty reports in one batch, beside a shell loop of papermill and the same exports.

``python -m benchmarks.batch [--reports N]``

The loop is what anybody would write: for each report the ``papermill`` command on the same template
with the same records, then a process that writes the same formats, checks and tables. Searching is
not counted for the loop. Processor time stands beside wall time, because wall time on a machine
that others use says more about the others.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, table, verdict
from cmeneeds.report.run import TEMPLATE
from cmeneeds.resources import shared_path

BRIEFS = Path(__file__).resolve().parents[1] / "briefs"
AUDIENCES = (("physicians", "ACCME"), ("nurses", "ANCC"), ("pharmacists", "ACPE"))
"""With each of the five example briefs; professions and who accredits their education."""

FURTHER = (
    ("hypertension", "Hypertension"),
    ("heart failure", "Heart Failure"),
    ("dementia", "Dementia"),
    ("anxiety", "Anxiety"),
    ("obesity", "Obesity"),
)
"""Topics of which the sample holds enough for a gap table."""

SETTINGS = ("hospital", "primary care", "nursing home", "rural practice")
"""With each of the twenty, where more are wanted."""

OUTSIDE = 0.7
TWO = 1.6
LOOP, LOOP_AIM = 2.5, 4.0
MEMORY_BASE, MEMORY_EACH = 1000, 400
_SUBREAPER = 36
"""Of Linux's prctl: orphans of what we start become ours, so that all of them are counted."""


class Taken(NamedTuple):
    """What a command and everything that it started took."""

    wall: float
    processor: float
    memory: float
    """Megabytes at the most, shared pages once; 0 where the system does not tell."""


def measured(words: Sequence[str | Path]) -> Taken:
    """Run a command and take its time and memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen([str(w) for w in words], stdout=subprocess.DEVNULL)
    most = [0.0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            most[0] = max(most[0], memory_of(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    wall = time.perf_counter() - began
    ended.set()
    watcher.join()
    if code:
        raise SystemExit(f"{words[0]} ended with {code}")
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall, used, most[0])


def memory_of(pid: int) -> float:
    """Megabytes that a process and its descendants use; a page that several share counts once."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except (OSError, ValueError):
            continue
    return total / 1024


def write_table(place: Path, number: int) -> Path:
    """Write the table of the batch, beside copies of the example briefs."""
    shutil.copytree(BRIEFS, place, dirs_exist_ok=True)
    columns = [
        "brief", "name", "topic", "mesh", "audience.profession", "accreditor", "population",
        "trigger", "years", "as_of", "source", "audience.setting",
    ]  # fmt: skip
    rows = [
        {"brief": brief.name, "name": f"{brief.stem} {who}", "audience.profession": who,
         "accreditor": accreditor}
        for brief in sorted(BRIEFS.glob("*.yaml"))
        for who, accreditor in AUDIENCES
    ]  # fmt: skip
    rows += [
        {"name": topic, "topic": topic, "mesh": mesh, "audience.profession": "physicians",
         "accreditor": "ACCME", "population": f"Adults with {topic}",
         "trigger": "A benchmark (made up).", "years": "2016-2021", "as_of": "2021-06-08",
         "source": "sample"}
        for topic, mesh in FURTHER
    ]  # fmt: skip
    # Spread, so that a shorter table has all kinds too.
    rows = [row for start in range(4) for row in rows[start::4]]
    repeated = [
        row | {"name": f"{row['name']} {setting}", "audience.setting": setting}
        for setting in SETTINGS
        for row in rows
    ]
    rows = (rows + repeated)[:number]
    path = place / "areas.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def batch(areas: Path, outputs: Path, jobs: int) -> Taken:
    """Make all reports in one call."""
    code = "from cmeneeds.cli import main; main()"
    return measured(
        [sys.executable, "-c", code, "batch", areas, "--outputs", outputs, "--jobs", str(jobs)]
    )


def finished(outputs: Path) -> list[Path]:
    """The runs of a batch."""
    return sorted(p.parent for p in outputs.glob("*/2*/manifest.json"))


def loop(runs: Sequence[Path], place: Path) -> Taken:
    """Make the same reports by papermill, one after another, each with its exports."""
    script = place / "loop.sh"
    template = shared_path(TEMPLATE)
    shutil.copyfile(template, place / "template.ipynb")
    exports = (
        "import sys; from pathlib import Path; from cmeneeds.brief import Brief; "
        "from cmeneeds.checks.view import assessment_of; "
        "from cmeneeds.report.run import _export; from cmeneeds.retrieval import Records; "
        "f = Path(sys.argv[1]); _export(f, Brief.load(f / 'brief.yaml'), "
        "Records.load(f / 'snapshot.jsonl.gz'), assessment_of(f))"
    )
    lines = ["set -e"]
    for number, run in enumerate(runs):
        folder = place / "loop" / str(number)
        folder.mkdir(parents=True)
        for name in ("brief.yaml", "snapshot.jsonl.gz"):
            shutil.copyfile(run / name, folder / name)
        lines.append(
            f"{sys.executable} -m papermill {place}/template.ipynb {folder}/report.ipynb "
            f"--cwd {folder} -k python3 --no-progress-bar 2>/dev/null"
        )
        lines.append(f'{sys.executable} -c "{exports}" {folder}')
    script.write_text("\n".join(lines) + "\n", "utf-8")
    taken = measured(["sh", script])
    for number, run in enumerate(runs):  # the same work, or the ratio says nothing
        folder = place / "loop" / str(number)
        for name in ("report.html", "report.docx", "report.pdf", "tables.xlsx", "check.json"):
            if not (folder / name).is_file():
                raise SystemExit(f"the loop made no {name}")
        if (folder / "gaps.csv").read_bytes() != (run / "gaps.csv").read_bytes():
            raise SystemExit(f"the loop made another table for {run.parent.name}")
    return taken


def main() -> None:
    """Make one batch with one process, one with two, and the loop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=20)
    given, _ = parser.parse_known_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    print("Reports of the sample in one batch, and by a loop of papermill")
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        areas = write_table(place / "briefs", given.reports)
        one = batch(areas, place / "one", 1)
        two = batch(areas, place / "two", 2)
        runs = finished(place / "one")
        number = len(runs)
        looped = loop(runs, place)
        spent = [json.loads((r / "manifest.json").read_text("utf-8"))["seconds"] for r in runs]
    rows = [
        (what, f"{t.wall:.0f} s", f"{t.processor:.0f} s", f"{t.wall / number:.2f} s",
         f"{t.processor / number:.2f} s", f"{60 * number / t.wall:.1f}", f"{t.memory:.0f} MB")
        for what, t in (("batch, one process", one), ("batch, two processes", two),
                        ("loop of papermill", looped))
    ]  # fmt: skip
    print(f"{number} reports, full content, all formats")
    head = ("", "wall", "processor", "a report", "processor", "reports/min", "memory")
    print(table(head, rows))
    cells = sum(s["cells"] for s in spent)
    notebook = sum(s["notebook"] for s in spent)
    exports = sum(s["exports"] for s in spent)
    outside = (one.wall - cells - exports) / number
    print("\nWhere the batch with one process spends its wall time, a report:")
    parts = (
        ("cells", cells), ("exports (checks, tables, HTML, Word, PDF)", exports),
        ("notebook outside its cells", notebook - cells),
        ("search, start of all processes, hand-over", one.wall - notebook - exports),
    )  # fmt: skip
    print(table(("step", "s a report"), [(n, f"{s / number:.2f}") for n, s in parts]))
    print(f"median of a report's cells {statistics.median(s['cells'] for s in spent):.2f} s")
    faster, gained = looped.wall / two.wall, one.wall / two.wall
    by_processor = looped.processor / two.processor
    most = MEMORY_BASE + 2 * MEMORY_EACH
    print(f"outside cells and exports: {outside:.2f} s (at most {OUTSIDE}): "
          f"{verdict(outside <= OUTSIDE)}")  # fmt: skip
    print(f"two processes: {gained:.2f}x one (at least {TWO}): {verdict(gained >= TWO)}")
    print(f"against the loop: {faster:.2f}x the reports a minute (at least {LOOP}, aim "
          f"{LOOP_AIM:g}): {verdict(faster >= LOOP)}; "
          f"by processor time {by_processor:.2f}x")  # fmt: skip
    print(f"memory with two processes: {two.memory:.0f} MB (under {most}): "
          f"{verdict(two.memory < most)}")  # fmt: skip


if __name__ == "__main__":
    main()
