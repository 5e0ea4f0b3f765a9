"""The whole service in one process and in virtual time: real use cases, everything else breaks.

Rooms are called as AWS calls them: at least once, in any order, and killed when their time is up.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from distillery.core.accept_job import AcceptJob, Order
from distillery.core.bury_job import BuryJob
from distillery.core.deliver_result import DeliverResult
from distillery.core.dispatch_job import DispatchJob, Slots
from distillery.core.errors import QueueUnavailable, UserError
from distillery.core.heal_job import HealJob
from distillery.core.job import JobState, Origin
from distillery.core.keys import parse_attempt_key
from distillery.core.ports import DeadLetter, LetterSource
from distillery.core.recipe import Attachment, Option, OptionKind, Recipe, Slot
from distillery.core.show_progress import ShowProgress
from lambdas.watchdog.handler import build_handler as build_watchdog
from local.chaos.clockwork import Clockwork
from local.chaos.discord import SimulatedDiscord
from local.chaos.faulty import Crash, Gate, faulty
from local.chaos.gpus import Mode, SimulatedProvider
from local.chaos.weather import Weather
from local.memory import (
    MemoryAttachments,
    MemoryDeadLetters,
    MemoryJobStore,
    MemoryObjectStore,
    MemoryTelemetry,
)

SLOTS = 14
VISIBILITY_S = 180.0
MAX_RECEIVES = 4
EVENT_RETRIES_S = (60.0, 120.0)
"""AWS Lambda, "How Lambda handles errors and retries with asynchronous invocation"."""
INTERACTIONS_S, DISPATCHER_S, FOLLOWUP_S, WATCHDOG_S = 10.0, 30.0, 60.0, 60.0
_DEPTH = 3
_FILE = "https://cdn.example/fox.png"

_RECIPE = Recipe(
    name="plain",
    title="Plain",
    description="A plain picture",
    default=True,
    graph={
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}},
        "3": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    },
    options=(
        Option("prompt", OptionKind.STRING, "What", required=True, slots=(Slot("1", "text"),)),
        Option("image", OptionKind.ATTACHMENT, "From what", slots=(Slot("3", "image"),)),
    ),
    outputs=("9",),
)


@dataclass(frozen=True, slots=True)
class _Room:
    timeout_s: float
    ends_at: float
    risk: float  # by which the weather's dangers are multiplied


class _Queue:
    """Implements `JobQueue` on the world's agenda."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, job_id: str, *, group: str, delay_s: int = 0) -> None:
        fails = self._world.happens(self._world.weather.queue_error)
        if not fails or self._world.happens(0.5):
            self._world.message(job_id, delay_s)
        if fails:
            raise QueueUnavailable("the queue did not answer")


