"""Parse files that nobody vouches for in a process of their own.

The child gets the file on its standard input, has limits of memory, time and output, may open no
file for writing and start no process, and knows no variable of this one's environment. If it
crashes or hangs, that is one line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any

import msgspec

from cmeneeds.own_sources.parsed import Parsed, Unreadable

SECONDS = 180
"""Of computing, and half as much again of waiting."""
MEMORY = 2 << 30
"""Bytes of address space."""
OUTPUT = 256 << 20
"""Bytes."""


class _Answer(msgspec.Struct):
    parsed: Parsed | None = None
    what: str = ""
    todo: str = ""


def parse(data: bytes, kind: str, *, seconds: int = SECONDS, memory: int = MEMORY) -> Parsed:
    """Parse a file in a child process.

    Parameters
    ----------
    data : bytes
    kind : str
        ``pdf``, ``docx``, ``html``, ``text``, ``markdown`` or ``csv``.
    seconds, memory : int
        Limits: seconds of computing, bytes of address space.

    Raises
    ------
    Unreadable
        The file cannot be read, or its parser crashed or came to a limit.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.write(data)
        given.seek(0)
        # `-I`: neither the environment nor the working folder decides what is imported.
        command = [sys.executable, "-I", "-m", "cmeneeds.own_sources.child", kind, str(seconds)]
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter, our own module
                [*command, str(memory)],
                stdin=given,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                timeout=seconds * 1.5 + 5,
                env=_environment(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _too_much("time") from None
        answer.seek(0)
        said = answer.read(OUTPUT + 1)
    if done.returncode:
        raise _too_much("time" if done.returncode in (-24, -9) else "")
    try:
        read = msgspec.json.decode(said, type=_Answer)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise _too_much("") from None
    if read.parsed is None:
        raise Unreadable(read.what, read.todo)
    return read.parsed


def _too_much(what: str) -> Unreadable:
    if what == "time":
        return Unreadable("reading it takes too long", "Add only the pages that you cite.")
    return Unreadable(
        "its reader stopped; the file is damaged or needs too much memory",
        "Open it and save it anew, or add only the pages that you cite.",
    )


def _environment() -> dict[str, str]:
    kept = ("SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def confine(seconds: int, memory: int) -> None:
    """Set the limits of this process, where the system has them; called by the child."""
    try:
        import resource
    except ImportError:  # Windows: the parent's time limit holds all the same
        return
    wanted: list[tuple[Any, int]] = [
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ]
    if hasattr(resource, "RLIMIT_NPROC"):
        wanted.append((resource.RLIMIT_NPROC, 0))
    for limit, value in wanted:
        try:
            _, hard = resource.getrlimit(limit)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            continue  # not to be had here; the others hold
