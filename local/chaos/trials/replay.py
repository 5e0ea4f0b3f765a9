"""One signed request, recorded and delivered again and again: it is one job, whenever it comes."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from threading import Barrier

from nacl.signing import SigningKey

from distillery.core.credits import LedgerKind
from distillery.discord.responses import DEFERRED
from distillery.discord.signature import MAX_AGE_S
from local.chaos.finding import Finding, exactly
from local.chaos.trials.interactions_room import event, serve, sign, wire
from local.chaos.weather import CALM
from local.chaos.world import World
from local.memory import MemoryQueue

_JOB, _USER = "1001", "42"
_AT_ONCE = 16  # threads


class _Trial:
    """The whole service in calm weather; only the interactions room is called by hand."""

    def __init__(self, seed: int) -> None:
        self.world = world = World(seed, CALM)
        self.queue = MemoryQueue()
        self.answers: Counter[str] = Counter()
        key = SigningKey(world.rng.randbytes(32))
        body, now = serve(int(_JOB), "a red fox", _USER), str(int(world.clock()))
        self._request = event(body.decode(), sign(key, body, now), now)
        # Threads call the room, and a clockwork knows of none: messages wait until they are done.
        self._handle = wire(key, dataclasses.replace(world.service.accept, queue=self.queue))
        world.discord.asked(_JOB)

    def deliver(self, times: int) -> None:
        """Deliver the request so often, as far as possible at once, and let time pass."""
        together = Barrier(_AT_ONCE)

        def call(copies: int) -> list[str]:
            together.wait()
            return [self._answer() for _ in range(copies)]

        shares = [times // _AT_ONCE + (n < times % _AT_ONCE) for n in range(_AT_ONCE)]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            answers = [answer for each in threads.map(call, shares) for answer in each]
        self.answers.update(answers)
        if "deferred" in answers:
            self.world.discord.respond(_JOB, "thinking")
        for job_id, delay_s in self.queue.sent:
            self.world.message(job_id, delay_s)
        self.queue.sent.clear()

    def _answer(self) -> str:
        try:
            return _read(self._handle(self._request))
        except Exception:  # noqa: BLE001 - that nothing is raised is what is tried
            return "raised"

    def ledger(self) -> Mapping[str, int]:
        """Count the ledger's lines by their kind."""
        return Counter(line.kind for line in self.world.service.table.ledger)

    def stage(self) -> str:
        """What the request has come to so far."""
        job = self.world.service.table.jobs.get(_JOB)
        return "new" if job is None else job.state


def run(deliveries: int = 100, seed: int = 1) -> list[Finding]:
    """Deliver one `/serve` so often: as it is new, at work, done, and too old to be believed."""
    trial = _Trial(seed)
    quarter = deliveries // 4
    stages = set()
    for times, then_s in (
        (deliveries - 3 * quarter, 2.0),
        (quarter, MAX_AGE_S / 2),
        (quarter, MAX_AGE_S),
        (quarter, MAX_AGE_S),
    ):
        stages.add(trial.stage())
        trial.deliver(times)
        trial.world.clock.pass_time(then_s)
    message = trial.world.discord.messages[_JOB]
    charges = trial.ledger()
    name = f"replay, one request {deliveries} times"
    return [
        exactly(name, "jobs", len(trial.world.service.table.jobs), 1),
        exactly(name, "charges", charges.get(LedgerKind.RESERVE, 0), 1),
        exactly(name, "charges settled", charges.get(LedgerKind.SETTLE, 0), 1),
        exactly(name, "runs on a GPU", sum(p.submits for p in trial.world.providers), 1),
        exactly(name, "answers shown", message.told, 1),
        exactly(name, "deferred", trial.answers["deferred"], deliveries - quarter),
        exactly(name, "exceptions", trial.answers["raised"], 0),
        exactly(name, "refused as too old", trial.answers["refused"], quarter),
        Finding(
            name, "came when the job was", ", ".join(sorted(stage.lower() for stage in stages))
        ),
    ]


def _read(answer: Mapping[str, object]) -> str:
    if answer["statusCode"] == HTTPStatus.UNAUTHORIZED:
        return "refused"
    document = json.loads(str(answer["body"]))
    return "deferred" if document["type"] == DEFERRED["type"] else "something else"
