"""What DynamoDB answers when writers meet, or when its answer is lost, and what becomes of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from distillery.aws.job_store import DynamoJobStore
from distillery.aws.provider_records import DynamoProviderRecords
from distillery.aws.transactions import TRIES
from distillery.core.circuit import Circuit
from distillery.core.errors import DuplicateJob, NotEnoughCredits, StaleJob, StoreBusy, StoreUnsure
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.records import Account
from distillery.core.tier import Tier
from tests.adapters.conftest import TABLE

NOW = 1_790_000_000.0
JOB = Job(
    job_id="1",
    origin=Origin("1", "t", "42", "7"),
    request=Request("plain", {"prompt": "fox"}),
    created_at=NOW,
    tier=Tier(credits=3),
)
PICTURES = Outcome(pictures=(Picture("0_9.png", "image/png", 5),))
CONFLICT, FAILED, NONE = "TransactionConflict", "ConditionalCheckFailed", "None"


class Store(DynamoJobStore):
    """A store that notes its pauses in place of taking them."""

    def __init__(self, client: Any) -> None:
        self.pauses: list[float] = []
        super().__init__(client, TABLE, self.pauses.append)


@pytest.fixture
def store(dynamodb: Any) -> Store:
    return Store(dynamodb)


def answered(client: Any, operation: str, code: str, *reasons: str, times: int = 1) -> None:
    """Let the next calls of an operation be refused before they reach the table."""
    left = [None] * times
    error = {"Error": {"Code": code, "Message": code}}
    told = {"CancellationReasons": [{"Code": reason} for reason in reasons]}

    def refuse(**_: Any) -> Any:
        if not left:
            return None
        left.pop()
        return SimpleNamespace(status_code=400), {**error, **told, "ResponseMetadata": {}}

    client.meta.events.register(f"before-call.dynamodb.{operation}", refuse)


def lose_answer(client: Any, operation: str) -> None:
    """Let the next call of an operation be done, and its answer be lost."""
    left = [None]

    def lose(**_: Any) -> None:
        if left:
            left.pop()
            raise ConnectionClosedError(endpoint_url="https://dynamodb")

    client.meta.events.register(f"after-call.dynamodb.{operation}", lose)


@pytest.mark.parametrize("reason", [CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_meets_another_is_tried_again(
    store: Store, dynamodb: Any, reason: str
) -> None:
    reasons = (NONE, reason, NONE)
    answered(dynamodb, "TransactWriteItems", "TransactionCanceledException", *reasons, times=2)
    store.create(JOB)
    assert store.account("42").reserved == 1
    assert len(store.pauses) == 2
    assert all(0 < pause < 0.2 for pause in store.pauses)


def test_a_transaction_that_always_meets_others_is_not_taken_for_a_lost_one(
    store: Store, dynamodb: Any
) -> None:
    reasons = (CONFLICT, NONE, NONE)
    answered(dynamodb, "TransactWriteItems", "TransactionCanceledException", *reasons, times=TRIES)
    with pytest.raises(StoreBusy):
        store.create(JOB)
    store.create(JOB)


def test_a_repeat_that_meets_the_first_is_told_of_that_and_not_of_credits(
    store: Store, dynamodb: Any
) -> None:
    """The account has no credits left since the first, still on its way, has reserved the last."""
    store.create(JOB)
    reasons = (CONFLICT, FAILED, NONE)
    answered(dynamodb, "TransactWriteItems", "TransactionCanceledException", *reasons)
    with pytest.raises(DuplicateJob):
        store.create(JOB)


def test_a_job_that_has_moved_on_is_stale_whatever_else_goes_on(
    store: Store, dynamodb: Any
) -> None:
    store.create(JOB)
    reasons = (FAILED, CONFLICT, NONE)
    answered(dynamodb, "TransactWriteItems", "TransactionCanceledException", *reasons)
    with pytest.raises(StaleJob):
        store.move(JOB, JOB.concluded(PICTURES, NOW, 40.0))
    assert store.pauses == []


def test_credits_that_are_used_up_are_said_without_delay(store: Store, dynamodb: Any) -> None:
    reasons = (NONE, FAILED, NONE)
    answered(dynamodb, "TransactWriteItems", "TransactionCanceledException", *reasons)
    with pytest.raises(NotEnoughCredits):
        store.create(JOB)
    assert store.pauses == []


@pytest.mark.parametrize("code", ["InternalServerError", "TransactionInProgressException"])
def test_a_write_that_may_have_been_done_is_unsure(store: Store, dynamodb: Any, code: str) -> None:
    answered(dynamodb, "TransactWriteItems", code)
    with pytest.raises(StoreUnsure, match=code):
        store.create(JOB)
    assert store.pauses == []


@pytest.mark.parametrize(
    "code",
    ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"],
)
def test_a_table_that_is_overrun_is_busy(store: Store, dynamodb: Any, code: str) -> None:
    answered(dynamodb, "TransactWriteItems", code)
    with pytest.raises(StoreBusy, match=code):
        store.create(JOB)
    assert store.pauses == []  # botocore has paused already


@pytest.mark.parametrize(
    ("code", "reasons"),
    [("ValidationException", ()), ("TransactionCanceledException", ("ValidationError", NONE))],
)
def test_a_write_that_is_wrong_is_not_tried_again(
    store: Store, dynamodb: Any, code: str, reasons: tuple[str, ...]
) -> None:
    answered(dynamodb, "TransactWriteItems", code, *reasons)
    with pytest.raises(ClientError, match=code):
        store.create(JOB)


def test_a_single_write_waits_for_a_transaction_too(store: Store, dynamodb: Any) -> None:
    store.create(JOB)
    answered(dynamodb, "UpdateItem", "TransactionConflictException")
    store.move(JOB, JOB.held(NOW))
    answered(dynamodb, "UpdateItem", "TransactionConflictException")
    store.release("42", "1")
    assert len(store.pauses) == 2

    pauses: list[float] = []
    records = DynamoProviderRecords(dynamodb, TABLE, pauses.append)
    answered(dynamodb, "UpdateItem", "TransactionConflictException")
    records.free_slot("runpod", "1#1")
    answered(dynamodb, "UpdateItem", "TransactionConflictException")
    records.set_circuit("runpod", Circuit(), Circuit().opened(NOW, "down"))
    assert len(pauses) == 2


def test_a_request_whose_answer_was_lost_is_charged_once(store: Store, dynamodb: Any) -> None:
    lose_answer(dynamodb, "TransactWriteItems")
    with pytest.raises(StoreUnsure):
        store.create(JOB)
    with pytest.raises(DuplicateJob):
        store.create(JOB)
    assert store.account("42") == Account(balance=2, reserved=1)
    assert len(store.ledger("42")) == 1


@pytest.mark.parametrize("outcome", [PICTURES, Outcome(error="no")])
def test_an_end_whose_answer_was_lost_is_settled_once(
    store: Store, dynamodb: Any, outcome: Outcome
) -> None:
    store.create(JOB)
    lose_answer(dynamodb, "TransactWriteItems")
    ended = JOB.concluded(outcome, NOW, 40.0)
    with pytest.raises(StoreUnsure):
        store.move(JOB, ended)
    after = store.account("42")
    with pytest.raises(StaleJob):
        store.move(JOB, ended)
    assert store.load("1") == ended
    assert store.account("42") == after
    assert len(store.ledger("42")) == 2


def test_a_slot_whose_answer_was_lost_is_taken_once(store: Store, dynamodb: Any) -> None:
    store.create(JOB)
    lose_answer(dynamodb, "TransactWriteItems")
    sent = JOB.dispatched("runpod", NOW)
    with pytest.raises(StoreUnsure):
        store.move(JOB, sent, slot_limit=1)
    with pytest.raises(StaleJob):
        store.move(JOB, sent, slot_limit=1)
    assert DynamoProviderRecords(dynamodb, TABLE).all()["runpod"].holders == {"1#1"}
