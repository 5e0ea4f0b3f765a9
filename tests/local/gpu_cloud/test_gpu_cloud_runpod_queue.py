"""The rules of Runpod's queue, on a clock that stands still until it is told."""

from __future__ import annotations

from local.gpu_cloud.runpod_queue import MOST_RETRIES, JobState, Policy, RunpodQueue


class FakeClock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def make() -> tuple[RunpodQueue, FakeClock]:
    clock = FakeClock()
    return RunpodQueue(clock), clock


def test_jobs_are_handed_out_in_the_order_they_came() -> None:
    queue, _ = make()
    first, second = (queue.submit({"n": n}, Policy()) for n in (1, 2))

    taken = [queue.take("w"), queue.take("w"), queue.take("w")]

    assert [job and job.id for job in taken] == [first.id, second.id, None]


def test_a_job_vanishes_at_the_end_of_its_ttl_even_while_it_runs() -> None:
    queue, clock = make()
    waiting, running = (queue.submit({}, Policy(ttl_s=10)) for _ in range(2))
    queue.take("w")

    clock.now += 10

    assert queue.find(waiting.id) is None
    assert queue.find(running.id) is None
    assert queue.waiting == 0
    assert list(queue.unwanted("w")) == [waiting.id]


def test_a_job_that_overruns_is_timed_out_and_its_worker_told_to_stop() -> None:
    queue, clock = make()
    job = queue.submit({}, Policy(execution_timeout_s=5))
    queue.take("w")

    clock.now += 5

    found = queue.find(job.id)
    assert found is not None
    assert found.state is JobState.TIMED_OUT
    assert queue.unwanted("w") == {job.id: clock.now}
    assert queue.counts()["failed"] == 1


def test_a_timed_out_job_can_be_retried_and_runs_again() -> None:
    queue, clock = make()
    job = queue.submit({}, Policy(execution_timeout_s=5))
    queue.take("w")
    clock.now += 5

    assert queue.retry(job.id) is not None

    again = queue.take("v")
    assert again is not None
    assert again.id == job.id


def test_the_execution_timeout_counts_from_the_latest_start() -> None:
    queue, clock = make()
    job = queue.submit({}, Policy(execution_timeout_s=5))
    queue.take("w")
    clock.now += 4
    queue.worker_lost("w", crashed=False)
    queue.take("v")

    clock.now += 4

    found = queue.find(job.id)
    assert found is not None
    assert found.state is JobState.IN_PROGRESS


def test_a_result_handed_in_after_the_cancellation_changes_nothing() -> None:
    queue, _ = make()
    job = queue.submit({}, Policy())
    queue.take("w")
    queue.cancel(job.id)

    queue.done("w", job.id, {"late": True}, None)

    found = queue.find(job.id)
    assert found is not None
    assert (found.state, found.output) == (JobState.CANCELLED, None)
    assert queue.unwanted("w") == {}


def test_a_result_from_a_worker_that_lost_the_job_changes_nothing() -> None:
    queue, _ = make()
    job = queue.submit({}, Policy())
    queue.take("w")
    queue.worker_lost("w", crashed=True)
    queue.take("v")

    queue.done("w", job.id, {"stale": True}, None)

    found = queue.find(job.id)
    assert found is not None
    assert found.state is JobState.IN_PROGRESS


def test_cancelling_a_finished_job_leaves_its_result() -> None:
    queue, _ = make()
    job = queue.submit({}, Policy())
    queue.take("w")
    queue.done("w", job.id, {"a": 1}, None)

    cancelled = queue.cancel(job.id)

    assert cancelled is not None
    assert (cancelled.state, cancelled.output) == (JobState.COMPLETED, {"a": 1})


def test_progress_shows_as_the_output_of_a_running_job() -> None:
    queue, _ = make()
    job = queue.submit({}, Policy())
    queue.take("w")

    queue.progress("w", job.id, "half")

    found = queue.find(job.id)
    assert found is not None
    assert (found.state, found.output) == (JobState.IN_PROGRESS, "half")


def test_a_job_to_be_run_twice_completes_with_its_second_result() -> None:
    queue, _ = make()
    job = queue.submit({}, Policy(), runs=2)

    for n in (1, 2):
        taken = queue.take("w")
        assert taken is not None
        queue.done("w", taken.id, n, None)

    found = queue.find(job.id)
    assert found is not None
    assert (found.state, found.output) == (JobState.COMPLETED, 2)
    assert queue.take("w") is None


def test_crashes_count_against_a_job_but_ordered_ends_do_not() -> None:
    queue, _ = make()
    job = queue.submit({}, Policy())

    for crashed in [False] * 9 + [True] * (MOST_RETRIES + 1):
        assert queue.take("w") is not None
        queue.worker_lost("w", crashed=crashed)

    found = queue.find(job.id)
    assert found is not None
    assert found.state is JobState.FAILED


def test_a_synchronous_result_is_kept_one_minute_and_another_half_an_hour() -> None:
    queue, clock = make()
    jobs = [queue.submit({}, Policy(), is_sync=is_sync) for is_sync in (True, False)]
    for job in jobs:
        queue.take("w")
        queue.done("w", job.id, {}, None)

    kept = []
    for seconds in (59, 2, 29 * 60 - 2, 61):
        clock.now += seconds
        kept.append([queue.find(job.id) is not None for job in jobs])

    assert kept == [[True, True], [False, True], [False, True], [False, False]]


def test_purging_cancels_what_waits_and_leaves_what_runs() -> None:
    queue, _ = make()
    running, waiting = (queue.submit({}, Policy()) for _ in range(2))
    queue.take("w")

    assert queue.purge() == 1

    states = [found and found.state for found in map(queue.find, (running.id, waiting.id))]
    assert states == [JobState.IN_PROGRESS, JobState.CANCELLED]
