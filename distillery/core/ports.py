"""Everything the core needs from outside, on one page.

Adapters live in `distillery.aws`, `distillery.discord` and `distillery.providers`; the in-memory
twins used by tests pass the same suites.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from distillery.core.circuit import Circuit
from distillery.core.job import Job, Outcome, Picture
from distillery.core.records import Account, ProviderRecord

Clock = Callable[[], float]
"""Returns the time as epoch seconds."""

Envelope = Mapping[str, Any]
"""A job as the worker reads it: `gpu_container/job.schema.json`."""


class JobStore(Protocol):
    """The record of every job, and of what its member has. Each write is one conditional write."""

    def create(self, *jobs: Job) -> None:
        """Write the new jobs of one request and reserve their charge: all of it, or nothing.

        Raises DuplicateJob or NotEnoughCredits; then nothing was written. Raises StoreUnsure when
        it may have been.
        """

    def load(self, job_id: str) -> Job | None:
        """Read a job as it stands now, or None when there is none."""

    def load_all(self, job_ids: Sequence[str]) -> Sequence[Job]:
        """Read many jobs at once, in this order. Those that there are not are left out."""

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        """Replace `before` by `after` if the job still has `before`'s state, attempt and lease.

        A job that somebody has admitted meanwhile is not written over by one who saw it outside
        the line.

        All that follows from the move is written with it, or not at all:
        - into the line: one of its member's `jobs_at_once` is taken, or MemberAtLimit;
        - into DISPATCHED: one of the provider's `slot_limit` slots is taken, or NoFreeSlot;
        - out of DISPATCHED: the slot is free;
        - concluded: the member's place is free, as is the turn that the job may not have had, and
          the charge is settled for pictures and given
          back for anything else, with a line in the ledger.

        Raises StaleJob when the job has moved on. Then nothing was written.
        """

    def line(self, limit: int) -> Sequence[str]:
        """Ids of the jobs that wait in the line, those next in order first."""

    def place(self, job: Job) -> int:
        """How many stand before the job in the line."""

    def held(self, user_id: str) -> str | None:
        """Id of the job that a member has waited for longest of those that are held back."""

    def members_held(self, limit: int, after: str = "") -> Sequence[str]:
        """Ids of members who have jobs that are held back, in order, those past `after`."""

    def of_member(self, user_id: str, limit: int) -> Sequence[str]:
        """Ids of a member's jobs, the latest first."""

    def asked_since(self, user_id: str, since: float) -> int:
        """How many jobs a member has asked for since then, epoch seconds."""

    def overdue(self, now: float, limit: int) -> Sequence[str]:
        """Ids of the jobs whose `due_at` has passed, the longest overdue first."""

    def anything_open(self) -> bool:
        """Tell whether any job still waits for its end."""

    def account(self, user_id: str) -> Account:
        """Read what a member has; one who never asked has an empty account."""

    def release(self, user_id: str, job_id: str) -> None:
        """Take a job that is over off its member's jobs in flight."""


class Accounts(Protocol):
    """What members have, for those who may see and set it."""

    def account(self, user_id: str) -> Account:
        """Read what a member has; one who never asked has an empty account."""

    def set_balance(self, user_id: str, balance: int, entry_id: str) -> None:
        """Leave a member so many credits, with a line in the ledger. An entry counts once."""


class ProviderRecords(Protocol):
    """What all rooms know of the providers together."""

    def all(self) -> Mapping[str, ProviderRecord]:
        """Read every record by the provider's name, as it stands now."""

    def set_circuit(self, provider: str, before: Circuit, after: Circuit) -> None:
        """Replace a circuit, or raise StoreConflict when it is not `before` any more."""

    def free_slot(self, provider: str, holder: str) -> None:
        """Free the slot that `holder` holds, if it holds one."""


class JobQueue(Protocol):
    """Wakes the dispatcher. Delivers at least once, in no particular order."""

    def send(self, job_id: str, *, group: str, delay_s: int = 0) -> None:
        """Ask for one dispatch of the job. `group` is the member, for SQS fair queues."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A signed form with which anybody may store one object (an S3 pre-signed POST)."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A signed request that stores an object for the first who makes it, and for nobody after."""

    url: str
    headers: Mapping[str, str]  # to be sent as they are


class ObjectStore(Protocol):
    """Inputs, outputs, progress and results of jobs."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object."""

    def read(self, key: str) -> bytes:
        """Return an object's bytes; raises FileNotFoundError when there is none."""

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""

    def sign_claim(self, key: str, life_s: int) -> Claim:
        """Sign a PUT that only one of all who try it can win."""

    def sign_get(self, key: str, life_s: int) -> str:
        """Return a URL with which anybody may read the object for `life_s` seconds."""

    def sign_upload(self, key: str, max_bytes: int, life_s: int) -> Upload:
        """Sign an upload of at most `max_bytes`. `key` may end in `${filename}`."""


class ProviderCondition(StrEnum):
    """How a provider is doing, from best to worst."""

    READY = "ready"
    NO_CAPACITY = "no-capacity"  # takes jobs, but has no GPU for them
    CRASHING = "crashing"  # takes jobs, but its workers do not live
    DOWN = "down"  # does not answer


