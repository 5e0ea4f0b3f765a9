"""Whoever waits gets their share: nobody's jobs hold up another's, whatever pattern they make."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillery.core.fair_order import start_tag
from distillery.core.job import Job, JobState
from distillery.core.tier import Tier
from local.memory_store import MemoryJobStore
from tests.core.world import World
from tests.depth import deep

MEMBERS = ("ann", "bob", "cid")
WEIGHTS = st.sampled_from([0.5, 1.0, 2.0, 3.0])
ROUNDING = 1e-6


class WatchedStore(MemoryJobStore):
    """Keeps in which order members were served, and who had jobs in the line meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.served: list[str] = []
        self.steps: list[tuple[str | None, frozenset[str]]] = []
        """Each dispatch's member, or None for another step, and who is in the line after it."""

    def move(self, before: Job, after: Job, *, slot_limit: int | None = None) -> None:
        super().move(before, after, slot_limit=slot_limit)
        user = before.origin.user_id
        is_dispatch = before.state is JobState.QUEUED and after.state is JobState.DISPATCHED
        if is_dispatch:
            self.served.append(user)
        waiting = frozenset(job.origin.user_id for job in self._line())
        self.steps.append((user if is_dispatch else None, waiting))


class Crowd:
    """Members with their weights, who ask, and GPUs that end jobs when told."""

    def __init__(self, weights: Sequence[float], at_once: int = 100, slots: int = 1) -> None:
        self.weights = dict(zip(MEMBERS, weights, strict=False))
        tiers = tuple(Tier(m, w, at_once, role_id=m) for m, w in self.weights.items())
        self.store = WatchedStore()
        self.world = World(store=self.store, tiers=tiers, slots=slots, provider_names=("runpod",))
        self._asked = Counter[str]()

    def ask(self, member: str, count: int = 1) -> None:
        """The member's name is first in the id: no tie is decided by luck."""
        for _ in range(count):
            self._asked[member] += 1
            self.world.clock.pass_time(0.001)
            self.world.accepted(f"{member}-{self._asked[member]:04}", user=member)
        self.world.run_queue()

    def end(self, which: int = 0) -> None:
        """One of the jobs at the GPUs ends, which lets the next one in."""
        running = sorted(self.world.record("runpod").holders)
        if running:
            self.world.finish(running[which % len(running)].split("#")[0])
            self.world.run_queue()

    def serve(self, count: int) -> list[str]:
        """Let jobs end; returns whose jobs got a GPU meanwhile, in order."""
        before = len(self.store.served)
        for _ in range(count):
            self.end()
        return self.store.served[before:]

    def gap(self, one: str, other: str) -> float:
        """How far apart two members got, in service by weight, while both were in the line.

        The greatest difference over any stretch of time in which both had jobs waiting.
        """
        share, greatest = 0.0, 0.0
        low = high = 0.0
        both = False
        for served, waiting in self.store.steps:
            if served in (one, other) and both:
                share += (1 if served == one else -1) / self.weights[str(served)]
                low, high = min(low, share), max(high, share)
                greatest = max(greatest, high - low)
            if {one, other} <= waiting:
                both = True
            else:
                both, share, low, high = False, 0.0, 0.0, 0.0
        return greatest


asks = st.tuples(st.sampled_from(MEMBERS), st.integers(1, 6))
doings = st.lists(st.one_of(asks, st.integers(0, 9)), min_size=10, max_size=60)


@settings(max_examples=deep(20), deadline=None)
@given(
    st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.sampled_from([2, 4, 100]), st.integers(1, 4), doings
)
def test_two_members_who_both_wait_get_service_by_weight_within_one_job_each(
    weights: tuple[float, ...], at_once: int, slots: int, doings: list[tuple[str, int] | int]
) -> None:
    crowd = Crowd(weights, at_once, slots)
    for doing in doings:
        if isinstance(doing, int):
            crowd.end(doing)
        else:
            crowd.ask(*doing)

    for one, other in itertools.combinations(MEMBERS, 2):
        bound = 1 / crowd.weights[one] + 1 / crowd.weights[other]
        assert crowd.gap(one, other) <= bound + ROUNDING


@settings(max_examples=deep(8), deadline=None)
@given(st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.integers(1, 3))
def test_in_the_long_run_those_who_always_wait_get_exactly_their_share(
    weights: tuple[float, ...], slots: int
) -> None:
    crowd = Crowd(weights, slots=slots)
    for member in MEMBERS:
        crowd.ask(member, 60)
    served = Counter(crowd.serve(50))

    unit = sum(served.values()) / sum(weights)
    for member, weight in crowd.weights.items():
        assert abs(served[member] - unit * weight) <= 1 + weight * 2


@settings(max_examples=deep(15), deadline=None)
@given(
    st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.integers(1, 3), st.integers(0, 30), st.integers(1, 30)
)
def test_a_newcomer_waits_for_at_most_one_job_of_each_other_member(
    weights: tuple[float, ...], slots: int, served_before: int, queued: int
) -> None:
    crowd = Crowd(weights, slots=slots)
    crowd.ask("ann", queued)
    crowd.ask("bob", queued)
    crowd.serve(served_before)
    already = len(crowd.store.served)
    crowd.ask("cid")
    crowd.serve(2 * queued + 1)

    served = crowd.store.served[already:]
    before = Counter(served[: served.index("cid")])
    assert all(count <= 1 for count in before.values()), before


