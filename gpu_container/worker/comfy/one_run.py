"""One prompt in the engine, from before it is queued until it is over.

It has ended when the socket says so or when /history holds it, whichever comes first, and every
wait has a deadline: a lost message can delay a job but never hang it. What it made is what the
socket told of every wanted node; /history is asked where one is missing, or the run failed.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any, TypeVar

from gpu_container.worker.comfy import errors as comfy_errors
from gpu_container.worker.comfy.connection import Connection
from gpu_container.worker.comfy.http_api import ComfyHttp, Place
from gpu_container.worker.comfy.patience import Patience
from gpu_container.worker.comfy.take_out import take_out
from gpu_container.worker.comfy.web_socket import Message, Preview, SocketDown, is_about
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import Graph, Job
from gpu_container.worker.until import out_of_time
from gpu_container.worker.watched_call import TICK_S
from gpu_container.worker.wire import AnswerLate, ConnectionLost, NoAnswer

log = logging.getLogger(__name__)

T = TypeVar("T")
Watch = Callable[[Message | Preview], None]

_ENDINGS = ("execution_success", "execution_error", "execution_interrupted")
_CONNECT_S = 5.0
_IN_DOUBT_S = 0.5  # between looks at /history while the socket has yet to prove that it hears
_MAX_REDIAL_S = 2.0


@dataclass(frozen=True, slots=True)
class Request:
    """What one run is about. `deadline` is on the client's clock."""

    job: Job
    deadline: float
    stop: Event
    watch: Watch


