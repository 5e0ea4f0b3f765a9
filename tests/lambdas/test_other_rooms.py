from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lambdas.dispatcher.handler import build_handler as build_dispatcher
from lambdas.followup.handler import build_handler as build_followup
from lambdas.register_commands.handler import build_handler as build_register_commands
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


def test_each_message_dispatches_its_job() -> None:
    dispatch = Calls()
    answer = build_dispatcher(dispatch, no_log_context)(event("sqs_two_jobs"))  # type: ignore[arg-type]
    assert dispatch.calls == [("1001",), ("1002",)]
    assert answer == {"batchItemFailures": []}


def test_only_the_message_that_failed_comes_back() -> None:
    dispatch = Calls(failing=["1001"])
    answer = build_dispatcher(dispatch, no_log_context)(event("sqs_two_jobs"))  # type: ignore[arg-type]
    assert dispatch.calls == [("1001",), ("1002",)]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


@pytest.mark.parametrize("body", ["", "not json", "{}", "[]", "null"])
def test_a_message_without_a_job_goes_to_the_dead_letters(body: str) -> None:
    messages = event("sqs_two_jobs")
    messages["Records"][0]["body"] = body
    answer = build_dispatcher(Calls(), no_log_context)(messages)  # type: ignore[arg-type]
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
    build_followup(Calls(), Calls(), no_log_context)(event("s3_test_event"))  # type: ignore[arg-type]


def test_a_failed_delivery_makes_lambda_call_again() -> None:
    handle = build_followup(Calls(), Calls(failing=["1001"]), no_log_context)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        handle(event("s3_result"))


class Overdue(Calls):
    """The heal use case, with jobs that are overdue."""

    def __init__(self, failing: Sequence[str] = ()) -> None:
        super().__init__(failing)
        self.store = self
        self.telemetry = MemoryTelemetry()
        self.clock = FakeClock()

    def overdue(self, now: float, limit: int) -> list[str]:
        return ["1001", "1002"]


def test_every_overdue_job_is_looked_after_even_if_one_cannot_be() -> None:
    heal = Overdue(failing=["1001"])
    assert build_watchdog(heal, no_log_context)() == 2  # type: ignore[arg-type]
    assert heal.calls == [("1001",), ("1002",)]
    assert heal.telemetry.counts == {"HealingFailed": 1, "JobsOverdue": 2}


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