class World:
    """The service, everything it touches, and what goes wrong with it."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same seed shall do the same
        self.clock = Clockwork()
        self.weather = weather
        self.discord = SimulatedDiscord(self.clock, self.rng, weather)
        self.store = MemoryJobStore()
        self.objects = MemoryObjectStore()
        self.telemetry = MemoryTelemetry()
        self.providers = [
            SimulatedProvider(name, self.clock, self.rng, weather, self.put)
            for name in ("runpod", "sagemaker")
        ]
        self.passed: Counter[str] = Counter()  # points at which a room could have died
        self.crashed: Counter[str] = Counter()  # points at which one did
        self.hurt_at: dict[str, float] = {}  # job -> when something first went wrong with it
        self.dead_letters = 0
        self.received = 0
        self.dark_until = 0.0  # so long no provider turns to anything better
        self.interfere: Gate = lambda point: None  # of a test, at every point that is passed
        self._rooms: list[_Room] = []  # at work; each was called while the one before it was slow
        self._wire()
        for provider in self.providers:
            provider.hurt = self.hurt
        self._every_minute()

    def _wire(self) -> None:
        store = faulty("store", self.store, self._gate)
        queue = faulty("queue", _Queue(self), self._gate)
        objects = faulty("objects", self.objects, self._gate)
        replies = faulty("replies", self.discord, self._gate)
        files = faulty("attachments", MemoryAttachments({_FILE: b"fox"}), self._gate)
        providers = [faulty("provider", p, self._gate) for p in self.providers]
        clock, telemetry = self.clock, self.telemetry
        recipes = {"plain": _RECIPE}
        origins = frozenset({"https://cdn.example"})
        self.deliver = DeliverResult(store, queue, objects, replies, telemetry, clock)
        self.accept = AcceptJob(recipes, store, queue, telemetry, clock, origins)
        self.show = ShowProgress(store, objects, replies, self.deliver, telemetry, clock)
        slots = [Slots(provider, SLOTS) for provider in providers]
        self.dispatch = DispatchJob(
            recipes, store, queue, objects, files, slots, self.deliver, telemetry, clock, 600
        )
        named = {provider.name: provider for provider in providers}
        self.heal = HealJob(store, queue, named, self.deliver, telemetry, clock, 600)
        letters = faulty("letters", MemoryDeadLetters(), self._gate)
        self._bury = BuryJob(letters, store, self.deliver, telemetry)
        self._watch = build_watchdog(self.heal, lambda _: contextlib.nullcontext())

    def happens(self, probability: float) -> bool:
        """Throw the dice."""
        return self.rng.random() < probability

    def hurt(self, job_id: str) -> None:
        """Note that something has gone wrong with a job."""
        self.hurt_at.setdefault(job_id, self.clock())

    def request(self, job_id: str, user: str = "42") -> None:
        """A member asks for a picture."""
        self.discord.asked(job_id)
        self.interaction(job_id, user)
        if self.happens(self.weather.doubled_request):
            self.clock.after(
                self.rng.uniform(0, 2), "request", lambda: self.interaction(job_id, user)
            )

    def interaction(self, job_id: str, user: str = "42") -> None:
        """Call the interactions room; what it answers takes a moment to be read."""
        options: dict[str, str | Attachment] = {"prompt": job_id}
        if self.happens(0.1):
            options["image"] = Attachment("fox.png", _FILE, "image/png", 3)
        origin = Origin("1", "token", user, "7")
        answers: list[str] = []

        def room() -> None:
            try:
                self.accept(Order(job_id, origin, None, options))
                answers.append("thinking")
            except UserError:
                answers.append("refused")

        if self.room(job_id, INTERACTIONS_S, room):
            self.clock.after(0.1, "response", lambda: self.discord.respond(job_id, answers[0]))

    def message(self, job_id: str, delay_s: float = 0.0) -> None:
        """SQS: a message is delivered until a room says that it is done, at most four times."""
        copies = 2 if self.happens(self.weather.doubled_message) else 1
        for _ in range(copies):
            self.clock.after(
                delay_s + self.rng.uniform(0.02, 0.5), "message", lambda: self.receive(job_id, 1)
            )

    def receive(self, job_id: str, receives: int) -> None:
        """Call the dispatcher room."""
        self.received += 1
        if self.room(job_id, DISPATCHER_S, lambda: self.dispatch(job_id)):
            return
        if receives >= MAX_RECEIVES:
            self.bury(LetterSource.QUEUE, job_id)
            return
        self.clock.after(VISIBILITY_S, "message", lambda: self.receive(job_id, receives + 1))

    def put(self, key: str, data: bytes) -> None:
        """A worker stores an object, and S3 tells of it: not at all, once or twice, at any time."""
        self.objects.put(key, data, "application/octet-stream")
        if not key.endswith(("/progress.json", "/result.json")):
            return
        copies = 2 if self.happens(self.weather.doubled_event) else 1
        if self.happens(self.weather.dropped_event):
            copies = 0
            self.hurt(key.split("/")[1])
        for _ in range(copies):
            delay_s = self.rng.choice((0.05, 0.3, 1.0, 4.0, 30.0))
            self.clock.after(delay_s, "event", lambda: self.event(key, 0))

    def event(self, key: str, retries: int) -> None:
        """Call the followup room."""
        document = parse_attempt_key(key)
        if document is None:
            raise ValueError(f"no worker writes {key}")
        use_case = self.show if document.file == "progress.json" else self.deliver
        done = self.room(
            document.job_id, FOLLOWUP_S, lambda: use_case(document.job_id, document.attempt)
        )
        if done:
            return
        if retries >= len(EVENT_RETRIES_S):
            self.bury(LetterSource.EVENT, document.job_id)
            return
        delay_s = EVENT_RETRIES_S[retries]
        self.clock.after(delay_s, "event", lambda: self.event(key, retries + 1))

    def bury(self, source: LetterSource, job_id: str) -> None:
        """Call the dead_letters room until it is done: its queue forgets nothing for 14 days."""
        self.dead_letters += 1
        letter = DeadLetter(str(self.dead_letters), 0, source, "", "", job_id)

        def call() -> None:
            if not self.room(job_id, FOLLOWUP_S, lambda: self._bury(letter)):
                self.clock.after(6 * FOLLOWUP_S, "letter", call)

        self.clock.after(1.0, "letter", call)

    def _every_minute(self) -> None:
        self.clock.after(60.0, "schedule", self._every_minute)
        self.room("", WATCHDOG_S, self._watch, risk=0.1)  # of one run, which does many jobs

    def room(
        self, job_id: str, timeout_s: float, work: Callable[[], object], risk: float = 1.0
    ) -> bool:
        """Run a Lambda function; False when it was killed or it raised."""
        self._rooms.append(_Room(timeout_s, self.clock() + timeout_s, risk))
        try:
            work()
        except Crash as crash:
            self.crashed[str(crash)] += 1
        except Exception:  # noqa: BLE001 - whatever it raises, Lambda lives on
            self.crashed["raised"] += 1
        else:
            return True
        finally:
            self._rooms.pop()
        if job_id:
            self.hurt(job_id)
        return False

    def _gate(self, point: str) -> None:
        """A room passes a point at which it may die, or be slow."""
        self.passed[point] += 1
        self.interfere(point)
        risk = self._rooms[-1].risk
        if self.happens(self.weather.crash * risk):
            raise Crash(point)
        if len(self._rooms) < _DEPTH and self.happens(self.weather.pause * risk):
            # Mostly a little, at times longer than the room may live.
            self.clock.pass_time(1.1 * self._rooms[-1].timeout_s * self.rng.random() ** 4)
        if self.clock() > self._rooms[-1].ends_at:
            raise Crash("timeout")

    def calm_down(self, calm: Weather) -> None:
        """From now on nothing new goes wrong."""
        self.weather = self.discord.weather = calm
        self.discord.is_down = False
        self.interfere = lambda point: None
        for provider in self.providers:
            provider.weather = calm
            provider.turn(Mode.OK)

    def leaked(self) -> int:
        """How many slots are counted wrongly."""
        held = Counter(
            job.provider
            for job in map(self.store.load, self.discord.messages)
            if job is not None and job.state is JobState.DISPATCHED
        )
        return sum(abs(self.store.in_flight(p.name) - held[p.name]) for p in self.providers)
