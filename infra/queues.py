"""The queue that wakes the dispatcher, and the queues of what could not be done."""

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
    """The queue of jobs, and the queues of what came to nothing: messages, and events.

    Those two have no dead letters of their own: what the dead_letters room cannot take stays in
    its queue, is tried again, and is seen there for 14 days.
    """

    def __init__(self, scope: Construct, construct_id: str, *, is_local: bool) -> None:
        super().__init__(scope, construct_id)
        self._is_local = is_local
        self.job_dead_letters = self._dead_letters("JobDeadLetters")
        self.event_dead_letters = self._dead_letters("EventDeadLetters")
        self.jobs = self._queue(
            "Jobs",
            retention=Duration.days(1),
            reader=DISPATCHER,
            dead_letters=sqs.DeadLetterQueue(
                queue=self.job_dead_letters, max_receive_count=_MAX_RECEIVES
            ),
        )

    def _dead_letters(self, name: str) -> sqs.Queue:
        return self._queue(name, retention=Duration.days(14), reader=DEAD_LETTERS)

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
