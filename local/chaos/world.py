"""The whole service in one process and in virtual time: real use cases, everything else breaks.

Rooms are called as AWS calls them: at least once, in any order, and killed when their time is up.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence

from distillery.core.errors import UserError
from distillery.core.job import Origin
from distillery.core.keys import parse_attempt_key
from distillery.core.order import Order
from distillery.core.ports import DeadLetter, LetterSource
from distillery.core.recipes.recipe import Attachment
from distillery.core.tier import Tier
from local.chaos.clockwork import Clockwork
from local.chaos.discord import SimulatedDiscord
from local.chaos.gpus import WORKING, Mode, SimulatedProvider
from local.chaos.rooms import Rooms
from local.chaos.service import FILE, POISON, Service
from local.chaos.weather import Weather
from local.memory import MemoryObjectStore

VISIBILITY_S = 180.0
MAX_RECEIVES = 4
EVENT_RETRIES_S = (60.0, 120.0)
"""AWS Lambda, "How Lambda handles errors and retries with asynchronous invocation"."""
LOOK_EVERY_S = 15.0
SAMPLE_S = 5.0
INTERACTIONS_S, DISPATCHER_S, FOLLOWUP_S, WATCHDOG_S = 10.0, 30.0, 30.0, 120.0

logger = logging.getLogger(__name__)


class World:
    """The service, everything it touches, and what goes wrong with it."""

    def __init__(
        self,
        seed: int,
        weather: Weather,
        *,
        tiers: Sequence[Tier] = (Tier(),),
        slots: int = 14,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same seed shall do the same
        self.clock = Clockwork()
        self.weather = weather
        self.rooms = Rooms(self.clock, self.rng, weather)
        self.discord = SimulatedDiscord(self.clock, self.rng, weather)
        self.objects = MemoryObjectStore()
        self.providers = [
            SimulatedProvider(name, self.clock, self.rng, weather, self)
            for name in ("runpod", "sagemaker")
        ]
        self.slots = slots
        self.service = Service(self, tiers, slots)
        self.hurt_at: dict[str, float] = {}  # job -> when something last went wrong with it
        self.dead_letters = 0
        self.received = 0
        self.redelivered: set[str] = set()  # jobs of which a message came again after a failure
        self.stalls: list[float] = []  # how long somebody could have been given a GPU and was not
        self._stalled_s = 0.0
        self.dark_until = 0.0  # so long no provider turns to anything better
        for provider in self.providers:
            provider.hurt = self.hurt
        self.clock.after(LOOK_EVERY_S, "schedule", self._look)
        self.clock.after(SAMPLE_S, "sample", self._sample)

    def happens(self, probability: float) -> bool:
        """Throw the dice."""
        return self.rng.random() < probability

    def hurt(self, job_id: str) -> None:
        """Note that something has gone wrong with a job."""
        self.hurt_at[job_id] = self.clock()

    def request(self, job_id: str, user: str = "42", *, poison: bool = False) -> None:
        """A member asks for a picture."""
        self.discord.asked(job_id)
        images = self.rng.choice((2, 4)) if self.happens(self.weather.several_pictures) else 1
        self.interaction(job_id, user, images, poison=poison)
        if self.happens(self.weather.doubled_request):
            delay_s = self.rng.uniform(0, 2)
            self.clock.after(delay_s, "request", lambda: self.interaction(job_id, user, images))
        if self.happens(self.weather.cancelled_request):
            delay_s = self.rng.expovariate(1 / 10)
            self.clock.after(delay_s, "request", lambda: self.cancel(job_id, user))

    def interaction(
        self, job_id: str, user: str = "42", images: int = 1, *, poison: bool = False
    ) -> None:
        """Call the interactions room; what it answers takes a moment to be read."""
        options: dict[str, str | Attachment] = {"prompt": job_id}
        if poison or self.happens(0.1):
            options["image"] = Attachment("a.png", POISON if poison else FILE, "image/png", 3)
        origin = Origin("1", "token", user, "7")
        answers: list[str] = []

        def accept() -> None:
            try:
                self.service.accept(Order(job_id, origin, None, options, images))
                answers.append("thinking")
            except UserError:
                answers.append("refused")
            except Exception:  # noqa: BLE001 - its handler answers whatever happens
                answers.append("uncertain")  # and says how to see whether it was taken

        if self.room(job_id, INTERACTIONS_S, accept):
            self.clock.after(0.1, "response", lambda: self.discord.respond(job_id, answers[0]))

    def cancel(self, job_id: str, user: str) -> None:
        """A member calls their latest request off."""
        self.room(job_id, INTERACTIONS_S, lambda: self.service.cancel.latest(user))

    def message(self, job_id: str, delay_s: float = 0.0) -> None:
        """SQS: a message is delivered until a room says that it is done, at most four times."""
        copies = 2 if self.happens(self.weather.doubled_message) else 1
        if self.happens(self.weather.dropped_message):
            copies = 0
            self.hurt(job_id)
        for _ in range(copies):
            self.clock.after(
                delay_s + self.rng.uniform(0.02, 0.5), "message", lambda: self.receive(job_id, 1)
            )

    def receive(self, job_id: str, receives: int) -> None:
        """Call the dispatcher room."""
        self.received += 1

        def dispatch() -> None:
            self.service.dispatch(job_id, is_repeat=receives > 1)

        if self.room(job_id, DISPATCHER_S, dispatch):
            return
        self.redelivered.add(job_id)
        if receives >= MAX_RECEIVES:
            self.bury(LetterSource.QUEUE, job_id)
            return
        self.clock.after(VISIBILITY_S, "message", lambda: self.receive(job_id, receives + 1))

    def exists(self, key: str) -> bool:
        """A worker asks whether there is an object."""
        return self.objects.exists(key)

    def put(self, key: str, data: bytes) -> None:
        """A worker stores an object, and S3 tells of it: not at all, once or twice, at any time."""
        self.objects.put(key, data, "application/octet-stream")
        if not key.endswith(("/progress.json", "/result.json")):
            return
        copies = 2 if self.happens(self.weather.doubled_event) else 1
        if self.happens(self.weather.dropped_event):
            copies = 0
            if key.endswith("/result.json"):  # nobody misses one picture of progress
                self.hurt(key.split("/")[1])
        for _ in range(copies):
            delay_s = self.rng.choice((0.05, 0.3, 1.0, 4.0, 30.0))
            self.clock.after(delay_s, "event", lambda: self.event(key, 0))

    def event(self, key: str, retries: int) -> None:
        """Call the followup room."""
        document = parse_attempt_key(key)
        if document is None:
            raise ValueError(f"no worker writes {key}")
        is_progress = document.file == "progress.json"
        use_case = self.service.show_progress if is_progress else self.service.deliver
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
            if not self.room(job_id, FOLLOWUP_S, lambda: self.service.bury(letter)):
                self.clock.after(6 * FOLLOWUP_S, "letter", call)

        self.clock.after(1.0, "letter", call)

    def room(self, job_id: str, timeout_s: float, work: Callable[[], object]) -> bool:
        """Run a room for a job; False when it was killed or it raised."""
        done = self.rooms.run(timeout_s, work)
        if not done:
            self.hurt(job_id)
        return done

    def _look(self) -> None:
        """One look of the watchdog, as its room looks while anything is open."""
        self.clock.after(LOOK_EVERY_S, "schedule", self._look)
        self.rooms.run(WATCHDOG_S, self.service.heal_line, risk=0.1)  # a run does many jobs
        self.rooms.run(WATCHDOG_S, self.service.heal_line.tell, risk=0.1)
        for job_id in self.service.store.overdue(self.clock(), 100):
            self.rooms.run(WATCHDOG_S, lambda who=job_id: self.service.heal(who), risk=0.1)  # type: ignore[misc]

    def turn(self, provider: SimulatedProvider, mode: Mode) -> None:
        """Let a provider behave differently. Whom it kept waiting, it hurt until now."""
        stuck = all(p.mode is not Mode.OK for p in self.providers)
        provider.turn(mode)
        if stuck and mode is Mode.OK:
            for job in self.service.table.unfinished.values():
                if job.is_open:
                    self.hurt(job.job_id)

    def turn_discord(self, *, is_down: bool) -> None:
        """Let Discord go away or come back. Whom it kept waiting, it hurt until now."""
        if self.discord.is_down and not is_down:
            for job in self.service.table.unfinished.values():
                if not job.is_open:
                    self.hurt(job.job_id)
        self.discord.is_down = is_down

    def _sample(self) -> None:
        """See whether anybody in the line could be at a GPU."""
        self.clock.after(SAMPLE_S, "sample", self._sample)
        free = any(
            p.mode in WORKING and self.service.in_flight(p.name) < self.slots
            for p in self.providers
        )
        if free and self.service.store.line(1):
            self._stalled_s += SAMPLE_S
        elif self._stalled_s:
            self.stalls.append(self._stalled_s)
            self._stalled_s = 0.0

    def calm_down(self, calm: Weather) -> None:
        """From now on nothing new goes wrong."""
        self.weather = self.discord.weather = self.rooms.weather = calm
        self.turn_discord(is_down=False)
        self.rooms.interfere = lambda point: None
        for provider in self.providers:
            provider.weather = calm
            self.turn(provider, Mode.OK)
