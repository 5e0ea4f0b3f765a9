"""Runs a graph in ComfyUI and sees it end.

A run has ended when the socket says so or when /history holds it, whichever comes first, and
every wait has a deadline: a lost message can delay a job but never hang it.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

import requests

from gpu_container.worker.comfy import errors as comfy_errors
from gpu_container.worker.comfy.http_api import ComfyHttp
from gpu_container.worker.comfy.web_socket import ComfySocket, Message, Preview, SocketDown
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Graph, Job

log = logging.getLogger(__name__)

_ENDINGS = ("execution_success", "execution_error", "execution_interrupted")
_TICK_S = 0.1  # the longest that a stop or a dead engine goes unseen
_CONNECT_S = 5.0

Watch = Callable[[Message | Preview], None]


class EngineProcess(Protocol):
    """What the client must know of the engine behind the address."""

    @property
    def url(self) -> str:
        """Its address, such as http://127.0.0.1:8188."""

    def is_alive(self) -> bool:
        """False once its process has ended."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between looks at /history, and without any answer before the engine is given up."""

    history_every_s: float = 2.0
    unreachable_s: float = 30.0


@dataclass(slots=True)
class _Run:
    """One prompt in the engine, as far as this client has seen it."""

    job: Job
    deadline: float
    stop: Event
    watch: Watch
    prompt_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    ended: bool = False
    ask_history_at: float = 0.0
    unreachable_since: float | None = None


