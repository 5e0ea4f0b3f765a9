"""The ports in memory: what tests and simulations run on instead of AWS, Discord and GPUs.

The store, queue, objects and dead letters pass the same suites as the adapters in `distillery.aws`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distillery.core.errors import (
    ProviderError,
    QueueUnavailable,
    UserError,
)
from distillery.core.job import Job
from distillery.core.metrics import Unit, look_up
from distillery.core.ports import (
    Claim,
    DeadLetter,
    Delivery,
    Envelope,
    Missing,
    Progress,
    ProviderCondition,
    ProviderJob,
    Upload,
    Waiting,
)


@dataclass
class MemoryQueue:
    """Implements `JobQueue`; keeps what was sent."""

    sent: list[tuple[str, int]] = field(default_factory=list)  # job id, delay in seconds
    broken: bool = False

    def send(self, job_id: str, *, group: str, delay_s: int = 0) -> None:
        """Keep the message."""
        if self.broken:
            raise QueueUnavailable("the queue is down")
        self.sent.append((job_id, delay_s))


class MemoryFavourites:
    """Implements `Favourites`."""

    def __init__(self) -> None:
        self._jobs: dict[str, set[str]] = {}

    def add(self, user_id: str, job_id: str) -> None:
        """Keep it."""
        self._jobs.setdefault(user_id, set()).add(job_id)

    def remove(self, user_id: str, job_id: str) -> None:
        """Forget it."""
        self._jobs.get(user_id, set()).discard(job_id)

    def of_member(self, user_id: str) -> Sequence[str]:
        """Return them, the latest first."""
        return sorted(self._jobs.get(user_id, ()), key=int, reverse=True)


class MemoryDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self) -> None:
        self._letters: dict[str, DeadLetter] = {}

    def keep(self, letter: DeadLetter) -> None:
        """Keep a letter."""
        self._letters[letter.letter_id] = letter

    def list(self, limit: int) -> Sequence[DeadLetter]:
        """Return the letters, the latest first."""
        return [self._letters[key] for key in sorted(self._letters, reverse=True)[:limit]]

    def take(self, letter_id: str) -> DeadLetter | None:
        """Remove a letter and return it."""
        return self._letters.pop(letter_id, None)


class MemoryObjectStore:
    """Implements `ObjectStore`; its signed addresses are `memory://` URLs."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object."""
        self.objects[key] = data

    def read(self, key: str) -> bytes:
        """Return an object's bytes."""
        if key not in self.objects:
            raise FileNotFoundError(key)
        return self.objects[key]

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        return key in self.objects

    def sign_claim(self, key: str, life_s: int) -> Claim:
        """Return a request that nobody can make."""
        return Claim(f"memory://bucket/{key}", {"If-None-Match": "*"})

    def sign_get(self, key: str, life_s: int) -> str:
        """Return an address that nobody can open."""
        return f"memory://bucket/{key}"

    def sign_upload(self, key: str, max_bytes: int, life_s: int) -> Upload:
        """Return a form that nobody can post."""
        return Upload("memory://bucket", {"key": key})


@dataclass
class MemoryProvider:
    """Implements `GpuProvider`: takes every job, unless `error` says otherwise."""

    name: str
    state: ProviderCondition = ProviderCondition.READY
    error: ProviderError | None = None
    submitted: list[Envelope] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    jobs: dict[str, ProviderJob] = field(default_factory=dict)  # RUNNING unless said otherwise
    on_submit: Callable[[Envelope], None] = lambda envelope: None

    def condition(self) -> ProviderCondition:
        """Return the condition it was given."""
        return self.state

    def submit(self, envelope: Envelope) -> str:
        """Take the job, or fail as told."""
        if self.error is not None:
            raise self.error
        self.submitted.append(envelope)
        self.on_submit(envelope)
        return f"{self.name}-{len(self.submitted)}"

    def status(self, provider_job_id: str) -> ProviderJob:
        """Return what it was told of the job."""
        return self.jobs.get(provider_job_id, ProviderJob.RUNNING)

    def cancel(self, provider_job_id: str) -> None:
        """Keep the id."""
        self.cancelled.append(provider_job_id)


@dataclass(frozen=True)
class Shown:
    """What a member sees on a job's message."""

    kind: str  # "waiting", "progress", "pictures" or "failure"
    content: Any
    missing: Missing | None = None  # what is said of pictures that could not be made


class MemoryReplies:
    """Implements `Replies`: keeps every edit, and what each message shows now."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, Shown]] = []  # by the message's job, in order
        self.error: BaseException | None = None
        self.before_edit: Callable[[Job], None] = lambda job: None

    @property
    def edits(self) -> list[tuple[str, Shown]]:
        """What told of a job's work or of its end; not of how it waited."""
        return [(who, shown) for who, shown in self.shown if shown.kind != "waiting"]

    def showing(self, job_id: str) -> Shown | None:
        """Return what the job's message shows now."""
        return next((shown for who, shown in reversed(self.shown) if who == job_id), None)

    def show_waiting(self, job: Job, waiting: Waiting) -> None:
        """Show where it stands."""
        self._edit(job, Shown("waiting", waiting))

    def show_progress(self, job: Job, progress: Progress) -> None:
        """Show progress."""
        self._edit(job, Shown("progress", progress))

    def show_pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: Missing | None = None
    ) -> None:
        """Show pictures."""
        self._edit(job, Shown("pictures", tuple(deliveries), missing))

    def show_failure(self, job: Job, text: str, **values: str) -> None:
        """Show words."""
        self._edit(job, Shown("failure", text.format(**values) if values else text))

    def _edit(self, job: Job, shown: Shown) -> None:
        self.before_edit(job)
        if self.error is not None:
            raise self.error
        self.shown.append((job.lead_id, shown))


@dataclass
class MemoryAttachments:
    """Implements `Attachments` on a table of files."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Return the file at `url`."""
        if url not in self.files:
            raise UserError("The attached file is gone from Discord. Attach it again.")
        return self.files[url]


@dataclass
class MemoryTelemetry:
    """Implements `Telemetry`; keeps the names of what was counted and timed.

    Raises UnknownMetric, so that a test fails that meets what the catalogue does not know.
    """

    counts: dict[str, int] = field(default_factory=dict)
    durations: dict[str, list[float]] = field(default_factory=dict)

    def count(self, metric: str, value: int = 1, **labels: str) -> None:
        """Add to a counter."""
        look_up(metric, Unit.COUNT, labels)
        self.counts[metric] = self.counts.get(metric, 0) + value

    def seconds(self, metric: str, value: float, **labels: str) -> None:
        """Keep a duration."""
        look_up(metric, Unit.SECONDS, labels)
        self.durations.setdefault(metric, []).append(value)


@dataclass
class FakeClock:
    """A clock that moves when told."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
