"""The routes under /control: what the page's members do, and what tests switch and read."""

from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Handler

from local.discord.channels import Place, place
from local.discord.commands import ON_A_MESSAGE
from local.discord.events import encoded
from local.discord.faults import Fault
from local.discord.members import MANAGE_MESSAGES, MEMBERS, member_named
from local.discord.payload import Payload, Upload, read_object
from local.discord.portal import set_interactions_url
from local.discord.ready import ready
from local.discord.refusals import (
    Json,
    Problem,
    Refusal,
    invalid_form,
    missing_permissions,
    too_large,
)
from local.discord.sending import (
    submit_modal,
    suggest,
    use_command,
    use_component,
    use_message_command,
)
from local.discord.state import DISCORD, Discord

routes = web.RouteTableDef()
CHUNK = 256 * 1024
MOST_CHAT = 2000


@routes.get("/control/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Stream to one member's page: first READY with everything, then every change."""
    discord = request.app[DISCORD]
    member = member_named(request.query.get("member", MEMBERS[0].id))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    response.headers["Cache-Control"] = "no-store"
    await response.prepare(request)
    queue = discord.events.subscribe(member.id)
    queue.put_nowait(encoded("READY", ready(discord, member)))
    try:
        while (event := await queue.get()) is not None:
            await response.write(event)
    except ConnectionError:
        pass  # the page was closed
    finally:
        discord.events.unsubscribe(queue)
    return response


@routes.get("/control/commands")
async def commands(request: web.Request) -> web.Response:
    """Return the slash and message commands."""
    return web.json_response(request.app[DISCORD].commands.usable())


@routes.post("/control/commands")
async def command(request: web.Request) -> web.Response:
    """Use a slash command: {"member", "channel"?, "command", "options"}.

    `options` holds {name: value, or the id of a file, member, channel or role}; a subcommand is
    named after its command, as in "admin ban".
    """
    discord, body, place = await _somebody(request)
    found, path = _named(discord, body, place)
    return web.json_response(
        await use_command(discord, place, found, body.get("options") or {}, path)
    )


@routes.post("/control/autocomplete")
async def autocomplete(request: web.Request) -> web.Response:
    """Ask for suggestions: as for a slash command, with "focused", the option being typed."""
    discord, body, place = await _somebody(request)
    found, path = _named(discord, body, place)
    focused, values = str(body.get("focused", "")), body.get("options") or {}
    return web.json_response(await suggest(discord, place, found, values, focused, path))


@routes.post("/control/message_commands")
async def message_command(request: web.Request) -> web.Response:
    """Use a command of a message's menu: {"member", "channel"?, "command", "message"}."""
    discord, body, place = await _somebody(request)
    found = discord.commands.to_use(str(body.get("command", "")), place, ON_A_MESSAGE)
    posted = discord.messages.find(str(body.get("message", "")))
    return web.json_response(await use_message_command(discord, place, found, posted))


@routes.post("/control/components")
async def component(request: web.Request) -> web.Response:
    """Use a button or a menu: {"member", "channel"?, "message", "custom_id", "values"?}."""
    discord, body, place = await _somebody(request)
    posted = discord.messages.find(str(body.get("message", "")))
    custom_id = str(body.get("custom_id", ""))
    answer = await use_component(discord, place, posted, custom_id, body.get("values"))
    return web.json_response(answer)


@routes.post("/control/modals")
async def modal(request: web.Request) -> web.Response:
    """Send a form: {"member", "opened_by": interaction id, "values": {custom_id: value}}."""
    discord, body, place = await _somebody(request)
    opened_by, values = str(body.get("opened_by", "")), body.get("values") or {}
    return web.json_response(await submit_modal(discord, opened_by, place.member.id, values))


@routes.post("/control/chat")
async def chat(request: web.Request) -> web.Response:
    """Say something in a channel: {"member", "channel"?, "content", "attachments"?: ids}."""
    discord, body, place = await _somebody(request)
    content = str(body.get("content", "")).strip()
    if len(content) > MOST_CHAT:
        raise invalid_form(Problem("content", f"must be {MOST_CHAT} or fewer in length"))
    files = discord.attachments.keep(body.get("attachments") or [])
    extra = {"channel_id": place.channel.id, "attachments": files}
    author = place.member.user()
    posted = discord.messages.post(author, Payload({"content": content}), extra=extra)
    return web.json_response(posted.message)


@routes.delete("/control/chat/{message}")
async def unsay(request: web.Request) -> web.Response:
    """Delete a message as ?member=: their own, or anybody's with Manage Messages."""
    discord = request.app[DISCORD]
    member = member_named(request.query.get("member", ""))
    posted = discord.messages.find(request.match_info["message"])
    if posted.message["author"]["id"] != member.id and not member.may(MANAGE_MESSAGES):
        raise missing_permissions()
    discord.messages.delete(posted)
    return web.Response(status=204)


@routes.post("/control/attachments")
async def attach(request: web.Request) -> web.Response:
    """Upload one file (multipart field `file`) for an attachment option; returns its object."""
    discord = request.app[DISCORD]
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
            upload = await _read_file(part, discord.settings.attachment_size_limit)
            return web.json_response(discord.attachments.add(upload, ephemeral=True))
    raise invalid_form(Problem("file", "is required"))


@routes.post("/control/interactions_url")
async def interactions_url(request: web.Request) -> web.Response:
    """Paste the interactions URL into the portal: {"url"}; a URL that fails the check is a 400."""
    discord, body = await _asked(request)
    await set_interactions_url(discord, str(body.get("url", "")))
    return web.json_response({"url": discord.interactions_url})


@routes.post("/control/faults")
async def faults(request: web.Request) -> web.Response:
    """Let the next writing calls fail: {"status", "count"} and the other fields of `Fault`."""
    discord, body = await _asked(request)
    discord.faults.set(Fault.from_json(body), int(body.get("count", 1)))
    return web.json_response({"waiting": len(discord.faults.waiting)})


@routes.post("/control/silence")
async def silence(request: web.Request) -> web.Response:
    """Forbid the bot to write in a channel, or allow it again: {"channel", "silent"}."""
    discord, body = await _asked(request)
    change = discord.silenced.add if body.get("silent", True) else discord.silenced.discard
    change(str(body["channel"]))
    return web.json_response({"silenced": sorted(discord.silenced)})


@routes.get("/control/violations")
async def violations(request: web.Request) -> web.Response:
    """Return every payload of the application that broke a rule."""
    return web.json_response(request.app[DISCORD].violations)


@routes.get("/control/calls")
async def calls(request: web.Request) -> web.Response:
    """Return the latest calls of the API, oldest first."""
    return web.json_response(list(request.app[DISCORD].calls))


@routes.get("/control/messages")
async def messages(request: web.Request) -> web.Response:
    """Return the channel as ?member= sees it, or all of it, each with its earlier states."""
    discord = request.app[DISCORD]
    visible = discord.messages.visible(request.query.get("member"))
    return web.json_response([p.event() | {"edits": p.edits} for p in visible])


@web.middleware
async def control_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what went wrong under /control as {"message"} with a status of 400 or above."""
    if not request.path.startswith("/control/"):
        return await handler(request)
    try:
        return await handler(request)
    except Refusal as refusal:
        return web.json_response(refusal.body(), status=refusal.status)
    except ValueError as error:
        return web.json_response({"message": str(error)}, status=400)


async def _asked(request: web.Request) -> tuple[Discord, dict[str, Any]]:
    return request.app[DISCORD], await read_object(request)


async def _somebody(request: web.Request) -> tuple[Discord, Json, Place]:
    discord, body = await _asked(request)
    member = member_named(str(body.get("member", "")))
    channel = body.get("channel")
    return discord, body, place(discord.settings, member, str(channel) if channel else None)


def _named(discord: Discord, body: Json, place: Place) -> tuple[Json, list[str]]:
    """Return the command that a body names, and the path of its subcommand."""
    name, *path = str(body.get("command", "")).split() or [""]
    return discord.commands.to_use(name, place), path


async def _read_file(part: BodyPartReader, limit: int) -> Upload:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > limit:
            raise too_large()
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(part.filename or "file", content_type, bytes(data))
