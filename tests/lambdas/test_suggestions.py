"""Autocompletion: what a member is offered while they type, whatever that is."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillery.core.recipes.recipe import Choice, Option, OptionKind, Recipe
from local.discord import rules
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.sending import SCHEMAS
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import GOLD, RECIPES, Room

OPENAPI = OpenApi(document_at_hand())
STYLES = tuple(Choice(f"Style {n:03}", f"s{n}", {"de": f"Stil {n:03}"}) for n in range(300))
STYLE = Option("style", OptionKind.STRING, "A style", choices=STYLES, suggest=True)
COUNT = Option("count", OptionKind.INTEGER, "How many", choices=(Choice("one", 1),))


def recipes() -> dict[str, Recipe]:
    """The shipped recipes, the first with long lists of choices."""
    first = next(iter(RECIPES.values()))
    return {**RECIPES, first.name: replace(first, options=(*first.options, STYLE, COUNT))}


def problems(answer: dict[str, Any]) -> list[Any]:
    """What Discord would say against an answer to one who types."""
    schema = SCHEMAS[rules.CHOICES]
    return rules.answer_problems(rules.AUTOCOMPLETE, answer) + OPENAPI.problems(schema, answer)


class Typing:
    """A member who types into a command."""

    def __init__(self) -> None:
        self.room = Room(recipes())

    def ask(self, data: Any, recorded: str = "interaction_serve", **more: Any) -> dict[str, Any]:
        document = event(recorded) | {"type": 4, "data": data} | more
        status, answer = self.room.answer(json.dumps(document).encode())
        assert (status, answer["type"], problems(answer)) == (200, 8, [])
        return answer

    def offered(self, option: str, typed: str, command: str = "serve", **more: Any) -> list[Any]:
        """Return the names and values that are offered."""
        options = [{"name": option, "type": 3, "value": typed, "focused": True}]
        if "workflow" in more:
            options.append({"name": "workflow", "type": 3, "value": more.pop("workflow")})
        answer = self.ask({"id": "3", "name": command, "type": 1, "options": options}, **more)
        return [(choice["name"], choice["value"]) for choice in answer["data"]["choices"]]


@pytest.fixture
def typing() -> Typing:
    return Typing()


def test_choices_are_found_by_what_was_typed(typing: Typing) -> None:
    assert typing.offered("style", "style 29") == [(f"Style 29{n}", f"s29{n}") for n in range(10)]
    assert len(typing.offered("style", "")) == 25
    assert typing.offered("style", "nothing of the kind") == []


def test_choices_are_offered_in_the_member_s_language(typing: Typing) -> None:
    assert typing.offered("style", "stil 007", locale="de") == [("Stil 007", "s7")]


def test_only_the_chosen_workflow_s_choices_are_offered(typing: Typing) -> None:
    first, second = list(RECIPES)[:2]
    assert typing.offered("style", "007", workflow=first)
    assert typing.offered("style", "007", workflow=second) == []
    assert typing.offered("style", "007", workflow="unknown")
    assert typing.offered("style", "007", command=first)
    assert typing.offered("style", "007", command=second) == []


def test_a_number_is_offered_as_a_number(typing: Typing) -> None:
    assert typing.offered("count", "on") == [("one", 1)]


def test_workflows_are_found_by_title(typing: Typing) -> None:
    recipe = list(RECIPES.values())[1]
    for command in ("serve", "help"):
        assert (recipe.title, recipe.name) in typing.offered("workflow", recipe.title, command)


@pytest.mark.parametrize("recorded", ["interaction_serve", "interaction_serve_in_dm"])
def test_past_prompts_are_offered_the_latest_first_and_once(typing: Typing, recorded: str) -> None:
    for prompt in ("a red fox", "an owl", "a red fox", "one fox"):
        typing.room.ask_for(prompt)

    assert typing.offered("prompt", "", recorded=recorded) == [
        ("one fox", "one fox"),
        ("a red fox", "a red fox"),
        ("an owl", "an owl"),
    ]
    assert [name for name, _ in typing.offered("prompt", "a R")] == ["a red fox"]
    assert [name for name, _ in typing.offered("prompt", "fox")] == ["one fox", "a red fox"]


def test_a_long_prompt_is_offered_short_and_sent_whole(typing: Typing) -> None:
    prompt = "a fox, " * 40
    earlier = typing.room.ask_for(prompt)
    [(name, value)] = typing.offered("prompt", "a fox")

    assert len(name) == 100
    assert name.endswith("…")
    later = typing.room.ask_for(value)
    assert later.request.values["prompt"] == earlier.request.values["prompt"]


def test_nobody_is_offered_what_another_member_asked_for(typing: Typing) -> None:
    typing.room.ask_for("a secret fox")
    stranger = event("interaction_serve")["member"]
    stranger["user"]["id"] = "400000000000000099"
    assert typing.offered("prompt", "", member=stranger) == []


def test_a_flag_is_completed_while_it_is_typed(typing: Typing) -> None:
    names, values = zip(*typing.offered("prompt", "a fox --se"), strict=True)
    assert values == ("a fox --seed 7",)
    assert names[0].startswith("--seed 7: ")
    assert all("--" in value for _, value in typing.offered("prompt", "a fox --"))
    assert typing.offered("prompt", "a fox —seed")[0][1] == "a fox --seed 7"
    assert typing.offered("prompt", f"{'a fox ' * 20}--se") == [], "too long for Discord"


def test_a_flag_is_suggested_as_the_chosen_workflow_takes_it(typing: Typing) -> None:
    [(name, value)] = typing.offered("prompt", "a fox --cf", workflow="sdxl_fast")
    assert (name, value) == ("--cfg 1: how strictly to follow the prompt", "a fox --cfg 1")
    [(_, value)] = typing.offered("prompt", "a fox --lo")
    assert typing.room.ask_for(value).request.values["lora"] == "pixel-art-xl.safetensors"


HOSTILE: list[Any] = [
    None,
    [],
    "x",
    {},
    {"name": "serve"},
    {"name": "serve", "options": None},
    {"name": "serve", "options": "x"},
    {"name": "serve", "options": [None]},
    {"name": "serve", "options": [{"focused": True}]},
    {"name": "serve", "options": [{"name": "prompt", "value": 3}]},
    {"name": "serve", "options": [{"name": {}, "value": [], "focused": 1}]},
    {"name": "queue", "options": [{"name": "x", "value": "", "focused": True}]},
]


@pytest.mark.parametrize("data", HOSTILE)
def test_what_makes_no_sense_is_offered_nothing(typing: Typing, data: Any) -> None:
    assert typing.ask(data)["data"]["choices"] == []


def test_a_defect_or_a_busy_table_offers_nothing(
    typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(typing.room.store, "of_member", broken)
    assert typing.offered("prompt", "a") == []


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["prompt", "workflow", "style", "size", "count", "nothing"]),
    st.one_of(st.text(max_size=300), st.text("-—a s", max_size=12), st.just("a" * 6000)),
    st.sampled_from(["serve", "help", *RECIPES]),
    st.text(max_size=8),
    st.lists(st.text(min_size=1, max_size=200).filter(str.strip), max_size=3),
)
def test_whatever_is_typed_discord_takes_what_is_offered(
    option: str, typed: str, command: str, locale: str, prompts: list[str]
) -> None:
    typing = Typing()
    for prompt in prompts:
        typing.room.serve(prompt=prompt.replace("-", "_").replace("—", "_").replace("–", "_"))
    assert len(typing.offered(option, typed, command, locale=locale)) <= 25


def test_suggestions_take_less_than_a_tenth_of_a_second(typing: Typing) -> None:
    for number in range(100):
        typing.room.ask_for(f"{number} foxes " * 30, GOLD)
    took = []
    for _ in range(20):
        began = time.process_time()
        typing.offered("prompt", "fox")
        took.append(time.process_time() - began)
    assert sorted(took)[10] < 0.1
