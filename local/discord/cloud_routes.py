"""Under /control/cloud: the faults, judge, jobs and submissions of the GPU cloud, for the page.

The page's policy lets it speak to its own origin alone, so that this passes the calls on.
"""

import aiohttp
from aiohttp import web

from local.discord.state import DISCORD

routes = web.RouteTableDef()
PASSED_ON = "/control/cloud/{part:faults|judge|jobs|submissions}"
TIMEOUT = aiohttp.ClientTimeout(total=10)


@routes.get(PASSED_ON)
@routes.post(PASSED_ON)
async def passed_on(request: web.Request) -> web.Response:
    """Answer what the GPU cloud answers; 404 where there is none, 502 where it is silent."""
    discord = request.app[DISCORD]
    if not discord.settings.cloud_url:
        return web.json_response({"message": "There is no GPU cloud behind this page."}, status=404)
    url = f"{discord.settings.cloud_url}/{request.match_info['part']}"
    headers = {"Content-Type": "application/json"}
    body = await request.read()
    try:
        async with discord.http.request(
            request.method, url, data=body or None, headers=headers, timeout=TIMEOUT
        ) as answer:
            text = await answer.text()
            return web.Response(text=text, status=answer.status, content_type="application/json")
    except (aiohttp.ClientError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        return web.json_response({"message": f"The GPU cloud is silent: {said}"}, status=502)
