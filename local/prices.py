"""AWS's list prices, read from `prices.toml`: what costs how much, and who says so."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs."""

    of: str
    """What is counted, in words."""
    dollars: float
    """For one unit."""
    free: float
    """So many units of an account cost nothing in any month."""
    page: str
    """The page of AWS's that sets it."""
    seen_at: str
    """Where it was read."""
    seen: str
    """The date of that page."""

    def listed(self, amount: float) -> float:
        """Return dollars for an amount, as if nothing were free."""
        return amount * self.dollars

    def billed(self, amount: float) -> float:
        """Return dollars for an amount that is all that an account uses."""
        return max(0.0, amount - self.free) * self.dollars


@cache
def read_prices() -> Mapping[str, Price]:
    """Return all prices by name."""
    return {name: Price(**fields) for name, fields in tomllib.loads(_FILE.read_text()).items()}
