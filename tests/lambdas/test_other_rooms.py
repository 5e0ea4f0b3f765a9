from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from lambdas.canary.handler import build_handler as build_canary
from lambdas.dispatcher.handler import build_handler as build_dispatcher
from lambdas.followup.handler import build_handler as build_followup
from lambdas.register_commands.handler import build_handler as build_register_commands
from lambdas.watchdog.handler import AT_ONCE
from lambdas.watchdog.handler import build_handler as build_watchdog
from local.memory import FakeClock, MemoryTelemetry
from tests.lambdas.conftest import event, no_log_context


class Calls:
    """A use case that keeps what it was called with, and fails for the jobs it was told to."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._failing = failing

    def __call__(self, *arguments: Any) -> None:
        self.calls.append(arguments)
        if arguments[0] in self._failing:
            raise RuntimeError("a defect")


class Dispatch(Calls):
    """The dispatch use case, which is also told whether a run for its message has failed before."""

    def __call__(self, *arguments: Any, is_repeat: bool = False) -> None:
        super().__call__(*arguments, is_repeat)


def test_each_message_dispatches_its_job() -> None:
    dispatch = Dispatch()
    answer = build_dispatcher(dispatch, no_log_context)(event("sqs_two_jobs"))  # type: ignore[arg-type]
    assert dispatch.calls == [("1001", False), ("1002", False)]
    assert answer == {"batchItemFailures": []}


def test_only_the_message_that_failed_comes_back() -> None:
    dispatch = Dispatch(failing=["1001"])
    answer = build_dispatcher(dispatch, no_log_context)(event("sqs_two_jobs"))  # type: ignore[arg-type]
    assert dispatch.calls == [("1001", False), ("1002", False)]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


def test_a_message_that_comes_again_is_known_as_such() -> None:
    messages = event("sqs_two_jobs")
    messages["Records"][1]["attributes"]["ApproximateReceiveCount"] = "2"
    dispatch = Dispatch()
    build_dispatcher(dispatch, no_log_context)(messages)  # type: ignore[arg-type]
    assert dispatch.calls == [("1001", False), ("1002", True)]


@pytest.mark.parametrize("body", ["", "not json", "{}", "[]", "null"])
def test_a_message_without_a_job_goes_to_the_dead_letters(body: str) -> None:
    messages = event("sqs_two_jobs")
    messages["Records"][0]["body"] = body
    answer = build_dispatcher(Dispatch(), no_log_context)(messages)  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


def test_a_result_is_delivered_and_a_progress_is_shown() -> None:
    show, deliver = Calls(), Calls()
    handle = build_followup(show, deliver, no_log_context)  # type: ignore[arg-type]
    handle(event("s3_result"))
    handle(event("s3_progress_and_stranger"))
    assert deliver.calls == [("1001", 1)]
    assert show.calls == [("1001", 1)]


def test_a_key_that_no_worker_writes_is_logged_and_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handle = build_followup(Calls(), Calls(), no_log_context)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        handle(event("s3_progress_and_stranger"))
    assert "no worker should have written" in caplog.text


def test_the_test_event_of_s3_is_ignored() -> None:
    show, deliver = Calls(), Calls()
    build_followup(show, deliver, no_log_context)(event("s3_test_event"))  # type: ignore[arg-type]
    assert show.calls == deliver.calls == []


def test_a_failed_delivery_makes_lambda_call_again() -> None:
    handle = build_followup(Calls(), Calls(failing=["1001"]), no_log_context)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        handle(event("s3_result"))


class Line:
    """Mends the line as it is told, and counts how often those who wait are told of it."""

    def __init__(self, mend: Callable[[], None]) -> None:
        self.mend = mend
        self.told = 0

    def __call__(self) -> None:
        self.mend()

    def tell(self) -> None:
        self.told += 1


class Overdue(Calls):
    """The heal use case, with jobs that are overdue: for each look those that it finds.

    The last ones are found in every look after it. Each job takes `heal_s`.
    """

    def __init__(
        self,
        *looks: Sequence[str],
        failing: Sequence[str] = (),
        is_open: bool = False,
        heal_s: float = 0.0,
    ) -> None:
        super().__init__(failing)
        self.store = self
        self.telemetry = MemoryTelemetry()
        self.clock = FakeClock()
        self.began_at = self.clock.now
        self.looked_at: list[float] = []  # seconds after the run began
        self._looks = list(looks)
        self._is_open = is_open
        self._heal_s = heal_s

    def __call__(self, *arguments: Any) -> None:
        self.clock.pass_time(self._heal_s)
        super().__call__(*arguments)

    def overdue(self, now: float, limit: int) -> Sequence[str]:
        self.looked_at.append(now - self.began_at)
        return (self._looks.pop(0) if len(self._looks) > 1 else self._looks[0])[:limit]

    def anything_open(self) -> bool:
        return self._is_open

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "time.sleep refuses that"
        self.clock.pass_time(seconds)

    def run(self, line: Callable[[], None] = lambda: None) -> int:
        self.line = Line(line)
        return build_watchdog(self, self.line, lambda: None, no_log_context, self.sleep)()  # type: ignore[arg-type]


FULL = [f"job-{n}" for n in range(AT_ONCE)]


def test_every_overdue_job_is_looked_after_even_if_one_cannot_be() -> None:
    heal = Overdue(["1001", "1002"], failing=["1001"])
    assert heal.run() == 2
    assert heal.calls == [("1001",), ("1002",)]
    assert heal.telemetry.counts == {"HealingFailed": 1, "JobsOverdue": 2}


def test_every_look_lets_those_who_wait_be_told() -> None:
    heal = Overdue([], is_open=True)
    heal.run()
    assert heal.line.told == len(heal.looked_at)


def test_the_line_is_mended_once_a_run_before_the_first_look() -> None:
    heal = Overdue([], is_open=True)
    mended_before: list[int] = []
    heal.run(lambda: mended_before.append(len(heal.looked_at)))
    assert mended_before == [0]


def test_a_line_that_cannot_be_mended_stops_no_look(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise RuntimeError("a defect")

    heal = Overdue(["1001"])
    heal.run(broken)
    assert heal.calls == [("1001",)]
    assert heal.telemetry.counts["LineHealingFailed"] == 1
    assert "could not mend the line" in caplog.text


def test_with_nothing_open_one_look_a_minute_is_all() -> None:
    heal = Overdue([])
    assert heal.run() == 0
    assert heal.looked_at == [0.0]


def test_while_anything_is_open_the_watchdog_looks_every_15_seconds_until_45() -> None:
    heal = Overdue(["1001"], [], is_open=True)
    assert heal.run() == 1
    assert heal.looked_at == [0.0, 15.0, 30.0, 45.0]


def test_a_slow_look_puts_off_the_next_and_none_begins_after_45_seconds() -> None:
    heal = Overdue(["1001"], is_open=True, heal_s=20.0)
    heal.run()
    assert heal.looked_at == [0.0, 20.0, 40.0]


def test_a_slow_line_does_not_cost_the_run_its_look() -> None:
    heal = Overdue([], is_open=True)
    heal.run(lambda: heal.clock.pass_time(50.0))
    assert heal.looked_at == [50.0]


def test_a_look_that_found_as_many_as_it_may_is_followed_by_the_next_at_once() -> None:
    heal = Overdue(FULL, FULL, ["1001"])
    assert heal.run() == 2 * AT_ONCE + 1
    assert heal.looked_at == [0.0, 0.0, 0.0]


def test_jobs_that_cannot_be_healed_are_not_looked_at_again_without_a_pause() -> None:
    heal = Overdue(FULL, failing=FULL)
    heal.run()
    assert heal.looked_at == [0.0, 15.0, 30.0, 45.0]


def test_the_canary_room_sends_them_and_lets_lambda_repeat_what_failed() -> None:
    sent: list[str] = []
    build_canary(lambda: sent.append("canaries"))()  # type: ignore[arg-type]
    assert sent == ["canaries"]

    def broken() -> None:
        raise RuntimeError("the table is away")

    with pytest.raises(RuntimeError):
        build_canary(broken)()  # type: ignore[arg-type]


class Registration:
    """Keeps the commands it was given."""

    def __init__(self) -> None:
        self.commands: Sequence[Mapping[str, Any]] | None = None

    def put(self, commands: Sequence[Mapping[str, Any]]) -> bool:
        self.commands = commands
        return True


@pytest.mark.parametrize(
    ("kind", "written"), [("Create", True), ("Update", True), ("Delete", False)]
)
def test_commands_are_put_at_deployment_and_stay_after_it(kind: str, written: bool) -> None:
    registration = Registration()
    handle = build_register_commands(registration, [{"name": "serve"}], "commands-1")  # type: ignore[arg-type]
    answer = handle({**event("custom_resource_create"), "RequestType": kind})
    assert answer["PhysicalResourceId"] == "commands-1"
    assert (registration.commands is not None) is written
