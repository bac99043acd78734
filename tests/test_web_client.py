"""The HTTP client of the web sources, against a loopback server whose answers are made up."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from cmeneeds.errors import SourceError
from cmeneeds.home import home
from cmeneeds.sources import web
from cmeneeds.sources.web import (
    WebClient,
    WebNotJson,
    WebRefused,
    WebTooLarge,
    WebUnavailable,
)

GOOD = b'{"made up": true}'
KEY = "planted+key/0123456789"
NOW = datetime(2024, 5, 2, 12, tzinfo=UTC)

Reply = tuple[int, dict[str, str], bytes]
Answer = Reply | Callable[[Any], Reply | None]


class Server:
    """Give answers in turn; the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [(200, {}, GOOD)]
        self.seen: list[tuple[str, dict[str, str]]] = []
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    outer.seen.append((self.path, dict(self.headers)))
                    answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                reply = answer(self) if callable(answer) else answer
                if reply is None:
                    self.close_connection = True
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(slept: list[float]) -> WebClient:
    return WebClient(pause=0, timeout=(2, 2), sleep=slept.append, now=lambda: NOW)


def hang_up(handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut_short(handler: Any) -> Reply:
    return 200, {"Content-Length": "1000"}, b'{"half": '


def cut_chunks(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'5\r\n{"a":\r\n5\r\n1')


# --- answers ------------------------------------------------------------------------------------


def test_a_good_answer_comes_with_hash_time_and_address(server: Server, client: WebClient) -> None:
    answer = client.get(f"{server.url}/a", {"q": "heart failure"})
    assert (answer.status, answer.body, answer.json()) == (200, GOOD, {"made up": True})
    assert answer.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert answer.url == f"{server.url}/a?q=heart+failure"
    assert answer.fetched_at == answer.checked_at == "2024-05-02T12:00:00Z"
    assert not answer.from_cache
    assert answer.note == ""
    path, headers = server.seen[0]
    assert path == "/a?q=heart+failure"
    assert headers["User-Agent"].startswith("cmeneeds/")
    assert [(v.url, v.body, v.sha256) for v in client.visits] == [(answer.url, b"", answer.sha256)]


def test_gzip_is_read_and_the_hash_is_of_the_text(server: Server, client: WebClient) -> None:
    server.answers = [(200, {"Content-Encoding": "gzip"}, gzip.compress(GOOD))]
    answer = client.get(server.url)
    assert answer.body == GOOD
    assert answer.sha256 == hashlib.sha256(GOOD).hexdigest()


def test_what_is_not_json_is_refused_and_not_kept(server: Server, client: WebClient) -> None:
    server.answers = [(200, {}, b"<html>Sign in to this network</html>")]
    with pytest.raises(WebNotJson):
        client.get(server.url)
    assert len(server.seen) == 1
    assert not (home() / "web").exists()
    text = client.get(server.url, expect_json=False)
    with pytest.raises(WebNotJson):
        text.json()


# --- faults -------------------------------------------------------------------------------------

PASSING: dict[str, Answer] = {
    **{str(s): (s, {}, b"made-up trouble") for s in (408, 429, 500, 502, 503, 504)},
    "hang up": hang_up,
    "cut short": cut_short,
    "cut chunks": cut_chunks,
    "empty": (200, {}, b""),
    "half a document": (200, {}, GOOD[:-3]),
    "half a gzip": (200, {"Content-Encoding": "gzip"}, gzip.compress(GOOD)[:-9]),
    "no gzip at all": (200, {"Content-Encoding": "gzip"}, GOOD),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(
    fault: Answer, server: Server, client: WebClient, slept: list[float]
) -> None:
    server.answers = [fault, fault, (200, {}, GOOD)]
    assert client.get(server.url).body == GOOD
    assert len(server.seen) == 3
    # Exponential, with jitter of up to one half.
    assert 0.5 <= slept[0] <= 1.0 <= slept[1] <= 2.0


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_ends_in_a_typed_error(
    fault: Answer, server: Server, client: WebClient, slept: list[float]
) -> None:
    server.answers = [fault]
    with pytest.raises((WebUnavailable, WebRefused)) as caught:
        client.get(f"{server.url}/secret-path", {"q": "term"}, secrets={"key": KEY})
    assert len(server.seen) == client.attempts
    assert len(slept) == client.attempts - 1
    error = caught.value
    assert isinstance(error, SourceError)
    assert "127.0.0.1" in str(error)
    assert KEY not in repr(error)
    assert "secret-path" not in repr(error)
    assert error.__context__ is None
    if isinstance(error, WebRefused):
        assert error.status == 429


@pytest.mark.parametrize("status", [202, 204, 400, 401, 403, 404, 410])
def test_a_no_is_not_asked_twice(status: int, server: Server, client: WebClient) -> None:
    server.answers = [(status, {}, b"")]
    with pytest.raises(WebRefused) as caught:
        client.get(server.url)
    assert caught.value.status == status
    assert len(server.seen) == 1


def test_a_silent_server_is_given_up(server: Server) -> None:
    done = threading.Event()

    def silent(handler: Any) -> None:
        done.wait(5)

    server.answers = [silent]
    client = WebClient(pause=0, timeout=(1, 0.1), attempts=2, sleep=lambda s: None)
    with pytest.raises(WebUnavailable, match="in time"):
        client.get(server.url)
    done.set()


def test_a_trickle_is_given_up(
    server: Server, client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "WHOLE_ANSWER", -1.0)
    with pytest.raises(WebUnavailable, match="in time"):
        client.get(server.url)


def test_nobody_listening_and_no_network(
    client: WebClient, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(WebUnavailable):
        client.get(f"http://127.0.0.1:{port}/")
    assert len(slept) == client.attempts - 1

    def no_names(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-3, "made-up: no name service")

    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    slept.clear()
    with pytest.raises(WebUnavailable, match="no network"):
        client.get("http://made-up.example/")
    assert slept == []  # nothing to wait for


# --- Retry-After --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=40), usegmt=True), 40.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.5),
        ("soon", 0.5),
        ("-3", 0.5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(
    asked: str, least: float, status: int, server: Server, client: WebClient, slept: list[float]
) -> None:
    server.answers = [(status, {"Retry-After": asked}, b""), (200, {}, GOOD)]
    assert client.get(server.url).body == GOOD
    assert slept[0] >= least
    assert slept[0] <= max(least, 1.0)


def test_a_long_retry_after_is_not_cut_short(
    server: Server, client: WebClient, slept: list[float]
) -> None:
    server.answers = [(503, {"Retry-After": "86400"}, b"")]
    with pytest.raises(WebUnavailable):
        client.get(server.url)
    assert len(server.seen) == 1
    assert slept == []


def test_there_is_a_pause_between_requests_to_a_host(server: Server, slept: list[float]) -> None:
    client = WebClient(pause=0.5, sleep=slept.append)
    client.get(f"{server.url}/1")
    assert slept == []
    client.get(f"{server.url}/2")
    other = WebClient(pause=0.5, sleep=slept.append)  # as another process of this user would
    other.get(f"{server.url}/3")
    assert 0.2 < slept[0] < 0.6
    assert 0.7 < slept[1] < 1.1


# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b"[" + b" " * 2000 + b"]"),
        (200, {"Content-Length": ""}, b"[" + b" " * 2000 + b"]"),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 50_000_000)),
    ],
    ids=["promised", "unannounced", "bomb"],
)
def test_a_body_may_be_too_large(answer: Reply, server: Server) -> None:
    server.answers = [answer]
    with pytest.raises(WebTooLarge):
        WebClient(pause=0, max_bytes=1000).get(server.url)
    assert len(server.seen) == 1


