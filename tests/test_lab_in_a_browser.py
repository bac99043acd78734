"""A writer's session in JupyterLab: notebooks run, keys decide, and a reload loses nothing."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'"
)
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sample,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="Chromium is not installed; on Debian and Ubuntu: apt-get install chromium",
    ),
]

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300_000
"""Milliseconds. Only a machine that does nothing for so long fails; no speed is tested here."""
NOTEBOOKS = sorted(p.stem for p in (ROOT / "notebooks").glob("0[1-6]_*.ipynb"))
WRITER = "A. Writer (made up)"
SUBJECT = "made-up words of the writer"

ERRORS = ".jp-Notebook [data-mime-type='application/vnd.jupyter.error']"
PROMPTS = "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')]"
NUMBER = r"(e => Number((e.textContent.match(/\[(\d+)\]/) || [])[1] || 0))"
BEGUN = (
    f"after => {PROMPTS}.some(e => e.textContent.includes('*') || {NUMBER}(e) > after)"
    f' || document.querySelector("{ERRORS}") !== null'
)
ENDED = (
    f"after => {PROMPTS}.every(e => {NUMBER}(e) > after)"
    f' || document.querySelector("{ERRORS}") !== null'
)


class Lab:
    """A JupyterLab on this machine and a page of Chromium that shows it."""

    def __init__(self, place: Path, address: str, token: str, page: Any) -> None:
        self.place, self.page = place, page
        self._address, self._token = address, token
        self._ran = 0

    def open(self, name: str) -> None:
        """Open a notebook, and wait for its kernel."""
        self._ran = 0
        address = f"{self._address}/lab/tree/notebooks/{name}.ipynb?token={self._token}&reset"
        self.page.goto(address, timeout=PATIENCE)
        self._ready()

    def reload(self) -> None:
        """What a writer does whose browser was closed."""
        self.page.reload(timeout=PATIENCE)
        self._ready()

    def _ready(self) -> None:
        self.page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=PATIENCE)
        # The indicator of the notebook says idle before there is a kernel; the status bar does not.
        kernel = self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle"))
        kernel.wait_for(timeout=PATIENCE)

    def run_all(self) -> None:
        """Run every cell, and expect no error."""
        while True:
            for name in ("Run", "Run All Cells"):
                self.page.get_by_role("menuitem", name=name, exact=True).click(timeout=PATIENCE)
            try:
                self.page.wait_for_function(BEGUN, arg=self._ran, timeout=20_000)
            except sync_api.TimeoutError:
                continue  # the kernel was still being connected, and the cells were forgotten
            break
        self.page.wait_for_function(ENDED, arg=self._ran, timeout=PATIENCE)
        assert [e.inner_text() for e in self.page.query_selector_all(ERRORS)] == []
        self._ran += self.page.locator(".jp-Notebook .jp-CodeCell").count()

    def press(self, key: str, then: str) -> None:
        """Press a key on the review card, and wait until the card says something."""
        card = self.page.locator(".cn-card").first
        card.focus(timeout=PATIENCE)
        card.press(key)
        self.says(then)

    def says(self, words: str) -> None:
        """Wait until the review card says something."""
        card = self.page.locator(".cn-card").first
        sync_api.expect(card).to_contain_text(re.compile(words), timeout=PATIENCE)

    def picture(self, name: str) -> None:
        """Keep a picture to look at, where somebody asks for it."""
        if folder := os.environ.get("CMENEEDS_PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.fixture(scope="module")
def lab(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    place = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "briefs", place / "briefs")
    shutil.copytree(ROOT / "notebooks", place / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for path in (place / "notebooks").glob("*.ipynb"):
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        path.write_text(json.dumps(notebook), "utf-8")
    settings = {
        # Cells that are out of sight would otherwise not be in the page.
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, said in settings.items():
        file = place / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(said), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    env = {k: v for k, v in os.environ.items() if k != "CMENEEDS_PRACTICE"} | {
        "CMENEEDS_HOME": str(sample_home),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "JUPYTER_CONFIG_DIR": str(place / "config"),
        "JUPYTER_DATA_DIR": str(place / "data"),
        "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", f"--ServerApp.root_dir={place}", f"--IdentityProvider.token={token}",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with (place / "log").open("w") as log:
        server = subprocess.Popen(command, env=env, cwd=place, stdout=log, stderr=log)
    try:
        _wait_for(server, f"{address}/api?token={token}", place / "log")
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.on("dialog", lambda dialog: dialog.accept())
            yield Lab(place, address, token, page)
            browser.close()
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=10).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.mark.parametrize("name", [n for n in NOTEBOOKS if n[1] in "135"])
def test_a_notebook_runs_to_its_end(lab: Lab, name: str) -> None:
    lab.open(name)
    lab.run_all()
    lab.picture(name)


def test_screening_and_edits_survive_a_reload_and_reach_the_report(lab: Lab) -> None:
    two, four, six = (n for n in NOTEBOOKS if n[1] in "246")
    practice = lab.place / "practice"

    # Three records by keyboard, and a fourth that is taken back.
    lab.open(two)
    lab.run_all()
    lab.says("0 of 57 read")
    lab.press("i", "1 of 57 read: 1 included")
    lab.press("e", "Why")
    lab.page.keyboard.press("1")
    lab.says("2 of 57 read: 1 included, 1 excluded")
    lab.press("m", "3 of 57 read: 1 included, 1 excluded, 1 maybe")
    lab.press("i", "4 of 57 read: 2 included")
    lab.press("u", "3 of 57 read: 1 included, 1 excluded, 1 maybe")
    lab.picture(two)
    lab.reload()
    lab.run_all()
    lab.says("3 of 57 read: 1 included, 1 excluded, 1 maybe")
    lines = (practice / "covid-19-vaccination.screening.csv").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert all(WRITER in line for line in lines[1:])

    # A row of the gap table gets other words.
    lab.open(four)
    lab.run_all()
    lab.press("s", "New subject")
    lab.page.locator(".cn-card input").fill(SUBJECT)
    lab.page.locator(".cn-card input").press("Enter")
    lab.says(SUBJECT)
    lab.picture(four)
    lab.reload()
    lab.run_all()
    lab.says(SUBJECT)

    # The report says what was decided.
    lab.open(six)
    lab.run_all()
    lab.picture(six)
    run = lab.place / "outputs" / "covid-19-vaccination" / "latest"
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    assert manifest["status"] == "complete"
    assert SUBJECT.casefold() in (run / "report.md").read_text("utf-8").casefold()
    assert {p.suffix for p in run.glob("report.*")} >= {".html", ".docx", ".pdf", ".md"}
    excluded = next(line.split(",")[0] for line in lines if ",exclude," in line)
    assert excluded not in (run / "findings.csv").read_text("utf-8")
