"""What /ping says, and how a connection is kept."""

from __future__ import annotations

from contextlib import closing
from threading import Thread

import pytest

from gpu_container.worker.comfy.engine import Engine
from tests.worker.invocations.conftest import Scene
from tests.worker.process import wait_for


def test_ping_is_200_when_ready_and_500_with_the_reason_when_a_gpu_is_broken(scene: Scene) -> None:
    assert scene.ask("GET", "/ping") == (200, {"ready": True})
    assert scene.ask("GET", "/ping?x=1") == (200, {"ready": True})

    scene.gpu.works = False

    assert scene.ask("GET", "/ping") == (
        500,
        {"ready": False, "reason": "the GPU fell off the bus"},
    )


def test_a_job_that_comes_to_a_broken_gpu_is_told_to_stop(scene: Scene) -> None:
    scene.gpu.works = False

    code, answer = scene.ask("POST", "/invocations", "{}")

    assert (code, answer["error"]["kind"]) == (500, "interrupted")


def test_ping_is_503_until_the_start_has_ended(scene: Scene) -> None:
    scene.start.ended = False
    assert scene.ask("GET", "/ping") == (503, {"ready": False})

    scene.start.ended = True
    assert scene.ask("GET", "/ping") == (200, {"ready": True})


def test_ping_does_not_ask_an_engine_that_lives_and_has_work(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Thread(target=scene.ask, args=("POST", "/invocations", "{}"))
    caller.start()
    wait_for(lambda: len(scene.jobs.begun) == 1)
    scene.start.ended = False  # as if it did not answer in time

    assert scene.ask("GET", "/ping") == (200, {"ready": True})
    assert scene.start.asked == 0
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "is_alive", lambda _: False)
        patch.setattr(Engine, "start", lambda _: None)
        assert scene.ask("GET", "/ping") == (503, {"ready": False})
    scene.jobs.go.set()
    caller.join(10)


def test_a_head_is_answered_without_a_body_and_the_connection_stays(scene: Scene) -> None:
    with closing(scene.connect()) as connection:
        connection.request("HEAD", "/ping")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        assert int(response.headers["Content-Length"]) > 0
        line = connection.sock
        connection.request("GET", "/ping")
        assert connection.getresponse().read()
        assert connection.sock is line
