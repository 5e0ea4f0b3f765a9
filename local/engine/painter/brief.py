"""What the painter is asked for: everything that a picture depends on, and nothing else."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Brief:
    """One picture to paint. Equal briefs give equal pictures, byte for byte."""

    text: str
    negative: str
    seed: int
    width: int
    height: int
    steps: int
    cfg: float

    def numbered(self, index: int) -> Brief:
        """Return the brief of the picture at `index` of a batch."""
        return replace(self, seed=self.seed + index)

    def within(self, side: int) -> Brief:
        """Return the same brief for a small picture whose longer side is at most `side`."""
        factor = min(1.0, side / max(self.width, self.height))
        width, height = (max(8, round(each * factor)) for each in (self.width, self.height))
        return replace(self, width=width, height=height)

    def dice(self, purpose: str) -> random.Random:
        """Return random numbers of their own for one purpose, whatever the size of the picture."""
        facts = (self.text, self.negative, self.seed, self.steps, self.cfg, purpose)
        digest = hashlib.sha256(repr(facts).encode()).digest()
        return random.Random(digest)  # noqa: S311  pictures, not secrets
