"""Give Jupyter kernels that are forked from the warm process, over sockets in the file system."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Int

from cmeneeds.errors import KernelNotForked
from cmeneeds.kernels.process import warm_process

CHANNELS: Final = 5
"""Sockets of a kernel: shell, iopub, stdin, control, heartbeat."""

LISTENING: Final = 2.0
"""Seconds to wait for them at most; a client waits longer by itself."""

ENDING: Final = 1.0
"""Seconds that a killed kernel is waited for; its manager waits longer."""

QUICK: Final = 0.005
"""Seconds between two looks."""


class ForkProvisioner(LocalProvisioner):
    """Fork a kernel; where that cannot be, start a plain one and say so in the log.

    Named ``cmeneeds-fork`` in kernel specifications, whose ``config`` may set ``memory_limit``.
    """

    memory_limit = Int(
        0,
        config=True,
        help="Megabytes of private memory that a kernel may have; 0 for no limit. The environment "
        "variable CMENEEDS_KERNEL_MEMORY goes before it.",
    )
    why_plain = ""
    """Why the kernel was not forked; empty if it was."""

    _folder: Path | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets in a folder of our own instead of ports."""
        manager = self.parent
        if manager is not None and os.name == "posix" and not Path(manager.ip).is_absolute():
            # Short, because the path of a socket may have about a hundred characters.
            self._folder = Path(tempfile.mkdtemp(prefix="cmn-"))
            manager.transport = "ipc"
            manager.ip = str(self._folder / "k")
            manager.cache_ports = False
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel, or start a plain one."""
        try:
            kernel = warm_process().fork(
                cmd[cmd.index("-f") + 1],
                cwd=str(kwargs.get("cwd") or Path.cwd()),
                env=kwargs.get("env") or dict(os.environ),
                memory_mb=self._limit(),
                **_streams(kwargs),
            )
        except (KernelNotForked, ValueError, IndexError) as error:
            self.why_plain = str(error) or "its command names no connection file"
            self.log.warning("cmeneeds: a plain kernel is started, slower: %s", self.why_plain)
            return await super().launch_kernel(cmd, **kwargs)
        # It has the part of Popen that the base class uses.
        self.process = kernel  # type: ignore[assignment]
        self.pid = self.pgid = kernel.pid
        await self._listening()
        return self.connection_info

    async def _listening(self) -> None:
        """Wait until the kernel's sockets are there.

        A client that connects earlier tries again only after a tenth of a second, for each channel.
        """
        if self._folder is None:
            return
        until = time.monotonic() + LISTENING
        while len(list(self._folder.iterdir())) < CHANNELS and time.monotonic() < until:
            if await self.poll() is not None:
                return  # whoever waits for its answers will tell
            await asyncio.sleep(QUICK)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and wait a moment: its manager would look again after a tenth second."""
        await super().kill(restart=restart)
        until = time.monotonic() + ENDING
        while self.has_process and await self.poll() is None and time.monotonic() < until:
            await asyncio.sleep(QUICK)

    def _limit(self) -> int | None:
        given = os.environ.get("CMENEEDS_KERNEL_MEMORY", "")
        return (int(given) if given.isdecimal() else int(self.memory_limit)) or None

    async def cleanup(self, restart: bool = False) -> None:
        """Take away the sockets, unless the kernel starts again on them."""
        await super().cleanup(restart=restart)
        if self._folder is not None and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _streams(kwargs: dict[str, Any]) -> dict[str, int]:
    """Descriptors for the kernel's output, as the caller of Popen would have named them."""
    found = {}
    for name in ("stdout", "stderr"):
        stream = kwargs.get(name)
        if isinstance(stream, int):
            if stream >= 0:
                found[name] = stream
        elif stream is not None:
            found[name] = stream.fileno()
    return found
