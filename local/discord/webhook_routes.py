"""The routes under /webhooks: the messages that answer an interaction."""

from aiohttp import web

from local.discord import rules
from local.discord.members import bot_user
from local.discord.messages import EPHEMERAL, Posted
from local.discord.payload import Payload, read_payload
from local.discord.refusals import Problem, invalid_form, unknown_message
from local.discord.showing import answer_envelope
from local.discord.state import DISCORD, Discord
from local.discord.tokens import Token

ORIGINAL = "@original"
routes = web.RouteTableDef()
PATH = "/api/v10/webhooks/{application}/{token}"


@routes.post(PATH)
async def follow_up(request: web.Request) -> web.Response:
    """Post another message; right after a deferred answer it fills that one, as on Discord."""
    discord, token = _writer(request)
    payload = await read_payload(request, discord.settings.attachment_size_limit)
    problems = rules.reply_problems(payload.json)
    problems += discord.openapi.problems("IncomingWebhookInteractionRequest", payload.json)
    _refuse(problems)
    loading = _loading_original(discord, token)
    if loading is not None:
        discord.messages.edit(loading, payload)
        return web.json_response(loading.message)
    return web.json_response(_post(discord, token, payload).message)


@routes.patch(PATH + "/messages/{message}")
async def edit(request: web.Request) -> web.Response:
    """Edit the first answer or a follow-up."""
    discord, token = _writer(request)
    payload = await read_payload(request, discord.settings.attachment_size_limit)
    creates = _is_first_of_a_learnt_token(request, token)
    posted = None if creates else _message(discord, token, request)
    flags = posted.message["flags"] if posted else 0
    problems = rules.edit_problems(payload.json, flags)
    schema = "IncomingWebhookUpdateRequestPartial"
    _refuse(problems + discord.openapi.problems(schema, payload.json))
    if posted is None:
        posted = _post(discord, token, payload)
        token.original = posted.message["id"]
    else:
        discord.messages.edit(posted, payload)
    return web.json_response(posted.message)


@routes.get(PATH + "/messages/{message}")
async def read(request: web.Request) -> web.Response:
    """Return a message of this interaction."""
    discord = request.app[DISCORD]
    path = request.match_info
    token = discord.tokens.to_read(path["application"], path["token"])
    return web.json_response(_message(discord, token, request).message)


@routes.delete(PATH + "/messages/{message}")
async def delete(request: web.Request) -> web.Response:
    """Remove a message of this interaction."""
    discord = request.app[DISCORD]
    path = request.match_info
    token = discord.tokens.to_read(path["application"], path["token"])
    discord.messages.delete(_message(discord, token, request))
    return web.Response(status=204)


def _writer(request: web.Request) -> tuple[Discord, Token]:
    discord = request.app[DISCORD]
    path = request.match_info
    return discord, discord.tokens.to_write(path["application"], path["token"])


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise invalid_form(*problems)


def _post(discord: Discord, token: Token, payload: Payload) -> Posted:
    private = (payload.json.get("flags") or 0) & EPHEMERAL
    posted = discord.messages.post(
        bot_user(discord.settings),
        payload,
        visible_to=(token.member_id or "") if private else None,
        extra=answer_envelope(discord, token.interaction),
    )
    token.written.add(posted.message["id"])
    return posted


def _message(discord: Discord, token: Token, request: web.Request) -> Posted:
    identity = request.match_info["message"]
    if identity == ORIGINAL:
        return discord.messages.find(token.original)
    if identity not in token.written and identity != token.original:
        raise unknown_message()
    return discord.messages.find(identity)


def _is_first_of_a_learnt_token(request: web.Request, token: Token) -> bool:
    original = request.match_info["message"] == ORIGINAL
    return original and token.interaction is None and token.original is None


def _loading_original(discord: Discord, token: Token) -> Posted | None:
    if token.original is None:
        return None
    posted = discord.messages.find(token.original)
    return posted if posted.loading else None
