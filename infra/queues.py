"""The queue that wakes the dispatcher, and the queues of what could not be done."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.rooms import DISPATCHER

_VISIBILITY_FACTOR = 6
"""AWS Lambda, "Creating and configuring an Amazon SQS event source mapping": at least six times
the function's timeout, for retries while Lambda throttles."""
_MAX_RECEIVES = 4


class Queues(Construct):
    """A standard queue with dead letters, and dead letters for the S3 events of followup."""

    def __init__(self, scope: Construct, construct_id: str, *, is_local: bool) -> None:
        super().__init__(scope, construct_id)
        self._is_local = is_local
        self.job_dead_letters = self._queue("JobDeadLetters", retention=Duration.days(14))
        self.event_dead_letters = self._queue("EventDeadLetters", retention=Duration.days(14))
        self.jobs = self._queue(
            "Jobs",
            retention=Duration.days(1),
            visibility=Duration.seconds(_VISIBILITY_FACTOR * DISPATCHER.timeout_s),
            dead_letters=sqs.DeadLetterQueue(
                queue=self.job_dead_letters, max_receive_count=_MAX_RECEIVES
            ),
        )

    def _queue(
        self,
        name: str,
        *,
        retention: Duration,
        visibility: Duration | None = None,
        dead_letters: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not self._is_local,
            retention_period=retention,
            visibility_timeout=visibility,
            dead_letter_queue=dead_letters,
        )
