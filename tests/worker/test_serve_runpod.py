"""The Runpod door as a real process, with the real SDK, against Runpod's side of the wire."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.worker.conftest import Bench, png
from tests.worker.fake_comfy import FakeComfy
from tests.worker.fake_runpod import FakeRunpod
from tests.worker.loop_thread import LoopThread
from tests.worker.process import door, wait_for
from tests.worker.store import StoreServer

WAIT_S = 15


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
def worker(
    runpod: FakeRunpod, shared_comfy: FakeComfy, store_server: StoreServer
) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **runpod.environment(),
        "COMFYUI_URL": shared_comfy.url,
        "STORE_ORIGINS": store_server.origin,
    }
    with door("serve_runpod", environment) as process:
        yield process


@pytest.mark.usefixtures("worker")
def test_a_job_completes_with_its_result_as_output(runpod: FakeRunpod, bench: Bench) -> None:
    runpod.submit("one", bench.job())

    done = runpod.done.get(timeout=WAIT_S)

    # The SDK takes `error` out of every output, also where it is null.
    assert done["output"] | {"error": None} == bench.result_document()
    assert done["output"]["status"] == "succeeded"


@pytest.mark.usefixtures("worker")
def test_a_failed_job_is_failed_to_runpod_too(runpod: FakeRunpod, bench: Bench) -> None:
    runpod.submit("two", bench.job(outputs=["77"]))

    done = runpod.done.get(timeout=WAIT_S)

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

    first, again = runpod.done.get(timeout=WAIT_S), runpod.done.get(timeout=WAIT_S)

    assert (first["id"], first["output"]["status"]) == ("first", "succeeded")
    assert (again["id"], again["output"]["status"]) == ("again", "duplicate")
    assert len(shared_comfy.seen.prompts) == before + 1
    assert bench.result_document()["status"] == "succeeded"


@pytest.mark.usefixtures("worker")
def test_a_cancelled_job_is_failed_to_runpod_and_was_never_begun(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench
) -> None:
    before = len(shared_comfy.seen.prompts)
    bench.store.objects["jobs/1300000000000000001/1/cancel"] = b""
    runpod.submit("cancelled", bench.job(**bench.marks()))

    done = runpod.done.get(timeout=WAIT_S)

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
    assert shared_comfy.seen.interrupts == [shared_comfy.seen.prompts[-1]["prompt_id"]]


def test_on_sigterm_the_running_job_is_reported_and_the_process_ends(
    runpod: FakeRunpod, shared_comfy: FakeComfy, bench: Bench, worker: subprocess.Popen[str]
) -> None:
    before = len(shared_comfy.seen.prompts)
    shared_comfy._stopped.clear()
    runpod.submit("four", bench.job())
    wait_for(lambda: len(shared_comfy.seen.prompts) > before)

    worker.send_signal(signal.SIGTERM)
    done = runpod.done.get(timeout=WAIT_S)
    output, _ = worker.communicate(timeout=WAIT_S)

    assert json.loads(done["error"])["kind"] == "interrupted"
    assert bench.result_document()["status"] == "interrupted"
    assert worker.returncode == 0
    assert set(runpod.pings) == {"worker-1"}
    assert "SECRETSIGNATURE" not in output
    assert "secret-policy" not in output
