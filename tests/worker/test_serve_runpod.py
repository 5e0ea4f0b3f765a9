"""The Runpod door as a real process, with the real SDK, against Runpod's side of the wire."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.until import SOON_S
from tests.worker.conftest import Bench, png
from tests.worker.fake_comfy import FakeComfy
from tests.worker.fake_runpod import FakeRunpod
from tests.worker.loop_thread import LoopThread
from tests.worker.process import door, wait_for
from tests.worker.store import Stored, StoreServer
from tests.worker.test_worker_comfyui import b64


@pytest.fixture(scope="module")
def runpod(loop_thread: LoopThread) -> Iterator[FakeRunpod]:
    fake = FakeRunpod(loop_thread)
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def shared_comfy(loop_thread: LoopThread) -> Iterator[FakeComfy]:
    fake = FakeComfy(loop_thread)
    fake.files["output//rec_00001_.png"] = png()
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def started(
    runpod: FakeRunpod, shared_comfy: FakeComfy, store_server: StoreServer
) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **runpod.environment(),
        "COMFYUI_URL": shared_comfy.url,
        "STORE_ORIGINS": store_server.origin,
    }
    with door("serve_runpod", environment) as process:
        wait_for(lambda: bool(runpod.pings) or process.poll() is not None)
        yield process


@pytest.fixture
def worker(
    started: subprocess.Popen[str], shared_comfy: FakeComfy
) -> Iterator[subprocess.Popen[str]]:
    """One for all tests: what one of them leaves behind holds up no other."""
    assert started.poll() is None, started.communicate()[0]
    yield started
    shared_comfy.let_go()


@pytest.mark.usefixtures("worker")
def test_a_job_completes_with_its_result_as_output(runpod: FakeRunpod, bench: Bench) -> None:
    runpod.submit("one", bench.job())

    done = runpod.outcome("one")

    # The SDK takes `error` out of every output, also where it is null.
    assert done["output"] | {"error": None} == bench.result_document()
    assert done["output"]["status"] == "succeeded"


@pytest.mark.usefixtures("worker")
def test_a_failed_job_is_failed_to_runpod_too(runpod: FakeRunpod, bench: Bench) -> None:
    runpod.submit("two", bench.job(outputs=["77"]))

    done = runpod.outcome("two")

    assert json.loads(done["error"]) == bench.result_document()["error"]
    assert json.loads(done["error"])["kind"] == "bad_job"
    assert "output" not in done


@pytest.mark.usefixtures("worker")
def test_the_second_run_of_an_attempt_is_a_duplicate_to_runpod(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench
) -> None:
    job, before = bench.job(**bench.marks()), len(shared_comfy.seen.prompts)
    runpod.submit("first", job)
    runpod.submit("again", job)

    statuses = [runpod.outcome(name)["output"]["status"] for name in ("first", "again")]

    assert statuses == ["succeeded", "duplicate"]
    assert len(shared_comfy.seen.prompts) == before + 1
    assert bench.result_document()["status"] == "succeeded"


@pytest.mark.usefixtures("worker")
def test_a_cancelled_job_is_failed_to_runpod_and_was_never_begun(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench
) -> None:
    before = len(shared_comfy.seen.prompts)
    bench.store.objects["jobs/1300000000000000001/1/cancel"] = b""
    runpod.submit("cancelled", bench.job(**bench.marks()))

    done = runpod.outcome("cancelled")

    assert json.loads(done["error"])["kind"] == "interrupted"
    assert bench.result_document()["status"] == "interrupted"
    assert len(shared_comfy.seen.prompts) == before


@pytest.mark.usefixtures("worker")
def test_a_job_that_runpod_stops_leaves_the_engine_and_is_reported(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench
) -> None:
    before = len(shared_comfy.seen.prompts)
    shared_comfy.faults.hang_at = 10
    runpod.submit("three", bench.job())
    wait_for(lambda: len(shared_comfy.seen.prompts) > before)

    runpod.stop("three")
    wait_for(lambda: bool(bench.store.all("result.json")))

    assert bench.result_document()["status"] == "interrupted"
    assert set(shared_comfy.seen.interrupts) == {shared_comfy.seen.prompts[-1]["prompt_id"]}


@pytest.mark.usefixtures("worker")
def test_worker_comfyuis_users_are_answered_in_their_shape(
    runpod: FakeRunpod, shared_comfy: FakeComfy
) -> None:
    runpod.submit("theirs", {"workflow": shared_comfy.graph})
    runpod.submit("wrong", {"images": []})

    picture = {"filename": "rec_00001_.png", "type": "base64", "data": b64(png())}
    assert runpod.outcome("theirs") == {"output": {"images": [picture]}}
    assert runpod.outcome("wrong") == {"error": "Missing 'workflow' parameter"}


@pytest.mark.usefixtures("worker")
def test_the_next_job_runs_while_the_last_ones_files_go_out(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench
) -> None:
    before, uploads = len(shared_comfy.seen.prompts), asyncio.Event()
    slow, quick = bench.job(), bench.job(attempt=2)
    slow["upload"]["outputs"] = bench.store.target("slow/${filename}")
    bench.store.held["slow/"] = uploads
    runpod.submit("uploads", slow)
    wait_for(lambda: "slow/0_9.png" in bench.store.tries)

    runpod.submit("draws", quick)
    try:
        runpod.outcome("draws")
        assert "uploads" not in runpod.done
        assert len(shared_comfy.seen.prompts) == before + 2
    finally:
        shared_comfy._loop.loop.call_soon_threadsafe(uploads.set)

    runpod.outcome("uploads")
    assert {item["status"] for item in map(_document, bench.store.all("result.json"))} == {
        "succeeded"
    }


@pytest.mark.usefixtures("worker")
def test_a_job_that_another_worker_could_begin_is_not_taken_by_a_busy_one(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench
) -> None:
    before = len(shared_comfy.seen.prompts)
    shared_comfy.faults.hang_at = 10
    runpod.submit("hangs", bench.job())
    runpod.submit("waits", bench.job(attempt=2))
    wait_for(lambda: len(shared_comfy.seen.prompts) > before)
    pings = len(runpod.pings)
    wait_for(lambda: len(runpod.pings) > pings)  # a second in which it could have been taken

    assert "waits" not in runpod.taken
    shared_comfy.faults.hang_at = None
    runpod.stop("hangs")

    assert runpod.outcome("waits")["output"]["status"] == "succeeded"


@pytest.mark.parametrize("starts", [False, True])
def test_a_worker_whose_engine_does_not_start_takes_no_job_and_says_so(
    loop_thread: LoopThread, store_server: StoreServer, starts: bool
) -> None:
    fake = FakeRunpod(loop_thread)
    fake.submit("nobody's", {"workflow": {}})
    environment = {**fake.environment(), "STORE_ORIGINS": store_server.origin}
    environment["COMFYUI_COMMAND"] = "sh -c 'sleep 60' {port}" if starts else "false {port}"
    environment["ENGINE_START_SECONDS"] = "0.5"
    with door("serve_runpod", environment) as process:
        process.communicate(timeout=SOON_S)
    fake.close()

    assert process.returncode == 1
    assert not fake.taken
    assert fake.said[-1]["status"] == "unhealthy"


def _document(stored: Stored) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(stored.data)
    return document


def test_on_sigterm_the_running_job_is_reported_and_the_process_ends(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench, worker: subprocess.Popen[str]
) -> None:
    before = len(shared_comfy.seen.prompts)
    shared_comfy.faults.hang_at = 10
    runpod.submit("four", bench.job())
    wait_for(lambda: len(shared_comfy.seen.prompts) > before)

    worker.send_signal(signal.SIGTERM)
    done = runpod.outcome("four")
    output, _ = worker.communicate(timeout=SOON_S)

    assert json.loads(done["error"])["kind"] == "interrupted"
    assert bench.result_document()["status"] == "interrupted"
    assert worker.returncode == 0
    assert set(runpod.pings) == {"worker-1"}
    assert "SECRETSIGNATURE" not in output
    assert "secret-policy" not in output
