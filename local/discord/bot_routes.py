"""The routes that need the bot token: channel messages, and who the bot is."""

import hmac

from aiohttp import web

from local.discord import rules
from local.discord.channels import Place, channel_with_id
from local.discord.envelope import channel_object
from local.discord.interactions import public_key
from local.discord.members import MEMBERS, SEND_MESSAGES, bot_user, member_named
from local.discord.messages import Posted
from local.discord.payload import read_object, read_payload
from local.discord.portal import set_interactions_url
from local.discord.refusals import (
    Json,
    Problem,
    invalid_form,
    missing_permissions,
    not_in_direct_messages,
    not_your_message,
    unauthorized,
    unknown_message,
)
from local.discord.state import DISCORD, Discord

routes = web.RouteTableDef()
ONE_CHANNEL = "/api/v10/channels/{channel}"
CHANNEL = ONE_CHANNEL + "/messages"
DEFAULT_PAGE = 50
LONGEST_PAGE = 100
OVERWRITES_A_MEMBER = 1


def authorized(request: web.Request) -> Discord:
    """Return the state for a request with the right bot token; refuse others with 401."""
    discord = request.app[DISCORD]
    expected = f"Bot {discord.settings.bot_token}".encode()
    given = request.headers.get("Authorization", "").encode()
    if not discord.settings.bot_token or not hmac.compare_digest(given, expected):
        raise unauthorized()
    return discord


@routes.get(ONE_CHANNEL)
async def channel(request: web.Request) -> web.Response:
    """Return a channel that the bot sees."""
    discord = _in_channel(request)
    settings = discord.settings
    found = channel_with_id(settings, request.match_info["channel"])
    anybody = member_named(found.member_id) if found.member_id else MEMBERS[0]
    seen = channel_object(Place(settings, found, anybody))
    seen.pop("permissions", None)  # only an interaction has them
    if not found.direct:
        seen["permission_overwrites"] = _overwrites(discord, found.id)
    return web.json_response(seen)


def _overwrites(discord: Discord, channel_id: str) -> list[Json]:
    bot = {"id": discord.settings.application_id, "type": OVERWRITES_A_MEMBER}
    silenced = {**bot, "allow": "0", "deny": str(SEND_MESSAGES)}
    return [silenced] if channel_id in discord.silenced else []


@routes.post(CHANNEL)
async def post(request: web.Request) -> web.Response:
    """Post a message as the bot; with `enforce_nonce` a repeated nonce returns the first one."""
    discord = _in_channel(request)
    if request.match_info["channel"] in discord.silenced:
        raise missing_permissions()
    payload = await read_payload(request, discord.settings.attachment_size_limit)
    problems = rules.channel_message_problems(payload.json)
    problems += discord.openapi.problems("MessageCreateRequest", payload.json)
    if problems:
        raise invalid_form(*problems)
    nonce = payload.json.get("nonce")
    known = _posted_with(discord, nonce) if payload.json.get("enforce_nonce") else None
    if known is None:
        extra = {"channel_id": request.match_info["channel"]}
        extra |= {} if nonce is None else {"nonce": nonce}
        known = discord.messages.post(bot_user(discord.settings), payload, extra=extra)
    return web.json_response(known.message)


@routes.get(CHANNEL)
async def listed(request: web.Request) -> web.Response:
    """Return the newest messages of the channel, newest first."""
    discord = _in_channel(request)
    asked = request.query.get("limit", str(DEFAULT_PAGE))
    limit = min(int(asked), LONGEST_PAGE) if asked.isdecimal() else DEFAULT_PAGE
    shown = discord.messages.in_channel(request.match_info["channel"])
    return web.json_response([posted.message for posted in shown][::-1][:limit])


@routes.get(CHANNEL + "/{message}")
async def read(request: web.Request) -> web.Response:
    """Return one message of the channel."""
    discord = _in_channel(request)
    return web.json_response(_found(discord, request).message)


@routes.patch(CHANNEL + "/{message}")
async def edit(request: web.Request) -> web.Response:
    """Edit a message of the bot."""
    discord = _in_channel(request)
    payload = await read_payload(request, discord.settings.attachment_size_limit)
    posted = _own(discord, request)
    problems = rules.edit_problems(payload.json, posted.message["flags"])
    problems += discord.openapi.problems("MessageEditRequestPartial", payload.json)
    if problems:
        raise invalid_form(*problems)
    discord.messages.edit(posted, payload)
    return web.json_response(posted.message)


@routes.delete(CHANNEL + "/{message}")
async def delete(request: web.Request) -> web.Response:
    """Remove a message."""
    discord = _in_channel(request)
    posted = _found(discord, request)
    mine = posted.message["author"]["id"] == discord.settings.application_id
    if not mine and channel_with_id(discord.settings, request.match_info["channel"]).direct:
        raise not_in_direct_messages()
    discord.messages.delete(posted)
    return web.Response(status=204)


@routes.get("/api/v10/users/@me")
async def me(request: web.Request) -> web.Response:
    """Return the bot's own user."""
    discord = authorized(request)
    return web.json_response(
        bot_user(discord.settings) | {"locale": "en-US", "mfa_enabled": False, "verified": True}
    )


@routes.get("/api/v10/applications/@me")
@routes.get("/api/v10/oauth2/applications/@me")
async def application(request: web.Request) -> web.Response:
    """Return the application, with the public key that verifies its interactions."""
    return web.json_response(_application(authorized(request)))


@routes.patch("/api/v10/applications/@me")
async def edit_application(request: web.Request) -> web.Response:
    """Change where interactions go, once the address has passed as in the developer portal."""
    discord = authorized(request)
    change = await read_object(request)
    if problems := discord.openapi.problems("ApplicationFormPartial", change):
        raise invalid_form(*problems)
    if url := change.get("interactions_endpoint_url"):
        try:
            await set_interactions_url(discord, url)
        except ValueError as error:
            raise invalid_form(Problem("interactions_endpoint_url", str(error))) from error
    return web.json_response(_application(discord))


def _application(discord: Discord) -> Json:
    settings = discord.settings
    return {
        "id": settings.application_id,
        "name": settings.application_name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": bot_user(settings),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": public_key(settings.signing_key),
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": discord.interactions_url,
        "role_connections_verification_url": None,
        "owner": bot_user(settings),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def _in_channel(request: web.Request) -> Discord:
    discord = authorized(request)
    channel_with_id(discord.settings, request.match_info["channel"])
    return discord


def _found(discord: Discord, request: web.Request) -> Posted:
    """Return a message of the channel; an ephemeral one is unknown to the bot's own routes."""
    posted = discord.messages.find(request.match_info["message"])
    if posted not in discord.messages.in_channel(request.match_info["channel"]):
        raise unknown_message()
    return posted


def _own(discord: Discord, request: web.Request) -> Posted:
    posted = _found(discord, request)
    if posted.message["author"]["id"] != discord.settings.application_id:
        raise not_your_message()
    return posted


def _posted_with(discord: Discord, nonce: object) -> Posted | None:
    same = [p for p in discord.messages.visible(None) if nonce and p.message.get("nonce") == nonce]
    return same[0] if same else None
