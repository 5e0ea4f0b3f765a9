from __future__ import annotations

import pytest

from distillery.core.circuit import Circuit, CircuitState
from distillery.core.deadlines import SUBMIT_GRACE_S
from distillery.core.errors import (
    DiscordUnavailable,
    JobRefused,
    ProviderRefused,
    ProviderUnreachable,
    StaleJob,
)
from distillery.core.job import JobState
from distillery.core.ports import ProviderCondition
from distillery.core.recipes.recipe import Attachment
from distillery.core.tier import Tier
from tests.core.world import CDN, World

NOT_READY = [c for c in ProviderCondition if c is not ProviderCondition.READY]


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


def test_a_provider_that_refuses_a_job_loses_it_to_the_other_at_once(world: World) -> None:
    world.runpod.error = ProviderRefused("no")
    job = world.dispatched()

    assert (job.provider, job.attempt, job.losses) == ("sagemaker", 2, 0)
    assert world.record("runpod").holders == frozenset()
    assert len(world.record("sagemaker").holders) == 1
    assert world.telemetry.counts["ProviderRefusals"] == 1


def test_a_job_that_all_refuse_waits_in_its_place_and_goes_when_one_takes_it(
    world: World,
) -> None:
    world.runpod.error = world.sagemaker.error = ProviderRefused("no")
    place = world.dispatched().start_tag
    assert (world.job().state, world.job().start_tag) == (JobState.QUEUED, place)
    assert world.replies.edits == []

    world.runpod.error = world.sagemaker.error = None
    world.heal_line()
    world.run_queue()
    assert world.job().state is JobState.DISPATCHED


def test_a_job_that_no_provider_will_ever_take_ends_with_words_and_opens_no_circuit() -> None:
    world = World(tiers=(Tier(credits=5),))
    world.runpod.error = JobRefused("413: too large")
    world.accepted("2002", user="other")
    for number in range(4):
        world.dispatched(str(number))
        assert world.job(str(number)).state is JobState.FAILED
        assert "smaller" in world.words(str(number))
    assert world.record("runpod").circuit == Circuit()
    assert world.record("runpod").holders == frozenset()
    assert world.account().balance == 5
    assert world.sagemaker.submitted == []

    world.runpod.error = None
    world.dispatch("2002")
    assert world.job("2002").provider == "runpod"


def test_a_submit_that_got_no_answer_is_made_nowhere_else(world: World) -> None:
    world.runpod.error = ProviderUnreachable("silence")
    job = world.dispatched()

    assert (job.state, job.provider, job.provider_job_id) == (JobState.DISPATCHED, "runpod", None)
    assert world.sagemaker.submitted == []
    assert world.record("runpod").circuit.failures == 1
    assert world.telemetry.counts["ProviderRefusals"] == 1
    world.dispatch("1001")
    world.heal_line()
    world.run_queue()
    assert world.job() == job
    assert world.record("runpod").holders == {"1001#1"}


def test_an_unsure_submit_whose_worker_has_begun_is_waited_for(world: World) -> None:
    world.runpod.error = ProviderUnreachable("silence")
    world.dispatched()
    world.worker_begins()
    for _ in range(5):
        world.look(SUBMIT_GRACE_S)
        world.run_queue()
    assert (world.job().state, world.job().attempt) == (JobState.DISPATCHED, 1)
    assert world.submitted() == []

    world.finish()
    assert world.job().state is JobState.SUCCEEDED


def test_an_unsure_submit_of_which_nothing_comes_is_called_off_before_the_next(
    world: World,
) -> None:
    world.runpod.error = ProviderUnreachable("silence")
    world.dispatched()
    world.look(SUBMIT_GRACE_S - 1)
    assert world.job().state is JobState.DISPATCHED

    called_off: list[bool] = []
    world.sagemaker.on_submit = lambda _: called_off.append(
        world.objects.exists("jobs/1001/1/cancel")
    )
    world.look(1)
    world.run_queue()
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)
    assert called_off == [True]
    assert world.submitted() == ["1001"]


