"""The interactions room with all that is deployed in it, and requests in every state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from distillery.core import keys
from distillery.core.accept_job import AcceptJob
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.moderation.administer import Administer
from distillery.core.moderation.check_content import CheckContent
from distillery.core.moderation.set_credits import SetCredits
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Attachment, OptionKind, Recipe
from distillery.core.rules.rule import Level
from distillery.core.rules.rule_book import RuleBook
from distillery.core.tier import Tier
from distillery.discord.admin import ADMIN
from distillery.discord.command_style import CommandStyle
from distillery.discord.signature import SignatureCheck
from distillery.recipe_files import load_recipes
from distillery.rule_files import load_rules
from lambdas.interactions.admin import AdminCommands
from lambdas.interactions.handler import build_handler
from lambdas.interactions.replies import build_replies
from local.memory import (
    FakeClock,
    MemoryFavourites,
    MemoryObjectStore,
    MemoryQueue,
    MemoryTelemetry,
)
from local.memory_moderation import MemoryModeration
from local.memory_store import MemoryJobStore
from tests.core.recipe_cases import FILE
from tests.lambdas.conftest import KEY, signed

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
BOOK = RuleBook(load_rules())
OWNER = "400000000000000042"
STATES = ("open", "done", "failed", "removed")
HOST = "https://cdn.discordapp.com"
ORIGIN = Origin("1", "token", OWNER, "400000000000000020", "400000000000000010")


def job_id_of(workflow: str, state: str, *, part: int = 0) -> str:
    """Return the id under which a room has a request of a workflow in a state."""
    number = list(RECIPES).index(workflow) * 10 + STATES.index(state)
    return f"3000000000000000{number:03}" + (f"-{part + 1}" if part else "")


def _request(recipe: Recipe) -> Request:
    """Ask for what has to be given alone."""
    needed = [option for option in recipe.options if option.required]
    given = {o.name: FILE if o.kind is OptionKind.ATTACHMENT else "a red fox" for o in needed}
    values = resolve_options(recipe, given, draw=lambda low, _: low)
    words = {name: value for name, value in values.items() if not isinstance(value, Attachment)}
    files = {name: value for name, value in values.items() if isinstance(value, Attachment)}
    return Request(recipe.name, words, files)


@cache
def _kept() -> Sequence[tuple[Job, Job]]:
    """Return each request that a room has, as it was made and as it is now."""
    return [
        (new, _brought_to(state, new))
        for workflow in RECIPES
        for state in STATES
        for new in _made(workflow, state)
    ]


def _made(workflow: str, state: str) -> list[Job]:
    """Make the jobs of a request: of two pictures where they are done."""
    lead = job_id_of(workflow, state)
    parts = (lead, job_id_of(workflow, state, part=1)) if state == "done" else ()
    request, created_at = _request(RECIPES[workflow]), FakeClock()()
    return [Job(job_id, ORIGIN, request, created_at, parts=parts) for job_id in parts or (lead,)]


def _brought_to(state: str, job: Job) -> Job:
    at = job.created_at
    now = job.admitted(1.0, at).dispatched("runpod", at)
    if state != "open":
        made = Outcome(pictures=(Picture("0_9.png", "image/png", 3, 512, 512),))
        outcome = Outcome(error="No GPU.") if state == "failed" else made
        now = now.concluded(outcome, at, 32.0).delivered(at)
    return now.removed(at) if state == "removed" else now


class WholeRoom:
    """A room, and how it answers."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryJobStore()
        self.telemetry = MemoryTelemetry()
        self.objects = MemoryObjectStore()
        moderation = MemoryModeration()
        accept = AcceptJob(
            recipes=RECIPES,
            store=self.store,
            queue=MemoryQueue(),
            telemetry=self.telemetry,
            clock=self.clock,
            attachment_origins=frozenset({HOST}),
            tiers=(Tier(),),
            check_content=CheckContent(BOOK, moderation, self.telemetry, self.clock),
        )
        favourites = MemoryFavourites()
        members = build_replies(
            accept, lambda: self.objects, lambda: self, favourites, CommandStyle.BOTH
        )
        administer = Administer(moderation, self.clock)
        credit = SetCredits(self.store, administer, frozenset({str(ORIGIN.guild_id)}))
        admin = AdminCommands(administer, credit, Level.STANDARD)
        replies = replace(members, commands={**members.commands, ADMIN: admin})
        check = SignatureCheck(KEY.verify_key.encode().hex())
        self.handle = build_handler(check, replies, self.telemetry, self.clock)
        for new, now in _kept():
            self.store.create(new)
            self.store.table.jobs[new.job_id] = now
            self.objects.put(keys.output_key(new.job_id, 1, "0_9.png"), b"png", "image/png")
        self.before = frozenset(self.store.table.jobs)

    def fetch(self, url: str) -> tuple[bytes, bytes]:
        """Stand for Discord's CDN, whose files say nothing of how they were made."""
        return b"", b""

    def answer(self, document: Any) -> tuple[int, dict[str, Any]]:
        """Send an interaction as Discord does."""
        response = self.handle(signed(json.dumps(document).encode(), self.clock()))
        return response["statusCode"], json.loads(response["body"])

    @property
    def accepted(self) -> list[Job]:
        """The jobs that came of interactions."""
        return [job for name, job in self.store.table.jobs.items() if name not in self.before]
