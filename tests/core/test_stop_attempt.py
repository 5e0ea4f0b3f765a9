"""What a worker does for an attempt that nobody awaits any more is called off."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import pytest

from distillery.core import keys
from distillery.core.errors import ProviderError, ProviderRefused, ProviderUnreachable
from distillery.core.job import JobState
from distillery.core.stop_attempt import StopAttempt
from local.memory import MemoryProvider
from tests.core.world import World


@dataclass
class StubbornProvider(MemoryProvider):
    """Does not cancel."""

    refusal: ProviderError = ProviderError("no")  # noqa: RUF009 - nobody changes it

    def cancel(self, provider_job_id: str) -> None:
        raise self.refusal


def test_word_is_left_where_the_worker_looks_and_the_provider_is_told() -> None:
    world = World()
    job = world.dispatched()
    world.stop(job)

    assert world.objects.exists(keys.cancel_key("1001", 1))
    assert world.runpod.cancelled == ["runpod-1"]
    assert world.sagemaker.cancelled == []


def test_a_job_that_no_provider_has_is_left_alone() -> None:
    world = World()
    world.stop(world.accepted())

    assert world.objects.objects == {}
    assert world.runpod.cancelled == []


def test_an_attempt_that_the_provider_may_not_know_is_still_told_to_stop() -> None:
    world = World()
    world.runpod.error = ProviderUnreachable("no answer")
    job = world.dispatched()
    assert (job.state, job.provider_job_id) == (JobState.DISPATCHED, None)
    world.stop(job)

    assert world.objects.exists(keys.cancel_key("1001", 1))
    assert world.runpod.cancelled == []


def test_only_the_current_attempt_is_called_off() -> None:
    world = World()
    job = world.dispatched()
    world.stop(replace(job, attempt=2))

    assert not world.objects.exists(keys.cancel_key("1001", 1))
    assert world.objects.exists(keys.cancel_key("1001", 2))


def test_stopping_twice_is_stopping() -> None:
    world = World()
    job = world.dispatched()
    world.stop(job)
    before = dict(world.objects.objects)
    world.stop(job)

    assert world.objects.objects == before


@pytest.mark.parametrize("refusal", [ProviderRefused("404"), ProviderUnreachable("no answer")])
def test_a_provider_that_does_not_cancel_stops_nothing_else(
    refusal: ProviderError, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    job = world.dispatched()
    stop = StopAttempt(world.objects, {"runpod": StubbornProvider("runpod", refusal=refusal)})
    with caplog.at_level(logging.WARNING):
        stop(job)

    assert world.objects.exists(keys.cancel_key("1001", 1))
    assert str(refusal) in caplog.text


def test_the_word_is_left_before_the_provider_is_told() -> None:
    """A provider that hangs until the room dies must not keep the worker from stopping."""
    world = World()
    job = world.dispatched()
    seen: list[bool] = []

    class Watching(MemoryProvider):
        def cancel(self, provider_job_id: str) -> None:
            seen.append(world.objects.exists(keys.cancel_key("1001", 1)))

    StopAttempt(world.objects, {"runpod": Watching("runpod")})(job)

    assert seen == [True]
