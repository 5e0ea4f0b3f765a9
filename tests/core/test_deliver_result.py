from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distillery.core.circuit import Circuit, CircuitState
from distillery.core.deadlines import LOOK_AGAIN_S, PROGRESS_WITHIN_S, TOKEN_LIFE_S
from distillery.core.deliver_result import DELIVERY_LEASE_S, MAX_LOSSES, UNREADABLE
from distillery.core.deliveries import MAX_MESSAGE_BYTES
from distillery.core.errors import DiscordRefused, DiscordUnavailable, StaleJob
from distillery.core.failure_words import failure_words
from distillery.core.job import Job, JobState
from distillery.core.records import Account
from distillery.core.tier import Tier
from distillery.core.worker_documents import (
    RETRYABLE,
    BadDocument,
    parse_progress,
    parse_result,
)
from tests.core.conftest import World


def kinds(world: World) -> list[str]:
    """What each edit of any message showed."""
    return [shown.kind for _, shown in world.replies.edits]


def with_credits() -> World:
    return World(tiers=(Tier(credits=5),))


def test_progress_that_comes_so_late_that_nobody_could_take_it_back_is_not_shown(
    world: World,
) -> None:
    world.dispatched()
    world.clock.pass_time(PROGRESS_WITHIN_S - 1)
    world.worker_writes_progress(1)
    world.show("1001", 1)
    world.clock.pass_time(1)
    world.worker_writes_progress(2)
    world.show("1001", 1)

    assert [shown.content.sequence for _, shown in world.replies.edits] == [1]


def test_the_member_sees_the_pictures_and_pays_for_them_once() -> None:
    world = with_credits()
    world.dispatched()
    world.finish()

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.kind == "pictures"
    assert shown.content[0].data == b"xxxx"
    assert world.job().state is JobState.SUCCEEDED
    assert "delivered" in world.job().times
    assert world.record("runpod").holders == frozenset()
    assert world.account() == Account(finish_tag=1.0, balance=4, spent=1)
    assert world.telemetry.counts["JobsSucceeded"] == 1


def test_a_result_delivered_five_times_is_shown_and_charged_once() -> None:
    world = with_credits()
    world.dispatched()
    for _ in range(5):
        world.finish()
    assert kinds(world) == ["pictures"]
    assert world.account().spent == 1


def test_pictures_of_a_provider_are_remembered_and_failures_are_not(world: World) -> None:
    world.dispatched("failed")
    world.worker_writes_error("execution_failed", "failed")
    world.deliver("failed", 1)
    assert world.record("runpod").served_at == 0

    world.dispatched()
    world.finish()
    assert world.record("runpod").served_at == world.clock()


