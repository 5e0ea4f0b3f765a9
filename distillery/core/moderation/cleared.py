"""What comes of the check that every order passes before anything is written or queued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from distillery.core.errors import NotServed
from distillery.core.job import Origin
from distillery.core.order import Order
from distillery.core.tier import Tier


@dataclass(frozen=True, slots=True)
class Cleared:
    """An order may go on: with these texts in other words, and on these terms."""

    texts: Mapping[str, str] = field(default_factory=dict)  # those that were replaced, by name
    jobs_at_once: int | None = None  # what moderators allow; None: what the tier does
    notice: NotServed | None = None  # what stands against requests of theirs, or limits them

    def terms(self, tier: Tier) -> Tier:
        """Return the tier with what moderators have limited."""
        if self.jobs_at_once is None or self.jobs_at_once >= tier.jobs_at_once:
            return tier
        return replace(tier, jobs_at_once=self.jobs_at_once)


class ContentCheck(Protocol):
    """Looks at all that a member wrote."""

    def __call__(self, order: Order, texts: Mapping[str, str]) -> Cleared:
        """Clear an order; raises UserError with what the member should change."""

    def of_member(self, origin: Origin) -> Cleared:
        """Say on what terms a member may ask in a place, whatever they ask for."""


class Unchecked:
    """Lets every order pass, as where nobody but ourselves asks."""

    def __call__(self, order: Order, texts: Mapping[str, str]) -> Cleared:
        """Clear an order."""
        return Cleared()

    def of_member(self, origin: Origin) -> Cleared:
        """Say that nothing is limited."""
        return Cleared()


unchecked = Unchecked()
