"""/info and the commands in the menu of a message, wherever Discord has them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillery.core.recipes.recipe import Action, Option, OptionKind, Recipe
from distillery.discord.commands import all_commands
from local.discord import rules
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.sending import SCHEMAS
from tests.adapters.test_picture_request import itxt
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import RECIPES, Room

OPENAPI = OpenApi(document_at_hand())
URL = "https://cdn.discordapp.com/attachments/1/2/fox.png?ex=1&hm=2"
MADE = itxt(
    json.dumps(
        {"workflow": "sdxl_text_to_image", "options": {"prompt": "a *red* fox", "seed": 7}}
    ).encode()
)
IMAGE = Option(
    "image", OptionKind.ATTACHMENT, "A picture", required=True, content_types=("image/png",)
)
PROMPT = Option("prompt", OptionKind.STRING, "What to paint", required=True, max_length=6000)
HOW = ["in a guild", "in a DM", "installed by a user", "between users"]


def a_recipe(action: Action, *options: Option) -> Recipe:
    return Recipe(action, action.title(), "x", False, {}, (IMAGE, *options), ("9",), action=action)


RECIPES_ON_PICTURES = {
    **{n: replace(r, action=None) for n, r in RECIPES.items() if r.default},
    "upscale": a_recipe(Action.UPSCALE),
    "variation": a_recipe(Action.VARIATION, PROMPT),
    "start_from": a_recipe(Action.START_FROM, PROMPT),
}


def asked(how: str) -> dict[str, Any]:
    """Return an interaction as Discord sends it from one of the places there are."""
    if how == "in a guild":
        return event("interaction_serve") | {"context": 0}
    if how == "in a DM":
        return event("interaction_serve_in_dm") | {"context": 1}
    if how == "installed by a user":
        owners = {"1": "400000000000000042"}
        return event("interaction_serve") | {"context": 0, "authorizing_integration_owners": owners}
    return event("interaction_serve_in_dm") | {"context": 2}


class Desk:
    """A member with a message before them."""

    def __init__(self, recipes: dict[str, Recipe] = RECIPES_ON_PICTURES) -> None:
        self.room = Room(recipes)

    def send(self, kind: int, data: Any, how: str = HOW[0], **more: Any) -> dict[str, Any]:
        document = asked(how) | {"type": kind, "data": data} | more
        status, answer = self.room.answer(json.dumps(document).encode())
        assert status == 200
        assert rules.answer_problems(kind, answer) == []
        assert OPENAPI.problems(SCHEMAS[answer["type"]], answer) == []
        return answer

    def pick(self, command: str, message: Any, how: str = HOW[0]) -> dict[str, Any]:
        """Pick a command from the menu of a message."""
        data = {"id": "3", "name": command, "type": 3, "target_id": "77"}
        return self.send(2, data | {"resolved": {"messages": {"77": message}}}, how)

    def info(self, how: str = HOW[0], **file: Any) -> str:
        """Use /info with an attachment."""
        attachment = {"id": "9", "filename": "fox.png", "url": URL, "size": 5} | file
        option = {"name": "image", "type": 11, "value": "9"}
        data = {"id": "3", "name": "info", "type": 1, "options": [option]}
        answer = self.send(2, data | {"resolved": {"attachments": {"9": attachment}}}, how)
        return str(answer["data"]["content"])

    def job(self) -> Any:
        [job] = self.room.store.table.jobs.values()
        return job


def message(*urls: str, **fields: Any) -> dict[str, Any]:
    """Return a message with pictures."""
    files = [
        {"id": "9", "filename": "fox.png", "url": url, "size": 5, "content_type": "image/png"}
        for url in urls
    ]
    return {"id": "77", "channel_id": "7", "content": "", "attachments": files, **fields}


def of_components(url: str) -> dict[str, Any]:
    """Return a message that shows a picture in a gallery in a container."""
    media = {"url": url, "content_type": "image/png", "width": 8, "height": 8}
    gallery = {"type": 12, "items": [{"media": media}]}
    return message(components=[{"type": 17, "components": [gallery]}], flags=1 << 15)


def passed_on(url: str) -> dict[str, Any]:
    """Return a message that passes another one on."""
    return message(message_snapshots=[{"message": message(url)}])


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.room.files[URL] = MADE
    return desk


@pytest.mark.parametrize("how", HOW)
def test_info_says_how_an_attached_picture_was_made(desk: Desk, how: str) -> None:
    assert desk.info(how).splitlines() == [
        f"**{RECIPES['sdxl_text_to_image'].title}**",
        r"> a \*red\* fox",
        "- seed: `7`",
        "-# So the file says; anybody could have written it.",
    ]
    assert desk.room.untouched


def test_info_on_what_is_no_picture_says_what_to_attach(desk: Desk) -> None:
    assert desk.info(content_type="text/plain; charset=utf-8") == (
        "`image` cannot be text/plain. Attach one of: image/png, image/jpeg, image/webp."
    )
    assert "red" in desk.info(content_type="image/png")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("shown", [message, of_components, passed_on])
def test_info_looks_into_the_picture_of_a_message(desk: Desk, how: str, shown: Any) -> None:
    answer = desk.pick("Info", shown(URL), how)
    assert r"a \*red\* fox" in answer["data"]["content"]


def test_a_picture_that_says_nothing_is_told_so(desk: Desk) -> None:
    desk.room.files.clear()
    assert "does not say how it was made" in desk.info()


@pytest.mark.parametrize("command", ["Info", "Upscale", "Variations", "Use as input"])
@pytest.mark.parametrize(
    "target",
    [
        message(),
        message(attachments=[{"filename": "a.pdf", "url": URL, "content_type": "application/pdf"}]),
        message(attachments=None, components=None, message_snapshots=None),
    ],
)
def test_a_message_without_a_picture_is_told_so(desk: Desk, command: str, target: Any) -> None:
    answer = desk.pick(command, target)
    assert "no picture in this message" in answer["data"]["content"]
    assert desk.room.untouched


@pytest.mark.parametrize("how", HOW)
def test_upscale_is_done_by_the_recipe_that_is_made_for_it(desk: Desk, how: str) -> None:
    assert desk.pick("Upscale", message(URL), how) == {"type": 5}
    job = desk.job()
    assert job.request.workflow == "upscale"
    assert job.request.attachments["image"].url == URL
    assert (job.origin.guild_id is None) == (how in ("in a DM", "between users"))


@pytest.mark.parametrize("how", HOW)
def test_variations_are_made_with_the_prompt_that_the_picture_says(desk: Desk, how: str) -> None:
    assert desk.pick("Variations", of_components(URL), how) == {"type": 5}
    assert desk.job().request.workflow == "variation"
    assert desk.job().request.values["prompt"] == "a *red* fox"


def test_variations_of_a_picture_that_says_no_prompt_need_one(desk: Desk) -> None:
    answer = desk.pick("Variations", message(URL + "other"))
    assert "“Use as input”" in answer["data"]["content"]
    assert desk.room.untouched


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("command", ["Info", "Upscale", "Variations", "Use as input"])
def test_of_several_pictures_the_member_chooses_one(desk: Desk, how: str, command: str) -> None:
    first = "https://cdn.discordapp.com/attachments/1/2/owl.png?ex=1"
    question = desk.pick(command, message(first, URL), how)["data"]
    assert question["flags"] == 64
    assert [embed["image"]["url"] for embed in question["embeds"]] == [first, URL]
    _, second = question["components"][0]["components"]

    data = {"custom_id": second["custom_id"], "component_type": 2}
    answer = desk.send(3, data, how, message={"id": "9", "embeds": question["embeds"]})
    if command == "Info":
        assert r"a \*red\* fox" in answer["data"]["content"]
    elif command == "Use as input":
        assert form_of(answer)["address"]["value"] == URL
    else:
        assert answer == {"type": 5}
        assert desk.job().request.attachments["image"].url == URL


def test_a_message_full_of_pictures_is_asked_about_ten_of_them(desk: Desk) -> None:
    question = desk.pick("Upscale", message(*(f"{URL}&n={n}" for n in range(12))))["data"]
    assert len(question["embeds"]) == 10
    assert [len(row["components"]) for row in question["components"]] == [5, 5]


@pytest.mark.parametrize(
    "custom_id", ["pick", "pick:Upscale", "pick:Upscale:7", "pick:ban:0", "pick:Upscale:x:0"]
)
@pytest.mark.parametrize("embeds", [None, [], [{}], [{"image": {"url": "https://evil.example/"}}]])
def test_a_choice_that_makes_no_sense_is_answered_kindly(
    desk: Desk, custom_id: str, embeds: Any
) -> None:
    data = {"custom_id": custom_id, "component_type": 2}
    assert desk.send(3, data, message={"id": "9", "embeds": embeds})["type"] == 4
    assert desk.room.untouched


def test_a_picture_of_unknown_size_is_fetched_as_far_as_the_workflow_takes_it() -> None:
    small = replace(IMAGE, max_bytes=1000)
    upscale = replace(RECIPES_ON_PICTURES["upscale"], options=(small,))
    desk = Desk({**RECIPES_ON_PICTURES, "upscale": upscale})
    assert desk.pick("Upscale", of_components(URL)) == {"type": 5}
    assert desk.job().request.attachments["image"].size == 1000


def form_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the text inputs of a form by name."""
    parts = [label["component"] for label in answer["data"]["components"]]
    return {part["custom_id"]: part for part in parts}


