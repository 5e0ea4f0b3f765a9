"""The words of `/me`: what a member may have, what they have used, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from distillery.core.errors import UserError
from distillery.core.records import Account
from distillery.core.tier import Tier
from distillery.discord.markdown import escape
from distillery.discord.translation import Words


@dataclass(frozen=True, slots=True)
class Use:
    """What a member has asked for."""

    today: int
    this_month: int
    in_flight: int


def beginnings(now: float) -> tuple[float, float]:
    """Return when this day and this month began, in UTC; all in epoch seconds."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp(), day.replace(day=1).timestamp()


def me(
    words: Words, tier: Tier, account: Account, use: Use, notice: UserError | None = None
) -> str:
    """Say what a member's limits are and what is left of them; first `notice`, if there is one."""
    lines = [
        words("**Your account**"),
        *(f"- ⚠️ {words(text, **values)}" for text, values in (notice.parts if notice else ())),
        words("- Tier: {tier}", tier=escape(tier.name, 60)),
        words(
            "- On their way: {number} of the {most} that may be at once",
            number=use.in_flight,
            most=tier.jobs_at_once,
        ),
        _credits(words, tier, account),
    ]
    if account.reserved:
        lines.append(
            words("- Credits set aside for open requests: {number}", number=f"{account.reserved:,}")
        )
    lines += [
        words(
            "- Asked for: {today} today, {month} this month",
            today=f"{use.today:,}",
            month=f"{use.this_month:,}",
        ),
        words("-# A day begins at midnight UTC. A request that fails costs nothing."),
    ]
    return "\n".join(lines)


def _credits(words: Words, tier: Tier, account: Account) -> str:
    spent = f"{account.spent:,}"
    if tier.credits is None:
        return words("- Credits: not limited; {spent} used so far", spent=spent)
    left = tier.credits if account.balance is None else account.balance
    return words("- Credits: {left} left, {spent} used so far", left=f"{left:,}", spent=spent)
