"""What moderation needs from outside: its records, and whoever gives a second opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    GuildPolicy,
    Look,
    MemberTerms,
    Standing,
)


class Moderation(Protocol):
    """The records of moderation. Each write is one conditional write."""

    def look(self, guild_id: str | None, user_id: str) -> Look:
        """Read all that is settled about a member in a guild, or in messages with us."""

    def record(self, decision: Decision) -> None:
        """Keep a decision. The same one twice is one record."""

    def refuse(self, decision: Decision, before: Standing, after: Standing) -> None:
        """Keep a refusal and the standing that comes of it, both or neither.

        Raises AlreadyDecided when this very interaction was refused before, StoreConflict when the
        standing is not `before` any more.
        """

    def set_policy(self, before: GuildPolicy, after: GuildPolicy, entry: AuditEntry) -> None:
        """Replace a guild's policy and log it, or raise StoreConflict when it is not `before`."""

    def set_terms(
        self, user_id: str, before: MemberTerms, after: MemberTerms, entry: AuditEntry
    ) -> None:
        """Replace a member's terms and log it, or raise StoreConflict when it is not `before`."""

    def decisions(self, guild_id: str, limit: int) -> Sequence[Decision]:
        """Return the decisions made in a guild, the latest first."""

    def log(self, guild_id: str, limit: int) -> Sequence[AuditEntry]:
        """Return what moderators did in a guild, the latest first."""

    def hash_key(self) -> bytes:
        """Return the key that texts are hashed with, the same for all rooms; made at first use."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody else finds wrong with a text or a picture."""

    label: str
    score: float  # how sure they are, 0 to 1


class TextOpinion(Protocol):
    """Somebody who judges texts."""

    def of_text(self, text: str) -> Sequence[Finding]:
        """Return what is wrong with a text; raises NoOpinion when that cannot be said."""


class PictureOpinion(Protocol):
    """Somebody who judges pictures in the object store."""

    def takes(self, content_type: str, size: int) -> bool:
        """Tell whether they judge files of that kind and size, in bytes."""

    def of_picture(self, key: str) -> Sequence[Finding]:
        """Return what is wrong with a picture; raises NoOpinion when that cannot be said."""
