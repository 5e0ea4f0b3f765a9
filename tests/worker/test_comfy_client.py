"""What the client does on a shared, slow or stuck engine, and how it takes a run out."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.web_socket import Message, Preview
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import parse_job
from gpu_container.worker.watched_call import watched
from tests.worker.conftest import Bench, SkippingClock
from tests.worker.fake_comfy import FakeComfy, recording
from tests.worker.process import wait_for

EVENTS = len(recording("run_txt2img")["websocket"]) - 1
LONG_S = 20.0


class Client:
    """A client and the fate of its one run."""

    def __init__(self, bench: Bench) -> None:
        self.alive = True
        self.stop = Event()
        self.events: list[Message | Preview] = []
        self.url = bench.comfy.url
        patience = Patience(history_every_s=0.1, unreachable_s=0.2, leave_s=0.6)
        self.clock = SkippingClock()
        self.comfy = Comfy(self, patience=patience, clock=self.clock)
        self._bench = bench

    life = 1

    def is_alive(self) -> bool:
        return self.alive

    def put_down(self, life: int) -> bool:
        raise AssertionError("no run has stayed for so long")

    def run(self) -> JobFailed | None:
        job = parse_job(self._bench.job())
        deadline = self.clock() + LONG_S
        try:
            self.comfy.run(
                job, job.graph, deadline=deadline, stop=self.stop, watch=self.events.append
            )
        except JobFailed as failure:
            return failure
        return None

    def begin(self) -> Callable[[], JobFailed | None]:
        ended: list[JobFailed | None] = []
        thread = Thread(target=lambda: ended.append(self.run()))
        thread.start()

        def end() -> JobFailed | None:
            thread.join(5)  # far below the time that a hung call is given
            return ended[0]

        return end

    def run_out_of_time(self, once: Callable[[], bool]) -> JobFailed | None:
        """Run until its time is over, as soon as that holds."""
        end = self.begin()
        wait_for(once)
        self.clock.skip(LONG_S)
        return end()

    def images(self) -> set[bytes]:
        return {event.image for event in self.events if isinstance(event, Preview)}

    def types(self) -> set[str]:
        return {event.type for event in self.events if isinstance(event, Message)}


@pytest.fixture
def client(bench: Bench) -> Iterator[Client]:
    made = Client(bench)
    yield made
    made.comfy.close()


@pytest.mark.parametrize("path", ["/prompt", "/ws"])
def test_a_dead_engine_is_noticed_while_a_call_to_it_hangs(
    comfy: FakeComfy, client: Client, path: str
) -> None:
    comfy.faults.hang_http = path
    end = client.begin()
    assert comfy.seen.hung.wait(LONG_S)

    client.alive = False

    failure = end()
    assert failure is not None
    assert failure.message == "the engine died during the run"


def test_a_dead_engine_is_noticed_while_the_history_is_asked(
    comfy: FakeComfy, client: Client
) -> None:
    comfy.faults.hang_at = 10
    end = client.begin()
    wait_for(lambda: bool(comfy.seen.prompts))
    comfy.faults.hang_http = f"/history/{comfy.seen.prompts[0]['prompt_id']}"
    assert comfy.seen.hung.wait(LONG_S)

    client.alive = False

    failure = end()
    assert failure is not None
    assert failure.kind is Kind.ENGINE_UNAVAILABLE


@pytest.mark.parametrize("path", ["/prompt", "/ws"])
def test_a_job_told_to_stop_ends_while_a_call_to_the_engine_hangs(
    comfy: FakeComfy, client: Client, path: str
) -> None:
    comfy.faults.hang_http = path
    end = client.begin()
    assert comfy.seen.hung.wait(LONG_S)

    client.stop.set()

    failure = end()
    assert failure is not None
    assert failure.kind is Kind.INTERRUPTED


def test_a_job_ends_at_its_deadline_while_the_engine_is_stuck(
    comfy: FakeComfy, client: Client
) -> None:
    comfy.faults.hang_http = "/prompt"

    failure = client.run_out_of_time(comfy.seen.hung.is_set)

    assert failure is not None
    assert failure.kind is Kind.ENGINE_UNAVAILABLE
    assert "did not begin" in failure.message


def test_after_a_hung_call_the_next_run_has_connections_that_work(
    comfy: FakeComfy, client: Client
) -> None:
    comfy.faults.hang_http = "/prompt"
    client.run_out_of_time(comfy.seen.hung.is_set)
    comfy.faults.hang_http = None

    assert client.run() is None


def test_an_interrupt_that_the_engine_forgets_is_sent_again(
    comfy: FakeComfy, client: Client
) -> None:
    comfy.faults.hang_at, comfy.faults.interrupts_lost = 10, 1

    client.run_out_of_time(lambda: bool(comfy._running))

    wait_for(lambda: not comfy._running)
    (prompt,) = comfy.seen.prompts
    assert comfy.seen.interrupts == [prompt["prompt_id"]] * 2


def test_a_run_that_would_not_leave_in_time_is_taken_out_for_the_next_one(
    comfy: FakeComfy, client: Client
) -> None:
    comfy.faults.hang_at, comfy.faults.interrupts_lost = 10, 4  # the job waits for two or three
    client.run_out_of_time(lambda: bool(comfy._running))
    first = comfy.seen.prompts[0]["prompt_id"]
    comfy.faults.hang_at = None

    assert client.run() is None

    assert first not in comfy._running
    assert comfy.seen.interrupts == [first] * 5


def test_a_refused_prompt_is_not_interrupted(comfy: FakeComfy, client: Client) -> None:
    comfy.faults.prompt_answer = 400, {"error": {"message": "no"}, "node_errors": {}}

    client.run()

    assert comfy.seen.interrupts == []


def other(type_: str, **data: Any) -> dict[str, Any]:
    return {"text": {"type": type_, "data": data}}


def test_events_of_other_runs_and_of_none_are_not_shown(comfy: FakeComfy, client: Client) -> None:
    strange = [
        other("crystools.monitor", cpu=1),
        other("feature_flags", supports_preview_metadata=True),
        other("executed", node="9", prompt_id="theirs", output={"images": [{"filename": "x"}]}),
        other("execution_error", prompt_id="theirs", exception_message="no"),
        other("executing", node=None),
        other("executing", node=None, prompt_id="theirs"),
    ]
    comfy.events = [*comfy.events[:9], *strange, *comfy.events[9:]]

    assert client.run() is None

    assert "crystools.monitor" not in client.types()
    assert "execution_error" not in client.types()
    assert {
        event.data.get("prompt_id") for event in client.events if isinstance(event, Message)
    } == {comfy.seen.prompts[0]["prompt_id"]}


def test_a_preview_from_before_our_run_is_not_shown(comfy: FakeComfy, client: Client) -> None:
    comfy.events = [{"binary": {}}, *[event for event in comfy.events if "binary" not in event]]

    client.run()

    assert client.images() == set()


def test_a_preview_of_ours_is_shown(comfy: FakeComfy, client: Client) -> None:
    client.run()

    assert client.images() == {comfy.preview}


@pytest.mark.parametrize(("of_ours", "shown"), [(True, {b"jpeg"}), (False, set())])
def test_of_previews_that_name_their_run_only_ours_are_shown(
    comfy: FakeComfy, client: Client, of_ours: bool, shown: set[bytes]
) -> None:
    send = comfy._send

    async def named(prompt_id: str, client_id: str, event: dict[str, Any]) -> None:
        if "binary" not in event:
            return await send(prompt_id, client_id, event)
        data = json.dumps({"prompt_id": prompt_id if of_ours else "theirs"}).encode()
        frame = struct.pack(">II", 4, len(data)) + data + b"jpeg"
        await comfy._sockets[client_id].send_bytes(frame)
        return None

    comfy._send = named  # type: ignore[method-assign]

    assert client.run() is None

    assert client.images() == shown


@pytest.mark.parametrize(
    "frame", [b"", b"\0\0\0\4\0\0\0\2{}", b"\0\0\0\4\0\0\1\0", b"\0\0\0\3text", b"x" * 50]
)
def test_a_binary_event_that_is_nothing_we_know_is_passed_over(
    comfy: FakeComfy, client: Client, frame: bytes
) -> None:
    send = comfy._send

    async def strange(prompt_id: str, client_id: str, event: dict[str, Any]) -> None:
        await comfy._sockets[client_id].send_bytes(frame)
        await send(prompt_id, client_id, event)

    comfy._send = strange  # type: ignore[method-assign]

    assert client.run() is None


def test_the_engine_is_asked_for_previews_that_name_their_run(
    comfy: FakeComfy, client: Client
) -> None:
    client.run()

    assert comfy.seen.said == [
        {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    ]


def test_an_answer_that_comes_after_its_call_was_left_is_given_back() -> None:
    let_go, back = Event(), Event()
    unwanted: list[str] = []

    def question() -> str:
        let_go.wait(LONG_S)
        return "late"

    def give_back(answer: str) -> None:
        unwanted.append(answer)
        back.set()

    def check() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        watched(question, check, give_back)
    let_go.set()

    assert back.wait(LONG_S)
    assert unwanted == ["late"]
