"""Does anything leave the system for an address inside of it, however the address is written, and does anybody hold us up?"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from refugeecm.core import http
from refugeecm.demonstration.receivers import FORBIDDEN, Receiver, resolving

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PUBLIC = "93.184.215.14"


def post(url: str) -> http.Answer:
    return http.post(url, body=b"{}", headers={}, now=NOW)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where sockets were connected to. Nothing really goes out."""
    found: list[Any] = []

    def connect(_self: socket.socket, address: Any) -> None:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


@pytest.mark.parametrize("host", FORBIDDEN)
def test_no_form_of_an_address_inside_is_connected_to(host, connected):
    with pytest.raises(http.Refused):
        post(f"https://{host}/hooks")
    with (
        resolving("hooks.example", socket.getaddrinfo(host.strip("[]"), 443)[0][4][0]),
        pytest.raises(http.Refused),
    ):
        post("https://hooks.example/hooks")
    assert connected == []


def test_the_list_is_long_enough():
    assert len(FORBIDDEN) >= 17


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "ftp://hooks.example/", "https://", "https:///x", "https://me:secret@hooks.example/",
     "https://[::1", "https://hooks.example:99999/", "javascript:1", "//hooks.example/", "https://hooks.example:0/", "nonsense"],
)  # fmt: skip
def test_what_is_no_https_address_is_refused(url, connected):
    with pytest.raises(http.Refused):
        http.check(url)
    with pytest.raises(http.Refused):
        post(url)
    assert connected == []


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(connected):
    with resolving("hooks.example", PUBLIC, "127.0.0.1"), pytest.raises(http.Unreachable):
        post("https://hooks.example/hooks")
    assert connected == [PUBLIC]


def test_a_proxy_of_the_environment_is_not_asked(connected, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    with resolving("hooks.example", PUBLIC), pytest.raises(http.Unreachable):
        post("https://hooks.example/hooks")
    assert connected == [PUBLIC]


# ---- receivers on this machine, which a setting has to name


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    made = Receiver()
    settings.LOOPBACK_ORIGINS = [made.origin]
    made.start()
    yield made
    made.stop()


def test_only_the_named_origin_is_reached(receiver):
    assert post(receiver.url) == http.Answer(204)
    for other in (receiver.url.replace("127.0.0.1", "localhost"), receiver.url.replace("http:", "https:")):
        with pytest.raises(http.Refused):
            post(other)


def test_a_redirect_is_an_answer(receiver, settings):
    elsewhere = Receiver()
    elsewhere.start()
    settings.LOOPBACK_ORIGINS = [receiver.origin, elsewhere.origin]
    receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
    assert post(receiver.url).status == 307
    assert elsewhere.unsigned == 0
    elsewhere.stop()


@pytest.mark.parametrize(
    ("said", "meant"),
    [("120", 120.0), ("Mon, 02 Mar 2026 09:31:00 GMT", 60.0), ("Mon, 02 Mar 2020 09:31:00 GMT", 0.0), ("soon", None), ("-5", None)],
)  # fmt: skip
def test_how_long_to_wait_is_a_number_or_a_date(receiver, said, meant):
    receiver.status, receiver.headers = 503, {"Retry-After": said}
    assert post(receiver.url) == http.Answer(503, meant)


def test_nobody_there(receiver):
    receiver.stop()
    with pytest.raises(http.Unreachable) as found:
        post(receiver.url)
    assert not found.value.slow


@pytest.fixture
def talker(settings: Any) -> Iterator[Callable[[bytes, float], str]]:
    """A server that says a piece again and again, every so many seconds; the figure of pieces is in `said`."""
    threads: list[threading.Thread] = []

    def talk(first: bytes, piece: bytes, pause: float, said: list[int]) -> str:
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            with server, suppress(OSError):
                one, _address = server.accept()
                with one:
                    one.recv(65536)
                    one.sendall(first)
                    for _ in range(5000):
                        one.sendall(piece)
                        said.append(len(piece))
                        time.sleep(pause)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        settings.LOOPBACK_ORIGINS = [origin]
        return origin

    yield talk
    for one in threads:
        one.join(5)


def test_who_drips_an_answer_is_cut_off(talker, monkeypatch):
    """A time-out of a socket begins anew with every byte; this one does not."""
    monkeypatch.setattr(http, "SECONDS", 1.0)
    url, started = talker(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.2, []), time.monotonic()
    with pytest.raises(http.Unreachable) as found:
        post(url)
    assert found.value.slow
    assert time.monotonic() - started < 3


def test_an_endless_answer_is_not_read(talker):
    said: list[int] = []
    url = talker(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, 0.0, said)
    assert post(url).status == 200
    time.sleep(0.2)
    assert sum(said) < 5000 * 65536


@pytest.mark.parametrize(
    ("given", "local", "code"),
    [("http://127.0.0.1:9000", "0", 1), ("http://192.0.2.1:80", "1", 1), ("http://127.0.0.1:9000", "1", 0), ("", "0", 0)],
)  # fmt: skip
def test_production_names_no_origin_and_nobody_names_a_foreign_one(given, local, code):
    given_environment = {**os.environ, "LOOPBACK_ORIGINS": given, "INSECURE_COOKIES": local}
    command = [sys.executable, "-c", "import refugeecm.settings"]
    done = subprocess.run(command, env=given_environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert ("LOOPBACK_ORIGINS" in done.stderr) == bool(code)
