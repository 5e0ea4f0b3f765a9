from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from distillery.core.ports import DeadLetter, LetterSource
from lambdas.dead_letters.handler import build_handler
from lambdas.dead_letters.letter import LONGEST_BODY, LONGEST_REASON, read_letter
from tests.lambdas.conftest import event, no_log_context


class Burials:
    """The use case: keeps the letters, and fails for the jobs it was told to."""

    def __init__(self, *failing: str) -> None:
        self.letters: list[DeadLetter] = []
        self._failing = failing

    def __call__(self, letter: DeadLetter) -> None:
        self.letters.append(letter)
        if letter.job_id in self._failing:
            raise RuntimeError("the table is away")


def letter_in(body: str) -> DeadLetter:
    record = event("sqs_dead_messages")["Records"][0]
    return read_letter({**record, "body": body})


def failed(name: str, **changes: Any) -> DeadLetter:
    return letter_in(json.dumps(event(f"lambda_failed_{name}") | changes))


def test_every_message_is_buried_and_only_the_one_that_failed_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bury = Burials("1001")
    with caplog.at_level(logging.ERROR):
        answer = build_handler(bury, no_log_context)(event("sqs_dead_messages"))  # type: ignore[arg-type]
    assert [letter.job_id for letter in bury.letters] == ["1001", "1002"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert "the table is away" in caplog.text


def test_a_message_is_kept_under_the_time_it_was_first_sent() -> None:
    letter = read_letter(event("sqs_dead_messages")["Records"][0])
    assert letter.letter_id == "1790000000123#m-1"
    assert letter.source is LetterSource.QUEUE
    assert letter.body == '{"job_id": "1001"}'
    assert "dispatcher" in letter.reason


def test_a_failed_s3_event_names_its_job_and_its_error() -> None:
    letter = failed("s3_event")
    assert (letter.source, letter.job_id) == (LetterSource.EVENT, "1001")
    assert letter.reason == "RetriesExhausted: followup:$LATEST: RuntimeError: a defect"


@pytest.mark.parametrize("room", ["watchdog", "canary"])
def test_a_failed_schedule_names_its_room_and_no_job(room: str) -> None:
    context = event("lambda_failed_schedule")["requestContext"]
    context["functionArn"] = context["functionArn"].replace("watchdog", room)
    letter = failed("schedule", requestContext=context)
    assert (letter.source, letter.job_id) == (LetterSource.SCHEDULE, None)
    assert letter.reason == f"EventAgeExceeded: {room}:$LATEST"


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", "{}", '{"requestPayload": "{}"}'),
        *('{"job_id": ""}', '{"job_id": null}', '{"job_id": "../1"}'),
        json.dumps({"job_id": "1" * 3000}),
    ],
)
def test_a_message_that_cannot_be_read_is_a_letter_all_the_same(body: str) -> None:
    letter = letter_in(body)
    assert (letter.source, letter.job_id) == (LetterSource.QUEUE, None)
    assert letter.body == body
    assert letter.reason


@pytest.mark.parametrize(
    "payload",
    [
        {"Event": "s3:TestEvent"},
        {"Records": []},
        {"Records": [{"s3": None}]},
        {"Records": [{"s3": {"object": {"key": "elsewhere"}}}]},
        {"Records": [{"s3": {"object": {"key": 7}}}]},
    ],
)
def test_an_event_about_nothing_of_ours_names_no_job(payload: dict[str, Any]) -> None:
    assert failed("s3_event", requestPayload=payload).job_id is None


@pytest.mark.parametrize("answer", [None, "text", {}])
def test_a_function_that_said_nothing_has_a_reason_all_the_same(answer: Any) -> None:
    letter = failed("s3_event", responsePayload=answer)
    assert letter.reason == "RetriesExhausted: followup:$LATEST"


def test_what_is_too_long_to_keep_is_cut() -> None:
    answer = {"errorMessage": "x" * LONGEST_BODY * 2}
    letter = failed("s3_event", responsePayload=answer)
    assert len(letter.body) == LONGEST_BODY
    assert len(letter.reason) == LONGEST_REASON
    assert letter.job_id == "1001"
