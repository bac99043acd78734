"""Kernels forked from a warm process: they start at once, and nothing of one reaches another."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client.manager import KernelManager, start_new_kernel

from cmeneeds.errors import KernelNotForked
from cmeneeds.kernels import process
from cmeneeds.kernels.process import WarmProcess, close_warm_process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kernels are forked on Unix only")


@pytest.fixture(scope="module", autouse=True)
def _cold_afterwards() -> Iterator[None]:
    yield
    close_warm_process()


class Kernel:
    def __init__(self, name: str = "cmeneeds", **kwargs: Any) -> None:
        self.manager, self.client = start_new_kernel(kernel_name=name, **kwargs)

    def run(self, code: str, timeout: float = 60) -> str:
        """What the code prints, or the name of what it raises."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("text") or "".join(content.get("data", {})))

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=hear)
        if reply["content"]["status"] == "error":
            return str(reply["content"]["ename"])
        return "".join(said).strip()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernels() -> Iterator[Any]:
    made: list[Kernel] = []

    def make(**kwargs: Any) -> Kernel:
        made.append(Kernel(**kwargs))
        return made[-1]

    yield make
    for kernel in made:
        with contextlib.suppress(Exception):
            kernel.close()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return not Path("/proc").is_dir()
        return False
    return state != "Z"


def gone(pid: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def notebook(folder: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    made.metadata.kernelspec = {"name": "cmeneeds", "display_name": "x", "language": "python"}
    path = folder / "made_up.ipynb"
    nbformat.write(made, path)
    return path


# --- it is a kernel like any other ----------------------------------------------------------------


def test_a_kernel_is_forked_and_talks_over_sockets_in_the_file_system(kernels: Any) -> None:
    kernel = kernels()
    assert kernel.manager.transport == "ipc"
    parent = kernel.run("import os; print(os.getppid())")
    assert int(parent) == process.warm_process().pid
    # What reports need is there already.
    assert kernel.run("import sys; print('cmeneeds.assessment' in sys.modules)") == "True"


def test_pictures_and_folders_are_those_of_the_caller(kernels: Any, tmp_path: Path) -> None:
    kernel = kernels(cwd=str(tmp_path))
    assert kernel.run("import os; print(os.getcwd())") == str(tmp_path)
    assert "image/png" in kernel.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    )


def test_charts_are_shown_as_in_a_plain_kernel(kernels: Any) -> None:
    drawn = kernels().run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    assert "image/png" in drawn


def test_it_can_be_interrupted_and_restarted(kernels: Any) -> None:
    kernel = kernels()
    kernel.run("mark = 1")
    waiting = kernel.client.execute("import time\nwhile True: time.sleep(0.05)")
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=20)
    assert reply["parent_header"]["msg_id"] == waiting
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print(mark)") == "1"
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.run("print(mark)") == "NameError"


@pytest.mark.parametrize("tool", ["papermill", "nbclient"])
def test_the_tools_that_run_notebooks_use_it_by_name(tool: str, tmp_path: Path) -> None:
    path = notebook(tmp_path, "import os; print(os.getppid())")
    if tool == "papermill":
        done = papermill.execute_notebook(
            str(path), None, kernel_name="cmeneeds", progress_bar=False, cwd=str(tmp_path)
        )
    else:
        from nbclient import NotebookClient

        done = NotebookClient(nbformat.read(path, 4), kernel_name="cmeneeds").execute()
    assert int(done.cells[-1].outputs[0].text) == process.warm_process().pid


