"""The end of a worker that hangs after SIGTERM, or only has its time."""

from __future__ import annotations

from threading import Event
from typing import cast

import pytest

from gpu_container.worker.comfy.engine import Engine
from gpu_container.worker.start.last_call import LastCall


def test_a_worker_that_hangs_after_sigterm_is_ended_with_its_engine() -> None:
    done: list[object] = []
    left = Event()

    class Hanging:
        def kill(self) -> None:
            done.append("killed")

    def leave(code: int) -> None:
        done.append(code)
        left.set()

    call = LastCall(cast("Engine", Hanging()), after_s=0.001, leave=leave)
    call.ring()
    call.ring()

    assert left.wait(5)
    assert done == ["killed", 143]


def test_a_worker_that_is_told_to_end_still_has_its_time() -> None:
    call = LastCall(Engine(url="http://127.0.0.1:9"), leave=lambda _: pytest.fail("too early"))
    call.ring()

    assert call._timer is not None
    assert call._timer.daemon  # so it keeps no worker that has ended
    assert 0 < call._timer.interval < 30
    call._timer.cancel()
