"""The messages of the channel, in Discord's wire form, and who may see each of them."""

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.discord.attachments import Attachments
from local.discord.channels import channel_with_id
from local.discord.component_filling import filled, with_addresses
from local.discord.events import Events
from local.discord.payload import Payload
from local.discord.rate_limits import Clock
from local.discord.refusals import Json, Problem, empty_message, invalid_form, unknown_message
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
CHAT = 0
REPLY = 19
COMMAND_ANSWER = 20
EMBED_MEDIA = ("image", "thumbnail", "video")


@dataclass(slots=True)
class Posted:
    """One message, and what only the pages know about it.

    `visible_to` is the one member who sees an ephemeral message; `notice` is text of the client
    itself, such as "The application did not respond"; `edits` holds earlier states, oldest first.
    """

    message: Json
    visible_to: str | None = None
    notice: str | None = None
    edits: list[Json] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """Whether this is still the "thinking" message of a deferred answer."""
        return bool(self.message["flags"] & LOADING)

    def event(self) -> Json:
        """Return what a page is told."""
        return {"message": self.message, "notice": self.notice}


class Messages:
    """Creates, edits and deletes messages, and tells the pages."""

    def __init__(
        self, settings: DiscordSettings, attachments: Attachments, events: Events, clock: Clock
    ) -> None:
        self._settings = settings
        self._attachments = attachments
        self._events = events
        self._clock = clock
        self._posted: dict[str, Posted] = {}

    def post(
        self, author: Json, payload: Payload, *, visible_to: str | None = None, extra: Json
    ) -> Posted:
        """Add a message; `extra` holds fields of the envelope, such as its type and interaction.

        Raises:
            Refusal: 50006 for a message that shows nothing, and what `Attachments.after` refuses.
        """
        message = self._blank(author) | extra
        message["flags"] |= payload.json.get("flags") or 0
        return self._add(Posted(self._filled(message, payload), visible_to))

    def post_loading(self, author: Json, *, visible_to: str | None, extra: Json) -> Posted:
        """Add the "thinking" message of a deferred answer."""
        flags = LOADING | (EPHEMERAL if visible_to else 0)
        return self._add(Posted(self._blank(author) | extra | {"flags": flags}, visible_to))

    def post_notice(self, author: Json, text: str, *, visible_to: str, extra: Json) -> Posted:
        """Add a line of the client itself, for one member."""
        message = self._blank(author) | extra | {"flags": EPHEMERAL}
        return self._add(Posted(message, visible_to, notice=text))

    def edit(self, posted: Posted, payload: Payload) -> None:
        """Change a message in place; refuses what `post` refuses."""
        before = posted.message
        after = self._filled(copy.deepcopy(before), payload)
        after["flags"] |= (payload.json.get("flags") or 0) & COMPONENTS_V2
        if after["flags"] & LOADING:
            after["flags"] &= ~LOADING
        else:
            after["edited_timestamp"] = self._timestamp()
        kept = {attachment["id"] for attachment in after["attachments"]}
        dropped = [entry for entry in before["attachments"] if entry["id"] not in kept]
        self._attachments.forget(dropped)
        posted.edits.append(before)
        posted.message = after
        self._events.tell("MESSAGE_UPDATE", posted.event(), self._audience(posted))

    def delete(self, posted: Posted) -> None:
        """Remove a message and its files."""
        del self._posted[posted.message["id"]]
        self._attachments.forget(posted.message["attachments"])
        gone = {"id": posted.message["id"], "channel_id": posted.message["channel_id"]}
        self._events.tell("MESSAGE_DELETE", gone, self._audience(posted))

    def find(self, identity: str | None) -> Posted:
        """Return a message, or refuse with 10008."""
        posted = self._posted.get(identity or "")
        if posted is None or posted.notice:
            raise unknown_message()
        return posted

    def visible(self, member_id: str | None) -> list[Posted]:
        """Return the messages that a member sees, oldest first; without a member, all of them."""
        return [
            posted
            for posted in self._posted.values()
            if member_id is None or self._audience(posted) in (None, member_id)
        ]

    def in_channel(self, channel_id: str) -> list[Posted]:
        """Return what everybody in a channel sees, oldest first."""
        return [
            posted
            for posted in self._posted.values()
            if posted.message["channel_id"] == channel_id and posted.visible_to is None
        ]

    def _audience(self, posted: Posted) -> str | None:
        """Return the one member who sees a message, or None for everybody."""
        channel = channel_with_id(self._settings, posted.message["channel_id"])
        return posted.visible_to or channel.member_id

    def _add(self, posted: Posted) -> Posted:
        self._posted[posted.message["id"]] = posted
        self._events.tell("MESSAGE_CREATE", posted.event(), self._audience(posted))
        return posted

    def _filled(self, message: Json, payload: Payload) -> Json:
        for name, empty in (("content", ""), ("embeds", []), ("components", [])):
            if name in payload.json:
                message[name] = payload.json[name] or empty
        _check_shown(message, payload)
        message["attachments"] = self._attachments.after(message["attachments"], payload)
        message["embeds"] = with_addresses(message["embeds"], message["attachments"], "embeds")
        message["components"] = filled(message["components"], message["attachments"])
        _complete_embeds(message["embeds"])
        return message

    def _blank(self, author: Json) -> Json:
        return {
            "id": snowflake(self._clock()),
            "type": CHAT,
            "channel_id": self._settings.channel_id,
            "author": author,
            "content": "",
            "embeds": [],
            "components": [],
            "attachments": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
            "flags": 0,
            "timestamp": self._timestamp(),
            "edited_timestamp": None,
        }

    def _timestamp(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat()


def _check_shown(message: Json, payload: Payload) -> None:
    files = payload.files or payload.json.get("attachments", message["attachments"])
    if not (message["content"] or message["embeds"] or message["components"] or files):
        raise empty_message()
    flags = message["flags"] | (payload.json.get("flags") or 0)
    if flags & COMPONENTS_V2 and (message["content"] or message["embeds"]):
        text = "a message with the IS_COMPONENTS_V2 flag cannot have content or embeds"
        raise invalid_form(Problem("flags", text))


def _complete_embeds(embeds: list[Json]) -> None:
    for embed in embeds:
        embed.setdefault("type", "rich")
        for media in EMBED_MEDIA:
            if media in embed:
                embed[media].setdefault("proxy_url", embed[media]["url"])