class OneRun:
    """A prompt under an id of its own."""

    def __init__(
        self,
        request: Request,
        wires: Connection,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        check_engine: Callable[[], None] = lambda: None,
    ) -> None:
        self.prompt_id = str(uuid.uuid4())
        self.stayed = False  # it could not be seen to leave the engine
        self._request = request
        self._wires = wires
        self._patience = patience
        self._clock = clock
        self._check_engine = check_engine
        self._began_at = math.inf  # the engine took it up
        self._in_engine = False  # as far as we know: it may have to be taken out
        self._ended = False  # the socket said so
        self._told: dict[str, Any] = {}  # outputs by node, as the socket brought them
        self._succeeded = False  # the socket said so
        self._runs_node = False
        self._ask_history_at = 0.0
        self._redial_at = 0.0
        self._redials = 0
        self._unreachable_since: float | None = None

    def outcome(self, graph: Graph) -> dict[str, Any]:
        """Run `graph` and return the outputs in /history. Raises JobFailed.

        However it fails, the run is taken out of the engine if it may still be there.
        """
        try:
            self._connect()
            self.check()
            self._queue(graph)
            return self._wait()
        except (SocketDown, NoAnswer) as error:
            self._leave()
            raise unreachable(error) from error
        except JobFailed:
            self._leave()
            raise

    def check(self) -> None:
        """Raise JobFailed if there is no reason to wait any longer."""
        if not self._wires.engine.is_alive():
            self._in_engine = False
            self._wires.socket.close()
            raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine died during the run")
        self._check_engine()
        if self._request.stop.is_set():
            raise JobFailed(Kind.INTERRUPTED, "the worker was told to stop")
        if self._clock() >= self._request.deadline:
            own_s = max(0.0, self._request.deadline - self._began_at)
            raise out_of_time(self._request.job.limits.timeout_s, own_s)

    def _ask(self, question: Callable[[ComfyHttp], T]) -> T:
        return self._wires.ask(question, self.check)

    def _connect(self) -> None:
        """Be connected before the prompt is queued, so that no event is missed.

        A socket that broke while idle shows it only when it is read.
        """
        socket = self._wires.socket
        while True:
            self.check()
            try:
                socket.connect(_CONNECT_S, self.check)
                while socket.has_more():
                    self.check()
                    socket.receive()
            except SocketDown as error:
                self._note_unreachable(error)
            else:
                break
        self._unreachable_since = None
        self._ask_history_at = self._clock() + self._patience.history_every_s

    def _queue(self, graph: Graph) -> None:
        taken, answer = self._post_prompt(graph)
        if not taken:
            self._in_engine = False
            raise comfy_errors.refused_prompt(self._request.job, answer, self._choices)
        self.prompt_id = answer.get("prompt_id", self.prompt_id)
        errors = answer.get("node_errors") or {}
        if lost := comfy_errors.lost_output(self._request.job, errors, self._choices):
            raise lost

    def _post_prompt(self, graph: Graph) -> tuple[bool, dict[str, Any]]:
        """Queue the graph once: an answer that was lost may be that of a prompt that was taken."""
        self._in_engine = True
        client_id = self._wires.client_id
        while True:
            try:
                return self._ask(lambda http: http.queue_prompt(graph, self.prompt_id, client_id))
            except (ConnectionLost, AnswerLate) as error:
                if self._took_it(error):
                    return True, {}

    def _took_it(self, error: Exception) -> bool:
        while True:
            self._note_unreachable(error)
            with suppress(ConnectionLost, AnswerLate):
                return self._ask(lambda http: http.place(self.prompt_id)) is not None

    def _choices(self, class_type: str, input_name: str) -> Sequence[str]:
        with suppress(NoAnswer):
            return self._ask(lambda http: http.choices(class_type, input_name))
        return ()

    def _wait(self) -> dict[str, Any]:
        while True:
            self.check()
            self._listen()
            if self._succeeded and self._knows_all():
                self._in_engine = False
                return self._told
            if self._ended or self._clock() >= self._ask_history_at:
                entry = self._ask_history()
                if entry is not None:
                    self._in_engine = False
                    return self._outputs(entry)

    def _knows_all(self) -> bool:
        """Say whether the socket has told of every node that the job wants."""
        wanted = self._request.job.outputs
        return bool(wanted) and self._told.keys() >= set(wanted)

    def _listen(self) -> None:
        """Take one event, or mend the socket and then have /history asked at once."""
        try:
            if self._redial():
                return
            event = self._wires.socket.receive()
        except SocketDown as error:
            self._note_unreachable(error)
            return
        if event is not None and is_about(event, self.prompt_id, runs_node=self._runs_node):
            self._wires.socket.hears, self._redials = True, 0
            self._request.watch(event)
            if isinstance(event, Message):
                self._note(event)

    def _redial(self) -> bool:
        """Return whether there is no socket to listen to yet, or only since now.

        ComfyUI forgets a client whose old connection ends after its new one has begun
        (`server.py`, the websocket handler), so a new socket may be deaf: /history is asked
        more often until it has proved that it hears.
        """
        if self._clock() < self._redial_at:
            self._request.stop.wait(TICK_S / 2)
            return True
        if not self._wires.socket.connect(_CONNECT_S, self.check):
            return False
        log.info("the WebSocket to the engine is back")
        self._redial_at = self._clock() + min(TICK_S * 2**self._redials, _MAX_REDIAL_S)
        self._redials += 1
        self._ask_history_at = self._clock()
        return True

    def _note(self, event: Message) -> None:
        """ComfyUI says how a run ended, writes /history, then says `executing` with no node."""
        self._note_begun()
        if event.type == "executing":
            self._runs_node = event.data.get("node") is not None
            self._ended = not self._runs_node
        elif event.type == "executed":
            node, output = event.data.get("node"), event.data.get("output")
            if isinstance(output, dict):
                self._told[str(node)] = output
        elif event.type in _ENDINGS:
            self._succeeded = event.type == "execution_success"
            self._ask_history_at = min(self._ask_history_at, self._clock() + TICK_S)

    def _ask_history(self) -> Mapping[str, Any] | None:
        """Return the run's entry once it is there. Raises JobFailed if the engine forgot it."""
        pause = self._patience.history_every_s
        if not self._wires.socket.hears:
            pause = min(pause, _IN_DOUBT_S)
        self._ask_history_at = self._clock() + pause
        try:
            entry = self._ask(lambda http: http.history(self.prompt_id))
            place = self._ask(lambda http: http.place(self.prompt_id)) if entry is None else None
            if entry is None and place is None:
                self._in_engine = False
                raise JobFailed(Kind.ENGINE_UNAVAILABLE, "the engine restarted and lost the run")
            if place is Place.RUNS:
                self._note_begun()
        except AnswerLate:
            return None  # busy, not gone: loading a model can hold ComfyUI's threads for long
        except NoAnswer as error:
            self._note_unreachable(error)
            return None
        self._unreachable_since = None
        return entry

    def _note_begun(self) -> None:
        self._began_at = min(self._began_at, self._clock())

    def _note_unreachable(self, error: Exception) -> None:
        """Wait a moment but the first time, or raise `error` once it has been away for too long."""
        now = self._clock()
        if self._unreachable_since is None:
            self._unreachable_since = now
            return  # most of what breaks is there again at once
        if now - self._unreachable_since > self._patience.unreachable_s:
            raise error
        self._request.stop.wait(TICK_S / 2)

    def _outputs(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        if not self._ended:
            self._wires.socket.close()  # it may be deaf: the next run gets a fresh one
        status = entry.get("status") or {}
        if status.get("status_str") != "success":
            raise comfy_errors.failed_run(self._request.job, status.get("messages") or [])
        outputs: dict[str, Any] = entry.get("outputs") or {}
        return outputs

    def _leave(self) -> None:
        if self._in_engine:
            self.stayed = not take_out(self._wires, self.prompt_id, self._patience.leave_s)


def unreachable(error: Exception) -> JobFailed:
    """Say that the engine could not be talked to, without the address."""
    return JobFailed(
        Kind.ENGINE_UNAVAILABLE, f"the engine does not answer ({type(error).__name__})"
    )
