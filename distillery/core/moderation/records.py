"""What is kept of moderation: a guild's wishes, a member's terms and standing, and who did what."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from distillery.core.rules.rule import Level


@dataclass(frozen=True, slots=True)
class GuildPolicy:
    """What the moderators of one guild have settled. Nothing yet is the default of everything."""

    level: Level | None = None  # None: the deployment's
    words: frozenset[str] = frozenset()  # not wanted here, besides what the rules say
    closed_channels: frozenset[str] = frozenset()  # ids of channels where nothing is made
    jobs_at_once: int | None = None  # of every member; None: what their tier allows
    revision: int = 0  # counts the changes, so that no two are made at once


@dataclass(frozen=True, slots=True)
class MemberTerms:
    """What the moderators of one guild have settled for one member."""

    banned: bool = False
    banned_until: float | None = None  # epoch seconds; None: until somebody lifts it
    jobs_at_once: int | None = None
    revision: int = 0

    def is_banned(self, now: float) -> bool:
        """Tell whether the member may not ask here now."""
        return self.banned and (self.banned_until is None or now < self.banned_until)


@dataclass(frozen=True, slots=True)
class Standing:
    """How often one member was refused of late, in all guilds, and what follows from it."""

    refusals: int = 0  # within the window that began at `since`
    since: float = 0.0
    penalty: str = ""  # the name of the last one; it counts until `until`
    until: float = 0.0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """All that must be known of a member in a place before their order is taken."""

    policy: GuildPolicy = field(default_factory=GuildPolicy)
    terms: MemberTerms = field(default_factory=MemberTerms)
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True, slots=True)
class Decision:
    """That a rule refused or changed a request. Says nothing of the text but its keyed hash."""

    decision_id: str  # the interaction's id, so that one interaction is decided once
    at: float
    user_id: str
    guild_id: str | None
    action: str
    rule_id: str
    rules_version: str
    text_hash: str
    text: str | None = None  # only where the operator has chosen to keep it


@dataclass(frozen=True, slots=True)
class Done:
    """What has been done: a text that can be translated, and the values for its braces."""

    text: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it in English. Without values, braces are what they are."""
        return self.text.format(**self.values) if self.values else self.text


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a moderator did."""

    entry_id: str  # the interaction's id
    at: float
    guild_id: str
    moderator_id: str
    done: Done
    reason: str = ""


def fingerprint(key: bytes, text: str) -> str:
    """Return the keyed hash of a text: it tells that two are the same, and nothing else."""
    return hmac.new(key, text.encode("utf-8", "replace"), "sha256").hexdigest()
