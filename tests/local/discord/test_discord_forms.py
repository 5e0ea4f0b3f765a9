"""Autocompletion, commands of messages, menus and forms: what is sent, and which answers pass."""

from __future__ import annotations

from typing import Any

import pytest

from local.discord.members import MEMBERS
from tests.local.discord.discord_kit import (
    CHANNEL,
    SERVE,
    Application,
    Client,
    Json,
    picture,
    says,
)

JUNIPER, BARLEY, _ = MEMBERS
PAINT: Json = {
    "name": "paint",
    "description": "Paint",
    "options": [
        {"type": 3, "name": "model", "description": "Which", "required": True},
        {"type": 3, "name": "style", "description": "How", "autocomplete": True},
        {"type": 4, "name": "steps", "description": "Steps", "min_value": 1, "max_value": 60},
    ],
}
ADMIN: Json = {
    "name": "admin",
    "description": "Moderate",
    "options": [
        {
            "type": 1,
            "name": "ban",
            "description": "Ban somebody",
            "options": [
                {"type": 6, "name": "who", "description": "Whom", "required": True},
                {"type": 7, "name": "where", "description": "Where"},
                {"type": 8, "name": "role", "description": "Which"},
            ],
        }
    ],
}
UPSCALE: Json = {"name": "Upscale", "type": 3}
MODAL: Json = {
    "custom_id": "edit:1",
    "title": "Edit the request",
    "components": [
        {"type": 10, "content": "Change what you like."},
        {
            "type": 18,
            "label": "Prompt",
            "component": {
                "type": 4,
                "custom_id": "prompt",
                "style": 2,
                "value": "a fox",
                "min_length": 2,
                "max_length": 50,
            },
        },
        {
            "type": 18,
            "label": "Size",
            "component": {
                "type": 3,
                "custom_id": "size",
                "required": False,
                "options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}],
            },
        },
    ],
}
LEGACY_MODAL: Json = {
    "custom_id": "old",
    "title": "Words",
    "components": [
        {
            "type": 1,
            "components": [{"type": 4, "custom_id": "words", "label": "Words", "style": 1}],
        }
    ],
}
MENU: list[Json] = [
    {
        "type": 1,
        "components": [
            {
                "type": 3,
                "custom_id": "menu",
                "max_values": 2,
                "options": [{"label": text, "value": text} for text in ("one", "two", "three")],
            }
        ],
    },
    {
        "type": 1,
        "components": [{"type": 2, "style": 1, "label": "Edit", "custom_id": "edit"}],
    },
]


def suggestions(*values: str) -> Json:
    return {"type": 8, "data": {"choices": [{"name": v, "value": v} for v in values]}}


async def suggested(client: Client, focused: str = "style", **options: Any) -> Any:
    body = {"member": "juniper", "command": "paint", "focused": focused, "options": options}
    return await client.control("autocomplete", body)


async def test_autocompletion_sends_what_is_typed_so_far(
    client: Client, application: Application
) -> None:
    await client.register(PAINT)
    application.answer = lambda interaction: suggestions("ink", "oil")
    answered = await suggested(client, style="in", steps="999")

    assert [choice["value"] for choice in answered.json["choices"]] == ["ink", "oil"]
    [interaction] = application.seen
    assert interaction["type"] == 4
    assert interaction["data"]["options"] == [
        {"name": "style", "type": 3, "value": "in", "focused": True}
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"type": 4, "data": says("no")},
        suggestions(*(str(number) for number in range(26))),
        {"type": 8, "data": {"choices": [{"name": "x" * 101, "value": "x"}]}},
        {"type": 8, "data": {"choices": [{"name": "", "value": "x"}]}},
    ],
)
async def test_wrong_suggestions_are_none_and_a_violation(
    client: Client, application: Application, answer: Json
) -> None:
    await client.register(PAINT)
    application.answer = lambda interaction: answer
    answered = await suggested(client, style="")

    assert answered.json["choices"] == []
    assert answered.json["problems"]
    [violation] = (await client.control("violations")).json
    assert violation["call"] == "answer to interaction type 4"


async def test_only_an_option_with_autocompletion_is_asked_about(client: Client) -> None:
    await client.register(PAINT)

    assert (await suggested(client, "model", model="x")).status == 400