class Comfy:
    """Runs one graph at a time, over connections that stay open between runs."""

    def __init__(
        self,
        engine: EngineProcess,
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._patience = patience or Patience()
        self._clock = clock
        self._client_id = uuid.uuid4().hex
        self._socket = ComfySocket(lambda: engine.url, self._client_id)
        self._http = ComfyHttp(lambda: engine.url)

    def run(
        self, job: Job, graph: Graph, *, deadline: float, stop: Event, watch: Watch
    ) -> dict[str, Any]:
        """Run `graph` and return /history's outputs: node id to whatever the node gave.

        `deadline` is on this client's clock; at the deadline, or once `stop` is set, exactly this
        run is taken out of the engine. `watch` sees every event of the run and must be quick.
        Raises JobFailed.
        """
        run = _Run(job, deadline, stop, watch)
        try:
            self._connect(run)
            self._check_stop(run)
            self._queue(run, graph)
            return self._wait(run)
        except (SocketDown, requests.RequestException) as error:
            self._take_out(run)
            raise unreachable(error) from error

    def upload_image(self, name: str, png: bytes) -> str:
        """Give the engine an input image; return the name a node knows it by."""
        try:
            return self._http.upload_image(name, png)
        except requests.RequestException as error:
            raise unreachable(error) from error

    def view(self, file: Mapping[str, str], max_bytes: int) -> bytes:
        """Fetch a file that a run made. Raises JobFailed, also beyond `max_bytes`."""
        try:
            return self._http.view(file, max_bytes)
        except requests.RequestException as error:
            raise unreachable(error) from error

    def close(self) -> None:
        """Drop every connection."""
        self._socket.close()
        self._http.close()

    def _connect(self, run: _Run) -> None:
        """Be connected before the prompt is queued, so that no event is missed.

        A socket that broke while idle shows it only when it is read.
        """
        self._socket.connect(_CONNECT_S)
        try:
            while self._socket.receive(0.001) is not None:
                pass
        except SocketDown:
            self._socket.connect(_CONNECT_S)
        run.ask_history_at = self._clock() + self._patience.history_every_s

    def _queue(self, run: _Run, graph: Graph) -> None:
        try:
            taken, answer = self._http.queue_prompt(graph, run.prompt_id, self._client_id)
        except requests.ConnectionError:
            # The answer was lost, maybe after the prompt was queued: queue it once, not twice.
            if self._http.is_known(run.prompt_id):
                return
            taken, answer = self._http.queue_prompt(graph, run.prompt_id, self._client_id)
        if not taken:
            raise comfy_errors.refused_prompt(run.job, answer)
        run.prompt_id = answer.get("prompt_id", run.prompt_id)
        if lost := comfy_errors.lost_output(run.job, answer.get("node_errors") or {}):
            self._take_out(run)
            raise lost

    def _wait(self, run: _Run) -> dict[str, Any]:
        while True:
            self._check_stop(run)
            self._listen(run)
            if run.ended or self._clock() >= run.ask_history_at:
                entry = self._ask_history(run)
                if entry is not None:
                    return self._outputs(run, entry)

    def _check_stop(self, run: _Run) -> None:
        if not self._engine.is_alive():
            self._socket.close()
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine died during the run")
        if run.stop.is_set():
            self._take_out(run)
            raise JobFailed(Kind.INTERRUPTED, "the worker was told to stop")
        if self._clock() >= run.deadline:
            self._take_out(run)
            limit = run.job.limits.timeout_s
            raise JobFailed(Kind.TIMED_OUT, f"the run took longer than its limit of {limit:g} s")

    def _take_out(self, run: _Run) -> None:
        """Interrupt the run; the job is over even if the engine no longer hears it."""
        try:
            self._http.interrupt(run.prompt_id)
        except requests.RequestException as error:
            log.warning("the engine did not take the interrupt: %s", type(error).__name__)

    def _listen(self, run: _Run) -> None:
        """Take one event, or mend the socket and then have /history asked at once."""
        try:
            if self._socket.connect(_CONNECT_S):
                log.info("the WebSocket to the engine is back")
                run.ask_history_at = self._clock()
                return
            event = self._socket.receive(_TICK_S)
        except SocketDown as error:
            self._note_unreachable(run, error)
            return
        if event is not None and _is_about(event, run.prompt_id):
            run.watch(event)
            self._note_end(run, event)

    def _note_end(self, run: _Run, event: Message | Preview) -> None:
        """ComfyUI says how a run ended, writes /history, then says `executing` with no node."""
        if isinstance(event, Preview):
            return
        if event.type == "executing" and event.data.get("node") is None:
            run.ended = True
        elif event.type in _ENDINGS:
            run.ask_history_at = min(run.ask_history_at, self._clock() + _TICK_S)

    def _ask_history(self, run: _Run) -> dict[str, Any] | None:
        """Return the run's entry once it is there. Raises JobFailed if the engine forgot it."""
        run.ask_history_at = self._clock() + self._patience.history_every_s
        try:
            entry = self._http.history(run.prompt_id)
            if entry is None and not self._http.is_known(run.prompt_id):
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine restarted and lost the run")
        except requests.ReadTimeout:
            return None  # busy, not gone: loading a model can hold ComfyUI's threads for long
        except requests.RequestException as error:
            self._note_unreachable(run, error)
            return None
        run.unreachable_since = None
        return entry

    def _note_unreachable(self, run: _Run, error: Exception) -> None:
        now = self._clock()
        if run.unreachable_since is None:
            run.unreachable_since = now
        if now - run.unreachable_since > self._patience.unreachable_s:
            raise error
        run.stop.wait(_TICK_S / 2)

    def _outputs(self, run: _Run, entry: Mapping[str, Any]) -> dict[str, Any]:
        if not run.ended:
            self._socket.close()  # it may be deaf: the next run gets a fresh one
        status = entry.get("status") or {}
        if status.get("status_str") != "success":
            raise comfy_errors.failed_run(run.job, status.get("messages") or [])
        outputs: dict[str, Any] = entry.get("outputs") or {}
        return outputs


def unreachable(error: Exception) -> JobFailed:
    """Say that the engine could not be talked to, without the address."""
    return JobFailed(
        Kind.ENGINE_UNAVAILABLE, f"the engine does not answer ({type(error).__name__})"
    )


def _is_about(event: Message | Preview, prompt_id: str) -> bool:
    """Previews and the `executing` after a reconnect carry no id: they are this client's anyway."""
    return isinstance(event, Preview) or event.data.get("prompt_id", prompt_id) == prompt_id