def test_a_late_attempt_changes_nothing(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    world.dispatch("1001")

    world.worker_writes_picture(attempt=1)
    world.deliver("1001", 1)
    assert world.replies.edits == []
    assert (world.job().state, world.job().attempt) == (JobState.DISPATCHED, 2)

    world.worker_writes_picture(attempt=2)
    world.deliver("1001", 2)
    assert kinds(world) == ["pictures"]


def test_a_result_of_a_job_that_waits_again_or_does_not_exist_is_not_shown(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    world.worker_writes_picture()
    for job_id in ("1001", "9999"):
        world.deliver(job_id, 1)
    assert world.job().state is JobState.QUEUED
    assert world.replies.edits == []


def test_a_freed_slot_wakes_the_next_in_line_and_the_members_job_that_was_held_longest() -> None:
    world = World(tiers=(Tier(role_id="busy", jobs_at_once=4), Tier()))
    for number in range(4):
        world.dispatched(f"busy-{number}", user="busy")
    for job_id in ("held-1", "held-2"):
        assert world.dispatched(job_id, user="busy").is_held
        world.clock.pass_time(1)
    world.dispatched("next")
    world.queue.sent.clear()

    world.finish("busy-0")
    assert world.queue.sent == [("next", 0), ("held-1", 0)]


def test_an_answer_does_not_wait_for_a_queue_that_is_down(world: World) -> None:
    world.all_slots_taken()
    world.dispatched()
    world.queue.broken = True
    world.finish("busy-0")
    assert world.job("busy-0").state is JobState.SUCCEEDED


@pytest.mark.parametrize("kind", ["bad_input", "invalid_graph", "execution_failed", "timed_out"])
def test_what_the_job_itself_caused_is_told_at_once_and_costs_nothing(kind: str) -> None:
    world = with_credits()
    world.dispatched()
    world.worker_writes_error(kind)
    world.deliver("1001", 1)

    text, values = failure_words(kind, "node 3 said no")
    assert world.words() == text.format_map(values)
    assert world.job().state is JobState.FAILED
    assert world.account().balance == 5
    assert world.record("runpod").holders == frozenset()


@pytest.mark.parametrize("kind", sorted(RETRYABLE))
def test_what_the_machine_caused_is_tried_elsewhere(world: World, kind: str) -> None:
    place = world.dispatched().start_tag
    world.queue.sent.clear()
    world.worker_writes_error(kind)
    world.deliver("1001", 1)
    assert (world.job().state, world.job().start_tag) == (JobState.QUEUED, place)
    assert world.record("runpod").holders == frozenset()
    assert world.queue.sent == [("1001", 0)]
    assert world.replies.edits == []

    world.run_queue()
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)


def test_after_the_last_loss_the_member_is_told_and_pays_nothing() -> None:
    world = with_credits()
    world.dispatched()
    for attempt in range(1, MAX_LOSSES + 1):
        assert world.replies.edits == []
        world.worker_writes_error("engine_unavailable", attempt=attempt)
        world.deliver("1001", attempt)
        world.run_queue()

    assert (world.job().state, world.job().attempt) == (JobState.FAILED, MAX_LOSSES)
    assert kinds(world) == ["failure"]
    assert world.account().balance == 5


def test_what_a_provider_lost_and_what_a_machine_spoiled_count_together(world: World) -> None:
    world.dispatched()
    for attempt in range(1, MAX_LOSSES):
        job = world.job()
        world.store.move(job, job.returned(world.clock(), lost=True))
        world.dispatch("1001")
        assert world.job().attempt == attempt + 1
    world.worker_writes_error("engine_unavailable", attempt=MAX_LOSSES)
    world.deliver("1001", MAX_LOSSES)
    assert world.job().state is JobState.FAILED


def test_a_result_that_cannot_be_read_is_a_failure_with_words(world: World) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/result.json", b"not json", "application/json")
    world.deliver("1001", 1)
    assert world.words() == UNREADABLE


# The circuit of the provider.


def probing(world: World) -> Job:
    """Job 1001 tries out Runpod."""
    world.set_record("runpod", circuit=Circuit(trips=2, open_until=world.clock()))
    world.set_record("sagemaker", circuit=Circuit(trips=1, open_until=world.clock() + 9999))
    job = world.dispatched()
    assert job.is_probe
    return job


def test_pictures_of_a_probe_close_the_circuit(world: World) -> None:
    probing(world)
    world.finish()
    assert world.record("runpod").circuit == Circuit()


def test_the_first_progress_of_a_probe_closes_the_circuit(world: World) -> None:
    probing(world)
    world.worker_writes_progress(1)
    world.show("1001", 1)
    assert world.record("runpod").circuit == Circuit()


def test_work_that_was_given_before_the_circuit_opened_does_not_close_it(world: World) -> None:
    """It tells nothing about now; the probe that is out does."""
    for job_id in ("1001", "1002"):
        world.dispatched(job_id)
    circuit = Circuit(trips=1, open_until=world.clock() + 60, probe="1001#1")
    world.set_record("runpod", circuit=circuit)
    world.worker_writes_progress(1)
    world.show("1001", 1)
    assert world.record("runpod").circuit == circuit
    for job_id in ("1001", "1002"):
        world.finish(job_id)
    assert world.record("runpod").circuit == circuit


def test_a_probe_that_could_not_make_pictures_closes_no_circuit(world: World) -> None:
    probing(world)
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    assert world.record("runpod").circuit.state(world.clock()) is CircuitState.OPEN


# Who tells the member, and when.


def test_while_discord_is_away_the_answer_is_kept_and_told_by_the_next_call(world: World) -> None:
    world.dispatched()
    world.replies.error = DiscordUnavailable("later")
    with pytest.raises(DiscordUnavailable):
        world.finish()
    assert world.job().state is JobState.DELIVERING

    world.replies.error = None
    world.deliver("1001", 1)
    assert kinds(world) == ["pictures"]
    assert world.job().state is JobState.SUCCEEDED


def test_a_room_that_fails_after_another_took_over_leaves_that_one_its_lease(world: World) -> None:
    world.dispatched()

    def taken_over(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.clock.pass_time(DELIVERY_LEASE_S)
        world.store.move(job, job.reclaimed(world.clock(), DELIVERY_LEASE_S))
        world.replies.error = DiscordUnavailable("later")

    world.replies.before_edit = taken_over
    with pytest.raises(DiscordUnavailable):
        world.finish()
    assert world.job().lease_until == world.clock() + DELIVERY_LEASE_S


def test_a_delivery_whose_room_died_is_taken_over_when_its_lease_is_over(world: World) -> None:
    world.dispatched()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.finish()

    world.replies.error = None
    world.clock.pass_time(DELIVERY_LEASE_S - 1)
    world.deliver("1001", 1)
    assert world.replies.edits == []  # the first room may still be at it

    world.clock.pass_time(1)
    world.deliver("1001", 1)
    assert kinds(world) == ["pictures"]
    assert world.job().state is JobState.SUCCEEDED


def test_whoever_takes_a_delivery_over_calls_those_whom_the_dead_room_did_not(
    world: World,
) -> None:
    world.all_slots_taken()
    world.dispatched("next")
    world.queue.sent.clear()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.finish("busy-0")
    world.replies.error = None
    world.queue.sent.clear()

    world.clock.pass_time(DELIVERY_LEASE_S)
    world.deliver("busy-0", 1)
    assert world.queue.sent == [("next", 0)]


def test_of_two_rooms_that_tell_a_member_together_only_one_does(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()

    def again(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.deliver("1001", 1)

    world.replies.before_edit = again
    world.deliver("1001", 1)
    assert kinds(world) == ["pictures"]


@pytest.mark.parametrize("call", ["deliver", "retry", "resume"])
def test_a_room_that_comes_second_is_no_error_and_tells_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    world.dispatched()
    world.worker_writes_picture()
    if call == "retry":
        world.worker_writes_error("engine_unavailable")
    if call == "resume":
        job = world.job()
        outcome = parse_result(world.objects.read("jobs/1001/1/result.json")).outcome
        world.store.move(job, job.concluded(outcome, world.clock(), 0.0))
    world.queue.sent.clear()

    def moved_on(*_: object, **__: object) -> None:
        raise StaleJob("1001")

    monkeypatch.setattr(world.store, "move", moved_on)
    world.deliver("1001", 1)
    assert world.replies.edits == []
    assert world.queue.sent == []


def test_an_answer_can_be_given_after_the_token_has_died(world: World) -> None:
    """The adapter edits through the bot then; here nothing gives up by the clock."""
    world.dispatched()
    world.replies.error = DiscordUnavailable("503")
    with pytest.raises(DiscordUnavailable):
        world.finish()
    while world.clock() < world.job().token_expires_at + TOKEN_LIFE_S:
        with pytest.raises(DiscordUnavailable):
            world.look(LOOK_AGAIN_S)
    assert world.job().state is JobState.DELIVERING

    world.replies.error = None
    world.look(LOOK_AGAIN_S)
    assert kinds(world) == ["pictures"]
    assert world.job().state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("write", "end"),
    [
        (World.worker_writes_picture, JobState.SUCCEEDED),
        (lambda world: world.worker_writes_error("bad_input"), JobState.FAILED),
    ],
)
def test_an_answer_that_discord_refuses_for_good_is_kept_and_never_tried_again(
    world: World, write: Callable[[World], None], end: JobState
) -> None:
    world.dispatched()
    write(world)
    world.replies.error = DiscordRefused("10008")
    world.deliver("1001", 1)

    job = world.job()
    assert job.state is end
    assert job.times["kept"] == world.clock()
    assert "delivered" not in job.times
    assert job.outcome is not None
    assert bool(job.outcome.pictures) is (end is JobState.SUCCEEDED)
    assert world.telemetry.counts["AnswersRefused"] == 1

    world.replies.error = None
    world.deliver("1001", 1)
    world.look(10_000)
    assert world.replies.edits == []


def test_nobody_is_told_how_a_canary_ended(world: World) -> None:
    world.canaries()
    world.run_queue()
    [canary] = [job_id for job_id in world.table.jobs if "runpod" in job_id]
    world.worker_writes_progress(1, job_id=canary)
    world.show(canary, 1)
    world.finish(canary)

    assert world.job(canary).state is JobState.SUCCEEDED
    assert world.replies.edits == []
    assert world.telemetry.counts["CanariesSucceeded"] == 1
    assert "JobsSucceeded" not in world.telemetry.counts


def test_a_picture_too_large_for_the_member_is_left_to_a_button(world: World) -> None:
    world.dispatched()
    limit = world.job().origin.attachment_size_limit
    world.worker_writes_picture(size=limit + 1)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    [delivery] = shown.content
    assert delivery.data is None
    assert delivery.is_not_whole


def test_pictures_that_one_message_cannot_hold_together_are_left_to_buttons(world: World) -> None:
    world.dispatched()
    each = MAX_MESSAGE_BYTES // 3 + 1
    names = [f"{n}_9.png" for n in range(3)]
    outputs = [{"name": n, "content_type": "image/png", "bytes": each} for n in names]
    for name in names:
        world.objects.put(f"jobs/1001/1/outputs/{name}", b"x", "image/png")
    world.worker_writes_result("1001", 1, status="succeeded", outputs=outputs, error=None)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert [delivery.data is None for delivery in shown.content] == [False, False, True]


@pytest.mark.parametrize(("said", "moves"), [({"animated": True}, True), ({}, False)])
def test_whether_a_picture_moves_is_kept_where_the_worker_says_so(
    world: World, said: dict[str, Any], moves: bool
) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/outputs/0_9.webp", b"abc", "image/webp")
    output = {"name": "0_9.webp", "content_type": "image/webp", "bytes": 3, **said}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    outcome = world.job().outcome
    assert outcome is not None
    assert [picture.moves for picture in outcome.pictures] == [moves]


COPY = {"name": "0_9.variant.webp", "content_type": "image/webp", "bytes": 3, "sha256": "ab" * 32}


@pytest.mark.parametrize("kind", ["variant", "thumbnail"])
def test_a_copy_that_a_worker_made_for_discord_is_sent_instead_of_the_picture(
    world: World, kind: str
) -> None:
    world.dispatched()
    size = world.job().origin.attachment_size_limit + 1
    for name in ("0_9.png", COPY["name"]):
        world.objects.put(f"jobs/1001/1/outputs/{name}", b"abc", "image/webp")
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": size}
    output |= {"variant": None, "thumbnail": None, kind: COPY}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    [delivery] = shown.content
    assert (delivery.data, delivery.sent.name) == (b"abc", COPY["name"])
    assert delivery.picture.name == "0_9.png"
    assert delivery.is_not_whole


def test_a_copy_that_was_never_stored_is_a_failure(world: World) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/outputs/0_9.png", b"abc", "image/png")
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": 3, "variant": COPY}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    assert "could not be stored" in world.words()


@pytest.mark.parametrize("copy", [{"name": "../x", "bytes": 1}, {"name": "a"}, {"bytes": 1}, 7])
def test_a_copy_that_does_not_fit_the_contract_is_no_result(world: World, copy: object) -> None:
    world.dispatched()
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": 3, "variant": copy}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    assert "could not be read" in world.words()


# Progress.


def test_progress_is_shown_while_the_worker_is_at_it(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(1)
    world.show("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.content.percent == 50.0


def test_old_progress_is_not_shown(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(2)
    world.show("1001", 1)
    world.worker_writes_progress(1)
    world.show("1001", 1)
    world.show("1001", 7)  # an attempt that is not the current one
    assert len(world.replies.edits) == 1


def test_progress_never_stays_on_top_of_the_pictures(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(1)
    world.worker_writes_picture()

    def deliver_meanwhile(job: Job) -> None:
        world.replies.before_edit = lambda job: None
        world.deliver("1001", 1)

    world.replies.before_edit = deliver_meanwhile
    world.show("1001", 1)

    assert kinds(world) == ["pictures", "progress", "pictures"]


def test_progress_after_the_answer_is_not_shown(world: World) -> None:
    world.dispatched()
    world.finish()
    world.worker_writes_progress(3)
    world.show("1001", 1)
    assert kinds(world) == ["pictures"]


def test_a_dropped_progress_edit_harms_nobody(world: World) -> None:
    world.dispatched()
    world.worker_writes_progress(1)
    world.replies.error = DiscordUnavailable("slow down")
    world.show("1001", 1)
    assert world.job().state is JobState.DISPATCHED


@pytest.mark.parametrize(
    "name", ["../../../secret", "a/b.png", "", ".", "..", "a b.png", "x" * 200, ".hidden"]
)
def test_a_workers_file_name_never_becomes_a_path(name: str) -> None:
    output = {"name": name, "content_type": "image/png", "bytes": 1}
    document = {"status": "succeeded", "outputs": [output], "error": None}
    with pytest.raises(BadDocument):
        parse_result(json.dumps(document).encode())


scalars = st.none() | st.booleans() | st.floats() | st.text(max_size=20)
json_values = (
    scalars
    | st.lists(scalars | st.dictionaries(st.text(max_size=9), scalars), max_size=3)
    | st.dictionaries(st.text(max_size=9), scalars, max_size=3)
)
fields = st.sampled_from(
    ["status", "outputs", "error", "timings", "sequence", "percent", "preview", "step"]
)


@example(b'{"sequence": 1e999, "percent": 1}')
@example(b'{"sequence": 1, "percent": Infinity}')
@example(
    b'{"status": "failed", "error": {"kind": "", "message": ""}, "timings": {"engine_s": NaN}}'
)
@given(st.binary() | st.dictionaries(fields, json_values).map(lambda d: json.dumps(d).encode()))
def test_whatever_a_worker_writes_is_read_or_refused(data: bytes) -> None:
    for parse in (parse_result, parse_progress):
        try:
            parse(data)
        except BadDocument:
            continue
