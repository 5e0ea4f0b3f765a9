"""What the watchdog room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.wiring.providers import ProviderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ProviderSettings):
    """Environment of the watchdog room."""
