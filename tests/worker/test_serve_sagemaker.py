"""The SageMaker door as a real process."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from gpu_container.worker.start.give_way import NICENESS
from tests.worker.conftest import Bench, png
from tests.worker.fake_comfy import FakeComfy
from tests.worker.loop_thread import LoopThread
from tests.worker.process import door, job_lines, ping, wait_for
from tests.worker.store import StoreServer
from tests.worker.test_engine import SMALL_ENGINE


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(port: int, **more: str) -> dict[str, str]:
    return {"SAGEMAKER_BIND_TO_PORT": str(port), "BIND_HOST": "127.0.0.1", **more}


def invoke(url: str, body: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{url}/invocations", json=body, timeout=15)


@pytest.fixture(scope="module")
def shared_comfy(loop_thread: LoopThread) -> Iterator[FakeComfy]:
    fake = FakeComfy(loop_thread)
    fake.files["output//rec_00001_.png"] = png()
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def url(shared_comfy: FakeComfy, store_server: StoreServer) -> Iterator[str]:
    port = free_port()
    more = {"COMFYUI_URL": shared_comfy.url, "STORE_ORIGINS": store_server.origin}
    with door("serve_sagemaker", environment(port, **more)):
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: ping(address) == 200)
        yield address


def test_a_job_is_answered_with_its_result(url: str, bench: Bench) -> None:
    response = invoke(url, bench.job())

    assert response.status_code == 200
    assert response.json() == bench.result_document()


def test_what_the_job_caused_is_a_422(url: str, bench: Bench) -> None:
    response = invoke(url, bench.job(outputs=["77"]))

    assert response.status_code == 422
    assert response.json()["error"]["kind"] == "bad_job"


def test_what_the_worker_caused_is_a_500(url: str, bench: Bench) -> None:
    bench.store.answers.queue = {"/outputs/": [403]}

    response = invoke(url, bench.job())

    assert response.status_code == 500
    assert response.json()["error"]["kind"] == "upload_failed"


def test_the_second_run_of_an_attempt_is_a_200_that_says_duplicate(
    url: str, bench: Bench, shared_comfy: FakeComfy
) -> None:
    job, before = bench.job(**bench.marks()), len(shared_comfy.seen.prompts)

    first, again = invoke(url, job), invoke(url, job)

    assert (first.status_code, first.json()["status"]) == (200, "succeeded")
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert len(shared_comfy.seen.prompts) == before + 1
    assert bench.result_document() == first.json()


def test_a_cancelled_job_is_a_500_and_the_next_job_runs(url: str, bench: Bench) -> None:
    bench.store.objects["jobs/1300000000000000001/1/cancel"] = b""

    cancelled = invoke(url, bench.job(**bench.marks()))

    assert cancelled.status_code == 500
    assert cancelled.json() == bench.result_document()
    assert cancelled.json()["status"] == "interrupted"
    assert invoke(url, bench.job(attempt=2)).json()["status"] == "succeeded"


def test_a_running_job_is_cancelled_by_its_object_alone_and_the_next_one_runs(bench: Bench) -> None:
    """SageMaker has no call that cancels: the object is the only way."""
    comfy, port = bench.comfy, free_port()
    address = f"http://127.0.0.1:{port}"
    comfy.faults.hang_at = 10
    answers: list[requests.Response] = []
    more = {
        "COMFYUI_URL": comfy.url,
        "CANCEL_POLL_SECONDS": "0.05",
        "STORE_ORIGINS": bench.store.origin,
    }
    with door("serve_sagemaker", environment(port, **more)):
        wait_for(lambda: ping(address) == 200)
        job = bench.job(**bench.marks())
        caller = Thread(target=lambda: answers.append(invoke(address, job)))
        caller.start()
        wait_for(lambda: bool(comfy.seen.prompts))
        bench.store.objects["jobs/1300000000000000001/1/cancel"] = b""
        caller.join(10)
        comfy.faults.hang_at = None
        after = invoke(address, bench.job(attempt=2))

    assert answers[0].json()["error"]["message"] == "the job was cancelled"
    assert comfy.seen.interrupts == [comfy.seen.prompts[0]["prompt_id"]]
    assert after.json()["status"] == "succeeded"


def test_two_jobs_at_once_run_one_after_the_other(
    url: str, bench: Bench, shared_comfy: FakeComfy
) -> None:
    before = len(shared_comfy.seen.prompts)
    shared_comfy.faults.hang_at = 10
    slow = Thread(target=invoke, args=(url, bench.job()))
    other = Thread(target=invoke, args=(url, bench.job(attempt=2)))
    slow.start()
    wait_for(lambda: len(shared_comfy.seen.prompts) == before + 1)
    other.start()
    wait_for(lambda: len(shared_comfy.seen.prompts) == before + 2)  # the next is there already

    assert ping(url) == 200  # healthy although it works
    assert shared_comfy._running == {shared_comfy.seen.prompts[before]["prompt_id"]}
    shared_comfy.faults.hang_at = None
    shared_comfy._loop.loop.call_soon_threadsafe(shared_comfy._stopped.set)
    slow.join(15)
    other.join(15)

    statuses = sorted(item["status"] for item in map(document, bench.store.all("result.json")))
    assert statuses == ["interrupted", "succeeded"]


def document(stored: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(stored.data)
    return loaded


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/invocations", "not json", 422),
        ("POST", "/invocations", "", 411),
        ("POST", "/elsewhere", "{}", 404),
        ("GET", "/elsewhere", "", 404),
    ],
)
def test_other_requests_are_refused(
    url: str, method: str, path: str, body: str, status: int
) -> None:
    with requests.Session() as session:
        response = session.request(method, url + path, data=body, timeout=5)

    assert response.status_code == status


def test_ping_says_503_until_the_engine_answers() -> None:
    port, closed = free_port(), free_port()
    more = {"COMFYUI_URL": f"http://127.0.0.1:{closed}"}
    with door("serve_sagemaker", environment(port, **more)):
        wait_for(lambda: ping(f"http://127.0.0.1:{port}") == 503)


def test_on_sigterm_the_running_job_is_reported_and_the_process_ends(
    shared_comfy: FakeComfy, bench: Bench
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    before = len(shared_comfy.seen.prompts)
    shared_comfy._stopped.clear()
    shared_comfy.faults.hang_at = 10
    answers: list[requests.Response] = []
    more = {"COMFYUI_URL": shared_comfy.url, "STORE_ORIGINS": bench.store.origin}
    with door("serve_sagemaker", environment(port, **more)) as process:
        wait_for(lambda: ping(address) == 200)
        caller = Thread(target=lambda: answers.append(invoke(address, bench.job())))
        caller.start()
        wait_for(lambda: len(shared_comfy.seen.prompts) > before)

        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
        caller.join(10)

    assert answers[0].status_code == 500
    assert answers[0].json() == bench.result_document()
    assert answers[0].json()["status"] == "interrupted"
    assert process.returncode == 0
    ended = [line for line in job_lines(output) if "job interrupted" in str(line["message"])]
    assert [line["job_id"] for line in ended] == ["1300000000000000001"]


def test_the_engine_starts_with_the_door_comes_back_when_it_dies_and_ends_with_it(
    tmp_path: Path,
) -> None:
    port, pids = free_port(), tmp_path / "pids"
    address = f"http://127.0.0.1:{port}"
    code = f'import os;print(os.getpid(),file=open("{pids}","a"));{SMALL_ENGINE}'
    command = f"{sys.executable} -c '{code}' {{port}}"
    with door("serve_sagemaker", environment(port, COMFYUI_COMMAND=command)) as process:
        wait_for(lambda: ping(address) == 200)
        os.kill(int(pids.read_text()), signal.SIGKILL)
        wait_for(lambda: ping(address) == 200 and len(pids.read_text().split()) == 2)
        engine = int(pids.read_text().split()[1])
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= NICENESS
        assert os.getpriority(os.PRIO_PROCESS, engine) == os.getpriority(os.PRIO_PROCESS, 0)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)

    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
