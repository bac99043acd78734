"""E-utilities over a local library, so that any E-utilities client can be pointed at it.

``esearch`` (with history), ``efetch``, ``esummary``, ``einfo``, ``epost``, ``elink`` and
``espell`` answer as NCBI's do for ``db=pubmed``, under ``/entrez/eutils/``, with and without
``.fcgi``. The library is read only.

    with open_library("sample") as library:
        server = make_server(library, port=8080)
    serve_forever(server)

Modules: ``app`` (the server), ``handler`` (HTTP, limits, tokens), ``workers`` and ``desk`` (threads
with connections), ``asked`` (parameters), ``answers`` (one function a utility, errors),
``searching``, ``summaries``, ``links``, ``spelling``, ``info``, ``history``, ``pubmed_out`` and
``text_out`` (records as text).
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

from cmeneeds.errors import UsageError
from cmeneeds.library.store import Library
from cmeneeds.server.app import EutilsServer
from cmeneeds.server.desk import Shared
from cmeneeds.server.handler import Limits
from cmeneeds.server.history import LIFETIME, History

__all__ = ["EutilsServer", "Limits", "make_server", "serve_forever"]

MIN_TOKEN = 16
"""Characters in a token; shorter ones can be guessed."""


def make_server(
    library: str | Path | Library,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    *,
    allow_remote: bool = False,
    limits: Limits | None = None,
    history: History | None = None,
    kind: type[EutilsServer] = EutilsServer,
) -> EutilsServer:
    """Make a server over a library; it listens at once and answers when it is run.

    Parameters
    ----------
    library : path or Library
        A library that holds records. The server opens it anew for reading and never writes; what
        is passed in may be closed afterwards.
    host : str
        Address of the interface; other machines must not be able to reach it unless
        ``allow_remote``.
    port : int
        0 for any free one; see ``server.port`` and ``server.url``.
    token : str, optional
        At least 16 characters; every request must then carry it. Needed with ``allow_remote``.
    allow_remote : bool
        Serve other machines too.
    limits : Limits, optional
        What clients may cost.
    history : History, optional
        Where result sets are kept; by default for 8 hours.
    kind : type
        A subclass to make; tests use it.

    Raises
    ------
    UsageError
        The interface is not loopback and not allowed, the token is too short, or the port taken.
    LibraryError
        There is no library there, it is damaged, or it is empty.
    """
    from cmeneeds.sources import sample

    if token is not None and (len(token) < MIN_TOKEN or not token.isprintable()):
        raise UsageError(
            f"the token is shorter than {MIN_TOKEN} characters",
            "Make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`.",
        )
    path = library.path if isinstance(library, Library) else Path(library)
    with Library.open(path, read_only=True) as opened:
        opened.require_records()
        notice = sample.NOTICE if opened.kind == "sample" else ""
    if history is None:  # an empty one is false
        history = History(LIFETIME)
    shared = Shared(path, history, notice)
    return kind(shared, host, port, token, limits or Limits(), allow_remote=allow_remote)


def serve_forever(server: EutilsServer, grace: float = 10.0) -> None:
    """Serve until the process is told to stop (Ctrl-C or SIGTERM), then finish what is under way.

    Parameters
    ----------
    server : EutilsServer
    grace : float
        Seconds that requests under way have at the end.
    """
    stop = threading.Event()
    before: list[tuple[signal.Signals, Any]] = []

    def ask_to_stop(number: int, frame: object) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        wanted = (signal.SIGINT, signal.SIGTERM)
        before += [(number, signal.signal(number, ask_to_stop)) for number in wanted]
    try:
        thread = server.start()
        # In short steps: on Windows a wait without an end cannot be interrupted.
        while thread.is_alive() and not stop.wait(0.5):
            pass
    finally:
        server.close(grace)
        for number, handler in before:
            signal.signal(number, handler)
