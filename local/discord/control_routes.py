"""The routes under /control: what the page's members do, and what tests switch and read."""

from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Handler

from local.discord.events import encoded
from local.discord.faults import Fault
from local.discord.members import MEMBERS, bot_user, member_named
from local.discord.payload import Payload, Upload, read_object
from local.discord.portal import set_interactions_url
from local.discord.refusals import Problem, Refusal, invalid_form, too_large
from local.discord.sending import use_command, use_component
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
    queue.put_nowait(encoded("READY", _ready(discord, member.id)))
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
    """Return the slash commands that members see."""
    return web.json_response(request.app[DISCORD].commands.usable())


@routes.post("/control/commands")
async def command(request: web.Request) -> web.Response:
    """Use a slash command: {"member", "command", "options": {name: value or attachment id}}."""
    discord, body = await _asked(request)
    found = discord.commands.usable_named(str(body.get("command", "")))
    options = body.get("options") or {}
    member = member_named(str(body.get("member", "")))
    return web.json_response(await use_command(discord, member, found, options))


@routes.post("/control/components")
async def component(request: web.Request) -> web.Response:
    """Use a button or a menu: {"member", "message", "custom_id", "values"?}."""
    discord, body = await _asked(request)
    member = member_named(str(body.get("member", "")))
    posted = discord.messages.find(str(body.get("message", "")))
    custom_id = str(body.get("custom_id", ""))
    answer = await use_component(discord, member, posted, custom_id, body.get("values"))
    return web.json_response(answer)


@routes.post("/control/chat")
async def chat(request: web.Request) -> web.Response:
    """Say something in the channel: {"member", "content"}."""
    discord, body = await _asked(request)
    author = member_named(str(body.get("member", ""))).user()
    content = str(body.get("content", "")).strip()
    if len(content) > MOST_CHAT:
        raise invalid_form(Problem("content", f"must be {MOST_CHAT} or fewer in length"))
    posted = discord.messages.post(author, Payload({"content": content}), extra={})
    return web.json_response(posted.message)


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


async def _read_file(part: BodyPartReader, limit: int) -> Upload:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > limit:
            raise too_large()
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(part.filename or "file", content_type, bytes(data))


def _ready(discord: Discord, member_id: str) -> dict[str, Any]:
    settings = discord.settings
    return {
        "guild": {"id": settings.guild_id, "name": settings.guild_name},
        "channel": {"id": settings.channel_id, "name": settings.channel_name},
        "bot": bot_user(settings),
        "attachment_size_limit": settings.attachment_size_limit,
        "members": [
            {"id": m.id, "username": m.username, "name": m.display_name, "colour": m.colour}
            for m in MEMBERS
        ],
        "commands": discord.commands.usable(),
        "messages": [posted.event() for posted in discord.messages.visible(member_id)],
    }
