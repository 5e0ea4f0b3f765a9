"""What every call of the API passes: injected faults, rate limits, and Discord's error bodies."""

from aiohttp import web
from aiohttp.typedefs import Handler

from local.discord.faults import Fault
from local.discord.rate_limits import CHANNEL_WRITES, OTHER_CALLS, WEBHOOK_WRITES, Limit
from local.discord.refusals import PAYLOAD_CODES, Problem, Refusal, too_large
from local.discord.state import DISCORD, Discord

API = "/api/v10/"


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer one call of the API; other paths pass untouched."""
    if not request.path.startswith(API):
        return await handler(request)
    discord = request.app[DISCORD]
    response = await _limited(discord, request, handler)
    discord.calls.append(
        {
            "at": discord.clock(),
            "method": request.method,
            "path": request.path.removeprefix(API.rstrip("/")),
            "status": response.status,
        }
    )
    return response


async def _limited(discord: Discord, request: web.Request, handler: Handler) -> web.StreamResponse:
    fault = discord.faults.next(request.method)
    if fault is not None:
        return await _failing(discord, request, handler, fault)
    verdict = discord.rate_limits.take(*_bucket(request))
    if not verdict.allowed:
        return web.json_response(verdict.body(), status=429, headers=verdict.headers)
    response = await _handled(discord, request, handler)
    response.headers.update(verdict.headers)
    return response


async def _failing(
    discord: Discord, request: web.Request, handler: Handler, fault: Fault
) -> web.StreamResponse:
    if fault.applied:
        await _handled(discord, request, handler)
    return web.json_response(fault.body(), status=fault.status, headers=fault.headers())


async def _handled(discord: Discord, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return _refused(discord, request, refusal)
    except web.HTTPRequestEntityTooLarge:
        return _refused(discord, request, too_large())
    except web.HTTPException as error:
        body = {"message": f"{error.status}: {error.reason}", "code": 0}
        return web.json_response(body, status=error.status)


def _refused(discord: Discord, request: web.Request, refusal: Refusal) -> web.Response:
    if refusal.code in PAYLOAD_CODES:
        route = request.match_info.route.resource
        call = f"{request.method} {route.canonical if route else request.path}"
        problems = list(refusal.problems) or [Problem("", refusal.message)]
        discord.violated(call.replace(API.rstrip("/"), ""), problems)
    return web.json_response(refusal.body(), status=refusal.status)


def _bucket(request: web.Request) -> tuple[str, Limit]:
    reading = request.method == "GET"
    for part, limit in (("token", WEBHOOK_WRITES), ("channel", CHANNEL_WRITES)):
        if part in request.match_info:
            resource = f"{part}:{request.match_info[part]}:{'read' if reading else 'write'}"
            return resource, OTHER_CALLS if reading else limit
    return f"{request.method}:{request.path}", OTHER_CALLS
