"""Many requests in bad weather, and then calm until everything has come to rest."""

from __future__ import annotations

from local.chaos.gpus import Mode, SimulatedProvider
from local.chaos.report import Report, report
from local.chaos.weather import CALM
from local.chaos.world import World

_REST_S = 40 * 60.0
_GAPS_S = (1.0, 0.2, 20.0)
"""Between two requests: busy, more than the GPUs can do, and so quiet that nobody wakes another."""
_SPELL = 100  # requests
_MODES = (Mode.OK,) * 6 + tuple(Mode)


def run(world: World, jobs: int) -> Report:
    """Send `jobs` requests into the world's weather; a world of the same seed does the same."""
    if world.weather.changes:
        for provider in world.providers:
            _change(world, provider)
        _change_discord(world)
        _black_out(world)
    gap_s = _GAPS_S[0]
    for number in range(jobs):
        if world.happens(1 / _SPELL):
            gap_s = world.rng.choice(_GAPS_S)
        world.request(str(number), user=str(number % 50))
        world.clock.pass_time(world.rng.expovariate(1 / gap_s))
    world.clock.pass_time(15 * 60.0)  # the weather stays bad until the last is due
    world.calm_down(CALM)
    world.clock.pass_time(_REST_S)
    return report(world)


def _black_out(world: World) -> None:
    """Once an hour no provider can do anything, for longer than anybody may wait."""

    def dark() -> None:
        world.dark_until = world.clock() + 16 * 60
        for provider in world.providers:
            world.turn(provider, world.rng.choice((Mode.NO_CAPACITY, Mode.DOWN)))
        _black_out(world)

    if world.weather.changes:
        world.clock.after(world.rng.uniform(20, 60) * 60, "mode", dark)


def _change(world: World, provider: SimulatedProvider) -> None:
    """A provider turns, and will turn again."""
    if world.weather.changes and world.clock() < world.dark_until:
        world.clock.after(
            world.dark_until - world.clock(), "mode", lambda: _change(world, provider)
        )
    elif world.weather.changes:
        world.turn(provider, world.rng.choice(_MODES))
        delay_s = world.rng.uniform(20, 240)
        world.clock.after(delay_s, "mode", lambda: _change(world, provider))


def _change_discord(world: World) -> None:
    """Discord is away for up to a minute, now and then."""
    if world.weather.changes:
        world.turn_discord(is_down=not world.discord.is_down)
        delay_s = world.rng.uniform(5, 60) if world.discord.is_down else world.rng.uniform(300, 900)
        world.clock.after(delay_s, "mode", lambda: _change_discord(world))
