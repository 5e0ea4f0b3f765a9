"""`distillery local up`, `down` and `status`: one local cloud, in this terminal or behind it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local.aws import REPOSITORY
from local.cloud import LocalCloud
from local.identity import PortTaken, identity
from local.lock import AlreadyRunning, Lock
from local.processes import CommandFailed, write_privately

FOLDER = REPOSITORY / ".local"
_PATIENCE_S = 30.0
_POLL_S = 0.05
_OWN_LOG = "supervisor.log"
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WhenReady = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Called with the state once the cloud is ready; the cloud stays up whatever it does."""


def up(page_port: int, *, when_ready: WhenReady | None = None, folder: Path = FOLDER) -> int:
    """Run the local cloud in the foreground until Ctrl-C or SIGTERM; returns the exit status."""
    try:
        with Lock(folder / "lock").hold():
            return _hold_up(folder, page_port, when_ready)
    except AlreadyRunning as other:
        return _complain(_already(folder, other.pid))


def up_detached(page_port: int, *, folder: Path = FOLDER) -> int:
    """Start the local cloud in a session of its own and return when it is ready."""
    if (pid := Lock(folder / "lock").owner()) is not None:
        return _complain(_already(folder, pid))
    stop: list[int] = []
    for number in _STOPS:
        signal.signal(number, lambda number, _: stop.append(number))
    log = folder / "log" / _OWN_LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "local.cli", "local", "up", "--port", str(page_port)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    return _follow(child, folder, log, stop)


def down(folder: Path = FOLDER) -> int:
    """End the local cloud and all it has started."""
    ended = Lock(folder / "lock").end_owner(_PATIENCE_S)
    (folder / "state.json").unlink(missing_ok=True)
    print("the local cloud is down" if ended else "the local cloud is not running")
    return 0


def status(*, as_json: bool, folder: Path = FOLDER) -> int:
    """Print whether the local cloud runs and where; exit status 0 when it is ready."""
    pid = Lock(folder / "lock").owner()
    state = read_state(folder) if pid is not None else None
    words = "stopped" if pid is None else "starting" if state is None else "ready"
    if as_json:
        print(json.dumps({"status": words, "pid": pid, **(state or {})}, indent=2))
    else:
        place = f": {state['web_url']}" if state else ""
        print(f"the local cloud is {words}{place}{f' (pid {pid})' if pid else ''}")
    return 0 if state else 1


def read_state(folder: Path = FOLDER) -> dict[str, Any] | None:
    """Return what a local cloud that is ready says of itself, or None."""
    with suppress(FileNotFoundError, ValueError):
        state: dict[str, Any] = json.loads((folder / "state.json").read_text())
        return state
    return None


def _hold_up(folder: Path, page_port: int, when_ready: WhenReady | None) -> int:
    state_file = folder / "state.json"
    state_file.unlink(missing_ok=True)
    for log in (folder / "log").glob("*.log"):
        if log.name != _OWN_LOG:  # of the last start; our own may be open as standard output
            log.unlink()
    try:
        with temporary_files_in(folder / "tmp"):
            asyncio.run(_run(folder, page_port, when_ready))
    except asyncio.CancelledError:
        _print("all stopped")
        return 0
    except (PortTaken, CommandFailed) as error:
        return _complain(str(error))
    finally:
        state_file.unlink(missing_ok=True)
    return 0


async def _run(folder: Path, page_port: int, when_ready: WhenReady | None) -> None:
    _stop_on_signals()
    began = time.monotonic()

    def say(line: str) -> None:
        _print(f"{time.monotonic() - began:5.1f} s  {line}")

    cloud = LocalCloud(folder, identity(folder, page_port), say)
    async with cloud.running() as state:
        write_privately(folder / "state.json", json.dumps(asdict(state), indent=2))
        say(f"ready: {state.web_url}")
        if when_ready is not None:
            await when_ready(asdict(state))
        await cloud.broken()  # or until a signal cancels this


def _stop_on_signals() -> None:
    """Cancel this task at the first signal; the clean-up which follows is not interrupted."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - tells the type checker: asyncio.run made one

    def stop() -> None:
        for number in _STOPS:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()
        _print("stopping")

    loop = asyncio.get_running_loop()
    for number in _STOPS:
        loop.add_signal_handler(number, stop)


def _follow(child: subprocess.Popen[bytes], folder: Path, log: Path, stop: list[int]) -> int:
    """Print what the child prints until it is ready or has ended; `stop` ends it."""
    with log.open() as lines:
        while True:
            ended = child.poll() is not None
            ready = _is_ready(folder, child.pid)
            print(lines.read(), end="", flush=True)
            if ended or ready:
                return 0 if ready else 1
            if stop:
                child.terminate()
                stop.clear()
            time.sleep(_POLL_S)


def _is_ready(folder: Path, pid: int) -> bool:
    return (folder / "state.json").exists() and Lock(folder / "lock").owner() == pid


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Let this process and all that it starts put temporary files here, and remove them."""
    before = os.environ.get("TMPDIR")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # it is remembered from the first use
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


def _print(line: str) -> None:
    """Print to a terminal that may be gone: that must not keep us from ending the rest."""
    with suppress(OSError):
        print(line, flush=True)


def _already(folder: Path, pid: int) -> str:
    state = read_state(folder)
    place = state["web_url"] if state else "not ready yet"
    return f"the local cloud is already up (pid {pid}, {place}); end it: distillery local down"


def _complain(words: str) -> int:
    print(words, file=sys.stderr, flush=True)
    return 1