async def test_a_subcommand_is_nested_and_its_objects_are_resolved(
    client: Client, application: Application
) -> None:
    await client.register(ADMIN)
    options = {"who": BARLEY.id, "where": CHANNEL, "role": BARLEY.role_ids[0]}
    await client.use(command="admin ban", **options)

    data = application.seen[0]["data"]
    [subcommand] = data["options"]
    assert (subcommand["name"], subcommand["type"]) == ("ban", 1)
    assert subcommand["options"][0] == {"name": "who", "type": 6, "value": BARLEY.id}
    resolved = data["resolved"]
    assert resolved["users"][BARLEY.id]["username"] == "barley"
    assert resolved["members"][BARLEY.id]["roles"] == list(BARLEY.role_ids)
    assert resolved["channels"][CHANNEL]["name"] == "pictures"
    assert resolved["roles"][BARLEY.role_ids[0]]["name"] == "Patron"
    [shown] = (await client.control("messages")).json
    assert shown["message"]["interaction"]["name"] == "admin ban"


@pytest.mark.parametrize(
    ("command", "options", "why"),
    [
        ("admin", {}, "used with one of: ban"),
        ("admin kick", {}, "no subcommand"),
        ("admin ban", {"who": "404"}, "name a member"),
    ],
)
async def test_a_subcommand_that_is_not_there_cannot_be_used(
    client: Client, command: str, options: Json, why: str
) -> None:
    await client.register(ADMIN)
    body = {"member": "juniper", "command": command, "options": options}
    answered = await client.control("commands", body)

    assert answered.status == 400
    assert why in answered.json["message"]


async def test_a_command_of_a_message_carries_the_message(
    client: Client, application: Application
) -> None:
    await client.register(SERVE, UPSCALE)
    uploaded = (await client.attach("fox.png", picture())).json
    said = {"member": "barley", "content": "look", "attachments": [uploaded["id"]]}
    message = (await client.control("chat", said)).json
    body = {"member": "juniper", "command": "Upscale", "message": message["id"]}
    assert (await client.control("message_commands", body)).status == 200

    data = application.seen[0]["data"]
    assert (data["type"], data["name"], data["target_id"]) == (3, "Upscale", message["id"])
    resolved = data["resolved"]["messages"][message["id"]]
    assert resolved["attachments"][0]["filename"] == "fox.png"
    assert resolved["author"]["username"] == "barley"


async def test_a_slash_command_is_not_in_the_menu_of_a_message(client: Client) -> None:
    await client.register(SERVE)
    message = (await client.control("chat", {"member": "barley", "content": "look"})).json
    body = {"member": "juniper", "command": "serve", "message": message["id"]}

    assert (await client.control("message_commands", body)).json["code"] == 10063


async def with_menu(client: Client, application: Application) -> Json:
    await client.register(SERVE)
    token = (await client.use(prompt="a fox"))["token"]
    message: Json = (await client.webhook("PATCH", token, says("done", components=MENU))).json
    return message


async def click(client: Client, message: Json, custom_id: str, **more: Any) -> Any:
    body = {"member": "barley", "message": message["id"], "custom_id": custom_id, **more}
    return await client.control("components", body)


async def test_a_menu_sends_what_was_chosen(client: Client, application: Application) -> None:
    message = await with_menu(client, application)
    application.answer = lambda interaction: {"type": 6}
    await click(client, message, "menu", values=["one", "three"])

    data = application.seen[-1]["data"]
    assert (data["component_type"], data["values"]) == (3, ["one", "three"])
    for values in ([], ["four"], ["one", "two", "three"]):
        assert (await click(client, message, "menu", values=values)).status == 400


async def test_the_answer_to_a_click_refers_to_its_message(
    client: Client, application: Application
) -> None:
    message = await with_menu(client, application)
    application.answer = lambda interaction: {"type": 4, "data": says("here")}
    token = (await click(client, message, "edit")).json["token"]

    answer = (await client.webhook("GET", token)).json
    assert (answer["type"], "interaction" in answer) == (19, False)
    assert answer["message_reference"]["message_id"] == message["id"]
    assert answer["interaction_metadata"]["interacted_message_id"] == message["id"]


async def test_a_click_without_an_answer_leaves_no_message(
    client: Client, application: Application
) -> None:
    message = await with_menu(client, application)
    application.answer = lambda interaction: {"type": 99}
    answered = await click(client, message, "edit")

    assert answered.json["problems"]
    assert len((await client.control(f"messages?member={BARLEY.id}")).json) == 1


