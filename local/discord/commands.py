"""The registered commands of the application: global ones, and those of the one guild."""

from local.discord.channels import Place
from local.discord.events import Events
from local.discord.members import ADMINISTRATOR
from local.discord.rate_limits import Clock
from local.discord.refusals import Json, unknown_command
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

CHAT_INPUT, ON_A_MESSAGE = 1, 3
IN_A_GUILD, WITH_THE_BOT = 0, 1


class Commands:
    """What an application may register, list, change and remove; `guild` None: all guilds."""

    def __init__(self, settings: DiscordSettings, events: Events, clock: Clock) -> None:
        self._settings = settings
        self._events = events
        self._clock = clock
        self._registered: dict[str | None, dict[str, Json]] = {None: {}, settings.guild_id: {}}

    def usable(self) -> list[Json]:
        """Return the slash and message commands; one of the guild hides a global namesake."""
        by_name = {
            (command["type"], command["name"]): command
            for scope in (None, self._settings.guild_id)
            for command in self.listed(scope)
            if command["type"] in (CHAT_INPUT, ON_A_MESSAGE)
        }
        return [by_name[key] for key in sorted(by_name)]

    def listed(self, guild: str | None) -> list[Json]:
        """Return the commands of one scope."""
        return list(self._registered[guild].values())

    def find(self, guild: str | None, identity: str) -> Json:
        """Return one command, or refuse with 10063."""
        command = self._registered[guild].get(identity)
        if command is None:
            raise unknown_command()
        return command

    def to_use(self, name: str, place: Place, kind: int = CHAT_INPUT) -> Json:
        """Return the command that a member sees under a name or id, or refuse with 10063.

        Raises:
            ValueError: Discord does not let this member use it, or not here; the text says why.
        """
        for command in self.usable():
            if name in (command["name"], command["id"]) and command["type"] == kind:
                if why_not := _hidden(command, place):
                    raise ValueError(f"/{command['name']}: {why_not}")
                return command
        raise unknown_command()

    def replace(self, guild: str | None, definitions: list[Json]) -> list[Json]:
        """Overwrite all commands of a scope; a command of the same name and type keeps its id."""
        known = {(c["name"], c["type"]): c["id"] for c in self.listed(guild)}
        commands = []
        for definition in definitions:
            identity = known.get((definition["name"], definition.get("type") or CHAT_INPUT))
            commands.append(self._described(guild, definition, identity))
        self._registered[guild] = {command["id"]: command for command in commands}
        self._changed()
        return commands

    def upsert(self, guild: str | None, definition: Json) -> tuple[Json, bool]:
        """Create a command or overwrite its namesake; also tell whether it is new."""
        kind = definition.get("type") or CHAT_INPUT
        namesakes = [
            c["id"]
            for c in self.listed(guild)
            if (c["name"], c["type"]) == (definition["name"], kind)
        ]
        command = self._described(guild, definition, namesakes[0] if namesakes else None)
        self._registered[guild][command["id"]] = command
        self._changed()
        return command, not namesakes

    def change(self, guild: str | None, identity: str, changes: Json) -> Json:
        """Change some fields of a command."""
        command = self.find(guild, identity) | changes | {"version": snowflake(self._clock())}
        self._registered[guild][identity] = command
        self._changed()
        return command

    def remove(self, guild: str | None, identity: str) -> None:
        """Delete a command, or refuse with 10063."""
        self.find(guild, identity)
        del self._registered[guild][identity]
        self._changed()

    def _described(self, guild: str | None, definition: Json, identity: str | None) -> Json:
        now = self._clock()
        given = {key: value for key, value in definition.items() if value is not None}
        command: Json = {
            "type": CHAT_INPUT,
            "description": "",
            "default_member_permissions": None,
            "nsfw": False,
            **given,
            "id": identity or snowflake(now),
            "application_id": self._settings.application_id,
            "version": snowflake(now),
        }
        return command | {"guild_id": guild} if guild else command

    def _changed(self) -> None:
        self._events.tell("COMMANDS_UPDATE", {"commands": self.usable()})


def _hidden(command: Json, place: Place) -> str:
    """Return why Discord's client would not offer a command, or an empty text."""
    channel = place.channel
    context = WITH_THE_BOT if channel.direct else IN_A_GUILD
    contexts = command.get("contexts")
    if channel.direct and (command.get("guild_id") or command.get("dm_permission") is False):
        contexts = [IN_A_GUILD]
    if contexts is not None and context not in contexts:
        return "it cannot be used here"
    if command.get("nsfw") and not (channel.nsfw or channel.direct):
        return "it can only be used in an age-restricted channel"
    needed = command.get("default_member_permissions")
    if needed is None or channel.direct:
        return ""
    # Zero means: administrators alone.
    if place.member.may(int(needed) or ADMINISTRATOR):
        return ""
    return f"{place.member.display_name} lacks the permissions for it"
