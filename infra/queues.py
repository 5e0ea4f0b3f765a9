"""The queue that wakes the dispatcher, and the queue of what could not be done."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.rooms import DEAD_LETTERS, DISPATCHER, Room

_VISIBILITY_FACTOR = 6
"""AWS Lambda, "Creating and configuring an Amazon SQS event source mapping": at least six times
the function's timeout, for retries while Lambda throttles."""
_MAX_RECEIVES = 4


class Queues(Construct):
    """The queue of jobs, and the queue of what came to nothing: messages, and events.

    The latter has no dead letters of its own: what the dead_letters room cannot take stays there,
    is tried again, and is seen for 14 days. It is one queue, for Lambda asks each queue that it
    reads all day long, and every question costs.
    """

    def __init__(self, scope: Construct, construct_id: str, *, is_local: bool) -> None:
        super().__init__(scope, construct_id)
        self._is_local = is_local
        self.dead_letters = self._queue(
            "DeadLetters", retention=Duration.days(14), reader=DEAD_LETTERS
        )
        self.jobs = self._queue(
            "Jobs",
            retention=Duration.days(1),
            reader=DISPATCHER,
            dead_letters=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=_MAX_RECEIVES
            ),
        )

    def _queue(
        self,
        name: str,
        *,
        retention: Duration,
        reader: Room,
        dead_letters: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not self._is_local,
            retention_period=retention,
            visibility_timeout=Duration.seconds(_VISIBILITY_FACTOR * reader.timeout_s),
            dead_letter_queue=dead_letters,
        )
