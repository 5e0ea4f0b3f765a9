"""How bad it is: how often each thing goes wrong that can go wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Each field is a probability, of one occasion. Without any it is calm."""

    several_pictures: float = 0.0  # a member asks for two or four pictures, not for one
    crash: float = 0.0  # a room dies before, or after, a side effect
    pause: float = 0.0  # a side effect takes long, and others act meanwhile
    doubled_request: float = 0.0  # an interaction arrives twice
    doubled_message: float = 0.0  # SQS delivers a message twice
    cancelled_request: float = 0.0  # a member calls their latest request off soon after
    dropped_message: float = 0.0  # SQS loses a message
    store_error: float = 0.0  # DynamoDB does not answer a new job; half of them were written
    queue_error: float = 0.0  # SQS does not answer; half of the messages were taken all the same
    dropped_event: float = 0.0  # S3's event is lost
    doubled_event: float = 0.0
    discord_error: float = (
        0.0  # Discord answers 5xx or 429; some of the edits are made all the same
    )
    worker_death: float = 0.0  # a worker dies, before each thing it writes
    worker_error: float = 0.0  # a worker ends with an error, half of the time its machine's
    bad_document: float = 0.0  # a worker writes what nobody can read
    changes: bool = False  # providers and Discord go down, starve, slow down and come back


CALM = Weather()
STORM = Weather(
    several_pictures=0.15,
    crash=0.01,
    pause=0.1,
    doubled_request=0.05,
    cancelled_request=0.02,
    dropped_message=0.01,
    doubled_message=0.2,
    store_error=0.01,
    queue_error=0.005,
    dropped_event=0.3,
    doubled_event=0.3,
    discord_error=0.05,
    worker_death=0.01,
    worker_error=0.12,
    bad_document=0.01,
    changes=True,
)
