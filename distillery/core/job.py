"""The job: what a member asked for, where it stands, and which moves are legal.

Every move makes a new `Job`; a store writes it only if the job still stands where the move began
(see `JobStore.move`). So two rooms that act on one job cannot both win, and a late attempt loses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from distillery.core.recipe import Attachment, Scalar

TOKEN_LIFE_S = 15 * 60
"""An interaction token edits its message for 15 minutes (Discord, "Receiving and Responding")."""

LOOK_AGAIN_S = 30.0
"""A job that has not moved for this long is overdue: the watchdog looks what became of it."""


class JobState(StrEnum):
    """Where a job stands. `LEGAL_MOVES` says what may follow what."""

    QUEUED = "QUEUED"  # accepted, waiting for a provider
    DISPATCHED = "DISPATCHED"  # handed to a provider under the current attempt; holds one slot
    DELIVERING = "DELIVERING"  # the outcome is known and one room is telling the member
    SUCCEEDED = "SUCCEEDED"  # the member has the pictures
    FAILED = "FAILED"  # the member has been told why there are none


LEGAL_MOVES: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset({JobState.QUEUED, JobState.DISPATCHED, JobState.DELIVERING}),
        JobState.DISPATCHED: frozenset({JobState.DISPATCHED, JobState.QUEUED, JobState.DELIVERING}),
        JobState.DELIVERING: frozenset({JobState.DELIVERING, JobState.SUCCEEDED, JobState.FAILED}),
        JobState.SUCCEEDED: frozenset(),
        JobState.FAILED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked, and where the answer goes. `token` is a secret: it stays in the job's record."""

    application_id: str
    token: str
    user_id: str
    channel_id: str
    guild_id: str | None = None
    attachment_size_limit: int = 10 * 1024 * 1024  # bytes for each file this member may be sent


@dataclass(frozen=True, slots=True)
class Request:
    """What to make: a recipe and the checked value of every option."""

    workflow: str
    values: Mapping[str, Scalar]
    attachments: Mapping[str, Attachment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """One file that a worker made, as it lies in the object store."""

    name: str
    content_type: str
    size: int  # bytes
    width: int | None = None  # pixels
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: the pictures, or the words that tell the member why there are none."""

    pictures: tuple[Picture, ...] = ()
    error: str | None = None
    error_kind: str | None = None
    engine_s: float = 0.0  # how long the image engine worked

    @property
    def succeeded(self) -> bool:
        """True when there are pictures to show."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted request. Times are epoch seconds."""

    job_id: str
    origin: Origin
    request: Request
    created_at: float
    state: JobState = JobState.QUEUED
    attempt: int = 0  # the number of the latest dispatch; names every write and every result
    tries: int = 0  # rounds in which no provider took the job
    provider: str | None = None
    provider_job_id: str | None = None
    failed_on: str | None = None  # the provider on which the latest attempt came to nothing
    progress_shown: int = 0  # sequence of the last progress shown in this attempt
    lease_until: float = 0.0  # while DELIVERING: nobody else may deliver before this
    due_at: float = 0.0  # when the watchdog looks after it, unless it moves before
    outcome: Outcome | None = None
    times: Mapping[str, float] = field(default_factory=dict)  # stage -> when it was reached

    @property
    def token_expires_at(self) -> float:
        """When the interaction token stops editing its message."""
        return self.created_at + TOKEN_LIFE_S

    @property
    def holds_slot(self) -> bool:
        """A job occupies one of its provider's slots exactly while it is DISPATCHED."""
        return self.state is JobState.DISPATCHED

    @property
    def is_final(self) -> bool:
        """True when the member has the answer."""
        return not LEGAL_MOVES[self.state]

    def dispatched(self, provider: str, now: float) -> Job:
        """QUEUED to DISPATCHED: `provider` gets a new attempt."""
        return self._moved(
            JobState.DISPATCHED,
            "dispatched",
            now,
            attempt=self.attempt + 1,
            provider=provider,
            provider_job_id=None,
            progress_shown=0,
        )

    def submitted(self, provider_job_id: str, now: float) -> Job:
        """The provider took the current attempt and calls it `provider_job_id`."""
        return self._moved(JobState.DISPATCHED, "submitted", now, provider_job_id=provider_job_id)

    def showed(self, sequence: int, now: float) -> Job:
        """Progress number `sequence` of the current attempt is being shown."""
        stage = None if self.progress_shown else "started"
        return self._moved(JobState.DISPATCHED, stage, now, progress_shown=sequence)

    def returned(self, now: float) -> Job:
        """DISPATCHED to QUEUED: the current attempt came to nothing."""
        return self._moved(
            JobState.QUEUED,
            "returned",
            now,
            provider=None,
            provider_job_id=None,
            failed_on=self.provider,
        )

    def put_off(self, now: float, delay_s: float) -> Job:
        """Stays QUEUED: one more round in which no provider took it; the next is in `delay_s`."""
        due_at = now + delay_s + LOOK_AGAIN_S
        return self._moved(JobState.QUEUED, "put_off", now, tries=self.tries + 1, due_at=due_at)

    def rechecked(self, now: float, delay_s: float) -> Job:
        """Stays QUEUED: all slots are taken; somebody comes by again in `delay_s`."""
        return self._moved(JobState.QUEUED, None, now, due_at=now + delay_s + LOOK_AGAIN_S)

    def looked_after(self, now: float) -> Job:
        """The watchdog found nothing wrong, or has woken whoever goes on."""
        return self._moved(self.state, None, now)

    def concluded(self, outcome: Outcome, now: float, lease_s: float) -> Job:
        """The outcome is known; the caller alone may tell the member for `lease_s` seconds."""
        return self._moved(
            JobState.DELIVERING,
            "concluded",
            now,
            outcome=outcome,
            lease_until=now + lease_s,
            due_at=now + lease_s,
        )

    def reclaimed(self, now: float, lease_s: float) -> Job:
        """Whoever was telling the member has gone: the caller takes over."""
        lease_until = now + lease_s
        return self._moved(
            JobState.DELIVERING, "reclaimed", now, lease_until=lease_until, due_at=lease_until
        )

    def released(self, now: float) -> Job:
        """The caller could not tell the member: anybody may try again at once."""
        return self._moved(JobState.DELIVERING, "released", now, lease_until=now)

    def delivered(self, now: float) -> Job:
        """The member has been answered."""
        if self.outcome is None:
            raise ValueError(f"job {self.job_id} has no outcome to have been delivered")
        end = JobState.SUCCEEDED if self.outcome.succeeded else JobState.FAILED
        return self._moved(end, "delivered", now)

    def _moved(self, state: JobState, stage: str | None, now: float, **changes: object) -> Job:
        if state not in LEGAL_MOVES[self.state]:
            raise ValueError(f"job {self.job_id} may not go from {self.state} to {state}")
        times = self.times if stage is None else MappingProxyType({**self.times, stage: now})
        changes = {"due_at": now + LOOK_AGAIN_S, **changes}
        return replace(self, state=state, times=times, **changes)  # type: ignore[arg-type]
