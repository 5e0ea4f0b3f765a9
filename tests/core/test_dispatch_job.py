from __future__ import annotations

import pytest

from distillery.core.dispatch_job import RECHECK_DELAY_S, RETRY_DELAYS_S, SUBMIT_GRACE_S
from distillery.core.errors import ProviderRefused, ProviderUnreachable
from distillery.core.job import JobState
from distillery.core.ports import ProviderCondition
from distillery.core.recipe import Attachment
from distillery.core.routing import Candidate, route
from tests.core.conftest import CDN, World

READY, STARVED, DOWN = ProviderCondition


def test_a_job_goes_to_the_operators_first_choice(world: World) -> None:
    job = world.dispatched()

    assert (job.state, job.provider, job.attempt) == (JobState.DISPATCHED, "runpod", 1)
    assert job.provider_job_id == "runpod-1"
    assert world.sagemaker.submitted == []


def test_the_worker_gets_a_filled_graph_and_no_secret(world: World) -> None:
    world.accepted(prompt='"}, {{evil}} %date%', seed=7)
    world.dispatch("1001")

    [envelope] = world.runpod.submitted
    assert envelope["graph"]["1"]["inputs"]["text"] == '"}, {{evil}} %date%'
    assert envelope["graph"]["2"]["inputs"]["seed"] == 7
    assert envelope["outputs"] == ["9"]
    assert envelope["upload"]["result"]["fields"]["key"] == "jobs/1001/1/result.json"
    assert "secret-token" not in repr(envelope)


@pytest.mark.parametrize("error", [ProviderRefused("no"), ProviderUnreachable("silence")])
def test_a_provider_that_does_not_take_a_job_loses_it_to_the_other_at_once(
    world: World, error: ProviderRefused | ProviderUnreachable
) -> None:
    world.runpod.error = error
    job = world.dispatched()

    assert (job.provider, job.attempt) == ("sagemaker", 2)
    assert world.store.in_flight("runpod") == 0
    assert world.store.in_flight("sagemaker") == 1


def test_the_other_way_round_too(world: World) -> None:
    world.runpod.state = STARVED
    world.sagemaker.error = ProviderRefused("no")
    assert world.dispatched().provider == "runpod"


def test_a_starved_provider_is_passed_over(world: World) -> None:
    world.runpod.state = STARVED
    assert world.dispatched().provider == "sagemaker"


def test_full_slots_send_the_job_to_the_other_provider(world: World) -> None:
    providers = [world.dispatched(str(job)).provider for job in range(1, 5)]
    assert providers == ["runpod", "runpod", "sagemaker", "sagemaker"]


def test_when_all_slots_are_taken_the_job_waits_without_losing_a_try(world: World) -> None:
    for job in range(1, 5):
        world.dispatched(str(job))
    job = world.dispatched("5")

    assert (job.state, job.tries) == (JobState.QUEUED, 0)
    assert world.queue.sent[-1] == ("5", RECHECK_DELAY_S)


def test_a_job_that_nobody_takes_is_tried_again_later_and_fails_with_words(world: World) -> None:
    world.runpod.error = world.sagemaker.error = ProviderUnreachable("silence")
    world.accepted()
    for delay_s in RETRY_DELAYS_S:
        world.dispatch("1001")
        assert world.queue.sent[-1] == ("1001", delay_s)
        assert world.replies.edits == []
    world.dispatch("1001")

    assert world.job().state is JobState.FAILED
    shown = world.replies.showing("1001")
    assert shown is not None
    assert "Try again" in shown.content
    assert len(world.replies.edits) == 1


def test_a_job_dispatched_twice_runs_once(world: World) -> None:
    world.dispatched()
    world.dispatch("1001")
    assert len(world.runpod.submitted) + len(world.sagemaker.submitted) == 1


def test_a_dispatch_that_died_before_it_submitted_is_done_again(world: World) -> None:
    job = world.accepted()
    world.store.move(job, job.dispatched("runpod", world.clock()), slot_limit=2)

    world.dispatch("1001")
    assert world.runpod.submitted == []  # it may still be at it

    world.clock.pass_time(SUBMIT_GRACE_S + 1)
    world.dispatch("1001")
    assert world.job().attempt == 2
    assert len(world.sagemaker.submitted) == 1  # not where the last one died


def test_the_result_may_arrive_before_the_providers_answer_is_written(world: World) -> None:
    def finish(_: object) -> None:
        world.worker_writes_picture()
        world.deliver("1001", 1)

    world.runpod.on_submit = finish
    assert world.dispatched().state is JobState.SUCCEEDED
    assert world.store.in_flight("runpod") == 0


def test_attached_files_are_copied_for_the_worker(world: World) -> None:
    url = f"{CDN}/attachments/1/2/a.png"
    world.attachments.files = {url: b"png"}
    world.accepted(prompt="a fox", image=Attachment("a.png", url, "image/png", 3))
    world.dispatch("1001")

    [envelope] = world.runpod.submitted
    assert envelope["inputs"] == [
        {
            "node": "3",
            "input": "image",
            "url": "memory://bucket/jobs/1001/inputs/image",
            "max_bytes": 3,
        }
    ]
    assert world.objects.read("jobs/1001/inputs/image") == b"png"


def test_an_attached_file_that_is_gone_is_told_to_the_member(world: World) -> None:
    url = f"{CDN}/attachments/1/2/gone.png"
    world.accepted(prompt="a fox", image=Attachment("gone.png", url, "image/png", 3))
    world.dispatch("1001")

    assert world.job().state is JobState.FAILED
    shown = world.replies.showing("1001")
    assert shown is not None
    assert "Attach it again" in shown.content


def test_a_message_about_an_unknown_job_is_harmless(world: World) -> None:
    world.dispatch("9999")
    assert world.runpod.submitted == []


@pytest.mark.parametrize(
    ("runpod", "sagemaker", "avoid", "first"),
    [
        (READY, READY, None, "runpod"),
        (READY, READY, "runpod", "sagemaker"),
        (STARVED, READY, None, "sagemaker"),
        (DOWN, STARVED, None, "sagemaker"),
        (READY, DOWN, "runpod", "runpod"),
        (DOWN, DOWN, None, "runpod"),
    ],
)
def test_the_route_is_by_condition_then_by_preference(
    runpod: ProviderCondition, sagemaker: ProviderCondition, avoid: str | None, first: str
) -> None:
    order = route([Candidate("runpod", runpod), Candidate("sagemaker", sagemaker)], avoid)
    assert order[0] == first
    assert sorted(order) == ["runpod", "sagemaker"]