def filled(data: dict[str, Any], **typed: str) -> dict[str, Any]:
    """Return a form as Discord sends it back."""
    return {
        "custom_id": data["custom_id"],
        "components": [
            {
                "type": 18,
                "id": number,
                "component": {
                    "type": 4,
                    "custom_id": label["component"]["custom_id"],
                    "value": typed.get(
                        label["component"]["custom_id"], label["component"].get("value", "")
                    ),
                },
            }
            for number, label in enumerate(data["components"])
        ],
    }


@pytest.mark.parametrize("how", HOW)
def test_use_as_input_asks_for_the_words_and_begins_with_the_picture(desk: Desk, how: str) -> None:
    answer = desk.pick("Use as input", message(URL), how)
    assert answer["type"] == 9
    assert form_of(answer)["address"]["value"] == URL
    assert form_of(answer)["prompt"]["required"] is True

    assert desk.send(5, filled(answer["data"], prompt="in snow --seed 3"), how)["type"] == 4
    assert desk.send(5, filled(answer["data"], prompt="in snow"), how) == {"type": 5}
    assert desk.job().request.workflow == "start_from"
    assert desk.job().request.values["prompt"] == "in snow"
    assert desk.job().request.attachments["image"].url == URL


@pytest.mark.parametrize("address", ["https://evil.example/fox.png", "file:///fox.png", "fox.png"])
def test_a_form_does_not_lead_to_another_place(desk: Desk, address: str) -> None:
    answer = desk.pick("Use as input", message(URL))
    said = desk.send(5, filled(answer["data"], prompt="a fox", address=address))
    assert "attached in Discord" in said["data"]["content"]
    assert desk.room.untouched


