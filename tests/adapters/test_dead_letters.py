from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.core.ports import DeadLetter, DeadLetters, LetterSource
from local.memory import MemoryDeadLetters
from tests.adapters.conftest import TABLE

LETTER = DeadLetter(
    message_id="m-1",
    sent_at_ms=1_790_000_000_123,
    source=LetterSource.EVENT,
    body='{"requestPayload": "🦊"}',
    reason="RetriesExhausted",
    job_id="1001",
)
LATER = dataclasses.replace(
    LETTER, message_id="m-2", sent_at_ms=LETTER.sent_at_ms + 1, body="", job_id=None
)


@pytest.fixture(params=["memory", "dynamodb"])
def letters(request: pytest.FixtureRequest) -> DeadLetters:
    if request.param == "memory":
        return MemoryDeadLetters()
    return DynamoDeadLetters(request.getfixturevalue("dynamodb"), TABLE)


def test_letters_are_listed_as_they_were_kept_the_latest_first(letters: DeadLetters) -> None:
    letters.keep(LETTER)
    letters.keep(LATER)
    assert letters.list(10) == [LATER, LETTER]
    assert letters.list(1) == [LATER]


def test_the_same_message_is_one_record(letters: DeadLetters) -> None:
    letters.keep(LETTER)
    letters.keep(dataclasses.replace(LETTER, reason="again"))
    assert [letter.reason for letter in letters.list(10)] == ["again"]


def test_a_letter_is_taken_once(letters: DeadLetters) -> None:
    letters.keep(LETTER)
    letters.keep(LATER)
    assert letters.take(LETTER.letter_id) == LETTER
    assert letters.take(LETTER.letter_id) is None
    assert letters.list(10) == [LATER]


def test_the_table_forgets_a_letter_after_fourteen_days(dynamodb: Any) -> None:
    DynamoDeadLetters(dynamodb, TABLE).keep(LETTER)
    key = {"pk": {"S": "DEAD_LETTERS"}, "sk": {"S": "1790000000123#m-1"}}
    item = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    assert item["expires_at"] == {"N": str(1_790_000_000 + 14 * 24 * 3600)}
