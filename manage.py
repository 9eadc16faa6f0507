#!/usr/bin/env python3
"""How does a fresh clone become a running system? `./manage.py up`, `./manage.py test`, every Django command.

Only the standard library is used until the locked packages are installed in .venv. With DATABASE_URL in the
environment this is an ordinary Django manage.py and nothing is installed or started.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / ".lock"
LOCAL, DEV = ROOT / "requirements/local.lock", ROOT / "requirements/dev.lock"


def stamp_of(lock: Path) -> str:
    """The line that says "everything in this lock is installed, for this Python, at this place"."""
    what = lock.read_bytes() + f"{sys.version_info[:2]} {VENV}".encode()
    return f"{lock.stem} {hashlib.sha256(what).hexdigest()}"


def satisfied(lock: Path) -> bool:
    """Whether .venv holds all of the lock; dev.lock contains local.lock."""
    if not STAMP.is_file() or not (VENV / "bin/python").exists():
        return False
    return STAMP.read_text().strip() in {stamp_of(lock), stamp_of(DEV)}


def install(lock: Path) -> None:
    """Make .venv hold what the lock says. Two processes take turns; an interrupted install is repaired."""
    directory = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    try:
        if satisfied(lock):
            return
        if STAMP.is_file() and STAMP.read_text().startswith(DEV.stem):
            lock = DEV  # who has run the tests here keeps pytest when the locks change
        # From local.lock to dev.lock packages are only added; anything else that is there is made anew.
        grows = lock == DEV and satisfied(LOCAL)
        if not grows:
            if importlib.util.find_spec("ensurepip") is None:
                version = f"{sys.version_info[0]}.{sys.version_info[1]}"
                sys.exit(f"This Python cannot make environments. Once:\n    apt install python{version}-venv")
            import venv

            if VENV.is_symlink():
                sys.exit(f"{VENV} is a link. Remove it: what it leads to would be emptied.")
            venv.create(VENV, with_pip=True, clear=True, symlinks=True)
        STAMP.write_text(f"{lock.stem} unfinished\n")
        print(f"Installing {lock.relative_to(ROOT)} into .venv; once, about a minute.", flush=True)
        pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        command = [*pip, "--no-compile", "--no-deps", "--require-hashes", "-r", str(lock)]
        done = subprocess.run(
            command, check=False, pass_fds=[directory]
        )  # pip keeps the lock if we are killed
        if done.returncode:
            sys.exit("pip could not install the packages. Is there a network? Run the same command again.")
        STAMP.write_text(stamp_of(lock) + "\n")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{VENV} could not be made: {error}")
    finally:
        os.close(directory)


def bootstrap(arguments: list[str]) -> None:
    """Go on in .venv's Python with the locked packages; in any other prepared environment, do nothing."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the message is for those who have an older one
        sys.exit(f"refugeecm needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    ours = Path(sys.prefix).resolve() == VENV.resolve()
    foreign = sys.prefix != sys.base_prefix and not ours
    if configured() or os.environ.get("REFUGEECM_NO_BOOTSTRAP") or foreign:
        return
    lock = DEV if arguments[:1] == ["test"] else LOCAL
    if satisfied(lock):
        if not ours:
            go_on(VENV / "bin/python", arguments)
        return
    if ours:  # a Python cannot replace the environment that it runs in
        go_on(getattr(sys, "_base_executable", sys.executable), arguments)
    install(lock)
    go_on(VENV / "bin/python", arguments)


def go_on(python: Path | str, arguments: list[str]) -> None:
    """Become another Python that runs this same command."""
    os.execv(python, [str(python), str(ROOT / "manage.py"), *arguments])  # noqa: S606


def configured() -> bool:
    """Whether the environment names a database, so that none is started here."""
    return bool(os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"))


def main() -> int:
    """Run one command; returns its exit code."""
    arguments = sys.argv[1:]
    bootstrap(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "refugeecm.settings")
    try:
        from django.core.management import execute_from_command_line

        from refugeecm import services, up
    except ImportError as error:
        sys.exit(f"{error}. Install requirements/local.lock in this environment, or leave it and try again.")
    services.compile_texts()
    try:
        if arguments[:1] == ["test"]:
            services.run_tests(arguments[1:], start=not configured())
        if arguments[:1] == ["up"]:
            if configured():
                sys.exit("DATABASE_URL is set; `up` is for one machine on its own. See docs/operations.md.")
            return up.up(arguments[1:])
        lease = None if configured() else services.join("dev")
        if (
            arguments[:1] == ["with"] and arguments[1:]
        ):  # ./manage.py with mypy . : any program, with our settings
            services.become(arguments[1:], held_on=[lease] if lease else [])
    except services.ServersFailed as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)
    if lease is not None:
        lease.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