@settings(max_examples=deep(10), deadline=None)
@given(st.tuples(WEIGHTS, WEIGHTS), st.integers(1, 3), st.integers(8, 40))
def test_who_was_away_does_not_save_up_time(
    weights: tuple[float, ...], slots: int, away_for: int
) -> None:
    """Against one who was there all the time, they get what they would get with no past at all.

    They were away for long enough to have paid for what they had: no weight takes longer than 8.
    """
    with_past, without = Crowd(weights, slots=slots), Crowd(weights, slots=slots)
    with_past.ask("bob")
    with_past.serve(1)
    turns = []
    for crowd in (with_past, without):
        crowd.ask("ann", 80)
        crowd.serve(away_for)
        crowd.ask("bob", 20)
        turns.append(crowd.serve(20))

    assert turns[0] == turns[1]


def test_equal_members_take_turns_whoever_asked_first() -> None:
    crowd = Crowd((1.0, 1.0, 1.0))
    crowd.ask("ann", 20)
    crowd.ask("bob", 20)
    crowd.ask("cid", 20)
    crowd.serve(4)  # the first ones ran before the others came

    turns = crowd.serve(12)
    assert Counter(turns) == {"ann": 4, "bob": 4, "cid": 4}


def test_twice_the_weight_gets_twice_the_turns() -> None:
    crowd = Crowd((2.0, 1.0))
    crowd.ask("ann", 30)
    crowd.ask("bob", 30)
    crowd.serve(3)

    assert Counter(crowd.serve(18)) == {"ann": 12, "bob": 6}


def test_a_member_alone_is_never_slowed_down_and_owes_nothing_later() -> None:
    crowd = Crowd((1.0, 1.0))
    crowd.ask("ann", 50)
    assert crowd.serve(49) == ["ann"] * 49
    crowd.ask("bob", 10)
    crowd.ask("ann", 10)
    crowd.serve(2)

    assert Counter(crowd.serve(8)) == {"ann": 4, "bob": 4}


def test_a_members_own_jobs_keep_their_order() -> None:
    crowd = Crowd((3.0, 1.0))
    crowd.ask("bob", 5)
    crowd.ask("ann", 12)
    for _ in range(20):
        crowd.end()

    theirs = [e["job_id"] for e in crowd.world.runpod.submitted if e["job_id"].startswith("ann")]
    assert theirs == sorted(theirs)
    assert len(theirs) == 12


def test_a_job_that_came_back_goes_before_those_who_came_after_it() -> None:
    crowd = Crowd((1.0, 1.0))
    crowd.ask("ann", 3)
    crowd.ask("bob", 3)
    crowd.serve(2)
    (holder,) = crowd.world.record("runpod").holders
    job_id = holder.split("#")[0]
    crowd.world.worker_writes_error("out_of_memory", job_id)
    crowd.world.deliver(job_id, 1)

    assert crowd.store.line(1) == [job_id]


def test_a_start_tag_is_never_behind_virtual_time_nor_before_the_last_ones_end() -> None:
    assert start_tag(7.0, 3.0) == 7.0
    assert start_tag(3.0, 7.0) == 7.0


def test_what_a_job_costs_in_virtual_time_is_shared_by_the_weight() -> None:
    crowd = Crowd((4.0, 0.5))
    crowd.ask("ann", 3)
    crowd.ask("bob", 3)
    tags = [crowd.world.job(f"{who}-{n:04}").start_tag for who in ("ann", "bob") for n in (1, 2, 3)]

    assert tags == [0.0, 0.25, 0.5, 0.0, 2.0, 4.0]


@pytest.mark.parametrize("at_once", [3, 1000])
def test_a_newcomer_is_next_though_somebody_else_has_a_thousand_waiting(at_once: int) -> None:
    crowd = Crowd((1.0, 1.0), at_once)
    for number in range(1000):
        crowd.world.admit(crowd.world.accepted(f"ann-{number:04}", user="ann"))
    crowd.world.queue.sent.clear()
    crowd.world.heal_line()
    crowd.world.run_queue()
    assert crowd.serve(5) == ["ann"] * 5
    crowd.ask("bob")

    assert crowd.serve(1) == ["bob"]


def test_a_job_that_is_tried_again_does_not_turn_virtual_time_back() -> None:
    crowd = Crowd((1.0, 1.0), slots=2)
    crowd.ask("ann")
    crowd.ask("bob", 6)
    for _ in range(4):
        crowd.end(which=1)
    now = crowd.world.record("runpod").virtual_time
    crowd.world.worker_writes_error("engine_unavailable", "ann-0001")
    crowd.world.deliver("ann-0001", 1)
    crowd.world.run_queue()

    assert crowd.world.job("ann-0001").attempt == 2
    assert crowd.world.record("runpod").virtual_time >= now > 0
