"""Every way in which the engine, or the wire to it, can let a job down."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest

from gpu_container.worker.comfy.client import Patience
from gpu_container.worker.result import JobResult
from tests.engine_under_test import PATIENCE_S
from tests.worker.conftest import Bench
from tests.worker.fake_comfy import EXECUTED, FakeComfy, recording
from tests.worker.process import wait_for

EVENTS = len(recording("run_txt2img")["websocket"]) - 1
PROMPT_ERRORS = recording("prompt_errors")


def error_of(bench: Bench) -> dict[str, str]:
    document: dict[str, str] = bench.result_document()["error"]
    return document


def test_after_a_reconnect_history_is_asked_at_once(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(patience=Patience(history_every_s=3600))
    bench.comfy.faults.drop_socket_at = EVENTS - 3  # before it says that the run succeeded
    bench.comfy.faults.events_lost = 3

    assert bench.run().status == "succeeded"


def test_a_deaf_socket_only_delays_the_end(bench: Bench) -> None:
    bench.comfy.faults.deaf = True

    assert bench.run().status == "succeeded"


def test_after_a_deaf_socket_the_next_job_gets_a_fresh_one(bench: Bench) -> None:
    bench.comfy.faults.deaf = True
    bench.run()
    bench.comfy.faults.deaf = False
    bench.run()

    assert len(bench.comfy.seen.connections) == 2


def test_with_a_healthy_socket_the_history_is_not_asked(bench: Bench) -> None:
    assert bench.run().status == "succeeded"

    assert bench.comfy.seen.history_asked == 0


def test_an_output_of_which_the_socket_did_not_tell_is_read_from_the_history(bench: Bench) -> None:
    told = [event for event in bench.comfy.events if event.get("text", {}).get("type") != EXECUTED]
    bench.comfy.events = told

    assert bench.run().status == "succeeded"

    assert bench.comfy.seen.history_asked == 1


def test_the_end_of_another_prompt_is_not_the_end_of_ours(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(patience=Patience(history_every_s=3600))
    other = {"type": "executing", "data": {"node": None, "prompt_id": "of-somebody-else"}}
    bench.comfy.events = [{"text": other}, *bench.comfy.events]
    bench.comfy.faults.hang_at = 5

    bench.run_out_of_time(lambda: bool(bench.store.all("progress.json")))

    assert error_of(bench)["kind"] == "timed_out"
    assert bench.comfy.seen.history_asked == 0


def test_a_lost_answer_to_the_prompt_does_not_run_it_twice(bench: Bench) -> None:
    bench.comfy.faults.drop_prompt_answers = 1

    assert bench.run().status == "succeeded"
    assert len(bench.comfy.seen.prompts) == 1


def test_an_engine_that_forgot_the_run_is_noticed(bench: Bench) -> None:
    bench.comfy.faults.forget_run = True

    bench.run()

    assert error_of(bench)["kind"] == "engine_unavailable"


def test_an_engine_whose_process_dies_is_noticed_at_once(
    make_bench: Callable[..., Bench], comfy: FakeComfy
) -> None:
    class Dying:
        url, folder, life = comfy.url, None, 1
        looks = 0

        def is_alive(self) -> bool:
            self.looks += 1
            return self.looks < 5

        def start(self) -> None: ...
        def stop(self) -> None: ...
        def wait_ready(self, *_: object) -> None: ...

    comfy.faults.hang_at = 10
    bench = make_bench(Dying())

    bench.run()

    assert error_of(bench)["kind"] == "engine_unavailable"
    assert "died" in error_of(bench)["message"]


def test_an_engine_that_goes_away_is_given_up_after_a_while(bench: Bench) -> None:
    bench.comfy.faults.hang_at = 10
    thread, results = in_thread(bench)
    wait_for(lambda: bool(bench.comfy.seen.prompts))

    bench.comfy.close()
    thread.join(10)

    assert results[0].failure is not None
    assert error_of(bench)["kind"] == "engine_unavailable"


def test_a_node_that_raises_is_named_without_its_stack_trace(bench: Bench) -> None:
    bench.comfy.play("run_execution_error")

    bench.run()

    assert error_of(bench) == {
        "kind": "execution_failed",
        "message": "Load Checkpoint: SafetensorError: "
        "Error while deserializing header: header too large",
        "node_id": "4",
        "node_title": "Load Checkpoint",
        "node_class": "CheckpointLoaderSimple",
    }


@pytest.mark.parametrize(
    ("exception_type", "message"),
    [
        ("torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory."),
        ("RuntimeError", "CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_a_full_gpu_is_told_apart(bench: Bench, exception_type: str, message: str) -> None:
    text = f"{message}\n  File /comfyui/x.py"
    data = {"node_id": "3", "exception_type": exception_type, "exception_message": text}
    bench.comfy._entry = {  # a failed run as /history keeps it
        "outputs": {},
        "status": {"status_str": "error", "messages": [["execution_error", data]]},
    }

    bench.run()

    assert error_of(bench)["kind"] == "out_of_memory"
    assert "/comfyui" not in error_of(bench)["message"]
    assert error_of(bench)["node_title"] == "KSampler"


def test_an_unknown_node_is_named(bench: Bench) -> None:
    answer = PROMPT_ERRORS["unknown_class"]["response"]
    bench.comfy.faults.prompt_answer = answer["status"], answer["body"]

    bench.run()

    error = error_of(bench)
    assert error["kind"] == "invalid_graph"
    assert "NoSuchNode does not exist" in error["message"]
    assert error["node_id"] == "3"


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_an_engine_that_stumbles_over_a_prompt_has_not_refused_its_graph(
    bench: Bench, status: int
) -> None:
    bench.comfy.faults.prompt_answer = status, {}

    bench.run()

    assert error_of(bench)["kind"] == "engine_unavailable"


REFUSED = sorted(case for case in PROMPT_ERRORS if PROMPT_ERRORS[case]["response"]["status"] == 400)


@pytest.mark.parametrize("case", REFUSED)
def test_every_refused_prompt_is_an_invalid_graph_in_one_line(bench: Bench, case: str) -> None:
    answer = PROMPT_ERRORS[case]["response"]
    bench.comfy.faults.prompt_answer = answer["status"], answer["body"]

    bench.run()

    error = error_of(bench)
    assert error["kind"] == "invalid_graph"
    assert "\n" not in error["message"]
    assert "/comfyui/" not in error["message"]


def test_a_missing_model_says_which_input_of_which_node(bench: Bench) -> None:
    answer = PROMPT_ERRORS["value_not_in_list"]["response"]
    bench.comfy.faults.prompt_answer = answer["status"], answer["body"]

    bench.run()

    error = error_of(bench)
    assert error["node_title"] == "Load Checkpoint"
    assert "missing.safetensors" in error["message"]


def test_a_wanted_output_that_the_engine_left_out_fails_and_takes_the_run_out(
    bench: Bench,
) -> None:
    errors = {"6": {"errors": [{"message": "Bad"}], "dependent_outputs": ["9"], "class_type": "X"}}
    bench.comfy.faults.prompt_answer = 200, {"node_errors": errors}

    bench.run()

    assert error_of(bench)["kind"] == "invalid_graph"
    assert bench.comfy.seen.interrupts == [bench.comfy.seen.prompts[0]["prompt_id"]]


def test_an_output_that_nobody_wants_may_be_left_out(bench: Bench) -> None:
    errors = {"10": {"errors": [{"message": "Bad"}], "dependent_outputs": ["11"]}}
    bench.comfy.faults.prompt_answer = 200, {"node_errors": errors}

    assert bench.run().status == "succeeded"


def test_a_run_over_its_time_is_taken_out_by_its_id(bench: Bench) -> None:
    bench.comfy.faults.hang_at = 10

    bench.run_out_of_time(lambda: bool(bench.store.all("progress.json")))

    prompt_id = bench.comfy.seen.prompts[0]["prompt_id"]
    assert error_of(bench)["kind"] == "timed_out"
    assert f"{PATIENCE_S:g} s" in error_of(bench)["message"]
    assert bench.comfy.seen.interrupts == [prompt_id]
    assert bench.comfy.seen.deletes == [prompt_id]


def test_a_run_that_still_waits_is_taken_out_of_the_queue(bench: Bench) -> None:
    bench.comfy.faults.stay_queued = True

    bench.run_out_of_time(lambda: bool(bench.comfy.seen.prompts))

    assert bench.comfy.seen.deletes == [bench.comfy.seen.prompts[0]["prompt_id"]]
    assert bench.comfy._pending == set()


def test_a_worker_told_to_stop_reports_its_job_as_interrupted(bench: Bench) -> None:
    bench.comfy.faults.hang_at = 10
    thread, results = in_thread(bench)
    wait_for(lambda: bool(bench.comfy.seen.prompts))

    bench.stop.set()
    thread.join(10)

    assert results[0].status == "interrupted"
    assert bench.result_document()["status"] == "interrupted"
    assert bench.comfy.seen.interrupts == [bench.comfy.seen.prompts[0]["prompt_id"]]


def test_a_run_that_somebody_else_interrupts_is_told(bench: Bench) -> None:
    bench.comfy.faults.hang_at = 10
    thread, results = in_thread(bench)
    wait_for(lambda: bool(bench.comfy._running))

    bench.comfy._loop.loop.call_soon_threadsafe(bench.comfy._stopped.set)
    thread.join(10)

    assert results[0].status == "interrupted"


def test_nothing_is_queued_once_the_worker_is_told_to_stop(bench: Bench) -> None:
    bench.stop.set()

    assert bench.run().status == "interrupted"
    assert bench.comfy.seen.prompts == []


def in_thread(bench: Bench) -> tuple[Thread, list[JobResult]]:
    results: list[JobResult] = []
    thread = Thread(target=lambda: results.append(bench.run()))
    thread.start()
    return thread, results
