"""The `/admin` command: what Discord is told of it, what it sends, and how answers look.

Discord shows it to members with the permission Manage Server unless a server has chosen others
(Discord, "Application Command Permissions"); we look at the member's permissions again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distillery.core.errors import UserError
from distillery.core.moderation.administer import MAX_WORD, Moderator
from distillery.core.moderation.picture_actions import PictureAction
from distillery.core.moderation.records import AuditEntry, Decision, Done, GuildPolicy, Look
from distillery.core.recipes.recipe import OptionKind
from distillery.core.records import Account
from distillery.core.rules.rule import Action, Level
from distillery.discord.command_parts import Payload, chat_command, choice, option, text
from distillery.discord.interaction import Interaction, read_asker, reading
from distillery.discord.markdown import escape
from distillery.discord.translation import Words

ADMIN = "admin"
BAN, UNBAN, LIMITS, RULES, CHANNEL, LOG = "ban", "unban", "limits", "rules", "channel", "log"
CLOSE, OPEN = "close", "open"
MANAGE_SERVER, ADMINISTRATOR = 1 << 5, 1 << 3
MOST_SHOWN = 10
MAX_REASON = 200
_SUBCOMMAND, _USER, _CHANNEL = 1, 6, 7
_WITH_MESSAGES = (0, 2, 5, 10, 11, 12, 13, 15)
"""Types of channels where one can ask (Discord's OpenAPI document, ChannelTypes): no category."""
_MOST_HOURS = 24 * 365
_MOST_CREDITS = 1_000_000
_BY_TIER = "what their tier allows"
_NOT_ALLOWED = "Only members who may manage this server can use `/admin`."
_NO_GUILD = "`/admin` is for servers. Use it in one that you manage."

DECIDED: Mapping[str, str] = {
    Action.REFUSE: "refused",
    Action.AGE_RESTRICTED: "refused outside age-restricted channels",
    Action.REPLACE: "words replaced",
    PictureAction.SHOW: "picture shown",
    PictureAction.SPOILER: "picture covered",
    PictureAction.HIDE: "picture left out",
}
"""How the log calls what was decided about a text or a picture."""


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """What a moderator asks for: one subcommand and its options."""

    who: Moderator
    channel_id: str
    action: str
    options: Mapping[str, Any]
    words: Words


def admin_command() -> Payload:
    """Return `/admin` as Discord registers it: in servers alone, for who may manage them."""
    subcommands = [
        *_about_members(),
        _about_rules(),
        _about_channels(),
        _sub(LOG, "See what moderators did and what was refused here"),
    ]
    return chat_command(ADMIN, "Moderate what is made in this server", subcommands) | {
        "default_member_permissions": str(MANAGE_SERVER),
        "contexts": [0],
        "integration_types": [0],
    }


def _about_members() -> list[Payload]:
    member = {"type": _USER, "name": "member", **text("description", "Who"), "required": True}
    reason = option(OptionKind.STRING, "reason", "Why, for the log", max_length=MAX_REASON)
    hours = option(
        OptionKind.INTEGER,
        "hours",
        "For how long (until it is lifted, if left out)",
        min_value=1,
        max_value=_MOST_HOURS,
    )
    at_once = option(
        OptionKind.INTEGER,
        "jobs_at_once",
        "How many requests at once; 0 lifts the limit",
        min_value=0,
        max_value=100,
    )
    credit = option(
        OptionKind.INTEGER,
        "credits",
        "How many credits the member has left from now on",
        min_value=0,
        max_value=_MOST_CREDITS,
    )
    anybody = {
        **member,
        **text("description", "Whom it is for (every member, if left out)"),
        "required": False,
    }
    return [
        _sub(BAN, "Take no requests of a member here", [member, hours, reason]),
        _sub(UNBAN, "Take requests of a member again", [member, reason]),
        _sub(LIMITS, "See or change what members may have", [at_once, anybody, credit]),
    ]


def _about_rules() -> Payload:
    levels = [choice(level.name.lower(), level.name.lower()) for level in Level]
    word: dict[str, Any] = {"max_length": MAX_WORD, "min_length": 1}
    return _sub(
        RULES,
        "See or change the rules of content here",
        [
            option(OptionKind.STRING, "level", "How strict they are", choices=levels),
            option(OptionKind.STRING, "add", "A word that is not wanted here", **word),
            option(OptionKind.STRING, "remove", "A word that may be used again", **word),
        ],
    )


def _about_channels() -> Payload:
    do = option(
        OptionKind.STRING,
        "do",
        "What to do (see which are closed, if left out)",
        choices=[choice(name, name) for name in (CLOSE, OPEN)],
    )
    channel = {
        "type": _CHANNEL,
        "name": "channel",
        **text("description", "Which one, with its threads (this one, if left out)"),
        "required": False,
        "channel_types": list(_WITH_MESSAGES),
    }
    return _sub(CHANNEL, "See where requests are taken, close or open a channel", [do, channel])


def read_admin(interaction: Interaction) -> AdminRequest:
    """Read an `/admin`; raises MalformedInteraction, or UserError for who may not use it."""
    asker, document = read_asker(interaction), interaction.document
    guild_id = asker.origin.guild_id
    with reading("a command"):
        if guild_id is None or "member" not in document:
            raise UserError(_NO_GUILD)
        if not int(document["member"]["permissions"]) & (MANAGE_SERVER | ADMINISTRATOR):
            raise UserError(_NOT_ALLOWED)
        [part] = document["data"]["options"]
        return AdminRequest(
            who=Moderator(asker.interaction_id, guild_id, asker.origin.user_id),
            channel_id=asker.origin.channel_id,
            action=str(part["name"]),
            options={
                str(one["name"]): _value(one["type"], one["value"])
                for one in part.get("options", [])
            },
            words=Words(interaction.locale),
        )


def done(words: Words, what: Done) -> str:
    """Say that something has been done."""
    return words("Done: {what}.", what=_done(words, what))


def _done(words: Words, what: Done) -> str:
    named = {"level": words(what.values["level"])} if "level" in what.values else {}
    return words(what.text, **{**what.values, **named})


def limits(words: Words, look: Look, member: str | None, account: Account | None) -> str:
    """Say what a member, or everybody, may have in a server; `account` if that may be told."""
    lines = [_at_once(words, look.policy.jobs_at_once or words(_BY_TIER))]
    if member is not None:
        own = look.terms.jobs_at_once or words("as for everybody")
        lines.append(words("**Of <@{member}>:** {number}", member=member, number=own))
    if account is not None:
        left = words("not limited so far")
        if account.balance is not None:
            left = words("{number} left", number=f"{account.balance:,}")
        lines.append(
            words(
                "**Credits:** {left}, {reserved} set aside, {spent} used so far",
                left=left,
                reserved=f"{account.reserved:,}",
                spent=f"{account.spent:,}",
            )
        )
    return "\n".join(lines)


def _at_once(words: Words, number: int | str) -> str:
    return words("**Requests of one member at once:** {number}", number=number)


def policy(words: Words, settled: GuildPolicy, usual: Level) -> str:
    """Say what holds in a server."""
    level = words((settled.level or usual).name.lower())
    usually = "" if settled.level else words(" (as everywhere)")
    lines = [words("**Rules of content:** {level}", level=level) + usually]
    if settled.words:
        listed = escape(", ".join(sorted(settled.words)), 1000)
        lines.append(words("**Not wanted here:** ||{words}||", words=listed))
    if settled.jobs_at_once:
        lines.append(_at_once(words, settled.jobs_at_once))
    return "\n".join([*lines, channels(words, settled)])


def channels(words: Words, settled: GuildPolicy) -> str:
    """Say where requests are not taken."""
    closed = sorted(settled.closed_channels)
    if not closed:
        return words("Requests are taken in every channel.")
    shown = ", ".join(f"<#{one}>" for one in closed[:MOST_SHOWN])
    if len(closed) > MOST_SHOWN:
        shown += words(" and {number} more", number=len(closed) - MOST_SHOWN)
    return words("**Closed:** {channels}", channels=shown)


def log(words: Words, entries: Sequence[AuditEntry], decisions: Sequence[Decision]) -> str:
    """Show what moderators did and what the rules decided. No text of a member is in it."""
    lines = [words("**What moderators did**")]
    for entry in entries:
        did = _done(words, entry.done)
        why = f" ({escape(entry.reason, 80)})" if entry.reason else ""
        lines.append(f"- <t:{int(entry.at)}:f> <@{entry.moderator_id}>: {did}{why}")
    nothing = words("- nothing yet")
    lines += [nothing] if not entries else []
    lines.append(words("**What the rules decided**"))
    for one in decisions:
        decided = words(DECIDED[one.action]) if one.action in DECIDED else one.action
        lines.append(f"- <t:{int(one.at)}:f> <@{one.user_id}>: {decided}, `{one.rule_id}`")
    lines += [nothing] if not decisions else []
    return "\n".join(lines)


def _sub(name: str, description: str, options: Sequence[Payload] = ()) -> Payload:
    return {
        "type": _SUBCOMMAND,
        "name": name,
        **text("description", description),
        "options": list(options),
    }


def _value(kind: int, value: Any) -> Any:
    if kind in (_USER, _CHANNEL) and not (str(value).isascii() and str(value).isdigit()):
        raise ValueError(f"{str(value)[:40]!r} is not an id")
    return value