async def test_an_ephemeral_message_is_clicked_by_its_member_alone(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    data = says("for you", components=MENU, flags=64)
    application.answer = lambda interaction: {"type": 4, "data": data}
    token = (await client.use(prompt="a fox"))["token"]
    message = (await client.webhook("GET", token)).json

    assert (await click(client, message, "edit")).json["code"] == 10008


async def opened(client: Client, application: Application, modal: Json = MODAL) -> Json:
    """Click on a button that opens a form; return the click."""
    message = await with_menu(client, application)
    application.answer = lambda interaction: {"type": 9, "data": modal}
    clicked: Json = (await click(client, message, "edit")).json
    assert clicked["problems"] == []
    application.answer = lambda interaction: {"type": 7, "data": says("edited", components=[])}
    return clicked


async def send(client: Client, clicked: Json, member: str = "barley", **values: Any) -> Any:
    body = {"member": member, "opened_by": clicked["interaction_id"], "values": values}
    return await client.control("modals", body)


async def test_a_form_sends_what_was_written_and_the_message_it_came_from(
    client: Client, application: Application
) -> None:
    clicked = await opened(client, application)
    sent = await send(client, clicked, prompt="an owl", size="l")

    interaction = application.seen[-1]
    assert interaction["type"] == 5
    assert interaction["data"] == {
        "custom_id": "edit:1",
        "components": [
            {"type": 10, "id": 1},
            {
                "type": 18,
                "id": 2,
                "component": {"type": 4, "id": 3, "custom_id": "prompt", "value": "an owl"},
            },
            {
                "type": 18,
                "id": 4,
                "component": {"type": 3, "id": 5, "custom_id": "size", "values": ["l"]},
            },
        ],
    }
    assert interaction["message"]["content"] == "done"
    assert sent.json["problems"] == []
    [shown] = (await client.control("messages")).json
    assert shown["message"]["content"] == "edited"


async def test_a_form_of_rows_is_sent_as_rows(client: Client, application: Application) -> None:
    clicked = await opened(client, application, LEGACY_MODAL)
    await send(client, clicked, words="hello")

    [row] = application.seen[-1]["data"]["components"]
    assert row["components"] == [{"type": 4, "id": 2, "custom_id": "words", "value": "hello"}]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "prompt: must be 2 to 50"),
        ({"prompt": "x" * 51}, "prompt: must be 2 to 50"),
        ({"prompt": "an owl", "size": "xl"}, "none of the choices"),
        ({"prompt": "an owl", "colour": "red"}, "no field 'colour'"),
    ],
)
async def test_a_form_with_a_wrong_value_is_not_sent(
    client: Client, application: Application, values: Json, why: str
) -> None:
    clicked = await opened(client, application)
    before = len(application.seen)
    answered = await send(client, clicked, **values)

    assert answered.status == 400
    assert why in answered.json["message"]
    assert len(application.seen) == before


async def test_a_form_is_sent_once_and_by_who_opened_it(
    client: Client, application: Application
) -> None:
    clicked = await opened(client, application)

    assert (await send(client, clicked, "juniper", prompt="an owl")).status == 400
    assert (await send(client, clicked, prompt="an owl")).status == 200
    assert (await send(client, clicked, prompt="an owl")).status == 400


async def test_a_form_without_an_answer_stays_open(
    client: Client, application: Application
) -> None:
    clicked = await opened(client, application)
    application.answer = lambda interaction: {"type": 9, "data": MODAL}
    assert (await send(client, clicked, prompt="an owl")).json["problems"]
    application.answer = lambda interaction: {"type": 6}

    assert (await send(client, clicked, prompt="an owl")).json["problems"] == []


async def test_the_form_of_a_command_has_no_message_to_update(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 9, "data": MODAL}
    used = await client.use(member="barley", prompt="a fox")
    application.answer = lambda interaction: {"type": 6}

    assert (await send(client, used, prompt="an owl")).json["problems"]


def changed(**fields: Any) -> Json:
    return MODAL | fields


LABEL = MODAL["components"][1]


@pytest.mark.parametrize(
    "modal",
    [
        changed(title="x" * 46),
        changed(custom_id="x" * 101),
        changed(components=[]),
        changed(components=[LABEL] * 6),
        changed(components=[LABEL, LABEL]),
        changed(components=[LABEL["component"]]),
        changed(components=[{**LABEL, "label": "x" * 46}]),
        changed(components=[{**LABEL, "component": {**LABEL["component"], "label": "x"}}]),
        changed(components=[{**LABEL, "component": {"type": 2, "custom_id": "b", "style": 1}}]),
        changed(flags=64),
    ],
)
async def test_a_form_that_discord_would_refuse_does_not_open(
    client: Client, application: Application, modal: Json
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 9, "data": modal}

    assert (await client.use(prompt="a fox"))["problems"]
