"""Interactions: what is sent, how it is signed, and how each answer shows in the channel."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from local.discord import endpoint
from local.discord.app import listen
from local.discord.channels import place
from local.discord.interactions import sign, slash_command
from local.discord.members import MEMBERS, member_named
from tests.local.discord.discord_kit import (
    APPLICATION,
    CHANNEL,
    GUILD,
    SERVE,
    SETTINGS,
    Application,
    Client,
    Json,
    picture,
    says,
)
from tests.until import SOON_S

JUNIPER, BARLEY, _ = MEMBERS
BUTTONS: list[Json] = [
    {
        "type": 1,
        "components": [{"type": 2, "style": 2, "label": "Again", "custom_id": "again"}],
    }
]


def built(**options: Any) -> Json:
    command = {**SERVE, "id": "1", "type": 1}
    return slash_command(place(SETTINGS, JUNIPER, None), command, options)


def test_a_slash_command_carries_what_discord_sends() -> None:
    interaction = built(prompt="a fox", steps="20", private="true", workflow="t2i", strength="0.5")

    assert interaction["type"] == 2
    assert interaction["application_id"] == APPLICATION
    assert (interaction["guild_id"], interaction["channel_id"]) == (GUILD, CHANNEL)
    assert interaction["member"]["user"]["username"] == "juniper"
    assert interaction["attachment_size_limit"] == SETTINGS.attachment_size_limit
    assert interaction["entitlements"] == []
    assert interaction["authorizing_integration_owners"] == {"0": GUILD}
    assert (interaction["context"], interaction["version"]) == (0, 1)
    assert interaction["data"]["options"] == [
        {"name": "prompt", "type": 3, "value": "a fox"},
        {"name": "steps", "type": 4, "value": 20},
        {"name": "private", "type": 5, "value": True},
        {"name": "workflow", "type": 3, "value": "t2i"},
        {"name": "strength", "type": 10, "value": 0.5},
    ]


def test_ids_and_tokens_are_never_used_twice() -> None:
    one, other = built(prompt="a fox"), built(prompt="a fox")

    assert one["id"] != other["id"]
    assert one["token"] != other["token"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "prompt: this option is required"),
        ({"prompt": "x"}, "2 or more"),
        ({"prompt": "x" * 301}, "300 or less"),
        ({"prompt": "a fox", "steps": "61"}, "steps: must be 60 or less"),
        ({"prompt": "a fox", "steps": "many"}, "steps: must be a whole number"),
        ({"prompt": "a fox", "strength": "nan"}, "strength: must be a number"),
        ({"prompt": "a fox", "private": "maybe"}, "true or false"),
        ({"prompt": "a fox", "workflow": "other"}, "pick one of t2i"),
        ({"prompt": "a fox", "image": "404"}, "upload the file first"),
        ({"prompt": "a fox", "colour": "red"}, "no option 'colour'"),
    ],
)
def test_what_discord_would_not_send_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        built(**options)


def test_an_unknown_member_is_told_who_there_is() -> None:
    with pytest.raises(ValueError, match="juniper, barley, oak"):
        member_named("nobody")


def test_the_signature_covers_timestamp_and_body() -> None:
    one = sign(SETTINGS.signing_key, b"{}", "1")
    other = sign(SETTINGS.signing_key, b"{}", "2")

    assert one["X-Signature-Timestamp"] == "1"
    assert one["X-Signature-Ed25519"] != other["X-Signature-Ed25519"]


async def test_an_attachment_travels_resolved(client: Client, application: Application) -> None:
    await client.register(SERVE)
    uploaded = (await client.attach("fox.png", picture())).json
    await client.use(prompt="a fox", image=uploaded["id"])

    data = application.seen[0]["data"]
    assert data["options"][1] == {"name": "image", "type": 11, "value": uploaded["id"]}
    resolved = data["resolved"]["attachments"][uploaded["id"]]
    assert (resolved["content_type"], resolved["width"]) == ("image/png", 32)
    served = await client.call("GET", resolved["url"].removeprefix(client.url))
    assert served.json == picture()


async def test_an_upload_above_the_limit_is_refused(client: Client) -> None:
    answered = await client.attach("big.png", bytes(SETTINGS.attachment_size_limit + 1))

    assert (answered.status, answered.json["code"]) == (413, 40005)


async def test_an_ephemeral_answer_is_seen_by_one_member_only(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 4, "data": says("no", flags=64)}
    await client.use(prompt="a fox")

    seen = await client.control(f"messages?member={JUNIPER.id}")
    unseen = await client.control(f"messages?member={BARLEY.id}")

    assert [entry["message"]["content"] for entry in seen.json] == ["no"]
    assert unseen.json == []


async def test_a_deferred_ephemeral_answer_stays_ephemeral(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 5, "data": {"flags": 64}}
    token = (await client.use(prompt="a fox"))["token"]
    edited = await client.webhook("PATCH", token, says("for you"))

    assert edited.json["flags"] == 64
    assert (await client.control(f"messages?member={BARLEY.id}")).json == []


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500),
        web.Response(text="not json"),
        {"type": 5, "data": {"flags": 1 << 15}},
        {"type": 4, "data": {"content": "pings"}},
        {"type": 4, "data": says("")},
        {"type": 6},
    ],
)
async def test_a_wrong_answer_shows_as_no_answer(
    client: Client, application: Application, answer: Any
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: answer
    used = await client.use(prompt="a fox")

    shown = (await client.control(f"messages?member={JUNIPER.id}")).json
    assert [entry["notice"] for entry in shown] == ["The application did not respond"]
    assert used["problems"]
    late = await client.webhook("PATCH", used["token"], says("late"))
    assert (late.status, late.json["code"]) == (404, 10015)


async def test_a_wrong_answer_is_a_violation(client: Client, application: Application) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 5, "data": {"content": "x"}}
    await client.use(prompt="a fox")

    violations = (await client.control("violations")).json
    assert violations[0]["call"] == "answer to interaction type 2"


async def test_an_answer_after_three_seconds_is_none(
    client: Client, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.register(SERVE)
    monkeypatch.setattr(endpoint, "ANSWER_WITHIN", 0.0001)

    used = await client.use(prompt="a fox")

    assert (used["status"], used["answer"]) == (0, None)


async def test_without_an_interactions_url_the_application_does_not_respond(client: Client) -> None:
    await client.register(SERVE)

    used = await client.use(prompt="a fox")

    assert used["problems"] == ["answer: HTTP 0, no interactions URL is set"]


async def answered_with_buttons(client: Client, application: Application) -> Json:
    await client.register(SERVE)
    token = (await client.use(prompt="a fox"))["token"]
    message: Json = (await client.webhook("PATCH", token, says("done", components=BUTTONS))).json
    return message


async def click(client: Client, message: Json, custom_id: str = "again") -> Any:
    body = {"member": "barley", "message": message["id"], "custom_id": custom_id}
    return await client.control("components", body)


async def test_a_click_sends_the_message_and_who_clicked(
    client: Client, application: Application
) -> None:
    message = await answered_with_buttons(client, application)
    application.answer = lambda interaction: {"type": 7, "data": says("changed", components=[])}
    clicked = await click(client, message)

    interaction = application.seen[-1]
    assert interaction["type"] == 3
    assert interaction["data"]["custom_id"] == "again"
    assert interaction["message"]["id"] == message["id"]
    assert interaction["member"]["user"]["username"] == "barley"
    original = await client.webhook("GET", clicked.json["token"])
    assert (original.json["id"], original.json["content"]) == (message["id"], "changed")


async def test_a_deferred_update_lets_the_token_edit_the_message(
    client: Client, application: Application
) -> None:
    message = await answered_with_buttons(client, application)
    application.answer = lambda interaction: {"type": 6}
    clicked = await click(client, message)

    edited = await client.webhook("PATCH", clicked.json["token"], says("later"))

    assert edited.json["id"] == message["id"]


async def test_a_button_that_is_not_there_cannot_be_clicked(
    client: Client, application: Application
) -> None:
    message = await answered_with_buttons(client, application)

    assert (await click(client, message, "other")).status == 400


async def test_the_portal_takes_an_url_that_answers_rightly(
    client: Client, application: Application
) -> None:
    client.discord.interactions_url = None

    answered = await client.control("interactions_url", {"url": application.url})

    assert answered.status == 200
    assert client.discord.interactions_url == application.url


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"checks_signatures": False}, "a wrong signature has to be answered 401"),
        ({"pongs": False}, "a signed PING has to be answered 200"),
    ],
)
async def test_the_portal_refuses_an_url_that_answers_wrongly(
    client: Client, application: Application, fault: dict[str, bool], text: str
) -> None:
    client.discord.interactions_url = None
    for name, value in fault.items():
        setattr(application, name, value)

    answered = await client.control("interactions_url", {"url": application.url})

    assert answered.status == 400
    assert text in answered.json["message"]
    assert client.discord.interactions_url is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/interactions", "nonsense", ""])
async def test_the_portal_refuses_an_url_where_nobody_is(client: Client, url: str) -> None:
    answered = await client.control("interactions_url", {"url": url})

    assert answered.status == 400
    assert "no answer" in answered.json["message"]


async def next_event(stream: Any, kind: str) -> Json:
    """Read events until one of the given kind."""
    while True:
        async with asyncio.timeout(SOON_S):
            lines = (await stream.readuntil(b"\n\n")).decode().splitlines()
        if lines[0] == f"event: {kind}":
            event: Json = json.loads(lines[1].removeprefix("data: "))
            return event


async def test_a_page_is_told_everything_and_then_every_change(client: Client) -> None:
    await client.register(SERVE)
    async with client.http.get(f"{client.url}/control/events?member=oak") as answer:
        ready = await next_event(answer.content, "READY")
        await client.webhook("PATCH", "own", says("one"))
        created = await next_event(answer.content, "MESSAGE_CREATE")
        await client.webhook("PATCH", "own", says("two"))
        updated = await next_event(answer.content, "MESSAGE_UPDATE")
        await client.webhook("DELETE", "own")
        deleted = await next_event(answer.content, "MESSAGE_DELETE")
        await client.register()
        commands = await next_event(answer.content, "COMMANDS_UPDATE")

    assert [command["name"] for command in ready["commands"]] == ["serve"]
    assert created["message"]["content"] == "one"
    assert updated["message"]["content"] == "two"
    assert deleted["id"] == created["message"]["id"]
    assert commands == {"commands": []}


async def test_the_page_of_another_member_is_not_told_of_an_ephemeral_message(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 4, "data": says("no", flags=64)}
    async with client.http.get(f"{client.url}/control/events?member=barley") as answer:
        await next_event(answer.content, "READY")
        await client.use(member="juniper", prompt="a fox")
        await client.control("chat", {"member": "oak", "content": "hello"})
        created = await next_event(answer.content, "MESSAGE_CREATE")

    assert created["message"]["content"] == "hello"


async def test_an_open_page_ends_cleanly_with_the_server() -> None:
    async with aiohttp.ClientSession() as http:
        async with listen(SETTINGS) as discord:
            answer = await http.get(f"{discord.settings.public_url}/control/events")
            await next_event(answer.content, "READY")

        assert await answer.content.read() == b""
