"""What the dead_letters room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.wiring.delivery import DeliverySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(DeliverySettings):
    """Environment of the dead_letters room."""
