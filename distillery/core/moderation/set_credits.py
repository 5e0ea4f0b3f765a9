"""Use case: a moderator sees what credits a member has left, or sets them.

A member has one account for all servers, so only moderators of servers that the operator named may
do that: else whoever invites the bot to a server of their own could have what they like.
"""

from __future__ import annotations

from dataclasses import dataclass

from distillery.core.errors import UserError
from distillery.core.moderation.administer import Administer, Moderator
from distillery.core.moderation.records import Done
from distillery.core.ports import Accounts
from distillery.core.records import Account

NOT_HERE = (
    "Credits are one's own in all servers, so they are set only in servers that the operator has "
    "named: this one is not among them."
)


@dataclass(frozen=True, slots=True)
class SetCredits:
    """What moderators of the operator's own servers may do with credits."""

    accounts: Accounts
    administer: Administer
    guilds: frozenset[str]

    def seen(self, who: Moderator, member: str) -> Account | None:
        """Return what a member has; None where moderators are not told that."""
        return self.accounts.account(member) if who.guild_id in self.guilds else None

    def __call__(self, who: Moderator, member: str, left: int) -> Done:
        """Leave a member so many credits, and log it. Raises UserError where that may not be."""
        if who.guild_id not in self.guilds:
            raise UserError(NOT_HERE)
        self.accounts.set_balance(member, left, who.interaction_id)
        done = Done("left <@{member}> {number} credits", {"member": member, "number": f"{left:,}"})
        return self.administer.note(who, member, done)
