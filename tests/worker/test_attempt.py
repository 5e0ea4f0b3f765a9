"""Runs that nobody wants: cancelled ones, and the second of two; and stores that cannot say so."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest

from gpu_container.worker.attempt import Attempts
from gpu_container.worker.result import JobResult
from tests.worker.conftest import Bench
from tests.worker.loop_thread import LoopThread
from tests.worker.process import wait_for

CANCEL = "jobs/1300000000000000001/1/cancel"
CLAIM = "jobs/1300000000000000001/1/claim"
RESULT_SCHEMA = json.loads(
    (Path(__file__).parents[2] / "gpu_container" / "result.schema.json").read_text()
)


@pytest.fixture
def deaf() -> Iterator[str]:
    """A store that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"


def closed() -> str:
    """A store that is away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/x"


def watching() -> bool:
    return "cancel" in [thread.name for thread in threading.enumerate()]


def begin(bench: Bench, results: list[JobResult], **changes: Any) -> Thread:
    """Start a job that hangs in the engine."""
    bench.comfy.faults.hang_at = 10
    thread = Thread(target=lambda: results.append(bench.run(**changes)))
    thread.start()
    wait_for(lambda: bool(bench.comfy.seen.prompts))
    return thread


def is_cancelled(document: dict[str, Any]) -> bool:
    jsonschema.validate(document, RESULT_SCHEMA)
    error = document["error"]
    assert (document["status"], error["kind"]) == ("interrupted", "interrupted")
    assert document["outputs"] == []
    return bool(error["message"] == "the job was cancelled")


def test_a_job_that_nobody_cancels_is_claimed_and_runs(bench: Bench) -> None:
    result = bench.run(**bench.marks())

    assert result.status == "succeeded"
    assert bench.store.asked[:2] == [f"GET {CANCEL}", f"PUT {CLAIM}"]
    assert bench.store.objects[CLAIM] == b""


def test_a_job_cancelled_before_its_start_never_reaches_the_engine(bench: Bench) -> None:
    bench.store.objects[CANCEL] = b""
    bench.store.inputs["photo"] = b"never fetched"
    url = bench.store.input_url("photo")
    entry = {"node": "6", "input": "text", "url": url, "max_bytes": 9}

    result = bench.run(**bench.marks(), inputs=[entry])

    assert is_cancelled(bench.result_document())
    assert result.document() == bench.result_document()
    assert bench.comfy.seen.prompts == []
    assert bench.comfy.seen.connections == []
    assert bench.store.all("progress.json") == []


def test_a_running_job_that_is_cancelled_is_interrupted_by_its_own_id(bench: Bench) -> None:
    results: list[JobResult] = []
    thread = begin(bench, results, **bench.marks())

    bench.store.objects[CANCEL] = b""
    thread.join(10)

    assert is_cancelled(bench.result_document())
    assert results[0].document() == bench.result_document()
    assert bench.comfy.seen.interrupts == [bench.comfy.seen.prompts[0]["prompt_id"]]


def test_a_job_that_waits_in_the_engine_is_taken_out_of_its_queue(bench: Bench) -> None:
    bench.comfy.faults.stay_queued = True
    results: list[JobResult] = []
    thread = begin(bench, results, **bench.marks())

    bench.store.objects[CANCEL] = b""
    thread.join(10)

    assert is_cancelled(bench.result_document())
    assert bench.comfy.seen.deletes == [bench.comfy.seen.prompts[0]["prompt_id"]]


def test_a_job_cancelled_while_it_waits_for_the_engine_is_over_at_once(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    asked = threading.Event()
    monkeypatch.setattr(bench.deps.engine, "is_ready", asked.set)  # None: it is not
    results: list[JobResult] = []
    thread = Thread(target=lambda: results.append(bench.run(**bench.marks())))
    thread.start()
    assert asked.wait(10)

    bench.store.objects[CANCEL] = b""
    thread.join(10)

    assert is_cancelled(bench.result_document())
    assert bench.comfy.seen.prompts == []


def test_a_job_cancelled_while_it_stores_its_files_stores_no_more_of_them(
    bench: Bench, loop_thread: LoopThread
) -> None:
    files = [{"filename": "rec_00001_.png", "subfolder": "", "type": "output"}] * 9
    bench.comfy.set_outputs({"9": {"images": files}})
    go_on = bench.store.held["/outputs/"] = asyncio.Event()
    thread = Thread(target=lambda: bench.run(**bench.marks()))
    thread.start()
    wait_for(lambda: any("/outputs/" in key for key in bench.store.tries))

    bench.store.objects[CANCEL] = b""
    assert bench.stop.wait(10)
    loop_thread.loop.call_soon_threadsafe(go_on.set)
    thread.join(10)

    assert is_cancelled(bench.result_document())
    assert len(bench.store.all("/outputs/")) < len(files)


def test_a_job_cancelled_at_its_last_file_is_cancelled_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = bench.deps.uploader.post

    def post_and_cancel(target: Any, name: str, *rest: Any) -> None:
        if name != "result.json":
            bench.store.objects[CANCEL] = b""
            assert bench.stop.wait(10)
        post(target, name, *rest)

    monkeypatch.setattr(bench.deps.uploader, "post", post_and_cancel)
    bench.run(**bench.marks())

    assert is_cancelled(bench.result_document())


def test_a_worker_that_is_told_to_stop_says_so_and_not_that_the_job_was_cancelled(
    bench: Bench,
) -> None:
    results: list[JobResult] = []
    thread = begin(bench, results, **bench.marks())

    bench.stop.set()
    thread.join(10)

    assert not is_cancelled(bench.result_document())


def test_of_two_runs_of_one_attempt_at_once_one_makes_the_job(
    make_bench: Callable[..., Bench],
) -> None:
    workers = [make_bench(), make_bench()]
    results: list[JobResult] = []
    ready = threading.Barrier(2)

    def run(bench: Bench) -> None:
        ready.wait()
        results.append(bench.run(**bench.marks()))

    threads = [Thread(target=run, args=(bench,)) for bench in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(result.status for result in results) == ["duplicate", "succeeded"]
    assert len(workers[0].comfy.seen.prompts) == 1
    assert workers[0].result_document()["status"] == "succeeded"
    assert len(workers[0].store.all("/outputs/")) == 1


@pytest.mark.parametrize("status", [409, 412])
def test_a_second_run_touches_neither_the_engine_nor_the_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    bench.store.answers.queue = {CLAIM: [status]}
    monkeypatch.setattr(bench.deps.engine, "start", lambda: pytest.fail("the engine was started"))

    result = bench.run(**bench.marks())

    assert (result.status, result.failure, result.outputs) == ("duplicate", None, ())
    assert (bench.comfy.seen.prompts, bench.comfy.seen.connections) == ([], [])
    assert bench.store.stored == []


@pytest.mark.parametrize("status", [200, 307, 403, 404, 500, 503])
def test_any_other_answer_to_the_claim_lets_the_job_run(bench: Bench, status: int) -> None:
    bench.store.answers.queue = {CLAIM: [status]}

    assert bench.run(**bench.marks()).status == "succeeded"
    assert bench.store.asked.count(f"PUT {CLAIM}") == 1  # a second one would lose to the first


@pytest.mark.parametrize("status", [302, 307, 403, 404, 500, 503])
def test_any_answer_but_200_is_no_cancellation_and_no_redirect_is_followed(
    bench: Bench, status: int
) -> None:
    bench.store.answers.queue = {CANCEL: [status] * 1000}
    bench.store.objects["there"] = b""

    assert bench.run(**bench.marks()).status == "succeeded"
    assert "GET there" not in bench.store.asked


def test_the_claim_brings_the_signed_headers_as_they_are(bench: Bench) -> None:
    marks = bench.marks()
    marks["claim"]["headers"] = {}  # the store refuses: the signature wants If-None-Match

    assert bench.run(**marks).status == "succeeded"
    assert CLAIM not in bench.store.objects


def test_a_job_runs_although_the_stores_of_its_claim_and_its_cancellation_are_away(
    bench: Bench,
) -> None:
    claim = {"url": closed(), "headers": {"If-None-Match": "*"}}

    assert bench.run(claim=claim, cancel_url=closed()).status == "succeeded"


@pytest.mark.parametrize("url", ["http://", "http://[", "http://.", "http://a..b/", "http://a:x/"])
def test_a_job_runs_although_its_urls_are_none(bench: Bench, url: str) -> None:
    claim = {"url": url, "headers": {"If-None-Match": "*\r\nX: y"}}

    assert bench.run(claim=claim, cancel_url=url).status == "succeeded"


def test_a_store_that_never_answers_holds_up_no_job_and_keeps_no_thread(
    bench: Bench, deaf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.deps.attempts, "_timeout_s", 0.3)
    results: list[JobResult] = []
    thread = begin(bench, results, cancel_url=deaf)
    wait_for(watching)

    bench.stop.set()
    thread.join(10)

    assert bench.result_document()["status"] == "interrupted"
    wait_for(lambda: not watching())


def test_the_watch_ends_with_its_job(bench: Bench) -> None:
    results: list[JobResult] = []
    thread = begin(bench, results, **bench.marks())
    wait_for(lambda: bench.store.asked.count(f"GET {CANCEL}") > 3)

    bench.stop.set()
    thread.join(10)
    wait_for(lambda: not watching())

    asked = len(bench.store.asked)
    assert bench.run(job_id="other").failure is not None  # the bench has been stopped
    assert len(bench.store.asked) == asked


def test_leaving_the_job_does_not_wait_for_the_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question that is on its way when the job ends is answered only afterwards."""
    asked, answer = threading.Event(), threading.Event()
    first = iter([False])

    def never_cancelled(*_: object) -> bool:
        if next(first, True):
            asked.set()
            answer.wait(10)
        return False

    monkeypatch.setattr(Attempts, "is_cancelled", never_cancelled)
    run_graph = bench.deps.comfy.run

    def run_when_asked(*arguments: Any, **more: Any) -> dict[str, Any]:
        assert asked.wait(10)
        return run_graph(*arguments, **more)

    monkeypatch.setattr(bench.deps.comfy, "run", run_when_asked)

    assert bench.run(**bench.marks()).status == "succeeded"
    assert watching()
    answer.set()
    wait_for(lambda: not watching())
