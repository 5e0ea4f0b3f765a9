"""One provider is away for five minutes, and comes back with its old jobs half done."""

from __future__ import annotations

from distillery.core.circuit import CircuitState
from distillery.core.records import ProviderRecord
from local.chaos.finding import Finding, at_least, at_most, exactly
from local.chaos.gpus import Mode
from local.chaos.report import report
from local.chaos.weather import CALM
from local.chaos.world import World

NAME = "outage of one provider"
DOWN_AFTER_S, DOWN_FOR_S = 60.0, 300.0
_REST_S = 20 * 60.0


def run(jobs: int, seed: int = 1) -> list[Finding]:
    """Send one request a second, most of them while the preferred provider is away."""
    world = World(seed, CALM)
    first = world.providers[0]
    opened: list[float] = []

    def watch() -> None:
        record = world.service.table.providers.get(first.name, ProviderRecord())
        if record.circuit.state(world.clock()) is CircuitState.OPEN:
            opened.append(world.clock())
        else:
            world.clock.after(0.5, "sample", watch)

    def down() -> None:
        world.turn(first, Mode.DOWN)
        first.is_frozen = True
        watch()

    def up() -> None:
        first.is_frozen = False
        world.turn(first, Mode.OK)

    down_at = world.clock() + DOWN_AFTER_S
    world.clock.after(DOWN_AFTER_S, "mode", down)
    world.clock.after(DOWN_AFTER_S + DOWN_FOR_S, "mode", up)
    for number in range(jobs):
        world.request(str(number), user=str(number % 50))
        world.clock.pass_time(world.rng.expovariate(1.0))
    world.clock.pass_time(_REST_S)
    seen = report(world)
    open_s = opened[0] - down_at if opened else float("inf")
    return [
        at_least(NAME, "requests with pictures", 100 * seen.pictures / jobs, 99, " %"),
        at_most(NAME, "circuit open after", open_s, 10, " s"),
        exactly(NAME, "doubled", seen.doubled + seen.strangers, 0),
        exactly(NAME, "lost or unanswered", seen.lost + seen.unanswered, 0),
        Finding(NAME, "extra GPU runs", f"{100 * seen.extra_runs:.2f} %"),
    ]
