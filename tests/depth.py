"""How hard hypothesis looks: `make test DEPTH=10` tries ten times as many examples."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("DEPTH", "1"))


def deep(examples: int) -> int:
    """Return how many examples to try of a test that tries so many at least."""
    return examples * DEPTH
