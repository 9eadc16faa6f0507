"""How does one process start others that never outlive it?

Each child leads a session of its own, so that Ctrl-C in the terminal reaches only the parent, and asks Linux
for a signal when the parent dies, so that even `kill -9` of the parent leaves no orphan. Call spawn() from
the main thread: the kernel watches the thread that forked.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_LOG_BYTES = 5 * 2**20


def open_log(path: Path) -> IO[bytes]:
    """Open a child's log, readable by its owner only; one that has grown past 5 MB begins anew."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    anew = path.exists() and path.stat().st_size > _LOG_BYTES
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if anew else 0), 0o600)
    return os.fdopen(descriptor, "ab")


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, or nothing where there is none."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def follow(parent: int, death: signal.Signals) -> Callable[[], None]:
    """Return what a child does once it is forked: between fork and exec after the change of user, which would clear the request."""

    def ask() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(death), 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask


def spawn(
    arguments: Sequence[str | Path],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    user: tuple[int, int] | None = None,
    death: signal.Signals = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start a child that gets `death` when this process dies.

    `log` takes its output (None: ours); `user` is (uid, gid) to run as, for root only.
    """
    uid, gid = user or (None, None)
    output = None if log is None else open_log(log)
    try:
        return subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=env,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=None if user is None else [],
            preexec_fn=follow(os.getpid(), death),
        )
    finally:
        if output is not None:
            output.close()


def stop(children: Sequence["subprocess.Popen[bytes]"], *, how: signal.Signals, seconds: float) -> None:
    """Ask all children to end at once; one still there after `seconds` is killed with its session."""
    for child in children:
        if child.poll() is None:
            child.send_signal(how)
    deadline = time.monotonic() + seconds
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
