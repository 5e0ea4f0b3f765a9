"""Use case: a moderator settles something for their guild. Every change is logged with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from distillery.core.errors import StoreConflict, UserError
from distillery.core.moderation.ports import Moderation
from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    Done,
    GuildPolicy,
    MemberTerms,
)
from distillery.core.ports import Clock
from distillery.core.rules.rule import Level
from distillery.core.rules.vocabulary import plain_phrase

MOST_WORDS = 200
MOST_CHANNELS = 200
MAX_WORD = 60
_TRIES = 5
_HOUR_S = 3600
MET_OTHERS = "Other moderators are changing the same thing. Try again in a moment."


@dataclass(frozen=True, slots=True)
class Moderator:
    """Who asks, where, and in which interaction."""

    interaction_id: str
    guild_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Administer:
    """What moderators may do. Each returns what has been done."""

    moderation: Moderation
    clock: Clock

    def ban(self, who: Moderator, member: str, hours: int | None, reason: str) -> Done:
        """Take no requests of a member in this guild, for some hours or until it is lifted."""
        until = None if hours is None else self.clock() + hours * _HOUR_S
        done = Done("banned <@{member}> for {hours} h", {"member": member, "hours": str(hours)})
        if hours is None:
            done = Done("banned <@{member}> until it is lifted", {"member": member})
        return self._set_terms(
            who,
            member,
            lambda terms: replace(terms, banned=True, banned_until=until),
            done,
            reason,
        )

    def unban(self, who: Moderator, member: str, reason: str) -> Done:
        """Take requests of a member again."""
        return self._set_terms(
            who,
            member,
            lambda terms: replace(terms, banned=False, banned_until=None),
            Done("took back the ban of <@{member}>", {"member": member}),
            reason,
        )

    def limit(self, who: Moderator, member: str | None, jobs_at_once: int) -> Done:
        """Limit what a member, or everybody, may have under way from here; 0 lifts the limit."""
        limit, number = jobs_at_once or None, str(jobs_at_once)
        if member is None:
            done = Done("set requests of every member to {number} at once", {"number": number})
            if limit is None:
                done = Done("set requests of every member to no limit but their tier's")
            return self._set_policy(who, lambda policy: replace(policy, jobs_at_once=limit), done)
        done = Done(
            "set requests of <@{member}> to {number} at once",
            {"member": member, "number": number},
        )
        if limit is None:
            done = Done(
                "set requests of <@{member}> to no limit but their tier's", {"member": member}
            )
        return self._set_terms(who, member, lambda terms: replace(terms, jobs_at_once=limit), done)

    def note(self, who: Moderator, member: str, done: Done) -> Done:
        """Log what somebody else has done for a moderator."""
        return self._set_terms(who, member, lambda terms: terms, done)

    def set_level(self, who: Moderator, level: Level) -> Done:
        """Choose how strict the rules are in this guild."""
        return self._set_policy(
            who,
            lambda policy: replace(policy, level=level),
            Done("set the rules to {level}", {"level": level.name.lower()}),
        )

    def add_word(self, who: Moderator, word: str) -> Done:
        """Refuse a word or a phrase in this guild. Raises UserError when that cannot be."""
        wanted = _word(word)

        def add(policy: GuildPolicy) -> GuildPolicy:
            if len(policy.words) >= MOST_WORDS:
                raise UserError(
                    "There are {most} words already. Remove one first.", most=MOST_WORDS
                )
            return replace(policy, words=policy.words | {wanted})

        return self._set_policy(who, add, Done("added the word ||{word}||", {"word": wanted}))

    def remove_word(self, who: Moderator, word: str) -> Done:
        """Take back a word. Raises UserError when it is not there."""
        wanted = _word(word)

        def remove(policy: GuildPolicy) -> GuildPolicy:
            if wanted not in policy.words:
                raise UserError("That word is not on this server's list: `/admin rules` shows it.")
            return replace(policy, words=policy.words - {wanted})

        return self._set_policy(who, remove, Done("removed the word ||{word}||", {"word": wanted}))

    def close_channel(self, who: Moderator, channel: str) -> Done:
        """Take no requests in a channel. Raises UserError when there are too many."""

        def close(policy: GuildPolicy) -> GuildPolicy:
            if len(policy.closed_channels) >= MOST_CHANNELS:
                raise UserError(
                    "{most} channels are closed already. Open one first.", most=MOST_CHANNELS
                )
            return replace(policy, closed_channels=policy.closed_channels | {channel})

        return self._set_policy(
            who, close, Done("closed <#{channel}> to requests", {"channel": channel})
        )

    def open_channel(self, who: Moderator, channel: str) -> Done:
        """Take requests in a channel again."""
        return self._set_policy(
            who,
            lambda policy: replace(policy, closed_channels=policy.closed_channels - {channel}),
            Done("opened <#{channel}> to requests", {"channel": channel}),
        )

    def policy(self, who: Moderator) -> GuildPolicy:
        """Return what is settled in this guild."""
        return self.moderation.look(who.guild_id, who.user_id).policy

    def log(self, who: Moderator, limit: int) -> tuple[Sequence[AuditEntry], Sequence[Decision]]:
        """Return what moderators did here, and what the rules decided, the latest first."""
        log = self.moderation.log(who.guild_id, limit)
        return log, self.moderation.decisions(who.guild_id, limit)

    def _set_policy(
        self, who: Moderator, change: Callable[[GuildPolicy], GuildPolicy], done: Done
    ) -> Done:
        def try_once() -> None:
            before = self.policy(who)
            after = replace(change(before), revision=before.revision + 1)
            self.moderation.set_policy(before, after, self._entry(who, done))

        return self._tried(try_once, done)

    def _set_terms(
        self,
        who: Moderator,
        member: str,
        change: Callable[[MemberTerms], MemberTerms],
        done: Done,
        reason: str = "",
    ) -> Done:
        def try_once() -> None:
            before = self.moderation.look(who.guild_id, member).terms
            after = replace(change(before), revision=before.revision + 1)
            self.moderation.set_terms(member, before, after, self._entry(who, done, reason))

        return self._tried(try_once, done)

    def _tried(self, try_once: Callable[[], None], done: Done) -> Done:
        for _ in range(_TRIES):
            try:
                try_once()
            except StoreConflict:
                continue
            return done
        raise UserError(MET_OTHERS)

    def _entry(self, who: Moderator, done: Done, reason: str = "") -> AuditEntry:
        now = self.clock()
        return AuditEntry(who.interaction_id, now, who.guild_id, who.user_id, done, reason)


def _word(written: str) -> str:
    words = " ".join(plain_phrase(written))
    if not words or len(words) > MAX_WORD:
        raise UserError("A word has letters or digits, and {most} of them at most.", most=MAX_WORD)
    return words
