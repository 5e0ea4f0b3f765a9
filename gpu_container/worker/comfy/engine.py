"""The ComfyUI process behind the worker: started early, watched, restarted, ended at exit.

With COMFYUI_URL the engine is somebody else's and only its address is known.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock, Thread

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.wire import NoAnswer, Wire

log = logging.getLogger(__name__)

_READY_WORDS = "To see the GUI go to:"  # ComfyUI says so once it listens (server.py)
_POLL_S = 0.1  # for an engine that says nothing, and the longest that a stop goes unseen
_PROBE_S = 2.0
_END_S = 10.0
_SECRET = re.compile(r"(?:^|_)(?:API)?(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)", re.I)


class Engine:
    """An engine at `url`, or one that `command` starts on 127.0.0.1.

    In `command`, {port} becomes a free port and {dir} a scratch folder that holds the empty
    folders input, output and temp. Times in seconds.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        command: str | None = None,
        start_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = command if url is None else None
        self._start_s = start_s
        self._clock = clock
        self._lock = Lock()
        # One thread starts every process: a process has the priority of the thread that starts it.
        self._starter = ThreadPoolExecutor(1, "engine starter")
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None
        self._last_line = "it said nothing"
        self._scratch: Path | None = None
        self._url = (url or f"http://127.0.0.1:{_free_port()}").rstrip("/")
        self._news = Event()  # it says that it listens, or its last word
        self._was_ready = False
        self._life = 0
        self._ended = Event()

    @property
    def url(self) -> str:
        """Its address, such as http://127.0.0.1:8188."""
        return self._url

    @property
    def folder(self) -> Path | None:
        """The folder that holds its input/, output/ and temp/; None for somebody else's engine."""
        return self._scratch

    @property
    def life(self) -> int:
        """Which process it is: another number after each start; 0 for somebody else's engine."""
        return self._life

    def start(self) -> None:
        """Start the process unless it lives, and return at once; so a dead one comes back.

        Each has the priority that the thread of the first call had then. Raises JobFailed if the
        first cannot be started; whoever waits for a later one hears of that from `wait_ready`.
        """
        with self._lock:
            if self._ended.is_set() or self.is_alive():
                return
            is_first = self._process is None
            if self._process is not None:
                if not self._was_ready:  # another program may have been quicker to take its port
                    self._url = self._url.rpartition(":")[0] + f":{_free_port()}"
                code = self._process.poll()
                log.warning("the engine ended with code %s: restart %d", code, self._life)
            self._life += 1
            self._was_ready = False
            self._news.clear()
            try:
                self._process = self._starter.submit(self._spawn).result()
            except (OSError, ValueError) as error:  # ValueError: quotes that do not match
                self._last_line = f"COMFYUI_COMMAND cannot be run ({error}); correct it"
                if is_first:
                    raise JobFailed(Kind.ENGINE_UNAVAILABLE, self._last_line) from error
                log.error("%s", self._last_line)
                return
            if self._ended.is_set():  # killed meanwhile
                self._process.kill()
            self._reader = Thread(target=self._read_lines, args=(self._process,), daemon=True)
            self._reader.start()
        log.info("the engine starts as process %d", self._process.pid)

    def is_alive(self) -> bool:
        """False once the process has ended; an engine of somebody else counts as alive."""
        if self._command is None:
            return True
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """Ask the engine whether it answers."""
        wire = Wire(lambda: self._url)  # of its own: a health check keeps no connection
        try:
            return wire.ask("GET", "/prompt", lambda: None, timeout_s=_PROBE_S).ok
        except NoAnswer:
            return False
        finally:
            wire.close()

    def wait_ready(self, deadline: float, stop: Event) -> None:
        """Return when the engine answers; start it again first if it has died.

        Asks when the engine says that it listens, and now and then in case it never does. Asks
        nothing if it has been ready and still lives. Raises JobFailed when the process ends, when
        `stop` is set, at `deadline`, or after the time an engine may take to start.
        """
        self.start()
        if self._was_ready and self._command is not None:
            return
        give_up_at = min(deadline, self._clock() + self._start_s)
        while not self.is_ready():
            if not self.is_alive():
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, self._why_it_ended())
            if stop.is_set():
                raise JobFailed(Kind.INTERRUPTED, "the worker was told to stop")
            if self._clock() >= give_up_at:
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine did not get ready in time")
            if self._news.wait(_POLL_S):
                self._news.clear()
        self._was_ready = True

    def put_down(self, life: int) -> bool:
        """Kill the process of that number, and start the next one as soon as it is gone.

        Returns whether the engine is rid of it: not if it is somebody else's, or does not even die.
        """
        with self._lock:
            process = self._process
            if process is None:
                return False
            if life != self._life:
                return True
            process.kill()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return False
        self.start()
        return True

    def stop(self) -> None:
        """End the process and remove its scratch folder."""
        with self._lock:
            self._ended.set()
        self._starter.shutdown()
        if self._process is not None and self.is_alive():
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def kill(self) -> None:
        """End the process without a word; for when there is no time left. It stays ended."""
        self._ended.set()
        if self._process is not None:
            self._process.kill()

    def _spawn(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603  the operator's own command
            self._arguments(),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def _arguments(self) -> list[str]:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="worker-"))
            for name in ("input", "output", "temp"):
                (self._scratch / name).mkdir()
        port = self._url.rpartition(":")[2]
        values = {"{port}": port, "{dir}": str(self._scratch)}
        arguments = shlex.split(self._command or "")
        for mark, value in values.items():
            arguments = [argument.replace(mark, value) for argument in arguments]
        return arguments

    def _read_lines(self, process: subprocess.Popen[str]) -> None:
        """Pass the engine's own lines on to the log, and keep the last ones for an error."""
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in filter(str.strip, lines):
                self._last_line = line.strip()
                log.info("engine: %s", line.rstrip())
                if _READY_WORDS in line:
                    self._news.set()
        process.wait()  # its last word comes a moment before its end
        self._news.set()

    def _why_it_ended(self) -> str:
        code = self._process.poll() if self._process else None
        if self._reader is not None:
            self._reader.join(1.0)  # its last words may still be on their way
        return f"the engine ended with code {code} while starting: {self._last_line[:200]}"


def _environment() -> dict[str, str]:
    """Return our environment without the platform's variables, or any that is called a secret.

    Custom nodes are other people's code. Unbuffered, so that what the engine says is read when it
    says it.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RUNPOD_", "AWS_", "SAGEMAKER_")) and not _SECRET.search(name)
    }
    return {**ours, "PYTHONUNBUFFERED": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
