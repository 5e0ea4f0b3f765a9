"""How long the interactions room thinks before it answers each kind of interaction.

Everything but AWS is as deployed: the check of the signature, the recipes, the rules of content,
the words. The ports are in memory, so no time of AWS is in the figures; `room` has those of the
start.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nacl.signing import SigningKey

from benchmarks.figures import show, show_load, worst
from distillery.core.accept_job import AcceptJob
from distillery.core.job import JobState, Outcome, Picture
from distillery.core.moderation.check_content import CheckContent
from distillery.core.rules.rule_book import RuleBook
from distillery.core.tier import Tier
from distillery.recipe_files import load_recipes
from distillery.rule_files import load_rules
from local.chaos.trials.interactions_room import event, sign, wire
from local.memory import MemoryQueue, MemoryTelemetry
from local.memory_moderation import MemoryModeration
from local.memory_store import MemoryJobStore
from local.set_up import ROOT

RUNS = 1000
PAST_REQUESTS = 100
"""As many as `/history` and suggestions look through."""
KEY = SigningKey(bytes(range(32)))
PROMPT = "a red fox in deep snow, oil on canvas --ar 3:2 --neg blurry, dark --seed 7"
CHOICES, FORM, MESSAGE, DEFERRED, PONG = 8, 9, 4, 5, 1

Interaction = Mapping[str, Any]


def _serve(prompt: str = PROMPT) -> Interaction:
    return _command("serve", {"name": "prompt", "type": 3, "value": prompt})


def _command(name: str, *options: Mapping[str, Any]) -> Interaction:
    return {"type": 2, "data": {"id": "2", "name": name, "type": 1, "options": options}}


def _typing(typed: str) -> Interaction:
    option = {"name": "prompt", "type": 3, "value": typed, "focused": True}
    return {**_command("serve", option), "type": 4}


def _click(custom_id: str) -> Interaction:
    data = {"custom_id": custom_id, "component_type": 2}
    return {"type": 3, "data": data, "message": {"id": "88"}}


def _form(custom_id: str, prompt: str) -> Interaction:
    field = {"type": 18, "component": {"type": 4, "custom_id": "prompt", "value": prompt}}
    return {"type": 5, "data": {"custom_id": custom_id, "components": [field]}}


PARENT = "1"
INTERACTIONS: Mapping[str, tuple[int, Interaction]] = {
    "a ping": (PONG, {"type": 1}),
    "/serve with flags": (DEFERRED, _serve()),
    "/serve with 3,000 characters": (DEFERRED, _serve("a fox and a hound " * 166)),
    "/history": (MESSAGE, _command("history")),
    "/help": (MESSAGE, _command("help")),
    "Again, a button": (DEFERRED, _click(f"again:{PARENT}")),
    "Edit, a button that opens a form": (FORM, _click(f"edit:{PARENT}")),
    "the form of Edit": (DEFERRED, _form(f"edit:{PARENT}", "a blue fox")),
    "a prompt that is typed": (CHOICES, _typing("fox number 7")),
    "a flag that is typed": (CHOICES, _typing("a fox --se")),
}
"""What is sent, and the type of the right answer."""


def measure() -> None:
    """Print the median and the 99th percentile for each kind."""
    show_load()
    ask = _room()
    for name, (right, interaction) in INTERACTIONS.items():
        show(f"answer to {name}", worst([_timed(ask, interaction, right) for _ in range(RUNS)]))


def _room() -> Callable[[Interaction], tuple[float, Mapping[str, Any]]]:
    """Return what sends an interaction to a room with past requests, and times the answer."""
    store, telemetry, ids = MemoryJobStore(), MemoryTelemetry(), itertools.count(1)
    accept = AcceptJob(
        recipes=load_recipes(ROOT / "workflows"),
        store=store,
        queue=MemoryQueue(),
        telemetry=telemetry,
        clock=time.time,
        attachment_origins=frozenset(),
        tiers=(Tier(),),
        check_content=CheckContent(
            RuleBook(load_rules()), MemoryModeration(), telemetry, time.time
        ),
    )
    handle = wire(KEY, accept)

    def ask(interaction: Interaction) -> tuple[float, Mapping[str, Any]]:
        document = {**_ENVELOPE, **interaction, "id": str(next(ids))}
        body, timestamp = json.dumps(document), str(int(time.time()))
        signed = event(body, sign(KEY, body.encode(), timestamp), timestamp)
        began_at = time.perf_counter()
        answer = handle(signed)
        seconds = time.perf_counter() - began_at
        return seconds, json.loads(answer["body"])

    for number in range(PAST_REQUESTS):
        ask(_serve(f"fox number {number}"))
    outcome = Outcome(pictures=(Picture("0_9.png", "image/png", 4, 512, 512),))
    for job_id, job in store.table.jobs.items():
        store.table.jobs[job_id] = replace(job, state=JobState.SUCCEEDED, outcome=outcome)
    return ask


def _timed(
    ask: Callable[[Interaction], tuple[float, Mapping[str, Any]]],
    interaction: Interaction,
    right: int,
) -> float:
    seconds, answer = ask(interaction)
    if answer["type"] != right:
        raise AssertionError(f"a wrong answer was timed: {answer}")
    return seconds


_ENVELOPE = {
    "application_id": "1",
    "token": "t",
    "version": 1,
    "locale": "de",
    "channel_id": "20",
    "guild_id": "10",
    "member": {"user": {"id": "42", "username": "juniper"}, "roles": [], "permissions": "0"},
    "attachment_size_limit": 10485760,
}
