"""A whole service in memory: the real use cases on the in-memory ports."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from distillery.core import keys
from distillery.core.accept_job import AcceptJob
from distillery.core.admit_job import AdmitJob
from distillery.core.cancel_job import CancelJob
from distillery.core.circuit import Circuit, CircuitState
from distillery.core.circuits import Circuits
from distillery.core.deliver_result import DeliverResult
from distillery.core.dispatch_job import DispatchJob
from distillery.core.heal_job import HealJob
from distillery.core.heal_line import HealLine
from distillery.core.job import Job, Origin
from distillery.core.list_jobs import ListJobs
from distillery.core.order import Order
from distillery.core.recipes.recipe import Option, OptionKind, Recipe, Slot
from distillery.core.records import Account, ProviderRecord
from distillery.core.routing import Slots
from distillery.core.send_canaries import SendCanaries
from distillery.core.show_progress import ShowProgress
from distillery.core.show_waiting import ShowWaiting
from distillery.core.stop_attempt import StopAttempt
from distillery.core.tier import Tier
from local.made_of import made_of
from local.memory import (
    FakeClock,
    MemoryAttachments,
    MemoryObjectStore,
    MemoryProvider,
    MemoryQueue,
    MemoryReplies,
    MemoryTelemetry,
)
from local.memory_store import MemoryJobStore, MemoryProviderRecords

CDN = "https://cdn.discordapp.com"
JOB_TIMEOUT_S, PROMISE_S, HEDGE_S = 600, 120.0, 60.0

RECIPE = Recipe(
    name="plain",
    title="Plain",
    description="A plain picture",
    default=True,
    graph={
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
        "2": {"class_type": "KSampler", "inputs": {"seed": 0, "positive": ["1", 0]}},
        "3": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
    },
    options=(
        Option(
            "prompt", OptionKind.STRING, "What to draw", required=True, slots=(Slot("1", "text"),)
        ),
        Option(
            "seed",
            OptionKind.INTEGER,
            "Where chance starts",
            minimum=0,
            maximum=2**31,
            random=True,
            slots=(Slot("2", "seed"),),
        ),
        Option("image", OptionKind.ATTACHMENT, "What to start from", slots=(Slot("3", "image"),)),
    ),
    outputs=("9",),
)


@dataclass
class World:
    """The service, and everything it touches."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    objects: MemoryObjectStore = field(default_factory=MemoryObjectStore)
    replies: MemoryReplies = field(default_factory=MemoryReplies)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)
    runpod: MemoryProvider = field(default_factory=lambda: MemoryProvider("runpod"))
    sagemaker: MemoryProvider = field(default_factory=lambda: MemoryProvider("sagemaker"))
    attachments: MemoryAttachments = field(default_factory=MemoryAttachments)
    slots: int = 2  # of each provider
    tiers: tuple[Tier, ...] = (Tier(jobs_at_once=10),)
    provider_names: tuple[str, ...] = ("runpod", "sagemaker")
    recipes: Mapping[str, Recipe] = field(default_factory=lambda: {"plain": RECIPE})
    attachment_origins: frozenset[str] = frozenset({CDN})
    job_timeout_s: int = JOB_TIMEOUT_S
    promise_s: float = PROMISE_S
    hedge_share: float = HEDGE_S / PROMISE_S

    def __post_init__(self) -> None:
        both = {"runpod": self.runpod, "sagemaker": self.sagemaker}
        self.providers = {name: both[name] for name in self.provider_names}
        with_slots = {n: Slots(provider, self.slots) for n, provider in self.providers.items()}
        in_turn = list(with_slots.values())
        self.table = self.store.table
        self.records = MemoryProviderRecords(self.table)
        self.circuits = made_of(vars(self), Circuits)
        self.stop = made_of(vars(self), StopAttempt)
        self.accept = made_of(vars(self), AcceptJob)
        self.deliver = made_of(vars(self), DeliverResult)
        self.show_progress = made_of(vars(self), ShowProgress)
        self.admit = made_of(vars(self), AdmitJob)
        self.show_waiting = made_of(vars(self), ShowWaiting, providers=in_turn)
        self.dispatch = made_of(vars(self), DispatchJob, providers=in_turn)
        self.heal = made_of(vars(self), HealJob, providers=with_slots)
        self.heal_line = made_of(vars(self), HealLine, providers=in_turn)
        self.cancel = made_of(vars(self), CancelJob)
        self.list_jobs = made_of(vars(self), ListJobs)
        self.canaries = made_of(vars(self), SendCanaries, providers=self.provider_names)

    def order(
        self, job_id: str = "1001", workflow: str | None = None, user: str = "42", **options: Any
    ) -> Order:
        """Return a member's order; without options, for a red fox."""
        return Order(
            job_id=job_id,
            origin=Origin(application_id="1", token="secret-token", user_id=user, channel_id="7"),
            workflow=workflow,
            options=options or {"prompt": "a red fox"},
            role_ids=frozenset({user}),  # so that a tier may be one member's
        )

    def accepted(self, job_id: str = "1001", *, user: str = "42", **options: Any) -> Job:
        """Accept an order and return its job."""
        return self.accept(self.order(job_id, user=user, **options))

    def dispatched(self, job_id: str = "1001", *, user: str = "42") -> Job:
        """Accept and dispatch an order; return the job as it stands then."""
        self.accepted(job_id, user=user)
        self.dispatch(job_id)
        return self.job(job_id)

    def all_slots_taken(self) -> None:
        """Another member's jobs fill both providers."""
        for number in range(self.slots * len(self.providers)):
            self.dispatched(f"busy-{number}", user="busy")
        self.queue.sent.clear()

    def run_queue(self) -> None:
        """Let the dispatcher take every message, also those that come of it."""
        while self.queue.sent:
            self.dispatch(self.queue.sent.pop(0)[0])

    def look(self, after_s: float = 0.0) -> None:
        """Let time pass, then do what the watchdog does with all that is overdue."""
        self.clock.pass_time(after_s)
        for job_id in self.store.overdue(self.clock(), 1000):
            self.heal(job_id)

    def finish(self, job_id: str = "1001") -> None:
        """A worker makes the job's picture, and its result is told."""
        attempt = self.job(job_id).attempt
        self.worker_writes_picture(job_id, attempt)
        self.deliver(job_id, attempt)

    def worker_begins(self, job_id: str = "1001", attempt: int = 1) -> None:
        """Do what a worker does first: claim the attempt."""
        self.objects.put(keys.claim_key(job_id, attempt), b"", "application/octet-stream")

    def shown(self) -> list[str]:
        """Return what each edit of any message showed."""
        return [shown.kind for _, shown in self.replies.edits]

    def submitted(self) -> list[str]:
        """Return the ids of the jobs that the providers were given, in order at each."""
        given = [*self.runpod.submitted, *self.sagemaker.submitted]
        return [str(envelope["job_id"]) for envelope in given]

    def record(self, provider: str) -> ProviderRecord:
        """Return what is recorded of a provider."""
        return self.records.all().get(provider, ProviderRecord())

    def set_record(self, provider: str, **changes: Any) -> None:
        """Change what is recorded of a provider."""
        self.table.providers[provider] = dataclasses.replace(self.record(provider), **changes)

    def set_circuit(self, state: CircuitState, provider: str = "runpod") -> None:
        """Put a circuit into a state, for as long as the test lasts."""
        circuits = {
            CircuitState.CLOSED: Circuit(),
            CircuitState.OPEN: Circuit(trips=1, open_until=self.clock() + 10_000),
            CircuitState.HALF_OPEN: Circuit(trips=1, open_until=self.clock()),
        }
        self.set_record(provider, circuit=circuits[state])

    def account(self, user: str = "42") -> Account:
        """Return what a member has."""
        return self.store.account(user)

    def words(self, job_id: str = "1001") -> str:
        """Return the words that a message shows, which must be words."""
        shown = self.replies.showing(job_id)
        assert shown is not None
        assert shown.kind == "failure"
        return str(shown.content)

    def job(self, job_id: str = "1001") -> Job:
        """Return a job as it stands."""
        job = self.store.load(job_id)
        assert job is not None
        return job

    def worker_writes_picture(self, job_id: str = "1001", attempt: int = 1, size: int = 4) -> None:
        """Do what a worker does at the end: one output, then the result."""
        self.objects.put(keys.output_key(job_id, attempt, "0_9.png"), b"x" * size, "image/png")
        output = {
            "name": "0_9.png",
            "content_type": "image/png",
            "bytes": size,
            "width": 8,
            "height": 8,
        }
        self.worker_writes_result(job_id, attempt, status="succeeded", outputs=[output], error=None)

    def worker_writes_error(self, kind: str, job_id: str = "1001", attempt: int = 1) -> None:
        """Do what a worker does when a job fails."""
        error = {"kind": kind, "message": "node 3 said no"}
        self.worker_writes_result(job_id, attempt, status="failed", outputs=[], error=error)

    def worker_writes_result(self, job_id: str, attempt: int, **fields: Any) -> None:
        """Put a result.json."""
        document = {
            "version": 1,
            "job_id": job_id,
            "attempt": attempt,
            "timings": {"engine_s": 2.0},
        }
        data = json.dumps(document | fields).encode()
        self.objects.put(keys.result_key(job_id, attempt), data, "application/json")

    def worker_writes_progress(
        self,
        sequence: int,
        percent: float = 50.0,
        job_id: str = "1001",
        attempt: int = 1,
        preview: bytes | None = None,
    ) -> None:
        """Put a progress.json."""
        document: dict[str, Any] = {"sequence": sequence, "percent": percent}
        document["node_title"] = "Sampler"
        if preview is not None:
            document["preview"] = {"base64": base64.b64encode(preview).decode()}
        data = json.dumps(document).encode()
        self.objects.put(keys.progress_key(job_id, attempt), data, "application/json")
