"""What a member may use of the service at once, and of what they were given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

MAX_IMAGES = 4
"""So many pictures one request may ask for at most, whatever the tier."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The terms on which a member's jobs are taken. A job keeps those of its day."""

    name: str = "member"
    weight: float = 1.0  # of two busy members, one of twice the weight gets twice the GPU time
    jobs_at_once: int = 3  # more than these wait their turn without holding up anybody else
    credits: int | None = None  # what an account opens with; None: jobs are counted, not limited
    role_id: str | None = None  # the Discord role that a member of this tier has
    images: int = MAX_IMAGES  # pictures that one request may ask for, each of them a job


def tier_of(tiers: Sequence[Tier], role_ids: Collection[str]) -> Tier:
    """Return the best tier of a member with these roles; the last one is everybody's."""
    return next((tier for tier in tiers if tier.role_id in role_ids), tiers[-1])
