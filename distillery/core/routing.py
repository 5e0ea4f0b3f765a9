"""Which provider to try first: a pure choice from health, slots and the operator's preference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distillery.core.ports import ProviderCondition

_RANK = {condition: rank for rank, condition in enumerate(ProviderCondition)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider as the router sees it."""

    name: str
    condition: ProviderCondition


def route(candidates: Sequence[Candidate], avoid: str | None = None) -> list[str]:
    """Order the providers by condition, then by the order given, which is the operator's.

    Nobody is left out: a provider that looks down is still better than telling the member no.
    `avoid` is the provider on which the last attempt came to nothing; among equals it goes last.
    """
    ordered = sorted(candidates, key=lambda c: (_RANK[c.condition], c.name == avoid))
    return [candidate.name for candidate in ordered]
