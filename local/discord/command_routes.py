"""The routes under /applications/{id}/commands, for all guilds and for one."""

from typing import Any

from aiohttp import web

from local.discord.bot_routes import authorized
from local.discord.command_rules import command_problems
from local.discord.payload import read_json, read_object
from local.discord.refusals import (
    Json,
    Problem,
    invalid_form,
    missing_access,
    not_json,
    unknown_application,
)
from local.discord.state import Discord

MOST_COMMANDS = 130
EVERYWHERE = "/api/v10/applications/{application}/commands"
IN_A_GUILD = "/api/v10/applications/{application}/guilds/{guild}/commands"
routes = web.RouteTableDef()


@routes.get(EVERYWHERE)
@routes.get(IN_A_GUILD)
async def listed(request: web.Request) -> web.Response:
    """Return all commands of the scope, with their translations where the query asks for them."""
    discord, guild = _scope(request)
    commands = discord.commands.listed(guild)
    if request.query.get("with_localizations", "").lower() not in ("true", "1"):
        commands = [_without_translations(command) for command in commands]
    return web.json_response(commands)


def _without_translations(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_translations(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if not key.endswith("_localizations")}
    return {key: _without_translations(value) for key, value in kept.items()}


@routes.put(EVERYWHERE)
@routes.put(IN_A_GUILD)
async def replace(request: web.Request) -> web.Response:
    """Overwrite all commands of the scope by those of the body."""
    discord, guild = _scope(request)
    body = await read_json(request)
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        raise not_json()
    problems = (
        [Problem("", f"at most {MOST_COMMANDS} commands")] if len(body) > MOST_COMMANDS else []
    )
    for index, command in enumerate(body):
        found = _problems(discord, guild, command, "ApplicationCommandUpdateRequest")
        problems += [Problem(f"{index}.{p.path}".rstrip("."), p.message) for p in found]
    keys = [(command.get("name"), command.get("type") or 1) for command in body]
    if len(set(keys)) < len(keys):
        problems.append(Problem("", "two commands have the same name"))
    _refuse(problems)
    return web.json_response(discord.commands.replace(guild, body))


@routes.post(EVERYWHERE)
@routes.post(IN_A_GUILD)
async def create(request: web.Request) -> web.Response:
    """Create a command (201), or overwrite its namesake (200)."""
    discord, guild = _scope(request)
    body = await read_object(request)
    _refuse(_problems(discord, guild, body, "ApplicationCommandCreateRequest"))
    command, new = discord.commands.upsert(guild, body)
    return web.json_response(command, status=201 if new else 200)


@routes.get(EVERYWHERE + "/{command}")
@routes.get(IN_A_GUILD + "/{command}")
async def read(request: web.Request) -> web.Response:
    """Return one command."""
    discord, guild = _scope(request)
    return web.json_response(discord.commands.find(guild, request.match_info["command"]))


@routes.patch(EVERYWHERE + "/{command}")
@routes.patch(IN_A_GUILD + "/{command}")
async def change(request: web.Request) -> web.Response:
    """Change some fields of a command; the rules hold for the whole that results."""
    discord, guild = _scope(request)
    identity = request.match_info["command"]
    body = await read_object(request)
    kept = {
        key: value
        for key, value in discord.commands.find(guild, identity).items()
        if key not in ("application_id", "version", "guild_id")
    }
    problems = command_problems(kept | body, in_guild=guild is not None)
    schema = "ApplicationCommandPatchRequestPartial"
    _refuse(problems + discord.openapi.problems(schema, as_in_the_document(body)))
    return web.json_response(discord.commands.change(guild, identity, body))


@routes.delete(EVERYWHERE + "/{command}")
@routes.delete(IN_A_GUILD + "/{command}")
async def remove(request: web.Request) -> web.Response:
    """Remove a command."""
    discord, guild = _scope(request)
    discord.commands.remove(guild, request.match_info["command"])
    return web.Response(status=204)


def _scope(request: web.Request) -> tuple[Discord, str | None]:
    discord = authorized(request)
    if request.match_info["application"] != discord.settings.application_id:
        raise unknown_application()
    guild = request.match_info.get("guild")
    if guild not in (None, discord.settings.guild_id):
        raise missing_access()
    return discord, guild


def _problems(discord: Discord, guild: str | None, command: Json, schema: str) -> list[Problem]:
    problems = command_problems(command, in_guild=guild is not None)
    return problems + discord.openapi.problems(schema, as_in_the_document(command))


def as_in_the_document(command: Json) -> Json:
    """Discord's documentation gives permissions as text, its OpenAPI document as a number."""
    permissions = command.get("default_member_permissions")
    if isinstance(permissions, str) and permissions.isdecimal():
        return command | {"default_member_permissions": int(permissions)}
    return command


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise invalid_form(*problems)