def test_a_form_from_before_there_were_labels_is_read_too(desk: Desk) -> None:
    parts = [{"custom_id": "prompt", "value": "a fox"}, {"custom_id": "address", "value": URL}]
    rows = [{"type": 1, "components": [{"type": 4, **part}]} for part in parts]
    assert desk.send(5, {"custom_id": "use", "components": rows}) == {"type": 5}


@pytest.mark.parametrize("command", ["Upscale", "Variations", "Use as input"])
def test_without_a_workflow_for_it_there_is_no_such_command(command: str) -> None:
    alone = {n: replace(r, action=None) for n, r in RECIPES.items()}
    assert command not in [c["name"] for c in all_commands(alone)]
    assert command in [c["name"] for c in all_commands(RECIPES_ON_PICTURES)]
    answer = Desk(alone).pick(command, message(URL))
    assert "No workflow that is installed here does this" in answer["data"]["content"]


oddities = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["attachments", "components", "items", "media", "url", "content_type", "size"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["Info", "Upscale", "Variations", "Use as input", "info"]),
    st.one_of(oddities, oddities.map(lambda o: message(URL, components=[o], attachments=o))),
)
def test_whatever_a_message_is_like_the_answer_is_one_that_discord_takes(
    command: str, target: Any
) -> None:
    picked = Desk().pick(command, target)
    sent = Desk().send(5, {"custom_id": "use", "components": target})
    assert {picked["type"], sent["type"]} <= {4, 5, 9}
