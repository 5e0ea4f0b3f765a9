"""The registered commands of the application: global ones, and those of the one guild."""

from local.discord.events import Events
from local.discord.rate_limits import Clock
from local.discord.refusals import Json, unknown_command
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

CHAT_INPUT = 1


class Commands:
    """What an application may register, list, change and remove; `guild` None: all guilds."""

    def __init__(self, settings: DiscordSettings, events: Events, clock: Clock) -> None:
        self._settings = settings
        self._events = events
        self._clock = clock
        self._registered: dict[str | None, dict[str, Json]] = {None: {}, settings.guild_id: {}}

    def usable(self) -> list[Json]:
        """Return the slash commands that members see; one of the guild hides a global namesake."""
        by_name = {
            command["name"]: command
            for scope in (None, self._settings.guild_id)
            for command in self.listed(scope)
            if command["type"] == CHAT_INPUT
        }
        return [by_name[name] for name in sorted(by_name)]

    def listed(self, guild: str | None) -> list[Json]:
        """Return the commands of one scope."""
        return list(self._registered[guild].values())

    def find(self, guild: str | None, identity: str) -> Json:
        """Return one command, or refuse with 10063."""
        command = self._registered[guild].get(identity)
        if command is None:
            raise unknown_command()
        return command

    def usable_named(self, name: str) -> Json:
        """Return the slash command that members see under `name`, or refuse with 10063."""
        for command in self.usable():
            if name in (command["name"], command["id"]):
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
