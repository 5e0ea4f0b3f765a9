from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distillery.core.deliver_result import DELIVERY_LEASE_S, MAX_ATTEMPTS, UNREADABLE
from distillery.core.errors import DiscordRefused, DiscordUnavailable, ProviderUnreachable
from distillery.core.job import Job, JobState
from distillery.core.worker_documents import BadDocument, parse_progress, parse_result
from tests.core.conftest import World


def test_the_member_sees_the_pictures(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.kind == "pictures"
    assert shown.content[0].data == b"xxxx"
    assert world.job().state is JobState.SUCCEEDED
    assert world.store.in_flight("runpod") == 0


def test_a_result_delivered_five_times_is_shown_once(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    for _ in range(5):
        world.deliver("1001", 1)
    assert len(world.replies.edits) == 1


def test_a_late_attempt_changes_nothing(world: World) -> None:
    world.runpod.error = ProviderUnreachable("taken, but the answer was lost")
    world.dispatched()
    world.worker_writes_picture(attempt=1)
    world.deliver("1001", 1)

    assert world.replies.edits == []
    assert world.job().state is JobState.DISPATCHED

    world.worker_writes_picture(attempt=2)
    world.deliver("1001", 2)
    assert len(world.replies.edits) == 1


def test_a_freed_slot_wakes_the_job_that_waits_longest(world: World) -> None:
    for job in range(1, 5):
        world.dispatched(str(job))
    world.dispatched("5")
    world.clock.pass_time(1)
    world.dispatched("6")
    world.queue.sent.clear()

    world.worker_writes_picture("1")
    world.deliver("1", 1)

    assert world.queue.sent == [("5", 0)]


@pytest.mark.parametrize("kind", ["bad_input", "invalid_graph", "execution_failed", "timed_out"])
def test_what_the_job_itself_caused_is_told_at_once(world: World, kind: str) -> None:
    world.dispatched()
    world.worker_writes_error(kind)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.kind == "failure"
    assert world.job().state is JobState.FAILED


def test_what_the_machine_caused_is_tried_elsewhere(world: World) -> None:
    world.dispatched()
    world.worker_writes_error("engine_unavailable")
    world.deliver("1001", 1)
    assert world.job().state is JobState.QUEUED
    assert world.replies.edits == []

    world.dispatch("1001")
    assert (world.job().provider, world.job().attempt) == ("sagemaker", 2)


def test_after_the_last_attempt_the_member_is_told(world: World) -> None:
    world.dispatched()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        world.worker_writes_error("engine_unavailable", attempt=attempt)
        world.deliver("1001", attempt)
        world.dispatch("1001")

    assert world.job().state is JobState.FAILED
    assert len(world.replies.edits) == 1


def test_a_result_that_cannot_be_read_is_a_failure_with_words(world: World) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/result.json", b"not json", "application/json")
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.content == UNREADABLE


def test_while_discord_is_away_the_answer_is_kept_and_told_by_the_next_call(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = DiscordUnavailable("later")
    with pytest.raises(DiscordUnavailable):
        world.deliver("1001", 1)
    assert world.job().state is JobState.DELIVERING

    world.replies.error = None
    world.deliver("1001", 1)
    assert len(world.replies.edits) == 1
    assert world.job().state is JobState.SUCCEEDED


def test_a_delivery_whose_room_died_is_taken_over_when_its_lease_is_over(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = SystemExit()
    with pytest.raises(SystemExit):
        world.deliver("1001", 1)

    world.replies.error = None
    world.deliver("1001", 1)
    assert world.replies.edits == []  # the first room may still be at it

    world.clock.pass_time(DELIVERY_LEASE_S)
    world.deliver("1001", 1)
    assert len(world.replies.edits) == 1
    assert world.job().state is JobState.SUCCEEDED


def test_a_dead_token_ends_the_job_and_is_never_tried_again(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.replies.error = DiscordRefused("10015")
    world.deliver("1001", 1)

    assert world.job().is_final
    assert world.telemetry.counts["AnswersRefused"] == 1


def test_a_picture_too_large_for_the_member_is_linked(world: World) -> None:
    world.dispatched()
    limit = world.job().origin.attachment_size_limit
    world.worker_writes_picture(size=limit + 1)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    [delivery] = shown.content
    assert delivery.data is None
    assert delivery.link == "memory://bucket/jobs/1001/1/outputs/0_9.png"


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

    assert [shown.kind for _, shown in world.replies.edits] == ["pictures", "progress", "pictures"]


def test_progress_after_the_answer_is_not_shown(world: World) -> None:
    world.dispatched()
    world.worker_writes_picture()
    world.deliver("1001", 1)
    world.worker_writes_progress(3)
    world.show("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert shown.kind == "pictures"


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
