"""How jobs are taken, run beside each other and answered, up to the end of the door."""

from __future__ import annotations

import json
from contextlib import closing
from threading import Thread
from typing import Any

import pytest

from gpu_container.worker.errors import Kind
from gpu_container.worker.sagemaker_door import JOBS_AT_ONCE
from tests.worker.conftest import Bench, png
from tests.worker.invocations.conftest import JSON, Scene
from tests.worker.process import wait_for
from tests.worker.test_worker_comfyui import b64


def test_many_requests_go_over_one_connection(scene: Scene) -> None:
    scene.jobs.go.set()
    with closing(scene.connect()) as connection:
        connection.connect()
        line = connection.sock
        for number in range(5):
            connection.request("POST", "/invocations", json.dumps({"n": number}), JSON)
            assert json.loads(connection.getresponse().read())["status"] == "succeeded"
            assert connection.sock is line

    assert scene.jobs.begun == [{"n": number} for number in range(5)]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", None])
def test_json_is_taken_with_or_without_a_charset(scene: Scene, kind: str | None) -> None:
    scene.jobs.go.set()
    headers = {"Content-Type": kind} if kind else {}

    assert scene.ask("POST", "/invocations", '{"a": 1}', **headers)[0] == 200
    assert scene.jobs.begun == [{"a": 1}]


@pytest.mark.parametrize("body", ["no json", "[" * 200_000, b"\xff\xfe"])
def test_a_body_that_is_no_json_is_a_job_that_is_refused(scene: Scene, body: Any) -> None:
    scene.jobs.go.set()

    scene.ask("POST", "/invocations", body, **JSON)

    assert scene.jobs.begun == [None]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.BAD_JOB, 422),
        (Kind.EXECUTION_FAILED, 422),
        (Kind.UPLOAD_FAILED, 500),
        (Kind.ENGINE_UNAVAILABLE, 500),
        (Kind.INTERRUPTED, 500),
    ],
)
def test_a_failure_is_no_2xx(scene: Scene, kind: Kind, code: int) -> None:
    scene.jobs.failure = kind
    scene.jobs.go.set()

    status, document = scene.ask("POST", "/invocations", "{}", **JSON)

    assert (status, document["error"]["kind"]) == (code, kind.value)


def test_worker_comfyuis_users_are_answered_in_their_shape(scene: Scene, bench: Bench) -> None:
    wrapped = {"input": {"workflow": bench.comfy.graph}}

    status, document = scene.ask("POST", "/invocations", json.dumps(wrapped), **JSON)

    assert status == 200
    assert document["images"][0]["data"] == b64(png())
    assert scene.ask("POST", "/invocations", json.dumps(wrapped["input"]), **JSON)[0] == 200
    assert scene.ask("POST", "/invocations", '{"images": []}', **JSON) == (
        422,
        {"error": "Missing 'workflow' parameter"},
    )
    assert not scene.jobs.begun


def test_some_jobs_run_at_once_and_more_wait(scene: Scene) -> None:
    answers: list[int] = []
    callers = [
        Thread(target=lambda: answers.append(scene.ask("POST", "/invocations", "{}", **JSON)[0]))
        for _ in range(JOBS_AT_ONCE + 2)
    ]
    for caller in callers:
        caller.start()
    wait_for(lambda: len(scene.jobs.begun) == JOBS_AT_ONCE)
    for _ in range(20):  # time enough for one more, were it let in
        assert scene.ask("GET", "/ping")[0] == 200
    assert len(scene.jobs.begun) == JOBS_AT_ONCE

    scene.jobs.go.set()
    for caller in callers:
        caller.join(10)

    assert answers == [200] * len(callers)


def test_at_the_end_jobs_are_interrupted_and_answered_and_idle_connections_closed(
    scene: Scene,
) -> None:
    answers: list[tuple[int, Any]] = []
    callers = [
        Thread(target=lambda: answers.append(scene.ask("POST", "/invocations", "{}", **JSON)))
        for _ in range(JOBS_AT_ONCE + 1)
    ]
    with closing(scene.connect()) as idle:
        idle.request("GET", "/ping")
        idle.getresponse().read()
        for caller in callers:
            caller.start()
        wait_for(lambda: len(scene.server._stops) == len(callers))

        scene.end()

        for caller in callers:
            caller.join(10)
        assert idle.sock.recv(1) == b""
    assert [status for status, _ in answers] == [500] * len(callers)
    assert {document["error"]["kind"] for _, document in answers} == {"interrupted"}
