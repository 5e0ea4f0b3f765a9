"""What needs the bot token: channel messages, commands, and who the bot is."""

from __future__ import annotations

import pytest

from local.discord.interactions import public_key
from local.discord.members import SEND_MESSAGES, member_named
from tests.local.discord.discord_kit import (
    APPLICATION,
    CHANNEL,
    GUILD,
    SERVE,
    SETTINGS,
    Client,
    Json,
    says,
)

COMMANDS = f"/applications/{APPLICATION}/commands"
OF_THE_GUILD = f"/applications/{APPLICATION}/guilds/{GUILD}/commands"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bot wrong"}, {"Authorization": ""}])
@pytest.mark.parametrize(
    "path", [COMMANDS, OF_THE_GUILD, f"/channels/{CHANNEL}/messages", "/users/@me"]
)
async def test_without_the_bot_token_everything_is_401(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    answered = await client.api("GET", path, headers=headers)

    assert answered.status == 401
    assert answered.json == {"message": "401: Unauthorized", "code": 0}


async def test_the_bot_posts_edits_and_deletes_in_its_channel(client: Client) -> None:
    path = f"/channels/{CHANNEL}/messages"
    posted = await client.bot("POST", path, json=says("late result"))
    message = f"{path}/{posted.json['id']}"
    edited = await client.bot("PATCH", message, json=says("changed"))
    listed = await client.bot("GET", path)
    deleted = await client.bot("DELETE", message)

    assert posted.json["author"]["bot"] is True
    assert [entry["content"] for entry in listed.json] == [edited.json["content"]] == ["changed"]
    assert deleted.status == 204
    assert (await client.bot("GET", message)).json["code"] == 10008


async def test_a_nonce_that_is_enforced_posts_once(client: Client) -> None:
    path = f"/channels/{CHANNEL}/messages"
    payload = says("late result", nonce="job-1", enforce_nonce=True)

    first = await client.bot("POST", path, json=payload)
    second = await client.bot("POST", path, json=payload)

    assert first.json["id"] == second.json["id"]


async def test_the_bot_cannot_edit_what_a_member_wrote(client: Client) -> None:
    said = await client.control("chat", {"member": "oak", "content": "hello"})
    path = f"/channels/{CHANNEL}/messages/{said.json['id']}"

    answered = await client.bot("PATCH", path, json=says("x"))

    assert (answered.status, answered.json["code"]) == (403, 50005)


async def test_there_is_no_other_channel_application_or_guild(client: Client) -> None:
    channel = await client.bot("POST", "/channels/1/messages", json=says("x"))
    application = await client.bot("GET", "/applications/1/commands")
    guild = await client.bot("GET", f"/applications/{APPLICATION}/guilds/1/commands")

    assert (channel.status, channel.json["code"]) == (404, 10003)
    assert (application.status, application.json["code"]) == (404, 10002)
    assert (guild.status, guild.json["code"]) == (403, 50001)


async def test_put_overwrites_all_commands_and_keeps_known_ids(client: Client) -> None:
    other = {"name": "other", "description": "Another"}
    first = (await client.register(SERVE, other)).json
    second = (await client.register(SERVE)).json
    listed = await client.bot("GET", COMMANDS)

    assert [command["name"] for command in second] == ["serve"]
    assert second[0]["id"] == first[0]["id"]
    assert listed.json == second
    assert second[0]["application_id"] == APPLICATION


async def test_post_creates_a_command_and_then_overwrites_its_namesake(client: Client) -> None:
    first = await client.bot("POST", COMMANDS, json=SERVE)
    second = await client.bot("POST", COMMANDS, json={**SERVE, "description": "Changed"})

    assert (first.status, second.status) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert second.json["description"] == "Changed"


@pytest.mark.parametrize("scope", [COMMANDS, OF_THE_GUILD])
async def test_a_command_can_be_read_changed_and_removed(client: Client, scope: str) -> None:
    created = await client.bot("POST", scope, json=SERVE)
    path = f"{scope}/{created.json['id']}"
    changed = await client.bot("PATCH", path, json={"description": "Changed"})
    removed = await client.bot("DELETE", path)
    missing = await client.bot("GET", path)

    assert changed.json["description"] == "Changed"
    assert changed.json["options"] == created.json["options"]
    assert removed.status == 204
    assert (missing.status, missing.json["code"]) == (404, 10063)


async def test_a_command_of_the_guild_hides_its_global_namesake(client: Client) -> None:
    await client.register(SERVE)
    await client.bot("PUT", OF_THE_GUILD, json=[{**SERVE, "description": "Here"}])

    usable = await client.control("commands")

    assert [command["description"] for command in usable.json] == ["Here"]
    assert usable.json[0]["guild_id"] == GUILD


async def test_commands_that_break_rules_are_refused_whole(client: Client) -> None:
    answered = await client.register(SERVE, {**SERVE, "name": "Loud"})

    assert (answered.status, answered.json["code"]) == (400, 50035)
    assert answered.json["errors"]["1"]["name"]["_errors"]
    assert (await client.control("commands")).json == []


async def test_two_commands_of_one_name_are_refused(client: Client) -> None:
    assert (await client.register(SERVE, SERVE)).status == 400


async def test_permissions_may_be_text_as_in_the_documentation(client: Client) -> None:
    command: Json = {**SERVE, "default_member_permissions": "8"}

    assert (await client.register(command)).status == 200


async def test_the_bot_sees_the_channels_that_there_are(client: Client) -> None:
    seen = await client.bot("GET", f"/channels/{SETTINGS.channel_id}")

    assert (seen.json["id"], seen.json["name"]) == (SETTINGS.channel_id, SETTINGS.channel_name)
    assert client.discord.openapi.problems("GuildChannelResponse", seen.json) == []
    assert (await client.bot("GET", "/channels/1")).json["code"] == 10003


async def test_the_bot_knows_its_guilds_roles_and_its_own(client: Client) -> None:
    roles = await client.bot("GET", f"/guilds/{GUILD}/roles")
    bot = await client.bot("GET", f"/guilds/{GUILD}/members/{APPLICATION}")
    oak = await client.bot("GET", f"/guilds/{GUILD}/members/{member_named('oak').id}")
    nobody = await client.bot("GET", f"/guilds/{GUILD}/members/1")

    problems = client.discord.openapi.problems
    assert [problem for role in roles.json for problem in problems("GuildRoleResponse", role)] == []
    assert problems("GuildMemberResponse", bot.json) == []
    assert problems("GuildMemberResponse", oak.json) == []
    assert {*bot.json["roles"], *oak.json["roles"]} <= {role["id"] for role in roles.json}
    assert (nobody.status, nobody.json["code"]) == (404, 10007)
    assert (await client.bot("GET", "/guilds/1/roles")).json["code"] == 50001


async def test_a_bot_that_is_silenced_is_told_so_and_refused(client: Client) -> None:
    path = f"/channels/{CHANNEL}"
    await client.control("silence", {"channel": CHANNEL})
    seen = await client.bot("GET", path)
    refused = await client.bot("POST", f"{path}/messages", json=says("x"))
    await client.control("silence", {"channel": CHANNEL, "silent": False})
    posted = await client.bot("POST", f"{path}/messages", json=says("x"))

    assert client.discord.openapi.problems("GuildChannelResponse", seen.json) == []
    (overwrite,) = seen.json["permission_overwrites"]
    assert (overwrite["id"], int(overwrite["deny"])) == (APPLICATION, SEND_MESSAGES)
    assert (refused.status, refused.json["code"]) == (403, 50013)
    assert posted.status == 200


async def test_the_application_shows_its_public_key(client: Client) -> None:
    application = await client.bot("GET", "/applications/@me")
    bot = await client.bot("GET", "/users/@me")

    assert application.json["verify_key"] == public_key(SETTINGS.signing_key)
    assert bot.json["id"] == application.json["id"] == APPLICATION
    assert client.discord.openapi.problems("PrivateApplicationResponse", application.json) == []
    assert client.discord.openapi.problems("UserPIIResponse", bot.json) == []
