"""A whole service in memory: the real use cases on the in-memory ports."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from distillery.core import keys
from distillery.core.accept_job import AcceptJob, Order
from distillery.core.deliver_result import DeliverResult
from distillery.core.dispatch_job import DispatchJob, Slots
from distillery.core.heal_job import HealJob
from distillery.core.job import Job, Origin
from distillery.core.recipe import Option, OptionKind, Recipe, Slot
from distillery.core.show_progress import ShowProgress
from local.memory import (
    FakeClock,
    MemoryAttachments,
    MemoryJobStore,
    MemoryObjectStore,
    MemoryProvider,
    MemoryQueue,
    MemoryReplies,
    MemoryTelemetry,
)

CDN = "https://cdn.discordapp.com"

RECIPE = Recipe(
    name="plain",
    title="Plain",
    description="A plain picture",
    default=True,
    graph={
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
        "2": {"class_type": "KSampler", "inputs": {"seed": 0}},
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
    slots: int = 2

    def __post_init__(self) -> None:
        self.accept = AcceptJob(
            recipes={"plain": RECIPE},
            store=self.store,
            queue=self.queue,
            telemetry=self.telemetry,
            clock=self.clock,
            attachment_origins=frozenset({CDN}),
        )
        self.deliver = DeliverResult(
            store=self.store,
            queue=self.queue,
            objects=self.objects,
            replies=self.replies,
            telemetry=self.telemetry,
            clock=self.clock,
        )
        self.show = ShowProgress(
            store=self.store,
            objects=self.objects,
            replies=self.replies,
            deliver=self.deliver,
            telemetry=self.telemetry,
            clock=self.clock,
        )
        self.dispatch = DispatchJob(
            recipes={"plain": RECIPE},
            store=self.store,
            queue=self.queue,
            objects=self.objects,
            attachments=self.attachments,
            providers=[Slots(self.runpod, self.slots), Slots(self.sagemaker, self.slots)],
            deliver=self.deliver,
            telemetry=self.telemetry,
            clock=self.clock,
            job_timeout_s=600,
        )

        self.heal = HealJob(
            store=self.store,
            queue=self.queue,
            providers={"runpod": self.runpod, "sagemaker": self.sagemaker},
            deliver=self.deliver,
            telemetry=self.telemetry,
            clock=self.clock,
            job_timeout_s=600,
        )

    def order(self, job_id: str = "1001", workflow: str | None = None, **options: Any) -> Order:
        """Return a member's order; without options, for a red fox."""
        return Order(
            job_id=job_id,
            origin=Origin(application_id="1", token="secret-token", user_id="42", channel_id="7"),
            workflow=workflow,
            options=options or {"prompt": "a red fox"},
        )

    def accepted(self, job_id: str = "1001", **options: Any) -> Job:
        """Accept an order and return its job."""
        return self.accept(self.order(job_id, **options))

    def dispatched(self, job_id: str = "1001") -> Job:
        """Accept and dispatch an order; return the job as it stands then."""
        self.accepted(job_id)
        self.dispatch(job_id)
        return self.job(job_id)

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
        self, sequence: int, percent: float = 50.0, job_id: str = "1001", attempt: int = 1
    ) -> None:
        """Put a progress.json."""
        document = {"sequence": sequence, "percent": percent, "node_title": "Sampler"}
        data = json.dumps(document).encode()
        self.objects.put(keys.progress_key(job_id, attempt), data, "application/json")


@pytest.fixture
def world() -> World:
    return World()
