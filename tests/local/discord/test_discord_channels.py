"""Who may do what, and where: several members, channels, direct messages and permissions."""

from __future__ import annotations

from typing import Any

import pytest

from local.discord.channels import AGE_RESTRICTED_ID, direct_messages
from local.discord.members import MANAGE_GUILD, MEMBERS, MODERATORS, PATRONS
from tests.local.discord.discord_kit import CHANNEL, SERVE, SETTINGS, Application, Client, says

JUNIPER, BARLEY, OAK = MEMBERS
DIRECT = direct_messages(SETTINGS, JUNIPER).id


async def used(client: Client, **more: Any) -> Any:
    body = {"member": "juniper", "command": "serve", "options": {"prompt": "a fox"}, **more}
    return await client.control("commands", body)


async def test_an_interaction_says_what_its_member_may_and_has(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    for member in ("juniper", "barley", "oak"):
        await used(client, member=member)

    members = [interaction["member"] for interaction in application.seen]
    assert [member["roles"] for member in members] == [[], [PATRONS], [MODERATORS]]
    may = [bool(int(member["permissions"]) & MANAGE_GUILD) for member in members]
    assert may == [False, False, True]


async def test_an_interaction_says_whether_its_channel_is_age_restricted(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    for channel in (CHANNEL, AGE_RESTRICTED_ID):
        await used(client, channel=channel)

    assert [i["channel"]["nsfw"] for i in application.seen] == [False, True]
    assert [i["channel_id"] for i in application.seen] == [CHANNEL, AGE_RESTRICTED_ID]


async def test_direct_messages_carry_a_user_and_no_guild(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    await used(client, channel=DIRECT)

    [interaction] = application.seen
    assert interaction["user"]["username"] == "juniper"
    assert not {"member", "guild", "guild_id", "guild_locale"} & set(interaction)
    assert (interaction["context"], interaction["channel"]["type"]) == (1, 1)
    assert interaction["authorizing_integration_owners"] == {"0": "0"}


async def test_direct_messages_are_closed_to_others(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    token = (await used(client, channel=DIRECT)).json["token"]
    await client.webhook("PATCH", token, says("between us"))

    assert (await used(client, member="barley", channel=DIRECT)).json["code"] == 10003
    assert (await client.control(f"messages?member={BARLEY.id}")).json == []
    [shown] = (await client.control(f"messages?member={JUNIPER.id}")).json
    assert shown["message"]["channel_id"] == DIRECT


async def test_the_bot_writes_into_every_channel(client: Client) -> None:
    for channel in (CHANNEL, AGE_RESTRICTED_ID, DIRECT):
        await client.bot("POST", f"/channels/{channel}/messages", json=says(channel))
        listed = await client.bot("GET", f"/channels/{channel}/messages")
        assert [message["content"] for message in listed.json] == [channel]
    unknown = await client.bot("GET", "/channels/404/messages")
    assert unknown.json["code"] == 10003


async def test_the_bot_s_own_routes_know_no_ephemeral_message(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    application.answer = lambda interaction: {"type": 4, "data": says("psst", flags=64)}
    token = (await used(client)).json["token"]
    message = (await client.webhook("GET", token)).json["id"]

    for method in ("GET", "DELETE"):
        answered = await client.bot(method, f"/channels/{CHANNEL}/messages/{message}")
        assert answered.json["code"] == 10008


async def test_in_direct_messages_the_bot_deletes_only_its_own(client: Client) -> None:
    said = await client.control("chat", {"member": "juniper", "channel": DIRECT, "content": "hi"})
    path = f"/channels/{DIRECT}/messages"
    own = await client.bot("POST", path, json=says("hello"))

    assert (await client.bot("DELETE", f"{path}/{said.json['id']}")).json["code"] == 50003
    assert (await client.bot("DELETE", f"{path}/{own.json['id']}")).status == 204


@pytest.mark.parametrize(
    ("command", "member", "channel", "why"),
    [
        ({"default_member_permissions": str(MANAGE_GUILD)}, "juniper", CHANNEL, "permissions"),
        ({"default_member_permissions": str(MANAGE_GUILD)}, "oak", CHANNEL, ""),
        ({"default_member_permissions": "0"}, "oak", CHANNEL, "permissions"),
        ({"nsfw": True}, "juniper", CHANNEL, "age-restricted"),
        ({"nsfw": True}, "juniper", AGE_RESTRICTED_ID, ""),
        ({"contexts": [0]}, "juniper", DIRECT, "cannot be used here"),
        ({"contexts": [1]}, "juniper", CHANNEL, "cannot be used here"),
        ({"contexts": [0, 1]}, "juniper", DIRECT, ""),
    ],
)
async def test_a_command_is_offered_as_it_was_registered(
    client: Client, application: Application, command: Any, member: str, channel: str, why: str
) -> None:
    assert (await client.register(SERVE | command)).status == 200
    answered = await used(client, member=member, channel=channel)

    assert answered.status == (400 if why else 200)
    assert why in answered.json.get("message", "")


async def test_a_message_is_deleted_by_its_author_or_a_moderator(client: Client) -> None:
    def said(member: str) -> Any:
        return client.control("chat", {"member": member, "content": "hello"})

    one, other = (await said("juniper")).json["id"], (await said("juniper")).json["id"]
    refused = await client.call("DELETE", f"/control/chat/{one}?member=barley")
    assert refused.json["code"] == 50013
    for member, message in (("juniper", one), ("oak", other)):
        deleted = await client.call("DELETE", f"/control/chat/{message}?member={member}")
        assert deleted.status == 204
    assert (await client.control("messages")).json == []


async def test_a_page_without_a_gpu_cloud_says_so(client: Client) -> None:
    answered = await client.control("cloud/faults")

    assert (answered.status, answered.json["message"]) == (
        404,
        "There is no GPU cloud behind this page.",
    )
