"""The service itself, as the rooms wire it, on ports that break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from distillery.core.accept_job import AcceptJob
from distillery.core.admit_job import AdmitJob
from distillery.core.bury_job import BuryJob
from distillery.core.cancel_job import CancelJob
from distillery.core.circuits import Circuits
from distillery.core.deliver_result import DeliverResult
from distillery.core.dispatch_job import DispatchJob
from distillery.core.errors import QueueUnavailable, StoreUnsure
from distillery.core.heal_job import HealJob
from distillery.core.heal_line import HealLine
from distillery.core.job import Job
from distillery.core.recipes.recipe import Option, OptionKind, Recipe, Slot
from distillery.core.records import ProviderRecord
from distillery.core.routing import Slots
from distillery.core.show_progress import ShowProgress
from distillery.core.show_waiting import ShowWaiting
from distillery.core.stop_attempt import StopAttempt
from distillery.core.tier import Tier
from local.chaos.clockwork import Clockwork
from local.chaos.discord import SimulatedDiscord
from local.chaos.faulty import faulty
from local.chaos.gpus import SimulatedProvider
from local.chaos.rooms import Rooms
from local.chaos.weather import Weather
from local.made_of import made_of
from local.memory import (
    MemoryAttachments,
    MemoryDeadLetters,
    MemoryObjectStore,
    MemoryTelemetry,
)
from local.memory_store import MemoryJobStore, MemoryProviderRecords, MemoryTable

FILE = "https://cdn.example/fox.png"
POISON = "https://cdn.example/poison.png"
"""A file on which the dispatcher fails in a way that nobody has thought of."""
JOB_TIMEOUT_S = 600
PROMISE_S, HEDGE_SHARE = 120.0, 0.5

_RECIPE = Recipe(
    name="plain",
    title="Plain",
    description="A plain picture",
    default=True,
    graph={
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
        "2": {"class_type": "KSampler", "inputs": {"seed": 0}},
        "3": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    },
    options=(
        Option("prompt", OptionKind.STRING, "What", required=True, slots=(Slot("1", "text"),)),
        Option(
            *("seed", OptionKind.INTEGER, "Where chance starts"),
            random=True,
            minimum=0,
            maximum=99,
            slots=(Slot("2", "seed"),),
        ),
        Option("image", OptionKind.ATTACHMENT, "From what", slots=(Slot("3", "image"),)),
    ),
    outputs=("9",),
)

_SETTINGS = {
    "recipes": {"plain": _RECIPE},
    "attachment_origins": frozenset({"https://cdn.example"}),
    "job_timeout_s": JOB_TIMEOUT_S,
    "promise_s": PROMISE_S,
    "hedge_share": HEDGE_SHARE,
}


class Surroundings(Protocol):
    """What the service stands in: whom it talks to, and what goes wrong with it."""

    clock: Clockwork
    rooms: Rooms
    weather: Weather
    objects: MemoryObjectStore
    discord: SimulatedDiscord
    providers: list[SimulatedProvider]

    def happens(self, probability: float) -> bool:
        """Throw the dice."""

    def message(self, job_id: str, delay_s: float = 0.0) -> None:
        """Deliver a message to the dispatcher room."""


class _Queue:
    """Implements `JobQueue` on the world's agenda."""

    def __init__(self, world: Surroundings) -> None:
        self._world = world

    def send(self, job_id: str, *, group: str, delay_s: int = 0) -> None:
        fails = self._world.happens(self._world.weather.queue_error)
        if not fails or self._world.happens(0.5):
            self._world.message(job_id, delay_s)
        if fails:
            raise QueueUnavailable("the queue did not answer")


class _Store(MemoryJobStore):
    """Implements `JobStore`; its answer to a new job gets lost at times."""

    def __init__(self, world: Surroundings, table: MemoryTable) -> None:
        super().__init__(table)
        self._world = world

    def create(self, *jobs: Job) -> None:
        fails = self._world.happens(self._world.weather.store_error)
        if not fails or self._world.happens(0.5):
            super().create(*jobs)
        if fails:
            raise StoreUnsure("the table did not answer")


class _Files(MemoryAttachments):
    """Implements `Attachments`; one file is poison."""

    def fetch(self, url: str, max_bytes: int) -> bytes:
        if url == POISON:
            raise ZeroDivisionError("a defect that only this file brings to light")
        return super().fetch(url, max_bytes)


class Service:
    """Every use case, wired once."""

    def __init__(self, world: Surroundings, tiers: Sequence[Tier], slots: int) -> None:
        self.table = MemoryTable()
        self.telemetry = MemoryTelemetry()
        self.store = _Store(world, self.table)
        has = self._ports(world) | {"tiers": tiers, **_SETTINGS}

        gate = world.rooms.gate
        with_slots = {p.name: Slots(faulty("provider", p, gate), slots) for p in world.providers}
        in_turn = list(with_slots.values())
        providers = {name: slots.provider for name, slots in with_slots.items()}

        has["circuits"] = made_of(has, Circuits)
        has["stop"] = made_of(has, StopAttempt, providers=providers)
        self.deliver = has["deliver"] = made_of(has, DeliverResult)
        has["admit"] = made_of(has, AdmitJob)
        self.accept = made_of(has, AcceptJob)
        self.cancel = made_of(has, CancelJob)
        self.show_progress = has["show_progress"] = made_of(has, ShowProgress)
        has["show_waiting"] = made_of(has, ShowWaiting, providers=in_turn)
        self.dispatch = made_of(has, DispatchJob, providers=in_turn)
        self.heal = made_of(has, HealJob, providers=with_slots)
        self.heal_line = made_of(has, HealLine, providers=in_turn)
        self.bury = made_of(has, BuryJob)

    def _ports(self, world: Surroundings) -> dict[str, Any]:
        """What the use cases ask for by name; every call of it may be the one that fails."""
        ports = {
            "store": self.store,
            "records": MemoryProviderRecords(self.table),
            "queue": _Queue(world),
            "objects": world.objects,
            "replies": world.discord,
            "attachments": _Files({FILE: b"fox"}),
            "letters": MemoryDeadLetters(),
        }
        broken = {name: faulty(name, port, world.rooms.gate) for name, port in ports.items()}
        return broken | {"telemetry": self.telemetry, "clock": world.clock}

    def in_flight(self, provider: str) -> int:
        """How many slots of a provider are taken."""
        return len(self.table.providers.get(provider, ProviderRecord()).holders)

    def leaked(self) -> int:
        """How many slots, and places of members, are counted wrongly."""
        jobs = self.table.jobs.values()
        slots = {(job.provider, job.slot_holder) for job in jobs if job.holds_slot} ^ {
            (name, h) for name, record in self.table.providers.items() for h in record.holders
        }
        places = {(job.origin.user_id, job.job_id) for job in jobs if job.is_in_flight} ^ {
            (user, job_id)
            for user, account in self.table.accounts.items()
            for job_id in account.in_flight
        }
        return len(slots) + len(places)

    def ledger_of(self) -> dict[str, Counter[str]]:
        """What was charged for each job: how often it was reserved, settled and refunded."""
        lines: dict[str, Counter[str]] = {}
        for line in self.table.ledger:
            lines.setdefault(line.job_id, Counter())[line.kind] += line.amount
        return lines
