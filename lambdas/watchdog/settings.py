"""What the watchdog room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.settings import setting, share, whole_number
from distillery.wiring.providers import ProviderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ProviderSettings):
    """Environment of the watchdog room."""

    promise_seconds: int = setting(
        "how long a member is promised to wait for pictures", default=120, parse=whole_number
    )
    hedge_share: float = setting(
        "share of the promise that a job may wait at one provider before a warm one gets it",
        default=0.5,
        parse=share,
    )
