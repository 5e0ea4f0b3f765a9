"""What each part of `/admin` does: one small function for each, found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distillery.core.errors import UserError
from distillery.core.moderation.administer import Administer
from distillery.core.moderation.set_credits import SetCredits
from distillery.core.rules.rule import Level
from distillery.discord import admin
from distillery.discord.admin import AdminRequest, read_admin
from distillery.discord.interaction import Interaction, MalformedInteraction
from distillery.discord.responses import private


@dataclass(frozen=True, slots=True)
class AdminCommands:
    """The commands of moderators. `usual_level` holds where none was chosen."""

    administer: Administer
    credits: SetCredits
    usual_level: Level

    def __call__(self, interaction: Interaction) -> Mapping[str, Any]:
        """Do what a moderator asks; raises MalformedInteraction or UserError."""
        asked = read_admin(interaction)
        parts = {
            admin.BAN: self._ban,
            admin.UNBAN: self._unban,
            admin.LIMITS: self._limits,
            admin.RULES: self._rules,
            admin.CHANNEL: self._channel,
            admin.LOG: self._log,
        }
        if asked.action not in parts:
            raise MalformedInteraction(f"/admin has no {asked.action[:40]!r}")
        return private(parts[asked.action](asked))

    def _ban(self, asked: AdminRequest) -> str:
        hours, reason = asked.options.get("hours"), asked.options.get("reason", "")
        return admin.done(
            asked.words, self.administer.ban(asked.who, _member(asked), hours, reason)
        )

    def _unban(self, asked: AdminRequest) -> str:
        reason = asked.options.get("reason", "")
        return admin.done(asked.words, self.administer.unban(asked.who, _member(asked), reason))

    def _limits(self, asked: AdminRequest) -> str:
        member = asked.options.get("member")
        changes = [name for name in ("jobs_at_once", "credits") if name in asked.options]
        if not changes:
            look = self.administer.moderation.look(asked.who.guild_id, member or "")
            account = self.credits.seen(asked.who, member) if member else None
            return admin.limits(asked.words, look, member, account)
        if len(changes) > 1:
            raise UserError("Change one thing at a time: requests at once, or credits.")
        number = int(asked.options[changes[0]])
        if changes == ["jobs_at_once"]:
            return admin.done(asked.words, self.administer.limit(asked.who, member, number))
        if member is None:
            raise UserError("Say whose credits: choose a `member`.")
        return admin.done(asked.words, self.credits(asked.who, member, number))

    def _rules(self, asked: AdminRequest) -> str:
        if not asked.options:
            return admin.policy(asked.words, self.administer.policy(asked.who), self.usual_level)
        if len(asked.options) > 1:
            raise UserError("Change one thing at a time: a level, a word to add, or one to remove.")
        [(change, value)] = asked.options.items()
        if change == "level":
            return admin.done(asked.words, self.administer.set_level(asked.who, _level(value)))
        if change == "add":
            return admin.done(asked.words, self.administer.add_word(asked.who, str(value)))
        return admin.done(asked.words, self.administer.remove_word(asked.who, str(value)))

    def _channel(self, asked: AdminRequest) -> str:
        channel = asked.options.get("channel", asked.channel_id)
        match asked.options.get("do"):
            case admin.CLOSE:
                return admin.done(asked.words, self.administer.close_channel(asked.who, channel))
            case admin.OPEN:
                return admin.done(asked.words, self.administer.open_channel(asked.who, channel))
            case _:
                return admin.channels(asked.words, self.administer.policy(asked.who))

    def _log(self, asked: AdminRequest) -> str:
        return admin.log(asked.words, *self.administer.log(asked.who, admin.MOST_SHOWN))


def _level(name: str) -> Level:
    try:
        return Level.named(name)
    except ValueError as error:
        names = ", ".join(level.name.lower() for level in Level)
        raise UserError(
            "`level` cannot be `{given}`. It can be: {names}.", given=name[:20], names=names
        ) from error


def _member(asked: AdminRequest) -> str:
    if "member" not in asked.options:
        raise MalformedInteraction(f"/admin {asked.action} without a member")
    return str(asked.options["member"])
