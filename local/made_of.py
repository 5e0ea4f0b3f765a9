"""Wiring by name, for a whole service in one process: each use case takes what it names.

The deployed rooms wire by hand what they need (`lambdas/*/main.py`); a simulated world needs all of
them, on the same ports.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

Made = TypeVar("Made")


def made_of(things: Mapping[str, Any], use_case: type[Made], **its_own: Any) -> Made:
    """Make a use case of the things that stand ready under the names of its parameters."""
    named = inspect.signature(use_case).parameters.keys() & things.keys()
    return use_case(**{name: things[name] for name in named} | its_own)
