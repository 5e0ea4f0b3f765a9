"""Shows the application's first answer to an interaction in its channel."""

from local.discord import rules
from local.discord.envelope import user_of
from local.discord.members import bot_user
from local.discord.messages import COMMAND_ANSWER, EPHEMERAL, REPLY, Posted
from local.discord.payload import Payload
from local.discord.refusals import Json
from local.discord.state import Discord
from local.discord.tokens import Token

SILENT = "The application did not respond"


def show(discord: Discord, token: Token, answer: Json, clicked: Posted | None) -> None:
    """Carry out an answer that keeps the rules; `clicked` is the message with the button.

    Raises:
        Refusal: what Discord would refuse only now, such as a message that shows nothing.
    """
    kind, data = answer["type"], answer.get("data") or {}
    if kind in (rules.MESSAGE, rules.DEFERRED):
        _first_message(discord, token, kind, data)
    elif kind in (rules.DEFERRED_UPDATE, rules.UPDATE) and clicked is not None:
        token.original = clicked.message["id"]
        if kind == rules.UPDATE:
            discord.messages.edit(clicked, Payload(data))


def show_silence(discord: Discord, interaction: Json) -> None:
    """Tell the member of a command, as the client does, that no answer came."""
    author, extra = bot_user(discord.settings), answer_envelope(discord, interaction)
    member_id = str(user_of(interaction)["id"])
    discord.messages.post_notice(author, SILENT, visible_to=member_id, extra=extra)


def answer_envelope(discord: Discord, interaction: Json | None) -> Json:
    """Return the fields that tie a message to the interaction it answers."""
    application = discord.settings.application_id
    envelope: Json = {"application_id": application, "webhook_id": application}
    if interaction is None:
        return envelope
    envelope["channel_id"] = interaction["channel_id"]
    common = {"id": interaction["id"], "type": interaction["type"], "user": user_of(interaction)}
    owners = interaction["authorizing_integration_owners"]
    metadata = {**common, "authorizing_integration_owners": owners}
    envelope["interaction_metadata"] = metadata
    if interaction["type"] == rules.COMMAND:
        envelope["interaction"] = {**common, "name": _used(interaction["data"])}
        envelope["type"] = COMMAND_ANSWER
        if target := interaction["data"].get("target_id"):
            metadata["target_message_id"] = target
    elif message := interaction.get("message"):
        metadata["interacted_message_id"] = message["id"]
        envelope |= {"type": REPLY, "message_reference": _reference(discord, message)}
    return envelope


def _first_message(discord: Discord, token: Token, kind: int, data: Json) -> None:
    visible_to = token.member_id if (data.get("flags") or 0) & EPHEMERAL else None
    author, extra = bot_user(discord.settings), answer_envelope(discord, token.interaction)
    if kind == rules.DEFERRED:
        posted = discord.messages.post_loading(author, visible_to=visible_to, extra=extra)
    else:
        posted = discord.messages.post(author, Payload(data), visible_to=visible_to, extra=extra)
    token.original = posted.message["id"]


def _used(data: Json) -> str:
    """Return a command's name with its subcommand."""
    names, options = [data["name"]], data.get("options") or []
    while options and "options" in options[0]:
        names.append(options[0]["name"])
        options = options[0]["options"]
    return " ".join(names)


def _reference(discord: Discord, message: Json) -> Json:
    ids = {"message_id": message["id"], "channel_id": message["channel_id"]}
    return {"type": 0, **ids, "guild_id": discord.settings.guild_id}
