"""What the service promises, whatever crashes, repeats, is lost, reordered or late.

The judge is what members saw (`local.chaos.discord`), never what the service believes.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from distillery.core import ports
from distillery.core.credits import LedgerKind, LedgerLine
from distillery.core.ports import LetterSource
from distillery.core.records import Account, ProviderRecord
from distillery.core.tier import Tier
from local.chaos import campaign
from local.chaos.clockwork import Event
from local.chaos.faulty import HARMLESS, PORTS, Crash, crash_points, side_effects
from local.chaos.gpus import Mode
from local.chaos.report import report
from local.chaos.weather import CALM, STORM, Weather
from local.chaos.world import World
from tests.depth import deep

POINTS = sorted(crash_points())
CREDITS = 3
STEPS = st.integers(0, 7)
MOVABLE = ("message", "event", "worker", "request")
REPEATABLE = ("message", "event", "request")
LOSABLE = ("message", "event", "worker")
WITHOUT_EFFECT_HERE = {"Accounts", "Favourites", "Telemetry"}
"""Ports whose loss no request notices."""


def account_of(lines: list[LedgerLine], account: Account) -> Account:
    """What the account must be, by its lines alone."""
    amounts = {kind: sum(x.amount for x in lines if x.kind is kind) for kind in LedgerKind}
    ended = amounts[LedgerKind.SETTLE] + amounts[LedgerKind.REFUND]
    return dataclasses.replace(
        account,
        balance=CREDITS - amounts[LedgerKind.RESERVE] + amounts[LedgerKind.REFUND],
        reserved=amounts[LedgerKind.RESERVE] - ended,
        spent=amounts[LedgerKind.SETTLE],
    )


class Promises(RuleBasedStateMachine):
    """Everything that can happen to a few requests, in any order that the platforms allow."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(0, CALM, tiers=(Tier(jobs_at_once=1, credits=CREDITS),), slots=2)
        self.world.rooms.interfere = self.interfere
        self.plans: list[list[Any]] = []  # side effects to come first, what happens then
        self.asked = 0

    def event(self, kinds: tuple[str, ...], index: int) -> Event:
        pending = self.world.clock.pending(*kinds)
        return pending[index % len(pending)]

    def is_busy(self) -> bool:
        return bool(self.world.clock.pending(*MOVABLE))

    @precondition(lambda self: self.asked < 4)
    @rule(doubled=st.booleans())
    def request(self, doubled: bool) -> None:
        self.asked += 1
        self.world.request(str(self.asked), user=str(self.asked % 2))
        if doubled:
            self.world.interaction(str(self.asked), user=str(self.asked % 2))
        self.world.clock.pass_time(0.1)

    @rule(user=st.sampled_from("01"))
    def a_member_cancels(self, user: str) -> None:
        self.world.cancel("", user)

    @rule(seconds=st.sampled_from([0.1, 1, 5, 30, 60, 200]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.pass_time(seconds)

    @precondition(is_busy)
    @rule(index=st.integers(0, 9))
    def something_happens_now(self, index: int) -> None:
        event = self.event(MOVABLE, index)
        self.world.clock.take(event)
        event.run()

    @precondition(is_busy)
    @rule(index=st.integers(0, 9), by_s=st.sampled_from([10, 100, 500, 1000]))
    def something_is_late(self, index: int, by_s: float) -> None:
        event = self.event(MOVABLE, index)
        self.world.clock.take(event)
        self.world.clock.after(by_s, event.kind, event.run)

    @precondition(lambda self: bool(self.world.clock.pending(*LOSABLE)))
    @rule(index=st.integers(0, 9))
    def something_is_lost(self, index: int) -> None:
        self.world.clock.take(self.event(LOSABLE, index))

    @precondition(lambda self: bool(self.world.clock.pending(*REPEATABLE)))
    @rule(index=st.integers(0, 9), by_s=st.sampled_from([0, 1, 10, 60]))
    def something_is_doubled(self, index: int, by_s: float) -> None:
        event = self.event(REPEATABLE, index)
        self.world.clock.after(by_s, event.kind, event.run)

    @rule(point=STEPS)
    def a_room_will_die(self, point: int) -> None:
        def die() -> None:
            raise Crash("killed")

        self.plans.append([point, die])

    @rule(point=STEPS, seconds=st.sampled_from([1, 9, 29, 59]))
    def a_room_will_be_slow(self, point: int, seconds: float) -> None:
        self.plans.append([point, lambda: self.world.clock.pass_time(seconds)])

    @precondition(is_busy)
    @rule(point=STEPS, index=st.integers(0, 9))
    def two_rooms_will_race(self, point: int, index: int) -> None:
        def race() -> None:
            if self.is_busy():
                self.something_happens_now(index)

        self.plans.append([point, race])

    def interfere(self, _: str) -> None:
        """Carry out the plans of the rules above, each at the point that it counts down to."""
        for plan in self.plans:
            plan[0] -= 1
        due = [plan for plan in self.plans if plan[0] < 0]
        self.plans = [plan for plan in self.plans if plan[0] >= 0]
        for _, action in due:
            action()

    @rule(errors=st.booleans(), deaths=st.booleans())
    def workers_turn(self, errors: bool, deaths: bool) -> None:
        for provider in self.world.providers:
            provider.weather = Weather(worker_error=errors * 0.7, worker_death=deaths * 0.3)

    @rule(is_down=st.booleans())
    def the_queue_turns(self, is_down: bool) -> None:
        self.world.weather = Weather(queue_error=float(is_down))

    @rule(index=st.integers(0, 1), mode=st.sampled_from(Mode))
    def a_provider_turns(self, index: int, mode: Mode) -> None:
        self.world.turn(self.world.providers[index], mode)

    @rule(is_down=st.booleans())
    def discord_turns(self, is_down: bool) -> None:
        self.world.turn_discord(is_down=is_down)

    @rule()
    def the_queue_forgets_everything(self) -> None:
        for event in self.world.clock.pending("message"):
            self.world.clock.take(event)

    @invariant()
    def slots_are_counted_right(self) -> None:
        service = self.world.service
        assert service.leaked() == 0
        assert all(service.in_flight(p.name) <= self.world.slots for p in self.world.providers)

    @invariant()
    def accounts_are_the_sum_of_their_ledgers(self) -> None:
        table = self.world.service.table
        for user, account in table.accounts.items():
            lines = [line for line in table.ledger if line.user_id == user]
            assert account == account_of(lines, account)

    @invariant()
    def nobody_sees_two_answers_or_a_strangers_picture(self) -> None:
        seen = report(self.world)
        assert (seen.doubled, seen.strangers) == (0, 0)

    def teardown(self) -> None:
        self.world.calm_down(CALM)
        self.world.clock.pass_time(40 * 60)
        seen = report(self.world)
        assert (seen.unanswered, seen.covered, seen.leaked) == (0, 0, 0)
        assert (seen.doubled, seen.strangers, seen.charged_wrongly) == (0, 0, 0)


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=deep(100), stateful_step_count=40)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_promises_are_kept_in_bad_weather(seed: int) -> None:
    seen = campaign.run(World(seed, STORM), 600)
    assert seen.kept, str(seen)
    assert seen.pictures > 250  # the weather is bad, not hopeless


@pytest.mark.parametrize("point", POINTS)
def test_a_room_may_die_at_any_point(point: str) -> None:
    world = World(1, dataclasses.replace(STORM, crash=0.0), tiers=(Tier(jobs_at_once=1),))
    table = world.service.table

    def accident() -> None:
        """What no room does: a slot and a place that nobody holds."""
        table.providers["runpod"] = ProviderRecord(holders=frozenset({"ghost#1"}))
        table.accounts["7"] = Account(in_flight=frozenset({"ghost"}))

    def die_once(passed: str) -> None:
        if passed == point and not world.rooms.crashed[point]:
            raise Crash(point)

    world.rooms.interfere = die_once
    accident()
    world.clock.after(60.0, "letter", lambda: world.bury(LetterSource.EVENT, "0"))
    seen = campaign.run(world, 100)
    assert world.rooms.crashed[point] == 1, "nobody came by: let the campaign do what leads there"
    assert seen.kept, str(seen)


def test_an_answer_is_told_once_however_often_its_event_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(1, Weather(pause=0.3, doubled_event=1.0, doubled_message=0.5))
    monkeypatch.setattr(
        world.service, "show_progress", lambda *_: None
    )  # nothing to put an answer back over
    campaign.run(world, 200)
    told = [
        message.told
        for who, message in world.discord.messages.items()
        if message.response == "thinking" and who not in world.hurt_at
    ]
    assert set(told) == {1}
    assert len(told) > 50  # rooms that were too slow have hurt some


def test_a_service_so_quiet_that_nobody_wakes_another_keeps_its_promises_too() -> None:
    world = World(1, Weather(worker_error=0.9, queue_error=0.4, crash=0.02))
    for number in range(60):
        world.request(str(number))
        world.clock.pass_time(20 * 60)
    seen = report(world)
    assert seen.kept, str(seen)
    assert seen.heal_max_s < 5 * 60  # they are helped, not only told that it is too late


def test_when_no_gpu_comes_a_crowd_is_told_so_in_time_and_no_slot_is_taken_twice() -> None:
    world = World(1, CALM)
    for provider in world.providers:
        provider.turn(Mode.NO_CAPACITY)
    for number in range(300):
        world.request(str(number))
        world.clock.pass_time(0.2)
        assert all(world.service.in_flight(p.name) <= world.slots for p in world.providers)
    world.clock.pass_time(16 * 60)
    seen = report(world)
    assert (seen.failures, seen.kept) == (300, True), str(seen)


def test_the_same_seed_does_the_same() -> None:
    assert campaign.run(World(7, STORM), 100) == campaign.run(World(7, STORM), 100)


def test_in_calm_weather_everybody_gets_pictures_and_nothing_runs_twice() -> None:
    seen = campaign.run(World(1, CALM), 200)
    assert (seen.pictures, seen.crashes, seen.extra_runs) == (200, 0, 0.0)
    assert seen.kept


def test_every_port_is_dangerous_unless_said_otherwise() -> None:
    protocols = {
        name
        for name, port in inspect.getmembers(ports, inspect.isclass)
        if getattr(port, "_is_protocol", False) and port.__module__ == ports.__name__
    }
    assert {port.__name__ for port in PORTS.values()} == protocols - WITHOUT_EFFECT_HERE
    for port, harmless in HARMLESS.items():
        assert harmless <= set(dir(PORTS[port])), f"{port} has no such methods"
    assert side_effects("store") == {"create", "move", "release"}
    assert side_effects("records") == {"set_circuit", "free_slot"}


def test_there_are_enough_places_to_die() -> None:
    assert len(POINTS) >= 12 * 2  # before and after each
