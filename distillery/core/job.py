"""The job: what a member asked for, where it stands, and which moves are legal.

Every move makes a new `Job`; a store writes it only if the job still stands where the move began
(see `JobStore.move`). So two rooms that act on one job cannot both win, and a late attempt loses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from distillery.core import deadlines
from distillery.core.parent import Parent
from distillery.core.recipes.recipe import Attachment, Scalar, Value
from distillery.core.tier import Tier

CANCELLED = "cancelled"
"""The kind of error that is none: the member wanted it."""


class JobState(StrEnum):
    """Where a job stands. `LEGAL_MOVES` says what may follow what."""

    QUEUED = "QUEUED"  # accepted; waits to be admitted, in the line, or held back
    DISPATCHED = "DISPATCHED"  # handed to a provider under the current attempt; holds one slot
    DELIVERING = "DELIVERING"  # the outcome is known and one room is telling the member
    SUCCEEDED = "SUCCEEDED"  # the member has the pictures
    FAILED = "FAILED"  # the member has been told why there are none
    CANCELLED = "CANCELLED"  # the member has been told that it was, as they wished


LEGAL_MOVES: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset({JobState.QUEUED, JobState.DISPATCHED, JobState.DELIVERING}),
        JobState.DISPATCHED: frozenset({JobState.DISPATCHED, JobState.QUEUED, JobState.DELIVERING}),
        JobState.DELIVERING: frozenset(
            {JobState.DELIVERING, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
        ),
        **dict.fromkeys((JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED), frozenset()),
    }
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked, and where the answer goes."""

    application_id: str
    token: str  # a secret that stays in the job's record; empty when we asked ourselves
    user_id: str
    channel_id: str
    guild_id: str | None = None
    attachment_size_limit: int = 10 * 1024 * 1024  # bytes for each file this member may be sent
    age_restricted: bool = False  # whether Discord lets only adults into the channel
    locale: str = ""  # the language of the member's Discord, such as `de`; empty: not known
    parent_channel_id: str | None = None  # that of a thread; None: it is no thread


@dataclass(frozen=True, slots=True)
class Request:
    """What to make: a recipe and the checked value of every option."""

    workflow: str
    values: Mapping[str, Scalar]
    attachments: Mapping[str, Attachment] = field(default_factory=dict)

    @property
    def given(self) -> Mapping[str, Value]:
        """Every option that has a value, files among them."""
        return {**self.values, **self.attachments}