def test_an_unsure_attempt_is_called_off_before_it_waits_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a room that dies in between leaves a worker that nobody calls off."""
    world.runpod.error = ProviderUnreachable("silence")
    world.dispatched()

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(world.store, "move", dies)
    with pytest.raises(SystemExit):
        world.look(SUBMIT_GRACE_S)
    assert world.objects.exists("jobs/1001/1/cancel")


@pytest.mark.parametrize("condition", NOT_READY)
def test_a_provider_that_is_not_ready_is_passed_over(
    world: World, condition: ProviderCondition
) -> None:
    world.runpod.state = condition
    assert world.dispatched().provider == "sagemaker"
    assert world.runpod.submitted == []


def test_a_provider_that_says_it_has_no_gpu_gets_nothing_more(world: World) -> None:
    world.runpod.state = ProviderCondition.NO_CAPACITY
    world.dispatched()
    assert world.record("runpod").circuit.state(world.clock()) is CircuitState.OPEN

    def unheard() -> ProviderCondition:
        raise AssertionError("a provider that gets nothing need not be asked")

    world.runpod.condition = unheard  # type: ignore[method-assign]
    assert world.dispatched("1002").provider == "sagemaker"


def test_a_single_silence_closes_nothing_off(world: World) -> None:
    world.runpod.state = ProviderCondition.DOWN
    world.dispatched()
    assert world.record("runpod").circuit.state(world.clock()) is CircuitState.CLOSED


def test_full_slots_send_the_job_to_the_other_provider(world: World) -> None:
    providers = [world.dispatched(str(job)).provider for job in range(1, 5)]
    assert providers == ["runpod", "runpod", "sagemaker", "sagemaker"]


def test_a_slot_that_somebody_else_takes_first_sends_the_job_elsewhere() -> None:
    world = World(slots=1)
    records = dict(world.records.all())
    world.dispatched("1")
    world.records.all = lambda: records  # type: ignore[method-assign]  # as read before
    assert world.dispatched("2").provider == "sagemaker"


def test_a_job_waits_while_its_circuit_is_open_everywhere(world: World) -> None:
    for name in world.providers:
        world.set_record(name, circuit=Circuit(trips=1, open_until=world.clock() + 15))
    assert world.dispatched().state is JobState.QUEUED
    assert world.queue.sent == [("1001", 0)]

    world.clock.pass_time(15)
    world.dispatch("1001")
    assert (world.job().provider, world.job().is_probe) == ("runpod", True)


def test_only_one_job_tries_a_provider_out(world: World) -> None:
    for name in world.providers:
        world.set_record(name, circuit=Circuit(trips=1, open_until=world.clock()))
    for number in range(4):
        world.dispatched(str(number))
    world.run_queue()

    at_providers = [world.job(str(n)) for n in range(4) if world.job(str(n)).holds_slot]
    assert [(j.provider, j.is_probe) for j in at_providers] == [
        ("runpod", True),
        ("sagemaker", True),
    ]


def test_a_probe_is_not_tried_while_another_provider_works(world: World) -> None:
    world.set_record("runpod", circuit=Circuit(trips=1, open_until=world.clock()))
    job = world.dispatched()
    assert (job.provider, job.is_probe) == ("sagemaker", False)


def test_a_probe_that_is_refused_opens_the_circuit_for_longer(world: World) -> None:
    world.set_record("runpod", circuit=Circuit(trips=1, open_until=world.clock()))
    world.set_record("sagemaker", circuit=Circuit(trips=1, open_until=world.clock() + 999))
    world.runpod.error = ProviderRefused("no")
    world.dispatched()

    circuit = world.record("runpod").circuit
    assert (circuit.trips, circuit.open_until - world.clock()) == (2, 30)
    assert not circuit.is_probing


def test_a_message_of_a_job_whose_teller_has_gone_has_it_told(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = DiscordUnavailable("later")
    with pytest.raises(DiscordUnavailable):
        world.deliver("1001", 1)
    world.replies.error = None
    world.dispatch("1001")
    assert world.job().state is JobState.SUCCEEDED


def test_a_dispatch_that_died_before_it_submitted_is_done_again(world: World) -> None:
    job = world.admit(world.accepted())
    assert job is not None
    world.store.move(job, job.dispatched("runpod", world.clock()), slot_limit=2)

    world.dispatch("1001")
    assert world.submitted() == []  # it may still be at it

    world.look(SUBMIT_GRACE_S)
    world.run_queue()
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)


def test_a_job_that_moves_on_while_it_is_submitted_is_no_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.admit(world.accepted())

    def moved_on(*_: object, **__: object) -> None:
        raise StaleJob("1001")

    monkeypatch.setattr(world.store, "move", moved_on)
    world.dispatch("1001")
    assert world.submitted() == []


def test_the_result_may_arrive_before_the_providers_answer_is_written(world: World) -> None:
    def finish(_: object) -> None:
        world.worker_writes_picture()
        world.deliver("1001", 1)

    world.runpod.on_submit = finish
    assert world.dispatched().state is JobState.SUCCEEDED
    assert world.record("runpod").holders == frozenset()


def test_a_result_that_is_faster_than_the_providers_answer_ends_the_message_as_any_other(
    world: World,
) -> None:
    for job_id in ("1001", "1002"):
        world.admit(world.accepted(job_id))
    world.queue.sent.clear()
    world.runpod.on_submit = lambda _: world.finish()
    world.dispatch("1001")
    assert world.job("1002").state is JobState.QUEUED  # one message gives one slot
    assert ("1002", 0) in world.queue.sent


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


def test_a_message_about_an_unknown_job_is_harmless(world: World) -> None:
    world.dispatch("9999")
    assert world.runpod.submitted == []


def test_an_operator_may_have_an_answer_shown_once_more(world: World) -> None:
    world.dispatched()
    world.finish()
    before = len(world.replies.edits)
    world.dispatch.again("1001")
    assert [shown.kind for _, shown in world.replies.edits[before:]] == ["pictures"]


def test_a_job_without_an_answer_is_only_woken(world: World) -> None:
    world.accepted()
    world.dispatch.again("1001")
    assert world.job().state is JobState.DISPATCHED
