"""What is told of a job and of the line, by the metrics' own names."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.answer_metrics import note_answer, stage_seconds
from distillery.core.circuit import Circuit
from distillery.core.job import Job, JobState, Origin, Outcome, Picture, Request
from distillery.core.metrics import UnknownMetric
from distillery.core.watch_line import WatchLine
from distillery.core.worker_documents import parse_result
from local.memory import MemoryTelemetry

if TYPE_CHECKING:
    from tests.core.world import World

PICTURES = (Picture("a.png", "image/png", 10),)
AT = 1_790_000_000.0


def ended(outcome: Outcome, *, token: str = "t", **times: float) -> Job:
    return Job(
        job_id="1",
        origin=Origin("1", token, "42", "20"),
        request=Request("sdxl", {}),
        created_at=AT,
        state=JobState.DELIVERING,
        provider="runpod",
        outcome=outcome,
        times=MappingProxyType({name: AT + at for name, at in times.items()}),
    )


def told(job: Job, at: float = AT + 20) -> MemoryTelemetry:
    telemetry = MemoryTelemetry()
    note_answer(job, telemetry, at)
    return telemetry


def test_the_stages_of_an_answer_say_where_its_time_went() -> None:
    made = Outcome(pictures=PICTURES, engine_s=8, upload_s=1)

    telemetry = told(ended(made, dispatched=2, concluded=18))

    assert telemetry.durations == {
        "TimeToAnswer": [20],
        "QueueTime": [2],
        "StartTime": [7],
        "GenerateTime": [8],
        "UploadTime": [1],
        "DeliverTime": [2],
    }
    assert telemetry.counts == {"JobsSucceeded": 1, "AnswersMissed": 0}


@given(
    st.floats(0.01, 600), st.floats(0, 60), st.floats(0, 600), st.floats(0, 600), st.floats(0, 60)
)
def test_the_stages_add_up_to_the_whole(
    engine_s: float, upload_s: float, queue_s: float, start_s: float, deliver_s: float
) -> None:
    concluded = queue_s + start_s + engine_s + upload_s
    made = Outcome(pictures=PICTURES, engine_s=engine_s, upload_s=upload_s)

    stages = stage_seconds(
        ended(made, dispatched=queue_s, concluded=concluded), AT + concluded + deliver_s
    )

    assert sum(stages.values()) == pytest.approx(concluded + deliver_s, abs=1e-5)


def test_a_job_that_no_worker_touched_has_no_stages_of_one() -> None:
    telemetry = told(ended(Outcome(error="late", error_kind="too_late"), concluded=18))

    assert set(telemetry.durations) == {"TimeToAnswer", "DeliverTime"}
    assert telemetry.counts == {"JobsFailed": 1, "AnswersMissed": 1}


@pytest.mark.parametrize(("kind", "counted"), [("bad_input", "JobsFailed"), ("cancelled", None)])
def test_what_a_member_caused_breaks_no_objective(kind: str, counted: str | None) -> None:
    telemetry = told(ended(Outcome(error="no", error_kind=kind), concluded=1))

    assert telemetry.counts == {counted or "JobsCancelled": 1, "AnswersMissed": 0}


def test_a_canary_is_no_answer() -> None:
    telemetry = told(ended(Outcome(pictures=PICTURES), token="", concluded=1))

    assert telemetry.counts == {"CanariesSucceeded": 1}
    assert telemetry.durations == {}


def test_a_cold_start_is_what_its_first_job_costs() -> None:
    document = b"""{"status": "failed", "error": {"kind": "no_output", "message": "none"},
        "timings": {"engine_s": 4, "upload_s": 1, "total_s": 7},
        "start": {"ready_s": 30.5, "jobs_before": %s}}"""

    cold, warm = (parse_result(document % before) for before in (b"0", b"3"))

    assert (cold.is_cold_start, cold.outcome.gpu_s) == (True, 37.5)
    assert (warm.is_cold_start, warm.outcome.gpu_s, warm.outcome.upload_s) == (False, 7, 1)


def test_a_worker_that_hides_its_time_is_still_paid_for_what_it_admits() -> None:
    document = b"""{"status": "failed", "error": {"kind": "no_output", "message": "none"},
        "timings": {"engine_s": 4, "total_s": -5}, "start": {"ready_s": null, "jobs_before": 0}}"""

    assert parse_result(document).outcome.gpu_s == 4


def watched(world: World) -> MemoryTelemetry:
    telemetry = MemoryTelemetry()
    WatchLine(world.store, world.records, list(world.providers), telemetry, world.clock)()
    return telemetry


def test_nothing_is_told_of_a_line_and_of_providers_at_rest(world: World) -> None:
    assert watched(world) == MemoryTelemetry()


def test_taken_slots_and_open_circuits_are_told_by_provider(world: World) -> None:
    world.set_record("runpod", holders=frozenset({"1#1", "2#1"}))
    world.set_record("sagemaker", circuit=Circuit(trips=2))

    assert watched(world).counts == {"SlotsTaken": 2, "CircuitOpen": 1}


@pytest.mark.parametrize(("broken", "nobody"), [(1, None), (2, 1)])
def test_a_line_that_waits_for_nobody_is_told(
    world: World, broken: int, nobody: int | None
) -> None:
    for name in list(world.providers)[:broken]:
        world.set_record(name, circuit=Circuit(trips=1))
    job = Job("7", Origin("1", "t", "42", "20"), Request("sdxl", {}), created_at=world.clock())
    world.store.create(job)
    world.store.move(job, job.admitted(0.0, world.clock()))
    world.clock.pass_time(90)

    telemetry = watched(world)

    assert telemetry.durations == {"OldestWaiting": [90]}
    assert telemetry.counts.get("NoProvider") == nobody


def test_a_metric_that_is_not_in_the_catalogue_says_what_to_do() -> None:
    with pytest.raises(UnknownMetric, match=r"metrics\.py: add a row .*\(infra/dashboards"):
        MemoryTelemetry().count("Foxes")
    with pytest.raises(UnknownMetric, match="JobsFailed is emitted in Count with nothing"):
        MemoryTelemetry().count("JobsFailed")