class ProviderJob(StrEnum):
    """What has become of a job at its provider."""

    WAITING = "waiting"  # in the provider's queue
    RUNNING = "running"
    ENDED = "ended"  # completed, failed, cancelled or timed out: nothing more will come
    GONE = "gone"  # the provider does not know it any more
    UNKNOWN = "unknown"  # it could not be asked


class GpuProvider(Protocol):
    """Somebody who runs our worker on a GPU."""

    @property
    def name(self) -> str:
        """The name used in settings, records and metrics."""

    def condition(self) -> ProviderCondition:
        """Ask how the provider is doing. Never raises: no answer is DOWN."""

    def submit(self, envelope: Envelope) -> str:
        """Hand a job over and return the provider's own id for it.

        Raises ProviderRefused when it was surely not taken, JobRefused when it never will be, and
        ProviderUnreachable when it may or may not have been taken.
        """

    def status(self, provider_job_id: str) -> ProviderJob:
        """Ask what has become of a job. Never raises: no answer is UNKNOWN."""

    def cancel(self, provider_job_id: str) -> None:
        """Stop a job, if the provider can. Raises ProviderError."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the current attempt has come."""

    sequence: int
    percent: float
    node_title: str | None = None
    step: int | None = None
    steps: int | None = None
    preview: bytes | None = None  # a JPEG
    eta_s: float | None = None  # until the graph has ended
    ended: int = 0  # of the jobs that share the message


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where a job stands that no worker has begun. None: not known, or not in the line."""

    place: int | None = None  # how many stand before it in the line
    seconds: float | None = None  # until its pictures may be expected, or until a GPU is awake


@dataclass(frozen=True, slots=True)
class Delivery:
    """One picture as it goes to the member. `data` is None when the file is too large to send.

    `copy` is what `data` holds where that is a smaller copy.
    """

    job: Job
    picture: Picture
    data: bytes | None
    copy: Picture | None = None

    @property
    def is_not_whole(self) -> bool:
        """True when the member gets the file itself only by a link."""
        return self.data is None or self.copy is not None

    @property
    def sent(self) -> Picture:
        """What `data` holds."""
        return self.copy or self.picture


@dataclass(frozen=True, slots=True)
class Missing:
    """Of all pictures of a request, how many could not be made, and how the last of them ended."""

    number: int
    all: int
    outcome: Outcome


class Replies(Protocol):
    """The member's message. Each call replaces all of it, so that a repeat changes nothing."""

    def show_waiting(self, job: Job, waiting: Waiting) -> None:
        """Show where the job stands that no worker has begun. Raises DiscordError."""

    def show_progress(self, job: Job, progress: Progress) -> None:
        """Show how far the job has come. Raises DiscordError."""

    def show_pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: Missing | None = None
    ) -> None:
        """Show the pictures of all jobs that share `job`'s message, and tell of those that are
        `missing`. Raises DiscordError.
        """

    def show_failure(self, job: Job, text: str, **values: str) -> None:
        """Say why there is no picture, with `values` in the braces. Raises DiscordError."""


class Favourites(Protocol):
    """The requests whose pictures a member wants to find again. Nobody else sees which."""

    def add(self, user_id: str, job_id: str) -> None:
        """Keep a request; doing it twice is doing it once."""

    def remove(self, user_id: str, job_id: str) -> None:
        """Keep it no longer; of one that is not kept that is nothing."""

    def of_member(self, user_id: str) -> Sequence[str]:
        """Ids of a member's favourites, the latest request first."""


class Attachments(Protocol):
    """The files that members attach to their commands."""

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Return the file's bytes; raises UserError when it is gone or too large."""


class Telemetry(Protocol):
    """Counts and durations for dashboards and alarms.

    `metrics.py` has every metric there is, and the labels that go with it.
    """

    def count(self, metric: str, value: int = 1, **labels: str) -> None:
        """Add to a counter."""

    def seconds(self, metric: str, value: float, **labels: str) -> None:
        """Record a duration in seconds."""


class LetterSource(StrEnum):
    """What a dead letter was before it died."""

    QUEUE = "queue"  # a message that asks for a dispatch
    EVENT = "event"  # S3 told of a document that a worker wrote
    SCHEDULE = "schedule"  # it was time for the watchdog


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message or an event that came to nothing after every try."""

    message_id: str
    sent_at_ms: int  # epoch milliseconds
    source: LetterSource
    body: str  # as it was, for the operator to look at
    reason: str  # why it died, in words
    job_id: str | None = None  # None when it names none

    @property
    def letter_id(self) -> str:
        """The name under which it is kept; the same message always has the same one."""
        return f"{self.sent_at_ms}#{self.message_id}"


class DeadLetters(Protocol):
    """Records of dead letters, for an operator to inspect and redrive."""

    def keep(self, letter: DeadLetter) -> None:
        """Keep a letter for some days. Keeping the same one twice is one record."""

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """Return the letters that are kept, the latest first."""

    def take(self, letter_id: str) -> DeadLetter | None:
        """Remove a letter and return it, or None when it is not there."""
