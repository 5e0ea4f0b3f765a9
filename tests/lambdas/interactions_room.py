"""The interactions room on a core in memory, for those who send to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from distillery.core.accept_job import AcceptJob
from distillery.core.job import Job, Outcome
from distillery.core.moderation.cleared import ContentCheck, unchecked
from distillery.core.recipes.recipe import Recipe
from distillery.core.tier import Tier
from distillery.discord.command_style import CommandStyle
from distillery.discord.signature import SignatureCheck
from distillery.recipe_files import load_recipes
from lambdas.interactions.handler import Handler, build_handler
from lambdas.interactions.replies import build_replies
from local.memory import (
    FakeClock,
    MemoryFavourites,
    MemoryObjectStore,
    MemoryQueue,
    MemoryTelemetry,
)
from local.memory_store import MemoryJobStore
from tests.lambdas.conftest import KEY, event, signed

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
EPHEMERAL = 64
MEMBER = "400000000000000042"
GOLD = "400000000000000077"
TIERS = (Tier("gold", jobs_at_once=9, role_id=GOLD), Tier("free", jobs_at_once=1, credits=5))


class Room:
    """The interactions room on a core in memory."""

    def __init__(
        self,
        recipes: Mapping[str, Recipe] = RECIPES,
        style: CommandStyle = CommandStyle.SERVE,
        check_content: ContentCheck = unchecked,
        tiers: Sequence[Tier] = TIERS,
    ) -> None:
        self.clock = FakeClock()
        self.store = MemoryJobStore()
        self.queue = MemoryQueue()
        self.telemetry = MemoryTelemetry()
        accept = AcceptJob(
            recipes=recipes,
            store=self.store,
            queue=self.queue,
            telemetry=self.telemetry,
            clock=self.clock,
            attachment_origins=frozenset({"https://cdn.discordapp.com"}),
            tiers=tiers,
            check_content=check_content,
        )
        self.stores_opened = 0
        self.objects = MemoryObjectStore()
        self.files: dict[str, bytes] = {}
        self.favourites = MemoryFavourites()
        self.replies = build_replies(accept, self._objects, lambda: self, self.favourites, style)
        check = SignatureCheck(KEY.verify_key.encode().hex())
        self.handle: Handler = build_handler(check, self.replies, self.telemetry, self.clock)

    def fetch(self, url: str) -> tuple[bytes, bytes]:
        """Stand for Discord's CDN; an unknown file has nothing in it."""
        return self.files.get(url, b""), b""

    def _objects(self) -> MemoryObjectStore:
        self.stores_opened += 1
        return self.objects

    def answer(self, body: bytes, **kwargs: Any) -> tuple[int, dict[str, Any]]:
        response = self.handle(signed(body, self.clock(), **kwargs))
        assert response["headers"]["content-type"] == "application/json"
        return response["statusCode"], json.loads(response["body"])

    def serve(self, **changes: Any) -> dict[str, Any]:
        """Send /serve with the given options instead of the recorded ones; return the answer."""
        document = event("interaction_serve")
        kinds = {str: 3, int: 4, bool: 5, float: 10}
        document["data"]["options"] = [
            {"name": name, "type": kinds[type(value)], "value": value}
            for name, value in changes.items()
        ]
        status, answer = self.answer(json.dumps(document).encode())
        assert status == 200
        return answer

    def use(self, command: str, /, recorded: str = "interaction_serve", **options: str) -> str:
        """Use one of the commands that are answered at once; return the answer's text."""
        return str(self.used(command, recorded, **options)["content"])

    def used(self, command: str, /, recorded: str = "interaction_serve", **options: str) -> Any:
        """Use one of the commands that are answered at once; return the answer's message."""
        document = event(recorded)
        document["data"] = {"id": "400000000000000003", "name": command, "type": 1}
        if options:
            document["data"]["options"] = [
                {"name": name, "type": 3, "value": value} for name, value in options.items()
            ]
        _, answer = self.answer(json.dumps(document).encode())
        assert (answer["type"], answer["data"]["flags"]) == (4, EPHEMERAL)
        assert answer["data"]["allowed_mentions"] == {"parse": []}
        return answer["data"]

    def ask_for(self, prompt: str, *roles: str) -> Job:
        """Send /serve as a new interaction of a member with the given roles; return its job."""
        document = event("interaction_serve")
        document["id"] = str(int(document["id"]) + len(self.store.table.jobs))
        document["member"]["roles"] = list(roles)
        document["data"]["options"] = [{"name": "prompt", "type": 3, "value": prompt}]
        self.clock.pass_time(1)
        assert self.answer(json.dumps(document).encode()) == (200, {"type": 5})
        return self.job(document["id"])

    def job(self, job_id: str) -> Job:
        job = self.store.load(job_id)
        assert job is not None
        return job

    def move(self, job: Job, after: Job) -> Job:
        self.store.move(job, after, slot_limit=9)
        return after

    @property
    def untouched(self) -> bool:
        return self.queue.sent == [] and self.store.table.jobs == {}


def ended(room: Room, job: Job, outcome: Outcome, *, seen: bool = True) -> Job:
    """End a job as the rooms do."""
    job = room.move(job, job.admitted(0.0, room.clock()))
    job = room.move(job, job.dispatched("runpod", room.clock()))
    job = room.move(job, job.concluded(outcome, room.clock(), 40.0))
    return room.move(job, job.delivered(room.clock(), seen=seen))
