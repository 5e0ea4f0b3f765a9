"""What a member asks for, before anything in it has been checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distillery.core.job import Origin
from distillery.core.parent import Parent
from distillery.core.recipes.recipe import Value


@dataclass(frozen=True, slots=True)
class Order:
    """A member's command, as it came: nothing in it has been checked."""

    job_id: str  # the interaction's id, so that one interaction is one job
    origin: Origin
    workflow: str | None  # None: the default recipe
    options: Mapping[str, Value]
    images: int = 1  # pictures, each made by a job of its own
    role_ids: frozenset[str] = frozenset()  # of the member, in the guild they asked in
    parent: Parent | None = None
