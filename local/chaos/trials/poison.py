"""Some requests make the dispatcher fail every time: they alone may suffer from it."""

from __future__ import annotations

from local.chaos.finding import Finding, exactly
from local.chaos.report import report
from local.chaos.weather import CALM
from local.chaos.world import World

NAME = "poison, 1 % of the messages"
_ONE_IN = 100
_REST_S = 40 * 60.0


def run(messages: int, seed: int = 1) -> list[Finding]:
    """Send `messages` requests, one in a hundred of them poisonous."""
    world = World(seed, CALM)
    poison = {str(number) for number in range(messages) if number % _ONE_IN == 0}
    for number in range(messages):
        who = str(number)
        world.request(who, user=str(number % 50), poison=who in poison)
        world.clock.pass_time(world.rng.expovariate(2.0))
    world.clock.pass_time(_REST_S)
    told = sum(
        (message.showing or ("", ""))[0] == "failure"
        for who, message in world.discord.messages.items()
        if who in poison
    )
    seen = report(world)
    return [
        exactly(NAME, "dead letters", world.dead_letters, len(poison)),
        exactly(NAME, "members told", told, len(poison)),
        exactly(NAME, "good requests with pictures", seen.pictures, messages - len(poison)),
        exactly(NAME, "good messages delivered again", len(world.redelivered - poison), 0),
        exactly(NAME, "charged wrongly", seen.charged_wrongly, 0),
    ]
