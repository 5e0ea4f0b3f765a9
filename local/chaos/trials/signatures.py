"""Requests that are not Discord's: none may be taken, none may hurt."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from nacl.signing import SigningKey

from distillery.core.accept_job import AcceptJob
from distillery.discord.responses import DEFERRED
from distillery.recipe_files import load_recipes
from lambdas.interactions.handler import Event, Handler, Response
from local.chaos.finding import Finding, at_least, exactly
from local.chaos.trials.forgeries import Forger
from local.chaos.trials.interactions_room import wire
from local.memory import FakeClock, MemoryQueue, MemoryTelemetry
from local.memory_store import MemoryJobStore

Port = TypeVar("Port")
_WORKFLOWS = Path(__file__).parents[3] / "workflows"
_RIGHT_SHARE = 0.05  # requests of Discord's own among the forged ones
_GAP_S = 0.01
_REFUSED, _TAKEN, _RAISED = 401, 200, 0


class _Counted:
    """A port that counts every call of it, reading or writing."""

    def __init__(self, target: object, calls: Counter[str]) -> None:
        self._target, self._calls = target, calls

    def __getattr__(self, name: str) -> Any:
        self._calls[name] += 1
        return getattr(self._target, name)


class _Room:
    """The interactions room, and what its ports were asked for."""

    def __init__(self, key: SigningKey) -> None:
        self.clock = FakeClock()
        self.calls: Counter[str] = Counter()
        self.store = MemoryJobStore()
        accept = AcceptJob(
            load_recipes(_WORKFLOWS),
            self._counted(self.store),
            self._counted(MemoryQueue()),
            MemoryTelemetry(),
            self.clock,
            frozenset({"https://cdn.discordapp.com"}),
        )
        self._handle: Handler = wire(key, accept)

    def _counted(self, port: Port) -> Port:
        return cast("Port", _Counted(port, self.calls))

    def answer(self, request: Event) -> Response:
        """Return the handler's answer; one of status 0 when it raised."""
        self.clock.pass_time(_GAP_S)
        try:
            return self._handle(request)
        except Exception as error:  # noqa: BLE001 - that nothing is raised is what is tried
            return {"statusCode": _RAISED, "body": repr(error)}


class _Trial:
    """Forged requests, and right ones among them: a room that refuses all would prove nothing."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same seed shall do the same
        key = SigningKey(self.rng.randbytes(32))
        self.room = _Room(key)
        self.forger = Forger(key, self.room.clock, self.rng)
        self.forged: Counter[tuple[str, int]] = Counter()  # by kind and status of the answer
        self.touched = 0  # calls of a port because of a forged request
        self.right = self.served = self.misjudged = 0

    def forge(self, kind: str, make: Callable[[], Event]) -> None:
        """Send a forged request."""
        before = self.room.calls.total()
        self.forged[kind, self.room.answer(make())["statusCode"]] += 1
        self.touched += self.room.calls.total() - before

    def ask(self) -> None:
        """Send a right request."""
        request, expected = self.forger.right()
        answer = self.room.answer(request)
        accepted = answer["statusCode"] == _TAKEN and json.loads(answer["body"])["type"] == expected
        self.right += 1
        self.misjudged += not accepted
        self.served += expected == DEFERRED["type"]

    def with_status(self, *statuses: int) -> int:
        """Count the forged requests that were answered so."""
        return sum(n for (_, status), n in self.forged.items() if status in statuses)


def run(requests: int, seed: int = 1, *, large: int = 100) -> list[Finding]:
    """Send `requests` forged requests, `large` of them of 6 MB, and some right ones among them."""
    trial = _Trial(seed)
    kinds = trial.forger.kinds()
    names = list(kinds)
    for number in range(requests):
        if trial.rng.random() < _RIGHT_SHARE:
            trial.ask()
        if number < large:
            trial.forge("large", trial.forger.large)
        else:
            kind = trial.rng.choice(names)
            trial.forge(kind, kinds[kind])
    return _findings(trial, len(names) + (large > 0))


def _findings(trial: _Trial, kinds: int) -> list[Finding]:
    forged = trial.forged.total()
    name = f"signatures, {forged:,} forged requests"
    bad = sorted({kind for kind, status in trial.forged if status != _REFUSED})
    return [
        exactly(name, "accepted", trial.with_status(_TAKEN), 0),
        exactly(name, "answered 5xx", trial.with_status(*range(500, 600)), 0),
        exactly(name, "exceptions", trial.with_status(_RAISED), 0),
        exactly(name, "answered 401", trial.with_status(_REFUSED), forged),
        exactly(name, "reads and writes because of one", trial.touched, 0),
        exactly(name, "right requests refused", trial.misjudged, 0),
        at_least(name, "right requests among them", trial.right, forged * _RIGHT_SHARE / 2),
        exactly(name, "jobs", len(trial.room.store.table.jobs), trial.served),
        exactly(name, "kinds of forgery", len({kind for kind, _ in trial.forged}), kinds),
        *(Finding(name, "not refused", kind) for kind in bad),
    ]
