"""SageMaker's door: GET /ping and POST /invocations.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from threading import BoundedSemaphore, Event, Thread
from typing import Any
from urllib.parse import urlsplit

from gpu_container.worker.health import Health, Readiness
from gpu_container.worker.http_server import HttpServer, JsonHandler, Patience
from gpu_container.worker.run_job import Deps, run_job
from gpu_container.worker.settings import ConfigError, Settings
from gpu_container.worker.wiring import Worker
from gpu_container.worker.worker_comfyui.request import is_request
from gpu_container.worker.worker_comfyui.run import run_request

MAX_BODY_BYTES = 20_000_000
"""What worker-comfyui's users may send with their images; an envelope is far smaller."""
JOBS_AT_ONCE = 4
"""Two in the engine, of which one runs, the others with their inputs and outputs; more wait."""
_METHODS = {"/ping": ("GET", "HEAD"), "/invocations": ("POST",)}


class Server(HttpServer):
    """Answers /ping at any time; on close it waits for the jobs that run."""

    def __init__(
        self,
        address: tuple[str, int],
        deps: Deps,
        start: Readiness,
        health: Health,
        *,
        worker_comfyui_s: float,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(address, Door, patience or Patience())
        self._deps = deps
        self._start = start
        self._health = health
        self._worker_comfyui_s = worker_comfyui_s
        self._places_for_jobs = BoundedSemaphore(JOBS_AT_ONCE)
        self._stops: set[Event] = set()  # of the jobs that run or wait

    def state(self) -> tuple[int, dict[str, Any]]:
        """Say how the worker is: 500 when a GPU is broken, 503 until the first job may come.

        An engine that lives and has work is not asked: loading a model can keep it from answering
        for longer than the 2 s that SageMaker waits for us.
        """
        if not self._health.is_healthy():
            return 500, {"ready": False, "reason": self._health.reason()}
        self._deps.engine.start()  # does nothing unless the engine has died
        busy = bool(self._stops) and self._deps.engine.is_alive()
        ready = busy or self._start.is_ready()
        return (200 if ready else 503), {"ready": ready}

    def run(self, payload: object) -> tuple[int, dict[str, Any]]:
        """Run a job when there is a place for it; a failure is not a 2xx, so that it counts."""
        stop = Event()
        self._stops.add(stop)
        try:
            with self._places_for_jobs:
                if self.is_ending or not self._health.is_healthy():
                    stop.set()  # reported as interrupted: somebody else can do it
                return self._run(payload, stop)
        finally:
            self._stops.discard(stop)

    def end(self, *_: object) -> None:
        """Interrupt the running jobs and stop serving; for a signal handler."""
        self.is_ending = True
        for stop in tuple(self._stops):
            stop.set()
        Thread(target=self._stop_serving).start()  # it waits for the loop this may run in

    def _stop_serving(self) -> None:
        self.hang_up()
        self.shutdown()

    def _run(self, payload: object, stop: Event) -> tuple[int, dict[str, Any]]:
        if is_request(payload):
            answer = run_request(
                payload, uuid.uuid4().hex, self._deps, stop, timeout_s=self._worker_comfyui_s
            )
            failed, its_fault = answer.failure is not None, answer.is_the_jobs_fault
            return _code(failed=failed, its_fault=its_fault), answer.document
        result = run_job(payload, self._deps, stop)
        failed, its_fault = result.failure is not None, result.is_the_jobs_fault
        return _code(failed=failed, its_fault=its_fault), result.document()


class Door(JsonHandler):
    """One connection of SageMaker's."""

    server: Server

    def respond(self) -> None:
        """Answer /ping, or run the job in the body."""
        if self._is_refused():
            return
        if self.command == "POST":
            self._invoke()
        else:
            self.answer(*self.server.state())

    def _invoke(self) -> None:
        if self._is_refused_body():
            return
        length = int(self.headers["Content-Length"])
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            self.refuse(408, "the body took too long")
            return
        if len(body) < length:  # the caller is gone, and nobody would hear of the job
            self.close_connection = True
            return
        self.answer(*self.server.run(_payload(body)))

    def _is_refused(self) -> bool:
        methods = _METHODS.get(urlsplit(self.path).path)
        if methods is None:
            self.refuse(404, f"there is only {' and '.join(_METHODS)}")
        elif self.command not in methods:
            self.refuse(405, f"ask with {' or '.join(methods)}", Allow=", ".join(methods))
        elif self.command != "POST" and "Content-Length" in self.headers:
            self.close_connection = True  # its body is not read
        return methods is None or self.command not in methods

    def _is_refused_body(self) -> bool:
        kind = self.headers.get_content_type() if "Content-Type" in self.headers else None
        length = self.headers.get("Content-Length") or "0"
        known = length.isascii() and length.isdigit() and len(length) < len(str(2**63))
        checks: Mapping[tuple[int, str], bool] = {
            (415, "send the job as application/json"): kind in (None, "application/json"),
            (411, "send the job with a Content-Length"): (
                length != "0" and "Transfer-Encoding" not in self.headers
            ),
            (400, "Content-Length is no number"): known,
            (413, f"a job has at most {MAX_BODY_BYTES} bytes"): (
                known and int(length) <= MAX_BODY_BYTES
            ),
        }
        for (code, text), holds in checks.items():
            if not holds:
                self.refuse(code, text)
                return True
        return False


def _payload(body: bytes) -> object:
    """Read a job; worker-comfyui's users wrap theirs as {"input": ...}, and others may."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None  # run_job answers: this is not a job
    if isinstance(payload, dict) and "input" in payload and "version" not in payload:
        return payload["input"]
    return payload


def _code(*, failed: bool, its_fault: bool) -> int:
    return 200 if not failed else 422 if its_fault else 500


def listening(settings: Settings, worker: Worker) -> Server:
    """Make the server. Raises ConfigError if its address cannot be had."""
    address = settings.bind_host, settings.port
    seconds = settings.worker_comfyui_s
    try:
        return Server(address, worker.deps, worker.start, worker.health, worker_comfyui_s=seconds)
    except OSError as error:
        raise ConfigError(
            f"nothing can listen on port {settings.port} of {settings.bind_host} "
            f"({error.strerror}); end what does, or set SAGEMAKER_BIND_TO_PORT and BIND_HOST"
        ) from error
