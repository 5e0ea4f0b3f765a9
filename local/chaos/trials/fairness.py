"""One member asks for a thousand pictures, and ten others for five each."""

from __future__ import annotations

from distillery.core.tier import Tier
from local.chaos.finding import Finding, at_most
from local.chaos.weather import CALM
from local.chaos.world import World

NAME = "fairness, 10 × 5 beside 1,000"
HEAVY, OTHERS, EACH = 1_000, 10, 5


def run(seed: int = 1) -> list[Finding]:
    """Compare how long the ten wait for a GPU with the heavy member there and without."""
    limit = Tier().jobs_at_once
    alone, beside = (_p95_wait_s(seed, limit, heavy=heavy) for heavy in (0, HEAVY))
    order_alone, order_beside = (_p95_wait_s(seed, HEAVY, heavy=heavy) for heavy in (0, HEAVY))
    return [
        Finding(NAME, "p95 wait for a GPU, alone", f"{alone:.1f} s"),
        Finding(NAME, "p95 wait for a GPU, beside", f"{beside:.1f} s"),
        at_most(NAME, "ratio", beside / alone, 2.0),
        # Without a limit of jobs at once the heavy member holds every GPU when the ten come.
        Finding(NAME, "ratio by the order alone", f"{order_beside / order_alone:.2f}"),
    ]


def _p95_wait_s(seed: int, jobs_at_once: int, heavy: int) -> float:
    world = World(seed, CALM, tiers=(Tier(jobs_at_once=jobs_at_once),))
    for number in range(heavy):
        world.request(f"heavy-{number}", user="heavy")
    world.clock.pass_time(10.0)
    others = [(f"{who}-{number}", str(who)) for number in range(EACH) for who in range(OTHERS)]
    for job_id, user in others:
        world.request(job_id, user=user)
    world.clock.pass_time(10 * 60.0)
    jobs = [world.service.table.jobs[job_id] for job_id, _ in others]
    waits = sorted(job.times["dispatched"] - job.created_at for job in jobs)
    return waits[int(0.95 * len(waits))]
