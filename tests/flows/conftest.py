"""The whole system as it runs for people: web server and worker as processes, and a real browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connection

from tests.conftest import Person

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Answer:
    """What the API said."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class System:
    """The address of a running system."""

    address: str

    def call(self, path: str, *, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Ask the API, as a partner's system would."""
        data = urlencode(form).encode() if form else None
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=data, headers=names)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as refusal:
            return Answer(refusal.code, dict(refusal.headers), refusal.read())


@pytest.fixture
def system(transactional_db: None, tmp_path: Path) -> Iterator[System]:
    """Start web and a worker that keeps the timetable, too, on the test database and a free port; Redis has a database for them."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver runs an event loop in this thread
    database, host = connection.settings_dict["NAME"], connection.settings_dict["OPTIONS"].get("host", "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://app@/{database}?host={quote(host, safe='')}"
        if host
        else os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{database}",
        "REDIS_URL": settings.REDIS_URL.split("?")[0] + f"?db={int(worker[2:]) + 1}",
        "LOG_LEVEL": "WARNING",
    }
    binary = Path(sys.executable).parent
    commands = [
        [
            binary / "gunicorn",
            "refugeecm.wsgi",
            "-b",
            f"127.0.0.1:{port}",
            "-k",
            "gthread",
            "--threads",
            "4",
            "--no-control-socket",
        ],
        [
            binary / "celery",
            "-A",
            "refugeecm",
            "worker",
            "-c",
            "2",
            "-l",
            "warning",
            "--without-mingle",
            "--without-gossip",
            "--beat",
            "-s",
            tmp_path / "beat",
        ],
    ]
    logs = [(tmp_path / f"{name}.log").open("wb") for name in ("web", "worker")]
    running = [
        subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        for command, log in zip(commands, logs, strict=True)
    ]
    system = System(f"http://127.0.0.1:{port}")
    try:
        _wait(system)
        yield system
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
        for process, log in zip(running, logs, strict=True):
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.close()
        connection.close()


def _wait(system: System) -> None:
    for _try in range(200):
        try:
            if system.call("/health/").status == 200:
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise AssertionError("The web server does not answer.")


@pytest.fixture
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by playwright."""
    if not CHROMIUM:
        pytest.skip("There is no Chromium on this machine: apt install chromium")
    from playwright.sync_api import sync_playwright

    options = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def page_of(browser: Any, system: System, person: Person, *, language: str = "en", **options: Any) -> Any:
    """Open a window in which the person has signed in; every console error and failed request of it fails the test."""
    context = browser.new_context(base_url=system.address, accept_downloads=True, **options)
    session = person.browser().cookies["sessionid"].value
    context.add_cookies(
        [
            {"name": "sessionid", "value": session, "url": system.address},
            {"name": "django_language", "value": language, "url": system.address},
        ]
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.problems = []
    page.on(
        "console", lambda message: page.problems.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    return page
