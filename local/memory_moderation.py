"""The records of moderation in memory; they pass the same suite as those on DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence

from distillery.core.errors import AlreadyDecided, StoreConflict
from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    GuildPolicy,
    Look,
    MemberTerms,
    Standing,
)


class MemoryModeration:
    """Implements `Moderation`."""

    def __init__(self) -> None:
        self.kept: dict[str, Decision] = {}
        self.entries: dict[str, AuditEntry] = {}
        self.standings: dict[str, Standing] = {}
        self.policies: dict[str, GuildPolicy] = {}
        self._terms: dict[tuple[str, str], MemberTerms] = {}

    def look(self, guild_id: str | None, user_id: str) -> Look:
        """Read all that is settled about a member."""
        standing = self.standings.get(user_id, Standing())
        if guild_id is None:
            return Look(standing=standing)
        policy = self.policies.get(guild_id, GuildPolicy())
        return Look(policy, self._terms.get((guild_id, user_id), MemberTerms()), standing)

    def record(self, decision: Decision) -> None:
        """Keep a decision."""
        self.kept.setdefault(decision.decision_id, decision)

    def refuse(self, decision: Decision, before: Standing, after: Standing) -> None:
        """Keep a refusal and the standing that comes of it."""
        if decision.decision_id in self.kept:
            raise AlreadyDecided(decision.decision_id)
        self._expect(self.standings.get(decision.user_id, Standing()).revision, before.revision)
        self.kept[decision.decision_id] = decision
        self.standings[decision.user_id] = after

    def set_policy(self, before: GuildPolicy, after: GuildPolicy, entry: AuditEntry) -> None:
        """Replace a guild's policy and log it."""
        self._expect(self.look(entry.guild_id, "").policy.revision, before.revision)
        self.policies[entry.guild_id] = after
        self.entries.setdefault(entry.entry_id, entry)

    def set_terms(
        self, user_id: str, before: MemberTerms, after: MemberTerms, entry: AuditEntry
    ) -> None:
        """Replace a member's terms and log it."""
        self._expect(self.look(entry.guild_id, user_id).terms.revision, before.revision)
        self._terms[entry.guild_id, user_id] = after
        self.entries.setdefault(entry.entry_id, entry)

    def decisions(self, guild_id: str, limit: int) -> Sequence[Decision]:
        """Return the decisions made in a guild, the latest first."""
        theirs = [one for one in self.kept.values() if one.guild_id == guild_id]
        return sorted(theirs, key=lambda one: int(one.decision_id), reverse=True)[:limit]

    def log(self, guild_id: str, limit: int) -> Sequence[AuditEntry]:
        """Return what moderators did in a guild, the latest first."""
        theirs = [one for one in self.entries.values() if one.guild_id == guild_id]
        return sorted(theirs, key=lambda one: int(one.entry_id), reverse=True)[:limit]

    def hash_key(self) -> bytes:
        """Return a key."""
        return b"a key in memory"

    def _expect(self, now: int, before: int) -> None:
        if now != before:
            raise StoreConflict(f"revision {now}, not {before}")
