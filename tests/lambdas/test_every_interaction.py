"""Whatever Discord sends, the answer is one that it takes, pings nobody, and breaks no graph.

`DEPTH=40 .venv/bin/pytest -q tests/lambdas/test_every_interaction.py` tries 12,000.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from distillery.core.job import Job, Outcome, Picture
from distillery.core.ports import Delivery, Progress, Waiting
from distillery.core.recipes.recipe import attachment_slots, fill_graph
from distillery.discord.looks import Looks
from local.discord import rules
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.sending import SCHEMAS
from local.engine.graph.validate import validate
from tests.depth import deep
from tests.lambdas.generated_interactions import KINDS
from tests.lambdas.whole_room import RECIPES, WholeRoom

INTERACTIONS = deep(300)
OPENAPI = OpenApi(document_at_hand())
LOOKS = Looks(RECIPES)
NO_PINGS = {"parse": []}


@pytest.mark.parametrize("kind", KINDS)
def test_every_interaction_is_answered_as_discord_takes_it(kind: str) -> None:
    documents, share = KINDS[kind]

    @settings(max_examples=round(INTERACTIONS * share), deadline=None)
    @given(documents)
    def holds(document: dict[str, Any]) -> None:
        check(document)

    holds()


def check(document: dict[str, Any]) -> None:
    """Send an interaction to a room, and judge all that comes of it."""
    room = WholeRoom()
    status, answer = room.answer(document)
    assert status == 200
    assert room.telemetry.counts.get("InteractionsFailed", 0) == 0, "a defect was caught"
    present = document.get("message")
    flags = present.get("flags") if isinstance(present, dict) else 0
    kind = document["type"]
    assert rules.answer_problems(kind, answer, flags if isinstance(flags, int) else 0) == []
    assert OPENAPI.problems(SCHEMAS[answer["type"]], answer) == []
    if answer["type"] in (rules.MESSAGE, rules.UPDATE):
        assert answer["data"]["allowed_mentions"] == NO_PINGS
    # "Thinking" is a promise: somebody must be there who keeps it.
    assert (answer["type"] == rules.DEFERRED) == bool(room.accepted)
    for job in room.accepted:
        check_job(job)


def check_job(job: Job) -> None:
    """Judge the graph of a job that was taken, and every look that its message may have."""
    recipe = RECIPES[job.request.workflow]
    graph = fill_graph(recipe, job.request.given)
    for _, slot, _ in attachment_slots(recipe, job.request.given):
        if slot.node_id in graph:
            graph[slot.node_id]["inputs"][slot.input] = "example.png"
    verdict = validate(graph, lambda name: name == "example.png")
    assert verdict.error is None
    assert verdict.node_errors == {}

    made = Picture("0_9.png", "image/png", 4, 512, 512)
    done = replace(job, outcome=Outcome(pictures=(made,)))
    for edit in (
        LOOKS.waiting(job, Waiting(2, 40.0)),
        LOOKS.working(job, Progress(1, 40.0, "Sampler", 8, 20, eta_s=9.0)),
        LOOKS.pictures(done, [Delivery(done, made, b"x")]),
        LOOKS.failure(job, "No GPU was free."),
    ):
        assert rules.edit_problems(edit) == []
        assert OPENAPI.problems("IncomingWebhookUpdateRequestPartial", edit) == []
        assert edit["allowed_mentions"] == NO_PINGS


def test_a_broken_answer_would_be_seen() -> None:
    """The judge is not blind: an answer with a ping, and one of the wrong kind, are refused."""
    loud = {"type": 4, "data": {"content": "@everyone", "flags": 64}}
    assert rules.answer_problems(2, loud)
    assert rules.answer_problems(
        4, {**loud, "data": {**loud["data"], "allowed_mentions": NO_PINGS}}
    )


def test_enough_of_them_end_in_requests_that_are_taken() -> None:
    taken = 0

    @settings(max_examples=100, database=None, derandomize=True)
    @given(KINDS["command"][0])
    def ask(document: dict[str, Any]) -> None:
        nonlocal taken
        room = WholeRoom()
        room.answer(document)
        taken += bool(room.accepted)

    ask()
    assert taken >= 25  # some 40; what hypothesis draws depends on the modules that are loaded
