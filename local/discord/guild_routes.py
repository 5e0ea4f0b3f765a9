"""What the bot is told of its guild: the roles, and who has which."""

from aiohttp import web

from local.discord.bot_routes import authorized
from local.discord.envelope import partial_member
from local.discord.members import BOTS_ROLE, MEMBERS, Member, bot_user, roles_of_the_guild
from local.discord.refusals import Json, missing_access, unknown_member
from local.discord.state import Discord

routes = web.RouteTableDef()
GUILD = "/api/v10/guilds/{guild}"


@routes.get(GUILD + "/roles")
async def roles(request: web.Request) -> web.Response:
    """Return the roles of the guild, everybody's among them."""
    return web.json_response(roles_of_the_guild(_in_the_guild(request).settings.guild_id))


@routes.get(GUILD + "/members/{user}")
async def member(request: web.Request) -> web.Response:
    """Return one member of the guild; the bot is one too."""
    settings = _in_the_guild(request).settings
    user = request.match_info["user"]
    if user == settings.application_id:
        bot = Member(user, settings.application_name, settings.application_name, "", (BOTS_ROLE,))
        return web.json_response(_member(bot, bot_user(settings)))
    for one in MEMBERS:
        if one.id == user:
            return web.json_response(_member(one, one.user()))
    raise unknown_member()


def _member(member: Member, user: Json) -> Json:
    told = {**partial_member(member), "user": user, "deaf": False, "mute": False}
    del told["permissions"], told["unusual_dm_activity_until"]  # only an interaction has them
    return told


def _in_the_guild(request: web.Request) -> Discord:
    discord = authorized(request)
    if request.match_info["guild"] != discord.settings.guild_id:
        raise missing_access()
    return discord
