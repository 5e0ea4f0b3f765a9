"""Conditional writes: to one item, or to several together or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from distillery.core.errors import StoreBusy, StoreUnsure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Action = dict[str, Any]
"""One item of TransactItems: {"Put": …} or {"Update": …}."""

TRIES = 6
_PAUSE_S = 0.03
_FAILED = "ConditionalCheckFailed"
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons that are gone a moment later (DynamoDB's API reference, "TransactWriteItems")."""
_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
_UNSURE = frozenset({"InternalServerError", "TransactionInProgressException"})
"""Of these two sets botocore has repeated the call, with pauses, before we see them."""


class Transactions:
    """Writes actions, and waits a moment for others that write to the same items.

    Of two transactions that meet at an account or at a provider's slots DynamoDB lets one go first
    and refuses the other. That says nothing about the job, so it is tried again here. A repeat is
    safe even if the answer was lost: each job's own condition lets one of the two through.
    """

    def __init__(self, client: DynamoDBClient, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep

    def write(self, actions: Sequence[Action]) -> Sequence[bool]:
        """Write all or nothing. Returns nothing, or for each action whether its condition failed.

        Raises StoreBusy when others were first every time, StoreUnsure when there was no answer.
        """
        for attempt in range(TRIES):
            if attempt:
                self._sleep(_PAUSE_S * attempt * (0.5 + random.random()))  # noqa: S311 - no secret
            try:
                self._send(actions)
            except (ConnectionError, HTTPClientError) as error:
                raise StoreUnsure(f"DynamoDB did not answer: {type(error).__name__}") from error
            except ClientError as error:
                reasons = _reasons(error)
                met_others = not _PASSING.isdisjoint(reasons)
                # While others write, only what the first item says is sure: where its job stands.
                if reasons[0] == _FAILED or (_FAILED in reasons and not met_others):
                    return [reason == _FAILED for reason in reasons]
                if not met_others:
                    raise
            else:
                return []
        raise StoreBusy(f"{TRIES} writes in a row met others: try again later")

    def _send(self, actions: Sequence[Action]) -> None:
        if len(actions) > 1:
            self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        elif "Put" in actions[0]:
            self._client.put_item(**actions[0]["Put"])
        else:
            self._client.update_item(**actions[0]["Update"])


def _reasons(error: ClientError) -> list[str]:
    """Why nothing was written, for each action. Raises StoreBusy, or StoreUnsure if it may be."""
    code = error.response["Error"]["Code"]
    if code in _BUSY:
        raise StoreBusy(f"DynamoDB answered {code}: try again later") from error
    if code in _UNSURE:
        raise StoreUnsure(f"DynamoDB answered {code}, and may have written") from error
    if code == "TransactionCanceledException":
        return [str(r.get("Code")) for r in error.response["CancellationReasons"]]
    return [code.removesuffix("Exception")]