def test_nbval_validates_notebooks_with_it(tmp_path: Path) -> None:
    path = notebook(tmp_path, "print(6 * 7)")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-kernel-name", "cmeneeds", "-q",
         "-p", "no:cacheprovider", str(path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr


# --- nothing of one reaches another ---------------------------------------------------------------

CHANGE = """
import builtins, os, random, sys, numpy, pandas, matplotlib
builtins.leaked = True
sys.leaked = True
os.environ['LEAKED'] = '1'
sys.path.insert(0, '/leaked')
pandas.set_option('display.max_rows', 3)
matplotlib.rcParams['figure.dpi'] = 33
import cmeneeds.brief
cmeneeds.brief.MAX_BYTES = 1
import cmeneeds.evidence.lexicon as module
module.leaked = True
os.chdir('/')
"""
LOOK = """
import builtins, os, random, sys, numpy, pandas, matplotlib, cmeneeds.brief
import cmeneeds.evidence.lexicon as module
print([hasattr(builtins, 'leaked'), hasattr(sys, 'leaked'), 'LEAKED' in os.environ,
       '/leaked' in sys.path, pandas.get_option('display.max_rows') == 3,
       matplotlib.rcParams['figure.dpi'] == 33, cmeneeds.brief.MAX_BYTES == 1,
       hasattr(module, 'leaked'), os.getcwd() == '/'])
"""


def test_nothing_that_one_report_changes_is_seen_by_the_next(kernels: Any) -> None:
    first = kernels()
    assert first.run(CHANGE) == ""
    assert first.run(LOOK) == str([True] * 9)  # the test can see what it looks for
    assert kernels().run(LOOK) == str([False] * 9)  # beside it
    first.close()
    assert kernels().run(LOOK) == str([False] * 9)  # and after it


def test_chance_differs_from_kernel_to_kernel(kernels: Any) -> None:
    draw = "import random, numpy; print(random.random(), numpy.random.rand())"
    a, b = kernels().run(draw).split(), kernels().run(draw).split()
    assert a[0] != b[0]
    assert a[1] != b[1]


def test_a_kernel_sees_the_environment_of_whoever_starts_it_and_no_other(
    kernels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.warm_process()  # started without the variable
    monkeypatch.setenv("MADE_UP_VARIABLE", "for this kernel")
    look = "import os; print(os.environ.get('MADE_UP_VARIABLE'))"
    assert kernels().run(look) == "for this kernel"
    monkeypatch.delenv("MADE_UP_VARIABLE")
    assert kernels().run(look) == "None"


# --- limits, and ends -----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="private memory is limited on Linux only")
def test_memory_beyond_the_limit_is_an_error_of_the_cell(
    kernels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMENEEDS_KERNEL_MEMORY", "1500")
    kernel = kernels()
    assert kernel.run("block = bytearray(3 * 1024 ** 3)") == "MemoryError"
    assert kernel.run("print(len(bytearray(50 * 1024 ** 2)))") == str(50 * 1024**2)


def test_a_cell_that_takes_too_long_ends_with_its_kernel(tmp_path: Path) -> None:
    path = notebook(tmp_path, "import os; open('pid', 'w').write(str(os.getpid()))",
                    "while True: pass")  # fmt: skip
    with pytest.raises(Exception, match=r"timed out|CellTimeout"):
        papermill.execute_notebook(
            str(path), None, kernel_name="cmeneeds", progress_bar=False, execution_timeout=2,
            cwd=str(tmp_path),
        )  # fmt: skip
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_kernel_that_dies_is_told_like_any_other(kernels: Any) -> None:
    kernel = kernels()
    pid = int(kernel.run("import os; print(os.getpid())"))
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 20
    while kernel.manager.is_alive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not kernel.manager.is_alive()


OWNER = """
import json, sys, time
from jupyter_client.manager import start_new_kernel
from cmeneeds.kernels import process
found = []
for _ in range(2):
    manager, client = start_new_kernel(kernel_name="cmeneeds")
    found.append(manager.provisioner.pid)
    client.execute("import subprocess; child = subprocess.Popen(['sleep', '600'])")
print(json.dumps([process.warm_process().pid, *found]), flush=True)
time.sleep(600)
"""


def test_whoever_is_killed_leaves_no_kernel_and_no_warm_process_behind() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pids = json.loads(owner.stdout.readline())
    assert all(map(is_running, pids))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert [pid for pid in pids if not gone(pid)] == []


def test_kernels_end_when_the_warm_process_is_killed(kernels: Any) -> None:
    kernel = kernels()
    pid = int(kernel.run("import os; print(os.getpid())"))
    warm = process.warm_process()
    assert warm.pid is not None
    os.kill(warm.pid, signal.SIGKILL)
    assert gone(pid)
    # and the next kernel gets a new one
    assert kernels().run("print(1)") == "1"
    assert process.warm_process().pid != warm.pid


# --- where it cannot be forked ------------------------------------------------------------------


def test_a_plain_kernel_is_started_instead_and_the_log_says_why(
    kernels: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> WarmProcess:
        raise KernelNotForked("the warm process cannot serve: it has 7 threads")

    monkeypatch.setattr("cmeneeds.kernels.provisioner.warm_process", refuse)
    manager = KernelManager(kernel_name="cmeneeds")
    said: list[str] = []
    monkeypatch.setattr(manager.log, "warning", lambda text, *args: said.append(text % args))
    manager.start_kernel()
    try:
        assert any("plain kernel" in s and "7 threads" in s for s in said)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)


def test_variables_that_count_at_the_start_only_are_not_lost() -> None:
    wanted = dict(os.environ) | {"PYTHONHASHSEED": "7"}
    with pytest.raises(KernelNotForked, match="PYTHONHASHSEED"):
        process.warm_process().fork("nowhere", cwd=None, env=wanted)


def test_a_process_with_several_threads_is_not_forked(tmp_path: Path) -> None:
    code = (
        "import sys, threading; sys.argv = ['warm', sys.argv[1]];"
        "from cmeneeds.kernels import warm; warm.warm_up = lambda: "
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); warm.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "socket")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "threads" in json.loads(done.stdout)["refused"]
    assert done.returncode == 1