@dataclass(frozen=True, slots=True)
class Picture:
    """One file that a worker made, as it lies in the object store."""

    name: str
    content_type: str
    size: int  # bytes
    width: int | None = None  # pixels
    height: int | None = None
    copy: str | None = None  # a smaller WebP beside it, where Discord would not show the file
    copy_size: int = 0  # bytes
    spoiler: bool = False  # covered where it is shown, until its reader clicks
    moves: bool = False  # an image of several frames, which a worker takes for no input


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: the pictures, or the words that tell the member why there are none."""

    pictures: tuple[Picture, ...] = ()
    error: str | None = None  # in English
    error_kind: str | None = None
    error_text: str | None = None  # what `error` is without `error_values` in its braces, if other
    error_values: Mapping[str, str] = field(default_factory=dict)
    withheld: int = 0  # how many pictures somebody's finding has left out
    engine_s: float = 0.0  # how long the image engine worked
    upload_s: float = 0.0  # how long the worker took to store the pictures
    gpu_s: float = 0.0  # what a provider charges for: the whole attempt, and the worker's start

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
    tier: Tier = field(default_factory=Tier)
    charge: int = 1  # credits reserved when it was accepted; settled or given back once
    state: JobState = JobState.QUEUED
    start_tag: float | None = None  # its place in the line (see `fair_order`), once admitted
    attempt: int = 0  # the number of the latest dispatch; names every write and every result
    losses: int = 0  # attempts that a provider took and that came to nothing
    provider: str | None = None
    provider_job_id: str | None = None
    is_probe: bool = False  # the attempt tries out a provider whose circuit is half-open
    parent: Parent | None = None  # None: it came from a command
    only_on: str | None = None  # the one provider that may run it; None: any
    failed_on: str | None = None  # the provider on which the latest attempt came to nothing
    progress_shown: int = 0  # sequence of the last progress shown in this attempt
    percent_shown: float = 0.0  # how far that said it was
    parts: tuple[str, ...] = ()  # ids of the jobs that share one message, this one's too; (): alone
    lease_until: float = 0.0  # while DELIVERING: nobody else may deliver before this
    due_at: float = 0.0  # when the watchdog looks after it, unless it moves before
    outcome: Outcome | None = None
    times: Mapping[str, float] = field(default_factory=dict)  # stage -> when it was reached

    @property
    def is_canary(self) -> bool:
        """True for a job of our own, which nobody is to be told about (see `send_canaries`)."""
        return not self.origin.token

    @property
    def lead_id(self) -> str:
        """The id under which the member knows the request: that of the interaction."""
        return self.parts[0] if self.parts else self.job_id

    @property
    def token_expires_at(self) -> float:
        """When the interaction token stops editing its message."""
        return self.created_at + deadlines.TOKEN_LIFE_S

    @property
    def answer_by(self) -> float:
        """When the member is told that it took too long, unless there are pictures before."""
        return self.created_at + deadlines.ANSWER_WITHIN_S

    @property
    def cost(self) -> float:
        """What a turn costs its member in virtual time: one unit, shared by the weight."""
        return 1 / self.tier.weight

    @property
    def finish_tag(self) -> float | None:
        """What the member's next job starts at."""
        return None if self.start_tag is None else self.start_tag + self.cost

    @property
    def had_no_turn(self) -> bool:
        """True while it stands in the line for the first time: its turn can be given back."""
        return self.is_in_flight and self.attempt == 0

    @property
    def holds_slot(self) -> bool:
        """A job occupies one of its provider's slots exactly while it is DISPATCHED."""
        return self.state is JobState.DISPATCHED

    @property
    def slot_holder(self) -> str:
        """The name under which the current attempt holds its slot; no other ever has it."""
        return f"{self.job_id}#{self.attempt}"

    @property
    def is_open(self) -> bool:
        """True while nobody knows how it will end."""
        return self.state in (JobState.QUEUED, JobState.DISPATCHED)

    @property
    def is_in_flight(self) -> bool:
        """True while it is in the line or at a provider, and counts towards `jobs_at_once`."""
        return self.is_open and self.start_tag is not None

    @property
    def is_held(self) -> bool:
        """True while its member has as many jobs in flight as they may."""
        return self.state is JobState.QUEUED and self.start_tag is None and "held" in self.times

    @property
    def is_final(self) -> bool:
        """True when the member has the answer."""
        return not LEGAL_MOVES[self.state]

    @property
    def was_cancelled(self) -> bool:
        """True when the member has called it off."""
        return self.outcome is not None and self.outcome.error_kind == CANCELLED

    def held(self, now: float) -> Job:
        """Ready, but its member has as many jobs in flight as they may."""
        return self._moved(JobState.QUEUED, "held", now, due_at=self.answer_by)

    def admitted(self, tag: float, now: float) -> Job:
        """Ready, and in the line."""
        return self._moved(JobState.QUEUED, "admitted", now, start_tag=tag, due_at=self.answer_by)

    def dispatched(self, provider: str, now: float, *, is_probe: bool = False) -> Job:
        """QUEUED to DISPATCHED: `provider` gets a new attempt."""
        return self._moved(
            JobState.DISPATCHED,
            "dispatched",
            now,
            attempt=self.attempt + 1,
            provider=provider,
            provider_job_id=None,
            is_probe=is_probe,
            progress_shown=0,
            percent_shown=0.0,
            due_at=now + deadlines.SUBMIT_GRACE_S,
        )

    def submitted(self, provider_job_id: str, now: float) -> Job:
        """The provider took the current attempt and calls it `provider_job_id`."""
        return self._moved(JobState.DISPATCHED, "submitted", now, provider_job_id=provider_job_id)

    def showed(self, sequence: int, now: float, percent: float = 0.0) -> Job:
        """Progress number `sequence` of the current attempt is being shown."""
        stage = None if self.progress_shown else "started"
        due_at = deadlines.look_after_progress(self.due_at, now)
        shown = {"progress_shown": sequence, "percent_shown": percent, "due_at": due_at}
        return self._moved(JobState.DISPATCHED, stage, now, **shown)

    def returned(self, now: float, *, lost: bool) -> Job:
        """DISPATCHED back into the line: the attempt was refused or moved, or it was `lost`."""
        return self._moved(
            JobState.QUEUED,
            "returned",
            now,
            provider=None,
            provider_job_id=None,
            is_probe=False,
            failed_on=self.provider,
            losses=self.losses + lost,
            due_at=self.answer_by,
        )

    def hedged(self, now: float) -> Job:
        """Back into the line, since it waited long at its provider: that happens once to a job."""
        waiting = self.returned(now, lost=False)
        return replace(waiting, times=MappingProxyType({**waiting.times, "hedged": now}))

    @property
    def was_hedged(self) -> bool:
        """True when waiting has moved it to another provider already."""
        return "hedged" in self.times

    def looked_after(self, now: float) -> Job:
        """The watchdog found nothing wrong, or has woken whoever goes on."""
        waits = self.state is JobState.QUEUED
        due_at = now + (deadlines.NOT_ADMITTED_S if waits else deadlines.LOOK_AGAIN_S)
        return self._moved(self.state, None, now, due_at=due_at)

    def concluded(self, outcome: Outcome, now: float, lease_s: float) -> Job:
        """The outcome is known; the caller alone may tell the member for `lease_s` seconds."""
        until, to = now + lease_s, JobState.DELIVERING
        return self._moved(to, "concluded", now, outcome=outcome, lease_until=until, due_at=until)

    def reclaimed(self, now: float, lease_s: float) -> Job:
        """Whoever was telling the member has gone: the caller takes over."""
        until = now + lease_s
        return self._moved(JobState.DELIVERING, "reclaimed", now, lease_until=until, due_at=until)

    def released(self, now: float) -> Job:
        """The caller could not tell the member: anybody may try again at once."""
        return self._moved(JobState.DELIVERING, "released", now, lease_until=now)

    def delivered(self, now: float, *, seen: bool = True) -> Job:
        """The member has been answered, or, not `seen`, will only find it in their history."""
        if self.outcome is None:
            raise ValueError(f"job {self.job_id} has no outcome to have been delivered")
        end = JobState.SUCCEEDED if self.outcome.succeeded else JobState.FAILED
        end = JobState.CANCELLED if self.was_cancelled else end
        return self._moved(end, "delivered" if seen else "kept", now)

    def removed(self, now: float) -> Job:
        """The answer was taken away. How the job ended, and what it cost, stays."""
        return replace(self, times=MappingProxyType({**self.times, "removed": now}))

    def _moved(self, state: JobState, stage: str | None, now: float, **changes: object) -> Job:
        if state not in LEGAL_MOVES[self.state]:
            raise ValueError(f"job {self.job_id} may not go from {self.state} to {state}")
        times = self.times if stage is None else MappingProxyType({**self.times, stage: now})
        changes = {"state": state, "due_at": now + deadlines.LOOK_AGAIN_S} | changes
        return replace(self, times=times, **changes)  # type: ignore[arg-type]