def test_a_body_of_exactly_the_limit_is_fine(server: Server) -> None:
    assert WebClient(pause=0, max_bytes=len(GOOD)).get(server.url).body == GOOD
    server.answers = [(200, {"Content-Encoding": "gzip"}, gzip.compress(GOOD))]
    assert WebClient(pause=0, max_bytes=60).get(f"{server.url}/2").body == GOOD


# --- where it goes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "http:///nowhere",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1\\@made-up.example/",
        "http://127.0.0.1:port/",
        "http://[::1/",
        "http://127.0.0.1/\r\nX: y",
    ],
)
def test_only_plain_web_addresses(url: str, client: WebClient) -> None:
    with pytest.raises(WebRefused) as caught:
        client.get(url)
    assert caught.value.status is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_server_is_followed(
    status: int, server: Server, client: WebClient
) -> None:
    server.answers = [(status, {"Location": "/there?x=1"}, b""), (200, {}, GOOD)]
    answer = client.get(f"{server.url}/here", {"q": "1"}, secrets={"key": KEY})
    assert answer.url == f"{server.url}/here?q=1"
    # The key is for whom it was meant for; a redirect does not carry it on.
    assert server.seen[1][0] == "/there?x=1"


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:1/",  # another server of this machine
        "http://localhost:8888/api",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://10.0.0.8/",
        "http://169.254.169.254/latest/meta-data/",
        "http://printer.local/",
        "http://user@127.0.0.1/",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_into_private_places_is_refused(
    place: str, server: Server, client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = socket.getaddrinfo

    def numbers_only(host: str, port: object, *args: Any, **kwargs: Any) -> Any:
        # The fixture that guards the network knows no private addresses; nothing is sent here.
        if host in ("10.0.0.8", "169.254.169.254", "0.0.0.0", "::ffff:127.0.0.1"):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (host, 0))]
        return lookup(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
    server.answers = [(302, {"Location": place}, b"")]
    with pytest.raises(WebRefused) as caught:
        client.get(server.url)
    assert caught.value.status == 302
    assert len(server.seen) == 1
    assert "meta-data" not in str(caught.value)


def test_a_public_name_with_a_private_address_is_refused(
    server: Server, client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = socket.getaddrinfo

    def poisoned(host: str, *args: Any, **kwargs: Any) -> Any:
        return lookup("127.0.0.1" if host == "made-up.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", poisoned)
    server.answers = [(302, {"Location": "http://made-up.example/"}, b"")]
    with pytest.raises(WebRefused, match="private"):
        client.get(server.url)


def test_a_redirect_from_https_to_http_is_refused() -> None:
    with pytest.raises(WebRefused, match="https to http"):
        web._may_follow("https://a.example/", "https://a.example/", "http://a.example/", 302)


def test_redirects_come_to_an_end(server: Server, client: WebClient) -> None:
    server.answers = [(302, {"Location": "/again"}, b"")]
    with pytest.raises(WebRefused, match="more than"):
        client.get(server.url)
    assert len(server.seen) == web.MAX_REDIRECTS + 1


# --- the cache ----------------------------------------------------------------------------------


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_an_unchanged_answer_is_not_sent_again(server: Server) -> None:
    clock = Clock()
    client = WebClient(pause=0, now=clock)
    modified = "Wed, 01 May 2024 00:00:00 GMT"
    server.answers = [
        (200, {"ETag": '"v1"', "Last-Modified": modified}, GOOD),
        (304, {}, b""),
        (200, {"ETag": '"v2"'}, b"[2]"),
    ]
    first = client.get(server.url)
    clock.now += timedelta(days=3)
    second = client.get(server.url)
    assert server.seen[1][1]["If-None-Match"] == '"v1"'
    assert server.seen[1][1]["If-Modified-Since"] == modified
    assert (second.body, second.sha256, second.status) == (first.body, first.sha256, 200)
    assert second.from_cache
    assert second.note == ""  # the service itself said that it is current
    assert (second.fetched_at, second.checked_at) == (
        "2024-05-02T12:00:00Z",
        "2024-05-05T12:00:00Z",
    )
    third = client.get(server.url)
    assert third.body == b"[2]"
    # What a report was written from stays, byte for byte.
    assert client.archived(first.sha256) == GOOD
    assert client.archived(third.sha256) == b"[2]"


def test_a_fresh_copy_is_used_without_asking(server: Server) -> None:
    clock = Clock()
    client = WebClient(pause=0, now=clock)
    client.get(server.url, max_age=60)
    clock.now += timedelta(seconds=59)
    assert client.get(server.url, max_age=60).from_cache
    assert len(server.seen) == 1
    clock.now += timedelta(seconds=2)
    assert not client.get(server.url, max_age=60).from_cache
    clock.now -= timedelta(days=9)  # a copy of the future says nothing of its age
    client.get(server.url, max_age=60)
    assert len(server.seen) == 3


def test_the_cache_stands_in_and_says_so(server: Server, client: WebClient) -> None:
    client.get(server.url)
    server.answers = [(503, {}, b"")]
    with pytest.raises(WebUnavailable):
        client.get(server.url)  # not unless the caller allows it
    answer = client.get(server.url, allow_cached=True)
    assert answer.body == GOOD
    assert answer.from_cache
    assert "copy of 2024-05-02" in answer.note
    assert client.visits[-1].note == answer.note
    server.answers = [(200, {}, b"<html>captive portal</html>")]
    assert client.get(server.url, allow_cached=True).note
    server.answers = [(404, {}, b"")]
    with pytest.raises(WebRefused):
        client.get(server.url, allow_cached=True)  # a no is a no


def test_offline_nobody_is_asked(server: Server, client: WebClient) -> None:
    offline = WebClient(offline=True)
    with pytest.raises(WebUnavailable, match="offline"):
        offline.get(server.url, allow_cached=True)
    client.get(server.url)
    assert offline.get(server.url, allow_cached=True).body == GOOD
    with pytest.raises(WebUnavailable, match="offline"):
        offline.get(server.url)
    assert len(server.seen) == 1


def test_addresses_do_not_share_a_copy(server: Server, client: WebClient) -> None:
    server.answers = [(200, {}, b"[1]"), (200, {}, b"[2]")]
    assert client.get(server.url, {"q": "1"}).body == b"[1]"
    assert client.get(server.url, {"q": "2"}).body == b"[2]"
    assert client.get(server.url, {"q": "1"}, max_age=9).body == b"[1]"


@pytest.mark.parametrize("damage", ["answer", "body", "swapped"])
def test_a_damaged_copy_is_fetched_again(damage: str, server: Server, client: WebClient) -> None:
    server.answers = [(200, {"ETag": '"v1"'}, GOOD)]
    first = client.get(server.url)
    answer = next((home() / "web" / "answers").iterdir())
    if damage == "answer":
        answer.write_bytes(answer.read_bytes()[:-9])
    elif damage == "swapped":
        kept = json.loads(answer.read_bytes())
        answer.write_text(json.dumps({**kept, "url": "http://127.0.0.1/other"}))
    else:
        (home() / "web" / "bodies" / first.sha256).write_bytes(b'{"made up": false}')
        assert client.archived(first.sha256) is None
    again = client.get(server.url, max_age=1e9)
    assert again.body == GOOD
    assert not again.from_cache
    assert "If-None-Match" not in server.seen[1][1]
    assert client.archived("../" + first.sha256) is None


def test_a_crash_leaves_no_half_file(
    server: Server, client: WebClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(server.url)
    server.answers = [(200, {}, b"[2]")]
    replace = Path.replace

    def full(self: Path, target: Any) -> Path:
        if Path(target).suffix == ".json":
            raise OSError("made-up: no space left")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        client.get(server.url)
    monkeypatch.undo()
    assert not list((home() / "web").rglob(".new-*"))


def test_an_unasked_304_is_refused(server: Server, client: WebClient) -> None:
    server.answers = [(304, {}, b"")]
    with pytest.raises(WebRefused):
        client.get(server.url)


def test_many_threads_share_a_client(server: Server, client: WebClient) -> None:
    bodies: list[bytes] = []

    def ask(number: int) -> None:
        bodies.append(client.get(server.url, {"n": str(number % 3)}).body)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [GOOD] * 24


# --- secrets ------------------------------------------------------------------------------------


def test_the_key_is_sent_and_nothing_else(
    server: Server,
    client: WebClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password planted-word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    caplog.set_level(logging.DEBUG)
    answer = client.get(server.url, {"q": "1"}, secrets={"key": KEY})
    assert requests.utils.unquote(server.seen[0][0]).endswith(f"key={KEY}")
    assert "Authorization" not in server.seen[0][1]
    assert "key" not in answer.url
    server.answers = [hang_up]
    with pytest.raises(WebUnavailable) as caught:
        client.get(server.url, {"q": "1"}, secrets={"key": KEY})
    written = [p.read_bytes() for p in home().rglob("*") if p.is_file()]
    assert len(written) >= 2
    shown = f"{caught.value!r} {caplog.text} {client.visits!r} {client!r}"
    for form in (KEY, "planted%2Bkey", "planted+key"):
        assert form not in shown
        assert not any(form.encode() in data for data in written)


def test_a_copy_does_not_depend_on_the_key(server: Server, client: WebClient) -> None:
    client.get(server.url, secrets={"key": KEY})
    assert client.get(server.url, secrets={"key": "another"}, max_age=9).from_cache
